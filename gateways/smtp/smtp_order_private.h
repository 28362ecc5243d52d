/* smtp_order_private.h - what the smtp_order*.c files share: answering the asker, and the verbs by file. */
#ifndef GATEWAYS_SMTP_SMTP_ORDER_PRIVATE_H
#define GATEWAYS_SMTP_SMTP_ORDER_PRIVATE_H
#include "gateways/smtp/smtp_order.h"

#define ORDER_DAY 86400
#define ORDER_OCTETS (16u << 20)   /* of posts that one mail may have read: the writer does nothing else meanwhile */

/* smtp_order.c */
const char *order_verb_word(enum smtp_verb v);
/* one mail to the asker. reply_to: whole local part, or empty */
int order_tell(struct forum_txn *t, const struct smtp_order *o, const char *subject, struct slice text,
	struct slice reply_to);
int order_tellf(struct forum_txn *t, const struct smtp_order *o, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* once in `seconds` for this address and word; 1 first time, 0 not again */
int order_once(struct forum_txn *t, const struct smtp_order *o, const char *word, int seconds);
/* asks back; the order is done when the answer says confirm */
int order_ask(struct forum_txn *t, struct smtp_order *o, const char *why, struct fail *f);
/* 1 that was asked already and is not asked again now; 0; < 0 */
int order_asked(struct forum_txn *t, const struct smtp_order *o);
/* the group the rest begins with, or the one the mail went to; only one that the asker reads */
int order_need_group(struct forum_txn *t, struct smtp_order *o, struct group *g_r, struct fail *f);

/* smtp_order_post.c: words about a post or a thread */
/* Subject, Date, Content fields and text of a post made here; text with LF */
void order_message(struct forum_txn *t, struct slice subject, struct slice text, struct buf *out);
/* the same with more parts, each with "--boundary" in front, or none */
void order_message_with(struct forum_txn *t, struct slice subject, struct slice text, struct slice boundary,
	struct slice parts, struct buf *out);
int order_watch(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_flag(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_undo(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_undo_act(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_whole(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f);
int order_edit(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f);
int order_split(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_under(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_publish(struct forum_txn *t, struct smtp_order *o, struct fail *f);

/* smtp_order_digest.c: posts to the posts of a digest, by their numbers */
int order_digest(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f);

/* smtp_order_member.c: what a member gets, and membership itself */
int order_help(struct forum_txn *t, struct smtp_order *o);
int order_subscribe(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_unsubscribe(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_set(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_search(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_ask_join(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_join(struct forum_txn *t, struct smtp_order *o, struct fail *f);

/* smtp_order_account.c */
int order_catchup(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_aside(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_agree(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_export(struct forum_txn *t, struct smtp_order *o, struct fail *f);
bool order_folded(struct forum_txn *t, const struct post *p, struct buf *fold);
int order_mentions(struct forum_txn *t, struct smtp_order *o);
int order_leave(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_ask_forget(struct forum_txn *t, struct smtp_order *o, struct fail *f);
int order_forget(struct forum_txn *t, struct smtp_order *o, struct fail *f);

/* smtp_order_app.c: "password NAME", "password list", "password revoke NAME" */
int order_app(struct forum_txn *t, struct smtp_order *o, struct fail *f);

/* smtp_order_case.c: a moderator's answer to a list of cases */
/* the author of a post about the case it is in */
int order_author_case(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f);
int order_cases(struct forum_txn *t, struct smtp_order *o, struct fail *f);
#endif
