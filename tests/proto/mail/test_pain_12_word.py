#!/usr/bin/env python3
"""Pain 12: unsubscribe alone is a question, never a post; it hits nobody else."""
from maillib import *

f = Forum()
root = f.root()
copy = f.copy(root, "bob")
to = f.reply_to(copy)
like(f.send("bob", to, "unsubscribe\n\n> Which soil does it like?\n")[0], "^250 2.0.0 done", "the word alone")
is_(len(f.s.json("thread", root)), 1, "is no post")
q = f.notice("bob", "Please confirm")
like(words(q), "Nothing was posted", "but a question")
f.root("Still", "Still here?\r\n")
ok(f.copies(lambda m: m["Subject"] == "Still" and "bob" in m["Delivered-To"]), "until it is answered mail goes on")
like(f.send("carol", f.reply_to(q), "confirm\n")[0], "^550 5.7.1", "by nobody else")
like(f.send("bob", f.reply_to(q), "confirm\n")[0], "^250 2.0.0 done", "by him")
like(f.send("bob", f.reply_to(q), "confirm\n")[0], "^550 5.", "once")
ok(f.notice("bob", "no longer get test.pub"), "he is told, and how to undo it")
f.root("Later", "Later on.\r\n")
ok(f.copy(f.root("Later still", "x\r\n"), "carol"), "others still get mail")
ok(not f.copies(lambda m: str(m["Subject"]).startswith("Later") and "bob" in m["Delivered-To"], seconds=1), "he does not")
# the address of the group, unproven: asked, not done
like(f.send("carol", "test.pub-unsubscribe@forum.test", "x\n", extra="")[0], "^250 2.0.0 done", "in carol's name, without proof")
ok(f.notice("carol", "A mail in your name asked for: unsubscribe"), "carol is asked")
ok(f.copy(f.root("Last", "x\r\n"), "carol"), "and still subscribed")
like(f.send("bob", to, "I will unsubscribe from the other list.\n")[0], "^250 2.0.0 posted", "the word in a sentence is a post")
done()
