#!/usr/bin/env python3
"""forumd-fetch dies and comes back by itself, goes on where it was, and the daemon says so."""
import os, signal
from newslib import *

x = Server(limits="posts_per_minute = 0")
x.group("test.mesh")
x.member(ALICE[0], "Alice", ALICE[1])
y = Server(limits="posts_per_minute = 0", extra='fetch x { host = "127.0.0.1" port = %d groups = "test.mesh" interval = 1 }\n' % x.port["nntp"], start=False)
conf = open(y.conf).read().replace('domain = "forum.test"', 'domain = "y.test"')
open(y.conf, "w").write(conf)
y.start()
y.group("test.mesh")


def fetchers():
    """the forumd-fetch processes below y"""
    out, mine = [], {y.proc.pid}
    for _ in range(3):
        for p in filter(str.isdigit, os.listdir("/proc")):
            try:
                st = open("/proc/%s/stat" % p).read()
            except OSError:
                continue
            if int(st[st.rindex(")"):].split()[2]) in mine:
                mine.add(int(p))
                if "(forumd-fetch)" in st and int(p) not in out and st[st.rindex(")"):].split()[1] != "Z":
                    out.append(int(p))
    return out


def status():
    return y.json("status")[-1]


def have(mid):
    k = y.nntp()
    try:
        return k.cmd("STAT " + mid).startswith("223")
    finally:
        k.close()


first = x.post("test.mesh", "one")
ok(wait_for(lambda: have(first), 20), "it pulls")
pids = fetchers()
is_(len(pids), 1, "one forumd-fetch")
is_((status()["fetch_running"], status()["fetch_starts"]), (1, 1), "forumctl status: it runs, started once")
os.kill(pids[0], signal.SIGKILL)
ok(wait_for(lambda: status()["fetch_starts"] == 2, 20), "killed, it is started again")
ok(wait_for(lambda: fetchers() and fetchers() != pids, 10), "as another process")
second = x.post("test.mesh", "two")
ok(wait_for(lambda: have(second), 20), "and goes on")
like(y.tail(10 ** 7), r"forumd-fetch ended after \d+ s; it is started again in 1 s", "the log tells")
# stopped in its sleep and killed many times: the pause grows
for _ in range(3):
    n = status()["fetch_starts"]
    for p in fetchers():
        os.kill(p, signal.SIGKILL)
    ok(wait_for(lambda: status()["fetch_starts"] == n + 1, 30), "again")
like(y.tail(10 ** 7), r"started again in 2 s.*started again in 4 s.*started again in 8 s", "after longer and longer pauses")
third = x.post("test.mesh", "three")
ok(wait_for(lambda: have(third), 20), "and it goes on all the same")
k = y.nntp()
is_(int(k.cmd("GROUP test.mesh").split()[1]), 3, "nothing twice")
# a long control.cancel there, all of it about what never was here: who is interrupted goes on where he was
LAST = 4000
broken = []


def cancels(arg):
    lo, hi = (int(v) for v in arg.split("-"))
    if lo > 2000 and not broken:
        broken.append(lo)
        return False
    return "224 x\r\n" + "".join("%d\tcmsg cancel <never%d@z.test>\tc@z.test\tFri, 27 Nov 2026 01:00:00 +0000\t<c%d@z.test>\t\t10\t1\r\n" % (n, n, n)
                               for n in range(lo, min(hi, LAST) + 1)) + ".\r\n"


z = Upstream(GROUP=lambda g: "211 %d 1 %d %s\r\n" % (LAST, LAST, g) if g == "control.cancel" else "411 no\r\n", OVER=cancels)
y.ctl("feed", "add", "z", "127.0.0.1", "test.mesh", "--port", str(z.port), "--interval", "1")
asked = lambda: [tuple(int(v) for v in l.split()[1].split("-")) for l in z.seen if l.startswith("OVER")]
again = lambda: broken and asked()[[lo for lo, _ in asked()].index(broken[0]) + 1:]
ok(wait_for(lambda: again() and again()[-1][1] == LAST, 60), "the second time all are looked through") or diag(z.seen[-20:])
is_((asked()[0][0], again()[0][0]), (1, broken[0]), "from where the first was interrupted") or diag(asked())
pids = fetchers()
is_(y.stop(), 0, "the daemon stops in order")
ok(wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), 10), "and takes it along")
done()
