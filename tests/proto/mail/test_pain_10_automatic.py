#!/usr/bin/env python3
"""Pain 10: automatic answers never become posts and never start a conversation of machines; but people's mail that only
looks a little like it is taken."""
from maillib import *

f = Forum()
root = f.root()
copy = f.copy(root, "bob")
to = f.reply_to(copy)
for extra, why in (("Auto-Submitted: auto-replied\r\n", "an absence note"), ("Auto-Submitted: auto-generated\r\n", "a program's mail"), ("X-Autoreply: yes\r\n", "X-Autoreply"),
                   ("Precedence: bulk\r\n", "bulk"), ("Precedence: auto_reply\r\nAuto-Submitted: auto-replied (vacation)\r\n", "Exchange's"),
                   ("List-Id: <test.pub.forum.test>\r\n", "our own copy come back"), ("X-Loop: test.pub@forum.test\r\n", "X-Loop")):
    like(f.send("bob", to, "I am away until Monday.\n", extra=PASS + extra)[0], r"^550 5\.4\.6 .*\(mail loop" if "oop" in extra or "List-Id" in extra else r"^550 5\.7\.1 automatic mail is not posted", why + " is refused in the session")
like(f.c.mail("", to, f.raw), "^550 5.7.1 automatic mail", "a null sender posts nothing")
is_(len(f.s.json("thread", root)), 1, "nothing of it was posted")
n = len(f.s.outgoing())
time.sleep(0.5)
is_(len(f.s.outgoing()), n, "and nothing was answered")
for extra, why in (("X-Auto-Response-Suppress: All\r\n", "X-Auto-Response-Suppress alone"), ("List-Id: <garden.lists.example.org>\r\n", "another list's List-Id alone"),
                   ("Auto-Submitted: no\r\n", "Auto-Submitted: no"), ("Precedence: first-class\r\n", "another precedence"), ("X-Mailer: Microsoft Outlook\r\nImportance: high\r\n", "Outlook")):
    like(f.send("bob", to, "A person's words, with %s.\n" % why, extra=PASS + extra)[0], "^250 2.0.0 posted", why + " is a person's mail")
# what we send says what it is
c = f.copy(root, "bob")
ok(c["Auto-Submitted"] is None, "a person's post is not called automatic")
is_(c["Precedence"], "list", "but a list's")
r = f.notice("bob", "Published")
like(r["Auto-Submitted"], "^auto-", "a receipt says that it is automatic")
is_((r["X-Auto-Response-Suppress"], r["Return-Path"]), ("All", "<>"), "and wants no answer by a machine")
# help to an address without an account: once a day, whatever it sends
for _ in range(4):
    f.send("x@other.example", "commands@forum.test", "help\n", extra=PASS.replace("example.org", "other.example"))
time.sleep(0.5)
is_(len(f.copies(lambda m: m["Delivered-To"].startswith("x@other"), seconds=2)), 1, "one automatic answer for an address and day")
like(f.send("x@other.example", "commands@forum.test", "help\n", extra="Auto-Submitted: auto-replied\r\n")[0], "^550 5.7.1 automatic", "a machine gets none")
# two machines that answer each other, without saying so: it ends
for i in range(4):
    got = f.send("carol", f.reply_to(f.copy(root, "carol")), "Your message was received.\n")[0]
like(got, "^250 2.0.0 queued", "the fourth of the same words in an hour waits for a person")
done()
