#!/usr/bin/env python3
"""Answers that come only when something goes on at the same time: a login that takes too long (400), more logins than can be looked at
(403), an account that goes while its article is under way, a store that is full (441)."""
import random
from newslib import *

t = Server(limits="login_seconds = 1")
k = t.nntp()
k.raw("AUTHINFO US")
like(k.line(), "^400 too slow", "who says nothing whole is told so")
ok(k.closed(), "and the connection ends")
t.stop()

s = serve(storage="map_size = %d" % (4 << 20))
c = s.nntp()
c.cmd("AUTHINFO XYZ x", "501", "AUTHINFO of another kind")
c.cmd("AUTHINFO USER bob@example.org", "381")
c.cmd("AUTHINFO PASS", "501", "PASS without a password")
c.cmd("AUTHINFO PASS secret2", "281", "with one the name still counts")

# each password costs milliseconds: of many at once some are told to come again, and nobody is taken for a guesser
many = [s.nntp() for _ in range(400)]
for k in many:
    k.raw("AUTHINFO USER alice@example.org\r\n")
for k in many:
    k.expect("381")
for k in many:
    k.raw("AUTHINFO PASS secret\r\n")
said = [k.line()[:3] for k in many]
is_(sorted(set(said)), ["281", "403"], "four hundred logins at once: %d, and %d later" % (said.count("281"), said.count("403")))
again = many[said.index("403")]
again.cmd("AUTHINFO USER alice@example.org", "381")
again.cmd("AUTHINFO PASS secret", "281", "which works")
for k in many:
    k.close()

# the account goes between 340 and the article
s.member("dora@example.org", "Dora", "secret5")
d = s.nntp("dora@example.org", "secret5")
d.cmd("POST", "340")
s.ctl("member", "remove", "dora@example.org", "--anonymise")
d.raw(article(mid="<late@x.test>"))
like(d.line(), "^441 480 log in first", "an account that went meanwhile posts nothing")
c.cmd("STAT <late@x.test>", "430", "nothing is there")

# full
noise, n, l = random.Random(3), 0, ""
while n < 4000:
    l = post(c, mid="<n%d@x.test>" % n, body="".join("%x\r\n" % noise.getrandbits(300) for _ in range(40)))
    if not l.startswith("240"):
        break
    n += 1
like(l, "^441 cannot take posts now, try again later", "a store that is full after %d posts" % n)
c.cmd("STAT <n%d@x.test>" % n, "430", "what was refused is not there")
c.cmd("STAT <n%d@x.test>" % (n - 1), "223", "what was taken is")
is_(s.stop(), 0, "it stops in order")
done()
