#!/usr/bin/env python3
"""A feed into a store that is full: 436 after the article, then 431 and 436 before it, 400 and the end after TAKETHIS; readers go on; with
room again nothing is lost or doubled."""
import random, time
from newslib import *

s = serve(extra='peer one { user = "bob@example.org" }\n', storage="map_size = %d" % (2 << 20))
r = s.nntp()
noise = random.Random(7)


def art(mid, lines=20):
    return ("Path: p!not-for-mail\r\nFrom: c@p.test\r\nNewsgroups: test.forum\r\nSubject: s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: %s\r\n\r\n%s.\r\n"
            % (mid, "".join("%x\r\n" % noise.getrandbits(300) for _ in range(lines))))


p = s.nntp(*BOB)
taken, said = [], ""
for i in range(4000):
    mid = "<f%d@p.test>" % i
    p.cmd("IHAVE " + mid, "335")
    p.raw(art(mid))
    said = p.line()
    if not said.startswith("235"):
        break
    taken.append(mid)
ok(len(taken) > 20, "%d articles fit" % len(taken))
like(said, "^436 ", "IHAVE: the article is wanted later: " + said)
like(p.cmd("IHAVE <later@p.test>"), "^436 ", "the next one is not even asked for")
like(p.cmd("CHECK <later@p.test>"), "^431 <later@p.test>$", "CHECK: later")
like(p.cmd("CHECK " + taken[0]), "^438 ", "what is here is here")
p.raw("TAKETHIS <later@p.test>\r\n" + art("<later@p.test>", 200))
like(p.line(), "^400 ", "TAKETHIS has no later")
ok(p.closed(), "so the connection ends")
is_(int(r.cmd("GROUP test.forum", "211").split()[1]), len(taken), "readers have all that was taken")
r.cmd("ARTICLE %d" % len(taken), "220", "and read it")
r.text()
r.cmd("STAT <later@p.test>", "430", "what was refused is not there")
p = s.nntp(*BOB)
ok(wait_for(lambda: p.cmd("CHECK <later@p.test>").startswith("238"), 20), "after some seconds it asks again")
p.raw("TAKETHIS <big@p.test>\r\n" + art("<big@p.test>", 3000))
like(p.line(), "^400 ", "still full")
is_(s.stop(), 0, "it stops in order")
text = open(s.conf).read()
open(s.conf, "w").write(text.replace("map_size = %d" % (2 << 20), "map_size = %d" % (1 << 28)))
s.start()
p = s.nntp(*BOB)
for mid in ["<later@p.test>", taken[-1]]:
    like(p.cmd("CHECK " + mid), "^238" if mid == "<later@p.test>" else "^438", "with room again: " + mid)
p.raw("TAKETHIS <later@p.test>\r\n" + art("<later@p.test>"))
like(p.line(), "^239 <later@p.test>", "it is taken")
is_(int(s.nntp().cmd("GROUP test.forum").split()[1]), len(taken) + 1, "nothing lost, nothing twice")
done()
