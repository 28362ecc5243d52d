/* dsn.c - delivery status notifications (RFC 3464). The first failed recipient is the answer, else the first one. */
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/inbound.h"
#include "forumd/mail/mime.h"

#define DSN_CONTENT_MAX 65536

/* "rfc822; joe@example.org", "smtp; 550 5.1.1 ..." -> what stands behind the type */
static struct slice dsn_value(struct arena *a, struct slice value, bool typed) {
	struct buf b = { 0 };
	field_unfold(value, &b);
	struct slice s = buf_slice(&b);
	ptrdiff_t semicolon = typed ? slice_chr(s, ';') : -1;
	s = arena_slice(a, slice_trim(semicolon < 0 ? s : slice_from(s, (size_t)semicolon + 1)));
	for (size_t i = 0; i < s.n; i++)
		if (text_control(s.p[i]))
			((char *)(uintptr_t)s.p)[i] = ' ';
	buf_free(&b);
	return s;
}

/* the fields of one recipient; false when this block names none */
static bool dsn_block(struct arena *a, struct slice block, struct inbound_dsn *d) {
	struct field f;
	struct slice none = { "", 0 };
	*d = (struct inbound_dsn){ none, none, none, none };
	while (field_next(&block, &f)) {
		if (slice_is_nocase(f.name, "final-recipient") ||
			(slice_is_nocase(f.name, "original-recipient") && !d->recipient.n))
			d->recipient = dsn_value(a, f.value, true);
		else if (slice_is_nocase(f.name, "action"))
			d->action = dsn_value(a, f.value, false);
		else if (slice_is_nocase(f.name, "status"))
			d->status = dsn_value(a, f.value, false);
		else if (slice_is_nocase(f.name, "diagnostic-code"))
			d->diagnostic = dsn_value(a, f.value, true);
	}
	for (size_t i = 0; i < d->action.n; i++)
		((char *)(uintptr_t)d->action.p)[i] = text_lower(d->action.p[i]);
	return d->recipient.n > 0;
}

static int dsn_recipients(struct arena *a, struct slice content, struct inbound_dsn *dsn_r) {
	struct slice block, rest = content;
	struct inbound_dsn d;
	int found = 0;
	while (rest.n) {
		field_split(rest, &block, &rest);
		if (!dsn_block(a, block, &d))
			continue;
		bool failed = slice_is(d.action, "failed");
		if (!found || failed)
			*dsn_r = d;
		found = 1;
		if (failed)
			break;
	}
	return found;
}

int inbound_dsn(struct arena *a, struct slice header, struct slice body, struct inbound_dsn *dsn_r) {
	struct mime_table t;
	int found = 0;
	mime_scan(a, header, body, &t);
	if (!slice_is(t.v[0].type, "multipart"))
		return 0;
	for (size_t i = 1; i < t.n && !found; i++) {
		const struct mime_part *p = &t.v[i];
		struct buf content = { 0 };
		if (p->parent != 0 || !slice_is(p->type, "message") || (!slice_is(p->subtype, "delivery-status") &&
			!slice_is(p->subtype, "global-delivery-status")))
			continue;
		mime_decode(p->encoding, slice_sub(body, p->body_off, p->body_len), DSN_CONTENT_MAX, &content);
		found = dsn_recipients(a, buf_slice(&content), dsn_r);
		buf_free(&content);
	}
	return found;
}

/* ---- complaints (RFC 5965) ---- */

static struct slice arf_part(struct arena *a, const struct mime_part *p, struct slice body) {
	struct buf content = { 0 };
	mime_decode(p->encoding, slice_sub(body, p->body_off, p->body_len), DSN_CONTENT_MAX, &content);
	struct slice s = arena_slice(a, buf_slice(&content));
	buf_free(&content);
	return s;
}

int inbound_complaint(struct arena *a, struct slice header, struct slice body, struct slice *original_r) {
	struct mime_table t;
	struct slice rest;
	struct field f;
	int found = 0;
	*original_r = SLICE("");
	mime_scan(a, header, body, &t);
	if (!slice_is(t.v[0].type, "multipart") || !slice_is(t.v[0].subtype, "report"))
		return 0;
	for (size_t i = 1; i < t.n; i++) {
		const struct mime_part *p = &t.v[i];
		if (p->parent != 0)
			continue;
		if (slice_is(p->type, "message") && slice_is(p->subtype, "feedback-report")) {
			struct slice fields = arf_part(a, p, body);
			found = !field_find(fields, "feedback-type", 0, &f) || slice_is_nocase(slice_trim(f.value), "abuse") ||
				slice_is_nocase(slice_trim(f.value), "fraud");
		} else if ((slice_is(p->type, "message") && slice_is(p->subtype, "rfc822")) ||
			slice_is(p->subtype, "rfc822-headers")) {
			field_split(arf_part(a, p, body), original_r, &rest);
		}
	}
	return found;
}
