#!/usr/bin/env python3
"""IMAP QRESYNC (RFC 7162 3.2): clients that come back learn exactly what changed; random operations against a model."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import random

s = Server(limits="posts_per_minute = 100000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("mod@example.org", "Mod", "secret", "moderator:test.forum")


def connect(who="alice", enable=True):
    c = s.imap(who + "@example.org", "secret")
    if enable:
        c.run("ENABLE QRESYNC")
    return c


def post(c, n):
    m = "Subject: Post %s\r\n\r\nText.\r\n" % n
    assert c.run("APPEND test.forum {%d+}\r\n%s" % (len(m), m))[0].startswith("OK")


def uids(text):
    out = set()
    for part in text.split(","):
        lo, _, hi = part.partition(":")
        out.update(range(int(lo), int(hi or lo) + 1))
    return out


def expunge(c, uid):
    c.run("UID STORE %d +FLAGS.SILENT (\\Deleted)" % uid)
    return c.run("UID EXPUNGE %d" % uid)


mod = connect("mod")
mod.run("SELECT test.forum")
for i in range(1, 21):
    post(mod, i)
mod.run("NOOP")

# the parameter
c = connect(enable=False)
like(c.run("SELECT test.forum (QRESYNC (1 1))")[0], "^BAD", "ENABLE first")
is_(c.run("ENABLE QRESYNC")[1], ["* ENABLED CONDSTORE QRESYNC"], "ENABLE QRESYNC brings CONDSTORE")
for bad in ("(QRESYNC)", "(QRESYNC (1))", "(QRESYNC (0 1))", "(QRESYNC (1 0))", "(QRESYNC (1 1 *))", "(QRESYNC (1 1 1:5 (1)))", "()", "(FOO)", "(QRESYNC (1 1)",
            "(QRESYNC (1 1) QRESYNC (1 1))"):
    like(c.run("SELECT test.forum " + bad)[0], "^BAD", bad)
r, u = c.run("SELECT test.forum")
v = int(re.search(r"UIDVALIDITY (\d+)", "\n".join(u)).group(1))
h = int(re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(u)).group(1))
c.run("UNSELECT")

r, u = expunge(mod, 3)
ok("* VANISHED 3" in u and re.match(r"OK \[HIGHESTMODSEQ \d+\]", r), "EXPUNGE: VANISHED and the highest number")
expunge(mod, 5)
c2 = connect()
c2.run("SELECT test.forum")
c2.run("UID STORE 7 +FLAGS (\\Flagged)")
post(mod, 21)
r, u = c.run("SELECT test.forum (QRESYNC (%d %d))" % (v, h))
ok("* VANISHED (EARLIER) 3,5" in u, "what vanished")
fetch = [l for l in u if " FETCH " in l]
ok(len(fetch) == 2 and re.match(r"\* 5 FETCH \(UID 7 FLAGS \(\\Flagged\) MODSEQ \(\d+\)\)", fetch[0]) and "UID 21 " in fetch[1], "what changed and what is new")
like(r, r"^OK \[READ-WRITE\]", "then the answer")
r, u = c.run("SELECT test.forum (QRESYNC (%d %d 1:4,6:20))" % (v, h))
ok("* VANISHED (EARLIER) 3" in u and len([l for l in u if " FETCH " in l]) == 1, "only among the known UIDs")
r, u = c.run("SELECT test.forum (QRESYNC (%d %d 1:20 (1:3 1:3)))" % (v, h))
ok("* VANISHED (EARLIER) 3,5" in u, "with sequence match data")
r, u = c.run("SELECT test.forum (QRESYNC (%d %d))" % (v + 1, h))
ok(r.startswith("OK") and not any("VANISHED" in l or "FETCH" in l for l in u), "another UIDVALIDITY: as if it was not asked")
r, u = c.run("EXAMINE test.forum (QRESYNC (%d %d))" % (v, h + 1000))
ok(r.startswith("OK [READ-ONLY]") and not any("VANISHED" in l or "FETCH" in l for l in u), "EXAMINE; nothing since")
c.run("SELECT test.forum")
r, u = c.run("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % h)
is_([l for l in u if "VANISHED" in l], ["* VANISHED (EARLIER) 3,5"], "UID FETCH ... VANISHED")
like(c.run("FETCH 1:* (FLAGS) (CHANGEDSINCE %d VANISHED)" % h)[0], "^BAD", "only with UIDs")
c.run("CREATE Tail")
for i in range(4):
    c.run("APPEND Tail {17+}\r\nSubject: x\r\n\r\nx\r\n")
c.run("SELECT Tail")
c.run("UID STORE 1,3:4 +FLAGS (\\Deleted)")
c.run("EXPUNGE")
for ask, told in (("1:*", "1,3:4"), ("2:*", "3:4"), ("4:*", "4"), ("*:4", "4"), ("2:4", "3:4"), ("1:2", "1"), ("*", ""), ("9:*", "")):
    u = c.run("UID FETCH %s (FLAGS) (CHANGEDSINCE 1 VANISHED)" % ask)[1]
    is_([l for l in u if "VANISHED" in l], ["* VANISHED (EARLIER) " + told] if told else [], "what vanished behind the last: " + ask)
c.run("SELECT test.forum")
like(c.run("UID FETCH 1:* (FLAGS) (VANISHED)")[0], "^BAD", "only with CHANGEDSINCE")

# a restored post is told again to who had seen it go
s.ctl("restore", "test.forum:3", "--reason", "test")
r, u = c.run("SELECT test.forum (QRESYNC (%d %d))" % (v, h))
ok("* VANISHED (EARLIER) 5" in u and any("UID 3 " in l for l in u), "what came back is told as new")


# random operations; each client keeps what it was told, goes away and comes back
class Client:
    def __init__(self):
        self.flags, self.h, self.seqs, self.c = {}, 0, [], None
        self.wrong = 0

    def take(self, lines, opening=False):
        for l in lines:
            m = re.match(r"\* VANISHED (\(EARLIER\) )?(.*)", l)
            if m:
                for n in uids(m.group(2)):
                    if n in self.seqs:
                        if m.group(1) and not opening:
                            self.wrong += 1
                        self.seqs.remove(n)
                    self.flags.pop(n, None)
            m = re.match(r"\* (\d+) FETCH \(UID (\d+)(?: FLAGS \((.*?)\))?(?: MODSEQ \((\d+)\))?\)", l)
            if m:
                seq, uid = int(m.group(1)), int(m.group(2))
                if m.group(3) is not None:
                    self.flags[uid] = set(m.group(3).split())
                if m.group(4) is None:
                    self.wrong += 1
                else:
                    self.max = max(self.max, int(m.group(4)))
                if uid not in self.seqs and not opening:
                    if seq > len(self.seqs) + 1:     # a new one behind others that were not fetched yet
                        continue
                    self.seqs = sorted(self.seqs + [uid])
                if not opening and self.seqs.index(uid) + 1 != seq:
                    self.wrong += 1
            if re.match(r"\* \d+ EXISTS", l):
                self.exists = int(l.split()[1])

    def open(self):
        self.max = self.h
        self.c = connect()
        r, u = self.c.run("SELECT test.forum" + (" (QRESYNC (%d %d))" % (v, self.h) if self.h else " (CONDSTORE)"))
        self.seqs = []
        self.take(u, True)
        fresh = not self.h
        self.h = int(re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(u)).group(1))
        if fresh:
            self.seqs = []
            self.take(self.c.run("UID FETCH 1:* (FLAGS MODSEQ)")[1])
        self.seqs = sorted(self.flags)
        if self.exists != len(self.seqs):
            self.wrong += 1
            diag("after opening: %d EXISTS, %d known" % (self.exists, len(self.seqs)))
        self.max = self.h

    def noop(self):
        self.take(self.c.run("NOOP")[1])
        new = self.exists - len(self.seqs)
        if new > 0:
            self.take(self.c.run("UID FETCH %d:* (FLAGS MODSEQ)" % (max(self.seqs or [0]) + 1))[1])
        self.h = max(self.h, self.max)

    def close(self):
        self.noop()
        self.c.close()
        self.c = None


seed = int(os.environ.get("SEED", "11"))
rnd = random.Random(seed)
clients = [Client() for _ in range(4)]
for k in clients:
    k.open()
n = 21
FLAGS = ["\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "$Junk"]
for step in range(600):
    k = rnd.choice(clients)
    what = rnd.random()
    if k.c is None:
        k.open()
    elif what < 0.10:
        k.close()
    elif what < 0.25:
        k.noop()
    elif what < 0.33:
        n += 1
        post(mod, n)
    elif what < 0.43 and k.flags:
        mod.run("NOOP")
        expunge(mod, rnd.choice(sorted(k.flags)))
    elif k.seqs:
        lo = rnd.choice(k.seqs)
        hi = lo + rnd.randint(0, 6)
        r, u = k.c.run("UID STORE %d:%d %sFLAGS%s (%s)" % (lo, hi, rnd.choice(["", "+", "-"]), "", " ".join(rnd.sample(FLAGS, rnd.randint(1, 3)))))
        k.take(u)
for k in clients:
    if k.c is None:
        k.open()
    k.noop()
time.sleep(0.2)
fresh = Client()
fresh.open()
for i, k in enumerate(clients):
    k.noop()
    is_(k.flags, fresh.flags, "client %d of seed %d knows what a fresh one sees" % (i, seed))
    is_(k.wrong, 0, "and was never told nonsense")
done()
