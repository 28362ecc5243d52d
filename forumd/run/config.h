/* config.h - the configuration: libconfuse syntax, one table (name, type, default, range, help) that the parser, the
 * man page and `forumctl config` are made from. A snapshot is immutable and counted; reload swaps it. */
#ifndef FORUMD_RUN_CONFIG_H
#define FORUMD_RUN_CONFIG_H
#include <stdbool.h>
#include <stdint.h>
#include "forumd/base/buf.h"
#include "forumd/base/fail.h"
#include "forumd/net/tls.h"

enum listen_protocol {
	LISTEN_NNTP,
	LISTEN_NNTPS,
	LISTEN_IMAP,
	LISTEN_IMAPS,
	LISTEN_SMTP,
	LISTEN_SUBMISSION,
	LISTEN_SUBMISSIONS,
	LISTEN_LMTP,
	LISTEN_HTTP,
	LISTEN_HTTPS,
	LISTEN_CTL
};
struct config_listen {
	const char *name, *address, *path;   /* path: Unix socket instead of address and port; made absolute */
	unsigned port;
	enum listen_protocol protocol;
	const char
		*trust_authserv; /* lmtp, smtp: authserv-id of the front MTA whose Authentication-Results count; "" none */
	bool check_sender;                   /* smtp: SPF, DKIM, DMARC, ARC are checked by ourselves */
};
/* A news server that feeds us (IHAVE, CHECK, TAKETHIS): known by its address or by the member it logs in as. */
struct config_peer {
	const char *name, *address;          /* numeric; "" none */
	const char *user;                    /* a member's address; "" none */
	const char *groups;                  /* wildmat of the groups it may bring */
	bool stream;                         /* MODE STREAM, CHECK, TAKETHIS */
	bool approved;                       /* its Approved counts in moderated groups */
	bool cancels;                        /* its cancels need no key for what stands only in these groups */
	const char *path;                    /* its path identity; "" not known */
};
/* Groups that forumd-fetch follows at another news server, or brings there. */
struct config_fetch {
	const char *name, *protocol, *host, *user, *password_file, *groups, *direction, *tls, *path;
	const char *mailbox, *move_to, *group, *trust_authserv;   /* imap; "" none */
	unsigned port, interval;             /* seconds */
};
struct config {
	const char *file;                    /* absolute */
	const char *domain;
	unsigned workers;                    /* 0 in the file: one per core */
	const char *user;                    /* to change to when started as root; "" stay */
	const char *log_level;
	const char *storage_path;
	uint64_t map_size, text_cache;
	const char *backup_path;             /* the sandbox lets backups be written there; "" none */
	const char *tls_certificate, *tls_key, *tls_client_ca;
	struct tls_ctx *tls;                 /* NULL when none configured */
	const char *control_path;
	const struct config_listen *listen; unsigned nlisten;
	const struct config_peer *peer; unsigned npeer;
	const struct config_fetch *fetch; unsigned nfetch;
	const char *motd;                    /* file; "" none */
	const char *motd_text;               /* what was in it when the configuration was read */
	unsigned over_quoted;                /* percent; 0 off */
	const char *distributions, *distrib_pats;   /* entries separated by ";" */
	const char *outgoing_transport; /* "smtp://host:port", "smtps://host:port", "maildir:DIR" (absolute), "" none */
	const char *outgoing_tls;            /* "none", "opportunistic", "encrypt", "verify" */
	const char *outgoing_user, *outgoing_password_file;
	const char *dkim_key, *dkim_selector; /* key: absolute, "" none: mail is not signed */
	const char *dkim_key2, *dkim_selector2;   /* the same; not without the first */
	unsigned outgoing_senders;           /* forumd-send processes */
	unsigned domain_parallel, domain_per_minute;   /* mails to one recipient domain; per minute: 0 no limit */
	const char *dns_server;              /* ADDRESS or ADDRESS:PORT; "" as resolv.conf says */
	unsigned dns_timeout;                /* seconds for all look-ups of one mail */
	const char *arc_trust;               /* domains whose ARC seals are believed */
	bool arc_seal, arc_carry;
	uint64_t message_size;               /* octets */
	uint64_t attachments;                /* octets of the files that a mail may bring; 0 no limit */
	unsigned login_seconds, idle_seconds, connections, connections_per_address;
	unsigned bad_commands, login_failures;
	unsigned posts_per_minute;           /* a member; 0 no limit */
	uint64_t own_storage, own_messages;  /* of a member's own mailboxes; 0 no limit */
	unsigned notify_mailboxes;           /* a NOTIFY about lists of more is refused */
	unsigned hold_seconds;               /* mail copies go out this long after the post (undo window) */
	bool cleartext_login;                /* passwords without TLS on other than loopback */
	char reply_separator;                /* '-' : GROUP-reply-TOKEN */
	uint64_t reply_days;                 /* life of reply addresses */
	const char *http_url; /* "https://host" under which the http listener is reached; "" none; no '/' at the end */
	bool joining;                        /* strangers may become members by mail */
	unsigned digest_hour;                /* UTC */
};
/* Errors name file, line and the key, and what would be right. 1 or ERR_INVALID / ERR_NOTFOUND. Main thread. */
int config_load(const char *file, struct config **c_r, struct fail *f);
struct config *config_ref(struct config *c);
void config_unref(struct config **c);
/* the current snapshot of the process (counted); any thread */
struct config *config_current(void);
void config_set_current(struct config *c);
/* every key with type, default, range, current value (c may be NULL) and help; text for people or one JSON object a
 * line */
void config_print(const struct config *c, bool json, struct buf *out);
#endif
