/* test_pem.h - a self-signed P-256 certificate for "localhost", made anew, written as two PEM files in the test's
 * directory. */
#ifndef TESTS_UNIT_NET_TEST_PEM_H
#define TESTS_UNIT_NET_TEST_PEM_H
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include "tests/tap/tap.h"

static inline void test_pem(const char **certificate_r, const char **key_r) {
	EVP_PKEY *k = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_set_pubkey(x, k);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
		0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_sign(x, k, EVP_sha256());
	*certificate_r = test_tmpfile("cert.pem");
	*key_r = test_tmpfile("key.pem");
	FILE *c = fopen(*certificate_r, "w"), *p = fopen(*key_r, "w");
	if (!c || !p || !PEM_write_X509(c, x) || !PEM_write_PrivateKey(p, k, NULL, NULL, 0, NULL, NULL))
		bail("cannot write a certificate");
	fclose(c);
	fclose(p);
	X509_free(x);
	EVP_PKEY_free(k);
}
#endif
