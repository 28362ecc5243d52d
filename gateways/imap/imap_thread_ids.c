/* A box is a message or an id that was only cited. Links are made where they close no loop, which is found out by going
 * up; hostile References make that long, so all ways together have an end: then a link is not made. */
#include "gateways/imap/imap_thread_ids.h"
#include "forumd/base/hash.h"
#include "forumd/mail/msgid.h"

#define NONE IMAP_THREAD_NONE
#define CITED_KEPT 50                   /* of the references of one message, the last */
#define STEPS_MAX 20000000u
#define BOXES_MAX 300000u               /* then only ids that are known already are followed */
#define CITED_POST ((uint64_t)1 << 63)  /* the "post" of what nobody has; posts do not get that far */

struct box { uint32_t node, up; bool own; };
struct imap_thread_ids {
	VEC(struct box) boxes;
	struct hash *ids;                   /* id -> box + 1 */
	uint32_t steps;
};

struct imap_thread_ids *imap_thread_ids_new(void) {
	struct imap_thread_ids *x = mem_zalloc(sizeof *x);
	x->ids = hash_new();
	return x;
}

void imap_thread_ids_free(struct imap_thread_ids **x) {
	if (!*x)
		return;
	vec_free(&(*x)->boxes);
	hash_free(&(*x)->ids);
	mem_free(*x);
	*x = NULL;
}

static uint32_t box_new(struct imap_thread_ids *x) {
	vec_push(&x->boxes, (struct box){ .node = NONE, .up = NONE });
	return (uint32_t)x->boxes.n - 1;
}

static uint32_t box_of(struct imap_thread_ids *x, struct slice id, bool make) {
	uint64_t digest = hash_bytes(id);      /* keyed: nobody can choose collisions */
	size_t at = (size_t)(uintptr_t)hash_get(x->ids, hash_u64key(&digest));
	if (at)
		return (uint32_t)at - 1;
	if (!make)
		return NONE;
	uint32_t i = box_new(x);
	hash_put(x->ids, hash_u64key(&digest), (void *)(uintptr_t)(i + 1));
	return i;
}

/* it keeps the place it has in the forum, whatever cites it */
static bool is_post(const struct box *b) {
	return b->node != NONE && !b->own;
}

static void box_link(struct imap_thread_ids *x, uint32_t child, uint32_t up) {
	for (uint32_t i = up; i != NONE; i = x->boxes.v[i].up)
		if (i == child || x->steps++ >= STEPS_MAX)
			return;
	x->boxes.v[child].up = up;
}

/* the last ones that are cited, in their order */
static size_t cited_boxes(struct imap_thread_ids *x, struct slice references, uint32_t v[CITED_KEPT]) {
	struct slice ids[CITED_KEPT], id;
	size_t seen = 0, n = 0;
	while (msgid_next(&references, &id))
		ids[seen++ % CITED_KEPT] = id;
	for (size_t i = seen > CITED_KEPT ? seen - CITED_KEPT : 0; i < seen; i++) {
		uint32_t at = box_of(x, ids[i % CITED_KEPT], x->boxes.n < BOXES_MAX);
		if (at != NONE)
			v[n++] = at;
	}
	return n;
}

void imap_thread_ids_add(struct imap_thread_ids *x, uint32_t node, struct slice message_id, struct slice references,
	bool own) {
	uint32_t cited[CITED_KEPT], last = NONE;
	size_t n = own ? cited_boxes(x, references, cited) : 0;
	for (size_t i = 0; i < n; last = cited[i++])
		if (last != NONE && x->boxes.v[cited[i]].up == NONE && !is_post(&x->boxes.v[cited[i]]))
			box_link(x, cited[i], last);
	uint32_t at = message_id.n ? box_of(x, message_id, true) : box_new(x);
	if (x->boxes.v[at].node != NONE)       /* two of one id: the second has none */
		at = box_new(x);
	x->boxes.v[at].node = node;
	x->boxes.v[at].own = own;
	x->boxes.v[at].up = NONE;
	if (last != NONE)
		box_link(x, at, last);
}

/* the number by which others name the box as their parent */
static uint64_t box_post(const struct imap_thread_ids *x, const struct imap_thread *th, uint32_t i) {
	uint32_t node = x->boxes.v[i].node;
	return node == NONE ? CITED_POST + i : th->nodes.v[node].post;
}

/* the highest above, found by halving the ways to it */
static uint32_t box_root(uint32_t *above, uint32_t i) {
	while (above[i] != i)
		i = above[i] = above[above[i]];
	return i;
}

void imap_thread_ids_link(struct imap_thread_ids *x, struct imap_thread *th) {
	uint32_t *above = mem_zalloc((x->boxes.n + 1) * sizeof *above);
	for (uint32_t i = 0; i < x->boxes.n; i++)
		above[i] = x->boxes.v[i].up == NONE ? i : x->boxes.v[i].up;
	for (uint32_t i = 0; i < x->boxes.n; i++) {
		const struct box *b = &x->boxes.v[i];
		if (is_post(b))
			continue;
		struct imap_thread_node *n = b->node == NONE ? imap_thread_add(th) : &th->nodes.v[b->node];
		if (b->node == NONE)
			n->post = CITED_POST + i;
		uint32_t root = box_root(above, i);
		const struct box *top = &x->boxes.v[root];
		n->parent = b->up == NONE ? 0 : box_post(x, th, b->up);
		n->thread = is_post(top) ? th->nodes.v[top->node].thread : box_post(x, th, root);
	}
	mem_free(above);
}
