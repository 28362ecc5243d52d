#!/usr/bin/env python3
"""IMAP: QUOTA (RFC 9208) of a member's own mailboxes."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000 own_storage = 102400 own_messages = 20")
s.group("test.forum")
s.group("hidden.group", "--access", "private")
for who in ("alice", "bob"):
    s.member(who + "@example.org", who.title(), "secret")
a, b = [s.imap(w + "@example.org", "secret") for w in ("alice", "bob")]
like(a.run("CAPABILITY")[1][0], r" QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE\b", "announced")
ok("QUOTASET" not in a.run("CAPABILITY")[1][0], "nothing is set")


def quota(c, root="own"):
    r, u = c.run("GETQUOTA " + root)
    if not r.startswith("OK"):
        return r
    return [int(x) for x in re.match(r"\* QUOTA own \(STORAGE (\d+) (\d+) MESSAGE (\d+) (\d+)\)$", u[0]).groups()]


def put(c, size, box="Drafts"):
    text = (b"Subject: x\r\n\r\n" + b"0123456789abcdef" * (size // 16))[:size]
    return c.run("APPEND %s {%d}" % (box, len(text)), [text])[0]


is_(quota(a), [0, 100, 0, 20], "empty")
like(put(a, 10240), "^OK", "a draft")
got = quota(a)
ok(got[0] in (10, 11) and got[2] == 1, "counted") or diag(got)
is_(quota(b), [0, 100, 0, 20], "each member has his own")
r, u = a.run("GETQUOTAROOT Sent")
ok(u[0] == "* QUOTAROOT Sent own" and u[1].startswith("* QUOTA own (STORAGE"), "GETQUOTAROOT") or diag(u)
is_(a.run("GETQUOTAROOT test.forum")[1], ["* QUOTAROOT test.forum"], "a group has none")
is_(a.run("GETQUOTAROOT INBOX")[1][0], "* QUOTAROOT INBOX own", "INBOX with its receipts")
is_(a.run("GETQUOTAROOT Watched")[1], ["* QUOTAROOT Watched"], "what only points to posts has none")
is_(a.run("GETQUOTAROOT hidden.group"), a.run("GETQUOTAROOT no.such.group"), "private is missing")
like(quota(a, "other"), r"^NO \[NONEXISTENT\]", "no such root")
like(a.run("SETQUOTA own (STORAGE 500)")[0], r"^NO \[NOPERM\]", "SETQUOTA")
for bad in ("GETQUOTA", "GETQUOTAROOT", "GETQUOTA own x"):
    like(a.run(bad)[0], "^BAD", bad)

# the limit of octets
r = [put(a, 20480) for _ in range(6)]
ok([x[:2] for x in r] == ["OK"] * 4 + ["NO"] * 2 and r[-1].startswith("NO [OVERQUOTA]"), "OVERQUOTA in APPEND") or diag(r)
is_(quota(a)[2], 5, "what was refused is not there")
like(put(a, 4096), "^OK", "a small one still fits")
a.run("SELECT Drafts")
like(a.run("COPY 2 Trash")[0], r"^NO \[OVERQUOTA\]", "OVERQUOTA in COPY")
like(a.run("COPY 1:6 test.forum")[0], "^NO", "drafts are not posted by copying")
is_(a.run("STATUS Trash (MESSAGES)")[1], ["* STATUS Trash (MESSAGES 0)"], "nothing was copied")
like(put(a, 2000, "test.forum"), r"^OK \[APPENDUID", "posts are not counted")
a.run("SELECT test.forum")
like(a.run("COPY 1 Trash")[0], r"^OK \[COPYUID", "nor pointers to them")

# room again
a.run("SELECT Drafts")
a.run("STORE 2:3 +FLAGS.SILENT (\\Deleted)")
like(a.run("STATUS Drafts (DELETED DELETED-STORAGE)")[1][0], r"DELETED 2 DELETED-STORAGE 4(09|10|11)\d\d\)", "DELETED-STORAGE")
before = quota(a)
a.run("EXPUNGE")
after = quota(a)
ok(before[0] - after[0] in (40, 41) and before[2] - after[2] == 2, "EXPUNGE makes room") or diag(before, after)
like(a.run("COPY 2 Trash")[0], r"^OK \[COPYUID", "COPY goes now")
like(a.run("MOVE 1 Sent")[0], "^OK", "MOVE")
is_(quota(a)[2], after[2] + 1, "a moved message is one message")

# the limit of messages
r = [put(b, 100) for _ in range(21)]
ok([x[:2] for x in r] == ["OK"] * 20 + ["NO"] and "OVERQUOTA" in r[-1], "as many messages as may be") or diag(r)

b.run("SELECT Drafts")
r, u = b.run("REPLACE 1 Drafts {14+}\r\nSubject: y\r\n\r\n")
ok(r.startswith("OK") and "* 1 EXPUNGE" in u, "REPLACE takes the place of what goes") or diag(r, u)
is_(quota(b)[2], 20, "no more than before")

# another limit after a reload; the count survives a restart and a rebuild
with open(s.conf) as f:
    text = f.read()
with open(s.conf, "w") as f:
    f.write(text.replace("own_messages = 20", "own_messages = 25"))
s.reload()
ok(wait_for(lambda: quota(b)[3] == 25, 10), "another limit after a reload")
like(put(b, 100), "^OK", "holds at once")
had = quota(a)
s.stop()
s.start()
a = s.imap("alice@example.org", "secret")
is_(quota(a)[:3], had[:3], "the count survives a restart")
s.ctl("rebuild")
is_(quota(a)[:3], had[:3], "and a rebuild")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
