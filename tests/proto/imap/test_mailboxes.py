#!/usr/bin/env python3
"""IMAP: LIST and its relatives, STATUS, SELECT, what is private, what cannot be changed."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server()
for g in ("iops.blog", "iops.talk", "iops.talk.more", "top"):
    s.group(g)
s.group("hidden.group", "--access", "private")
s.member("alice@example.org", "Alice", "secret")
s.post("iops.talk", "One")
s.post("iops.talk", "Two")
c = s.imap("alice@example.org", "secret")


def listed(command):
    r, u = c.run(command)
    ok(r.startswith("OK"), command)
    return [l for l in u if "!" not in l]


OWN = ['* LIST (\\HasNoChildren) "." INBOX', '* LIST (\\HasNoChildren \\Drafts) "." Drafts', '* LIST (\\HasNoChildren \\Sent) "." Sent',
    '* LIST (\\HasNoChildren \\Trash) "." Trash', '* LIST (\\HasNoChildren) "." Unread', '* LIST (\\HasNoChildren) "." "Replies to me"',
    '* LIST (\\HasNoChildren) "." Watched']
is_(listed('LIST "" *'), OWN + ['* LIST (\\HasNoChildren) "." iops.blog',
    '* LIST (\\HasChildren) "." iops.talk', '* LIST (\\HasNoChildren) "." iops.talk.more', '* LIST (\\HasNoChildren) "." top'], "all readable")
is_(listed('LIST "" %'), OWN + ['* LIST (\\NonExistent \\Noselect \\HasChildren) "." iops',
    '* LIST (\\HasNoChildren) "." top'], "one level, with a parent that is no group")
is_(listed('LIST iops. %'), ['* LIST (\\HasNoChildren) "." iops.blog', '* LIST (\\HasChildren) "." iops.talk'], "reference and pattern")
is_(listed('LIST "" ""'), ['* LIST (\\Noselect) "." ""'], "the separator")
is_(listed('LIST iops. ""'), ['* LIST (\\Noselect) "." ""'], "below a name as well: names have no root")
is_(listed('LIST "" inbox'), ['* LIST (\\HasNoChildren) "." INBOX'], "INBOX in any case")
is_(listed('LIST "" "hidden*"'), [], "private groups are not there")
is_(listed('LIST "" hidden'), [], "nor their parents")
is_(listed('LIST "" %.%'), ['* LIST (\\HasNoChildren) "." iops.blog', '* LIST (\\HasChildren) "." iops.talk'], "%.%")
LSUB = [re.sub(r"LIST \(.*?\)", "LSUB ()", l) for l in OWN]
is_(listed('LSUB "" *'), LSUB + ['* LSUB () "." iops.blog', '* LSUB () "." iops.talk', '* LSUB () "." iops.talk.more', '* LSUB () "." top'], "LSUB")
is_(listed('LSUB "" %')[7], '* LSUB (\\Noselect) "." iops', "LSUB with a parent")
is_(listed('LIST (SUBSCRIBED) "" (top iops.b*) RETURN (CHILDREN STATUS (MESSAGES UIDNEXT))'), [
    '* LIST (\\HasNoChildren \\Subscribed) "." iops.blog', '* STATUS iops.blog (MESSAGES 0 UIDNEXT 1)',
    '* LIST (\\HasNoChildren \\Subscribed) "." top', '* STATUS top (MESSAGES 0 UIDNEXT 1)'], "extended LIST with STATUS")
is_(listed('LIST (SUBSCRIBED RECURSIVEMATCH) "" iops'),
    ['* LIST (\\NonExistent \\Noselect \\HasChildren) "." iops ("CHILDINFO" ("SUBSCRIBED"))'], "RECURSIVEMATCH")
like(c.run('LIST (RECURSIVEMATCH) "" *')[0], "^BAD", "RECURSIVEMATCH alone")
like(c.run('LIST "" "&x"')[0], "^BAD", "broken modified UTF-7")
like(c.run('LIST ""')[0], "^BAD", "LIST without a pattern")
like(c.run('LIST "" * ')[0], "^BAD", "a space too many")

r, u = c.run("STATUS iops.talk (MESSAGES UIDNEXT UNSEEN RECENT)")
is_(u, ["* STATUS iops.talk (MESSAGES 2 UIDNEXT 3 UNSEEN 2 RECENT 0)"], "STATUS")
r, u = c.run("STATUS iops.talk (UIDVALIDITY SIZE)")
like(u[0], r"^\* STATUS iops.talk \(UIDVALIDITY [1-9]\d* SIZE [1-9]\d*\)$", "STATUS with SIZE")
validity, size = re.findall(r"\d+", u[0])
r, u = c.run("STATUS INBOX (MESSAGES UIDVALIDITY UIDNEXT)")
like(u[0], r"^\* STATUS INBOX \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY [1-9]\d*\)$", "STATUS INBOX")
like(c.run("STATUS iops.talk (NONSENSE)")[0], "^BAD", "unknown item")
like(c.run("STATUS iops.talk ()")[0], "^BAD", "no item")
like(c.run("STATUS iops (MESSAGES)")[0], r"^NO \[NONEXISTENT\]", "a parent is no mailbox")

r, u = c.run("SELECT iops.talk")
like(r, r"^OK \[READ-WRITE\]", "SELECT")
flags = "\\Seen \\Answered \\Flagged \\Deleted $Forwarded $Junk $NotJunk $Muted $Watched"
is_([re.sub(r"\] .*", "]", l) for l in u if "MAILBOXID" not in l], ["* FLAGS (%s $Aside $Locked $Reported $OffTopic)" % flags, "* OK [PERMANENTFLAGS (%s $OffTopic \\*)]" % flags, "* 2 EXISTS", "* 0 RECENT",
    "* OK [UNSEEN 1]", "* OK [UIDVALIDITY %s]" % validity, "* OK [UIDNEXT 3]", "* OK [HIGHESTMODSEQ 3]"], "what SELECT tells")
r, u = c.run("UID FETCH 1:* RFC822.SIZE")
is_(sum(int(re.search(r"SIZE (\d+)", l).group(1)) for l in u), int(size), "STATUS SIZE is the sum of RFC822.SIZE")
r, u = c.run("EXAMINE iops.talk")
like(r, r"^OK \[READ-ONLY\]", "EXAMINE")
ok("* OK [PERMANENTFLAGS ()] your own marks" in u, "no flag can be changed")
like(c.run("STORE 1 +FLAGS \\Seen")[0], r"^NO \[READ-ONLY\]", "STORE after EXAMINE")
like(c.run("CHECK")[0], "^OK", "CHECK")
like(c.run("CLOSE")[0], "^OK", "CLOSE")
like(c.run("CLOSE")[0], "^BAD", "CLOSE twice")
like(c.run("SELECT inbox")[0], "^OK", "INBOX can be selected")
like(c.run("UID FETCH 1:* FLAGS")[0], "^OK", "and is empty")
is_(c.run("SEARCH ALL"), ("OK SEARCH completed", ["* SEARCH"]), "SEARCH there")
like(c.run("FETCH 1 FLAGS")[0], "^BAD", "no message 1")
like(c.run("UNSELECT")[0], "^OK", "UNSELECT")
like(c.run("SELECT {8}", [b"iops.talk"[:8]])[0], r"^NO \[NONEXISTENT\]", "a literal as name")

# private and missing are told apart by nothing
for command in ("SELECT %s", "EXAMINE %s", "STATUS %s (MESSAGES)", "SUBSCRIBE %s", "UNSUBSCRIBE %s", 'APPEND %s "" {3+}\r\nabc', "APPEND %s {3+}\r\nabc"):
    is_(c.run(command % "hidden.group"), c.run(command % "no.such.group"), "private is missing: " + command[:12])

like(c.run("SUBSCRIBE top")[0], "^OK", "SUBSCRIBE")
for command in ("CREATE new", "DELETE top", "RENAME top new"):
    like(c.run(command)[0], r"^NO \[NOPERM\]", command)
like(c.run("RENAME top")[0], "^BAD", "RENAME with one name")

# rights are asked on each command
s.member("bob@example.org", "Bob", "secret")
s.ctl("member", "role", "bob@example.org", "member:hidden.group")
b = s.imap("bob@example.org", "secret")
like(b.run("SELECT hidden.group")[0], "^OK", "a member of the private group")
s.ctl("member", "role", "bob@example.org", "none:hidden.group")
r, u = b.run("NOOP")
ok(r.startswith("NO [NONEXISTENT]") and any("[CLOSED]" in l for l in u), "access taken away while selected: the next command is refused")
like(b.run("FETCH 1 FLAGS")[0], "^BAD", "and the mailbox is closed")
is_(b.run('LIST "" hidden*')[1], [], "and gone from LIST")
done()
