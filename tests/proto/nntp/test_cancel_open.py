#!/usr/bin/env python3
"""control.cancel is opened, or a group is closed: cancels of posts that its readers may not know of are gone before."""
from newslib import *

MANY = 60                # more than are dealt with in one transaction
s = serve()
s.group("control.cancel", "--access", "members")
a, anon = s.nntp(*ALICE), s.nntp()
for i in range(MANY):
    post(a, group="test.members", mid="<m%d@x.test>" % i)
    post(a, group="test.forum", mid="<f%d@x.test>" % i)
    for mid in ("<m%d@x.test>" % i, "<f%d@x.test>" % i):
        post(a, group="test.forum", mid="<c" + mid[1:], headers="Control: cancel %s\r\n" % mid)


def told(k):
    """what control.cancel tells this reader was deleted: (letter, how many), and the ids of its messages"""
    if not k.cmd("GROUP control.cancel").startswith("211") or not k.cmd("OVER 1-").startswith("224"):
        return [], []
    lines = [l.split("\t") for l in k.text()]
    ids = [l[1].split()[-1] for l in lines]
    return sorted({(i[1], sum(j[1] == i[1] for j in ids)) for i in ids}), [l[4] for l in lines]


is_(told(a)[0], [("f", MANY), ("m", MANY)], "members are told of both groups")
is_(told(anon)[0], [], "nobody else of any")
before = told(a)[1]
s.ctl("group", "set", "control.cancel", "access=public")
is_(told(anon)[0], [("f", MANY)], "opened: everybody is told of the public one")
anon.raw("".join("STAT %s\r\n" % i for i in before))
is_(sum(anon.line().startswith("223") for _ in before), MANY, "also by Message-ID")
anon.cmd("LISTGROUP control.cancel", "211")
is_(len(anon.text()), MANY, "and no number more")
s.ctl("restore", "<m0@x.test>")
s.ctl("delete", "<m0@x.test>", "--reason", "again")
is_(told(anon)[0], [("f", MANY)], "deleted once more, it is not told of")
# removed and added again: public is what a new group is by default
s.ctl("group", "set", "control.cancel", "access=members")
post(a, group="test.members", mid="<n@x.test>")
s.ctl("delete", "<n@x.test>", "--reason", "x")
is_(told(a)[0], [("f", MANY), ("n", 1)], "closed again, members are told")
s.ctl("group", "remove", "control.cancel")
s.group("control.cancel")
is_(told(anon)[0], [("f", MANY)], "added anew and open: without those")
is_([g["access"] for g in s.json("group", "list") if g["name"] == "control.cancel"], ["public"], "it is public")
# a group is closed
s.ctl("group", "set", "test.forum", "title=Other words")
is_(told(anon)[0], [("f", MANY)], "another setting changes nothing")
s.ctl("group", "set", "test.forum", "access=members", "title=Closed")
is_(told(anon)[0], [], "a group is closed: nobody is told of its posts any more")
is_([(g["access"], g["title"]) for g in s.json("group", "list") if g["name"] == "test.forum"], [("members", "Closed")], "both settings are made")
s.group("test.late", "--access", "members")
s.ctl("check")
is_(s.code, 0, "forumctl check finds nothing wrong")
done()
