#!/usr/bin/env python3
"""Every command of SMTP and submission, and its codes; pipelining, STARTTLS, AUTH, CHUNKING, limits."""
from smtplines import *

s = forum(limits="message_size = 100000 bad_commands = 12")
P = s.port


def b64(t):
    return base64.b64encode(t if isinstance(t, bytes) else t.encode()).decode()


# ---- MX ----
c = Smtp(P["smtp"])
like(c.greeting, r"^220 forum\.test ESMTP", "greeting names us")
for word in "PIPELINING", "SIZE 100000", "STARTTLS", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES":
    ok(word in c.hello, "EHLO offers " + word)
ok("AUTH" not in c.hello, "no AUTH on the MX")
c.is_("AUTH PLAIN " + b64("\0a\0b"), "502 5.5.1", "AUTH on the MX")
c.is_("NOOP anything at all", "250 2.0.0", "NOOP")
c.is_("VRFY alice@example.org", "252 2.5.0", "VRFY of a member")
c.is_("VRFY nobody@example.org", "252 2.5.0", "VRFY of nobody is the same")
c.is_("EXPN test.pub", "502 5.5.1", "EXPN")
c.is_("HELP", "214", "HELP")
c.is_("RSET", "250 2.0.0", "RSET")
c.is_("RCPT TO:<test.pub@forum.test>", "503 5.5.1", "RCPT before MAIL")
c.is_("DATA", "503 5.5.1", "DATA before MAIL")
c.is_("MAIL FROM:alice@example.org", "501 5.5.4", "MAIL without brackets")
c.is_("MAIL FROM:<alice@example.org> FOO=1", "555 5.5.4", "an unknown parameter")
c.is_("MAIL FROM:<alice@example.org> SIZE=100001", "552 5.3.4", "SIZE above the limit")
c.is_("MAIL FROM:<no address>", "501 5.1.7", "no address")
c.is_("LHLO x", "500 5.5.1", "LHLO on SMTP")
c.is_("mail from:<alice@example.org> size=1000 body=8bitmime", "250 2.1.0", "MAIL in lower case")
c.is_("MAIL FROM:<alice@example.org>", "503 5.5.1", "MAIL twice")
c.close()

c = Smtp(P["smtp"])
c.is_("MAIL FROM:<alice@example.org>", "250 2.1.0", "MAIL")
c.is_("DATA", "554 5.5.1", "DATA without recipients")
c.is_("RCPT TO:<>", "501 5.5.4", "RCPT of the null path")
c.is_("RCPT TO:<test.pub@forum.test> NOTIFY=NEVER", "555 5.5.4", "RCPT with a parameter")
c.is_("RCPT TO:<no.such@forum.test>", "550 5.1.1 no such address here", "an unknown group")
c.is_("RCPT TO:<test.priv@forum.test>", "550 5.1.1 no such address here", "a private group is told in the same words")
c.is_("RCPT TO:<TEST.Pub@FORUM.test>", "250 2.1.5", "case does not matter")
c.is_("DATA extra", "501 5.5.4", "DATA with an argument")
c.is_("DATA", "354", "DATA")
c.raw(text(subject="One") + ".\r\n")
like(c.reply(), r"^250 2\.0\.0 queued for moderator approval", "an unproven mail is held")
c.is_("MAIL FROM:<>", "250 2.1.0", "null sender")
c.is_("RCPT TO:<test.pub@forum.test>", "550 5.7.1", "null sender to a group")
c.is_("QUIT", "221 2.0.0", "QUIT")
ok(c.closed(), "QUIT closes")

c = Smtp(P["smtp"], hello=None)
c.is_("MAIL FROM:<a@b.example>", "503 5.5.1", "MAIL before hello")
c.is_("EHLO", "501 5.5.4", "EHLO without a name")
like(c.c("HELO client.example"), r"^250 ", "HELO")
c.raw("MAIL FROM:<a@b.example>\nRCPT TO:<test.pub@forum.test>\r\n")
like(c.reply(), "^50[01]", "a bare LF ends no command")
c.raw(b"NOOP \0\r\n")
like(c.reply(), "^250", "NUL in a command's argument does no harm")
c.raw(b"MAIL FROM:<a\0@b.example>\r\n")
like(c.reply(), "^501", "NUL in an address")
c.is_("X" * 3000, "500 5.5.2", "a line of 3,000")
for i in range(12):
    try:
        got = c.c("BOGUS %d" % i)
    except EOFError:
        break
like(got, r"^421 4\.7\.0", "too many bad commands")
ok(c.closed(), "and closed")

for verb in "GET / HTTP/1.1", "POST / HTTP/1.1", "CONNECT x:25 HTTP/1.1", "\x16\x03\x01\x02":
    c = Smtp(P["smtp"], hello=None)
    c.is_(verb, "521", "not for browsers: %r" % verb[:8])
    ok(c.closed(), "closed at once")

# ---- pipelining: all answers, in order ----
c = Smtp(P["smtp"])
c.raw("MAIL FROM:<a@b.example>\r\nRCPT TO:<test.pub@forum.test>\r\nRCPT TO:<nobody@forum.test>\r\nDATA\r\n")
is_([c.reply()[:3] for _ in range(4)], ["250", "250", "550", "354"], "a pipelined envelope")
c.raw(text(subject="Piped") + ".\r\nRSET\r\nNOOP\r\nQUIT\r\n")
is_([c.reply()[:3] for _ in range(4)], ["250", "250", "250", "221"], "commands pipelined behind the text wait for the commit")

# ---- BDAT ----
c = Smtp(P["smtp"])
t = text(subject="Chunks").encode()
c.c("MAIL FROM:<alice@example.org>")
c.c("RCPT TO:<test.pub@forum.test>")
c.raw(b"BDAT 10\r\n" + t[:10] + b"BDAT %d\r\n" % len(t[10:50]) + t[10:50] + b"BDAT %d LAST\r\n" % len(t[50:]) + t[50:] + b"NOOP\r\n")
is_([c.reply()[:9] for _ in range(4)], ["250 2.6.0", "250 2.6.0", "250 2.0.0", "250 2.0.0"], "BDAT in three chunks")
c.c("MAIL FROM:<alice@example.org>")
c.c("RCPT TO:<test.pub@forum.test>")
c.raw(b"BDAT 3\r\nabc")
like(c.reply(), "^250", "a chunk")
c.is_("DATA", "503", "DATA after BDAT")
c.raw(b"BDAT 0 LAST\r\n")
like(c.reply(), "^5", "a mail without a header is refused")
c.raw(b"BDAT 5 LAST\r\nQUIT\n")
like(c.reply(), "^503", "BDAT without MAIL: its octets are no commands")
c.c("MAIL FROM:<alice@example.org>")
c.c("RCPT TO:<test.pub@forum.test>")
t = text(body="x" * 70000 + "\r\n").encode()
c.raw(b"BDAT %d\r\n" % len(t) + t)
like(c.reply(), "^250", "70 KB")
c.raw(b"BDAT %d LAST\r\n" % len(t) + t)
like(c.reply(), r"^552 5\.3\.4", "more than the limit in all")
c.is_("BDAT x", "501", "no number")
ok(c.closed(), "nobody knows where the next command begins")

# ---- size of DATA ----
c = Smtp(P["smtp"])
like(c.mail("alice@example.org", "test.pub@forum.test", text(body=("y" * 76 + "\r\n") * 1400)), r"^552 5\.3\.4", "too big, after the true end")
c.is_("NOOP", "250", "and in step")

# ---- STARTTLS ----
c = Smtp(P["smtp"])
c.c("MAIL FROM:<a@b.example>")
c.raw("STARTTLS\r\nRSET\r\nMAIL FROM:<evil@b.example>\r\n")
like(c.reply(), r"^220 2\.0\.0", "STARTTLS")
c.starttls()
c.send("RCPT TO:<test.pub@forum.test>")
like(c.reply(), r"^503", "the state before TLS and the injected commands are gone")
c.is_("MAIL FROM:<a@b.example>", "503", "hello again after TLS")
ok("STARTTLS" not in c.c("EHLO x"), "not offered twice")
c.is_("STARTTLS", "503", "nor taken twice")

# ---- submission ----
c = Smtp(P["submission"])
ok("AUTH SCRAM-SHA-256 PLAIN LOGIN" in c.hello, "AUTH offered on loopback")
c.is_("MAIL FROM:<alice@example.org>", "530 5.7.0", "submission wants a login")
c.is_("AUTH CRAM-MD5", "504", "an unknown mechanism")
c.is_("AUTH PLAIN !!!", "501", "no base64")
c.is_("AUTH PLAIN", "334", "PLAIN without initial response")
c.is_("*", "501", "cancelled")
c.is_("AUTH PLAIN " + b64("bob@example.org\0alice@example.org\0secret-a"), "535 5.7.8", "authzid of somebody else")
c.is_("AUTH PLAIN " + b64("\0alice@example.org\0wrong"), "535 5.7.8", "a wrong password")
c.is_("AUTH LOGIN", "334 VXNlcm5hbWU6", "LOGIN")
c.is_(b64("alice@example.org"), "334 UGFzc3dvcmQ6", "LOGIN name")
c.is_(b64("secret-a"), "235 2.7.0", "LOGIN password")
c.is_("AUTH PLAIN " + b64("\0alice@example.org\0secret-a"), "503", "AUTH twice")
like(c.mail("alice@example.org", "test.pub@forum.test", text(subject="By submission")), r"^250 2\.0\.0 posted to test\.pub", "a member posts")
like(c.mail("alice@example.org", "test.pub@forum.test", text("Bob Fenn <bob@example.org>")), r"^550 5\.6\.0 From must be one of your addresses", "not as Bob")
like(c.mail("alice@example.org", "someone@example.net", text()), r"^550 5\.7\.1 relaying denied", "no relay for members")
like(c.mail("alice@example.org", "test.priv@forum.test", text()), r"^550 5\.1\.1 no such address here", "a private group for a member who may not know it")
like(c.mail("bob@example.org", "test.priv@forum.test", text()), r"^550 5\.1\.1 no such address here", "the envelope sender does not help a logged-in member")
c.is_("STARTTLS", "220", "STARTTLS after login")
c.starttls()
c.c("EHLO x")
c.is_("MAIL FROM:<alice@example.org>", "530 5.7.0", "the login is forgotten")
like(c.login("bob@example.org", "secret-b"), "^235", "login inside TLS")
like(c.mail("bob@example.org", "test.priv@forum.test", text("bob@example.org")), r"^250", "Bob knows test.priv")
is_(sorted(subjects(s)), ["By submission"], "what is visible")
done()
