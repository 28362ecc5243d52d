/* trim_parent.c - which lines are copies of the post being answered. Mail programs wrap and indent anew, so words are
 * compared: each line, its white space and '>' reduced, is looked for in the parent's text reduced likewise, from where
 * the last one was found. Work is bounded by a budget; a line that was not looked for counts as the author's. */
#include "forumd/base/text.h"
#include "forumd/mail/trim_private.h"

#define PARENT_WORK 32    /* times the size of both texts */

/* words with single spaces; '>' at the beginning of lines goes */
static void parent_reduce(struct slice s, struct buf *out) {
	struct slice line;
	while (slice_line(&s, &line)) {
		while (line.n && (line.p[0] == '>' || text_space(line.p[0])))
			line = slice_from(line, 1);
		struct slice word;
		while (slice_word(&line, &word)) {
			if (buf_len(out))
				buf_addc(out, ' ');
			buf_add_slice(out, word);
		}
	}
}

void trim_parent_mark(struct trim *t, struct slice parent_text) {
	struct buf parent = { 0 }, words = { 0 };
	parent_reduce(parent_text, &parent);
	t->parent_octets = buf_len(&parent);
	uint64_t work = PARENT_WORK * ((uint64_t)buf_len(&parent) + 100);
	size_t at = 0;
	for (size_t i = 0; i < t->n; i++)
		work += PARENT_WORK * t->v[i].raw.n;
	for (size_t i = 0; i < t->n && t->parent_octets; i++) {
		struct trim_line *l = &t->v[i];
		if (l->kind != TRIM_TEXT && l->kind != TRIM_QUOTED)
			continue;
		buf_reset(&words);
		parent_reduce(l->text, &words);
		struct slice all = buf_slice(&parent), w = buf_slice(&words);
		if (!w.n || work < all.n)
			continue;
		work -= all.n;
		ptrdiff_t found = slice_find(slice_from(all, at), w);
		size_t from = found < 0 ? 0 : at;
		if (found < 0)
			found = slice_find(all, w);
		/* a short line is found anywhere: it counts only where the text goes on */
		if (found >= 0 && (w.n >= 12 || (from == at && found <= 2))) {
			l->known = w.n;
			at = from + (size_t)found + w.n;
		}
	}
	buf_free(&parent), buf_free(&words);
}
