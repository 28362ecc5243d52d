#include "gateways/common/cancel_lock.h"
#include "tests/tap/tap.h"

/* RFC 8315 8 and 9: the examples' codes; sha1 and sha512 made with openssl */
static const struct { const char *locks, *keys; bool opens; const char *what; } v[] = {
	{ "sha256:RrKLp7YCQc9T8HmgSbxwIDlnCDWsgy1awqtiDuhedRo=", "sha256:sSkDke97Dh78/d+Diu1i3dQ2Fp/EMK3xE2GfEqZlvK8=",
		true, "one key, one lock" },
	{ "sha256:RrKLp7YCQc9T8HmgSbxwIDlnCDWsgy1awqtiDuhedRo= sha256:s/pmK/3grrz++29ce2/mQydzJuc7iqHn1nqcJiQTPMc=",
		"sha256:qv1VXHYiCGjkX/N1nhfYKcAeUn8bCVhrWhoKuBSnpMA=", true, "the second of two locks" },
	{ "sha256:RrKLp7YCQc9T8HmgSbxwIDlnCDWsgy1awqtiDuhedRo=", "sha256:RrKLp7YCQc9T8HmgSbxwIDlnCDWsgy1awqtiDuhedRo=",
		false, "a lock is no key" },
	{ "sha256:RrKLp7YCQc9T8HmgSbxwIDlnCDWsgy1awqtiDuhedRo=", "sha1:sSkDke97Dh78/d+Diu1i3dQ2Fp/EMK3xE2GfEqZlvK8=", false,
		"schemes do not mix" },
	{ "SHA256:RrKLp7YCQc9T8HmgSbxwIDlnCDWsgy1awqtiDuhedRo=", "\t Sha256:sSkDke97Dh78/d+Diu1i3dQ2Fp/EMK3xE2GfEqZlvK8= ",
		true, "case of the scheme, white space" },
	{ "sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha1:abc", true, "sha1 of an old client" },
	{ "sha512:3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==", "sha512:abc",
		true, "sha512" },
	{ "sha512:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha512:abc", false, "a sha1 code under the name sha512" },
	{ "sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0= sha1:NR0dXWRZ0Y2rzlQ1yYLp+0oEYAY=", "sha1:", false, "an empty key" },
	{ "sha1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha1:", false, "not even the one of nothing" },
	{ "sha512:", "sha512:", false, "an empty lock" },
	{ "", "sha256:x", false, "no lock" },
	{ "sha256:x", "", false, "no key" },
	{ "md5:x", "md5:x", false, "a scheme that is not known" },
	{ "sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=", "sha1:abd sha1:YWJj sha256:q", false, "several keys, none fits" },
};

int main(void) {
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		ok(cancel_lock_opens(slice_str(v[i].locks), slice_str(v[i].keys)) == v[i].opens, "%s", v[i].what);
	ok(cancel_lock_opens(SLICE("sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0= sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0="),
		   SLICE("sha256:a sha1:abc")) ==
			cancel_lock_opens(SLICE("sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), SLICE("sha1:abc")),
		"doubles change nothing");
	return done();
}
