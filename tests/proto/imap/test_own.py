#!/usr/bin/env python3
"""IMAP: a member's own mailboxes: INBOX, Drafts, Sent, Trash, Unread, Replies to me, Watched."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret")
a, b = s.imap("alice@example.org", "secret"), s.imap("bob@example.org", "secret")


def append(c, where, message, more=""):
    message = message.replace("\n", "\r\n").encode()
    return c.run("APPEND %s %s{%d}" % (where, more, len(message)), [message])[0]


def whole(c, uid):
    r, u = c.run("UID FETCH %d BODY.PEEK[]" % uid)
    m = re.search(r"\{(\d+)\}\r\n", u[0])
    return u[0].encode("utf-8", "surrogateescape")[m.end():m.end() + int(m.group(1))].decode()


def status(c, name, item="MESSAGES"):
    return int(re.search(r"%s (\d+)" % item, c.run('STATUS "%s" (%s)' % (name, item))[1][0]).group(1))


# special use
is_([re.search(r'"\." (.*)', l).group(1) for l in a.run('LIST (SPECIAL-USE) "" *')[1]], ["Drafts", "Sent", "Trash"], "LIST (SPECIAL-USE)")
like(a.run('LIST "" % RETURN (SPECIAL-USE)')[1][1], r"\\Drafts", "RETURN (SPECIAL-USE)")
ok(" SPECIAL-USE" in a.run("CAPABILITY")[1][0] and " MOVE" in a.run("CAPABILITY")[1][0], "announced")

# drafts are kept octet for octet, and nobody sees them
TEXT = "From: Alice W. <alice@work.example>\nTo: somebody@example.net\nSubject: Not yet\nMessage-ID: <draft@x.example>\nDate: Mon, 01 Jan 2024 00:00:00 +0000\nBcc: secret@example.net\nX-Odd:  two  spaces\n\n.dot\n\xe4 odd\nlast line without end"
r = append(a, "Drafts", TEXT, '(\\Draft \\Seen \\Flagged) "05-Mar-2021 10:00:00 +0000" ')
like(r, r"^OK \[APPENDUID [1-9]\d* 1\]", "APPEND to Drafts")
r, u = a.run("SELECT Drafts")
ok(any("\\Draft" in l for l in u if "PERMANENTFLAGS" in l), "\\Draft can be kept here")
is_(whole(a, 1), TEXT.replace("\n", "\r\n"), "octet for octet, Bcc and From too")
like(a.run("UID FETCH 1 (FLAGS INTERNALDATE ENVELOPE RFC822.SIZE)")[1][0], r'FLAGS \(\\Seen \\Flagged \\Draft\) INTERNALDATE " ?0?5-Mar-2021.*"work.example".*SIZE %d' % len(TEXT.encode().replace(b"\n", b"\r\n")), "flags, date, envelope, size")
ok("* 0 EXISTS" in b.run("SELECT Drafts")[1], "bob's Drafts are his own")
is_(s.nntp("bob@example.org", "secret").cmd("STAT <draft@x.example>")[:3], "430", "no door knows its id")
is_(status(b, "test.forum"), 0, "it is no post")
is_(s.outgoing(), [], "and no mail")
is_(a.run("SEARCH SUBJECT yet BODY odd")[1], ["* SEARCH 1"], "SEARCH works here")

# sent copies: before and after the post, never twice a post
def submit(mid, subject):
    c = s.nntp("alice@example.org", "secret")
    c.cmd("POST", "340")
    c.raw("Newsgroups: test.forum\r\nSubject: %s\r\nMessage-ID: %s\r\n\r\ntext\r\n.\r\n" % (subject, mid))
    c.expect("240")
    c.close()


def copy_of(mid, subject):
    return append(a, "Sent", "From: alice@example.org\nTo: test.forum@forum.test\nSubject: %s\nMessage-ID: %s\n\ntext\n" % (subject, mid), "(\\Seen) ")


like(copy_of("<first@x.example>", "Copy first"), r"^OK \[APPENDUID \d+ 1\]", "the copy comes first")
submit("<first@x.example>", "Copy first")
submit("<second@x.example>", "Post first")
like(copy_of("<second@x.example>", "Post first"), r"^OK \[APPENDUID \d+ 2\]", "the post comes first")
is_((status(a, "test.forum"), status(a, "Sent")), (2, 2), "two posts, two copies")
a.run("SELECT test.forum")
is_(a.run("SEARCH HEADER Message-ID first@x")[1], ["* SEARCH 1"], "each once in the group")
like(append(a, "INBOX", "Subject: x\n\nx\n"), r"^NO \[CANNOT\]", "INBOX is filled by the forum")
like(append(a, "Unread", "Subject: x\n\nx\n"), r"^NO \[CANNOT\]", "Unread too")

# replies arrive in INBOX and in "Replies to me", at once
a.run("SELECT INBOX")
before = time.time()
n = s.nntp("bob@example.org", "secret")
n.cmd("POST", "340")
n.raw("Newsgroups: test.forum\r\nSubject: Re: Copy first\r\nMessage-ID: <re@x.example>\r\nReferences: <first@x.example>\r\n\r\nan answer\r\n.\r\n")
n.expect("240")
ok(wait_for(lambda: "* 1 EXISTS" in a.run("NOOP")[1], 5), "a reply comes into the open INBOX")
like(a.run("FETCH 1 (ENVELOPE)")[1][0], r'"Re: Copy first".*"test.forum" "forum.test"', "it is the post, answered in its group")
a.run("STORE 1 +FLAGS (\\Seen)")
a.run('SELECT "Replies to me"')
is_(a.run("FETCH 1 (FLAGS)")[1], ["* 1 FETCH (FLAGS (\\Seen))"], "read in one is read in the other")
a.run("SELECT test.forum")
is_(a.run("SEARCH SEEN")[1], ["* SEARCH 3"], "and in the group")

# \Deleted is the box's own; expunging takes the pointer, not the post
a.run("SELECT INBOX")
a.run("STORE 1 +FLAGS (\\Deleted)")
like(a.run("FETCH 1 (FLAGS)")[1][0], r"\\Seen \\Deleted", "marked")
is_(a.run("EXPUNGE")[1], ["* 1 EXPUNGE"], "EXPUNGE in INBOX")
a.run("SELECT test.forum")
is_(a.run("SEARCH DELETED")[1], ["* SEARCH"], "the post is not touched")
is_((status(a, "INBOX"), status(a, "test.forum"), status(a, "Replies to me")), (0, 3, 1), "nor other boxes")

# unread
is_(status(b, "Unread"), 3, "STATUS of Unread")
r, u = b.run("SELECT Unread")
is_(len(b.run("UID FETCH 1:* (UID)")[1]), 3, "SELECT Unread")
b.run("STORE 1 +FLAGS (\\Seen)")
is_(status(b, "Unread"), 2, "what was read leaves")
b.run("SELECT Unread")
is_(len(b.run("UID FETCH 1:* (UID)")[1]), 2, "at the next look")

# watched
b.run("SELECT test.forum")
b.run("STORE 2 +FLAGS ($Watched)")
submit("<third@x.example>", "unrelated")
n = s.nntp("alice@example.org", "secret")
n.cmd("POST", "340")
n.raw("Newsgroups: test.forum\r\nSubject: Re: Post first\r\nReferences: <second@x.example>\r\n\r\nmore\r\n.\r\n")
n.expect("240")
is_(status(b, "Watched"), 1, "answers in a watched thread")

# COPY and MOVE
b.run("SELECT test.forum")
like(b.run("COPY 1:2 Sent")[0], r"^OK \[COPYUID \d+ 1:2 1:2\]", "COPY of posts into an own box")
a.run("SELECT Drafts")
r, u = a.run("COPY 1 Trash")
like(r, r"^OK \[COPYUID \d+ 1 1\]", "COPY of an own message")
r, u = a.run("UID MOVE 1 Sent")
ok(re.match(r"\* OK \[COPYUID \d+ 1 3\]", u[0]) and "* 1 EXPUNGE" in u and r == "OK MOVE completed", "MOVE") or diag(r, u)
is_((status(a, "Drafts"), status(a, "Sent"), status(a, "Trash")), (0, 3, 1), "counts")
a.run("SELECT Sent")
is_(whole(a, 3), TEXT.replace("\n", "\r\n"), "the moved message is whole")
like(a.run("UID FETCH 3 (FLAGS)")[1][0], r"\\Seen \\Flagged \\Draft", "with its flags")
a.run("STORE 1:* +FLAGS.SILENT (\\Deleted)")
is_(a.run("EXPUNGE")[1], ["* 3 EXPUNGE", "* 2 EXPUNGE", "* 1 EXPUNGE"], "EXPUNGE of own messages")
a.run("SELECT Trash")
is_(whole(a, 1), TEXT.replace("\n", "\r\n"), "a copy is a message of its own")
# into the same box
r, u = a.run("COPY 1 Trash")
ok(re.match(r"OK \[COPYUID \d+ 1 2\]", r) and "* 2 EXISTS" in u + a.run("NOOP")[1], "COPY of an own message to where it is: one more") or diag(r, u)
r, u = a.run("MOVE 1 Trash")
ok(re.match(r"\* OK \[COPYUID \d+ 1 3\]", u[0]) and "* 1 EXPUNGE" in u, "MOVE: a new number") or diag(r, u)
a.run("NOOP")
is_([l for l in a.run("FETCH 1:* (UID)")[1]], ["* 1 FETCH (UID 2)", "* 2 FETCH (UID 3)"], "two are there")
is_((whole(a, 2), whole(a, 3)), (TEXT.replace("\n", "\r\n"),) * 2, "and whole")
a.run("UID STORE 2 +FLAGS.SILENT (\\Deleted)")
a.run("EXPUNGE")
b.run("SELECT Sent")
for cmd in ("COPY 1:2 Sent", "MOVE 1:2 Sent"):
    is_(b.run(cmd), ("OK %s completed" % cmd[:4], []), "%s of pointers: they stay" % cmd[:4])
is_((b.run("NOOP")[1], b.run("FETCH 1:* (UID)")[1]), ([], ["* 1 FETCH (UID 1)", "* 2 FETCH (UID 2)"]), "as they were")
b.run("SELECT test.forum")
like(b.run("COPY 1 test.forum")[0], r"^NO \[CANNOT\]", "not in a group")
like(a.run("COPY 1 no.such")[0], r"^NO \[TRYCREATE\]", "no such mailbox")
like(a.run("COPY 1 test.forum")[0], r"^NO \[CANNOT\]", "drafts do not become posts that way")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound") or diag(s.err)
s.ctl("rebuild")
ok(s.ctl("check") is not None, "and after rebuild")
a.run("SELECT Trash")
is_(whole(a, 3), TEXT.replace("\n", "\r\n"), "own messages survive a rebuild")
is_(s.nntp("bob@example.org", "secret").cmd("STAT <draft@x.example>")[:3], "430", "and stay unknown")
done()
