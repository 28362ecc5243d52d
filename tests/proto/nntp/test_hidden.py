#!/usr/bin/env python3
"""What a member takes out of his own view over IMAP is gone from his newsreader too, and from nobody else's."""
from newslib import *

s = serve()
a, b, c = s.nntp(*ALICE), s.nntp(*BOB), s.nntp()
for i in range(1, 7):
    post(a, mid="<p%d@x.test>" % i, subject="s%d" % i)
for k in (a, b, c):
    k.cmd("GROUP test.forum", "211")
b.cmd("ARTICLE 3", "220")
b.text()
m = s.imap(*BOB)
m.run("SELECT test.forum")


def hide(uids):
    m.run("UID STORE %s +FLAGS (\\Deleted)" % uids)
    r, _ = m.run("EXPUNGE")
    like(r, "^OK", "bob expunges " + uids)


def seen(k):
    l = k.cmd("GROUP test.forum", "211").split()
    k.cmd("LISTGROUP test.forum", "211")
    nums = [int(x) for x in k.text()]
    ways = {"STAT": [n for n in range(1, 7) if k.cmd("STAT %d" % n).startswith("223")]}
    for cmd, code in (("OVER 1-", "224"), ("XOVER 1-6", "224"), ("HDR Subject 1-", "225"), ("XHDR Subject 1-", "221"), ("XPAT Subject 1- *", "221")):
        ways[cmd] = [int(re.split(r"[\t ]", x)[0]) for x in k.text()] if k.cmd(cmd).startswith(code) else []
    k.cmd("LIST COUNTS test.forum", "215")
    ways["COUNTS"] = nums if k.text() == ["test.forum %s %s %d y" % (l[3], l[2], len(nums))] else None
    k.cmd("NEWNEWS test.forum 20200101 000000 GMT", "230")
    ways["NEWNEWS"] = [int(x[2:x.index("@")]) for x in k.text()]
    walk = [nums[0]] if nums else []
    k.cmd("GROUP test.forum", "211")
    while nums and (x := k.cmd("NEXT")).startswith("223"):
        walk.append(int(x.split()[1]))
    ways["NEXT"] = walk
    while nums and (x := k.cmd("LAST")).startswith("223"):
        walk.append(int(x.split()[1]))
    if nums:
        is_(walk[len(nums):], nums[-2::-1], "LAST goes back the same way")
        ways["NEXT"] = walk[:len(nums)]
    is_((int(l[1]), int(l[3])), (len(nums), 6), "GROUP counts them")
    is_(int(l[2]), nums[0] if nums else 7, "and begins with the first")
    for w, v in ways.items():
        is_(v, nums, w + " agrees")
    return nums


hide("1,3,4")
is_(seen(b), [2, 5, 6], "bob's view")
is_(seen(a), [1, 2, 3, 4, 5, 6], "alice's")
is_(seen(c), [1, 2, 3, 4, 5, 6], "a stranger's")
for cmd in ("ARTICLE 3", "HEAD 3", "BODY 3", "STAT 3"):
    is_(b.cmd(cmd), "423 no article with that number", cmd)
b.cmd("OVER 3-4", "423", "a range of what is hidden")
b.cmd("HDR Subject 3-4", "423", "the same in HDR")
b.cmd("ARTICLE <p3@x.test>", "220", "by its id it is still there")
b.text()
b.cmd("STAT 5", "223")
hide("5")
b.cmd("STAT", "420", "the current article was hidden")
hide("2,6")
is_(seen(b), [], "all of it")
is_(b.cmd("GROUP test.forum"), "211 0 7 6 test.forum", "an empty group")
b2 = s.nntp(*BOB)
is_(seen(b2), [], "in a new session too")
# back from Trash
m.run("SELECT Trash")
r, lines = m.run("COPY 1:* test.forum")
like(r, "^OK", "bob takes them back")
is_(seen(b), [1, 2, 3, 4, 5, 6], "and sees them")
done()
