#include "forumd/mail/downgrade.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/field.h"
#include "forumd/mail/words.h"

static const char *const address_fields[] = {
	"Bcc", "Cc", "From", "Reply-To", "Resent-Bcc", "Resent-Cc", "Resent-From", "Resent-Sender", "Resent-To",
	"Return-Path", "Sender", "To",
};

static bool is_address_field(struct slice name) {
	for (size_t i = 0; i < sizeof address_fields / sizeof *address_fields; i++)
		if (slice_is_nocase(name, address_fields[i]))
			return true;
	return false;
}

bool downgrade_mailbox(struct slice name, struct slice local, struct slice domain, struct buf *out) {
	struct buf spec = { 0 };
	if (text_is_ascii(local) && text_is_ascii(domain))
		return false;
	if (name.n)
		buf_addf(out, "%.*s (", SLICE_ARG(name));
	address_write_spec(&spec, local, domain);
	words_decode(buf_slice(&spec), out);          /* octets that are no UTF-8 become some */
	buf_adds(out, name.n ? ")" : "");
	buf_free(&spec);
	return true;
}

static void downgrade_address(const struct address *a, struct buf *out) {
	struct buf name = { 0 };
	if (downgrade_mailbox(a->name, a->local, a->domain, &name))
		address_write(out, buf_slice(&name), DOWNGRADE_LOCAL, DOWNGRADE_DOMAIN);
	else
		address_write(out, a->name, a->local, a->domain);
	buf_free(&name);
}

/* a list without an address of its own is an empty group, so that the field is one (RFC 6858 2.1 has that too) */
static void downgrade_addresses(struct slice value, struct buf *out) {
	struct address_list list;
	struct arena *a = arena_new();
	bool first = true;
	address_parse(a, value, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct address *one = &list.v[i];
		if (one->kind == ADDRESS_GROUP_END) {
			buf_addc(out, ';');
			continue;
		}
		buf_adds(out, first ? "" : ", ");
		first = one->kind == ADDRESS_GROUP_START;
		if (one->kind == ADDRESS_MAILBOX) {
			downgrade_address(one, out);
		} else {
			words_encode_phrase(one->name, out);
			buf_adds(out, ": ");
		}
	}
	if (!list.n)
		buf_adds(out, "internationalized-address:;");
	arena_free(&a);
}

static void downgrade_text(struct slice value, struct buf *out) {
	struct buf flat = { 0 }, text = { 0 };
	field_unfold(value, &flat);
	words_decode(buf_slice(&flat), &text);
	words_encode(buf_slice(&text), out);
	buf_free(&flat);
	buf_free(&text);
}

/* to the next semicolon outside quotes and comments, without it */
static struct slice take_param(struct slice *in) {
	struct slice whole = *in;
	unsigned depth = 0;
	bool quoted = false;
	size_t i = 0;
	for (; i < whole.n && (quoted || depth || whole.p[i] != ';'); i++) {
		char c = whole.p[i];
		if (c == '\\' && (quoted || depth))
			i++;
		else if (c == '"' && !depth)
			quoted = !quoted;
		else if (!quoted && c == '(')
			depth++;
		else if (!quoted && c == ')')
			depth -= depth > 0;
	}
	i = i < whole.n ? i : whole.n;
	*in = slice_from(whole, i + (i < whole.n));
	return slice_to(whole, i);
}

/* the parameters that are ASCII; false when what stands before them is not */
static bool downgrade_params(struct slice value, struct buf *out) {
	struct buf flat = { 0 };
	field_unfold(value, &flat);
	struct slice rest = buf_slice(&flat), one = take_param(&rest);
	bool good = text_is_ascii(one);
	buf_add_slice(out, slice_trim(one));
	while (rest.n) {
		one = slice_trim(take_param(&rest));
		if (one.n && text_is_ascii(one))
			buf_addf(out, "; %.*s", SLICE_ARG(one));
	}
	buf_free(&flat);
	return good;
}

static void downgrade_field(const struct field *f, struct buf *out) {
	struct buf value = { 0 };
	char name[80];
	bool keep = slice_cstr(f->name, name, sizeof name) && text_is_ascii(f->name) && f->name.n;
	if (keep && is_address_field(f->name))
		downgrade_addresses(f->value, &value);
	else if (keep && slice_is_nocase(f->name, "Subject"))
		downgrade_text(f->value, &value);
	else
		keep = keep && (slice_is_nocase(f->name, "Content-Type") || slice_is_nocase(f->name, "Content-Disposition")) &&
			downgrade_params(f->value, &value);
	if (keep)
		field_write(out, name, buf_slice(&value));
	buf_free(&value);
}

void downgrade_header(struct slice header, struct buf *out) {
	struct field f;
	while (field_next(&header, &f))
		if (text_is_ascii(f.raw))
			buf_add_slice(out, f.raw);
		else
			downgrade_field(&f, out);
}
