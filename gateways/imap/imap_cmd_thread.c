/* THREAD (RFC 5256): one pass over the group's overview, which knows each post's parent; the rest is imap_thread.c.
 * Posts that were not found, and those nobody may see any more, still lead from their children to their parents. Parents
 * of a member's own messages are looked for by their ids (imap_thread_ids.c). */
#include "forumd/base/clock.h"
#include "forumd/mail/msgid.h"
#include "gateways/imap/imap_private.h"
#include "gateways/imap/imap_sort_key.h"
#include "gateways/imap/imap_subjects.h"
#include "gateways/imap/imap_thread_ids.h"

#define THREAD_STRIDE 64u
#define THREAD_PIECE (64u << 10)

struct threading {
	struct imap_thread tree;
	struct imap_thread_ids *ids;         /* of a member's own box; NULL: a group */
	bool by_subject;
	struct range_set *uids;
	size_t run;                          /* of uids */
	uint32_t next;
	size_t root;                         /* whose subject is looked for */
	struct imap_subjects *subjects;
	struct buf text;
};

static void threading_free(void *arg) {
	struct threading *w = arg;
	imap_thread_free(&w->tree);
	imap_thread_ids_free(&w->ids);
	imap_subjects_release(&w->subjects);
	buf_free(&w->text);
}

static enum step thread_tell(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct threading *w = is->work;
	struct slice piece = slice_to(buf_slice(&w->text), THREAD_PIECE);
	buf_add_slice(session_out(s), piece);
	buf_consume(&w->text, piece.n);
	s->step = thread_tell;
	return buf_len(&w->text) ? STEP_MORE : imap_ok(is, "THREAD completed");
}

static enum step thread_finish(struct imap_session *is, struct threading *w) {
	if (w->by_subject)
		imap_thread_by_subject(&w->tree);
	else
		imap_thread_gather(&w->tree);
	buf_adds(&w->text, "* THREAD");
	imap_thread_write(&w->tree, &w->text);
	buf_adds(&w->text, "\r\n");
	imap_thread_free(&w->tree);
	return thread_tell(&is->s);
}

static void add_known(struct threading *w, struct imap_thread_node *n, uint32_t uid) {
	bool reply;
	uint32_t id = imap_subjects_id(w->subjects, uid, &reply);
	imap_thread_subject(&w->tree, n, id, !imap_subjects_base(w->subjects, id).n, reply);
}

static void add_subject(struct threading *w, struct imap_thread_node *n, const struct overview *o) {
	imap_subjects_learn(w->subjects, o);
	add_known(w, n, o->number);
}

/* subjects of roots that were not known as such in the pass */
static enum step thread_subjects(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct threading *w = is->work;
	struct imap_thread_node *n;
	struct overview o;
	int64_t start = clock_mono_us();
	struct forum_txn *t = session_read(s);
	if (!t)
		return imap_unavailable(is);
	for (unsigned k = 1; imap_thread_wants(&w->tree, &w->root, &n); k++) {
		uint32_t uid = is->uid ? n->number : imap_view_uid(&is->view, n->number);
		int r = imap_subjects_has(w->subjects, uid) ? 0 : overview_get_any(t, is->group, uid, &o);
		if (r < 0)
			return imap_unavailable(is);
		if (r > 0)
			add_subject(w, n, &o);
		else if (imap_subjects_has(w->subjects, uid))
			add_known(w, n, uid);
		else
			imap_thread_subject(&w->tree, n, 0, true, false);
		if (k % THREAD_STRIDE == 0 && imap_give_way(is, start)) {
			s->step = thread_subjects;
			return STEP_MORE;
		}
	}
	return thread_finish(is, w);
}

/* without References it is the first id of In-Reply-To that tells (RFC 5256 3) */
static void add_ids(struct threading *w, struct forum_txn *t, uint32_t node, const struct overview *o) {
	struct slice references = o->references;
	bool own = o->flags & POST_OWN;
	struct post p;
	if (own && !references.n && post_get(t, o->post, &p) > 0 && !msgid_next(&p.in_reply_to, &references))
		references = slice_of("", 0);
	imap_thread_ids_add(w->ids, node, o->message_id, references, own);
}

static void add_node(struct imap_session *is, struct threading *w, struct forum_txn *t, const struct overview *o) {
	while (w->run < w->uids->n && w->uids->v[w->run].hi < o->number)
		w->run++;
	bool listed = o->state == POST_VISIBLE && w->run < w->uids->n && w->uids->v[w->run].lo <= o->number;
	if (w->by_subject && !listed)
		return;
	struct imap_thread_node *n = imap_thread_add(&w->tree);
	n->post = o->post;
	n->parent = o->parent;
	n->thread = o->thread;
	n->date = imap_sort_date(o);
	n->number = !listed ? 0 : is->uid ? o->number : imap_view_seq(&is->view, o->number);
	n->listed = listed;
	if (listed && w->ids)
		add_ids(w, t, (uint32_t)w->tree.nodes.n - 1, o);
	if (listed && (w->by_subject || !o->parent))
		add_subject(w, n, o);
}

static enum step thread_collect(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct threading *w = is->work;
	struct overview_iter it;
	struct overview o;
	unsigned n = 0;
	int64_t start = clock_mono_us();
	struct forum_txn *t = session_read(s);
	int r = t ? overview_iter_begin(t, is->group, w->next, is->view.high, &it) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	it.all_states = true;
	while ((r = overview_iter_next(&it, &o)) > 0) {
		w->next = o.number + 1;
		add_node(is, w, t, &o);
		if (++n % THREAD_STRIDE == 0 && imap_give_way(is, start)) {
			overview_iter_end(&it);
			s->step = thread_collect;
			return STEP_MORE;
		}
	}
	overview_iter_end(&it);
	if (r < 0)
		return imap_unavailable(is);
	if (w->ids)
		imap_thread_ids_link(w->ids, &w->tree);
	if (!w->by_subject)
		imap_thread_link(&w->tree);
	return w->by_subject ? thread_finish(is, w) : thread_subjects(s);
}

static enum step thread_found(struct imap_session *is, struct range_set *uids, void *arg) {
	struct threading *w = arg;
	struct group g;
	struct forum_txn *t = session_read(&is->s);
	int r = t ? group_get(t, is->group, &g) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	if (r > 0 && g.owner && !w->by_subject)
		w->ids = imap_thread_ids_new();
	w->uids = uids;
	w->next = 1;
	w->subjects = imap_subjects_hold(is->group);
	is->work = w;
	return uids->n ? thread_collect(&is->s) : thread_finish(is, w);
}

enum step imap_cmd_thread(struct imap_session *is, struct slice *rest) {
	struct threading *w = ARENA_NEW(is->s.command, struct threading);
	struct slice algorithm, charset;
	arena_on_reset(is->s.command, threading_free, w);
	if (!imap_take_space(rest) || !imap_take_name(rest, &algorithm) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &charset) || !imap_take_space(rest))
		return imap_bad_arguments(is);
	w->by_subject = slice_is_nocase(algorithm, "ORDEREDSUBJECT");
	if (!w->by_subject && !slice_is_nocase(algorithm, "REFERENCES"))
		return imap_bad(is, "REFERENCES and ORDEREDSUBJECT are the ways to thread");
	return imap_find(is, rest, charset, thread_found, w);
}
