/* f member -> version u32, then KEYWORDS_MAX counted names or fewer: the place of a name is its place in the record. */
#include "forumd/forum/keywords.h"
#include "forumd/forum/forum_private.h"

bool keyword_valid(struct slice name) {
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || strchr("(){%*\"\\]", name.p[i]))
			return false;
	return name.n > 0 && name.n <= KEYWORD_MAX;
}

int keywords_load(struct forum_txn *t, uint32_t member, struct keywords *k_r) {
	struct key key = key_1u32('f', member);
	struct slice v;
	*k_r = (struct keywords){ 0 };
	int r = member ? forum_get(t, key_slice(&key), &v) : 0;
	if (r <= 0)
		return r < 0 ? r : 1;
	if (v.n < 4)
		return ERR_CORRUPT;
	k_r->version = num_get32(v.p);
	v = slice_from(v, 4);
	for (unsigned i = 0; v.n; i++)
		if (i == KEYWORDS_MAX || !num_take_bytes(&v, &k_r->name[i]))
			return ERR_CORRUPT;
	return 1;
}

static int keywords_store(struct forum_txn *t, uint32_t member, struct keywords *k) {
	struct key key = key_1u32('f', member);
	struct buf b = { 0 };
	unsigned last = KEYWORDS_MAX;
	char version[4];
	num_put32(version, ++k->version);
	buf_add(&b, version, 4);
	while (last && !k->name[last - 1].n)
		last--;
	for (unsigned i = 0; i < last; i++)
		num_add_bytes(&b, k->name[i]);
	int r = forum_put(t, key_slice(&key), buf_slice(&b), NULL);
	buf_free(&b);
	return r;
}

int keywords_find(const struct keywords *k, struct slice name) {
	for (unsigned i = 0; name.n && i < KEYWORDS_MAX; i++)
		if (slice_eq_nocase(k->name[i], name))
			return (int)i;
	return -1;
}

static int keywords_free_place(const struct keywords *k) {
	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (!k->name[i].n)
			return (int)i;
	return -1;
}

bool keywords_full(const struct keywords *k) {
	return keywords_free_place(k) < 0;
}

/* names that nothing carries lose their places, but for those of `keep` */
static int keywords_reclaim(struct forum_txn *t, uint32_t member, struct keywords *k, uint64_t keep) {
	uint64_t used = 0;
	int r = marks_used(t, member, &used);
	for (unsigned i = 0; r >= 0 && i < KEYWORDS_MAX; i++)
		if (!((used | keep) >> (MARK_OWN + i) & 1))
			k->name[i] = slice_of("", 0);
	return r;
}

int keywords_marks(struct forum_txn *t, uint32_t member, const struct slice *names, size_t n, bool create,
	uint64_t *marks_r, struct fail *f) {
	struct keywords k;
	bool changed = false;
	*marks_r = 0;
	int r = n ? keywords_load(t, member, &k) : 1;
	for (size_t i = 0; i < n && r > 0; i++) {
		int at = keywords_find(&k, names[i]);
		if (at < 0 && create) {
			if (!keyword_valid(names[i]))
				return fail_set(f, ERR_INVALID, "a keyword has at most %d octets", KEYWORD_MAX);
			if ((at = keywords_free_place(&k)) < 0 && (r = keywords_reclaim(t, member, &k, *marks_r)) > 0)
				at = keywords_free_place(&k);
			if (r > 0 && at < 0)
				return fail_set(f, ERR_LIMIT, "you have %d keywords already: take one off all messages first",
					KEYWORDS_MAX);
			if (at >= 0)
				k.name[at] = names[i];
			changed = true;
		}
		if (at >= 0)
			*marks_r |= UINT64_C(1) << (MARK_OWN + at);
	}
	if (r > 0 && changed)
		r = keywords_store(t, member, &k);
	return r < 0 ? fail_set(f, ERR_UNAVAILABLE, "your keywords cannot be changed now, try again later") : 1;
}
