/* p member u32, name -> version, doors, created, used, HMAC(32) of the password, scram. */
#include "forumd/forum/app.h"
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/member.h"

#define APP_VERSION 1
#define APP_PASSWORD 26

static const struct {
	enum app_door door;
	const char *word;
} doors[] = { { APP_NEWS, "news" }, { APP_IMAP, "imap" }, { APP_MAIL, "mail" } };

unsigned app_doors_parse(struct slice text) {
	unsigned all = 0;
	struct slice word;
	while (slice_split(&text, ',', &word)) {
		unsigned door = 0;
		for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
			if (slice_is_nocase(slice_trim(word), doors[i].word))
				door = doors[i].door;
		if (!door)
			return 0;
		all |= door;
	}
	return all;
}

void app_doors_text(unsigned d, struct buf *out) {
	const char *gap = "";
	for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
		if (d & doors[i].door) {
			buf_addf(out, "%s%s", gap, doors[i].word);
			gap = ", ";
		}
}

/* false: no name for a program */
static bool app_key(uint32_t member, struct slice name, struct key *k) {
	*k = key_1u32('c', member);
	if (!name.n || name.n > APP_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = text_lower(name.p[i]);
		if (!text_alpha(c) && !text_digit(c) && c != '.' && c != '_' && c != '-')
			return false;
		key_u8(k, (uint8_t)c);
	}
	return true;
}

/* false: cannot be one of ours */
static bool app_digest(struct forum_txn *t, uint32_t member, struct slice password, unsigned char out[32]) {
	char text[3 + 4 + APP_PASSWORD] = "app";
	size_t n = 7;
	num_put32(text + 3, member);
	for (size_t i = 0; i < password.n; i++) {
		if (text_space(password.p[i]) || password.p[i] == '-')
			continue;
		if (n == sizeof text)
			return false;
		text[n++] = text_lower(password.p[i]);
	}
	digest_hmac_sha256(forum_secret(t), slice_of(text, n), out);
	explicit_bzero(text, sizeof text);
	return n == sizeof text;
}

static int app_decode(struct slice name, struct slice in, struct app *a, struct slice *digest_r) {
	uint64_t version, d, created, used;
	*a = (struct app){ .name = name };
	if (!num_take_varint(&in, &version) || version != APP_VERSION || !num_take_varint(&in, &d) ||
		!num_take_varint(&in, &created) || !num_take_varint(&in, &used) || !num_take_bytes(&in, digest_r) ||
		digest_r->n != 32 || !num_take_bytes(&in, &a->scram))
		return ERR_CORRUPT;
	a->doors = (unsigned)d;
	a->created = (int64_t)created;
	a->used = (int64_t)used;
	return 1;
}

static int app_load(struct forum_txn *t, const struct key *k, struct app *a, struct slice *digest_r) {
	struct slice v;
	int r = kv_get(t->kv, key_slice(k), &v);
	return r > 0 ? app_decode(arena_slice(t->arena, slice_from(key_slice(k), 5)), arena_slice(t->arena, v), a, digest_r)
				 : r;
}

static int app_store(struct forum_txn *t, const struct key *k, const struct app *a, struct slice digest,
	struct fail *f) {
	struct buf b = { 0 };
	num_add_varint(&b, APP_VERSION);
	num_add_varint(&b, a->doors);
	num_add_varint(&b, (uint64_t)a->created);
	num_add_varint(&b, (uint64_t)a->used);
	num_add_bytes(&b, digest);
	num_add_bytes(&b, a->scram);
	int r = forum_put(t, key_slice(k), buf_slice(&b), f);
	buf_free(&b);
	return r < 0 ? r : 1;
}

int app_add(struct forum_txn *t, uint32_t member, struct slice name, unsigned d, struct slice password,
	struct slice scram, struct fail *f) {
	struct app a = { .doors = d, .created = t->time, .scram = scram }, other;
	struct slice cursor = SLICE(""), v;
	unsigned char digest[32];
	struct member m;
	struct key k;
	int n = 0, r = member_get(t, member, &m);
	if (r <= 0 || m.kind != MEMBER_ACCOUNT)
		return fail_set(f, ERR_NOTFOUND, "only an account has passwords");
	if (!app_key(member, name, &k))
		return fail_set(f, ERR_INVALID,
			"the name of a program has at most %d letters, digits, dots and dashes: newsreader", APP_NAME_MAX);
	if (!(d & APP_EVERYWHERE) || (d & ~(unsigned)APP_EVERYWHERE) || scram.n > 1000 ||
		!app_digest(t, member, password, digest))
		return fail_set(f, ERR_INVALID, "no such door, or no such password");
	if (kv_get(t->kv, key_slice(&k), &v) != 0)
		return fail_set(f, ERR_EXISTS, "there is a password for %.*s; take it back first, or use another name",
			SLICE_ARG(name));
	while (app_each(t, member, &cursor, &other) > 0)
		n++;
	if (n >= APP_MAX)
		return fail_set(f, ERR_LIMIT, "%d programs have passwords; take one back first", n);
	return app_store(t, &k, &a, slice_of(digest, 32), f);
}

int app_remove(struct forum_txn *t, uint32_t member, struct slice name, struct fail *f) {
	struct key k;
	struct slice v;
	if (!app_key(member, name, &k) || kv_get(t->kv, key_slice(&k), &v) <= 0)
		return fail_set(f, ERR_NOTFOUND, "there is no password for %.*s", SLICE_ARG(slice_to(name, APP_NAME_MAX)));
	if (kv_del(t->kv, key_slice(&k)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "it cannot be taken back now, try again later");
	forum_change_add(t, (struct change){ .kind = CHANGE_MEMBER, .member = member });
	return 1;
}

int app_get(struct forum_txn *t, uint32_t member, struct slice name, struct app *a_r) {
	struct key k;
	struct slice digest;
	return app_key(member, name, &k) ? app_load(t, &k, a_r, &digest) : 0;
}

/* the next record behind the cursor */
static int app_next(struct forum_txn *t, uint32_t member, struct slice *cursor, struct app *a_r,
	struct slice *digest_r) {
	struct key from = key_1u32('c', member);
	struct kv_cursor *c;
	struct slice key, v;
	key_bytes(&from, *cursor);
	if (cursor->n)
		key_u8(&from, 0);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, &v);
	if (r > 0 && key_has_prefix(key, &from, 5)) {
		*cursor = arena_slice(t->arena, slice_from(key, 5));
		r = app_decode(*cursor, arena_slice(t->arena, v), a_r, digest_r);
	} else if (r > 0) {
		r = 0;
	}
	kv_cursor_close(&c);
	return r;
}

int app_each(struct forum_txn *t, uint32_t member, struct slice *cursor, struct app *a_r) {
	struct slice digest;
	return app_next(t, member, cursor, a_r, &digest);
}

int app_check(struct forum_txn *t, uint32_t member, struct slice name, struct slice password, enum app_door door,
	struct app *a_r) {
	unsigned char digest[32];
	struct slice cursor = SLICE(""), d;
	struct app a;
	int found = 0, r = 0;
	if (!app_digest(t, member, password, digest))
		return 0;
	while ((r = app_next(t, member, &cursor, &a, &d)) > 0) {
		bool same = digest_equal(d.p, digest, 32);
		if (!same || (name.n && !slice_eq_nocase(name, a.name)) || !(a.doors & door))
			continue;
		*a_r = a;
		found = 1;
	}
	return r < 0 ? r : found;
}

int app_note_use(struct forum_txn *t, uint32_t member, struct slice name) {
	struct key k;
	struct slice digest;
	struct app a;
	int r = app_key(member, name, &k) ? app_load(t, &k, &a, &digest) : 0;
	if (r <= 0 || a.used / 3600 == t->time / 3600)
		return r < 0 ? r : 0;
	a.used = t->time;
	return app_store(t, &k, &a, digest, NULL);
}

void app_split_login(struct slice login, struct slice *address_r, struct slice *name_r) {
	ptrdiff_t at = slice_rchr(login, '@'), slash = slice_rchr(login, '/');
	*address_r = login;
	*name_r = SLICE("");
	if (at < 0 || slash < at)
		return;
	*address_r = slice_to(login, (size_t)slash);
	*name_r = slice_from(login, (size_t)slash + 1);
}
