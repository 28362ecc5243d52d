/* ctl_import.c - the daemon's side of import: messages come in frames, are parsed and compressed here (worker) and
 * stored in batches by the writer, one job a batch. While the writer stores one batch the next is parsed: two batches
 * are under way at most, so memory is bounded by what two batches hold.
 *
 * Order is kept: one session, one queue. A message that is refused leaves its neighbours alone (a child transaction
 * each). Nothing is acknowledged before its commit: the totals count committed batches only. */
#include "forumd/base/clock.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/forum/rights.h"
#include "gateways/ctl/ctl_private.h"

_Static_assert((int)CTL_REASON_IMPORTED == (int)PARENT_IMPORTED, "ctl_wire.h has the wire value");

#define ARRIVAL_LAST 253402300799   /* the end of the year 9999; what is beyond is no time */
enum { BATCH_MAX = 512, BATCH_BYTES = 4 << 20, FLIGHT_MAX = 2 };

struct import_item {
	struct post_draft draft;
	struct slice origin, parent_id;
	uint32_t reason, number, state, flags;
	struct slice refused;          /* set by apply */
	bool duplicate, crossposted;
};
struct import_batch {
	struct import_item v[BATCH_MAX];
	unsigned n;
	size_t bytes;
	uint32_t group;
	bool dry_run;
};
struct ctl_import {
	struct group group;            /* id, name (copied) */
	bool dry_run, ended, waiting;
	struct job *job;               /* batch under construction */
	unsigned flight;
	uint64_t imported, duplicates, refused, anonymous;
	int64_t started_ms, told_ms;
	struct buf notes;
	int failed;                    /* < 0: the store refused; the import stops */
	struct fail fail;
};

void ctl_import_free(struct ctl_session *cs) {
	if (!cs->import)
		return;
	if (cs->import->job)
		job_free(&cs->import->job);
	buf_free(&cs->import->notes);
	mem_free(cs->import);
	cs->import = NULL;
}

/* ---- on the writer ------------------------------------------------------------------------------- */

/* the message is known already: give it a place in this group if it has none */
static int import_known(struct forum_txn *t, struct import_batch *b, struct import_item *it, uint64_t id,
	struct fail *f) {
	struct post p;
	int r = post_get(t, id, &p);
	if (r <= 0)
		return r < 0 ? r : ERR_NOTFOUND;
	if (post_number_in(&p, b->group) || p.state != POST_VISIBLE) {
		it->duplicate = true;
		return 1;
	}
	if (it->number && (r = group_skip_to(t, b->group, it->number - 1)) < 0)
		return r;
	it->crossposted = true;
	return post_crosspost(t, id, b->group, f);
}

static int import_one(struct forum_txn *t, struct import_batch *b, struct import_item *it, struct fail *f) {
	struct post_result res = {0};
	struct post_draft d = it->draft;
	struct post p;
	if (it->parent_id.n && post_by_msgid(t, it->parent_id, &p) > 0) {
		d.reply_to = p.id;
		d.reply_reason = it->reason <= PARENT_MOVED ? (enum parent_reason)it->reason : PARENT_IMPORTED;
	} else if (it->parent_id.n) {
		/* the parent comes later (an edit, "under <link>"): the best evidence there is, and waited for */
		d.in_reply_to = arena_slicef(forum_arena(t), "%.*s %.*s", SLICE_ARG(it->parent_id), SLICE_ARG(d.in_reply_to));
		d.in_reply_to = slice_trim(d.in_reply_to);
	}
	int r = post_by_msgid(t, d.message_id, &p);
	if (r < 0)
		return r;
	if (r > 0 && p.crc == d.crc)
		return import_known(t, b, it, p.id, f);
	if (it->number && (r = group_skip_to(t, b->group, it->number - 1)) < 0)
		return r;
	if ((r = post_add(t, &d, &res, f)) <= 0)
		return r ? r : ERR_INVALID;
	uint32_t flags = (it->flags & CTL_LOCKED ? POST_LOCKED : 0) | (it->flags & CTL_OFF_TOPIC ? POST_OFF_TOPIC : 0);
	if (flags && (r = post_set_flags(t, res.id, flags, 0, f)) < 0)
		return r;
	if ((it->state == POST_HIDDEN || it->state == POST_DELETED) &&
		(r = post_set_state(t, res.id, (enum post_state)it->state, f)) < 0)
		return r;
	return 1;
}

static bool import_is_refusal(int r) {
	return r == ERR_EXISTS || r == ERR_INVALID || r == ERR_SYNTAX || r == ERR_TOOBIG || r == ERR_LIMIT ||
		r == ERR_NOTFOUND;
}

static int import_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct import_batch *b = j->data;
	for (unsigned i = 0; i < b->n; i++) {
		struct import_item *it = &b->v[i];
		struct forum_txn *child;
		struct fail why = {0};
		int r;
		if (it->refused.n)
			continue;
		it->duplicate = it->crossposted = false;
		if ((r = forum_write_begin(forum_of(t), t, &child, f)) <= 0)
			return r ? r : ERR_INTERNAL;
		r = import_one(child, b, it, &why);
		if (r > 0) {
			if ((r = forum_commit(&child, f)) <= 0)
				return r ? r : ERR_INTERNAL;
			continue;
		}
		forum_abort(&child);
		if (!import_is_refusal(r)) {
			*f = why;
			return r ? r : ERR_INTERNAL;
		}
		it->refused = arena_slicef(j->arena, "%s", why.text[0] ? why.text : err_name((enum err)r));
	}
	return 1;
}

/* ---- on the worker ------------------------------------------------------------------------------- */

static void import_progress(struct ctl_session *cs) {
	struct ctl_import *im = cs->import;
	int64_t now = clock_mono_ms();
	if (now - im->told_ms < 300)
		return;
	im->told_ms = now;
	struct buf b = {0};
	uint64_t n = im->imported + im->duplicates + im->refused;
	buf_addf(&b, "%llu messages, %llu a second", (unsigned long long)n,
		(unsigned long long)(n * 1000 / (uint64_t)(now - im->started_ms + 1)));
	ctl_send(&cs->s, 'P', buf_slice(&b));
	buf_free(&b);
}

static void import_count(struct ctl_session *cs, const struct import_batch *b) {
	struct ctl_import *im = cs->import;
	for (unsigned i = 0; i < b->n; i++) {
		const struct import_item *it = &b->v[i];
		if (it->refused.n) {
			struct buf e = {0};
			im->refused++;
			buf_addf(&e, "refused %.*s: %.*s\n", SLICE_ARG(it->origin), SLICE_ARG(it->refused));
			ctl_send(&cs->s, 'E', buf_slice(&e));
			buf_free(&e);
		} else if (it->duplicate) {
			im->duplicates++;
		} else {
			im->imported++;
			im->anonymous += !it->draft.author_name.n && !it->draft.author_address.n;
		}
	}
	import_progress(cs);
}

static struct import_batch *import_batch(struct ctl_session *cs) {
	struct ctl_import *im = cs->import;
	if (!im->job) {
		im->job = job_new(&cs->s, import_apply);
		im->job->lane = JOB_BULK;
		struct import_batch *b = ARENA_NEW(im->job->arena, struct import_batch);
		b->group = im->group.id;
		im->job->data = b;
	}
	return im->job->data;
}

static void import_flush(struct ctl_session *cs) {
	struct ctl_import *im = cs->import;
	struct job *j = im->job;
	if (!j)
		return;
	im->job = NULL;
	if (im->dry_run) {
		import_count(cs, j->data);
		job_free(&j);
		return;
	}
	im->flight++;
	j->size = ((struct import_batch *)j->data)->bytes;
	session_submit(&cs->s, j);
}

static void import_report(struct ctl_session *cs) {
	struct ctl_import *im = cs->import;
	struct ctl_call *c = cs->call;
	struct slice rest = buf_slice(&im->notes), line;
	if (c->json) {
		bool first = true;
		ctl_json_open(c);
		ctl_json_bool(c, "dry_run", im->dry_run);
		ctl_json_num(c, "imported", (int64_t)im->imported);
		ctl_json_num(c, "duplicates", (int64_t)im->duplicates);
		ctl_json_num(c, "refused", (int64_t)im->refused);
		ctl_json_num(c, "anonymous", (int64_t)im->anonymous);
		ctl_json_num(c, "milliseconds", clock_mono_ms() - im->started_ms);
		ctl_json_name(c, "notes");
		buf_addc(&c->out, '[');
		for (; slice_line(&rest, &line); first = false) {
			if (!first)
				buf_addc(&c->out, ',');
			text_json(line, &c->out);
		}
		buf_addc(&c->out, ']');
		ctl_json_close(c);
		return;
	}
	while (slice_line(&rest, &line))
		buf_addf(&c->out, "%.*s\n", SLICE_ARG(line));
	buf_addf(&c->out, "%s%llu posts into %.*s", im->dry_run ? "dry run: would import " : "imported ",
		(unsigned long long)im->imported, SLICE_ARG(im->group.name));
	if (im->duplicates)
		buf_addf(&c->out, ", %llu known already", (unsigned long long)im->duplicates);
	if (im->refused)
		buf_addf(&c->out, ", %llu refused", (unsigned long long)im->refused);
	if (im->anonymous)
		buf_addf(&c->out, ", %llu without an author", (unsigned long long)im->anonymous);
	buf_addc(&c->out, '\n');
}

static enum step import_end(struct ctl_session *cs) {
	struct ctl_import *im = cs->import;
	struct fail f = im->fail;
	if (im->failed >= 0)
		import_report(cs);
	ctl_finish(cs, im->failed < 0 ? im->failed : 1, &f);
	return STEP_CLOSE;
}

enum step ctl_import_begin(struct ctl_session *cs) {
	struct ctl_call *c = cs->call;
	struct fail f = {0};
	struct slice name;
	struct forum_txn *t = session_read(&cs->s);
	struct group g;
	int r;
	if (!ctl_option(c, "--group", &name))
		r = fail_set(&f, ERR_SYNTAX, "import wants --group NAME; forumctl help import tells more");
	else if (!t)
		r = fail_set(&f, ERR_UNAVAILABLE, "the store cannot be read now");
	else
		r = ctl_find_group(t, name, &g, &f);
	if (r <= 0) {
		ctl_finish(cs, r, &f);
		return STEP_CLOSE;
	}
	struct ctl_import *im = cs->import = mem_zalloc(sizeof *im);
	im->group = g;
	im->group.name = arena_slice(c->arena, g.name);
	im->group.title = SLICE("");
	im->dry_run = ctl_switch(c, "--dry-run");
	im->started_ms = im->told_ms = clock_mono_ms();
	ctl_send(&cs->s, 'R', SLICE("m"));
	return STEP_DONE;
}

/* dry run: what would happen, without writing */
static void import_look(struct forum_txn *t, struct import_batch *b, struct import_item *it) {
	struct post p;
	if (post_by_msgid(t, it->draft.message_id, &p) <= 0)
		return;
	if (p.crc == it->draft.crc)
		it->duplicate = post_number_in(&p, b->group) != 0;
	else
		it->refused = SLICE("another message with this Message-ID is here already");
}

static enum step import_message(struct ctl_session *cs, struct slice payload) {
	struct ctl_import *im = cs->import;
	struct import_batch *b = import_batch(cs);
	struct import_item *it = &b->v[b->n];
	struct arena *a = im->job->arena;
	struct ctl_message m;
	struct fail f = {0};
	struct forum_txn *t = session_read(&cs->s);
	if (!t || !ctl_wire_message_take(payload, &m))
		return STEP_CLOSE;
	it->origin = arena_slice(a, m.origin);
	it->parent_id = arena_slice(a, m.parent_id);
	it->reason = m.reason;
	it->number = m.number;
	it->state = m.state;
	it->flags = m.flags;
	if (m.arrival < 0 || m.arrival > ARRIVAL_LAST)
		m.arrival = 0;
	struct post_in in = {
		.source = POST_FROM_IMPORT,
		.member = RIGHTS_OPERATOR,
		.groups = &im->group.id,
		.ngroups = 1,
		.import = true,
		.no_mail = true,
		.arrival = m.arrival,
		.max_size = cs->s.config->message_size,
		.date_only = m.flags & CTL_DATE_ONLY,
		.author_name = arena_slice(a, m.author),
	};
	int r = slice_trim(m.raw).n ? post_in_parse(t, &in, arena_slice(a, m.raw), a, &it->draft, &f)
								: fail_set(&f, ERR_INVALID, "the message is empty");
	if (r <= 0)
		it->refused = arena_slicef(a, "%s", f.text[0] ? f.text : err_name((enum err)r));
	else if (im->dry_run)
		import_look(t, b, it);
	if (m.flags & CTL_NO_DATE)
		it->draft.date = 0;
	it->draft.flags |= POST_IMPORTED;
	b->n++;
	b->bytes += m.raw.n;
	if (b->n == BATCH_MAX || b->bytes >= BATCH_BYTES)
		import_flush(cs);
	im->waiting = im->flight >= FLIGHT_MAX;
	return im->waiting ? STEP_WAIT : STEP_DONE;
}

enum step ctl_import_frame(struct ctl_session *cs, char type, struct slice payload) {
	struct ctl_import *im = cs->import;
	if (im->failed < 0)
		return im->flight ? STEP_WAIT : import_end(cs);
	if (type == 'M')
		return import_message(cs, payload);
	if (type != 'F')
		return STEP_CLOSE;
	buf_add_slice(&im->notes, payload);
	im->ended = true;
	import_flush(cs);
	return im->flight ? STEP_WAIT : import_end(cs);
}

void ctl_import_done(struct ctl_session *cs, struct job *j) {
	struct ctl_import *im = cs->import;
	im->flight--;
	if (j->result > 0) {
		import_count(cs, j->data);
	} else if (im->failed >= 0) {
		im->failed = j->result ? j->result : ERR_INTERNAL;
		im->fail = j->fail;
	}
	if (!im->flight && (im->ended || im->failed < 0))
		import_end(cs);
}
