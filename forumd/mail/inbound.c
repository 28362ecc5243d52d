/* inbound.c - is this mail written by a person, and by which single one? */
#include "forumd/mail/inbound.h"
#include "forumd/base/fail.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/field.h"

#define HOPS_MAX 30

/* the first word of a field value */
static struct slice inbound_word(struct slice value) {
	value = slice_trim(value);
	size_t n = 0;
	while (n < value.n && value.p[n] > ' ' && value.p[n] != ';' && value.p[n] != '(')
		n++;
	return slice_to(value, n);
}

/* the domain itself or a name below it */
static bool inbound_within(struct slice name, struct slice domain) {
	if (!domain.n || name.n < domain.n || !slice_eq_nocase(slice_from(name, name.n - domain.n), domain))
		return false;
	return name.n == domain.n || name.p[name.n - domain.n - 1] == '.' || name.p[name.n - domain.n - 1] == '@';
}

/* List-Id: phrase <list.domain> */
static bool inbound_own_list(struct slice value, struct slice own_domain) {
	ptrdiff_t lt = slice_rchr(value, '<');
	struct slice id = lt < 0 ? value : slice_from(value, (size_t)lt + 1);
	ptrdiff_t gt = slice_chr(id, '>');
	return inbound_within(slice_trim(gt < 0 ? id : slice_to(id, (size_t)gt)), own_domain);
}

static bool inbound_bulk(struct slice value) {
	struct slice w = inbound_word(value);
	return slice_is_nocase(w, "bulk") || slice_is_nocase(w, "list") || slice_is_nocase(w, "junk");
}

enum inbound_auto inbound_automatic(struct slice header, struct slice own_domain) {
	struct field f;
	unsigned hops = 0;
	bool loop = false, report = false, automatic = false, bulk = false;
	while (field_next(&header, &f)) {
		if (slice_is_nocase(f.name, "received"))
			hops++;
		else if (slice_is_nocase(f.name, "list-id"))
			loop = loop || inbound_own_list(f.value, own_domain);
		else if (slice_is_nocase(f.name, "x-loop") || slice_is_nocase(f.name, "forum-loop"))
			loop = loop || inbound_within(inbound_word(f.value), own_domain);
		else if (slice_is_nocase(f.name, "content-type"))
			report = report || slice_is_nocase(inbound_word(f.value), "multipart/report");
		else if (slice_is_nocase(f.name, "auto-submitted"))
			automatic = automatic || !slice_is_nocase(inbound_word(f.value), "no");
		else if (slice_is_nocase(f.name, "x-autoreply") || slice_is_nocase(f.name, "x-autorespond"))
			automatic = automatic || !slice_is_nocase(inbound_word(f.value), "no");
		else if (slice_is_nocase(f.name, "precedence"))
			bulk = bulk || inbound_bulk(f.value);
	}
	return hops > HOPS_MAX ? INBOUND_HOPS : loop ? INBOUND_OWN_LOOP : report ? INBOUND_REPORT :
		automatic ? INBOUND_AUTO_SUBMITTED : bulk ? INBOUND_BULK : INBOUND_PERSONAL;
}

const char *inbound_auto_text(enum inbound_auto a) {
	switch (a) {
	case INBOUND_PERSONAL: return "written by a person";
	case INBOUND_AUTO_SUBMITTED: return "automatic message";
	case INBOUND_BULK: return "bulk or list mail";
	case INBOUND_OWN_LOOP: return "mail loop: this message was here before";
	case INBOUND_REPORT: return "delivery report";
	case INBOUND_HOPS: return "too many hops";
	}
	return "automatic message";
}

/* What else could be read as the author: a second "<", an "@" in the name that is not the same address, anything behind
 * ">". Another program (the one that checked DMARC) may have read it differently than address_parse. */
static bool inbound_unambiguous(struct slice value, const struct address *from) {
	struct buf plain = { 0 }, spec = { 0 };
	size_t depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < value.n; i++) {      /* value without comments and quoted strings */
		char c = value.p[i];
		if (c == '\\' && (quoted || depth))
			i++;
		else if (c == '"' && !depth)
			quoted = !quoted;
		else if (c == '(' && !quoted)
			depth++;
		else if (c == ')' && !quoted && depth)
			depth--;
		else if (!quoted && !depth)
			buf_addc(&plain, c);
	}
	struct slice s = slice_trim(buf_slice(&plain));
	ptrdiff_t lt = slice_chr(s, '<'), gt = slice_chr(s, '>');
	bool good = !quoted && !depth;
	buf_add_slice(&spec, from->local);
	buf_addc(&spec, '@');
	buf_add_slice(&spec, from->domain);
	if (lt >= 0) {
		struct slice before = slice_trim(slice_to(s, (size_t)lt)), inside = slice_from(s, (size_t)lt + 1);
		good = good && slice_chr(inside, '<') < 0 && gt == (ptrdiff_t)s.n - 1;
		good = good && (slice_chr(before, '@') < 0 || slice_eq_nocase(before, buf_slice(&spec)));
	}
	buf_free(&plain);
	buf_free(&spec);
	return good;
}

int inbound_author(struct arena *a, struct slice header, struct address *from_r) {
	struct field f, second;
	struct address_list list;
	struct slice local, domain;
	if (!field_find(header, "from", 0, &f) || field_find(header, "from", 1, &second) || memchr(f.value.p, 0, f.value.n))
		return ERR_INVALID;
	address_parse(a, f.value, &list);
	if (list.n != 1 || list.cut || list.v[0].kind != ADDRESS_MAILBOX || !inbound_unambiguous(f.value, &list.v[0]))
		return ERR_INVALID;
	struct buf spec = { 0 };
	address_write_spec(&spec, list.v[0].local, list.v[0].domain);
	int rc = address_check_spec(buf_slice(&spec), true, &local, &domain);
	buf_free(&spec);
	if (rc < 0)
		return ERR_INVALID;
	*from_r = list.v[0];
	return 1;
}
