#!/usr/bin/env python3
"""A member with many posts is erased in pieces: others post meanwhile; what kill -9 interrupts is done after the start."""
import subprocess
from crashlib import *

POSTS = 400
s = forum()
s.group("control.cancel")
s.member("bob@example.org", "Bob", "secret")
c = s.nntp("alice@example.org", "secret")
ids = ["<e%d@crash.example>" % i for i in range(POSTS)]
for mid in ids:
    c.cmd("POST", "340")
    c.raw("From: alice@example.org\r\nNewsgroups: %s\r\nSubject: s\r\nMessage-ID: %s\r\n\r\nprivate\r\n.\r\n" % (GROUP, mid))
    c.expect("240")
reader, bob = s.nntp(), s.nntp("bob@example.org", "secret")


def gone(k):
    k.raw("".join("STAT %s\r\n" % i for i in ids))
    return sum(k.line().startswith("430") for _ in ids)


def told(k):
    if k.cmd("GROUP control.cancel").split()[1] == "0":
        return []
    k.cmd("HDR Control 1-", "225")
    return sorted(l.split()[-1] for l in k.text())


p = subprocess.Popen([find("forumctl"), "-c", s.conf, "member", "remove", "alice@example.org", "--erase"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
while not reader.cmd("STAT " + ids[0]).startswith("430"):
    pass
bob.cmd("POST", "340")
bob.raw("From: bob@example.org\r\nNewsgroups: %s\r\nSubject: s\r\nMessage-ID: <between@crash.example>\r\n\r\nx\r\n.\r\n" % GROUP)
bob.expect("240", "another member posts meanwhile")
left = POSTS - gone(reader)
s.kill9()
p.communicate()
diag("killed when %d of %d were left" % (left, POSTS))
s.start()
k = s.nntp("bob@example.org", "secret")
ok(wait_for(lambda: gone(k) == POSTS, 60), "after the start the rest is erased") or diag(gone(k), s.tail())
ok(wait_for(lambda: "all posts of an erased member are erased" in s.tail(100000)), "the log says when that is done")
is_(told(k), sorted(ids), "there is one cancel for each post")
like(k.cmd("STAT <between@crash.example>"), "^223", "the other's post is there")
s.ctl("check", check=False)
is_(s.code, 0, "the store is whole")
s.ctl("show", ids[-1], check=False)
like(s.err, "erased", "no text is left")
is_(s.stop(), 0, "and stops")
done()
