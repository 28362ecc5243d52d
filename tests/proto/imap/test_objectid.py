#!/usr/bin/env python3
"""IMAP OBJECTID (RFC 8474): the same post has the same id everywhere, threads and mailboxes have theirs."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 10000 bad_commands = 100")
for g in ("test.one", "test.two"):
    s.group(g)
s.member("alice@example.org", "Alice", "secret")
n = s.nntp("alice@example.org", "secret")


def post(groups, mid, refs=""):
    n.cmd("POST", "340")
    n.raw("Newsgroups: %s\r\nFrom: alice@example.org\r\nSubject: x\r\nMessage-ID: <%s@x.example>\r\n%s\r\nText.\r\n.\r\n" % (groups, mid, refs))
    n.expect("240")


post("test.one,test.two", "a")
post("test.one", "b", "References: <a@x.example>\r\n")
post("test.one", "c")
c = s.imap("alice@example.org", "secret")


def select(g):
    r, u = c.run("SELECT " + g)
    return re.search(r"MAILBOXID \((\S+?)\)", "\n".join(u)).group(1)


def ids():
    return [re.search(r"EMAILID \((\S+?)\) THREADID \((\S+?)\)", l).groups() for l in c.run("FETCH 1:* (EMAILID THREADID)")[1]]


b1 = select("test.one")
one = ids()
b2 = select("test.two")
two = ids()
ok(b1 != b2, "two mailboxes, two ids")
is_(c.run("STATUS test.one (MAILBOXID)")[1], ["* STATUS test.one (MAILBOXID (%s))" % b1], "STATUS knows it too")
is_(select("test.one"), b1, "the id stays")
is_(two, one[:1], "a crossposted post is the same in both")
is_(len({e for e, t in one}), 3, "three posts, three ids")
ok(one[0][1] == one[1][1] != one[2][1], "a reply shares the thread, another post does not")
ok(all(re.match(r"^[A-Za-z0-9_-]{1,255}$", x) for p in one + [(b1, b2)] for x in p), "the characters an id may have")
is_(c.run("UID SEARCH THREADID " + one[0][1])[1], ["* SEARCH 1 2"], "SEARCH THREADID")
is_(c.run("UID SEARCH EMAILID " + one[2][0])[1], ["* SEARCH 3"], "SEARCH EMAILID")
is_(c.run("UID SEARCH EMAILID M123")[1], ["* SEARCH"], "an id that is none of ours")
is_(c.run("UID SEARCH THREADID " + one[0][0])[1], ["* SEARCH"], "an id of another kind")
for bad in ("EMAILID", 'EMAILID ""', "THREADID"):
    like(c.run("SEARCH " + bad)[0], "^BAD", bad)
# a parent that comes later joins the threads; ids go on to say so the same for all of it
post("test.one", "e", "References: <d@x.example>\r\n")
post("test.one", "f", "References: <d@x.example>\r\n")
post("test.one", "d")
c.run("NOOP")
new = ids()[3:]
is_(len({t for e, t in new}), 1, "children of a late parent are one thread with it")
done()
