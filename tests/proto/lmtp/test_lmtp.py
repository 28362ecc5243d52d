#!/usr/bin/env python3
"""LMTP behind a front MTA: who wrote it, one answer for each recipient, retries, cross-posts, automatic mail."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "smtp"))
from smtplines import *

s = forum()
pub, two, priv = "test.pub@forum.test", "test.two@forum.test", "test.priv@forum.test"


def lmtp():
    return Smtp(s.port["lmtp"], hello="LHLO mx.front.example")


def post(mid):
    v = s.json("show", mid, check=False)
    return v[0] if v else None


c = lmtp()
like(c.greeting, "^220 forum.test LMTP", "greeting")
c.is_("EHLO x", "500 5.5.1", "EHLO on LMTP")
ok("AUTH" not in c.hello, "no AUTH")

# ---- who wrote it ----
alice = "alice@example.org"
like(c.mail(alice, pub, text(extra=PASS, mid="<pass@c.example>")), r"^250 2\.0\.0 posted to test\.pub", "trusted pass: posted")
like(c.mail(alice, pub, text(extra=PASS.replace("mx.front", "mx.evil"))), "^250 2.0.0 queued for moderator approval", "a verdict of somebody else counts for nothing")
like(c.mail(alice, pub, text(extra=PASS.replace("dmarc=pass header.from=example.org", "spf=pass smtp.mailfrom=evil.example"))), "^250 2.0.0 queued", "a pass for another domain")
like(c.mail(alice, pub, text(extra=FAIL)), "^250 2.0.0 queued", "a fail is held")
like(c.mail(alice, "test.refuse@forum.test", text()), r"^550 5\.7\.1 nothing proves", "unproven, and the group refuses")
like(c.mail(alice, "test.refuse@forum.test", text(extra=PASS)), "^250 2.0.0 posted", "proven there")
like(c.mail("x@stranger.example", pub, text("X <x@stranger.example>", extra=PASS.replace("example.org", "stranger.example"))), r"^550 5\.7\.1 only members may post", "a stranger, proven")
FORGED = {
    "two From": "From: Alice <alice@example.org>\r\nFrom: X <x@stranger.example>\r\n",
    "two mailboxes": "From: Alice <alice@example.org>, X <x@stranger.example>\r\n",
    "a group": "From: friends: alice@example.org;\r\n",
    "none": "",
    "empty": "From: \r\n",
    "no address": "From: Alice\r\n",
    "only in the name": "From: \"alice@example.org\" <x@stranger.example>\r\n",
    "only in a comment": "From: x@stranger.example (alice@example.org)\r\n",
    "Sender instead": "Sender: alice@example.org\r\nFrom: x@stranger.example\r\n",
    "an encoded word": "From: =?utf-8?q?alice=40example=2Eorg?= <x@stranger.example>\r\n",
    "a look-alike domain": "From: alice@example.org.stranger.example\r\n",
    "a sub-domain": "From: alice@sub.example.org\r\n",
    "a null": "From: <>\r\n",
}
for name, frm in FORGED.items():
    got = c.mail(alice, pub, "%s%sSubject: Forged\r\nMessage-ID: <%s@f.example>\r\n\r\nx\r\n" % (PASS.replace("example.org", "stranger.example"), frm, os.urandom(4).hex()))
    like(got, "^550 5", "From: " + name)
ok("Forged" not in subjects(s), "no forged post")
raw = s.ctl("show", "<pass@c.example>")
ok("Authentication-Results" not in raw and "mx.front" not in raw, "the verdict is not shown to readers")

# ---- private groups ----
c.c("MAIL FROM:<x@stranger.example>")
a, b = c.c("RCPT TO:<%s>" % priv), c.c("RCPT TO:<no.such.group@forum.test>")
is_(a, b, "private and missing: the same words")
c.c("RSET")
like(c.mail("bob@example.org", priv, text("Bob <bob@example.org>", extra=PASS)), "^250 2.0.0 posted", "a member of the private group")
like(c.mail("bob@example.org", priv, text(extra=PASS)), "^550 5.1.1 no such address here", "Bob's envelope, Alice's From: she may not know it")

# ---- retries, cross-posts, one answer each ----
t = text(extra=PASS, mid="<again@c.example>", subject="Again")
like(c.mail(alice, pub, t), "^250 2.0.0 posted", "first time")
like(c.mail(alice, pub, "Received: from elsewhere\r\n" + t), "^250 2.0.0 there already", "a retry is taken and stored once")
is_(subjects(s).count("Again"), 1, "stored once")
like(c.mail(alice, pub, text(extra=PASS, mid="<again@c.example>", body="Other words.\r\n")), "^550 5.6.0", "the same id with other words")
like(c.mail(alice, two, t), "^250 2.0.0", "the same mail to another group")
is_(subjects(s, "test.two"), ["Again"], "is one more place of the same post")
got = c.mail(alice, [pub, two, "test.refuse@forum.test"], text(extra=PASS, mid="<three@c.example>", subject="Three"), 3)
is_([l[:3] for l in got], ["250"] * 3, "three recipients, three answers")
ids = {l["id"] for g in ("test.pub", "test.two", "test.refuse") for l in s.json("list", g) if l["subject"] == "Three"}
is_(len(ids), 1, "one post in three groups")
got = c.mail(alice, [pub, "test.refuse@forum.test"], text(mid="<mixed@c.example>", subject="Mixed"), 2)
is_([l[:9] for l in got], ["250 2.0.0", "550 5.7.1"], "held in one group, refused by the other")
got = c.mail(alice, ["test.refuse@forum.test", pub], text(mid="<mixed2@c.example>", subject="Mixed two"), 2)
is_([l[:9] for l in got], ["550 5.7.1", "250 2.0.0"], "and the other way round")
got = c.mail("bob@example.org", [pub, priv], text("bob@example.org", extra=PASS, mid="<leak@c.example>"), 2)
is_([l[:3] for l in got], ["250", "550"], "public and private are not combined")
forged = text(mid="<three@c.example>", subject="Three")
like(c.mail(alice, "test.none@forum.test", forged), "^550 5.1.1", "unknown")
s.group("test.late")
like(c.mail(alice, "test.late@forum.test", forged), "^550", "an unproven copy does not cross-post")

# SMTP has one answer: all or nothing
m = Smtp(s.port["smtp"])
like(m.mail(alice, [pub, "test.refuse@forum.test"], text(mid="<all@c.example>", subject="All or nothing")), r"^550 5\.7\.1 nothing proves", "SMTP: one refusal refuses all")
ok(post("<all@c.example>") is None, "and nothing is stored")

# ---- parents without a token ----
like(c.mail("bob@example.org", pub, text("bob@example.org", extra=PASS, subject="Re: Again", mid="<re@c.example>").replace("Date:", "In-Reply-To: <again@c.example>\r\nDate:", 1)), "^250", "an answer by In-Reply-To")
tree = {p["message_id"]: p for p in s.json("thread", "<again@c.example>")}
is_(tree["<re@c.example>"]["parent_reason"], "in-reply-to", "is placed below its parent")

# ---- automatic mail ----
AUTO = {"Auto-Submitted: auto-replied": 0, "Precedence: bulk": 0, "Precedence: list": 0, "Precedence: junk": 0, "List-Id: <test.pub.forum.test>": 0,
        "Content-Type: multipart/report; boundary=b": 0, "Auto-Submitted: no": 1, "X-Auto-Response-Suppress: All": 1, "List-Id: <other.example>": 1}
for h, good in AUTO.items():
    like(c.mail(alice, pub, text(extra=PASS + h + "\r\n", subject="Auto")), "^250 2.0.0 posted" if good else
         r"^550 5\.%s automatic mail is not posted" % (r"4\.6" if "List-Id" in h else r"7\.1"), h)
like(c.mail(alice, pub, "Received: x\r\n" * 31 + text(extra=PASS)), r"^550 5\.4\.6 automatic", "31 hops")
c.is_("MAIL FROM:<>", "250", "null sender")
c.is_("RCPT TO:<%s>" % pub, "550 5.7.1 automatic", "to a group")
c.c("RSET")
is_([o for o in s.outgoing() if b"Published in" not in o and b"Waiting in" not in o and b"Message-ID: <re@c.example>" not in o], [], "no answer to any of it")

# ---- subscribing ----
like(c.mail("carol@example.org", "test.pub-subscribe@forum.test", text("Carol <carol@example.org>")), "^250 2.0.0 done", "unproven: taken")
ok(wait_for(lambda: [o for o in s.outgoing() if b"Please confirm" in o and b"Delivered-To: carol" in o], 10), "and asked back: nobody subscribes others")
like(c.mail(alice, "test.pub-subscribe@forum.test", text(extra=PASS)), "^250 2.0.0 done", "a proven member subscribes")
out = wait_for(lambda: [o for o in s.outgoing() if b"You now get test.pub" in o], 10)
ok(out and b"Auto-Submitted: auto-replied" in out[0] and b"Return-Path: <>" in out[0] and b"Delivered-To: alice@example.org" in out[0], "and is told so")
like(c.mail("bob@example.org", pub, text("bob@example.org", extra=PASS, subject="For Alice")), "^250", "Bob writes")
ok(wait_for(lambda: [o for o in s.outgoing() if b"Subject: For Alice" in o and b"Delivered-To: alice" in o], 10), "Alice gets it")
like(c.mail(alice, "test.pub-help@forum.test", text(extra=PASS)), "^250 2.0.0 done", "help")
ok(wait_for(lambda: [o for o in s.outgoing() if b"test.pub-unsubscribe@forum.test" in o and b"Subject: Writing to" in o], 10), "is sent")
like(c.mail(alice, "test.pub-unsubscribe@forum.test", text(extra=PASS)), "^250 2.0.0 done", "unsubscribe")
like(c.mail("x@stranger.example", "test.pub-subscribe@forum.test", text("x@stranger.example", extra=PASS.replace("example.org", "stranger.example"))), "^250 2.0.0 done", "a stranger")
ok(wait_for(lambda: [o for o in s.outgoing() if b"Do you want to join" in o and b"Delivered-To: x@stranger" in o], 10), "is asked whether he wants to join")

# ---- the trace ----
ok("posted" in s.ctl("trace", "<pass@c.example>"), "trace of a posted mail")
t = text(mid="<gone@c.example>")
c.mail(alice, "test.refuse@forum.test", t)
ok(wait_for(lambda: "refused" in s.ctl("trace", "<gone@c.example>", check=False), 5), "trace of a refused one")
c.is_("QUIT", "221", "QUIT")
done()
