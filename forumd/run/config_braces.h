/* Sections of a configuration text that are opened and never closed. Called on: any thread. */
#ifndef FORUMD_RUN_CONFIG_BRACES_H
#define FORUMD_RUN_CONFIG_BRACES_H

#include "forumd/base/slice.h"

/* The line (from 1) of the innermost `{` that has no `}`, 0 when all are closed. Quotes and comments are read as
 * libconfuse reads them; what it refuses by itself (a `}` too many, an open string) is left to it. */
unsigned config_open_section(struct slice text);

#endif
