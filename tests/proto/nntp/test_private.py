#!/usr/bin/env python3
"""A private group is exactly like a group that does not exist, for everyone outside."""
from newslib import *

s = serve()
m = s.nntp(*MOD)
like(post(m, group="test.secret", subject="hush", mid="<hush@x.test>"), "^240", "a post in the private group, by a moderator")
post(m, mid="<open@x.test>", headers="References: <hush@x.test>\r\n")
for who, c in (("a stranger", s.nntp()), ("a member", s.nntp(*ALICE))):
    for cmd in ("GROUP %s", "LISTGROUP %s", "LISTGROUP %s 1-", "LIST ACTIVE %s", "LIST COUNTS %s", "LIST NEWSGROUPS %s", "LIST ACTIVE.TIMES %s",
                "LIST SUBSCRIPTIONS %s", "NEWNEWS %s 20200101 000000 GMT"):
        answers = []
        for g in ("test.secret", "test.absent"):
            l = c.cmd(cmd % g)
            answers.append((l, c.text() if l[0] == "2" else None))
        is_(answers[0], answers[1], "%s: %s" % (who, cmd % "GROUP"))
    for cmd in ("ARTICLE %s", "HEAD %s", "BODY %s", "STAT %s", "OVER %s", "HDR Subject %s", "XHDR Subject %s", "XPAT Subject %s *"):
        is_(c.cmd(cmd % "<hush@x.test>"), c.cmd(cmd % "<absent@x.test>"), "%s: %s" % (who, cmd % "ID"))
    c.cmd("NEWGROUPS 20200101 000000 GMT", "231")
    ok(not any("secret" in l for l in c.text()), "%s: NEWGROUPS" % who)
    c.cmd("NEWNEWS * 20200101 000000 GMT", "230")
    ok("<hush@x.test>" not in c.text(), "%s: NEWNEWS" % who)
    c.cmd("HEAD <open@x.test>", "221")
    ok(not any("Forum-Thread" in l for l in c.text()), "%s: no thread to a post he may not see" % who)
a = s.nntp(*ALICE)
one, two = [post(a, group=g, mid="<q@x.test>").replace(g, "G") for g in ("test.secret", "test.absent")]
is_(one, two, "POST to it")
like(post(a, mid="<hush@x.test>"), "^240 ", "its Message-ID is as good as free")
m.cmd("BODY <hush@x.test>", "222")
is_(m.text(), ["text"], "and the first holder keeps it")

# a post moved or crossposted by moderators: the other place never shows
like(post(m, group="test.forum,test.empty", mid="<both@x.test>"), "^240", "a cross-post")
c = s.nntp()
s.ctl("group", "set", "test.empty", "access=private")
for cmd in ("OVER <both@x.test>", "HEAD <both@x.test>", "HDR Xref <both@x.test>"):
    c.cmd(cmd)
    ok(not any("test.empty:" in l for l in c.text()), "%s does not name the group that became private" % cmd)
c.cmd("GROUP test.forum", "211")
c.cmd("OVER 1-", "224")
ok(not any("test.empty:" in l for l in c.text()), "nor does OVER of a range")
c.cmd("HDR Xref 1-", "225")
ok(not any("test.empty:" in l for l in c.text()), "nor HDR Xref")
done()
