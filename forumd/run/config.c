/* One table of keys makes the libconfuse options, the range checks, the defaults, the nearest-name hints and the
 * printed reference. Errors are gathered through libconfuse's error function, the first one counts: it has the file,
 * the line and the key. The snapshot's strings lie in an arena of its own. */
#include "forumd/run/config.h"
#include <confuse.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "forumd/base/arena.h"
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/forum/feed.h"
#include "forumd/run/config_braces.h"

enum type { T_WORD, T_PATH, T_UINT, T_U64, T_BOOL, T_CHAR, T_PROTOCOL };

struct key {
	const char *section, *name;          /* section "" is the top level */
	enum type type;
	const char *fallback;                /* as it would be written in the file */
	uint64_t min, max;                   /* numbers */
	size_t offset;                       /* in struct config, or in struct config_listen for section "listen" */
	const char *help;
	const char *const *words;            /* allowed words, or NULL */
};

static const char *const protocol_words[] = {
	"nntp", "nntps", "imap", "imaps", "smtp", "submission", "submissions", "lmtp",
	"http", "https", NULL };
static const char *const level_words[] = { "debug", "info", "warn", "error", NULL };
static const char *const tls_words[] = { "none", "opportunistic", "encrypt", "verify", NULL };
static const char *const direction_words[] = { "pull", "push", "both", NULL };
static const char *const fetch_words[] = { "nntp", "imap", NULL };
static const char *const fetch_tls_words[] = { "none", "verify", NULL };
static const char *const separator_words[] = { "-", "+", "=", NULL };

#define IN(field) offsetof(struct config, field)
#define INL(field) offsetof(struct config_listen, field)
#define INP(field) offsetof(struct config_peer, field)
#define INF(field) offsetof(struct config_fetch, field)
static const struct key keys[] = {
	{ "", "domain", T_WORD, "localhost", 0, 0, IN(domain), "mail and news domain of the forum, lower case", NULL },
	{ "", "workers", T_UINT, "0", 0, 64, IN(workers), "threads that serve connections; 0: one for each core", NULL },
	{ "", "user", T_WORD, "", 0, 0, IN(user), "account to change to when started as root", NULL },
	{ "log", "level", T_WORD, "info", 0, 0, IN(log_level), "least severity that is logged", level_words },
	{ "storage", "path", T_PATH, "data", 0, 0, IN(storage_path), "directory of the store", NULL },
	{ "storage", "map_size", T_U64, "1099511627776", 1 << 20, 1ull << 46, IN(map_size),
		"address space of the store in octets: the most it can ever grow to", NULL },
	{ "storage", "text_cache", T_U64, "33554432", 0, 1ull << 40, IN(text_cache),
		"octets of memory for texts of posts that are read again and again; 0: none", NULL },
	{ "storage", "backup_path", T_PATH, "", 0, 0, IN(backup_path),
		"directory backups may be written to, beside the folder of the control socket", NULL },
	{ "tls", "certificate", T_PATH, "", 0, 0, IN(tls_certificate), "certificate chain, PEM", NULL },
	{ "tls", "key", T_PATH, "", 0, 0, IN(tls_key), "private key, PEM, without pass phrase", NULL },
	{ "tls", "client_ca", T_PATH, "", 0, 0, IN(tls_client_ca),
		"authorities whose client certificates log members in, PEM", NULL },
	{ "control", "path", T_PATH, "forumd.sock", 0, 0, IN(control_path), "Unix socket of forumctl; empty: none", NULL },
	{ "listen", "protocol", T_PROTOCOL, "", 0, 0, INL(protocol), "what is spoken there", protocol_words },
	{ "listen", "address", T_WORD, "127.0.0.1", 0, 0, INL(address), "numeric address, or * for all", NULL },
	{ "listen", "port", T_UINT, "0", 0, 65535, INL(port), "TCP port; 0: the kernel chooses", NULL },
	{ "listen", "path", T_PATH, "", 0, 0, INL(path), "Unix socket instead of address and port", NULL },
	{ "listen", "trust_authserv", T_WORD, "", 0, 0, INL(trust_authserv),
		"name of the mail server in front whose Authentication-Results count", NULL },
	{ "listen", "check_sender", T_BOOL, "no", 0, 0, INL(check_sender),
		"smtp from the world: SPF, DKIM and DMARC are checked here (no mail server in front)", NULL },
	{ "dns", "server", T_WORD, "", 0, 0, IN(dns_server),
		"ADDRESS or ADDRESS:PORT asked for check_sender; empty: as /etc/resolv.conf says", NULL },
	{ "dns", "timeout", T_UINT, "15", 1, 120, IN(dns_timeout),
		"seconds for all look-ups of one mail; then it is asked to come later", NULL },
	{ "arc", "trust", T_WORD, "", 0, 0, IN(arc_trust),
		"domains whose ARC seals are believed, separated by commas (check_sender)", NULL },
	{ "arc", "seal", T_BOOL, "yes", 0, 0, IN(arc_seal),
		"copies of mails are sealed with what was seen of their sender (needs dkim_key)", NULL },
	{ "arc", "carry", T_BOOL, "no", 0, 0, IN(arc_carry),
		"chains that came are carried on in the copies; they may name the author's address", NULL },
	{ "outgoing", "transport", T_WORD, "", 0, 0, IN(outgoing_transport),
		"smtp://HOST:PORT, smtps://HOST:PORT, maildir:DIR, or empty for no mail", NULL },
	{ "outgoing", "tls", T_WORD, "verify", 0, 0, IN(outgoing_tls), "TLS towards the mail server", tls_words },
	{ "outgoing", "user", T_WORD, "", 0, 0, IN(outgoing_user), "login at the mail server", NULL },
	{ "outgoing", "password_file", T_PATH, "", 0, 0, IN(outgoing_password_file), "file with the password, one line",
		NULL },
	{ "outgoing", "dkim_key", T_PATH, "", 0, 0, IN(dkim_key),
		"private key (PEM, RSA or Ed25519) that signs outgoing mail", NULL },
	{ "outgoing", "dkim_selector", T_WORD, "forumd", 0, 0, IN(dkim_selector), "selector of its public key in DNS",
		NULL },
	{ "outgoing", "dkim_key2", T_PATH, "", 0, 0, IN(dkim_key2), "another key, of the other kind, that signs too",
		NULL },
	{ "outgoing", "dkim_selector2", T_WORD, "forumd-ed25519", 0, 0, IN(dkim_selector2), "its selector", NULL },
	{ "outgoing", "senders", T_UINT, "2", 1, 32, IN(outgoing_senders), "sending processes", NULL },
	{ "outgoing", "domain_parallel", T_UINT, "64", 1, 64, IN(domain_parallel),
		"mails to one recipient domain under way at once, at most", NULL },
	{ "outgoing", "domain_per_minute", T_UINT, "0", 0, 1000000, IN(domain_per_minute),
		"mails to one recipient domain in a minute; 0: no limit", NULL },
	{ "outgoing", "hold_seconds", T_UINT, "0", 0, 86400, IN(hold_seconds), "mail copies leave this long after the post",
		NULL },
	{ "limits", "message_size", T_U64, "10000000", 1024, 1ull << 30, IN(message_size), "octets of one message", NULL },
	{ "limits", "attachments", T_U64, "5000000", 0, 1ull << 30, IN(attachments),
		"octets of the files that a mail may bring; what is beyond is left out and named in the post; 0: no limit", NULL },
	{ "limits", "login_seconds", T_UINT, "60", 1, 3600, IN(login_seconds), "time to log in, or for a first command",
		NULL },
	{ "limits", "idle_seconds", T_UINT, "1860", 10, 86400, IN(idle_seconds),
		"silence after which a client is sent away", NULL },
	{ "limits", "connections", T_UINT, "20000", 1, 1000000, IN(connections), "connections in all", NULL },
	{ "limits", "connections_per_address", T_UINT, "64", 1, 1000000, IN(connections_per_address),
		"connections of one IPv4 address or IPv6 /64", NULL },
	{ "limits", "bad_commands", T_UINT, "20", 1, 10000, IN(bad_commands), "unknown commands before the end", NULL },
	{ "limits", "login_failures", T_UINT, "5", 1, 100, IN(login_failures), "failed logins before the end", NULL },
	{ "limits", "posts_per_minute", T_UINT, "60", 0, 100000, IN(posts_per_minute), "posts of one member; 0: no limit",
		NULL },
	{ "limits", "own_storage", T_U64, "200000000", 0, 1ull << 50, IN(own_storage),
		"octets in the mailboxes of one member's own; 0: no limit", NULL },
	{ "limits", "own_messages", T_U64, "100000", 0, UINT32_MAX, IN(own_messages), "messages there; 0: no limit", NULL },
	{ "limits", "notify_mailboxes", T_UINT, "50000", 1, 10000000, IN(notify_mailboxes),
		"mailboxes whose comings and goings one IMAP session is told of (NOTIFY)", NULL },
	{ "limits", "cleartext_login", T_BOOL, "no", 0, 0, IN(cleartext_login),
		"passwords without TLS from other than this machine", NULL },
	{ "news", "motd", T_PATH, "", 0, 0, IN(motd), "file with the message of the day (LIST MOTD), UTF-8", NULL },
	{ "news", "distributions", T_WORD, "", 0, 0, IN(distributions), "LIST DISTRIBUTIONS: \"name description; ...\"",
		NULL },
	{ "news", "over_quoted", T_UINT, "80", 0, 100, IN(over_quoted),
		"an article with more quotes in a hundred lines is sent back; 0: never", NULL },
	{ "news", "distrib_pats", T_WORD, "", 0, 0, IN(distrib_pats), "LIST DISTRIB.PATS: \"weight:wildmat:name; ...\"",
		NULL },
	{ "peer", "address", T_WORD, "", 0, 0, INP(address), "numeric address of a news server that feeds this one", NULL },
	{ "peer", "user", T_WORD, "", 0, 0, INP(user), "address of the member it logs in as, instead of its own address",
		NULL },
	{ "peer", "groups", T_WORD, "*", 0, 0, INP(groups), "wildmat of the groups it may bring articles for", NULL },
	{ "peer", "stream", T_BOOL, "yes", 0, 0, INP(stream), "MODE STREAM, CHECK and TAKETHIS beside IHAVE", NULL },
	{ "peer", "approved", T_BOOL, "no", 0, 0, INP(approved), "its Approved lines count in moderated groups", NULL },
	{ "peer", "cancels", T_BOOL, "no", 0, 0, INP(cancels),
		"it may cancel and supersede what stands only in its groups, without a key", NULL },
	{ "peer", "path", T_WORD, "", 0, 0, INP(path), "its name in Path; another one in front is marked as a mismatch",
		NULL },
	{ "fetch", "protocol", T_WORD, "nntp", 0, 0, INF(protocol), "what the other server speaks", fetch_words },
	{ "fetch", "host", T_WORD, "", 0, 0, INF(host), "its name or address", NULL },
	{ "fetch", "port", T_UINT, "119", 1, 65535, INF(port), "its port", NULL },
	{ "fetch", "tls", T_WORD, "none", 0, 0, INF(tls),
		"TLS from the first octet (port 563), certificate and name verified", fetch_tls_words },
	{ "fetch", "user", T_WORD, "", 0, 0, INF(user), "login there", NULL },
	{ "fetch", "password_file", T_PATH, "", 0, 0, INF(password_file), "file with the password, one line", NULL },
	{ "fetch", "groups", T_WORD, "", 0, 0, INF(groups), "groups that are followed, separated by commas", NULL },
	{ "fetch", "direction", T_WORD, "pull", 0, 0, INF(direction),
		"bring articles here, there (TAKETHIS or IHAVE), or both", direction_words },
	{ "fetch", "mailbox", T_WORD, "INBOX", 0, 0, INF(mailbox), "imap: mailbox whose unseen mails are taken in", NULL },
	{ "fetch", "move_to", T_WORD, "", 0, 0, INF(move_to),
		"imap: mailbox they go to afterwards; empty: they stay, marked seen", NULL },
	{ "fetch", "group", T_WORD, "", 0, 0, INF(group), "imap: group of mails that name no address of ours", NULL },
	{ "fetch", "trust_authserv", T_WORD, "", 0, 0, INF(trust_authserv),
		"imap: name of the mailbox's server in Authentication-Results", NULL },
	{ "fetch", "path", T_WORD, "", 0, 0, INF(path),
		"nntp: its name in Path; another one in front is marked as a mismatch", NULL },
	{ "fetch", "interval", T_UINT, "60", 1, 86400, INF(interval), "seconds between two looks", NULL },
	{ "reply", "separator", T_CHAR, "-", 0, 0, IN(reply_separator), "in GROUP-reply-TOKEN addresses", separator_words },
	{ "reply", "days", T_U64, "30", 1, 36500, IN(reply_days), "life of reply addresses", NULL },
	{ "http", "url", T_WORD, "", 0, 0, IN(http_url),
		"https://HOST under which an http or https listener is reached from outside; empty: none", NULL },
	{ "reply", "joining", T_BOOL, "yes", 0, 0, IN(joining),
		"strangers become members by a mail they confirm; their first post waits for a moderator", NULL },
	{ "outgoing", "digest_hour", T_UINT, "6", 0, 23, IN(digest_hour), "hour (UTC) at which digests leave", NULL },
};
#define NKEYS (sizeof keys / sizeof *keys)
static const char *const sections[] = { "log", "storage", "tls", "control", "listen", "outgoing", "limits", "news",
	"peer", "fetch", "reply", "http", "dns", "arc" };
#define NSECTIONS (sizeof sections / sizeof *sections)

/* sections with a name of their own, any number of them */
static bool section_many(const char *section) {
	return strcmp(section, "listen") == 0 || strcmp(section, "peer") == 0 || strcmp(section, "fetch") == 0;
}

struct snapshot {
	struct config c;                     /* first */
	struct arena *arena;
	atomic_uint refs;
};

/* libconfuse parses with globals and has no user pointer in its error function: main thread only */
static struct fail *parse_fail;
static const char *parse_file;          /* sections do not know theirs */
static char hint[64];

/* ---- errors ---- */

static unsigned distance(const char *a, const char *b) {
	unsigned row[40], n = (unsigned)strlen(b);
	if (n >= 40)
		return 99;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1] && i < 40; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);
			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
			diagonal = up;
		}
	}
	return row[n];
}

/* the known key or section of this section that is nearest; the full name of one elsewhere if that fits exactly */
static const char *nearest(const char *section, const char *name) {
	const char *best = NULL;
	unsigned least = 99;
	for (size_t i = 0; i < NKEYS; i++) {
		unsigned d = distance(name, keys[i].name);
		if (strcmp(keys[i].section, section) == 0 && d < least)
			best = keys[i].name, least = d;
	}
	for (size_t i = 0; !*section && i < NSECTIONS; i++) {
		unsigned d = distance(name, sections[i]);
		if (d < least)
			best = sections[i], least = d;
	}
	for (size_t i = 0; least && i < NKEYS; i++) {
		if (strcmp(keys[i].name, name) != 0)
			continue;
		snprintf(hint, sizeof hint, "%s { %s }", keys[i].section, keys[i].name);
		return *keys[i].section ? hint : keys[i].name;
	}
	return best;
}

static void on_error(cfg_t *cfg, const char *fmt, va_list ap) {
	char text[160], name[64];
	if (!parse_fail || parse_fail->code)
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	if (sscanf(text, "no such option '%63[^']'", name) == 1) {
		const char *section = cfg_name(cfg) && strcmp(cfg_name(cfg), "root") != 0 ? cfg_name(cfg) : "";
		fail_set(parse_fail, ERR_INVALID, "%s:%d: unknown key \"%s\"; did you mean \"%s\"?", parse_file, cfg->line,
			name, nearest(section, name));
		return;
	}
	fail_set(parse_fail, ERR_INVALID, "%s:%d: %s", parse_file, cfg ? cfg->line : 0, text);
}

static const struct key *key_of(const char *section, const char *name) {
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void join_words(const char *const *words, struct buf *out) {
	for (size_t i = 0; words[i]; i++)
		buf_addf(out, "%s%s", i ? ", " : "", words[i]);
}

/* called by libconfuse when an option got its value, with the line still known */
static int validate(cfg_t *cfg, cfg_opt_t *opt) {
	const char *section = strcmp(cfg_name(cfg), "root") == 0 ? "" : cfg_name(cfg);
	const struct key *k = key_of(section, cfg_opt_name(opt));
	unsigned i = cfg_opt_size(opt) - 1;
	if (k->type == T_UINT || k->type == T_U64) {
		long v = cfg_opt_getnint(opt, i);
		if (v >= 0 && (uint64_t)v >= k->min && (uint64_t)v <= k->max)
			return 0;
		cfg_error(cfg, "%s = %ld: must be from %llu to %llu", k->name, v, (unsigned long long)k->min,
			(unsigned long long)k->max);
		return -1;
	}
	const char *v = cfg_opt_getnstr(opt, i);
	if (!k->words)
		return 0;
	for (size_t w = 0; k->words[w]; w++)
		if (v && strcmp(k->words[w], v) == 0)
			return 0;
	struct buf b = { 0 };
	join_words(k->words, &b);
	cfg_error(cfg, "%s = \"%s\": must be one of %s", k->name, v ? v : "", buf_bytes(&b));
	buf_free(&b);
	return -1;
}

/* ---- options from the table ---- */

static cfg_opt_t option_of(const struct key *k) {
	char *name = (char *)(uintptr_t)k->name;
	switch (k->type) {
	case T_UINT:
	case T_U64:
		return (cfg_opt_t)CFG_INT(name, strtol(k->fallback, NULL, 10), CFGF_NONE);
	case T_BOOL:
		return (cfg_opt_t)CFG_BOOL(name, strcmp(k->fallback, "yes") == 0 ? cfg_true : cfg_false, CFGF_NONE);
	default:
		return (cfg_opt_t)CFG_STR(name, (char *)(uintptr_t)k->fallback, CFGF_NONE);
	}
}

static size_t section_options(const char *section, cfg_opt_t *out) {
	size_t n = 0;
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0)
			out[n++] = option_of(&keys[i]);
	out[n] = (cfg_opt_t)CFG_END();
	return n;
}

/* cfg_init copies the options, but not their arrays: opts must live as long as the cfg_t */
struct options { cfg_opt_t root[NKEYS + NSECTIONS + 1], section[NSECTIONS][NKEYS + 1]; };

static cfg_t *options_init(struct options *o) {
	char path[128];
	size_t n = section_options("", o->root);
	for (size_t i = 0; i < NSECTIONS; i++) {
		bool many = section_many(sections[i]);
		section_options(sections[i], o->section[i]);
		o->root[n++] = (cfg_opt_t)CFG_SEC((char *)(uintptr_t)sections[i], o->section[i],
			many ? CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES : CFGF_NONE);
	}
	o->root[n] = (cfg_opt_t)CFG_END();
	cfg_t *cfg = cfg_init(o->root, CFGF_NONE);
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < NKEYS; i++) {
		if (keys[i].type == T_BOOL)
			continue;
		snprintf(path, sizeof path, "%s%s%s", keys[i].section, *keys[i].section ? "|" : "", keys[i].name);
		cfg_set_validate_func(cfg, path, validate);
	}
	return cfg;
}

/* ---- into the snapshot ---- */

static const char *absolute(struct arena *a, const char *base, const char *path) {
	if (!*path || *path == '/')
		return arena_cstr(a, slice_str(path));
	return arena_printf(a, "%s/%s", base, path);
}

static void set_value(struct arena *a, const char *base, const struct key *k, cfg_t *cfg, char *to) {
	const char *s = k->type == T_UINT || k->type == T_U64 || k->type == T_BOOL ? NULL : cfg_getstr(cfg, k->name);
	char *field = to + k->offset;
	switch (k->type) {
	case T_UINT:
		*(unsigned *)(void *)field = (unsigned)cfg_getint(cfg, k->name);
		break;
	case T_U64:
		*(uint64_t *)(void *)field = (uint64_t)cfg_getint(cfg, k->name);
		break;
	case T_BOOL:
		*(bool *)field = cfg_getbool(cfg, k->name);
		break;
	case T_CHAR:
		*field = *s;
		break;
	case T_WORD:
		*(const char **)(void *)field = arena_cstr(a, slice_str(s));
		break;
	case T_PATH:
		*(const char **)(void *)field = absolute(a, base, s);
		break;
	case T_PROTOCOL:
		for (unsigned i = 0; protocol_words[i]; i++)
			if (strcmp(protocol_words[i], s) == 0)
				*(enum listen_protocol *)(void *)field = (enum listen_protocol)i;
		break;
	}
}

static void set_section(struct arena *a, const char *base, const char *section, cfg_t *cfg, void *to) {
	for (size_t i = 0; i < NKEYS; i++)
		if (strcmp(keys[i].section, section) == 0)
			set_value(a, base, &keys[i], cfg, to);
}

static int set_listeners(struct snapshot *s, const char *base, cfg_t *cfg, struct fail *f) {
	unsigned n = cfg_size(cfg, "listen");
	struct config_listen *v = arena_zalloc(s->arena, (n + 1) * sizeof *v);
	for (unsigned i = 0; i < n; i++) {
		cfg_t *sec = cfg_getnsec(cfg, "listen", i);
		v[i].name = arena_cstr(s->arena, slice_str(cfg_title(sec)));
		if (!*cfg_getstr(sec, "protocol"))
			return fail_set(f, ERR_INVALID, "%s: listen %s has no protocol", s->c.file, v[i].name);
		set_section(s->arena, base, "listen", sec, &v[i]);
	}
	s->c.listen = v;
	s->c.nlisten = n;
	return 1;
}

static int set_peers(struct snapshot *s, const char *base, cfg_t *cfg, struct fail *f) {
	unsigned np = cfg_size(cfg, "peer"), nf = cfg_size(cfg, "fetch");
	struct config_peer *p = arena_zalloc(s->arena, (np + 1) * sizeof *p);
	struct config_fetch *v = arena_zalloc(s->arena, (nf + 1) * sizeof *v);
	for (unsigned i = 0; i < np; i++) {
		cfg_t *sec = cfg_getnsec(cfg, "peer", i);
		set_section(s->arena, base, "peer", sec, &p[i]);
		p[i].name = arena_cstr(s->arena, slice_str(cfg_title(sec)));
		if (!*p[i].address && !*p[i].user)
			return fail_set(f, ERR_INVALID, "%s: peer %s needs an address or a user", s->c.file, p[i].name);
	}
	for (unsigned i = 0; i < nf; i++) {
		cfg_t *sec = cfg_getnsec(cfg, "fetch", i);
		set_section(s->arena, base, "fetch", sec, &v[i]);
		v[i].name = arena_cstr(s->arena, slice_str(cfg_title(sec)));
		bool imap = strcmp(v[i].protocol, "imap") == 0;
		if (imap && (!*v[i].host || !*v[i].user || !*v[i].password_file))
			return fail_set(f, ERR_INVALID, "%s: fetch %s needs host, user and password_file", s->c.file, v[i].name);
		if (!imap && (!*v[i].host || !*v[i].groups))
			return fail_set(f, ERR_INVALID, "%s: fetch %s needs a host and groups", s->c.file, v[i].name);
		struct fail why = { .code = ERR_OK };
		if (feed_check_groups(slice_str(v[i].groups), &why) < 0)
			return fail_set(f, ERR_INVALID, "%s: fetch %s: %s", s->c.file, v[i].name, why.text);
	}
	s->c.peer = p, s->c.npeer = np;
	s->c.fetch = v, s->c.nfetch = nf;
	return 1;
}

#define MOTD_MAX 65536
#define FILE_MAX (1u << 20)

/* at most `max` octets of a file, in the arena; NULL when it cannot be opened (errno) */
static char *read_text(struct arena *a, const char *file, size_t max, size_t *n_r) {
	FILE *in = fopen(file, "re");
	if (!in)
		return NULL;
	char *p = arena_alloc(a, max + 1);
	*n_r = fread(p, 1, max, in);
	p[*n_r] = 0;
	fclose(in);
	return p;
}

static int load_motd(struct snapshot *s, struct fail *f) {
	size_t n;
	s->c.motd_text = "";
	if (*s->c.motd && !(s->c.motd_text = read_text(s->arena, s->c.motd, MOTD_MAX, &n)))
		return fail_set(f, ERR_INVALID, "%s: motd = \"%s\": %s", s->c.file, s->c.motd, strerror(errno));
	return 1;
}

static bool needs_tls(const struct config *c) {
	for (unsigned i = 0; i < c->nlisten; i++) {
		enum listen_protocol p = c->listen[i].protocol;
		if (p == LISTEN_NNTPS || p == LISTEN_IMAPS || p == LISTEN_SUBMISSIONS || p == LISTEN_HTTPS)
			return true;
	}
	return false;
}

static int load_tls(struct config *c, struct fail *f) {
	struct fail why = { .code = ERR_OK };
	if (!*c->tls_certificate != !*c->tls_key)
		return fail_set(f, ERR_INVALID, "%s: tls needs both certificate and key", c->file);
	if (!*c->tls_certificate && needs_tls(c))
		return fail_set(f, ERR_INVALID, "%s: nntps, imaps, submissions and https need a tls section", c->file);
	if (!*c->tls_certificate)
		return *c->tls_client_ca ? fail_set(f, ERR_INVALID, "%s: client_ca is of no use without a certificate", c->file)
								 : 1;
	int r = tls_ctx_new(c->tls_certificate, c->tls_key, &c->tls, &why);
	if (r > 0 && *c->tls_client_ca)
		r = tls_ctx_client_ca(c->tls, c->tls_client_ca, &why);
	return r < 0 ? fail_set(f, (enum err)r, "%s: tls: %s", c->file, why.text) : 1;
}

static int check_domain(struct snapshot *s, struct fail *f) {
	char *d = arena_cstr(s->arena, slice_str(s->c.domain));
	size_t n = strlen(d);
	for (size_t i = 0; i < n; i++) {
		d[i] = text_lower(d[i]);
		if (!text_alpha(d[i]) && !text_digit(d[i]) && d[i] != '-' && d[i] != '.')
			n = 0;
	}
	if (!n || n > 190 || d[0] == '.' || d[n - 1] == '.')
		return fail_set(f, ERR_INVALID, "%s: domain = \"%s\": must be a host name such as forum.example.org",
			s->c.file, s->c.domain);
	s->c.domain = d;
	return 1;
}

static int check_outgoing(struct snapshot *s, const char *base, struct fail *f) {
	const char *t = s->c.outgoing_transport;
	if (*s->c.dkim_key2 && (!*s->c.dkim_key || strcmp(s->c.dkim_selector, s->c.dkim_selector2) == 0))
		return fail_set(f, ERR_INVALID, "%s: dkim_key2 needs a dkim_key, and a selector of its own", s->c.file);
	if (!*t || strncmp(t, "smtp://", 7) == 0 ||
		(strncmp(t, "smtps://", 8) == 0 && strcmp(s->c.outgoing_tls, "none") != 0))
		return 1;
	if (strncmp(t, "maildir:", 8) != 0 || !t[8])
		return fail_set(f, ERR_INVALID,
			"%s: transport = \"%s\": must be smtp://HOST:PORT, smtps://HOST:PORT (with tls), maildir:DIR or empty",
			s->c.file, t);
	s->c.outgoing_transport = arena_printf(s->arena, "maildir:%s", absolute(s->arena, base, t + 8));
	return 1;
}

/* It is written into headers and pages: nothing but an origin will do. */
static int check_http(struct snapshot *s, struct fail *f) {
	struct slice u = slice_str(s->c.http_url), host = u;
	while (u.n && u.p[u.n - 1] == '/')
		u.n--;
	host = slice_starts(u, SLICE("https://")) ? slice_from(u, 8)
		: slice_starts(u, SLICE("http://"))   ? slice_from(u, 7)
											  : slice_to(u, 0);
	bool good = host.n && host.n < 250;
	for (size_t i = 0; i < host.n; i++)
		good = good && (text_alpha(host.p[i]) || text_digit(host.p[i]) || (host.p[i] && strchr("-.:[]", host.p[i])));
	if (u.n && !good)
		return fail_set(f, ERR_INVALID, "%s: http { url = \"%s\" }: must be https://HOST or https://HOST:PORT",
			s->c.file, s->c.http_url);
	s->c.http_url = arena_cstr(s->arena, u);
	return 1;
}

static int fill(struct snapshot *s, cfg_t *cfg, struct fail *f) {
	char *copy = arena_cstr(s->arena, slice_str(s->c.file));
	const char *base = arena_cstr(s->arena, slice_str(dirname(copy)));
	set_section(s->arena, base, "", cfg, &s->c);
	for (size_t i = 0; i < NSECTIONS; i++)
		if (!section_many(sections[i]))
			set_section(s->arena, base, sections[i], cfg_getsec(cfg, sections[i]), &s->c);
	if (!s->c.workers) {
		long n = sysconf(_SC_NPROCESSORS_ONLN);
		s->c.workers = n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
	}
	int r = set_listeners(s, base, cfg, f);
	if (r > 0)
		r = set_peers(s, base, cfg, f);
	if (r > 0)
		r = load_motd(s, f);
	if (r > 0)
		r = check_domain(s, f);
	if (r > 0)
		r = check_outgoing(s, base, f);
	if (r > 0)
		r = check_http(s, f);
	return r > 0 ? load_tls(&s->c, f) : r;
}

/* said only where the parser itself found nothing: its words name the place better */
static int check_sections(const char *file, struct fail *f) {
	size_t n;
	struct arena *a = arena_new();
	const char *text = read_text(a, file, FILE_MAX, &n);
	unsigned line = text ? config_open_section(slice_of(text, n)) : 0;
	arena_free(&a);
	return line ? fail_set(f, ERR_INVALID, "%s:%u: this section is not closed: a } is missing", file, line) : 1;
}

static int parse(const char *file, struct snapshot *s, struct fail *f) {
	struct options *o = mem_zalloc(sizeof *o);
	struct fail first = { .code = ERR_OK };
	cfg_t *cfg = options_init(o);
	parse_fail = &first;
	parse_file = file;
	int p = cfg_parse(cfg, file), r;
	parse_fail = NULL;
	if (p == CFG_FILE_ERROR)
		r = fail_set(f, ERR_NOTFOUND, "%s: %s", file, strerror(errno));
	else if (p != CFG_SUCCESS)
		r = fail_set(f, ERR_INVALID, "%s", first.code ? first.text : "cannot be parsed");
	else if ((r = check_sections(file, f)) > 0)
		r = fill(s, cfg, f);
	cfg_free(cfg);
	mem_free(o);
	return r;
}

int config_load(const char *file, struct config **c_r, struct fail *f) {
	char path[PATH_MAX];
	if (!realpath(file, path))
		return fail_set(f, ERR_NOTFOUND, "%s: %s", file, strerror(errno));
	struct snapshot *s = mem_zalloc(sizeof *s);
	struct config *c = &s->c;
	s->arena = arena_new();
	atomic_init(&s->refs, 1);
	c->file = arena_cstr(s->arena, slice_str(path));
	int r = parse(path, s, f);
	if (r < 0)
		config_unref(&c);
	else
		*c_r = c;
	return r;
}

/* ---- snapshots ---- */

struct config *config_ref(struct config *c) {
	if (c)
		atomic_fetch_add(&((struct snapshot *)c)->refs, 1);
	return c;
}

void config_unref(struct config **c) {
	struct snapshot *s = (struct snapshot *)*c;
	*c = NULL;
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	tls_ctx_unref(&s->c.tls);
	arena_free(&s->arena);
	mem_free(s);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct config *current;

struct config *config_current(void) {
	pthread_mutex_lock(&lock);
	struct config *c = config_ref(current);
	pthread_mutex_unlock(&lock);
	return c;
}

void config_set_current(struct config *c) {
	pthread_mutex_lock(&lock);
	struct config *old = current;
	current = config_ref(c);
	pthread_mutex_unlock(&lock);
	config_unref(&old);
}

/* ---- printing ---- */

static const char *type_name(enum type t) {
	switch (t) {
	case T_UINT: case T_U64: return "number";
	case T_BOOL: return "yes/no";
	case T_PATH: return "path";
	default: return "text";
	}
}

static void add_value(const struct config *c, const struct key *k, struct buf *out) {
	const char *field = (const char *)c + k->offset;
	switch (k->type) {
	case T_UINT: buf_addu(out, *(const unsigned *)(const void *)field); break;
	case T_U64: buf_addu(out, *(const uint64_t *)(const void *)field); break;
	case T_BOOL: buf_adds(out, *(const bool *)field ? "yes" : "no"); break;
	case T_CHAR: buf_addc(out, *field); break;
	default: buf_adds(out, *(const char *const *)(const void *)field); break;
	}
}

static void add_range(const struct key *k, struct buf *out) {
	if (k->words)
		join_words(k->words, out);
	else if (k->type == T_UINT || k->type == T_U64)
		buf_addf(out, "%llu to %llu", (unsigned long long)k->min, (unsigned long long)k->max);
}

static void add_member(struct buf *out, const char *name, struct slice value) {
	buf_addf(out, ",\"%s\":", name);
	text_json(value, out);
}

static void print_key(const struct config *c, const struct key *k, bool json, struct buf *out) {
	struct buf name = { 0 }, range = { 0 }, value = { 0 };
	bool has = c && !section_many(k->section);
	buf_addf(&name, "%s%s%s", k->section, *k->section ? "." : "", k->name);
	add_range(k, &range);
	if (has)
		add_value(c, k, &value);
	if (json) {
		buf_adds(out, "{\"key\":");
		text_json(buf_slice(&name), out);
		add_member(out, "type", slice_str(type_name(k->type)));
		add_member(out, "default", slice_str(k->fallback));
		add_member(out, "range", buf_slice(&range));
		if (has)
			add_member(out, "value", buf_slice(&value));
		add_member(out, "help", slice_str(k->help));
		buf_adds(out, "}\n");
	} else {
		buf_addf(out, "%-32s %s\n", buf_bytes(&name), k->help);
		buf_addf(out, "%-32s   %s, default \"%s\"", "", type_name(k->type), k->fallback);
		if (buf_len(&range))
			buf_addf(out, ", %s", buf_bytes(&range));
		if (has)
			buf_addf(out, ", now \"%s\"", buf_len(&value) ? buf_bytes(&value) : "");
		buf_addc(out, '\n');
	}
	buf_free(&name);
	buf_free(&range);
	buf_free(&value);
}

void config_print(const struct config *c, bool json, struct buf *out) {
	for (size_t i = 0; i < NKEYS; i++)
		print_key(c, &keys[i], json, out);
}
