/* out_private.h - the schedule thread's state; all of it is that thread's own but for `stop`, `next_config` and
 * what out_sign.c's threads have until a mail is ready. */
#ifndef GATEWAYS_OUT_OUT_PRIVATE_H
#define GATEWAYS_OUT_OUT_PRIVATE_H
#include <pthread.h>
#include <stdatomic.h>
#include "forumd/base/vec.h"
#include "forumd/forum/mailq.h"
#include "forumd/mail/dkim.h"
#include "gateways/out/out.h"
#include "gateways/out/send_wire.h"

#define OUT_IN_FLIGHT_MAX 64
#define OUT_BYTES_MAX (32u << 20)      /* of mails given to senders and not answered; as much of composed ones */
#define OUT_SENDERS_MAX 32
#define OUT_DEPTH_MAX 32                /* mails in one sender's pipe */
#define OUT_MAILS_MAX 64                /* composed, not yet given to a sender */
#define OUT_SIGNERS_MAX 16
#define OUT_KEYS 2
#define OUT_DOMAINS 1024

/* notice: it has no envelope sender */
struct out_flight { uint64_t id; size_t size; int64_t expires; unsigned domain; bool notice; };
struct out_sender {
	int fd;                            /* -1: not running */
	struct buf in, out;
	struct out_flight flight[OUT_DEPTH_MAX]; unsigned nflight;   /* in the order given */
	int64_t start_at;                  /* monotonic ms: not before */
	int64_t busy_since;                /* monotonic ms: when it began with its first mail */
	unsigned deaths;
};
struct out_later { uint64_t id; int64_t due; };
struct out_result { uint64_t id; enum send_class class; char text[SEND_TEXT_MAX + 1]; };

/* The list copy of one post in one group, made once for a run of recipients; arc: its seal, or empty. It does not
 * change while mails refer to it; refs is the schedule thread's. */
struct out_copy {
	unsigned refs;
	uint64_t post;
	uint32_t group;
	struct buf mail, arc;
	size_t reply_to, body;
	unsigned char body_hash[32];
};

/* One mail from composing until a sender has it. */
struct out_mail {
	uint64_t id; int64_t expires;
	unsigned domain;
	struct buf sender, recipient;
	struct out_copy *copy;             /* NULL: a notice, which is `own` */
	struct buf own;                    /* of a copy: the fields that only this recipient gets */
	struct buf signature;
	struct out_mail *next;             /* in the signing threads' queue */
	atomic_bool ready;                 /* until then it is a signing thread's */
};
/* What is known of a recipient domain. */
struct out_domain {
	unsigned in_flight, window;        /* mails under way; how many may be, 0: not known yet */
	unsigned refusals, pauses;         /* for now, in a row */
	bool slow;                         /* its last answer took long: it gets one sender, which others avoid */
	int64_t since;                     /* monotonic ms: of its last answer, or of the first mail under way */
	int64_t took_ms;                   /* its last answer */
	int64_t line_end;                  /* monotonic ms: the turn of the last mail that was put off */
	int64_t until, next_us;            /* monotonic: not before, for refusals (ms) and for the rate (us) */
};
struct out_key { struct dkim_key *key; char *selector; };      /* key NULL: none */
struct out_pool {
	pthread_t thread[OUT_SIGNERS_MAX]; unsigned n;
	pthread_mutex_t lock;              /* todo, stop */
	pthread_cond_t more;
	struct out_mail *todo;
	bool stop;
};

struct out {
	struct forum *forum;
	struct config *config;
	_Atomic(struct config *) next_config;
	pthread_t thread;
	int wake_fd;
	atomic_bool stop;
	struct out_sender senders[OUT_SENDERS_MAX]; unsigned nsenders;
	VEC(struct out_result) results;    /* answered, not committed: still counted as in flight */
	struct out_copy *copy;             /* of the last post */
	size_t octets;                     /* of all copies and of what is in `mails` */
	bool copy_stale;                   /* names and states may have changed since it was made */
	struct out_mail *mails[OUT_MAILS_MAX]; unsigned nmails;    /* in the order composed */
	struct out_key keys[OUT_KEYS];     /* the first seals (ARC) too; they change while nothing is under way */
	struct out_pool pool;
	unsigned slow_run;                 /* slow answers since the last quick one */
	unsigned sender_refusals;          /* in a row, of copies */
	int64_t pause_until; unsigned downs;   /* the smarthost is down: nobody sends before (monotonic ms) */
	int64_t given_at;                  /* when the last mail was given to a sender */
	uint64_t down_id; unsigned down_same;  /* the mail that was told so last, and how often in a row */
	struct out_domain domains[OUT_DOMAINS];
	int64_t domain_wake;               /* monotonic ms: when one of them may go on; 0 */
	VEC(struct out_later) later;       /* items to be moved out of the way */
	int64_t next_due;                  /* seconds; 0 nothing waits */
	int64_t purge;                     /* when the text of the next tombstone goes */
	int64_t gauges[4];                 /* as they were told last */
};

/* out_launch.c: a new forumd-send; descriptor of its socket (non-blocking) or -1. Schedule thread. */
int out_launch_sender(const struct config *c);

/* out_schedule.c: from any thread */
void out_wake(struct out *o);

/* out_domain.c: the place of a recipient's domain; may it have one more mail now; if not, how many ms it wants to be
 * left alone, 0: it has only just begun; one more is under way; gone without an answer; answered, `ms` after its sender
 * had begun with it */
unsigned out_domain_of(struct slice recipient);
bool out_domain_may(struct out *o, unsigned domain);
int64_t out_domain_wait_ms(const struct out *o, unsigned domain);
/* one of its mails is put off: in how many ms its turn is */
int64_t out_domain_put_off(struct out *o, unsigned domain, int64_t wait_ms);
void out_domain_begin(struct out *o, unsigned domain);
void out_domain_end(struct out *o, unsigned domain);
void out_domain_answered(struct out *o, unsigned domain, enum send_class class, int64_t ms);

/* out_sign.c: sign now; or by a thread, which sets m->ready and wakes. False: no thread can be had. */
void out_sign(const struct out *o, struct out_mail *m);
bool out_sign_put(struct out *o, struct out_mail *m);
/* no thread touches a mail after this */
void out_sign_stop(struct out *o);

/* out_sender.c */
void out_senders_begin(struct out *o);
/* start those that are due and missing */
void out_senders_start(struct out *o);
/* one with room for a mail of this size to this kind of domain, or NULL */
struct out_sender *out_sender_free(struct out *o, size_t size, bool slow);
/* is there any room at all? */
bool out_senders_have_room(const struct out *o);
bool out_is_in_flight(const struct out *o, uint64_t id);
/* the mail's octets were appended to s->out behind send_wire_begin_request(): account for it */
void out_sender_given(struct out *o, struct out_sender *s, const struct out_mail *m, size_t size);
/* read answers into o->results, write what waits */
void out_sender_events(struct out *o, struct out_sender *s, short events);
void out_senders_stop(struct out *o);
/* composed or given, and not answered; octets of these, texts that they share counted once */
unsigned out_in_flight(const struct out *o);
size_t out_octets(const struct out *o);
/* nobody is there to take mail now */
bool out_senders_pause(const struct out *o);
void out_result_add(struct out *o, uint64_t id, enum send_class class, struct slice text);

/* out_compose.c: make the item a mail, to be signed. 1; OUT_DROP: it may not go out any more (hidden post, left member)
 * and is done; OUT_BAD: its address cannot be written in SMTP; < 0: the store cannot be read */
enum { OUT_DROP = 2, OUT_BAD = 3 };
int out_compose(struct out *o, struct forum_txn *t, const struct mailq_item *i);
/* mails that are ready go to the senders that have room */
void out_give(struct out *o);
/* mails that are ready and not given are forgotten: they are still due */
void out_forget(struct out *o);
void out_copy_drop(struct out *o, struct out_copy **c);
#endif
