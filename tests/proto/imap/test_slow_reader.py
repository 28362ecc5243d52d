#!/usr/bin/env python3
"""Clients that ask for much and read slowly cost no memory: the server's own stays flat while thousands of bodies are on
their way, over IMAP and NNTP, plain and with COMPRESS; and nothing is lost on the way."""
import os, sys, zlib
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

POSTS = 3000
ROOM = 6 << 20 if SLOW == 1 else 300 << 20     # what the server may grow by, in octets; sanitizers keep what is freed
s = Server(limits="posts_per_minute = 0 bad_commands = 1000", workers=1, storage="text_cache = 0")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
archive = os.path.join(s.dir, "archive.mbox")
with open(archive, "wb") as f:
    for i in range(POSTS):
        lines = b"".join(b"%08x of %d: %s\n" % (zlib.crc32(b"%d.%d" % (i, k)), i, zlib.crc32(b"%d,%d" % (k, i)).to_bytes(4, "big").hex().encode() * 3) for k in range(120))
        f.write(b"From x Mon Jan  1 00:00:00 2024\nSubject: post %d\nFrom: w@archive.example\nMessage-ID: <%d@archive.example>\n"
                b"Date: Mon, 01 Jan 2024 00:00:00 +0000\n\n%s\n" % (i, i, lines))
s.ctl("import", "--group", "test.forum", archive)


def own_memory():
    with open("/proc/%d/status" % s.proc.pid) as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1)) << 10


def settled():
    """the indexer has caught up: memory says the same for a while"""
    seen = []

    def same():
        seen.append(own_memory())
        return len(seen) > 20 and max(seen[-20:]) - min(seen[-20:]) < 1 << 17
    wait_for(same, 60, 0.1)


def slow(c, ask, end, compressed, what):
    inflate = zlib.decompressobj(-15) if compressed else None
    c.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    before = own_memory()
    data = ask.encode()
    if compressed:
        z = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = z.compress(data) + z.flush(zlib.Z_SYNC_FLUSH)
    # a pipelining client that reads nothing may not get rid of all it has to say
    c.s.settimeout(1)
    try:
        while data:
            data = data[c.s.send(data):]
    except (socket.timeout, TimeoutError):
        pass
    c.s.settimeout(60 * SLOW)
    most, tail, total, begins = own_memory(), b"", 0, 0
    while end not in tail:
        if data:
            c.s.setblocking(False)
            try:
                data = data[c.s.send(data):]
            except BlockingIOError:
                pass
            c.s.settimeout(60 * SLOW)
        d = c.s.recv(32768)
        if not d:
            raise EOFError("closed after %r" % tail[-80:])
        d = inflate.decompress(d) if compressed else d
        total += len(d)
        begins += (tail[-40:] + d).count(b"\r\nSubject: post ") - tail[-40:].count(b"\r\nSubject: post ")
        tail = (tail + d)[-200:]
        if total >> 19 != (total - len(d)) >> 19:
            most = max(most, own_memory())
    is_(begins, POSTS, "%s: every post came" % what)
    ok(total > 10 << 20, "%s: %d octets" % (what, total))
    ok(most - before < ROOM, "%s: the server grew by %d KiB at most" % (what, (most - before) >> 10))


settled()
for compressed in (False, True):
    how = " with COMPRESS" if compressed else ""
    c = s.imap("alice@example.org", "secret")
    c.run("SELECT test.forum")
    if compressed:
        c.run("COMPRESS DEFLATE")
    slow(c, "a FETCH 1:* BODY.PEEK[]\r\nend NOOP\r\n", b"\r\nend OK", compressed, "FETCH" + how)
    n = s.nntp()
    n.cmd("GROUP test.forum", "211")
    if compressed:
        n.cmd("COMPRESS DEFLATE", "206")
    slow(n, "".join("ARTICLE %d\r\n" % i for i in range(1, POSTS + 1)) + "DATE\r\n", b"\r\n111 ", compressed, "ARTICLE" + how)
# one who idles is told of more than fits into the output at once, without anything else happening
a, b = s.imap("alice@example.org", "secret"), s.imap("alice@example.org", "secret")
for c in (a, b):
    c.run("SELECT test.forum")
    c.run("NOOP")
a.send("i IDLE")
a.expect("+")
b.run("STORE 1:* FLAGS.SILENT (\\Seen \\Answered \\Flagged \\Deleted $Forwarded $Junk $NotJunk $Plenty $With $A $Few $More $Of $Her $Own)")
told = set()
try:
    while len(told) < POSTS:
        m = re.match(r"\* (\d+) FETCH \(UID \d+ FLAGS \(.*\$Own", a.line())
        if m:
            told.add(m.group(1))
except (socket.timeout, TimeoutError):
    pass
is_(len(told), POSTS, "IDLE goes on telling when the client has read")
done()
