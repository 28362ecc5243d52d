/* forumctl_init.c - init DIR --domain D: a commented configuration to start from. Needs no daemon and executes nothing. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include "forumd/base/text.h"
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
	"# The MTA in front delivers here; trust_authserv is its authserv-id (Authentication-Results).\n"
	"listen lmtp   { protocol = \"lmtp\"       address = \"127.0.0.1\" port = 1024 trust_authserv = \"%s\" }\n"
	"# With a certificate, for the world:\n"
	"#listen newss  { protocol = \"nntps\" address = \"*\" port = 563 }\n"
	"#listen mails  { protocol = \"imaps\" address = \"*\" port = 993 }\n"
	"\n"
	"# Mail to members goes to one smarthost (Postfix next door: smtp://127.0.0.1:25), or into a folder for a try.\n"
	"outgoing { transport = \"maildir:outgoing\" }\n";

static bool domain_ok(const char *d)
{
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

static int init_usage(void)
{
	fputs("usage: forumctl init DIR --domain DOMAIN\n", stderr);
	return 2;
}

int forumctl_init(int argc, char **argv)
{
	const char *dir = NULL, *domain = NULL;
	char path[PATH_MAX], lower[256];
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--domain") == 0 && i + 1 < argc)
			domain = argv[++i];
		else if (strncmp(argv[i], "--domain=", 9) == 0)
			domain = argv[i] + 9;
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
	fprintf(f, template, lower, lower, lower);
	if (fclose(f) != 0) {
		fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
		return 1;
	}
	printf("%s written. Next:\n  forumd -c %s\n  forumctl -c %s group add NAME --kind forum\n  forumctl -c %s member add you@%s --name \"Your Name\" --password-stdin\n",
	       path, path, path, path, lower);
	printf("DNS for mail at %s: an MX record to the machine whose MTA hands @%s to LMTP 127.0.0.1:1024\n"
	       "(Postfix: virtual_mailbox_domains = %s, virtual_transport = lmtp:inet:127.0.0.1:1024).\n", lower, lower, lower);
	return 0;
}
