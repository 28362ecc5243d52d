/* smtp_order_digest.c - an answer to a whole digest: each paragraph that begins with "2:" is a post in answer to the
 * second post of the digest. All of them, or none. */
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/replace.h"
#include "forumd/mail/subject.h"
#include "gateways/common/notice.h"
#include "gateways/smtp/smtp_order_private.h"

#define ANSWERS_MAX 20

/* "2: I agree", "2) ...", "#2. ...": the number, and what stands behind it; 0 */
static uint32_t numbered(struct slice line, struct slice *rest_r) {
	struct slice s = slice_trim(line);
	uint32_t n = 0;
	size_t i = 0;

	if (s.n && s.p[0] == '#')
		s = slice_from(s, 1);
	while (i < s.n && i < 4 && text_digit(s.p[i]))
		i++;
	if (!i || i == s.n || !memchr(":.)", s.p[i], 3) || !num_parse_u32(slice_to(s, i), &n))
		return 0;
	*rest_r = slice_trim(slice_from(s, i + 1));
	return n;
}

static bool first_waits(struct forum_txn *t, uint32_t member) {
	struct slice v;
	char key[4];

	num_put32(key, member);
	return memo_get(t, MEMO_FIRST, slice_of(key, 4), &v) > 0;
}

static int answer_one(struct forum_txn *t, struct arena *a, struct smtp_order *o, uint64_t post, uint32_t group,
	struct slice text, struct fail *f) {
	struct post_in_cut cut = { .reply = true, .text = text };
	struct smtp_receipt r = { .member = o->member,
		.group = group,
		.address = o->address,
		.message_id = o->message_id,
		.cut = &cut,
		.hold_seconds = o->hold_seconds };
	struct buf raw = { 0 }, subject = { 0 };
	struct post_draft d;
	struct post_result res;
	struct member who;
	struct post p;
	int e;

	post = replace_latest(t, post);
	if (post_get(t, post, &p) <= 0 || (p.state != POST_VISIBLE && p.state != POST_DELETED))
		return fail_set(f, ERR_GONE, "one of these posts is not there any more");
	if (!post_number_in(&p, group) && p.nplaces)
		group = r.group = p.places[0].group;     /* moved since */
	struct post_in in = { .source = POST_FROM_MAIL,
		.member = o->member,
		.groups = &group,
		.ngroups = 1,
		.reply_to = post,
		.reply_reason = PARENT_REPLY_KEY,
		.max_size = UINT32_MAX / 2,
		.hold = first_waits(t, o->member),
		.hold_reason = SLICE(HOLD_FIRST) };

	r.hold = in.hold ? in.hold_reason : SLICE("");
	buf_adds(&subject, "Re: ");
	subject_base(p.subject, &subject);
	order_message(t, buf_slice(&subject), text, &raw);
	buf_free(&subject);
	e = post_in_parse(t, &in, arena_slice(a, buf_slice(&raw)), a, &d, f);
	buf_free(&raw);
	if (e < 0 || (e = post_add(t, &d, &res, f)) < 0)
		return e;
	r.post = res.id;
	trace_add(t, res.id, d.message_id, "mail to a digest: %s", res.state == POST_PENDING ? "held" : "posted");
	if (member_get(t, o->member, &who) > 0 && (!who.no_receipts || res.state == POST_PENDING) &&
		smtp_receipt_add(t, &r) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return 1;
}

int order_digest(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	struct slice posts, text = o->text, line, rest, start;
	struct buf one = { 0 };
	uint32_t at = 0, n;
	unsigned done = 0;
	int e = notice_question(t, o->question, &posts);

	if (e <= 0)
		return fail_set(f, ERR_GONE, "this digest is too old to be answered as a whole; answer one of its posts");
	if (!o->proven)
		return fail_set(f, ERR_DENIED,
			"the sender check of the mail server failed (SPF, DKIM, DMARC); log in to send it");
	if (o->text.n >= SMTP_ORDER_TEXT_MAX)
		return fail_set(f, ERR_TOOBIG, "that is too long for an answer to a digest; answer its posts one by one");
	e = 1;
	at = posts.n == 12 ? 1 : 0;     /* a digest of one post: no number is needed */
	while (e > 0) {
		bool more = slice_line(&text, &line);

		n = more ? numbered(line, &start) : 0;
		if (more && !n) {
			if (!at && slice_trim(line).n) {
				e = fail_set(f, ERR_INVALID,
					"begin each answer with the number of the post it is for, such as  2: I agree");
				break;
			}
			buf_addf(&one, "%.*s\n", SLICE_ARG(line));
			continue;
		}
		rest = slice_trim(buf_slice(&one));
		if (at && rest.n) {
			if (++done > ANSWERS_MAX)
				e = fail_set(f, ERR_LIMIT, "no more than %d answers in one mail", ANSWERS_MAX);
			else
				e = answer_one(t, a, o, num_get64(posts.p + 12 * (at - 1)), num_get32(posts.p + 12 * (at - 1) + 8),
					arena_slice(a, rest), f);
		}
		buf_reset(&one);
		if (!more || e < 0)
			break;
		if (n > posts.n / 12) {
			e = fail_set(f, ERR_INVALID, "the digest has no number %u", n);
			break;
		}
		at = n;
		buf_addf(&one, "%.*s\n", SLICE_ARG(start));
	}
	buf_free(&one);
	if (e > 0 && !done)
		e = fail_set(f, ERR_INVALID, "nothing was written");
	return e;
}
