/* ctl_util.c - what the verbs share: JSON, dates, and look-ups whose errors say what to do. */
#include "gateways/ctl/ctl_private.h"
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"

void ctl_json_open(struct ctl_call *c) {
	buf_addc(&c->out, '{');
}

void ctl_json_close(struct ctl_call *c) {
	buf_adds(&c->out, "}\n");
}

void ctl_json_name(struct ctl_call *c, const char *name) {
	struct slice b = buf_slice(&c->out);
	if (b.n && b.p[b.n - 1] != '{')
		buf_addc(&c->out, ',');
	text_json(slice_str(name), &c->out);
	buf_addc(&c->out, ':');
}

void ctl_json_str(struct ctl_call *c, const char *name, struct slice v) {
	ctl_json_name(c, name);
	text_json(v, &c->out);
}

void ctl_json_cstr(struct ctl_call *c, const char *name, const char *v) {
	ctl_json_str(c, name, slice_str(v));
}

void ctl_json_num(struct ctl_call *c, const char *name, int64_t v) {
	ctl_json_name(c, name);
	buf_addf(&c->out, "%lld", (long long)v);
}

void ctl_json_bool(struct ctl_call *c, const char *name, bool v) {
	ctl_json_name(c, name);
	buf_adds(&c->out, v ? "true" : "false");
}

void ctl_json_null(struct ctl_call *c, const char *name) {
	ctl_json_name(c, name);
	buf_adds(&c->out, "null");
}

void ctl_json_time(struct ctl_call *c, const char *name, int64_t t) {
	ctl_json_name(c, name);
	buf_addc(&c->out, '"');
	clock_add_rfc3339(&c->out, t);
	buf_addc(&c->out, '"');
}

void ctl_date(struct buf *b, int64_t t, bool date_only) {
	int y, mo, d, h, mi, s, w;
	clock_civil(t, &y, &mo, &d, &h, &mi, &s, &w);
	if (date_only)
		buf_addf(b, "%04d-%02d-%02d", y, mo, d);
	else
		buf_addf(b, "%04d-%02d-%02d %02d:%02d", y, mo, d, h, mi);
}

int ctl_find_group(struct forum_txn *t, struct slice name, struct group *g_r, struct fail *f) {
	int r = group_find(t, name, g_r);
	if (r > 0 && !g_r->removed)
		return 1;
	return r < 0 ? fail_internal(f, "group_find: %s", err_name((enum err)r))
				 : fail_set(f, ERR_NOTFOUND, "there is no group %.*s; forumctl group list shows all",
					   (int)(name.n < 100 ? name.n : 100), name.p);
}

int ctl_address(struct ctl_call *c, struct slice in, struct slice *key_r, struct fail *f) {
	struct slice local, domain;
	struct buf b = {0};
	if (address_check_spec(in, true, &local, &domain) <= 0)
		return fail_set(f, ERR_INVALID, "\"%.*s\" is no mail address (want: name@example.org)",
			(int)(in.n < 100 ? in.n : 100), in.p);
	address_key(&b, local, domain);
	*key_r = arena_slice(c->arena, buf_slice(&b));
	buf_free(&b);
	return 1;
}

int ctl_find_member(struct forum_txn *t, struct slice address, struct member *m_r, struct fail *f) {
	struct slice local, domain;
	int r = 0;
	if (address_check_spec(address, true, &local, &domain) > 0) {
		struct buf b = {0};
		address_key(&b, local, domain);
		r = member_by_address(t, buf_slice(&b), m_r);
		buf_free(&b);
	}
	if (r > 0 && m_r->kind == MEMBER_ACCOUNT)
		return 1;
	return fail_set(f, ERR_NOTFOUND, "no member has the address %.*s; forumctl member list shows all",
		(int)(address.n < 100 ? address.n : 100), address.p);
}

int ctl_find_post(struct forum_txn *t, struct slice name, struct post *p_r, struct fail *f) {
	uint64_t id;
	uint32_t number;
	ptrdiff_t colon = slice_rchr(name, ':');
	int r = 0;
	if (num_parse_u64(name, &id)) {
		r = post_get(t, id, p_r);
	} else if (name.n && name.p[0] == '<') {
		r = post_by_msgid(t, name, p_r);
	} else if (colon > 0 && num_parse_u32(slice_from(name, (size_t)colon + 1), &number)) {
		struct group g;
		if (ctl_find_group(t, slice_to(name, (size_t)colon), &g, f) < 0)
			return f->code;
		r = post_by_number(t, g.id, number, p_r);
	} else if (slice_chr(name, '@') > 0) {
		struct slice bracketed = arena_slicef(forum_arena(t), "<%.*s>", SLICE_ARG(name));
		r = post_by_msgid(t, bracketed, p_r);
	} else {
		return fail_set(f, ERR_INVALID, "\"%.*s\" names no post: give its id, its Message-ID or GROUP:NUMBER",
			(int)(name.n < 100 ? name.n : 100), name.p);
	}
	return r > 0 ? 1
		: r < 0  ? fail_internal(f, "post look-up: %s", err_name((enum err)r))
				 : fail_set(f, ERR_NOTFOUND, "there is no post %.*s; forumctl list GROUP shows all",
					   (int)(name.n < 100 ? name.n : 100), name.p);
}

struct slice ctl_who(struct forum_txn *t, uint32_t by) {
	struct member m;
	if (by == RIGHTS_OPERATOR)
		return SLICE("the operator");
	if (by == 0)
		return SLICE("another server");
	if (member_get(t, by, &m) <= 0 || m.kind != MEMBER_ACCOUNT)
		return arena_slicef(forum_arena(t), "former member %u", by);
	return m.naddresses ? m.addresses[0] : m.name;
}
