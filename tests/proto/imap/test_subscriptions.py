#!/usr/bin/env python3
"""IMAP: subscriptions are each member's own: everything readable until he says otherwise; LSUB and LIST-EXTENDED."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="bad_commands = 100")
for g in ("iops.talk", "iops.talk.more", "top"):
    s.group(g)
s.group("hidden.group", "--access", "private")
for who in ("alice", "bob"):
    s.member(who + "@example.org", who.title(), "secret")
a, b = [s.imap(w + "@example.org", "secret") for w in ("alice", "bob")]
OWN = ["INBOX", "Drafts", "Sent", "Trash", "Unread", '"Replies to me"', "Watched"]


def lines(c, cmd):
    r, u = c.run(cmd)
    ok(r.startswith("OK"), cmd) or diag(r)
    return u


def names(c, cmd):
    return [re.search(r'"\." ("[^"]*"|\S+)', l).group(1) for l in lines(c, cmd)]


is_(names(a, 'LSUB "" *'), OWN + ["iops.talk", "iops.talk.more", "top"], "at first everything")
like(a.run("UNSUBSCRIBE iops.talk")[0], "^OK", "UNSUBSCRIBE")
like(a.run('UNSUBSCRIBE "Replies to me"')[0], "^OK", "an own box")
like(a.run("UNSUBSCRIBE iops.talk")[0], "^OK", "twice")
is_(names(a, 'LSUB "" *'), [o for o in OWN if "Repl" not in o] + ["iops.talk.more", "top"], "LSUB without them")
is_(lines(a, 'LSUB "" iops.%'), ['* LSUB (\\Noselect) "." iops.talk'], "a parent of what is subscribed")
is_(names(a, 'LIST (SUBSCRIBED) "" *'), [o for o in OWN if "Repl" not in o] + ["iops.talk.more", "top"], "LIST (SUBSCRIBED)")
l = lines(a, 'LIST "" iops.talk* RETURN (SUBSCRIBED)')
ok('\\Subscribed' not in l[0] and any("iops.talk.more" in x and "\\Subscribed" in x for x in l), "RETURN (SUBSCRIBED)") or diag(l)
is_(lines(a, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" iops.talk'), ['* LIST (\\HasChildren) "." iops.talk ("CHILDINFO" ("SUBSCRIBED"))'], "RECURSIVEMATCH")
is_(names(b, 'LSUB "" *'), OWN + ["iops.talk", "iops.talk.more", "top"], "bob's are his own")
like(a.run("SUBSCRIBE iops.talk.!Mute")[0], "^OK", "a sibling")
ok("iops.talk.!Mute" in names(a, 'LSUB "" *'), "is in LSUB then")
like(a.run("UNSUBSCRIBE iops.talk.!Mute")[0], "^OK", "and out")
is_([n for n in names(a, 'LSUB "" *') if "!" in n], [], "again")
s.stop()
s.start()
a, b = [s.imap(w + "@example.org", "secret") for w in ("alice", "bob")]
is_(names(a, 'LSUB "" iops*'), ["iops.talk.more"], "stored")
like(a.run("SUBSCRIBE iops.talk")[0], "^OK", "SUBSCRIBE")
is_(names(a, 'LSUB "" iops*'), ["iops.talk", "iops.talk.more"], "back")
for cmd in ("SUBSCRIBE %s", "UNSUBSCRIBE %s"):
    is_(a.run(cmd % "hidden.group"), a.run(cmd % "no.such"), "private is missing: " + cmd)

# a folder that is subscribed stays so when it is deleted (RFC 9051 6.3.7)
for n in ("Boats", "Boats.Sail", "Cars"):
    like(a.run("CREATE " + n)[0], "^OK", "CREATE")
like(a.run("SUBSCRIBE Boats.Sail")[0], "^OK", "SUBSCRIBE")
for n in ("Boats.Sail", "Boats", "Cars"):
    like(a.run("DELETE " + n)[0], "^OK", "DELETE")
is_(lines(a, 'LIST (SUBSCRIBED) "" Boats*'), ['* LIST (\\NonExistent \\Noselect \\HasNoChildren \\Subscribed) "." Boats.Sail'], "it is subscribed still")
is_(lines(a, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" Boats'), ['* LIST (\\NonExistent \\Noselect \\HasChildren) "." Boats ("CHILDINFO" ("SUBSCRIBED"))'], "below its parent")
is_(lines(a, 'LSUB "" Boats*'), ['* LSUB (\\Noselect) "." Boats.Sail'], "LSUB")
is_(lines(a, 'LIST "" Boats*'), [], "but it is not there")
is_(lines(a, 'LIST "" Boats%'), [], "nor is what was above it")
a.run("CREATE Boats")
is_(lines(a, 'LIST "" Boats%'), ['* LIST (\\HasNoChildren) "." Boats'], "made again it has none below")
is_(lines(a, 'LIST (SUBSCRIBED) "" Boats'), ['* LIST (\\HasNoChildren \\Subscribed) "." Boats'], "nor for who asks what is subscribed")
a.run("DELETE Boats")
is_(lines(a, 'LIST (SUBSCRIBED) "" Boats* RETURN (STATUS (MESSAGES))'), ['* LIST (\\NonExistent \\Noselect \\HasNoChildren \\Subscribed) "." Boats.Sail'], "and has no STATUS")
is_(lines(a, 'LIST (SUBSCRIBED) "" Cars'), [], "what nobody subscribed leaves nothing behind")
is_(lines(b, 'LIST (SUBSCRIBED) "" Boats*'), [], "nor is it another member's")
like(a.run("SELECT Boats.Sail")[0], "^NO", "it cannot be opened")
like(a.run("SUBSCRIBE Cars")[0], "^NO", "nothing is subscribed that is not there")
like(a.run("CREATE Boats.Sail")[0], "^OK", "made again")
is_(lines(a, 'LIST (SUBSCRIBED) "" Boats.Sail'), ['* LIST (\\HasNoChildren \\Subscribed) "." Boats.Sail'], "it is what it was")
a.run("DELETE Boats.Sail")
like(a.run("UNSUBSCRIBE Boats.Sail")[0], "^OK", "UNSUBSCRIBE of what is gone")
is_(lines(a, 'LIST (SUBSCRIBED) "" Boats.*'), [], "and that was it")
like(a.run("UNSUBSCRIBE Boats.Sail")[0], "^NO", "once")
done()
