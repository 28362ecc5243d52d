#!/usr/bin/env python3
"""IMAP: one command of one member does not fill the writer, for whom everybody waits."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 100000 bad_commands = 1000 own_storage = 0")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
a = s.imap("alice@example.org", "secret")

# a word on a post is a record of its thread
one = "From: alice@example.org\r\nSubject: Post %d\r\n\r\nHello %d.\r\n"
for k in range(0, 1001, 91):
    text = [one % (i, i) for i in range(k, k + 91)]
    a.run("APPEND test.forum" + "".join(" {%d+}\r\n%s" % (len(t), t) for t in text))
a.run("SELECT test.forum")
is_(a.run("STATUS test.forum (MESSAGES)")[1], ["* STATUS test.forum (MESSAGES 1001)"], "many posts")
like(a.run("STORE 1:1001 +FLAGS.SILENT ($Muted)")[0], r"^NO \[LIMIT\] at most 1000", "not all are muted at once")
like(a.run("STORE 1:1001 +FLAGS.SILENT (\\Seen)")[0], "^OK", "but marked read")
like(a.run("STORE 2:1001 +FLAGS.SILENT ($Muted)")[0], "^OK", "a thousand are muted")
like(a.run("STORE 1:1001 FLAGS.SILENT (\\Seen)")[0], "^OK", "and all flags replaced")
is_([l for l in a.run("SEARCH KEYWORD $Muted")[1] if "SEARCH" in l], ["* SEARCH"], "which unmutes them")

# as many words of a moderator as one command may say can all be taken back
s.member("mod@example.org", "Mod", "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
m = s.imap("mod@example.org", "secret")
m.run("SELECT test.forum")
for words in ("+FLAGS.SILENT ($Locked)", "-FLAGS.SILENT ($Locked)", "+FLAGS.SILENT ($Locked $Aside)"):
    r = m.run("UID STORE 1:200 " + words)[0]
    ok(r.startswith("OK"), words + " on 200 posts") or diag(r)

# own messages are written once more, or noted until they are gone
noise = bytes(c for c in os.urandom(9 << 20) if c >= 32)
lines = b"\r\n".join(noise[i:i + 900] for i in range(0, len(noise), 900))
for i in range(10):
    text = b"Subject: Big %d\r\n\r\n" % i + lines[i:] + b"\r\n"
    r = a.run("APPEND Drafts {%d}" % len(text), [text])[0]
    ok(r.startswith("OK"), "long message %d" % i) or diag(r)
a.run("SELECT Drafts")
a.run("CREATE Big")
like(a.run("COPY 1:10 Big")[0], r"^NO \[LIMIT\] at most 64 MB", "not all are copied at once")
is_(a.run("STATUS Big (MESSAGES)")[1], ["* STATUS Big (MESSAGES 0)"], "and nothing was")
like(a.run("MOVE 1:10 Big")[0], r"^NO \[LIMIT\] at most 64 MB", "nor moved")
like(a.run("MOVE 1:5 Big")[0], "^OK", "half of them are")
a.run("STORE 1:5 +FLAGS.SILENT (\\Deleted)")
r, u = a.run("EXPUNGE")
ok(r.startswith("OK") and len([l for l in u if "EXPUNGE" in l]) == 5, "EXPUNGE goes on until all are gone") or diag(r, u)
is_(a.run("STATUS Drafts (MESSAGES)")[1], ["* STATUS Drafts (MESSAGES 0)"], "all")
like(a.run("DELETE Big")[0], "^OK", "DELETE too")
like(a.run("STATUS Big (MESSAGES)")[0], "^NO", "it is gone")
# all forty keywords on every second message, and still everything can be marked
t = "Subject: x\r\n\r\nhi\r\n"
a.run("CREATE Odd")
for k in range(21):
    a.run("APPEND Odd" + (" {%d+}\r\n%s" % (len(t), t)) * 100)
a.run("SELECT Odd")
odd = ",".join("%d" % i for i in range(1, 2101, 2))
r = [a.run("STORE %s +FLAGS.SILENT (k%d)" % (odd, n))[0] for n in range(40)]
ok(all(x.startswith("OK") for x in r), "keywords on every second message") or diag(r)
like(a.run("STORE %s +FLAGS.SILENT (\\Seen \\Flagged)" % odd)[0], "^OK", "and \\Seen")
like(a.run("STORE 2:1000 +FLAGS.SILENT (k39 \\Seen)")[0], "^OK", "and more of it")
is_(set(re.search(r"FLAGS \((.*?)\)", a.run("FETCH 3 (FLAGS)")[1][0]).group(1).split()), {"k%d" % n for n in range(40)} | {"\\Seen", "\\Flagged"}, "all are there")
like(a.run("STORE 1 +FLAGS (k40)")[0], r"^NO \[LIMIT\] you have 40 keywords", "no more than forty names")
like(a.run("STORE %s -FLAGS.SILENT (k0)" % odd)[0], "^OK", "one is taken off")
like(a.run("STORE 1 +FLAGS (k40)")[0], "^OK", "and another has its place")

ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
