/* ctl_cmd_feed.c - feed add|list|remove: groups that forumd-fetch follows at other news servers. */
#include "forumd/base/num.h"
#include "forumd/forum/feed.h"
#include "gateways/ctl/ctl_private.h"

static int feed_number(struct ctl_call *c, const char *option, unsigned max, unsigned *out_r, struct fail *f)
{
	struct slice v;
	uint64_t n;
	if (!ctl_option(c, option, &v))
		return 1;
	if (!num_parse_u64(v, &n) || n < 1 || n > max)
		return fail_set(f, ERR_INVALID, "%s is a number from 1 to %u", option, max);
	*out_r = (unsigned)n;
	return 1;
}

int ctl_feed_add(struct forum_txn *t, struct ctl_call *c, struct fail *f)
{
	struct feed d = { .name = c->args[0], .host = c->args[1], .groups = c->args[2], .tls = SLICE("none"), .direction = SLICE("pull"),
		.user = SLICE(""), .password_file = SLICE(""), .port = 0, .interval = 60 };
	int r;
	ctl_option(c, "--tls", &d.tls);
	ctl_option(c, "--user", &d.user);
	ctl_option(c, "--password-file", &d.password_file);
	ctl_option(c, "--direction", &d.direction);
	d.port = slice_is(d.tls, "verify") ? 563 : 119;
	if ((r = feed_number(c, "--port", 65535, &d.port, f)) < 0 || (r = feed_number(c, "--interval", 86400, &d.interval, f)) < 0 ||
	    (r = feed_add(t, &d, f)) < 0)
		return r;
	if (!c->json)
		buf_addf(&c->out, "feed %.*s follows %.*s\n", SLICE_ARG(d.name), SLICE_ARG(d.host));
	return 1;
}

int ctl_feed_list(struct forum_txn *t, struct ctl_call *c, struct fail *f)
{
	struct slice cursor = SLICE("");
	struct feed d;
	int r;
	while ((r = feed_each(t, &cursor, &d)) > 0) {
		if (!c->json) {
			buf_addf(&c->out, "%.*s %.*s %.*s:%u tls=%.*s every %u s: %.*s\n", SLICE_ARG(d.name), SLICE_ARG(d.direction), SLICE_ARG(d.host),
				d.port, SLICE_ARG(d.tls), d.interval, SLICE_ARG(d.groups));
			continue;
		}
		ctl_json_open(c);
		ctl_json_str(c, "name", d.name);
		ctl_json_str(c, "host", d.host);
		ctl_json_num(c, "port", d.port);
		ctl_json_str(c, "tls", d.tls);
		ctl_json_str(c, "direction", d.direction);
		ctl_json_str(c, "groups", d.groups);
		ctl_json_num(c, "interval", d.interval);
		ctl_json_close(c);
	}
	return r < 0 ? fail_set(f, r, "the list of feeds cannot be read") : 1;
}

int ctl_feed_remove(struct forum_txn *t, struct ctl_call *c, struct fail *f)
{
	int r = feed_remove(t, c->args[0], f);
	if (r > 0 && !c->json)
		buf_addf(&c->out, "feed %.*s removed\n", SLICE_ARG(c->args[0]));
	return r;
}
