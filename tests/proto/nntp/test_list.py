#!/usr/bin/env python3
"""LIST, NEWGROUPS, NEWNEWS."""
import time
from newslib import *

s = serve()
a = s.nntp(*ALICE)
post(a, mid="<one@x.test>")
post(a, mid="<two@x.test>")
post(a, group="test.forum,test.empty", mid="<both@x.test>")
post(a, group="test.members", mid="<in@x.test>")

c = s.nntp()
FMT = ["Subject:", "From:", "Date:", "Message-ID:", "References:", "Bytes:", "Lines:", "Xref:full", "Forum-Flags:full", "Forum-Thread:full"]
HEADERS = [":", ":bytes", ":lines", ":x-forum-flags", ":x-forum-thread"]
ACTIVE = ["test.blog 0 1 y", "test.empty 1 1 y", "test.forum 3 1 y"]
for cmd, want in (("LIST", ACTIVE), ("LIST ACTIVE", ACTIVE), ("list active *.f*", ACTIVE[2:]), ("LIST ACTIVE test.*,!*.forum", ACTIVE[:2]),
                  ("LIST ACTIVE nix", []), ("LIST OVERVIEW.FMT", FMT), ("LIST HEADERS", HEADERS),
                  ("LIST HEADERS MSGID", HEADERS), ("LIST HEADERS RANGE", HEADERS),
                  ("LIST COUNTS test.forum", ["test.forum 3 1 3 y"]), ("LIST NEWSGROUPS test.forum", ["test.forum\tA forum"]),
                  ("LIST SUBSCRIPTIONS", ["test.blog", "test.empty", "test.forum"])):
    c.cmd(cmd, "215")
    got = c.text()
    is_(got, want, cmd)
c.cmd("LIST ACTIVE.TIMES test.forum", "215")
like("\n".join(c.text()), r"^test\.forum \d{10} \S+$", "LIST ACTIVE.TIMES")
for cmd, code in (("LIST DISTRIB.PATS", "503"), ("LIST MOTD", "503"), ("LIST DISTRIBUTIONS", "503"), ("LIST MOTD x", "501"), ("LIST NONSENSE", "501"),
                  ("LIST ACTIVE a b", "501"), ("LIST ACTIVE [a]", "501"), ("LIST HEADERS X", "501"), ("LIST OVERVIEW.FMT x", "501")):
    c.cmd(cmd, code, cmd)
a.cmd("LIST ACTIVE", "215")
is_([l.split()[0] for l in a.text()], ["me.replies", "me.unread", "me.watched", "test.blog", "test.empty", "test.forum", "test.members"], "a member sees the members' group")

c.cmd("NEWGROUPS 20200101 000000 GMT", "231", "NEWGROUPS")
is_([l.split()[0] for l in c.text()], ["test.blog", "test.empty", "test.forum"], "since 2020")
c.cmd("NEWGROUPS 200101 000000", "231", "with a two-digit year")
is_(len(c.text()), 3, "the same")
c.cmd("NEWGROUPS 20990101 000000 GMT", "231")
is_(c.text(), [], "since 2099: none")
for bad in ("NEWGROUPS 2020 000000", "NEWGROUPS 20201301 000000", "NEWGROUPS 20200101 0000", "NEWGROUPS 20200101 000000 CET", "NEWGROUPS x y"):
    c.cmd(bad, "501", bad)
c.cmd("NEWGROUPS 20200101", "501", "without a time")

c.cmd("NEWNEWS * 20200101 000000 GMT", "230", "NEWNEWS")
is_(sorted(c.text()), ["<both@x.test>", "<one@x.test>", "<two@x.test>"], "each post once, none from groups he may not read")
c.cmd("NEWNEWS test.empty 20200101 000000 GMT", "230")
is_(c.text(), ["<both@x.test>"], "of one group")
c.cmd("NEWNEWS *,!test.forum 20200101 000000", "230")
is_(c.text(), ["<both@x.test>"], "without one group")
c.cmd("NEWNEWS * 20990101 000000 GMT", "230")
is_(c.text(), [], "since 2099: none")
time.sleep(2.1)
c.send("DATE")
now = c.line().split()[1]
post(a, mid="<new@x.test>")
c.cmd("NEWNEWS * %s %s GMT" % (now[:8], now[8:]), "230")
is_(c.text(), ["<new@x.test>"], "only what came since")
a.cmd("NEWNEWS *mem* 20200101 000000 GMT", "230")
is_(a.text(), ["<in@x.test>"], "the members' group for a member")
for bad in ("NEWNEWS [x] 20200101 000000", "NEWNEWS * 2020 000000", "NEWNEWS * 20200101 250000"):
    c.cmd(bad, "501", bad)
# moved posts: numbers are not used again, who may read is told where the post is
def marks(k, group):
    """GROUP, LISTGROUP and LIST COUNTS agree; the numbers"""
    count, low, high = map(int, k.cmd("GROUP " + group, "211").split()[1:4])
    k.cmd("LISTGROUP " + group, "211")
    nums = [int(x) for x in k.text()]
    k.cmd("LIST COUNTS " + group, "215")
    listed = k.text()[0].split()[1:4]
    good = listed == [str(high), str(low), str(count)] and count == len(nums) and low >= 1
    good &= (low == nums[0] and high >= nums[-1]) if nums else low == high + 1
    ok(good, "the watermarks of %s are true: %s" % (group, (count, low, high)))
    return nums


s.ctl("aside", "<one@x.test>", "--reason", "x")
is_(marks(c, "test.forum"), [2, 3, 4, 5], "the first one was moved, a pointer came")
marks(c, "test.forum.aside")
c.cmd("GROUP test.forum", "211")
is_(c.cmd("ARTICLE 1"), "423 moved to test.forum.aside:1", "its old number tells where it is")
is_(c.cmd("STAT 99"), "423 no article with that number", "a number never given does not")
c.cmd("ARTICLE <one@x.test>", "220", "by id it is where it is")
ok("Xref: forum.test test.forum.aside:1" in c.text(), "and says so")
s.ctl("group", "set", "test.forum.aside", "access=private")
is_(c.cmd("ARTICLE 1"), "423 no article with that number", "who may not read is not told")
pointer = c.cmd("STAT 5", "223").split()[2]
for mid in (pointer, "<two@x.test>", "<both@x.test>", "<new@x.test>"):
    s.ctl("delete", mid, "--reason", "x")
is_(marks(c, "test.forum"), [], "an empty group")
is_(marks(c, "test.empty"), [], "and another")
post(a, mid="<after@x.test>")
is_(marks(c, "test.forum"), [6], "numbers go on")

c.cmd("XGTITLE test.f*", "282", "XGTITLE")
is_([l for l in c.text() if "aside" not in l], ["test.forum\tA forum"], "titles")
c.cmd("GROUP test.forum", "211")
c.cmd("XGTITLE", "282", "XGTITLE of the selected group")
is_(c.text(), ["test.forum\tA forum"], "its title")

s.group("test.moderated", "--moderated")
c.cmd("LIST MODERATORS", "215", "LIST MODERATORS")
is_(c.text(), ["test.moderated:test.moderated@forum.test"], "submission addresses")
s2 = Server(extra='news { motd = "motd" distributions = "world Everywhere; local  Here only" distrib_pats = "10:local.*:local;5:*:world" }\n', start=False)
with open(os.path.join(s2.dir, "motd"), "w") as f:
    f.write("Welcome.\n.dot\n\nBye")
s2.start()
n = s2.nntp()
for cmd, want in (("MOTD", ["Welcome.", ".dot", "", "Bye"]), ("DISTRIBUTIONS", ["world\tEverywhere", "local\tHere only"]), ("DISTRIB.PATS", ["10:local.*:local", "5:*:world"])):
    n.cmd("LIST " + cmd, "215")
    is_(n.text(), want, "LIST " + cmd)
n.cmd("CAPABILITIES", "101")
ok("LIST ACTIVE ACTIVE.TIMES COUNTS DISTRIB.PATS DISTRIBUTIONS HEADERS MODERATORS MOTD NEWSGROUPS OVERVIEW.FMT SUBSCRIPTIONS" in n.text(), "capabilities name them")

# RFC 6048 and 3977 7.6: every list with every form of its argument
s3 = Server(extra='news { motd = "motd" distributions = "world Everywhere; local Here only" distrib_pats = "10:local.*:local;5:*:world" }\n', start=False)
with open(os.path.join(s3.dir, "motd"), "w") as f:
    f.write("Gr\u00fc\u00dfe\n")
s3.start()
for g, opts in (("a.open", ()), ("a.shut", ("--posting", "nobody")), ("a.mod", ("--moderated",)), ("b.open", ())):
    s3.group(g, *opts)
s3.ctl("group", "set", "a.open", "title=Gr\u00fc\u00dfe aus K\u00f6ln")
n = s3.nntp()
A = ["a.mod", "a.open", "a.shut", "b.open"]
for lst in ("ACTIVE", "NEWSGROUPS", "ACTIVE.TIMES", "COUNTS", "SUBSCRIPTIONS"):
    n = s3.nntp()
    for arg, want in (("", A), ("*", A), ("a.*", A[:3]), ("a.*,!a.mod", A[1:3]), ("!*", []), ("*,!a.*,a.shut", A[2:]), ("a.sh?t", A[2:3]), ("b.open", A[3:]),
                      ("nix", []), ("*\u00fc*", []), ("\u4e2d?", []), ("!*\u00fc,*.open", [A[1], A[3]]), ("??open", [A[1], A[3]])):
        n.cmd(("LIST %s %s" % (lst, arg)).strip(), "215")
        got = [re.split(r"[\t ]", l)[0] for l in n.text()]
        if got != want:
            is_(got, want, "LIST %s %s" % (lst, arg))
            break
    else:
        ok(True, "LIST %s with thirteen wildmats" % lst)
    for bad in ("[a]", "a\\b", "a,,b", ",", "a b", "a.* b.*", b"\xc3\x28*".decode("latin-1").encode("latin-1")):
        n.send(b"LIST " + lst.encode() + b" " + (bad if isinstance(bad, bytes) else bad.encode()))
        l = n.line()
        if not l.startswith("501"):
            ok(False, "LIST %s %r: %s" % (lst, bad, l))
            break
    else:
        ok(True, "LIST %s: seven malformed ones are 501" % lst)
n.cmd("LIST ACTIVE", "215")
is_([l.split()[-1] for l in n.text()], ["m", "y", "n", "y"], "status: moderated, open, closed")
n.cmd("LIST COUNTS", "215")
is_([l.split()[-1] for l in n.text()], ["m", "y", "n", "y"], "in COUNTS, too")
n.cmd("LIST NEWSGROUPS a.open", "215")
is_(n.text(), ["a.open\tGr\u00fc\u00dfe aus K\u00f6ln"], "titles are UTF-8")
n.cmd("LIST MOTD", "215")
is_(n.text(), ["Gr\u00fc\u00dfe"], "the message of the day too")
for word in ("MODERATORS", "MOTD", "DISTRIBUTIONS", "DISTRIB.PATS", "OVERVIEW.FMT"):
    n.cmd("LIST " + word, "215", "LIST " + word)
    n.text()
    n.cmd("LIST %s x" % word, "501", "takes no argument")
is_(s3.stop(), 0, "in order")
done()
