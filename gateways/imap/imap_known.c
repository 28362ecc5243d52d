/* The list of mailboxes a member sees, with subscriptions and digests of what METADATA says, to be compared with a
 * later one. */
#include <stdlib.h>
#include "forumd/base/vec.h"
#include "forumd/forum/note.h"
#include "gateways/imap/imap_notify.h"

struct known_box {
	uint32_t group;
	struct slice name;
	bool own, subscribed;
	uint64_t shared[5];            /* in the order of shared_names */
};
struct known_note { uint32_t group; struct slice name; uint64_t value; };
struct imap_known {
	struct arena *arena;
	unsigned want, max;
	struct slice subscriptions;
	VEC(struct known_box) boxes;   /* by group */
	VEC(struct known_note) notes;  /* by group, then name */
};

static const char *const shared_names[5] = { "/shared/comment", "/shared/vendor/forumd/access",
	"/shared/vendor/forumd/kind", "/shared/vendor/forumd/moderated", "/shared/vendor/forumd/posting" };

/* FNV-1a */
static uint64_t digest(struct slice s) {
	uint64_t h = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
	return h;
}

static int known_add(void *arg, struct slice name, const struct group *g) {
	struct imap_known *k = arg;
	if (!g->id)
		return 1;
	if (k->boxes.n == k->max)
		return ERR_LIMIT;
	struct known_box b = { .group = g->id, .name = arena_slice(k->arena, name), .own = g->owner != 0,
		.subscribed = imap_subscribed(k->subscriptions, name) };
	if (!b.own) {
		b.shared[0] = digest(g->title);
		b.shared[1] = g->access;
		b.shared[2] = g->kind;
		b.shared[3] = g->moderated;
		b.shared[4] = g->posting;
	}
	vec_push(&k->boxes, b);
	return 1;
}

static int known_notes(struct imap_session *is, struct forum_txn *t, struct imap_known *k, uint32_t group) {
	struct slice name = slice_of("", 0), value;
	int r;
	while ((r = note_next(t, is->s.member, group, &name, &value)) > 0)
		vec_push(&k->notes, (struct known_note){ group, arena_slice(k->arena, name), digest(value) });
	return r;
}

static int box_order(const void *a, const void *b) {
	uint32_t x = ((const struct known_box *)a)->group, y = ((const struct known_box *)b)->group;
	return x < y ? -1 : x > y;
}

int imap_known_new(struct imap_session *is, struct forum_txn *t, unsigned want, struct imap_known **known_r) {
	struct imap_known *k = *known_r = mem_zalloc(sizeof *k);
	k->arena = arena_new();
	k->want = want;
	k->max = is->s.config->notify_mailboxes;
	int r = imap_subscriptions(is, t, &k->subscriptions);
	k->subscriptions = arena_slice(k->arena, k->subscriptions);
	if (r >= 0 && (r = imap_mailboxes_each(is, t, known_add, k)) >= 0 && k->boxes.n)
		qsort(k->boxes.v, k->boxes.n, sizeof *k->boxes.v, box_order);
	if (r >= 0 && (want & NOTIFY_SERVER))
		r = known_notes(is, t, k, 0);
	for (size_t i = 0; r >= 0 && (want & NOTIFY_METADATA) && i < k->boxes.n; i++)
		r = known_notes(is, t, k, k->boxes.v[i].group);
	if (r < 0)
		imap_known_free(known_r);
	return r < 0 ? r : 1;
}

void imap_known_free(struct imap_known **known) {
	struct imap_known *k = *known;
	if (!k)
		return;
	vec_free(&k->boxes);
	vec_free(&k->notes);
	arena_free(&k->arena);
	mem_free(k);
	*known = NULL;
}

static unsigned wanted(struct imap_session *is, const struct known_box *b) {
	return imap_notify_events(is->notify, b->name, b->subscribed);
}

static void tell_metadata(struct imap_session *is, struct slice mailbox, struct slice entry) {
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* METADATA ");
	imap_add_mailbox(is, out, mailbox);
	buf_addf(out, " %.*s\r\n", SLICE_ARG(entry));
}

static void tell_changed(struct imap_session *is, const struct known_box *was, const struct known_box *b) {
	unsigned events = wanted(is, b);
	if (!slice_eq(was->name, b->name) && ((events | wanted(is, was)) & NOTIFY_NAME))
		imap_tell_list(is, "", b->name, was->name);
	if (was->subscribed != b->subscribed && ((events | wanted(is, was)) & NOTIFY_SUBSCRIPTION))
		imap_tell_list(is, b->subscribed ? "\\Subscribed" : "", b->name, slice_of("", 0));
	for (size_t i = 0; (events & NOTIFY_METADATA) && i < sizeof shared_names / sizeof *shared_names; i++)
		if (was->shared[i] != b->shared[i])
			tell_metadata(is, b->name, slice_str(shared_names[i]));
}

static void tell_boxes(struct imap_session *is, const struct imap_known *before, const struct imap_known *now) {
	size_t i = 0, k = 0;
	while (i < before->boxes.n || k < now->boxes.n) {
		const struct known_box *was = i < before->boxes.n ? &before->boxes.v[i] : NULL;
		const struct known_box *b = k < now->boxes.n ? &now->boxes.v[k] : NULL;
		if (!b || (was && was->group < b->group)) {
			if (wanted(is, was) & NOTIFY_NAME)
				imap_tell_list(is, "\\NonExistent", was->name, slice_of("", 0));
			i++;
		} else if (!was || b->group < was->group) {
			if (wanted(is, b) & NOTIFY_NAME)
				imap_tell_list(is, "", b->name, slice_of("", 0));
			k++;
		} else {
			tell_changed(is, was, b);
			i++;
			k++;
		}
	}
}

static void tell_note(struct imap_session *is, const struct imap_known *now, const struct known_note *n) {
	struct known_box key = { .group = n->group };
	if (!n->group) {
		tell_metadata(is, slice_of("", 0), n->name);
		return;
	}
	const struct known_box *b = now->boxes.n ? bsearch(&key, now->boxes.v, now->boxes.n, sizeof key, box_order) : NULL;
	if (b && (wanted(is, b) & NOTIFY_METADATA))
		tell_metadata(is, b->name, n->name);
}

static int note_order(const struct known_note *a, const struct known_note *b) {
	return a->group != b->group ? (a->group < b->group ? -1 : 1) : slice_cmp(a->name, b->name);
}

static void tell_notes(struct imap_session *is, const struct imap_known *before, const struct imap_known *now) {
	size_t i = 0, k = 0;
	while (i < before->notes.n || k < now->notes.n) {
		const struct known_note *was = i < before->notes.n ? &before->notes.v[i] : NULL;
		const struct known_note *n = k < now->notes.n ? &now->notes.v[k] : NULL;
		int order = !was ? 1 : !n ? -1 : note_order(was, n);
		if (order != 0 || was->value != n->value)
			tell_note(is, now, order < 0 ? was : n);
		i += order <= 0;
		k += order >= 0;
	}
}

void imap_known_tell(struct imap_session *is, const struct imap_known *before, const struct imap_known *now) {
	tell_boxes(is, before, now);
	tell_notes(is, before, now);
}
