/* ctl_commands.c - the table of verbs, and the help made from it. */
#include <stdio.h>
#include "gateways/ctl/ctl_private.h"

#define V(verb, sub, run, min, max, flags, options, synopsis, help) { verb, sub, run, min, max, flags, options, synopsis, help }
#define POST_NAME "ID is a post id, a Message-ID or GROUP:NUMBER."

const struct ctl_command ctl_commands[] = {
	V("help", NULL, ctl_help, 0, 1, 0, "", "help [VERB]", "What the verbs do."),

	V("group", "add", ctl_group_add, 1, 1, CTL_WRITES, "--kind= --title= --access= --posting= --moderated",
	  "group add NAME [--kind forum|blog|announce|project|committee] [--title T] [--access public|members|private] [--posting members|moderators|nobody] [--moderated]",
	  "Make a group. Its name is newsgroup, IMAP mailbox and mail address at once."),
	V("group", "set", ctl_group_set, 2, 32, CTL_WRITES, "", "group set NAME KEY=VALUE...",
	  "Change moderated=on|off posting=members|moderators|nobody access=public|members|private title=TEXT kind=KIND unproven=hold|refuse spam-hold=50..99|off."),
	V("group", "list", ctl_group_list, 0, 0, 0, "", "group list", "All groups with their numbers."),
	V("group", "show", ctl_group_show, 1, 1, 0, "", "group show NAME", "One group: settings, roles, subscribers."),
	V("group", "remove", ctl_group_remove, 1, 1, CTL_WRITES, "", "group remove NAME", "Take a group out of every door; its posts stay in the store."),

	V("founding", "set", ctl_founding_set, 0, 1, CTL_WRITES | CTL_STDIN, "", "founding set [GROUP] < FILE", "The text that members of the group, or of the whole forum, agree to when they join. A new text is a new version: members are asked once, and shown what changed."),
	V("founding", "remove", ctl_founding_remove, 0, 1, CTL_WRITES, "", "founding remove [GROUP]", "There is no founding text any more; nobody is asked."),
	V("founding", "show", ctl_founding_show, 0, 1, 0, "", "founding show [GROUP]", "The founding text, with its version."),

	V("feed", "add", ctl_feed_add, 3, 3, CTL_WRITES, "--port= --tls= --user= --password-file= --direction= --interval=",
	  "feed add NAME HOST GROUP,... [--port N] [--tls none|verify] [--user U --password-file FILE] [--direction pull|push|both] [--interval SECONDS]",
	  "Follow groups at another news server, or bring ours there; at once and after every start."),
	V("feed", "list", ctl_feed_list, 0, 0, 0, "", "feed list", "The feeds that were added here (fetch sections of the configuration are not)."),
	V("feed", "remove", ctl_feed_remove, 1, 1, CTL_WRITES, "", "feed remove NAME", "Follow no more; what came stays."),

	V("member", "add", ctl_member_add, 1, 1, CTL_WRITES | CTL_STDIN | CTL_PASSWORD, "--name= --password-stdin",
	  "member add ADDRESS --name NAME [--password-stdin]", "Make an account; imported posts from that address become its own."),
	V("member", "set", ctl_member_set, 2, 32, CTL_WRITES, "", "member set ADDRESS KEY=VALUE...", "Change name=NAME mark-on-read=on|off gateway=on|off (a program that brings posts of others: any From). A new name shows in all old posts at once."),
	V("member", "list", ctl_member_list, 0, 0, 0, "--authors", "member list [--authors]", "Accounts; with --authors also the authors of imported posts."),
	V("member", "show", ctl_member_show, 1, 1, 0, "", "member show ADDRESS", "One member: addresses, roles, subscriptions, bounces."),
	V("member", "password", ctl_member_password, 1, 1, CTL_WRITES | CTL_STDIN | CTL_PASSWORD, "--password-stdin --app= --doors=", "member password ADDRESS < FILE | --app NAME [--doors news,imap,mail]",
	  "Set the password to what standard input holds; or make one for one program, shown once, good at these doors (all)."),
	V("member", "apps", ctl_member_apps, 1, 1, CTL_WRITES, "--revoke=", "member apps ADDRESS [--revoke NAME]", "Programs that have passwords of their own, and when each was used last; or take one back."),
	V("member", "address", ctl_member_address, 2, 3, CTL_WRITES, "--remove", "member address ADDRESS ANOTHER [--remove]", "Give a member one more address to write from, or take it away."),
	V("member", "leave", ctl_member_leave, 1, 1, CTL_WRITES, "", "member leave ADDRESS", "Stand aside: no mail, no login; posts and name stay. Undo: member set ADDRESS left=off."),
	V("member", "unhide", ctl_member_unhide, 2, 2, CTL_WRITES, "", "member unhide ADDRESS GROUP", "Give a member back the posts he took out of his own view of a group (IMAP EXPUNGE)."),
	V("member", "role", ctl_member_role, 2, 2, CTL_WRITES, "", "member role ADDRESS ROLE[:GROUP]",
	  "Give a role: reader, member, supporter, moderator, committee, admin; none takes the role in that group away."),
	V("member", "silence", ctl_member_silence, 2, 3, CTL_WRITES, "--reason=", "member silence ADDRESS 90m|12h|3d|2w|off [GROUP] [--reason T]",
	  "He reads, but does not post for so long, in one group or anywhere. He is told until when, and why, when he tries."),
	V("member", "remove", ctl_member_remove, 1, 1, CTL_WRITES, "--anonymise --erase", "member remove ADDRESS --anonymise|--erase", "Posts stay without the name (--anonymise), or their texts go too (--erase), piece by piece; the command ends when all are gone. For good."),

	V("subscribe", NULL, ctl_subscribe, 2, 2, CTL_WRITES, "--mode=", "subscribe ADDRESS GROUP [--mode all|first|replies|none]", "Mail the group's posts to a member: every post, first posts of threads, or replies to the member."),
	V("unsubscribe", NULL, ctl_unsubscribe, 2, 2, CTL_WRITES, "", "unsubscribe ADDRESS GROUP", "No more mail from the group."),

	V("import", NULL, NULL, 0, 0, CTL_IMPORT, "--group= --dry-run", "import --group NAME [--format auto|mbox|maildir|pipermail|page] [--dry-run] PATH...",
	  "Bring an archive in: mbox, Maildir, pipermail text, forumctl's own export, or the saved text of a page with nested comments. Twice is once: known messages are left alone."),
	V("export", NULL, ctl_export, 0, 1, 0, "", "export [GROUP] PATH", "Write a group, or all, as mbox to PATH (- is standard output); import gives the same numbers and the same tree."),

	V("list", NULL, ctl_list, 1, 1, 0, "--all", "list GROUP [--all]", "The posts of a group; --all with the hidden ones."),
	V("thread", NULL, ctl_thread, 1, 1, 0, "", "thread ID", "The whole thread as a tree. " POST_NAME),
	V("show", NULL, ctl_show, 1, 1, 0, "--history --raw", "show ID [--history|--raw]", "One post to read; --history what was done to it; --raw as it came in. " POST_NAME),
	V("post", NULL, ctl_post, 0, 0, CTL_WRITES | CTL_STDIN, "--group= --reply= --as=", "post --group G [--reply ID] [--as ADDRESS] < FILE", "Post a message (headers, empty line, text)."),

	V("flag", NULL, ctl_flag_post, 2, 2, CTL_WRITES, "--reason=", "flag ID off-topic|spam|uncivil|privacy|other [--reason T] [--as ADDRESS]", "Report a post to the moderators; it stays where it is. " POST_NAME),
	V("queue", NULL, ctl_queue, 0, 1, 0, "", "queue [GROUP]", "What waits for a moderator: reports and held posts, oldest first."),
	V("keep", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "keep ID [--reason T]", "The post is fine: close the case."),
	V("note", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "note ID --reason T", "Put a remark on the case; it stays open."),
	V("aside", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "aside ID [--reason T]", "Move the post and its answers to GROUP.aside; ids and threads stay."),
	V("hide", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "hide ID [--reason T]", "Nobody but moderators sees the post any more."),
	V("restore", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "restore ID [--reason T]", "A hidden or deleted post is back, under its old number."),
	V("lock", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "lock ID [--reason T]", "No more answers below this post."),
	V("unlock", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "unlock ID [--reason T]", "Answers are welcome again."),
	V("approve", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "approve ID [--reason T]", "Publish a held post."),
	V("delete", NULL, ctl_verdict, 1, 1, CTL_WRITES, "--reason=", "delete ID [--reason T]", "Delete; a tombstone keeps its place. restore brings it back."),
	V("undo", NULL, ctl_undo, 0, 1, CTL_WRITES, "", "undo [ACTION]", "Take back an action (its number from log), or the last one."),
	V("log", NULL, ctl_log, 0, 1, 0, "", "log [GROUP]", "What moderators did, newest first."),

	V("token", "make", ctl_token_make, 2, 2, 0, "--expires=", "token make ADDRESS ID [--expires SECONDS]", "Print the signed reply address of a member for a post."),
	V("token", "revoke", ctl_token_revoke, 1, 1, CTL_WRITES, "", "token revoke TOKEN|ADDRESS", "A reply address is accepted no more."),
	V("trace", NULL, ctl_trace, 1, 1, 0, "", "trace ID|MESSAGE-ID|ADDRESS", "What happened to one mail or post, from arrival to the last recipient."),
	V("mailq", "flush", ctl_mailq_flush, 0, 0, CTL_WRITES, "", "mailq flush", "Mail that waits for its hour, or for another try, is due now: delayed mail, digests, copies kept back in quiet hours."),
	V("mailq", NULL, ctl_mailq, 0, 0, 0, "", "mailq", "Outgoing mail that waits."),
	V("status", NULL, ctl_status, 0, 0, 0, "", "status", "Sessions, store, queue and counters."),
	V("check", NULL, ctl_check, 0, 0, 0, "", "check", "Prove counts, parents, ids and checksums of all posts."),
	V("rebuild", NULL, ctl_rebuild, 0, 0, CTL_WRITES, "", "rebuild", "Derive overview, threads and counters from the posts again."),
	V("backup", NULL, ctl_backup, 1, 1, CTL_POOL, "", "backup FILE", "A complete copy of the store while running."),
	V("verify", NULL, ctl_verify, 1, 1, CTL_POOL, "", "verify FILE", "Open a backup and prove it."),
	V("probe", NULL, ctl_probe, 0, 0, CTL_WRITES, "--mail", "probe [--mail]", "What forumctl doctor asks: facts, one a line; --mail sends a mail to a signed address of our own and prints its Message-ID."),
	V("config", NULL, ctl_config, 0, 0, 0, "", "config", "Every setting with value, default, range and meaning."),
	{ 0 },
};

/* The same verbs in the order a moderator, then an operator, would look for them. */
int ctl_help(struct forum_txn *t, struct ctl_call *c, struct fail *f)
{
	(void)t;
	if (c->nargs) {
		bool found = false;
		for (const struct ctl_command *k = ctl_commands; k->verb; k++)
			if (slice_is(c->args[0], k->verb)) {
				buf_addf(&c->out, "forumctl %s\n    %s\n", k->synopsis, k->help);
				found = true;
			}
		return found ? 1 : fail_set(f, ERR_SYNTAX, "there is no verb \"%.*s\"; try: forumctl help", SLICE_ARG(c->args[0]));
	}
	buf_adds(&c->out, "forumctl [-c FILE | -s SOCKET] [--json] VERB ...     forumctl help VERB tells more\n\n"
		"Moderators: forumctl queue shows what waits. Look with show and thread, then answer with keep, note, aside,\n"
		"hide, approve or delete; undo takes the last one back, log tells who did what.\n\n");
	for (const struct ctl_command *k = ctl_commands; k->verb; k++) {
		struct slice first = slice_str(k->help), line = first;
		ptrdiff_t dot = slice_find(first, SLICE(". "));
		if (dot > 0)
			line = slice_to(first, (size_t)dot + 1);
		char name[40];
		snprintf(name, sizeof name, "%s%s%s", k->verb, k->sub ? " " : "", k->sub ? k->sub : "");
		buf_addf(&c->out, "  %-18s %.*s\n", name, SLICE_ARG(line));
	}
	buf_adds(&c->out, "\n  init DIR --domain D   Write a configuration to start from (needs no daemon).\n"
		"  trim < MAIL           What would be published of a mail (needs no daemon).\n"
		"  doctor                Look for what is wrong, and say how to mend it.\n  shell                 Verbs line by line.\n");
	return 1;
}
