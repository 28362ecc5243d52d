/* dsn_report.c - see dsn_report.h. Written in ASCII only, since nobody knows what the way back speaks: an address that
 * is not ASCII is given as RFC 6533 3 encodes it. */
#include "forumd/mail/dsn_report.h"
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"

#define HEADER_MAX 16384
#define LINE_MAX_OCTETS 990

/* "rfc822; a@b", or "utf-8; \x{F6}@b" (utf-8-addr-xtext) */
static void report_address(struct buf *out, const char *name, struct slice type, struct slice address) {
	struct buf v = { 0 };
	bool ascii = text_is_ascii(address);
	buf_addf(&v, "%.*s; ", SLICE_ARG(ascii ? type : SLICE("utf-8")));
	while (address.n) {
		int32_t code = text_utf8_next(&address);
		if (code >= 0 && code < 0x80)
			buf_addc(&v, (char)code);
		else
			buf_addf(&v, "\\x{%X}", code < 0 ? 0xfffdu : (unsigned)code);
	}
	field_write(out, name, buf_slice(&v));
	buf_free(&v);
}

static void report_fields(struct buf *out, const struct dsn_report *r, const struct dsn_recipient *v, size_t n) {
	struct buf b = { 0 };
	if (r->envelope_id.n)
		field_write(out, "Original-Envelope-Id", r->envelope_id);
	buf_addf(&b, "dns; %.*s", SLICE_ARG(r->domain));
	field_write(out, "Reporting-MTA", buf_slice(&b));
	buf_reset(&b);
	date_write(&b, r->arrival);
	field_write(out, "Arrival-Date", buf_slice(&b));
	buf_free(&b);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, "\r\n");
		if (v[i].original.n)
			report_address(out, "Original-Recipient", v[i].original_type, v[i].original);
		report_address(out, "Final-Recipient", SLICE("rfc822"), v[i].address);
		buf_adds(out, "Action: delivered\r\nStatus: 2.1.5\r\n");
	}
}

static bool report_header_clean(struct slice header) {
	struct slice rest = header, line;
	while (slice_line(&rest, &line))
		if (line.n > LINE_MAX_OCTETS)
			return false;
	return header.n && header.n <= HEADER_MAX && text_is_ascii(header) && field_raw_clean(header);
}

static void report_head(struct buf *out, const struct dsn_report *r, struct slice boundary) {
	struct buf b = { 0 };
	buf_addf(&b, "Mail delivery <postmaster@%.*s>", SLICE_ARG(r->domain));
	field_write(out, "From", buf_slice(&b));
	buf_reset(&b);
	buf_addf(&b, "<%.*s>", SLICE_ARG(r->to));
	field_write(out, "To", buf_slice(&b));
	field_write(out, "Subject", SLICE("Your mail was delivered"));
	buf_reset(&b);
	date_write(&b, r->arrival);
	field_write(out, "Date", buf_slice(&b));
	buf_reset(&b);
	msgid_new(&b, r->domain);
	field_write(out, "Message-ID", buf_slice(&b));
	buf_free(&b);
	field_write(out, "Auto-Submitted", SLICE("auto-replied"));
	field_write(out, "MIME-Version", SLICE("1.0"));
	buf_addf(out, "Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"%.*s\"\r\n",
		SLICE_ARG(boundary));
}

void dsn_report(struct buf *out, const struct dsn_report *r, const struct dsn_recipient *v, size_t n) {
	struct buf boundary = { 0 };
	struct slice line;
	buf_adds(&boundary, "report-");
	rnd_add_id(&boundary);
	line = buf_slice(&boundary);
	report_head(out, r, line);
	buf_addf(out,
		"\r\n--%.*s\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\nYour mail was delivered, as you asked to be told. What happens to it there,\r\n"
		"its readers decide.\r\n\r\n--%.*s\r\nContent-Type: message/delivery-status\r\n\r\n",
		SLICE_ARG(line), SLICE_ARG(line));
	report_fields(out, r, v, n);
	if (report_header_clean(r->header)) {
		buf_addf(out, "\r\n--%.*s\r\nContent-Type: text/rfc822-headers\r\n\r\n", SLICE_ARG(line));
		buf_add_slice(out, r->header);
	}
	buf_addf(out, "\r\n--%.*s--\r\n", SLICE_ARG(line));
	buf_free(&boundary);
}
