/* v member, BOX_FOLDER, name -> u32 group, use u8. The name stands as the group's title too, so that what is known
 * by its group can be called by its name. The group keeps its internal name for ever. */
#include "forumd/forum/folder.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/personal.h"

#define FOLDER_PREFIX 6   /* 'v', member, box */

static struct key folder_key(uint32_t member, struct slice name) {
	struct key k = key_1u32('v', member);
	key_u8(&k, BOX_FOLDER);
	key_bytes(&k, name);
	return k;
}

/* NFC, no controls, no wildcards, no line or paragraph separators (RFC 6855 3) */
static bool folder_characters(struct slice name) {
	struct buf normal = { 0 };
	bool good = text_utf8_valid(name);
	for (struct slice rest = name; good && rest.n;) {
		int32_t c = text_utf8_next(&rest);
		good = c >= ' ' && (c < 127 || c > 159) && c != '%' && c != '*' && c != 0x2028 && c != 0x2029;
	}
	if (good)
		text_nfc(name, &normal);
	good = good && slice_eq(buf_slice(&normal), name);
	buf_free(&normal);
	return good;
}

static bool folder_levels(struct slice name) {
	unsigned levels = 0;
	for (struct slice rest = name; ; levels++) {
		ptrdiff_t dot = slice_chr(rest, '.');
		struct slice level = dot < 0 ? rest : slice_to(rest, (size_t)dot);
		if (!level.n || *level.p == '!' || levels == FOLDER_LEVELS_MAX)
			return false;
		if (dot < 0)
			return true;
		rest = slice_from(rest, (size_t)dot + 1);
	}
}

int folder_name_check(struct slice name, struct fail *f) {
	ptrdiff_t dot = slice_chr(name, '.');
	if (name.n > FOLDER_NAME_MAX)
		return fail_set(f, ERR_INVALID, "the name of a folder has at most %d octets", FOLDER_NAME_MAX);
	if (!name.n || !folder_characters(name) || !folder_levels(name))
		return fail_set(f, ERR_INVALID,
			"no name for a folder: levels with '.' between, at most %d, none empty or beginning with '!', "
			"no control characters, %% or *",
			FOLDER_LEVELS_MAX);
	if (group_name_valid(dot < 0 ? name : slice_to(name, (size_t)dot)))
		return fail_set(f, ERR_DENIED,
			"names in small letters are for groups, which the operators make; begin your own folder's "
			"name with a capital");
	return 1;
}

static int folder_decode(struct slice key, struct slice v, struct folder *f_r) {
	if (key.n <= FOLDER_PREFIX || v.n != 5)
		return ERR_CORRUPT;
	*f_r = (struct folder){ num_get32(v.p), (enum folder_use)v.p[4], slice_from(key, FOLDER_PREFIX) };
	return 1;
}

int folder_find(struct forum_txn *t, uint32_t member, struct slice name, struct folder *f_r) {
	struct slice v;
	if (!member || !name.n || name.n > FOLDER_NAME_MAX)
		return 0;
	struct key k = folder_key(member, name);
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0)
		return r;
	if ((r = folder_decode(key_slice(&k), v, f_r)) > 0)
		f_r->name = arena_slice(t->arena, name);
	return r;
}

int folder_each(struct forum_txn *t, uint32_t member, struct slice *cursor, struct folder *f_r) {
	struct key k = folder_key(member, *cursor);
	struct kv_cursor *c;
	struct slice key, v;
	if (cursor->n)
		key_u8(&k, 0);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0)
		r = key_has_prefix(key, &k, FOLDER_PREFIX) ? folder_decode(key, v, f_r) : 0;
	if (r > 0)
		*cursor = f_r->name = arena_slice(t->arena, f_r->name);
	kv_cursor_close(&c);
	return r;
}

int folder_of_use(struct forum_txn *t, uint32_t member, enum folder_use use, struct folder *f_r) {
	struct slice cursor = { 0 };
	int r;
	while ((r = folder_each(t, member, &cursor, f_r)) > 0)
		if (f_r->use == use)
			return 1;
	return r;
}

static int folder_put(struct forum_txn *t, uint32_t member, const struct folder *folder) {
	struct key k = folder_key(member, folder->name);
	char v[5];
	num_put32(v, folder->group);
	v[4] = (char)folder->use;
	return forum_put(t, key_slice(&k), slice_of(v, sizeof v), NULL);
}

/* the time, but later than any before: a name that is used again must not look like the folder it was */
static int folder_validity(struct forum_txn *t, uint32_t *v_r) {
	struct slice last;
	char v[4];
	int r = forum_meta_get(t, "folder-uidvalidity", &last);
	uint32_t before = r > 0 && last.n == 4 ? num_get32(last.p) : 0,
			 now = forum_time(t) > 0 ? (uint32_t)forum_time(t) : 1;
	*v_r = now > before ? now : before + 1;
	num_put32(v, *v_r);
	return r < 0 ? r : forum_meta_put(t, "folder-uidvalidity", slice_of(v, 4));
}

static int folder_make(struct forum_txn *t, uint32_t member, struct slice name, enum folder_use use, struct fail *f) {
	struct folder folder = { .use = use, .name = name };
	uint32_t validity;
	int r = folder_validity(t, &validity);
	if (r >= 0)
		r = group_add_owned(t, arena_slicef(t->arena, "~%u.folder", member), name, member, BOX_FOLDER, validity,
			&folder.group);
	if (r >= 0)
		r = folder_put(t, member, &folder);
	return r < 0 ? fail_set(f, (enum err)r, "your mailboxes cannot be changed now, try again later") : 1;
}

/* the levels above a name that are missing; *n counts the member's folders */
static int folder_above(struct forum_txn *t, uint32_t member, struct slice name, bool (*is_box)(struct slice name),
	unsigned *n, struct fail *f) {
	struct folder folder;
	int r = 0;
	for (size_t i = 0; r >= 0 && i < name.n; i++) {
		struct slice level = slice_to(name, i);
		if (name.p[i] != '.' || is_box(level) || (r = folder_find(t, member, level, &folder)) != 0)
			continue;
		if ((*n)++ >= FOLDERS_MAX)
			return fail_set(f, ERR_LIMIT, "a member may have at most %d folders", FOLDERS_MAX);
		r = folder_make(t, member, level, FOLDER_PLAIN, f);
	}
	return r;
}

int folder_add(struct forum_txn *t, uint32_t member, struct slice name, enum folder_use use,
	bool (*is_box)(struct slice name), struct fail *f) {
	struct slice cursor = { 0 };
	struct folder folder;
	unsigned n = 0;
	int r = folder_name_check(name, f);
	if (r < 0)
		return r;
	while ((r = folder_each(t, member, &cursor, &folder)) > 0 && ++n) {
		if (slice_eq(folder.name, name))
			return fail_set(f, ERR_EXISTS, "there is a folder of that name already");
		if (use != FOLDER_PLAIN && folder.use == use)
			return fail_set(f, ERR_DENIED, "another folder has that use already");
	}
	if (is_box(name))
		return fail_set(f, ERR_EXISTS, "there is a mailbox of that name already");
	if (r < 0 || (r = folder_above(t, member, name, is_box, &n, f)) < 0)
		return r;
	return n < FOLDERS_MAX ? folder_make(t, member, name, use, f) :
		fail_set(f, ERR_LIMIT, "a member may have at most %d folders", FOLDERS_MAX);
}

static bool folder_below(struct slice name, struct slice top) {
	return name.n > top.n && slice_starts(name, top) && name.p[top.n] == '.';
}

/* the folder and those below it, names in the transaction's arena; 1 with *n_r of *all_r the member has, < 0 */
static int folder_family(struct forum_txn *t, uint32_t member, struct slice top, struct folder v[FOLDERS_MAX + 1],
	size_t *n_r, unsigned *all_r) {
	struct slice cursor = { 0 };
	int r;
	*n_r = *all_r = 0;
	while (*n_r < FOLDERS_MAX && (r = folder_each(t, member, &cursor, &v[*n_r])) > 0) {
		++*all_r;
		*n_r += slice_eq(v[*n_r].name, top) || folder_below(v[*n_r].name, top);
	}
	return r < 0 ? r : 1;
}

static bool folder_among(const struct folder *v, size_t n, struct slice name) {
	for (size_t i = 0; i < n; i++)
		if (slice_eq(v[i].name, name))
			return true;
	return false;
}

/* Nothing is changed before all is known to fit. Old names go first: a folder may move below its own old name. */
static int folder_move(struct forum_txn *t, uint32_t member, struct folder *v, size_t n, size_t top,
	struct slice to, struct fail *f) {
	struct slice *names = arena_alloc(t->arena, n * sizeof *names);
	struct folder there;
	int r = 0;
	for (size_t i = 0; i < n; i++) {
		names[i] = arena_slicef(t->arena, "%.*s%.*s", SLICE_ARG(to), SLICE_ARG(slice_from(v[i].name, top)));
		if (folder_name_check(names[i], NULL) < 0)
			return fail_set(f, ERR_TOOBIG, "a name below it would get too long");
		if ((r = folder_find(t, member, names[i], &there)) > 0 && !folder_among(v, n, names[i]))
			return fail_set(f, ERR_EXISTS, "there is a folder of that name already");
	}
	for (size_t i = 0; i < n && r >= 0; i++) {
		struct key k = folder_key(member, v[i].name);
		r = forum_del(t, key_slice(&k), f);
	}
	for (size_t i = 0; i < n && r >= 0; i++) {
		v[i].name = names[i];
		if ((r = folder_put(t, member, &v[i])) >= 0)
			r = group_set_owned(t, v[i].group, v[i].name, false);
	}
	return r;
}

int folder_rename(struct forum_txn *t, uint32_t member, struct slice from, struct slice to,
	bool (*is_box)(struct slice name), struct fail *f) {
	struct folder *v = arena_alloc(t->arena, (FOLDERS_MAX + 1) * sizeof *v);
	unsigned all;
	size_t n;
	int r = folder_name_check(to, f);
	if (r < 0 || (r = folder_family(t, member, from, v, &n, &all)) < 0)
		return r;
	if (!n || !slice_eq(v[0].name, from))
		return fail_set(f, ERR_NOTFOUND, "no such mailbox");
	if (is_box(to) || slice_eq(from, to))
		return fail_set(f, ERR_EXISTS, "there is a mailbox of that name already");
	if ((r = folder_move(t, member, v, n, from.n, to, f)) < 0 || (r = folder_above(t, member, to, is_box, &all, f)) < 0)
		return r;
	return 1;
}

int folder_clear(struct forum_txn *t, uint32_t group, uint32_t *next, unsigned max, struct fail *f) {
	struct group g;
	int r = group_get(t, group, &g);
	if (r <= 0 || g.box != BOX_FOLDER)
		return r < 0 ? r : ERR_NOTFOUND;
	return personal_clear(t, &g, next, max, f);
}

int folder_forget(struct forum_txn *t, uint32_t member, const struct folder *folder, struct fail *f) {
	struct key k = folder_key(member, folder->name);
	int r = forum_del(t, key_slice(&k), f);
	return r < 0 ? r : group_set_owned(t, folder->group, slice_of(NULL, 0), true);
}

int folder_remove(struct forum_txn *t, uint32_t member, struct slice name, struct fail *f) {
	struct folder folder, below;
	struct slice cursor = name;
	int r = folder_find(t, member, name, &folder);
	if (r <= 0)
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such mailbox");
	while ((r = folder_each(t, member, &cursor, &below)) > 0 && slice_starts(below.name, name))
		if (folder_below(below.name, name))
			return fail_set(f, ERR_BUSY, "there are folders below it: delete them first");
	return r < 0 ? r : folder_forget(t, member, &folder, f);
}
