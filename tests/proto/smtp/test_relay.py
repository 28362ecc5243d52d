#!/usr/bin/env python3
"""No relay: forms that ask for it, from strangers and from members; nothing leaves."""
from smtplines import *

s = forum(limits="bad_commands = 10000")
OUT = ["someone@example.net", "someone%example.net@forum.test", "example.net!someone@forum.test", "@forum.test:someone@example.net",
       "@forum.test,@example.net:someone@example.net", '"someone@example.net"@forum.test', '"someone%example.net"@forum.test',
       "someone@example.net@forum.test", "someone@[127.0.0.1]", "someone@[IPv6:::1]", "someone@forum.test.example.net", "someone@sub.forum.test",
       "someone@forum.test%example.net", '"example.net!someone"@forum.test', "someone", "test.pub", '"test.pub"', "@forum.test", "test.pub@",
       "test.pub@forum.test.", "test.pub%forum.test@example.net", "test.pub@@forum.test", "someone@localhost", "someone@127.0.0.1", '"someone"@example.net',
       "someone%example.net%forum.test@forum.test", "a!b!c@forum.test", "someone(comment)@example.net", "test.pub@[forum.test]", "<someone@example.net>",
       "test.pub @forum.test", "test.pub@forum.test someone@example.net", '"\\test.pub"@forum.test', '""@forum.test', "someone@example.net\t",
       "test.pub@forum.test,someone@example.net", "someone:@forum.test", "|/bin/sh@forum.test", "../etc@forum.test", "test.pub/../x@forum.test"]
refused = 0
for who in "stranger", "member":
    c = Smtp(s.port["smtp" if who == "stranger" else "submission"])
    if who == "member":
        c.login("alice@example.org", "secret-a")
    for sender in "alice@example.org", "a@example.net", "":
        c.c("RSET")
        c.c("MAIL FROM:<%s>" % sender)
        for a in OUT:
            got = c.c("RCPT TO:<%s>" % a)
            refused += got[0] == "5"
            if got[0] != "5":
                diag(who, sender, a, got)
is_(refused, 2 * 3 * len(OUT), "all %d attempts are refused" % (6 * len(OUT)))
c = Smtp(s.port["smtp"])
c.c("MAIL FROM:<a@example.net>")
for a in OUT[:8] + ["someone@sub.forum.test"]:
    like(c.c("RCPT TO:<%s>" % a), r"^5(50 5\.7\.1|01 5\.1\.3)", a)
c.is_("RCPT TO:<postmaster>", "250", "postmaster is taken (RFC 5321 4.5.1)")
c.is_("RCPT TO:<abuse@forum.test>", "250", "abuse")
c.is_("RCPT TO:<commands@forum.test>", "250", "commands")
c.is_("RCPT TO:<test.pub-owner@forum.test>", "250", "owners")
c.is_("RCPT TO:<test.none-owner@forum.test>", "550 5.1.1", "owners of nothing")
c.is_("RCPT TO:<test.priv-subscribe@forum.test>", "550 5.1.1", "subscribing to what one may not know")
is_(s.outgoing(), [], "nothing left")
done()
