/* CAPABILITY NOOP CHECK LOGOUT ID ENABLE COMPRESS. */
#include "gateways/imap/imap_private.h"

enum step imap_cmd_capability(struct imap_session *is, struct slice *rest) {
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* ");
	imap_add_capabilities(is, out);
	buf_adds(out, "\r\n");
	return imap_ok(is, "CAPABILITY completed");
}

enum step imap_cmd_noop(struct imap_session *is, struct slice *rest) {
	return imap_take_end(rest) ? imap_ok(is, "NOOP completed") : imap_bad_arguments(is);
}

enum step imap_cmd_check(struct imap_session *is, struct slice *rest) {
	return imap_take_end(rest) ? imap_ok(is, "CHECK completed") : imap_bad_arguments(is);
}

enum step imap_cmd_logout(struct imap_session *is, struct slice *rest) {
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	imap_bye(is, "until next time");
	imap_ok(is, "LOGOUT completed");
	return STEP_CLOSE;
}

/* RFC 2971: NIL or a list of at most 30 pairs, keys 30 and values 1,024 octets */
static bool take_id(struct imap_session *is, struct slice *rest) {
	struct slice s;
	if (!imap_take_space(rest))
		return false;
	if (!imap_take_char(rest, '('))
		return imap_take_nstring(rest, is->s.command, &s) && !s.p;
	for (unsigned n = 0; !imap_at(rest, ')'); n++) {
		if (n == 30 || (n && !imap_take_space(rest)) || !imap_take_string(rest, is->s.command, &s) || s.n > 30 ||
		    !imap_take_space(rest) || !imap_take_nstring(rest, is->s.command, &s) || s.n > 1024)
			return false;
	}
	return imap_take_char(rest, ')');
}

enum step imap_cmd_id(struct imap_session *is, struct slice *rest) {
	if (!take_id(is, rest) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	buf_adds(session_out(&is->s), "* ID (\"name\" \"forumd\")\r\n");
	return imap_ok(is, "ID completed");
}

enum { ENABLE_CONDSTORE = 1, ENABLE_QRESYNC = 2, ENABLE_REV2 = 4, ENABLE_UTF8 = 8 };
static const struct { const char *name; unsigned bit, bits; } enable_names[] = {
	{ "CONDSTORE", ENABLE_CONDSTORE, ENABLE_CONDSTORE },
	{ "QRESYNC", ENABLE_QRESYNC, ENABLE_CONDSTORE | ENABLE_QRESYNC },
	{ "IMAP4rev2", ENABLE_REV2, ENABLE_REV2 },
	{ "UTF8=ACCEPT", ENABLE_UTF8, ENABLE_UTF8 },
};
#define ENABLE_NAMES (sizeof enable_names / sizeof *enable_names)

/* Unknown names are ignored (RFC 5161); the answer names what this command enabled. */
enum step imap_cmd_enable(struct imap_session *is, struct slice *rest) {
	struct slice name;
	unsigned want = 0, have = (is->condstore ? ENABLE_CONDSTORE : 0u) | (is->qresync ? ENABLE_QRESYNC : 0u) |
		(is->rev2 ? ENABLE_REV2 : 0u) | (is->utf8_accept ? ENABLE_UTF8 : 0u);
	do {
		if (!imap_take_space(rest) || !imap_take_atom(rest, &name))
			return imap_bad_arguments(is);
		for (size_t i = 0; i < ENABLE_NAMES; i++)
			if (slice_is_nocase(name, enable_names[i].name))
				want |= enable_names[i].bits;
	} while (!imap_take_end(rest));
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* ENABLED");
	for (size_t i = 0; i < ENABLE_NAMES; i++)
		if (want & ~have & enable_names[i].bit)
			buf_addf(out, " %s", enable_names[i].name);
	buf_adds(out, "\r\n");
	is->rev2 |= (want & ENABLE_REV2) != 0;
	is->utf8_accept |= (want & ENABLE_UTF8) != 0;
	is->qresync |= (want & ENABLE_QRESYNC) != 0;
	if (want & ENABLE_CONDSTORE)
		imap_condstore_on(is);
	return imap_ok(is, "ENABLE completed");
}

enum step imap_cmd_compress(struct imap_session *is, struct slice *rest) {
	struct slice name;
	if (!imap_take_space(rest) || !imap_take_atom(rest, &name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (!slice_is_nocase(name, "DEFLATE"))
		return imap_bad(is, "DEFLATE is the only compression");
	if (conn_is_deflate(is->s.conn))
		return imap_no(is, "COMPRESSIONACTIVE", "DEFLATE is active already");
	enum step r = imap_ok(is, "DEFLATE active");
	conn_start_deflate(is->s.conn);
	return r;
}
