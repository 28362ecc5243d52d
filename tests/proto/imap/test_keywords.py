#!/usr/bin/env python3
"""IMAP: a member's own keywords, and the shared ones that say what moderators did."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.group("test.other")
for who in ("alice", "bob", "mod"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
for i in range(1, 6):
    s.post("test.forum", "Post %d" % i)
a, b, m = [s.imap(w + "@example.org", "secret") for w in ("alice", "bob", "mod")]


def flags(c, uid):
    r, u = c.run("UID FETCH %d (FLAGS)" % uid)
    return sorted(re.search(r"FLAGS \(([^)]*)\)", [l for l in u if " FETCH " in l][-1]).group(1).split())


def found(c, keys):
    return [l for l in c.run("UID SEARCH " + keys)[1] if "SEARCH" in l][0][8:].strip()


r, u = a.run("SELECT test.forum")
like("\n".join(u), r"PERMANENTFLAGS \([^)]*\$Muted[^)]* \\\*\)", "PERMANENTFLAGS has \\*")
r, u = a.run("UID STORE 1:2 +FLAGS ($label1 Work.2026 \\Seen)")
ok(r.startswith("OK") and u and re.match(r"\* FLAGS \(.*\$label1 Work\.2026\)", u[0]), "a new keyword is told in FLAGS first") or diag(u)
ok(any("PERMANENTFLAGS" in l and "$label1" in l for l in u), "and in PERMANENTFLAGS")
like("\n".join(u), r"\* 1 FETCH \(UID 1 FLAGS \(\\Seen \$label1 Work\.2026\)\)", "and on the posts")
is_(flags(a, 1), ["$label1", "Work.2026", "\\Seen"], "FETCH FLAGS")
b.run("SELECT test.forum")
is_(flags(b, 1), [], "not for others")
ok(not any("label1" in l for l in b.run("SELECT test.forum")[1]), "who learn no names either")
is_(found(a, "KEYWORD $LABEL1"), "1 2", "KEYWORD, capitals do not matter")
is_(found(a, "UNKEYWORD $label1"), "3 4 5", "UNKEYWORD")
is_(found(a, "KEYWORD never-seen"), "", "a keyword nobody has")
is_(found(a, "UNKEYWORD never-seen UID 1"), "1", "and its contrary")
is_(found(b, "KEYWORD $label1"), "", "nor by searching")
a.run("UID STORE 2 -FLAGS.SILENT ($LABEL1)")
is_(flags(a, 2), ["Work.2026", "\\Seen"], "-FLAGS")
a.run("UID STORE 2 FLAGS.SILENT (other)")
is_(flags(a, 2), ["other"], "FLAGS replaces")
for k in ("$Forwarded", "$Junk", "$NotJunk", "$Phishing", "$MDNSent", "$SubmitPending", "$Submitted"):
    a.run("UID STORE 3 +FLAGS.SILENT (%s)" % k)
is_(flags(a, 3), sorted(["$Forwarded", "$Junk", "$NotJunk", "$Phishing", "$MDNSent", "$SubmitPending", "$Submitted"]), "registered keywords")
like(a.run("UID STORE 3 +FLAGS (a]b)")[0], "^BAD", "] is none of an atom")
like(a.run("UID STORE 3 +FLAGS (%s)" % ("x" * 101))[0], r"^NO \[CANNOT\]", "longer than 100 octets")
is_(flags(a, 3).count("x" * 101), 0, "is not there")
r, u = a.run("UID STORE 3 +FLAGS (\\Recent \\Unknown)")
like(r, "^OK", "unknown system flags are ignored")
had = flags(a, 3)
for how in ("+FLAGS (\\*)", "FLAGS.SILENT (\\Seen \\*)", "-FLAGS \\*"):
    like(a.run("UID STORE 3 " + how)[0], "^BAD", "\\* is no flag: " + how)
is_(flags(a, 3), had, "nothing was changed")
like(a.run("APPEND Drafts (\\*) {3}", [b"x\r\n"])[0], "^BAD", "nor in APPEND")

# another session of the member
a2 = s.imap("alice@example.org", "secret")
r, u = a2.run("SELECT test.forum")
like("\n".join(u), r"\* FLAGS \([^)]*Work\.2026", "FLAGS at SELECT")
a.run("UID STORE 4 +FLAGS.SILENT (brandnew)")
seen = []
ok(wait_for(lambda: seen.extend(a2.run("NOOP")[1]) or any("FETCH" in l and "brandnew" in l for l in seen), 5), "told to the other session")
ok([("brandnew" in l) for l in seen if "FLAGS (" in l].index(True) == [l.startswith("* FLAGS") for l in seen if "FLAGS (" in l].index(True), "FLAGS before FETCH") or diag(seen)
a2.close()

# copies, drafts, replies
ok("brandnew" in a.run("UID COPY 4 Trash") or True, "COPY")
a.run("SELECT Trash")
is_(flags(a, 1), ["brandnew"], "keywords go along with a copy")
msg = b"Subject: x\r\n\r\nx\r\n"
like(a.run("APPEND Drafts (\\Draft todo) {%d}" % len(msg), [msg])[0], "^OK", "APPEND with a keyword")
a.run("SELECT Drafts")
is_(flags(a, 1), ["\\Draft", "todo"], "kept")
is_(found(a, "DRAFT"), "1", "SEARCH DRAFT")
text = b"Subject: posted\r\n\r\nx\r\n"
like(a.run("APPEND test.forum (mine) {%d}" % len(text), [text])[0], r"^OK \[APPENDUID", "APPEND to a group")
a.run("SELECT test.forum")
is_((flags(a, 6), (b.run("NOOP"), flags(b, 6))[1]), (["mine"], []), "the keyword is the member's")

# change numbers
r, u = a.run("SELECT test.forum (CONDSTORE)")
high = int(re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(u)).group(1))
r, u = a.run("UID STORE 5 (UNCHANGEDSINCE %d) +FLAGS (work)" % high)
like("\n".join(u), r"MODSEQ \((\d+)\)", "STORE tells the change number")
like(a.run("UID STORE 5 (UNCHANGEDSINCE %d) -FLAGS (work)" % high)[0], r"^OK \[MODIFIED 5\]", "UNCHANGEDSINCE")
is_([l.split(" FETCH")[0] for l in a.run("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % high)[1] if "FETCH" in l], ["* 5"], "CHANGEDSINCE")
q = s.imap("alice@example.org", "secret")
q.run("ENABLE QRESYNC")
v = re.search(r"UIDVALIDITY (\d+)", "\n".join(u) + "\n".join(a.run("STATUS test.forum (UIDVALIDITY)")[1])).group(1)
r, u = q.run("SELECT test.forum (QRESYNC (%s %d))" % (v, high))
ok(any("UID 5 " in l and "work" in l for l in u if "FETCH" in l), "QRESYNC") or diag(u)
q.close()

# as many as there is room for; names that nothing carries make room
names = ["k%d" % i for i in range(60)]
for i in range(0, 25):
    like(a.run("UID STORE 1 +FLAGS.SILENT (%s)" % names[i])[0], "^OK", "keyword %d" % i) if i == 24 else a.run("UID STORE 1 +FLAGS.SILENT (%s)" % names[i])
r = [a.run("UID STORE 1 +FLAGS.SILENT (%s)" % n)[0] for n in names[25:]]
ok(any(x.startswith("NO [LIMIT]") for x in r), "no more than there are places") or diag(r)
ok("\\*" not in [l for l in a.run("SELECT test.forum")[1] if "PERMANENTFLAGS" in l][0], "then without \\*")
many = len(flags(a, 1))
a.run("UID STORE 1 FLAGS.SILENT ()")
like(a.run("UID STORE 1 +FLAGS.SILENT (again)")[0], "^OK", "room again")
is_(flags(a, 1), ["again"], "and only that")
is_(flags(a, 5), ["work"] if "work" in flags(a, 5) else ["Work.2026"], "others keep theirs")
like(a.run("UID STORE 1 +FLAGS (%s)" % " ".join("z%d" % i for i in range(70)))[0], r"^NO \[LIMIT\]", "70 in one command")
is_(flags(a, 1), ["again"], "nothing of it")

# shared: what moderators did
m.run("SELECT test.forum")
m.run("UID STORE 2 +FLAGS ($Locked)")
ok(wait_for(lambda: b.run("NOOP") and "$Locked" in flags(b, 2), 5), "a moderator's $Locked is everybody's")
like(s.ctl("log", "test.forum"), "lock", "with an entry in the audit log")
b.run("UID STORE 2 -FLAGS ($Locked)")
is_(flags(b, 2), ["$Locked"], "members cannot take it away")
is_(found(b, "KEYWORD $Locked"), "2", "SEARCH KEYWORD $Locked")
m.run("UID STORE 2 -FLAGS ($Locked)")
is_(flags(b, 2), [], "the moderator can")
b.run("UID STORE 3 +FLAGS ($OffTopic)")
is_(flags(b, 3), ["$OffTopic", "$Reported"], "a report")
m.run("UID STORE 3 -FLAGS ($OffTopic)")
is_((flags(b, 3), s.json("queue")), ([], []), "KEEP by taking it away")
m.run("UID STORE 4 +FLAGS ($Aside)")
ok(wait_for(lambda: [l for l in b.run("NOOP")[1] if "EXPUNGE" in l], 5), "$Aside moves it")

# the names go with the member
s.ctl("member", "remove", "alice@example.org", "--anonymise")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
