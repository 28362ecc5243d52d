#!/usr/bin/env python3
"""A saved page with nested comments: what it says becomes posts, what it does not say stays unsaid."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ctllib import *


def tree(s, group):
    """[(number, parent's number, reason, author, date, state)]"""
    v = s.json("list", group)
    num = {p["id"]: p["number"] for p in v}
    return [(p["number"], num.get(p["parent"]), p["parent_reason"], p["author"], p["date"], p["state"]) for p in v]


s = Server()
s.group("test.garden")
page = os.path.join(SRC, "tests", "corpora", "page-garden.txt")
r = s.json("import", "--group", "test.garden", "--dry-run", page)[0]
ok(r["dry_run"] is True and r["imported"] == 8, "--dry-run counts: the article and 7 comments")
is_(s.json("group", "show", "test.garden")[0]["count"], 0, "--dry-run writes nothing")
is_(s.json("status")[0]["posts"], 0, "not even out of sight")
r = s.json("import", "--group", "test.garden", page)[0]
is_([r[k] for k in ("dry_run", "imported", "duplicates", "refused")], [False, 8, 0, 0], "imported")
ok("7 comments found" in r["notes"], "count as the page says it: no remark but the number")
ok("2 comments have no author and stay anonymous" in r["notes"], "anonymous comments are reported")
ok(any("3 empty fields" in n and "Written by, Published on, Share" in n for n in r["notes"]), "empty fields are reported; a full one is not")
v = tree(s, "test.garden")
is_([x[1] for x in v], [None, 1, 2, 3, 3, 2, 1, 7], "nesting became parents")
is_([x[2] for x in v[1:]], ["imported"] * 7, "reason: imported")
is_([x[3] for x in v[1:]][0:2] + [v[5][3]], ["Ann Example", "Bert O'Example", "Zoë Exämple"], "authors")
ok(v[3][3] == v[6][3] and v[3][3] not in ("", "Ann Example"), "nobody's comments: " + v[3][3])
is_([x[4] for x in v], [None, "2014-03-03", "2014-03-04", "2014-03-04", "2014-03-05", "2014-04-01", "2016-02-29", "2016-03-01"], "dates stay dates; the article has none")
p = s.json("show", "test.garden:3")[0]
ok("date-only" in p["flags"] and p["subject"] == "Re: A bench for the garden", "flag date-only, subject of the page")
is_(p["text"].replace("\r", ""), "Who pays for oak?\n\nFrom what I hear, larch is half of it.\n.\n..and a dot more\n", "the text, without its indentation")
is_(s.json("show", "test.garden:1")[0]["text"].replace("\r", ""), "  • Tags: wood, paint\n\nWe want a bench near the pear tree. What should it be made of?\n\n  • oak lasts\n  • larch is cheap\n\nPlease answer below.\n", "the article's own list is text")
before = tree(s, "test.garden"), [s.ctl("show", "test.garden:%d" % n, "--raw") for n in range(1, 9)]
r = s.json("import", "--group", "test.garden", "--format", "page", page)[0]
is_((r["imported"], r["duplicates"]), (0, 8), "twice: nothing new")
is_((tree(s, "test.garden"), [s.ctl("show", "test.garden:%d" % n, "--raw") for n in range(1, 9)]), before, "twice is once")
r = s.json("import", "--group", "test.garden", "--dry-run", page)[0]
is_((r["imported"], r["duplicates"]), (0, 8), "--dry-run knows them")
n = s.nntp()
n.cmd("GROUP test.garden", "211 8 1 8")
n.cmd("ARTICLE 4", "220")
a = n.text()
ok("I would pay a part." in a and not any("@example" in l for l in a if l.startswith("From:")), "an anonymous comment over NNTP has no invented address")
like("\n".join(l for l in a if l.startswith("References:") or l.startswith(" <")), r"References: <\S+>\s+<\S+>\s+<\S+>$", "References: article, then the comments above")
n.close()

# ---- what is no page ----
f = os.path.join(s.dir, "no.txt")
open(f, "w").write("Just a title\n\nand text\n")
no(s, "import", "--group", "test.garden", "--format", "page", f, has="does not look like a page")
open(f, "wb").write(b"")
no(s, "import", "--group", "test.garden", "--format", "page", f)
no(s, "import", "--group", "nope", page, has="no group")
usage(s, "import", page, has="wants --group")
usage(s, "import", "--group", "test.garden", has="PATH")
usage(s, "import", "--group", "test.garden", "--format", "word", page, has="--format is one of")
no(s, "import", "--group", "test.garden", s.dir + "/absent", has="No such file")
# hostile pages: deep nesting, names that are headers, broken UTF-8
deep = "Title\n\n" + "".join("%s• N%d 1st Jan 2000\n%s  text %d\n" % (" " * i * 2, i, " " * i * 2, i) for i in range(1500))
open(f, "w").write(deep)
s.group("test.deep")
r = s.json("import", "--group", "test.deep", "--format", "page", f)[0]
is_(r["imported"] + r["refused"], 1501, "1,500 levels deep")
ok(len(s.json("thread", "test.deep:1")) == r["imported"], "and a thread of them")
open(f, "wb").write("Ti\rtle: x\n\n• A\rB: c <a@b> 1st Jan 2000\n  te\0xt\n• \xff\n• C 32nd Jan 2000\n• D 30th Feb 2001\n  x\n".encode("latin-1").replace(b"\x95", "•".encode()) if False else
                    b"Ti\rtle: x\n\n\xe2\x80\xa2 A\rB: c <a@b> 1st Jan 2000\n  te\0xt\n\xe2\x80\xa2 E\xff 2nd Jan 2000\n  ok\n\xe2\x80\xa2 D 30th Feb 2001\n  x\n")
c, out, err = run(s, "import", "--group", "test.deep", "--format", "page", f)
ok(c in (0, 1) and s.proc.poll() is None, "control bytes: answered (%d)" % c)
healthy(s, "own pages")

# ---- the seed ----
seed = shared("seed-thread.txt")
if not seed:
    skip("the seed page is not here", 12)
else:
    s.group("test.seed")
    r = s.json("import", "--group", "test.seed", "--dry-run", seed)[0]
    is_((r["imported"], s.json("group", "show", "test.seed")[0]["count"]), (23, 0), "seed: --dry-run")
    r = s.json("import", "--group", "test.seed", seed)[0]
    is_((r["imported"], r["refused"]), (23, 0), "seed: the article and 22 comments")
    ok("22 comments found where the page says 24" in r["notes"], "seed: the page's own count is doubted aloud")
    ok(any(n.startswith("5 comments have no author") for n in r["notes"]), "seed: 5 comments without author")
    ok(any(n.startswith("5 empty fields stay empty: Written by, Published on, Categories, Comments, Share") for n in r["notes"]), "seed: five empty fields")
    v = tree(s, "test.seed")
    anonymous = [x for x in v[1:] if x[3] == v[0][3]]
    is_(len(anonymous), 5, "seed: five anonymous posts besides the article's")
    ok(all(re.match(r"2012-\d\d-\d\d$", x[4]) for x in v[1:]) and v[0][4] is None, "seed: dates stay dates")
    ok(all(x[2] == "imported" and x[1] is not None for x in v[1:]), "seed: every comment has its parent, imported")
    ok(len({x[1] for x in v[1:]}) > 3, "seed: nested")
    is_(v[1][1:5], (1, "imported", "Thomas Hallbert", "2012-09-17"), "seed: the first comment")
    r = s.json("import", "--group", "test.seed", seed)[0]
    is_((r["imported"], r["duplicates"]), (0, 23), "seed: twice imported, nothing new")
    is_(tree(s, "test.seed"), v, "seed: nothing changed")
healthy(s, "at the end")
done()
