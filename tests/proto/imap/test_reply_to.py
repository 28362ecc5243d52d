#!/usr/bin/env python3
"""IMAP: a post in a group says where answers go: header, ENVELOPE, size and search agree; other doors do not change."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server()
s.group("test.forum")
s.group("test.other")
s.member("alice@example.org", "Alice", "secret")
mbox = s.dir + "/in.mbox"
with open(mbox, "w") as f:
    f.write("From x Sat Jan  1 00:00:00 2022\nFrom: Old Author <old@elsewhere.example>\nReply-To: Old Author <old@elsewhere.example>\nSubject: Own\n"
            "Message-ID: <own@x>\nDate: Sat, 1 Jan 2022 00:00:00 +0000\n\nimported, with a word of its own\n\n"
            "From x Sat Jan  1 00:00:00 2022\nFrom: Old Author <old@elsewhere.example>\nSubject: None\n"
            "Message-ID: <none@x>\nDate: Sat, 1 Jan 2022 00:00:01 +0000\n\nimported, without\n\n")
s.ctl("import", "--group", "test.forum", mbox)
s.post("test.forum", "By a member", "Body.\r\n")
s.post("test.forum", "Has one", "Body.\r\n", headers="Reply-To: list@lists.example\r\n")
c = s.imap("alice@example.org", "secret")
c.run("SELECT test.forum")


def whole(n, section=""):
    r, u = c.run("FETCH %d BODY.PEEK[%s]" % (n, section))
    m = re.search(r"\{(\d+)\}\r\n", u[0])
    return u[0][m.end():m.end() + int(m.group(1))]


GROUP = "Reply-To: <test.forum@forum.test>\r\n"
rows = {}
for n in range(1, 5):
    rows[n] = whole(n)
    r, u = c.run("FETCH %d (RFC822.SIZE ENVELOPE)" % n)
    is_(int(re.search(r"SIZE (\d+)", u[0]).group(1)), len(rows[n].encode("utf-8", "surrogateescape")), "%d: RFC822.SIZE is the length of BODY[]" % n)
    is_(len(re.findall(r"(?mi)^reply-to:", rows[n])), 1, "%d: one Reply-To" % n)
    is_(whole(n, "HEADER") + whole(n, "TEXT"), rows[n], "%d: HEADER and TEXT make BODY[]" % n)
    own = '"lists.example"' if "Has one" in rows[n] else '"elsewhere.example"' if "own@x" in rows[n] else '"test.forum" "forum.test"'
    like(re.findall(r"\(\(.*?\)\)", u[0])[2], re.escape(own), "%d: ENVELOPE says the same" % n)
    like(whole(n, "HEADER.FIELDS (Reply-To)"), "(?i)^Reply-To: .*" + ("<test.forum@forum.test>" if "forum" in own else own.strip('"').replace(".", r"\.")), "%d: the field alone" % n)
    for off, k in ((0, 40), (60, 200), (len(rows[n]) - 5, 50)):
        is_(rows[n][off:off + k], (lambda u: u[0].split("}\r\n", 1)[1][:len(rows[n][off:off + k])])(
            c.run("FETCH %d BODY.PEEK[]<%d.%d>" % (n, off, k))[1]), "%d: <%d.%d>" % (n, off, k))
like(rows[3], "From: Alice <author-[0-9]+@forum.test>\r\n" + GROUP, "next to From")
ok(GROUP in rows[2] and GROUP not in rows[1] and GROUP not in rows[4], "those that have one keep it")
is_(c.run('SEARCH HEADER Reply-To "test.forum@"')[1], ["* SEARCH 2 3"], "SEARCH finds it")
is_(c.run('SEARCH HEADER Reply-To ""')[1], ["* SEARCH 1 2 3 4"], "every post has one")
is_(c.run("SEARCH LARGER %d SMALLER %d" % (len(rows[3]) - 1, len(rows[3]) + 1))[1], ["* SEARCH 3"], "LARGER and SMALLER count it")
r, u = c.run("STATUS test.forum (SIZE)")
is_(int(re.search(r"SIZE (\d+)", u[0]).group(1)), sum(len(x) for x in rows.values()), "STATUS SIZE too")
n = s.nntp("alice@example.org", "secret")
n.cmd("GROUP test.forum", "211")
n.cmd("HEAD 3", "221")
ok(not any(l.startswith("Reply-To") for l in n.text()), "newsreaders see the post as it is")
done()
