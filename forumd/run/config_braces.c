/* libconfuse takes the end of the file for the end of every open section: a forgotten brace would silently put the
 * settings below it into the wrong section, or lose them. */
#include "forumd/run/config_braces.h"
#include <stdbool.h>

#define DEPTH 16                    /* forumd's sections do not nest; deeper ones are libconfuse's to refuse */

static bool at(struct slice s, size_t i, char a, char b) {
	return i + 1 < s.n && s.p[i] == a && s.p[i + 1] == b;
}

/* where the string, comment or octet that begins at i ends */
static size_t token_end(struct slice s, size_t i) {
	char c = s.p[i++];
	if (c == '#' || (c == '/' && i < s.n && s.p[i] == '/')) {
		while (i < s.n && s.p[i] != '\n')
			i++;
	} else if (c == '/' && i < s.n && s.p[i] == '*') {
		for (i++; i < s.n && !at(s, i, '*', '/'); i++)
			;
		i += 2;
	} else if (c == '"' || c == '\'') {
		for (; i < s.n && s.p[i] != c; i++)
			i += s.p[i] == '\\';
		i++;
	}
	return i < s.n ? i : s.n;
}

unsigned config_open_section(struct slice s) {
	unsigned open[DEPTH], depth = 0, line = 1;
	for (size_t i = 0, end; i < s.n; i = end) {
		end = token_end(s, i);
		if (s.p[i] == '{' && depth++ < DEPTH)
			open[depth - 1] = line;
		else if (s.p[i] == '}' && depth)
			depth--;
		for (size_t k = i; k < end; k++)
			line += s.p[k] == '\n';
	}
	return depth ? open[depth < DEPTH ? depth - 1 : DEPTH - 1] : 0;
}
