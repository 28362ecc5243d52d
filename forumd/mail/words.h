/* words.h - RFC 2047 encoded words both ways; charset conversion through iconv with the aliases mail needs. */
#ifndef FORUMD_MAIL_WORDS_H
#define FORUMD_MAIL_WORDS_H
#include "forumd/base/buf.h"

/* Decode an unfolded header value to UTF-8: encoded words (language tags, split multibyte characters, missing padding),
 * raw 8-bit as UTF-8, else guessed. Control bytes (CR, LF, NUL, TAB) that come out of decoding become spaces. */
void words_decode(struct slice raw, struct buf *out);
/* Encode UTF-8 for an unstructured field (Subject): ASCII passes through, other runs become =?utf-8?B/Q?= words of at
 * most 75 octets, cut between characters. Spaces between words as RFC 2047 wants. */
void words_encode(struct slice utf8, struct buf *out);
/* the same as one phrase (display name): callers need no quoting */
void words_encode_phrase(struct slice utf8, struct buf *out);
/* Convert text from charset to UTF-8. Unknown charset, or UTF-8 that is none: UTF-8 if valid, else guessed. Ill-formed
 * input becomes U+FFFD, never lost text. Returns false when the charset was unknown. */
bool words_to_utf8(struct slice charset, struct slice text, struct buf *out);
/* A charset for text that is not UTF-8 and says nothing: iso-2022-jp, cp932, euc-jp, cp949, gb18030, big5,
 * windows-1251, koi8-r, iso-8859-5, windows-1253, windows-1255; else windows-1252. */
const char *words_guess_charset(struct slice text);
/* RFC 2231/5987 parameter value: charset'lang'percent-encoded */
void words_decode_2231(struct slice value, struct buf *out);
/* utf-8''percent-encoded; what is no UTF-8 becomes U+FFFD */
void words_encode_2231(struct slice utf8, struct buf *out);
#endif
