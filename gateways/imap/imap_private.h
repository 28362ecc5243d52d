/* imap_private.h - the inside of the IMAP gateway; included in this folder only. Everything runs on the session's
 * worker, but for the apply functions of jobs (writer).
 *
 * How a command runs: imap_session.c reads it whole (imap_parse.h), looks its name up in the table (imap_commands.c),
 * checks state and rights, calls the handler. A handler takes its arguments, answers with exactly one of imap_ok,
 * imap_no, imap_bad, imap_fail, or sets s.step and returns STEP_MORE or STEP_WAIT to go on later. The tagged answers
 * are the safe points: imap_ok and imap_no tell what changed in the mailbox first (imap_sync.c). */
#ifndef GATEWAYS_IMAP_IMAP_PRIVATE_H
#define GATEWAYS_IMAP_IMAP_PRIVATE_H
#include <limits.h>
#include "forumd/forum/group.h"
#include "forumd/forum/keywords.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "gateways/common/act.h"
#include "gateways/imap/imap.h"
#include "gateways/imap/imap_parse.h"
#include "gateways/imap/imap_section.h"
#include "gateways/imap/imap_view.h"

#define IMAP_LINE_LOGIN 8192       /* octets of a command before login */
#define IMAP_LINE_MAX 65536        /* after */
#define IMAP_STEP_US 5000          /* long work gives way to other sessions after this */

enum imap_state { IMAP_STRANGER = 1, IMAP_MEMBER = 2, IMAP_SELECTED = 4 };

struct imap_session {
	struct session s;              /* first */
	enum imap_state state;
	struct imap_reader reader;     /* the running command's octets: slices of arguments point in here */
	struct slice tag;
	const struct imap_command *command;
	bool answered;                 /* the command in reader is over */
	bool uid;                      /* the running command came as UID ... */
	enum step (*line)(struct imap_session *is, struct slice line);   /* wants the next line (AUTHENTICATE, IDLE) */
	struct sasl *sasl;             /* AUTHENTICATE under way */
	struct auth_result auth;
	int result;                    /* of the last job, with its words */
	struct fail fail;
	void (*keep)(struct imap_session *is, struct job *j);   /* copies what the next step needs from a job */
	void *work;                    /* the running command's own, in the command arena */
	/* selected mailbox */
	bool examine;
	uint32_t group;                /* 0: INBOX */
	struct imap_view view;
	struct range_set gone, flags;  /* not told yet: UIDs that vanished, UIDs whose flags changed */
	bool idle, member_changed;
	uint32_t keywords_told;        /* version of the member's keywords that FLAGS told */
	bool no_modseq;                /* a box of pointers: it has no change numbers */
	bool vanished_told;            /* EXPUNGE or VANISHED was told in the running command */
	uint64_t modseq;               /* of the last change in the mailbox that is known here */
	struct range_set saved;        /* UIDs that $ stands for (RFC 5182) */
	uint32_t reply_to_group;       /* of the two slices (imap_reply_to.c); 0 none; forgotten with each command */
	struct slice reply_to_line, reply_to_list;
	/* enabled (RFC 5161), for good */
	bool condstore, qresync;
	struct imap_notify *notify;    /* NOTIFY (imap_notify.h); NULL: never said */
	bool rev2, utf8_accept;        /* IMAP4rev2 (RFC 9051); UTF8=ACCEPT (RFC 6855) */
};
static inline struct imap_session *imap_of(struct session *s) { return (struct imap_session *)s; }

enum imap_command_flag {
	IMAP_UID = 1,                  /* may be prefixed with UID */
	IMAP_NO_EXPUNGE = 2,           /* EXPUNGE is not told in its answer unless it came as UID (RFC 3501 7.4.1) */
	IMAP_QUIET = 4,                /* nothing is told in its answer */
	IMAP_CLOSED_OK = 8,            /* runs even when the selected mailbox is no longer for this member */
};
struct imap_command {
	const char *name;
	/* rest: what follows the name; a leading space is still there */
	enum step (*run)(struct imap_session *is, struct slice *rest);
	unsigned states, flags;
};
const struct imap_command *imap_command_find(struct slice name);

/* imap_reply.c: every tagged answer and response code is written here. Each ends the command (s.step = NULL). */
enum step imap_ok(struct imap_session *is, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* code NULL or "NONEXISTENT" ... */
enum step imap_no(struct imap_session *is, const char *code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
enum step imap_bad(struct imap_session *is, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum step imap_fail(struct imap_session *is, const struct fail *f);
/* the storage could not be read */
enum step imap_unavailable(struct imap_session *is);
enum step imap_no_mailbox(struct imap_session *is);
enum step imap_bad_arguments(struct imap_session *is);
void imap_bye(struct imap_session *is, const char *text);
void imap_add_capabilities(struct imap_session *is, struct buf *out);

/* imap_boxes.c: own boxes, and siblings of groups that are commands */
struct imap_box { struct slice name; unsigned box; const char *use; };   /* enum personal_box; special use or NULL */
struct imap_action {
	struct slice name;
	enum act_kind act;
	int what;
	bool moderators, undo;
}; /* gateways/common/act.h */
/* in order, NULL at the end */
const struct imap_box *imap_box_at(size_t i);
const struct imap_action *imap_action_at(size_t i);
const struct imap_box *imap_box_named(struct slice name);
/* does the member moderate any group? 1, 0, < 0 */
int imap_moderates(struct imap_session *is, struct forum_txn *t);
/* GROUP.!Mute ...: 1 with the group (id 0 for !Mute: any group), 0 no such thing for this member, < 0 */
int imap_action_find(struct imap_session *is, struct forum_txn *t, struct slice name, struct group *g_r,
	const struct imap_action **action_r);
/* 1 with *g_r; 2 a mailbox that is always empty (*g_r zeroed); 0 no such mailbox for this member. name from
 * imap_take_mailbox. */
int imap_mailbox_find(struct imap_session *is, struct forum_txn *t, struct slice name, struct group *g_r);
bool imap_boxes_ready(struct forum_txn *t, uint32_t member);
/* makes the boxes; brings one up to date */
enum imap_box_sync { IMAP_SYNC_NONE, IMAP_SYNC_UNREAD, IMAP_SYNC_QUEUE, IMAP_SYNC_RIGHTS };
enum imap_box_sync imap_box_sync_of(struct imap_session *is, struct forum_txn *t, struct slice name);
enum step imap_box_sync(struct imap_session *is, enum imap_box_sync what, enum step (*then)(struct session *));

/* imap_name.c: names of mailboxes are UTF-8 (NFC) here, modified UTF-7 outside until a client enabled UTF-8 */
static inline bool imap_speaks_utf8(const struct imap_session *is) { return is->rev2 || is->utf8_accept; }
/* what the client wrote -> UTF-8, appended; false when malformed. RFC 6855 3: UTF-8 is understood from everybody */
bool imap_name_decode(struct imap_session *is, struct slice raw, struct buf *out);
/* astring, decoded, INBOX in capitals */
bool imap_take_mailbox(struct imap_session *is, struct slice *in, struct slice *name_r);
/* the same; typed_r: as it was written, decoded only, where that differs from the name (RFC 9051 6.3.2: OLDNAME), else
 * empty */
bool imap_take_mailbox_typed(struct imap_session *is, struct slice *in, struct slice *name_r, struct slice *typed_r);
/* a mailbox name as the client wants it: atom or quoted, modified UTF-7 or UTF-8 */
void imap_add_mailbox(struct imap_session *is, struct buf *out, struct slice name);

/* imap_session.c */
/* sequence set or UID set of the running command as UID runs inside the view; the set is freed with the command */
enum imap_set_result { IMAP_SET_OK, IMAP_SET_SYNTAX, IMAP_SET_BEYOND };
enum imap_set_result imap_take_uids(struct imap_session *is, struct slice *in, struct range_set **uids_r);
struct range_set *imap_command_set(struct imap_session *is);   /* empty, freed with the command */
void imap_deselect(struct imap_session *is);
/* was the account closed; was the selected mailbox taken away? */
bool imap_session_is_gone(struct imap_session *is, struct forum_txn *t);
bool imap_mailbox_is_gone(struct imap_session *is, struct forum_txn *t);
/* is the selected mailbox still there for this member? INBOX always. 1, 0, < 0 storage */
int imap_selected_get(struct imap_session *is, struct forum_txn *t, struct group *g_r);
/* time for others? start is clock_mono_us() at the begin of the step */
bool imap_give_way(struct imap_session *is, int64_t start);
/* hand a job over; after its commit keep(is, j) copies what is needed (NULL: result and fail are enough), then(s) runs
 */
enum step imap_submit(struct imap_session *is, struct job *j, void (*keep)(struct imap_session *, struct job *),
	enum step (*then)(struct session *s));

/* imap_cmd_auth.c: is->auth says how the password check ended */
void imap_auth_finish(struct imap_session *is);

/* imap_flags.c: flags as octets. A mask has bits 1 << enum mark, the member's own keywords among them, and above these
 * what moderators said about the post, which is the same for everybody. */
#define IMAP_BIT(mark) (UINT64_C(1) << (mark))
#define IMAP_OFF_TOPIC IMAP_BIT(MARK_COUNT)
#define IMAP_ASIDE IMAP_BIT(MARK_COUNT + 1)
#define IMAP_LOCKED IMAP_BIT(MARK_COUNT + 2)
#define IMAP_REPORTED IMAP_BIT(MARK_COUNT + 3)
#define IMAP_SHARED (IMAP_OFF_TOPIC | IMAP_ASIDE | IMAP_LOCKED | IMAP_REPORTED)
/* in the moderators' queue, besides: what the case is about */
#define IMAP_WAITS IMAP_BIT(MARK_COUNT + 4)
#define IMAP_SPAM IMAP_BIT(MARK_COUNT + 5)
#define IMAP_UNCIVIL IMAP_BIT(MARK_COUNT + 6)
#define IMAP_PRIVACY IMAP_BIT(MARK_COUNT + 7)
#define IMAP_CASE (IMAP_WAITS | IMAP_SPAM | IMAP_UNCIVIL | IMAP_PRIVACY)
/* IMAP_SHARED bits of a post's flags (enum post_flag) */
uint64_t imap_shared_flags(uint32_t post_flags);
/* "(\Seen $Junk work)"; own: names of the keywords (imap_marks.own) */
void imap_flags_write(struct buf *out, uint64_t mask, const struct keywords *own);
/* bit of a flag name; 0 when it is none of the fixed ones */
uint64_t imap_flag_bit(struct slice name);
/* what a client gives as flags: fixed ones in mask, keywords by name; names that are no keywords are left out */
#define IMAP_OWN_FLAGS 64          /* more in one command: many */
struct imap_flags { uint64_t mask; bool draft, many; unsigned nown; struct slice own[IMAP_OWN_FLAGS]; };
/* "(" flag* ")" or flag SP flag ... */
bool imap_take_flags(struct slice *in, struct imap_flags *f_r);
/* f for a job: names in its arena */
void imap_flags_copy(struct arena *a, const struct imap_flags *f, struct imap_flags *to_r);
/* its own keywords as bits, made when they are new. 1, < 0. Called on: writer. */
int imap_flags_own(struct forum_txn *t, uint32_t member, const struct imap_flags *f, uint64_t *mask_r,
	struct fail *fail);
/* "* FLAGS (...)" and PERMANENTFLAGS of a mailbox; NULL: one that is a command */
void imap_flags_tell(struct imap_session *is, struct forum_txn *t, const struct group *g);
/* the same when the member has other keywords than this session was told of */
void imap_flags_tell_new(struct imap_session *is, struct forum_txn *t);
/* what members may set: no \\Draft on posts, and hiding is EXPUNGE's business */
#define IMAP_OWN ((IMAP_BIT(MARK_COUNT) - 1) & ~(IMAP_BIT(MARK_OWN) - 1))
#define IMAP_KEPT ((((IMAP_BIT(MARK_FIXED)) - 1) | IMAP_OWN) & ~IMAP_BIT(MARK_HIDDEN))

/* A member's marks for ascending UIDs, loaded in windows. imap_marks_free() before the transaction's step ends. */
struct imap_marks {
	uint32_t member, group, lo, hi;
	struct marks m;
	size_t at[MARK_COUNT];
	unsigned char used[MARK_COUNT], nused;
	bool loaded, named;
	struct keywords own;          /* loaded when a window has any of them */
};
void imap_marks_begin(struct imap_marks *w, uint32_t member, uint32_t group);
/* mask of one UID: 1, < 0 storage. UIDs must ascend between calls. */
int imap_marks_mask(struct imap_marks *w, struct forum_txn *t, uint32_t uid, uint64_t *mask_r);
void imap_marks_free(struct imap_marks *w);
/* set and clear bits for all numbers; 1 changed, 0 nothing, < 0. Called on: writer. */
int imap_marks_apply(struct forum_txn *t, uint32_t member, uint32_t group, const struct range_set *uids,
	uint64_t set, uint64_t clear);

/* imap_reply_to.c: where answers to a post in a group go, and what reports say in the moderators' queue */
/* "Reply-To: <GROUP@DOMAIN>" CRLF, as an address list for ENVELOPE; empty when the post has its own, or is no group's.
 * o->group may be an own box. They live as long as the command. */
struct slice imap_reply_to_line(struct imap_session *is, struct forum_txn *t, const struct overview *o);
struct slice imap_reply_to_list(struct imap_session *is, struct forum_txn *t, const struct overview *o);
/* Comments lines of a case (RFC 5322 3.6.5), one for each report; empty outside the queue */
struct slice imap_case_lines(struct imap_session *is, struct forum_txn *t, const struct overview *o);
/* all lines that stand behind From here and nowhere else */
struct slice imap_added_lines(struct imap_session *is, struct forum_txn *t, const struct overview *o);
/* may the header have octets beyond ASCII? Then clients without UTF8=ACCEPT (RFC 6855) get a surrogate. from: as typed
 * */
bool imap_header_is_wide(struct forum_txn *t, uint32_t flags, uint32_t author, struct slice from);
/* post_header() with these behind From; 2: utf8 is false, and it is a surrogate (RFC 6858); < 0 */
int imap_header(struct forum_txn *t, const struct post *p, struct slice added, bool utf8, struct buf *out);
/* ENVELOPE of such a post, made from the surrogate; 1, 0 it has none, < 0. Strings live in *a_r, made when needed (NULL
 * before) and the caller's to free: those of a whole mailbox are too much for the command's arena. */
int imap_wide_envelope(struct imap_session *is, struct forum_txn *t, const struct overview *o, struct arena **a_r,
	struct envelope *e);
/* RFC822.SIZE */
uint32_t imap_size(struct imap_session *is, struct forum_txn *t, const struct overview *o);

/* numbers of a group the member took out of his view, added to out: 1, < 0 */
int imap_hidden(struct forum_txn *t, uint32_t member, const struct group *g, struct range_set *out);

/* imap_notify.c: of the selected mailbox, when NOTIFY asked for something; and what happens to its session */
bool imap_notify_drops_flags(const struct imap_session *is);          /* FlagChange is not wanted */
void imap_notify_arrived(struct imap_session *is, uint32_t uid);      /* new messages from there on were told */
void imap_notify_change(struct imap_session *is, const struct change *c);
/* STATUS items that tell of these events */
unsigned imap_notify_items(const struct imap_session *is, unsigned events, bool messages, bool flags);

/* imap_sync.c */
void imap_sync_change(struct imap_session *is, const struct change *c);
/* tell what changed; stops when the output is full (the rest waits for the next safe point) */
void imap_sync(struct imap_session *is, bool expunge);
/* the flags of these are told, or about to be, by the running command */
void imap_sync_told(struct imap_session *is, struct forum_txn *t, const struct range_set *uids);
/* "* n FETCH (UID u FLAGS (...) MODSEQ (m))"; mask IMAP_NO_FLAGS, modseq 0: without */
#define IMAP_NO_FLAGS UINT64_MAX
void imap_sync_flags_line(struct buf *out, uint32_t seq, uint32_t uid, uint64_t mask, const struct keywords *own,
	uint64_t modseq);
/* 1 told; 0 not visible; < 0 */
int imap_sync_flags(struct imap_session *is, struct forum_txn *t, struct imap_marks *w, uint32_t uid);

/* flags this session changed itself are told whatever NOTIFY said */
void imap_sync_own_flags(struct imap_session *is, const struct range_set *uids);
/* "* n FETCH (UID u MODSEQ (m))", what the answer to a silent STORE still says; 1, 0 not visible, < 0 */
int imap_sync_modseq(struct imap_session *is, struct forum_txn *t, struct imap_marks *w, uint32_t uid);

/* imap_modseq.c: change numbers (RFC 7162) */
bool imap_group_has_modseq(const struct group *g);
/* for HIGHESTMODSEQ: at least 1; 0 for a box without */
uint64_t imap_group_modseq(const struct group *g);
/* of a message; UIDs must ascend between calls with the same w */
uint64_t imap_modseq(struct imap_marks *w, struct forum_txn *t, const struct overview *o);
/* a command enabled CONDSTORE */
void imap_condstore_on(struct imap_session *is);
/* what may have changed, and what may have vanished, after `since`: never too little. 1, < 0 */
int imap_changed_since(struct forum_txn *t, uint32_t member, uint32_t group, uint64_t since, struct range_set *changed,
	struct range_set *gone);
void imap_tell_vanished(struct imap_session *is, const struct range_set *uids, bool earlier);
bool imap_take_modseq(struct slice *in, uint64_t *v_r);
void imap_set_intersect(struct range_set *set, const struct range_set *with);

/* imap_splice.c. BODY[], BODY[HEADER] or BODY[TEXT] as literal without inflating it: 1 written; 0 not this section,
 * this connection or this size: write it the common way; < 0 nothing was written. z is for scratch. */
int imap_splice(struct imap_session *is, struct forum_txn *t, const struct post *p, const struct imap_section *s,
	struct slice added, struct buf *z);

/* imap_cmd_search.c. For SORT and THREAD: the search keys up to the end of the command, run over the mailbox; then gets
 * the UIDs that were found, which live as long as the command, and answers it. */
typedef enum step (*imap_found)(struct imap_session *is, struct range_set *uids, void *arg);
enum step imap_find(struct imap_session *is, struct slice *rest, struct slice charset, imap_found then, void *arg);
/* UIDs that all exist in the view become sequence numbers */
void imap_uids_to_seqs(struct imap_session *is, struct range_set *set);
struct imap_partial { uint32_t lo, hi; bool from_end; };   /* RFC 9394: places, from 1 */
bool imap_take_partial(struct slice *in, struct imap_partial *p);
void imap_set_partial(struct range_set *set, const struct imap_partial *p);

/* imap_resync.c: parameters of SELECT */
struct imap_select {
	bool condstore, qresync;
	uint32_t uidvalidity;
	uint64_t since;
	struct range_set *known;       /* UIDs; NULL: all */
};
bool imap_take_select(struct imap_session *is, struct slice *in, struct imap_select *p);
/* tells what changed in the mailbox just opened, then imap_select_ok() */
enum step imap_resync(struct imap_session *is, const struct imap_select *p);
/* imap_cmd_select.c */
enum step imap_select_ok(struct imap_session *is);

/* imap_structure.c: BODYSTRUCTURE, or BODY without extension data, from what is stored, as a session reads it that enabled
 * IMAP4rev2 or UTF8=ACCEPT. True: something in it is a surrogate (RFC 6858). */
struct imap_structure_form { bool extensions, rev2, utf8; };
bool imap_structure_write(struct slice stored, struct imap_structure_form form, struct buf *out);
/* the next token or list of a stored answer */
struct slice imap_structure_value(struct slice *in);

/* imap_cmd_status.c: lines for STATUS and LIST ... RETURN (STATUS ...) */
enum imap_status_item {
	IMAP_STATUS_MESSAGES = 1, IMAP_STATUS_UIDNEXT = 2, IMAP_STATUS_UIDVALIDITY = 4, IMAP_STATUS_UNSEEN = 8,
	IMAP_STATUS_RECENT = 16, IMAP_STATUS_SIZE = 32, IMAP_STATUS_MODSEQ = 64,
	IMAP_STATUS_MAILBOXID = 128, IMAP_STATUS_DELETED = 256, IMAP_STATUS_DELETED_STORAGE = 512,
};
struct imap_status { unsigned items; uint32_t next; uint64_t size; };   /* zero next and size for each mailbox */
/* "(MESSAGES ...)" */
bool imap_take_status_items(struct slice *in, unsigned *items_r);
/* 1 the line was written (or the mailbox vanished: nothing), 0 call again in a later step, < 0 */
int imap_status_write(struct imap_session *is, struct forum_txn *t, struct slice name, struct imap_status *st,
	int64_t start);

/* imap_cmd_expunge.c: out of the member's view of a group, and a pointer into Trash. 1, 0, < 0. Called on: writer. */
int imap_hide(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t uid, bool trash);

/* imap_cmd_fetch.c: tells these items of these messages by themselves, then goes on with then(). The plan outlives
 * that. */
struct imap_fetch_plan;
enum step imap_fetch_tell(struct imap_session *is, const struct imap_fetch_plan *plan, struct range_set *uids,
	enum step (*then)(struct session *s));

/* imap_cmd_list.c: "* LIST (flags) "." name", with OLDNAME where old is not empty (RFC 9051 6.3.9.7) */
void imap_tell_list(struct imap_session *is, const char *flags, struct slice name, struct slice old);

/* imap_cmd_idle.c: something changed while idle */
void imap_idle_change(struct imap_session *is);

/* imap_cmd_metadata.c: LIST ... RETURN (METADATA (entries)), RFC 9590. NULL: not understood; lives as long as the
 * command */
struct metadata;
struct metadata *imap_take_metadata(struct imap_session *is, struct slice *in);
/* 1 the line of a mailbox was written, or it vanished; < 0 */
int imap_metadata_write(struct imap_session *is, struct forum_txn *t, struct slice name, struct metadata *w);

/* imap_subscribe.c: the member's list, for imap_subscribed(); in the command arena. 1, 0 nothing differs, < 0 */
int imap_subscriptions(struct imap_session *is, struct forum_txn *t, struct slice *list_r);
bool imap_subscribed(struct slice list, struct slice name);
/* names that were subscribed by command and are no commands themselves: their mailboxes may be gone. Consumes list. */
bool imap_subscribed_next(struct slice *list, struct slice *name_r);

/* imap_boxes.c: every mailbox of the member but commands, with its group (id 0: a box that is not made yet); stops when
 * fn returns < 0, and returns that; 1, < 0. Names live as long as the transaction. */
typedef int (*imap_mailbox_fn)(void *arg, struct slice name, const struct group *g);
int imap_mailboxes_each(struct imap_session *is, struct forum_txn *t, imap_mailbox_fn fn, void *arg);
/* the name of a group for this member: 1, 0 not for him, < 0 */
int imap_mailbox_name(struct imap_session *is, struct forum_txn *t, uint32_t group, struct slice *name_r);

/* handlers */
enum step imap_cmd_notify(struct imap_session *is, struct slice *rest);
enum step imap_cmd_starttls(struct imap_session *is, struct slice *rest);
enum step imap_cmd_login(struct imap_session *is, struct slice *rest);
enum step imap_cmd_authenticate(struct imap_session *is, struct slice *rest);
enum step imap_cmd_select(struct imap_session *is, struct slice *rest);
enum step imap_cmd_examine(struct imap_session *is, struct slice *rest);
enum step imap_cmd_close(struct imap_session *is, struct slice *rest);
enum step imap_cmd_unselect(struct imap_session *is, struct slice *rest);
enum step imap_cmd_list(struct imap_session *is, struct slice *rest);
enum step imap_cmd_lsub(struct imap_session *is, struct slice *rest);
enum step imap_cmd_subscribe(struct imap_session *is, struct slice *rest);
enum step imap_cmd_unsubscribe(struct imap_session *is, struct slice *rest);
enum step imap_cmd_namespace(struct imap_session *is, struct slice *rest);
enum step imap_cmd_status(struct imap_session *is, struct slice *rest);
enum step imap_cmd_append(struct imap_session *is, struct slice *rest);
enum step imap_cmd_replace(struct imap_session *is, struct slice *rest);
enum step imap_cmd_fetch(struct imap_session *is, struct slice *rest);
enum step imap_cmd_store(struct imap_session *is, struct slice *rest);
enum step imap_cmd_search(struct imap_session *is, struct slice *rest);
enum step imap_cmd_sort(struct imap_session *is, struct slice *rest);
enum step imap_cmd_thread(struct imap_session *is, struct slice *rest);
enum step imap_cmd_move(struct imap_session *is, struct slice *rest);
enum step imap_cmd_copy(struct imap_session *is, struct slice *rest);
enum step imap_cmd_expunge(struct imap_session *is, struct slice *rest);
enum step imap_cmd_idle(struct imap_session *is, struct slice *rest);
enum step imap_cmd_getmetadata(struct imap_session *is, struct slice *rest);
enum step imap_cmd_setmetadata(struct imap_session *is, struct slice *rest);
enum step imap_cmd_getquota(struct imap_session *is, struct slice *rest);
enum step imap_cmd_getquotaroot(struct imap_session *is, struct slice *rest);
enum step imap_cmd_setquota(struct imap_session *is, struct slice *rest);
enum step imap_cmd_myrights(struct imap_session *is, struct slice *rest);
enum step imap_cmd_getacl(struct imap_session *is, struct slice *rest);
enum step imap_cmd_setacl(struct imap_session *is, struct slice *rest);
enum step imap_cmd_deleteacl(struct imap_session *is, struct slice *rest);
enum step imap_cmd_listrights(struct imap_session *is, struct slice *rest);
enum step imap_cmd_capability(struct imap_session *is, struct slice *rest);
enum step imap_cmd_noop(struct imap_session *is, struct slice *rest);
enum step imap_cmd_check(struct imap_session *is, struct slice *rest);
enum step imap_cmd_logout(struct imap_session *is, struct slice *rest);
enum step imap_cmd_id(struct imap_session *is, struct slice *rest);
enum step imap_cmd_enable(struct imap_session *is, struct slice *rest);
enum step imap_cmd_compress(struct imap_session *is, struct slice *rest);
enum step imap_cmd_create(struct imap_session *is, struct slice *rest);
enum step imap_cmd_delete(struct imap_session *is, struct slice *rest);
enum step imap_cmd_rename(struct imap_session *is, struct slice *rest);
#endif
