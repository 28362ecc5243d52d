"""Pain 11, decay: bounces of more than a week ago count no more, so that two bad weeks in a year pause nobody's mail."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from maillib import *

clock = Clock()
f = Forum(clock=clock)


def bounces():
    return f.s.json("member", "show", "bob@example.org")[0]["bounces"]


def bounce(mail):
    report = ("From: MAILER-DAEMON <mailer-daemon@mx.example.org>\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\nMessage-ID: <%s@mx.example.org>\r\n"
              "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
              "Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n") % os.urandom(6).hex()
    like(f.c.mail("", re.search(r"<([^>]*)>", mail["Return-Path"]).group(1), report), "^250", "a report is taken")


for n in range(4):
    bounce(f.copy(f.root("before %d" % n), "bob"))
is_(bounces(), 4, "four hard bounces, one short of a pause")
clock.set("+8d")
bounce(f.copy(f.root("after"), "bob"))
is_(bounces(), 1, "eight days later the one of today is all that counts")
ok(f.copy(f.root("goes on"), "bob") is not None, "mail goes on")
is_(f.s.stop(), 0, "stops in order")
done()
