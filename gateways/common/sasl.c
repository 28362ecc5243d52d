/* A mechanism is one row: its name, when it is offered, what it says first, and a step that gets one decoded message.
 * Whatever proves or refutes, the outcome goes through the session's login check, so brakes, counts, words and waiting
 * are the same for all. The server's own proof of SCRAM is sent only after that check: it would tell the outcome. */
#include "gateways/common/sasl.h"
#include "forumd/base/base64.h"
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/forum/member.h"
#include "gateways/common/sasl_scram.h"

#define SASL_NAME_MAX 255
#define SASL_PASSWORD_MAX 1024

struct mechanism {
	const char *name;
	unsigned flag;                                  /* the door must ask for it; 0 every door */
	bool secret;                                    /* the password itself travels: TLS first */
	bool (*offered)(const struct session *s);       /* NULL: always */
	const char *hello;                              /* first challenge, when the server speaks first */
	int (*step)(struct sasl *x, struct slice message, struct buf *challenge);
};
struct sasl {
	struct session *session;
	const struct mechanism *mechanism;
	unsigned flags;
	struct sasl_scram *scram;
	struct buf message, name, final;                /* final: due to the client with the success */
	uint32_t member;
	bool proven;                                    /* only the last, empty line is missing */
};

static void wipe(struct buf *b) {
	if (b->data)
		explicit_bzero(b->data, b->size);
	buf_free(b);
}

void sasl_free(struct sasl **x) {
	if (!*x)
		return;
	sasl_scram_free(&(*x)->scram);
	wipe(&(*x)->message);
	buf_free(&(*x)->name);
	buf_free(&(*x)->final);
	mem_free(*x);
	*x = NULL;
}

uint32_t sasl_member(const struct sasl *x) {
	return x->member;
}

/* an account that may log in, by any of its addresses; 1 with *m_r, 0, < 0 */
static int find_account(struct forum_txn *t, struct slice address, struct member *m_r) {
	struct buf key = { 0 };
	struct slice a = slice_to(slice_trim(address), SASL_NAME_MAX);
	for (size_t i = 0; i < a.n; i++)
		buf_addc(&key, text_lower(a.p[i]));
	int r = a.n ? member_by_address(t, buf_slice(&key), m_r) : 0;
	buf_free(&key);
	return r > 0 && (m_r->kind != MEMBER_ACCOUNT || m_r->left) ? 0 : r;
}

/* ---- PLAIN ---- */

int sasl_plain(struct slice all, struct slice *name_r, struct slice *password_r) {
	ptrdiff_t first = slice_chr(all, 0);
	if (first < 0)
		return ERR_SYNTAX;
	struct slice authzid = slice_to(all, (size_t)first), rest = slice_from(all, (size_t)first + 1);
	ptrdiff_t second = slice_chr(rest, 0);
	if (second < 0)
		return ERR_SYNTAX;
	struct slice name = slice_to(rest, (size_t)second), password = slice_from(rest, (size_t)second + 1);
	if (!name.n || !password.n || name.n > SASL_NAME_MAX || password.n > SASL_PASSWORD_MAX ||
		slice_chr(password, 0) >= 0)
		return ERR_SYNTAX;
	if (!text_utf8_valid(all))
		return ERR_SYNTAX;
	if (authzid.n && !slice_eq(authzid, name))
		return ERR_DENIED;
	*name_r = name;
	*password_r = password;
	return 1;
}

static int plain_step(struct sasl *x, struct slice message, struct buf *challenge) {
	struct slice name, password;
	(void)challenge;
	int e = sasl_plain(message, &name, &password);
	if (e < 0)
		return e;
	session_check_password(x->session, name, password);
	return SASL_CHECK;
}

/* ---- LOGIN ---- */

static int login_step(struct sasl *x, struct slice message, struct buf *challenge) {
	bool password = buf_len(&x->name) > 0;
	if (!message.n || message.n > (password ? SASL_PASSWORD_MAX : SASL_NAME_MAX) || slice_chr(message, 0) >= 0)
		return ERR_SYNTAX;
	if (password) {
		session_check_password(x->session, buf_slice(&x->name), message);
		return SASL_CHECK;
	}
	buf_add_slice(&x->name, message);
	buf_adds(challenge, "Password:");
	return SASL_CHALLENGE;
}

/* ---- SCRAM ---- */

static bool plus_offered(const struct session *s) {
	unsigned char binding[32];
	return conn_tls_exporter(s->conn, binding);
}

/* The made-up record is made for everybody: the same work. */
static int scram_record(void *arg, struct slice name, struct slice authzid, struct buf *record) {
	struct sasl *x = arg;
	struct member m;
	struct forum_txn *t = session_read(x->session);
	if (!name.n || name.n > SASL_NAME_MAX)
		return ERR_SYNTAX;
	if (authzid.n && !slice_eq(authzid, name))
		return ERR_DENIED;
	if (!t)
		return ERR_UNAVAILABLE;
	buf_add_slice(&x->name, name);
	struct slice key = slice_trim(name);
	struct buf lower = { 0 };
	for (size_t i = 0; i < key.n; i++)
		buf_addc(&lower, text_lower(key.p[i]));
	sasl_scram_fake(forum_secret(t), buf_slice(&lower), record);
	buf_free(&lower);
	struct slice address, program;
	struct app app;
	*x->session->app = 0;
	app_split_login(slice_trim(name), &address, &program);
	int r = find_account(t, address, &m);
	if (r < 0)
		return ERR_UNAVAILABLE;
	if (r > 0 && program.n) {
		if (app_get(t, m.id, program, &app) > 0 && (app.doors & session_door(x->session)) && app.scram.n) {
			x->member = m.id;
			slice_cstr(app.name, x->session->app, sizeof x->session->app);
			buf_reset(record);
			buf_add_slice(record, app.scram);
		}
	} else if (r > 0 && m.scram.n && m.password.n) {
		x->member = m.id;
		buf_reset(record);
		buf_add_slice(record, m.scram);
	}
	return 1;
}

static int scram_step(struct sasl *x, struct slice message, struct buf *challenge) {
	unsigned char binding[32];
	struct buf out = { 0 };
	if (!x->scram) {
		bool have = conn_tls_exporter(x->session->conn, binding);
		x->scram = sasl_scram_new(x->mechanism->offered != NULL, slice_of(binding, have ? 32 : 0), scram_record, x);
	}
	int r = sasl_scram_step(x->scram, message, &out);
	buf_add_slice(r == 1 ? &x->final : challenge, buf_slice(&out));
	buf_free(&out);
	if (r == 0)
		return SASL_CHALLENGE;
	if (r < 0 && r != ERR_LOGIN)
		return r;
	session_check_proof(x->session, buf_slice(&x->name), r == 1 ? x->member : 0);
	return SASL_CHECK;
}

/* ---- EXTERNAL ---- */

static bool external_offered(const struct session *s) {
	struct buf addresses = { 0 };
	bool some = conn_tls_addresses(s->conn, &addresses);
	buf_free(&addresses);
	return some;
}

/* authzid: empty, or an address of the same member */
static int external_step(struct sasl *x, struct slice authzid, struct buf *challenge) {
	struct buf addresses = { 0 };
	struct slice rest, line, name = SLICE("");
	struct member m, other;
	uint32_t member = 0;
	int r = 0;
	(void)challenge;
	*x->session->app = 0;
	struct forum_txn *t = session_read(x->session);
	if (!t)
		return ERR_UNAVAILABLE;
	conn_tls_addresses(x->session->conn, &addresses);
	for (rest = buf_slice(&addresses); !member && r >= 0 && slice_line(&rest, &line);) {
		name = line;
		if ((r = find_account(t, line, &m)) > 0)
			member = m.id;
	}
	if (r >= 0 && authzid.n && member && ((r = find_account(t, authzid, &other)) == 0 || (r > 0 && other.id != member)))
		r = ERR_DENIED;
	if (r >= 0)
		session_check_proof(x->session, name, member);
	buf_free(&addresses);
	return r >= 0 ? SASL_CHECK : r == ERR_DENIED ? r : ERR_UNAVAILABLE;
}

/* ---- the exchange ---- */

static const struct mechanism mechanisms[] = {
	{ "SCRAM-SHA-256-PLUS", 0, false, plus_offered, NULL, scram_step },
	{ "SCRAM-SHA-256", 0, false, NULL, NULL, scram_step },
	{ "EXTERNAL", 0, false, external_offered, NULL, external_step },
	{ "PLAIN", 0, true, NULL, NULL, plain_step },
	{ "LOGIN", SASL_WITH_LOGIN, true, NULL, "Username:", login_step },
};
#define MECHANISMS (sizeof mechanisms / sizeof *mechanisms)

static bool known(const struct mechanism *m, const struct session *s, unsigned flags) {
	return (!m->flag || (m->flag & flags)) && (!m->offered || m->offered(s));
}

bool sasl_mechanisms(const struct session *s, unsigned flags, const char *prefix, struct buf *out) {
	bool any = false;
	for (unsigned i = 0; i < MECHANISMS; i++) {
		const struct mechanism *m = &mechanisms[i];
		if (!known(m, s, flags) || (m->secret && !session_may_login(s)))
			continue;
		buf_adds(out, prefix);
		buf_adds(out, m->name);
		any = true;
	}
	return any;
}

static int find(const struct session *s, unsigned flags, struct slice name, const struct mechanism **m_r) {
	for (unsigned i = 0; i < MECHANISMS; i++) {
		const struct mechanism *m = &mechanisms[i];
		if (!slice_is_nocase(name, m->name) || !known(m, s, flags))
			continue;
		*m_r = m;
		return m->secret && !session_may_login(s) ? ERR_LOGIN : 1;
	}
	return ERR_NOTFOUND;
}

int sasl_line(struct sasl *x, struct slice line, struct buf *out) {
	struct buf challenge = { 0 };
	if (slice_is(line, "*"))
		return ERR_GONE;
	if (x->proven)
		return line.n ? ERR_SYNTAX : SASL_DONE;
	if (line.n > SASL_LINE_MAX)
		return ERR_SYNTAX;
	wipe(&x->message);
	if (line.n && !base64_decode(line, &x->message))
		return ERR_INVALID;
	int r = x->mechanism->step(x, buf_slice(&x->message), &challenge);
	wipe(&x->message);
	if (r == SASL_CHALLENGE)
		base64_encode(buf_slice(&challenge), out);
	buf_free(&challenge);
	return r;
}

int sasl_start(struct session *s, unsigned flags, struct slice mechanism, const struct slice *initial,
	struct sasl **x_r, struct buf *out) {
	const struct mechanism *m = NULL;
	*x_r = NULL;
	int r = find(s, flags, mechanism, &m);
	if (r < 0)
		return r;
	struct sasl *x = mem_zalloc(sizeof *x);
	x->session = s;
	x->mechanism = m;
	x->flags = flags;
	if (!initial) {
		if (m->hello)
			base64_encode(slice_str(m->hello), out);
		*x_r = x;
		return SASL_CHALLENGE;
	}
	r = sasl_line(x, slice_is(*initial, "=") ? slice_of("", 0) : *initial, out);
	if (r < 0)
		sasl_free(&x);
	*x_r = x;
	return r;
}

int sasl_answer(struct sasl *x, const struct auth_result *r, struct buf *out) {
	if (!r->ok)
		return r->err < 0 ? (int)r->err : ERR_DENIED;
	x->member = r->member;
	base64_encode(buf_slice(&x->final), out);
	if ((x->flags & SASL_FINAL_DATA) || !buf_len(&x->final))
		return SASL_DONE;
	x->proven = true;
	return SASL_CHALLENGE;
}
