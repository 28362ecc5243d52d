/* thread_index.c - octets 0 to 5: the upper 48 bits of the first post's FILETIME (1 is the upper byte for centuries);
 * 6 to 13: its id; 14 to 21: 64 bits of a HMAC over it, so that an index of somebody else's is not taken for ours.
 * Behind them 40 bits of id for each post on the way down. */
#include "gateways/common/thread_index.h"
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/forum/token.h"

#define DEPTH_MAX 40           /* of a deeper post the first and the last are named: a line has 998 octets */
#define WAY_MAX 1000           /* posts looked at on the way up */
#define STEPS_MAX 100          /* in an index that comes */
#define FILETIME_EPOCH 11644473600

static void index_mac(struct forum_txn *t, uint64_t root, unsigned char out[32]) {
	char data[23] = "forumd index 1";

	num_put64(data + 15, root);
	digest_hmac_sha256(forum_secret(t), slice_of(data, sizeof data), out);
}

void thread_index_make(struct forum_txn *t, const struct post *p, struct buf *out) {
	uint64_t way[DEPTH_MAX];
	struct buf b = { 0 };
	struct post at = *p, above;
	unsigned char mac[32];
	char v[8];
	size_t n = 0, steps = 0;

	for (; at.parent && steps < WAY_MAX && post_get(t, at.parent, &above) > 0; steps++) {
		if (n < DEPTH_MAX)
			way[n++] = at.id;
		at = above;
	}
	num_put64(v, (uint64_t)((at.arrival > 0 ? at.arrival : 0) + FILETIME_EPOCH) * 10000000);
	buf_add(&b, v, 6);
	num_put64(v, at.id);
	buf_add(&b, v, 8);
	index_mac(t, at.id, mac);
	buf_add(&b, mac, 8);
	while (n) {
		num_put64(v, way[--n]);
		buf_add(&b, v + 3, THREAD_INDEX_STEP);
	}
	base64_encode(buf_slice(&b), out);
	buf_free(&b);
}

uint64_t thread_index_parent(struct forum_txn *t, struct slice index) {
	struct post root, p;
	unsigned char mac[32];
	uint64_t id;

	if (index.n < THREAD_INDEX_HEAD + THREAD_INDEX_STEP || (index.n - THREAD_INDEX_HEAD) % THREAD_INDEX_STEP ||
		index.n > THREAD_INDEX_HEAD + STEPS_MAX * THREAD_INDEX_STEP)
		return 0;
	id = num_get64(index.p + 6);
	index_mac(t, id, mac);
	if (!digest_equal(mac, index.p + 14, 8) || post_get(t, id, &root) <= 0)
		return 0;
	/* its own five octets are the program's; so may be those of mails between that never came here */
	for (size_t n = index.n - THREAD_INDEX_STEP; n > THREAD_INDEX_HEAD; n -= THREAD_INDEX_STEP) {
		char v[8] = { 0 };

		memcpy(v + 3, index.p + n - THREAD_INDEX_STEP, THREAD_INDEX_STEP);
		if (post_get(t, num_get64(v), &p) > 0 && p.thread == root.thread)
			return p.id;
	}
	return root.id;
}
