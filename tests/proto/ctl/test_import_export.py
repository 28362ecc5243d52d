#!/usr/bin/env python3
"""Archives in, a little moderation, everything out, into a fresh server: the same numbers, tree, states; and every message
of the shared folders byte for byte, through every door."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ctllib import *

s = Server()
groups = ["test.page", "test.box", "test.maildir"]
for g in groups:
    s.group(g)
s.ctl("import", "--group", "test.page", os.path.join(SRC, "tests", "corpora", "page-garden.txt"))

# ---- an mbox of our own: quoting, prose "From ", line ends, no final newline, duplicates, what is refused ----
box = s.dir + "/own.mbox"
with open(box, "wb") as f:
    for i in range(40):
        f.write(b"From x@example.org Mon Mar  3 10:%02d:00 2014\n" % i)
        f.write(b"From: P <p%d@example.net>\nSubject: n %d\nMessage-ID: <b%d@x.example>\nDate: Mon, 3 Mar 2014 10:%02d:00 +0000\n" % (i % 5, i, i, i))
        f.write((b"In-Reply-To: <b%d@x.example>\n" % (i - 1 if i % 4 else 39 if i == 8 else i)) if i else b"")
        f.write(b"\nText %d\n\nFrom then on it went well.\n>From quoted\n>>From twice\n.\n..\n\nend\n\n" % i)
    f.write(b"From x@example.org Mon Mar  3 10:00:00 2014\nFrom: P <p1@example.net>\nSubject: n 1\nMessage-ID: <b1@x.example>\nDate: Mon, 3 Mar 2014 10:01:00 +0000\n\nanother text\n\n")
    f.write(b"From x@example.org Mon Mar  3 10:00:00 2014\nSubject: nul\nMessage-ID: <nul@x.example>\n\na\0b\n\n")
    f.write(b"From x@example.org Mon Mar  3 10:00:00 2014\nFrom: \nMessage-ID: <bare@x.example>\nForum-Export: number=500; state=2\n\nlast, without a newline")
r = s.json("import", "--group", "test.box", box)[0]
is_([r["imported"], r["duplicates"]], [42, 0], "mbox: all but one; a NUL octet is kept") or diag(r, s.err)
is_(r["refused"], 1, "another text under a known id: refused")
ok("own.mbox:" in s.err and "refused" in s.err, "refusals name file and line")
is_(max(p["number"] for p in s.json("list", "test.box", "--all")), 42, "a stranger's Forum-Export line moves no numbers")
ok(b"Text 3\r\n\r\nFrom then on it went well.\r\n>From quoted\r\n>>From twice\r\n.\r\n..\r\n\r\nend\r\n" in s.ctl("show", "<b3@x.example>", "--raw").encode().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), "the text as it was")
# our own export, edited: a number that is none is not cut to one
s.group("test.edited")
edited = s.dir + "/edited.mbox"
with open(edited, "wb") as f:
    for n, number in ((1, b"4294967301"), (2, b"x7")):
        f.write(b"From export@forumd Mon Mar  3 10:00:00 2014\nForum-Export: number=%s; reason=0; state=0; flags=0; arrival=1393840800\n" % number)
        f.write(b"From: P <p@example.net>\nSubject: edited\nMessage-ID: <edited%d@x.example>\n\ntext\n\n" % n)
r = s.json("import", "--group", "test.edited", edited)[0]
is_(r["imported"], 2, "numbers that are none")
is_(r["notes"], ["edited.mbox:2: Forum-Export: number=4294967301 is not understood and left out",
                 "edited.mbox:10: Forum-Export: number=x7 is not understood and left out"], "are named, with file and line")
is_([p["number"] for p in s.json("list", "test.edited")], [1, 2], "and the posts get the next ones")
# ---- a Maildir ----
md = s.dir + "/Maildir"
for d in ("cur", "new", "tmp"):
    os.makedirs(md + "/" + d)
for i in range(5):
    open(md + "/%s/%d.host:2,S" % (("cur", "new")[i % 2], i), "wb").write(b"From: M <m@example.net>\r\nSubject: md %d\r\nMessage-ID: <md%d@x.example>\r\n\r\nmaildir %d\r\n" % (i, i, i))
open(md + "/tmp/9", "wb").write(b"Subject: half\n\n")
r = s.json("import", "--group", "test.maildir", "--format", "maildir", md)[0]
is_((r["imported"], r["refused"]), (5, 0), "Maildir: cur and new, not tmp")
pm = shared("pipermail")
if pm:
    groups.append("test.pipermail")
    s.group("test.pipermail")
    r = s.json("import", "--group", "test.pipermail", pm)[0]
    ok(r["imported"] + r["refused"] + r["duplicates"] >= 5374 and r["imported"] >= 5370, "pipermail: %d posts, %d refused, %d known" % (r["imported"], r["refused"], r["duplicates"]))
    is_(s.json("import", "--group", "test.pipermail", pm)[0]["imported"], 0, "pipermail again: nothing new")
else:
    skip("pipermail archives are not here", 2)

# ---- moderation, then out and in again ----
for verb, post in (("hide", "test.box:5"), ("delete", "test.box:9"), ("lock", "test.box:12"), ("aside", "test.box:40"), ("hide", "test.page:4")):
    yes(s, verb, post)
yes(s, "flag", "test.box:7", "off-topic")
s.ctl("group", "add", "test.empty")
groups += ["test.box.aside", "test.empty"]


def picture(s, g):
    v = s.json("list", g, "--all")
    ids = {p["id"]: p["message_id"] for h in groups for p in s.json("list", h, "--all")}    # a parent may stand elsewhere
    return [(p["number"], p["message_id"], ids.get(p["parent"]), p["parent_reason"], p["author"], p["date"], p["subject"], p["state"], [f for f in p["flags"] if f in ("locked", "date-only")]) for p in v]


# ---- an export that is killed leaves nothing under its name; a whole one has no other ----
out = os.path.join(s.dir, "killed")
os.mkdir(out)
s.proc.send_signal(signal.SIGSTOP)      # so that it is in the middle
try:
    x = subprocess.Popen([find("forumctl"), "-c", s.conf, "export", "test.box", out + "/box"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ok(wait_for(lambda: os.listdir(out), 20), "an export has begun")
    x.kill()
    x.wait()
finally:
    s.proc.send_signal(signal.SIGCONT)
half = os.listdir(out)
ok("box" not in half and len(half) == 1 and half[0].startswith("box.part-"), "killed, it does not look whole (%s)" % half)
yes(s, "export", "test.box", out + "/box")
is_(sorted(os.listdir(out)), sorted(half + ["box"]), "the next one has the name")
is_(open(out + "/box", "rb").read().count(b"From export@forumd "), len(s.json("list", "test.box", "--all")), "and is whole")
before = open(out + "/box", "rb").read()
s.ctl("export", "test.box", out + "/box", check=False)
ok(s.code != 0 and open(out + "/box", "rb").read() == before, "what is there is not written over")
s.ctl("export", "no.group", out + "/none", check=False)
ok(s.code != 0 and sorted(os.listdir(out)) == sorted(half + ["box"]), "a refused export leaves nothing")

t = Server()
for g in groups:
    f = "%s/%s.export" % (s.dir, g)
    yes(s, "export", g, f)
    t.ctl("group", "add", g, check=False)
    r = t.json("import", "--group", g, f)[0]
    is_(r["refused"], 0, g + ": nothing refused on the way back") or diag(t.err[:1000])
for g in groups:
    a, b = picture(s, g), picture(t, g)
    if not ok(a == b, g + ": the same numbers, tree, authors, dates, states (%d)" % len(a)):
        diag(len(a), len(b), [(x, y) for x, y in zip(a, b) if x != y][:3])
    f = "%s/%s.again" % (s.dir, g)
    yes(t, "export", g, f)
    x, y = open("%s/%s.export" % (s.dir, g), "rb").read(), open(f, "rb").read()
    if not ok(x == y, g + ": both servers export the same octets"):
        i = next((i for i in range(min(len(x), len(y))) if x[i] != y[i]), min(len(x), len(y)))
        diag(len(x), len(y), "at", i, x[max(0, i - 200):i + 200], y[max(0, i - 200):i + 200])
    r = t.json("import", "--group", g, "%s/%s.export" % (s.dir, g))[0]
    is_(r["imported"], 0, g + ": twice is once")
healthy(s, "the first server")
healthy(t, "the second server")

# ---- every message of the shared folders ----
folders = [f for f in ("mime", "lkml", "threading", "maildir-basic") if shared(f)]
if not folders:
    skip("the shared mails are not here")
else:
    u = Server(limits="message_size = 60000000")
    u.group("test.every")
    u.member("alice@example.org", "Alice", "secret")
    n, m = u.nntp(), u.imap("alice@example.org", "secret")
    stored, refused, bad = 0, 0, []
    files = sorted(os.path.join(d, f) for top in folders for d, _, v in os.walk(shared(top)) for f in v if not f.startswith(".") and not f.endswith((".md", ".txt")))
    for f in files:
        raw = open(f, "rb").read()
        r = u.json("import", "--group", "test.every", "--format", "maildir", f, check=False)
        if not r:
            bad.append("%s: no answer: %s" % (f, u.err))
        elif r[0]["refused"]:
            refused += 1
            if "refused " not in u.err:
                bad.append("%s: refused without a reason" % f)
        elif r[0]["imported"]:
            stored += 1
            number = u.json("group", "show", "test.every")[0]["high"]
            p = subprocess.run([find("forumctl"), "-c", u.conf, "show", "test.every:%d" % number, "--raw"], stdout=subprocess.PIPE)
            want = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            if p.stdout != want:
                bad.append("%s: --raw differs: %d octets, %d wanted" % (f, len(p.stdout), len(want)))
            if u.ctl("show", "test.every:%d" % number, check=False) == "" or u.code:
                bad.append("%s: show: %s" % (f, u.err))
            n.send("GROUP test.every"); n.expect("211")
            if not n.cmd("ARTICLE %d" % number).startswith("220"):
                bad.append("%s: no ARTICLE" % f)
                continue
            art = "\r\n".join(n.text()) + "\r\n"
            m.run("SELECT test.every")
            a, lines = m.run("UID FETCH %d (BODY.PEEK[] BODYSTRUCTURE ENVELOPE)" % number)
            got = "".join(lines)
            if not a.startswith("OK") or "BODYSTRUCTURE (" not in got or "ENVELOPE (" not in got or "BODY[] " not in got:
                bad.append("%s: FETCH: %s" % (f, a))
            body = want.split(b"\r\n\r\n", 1)[1] if b"\r\n\r\n" in want else b""
            a, lines = m.run("UID FETCH %d BODY.PEEK[TEXT]" % number)
            if body and body.decode("utf-8", "surrogateescape") not in "".join(lines):
                bad.append("%s: BODY[TEXT] differs" % f)
            if body.endswith(b"\r\n") and not art.endswith(body.decode("utf-8", "surrogateescape")):
                bad.append("%s: the body of ARTICLE differs" % f)
    if not ok(not bad, "%d mails stored and read through every door, %d refused with a reason" % (stored, refused)):
        diag("\n".join(bad[:30]))
    ok(stored > len(files) * 0.8, "%d of %d files stored" % (stored, len(files)))
    healthy(u, "shared mails")
done()
