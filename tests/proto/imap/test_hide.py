#!/usr/bin/env python3
"""IMAP: EXPUNGE by a member hides a post from that member only, and can be undone; by a moderator, from everybody."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
for who in ("alice", "bob", "mod"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
for i in range(1, 7):
    s.post("test.forum", "Post %d" % i)
a, a2, b, m = [s.imap(w + "@example.org", "secret") for w in ("alice", "alice", "bob", "mod")]
for c in (a, a2, b, m):
    c.run("SELECT test.forum")


def status(c, items="MESSAGES UNSEEN"):
    return [int(x) for x in re.findall(r" (\d+)", c.run("STATUS test.forum (%s)" % items)[1][0])]


def uids(c):
    return [int(re.search(r"UID (\d+)", l).group(1)) for l in c.run("UID FETCH 1:* (UID)")[1] if "FETCH" in l]


size = status(a, "SIZE")[0]
a.run("UID STORE 2:3 +FLAGS.SILENT (\\Deleted)")
is_(a.run("UID EXPUNGE 2")[1], ["* 2 EXPUNGE"], "UID EXPUNGE")
is_(a.run("EXPUNGE")[1], ["* 2 EXPUNGE"], "EXPUNGE")
is_(uids(a), [1, 4, 5, 6], "out of the member's view")
is_(status(a), [4, 4], "out of STATUS")
ok(status(a, "SIZE")[0] < size, "and its SIZE")
is_([l for n in range(5) for l in a2.run("FETCH 1 (UID)")[1] + a2.run("STORE 1:6 -FLAGS ($Junk)")[1] if "EXPUNGE" in l], [],
    "no EXPUNGE in the answers to FETCH and STORE of the member's other session")
ok(wait_for(lambda: [l for l in a2.run("NOOP")[1] if "EXPUNGE" in l], 5), "but it is told all the same, at NOOP")
is_(uids(a2), [1, 4, 5, 6], "and sees the same")
is_((uids(b), status(b)), ([1, 2, 3, 4, 5, 6], [6, 6]), "nobody else does")
is_(a.run("UID SEARCH ALL")[1], ["* SEARCH 1 4 5 6"], "SEARCH")
is_(a.run("UID FETCH 2 (FLAGS)")[1], [], "FETCH")
ok("* 4 EXISTS" in a.run("SELECT test.forum")[1], "SELECT")
is_(s.nntp("alice@example.org", "secret").cmd("GROUP test.forum")[:5], "211 4", "the member's newsreader sees the same")
is_(s.nntp("bob@example.org", "secret").cmd("GROUP test.forum")[:5], "211 6", "others' do not")
is_([x for x in s.ctl("log", "test.forum").split("\n") if "hide" in x], [], "no verdict")

# back: from Trash, or by the operator
r, u = a.run("SELECT Trash")
ok("* 2 EXISTS" in u, "both are in Trash")
like(a.run("SEARCH SUBJECT \"Post 2\"")[1][0], "SEARCH 1", "as pointers")
r, u = a.run("MOVE 1 test.forum")
ok(re.match(r"\* OK \[COPYUID \d+ 1 2\]", u[0]) and "* 1 EXPUNGE" in u, "MOVE from Trash to the group") or diag(r, u)
is_(a.run("SELECT test.forum") and uids(a), [1, 2, 4, 5, 6], "it is back")
s.ctl("member", "unhide", "alice@example.org", "test.forum")
is_(a.run("SELECT test.forum") and uids(a), [1, 2, 3, 4, 5, 6], "forumctl member unhide")
is_(status(a)[0], 6, "and counted")

# MOVE to Trash hides too
is_([l for l in a.run("UID MOVE 4:5 Trash")[1] if "EXPUNGE" in l], ["* 5 EXPUNGE", "* 4 EXPUNGE"], "MOVE to Trash")
is_(uids(b), [1, 2, 3, 4, 5, 6], "for one only")

# QRESYNC tells of it
q = s.imap("alice@example.org", "secret")
q.run("ENABLE QRESYNC")
r, u = q.run("SELECT test.forum")
v, h = [re.search(x + r" (\d+)", "\n".join(u)).group(1) for x in ("UIDVALIDITY", "HIGHESTMODSEQ")]
q.run("UNSELECT")
a.run("UID STORE 6 +FLAGS (\\Deleted)")
a.run("EXPUNGE")
r, u = q.run("SELECT test.forum (QRESYNC (%s %s))" % (v, h))
ok("* VANISHED (EARLIER) 6" in u, "VANISHED (EARLIER)") or diag(u)

# moderators
m.run("UID STORE 1 +FLAGS.SILENT (\\Deleted)")
is_(m.run("EXPUNGE")[1], ["* 1 EXPUNGE"], "a moderator expunges")
ok(wait_for(lambda: "* 1 EXPUNGE" in b.run("NOOP")[1], 5), "for everybody")
like(s.ctl("log", "test.forum"), "hide", "with an entry in the audit log")
# hidden in one session before the other one heard of it: the other one never hears of it
for c in (a, a2):
    c.run("SELECT test.forum")
have = uids(a2)
s.post("test.forum", "One more")
u = wait_for(lambda: [l for l in a.run("NOOP")[1] if "EXISTS" in l])
a.run("STORE * +FLAGS.SILENT (\\Deleted)")
is_(len(a.run("EXPUNGE")[1]), 1, "announced in one session, and hidden there")
told = []
wait_for(lambda: told.extend(a2.run("STORE 1 -FLAGS.SILENT ($Junk)")[1] + a2.run("NOOP")[1]), 0.3)
is_(told, [], "is neither announced nor told as gone in the other")
is_(uids(a2), have, "and not shown")

# what is hidden in the group is still in INBOX, and counted there
first = s.post("test.forum", "A question")
s.post("test.forum", "An answer", user="bob@example.org", headers="References: %s\r\n" % first)
wait_for(lambda: a.run("STATUS INBOX (MESSAGES)")[1][0].endswith("MESSAGES 1)"))
a.run("SELECT test.forum")
a.run("STORE * +FLAGS.SILENT (\\Deleted)")
a.run("EXPUNGE")
is_(a.run("STATUS INBOX (MESSAGES UNSEEN)")[1], ["* STATUS INBOX (MESSAGES 1 UNSEEN 1)"], "a reply that is hidden in the group is unseen in INBOX")
r, u = a.run("SELECT INBOX")
ok("* OK [UNSEEN 1] first unseen" in u and a.run("SEARCH UNSEEN")[1] == ["* SEARCH 1"], "for SELECT and SEARCH as well")

# at every command the same posts are there; back from Trash they are there again, also for who synchronises
s.group("test.tree")
mids = [s.post("test.tree", "Root")]
for i in range(4):
    mids.append(s.post("test.tree", "Re: Root", headers="References: %s\r\n" % mids[i]))
c = s.imap("bob@example.org", "secret")
c.run("SELECT test.tree")
c.run("UID STORE 1 +FLAGS.SILENT (\\Seen)")
c.run("UID STORE 2,4 +FLAGS.SILENT (\\Deleted)")
c.run("EXPUNGE")
line = lambda cmd: c.run(cmd)[1][0]
is_(line("UID SEARCH ALL"), "* SEARCH 1 3 5", "SEARCH ALL")
is_(line("UID SEARCH SUBJECT Root"), "* SEARCH 1 3 5", "SEARCH by header")
is_(line("UID SEARCH TEXT Hello"), "* SEARCH 1 3 5", "SEARCH by text")
is_(line("UID SEARCH UNSEEN"), "* SEARCH 3 5", "SEARCH UNSEEN")
is_(line("SEARCH RETURN (COUNT) ALL").split("COUNT ")[1], "3", "COUNT")
is_(line("UID SORT (ARRIVAL) UTF-8 ALL"), "* SORT 1 3 5", "SORT")
is_(sorted(re.findall(r"\d+", line("UID THREAD REFERENCES UTF-8 ALL"))), ["1", "3", "5"], "THREAD")
is_(sorted(re.findall(r"\d+", line("UID THREAD ORDEREDSUBJECT UTF-8 ALL"))), ["1", "3", "5"], "THREAD by subject")
like(line("STATUS test.tree (MESSAGES UNSEEN DELETED)"), r"MESSAGES 3 UNSEEN 2 DELETED 0", "STATUS")
r, u = c.run("SELECT test.tree")
ok("* 3 EXISTS" in u and any("[UNSEEN 2]" in l for l in u), "SELECT: EXISTS and UNSEEN") or diag(u)
word = lambda n: int(re.search(n + r" (\d+)", "\n".join(u)).group(1))
known = (word("UIDVALIDITY"), word("HIGHESTMODSEQ"))
c.run("SELECT Trash")
like(c.run("COPY 1 test.tree")[0], r"^OK \[COPYUID \d+ 1 2\]", "COPY back from Trash")
like(line("STATUS test.tree (MESSAGES UNSEEN)"), r"MESSAGES 4 UNSEEN 3", "counted again")
c.run("ENABLE QRESYNC")
r, u = c.run("SELECT test.tree (QRESYNC (%d %d))" % known)
ok("* 4 EXISTS" in u and any("UID 2 " in l for l in u if "FETCH" in l), "QRESYNC tells that it is back") or diag(u)
is_(line("UID SEARCH ALL"), "* SEARCH 1 2 3 5", "and it is")
done()
