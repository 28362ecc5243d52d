/* mime_scan.c - raw message -> part table, in one pass, without recursion.
 * Only lines that begin with "--" are looked at. Each is looked up in a table of the boundaries that are open (keyed
 * hash, so that nobody can choose collisions; the innermost of equal boundaries wins), so a line costs the same at any
 * depth. A stack holds the parts that are open: a boundary line of level k ends all parts above k.
 * Invariants: children lie inside their parents' bodies; parts are in the order they start (a parent before its
 * children), which mime_part.c relies on; offsets only grow, so lines are counted by one cursor. */
#include "forumd/mail/mime_private.h"
#include "forumd/base/hash.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"

#define BOUNDARY_MAX 998
#define BUCKETS 64

struct scan_level {
	uint32_t part, last_child;
	struct slice boundary;       /* of an open multipart; empty: nothing to look for */
	uint32_t lines_before;       /* line count where the body of the part begins */
	int bucket_next;             /* next outer level in the same bucket, -1 none */
	uint64_t hash;
};

struct scan {
	struct arena *a;
	struct slice body;
	struct mime_part *v;
	size_t n, cap;
	struct scan_level stack[MIME_DEPTH_MAX + 2];
	int top;                     /* -1: empty */
	int active;                  /* multiparts whose boundary is looked for */
	int bucket[BUCKETS];
	size_t counted;              /* lines before this offset are in `lines` */
	uint32_t lines;
	bool cut;
};

struct delimiter { int level; bool closing; size_t line, next; };

static uint32_t scan_lines_to(struct scan *s, size_t to) {
	const char *p = s->body.p + s->counted, *end = s->body.p + to;
	if (to <= s->counted)
		return s->lines;
	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		s->lines++;
		if (++p == end)
			break;
	}
	s->counted = to;
	return s->lines;
}

static uint32_t scan_part_new(struct scan *s, int32_t parent, uint32_t depth) {
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 4 : 4;
		struct mime_part *v = arena_alloc(s->a, cap * sizeof *v);
		if (s->n)
			memcpy(v, s->v, s->n * sizeof *v);
		s->v = v;
		s->cap = cap;
	}
	memset(&s->v[s->n], 0, sizeof *s->v);
	s->v[s->n].parent = parent;
	s->v[s->n].depth = depth;
	return (uint32_t)s->n++;
}

static uint32_t scan_child_new(struct scan *s) {
	struct scan_level *l = &s->stack[s->top];
	uint32_t parent = l->part, i = scan_part_new(s, (int32_t)parent, s->v[parent].depth + 1);
	if (s->v[parent].children++)
		s->v[l->last_child].next = i;
	else
		s->v[parent].first_child = i;
	l->last_child = i;
	return i;
}

/* opens the boundary of the level on top */
static void scan_activate(struct scan *s, struct slice boundary) {
	struct scan_level *l = &s->stack[s->top];
	l->boundary = boundary;
	l->hash = hash_bytes(boundary);
	l->bucket_next = s->bucket[l->hash % BUCKETS];
	s->bucket[l->hash % BUCKETS] = s->top;
	s->active++;
}

/* the level is the innermost active one: all above it are gone already */
static void scan_deactivate(struct scan *s, int level) {
	struct scan_level *l = &s->stack[level];
	if (!l->boundary.n)
		return;
	s->bucket[l->hash % BUCKETS] = l->bucket_next;
	l->boundary.n = 0;
	s->active--;
}

static int scan_find_level(struct scan *s, struct slice boundary) {
	if (!boundary.n)
		return -1;
	uint64_t hash = hash_bytes(boundary);
	int i = s->bucket[hash % BUCKETS];
	while (i >= 0 && (s->stack[i].hash != hash || !slice_eq(s->stack[i].boundary, boundary)))
		i = s->stack[i].bucket_next;
	return i;
}

/* is the line that starts at `at` with "--" a boundary of an open multipart? */
static bool scan_delimiter(struct scan *s, size_t at, struct delimiter *d_r) {
	const char *lf = memchr(s->body.p + at, '\n', s->body.n - at);
	d_r->line = at;
	d_r->next = lf ? (size_t)(lf - s->body.p) + 1 : s->body.n;
	struct slice line = slice_sub(s->body, at + 2, d_r->next - at - 2);
	if (line.n > 2 * BOUNDARY_MAX)
		return false;
	while (line.n && (text_space(line.p[line.n - 1]) || line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
		line.n--;
	int part = scan_find_level(s, line), close = -1;
	if (line.n > 2 && line.p[line.n - 1] == '-' && line.p[line.n - 2] == '-')
		close = scan_find_level(s, slice_to(line, line.n - 2));
	d_r->closing = close > part;
	d_r->level = close > part ? close : part;
	return d_r->level >= 0;
}

/* the next boundary line; `from` is a line start */
static bool scan_next(struct scan *s, size_t from, struct delimiter *d_r) {
	while (s->active && from + 2 <= s->body.n) {
		if (s->body.p[from] != '-' || s->body.p[from + 1] != '-') {
			const char *hit = memmem(s->body.p + from, s->body.n - from, "\n--", 3);
			if (!hit)
				return false;
			from = (size_t)(hit - s->body.p) + 1;
		}
		if (scan_delimiter(s, from, d_r))
			return true;
		from = d_r->next;
	}
	return false;
}

/* the same for an offset that the cursor may have passed by a line end: that before a boundary, read as the end of a
 * header */
static uint32_t scan_lines_at(struct scan *s, size_t to) {
	uint32_t n = scan_lines_to(s, to);
	for (size_t i = to; i < s->counted; i++)
		n -= s->body.p[i] == '\n';
	return n;
}

/* The header of an embedded message that has no body lies inside the part it is the content of. */
static void scan_clip_header(struct scan *s, struct mime_part *p, size_t end) {
	if (p->parent < 0 || s->v[p->parent].kind != MIME_MESSAGE || p->body_off <= end)
		return;
	p->header_len = end > p->header_off ? (uint32_t)(end - p->header_off) : 0;
	p->body_off = p->header_off + p->header_len;
}

/* End all parts above `level` before the line at `line`: its line end belongs to the boundary (RFC 2046 5.1.1). */
static void scan_close_above(struct scan *s, int level, size_t line, bool boundary) {
	size_t end = line;
	if (boundary && end > 0 && s->body.p[end - 1] == '\n')
		end -= end > 1 && s->body.p[end - 2] == '\r' ? 2 : 1;
	for (; s->top > level; s->top--) {
		struct scan_level *l = &s->stack[s->top];
		struct mime_part *p = &s->v[l->part];
		scan_deactivate(s, s->top);
		scan_clip_header(s, p, end);
		p->body_len = end > p->body_off ? (uint32_t)(end - p->body_off) : 0;
		if (!p->body_len)
			continue;
		p->lines = scan_lines_at(s, end) - l->lines_before;
		if (s->body.p[end - 1] != '\n')
			p->lines++;
	}
}

/* The MIME header (or that of an embedded message) at `from`: up to the empty line, or to a boundary line when there
 * is none. Returns where the body begins. */
static size_t scan_head(struct scan *s, uint32_t i, size_t from, bool message, bool digest, struct slice *boundary_r) {
	struct delimiter d;
	size_t at = from, end;
	struct slice rest = slice_from(s->body, from), header;
	struct field f;
	/* a part that does not begin with a field has no header at all */
	bool none = !message && field_next(&rest, &f) && !f.name.n && !slice_starts(f.raw, SLICE("From ")) &&
		!slice_starts(f.raw, SLICE(">From "));
	for (end = from; !none && at < s->body.n; end = at) {
		const char *p = s->body.p + at;
		if (*p == '\n' || (*p == '\r' && at + 1 < s->body.n && p[1] == '\n')) {
			at += *p == '\n' ? 1 : 2;
			break;
		}
		if (*p == '-' && at + 1 < s->body.n && p[1] == '-' && scan_delimiter(s, at, &d))
			break;
		p = memchr(p, '\n', s->body.n - at);
		at = p ? (size_t)(p - s->body.p) + 1 : s->body.n;
	}
	header = slice_sub(s->body, from, end - from);
	s->v[i].header_off = (uint32_t)from;
	s->v[i].header_len = (uint32_t)(at - from);
	s->v[i].body_off = (uint32_t)at;
	mime_head(s->a, header, digest, &s->v[i], boundary_r);
	if (message) {
		s->v[i].header = header;
		s->v[s->v[i].parent].header = header;
	}
	return at;
}

/* Push part i, and descend as long as parts are embedded messages. Returns where to look for boundaries. */
static size_t scan_open(struct scan *s, uint32_t i, struct slice boundary, size_t at) {
	for (;;) {
		struct mime_part *p = &s->v[i];
		s->stack[++s->top] = (struct scan_level){
			.part = i, .lines_before = scan_lines_to(s, at), .boundary = { "", 0 }
		};
		bool deep = p->depth >= MIME_DEPTH_MAX;
		if (p->kind == MIME_MULTIPART) {
			s->cut |= deep;
			if (!deep && boundary.n && boundary.n <= BOUNDARY_MAX)
				scan_activate(s, boundary);
			return at;
		}
		if (p->kind != MIME_MESSAGE)
			return at;
		if (deep || s->n >= MIME_PARTS_MAX) {
			s->cut = true;
			return at;
		}
		i = scan_child_new(s);
		at = scan_head(s, i, at, true, false, &boundary);
	}
}

/* Multiparts without parts are text, so that nothing is lost; messages that were not entered are opaque. */
static void scan_settle(struct scan *s) {
	for (size_t i = 0; i < s->n; i++) {
		struct mime_part *p = &s->v[i];
		if (p->kind == MIME_MULTIPART && !p->children)
			mime_head_plain(p);
		else if (p->kind == MIME_MESSAGE && !p->children)
			p->kind = MIME_LEAF;
		else if (p->kind == MIME_MULTIPART && p->encoding >= MIME_QP)
			p->encoding = MIME_7BIT;
	}
}

void mime_scan(struct arena *a, struct slice header, struct slice body, struct mime_table *table_r) {
	struct scan s = { .a = a, .body = slice_to(body, UINT32_MAX), .top = -1 };
	struct slice boundary;
	struct delimiter d;
	for (int i = 0; i < BUCKETS; i++)
		s.bucket[i] = -1;
	scan_part_new(&s, -1, 0);
	mime_head(a, header, false, &s.v[0], &boundary);
	size_t at = scan_open(&s, 0, boundary, 0);
	while (scan_next(&s, at, &d)) {
		if (!d.closing && s.n >= MIME_PARTS_MAX) {
			s.cut = true;
			break;
		}
		scan_close_above(&s, d.level, d.line, true);
		at = d.next;
		if (d.closing) {
			scan_deactivate(&s, d.level);
			continue;
		}
		bool digest = slice_is(s.v[s.stack[d.level].part].subtype, "digest");
		uint32_t i = scan_child_new(&s);
		at = scan_head(&s, i, d.next, false, digest, &boundary);
		at = scan_open(&s, i, boundary, at);
	}
	scan_close_above(&s, -1, s.body.n, false);
	scan_settle(&s);
	*table_r = (struct mime_table){ s.v, s.n, s.cut };
}
