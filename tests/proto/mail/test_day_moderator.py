#!/usr/bin/env python3
"""A moderator's day by mail (product 4.1), from the first mail to the settled case: nothing is installed, every step is an
answer of one line, the author has the word, the flaggers hear of the end the same day, two moderators do not get into each
other's way, and the log has it all without the names of those who flagged."""
from maillib import *

f = Forum()
PUB = "test.pub"
for who, name in (("mia", "Mia Orr"), ("will", "Will Ash")):
    f.s.member(who + "@example.org", name, "secret-" + who[0], "moderator:" + PUB)
names = {"mia": "Mia Orr", "will": "Will Ash"}
send = lambda who, to, text, **kw: f.send(who, to, text, name=names.get(who), **kw)[0]
root = f.root("2,650 & Convention Conditions", "What will it take?\r\n")
got, mid = f.send("bob", f.reply_to(f.copy(root, "bob")), "Speaking of which, my bees are doing well.\n")

# 09:02 a report, then a list
like(send("carol", f.reply_to(f.copy(mid, "carol")), "flag off-topic bees are no convention\n"), "^250 2.0.0 done", "carol flags")
like(send("alice", f.reply_to(f.copies(lambda m: m["Message-ID"] == mid and m["Delivered-To"].startswith("alice"))[0]), "flag off-topic\n"), "^250", "alice too")
q = f.notice("mia", "open case")
if "2 reports" not in words(q):     # the list may have gone out between the two
    f.s.ctl("mailq", "flush")
like(words(q), r"1\. off-topic.*Bob Fenn, \"Re: Quince\".*why: bees are no convention.*words for this one: keep, aside, hide, delete, note TEXT.*\| Speaking of which", "the list: what, whose, why, the words, the text")
wq = f.notice("will", "open case")
# a note goes to the author, with the right to answer
like(send("mia", f.reply_to(q), "1 note Please say how this bears on the campaign.\n\n> 1. off-topic\n"), "^250 2.0.0 done", "mia: a note")
like(words(f.notice("mia", "1 note: done")), r"1 note: done\. Send `1 reopen` to undo", "is answered, with the way back")
note = f.notice("bob", "About your post")
like(words(note), r"A moderator says about your post.*Please say how this bears on the campaign\..*You have the word.*apologise.*edit.*withdraw", "the author gets it, and has the word")
ok("Mia" not in words(note) and "carol" not in words(note).lower(), "no moderator's name, no flagger's")
n = f.s.nntp("carol@example.org", "secret-c")
n.cmd("GROUP " + PUB, "211")
n.cmd("XHDR Forum-Flags 1-9", "221")
ok(any("off-topic" in l for l in n.text()), "the post keeps its place, with its mark as a header")
is_([p["state"] for p in f.s.json("thread", root)], ["visible", "visible"], "a flag hides nothing")
# the author answers in the case
like(send("bob", f.reply_to(note), "It bears on it by analogy: a hive of 2,650 swarms.\n\n> A moderator says\n"), "^250 2.0.0 done", "the author answers")
a = f.notice("will", "The author answers")
like(words(a), r"Bob Fenn answers about .*\| It bears on it by analogy", "both moderators read it")
ok(len(f.s.json("thread", root)) == 2, "and the group does not")
# the author settles it
like(send("bob", f.reply_to(note), "Apologise.\n\nSorry for the bees.\n"), "^250 2.0.0 done", "apologise")
ok(f.notice("bob", "settled by you. No mark stays"), "he is told")
for who in "carol", "alice":
    t = words(f.notice(who, "Settled"))
    like(t, r"The case is settled by its author: he has answered, and the post stays", "%s hears of it the same day" % who)
is_(f.s.json("queue"), [], "the queue is empty")
n.cmd("XHDR Forum-Flags 1-9", "221")
ok(not any("off-topic" in l for l in n.text()), "the mark is gone")
# will comes late
like(send("will", f.reply_to(wq), "1 hide\n"), "^250", "will comes late")
like(words(f.notice("will", "Done \\d\\d")), r"1 Done \d\d:\d\d UTC by Bob Fenn \(keep\)\. Send `1 reopen` to differ", "and is told who was first")
is_(f.s.json("show", mid)[0]["state"], "visible", "nothing was done twice")

# to differ: reopen, and another word
like(send("will", f.reply_to(wq), "1 reopen\n"), "^250", "reopen")
like(words(f.notice("will", "1 reopened")), r"1 reopened", "is answered")
is_(len(f.s.json("queue")), 1, "the case is open again")
like(send("will", f.reply_to(wq), "1 aside\n"), "^250", "will moves it aside")
ok("test.pub.aside" in json.dumps(f.s.json("show", mid)[0]), "with its ids and answers")
like(words(f.notice("bob", "was moved, with what is below it")), r"Your post .* was moved", "its author hears of it")
like(send("mia", f.reply_to(q), "1 reopen\n"), "^250", "mia takes that back")
ok('"test.pub"' in json.dumps(f.s.json("show", mid)[0]) or "test.pub " in json.dumps(f.s.json("show", mid)[0]), "and it is where it was")
like(send("mia", f.reply_to(q), "1 keep\n"), "^250", "and keeps it")

# a second case: the author takes it back; a third: he changes it
got, two = f.send("bob", f.reply_to(f.copy(root, "bob")), "You are all idiots about bees, I am afraid to say.\n")
like(send("carol", f.reply_to(f.copy(two, "carol")), "flag uncivil\n"), "^250", "another flag")
f.s.ctl("mailq", "flush")
q2 = f.notice("mia", "open case.*idiots")
like(send("mia", f.reply_to(q2), "note Please find other words.\n"), "^250", "one case: the word is enough")
note2 = f.notice("bob", "Please find other words")
like(send("bob", f.reply_to(note2), "edit\nWe see it differently.\n"), "^250", "the author changes the text")
tree = f.s.json("thread", root)
new = [p for p in tree if p["state"] == "visible"][-1]
is_((f.shown(new["message_id"]), f.s.json("queue")), ("We see it differently.", []), "the new text stands, the case is settled")
like(send("carol", f.reply_to(note2), "withdraw\n"), "^550 5", "nobody else has the author's word")
got, three = f.send("bob", f.reply_to(f.copy(root, "bob")), "Third time unlucky, with too many words about bees.\n")
like(send("carol", f.reply_to(f.copy(three, "carol")), "flag off-topic\n"), "^250", "a third flag")
f.s.ctl("mailq", "flush")
q3 = f.notice("will", "open case.*Third time")
like(send("will", f.reply_to(q3), "1 note Bees again?\n"), "^250", "a note")
like(send("bob", f.reply_to(f.notice("bob", "Bees again")), "withdraw\n"), "^250", "withdraw")
is_(f.s.json("show", three)[0]["state"], "deleted", "the post is taken back")
ok(f.notice("carol", "Settled.*he has taken it back", n=1), "and carol hears of it")

log = f.s.ctl("log", PUB)
for what in "note", "keep", "aside", "undo", "delete", "settled by its author, who apologises: Sorry for the bees.", "its author: It bears on it":
    ok(what in log, "the log has: " + what)
ok(not any("carol" in l.lower() or "alice" in l.lower() for l in log.split("\n") if " flag " not in l), "who flagged stands in the flag alone, which is for the operator")
like(send("bob", f.reply_to(q), "1 delete\n"), "^550 5", "who moderates nothing decides nothing")
done()
