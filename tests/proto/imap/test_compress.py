#!/usr/bin/env python3
"""A client with COMPRESS gets octet for octet what a plain one gets, over NNTP and IMAP, from stored segments that are
spliced into its stream: bodies of all sizes, dots, eight bits, odd line ends, members and imported authors; before and
after authors are renamed and removed; and nothing of private groups."""
import os, random, sys, zlib
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 0 bad_commands = 1000", workers=1)
for g in ("open.one", "open.two", "closed"):
    s.group(g)
s.ctl("group", "set", "closed", "access=private")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret")
s.ctl("member", "role", "bob@example.org", "member:closed")

# ---- posts: an archive, then members ------------------------------------------------------------
pick = random.Random(7)
words = [bytes(pick.choice(b"abcdefghijklmnopqrstuvwxyz") for _ in range(pick.randint(2, 9))) for _ in range(4000)]


def text(n):
    out, width = [], 0
    while n > 0:
        w = pick.choice(words)
        out.append(w + (b"\n" if width > 60 else b" "))
        width = 0 if width > 60 else width + len(w)
        n -= len(w) + 1
    return b"".join(out)


def message(i, body, more=b""):
    return (b"From x Mon Jan  1 00:00:00 2024\nReceived: from a by b; Mon, 01 Jan 2024 00:00:00 +0000\nSubject: post %d\n"
            b"From: Writer %d <w%d@archive.example>\n%sMessage-ID: <%d@archive.example>\nDate: Mon, 01 Jan 2024 00:%02d:00 +0000\n\n%s\n"
            % (i, i % 5, i % 5, more, i, i % 60, body))


bodies = [b"", b"x\n", b".\n", b"..\n.dot\n", text(90), text(700), text(800), text(3000), text(20000) + b".\n", text(131000),
          text(140000), text(300000), b"\xe4\xf6\xfc\n" * 50, bytes(pick.randrange(128, 255) for _ in range(6000)) + b"\n"]
posts = [message(i, b) for i, b in enumerate(bodies)]
posts.append(message(50, text(500), b"X-Long: " + text(1500).replace(b"\n", b"\n ").strip() + b"\n"))
posts.append(message(51, b"--b\n\nfirst\n--b\nContent-Type: text/html\n\n<p>second\n--b--\n",
                     b"MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n"))
posts.append(message(52, text(200), b"Reply-To: elsewhere@archive.example\n"))
archive = os.path.join(s.dir, "archive.mbox")
with open(archive, "wb") as f:
    f.write(b"".join(posts))
s.ctl("import", "--group", "open.one", archive)
for i, (groups, user) in enumerate([("open.one", "alice"), ("open.one,open.two", "bob"), ("closed", "bob"), ("closed", "bob")]):
    s.post(groups, "member post %d" % i, body=(text(1000 + 700 * i).decode() + "\n").replace("\n", "\r\n"), user=user + "@example.org")


# ---- the whole answer of a row of commands --------------------------------------------------------
def answer(c, commands, end, compressed):
    """everything up to the octets that end it; compressed: also what came over the wire"""
    data = "".join(x + "\r\n" for x in commands).encode()
    wire = got = b""
    if compressed:
        data = c.deflater.compress(data) + c.deflater.flush(zlib.Z_SYNC_FLUSH)
    c.raw(data)
    while end not in got[-len(end) - 100:]:
        d = c.s.recv(65536)
        if not d:
            raise EOFError("closed after %r" % got[-100:])
        wire += d
        got += c.inflater.decompress(d) if compressed else d
    return got, wire


def begin_deflate(c):
    c.deflater, c.inflater = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)
    return c


def first_difference(a, b):
    i = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
    return "at %d: %r, %r" % (i, a[max(0, i - 60):i + 40], b[max(0, i - 60):i + 40])


def same(a, b, name):
    ok(a == b, name) or diag(first_difference(a, b))


def nntp(user, compressed):
    c = s.nntp(user, "secret") if user else s.nntp()
    if compressed:
        c.cmd("COMPRESS DEFLATE", "206")
        begin_deflate(c)
    return c


def imap(user, compressed):
    c = s.imap(user, "secret")
    if compressed:
        like(c.run("COMPRESS DEFLATE")[0], "^OK", "COMPRESS=DEFLATE")
        begin_deflate(c)
    return c


count = len(posts) + 3
for who in ("alice", "bob"):
    draft = b"From: Somebody <other@work.example>\r\nSubject: Not yet\r\nBcc: secret@example.net\r\n\r\n.dot\r\nno end of line"
    c = s.imap(who + "@example.org", "secret")
    like(c.run("APPEND Drafts {%d}" % len(draft), [draft])[0], "^OK", "a draft")
    c.run("SELECT Unread")
    c.run("CLOSE")
news = ["GROUP open.one", "OVER 1-"] + ["%s %d" % (v, i) for i in range(1, count + 1) for v in ("ARTICLE", "HEAD", "BODY", "STAT")]
news += ["GROUP open.two", "ARTICLE 1", "GROUP closed", "ARTICLE 1", "ARTICLE 2", "DATE"]
mail = ["a SELECT open.one"] + ["b FETCH 1:* (%s)" % i for i in (
    "BODY.PEEK[]", "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "UID BODY.PEEK[] FLAGS ENVELOPE BODYSTRUCTURE", "RFC822.HEADER",
    "BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[1]", "BODY.PEEK[]<10.2000> RFC822.SIZE", "BODY.PEEK[HEADER.FIELDS (From Subject)]")]
mail += ["g EXAMINE Drafts", "h FETCH 1:* (BODY.PEEK[] BODY.PEEK[HEADER])", "i EXAMINE Unread", "j FETCH 1:* BODY.PEEK[]", "k SELECT open.one"]
mail += ["c FETCH 1:* RFC822.HEADER", "d UID FETCH 1:3,7 BODY.PEEK[]", "e EXAMINE closed", "f FETCH 1:* BODY.PEEK[]", "end NOOP"]


def compare(what):
    for user in (None, "bob@example.org"):
        who = user or "a stranger"
        plain = answer(nntp(user, False), news, b"\r\n111 ", False)[0]
        packed, wire = answer(nntp(user, True), news, b"\r\n111 ", True)
        same(plain[:plain.rindex(b"\r\n111")], packed[:packed.rindex(b"\r\n111")], "%s: NNTP for %s" % (what, who))
        ok((b"closed" in plain) == bool(user), "%s: %s and the private group" % (what, who))
        ok(len(wire) < 0.75 * len(packed), "%s: NNTP for %s is smaller on the wire" % (what, who))
    for user in ("alice@example.org", "bob@example.org"):
        plain = answer(imap(user, False), mail, b"\r\nend OK", False)[0]
        packed, wire = answer(imap(user, True), mail, b"\r\nend OK", True)
        # what was read by news is marked a moment later, which gives the group another change number
        number = lambda x: re.sub(rb"HIGHESTMODSEQ \d+", b"HIGHESTMODSEQ n", x)
        same(number(plain), number(packed), "%s: IMAP for %s" % (what, user))
        ok(b"From: Writer 1 <" in wire, "%s: spliced, for our lines are stored blocks" % what)
        ok(len(wire) < 0.75 * len(packed), "%s: IMAP for %s is smaller on the wire" % (what, user))
    return plain


plain = compare("at first")
# size and literal agree
sizes = {m.group(1): int(m.group(2)) for m in re.finditer(rb"\* (\d+) FETCH \(BODY\[\] \{(\d+)\}\r\n", plain[plain.index(b"\r\nk OK"):plain.index(b"\r\ne OK")] + plain[:plain.index(b"\r\nb OK")])}
c = imap("bob@example.org", False)
c.run("SELECT open.one")
told = {m.group(1).encode(): int(m.group(2)) for m in (re.search(r"\* (\d+) FETCH \(RFC822.SIZE (\d+)\)", l) for l in c.run("FETCH 1:* RFC822.SIZE")[1]) if m}
is_(told, sizes, "RFC822.SIZE is the literal's size")

# who is named otherwise now is so at once in what is spliced and in what is in memory
s.ctl("member", "set", "bob@example.org", "name=Robert")
packed = compare("renamed")
ok(b"From: Robert <" in packed and b"From: Bob <" not in packed, "the new name in old posts")
s.ctl("member", "remove", "alice@example.org", "--anonymise")
s.member("alice@example.org", "Alice Again", "secret")
packed = compare("anonymised")
ok(b"From: Alice <" not in packed and b"From: Anonymous <" in packed, "without her name")
done()
