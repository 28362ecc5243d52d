#!/usr/bin/env python3
"""Pain 6: the same text sent again under a new id is asked about; pain 10: what answers like a machine waits."""
from maillib import *

f = Forum()
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
like(f.send("bob", to, "Loam, I think, and a little sand in the autumn.\n")[0], "^250 2.0.0 posted", "once")
got, mid = f.send("bob", to, "Loam, I think, and a little sand in the autumn.\n")
like(got, "^250 2.0.0 queued", "the same text under a new id is held")
r = f.notice("bob", "the same text came a few minutes ago")
like(f.send("bob", f.reply_to(r), "undo\n")[0], "^250", "and can be taken back")
is_(len([p for p in f.s.json("thread", root) if p["state"] == "visible"]), 2, "one answer")
like(f.send("carol", f.reply_to(f.copy(root, "carol")), "Loam, I think, and a little sand in the autumn.\n")[0], "^250 2.0.0 posted", "the same words of another member are another post")
like(f.send("bob", to, "+1\n")[0], "^250 2.0.0 posted", "short words")
like(f.send("bob", to, "+1\n")[0], "^250 2.0.0 posted", "may be said twice")

# an absence note that does not say that it is one: the fourth of the same words waits
root = f.root("Medlar")
to = f.reply_to(f.copy(root, "bob"))
for i in range(3):
    like(f.send("bob", to, "I am away.\n")[0], "^250 2.0.0 posted", "note %d" % (i + 1))
like(f.send("bob", to, "I am away.\n")[0], "^250 2.0.0 queued", "the fourth waits")
like(f.send("bob", to, "I am back.\n")[0], "^250 2.0.0 posted", "other words do not")

# the same mail to a second place is one post in two places; who has both gets it once, and its author by choice
f.s.ctl("subscribe", "carol@example.org", "test.two", "--mode", "all")
got, mid = f.send("bob", "test.pub@forum.test", "Said once, for two places.\n", subject="Two places")
like(got, "^250 2.0.0 posted", "a mail to one group")
ok(f.copy(mid, "carol"), "is mailed")
like(f.c.mail("bob@example.org", "test.two@forum.test", f.raw), "^250 2.0.0", "the same to another")
places = [[p["id"] for p in f.s.json("list", g) if p["message_id"] == mid] for g in ("test.pub", "test.two")]
ok(len(places[0]) == 1 and places[0] == places[1], "is one post in two places, once in each") or diag(places)
time.sleep(1)
is_(len(f.copies(lambda m: m["Message-ID"] == mid and m["Delivered-To"].startswith("carol"))), 1, "who gets both groups gets it once")
is_(len(f.copies(lambda m: m["Message-ID"] == mid and m["Delivered-To"].startswith("bob"), seconds=1)), 0, "its author has it")
done()
