#!/usr/bin/env python3
"""Delivery status notifications (RFC 3461): the parameters, and the report "delivered" for who asked for it, by SMTP and LMTP."""
import email
from smtplines import *

s = forum(limits="posts_per_minute = 0")
P = s.port
alice, pub, two = "alice@example.org", "test.pub@forum.test", "test.two@forum.test"


def reports():
    found = [email.message_from_bytes(m) for m in s.outgoing() if b"report-type=delivery-status" in m]
    for m in found:
        parts = m.get_payload()
        m.fields = [dict((k.lower(), v) for k, v in b.items()) for b in parts[1].get_payload()]
    return found


def report(n):
    wait_for(lambda: len(reports()) >= n, 20)
    return sorted(reports(), key=lambda m: m.fields[0].get("original-envelope-id", ""))


def send(c, mail, rcpts, mid, answers=1):
    like(c.c("MAIL FROM:<%s>%s" % (alice, mail)), "^250", "MAIL" + mail)
    for r in rcpts:
        like(c.c("RCPT TO:" + r), "^250", "RCPT TO:" + r)
    c.c("DATA")
    c.raw(text(mid=mid, extra=PASS) + ".\r\n")
    return [c.reply() for _ in range(answers)]


# ---- LMTP: a report for each that wants one ----
c = Smtp(P["lmtp"], hello="LHLO mx.front.example")
ok(re.search(r"^250[ -]DSN\r?$", c.hello, re.M), "LHLO offers DSN")
c.is_("MAIL FROM:<alice@example.org> RET=SOME", "501 5.5.4", "RET that is none")
c.is_("MAIL FROM:<alice@example.org> ENVID=a+zz", "501 5.5.4", "ENVID that is no xtext")
got = send(c, " RET=HDRS ENVID=A1+20of+2Bus", ["<%s> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Public+2Bold@alias.example" % pub, "<%s> NOTIFY=NEVER" % two], "<one@d.example>", 2)
ok(all(g.startswith("250") for g in got), "delivered to both: %r" % got)
r = report(1)
is_(len(r), 1, "one report")
r = r[0]
is_(r.fields[0].get("original-envelope-id"), "A1 of+us", "the envelope id, decoded")
is_(r.fields[0].get("reporting-mta"), "dns; forum.test", "who reports")
is_([f["final-recipient"] for f in r.fields[1:]], ["rfc822; " + pub], "about the one that wanted it, not about NEVER")
is_((r.fields[1]["original-recipient"], r.fields[1]["action"], r.fields[1]["status"]), ("rfc822; Public+old@alias.example", "delivered", "2.1.5"), "its fields")
ok(r["To"] == "<alice@example.org>" and r["Auto-Submitted"] == "auto-replied", "to the envelope sender, marked as automatic")
is_([p.get_content_type() for p in r.get_payload()], ["text/plain", "message/delivery-status", "text/rfc822-headers"], "three parts, the header only")
ok("Message-ID: <one@d.example>" in r.get_payload()[2].get_payload() and "Authentication" in r.get_payload()[2].get_payload(), "the mail's own header")

# ---- nobody asked, or there is nobody to tell, or it was refused ----
send(c, "", ["<%s>" % pub], "<two@d.example>")
send(c, "", ["<%s> NOTIFY=FAILURE,DELAY" % pub], "<three@d.example>")
c.is_("MAIL FROM:<>", "250", "a null sender")
c.is_("RCPT TO:<postmaster@forum.test> NOTIFY=SUCCESS", "(250|550)", "asks for a report")
c.c("DATA"), c.raw("From: x@y.example\r\nSubject: z\r\nMessage-ID: <null@d.example>\r\n\r\nx\r\n.\r\n")
c.reply()
c.c("RSET")
c.is_("MAIL FROM:<alice@example.org>", "250", "MAIL")
c.is_("RCPT TO:<test.refuse@forum.test> NOTIFY=SUCCESS", "250", "to a group that will refuse")
c.c("DATA"), c.raw(text() + ".\r\n")
like(c.reply(), "^550", "it does: whose server that was reports the failure")
c.c("QUIT")

# ---- submission: one report for all recipients of one mail ----
u = Smtp(P["submission"], hello="EHLO x")
like(u.login(alice, "secret-a"), "^235", "login")
like(send(u, " ENVID=B2", ["<%s> NOTIFY=SUCCESS" % pub, "<%s> NOTIFY=SUCCESS ORCPT=utf-8;j\\x{F6}@x.example" % two], "<four@d.example>")[0], "^250", "to two groups")
r = report(2)
is_(len(r), 2, "one more report, and none for the others")
is_([f["final-recipient"] for f in r[1].fields[1:]], ["rfc822; " + pub, "rfc822; " + two], "it names both")
is_(r[1].fields[2]["original-recipient"], r"utf-8; j\x{F6}@x.example", "an internationalized address as it was encoded")
for extra in "Subject: Stra\u00dfe", "X-Long: " + "x" * 985:
    u.c("MAIL FROM:<%s> SMTPUTF8 ENVID=C3" % alice)
    u.c("RCPT TO:<%s> NOTIFY=SUCCESS ORCPT=utf-8;\u00f6@x.example" % pub)
    u.c("DATA")
    u.raw(("From: Alice <alice@example.org>\r\n%s\r\n\r\nwords %s\r\n.\r\n" % (extra, extra[:5])).encode())
    like(u.reply(), "^250", extra[:6])
r = [m for m in report(4) if m.fields[0].get("original-envelope-id") == "C3"]
ok(len(r) == 2 and all(len(m.get_payload()) == 2 for m in r), "a header that is not clean ASCII lines is not given back")
is_(r[0].fields[1]["original-recipient"], r"utf-8; \x{F6}@x.example", "an address beyond ASCII is encoded")

# ---- many recipients with long original addresses: reports that the queue takes, and the mail is not lost for them ----
before = len(report(4))
long = lambda i: "j%02d" % i + "\u00f6" * 200 + "@x.example"
got = send(u, " SMTPUTF8 ENVID=D4", ["<%s> NOTIFY=SUCCESS ORCPT=utf-8;%s" % (pub, long(i)) for i in range(60)], "<five@d.example>")[0]
like(got, "^250", "sixty recipients")
r = report(before + 5)[before:]
is_(len(r), 5, "are told of in five reports")
is_(sorted(" ".join(f["original-recipient"].split())[:14] for m in r for f in m.fields[1:]), ["utf-8; j%02d\\x{F" % i for i in range(60)], "each of them once")

u.c("MAIL FROM:<%s> SMTPUTF8" % alice)
for bad in (b"\xff" * 490, b"\xc3", b"\xed\xa0\x80"):
    u.raw(b"RCPT TO:<%s> NOTIFY=SUCCESS ORCPT=utf-8;%s\r\n" % (pub.encode(), bad))
    like(u.reply(), "^501 5.5.4", "an original address that is no UTF-8, and would be twice as long in a report")

# ---- not more than we would write ----
codes = set()
for n in range(200):
    if n % 100 == 0:
        u.c("RSET")
        u.c("MAIL FROM:<%s>" % alice)
    codes.add(u.c("RCPT TO:<%s> NOTIFY=SUCCESS" % pub)[:9])
ok("451 4.7.1" in codes, "too many reports: later (%r)" % codes)
s.stop()

# ---- nothing to send them with: not offered ----
s = Server(transport="")
c = Smtp(s.port["smtp"])
ok("DSN" not in c.hello, "without outgoing mail DSN is not offered")
c.is_("MAIL FROM:<alice@example.org> RET=HDRS", "555 5.5.4", "RET then")
c.is_("MAIL FROM:<alice@example.org>", "250", "MAIL")
c.is_("RCPT TO:<postmaster@forum.test> NOTIFY=NEVER", "555 5.5.4", "NOTIFY then")
s.stop()
done()
