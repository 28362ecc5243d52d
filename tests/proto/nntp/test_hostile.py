#!/usr/bin/env python3
"""Clients that mean no good, or know no better: bounded memory, the right answers, other readers unharmed."""
import socket, threading, time, zlib
from newslib import *

# what the address sanitizer keeps of freed memory would be counted as ours
os.environ["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8").lstrip(":")
s = serve(limits="message_size = 200000 bad_commands = 50 login_seconds = 5", extra='peer one { user = "bob@example.org" }\n')
a = s.nntp(*ALICE)
for i in range(200):
    post(a, mid="<h%d@x.test>" % i, body="line of text\r\n" * 300)


def rss():
    with open("/proc/%d/status" % s.proc.pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) // 1024


def unharmed(name):
    k = s.nntp()
    t = time.time()
    k.cmd("ARTICLE <h1@x.test>", "220")
    n = len(k.text())
    k.close()
    ok(n > 300 and time.time() - t < 5 * SLOW, name + ": another reader is served")


base = rss()
# lines
c = s.nntp()
c.raw(b"X" * 5000000 + b"\r\nDATE\r\n")
c.expect("501", "a line of five million octets is one bad command")
c.expect("111", "the next is a command")
c.raw(b"GROUP test.\xff\xfe\xc0\x80\r\nGROUP a\0b\r\nDATE\rDATE\r\n\nDATE\n")
for code, what in (("411", "broken UTF-8"), ("411", "NUL"), ("500", "a bare CR is no line end"), ("500", "an empty line"), ("111", "a bare LF ends a line")):
    c.expect(code, what)
c.cmd(b"LIST ACTIVE \xff\xfe*", "501", "a wildmat that is no UTF-8")
c.cmd("LIST ACTIVE " + "*a" * 200, "215", "a wildmat of many stars")
c.text()
c.cmd("GROUP test.forum", "211")
c.cmd("XPAT Subject 1- " + "*s" * 200, "221", "and in XPAT")
c.text()
unharmed("odd lines")

# a hundred thousand commands at once
c = s.nntp()
N = 100000
t = threading.Thread(target=c.raw, args=("DATE\r\n" * N,))
t.start()
good = all(c.line().startswith("111 ") for _ in range(N))
t.join()
ok(good, "100,000 pipelined commands get 100,000 answers")

# the same from somebody who never reads an answer
stalled = []
for i in range(20):
    k = s.nntp()
    k.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    k.s.setblocking(False)
    data = ("GROUP test.forum\r\n" + "ARTICLE 1\r\nOVER 1-\r\nLISTGROUP\r\n" * 20000).encode()
    try:
        while data:
            data = data[k.s.send(data):]
    except BlockingIOError:
        pass
    stalled.append(k)
time.sleep(1)
ok(rss() - base < 150, "twenty stalled readers with millions of answers due cost little (%d MB)" % (rss() - base))
unharmed("stalled readers")
for k in stalled:
    k.close()

# slow writers
slow = [s.nntp() for _ in range(50)]
for k in slow:
    k.raw("ARTIC")
unharmed("half commands")
ok(all(k.closed(20) for k in slow[:5]), "who does not finish a line is sent away")

# half-closed: what was asked before is answered
c = s.nntp()
c.raw("GROUP test.forum\r\n" + "BODY 1\r\n" * 200)
c.s.shutdown(socket.SHUT_WR)
c.expect("211", "half-closed")
n = 0
try:
    while True:
        c.expect("222")
        n += len(c.text()) == 300
except EOFError:
    pass
is_(n, 200, "two hundred bodies all the same")
# gone in the middle
for i in range(50):
    k = s.nntp()
    k.raw("GROUP test.forum\r\nOVER 1-\r\nARTICLE 1\r\n")
    k.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    k.close()
unharmed("resets")

# an article without end
a.cmd("POST", "340")
chunk = b"all work and no play\r\n" * 5000
for i in range(400):
    a.raw(chunk)
ok(rss() - base < 150, "an endless article is swallowed (%d MB)" % (rss() - base))
a.raw("\r\n.\r\n")
a.expect("441", "and refused at its end")
a.cmd("POST", "340")
a.raw(b"x" * 3000000 + b"\r\n.\r\n")
a.expect("441", "one line of three million octets")
a.cmd("POST", "340")
a.raw("Newsgroups: test.forum\r\nSubject: s\r\n" + "X-H: y\r\n" * 2000 + "\r\nx\r\n.\r\n")
like(a.line(), "^441 .*fields", "two thousand header fields")
a.cmd("POST", "340")
a.raw("Newsgroups: " + ",".join("test.g%d" % i for i in range(100)) + "\r\nSubject: s\r\n\r\nx\r\n.\r\n")
a.expect("441", "a hundred groups")
a.cmd("POST", "340")
a.raw(b"Newsgroups: test.forum\r\nSubject: \xff\xfe\r\nContent-Type: multipart/mixed; boundary=" + b"b" * 500 + b"\r\nReferences: " + b"<<<>><" * 100 + b"\r\n\r\n\xc0\x80\r\n.\r\n")
like(a.line(), "^(240|441)", "octets that are no text")
a.cmd("DATE", "111", "the session goes on")

# articles that end with the connection
for how in ("close", "half"):
    k = s.nntp(*ALICE)
    k.cmd("POST", "340")
    k.raw("Newsgroups: test.forum\r\nSubject: s\r\nMessage-ID: <cut%s@x.test>\r\n\r\nhalf a text\r\n" % how)
    if how == "half":
        k.s.shutdown(socket.SHUT_WR)
        ok(k.closed(), "half-closed in the middle of an article")
    k.close()
k = s.nntp()
is_([k.cmd("STAT <cut%s@x.test>" % h)[:3] for h in ("close", "half")], ["430", "430"], "half an article is none")
k.close()

# a peer without measure
p = s.nntp(*BOB)
p.cmd("IHAVE <endless@p.test>", "335")
for i in range(300):
    p.raw(chunk)
ok(rss() - base < 150, "an endless IHAVE is swallowed (%d MB)" % (rss() - base))
p.raw("\r\n.\r\n")
p.expect("437", "and refused at its end")
p.raw("TAKETHIS <endless@p.test>\r\n")
for i in range(300):
    p.raw(chunk)
p.raw("\r\n.\r\n")
p.expect("439", "TAKETHIS the same")
N = 20000
t = threading.Thread(target=p.raw, args=("".join("CHECK <c%d@p.test>\r\nTAKETHIS <c%d@p.test>\r\n.\r\n" % (i, i) for i in range(N)),))
t.start()
good = all(p.line().startswith("238 <c%d@" % i) and p.line().startswith("439 <c%d@" % i) for i in range(N))
t.join()
ok(good, "forty thousand CHECK and empty TAKETHIS in one go")
p.close()
unharmed("a peer")

# logins without end
c = s.nntp()
for i in range(300):
    c.cmd("AUTHINFO SASL PLAIN", "383")
    c.cmd("*", "481")
c.cmd("DATE", "111", "three hundred abandoned exchanges")
c.cmd("AUTHINFO SASL PLAIN", "383")
try:
    c.raw(b"A" * 3000000)
except OSError:
    pass
like(c.line(), "^(400|504)", "an answer of three million octets ends it")
ok(c.closed(), "and the connection")
c = s.nntp()
c.raw(b"AUTHINFO USER " + b"\xff\0" * 100 + b"\r\nAUTHINFO PASS \0\r\nDATE\r\n")
codes = [c.line()[:3] for _ in range(3)]
ok(codes[0] in ("381", "501") and codes[2] == "111", "NUL and 8-bit in names (%s)" % codes)
unharmed("odd logins")

# TLS that never comes to anything
quiet = [socket.create_connection(("127.0.0.1", s.port["nntps"])) for _ in range(30)]
for k in quiet[:10]:
    k.sendall(b"GET / HTTP/1.0\r\n\r\n")
for k in quiet[10:20]:
    k.sendall(b"\x16\x03\x01\x02\x00\x01")
unharmed("no handshakes")
away = 0
for k in quiet:
    k.settimeout(20 * SLOW)
    try:
        while k.recv(4096):
            pass
        away += 1
    except ConnectionError:
        away += 1
    except (socket.timeout, TimeoutError):
        pass
    k.close()
is_(away, 30, "a handshake that does not come is waited for only so long")

# deflate
c = s.nntp()
c.cmd("COMPRESS DEFLATE", "206")
z = zlib.compressobj(9, zlib.DEFLATED, -15)
bomb = z.compress(b"X" * 200000000) + z.flush(zlib.Z_SYNC_FLUSH)
ok(len(bomb) < 400000, "200 MB in %d octets" % len(bomb))
c.raw(bomb)
time.sleep(1)
ok(rss() - base < 150, "a deflate bomb is only slow input (%d MB)" % (rss() - base))
unharmed("a bomb")
c.close()
# millions of commands in some octets, whose answers nobody reads
z = zlib.compressobj(9, zlib.DEFLATED, -15)
bomb = z.compress(b"DATE\r\n" * 3000000) + z.flush(zlib.Z_SYNC_FLUSH)
z = zlib.compressobj(9, zlib.DEFLATED, -15)
over = z.compress(b"GROUP test.forum\r\n" + b"OVER 1-\r\nARTICLE 1\r\n" * 1000000) + z.flush(zlib.Z_SYNC_FLUSH)
deaf = []
for data in (bomb, over):
    for _ in range(3):
        k = s.nntp()
        k.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        k.cmd("COMPRESS DEFLATE", "206")
        k.s.settimeout(3)
        try:
            k.raw(data)
        except (socket.timeout, TimeoutError, OSError):
            pass
        deaf.append(k)
time.sleep(1)
ok(rss() - base < 150, "bombs of commands whose answers nobody reads (%d octets, %d octets; %d MB)" % (len(bomb), len(over), rss() - base))
unharmed("command bombs")
for k in deaf:
    k.close()
c = s.nntp()
c.cmd("COMPRESS DEFLATE", "206")
c.raw(b"\xff" * 1000)
ok(c.closed(), "what is no deflate ends the connection")
unharmed("nonsense")

# a crowd that says nothing
crowd = [socket.create_connection(("127.0.0.1", s.port["nntp"])) for _ in range(300)]
unharmed("three hundred silent connections")
for k in crowd:
    k.close()
ok(wait_for(lambda: rss() - base < 200), "memory in the end: %d MB more than at first" % (rss() - base))
is_(s.stop(), 0, "and it stops in order")
done()
