#!/usr/bin/env python3
"""IMAP: MULTIAPPEND (RFC 3502), all or nothing; REPLACE (RFC 8508) of drafts and of the member's own posts."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 60 bad_commands = 1000")
s.group("test.forum")
s.group("test.held", "--moderated")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret")
a, b = [s.imap(w + "@example.org", "secret") for w in ("alice", "bob")]
M = lambda subject, more="": ("Subject: %s\r\n%s\r\ntext of %s\r\n" % (subject, more, subject)).encode()


def append(c, where, *messages, command="APPEND %s"):
    """(flags, message) ..."""
    c.raw(b"m " + (command % where).encode())
    for flags, m in messages:
        c.raw(b" %s{%d+}\r\n%s" % ((flags + " ").encode() if flags else b"", len(m), m))
    c.raw(b"\r\n")
    u = []
    while True:
        l = c.response()
        if l.startswith("m "):
            return l[2:], u
        u.append(l)


count = lambda c, box: int(re.search(r"MESSAGES (\d+)", c.run("STATUS %s (MESSAGES)" % box)[1][0]).group(1))
subjects = lambda c: re.findall(r'ENVELOPE \((?:"[^"]*"|NIL) "([^"]*)"', "".join(c.run("UID FETCH 1:* ENVELOPE")[1]))

# several messages
r, u = append(a, "Drafts", ("(\\Seen)", M("one")), ('(\\Flagged) "05-Mar-2021 10:00:00 +0000"', M("two")), ("", M("three")))
like(r, r"^OK \[APPENDUID \d+ 1:3\]", "three at once")
a.run("SELECT Drafts")
is_([re.sub(r".*FLAGS (\(.*?\)).*", r"\1", l) for l in a.run("FETCH 1:* FLAGS")[1]], ["(\\Seen)", "(\\Flagged)", "()"], "each with its flags")
like(a.run("FETCH 2 INTERNALDATE")[1][0], "Mar-2021", "and date")
is_(subjects(a), ["one", "two", "three"], "in order")
like(append(a, "test.forum", ("", M("p1")), ("", M("p2")))[0], r"^OK \[APPENDUID \d+ 1:2\]", "two posts")
is_(count(b, "test.forum"), 2, "are there")
# all or nothing
like(append(a, "test.forum", ("", M("p3")), ("", M("p4", "From: mallory@example.net\r\n")))[0], r"^NO ", "one of them refused")
is_(count(b, "test.forum"), 2, "none is there")
like(append(a, "Drafts", ("", M("x")), ("", b"no header\r\n\r\n\0"))[0], r"^(NO|OK)", "what cannot be a message")
like(append(a, "test.forum", ("", M("p3")), ("(\\Draft)", M("p4")))[0], r"^NO \[CANNOT\]", "a draft among posts")
is_(count(b, "test.forum"), 2, "none again")
n = count(a, "Drafts")
like(append(a, "Drafts", ("", M("x")), ('"nonsense"', M("y")))[0], "^BAD", "a date that is none")
is_(count(a, "Drafts"), n, "and nothing stored")
like(append(a, "Drafts", *[("", M("x"))] * 101)[0], r"^NO \[LIMIT\]", "101 messages")
like(append(a, "Drafts", ("", M("x")))[0], "^OK", "the connection goes on")
like(a.run("APPEND Drafts {3}", [b"abc"])[0], "^(OK|NO)", "one that waits for +")
a.send("z APPEND Drafts {%d}" % len(M("s1")))
ok(a.line().startswith("+"), "+ for the first")
a.raw(M("s1") + b" {%d}\r\n" % len(M("s2")))
ok(a.line().startswith("+"), "+ for the second")
a.raw(M("s2") + b"\r\n")
l = a.line()
while l.startswith("*"):
    l = a.line()
like(l, r"^z OK \[APPENDUID \d+ \d+:\d+\]", "both")
a.send("z APPEND Drafts {%d}" % len(M("s1")))
a.line()
a.raw(M("s1") + b" {999999999}\r\n")
like(a.line(), r"^z NO \[TOOBIG\]", "the second too big")
for bad in (" {3+}\r\nabc{3+}\r\nabc", " {3+}\r\nabc ", " () () {3+}\r\nabc", " {3+}\r\nabc (\\Seen)", ""):
    a.raw("y APPEND Drafts" + bad + "\r\n")
    like(a.line(), "^y BAD", "syntax: %r" % bad)

# REPLACE of a draft
a.run("CREATE Letters")
append(a, "Letters", ("", M("v1")), ("", M("other")))
a.run("SELECT Letters")
r, u = append(a, "1 Letters", ("(\\Seen)", M("v2")), command="REPLACE %s")
ok(r == "OK REPLACE completed" and re.match(r"\* OK \[APPENDUID \d+ 3\]", u[0]) and "* 1 EXPUNGE" in u and "* 2 EXISTS" in u, "REPLACE") or diag(r, u)
is_(subjects(a), ["other", "v2"], "the old one is gone, the new one there")
r, u = append(a, "3 Drafts", ("", M("v3")), command="UID REPLACE %s")
ok(r.startswith("OK") and "* 2 EXPUNGE" in u, "UID REPLACE into another box") or diag(r, u)
is_(subjects(a), ["other"], "gone here")
for what, code in (("UID REPLACE 3 Drafts", "NO [NONEXISTENT]"), ("REPLACE 9 Drafts", "BAD"), ("REPLACE 1:2 Drafts", "BAD"), ("REPLACE 1 Nowhere", "NO [TRYCREATE]"),
                   ("REPLACE 1 INBOX", "NO [CANNOT]"), ("REPLACE 1", "BAD"), ("UID REPLACE 2 test.held", "OK")):
    r, u = append(a, what, ("", M("x")), command="%s")
    ok(r.startswith(code), what) or diag(r, u)
is_(count(a, "Letters"), 0, "a draft that is posted, here to wait for approval, is gone")
append(a, "Letters", ("", M("d")))
a.run("SELECT Letters")
r, u = append(a, "* test.forum", ("", M("sent")), command="REPLACE %s")
ok(r.startswith("OK") and re.match(r"\* OK \[APPENDUID \d+ 3\]", u[0]) and "* 1 EXPUNGE" in u, "a draft becomes a post") or diag(r, u)
append(a, "Letters", ("", M("d")))
a.run("SELECT Letters")
like(append(a, "1 test.forum", ("", M("no", "From: mallory@example.net\r\n")), command="REPLACE %s")[0], "^NO", "what is refused")
is_(count(a, "Letters"), 1, "leaves the draft where it was")
a.run("EXAMINE Letters")
like(append(a, "1 Letters", ("", M("x")), command="REPLACE %s")[0], r"^NO \[READ-ONLY\]", "after EXAMINE")

# REPLACE of a post: what supersedes it
a.run("SELECT test.forum")
b.run("SELECT test.forum")
like(append(b, "1 test.forum", ("", M("mine now")), command="REPLACE %s")[0], r"^NO \[NOPERM\] only its author", "not of others")
like(append(a, "1 Letters", ("", M("x")), command="REPLACE %s")[0], r"^NO \[CANNOT\]", "a post is replaced in its group")
r, u = append(a, "1 test.forum", ("", M("p1 mended")), command="REPLACE %s")
ok(r.startswith("OK") and "* 1 EXPUNGE" in u and re.match(r"\* OK \[APPENDUID \d+ 4\]", u[0]), "the author's own") or diag(r, u)
is_(subjects(a), ["p2", "sent", "p1 mended"], "it took the place of the old one")
ok(wait_for(lambda: [l for l in b.run("NOOP")[1] if "EXPUNGE" in l], 5), "for everybody")
like(s.ctl("check"), "", "the store is sound")
done()
