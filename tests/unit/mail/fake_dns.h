/* fake_dns.h - a struct dns over a table: "name type value", value text, for A and AAAA numeric. Value "!": the look-up
 * fails. Names are compared without case. */
#ifndef TESTS_UNIT_MAIL_FAKE_DNS_H
#define TESTS_UNIT_MAIL_FAKE_DNS_H
#include <arpa/inet.h>
#include "forumd/mail/auth.h"

struct fake_record { struct slice name; enum dns_type type; struct slice value; };
struct fake_dns { const struct fake_record *v; size_t n; unsigned asked; };

static enum dns_status fake_look_up(void *arg, struct slice name, enum dns_type type, struct arena *a,
	struct dns_records *r_r) {
	struct fake_dns *d = arg;
	d->asked++;
	r_r->n = 0;
	for (size_t i = 0; i < d->n && r_r->n < DNS_RECORDS_MAX; i++) {
		const struct fake_record *f = &d->v[i];
		if (f->type != type || !slice_eq_nocase(f->name, name))
			continue;
		if (slice_is(f->value, "!"))
			return DNS_TEMP;
		struct slice v = f->value;
		if (type == DNS_A || type == DNS_AAAA) {
			char *ip = arena_alloc(a, 16);
			if (inet_pton(type == DNS_A ? AF_INET : AF_INET6, arena_cstr(a, v), ip) != 1)
				continue;
			v = slice_of(ip, type == DNS_A ? 4 : 16);
		}
		r_r->v[r_r->n++] = v;
	}
	return r_r->n ? DNS_FOUND : DNS_ABSENT;
}
#endif
