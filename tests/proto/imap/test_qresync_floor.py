#!/usr/bin/env python3
"""IMAP QRESYNC (RFC 7162 3.2) from before the beginning of what the server still knows: the daemon forgets old changes of a group
when it starts, and a client that was away longer learns all the same what vanished, what changed and what is new."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

KEPT = 20000      # changes of a group (forumd/index.c)
s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")


def bring(first, n):
    name = "%s/%d.mbox" % (s.dir, first)
    with open(name, "w") as f:
        for i in range(first, first + n):
            f.write("From x Sat Jan  1 00:00:00 2022\nFrom: Old <old@elsewhere.example>\nSubject: Post %d\nMessage-ID: <%d@x>\n"
                    "Date: Sat, 1 Jan 2022 00:00:00 +0000\n\nx\n\n" % (i, i))
    s.ctl("import", "--group", "test.forum", name)


def uids(text):
    out = set()
    for part in filter(None, text.split(",")):
        lo, _, hi = part.partition(":")
        out.update(range(int(lo), int(hi or lo) + 1))
    return out


def connect():
    c = s.imap("alice@example.org", "secret")
    c.run("ENABLE QRESYNC")
    return c


def state(u):
    u = "\n".join(u)
    return int(re.search(r"UIDVALIDITY (\d+)", u).group(1)), int(re.search(r"HIGHESTMODSEQ (\d+)", u).group(1))


def told(u):
    """(vanished, {uid: flags})"""
    gone = set()
    for l in u:
        m = re.match(r"\* VANISHED \(EARLIER\) (.*)", l)
        gone |= uids(m.group(1)) if m else set()
    got = [re.match(r"\* \d+ FETCH \(UID (\d+) FLAGS \((.*?)\) MODSEQ", l) for l in u]
    return gone, {int(m.group(1)): set(m.group(2).split()) for m in got if m}


bring(1, 12)
s.ctl("hide", "test.forum:1")
c = connect()
v, h = state(c.run("SELECT test.forum")[1])
c.run("LOGOUT")
# while the client is away: these first, so that they are what is forgotten
s.ctl("hide", "test.forum:2")
s.ctl("hide", "test.forum:3")
s.ctl("restore", "test.forum:3")
s.ctl("lock", "test.forum:4")
b = connect()
b.run("SELECT test.forum")
b.run("UID STORE 5 +FLAGS (\\Flagged)")
b.run("UID STORE 6 +FLAGS (\\Deleted)")
b.run("UID EXPUNGE 6")
bring(13, KEPT + 200)
s.ctl("hide", "test.forum:7")
last = 12 + KEPT + 200
b.run("NOOP")
h2 = state(b.run("SELECT test.forum")[1])[1]
s.ctl("hide", "test.forum:8")
s.stop()
s.start()
ok(wait_for(lambda: re.search(r"changes forgotten group=%d upto=(\d+)" % s.json("group", "show", "test.forum")[0]["id"], s.tail(1 << 20)), 100, 0.5),
   "the daemon forgets the oldest changes") or diag(s.tail())
floor = int(re.findall(r"changes forgotten group=\d+ upto=(\d+)", s.tail(1 << 20))[-1])
ok(h < floor < h2, "those the client has not seen among them: %d < %d < %d" % (h, floor, h2))

GONE = {2, 6, 7, 8}
CHANGED = {3: set(), 4: {"$Locked"}, 5: {"\\Flagged"}}
MAY = {1, 9, 10, 11, 12}           # told in vain, perhaps


def right(u, name, known=None):
    gone, flags = told(u)
    inside = lambda x: {i for i in x if not known or i in known}
    ok(inside(GONE) <= gone and gone <= inside(GONE | {1}), name + ": what vanished, and nothing that is there") or diag(gone)
    is_({k: flags.get(k) for k in inside(CHANGED)}, {k: CHANGED[k] for k in inside(CHANGED)}, name + ": what changed, what came back")
    is_(inside(range(13, last + 1)) - set(flags), set(), name + ": everything that is new")
    ok(set(flags) <= inside(set(CHANGED) | MAY | set(range(13, last + 1))), name + ": nothing that is gone")


c = connect()
r, u = c.run("SELECT test.forum (QRESYNC (%d %d))" % (v, h))
like(r, "^OK", "SELECT with a number older than the log")
right(u, "QRESYNC")
r, u = c.run("SELECT test.forum (QRESYNC (%d %d 1:10))" % (v, h))
right(u, "known UIDs", range(1, 11))
r, u = c.run("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % h)
right(u, "UID FETCH CHANGEDSINCE VANISHED")
is_(set(told(c.run("UID FETCH 1:12 (FLAGS) (CHANGEDSINCE %d)" % h)[1])[1]), set(CHANGED), "CHANGEDSINCE is exact: each message has its own number")
like(c.run("UID SEARCH UID 1:12 MODSEQ %d" % (h + 1))[1][0], r"^\* SEARCH 3 4 5 \(MODSEQ", "SEARCH MODSEQ too")
like(c.run("UID STORE 4,5,9 (UNCHANGEDSINCE %d) +FLAGS (\\Seen)" % h)[0], r"^OK \[MODIFIED 4:5\]", "UNCHANGEDSINCE: what changed since is left alone")
r, u = c.run("SELECT test.forum (QRESYNC (%d %d))" % (v, h2))
is_((told(u)[0], set(told(u)[1])), ({8}, {9}), "from a number that is still known: exactly what happened since")
done()
