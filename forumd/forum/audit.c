/* A serial -> entry; a group, serial -> empty. Serials grow, so the order of the keys is the order of time. Entries are
 * never deleted; being undone is the one thing that is ever changed in them. */
#include "forumd/base/text.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/moderate_private.h"

#define AUDIT_VERSION 1

static const char *const verdict_names[] = { "flag", "keep", "note", "aside", "hide", "restore", "lock", "unlock",
	"approve", "delete", "undo", "group", "member" };

const char *verdict_name(enum verdict v) {
	return (unsigned)v < sizeof verdict_names / sizeof *verdict_names ? verdict_names[v] : "?";
}

int verdict_parse(struct slice s) {
	for (int i = 0; i <= VERDICT_MEMBER; i++)
		if (slice_is_nocase(s, verdict_names[i]))
			return i;
	return ERR_INVALID;
}

struct slice audit_clean(struct forum_txn *t, struct slice text) {
	text = slice_trim(text);
	size_t n = text.n < AUDIT_TEXT_MAX ? text.n : AUDIT_TEXT_MAX;
	while (n < text.n && n > 0 && (text.p[n] & 0xc0) == 0x80)
		n--;
	char *p = arena_alloc(t->arena, n + 1);
	for (size_t i = 0; i < n; i++)
		p[i] = text_control(text.p[i]) ? ' ' : text.p[i];
	p[n] = 0;
	return slice_of(p, n);
}

int audit_rewrite(struct forum_txn *t, const struct audit_record *r) {
	const uint64_t v[] = { AUDIT_VERSION, (uint64_t)r->a.time, r->a.verdict, r->a.by, r->a.post, r->a.group,
		r->a.undoes, r->a.undone, r->state, r->flags };
	struct key k = key_1u64('A', r->a.serial);
	struct buf b = { 0 };
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		num_add_varint(&b, v[i]);
	num_add_bytes(&b, r->moves);
	num_add_bytes(&b, r->a.text);
	int e = forum_put(t, key_slice(&k), buf_slice(&b), NULL);
	buf_free(&b);
	return e;
}

int audit_index(struct forum_txn *t, uint32_t group, uint64_t serial) {
	struct key k = key_u32u64('a', group, serial);
	return group ? forum_put(t, key_slice(&k), slice_of("", 0), NULL) : 1;
}

int audit_write(struct forum_txn *t, struct audit_record *r) {
	int64_t serial = forum_next_id(t, "audit");
	if (serial < 0)
		return (int)serial;
	r->a.serial = (uint64_t)serial;
	r->a.time = t->time;
	r->a.text = audit_clean(t, r->a.text);
	int e = audit_rewrite(t, r);
	return e < 0 ? e : audit_index(t, r->a.group, r->a.serial);
}

static int audit_decode(struct slice in, struct audit_record *r) {
	uint64_t v[10];
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		if (!num_take_varint(&in, &v[i]))
			return ERR_CORRUPT;
	if (v[0] != AUDIT_VERSION || v[2] > VERDICT_MEMBER || v[8] > POST_DELETED || !num_take_bytes(&in, &r->moves) ||
	    !num_take_bytes(&in, &r->a.text))
		return ERR_CORRUPT;
	r->a.time = (int64_t)v[1], r->a.verdict = (enum verdict)v[2], r->a.by = (uint32_t)v[3], r->a.post = v[4];
	r->a.group = (uint32_t)v[5], r->a.undoes = v[6], r->a.undone = v[7] != 0;
	r->state = (enum post_state)v[8], r->flags = (uint32_t)v[9];
	return 1;
}

int audit_get_record(struct forum_txn *t, uint64_t serial, struct audit_record *r_r) {
	struct key k = key_1u64('A', serial);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	*r_r = (struct audit_record){ .a.serial = serial };
	return r <= 0 ? r : audit_decode(t->write ? arena_slice(t->arena, v) : v, r_r);
}

int audit_get(struct forum_txn *t, uint64_t serial, struct audit *a_r) {
	struct audit_record r;
	int e = audit_get_record(t, serial, &r);
	*a_r = r.a;
	return e;
}

int audit_add(struct forum_txn *t, enum verdict v, uint32_t by, uint64_t post, uint32_t group, struct slice text,
	uint64_t *serial_r) {
	struct audit_record r = { .a = { .verdict = v, .by = by, .post = post, .group = group, .text = text } };
	int e = audit_write(t, &r);
	if (e > 0 && serial_r)
		*serial_r = r.a.serial;
	return e;
}

int audit_prev(struct forum_txn *t, uint32_t group, uint64_t *cursor, struct audit *a_r) {
	struct key before = group ? key_u32u64('a', group, *cursor) : key_1u64('A', *cursor);
	size_t prefix = before.n - 8;
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek_before(c, key_slice(&before), &key, &v);
	bool have = r > 0 && key_has_prefix(key, &before, prefix) && key.n == before.n;
	if (have)
		*cursor = num_get64(key.p + prefix);
	kv_cursor_close(&c);
	if (!have)
		return r < 0 ? r : 0;
	r = audit_get(t, *cursor, a_r);
	return r == 0 ? ERR_CORRUPT : r;
}
