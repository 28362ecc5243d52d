/* html.h - what the readers of HTML mail share (html_text.c, trim_html.c). */
#ifndef FORUMD_MAIL_HTML_H
#define FORUMD_MAIL_HTML_H
#include "forumd/base/slice.h"

/* The value of an attribute, borrowed from `attributes` (what stands between a tag's name and its '>'); empty when
 * absent.
 * name: lower case; entities are left as they are. */
struct slice html_attribute(struct slice attributes, const char *name);
#endif
