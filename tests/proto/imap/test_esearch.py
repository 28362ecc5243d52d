#!/usr/bin/env python3
"""IMAP SEARCH with RETURN (RFC 4731), $ (RFC 5182), OLDER and YOUNGER (RFC 5032), PARTIAL (RFC 9394), against a model."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import random

s = Server(limits="posts_per_minute = 10000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("mod@example.org", "Mod", "secret", "moderator:test.forum")
mod = s.imap("mod@example.org", "secret")
mod.run("SELECT test.forum")
now = time.time()
for i in range(1, 31):
    m = "Subject: Post %d\r\n\r\nText.\r\n" % i
    date = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(now - 3600 * (31 - i)))
    assert mod.run('APPEND test.forum "%s" {%d+}\r\n%s' % (date, len(m), m))[0].startswith("OK")
for i in (2, 3, 9, 20):
    s.ctl("hide", "test.forum:%d" % i, "--reason", "test")
c = s.imap("alice@example.org", "secret")
like(c.run("CAPABILITY")[1][0], r" SEARCHRES WITHIN PARTIAL\b", "announced")
c.run("SELECT test.forum")
uids = [i for i in range(1, 31) if i not in (2, 3, 9, 20)]
seq = {u: i for i, u in enumerate(uids, 1)}


def show(numbers):
    out, run = [], []
    for n in sorted(numbers) + [None]:
        if run and n != run[-1] + 1:
            out.append(str(run[0]) if len(run) == 1 else "%d:%d" % (run[0], run[-1]))
            run = []
        run.append(n) if n is not None else None
    return ",".join(out)


def esearch(cmd):
    r, u = c.run(cmd)
    u = [l for l in u if "ESEARCH" in l]
    return re.sub(r'\(TAG "t\d+"\)', "", u[0]).replace("* ESEARCH ", "").strip() if u else r


flagged = [4, 5, 6, 8, 12, 30]
c.run("UID STORE %s +FLAGS.SILENT (\\Flagged)" % ",".join(map(str, flagged)))
is_(esearch("UID SEARCH RETURN (ALL) FLAGGED"), "UID ALL " + show(flagged), "ALL of UIDs")
is_(esearch("SEARCH RETURN (ALL) FLAGGED"), "ALL " + show(seq[u] for u in flagged), "ALL of sequence numbers")
is_(esearch("SEARCH RETURN () FLAGGED"), "ALL " + show(seq[u] for u in flagged), "() is ALL")
is_(esearch("UID SEARCH RETURN (MIN MAX COUNT) FLAGGED"), "UID MIN 4 MAX 30 COUNT 6", "MIN MAX COUNT")
is_(esearch("UID SEARCH RETURN (MIN MAX ALL COUNT) SEEN"), "UID COUNT 0", "nothing found")
is_(c.run("SEARCH FLAGGED")[1], ["* SEARCH " + " ".join(str(seq[u]) for u in flagged)], "without RETURN")

# PARTIAL
is_(esearch("UID SEARCH RETURN (PARTIAL 1:2) FLAGGED"), "UID PARTIAL (1:2 4:5)", "the first two")
is_(esearch("UID SEARCH RETURN (PARTIAL 2:1) FLAGGED"), "UID PARTIAL (1:2 4:5)", "in any order")
is_(esearch("UID SEARCH RETURN (PARTIAL -1:-2 COUNT) FLAGGED"), "UID COUNT 6 PARTIAL (-1:-2 12,30)", "the last two")
is_(esearch("UID SEARCH RETURN (PARTIAL 6:9) FLAGGED"), "UID PARTIAL (6:9 30)", "over the end")
is_(esearch("UID SEARCH RETURN (PARTIAL 7:9) FLAGGED"), "UID PARTIAL (7:9 NIL)", "beyond it")
is_(esearch("UID SEARCH RETURN (PARTIAL -5:-9) FLAGGED"), "UID PARTIAL (-5:-9 4:5)", "over the beginning")
for bad in ("PARTIAL", "PARTIAL 0:1", "PARTIAL 1:-2", "PARTIAL 1:2 ALL", "PARTIAL 1", "SOME", "MIN MAX,ALL"):
    like(c.run("UID SEARCH RETURN (%s) FLAGGED" % bad)[0], "^BAD", "RETURN (%s)" % bad)
is_([l.split("UID ")[1].rstrip(")") for l in c.run("UID FETCH 1:* (UID) (PARTIAL 2:4)")[1]], ["4", "5", "6"], "FETCH PARTIAL counts what is there")
is_([l.split("UID ")[1].rstrip(")") for l in c.run("UID FETCH 1:29 (UID) (PARTIAL -1:-2)")[1]], ["28", "29"], "from the end")
like(c.run("FETCH 1:* (UID) (PARTIAL 2:4)")[0], "^BAD", "only with UIDs")

# $
is_(c.run("SEARCH RETURN (SAVE) FLAGGED")[1], [], "SAVE alone tells nothing")
is_(c.run("UID SEARCH $")[1], ["* SEARCH " + " ".join(map(str, flagged))], "$ as a search key")
is_([l.split()[1] for l in c.run("FETCH $ (UID)")[1]], [str(seq[u]) for u in flagged], "FETCH $")
is_(len(c.run("STORE $ +FLAGS ($Forwarded)")[1]), 6, "STORE $")
is_(esearch("UID SEARCH RETURN (SAVE MIN) KEYWORD $Forwarded"), "UID MIN 4", "MIN is told")
is_(c.run("UID SEARCH UID $")[1], ["* SEARCH 4"], "and alone is saved")
esearch("UID SEARCH RETURN (SAVE MIN MAX) FLAGGED")
is_(c.run("UID SEARCH $")[1], ["* SEARCH 4 30"], "MIN and MAX")
esearch("UID SEARCH RETURN (SAVE MIN COUNT) FLAGGED")
is_(c.run("UID SEARCH $")[1], ["* SEARCH " + " ".join(map(str, flagged))], "with COUNT all")
is_(esearch("UID SEARCH RETURN (SAVE ALL) $ UID 5:8"), "UID ALL 5:6,8", "narrowing")
is_(c.run("UID SEARCH $ NOT UID 6")[1], ["* SEARCH 5 8"], "used with others")
is_(c.run("UID SEARCH OR $ UID 30")[1], ["* SEARCH 5 6 8 30"], "and in OR")
like(c.run("SEARCH RETURN (SAVE) NONSENSE")[0], "^BAD", "a bad search")
is_(c.run("UID SEARCH $")[1], ["* SEARCH"], "leaves nothing")
c.run("SEARCH RETURN (SAVE) FLAGGED")
like(c.run("SEARCH RETURN (SAVE) CHARSET KOI8-R SEEN")[0], "^NO", "a refused one")
is_(c.run("UID SEARCH $")[1], ["* SEARCH"], "neither")
like(c.run("FETCH $ (UID)")[0], "^OK", "an empty $ is no error")
c.run("SEARCH RETURN (SAVE) FLAGGED")
s.ctl("hide", "test.forum:5", "--reason", "test")
wait_for(lambda: c.run("NOOP")[1])
is_(c.run("UID SEARCH $")[1], ["* SEARCH 4 6 8 12 30"], "what is expunged leaves $")
c.run("SELECT test.forum")
is_(c.run("UID SEARCH $")[1], ["* SEARCH"], "SELECT empties it")

# WITHIN
uids = [u for u in uids if u != 5]
for hours in (1, 5, 17, 40):
    young = [u for u in uids if 31 - u <= hours]
    sec = hours * 3600 + 1800
    is_(c.run("UID SEARCH YOUNGER %d" % sec)[1], ["* SEARCH" + "".join(" %d" % u for u in young)], "YOUNGER %d" % sec)
    is_(c.run("UID SEARCH OLDER %d" % sec)[1], ["* SEARCH" + "".join(" %d" % u for u in uids if u not in young)], "OLDER %d" % sec)
for bad in ("OLDER", "OLDER 0", "YOUNGER x", "YOUNGER -1"):
    like(c.run("SEARCH " + bad)[0], "^BAD", bad)
done()
