#!/usr/bin/env python3
"""IMAP: greeting, login, TLS, compression, literals and limits, pipelining."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

import base64, time, zlib

s = Server()
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")


def plain(name, password, authzid=""):
    return base64.b64encode(("%s\0%s\0%s" % (authzid, name, password)).encode()).decode()


# greeting and capabilities
c = Imap(s.port["imap"])
like(c.line(), r"^\* OK \[CAPABILITY IMAP4rev1 .*STARTTLS.* AUTH=PLAIN\]", "the greeting tells the capabilities")
r, u = c.run("CAPABILITY")
ok(r.startswith("OK") and "NAMESPACE" not in u[0] and "COMPRESS" not in u[0], "strangers see no member's capabilities")
like(c.run("NOOP")[0], "^OK", "NOOP before login")
like(c.run('ID ("name" "t" "version" NIL)')[1][0], r'^\* ID \("name" "forumd"', "ID")
like(c.run("ID NIL")[0], "^OK", "ID NIL")
like(c.run("SELECT test.forum")[0], "^BAD log in first", "SELECT before login")
like(c.run("COMPRESS DEFLATE")[0], "^BAD", "COMPRESS before login")
like(c.run("NONSENSE")[0], "^BAD", "unknown command")
c.send("")
like(c.line(), r"^\* BAD", "an empty line is no command")
c.close()

# login
c = s.imap()
like(c.run('LOGIN alice@example.org wrong')[0], r"^NO \[AUTHENTICATIONFAILED\] wrong name or password", "wrong password")
like(c.run('LOGIN nobody@example.org secret')[0], r"^NO \[AUTHENTICATIONFAILED\] wrong name or password", "unknown name, the same words")
like(c.run("LOGIN alice@example.org")[0], "^BAD", "LOGIN without a password")
r, u = c.run("LOGIN {17}", [b"alice@example.org secret"])
like(r, r"^OK \[CAPABILITY IMAP4rev1.* COMPRESS=DEFLATE\] logged in", "LOGIN with a literal")
like(c.run("LOGIN alice@example.org secret")[0], "^BAD", "LOGIN twice")
like(c.run("STARTTLS")[0], "^BAD", "STARTTLS after login")
like(c.run("FETCH 1 FLAGS")[0], "^BAD select a mailbox", "FETCH before SELECT")
like(c.run("NAMESPACE")[1][0], r'^\* NAMESPACE \(\("" "."\)\) NIL NIL$', "NAMESPACE")
like(c.run("ENABLE X-NOTHING")[1][0], r"^\* ENABLED$", "ENABLE of what is not there")
r, u = c.run("LOGOUT")
ok(u[0].startswith("* BYE") and r.startswith("OK") and c.closed(), "LOGOUT")

c = s.imap()
like(c.run("AUTHENTICATE PLAIN " + plain("alice@example.org", "secret"))[0], "^OK", "AUTHENTICATE with an initial response")
c.close()
c = s.imap()
like(c.run("AUTHENTICATE PLAIN " + plain("alice@example.org", "secret", "alice@example.org"))[0], "^OK", "authzid equal to the name")
c.close()
c = s.imap()
like(c.run("AUTHENTICATE CRAM-MD5")[0], "^NO", "unknown mechanism")
like(c.run("AUTHENTICATE PLAIN " + plain("alice@example.org", "secret", "bob"))[0], r"^NO \[AUTHORIZATIONFAILED\]", "authzid of somebody else")
like(c.run("AUTHENTICATE PLAIN ====")[0], "^BAD", "no base64")
c.send("x1 AUTHENTICATE PLAIN")
is_(c.line(), "+ ", "continuation for PLAIN")
c.send("*")
like(c.line(), "^x1 BAD", "cancelled")
c.send("x2 AUTHENTICATE PLAIN")
c.line()
c.send(plain("alice@example.org", "secret"))
like(c.line(), r"^x2 OK", "response on its own line")
c.close()

# TLS
c = s.imap()
c.send("a STARTTLS\r\nb LOGIN alice@example.org secret")
like(c.line(), "^a OK", "STARTTLS")
c.starttls()
r, u = c.run("CAPABILITY")
ok("STARTTLS" not in u[0] and "AUTH=PLAIN" in u[0], "what was injected before TLS is gone; no STARTTLS inside TLS")
like(c.run("LOGIN alice@example.org secret")[0], "^OK", "login inside TLS")
c.close()
c = s.imap("alice@example.org", "secret", tls=True)
like(c.run("NOOP")[0], "^OK", "imaps")
c.close()

# octet by octet, and everything at once
c = s.imap()
for b in b"a1 login {17+}\r\nalice@example.org \"se\\\"x\"\r\n".replace(b"se\\\"x", b"secret"):
    c.raw(bytes([b]))
like(c.line(), "^a1 OK", "a command in single octets")
c.raw("a2 SELECT test.forum\r\na3 NOOP\r\na4 STATUS test.forum (MESSAGES)\r\na5 UNSELECT\r\na6 NOOP\r\n")
got = []
while not (got and got[-1].startswith("a6")):
    got.append(c.line())
is_([l.split()[0] for l in got if l[0] == "a"], ["a2", "a3", "a4", "a5", "a6"], "pipelined commands are answered in order")
c.close()

# pipelining behind a login waits for it
c = s.imap()
c.raw("b1 LOGIN alice@example.org secret\r\nb2 SELECT test.forum\r\n")
got = []
while not (got and got[-1].startswith("b2")):
    got.append(c.line())
ok(got[0].startswith("b1 OK") and got[-1].startswith("b2 OK"), "SELECT pipelined behind LOGIN")

# limits
c.send("c1 NOOP " + "x" * 70000)
like(c.line(), "^c1 BAD line too long", "a line above 64 KiB")
like(c.run("NOOP")[0], "^OK", "and the session goes on")
c.send("c2 LIST \"\" {70000}")
like(c.line(), r"^c2 NO \[TOOBIG\]", "a literal above the limit gets no +")
like(c.run("NOOP")[0], "^OK", "and the session goes on")
c.send("c3 APPEND test.forum {999999999}")
like(c.line(), r"^c3 NO \[TOOBIG\]", "a message above message_size")
c.send("c4 APPEND test.forum {999999999+}")
like(c.line(), r"^\* BYE \[TOOBIG\]", "the same without asking")
ok(c.closed(), "ends the connection")
c = s.imap()
c.send("d1 LOGIN {9000}")
like(c.line(), r"^d1 NO \[TOOBIG\]", "8 KiB before login")
c.send("d2 NOOP " + "(" * 9000)
like(c.line(), "^d2 BAD", "also for lines")
n = 0
try:
    for n in range(100):
        c.run("BAD%d" % n)
except (EOFError, ConnectionError):
    pass
ok(n < 60, "too many bad commands end it")

# compression
c = s.imap("alice@example.org", "secret")
like(c.run("COMPRESS GZIP")[0], "^BAD", "unknown compression")
like(c.run("COMPRESS DEFLATE")[0], "^OK", "COMPRESS DEFLATE")
out, back = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)
c.raw(out.compress(b"e1 CAPABILITY\r\ne2 COMPRESS DEFLATE\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
text = b""
while b"\r\ne2 " not in text or not text.endswith(b"\r\n"):
    text += back.decompress(c.s.recv(4096))
ok(b"e1 OK" in text and b"COMPRESS=DEFLATE" not in text, "compressed answers, COMPRESS no longer offered")
ok(b"e2 NO [COMPRESSIONACTIVE]" in text, "COMPRESS twice")

done()
