#!/usr/bin/env python3
"""No answer gets into a locked thread, whatever else its header names."""
from email.utils import formatdate
from newslib import *

s = serve(extra='peer one { user = "mod@example.org" groups = "test.*" }\n')
a, b = s.nntp(*ALICE), s.nntp(*BOB)
for mid in ("<root@x.test>", "<open@x.test>", "<v1@x.test>"):
    like(post(a, mid=mid), "^240", mid)
like(post(a, mid="<v2@x.test>", headers="Supersedes: <v1@x.test>\r\n"), "^240", "one is superseded")
s.ctl("lock", "<root@x.test>")
s.ctl("lock", "<v2@x.test>")


def unknown(n):
    return " ".join("<u%d@x.test>" % i for i in range(n))


LOCKED = "^441 this thread is locked"
for i, (headers, want, what) in enumerate((
        ("References: <root@x.test>\r\n", LOCKED, "its id alone"),
        ("In-Reply-To: %s <open@x.test>\r\nReferences: <root@x.test>\r\n" % unknown(4), LOCKED, "an open one behind more ids of In-Reply-To than are looked at"),
        ("References: <root@x.test> <open@x.test>\r\n %s\r\n" % unknown(16), LOCKED, "the first of References, and an open one far from the end"),
        ("References: %s\r\n <root@x.test>\r\n" % unknown(60), LOCKED, "many that are unknown"),
        ("References: <v1@x.test>\r\n", LOCKED, "a post whose new version is locked"),
        ("References: <root@x.test> <open@x.test>\r\n", "^240", "an open one is answered, the locked one is only named"))):
    like(post(b, mid="<b%d@x.test>" % i, headers=headers), want, what)
# nor does another server bring one
p = s.nntp(*MOD)
p.cmd("MODE STREAM", "203")


def takethis(mid, refs):
    p.raw("TAKETHIS %s\r\nPath: peer.example!not-for-mail\r\nFrom: Carol <carol@peer.example>\r\nNewsgroups: test.forum\r\nSubject: s\r\n"
          "Date: %s\r\nMessage-ID: %s\r\nReferences: %s\r\n\r\nx\r\n.\r\n" % (mid, formatdate(), mid, refs))
    return p.line()


like(takethis("<p1@x.test>", "<root@x.test>"), "^439 <p1@x.test>", "TAKETHIS of an answer")
like(takethis("<p2@x.test>", "<v1@x.test> <v2@x.test>"), "^439 ", "of one to a new version")
like(takethis("<p3@x.test>", "<unknown@x.test>"), "^239 ", "of another")
p.cmd("IHAVE <p1@x.test>", "335")
p.raw("Path: peer.example!not-for-mail\r\nFrom: Carol <carol@peer.example>\r\nNewsgroups: test.forum\r\nSubject: s\r\nDate: %s\r\n"
      "Message-ID: <p1@x.test>\r\nReferences: <root@x.test>\r\n\r\nx\r\n.\r\n" % formatdate())
like(p.line(), "^437 this thread is locked", "IHAVE says why")
for mid in ("<root@x.test>", "<v2@x.test>"):
    is_([p["message_id"] for p in s.json("thread", mid)], [mid], "nothing came below " + mid)
is_([p["message_id"] for p in s.json("thread", "<open@x.test>")], ["<open@x.test>", "<b5@x.test>"], "the other one hangs below the open one")
s.ctl("unlock", "<root@x.test>")
like(takethis("<p1@x.test>", "<root@x.test>"), "^239 ", "unlocked: it is taken when it is offered again")
done()
