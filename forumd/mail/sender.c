/* sender.c - see sender.h. */
#include "forumd/mail/sender.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/arc.h"
#include "forumd/mail/dkim_verify.h"
#include "forumd/mail/field.h"
#include "forumd/mail/inbound.h"

struct policy { enum auth_word found; bool strict_dkim, strict_spf; };   /* found: pass, none, temperror, permerror */

struct work {
	struct arena *a;
	const struct dns *dns;
	struct slice from;             /* domain */
	struct policy policy;
	enum auth_word spf, dmarc;
	struct slice spf_domain;
	struct dkim_verdict dkim[DKIM_CHECKED];
	size_t ndkim;
	struct arc_chain arc;
	bool trusted;                  /* the chain holds, its sealers are trusted and its first one saw the author */
};

/* ---- DMARC ---- */

static bool strict(const struct auth_tags *t, const char *name) {
	struct slice v;
	return auth_tags_get(t, name, &v) && slice_is_nocase(v, "s");
}

/* RFC 7489 6.6.3: exactly one record counts */
static enum auth_word policy_at(struct work *w, struct slice domain, struct policy *p) {
	struct dns_records *r = ARENA_NEW(w->a, struct dns_records);
	struct auth_tags *t = ARENA_NEW(w->a, struct auth_tags);
	struct slice name = arena_slicef(w->a, "_dmarc.%.*s", SLICE_ARG(domain)), record = slice_of(NULL, 0), v;
	enum dns_status status = name.n > 253 ? DNS_ABSENT : w->dns->look_up(w->dns->arg, name, DNS_TXT, w->a, r);
	if (status == DNS_TEMP)
		return AUTH_TEMPERROR;
	for (size_t i = 0; i < r->n; i++) {
		if (!slice_starts(r->v[i], SLICE("v=DMARC1")))
			continue;
		if (record.p)
			return AUTH_NONE;
		record = r->v[i];
	}
	if (!record.p)
		return AUTH_NONE;
	if (auth_tags_parse(record, t) < 0 || !t->n || !slice_is(t->v[0].name, "v") || !slice_is(t->v[0].value, "DMARC1"))
		return AUTH_PERMERROR;
	if (!auth_tags_get(t, "p", &v) && !auth_tags_get(t, "rua", &v))
		return AUTH_PERMERROR;
	p->strict_dkim = strict(t, "adkim");
	p->strict_spf = strict(t, "aspf");
	return AUTH_PASS;
}

static void find_policy(struct work *w) {
	struct slice organization = auth_organization(w->a, w->from);
	w->policy.found = policy_at(w, w->from, &w->policy);
	if (w->policy.found == AUTH_NONE && !slice_eq_nocase(organization, w->from))
		w->policy.found = policy_at(w, organization, &w->policy);
	if (w->policy.found == AUTH_TEMPERROR)   /* nobody knows how strict it is */
		w->policy.strict_dkim = w->policy.strict_spf = true;
}

static bool dkim_aligned(const struct work *w, size_t i) {
	return auth_aligned(w->a, w->dkim[i].domain, w->from, w->policy.strict_dkim);
}

static bool spf_aligned(const struct work *w) {
	return auth_aligned(w->a, w->spf_domain, w->from, w->policy.strict_spf);
}

/* what those that are aligned say, best first: pass, temperror, fail, none */
static enum auth_word aligned_result(const struct work *w) {
	enum auth_word all[DKIM_CHECKED + 1];
	size_t n = 0;
	static const enum auth_word order[] = { AUTH_PASS, AUTH_TEMPERROR, AUTH_FAIL, AUTH_SOFTFAIL };
	if (spf_aligned(w))
		all[n++] = w->spf;
	for (size_t i = 0; i < w->ndkim; i++)
		if (dkim_aligned(w, i))
			all[n++] = w->dkim[i].result;
	for (size_t k = 0; k < sizeof order / sizeof *order; k++)
		for (size_t i = 0; i < n; i++)
			if (all[i] == order[k])
				return order[k];
	return AUTH_NONE;
}

static enum auth_word dmarc_result(const struct work *w) {
	enum auth_word r = aligned_result(w);
	if (w->policy.found != AUTH_PASS)
		return w->policy.found;
	return r == AUTH_PASS || r == AUTH_TEMPERROR ? r : AUTH_FAIL;
}

/* ---- ARC ---- */

static bool listed(struct slice list, struct slice domain) {
	for (size_t i = 0, start = 0; i <= list.n; i++) {
		if (i < list.n && list.p[i] != ',' && list.p[i] != ' ' && list.p[i] != '\t')
			continue;
		if (domain.n && slice_eq_nocase(slice_sub(list, start, i - start), domain))
			return true;
		start = i + 1;
	}
	return false;
}

/* Everybody who sealed must be trusted, for each could have changed the mail; the first of them saw it arrive. */
static void check_arc(struct work *w, const struct sender_mail *m) {
	struct buf header = { 0 };
	struct slice rest, id;
	if (!slice_trim(m->trust).n)
		return;
	arc_verify(w->a, m->header, m->body, w->dns, m->now, &w->arc);
	w->trusted = w->arc.result == AUTH_PASS && w->arc.n;
	for (unsigned i = 0; i < w->arc.n && w->trusted; i++)
		w->trusted = listed(m->trust, w->arc.sealer[i]);
	rest = slice_trim(w->arc.first);
	if (!w->trusted || !slice_split(&rest, ';', &id) || !slice_trim(id).n) {
		w->trusted = false;
		return;
	}
	buf_addf(&header, "Authentication-Results: %.*s\r\n", SLICE_ARG(slice_trim(w->arc.first)));
	struct slice word = slice_trim(id), name = word;
	slice_word(&word, &name);
	w->trusted = inbound_auth_results(buf_slice(&header), name, w->from) == INBOUND_AUTH_PASS;
	buf_free(&header);
}

/* ---- together ---- */

/* what came from outside is written only where it is a plain name */
static void add_property(struct buf *out, const char *name, struct slice value) {
	if (!value.n || value.n > 253)
		return;
	for (size_t i = 0; i < value.n; i++)
		if (!text_alpha(value.p[i]) && !text_digit(value.p[i]) && !strchr("-._", value.p[i]))
			return;
	buf_addf(out, " %s=%.*s", name, SLICE_ARG(value));
}

static void add_method(struct buf *out, const char *method, enum auth_word r, const char *why) {
	buf_addf(out, "; %s=%s", method, auth_result_text(r));
	if (why)
		buf_addf(out, " (%s)", why);
}

static void describe(const struct work *w, struct buf *out) {
	add_method(out, "spf", w->spf, NULL);
	add_property(out, "smtp.mailfrom", w->spf_domain);
	for (size_t i = 0; i < w->ndkim; i++) {
		add_method(out, "dkim", w->dkim[i].result, w->dkim[i].why);
		add_property(out, "header.d", w->dkim[i].domain);
		add_property(out, "header.s", w->dkim[i].selector);
	}
	if (!w->ndkim)
		add_method(out, "dkim", AUTH_NONE, NULL);
	add_method(out, "dmarc", w->dmarc, NULL);
	add_property(out, "header.from", w->from);
	if (w->arc.n)
		add_method(out, "arc", w->arc.result, w->arc.why ? w->arc.why : w->trusted ? "trusted sealers" : NULL);
}

static enum sender_verdict verdict(const struct work *w) {
	enum auth_word aligned = aligned_result(w);
	if (aligned == AUTH_PASS || w->trusted)
		return SENDER_PROVEN;
	if (aligned == AUTH_TEMPERROR || w->policy.found == AUTH_TEMPERROR || w->arc.result == AUTH_TEMPERROR)
		return SENDER_LATER;
	return w->dmarc == AUTH_FAIL || aligned == AUTH_FAIL || aligned == AUTH_SOFTFAIL ? SENDER_FALSE : SENDER_UNKNOWN;
}

enum sender_verdict sender_check(struct arena *a, const struct sender_mail *m, const struct dns *dns,
	struct buf *results_r) {
	struct work *w = ARENA_NEW(a, struct work);
	struct address from;
	w->a = a;
	w->dns = dns;
	if (inbound_author(a, m->header, &from) > 0)
		w->from = from.domain;
	w->spf = spf_check(a, &m->client, dns, &w->spf_domain);
	w->ndkim = dkim_verify(a, m->header, m->body, dns, m->now, w->dkim);
	if (w->from.n) {
		find_policy(w);
		w->dmarc = dmarc_result(w);
		check_arc(w, m);
	}
	describe(w, results_r);
	return w->from.n ? verdict(w) : SENDER_UNKNOWN;
}

/* ---- on the mail ---- */

bool sender_carries(const struct field *f, struct slice id, struct buf *flat) {
	struct slice rest, first, word;
	buf_reset(flat);
	if (!slice_is_nocase(f->name, "authentication-results"))
		return false;
	inbound_auth_flatten(f->value, flat);       /* one that does not end is judged by its beginning */
	rest = buf_slice(flat);
	return slice_split(&rest, ';', &first) && slice_word(&first, &word) && slice_eq_nocase(word, id);
}

void sender_mark(struct slice mail, struct slice authserv_id, struct slice field, struct buf *out) {
	struct slice header, body, rest;
	struct buf flat = { 0 };
	struct field f;
	field_split(mail, &header, &body);
	buf_add_slice(out, field);
	rest = header;
	while (field_next(&rest, &f))
		if (!sender_carries(&f, authserv_id, &flat))
			buf_add_slice(out, f.raw);
	buf_add_slice(out, slice_from(mail, header.n));
	buf_free(&flat);
}

bool sender_public_results(struct slice header, struct slice authserv_id, struct buf *out) {
	struct slice rest, piece, word;
	struct buf flat = { 0 };
	struct field f;
	bool found = false;
	while (!found && field_next(&header, &f))
		found = sender_carries(&f, authserv_id, &flat);
	rest = buf_slice(&flat);
	slice_split(&rest, ';', &piece);
	while (found && slice_split(&rest, ';', &piece)) {
		piece = slice_trim(piece);
		size_t n = 0;                      /* "method=result", nothing behind it */
		while (n < piece.n &&
			(text_alpha(piece.p[n]) || text_digit(piece.p[n]) || piece.p[n] == '=' || piece.p[n] == '-'))
			n++;
		word = slice_to(piece, n);
		if (slice_chr(word, '=') > 0)
			buf_addf(out, "; %.*s", SLICE_ARG(word));
	}
	buf_free(&flat);
	return found;
}
