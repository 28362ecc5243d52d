"""Pain 11: bounces pause mail, never membership; each counts once; refusals of content and forgeries do not count; complaints unsubscribe."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from maillib import *

f = Forum()
s = f.s
s.ctl("member", "address", "bob@example.org", "bob.home@example.net")


def bounces(who):
    return s.json("member", "show", who + "@example.org")[0]["bounces"]


def verp(mail):
    return re.search(r"<([^>]*)>", mail["Return-Path"]).group(1) if mail["Return-Path"] else None


def report(kind, action="failed", status="5.1.1"):
    return ("From: MAILER-DAEMON <mailer-daemon@mx.example.org>\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\nMessage-ID: <%s@mx.example.org>\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: %s\r\nStatus: %s\r\n\r\n--b--\r\n") % (os.urandom(6).hex(), action, status)


def complaint(mail, original=True):
    h = "List-Unsubscribe: %s\r\nFrom: x@forum.test\r\n" % mail["List-Unsubscribe"] if original else "From: x@forum.test\r\n"
    return ("From: fbl@isp.example\r\nSubject: abuse report\r\nMessage-ID: <%s@isp.example>\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
            "--b\r\n\r\nThis is an abuse report.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: SomeISP/1\r\nVersion: 1\r\n\r\n"
            "--b\r\nContent-Type: message/rfc822\r\n\r\n%s\r\nhello\r\n--b--\r\n") % (os.urandom(6).hex(), h)


copies = []
for n in range(8):
    copies.append(f.copy(f.root("post %d" % n), "bob"))
v = [verp(m) for m in copies]
ok(all(v) and len(set(v)) == 8, "each copy has an envelope sender of its own")
like(f.c.mail("", v[0], report("x")), "^250", "a report is taken")
is_(bounces("bob"), 1, "a hard bounce counts")
like(f.c.mail("", v[0], report("x")), "^5", "another of the same mail is refused")
is_(bounces("bob"), 1, "and counts no more")
f.c.mail("", v[1], report("x", "delayed", "4.4.1"))
is_(bounces("bob"), 1, "a delay is no bounce")
f.c.mail("", v[1], report("x", "failed", "5.7.1"))
is_(bounces("bob"), 1, "a refusal of the content says nothing about the address")
f.c.mail("", v[1], report("x", "failed", "4.4.7"))
is_(bounces("bob"), 1, "given up: a soft bounce")
f.c.mail("", v[2], report("x", "failed", "4.4.7"))
is_(bounces("bob"), 2, "two of them are one")
like(f.c.mail("", v[3][:-12] + "a" * (len("@forum.test") + 1) + "@forum.test", report("x")), "^5", "a forged address is refused")
like(f.c.mail("", "bob@forum.test", report("x")), "^5", "reports to other addresses are refused")
is_(bounces("bob"), 2, "and counts nothing")
for m in v[3:6]:
    f.c.mail("", m, report("x"))
is_(bounces("bob"), 5, "five")
n = f.notice("bob.home@", "comes back")
ok(n is not None, "his other address is told")
ok(not any(w in n.as_string() for w in ("Which soil", "post 5", "MAILER-DAEMON", "Final-Recipient")), "in words of our own: neither the mail nor the report is quoted") or diag(n)
before = len(f.copies(lambda m: m["Delivered-To"].startswith("bob@")))
mid = f.root("nine")
f.copy(mid, "carol")
time.sleep(0.5)
is_(len(f.copies(lambda m: m["Delivered-To"].startswith("bob@"))), before, "no more mail to him")
is_(len([x for x in s.json("member", "show", "bob@example.org")[0]["subscriptions"]]), 1, "he stays a member and subscribed")
like(f.send("bob", "test.pub-subscribe@forum.test", "it works again")[0], "^250", "he says that it works")
is_(bounces("bob"), 0, "and starts anew")
ok(f.copy(f.root("ten"), "bob") is not None, "mail comes again")

# complaints
carol = f.copy(mid, "carol")
like(f.c.mail("", verp(carol), complaint(carol, False)), "^250", "a complaint to the envelope sender")
mode = lambda who: [x["mode"] for x in s.json("member", "show", who + "@example.org")[0]["subscriptions"]]
is_((mode("carol"), mode("bob")), ([], ["all"]), "ends this subscription")
n = f.notice("carol@", "no longer get")
ok(n is not None, "with a notice")
ok(not any(w in n.as_string() for w in ("Which soil", "nine", "abuse report", "hello")), "that quotes nothing of what was complained of") or diag(n)
is_(bounces("carol"), 0, "and is no bounce")
like(f.c.mail("fbl@isp.example", "abuse@forum.test", complaint(copies[7])), "^250", "a complaint to abuse@")
is_(mode("bob"), [], "ends the subscription its mail names")
is_(bounces("bob"), 0, "no bounce either")

# postmaster, abuse, owner
like(f.send("x@example.com", "postmaster@forum.test", "help")[0], "^5.*nobody reads", "nobody to read it: refused in words")
s.member("admin@example.org", "Ada Root", "secret-ar", "admin")
s.member("mod@example.org", "Mod", "secret-mo", "moderator:test.pub")
for to in "postmaster@forum.test", "abuse@forum.test", "PostMaster":
    like(f.send("x@example.com", to, "please help with %s" % to, extra="")[0], "^250", to)
got = f.copies(lambda m: m["Delivered-To"].startswith("admin@") and "Mail for" in m["Subject"], 3)
is_(len(got), 3, "come to the administrator")
inner = got[0].get_payload()[1].get_payload()[0]
ok("please help" in inner.get_content() and inner["From"].endswith("<x@example.com>"), "as they came, inside")
is_((str(got[0]["Reply-To"]).strip('<>'), got[0]["Auto-Submitted"], got[0]["Return-Path"] in (None, "<>")), ("x@example.com", "auto-generated", True), "an answer goes to the sender, a bounce to nobody")
like(f.send("stranger@example.com", "test.pub-owner@forum.test", "may I join?", extra="")[0], "^250", "the owner's address")
ok(f.copies(lambda m: m["Delivered-To"].startswith("mod@") and "test.pub-owner" in m["Subject"]), "comes to the group's moderators")
like(f.send("stranger@example.com", "test.priv-owner@forum.test", "x", extra="")[0], "no such address", "a private group's is not there for strangers")
like(f.send("x@example.com", "test.pub-owner@forum.test", "x", extra="Auto-Submitted: auto-replied\r\n")[0], "^5", "automatic mail to owners is refused")
like(f.c.mail("", "postmaster@forum.test", report("x")), "^250", "the postmaster takes reports")
like(f.send("x@example.com", "postmaster@forum.test", "x", extra="Forum-Loop: forum.test\r\n")[0], "^5", "but nothing that has been here")
answers = [f.send("x@example.com", "abuse@forum.test", "x%d" % i, extra="")[0][:3] for i in range(12)]
ok("451" in answers or "450" in answers, "not many in a short time")
done()
