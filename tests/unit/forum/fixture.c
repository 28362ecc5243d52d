#include "tests/unit/forum/fixture.h"
#include "forumd/base/text.h"
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/forum/forum_private.h"

struct forum *fixture_open(const char *name) {
	struct forum_options o = {
		.domain = "forum.test", .map_size = (uint64_t)1 << 32, .no_sync = true, .text_cache = 1 << 20
	};
	struct forum *forum = NULL;
	struct fail f = { 0 };
	if (forum_open(test_tmpfile(name), &o, &forum, &f) < 0)
		bail("cannot open a store: %s", f.text);
	return forum;
}

struct forum_txn *fixture_read(struct forum *forum) {
	struct forum_txn *t = NULL;
	struct fail f = { 0 };
	if (forum_read_begin(forum, &t, &f) < 0)
		bail("cannot begin a read transaction: %s", f.text);
	return t;
}

struct forum_txn *fixture_write(struct forum *forum) {
	struct forum_txn *t = NULL;
	struct fail f = { 0 };
	if (forum_write_begin(forum, NULL, &t, &f) < 0)
		bail("cannot begin a write transaction: %s", f.text);
	return t;
}

void fixture_commit(struct forum_txn **t) {
	struct fail f = { 0 };
	if (forum_commit(t, &f) < 0)
		bail("cannot commit: %s", f.text);
}

uint32_t fixture_group(struct forum_txn *t, const char *name) {
	struct group_spec s = { .name = slice_str(name), .title = SLICE("A group") };
	struct fail f = { 0 };
	uint32_t id = 0;
	if (group_add(t, &s, &id, &f) < 0)
		bail("cannot add group %s: %s", name, f.text);
	return id;
}

uint32_t fixture_member(struct forum_txn *t, const char *name, const char *address) {
	struct fail f = { 0 };
	uint32_t id = 0;
	if (member_add(t, slice_str(name), slice_str(address), &id, &f) < 0)
		bail("cannot add member %s: %s", address, f.text);
	return id;
}

void fixture_body(struct forum_txn *t, struct post_draft *d, struct slice header, uint32_t from_off,
	struct slice body) {
	struct arena *a = forum_arena(t);
	struct buf b = { 0 };
	d->header_len = (uint32_t)header.n;
	d->from_off = from_off;
	d->body_len = (uint32_t)body.n;
	d->lines = 0;
	for (size_t i = 0; i < body.n; i++)
		d->lines += body.p[i] == '\n';
	d->crc = digest_crc(digest_crc(0, header), body);
	segment_deflate(slice_to(header, from_off), &b);
	d->header_z1 = arena_slice(a, buf_slice(&b));
	buf_reset(&b);
	segment_deflate(slice_from(header, from_off), &b);
	d->flags = (d->flags & ~(uint32_t)POST_HEADER_ASCII) | (text_is_ascii(header) ? POST_HEADER_ASCII : 0);
	d->header_z2 = arena_slice(a, buf_slice(&b));
	buf_reset(&b);
	segment_deflate(body, &b);
	d->body_z = arena_slice(a, buf_slice(&b));
	buf_free(&b);
}

struct post_draft *fixture_draft(struct forum_txn *t, uint32_t group, const char *id, const char *parent,
	const char *references) {
	struct arena *a = forum_arena(t);
	struct post_draft *d = ARENA_NEW(a, struct post_draft);
	uint32_t *groups = arena_alloc(a, sizeof *groups);
	groups[0] = group;
	d->groups = groups;
	d->ngroups = 1;
	d->author_name = SLICE("Ann Author");
	d->author_address = SLICE("ann@example.org");
	d->from = SLICE("Ann Author <ann@example.org>");
	d->message_id = arena_slice(a, slice_str(id));
	d->in_reply_to = arena_slice(a, slice_str(parent ? parent : ""));
	d->references = arena_slice(a, slice_str(references ? references : ""));
	d->subject = d->base_subject = d->ov_subject = arena_slicef(a, "About %s", id);
	d->ov_date = SLICE("Mon, 23 Nov 2026 14:00:00 +0000");
	d->ov_references = d->references;
	d->date = d->arrival = 1795442400;
	d->source = POST_FROM_IMPORT;
	d->no_mail = true;
	d->flags = POST_DOT_FREE;
	d->env_before = arena_slicef(a, "\"Mon, 23 Nov 2026 14:00:00 +0000\" \"About %s\"", id);
	d->env_from = SLICE("((\"Ann Author\" NIL \"ann\" \"example.org\"))");
	d->env_after = arena_slicef(a, "NIL NIL NIL NIL \"%s\"", id);
	d->structure = SLICE("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 10 1)");
	d->part_table = SLICE("parts");
	struct slice head = arena_slicef(a, "Subject: About %s\r\n", id);
	struct slice rest = arena_slicef(a, "Date: Mon, 23 Nov 2026 14:00:00 +0000\r\nMessage-ID: %s\r\n", id);
	struct slice header = arena_slicef(a, "%.*s%.*s", SLICE_ARG(head), SLICE_ARG(rest));
	fixture_body(t, d, header, (uint32_t)head.n, arena_slicef(a, "text of %s\r\n", id));
	return d;
}

uint64_t fixture_add(struct forum_txn *t, const struct post_draft *d) {
	struct post_result r;
	struct fail f = { 0 };
	if (post_add(t, d, &r, &f) < 0)
		bail("cannot add %.*s: %s", SLICE_ARG(d->message_id), f.text);
	return r.id;
}

uint64_t fixture_post(struct forum_txn *t, uint32_t group, const char *id, const char *parent, const char *references) {
	return fixture_add(t, fixture_draft(t, group, id, parent, references));
}

uint64_t fixture_post_by(struct forum_txn *t, uint32_t member, uint32_t group, const char *id, const char *parent) {
	struct post_draft *d = fixture_draft(t, group, id, parent, parent);
	d->author = member;
	d->source = POST_FROM_NNTP;
	return fixture_add(t, d);
}

uint32_t fixture_number(struct forum_txn *t, uint32_t group, const char *id) {
	struct post p;
	return post_by_msgid(t, slice_str(id), &p) > 0 ? post_number_in(&p, group) : 0;
}

void fixture_dump(struct forum_txn *t, struct buf *out) {
	struct kv_cursor *c;
	struct slice k, v;
	if (kv_cursor_open(t->kv, &c) < 0)
		bail("cannot open a cursor");
	for (int r = kv_seek(c, slice_of("", 1), &k, &v); r; r = kv_next(c, &k, &v)) {
		if (r < 0)
			bail("cannot read the store");
		hex_encode(k, out);
		buf_addc(out, '=');
		hex_encode(v, out);
		buf_addc(out, '\n');
	}
	kv_cursor_close(&c);
}
