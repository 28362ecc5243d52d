#!/usr/bin/env python3
"""Python's nntplib: the whole reader's set through a library that parses strictly."""
import warnings
warnings.simplefilter("ignore")
from community import *
try:
    import nntplib
except ImportError:
    skip_all("this python has no nntplib")

s = community()
n = nntplib.NNTP("127.0.0.1", s.port["nntp"], user="bob@example.org", password="secret-b", readermode=True, timeout=20)
caps = n.getcapabilities()
ok("READER" in caps and "OVER" in caps, "capabilities name READER and OVER")
resp, groups = n.list()
is_([tuple(g) for g in groups if g.group == "test.garden"], [("test.garden", "4", "1", "y")], "LIST ACTIVE: name, high, low, status")
resp, count, first, last, name = n.group("test.garden")
is_((count, first, last, name), (4, 1, 4, "test.garden"), "GROUP")
resp, descs = n.descriptions("test.garden")
is_(descs, {"test.garden": "Garden talk"}, "LIST NEWSGROUPS has the title")
resp, over = n.over((1, 4))
is_([k for k, _ in over], [1, 2, 3, 4], "OVER: four lines")
is_([o["message-id"] for _, o in over], [ROOT, ONE, TWO, THREE], "OVER: ids")
is_([o["references"] for _, o in over], ["", ROOT, ROOT + " " + ONE, ROOT], "OVER: references")
is_([nntplib.decode_header(o["from"]).split(" <")[0].strip('"') for _, o in over], ["Alice Moor", "Bob Fenn", "Alice Moor", "Bob Fenn"], "OVER: authors' names")
ok(all("example.org" not in o["from"] for _, o in over), "OVER: no member's address")
sizes = [int(o[":bytes"]) for _, o in over]
for k in range(4):
    resp, info = n.article(over[k][1]["message-id"])
    # :bytes counts the post, with CR LF, without the lines that this server adds when sending
    own = [l for l in info.lines if not l.startswith((b"Xref:", b"Forum-"))]
    is_(sum(len(l) + 2 for l in own), sizes[k], "article %d is as long as its overview says" % (k + 1))
resp, info = n.body("4")
is_(info.lines, ["Or in a tub, caf\u00e9 style.".encode()], "BODY by number")
resp, subs = n.xhdr("subject", "1-4")
is_([t for _, t in subs], ["Where to plant the quince"] + ["Re: Where to plant the quince"] * 3, "XHDR subject")
is_(n.stat(2)[1:], (2, ONE), "STAT")
is_(n.next()[1:], (3, TWO), "NEXT goes on from it")
is_(n.last()[1:], (2, ONE), "LAST goes back")
resp, date = n.date()
ok(abs(date.replace(tzinfo=__import__("datetime").timezone.utc).timestamp() - time.time()) < 60, "DATE is now")
resp, ids = n.newnews("test.garden", __import__("datetime").datetime(2020, 1, 1))
is_(sorted(ids), sorted([ROOT, ONE, TWO, THREE]), "NEWNEWS")
try:
    n.article("<none@thread.example>")
    ok(False, "an unknown id is refused")
except nntplib.NNTPTemporaryError as e:
    like(str(e), "^430", "an unknown id is refused with 430")
n.post(b"From: Bob Fenn <bob@example.org>\r\nNewsgroups: test.garden\r\nSubject: Compost\r\nMessage-ID: <compost@thread.example>\r\n\r\nline\r\n.dots\r\n..two\r\n")
resp, info = n.body("<compost@thread.example>")
is_(info.lines, [b"line", b".dots", b"..two"], "POST, then BODY: dots as typed")
n.quit()
try:
    nntplib.NNTP("127.0.0.1", s.port["nntp"], user="bob@example.org", password="wrong", timeout=20)
    ok(False, "a wrong password is refused")
except nntplib.NNTPError as e:
    like(str(e), "^48", "a wrong password is refused with 48x")
t = nntplib.NNTP("127.0.0.1", s.port["nntp"], timeout=20)
t.starttls(ssl._create_unverified_context())
t.login("bob@example.org", "secret-b")
is_(t.group("test.garden")[1], 5, "the same after STARTTLS")
t.quit()
done()
