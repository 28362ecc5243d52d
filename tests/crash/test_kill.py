#!/usr/bin/env python3
"""kill -9 while eight connections post over NNTP, IMAP and LMTP. What was acknowledged is there, once, under its number;
what was refused is not; numbers ascend; the store is whole. FORUMD_CRASH_ROUNDS rounds (default 25) on one store."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crashlib import *

s = forum()
ledger = Ledger()
for turn in range(ROUNDS):
    kinds = [Nntp, Nntp, Nntp, Nntp, ImapAppend, ImapAppend, Lmtp, Lmtp]
    posters = [k(s, rnd.randrange(1 << 30)) for k in kinds]
    for p in posters:
        p.start()
    wait_for(lambda: all(p.acked or p.refused for p in posters), 20)    # logins take their time
    time.sleep(rnd.random() ** 2 * 0.6)
    s.kill9()
    for p in posters:
        p.join(30)
    odd = ledger.take(posters)
    s.start()
    faults = ledger.faults(s)
    if not ok(not faults and not odd, "round %d: %d acknowledged so far, %d refused, %d unknown" % (turn + 1, len(ledger.acked), len(ledger.refused), len(ledger.unknown))):
        diag("\n".join((faults + odd)[:20]))
    if turn % 5 == 4 or turn == ROUNDS - 1:
        healthy(s, "round %d" % (turn + 1))
ok(len(ledger.acked) > ROUNDS and len(ledger.refused) > 0, "the rounds did something")
n = s.nntp()
n.cmd("GROUP " + GROUP, "211")
n.cmd("LISTGROUP " + GROUP, "211")
is_([int(x) for x in n.text()], sorted(ledger.numbers.values()), "NNTP lists the same numbers")
sample = rnd.sample(sorted(ledger.acked), min(50, len(ledger.acked)))
bad = 0
for m in sample:
    if not n.cmd("ARTICLE " + m).startswith("220"):
        bad += 1
        continue
    bad += not any(m in l for l in n.text())
is_(bad, 0, "acknowledged posts can be read")
n.close()
mid = s.post(GROUP, "after all")
ok(dict((m, k) for k, m in posts(s))[mid] > max(ledger.numbers.values()), "the next number is a new one")
is_(s.stop(), 0, "stops cleanly")
done()
