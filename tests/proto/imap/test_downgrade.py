#!/usr/bin/env python3
"""IMAP: headers in UTF-8 (RFC 6532): as they are for who enabled UTF8=ACCEPT, a surrogate (RFC 6858) for who did not; header, size,
ENVELOPE, partials and compressed connections agree with each other, and other doors do not change."""
import email, email.policy, os, sys, zlib
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "B\u00f6b", "secret")
mbox = s.dir + "/in.mbox"
with open(mbox, "wb") as f:
    for n, head in enumerate((b"From: J\xc3\xb6rg <j\xc3\xb6rg@elsewhere.example>\nSubject: Gr\xc3\xbc\xc3\x9fe\nOrganization: Verein f\xc3\xbcr alles\n",
                              b"From: J\xf6rg <joerg@elsewhere.example>\nSubject: Gr\xfc\xdfe\n",
                              b"From: Plain <plain@elsewhere.example>\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\n",
                              b"From: Plain <plain@elsewhere.example>\nSubject: File\nContent-Type: text/plain; charset=utf-8; name=\"\xc3\xa4.txt\"\n"), 1):
        f.write(b"From x Sat Jan  1 00:00:00 2022\n" + head + b"Message-ID: <%d@x>\nDate: Sat, 1 Jan 2022 00:00:0%d +0000\n\nbody \xc3\xa4\n\n" % (n, n))
s.ctl("import", "--group", "test.forum", mbox)
n = s.nntp("bob@example.org", "secret")
n.cmd("POST", "340")
n.raw("Newsgroups: test.forum\r\nSubject: \u00dcber News\r\nMessage-ID: <5@x>\r\n\r\ntext\r\n.\r\n".encode())
n.expect("240")
s.post("test.forum", "ASCII only")
LAST = 6
WIDE = {1, 2, 4, 5}
old, new = s.imap("alice@example.org", "secret"), s.imap("alice@example.org", "secret")
new.run("ENABLE UTF8=ACCEPT")


def octets(c, n, what):
    """the literal (or string) that FETCH of one item gives"""
    r, u = c.run("UID FETCH %d %s" % (n, what))
    m = re.search(r"\{(\d+)\}\r\n", u[0])
    return r, u[0].encode("utf-8", "surrogateescape")[m.end():m.end() + int(m.group(1))] if m else None


def item(c, n, what):
    return c.run("UID FETCH %d (%s)" % (n, what))[1][0].encode("utf-8", "surrogateescape")


for c in (old, new):
    c.run("SELECT test.forum")
news = s.nntp("alice@example.org", "secret")
news.cmd("GROUP test.forum", "211")
for n in range(1, LAST + 1):
    r, all_ = octets(old, n, "BODY.PEEK[]")
    r8, whole8 = octets(new, n, "BODY.PEEK[]")
    head, head8 = all_.split(b"\r\n\r\n", 1)[0], whole8.split(b"\r\n\r\n", 1)[0]
    ok(head.isascii(), "%d: the header is ASCII" % n)
    is_(not head8.isascii(), n in WIDE, "%d: with UTF8=ACCEPT it is what it is" % n)
    is_(all_.split(b"\r\n\r\n", 1)[1], whole8.split(b"\r\n\r\n", 1)[1], "%d: the body is the same" % n)
    is_((re.findall(r"DOWNGRADED (\d+)", r), re.findall("DOWNGRADED", r8)), ([str(n)] if n in WIDE else [], []), "%d: [DOWNGRADED]" % n)
    for c, w in ((old, all_), (new, whole8)):
        is_(int(re.search(rb"RFC822.SIZE (\d+)", item(c, n, "RFC822.SIZE")).group(1)), len(w), "%d: RFC822.SIZE is the length of BODY[]" % n)
        is_(octets(c, n, "BODY.PEEK[HEADER]")[1] + octets(c, n, "BODY.PEEK[TEXT]")[1], w, "%d: HEADER and TEXT make BODY[]" % n)
        is_(b"".join(octets(c, n, "BODY.PEEK[]<%d.50>" % off)[1] or b"" for off in range(0, len(w), 50)), w, "%d: pieces make BODY[]" % n)
        is_(int(re.search(rb"BINARY.SIZE\[\] (\d+)", item(c, n, "BINARY.SIZE[]")).group(1)), len(w), "%d: BINARY.SIZE[] too" % n)
    ok(item(old, n, "ENVELOPE").isascii(), "%d: ENVELOPE is ASCII" % n)
    if n not in WIDE:
        is_(all_, whole8, "%d: nothing else is touched" % n)
    # a compressed connection says the same
    for enable, w in (("", all_), ("b ENABLE UTF8=ACCEPT\r\n", whole8)):
        z = s.imap("alice@example.org", "secret")
        z.run("COMPRESS DEFLATE")
        pack, unpack, got = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15), b""
        z.raw(pack.compress(("%sa SELECT test.forum\r\nc UID FETCH %d (BODY.PEEK[])\r\n" % (enable, n)).encode()) + pack.flush(zlib.Z_SYNC_FLUSH))
        while b"\r\nc OK" not in got:
            got += unpack.decompress(z.s.recv(65536))
        ok(b"{%d}\r\n%s" % (len(w), w) in got, "%d: compressed, %s" % (n, "UTF8=ACCEPT" if enable else "without"))

parsed = lambda n: email.message_from_bytes(octets(old, n, "BODY.PEEK[HEADER]")[1], policy=email.policy.default)
m = parsed(1)
is_((m["Subject"], m["From"].addresses[0].display_name, m["From"].addresses[0].addr_spec, m["Organization"], m["Message-ID"]),
    ("Gr\u00fc\u00dfe", "J\u00f6rg (j\u00f6rg@elsewhere.example)", "invalid@internationalized-address.invalid", None, "<1@x>"), "what the surrogate says")
m = parsed(2)
is_((m["Subject"], m["From"].addresses[0].display_name, m["From"].addresses[0].addr_spec), ("Gr\u00fc\u00dfe", "J\u00f6rg", "joerg@elsewhere.example"), "octets of no charset")
is_(parsed(4)["Content-Type"], 'text/plain; charset="utf-8"', "a parameter goes")
is_(parsed(5)["Subject"], "\u00dcber News", "what came by news")
like(item(old, 1, "ENVELOPE"), r'"invalid" "internationalized-address\.invalid"\)\) \(\(', "ENVELOPE is the surrogate's")
like(octets(old, 1, "BODY.PEEK[HEADER.FIELDS (Subject)]")[1], r"^Subject: =\?utf-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r\n\r\n$", "HEADER.FIELDS too")
r, u = old.run("UID FETCH 1:* (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (Subject From)])")
like(r, r"^OK \[DOWNGRADED 1:2,4:5\]", "all of a command in one code")
r, u = old.run("UID FETCH 1:* (FLAGS UID)")
is_(r, "OK FETCH completed", "none where no header was told")
is_(old.run('UID SEARCH CHARSET UTF-8 SUBJECT {7+}\r\nGr\u00fc\u00dfe')[1], ["* SEARCH 1 2 3"], "SEARCH finds what was written")
for c in (old, new):
    total = sum(int(re.search(rb"RFC822.SIZE (\d+)", item(c, n, "RFC822.SIZE")).group(1)) for n in range(1, LAST + 1))
    like(c.run("STATUS test.forum (SIZE)")[1][0], r"SIZE %d\)" % total, "STATUS SIZE is the sum")
news.cmd("HEAD 5", "221")
ok("Subject: \u00dcber News" in news.text(), "newsreaders see what was posted")

# many of them: each line is bounded, and together they name all
s.group("test.many")
with open(mbox, "wb") as f:
    for n in range(1, 502):
        f.write(b"From x Sat Jan  1 00:00:00 2022\nFrom: Old <old@elsewhere.example>\nSubject: %s %d\nMessage-ID: <many%d@x>\nDate: Sat, 1 Jan 2022 00:00:00 +0000\n\nx\n\n"
                % (b"Gr\xc3\xbc\xc3\x9fe" if n % 2 else b"ASCII", n, n))
s.ctl("import", "--group", "test.many", mbox)
for c in (old, new):
    c.run("SELECT test.many")
r, u = old.run("UID FETCH 1:* (RFC822.SIZE ENVELOPE)")
lines = [l for l in u + [r] if "DOWNGRADED" in l]
ok(3 <= len(lines) <= 4 and max(map(len, lines)) < 1000, "[DOWNGRADED] of many comes in several lines") or diag(*lines)
ok(all(l.startswith("* OK [DOWNGRADED ") for l in lines[:-1]) and lines[-1].startswith("OK [DOWNGRADED "), "untagged ones on the way, the rest at the end")
is_(sorted(int(x) for l in lines for x in re.search(r"DOWNGRADED ([\d,]+)\]", l).group(1).split(",")), list(range(1, 502, 2)), "and all are named once")
is_(len([l for l in u if " FETCH " in l]), 501, "between whole answers")
ok(not any("DOWNGRADED" in l for l in sum(([x] + y for x, y in [new.run("UID FETCH 1:* (RFC822.SIZE ENVELOPE)")]), [])), "none with UTF8=ACCEPT")
r, u = old.run("UID FETCH 1 (ENVELOPE BINARY.SIZE[1])")
like(r, r"^OK \[DOWNGRADED 1\]", "with other items")

# ENVELOPE is bounded, whatever stands in the header, and the same for both but for what has no ASCII
new.run("SELECT Drafts")
for n, (to, subject) in enumerate(((", ".join("member%d@elsewhere.example" % i for i in range(5000)), "Gr\u00fc\u00dfe"), (":;" * 20000, "Gr\u00fc\u00dfe"), ("a@b,\r\n " * 3000, "\u00e4" * 900)), 1):
    big = ("".join("%s: %s\r\n" % (h, to) for h in ("From", "Sender", "Reply-To", "To", "Cc", "Bcc")) + "Subject: %s\r\n\r\nx\r\n" % subject).encode()
    new.send("u APPEND Drafts UTF8 (~{%d+}" % len(big))
    new.raw(big + b")\r\n")
    r = new.response()
    while not r.startswith("u "):
        r = new.response()
    if not r.startswith("u OK"):
        diag(r)
    old.run("SELECT Drafts")
    envelopes = [c.run("FETCH %d (ENVELOPE)" % n)[1][0] for c in (new, old)]
    ok(all(100 < len(e) < 26000 for e in envelopes), "%d: an endless header has an ENVELOPE of %s characters" % (n, [len(e) for e in envelopes]))
    ok(envelopes[1].isascii(), "%d: ASCII for who wants that" % n)
new.run("STORE 1:* +FLAGS (\\Deleted)")
new.run("EXPUNGE")
new.run("UNSELECT")

# own messages
MSG = "From: \u00e4@\u00f6.example\r\nTo: b\u00fc@x.example\r\nSubject: \u00fc\r\nMessage-ID: <draft@x.example>\r\n\r\nx\r\n".encode()
new.send("u APPEND Drafts UTF8 (~{%d+}" % len(MSG))
new.raw(MSG + b")\r\n")
like(new.response(), "^u OK", "a draft in UTF-8")
new.run("SELECT Drafts")
old.run("SELECT Drafts")
last = int(new.run("UID SEARCH ALL")[1][0].split()[-1])
is_(octets(new, last, "BODY.PEEK[]")[1], MSG, "stays octet for octet for who enabled it")
r, w = octets(old, last, "BODY.PEEK[]")
ok(w.isascii() and b"<invalid@internationalized-address.invalid>" in w and "DOWNGRADED %d" % last in r, "and is a surrogate for who did not")
done()
