#!/usr/bin/env python3
"""Pain 16: a moved thread keeps its ids, its answers and its watchers; an answer to a mail of the old place lands in it."""
from maillib import *

f = Forum()
f.s.member("will@example.org", "Will Ash", "secret-w", "moderator:test.pub")
root = f.root("Medlars, really", "Off the topic, I know.\r\n")
bobs, carols = f.copy(root, "bob"), f.copy(root, "carol")
got, one = f.send("carol", f.reply_to(carols), "Go on.\n")
carols_one = f.copy(one, "bob")
f.send("bob", f.reply_to(bobs), "watch\n")
ok(f.notice("bob", "Every post of the thread"), "bob watches")
f.s.ctl("aside", root, "--reason", "medlars are no quinces")
p = f.s.json("show", root)[0]
ok("test.pub.aside" in json.dumps(p["groups"] if "groups" in p else p), "the thread is in test.pub.aside")
is_([x["message_id"] for x in f.s.json("thread", root)][:2], [root, one], "ids and answers are what they were")

# answers to mails from before
got, two = f.send("bob", f.reply_to(carols_one), "An answer to the old mail.\n")
like(got, r"^250 2\.0\.0 posted to test\.pub\.aside", "an answer to a mail from before the move lands where the thread is")
tree = {x["message_id"]: x for x in f.s.json("thread", root)}
is_(tree[two]["parent"], tree[one]["id"], "under the same post")
got, three = f.send("carol", "test.pub@forum.test", "By id, to the old place.\n", content="In-Reply-To: %s\r\n" % root)
like(got, "^250", "a mail to the old group that names it by id is taken")

# the watcher, who subscribes to nothing there, still gets it; the other subscriber of the old group does not
got, four = f.send("alice", "test.pub.aside@forum.test", "For those who follow.\n", content="In-Reply-To: %s\r\n" % root)
like(got, "^250", "alice goes on there")
c = f.copy(four, "bob")
ok(c, "a watcher follows the thread")
like(c["List-Id"], r"<test\.pub\.aside\.forum\.test>", "from its new place")
ok(not f.copies(lambda m: m["Message-ID"] == four and m["Delivered-To"].startswith("carol"), seconds=1), "who only had the group does not")
like(f.send("bob", f.reply_to(c), "unmute\n")[0], "^250", "and can stop")
got, five = f.send("alice", "test.pub.aside@forum.test", "More of it.\n", content="In-Reply-To: %s\r\n" % root)
ok(not f.copies(lambda m: m["Message-ID"] == five and m["Delivered-To"].startswith("bob"), seconds=1), "then it stops")

# links: the same id at every door
n = f.s.nntp("bob@example.org", "secret-b")
n.cmd("GROUP test.pub.aside", "211")
n.cmd("STAT " + root, "223", "news by id")
is_(f.s.json("show", root)[0]["message_id"], root, "forumctl by id")

# and back again
f.s.ctl("undo")
like(f.send("bob", f.reply_to(carols_one), "Another answer, to the same old mail.\n")[0], r"^250 2\.0\.0 posted to test\.pub\b", "back again: the old mail is answered there")
done()
