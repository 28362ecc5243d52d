/* fuzz_sender.c - who sent it, with a mail and a DNS that are both wrong: `fuzz_sender ROUNDS SEED`. Mails with DKIM
 * and ARC fields and records of all kinds are cut, joined and changed; whatever comes, there is a verdict, one line of
 * results without line ends, and a bounded number of questions. With FUZZ_LIBFUZZER the input is the mail. */
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/mail/field.h"
#include "forumd/mail/sender.h"

#define QUESTIONS_MAX 1000     /* SPF: 10 terms, 10 names each and their addresses; DKIM 6; ARC 51; DMARC 2 */

static const char *const mails[] = {
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\nFrom: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
	"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
	"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n",
	"ARC-Seal: i=1; a=rsa-sha256; cv=none; d=lists.example; s=a; t=1; b=AAAA\r\nARC-Message-Signature: i=1; a=rsa-sha256; c=simple; d=lists.example;\r\n"
	" s=a; h=from:from:x; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b=AAAA\r\nARC-Authentication-Results: i=1; lists.example; dmarc=pass\r\n"
	" header.from=football.example.com\r\nFrom: a@football.example.com\r\n\r\n\r\n",
	"Authentication-Results: x; dkim=pass (a \"b\" (c)) header.d=\"x\"; spf = pass\r\nFrom: (c) <@a,@b:x@y.example> , \r\n\r\nx",
};
static const char *const records[] = {
	"v=spf1 ip4:192.0.2.0/24 a mx ptr:x.example include:%{ir}.%{v}._spf.%{d2} exists:%{l1r-}.%{o} redirect=_spf.example.com",
	"v=spf1 a:%{d}/24//64 include:a.example include:b.example mx/0 ?all exp=%{o}",
	"v=spf1 +all",
	"v=DMARC1; p=reject; adkim=s; aspf=r",
	"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
	"v=DKIM1; k=rsa; t=y:s; h=sha256; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDk",
	"",
};
static uint64_t state = 1;

static uint64_t dice(uint64_t n) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % n;
}

static void change(struct buf *b) {
	static const char *const pieces[] = { ";", "=", " b=", "\r\n ", "%{", "}", "/", ":", "d=", "i=2;",
		"h=", "from:", "ARC-Seal: i=1;", "\r\n", "\0", "%" };
	for (uint64_t n = dice(4); n > 0 && buf_len(b); n--) {
		size_t at = dice(buf_len(b));
		struct buf out = { 0 };
		buf_add(&out, buf_bytes(b), at);
		switch (dice(4)) {
		case 0: buf_addc(&out, (char)dice(256)); break;
		case 1: buf_adds(&out, pieces[dice(sizeof pieces / sizeof *pieces)]); break;
		case 2: at += dice(30); break;
		default: buf_add_slice(&out, slice_sub(buf_slice(b), dice(buf_len(b)), dice(200))); break;
		}
		buf_add_slice(&out, slice_from(buf_slice(b), at));
		buf_free(b);
		*b = out;
	}
}

static enum dns_status look_up(void *arg, struct slice name, enum dns_type type, struct arena *a,
	struct dns_records *r_r) {
	unsigned *asked = arg;
	if (++*asked > QUESTIONS_MAX || name.n > 253)
		bug("%u questions, a name of %zu octets", *asked, name.n);
	r_r->n = 0;
	if (dice(20) == 0)
		return DNS_TEMP;
	for (uint64_t n = dice(3); n > 0; n--) {
		struct buf b = { 0 };
		if (type == DNS_TXT) {
			buf_adds(&b, records[dice(sizeof records / sizeof *records)]);
			change(&b);
		} else if (type == DNS_A || type == DNS_AAAA) {
			buf_add(&b, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0\0", type == DNS_A ? 4 : 16);
		} else {
			buf_adds(&b, "mx.example.com");
		}
		r_r->v[r_r->n++] = arena_slice(a, buf_slice(&b));
		buf_free(&b);
	}
	return r_r->n ? DNS_FOUND : DNS_ABSENT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new();
	unsigned asked = 0;
	struct dns dns = { look_up, &asked };
	struct buf results = { 0 }, marked = { 0 };
	char *copy = mem_alloc(size ? size : 1);   /* of the exact size, so that reading behind it is seen */
	if (size)
		memcpy(copy, data, size);
	struct sender_mail m = { .trust = SLICE("lists.example, x"), .now = 1795435200 };
	m.client.helo = SLICE("mx.example.com");
	m.client.sender = dice(2) ? SLICE("joe+x@football.example.com") : SLICE("");
	spf_client_ip(&m.client, dice(2) ? "192.0.2.1" : "2001:db8::1");
	field_split(slice_of(copy, size), &m.header, &m.body);
	char v = (char)sender_check(a, &m, &dns, &results);
	if (!strchr("PFNT", v) || slice_chr(buf_slice(&results), '\n') >= 0 || slice_chr(buf_slice(&results), '\r') >= 0 ||
		!buf_len(&results))
		bug("verdict %c, results %.*s", v, SLICE_ARG(buf_slice(&results)));
	sender_mark(slice_of(copy, size), SLICE("x"), SLICE("A: b\r\n"), &marked);
	buf_reset(&results);
	sender_public_results(m.header, SLICE("x"), &results);
	buf_free(&results);
	buf_free(&marked);
	mem_free(copy);
	arena_free(&a);
	return 0;
}

#ifndef FUZZ_LIBFUZZER
int main(int argc, char **argv) {
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	state = (argc > 2 ? strtoul(argv[2], NULL, 10) : 1) * 2654435761u + 1;
	for (unsigned long i = 0; i < rounds; i++) {
		struct buf b = { 0 };
		buf_adds(&b, mails[dice(3)]);
		if (dice(4) == 0)
			buf_adds(&b, mails[dice(3)]);
		change(&b);
		LLVMFuzzerTestOneInput((const uint8_t *)buf_slice(&b).p, buf_len(&b));
		buf_free(&b);
	}
	printf("%lu rounds\n", rounds);
	return 0;
}
#endif
