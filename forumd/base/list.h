/* list.h - intrusive doubly linked lists. A struct list is both the head and the link; a head is empty when it
 * points at itself. */
#ifndef FORUMD_BASE_LIST_H
#define FORUMD_BASE_LIST_H
#include <stdbool.h>
#include <stddef.h>

struct list { struct list *prev, *next; };
static inline void list_init(struct list *l) { l->prev = l->next = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }
static inline void list_add_tail(struct list *head, struct list *l) {
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}
static inline void list_add_head(struct list *head, struct list *l) { list_add_tail(head->next, l); }
/* safe to call twice, and on an initialised link that is in no list */
static inline void list_del(struct list *l) { l->prev->next = l->next; l->next->prev = l->prev; list_init(l); }
#define list_entry(l, type, member) ((type *)((char *)(l) - offsetof(type, member)))
#define list_for(it, head) for (struct list *it = (head)->next, *it##_next = it->next; it != (head); it = it##_next, it##_next = it->next)
#endif
