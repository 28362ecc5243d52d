#!/usr/bin/env python3
"""IMAP: random programs of SEARCH keys against a model of the mailbox, in all forms of the answer. FORUMD_TEST_SEED repeats a run."""
import os, random, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

seed = int(os.environ.get("FORUMD_TEST_SEED") or random.randrange(1 << 30))
diag("FORUMD_TEST_SEED=%d" % seed)
R = random.Random(seed)
MESSAGES, PROGRAMS = 60, 400
s = Server(limits="posts_per_minute = 100000 bad_commands = 10000")
s.member("alice@example.org", "Alice", "secret")
c = s.imap("alice@example.org", "secret")
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
WORDS = ["plum", "pear", "Apple", "qu\u00fcnce", "stra\u00dfe", "plum pear", "x-y", "--", "1:2", "(a)", "\u65e5\u672c\u8a9e", "the", "o"]
FLAGS = ["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$Forwarded", "work", "home"]
PEOPLE = ["ann@one.example", "bob@two.example", "Carl Plum <carl@one.example>"]


def some(n=3):
    return " ".join(R.choice(WORDS) for _ in range(R.randrange(n)))


class Message:
    def __init__(self, k):
        self.day, self.sent = R.randrange(1, 29), R.randrange(1, 29)
        self.month, self.sent_month = R.randrange(12), R.randrange(12)
        self.flags = {f for f in FLAGS if R.random() < 0.3}
        self.subject, self.body = some(), some(12)
        self.sender, self.to, self.cc = R.choice(PEOPLE), R.choice(PEOPLE), R.choice(PEOPLE + [""])
        head = "From: %s\r\nTo: %s\r\n%sSubject: %s\r\nMessage-ID: <k%d@x.example>\r\nDate: %d %s 2023 12:00:00 +0000\r\n%sMIME-Version: 1.0\r\n" \
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n" % (self.sender, self.to, "Cc: %s\r\n" % self.cc if self.cc else "",
                self.subject, k, self.sent, MONTHS[self.sent_month], "X-Mood: %s\r\n" % R.choice(["good", "bad"]) if R.random() < 0.5 else "")
        self.head = head
        self.octets = (head + "\r\n" + self.body + "\r\n").encode()

    def append(self):
        c.send("a APPEND Drafts (%s) \"%2d-%s-2022 12:00:00 +0000\" UTF8 (~{%d+}" % (" ".join(sorted(self.flags)), self.day, MONTHS[self.month], len(self.octets)))
        c.raw(self.octets + b")\r\n")
        return c.response().startswith("a OK")


def fold(x):
    return x.casefold()


def has(where, needle):
    return fold(needle) in fold(where)


def field(m, name):
    r = re.search(r"(?mi)^%s: ?(.*)\r$" % re.escape(name), m.head)
    return r.group(1) if r else None


def literal(x):
    if x.isascii() and R.random() < 0.7:
        return '"%s"' % x
    return "{%d+}\r\n%s" % (len(x.encode()), x)


def day(m, d):
    return m * 31 + d


def key(depth):
    """(as typed, test of (seq, uid, message))"""
    k = R.randrange(16 if depth < 4 else 13)
    if k < 2:
        f = R.choice(FLAGS)
        name = f[1:].upper() if f[0] == "\\" else "KEYWORD " + f
        if R.random() < 0.5:
            return name, lambda q, u, m: f in m.flags
        return "UN" + name, lambda q, u, m: f not in m.flags
    if k == 2:
        lo, hi = R.randrange(1, len(live) + 1), R.randrange(1, len(live) + 1)
        if R.random() < 0.5:
            return "%d:%d" % (lo, hi), lambda q, u, m: min(lo, hi) <= q <= max(lo, hi)
        return "UID %d:%d" % (lo, hi), lambda q, u, m: min(lo, hi) <= u <= max(lo, hi)
    if k == 3:
        return R.choice([("*", lambda q, u, m: q == len(live)), ("UID *", lambda q, u, m: u == live[-1]), ("%d:*" % (len(live) - 2), lambda q, u, m: q >= len(live) - 2)])
    if k == 4:
        mo, d = R.randrange(12), R.randrange(1, 29)
        at = "%d-%s-2022" % (d, MONTHS[mo])
        return R.choice([("SINCE " + at, lambda q, u, m: day(m.month, m.day) >= day(mo, d)), ("BEFORE " + at, lambda q, u, m: day(m.month, m.day) < day(mo, d)),
                         ("ON \"" + at + "\"", lambda q, u, m: day(m.month, m.day) == day(mo, d))])
    if k == 5:
        mo, d = R.randrange(12), R.randrange(1, 29)
        at = "%d-%s-2023" % (d, MONTHS[mo])
        return R.choice([("SENTSINCE " + at, lambda q, u, m: day(m.sent_month, m.sent) >= day(mo, d)), ("SENTBEFORE " + at, lambda q, u, m: day(m.sent_month, m.sent) < day(mo, d)),
                         ("SENTON " + at, lambda q, u, m: day(m.sent_month, m.sent) == day(mo, d))])
    if k == 6:
        n = R.choice([len(m.octets) for m in all_.values()]) + R.randrange(-1, 2)
        return R.choice([("LARGER %d" % n, lambda q, u, m: len(m.octets) > n), ("SMALLER %d" % n, lambda q, u, m: len(m.octets) < n)])
    w = R.choice(WORDS + ["lum", "PEAR", "ST", "r", "zzz", ""])
    if k == 7:
        return "SUBJECT " + literal(w), lambda q, u, m: has(m.subject, w)
    if k == 8:
        return "BODY " + literal(w), lambda q, u, m: has(m.body, w)
    if k == 9:
        p = R.choice(["ann", "ONE.example", "carl plum", "two", "@", ""])
        name, of = R.choice([("FROM", lambda m: m.sender), ("TO", lambda m: m.to), ("CC", lambda m: m.cc)])
        return name + " " + literal(p), lambda q, u, m: bool(of(m)) and has(of(m), p)
    if k == 10:
        name, p = R.choice(["X-Mood", "Subject", "Message-ID", "Nothing", "to"]), R.choice(["good", "", "k1", "plum"])
        return "HEADER %s %s" % (name, literal(p)), lambda q, u, m: field(m, name) is not None and has(field(m, name), p)
    if k == 11:
        return "TEXT " + literal(w), lambda q, u, m: has(m.head.replace("\r\n", " "), w) or has(m.body, w)
    if k == 12:
        return R.choice([("ALL", lambda q, u, m: True), ("NEW", lambda q, u, m: False), ("OLD", lambda q, u, m: True), ("RECENT", lambda q, u, m: False)])
    if k == 13:
        t, f = key(depth + 1)
        return "NOT " + t, lambda q, u, m: not f(q, u, m)
    if k == 14:
        (t, f), (t2, f2) = key(depth + 1), key(depth + 1)
        return "OR %s %s" % (t, t2), lambda q, u, m: f(q, u, m) or f2(q, u, m)
    some_ = [key(depth + 1) for _ in range(R.randrange(1, 4))]
    return "(%s)" % " ".join(t for t, _ in some_), lambda q, u, m: all(f(q, u, m) for _, f in some_)


def numbers(text):
    out = []
    for part in filter(None, text.split(",")):
        lo, _, hi = part.partition(":")
        out += range(int(lo), int(hi or lo) + 1)
    return out


def ask(uid, form, keys):
    """what the server finds: a list, or a dict of an ESEARCH answer"""
    r, u = c.run("%sSEARCH %s%s" % ("UID " if uid else "", form, keys))
    if not r.startswith("OK"):
        return r
    line = [l for l in u if "SEARCH" in l][0]
    if not line.startswith("* ESEARCH"):
        return [int(x) for x in line.split()[2:]]
    got = dict(re.findall(r" (MIN|MAX|COUNT|ALL|PARTIAL) (\([^)]*\)|\S+)", line))
    return {k: numbers(v) if k == "ALL" else v if k == "PARTIAL" else int(v) for k, v in got.items()}


def right(form, want):
    if not form:
        return {"ALL": want} if want else {}
    out = {}
    for word in form.strip().split("(", 1)[1].rstrip(") ").split():
        if word == "COUNT":
            out["COUNT"] = len(want)
        elif want and word != "SAVE":
            out[word] = want if word == "ALL" else min(want) if word == "MIN" else max(want)
    return out


c.run("ENABLE UTF8=ACCEPT IMAP4rev2")
all_ = {n: Message(n) for n in range(1, MESSAGES + 1)}
ok(all(m.append() for m in all_.values()), "%d messages" % MESSAGES)
live = sorted(all_)
c.run("SELECT Drafts")
wrong = []
for i in range(PROGRAMS):
    if i == PROGRAMS // 2:                        # some go, and the daemon comes back: numbers and UIDs differ from now on
        out = R.sample(live, 9)
        c.run("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(map(str, out)))
        c.run("UID EXPUNGE %s" % ",".join(map(str, out)))
        live = [u for u in live if u not in out]
        s.stop()
        s.start()
        c = s.imap("alice@example.org", "secret")
        c.run("ENABLE UTF8=ACCEPT IMAP4rev2")
        c.run("SELECT Drafts")
    typed, test = key(0)
    uid = R.random() < 0.5
    form = R.choice(["", "RETURN (ALL) ", "RETURN (MIN MAX COUNT) ", "RETURN (COUNT ALL) ", "RETURN (MIN) "])
    want = [u if uid else q for q, u in enumerate(live, 1) if test(q, u, all_[u])]
    got = ask(uid, form, typed)
    if got != right(form, want):
        wrong.append((uid, form, typed, got, right(form, want)))
is_(wrong[:3], [], "%d programs of keys find what they mean (%d wrong)" % (PROGRAMS, len(wrong)))
done()
