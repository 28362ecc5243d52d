#!/usr/bin/env python3
"""Pain 23: nobody acts in another's name. Unproven posts wait for the author's word, unproven commands are asked back."""
from maillib import *

f = Forum()
cmd = "commands@forum.test"
like(f.send("carol", cmd, "leave\n", extra="")[0], "^250 2.0.0 done", "leave, unproven")
q = f.notice("carol", "Please confirm")
ok(q is not None, "is asked back")
is_(f.s.json("member", "show", "carol@example.org")[0].get("left", False), False, "and not done")
f.send("carol", cmd, "leave\n", extra="")
time.sleep(0.5)
is_(len(f.copies(lambda m: m["Subject"] == "Please confirm", seconds=1)), 1, "asked once, however often it is tried")
like(f.send("carol", cmd, "leave\n")[0], "^250", "leave, proven, is asked too")
like(f.send("bob", f.reply_to(q), "confirm\n")[0], "^550 5.7.1", "another cannot confirm")
like(f.send("carol", f.reply_to(q), "no\n")[0], "^550 5", "no is no")
like(f.send("carol", f.reply_to(q), "Confirm\n")[0], "^250 2.0.0 done", "carol can")
ok(f.notice("carol", "You have left"), "she has left")
like(f.send("alice", cmd, "password\n", extra="")[0], "^250", "a password, unproven")
ok(f.notice("alice", "asked for a new password"), "is asked back")
ok(not f.notice("alice", "Your password", seconds=1), "and none is made")
like(f.send("bob", cmd, "password\n")[0], "^250", "a password, proven")
p = re.search(r"\n  (\S{20})\n", words(f.notice("bob", "Your new password")))
ok(p and f.s.nntp("bob@example.org", p.group(1)), "works")

# the question shows the whole command, and one that was asked in his name swallows none of his
f.s.group("test.more")
like(f.send("bob", cmd, "subscribe test.pub\n", extra="")[0], "^250", "a command in bob's name, unproven")
q = f.notice("bob", "A mail in your name asked for: subscribe")
like(words(q), r"This is what was asked:\n\n  \| subscribe test\.pub\n", "is asked about with all its words")
like(f.send("bob", cmd, "subscribe test.more\n", extra="")[0], "^250", "another one with the same verb")
like(words(f.notice("bob", "| subscribe test.more")), "confirm", "is asked about too")
like(f.send("bob", cmd, "subscribe test.more\n")[0], "^250", "his own, proven")
ok(f.notice("bob", "You now get test.more"), "is done")
said = [f.send("bob", cmd, "set language=x%d\n" % n, extra="")[0] for n in range(8)]
ok(said[0].startswith("250") and said[-1].startswith("451 4.7.1 questions about such commands wait"), "many different ones are put off, not swallowed: %r" % [w[:3] for w in said])
like(f.send("bob", f.reply_to(q), "confirm\n")[0], "^250 2.0.0 done", "the first still takes its answer")
like(f.send("bob", cmd, "unsubscribe test.pub\n")[0], "^250", "and his proven ones go on")

# an unproven post
root = f.root()
got, mid = f.send("bob", "test.pub@forum.test", "I resign.\n", subject="Farewell", extra="")
like(got, "^250 2.0.0 queued", "an unproven post is held")
r = f.notice("bob", "Waiting in test.pub")
ok("I resign" not in words(r), "whose name was used is asked, the text is not repeated")
like(f.send("bob", f.reply_to(r), "confirm\n", extra="")[0], "^250 2.0.0 done", "his answer to the signed address")
ok("Farewell" in subjects(f.s), "publishes it")
# a receipt in the wrong hands
f.send("bob", "test.pub@forum.test", "I stay.\n", subject="Welcome back")
r = f.notice("bob", "I stay")
like(f.send("bob", f.reply_to(r), "undo\n", extra=PASS.replace("pass", "fail"))[0], "^250 2.0.0 done", "undo, the sender check failed")
q = f.notice("bob", "answered a receipt with: undo")
ok("Welcome back" in subjects(f.s), "is asked about, and nothing is done")
like(f.send("bob", f.reply_to(q), "confirm\n")[0], "^250 2.0.0 done", "his word")
ok("Welcome back" not in subjects(f.s), "takes it back")
like(f.send("bob@forum.test", "test.pub@forum.test", "x\n")[0], "^550 5", "From in our own domain is nobody's")
done()
