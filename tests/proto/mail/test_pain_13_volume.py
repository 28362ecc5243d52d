#!/usr/bin/env python3
"""Pain 13: mute and watch by one word; modes; replies to me by default; digests whose posts can be answered; quiet hours."""
from maillib import *

f = Forum()
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
like(f.send("bob", to, "mute\n\nSent from my iPhone\n\n> Which soil does it like?\n> And how much water?\n")[0], "^250 2.0.0 done", "mute")
is_(len(f.s.json("thread", root)), 1, "is no post")
ok(f.notice("bob", 'thread "Quince" is muted'), "and is answered")
cto = f.reply_to(f.copy(root, "carol"))
got, mid = f.send("carol", cto, "Clay!\n")
ok(f.copy(mid, "alice"), "alice, who subscribed to nothing, gets the answer to her post")
ok(not f.copies(lambda m: m["Message-ID"] == mid and "bob" in m["Delivered-To"], seconds=1), "bob does not")
like(f.send("bob", to, "Unmute\n")[0], "^250", "unmute")
got, mid = f.send("carol", cto, "Or chalk.\n")
ok(f.copy(mid, "bob"), "and gets it again")
f.s.ctl("member", "set", "alice@example.org", "replies=off")
got, mid = f.send("carol", cto, "Or peat.\n")
ok(f.copy(mid, "bob") and not f.copies(lambda m: m["Message-ID"] == mid and "alice" in m["Delivered-To"], seconds=1), "replies=off: alice gets none")

# modes by mail, with the forecast
like(f.send("bob", "commands@forum.test", "subscribe test.pub first\n")[0], "^250 2.0.0 done", "first posts only")
like(words(f.notice("bob", "You now get test.pub by mail: first")), r"about \d+ posts a (day|week)", "says how much that is")
like(f.send("bob", "commands@forum.test", "subscribe test.pub sometimes\n")[0], r"^550 5\.\S+ the ways to get mail are all, first", "an unknown way")
like(f.send("bob", "commands@forum.test", "dance\n")[0], r"^550 5\.7\.1 this is no command", "an unknown word")
like(f.send("bob", "commands@forum.test", "stand aside\n")[0], "^250", "stand aside")
mid = f.root("Aside", "x\r\n")
ok(f.copy(mid, "carol") and not f.copies(lambda m: m["Message-ID"] == mid and "bob" in m["Delivered-To"], seconds=1), "no mail")
f.s.ctl("member", "set", "bob@example.org", "aside=off")
like(f.s.ctl("member", "set", "bob@example.org", "quiet=9"), "", "x") if False else None
f.s.ctl("member", "set", "bob@example.org", "quiet=25-7", check=False)
like(f.s.err, "quiet is off or two hours", "quiet hours are checked")
h = time.gmtime().tm_hour
f.s.ctl("member", "set", "bob@example.org", "quiet=%d-%d" % (h, (h + 2) % 24))
mid = f.root("Quiet", "x\r\n")
ok(f.copy(mid, "carol") and not f.copies(lambda m: m["Message-ID"] == mid and "bob" in m["Delivered-To"], seconds=1), "not in quiet hours")
ok([i for i in f.s.json("mailq")], "it waits")
like(f.send("bob", "commands@forum.test", "search chalk\n")[0], "^250", "search")
ok("1 post found" in words(f.notice("bob", "posts? found")), "finds the post with the word")
done()
