/* A post comes in. Everything happens in the caller's (child) transaction: an error anywhere leaves it to be aborted.
 *
 * What comes from outside is bounded here, so that every record fits a value: long References keep the first id (the
 * thread's root) and the last ones (the nearest parents). The stored header keeps them all. */
#include "forumd/base/digest.h"
#include "forumd/forum/group.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/member.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/quota.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/search.h"
#include "forumd/forum/spam.h"
#include "forumd/forum/thread.h"

enum {
	POST_ID_MAX = 998, POST_REFERENCES_MAX = 4000, POST_SUBJECT_MAX = 2000, POST_FROM_MAX = 4000, POST_DATE_MAX = 200,
	POST_ENVELOPE_MAX = 60000, NEWCOMER_DAYS = 30,
};

/* --- bounds --- */

static struct slice post_clip(struct slice s, size_t max) {
	if (s.n <= max)
		return s;
	while (max > 0 && (s.p[max] & 0xc0) == 0x80)
		max--;
	return slice_to(s, max);
}

static struct slice post_clip_ids(struct arena *a, struct slice s) {
	if (s.n <= POST_REFERENCES_MAX)
		return s;
	ptrdiff_t end = slice_chr(s, '>');
	struct slice first = end >= 0 && end < POST_ID_MAX ? slice_to(s, (size_t)end + 1) : SLICE("");
	struct slice tail = slice_from(s, s.n - (POST_REFERENCES_MAX - first.n - 1));
	ptrdiff_t at = slice_chr(tail, '<');
	tail = at < 0 ? SLICE("") : slice_from(tail, (size_t)at);
	return arena_slicef(a, "%.*s %.*s", SLICE_ARG(first), SLICE_ARG(tail));
}

static int post_check_draft(const struct post_draft *d, struct fail *f) {
	if (d->message_id.n < 3 || d->message_id.n > POST_ID_MAX)
		return fail_set(f, ERR_INVALID, "the Message-ID is missing or too long");
	if (d->from_off > d->header_len)
		return fail_internal(f, "draft with its From line outside the header");
	size_t n = d->env_before.n + d->env_from.n + d->env_sender.n + d->env_reply_to.n + d->env_after.n + d->structure.n +
		d->part_table.n;
	if (n > POST_ENVELOPE_MAX)
		return fail_set(f, ERR_TOOBIG, "too many recipients or parts");
	return 1;
}

/* the groups without doubles; 1 when the post must wait for approval in one of them */
static int post_check_groups(struct forum_txn *t, const struct post_draft *d, struct place *places, size_t *n_r,
	struct fail *f) {
	struct group g;
	bool moderated = false;
	size_t n = 0;
	if (d->ngroups == 0 || d->ngroups > POST_GROUPS_MAX)
		return fail_set(f, ERR_INVALID, "a post belongs to 1 to %d groups", POST_GROUPS_MAX);
	for (size_t i = 0; i < d->ngroups; i++) {
		int r = group_get(t, d->groups[i], &g);
		if (r < 0)
			return fail_internal(f, "group %u: %s", d->groups[i], err_name(r));
		if (r == 0 || g.removed)
			return fail_set(f, ERR_NOTFOUND, "no such group");
		bool known = false;
		for (size_t j = 0; j < n; j++)
			known |= places[j].group == g.id;
		if (!known)
			places[n++] = (struct place){ .group = g.id };
		moderated |= g.moderated;
	}
	*n_r = n;
	return moderated;
}

static void post_fill_result(struct post_result *r, const struct post *p, bool duplicate) {
	r->id = p->id;
	r->state = p->state;
	r->duplicate = duplicate;
	r->why = NULL;
	r->nplaces = p->nplaces < POST_GROUPS_MAX ? p->nplaces : POST_GROUPS_MAX;
	memcpy(r->places, p->places, r->nplaces * sizeof *r->places);
}

/* 1 the same post is there already (in *r), 0 new, < 0. The text is the same whoever may see the other post. */
static int post_check_duplicate(struct forum_txn *t, const struct post_draft *d, struct post_result *r,
	struct fail *f) {
	struct post p;
	uint64_t id;
	int found = d->flags & POST_OWN ? 0 : post_id_by_msgid(t, d->message_id, &id);
	if (found > 0)
		found = post_get(t, id, &p);
	if (found < 0)
		return fail_internal(f, "message id %.*s: %s", SLICE_ARG(d->message_id), err_name(found));
	if (found == 0)
		return 0;
	bool same = d->original_crc || p.original_crc
		? (d->original_crc ? d->original_crc : d->crc) == (p.original_crc ? p.original_crc : p.crc)
		: p.crc == d->crc && p.body_len == d->body_len;
	if (!slice_eq(p.message_id, d->message_id) || !same || p.header_z1 + p.header_z2 + p.body_z == 0)
		return fail_set(f, ERR_EXISTS, "this Message-ID was used before");
	post_fill_result(r, &p, true);
	return 1;
}

static int post_find_author(struct forum_txn *t, const struct post_draft *d, uint32_t *author_r, struct fail *f) {
	int r = 1;
	*author_r = d->author;
	struct member m;
	struct slice address = d->author_address;
	/* a From that somebody else brings proves nothing: it must not become a member's post */
	if ((d->source == POST_FROM_FEED || d->foreign_from) && address.n && member_by_address(t, address, &m) > 0 && m.kind == MEMBER_ACCOUNT)
		address = slice_of("", 0);
	if (!d->author && d->author_name.n + address.n == 0)
		*author_r = member_anonymous(t);
	else if (!d->author)
		r = member_author(t, d->author_name, address, author_r);
	if (r < 0 || *author_r == 0)
		return fail_set(f, ERR_UNAVAILABLE, "the author cannot be recorded now, try again later");
	return 1;
}

/* --- storing --- */

static int post_store_text(struct forum_txn *t, const struct post_draft *d, uint64_t id, struct fail *f) {
	const struct slice z[4] = { d->header_z1, d->header_z2, d->body_z, d->removed };
	unsigned char digest[16];
	struct buf chunk = { 0 };
	uint32_t n = 0;
	int r = 1;
	struct key k;
	char v[8];
	for (unsigned i = 0; i < 4; i++)
		for (struct slice rest = z[i]; rest.n && r > 0;) {
			struct slice part = slice_to(rest, TEXT_CHUNK - buf_len(&chunk));
			buf_add_slice(&chunk, part);
			rest = slice_from(rest, part.n);
			if (buf_len(&chunk) < TEXT_CHUNK)
				continue;
			k = post_text_key(id, n++);
			r = forum_put(t, key_slice(&k), buf_slice(&chunk), f);
			buf_reset(&chunk);
		}
	if (r > 0 && buf_len(&chunk)) {
		k = post_text_key(id, n);
		r = forum_put(t, key_slice(&k), buf_slice(&chunk), f);
	}
	buf_free(&chunk);
	if (r < 0)
		return r;
	if (d->flags & POST_OWN)
		return 1;
	digest_id(d->message_id, digest);
	key_begin(&k, 'I');
	key_bytes(&k, slice_of(digest, sizeof digest));
	num_put64(v, id);
	return forum_put(t, key_slice(&k), slice_of(v, 8), f);
}

static void post_from_draft(struct forum_txn *t, const struct post_draft *d, struct post *p) {
	*p = (struct post){
		.parent = d->reply_to,
		.reason = d->reply_to ? d->reply_reason : PARENT_NONE,
		.source = d->source,
		.flags = d->flags | (d->no_mail ? POST_NO_MAIL : 0),
		.date = d->date,
		.arrival = d->arrival ? d->arrival : forum_time(t),
		.supersedes = d->supersedes,
		.header_len = d->header_len,
		.from_off = d->from_off,
		.body_len = d->body_len,
		.lines = d->lines,
		.header_z1 = (uint32_t)d->header_z1.n,
		.header_z2 = (uint32_t)d->header_z2.n,
		.body_z = (uint32_t)d->body_z.n,
		.removed_len = (uint32_t)d->removed.n,
		.crc = d->crc,
		.original_crc = d->original_crc,
		.message_id = d->message_id,
		.in_reply_to = post_clip_ids(t->arena, d->in_reply_to),
		.references = post_clip_ids(t->arena, d->references),
		.subject = post_clip(d->subject, POST_SUBJECT_MAX),
		.from = post_clip(d->from, POST_FROM_MAX),
	};
}

void post_derive(struct forum_txn *t, const struct post_draft *d, const struct post *p, struct overview *o,
	struct envelope *e) {
	*o = (struct overview){
		.author = p->author, .flags = p->flags, .lines = p->lines, .header_len = p->header_len, .body_len = p->body_len,
		.state = p->state, .post = p->id, .date = p->date, .arrival = p->arrival,
		.subject = post_clip(d->ov_subject, POST_SUBJECT_MAX), .date_text = post_clip(d->ov_date, POST_DATE_MAX),
		.message_id = p->message_id, .references = post_clip_ids(t->arena, d->ov_references), .from = p->from,
	};
	*e = (struct envelope){
		.before = d->env_before, .from = d->env_from, .sender = d->env_sender, .reply_to = d->env_reply_to,
		.after = d->env_after, .structure = d->structure, .part_table = d->part_table,
	};
}

int envelope_store(struct forum_txn *t, struct place at, const struct envelope *e, struct fail *f) {
	struct key k = key_2u32('E', at.group, at.number);
	struct buf b = { 0 };
	envelope_encode(e, &b);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), f);
	buf_free(&b);
	return r;
}

static int post_store_places(struct forum_txn *t, const struct post *p, const int64_t *modseq, struct overview *o,
	const struct envelope *e, struct fail *f) {
	struct buf xref = { 0 };
	int r = overview_xref(t, p->places, p->nplaces, &xref);
	if (r < 0)
		fail_internal(f, "group of post %llu: %s", (unsigned long long)p->id, err_name(r));
	o->state = p->state;
	o->parent = p->parent;
	o->thread = p->thread;
	o->reason = p->reason;
	o->xref = buf_slice(&xref);
	for (size_t i = 0; i < p->nplaces && r > 0; i++) {
		o->group = p->places[i].group;
		o->number = p->places[i].number;
		o->modseq = (uint64_t)modseq[i];
		if ((r = overview_store(t, o, f)) > 0)
			r = envelope_store(t, p->places[i], e, f);
	}
	buf_free(&xref);
	return r;
}

int post_supersede(struct forum_txn *t, const struct post *p, struct fail *f) {
	struct post old;
	int r = p->supersedes ? post_get(t, p->supersedes, &old) : 0;
	if (r > 0 && old.state != POST_DELETED && old.id != p->id)
		return replace_post(t, p, &old, f);
	return r < 0 ? fail_internal(f, "superseded post: %s", err_name(r)) : 1;
}

static int post_tell(struct forum_txn *t, const struct post *p, struct fail *f) {
	for (size_t i = 0; i < p->nplaces && !(p->flags & POST_OWN); i++) {
		int r = p->flags & POST_NO_MAIL ? 1 : mailq_add_post(t, p->id, p->places[i].group);
		if (r < 0)
			return fail_set(f, (enum err)r, "the mail for this post cannot be queued now, try again later");
	}
	return 1;
}

static int post_index(struct forum_txn *t, const struct post *p, struct slice terms, struct fail *f) {
	for (size_t i = 0; i < p->nplaces && !(p->flags & POST_OWN); i++) {
		int r = search_add(t, p->places[i].group, p->places[i].number, p->author, terms);
		if (r < 0)
			return fail_set(f, (enum err)r, "the post cannot be indexed now, try again later");
	}
	return 1;
}

int post_publish(struct forum_txn *t, struct post *p, struct overview *o, const struct envelope *e, struct slice terms,
	struct fail *f) {
	int64_t modseq[POST_GROUPS_MAX];
	struct place places[POST_GROUPS_MAX];
	struct thread_place_out at;
	int r = 1;
	for (size_t i = 0; i < p->nplaces; i++) {
		places[i].group = p->places[i].group;
		modseq[i] = group_new_number(t, places[i].group, p->id, &places[i].number);
		if (modseq[i] < 0)
			return fail_set(f, (enum err)modseq[i], "the group cannot take posts now, try again later");
	}
	p->places = memcpy(arena_alloc(t->arena, sizeof places), places, sizeof places);
	p->state = POST_VISIBLE;
	struct thread_place_in in = {
		.post = p->id, .places = p->places, .nplaces = p->nplaces, .message_id = p->message_id,
		.in_reply_to = p->in_reply_to, .references = p->references, .reply_to = p->parent, .reply_reason = p->reason,
		.archive = p->source == POST_FROM_IMPORT,
	};
	if ((r = thread_place(t, &in, &at)) < 0)
		return fail_set(f, (enum err)r, "the post cannot be placed in its thread now, try again later");
	p->parent = at.parent;
	p->thread = at.thread;
	p->reason = at.reason;
	if ((r = post_store(t, p, f)) < 0 || (r = post_store_places(t, p, modseq, o, e, f)) < 0 ||
			(r = post_index(t, p, terms, f)) < 0)
		return r;
	if (!(p->flags & POST_NO_MAIL) && personal_deliver(t, p) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the post cannot be shown to those who wait for it now, try again later");
	return post_tell(t, p, f);
}

/* Nobody can know him yet: a stranger, or an account younger than NEWCOMER_DAYS without a role in the group. */
static bool post_by_newcomer(struct forum_txn *t, uint32_t author, uint32_t group) {
	struct member m;
	if (member_get(t, author, &m) <= 0 || m.kind != MEMBER_ACCOUNT || m.gateway)
		return true;
	for (size_t i = 0; i < m.nroles; i++)
		if (m.roles[i].group == group || m.roles[i].group == 0)
			return false;
	return forum_time(t) - m.created < NEWCOMER_DAYS * 86400;
}

/* Does one of its groups let such a post wait, because of its words? What is imported or fed was looked at elsewhere. */
static bool post_looks_like_spam(struct forum_txn *t, const struct post_draft *d, const struct post *p) {
	struct group g;
	unsigned percent;
	if ((d->flags & (POST_OWN | POST_AUTO | POST_APPROVED)) || d->source == POST_FROM_IMPORT ||
		d->source == POST_FROM_FEED || d->source == POST_FROM_CTL)
		return false;
	for (size_t i = 0; i < p->nplaces; i++)
		if (group_get(t, p->places[i].group, &g) > 0 && g.spam_hold && post_by_newcomer(t, p->author, g.id) &&
			spam_score(t, g.id, d->terms, &percent) > 0 && percent >= g.spam_hold)
			return true;
	return false;
}

static int post_likeness(struct forum_txn *t, const struct post *p, struct slice terms) {
	unsigned percent;
	return spam_score(t, p->places[0].group, terms, &percent) > 0 ? (int)percent : -1;
}

static int post_hold(struct forum_txn *t, struct post *p, struct overview *o, const struct envelope *e,
	struct slice reason, struct slice terms, struct fail *f) {
	struct buf record = { 0 }, part = { 0 };
	p->state = o->state = POST_PENDING;
	buf_addc(&record, 1);
	overview_encode(o, &part);
	num_add_bytes(&record, buf_slice(&part));
	buf_reset(&part);
	envelope_encode(e, &part);
	num_add_bytes(&record, buf_slice(&part));
	struct key k = key_1u64('N', p->id);
	int r = forum_put(t, key_slice(&k), buf_slice(&record), f);
	buf_free(&part);
	buf_free(&record);
	if (r < 0 || (r = post_store(t, p, f)) < 0)
		return r;
	if ((r = moderate_hold(t, p->id, p->places[0].group, reason, post_likeness(t, p, terms))) >= 0)
		r = trace_add(t, p->id, p->message_id, "waits for approval: %.*s", SLICE_ARG(reason));
	return r < 0 ? fail_set(f, (enum err)r, "the post cannot be queued for approval now, try again later") : 1;
}

int post_answered(struct forum_txn *t, const struct post_draft *d, uint32_t group, struct post *p_r) {
	struct place at = { .group = group };
	struct thread_place_in in = {
		.places = &at, .nplaces = 1, .message_id = d->message_id, .reply_to = d->reply_to,
		.reply_reason = d->reply_reason, .in_reply_to = post_clip_ids(t->arena, d->in_reply_to),
		.references = post_clip_ids(t->arena, d->references),
	};
	uint64_t parent;
	int r = thread_answered(t, &in, &parent);
	return r > 0 ? post_get(t, parent, p_r) : r;
}

int post_add(struct forum_txn *t, const struct post_draft *d, struct post_result *r, struct fail *f) {
	struct place places[POST_GROUPS_MAX];
	struct overview o;
	struct envelope e;
	struct post p;
	size_t n = 0;
	int found, moderated;
	if ((found = post_check_draft(d, f)) < 0 || (moderated = found = post_check_groups(t, d, places, &n, f)) < 0 ||
			(found = post_check_duplicate(t, d, r, f)) != 0)
		return found;
	post_from_draft(t, d, &p);
	int64_t id = forum_next_id(t, "post");
	if (id < 0)
		return fail_set(f, (enum err)id, "the store cannot take writes now, try again later");
	p.id = (uint64_t)id;
	p.places = places;
	p.nplaces = n;
	if ((d->flags & POST_OWN) && (found = quota_take(t, places[0].group, (uint64_t)d->header_len + d->body_len, f)) < 0)
		return found;
	if ((found = post_find_author(t, d, &p.author, f)) < 0)
		return found;
	post_derive(t, d, &p, &o, &e);
	/* what the operator imports was published elsewhere already; of a feed the gateway knows what is approved */
	bool hold = d->hold ||
		(moderated && !(d->flags & (POST_AUTO | POST_APPROVED)) && d->source != POST_FROM_IMPORT &&
			d->source != POST_FROM_FEED);
	const char *why = hold ? "moderated group" : post_looks_like_spam(t, d, &p) ?
		"a newcomer's post like others that were refused" : NULL;
	hold = why;
	if (hold)
		found = post_hold(t, &p, &o, &e, d->hold_reason.n ? d->hold_reason : slice_str(why), d->terms, f);
	else
		found = post_publish(t, &p, &o, &e, d->terms, f);
	/* behind the head, in the order of the keys: only then are pages filled up */
	if (found < 0 || (found = post_store_text(t, d, p.id, f)) < 0 || (!hold && (found = post_supersede(t, &p, f)) < 0))
		return found;
	post_fill_result(r, &p, false);
	r->why = d->hold ? NULL : why;
	return 1;
}
