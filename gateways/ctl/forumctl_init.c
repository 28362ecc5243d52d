/* forumctl_init.c - init DIR --domain D: a commented configuration to start from, a signing key,
 * DNS records, lines for Postfix. Needs no daemon and executes nothing. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include "forumd/base/text.h"
#include "forumd/mail/dkim.h"
#include "gateways/ctl/forumctl.h"

static const char template[] =
	"# forumd: one place for news, IMAP and mail. `forumctl config` explains every setting.\n"
	"# Relative paths are relative to this file.\n"
	"domain = \"%s\"\n"
	"storage { path = \"data\" }\n"
	"control { path = \"forumd.sock\" }\n"
	"\n"
	"# A certificate for %s (PEM). Without it remove this section; passwords are then taken on loopback only.\n"
	"#tls { certificate = \"cert.pem\" key = \"key.pem\" }\n"
	"\n"
	"listen news   { protocol = \"nntp\"       address = \"127.0.0.1\" port = 1119 }\n"
	"listen mail   { protocol = \"imap\"       address = \"127.0.0.1\" port = 1143 }\n"
	"listen submit { protocol = \"submission\" address = \"127.0.0.1\" port = 1587 }\n"
	"# Mail from the world, one of two. An MTA in front delivers to lmtp; trust_authserv is its authserv-id (Authentication-Results).\n"
	"listen lmtp   { protocol = \"lmtp\"       address = \"127.0.0.1\" port = 1024 trust_authserv = \"%s\" }\n"
	"# Or without an MTA in front: SPF, DKIM and DMARC are checked here; a resolver on this machine is best.\n"
	"#listen mx     { protocol = \"smtp\"       address = \"*\" port = 25 check_sender = yes }\n"
	"#dns { server = \"127.0.0.1\" }\n"
	"# With a certificate, for the world:\n"
	"#listen newss  { protocol = \"nntps\" address = \"*\" port = 563 }\n"
	"#listen mails  { protocol = \"imaps\" address = \"*\" port = 993 }\n"
	"\n"
	"# Mail to members goes to one smarthost (Postfix next door: smtp://127.0.0.1:25), or into a folder for a try.\n"
	"# Mails are signed twice (DKIM): RSA, which every receiver knows, and Ed25519; the records of the keys are in dns.txt.\n"
	"outgoing {\n"
	"\ttransport = \"maildir:outgoing\"\n"
	"\tdkim_key = \"dkim.pem\" dkim_selector = \"forumd\"\n"
	"\tdkim_key2 = \"dkim-ed25519.pem\" dkim_selector2 = \"forumd-ed25519\"\n"
	"}\n"
	"\n"
	"# One click stops a group's mail (RFC 8058): a listener a web server in front or the world reaches under this address.\n"
	"#listen web    { protocol = \"https\" address = \"*\" port = 443 }\n"
	"#http { url = \"https://%s\" }\n";

/* SELECTOR._domainkey.DOMAIN as a zone file has it: strings of a record are at most 255 octets */
static void add_key_record(struct buf *b, const char *selector, const char *domain, struct slice record) {
	buf_addf(b, "%s._domainkey.%s.   TXT  ( ", selector, domain);
	for (; record.n; record = slice_from(record, 200))
		buf_addf(b, "\"%.*s\" ", SLICE_ARG(slice_to(record, 200)));
	buf_adds(b, ")\n");
}

/* Another key beside the one in use, and how to go over to it: receivers look keys up for days after a mail was sent.
 */
static int new_key(const char *dir, const char *domain, const char *selector, bool ed25519) {
	struct dkim_key *key = NULL;
	struct fail f = { 0 };
	struct buf b = { 0 }, record = { 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s.pem", dir, selector);
	if (dkim_key_make(path, ed25519, &f) < 0 || dkim_key_load(path, &key, &f) < 0) {
		fprintf(stderr, "forumctl: %s\n", f.text);
		return 1;
	}
	dkim_dns_record(key, &record);
	dkim_key_free(&key);
	add_key_record(&b, selector, domain, buf_slice(&record));
	printf(
		"%s written. Then:\n"
		"1. add to the DNS, beside the record of the old key, and wait until it is seen (dig TXT %s._domainkey.%s):\n%s"
		"2. outgoing { dkim_key = \"%s\" dkim_selector = \"%s\" ... } and kill -HUP forumd; forumctl doctor compares key and record\n"
		"3. a week later, take the old record and the old key away: mails on their way were signed by it\n",
		path, selector, domain, buf_bytes(&b), path, selector);
	buf_free(&b);
	buf_free(&record);
	return 0;
}

/* where mail programs find the doors by themselves: RFC 6186, RFC 8314 5.1, and Mozilla's autoconfig */
static void add_services(const char *domain, struct buf *b) {
	static const struct { const char *name; unsigned port; } srv[] = {
		{ "_imaps", 993 }, { "_submissions", 465 }, { "_submission", 587 }, { "_nntps", 563 },
	};

	buf_addf(b,
		"; Mail programs find the doors (RFC 6186, RFC 8314); write \".\" as the host of what you do not offer.\n");
	for (unsigned i = 0; i < sizeof srv / sizeof *srv; i++)
		buf_addf(b, "%s._tcp.%s. SRV  0 1 %u %s.\n", srv[i].name, domain, srv[i].port, domain);
	buf_addf(b, "_imap._tcp.%s. SRV  0 0 0 .\n_pop3._tcp.%s. SRV  0 0 0 .\n_pop3s._tcp.%s. SRV  0 0 0 .\n", domain,
		domain, domain);
	buf_addf(b, "; Thunderbird asks a listener \"https\" (or \"http\" behind autoconfig.%s) for the same.\n"
		"autoconfig.%s.           CNAME %s.\n", domain, domain, domain);
}

/* DIR/FILE, made unless it is there, and its record */
static bool add_key(const char *dir, const char *domain, const char *file, const char *selector, bool ed25519,
	struct buf *b) {
	struct dkim_key *key = NULL;
	struct fail f = { 0 };
	struct buf record = { 0 };
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", dir, file);
	if ((dkim_key_make(path, ed25519, &f) < 0 && f.code != ERR_EXISTS) ||
		dkim_key_load(path, &key, (f.code = ERR_OK, &f)) < 0) {
		fprintf(stderr, "forumctl: %s\n", f.text);
		return false;
	}
	dkim_dns_record(key, &record);
	dkim_key_free(&key);
	add_key_record(b, selector, domain, buf_slice(&record));
	buf_free(&record);
	return true;
}

/* in DIR/dns.txt and on the terminal */
static int write_records(const char *dir, const char *domain) {
	struct buf b = { 0 };
	char path[PATH_MAX];
	FILE *out;

	buf_addf(&b,
		"; DNS for mail at %s; put the name and address of your mail server in place of mx.example and 192.0.2.1.\n"
		"%s.                     MX   10 mx.example.\n"
		"%s.                     TXT  \"v=spf1 mx ip4:192.0.2.1 -all\"\n",
		domain, domain, domain);
	if (!add_key(dir, domain, "dkim.pem", "forumd", false, &b) ||
		!add_key(dir, domain, "dkim-ed25519.pem", "forumd-ed25519", true, &b)) {
		buf_free(&b);
		return 1;
	}
	buf_addf(&b, "_dmarc.%s.              TXT  \"v=DMARC1; p=quarantine; adkim=s; aspf=r; rua=mailto:postmaster@%s\"\n",
		domain, domain);
	add_services(domain, &b);
	buf_addf(&b,
		"; and a PTR record of 192.0.2.1 to mx.example: big receivers want it.\n"
		"; Others' servers use TLS to mx.example and nothing else (MTA-STS, RFC 8461; only with a certificate for mx.example that they trust):\n"
		";_mta-sts.%s.          TXT  \"v=STSv1; id=1\"\n"
		"; and under https://mta-sts.%s/.well-known/mta-sts.txt: version: STSv1, mode: enforce, mx: mx.example, max_age: 604800 (a line each)\n\n"
		"# Postfix in front and behind, in main.cf (Debian):\n"
		"virtual_mailbox_domains = %s\n"
		"virtual_transport = lmtp:inet:127.0.0.1:1024\n"
		"recipient_delimiter =\n"
		"lmtp_destination_recipient_limit = 50\n"
		"smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_unverified_recipient\n"
		"unverified_recipient_reject_code = 550\n"
		"# and in forumd.conf: outgoing { transport = \"smtp://127.0.0.1:25\" tls = \"opportunistic\" ... }\n"
		"# For Authentication-Results: rspamd (or opendkim and opendmarc) as milter; its name is trust_authserv.\n",
		domain, domain, domain);
	snprintf(path, sizeof path, "%s/dns.txt", dir);
	out = fopen(path, "we");
	if (!out || fwrite(buf_bytes(&b), 1, buf_len(&b), out) != buf_len(&b) || fclose(out) != 0) {
		fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
		return 1;
	}
	printf("\n%s (kept in %s)\n", buf_bytes(&b), path);
	buf_free(&b);
	return 0;
}

static bool domain_ok(const char *d) {
	size_t n = strlen(d);
	bool dot = false;
	if (n < 3 || n > 253 || d[0] == '.' || d[0] == '-' || d[n - 1] == '.')
		return false;
	for (; *d; d++) {
		if (!text_alpha(*d) && !text_digit(*d) && *d != '-' && *d != '.')
			return false;
		dot |= *d == '.';
	}
	return dot;
}

static int init_usage(void) {
	fputs(
		"usage: forumctl init DIR --domain DOMAIN\n"
		"       forumctl init DIR --domain DOMAIN --new-key SELECTOR [--ed25519]   another signing key, to change to\n",
		stderr);
	return 2;
}

int forumctl_init(int argc, char **argv) {
	const char *dir = NULL, *domain = NULL, *selector = NULL;
	bool ed25519 = false;
	char path[PATH_MAX], lower[256];
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--domain") == 0 && i + 1 < argc)
			domain = argv[++i];
		else if (strncmp(argv[i], "--domain=", 9) == 0)
			domain = argv[i] + 9;
		else if (strcmp(argv[i], "--new-key") == 0 && i + 1 < argc)
			selector = argv[++i];
		else if (strcmp(argv[i], "--ed25519") == 0)
			ed25519 = true;
		else if (argv[i][0] == '-' || dir)
			return init_usage();
		else
			dir = argv[i];
	}
	if (!dir || !domain)
		return init_usage();
	if (!domain_ok(domain)) {
		fprintf(stderr, "forumctl: \"%s\" is no mail domain (want: forum.example.org)\n", domain);
		return 2;
	}
	for (size_t i = 0; i <= strlen(domain); i++)
		lower[i] = text_lower(domain[i]);
	if (selector &&
		(!*selector || strspn(selector, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(selector) ||
			strlen(selector) > 63)) {
		fprintf(stderr, "forumctl: \"%s\" is no selector (want: letters and digits, such as k2027a)\n", selector);
		return 2;
	}
	if (selector)
		return new_key(dir, lower, selector, ed25519);
	if (ed25519)
		return init_usage();
	if (mkdir(dir, 0750) < 0 && errno != EEXIST) {
		fprintf(stderr, "forumctl: %s: %s\n", dir, strerror(errno));
		return 1;
	}
	snprintf(path, sizeof path, "%s/forumd.conf", dir);
	FILE *f = fopen(path, "wx");
	if (!f) {
		fprintf(stderr, "forumctl: %s: %s\n", path, errno == EEXIST ? "exists and is left as it is" : strerror(errno));
		return 1;
	}
	fprintf(f, template, lower, lower, lower, lower);
	if (fclose(f) != 0) {
		fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
		return 1;
	}
	printf(
		"%s written. Next:\n  forumd -c %s\n  forumctl -c %s group add NAME --kind forum\n  forumctl -c %s member add you@%s --name \"Your Name\" --password-stdin\n",
		path, path, path, path, lower);
	return write_records(dir, lower);
}
