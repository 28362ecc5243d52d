"""What one IMAP session may believe, and a connection that checks it. The grammar is imapsyntax's business.

    r = parse(octets)           one untagged response as ("FETCH", 3, {...}), ("EXISTS", 4), ...
    v = View(...); v.tell(r, current)      keeps sequence numbers, UIDs, flags and change numbers; Wrong when the server
                                breaks a promise (RFC 3501, 9051, 7162)
    c = Strict(server, ...)     a connection that does both; c.run(Command(...))

The view knows only what was told: a message that EXISTS announced has no UID until a FETCH names it. Nothing here waits or
retries: what is wrong is wrong at once."""
import bisect, re, zlib
from forumtest import *
from imapsyntax import Checker


class Wrong(Exception):
    pass


# ---- values ------------------------------------------------------------------------------------------------------
ATOM = re.compile(rb"\\\*|\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")        # and flags
ITEM = re.compile(rb"[A-Z0-9][A-Z0-9.\-]*(\[[^\]\r\n]*\](<\d+>)?)?")


class Parser:
    def __init__(self, data):
        self.b, self.at = data, 0

    def fail(self, what):
        raise Wrong("syntax: %s at octet %d of %r" % (what, self.at, self.b[max(0, self.at - 60):self.at + 60]))

    def peek(self):
        return self.b[self.at:self.at + 1]

    def take(self, octets):
        if not self.b.startswith(octets, self.at):
            self.fail("%r wanted" % octets)
        self.at += len(octets)

    def match(self, regex, what):
        m = regex.match(self.b, self.at)
        if not m:
            self.fail(what)
        self.at = m.end()
        return m.group()

    def number(self):
        return int(self.match(re.compile(rb"\d+"), "a number"))

    def string(self):
        if self.peek() == b'"':
            return re.sub(rb'\\(["\\])', rb"\1", self.match(re.compile(rb'"(?:[^"\\]|\\["\\])*"', re.S), "a quoted string")[1:-1])
        m = re.compile(rb"~?\{(\d+)\}\r\n").match(self.b, self.at)
        if not m:
            self.fail("a string")
        self.at = m.end() + int(m.group(1))
        return self.b[m.end():self.at]

    def value(self):
        """NIL, string, number, atom or list of them; lists may touch, as in address lists"""
        if self.peek() == b"(":
            self.at += 1
            out = []
            while self.peek() != b")":
                if out and not (self.b[self.at - 1:self.at] == b")" and self.peek() == b"("):
                    self.take(b" ")
                out.append(self.value())
            self.at += 1
            return out
        if self.peek() in (b'"', b"{", b"~"):
            return self.string()
        a = self.match(ATOM, "a value")
        return None if a == b"NIL" else int(a) if a.isdigit() else a.decode()

    def set(self):
        out = []
        for run in self.match(re.compile(rb"[\d:,]+"), "a set").split(b","):
            lo, _, hi = run.partition(b":")
            out += range(int(lo), int(hi or lo) + 1)
        if 0 in out or len(set(out)) != len(out):
            self.fail("0 or a double in a set")
        return out

    def end(self):
        if self.at != len(self.b):
            self.fail("the end wanted")


def fetch_items(p):
    p.take(b"(")
    out = {}
    while True:
        name = p.match(ITEM, "an item").decode()
        p.take(b" ")
        if name in out:
            p.fail("%s twice in one answer" % name)
        v = p.value()
        out[name] = frozenset(v) if name == "FLAGS" else v[0] if name == "MODSEQ" else v
        if p.peek() == b")":
            break
        p.take(b" ")
    p.take(b")")
    return out


def code(text):
    """[CODE arguments] at the head of the text of a status answer: (code, arguments) or (None, None)"""
    m = re.match(rb"\[([A-Z0-9.\-]+)(?: ([^\]]*))?\] ", text)
    if not m:
        if text.startswith(b"["):
            raise Wrong("syntax: a code without its end: %r" % text)
        return None, None
    return m.group(1).decode(), m.group(2)


def esearch(p):
    out = {"TAG": None, "UID": False}
    if p.b.startswith(b" (TAG ", p.at):
        p.take(b" (TAG ")
        out["TAG"] = p.string().decode()
        p.take(b")")
    if p.b.startswith(b" UID", p.at):
        p.take(b" UID")
        out["UID"] = True
    while p.at < len(p.b):
        p.take(b" ")
        name = p.match(re.compile(rb"[A-Z]+"), "a name").decode()
        p.take(b" ")
        if name == "ALL":
            out[name] = p.set()
        elif name == "PARTIAL":
            out[name] = p.value()
        else:
            out[name] = p.number()
    return out


def parse(data):
    """an untagged response without its last CR LF"""
    p = Parser(data)
    p.take(b"* ")
    m = re.compile(rb"(\d+) (EXISTS|EXPUNGE|RECENT|FETCH)").match(data, p.at)
    if m:
        n = p.number()
        p.at = m.end()
        kind = m.group(2).decode()
        if kind == "FETCH":
            p.take(b" ")
            r = (kind, n, fetch_items(p))
        else:
            r = (kind, n)
        p.end()
        return r
    name = p.match(re.compile(rb"[A-Z0-9]+"), "a response").decode()
    if name in ("OK", "NO", "BAD", "BYE", "PREAUTH"):
        p.take(b" ")
        return (name,) + code(data[p.at:])
    if name == "VANISHED":
        p.take(b" ")
        earlier = p.b.startswith(b"(EARLIER) ", p.at)
        if earlier:
            p.take(b"(EARLIER) ")
        r = (name, earlier, p.set())
    elif name == "FLAGS":
        p.take(b" ")
        r = (name, frozenset(p.value()))
    elif name in ("SEARCH", "SORT"):
        v = []
        while p.at < len(p.b) and p.b[p.at:p.at + 2] != b" (":
            p.take(b" ")
            v.append(p.number())
        modseq = None
        if p.at < len(p.b):
            p.take(b" (MODSEQ ")
            modseq = p.number()
            p.take(b")")
        r = (name, v, modseq)
    elif name == "ESEARCH":
        r = (name, esearch(p))
    elif name == "STATUS":
        p.take(b" ")
        box = p.string().decode() if p.peek() in (b'"', b"{") else p.match(re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+"), "a mailbox").decode()
        p.take(b" ")
        v = p.value()
        r = (name, box, dict(zip(v[0::2], v[1::2])))
    elif name == "THREAD":
        v = []
        if p.at < len(p.b):
            p.take(b" ")
        while p.at < len(p.b):
            v.append(p.value())
        r = (name, v)
    else:
        return (name, data[p.at:])
    p.end()
    return r


# ---- what a session believes ------------------------------------------------------------------------------------------
class View:
    """uids: UID or None for each sequence number. flags, modseq: of known UIDs. told: facts shared with other sessions
    ((box, uid, item) -> value that never changes; (member, box, uid, modseq) -> flags)."""

    def __init__(self, member, box, told, condstore=False, qresync=False, rev2=False):
        self.member, self.box, self.told = member, box, told
        self.key = box if box.islower() else (member, box)      # groups are everybody's, own boxes are not
        self.condstore, self.qresync, self.rev2 = condstore, qresync, rev2
        self.uids, self.flags, self.modseq, self.dead = [], {}, {}, set()
        self.uidnext = self.uidvalidity = self.top = 0      # top: nothing new can have a UID up to this
        self.highest = 0            # how far a client may believe to have seen everything
        self.nomodseq = False
        self.owed = {}              # UID -> why an answer for it is missing: pardoned when it is told as gone
        self.touched, self.answers = set(), {}   # in the running command: UIDs whose flags were told, items of each UID
        self.earlier = set()        # VANISHED (EARLIER)

    def bounds(self, seq):
        """UIDs known below and above a sequence number, with the distance in messages"""
        lo = next(((self.uids[k], seq - 1 - k) for k in range(seq - 2, -1, -1) if self.uids[k]), (0, seq))
        hi = next(((self.uids[k], k - seq + 1) for k in range(seq, len(self.uids)) if self.uids[k]), (1 << 32, 0))
        return lo, hi

    def learn(self, seq, uid):
        have = self.uids[seq - 1]
        if have == uid:
            return
        if have:
            raise Wrong("message %d was UID %d and is UID %d now" % (seq, have, uid))
        lo, hi = self.bounds(seq)
        if uid < lo[0] + lo[1] or uid > hi[0] - hi[1]:
            raise Wrong("UID %d of message %d does not lie between %d and %d" % (uid, seq, lo[0], hi[0]))
        if uid in self.dead:
            raise Wrong("UID %d was told as gone and is back" % uid)
        if self.uidnext and uid >= self.uidnext + 1000000:
            raise Wrong("UID %d is out of the world" % uid)
        self.top = max(self.top, uid)
        self.uids[seq - 1] = uid

    def gone(self, seq):
        uid = self.uids.pop(seq - 1)
        if uid:
            self.forget(uid)

    def forget(self, uid):
        self.top = max(self.top, uid)
        self.dead.add(uid)
        self.flags.pop(uid, None)
        self.modseq.pop(uid, None)
        self.owed.pop(uid, None)

    def vanished(self, uid):
        known = [(k, u) for k, u in enumerate(self.uids) if u]
        at = bisect.bisect_left([u for _, u in known], uid)
        if at < len(known) and known[at][1] == uid:
            return self.gone(known[at][0] + 1)
        lo = known[at - 1][0] if at else -1
        hi = known[at][0] if at < len(known) else len(self.uids)
        if hi - lo <= 1:
            raise Wrong("VANISHED %d, which is not in the mailbox" % uid)
        del self.uids[lo + 1]
        self.forget(uid)

    def fact(self, key, value):
        if self.told.setdefault(key, value) != value:
            raise Wrong("%r was %r and is %r" % (key, self.told[key], value))

    def fetched(self, seq, items, current):
        if not 1 <= seq <= len(self.uids):
            raise Wrong("FETCH of message %d of %d" % (seq, len(self.uids)))
        if "UID" in items:
            self.learn(seq, items["UID"])
        asked = current and current.verb == "FETCH" and current.items <= set(items)
        if not asked and not (current and current.verb == "FETCH" and set(items) <= {"UID", "FLAGS"} and not self.condstore):
            if self.condstore and not self.nomodseq and "FLAGS" in items and "MODSEQ" not in items:
                raise Wrong("flags are told without MODSEQ though CONDSTORE is on: %r" % items)
            if self.qresync and "UID" not in items:
                raise Wrong("an unasked FETCH without UID though QRESYNC is on: %r" % items)
        if current and current.uid and current.verb in ("FETCH", "STORE") and "UID" not in items:
            raise Wrong("no UID in the answer to a UID command: %r" % items)
        uid = self.uids[seq - 1]
        if not uid:
            return
        self.answers.setdefault(uid, set()).update(items)
        if "MODSEQ" in items:
            if items["MODSEQ"] < max(1, self.modseq.get(uid, 0)):
                raise Wrong("MODSEQ of UID %d goes back from %d to %d" % (uid, self.modseq[uid], items["MODSEQ"]))
            if "FLAGS" in items:
                self.fact((self.member, self.box, uid, "flags at", items["MODSEQ"]), items["FLAGS"])
            self.modseq[uid] = items["MODSEQ"]
        if "FLAGS" in items:
            if r"\Recent" in items["FLAGS"]:
                raise Wrong(r"\Recent, though SELECT said 0 RECENT")
            self.flags[uid] = items["FLAGS"]
            self.touched.add(uid)
            self.owed.pop(uid, None)
        for name, v in items.items():
            # where answers to a post go is in its header, and changes when it is moved to another group: what own boxes show then, too
            if not isinstance(self.key, str) and name not in ("INTERNALDATE", "EMAILID"):
                continue
            if name in ("RFC822.SIZE", "INTERNALDATE", "EMAILID", "BODY[]", "RFC822"):
                self.fact((self.key, uid, name.replace("RFC822", "BODY[]") if name == "RFC822" else name), v)
            if name == "BODY[]":
                self.fact((self.key, uid, "RFC822.SIZE"), len(v))
            if name == "ENVELOPE":
                self.fact((self.key, uid, "id"), v[9])

    def tell(self, r, current):
        kind = r[0]
        if kind == "EXISTS":
            if r[1] < len(self.uids):
                raise Wrong("%d EXISTS, but %d are known and none was told as gone" % (r[1], len(self.uids)))
            self.uids += [None] * (r[1] - len(self.uids))
        elif kind == "RECENT" and (r[1] or self.rev2):
            raise Wrong("%d RECENT" % r[1])
        elif kind == "EXPUNGE" or kind == "VANISHED" and not r[1]:
            if current is None:
                raise Wrong("%s while no command runs" % kind)
            if current.verb in ("FETCH", "STORE", "SEARCH", "SORT", "THREAD") and not current.uid:
                raise Wrong("%s in the answer to %s by numbers" % (kind, current.verb))
            if (kind == "VANISHED") != self.qresync:
                raise Wrong("%s, but QRESYNC is %s" % (kind, "on" if self.qresync else "off"))
            if kind == "VANISHED":
                for uid in r[2]:
                    self.vanished(uid)
            elif not 1 <= r[1] <= len(self.uids):
                raise Wrong("EXPUNGE of message %d of %d" % (r[1], len(self.uids)))
            else:
                self.gone(r[1])
        elif kind == "VANISHED":
            if not self.qresync or current is None or current.verb not in ("SELECT", "EXAMINE", "FETCH"):
                raise Wrong("VANISHED (EARLIER) out of place")
            both = set(r[2]) & set(self.known())
            if both:
                raise Wrong("VANISHED (EARLIER) of %r, which are there" % sorted(both))
            self.earlier |= set(r[2])
        elif kind == "FETCH":
            self.fetched(r[1], r[2], current)
        elif kind in ("SEARCH", "SORT") and current:
            self.found(r[1], current)
            current.found = sorted(r[1])
            if r[2] is not None and not current.modseq:
                raise Wrong("a MODSEQ that nobody asked for")
        elif kind == "ESEARCH" and current:
            if r[1]["TAG"] != current.tag or r[1]["UID"] != current.uid:
                raise Wrong("ESEARCH with the wrong tag or without UID: %r" % (r[1],))
            current.found = sorted(r[1].get("ALL", []))
            self.found(current.found, current)
            for k in ("MIN", "MAX"):
                if k in r[1]:
                    self.found([r[1][k]], current)
        elif kind == "OK" and r[1] == "HIGHESTMODSEQ":
            self.highest = max(self.highest, int(r[2]))
        elif kind == "BYE" and not (current and current.verb == "LOGOUT"):
            raise Wrong("BYE")

    def found(self, numbers, current):
        if len(set(numbers)) != len(numbers):
            raise Wrong("a number twice in %r" % numbers)
        if not current.uid:
            if numbers and (min(numbers) < 1 or max(numbers) > len(self.uids)):
                raise Wrong("%r in a mailbox of %d" % (numbers, len(self.uids)))
            return
        for u in numbers:
            if u in self.dead:
                raise Wrong("UID %d was told as gone and is found" % u)
            if u not in self.uids and None not in self.uids:
                raise Wrong("UID %d is found, and was never announced" % u)

    def seq(self, uid):
        return self.uids.index(uid) + 1

    def known(self):
        return [u for u in self.uids if u]


class Command:
    """verb, and whether it came as UID; items: what FETCH wants; waits: the literal waits for '+'"""

    def __init__(self, verb, args="", uid=False, items=(), literal=None, modseq=False, targets=(), waits=False):
        self.verb, self.args, self.uid, self.items, self.literal, self.waits = verb, args, uid, set(items), literal, waits
        self.modseq, self.targets, self.tag, self.found, self.seen = modseq, list(targets), None, [], {}

    def text(self):
        return ("UID " if self.uid else "") + self.verb + (" " + self.args if self.args else "")


class Strict:
    """A connection. run(command) -> (status, code, arguments, [responses])."""
    serial = 0

    def __init__(self, port, member, password, told, condstore=False, qresync=False, rev2=False, deflate=False, notify=None):
        self.member, self.told = member, told
        self.condstore, self.qresync, self.rev2 = condstore or qresync, qresync, rev2
        self.view = self.next = None
        self.wire = []              # the last lines, for those who look for the reason
        self.s = socket.create_connection(("127.0.0.1", port), 30)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.settimeout(60 * SLOW)
        self.b, self.into, self.out = b"", None, None
        self.current, self.grammar = None, Checker()
        if not self.line().startswith(b"* OK"):
            raise Wrong("no greeting")
        self.must("LOGIN", '"%s" "%s"' % (member, password))
        if deflate:
            self.must("COMPRESS", "DEFLATE")
            self.into, self.out = zlib.decompressobj(-15), zlib.compressobj(6, zlib.DEFLATED, -15)
        want = [w for w, on in (("QRESYNC", qresync), ("CONDSTORE", condstore), ("IMAP4rev2", rev2)) if on]
        if want:
            self.must("ENABLE", " ".join(want))
        if notify:
            self.must("NOTIFY", "SET " + notify)

    # octets
    def _fill(self):
        d = self.s.recv(65536)
        if not d:
            raise EOFError("connection closed; unread: %r" % self.b[-200:])
        self.b += self.into.decompress(d) if self.into else d

    def line(self):
        at = self.b.find(b"\r\n")
        while at < 0:
            if b"\n" in self.b:
                raise Wrong("a bare LF: %r" % self.b[:200])
            self._fill()
            at = self.b.find(b"\r\n")
        l, self.b = self.b[:at], self.b[at + 2:]
        return l

    def response(self):
        out = self.line()
        while True:
            m = re.search(rb"~?\{(\d+)\}$", out)
            if not m:
                break
            n = int(m.group(1))
            while len(self.b) < n:
                self._fill()
            lit, self.b = self.b[:n], self.b[n:]
            out += b"\r\n" + lit + self.line()
        self.note(b"S: ", out)
        self.grammar.feed(out + b"\r\n")
        return out

    def send(self, data):
        self.note(b"C: ", data)
        self.s.sendall(self.out.compress(data) + self.out.flush(zlib.Z_SYNC_FLUSH) if self.out else data)

    def note(self, who, data):
        self.wire.append((who + data[:300]).decode("utf-8", "backslashreplace").replace("\r\n", "|"))
        del self.wire[:-60]

    # commands
    def begin(self, command):
        Strict.serial += 1
        command.tag = "k%d" % Strict.serial
        data = ("%s %s" % (command.tag, command.text())).encode()
        if command.literal is not None and command.waits:
            self.send(data + b" {%d}\r\n" % len(command.literal))
            while not self.take(command):        # what is told before the "+" belongs to no command yet, but is about no number
                pass
            data = command.literal
        elif command.literal is not None:
            data += b" {%d+}\r\n" % len(command.literal) + command.literal
        self.send(data + b"\r\n")

    def take(self, current):
        """one response: None for an untagged one (given to the view), else (status, code, arguments)"""
        data = self.response()
        if data.startswith(b"+"):
            return ("+", None, None)
        if data.startswith(b"* "):
            r = parse(data)
            current.seen.setdefault(r[0], []).append(r)
            if r[:2] == ("OK", "CLOSED") and current.verb in ("SELECT", "EXAMINE"):
                self.view = self.next
                current.seen.clear()
            if self.view:
                self.view.tell(r, current)
            return None
        tag, _, rest = data.partition(b" ")
        if tag != current.tag.encode():
            raise Wrong("answer to %r while %s runs" % (tag, current.tag))
        m = re.match(rb"(OK|NO|BAD) (.+)$", rest, re.S)
        if not m:
            raise Wrong("syntax: %r" % data)
        return (m.group(1).decode(),) + code(m.group(2))

    def finish(self, current):
        while True:
            r = self.take(current)
            if r and r[0] != "+":
                return r

    def run(self, command):
        self.begin(command)
        return self.finish(command)

    def must(self, verb, args="", **kw):
        c = Command(verb, args, **kw)
        r = self.run(c)
        if r[0] != "OK":
            raise Wrong("%s %s: %r" % (verb, args, r))
        return c

    def select(self, box, verb="SELECT", extra=""):
        """a new view"""
        self.next = View(self.member, box, self.told, self.condstore, self.qresync, self.rev2)
        if self.view is None:           # else what comes before CLOSED is about the old one
            self.view = self.next
        c = Command(verb, '"%s"%s' % (box, extra))
        r = self.run(c)
        if r[0] != "OK" or r[1] != ("READ-ONLY" if verb == "EXAMINE" else "READ-WRITE"):
            raise Wrong("%s: %r" % (c.text(), r))
        v = self.view
        if v is not self.next:
            raise Wrong("SELECT did not say CLOSED")
        codes = dict((x[1], x[2]) for x in c.seen.get("OK", []) if x[1])
        for k in ("UIDVALIDITY", "UIDNEXT", "PERMANENTFLAGS"):
            if k not in codes:
                raise Wrong("SELECT without " + k)
        if len(c.seen.get("EXISTS", [])) != 1 or len(c.seen.get("FLAGS", [])) != 1:
            raise Wrong("SELECT wants one EXISTS and one FLAGS")
        v.uidvalidity, v.uidnext = int(codes["UIDVALIDITY"]), int(codes["UIDNEXT"])
        v.top = max(v.top, v.uidnext - 1)
        v.fact((v.key, "uidvalidity"), v.uidvalidity)
        with_modseq = "HIGHESTMODSEQ" in codes
        if with_modseq == ("NOMODSEQ" in codes):
            raise Wrong("HIGHESTMODSEQ or NOMODSEQ")
        v.nomodseq = not with_modseq
        return c

    def close(self):
        try:
            self.s.close()
        except OSError:
            pass
