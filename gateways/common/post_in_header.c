/* post_in_header.c - from the typed header to the public one, with a record of every edit.
 *
 * `removed` is: version u8 (1), shape u8; with POST_IN_BODY_ASIDE the octets of the body as it came (varint) and its
 * segment (varint length); then edits in order of place: varint offset into the public header without
 * From, varint octets there that are ours, varint length and the typed octets that stood there instead. Applying them
 * to the stored header gives the arrival back byte for byte. */
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "gateways/common/cancel_lock.h"
#include "gateways/common/post_in_private.h"

static const char *const known_names[KNOWN_COUNT] = { "from", "message-id", "date", "subject", "references",
	"in-reply-to", "newsgroups", "path", "mime-version", "content-type" };

/* Never shown, whatever the door: traces that only the daemon may write, private addresses, secrets. A final '*' is any
 * ending. */
static const char *const aside_always[] = { "apparently-to", "approved", "arc-*", "authentication-results", "bcc",
	"cancel-key", "control", "date-received", "delivered-to", "disposition-notification-to", "dkim-*", "domainkey-*",
	"envelope-to", "errors-to", "forum-*", "injection-*", "lines", "nntp-posting-*", "posting-version", "received",
	"received-spf", "relay-version", "resent-*", "return-path", "return-receipt-to", "sender", "status", "x-auth*",
	"x-complaints-to", "x-confirm-reading-to", "x-envelope-*", "x-forwarded-*", "x-google-*", "x-gm-*", "x-keywords",
	"x-original*", "x-received", "x-sender", "x-spam*", "x-status", "x-trace", "x-uid", "x-uidl", "xref", NULL };
/* where answers are wanted; not at an address that the author line hides */
static const char *const aside_if_own[] = { "reply-to", "mail-reply-to", "mail-followup-to", "mail-copies-to",
	"x-reply-to", NULL };
/* mean something in news only */
static const char *const aside_unless_news[] = { "also-control", "newsgroups", "path", "supersedes", "distribution",
	NULL };

#define CANCEL_FIELDS 8          /* of one name that are looked at */

static bool header_listed(const char *const *v, struct slice name) {
	char first = name.n ? text_lower(*name.p) : 0;
	for (; *v; v++) {
		if (**v != first)
			continue;
		struct slice want = slice_str(*v);
		if (want.p[want.n - 1] == '*' ? slice_starts_nocase(name, slice_to(want, want.n - 1))
									  : slice_eq_nocase(name, want))
			return true;
	}
	return false;
}

static int header_known(struct slice name) {
	char first = name.n ? text_lower(*name.p) : 0;
	for (int i = 0; i < KNOWN_COUNT; i++)
		if (*known_names[i] == first && slice_is_nocase(name, known_names[i]))
			return i;
	return -1;
}

static bool header_lines_too_long(struct slice raw) {
	struct slice line;
	while (slice_line(&raw, &line))
		if (line.n > POST_IN_LINE_MAX)
			return true;
	return false;
}

int post_in_survey(struct post_in_work *w) {
	struct slice rest = w->header;
	struct field f;
	bool strict = !w->in->import;
	if (strict && w->header.n > POST_IN_HEADER_MAX)
		return fail_set(w->f, ERR_TOOBIG, "the header is longer than %u octets", POST_IN_HEADER_MAX);
	for (unsigned n = 1; field_next(&rest, &f); n++) {
		if (strict && n > POST_IN_FIELDS_MAX)
			return fail_set(w->f, ERR_INVALID, "the header has more than %d fields", POST_IN_FIELDS_MAX);
		if (strict && header_lines_too_long(f.raw))
			return fail_set(w->f, ERR_INVALID, "header field %u has a line longer than %d octets", n, POST_IN_LINE_MAX);
		if (strict && w->in->source != POST_FROM_MAIL && (!f.name.n || f.name.p[0] == '.'))
			return fail_set(w->f, ERR_INVALID, "header line %u is no header field", n);
		int k = header_known(f.name);
		if (k >= 0 && w->known[k].n++ == 0)
			w->known[k].f = f;
	}
	static const enum post_in_known once[] = { KNOWN_FROM, KNOWN_MESSAGE_ID, KNOWN_DATE, KNOWN_SUBJECT,
		KNOWN_NEWSGROUPS };
	for (size_t i = 0; strict && i < sizeof once / sizeof *once; i++)
		if (w->known[once[i]].n > 1 && (once[i] == KNOWN_FROM || w->in->source != POST_FROM_MAIL))
			return fail_set(w->f, ERR_INVALID, "the message has more than one %.*s",
				SLICE_ARG(w->known[once[i]].f.name));
	return 1;
}

/* octets of ours at the end of pub in place of the typed ones */
static void header_edit(struct post_in_work *w, struct slice ours, struct slice typed) {
	num_add_varint(&w->removed, buf_len(&w->pub));
	num_add_varint(&w->removed, ours.n);
	num_add_bytes(&w->removed, typed);
	buf_add_slice(&w->pub, ours);
}

static void header_put(struct post_in_work *w, const char *name, struct slice value, struct slice typed) {
	struct buf line = { 0 };
	field_write(&line, name, value);
	header_edit(w, buf_slice(&line), typed);
	buf_free(&line);
}

/* A Reply-To that names the member would show an address that the author line hides. */
static bool header_names_member(struct post_in_work *w, struct slice value) {
	struct address_list list;
	struct buf key = { 0 };
	bool found = false;
	address_parse(w->a, value, &list);
	for (size_t i = 0; i < list.n && !found; i++) {
		buf_reset(&key);
		address_key(&key, list.v[i].local, list.v[i].domain);
		for (size_t k = 0; k < w->member.naddresses && !found; k++)
			found = slice_eq(buf_slice(&key), w->member.addresses[k]);
	}
	buf_free(&key);
	return found;
}

static bool header_aside(struct post_in_work *w, const struct field *f) {
	if (w->new_content.n && slice_starts_nocase(f->name, SLICE("content-")))
		return true;
	/* what another forumd says of the state is not for us to repeat */
	if (w->in->source == POST_FROM_FEED && slice_starts_nocase(f->name, SLICE("forum-")))
		return true;
	if (w->in->import)
		return slice_is_nocase(f->name, "xref") || (!f->name.n && text_space(f->raw.p[0]));
	if (w->in->source == POST_FROM_NNTP && (slice_is_nocase(f->name, "injection-date") || !slice_trim(f->value).n))
		return !slice_trim(f->value).n;
	if (!f->name.n || f->name.p[0] == '.' || header_listed(aside_always, f->name))
		return true;
	/* put behind ours, header_cancel() */
	if (slice_is_nocase(f->name, "cancel-lock"))
		return true;
	if (w->in->source == POST_FROM_MAIL && !slice_trim(f->value).n)
		return true;
	if (w->in->source != POST_FROM_NNTP && header_listed(aside_unless_news, f->name))
		return true;
	return w->member.id && header_listed(aside_if_own, f->name) && header_names_member(w, f->value);
}

/* the value that replaces a known field; empty: it stays */
static struct slice header_replacement(struct post_in_work *w, int known) {
	switch (known) {
	case KNOWN_MESSAGE_ID: return w->new_message_id;
	case KNOWN_DATE: return w->new_date;
	case KNOWN_PATH: return w->new_path;
	case KNOWN_NEWSGROUPS: return w->new_newsgroups;
	default: return slice_of("", 0);
	}
}

static const char *header_replaced_name(int known) {
	switch (known) {
	case KNOWN_MESSAGE_ID: return "Message-ID";
	case KNOWN_DATE: return "Date";
	case KNOWN_NEWSGROUPS: return "Newsgroups";
	default: return "Path";
	}
}

/* Mail may say "X-Name:value", or begin the value on the next line; news has a colon, a space and then some of the value
 * (RFC 5536 2.2), and other servers drop what has not. */
static void header_keep(struct post_in_work *w, const struct field *f) {
	struct slice value = f->value;
	while (value.n && (text_space(value.p[0]) || value.p[0] == '\r' || value.p[0] == '\n'))
		value = slice_from(value, 1);
	value.n = (size_t)(f->raw.p + f->raw.n - value.p);        /* its line end, too */
	struct slice typed = slice_sub(f->raw, f->name.n, f->raw.n - f->name.n - value.n);
	ptrdiff_t line = slice_chr(value, '\n');
	bool fit = f->name.n + 2 + (line < 0 ? value.n : (size_t)line) <= POST_IN_LINE_MAX;
	if (w->in->source != POST_FROM_MAIL || !fit || (slice_starts(typed, SLICE(": ")) && slice_chr(typed, '\n') < 0)) {
		buf_add_slice(&w->pub, f->raw);
		return;
	}
	buf_add_slice(&w->pub, f->name);
	header_edit(w, SLICE(": "), typed);
	buf_add_slice(&w->pub, value);
}

static void header_field(struct post_in_work *w, const struct field *f, unsigned *seen) {
	int k = header_known(f->name);
	bool first = k >= 0 && seen[k]++ == 0;
	struct slice instead = k >= 0 && first ? header_replacement(w, k) : slice_of("", 0);
	if (k == KNOWN_FROM) {
		if (first)
			w->d->from_off = (uint32_t)buf_len(&w->pub);
		header_edit(w, slice_of("", 0), f->raw);
	} else if (instead.n) {
		header_put(w, header_replaced_name(k), instead, f->raw);
	} else if (header_aside(w, f) || (k == KNOWN_SUBJECT && w->new_subject)) {
		header_edit(w, slice_of("", 0), f->raw);
	} else {
		header_keep(w, f);
		if (slice_is_nocase(f->name, "reply-to"))
			w->d->flags |= POST_HAS_REPLY_TO;
	}
}

/* RFC 5537 3.5 steps 10 and 11: with both Message-ID and Date it may be posted at several servers, and stays the same
 * article */
static void header_injection(struct post_in_work *w) {
	struct buf b = { 0 };
	if (!w->injection_dated && !(w->known[KNOWN_MESSAGE_ID].n && w->known[KNOWN_DATE].n)) {
		w->first_injected.n ? buf_add_slice(&b, w->first_injected) : date_write(&b, w->now);
		header_put(w, "Injection-Date", buf_slice(&b), slice_of("", 0));
	}
	buf_reset(&b);
	buf_add_slice(&b, w->in->path_host);
	if (w->member.id)
		buf_addf(&b, "; posting-account=\"author-%u\"", w->member.id);
	if (w->in->session_hint)
		buf_addf(&b, "; logging-data=\"%llx\"", (unsigned long long)w->in->session_hint);
	buf_addf(&b, "; mail-complaints-to=\"abuse@%s\"", forum_domain(forum_of(w->t)));
	header_put(w, "Injection-Info", buf_slice(&b), slice_of("", 0));
	buf_free(&b);
}

/* what the member wrote, then a blank and ours: a key of either opens the lock, and the other server may know either */
static void header_join(struct post_in_work *w, const char *name, struct buf *ours) {
	struct buf b = { 0 };
	struct field f;
	for (unsigned i = 0; i < CANCEL_FIELDS && field_find(w->header, name, i, &f); i++) {
		field_unfold(f.value, &b);
		buf_addc(&b, ' ');
	}
	buf_add_slice(&b, buf_slice(ours));
	struct slice v = slice_trim(buf_slice(&b));
	if (v.n)
		header_put(w, strcmp(name, "cancel-lock") == 0 ? "Cancel-Lock" : "Cancel-Key", v, slice_of("", 0));
	buf_free(&b);
}

/* RFC 8315 3.1 and 3.4: whoever is logged in as the author, or the daemon for him, can withdraw the post where it went;
 * and what supersedes a post of ours says so to other servers with its key. The gateway has looked whether he may. */
static void header_cancel(struct post_in_work *w) {
	struct buf b = { 0 }, id = { 0 };
	struct post old;
	if (w->in->import)
		return;
	/* of who has no account the daemon has a key, too: what a moderator deletes here goes elsewhere */
	cancel_lock_make(w->t, w->d->author, w->d->message_id, &b);
	header_join(w, "cancel-lock", &b);
	if (w->member.id)
		buf_add_slice(&id, w->in->supersedes);
	if (buf_len(&id) || (w->member.id && w->in->source == POST_FROM_NNTP && field_get(w->header, "supersedes", &id))) {
		buf_reset(&b);
		if (post_by_msgid(w->t, slice_trim(buf_slice(&id)), &old) > 0 && old.author && old.source != POST_FROM_FEED &&
			old.source != POST_FROM_IMPORT)
			cancel_lock_key(w->t, old.author, old.message_id, &b);
		header_join(w, "cancel-key", &b);
	}
	buf_free(&b);
	buf_free(&id);
}

static void header_supply(struct post_in_work *w, const unsigned *seen) {
	struct slice none = slice_of("", 0);
	if (w->new_subject)
		header_put(w, "Subject", SLICE("(no subject)"), none);
	if (w->new_date.n && !seen[KNOWN_DATE])
		header_put(w, "Date", w->new_date, none);
	if (w->new_message_id.n && !seen[KNOWN_MESSAGE_ID])
		header_put(w, "Message-ID", w->new_message_id, none);
	if (w->new_in_reply_to.n)
		header_put(w, "In-Reply-To", w->new_in_reply_to, none);
	if (w->new_references.n)
		header_put(w, "References", w->new_references, none);
	if (w->new_mime)
		header_put(w, "MIME-Version", SLICE("1.0"), none);
	if (w->new_content.n)
		header_edit(w, w->new_content, none);
	if (w->new_charset) {
		header_put(w, "Content-Type", SLICE("text/plain; charset=utf-8"), none);
		header_put(w, "Content-Transfer-Encoding", SLICE("8bit"), none);
	}
	header_cancel(w);
	if (w->in->supersedes.n)
		header_put(w, "Supersedes", w->in->supersedes, none);
	if (w->in->source == POST_FROM_NNTP && !w->in->import)
		header_injection(w);
}

void post_in_write_header(struct post_in_work *w) {
	unsigned seen[KNOWN_COUNT] = { 0 };
	struct slice rest = w->header;
	struct field f;
	buf_reset(&w->pub);
	buf_reset(&w->removed);
	buf_addc(&w->removed, 1);
	buf_addc(&w->removed, (char)w->shape);
	if (w->shape & POST_IN_BODY_ASIDE) {
		struct buf z = { 0 };
		segment_deflate(w->original, &z);
		num_add_varint(&w->removed, w->original.n);
		num_add_bytes(&w->removed, buf_slice(&z));
		buf_free(&z);
	}
	w->d->from_off = 0;
	if (w->new_path.n && !w->known[KNOWN_PATH].n)
		header_put(w, "Path", w->new_path, slice_of("", 0));
	while (field_next(&rest, &f))
		header_field(w, &f, seen);
	header_supply(w, seen);
	if (w->in->source == POST_FROM_NNTP || w->in->import) {
		if (w->known[KNOWN_NEWSGROUPS].n)
			w->d->flags |= POST_HAS_NEWSGROUPS;
		if (w->known[KNOWN_PATH].n || w->new_path.n)
			w->d->flags |= POST_HAS_PATH;
	}
}

/* the public header without the From line that post_header() spliced in */
static int original_header(struct forum_txn *t, const struct post *p, struct buf *out) {
	struct buf all = { 0 };
	int r = post_header(t, p, &all);
	struct slice h = buf_slice(&all);
	if (r >= 0 && h.n >= p->header_len && p->from_off <= p->header_len) {
		buf_add_slice(out, slice_to(h, p->from_off));
		buf_add_slice(out, slice_from(h, p->from_off + (h.n - p->header_len)));
	} else if (r >= 0) {
		r = ERR_CORRUPT;
	}
	buf_free(&all);
	return r < 0 ? r : 1;
}

static int original_apply(struct slice edits, struct slice pub, struct buf *out) {
	uint64_t off, ours;
	struct slice typed;
	size_t at = 0;
	while (edits.n) {
		if (!num_take_varint(&edits, &off) || !num_take_varint(&edits, &ours) || !num_take_bytes(&edits, &typed) ||
		    off < at || off > pub.n || ours > pub.n - off)
			return ERR_CORRUPT;
		buf_add_slice(out, slice_sub(pub, at, (size_t)off - at));
		buf_add_slice(out, typed);
		at = (size_t)(off + ours);
	}
	buf_add_slice(out, slice_from(pub, at));
	return 1;
}

int post_in_original(struct forum_txn *t, const struct post *p, struct buf *out) {
	struct buf removed = { 0 }, pub = { 0 };
	size_t before = buf_len(out);
	int r = post_removed(t, p, &removed);
	struct slice edits = buf_slice(&removed);
	unsigned shape = edits.n >= 2 ? (unsigned char)edits.p[1] : 0;
	struct slice z = slice_of("", 0);
	uint64_t octets = 0;
	edits = slice_from(edits, 2);
	if ((shape & POST_IN_BODY_ASIDE) &&
		(!num_take_varint(&edits, &octets) || !num_take_bytes(&edits, &z) || octets > UINT32_MAX))
		r = ERR_CORRUPT;
	if (r >= 0)
		r = original_header(t, p, &pub);
	if (r > 0)
		r = original_apply(edits, buf_slice(&pub), out);
	if (r > 0 && (shape & POST_IN_CUT_LINE) && buf_len(out) >= before + 2)
		buf_truncate(out, buf_len(out) - 2);
	if (r > 0 && !(shape & POST_IN_NO_BODY)) {
		buf_adds(out, "\r\n");
		r = shape & POST_IN_BODY_ASIDE ? segment_restore(z, (size_t)octets, out) : post_body(t, p, 0, p->body_len, out);
	}
	buf_free(&removed);
	buf_free(&pub);
	return r < 0 ? r : 1;
}
