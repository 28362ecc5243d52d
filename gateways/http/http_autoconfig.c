/* http_autoconfig.c - what Thunderbird and others ask for when an address at the forum's domain is entered: the
 * servers, so that nobody types ports. The same for everybody: which address was asked about is not even looked at. */
#include "gateways/http/http_private.h"

struct door { const char *type; enum listen_protocol inside_tls, plain; bool out; };

/* the listener that is best for people: TLS from the start, else the other */
static const struct config_listen *find(const struct config *c, enum listen_protocol best, enum listen_protocol other) {
	const struct config_listen *found = NULL;

	for (unsigned i = 0; i < c->nlisten; i++) {
		if (c->listen[i].path && *c->listen[i].path)
			continue;
		if (c->listen[i].protocol == best)
			return &c->listen[i];
		if (c->listen[i].protocol == other && !found)
			found = &c->listen[i];
	}
	return found;
}

/* the host of http.url, else the domain */
static struct slice host_of(const struct config *c) {
	struct slice url = slice_str(c->http_url);
	ptrdiff_t at = slice_find(url, SLICE("://"));
	struct slice host = at >= 0 ? slice_from(url, (size_t)at + 3) : slice_str(c->domain);

	while ((at = slice_rchr(host, '/')) >= 0 || (at = slice_rchr(host, ':')) >= 0)
		host = slice_to(host, (size_t)at);
	return host.n ? host : slice_str(c->domain);
}

static void add_server(const struct config *c, const struct door *d, struct buf *b) {
	const struct config_listen *l = find(c, d->inside_tls, d->plain);
	const char *tag = d->out ? "outgoing" : "incoming";

	if (!l)
		return;
	buf_addf(b, "    <%sServer type=\"%s\">\n      <hostname>", tag, d->type);
	http_escape(host_of(c), b);
	buf_addf(b, "</hostname>\n      <port>%u</port>\n      <socketType>%s</socketType>\n", l->port,
		l->protocol == d->inside_tls ? "SSL" : c->tls ? "STARTTLS" : "plain");
	buf_addf(b,
		"      <authentication>password-cleartext</authentication>\n      <username>%%EMAILADDRESS%%</username>\n"
		"    </%sServer>\n",
		tag);
}

void http_autoconfig(struct http_session *h) {
	static const struct door doors[] = {
		{ "imap", LISTEN_IMAPS, LISTEN_IMAP, false }, { "nntp", LISTEN_NNTPS, LISTEN_NNTP, false },
		{ "smtp", LISTEN_SUBMISSIONS, LISTEN_SUBMISSION, true },
	};
	const struct config *c = h->s.config;
	struct slice domain = slice_str(c->domain);
	struct buf b = { 0 };

	buf_adds(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"");
	http_escape(domain, &b);
	buf_adds(&b, "\">\n    <domain>");
	http_escape(domain, &b);
	buf_adds(&b, "</domain>\n    <displayName>");
	http_escape(domain, &b);
	buf_adds(&b, " forum</displayName>\n    <displayShortName>");
	http_escape(domain, &b);
	buf_adds(&b, "</displayShortName>\n");
	for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
		add_server(c, &doors[i], &b);
	buf_adds(&b, "  </emailProvider>\n</clientConfig>\n");
	http_reply(h, 200, buf_slice(&b));
	buf_free(&b);
}
