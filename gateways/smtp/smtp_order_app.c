/* smtp_order_app.c - passwords of programs: "password newsreader", "password list", "password revoke newsreader". */
#include "forumd/base/rnd.h"
#include "forumd/forum/app.h"
#include "forumd/forum/group.h"
#include "forumd/run/password.h"
#include "gateways/smtp/smtp_order_private.h"

static int app_list(struct forum_txn *t, const struct smtp_order *o) {
	struct slice cursor = SLICE("");
	struct buf b = { 0 };
	struct app a;
	int e;

	while (app_each(t, o->member, &cursor, &a) > 0) {
		buf_addf(&b, "  %.*s: ", SLICE_ARG(a.name));
		app_doors_text(a.doors, &b);
		buf_addf(&b, "; %s\n",
			!a.used                              ? "never used"
				: forum_time(t) - a.used < 86400 ? "used in the last day"
												 : "not used in the last day");
	}
	e = order_tellf(t, o,
		"Programs with a password of their own:\n\n%.*s\nTo take one back send  password revoke NAME .\n",
		SLICE_ARG(buf_len(&b) ? buf_slice(&b) : SLICE("  none\n")));
	buf_free(&b);
	return e;
}

int order_app(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct slice rest = o->rest, word;
	struct buf password = { 0 }, scram = { 0 };
	int e;

	if (!slice_word(&rest, &word) || slice_is_nocase(word, "list"))
		return app_list(t, o);
	if (slice_is_nocase(word, "revoke")) {
		word = slice_trim(rest);
		e = app_remove(t, o->member, word, f);
		return e < 0 ? e : order_tellf(t, o, "%.*s cannot log in any more.\n", SLICE_ARG(word));
	}
	if (slice_trim(rest).n)
		return fail_set(f, ERR_INVALID, "a program has a name of one word: password newsreader");
	rnd_add_id(&password);
	password_make_app(buf_slice(&password), &scram);
	e = app_add(t, o->member, word, APP_EVERYWHERE, buf_slice(&password), buf_slice(&scram), f);
	if (e > 0)
		e = order_tellf(t, o,
			"The password of your program %.*s, for news, IMAP and sending mail:\n\n  name      %.*s/%.*s\n  password  %.*s\n\n"
			"It is shown nowhere else, and your other passwords stay. To take it back send  password revoke %.*s .\n",
			SLICE_ARG(word), SLICE_ARG(o->address), SLICE_ARG(word), SLICE_ARG(buf_slice(&password)), SLICE_ARG(word));
	explicit_bzero(buf_bytes(&password), buf_len(&password));
	buf_free(&password);
	buf_free(&scram);
	return e;
}
