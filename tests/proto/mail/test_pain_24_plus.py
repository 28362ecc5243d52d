#!/usr/bin/env python3
"""Pain 24: plus-addressing. The separator of reply addresses is the operator's choice and '-' is always understood; a lost key
falls back to ids and the sender; a sender's sub-address is another address until the member says that it is his."""
from maillib import *

for separator in "-", "+", "=":
    f = Forum(reply='separator = "%s"' % separator)
    root = f.root()
    to = f.reply_to(f.copy(root, "bob"))
    like(to, r"^test\.pub%sreply%s[a-z2-7]+@forum\.test$" % (re.escape(separator), re.escape(separator)), "reply addresses with " + separator)
    like(f.send("bob", to, "With %s.\n" % separator)[0], "^250 2.0.0 posted", "are understood")
    like(f.send("bob", to.replace(separator, "-") if separator != "-" else to, "With a dash, %s.\n" % separator)[0], "^250 2.0.0 posted", "and '-' too")
    like(f.c.mail("bob@example.org", "commands@forum.test", PASS.encode() + b"From: bob@example.org\r\nMessage-ID: <c%s@x>\r\nSubject: help\r\n\r\nhelp\r\n" % os.urandom(4).hex().encode()), "^250", "commands as well")
    r = f.notice("bob", "Published")
    like(f.reply_to(r), r"^answer%s" % re.escape(separator), "receipts with it")
    like(f.send("bob", f.reply_to(r), "undo\n")[0], "^250", "are answered")
    if separator != "=":
        f.s.stop()

# Exchange strips what is behind the plus: the key is lost, the ids are there
f = Forum(reply='separator = "+"')
root = f.root()
got, mid = f.send("bob", "test.pub@forum.test", "The key was lost.\n", content="In-Reply-To: %s\r\n" % root)
is_([(p["parent_reason"], p["author"]) for p in f.s.json("thread", root) if p["message_id"] == mid], [("in-reply-to", "Bob Fenn")], "ids and an aligned sender do")
# a sender's sub-address
to = f.reply_to(f.copy(root, "bob"))
like(f.send("bob+garden@example.org", to, "Hello\n")[0], r"^550 5\.7\.1 .*link bob\+garden@example\.org", "another address is not his until he says so")
like(f.send("bob+garden@example.org", "test.pub@forum.test", "Hello\n")[0], r"^550 5\.7\.1 .*bob\+garden@example\.org is no member's address", "in a new mail neither, and the words say which")
f.s.ctl("member", "address", "bob@example.org", "bob+garden@example.org")
like(f.send("bob+garden@example.org", to, "From the garden.\n")[0], "^250 2.0.0 posted", "then it is")
# a plus in a group's own address is not a group
like(f.send("bob", "test.pub+anything@forum.test", "Hello\n")[0], r"^550 5\.1\.1", "test.pub+anything is no address")
done()
