"""What the crash tests share: clients that remember what they were told.

A Poster sends messages over one connection until the server is gone, and keeps three lists: said yes (`acked`: id ->
number or None), said no (`refused`), and the one that was on its way (`unknown`: it may be there or not)."""
import os, random, sys, threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from forumtest import *

GROUP = "test.crash"
AUTHSERV = "mx.front.example"
ROUNDS = int(os.environ.get("FORUMD_CRASH_ROUNDS", "25"))
SEED = int(os.environ.get("FORUMD_CRASH_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
rnd = random.Random(SEED)
diag("FORUMD_CRASH_SEED=%d FORUMD_CRASH_ROUNDS=%d" % (SEED, ROUNDS))


def forum(**kw):
    s = Server(limits="posts_per_minute = 0", lmtp='trust_authserv = "%s"' % AUTHSERV, **kw)
    s.group(GROUP)
    s.member("alice@example.org", "Alice", "secret")
    return s


class Poster(threading.Thread):
    serial = 0
    lock = threading.Lock()

    def __init__(self, s, seed):
        super().__init__(daemon=True)
        self.s, self.rnd = s, random.Random(seed)
        self.acked, self.refused, self.unknown, self.odd = {}, [], [], []
        self.stop = threading.Event()

    def message(self, bad=False, headers=""):
        with Poster.lock:
            Poster.serial += 1
            n = Poster.serial
        mid = "<%d.%d.%d@crash.example>" % (os.getpid(), n, self.rnd.randrange(1 << 30))
        size = self.rnd.choice((1, 3, 30, 300))
        subject = "" if bad else "Subject: number %d\r\n" % n
        return mid, "From: alice@example.org\r\n%s%sMessage-ID: %s\r\n\r\n%s" % (headers, subject, mid, "a line of text %d\r\n" % n * size)

    def run(self):
        try:
            self.open()
            while not self.stop.is_set():
                self.one()
        except (OSError, EOFError, AssertionError) as e:
            if isinstance(e, AssertionError):
                self.odd.append(str(e))

    def settle(self, mid, yes, number=None, line=""):
        self.unknown.remove(mid)
        if yes:
            self.acked[mid] = number
        else:
            self.refused.append((mid, line))


class Nntp(Poster):
    def open(self):
        self.c = self.s.nntp("alice@example.org", "secret")

    def one(self):
        bad = self.rnd.random() < 0.1
        mid, text = self.message(bad, "Newsgroups: %s\r\n" % GROUP)
        self.c.cmd("POST", "340")
        self.unknown.append(mid)
        self.c.raw(text + ".\r\n")
        l = self.c.line()
        self.settle(mid, l.startswith("240"), None, l)
        if bad == l.startswith("240"):
            self.odd.append("bad=%s: %s" % (bad, l))


class ImapAppend(Poster):
    def open(self):
        self.c = self.s.imap("alice@example.org", "secret")

    def one(self):
        mid, text = self.message()
        self.unknown.append(mid)
        l, _ = self.c.run("APPEND %s {%d+}\r\n%s" % (GROUP, len(text), text))
        m = re.search(r"APPENDUID \d+ (\d+)", l)
        self.settle(mid, l.startswith("OK"), int(m.group(1)) if m else None, l)
        if not m:
            self.odd.append(l)


class Lmtp(Poster):
    def open(self):
        self.c = Conversation(self.s.port["lmtp"])
        self.c.reply()
        self.c.send("LHLO mx.front.example")
        self.c.reply()

    def one(self):
        mid, text = self.message(headers="Authentication-Results: %s; dmarc=pass header.from=example.org\r\n" % AUTHSERV)
        for line in ("MAIL FROM:<alice@example.org>", "RCPT TO:<%s@forum.test>" % GROUP):
            self.c.send(line)
            l = self.c.reply()
            if l[0] != "2":
                self.odd.append(l)
        self.c.send("DATA")
        self.c.reply()
        self.unknown.append(mid)
        self.c.raw(text + ".\r\n")
        l = self.c.reply()
        self.settle(mid, l[0] == "2", None, l)
        if l[0] != "2":
            self.odd.append(l)


def posts(s, group=GROUP):
    """[(number, message id)] as the server lists them"""
    return [(p["number"], p["message_id"]) for p in s.json("list", group, "--all")]


class Ledger:
    """all that was ever promised, over many crashes"""

    def __init__(self):
        self.acked, self.refused, self.unknown = {}, set(), set()
        self.numbers = {}

    def take(self, posters):
        odd = []
        for p in posters:
            self.acked.update(p.acked)
            self.refused |= {m for m, _ in p.refused}
            self.unknown |= set(p.unknown)
            odd += p.odd
        return odd

    def faults(self, s):
        v = posts(s)
        numbers, ids = [n for n, _ in v], [m for _, m in v]
        have = dict((m, n) for n, m in v)
        out = []
        if numbers != sorted(set(numbers)):
            out.append("numbers are not unique and ascending")
        if len(set(ids)) != len(ids):
            out.append("a message is there twice")
        out += ["lost: %s" % m for m in self.acked if m not in have]
        out += ["%s has number %s, %s was promised" % (m, have[m], n) for m, n in self.acked.items() if n and m in have and have[m] != n]
        out += ["refused, but there: %s" % m for m in self.refused if m in have]
        out += ["from nowhere: %s" % m for m in have if m not in self.acked and m not in self.unknown]
        out += ["%s was number %d, is %s" % (m, n, have.get(m)) for m, n in self.numbers.items() if have.get(m) != n]
        self.numbers = have
        return out


def healthy(s, name):
    out = s.ctl("check", check=False)
    if not ok(s.code == 0 and ", 0 faults" in out, name + ": check finds no fault"):
        diag(out[-1500:], s.err)
