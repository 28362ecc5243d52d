#!/usr/bin/env python3
"""Other peers' bytes on the control socket do no harm; forumctl shell and init."""
import os, random, struct, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from ctllib import *

s = Server()
s.group("test.pub")


def frame(kind, payload):
    return struct.pack(">I", len(payload)) + kind.encode() + payload


def args(*words):
    return frame("A", b"".join(varint(len(w)) + w.encode() for w in words))


def varint(n):
    out = b""
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def answer(data, end=True, seconds=5):
    """all bytes until the daemon closes, None when it does not"""
    c = Conversation(0, path=s.sock)
    c.s.settimeout(seconds * SLOW)
    got = b""
    try:
        c.raw(data)
        if end:
            c.s.shutdown(socket.SHUT_WR)
        while True:
            d = c.s.recv(65536)
            if not d:
                return got
            got += d
    except (socket.timeout, TimeoutError):
        return None
    except OSError:
        return got
    finally:
        c.close()


def lives(name):
    ok(s.proc.poll() is None and run(s, "status")[0] == 0, name + ": the daemon answers others")


# a well-formed call, so that the frames above are known to be right
got = answer(args("group", "list"), end=False)
ok(got is not None and b"test.pub" in got and got[-6:] == frame("X", b"\0"), "a call by hand")
ok(answer(args("nonsense"), end=False)[-6:] == frame("X", b"\2"), "a wrong one")

ok(answer(b"GET / HTTP/1.0\r\n\r\n", end=False) is not None, "HTTP: closed at once, for its first four octets are too large a length")
lives("HTTP")
ok(answer(struct.pack(">I", 0xffffffff) + b"A" + b"x" * 1000, end=False) == b"", "an oversized frame: closed")
ok(answer(struct.pack(">I", (64 << 20) + 1) + b"A", end=False) == b"", "one octet too many: closed")
ok(answer(b"") == b"", "nothing")
ok(answer(b"\0\0") == b"", "half a head")
ok(answer(struct.pack(">I", 100) + b"Ahalf") == b"", "half a frame")
ok(answer(frame("A", b""), end=False)[-6:] == frame("X", b"\2"), "no arguments: usage")
ok(answer(frame("A", b"\xff" * 40), end=False)[-6:] == frame("X", b"\2"), "a varint without end: usage")
ok(answer(frame("A", varint(1000) + b"short"), end=False)[-6:] == frame("X", b"\2"), "an argument longer than its frame: usage")
ok(answer(frame("D", b"x"), end=False) == b"", "input without a call: closed")
ok(answer(frame("M", b"x"), end=False) == b"", "a message without an import: closed")
ok(answer(frame("\0", b""), end=False) == b"", "an unknown type: closed")
ok(answer(args("group", "add", "evil\0name"), end=False)[-6:] == frame("X", b"\1"), "a NUL in a name: refused")
ok(answer(args("group", "add", "x" * 100000), end=False)[-6:] == frame("X", b"\1"), "a long name: refused")
got = answer(args(*(["list"] + ["a"] * 100000)), end=False)
ok(got is not None and got[-6:] == frame("X", b"\2"), "100,000 arguments: usage")
got = answer(args(*(["group", "add", "x.y"] + ["--title=x"] * 50000)), end=False)
ok(got is not None and got[-6:] == frame("X", b"\0"), "50,000 options: answered")
lives("odd calls")
ok(answer(args("import", "--group", "test.pub") + frame("M", b""), end=False) is not None, "an empty message frame ends the import")
ok(answer(args("import", "--group", "test.pub") + frame("M", b"\xff" * 50), end=False) is not None, "a broken one too")
good = b"\0\0\0" + b"\0" * 5
ok(b"1 refused" in (answer(args("import", "--group", "test.pub") + frame("M", good) + frame("F", b""), end=False) or b""), "a message of nothing is refused")
odd = b"\4line\0\0" + varint(77) + varint(5) + varint(99) + varint(2 ** 32 - 1) + varint(2 ** 63) + b"Subject: odd\nMessage-ID: <odd@x.example>\n\nodd\n"
got = answer(args("import", "--group", "test.pub") + frame("M", odd) + frame("F", b""), end=False)
ok(got is not None and got[-6:-1] == frame("X", b"\0")[:-1], "fields out of range: answered")
lives("odd fields")
c, out, err = run(s, "list", "test.pub", "--all")
is_(c, 0, "and the group can be listed")
got = answer(args("import", "--group", "test.pub") + frame("A", b"x"), end=False)
ok(got is not None, "arguments twice: closed")
n = args("import", "--group", "test.pub") + b"".join(frame("M", b"\0\0\0" + b"\0" * 5 + b"Message-ID: <h%d@x.example>\nSubject: s\n\nt\n" % i) for i in range(1000))
answer(n[:-20])
lives("an import cut in the middle of a frame")
healthy(s, "after a cut import")

rnd = random.Random(11)
kinds = "ADFMX"
for i in range(150):
    data = b""
    for _ in range(rnd.randrange(1, 6)):
        body = bytes(rnd.randrange(256) for _ in range(rnd.randrange(60)))
        if rnd.random() < 0.5:
            words = rnd.sample(["post", "import", "--group", "test.pub", "show", "1", "--raw", "--as", "x", "--json", "rebuild", "help", "\xff", ""], 4)
            data += args(*words)
        data += frame(rnd.choice(kinds), body)
    if rnd.random() < 0.3:
        data = data[:rnd.randrange(len(data))]
    if answer(data, seconds=10) is None:
        ok(False, "random bytes %d: closed or answered" % i)
        diag(repr(data))
ok(True, "150 random conversations")
lives("random bytes")
many = [Conversation(0, path=s.sock) for _ in range(50)]
lives("50 silent connections")
for c in many:
    c.raw(b"\0\0")
lives("50 half heads")
for c in many:
    c.close()

# ---- shell ----
p = subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=b"# remark\n\ngroup add test.two --title \"Two words\"\ngroup show 'test.two'\nexport test.pub %s\nnonsense\nstatus\nquit\nnot reached\n" % (s.dir + "/x.mbox").encode(), capture_output=True)
ok(b"Two words" in p.stdout and b"there is no verb" in p.stderr and b"store_bytes" in p.stdout, "shell: verbs line by line; export does not swallow what follows")
is_(p.returncode, 0, "shell ends with the last code")
p = subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=b"group list\nnonsense\n", capture_output=True)
is_(p.returncode, 2, "shell ends with the last code (usage)")
p = subprocess.run([find("forumctl"), "-c", s.conf, "--json", "shell"], input=b"group list\n", capture_output=True)
is_([json.loads(l)["name"] for l in p.stdout.decode().split("\n") if l], ["test.pub", "test.two", "x.y"], "--json shell")

# ---- export's file ----
no(s, "export", "nope", s.dir + "/nope.mbox", has="no group")
ok(not os.path.exists(s.dir + "/nope.mbox"), "a refused export leaves no file")
no(s, "export", "test.pub", s.dir + "/x.mbox", has="exists")
no(s, "export", "test.pub", s.dir + "/no/dir/x.mbox")
usage(s, "export", has="usage: forumctl export")
yes(s, "export", "test.pub", "-", has="^From export@forumd .*Message-ID: <h0@x.example>")

# ---- init ----
d = s.dir + "/new"
def init(*a):
    return subprocess.run([find("forumctl"), "init"] + list(a), capture_output=True, text=True)
p = init(d, "--domain", "Forum.Example.ORG")
ok(p.returncode == 0 and "group add" in p.stdout, "init tells what comes next")
p2 = subprocess.run([find("forumd"), "-t", "-c", d + "/forumd.conf"], capture_output=True, text=True)
if not is_(p2.returncode, 0, "forumd -t accepts what init wrote"):
    diag(p2.stdout, p2.stderr)
ok('domain = "forum.example.org"' in open(d + "/forumd.conf").read(), "the domain in lower case")
ok(all(re.search(r"^%s\._domainkey\.forum\.example\.org\. +TXT +\( \"v=DKIM1; k=%s; p=" % k, p.stdout, re.M) for k in (("forumd", "rsa"), ("forumd-ed25519", "ed25519"))),
   "and prints the records of an RSA and an Ed25519 key")
p = init(d, "--domain", "forum.example.org")
ok(p.returncode == 1 and "exists" in p.stderr, "init overwrites nothing")
for bad in ([], [d], ["--domain", "x.y"], [d + "2", "--domain", "nodot"], [d + "2", "--domain", 'x.org"\n'], [d + "2", "--domain", ".x.org"], [d + "2", "more", "--domain", "x.org"], [d + "2", "--what", "--domain", "x.org"]):
    is_(init(*bad).returncode, 2, "init usage: %r" % bad[-1:])
is_(init(s.dir + "/no/where", "--domain", "x.org").returncode, 1, "init where no folder can be")
text = open(d + "/forumd.conf").read()
ports = free_ports(4)
for old, new in zip((1119, 1143, 1587, 1024), ports):
    text = text.replace("port = %d" % old, "port = %d" % new)
open(d + "/forumd.conf", "w").write(text)
t = Server(start=False)
t.conf = d + "/forumd.conf"
t.start()
t.group("hello.world")
is_([g["name"] for g in t.json("group", "list")], ["hello.world"], "a daemon runs on it")
is_(t.stop(), 0, "and stops")
done()
