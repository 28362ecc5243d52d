/* subject.c - base subject (RFC 5256 2.1): strip what replying and forwarding add, from both ends, on slices. Each
 * round takes something away or ends, so the work is linear in the subject. */
#include "forumd/mail/subject.h"
#include "forumd/base/text.h"

/* prefixes mail programs write, without the colon. ASCII ones are compared without case. "R" and "I" (Italian) are
 * left out: they are ordinary first words ("R: memory limit"). */
static const char *const subject_prefixes[] = {
	"re", "fw", "fwd", "aw", "wg", "sv", "vs", "vb", "antw", "tr", "rv", "enc", "res", "odp", "pd", "ynt", "rif", "ref",
	"bls", "trs", "doorst", "vl", "antwort", "reply", "atb", "hl", "rép", "réf", "vá", "továbbítás", "továbbitás",
	"İlt", "ilt", "На", "НА", "Отв", "Ответ", "Пересл", "Σχετ", "ΣΧΕΤ", "ΑΠ", "Απ", "ΠΡΘ", "Πρθ", "תגובה", "הועבר",
	"رد", "إعادة توجيه", "回复", "回覆", "答复", "答覆", "转发", "轉寄", "轉發", "返信", "転送", "답장", "회신", "전달", "trả lời",
};

/* one space for each run of white space */
static void subject_collapse(struct slice s, struct buf *out) {
	s = slice_trim(s);
	for (size_t i = 0; i < s.n; i++) {
		bool blank = text_control(s.p[i]) || s.p[i] == ' ';
		if (!blank)
			buf_addc(out, s.p[i]);
		else if (i + 1 < s.n && s.p[i + 1] != ' ' && !text_control(s.p[i + 1]))
			buf_addc(out, ' ');
	}
}

static struct slice subject_skip_blank(struct slice s) {
	while (s.n && s.p[0] == ' ')
		s = slice_from(s, 1);
	return s;
}

/* "[...]" at the front */
static bool subject_blob(struct slice *s) {
	if (!s->n || s->p[0] != '[')
		return false;
	for (size_t i = 1; i < s->n && s->p[i] != '['; i++)
		if (s->p[i] == ']') {
			*s = subject_skip_blank(slice_from(*s, i + 1));
			return true;
		}
	return false;
}

static bool subject_word(struct slice *s) {
	size_t best = 0;
	for (size_t i = 0; i < sizeof subject_prefixes / sizeof *subject_prefixes; i++) {
		struct slice w = slice_str(subject_prefixes[i]);
		if (w.n > best && slice_starts_nocase(*s, w))
			best = w.n;
	}
	*s = slice_from(*s, best);
	return best > 0;
}

/* counters some programs add: Re^2, Re[2], Re(2), Re*2, Re2 */
static void subject_counter(struct slice *s) {
	struct slice t = *s;
	char close = 0;
	if (t.n && (t.p[0] == '^' || t.p[0] == '*'))
		t = slice_from(t, 1);
	else if (t.n && (t.p[0] == '[' || t.p[0] == '('))
		close = t.p[0] == '[' ? ']' : ')', t = slice_from(t, 1);
	size_t n = 0;
	while (n < t.n && n < 4 && text_digit(t.p[n]))
		n++;
	if (!n || (close && (n >= t.n || t.p[n] != close)))
		return;
	*s = slice_from(t, n + (close ? 1 : 0));
}

/* word, counter, blob, colon (also the full-width one) */
static bool subject_reply(struct slice *s) {
	struct slice t = *s;
	if (!subject_word(&t))
		return false;
	subject_counter(&t);
	t = subject_skip_blank(t);
	subject_blob(&t);
	if (t.n && t.p[0] == ':')
		t = slice_from(t, 1);
	else if (slice_starts(t, SLICE("\xef\xbc\x9a")))
		t = slice_from(t, 3);
	else
		return false;
	*s = subject_skip_blank(t);
	return true;
}

static bool subject_leaders(struct slice *s) {
	bool reply = false;
	for (;;) {
		struct slice t = *s;
		while (subject_blob(&t))
			;
		if (subject_reply(&t)) {
			reply = true;
			*s = t;
			continue;
		}
		/* blobs alone go only when something remains; nothing can follow them that this loop knows */
		for (t = *s; subject_blob(&t) && t.n;)
			*s = t;
		return reply;
	}
}

bool subject_base(struct slice subject, struct buf *out) {
	struct buf flat = { 0 };
	bool reply = false;
	subject_collapse(subject, &flat);
	struct slice s = buf_slice(&flat);
	for (;;) {
		while (slice_ends_nocase(s, SLICE("(fwd)"))) {
			s = slice_trim(slice_to(s, s.n - 5));
			reply = true;
		}
		reply |= subject_leaders(&s);
		if (!slice_starts_nocase(s, SLICE("[fwd:")) || s.p[s.n - 1] != ']')
			break;
		s = slice_trim(slice_sub(s, 5, s.n - 6));
		reply = true;
	}
	buf_add_slice(out, s);
	buf_free(&flat);
	return reply;
}
