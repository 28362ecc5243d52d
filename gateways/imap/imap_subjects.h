/* imap_subjects.h - what SORT and THREAD compare subjects by, kept for the groups that were asked for lately: the base
 * subject of a post never changes, so only new posts are work. Each worker thread has its own; about SUBJECTS_KEEP
 * octets altogether stay while nobody holds them. */
#ifndef GATEWAYS_IMAP_IMAP_SUBJECTS_H
#define GATEWAYS_IMAP_IMAP_SUBJECTS_H
#include "forumd/forum/overview.h"

struct imap_subjects;
/* held until imap_subjects_release(); within one thread */
struct imap_subjects *imap_subjects_hold(uint32_t group);
void imap_subjects_release(struct imap_subjects **s);
/* is the post with this number known? */
bool imap_subjects_has(const struct imap_subjects *s, uint32_t number);
void imap_subjects_learn(struct imap_subjects *s, const struct overview *o);
/* of a number that is known. Posts with one base subject have one id. base lives until the next learn. */
uint32_t imap_subjects_id(const struct imap_subjects *s, uint32_t number, bool *reply_r);
struct slice imap_subjects_base(const struct imap_subjects *s, uint32_t id);
/* the id's place in the order of i;unicode-casemap */
uint32_t imap_subjects_rank(struct imap_subjects *s, uint32_t id);
#endif
