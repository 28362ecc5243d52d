#!/usr/bin/env python3
"""kill -9 during the expansion and sending of mail to 300 subscribers: nobody is lost, nobody gets a copy more than once
for each crash and once more; the copies after the last crash are single."""
import os, sys, collections
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crashlib import *

PEOPLE, KILLS = 300, 4
s = forum()
script = "".join("member add m%03d@example.net --name \"Member %d\"\nsubscribe m%03d@example.net %s\n" % (i, i, i, GROUP) for i in range(PEOPLE))
p = subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=script.encode(), capture_output=True)
is_(s.json("group", "show", GROUP)[0]["subscribers"], PEOPLE, "%d subscribers" % PEOPLE)


def copies(mid):
    """address -> how many mails with that Message-ID"""
    n = collections.Counter()
    for m in s.outgoing():
        head = m.replace(b"\r\n", b"\n").split(b"\n\n")[0].decode("utf-8", "replace")
        if mid in head:
            to = re.search(r"^(?:X-Recipient|Delivered-To|X-Envelope-To|Envelope-To|To): *<?([^>\n]+)>?", head, re.M | re.I)
            every = re.findall(r"m\d{3}@example\.net", head)
            n[every[0] if every else to.group(1) if to else head[:80]] += 1
    return n


def empty():
    return not s.json("mailq")


mid = s.post(GROUP, "to everybody")
kills = 0
for i in range(KILLS):
    time.sleep(rnd.random() * 0.15)
    s.kill9()
    kills += 1
    s.start()
wait_for(empty, 60, 0.2)
ok(empty(), "the queue is empty in the end")
time.sleep(0.3)
n = copies(mid)
is_(len([a for a in n if re.match(r"m\d{3}@", a)]), PEOPLE, "every subscriber has the mail")
ok(max(n.values() or [0]) <= 1 + kills, "nobody has more than one copy for each crash and one: at most %d" % max(n.values() or [0]))
double = sum(1 for v in n.values() if v > 1)
ok(double <= kills * 64, "doubles only for what was on its way at a crash: %d of %d" % (double, PEOPLE))
diag("%d crashes, %d people with more than one copy" % (kills, double))
mid = s.post(GROUP, "without a crash")
wait_for(lambda: sum(copies(mid).values()) >= PEOPLE and empty(), 60, 0.3)
n = copies(mid)
is_((len(n), max(n.values() or [0])), (PEOPLE, 1), "without a crash: one copy each")
healthy(s, "at the end")
done()
