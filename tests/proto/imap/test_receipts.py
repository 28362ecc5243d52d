#!/usr/bin/env python3
"""IMAP: what is done by moving or marking is told by a receipt in INBOX, and undone by it: by mail, or moved to !Undo."""
import os, smtplib, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
for who in ("alice", "bob", "mod", "quiet"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
s.ctl("member", "set", "quiet@example.org", "receipts=off")
mids = [s.post("test.forum", "Post %d" % i) for i in range(1, 7)]
b, box, m, q = [s.imap(w + "@example.org", "secret") for w in ("bob", "bob", "mod", "quiet")]
for c in (b, m, q):
    c.run("SELECT test.forum")
box.run("SELECT INBOX")


def whole(c, seq):
    r, u = c.run("FETCH %d (BODY.PEEK[])" % seq)
    u = [l for l in u if "BODY[]" in l]
    mm = re.search(r"\{(\d+)\}\r\n", u[0])
    return u[0].encode("utf-8", "surrogateescape")[mm.end():mm.end() + int(mm.group(1))].decode()


def count(c):
    c.run("NOOP")
    return int(re.search(r"INBOX \(MESSAGES (\d+)", "\n".join(c.run("STATUS INBOX (MESSAGES)")[1])).group(1))


def reply(to):
    s.post("test.forum", "Re", headers="References: %s\r\n" % to)


def watched():
    return int(re.search(r"Watched \(MESSAGES (\d+)", "\n".join(b.run("STATUS Watched (MESSAGES)")[1])).group(1))


# watch
like(b.run("COPY 1 !Watch")[0], "^OK done for 1", "watch")
ok(wait_for(lambda: count(box) == 1, 5), "a receipt in INBOX")
t = whole(box, 1)
like(t, r"\r\nSubject: Watched: Post 1\r\n", "what")
like(t, r"^From: \"?forum\.test\"? <commands@forum\.test>\r\n", "from whom")
like(t, r"\r\n\r\nWatched: Post 1 \(test\.forum\)\r\n\r\nTo undo: answer with +undo +or move this message to !Undo", "a line, and how to undo it")
like(t, r"\r\nReply-To: <answer-[a-z2-7]+@forum\.test>\r\n", "an address for that")
reply(mids[0])
is_(watched(), 1, "it is watched")
like(b.run("COPY 1 test.forum.!Watch")[0], "^OK", "again")
is_(count(box), 1, "nothing new, no receipt")

# moved to Trash, deleted: nothing is undone
box.run("COPY 1 Trash")
reply(mids[0])
is_(watched(), 2, "a receipt in Trash undoes nothing")
box.run("SELECT Trash")
like(box.run("MOVE 1 !Undo")[0], "^OK undone", "from Trash to !Undo")
reply(mids[0])
is_(watched(), 2, "undone")
box.run("SELECT INBOX")
like(box.run("MOVE 1 !Undo")[0], r"^NO \[.*(undone already|over)", "once only")

# undone by mail
b.run("COPY 2:3 !Mute")
ok(wait_for(lambda: count(box) == 2, 5), "one receipt for two")
t = whole(box, 2)
like(t, r"Subject: Muted: Post 2, and 1 more\r\n", "says so")
like(t, r"Muted: Post 2 \(test\.forum\)\r\nMuted: Post 3 \(test\.forum\)\r\n", "both are named")
to = re.search(r"Reply-To: <([^>]+)>", t).group(1)


def send(user, address, word):
    c = smtplib.SMTP("127.0.0.1", s.port["submission"], timeout=20 * SLOW)
    c.ehlo("x.example")
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    c.starttls(context=ctx)
    c.login(user, "secret")
    try:
        c.sendmail(user, [address], "From: %s\r\nTo: %s\r\nSubject: Re: Muted\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n\r\n%s\r\n" % (user, address, word))
        return "ok"
    except smtplib.SMTPException as e:
        return str(e)
    finally:
        c.close()


ok(send("alice@example.org", to, "undo") != "ok", "not by somebody else")
is_(send("bob@example.org", to, "undo"), "ok", "answered with undo")
ok(wait_for(lambda: [x for x in s.outgoing() if b"Undone: 2." in x], 10), "the answer says so")
like(box.run("COPY 2 !Undo")[0], r"^NO", "it is undone already")

# a report, taken back
b.run("COPY 4 !Flag.spam")
is_(len(s.json("queue")), 1, "a report")
ok(wait_for(lambda: count(box) == 3, 5), "a receipt")
like(whole(box, 3), r"Reported as spam: Post 4 \(test\.forum\)", "says as what")
box.run("NOOP")
like(box.run("MOVE 3 !Undo")[0], "^OK undone", "taken back")
is_(s.json("queue"), [], "no case any more")
m.run("NOOP")
is_(m.run("UID SEARCH KEYWORD $Reported")[1], ["* SEARCH"], "nor a mark")
like(s.ctl("log", "test.forum"), "spam: taken back", "the log has both")
b.run("COPY 4 !Flag.spam")
is_(len(s.json("queue")), 1, "reported again")
like(b.run("COPY 4 !Undo")[0], "^OK undone", "a post moved to !Undo")
is_(s.json("queue"), [], "does the same")
like(b.run("COPY 4 !Undo")[0], r"^NO \[CANNOT\].*nothing to undo", "but once")
b.run("STORE 5 +FLAGS ($OffTopic)")
ok(wait_for(lambda: count(box) == 5, 5), "a keyword that is a report has a receipt")
b.run("STORE 5 -FLAGS ($OffTopic)")
is_(s.json("queue"), [], "taking the keyword away takes the report back")

# two reports: one stays
b.run("COPY 5 !Flag.uncivil")
q.run("COPY 5 !Flag.spam")
b.run("COPY 5 !Undo")
is_([(c["reports"] if "reports" in c else 1) for c in s.json("queue")], [1], "another's report stays")
is_(count(q), 0, "a member without receipts gets none")

# moderators
m.run("NOOP")
like(m.run("COPY 5 !Hide")[0], "^OK", "hide")
ok(wait_for(lambda: count(m) == 1, 5), "a receipt")
b.run("NOOP")
m.run("SELECT INBOX")
like(whole(m, 1), r"Hidden: Post 5 \(test\.forum\)", "says so")
like(m.run("COPY 1 !Undo")[0], "^OK undone", "undone")
b.run("SELECT test.forum")
is_(b.run("UID SEARCH SUBJECT \"Post 5\"")[1], ["* SEARCH 5"], "it is back")
is_(len(s.json("queue")), 1, "with its case")

# and what a moderator expunges
m.run("SELECT test.forum")
m.run("UID STORE 2,6 +FLAGS.SILENT (\\Deleted)")
before = count(m)
m.run("EXPUNGE")
ok(wait_for(lambda: count(m) == before + 1, 5), "EXPUNGE by a moderator: a receipt")
m.run("SELECT INBOX")
like(whole(m, before + 1), r"Subject: Hidden: Post 2, and 1 more\r\n.*Hidden: Post 2 \(test\.forum\)\r\nHidden: Post 6 \(test\.forum\)", "of both")
like(m.run("MOVE %d !Undo" % (before + 1))[0], "^OK undone", "undone")
b.run("SELECT test.forum")
is_(b.run("UID SEARCH OR SUBJECT \"Post 2\" SUBJECT \"Post 6\"")[1], ["* SEARCH 2 6"], "both are back")

# not a receipt
like(b.run("COPY 6 !Undo")[0], r"^NO \[CANNOT\]", "nothing to undo about a post")
msg = ("From: x@example.net\r\nReply-To: <answer-%s@forum.test>\r\nSubject: x\r\n\r\nx\r\n" % ("a" * 40)).encode()
b.run("APPEND Drafts {%d}" % len(msg), [msg])
b.run("SELECT Drafts")
like(b.run("COPY 1 !Undo")[0], r"^NO \[CANNOT\].*no receipt", "a draft is no receipt")
like(b.run("COPY 1 !Mute")[0], r"^NO \[CANNOT\]", "nor a post")

# a receipt of somebody else's
box.run("SELECT INBOX")
b.run("SELECT test.forum")
b.run("COPY 6 !Watch")
box.run("NOOP")
n = count(box)
raw = whole(box, n).encode()
q.run("APPEND Drafts {%d}" % len(raw), [raw])
q.run("SELECT Drafts")
like(q.run("COPY 1 !Undo")[0], r"^NO \[CANNOT\]", "another member's receipt does nothing")
b.run("SELECT test.forum")
like(b.run("COPY 1:* !Mute")[0], "^OK", "as many as there are")
is_(count(box), n + 1, "one receipt")

# keywords that are words on threads: a receipt for the whole command, as for moving
kw = lambda c, uids="1:*": {u: set(f.split()) & {"$Muted", "$Watched"} for u, f in
    (re.search(r"UID (\d+) FLAGS \(([^)]*)\)", l).groups() for l in c.run("UID FETCH %s (UID FLAGS)" % uids)[1] if " FETCH " in l)}
s.post("test.forum", "Re: Post 1", headers="References: %s\r\n" % mids[0])
b.run("NOOP")
last = max(map(int, kw(b)))
for u in sorted(map(int, kw(b))):
    b.run("UID COPY %d !Undo" % u)
n = count(box)
like(b.run("UID STORE 1,3,%d +FLAGS.SILENT ($Watched)" % last)[0], "^OK", "STORE +FLAGS $Watched on two threads, three posts")
ok(wait_for(lambda: count(box) == n + 1, 5), "one receipt")
t = whole(box, n + 1)
like(t, r"Subject: Watched: Post 1, and 1 more\r\n.*Watched: Post 1 \(test\.forum\)\r\nWatched: Post 3 \(test\.forum\)\r\n\r\nTo undo", "a line for each thread")
b.run("UID STORE 1 +FLAGS ($Watched)")
b.run("UID STORE %d +FLAGS.SILENT ($Watched \\Seen)" % last)
is_(count(box), n + 1, "what is so already has none")
watching = watched()
like(box.run("MOVE %d !Undo" % (n + 1))[0], "^OK undone", "the receipt moved to !Undo")
reply(mids[0])
is_(watched(), watching, "the threads are not watched")
b.run("NOOP")
is_({u for u, f in kw(b).items() if f}, set(), "and the keywords are gone, from all three")
n = count(box)
b.run("UID STORE 3 FLAGS ($Muted)")
ok(wait_for(lambda: count(box) == n + 1, 5), "FLAGS $Muted: one more")
like(whole(box, n + 1), r"Subject: Muted: Post 3\r\n", "says so")
b.run("UID STORE %d FLAGS ($Muted)" % last)
b.run("UID STORE 3 -FLAGS ($Muted)")
is_(count(box), n + 2, "taking it away is undoing: no receipt") or diag(count(box), n)
like(box.run("MOVE %d !Undo" % (n + 1))[0], r"^NO \[.*changed since", "nothing is left to undo")
like(b.run("UID COPY %d !Undo" % last)[0], "^OK undone", "a post moved to !Undo")
is_(kw(b)[str(last)], set(), "loses the keyword too")
q.run("SELECT test.forum")
q.run("UID STORE 1 +FLAGS ($Muted)")
is_(count(q), 0, "not for who wants none")
b.run("APPEND Drafts {3}", [b"x\r\n"])
b.run("SELECT Drafts")
b.run("STORE 1 +FLAGS ($Muted)")
is_(count(box), n + 2, "own messages are no threads of the forum")

# said in an own box: the receipt names the group the post stands in
text = b"Subject: By Bob\r\nMessage-ID: <bob@x.example>\r\n\r\nx\r\n"
b.run("APPEND test.forum {%d}" % len(text), [text])
reply("<bob@x.example>")
box.run("NOOP")
n = count(box)
box.run("STORE %d +FLAGS ($Watched)" % n)
ok(wait_for(lambda: count(box) == n + 1, 5), "watched in INBOX")
like(whole(box, n + 1), r"\nWatched: Re \(test\.forum\)\r\n", "the group is named")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
