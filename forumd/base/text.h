/* text.h - ASCII and UTF-8 text. Locale is never consulted. Any thread. */
#ifndef FORUMD_BASE_TEXT_H
#define FORUMD_BASE_TEXT_H
#include <stdint.h>
#include "forumd/base/buf.h"

static inline char text_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
static inline char text_upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }
static inline bool text_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool text_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static inline bool text_space(char c) { return c == ' ' || c == '\t'; }
static inline bool text_control(char c) { return (unsigned char)c < 32 || c == 127; }

/* What the lines of a text are like: LF not after CR; CR not before LF; a line that begins with a dot; an octet above
 * 127;
 * a NUL. `lines` counts a last line without its end, too. */
struct text_lines { size_t lines; bool bare_lf, bare_cr, dots, eight_bit, nul; };
void text_lines(struct slice s, struct text_lines *l_r);

/* nothing but ASCII from space to tilde */
bool text_plain(struct slice s);
bool text_is_ascii(struct slice s);
/* well-formed UTF-8 (no surrogates, no overlong forms, <= U+10FFFF) */
bool text_utf8_valid(struct slice s);
/* appends s with every ill-formed byte replaced by U+FFFD */
void text_utf8_repair(struct slice s, struct buf *out);
/* next code point; -1 on an ill-formed byte (one byte consumed); s->n must be > 0 */
int32_t text_utf8_next(struct slice *s);
void text_utf8_add(struct buf *out, uint32_t cp);
/* Simple case folding for searching and sorting: NFKC casefold through libunistring, with an ASCII fast path. */
void text_fold(struct slice s, struct buf *out);
/* NFC, by which equal names are equal octets; ill-formed UTF-8 is left as it is */
void text_nfc(struct slice s, struct buf *out);
/* The key i;unicode-casemap compares by, octet for octet (RFC 5051): title case of each character, then NFKD. */
void text_casemap(struct slice s, struct buf *out);
/* Printable one-line form for logs: control bytes, quotes and non-UTF-8 escaped as \xNN, cut to max bytes. */
void text_escape(struct slice s, size_t max, struct buf *out);
/* JSON string with its quotes; ill-formed UTF-8 becomes U+FFFD. */
void text_json(struct slice s, struct buf *out);
#endif
