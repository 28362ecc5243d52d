/* Cases and verdicts.
 *
 * D post, member, kind -> report: version 1, time, place in the queue, who closed it (audit serial, 0: open), group,
 * reason. d place, post -> group: one for each open case. A place is unique and grows with time: seconds << 20, and one
 * more for each case of the same second; all open reports on a post carry the place of their case.
 *
 * Closing a case keeps its reports (the same member cannot report the same again) and writes the closing action's
 * serial into them: undoing that action opens exactly these again.
 *
 * Every verdict follows one path: does it fit, what was before (into the audit record), the change itself, close the
 * case, audit, trace. */
#include "forumd/forum/forum_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate_private.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/queue.h"
#include "forumd/forum/pointer.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/spam.h"
#include "forumd/forum/thread.h"

#define REPORT_VERSION 1
#define REPORTS_MAX 10               /* of one post by one member, until he lets it alone for a day */
#define REPORTS_SECONDS 86400
#define MODERATE_BRANCH_MAX 5000
#define MODERATE_UNDO_LOOK 10000     /* entries looked through for "the last one" */

static const char *const report_names[] = { "off-topic", "spam", "uncivil", "privacy", "other", "pending" };

const char *report_kind_name(enum report_kind k) {
	return (unsigned)k < sizeof report_names / sizeof *report_names ? report_names[k] : "?";
}

int report_kind_parse(struct slice s) {
	for (int i = 0; i <= REPORT_PENDING; i++)
		if (slice_is_nocase(s, report_names[i]))
			return i;
	return ERR_INVALID;
}

struct report {
	uint32_t member; enum report_kind kind;
	int64_t time; uint64_t place, closed;
	uint32_t group;
	struct slice reason;
	uint64_t likeness;             /* to spam, per cent + 1; 0 not known */
};

static struct key report_key(uint64_t post, uint32_t member, enum report_kind kind) {
	struct key k = key_1u64('D', post);
	key_u32(&k, member);
	key_u8(&k, (uint8_t)kind);
	return k;
}

static int report_store(struct forum_txn *t, uint64_t post, const struct report *r) {
	struct key k = report_key(post, r->member, r->kind);
	struct buf b = { 0 };
	num_add_varint(&b, REPORT_VERSION);
	num_add_varint(&b, (uint64_t)r->time);
	num_add_varint(&b, r->place);
	num_add_varint(&b, r->closed);
	num_add_varint(&b, r->group);
	num_add_bytes(&b, r->reason);
	if (r->likeness)
		num_add_varint(&b, r->likeness);
	int e = forum_put(t, key_slice(&k), buf_slice(&b), NULL);
	buf_free(&b);
	return e;
}

/* the next report on the post; *after is the place of the last key, starts { .n = 0 } */
static int report_next(struct forum_txn *t, uint64_t post, struct key *after, struct report *r_r) {
	struct kv_cursor *c;
	struct slice key, in;
	uint64_t version, time, group;
	if (after->n == 0)
		*after = key_1u64('D', post);
	else
		key_u8(after, 0);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(after), &key, &in);
	if (r > 0 && key_has_prefix(key, after, 9) && key.n == 14) {
		*after = key_name('D', slice_from(key, 1));
		*r_r = (struct report){ .member = num_get32(key.p + 9), .kind = (enum report_kind)key.p[13] };
		if (t->write)
			in = arena_slice(t->arena, in);
		if ((unsigned)r_r->kind > REPORT_PENDING || !num_take_varint(&in, &version) || version != REPORT_VERSION ||
		    !num_take_varint(&in, &time) || !num_take_varint(&in, &r_r->place) || !num_take_varint(&in, &r_r->closed) ||
		    !num_take_varint(&in, &group) || !num_take_bytes(&in, &r_r->reason) ||
		    (in.n && !num_take_varint(&in, &r_r->likeness)))
			r = ERR_CORRUPT;
		else
			r_r->time = (int64_t)time, r_r->group = (uint32_t)group;
	} else if (r > 0) {
		r = 0;
	}
	kv_cursor_close(&c);
	return r;
}

int moderate_report_next(struct forum_txn *t, uint64_t post, uint64_t *cursor, struct moderate_report *r_r) {
	struct key after = { 0 };
	struct report one;
	int r;
	if (*cursor)
		after = report_key(post, (uint32_t)(*cursor >> 8), (enum report_kind)(*cursor & 0xff));
	while ((r = report_next(t, post, &after, &one)) > 0 && one.closed)
		;
	if (r > 0) {
		*cursor = (uint64_t)one.member << 8 | one.kind;
		*r_r = (struct moderate_report){ .member = one.member, .kind = one.kind, .reason = one.reason,
			.likeness = (int)one.likeness - 1 };
	}
	return r;
}

struct slice moderate_words(struct forum_txn *t, struct slice reason, int likeness) {
	return likeness < 0 ? reason : arena_slicef(t->arena, "%.*s%sspam: %d %%", SLICE_ARG(reason), reason.n ? "; " : "",
		likeness);
}

/* the open reports summed up; *place_r is the place of the case */
static int moderate_sum(struct forum_txn *t, uint64_t post, struct moderate_case *c, uint64_t *place_r) {
	struct report one;
	struct key after = { 0 };
	uint64_t last = UINT64_MAX;
	int64_t first = INT64_MAX;
	int r;
	*c = (struct moderate_case){ .post = post };
	*place_r = 0;
	while ((r = report_next(t, post, &after, &one)) > 0) {
		if (one.closed)
			continue;
		/* reports of one member are neighbours */
		c->reports += one.member != last;
		last = one.member;
		c->kinds |= 1u << one.kind;
		if (one.time < first) {
			first = one.time;
			c->reason = one.reason, c->group = one.group, c->since = one.time, c->likeness = (int)one.likeness - 1;
		}
		*place_r = one.place;
	}
	return r < 0 ? r : c->kinds != 0;
}

int moderate_case_get(struct forum_txn *t, uint64_t post, struct moderate_case *c_r) {
	uint64_t place;
	return moderate_sum(t, post, c_r, &place);
}

/* a free place at the end of this second's cases */
static int moderate_new_place(struct forum_txn *t, uint64_t *place_r) {
	uint64_t start = (uint64_t)t->time << 20;
	struct key end = key_1u64('d', start + (1 << 20));
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	*place_r = start;
	r = kv_seek_before(c, key_slice(&end), &key, &v);
	if (r > 0 && key_has_prefix(key, &end, 1) && key.n == 17 && num_get64(key.p + 1) >= start)
		*place_r = num_get64(key.p + 1) + 1;
	kv_cursor_close(&c);
	return r < 0 ? r : *place_r >> 20 == (uint64_t)t->time ? 1 : ERR_BUSY;
}

static int moderate_put_case(struct forum_txn *t, uint64_t place, uint64_t post, uint32_t group) {
	struct key k = key_2u64('d', place, post);
	char v[4];
	num_put32(v, group);
	return forum_put(t, key_slice(&k), slice_of(v, 4), NULL);
}

/* into the open case of the post, or as the first report of a new one */
static int moderate_add_report(struct forum_txn *t, uint64_t post, struct report *r) {
	struct moderate_case c;
	int e = moderate_sum(t, post, &c, &r->place);
	if (e == 0) {
		if ((e = moderate_new_place(t, &r->place)) > 0)
			e = moderate_put_case(t, r->place, post, r->group);
	}
	if (e < 0 || (e = report_store(t, post, r)) < 0)
		return e;
	return queue_case(t, post, true);
}

static int moderate_need_post(struct forum_txn *t, uint64_t id, struct post *p_r, struct fail *f) {
	int r = post_get(t, id, p_r);
	if (r == 0)
		return fail_set(f, ERR_NOTFOUND, "no such post");
	return r < 0 ? fail_internal(f, "post %llu: %s", (unsigned long long)id, err_name((enum err)r)) : 1;
}

static struct slice moderate_by(struct forum_txn *t, uint32_t by) {
	return by == RIGHTS_OPERATOR ? SLICE("the operator")
		: !by                    ? SLICE("another server")
								 : arena_slicef(t->arena, "member %u", by);
}

/* audit entry under all groups of the post, and the trace */
static int moderate_record(struct forum_txn *t, struct audit_record *r, const struct post *p) {
	struct slice by = moderate_by(t, r->a.by);
	r->a.post = p->id;
	r->a.group = p->nplaces ? p->places[0].group : 0;
	r->state = p->state;
	r->flags = p->flags;
	int e = audit_write(t, r);
	for (size_t i = 1; i < p->nplaces && e > 0; i++)
		e = audit_index(t, p->places[i].group, r->a.serial);
	/* who reported is for moderators, in the audit log; the trace is told to more people */
	if (e > 0)
		e = r->a.verdict == VERDICT_FLAG
			? trace_add(t, p->id, p->message_id, "reported as %.*s", SLICE_ARG(r->a.text))
			: trace_add(t, p->id, p->message_id, "%s by %.*s%s%.*s", verdict_name(r->a.verdict), SLICE_ARG(by),
				  r->a.text.n ? ": " : "", SLICE_ARG(r->a.text));
	return e;
}

/* Each report, and each that is taken back, is another text for all who moderate the group, under another number in
 * their boxes (queue.h), and an audit entry. 1, < 0 with *f */
static int report_count(struct forum_txn *t, uint64_t post, uint32_t member, struct fail *f) {
	struct slice had;
	char key[12], v[4];
	num_put64(key, post);
	num_put32(key + 8, member);
	int r = memo_get(t, MEMO_REPORTS, slice_of(key, 12), &had);
	uint32_t n = r > 0 && had.n == 4 ? num_get32(had.p) : 0;
	if (n >= REPORTS_MAX)
		return fail_set(f, ERR_LIMIT, "you have reported this post %d times; try again tomorrow", REPORTS_MAX);
	num_put32(v, n + 1);
	if (r >= 0)
		r = memo_put(t, MEMO_REPORTS, slice_of(key, 12), slice_of(v, 4), t->time + REPORTS_SECONDS);
	return r < 0 ? fail_internal(f, "report: %s", err_name((enum err)r)) : 1;
}

int moderate_report(struct forum_txn *t, uint64_t post, uint32_t member, enum report_kind k, struct slice reason,
	struct fail *f) {
	struct report one = { .member = member, .kind = k, .time = t->time };
	struct post p;
	struct slice had;
	int r = moderate_need_post(t, post, &p, f);
	if (r < 0)
		return r;
	if ((unsigned)k >= REPORT_PENDING)
		return fail_set(f, ERR_INVALID, "a report is off-topic, spam, uncivil, privacy or other");
	if (p.state != POST_VISIBLE)
		return fail_set(f, ERR_INVALID, "the post is %s already", post_state_name(p.state));
	struct key key = report_key(post, member, k);
	if ((r = kv_get(t->kv, key_slice(&key), &had)) > 0)
		return fail_set(f, ERR_EXISTS, "you have reported this post as %s already", report_kind_name(k));
	if (r >= 0 && (r = report_count(t, post, member, f)) < 0)
		return r;
	one.group = p.nplaces ? p.places[0].group : 0;
	one.reason = audit_clean(t, reason);
	if (r < 0 || (r = moderate_add_report(t, post, &one)) < 0)
		return fail_internal(f, "report: %s", err_name((enum err)r));
	struct audit_record a = { .a = { .verdict = VERDICT_FLAG, .by = member, .text = arena_slicef(t->arena, "%s%s%.*s",
		report_kind_name(k), one.reason.n ? ": " : "", SLICE_ARG(one.reason)) } };
	if ((r = moderate_record(t, &a, &p)) < 0)
		return fail_internal(f, "report: %s", err_name((enum err)r));
	struct moderate_case now;
	if (moderate_case_get(t, post, &now) > 0 && now.reports <= 2 && (r = mailq_add_case(t, post, one.group)) < 0)
		return fail_internal(f, "report: %s", err_name((enum err)r));
	return post_set_flags(t, post, POST_FLAGGED | (k == REPORT_OFF_TOPIC ? POST_OFF_TOPIC : 0), 0, f);
}

int moderate_withdraw(struct forum_txn *t, uint64_t post, uint32_t member, enum report_kind k, struct fail *f) {
	struct key key = report_key(post, member, k), after = key_1u64('D', post);
	struct moderate_case c;
	struct report one = { 0 };
	struct post p;
	uint64_t place;
	int r = moderate_need_post(t, post, &p, f);
	if (r < 0)
		return r;
	key_u32(&after, member);          /* the first report of the member's */
	while ((r = report_next(t, post, &after, &one)) > 0 && (one.member != member || one.kind != k))
		;
	if (r <= 0 || one.closed)
		return r < 0 ? fail_internal(f, "report: %s", err_name((enum err)r))
					 : fail_set(f, ERR_NOTFOUND,
						   "there is no open report of yours: the moderators have decided, or you took it back");
	if ((r = forum_del(t, key_slice(&key), f)) < 0)
		return r;
	bool open = (r = moderate_sum(t, post, &c, &place)) > 0;
	if (r == 0) {
		struct key d = key_2u64('d', one.place, post);
		r = forum_del(t, key_slice(&d), f);
	}
	if (r >= 0)
		r = queue_case(t, post, open);
	uint32_t clear = (open ? 0 : POST_FLAGGED) | (open && (c.kinds >> REPORT_OFF_TOPIC & 1) ? 0 : POST_OFF_TOPIC);
	if (r < 0 || (r = post_set_flags(t, post, 0, p.flags & POST_ASIDE ? clear & ~POST_OFF_TOPIC : clear, f)) < 0)
		return r;
	struct audit_record a = { .a = { .verdict = VERDICT_FLAG,
								  .by = member,
								  .text = arena_slicef(t->arena, "%s: taken back", report_kind_name(k)) } };
	return (r = moderate_record(t, &a, &p)) < 0 ? fail_internal(f, "report: %s", err_name((enum err)r)) : 1;
}

int moderate_hold(struct forum_txn *t, uint64_t post, uint32_t group, struct slice reason, int likeness) {
	struct report one = { .kind = REPORT_PENDING, .time = t->time, .group = group, .reason = audit_clean(t, reason),
		.likeness = likeness < 0 ? 0 : (uint64_t)likeness + 1 };
	struct key key = report_key(post, 0, REPORT_PENDING);
	struct slice had;
	int r = kv_get(t->kv, key_slice(&key), &had);
	if (r != 0 || (r = moderate_add_report(t, post, &one)) < 0)
		return r;
	return (r = mailq_add_case(t, post, group)) < 0 ? r : 1;
}

static bool moderate_in_group(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct post p;
	if (post_get(t, post, &p) <= 0)
		return false;
	for (size_t i = 0; i < p.nplaces; i++)
		if (p.places[i].group == group)
			return true;
	return false;
}

int moderate_queue_next(struct forum_txn *t, uint32_t group, uint64_t *cursor, struct moderate_case *c_r) {
	struct kv_cursor *c;
	struct slice key, v;
	uint64_t place;
	for (;;) {
		struct key from = key_1u64('d', *cursor + 1);
		int r = kv_cursor_open(t->kv, &c);
		if (r < 0)
			return r;
		r = kv_seek(c, key_slice(&from), &key, &v);
		bool have = r > 0 && key_has_prefix(key, &from, 1) && key.n == 17;
		uint64_t post = have ? num_get64(key.p + 9) : 0;
		if (have)
			*cursor = num_get64(key.p + 1);
		kv_cursor_close(&c);
		if (!have)
			return r < 0 ? r : 0;
		if (group && !moderate_in_group(t, post, group))
			continue;
		if ((r = moderate_sum(t, post, c_r, &place)) != 0)
			return r;
	}
}

/* "off-topic,spam; by=2; state=open" */
static void moderate_case_text(struct buf *b, const struct moderate_case *c) {
	const char *between = "";
	for (int k = 0; k < REPORT_PENDING; k++) {
		if (!(c->kinds >> k & 1))
			continue;
		buf_addf(b, "%s%s", between, report_names[k]);
		between = ",";
	}
	buf_addf(b, "; by=%u; state=open", c->reports);
}

struct slice moderate_flags_text(struct forum_txn *t, const struct post *p) {
	struct buf b = { 0 };
	struct moderate_case c;
	if (!(p->flags & (POST_FLAGGED | POST_OFF_TOPIC | POST_ASIDE | POST_LOCKED)))
		return slice_of("", 0);
	if ((p->flags & POST_FLAGGED) && moderate_case_get(t, p->id, &c) > 0 && c.kinds != 1u << REPORT_PENDING)
		moderate_case_text(&b, &c);
	else if (p->flags & POST_OFF_TOPIC)
		buf_adds(&b, "off-topic");
	if (p->flags & POST_ASIDE)
		buf_addf(&b, "%saside", buf_len(&b) ? "; " : "");
	if (p->flags & POST_LOCKED)
		buf_addf(&b, "%slocked", buf_len(&b) ? "; " : "");
	struct slice s = arena_slice(t->arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* Open reports become closed by the action and leave the queue; who made them hears of it, each once. */
static int moderate_close(struct forum_txn *t, uint64_t post, uint32_t by, uint64_t action) {
	struct report one;
	struct key after = { 0 };
	uint32_t told = 0;
	int r = queue_case(t, post, false);
	if (r < 0)
		return r;
	while ((r = report_next(t, post, &after, &one)) > 0) {
		if (one.closed)
			continue;
		/* in the order of members */
		if (one.member && one.member != by && one.member != told &&
			(r = mailq_add_tell(t, told = one.member, action)) < 0)
			return r;
		struct key k = key_2u64('d', one.place, post);
		one.closed = action;
		if ((r = kv_del(t->kv, key_slice(&k))) < 0 || (r = report_store(t, post, &one)) < 0)
			return r;
	}
	return r < 0 ? r : 1;
}

/* what the action closed opens again, at its old place in the queue or in the case that was opened meanwhile */
static int moderate_reopen(struct forum_txn *t, uint64_t post, uint64_t action) {
	struct moderate_case c;
	struct report one;
	struct key after = { 0 };
	uint64_t place;
	int open = moderate_sum(t, post, &c, &place), r = open;
	bool again = false;
	while (r >= 0 && (r = report_next(t, post, &after, &one)) > 0) {
		if (one.closed != action)
			continue;
		one.closed = 0;
		if (open)
			one.place = place;
		else
			r = moderate_put_case(t, one.place, post, one.group);
		if (r >= 0)
			r = report_store(t, post, &one);
		again = true;
	}
	if (r >= 0 && again)
		r = queue_case(t, post, true);
	return r < 0 ? r : 1;
}

/* does the verdict fit what the post is now? */
static int moderate_fits(struct forum_txn *t, const struct post *p, enum verdict v, struct fail *f) {
	struct moderate_case c;
	bool fits = false;
	switch (v) {
	case VERDICT_KEEP:
		if (p->state == POST_PENDING)
			return fail_set(f, ERR_INVALID, "the post waits for approval: approve or delete it");
		if (!(p->flags & (POST_FLAGGED | POST_OFF_TOPIC)) && moderate_case_get(t, p->id, &c) == 0)
			return fail_set(f, ERR_INVALID, "nobody has reported this post");
		return 1;
	case VERDICT_NOTE:
		return 1;
	case VERDICT_ASIDE:
		if (p->flags & POST_ASIDE)
			return fail_set(f, ERR_INVALID, "the post is aside already");
		fits = p->state == POST_VISIBLE;
		break;
	case VERDICT_HIDE:
		fits = p->state == POST_VISIBLE;
		break;
	case VERDICT_RESTORE:
		fits = p->state == POST_HIDDEN || p->state == POST_DELETED;
		break;
	case VERDICT_LOCK:
	case VERDICT_UNLOCK:
		if (!(p->flags & POST_LOCKED) != (v == VERDICT_LOCK))
			return fail_set(f, ERR_INVALID,
				v == VERDICT_LOCK ? "the thread is locked already" : "the thread is not locked");
		return 1;
	case VERDICT_APPROVE:
		fits = p->state == POST_PENDING;
		break;
	case VERDICT_DELETE:
		fits = p->state != POST_DELETED;
		break;
	default:
		return fail_set(f, ERR_INVALID, "that is no verdict on a post");
	}
	return fits ? 1 : fail_set(f, ERR_INVALID, "the post is %s: %s does not fit", post_state_name(p->state),
		verdict_name(v));
}

/* GROUP.aside, made when missing */
static int moderate_aside_group(struct forum_txn *t, uint32_t id, uint32_t *aside_r, struct fail *f) {
	struct group g, aside;
	int r = group_get(t, id, &g);
	if (r <= 0)
		return r < 0 ? fail_internal(f, "group %u: %s", id, err_name((enum err)r)) :
			fail_set(f, ERR_NOTFOUND, "no such group");
	struct slice name = arena_slicef(t->arena, "%.*s.aside", SLICE_ARG(g.name));
	if ((r = group_find(t, name, &aside)) > 0) {
		*aside_r = aside.id;
		return 1;
	}
	struct group_spec s = { .name = name,
		.kind = g.kind,
		.access = g.access,
		.posting = g.posting,
		.moderated = g.moderated,
		.title = arena_slicef(t->arena, "%.*s (aside)", SLICE_ARG(g.title.n ? g.title : g.name)) };
	return r < 0 ? fail_internal(f, "group %u: %s", id, err_name((enum err)r)) : group_add(t, &s, aside_r, f);
}

/* The post and what is below it go from one group to the other; what is not in `from` stays where it is. */
static int moderate_move_branch(struct forum_txn *t, uint64_t post, uint32_t from, uint32_t to, struct fail *f) {
	uint64_t *v;
	size_t n, moved = 0;
	struct post p;
	int r = thread_branch(t, post, MODERATE_BRANCH_MAX + 1, &v, &n);
	if (r >= 0 && n > MODERATE_BRANCH_MAX)
		return fail_set(f, ERR_LIMIT, "more than %d posts hang below this one", MODERATE_BRANCH_MAX);
	struct marks_carry *numbers = arena_alloc(t->arena, n * sizeof *numbers);
	for (size_t i = 0; i < n && r >= 0; i++) {
		uint32_t was = (r = post_get(t, v[i], &p)) > 0 ? post_number_in(&p, from) : 0;
		if (!was)
			continue;
		if ((r = post_move(t, v[i], from, to, f)) < 0)
			return r;
		if ((r = post_get(t, v[i], &p)) > 0) {
			v[moved] = v[i];
			numbers[moved++] = (struct marks_carry){ .was = was, .is = post_number_in(&p, to) };
		}
	}
	if (r >= 0)
		r = personal_moved(t, v, numbers, moved, from, to);
	return r < 0 ? fail_internal(f, "branch of post %llu: %s", (unsigned long long)post, err_name((enum err)r)) : 1;
}

/* every group of the post has its own aside; the pairs are kept for undo */
static int moderate_set_aside(struct forum_txn *t, const struct post *p, struct audit_record *a, struct fail *f) {
	struct buf pairs = { 0 };
	uint32_t to;
	int r = 1;
	for (size_t i = 0; i < p->nplaces && r > 0; i++) {
		if (!p->places[i].number)
			continue;
		if ((r = moderate_aside_group(t, p->places[i].group, &to, f)) > 0)
			r = moderate_move_branch(t, p->id, p->places[i].group, to, f);
		if (r > 0 && (r = pointer_leave(t, p->id, p->places[i].group, to, f)) >= 0)
			r = 1;
		num_add_varint(&pairs, p->places[i].group);
		num_add_varint(&pairs, to);
	}
	a->moves = arena_slice(t->arena, buf_slice(&pairs));
	buf_free(&pairs);
	return r < 0 ? r : post_set_flags(t, p->id, POST_ASIDE, 0, f);
}

/* the change itself */
static int moderate_apply(struct forum_txn *t, const struct post *p, enum verdict v, struct audit_record *a,
	struct fail *f) {
	switch (v) {
	case VERDICT_ASIDE:
		return moderate_set_aside(t, p, a, f);
	case VERDICT_HIDE:
		return post_set_state(t, p->id, POST_HIDDEN, f);
	case VERDICT_RESTORE:
	case VERDICT_APPROVE:
		return post_set_state(t, p->id, POST_VISIBLE, f);
	case VERDICT_DELETE:
		return post_set_state(t, p->id, POST_DELETED, f);
	case VERDICT_LOCK:
		return post_set_flags(t, p->id, POST_LOCKED, 0, f);
	case VERDICT_UNLOCK:
		return post_set_flags(t, p->id, 0, POST_LOCKED, f);
	default:
		return 1;
	}
}

static bool moderate_closes(enum verdict v) {
	return v == VERDICT_KEEP || v == VERDICT_ASIDE || v == VERDICT_HIDE || v == VERDICT_RESTORE ||
		v == VERDICT_APPROVE || v == VERDICT_DELETE;
}

/* A case does not end behind the author's back, nor does his post's waiting. Of spam it does. */
static bool moderate_author_hears(const struct post *p, uint32_t by, enum verdict v, bool open,
	const struct moderate_case *c) {
	if (by == p->author || (open && c->kinds & 1u << REPORT_SPAM))
		return false;
	return v == VERDICT_NOTE || (open && (v == VERDICT_HIDE || v == VERDICT_DELETE || v == VERDICT_ASIDE)) ||
		(v == VERDICT_APPROVE && p->state == POST_PENDING);
}

/* What the verdict says of posts with such words. A waiting post that is refused without a word is taken for spam: who
 * meant well is told why. */
static enum spam_lesson moderate_teaches(const struct post *p, uint32_t by, enum verdict v, bool spam,
	struct slice reason) {
	bool told = reason.n && !slice_is(reason, MODERATE_BY_IMAP) && !slice_is(reason, MODERATE_BY_EXPUNGE);
	if (by == 0 || by == p->author)
		return SPAM_NONE;
	if (p->state == POST_PENDING)
		return v == VERDICT_APPROVE ? SPAM_GOOD : v == VERDICT_DELETE && (spam || !told) ? SPAM_BAD : SPAM_NONE;
	if (!spam)
		return SPAM_NONE;
	return v == VERDICT_HIDE || v == VERDICT_DELETE ? SPAM_BAD : v == VERDICT_KEEP ? SPAM_GOOD : SPAM_NONE;
}

int moderate_verdict(struct forum_txn *t, uint64_t post, uint32_t by, enum verdict v, struct slice reason,
	uint64_t *action_r, struct fail *f) {
	struct audit_record a = { .a = { .verdict = v, .by = by, .text = reason } };
	struct moderate_case c = { 0 };
	struct post p;
	int r = moderate_need_post(t, post, &p, f);
	bool open = r > 0 && moderate_case_get(t, post, &c) > 0;
	if (r < 0 || (r = moderate_fits(t, &p, v, f)) < 0)
		return r;
	enum spam_lesson lesson = moderate_teaches(&p, by, v, open && c.kinds & 1u << REPORT_SPAM, reason);
	struct slice terms = lesson ? spam_terms(t, &p) : slice_of("", 0);
	if ((r = moderate_apply(t, &p, v, &a, f)) < 0)
		return r;
	if ((r = moderate_record(t, &a, &p)) < 0 ||
		(lesson && (r = spam_learn(t, post, open ? c.group : 0, lesson,
			p.state == POST_PENDING && v == VERDICT_DELETE ? 0 : a.a.serial, terms)) < 0) ||
		(moderate_closes(v) && (r = moderate_close(t, post, by, a.a.serial)) < 0))
		return fail_internal(f, "%s: %s", verdict_name(v), err_name((enum err)r));
	/* the one verdict that speaks of the topic and lets the mark stand is ASIDE */
	uint32_t clear = v == VERDICT_ASIDE ? POST_FLAGGED : POST_FLAGGED | POST_OFF_TOPIC;
	if (moderate_closes(v) && (p.flags & clear) && (r = post_set_flags(t, post, 0, clear, f)) < 0)
		return r;
	if (moderate_author_hears(&p, by, v, open, &c) && (r = mailq_add_tell(t, p.author, a.a.serial)) < 0)
		return fail_internal(f, "%s: %s", verdict_name(v), err_name((enum err)r));
	if (action_r)
		*action_r = a.a.serial;
	return 1;
}

static bool moderate_can_undo(const struct audit *a) {
	return !a->undone && a->post &&
		(a->verdict == VERDICT_HIDE || a->verdict == VERDICT_DELETE || a->verdict == VERDICT_RESTORE ||
			a->verdict == VERDICT_ASIDE || a->verdict == VERDICT_KEEP || a->verdict == VERDICT_LOCK ||
			a->verdict == VERDICT_UNLOCK || a->verdict == VERDICT_NOTE);
}

/* the last entry of this moderator that can be undone; 0 none */
static int moderate_last(struct forum_txn *t, uint32_t by, uint64_t *action_r) {
	uint64_t cursor = UINT64_MAX;
	struct audit a;
	int r = 1;
	for (int i = 0; i < MODERATE_UNDO_LOOK && (r = audit_prev(t, 0, &cursor, &a)) > 0; i++) {
		if (a.by == by && moderate_can_undo(&a)) {
			*action_r = a.serial;
			return 1;
		}
	}
	return r < 0 ? r : 0;
}

static int moderate_unset_aside(struct forum_txn *t, const struct audit_record *a, struct fail *f) {
	struct slice in = a->moves;
	uint64_t from, to;
	while (in.n) {
		if (!num_take_varint(&in, &from) || !num_take_varint(&in, &to))
			return fail_internal(f, "audit entry %llu is damaged", (unsigned long long)a->a.serial);
		int r = moderate_move_branch(t, a->a.post, (uint32_t)to, (uint32_t)from, f);
		if (r < 0 || (r = pointer_take_away(t, a->a.post, (uint32_t)from, f)) < 0)
			return r;
	}
	return post_set_flags(t, a->a.post, 0, POST_ASIDE, f);
}

/* the reverse change, if the post still is what the action made of it */
static int moderate_reverse(struct forum_txn *t, const struct post *p, const struct audit_record *a, struct fail *f) {
	bool fits = true;
	int r = 1;
	switch (a->a.verdict) {
	case VERDICT_HIDE:
		if ((fits = p->state == POST_HIDDEN))
			r = post_set_state(t, p->id, a->state, f);
		break;
	case VERDICT_DELETE:
		if ((fits = p->state == POST_DELETED))
			r = a->state == POST_PENDING ? fail_set(f, ERR_GONE, "a refused post is not kept")
										 : post_set_state(t, p->id, a->state, f);
		break;
	case VERDICT_RESTORE:
		if ((fits = p->state == POST_VISIBLE))
			r = post_set_state(t, p->id, a->state, f);
		break;
	case VERDICT_ASIDE:
		if ((fits = p->flags & POST_ASIDE))
			r = moderate_unset_aside(t, a, f);
		break;
	case VERDICT_LOCK:
		if ((fits = p->flags & POST_LOCKED))
			r = post_set_flags(t, p->id, 0, POST_LOCKED, f);
		break;
	case VERDICT_UNLOCK:
		if ((fits = !(p->flags & POST_LOCKED)))
			r = post_set_flags(t, p->id, POST_LOCKED, 0, f);
		break;
	default:
		break;
	}
	return fits ? r : fail_set(f, ERR_INVALID, "the post has changed since: %s cannot be undone",
		verdict_name(a->a.verdict));
}

int moderate_undo(struct forum_txn *t, uint64_t action, uint32_t by, uint64_t *undone_r, struct fail *f) {
	struct audit_record a;
	struct post p;
	int r = action ? 1 : moderate_last(t, by, &action);
	if (r == 0)
		return fail_set(f, ERR_NOTFOUND, "you have done nothing that can be undone");
	if (r > 0 && (r = audit_get_record(t, action, &a)) == 0)
		return fail_set(f, ERR_NOTFOUND, "no such action");
	if (r < 0)
		return fail_internal(f, "undo: %s", err_name((enum err)r));
	if (!moderate_can_undo(&a.a))
		return fail_set(f, ERR_INVALID, a.a.undone ? "this has been undone already" : "%s cannot be undone",
			verdict_name(a.a.verdict));
	if ((r = moderate_need_post(t, a.a.post, &p, f)) < 0 || (r = moderate_reverse(t, &p, &a, f)) < 0)
		return r;
	uint32_t marks = a.flags & (POST_FLAGGED | POST_OFF_TOPIC);
	if (moderate_closes(a.a.verdict) && marks && (r = post_set_flags(t, p.id, marks, 0, f)) < 0)
		return r;
	struct audit_record undo = { .a = { .verdict = VERDICT_UNDO, .by = by, .undoes = action,
		.text = arena_slicef(t->arena, "%s %llu", verdict_name(a.a.verdict), (unsigned long long)action) } };
	a.a.undone = true;
	if ((r = spam_forget(t, &p, action)) < 0 || (r = moderate_reopen(t, p.id, action)) < 0 || (r = audit_rewrite(t, &a)) < 0 ||
		(r = moderate_record(t, &undo, &p)) < 0)
		return fail_internal(f, "undo: %s", err_name((enum err)r));
	if (undone_r)
		*undone_r = action;
	return 1;
}
