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
pids = fetchers()
is_(y.stop(), 0, "the daemon stops in order")
ok(wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), 10), "and takes it along")
done()
