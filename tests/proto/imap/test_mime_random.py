#!/usr/bin/env python3
"""IMAP: messages of random structure, sound and broken: what BODYSTRUCTURE says of each part is what FETCH of that part gives, in one
piece and in many, plain and with the encoding undone; and nothing that is not there can be had. FORUMD_TEST_SEED repeats a run."""
import base64, os, quopri, random, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

seed = int(os.environ.get("FORUMD_TEST_SEED") or random.randrange(1 << 30))
diag("FORUMD_TEST_SEED=%d" % seed)
R = random.Random(seed)
COUNT = 120
s = Server(limits="posts_per_minute = 100000 bad_commands = 10000")
s.member("alice@example.org", "Alice", "secret")
c = s.imap("alice@example.org", "secret")

# ---- messages ---------------------------------------------------------------------------------------
WORDS = [b"plums", b"pears", b"--", b"---", b"--b1", b"--b2--", b".", b"", b"=3D", b"=", b"begin 644 x", b"\xc3\xa4", b"\xff", b"From here", b" ", b"\t", b"a" * 100]


def lines(n):
    return b"".join(b" ".join(R.choice(WORDS) for _ in range(R.randrange(0, 6))) + b"\r\n" for _ in range(R.randrange(0, n)))


def leaf():
    data, kind = lines(8), R.randrange(6)
    head = R.choice([b"", b"Content-Type: text/plain; charset=utf-8\r\n", b"Content-Type: text/html\r\n", b"Content-Type: image/png; name=\"a \\\" b.png\"\r\n",
                     b"Content-Type: application/octet-stream;\r\n name*=utf-8''%C3%A4.bin\r\n", b"Content-Type: nonsense\r\n", b"Content-Type: text/plain; =; x\r\n"])
    head += R.choice([b"", b"", b"Content-ID: <x@y>\r\n", b"Content-Disposition: attachment; filename=a.txt\r\n", b"Content-Description: a \"b\"\r\n", b"Content-Disposition: inline; filename*0*=utf-8''%C3%A4; filename*1=\"(\\\"\"; size=1\r\n", b"Content-Disposition: x; filename=\"=?utf-8?q?=C3=A4?= b\"\r\n", b"Content-Language: de, en\r\n", b"Content-MD5: x\r\n"])
    if kind == 0:
        return head + b"Content-Transfer-Encoding: base64\r\n", base64.encodebytes(data).replace(b"\n", b"\r\n")
    if kind == 1:
        return head + b"Content-Transfer-Encoding: quoted-printable\r\n", quopri.encodestring(data).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if kind == 2:
        return head + b"Content-Transfer-Encoding: x-odd\r\n", data
    if kind == 3:
        return head + b"Content-Transfer-Encoding: BASE64\r\n", data
    return head, data


def part(depth):
    kind = R.randrange(8)
    if depth > 4 or kind > 3:
        return leaf()
    if kind == 3:
        head, body = part(depth + 1)
        inner = R.choice([b"", b"Subject: inside\r\nFrom: a@b.example\r\n", b"Date: x\r\nTo: g: a@b.example;\r\n",
                          "Subject: Gr\u00fc\u00dfe\r\nFrom: J\u00f6rg <j\u00f6@x.example>, b@x.example\r\nCc: Fr\u00fch: \u00e4@b;\r\nMessage-ID: <\u00e4@x>\r\n".encode(), b"Subject: \xe4\r\nTo: (\xe4\r\n"]) + head
        if R.random() < 0.1:
            inner, body = inner + b"no colon\r\n", body
        cut = R.random() < 0.1
        return b"Content-Type: message/rfc822\r\n", inner + (b"" if cut else b"\r\n") + body
    boundary = R.choice([b"b1", b"b2", b"b 3", b"b1", b"=_x"])
    body = R.choice([b"", b"preamble\r\n"])
    for _ in range(R.randrange(0, 4)):
        head, text = part(depth + 1)
        body += b"--" + boundary + R.choice([b"", b" ", b"\t"]) + b"\r\n" + head + b"\r\n" + text + R.choice([b"\r\n", b""])
    body += R.choice([b"--" + boundary + b"--\r\n", b"--" + boundary + b"--", b"", b"--" + boundary + b"--\r\nepilogue\r\n"])
    sub = R.choice([b"mixed", b"alternative", b"digest", b"related"])
    return b"Content-Type: multipart/" + sub + b"; boundary=\"" + boundary + b"\"\r\n", body


def message(i):
    head, body = part(0)
    top = b"Subject: m%d\r\nMessage-ID: <m%d@x.example>\r\nDate: Mon, 01 Jan 2024 00:00:00 +0000\r\n" % (i, i)
    return top + head + b"\r\n" + body


# ---- what the server says ---------------------------------------------------------------------------
def parse(b, at):
    """one value of a response: bytes, list or None"""
    if b[at:at + 1] == b"(":
        out, at = [], at + 1
        while b[at:at + 1] != b")":
            if b[at:at + 1] == b" ":
                at += 1
                continue
            v, at = parse(b, at)
            out.append(v)
        return out, at + 1
    if b[at:at + 1] == b'"':
        out, at = b"", at + 1
        while b[at:at + 1] != b'"':
            at += b[at:at + 1] == b"\\"
            out, at = out + b[at:at + 1], at + 1
        return out, at + 1
    m = re.compile(rb"~?\{(\d+)\}\r\n").match(b, at)
    if m:
        end = m.end() + int(m.group(1))
        return b[m.end():end], end
    m = re.compile(rb"[^ ()\r\n]+(?:\[[^\]]*\])?(?:<\d+>)?").match(b, at)
    return (None if m.group(0) == b"NIL" else m.group(0)), m.end()


def fetch(n, items):
    r, u = c.run("FETCH %d (%s)" % (n, items))
    if not u:
        return r, {}
    v, _ = parse(u[0].encode("utf-8", "surrogateescape"), u[0].index("("))
    return r, {v[i].upper(): v[i + 1] for i in range(0, len(v), 2)}


def one(n, item):
    r, v = fetch(n, item)
    return list(v.values())[0] if v else r


def walk(st, path=""):
    """(section, kind, its structure) of every part, as BODYSTRUCTURE names them"""
    if isinstance(st[0], list):
        for i, x in enumerate(st):
            if not isinstance(x, list):
                break
            yield from walk(x, "%s%s%d" % (path, "." if path else "", i + 1))
        return
    name = path or "1"
    yield name, st
    if st[0].lower() == b"message" and st[1].lower() == b"rfc822":
        inner = st[8]
        yield from walk(inner, name) if isinstance(inner[0], list) else walk(inner, name + ".1")


wrong = []


def check(n, got, want, what):
    if got != want:
        wrong.append((n, what, repr(got)[:300], repr(want)[:300]))


def check_part(n, name, st):
    body = one(n, "BODY.PEEK[%s]" % name)
    if not isinstance(body, bytes):
        return check(n, body, "octets", "BODY[%s]" % name)
    check(n, len(body), int(st[6]), "size of part %s" % name)
    text, inside = st[0].lower() == b"text", st[0].lower() == b"message" and st[1].lower() == b"rfc822"
    if text or inside:
        check(n, int(st[7] if text else st[9]), body.count(b"\n") + (body[-1:] not in (b"\n", b"")), "lines of part %s" % name)
    size = R.randrange(1, 40)
    check(n, b"".join(one(n, "BODY.PEEK[%s]<%d.%d>" % (name, o, size)) for o in range(0, len(body) + 1, size)), body, "part %s in pieces" % name)
    r, v = fetch(n, "BINARY.PEEK[%s] BINARY.SIZE[%s]" % (name, name))
    if r.startswith("OK"):
        check(n, int(v[b"BINARY.SIZE[%s]" % name.encode()]), len(v[b"BINARY[%s]" % name.encode()]), "BINARY.SIZE of part %s" % name)
        if (st[5] or b"7bit").lower() in (b"7bit", b"8bit"):
            check(n, v[b"BINARY[%s]" % name.encode()], body, "BINARY of part %s" % name)
    elif "UNKNOWN-CTE" not in r:
        check(n, r, "OK", "BINARY of part %s" % name)
    if "." in name or one(n, "BODYSTRUCTURE")[0] != st[0]:
        mime = one(n, "BODY.PEEK[%s.MIME]" % name)
        check(n, isinstance(mime, bytes), True, "MIME of part %s" % name)
    if inside:
        head, text = one(n, "BODY.PEEK[%s.HEADER]" % name), one(n, "BODY.PEEK[%s.TEXT]" % name)
        check(n, head + text, body, "HEADER and TEXT of part %s" % name)


def check_message(n, sent):
    r, v = fetch(n, "RFC822.SIZE BODY.PEEK[] BODY.PEEK[HEADER] BODY.PEEK[TEXT] BODYSTRUCTURE BODY ENVELOPE PREVIEW")
    check(n, r[:2], "OK", "FETCH")
    whole = v[b"BODY[]"]
    check(n, v[b"BODY[HEADER]"] + v[b"BODY[TEXT]"], whole, "HEADER and TEXT")
    check(n, int(v[b"RFC822.SIZE"]), len(whole), "RFC822.SIZE")
    check(n, sent.split(b"\r\n\r\n", 1)[1] == v[b"BODY[TEXT]"], True, "the body as it was sent")
    check(n, (v[b"ENVELOPE"][1], v[b"ENVELOPE"][2]), (b"m%d" % n, [[b"Alice", None, b"alice", b"example.org"]]) if b"\r\nFrom: Alice <alice@" in b"\r\n" + v[b"BODY[HEADER]"] else 0, "ENVELOPE and header")
    parts = list(walk(v[b"BODYSTRUCTURE"]))
    check(n, [(p, x[:7]) for p, x in walk(v[b"BODY"])], [(p, x[:7]) for p, x in parts], "BODY is BODYSTRUCTURE without extensions")
    for name, st in parts:
        check_part(n, name, st)
    names = {p for p, _ in parts}
    for name in ("9", "1.9", "1.1.1.1.1.1.1.1.1", "2.7.MIME", "1.HEADER"):
        got = one(n, "BODY.PEEK[%s]" % name)
        if name not in names and not name.endswith("HEADER") and not any(p.startswith(name + ".") for p in names):
            check(n, got, None, "no part %s" % name)


sent = {}
for i in range(1, COUNT + 1):
    m = message(i)
    r, _ = c.run("APPEND Drafts {%d}" % len(m), [m])
    if r.startswith("OK"):
        sent[len(sent) + 1] = m
ok(len(sent) > COUNT * 0.9, "%d of %d were taken" % (len(sent), COUNT))
c.run("SELECT Drafts")
for n, m in sent.items():
    check_message(n, m)
is_(wrong[:3], [], "every part of every message is what the structure says (%d wrong)" % len(wrong))
if wrong:
    diag(sent[wrong[0][0]])


def shape(v):
    """lists and numbers: what may not differ, whatever a session enabled"""
    return [shape(x) for x in v] if isinstance(v, list) else v if v and v.isdigit() else b"s"


ascii_, wide = c, s.imap("alice@example.org", "secret")
wide.run("ENABLE IMAP4rev2 UTF8=ACCEPT")
wide.run("SELECT Drafts")
same, plain, differ = True, True, 0
for n in sent:
    for item in ("BODYSTRUCTURE", "BODY"):
        got = []
        for c in (ascii_, wide):
            r, u = c.run("FETCH %d (%s)" % (n, item))
            got.append(u[0])
        line = [x.encode("utf-8", "surrogateescape") for x in got]
        same = same and shape(parse(line[0], line[0].index(b"("))[0][1]) == shape(parse(line[1], line[1].index(b"("))[0][1])
        plain = plain and got[0].isascii()
        differ += got[0] != got[1]
c = ascii_
ok(same, "who enabled UTF-8 is told of the same parts")
ok(plain and differ > len(sent) // 10, "who did not is told ASCII; %d answers differ" % differ)
before = [fetch(n, "BODYSTRUCTURE ENVELOPE RFC822.SIZE") for n in sent]
s.ctl("rebuild")
after = [fetch(n, "BODYSTRUCTURE ENVELOPE RFC822.SIZE") for n in sent]
is_([(a, b) for a, b in zip(after, before) if a != b][:1], [], "a rebuild says the same")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
