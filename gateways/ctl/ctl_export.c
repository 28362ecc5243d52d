/* ctl_export.c - groups as mboxrd. Every message begins with one line of ours, `Forum-Export: number=...; reason=...;
 * state=...; flags=...; arrival=...; parent=<id>`, which import takes off again: the same numbers, the same tree. The
 * messages are as they came in (typed From, removed fields back): an export is the operator's, not a reader's. */
#include "forumd/base/base64.h"
#include "forumd/base/clock.h"
#include "forumd/forum/overview.h"
#include "gateways/ctl/ctl_private.h"

/* ">*From " lines get one more ">" (mboxrd); lines end in LF as files do */
static void add_quoted(struct buf *out, struct slice text) {
	struct slice line;
	while (slice_line(&text, &line)) {
		size_t gt = 0;
		while (gt < line.n && line.p[gt] == '>')
			gt++;
		if (slice_starts(slice_from(line, gt), SLICE("From ")))
			buf_addc(out, '>');
		buf_add_slice(out, line);
		buf_addc(out, '\n');
	}
}

static void add_from_line(struct buf *out, int64_t t) {
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec" };
	int y, mo, d, h, mi, s, wd;
	clock_civil(t, &y, &mo, &d, &h, &mi, &s, &wd);
	buf_addf(out, "From export@forumd %s %s %2d %02d:%02d:%02d %04d\n", days[wd], months[mo - 1], d, h, mi, s, y);
}

/* posts of a page have an author but no From: the name goes along, in base64 because it may hold anything */
static void add_author(struct forum_txn *t, struct ctl_call *c, const struct post *p) {
	struct member m;
	if (p->from.n || member_get(t, p->author, &m) <= 0 || m.kind != MEMBER_AUTHOR || !m.name.n)
		return;
	buf_adds(&c->out, "; author=");
	base64_encode(m.name, &c->out);
}

static int export_post(struct forum_txn *t, struct ctl_call *c, const struct overview *o) {
	struct post p, parent;
	struct buf raw = {0};
	uint32_t flags = 0;
	int r = post_get(t, o->post, &p);
	if (r <= 0)
		return r;
	if ((r = post_in_original(t, &p, &raw)) > 0) {
		flags = (p.flags & POST_DATE_ONLY ? CTL_DATE_ONLY : 0) | (p.flags & POST_LOCKED ? CTL_LOCKED : 0) |
			(p.flags & POST_OFF_TOPIC ? CTL_OFF_TOPIC : 0) | (p.date ? 0 : CTL_NO_DATE);
		add_from_line(&c->out, p.arrival);
		buf_addf(&c->out, "Forum-Export: number=%u; reason=%d; state=%d; flags=%u; arrival=%lld", o->number,
			(int)p.reason, (int)p.state, flags, (long long)p.arrival);
		if (p.parent && post_get(t, p.parent, &parent) > 0)
			buf_addf(&c->out, "; parent=%.*s", SLICE_ARG(parent.message_id));
		add_author(t, c, &p);
		buf_addc(&c->out, '\n');
		add_quoted(&c->out, buf_slice(&raw));
		buf_addc(&c->out, '\n');
	}
	buf_free(&raw);
	return r < 0 && r != ERR_GONE ? r : 1;
}

/* cursor[0]: next number in the group, cursor[1]: 1 + id of the group under way (all groups: in order of name) */
static int export_group(struct forum_txn *t, struct ctl_call *c, const struct group *g, struct fail *f) {
	struct overview_iter it;
	struct overview o;
	size_t start = buf_len(&c->out);
	int r = overview_iter_begin(t, g->id, (uint32_t)c->cursor[0], g->high, &it);
	if (r < 0)
		return fail_internal(f, "overview: %s", err_name((enum err)r));
	it.all_states = true;
	while (buf_len(&c->out) - start < (1u << 20) && (r = overview_iter_next(&it, &o)) > 0) {
		c->cursor[0] = (uint64_t)o.number + 1;
		if ((r = export_post(t, c, &o)) < 0)
			break;
	}
	overview_iter_end(&it);
	return r < 0 ? fail_internal(f, "export: %s", err_name((enum err)r)) : r;
}

int ctl_export(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g;
	struct slice cursor = {0};
	int r;
	if (!c->cursor[0])
		c->cursor[0] = 1;
	if (c->nargs) {
		if ((r = ctl_find_group(t, c->args[0], &g, f)) <= 0)
			return r;
		r = export_group(t, c, &g, f);
		return r > 0 ? CTL_MORE : r == 0 ? 1 : r;
	}
	/* all: groups one after the other, in order of name */
	bool past = c->cursor[1] == 0;
	while ((r = group_each(t, &cursor, &g)) > 0) {
		if (g.removed)
			continue;
		if (!past) {
			past = g.id + 1ull == c->cursor[1];
			if (!past)
				continue;
		} else {
			c->cursor[0] = 1;
			c->cursor[1] = g.id + 1ull;
		}
		if ((r = export_group(t, c, &g, f)) != 0)
			return r > 0 ? CTL_MORE : r;
	}
	return r < 0 ? r : 1;
}
