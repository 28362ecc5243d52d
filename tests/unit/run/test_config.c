/* The documented sample loads as it stands; errors name file, line and key. */
#include <stdio.h>
#include <unistd.h>
#include "forumd/run/config.h"
#include "tests/tap/tap.h"
#include "tests/unit/net/test_pem.h"

static const char sample[] =
	"domain = \"Forum.Test\"\n"
	"workers = 2\n"
	"storage { path = \"data\" map_size = 1099511627776 }\n"
	"tls { certificate = \"cert.pem\" key = \"key.pem\" }\n"
	"control { path = \"forumd.sock\" }\n"
	"listen news   { protocol = \"nntp\"       address = \"127.0.0.1\" port = 1119 }\n"
	"listen newss  { protocol = \"nntps\"      address = \"127.0.0.1\" port = 1563 }\n"
	"listen mail   { protocol = \"imap\"       address = \"127.0.0.1\" port = 1143 }\n"
	"listen mails  { protocol = \"imaps\"      address = \"127.0.0.1\" port = 1993 }\n"
	"listen mx     { protocol = \"smtp\"       address = \"127.0.0.1\" port = 1025 }\n"
	"listen submit { protocol = \"submission\" address = \"127.0.0.1\" port = 1587 }\n"
	"listen lmtp   { protocol = \"lmtp\"       address = \"127.0.0.1\" port = 1024 }\n"
	"outgoing { transport = \"smtp://127.0.0.1:2525\" tls = \"none\" }\n"
	"limits { message_size = 25000000  login_seconds = 60  connections_per_address = 64 }\n";

static struct fail f;
static struct config *load(const char *text) {
	struct config *c = NULL;
	const char *path = test_tmpfile("forumd.conf");
	FILE *out = fopen(path, "w");
	fputs(text, out);
	fclose(out);
	f = (struct fail){ 0 };
	int r = config_load(path, &c, &f);
	if (r < 0 && f.code != (enum err)r)
		bail("code %d, text \"%s\"", r, f.text);
	return c;
}

static void refused(const char *text, const char *want) {
	struct config *c = load(text);
	ok(!c && slice_find(slice_str(f.text), slice_str(want)) >= 0, "%s: %s", want, f.text);
	config_unref(&c);
}

int main(void) {
	const char *certificate, *key;
	test_pem(&certificate, &key);
	struct config *c = load(sample);
	ok(c != NULL, "the sample: %s", f.text);
	if (!c)
		return done();
	is_str(c->domain, "forum.test", "domain in lower case");
	is_int(c->workers, 2, "workers");
	is_str(c->storage_path, test_tmpfile("data"), "relative paths are relative to the file");
	is_int(c->map_size, 1099511627776, "64-bit numbers");
	ok(c->tls != NULL, "certificate loaded");
	is_str(c->control_path, test_tmpfile("forumd.sock"), "control");
	is_int(c->nlisten, 7, "listeners");
	is_str(c->listen[6].name, "lmtp", "name"), is_int(c->listen[6].protocol, LISTEN_LMTP, "protocol");
	is_int(c->listen[6].port, 1024, "port"), is_str(c->listen[6].address, "127.0.0.1", "address");
	is_str(c->outgoing_transport, "smtp://127.0.0.1:2525", "transport"), is_str(c->outgoing_tls, "none", "tls");
	is_int(c->message_size, 25000000, "message size"), is_int(c->connections_per_address, 64, "per address");
	is_int(c->reply_separator, '-', "default separator");
	config_set_current(c);
	config_unref(&c);
	c = config_current();
	is_int(c->login_seconds, 60, "the current snapshot lives on");
	struct buf out = { 0 };
	config_print(c, true, &out);
	ok(slice_find(buf_slice(&out),
		   SLICE("{\"key\":\"limits.message_size\",\"type\":\"number\",\"default\":\"10000000\","
				 "\"range\":\"1024 to 1073741824\",\"value\":\"25000000\"")) >= 0,
		"printed as JSON");
	buf_reset(&out);
	config_print(NULL, false, &out);
	ok(slice_find(buf_slice(&out), SLICE("limits.idle_seconds")) >= 0, "printed as text");
	buf_free(&out);
	config_set_current(NULL);
	config_unref(&c);

	c = load("");
	ok(c && !c->tls && c->nlisten == 0 && c->workers >= 1, "everything has a default");
	config_unref(&c);
	c = load("outgoing { transport = \"maildir:out\" }\nlimits { cleartext_login = yes }\n");
	ok(c && c->cleartext_login, "yes");
	is_slice(slice_to(slice_str(c ? c->outgoing_transport : ""), 9), SLICE("maildir:/"), "maildir made absolute");
	config_unref(&c);

	refused("domain = \"x\"\nbogus = 1\n", "forumd.conf:2: unknown key \"bogus\"");
	refused("\nlimits {\n mesage_size = 3\n}\n",
		"forumd.conf:3: unknown key \"mesage_size\"; did you mean \"message_size\"?");
	refused("message_size = 5\n", "did you mean \"limits { message_size }\"?");
	refused("limits { message_size = 3 }\n", "forumd.conf:1: message_size = 3: must be from 1024 to 1073741824");
	refused("limits { message_size = -1 }\n", "must be from 1024");
	refused("listen x { protocol = \"gopher\" }\n", "protocol = \"gopher\": must be one of nntp, nntps, imap");
	refused("listen x { port = 1 }\n", "listen x has no protocol");
	refused("listen x { protocol = \"nntp\" }\nlisten x { protocol = \"imap\" }\n", "forumd.conf:2");
	refused("listen x { protocol = \"nntps\" }\n", "need a tls section");
	refused("tls { certificate = \"absent.pem\" key = \"key.pem\" }\n", "absent.pem: No such file");
	refused("tls { certificate = \"cert.pem\" }\n", "both certificate and key");
	refused("domain = \"a b\"\n", "must be a host name");
	refused("outgoing { transport = \"http://x\" }\n", "must be smtp://");
	refused("fetch up { host = \"x\" }\n", "fetch up needs a host and groups");
	refused("fetch up { host = \"x\" groups = \"misc.test, example.x\" }\n",
		"fetch up: example.x cannot be followed: ");
	refused("fetch up { host = \"x\" groups = \"control.newgroup\" }\n", "only cancels are taken");
	refused("fetch up { host = \"x\" groups = \"misc.test Misc\" }\n", "Misc cannot be followed: a group name has");
	refused("limits { message_size = }\n", "forumd.conf:1:");
	refused("limits { message_size =\n", "premature end of file");
	refused("domain = \"x\"\nlimits {\n message_size = 2000\n",
		"forumd.conf:2: this section is not closed: a } is missing");
	refused("# {\n/* } */ limits { # }\n message_size = 2000 // }\n", "forumd.conf:2: this section is not closed");
	refused("listen x {\n protocol = \"nntp\"\n path = \"a}\\\"}\n'}\"\n", "forumd.conf:1: this section is not closed");
	is_int(config_load(test_tmpfile("absent.conf"), &c, &f), ERR_NOTFOUND, "no file: %s", f.text);
	return done();
}
