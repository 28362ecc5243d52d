/* imap_text.c - ENVELOPE and BODYSTRUCTURE bytes. The structure is written by walking the part table up and down its
 * links, not by recursion. */
#include "forumd/mail/imap_text.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"

#define QUOTED_MAX 1000

void imap_text_string(struct buf *out, struct slice s) {
	bool quoted = s.n <= QUOTED_MAX;
	if (!s.p) {
		buf_adds(out, "NIL");
		return;
	}
	for (size_t i = 0; i < s.n && quoted; i++)
		quoted = s.p[i] >= ' ' && s.p[i] < 127;
	if (!quoted) {
		buf_addf(out, "{%zu}\r\n", s.n);
		char *to = buf_reserve(out, s.n);
		for (size_t i = 0; i < s.n; i++)      /* NUL may not stand in a literal (RFC 9051: CHAR8) */
			to[i] = s.p[i] ? s.p[i] : ' ';
		buf_commit(out, s.n);
		return;
	}
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s.p[i]);
	}
	buf_addc(out, '"');
}

/* NIL for an empty one as well */
static void imap_text_maybe(struct buf *out, struct slice s) {
	imap_text_string(out, s.n ? s : slice_of(NULL, 0));
}

void imap_text_addresses(struct buf *out, const struct address_list *list) {
	if (!list->n) {
		buf_adds(out, "NIL");
		return;
	}
	buf_addc(out, '(');
	for (size_t i = 0; i < list->n; i++) {
		const struct address *a = &list->v[i];
		if (a->kind == ADDRESS_GROUP_END) {
			buf_adds(out, "(NIL NIL NIL NIL)");
			continue;
		}
		if (a->kind == ADDRESS_GROUP_START) {
			buf_adds(out, "(NIL NIL ");
			imap_text_string(out, a->name_raw);
			buf_adds(out, " NIL)");
			continue;
		}
		buf_addc(out, '(');
		imap_text_maybe(out, a->name_raw);
		buf_addc(out, ' ');
		imap_text_maybe(out, a->route);
		buf_addc(out, ' ');
		imap_text_string(out, a->local);
		buf_addc(out, ' ');
		imap_text_string(out, a->domain);
		buf_addc(out, ')');
	}
	buf_addc(out, ')');
}

enum {
	ENV_DATE,
	ENV_SUBJECT,
	ENV_FROM,
	ENV_SENDER,
	ENV_REPLY_TO,
	ENV_TO,
	ENV_CC,
	ENV_BCC,
	ENV_IN_REPLY_TO,
	ENV_MESSAGE_ID,
	ENV_COUNT
};
static const char *const env_names[ENV_COUNT] = {
	"date", "subject", "from", "sender", "reply-to", "to", "cc", "bcc", "in-reply-to", "message-id"
};

static void env_text(struct buf *out, struct slice raw) {
	struct buf b = { 0 };
	if (raw.p)
		field_unfold(raw, &b);
	imap_text_string(out, raw.p ? buf_slice(&b) : raw);
	buf_free(&b);
}

static void env_addresses(struct arena *a, struct buf *out, struct slice raw) {
	struct address_list list = { 0 };
	if (raw.p)
		address_parse(a, raw, &list);
	imap_text_addresses(out, &list);
}

/* sender and reply-to: empty when absent, without address, or the same as from */
static void env_other(struct arena *a, struct buf *out, struct slice raw, const struct buf *from) {
	if (!raw.p)
		return;
	env_addresses(a, out, raw);
	if (slice_eq(buf_slice(out), buf_slice(from)) || slice_is(buf_slice(out), "NIL"))
		buf_reset(out);
}

void imap_text_envelope(struct arena *a, struct slice header, struct imap_text_envelope *e_r) {
	struct slice v[ENV_COUNT] = { 0 };
	struct field f;
	memset(e_r, 0, sizeof *e_r);
	while (field_next(&header, &f))
		for (int i = 0; f.name.n >= 2 && f.name.n <= 11 && i < ENV_COUNT; i++)
			if (text_lower(f.name.p[0]) == env_names[i][0] && !v[i].p && slice_is_nocase(f.name, env_names[i]))
				v[i] = f.value;
	env_text(&e_r->before, v[ENV_DATE]);
	buf_addc(&e_r->before, ' ');
	env_text(&e_r->before, v[ENV_SUBJECT]);
	env_addresses(a, &e_r->from, v[ENV_FROM]);
	env_other(a, &e_r->sender, v[ENV_SENDER], &e_r->from);
	env_other(a, &e_r->reply_to, v[ENV_REPLY_TO], &e_r->from);
	for (int i = ENV_TO; i <= ENV_BCC; i++) {
		env_addresses(a, &e_r->after, v[i]);
		buf_addc(&e_r->after, ' ');
	}
	env_text(&e_r->after, v[ENV_IN_REPLY_TO]);
	buf_addc(&e_r->after, ' ');
	env_text(&e_r->after, v[ENV_MESSAGE_ID]);
}

void imap_text_envelope_free(struct imap_text_envelope *e) {
	buf_free(&e->before);
	buf_free(&e->from);
	buf_free(&e->sender);
	buf_free(&e->reply_to);
	buf_free(&e->after);
}

static void text_param_name(struct buf *out, const struct mime_param *p) {
	struct buf star = { 0 };
	buf_addf(&star, "%.*s%s", SLICE_ARG(p->name), p->extended ? "*" : "");
	imap_text_string(out, buf_slice(&star));
	buf_free(&star);
}

static void text_params(struct buf *out, const struct mime_param *v, size_t n) {
	if (!n) {
		buf_adds(out, "NIL");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_addc(out, i ? ' ' : '(');
		text_param_name(out, &v[i]);
		buf_addc(out, ' ');
		imap_text_string(out, v[i].value);
	}
	buf_addc(out, ')');
}

/* "de, en" -> ("de" "en") */
static void text_language(struct buf *out, struct slice s) {
	struct slice tag;
	bool any = false;
	while (slice_split(&s, ',', &tag)) {
		tag = slice_trim(tag);
		if (!tag.n)
			continue;
		buf_addc(out, any ? ' ' : '(');
		imap_text_string(out, tag);
		any = true;
	}
	buf_adds(out, any ? ")" : "NIL");
}

/* disposition, language, location */
static void text_extensions(struct buf *out, const struct mime_part *p) {
	buf_addc(out, ' ');
	if (p->disposition.n) {
		buf_addc(out, '(');
		imap_text_string(out, p->disposition);
		buf_addc(out, ' ');
		text_params(out, p->disposition_params, p->ndisposition_params);
		buf_addc(out, ')');
	} else {
		buf_adds(out, "NIL");
	}
	buf_addc(out, ' ');
	text_language(out, p->language);
	buf_addc(out, ' ');
	imap_text_maybe(out, p->location);
}

static void text_envelope(struct buf *out, struct slice header) {
	struct arena *a = arena_new();
	struct imap_text_envelope e;
	imap_text_envelope(a, header, &e);
	const struct buf *from = &e.from;
	const struct buf *pieces[] = { &e.before, from, buf_len(&e.sender) ? &e.sender : from,
		buf_len(&e.reply_to) ? &e.reply_to : from, &e.after };
	for (size_t i = 0; i < 5; i++) {
		buf_addc(out, i ? ' ' : '(');
		buf_add_slice(out, buf_slice(pieces[i]));
	}
	buf_addc(out, ')');
	imap_text_envelope_free(&e);
	arena_free(&a);
}

/* Everything of a part before its children. A message that was not taken apart may not be called one: clients expect
 * an envelope behind that name. */
static void text_open(struct buf *out, const struct mime_part *p) {
	buf_addc(out, '(');
	if (p->kind == MIME_MULTIPART)
		return;
	bool closed = p->kind == MIME_LEAF && slice_is(p->type, "message") &&
		(slice_is(p->subtype, "rfc822") || slice_is(p->subtype, "global"));
	/* message/news has no form of its own in IMAP, message/global has (RFC 6855) */
	bool news = p->kind == MIME_MESSAGE && slice_is(p->subtype, "news");
	imap_text_string(out, closed ? SLICE("application") : p->type);
	buf_addc(out, ' ');
	imap_text_string(out, closed ? SLICE("octet-stream") : news ? SLICE("rfc822") : p->subtype);
	buf_addc(out, ' ');
	if (!p->nparams && slice_is(p->type, "text"))
		buf_adds(out, "(\"charset\" \"us-ascii\")");
	else
		text_params(out, p->params, p->nparams);
	buf_addc(out, ' ');
	imap_text_maybe(out, p->id);
	buf_addc(out, ' ');
	imap_text_maybe(out, p->description);
	buf_addc(out, ' ');
	imap_text_string(out, p->encoding_name);
	buf_addf(out, " %u", p->body_len);
	if (slice_is(p->type, "text"))
		buf_addf(out, " %u", p->lines);
	if (p->kind == MIME_MESSAGE) {
		buf_addc(out, ' ');
		text_envelope(out, p->header);
		buf_addc(out, ' ');
	}
}

static void text_close(struct buf *out, const struct mime_part *p, bool extensions) {
	if (p->kind == MIME_MULTIPART) {
		buf_addc(out, ' ');
		imap_text_string(out, p->subtype);
		if (extensions) {
			buf_addc(out, ' ');
			text_params(out, p->params, p->nparams);
		}
	} else {
		if (p->kind == MIME_MESSAGE)
			buf_addf(out, " %u", p->lines);
		if (extensions) {
			buf_addc(out, ' ');
			imap_text_maybe(out, p->md5);
		}
	}
	if (extensions)
		text_extensions(out, p);
	buf_addc(out, ')');
}

void imap_text_structure(const struct mime_table *t, struct slice body, bool extensions, struct buf *out) {
	int32_t i = 0;
	(void)body;
	while (i >= 0) {
		text_open(out, &t->v[i]);
		if (t->v[i].children) {
			i = (int32_t)t->v[i].first_child;
			continue;
		}
		for (;;) {
			text_close(out, &t->v[i], extensions);
			if (t->v[i].next) {
				i = (int32_t)t->v[i].next;
				break;
			}
			i = t->v[i].parent;
			if (i < 0)
				return;
		}
	}
}
