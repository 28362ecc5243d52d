/* forumctl_trim.c - trim: what would be published of a mail. For those who wonder why a reply looks as it does; needs no
 * daemon. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/trim.h"
#include "gateways/ctl/forumctl.h"

static void add_reasons(struct buf *out, unsigned reasons) {
	static const struct { unsigned reason; const char *name; } words[] = {
		{ TRIM_QUOTE, "quote" },
		{ TRIM_ATTRIBUTION, "attribution" },
		{ TRIM_HEADERS, "headers" },
		{ TRIM_SIGNATURE, "signature" },
		{ TRIM_BOILERPLATE, "boilerplate" },
	};
	const char *comma = "";
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (reasons & words[i].reason) {
			buf_addf(out, "%s\"%s\"", comma, words[i].name);
			comma = ",";
		}
}

static void add_json(struct buf *out, struct slice text, const struct trim_info *info) {
	buf_adds(out, "{\"text\":");
	text_json(text, out);
	buf_addf(out, ",\"octets_cut\":%lld,\"lines_cut\":%lld,\"reasons\":[", (long long)info->octets,
		(long long)info->lines);
	add_reasons(out, info->reasons);
	buf_addf(out, "],\"whole\":%s}\n", info->whole ? "true" : "false");
}

int forumctl_trim(int argc, char **argv, bool json) {
	struct buf mail = {0}, text = {0}, out = {0};
	struct slice header, body;
	struct trim_info info;
	size_t n;
	json |= argc == 2 && strcmp(argv[1], "--json") == 0;
	if (argc > 2 || (argc == 2 && strcmp(argv[1], "--json") != 0)) {
		bool help = strcmp(argv[1], "--help") == 0;
		fputs("forumctl trim [--json] < MAIL\n    What would be published of a mail: the author's words without quotations, "
			"signatures and program lines.\n", help ? stdout : stderr);
		return help ? 0 : 2;
	}
	if (isatty(0))
		fputs("(reading standard input; end with control-D)\n", stderr);
	while ((n = fread(buf_reserve(&mail, 65536), 1, 65536, stdin)) > 0)
		buf_commit(&mail, n);
	field_split(buf_slice(&mail), &header, &body);
	trim_reply(header, body, SLICE(""), &text, &info);
	if (json)
		add_json(&out, buf_slice(&text), &info);
	else
		buf_add_slice(&out, buf_slice(&text));
	bool good = !ferror(stdin) && fwrite(buf_bytes(&out), 1, buf_len(&out), stdout) == buf_len(&out) && fflush(stdout) == 0;
	if (!good)
		perror("forumctl: trim");
	buf_free(&mail), buf_free(&text), buf_free(&out);
	return good ? 0 : 1;
}
