#!/usr/bin/env python3
"""IMAP: SEARCH TEXT and BODY through the index: at once after a post came, after the upkeep merged, with renamed authors,
needles over word boundaries, hidden and approved posts."""
import os, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 10000 bad_commands = 100")
s.group("test.forum")
s.group("test.held", "--moderated")
s.member("alice@example.org", "Alice Zebra", "secret")
c = s.imap("alice@example.org", "secret")


def append(n, where="test.forum"):
    m = ("From: alice@example.org\nSubject: number nqq%dqqn\n\nHello w%dw, the odd=%d word%d.\nunder\nlined\n" % (n, n, n % 2, n)).replace("\n", "\r\n").encode()
    return c.run("APPEND %s {%d}" % (where, len(m)), [m])[0]


def found(keys):
    r, u = c.run("SEARCH " + keys)
    return [int(x) for x in u[0].split()[2:]] if r.startswith("OK") else r


def check(high, when):
    every = list(range(1, high + 1))
    for keys, want in (("TEXT nqq7qqn", [7]), ("BODY nqq7qqn", []), ("BODY w7w", [7]), ("TEXT ZEBRA", every), ("BODY zebra", []),
            ("BODY \"hello w7\"", [n for n in every if str(n).startswith("7")]), ("BODY \"lo w12w, the\"", [12]), ("BODY odd=1", every[::2]),
            ("TEXT \"\"", every), ("NOT BODY w7w", [n for n in every if n != 7]), ("OR BODY w3w TEXT nqq5qqn", [3, 5]), ("BODY elloh", [])):
        is_(found(keys), want, "%s: SEARCH %s" % (when, keys))


for n in range(1, 301):
    if not append(n).startswith("OK"):
        ok(False, "APPEND %d" % n)
c.run("SELECT test.forum")
check(300, "at once")
time.sleep(4)
check(300, "merged")
for n in range(301, 321):
    append(n)
c.run("NOOP")
check(320, "and more")
# ids are made at random: needles that may be in some of them
for k in "abc w7w n5 zq 7a k3".split():
    want = [n for n in range(1, 321) if k in "\n".join(c.run("FETCH %d (BODY.PEEK[])" % n)[1]).split("FETCH", 1)[1].lower()]
    is_(found("TEXT " + k), want, "as in the fetched text: " + k)
s.ctl("member", "set", "alice@example.org", "name=Bea Quagga")
is_(found("TEXT zebra"), [], "the old name is gone")
is_(found("TEXT quagga"), list(range(1, 321)), "the new one is there")
s.ctl("hide", "test.forum:7")
wait_for(lambda: [l for l in c.run("NOOP")[1] if "EXPUNGE" in l])
is_(found("UID 7 TEXT w7w"), [], "hidden posts are not found")
done()
