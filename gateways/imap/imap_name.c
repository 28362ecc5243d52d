/* Names of mailboxes on the wire (RFC 9051 5.1, A.1; RFC 3501 5.1.3; RFC 6855 3). Groups' names are ASCII and the
 * same in all forms; members' own folders may be anything. */
#include <string.h>
#include "forumd/base/text.h"
#include "gateways/imap/imap_private.h"

#define NAME_MAX_TYPED 1000u

static bool eight_bit(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 128)
			return true;
	return false;
}

bool imap_name_decode(struct imap_session *is, struct slice raw, struct buf *out) {
	if (!imap_speaks_utf8(is) && !eight_bit(raw))
		return imap_utf7_decode(raw, out);
	for (size_t i = 0; i < raw.n; i++)
		if (text_control(raw.p[i]))
			return false;
	buf_add_slice(out, raw);
	return text_utf8_valid(raw);
}

bool imap_take_mailbox_typed(struct imap_session *is, struct slice *in, struct slice *name_r, struct slice *typed_r) {
	struct slice raw;
	struct buf typed = {0}, name = {0};
	bool good = imap_take_astring(in, is->s.command, &raw) && raw.n <= NAME_MAX_TYPED &&
		imap_name_decode(is, raw, &typed);
	*typed_r = slice_of("", 0);
	if (good) {
		struct slice as = buf_slice(&typed);
		if (slice_is_nocase(as, "INBOX"))
			buf_adds(&name, "INBOX");
		else
			text_nfc(as, &name);
		/* what is below INBOX stands below INBOX */
		if (slice_starts_nocase(buf_slice(&name), SLICE("INBOX.")))
			memcpy(buf_bytes(&name), "INBOX", 5);
		*name_r = arena_slice(is->s.command, buf_slice(&name));
		if (!slice_eq(as, *name_r))
			*typed_r = arena_slice(is->s.command, as);
	}
	buf_free(&typed);
	buf_free(&name);
	return good;
}

bool imap_take_mailbox(struct imap_session *is, struct slice *in, struct slice *name_r) {
	struct slice typed;
	return imap_take_mailbox_typed(is, in, name_r, &typed);
}

void imap_add_mailbox(struct imap_session *is, struct buf *out, struct slice name) {
	struct buf b = {0};
	if (!imap_speaks_utf8(is)) {
		imap_utf7_encode(name, &b);
		name = buf_slice(&b);
	}
	bool atom = name.n > 0 && !slice_is_nocase(name, "NIL");
	for (size_t i = 0; i < name.n && atom; i++)
		atom = imap_astring_char(name.p[i]);
	if (!atom)
		buf_addc(out, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"' || name.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, name.p[i]);
	}
	if (!atom)
		buf_addc(out, '"');
	buf_free(&b);
}
