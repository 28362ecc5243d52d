/* smtp_notice.c - short answers to mails a proven member sent to GROUP-subscribe, -unsubscribe and -help. They carry no
 * word the sender wrote. */
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/clock.h"
#include "forumd/mail/build.h"
#include "forumd/mail/msgid.h"

static const char *const subjects[] = {
	[NOTICE_SUBSCRIBED] = "You now get %.*s by mail", [NOTICE_UNSUBSCRIBED] = "You no longer get %.*s by mail",
	[NOTICE_HELP] = "Writing to %.*s by mail",
};

static void add_text(enum smtp_notice k, struct slice group, struct slice domain, struct buf *out)
{
	if (k == NOTICE_SUBSCRIBED)
		buf_addf(out,
			"From now on every post of %.*s is mailed to you.\n\nTo stop it, write to\n  %.*s-unsubscribe@%.*s\n",
			SLICE_ARG(group), SLICE_ARG(group), SLICE_ARG(domain));
	else if (k == NOTICE_UNSUBSCRIBED)
		buf_addf(out,
			"Posts of %.*s are no longer mailed to you. You can still read it, and post.\n\nTo get them again, "
				"write to\n"
			"  %.*s-subscribe@%.*s\n", SLICE_ARG(group), SLICE_ARG(group), SLICE_ARG(domain));
	else
		buf_addf(out,
			"A new thread:     %.*s@%.*s\nGet it by mail:   %.*s-subscribe@%.*s\nStop it:          "
				"%.*s-unsubscribe@%.*s\n\n"
			"To answer a post, answer the mail: its Reply-To leads to the right place.\nWrite from an address that "
				"is linked to "
			"your account.\n", SLICE_ARG(group), SLICE_ARG(domain), SLICE_ARG(group), SLICE_ARG(domain),
				SLICE_ARG(group),
			SLICE_ARG(domain));
}

void smtp_notice_write(enum smtp_notice k, struct slice domain, struct slice group, struct slice to,
	const struct smtp_message *g,
	struct buf *out)
{
	struct buf subject = { 0 }, text = { 0 }, from = { 0 }, id = { 0 };
	struct build_notice n = { .date = clock_now(), .to = to };

	buf_addf(&subject, subjects[k], SLICE_ARG(group));
	add_text(k, group, domain, &text);
	buf_addf(&from, "%.*s-help@%.*s", SLICE_ARG(group), SLICE_ARG(domain));
	msgid_new(&id, domain);
	n.from_name = group;
	n.from = buf_slice(&from);
	n.subject = buf_slice(&subject);
	n.text = buf_slice(&text);
	n.message_id = buf_slice(&id);
	n.in_reply_to = n.references = g->message_id;
	if (build_notice(out, &n) < 0)
		buf_reset(out);
	buf_free(&subject);
	buf_free(&text);
	buf_free(&from);
	buf_free(&id);
}
