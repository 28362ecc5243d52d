/* arc.c - see arc.h. Sets are gathered by their i= first; only a complete row of them is worth a look-up. */
#include "forumd/mail/arc.h"
#include "forumd/base/base64.h"
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/dkim_private.h"

#define CARRIED_MAX 65536      /* octets of a chain that is handed on */

struct set { struct field results, message, seal; };
struct chain { struct set set[ARC_SETS_MAX + 1]; unsigned top, fields; };   /* from 1 */

/* ---- checking ---- */

static bool same_name(const struct field *f, const char *name) {
	return slice_is_nocase(f->name, name);
}

/* i= of a field: 1 to ARC_SETS_MAX, or 0. Results begin with it, the others are tag lists. */
static unsigned instance_of(const struct field *f) {
	struct auth_tags t;
	struct slice v, rest = f->value, piece;
	uint64_t i;
	if (same_name(f, "arc-authentication-results")) {
		if (!slice_split(&rest, ';', &piece) || auth_tags_parse(piece, &t) < 0)
			return 0;
	} else if (f->value.n > 16384 || auth_tags_parse(f->value, &t) < 0) {
		return 0;
	}
	return auth_tags_get(&t, "i", &v) && num_parse_u64(v, &i) && i >= 1 && i <= ARC_SETS_MAX ? (unsigned)i : 0;
}

static struct field *place_of(struct set *s, const struct field *f) {
	if (same_name(f, "arc-authentication-results"))
		return &s->results;
	if (same_name(f, "arc-message-signature"))
		return &s->message;
	return same_name(f, "arc-seal") ? &s->seal : NULL;
}

/* false: a set twice, or a field that belongs to none */
static bool gather(struct slice header, struct chain *c) {
	struct field f, *to;
	while (field_next(&header, &f)) {
		if (!slice_starts_nocase(f.name, SLICE("arc-")) || !place_of(&c->set[0], &f))
			continue;
		unsigned i = instance_of(&f);
		to = place_of(&c->set[i], &f);
		c->fields++;
		if (!i || to->name.n)
			return false;
		*to = f;
		c->top = i > c->top ? i : c->top;
	}
	return c->fields == 3 * c->top;        /* none twice: so all are there */
}

static void add_relaxed(const struct field *f, struct buf *data) {
	dkim_canonical_field(f->name, f->value, data);
	buf_adds(data, "\r\n");
}

/* What the seal of set n covers: all sets up to it in order, its own b= empty (RFC 8617 5.1.1). */
static void seal_data(const struct chain *c, unsigned n, struct buf *data) {
	struct buf empty = { 0 };
	for (unsigned i = 1; i <= n; i++) {
		add_relaxed(&c->set[i].results, data);
		add_relaxed(&c->set[i].message, data);
		if (i < n)
			add_relaxed(&c->set[i].seal, data);
	}
	dkim_without_b(c->set[n].seal.value, &empty);
	dkim_canonical_field(c->set[n].seal.name, buf_slice(&empty), data);
	buf_free(&empty);
}

static enum auth_word check_seal(struct arena *a, const struct chain *c, unsigned i, const struct dns *dns, int64_t now,
	struct arc_chain *c_r) {
	struct dkim_sig s;
	struct buf data = { 0 };
	struct slice cv, h;
	bool testing;
	enum auth_word r = dkim_sig_parse(&c->set[i].seal, true, now, &s);
	c_r->sealer[i - 1] = s.domain;
	if (r == AUTH_PASS &&
		(!auth_tags_get(&s.tags, "cv", &cv) || !slice_is_nocase(cv, i == 1 ? "none" : "pass") ||
			auth_tags_get(&s.tags, "h", &h))) {
		r = AUTH_FAIL;
		s.why = "a seal says that the chain was broken";
	}
	if (r == AUTH_PASS) {
		seal_data(c, i, &data);
		r = dkim_sig_check(&s, a, dns, buf_slice(&data), &testing);
	}
	c_r->why = s.why;
	dkim_sig_free(&s);
	buf_free(&data);
	return r;
}

static enum auth_word check_message(struct arena *a, const struct chain *c, struct slice header, struct slice body,
	const struct dns *dns, int64_t now, struct arc_chain *c_r) {
	struct dkim_mail *m = arena_alloc(a, sizeof *m);
	struct dkim_sig s;
	struct buf data = { 0 };
	bool testing;
	enum auth_word r = dkim_sig_parse(&c->set[c->top].message, false, now, &s);
	if (r == AUTH_PASS && !dkim_mail_init(m, header, body))
		r = AUTH_FAIL;
	if (r == AUTH_PASS)
		r = dkim_sig_message(&s, m, &data);
	if (r == AUTH_PASS)
		r = dkim_sig_check(&s, a, dns, buf_slice(&data), &testing);
	c_r->why = s.why;
	dkim_sig_free(&s);
	buf_free(&data);
	return r;
}

void arc_verify(struct arena *a, struct slice header, struct slice body, const struct dns *dns, int64_t now,
	struct arc_chain *c_r) {
	struct chain *c = arena_zalloc(a, sizeof *c);
	memset(c_r, 0, sizeof *c_r);
	bool whole = gather(header, c);
	if (!c->fields)
		return;
	c_r->n = c->top;
	if (!whole) {
		c_r->result = AUTH_FAIL;
		c_r->why = "the sets are not complete";
		return;
	}
	enum auth_word r = check_message(a, c, header, body, dns, now, c_r);
	for (unsigned i = c->top; r == AUTH_PASS && i > 0; i--)
		r = check_seal(a, c, i, dns, now, c_r);
	c_r->result = r == AUTH_PASS || r == AUTH_TEMPERROR ? r : AUTH_FAIL;
	ptrdiff_t semicolon = slice_chr(c->set[1].results.value, ';');
	c_r->first = slice_from(c->set[1].results.value, (size_t)(semicolon + 1));
}

/* ---- sealing ---- */

static const char *const arc_signed[] = {
	"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
	"content-transfer-encoding", "list-id", "author", "auto-submitted",
};

/* signs data, whose last field is `value` with an empty b=, and appends the whole field */
static int add_signed(const struct dkim_key *key, const char *name, struct slice value, struct buf *data,
	struct buf *out) {
	struct buf sig = { 0 }, b64 = { 0 };
	dkim_canonical_field(slice_str(name), value, data);
	int r = dkim_signature(key, buf_slice(data), &sig);
	if (r > 0) {
		base64_encode(buf_slice(&sig), &b64);
		buf_addf(out, "%s:%.*s", name, SLICE_ARG(value));
		dkim_fold(out, buf_slice(&b64), 0);
		buf_adds(out, "\r\n");
	}
	buf_free(&sig);
	buf_free(&b64);
	return r;
}

static int seal_message(const struct arc_sealer *k, unsigned instance, struct slice header,
	const unsigned char body_hash[32], struct buf *out) {
	struct buf data = { 0 }, h = { 0 }, value = { 0 };
	dkim_fields(header, arc_signed, sizeof arc_signed / sizeof *arc_signed, &data, &h);
	buf_addf(&value, " i=%u; a=%s; c=relaxed/relaxed; d=%.*s;\r\n\ts=%.*s; t=%lld; h=", instance,
		dkim_algorithm(k->key), SLICE_ARG(k->domain), SLICE_ARG(k->selector), (long long)k->time);
	dkim_fold(&value, buf_slice(&h), ':');
	buf_adds(&value, ";\r\n\tbh=");
	base64_encode(slice_of(body_hash, 32), &value);
	buf_adds(&value, ";\r\n\tb=");
	int r = add_signed(k->key, "ARC-Message-Signature", buf_slice(&value), &data, out);
	buf_free(&data);
	buf_free(&h);
	buf_free(&value);
	return r;
}

/* one set, whose seal also covers what `before` holds */
static int add_set(const struct arc_sealer *k, unsigned instance, const char *cv, struct slice results,
	struct slice header, const unsigned char body_hash[32], struct buf *before, struct buf *out) {
	struct buf set = { 0 }, value = { 0 };
	struct field f;
	buf_addf(&value, "i=%u; %.*s", instance, SLICE_ARG(results));
	field_write(&set, "ARC-Authentication-Results", buf_slice(&value));
	int r = seal_message(k, instance, header, body_hash, &set);
	struct slice rest = buf_slice(&set);
	while (r > 0 && field_next(&rest, &f))
		add_relaxed(&f, before);
	buf_reset(&value);
	buf_addf(&value, " i=%u; a=%s; cv=%s; d=%.*s;\r\n\ts=%.*s; t=%lld; b=", instance, dkim_algorithm(k->key), cv,
		SLICE_ARG(k->domain), SLICE_ARG(k->selector), (long long)k->time);
	if (r > 0)
		r = add_signed(k->key, "ARC-Seal", buf_slice(&value), before, out);
	if (r > 0)
		buf_add_slice(out, buf_slice(&set));
	buf_free(&set);
	buf_free(&value);
	return r;
}

int arc_seal_first(const struct arc_sealer *k, struct slice results, struct slice header,
	const unsigned char body_hash[32], struct buf *out) {
	struct buf data = { 0 };
	int r = add_set(k, 1, "none", results, header, body_hash, &data, out);
	buf_free(&data);
	return r;
}

/* Others wrote these fields: they go out again only as lines of a mail, and not at any length. */
static bool may_be_carried(const struct chain *c) {
	size_t octets = 0;
	for (unsigned i = 1; i <= c->top; i++) {
		const struct field *const v[] = { &c->set[i].results, &c->set[i].message, &c->set[i].seal };
		for (unsigned k = 0; k < 3; k++) {
			octets += v[k]->raw.n;
			if (octets > CARRIED_MAX || v[k]->raw.p[v[k]->name.n] != ':' || !text_is_ascii(v[k]->raw) ||
				!field_raw_clean(v[k]->raw))
				return false;
		}
	}
	return true;
}

/* Complete, room for one more, and nobody has closed it by cv=fail (RFC 8617 5.1.2). */
static bool goes_on(const struct chain *c) {
	struct auth_tags t;
	struct slice cv;
	return c->top && c->top < ARC_SETS_MAX && auth_tags_parse(c->set[c->top].seal.value, &t) >= 0 &&
		auth_tags_get(&t, "cv", &cv) && !slice_is_nocase(cv, "fail");
}

int arc_seal_next(const struct arc_sealer *k, struct slice came, bool passed, struct slice results, struct slice header,
	const unsigned char body_hash[32], struct buf *out) {
	struct chain *c = mem_zalloc(sizeof *c);
	struct buf data = { 0 }, set = { 0 };
	int r = gather(came, c) && goes_on(c) && may_be_carried(c) ? 1 : 0;
	for (unsigned i = 1; r > 0 && passed && i <= c->top; i++) {
		add_relaxed(&c->set[i].results, &data);
		add_relaxed(&c->set[i].message, &data);
		add_relaxed(&c->set[i].seal, &data);
	}
	if (r > 0)
		r = add_set(k, c->top + 1, passed ? "pass" : "fail", results, header, body_hash, &data, &set);
	for (unsigned i = c->top; r > 0 && i > 0; i--) {
		buf_add_slice(&set, c->set[i].seal.raw);
		buf_add_slice(&set, c->set[i].message.raw);
		buf_add_slice(&set, c->set[i].results.raw);
	}
	if (r > 0)
		buf_add_slice(out, buf_slice(&set));
	buf_free(&data);
	buf_free(&set);
	mem_free(c);
	return r;
}
