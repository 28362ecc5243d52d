#include "gateways/imap/imap_subjects.h"
#include <pthread.h>
#include <stdlib.h>
#include "forumd/base/hash.h"
#include "forumd/base/list.h"
#include "forumd/base/vec.h"
#include "gateways/imap/imap_sort_key.h"

#define SUBJECTS_KEEP (8u << 20)
/* octets a base subject costs beside its text: hash slot, place, rank */
#define SUBJECTS_EACH 96u

struct base { uint32_t off, len, rank; };
struct imap_subjects {
	struct list link;              /* in the thread's list, lately used first */
	uint32_t group;
	unsigned holders;
	VEC(uint32_t) numbers;         /* by number: 0 not known, else id + 1, shifted, and whether it is a reply */
	VEC(struct base) bases;
	struct buf strings;
	struct hash *ids;              /* base -> id + 1 */
	bool ranked;
};
struct subjects_kept { struct list list; };

static pthread_key_t kept_key;
static pthread_once_t kept_once = PTHREAD_ONCE_INIT;
static _Thread_local struct subjects_kept *kept_mine;

static void subjects_free(struct imap_subjects *s) {
	list_del(&s->link);
	vec_free(&s->numbers);
	vec_free(&s->bases);
	buf_free(&s->strings);
	hash_free(&s->ids);
	mem_free(s);
}

static void kept_free(void *arg) {
	struct subjects_kept *k = arg;
	while (!list_empty(&k->list))
		subjects_free(list_entry(k->list.next, struct imap_subjects, link));
	mem_free(k);
	kept_mine = NULL;
}

/* the main thread's, which no thread exit frees */
static void __attribute__((destructor)) kept_free_main(void) {
	if (kept_mine)
		kept_free(kept_mine);
}

static void kept_make_key(void) {
	if (pthread_key_create(&kept_key, kept_free) != 0)
		bug("no thread key");
}

static struct list *kept(void) {
	if (!kept_mine) {
		pthread_once(&kept_once, kept_make_key);
		kept_mine = mem_zalloc(sizeof *kept_mine);
		list_init(&kept_mine->list);
		pthread_setspecific(kept_key, kept_mine);
	}
	return &kept_mine->list;
}

static size_t subjects_size(const struct imap_subjects *s) {
	return s->numbers.n * sizeof *s->numbers.v + s->bases.n * SUBJECTS_EACH + 2 * buf_len(&s->strings);
}

/* the ones used longest ago go, as far as nobody holds them */
static void kept_trim(void) {
	size_t size = 0;
	struct list *all = kept(), *next;
	for (struct list *l = all->next; l != all; l = next) {
		struct imap_subjects *s = list_entry(l, struct imap_subjects, link);
		next = l->next;
		size += subjects_size(s);
		if (size > SUBJECTS_KEEP && !s->holders) {
			size -= subjects_size(s);
			subjects_free(s);
		}
	}
}

struct imap_subjects *imap_subjects_hold(uint32_t group) {
	struct imap_subjects *s = NULL;
	list_for(l, kept()) {
		struct imap_subjects *this = list_entry(l, struct imap_subjects, link);
		if (this->group == group)
			s = this;
	}
	if (!s) {
		s = mem_zalloc(sizeof *s);
		s->group = group;
		s->ids = hash_new();
	} else {
		list_del(&s->link);
	}
	list_add_head(kept(), &s->link);
	s->holders++;
	return s;
}

void imap_subjects_release(struct imap_subjects **sp) {
	if (!*sp)
		return;
	(*sp)->holders--;
	*sp = NULL;
	kept_trim();
}

bool imap_subjects_has(const struct imap_subjects *s, uint32_t number) {
	return number < s->numbers.n && s->numbers.v[number];
}

static uint32_t subjects_intern(struct imap_subjects *s, size_t from) {
	struct slice text = slice_from(buf_slice(&s->strings), from);
	uintptr_t known = (uintptr_t)hash_get(s->ids, text);
	if (known) {
		buf_truncate(&s->strings, from);
		return (uint32_t)known - 1;
	}
	struct base b = { .off = (uint32_t)from, .len = (uint32_t)text.n };
	vec_push(&s->bases, b);
	hash_put(s->ids, text, (void *)(uintptr_t)s->bases.n);
	s->ranked = false;
	return (uint32_t)s->bases.n - 1;
}

void imap_subjects_learn(struct imap_subjects *s, const struct overview *o) {
	if (imap_subjects_has(s, o->number))
		return;
	while (s->numbers.n <= o->number)
		vec_push(&s->numbers, 0);
	size_t from = buf_len(&s->strings);
	bool reply = imap_sort_subject(o, &s->strings);
	s->numbers.v[o->number] = (subjects_intern(s, from) + 1) << 1 | reply;
}

uint32_t imap_subjects_id(const struct imap_subjects *s, uint32_t number, bool *reply_r) {
	*reply_r = s->numbers.v[number] & 1;
	return (s->numbers.v[number] >> 1) - 1;
}

struct slice imap_subjects_base(const struct imap_subjects *s, uint32_t id) {
	return slice_sub(buf_slice(&s->strings), s->bases.v[id].off, s->bases.v[id].len);
}

static int by_text(const void *a, const void *b, void *arg) {
	return slice_cmp(imap_subjects_base(arg, *(const uint32_t *)a), imap_subjects_base(arg, *(const uint32_t *)b));
}

static void subjects_sort(struct imap_subjects *s) {
	uint32_t n = (uint32_t)s->bases.n, *order = mem_alloc(n * sizeof *order);
	for (uint32_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof *order, by_text, s);
	for (uint32_t i = 0; i < n; i++)
		s->bases.v[order[i]].rank = i;
	mem_free(order);
	s->ranked = true;
}

uint32_t imap_subjects_rank(struct imap_subjects *s, uint32_t id) {
	if (!s->ranked)
		subjects_sort(s);
	return s->bases.v[id].rank;
}
