#!/usr/bin/env python3
"""Copies go out with a signed Reply-To; answering it lands under the right post; altered, foreign, expired and revoked
addresses are refused; bounces are counted once."""
import email, email.utils
from smtplines import *

s = forum(smtp=TRUST, outgoing="hold_seconds = 0")
for who in "bob", "carol":
    s.ctl("subscribe", who + "@example.org", "test.pub", "--mode", "all")


def copies(word, n=1):
    """parsed mails whose text has the word, by recipient"""
    def look():
        v = {m["Delivered-To"]: m for m in map(email.message_from_bytes, [o for o in s.outgoing() if word.encode() in o])}
        return v if len(v) >= n else None
    return wait_for(look, 15) or {}


mid = s.post("test.pub", "Quince", "Which soil does it like?\r\n..dot\r\n", password="secret-a")
v = copies("Which soil", 2)
is_(sorted(v), ["bob@example.org", "carol@example.org"], "two copies, none for the author")
m = v["bob@example.org"]
is_(m["Message-ID"], mid, "our Message-ID stays")
is_(m["List-Id"] is not None and "test.pub.forum.test" in m["List-Id"], True, "List-Id")
for h in "List-Post", "List-Unsubscribe", "List-Help", "Reply-To", "Date", "Subject":
    ok(m[h], h)
like(m["From"], r"via .*<test\.pub@forum\.test>", "From is the group's")
like(m["Return-Path"], r"^<bounce-[a-z2-7]+@forum\.test>$", "envelope sender is VERP")
ok(m["Return-Path"] != v["carol@example.org"]["Return-Path"] and m["Reply-To"] != v["carol@example.org"]["Reply-To"], "each recipient has his own")
ok("alice@example.org" not in m.as_string(), "the author's address does not leave")
to = email.utils.parseaddr(m["Reply-To"])[1]
like(to, r"^test\.pub-reply-[a-z2-7]+@forum\.test$", "Reply-To")
ok(len(to.split("@")[0]) <= 64, "local part of at most 64 octets")

mx = Smtp(s.port["smtp"])
root = s.json("thread", mid)[0]
bob = "Bob <bob@example.org>"
like(mx.mail("bob@example.org", to, text(bob, subject="Unrelated subject", body="Loam.\r\n", mid="<loam@c.example>")), r"^250 2\.0\.0 posted to test\.pub", "an answer to the Reply-To")
tree = {p["message_id"]: p for p in s.json("thread", mid)}
is_((tree["<loam@c.example>"]["parent"], tree["<loam@c.example>"]["parent_reason"]), (root["id"], "reply-key"), "lands under the right post, by its key")
like(mx.mail("whoever@example.net", to.upper(), text(bob, mid="<upper@c.example>")), "^250 2.0.0 posted", "upper-cased on the way, another envelope sender")
like(mx.mail("bob@example.org", to, text(bob, extra=FAIL)), "^250 2.0.0 queued for moderator", "a failed sender check: held")
got = mx.mail("carol@example.org", to, text("Carol <carol@example.org>"))
like(got, r"^550 5\.7\.1 this reply address belongs to another member", "Bob's address in Carol's hands")
ok("bob" not in got.lower(), "does not tell whose it is")
like(mx.mail("x@evil.example", to, text("X <x@evil.example>")), r"^550 5\.7\.1 this reply", "nor a stranger's")
like(mx.mail("x@evil.example", to, "From: x@evil.example\r\n" + text(bob)), r"^550 5\.6\.0", "two From fields")
like(mx.mail("bob@example.org", to, text(bob, extra="Auto-Submitted: auto-replied\r\n")), r"^550 5\.7\.1 automatic", "an absence note to the Reply-To")
sub = Smtp(s.port["submission"])
sub.login("bob@example.org", "secret-b")
like(sub.mail("bob@example.org", to, text(bob, mid="<sub@c.example>")), "^250 2.0.0 posted", "by submission too")
sub = Smtp(s.port["submission"])
sub.login("alice@example.org", "secret-a")
like(sub.mail("alice@example.org", to, text()), "^550 5.7.1", "logged in as another")

# ---- tokens altered ----
local, domain = to.split("@")
head, token = local.rsplit("-", 1)
bad = 0
forms = [head + "-" + token[:i] + ("a" if token[i] != "a" else "b") + token[i + 1:] for i in range(len(token))]
forms += [head + "-" + token[:-1], head + "-" + token + "a", head + "-" + token[1:], "r-" + token[:-2], "r-a", "test.two-reply-" + token,
          "test.none-reply-" + token, "bounce-" + token, head + "-" + "a" * len(token), head + "-" + token + "=", m["Return-Path"][8:-1].split("@")[0]]
for f in forms:
    c = Smtp(s.port["smtp"])
    c.c("MAIL FROM:<bob@example.org>")
    got = c.c("RCPT TO:<%s@forum.test>" % f)
    bad += got.startswith("550 5.1.1 no such address here")
    if not got.startswith("550 5.1.1 no such address here"):
        diag(f, got)
    c.close()
is_(bad, len(forms), "all %d altered tokens are refused at RCPT in the same words" % len(forms))
mx = Smtp(s.port["smtp"])
like(mx.mail("bob@example.org", "r-%s@forum.test" % token, text(bob, mid="<short@c.example>")), "^250 2.0.0 posted", "the short form")
old = s.ctl("token", "make", "bob@example.org", str(root["id"]), "--expires", "-1000").strip().split("@")[0]
mx.c("MAIL FROM:<bob@example.org>")
mx.is_("RCPT TO:<%s@forum.test>" % old, "550 5.7.1 this reply address has expired", "expired")
mx.c("RSET")
s.ctl("token", "revoke", token)
mx.c("MAIL FROM:<bob@example.org>")
mx.is_("RCPT TO:<%s>" % to, "550 5.7.1 this reply address was revoked", "revoked")
mx.c("RSET")
s.ctl("hide", str(root["id"]), "--reason", "test", check=False)
carol_to = email.utils.parseaddr(v["carol@example.org"]["Reply-To"])[1]
mx.c("MAIL FROM:<carol@example.org>")
mx.is_("RCPT TO:<%s>" % carol_to, "550 5.1.1 no such address here", "the post is hidden")
mx.c("RSET")

# ---- bounces ----
def dsn(action="failed", status="5.1.1"):
    return ("From: MAILER-DAEMON@example.org\r\nTo: x\r\nSubject: Undelivered\r\nMessage-ID: <%s@d.example>\r\nMIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsorry\r\n--b\r\n"
            "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; carol@example.org\r\nAction: %s\r\nStatus: %s\r\n\r\n--b--\r\n"
            % (os.urandom(4).hex(), action, status))


def bounces(who="carol@example.org"):
    return s.json("member", "show", who)[0]["bounces"]


verp = v["carol@example.org"]["Return-Path"][1:-1]
like(mx.mail("", verp, dsn("delayed", "4.4.1")), "^250 2.0.0 done", "a delay")
like(mx.mail("", verp, text("x@y.example", extra="Auto-Submitted: auto-replied\r\n")), "^250 2.0.0 done", "an absence note")
is_(bounces(), 0, "are not counted")
like(mx.mail("", verp, dsn()), "^250 2.0.0 done", "a failure")
is_(bounces(), 1, "is counted")
like(mx.mail("", verp, dsn()), r"^550 5\.7\.1 this bounce has been counted", "the same again")
is_(bounces(), 1, "is not")
v2 = verp.split("@")[0]
like(mx.mail("", v2[:-1] + ("a" if v2[-1] != "a" else "b") + "@forum.test", dsn()), "^550 5.1.1", "an unsigned bounce is ignored")
like(mx.mail("x@y.example", v["bob@example.org"]["Return-Path"][1:-1], text(bob)), r"^550 5\.7\.1 this address takes delivery reports only", "no mail to a bounce address")
ok(not [o for o in s.outgoing() if b"Auto-Submitted" in o and b"Published in" not in o and b"Waiting in" not in o], "no mail was sent in answer")
done()
