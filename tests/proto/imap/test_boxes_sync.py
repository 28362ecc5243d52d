#!/usr/bin/env python3
"""IMAP: CONDSTORE and QRESYNC in boxes of pointers: INBOX, Replies to me, Watched, Unread."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
for who in ("alice", "bob", "mod"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
s.ctl("member", "set", "alice@example.org", "receipts=off")     # else that for $Watched stands in INBOX too
mids = [s.post("test.forum", "Post %d" % i) for i in range(1, 4)]
a = s.imap("alice@example.org", "secret")       # makes her boxes
a.run("SELECT test.forum")
a.run("STORE 1 +FLAGS ($Watched)")


def reply(to, who="bob", subject="Re"):
    return s.post("test.forum", subject, user=who + "@example.org", headers="References: %s\r\n" % to)


def word(u, name):
    m = re.search(name + r" (\d+)", "\n".join(u))
    return int(m.group(1)) if m else None


def fetches(u):
    return {int(re.search(r"UID (\d+)", l).group(1)): re.search(r"FLAGS \((.*?)\)", l).group(1) for l in u if " FETCH " in l and "FLAGS" in l}


def vanished(u):
    out = set()
    for l in u:
        m = re.match(r"\* VANISHED \(EARLIER\) (.*)", l)
        for part in m.group(1).split(",") if m else ():
            lo, _, hi = part.partition(":")
            out |= set(range(int(lo), int(hi or lo) + 1))
    return out


for to in mids:
    reply(to)
BOXES = ["INBOX", '"Replies to me"', "Watched", "Unread"]


def sync(box, state=None):
    """what a client that knows `state` learns"""
    c = s.imap("alice@example.org", "secret")
    c.run("ENABLE QRESYNC")
    r, u = c.run("SELECT %s%s" % (box, " (QRESYNC (%d %d))" % state if state else ""))
    assert r.startswith("OK"), r
    have = fetches(c.run("UID FETCH 1:* (FLAGS)")[1])
    c.close()
    return (word(u, "UIDVALIDITY"), word(u, "HIGHESTMODSEQ")), u, have


state = {}
for b in BOXES:
    state[b], u, have = sync(b)
    ok(state[b][1] and not any("NOMODSEQ" in l for l in u), b + " has a change number")
    ok(not [f for f in have.values() if "Seen" in f], b + ": nothing is read")
    st, u, _ = sync(b, state[b])
    is_((fetches(u), vanished(u), st), ({}, set(), state[b]), b + ": nothing new")

# read in the group: told in each box that shows the post, live too
live = s.imap("alice@example.org", "secret")
live.run("SELECT INBOX (CONDSTORE)")
a.run("NOOP")
a.run("UID STORE 4 +FLAGS (\\Seen)")
u = []
ok(wait_for(lambda: u.extend(live.run("NOOP")[1]) or [l for l in u if "FETCH" in l], 5), "an open INBOX is told")
like("\n".join(u), r"\* 1 FETCH \(UID 1 FLAGS \(\\Seen\) MODSEQ \(\d+\)\)", "with a change number of its own")
is_([l for l in live.run("SEARCH MODSEQ %d" % (state["INBOX"][1] + 1))[1] if "SEARCH" in l][0][:10], "* SEARCH 1", "SEARCH MODSEQ")
for b in BOXES[:3]:
    st, u, have = sync(b, state[b])
    is_(fetches(u), {1: "\\Seen"}, b + ": what was read elsewhere")
    ok(st[1] > state[b][1], b + ": a higher number")
    state[b] = st
st, u, have = sync("Unread", state["Unread"])
ok(len(vanished(u)) == 1 and not vanished(u) & set(have), "Unread: it vanished") or diag(u)
state["Unread"] = st

# read in the box
live.run("UID STORE 2 +FLAGS.SILENT (\\Flagged work)")
for b in BOXES[:2]:
    st, u, have = sync(b, state[b])
    is_(fetches(u), {2: "\\Flagged work"}, b + ": marked in INBOX")
    state[b] = st
r, u = live.run("UID STORE 2 (UNCHANGEDSINCE 1) -FLAGS (work)")
like(r, r"OK \[MODIFIED 2\]", "UNCHANGEDSINCE in INBOX")
st, u, have = sync("Watched", state["Watched"])
is_(fetches(u), {}, "Watched does not show that one")

# a moderator hides and restores; what he says about a post
hide = s.json("show", "test.forum:5")[0]
s.ctl("hide", "test.forum:5", "--reason", "x")
for b in BOXES[:2]:
    st, u, have = sync(b, state[b])
    is_((vanished(u), sorted(have)), ({2}, [1, 3]), b + ": hidden")
    state[b] = st
s.ctl("restore", "test.forum:5")
for b in BOXES[:2]:
    st, u, have = sync(b, state[b])
    is_((vanished(u), fetches(u)), (set(), {2: "\\Flagged work"}), b + ": restored")
    state[b] = st
s.ctl("lock", "test.forum:6")
for b in BOXES[:2]:
    st, u, have = sync(b, state[b])
    is_(fetches(u), {3: "$Locked"}, b + ": locked")
    state[b] = st

# expunged from one box only
live.run("NOOP")
live.run("UID STORE 1 +FLAGS.SILENT (\\Deleted)")
live.run("EXPUNGE")
st, u, have = sync("INBOX", state["INBOX"])
is_((vanished(u), sorted(have)), ({1}, [2, 3]), "INBOX: expunged")
st, u, have = sync('"Replies to me"', state['"Replies to me"'])
is_((vanished(u), fetches(u)), (set(), {}), "the other box is as it was")

# all at once
for i in range(30):
    reply(mids[0], subject="more %d" % i)
st, _, _ = sync("INBOX")
a.run("NOOP")
a.run("UID STORE 1:* +FLAGS.SILENT (\\Seen)")
st, u, have = sync("INBOX", st)
is_((len(fetches(u)), set(f.split()[0] for f in fetches(u).values())), (32, {"\\Seen"}), "1:* in the group") or diag(fetches(u))
# a group that is private now: what pointed there is not there any more, until the right comes back
s.group("other.forum")
n = s.post("other.forum", "Elsewhere")
reply(mids[1])
a.run("NOOP")
s.post("other.forum", "Re: Elsewhere", user="bob@example.org", headers="References: %s\r\n" % n)
st, u, have = sync("INBOX")
last = max(have)
s.ctl("group", "set", "other.forum", "access=private")
st2, u, have2 = sync("INBOX", st)
is_((vanished(u), sorted(set(have) - set(have2))), ({last}, [last]), "no longer readable: vanished")
live.run("SELECT INBOX")
is_(len(have2), int(re.search(r"MESSAGES (\d+)", live.run("STATUS INBOX (MESSAGES)")[1][0]).group(1)), "and not counted")
s.ctl("member", "role", "alice@example.org", "member:other.forum")
st3, u, have3 = sync("INBOX", st2)
ok(last in have3 and last in fetches(u), "readable again: back") or diag(have3, u)

ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
