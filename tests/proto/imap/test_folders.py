#!/usr/bin/env python3
"""IMAP: folders of a member's own: CREATE, DELETE, RENAME, special uses, COPY and MOVE into them, and how they look to others."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000")
s.group("test.forum")
s.group("hidden.group", "--access", "private")
for who in ("alice", "bob"):
    s.member(who + "@example.org", who.title(), "secret")
for i in range(1, 5):
    s.post("test.forum", "Post %d" % i)
a, a2, b = [s.imap(w + "@example.org", "secret") for w in ("alice", "alice", "bob")]
folders = lambda c, p="*": [re.search(r'\((.*?)\) "\." (.*)', l).groups() for l in c.run('LIST "" "%s"' % p)[1]]
names = lambda c, p="*": [n for f, n in folders(c, p)]


def status(c, name, items="MESSAGES"):
    return re.findall(r" \(?[A-Z]+ (\d+)", c.run('STATUS "%s" (%s)' % (name, items))[1][0].split('"')[-1])


# making
like(a.run("CREATE Archive.2024.")[0], r"^OK \[MAILBOXID \(G\d+\)\]", "CREATE, with a separator at the end")
is_(folders(a, "Arch*"), [("\\HasChildren", "Archive"), ("\\HasNoChildren", "Archive.2024")], "the level above is made too")
is_(a.run('LSUB "" Arch*')[1], ['* LSUB () "." Archive', '* LSUB () "." Archive.2024'], "both are subscribed")
is_(names(b, "Arch*"), [], "of nobody else")
like(a.run("CREATE Archive")[0], r"^NO \[ALREADYEXISTS\]", "twice")
like(b.run("CREATE Archive")[0], "^OK", "bob makes his own")
for n in ("INBOX", "inbox", "Drafts", '"Replies to me"', "test.forum", "!Mute"):
    like(a.run("CREATE " + n)[0], r"^NO \[ALREADYEXISTS\]", n + " is there")
for n in ("new", "hidden.group", "no.such", "test.forum.Mine", "hidden.group.Mine"):
    is_(a.run("CREATE " + n)[0], "NO [NOPERM] names in small letters are for groups, which the operators make; begin your own folder's name with a capital", "CREATE " + n)
is_([a.run("%s hidden.group" % c) for c in ("CREATE", "DELETE")], [a.run("%s no.such.group" % c) for c in ("CREATE", "DELETE")], "private is missing")
is_(a.run("RENAME hidden.group X"), a.run("RENAME no.such.group X"), "in RENAME")
is_(a.run("RENAME Archive hidden.group"), a.run("RENAME Archive no.such.group"), "and as its target")
for n in ("A..B", ".A", "A.!x", '"A%%"', '"A*"', '"' + "A" * 201 + '"', '"' + ".".join("A" * 17) + '"'):
    like(a.run("CREATE " + n)[0], r"^(NO \[CANNOT\]|BAD)", "no name: " + n[:20])
like(a.run("CREATE inbox.Sub")[0], "^OK", "below INBOX")
is_(names(a, "INBOX*"), ["INBOX", "INBOX.Sub"], "in one spelling")
like(a.run("STATUS iNbOx.Sub (MESSAGES)")[1][0], r"^\* STATUS INBOX.Sub", "whatever is typed")

# uses
like(a.run("CREATE Store (USE (\\Archive))")[0], "^OK", "CREATE-SPECIAL-USE")
like(a.run("CREATE Spam (USE (\\Junk))")[0], "^OK", "\\Junk")
like(a.run("CREATE Store2 (USE (\\Archive))")[0], r"^NO \[USEATTR\]", "one for each use")
for use in ("\\Drafts", "\\All", "\\Archive \\Junk", "\\X"):
    like(a.run("CREATE Other (USE (%s))" % use)[0], r"^NO \[USEATTR\]", "USE " + use)
for bad in ("(USE)", "(USE ())", "(USE (Archive))", "USE (\\Archive)", "(USE (\\Archive)"):
    like(a.run("CREATE Other " + bad)[0], "^BAD", bad)
is_([l.split('"." ')[1] for l in a.run('LIST (SPECIAL-USE) "" *')[1]], ["Drafts", "Sent", "Trash", "Spam", "Store"], "LIST (SPECIAL-USE)")
ok(("\\HasNoChildren \\Archive", "Store") in folders(a), "and in any LIST")
a.run("CREATE Box.Deep.Er")
is_(a.run('LIST (SUBSCRIBED RECURSIVEMATCH) "" "%"')[1].count('* LIST (\\HasChildren \\Subscribed) "." Box ("CHILDINFO" ("SUBSCRIBED"))'), 1, "CHILDINFO where it is not listed itself")
is_(a.run('LIST (SUBSCRIBED RECURSIVEMATCH) "" "Box*"')[1], ['* LIST (\\HasChildren \\Subscribed) "." Box', '* LIST (\\HasChildren \\Subscribed) "." Box.Deep',
    '* LIST (\\HasNoChildren \\Subscribed) "." Box.Deep.Er'], "no CHILDINFO where it is")
a.run("UNSUBSCRIBE Box")
is_(a.run('LIST (SUBSCRIBED RECURSIVEMATCH) "" "Box"')[1], ['* LIST (\\HasChildren) "." Box ("CHILDINFO" ("SUBSCRIBED"))'], "a parent that is not subscribed itself")
is_(a.run('LIST (SUBSCRIBED) "" "Box"')[1], [], "without RECURSIVEMATCH")
is_(a.run('LIST (REMOTE) "" Box RETURN (SUBSCRIBED CHILDREN SPECIAL-USE)')[1], ['* LIST (\\HasChildren) "." Box'], "REMOTE changes nothing")
is_(a.run('LIST (SPECIAL-USE SUBSCRIBED) "" (S* Box)')[1], ['* LIST (\\HasNoChildren \\Sent \\Subscribed) "." Sent', '* LIST (\\HasNoChildren \\Junk \\Subscribed) "." Spam',
    '* LIST (\\HasNoChildren \\Archive \\Subscribed) "." Store'], "two options")
like(a.run('LIST (NONSENSE) "" *')[0], "^BAD", "an unknown one")

# messages: own ones and pointers to posts
M = b"Subject: mine\r\n\r\ntext\r\n"
like(a.run("APPEND Archive.2024 (\\Flagged) {%d}" % len(M), [M])[0], r"^OK \[APPENDUID \d+ 1\]", "APPEND")
like(a.run("APPEND Nowhere {%d}" % len(M), [M])[0], r"^NO \[TRYCREATE\]", "TRYCREATE")
like(a.run("APPEND nowhere {%d}" % len(M), [M])[0], r"^NO \[NONEXISTENT\]", "where that would not help")
a.run("SELECT test.forum")
like(a.run("COPY 1:2 Archive.2024")[0], r"^OK \[COPYUID \d+ 1:2 2:3\]", "COPY of posts")
r, u = a.run("MOVE 3 Archive.2024")
ok(u[0].startswith("* OK [COPYUID ") and "* 3 EXPUNGE" in u, "MOVE hides it in the group")
is_(status(b, "test.forum"), ["4"], "for her only")
r, u = a.run("SELECT Archive.2024 (CONDSTORE)")
ok("* 4 EXISTS" in u and [l for l in u if "HIGHESTMODSEQ" in l], "four are there, with change numbers")
is_(a.run("UID SEARCH SUBJECT Post")[1], ["* SEARCH 2 3 4"], "SEARCH")
like(a.run("FETCH 1 (FLAGS)")[1][0], r"\\Flagged", "with flags")
like(a.run("UID MOVE 1 Store")[1][0], r"^\* OK \[COPYUID \d+ 1 1\]", "MOVE between folders")
like(a.run("UID MOVE 4 test.forum")[1][0], r"^\* OK \[COPYUID \d+ 4 3\]", "and back to its group")
is_(status(a, "test.forum"), ["4"], "where it is seen again")
a.run("UID STORE 2 +FLAGS.SILENT (\\Deleted)")
is_(a.run("EXPUNGE")[1], ["* 1 EXPUNGE"], "EXPUNGE takes the pointer")
is_(status(a, "test.forum"), ["4"], "not the post")

# QRESYNC in a folder
q = s.imap("alice@example.org", "secret")
q.run("ENABLE QRESYNC")
r, u = q.run("SELECT Archive.2024")
v, h = [re.search(x + r" (\d+)", "\n".join(u)).group(1) for x in ("UIDVALIDITY", "HIGHESTMODSEQ")]
q.run("UNSELECT")
a.run("APPEND Archive.2024 {%d}" % len(M), [M])
a.run("UID STORE 3 +FLAGS.SILENT (\\Deleted)")
a.run("UID EXPUNGE 3")
r, u = q.run("SELECT Archive.2024 (QRESYNC (%s %s))" % (v, h))
ok([l for l in u if l == "* VANISHED (EARLIER) 3"] and [l for l in u if "FETCH (UID 5" in l], "QRESYNC") or diag(u)

# renaming keeps everything
is_(a.run("UNSELECT")[0][:2], "OK", "unselect")
before = status(a, "Archive.2024", "UIDVALIDITY UIDNEXT MESSAGES")
like(a.run("RENAME Archive Old.Things")[0], "^OK", "RENAME, with what is below")
is_(names(a, "Old*"), ["Old", "Old.Things", "Old.Things.2024"], "the level above is made")
is_(names(a, "Archive*"), [], "the old names are gone")
is_(status(a, "Old.Things.2024", "UIDVALIDITY UIDNEXT MESSAGES"), before, "same numbers")
is_(len(q.run("UID FETCH 1:* (UID)")[1]), 1, "who has it open keeps it")
for x, y, code in (("INBOX", "X", "CANNOT"), ("Drafts", "X", "CANNOT"), ("test.forum", "X", "NOPERM"), ("Nope", "X", "NONEXISTENT"), ("Old", "Drafts", "ALREADYEXISTS"),
                   ("Old", "test.forum", "ALREADYEXISTS"), ("Old", "Old.Things", "ALREADYEXISTS"), ("Old", "small", "NOPERM"), ("Old", "X.!y", "CANNOT"), ("!Mute", "X", "CANNOT")):
    like(a.run("RENAME %s %s" % (x, y))[0], r"^NO \[%s\]" % code, "RENAME %s %s" % (x, y))

# deleting
like(a.run("DELETE Old.Things")[0], r"^NO \[HASCHILDREN\]", "DELETE with others below")
is_(status(a, "Old.Things.2024", "MESSAGES"), ["1"], "loses nothing")
for x, code in (("INBOX", "CANNOT"), ("Trash", "CANNOT"), ("test.forum", "NOPERM"), ("Nope", "NONEXISTENT"), ("!Mute", "CANNOT"), ("test.forum.!Mute", "CANNOT")):
    like(a.run("DELETE " + x)[0], r"^NO \[%s\]" % code, "DELETE " + x)
a.run("CREATE Big")
many = b"".join(b" {%d+}\r\n%s" % (len(M), M) for _ in range(100))
for _ in range(3):
    a.raw(b"x APPEND Big" + many + b"\r\n")
    like(a.line(), r"^x OK \[APPENDUID \d+ \d+:\d+\]", "a hundred messages at once")
a.run("SELECT Big")
r, u = a.run("DELETE Big")
ok(r.startswith("OK") and "* OK [CLOSED] the mailbox is no longer there" in u, "DELETE of the selected folder") or diag(r, u)
like(a.run("FETCH 1 FLAGS")[0], "^BAD", "closes it")
like(a.run("SELECT Big")[0], r"^NO \[NONEXISTENT\]", "and it is gone")
q.run("SELECT Old.Things.2024")
like(a.run("DELETE Old.Things.2024")[0], "^OK", "DELETE of what another session has open")
r, u = q.run("NOOP")
ok(r.startswith("NO [NONEXISTENT]") and [l for l in u if "[CLOSED]" in l], "which is told") or diag(r, u)
a.run("CREATE Old.Things.2024")
ok(status(a, "Old.Things.2024", "UIDVALIDITY")[0] > before[0], "a new folder of the old name has a later UIDVALIDITY")
like(s.ctl("check"), "", "the store is sound")
s.stop()
s.start()
a = s.imap("alice@example.org", "secret")
is_(names(a, "Old*"), ["Old", "Old.Things", "Old.Things.2024"], "all on disk")

# limits
n = len([x for x in names(a) if x[0].isupper()])
for i in range(300):
    r = a.run("CREATE Many%d" % i)[0]
    if not r.startswith("OK"):
        break
like(r, r"^NO \[LIMIT\] a member may have at most 200 folders", "not without end")
b = s.imap("bob@example.org", "secret")
for i in range(400):
    r = b.run("CREATE Again")[0]
    if not r.startswith("OK"):
        break
    b.run("DELETE Again")
like(r, r"^NO \[LIMIT\] too many folders made", "nor made and deleted without end")
done()
