/* founding.c - settings of the store (M): founding:GROUP the text, founding-old:GROUP the one before,
 * founding-version:GROUP, accepted:GROUP:MEMBER "version time". */
#include <stdio.h>
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/forum/member.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/subscribe.h"
#include "gateways/common/founding.h"
#include "gateways/common/notice.h"

#define DIFF_LINES 400
#define ASK_DAYS 60

static const char *name_of(struct forum_txn *t, const char *what, uint32_t group) {
	return arena_printf(forum_arena(t), "%s:%u", what, group);
}

static uint32_t number(struct slice s) {
	struct slice word;
	uint32_t n = 0;

	return slice_word(&s, &word) && num_parse_u32(word, &n) ? n : 0;
}

int founding_get(struct forum_txn *t, uint32_t group, struct founding *f_r) {
	struct slice version;
	int e = forum_meta_get(t, name_of(t, "founding", group), &f_r->text);

	if (e <= 0 || !f_r->text.n)
		return e < 0 ? e : 0;
	f_r->version = forum_meta_get(t, name_of(t, "founding-version", group), &version) > 0 ? number(version) : 1;
	return 1;
}

int founding_set(struct forum_txn *t, uint32_t group, struct slice text, struct fail *f) {
	struct founding old = { 0 };
	struct slice version;
	uint32_t n;
	int had = founding_get(t, group, &old), e;

	if (text.n > FOUNDING_MAX)
		return fail_set(f, ERR_TOOBIG, "a founding text has %d octets at most: it goes into a mail", FOUNDING_MAX);
	if (had < 0 || (had > 0 && slice_eq(old.text, text)) || (!had && !text.n))
		return had < 0 ? fail_set(f, (enum err)had, "the store cannot be read now") : 0;
	/* counting goes on when there was a text long ago */
	n = forum_meta_get(t, name_of(t, "founding-version", group), &version) > 0 ? number(version) + 1 : 1;
	old.text = arena_slice(forum_arena(t), old.text);
	e = forum_meta_put(t, name_of(t, "founding-old", group), old.text);
	if (e >= 0)
		e = forum_meta_put(t, name_of(t, "founding", group), text);
	if (e >= 0)
		e = forum_meta_put(t, name_of(t, "founding-version", group), arena_slicef(forum_arena(t), "%u", n));
	if (e >= 0 && text.n)
		e = mailq_add_founding(t, group);
	return e < 0 ? fail_set(f, (enum err)e, "the text cannot be kept now, try again later") : 1;
}

int founding_accept(struct forum_txn *t, uint32_t group, uint32_t member, uint32_t version) {
	return forum_meta_put(t, arena_printf(forum_arena(t), "accepted:%u:%u", group, member),
		arena_slicef(forum_arena(t), "%u %lld", version, (long long)forum_time(t)));
}

uint32_t founding_accepted(struct forum_txn *t, uint32_t group, uint32_t member, int64_t *at_r) {
	struct slice v, word;
	uint64_t at = 0;
	uint32_t version;

	if (forum_meta_get(t, arena_printf(forum_arena(t), "accepted:%u:%u", group, member), &v) <= 0)
		return 0;
	version = number(v);
	if (at_r && slice_word(&v, &word) && slice_word(&v, &word) && num_parse_u64(word, &at))
		*at_r = (int64_t)at;
	return version;
}

/* ---- what changed ---- */

static size_t lines_of(struct slice s, struct slice v[DIFF_LINES]) {
	size_t n = 0;

	while (n < DIFF_LINES && slice_line(&s, &v[n]))
		n++;
	return n;
}

void founding_diff(struct slice old, struct slice fresh, struct buf *out) {
	struct slice *a = mem_alloc(2 * DIFF_LINES * sizeof *a), *b = a + DIFF_LINES;
	size_t n = lines_of(old, a), m = lines_of(fresh, b), i = 0, k = 0;
	/* length of the longest common sequence of a[i..], b[k..] */
	uint16_t *common = mem_zalloc((n + 1) * (m + 1) * sizeof *common);
#define COMMON(x, y) common[(x) * (m + 1) + (y)]

	for (size_t x = n; x-- > 0;)
		for (size_t y = m; y-- > 0;)
			COMMON(x, y) = slice_eq(a[x], b[y]) ? (uint16_t)(COMMON(x + 1, y + 1) + 1)
				: COMMON(x + 1, y) > COMMON(x, y + 1) ? COMMON(x + 1, y) : COMMON(x, y + 1);
	while (i < n || k < m) {
		if (i < n && k < m && slice_eq(a[i], b[k])) {
			buf_addf(out, "  %.*s\n", SLICE_ARG(b[k]));
			i++, k++;
		} else if (i < n && (k == m || COMMON(i + 1, k) >= COMMON(i, k + 1))) {
			buf_addf(out, "- %.*s\n", SLICE_ARG(a[i]));
			i++;
		} else {
			buf_addf(out, "+ %.*s\n", SLICE_ARG(b[k]));
			k++;
		}
	}
#undef COMMON
	mem_free(common);
	mem_free(a);
}

/* ---- asking ---- */

/* the value notice_ask() keeps is smtp_order.c's: member, post, group, address, name, line */
static int question(struct forum_txn *t, uint32_t group, const struct member *m, uint32_t version, int64_t *number_r) {
	struct buf v = { 0 };

	num_add_varint(&v, m->id);
	num_add_varint(&v, 0);
	num_add_varint(&v, group);
	num_add_bytes(&v, m->addresses[0]);
	num_add_bytes(&v, SLICE(""));
	num_add_bytes(&v, arena_slicef(forum_arena(t), "agree %u", version));
	*number_r = notice_ask(t, buf_slice(&v), ASK_DAYS);
	buf_free(&v);
	return *number_r < 0 ? (int)*number_r : 1;
}

static bool is_asked(struct forum_txn *t, uint32_t group, const struct member *m, uint32_t version) {
	uint32_t accepted = founding_accepted(t, group, m->id, NULL);
	struct group g;

	if (m->kind != MEMBER_ACCOUNT || !member_takes_mail(m) || accepted >= version)
		return false;
	if (!group)
		return true;
	return group_get(t, group, &g) > 0 && rights_can_read(t, m->id, &g) &&
		(accepted || subscribe_get(t, m->id, group) != SUBSCRIBE_NONE);
}

int founding_ask(struct forum_txn *t, uint32_t group, uint32_t member) {
	struct notice n = { 0 };
	struct founding now;
	struct slice old = { 0 };
	struct buf text = { 0 };
	struct member m;
	struct group g;
	int64_t asked;
	int e = founding_get(t, group, &now);

	if (e <= 0 || (e = member_get(t, member, &m)) <= 0 || !is_asked(t, group, &m, now.version))
		return e < 0 ? e : 1;
	if ((e = question(t, group, &m, now.version, &asked)) < 0)
		return e;
	forum_meta_get(t, name_of(t, "founding-old", group), &old);
	n.name = group && group_get(t, group, &g) > 0 ? g.name : slice_str(forum_domain(forum_of(t)));
	buf_addf(&text,
		"What members of %.*s agree to has a new version, number %u. If you agree, answer this mail with the words\n\n  I agree\n\n"
		"You are asked once; nothing is taken from you if you do not answer.\n\n",
		SLICE_ARG(n.name), now.version);
	if (old.n && founding_accepted(t, group, m.id, NULL) == now.version - 1) {
		buf_adds(&text, "------ what changed (- went, + is new) ------\n");
		founding_diff(old, now.text, &text);
	} else {
		buf_addf(&text, "------ the text ------\n%.*s\n", SLICE_ARG(now.text));
	}
	n.to = m.addresses[0];
	n.subject = arena_slicef(forum_arena(t), "What members of %.*s agree to, version %u", SLICE_ARG(n.name),
		now.version);
	n.text = buf_slice(&text);
	n.reply_to = notice_answer_to(t, TOKEN_QUESTION, (uint64_t)asked, m.id, group, ASK_DAYS);
	e = notice_add(t, &n);
	buf_free(&text);
	return e;
}
