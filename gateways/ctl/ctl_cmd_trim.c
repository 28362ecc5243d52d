/* ctl_cmd_trim.c - trim: what would be published of a mail. For those who wonder why a reply looks as it does. */
#include "forumd/mail/field.h"
#include "forumd/mail/trim.h"
#include "gateways/ctl/ctl_private.h"

static void trim_reasons(struct ctl_call *c, unsigned reasons) {
	static const struct { unsigned reason; const char *name; } words[] = {
		{ TRIM_QUOTE, "quote" },
		{ TRIM_ATTRIBUTION, "attribution" },
		{ TRIM_HEADERS, "headers" },
		{ TRIM_SIGNATURE, "signature" },
		{ TRIM_BOILERPLATE, "boilerplate" },
	};
	bool first = true;
	ctl_json_name(c, "reasons");
	buf_addc(&c->out, '[');
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (reasons & words[i].reason) {
			buf_addf(&c->out, "%s\"%s\"", first ? "" : ",", words[i].name);
			first = false;
		}
	buf_addc(&c->out, ']');
}

int ctl_trim(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct slice header, body;
	struct trim_info info;
	struct buf text = {0};
	(void)t, (void)f;
	field_split(buf_slice(&c->input), &header, &body);
	trim_reply(header, body, SLICE(""), &text, &info);
	if (!c->json) {
		buf_add_slice(&c->out, buf_slice(&text));
	} else {
		ctl_json_open(c);
		ctl_json_str(c, "text", buf_slice(&text));
		ctl_json_num(c, "octets_cut", (int64_t)info.octets);
		ctl_json_num(c, "lines_cut", (int64_t)info.lines);
		trim_reasons(c, info.reasons);
		ctl_json_bool(c, "whole", info.whole);
		ctl_json_close(c);
	}
	buf_free(&text);
	return 1;
}
