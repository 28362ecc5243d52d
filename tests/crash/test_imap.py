#!/usr/bin/env python3
"""kill -9 while IMAP sessions append, flag, copy and expunge. What was acknowledged is so after the restart: the message under its
UID, the flag, the absence; no UID is given twice, not even that of an expunged last message; UIDVALIDITY stays, change numbers do
not go back, and QRESYNC from before the crash tells the truth. FORUMD_CRASH_ROUNDS rounds (default 25; here two thirds of them)."""
import os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crashlib import *

FLAGS = (r"\Seen", r"\Flagged", r"\Answered", "$Forwarded", "$Junk", "$Later")
MEMBERS = ("alice@example.org", "bob@example.org")
BOXES = (GROUP, "Drafts")


class Box:
    """what was promised of one member's mailbox, over all crashes"""

    def __init__(self, member, name):
        self.member, self.name = member, name
        self.ids = {}            # UID -> Message-ID, for ever
        self.flags = {}          # UID -> {flag: state, or None while unknown}
        self.gone = set()        # expunged, acknowledged
        self.maybe = set()       # an EXPUNGE of these was on its way
        self.validity = None
        self.top = 0             # highest UID heard of
        self.modseq = 0
        self.known = {}          # for QRESYNC: UID -> flags, as of self.since
        self.since = 0


class Player(threading.Thread):
    """one session on one mailbox; each mailbox has one player that flags and expunges, so what it was told is the last word"""

    def __init__(self, s, box, seed):
        super().__init__(daemon=True)
        self.s, self.box, self.rnd = s, box, random.Random(seed)
        self.done, self.odd = 0, []

    def run(self):
        try:
            self.open()
            while True:
                self.rnd.choice((self.append, self.append, self.flag, self.flag, self.flag, self.expunge, self.copy))()
                self.done += 1
        except (OSError, EOFError):
            pass
        except Exception as e:
            self.odd.append("%s: %s" % (type(e).__name__, e))

    def open(self):
        b = self.box
        self.c = self.s.imap(b.member, "secret")
        self.c.run("ENABLE QRESYNC")
        r, u = self.c.run("SELECT %s" % b.name)
        codes = dict(re.findall(r"\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]", "\n".join(u)))
        if b.validity and b.validity != codes["UIDVALIDITY"]:
            self.odd.append("UIDVALIDITY was %s and is %s" % (b.validity, codes["UIDVALIDITY"]))
        b.validity = codes["UIDVALIDITY"]
        if int(codes["UIDNEXT"]) <= b.top:
            self.odd.append("UIDNEXT %s, but UID %d was given" % (codes["UIDNEXT"], b.top))

    def listen(self, u):
        for l in u:
            m = re.match(r"\* \d+ FETCH \(UID (\d+)", l)
            if m:
                self.box.top = max(self.box.top, int(m.group(1)))
            m = re.search(r"MODSEQ \((\d+)\)", l)
            if m:
                self.box.modseq = max(self.box.modseq, int(m.group(1)))

    def must(self, command):
        r, u = self.c.run(command)
        self.listen(u)
        if not r.startswith("OK"):
            raise AssertionError("%s: %s" % (command[:80], r))
        return r, u

    def message(self):
        with Poster.lock:
            Poster.serial += 1
            n = Poster.serial
        mid = "<i%d.%d@crash.example>" % (os.getpid(), n)
        return mid, "Subject: number %d\r\nMessage-ID: %s\r\n\r\n%s" % (n, mid, "a line of text %d\r\n" % n * self.rnd.choice((1, 3, 300)))

    def append(self):
        mid, text = self.message()
        f = self.rnd.sample(FLAGS, self.rnd.randrange(3))
        r, _ = self.must("APPEND %s (%s) {%d+}\r\n%s" % (self.box.name, " ".join(f), len(text), text))
        uid = int(re.search(r"APPENDUID \d+ (\d+)", r).group(1))
        if uid in self.box.ids or uid <= 0:
            self.odd.append("UID %d was given before" % uid)
        self.box.ids[uid] = mid
        self.box.top = max(self.box.top, uid)
        self.box.flags[uid] = {g: g in f for g in FLAGS}

    def some(self):
        v = [u for u in self.box.flags if u not in self.box.gone and u not in self.box.maybe]
        return self.rnd.sample(v, min(len(v), self.rnd.choice((1, 1, 5)))) if v else None

    def flag(self):
        uids, f, on = self.some(), self.rnd.choice(FLAGS), self.rnd.random() < 0.5
        if not uids:
            return
        for u in uids:
            self.box.flags[u][f] = None
        self.must("UID STORE %s %sFLAGS%s (%s)" % (",".join(map(str, uids)), "+-"[not on], self.rnd.choice(("", ".SILENT")), f))
        for u in uids:
            self.box.flags[u][f] = on

    def expunge(self):
        uids = self.some()
        if self.rnd.random() < 0.3 and self.box.flags:       # the last one: its number must not come again
            uids = [max(self.box.flags)]
        if not uids or len(self.box.flags) - len(self.box.gone) < 5 or self.box.gone & set(uids) or self.box.maybe & set(uids):
            return
        self.must("UID STORE %s +FLAGS.SILENT (\\Deleted)" % ",".join(map(str, uids)))
        self.box.maybe |= set(uids)
        self.must("UID EXPUNGE %s" % ",".join(map(str, uids)))
        self.box.maybe -= set(uids)
        self.box.gone |= set(uids)

    def copy(self):
        uids = self.some()
        if uids and self.box.name == "Drafts":
            self.must("UID COPY %s Trash" % ",".join(map(str, uids)))


def faults(s, b):
    out = []
    c = s.imap(b.member, "secret")
    c.run("ENABLE QRESYNC")
    since = " (QRESYNC (%s %d))" % (b.validity, b.since) if b.since else ""
    r, u = c.run("SELECT %s%s" % (b.name, since))
    codes = dict(re.findall(r"\[(UIDVALIDITY|UIDNEXT|HIGHESTMODSEQ) (\d+)\]", "\n".join(u)))
    if b.validity and codes["UIDVALIDITY"] != b.validity:
        out.append("UIDVALIDITY was %s, is %s" % (b.validity, codes["UIDVALIDITY"]))
    if int(codes["UIDNEXT"]) <= b.top:
        out.append("UIDNEXT %s, but UID %d was given" % (codes["UIDNEXT"], b.top))
    if int(codes["HIGHESTMODSEQ"]) < b.modseq:
        out.append("HIGHESTMODSEQ %s, but %d was told" % (codes["HIGHESTMODSEQ"], b.modseq))
    cached = dict(b.known)
    for l in u:
        m = re.match(r"\* VANISHED \(EARLIER\) (\S+)", l)
        for part in m.group(1).split(",") if m else ():
            lo, _, hi = part.partition(":")
            for x in range(int(lo), int(hi or lo) + 1):
                cached.pop(x, None)
        m = re.match(r"\* \d+ FETCH \(UID (\d+) FLAGS \((.*?)\)", l)
        if m:
            cached[int(m.group(1))] = frozenset(m.group(2).split())
    have, flags = {}, {}
    for l in c.run("UID FETCH 1:* (FLAGS ENVELOPE)")[1]:
        m = re.search(r'UID (\d+) FLAGS \((.*?)\).*"(<[^"]*>)"\)', l, re.S) or re.search(r'UID (\d+) FLAGS \((.*?)\)', l)
        if m:
            have[int(m.group(1))] = m.group(3) if m.lastindex > 2 else None
            flags[int(m.group(1))] = frozenset(m.group(2).split())
    if since and cached != flags:
        out.append("QRESYNC since %d makes %r of what is %r" % (b.since, sorted(set(cached.items()) - set(flags.items())), sorted(set(flags.items()) - set(cached.items()))))
    for u, mid in b.ids.items():
        if u in b.gone:
            if u in have:
                out.append("UID %d was expunged and is back" % u)
        elif u not in have and u not in b.maybe:
            out.append("UID %d %s is lost" % (u, mid))
        elif u in have and have[u] != mid:
            out.append("UID %d was %s and is %s" % (u, mid, have[u]))
    for u in list(b.flags):
        if u in b.gone or u not in flags:
            continue
        for f, on in b.flags[u].items():
            if on is not None and (f in flags[u]) != on:
                out.append("UID %d: %s should be %s: %s" % (u, f, on, sorted(flags[u])))
            b.flags[u][f] = f in flags[u]
    # what the crash decided is so from now on
    b.gone |= {u for u in b.maybe if u not in have}
    b.maybe.clear()
    for u in have:
        if u not in b.ids and have[u]:
            b.ids[u] = have[u]                   # sent, not acknowledged, and there
            b.flags[u] = {f: f in flags[u] for f in FLAGS}
    b.top = max([b.top] + list(have))
    b.since, b.known = int(codes["HIGHESTMODSEQ"]), flags
    c.close()
    return ["%s %s: %s" % (b.member, b.name, x) for x in out]


s = forum()
s.member("bob@example.org", "Bob", "secret")
boxes = [Box(m, b) for m in MEMBERS for b in BOXES]
total = 0
for turn in range(max(1, ROUNDS * 2 // 3)):
    players = [Player(s, b, rnd.randrange(1 << 30)) for b in boxes]
    for p in players:
        p.start()
    wait_for(lambda: all(p.done > 3 for p in players), 20)
    time.sleep(rnd.random() ** 2 * 0.5)
    s.kill9()
    for p in players:
        p.join(30)
    s.start()
    total += sum(p.done for p in players)
    bad = [x for p in players for x in p.odd] + [x for b in boxes for x in faults(s, b)]
    if not ok(not bad, "round %d: %d commands acknowledged so far" % (turn + 1, total)):
        diag("\n".join(bad[:20]))
    if turn % 5 == 4:
        healthy(s, "round %d" % (turn + 1))
healthy(s, "at the end")
ok(total > 100 and any(b.gone for b in boxes), "the rounds did something")
is_(s.stop(), 0, "stops cleanly")
done()
