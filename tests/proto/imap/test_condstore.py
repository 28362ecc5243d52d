#!/usr/bin/env python3
"""IMAP CONDSTORE (RFC 7162 3.1): change numbers, conditional STORE, SEARCH MODSEQ, several connections."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import random

s = Server(limits="posts_per_minute = 10000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret")
s.member("mod@example.org", "Mod", "secret", "moderator:test.forum")


def login(who, select=True):
    c = s.imap(who + "@example.org", "secret")
    if select:
        c.run("SELECT test.forum")
    return c


def post(c, n, group="test.forum"):
    m = "Subject: Post %s\r\n\r\nText.\r\n" % n
    assert c.run("APPEND %s {%d+}\r\n%s" % (group, len(m), m))[0].startswith("OK")


def code(lines, name):
    for l in lines:
        m = re.search(r"\[%s (\d+)\]" % name, l)
        if m:
            return int(m.group(1))


def modseqs(lines):
    """{number: modseq} of FETCH lines"""
    out = {}
    for l in lines:
        m = re.match(r"\* (\d+) FETCH \(.*MODSEQ \((\d+)\)", l)
        if m:
            out[int(m.group(1))] = int(m.group(2))
    return out


a = login("alice")
for i in range(1, 11):
    post(a, i)
a.run("NOOP")
r, u = a.run("CAPABILITY")
like(u[0], r" CONDSTORE\b.* QRESYNC\b", "announced")

# SELECT, STATUS
r, u = a.run("SELECT test.forum")
top = code(u, "HIGHESTMODSEQ")
ok(top and not code(u, "NOMODSEQ"), "SELECT tells the highest change number")
ok("* OK [CLOSED] the other mailbox is closed" in u, "the mailbox before is said to be closed")
is_(a.run("STORE 1 +FLAGS (\\Flagged)")[1], ["* 1 FETCH (UID 1 FLAGS (\\Flagged))"], "no MODSEQ before it is asked for")
b = login("bob")
r, u = b.run("STATUS test.forum (HIGHESTMODSEQ)")
is_(u, ["* OK [HIGHESTMODSEQ %d] changes are told with their numbers now" % (top + 1), "* STATUS test.forum (HIGHESTMODSEQ %d)" % (top + 1)],
    "STATUS enables, and says where the client is")
r, u = b.run("FETCH 1:10 (MODSEQ)")
m = modseqs(u)
is_(sorted(m.values()), sorted(set(m.values())), "posts have ascending numbers of their own")
ok(m[1] < top, "another member's marks do not change mine")
r, u = a.run("FETCH 1:3 (UID MODSEQ)")
is_(modseqs(u)[1], top + 1, "the mark's number")
is_(modseqs(u)[2], m[2], "the post's own number")
is_(a.run("STORE 2 +FLAGS (\\Flagged)")[1], ["* 2 FETCH (UID 2 FLAGS (\\Flagged) MODSEQ (%d))" % (top + 2)], "enabled: STORE tells it")
is_(a.run("STORE 2 +FLAGS.SILENT (\\Seen)")[1], ["* 2 FETCH (UID 2 MODSEQ (%d))" % (top + 3)], "also a silent one, without flags")
is_(a.run("STORE 2 +FLAGS.SILENT (\\Seen)")[1], ["* 2 FETCH (UID 2 MODSEQ (%d))" % (top + 3)], "nothing changed: the same number")
is_(a.run("UID STORE 2 -FLAGS.SILENT (\\Seen)")[1], ["* 2 FETCH (UID 2 MODSEQ (%d))" % (top + 4)], "taking away is a change")

# CHANGEDSINCE
is_(a.run("FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % (top + 1))[1], ["* 2 FETCH (FLAGS (\\Flagged) MODSEQ (%d))" % (top + 4)], "CHANGEDSINCE")
is_(a.run("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % (top + 4))[1], [], "nothing since")
is_(len(a.run("FETCH 1:5 (FLAGS) (CHANGEDSINCE 1)")[1]), 5 if m[1] > 1 else 4, "all since the beginning")
like(a.run("FETCH 1 FLAGS (CHANGEDSINCE 0)")[0], "^BAD", "0 is none")
like(a.run("FETCH 1 FLAGS (CHANGEDSINCE)")[0], "^BAD", "needs a number")
like(a.run("FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)")[0], "^BAD", "once")
like(a.run("UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)")[0], "^BAD", "VANISHED wants QRESYNC")

# UNCHANGEDSINCE
r, u = a.run("STORE 1:3 (UNCHANGEDSINCE %d) +FLAGS (\\Answered)" % (top + 1))
like(r, r"^OK \[MODIFIED 2\]", "one had changed")
m2 = modseqs(u)
ok(m2[1] == m2[3] == top + 5 and m2[2] == top + 4, "the others were marked; the one is told as it is")
like(a.run("UID FETCH 2 FLAGS")[1][0], r"FLAGS \(\\Flagged\)", "and was left alone")
like(a.run("STORE 1:10 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)")[0], r"^OK \[MODIFIED 1:10\]", "0: nothing qualifies")
like(a.run("STORE 4 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Seen)" % m[4])[0], "^OK STORE", "its own number qualifies")
like(a.run("STORE 4 (UNCHANGEDSINCE %d) +FLAGS.SILENT (\\Answered)" % m[4])[0], r"^OK \[MODIFIED 4\]", "but not twice")
for bad in ("STORE 1 (UNCHANGEDSINCE) FLAGS ()", "STORE 1 () FLAGS ()", "STORE 1 (UNCHANGEDSINCE 1)FLAGS ()", "STORE 1 (CHANGEDSINCE 1) FLAGS ()",
            "STORE 1 (UNCHANGEDSINCE 99999999999999999999) FLAGS ()"):
    like(a.run(bad)[0], "^BAD", bad)

# SEARCH MODSEQ
now = code(a.run("SELECT test.forum (CONDSTORE)")[1], "HIGHESTMODSEQ")
all_ = modseqs(a.run("FETCH 1:* (MODSEQ)")[1])
for n in (0, 1, top, top + 3, now, now + 1):
    want = sorted(k for k in all_ if all_[k] >= n)
    got = a.run("SEARCH MODSEQ %d" % n)[1][0]
    is_(got, "* SEARCH" + "".join(" %d" % k for k in want) + (" (MODSEQ %d)" % max(all_[k] for k in want) if want else ""), "SEARCH MODSEQ %d" % n)
is_(a.run('SEARCH MODSEQ "/flags/\\\\draft" all %d' % now)[1], a.run("SEARCH MODSEQ %d" % now)[1], "an entry name changes nothing")
l = a.run("SEARCH RETURN (MIN) MODSEQ 1")[1][0]
like(l, r"MIN 1 MODSEQ %d$" % all_[1], "MIN: of that one")
like(a.run("SEARCH RETURN (MAX) MODSEQ 1")[1][0], r"MAX 10 MODSEQ %d$" % all_[10], "MAX: of that one")
like(a.run("SEARCH RETURN (COUNT ALL) MODSEQ 1")[1][0], r"ALL 1:10 COUNT 10 MODSEQ %d$" % max(all_.values()), "ALL: the highest")
like(a.run("SEARCH MODSEQ x")[0], "^BAD", "a number")

# what the other connection is told
a2 = login("alice")
a2.run("ENABLE CONDSTORE")
a.run("STORE 5 +FLAGS (\\Seen)")
u = wait_for(lambda: a2.run("NOOP")[1])
is_(u, ["* 5 FETCH (UID 5 FLAGS (\\Seen) MODSEQ (%d))" % (now + 1)], "told with its number")
is_(a2.run("ENABLE CONDSTORE")[1], ["* ENABLED"], "nothing new")

# reading sets \Seen with its number
r, u = a.run("FETCH 6 (BODY[TEXT])")
ok(any(re.search(r"FLAGS \(\\Seen\) MODSEQ", l) for l in u), "implicit \\Seen is told with its number")

# boxes have their own (test_boxes_sync.py), commands none
r, u = a.run("SELECT INBOX")
ok(code(u, "HIGHESTMODSEQ"), "INBOX has change numbers")
r, u = a.run("SELECT test.forum.!Mute")
ok(any("NOMODSEQ" in l for l in u), "what is always empty has none")

# a pointer in an own box has a number of the box, not of the group it came from
a.run("SELECT test.forum (CONDSTORE)")
a.run("UID COPY 3 Drafts")
r, u = a.run("SELECT Drafts (CONDSTORE)")
top = code(u, "HIGHESTMODSEQ")
is_(modseqs(a.run("FETCH 1:* (MODSEQ)")[1]), {1: int(top)}, "MODSEQ of what was copied into an own box is the box's")
a.run("STORE 1 +FLAGS.SILENT (\\Flagged)")
ok(modseqs(a.run("FETCH 1 (MODSEQ)")[1])[1] > int(top), "and goes up with its marks")

# random: two connections race with conditional stores; none is lost
rnd = random.Random(int(os.environ.get("SEED", "7")))
a.run("SELECT test.forum (CONDSTORE)")
a2.run("SELECT test.forum (CONDSTORE)")
flags = {i: set(re.search(r"FLAGS \((.*?)\)", l).group(1).split()) for i, l in enumerate(a.run("FETCH 1:* (FLAGS)")[1], 1)}
known = {c: modseqs(c.run("FETCH 1:* (MODSEQ)")[1]) for c in (a, a2)}
latest = dict(known[a])
bad = 0
for step in range(300):
    c = rnd.choice((a, a2))
    n = rnd.randint(1, 10)
    f = rnd.choice(("\\Seen", "\\Flagged", "$Forwarded"))
    add = rnd.random() < 0.5
    r, u = c.run("STORE %d (UNCHANGEDSINCE %d) %sFLAGS (%s)" % (n, known[c][n], "+-"[not add], f))
    should_fail = latest[n] > known[c][n]
    failed = "MODIFIED %d" % n in r
    bad += should_fail != failed
    known[c].update(modseqs(u))
    if not failed:
        before = set(flags[n])
        (flags[n].add if add else flags[n].discard)(f)
        bad += (known[c][n] > latest[n]) != (before != flags[n])
        latest[n] = known[c][n]
is_(bad, 0, "each conditional store succeeds exactly when nothing had changed")
got = {i: set(re.search(r"FLAGS \((.*?)\)", l).group(1).split()) for i, l in enumerate(a.run("FETCH 1:* (FLAGS)")[1], 1)}
is_(got, flags, "and the flags are those of the stores that succeeded")

# a new message that NOTIFY tells with its flags has its MODSEQ
n = s.imap("alice@example.org", "secret")
n.run("ENABLE CONDSTORE")
n.run("NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge))")
n.run("SELECT test.forum")
m = "Subject: told\r\n\r\nby itself\r\n"
a.run("APPEND test.forum {%d+}\r\n%s" % (len(m), m))
l = n.line()
while " FETCH " not in l:
    l = n.line()
like(l, r"UID \d+ FLAGS \(.*\) MODSEQ \(\d+\)", "NOTIFY tells MODSEQ with the flags of a new message once CONDSTORE is on")
done()
