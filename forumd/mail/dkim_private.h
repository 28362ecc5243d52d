/* dkim_private.h - what signing, checking and ARC share; included by forumd/mail/dkim*.c and arc.c only. */
#ifndef FORUMD_MAIL_DKIM_PRIVATE_H
#define FORUMD_MAIL_DKIM_PRIVATE_H
#include "forumd/mail/auth.h"
#include "forumd/mail/dkim.h"
#include "forumd/mail/dkim_verify.h"
#include "forumd/mail/field.h"

/* text folded at 72 octets or, with a separator, behind it; each line begins with a tab */
void dkim_fold(struct buf *out, struct slice s, char separator);
/* raw signature octets over the data, appended */
int dkim_signature(const struct dkim_key *key, struct slice data, struct buf *out);
const char *dkim_algorithm(const struct dkim_key *key);
/* canonical fields of these names (lower case) in the order of h=, and h= itself; the first name once more than there
 * is */
void dkim_fields(struct slice header, const char *const *names, size_t n, struct buf *hashed, struct buf *h);

/* One signature field: what DKIM-Signature and ARC-Message-Signature have in common. */
struct dkim_sig {
	struct field field;
	struct auth_tags tags;
	struct slice domain, selector, algorithm, bh, h;
	struct buf b;                  /* decoded; freed by dkim_sig_free */
	bool relaxed_header, relaxed_body;
	const char *why;               /* set with every result that is not pass */
};
/* everything that needs no look-up; AUTH_PASS: go on */
enum auth_word dkim_sig_parse(const struct field *f, bool seal, int64_t now, struct dkim_sig *s_r);
void dkim_sig_free(struct dkim_sig *s);
/* the field's raw octets with an empty b= */
void dkim_without_b(struct slice text, struct buf *out);
/* key look-up and the signature over `data` */
enum auth_word dkim_sig_check(struct dkim_sig *s, struct arena *a, const struct dns *dns, struct slice data,
	bool *testing_r);
#define DKIM_FIELDS_MAX 1000
/* a mail taken apart once for all its signatures; bodies are hashed once for each canonical form */
struct dkim_mail {
	struct field fields[DKIM_FIELDS_MAX];
	size_t nfields;
	bool used[DKIM_FIELDS_MAX];
	struct slice body;
	bool have[2];
	unsigned char hash[2][32];
};
/* false: more than DKIM_FIELDS_MAX fields */
bool dkim_mail_init(struct dkim_mail *m, struct slice header, struct slice body);
/* data for dkim_sig_check of a message signature; the body's hash is compared */
enum auth_word dkim_sig_message(struct dkim_sig *s, struct dkim_mail *m, struct buf *data);
#endif
