/* fetch_run.c - one feed once: pull is GROUP, OVER and ARTICLE there and IHAVE here, push the same the other way round. The
 * place is the last number looked at; it is kept in forumd after each stretch, so that what is interrupted is only
 * offered again (435). Numbers that went backwards (the other server was made anew) begin again at its first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/vec.h"
#include "gateways/fetch/fetch.h"

#define STRETCH 500             /* numbers asked for at once */
#define ID_MAX 250

struct offer { uint32_t number; char id[ID_MAX + 1]; };
struct run {
	struct fetch_conn *local, *from, *to;
	const struct fetch_feed *feed;
	const char *group;
	bool push;
	struct buf article;
	VEC(struct offer) offers;
	unsigned taken, refused;
};

static const char *run_way(const struct run *r) {
	return r->push ? "push" : "pull";
}

static int run_trouble(const struct run *r, struct fetch_conn *c, const char *what) {
	log_warn("fetch", "feed=%s %s group=%s: %s: %s", r->feed->name, run_way(r), r->group, what,
		c->dead ? c->why : buf_bytes(&c->line) ? buf_bytes(&c->line) : "");
	return 0;
}

static int run_keep_place(struct run *r, uint32_t number) {
	int code = fetch_command(r->local, "XFEED PLACE %s %s %s %u", run_way(r), r->feed->name, r->group, number);
	return code < 0 ? code : code == 223 ? 1 : run_trouble(r, r->local, "place");
}

static void run_offer(struct run *r, struct slice line) {
	struct slice piece = slice_of("", 0), number = piece;
	uint64_t v;
	for (int i = 0; i < 5; i++) {
		if (!slice_split(&line, '\t', &piece))
			return;
		if (i == 0)
			number = piece;
	}
	struct offer o;
	if (!num_parse_u64(number, &v) || v > UINT32_MAX || piece.n < 3 || piece.p[0] != '<' || slice_chr(piece, ' ') >= 0 ||
	    !slice_cstr(piece, o.id, sizeof o.id))
		return;
	o.number = (uint32_t)v;
	vec_push(&r->offers, o);
}

/* ids of lo..hi: 1, 0 trouble, < 0 */
static int run_list(struct run *r, uint32_t lo, uint32_t hi) {
	int code = fetch_command(r->from, "OVER %u-%u", lo, hi), line;
	r->offers.n = 0;
	if (code == 500)
		code = fetch_command(r->from, "XOVER %u-%u", lo, hi);
	if (code == 420 || code == 423)
		return 1;
	if (code != 224)
		return code < 0 ? code : run_trouble(r, r->from, "overview");
	while ((line = fetch_text_line(r->from)) > 0)
		run_offer(r, buf_slice(&r->from->line));
	return line < 0 ? line : 1;
}

/* One article: 1 dealt with, 0 try again another time, < 0 */
static int run_hand_over(struct run *r, const struct offer *o) {
	int code = fetch_command(r->to, "IHAVE %s", o->id), got;
	if (code == 435)
		return 1;
	if (code != 335)
		return code < 0 ? code : run_trouble(r, r->to, "IHAVE");
	got = fetch_command(r->from, "ARTICLE %u", o->number);
	if (got == 220)
		got = fetch_article(r->from, &r->article);
	else
		got = got < 0 ? got : 0;
	/* it was asked for: an empty one is refused, and the conversation goes on */
	int sent = fetch_send(r->to, got > 0 ? buf_slice(&r->article) : SLICE(".\r\n"));
	if (got < 0 || sent < 0 || (code = fetch_answer(r->to)) < 0)
		return ERR_UNAVAILABLE;
	if (code == 235)
		r->taken++;
	else if (code == 437)
		r->refused++;
	else
		return run_trouble(r, r->to, "article");
	return 1;
}

static int run_stretch(struct run *r, uint32_t lo, uint32_t hi) {
	int n = run_list(r, lo, hi);
	for (size_t i = 0; n > 0 && i < r->offers.n; i++) {
		n = run_hand_over(r, &r->offers.v[i]);
		if (n <= 0 && r->offers.v[i].number > lo && !r->local->dead)
			run_keep_place(r, r->offers.v[i].number - 1);
	}
	return n > 0 ? run_keep_place(r, hi) : n;
}

/* "211 count low high group", "223 number" */
static bool run_numbers(struct fetch_conn *c, uint32_t *v, int n) {
	struct slice rest = slice_from(buf_slice(&c->line), 3), word;
	uint64_t x;
	for (int i = 0; i < n; i++) {
		if (!slice_word(&rest, &word) || !num_parse_u64(word, &x) || x > UINT32_MAX)
			return false;
		v[i] = (uint32_t)x;
	}
	return true;
}

static int run_group(struct run *r) {
	uint32_t v[3], place;
	int code = fetch_command(r->from, "GROUP %s", r->group), n = 1;
	if (code != 211 || !run_numbers(r->from, v, 3))
		return code < 0 ? code : run_trouble(r, r->from, "GROUP");
	code = fetch_command(r->local, "XFEED PLACE %s %s %s", run_way(r), r->feed->name, r->group);
	/* pushing: the selected group is that of the same conversation, and stays */
	if (code != 223 || !run_numbers(r->local, &place, 1))
		return code < 0 ? code : run_trouble(r, r->local, "place");
	if (place > v[2])
		place = 0;
	uint32_t lo = place + 1 > v[1] ? place + 1 : v[1];
	while (n > 0 && lo && lo <= v[2]) {
		uint32_t hi = v[2] - lo < STRETCH ? v[2] : lo + STRETCH - 1;
		n = run_stretch(r, lo, hi);
		lo = hi + 1;
	}
	return n;
}

/* ---- logging in there -------------------------------------------------------------------------------------------------- */

static bool run_password(const char *file, char *out, size_t size) {
	FILE *in = fopen(file, "re");
	bool good = in && fgets(out, (int)size, in);
	if (in)
		fclose(in);
	if (good)
		out[strcspn(out, "\r\n")] = 0;
	return good;
}

static bool run_is_loopback(const char *host) {
	return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

static int run_login(struct run *r, struct fetch_conn *c) {
	const struct fetch_feed *f = r->feed;
	char password[256];
	if (!*f->user)
		return 1;
	if (strcmp(f->tls, "verify") != 0 && !run_is_loopback(f->host))
		return run_trouble(r, c, "no password without TLS");
	if (!run_password(f->password_file, password, sizeof password))
		return run_trouble(r, c, "the password file cannot be read");
	int code = fetch_command(c, "AUTHINFO USER %s", f->user);
	if (code == 381)
		code = fetch_command(c, "AUTHINFO PASS %s", password);
	explicit_bzero(password, sizeof password);
	return code == 281 ? 1 : run_trouble(r, c, "login");
}

/* One direction: every group over one conversation there. */
static int run_direction(struct fetch_conn *local, const struct fetch_feed *f, bool push) {
	struct fetch_conn there;
	struct run r = { .local = local, .feed = f, .group = "*", .push = push };
	char groups[sizeof f->groups], *save = NULL;
	int n = fetch_open(&there, f->host, f->port, strcmp(f->tls, "verify") == 0);
	r.from = push ? local : &there;
	r.to = push ? &there : local;
	if (n < 0)
		run_trouble(&r, &there, "connecting");
	/* INN gives readers another program; IHAVE is said to the first */
	else if (!push && fetch_command(&there, "MODE READER") < 0)
		n = run_trouble(&r, &there, "MODE READER");
	if (n > 0)
		n = run_login(&r, &there);
	strcpy(groups, f->groups);
	for (char *g = n > 0 ? strtok_r(groups, ", \t", &save) : NULL; g && !there.dead && !local->dead; g = strtok_r(NULL, ", \t", &save)) {
		r.group = g;
		if (run_group(&r) < 0 && there.dead)
			run_trouble(&r, &there, "conversation");
	}
	if (r.taken || r.refused)
		log_info("fetch", "feed=%s %s taken=%u refused=%u", f->name, run_way(&r), r.taken, r.refused);
	fetch_close(&there);
	buf_free(&r.article);
	vec_free(&r.offers);
	return local->dead ? ERR_UNAVAILABLE : 1;
}

int fetch_run(struct fetch_conn *local, const struct fetch_feed *f) {
	int r = 1;
	if (strcmp(f->direction, "push") != 0)
		r = run_direction(local, f, false);
	if (r > 0 && strcmp(f->direction, "pull") != 0)
		r = run_direction(local, f, true);
	return r;
}
