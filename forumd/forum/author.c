/* Author lines are looked up for every OVER line, so they are memoised: an open-addressed table by author number, and
 * the last answer before it (runs by one author are common). Read transactions hand the memo on while the snapshot is
 * the same (forum.c), so a renaming shows with the first transaction after its commit. In write transactions a child
 * that is aborted, or a member record that changes, drops the whole memo. */
#include "forumd/forum/author.h"
#include "forumd/base/base64.h"
#include "forumd/base/text.h"
#include "forumd/forum/author_private.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/member.h"

/* of a name that is shown; longer ones are cut */
enum { AUTHOR_NAME_MAX = 200 };

struct author_memo {
	struct author_entry *last;
	struct author_entry **v;       /* size slots, a power of two, at most half full */
	uint32_t size, n;
};

void author_memo_drop(struct forum_txn *t) {
	forum_root(t)->author_memo = NULL;
}

static size_t author_slot(const struct author_memo *m, uint32_t author) {
	size_t i = (author * 2654435761u >> 7) & (m->size - 1);
	while (m->v[i] && m->v[i]->author != author)
		i = (i + 1) & (m->size - 1);
	return i;
}

static void author_memo_grow(struct arena *a, struct author_memo *m) {
	struct author_entry **old = m->v;
	uint32_t n = m->size;
	m->size = n ? n * 4 : 16;
	m->v = arena_zalloc(a, m->size * sizeof *m->v);
	for (uint32_t i = 0; i < n; i++)
		if (old[i])
			m->v[author_slot(m, old[i]->author)] = old[i];
}

static struct slice author_clean(struct arena *a, struct slice name) {
	struct buf b = { 0 };
	name = slice_trim(name);
	for (size_t i = 0; i < name.n; i++)
		buf_addc(&b, text_control(name.p[i]) ? ' ' : name.p[i]);
	size_t n = buf_len(&b);
	if (n > AUTHOR_NAME_MAX)
		for (n = AUTHOR_NAME_MAX; n > 0 && (buf_bytes(&b)[n] & 0xc0) == 0x80; n--)
			;
	struct slice s = arena_slice(a, slice_to(buf_slice(&b), n));
	buf_free(&b);
	return s;
}

/* atoms and spaces: needs no quotes in a From line (RFC 5322 3.2.5) */
static bool author_is_phrase(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (!text_alpha(s.p[i]) && !text_digit(s.p[i]) && !memchr("!#$%&'*+-/=?^_`{|}~ ", s.p[i], 20))
			return false;
	return s.n > 0 && slice_find(s, SLICE("=?")) < 0;
}

/* RFC 2047 words of at most 75 characters, cut between code points, on one line */
static void author_add_words(struct slice s, struct buf *out) {
	while (s.n) {
		size_t n = s.n < 45 ? s.n : 45;
		while (n < s.n && n > 1 && (s.p[n] & 0xc0) == 0x80)
			n--;
		buf_adds(out, "=?UTF-8?B?");
		base64_encode(slice_to(s, n), out);
		buf_adds(out, "?=");
		s = slice_from(s, n);
		if (s.n)
			buf_addc(out, ' ');
	}
}

static void author_add_quoted(struct slice s, struct buf *out) {
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s.p[i]);
	}
	buf_addc(out, '"');
}

static void author_spliced(struct forum_txn *t, struct arena *a, struct author_entry *e, struct slice local) {
	struct buf b = { 0 };
	struct slice domain = t->forum->domain_slice;
	if (!text_is_ascii(e->name))
		author_add_words(e->name, &b);
	else if (author_is_phrase(e->name))
		buf_add_slice(&b, e->name);
	else
		author_add_quoted(e->name, &b);
	buf_addf(&b, " <%.*s@%.*s>", SLICE_ARG(local), SLICE_ARG(domain));
	e->from = arena_slice(a, buf_slice(&b));
	buf_reset(&b);
	buf_adds(&b, "((");
	if (text_is_ascii(e->name)) {
		author_add_quoted(e->name, &b);
	} else {
		buf_addc(&b, '"');
		author_add_words(e->name, &b);
		buf_addc(&b, '"');
	}
	buf_addf(&b, " NIL \"%.*s\" \"%.*s\"))", SLICE_ARG(local), SLICE_ARG(domain));
	e->list = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	e->spliced = true;
}

static void author_load(struct forum_txn *t, struct author_entry *e) {
	struct arena *a = forum_memo_arena(t);
	struct member m;
	bool found = e->author && member_get(t, e->author, &m) > 0;
	if (!found || m.kind == MEMBER_ANONYMOUS || m.kind == MEMBER_GONE) {
		e->name = SLICE("Anonymous");
		author_spliced(t, a, e, SLICE("anonymous"));
		return;
	}
	e->name = author_clean(a, m.name);
	if (m.kind == MEMBER_AUTHOR && !m.renamed)
		return;
	struct slice local = arena_slicef(a, "author-%u", e->author);
	if (e->name.n == 0)
		e->name = local;
	author_spliced(t, a, e, local);
}

const struct author_entry *author_entry(struct forum_txn *t, uint32_t author) {
	struct forum_txn *root = forum_root(t);
	struct author_memo *m = root->author_memo;
	if (!m)
		root->author_memo = m = ARENA_NEW(forum_memo_arena(root), struct author_memo);
	if (m->last && m->last->author == author)
		return m->last;
	if (m->n * 2 >= m->size)
		author_memo_grow(forum_memo_arena(root), m);
	struct author_entry **slot = &m->v[author_slot(m, author)];
	if (!*slot) {
		struct author_entry *e = ARENA_NEW(forum_memo_arena(root), struct author_entry);
		e->author = author;
		author_load(t, e);
		*slot = e;
		m->n++;
	}
	return m->last = *slot;
}

/* An imported author whose typed From is empty still needs a line. */
static struct slice author_nameless(struct forum_txn *t, const struct author_entry *e, bool list) {
	struct author_entry made = { .author = e->author, .name = e->name };
	struct slice local = arena_slicef(t->arena, "author-%u", e->author);
	if (made.name.n == 0)
		made.name = local;
	author_spliced(t, t->arena, &made, local);
	return list ? made.list : made.from;
}

struct slice author_from(struct forum_txn *t, uint32_t author, struct slice typed) {
	const struct author_entry *e = author_entry(t, author);
	if (e->spliced)
		return e->from;
	return typed.n ? typed : author_nameless(t, e, false);
}

struct slice author_name(struct forum_txn *t, uint32_t author, struct slice typed) {
	const struct author_entry *e = author_entry(t, author);
	if (e->spliced || e->name.n)
		return e->name;
	ptrdiff_t at = slice_rchr(typed, '<');
	struct slice name = slice_trim(at > 0 ? slice_to(typed, (size_t)at) : typed);
	if (name.n >= 2 && name.p[0] == '"' && name.p[name.n - 1] == '"')
		name = slice_sub(name, 1, name.n - 2);
	return author_clean(t->arena, name);
}

bool author_is_spliced(struct forum_txn *t, uint32_t author) {
	return author_entry(t, author)->spliced;
}

struct slice author_envelope(struct forum_txn *t, uint32_t author, struct slice typed_list) {
	const struct author_entry *e = author_entry(t, author);
	if (e->spliced)
		return e->list;
	return typed_list.n ? typed_list : author_nameless(t, e, true);
}
