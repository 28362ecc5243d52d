#!/usr/bin/env python3
"""IMAP clients that mean no good, or know no better: bounded memory and time, BAD or NO with a reason, others unharmed."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import random, socket, zlib

# what the address sanitizer keeps of freed memory would be counted as ours
os.environ["ASAN_OPTIONS"] = (os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=8").lstrip(":")
s = Server(limits="message_size = 200000 bad_commands = 10000 login_seconds = 5 posts_per_minute = 10000")
s.group("test.forum")
for who in ("alice", "bob"):
    s.member(who + "@example.org", who.title(), "secret")
log = lambda who="alice": s.imap(who + "@example.org", "secret")
a = log()
for i in range(0, 300, 50):
    a.raw(b"x APPEND test.forum" + b"".join(b" {%d+}\r\n%s" % (len(m), m) for m in
        [b"Subject: Post %d\r\n\r\n" % (i + k) + b"words of a text\r\n" * 150 for k in range(50)]) + b"\r\n")
    like(a.line(), "^x OK", "fifty posts")
a.run("SELECT test.forum")


def rss():
    with open("/proc/%d/status" % s.proc.pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) // 1024


def unharmed(name):
    c = log("bob")
    c.run("SELECT test.forum")
    ok(len(c.run("UID FETCH 1:* (FLAGS ENVELOPE)")[1]) >= 300, name + ": another reader is served")
    c.close()


unharmed("at first")
base = rss()

# lines and literals before login: 8 KiB, nothing is kept of what is above
for data, answer in ((b"a LOGIN {8193}\r\n", r"^a NO \[TOOBIG\]"), (b"a LOGIN {4294967296}\r\n", r"^a NO \[TOOBIG\]"), (b"a LOGIN {99999999999999999999}\r\n", r"^a NO \[TOOBIG\]"),
                     (b"a LOGIN {8193+}\r\n", r"^\* BYE \[TOOBIG\]"), (b"a NOOP " + b"x" * 3000000 + b"\r\n", "^a BAD line too long"), (b"a LOGIN x y" + b"(" * 100000 + b"\r\n", "^a BAD"),
                     (b"x" * 100000 + b"\r\n", r"^\* BAD"), (b"a AUTHENTICATE PLAIN\r\n" + b"A" * 100000 + b"\r\n", r"^(\+|\* BYE)"), (b"a LOGIN {-1}\r\n", "^a BAD"), (b"a LOGIN {}\r\n", "^a BAD"),
                     (b"a LOGIN {1x}\r\n", "^a BAD"), (b"\0\0\0\r\n", r"^\* BAD"), (b"\xff\xfe LOGIN\r\n", r"^\* BAD"), (b"a\r\n", "^a BAD"), (b"a LOGIN \"x\0\" y\r\n", "^a BAD"),
                     (b"a ID (" + b"\"a\" \"b\" " * 31 + b")\r\n", "^a BAD"), (b"a LOGIN {3+}\r\na\0b y\r\n", "^a NO")):
    c = s.imap()
    try:
        c.raw(data)
    except (BrokenPipeError, ConnectionError):
        pass
    like(c.line(), answer, "before login: %r (%d)" % (data[:24], len(data)))
    c.close()
crowd = []
for i in range(200):
    c = s.imap()
    c.raw(b"a LOGIN {8000+}\r\n" + b"x" * 7900)
    crowd.append(c)
ok(rss() - base < 60, "two hundred half logins of 8 KB cost little (%d MB)" % (rss() - base))
unharmed("half logins")
ok(crowd[0].closed(30), "who does not finish to log in is sent away")
for c in crowd:
    c.close()

# after login: 64 KiB
c = log()
for data, answer in (("LIST \"\" {65537}", r"^NO \[TOOBIG\]"), ("NOOP " + "x" * 1000000, "^BAD line too long"), ("APPEND Drafts {200001}", r"^NO \[TOOBIG\]"),
                     ("REPLACE 1 Drafts {200001}", r"^NO \[TOOBIG\]"), ("UID REPLACE 1 Drafts {200001}", r"^NO \[TOOBIG\]"), ("SEARCH TEXT {70000}", r"^NO \[TOOBIG\]"),
                     ("APPEND Drafts ~{18446744073709551617}", r"^NO \[TOOBIG\]")):
    like(c.run(data)[0], answer, data[:40])
for data in (b"a APPEND Drafts {200001+}\r\n", b"a REPLACE 1 Drafts {300000+}\r\n", b"a SEARCH TEXT {70000+}\r\n", b"a NOOP " + b"x" * 70000 + b"{70000+}\r\n"):
    k = log()
    k.raw(data)
    like(k.line(), r"^\* BYE \[TOOBIG\]|^a BAD", "non-synchronising: %r" % data[:30])
    k.close()

# depth
c.run("SELECT test.forum")
for data in ("SEARCH " + "(" * 60000, "SEARCH " + "(" * 33 + "ALL" + ")" * 33, "SEARCH " + "NOT " * 16000 + "ALL", "SEARCH " + "OR ALL " * 9000 + "ALL", "FETCH 1 " + "(" * 60000,
             "FETCH 1 (BODY[" + "1." * 20000 + "1])", "STORE 1 FLAGS " + "(" * 30000, "LIST " + "(" * 30000, "THREAD REFERENCES UTF-8 " + "(" * 60000, "SORT " + "(" * 60000,
             "NOTIFY SET " + "(" * 60000, "ID " + "(" * 60000, "SELECT x " + "(" * 60000, "CREATE X " + "(" * 60000, "STATUS x " + "(" * 60000, "GETMETADATA " + "(" * 60000):
    like(c.run(data)[0], "^(BAD|NO)", "depth: " + data[:30])
like(c.run("SEARCH " + "(" * 31 + "ALL" + ")" * 31)[0], "^OK", "31 levels are read")
like(c.run("FETCH 1 (" + " ".join("BODY.PEEK[HEADER.FIELDS (F%d)]" % i for i in range(300)) + ")")[0], "^BAD", "300 items")
unharmed("depth")

# sets and searches
rnd = random.Random(1)
t = time.time()
odd = ",".join(str(n) for n in range(1, 26000, 2))[:64000].rstrip(",")
mixed = ",".join(str(rnd.randint(1, 300)) for _ in range(16000))[:64000].rstrip(",")
for data in ("UID FETCH " + odd + " UID", "UID FETCH " + mixed + " UID", "UID SEARCH UID " + odd, "UID SEARCH " + " ".join(["UID " + mixed[:6000].rstrip(",")] * 10), "UID STORE " + mixed + " FLAGS ()",
             "UID FETCH 1:4294967295,4294967295:1,*:* UID", "UID COPY " + mixed + " Trash", "UID THREAD REFERENCES UTF-8 UID " + mixed, "UID EXPUNGE " + odd,
             "SEARCH " + "TEXT zzz " * 6000 + "ALL", "SEARCH " + "OR TEXT zzz " * 30 + "BODY qqq", "SEARCH TEXT " + "a" * 60000, "SEARCH " + "NOT TEXT --- " * 4900 + "ALL", "SEARCH HEADER " + "x" * 30000 + " \"\"",
             "SEARCH SUBJECT \"" + "\\\"" * 30000 + "\"", 'LIST "" "' + "%." * 490 + '*"', 'LIST "" "' + "*a" * 490 + '"', 'LIST "" (' + " ".join(["*"] * 64) + ")",
             "STORE 1 FLAGS (" + " ".join("k%d" % i for i in range(9000)) + ")", "ENABLE " + "X " * 30000 + "Y", "UID FETCH 1:* (" + "FLAGS " * 200 + "UID)"):
    r = c.run(data)[0]
    like(r, "^(OK|NO|BAD)", "endless: %s (%d octets, %.1f s): %s" % (data[:24], len(data), time.time() - t, r[:40]))
    t = time.time()
for bad in ("0", "1:0", "4294967296", "1,,2", "1:", ":", ",", "-1", "1:2:3", "*,", "$,1", "1 2"):
    like(c.run("UID FETCH %s UID" % bad)[0], "^BAD", "set " + bad)
ok(rss() - base < 100, "all that costs little (%d MB)" % (rss() - base))
unharmed("sets and searches")

# names
for bad in (b"&AAAA", b"&-&-&", b"&2D0-", b"&////-", b"&" + b"A" * 900 + b"-", b"\xc3\x28", b"\xf8\x88\x80\x80\x80", b"A" * 1001, b"." * 900, b"a" * 1000, b"\x01", b"*", b"%"):
    for command in (b"SELECT", b"STATUS", b"CREATE", b"SUBSCRIBE", b"LIST", b"DELETE", b"GETACL"):
        more = {b"STATUS": b" (MESSAGES)", b"LIST": b" x"}.get(command, b"")
        k = b"n %s \"%s\"%s\r\n" % (command, bad.replace(b"\\", b"\\\\").replace(b'"', b'\\"'), more)
        c.raw(k)
        l = c.line()
        while l.startswith("* "):
            l = c.line()
        if not re.match(r"n (BAD|NO|OK LIST)", l):
            ok(False, "%r: %s" % (k, l))
ok(True, "odd names")
ok(not [l for l in c.run('LIST "" *')[1] if "A" * 100 in l], "make no mailbox")

# who asks and does not read
stalled = []
for i in range(20):
    k = log("bob")
    k.run("SELECT test.forum")
    if i % 2:
        k.run("NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge FlagChange)) (PERSONAL (MessageNew MessageExpunge FlagChange))")
    k.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    k.s.setblocking(False)
    data = b"z UID FETCH 1:* (FLAGS BODY.PEEK[])\r\nz UID SEARCH ALL\r\nz LIST \"\" *\r\n" * 20000
    try:
        while data:
            data = data[k.s.send(data):]
    except BlockingIOError:
        pass
    stalled.append(k)
for i in range(20):
    a.run("UID STORE 1:300 %sFLAGS.SILENT (\\Flagged)" % "+-"[i % 2])
    a.run("APPEND test.forum {18+}\r\nSubject: x\r\n\r\nTx\r\n")
ok(rss() - base < 150, "twenty who do not read, with notifications due, cost little (%d MB)" % (rss() - base))
unharmed("stalled readers")
for k in stalled:
    k.close()
ok(wait_for(lambda: rss() - base < 120, 30), "and are forgotten (%d MB)" % (rss() - base))

# a hundred thousand commands in one go
import threading
c = log()
N = 30000
t = threading.Thread(target=c.raw, args=("q NOOP\r\n" * N,))
t.start()
ok(all(c.line() == "q OK NOOP completed" for _ in range(N)), "30,000 pipelined commands get 30,000 answers")
t.join()

# deflate: a bomb is a long line; garbage ends the connection
def deflated(data):
    k = log()
    k.run("COMPRESS DEFLATE")
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = z.compress(data) + z.flush(zlib.Z_SYNC_FLUSH)
    try:
        k.s.sendall(out)
    except OSError:
        pass
    return k, len(out)


bombs = [deflated(b"a NOOP " + b"(" * 300000000) for _ in range(2)]
diag("a bomb of 300 MB has %d octets" % bombs[0][1])
ok(rss() - base < 150, "deflate bombs stay small (%d MB)" % (rss() - base))
unharmed("deflate bombs")
for k, _ in bombs:
    k.close()
k, _ = deflated(b"a NOOP " + b"x" * 30000000 + b"\r\nb NOOP\r\n")
back, text = zlib.decompressobj(-15), b""
while b"b OK" not in text:
    d = k.s.recv(4096)
    if not d:
        break
    text += back.decompress(d)
ok(b"a BAD line too long" in text and b"b OK" in text, "a line of 30 MB inside COMPRESS is one bad command") or diag(text)
k = log()
k.run("COMPRESS DEFLATE")
k.s.sendall(b"\xff" * 1000)
ok(k.closed(30), "what is no deflate ends the connection")

# cut off everywhere
for data in (b"a APPEND Drafts {100+}\r\nxx", b"a APPEND Drafts {100}\r\n", b"a SELECT test.forum", b"a IDLE\r\n", b"a AUTHENTICATE PLAIN\r\n", b"a UID FETCH 1:* BODY[]\r\n", b"a APPEND Drafts {3+}\r\nabc {3+}\r\nab"):
    k = log()
    k.raw(data)
    k.close()
unharmed("cut connections")
ok(wait_for(lambda: rss() - base < 120, 30), "nothing is left of all that (%d MB)" % (rss() - base))
like(s.ctl("check"), "", "the store is sound")
done()
