/* fetch_run.c - one feed once: pull is GROUP, OVER and ARTICLE there and IHAVE here, push the same the other way round,
 * with CHECK and TAKETHIS (RFC 4644) where the other server streams. Pushing brings cancels of what was deleted here in
 * the same way;
 * pulling looks into control.cancel there, for those of articles that are here. The
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

#define STRETCH 500             /* numbers asked for at once; where nothing is, more and more of them */
#define STRETCH_MAX (1u << 20)
#define OFFERS_MAX 5000         /* of one list: when there are more, fewer numbers are asked for */
#define ID_MAX 250
#define WORDS_MAX 50            /* of what is reported */
#define WINDOW 40               /* offers under way at once; their answers fit any socket's buffer */

/* An article of the side that gives; with a target, the cancel that withdraws that post of ours; about: it is a cancel
 * of theirs that seems to withdraw that post */
struct offer { uint32_t number; char id[ID_MAX + 1], target[ID_MAX + 1], about[ID_MAX + 1]; };
struct run {
	struct fetch_conn *local, *from, *to;
	const struct fetch_feed *feed;
	const char *group;
	bool push, stream, overflow, control;      /* control: the group is that of their cancels */
	struct buf article;
	VEC(struct offer) offers;
	unsigned taken, refused, cancelled;
	char trouble[300];
};

/* what forumd was told last, by feed and direction */
struct fetch_said { char name[64]; bool push, told; char text[300]; };
static VEC(struct fetch_said) all_said;

static struct fetch_said *fetch_said_of(const char *name, bool push) {
	for (size_t i = 0; i < all_said.n; i++)
		if (all_said.v[i].push == push && strcmp(all_said.v[i].name, name) == 0)
			return &all_said.v[i];
	struct fetch_said one = { .push = push };
	snprintf(one.name, sizeof one.name, "%s", name);
	vec_push(&all_said, one);
	return &all_said.v[all_said.n - 1];
}

static const char *run_way(const struct run *r) {
	return r->push ? "push" : "pull";
}

static int run_trouble(struct run *r, struct fetch_conn *c, const char *what) {
	const char *why = c->dead ? c->why : buf_bytes(&c->line) ? buf_bytes(&c->line) : "";
	log_warn("fetch", "feed=%s %s group=%s: %s: %s", r->feed->name, run_way(r), r->group, what, why);
	/* the first is what the others come from */
	if (!*r->trouble)
		snprintf(r->trouble, sizeof r->trouble, "%s: %s: %.100s", r->group, what, why);
	return 0;
}

/* what they say next would be taken for an answer to something else */
static int run_confused(struct run *r, struct fetch_conn *c, const char *what) {
	run_trouble(r, c, what);
	snprintf(c->why, sizeof c->why, "an answer that fits nothing");
	c->dead = true;
	return ERR_UNAVAILABLE;
}

/* forumd shows it with the feed; told when it changes, and once at the start */
static void run_report(struct run *r) {
	const struct fetch_feed *f = r->feed;
	struct fetch_said *said = fetch_said_of(f->name, r->push);
	if (r->local->dead || (said->told && strcmp(said->text, r->trouble) == 0))
		return;
	/* a command has so many words only */
	unsigned words = 0;
	for (char *p = r->trouble; *p; p++) {
		if ((unsigned char)*p <= ' ')
			*p = ++words < WORDS_MAX ? ' ' : '_';
	}
	if (fetch_command(r->local, "XFEED STATE %s %s %s", run_way(r), f->name, *r->trouble ? r->trouble : "ok") == 223) {
		said->told = true;
		strcpy(said->text, r->trouble);
	}
}

static int run_keep_place(struct run *r, uint32_t number) {
	int code = fetch_command(r->local, "XFEED PLACE %s %s %s %u", run_way(r), r->feed->name, r->group, number);
	return code < 0 ? code : code == 223 ? 1 : run_trouble(r, r->local, "place");
}

/* "cmsg cancel <id>": the id, or empty */
static struct slice run_cancels(struct slice subject) {
	struct slice word;
	while (slice_word(&subject, &word))
		if (word.n > 2 && word.p[0] == '<')
			return word;
	return slice_of("", 0);
}

static void run_offer(struct run *r, struct slice line, uint32_t lo, uint32_t hi) {
	struct slice piece = slice_of("", 0), number = piece, subject = piece;
	uint64_t v;
	for (int i = 0; i < 5; i++) {
		if (!slice_split(&line, '\t', &piece))
			return;
		if (i == 0)
			number = piece;
		if (i == 1)
			subject = piece;
	}
	struct offer o = { .number = 0 };
	if (!num_parse_u64(number, &v) || v < lo || v > hi || piece.n < 3 || piece.p[0] != '<' ||
		slice_chr(piece, ' ') >= 0 || !slice_cstr(piece, o.id, sizeof o.id))
		return;
	o.number = (uint32_t)v;
	if (r->control && !slice_cstr(run_cancels(subject), o.about, sizeof o.about))
		o.about[0] = 0;
	if (r->offers.n < OFFERS_MAX)
		vec_push(&r->offers, o);
	else
		r->overflow = true;
}

/* ids of lo..hi: 1, 0 trouble, < 0 */
static int run_list(struct run *r, uint32_t lo, uint32_t hi) {
	int code = fetch_command(r->from, "OVER %u-%u", lo, hi), line;
	r->offers.n = 0;
	r->overflow = false;
	if (code == 500)
		code = fetch_command(r->from, "XOVER %u-%u", lo, hi);
	if (code == 420 || code == 423)
		return 1;
	if (code != 224)
		return code < 0 ? code : run_trouble(r, r->from, "overview");
	while ((line = fetch_text_line(r->from)) > 0)
		run_offer(r, buf_slice(&r->from->line), lo, hi);
	return line < 0 ? line : 1;
}

/* the article itself into r->article: 1; 0 it went away, or cannot be handed on; < 0 */
static int run_read(struct run *r, const struct offer *o) {
	int code = *o->target ? fetch_command(r->from, "XFEED CANCEL %s", o->target)
						  : fetch_command(r->from, "ARTICLE %u", o->number);
	return code < 0 ? code : code == 220 ? fetch_article(r->from, &r->article) : 0;
}

static void run_count(struct run *r, const struct offer *o, bool taken) {
	++*(!taken ? &r->refused : *o->target || r->control ? &r->cancelled : &r->taken);
}

/* Most cancels of a big server are about what never was here: those need not be fetched. 1, < 0 */
static int run_only_ours(struct run *r) {
	size_t kept = 0;
	for (size_t i = 0; i < r->offers.n; i++) {
		int code = *r->offers.v[i].about ? fetch_command(r->local, "CHECK %s", r->offers.v[i].about) : 438;
		if (code < 0)
			return code;
		if (code != 238)
			r->offers.v[kept++] = r->offers.v[i];
	}
	r->offers.n = kept;
	return 1;
}

/* One article: 1 dealt with, 0 try again another time, < 0 */
static int run_hand_over(struct run *r, const struct offer *o) {
	int code = fetch_command(r->to, "IHAVE %s", o->id), got;
	if (code == 435)
		return 1;
	if (code != 335)
		return code < 0 ? code : run_trouble(r, r->to, "IHAVE");
	got = run_read(r, o);
	/* it was asked for: an empty one is refused, and the conversation goes on */
	int sent = fetch_send(r->to, got > 0 ? buf_slice(&r->article) : SLICE(".\r\n"));
	/* the answer is read even when the other side is gone: else it would be taken for that of the next command */
	code = sent < 0 ? sent : fetch_answer(r->to);
	if (got < 0 || code < 0)
		return ERR_UNAVAILABLE;
	if (code != 235 && code != 437)
		return run_trouble(r, r->to, "article");
	run_count(r, o, code == 235);
	return 1;
}

/* ---- streaming --------------------------------------------------------------------------------------------------------- */

/* "238 <id>": the offer of this window it is about; SIZE_MAX none */
static size_t stream_which(const struct run *r, const struct offer *v, size_t n) {
	struct slice rest = slice_from(buf_slice(&r->to->line), 3), id;
	if (!slice_word(&rest, &id))
		return SIZE_MAX;
	for (size_t i = 0; i < n; i++)
		if (slice_is(id, v[i].id))
			return i;
	return SIZE_MAX;
}

/* who wants what: 1; < 0 the conversation is over. An offer that must be made again (431) is in later[]. */
static int stream_check(struct run *r, const struct offer *v, size_t n, bool *wanted, bool *later) {
	struct buf b = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "CHECK %s\r\n", v[i].id);
	int code = fetch_send(r->to, buf_slice(&b));
	buf_free(&b);
	for (size_t k = 0; k < n && code > 0; k++) {
		code = fetch_answer(r->to);
		size_t i = code > 0 ? stream_which(r, v, n) : SIZE_MAX;
		if (code > 0 && i == SIZE_MAX)
			return run_confused(r, r->to, "CHECK");
		if (code > 0)
			wanted[i] = code == 238, later[i] = code != 238 && code != 438;
	}
	return code < 0 ? code : 1;
}

/* TAKETHIS of what is wanted: number sent, < 0 */
static int stream_send(struct run *r, const struct offer *v, size_t n, bool *wanted) {
	struct buf head = { 0 };
	int sent = 0, got = 1;
	for (size_t i = 0; i < n && got >= 0; i++) {
		if (!wanted[i])
			continue;
		got = run_read(r, &v[i]);
		if (got > 0) {
			buf_reset(&head);
			buf_addf(&head, "TAKETHIS %s\r\n", v[i].id);
			got = fetch_send(r->to, buf_slice(&head)) < 0 || fetch_send(r->to, buf_slice(&r->article)) < 0
				? ERR_UNAVAILABLE
				: 1;
		}
		wanted[i] = got > 0;       /* else it went away meanwhile: dealt with */
		sent += got > 0;
	}
	buf_free(&head);
	return got < 0 ? got : sent;
}

/* 1, < 0; what has its answer is not wanted any more */
static int stream_answers(struct run *r, const struct offer *v, size_t n, bool *wanted, int sent) {
	while (sent-- > 0) {
		int code = fetch_answer(r->to);
		size_t i = code > 0 ? stream_which(r, v, n) : SIZE_MAX;
		if (code < 0)
			return code;
		if ((code != 239 && code != 439) || i == SIZE_MAX)
			return run_confused(r, r->to, "TAKETHIS");
		wanted[i] = false;
		run_count(r, &v[i], code == 239);
	}
	return 1;
}

/* A window of offers: 1 all dealt with; 0 or < 0: *done_r of them are, the others must be made again */
static int stream_window(struct run *r, const struct offer *v, size_t n, size_t *done_r) {
	bool wanted[WINDOW] = { false }, later[WINDOW] = { false };
	int c = stream_check(r, v, n, wanted, later), sent = c < 0 ? c : stream_send(r, v, n, wanted);
	int a = sent < 0 ? sent : stream_answers(r, v, n, wanted, sent);
	for (*done_r = 0; c > 0 && *done_r < n && !wanted[*done_r] && !later[*done_r];)
		++*done_r;
	if (a > 0 && *done_r < n)
		return run_trouble(r, r->to, "try again later");
	return c < 0 ? (*done_r = 0, c) : a;
}

static int run_windows(struct run *r, size_t *done_r) {
	int n = 1;
	*done_r = 0;
	while (n > 0 && *done_r < r->offers.n) {
		size_t left = r->offers.n - *done_r, done;
		n = stream_window(r, r->offers.v + *done_r, left < WINDOW ? left : WINDOW, &done);
		*done_r += done;
	}
	return n;
}

static int run_one_by_one(struct run *r, size_t *done_r) {
	int n = 1;
	for (*done_r = 0; n > 0 && *done_r < r->offers.n; *done_r += n > 0)
		n = run_hand_over(r, &r->offers.v[*done_r]);
	return n;
}

/* all that is in r->offers; *done_r of them are dealt with. 1, 0, < 0 */
static int run_offers(struct run *r, size_t *done_r) {
	return r->stream ? run_windows(r, done_r) : run_one_by_one(r, done_r);
}

/* 1; 2 nothing was there; 3 too much was, nothing is done; 0 trouble; < 0 */
static int run_stretch(struct run *r, uint32_t lo, uint32_t hi, uint32_t last) {
	size_t done;
	int n = run_list(r, lo, hi);
	if (n > 0 && r->overflow)
		return hi - lo < STRETCH ? run_confused(r, r->from, "a list of more than was asked for") : 3;
	if (n > 0 && !r->offers.n && hi < last)
		return 2;          /* the place is kept with the next that is there */
	/* of cancels, too, when none is ours: there may be many thousands, and each was asked about */
	if (n > 0 && r->control)
		n = run_only_ours(r);
	if (n <= 0)
		return n;
	n = run_offers(r, &done);
	if (n <= 0 && done < r->offers.n && r->offers.v[done].number > lo && !r->local->dead)
		run_keep_place(r, r->offers.v[done].number - 1);
	return n > 0 ? run_keep_place(r, hi) : n;
}

/* ---- cancels ----------------------------------------------------------------------------------------------------------- */

/* the list from `since`: 1 and *upto_r, 0 trouble, < 0 */
static int gone_list(struct run *r, uint64_t since, uint64_t *upto_r) {
	int code = fetch_command(r->local, "XFEED GONE %s %llu", r->group, (unsigned long long)since), n;
	struct offer o = { .number = 0 };
	struct slice rest, id, target;
	bool first = true;
	r->offers.n = 0;
	if (code != 215)
		return code < 0 ? code : 0;
	while ((n = fetch_text_line(r->local)) > 0) {
		rest = buf_slice(&r->local->line);
		if (first)
			first = !num_parse_u64(rest, upto_r);
		else if (slice_word(&rest, &id) && slice_word(&rest, &target) && slice_cstr(id, o.id, sizeof o.id) &&
			slice_cstr(target, o.target, sizeof o.target))
			vec_push(&r->offers, o);
	}
	return n < 0 ? n : !first;
}

static int run_gone(struct run *r) {
	uint64_t since, upto = 0;
	size_t done;
	for (;;) {
		int code = fetch_command(r->local, "XFEED PLACE gone %s %s", r->feed->name, r->group), n;
		struct slice rest = slice_from(buf_slice(&r->local->line), 3), word;
		if (code != 223 || !slice_word(&rest, &word) || !num_parse_u64(word, &since))
			return code < 0 ? code : 1;
		if ((n = gone_list(r, since, &upto)) <= 0 || upto <= since)
			return n < 0 ? n : 1;
		if ((n = run_offers(r, &done)) <= 0)
			return n;
		if ((code = fetch_command(r->local, "XFEED PLACE gone %s %s %llu", r->feed->name, r->group,
				 (unsigned long long)upto)) != 223)
			return code < 0 ? code : 1;
	}
}

/* ---- groups ------------------------------------------------------------------------------------------------------------ */

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
	if (r->control && (code == 411 || code == 480 || code == 502))
		return 1;          /* they tell of no cancels, or not to us */
	if (code != 211 || !run_numbers(r->from, v, 3))
		return code < 0 ? code : run_trouble(r, r->from, "GROUP");
	code = fetch_command(r->local, "XFEED PLACE %s %s %s", run_way(r), r->feed->name, r->group);
	/* pushing: the selected group is that of the same conversation, and stays */
	if (code != 223 || !run_numbers(r->local, &place, 1))
		return code < 0 ? code : run_trouble(r, r->local, "place");
	if (place > v[2])
		place = 0;
	uint32_t lo = place + 1 > v[1] ? place + 1 : v[1];
	for (uint32_t width = STRETCH; n > 0 && lo && lo <= v[2];) {
		uint32_t hi = v[2] - lo < width ? v[2] : lo + width - 1;
		n = run_stretch(r, lo, hi, v[2]);
		width = n == 2 && width < STRETCH_MAX ? width * 2 : n == 2 ? width : STRETCH;
		if (n != 3)
			lo = hi + 1;
	}
	return n > 0 && r->push ? run_gone(r) : n;
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
	if (n > 0 && push)
		r.stream = fetch_command(&there, "MODE STREAM") == 203;
	else if (n > 0)
		fetch_command(local, "XFEED SOURCE %s%s%s", f->host, strcmp(f->path, "-") != 0 ? " " : "",
			strcmp(f->path, "-") != 0 ? f->path : "");
	strcpy(groups, f->groups);
	for (char *g = n > 0 ? strtok_r(groups, ", \t", &save) : NULL; g && !there.dead && !local->dead;
		 g = strtok_r(NULL, ", \t", &save)) {
		r.group = g;
		if (run_group(&r) < 0 && there.dead)
			run_trouble(&r, &there, "conversation");
	}
	/* behind the groups: what it withdraws has come by then */
	r.group = "control.cancel";
	r.control = true;
	if (n > 0 && !push && !there.dead && !local->dead && run_group(&r) < 0 && there.dead)
		run_trouble(&r, &there, "conversation");
	if (r.taken || r.refused || r.cancelled)
		log_info("fetch", "feed=%s %s%s taken=%u refused=%u cancelled=%u", f->name, run_way(&r),
			r.stream ? " streaming" : "", r.taken, r.refused, r.cancelled);
	run_report(&r);
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
