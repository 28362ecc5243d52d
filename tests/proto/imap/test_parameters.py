#!/usr/bin/env python3
"""IMAP: BODYSTRUCTURE of parameters with a charset (RFC 2231, RFC 9051 7.5.2) and of embedded headers beyond ASCII (RFC 6858): in UTF-8
for who enabled it, in ASCII for who did not; octets of the body are the same for everybody."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret")
INNER = "From: J\u00f6rg <j\u00f6rg@x.example>\r\nSubject: Gr\u00fc\u00dfe\r\n\r\nhi\r\n".encode()
MSG = b"From: Alice <alice@example.org>\r\nSubject: Files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" \
    b"--b\r\nContent-Type: image/png; name=fallback.png; name*=iso-8859-1''caf%E9.png\r\nContent-Disposition: attachment;\r\n" \
    b" filename*0*=utf-8''caf%C3%A9; filename*1*=%20%28; filename*2=\"1).png\"\r\nContent-Transfer-Encoding: base64\r\n\r\nQQ==\r\n" \
    b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename*0=\"long \"; filename*1=name.txt\r\n\r\nx\r\n" \
    b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename*=us-ascii'en'This%20is%20fun\r\n\r\nx\r\n" \
    b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=\"=?utf-8?q?caf=C3=A9?=\"\r\n\r\nx\r\n" \
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + INNER + b"--b--\r\n"
PLAIN = b"From: Alice <alice@example.org>\r\nSubject: File\r\nContent-Type: text/plain; name=a.txt\r\n\r\nx\r\n"
c = s.imap("alice@example.org", "secret")
for m in (MSG, PLAIN):
    like(c.run("APPEND Drafts {%d}" % len(m), [m])[0], "^OK", "a draft")


def said(enable):
    c = s.imap("alice@example.org", "secret")
    if enable:
        like(c.run("ENABLE " + enable)[0], "^OK", enable)
    c.run("SELECT Drafts")
    return c, {item: c.run("FETCH 1 (%s)" % item) for item in ("BODYSTRUCTURE", "BODY", "BODY.PEEK[5.HEADER]", "BODY.PEEK[5]", "BODY.PEEK[1.MIME]", "BODY.PEEK[]")}


old, rev1 = said("")
utf8c, utf8 = said("UTF8=ACCEPT")
new, rev2 = said("IMAP4rev2 UTF8=ACCEPT")
half, half2 = said("IMAP4rev2")
is_(utf8c.run("NOOP")[0][:2], "OK", "all live")


def parse(b, at=0):
    """one value at b[at]: (value, where it ends)"""
    if b[at:at + 1] == b"(":
        at, out = at + 1, []
        while b[at:at + 1] != b")":
            at += b[at:at + 1] == b" "
            v, at = parse(b, at)
            out.append(v)
        return out, at + 1
    m = re.compile(rb'"((?:[^"\\]|\\.)*)"|\{(\d+)\}\r\n|([^ ()]+)').match(b, at)
    if m.group(2):
        return b[m.end():m.end() + int(m.group(2))].decode(), m.end() + int(m.group(2))
    return (m.group(1).decode() if m.group(1) is not None else m.group(3).decode()), m.end()


def params(got, what):
    """parameters of the five parts, and those of their dispositions"""
    line = got[what][1][0].encode("utf-8", "surrogateescape")
    parts = parse(line, line.index(b"("))[0][1][:5]
    return [p[2] for p in parts], [x[1] for p in parts for x in p if what == "BODYSTRUCTURE" and isinstance(x, list) and x[0] == "attachment"]


CHARSET = ["charset", "us-ascii"]
ASCII = [["name", "fallback.png", "name*", "utf-8''caf%C3%A9.png"], CHARSET, CHARSET, CHARSET, "NIL"], \
    [["filename*", "utf-8''caf%C3%A9%20%281%29.png"], ["filename", "long name.txt"], ["filename*", "utf-8''This%20is%20fun"], ["filename", "=?utf-8?Q?caf=C3=A9?="]]
WIDE = [["name", "fallback.png", "name*", "caf\u00e9.png"], CHARSET, CHARSET, CHARSET, "NIL"], \
    [["filename*", "caf\u00e9 (1).png"], ["filename", "long name.txt"], ["filename*", "This is fun"], ["filename", "caf\u00e9"]]
UTF8 = ASCII[0], ASCII[1][:3] + WIDE[1][3:]
for got, want, name in ((rev1, ASCII, "IMAP4rev1"), (utf8, UTF8, "UTF8=ACCEPT"), (rev2, WIDE, "IMAP4rev2"), (half2, WIDE, "IMAP4rev2 without UTF8=ACCEPT")):
    is_(params(got, "BODYSTRUCTURE"), want, "%s: parameters" % name)
    is_(params(got, "BODY"), (want[0], []), "%s: those of BODY" % name)
ok(rev1["BODYSTRUCTURE"][1][0].isascii() and rev1["BODY"][1][0].isascii(), "IMAP4rev1: nothing but ASCII")
like(rev1["BODYSTRUCTURE"][1][0], r'\(NIL "=\?utf-8\?Q\?Gr=C3=BC=C3=9Fe\?=" \(\("=\?utf-8\?Q\?J=C3=B6rg_=28j=C3=B6rg=40x=2Eexample=29\?=" NIL "invalid" "internationalized-address\.invalid"\)\)',
     "the embedded header as surrogate")
like(utf8["BODYSTRUCTURE"][1][0], "Gr\u00fc\u00dfe", "as it is with UTF8=ACCEPT")
is_([bool(re.match(r"OK \[DOWNGRADED 1\]", g["BODYSTRUCTURE"][0])) for g in (rev1, utf8, rev2, half2)], [True, False, False, True], "DOWNGRADED tells who got a surrogate")
is_([re.sub(r" \[DOWNGRADED 1\].*", "", g["BODY"][0])[:2] for g in (rev1, utf8, rev2, half2)], ["OK"] * 4, "BODY")
# octets of the body are nobody's to change: sizes, partials and structure would not fit
for item in ("BODY.PEEK[5.HEADER]", "BODY.PEEK[5]", "BODY.PEEK[1.MIME]", "BODY.PEEK[]"):
    is_([g[item][1] for g in (utf8, rev2, half2)], [rev1[item][1]] * 3, "%s is the same for all" % item)
    ok(rev1[item][0].startswith("OK FETCH"), "%s: no surrogate" % item)
ok(("J\u00f6rg" in rev1["BODY.PEEK[5.HEADER]"][1][0]), "as it was sent")
is_([c.run("FETCH 2 BODYSTRUCTURE") for c in (old, new)], [("OK FETCH completed", ['* 2 FETCH (BODYSTRUCTURE ("text" "plain" ("name" "a.txt") NIL NIL "7bit" 3 1 NIL NIL NIL NIL))'])] * 2, "ASCII is what it was")
before = [c.run("FETCH 1:2 BODYSTRUCTURE") for c in (old, utf8c, new)]
s.ctl("rebuild")
is_([c.run("FETCH 1:2 BODYSTRUCTURE") for c in (old, utf8c, new)], before, "a rebuild says the same")
done()
