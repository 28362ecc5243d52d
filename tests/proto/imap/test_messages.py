#!/usr/bin/env python3
"""IMAP: APPEND, FETCH, STORE, SEARCH."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="message_size = 3000000 posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.group("test.blog", "--kind", "blog")
s.group("test.held", "--moderated")
s.member("alice@example.org", "Alice \"A\" Ärger", "secret")
s.member("mod@example.org", "Mod", "secret", "moderator")
c = s.imap("alice@example.org", "secret")


def append(message, where="test.forum", more=""):
    message = message if isinstance(message, bytes) else message.replace("\n", "\r\n").encode()
    return c.run("APPEND %s %s{%d}" % (where, more, len(message)), [message])


def literal(line):
    n = int(re.search(r"\{(\d+)\}\r\n", line).group(1))
    return line.encode("utf-8", "surrogateescape").split(b"}\r\n", 1)[1][:n]


c.run("SELECT test.forum")
r, u = append("From: alice@example.org\nSubject: First\n\nHello world, Straße.\n")
like(r, r"^OK \[APPENDUID [1-9]\d* 1\]", "APPEND posts")
ok("* 1 EXISTS" in u, "and the post is told at once")
r, u = append("From: alice@example.org\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nIn-Reply-To: <x@y.example>\nTo: Bob <bob@example.org>\nX-Test: (a\n"
    "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\nContent-Type: text/plain; charset=utf-8\n"
    "Content-Transfer-Encoding: base64\n\nw5xiZXJyYXNjaHVuZw==\n--b\nContent-Type: message/rfc822\n\nSubject: inner\nFrom: in@example.org\n\nInner text\n"
    "--b--\n", more='(\\Flagged $Watched) "01-Feb-2020 10:00:00 +0000" ')
like(r, r"^OK \[APPENDUID \d+ 2\]", "APPEND with flags and date")
r, u = append("From: bob@example.org\nSubject: Not me\n\nx\n")
like(r, r"^NO \[", "From must be one's own")
like(append("Subject: d\n\nx\n", more="(\\Draft) ")[0], r"^NO \[CANNOT\] a group holds no drafts", "no drafts")
like(append("Subject: d\n\nx\n", "no.such")[0], r"^NO \[NONEXISTENT\]", "no such group")
like(append("Subject: d\n\nx\n", "INBOX")[0], r"^NO \[CANNOT\]", "not into INBOX")
like(append("Subject: d\n\nx\n", "test.blog")[0], r"^NO \[NOPERM\]", "threads in blogs are for moderators")
r, u = append("Subject: Held\n\nx\n", "test.held")
ok(r.startswith("OK") and "approval" in r and "APPENDUID" not in r, "a held post says so")
like(append("Subject: d\n\nx\n", more='"no date" ')[0], "^BAD", "a broken date")
r, u = c.run("APPEND test.forum {40+}\r\nSubject: Non-synchronising\r\n\r\nshort text\r\n"[:-2])
like(r, r"^OK \[APPENDUID \d+ 3\]", "LITERAL+")

# FETCH
r, u = c.run("FETCH 1:3 (UID RFC822.SIZE)")
sizes = [int(re.search(r"SIZE (\d+)", l).group(1)) for l in u]
for name in ("BODY.PEEK[]", "RFC822.HEADER", "BODY.PEEK[TEXT]"):
    r, u = c.run("FETCH 1:3 " + name)
    globals()["got_" + re.sub(r"\W", "", name)] = [literal(l) for l in u]
is_([len(b) for b in got_BODYPEEK], sizes, "BODY[] is as long as RFC822.SIZE says")
is_([h + t for h, t in zip(got_RFC822HEADER, got_BODYPEEKTEXT)], got_BODYPEEK, "HEADER and TEXT make BODY[]")
ok(all(h.endswith(b"\r\n\r\n") for h in got_RFC822HEADER), "the header ends with its empty line")
like(got_RFC822HEADER[0], r"(?m)^From: .*<author-\d+@forum.test>\r$", "the author line is the forum's")
ok(b"alice@example.org" not in b"".join(got_BODYPEEK), "addresses do not leave")
r, u = c.run("FETCH 2 (FLAGS INTERNALDATE ENVELOPE)")
like(u[0], r'FLAGS \(\\Flagged \$Watched\) INTERNALDATE " ?0?1-Feb-2020 10:00:00 \+0000" ENVELOPE \("', "flags and date as appended")
like(u[0], r'"=\?utf-8\?q\?Gr=C3=BC=C3=9Fe\?=" \(\(.*? NIL "author-\d+" "forum.test"\)\)', "envelope")
like(u[0], r'\(\("Bob" NIL "bob" "example.org"\)\) NIL NIL "<x@y.example>" "<[^"]+>"\)', "envelope: to, in-reply-to, message-id")
r, u = c.run("FETCH 2 (BODYSTRUCTURE BODY)")
like(u[0], r'BODYSTRUCTURE \(\("text" "plain" \("charset" "utf-8"\) NIL NIL "base64" 20 \d+ NIL NIL NIL NIL\)\("message" "rfc822"', "BODYSTRUCTURE")
like(u[0], r' BODY \(\("text" "plain" \("charset" "utf-8"\) NIL NIL "base64" 20 \d+\)\("message" "rfc822" .*\) "mixed"\)\)$', "BODY has no extension data")
for section, want in (("1", b"w5xiZXJyYXNjaHVuZw=="), ("2.HEADER", b"Subject: inner\r\nFrom: in@example.org\r\n\r\n"), ("2.TEXT", b"Inner text"),
        ("2.1", b"Inner text"), ("1.MIME", b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"),
        ("2.HEADER.FIELDS (From)", b"From: in@example.org\r\n\r\n"), ("HEADER.FIELDS (X-Test)", b"X-Test: (a\r\n\r\n")):
    r, u = c.run("UID FETCH 2 BODY.PEEK[%s]" % section)
    is_(literal(u[0]), want, "BODY[%s]" % section)
    like(u[0], re.escape("BODY[%s] " % section), "its name")
r, u = c.run("FETCH 2 BODY.PEEK[9.9]")
like(u[0], r"BODY\[9.9\] NIL\)$", "a part that is not there")
whole = got_BODYPEEK[0]
for off, n in ((0, 10), (5, 1), (len(got_RFC822HEADER[0]) - 2, 7), (len(whole) - 3, 100), (len(whole) + 5, 4)):
    r, u = c.run("FETCH 1 BODY.PEEK[]<%d.%d>" % (off, n))
    is_(literal(u[0]), whole[off:off + n], "BODY[]<%d.%d>" % (off, n))
    like(u[0], r"BODY\[\]<%d> \{" % off, "with its origin")
r, u = c.run("FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (From Date Message-ID Cancel-Lock Reply-To MIME-Version Content-Type Content-Transfer-Encoding)]")
is_(literal(u[0]), b"Subject: First\r\n\r\n", "HEADER.FIELDS.NOT")
r, u = c.run("FETCH 3:1 FAST")
is_([l.split()[1] for l in u], ["1", "2", "3"], "a set backwards")
r, u = c.run("FETCH * UID")
is_(u, ["* 3 FETCH (UID 3)"], "*")
for bad in ("FETCH 4 FLAGS", "FETCH 0 FLAGS", "FETCH 1 NONSENSE", "FETCH 1 (FLAGS", "FETCH 1", "FETCH 1 BODY[", "FETCH 1 BODY[MIME]", "FETCH 1 FLAGS x", "UID FETCH x FLAGS"):
    like(c.run(bad)[0], "^BAD", bad)
is_(c.run("UID FETCH 4:9 FLAGS")[0][:2], "OK", "UIDs that are not there are no error")
is_([l.split()[1] for l in c.run("UID FETCH 9:* FLAGS")[1]], ["3"], "n:* always holds the last")

# implicit \Seen
is_(c.run("FETCH 1 FLAGS")[1], ["* 1 FETCH (FLAGS ())"], "peeking marks nothing")
r, u = c.run("FETCH 1 BODY[TEXT]")
is_(u[-1], "* 1 FETCH (UID 1 FLAGS (\\Seen))", "reading marks as seen and says so")
is_(len(c.run("FETCH 1 BODY[TEXT]")[1]), 1, "once")
c.run("EXAMINE test.forum")
c.run("FETCH 3 BODY[]")
is_(c.run("FETCH 3 FLAGS")[1], ["* 3 FETCH (FLAGS ())"], "not after EXAMINE")
c.run("SELECT test.forum")

# STORE
is_(c.run("STORE 1 +FLAGS (\\Answered $Junk)")[1], ["* 1 FETCH (UID 1 FLAGS (\\Seen \\Answered $Junk))"], "+FLAGS")
is_(c.run("STORE 1 -FLAGS \\Seen $Junk")[1], ["* 1 FETCH (UID 1 FLAGS (\\Answered))"], "-FLAGS without parentheses")
is_(c.run("UID STORE 1 FLAGS (\\Seen)")[1], ["* 1 FETCH (UID 1 FLAGS (\\Seen))"], "FLAGS replaces")
is_(c.run("STORE 1:3 +FLAGS.SILENT (\\Flagged)"), ("OK STORE completed", []), ".SILENT")
is_(c.run("STORE 2 FLAGS (\\Unknown $OffTopic \\Draft)")[1], ["* 2 FETCH (UID 2 FLAGS ())"], "what is not kept is ignored")
is_([l.split("FLAGS ")[1] for l in c.run("FETCH 1:3 FLAGS")[1]], ["(\\Seen \\Flagged))", "()) "[:-1], "(\\Flagged))"], "all of it is kept")
for bad in ("STORE 1 FLAGS", "STORE 1 FLAGS (", "STORE 1 FLAG \\Seen", "STORE 9 FLAGS ()", "STORE 1 (UNCHANGEDSINCE x) FLAGS ()"):
    like(c.run(bad)[0], "^BAD", bad)

# SEARCH
def found(keys):
    r, u = c.run("SEARCH " + keys)
    return u[0].split()[2:] if r.startswith("OK") else r

for keys, want in (("ALL", "1 2 3"), ("SEEN", "1"), ("UNSEEN", "2 3"), ("FLAGGED UNSEEN", "3"), ("NOT FLAGGED", "2"), ("OR SEEN NOT FLAGGED", "1 2"),
        ("SUBJECT first", "1"), ("SUBJECT gr\\xfc\\xdfe", None), ("FROM Alice", "1 2 3"), ("TO bob", "2"), ("HEADER X-Test (a", None), ('HEADER X-Test ""', "2"),
        ('HEADER X-Test "(A"', "2"), ("BODY hello", "1"), ("TEXT inner", "2"), ("BODY First", ""), ("TEXT First", "1"), ("ON 1-Feb-2020", "2"),
        ("BEFORE 2-Feb-2020", "2"), ("SINCE 2-Feb-2020", "1 3"), ("SENTSINCE 1-Jan-2021", "1 3"), ("SENTON 1-Feb-2020", "2"), ("LARGER 400", "2"), ("SMALLER 400", "1 3"),
        ("UID 2:*", "2 3"), ("2,3 UNFLAGGED", "2"), ("(OR (1) (3)) FLAGGED", "1 3"), ("KEYWORD $Junk", ""), ("UNKEYWORD whatever", "1 2 3"), ("CHARSET UTF-8 ALL", "1 2 3")):
    if want is not None:
        is_(found(keys), want.split(), "SEARCH " + keys)
r, u = c.run("SEARCH CHARSET UTF-8 SUBJECT {%d}" % len("GRÜSSE".encode()), ["GRÜSSE".encode()])
is_(u, ["* SEARCH 2"] if not u[0].startswith("+") else u, "folded text in a literal")
r, u = c.run("SEARCH BODY {%d+}\r\n" % len("strasse") + "STRASSE")
is_(u, ["* SEARCH 1"], "sharp s folds")
r, u = c.run("SEARCH BODY {%d+}\r\n" % len("überraschung".encode()) + "ÜBERRASCHUNG")
is_(u, ["* SEARCH 2"], "base64 is decoded")
like(c.run("SEARCH CHARSET KOI8-R ALL")[0], r"^NO \[BADCHARSET \(UTF-8 US-ASCII\)\]", "other charsets")
r, u = c.run("UID SEARCH RETURN (MIN MAX COUNT ALL) FLAGGED")
like(u[0], r'^\* ESEARCH \(TAG "t\d+"\) UID MIN 1 MAX 3 ALL 1,3 COUNT 2$', "ESEARCH")
like(c.run("SEARCH RETURN () ALL")[1][0], r'^\* ESEARCH \(TAG "t\d+"\) ALL 1:3$', "RETURN ()")
like(c.run("SEARCH RETURN (COUNT) DELETED")[1][0], r'^\* ESEARCH \(TAG "t\d+"\) COUNT 0$', "nothing found")
for bad in ("SEARCH", "SEARCH NONSENSE", "SEARCH (ALL", "SEARCH OR ALL", "SEARCH 0", "SEARCH RETURN (X) ALL", "SEARCH " + "(" * 40 + "ALL" + ")" * 40):
    like(c.run(bad)[0], "^BAD", bad[:30])
like(c.run("SEARCH 9")[0], "^OK", "a number beyond the mailbox is a question, and no error")

like(c.run("COPY 1 test.blog")[0], r"^NO \[CANNOT\]", "COPY gives a reason")
like(c.run("UID MOVE 1 test.blog")[0], r"^NO \[CANNOT\]", "MOVE gives a reason")
like(c.run("COPY 1 no.such")[0], r"^NO \[TRYCREATE\]", "COPY to nowhere")

# bodies larger than a step, streamed; back-pressure; many at once
import random, time
rnd = random.Random(1)
big = b"Subject: Big\r\n\r\n" + b"".join(b"%s\r\n" % bytes(rnd.choice(b"abcdefghijklmnopqrstuvwxyz .") for _ in range(70)) for _ in range(30000))
like(append(big)[0], r"^OK \[APPENDUID \d+ 4\]", "a post of 2 MB")
r, u = c.run("FETCH 4 (RFC822.SIZE BODY.PEEK[] UID)")
got = literal(u[0])
ok(got.endswith(big.split(b"\r\n\r\n", 1)[1]), "comes back octet for octet")
is_(int(re.search(r"SIZE (\d+)", u[0]).group(1)), len(got), "with its size")
like(u[0], r" UID 4\)$", "and what was asked after it")
r, u = c.run("FETCH 4 (BODY.PEEK[]<1000000.500000> BODY.PEEK[TEXT])")
is_(literal(u[0]), got[1000000:1500000], "a large piece of it")
c.raw("p1 FETCH 4 BODY.PEEK[]\r\n" * 1 + "p2 FETCH 4 BODY.PEEK[]\r\np3 FETCH 4 BODY.PEEK[]\r\n")
time.sleep(0.5)
for t in ("p1", "p2", "p3"):
    l = c.response()
    ok(literal(l) == got and c.line().startswith(t + " OK"), "a slow reader gets all of %s" % t)
done()
