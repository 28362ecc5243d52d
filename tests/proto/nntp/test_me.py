#!/usr/bin/env python3
"""me.unread, me.replies, me.watched: a member's own groups."""
import time
from newslib import *

s = serve()
a, b, c = s.nntp(*ALICE), s.nntp(*BOB), s.nntp()
post(a, mid="<one@x.test>", subject="one")
post(a, group="test.members", mid="<in@x.test>", subject="in")
post(b, mid="<re@x.test>", subject="Re: one", headers="References: <one@x.test>\r\n")

NAMES = ["me.replies", "me.unread", "me.watched"]
for lst in ("LIST", "LIST COUNTS", "LIST NEWSGROUPS", "LIST SUBSCRIPTIONS", "LIST ACTIVE.TIMES"):
    c.cmd(lst, "215")
    ok(not any(l.startswith("me.") or "~" in l for l in c.text()), lst + ": not for strangers")
    a.cmd(lst, "215")
    l = a.text()
    is_([x.split()[0] for x in l if x.startswith("me.")], NAMES, lst + ": for the member")
    ok(not any("~" in x for x in l), lst + ": under their names")
for n in NAMES:
    c.cmd("GROUP " + n, "411", n + " is no group for a stranger")
    c.cmd("LISTGROUP " + n, "411")
a.cmd("LIST COUNTS me.*", "215")
is_(a.text(), ["me.replies 1 1 1 n", "me.unread 3 1 3 n", "me.watched 0 1 0 n"], "counts, and no posting")

is_(a.cmd("GROUP me.replies"), "211 1 1 1 me.replies", "GROUP me.replies")
is_(a.cmd("ARTICLE 1"), "220 1 <re@x.test>", "ARTICLE there")
text = "\n".join(a.text())
ok(text.startswith("Xref: forum.test test.forum:2\n") and "\nNewsgroups: test.forum\n" in text and "~" not in text, "Xref and Newsgroups name the real group")
a.cmd("OVER 1-", "224")
l = a.text()
is_(len(l), 1, "one line")
is_(l[0].split("\t")[4:5] + l[0].split("\t")[8:], ["<re@x.test>", "Xref: forum.test test.forum:2", "", "Forum-Thread: by=references"], "overview of the post")
for h, want in (("Subject", "Re: one"), ("Xref", "forum.test test.forum:2"), ("Newsgroups", "test.forum"), (":x-forum-thread", "by=references")):
    a.cmd("HDR %s 1" % h, "225")
    is_(a.text(), ["1 " + want], "HDR " + h)
is_(a.cmd("STAT <re@x.test>"), "223 0 <re@x.test>", "by id as ever")
is_(a.cmd("NEXT"), "421 no next article", "NEXT")

# unread: two were written by alice? a member's own posts count as unread until seen, like in every door
def unread(k):
    l = k.cmd("LISTGROUP me.unread")
    return l, k.text()
is_(b.cmd("GROUP me.unread")[:3], "211", "bob's unread")
l, nums = unread(b)
b.cmd("OVER 1-", "224")
over = {x.split("\t")[4]: x.split("\t")[0] for x in b.text()}
ok("<one@x.test>" in over and "<in@x.test>" in over, "has what alice wrote, of all groups he reads")
b.cmd("BODY " + over["<one@x.test>"], "222")
b.text()
def gone():
    return over["<one@x.test>"] not in unread(b)[1]
ok(wait_for(gone), "what was read leaves")
is_(b.cmd("STAT " + over["<in@x.test>"])[:3], "223", "numbers are stable")
b.cmd("STAT " + over["<one@x.test>"], "423", "the read one has none any more")
m = s.imap(*BOB)
r, lines = m.run("STATUS test.forum (UNSEEN MESSAGES)")
ok("UNSEEN 0" in " ".join(lines) or "UNSEEN 1" in " ".join(lines), "the mark is where the post is (%s)" % " ".join(lines))
m.run("SELECT test.forum")
r, lines = m.run("FETCH 1 FLAGS")
ok("\\Seen" in " ".join(lines), "IMAP sees it read")
m.run("STORE 1 -FLAGS (\\Seen)")
ok(wait_for(lambda: not gone()), "unread again comes back under the old number")
low = post(a, mid="<new@x.test>")
l, nums = unread(b)
f = l.split()
is_([int(f[1]), int(f[3])], [len(nums), max(map(int, nums))], "count and high water mark")

for n in NAMES:
    like(post(a, group=n), "^441 .*me\\.", "posting to %s is refused with words" % n)
    like(post(a, group="test.forum," + n), "^441 .*me\\.", "also beside another group")

# moderation works through the pointer
s.ctl("hide", "<re@x.test>", "--reason", "x")
is_(a.cmd("GROUP me.replies"), "211 0 2 1 me.replies", "hidden there, hidden here")
a.cmd("STAT 1", "423")
s.ctl("restore", "<re@x.test>")
is_(a.cmd("GROUP me.replies"), "211 1 1 1 me.replies", "and back")

# flags in overview and HDR
s.ctl("flag", "<re@x.test>", "off-topic", "--as", ALICE[0])
a.cmd("GROUP test.forum", "211")
a.cmd("OVER 1-2", "224")
l = [x.split("\t") for x in a.text()]
is_(l[0][9:], ["", ""], "an unflagged post has no flags")
is_(l[1][9:], ["Forum-Flags: off-topic; by=1; state=open", "Forum-Thread: by=references"], "a flagged one tells them in OVER")
for h, want in (("Forum-Flags", "off-topic; by=1; state=open"), (":x-forum-flags", "off-topic; by=1; state=open"), ("Forum-Thread", "by=references")):
    c.cmd("HDR %s <re@x.test>" % h, "225")
    is_(c.text(), ["0 " + want], "HDR " + h)
a.cmd("HDR Forum-Flags 1-2", "225")
is_(a.text(), ["1 ", "2 off-topic; by=1; state=open"], "HDR of a range")
a.cmd("XPAT Forum-Flags 1- *off-topic*", "221")
is_(a.text(), ["2 off-topic; by=1; state=open"], "XPAT finds the flagged")
c.cmd("GROUP test.forum", "211")
c.cmd("HDR :nix 1", "503", "unknown metadata")
done()
