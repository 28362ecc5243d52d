#!/usr/bin/env python3
"""Many sessions on the same mailboxes that read, flag, post, copy, expunge, search, idle, drop the line and resume, at
random and under each other; the checker of tests/lib/imapstrict.py watches every octet. Now and then all hold still: then
each session must believe what a fresh one is told, and no acknowledged flag may be lost.

FORUMD_STRESS_SECONDS (default 15), FORUMD_STRESS_SEED, FORUMD_STRESS_SESSIONS (default 12)."""
import os, random, sys, threading
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from imapstrict import *

SECONDS = float(os.environ.get("FORUMD_STRESS_SECONDS", "15"))
SEED = int(os.environ.get("FORUMD_STRESS_SEED", "0")) or random.SystemRandom().randrange(1 << 30)
SESSIONS = int(os.environ.get("FORUMD_STRESS_SESSIONS", "12"))
ROUND = 3.0                        # seconds of noise between two silences
BOX = "test.stress"
MEMBERS = ("mod@example.org", "alice@example.org", "bob@example.org")
OWN = (r"\Answered", r"\Flagged", "$Forwarded", "$Junk")       # each belongs to one session of a member, on even UIDs
ANY = (r"\Seen", r"\Flagged", r"\Answered", "$Forwarded", "$Junk", "$NotJunk", "$Later", "Todo", r"\Deleted")
POINTED = (r"\Seen", "$NotJunk", "$Later", r"\Deleted")      # in INBOX, where the marks are those of the posts pointed to
ITEMS = ("FLAGS", "UID", "ENVELOPE", "RFC822.SIZE", "INTERNALDATE", "BODYSTRUCTURE", "BODY.PEEK[]", "BODY.PEEK[HEADER]",
         "BODY.PEEK[TEXT]<0.40>", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "EMAILID", "THREADID", "BINARY.SIZE[1]", "BODY", "MODSEQ")
# what is told at any moment, but EXPUNGE only where it may be
NOTIFY = "(SELECTED-DELAYED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (INBOXES (MessageNew MessageExpunge FlagChange))"
KEYS = {"SEEN": r"\Seen", "FLAGGED": r"\Flagged", "ANSWERED": r"\Answered", "DELETED": r"\Deleted", "KEYWORD $Junk": "$Junk",
        "KEYWORD $Forwarded": "$Forwarded"}


class Game:
    def __init__(self, s):
        self.s = s
        self.told = {}
        self.expect = {}            # (member, box, uid, flag) -> wanted state, as last acknowledged to its owner
        self.won = {}               # (member, box, uid, UNCHANGEDSINCE) -> who
        self.serial = self.top = 0   # messages written; highest UID in the group
        self.lock = threading.Lock()
        self.end = time.time() + SECONDS
        self.failed = threading.Event()
        self.counts, self.verdicts = {}, {}
        self.next_silence = time.time() + ROUND
        self.over = False
        self.silence = False
        self.rounds = 0
        self.truth = {}
        self.restored = set()       # came back into the middle: a session that was open then never learns of them; so
                                    # it is with the pointers to them in own boxes
        self.barrier = threading.Barrier(SESSIONS)

    def message(self, who):
        with self.lock:
            self.serial += 1
            n = self.serial
        parent = random.Random(n + SEED).randrange(2 * n)       # half of them answer something: it is in its author's INBOX then
        reply = "In-Reply-To: <s%d.%d@stress.example>\r\n" % (parent, SEED) if parent < n else ""
        return n, ("From: %s\r\nSubject: number %d\r\nMessage-ID: <s%d.%d@stress.example>\r\n%s\r\nWords of message %d: %s\r\n"
                   % (who, n, n, SEED, reply, n, " ".join(random.Random(n).sample("quince apple pear plum medlar sloe".split(), 3)))).encode()

    def look(self, member, box):
        """what a fresh session sees: uid -> (flags, modseq), with STATUS and SELECT agreeing"""
        c = Strict(self.s.port["imap"], member, "secret", self.told)
        sel = c.select(box, "EXAMINE")
        got = {}
        if c.view.uids:
            fetch = c.must("FETCH", "1:* (UID FLAGS%s)" % ("" if c.view.nomodseq else " MODSEQ"))
            for _, seq, items in fetch.seen.get("FETCH", []):
                got[items["UID"]] = (items["FLAGS"], items.get("MODSEQ"))
        codes = dict((x[1], x[2]) for x in sel.seen["OK"] if x[1])
        exists = sel.seen["EXISTS"][0][1]
        if len(got) != exists or (got and max(got) >= int(codes["UIDNEXT"])):
            raise Wrong("EXISTS %d, %d messages, UIDNEXT %s" % (exists, len(got), codes["UIDNEXT"]))
        st = c.must("STATUS", '"%s" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)' % box).seen["STATUS"][0][2]
        unseen = sum(r"\Seen" not in f for f, _ in got.values())
        want = {"MESSAGES": len(got), "UIDNEXT": int(codes["UIDNEXT"]), "UIDVALIDITY": int(codes["UIDVALIDITY"]), "UNSEEN": unseen,
                "HIGHESTMODSEQ": int(codes.get("HIGHESTMODSEQ", 0))}
        if st != want:
            raise Wrong("STATUS %r, SELECT and FETCH %r" % (st, want))
        if any(m and m > want["HIGHESTMODSEQ"] for _, m in got.values()):
            raise Wrong("a MODSEQ above HIGHESTMODSEQ %d: %r" % (want["HIGHESTMODSEQ"], got))
        c.must("LOGOUT")
        c.close()
        return got


class Player(threading.Thread):
    def __init__(self, game, k):
        super().__init__(daemon=True)
        self.g, self.k = game, k
        self.member = MEMBERS[k % len(MEMBERS)]
        self.rank = k // len(MEMBERS)           # among the sessions of this member
        self.flag = OWN[self.rank] if self.rank < len(OWN) else None
        self.r = random.Random(SEED * 1000 + k)
        self.c = self.last = self.box = self.kept = None
        self.cache = {}                          # box -> (uidvalidity, highest, {uid: flags})

    # ---- life
    def run(self):
        try:
            self.connect()
            while not self.g.failed.is_set():
                if self.g.next_silence < time.time() or self.g.silence:
                    self.g.silence = True
                    self.hold_still()
                    if self.g.over:
                        break
                self.act()
        except threading.BrokenBarrierError:
            pass
        except Exception as e:
            self.g.failed.set()
            self.g.barrier.abort()
            with self.g.lock:
                import traceback
                diag("session %d of %s, %s: %s: %s" % (self.k, self.member, self.options(), type(e).__name__, e))
                if not isinstance(e, Wrong):
                    diag(traceback.format_exc())
                diag(self.box, "\n".join((self.kept or self.c.wire)[-40:] if self.c else []))

    def options(self):
        return " ".join(n for n, v in (self.last or {}).items() if v) or "plain"

    def connect(self, box=None):
        r = self.r
        if self.c:
            self.c.close()
        q = r.random()
        self.last = dict(qresync=q < 0.4, condstore=0.4 <= q < 0.65, deflate=r.random() < 0.3, rev2=r.random() < 0.3,
                         notify=NOTIFY if r.random() < 0.25 else None)
        self.c = Strict(self.g.s.port["imap"], self.member, "secret", self.g.told, **self.last)
        self.open(box or self.any_box())

    def any_box(self):
        return self.r.choices((BOX, "Drafts", "INBOX"), (7, 2, 1))[0]

    def open(self, box):
        r = self.r
        self.box = box
        self.examine = r.random() < 0.1
        extra, have = "", self.cache.pop(box, None)
        if self.c.qresync and have and have[2] and r.random() < 0.8:
            known = " 1:%d" % max(have[2]) if r.random() < 0.7 else ""
            extra = " (QRESYNC (%d %d%s))" % (have[0], have[1], known)
        elif r.random() < 0.2 and not self.c.qresync:
            extra = " (CONDSTORE)"
            self.c.condstore = True
        sel = self.c.select(box, "EXAMINE" if self.examine else "SELECT", extra)
        v = self.c.view
        if "QRESYNC" in extra:
            self.resumed(sel, have)
        elif v.uids:
            self.read_all()
        v.highest = max(v.highest, 1)

    def read_all(self):
        v = self.c.view
        self.do(Command("FETCH", "1:* (UID FLAGS%s)" % (" MODSEQ" if v.condstore and not v.nomodseq else ""),
                        items=("UID", "FLAGS"), targets=[]))

    def resumed(self, sel, have):
        """the cache of the last session, and what SELECT told of it, against what is there"""
        v = self.c.view
        high = v.highest
        cached = {u: f for u, f in have[2].items() if u not in v.earlier}
        cached.update(v.flags)
        self.do(Command("FETCH", "1:* (FLAGS MODSEQ)", uid=True, items=("UID", "FLAGS", "MODSEQ")))
        for u in cached:
            if u not in v.flags and u not in v.dead:
                v.owed[u] = "it was in the cache, QRESYNC did not tell that it is gone (since %d)" % have[1]
            elif u in v.flags and v.modseq[u] <= high and v.flags[u] != cached[u]:
                raise Wrong("UID %d: after QRESYNC since %d the cache says %r; FETCH says %r at %d of %d"
                            % (u, have[1], sorted(cached[u]), sorted(v.flags[u]), v.modseq[u], high))

    def drop(self):
        """the line breaks; what was learned is kept"""
        v = self.c.view
        if v and v.condstore and not v.nomodseq and None not in v.uids:
            self.cache[self.box] = (v.uidvalidity, v.highest, {u: v.flags.get(u) for u in v.uids if u in v.flags})
        if self.r.random() < 0.5:
            self.c.must("LOGOUT")
        self.connect()

    # ---- commands
    def do(self, c):
        v = self.c.view
        self.count(c)
        if v:
            v.touched, v.answers = set(), {}
        self.c.begin(c)
        nothing = not (v and v.uids) and "1:*" in c.args        # no message has a number: BAD (RFC 9051 9, seq-number)
        r = self.c.finish(c)
        if r[0] == "BAD" and not (nothing and (not c.uid or c.verb == "SEARCH")):
            raise Wrong("%s: %r" % (c.text(), r))
        return r

    def count(self, c):
        self.g.counts[c.verb] = self.g.counts.get(c.verb, 0) + 1

    def pick(self, even=None, most=8):
        """(text of a set, uid?, UIDs): numbers or UIDs of known messages"""
        v = self.c.view
        some = [u for u in v.known() if even is None or (u % 2 == 0) == even]
        if not some:
            return None
        n = self.r.choice((1, 1, 1, 2, 3, most))
        at = self.r.randrange(len(some))
        uids = sorted(set(some[at:at + n] if self.r.random() < 0.5 else self.r.sample(some, min(n, len(some)))))
        uid = self.r.random() < 0.5
        return ",".join(str(u if uid else v.seq(u)) for u in uids), uid, uids

    def act(self):
        v = self.c.view
        if v is None:
            return self.open(self.any_box())
        w = [(20, self.fetch), (20, self.store), (8, self.store_own), (6, self.conditional), (8, self.search), (6, self.noop), (5, self.idle),
             (2, self.sort), (2, self.status), (3, self.reopen), (2, self.drop), (3, self.copy), (1, self.move), (3, self.pipeline), (2, self.since),
             (2 if len(v.uids) > 30 else 12, self.append), (7 if len(v.uids) > 25 else 1, self.expunge)]
        fn = self.r.choices([f for _, f in w], [n for n, _ in w])[0]
        fn()

    def fetch(self):
        p = self.pick(most=30)
        if not p:
            return
        v = self.c.view
        items = self.r.sample(ITEMS, self.r.randint(1, 4))
        if v.nomodseq and "MODSEQ" in items:
            items = ["FLAGS"]
        want = {re.sub(r"<0\.40>", "<0>", i.replace(".PEEK", "")) for i in items} | ({"UID"} if p[1] else set())
        self.do(Command("FETCH", "%s (%s)" % (p[0], " ".join(items)), uid=p[1], items=want))
        if "MODSEQ" in items:
            v.condstore = self.c.condstore = True      # from here on
        for u in p[2]:
            if u not in v.dead and not want <= v.answers.get(u, set()):
                v.owed[u] = "FETCH told %r of %r" % (v.answers.get(u), want)

    def store_flags(self, p, sign, flags, silent):
        """one STORE and what must follow from it"""
        v = self.c.view
        silent = silent and not self.last["notify"]       # nobody could tell a FETCH from before it from one behind it
        r = self.do(Command("STORE", "%s %sFLAGS%s (%s)" % (p[0], sign, ".SILENT" if silent else "", " ".join(flags)), uid=p[1]))
        if self.examine:
            if r[0] != "NO":
                raise Wrong("STORE in a mailbox opened with EXAMINE: %r" % (r,))
            return False
        if r[0] != "OK":
            raise Wrong("STORE: %r" % (r,))
        for u in p[2]:
            if u in v.dead:
                continue
            if not silent and u not in v.touched:
                v.owed[u] = "STORE told no flags"
            if silent and u not in v.touched and u in v.flags:
                f = set(v.flags[u])
                f = set(flags) if not sign else f | set(flags) if sign == "+" else f - set(flags)
                v.flags[u] = frozenset(f)
        return True

    def store(self):
        p = self.pick(even=False)
        if not p:
            return
        sign = self.r.choice(("+", "+", "-", ""))
        some = POINTED if self.box == "INBOX" else ANY
        flags = self.r.sample(some[:-1] if self.r.random() < 0.9 else some, self.r.randint(1, 3))
        if self.box == "INBOX" and not sign:
            sign = "+"
        if not sign and r"\Deleted" in flags:
            sign = "+"
        # FLAGS replaces what only the moderators' side sets, too; the view learns that from the answer alone
        self.store_flags(p, sign, flags, self.r.random() < 0.4 and sign)

    def store_own(self):
        """a flag that nobody else touches on these messages: its state is known"""
        p = self.pick(even=True)
        if not p or not self.flag or self.box != BOX:      # to copy a post into a box once more adds to the marks of its pointer
            return
        sign = self.r.choice("+-")
        for u in p[2]:
            self.g.expect.pop((self.member, self.box, u, self.flag), None)
        if self.store_flags(p, sign, [self.flag], self.r.random() < 0.4):
            for u in p[2]:
                self.g.expect[(self.member, self.box, u, self.flag)] = sign == "+"
                if u in self.c.view.flags and u not in self.c.view.owed and (self.flag in self.c.view.flags[u]) != (sign == "+"):
                    raise Wrong("UID %d: %s%s was acknowledged, and flags are %r" % (u, sign, self.flag, self.c.view.flags[u]))

    def conditional(self):
        """UNCHANGEDSINCE: of two who change the same state, one wins"""
        v = self.c.view
        if not v.condstore or v.nomodseq or self.examine:
            return
        some = [u for u in v.modseq if u % 2]
        if not some:
            return
        u = self.r.choice(some)
        since = v.modseq[u]
        sign = "-" if "$NotJunk" in v.flags.get(u, ()) else "+"
        was = v.flags.get(u)
        if was is None:
            return
        r = self.do(Command("STORE", "%d (UNCHANGEDSINCE %d) %sFLAGS ($NotJunk)" % (u, since, sign), uid=True))
        if r[0] == "OK" and r[1] != "MODIFIED":
            if u in v.dead or u not in v.answers:
                return
            other = self.g.won.setdefault((self.member, self.box, u, since), (self.k, time.time()))
            if other[0] != self.k:
                raise Wrong("UID %d since %d: session %d had changed it" % (u, since, other[0]))
            if v.modseq[u] <= since:
                raise Wrong("UID %d was changed and its MODSEQ stays %d" % (u, since))

    def search(self):
        v = self.c.view
        uid = self.r.random() < 0.5
        key = self.r.choice(list(KEYS) + ["ALL", "ALL", "1:*", "UNSEEN", "NOT FLAGGED", "SUBJECT number", "TEXT quince", "OR SEEN FLAGGED"])
        ret = self.r.choice(("", "", "RETURN (ALL) ", "RETURN (MIN MAX COUNT ALL) ", "RETURN () "))
        c = Command("SEARCH", ret + key, uid=uid)
        before = list(v.uids)
        r = self.do(c)
        if r[0] == "BAD" and not before:
            return
        if r[0] != "OK" or ("ESEARCH" if ret or self.c.rev2 else "SEARCH") not in c.seen:
            raise Wrong("SEARCH: %r %r" % (r, c.seen))
        if key in ("ALL", "1:*"):
            found = c.found if uid else [before[n - 1] for n in c.found if n <= len(before)]
            for u in before:
                if u and u not in found and u not in v.dead:
                    v.owed[u] = "SEARCH ALL did not find it"

    def sort(self):
        v = self.c.view
        if self.r.random() < 0.5:
            self.do(Command("SORT", "(SUBJECT) UTF-8 ALL", uid=self.r.random() < 0.5))
        else:
            self.do(Command("THREAD", "REFERENCES UTF-8 ALL", uid=self.r.random() < 0.5))

    def noop(self):
        self.do(Command(self.r.choice(("NOOP", "NOOP", "CHECK"))))
        v = self.c.view
        if v.modseq:
            v.highest = max(v.highest, max(v.modseq.values()))
        if any(u not in v.flags for u in v.uids):
            self.name_new()

    def name_new(self):
        v = self.c.view
        lo = next(k for k, u in enumerate(v.uids) if u not in v.flags) + 1
        self.do(Command("FETCH", "%d:%d (UID FLAGS%s)" % (lo, len(v.uids), " MODSEQ" if v.condstore and not v.nomodseq else "")))

    def idle(self):
        c = Command("IDLE")
        self.count(c)
        self.c.begin(c)
        while True:
            r = self.c.take(c)
            if r and r[0] == "+":
                break
        until = time.time() + self.r.random() * 0.3
        while time.time() < until:
            if not self.c.b:
                self.c.s.settimeout(max(0.001, until - time.time()))
                try:
                    self.c._fill()
                except (TimeoutError, socket.timeout):
                    break
                finally:
                    self.c.s.settimeout(60 * SLOW)
            while self.c.b:
                self.c.take(c)
        self.c.send(b"DONE\r\n")
        r = self.c.finish(c)
        if r[0] != "OK":
            raise Wrong("IDLE: %r" % (r,))

    def status(self):
        self.do(Command("STATUS", "%s (MESSAGES UNSEEN UIDNEXT)" % self.r.choice((BOX, "Drafts", "Trash", "INBOX"))))

    def reopen(self):
        q = self.r.random()
        if q < 0.3 and not self.examine:
            self.do(Command("CLOSE"))
            self.c.view = None
        elif q < 0.6:
            self.do(Command("UNSELECT"))
            self.c.view = None
        else:
            self.c.view.owed.clear()
            self.open(self.any_box())

    def append(self):
        n, text = self.g.message(self.member)
        box = "Drafts" if self.box == "Drafts" and self.r.random() < 0.8 else BOX
        flags = " (\\Seen)" if self.r.random() < 0.3 else " (\\Draft)" if box == "Drafts" else ""
        v = self.c.view
        r = self.do(Command("APPEND", "%s%s" % (box, flags), literal=text, waits=self.r.random() < 0.3))
        if r[:2] == ("NO", "NOPERM") and self.g.verdicts.get("lock") and box == BOX:
            return                  # the answer to a locked thread
        if r[:2] == ("OK", None) and self.g.verdicts.get("aside") and box == BOX:
            return                  # the answer to a thread that was moved aside went after it
        if r[0] != "OK" or r[1] != "APPENDUID":
            raise Wrong("APPEND: %r" % (r,))
        validity, uid = r[2].split()
        key = box if box == BOX else (self.member, box)
        if box == BOX:
            self.g.top = max(self.g.top, int(uid))
        self.g.told.setdefault((key, "appended", int(uid)), n)
        if self.g.told[(key, "appended", int(uid))] != n:
            raise Wrong("UID %s was given twice" % uid.decode())
        if box == self.box and int(uid) < v.uidnext:
            raise Wrong("UID %s, and SELECT had said UIDNEXT %d" % (uid.decode(), v.uidnext))

    def expunge(self):
        p = self.pick()
        if not p or self.examine:
            return
        few = ",".join(p[0].split(",")[:2]), p[1], p[2][:2]
        for u in few[2]:
            for f in OWN:
                self.g.expect.pop((self.member, self.box, u, f), None)
        if not self.store_flags(few, "+", [r"\Deleted"], self.r.random() < 0.5):
            return
        v = self.c.view
        gone = [u for u in few[2] if u in v.uids]
        if self.r.random() < 0.5:
            r = self.do(Command("EXPUNGE"))
        else:
            r = self.do(Command("EXPUNGE", ",".join(str(u) for u in few[2]), uid=True))
        if r[0] != "OK":
            raise Wrong("EXPUNGE: %r" % (r,))

    def copyuid(self, r, uids, cmd):
        codes = [(x[1], x[2]) for x in cmd.seen.get("OK", [])] + [(r[1], r[2])]
        for k, a in codes:
            if k == "COPYUID":
                _, a, b = a.split()
                a, b = Parser(a).set(), Parser(b).set()
                if len(a) != len(b) or not set(a) <= set(uids):
                    raise Wrong("COPYUID %r -> %r of %r" % (a, b, uids))

    def copy(self):
        p = self.pick()
        if p:
            c = Command("COPY", "%s Drafts" % p[0], uid=p[1])
            self.copyuid(self.do(c), p[2], c)

    def move(self):
        p = self.pick()
        if not p or self.box != "Drafts" or self.examine:
            return
        c = Command("MOVE", "%s Trash" % p[0], uid=p[1])
        r = self.do(c)
        self.copyuid(r, p[2], c)
        if r[0] == "OK" and self.c.view.uids and any(u in self.c.view.uids for u in p[2]):
            for u in p[2]:
                if u in self.c.view.uids:
                    self.c.view.owed[u] = "it was moved away"

    def since(self):
        v = self.c.view
        if not v.condstore or v.nomodseq or not v.modseq:
            return
        m = self.r.choice(sorted(v.modseq.values()))
        van = " VANISHED" if v.qresync and self.r.random() < 0.6 else ""
        c = Command("FETCH", "1:* (FLAGS) (CHANGEDSINCE %d%s)" % (m, van), uid=bool(van) or self.r.random() < 0.5, items=("FLAGS", "MODSEQ"))
        self.do(c)
        for u in v.uids:
            if v.modseq.get(u, 0) > m and u not in v.answers:
                v.owed[u] = "MODSEQ %d, and CHANGEDSINCE %d did not tell it" % (v.modseq[u], m)

    def pipeline(self):
        """some commands at once that mean the same in whatever order EXPUNGE comes"""
        v = self.c.view
        some = v.known()
        if not some:
            return
        cs = []
        for _ in range(self.r.randint(2, 5)):
            u = self.r.choice(some)
            cs.append(self.r.choice((Command("NOOP"), Command("FETCH", "%d (FLAGS)" % u, uid=True, items=("FLAGS",)), Command("SEARCH", "UNSEEN", uid=True),
                                     Command("FETCH", "1:* (UID)", items=("UID",)), Command("STATUS", "INBOX (MESSAGES)"))))
        v.touched, v.answers = set(), {}
        if not v.uids:
            cs = [c for c in cs if "1:*" not in c.args]
        for c in cs:
            self.count(c)
            self.c.begin(c)
        for c in cs:
            r = self.c.finish(c)
            if r[0] == "BAD" and not ("1:*" in c.args and not v.uids):
                raise Wrong("%s: %r" % (c.text(), r))

    # ---- silence
    def hold_still(self):
        g = self.g
        limit = 120 * SLOW
        g.barrier.wait(limit)
        if self.k == 0:
            g.silence = False
            g.truth = {}
        if self.c.view is None:
            self.open(BOX)
        g.barrier.wait(limit)
        with g.lock:
            if (self.member, self.box) not in g.truth:
                g.truth[(self.member, self.box)] = g.look(self.member, self.box)
        truth = g.truth[(self.member, self.box)]
        self.kept = list(self.c.wire)
        wait_for(lambda: self.quiet(truth), 10, 0.05)
        self.compare(truth)
        self.kept = None
        g.barrier.wait(limit)
        if self.k == 0:
            g.rounds += 1
            g.over = time.time() > g.end
            g.next_silence = time.time() + ROUND
        g.barrier.wait(limit)

    def visible(self, truth):
        v = self.c.view
        back = self.g.restored if self.box == BOX else {u for u in truth if u <= v.top and self.g.restored}
        return set(truth) - v.dead - (back - set(v.uids))

    def quiet(self, truth):
        self.noop()
        v = self.c.view
        return set(v.uids) == self.visible(truth) and all(v.flags.get(u) == truth[u][0] for u in v.uids)

    def compare(self, truth):
        v = self.c.view
        there = self.visible(truth)
        if set(v.uids) != there:
            raise Wrong("in the silence: not told as gone %r, not told as new %r" % (sorted(set(v.uids) - there), sorted(there - set(v.uids))))
        wrong = [(u, sorted(v.flags.get(u, ())), sorted(truth[u][0])) for u in v.uids if v.flags.get(u) != truth[u][0]]
        if wrong:
            raise Wrong("in the silence: (UID, flags as told, flags as they are): %r" % wrong)
        if v.condstore and not v.nomodseq:
            # it may be higher, untold, with the same flags: neighbours share a number when there are many (marks.h)
            wrong = [(u, v.modseq.get(u), truth[u][1]) for u in v.uids if v.modseq.get(u, 0) > truth[u][1]]
            if wrong:
                raise Wrong("in the silence: (UID, MODSEQ as told, as it is): %r" % wrong)
        if v.owed:
            raise Wrong("in the silence: %r" % v.owed)
        lost = [(k, want) for k, want in list(self.g.expect.items())
                if k[:2] == (self.member, self.box) and k[2] in truth and (k[3] in truth[k[2]][0]) != want]
        if lost:
            raise Wrong("flags lost: %r" % lost)
        for key, flag in KEYS.items():
            c = Command("SEARCH", key, uid=True)
            self.do(c)
            want = sorted(u for u in v.uids if flag in v.flags[u])
            if c.found != want:
                raise Wrong("SEARCH %s: %r, flags say %r" % (key, c.found, want))
            c = Command("SEARCH", "RETURN (COUNT) NOT " + key)
            self.do(c)
            if c.seen["ESEARCH"][0][1].get("COUNT") != len(v.uids) - len(want):
                raise Wrong("NOT %s: %r of %d" % (key, c.seen["ESEARCH"], len(v.uids)))


class Meddler(threading.Thread):
    """the operator hides and restores by forumctl, somebody posts by news"""

    def __init__(self, game):
        super().__init__(daemon=True)
        self.g, self.r = game, random.Random(SEED + 7)

    def run(self):
        n = self.g.s.nntp("alice@example.org", "secret")
        hidden = []
        while not self.g.failed.is_set() and not self.g.over:
            if self.g.silence or self.g.next_silence < time.time() + 0.5:
                time.sleep(0.1)
                continue
            q = self.r.random()
            if q < 0.4:
                k, text = self.g.message("alice@example.org")
                if n.cmd("POST").startswith("340"):
                    n.raw(b"Newsgroups: %s\r\n" % BOX.encode() + text + b".\r\n")
                    n.line()
            elif q < 0.6:
                # verdicts: keywords that everybody sees, branches that leave for the group aside, texts that go for good
                u = max(1, self.g.top - self.r.randrange(40))
                verb = self.r.choice(("aside", "lock", "lock", "unlock", "delete", "flag"))
                self.g.verdicts[verb] = self.g.verdicts.get(verb, 0) + (verb == "lock")
                more = ["off-topic", "--as", "bob@example.org"] if verb == "flag" else ["--reason", "noise"]
                self.g.s.ctl(verb, "%s:%d" % (BOX, u), *more, check=False)
                self.g.verdicts[verb] += self.g.s.code == 0 and verb != "lock"
            elif q < 0.8:
                u = max(1, self.g.top + 2 - self.r.randrange(80))
                self.g.s.ctl("hide", "%s:%d" % (BOX, u), "--reason", "noise", check=False)
                hidden.append(u)
            elif hidden:
                u = hidden.pop(self.r.randrange(len(hidden)))
                self.g.restored.add(u)
                self.g.s.ctl("restore", "%s:%d" % (BOX, u), "--reason", "noise", check=False)
            time.sleep(self.r.random() * 0.3)


def main():
    diag("FORUMD_STRESS_SEED=%d FORUMD_STRESS_SECONDS=%g FORUMD_STRESS_SESSIONS=%d" % (SEED, SECONDS, SESSIONS))
    s = Server(limits="posts_per_minute = 0 bad_commands = 1000")
    s.group(BOX)
    for m in MEMBERS:
        s.member(m, m.split("@")[0].title(), "secret", *(["moderator:" + BOX] if m.startswith("mod") else []))
    g = Game(s)
    first = Player(g, 1)
    first.connect(BOX)
    for _ in range(20):
        first.append()
    first.c.close()
    g.next_silence, g.end = time.time() + ROUND, time.time() + SECONDS
    players = [Player(g, k) for k in range(SESSIONS)]
    meddler = Meddler(g)
    for t in players + [meddler]:
        t.start()
    for t in players:
        t.join(SECONDS + 600)
    ok(not g.failed.is_set(), "%d sessions for %g seconds: every answer is what was promised" % (SESSIONS, SECONDS))
    ok(g.failed.is_set() or g.rounds > 0 and sum(g.counts.values()) > 10 * SESSIONS, "they did something")
    diag("commands: " + " ".join("%s=%d" % kv for kv in sorted(g.counts.items())), "verdicts: %r" % g.verdicts, "silences: %d" % g.rounds)
    meddler.join(30)
    out = s.ctl("check", check=False)
    ok(s.code == 0 and ", 0 faults" in out, "the store is whole")
    is_(s.stop(), 0, "stops cleanly")
    done()


main()
