#!/usr/bin/env python3
"""kill -9 during an import: forumctl says that the daemon went away, the store is whole, and importing again completes it
without a message twice."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crashlib import *

N = 4000
s = forum()
box = os.path.join(s.dir, "archive.mbox")
with open(box, "w") as f:
    for i in range(N):
        f.write("From someone Mon Mar  3 10:00:00 2014\nFrom: P%d <p%d@example.net>\nSubject: message %d\nMessage-ID: <imp.%d@crash.example>\n" % (i % 50, i % 50, i, i))
        f.write("%sDate: Mon, 3 Mar 2014 10:00:00 +0000\n\nText of %d.\n%s\n" % ("In-Reply-To: <imp.%d@crash.example>\n" % (i // 2) if i % 3 else "", i, "more words\n" * (i % 40)))

before = []
for turn in range(6):
    p = subprocess.Popen([find("forumctl"), "-c", s.conf, "import", "--group", GROUP, box], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.02 + rnd.random() * 0.25)
    s.kill9()
    out, err = p.communicate(timeout=60)
    s.start()
    now = posts(s)
    ok(p.returncode == 3 and b"daemon" in err or p.returncode == 0, "round %d: %d of %d stored, forumctl exit %d" % (turn + 1, len(now), N, p.returncode))
    is_(now[:len(before)], before, "what was there stays, under its numbers")
    is_([m for _, m in now], ["<imp.%d@crash.example>" % i for i in range(len(now))], "in the order of the archive, none twice, none left out")
    before = now
    healthy(s, "round %d" % (turn + 1))
r = s.json("import", "--group", GROUP, box)[0]
is_((r["imported"] + r["duplicates"], r["refused"]), (N, 0), "imported again: complete")
now = posts(s)
is_([(n, m) for n, m in now], [(i + 1, "<imp.%d@crash.example>" % i) for i in range(N)], "numbers 1 to %d, each message once" % N)
is_(s.json("import", "--group", GROUP, box)[0]["imported"], 0, "once more: nothing new")
v = s.json("list", GROUP)
num = {p["id"]: p["number"] for p in v}
wrong = [p["number"] for i, p in enumerate(v) if num.get(p["parent"]) != (i // 2 + 1 if i % 3 else None)]
is_(wrong, [], "every parent is the right one")
healthy(s, "at the end")
done()
