/* imap_thread.h - THREAD=REFERENCES and THREAD=ORDEREDSUBJECT (RFC 5256 3) over messages that know their parents. Any
 * thread; memory is the object's. */
#ifndef GATEWAYS_IMAP_IMAP_THREAD_H
#define GATEWAYS_IMAP_IMAP_THREAD_H
#include "forumd/base/buf.h"
#include "forumd/base/vec.h"

#define IMAP_THREAD_NONE UINT32_MAX

struct imap_thread_node {
	uint64_t post, parent, thread;   /* parent 0: none; thread: shared by all whose root is the same, seen or not */
	int64_t date;
	uint32_t number;                 /* to be written: UID or sequence number; ascending */
	bool listed;                     /* was found; the others only lead from child to parent */
	bool reply;                      /* of its subject */
	bool have_subject, bare;         /* bare: its base subject is empty */
	uint32_t subject;                /* the same number for the same base subject, from 0 */
	/* private */
	uint32_t up, first, next;
};
struct imap_thread {
	VEC(struct imap_thread_node) nodes;   /* messages in order of the mailbox; then those that stand for missing ones */
	/* private */
	uint32_t nsubjects;              /* above all of them */
	VEC(uint32_t) roots;
	size_t messages;
};
void imap_thread_free(struct imap_thread *th);
/* a message is added with post, parent, thread, date, number, listed; its subject may be given now or later */
struct imap_thread_node *imap_thread_add(struct imap_thread *th);
void imap_thread_subject(struct imap_thread *th, struct imap_thread_node *n, uint32_t subject, bool bare, bool reply);

/* REFERENCES, first half: the trees. Then every message imap_thread_wants() names gets its subject. */
void imap_thread_link(struct imap_thread *th);
/* the next message from *i that heads a tree and has no subject yet; false: none */
bool imap_thread_wants(struct imap_thread *th, size_t *i, struct imap_thread_node **n_r);
/* second half: trees of the same subject become one; then all is sorted */
void imap_thread_gather(struct imap_thread *th);
/* ORDEREDSUBJECT: all listed messages have subjects */
void imap_thread_by_subject(struct imap_thread *th);
/* " (1 2)(3 ...)", nothing when there is nothing */
void imap_thread_write(struct imap_thread *th, struct buf *out);
#endif
