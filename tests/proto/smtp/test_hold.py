#!/usr/bin/env python3
"""hold_seconds is the author's and the moderators' time to undo; what is hidden, and who left, gets no mail."""
import time
from smtplines import *

s = forum(outgoing="hold_seconds = 3")
for who in "bob", "carol":
    s.ctl("subscribe", who + "@example.org", "test.pub", "--mode", "all")
start = time.time()
s.post("test.pub", "Stays", password="secret-a")
gone = s.post("test.pub", "Goes", password="secret-a")
s.ctl("hide", gone, "--reason", "test")
time.sleep(1.5)
is_(s.outgoing(), [], "nothing before the time is over")
s.ctl("member", "leave", "carol@example.org")
ok(wait_for(lambda: s.outgoing(), 10), "then it goes")
ok(time.time() - start >= 2, "not earlier")
time.sleep(1)
out = s.outgoing()
ok(not [o for o in out if b"Subject: Goes" in o], "no copy of the hidden post")
is_([o.split(b"\n")[1] for o in out if b"Subject: Stays" in o], [b"Delivered-To: bob@example.org"], "Bob has his, Carol left")
is_(s.json("mailq"), [], "the queue is empty")

# a restart keeps what waits
s.post("test.pub", "Over the restart", password="secret-a")
is_(s.stop(), 0, "stopped while a mail waits")
s.start()
ok(wait_for(lambda: [o for o in s.outgoing() if b"Over the restart" in o], 15), "sent after the restart")
done()
