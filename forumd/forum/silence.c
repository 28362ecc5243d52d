/* memo SILENCE: member u32, group u32 -> until i64, reason */
#include "forumd/forum/silence.h"
#include "forumd/base/num.h"
#include "forumd/forum/memo.h"

static struct slice silence_key(uint32_t member, uint32_t group, char key[8]) {
	num_put32(key, member);
	num_put32(key + 4, group);
	return slice_of(key, 8);
}

int silence_set(struct forum_txn *t, uint32_t member, uint32_t group, int64_t until, struct slice reason,
	struct fail *f) {
	char key[8], v[8 + SILENCE_REASON_MAX];
	int r;
	if (reason.n > SILENCE_REASON_MAX)
		return fail_set(f, ERR_INVALID, "a reason has at most %d octets", SILENCE_REASON_MAX);
	num_put64(v, (uint64_t)until);
	if (reason.n)
		memcpy(v + 8, reason.p, reason.n);
	r = until ? memo_put(t, MEMO_SILENCE, silence_key(member, group, key), slice_of(v, 8 + reason.n), until) :
		memo_del(t, MEMO_SILENCE, silence_key(member, group, key));
	return r < 0 ? fail_set(f, (enum err)r, "it cannot be kept now, try again later") : 1;
}

int silence_get(struct forum_txn *t, uint32_t member, uint32_t group, int64_t *until_r, struct slice *reason_r) {
	const uint32_t where[2] = { group, 0 };
	char key[8];
	struct slice v;
	*until_r = 0;
	for (int i = 0; i < 2; i++) {
		int r = memo_get(t, MEMO_SILENCE, silence_key(member, where[i], key), &v);
		if (r < 0)
			return r;
		if (r > 0 && v.n >= 8 && (int64_t)num_get64(v.p) > *until_r) {
			*until_r = (int64_t)num_get64(v.p);
			*reason_r = slice_from(v, 8);
		}
	}
	return *until_r > 0;
}
