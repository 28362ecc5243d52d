#!/usr/bin/env python3
"""IMAP: NOTIFY (RFC 5465), and IDLE told of what happens at other doors."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000")
for g in ("test.forum", "test.other", "far.away"):
    s.group(g)
s.group("hidden.group", "--access", "private")
for who in ("alice", "bob", "eve"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "bob@example.org", "member:hidden.group")
s.ctl("member", "role", "bob@example.org", "moderator:test.forum")
log = lambda w: s.imap(w + "@example.org", "secret")


def post(group, subject, who="bob", headers=""):
    return s.post(group, subject, user=who + "@example.org", headers=headers)


class Heard:
    """what a client is told without a command: a line that fits must come; NOOP then shows that nothing else did"""

    def __init__(self, c):
        self.c = c

    def until(self, pattern, name):
        got = []
        while not (got and re.search(pattern, got[-1], re.S)):
            try:
                got.append(self.c.response())
            except (TimeoutError, EOFError, OSError) as e:
                ok(False, name)
                diag(got, e)
                return got
        ok(True, name)
        return got

    def nothing(self, name):
        """everything that happened before is on its way when another session of this worker sees a later event"""
        is_(self.c.run("NOOP")[1], [], name)


# syntax
c = log("eve")
caps = c.run("CAPABILITY")[1][0].split()
ok("NOTIFY" in caps, "announced")
for bad in ("", " ", " SET", " SET STATUS", " NONE x", " SET (SELECTED)", " SET (SELECTED ())", " SET (SELECTED (MessageNew))", " SET (SELECTED (MessageExpunge))",
            " SET (SELECTED (FlagChange))", " SET (SELECTED (MailboxName))", " SET (NOWHERE NONE)", " SET (MAILBOXES () NONE)", " SET (MAILBOXES NONE)",
            " SET (PERSONAL (MessageNew (UID) MessageExpunge))", " SET (SELECTED NONE) (SELECTED-DELAYED NONE)", " SET (PERSONAL NONE) ",
            " SET (SELECTED (MessageNew (NONSENSE) MessageExpunge))", " SET (SELECTED (MessageNew () MessageExpunge))", " SET PERSONAL NONE"):
    like(c.run("NOTIFY" + bad)[0], "^BAD", "NOTIFY" + bad)
like(c.run("NOTIFY SET (PERSONAL (MessageNew MessageExpunge AnnotationChange))")[0], r"^NO \[BADEVENT \(MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange\)\]", "BADEVENT")
like(c.run("NOTIFY SET (MAILBOXES (%s) NONE)" % " ".join("x%d" % i for i in range(501)))[0], r"^NO \[LIMIT\]", "too many mailboxes")
like(c.run("NOTIFY SET " + " ".join(["(PERSONAL NONE)"] * 65))[0], r"^NO \[LIMIT\]", "too many groups")
like(c.run("notify set (subtree (far test) (messagenew messageexpunge))")[0], "^OK", "in small letters")
like(c.run("NOTIFY NONE")[0], "^OK", "NONE")

# other mailboxes: STATUS
a = log("alice")
r, u = a.run("NOTIFY SET STATUS (MAILBOXES far.away NONE) (SUBTREE test (MessageNew MessageExpunge FlagChange)) (INBOXES (MessageNew MessageExpunge))")
told = [l.split()[2] for l in u]
ok("test.forum" in told and "test.other" in told and "INBOX" in told and "far.away" not in told and "Drafts" not in told, "STATUS of what fits at the beginning") or diag(u)
like([l for l in u if "test.forum" in l][0], r"\(MESSAGES 0 UIDNEXT 1 UIDVALIDITY \d+ UNSEEN 0\)", "with these items")
h = Heard(a)
root = post("test.forum", "One", "alice")
h.until(r"^\* STATUS test.forum \(MESSAGES 1 UIDNEXT 2\)$", "a post by news is told at once, without IDLE")
post("far.away", "Not told")
post("test.other", "Two")
got = h.until(r"^\* STATUS test.other \(MESSAGES 1 UIDNEXT 2\)$", "the next")
ok(not [l for l in got if "far.away" in l], "the first group that fits counts: far.away has NONE")
b = log("bob")
b.run("APPEND test.forum {18+}\r\nSubject: x\r\n\r\nTx\r\n")
h.until(r"^\* STATUS test.forum \(MESSAGES 2 UIDNEXT 3\)$", "a post by IMAP")
post("test.forum", "Re: One", headers="References: %s\r\n" % root)
h.until(r"^\* STATUS test.forum \(MESSAGES 3", "an answer")
h.until(r"^\* STATUS INBOX \(MESSAGES 1 UIDNEXT 2\)$", "in INBOX too")
b.run("SELECT test.forum")
b.run("STORE 2 +FLAGS.SILENT (\\Deleted)")
b.run("EXPUNGE")
h.until(r"^\* STATUS test.forum \(MESSAGES 2 UIDNEXT 4\)$", "a moderator takes one away")
a2 = log("alice")
a2.run("SELECT test.forum")
a2.run("STORE 1 +FLAGS.SILENT (\\Seen)")
h.until(r"^\* STATUS test.forum \(UIDVALIDITY \d+ UNSEEN \d\)$", "her other session reads one")
b.run("STORE 1 +FLAGS.SILENT (\\Seen \\Flagged)")
a.run("APPEND test.other {18+}\r\nSubject: y\r\n\r\nTx\r\n")
h.nothing("others' marks are not told, nor what one does oneself")
like(a.run("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))")[0], "^OK", "another SET replaces the first")
post("far.away", "Told now")
h.until(r"^\* STATUS far.away \(MESSAGES 2", "now far.away")
a.run("ENABLE CONDSTORE")
post("far.away", "Again")
h.until(r"^\* STATUS far.away \(MESSAGES 3 UIDNEXT 4 HIGHESTMODSEQ \d+\)$", "with change numbers after ENABLE CONDSTORE")
a.run("UNSUBSCRIBE far.away")
a.run("NOTIFY SET (SUBSCRIBED (MessageNew MessageExpunge))")
post("far.away", "Not this")
post("test.other", "But this")
got = h.until(r"^\* STATUS test.other", "SUBSCRIBED")
ok(not [l for l in got if "far.away" in l], "and nothing else")

# private groups
e = log("eve")
e.run("NOTIFY SET (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange)) (MAILBOXES hidden.group (MessageNew MessageExpunge MailboxName))")
he = Heard(e)
post("hidden.group", "Secret")
s.ctl("group", "set", "hidden.group", "title=Secret title")
post("test.forum", "Open", "alice")
got = he.until(r"^\* STATUS test.forum", "an open post is told")
ok(not [l for l in got if "hidden" in l], "a private one is not, nor is its group") or diag(got)
s.ctl("member", "role", "eve@example.org", "member:hidden.group")
he.until(r'^\* LIST \(\) "\." hidden\.group$', "who is let in is told of a new mailbox")
post("hidden.group", "For eve too")
he.until(r"^\* STATUS hidden.group \(MESSAGES 2", "and of what comes there")
s.ctl("member", "role", "eve@example.org", "none:hidden.group")
he.until(r'^\* LIST \(\\NonExistent\) "\." hidden\.group$', "who is put out sees it vanish")
post("hidden.group", "Not for eve")
he.nothing("and nothing of it from then on")

# names, subscriptions, what METADATA says
s.group("new.group")
he.until(r'^\* LIST \(\) "\." new\.group$', "a new group")
s.ctl("group", "set", "new.group", "title=About")
he.until(r"^\* METADATA new\.group /shared/comment$", "its title")
s.ctl("group", "remove", "new.group")
he.until(r'^\* LIST \(\\NonExistent\) "\." new\.group$', "removed")
e2 = log("eve")
e2.run("CREATE Mine")
he.until(r'^\* LIST \(\) "\." Mine$', "a folder made in another session")
e2.run("RENAME Mine Yours")
he.until(r'^\* LIST \(\) "\." Yours \("OLDNAME" \("?Mine"?\)\)$', "renamed")
e2.run("UNSUBSCRIBE Yours")
he.until(r'^\* LIST \(\) "\." Yours$', "unsubscribed")
e2.run("SUBSCRIBE Yours")
he.until(r'^\* LIST \(\\Subscribed\) "\." Yours$', "subscribed")
e2.run('SETMETADATA Yours (/private/comment "x")')
he.until(r"^\* METADATA Yours /private/comment$", "a note on it")
a2.run("CREATE Alices")
e2.run("DELETE Yours")
got = he.until(r'^\* LIST \(\\NonExistent\) "\." Yours$', "deleted")
ok(not [l for l in got if "Alices" in l], "others' folders are nobody's business")
e.run("NOTIFY SET (MAILBOXES INBOX (ServerMetadataChange))")
e2.run('SETMETADATA "" (/private/note "x")')
he.until(r'^\* METADATA "" /private/note$', "ServerMetadataChange")
e2.run("CREATE Quiet")
he.nothing("nothing else")

# the selected mailbox
a = log("alice")
h = Heard(a)
a.run("SELECT test.forum")
a.run("NOTIFY SET (SELECTED (MessageNew (FLAGS BODY[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange))")
post("test.forum", "Pushed")
got = h.until(r"^\* \d+ FETCH \(.*Subject: Pushed", "EXISTS and FETCH by themselves")
ok(got[0].endswith("EXISTS") and "UID " in got[-1], "EXISTS first, with the UID") or diag(got)
ok("\\Seen" not in a.run("FETCH * (FLAGS)")[1][0], "which marks nothing as read")
b.run("NOOP")
n = int(got[0].split()[1])
a2.run("SELECT test.forum")
a2.run("STORE %d +FLAGS.SILENT (\\Flagged)" % n)
h.until(r"^\* %d FETCH \(UID \d+ FLAGS \(\\Flagged\)\)$" % n, "flags")
b.run("NOOP")
b.run("STORE %d +FLAGS.SILENT (\\Deleted)" % n)
b.run("EXPUNGE")
h.until(r"^\* %d EXPUNGE$" % n, "EXPUNGE")
big = "x" * 76 + "\r\n"
a.run("NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge))")
s.post("test.forum", "Big", body=big * 4000)
got = h.until(r"^\* \d+ FETCH ", "a text of 300 KB is told whole")
ok(got[-1].count("x" * 76) == 4000, "every line")
a2.run("NOOP")
a2.run("STORE 1 -FLAGS.SILENT (\\Seen)")
post("test.forum", "After")
got = h.until(r"Subject: After", "no FlagChange: ")
ok(not [l for l in got if re.match(r"\* 1 FETCH", l)], "no flags")
like("".join(a.run("FETCH 1 BODY[TEXT]")[1]), r"FLAGS \(.*\\Seen", "but for what a command does itself")

# delayed
a.run("NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange))")
b.run("NOOP")
b.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
b.run("EXPUNGE")
post("test.forum", "Later")
got = h.until(r"EXISTS$", "SELECTED-DELAYED: EXISTS at once")
ok(not [l for l in got if "EXPUNGE" in l], "EXPUNGE not")
ok(not [l for l in a.run("FETCH 2 FLAGS")[1] if "EXPUNGE" in l], "nor with FETCH")
ok("* 1 EXPUNGE" in a.run("NOOP")[1], "but with NOOP")

# NONE, and IDLE
a.run("NOTIFY NONE")
a.send("i IDLE")
like(a.line(), r"^\+", "IDLE")
post("test.forum", "Silence")
post("test.forum", "And more")
a.send("DONE")
got = []
while not (got and got[-1].startswith("i ")):
    got.append(a.line())
ok(len([l for l in got if "EXISTS" in l]) == 1 and got[-2].endswith("EXISTS"), "after NONE IDLE is silent; its end tells") or diag(got)
a.run("NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (PERSONAL (MessageNew MessageExpunge))")
a.send("j IDLE")
a.line()
post("test.other", "Elsewhere")
h.until(r"^\* STATUS test.other", "IDLE with NOTIFY tells of other mailboxes")
post("test.forum", "Here")
h.until(r"EXISTS$", "and of this")
a.send("DONE")
h.until(r"^j OK", "DONE")

# pipelined commands and events under each other
for i in range(50):
    a.send("p%d NOOP" % i)
    if i % 10 == 0:
        post("test.other", "P%d" % i)
got = h.until(r"^p49 OK", "answers in order")
is_([l.split()[0] for l in got if l[0] == "p"], ["p%d" % i for i in range(50)], "all of them")
last = re.search(r"MESSAGES \d+", b.run("STATUS test.other (MESSAGES)")[1][0]).group(0)
if not [l for l in got if last + " " in l]:
    h.until("^. STATUS test.other .%s " % last, "the last count arrives")

# COMPRESS
import zlib
z = log("alice")
z.run("NOTIFY SET (PERSONAL (MessageNew MessageExpunge))")
z.run("COMPRESS DEFLATE")
post("far.away", "Deflated")
text, back = b"", zlib.decompressobj(-15)
while b"STATUS far.away" not in text:
    text += back.decompress(z.s.recv(4096))
ok(True, "told inside COMPRESS")

# IDLE: every door is told within a moment of its commit
w = log("alice")
w.run("SELECT test.other")
w.send("k IDLE")
w.line()
count = lambda: int(Heard(w).until(r"EXISTS$", "IDLE tells")[-1].split()[1])
post("test.other", "by news")
n = count()
b.run("APPEND test.other {18+}\r\nSubject: m\r\n\r\nTx\r\n")
is_(count(), n + 1, "a post by IMAP")
sub = Conversation(s.port["submission"])
sub.reply()
sub.send("EHLO x")
sub.reply()
import base64
sub.send("AUTH PLAIN " + base64.b64encode(b"\0bob@example.org\0secret").decode())
sub.reply()
for l in ("MAIL FROM:<bob@example.org>", "RCPT TO:<test.other@forum.test>", "DATA"):
    sub.send(l)
    sub.reply()
sub.raw("From: bob@example.org\r\nTo: test.other@forum.test\r\nSubject: by mail\r\nMessage-ID: <%s@x.example>\r\n\r\ntext\r\n.\r\n" % os.urandom(6).hex())
like(sub.reply(), "^250", "a post by mail")
is_(count(), n + 2, "is told too")
s.ctl("hide", "test.other:1", "--reason", "x")
Heard(w).until(r"EXPUNGE$", "what forumctl hides is told")
w.send("DONE")
Heard(w).until(r"^k OK", "DONE")

# more mailboxes than are told about: off, as after NONE, and the session goes on
o = Server(limits="posts_per_minute = 1000 notify_mailboxes = 10")
for n in range(3):
    o.group("full.g%d" % n)
o.member("alice@example.org", "Alice", "secret")
c, d = o.imap("alice@example.org", "secret"), o.imap("alice@example.org", "secret")
for x in (c, d):
    x.run("SELECT full.g0")
ALL = "NOTIFY SET (SELECTED (MessageNew MessageExpunge)) (PERSONAL (MailboxName MessageNew MessageExpunge))"
is_(c.run(ALL), ("OK NOTIFY completed", []), "ten mailboxes are few enough")
h = Heard(c)
o.post("full.g1", "Before")
h.until(r"^\* STATUS full\.g1 ", "changes are told")
o.group("full.g3")
h.until(r"^\* OK \[NOTIFICATIONOVERFLOW\]", "one mailbox more: an untagged OK says that it is off")
o.post("full.g1", "After")
o.post("full.g0", "Here")
o.group("full.g4")
u = c.run("NOOP")[1]
ok("* 1 EXISTS" in u and not [x for x in u if "STATUS" in x or "LIST" in x], "nothing more is told of other mailboxes") or diag(u)
o.post("full.g0", "Here too")
c.send("i IDLE")
like(c.response(), r"^\+", "IDLE")
o.post("full.g0", "While idle")
time.sleep(0.3)
c.send("DONE")
l = [c.response()]
while not l[-1].startswith("i "):
    l.append(c.response())
ok("* 3 EXISTS" in l and not [x for x in l if "STATUS" in x or "LIST" in x], "the open mailbox is told in answers to commands") or diag(l)
like(c.run(ALL)[0], r"^NO \[NOTIFICATIONOVERFLOW\]", "asked for again: refused")
r, u = c.run("NOTIFY SET STATUS (SELECTED (MessageNew MessageExpunge)) (MAILBOXES full.g1 (MessageNew MessageExpunge))")
is_((r, len([x for x in u if "STATUS full.g1" in x])), ("OK NOTIFY completed", 1), "what tells of no lists has no such limit")
o.post("full.g1", "Told")
Heard(c).until(r"^\* STATUS full\.g1 ", "and is told again")
is_(d.run(ALL)[0][:26], "NO [NOTIFICATIONOVERFLOW] ", "another session, from the beginning")
o.post("full.g0", "Last")
ok("* 4 EXISTS" in d.run("NOOP")[1], "which goes on as after NONE")
d.run("NOTIFY NONE")
is_(d.run("NOOP"), ("OK NOOP completed", []), "NONE")
done()
