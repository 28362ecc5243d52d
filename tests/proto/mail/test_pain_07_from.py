#!/usr/bin/env python3
"""Pain 7: DMARC breaks lists. From is always our own domain with the author's name, Author has the true one, signatures
that no longer hold go, List-* fields are complete, in a copy as in a receipt, and no address of a member is shown."""
from maillib import *

f = Forum()
got, mid = f.send("alice", "test.pub@forum.test", "A new thread.\n", subject="Quince", extra=PASS +
    "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; s=x; h=from; bh=AA==; b=BB==\r\nARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=example.org; s=x; b=AA==\r\n"
    "ARC-Message-Signature: i=1; a=rsa-sha256; d=example.org; s=x; h=from; bh=AA==; b=BB==\r\nARC-Authentication-Results: i=1; mx.example.org; spf=pass\r\n"
    "Received-SPF: pass\r\nReturn-Path: <alice@example.org>\r\nDisposition-Notification-To: alice@example.org\r\nReply-To: alice@example.org\r\nMail-Followup-To: test.pub@forum.test, Alice@Example.org\r\nList-Id: <other.example.org>\r\n",
    name='"Moor, Alice"')
like(got, "^250", "posted")
c = f.copy(mid, "bob")
name, address = email.utils.parseaddr(str(c["From"]))
is_((name, address), ("Alice Moor via Public things", "test.pub@forum.test"), "From: our domain, the author's name")
like(str(c["Author"]), r"^\"?Alice Moor\"? <author-\d+@forum\.test>$", "Author: a name and no address of hers")
raw = c.as_string()
ok("alice@example.org" not in raw.lower(), "her address is nowhere in the copy")
ok("alice@example.org" not in f.article(mid).as_string().lower(), "nor in the article")
for name in "DKIM-Signature", "ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "Received-SPF", "Authentication-Results", "Disposition-Notification-To", "Sender", "Received":
    is_(c[name], None, "no " + name)
is_(c.get_all("List-Id"), ["Public things <test.pub.forum.test>"], "one List-Id, ours")
is_(len(c.get_all("Reply-To")), 1, "one Reply-To")
like(f.reply_to(c), r"^test\.pub-reply-[a-z2-7]+@forum\.test$", "the thread's")
for name in "List-Post", "List-Help", "List-Unsubscribe", "List-Subscribe", "List-Owner":
    ok(c[name] is not None, name)
is_(c["To"], "Public things <test.pub@forum.test>", "To: the group")
is_(c["Message-ID"], mid, "the author's own Message-ID: his program knows the copy")
like(c["Return-Path"], r"^<bounce-", "bounces come to us")
# odd names
for typed, want in (("=?utf-8?q?Zo=C3=AB_Q=2E?=", "Zoë Q."), ('"Carol \\"C\\" Reed"', "Carol Reed")):
    f.s.ctl("member", "set", "carol@example.org", "name=" + want)
    got, mid = f.send("carol", "test.pub@forum.test", "Named %s.\n" % want, subject="Names", name=typed)
    is_(email.utils.parseaddr(str(f.copy(mid, "bob")["From"]))[0], want + " via Public things", "the name as the forum knows it: " + want)
# an attempt to speak for us
like(f.send("carol", "test.pub@forum.test", "Hello\n", extra=PASS.replace("Authentication", "From: <commands@forum.test>\r\nX-Authentication"))[0], "^55[0-9] ", "two From fields are refused")
like(f.send("test.pub@forum.test", "test.pub@forum.test", "Hello\n", extra=PASS.replace("example.org", "forum.test"))[0], "^550 5", "our own address as the author is refused")
done()
