#!/usr/bin/env python3
"""Only CRLF.CRLF ends a mail: 17 other sequences must neither end it nor get in; on SMTP and on LMTP."""
from smtplines import *

s = forum(smtp=TRUST)
# what stands between the first text and a second, smuggled transaction
ENDS = [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\r\n.\r\r\n",
        b"\n\n.\r\n", b"\r\n.\r\r\n", b"\r\r.\r\n", b"\n\r.\r\n", b"\r\n.\n\r\n", b"\x85.\x85\n.\n"]
is_(len(ENDS), 17, "seventeen sequences")
for door, hello in ("smtp", "EHLO x"), ("lmtp", "LHLO x"):
    for i, end in enumerate(ENDS):
        c = Smtp(s.port[door], hello=hello)
        c.c("MAIL FROM:<alice@example.org>")
        c.c("RCPT TO:<test.pub@forum.test>")
        c.c("DATA")
        evil = text(subject="Smuggled", extra=PASS).encode()
        c.raw(text(subject="Outer", extra=PASS).encode() + b"x" + end + b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<test.pub@forum.test>\r\nDATA\r\n" + evil
              + b"\r\n.\r\nNOOP\r\n")
        like(c.reply(), r"^550 5\.6\.0", "%s %r: refused after the true end" % (door, end))
        like(c.reply(), r"^250 2\.0\.0 ok", "%s %r: one mail, one answer" % (door, end))
        c.close()
is_(subjects(s), [], "nothing got in")
c = Smtp(s.port["lmtp"], hello="LHLO x")
c.c("MAIL FROM:<alice@example.org>")
c.c("RCPT TO:<test.pub@forum.test>")
for n, chunk in enumerate([b"A: b\nC: d\r\n\r\nx\r\n", b"A: b\r\n\r\nx\r", b"A: b\r\n\r\n\0\r\n"]):
    c.raw(b"BDAT %d LAST\r\n" % len(chunk) + chunk)
    like(c.reply(), r"^550 5\.6\.0", "BDAT with bare line ends or NUL, number %d" % n)
    c.c("MAIL FROM:<alice@example.org>")
    c.c("RCPT TO:<test.pub@forum.test>")
c.c("RSET")
# dot-stuffing and a text octet by octet
like(c.mail("alice@example.org", "test.pub@forum.test", text(subject="Dots", extra=PASS, body="..\r\n...two\r\n")), "^250", "stuffed dots")
c.c("MAIL FROM:<alice@example.org>")
c.c("RCPT TO:<test.pub@forum.test>")
c.c("DATA")
for b in (text(subject="Slow", extra=PASS, body="..dot\r\n") + ".\r\n").encode():
    c.raw(bytes([b]))
like(c.reply(), "^250", "octet by octet")
is_(sorted(subjects(s)), ["Dots", "Slow"], "both posted")
raw = s.ctl("show", str([l for l in s.json("list", "test.pub") if l["subject"] == "Dots"][0]["id"]), "--raw").replace("\r\n", "\n")
ok(raw.endswith("\n.\n..two\n"), "one dot is taken off")
done()
