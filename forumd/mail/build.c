/* build.c - outgoing messages. All header fields go through field_write or are copied only after a check that they are
 * clean lines; header text that is not ASCII is encoded (RFC 2047), for nobody knows whether the next hop speaks
 * SMTPUTF8. libetpan's writer makes the MIME part of notices; it never sees a header value, and the quoted-printable
 * text is written here, because libetpan 1.9.4 doubles a blank at the end of a line. */
#include "forumd/mail/build.h"
#include <libetpan/libetpan.h>
#include "forumd/base/arena.h"
#include "forumd/base/fail.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/words.h"


/* Fields of a post that do not go into its copies: trace and signatures that no longer hold, what belongs to netnews,
 * requests that would be answered to the wrong place, and what the copy says anew. A trailing '*' is a prefix. */
static const char *const copy_dropped[] = {
	"from",
	"author",
	"to",
	"cc",
	"bcc",
	"sender",
	"reply-to",
	"mail-reply-to",
	"mail-followup-to",
	"return-path",
	"received",
	"received-spf",
	"delivered-to",
	"x-original-to",
	"envelope-to",
	"apparently-to",
	"dkim-signature",
	"domainkey-signature",
	"arc-*",
	"authentication-results",
	"x-google-dkim-signature",
	"list-*",
	"archived-at",
	"precedence",
	"x-loop",
	"forum-*",
	"xref",
	"path",
	"newsgroups",
	"followup-to",
	"distribution",
	"approved",
	"control",
	"supersedes",
	"cancel-lock",
	"cancel-key",
	"also-control",
	"nntp-posting-*",
	"injection-*",
	"lines",
	"bytes",
	"message-id",
	"in-reply-to",
	"references",
	"thread-index",
	"thread-topic",
	"errors-to",
	"return-receipt-to",
	"disposition-notification-to",
	"resent-*",
	"x-mailing-list",
	"x-authentication-*",
	"x-envelope-*",
	"content-length",
	"status",
	"x-status",
	"x-uid",
	"x-keywords",
};

static bool copy_drops(struct slice name) {
	for (size_t i = 0; i < sizeof copy_dropped / sizeof *copy_dropped; i++) {
		struct slice d = slice_str(copy_dropped[i]);
		if (d.p[d.n - 1] == '*' ? slice_starts_nocase(name, slice_to(d, d.n - 1)) : slice_eq_nocase(name, d))
			return true;
	}
	return false;
}

static void copy_field(struct buf *out, const struct field *f) {
	char name[80];
	struct buf v = { 0 };
	if (!f->name.n || copy_drops(f->name) || !slice_cstr(f->name, name, sizeof name))
		return;
	if (text_is_ascii(f->raw) && field_raw_clean(f->raw)) {
		buf_add_slice(out, f->raw);
		return;
	}
	field_unfold(f->value, &v);
	if (!text_is_ascii(buf_slice(&v))) {
		struct buf text = { 0 };
		words_decode(buf_slice(&v), &text);
		buf_reset(&v);
		words_encode(buf_slice(&text), &v);
		buf_free(&text);
	}
	field_write(out, name, buf_slice(&v));
	buf_free(&v);
}

/* "Name <address>" as a field */
static void build_address(struct buf *out, const char *field, struct slice name, struct slice local,
	struct slice domain) {
	struct buf v = { 0 };
	address_write(&v, name, local, domain);
	field_write(out, field, buf_slice(&v));
	buf_free(&v);
}

static void copy_author(struct buf *out, const struct build_copy *c) {
	struct buf name = { 0 };
	struct slice group = c->list.title.n ? c->list.title : c->list.group;
	buf_add_slice(&name, c->author_name);
	buf_adds(&name, c->author_name.n ? " via " : "via ");
	buf_add_slice(&name, group);
	build_address(out, "From", buf_slice(&name), c->list.group, c->list.domain);
	ptrdiff_t at = slice_rchr(c->author_address, '@');
	if (at > 0)
		build_address(out, "Author", c->author_name, slice_to(c->author_address, (size_t)at),
			slice_from(c->author_address, (size_t)at + 1));
	if (at > 0 && c->author_answers)
		build_address(out, "Mail-Reply-To", c->author_name, slice_to(c->author_address, (size_t)at),
			slice_from(c->author_address, (size_t)at + 1));
	build_address(out, "To", c->list.title, c->list.group, c->list.domain);
	buf_free(&name);
}

/* Cc of the post without addresses of our own: they may be reply addresses of one member (a token must not spread). */
static void copy_cc(struct buf *out, const struct build_copy *c) {
	struct field f;
	struct address_list list;
	struct buf v = { 0 };
	if (!field_find(c->header, "cc", 0, &f))
		return;
	struct arena *a = arena_new();
	address_parse(a, f.value, &list);
	for (size_t i = 0; i < list.n; i++) {
		if (list.v[i].kind != ADDRESS_MAILBOX || slice_eq_nocase(list.v[i].domain, c->list.domain))
			continue;
		if (!text_is_ascii(list.v[i].local) || !text_is_ascii(list.v[i].domain))
			continue;
		if (buf_len(&v))
			buf_adds(&v, ", ");
		address_write(&v, list.v[i].name, list.v[i].local, list.v[i].domain);
	}
	if (buf_len(&v))
		field_write(out, "Cc", buf_slice(&v));
	arena_free(&a);
	buf_free(&v);
}

/* every line end becomes CRLF */
static void copy_body(struct buf *out, struct slice s) {
	while (s.n) {
		size_t n = 0;
		while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
			n++;
		buf_add_slice(out, slice_to(s, n));
		if (n == s.n)
			break;
		buf_adds(out, "\r\n");
		n += s.p[n] == '\r' && n + 1 < s.n && s.p[n + 1] == '\n' ? 2 : 1;
		s = slice_from(s, n);
	}
	if (buf_len(out) < 2 || buf_bytes(out)[buf_len(out) - 1] != '\n')
		buf_adds(out, "\r\n");
}

static void build_maybe(struct buf *out, const char *field, struct slice value) {
	if (value.n)
		field_write(out, field, value);
}

static void copy_outlook(struct buf *out, const struct build_copy *c) {
	struct buf topic = { 0 };
	if (!c->thread_index.n)
		return;
	words_encode(c->thread_topic, &topic);
	build_maybe(out, "Thread-Topic", buf_slice(&topic));
	field_write(out, "Thread-Index", c->thread_index);
	buf_free(&topic);
}

void build_list_copy(struct buf *out, const struct build_copy *c, size_t *reply_to_offset_r) {
	struct slice rest = c->header;
	struct field f;
	struct buf id = { 0 };
	copy_author(out, c);
	*reply_to_offset_r = buf_len(out);
	copy_cc(out, c);
	build_maybe(out, "Message-ID", c->message_id);
	build_maybe(out, "In-Reply-To", c->in_reply_to);
	build_maybe(out, "References", c->references);
	copy_outlook(out, c);
	while (field_next(&rest, &f))
		copy_field(out, &f);
	build_list_fields(out, &c->list);
	field_write(out, "Forum-Loop", c->list.domain);
	buf_addu(&id, c->post_id);
	field_write(out, "Forum-Post", buf_slice(&id));
	buf_adds(out, "\r\n");
	copy_body(out, c->body);
	buf_free(&id);
}

/* Text with LF or CRLF line ends as quoted-printable in lines of at most 76 octets. "From " and a dot at the start of
 * a line are encoded too, for mailboxes and careless relays. */
void build_qp(struct slice text, struct buf *out) {
	struct slice line;
	while (slice_line(&text, &line)) {
		size_t col = 0;
		for (size_t i = 0; i < line.n; i++) {
			char c = line.p[i];
			bool last = i + 1 == line.n;
			bool plain = c >= '!' && c < 127 && c != '=';
			plain = plain || (text_space(c) && !last);
			plain = plain && !(i == 0 && (c == '.' || slice_starts(line, SLICE("From "))));
			if (col + (plain ? 1 : 3) > (last ? 76 : 75)) {
				buf_adds(out, "=\r\n");
				col = 0;
			}
			if (plain)
				buf_addc(out, c);
			else
				buf_addf(out, "=%02X", (unsigned char)c);
			col += plain ? 1 : 3;
		}
		buf_adds(out, "\r\n");
	}
}

/* MIME-Version, Content-Type, Content-Transfer-Encoding, empty line, quoted-printable text: libetpan's writer */
static int notice_part(struct buf *out, struct slice text) {
	struct buf encoded = { 0 };
	struct mailmime_data *data;
	int rc = ERR_INTERNAL, col = 0;
	struct mailmime_fields *fields = mailmime_fields_new_encoding(MAILMIME_MECHANISM_QUOTED_PRINTABLE);
	struct mailmime_content *type = mailmime_content_new_with_str("text/plain");
	struct mailmime_parameter *charset = mailmime_param_new_with_data((char[]){ "charset" }, (char[]){ "utf-8" });
	struct mailmime *part = NULL, *message = NULL;
	MMAPString *s = mmap_string_new("");
	build_qp(text, &encoded);
	if (fields && type && charset && s && clist_append(type->ct_parameters, charset) == 0)
		part = mailmime_new_empty(type, fields);
	/* the MIME fields are only written for a part inside a message; the message has no fields of its own here. The text
	 * is only borrowed. */
	data = mailmime_data_new(MAILMIME_DATA_TEXT, MAILMIME_MECHANISM_QUOTED_PRINTABLE, 1, buf_slice(&encoded).p,
		buf_len(&encoded), NULL);
	if (part && data) {
		part->mm_body = part->mm_data.mm_single = data;
		message = mailmime_new_message_data(part);
	}
	if (message) {
		mailmime_set_imf_fields(message, mailimf_fields_new_empty());
		if (mailmime_write_mem(s, &col, message) == MAILIMF_NO_ERROR) {
			buf_add(out, s->str, s->len);
			rc = 1;
		}
	}
	if (message)
		mailmime_free(message);
	else if (part)
		mailmime_free(part);
	if (s)
		mmap_string_free(s);
	buf_free(&encoded);
	return rc;
}

int build_notice(struct buf *out, const struct build_notice *n) {
	struct buf v = { 0 };
	size_t start = buf_len(out);
	ptrdiff_t at = slice_rchr(n->from, '@');
	if (at <= 0 || !n->to.n)
		return ERR_INVALID;
	build_address(out, "From", n->from_name, slice_to(n->from, (size_t)at), slice_from(n->from, (size_t)at + 1));
	field_write(out, "To", n->to);
	build_maybe(out, "Reply-To", n->reply_to);
	words_encode(n->subject, &v);
	field_write(out, "Subject", buf_slice(&v));
	buf_reset(&v);
	date_write(&v, n->date);
	field_write(out, "Date", buf_slice(&v));
	build_maybe(out, "Message-ID", n->message_id);
	build_maybe(out, "In-Reply-To", n->in_reply_to);
	build_maybe(out, "References", n->references);
	field_write(out, "Auto-Submitted", n->in_reply_to.n ? SLICE("auto-replied") : SLICE("auto-generated"));
	field_write(out, "X-Auto-Response-Suppress", SLICE("All"));
	field_write(out, "Precedence", SLICE("bulk"));
	buf_free(&v);
	int rc = notice_part(out, n->text);
	if (rc < 0)
		buf_truncate(out, start);
	return rc;
}
