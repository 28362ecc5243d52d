#!/usr/bin/env python3
"""A thread is moved: a pointer stands in its stead, the same at every door; it hides, comes back and goes with the thread."""
from newslib import *

s = serve()
a, b, c = s.nntp(*ALICE), s.nntp(*BOB), s.nntp()
post(a, mid="<root@x.test>", subject="Caf\u00e9 talk")
post(b, mid="<kid@x.test>", subject="Re: talk", headers="References: <root@x.test>\r\n")
post(a, mid="<stay@x.test>", subject="stays")


def marks(k, group):
    """what every command says of the group's numbers, or the difference"""
    count, low, high = map(int, k.cmd("GROUP " + group, "211").split()[1:4])
    k.cmd("LISTGROUP " + group, "211")
    nums = [int(x) for x in k.text()]
    over = []
    if k.cmd("OVER 1-").startswith("224"):
        over = [int(l.split("\t")[0]) for l in k.text()]
    hdr = []
    if k.cmd("HDR Message-ID 1-").startswith("225"):
        hdr = [int(l.split()[0]) for l in k.text()]
    k.cmd("LIST COUNTS " + group, "215")
    listed = k.text()[0].split()[1:4]
    stat = [n for n in range(1, high + 1) if k.cmd("STAT %d" % n).startswith("223")]
    good = nums == over == hdr == stat and listed == [str(high), str(low), str(count)] and count == len(nums)
    good &= (low == nums[0] and high >= nums[-1]) if nums else low == high + 1
    if not ok(good, "GROUP, LISTGROUP, OVER, HDR, STAT, LIST agree about %s: %s" % (group, nums)):
        diag(count, low, high, nums, over, hdr, listed, stat)
    return nums


s.ctl("aside", "<root@x.test>", "--reason", "x")
is_(marks(c, "test.forum"), [3, 4], "the thread went, a pointer came")
is_(marks(c, "test.forum.aside"), [1, 2], "the thread is there")
c.cmd("GROUP test.forum", "211")
is_([c.cmd("ARTICLE 1"), c.cmd("BODY 2")], ["423 moved to test.forum.aside:1", "423 moved to test.forum.aside:2"], "old numbers stay empty")
pid = c.cmd("ARTICLE 4", "220").split()[2]
t = c.text()
head, body = t[:t.index("")], "\n".join(t[t.index(""):])
for want in ("Newsgroups: test.forum", "Followup-To: test.forum.aside", "References: <root@x.test>", "Auto-Submitted: auto-generated",
             "From: \"test.forum moderators\" <test.forum-owner@forum.test>", "Xref: forum.test test.forum:4"):
    ok(want in head, "its header says " + want) or diag(head)
import email.header
subject = [l[9:] for l in head if l.startswith("Subject: ")][0]
is_(str(email.header.make_header(email.header.decode_header(subject))), "Moved: Caf\u00e9 talk", "and what was moved")
for want in ("test.forum.aside, number 1", "<news:root@x.test>", "Subject: Caf\u00e9 talk"):
    ok(want in body, "its text says " + want) or diag(body)
c.cmd("OVER 4", "224")
l = c.text()[0].split("\t")
is_((l[4], l[5]), (pid, "<root@x.test>"), "the overview line is the article's")
c.cmd("HDR References 4", "225")
is_(c.text(), ["4 <root@x.test>"], "HDR too")
c.cmd("ARTICLE <root@x.test>", "220", "the real post is found by its id")
c.text()
c.cmd("ARTICLE " + pid, "220", "and so is the pointer")
c.text()
c.cmd("NEWNEWS test.forum 20200101 000000 GMT", "230")
ok(pid in c.text(), "NEWNEWS names it")

# IMAP
m = s.imap(*ALICE)
r, lines = m.run("SELECT test.forum")
ok("* 2 EXISTS" in lines, "two messages over IMAP")
r, lines = m.run("UID FETCH 1:* (UID ENVELOPE BODY.PEEK[TEXT])")
text = "\n".join(lines)
is_(re.findall(r"UID (\d+)", text), ["3", "4"], "under the same numbers")
ok("<news:root@x.test>" in text and "test.forum-owner" in text, "the same pointer")

# an answer to it goes to the thread
post(b, group="test.forum.aside", mid="<re@x.test>", subject="Re: Moved", headers="References: <root@x.test> %s\r\n" % pid)
c.cmd("HDR Forum-Thread <re@x.test>", "225")
is_(c.text(), ["0 by=references"], "an answer as Followup-To says hangs in the thread")

# it follows its post
s.ctl("hide", "<root@x.test>", "--reason", "x")
is_(marks(c, "test.forum"), [3], "hidden with its post")
c.cmd("ARTICLE " + pid, "430", "also by id")
s.ctl("restore", "<root@x.test>")
is_(marks(c, "test.forum"), [3, 4], "and back under its number")
act = [x["action"] for x in s.json("log") if x["verdict"] == "aside"]
s.ctl("undo", str(act[0]))
is_(marks(c, "test.forum"), [3, 5, 6, 7], "undone: the thread is back under new numbers, the pointer gone")
c.cmd("ARTICLE " + pid, "430", "its id too")
c.cmd("GROUP test.forum", "211")
is_(c.cmd("STAT 4"), "423 no article with that number", "its number is empty")
is_(c.cmd("STAT 1"), "423 moved to test.forum:5", "old numbers tell the new ones")
# again, and its text goes with the post's
s.ctl("aside", "<root@x.test>", "--reason", "x")
nums = marks(c, "test.forum")
is_(nums, [3, 8], "moved again: another pointer")
s.ctl("delete", "<root@x.test>", "--reason", "x")
is_(marks(c, "test.forum"), [3], "deleted: none")

# nobody is told of a place that he may not see
s.group("test.narrow")
post(a, group="test.narrow", mid="<n@x.test>")
s.group("test.narrow.aside", "--access", "private")
s.ctl("aside", "<n@x.test>", "--reason", "x")
is_(marks(c, "test.narrow"), [], "into a group that readers may not see: no pointer")
is_(c.cmd("STAT 1"), "423 no article with that number", "and no word")
# moderated groups hold no pointer back
s.group("test.mod2", "--moderated")
s.member("boss@example.org", "Boss", "secret4", "moderator:test.mod2")
k = s.nntp("boss@example.org", "secret4")
post(k, group="test.mod2", mid="<m@x.test>")
s.ctl("approve", "<m@x.test>", check=False)
s.ctl("aside", "<m@x.test>", "--reason", "x")
is_(marks(c, "test.mod2"), [2], "in a moderated group it stands at once")
ok(not any(b"Moved:" in x or b"=?utf-8?Q?Moved" in x for x in s.outgoing()), "nobody is mailed a pointer")
s.ctl("check")
is_(s.code, 0, "forumctl check finds nothing wrong")
c.cmd("GROUP test.mod2", "211")
c.cmd("OVER 2", "224")
line = c.text()
s.ctl("rebuild")
c.cmd("OVER 2", "224")
is_(c.text(), line, "the pointer's line is the same after rebuild")
is_(marks(c, "test.forum"), [3], "the same after rebuild")
is_(marks(c, "test.mod2"), [2], "the same after rebuild")

# a followup to what was moved, sent to the group it stood in: it goes after its thread, as a mail does
s.group("test.old")
s.group("test.side")
post(a, group="test.old", mid="<f1@x.test>", subject="soon moved")
post(b, group="test.old", mid="<f2@x.test>", headers="References: <f1@x.test>\r\n")
s.ctl("aside", "<f1@x.test>", "--reason", "x")
before = marks(c, "test.old")
is_(post(b, group="test.old", mid="<f3@x.test>", headers="References: <f1@x.test> <f2@x.test>\r\n"),
    "240 posted <f3@x.test> in test.old.aside, where its thread was moved", "the answer says where the followup went")
is_(marks(c, "test.old"), before, "the old group has no new thread")
is_(marks(c, "test.old.aside"), [1, 2, 3], "the post is there")
thread = [p for p in s.json("thread", "<f1@x.test>") if p["message_id"] in ("<f2@x.test>", "<f3@x.test>")]
is_((len(thread), thread[1]["parent"], thread[1]["depth"]), (2, thread[0]["id"], 2), "in its thread, below what it answers") or diag(thread)
c.cmd("HEAD <f3@x.test>", "221")
t = c.text()
ok("Newsgroups: test.old.aside" in t and "Xref: forum.test test.old.aside:3" in t, "its header says so, too") or diag(t)
ok("Newsgroups: test.old\n" in s.ctl("show", "<f3@x.test>", "--raw").replace("\r", ""), "as it came it is kept")
ok(re.search(r"post ok id=\d+ octets=\d+ moved_to=test\.old\.aside", s.tail(100000)), "the log says it")
like(post(b, group="test.old", mid="<f3@x.test>", headers="References: <f1@x.test> <f2@x.test>\r\n"), "^441 .*duplicate", "the same once more is known")
like(post(b, group="test.old,test.side", mid="<f4@x.test>", headers="References: <f1@x.test>\r\n"), "^240 .* in test.old.aside", "a cross-post, too")
c.cmd("HDR Newsgroups <f4@x.test>", "225")
is_(c.text(), ["0 test.old.aside,test.side"], "with its other group")
like(post(b, group="test.old", mid="<f5@x.test>", headers="References: <gone@x.test>\r\n"), "^240 posted <f5@x.test>$", "what answers nothing that is known stays")
like(post(b, group="test.side", mid="<f6@x.test>", headers="References: <f1@x.test>\r\n"), "^240 posted <f6@x.test>$", "and what goes to another group")
# by mail it is the same
import smtplib
m = smtplib.SMTP("127.0.0.1", s.port["submission"])
m.login(*BOB)
m.sendmail(BOB[0], ["test.old@forum.test"], "From: %s\r\nTo: test.old@forum.test\r\nSubject: Re: soon moved\r\nMessage-ID: <f7@x.test>\r\n"
           "In-Reply-To: <f1@x.test>\r\n\r\nby mail\r\n" % BOB[0])
ok(wait_for(lambda: any(p["message_id"] == "<f7@x.test>" for p in s.json("thread", "<f1@x.test>"))), "a mail to the old group goes the same way")
# who may not post there is told; who may not see it there learns nothing
s.ctl("group", "set", "test.old.aside", "posting=moderators")
like(post(b, group="test.old", mid="<f8@x.test>", headers="References: <f1@x.test>\r\n"), r"^441 the thread was moved to test\.old\.aside: \w", "who may not post there is told")
s.ctl("group", "set", "test.old.aside", "posting=members")
s.ctl("lock", "<f1@x.test>")
like(post(b, group="test.old", mid="<f9@x.test>", headers="References: <f1@x.test>\r\n"), r"^441 the thread was moved to test\.old\.aside: .*(lock|clos)", "a locked thread stays locked")
s.ctl("unlock", "<f1@x.test>")
s.ctl("group", "set", "test.old", "access=members")
like(post(b, group="test.old", mid="<open@x.test>", headers="References: <f1@x.test>\r\n"), "^240 posted <open@x.test> in test.old.aside", "an answer in a group that was closed: what was taken aside is closed with it")
m.sendmail(BOB[0], ["test.old@forum.test"], "From: %s\r\nTo: test.old@forum.test\r\nSubject: Re: soon moved\r\nMessage-ID: <f12@x.test>\r\n"
           "In-Reply-To: <f1@x.test>\r\n\r\nby mail, too\r\n" % BOB[0])
b.cmd("STAT <f12@x.test>", "223")
like(c.cmd("STAT <f12@x.test>"), "^430", "nor does a mail: nobody else sees it")
like(c.cmd("STAT <open@x.test>"), "^430", "nor the article")
s.ctl("group", "set", "test.old", "access=public")
s.ctl("group", "set", "test.old.aside", "access=private")
like(post(b, group="test.old", mid="<f10@x.test>", headers="References: <f1@x.test>\r\n"), "^240 posted <f10@x.test>$", "of a place that he may not see nobody is told")
post(a, group="test.old,test.side", mid="<both@x.test>")
s.ctl("group", "set", "test.old.aside", "access=public")
c.cmd("GROUP test.old", "211")
c.cmd("HDR Message-ID 1-", "225")
number = [l.split()[0] for l in c.text() if l.endswith("<both@x.test>")][0]
s.ctl("aside", "test.old:" + number, "--reason", "x")
s.ctl("group", "set", "test.old.aside", "access=private")
c.cmd("HDR Xref <both@x.test>", "225")
xref = c.text()
like(post(b, group="test.old", mid="<f11@x.test>", headers="References: <both@x.test>\r\n"), "^240 posted <f11@x.test>$", "nor when the post can be seen elsewhere: " + xref[0])
s.ctl("check")
is_(s.code, 0, "forumctl check finds nothing wrong")
done()
