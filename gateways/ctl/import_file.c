/* import_file.c - archives on disk as a stream of messages: mbox and pipermail text, Maildir, single files. Runs in
 * forumctl with the caller's rights; the daemon parses and stores. Files are mapped, not read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "forumd/base/base64.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "gateways/ctl/forumctl.h"

#define WINDOW (1u << 20)   /* octets queued towards the daemon */

void import_send(struct forumctl *x, const struct ctl_message *m) {
	if (x->exit_code >= 0)
		return;
	ctl_wire_message(&x->out, m);
	forumctl_pump(x, WINDOW);
}

void import_note(struct forumctl *x, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&x->notes, fmt, ap);
	va_end(ap);
	buf_addc(&x->notes, '\n');
}

/* ---- mbox ---------------------------------------------------------------------------------------- */

/* "From someone Tue Mar  1 01:47:31 2005": ends in a time and a year, so that prose "From then on" divides nothing */
static bool from_line(struct slice line) {
	if (!slice_starts(line, SLICE("From ")))
		return false;
	bool time = false, year = false;
	struct slice rest = slice_from(line, 5), w;
	while (slice_word(&rest, &w)) {
		if (w.n >= 5 && w.p[2] == ':' && text_digit(w.p[0]) && text_digit(w.p[1]) && text_digit(w.p[3]))
			time = true;
		if (w.n == 4 && text_digit(w.p[0]) && text_digit(w.p[1]) && text_digit(w.p[2]) && text_digit(w.p[3]))
			year = true;
	}
	return time && year;
}

static bool header_line(struct slice line) {
	ptrdiff_t colon = slice_chr(line, ':');
	if (colon <= 0)
		return false;
	for (ptrdiff_t i = 0; i < colon; i++)
		if (line.p[i] <= ' ' || line.p[i] > '~')
			return false;
	return true;
}

/* One field of it: a number that somebody wrote into the file may be none of ours, and is not cut to one. */
static void export_number(struct forumctl *x, const char *origin, struct slice key, struct slice v, uint32_t *n_r) {
	uint64_t n;
	if (num_parse_u64(v, &n) && n <= UINT32_MAX)
		*n_r = (uint32_t)n;
	else
		import_note(x, "%s: Forum-Export: %.*s=%.*s is not understood and left out", origin, SLICE_ARG(key),
			SLICE_ARG(slice_to(v, 40)));
}

/* Forum-Export: of our own export; the rest of the header follows */
static bool export_fields(struct forumctl *x, const char *origin, struct slice line, struct ctl_message *m,
	struct buf *author) {
	struct slice rest, piece;
	if (!slice_starts(line, SLICE("Forum-Export:")))
		return false;
	rest = slice_from(line, 13);
	while (slice_split(&rest, ';', &piece)) {
		piece = slice_trim(piece);
		ptrdiff_t eq = slice_chr(piece, '=');
		struct slice key = eq > 0 ? slice_to(piece, (size_t)eq) : piece,
					 v = eq > 0 ? slice_from(piece, (size_t)eq + 1) : SLICE("");
		uint64_t n = 0;
		if (slice_is(key, "number"))
			export_number(x, origin, key, v, &m->number);
		else if (slice_is(key, "reason"))
			export_number(x, origin, key, v, &m->reason);
		else if (slice_is(key, "state"))
			export_number(x, origin, key, v, &m->state);
		else if (slice_is(key, "flags"))
			export_number(x, origin, key, v, &m->flags);
		else if (slice_is(key, "arrival") && num_parse_u64(v, &n) && n <= INT64_MAX)
			m->arrival = (int64_t)n;
		else if (slice_is(key, "parent"))
			m->parent_id = v;
		else if (slice_is(key, "author") && base64_decode(v, author))
			m->author = buf_slice(author);
	}
	return true;
}

/* ">From " quoting is undone only in our own exports (mboxrd): elsewhere nobody can know what was meant */
static void unquote(struct slice text, struct buf *out) {
	struct slice line;
	while (text.n) {
		char *nl = memchr(text.p, '\n', text.n);
		line = slice_to(text, nl ? (size_t)(nl - text.p) + 1 : text.n);
		text = slice_from(text, line.n);
		size_t gt = 0;
		while (gt < line.n && line.p[gt] == '>')
			gt++;
		if (gt && slice_starts(slice_from(line, gt), SLICE("From ")))
			line = slice_from(line, 1);
		buf_add_slice(out, line);
	}
}

static void send_one(struct forumctl *x, const char *origin, struct slice raw, bool exported) {
	struct ctl_message m = { .raw = raw, .origin = slice_str(origin) };
	struct buf b = {0}, author = {0};
	struct slice first = raw, l;
	if (exported && slice_line(&first, &l) && export_fields(x, origin, l, &m, &author)) {
		unquote(first, &b);
		m.raw = buf_slice(&b);
	}
	import_send(x, &m);
	buf_free(&b);
	buf_free(&author);
}

/* the message under way in an mbox: where it starts, and whether its From line is our own export's */
struct open_message { size_t start; unsigned line; bool open, exported; };

static void mbox_close(struct forumctl *x, const char *name, struct slice text, size_t stop,
	const struct open_message *o) {
	char origin[PATH_MAX + 16];
	const char *base = strrchr(name, '/');
	if (!o->open)
		return;
	/* an empty line before a From line, or at the end, belongs to the format */
	if (stop > o->start + 1 && text.p[stop - 1] == '\n' && text.p[stop - 2] == '\n')
		stop--;
	else if (stop > o->start + 3 && memcmp(text.p + stop - 4, "\r\n\r\n", 4) == 0)
		stop -= 2;
	snprintf(origin, sizeof origin, "%s:%u", base && base[1] ? base + 1 : name, o->line);
	send_one(x, origin, slice_of(text.p + o->start, stop - o->start), o->exported);
}

void import_mbox(struct forumctl *x, const char *name, struct slice text) {
	struct open_message o = {0};
	unsigned line_no = 0;
	for (size_t pos = 0, end; pos < text.n && x->exit_code < 0; pos = end) {
		const char *nl = memchr(text.p + pos, '\n', text.n - pos);
		end = nl ? (size_t)(nl - text.p) + 1 : text.n;
		struct slice line = slice_of(text.p + pos, end - pos);
		line_no++;
		if (line.n <= 5 || line.p[0] != 'F' || !from_line(slice_trim(line)))
			continue;
		struct slice after = slice_from(text, end), next = {0};
		slice_line(&after, &next);
		/* pipermail puts no empty line before some: a header line behind is proof enough */
		if (!header_line(next))
			continue;
		mbox_close(x, name, text, pos, &o);
		o = (struct open_message){ .start = end,
			.line = line_no + 1,
			.open = true,
			.exported = slice_starts(line, SLICE("From export@forumd ")) };
	}
	if (x->exit_code < 0)
		mbox_close(x, name, text, text.n, &o);
}

void import_single(struct forumctl *x, const char *name, struct slice text) {
	const char *base = strrchr(name, '/');
	send_one(x, base && base[1] ? base + 1 : name, text, false);
}

/* ---- files and folders --------------------------------------------------------------------------- */

static int whole_file(const char *path, struct slice *text_r, void **map_r) {
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*map_r = NULL;
	*text_r = SLICE("");
	if (st.st_size) {
		*map_r = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (*map_r == MAP_FAILED) {
			fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
			close(fd);
			return -1;
		}
		*text_r = slice_of(*map_r, (size_t)st.st_size);
	}
	close(fd);
	return 0;
}

static int one_file(struct forumctl *x, enum import_format format, const char *path) {
	struct slice text;
	void *map;
	int r = 0;
	if (whole_file(path, &text, &map) < 0)
		return 1;
	if (!text.n && format != IMPORT_PAGE)
		return 0;                      /* an empty archive holds nothing */
	if (format == IMPORT_AUTO) {
		struct slice rest = text, first = {0};
		slice_line(&rest, &first);
		format = from_line(slice_trim(first)) ? IMPORT_MBOX : import_is_page(text) ? IMPORT_PAGE : IMPORT_MAILDIR;
	}
	if (format == IMPORT_PAGE) {
		if (!import_page(x, path, text)) {
			fprintf(stderr,
				"forumctl: %s does not look like a page with comments (want a title, then comments that begin with a bullet, name and date)\n",
				path);
			r = 1;
		}
	} else if (format == IMPORT_MAILDIR) {
		import_single(x, path, text);
	} else {
		import_mbox(x, path, text);
	}
	if (map)
		munmap(map, text.n);
	return r;
}

/* "2005-March.txt" sorts by month */
static int month_key(const char *name) {
	static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
		"September", "October", "November", "December" };
	if (strlen(name) < 8 || name[4] != '-')
		return -1;
	for (int i = 0; i < 12; i++)
		if (strncmp(name + 5, months[i], strlen(months[i])) == 0)
			return atoi(name) * 12 + i;
	return -1;
}

static int by_name(const void *a, const void *b) {
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int mx = month_key(x), my = month_key(y);
	if (mx >= 0 && my >= 0 && mx != my)
		return mx - my;
	return strverscmp(x, y);
}

static int one_dir(struct forumctl *x, enum import_format format, const char *path, int depth) {
	VEC(char *) names = {0};
	DIR *d = opendir(path);
	struct dirent *e;
	int r = 0;
	if (!d) {
		fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
		return 1;
	}
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "tmp") != 0)
			vec_push(&names, mem_strdup(e->d_name));
	closedir(d);
	if (names.n)
		qsort(names.v, names.n, sizeof *names.v, by_name);
	for (size_t i = 0; i < names.n; i++) {
		char full[PATH_MAX];
		struct stat st;
		snprintf(full, sizeof full, "%s/%s", path, names.v[i]);
		if (x->exit_code < 0 && !r && stat(full, &st) == 0) {
			if (S_ISDIR(st.st_mode))
				r = depth < 20 ? one_dir(x, format, full, depth + 1) : 0;
			else if (S_ISREG(st.st_mode))
				r = one_file(x, format, full);
		}
		mem_free(names.v[i]);
	}
	vec_free(&names);
	return r;
}

int import_paths(struct forumctl *x, enum import_format format, char **paths, int n) {
	int r = 0;
	for (int i = 0; i < n && !r && x->exit_code < 0; i++) {
		struct stat st;
		if (stat(paths[i], &st) < 0) {
			fprintf(stderr, "forumctl: %s: %s\n", paths[i], strerror(errno));
			return 1;
		}
		r = S_ISDIR(st.st_mode) ? one_dir(x, format, paths[i], 0) : one_file(x, format, paths[i]);
	}
	return r;
}
