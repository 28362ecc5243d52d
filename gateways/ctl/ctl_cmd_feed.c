/* ctl_cmd_feed.c - feed add|list|remove: groups that forumd-fetch follows at other news servers. */
#include "forumd/base/num.h"
#include "forumd/forum/feed.h"
#include "forumd/run/config.h"
#include "gateways/ctl/ctl_private.h"

static int feed_number(struct ctl_call *c, const char *option, unsigned max, unsigned *out_r, struct fail *f) {
	struct slice v;
	uint64_t n;
	if (!ctl_option(c, option, &v))
		return 1;
	if (!num_parse_u64(v, &n) || n < 1 || n > max)
		return fail_set(f, ERR_INVALID, "%s is a number from 1 to %u", option, max);
	*out_r = (unsigned)n;
	return 1;
}

int ctl_feed_add(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct feed d = { .name = c->args[0],
		.host = c->args[1],
		.groups = c->args[2],
		.tls = SLICE("none"),
		.direction = SLICE("pull"),
		.user = SLICE(""),
		.password_file = SLICE(""),
		.port = 0,
		.interval = 60 };
	int r;
	ctl_option(c, "--tls", &d.tls);
	ctl_option(c, "--user", &d.user);
	ctl_option(c, "--password-file", &d.password_file);
	ctl_option(c, "--direction", &d.direction);
	d.port = slice_is(d.tls, "verify") ? 563 : 119;
	if ((r = feed_number(c, "--port", 65535, &d.port, f)) < 0 ||
		(r = feed_number(c, "--interval", 86400, &d.interval, f)) < 0 || (r = feed_add(t, &d, f)) < 0)
		return r;
	if (!c->json)
		buf_addf(&c->out, "feed %.*s follows %.*s\n", SLICE_ARG(d.name), SLICE_ARG(d.host));
	return 1;
}

/* how it goes in one direction, under its feed */
static void feed_state_line(struct forum_txn *t, struct ctl_call *c, const struct feed *d, bool push) {
	const char *way = push ? "push" : "pull";
	struct slice text;
	int64_t since;
	if (slice_is(d->direction, push ? "pull" : "push"))
		return;
	int r = feed_state(t, d->name, push, &since, &text);
	if (c->json) {
		ctl_json_str(c, way, r > 0 ? text : SLICE("not tried yet"));
		return;
	}
	buf_addf(&c->out, "  %s: ", way);
	if (r > 0) {
		buf_addf(&c->out, "%.*s, since ", SLICE_ARG(text));
		ctl_date(&c->out, since, false);
		buf_addc(&c->out, '\n');
	} else {
		buf_adds(&c->out, "not tried yet\n");
	}
}

static void feed_show(struct forum_txn *t, struct ctl_call *c, const struct feed *d, bool configured) {
	if (!c->json) {
		buf_addf(&c->out, "%.*s %.*s %.*s:%u tls=%.*s every %u s: %.*s%s\n", SLICE_ARG(d->name),
			SLICE_ARG(d->direction), SLICE_ARG(d->host), d->port, SLICE_ARG(d->tls), d->interval, SLICE_ARG(d->groups),
			configured ? " (configuration)" : "");
		feed_state_line(t, c, d, false);
		feed_state_line(t, c, d, true);
		return;
	}
	ctl_json_open(c);
	ctl_json_str(c, "name", d->name);
	ctl_json_str(c, "host", d->host);
	ctl_json_num(c, "port", d->port);
	ctl_json_str(c, "tls", d->tls);
	ctl_json_str(c, "direction", d->direction);
	ctl_json_str(c, "groups", d->groups);
	ctl_json_num(c, "interval", d->interval);
	ctl_json_bool(c, "configured", configured);
	feed_state_line(t, c, d, false);
	feed_state_line(t, c, d, true);
	ctl_json_close(c);
}

int ctl_feed_list(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct config *config = config_current();
	struct slice cursor = SLICE("");
	struct feed d;
	int r;
	for (unsigned i = 0; config && i < config->nfetch; i++) {
		const struct config_fetch *k = &config->fetch[i];
		if (strcmp(k->protocol, "nntp") != 0)
			continue;
		d = (struct feed){ .name = slice_str(k->name),
			.host = slice_str(k->host),
			.tls = slice_str(k->tls),
			.groups = slice_str(k->groups),
			.direction = slice_str(k->direction),
			.port = k->port,
			.interval = k->interval };
		feed_show(t, c, &d, true);
	}
	config_unref(&config);
	while ((r = feed_each(t, &cursor, &d)) > 0)
		feed_show(t, c, &d, false);
	return r < 0 ? fail_set(f, r, "the list of feeds cannot be read") : 1;
}

int ctl_feed_remove(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	int r = feed_remove(t, c->args[0], f);
	if (r > 0 && !c->json)
		buf_addf(&c->out, "feed %.*s removed\n", SLICE_ARG(c->args[0]));
	return r;
}
