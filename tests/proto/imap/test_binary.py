#!/usr/bin/env python3
"""IMAP: BINARY (RFC 3516), PREVIEW (RFC 8970), SAVEDATE (RFC 8514) and STATUS DELETED."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import base64, quopri

s = Server(limits="posts_per_minute = 10000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
c = s.imap("alice@example.org", "secret")
like(c.run("CAPABILITY")[1][0], r" BINARY PREVIEW SAVEDATE OBJECTID\b", "announced")
c.run("SELECT test.forum")


def append(m, opts=""):
    m = m if isinstance(m, bytes) else m.encode()
    Imap.tag += 1
    c.raw(b"b%d APPEND test.forum %s{%d+}\r\n" % (Imap.tag, opts.encode(), len(m)) + m + b"\r\n")
    while True:
        l = c.line()
        if l.startswith("b%d " % Imap.tag):
            return l.split(" ", 1)[1]


def fetch(n, item):
    """(tagged, {label: bytes})"""
    Imap.tag += 1
    c.send("f%d FETCH %d %s" % (Imap.tag, n, item))
    out = {}
    while True:
        l = c.line()
        if l.startswith("f%d " % Imap.tag):
            return l.split(" ", 1)[1], out
        m = re.match(r"\* \d+ FETCH \((\S+) (~?)\{(\d+)\}$", l)
        if m:
            out[m.group(1)] = (m.group(2), c.read(int(m.group(3))))
            c.line()
        else:
            m = re.match(r"\* \d+ FETCH \((\S+) (.*)\)$", l)
            if m:
                out[m.group(1)] = m.group(2)


blob = bytes(range(256)) * 40
text = "Gr\u00fc\u00dfe = \u20ac\r\n" * 20
msg = b"Subject: Parts\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n" \
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quopri.encodestring(text.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n") + \
    b"\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n" + \
    base64.encodebytes(blob).replace(b"\n", b"\r\n") + b"\r\n--b\r\nContent-Type: application/x-odd\r\nContent-Transfer-Encoding: x-odd\r\n\r\nabc\r\n" \
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ninner\r\n--b--\r\n"
like(append(msg), "^OK", "a message with parts")
c.run("NOOP")
r, d = fetch(1, "BINARY.PEEK[2]")
is_(d["BINARY[2]"], ("~", blob), "base64 is undone, as a literal8 for its NULs")
is_(fetch(1, "BINARY.SIZE[2]")[1]["BINARY.SIZE[2]"], str(len(blob)), "its size")
is_(fetch(1, "BINARY.PEEK[2]<100.50>")[1]["BINARY[2]<100>"], ("", blob[100:150]), "a piece counts decoded octets")
is_(fetch(1, "BINARY.PEEK[2]<0.50>")[1]["BINARY[2]<0>"], ("~", blob[:50]), "with a NUL")
is_(fetch(1, "BINARY.PEEK[2]<99999.50>")[1]["BINARY[2]<99999>"], ("", b""), "beyond the end")
r, d = fetch(1, "BINARY.PEEK[1]")
is_(d["BINARY[1]"][1].decode().rstrip("\r\n"), text.rstrip("\r\n"), "quoted-printable")
is_(int(fetch(1, "BINARY.SIZE[1]")[1]["BINARY.SIZE[1]"]), len(d["BINARY[1]"][1]), "its size")
like(fetch(1, "BINARY.PEEK[3]")[0], r"^NO \[UNKNOWN-CTE\]", "an unknown encoding")
like(fetch(1, "BINARY.SIZE[3]")[0], r"^NO \[UNKNOWN-CTE\]", "and its size")
is_(fetch(1, "BINARY.PEEK[4]")[1]["BINARY[4]"][1], b"Subject: in\r\n\r\ninner", "a message has no encoding")
whole = fetch(1, "BODY.PEEK[]")[1]["BODY[]"][1]
is_(fetch(1, "BINARY.PEEK[]")[1]["BINARY[]"][1], whole, "the whole message as it is")
is_(fetch(1, "BINARY.PEEK[]<5.100>")[1]["BINARY[]<5>"][1], whole[5:105], "a piece of it")
is_(fetch(1, "BINARY.PEEK[9]")[1]["BINARY[9]"], "NIL", "no such part")
is_(c.run("FETCH 1 FLAGS")[1], ["* 1 FETCH (FLAGS ())"], "none of them marks as read")
fetch(1, "BINARY[2]<0.1>")
is_(c.run("FETCH 1 FLAGS")[1], ["* 1 FETCH (FLAGS (\\Seen))"], "BINARY does")
for bad in ("BINARY", "BINARY[HEADER]", "BINARY[1.MIME]", "BINARY[TEXT]", "BINARY.SIZE[1]<0.1>", "BINARY.SIZE", "BINARY[0]", "BINARY[1", "BINARYX[1]", "BINARY.PEEK[1]<1>"):
    like(c.run("FETCH 1 " + bad)[0], "^BAD", bad)
like(append("Subject: one\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"Hello there").decode() + "\r\n"), "^OK", "one part")
c.run("NOOP")
is_(fetch(2, "BINARY.PEEK[1]")[1]["BINARY[1]"][1], b"Hello there", "part 1 of a message without parts")
like(append("Subject: eight\r\n\r\nText.\r\n", "~"), "^OK", "APPEND of a literal8")

# PREVIEW
like(append("Subject: p\r\n\r\n  First   line\r\n\r\nsecond \"line\"\t end.\r\n"), "^OK", "a text")
like(append("Subject: p\r\nContent-Type: text/html\r\n\r\n<html><body><p>Hello <b>world</b></p></body></html>\r\n"), "^OK", "a page")
like(append("Subject: p\r\n\r\n" + "word " * 300 + "\r\n"), "^OK", "a long one")
like(append("Subject: p\r\n\r\n\r\n"), "^OK", "an empty one")
c.run("NOOP")
is_(fetch(4, "PREVIEW")[1]["PREVIEW"], '"First line second \\"line\\" end."', "PREVIEW is the text in one line")
like(fetch(5, "PREVIEW")[1]["PREVIEW"], "Hello world", "of HTML the words")
p = fetch(6, "(PREVIEW (LAZY))")[1]["PREVIEW"].strip('"')
ok(190 <= len(p) <= 200 and p.startswith("word word word"), "at most 200 characters; LAZY changes nothing")
is_(fetch(7, "PREVIEW")[1]["PREVIEW"], '""', "an empty text")
m = fetch(1, "PREVIEW")[1]["PREVIEW"]
ok(m[1].decode().startswith("Gr\u00fc\u00dfe = \u20ac Gr"), "in UTF-8")
for bad in ("PREVIEW (FAST)", "PREVIEW (LAZY", "(PREVIEW ())"):
    like(c.run("FETCH 1 " + bad)[0], "^BAD", bad)
is_(c.run("FETCH 4 FLAGS")[1], ["* 4 FETCH (FLAGS ())"], "PREVIEW does not mark as read")

# SAVEDATE
append("Subject: old\r\n\r\nText.\r\n", '"01-Feb-2003 10:00:00 +0000" ')
c.run("NOOP")
d = fetch(8, "SAVEDATE")[1]["SAVEDATE"]
like(d, r'^"\s?\d+-\w+-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"$', "SAVEDATE is a date")
today = time.strftime("%d-%b-%Y", time.gmtime())
is_(c.run("SEARCH SAVEDATESUPPORTED")[1], ["* SEARCH 1 2 3 4 5 6 7 8"], "SAVEDATESUPPORTED")
a = c.run("SEARCH SAVEDSINCE 1-Jan-2004")[1][0].split()[2:]
b = c.run("SEARCH SAVEDBEFORE 1-Jan-2004")[1][0].split()[2:]
is_(sorted(a + b), list("12345678"), "SAVEDSINCE and SAVEDBEFORE divide the mailbox")
is_(c.run("SEARCH SAVEDON 1-Jan-1990")[1], ["* SEARCH"], "SAVEDON")

# STATUS DELETED
c.run("STORE 2:4 +FLAGS.SILENT (\\Deleted)")
s.ctl("hide", "test.forum:3", "--reason", "test")
is_([l for l in c.run("STATUS test.forum (DELETED)")[1] if "STATUS" in l][0], "* STATUS test.forum (DELETED 2)", "STATUS DELETED counts what is there")

# long bodies stream, binary ones come whole
big = base64.encodebytes(os.urandom(900000)).replace(b"\n", b"\r\n")
like(append(b"Subject: big\r\nContent-Transfer-Encoding: base64\r\n\r\n" + big), "^OK", "a big one")
c.run("NOOP")
n = int(c.run("SEARCH SUBJECT big")[1][0].split()[-1])
is_(fetch(n, "BINARY.PEEK[1]")[1]["BINARY[1]"][1], base64.b64decode(big), "900,000 octets decoded")
done()
