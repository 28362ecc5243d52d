/* lint.h - help before sending: what a reader of the post would sigh at. Any thread. */
#ifndef FORUMD_MAIL_LINT_H
#define FORUMD_MAIL_LINT_H
#include "forumd/base/slice.h"

struct lint { unsigned lines, quotes; };
/* Counts the lines with text in them, and those of them that are quotes (">", "|", "}" in front, also behind blanks),
 * up to the signature. A part in base64 has none; of HTML and other types nothing is counted. */
void lint_count(struct slice header, struct slice body, struct lint *l_r);
/* more quotes than so many of a hundred lines, and enough of them to be a nuisance (LINT_QUOTES) */
#define LINT_QUOTES 20
bool lint_over_quoted(const struct lint *l, unsigned percent);
#endif
