#!/usr/bin/env python3
"""Listeners that come, change and go with a reload while connections are open; connections spread over the workers; no descriptors left."""
import os, re, resource, socket, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(workers=3)
more = free_ports(1)[0]
LINE = 'listen more { protocol = "nntp" address = "127.0.0.1" port = %d }\n' % more
base = open(s.conf).read()


def conf(text):
    open(s.conf + ".new", "w").write(text)      # in one step: an earlier reload may be reading it just now
    os.replace(s.conf + ".new", s.conf)
    s.reload()


def dial(port, timeout=10):
    k = socket.create_connection(("127.0.0.1", port), timeout)
    return k, k.makefile("rb")


def greets(port):
    try:
        k, f = dial(port)
        line = f.readline()
        k.close()
        return line[:3]
    except OSError:
        return None


is_(greets(s.port["nntp"]), b"200", "a listener answers")
is_(greets(more), None, "one that is not there does not")
held, f = dial(s.port["nntp"])
f.readline()
for turn in range(3):
    conf(base + LINE)
    ok(wait_for(lambda: greets(more) == b"200"), "a reload opens one (%d)" % turn)
    # the same port under another name: closed and opened at once
    conf(base + LINE.replace("listen more", "listen other"))
    ok(wait_for(lambda: greets(more) == b"200"), "another one takes its port")
    conf(base)
    ok(wait_for(lambda: greets(more) is None), "a reload closes it")
held.sendall(b"DATE\r\n")
like(f.readline().decode(), "^111", "who was there before is served")

# every connection is greeted, however many come at once, and all the workers have some
many = [dial(s.port["nntp"]) for _ in range(300)]
is_(sum(r.readline()[:3] == b"200" for _, r in many), 300, "three hundred at once")
for k, _ in many:
    k.sendall(b"QUIT\r\n")
is_(sum(r.readline()[:3] == b"205" for _, r in many), 300, "all are served")
for k, _ in many:
    k.close()

# no descriptors: who comes then is let go, and the listener lives
def spares():
    """the descriptor that is kept for this"""
    d, n = "/proc/%d/fd" % s.proc.pid, 0
    for f in os.listdir(d):
        try:
            n += int(f) > 2 and os.readlink(os.path.join(d, f)) == "/dev/null"
        except OSError:     # closed meanwhile
            pass
    return n


kept = spares()
open_now = lambda: len(os.listdir("/proc/%d/fd" % s.proc.pid))
ok(wait_for(lambda: open_now() < 100), "their descriptors are free")
n = open_now()
while time.sleep(0.5) or open_now() != n:      # the last of them may still be on their way out
    n = open_now()
resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE, (n + 5, resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE)[1]))
many = [dial(s.port["nntp"], 5) for _ in range(20)]
answers = []
for _, r in many:
    try:
        answers.append(r.readline()[:3])
    except OSError:
        answers.append(b"")
ok(0 < answers.count(b"200") < 20 and answers.count(b"200") + answers.count(b"") == 20, "some are served, the others let go (%s)" % answers.count(b"200"))
ok("Too many open files" in s.tail(10 ** 6), "the log says so")
resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE, (1024, resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE)[1]))
for k, _ in many:
    k.close()
ok(wait_for(lambda: greets(s.port["nntp"]) == b"200"), "and then it goes on")

# the descriptor that is kept is lost when there is no room at all; with room it is back
ok(wait_for(lambda: spares() == kept), "what was kept is there (%d)" % kept)
hard = resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE)[1]
resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE, (1, hard))
k, r = dial(s.port["nntp"], 30)
ok(wait_for(lambda: spares() == kept - 1), "no room for anything: it is lost")
resource.prlimit(s.proc.pid, resource.RLIMIT_NOFILE, (1024, hard))
is_(r.readline()[:3], b"200", "with room, who waited is served")
ok(wait_for(lambda: spares() == kept), "and it is back")
k.close()
is_(s.stop(), 0, "it stops in order")
done()
