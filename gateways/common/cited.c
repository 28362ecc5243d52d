#include "gateways/common/cited.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"

#define DIRECT_MAX 4
#define REFERENCES_MAX (CITED_MAX - DIRECT_MAX)

size_t cited_ids(struct slice header, struct arena *a, struct slice ids[CITED_MAX], size_t *direct_r) {
	struct slice last[REFERENCES_MAX], id;
	struct buf b = { 0 };
	size_t n = 0, seen = 0;
	field_get(header, "In-Reply-To", &b);
	for (struct slice rest = buf_slice(&b); n < DIRECT_MAX && msgid_next(&rest, &id);)
		ids[n++] = arena_slice(a, id);
	*direct_r = n;
	buf_reset(&b);
	field_get(header, "References", &b);
	for (struct slice rest = buf_slice(&b); msgid_next(&rest, &id); seen++)
		last[seen % REFERENCES_MAX] = id;
	for (size_t i = 0; i < REFERENCES_MAX && i < seen; i++)
		ids[n++] = arena_slice(a, last[(seen - 1 - i) % REFERENCES_MAX]);
	buf_free(&b);
	return n;
}

int cited_follow(struct forum_txn *t, uint32_t member, struct slice header, const struct group *named, struct arena *a,
	struct group *to_r, uint64_t *answered_r) {
	struct slice ids[CITED_MAX];
	struct group from;
	struct post p;
	size_t direct, n = cited_ids(header, a, ids, &direct);
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = post_by_msgid(t, ids[i], &p);
	if (r <= 0 || p.state != POST_VISIBLE || post_number_in(&p, named->id))
		return r < 0 ? r : 0;
	r = group_aside(t, named, to_r);
	if (r <= 0 || !post_number_in(&p, to_r->id) || !rights_can_read(t, member, to_r) || !rights_can_see(t, member, &p))
		return r < 0 ? r : 0;
	/* what somebody writes for some does not come before more of them */
	if ((r = group_get(t, named->id, &from)) <= 0 || to_r->access < from.access)
		return r < 0 ? r : 0;
	*answered_r = p.id;
	return 1;
}
