/* tests/golden/mime: NAME.eml -> NAME.parts, one line a part: its section-like index, type, encoding, place, lines,
 * charset, file name; then the readable text. GOLDEN_WRITE=1 writes the files anew (look at the difference). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "tests/tap/tap.h"

static void describe(struct slice message, struct buf *out) {
	struct arena *a = arena_new();
	struct slice header, body;
	struct mime_table t;
	field_split(message, &header, &body);
	mime_scan(a, header, body, &t);
	for (size_t i = 0; i < t.n; i++) {
		const struct mime_part *p = &t.v[i];
		struct slice charset = mime_param_get(p->params, p->nparams, "charset"), file = mime_file_name(p);
		buf_addf(out, "%zu parent=%d %.*s/%.*s %.*s header=%u+%u body=%u+%u lines=%u charset=%.*s file=%.*s\n", i,
			(int)p->parent, SLICE_ARG(p->type), SLICE_ARG(p->subtype), SLICE_ARG(p->encoding_name), p->header_off,
			p->header_len, p->body_off, p->body_len, p->lines, SLICE_ARG(charset), SLICE_ARG(file));
	}
	buf_addf(out, "readable=%d\n", mime_readable(&t));
	mime_message_text(header, body, 100000, out);
	arena_free(&a);
}

static int eml(const struct dirent *d) {
	return slice_ends(slice_str(d->d_name), SLICE(".eml"));
}

int main(void) {
	const char *top = getenv("top_srcdir");
	char dir[512], path[1024];
	struct dirent **names;
	snprintf(dir, sizeof dir, "%s/tests/golden/mime", top ? top : ".");
	int n = scandir(dir, &names, eml, alphasort);
	ok(n >= 8, "at least eight messages in %s", dir);
	for (int i = 0; i < n; i++) {
		struct buf raw = { 0 }, got = { 0 }, want = { 0 };
		snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
		test_read_file(path, &raw);
		describe(buf_slice(&raw), &got);
		snprintf(path, sizeof path, "%s/%.*s.parts", dir, (int)strlen(names[i]->d_name) - 4, names[i]->d_name);
		if (getenv("GOLDEN_WRITE")) {
			FILE *f = fopen(path, "w");
			if (!f || fwrite(buf_slice(&got).p, 1, buf_len(&got), f) != buf_len(&got) || fclose(f))
				bail("cannot write %s", path);
		}
		test_read_file(path, &want);
		is_slice(buf_slice(&got), buf_slice(&want), "%s", names[i]->d_name);
		buf_free(&raw), buf_free(&got), buf_free(&want);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return done();
}
