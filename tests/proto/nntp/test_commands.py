#!/usr/bin/env python3
"""Greeting, CAPABILITIES, MODE, DATE, HELP, QUIT; what is no command."""
from newslib import *

s = serve(limits="bad_commands = 10")
c = Conversation(s.port["nntp"])
c.expect("200 forum.test", "greeting")

CAPS = ["VERSION 2", "IMPLEMENTATION forumd", "READER", "NEWNEWS", "HDR", "OVER MSGID", "XPAT",
        "LIST ACTIVE ACTIVE.TIMES COUNTS HEADERS MODERATORS NEWSGROUPS OVERVIEW.FMT SUBSCRIPTIONS", "AUTHINFO USER SASL", "SASL SCRAM-SHA-256 PLAIN",
        "STARTTLS", "COMPRESS DEFLATE"]
c.cmd("CAPABILITIES", "101", "CAPABILITIES")
is_(c.text(), CAPS, "capabilities before login")
c.cmd("capabilities AUTOUPDATE", "101", "CAPABILITIES with a keyword, in lower case")
c.text()
c.cmd("MODE READER", "200", "MODE READER")
c.cmd("mode reader", "200", "lower case")
c.cmd("MODE STREAM", "501", "another mode")
c.cmd("DATE")
c.send("DATE")
like(c.line(), r"^111 20\d{12}$", "DATE")
c.cmd("HELP", "100", "HELP")
help_text = "\n".join(c.text())
ok("ARTICLE" in help_text and "LISTGROUP" in help_text and "IHAVE" not in help_text, "HELP lists the commands")
c.cmd("XFROB", "500", "an unknown command")
c.cmd("", "500", "an empty line")
c.cmd("GROUP", "501", "too few arguments")
c.cmd("DATE now", "501", "too many arguments")
c.cmd("GROUP " + "x" * 505, "501", "513 octets with CRLF")
c.cmd("GROUP " + "x" * 504000, "501", "half a megabyte is one line too long")
c.cmd("GROUP " + "x" * 504, "411", "512 octets are a command")
c.cmd("IHAVE <a@b>", "502", "IHAVE")
c.raw("DATE\n")
c.expect("111", "a bare LF ends a command")
c.send(b"GROUP a\0b\xff")
c.expect("411", "NUL and 8-bit octets are only an unknown group")
c.cmd("QUIT", "205", "QUIT")
ok(c.closed(), "and the connection is closed")

c = s.nntp()
n = 0
try:
    while n < 50:
        l = c.cmd("NONSENSE")
        n += 1
        if l.startswith("400"):
            break
except EOFError:
    pass
ok(n <= 12, "too many bad commands close (%d)" % n)
ok(c.closed(), "closed")

c = s.nntp(*ALICE)
c.cmd("CAPABILITIES", "101")
caps = c.text()
ok("POST" in caps and "STARTTLS" not in caps and not any(x.startswith("AUTHINFO") for x in caps), "capabilities after login")
c = s.nntp(tls=True)
c.cmd("CAPABILITIES", "101")
caps = c.text()
ok("STARTTLS" not in caps and "AUTHINFO USER SASL" in caps and "SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN" in caps, "capabilities over TLS")
done()
