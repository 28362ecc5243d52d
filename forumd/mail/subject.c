/* subject.c - base subject (RFC 5256 2.1): strip what replying and forwarding add, from both ends, on slices. Each
 * round takes something away or ends, so the work is linear in the subject. */
#include "forumd/mail/subject.h"
#include "forumd/base/text.h"

/* prefixes mail programs write, without the colon. ASCII ones are compared without case. "R" and "I" (Italian) are
 * left out: they are ordinary first words ("R: memory limit"). */
#define P(word) SLICE_INIT(word)
static const struct slice subject_prefixes[] = {
	P("re"), P("fw"), P("fwd"), P("aw"), P("wg"), P("sv"), P("vs"), P("vb"), P("antw"), P("tr"), P("rv"), P("enc"),
	P("res"), P("odp"), P("pd"), P("ynt"), P("rif"), P("ref"), P("bls"), P("trs"), P("doorst"), P("vl"), P("antwort"),
	P("reply"), P("atb"), P("hl"), P("rép"), P("réf"), P("vá"), P("továbbítás"), P("továbbitás"), P("İlt"), P("ilt"),
	P("На"), P("НА"), P("Отв"), P("Ответ"), P("Пересл"), P("Σχετ"), P("ΣΧΕΤ"), P("ΑΠ"), P("Απ"), P("ΠΡΘ"), P("Πρθ"),
	P("תגובה"), P("הועבר"), P("رد"), P("إعادة توجيه"), P("回复"), P("回覆"), P("答复"), P("答覆"), P("转发"), P("轉寄"), P("轉發"),
	P("返信"), P("転送"), P("답장"), P("회신"), P("전달"), P("trả lời"),
};
#undef P

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

/* plain, trimmed, and without two spaces in a row: nothing to collapse */
static bool subject_is_flat(struct slice s) {
	return text_plain(s) && slice_trim(s).n == s.n && slice_find(s, SLICE("  ")) < 0;
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
	char first = s->n ? text_lower(s->p[0]) : 0;
	for (size_t i = 0; i < sizeof subject_prefixes / sizeof *subject_prefixes; i++) {
		const struct slice *w = &subject_prefixes[i];
		if (text_lower(w->p[0]) == first && w->n > best && slice_starts_nocase(*s, *w))
			best = w->n;
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
	/* most subjects have no colon at all, nor a full-width one */
	if ((slice_chr(t, ':') < 0 && slice_chr(t, '\xef') < 0) || !subject_word(&t))
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
	struct slice s = subject;
	if (!subject_is_flat(subject)) {
		subject_collapse(subject, &flat);
		s = buf_slice(&flat);
	}
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
