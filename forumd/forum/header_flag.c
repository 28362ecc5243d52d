#include "forumd/forum/header_flag.h"
#include "forumd/base/text.h"
#include "forumd/forum/post_private.h"

#define HEADER_FLAG_DONE UINT64_MAX

/* the last post that was looked at; later ones came with the flag when all were: 1, < 0 */
static int header_flag_at(struct forum_txn *t, uint64_t *post_r) {
	struct slice v;
	int r = forum_meta_get(t, "header-flag", &v);
	*post_r = r > 0 && v.n == 8 ? num_get64(v.p) : 0;
	return r < 0 ? r : 1;
}

/* the public header without From, which is spliced in and looked at when it is */
static bool header_flag_is_ascii(struct forum_txn *t, const struct post *p) {
	const uint32_t n[2] = { p->from_off, p->header_len - p->from_off };
	struct buf header = { 0 };
	bool good = p->from_off <= p->header_len;
	for (unsigned i = 0; i < 2 && good; i++) {
		good = post_piece_inflate(t, p, i, buf_reserve(&header, n[i]), n[i]) > 0;
		if (good)
			buf_commit(&header, n[i]);
	}
	good = good && text_is_ascii(buf_slice(&header));
	buf_free(&header);
	return good;
}

int header_flag_look(struct forum_txn *t, struct header_flag_step *s_r) {
	struct post p;
	uint64_t at;
	unsigned texts = 0;
	int r = header_flag_at(t, &at);
	s_r->n = 0;
	s_r->upto = at;
	if (r < 0 || at == HEADER_FLAG_DONE)
		return r < 0 ? r : 0;
	for (unsigned i = 0; i < HEADER_FLAG_HEADS && texts < HEADER_FLAG_TEXTS; i++) {
		if ((r = post_after(t, s_r->upto, &p)) == ERR_CORRUPT) {      /* what is behind a damaged head is looked at all the same */
			s_r->upto++;
			continue;
		}
		if (r == 0)
			s_r->upto = HEADER_FLAG_DONE;
		if (r <= 0)
			break;
		s_r->upto = p.id;
		/* an erased one has no text, and whoever asks gets none */
		if ((p.flags & POST_HEADER_ASCII) || p.header_z1 + p.header_z2 == 0)
			continue;
		texts++;
		if (header_flag_is_ascii(t, &p))
			s_r->ascii[s_r->n++] = p.id;
	}
	return r < 0 && r != ERR_CORRUPT ? r : 1;
}

int header_flag_apply(struct forum_txn *t, const struct header_flag_step *s, struct fail *f) {
	char v[8];
	for (unsigned i = 0; i < s->n; i++) {
		int r = post_learn_flags(t, s->ascii[i], POST_HEADER_ASCII, f);
		if (r < 0)
			return r;
	}
	num_put64(v, s->upto);
	int r = forum_meta_put(t, "header-flag", slice_of(v, 8));
	return r < 0 ? fail_set(f, (enum err)r, "what is known of headers cannot be stored now") : 1;
}
