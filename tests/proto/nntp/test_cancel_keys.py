#!/usr/bin/env python3
"""The key that a cancel told everybody opens nothing when the post has come back; what is erased keeps its cancels; peers
put nothing into control.* themselves."""
import email.utils
from newslib import *

s = serve(extra='peer p { address = "127.0.0.1" groups = "*" }\n')
s.group("control.cancel")
alice, bob = s.nntp(*ALICE), s.nntp(*BOB)
like(post(alice, mid="<r1@x.test>"), "^240", "a post")
s.ctl("delete", "<r1@x.test>", "--reason", "a slip")
bob.cmd("GROUP control.cancel", "211")
bob.cmd("ARTICLE 1", "220")
lines = bob.text()
at = [i for i, l in enumerate(lines) if l.startswith("Cancel-Key:")][0]
key = lines[at] + (lines[at + 1] if lines[at + 1].startswith((" ", "\t")) else "") + "\r\n"
s.ctl("undo")
is_(bob.cmd("STAT <r1@x.test>")[:3], "223", "it is back")
post(bob, mid="<c1@x.test>", headers="Control: cancel <r1@x.test>\r\n" + key)
is_(bob.cmd("STAT <r1@x.test>")[:3], "223", "the key that was told does not delete it")
post(bob, mid="<c2@x.test>", headers="Supersedes: <r1@x.test>\r\n" + key, body="bob in the place of alice\r\n")
is_(bob.cmd("STAT <r1@x.test>")[:3], "223", "nor put another in its place")
like(post(alice, mid="<c3@x.test>", headers="Control: cancel <r1@x.test>\r\n"), "^240", "its author's login does")
is_(bob.cmd("STAT <r1@x.test>")[:3], "430", "gone")

for i in range(3):
    like(post(alice, mid="<e%d@x.test>" % i, body="number %d\r\n" % i), "^240", "post %d" % i)
s.ctl("member", "remove", ALICE[0], "--erase")
carol = s.nntp(*BOB)
is_([carol.cmd("STAT <e%d@x.test>" % i)[:3] for i in range(3)], ["430"] * 3, "erased")
carol.cmd("GROUP control.cancel", "211")
carol.cmd("OVER 1-", "224")
subjects = [l.split("\t")[1] for l in carol.text()]
ok(all("cmsg cancel <e%d@x.test>" % i in subjects for i in range(3)), "who fetches here learns of it") or diag(subjects)

p = s.nntp()
p.cmd("IHAVE <junk@y.test>")
p.raw("Path: y!not-for-mail\r\nMessage-ID: <junk@y.test>\r\nFrom: j <j@y.test>\r\nSubject: cmsg cancel <nothing@x.test>\r\n"
      "Newsgroups: control.cancel\r\nDate: %s\r\n\r\nbuy\r\n.\r\n" % email.utils.formatdate(usegmt=True))
like(p.line(), "^437", "a peer puts nothing into control.cancel")
s.stop()
done()
