/* words.h - RFC 2047 encoded words both ways; charset conversion through iconv with the aliases mail needs. */
#ifndef FORUMD_MAIL_WORDS_H
#define FORUMD_MAIL_WORDS_H
#include "forumd/base/buf.h"

/* Decode an unfolded header value to UTF-8: encoded words (language tags, split multibyte characters, missing padding),
 * raw 8-bit as UTF-8, else windows-1252. Control bytes (CR, LF, NUL, TAB) that come out of decoding become spaces. */
void words_decode(struct slice raw, struct buf *out);
/* Encode UTF-8 for an unstructured field (Subject): ASCII passes through, other runs become =?utf-8?B/Q?= words of at
 * most 75 octets, cut between characters. Spaces between words as RFC 2047 wants. */
void words_encode(struct slice utf8, struct buf *out);
/* the same as one phrase (display name): callers need no quoting */
void words_encode_phrase(struct slice utf8, struct buf *out);
/* Convert text from charset to UTF-8. Unknown charset: UTF-8 if valid, else windows-1252. Ill-formed input becomes
 * U+FFFD, never lost text. Returns false when the charset was unknown. */
bool words_to_utf8(struct slice charset, struct slice text, struct buf *out);
/* RFC 2231/5987 parameter value: charset'lang'percent-encoded */
void words_decode_2231(struct slice value, struct buf *out);
#endif
