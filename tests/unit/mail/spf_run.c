/* Runs one SPF check against a zone given as lines, for tests/proto/smtp/test_spf_suite.py: arguments IP HELO SENDER;
 * lines on standard input "NAME TYPE VALUE", name and
 * value in hex. Prints the result. */
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/mail/spf.h"
#include "tests/unit/mail/fake_dns.h"

static struct slice unhex(struct arena *a, struct slice s) {
	char *p = arena_alloc(a, s.n / 2 + 1), two[3] = "";
	for (size_t i = 0; i + 1 < s.n; i += 2) {
		memcpy(two, s.p + i, 2);
		p[i / 2] = (char)strtoul(two, NULL, 16);
	}
	return slice_of(p, s.n / 2);
}

int main(int argc, char **argv) {
	static const struct { const char *name; enum dns_type type; } types[] = {
		{ "A", DNS_A }, { "AAAA", DNS_AAAA }, { "MX", DNS_MX }, { "PTR", DNS_PTR }, { "TXT", DNS_TXT } };
	VEC(struct fake_record) v = { 0 };
	struct arena *a = arena_new();
	struct spf_client c = { .v6 = false };
	char line[8192], name[2000], type[16], hex[6000];
	struct slice domain;
	if (argc != 4 || !spf_client_ip(&c, argv[1]))
		return 2;
	while (fgets(line, sizeof line, stdin)) {
		*hex = 0;
		if (sscanf(line, "%1999s %15s %5999s", name, type, hex) < 2)
			continue;
		for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
			struct fake_record r = { unhex(a, slice_str(name)), types[i].type, unhex(a, slice_str(hex)) };
			if (slice_is(slice_str(type), types[i].name))
				vec_push(&v, r);
		}
	}
	struct fake_dns d = { v.v, v.n, 0 };
	struct dns dns = { fake_look_up, &d };
	c.helo = slice_str(argv[2]);
	c.sender = slice_str(argv[3]);
	puts(auth_result_text(spf_check(a, &c, &dns, &domain)));
	vec_free(&v);
	arena_free(&a);
	return 0;
}
