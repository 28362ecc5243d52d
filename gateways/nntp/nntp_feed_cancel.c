/* nntp_feed_cancel.c - what other servers withdraw, and the way articles came.
 *
 * A cancel, or Supersedes, needs the key to the article's lock (RFC 8315), or a peer that is trusted for the groups in
 * which the post stands. One that comes before its article waits for it three days. One that was done goes on to the
 * peers that have the article from here: it is kept as it came, with our name in front of its Path, for XFEED CANCEL.
 */
#include "forumd/forum/memo.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "forumd/forum/withdrawn.h"
#include "gateways/common/cancel_lock.h"
#include "gateways/common/post_in.h"
#include "gateways/common/wildmat.h"
#include "gateways/nntp/nntp_private.h"

#define EARLY_SECONDS (3 * 86400)
#define KEEP_SECONDS (30 * 86400)
#define MEMO_MAX 1900

/* ---- rights ------------------------------------------------------------------------------------------------------------ */

static bool cancel_trusted(struct forum_txn *t, const struct config_peer *peer, const struct post *p) {
	struct group g;
	if (!peer || !peer->cancels || p->state == POST_DELETED)
		return false;
	for (size_t i = 0; i < p->nplaces; i++)
		if (group_get(t, p->places[i].group, &g) <= 0 || g.access == GROUP_OWN ||
			!wildmat_match(slice_str(peer->groups), g.name))
			return false;
	return p->nplaces > 0;
}

int nntp_cancel_of_peer(struct forum_txn *t, const struct config_peer *peer, struct slice header, struct slice id,
	const char *why, struct nntp_cancel *c_r) {
	struct post p;
	int r = nntp_cancel_find(t, 0, header, id, why, c_r);
	if (r != 0 || (r = post_by_msgid(t, slice_trim(id), &p)) <= 0 || !cancel_trusted(t, peer, &p))
		return r < 0 ? r : r > 0 && c_r->by == CANCEL_KEY;
	*c_r = (struct nntp_cancel){ .post = p.id, .by = CANCEL_PEER, .why = why };
	return 1;
}

/* ---- the control message ----------------------------------------------------------------------------------------------- */

/* draft: the message as it is kept in control.cancel; NULL: it is not */
struct feed_cancel { struct nntp_cancel c; struct slice target, own_id, memo; struct post_draft *draft; };

static int feed_cancel_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	const struct feed_cancel *x = j->data;
	int r = x->c.by == CANCEL_NOT ? 1 : nntp_cancel_do(t, &x->c, f);
	int64_t now = forum_time(t);
	if (r < 0)
		return r;
	if ((x->memo.n &&
			memo_put(t, MEMO_CANCEL, x->target, x->memo, now + (x->c.by == CANCEL_NOT ? EARLY_SECONDS : KEEP_SECONDS)) <
				0) ||
		memo_put(t, MEMO_SEEN, x->own_id, SLICE("1"), now + KEEP_SECONDS) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take it now");
	if (x->draft && (r = withdrawn_keep(t, x->c.post, x->draft, f)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take it now");
	return 1;
}

/* For those who fetch here: the message in our control.cancel. 1, 0 it goes into none, < 0 with words */
static int feed_cancel_keep(struct session *s, struct forum_txn *t, struct job *j, struct slice raw, struct fail *f) {
	struct feed_cancel *x = j->data;
	struct post_in in = { .source = POST_FROM_FEED,
		.import = true,
		.no_mail = true,
		.max_size = s->config->message_size,
		.path_host = slice_str(s->config->domain) };
	struct buf diagnostic = { 0 };
	struct slice header, body;
	struct group g;
	struct post p;
	int r = post_get(t, x->c.post, &p);
	if (r > 0)
		r = withdrawn_group(t, &p, &g);
	if (r <= 0)
		return r < 0 ? fail_set(f, r, "try again later") : 0;
	field_split(raw, &header, &body);
	nntp_feed_diagnostic(s, header, &diagnostic);
	in.path_diagnostic = buf_slice(&diagnostic);
	in.groups = &g.id;
	in.ngroups = 1;
	x->draft = ARENA_NEW(j->arena, struct post_draft);
	r = post_in_parse(t, &in, raw, j->arena, x->draft, f);
	x->draft->flags |= POST_AUTO;
	j->size = x->draft->header_z1.n + x->draft->header_z2.n + x->draft->body_z.n;
	buf_free(&diagnostic);
	return r < 0 ? r : 1;
}

/* 'A' and the message as it goes on: our name in Path, Xref of the other server left out; empty when it is too long to
 * be kept */
static struct slice feed_cancel_onward(struct session *s, struct arena *a, struct slice header, struct slice body) {
	struct buf out = { 0 }, way = { 0 };
	struct slice rest = header;
	struct field f;
	buf_addc(&out, 'A');
	while (field_next(&rest, &f))
		if (slice_is_nocase(f.name, "path")) {
			buf_addf(&out, "Path: %s", s->config->domain);
			nntp_feed_diagnostic(s, header, &out);
			field_unfold(f.value, &way);
			buf_addf(&out, "!%.*s\r\n", SLICE_ARG(buf_slice(&way)));
		} else if (!slice_is_nocase(f.name, "xref")) {
			buf_add_slice(&out, f.raw);
		}
	buf_adds(&out, "\r\n");
	buf_add_slice(&out, body);
	struct slice v = buf_len(&out) <= MEMO_MAX ? arena_slice(a, buf_slice(&out)) : slice_of("", 0);
	buf_free(&out);
	buf_free(&way);
	return v;
}

static struct slice feed_cancel_early(struct arena *a, struct slice header) {
	struct buf out = { 0 };
	struct slice v = slice_of("", 0);
	buf_addc(&out, 'K');
	if (field_get(header, "cancel-key", &out) && buf_len(&out) <= MEMO_MAX)
		v = arena_slice(a, buf_slice(&out));
	buf_free(&out);
	return v;
}

/* what the log says: whose message it was, and why it counts */
static const char *feed_cancel_why(struct session *s, struct arena *a, const struct feed_cancel *x) {
	const char *from = nntp_is_fetch(s) ? nntp_feed(nntp_of(s))->source : s->peer;
	return arena_slicef(a, "cancelled by %.*s from %s, %s", SLICE_ARG(x->own_id), *from ? from : "a peer",
		x->c.by == CANCEL_KEY ? "with the key to its lock" : "a trusted peer").p;
}

struct job *nntp_feed_cancel_job(struct session *s, struct forum_txn *t, struct slice raw, struct slice control,
	struct fail *f) {
	struct slice word, header, body;
	struct post p;
	if (!slice_word(&control, &word) || !slice_is_nocase(word, "cancel") || !msgid_valid(slice_trim(control))) {
		fail_set(f, ERR_DENIED, "control messages are not taken here");
		return NULL;
	}
	struct job *j = job_new(s, feed_cancel_apply);
	struct feed_cancel *x = ARENA_NEW(j->arena, struct feed_cancel);
	j->data = x;
	field_split(raw, &header, &body);
	*x = (struct feed_cancel){ .target = arena_slice(j->arena, slice_trim(control)),
		.own_id = arena_slice(j->arena, slice_str(nntp_feed(nntp_of(s))->id)) };
	int r = nntp_cancel_of_peer(t, nntp_peer(s), header, x->target, "cancelled", &x->c);
	int here = r < 0 ? r : post_by_msgid(t, x->target, &p);
	if (r > 0) {
		x->memo = feed_cancel_onward(s, j->arena, header, body);
		x->c.why = feed_cancel_why(s, j->arena, x);
		here = feed_cancel_keep(s, t, j, raw, f);
	} else {
		x->c.by = CANCEL_NOT;
		x->memo = here == 0 ? feed_cancel_early(j->arena, header) : slice_of("", 0);
	}
	if (here < 0 || (r <= 0 && !x->memo.n)) {
		if (!f->code)
			here < 0 ? fail_set(f, here, "try again later")
					 : fail_set(f, ERR_DENIED, "nothing here to cancel with this key");
		job_free(&j);
		return NULL;
	}
	return j;
}

bool nntp_feed_cancelled(struct forum_txn *t, struct slice header, struct slice id, struct fail *f) {
	struct buf locks = { 0 };
	struct slice memo;
	bool opens = memo_get(t, MEMO_CANCEL, id, &memo) > 0 && memo.n && memo.p[0] == 'K' &&
		field_get(header, "cancel-lock", &locks) && cancel_lock_opens(buf_slice(&locks), slice_from(memo, 1));
	buf_free(&locks);
	if (opens)
		fail_set(f, ERR_DENIED, "it was cancelled before it came");
	return opens;
}

/* ---- Path -------------------------------------------------------------------------------------------------------------- */

void nntp_feed_diagnostic(struct session *s, struct slice header, struct buf *out) {
	struct nntp_session *n = nntp_of(s);
	const struct config_peer *peer = nntp_peer(s);
	const char *expected = nntp_is_fetch(s) ? nntp_feed(n)->source_path : peer ? peer->path : "";
	const char *source = nntp_is_fetch(s) ? nntp_feed(n)->source : s->peer;
	struct buf path = { 0 };
	struct slice rest, first;
	field_get(header, "path", &path);
	rest = buf_slice(&path);
	if (*expected && slice_split(&rest, '!', &first) && slice_is_nocase(slice_trim(first), expected))
		buf_addc(out, '!');
	else if (*expected)
		buf_addf(out, "!.MISMATCH.%s", expected);
	else if (*source)
		buf_addf(out, "!.SEEN.%s", source);
	buf_free(&path);
}
