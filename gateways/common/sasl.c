#include "gateways/common/sasl.h"
#include "forumd/base/base64.h"
#include "forumd/base/fail.h"
#include "forumd/base/text.h"

#define SASL_NAME_MAX 255
#define SASL_PASSWORD_MAX 1024
#define SASL_RESPONSE_MAX 4096

int sasl_plain(struct slice base64, struct buf *scratch, struct slice *name_r, struct slice *password_r) {
	if (base64.n > SASL_RESPONSE_MAX)
		return ERR_SYNTAX;
	buf_reset(scratch);
	if (!base64_decode(base64, scratch))
		return ERR_SYNTAX;
	struct slice all = buf_slice(scratch);
	ptrdiff_t first = slice_chr(all, 0);
	if (first < 0)
		return ERR_SYNTAX;
	struct slice authzid = slice_to(all, (size_t)first), rest = slice_from(all, (size_t)first + 1);
	ptrdiff_t second = slice_chr(rest, 0);
	if (second < 0)
		return ERR_SYNTAX;
	struct slice name = slice_to(rest, (size_t)second), password = slice_from(rest, (size_t)second + 1);
	if (!name.n || !password.n || name.n > SASL_NAME_MAX || password.n > SASL_PASSWORD_MAX || slice_chr(password, 0) >= 0)
		return ERR_SYNTAX;
	if (!text_utf8_valid(all))
		return ERR_SYNTAX;
	if (authzid.n && !slice_eq(authzid, name))
		return ERR_DENIED;
	*name_r = name;
	*password_r = password;
	return 1;
}
