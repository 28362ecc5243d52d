#!/usr/bin/env python3
"""IMAP: Moderation.Queue: open cases and posts that wait, as messages; decided by moving or by keyword; the first one wins."""
import email, email.policy, os, sys, zlib
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000")
s.group("test.forum")
s.group("test.other")
s.group("test.held", "--moderated")
s.group("hidden.group", "--access", "private")
for who in ("alice", "bob", "mod", "mod2", "other", "boss"):
    s.member(who + "@example.org", who.title(), "secret")
for who in ("mod", "mod2"):
    s.ctl("member", "role", who + "@example.org", "moderator:test.forum")
    s.ctl("member", "role", who + "@example.org", "moderator:test.held")
s.ctl("member", "role", "other@example.org", "moderator:test.other")
s.ctl("member", "role", "boss@example.org", "admin")
s.ctl("member", "role", "alice@example.org", "member:hidden.group")
for i in range(1, 9):
    s.post("test.forum", "Post %d" % i)
s.post("test.other", "Elsewhere")
s.post("hidden.group", "Secret")
Q = "Moderation.Queue"
C = {w: s.imap(w + "@example.org", "secret") for w in ("alice", "bob", "mod", "mod2", "other", "boss")}
m, m2 = C["mod"], C["mod2"]


def subjects(w, again=True):
    c = C[w]
    if again:
        c.run("SELECT " + Q)
    u = c.run("UID FETCH 1:* (ENVELOPE)")[1]
    return {int(re.search(r"UID (\d+)", l).group(1)): re.search(r'ENVELOPE \("[^"]*" "([^"]*)"', l).group(1) for l in u if "ENVELOPE" in l}


def flags(c, uid):
    return sorted(re.search(r"FLAGS \(([^)]*)\)", [l for l in c.run("UID FETCH %d (FLAGS)" % uid)[1] if " FETCH " in l][-1]).group(1).split())


# who has it
listed = lambda w, p: [l for l in C[w].run('LIST "" "%s"' % p)[1] if "NonExistent" not in l]
ok(any(Q in l for l in listed("mod", "*")) and not any(Q in l for l in listed("alice", "*")), "LIST: moderators only")
for cmd in ("SELECT %s", "STATUS %s (MESSAGES)", "SUBSCRIBE %s", "MYRIGHTS %s", "GETMETADATA %s /private/comment", "GETQUOTAROOT %s"):
    r = [C["alice"].run(cmd % n) for n in (Q, "Moderation.None")]
    is_(str(r[0]).replace(Q, "x"), str(r[1]).replace("Moderation.None", "x"), "for others it is not there: " + cmd.split()[0])
is_(len(listed("mod", Q + ".!*")), 5, "the verdicts are its siblings")
is_(listed("alice", Q + ".!*"), [], "for moderators")

# empty, then reports and posts that wait, live
r, u = m.run("SELECT " + Q)
ok("* 0 EXISTS" in u and any("$Approve" in l and "$Keep" in l for l in u if "PERMANENTFLAGS" in l), "empty; the verdicts are keywords too")
validity = re.search(r"UIDVALIDITY (\d+)", "\n".join(u)).group(1)
C["bob"].run("SELECT test.forum")
BOB = "=?utf-8?B?QsO2Yg==?="
s.ctl("member", "set", "bob@example.org", "name=B\u00f6b")
s.ctl("flag", "test.forum:1", "spam", "--as", "bob@example.org", "--reason", "sells pills, and writes \u00fcber that")
seen = []
ok(wait_for(lambda: seen.extend(m.run("NOOP")[1]) or "* 1 EXISTS" in seen, 5), "a report comes into the open queue")
text = b"Subject: Please publish\r\n\r\nI wait.\r\n"
like(C["bob"].run("APPEND test.held {%d}" % len(text), [text])[0], r"^OK .*waits for approval", "a post that waits")
ok(wait_for(lambda: seen.extend(m.run("NOOP")[1]) or "* 2 EXISTS" in seen, 5), "comes too")
is_(subjects("mod"), {1: "Post 1", 2: "Please publish"}, "both can be read")
is_((flags(m, 1), flags(m, 2)), (["$Case-spam", "$Reported"], ["$Case-waits"]), "what they are about")
r, u = m.run("UID FETCH 2 (RFC822.SIZE BODYSTRUCTURE BODY.PEEK[] PREVIEW)")
size = int(re.search(r"RFC822.SIZE (\d+)", u[0]).group(1))
lit = re.search(r"BODY\[\] \{(\d+)\}\r\n(.*)", u[0], re.S)
is_(int(lit.group(1)), size, "the size is right")
like(lit.group(2), r"Subject: Please publish\r\n.*\r\n\r\nI wait\.\r\n", "the text of what waits")
ok("bob@example.org" not in u[0], "without the author's address")
is_(m.run("UID SEARCH KEYWORD $Case-waits")[1], ["* SEARCH 2"], "SEARCH KEYWORD")
is_(m.run("UID SEARCH TEXT wait")[1], ["* SEARCH 2"], "SEARCH TEXT")
is_(m.run("UID SORT (SUBJECT) UTF-8 ALL")[1], ["* SORT 2 1"], "SORT")
like(m.run("UID THREAD REFERENCES UTF-8 ALL")[1][0], r"\(1\)\(2\)|\(2\)\(1\)", "THREAD")
like(m.run("UID STORE 1 +FLAGS (\\Seen mine)")[0], "^OK", "marks of one's own")
is_((flags(m, 1), flags(m2, 1) if m2.run("SELECT " + Q) else 0), (["$Case-spam", "$Reported", "\\Seen", "mine"], ["$Case-spam", "$Reported"]), "are one's own")
like(m.run("STATUS %s (MESSAGES UNSEEN)" % Q)[1][0], r"MESSAGES 2 UNSEEN 1", "STATUS")
is_((subjects("other"), subjects("boss")), ({}, {1: "Post 1", 2: "Please publish"}), "of one's own groups only; admins see all")
C["alice"].run("SELECT hidden.group")
C["alice"].run("COPY 1 !Flag.other")
is_((subjects("mod"), sorted(subjects("boss").values())), ({1: "Post 1", 2: "Please publish"}, ["Please publish", "Post 1", "Secret"]), "a private group's case is its moderators'")

# what the reports say, and who made them, stands in the header
def header(c, uid, what="HEADER.FIELDS (Comments)"):
    u = "".join(c.run("UID FETCH %d (BODY.PEEK[%s])" % (uid, what))[1])
    k = re.search(r"\{(\d+)\}\r\n", u)
    return u.encode("utf-8", "surrogateescape")[k.end():k.end() + int(k.group(1))].decode()


words = lambda t: [str(v) for v in email.message_from_string(t, policy=email.policy.default).get_all("Comments", [])]
is_(words(header(m, 1)), ["spam, reported by B\u00f6b: sells pills, and writes \u00fcber that"], "the reason, and who gave it")
ok(header(m, 1).isascii(), "as encoded words")
like(words(header(m, 2))[0], "^waits for approval", "what waits says so")
is_(m.run("UID SEARCH HEADER Comments pills")[1], ["* SEARCH 1"], "SEARCH HEADER finds it")
is_(m.run('UID SEARCH TEXT "sells pills"')[1], ["* SEARCH 1"], "SEARCH TEXT too")
C["alice"].run("SELECT test.forum")
ok("Comments" not in header(C["alice"], 1, "") and "Comments" not in header(C["boss"], 1, "") if C["boss"].run("SELECT test.forum") else 0, "nowhere else")
def sizes(c, uid):
    u = "".join(c.run("UID FETCH %d (RFC822.SIZE)" % uid)[1])
    return int(re.search(r"SIZE (\d+)", u).group(1)), len(header(c, uid, "").encode())
is_(*sizes(m, 1), "RFC822.SIZE counts it")
z = s.imap("mod@example.org", "secret")
like(z.run("COMPRESS DEFLATE")[0], "^OK", "COMPRESS")
pack, unpack, got = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15), b""
z.raw(pack.compress(("a SELECT %s\r\nb UID FETCH 1 (BODY.PEEK[])\r\n" % Q).encode()) + pack.flush(zlib.Z_SYNC_FLUSH))
while b"\r\nb OK" not in got:
    got += unpack.decompress(z.s.recv(65536))
ok(header(m, 1, "").encode() in got, "the same on a compressed connection")

# one more report: another text, and so another number
C["alice"].run("COPY 1 !Flag.uncivil")
u = []
ok(wait_for(lambda: u.extend(m.run("NOOP")[1]) or "* 1 EXPUNGE" in u, 5), "a second report: the old number goes")
like(m2.run("UID MOVE 1 !Keep")[0], r"^NO \[EXPUNGEISSUED\] there is another report", "who decided about the first is told")
is_(subjects("mod"), {2: "Please publish", 3: "Post 1"}, "and a new one comes")
is_((flags(m, 3), len(words(header(m, 3)))), (sorted(["$Case-spam", "$Case-uncivil", "$Reported", "\\Seen", "mine"]), 2), "with both kinds, both reasons, and the marks")
C["alice"].run("COPY 1 !Undo")
is_(subjects("mod"), {2: "Please publish", 4: "Post 1"}, "one is taken back: another number")
is_(words(header(m, 4)), words(header(m, 4))[:1], "with one reason")
C["alice"].run("COPY 1 !Flag.uncivil")
is_(subjects("mod"), {2: "Please publish", 5: "Post 1"}, "and again")

# decided: by moving; the first one wins, the second is told
m2.run("SELECT " + Q)
q = s.imap("mod@example.org", "secret")
q.run("ENABLE QRESYNC")
r, u = q.run("SELECT " + Q)
high = re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(u)).group(1)
q.run("UNSELECT")
for how in ("MOVE", "COPY"):
    like(m.run("UID %s 5 test.forum" % how)[0], r"^NO \[CANNOT\]", how + " to its group is no decision")
is_(m.run("UID SEARCH UID 5")[1], ["* SEARCH 5"], "the case stays")
r, u = m.run("UID MOVE 5 %s.!Hide" % Q)
ok(r.startswith("OK done for 1") and "* 2 EXPUNGE" in u, "MOVE to !Hide: the case is gone") or diag(r, u)
r, u = m2.run("UID MOVE 5 !Keep")
like(r, r"^NO \[EXPUNGEISSUED\] decided already: hide by Mod\b", "who comes second is told")
ok("* 2 EXPUNGE" in u or "* 2 EXPUNGE" in m2.run("NOOP")[1], "and sees it go")
r, u = q.run("SELECT %s (QRESYNC (%s %s))" % (Q, validity, high))
ok("* VANISHED (EARLIER) 5" in u, "QRESYNC") or diag(u)
like(s.ctl("log", "test.forum"), "hide", "in the audit log")
C["bob"].run("NOOP")
is_(C["bob"].run("UID SEARCH SUBJECT \"Post 1\"")[1], ["* SEARCH"], "it is hidden")
like(m.run("UID MOVE 2 !Keep")[0], r"^NO \[CANNOT\].*approve or delete", "what does not fit is refused")
is_(subjects("mod"), {2: "Please publish"}, "and stays")
r, u = m2.run("UID MOVE 2 %s.!Approve" % Q)
ok(r.startswith("OK"), "!Approve") or diag(r)
ok(wait_for(lambda: [l for l in m.run("NOOP")[1] if "EXPUNGE" in l], 5), "gone for the other, live")
like(C["bob"].run("STATUS test.held (MESSAGES)")[1][-1], "MESSAGES 1", "it is published")

# at another door, and undone
C["bob"].run("COPY 2 !Flag.off-topic")
is_(subjects("mod"), {6: "Post 3"}, "a new case has a new number")
s.ctl("keep", "test.forum:3")
ok(wait_for(lambda: "* 1 EXPUNGE" in m.run("NOOP")[1], 5), "decided by forumctl: it vanishes")
s.ctl("undo")
is_(list(subjects("mod").values()), ["Post 3"], "undone: it is back")
uid = list(subjects("mod"))[0]
ok(uid > 6, "under a new number")

# by keyword
like(m.run("UID STORE %d +FLAGS.SILENT ($Keep)" % uid)[0], "^OK", "+FLAGS $Keep")
is_((subjects("mod"), subjects("mod2")), ({}, {}), "decided")
like(m.run("UID STORE 99 +FLAGS ($Keep)")[0], "^OK|^NO|^BAD", "no such case")
C["bob"].run("COPY 3 !Flag.spam")
a, = subjects("mod")
b, = subjects("mod2")
m.run("UID STORE %d +FLAGS ($Aside)" % a)
like(m2.run("UID STORE %d +FLAGS ($Hide)" % b)[0], r"^NO \[EXPUNGEISSUED\] decided already: aside by Mod\b", "the second is told here too")
C["bob"].run("NOOP")
C["bob"].run("COPY 3 !Flag.privacy")
uid, = subjects("mod")
m.run("UID STORE %d +FLAGS (\\Deleted)" % uid)
like(m.run("EXPUNGE")[0], r"^NO \[CANNOT\].*decided", "EXPUNGE decides nothing")
like(m.run("UID MOVE %d Trash" % uid)[0], r"^NO \[CANNOT\]", "nor does Trash")
like(m.run("APPEND %s {3}" % Q, [b"x\r\n"])[0], r"^NO \[CANNOT\]", "nothing is put into it")
m.run("CLOSE")
is_(list(subjects("mod")), [uid], "CLOSE neither")
like(m.run("UID MOVE %d !Delete" % uid)[0], "^OK", "!Delete")
is_(subjects("mod"), {}, "done")

# rights that go
C["bob"].run("NOOP")
C["bob"].run("COPY 1 !Flag.spam")
ok(len(subjects("mod")) == 1, "a case")
# nobody renews the moderators' numbers for ever
s.post("test.other", "Again and again")
C["bob"].run("SELECT test.other")
nth = C["bob"].run("UID SEARCH SUBJECT again")[1][0].split()[-1]
C["other"].run("SELECT " + Q)
uidnext = lambda: int(re.search(r"UIDNEXT (\d+)", C["other"].run("STATUS %s (UIDNEXT)" % Q)[1][0]).group(1))
before, said = uidnext(), []
while len(said) < 30 and (not said or said[-1].startswith("OK")):
    said.append(C["bob"].run("UID COPY %s !Flag.spam" % nth)[0])
    if said[-1].startswith("OK"):
        C["bob"].run("UID COPY %s !Undo" % nth)
ok(len(said) == 11 and re.match(r"NO \[LIMIT\] you have reported this post 10 times", said[-1]), "reported and taken back ten times: enough") or diag(*said)
is_(uidnext() - before, 10, "so many numbers were given")

s.ctl("member", "role", "mod@example.org", "none:test.forum")
s.ctl("member", "role", "mod@example.org", "none:test.held")
r, u = m.run("NOOP")
ok(any("CLOSED" in l for l in u) and m.run("SELECT " + Q)[0].startswith("NO"), "who moderates nothing any more has no queue") or diag(r, u)
ok(len(subjects("mod2")) == 1, "others keep theirs")
s.ctl("member", "role", "mod@example.org", "moderator:test.other")
is_(subjects("mod"), {}, "another group's moderator sees none of it")
s.ctl("member", "remove", "mod2@example.org", "--anonymise")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
s.ctl("rebuild")
is_(list(subjects("boss").values()).count("Secret"), 1, "and after rebuild")
done()
