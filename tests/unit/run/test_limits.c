/* Rates, counts and the delays of failed logins. */
#include <unistd.h>
#include "forumd/run/limits.h"
#include "tests/tap/tap.h"

int main(void) {
	struct slice a = SLICE("a"), b = SLICE("b");
	unsigned n = 0;
	for (int i = 0; i < 10; i++)
		n += limits_rate(a, 60, 3);
	is_int(n, 3, "a burst of three");
	ok(limits_rate(b, 60, 3), "another key has its own");
	usleep(1100000);
	ok(limits_rate(a, 60, 3), "one a second later");
	ok(!limits_rate(a, 60, 3), "and no more");

	ok(limits_count(a, 1, 2) && limits_count(a, 1, 2), "two may");
	ok(!limits_count(a, 1, 2), "a third may not");
	ok(limits_count(a, -1, 0), "one leaves");
	ok(limits_count(a, 1, 2), "the next may");
	limits_sweep();
	ok(!limits_count(a, 1, 2), "a sweep forgets no counts");

	is_int(limits_login_delay(a), 0, "no failure, no delay");
	limits_login_failed(a), limits_login_failed(a);
	is_int(limits_login_delay(a), 0, "two are free");
	limits_login_failed(a);
	is_int(limits_login_delay(a), 200, "the third waits: at most five a second");
	limits_login_failed(a);
	is_int(limits_login_delay(a), 400, "growing");
	for (int i = 0; i < 2000; i++)
		limits_login_failed(a);
	is_int(limits_login_delay(a), 5000, "up to five seconds");
	limits_sweep();
	is_int(limits_login_delay(a), 5000, "a sweep forgets no fresh failures");
	is_int(limits_login_delay(b), 0, "others do not wait");
	limits_login_ok(a);
	is_int(limits_login_delay(a), 0, "the owner came in");
	limits_count(a, -1, 0), limits_count(a, -1, 0);
	limits_sweep();
	return done();
}
