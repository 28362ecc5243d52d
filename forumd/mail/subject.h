/* subject.h - base subject of RFC 5256 2.1 plus the reply prefixes of other languages (AW, SV, VS, Antw, RE^2, 回复 ...).
 */
#ifndef FORUMD_MAIL_SUBJECT_H
#define FORUMD_MAIL_SUBJECT_H
#include "forumd/base/buf.h"

/* decoded UTF-8 in; the base subject appended to out (not case folded). Returns true when it was a reply or forward. */
bool subject_base(struct slice subject, struct buf *out);
#endif
