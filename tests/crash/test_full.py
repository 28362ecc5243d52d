#!/usr/bin/env python3
"""A full store (a map of a few MiB): writes are refused cleanly at every door, reads and logins go on, nothing
acknowledged is lost, and more room is all it needs."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crashlib import *

s = forum(storage="map_size = %d" % (2 << 20))
os.environ.setdefault("TZ", "UTC")
c = s.nntp("alice@example.org", "secret")
noise = random.Random(3)
acked, refused = [], ""
for i in range(4000):
    mid = "<full.%d@crash.example>" % i
    if not c.cmd("POST").startswith("340"):
        refused = "at POST"
        break
    body = "".join("%x\r\n" % noise.getrandbits(300) for _ in range(20))
    c.raw("From: alice@example.org\r\nNewsgroups: %s\r\nSubject: fill %d\r\nMessage-ID: %s\r\n\r\n%s.\r\n" % (GROUP, i, mid, body))
    l = c.line()
    if not l.startswith("240"):
        refused = l
        break
    acked.append(mid)
ok(len(acked) > 20, "%d posts fit" % len(acked))
like(refused, r"^(436|441) ", "then POST is refused: " + refused)
like(c.cmd("POST"), "^(340|440|436|400)", "the connection lives")
c.close()
s.ctl("post", "--group", GROUP, "--as", "alice@example.org", check=False,
      stdin="Subject: large\n\n" + "".join("%x\n" % noise.getrandbits(300) for _ in range(3000)))
ok(s.code == 1 and s.err.startswith("forumctl: "), "forumctl: " + s.err.strip())
m = s.imap("alice@example.org", "secret")
text = "From: alice@example.org\r\nSubject: x\r\n\r\n%s" % ("".join("%x\r\n" % noise.getrandbits(300) for _ in range(400)))
r, _ = m.run("APPEND %s {%d+}\r\n%s" % (GROUP, len(text), text))
like(r, "^NO ", "IMAP APPEND: " + r[:80])
r, u = m.run("SELECT " + GROUP)
ok(r.startswith("OK") and any("%d EXISTS" % len(acked) in l for l in u), "IMAP reads on")
r, u = m.run("FETCH 1 BODY.PEEK[]")
ok(r.startswith("OK") and "fill 0" in "".join(u), "a message can be fetched")
r, _ = m.run("LOGOUT")
l = Conversation(s.port["lmtp"])
l.reply(); l.send("LHLO mx.front.example"); l.reply()
l.send("MAIL FROM:<alice@example.org>"); l.reply()
l.send("RCPT TO:<%s@forum.test>" % GROUP); a = l.reply()
if a[0] == "2":
    l.send("DATA"); l.reply()
    l.raw("Authentication-Results: %s; dmarc=pass header.from=example.org\r\n" % AUTHSERV + text + ".\r\n")
    a = l.reply()
like(a, r"^45[0-9] |^4\d\d ", "LMTP says later: " + a)
l.close()
n = s.nntp("alice@example.org", "secret")
ok(True, "login goes on")
n.cmd("GROUP " + GROUP, "211 %d" % len(acked), "reads go on")
n.cmd("ARTICLE %d" % len(acked), "220", "the last acknowledged one")
ok(any("fill" in x for x in n.text()), "with its text")
n.cmd("OVER 1-", "224")
is_(len(n.text()), len(acked), "overview of all")
n.close()
is_([m for _, m in posts(s)], acked, "what was acknowledged is there, nothing else")
healthy(s, "full")
is_(s.stop(), 0, "stops cleanly when full")
conf = open(s.conf).read()
open(s.conf, "w").write(conf.replace("map_size = %d" % (2 << 20), "map_size = %d" % (1 << 30)))
s.start()
is_([m for _, m in posts(s)], acked, "a larger map: the same posts")
s.post(GROUP, "room again")
is_(len(posts(s)), len(acked) + 1, "and posting goes on")
healthy(s, "larger")
done()
