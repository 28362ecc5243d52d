#!/usr/bin/env python3
"""A thousand mixed commands in one write, in small pieces, from several connections at once; half-closed and slow clients."""
import socket, threading, time
from newslib import *

s = serve()
a = s.nntp(*ALICE)
for i in range(50):
    post(a, subject="post %d" % i, mid="<m%d@x.test>" % i, body="line\r\n" * (i + 1))

COMMANDS = ["GROUP test.forum", "STAT %d", "ARTICLE %d", "OVER %d-", "NEXT", "HDR Subject %d", "XFROB", "LISTGROUP", "DATE", "BODY %d", "STAT 999", "LIST",
            "HEAD <m%d@x.test>", "XPAT Subject 1- *%d*"]
MULTI = {"220", "221", "222", "224", "225", "215", "231", "230"}


def script(n, seed):
    out = []
    for i in range(n):
        c = COMMANDS[(i * 7 + seed) % len(COMMANDS)] if i else COMMANDS[0]
        out.append(c % (1 + (i * 13 + seed) % 50) if "%d" in c else c)
    return out


def answers(c, commands):
    out = []
    for cmd in commands:
        l = c.line()
        body = c.text() if l[:3] in MULTI or (l[:3] == "211" and cmd.startswith("LISTGROUP")) else None
        out.append((l if l[:3] != "111" else "111", body))
    return out


def one_by_one(commands):
    c = s.nntp()
    out = []
    for cmd in commands:
        c.send(cmd)
        out += answers(c, [cmd])
    return out


s2 = [x for x in script(1000, 3)]
# the session may close after too many bad commands: leave those few
bad = [i for i, x in enumerate(s2) if x == "XFROB"]
for i in bad[5:]:
    s2[i] = "DATE"
want = one_by_one(s2)
c = s.nntp()
t = threading.Thread(target=c.raw, args=("".join(x + "\r\n" for x in s2),))
t.start()
got = answers(c, s2)
t.join()
ok(got == want, "a thousand commands in one write are answered as one by one")
c = s.nntp()
data = "".join(x + "\r\n" for x in s2[:200]).encode()


def pieces():
    for i in range(0, len(data), 3):
        c.s.sendall(data[i:i + 3])


t = threading.Thread(target=pieces)
t.start()
ok(answers(c, s2[:200]) == want[:200], "in pieces of three octets")
t.join()

results = []


def client(seed):
    cmds = [x if x != "XFROB" else "DATE" for x in script(300, seed)]
    k = s.nntp()
    w = threading.Thread(target=k.raw, args=("".join(x + "\r\n" for x in cmds),))
    w.start()
    r = answers(k, cmds)
    w.join()
    results.append(len(r) == 300 and all(x[0][:3] != "403" for x in r))


threads = [threading.Thread(target=client, args=(i,)) for i in range(12)]
for t in threads:
    t.start()
for t in threads:
    t.join()
ok(len(results) == 12 and all(results), "twelve connections at once")

# POST in the middle of a pipeline
c = s.nntp(*ALICE)
c.raw("DATE\r\nPOST\r\n" + article(mid="<mid1@x.test>") + "STAT <mid1@x.test>\r\nPOST\r\n" + article(mid="<mid2@x.test>") + "STAT <mid2@x.test>\r\nQUIT\r\n")
is_([c.line()[:3] for _ in range(7)], ["111", "340", "240", "223", "340", "240", "223"], "posts in a pipeline, read after write")
c.expect("205", "and QUIT at its end")

# half-close after the commands
c = s.nntp()
c.raw("GROUP test.forum\r\nOVER 1-\r\nARTICLE 50\r\n")
c.s.shutdown(socket.SHUT_WR)
r = answers(c, ["GROUP", "OVER", "ARTICLE"])
ok(len(r[1][1]) >= 50 and r[2][0].startswith("220"), "a half-closed connection gets its answers")

# a client that asks much and reads nothing does not keep the others waiting
slow = s.nntp()
slow.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
slow.s.settimeout(1)
try:
    slow.raw("GROUP test.forum\r\n" + "OVER 1-\r\nARTICLE 50\r\n" * 20000)
except OSError:
    pass
t0 = time.time()
c = s.nntp()
c.cmd("GROUP test.forum", "211")
ok(time.time() - t0 < 2, "others are served")
done()
