#include "forumd/base/fail.h"
#include "gateways/common/sasl.h"
#include "tests/tap/tap.h"

int main(void) {
	struct buf big = { 0 };
	struct slice name, password;
	is_int(sasl_plain(SLICE("\0alice@example.org\0secret"), &name, &password), 1, "no authzid");
	is_lit(name, "alice@example.org", "name");
	is_lit(password, "secret", "password");
	is_int(sasl_plain(SLICE("alice\0alice\0a b"), &name, &password), 1, "authzid equal to the name");
	is_lit(password, "a b", "password with a space");
	is_int(sasl_plain(SLICE("root\0alice\0x"), &name, &password), ERR_DENIED, "authzid of another");
	is_int(sasl_plain(SLICE("alice"), &name, &password), ERR_SYNTAX, "no NUL");
	is_int(sasl_plain(SLICE("\0alice"), &name, &password), ERR_SYNTAX, "one NUL");
	is_int(sasl_plain(SLICE("\0alice\0x\0y"), &name, &password), ERR_SYNTAX, "three NULs");
	is_int(sasl_plain(SLICE("\0\0x"), &name, &password), ERR_SYNTAX, "empty name");
	is_int(sasl_plain(SLICE("\0alice\0"), &name, &password), ERR_SYNTAX, "empty password");
	is_int(sasl_plain(SLICE("\0al\xff\0x"), &name, &password), ERR_SYNTAX, "no UTF-8");
	is_int(sasl_plain(SLICE(""), &name, &password), ERR_SYNTAX, "empty");
	buf_addc(&big, 0);
	for (int i = 0; i < 256; i++)
		buf_addc(&big, 'a');
	buf_add(&big, "\0x", 2);
	is_int(sasl_plain(buf_slice(&big), &name, &password), ERR_SYNTAX, "name of 256 octets");
	for (int i = 0; i < 10000; i++)
		buf_addc(&big, 'a');
	is_int(sasl_plain(buf_slice(&big), &name, &password), ERR_SYNTAX, "10 kB");
	buf_free(&big);
	return done();
}
