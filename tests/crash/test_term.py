#!/usr/bin/env python3
"""SIGTERM under load: what was acknowledged is there, the exit code is 0. And twice the same message after a crash."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crashlib import *

s = forum()
ledger = Ledger()
for turn in range(5):
    posters = [k(s, rnd.randrange(1 << 30)) for k in (Nntp, Nntp, Nntp, Nntp, ImapAppend, ImapAppend, Lmtp, Lmtp)]
    for p in posters:
        p.start()
    wait_for(lambda: all(p.acked for p in posters), 20)
    time.sleep(rnd.random() * 0.3)
    began = time.time()
    code = s.stop()
    took = time.time() - began
    for p in posters:
        p.join(30)
    ledger.take(posters)
    is_(code, 0, "SIGTERM under load: exit code 0")
    ok(took < 10 * SLOW, "within %.1f s" % took)
    s.start()
    faults = ledger.faults(s)
    if not ok(not faults, "%d acknowledged posts are there" % len(ledger.acked)):
        diag("\n".join(faults[:20]))
healthy(s, "after five stops")

# who does not know sends again: stored once
p = Nntp(s, 1)
again = sorted(ledger.unknown)[:5] + sorted(ledger.acked)[:5]
before = len(posts(s))
c = s.nntp("alice@example.org", "secret")
for m in sorted(ledger.acked)[:5]:
    c.cmd("POST", "340")
    c.raw("From: alice@example.org\r\nNewsgroups: %s\r\nSubject: other\r\nMessage-ID: %s\r\n\r\nother text\r\n.\r\n" % (GROUP, m))
    like(c.line(), "^441", "a known Message-ID with another text is refused")
is_(len(posts(s)), before, "nothing new")
c.close()
done()
