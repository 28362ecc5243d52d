/* memo.h - small facts with an end: what a rewritten Message-ID stands for, that an address was answered today, that a
 * picture was shown in a group, a question that waits for its answer. Losing one is a nuisance, never damage. */
#ifndef FORUMD_FORUM_MEMO_H
#define FORUMD_FORUM_MEMO_H
#include "forumd/forum/forum.h"

enum memo {
	MEMO_ALIAS = 1, /* id nobody here has -> u64 post it stands for */
	MEMO_ANSWERED, /* address that got an automatic answer today */
	MEMO_PICTURE, /* group u32 + octets -> digest of the Message-ID that showed it first */
	MEMO_MAIL, /* member u32 + text of a mail -> its Message-ID */
	MEMO_PACE, /* member u32 + thread u64 -> u32 mails in this hour */
	MEMO_QUESTION, /* u64 number -> the command that waits for its confirmation */
	MEMO_CASE, /* post u64 -> the case was told to the moderators */
	MEMO_DIGEST, /* member u32 -> when the last digest went */
	MEMO_FIRST, /* member u32 -> posts by mail still to be looked at */
	MEMO_REPLACED, /* post u64 -> u64 post that stands in its place (replace.h) */
	MEMO_ASKED, /* member u32 + text version -> that he was asked to agree to it */
	MEMO_CATCHUP, /* member u32 -> when the last catch-up went */
	MEMO_ACT = 16, /* u64 number -> what a receipt tells of (gateways/common/act.c) */
	MEMO_CANCEL, /* Message-ID -> 'K' and Cancel-Key lines that came before the article; or 'A' and the cancel, to be handed on */
	MEMO_SEEN, /* Message-ID of a control message that was here */
	MEMO_SILENCE = 21, /* member u32, group u32 (0 all) -> until when he does not post, why (silence.h) */
	MEMO_FEED = 22, /* direction and feed -> since when i64, how it goes (feed.h) */
	MEMO_REPORTS = 23, /* post u64, member u32 -> u32 reports of the last day (moderate.c) */
	MEMO_BOUNCE = 20, /* member u32 -> bounces of the last days (member.c) */
};
/* The value, which lives as long as the transaction: 1; 0 absent or over. */
int memo_get(struct forum_txn *t, enum memo kind, struct slice key, struct slice *value_r);
/* Keeps value (<= 6,000 octets) until `expires` (seconds); replaces. Called on: writer. */
int memo_put(struct forum_txn *t, enum memo kind, struct slice key, struct slice value, int64_t expires);
int memo_del(struct forum_txn *t, enum memo kind, struct slice key);
/* drops what ended before `before`, at most max; number dropped. Called on: writer. */
int memo_expire(struct forum_txn *t, int64_t before, unsigned max);
#endif
