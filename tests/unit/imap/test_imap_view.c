/* The view against a plain list, at random. */
#include "gateways/imap/imap_view.h"
#include "tests/tap/tap.h"

#define HIGH_MAX 3000

static uint64_t state = 88172645463325252ull;

static uint32_t chance(uint32_t n) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state % n);
}

struct model { bool there[HIGH_MAX + 2]; uint32_t high; };

static unsigned compare(const struct model *m, struct imap_view *v) {
	uint32_t seq = 0, last = 0;
	unsigned wrong = 0;
	for (uint32_t uid = 1; uid <= m->high; uid++) {
		seq += m->there[uid];
		last = m->there[uid] ? uid : last;
		wrong += imap_view_seq(v, uid) != (m->there[uid] ? seq : 0);
		wrong += imap_view_rank(v, uid) != seq;
		wrong += m->there[uid] && imap_view_uid(v, seq) != uid;
	}
	wrong += imap_view_count(v) != seq;
	wrong += imap_view_last(v) != last;
	wrong += imap_view_uid(v, seq + 1) != 0 || imap_view_uid(v, 0) != 0;
	wrong += imap_view_seq(v, m->high + 1) != 0 || imap_view_seq(v, 0) != 0;
	return wrong;
}

static void holes_of(struct model *m, uint32_t from, uint32_t to, uint32_t one_in, struct range_set *holes) {
	for (uint32_t uid = from; uid <= to; uid++) {
		m->there[uid] = chance(one_in) != 0;
		if (!m->there[uid])
			range_set_add(holes, uid, uid);
	}
	m->high = to;
}

static void random_life(uint32_t one_in) {
	static struct model m;
	struct imap_view v = {0};
	struct range_set holes = {0};
	unsigned wrong = 0;
	m = (struct model){0};
	holes_of(&m, 1, 1000, one_in, &holes);
	range_set_add(&holes, 2000, 2010);   /* beyond: not the view's business */
	imap_view_open(&v, 1000, &holes);
	wrong += compare(&m, &v);
	for (unsigned round = 0; round < 40; round++) {
		struct range_set gone = {0};
		for (unsigned n = 0; n < 20; n++) {
			uint32_t uid = 1 + chance(m.high);
			if (!m.there[uid])
				continue;
			m.there[uid] = false;
			range_set_add(&gone, uid, uid);
		}
		imap_view_remove(&v, &gone);
		range_set_clear(&gone);
		holes_of(&m, m.high + 1, m.high + 40, one_in, &gone);
		imap_view_extend(&v, m.high, &gone);
		range_set_free(&gone);
		wrong += compare(&m, &v);
	}
	is_int(wrong, 0, "view and list agree with one hole in %u", one_in);
	imap_view_free(&v);
	range_set_free(&holes);
}

static void test_uids(void) {
	struct imap_view v = {0};
	struct range_set holes = {0}, seqs = {0}, uids = {0};
	struct buf out = {0};
	range_set_add(&holes, 1, 10);
	range_set_add(&holes, 13, 13);
	imap_view_open(&v, 15, &holes);
	is_int(imap_view_count(&v), 4, "four of fifteen");
	range_set_add(&seqs, 2, 3);
	ok(imap_view_uids(&v, &seqs, &uids), "sequence numbers are there");
	range_set_print(&uids, ':', &out);
	is_buf(&out, "12:14", "as UIDs, the hole covered");
	range_set_add(&seqs, 5, 5);
	ok(!imap_view_uids(&v, &seqs, &uids), "the fifth is beyond");
	imap_view_free(&v);
	is_int(imap_view_count(&v), 0, "an empty view");
	is_int(imap_view_last(&v), 0, "has no last");
	imap_view_free(&v);
	range_set_free(&seqs);
	range_set_free(&uids);
	buf_free(&out);
}

int main(void) {
	random_life(2);
	random_life(3);
	random_life(50);
	random_life(100000);
	test_uids();
	return done();
}
