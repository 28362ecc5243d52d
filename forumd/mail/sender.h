/* sender.h - is this mail from whom its From names? SPF, DKIM, DMARC (RFC 7489) and, from sealers we trust, ARC, put
 * together to one verdict and to the words of an Authentication-Results field (RFC 8601). Look-ups block. */
#ifndef FORUMD_MAIL_SENDER_H
#define FORUMD_MAIL_SENDER_H
#include <stdint.h>
#include "forumd/mail/spf.h"

enum sender_verdict {
	SENDER_PROVEN =
		'P', /* a signature or the sending address stands for the domain of From, or a trusted sealer says so */
	SENDER_FALSE = 'F', /* DMARC says no; or there is no policy, and what should stand for the domain fails */
	SENDER_UNKNOWN = 'N', /* nothing says anything */
	SENDER_LATER = 'T', /* the DNS did not answer: nobody can tell now */
};
struct sender_mail {
	struct spf_client client;
	struct slice header, body;
	struct slice trust;        /* domains of ARC sealers, separated by commas or blanks */
	int64_t now;
};
/* results_r: what goes behind the authserv-id, "; spf=pass smtp.mailfrom=...", one line without CR or LF */
enum sender_verdict sender_check(struct arena *a, const struct sender_mail *m, const struct dns *dns,
	struct buf *results_r);
/* Is it an Authentication-Results of that authserv-id? flat: room to work in, its value without comments afterwards. */
struct field;
bool sender_carries(const struct field *f, struct slice authserv_id, struct buf *flat);
/* Authentication-Results with that authserv-id out of a mail, which only we may write (RFC 8601 5); and `field`, whole
 * lines, in front. */
void sender_mark(struct slice mail, struct slice authserv_id, struct slice field, struct buf *out);
/* What the first Authentication-Results of that authserv-id says, without what names people or their domains:
 * "; spf=pass; dkim=pass", appended. false: none. */
bool sender_public_results(struct slice header, struct slice authserv_id, struct buf *out);
#endif
