/* M "feeds": one line a feed, fields separated by TAB. M "feed HASH": u64 (u32 once), the place; the names are hashed
 * because keys are short. */
#include "forumd/forum/feed.h"
#include <stdio.h>
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/forum/group.h"
#include "forumd/forum/memo.h"

#define FEEDS "feeds"
#define FEEDS_MAX 60000         /* octets of all: one value */
#define NAME_MAX_OCTETS 60
#define STATE_MAX 400
#define STATE_SECONDS (366 * 86400)

static int feed_all(struct forum_txn *t, struct slice *all_r) {
	int r = forum_meta_get(t, FEEDS, all_r);
	if (r == 0)
		*all_r = slice_of("", 0);
	return r;
}

static bool feed_parse(struct slice line, struct feed *f) {
	struct slice *text[] = { &f->name, &f->host, &f->tls, &f->user, &f->password_file, &f->groups, &f->direction };
	struct slice word;
	uint64_t v;
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		if (!slice_split(&line, '\t', text[i]))
			return false;
	if (!slice_split(&line, '\t', &word) || !num_parse_u64(word, &v) || v > 65535)
		return false;
	f->port = (unsigned)v;
	if (!slice_split(&line, '\t', &word) || !num_parse_u64(word, &v) || v > 86400)
		return false;
	f->interval = (unsigned)v;
	return true;
}

int feed_each(struct forum_txn *t, struct slice *cursor, struct feed *f_r) {
	struct slice all, line;
	int r = feed_all(t, &all);
	if (r < 0)
		return r;
	while (slice_split(&all, '\n', &line)) {
		if (!line.n)
			continue;
		if (!feed_parse(line, f_r))
			return ERR_CORRUPT;
		if (cursor->n && slice_cmp(f_r->name, *cursor) <= 0)
			continue;
		*cursor = arena_slice(forum_arena(t), f_r->name);
		return 1;
	}
	return 0;
}

static void feed_write(const struct feed *d, struct buf *out) {
	const struct slice text[] = { d->name, d->host, d->tls, d->user, d->password_file, d->groups, d->direction };
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		buf_add_slice(out, text[i]);
		buf_addc(out, '\t');
	}
	buf_addf(out, "%u\t%u\n", d->port, d->interval);
}

/* the list with d in its place (by name), or without `name` when d is NULL; 1 when the name was there */
static int feed_rewrite(struct forum_txn *t, struct slice name, const struct feed *d, struct buf *out) {
	struct slice cursor = slice_of("", 0);
	struct feed one;
	int r, found = 0;
	bool done = !d;
	while ((r = feed_each(t, &cursor, &one)) > 0) {
		int c = slice_cmp(one.name, name);
		if (!done && c >= 0) {
			feed_write(d, out);
			done = true;
		}
		if (c == 0)
			found = 1;
		else
			feed_write(&one, out);
	}
	if (!done)
		feed_write(d, out);
	return r < 0 ? r : found;
}

static bool feed_clean(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return false;
	return s.n <= 4000;
}

int feed_check_groups(struct slice list, struct fail *f) {
	struct slice name;
	while (slice_split(&list, ',', &name)) {
		struct slice word;
		for (struct slice rest = name; slice_word(&rest, &word);) {
			const char *why = group_name_reserved(word);
			if (!group_name_valid(word))
				why = "a group name has components of a-z 0-9 + _ - joined by dots";
			else if (slice_starts(word, SLICE("control.")) && !slice_is(word, "control.cancel"))
				why = "of control messages only cancels are taken";
			if (why)
				return fail_set(f, ERR_INVALID, "%.*s cannot be followed: %s", SLICE_ARG(slice_to(word, 80)), why);
		}
	}
	return 1;
}

static int feed_check(const struct feed *d, struct fail *f) {
	const struct slice text[] = { d->name, d->host, d->tls, d->user, d->password_file, d->groups, d->direction };
	for (size_t i = 0; i < sizeof text / sizeof *text; i++)
		if (!feed_clean(text[i]))
			return fail_set(f, ERR_INVALID, "control characters, or too long");
	if (!group_name_valid(d->name) || d->name.n > NAME_MAX_OCTETS)
		return fail_set(f, ERR_INVALID, "a feed's name is made of letters a-z, digits, - and _");
	if (!d->host.n || !d->groups.n || !d->port)
		return fail_set(f, ERR_INVALID, "a feed needs a host, a port and groups");
	if (!slice_is(d->tls, "none") && !slice_is(d->tls, "verify"))
		return fail_set(f, ERR_INVALID, "tls is none or verify");
	if (!slice_is(d->direction, "pull") && !slice_is(d->direction, "push") && !slice_is(d->direction, "both"))
		return fail_set(f, ERR_INVALID, "direction is pull, push or both");
	if (d->interval < 1 || d->interval > 86400)
		return fail_set(f, ERR_INVALID, "the interval is 1 to 86400 seconds");
	return feed_check_groups(d->groups, f);
}

static int feed_store(struct forum_txn *t, struct slice name, const struct feed *d, struct fail *f) {
	struct buf b = { 0 };
	int found = feed_rewrite(t, name, d, &b), r = found;
	if (r == 0 && !d)
		r = fail_set(f, ERR_NOTFOUND, "no such feed");
	else if (r >= 0 && buf_len(&b) > FEEDS_MAX)
		r = fail_set(f, ERR_LIMIT, "too many feeds");
	else if (r < 0 || (r = forum_meta_put(t, FEEDS, buf_slice(&b))) < 0)
		r = fail_set(f, r, "the store cannot take it now");
	buf_free(&b);
	return r < 0 ? r : 1;
}

int feed_add(struct forum_txn *t, const struct feed *d, struct fail *f) {
	int r = feed_check(d, f);
	return r < 0 ? r : feed_store(t, d->name, d, f);
}

int feed_remove(struct forum_txn *t, struct slice name, struct fail *f) {
	return feed_store(t, name, NULL, f);
}

static const char *const feed_ways[] = { "pull", "push", "gone" };

static void feed_place_key(struct slice name, struct slice group, enum feed_way way, char *key, size_t size) {
	struct buf b = { 0 }, hex = { 0 };
	unsigned char d[16];
	buf_addf(&b, "%.*s %s %.*s", SLICE_ARG(name), feed_ways[way], SLICE_ARG(group));
	digest_id(buf_slice(&b), d);
	hex_encode(slice_of(d, sizeof d), &hex);
	snprintf(key, size, "feed %s", buf_bytes(&hex));
	buf_free(&b);
	buf_free(&hex);
}

int feed_place(struct forum_txn *t, struct slice name, struct slice group, enum feed_way way, uint64_t *number_r) {
	struct slice v;
	char key[64];
	feed_place_key(name, group, way, key, sizeof key);
	int r = forum_meta_get(t, key, &v);
	*number_r = r > 0 && v.n == 8 ? num_get64(v.p) : r > 0 && v.n == 4 ? num_get32(v.p) : 0;
	return r < 0 ? r : 1;
}

int feed_set_place(struct forum_txn *t, struct slice name, struct slice group, enum feed_way way, uint64_t number) {
	char key[64], v[8];
	feed_place_key(name, group, way, key, sizeof key);
	num_put64(v, number);
	return forum_meta_put(t, key, slice_of(v, 8));
}

static struct slice feed_state_key(struct forum_txn *t, struct slice name, bool push) {
	return arena_slicef(forum_arena(t), "%s %.*s", push ? "push" : "pull", SLICE_ARG(slice_to(name, NAME_MAX_OCTETS)));
}

int feed_state(struct forum_txn *t, struct slice name, bool push, int64_t *since_r, struct slice *text_r) {
	struct slice v;
	int r = memo_get(t, MEMO_FEED, feed_state_key(t, name, push), &v);
	if (r > 0 && v.n < 8)
		return ERR_CORRUPT;
	if (r > 0) {
		*since_r = (int64_t)num_get64(v.p);
		*text_r = slice_from(v, 8);
	}
	return r;
}

int feed_set_state(struct forum_txn *t, struct slice name, bool push, struct slice text) {
	char v[8 + STATE_MAX];
	text = slice_to(text, STATE_MAX);
	num_put64(v, (uint64_t)forum_time(t));
	if (text.n)
		memcpy(v + 8, text.p, text.n);
	return memo_put(t, MEMO_FEED, feed_state_key(t, name, push), slice_of(v, 8 + text.n),
		forum_time(t) + STATE_SECONDS);
}
