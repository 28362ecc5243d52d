#!/usr/bin/env python3
"""IMAP: a thread is moved aside, and comes back: in members' own boxes the octets under each UID stay (RFC 3501 2.3.1.1), the
marks too, and answers to the old address find the post where it is."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
for who in ("alice", "bob", "mod"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
s.ctl("member", "set", "alice@example.org", "receipts=off")


def post(who, subject, parent=""):
    n = s.nntp(who + "@example.org", "secret")
    mid = "<%s@x.example>" % subject.replace(" ", ".").replace(":", "")
    n.cmd("POST", "340")
    n.raw("Newsgroups: test.forum\r\nSubject: %s\r\nMessage-ID: %s\r\n%s\r\nbody of %s\r\n.\r\n" % (subject, mid, "References: %s\r\n" % parent if parent else "", subject))
    n.expect("240")
    n.close()
    return mid


BOXES = ("INBOX", '"Replies to me"', "Watched", "Unread", "Trash")
ITEMS = "(UID RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (Reply-To)] BODY.PEEK[HEADER]<0.80>)"


def view(c, items):
    """box -> its answers without flags, which are asked for apart"""
    out = {}
    for box in BOXES:
        c.run("SELECT " + box)
        out[box] = sorted(l for l in c.run("UID FETCH 1:* " + items)[1] if " FETCH " in l)
    return out


def flags(c):
    return {b: [re.search(r"UID (\d+) FLAGS \(([^)]*)\)", l).groups() for l in v] for b, v in view(c, "(UID FLAGS)").items()}


first = post("alice", "First")
post("alice", "Bystander")
a, g = s.imap("alice@example.org", "secret"), s.imap("alice@example.org", "secret")
a.run("SELECT test.forum")
a.run("STORE 1 +FLAGS ($Watched)")
for i in range(3):
    post("bob", "Re: First %d" % i, first)
a.run("SELECT INBOX")
is_(a.run("UID SEARCH ALL")[1], ["* SEARCH 1 2 3"], "three answers")
a.run("STORE 1 +FLAGS (\\Seen mine)")
a.run("STORE 3 +FLAGS (\\Flagged)")
a.run("SELECT test.forum")
a.run("STORE 4 +FLAGS (\\Deleted)")
a.run("EXPUNGE")
before, marked = view(a, ITEMS), flags(a)
ok(all(len(before[b]) for b in BOXES), "each box has some") or diag(before)
is_(len([l for v in before.values() for l in v if "Reply-To: <test.forum@forum.test>" in l]), sum(len(v) for v in before.values()), "each names its group for answers")
c = s.imap("alice@example.org", "secret")
c.run("ENABLE QRESYNC")
high = {}
for b in BOXES[:1]:
    r, u = c.run("SELECT " + b)
    high[b] = re.search(r"UIDVALIDITY (\d+)", "\n".join(u)).group(1), re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(u)).group(1)
g.run("SELECT INBOX")

s.ctl("aside", "test.forum:1", "--reason", "elsewhere")
ok(s.code == 0, "the thread is moved aside")
r, u = g.run("NOOP")
ok(not [l for l in u if "EXPUNGE" in l or "EXISTS" in l], "the open INBOX keeps its messages") or diag(u)
now = view(a, ITEMS)
for b in BOXES:
    had = {re.search(r"UID (\d+)", l).group(1): l.split(" FETCH ", 1)[1] for l in before[b]}
    has = {re.search(r"UID (\d+)", l).group(1): l.split(" FETCH ", 1)[1] for l in now[b]}
    is_({k: v for k, v in has.items() if k in had}, had if b != "Unread" else {k: v for k, v in had.items() if k in has}, "%s: every octet under every UID is as before" % b)
after = flags(a)
for b in BOXES:
    plain = lambda v: {k: set(f.split()) - {"$Aside"} for k, f in v}
    has = plain(after[b])
    is_({k: f for k, f in has.items() if k in plain(marked[b])}, {k: f for k, f in plain(marked[b]).items() if b != "Unread" or k in has}, "%s: and every mark" % b)
a.run("SELECT test.forum.aside")
is_([re.search(r"FLAGS \(([^)]*)\)", l).group(1) for l in a.run("UID FETCH 1:* (FLAGS)")[1] if " FETCH " in l][:4],
    ["$Watched $Aside", "\\Seen mine", "\\Flagged"], "the marks moved along; what was hidden is hidden") or diag(a.run("UID FETCH 1:* (FLAGS)")[1])
r, u = c.run("SELECT INBOX (QRESYNC (%s %s))" % high["INBOX"])
ok(not [l for l in u if "VANISHED" in l], "QRESYNC: nothing vanished")

# an answer to the address the message names
import smtplib
sm = smtplib.SMTP("127.0.0.1", s.port["submission"], timeout=20 * SLOW)
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
sm.ehlo("x.example")
sm.starttls(context=ctx)
sm.login("bob@example.org", "secret")
sm.sendmail("bob@example.org", ["test.forum@forum.test"], "From: bob@example.org\r\nTo: test.forum@forum.test\r\nSubject: Re: First\r\nMessage-ID: <late@x.example>\r\n"
            "In-Reply-To: %s\r\nReferences: %s\r\n\r\nlate answer\r\n" % (first, first))
sm.close()
shown = s.json("show", "<late@x.example>")[0]
ok("test.forum.aside" in json.dumps(shown), "an answer by mail to the old group's address stands with its thread") or diag(shown)

def append(k, mailbox, mid, refs):
    text = "Subject: Re: First\r\nMessage-ID: %s\r\n%s\r\nby IMAP\r\n" % (mid, "References: %s\r\n" % refs if refs else "")
    return k.run("APPEND %s {%d+}\r\n%s" % (mailbox, len(text), text))[0]


k = s.imap("bob@example.org", "secret")
like(append(k, "test.forum", "<imap-late@x.example>", first), r"^OK APPEND completed: the thread was moved to test\.forum\.aside, and the answer is there", "one by APPEND, too: no APPENDUID of the old group")
ok("test.forum.aside" in json.dumps(s.json("show", "<imap-late@x.example>")[0]), "it is there")
like(append(k, "test.forum", "<imap-new@x.example>", None), r"^OK \[APPENDUID", "what answers nothing stays")
like(append(k, "test.forum.aside", "<imap-there@x.example>", first), r"^OK \[APPENDUID", "an answer where the thread is")

s.ctl("undo")
ok(s.code == 0, "undone")
back = view(a, ITEMS)
for b in ("INBOX", '"Replies to me"', "Watched"):
    has = {re.search(r"UID (\d+)", l).group(1): l.split(" FETCH ", 1)[1] for l in back[b]}
    is_([has.get(re.search(r"UID (\d+)", l).group(1)) for l in before[b]], [l.split(" FETCH ", 1)[1] for l in before[b]], "%s: and still" % b)
again = flags(a)
is_({k: f for k, f in again["INBOX"] if k in dict(marked["INBOX"])}, dict(marked["INBOX"]), "with their marks")

ok("ok" in s.ctl("check") or s.code == 0, "the store is sound") or diag(s.err)
s.ctl("rebuild")
rebuilt = view(a, ITEMS)
is_(rebuilt["INBOX"], back["INBOX"], "a rebuild changes no octet")
done()
