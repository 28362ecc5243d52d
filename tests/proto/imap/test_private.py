#!/usr/bin/env python3
"""IMAP: for who may not read it a private group is not there: every command answers as for a name that nobody has."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 10000")
s.group("test.forum")
s.group("secret.place", "--access", "private", "--title", "Whispers")
for who in ("alice", "bob", "eve"):
    s.member(who + "@example.org", who.title(), "secret")
for r in ("member:secret.place", "moderator:secret.place"):
    s.ctl("member", "role", "bob@example.org", r)
b, e = [s.imap(w + "@example.org", "secret") for w in ("bob", "eve")]
M = b"Subject: Quiet\r\n\r\nwhispered\r\n"
like(b.run("APPEND secret.place {%d}" % len(M), [M])[0], "^OK", "the member posts")
s.post("test.forum", "Open", user="bob@example.org")
b.run("SELECT secret.place")
ids = re.findall(r'"(<[^"]*>)"\)', "".join(b.run("FETCH 1 ENVELOPE")[1]))
b.run("CREATE Mine")
b.run("COPY 1 Mine")

# the same answer for the hidden group and for none, in one session that enabled nothing and one that enabled everything
e2 = s.imap("eve@example.org", "secret")
e2.run("ENABLE IMAP4rev2 QRESYNC UTF8=ACCEPT")
H, N = "secret.place", "nobody.place"
for c in (e, e2):
    c.run("SELECT test.forum")
    for command in ("SELECT %s", "EXAMINE %s", "SELECT %s (CONDSTORE)", "STATUS %s (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE MAILBOXID)", "SUBSCRIBE %s", "UNSUBSCRIBE %s", 'LIST "" %s',
                    'LIST "" %s*', 'LIST "" "%s.!*"', 'LIST (SUBSCRIBED RECURSIVEMATCH) "" (%s) RETURN (CHILDREN STATUS (MESSAGES))', 'LSUB "" %s', 'LIST "%s" ""', "CREATE %s", "CREATE %s.Sub",
                    "CREATE %s (USE (\\Archive))", "DELETE %s", "RENAME %s Other", "RENAME Nothing %s", "APPEND %s {14+}\r\nSubject: x\r\n\r\n", "APPEND %s (\\Draft) {14+}\r\nSubject: x\r\n\r\n",
                    "SELECT %s.!Mute", "STATUS %s.!Hide (MESSAGES)", "GETACL %s", "MYRIGHTS %s", "LISTRIGHTS %s eve@example.org", "SETACL %s eve@example.org lrs", "DELETEACL %s eve@example.org",
                    "GETMETADATA %s /shared/comment", 'SETMETADATA %s (/private/comment "x")', "GETQUOTAROOT %s", "NOTIFY SET STATUS (MAILBOXES %s (MessageNew MessageExpunge MailboxName))",
                    "NOTIFY SET STATUS (SUBTREE %s (MessageNew MessageExpunge))", "NOTIFY NONE"):
        def ask(name):
            c.run("SELECT test.forum")
            r, u = c.run(command % name if "%" in command else command)
            return r.replace(name, "?"), [l.replace(name, "?") for l in u]
        is_(ask(H), ask(N), "as if it were not there: " + command.split("\r")[0])
    c.run("SELECT test.forum")
    for command in ("COPY 1 %s", "UID MOVE 1 %s", "COPY 1 %s.!Mute", "REPLACE 1 %s {14+}\r\nSubject: x\r\n\r\n"):
        is_(c.run(command % H), c.run(command % N), "as if it were not there: " + command.split("\r")[0])

# nothing of it anywhere
for c in (e, e2):
    got = []
    for command in ('LIST "" *', 'LIST "" "*!*"', 'LSUB "" *', 'LIST (SUBSCRIBED) "" (* %) RETURN (STATUS (MESSAGES UNSEEN SIZE))', "NAMESPACE", "NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge MailboxName))",
                    "SELECT Unread", "UID FETCH 1:* (ENVELOPE BODY.PEEK[])", "SEARCH TEXT whispered", "SELECT test.forum", "UID SEARCH TEXT whispered", "UID SEARCH HEADER Message-ID " + ids[0],
                    "THREAD REFERENCES UTF-8 ALL", "UID FETCH 1:* (ENVELOPE BODY.PEEK[] EMAILID THREADID)", "SELECT Mine", "GETMETADATA (DEPTH infinity) \"\" (/shared /private)"):
        r, u = c.run(command)
        got += u
    text = "\n".join(got).lower()
    ok("secret" not in text and "whisper" not in text and "quiet" not in text, "no octet of it") or diag([l for l in got if re.search("secret|whisper|quiet", l, re.I)])
# an answer to a post there does not tell that it is there
for mid in (ids[0], "<none@nobody.example>"):
    m = ("Subject: Re: Guess of " + ("one" if mid == ids[0] else "two") + "\r\nReferences: %s\r\nIn-Reply-To: %s\r\n\r\nguess\r\n" % (mid, mid)).encode()
    like(e.run("APPEND test.forum {%d}" % len(m), [m])[0], r"^OK \[APPENDUID \d+ \d+\]", "an answer to an id that is there, or nowhere")
e.run("SELECT test.forum")
r, u = e.run("THREAD REFERENCES UTF-8 SUBJECT Guess")
is_(len(u), 1, "both stand in the tree alike") or diag(u)
like(u[0], r"^\* THREAD \(\d+\)\(\d+\)$", "as threads of their own")
is_(s.nntp("eve@example.org", "secret").cmd("STAT " + ids[0])[:3], "430", "nor by news")

# who is put out while it is open
like(b.run("SELECT secret.place")[0], "^OK", "the member has it open")
s.ctl("member", "role", "bob@example.org", "none:secret.place")
r, u = b.run("UID FETCH 1 (BODY[])")
ok(r.startswith("NO [NONEXISTENT]") and not [l for l in u if "FETCH" in l], "put out: the next command is refused")
b.run("SELECT Mine")
is_([l for l in b.run("UID FETCH 1:* (BODY.PEEK[])")[1] if "whisper" in l], [], "and what his folder points to is not shown")
done()
