#!/usr/bin/env python3
"""Pain 8: a private word does not go to everybody: it is held, and the author is asked."""
from maillib import *

f = Forum()
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
got, mid = f.send("bob", to, "Private: I would rather not say this aloud.\n")
like(got, "^250 2.0.0 queued", "held")
r = f.notice("bob", "Waiting in test.pub.*begins like a private word")
ok(r is not None, "the author is asked")
time.sleep(1)
ok(not f.copies(lambda m: m["Message-ID"] == mid, seconds=1), "nobody was mailed")
like(f.send("bob", f.reply_to(r), "confirm\n")[0], "^250 2.0.0 done", "his word")
ok(f.copy(mid, "carol"), "publishes it")
got, mid = f.send("bob", to, "Just to you, between us.\n")
r = f.notice("bob", "private word", n=2)
like(f.send("bob", f.reply_to(r), "undo\n")[0], "^250 2.0.0 done", "or takes it back")
is_(f.s.json("queue"), [], "nothing waits")
like(f.send("bob", to, "My private opinion is: loam.\n")[0], "^250 2.0.0 posted", "the word in a sentence means nothing")
# meanwhile the thread is locked
f.send("bob", to, "Private: once more, not aloud.\n")
r = f.notice("bob", "once more, not aloud")
f.s.ctl("lock", root)
like(f.send("bob", f.reply_to(r), "confirm\n")[0], "^550 5.*locked", "his word does not publish it in a locked thread")
f.s.ctl("unlock", root)
like(f.send("bob", f.reply_to(r), "confirm\n")[0], "^250 2.0.0 done", "but when it is open again")
done()
