#!/usr/bin/env python3
"""AUTHINFO, STARTTLS, COMPRESS."""
from newslib import *

s = serve()
c = s.nntp()
c.cmd("AUTHINFO PASS x", "482", "PASS before USER")
c.cmd("AUTHINFO", "501", "AUTHINFO alone")
c.cmd("AUTHINFO SASL", "501", "SASL alone")
c.cmd("AUTHINFO SASL PLAIN = =", "501", "SASL with too much")
c.cmd("AUTHINFO USER", "501", "USER without a name")
c.cmd("AUTHINFO USER alice@example.org", "381", "USER")
c.cmd("AUTHINFO PASS wrong", "481", "a wrong password")
c.cmd("AUTHINFO PASS secret", "482", "USER is to be said again")
c.cmd("AUTHINFO USER nobody@example.org", "381", "an unknown user is asked too")
wrong = c.cmd("AUTHINFO PASS secret", "481", "and refused in the same words")
c.cmd("authinfo user Alice@EXAMPLE.org", "381", "lower case, other case")
c.cmd("authinfo pass secret", "281", "logged in")
c.cmd("AUTHINFO USER alice@example.org", "502", "not twice")
c.cmd("STARTTLS", "502", "no STARTTLS after login")
c.cmd("GROUP test.members", "211", "a members' group")
s.ctl("member", "set", "alice@example.org", "left=on")
c.cmd("STAT", "412", "a member who left has no rights from the next command on")
c.cmd("GROUP test.members", "411", "nor later")
s.ctl("member", "set", "alice@example.org", "left=off")
c.cmd("GROUP test.members", "211", "and has them again")

c = s.nntp()
c.send("AUTHINFO USER bob@example.org\r\nAUTHINFO PASS secret2\r\nGROUP test.members\r\nDATE")
for code in ("381", "281", "211", "111"):
    c.expect(code, "pipelined login: " + code)

# STARTTLS: what was injected before the handshake is not answered after it
c = s.nntp()
c.cmd("GROUP test.forum", "211")
c.cmd("AUTHINFO USER bob@example.org", "381")
c.raw("STARTTLS\r\nGROUP test.empty\r\nPOST\r\n")
c.expect("382", "STARTTLS")
c.starttls()
c.cmd("STAT", "412", "the group is forgotten, injected commands too")
c.cmd("AUTHINFO PASS secret2", "482", "the name too")
c.cmd("STARTTLS", "502", "not twice")
c.cmd("AUTHINFO USER bob@example.org", "381")
c.cmd("AUTHINFO PASS secret2", "281", "login over TLS")

# COMPRESS
a = s.nntp(*ALICE)
bodies = {}
for i in range(30):
    mid = "<z%d@x.test>" % i
    bodies[mid] = ["body %d %s" % (i, "word " * (i * 7))] * (1 + i * 3) + ([".dot"] if i % 3 == 0 else [])
    text = "".join(("." if l.startswith(".") else "") + l + "\r\n" for l in bodies[mid])
    post(a, mid=mid, body=text)
big = ["%d %s" % (i, "text " * 10) for i in range(20000)]
post(a, mid="<zbig@x.test>", body="".join(l + "\r\n" for l in big))
plain = s.nntp()
c = s.nntp()
c.cmd("COMPRESS", "501", "COMPRESS alone")
c.cmd("COMPRESS LZ4", "503", "another algorithm")
c.cmd("COMPRESS deflate", "206", "COMPRESS DEFLATE")
Deflated(c)
c.cmd("COMPRESS DEFLATE", "502", "not twice")
c.cmd("STARTTLS", "502", "no TLS above it")
c.cmd("AUTHINFO USER x", "502", "no login above it")
c.cmd("CAPABILITIES", "101")
caps = c.text()
ok("COMPRESS DEFLATE" not in caps and "STARTTLS" not in caps and "AUTHINFO USER" not in caps, "capabilities under COMPRESS")
same = True
c.raw("".join("ARTICLE %s\r\nBODY %s\r\nHEAD %s\r\nDATE\r\n" % (m, m, m) for m in bodies))
plain.raw("".join("ARTICLE %s\r\n" % m for m in bodies))
for m in bodies:
    c.expect("220")
    plain.expect("220")
    art = c.text()
    same &= art == plain.text() and art[art.index("") + 1:] == bodies[m]
    c.expect("222")
    same &= c.text() == bodies[m]
    c.expect("221")
    same &= c.text() == art[:art.index("")]
    c.expect("111")
ok(same, "pipelined articles, spliced and not, are what plain readers get")
c.cmd("BODY <zbig@x.test>", "222")
ok(c.text() == big, "a large body in several steps")
c.cmd("GROUP test.forum", "211")
c.cmd("OVER 1-", "224")
is_(len(c.text()), 31, "OVER under COMPRESS")
c.cmd("QUIT", "205", "QUIT")

# without TLS and not local: no password (483) is decided by session_may_login; over TLS it may
c = s.nntp(tls=True)
c.cmd("AUTHINFO USER alice@example.org", "381", "over nntps")
c.cmd("AUTHINFO PASS secret", "281", "logged in")
done()
