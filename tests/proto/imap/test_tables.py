#!/usr/bin/env python3
"""IMAP by tables: sets, sections and partials of a message with everything in it, envelopes of strange headers, search keys over a
small corpus, list patterns, command syntax. A line is a command and what its answers must be; answers are compared whole."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="bad_commands = 10000 posts_per_minute = 0")
for g in ("test.forum", "test.garden", "test.garden.roses", "other.place"):
    s.group(g)
s.member("alice@example.org", "Alice", "secret")
c = s.imap("alice@example.org", "secret")


def append(text, flags="", date="", box="Drafts"):
    data = text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode()
    r, _ = c.run("APPEND %s (%s) %s{%d}" % (box, flags, '"%s" ' % date if date else "", len(data)), [data])
    assert r.startswith("OK"), r
    return data


def table(name, rows, prefix=""):
    """rows: (command, status, untagged answers or None: whatever they are); a status may go on with the code"""
    for command, status, want in rows:
        r, u = c.run(prefix + command)
        good = r.startswith(status) and (want is None or u == want)
        if not ok(good, "%s: %s" % (name, command[:90].replace("\r\n", "|"))):
            diag("got: ", r, u)
            diag("want:", status, want)


# ---- 1. message: parts in parts
NASTY = append('''From: "Alice \\"A\\" B" <alice@example.org>
To: undisclosed-recipients:;
Cc: Group: a@x.example, "B, C" <bc@y.example>;, late@z.example
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Date: Thu, 1 Jan 2026 10:00:00 +0100
Message-ID: <nasty@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="a b"

preamble
--a b
Content-Type: text/plain; charset=us-ascii
Content-Description: first
X-Note: one

0123456789
--a b
Content-Type: message/rfc822
Content-Disposition: attachment; filename="in.eml"

From: inner@example.org
Subject: inner
X-Long: a
 folded
Content-Type: multipart/alternative; boundary=i

--i
Content-Type: text/plain

plain
--i
Content-Type: text/html

<p>html</p>
--i--
--a b
Content-Type: application/octet-stream; name*=utf-8''%C3%A4.bin
Content-Transfer-Encoding: base64
Content-ID: <cid@example.org>
Content-Language: en, de
Content-Location: http://x.example/

AAEC
--a b--
epilogue
''', r"\Draft \Seen", "02-Feb-2020 12:00:00 +0000")
append("From: alice@example.org\nSubject: empty body\nMessage-ID: <two@x.example>\n\n", r"\Draft", "03-Feb-2020 12:00:00 +0000")
append("\n", r"\Draft \Flagged", "04-Feb-2020 12:00:00 +0000")
append('''Date: not a date
From: bare@x.example (Old Style)
Sender:
Reply-To: <>
To: =?iso-8859-1?q?J=F6rg?= <j@x.example>, @route,@b.example:r@c.example
Subject: a "quoted" \\ subject
In-Reply-To: <x@y.example>
Content-Type: bad/

body with needle
''', r"\Draft \Answered", "05-Feb-2020 23:30:00 -0200")
append("Subject: five\nDate: Fri, 02 Jan 2026 00:30:00 +0200\nBcc: secret@x.example\nX-Empty:\n\n" + "x" * 2000 + "\n", r"\Draft \Deleted $Later", "06-Feb-2020 12:00:00 +0000")
c.run("SELECT Drafts")


def lit(item, data, n=1):
    d = data.encode() if isinstance(data, str) else data
    return ["* %d FETCH (%s {%d}\r\n%s)" % (n, item, len(d), d.decode())]


H = NASTY[:NASTY.index(b"\r\n\r\n") + 4]
INNER_AT = NASTY.index(b"From: inner")
INNER = NASTY[INNER_AT:NASTY.index(b"--i--") + 5]
INNER_H = INNER[:INNER.index(b"\r\n\r\n") + 4]
table("sections", [
    ("BODY[]", "OK", lit("BODY[]", NASTY)),
    ("BODY[HEADER]", "OK", lit("BODY[HEADER]", H)),
    ("BODY[TEXT]", "OK", lit("BODY[TEXT]", NASTY[len(H):])),
    ("BODY[1]", "OK", ['* 1 FETCH (BODY[1] {10}\r\n0123456789)']),
    ("BODY[1.MIME]", "OK", lit("BODY[1.MIME]", "Content-Type: text/plain; charset=us-ascii\r\nContent-Description: first\r\nX-Note: one\r\n\r\n")),
    ("BODY[2]", "OK", lit("BODY[2]", INNER)),
    ("BODY[2.HEADER]", "OK", lit("BODY[2.HEADER]", INNER_H)),
    ("BODY[2.TEXT]", "OK", lit("BODY[2.TEXT]", INNER[len(INNER_H):])),
    ("BODY[2.1]", "OK", lit("BODY[2.1]", "plain")),
    ("BODY[2.2]", "OK", lit("BODY[2.2]", "<p>html</p>")),
    ("BODY[2.2.MIME]", "OK", lit("BODY[2.2.MIME]", "Content-Type: text/html\r\n\r\n")),
    ("BODY[2.MIME]", "OK", lit("BODY[2.MIME]", "Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"in.eml\"\r\n\r\n")),
    ("BODY[2.HEADER.FIELDS (X-LONG nothing)]", "OK", lit("BODY[2.HEADER.FIELDS (X-LONG nothing)]", "X-Long: a\r\n folded\r\n\r\n")),
    ("BODY[2.HEADER.FIELDS.NOT (From X-Long Content-Type)]", "OK", lit("BODY[2.HEADER.FIELDS.NOT (From X-Long Content-Type)]", "Subject: inner\r\n\r\n")),
    ("BODY[HEADER.FIELDS (Nothing)]", "OK", lit("BODY[HEADER.FIELDS (Nothing)]", "\r\n")),
    ("BODY[3]", "OK", lit("BODY[3]", "AAEC")),
    ("BODY[4]", "OK", ["* 1 FETCH (BODY[4] NIL)"]),
    ("BODY[1.1]", "OK", None),
    ("BODY[3.1.2]", "OK", ["* 1 FETCH (BODY[3.1.2] NIL)"]),
    ("BODY[2.3]", "OK", ["* 1 FETCH (BODY[2.3] NIL)"]),
    ("BODY[99999]", "OK", ["* 1 FETCH (BODY[99999] NIL)"]),
    ("BINARY[3]", "OK", None),
    ("BINARY.SIZE[3]", "OK", ["* 1 FETCH (BINARY.SIZE[3] 3)"]),
    ("RFC822.HEADER", "OK", lit("RFC822.HEADER", H)),
    ("RFC822.TEXT", "OK", lit("RFC822.TEXT", NASTY[len(H):])),
    ("RFC822.SIZE", "OK", ["* 1 FETCH (RFC822.SIZE %d)" % len(NASTY)]),
    ("(BODY[1] BODY.PEEK[1])", "OK", None),
], "FETCH 1 ")
table("partials", [
    ("BODY[1]<0.4>", "OK", lit("BODY[1]<0>", "0123")),
    ("BODY[1]<3.4>", "OK", lit("BODY[1]<3>", "3456")),
    ("BODY[1]<8.100>", "OK", lit("BODY[1]<8>", "89")),
    ("BODY[1]<10.5>", "OK", ['* 1 FETCH (BODY[1]<10> {0}\r\n)']),
    ("BODY[1]<4000000000.5>", "OK", ['* 1 FETCH (BODY[1]<4000000000> {0}\r\n)']),
    ("BODY[]<0.20>", "OK", lit("BODY[]<0>", NASTY[:20])),
    ("BODY[]<%d.20>" % (len(H) - 5), "OK", lit("BODY[]<%d>" % (len(H) - 5), NASTY[len(H) - 5:len(H) + 15])),
    ("BODY[HEADER]<5.10>", "OK", lit("BODY[HEADER]<5>", H[5:15])),
    ("BODY[2.1]<1.2>", "OK", lit("BODY[2.1]<1>", "la")),
    ("BODY[4]<0.5>", "OK", None),
    ("BODY[1]<0.0>", "BAD", []), ("BODY[1]<.5>", "BAD", []), ("BODY[1]<1>", "BAD", []), ("BODY[1]<-1.5>", "BAD", []), ("BODY[1]<1.99999999999>", "BAD", []),
    ("BODY[0]", "BAD", []), ("BODY[1.]", "BAD", []), ("BODY[MIME]", "BAD", []), ("BODY[1.HEADER.FIELDS ()]", "BAD", []), ("BODY[HEADER.FIELDS]", "BAD", []),
    ("BODY[TEXT", "BAD", []), ("BODY[FOO]", "BAD", []), ("BODY.PEEK", "BAD", []), ("BODY[1]x", "BAD", []), ("BODYSTRUCTURE[1]", "BAD", []),
    ("()", "BAD", []), ("(FLAGS", "BAD", []), ("FLAGS)", "BAD", []), ("(FLAGS  UID)", "BAD", []), ("(ALL)", "BAD", []), ("FLAGS UID", "BAD", []), ("", "BAD", []),
    ("(FAST FLAGS)", "BAD", []), ("RFC822.SIZE[1]", "BAD", []), ("UID FLAGS", "BAD", []), ("fOO", "BAD", []),
], "FETCH 1 ")
ALICE = '((NIL NIL "alice" "example.org"))'
ENV1 = ('("Thu, 1 Jan 2026 10:00:00 +0100" "=?utf-8?q?Gr=C3=BC=C3=9Fe?=" (("Alice \\"A\\" B" NIL "alice" "example.org")) (("Alice \\"A\\" B" NIL "alice" "example.org")) '
        '(("Alice \\"A\\" B" NIL "alice" "example.org")) ((NIL NIL "undisclosed-recipients" NIL)(NIL NIL NIL NIL)) '
        '((NIL NIL "Group" NIL)(NIL NIL "a" "x.example")("B, C" NIL "bc" "y.example")(NIL NIL NIL NIL)(NIL NIL "late" "z.example")) NIL NIL "<nasty@example.org>")')
table("envelopes", [
    ("1 ENVELOPE", "OK", ["* 1 FETCH (ENVELOPE %s)" % ENV1]),
    ("2 ENVELOPE", "OK", ['* 2 FETCH (ENVELOPE (NIL "empty body" %s %s %s NIL NIL NIL NIL "<two@x.example>"))' % ((ALICE,) * 3)]),
    ("3 BODY", "OK", ['* 3 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0))']),
    ("4 ENVELOPE", "OK", None),
    ("1 BODY", "OK", None), ("1 BODYSTRUCTURE", "OK", None), ("4 BODYSTRUCTURE", "OK", None), ("1:5 FULL", "OK", None), ("1:5 ALL", "OK", None), ("1:5 FAST", "OK", None),
    ("2 BODY[TEXT]", "OK", ['* 2 FETCH (BODY[TEXT] {0}\r\n)', '* 2 FETCH (UID 2 FLAGS (\\Seen \\Draft))']), ("2 BODY[1]", "OK", ['* 2 FETCH (BODY[1] {0}\r\n)']),
    ("3 BODY.PEEK[TEXT]", "OK", ['* 3 FETCH (BODY[TEXT] {0}\r\n)']), ("3 BODY.PEEK[HEADER.FIELDS (Subject)]", "OK", lit("BODY[HEADER.FIELDS (Subject)]", "\r\n", 3)),
    ("2 BODY[2]", "OK", ["* 2 FETCH (BODY[2] NIL)"]),
    ("5 BODY.PEEK[HEADER.FIELDS (X-Empty Bcc)]", "OK", lit("BODY[HEADER.FIELDS (X-Empty Bcc)]", "Bcc: secret@x.example\r\nX-Empty:\r\n\r\n", 5)),
    ('5 BODY.PEEK[HEADER.FIELDS ("X-Empty" "b\\"cc")]', "OK", lit('BODY[HEADER.FIELDS (X-Empty "b\\"cc")]', "X-Empty:\r\n\r\n", 5)),
    ('5 BODY.PEEK[HEADER.FIELDS ({7+}\r\nX-Empty)]', "OK", None),
    ("4 INTERNALDATE", "OK", ['* 4 FETCH (INTERNALDATE " 6-Feb-2020 01:30:00 +0000")']),
], "FETCH ")
_, u = c.run("FETCH 1 BODYSTRUCTURE")
want = ('(("text" "plain" ("charset" "us-ascii") NIL "first" "7bit" 10 1 NIL NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" %d (NIL "inner" ((NIL NIL "inner" "example.org")) '
        '((NIL NIL "inner" "example.org")) ((NIL NIL "inner" "example.org")) NIL NIL NIL NIL NIL) (("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 5 1 NIL NIL NIL NIL)'
        '("text" "html" ("charset" "us-ascii") NIL NIL "7bit" 11 1 NIL NIL NIL NIL) "alternative" ("boundary" "i") NIL NIL NIL) %d NIL ("attachment" ("filename" "in.eml")) NIL NIL)'
        % (len(INNER), INNER.count(b"\n") + 1))       # the last line counts, too
got = u[0].replace('("charset" "us-ascii")', "NIL").lower()
ok(want.replace('("charset" "us-ascii")', "NIL").lower() in got, "structure of parts in parts") or diag(got, "\n", want.lower())
like(u[0], r'"application" "octet-stream" \(.*\) "<cid@example.org>" NIL "base64" 4 NIL NIL \("en" "de"\) "http://x.example/"\) "mixed" \("boundary" "a b"\) NIL NIL NIL\)\)$', "languages and location")

# ---- 2. sets
c.run("STORE 1:5 -FLAGS.SILENT (\\Seen)")


def uids(*n):
    return ["* %d FETCH (UID %d)" % (k, k) for k in n]


table("sets", [
    ("FETCH 1:* UID", "OK", uids(1, 2, 3, 4, 5)), ("FETCH *:1 UID", "OK", uids(1, 2, 3, 4, 5)), ("FETCH * UID", "OK", uids(5)), ("FETCH 5:* UID", "OK", uids(5)),
    ("FETCH 2:1 UID", "OK", uids(1, 2)), ("FETCH 1,1,1:2 UID", "OK", uids(1, 2)), ("FETCH 3,1 UID", "OK", uids(1, 3)), ("FETCH *:* UID", "OK", uids(5)),
    ("UID FETCH 4:* UID", "OK", uids(4, 5)), ("UID FETCH 99:* UID", "OK", uids(5)), ("UID FETCH 99 UID", "OK", []), ("UID FETCH 4294967295 UID", "OK", []),
    ("UID FETCH 1:4294967295 UID", "OK", uids(1, 2, 3, 4, 5)), ("UID FETCH 3,99 UID", "OK", uids(3)),
    ("FETCH 6:* UID", "OK", uids(5)), ("FETCH *:99 UID", "OK", uids(5)), ("FETCH 1,7:* UID", "OK", uids(1, 5)), ("FETCH 6 UID", "BAD", []), ("FETCH 6:7 UID", "BAD", []), ("FETCH 1:6 UID", "BAD", []), ("FETCH 0 UID", "BAD", []), ("FETCH 0:1 UID", "BAD", []), ("FETCH 1,,2 UID", "BAD", []), ("FETCH ,1 UID", "BAD", []),
    ("FETCH 1, UID", "BAD", []), ("FETCH 1: UID", "BAD", []), ("FETCH :1 UID", "BAD", []), ("FETCH 1:2:3 UID", "BAD", []), ("FETCH 4294967296 UID", "BAD", []),
    ("FETCH -1 UID", "BAD", []), ("FETCH a UID", "BAD", []), ("UID FETCH 0 UID", "BAD", []), ("FETCH 1 2 UID", "BAD", []), ("FETCH", "BAD", []),
    ("STORE 6 FLAGS ()", "BAD", []), ("COPY 6 Trash", "BAD", []), ("UID COPY 99 Trash", "OK", []), ("UID STORE 99 +FLAGS (\\Seen)", "OK", []), ("UID MOVE 99 Trash", "OK", []),
    ("STORE 1 +FLAGS \\Seen", "OK", ["* 1 FETCH (UID 1 FLAGS (\\Seen \\Draft))"]), ("STORE 1 -FLAGS \\Seen", "OK", ["* 1 FETCH (UID 1 FLAGS (\\Draft))"]),
    ("STORE 1 FLAGS", "BAD", []), ("STORE 1 *FLAGS (\\Seen)", "BAD", []), ("STORE 1 FLAGS (\\Seen", "BAD", []), ("STORE 1 FLAGS.LOUD (\\Seen)", "BAD", []),
    ("STORE 1 +FLAGS (a]b)", "BAD", []), ('STORE 1 +FLAGS ("Seen")', "BAD", []),
    ("STORE 1 +FLAGS ()", "OK", ["* 1 FETCH (UID 1 FLAGS (\\Draft))"]),
])


# ---- 3. search keys
def found(*n):
    return ["* SEARCH" + "".join(" %d" % k for k in n)]


table("search", [(k, "OK", found(*n)) for k, n in [
    ("ALL", (1, 2, 3, 4, 5)), ("1:2", (1, 2)), ("*", (5,)), ("6:*", (5,)), ("*:6", (5,)), ("NOT 6:*", (1, 2, 3, 4)), ("6", ()), ("3:9", (3, 4, 5)), ("1,9", (1,)), ("NOT 6", (1, 2, 3, 4, 5)), ("OR 6 2", (2,)), ("2,4:*", (2, 4, 5)), ("UID 2:3", (2, 3)), ("UID 99", ()), ("UID 99:*", (5,)),
    ("ANSWERED", (4,)), ("UNANSWERED", (1, 2, 3, 5)), ("DELETED", (5,)), ("UNDELETED", (1, 2, 3, 4)), ("DRAFT", (1, 2, 3, 4, 5)), ("UNDRAFT", ()), ("FLAGGED", (3,)),
    ("UNFLAGGED", (1, 2, 4, 5)), ("SEEN", ()), ("UNSEEN", (1, 2, 3, 4, 5)), ("RECENT", ()), ("OLD", (1, 2, 3, 4, 5)), ("NEW", ()),
    ("KEYWORD $Later", (5,)), ("UNKEYWORD $Later", (1, 2, 3, 4)), ("KEYWORD nothing", ()), ("UNKEYWORD nothing", (1, 2, 3, 4, 5)),
    ("BCC secret", (5,)), ("CC late", (1,)), ("CC group", (1,)), ("FROM alice", (1, 2, 3, 5)), ("FROM \"old style\"", (4,)), ("TO undisclosed", (1,)), ('TO "J\u00f6rg"', (4,)), ("TO r@c.example", (4,)),
    ('SUBJECT "gr\u00fc\u00dfe"', (1,)), ('SUBJECT "GR\u00dc\u00dfE"', (1,)), ('SUBJECT "a \\"quoted\\" \\\\ subj"', (4,)), ('SUBJECT ""', (1, 2, 3, 4, 5)),
    ("BODY needle", (4,)), ("BODY 0123456789", (1,)), ("BODY html", (1,)), ("BODY preamble", ()), ("TEXT inner", (1,)), ("BODY inner", ()), ("TEXT X-Note", (1,)), ('TEXT "a folded"', (1,)), ("TEXT in.eml", (1,)), ("TEXT nasty@example.org", (1,)), ("TEXT needle", (4,)), ("BODY xxxxx", (5,)),
    ("HEADER Subject five", (5,)), ("HEADER X-Empty \"\"", (5,)), ("HEADER X-None \"\"", ()), ("HEADER Message-ID nasty", (1,)), ("HEADER Date 2026", (1, 5)), ("HEADER X-Note one", ()),
    ("BEFORE 3-Feb-2020", (1,)), ("ON 3-Feb-2020", (2,)), ("SINCE 5-Feb-2020", (4, 5)), ("SINCE 05-Feb-2020", (4, 5)), ('ON "06-Feb-2020"', (4, 5)), ("BEFORE 2-Feb-2020", ()),
    ("SENTON 1-Jan-2026", (1,)), ("SENTSINCE 2-Jan-2026", (5,)), ("SENTON 2-Jan-2026", (5,)), ("SENTBEFORE 1-Jan-2027", (1, 5)), ("NOT SENTBEFORE 1-Jan-2027", (2, 3, 4)), ("NOT SENTSINCE 1-Jan-1970", (2, 3, 4)),
    ("LARGER 1999", (5,)), ("SMALLER 3", ()), ("LARGER 4294967295", ()), ("SMALLER 2", ()),
    ("NOT ALL", ()), ("NOT NOT 2", (2,)), ("OR 1 2", (1, 2)), ("OR OR 1 2 3", (1, 2, 3)), ("OR 1 NOT 2", (1, 3, 4, 5)), ("(1:3 UNFLAGGED)", (1, 2)), ("NOT (1 2)", (1, 2, 3, 4, 5)),
    ("(OR (1) (2)) NOT (2)", (1,)), ("1:3 FLAGGED", (3,)), ("ALL ALL ALL", (1, 2, 3, 4, 5)), ("unseen from ALICE", (1, 2, 3, 5)),
    ("CHARSET US-ASCII SUBJECT five", (5,)), ("CHARSET utf-8 SUBJECT {7+}\r\ngr\u00fc\u00dfe", (1,)), ("SUBJECT {4+}\r\nfive", (5,))]] + [
    ("", "BAD", []), ("FOO", "BAD", []), ("SUBJECT", "BAD", []), ("OR 1", "BAD", []), ("NOT", "BAD", []), ("()", "BAD", []), ("(1", "BAD", []), ("1)", "BAD", []), ("ON yesterday", "BAD", []),
    ("LARGER x", "BAD", []), ("LARGER -1", "BAD", []), ("UID", "BAD", []), ("0", "BAD", []), ("KEYWORD", "BAD", []), ("HEADER Subject", "BAD", []),
    ("CHARSET x-none SUBJECT a", "NO [BADCHARSET", None), ("CHARSET", "BAD", []), ("ALL  ALL", "BAD", []), ("ALL ", "BAD", []), ("RETURN (FOO) ALL", "BAD", []), ("SEEN,ALL", "BAD", []),
    ("NOT " * 500 + "ALL", "", None), ("(" * 3000 + "ALL" + ")" * 3000, "", None), ("OR " * 3000 + "ALL " * 3000 + "ALL", "", None)], "SEARCH ")
is_(c.run("SEARCH SUBJECT {4}", [b"five"])[1], found(5), "a literal in SEARCH")
c.run("CREATE Hollow")
c.run("SELECT Hollow")
for cmd in ("SEARCH 1:*", "UID SEARCH 1:* NOT DELETED", "SEARCH *", "SEARCH 1", "UID SEARCH 1:*"):
    r, u = c.run(cmd)
    ok(r.startswith("OK") and u == found(), "in an empty mailbox: " + cmd) or diag(r, u)
# FROM and the like ask the envelope: comments and quotes inside a field do not hide what it says
text = ("From: <user-from (comment)@ (comment) domain.example>\r\nTo: \"Al \\\"Q\\\" B\" <al@x.example>, Team: \"a.b\"@y.example;\r\n"
        "Subject: s\r\n\r\nx\r\n")
c.run("APPEND Hollow {%d+}\r\n%s" % (len(text), text))
c.run("NOOP")
for key, hit in (("FROM user-from@domain.example", True), ("FROM comment", True), ('TO "al \\"q\\" b"', True), ("TO a.b@y.example", True), ("TO team", True),
                 ("HEADER From user-from@domain.example", False), ("CC al", False), ("FROM other@domain.example", False)):
    is_(c.run("SEARCH " + key)[1], found(*([1] if hit else [])), "SEARCH " + key)
c.run("CLOSE")
c.run("DELETE Hollow")

# ---- 4. names
c.run("UNSELECT")
OWN = ["INBOX", "Drafts", "Sent", "Trash"]


def names(reference, pattern, what="LIST"):
    r, u = c.run('%s "%s" %s' % (what, reference, pattern))
    if not r.startswith("OK"):
        return r.split()[0]
    return sorted(re.search(r'(?:"\."|NIL) "?([^"]*)"?$', l).group(1) for l in u if "!" not in l)


for reference, pattern, want in [
    ("", "test.%", ["test.forum", "test.garden"]), ("", "test.*", ["test.forum", "test.garden", "test.garden.roses"]), ("", "*roses", ["test.garden.roses"]),
    ("", "%.place", ["other.place"]), ("test.", "%", ["test.forum", "test.garden"]), ("test.", "garden.%", ["test.garden.roses"]), ("", "t%t.g%n", ["test.garden"]), ("", "*ard*", ["test.garden", "test.garden.roses"]),
    ("", "inbox", ["INBOX"]), ("", "INBOX", ["INBOX"]), ("", "iNbOx", ["INBOX"]), ("", "INB%", ["INBOX"]), ("", "TEST.FORUM", []), ("", "test.forum", ["test.forum"]), ("", "test.forum.", []),
    ("", "no.such", []), ("nowhere.", "%", []), ("", '"test.forum"', ["test.forum"]), ("", "{10+}\r\ntest.forum", ["test.forum"]), ("", "%%", None), ("", "**", None), ("", "*%*", None),
    ("", "%", sorted(set(OWN + ["Replies to me", "Unread", "Watched", "other", "test"]))), ("", "%.%", ["other.place", "test.forum", "test.garden"]), ("", "%.%.%", ["test.garden.roses"]),
    ("", "a" * 900 + "*", []), ("", "*a" * 300, None)]:
    got = names(reference, pattern)
    if want is None:
        ok(got != "BAD" and isinstance(got, list), "LIST \"%s\" %s answers" % (reference, pattern[:40]))
    else:
        is_(got, want, "LIST \"%s\" %s" % (reference, pattern[:40]))
is_(c.run('LIST "" ""')[1], ['* LIST (\\Noselect) "." ""'], "LIST with an empty name: the separator")
start = time.time()
c.run('LIST "" %s' % ("*%" * 400 + "x"))
ok(time.time() - start < 5 * SLOW, "a pattern of stars costs no time")
table("names", [
    ("SELECT", "BAD", []), ("SELECT a b", "BAD", []), ("SELECT \"a", "BAD", []), ("SELECT no.such", "NO [NONEXISTENT]", None), ("SELECT &Jjo", "BAD", None), ("SELECT \"\"", "NO", None),
    ("EXAMINE TEST.FORUM", "NO", None), ("STATUS test.forum ()", "BAD", []), ("STATUS test.forum (FOO)", "BAD", []), ("STATUS test.forum MESSAGES", "BAD", []), ("STATUS no.such (MESSAGES)", "NO [NONEXISTENT]", []),
    ("STATUS inbox (MESSAGES UIDNEXT)", "OK", ["* STATUS INBOX (MESSAGES 0 UIDNEXT 1)"]), ("LIST", "BAD", []), ('LIST ""', "BAD", []), ('LIST "" a b', "BAD", []), ('LIST "" (a b)', "", None),
    ('LIST "" ("test.f*" other.place)', "OK", ['* LIST (\\HasNoChildren) "." other.place', '* LIST (\\HasNoChildren) "." test.forum']),
])

# ---- 5. command syntax: what is wrong is BAD with the tag, and the session goes on
for line, want in [
    ("x NOOP", r"^x OK"), ("x noop", r"^x OK"), ("x NoOp", r"^x OK"), ("x  NOOP", r"^x BAD"), ("x NOOP ", r"^x BAD"), ("x NOOP y", r"^x BAD"), ("x", r"^\S+ BAD"), ("", r"^\* BAD"), (" ", r"^\* BAD"),
    ("x ", r"^\S+ BAD"), ("* NOOP", r"^\* BAD"), ("+ NOOP", r"^\* BAD"), ("a+b NOOP", r"^\S+ BAD"), ("a(b NOOP", r"^\S+ BAD"), ("a.b-c:1 NOOP", r"^a\.b-c:1 OK"), ("x FOO", r"^x BAD"), ("x UID", r"^x BAD"),
    ("x UID NOOP", r"^x BAD"), ("x UID FOO 1", r"^x BAD"), ("x FETCH 1 FLAGS", r"^x BAD"), ("x LOGIN a b", r"^x BAD"), ("x NOOP\x00", r"^x BAD"), ("x NO\x00OP", r"^x BAD"), ("x STATUS {5}", r"^\+"),
    ("INBOX (MESSAGES)", r"^\* STATUS INBOX"), (None, r"^x OK"), ("x STATUS \"IN\\BOX\" (MESSAGES)", r"^x BAD"), ("x STATUS \"INBOX (MESSAGES)", r"^x BAD"), ("x STATUS {abc} (MESSAGES)", r"^x BAD"),
    ("x STATUS {-1} (MESSAGES)", r"^x BAD"), ("x ID NIL", r"^\* ID"), (None, r"^x OK"), ("x ID (\"a\")", r"^x BAD"), ("x ENABLE", r"^x BAD"), ("x ENABLE foo", r"^\* ENABLED$"), (None, r"^x OK"),
    ("x " + "A" * 3000, r"^x BAD"), ("x CHECK", r"^x BAD"), ("x CLOSE", r"^x BAD"), ("x EXPUNGE", r"^x BAD"), ("x IDLE now", r"^x BAD"), ("x IDLE", r"^\+"), ("done", r"^x OK"), ("x CAPABILITY now", r"^x BAD"),
    ("x LOGOUT now", r"^x BAD"), ("x SUBSCRIBE", r"^x BAD"), ("x AUTHENTICATE PLAIN", r"^x BAD"), ("x STARTTLS", r"^x BAD")]:
    if line is not None:
        c.send(line)
    try:
        like(c.line(), want, "%r" % (line[:40] if line else line))
    except (socket.timeout, TimeoutError):
        ok(False, "%r is answered" % line)
# several commands in one packet, and one command in many
c.raw(b"p1 NOOP\r\np2 STATUS INBOX (MESSAGES)\r\np3 SELECT Drafts\r\np4 UID FETCH 1 UID\r\np5 CLOSE\r\np6 FETCH 1 UID\r\np7 NOOP\r\n")
tags = []
while not tags or tags[-1][:2] != "p7":
    l = c.line()
    if l.startswith("p"):
        tags.append(" ".join(l.split()[:2]))
is_(tags, ["p1 OK", "p2 OK", "p3 OK", "p4 OK", "p5 OK", "p6 BAD", "p7 OK"], "pipelined commands are answered in order")
for b in b"q1 STATUS {5+}\r\nINBOX (MESSAGES)\r\n":
    c.raw(bytes([b]))
like(c.line() + c.line(), r"^\* STATUS INBOX \(MESSAGES 0\)q1 OK", "a command that comes octet by octet")
# UIDVALIDITY and UIDs after a restart
before = c.run("STATUS Drafts (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)")[1]
c.close()
s.stop()
s.start()
c = s.imap("alice@example.org", "secret")
is_(c.run("STATUS Drafts (UIDVALIDITY UIDNEXT MESSAGES HIGHESTMODSEQ)")[1], before, "a restart changes no number")
done()
