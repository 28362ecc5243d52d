/* msgid.c - Message-IDs octet for octet. */
#include "forumd/mail/msgid.h"
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"

#define REFERENCES_KEEP 20

/* <...> without white space, controls, 8-bit or further brackets, and not too long */
static bool msgid_shape(struct slice id) {
	if (id.n < 3 || id.n > MSGID_MAX || id.p[0] != '<' || id.p[id.n - 1] != '>')
		return false;
	for (size_t i = 1; i + 1 < id.n; i++)
		if (id.p[i] <= ' ' || id.p[i] >= 127 || id.p[i] == '<' || id.p[i] == '>')
			return false;
	return true;
}

bool msgid_valid(struct slice id) {
	if (!msgid_shape(id))
		return false;
	ptrdiff_t at = slice_rchr(id, '@');
	return at > 1 && (size_t)at + 2 < id.n;
}

/* dot-atom-text of RFC 5322 */
static bool msgid_dot_atom(struct slice s) {
	bool dot = true;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' ? dot : !text_alpha(s.p[i]) && !text_digit(s.p[i]) && !strchr("!#$%&'*+-/=?^_`{|}~", s.p[i]))
			return false;
		dot = s.p[i] == '.';
	}
	return !dot;
}

bool msgid_strict(struct slice id) {
	ptrdiff_t at = slice_chr(id, '@');
	if (!msgid_valid(id) || !msgid_dot_atom(slice_sub(id, 1, (size_t)at - 1)))
		return false;
	struct slice right = slice_sub(id, (size_t)at + 1, id.n - (size_t)at - 2);
	if (right.p[0] != '[' || right.p[right.n - 1] != ']')
		return msgid_dot_atom(right);
	right = slice_sub(right, 1, right.n - 2);
	return slice_chr(right, '[') < 0 && slice_chr(right, ']') < 0 && slice_chr(right, '\\') < 0;
}

bool msgid_next(struct slice *rest, struct slice *id_r) {
	const char *gt;
	while (rest->n && (gt = memchr(rest->p, '>', rest->n))) {
		/* the last "<" before the ">": what stands before it was never closed. Linear, for rest moves behind gt. */
		const char *lt = memrchr(rest->p, '<', (size_t)(gt - rest->p));
		*rest = slice_from(*rest, (size_t)(gt - rest->p) + 1);
		if (!lt)
			continue;
		*id_r = slice_of(lt, (size_t)(gt - lt) + 1);
		if (msgid_shape(*id_r))
			return true;
	}
	*rest = slice_from(*rest, rest->n);
	return false;
}

void msgid_references(struct slice parent_references, struct slice parent_id, struct buf *out) {
	VEC(struct slice) ids = { 0 };
	struct slice id;
	while (msgid_next(&parent_references, &id))
		if (!slice_eq(id, parent_id))
			vec_push(&ids, id);
	if (parent_id.n)
		vec_push(&ids, parent_id);
	bool any = false;
	for (size_t i = 0; i < ids.n; i++) {
		if (i > 0 && ids.n > REFERENCES_KEEP && i < ids.n - (REFERENCES_KEEP - 1))
			continue;
		if (any)
			buf_addc(out, ' ');
		buf_add_slice(out, ids.v[i]);
		any = true;
	}
	vec_free(&ids);
}

void msgid_new(struct buf *out, struct slice domain) {
	buf_addc(out, '<');
	rnd_add_id(out);
	buf_addc(out, '@');
	buf_add_slice(out, domain);
	buf_addc(out, '>');
}
