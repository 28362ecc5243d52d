#!/usr/bin/env python3
"""No answer gets into a locked thread, whatever else its header names."""
from newslib import *

s = serve()
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
for mid in ("<root@x.test>", "<v2@x.test>"):
    is_([p["message_id"] for p in s.json("thread", mid)], [mid], "nothing came below " + mid)
is_([p["message_id"] for p in s.json("thread", "<open@x.test>")], ["<open@x.test>", "<b5@x.test>"], "the other one hangs below the open one")
done()
