/* ctl_cmd_probe.c - what `forumctl doctor` asks the daemon. The daemon itself may open no connection (its sandbox), so
 * that whatever has to be tried out is tried by forumctl. */
#include "gateways/ctl/ctl_private.h"
#include "forumd/base/clock.h"
#include "forumd/forum/mailq.h"
#include "forumd/mail/build.h"
#include "forumd/mail/msgid.h"
#include "gateways/common/reply_token.h"

#define PROBE_SECONDS 3600

/* A notice to bounce-TOKEN@ of nobody: when it comes back the trace of its Message-ID says so, and nothing else
 * happens. */
static int send_mail(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct reply_token k = { TOKEN_BOUNCE, 0, 0, 0, clock_now() + PROBE_SECONDS };
	struct buf to = { 0 }, from = { 0 }, id = { 0 }, mail = { 0 };
	struct build_notice n = {
		.date = clock_now(), .subject = SLICE("forumctl doctor"), .text = SLICE("Round the loop.\n")
	};
	int e;

	buf_adds(&to, "bounce-");
	reply_token_make(forum_secret(t), &k, &to);
	buf_addf(&to, "@%s", c->config->domain);
	buf_addf(&from, "postmaster@%s", c->config->domain);
	msgid_new(&id, slice_str(c->config->domain));
	n.to = buf_slice(&to);
	n.from = buf_slice(&from);
	n.message_id = buf_slice(&id);
	e = build_notice(&mail, &n);
	if (e > 0)
		e = mailq_add_notice(t, buf_slice(&to), buf_slice(&mail), NULL);
	if (e > 0)
		buf_addf(&c->out, "message-id\t%.*s\n", SLICE_ARG(buf_slice(&id)));
	buf_free(&to);
	buf_free(&from);
	buf_free(&id);
	buf_free(&mail);
	return e < 0 ? fail_set(f, (enum err)e, "the mail cannot be queued") : 1;
}

int ctl_probe(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	static const char *const protocols[] = { "nntp", "nntps", "imap", "imaps", "smtp", "submission", "submissions",
		"lmtp", "http", "https" };
	const struct config *k = c->config;
	struct mailq_item i;
	struct forum_info info;
	uint64_t cursor = 0;
	int64_t oldest = 0;

	if (ctl_switch(c, "--mail"))
		return send_mail(t, c, f);
	buf_addf(&c->out,
		"config\t%s\ndomain\t%s\nstorage\t%s\ntransport\t%s\nhttp\t%s\ncertificate\t%s\ndkim\t%s\t%s\ndkim2\t%s\t%s\n",
		k->file, k->domain, k->storage_path, k->outgoing_transport, k->http_url, k->tls_certificate, k->dkim_key,
		k->dkim_selector, k->dkim_key2, k->dkim_selector2);
	for (unsigned n = 0; n < k->nlisten; n++)
		buf_addf(&c->out, "listen\t%s\t%s\t%s\t%u\t%s\t%s\n", k->listen[n].name, protocols[k->listen[n].protocol],
			k->listen[n].address, k->listen[n].port, k->listen[n].path,
			k->listen[n].check_sender ? "check" : k->listen[n].trust_authserv);
	if (forum_info(c->forum, &info, f) < 0)
		return f->code;
	buf_addf(&c->out, "free\t%llu\nused\t%llu\nmap\t%llu\n", (unsigned long long)info.free_disk_bytes,
		(unsigned long long)info.used_bytes, (unsigned long long)info.map_size);
	while (mailq_each(t, &cursor, &i) > 0)
		if (!oldest || i.created < oldest)
			oldest = i.created;
	buf_addf(&c->out, "queue\t%llu\t%lld\n", (unsigned long long)mailq_count(t),
		oldest ? (long long)(clock_now() - oldest) : 0ll);
	return 1;
}
