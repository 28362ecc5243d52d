#!/usr/bin/env python3
"""GROUP to XPAT: every way to name an article and every answer."""
from newslib import *

s = serve()
a = s.nntp(*ALICE)
ids = ["<p%d@x.test>" % i for i in range(1, 6)]
for i, m in enumerate(ids):
    headers = "X-Number: %d\r\n" % (i + 1)
    if i:
        headers += "References: %s\r\n" % " ".join(ids[:i])
    like(post(a, subject="post %d" % (i + 1), mid=m, headers=headers, body="line %d\r\n..dot\r\n" % (i + 1)), "^240", "post %d" % (i + 1))

c = s.nntp()
for probe in ("XOVER", "XHDR Path", "XHDR", "OVER", "HDR Subject", "NEXT", "LAST", "STAT", "ARTICLE", "HEAD 1", "BODY 1", "LISTGROUP",
              "OVER 1-", "XPAT Subject 1- *"):
    c.cmd(probe, "412", "%s before GROUP" % probe)
c.cmd("GROUP test.nix", "411", "no such group")
is_(c.cmd("GROUP test.empty"), "211 0 1 0 test.empty", "an empty group: low = high + 1")
c.cmd("STAT", "420", "no current article in it")
c.cmd("NEXT", "420", "NEXT there")
c.cmd("OVER", "420", "OVER there")
c.cmd("OVER 1-", "423", "OVER of a range there")
c.cmd("LISTGROUP", "211", "LISTGROUP there")
is_(c.text(), [], "lists nothing")
is_(c.cmd("GROUP test.forum"), "211 5 1 5 test.forum", "GROUP")

is_(c.cmd("STAT"), "223 1 " + ids[0], "STAT of the current article")
c.cmd("LAST", "422", "LAST at the beginning")
is_(c.cmd("NEXT"), "223 2 " + ids[1], "NEXT")
is_(c.cmd("STAT 5"), "223 5 " + ids[4], "STAT with a number")
c.cmd("NEXT", "421", "NEXT at the end")
is_(c.cmd("LAST"), "223 4 " + ids[3], "LAST")
is_(c.cmd("STAT " + ids[0]), "223 0 " + ids[0], "STAT with an id")
is_(c.cmd("STAT"), "223 4 " + ids[3], "does not move")
for bad, code in (("6", "423"), ("0", "423"), ("99999999999", "423"), ("<no@such.test>", "430"), ("x", "501"), ("-1", "501"), ("1 2", "501")):
    c.cmd("STAT " + bad, code, "STAT " + bad)
    c.cmd("ARTICLE " + bad, code, "ARTICLE " + bad)

is_(c.cmd("ARTICLE 2"), "220 2 " + ids[1], "ARTICLE")
art = c.text()
at = art.index("")
head, body = art[:at], art[at + 1:]
is_(body, ["line 2", ".dot"], "its body")
is_(head[0], "Xref: forum.test test.forum:2", "Xref in front")
ok("Path: forum.test!.POSTED!not-for-mail" in head and "Newsgroups: test.forum" in head and "Subject: post 2" in head, "its headers")
froms = [h for h in head if h.startswith("From:")]
ok(len(froms) == 1 and "Alice Ames" in froms[0] and "alice@" not in froms[0], "one From, without the address")
ok(any(h.startswith("Forum-Thread:") and "by=" in h for h in head), "why it is under its parent")
is_(c.cmd("HEAD " + ids[1]), "221 0 " + ids[1], "HEAD by id")
is_(c.text(), head, "the same headers")
is_(c.cmd("BODY"), "222 2 " + ids[1], "BODY of the current one")
is_(c.text(), body, "the same body")

c.cmd("LISTGROUP test.forum", "211 5 1 5 test.forum", "LISTGROUP")
is_(c.text(), ["1", "2", "3", "4", "5"], "its numbers")
is_(c.cmd("STAT"), "223 1 " + ids[0], "sets the first article")
for r, want in (("2-3", ["2", "3"]), ("4-", ["4", "5"]), ("3", ["3"]), ("9-", []), ("3-2", []), ("0-1", ["1"]), ("4-99999999999", ["4", "5"])):
    c.cmd("LISTGROUP test.forum " + r, "211")
    is_(c.text(), want, "LISTGROUP " + r)
c.cmd("LISTGROUP test.forum x", "501", "LISTGROUP with nonsense")
c.cmd("LISTGROUP test.nix", "411", "LISTGROUP of no group")

c.cmd("OVER 1-", "224", "OVER")
lines = [l.split("\t") for l in c.text()]
is_([l[0] for l in lines], ["1", "2", "3", "4", "5"], "five lines")
l = lines[2]
is_(len(l), 11, "eleven fields")
is_(l[9:], ["", "Forum-Thread: by=references"], "the state's columns")
is_(lines[0][9:], ["", ""], "both empty where there is nothing to say")
is_([l[1], l[4], l[5], l[7], l[8]], ["post 3", ids[2], " ".join(ids[:2]), "2", "Xref: forum.test test.forum:3"], "what they say")
ok(int(l[6]) > 100 and "Alice Ames" in l[2] and "alice@" not in l[2], "octets and author")
c.cmd("GROUP test.forum", "211")
c.cmd("XOVER", "224", "XOVER of the current article")
is_([x.split("\t")[0] for x in c.text()], ["1"], "one line")
c.cmd("OVER " + ids[2], "224", "OVER with an id")
is_(c.text(), ["\t".join(["0"] + l[1:])], "the same line with number 0")
for bad, code in (("6-", "423"), ("3-2", "423"), ("x", "501"), ("1-x", "501"), ("<no@such.test>", "430")):
    c.cmd("OVER " + bad, code, "OVER " + bad)

for field, want in (("Subject", "post 2"), ("message-id", ids[1]), ("References", ids[0]), (":lines", "2"), (":bytes", lines[1][6]),
                    ("From", lines[1][2]), ("Date", lines[1][3]), ("Xref", "forum.test test.forum:2"), ("X-Number", "2"),
                    ("Newsgroups", "test.forum"), ("Path", "forum.test!.POSTED!not-for-mail"), ("X-None", "")):
    c.cmd("HDR %s 2" % field, "225")
    is_(c.text(), ["2 " + want], "HDR " + field)
    c.cmd("HDR %s %s" % (field, ids[1]), "225")
    is_(c.text(), ["0 " + want], "HDR %s by id" % field)
c.cmd("HDR X-Number 1-3", "225")
is_(c.text(), ["1 1", "2 2", "3 3"], "HDR of a range")
c.cmd("HDR Subject", "225")
is_(c.text(), ["1 post 1"], "HDR of the current article")
c.cmd("XHDR X-None 1", "221", "XHDR")
is_(c.text(), ["1 (none)"], "says (none)")
for bad, code in (("Subject 9-", "423"), ("Subject x", "501"), (":nix 1", "503"), ("Sub:ject 1", "501"), ("Subject <no@such.test>", "430")):
    c.cmd("HDR " + bad, code, "HDR " + bad)
c.cmd("XHDR", "501", "bare XHDR in a group")
c.cmd("XPAT Subject 1- post 3", "221", "XPAT: its last arguments are one pattern, with a space between them")
is_(c.text(), ["3 post 3"], "what matches")
c.cmd("XPAT Subject 1- *3 *5", "221", "XPAT")
is_(c.text(), [], "no post says both")
c.cmd("XPAT SUBJECT 1- *[Pp][Oo][Ss][Tt] [35]*", "221", "XPAT as Thunderbird searches")
is_(c.text(), ["3 post 3", "5 post 5"], "what matches")
c.cmd("XPAT Subject 1- *3,*5", "221", "XPAT")
is_(c.text(), [], "a comma is text")
c.cmd("XPAT Subject <p4@x.test> *4*", "221", "XPAT by id")
is_(c.text(), ["0 post 4"], "what matches")

# hidden and deleted posts are like none
s.ctl("hide", ids[2], "--reason", "test")
c.cmd("STAT 3", "423", "a hidden post by number")
c.cmd("ARTICLE " + ids[2], "430", "by id")
c.cmd("OVER " + ids[2], "430", "its overview")
c.cmd("GROUP test.forum", "211 4 1 5", "it is not counted")
c.cmd("LISTGROUP", "211")
is_(c.text(), ["1", "2", "4", "5"], "nor listed")
c.cmd("OVER 1-", "224")
is_(len(c.text()), 4, "nor in the overview")
c.cmd("STAT 2", "223")
is_(c.cmd("NEXT"), "223 4 " + ids[3], "NEXT goes past it")
m = s.nntp(*MOD)
m.cmd("ARTICLE " + ids[2], "220", "a moderator may read it by id")
m.text()
s.ctl("restore", ids[2])
c.cmd("STAT 3", "223", "restored")

# large, dotty, without end of line, 8-bit: byte by byte
big = "".join("%s%d line of text\r\n" % ("." * (i % 4), i) for i in range(40000))
like(post(a, subject="big", mid="<big@x.test>", body=big.replace("\r\n.", "\r\n..")), "^240", "a body of %d octets" % len(big))
c.cmd("BODY <big@x.test>", "222")
got = c.text()
ok("\r\n".join(got) + "\r\n" == big, "comes back as it was")
plain = "x" * 70 + "\r\n"
like(post(a, subject="plain", mid="<plain@x.test>", body=plain * 20000), "^240", "one without dots")
c.cmd("BODY <plain@x.test>", "222")
ok("\r\n".join(c.text()) + "\r\n" == plain * 20000, "comes back as it was")
done()
