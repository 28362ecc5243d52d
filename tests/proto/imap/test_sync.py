#!/usr/bin/env python3
"""IMAP: what others do is told at the safe points: several connections, IDLE, moderation, EXPUNGE."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import time

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret")
s.member("mod@example.org", "Mod", "secret", "moderator:test.forum")


def login(who):
    c = s.imap(who + "@example.org", "secret")
    c.run("SELECT test.forum")
    return c


def post(c, subject):
    m = ("Subject: %s\r\n\r\nText.\r\n" % subject).encode()
    r, u = c.run("APPEND test.forum {%d+}\r\n%s" % (len(m), m.decode()))
    assert r.startswith("OK"), r
    return u


def untagged(c, command="NOOP"):
    r, u = c.run(command)
    return u


a, a2, b, m = login("alice"), login("alice"), login("bob"), login("mod")
for i in range(1, 6):
    post(a, "Post %d" % i)
is_(untagged(b)[-1:], ["* 5 EXISTS"], "new posts of others at NOOP")
is_(untagged(m)[-1:], ["* 5 EXISTS"], "for everybody")
is_(untagged(a2)[-1:], ["* 5 EXISTS"], "also on one's other connection")

# own marks show on the other connection, not with others
a.run("STORE 2 +FLAGS (\\Flagged)")
is_(wait_for(lambda: untagged(a2)), ["* 2 FETCH (UID 2 FLAGS (\\Flagged))"], "flags set elsewhere")
is_(untagged(a), [], "not told twice to the one that set them")
is_(untagged(b), [], "and not to others")
a.run("STORE 1:5 +FLAGS.SILENT (\\Seen)")
is_(len(wait_for(lambda: untagged(a2))), 5, "a whole range")
is_(untagged(a2), [], "once")

# what the other connection changed is told also when one's own STORE on the same post is silent
a2.run("STORE 4 +FLAGS.SILENT (\\Flagged)")
is_(wait_for(lambda: [l for l in untagged(a, "STORE 4 +FLAGS.SILENT ($Forwarded)") + untagged(a) if "FETCH" in l]),
    ["* 4 FETCH (UID 4 FLAGS (\\Seen \\Flagged $Forwarded))"], "a silent STORE does not swallow what others changed")
a2.run("STORE 4 -FLAGS.SILENT (\\Flagged $Forwarded)")
wait_for(lambda: untagged(a))

# a post is hidden: sequence numbers stay until a safe point
s.ctl("hide", "test.forum:2", "--reason", "test")
r, u = a.run("FETCH 3 (UID)")
is_(u, ["* 3 FETCH (UID 3)"], "no EXPUNGE in the answer to FETCH, numbers stay")
r, u = a.run("FETCH 1:5 (UID)")
ok(r.startswith("OK [EXPUNGEISSUED]") and len(u) == 4, "the hidden post is left out, the answer says so")
is_(a.run("SEARCH ALL")[1][0][:8], "* SEARCH", "SEARCH tells no EXPUNGE")
is_(untagged(a, "STORE 3 +FLAGS (\\Answered)"), ["* 3 FETCH (UID 3 FLAGS (\\Seen \\Answered))"], "nor STORE")
is_(untagged(a), ["* 2 EXPUNGE"], "NOOP does")
is_(a.run("FETCH 2 (UID)")[1], ["* 2 FETCH (UID 3)"], "numbers have moved")
r, u = b.run("UID FETCH 1:* (UID)")
ok("* 2 EXPUNGE" in u and len(u) == 5, "a UID command may tell it")

# restored: stays away from those who saw it go, is there for others
s.ctl("restore", "test.forum:2", "--reason", "test")
time.sleep(0.1)
is_([l for l in untagged(a) if "EXISTS" in l or "EXPUNGE" in l], [], "a number does not come back to life")
is_(a.run("UID FETCH 2 (UID)")[1], [], "and cannot be fetched")
is_(untagged(m), [], "who was not told of its going sees no change")
is_(m.run("FETCH 2 (UID)")[1], ["* 2 FETCH (UID 2)"], "and has it")
a.run("SELECT test.forum")
is_(a.run("UID FETCH 2 (UID)")[1], ["* 2 FETCH (UID 2)"], "after a new SELECT it is there")

# new posts after holes
s.ctl("hide", "test.forum:5", "--reason", "test")
post(b, "Post 6")
u = untagged(a)
is_(u, ["* 5 EXPUNGE", "* 5 EXISTS"], "EXPUNGE before EXISTS")
is_(a.run("FETCH * (UID)")[1], ["* 5 FETCH (UID 6)"], "the new one is the last")

# off-topic is a flag everybody sees
s.ctl("note", "test.forum:3", "--reason", "test", check=False)
s.ctl("flag", "test.forum:3", "off-topic", "--as", "bob@example.org", check=False)
u = wait_for(lambda: [l for l in untagged(b) if "$OffTopic" in l]) or [""]
like(u[0], r"FETCH \(UID 3 FLAGS \(.*\$OffTopic\)\)", "a report of off-topic shows as $OffTopic")
is_(b.run("SEARCH KEYWORD $OffTopic")[1], ["* SEARCH 2"] if not b.run("UID SEARCH UID 2")[1][0].endswith(" 2") else ["* SEARCH 3"], "and is found")

# IDLE
def idle(c):
    c.send("i IDLE")
    l = c.line()
    while not l.startswith("+"):
        l = c.line()


def timed(c, fn):
    start = time.time()
    fn()
    l = c.line()
    return l, time.time() - start


for c in (a, a2, b, m):
    c.run("SELECT test.forum")
idle(b)
l, t = timed(b, lambda: post(a, "Post 7"))
ok(re.match(r"\* \d+ EXISTS", l) is not None and t < 1 * SLOW, "IDLE: a new post at once (%d ms)" % (t * 1000))
a2.run("NOOP")
idle(a2)
l, t = timed(a2, lambda: a.run("STORE 1 -FLAGS (\\Seen)"))
ok(l.startswith("* 1 FETCH (UID 1 FLAGS (") and t < 1 * SLOW, "IDLE: own flags at once (%d ms)" % (t * 1000))
l, t = timed(b, lambda: s.ctl("hide", "test.forum:7", "--reason", "test"))
like(l, r"^\* \d+ EXPUNGE$", "IDLE: what is hidden")
b.send("DONE")
like(b.line(), "^i OK", "DONE")
like(a2.line(), r"^\* \d+ EXPUNGE", "the other idler heard it too")
a2.send("NOOP")
like(a2.line(), "^i BAD", "anything but DONE ends IDLE with BAD")

# latency without the start of a program in it
for c in (a, b):
    c.run("SELECT test.forum")
idle(b)
times = []
for i in range(10):
    times.append(timed(b, lambda: a.raw("q APPEND test.forum {26+}\r\nSubject: T%d\r\n\r\nText text\r\n\r\n" % i))[1])
    a.line()
    while not a.line().startswith("q "):
        pass
b.send("DONE")
b.line()
ok(sorted(times)[5] < 0.05 * SLOW, "IDLE within 50 ms of sending (median %.1f ms)" % (sorted(times)[5] * 1000))

# EXPUNGE: a verdict for moderators (of members: test_hide.py)
for c in (a, b, m):
    c.run("SELECT test.forum")
is_(b.run("EXPUNGE"), ("OK EXPUNGE completed", []), "nothing marked: nothing to do")
b.run("STORE 1 +FLAGS (\\Deleted)")
is_(b.run("UID EXPUNGE 3")[0], "OK EXPUNGE completed", "unless nothing of it is marked")
like(b.run("CLOSE")[0], "^OK", "CLOSE only closes")
is_(a.run("FETCH 1 (UID)")[1], ["* 1 FETCH (UID 1)"], "nothing was removed")
m.run("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
r, u = m.run("UID EXPUNGE 2")
is_((r, u), ("OK EXPUNGE completed", ["* 2 EXPUNGE"]), "a moderator expunges one")
r, u = m.run("EXPUNGE")
is_((r, sorted(u)), ("OK EXPUNGE completed", ["* 1 EXPUNGE", "* 2 EXPUNGE"]), "and the rest")
u = []
wait_for(lambda: u.extend(l for l in untagged(a) if "EXPUNGE" in l) or len(u) >= 3)
is_(len(u), 3, "gone for everybody")
ok("expunged over IMAP" in s.ctl("log", "test.forum") or s.ctl("log", "test.forum").count("hide") >= 3, "with entries in the audit log")
is_(a.run("UID FETCH 1:3 (UID)")[1], [], "and cannot be fetched")
is_(m.run("STATUS test.forum (MESSAGES)")[1][0].split("MESSAGES ")[1], "%d)" % (len(a.run("UID FETCH 1:* (UID)")[1])), "STATUS agrees")
m.run("EXAMINE test.forum")
like(m.run("EXPUNGE")[0], r"^NO \[READ-ONLY\]", "EXPUNGE after EXAMINE")

# many marks at once
b.run("SELECT test.forum")
idle(b)
b2 = login("bob")
for n in range(20):
    b2.raw("z STORE 1:* %sFLAGS.SILENT (\\Seen $Muted)\r\n" % "+-"[n % 2])
for n in range(20):
    while not b2.line().startswith("z OK"):
        pass
b.send("DONE")
last = {}
while True:
    l = b.line()
    if l.startswith("i "):
        break
    if "FETCH" in l:
        last[l.split()[1]] = l
ok(len(last) >= 5 and all("Seen" not in l for l in last.values()), "after a storm of marks the last word is right")

# the account goes away: the session ends
s.ctl("member", "set", "bob@example.org", "left=on", check=False)
b.send("e NOOP")
try:
    text = b.line()
except EOFError:
    text = "* BYE"
if s.code == 0:
    like(text, r"^\* BYE|^e NO", "a member who left loses the session")
else:
    skip("forumctl has no left=on")
done()
