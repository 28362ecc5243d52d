/* Accounts and author records in one family.
 *
 * U member -> version 1, kind, flags, created, last login, bounces, name, addresses, roles, password, scram.
 * u 'a' address -> member (addresses are lower case); u 'n' folded name -> member, only for authors without an address
 * (imports); u '*' -> the anonymous author. An author's name key stays when the record is renamed: more imports under
 * the old name must find the same, renamed, record.
 *
 * Invariant: every address in a record has its u entry pointing back, and no two records share one. */
#include "forumd/forum/personal.h"
#include "forumd/forum/member.h"
#include "forumd/forum/group.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/erase.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/post.h"
#include "forumd/forum/search.h"

#define MEMBER_VERSION 1
#define MEMBER_ADDRESSES_MAX 32
#define MEMBER_ROLES_MAX 4096
#define MEMBER_NAME_MAX 200
#define MEMBER_ADDRESS_MAX 320
#define MEMBER_KEY_MAX 300

enum { MEMBER_F_RENAMED = 1, MEMBER_F_NO_MARK = 2, MEMBER_F_LEFT = 4, MEMBER_F_NO_RECEIPTS = 8,
	MEMBER_F_NO_REPLIES = 16, MEMBER_F_ASIDE = 32, MEMBER_F_MAIL_MARKS = 64, MEMBER_F_PRIVATE = 128,
	MEMBER_QUIET_FROM = 8, MEMBER_QUIET_TO = 13, MEMBER_CATCHUP = 18, MEMBER_F_GATEWAY = 1 << 26 };

static const char *const role_names[] = { "reader", "member", "supporter", "moderator", "committee", "admin", "none" };

const char *role_name(enum role r) {
	return (unsigned)r < sizeof role_names / sizeof *role_names ? role_names[r] : "?";
}

int role_parse(struct slice s) {
	for (int i = 0; i <= ROLE_NONE; i++)
		if (slice_is_nocase(s, role_names[i]))
			return i;
	return ERR_INVALID;
}

/* u, kind, text; long text is cut and told apart by its digest (a cut key is longer than any whole one) */
static struct key member_index_key(char kind, struct slice text) {
	struct key k;
	key_begin(&k, 'u');
	key_u8(&k, (uint8_t)kind);
	if (text.n <= MEMBER_KEY_MAX) {
		key_bytes(&k, text);
		return k;
	}
	unsigned char d[16];
	digest_id(text, d);
	key_bytes(&k, slice_to(text, MEMBER_KEY_MAX - 15));
	key_bytes(&k, slice_of(d, sizeof d));
	return k;
}

static struct key member_address_key(struct slice address) {
	char low[MEMBER_ADDRESS_MAX];
	size_t n = address.n < sizeof low ? address.n : sizeof low;
	for (size_t i = 0; i < n; i++)
		low[i] = text_lower(address.p[i]);
	return member_index_key('a', slice_of(low, n));
}

static struct key member_name_key(struct slice name) {
	struct buf fold = { 0 };
	text_fold(name, &fold);
	struct key k = member_index_key('n', buf_slice(&fold));
	buf_free(&fold);
	return k;
}

/* 1 and the id, 0, < 0 */
static int member_index_get(struct forum_txn *t, const struct key *k, uint32_t *id_r) {
	struct slice v;
	int r = kv_get(t->kv, key_slice(k), &v);
	if (r <= 0)
		return r;
	if (v.n != 4)
		return ERR_CORRUPT;
	*id_r = num_get32(v.p);
	return 1;
}

static int member_index_put(struct forum_txn *t, const struct key *k, uint32_t id) {
	char v[4];
	num_put32(v, id);
	return forum_put(t, key_slice(k), slice_of(v, 4), NULL);
}

static bool member_take_addresses(struct slice *in, struct arena *a, struct member *m) {
	uint64_t n;
	if (!num_take_varint(in, &n) || n > MEMBER_ADDRESSES_MAX)
		return false;
	m->naddresses = (size_t)n;
	m->addresses = arena_alloc(a, (m->naddresses + 1) * sizeof *m->addresses);
	for (size_t i = 0; i < m->naddresses; i++)
		if (!num_take_bytes(in, &m->addresses[i]))
			return false;
	return true;
}

static bool member_take_roles(struct slice *in, struct arena *a, struct member *m) {
	uint64_t n, role, group;
	if (!num_take_varint(in, &n) || n > MEMBER_ROLES_MAX || n > in->n)
		return false;
	m->nroles = (size_t)n;
	m->roles = arena_alloc(a, (m->nroles + 1) * sizeof *m->roles);
	for (size_t i = 0; i < m->nroles; i++) {
		if (!num_take_varint(in, &role) || !num_take_varint(in, &group) || role >= ROLE_NONE || group > UINT32_MAX)
			return false;
		m->roles[i] = (struct member_role){ (enum role)role, (uint32_t)group };
	}
	return true;
}

static int member_decode(struct forum_txn *t, uint32_t id, struct slice in, struct member *m) {
	uint64_t version, kind, flags, created, login, bounces;
	*m = (struct member){ .id = id };
	if (!num_take_varint(&in, &version) || version != MEMBER_VERSION || !num_take_varint(&in, &kind) ||
	    kind > MEMBER_GONE ||
	    !num_take_varint(&in, &flags) || !num_take_varint(&in, &created) || !num_take_varint(&in, &login) ||
	    !num_take_varint(&in, &bounces) || !num_take_bytes(&in, &m->name) || !member_take_addresses(&in, t->arena, m) ||
	    !member_take_roles(&in, t->arena, m) || !num_take_bytes(&in, &m->password) || !num_take_bytes(&in, &m->scram))
		return ERR_CORRUPT;
	m->kind = (enum member_kind)kind;
	m->created = (int64_t)created, m->last_login = (int64_t)login, m->bounces = (uint32_t)bounces;
	m->renamed = flags & MEMBER_F_RENAMED;
	m->mark_on_read = !(flags & MEMBER_F_NO_MARK);
	m->left = flags & MEMBER_F_LEFT;
	m->no_receipts = flags & MEMBER_F_NO_RECEIPTS;
	m->no_replies = flags & MEMBER_F_NO_REPLIES;
	m->aside = flags & MEMBER_F_ASIDE;
	m->mail_marks = flags & MEMBER_F_MAIL_MARKS;
	m->private_mail = flags & MEMBER_F_PRIVATE;
	m->gateway = flags & MEMBER_F_GATEWAY;
	m->catchup = flags >> MEMBER_CATCHUP & 255;
	m->quiet_from = flags >> MEMBER_QUIET_FROM & 31;
	m->quiet_to = flags >> MEMBER_QUIET_TO & 31;
	return 1;
}

static void member_encode(const struct member *m, struct buf *out) {
	num_add_varint(out, MEMBER_VERSION);
	num_add_varint(out, m->kind);
	num_add_varint(out,
		(m->renamed ? MEMBER_F_RENAMED : 0) | (m->mark_on_read ? 0 : MEMBER_F_NO_MARK) | (m->left ? MEMBER_F_LEFT : 0) |
			(m->no_receipts ? MEMBER_F_NO_RECEIPTS : 0) | (m->no_replies ? MEMBER_F_NO_REPLIES : 0) |
			(m->aside ? MEMBER_F_ASIDE : 0) | (m->mail_marks ? MEMBER_F_MAIL_MARKS : 0) |
			(m->private_mail ? MEMBER_F_PRIVATE : 0) | (m->gateway ? MEMBER_F_GATEWAY : 0) |
			(uint64_t)m->catchup << MEMBER_CATCHUP | (uint64_t)m->quiet_from << MEMBER_QUIET_FROM | (uint64_t)m->quiet_to << MEMBER_QUIET_TO);
	num_add_varint(out, (uint64_t)m->created);
	num_add_varint(out, (uint64_t)m->last_login);
	num_add_varint(out, m->bounces);
	num_add_bytes(out, m->name);
	num_add_varint(out, m->naddresses);
	for (size_t i = 0; i < m->naddresses; i++)
		num_add_bytes(out, m->addresses[i]);
	num_add_varint(out, m->nroles);
	for (size_t i = 0; i < m->nroles; i++) {
		num_add_varint(out, m->roles[i].role);
		num_add_varint(out, m->roles[i].group);
	}
	num_add_bytes(out, m->password);
	num_add_bytes(out, m->scram);
}

static bool member_line_changed(struct forum_txn *t, const struct member *m) {
	struct member old;
	return member_get(t, m->id, &old) > 0 &&
		(old.kind != m->kind || old.renamed != m->renamed || !slice_eq(old.name, m->name));
}

/* `told`: sessions must hear of it (rights, name, password); a login note is not worth it */
static int member_store(struct forum_txn *t, const struct member *m, bool told, struct fail *f) {
	struct buf b = { 0 };
	struct key k = key_1u32('U', m->id);
	member_encode(m, &b);
	int r = told && member_line_changed(t, m) && search_author(t, m->id) < 0
		? fail_set(f, ERR_UNAVAILABLE, "the record cannot be changed now, try again later")
		: forum_put(t, key_slice(&k), buf_slice(&b), f);
	buf_free(&b);
	if (r < 0 || !told)
		return r;
	author_memo_drop(t);
	forum_change_add(t, (struct change){ .kind = CHANGE_MEMBER, .member = m->id });
	return 1;
}

int member_get(struct forum_txn *t, uint32_t id, struct member *m_r) {
	struct key k = key_1u32('U', id);
	struct slice v;
	int r = id ? kv_get(t->kv, key_slice(&k), &v) : 0;
	if (r <= 0)
		return r;
	/* in a write transaction the store's memory moves under the next put */
	return member_decode(t, id, t->write ? arena_slice(t->arena, v) : v, m_r);
}

/* as member_get, with an error for every way it can fail */
static int member_need(struct forum_txn *t, uint32_t id, struct member *m_r, struct fail *f) {
	int r = member_get(t, id, m_r);
	if (r == 0)
		return fail_set(f, ERR_NOTFOUND, "no such member");
	if (r < 0)
		return fail_internal(f, "member %u: %s", id, err_name((enum err)r));
	if (m_r->kind == MEMBER_GONE)
		return fail_set(f, ERR_GONE, "this member has been removed");
	return 1;
}

int member_by_address(struct forum_txn *t, struct slice address, struct member *m_r) {
	uint32_t id;
	if (address.n == 0 || address.n > MEMBER_ADDRESS_MAX)
		return 0;
	struct key k = member_address_key(address);
	int r = member_index_get(t, &k, &id);
	if (r <= 0)
		return r;
	r = member_get(t, id, m_r);
	return r == 0 ? ERR_CORRUPT : r;
}

int member_each(struct forum_txn *t, uint32_t *cursor, struct member *m_r) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key from = key_1u32('U', *cursor + 1);
	if (*cursor == UINT32_MAX)
		return 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, &v);
	if (r > 0 && key_has_prefix(key, &from, 1) && key.n == 5) {
		*cursor = num_get32(key.p + 1);
		r = member_decode(t, *cursor, t->write ? arena_slice(t->arena, v) : v, m_r);
	} else if (r > 0) {
		r = 0;
	}
	kv_cursor_close(&c);
	return r;
}

static int member_check_name(struct slice name, struct fail *f) {
	if (name.n > MEMBER_NAME_MAX)
		return fail_set(f, ERR_INVALID, "the name is longer than %d octets", MEMBER_NAME_MAX);
	if (!text_utf8_valid(name))
		return fail_set(f, ERR_INVALID, "the name is not UTF-8 text");
	for (size_t i = 0; i < name.n; i++)
		if (text_control(name.p[i]))
			return fail_set(f, ERR_INVALID, "the name holds control characters");
	return 1;
}

/* the last line of defence: doors parse addresses strictly before */
static bool member_address_ok(struct slice a) {
	ptrdiff_t at = slice_rchr(a, '@');
	if (at <= 0 || (size_t)at + 1 == a.n || a.n > MEMBER_ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (text_control(a.p[i]))
			return false;
	return true;
}

static struct slice member_lower(struct forum_txn *t, struct slice s) {
	char *p = arena_alloc(t->arena, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		p[i] = text_lower(s.p[i]);
	p[s.n] = 0;
	return slice_of(p, s.n);
}

/* a new record of this kind, not stored */
static int member_make(struct forum_txn *t, enum member_kind kind, struct slice name, struct member *m) {
	int64_t id = forum_next_id(t, "member");
	*m = (struct member){ .kind = kind, .created = t->time, .mark_on_read = true, .name = name };
	if (id < 0)
		return (int)id;
	/* UINT32_MAX is RIGHTS_OPERATOR */
	if (id >= UINT32_MAX)
		return ERR_LIMIT;
	m->id = (uint32_t)id;
	return 1;
}

static int member_index_address(struct forum_txn *t, struct slice address, uint32_t id) {
	struct key k = member_address_key(address);
	return member_index_put(t, &k, id);
}

int member_add(struct forum_txn *t, struct slice name, struct slice address, uint32_t *id_r, struct fail *f) {
	struct member m;
	name = slice_trim(name);
	if (member_check_name(name, f) < 0)
		return ERR_INVALID;
	if (!member_address_ok(address))
		return fail_set(f, ERR_INVALID, "that is not a mail address");
	address = member_lower(t, address);
	int r = member_by_address(t, address, &m);
	if (r > 0 && m.kind == MEMBER_ACCOUNT)
		return fail_set(f, ERR_EXISTS, "this address belongs to an account already");
	if (r == 0) {
		if ((r = member_make(t, MEMBER_ACCOUNT, name, &m)) > 0)
			m.addresses = &address, m.naddresses = 1;
	} else if (r > 0) {
		m.kind = MEMBER_ACCOUNT, m.renamed = true, m.created = t->time;
		m.name = name.n ? name : m.name;
	}
	if (r > 0 && m.name.n == 0)
		return fail_set(f, ERR_INVALID, "a member needs a name");
	if (r > 0)
		r = member_index_address(t, address, m.id);
	if (r > 0)
		r = member_store(t, &m, true, f);
	if (r < 0)
		return fail_internal(f, "member add: %s", err_name((enum err)r));
	*id_r = m.id;
	return 1;
}

/* what an import may bring as a name, fit for a header: one line of valid UTF-8 of bounded length */
static struct slice member_clean_name(struct forum_txn *t, struct slice name) {
	struct buf b = { 0 };
	text_utf8_repair(slice_to(slice_trim(name), MEMBER_NAME_MAX * 4), &b);
	struct slice s = buf_slice(&b);
	size_t n = s.n < MEMBER_NAME_MAX ? s.n : MEMBER_NAME_MAX;
	while (n < s.n && n > 0 && (s.p[n] & 0xc0) == 0x80)
		n--;
	char *p = arena_alloc(t->arena, n + 1);
	for (size_t i = 0; i < n; i++)
		p[i] = text_control(s.p[i]) ? ' ' : s.p[i];
	buf_free(&b);
	return slice_trim(slice_of(p, n));
}

int member_author(struct forum_txn *t, struct slice name, struct slice address, uint32_t *id_r) {
	struct member m;
	name = slice_trim(name);
	if (!member_address_ok(address))
		address.n = 0;
	if (name.n == 0 && address.n == 0) {
		*id_r = member_anonymous(t);
		return *id_r ? 1 : ERR_UNAVAILABLE;
	}
	struct key k = address.n ? member_address_key(address) : member_name_key(name);
	int r = member_index_get(t, &k, id_r);
	if (r != 0)
		return r;
	if ((r = member_make(t, MEMBER_AUTHOR, member_clean_name(t, name), &m)) < 0)
		return r;
	if (address.n) {
		address = member_lower(t, address);
		m.addresses = &address, m.naddresses = 1;
	}
	if ((r = member_index_put(t, &k, m.id)) < 0 || (r = member_store(t, &m, false, NULL)) < 0)
		return r;
	*id_r = m.id;
	return 1;
}

uint32_t member_anonymous(struct forum_txn *t) {
	struct key k = member_index_key('*', slice_of("", 0));
	struct member m;
	uint32_t id = 0;
	if (member_index_get(t, &k, &id) != 0 || !t->write)
		return id;
	if (member_make(t, MEMBER_ANONYMOUS, slice_of("", 0), &m) < 0 || member_index_put(t, &k, m.id) < 0 ||
	    member_store(t, &m, false, NULL) < 0)
		return 0;
	return m.id;
}

int member_set_password(struct forum_txn *t, uint32_t id, struct slice hash, struct slice scram, struct fail *f) {
	struct member m;
	int r = member_need(t, id, &m, f);
	if (r < 0)
		return r;
	if (m.kind != MEMBER_ACCOUNT)
		return fail_set(f, ERR_INVALID, "only an account has a password");
	if (hash.n > 1000 || scram.n > 1000)
		return fail_set(f, ERR_INVALID, "the password record is too long");
	m.password = hash, m.scram = scram;
	return member_store(t, &m, true, f);
}

/* index of the address, naddresses when it is not there */
static size_t member_find_address(const struct member *m, struct slice address) {
	size_t i = 0;
	while (i < m->naddresses && !slice_eq_nocase(m->addresses[i], address))
		i++;
	return i;
}

static void member_drop_address(struct member *m, size_t at) {
	m->naddresses--;
	memmove(m->addresses + at, m->addresses + at + 1, (m->naddresses - at) * sizeof *m->addresses);
}

int member_add_address(struct forum_txn *t, uint32_t id, struct slice address, struct fail *f) {
	struct member m, other;
	int r = member_need(t, id, &m, f);
	if (r < 0)
		return r;
	if (!member_address_ok(address))
		return fail_set(f, ERR_INVALID, "that is not a mail address");
	if (m.kind != MEMBER_ACCOUNT)
		return fail_set(f, ERR_INVALID, "only an account can have more addresses");
	if (m.naddresses == MEMBER_ADDRESSES_MAX)
		return fail_set(f, ERR_LIMIT, "a member can have at most %d addresses", MEMBER_ADDRESSES_MAX);
	address = member_lower(t, address);
	r = member_by_address(t, address, &other);
	if (r > 0 && (other.kind == MEMBER_ACCOUNT || other.id == id))
		return fail_set(f, ERR_EXISTS, "this address belongs to an account already");
	if (r > 0) {
		member_drop_address(&other, member_find_address(&other, address));
		r = member_store(t, &other, true, f);
	}
	if (r >= 0)
		r = member_index_address(t, address, id);
	if (r < 0)
		return fail_internal(f, "member address: %s", err_name((enum err)r));
	struct slice *v = arena_alloc(t->arena, (m.naddresses + 1) * sizeof *v);
	if (m.naddresses)
		memcpy(v, m.addresses, m.naddresses * sizeof *v);
	v[m.naddresses++] = address;
	m.addresses = v;
	return member_store(t, &m, true, f);
}

int member_del_address(struct forum_txn *t, uint32_t id, struct slice address, struct fail *f) {
	struct member m;
	int r = member_need(t, id, &m, f);
	if (r < 0)
		return r;
	size_t at = member_find_address(&m, address);
	if (at == m.naddresses)
		return fail_set(f, ERR_NOTFOUND, "the member does not have this address");
	if (m.kind == MEMBER_ACCOUNT && m.naddresses == 1)
		return fail_set(f, ERR_INVALID, "an account needs at least one address: add the new one first");
	struct key k = member_address_key(address);
	if ((r = kv_del(t->kv, key_slice(&k))) < 0)
		return fail_internal(f, "member address: %s", err_name((enum err)r));
	member_drop_address(&m, at);
	return member_store(t, &m, true, f);
}

static int member_parse_switch(struct slice v, bool *on_r, struct fail *f) {
	if (!slice_is_nocase(v, "on") && !slice_is_nocase(v, "off"))
		return fail_set(f, ERR_INVALID, "the value is on or off");
	*on_r = slice_is_nocase(v, "on");
	return 1;
}

static int member_set_name(struct member *m, struct slice v, struct fail *f) {
	v = slice_trim(v);
	if (v.n == 0)
		return fail_set(f, ERR_INVALID, "a member needs a name");
	if (m->kind == MEMBER_ANONYMOUS)
		return fail_set(f, ERR_INVALID, "the anonymous author has no name");
	m->name = v, m->renamed = true;
	return member_check_name(v, f);
}

static int member_set_primary(struct member *m, struct slice v, struct fail *f) {
	size_t at = member_find_address(m, v);
	if (at == m->naddresses)
		return fail_set(f, ERR_INVALID, "the member does not have this address");
	struct slice a = m->addresses[at];
	memmove(m->addresses + 1, m->addresses, at * sizeof a);
	m->addresses[0] = a;
	return 1;
}

/* "22-7", or off */
static int member_set_quiet(struct member *m, struct slice v, struct fail *f) {
	struct slice from;
	uint32_t a, b;
	m->quiet_from = m->quiet_to = 0;
	if (slice_is_nocase(v, "off"))
		return 1;
	if (!slice_split(&v, '-', &from) || !num_parse_u32(from, &a) || !num_parse_u32(v, &b) || a > 23 || b > 23)
		return fail_set(f, ERR_INVALID, "quiet is off or two hours (UTC), such as 22-7");
	m->quiet_from = a, m->quiet_to = b;
	return 1;
}

/* days, or off */
static int member_set_catchup(struct member *m, struct slice v, struct fail *f) {
	uint32_t days = 0;
	if (!slice_is_nocase(v, "off") && (!num_parse_u32(v, &days) || days < 1 || days > 250))
		return fail_set(f, ERR_INVALID, "catchup is off or a number of days, 1 to 250");
	m->catchup = days;
	return 1;
}

/* The memo holds the bounces of the last days, each as its time in seconds, doubled, plus one for a hard one. */
enum { MEMBER_BOUNCES_KEPT = 32 };

/* the operator's figure counts as so many hard bounces of today */
static int member_set_bounces(struct forum_txn *t, struct member *m, struct slice value, struct fail *f) {
	char key[4], kept[MEMBER_BOUNCES_KEPT * 8];
	unsigned n = 0;
	int r;
	if (!num_parse_u32(value, &m->bounces))
		return fail_set(f, ERR_INVALID, "bounces is a number");
	num_put32(key, m->id);
	for (; n < m->bounces && n < MEMBER_BOUNCES_KEPT; n++)
		num_put64(kept + 8 * n, (uint64_t)t->time * 2 + 1);
	if (n)
		r = memo_put(t, MEMO_BOUNCE, slice_of(key, 4), slice_of(kept, 8 * n), t->time + MEMBER_BOUNCE_DAYS * 86400);
	else
		r = memo_del(t, MEMO_BOUNCE, slice_of(key, 4));
	return r < 0 ? fail_set(f, ERR_UNAVAILABLE, "try again later") : 1;
}

int member_set(struct forum_txn *t, uint32_t id, struct slice key, struct slice value, struct fail *f) {
	struct member m;
	bool on;
	int r = member_need(t, id, &m, f);
	if (r < 0)
		return r;
	if (slice_is(key, "name")) {
		r = member_set_name(&m, value, f);
	} else if (slice_is(key, "primary")) {
		r = member_set_primary(&m, value, f);
	} else if (slice_is(key, "mark-on-read")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.mark_on_read = on;
	} else if (slice_is(key, "left")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.left = on;
	} else if (slice_is(key, "receipts")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.no_receipts = !on;
	} else if (slice_is(key, "replies")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.no_replies = !on;
	} else if (slice_is(key, "aside")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.aside = on;
	} else if (slice_is(key, "mail-marks")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.mail_marks = on;
	} else if (slice_is(key, "private")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.private_mail = on;
	} else if (slice_is(key, "gateway")) {
		if ((r = member_parse_switch(value, &on, f)) > 0)
			m.gateway = on;
	} else if (slice_is(key, "catchup")) {
		r = member_set_catchup(&m, value, f);
	} else if (slice_is(key, "quiet")) {
		r = member_set_quiet(&m, value, f);
	} else if (slice_is(key, "bounces")) {
		r = member_set_bounces(t, &m, value, f);
	} else {
		r = fail_set(f, ERR_INVALID,
			"no such setting: name, mark-on-read, left, bounces, primary, receipts, replies, aside, quiet, mail-marks, private, gateway, catchup");
	}
	return r < 0 ? r : member_store(t, &m, true, f);
}

/* READER is a restriction and stands alone in its group: giving another role there lifts it, giving it takes the others
 */
int member_set_role(struct forum_txn *t, uint32_t id, enum role role, uint32_t group, struct fail *f) {
	struct member m;
	size_t n = 0;
	int r = member_need(t, id, &m, f);
	if (r < 0)
		return r;
	if (m.kind != MEMBER_ACCOUNT)
		return fail_set(f, ERR_INVALID, "only an account can have a role");
	struct member_role *v = arena_alloc(t->arena, (m.nroles + 1) * sizeof *v);
	for (size_t i = 0; i < m.nroles; i++) {
		bool gone = m.roles[i].group == group && (role == ROLE_NONE || role == ROLE_READER ||
			m.roles[i].role == ROLE_READER || m.roles[i].role == role);
		if (!gone)
			v[n++] = m.roles[i];
	}
	if (role != ROLE_NONE) {
		if (n == MEMBER_ROLES_MAX)
			return fail_set(f, ERR_LIMIT, "a member can have at most %d roles", MEMBER_ROLES_MAX);
		v[n++] = (struct member_role){ role, group };
	}
	m.roles = v, m.nroles = n;
	return (r = forum_rights_changed(t)) < 0 ? fail_internal(f, "rights: %s", err_name((enum err)r))
											 : member_store(t, &m, true, f);
}

bool member_has_role(const struct member *m, enum role role, uint32_t group) {
	for (size_t i = 0; i < m->nroles; i++)
		if (m->roles[i].role == role && (m->roles[i].group == 0 || m->roles[i].group == group))
			return true;
	return false;
}

bool member_takes_mail(const struct member *m) {
	return m->kind == MEMBER_ACCOUNT && !m->left && !m->aside && m->naddresses > 0 && m->bounces < MEMBER_BOUNCES_MAX;
}

int member_note_login(struct forum_txn *t, uint32_t id) {
	struct member m;
	int r = member_get(t, id, &m);
	if (r <= 0)
		return r == 0 ? ERR_NOTFOUND : r;
	if (m.kind != MEMBER_ACCOUNT || (m.last_login <= t->time && t->time - m.last_login < 3600))
		return 1;
	if (m.catchup && m.last_login && t->time - m.last_login >= (int64_t)m.catchup * 86400 &&
	    (r = mailq_add_catchup(t, id, m.last_login)) < 0)
		return r;
	m.last_login = t->time;
	return member_store(t, &m, false, NULL);
}

/* Those that are over go when the next one comes; a member whose mail is paused gets none, so his score stays. */
static int member_bounce(struct forum_txn *t, uint32_t id, bool hard) {
	char key[4], kept[MEMBER_BOUNCES_KEPT * 8];
	struct slice old;
	struct member m;
	unsigned n = 0, points = hard ? 2 : 1;
	int r = member_get(t, id, &m);
	if (r <= 0)
		return r == 0 ? ERR_NOTFOUND : r;
	if (m.kind != MEMBER_ACCOUNT)
		return 1;
	num_put32(key, id);
	r = memo_get(t, MEMO_BOUNCE, slice_of(key, 4), &old);
	for (; r > 0 && old.n >= 8 && n + 1 < MEMBER_BOUNCES_KEPT; old = slice_from(old, 8)) {
		uint64_t v = num_get64(old.p);
		if ((int64_t)(v / 2) < t->time - MEMBER_BOUNCE_DAYS * 86400)
			continue;
		points += v & 1 ? 2 : 1;
		num_put64(kept + 8 * n++, v);
	}
	num_put64(kept + 8 * n++, (uint64_t)t->time * 2 + hard);
	r = memo_put(t, MEMO_BOUNCE, slice_of(key, 4), slice_of(kept, 8 * n), t->time + MEMBER_BOUNCE_DAYS * 86400);
	bool paused = m.bounces >= MEMBER_BOUNCES_MAX;
	if (!paused || points / 2 > m.bounces)
		m.bounces = points / 2;
	if (r >= 0)
		r = member_store(t, &m, true, NULL);
	return r < 0 ? r : !paused && m.bounces >= MEMBER_BOUNCES_MAX ? 2 : 1;
}

int member_note_bounce(struct forum_txn *t, uint32_t id) {
	return member_bounce(t, id, true);
}

int member_note_bounce_soft(struct forum_txn *t, uint32_t id) {
	return member_bounce(t, id, false);
}

/* deletes all keys that begin with the first n octets of k; for S keys also the reverse s entry */
static int member_drop_prefix(struct forum_txn *t, const struct key *k) {
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	/* the seek is repeated after each deletion: the place of a cursor does not survive it */
	while ((r = kv_seek(c, key_slice(k), &key, &v)) > 0 && key_has_prefix(key, k, k->n)) {
		struct key one;
		key_begin(&one, key.p[0]);
		key_bytes(&one, slice_from(key, 1));
		if (one.b[0] == 'S' && one.n == 9) {
			struct key back = key_2u32('s', num_get32(one.b + 5), num_get32(one.b + 1));
			if ((r = kv_del(t->kv, key_slice(&back))) < 0)
				break;
		}
		if ((r = kv_del(t->kv, key_slice(&one))) < 0)
			break;
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

/* The name key of a record that was renamed cannot be computed: look through all of them (authors without an address
 * are few, removal is rare). */
static int member_drop_name_key(struct forum_txn *t, uint32_t id) {
	struct key from = member_index_key('n', slice_of("", 0)), found = { 0 };
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&from), &key, &v); r > 0 && key_has_prefix(key, &from, 2); r = kv_next(c, &key, &v)) {
		if (v.n == 4 && num_get32(v.p) == id) {
			found = key_name('u', slice_from(key, 1));
			break;
		}
	}
	kv_cursor_close(&c);
	return r < 0 || !found.n ? r : kv_del(t->kv, key_slice(&found));
}

/* subscriptions, marks, keywords, notes on mailboxes, and which mailboxes his programs show */
static int member_drop_settings(struct forum_txn *t, uint32_t id) {
	static const char families[] = "SFfkhc";
	struct key shown = key_name('M', arena_slicef(t->arena, "imap-subscribed-%u", id));
	struct key looked = key_name('M', arena_slicef(t->arena, "boxes-looked-%u", id));
	int r = kv_del(t->kv, key_slice(&shown));
	if (r >= 0)
		r = kv_del(t->kv, key_slice(&looked));
	struct slice cursor = { 0 };
	struct group g = { 0 };
	/* what he agreed to: of the forum (0), then of each group */
	for (int more = 1; more > 0 && r >= 0; more = group_each(t, &cursor, &g)) {
		struct key agreed = key_name('M', arena_slicef(t->arena, "accepted:%u:%u", g.id, id));
		cursor = arena_slice(t->arena, cursor);
		r = kv_del(t->kv, key_slice(&agreed));
	}
	for (const char *family = families; *family && r >= 0; family++) {
		struct key k = key_1u32(*family, id);
		r = member_drop_prefix(t, &k);
	}
	return r;
}

int member_remove(struct forum_txn *t, uint32_t id, bool erase_posts, struct fail *f) {
	struct member m;
	int r = member_need(t, id, &m, f);
	if (r < 0)
		return r;
	if (m.kind == MEMBER_ANONYMOUS)
		return fail_set(f, ERR_INVALID, "the anonymous author cannot be removed");
	for (size_t i = 0; i < m.naddresses && r >= 0; i++) {
		struct key k = member_address_key(m.addresses[i]);
		r = kv_del(t->kv, key_slice(&k));
	}
	if (r < 0 || (r = member_drop_name_key(t, id)) < 0 || (r = member_drop_settings(t, id)) < 0)
		return fail_internal(f, "removing member %u: %s", id, err_name((enum err)r));
	if ((r = personal_forget(t, id, f)) < 0 || (erase_posts && (r = erase_begin(t, id, f)) < 0))
		return r;
	struct member gone = { .id = id, .kind = MEMBER_GONE, .created = m.created, .renamed = true, .left = true };
	return member_store(t, &gone, true, f);
}
