"""imapsyntax: a strict reader of what an IMAP server says, after the formal syntax of RFC 9051 9 (RFC 3501 9 for clients that
enabled nothing) and of the extensions that doc/rfc.md names.

    c = Checker(); c.feed(octets) ...      raises Bad as soon as a whole response does not fit the grammar

Every conversation of forumtest.Imap runs through it. Nothing is guessed: an unknown response, item or code is an error, so
whoever teaches the server a new one teaches this file too. Responses may arrive in any pieces.
"""
import re


class Bad(AssertionError):
    pass


ATOM = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]+')
ASTRING = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+')
TAG = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\+]+')
SET = re.compile(rb'(?:[1-9]\d{0,9})(?::[1-9]\d{0,9})?(?:,[1-9]\d{0,9}(?::[1-9]\d{0,9})?)*')
DATE = re.compile(rb'"[ 0-3]\d-(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-\d{4} \d\d:\d\d:\d\d [+-]\d{4}"')
LIST_FLAGS = {b"\\noinferiors", b"\\noselect", b"\\marked", b"\\unmarked", b"\\haschildren", b"\\hasnochildren", b"\\nonexistent",
              b"\\subscribed", b"\\remote", b"\\all", b"\\archive", b"\\drafts", b"\\flagged", b"\\junk", b"\\sent", b"\\trash", b"\\important"}
SYSTEM = {b"\\answered", b"\\flagged", b"\\deleted", b"\\seen", b"\\draft", b"\\recent"}
# response codes without arguments
PLAIN = {b"ALERT", b"ALREADYEXISTS", b"AUTHENTICATIONFAILED", b"AUTHORIZATIONFAILED", b"CANNOT", b"CLIENTBUG", b"CLOSED", b"CONTACTADMIN",
         b"CORRUPTION", b"EXPIRED", b"EXPUNGEISSUED", b"HASCHILDREN", b"INUSE", b"LIMIT", b"NONEXISTENT", b"NOPERM", b"NOTSAVED",
         b"OVERQUOTA", b"PARSE", b"PRIVACYREQUIRED", b"READ-ONLY", b"READ-WRITE", b"SERVERBUG", b"TRYCREATE", b"UIDNOTSTICKY",
         b"UNAVAILABLE", b"UNKNOWN-CTE", b"COMPRESSIONACTIVE", b"NOMODSEQ", b"NOTIFICATIONOVERFLOW", b"TOOBIG", b"USEATTR", b"NOPRIVATE",
         b"TOOMANY"}
STATUS = {b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN", b"RECENT", b"DELETED", b"SIZE", b"HIGHESTMODSEQ", b"APPENDLIMIT",
          b"DELETED-STORAGE"}


def literal_at_end(line):
    m = re.search(rb"~?\{(\d+)\}\r\n$", line)
    return int(m.group(1)) if m else None


class Checker:
    def __init__(self):
        self.b = b""
        self.utf8 = False        # the client enabled IMAP4rev2 or UTF8=ACCEPT
        self.rev2 = False
        self.count = 0

    def feed(self, data):
        self.b += data
        while True:
            n = self.whole()
            if n is None:
                return
            r, self.b = self.b[:n], self.b[n:]
            self.response(r)

    def whole(self):
        """length of the first complete response with its literals, or None"""
        at = 0
        while True:
            end = self.b.find(b"\n", at)
            if end < 0:
                return None
            n = literal_at_end(self.b[at:end + 1])
            at = end + 1
            if n is None:
                return at
            at += n
            if at > len(self.b):
                return None

    def response(self, r):
        self.count += 1
        p = Reader(r, self.utf8)
        try:
            p.response(self)
            if p.at != len(r):
                p.bad("nothing more")
        except Bad as e:
            raise Bad("%s in %r" % (e, r[:600])) from None


class Reader:
    def __init__(self, r, utf8):
        self.r, self.at, self.utf8 = r, 0, utf8

    # --- octets
    def bad(self, want):
        raise Bad("syntax: wanted %s at %d (%r)" % (want, self.at, self.r[self.at:self.at + 40]))

    def peek(self, s):
        return self.r.startswith(s, self.at)

    def take(self, s):
        if not self.peek(s):
            return False
        self.at += len(s)
        return True

    def want(self, s):
        if not self.take(s):
            self.bad(repr(s))

    def re(self, what, name):
        m = what.match(self.r, self.at)
        if not m:
            self.bad(name)
        self.at = m.end()
        return m.group(0)

    def sp(self):
        self.want(b" ")

    def crlf(self):
        self.want(b"\r\n")

    # --- tokens
    def number(self, top=2**32 - 1, least=0):
        d = self.re(re.compile(rb"0|[1-9]\d*"), "number")
        if not least <= int(d) <= top:
            self.bad("a number from %d to %d" % (least, top))
        return int(d)

    def nz(self):
        return self.number(least=1)

    def n64(self, least=0):
        return self.number(2**63 - 1, least)

    def atom(self):
        return self.re(ATOM, "atom")

    def quoted(self):
        self.want(b'"')
        out = b""
        while not self.take(b'"'):
            c = self.r[self.at:self.at + 1]
            if c == b"\\":
                self.at += 1
                c = self.r[self.at:self.at + 1]
                if c not in (b'"', b"\\"):
                    self.bad("quoted special")
            elif not c or c in b"\r\n\0":
                self.bad("TEXT-CHAR")
            elif c >= b"\x80" and not self.utf8:
                self.bad("no 8 bit in quoted strings before ENABLE")
            out += c
            self.at += 1
        try:
            out.decode()
        except UnicodeDecodeError:
            self.bad("UTF-8")
        return out

    def literal(self, eight=False):
        if eight:
            self.take(b"~")
        self.want(b"{")
        n = self.n64()
        self.want(b"}\r\n")
        s = self.r[self.at:self.at + n]
        if len(s) != n:
            self.bad("%d octets" % n)
        self.at += n
        return s

    def string(self, eight=False):
        if self.peek(b'"'):
            return self.quoted()
        tilde = self.peek(b"~")
        s = self.literal(eight)
        if not tilde and b"\0" in s:
            self.bad("no NUL in a literal")
        return s

    def nil(self):
        return self.take(b"NIL")

    def nstring(self, eight=False):
        return None if self.nil() else self.string(eight)

    def astring(self):
        return self.string() if self.r[self.at:self.at + 1] in (b'"', b"{") else self.re(ASTRING, "astring")

    def mailbox(self):
        name = self.astring()
        if not self.utf8:
            if any(c >= 0x80 for c in name):
                self.bad("modified UTF-7 before ENABLE")
            if not re.fullmatch(rb"(?:[^&]|&(?:[A-Za-z0-9+,]+)?-)*", name):
                self.bad("modified UTF-7")
        return name

    def many(self, one):
        """1*(one) with spaces between, in parentheses"""
        self.want(b"(")
        one()
        while self.take(b" "):
            one()
        self.want(b")")

    def maybe_many(self, one):
        if not self.take(b"()"):
            self.many(one)

    def flag(self, perm=False):
        if self.take(b"\\"):
            if perm and self.take(b"*"):
                return
            if b"\\" + self.atom().lower() not in SYSTEM:
                self.bad("system flag")
            return
        self.atom()

    def set(self):
        return self.re(SET, "sequence-set")

    # --- responses
    def response(self, c):
        if self.take(b"+"):
            if not self.take(b"\r\n"):
                self.sp()
                if re.fullmatch(rb"[A-Za-z0-9+/=]*", self.r[self.at:-2]):
                    self.at = len(self.r) - 2
                    return self.crlf()
                self.resp_text()
                self.crlf()
            return
        if self.take(b"* "):
            self.untagged(c)
            return self.crlf()
        self.re(TAG, "tag")
        self.sp()
        self.re(re.compile(rb"OK|NO|BAD"), "OK, NO or BAD")
        self.sp()
        self.resp_text()
        self.crlf()

    def resp_text(self):
        if self.take(b"["):
            self.code()
            self.want(b"]")
            if self.peek(b"\r\n"):
                return
            self.sp()
        text = self.re(re.compile(rb"[^\r\n\0]+"), "text")
        if not self.utf8 and any(ch >= 0x80 for ch in text):
            self.bad("7 bit text")

    def code(self):
        name = self.re(ATOM, "response code")
        if name in PLAIN:
            return
        if name == b"CAPABILITY":
            return self.capabilities()
        self.sp()
        if name == b"APPENDUID":
            self.nz(), self.sp(), self.set()
        elif name == b"COPYUID":
            self.nz(), self.sp()
            a = self.set()
            self.sp()
            b = self.set()
            if size(a) != size(b):
                self.bad("two sets of one size")
        elif name in (b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"):
            self.nz()
        elif name == b"HIGHESTMODSEQ":
            self.n64(1)
        elif name in (b"MODIFIED", b"DOWNGRADED"):
            self.set()
        elif name == b"PERMANENTFLAGS":
            self.maybe_many(lambda: self.flag(True))
        elif name == b"BADCHARSET":
            self.many(self.astring)
        elif name == b"MAILBOXID":
            self.objectid()
        elif name == b"BADEVENT":
            self.many(self.atom)
        elif name == b"METADATA":
            self.re(re.compile(rb"LONGENTRIES \d+|MAXSIZE \d+|TOOMANY|NOPRIVATE"), "metadata code")
        else:
            self.bad("a known response code, not %r" % name)

    def capabilities(self):
        seen = []
        while self.take(b" "):
            seen.append(self.atom())
        if b"IMAP4rev1" not in seen and b"IMAP4rev2" not in seen:
            self.bad("IMAP4rev1 or IMAP4rev2")
        if len(set(seen)) != len(seen):
            self.bad("each capability once: %r" % seen)
        return seen

    def untagged(self, c):
        if self.r[self.at:self.at + 1].isdigit():
            return self.message(c)
        name = self.atom()
        if name in (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH"):
            self.sp()
            return self.resp_text()
        one = getattr(self, "u_" + name.decode().lower(), None)
        if not one:
            self.bad("a known response, not %r" % name)
        if name == b"ENABLED":
            return one(c)
        if c.rev2 and name in (b"SEARCH",):
            self.bad("ESEARCH after ENABLE IMAP4rev2")
        return one()

    def message(self, c):
        n = self.number()
        self.sp()
        what = self.re(re.compile(rb"EXISTS|RECENT|EXPUNGE|FETCH"), "EXISTS, RECENT, EXPUNGE or FETCH")
        if what == b"RECENT" and c.rev2:
            self.bad("no RECENT after ENABLE IMAP4rev2")
        if what in (b"EXPUNGE", b"FETCH") and not n:
            self.bad("a sequence number")
        if what == b"FETCH":
            self.sp()
            self.many(self.att)

    def u_capability(self):
        self.capabilities()

    def u_enabled(self, c):
        while self.take(b" "):
            name = self.atom()
            if name in (b"IMAP4rev2", b"UTF8=ACCEPT"):
                c.utf8 = True
                c.rev2 |= name == b"IMAP4rev2"

    def u_flags(self):
        self.sp()
        self.maybe_many(self.flag)

    def u_list(self):
        self.sp()
        def one():
            f = b"\\" + self.atom() if self.take(b"\\") else self.bad("\\")
            if f.lower() not in LIST_FLAGS:
                self.bad("a known LIST attribute, not %r" % f)
        self.maybe_many(one)
        self.sp()
        if not self.nil() and len(self.quoted()) != 1:
            self.bad("one separator")
        self.sp()
        self.mailbox()
        if self.take(b" "):
            def item():
                name = self.astring()
                self.sp()
                if name == b"CHILDINFO":
                    self.many(self.quoted)
                elif name == b"OLDNAME":
                    self.many(self.mailbox)
                else:
                    self.bad("CHILDINFO or OLDNAME")
            self.many(item)

    u_lsub = u_list

    def u_search(self):
        while self.take(b" "):
            if self.take(b"(MODSEQ "):
                self.n64(1)
                return self.want(b")")
            self.nz()

    u_sort = u_search

    def u_thread(self):
        if self.peek(b"\r\n"):
            return
        self.sp()
        while self.peek(b"("):
            # members and nested threads, counted instead of recursed
            depth, after = 0, b"("
            while True:
                if self.take(b"("):
                    depth, after = depth + 1, b"("
                elif self.take(b")"):
                    if after == b"(":
                        self.bad("a thread with members")
                    depth, after = depth - 1, b")"
                    if not depth:
                        break
                else:
                    if after == b"n":
                        self.sp()
                        if self.peek(b"("):
                            continue
                    elif after == b")":
                        self.bad("( or )")
                    self.nz()
                    after = b"n"

    def u_esearch(self):
        if self.take(b" (TAG "):
            self.string()
            self.want(b")")
        self.take(b" UID")
        seen = set()
        while self.take(b" "):
            name = self.atom()
            if name in seen:
                self.bad("each item once")
            seen.add(name)
            self.sp()
            if name in (b"MIN", b"MAX"):
                self.nz()
            elif name == b"COUNT":
                self.number()
            elif name == b"ALL":
                self.set()
            elif name == b"MODSEQ":
                self.n64(1)
            elif name == b"PARTIAL":
                self.re(re.compile(rb"\((?:[1-9]\d*:[1-9]\d*|-[1-9]\d*:-[1-9]\d*) "), "range")
                if not self.nil():
                    self.set()
                self.want(b")")
            else:
                self.bad("a known item")

    def u_status(self):
        self.sp()
        self.mailbox()
        self.sp()
        def item():
            name = self.atom()
            self.sp()
            if name == b"MAILBOXID":
                return self.objectid()
            if name not in STATUS:
                self.bad("a known STATUS item, not %r" % name)
            if name == b"APPENDLIMIT" and self.nil():
                return
            self.nz() if name in (b"UIDNEXT", b"UIDVALIDITY") else self.n64()
        self.maybe_many(item)

    def u_namespace(self):
        for _ in range(3):
            self.sp()
            if self.nil():
                continue
            self.want(b"(")
            while self.take(b"("):
                self.string()
                self.sp()
                if not self.nil() and len(self.quoted()) != 1:
                    self.bad("one separator")
                self.want(b")")
            self.want(b")")

    def u_id(self):
        self.sp()
        if self.nil():
            return
        def pair():
            self.string()
            self.sp()
            self.nstring()
        self.maybe_many(pair)

    def u_vanished(self):
        self.take(b" (EARLIER)")
        self.sp()
        self.set()

    def u_acl(self):
        self.sp()
        self.mailbox()
        while self.take(b" "):
            self.astring()
            self.sp()
            self.astring()

    def u_listrights(self):
        self.sp()
        self.mailbox()
        self.sp()
        self.astring()
        while self.take(b" "):
            self.astring()

    def u_myrights(self):
        self.sp()
        self.mailbox()
        self.sp()
        self.astring()

    def u_quota(self):
        self.sp()
        self.astring()
        self.sp()
        def one():
            self.atom(), self.sp(), self.n64(), self.sp(), self.n64()
        self.maybe_many(one)

    def u_quotaroot(self):
        self.sp()
        self.mailbox()
        while self.take(b" "):
            self.astring()

    def u_metadata(self):
        self.sp()
        self.mailbox()
        self.sp()
        if self.peek(b"("):
            def one():
                self.astring()
                self.sp()
                self.nstring(True)
            return self.many(one)
        self.astring()
        while self.take(b" "):
            self.astring()

    # --- FETCH
    def objectid(self):
        self.re(re.compile(rb"\([A-Za-z0-9_-]{1,255}\)"), "object id")

    def att(self):
        name = self.re(re.compile(rb"[A-Z0-9.]+"), "item")
        if name in (b"BODY", b"BINARY", b"BINARY.SIZE") and self.peek(b"["):
            self.section(name == b"BODY")
            if name != b"BINARY.SIZE" and self.take(b"<"):
                self.number()
                self.want(b">")
            self.sp()
            return self.number() if name == b"BINARY.SIZE" else self.nstring(name == b"BINARY")
        self.sp()
        if name == b"FLAGS":
            self.maybe_many(self.flag)
        elif name == b"UID":
            self.nz()
        elif name == b"MODSEQ":
            self.want(b"("), self.n64(1), self.want(b")")
        elif name in (b"INTERNALDATE", b"SAVEDATE"):
            if not (name == b"SAVEDATE" and self.nil()):
                self.re(DATE, "date-time")
        elif name == b"RFC822.SIZE":
            self.n64()
        elif name == b"ENVELOPE":
            self.envelope()
        elif name in (b"BODY", b"BODYSTRUCTURE"):
            self.body(name == b"BODYSTRUCTURE")
        elif name == b"EMAILID":
            self.objectid()
        elif name == b"THREADID":
            self.nil() or self.objectid()
        elif name in (b"RFC822", b"RFC822.HEADER", b"RFC822.TEXT"):
            self.nstring()
        elif name == b"PREVIEW":
            self.nstring()
        else:
            self.bad("a known item, not %r" % name)

    def section(self, text):
        self.want(b"[")
        parts = rb"(?:[1-9]\d*(?:\.[1-9]\d*)*)"
        if text:
            self.re(re.compile(rb"(?:%s\.MIME|(?:%s\.)?(?:HEADER\.FIELDS(?:\.NOT)?|HEADER|TEXT)|%s)?" % (parts, parts, parts)), "section")
            if self.take(b" "):
                self.many(self.astring)
        else:
            self.re(re.compile(parts + rb"?"), "section-binary")
        self.want(b"]")

    def address(self):
        self.want(b"(")
        v = [self.nstring()]
        for _ in range(3):
            self.sp()
            v.append(self.nstring())
        self.want(b")")
        return v

    def envelope(self):
        self.want(b"(")
        self.nstring(), self.sp(), self.nstring()
        for _ in range(6):
            self.sp()
            if not self.nil():
                self.want(b"(")
                self.address()
                while self.peek(b"("):
                    self.address()
                self.want(b")")
        self.sp(), self.nstring(), self.sp(), self.nstring()
        self.want(b")")

    def params(self):
        if self.nil():
            return
        def pair():
            self.string(), self.sp(), self.string()
        self.many(pair)

    def extension(self, full):
        """what may follow: disposition, language, location, then anything"""
        if not self.take(b" "):
            return
        if not full:
            self.bad("no extension data in BODY")
        if not self.nil():
            self.want(b"("), self.string(), self.sp(), self.params(), self.want(b")")
        if self.take(b" "):
            self.many(self.string) if self.peek(b"(") else self.nstring()
            if self.take(b" "):
                self.nstring()

    def body(self, full, depth=0):
        if depth > 200:
            self.bad("less depth")
        self.want(b"(")
        if self.peek(b"("):
            while self.peek(b"("):
                self.body(full, depth + 1)
            self.sp(), self.string()
            if self.peek(b" "):
                if not full:
                    self.bad("no extension data in BODY")
                self.sp(), self.params()
                self.extension(full)
            return self.want(b")")
        kind = self.string().lower()
        self.sp()
        sub = self.string().lower()
        self.sp(), self.params(), self.sp(), self.nstring(), self.sp(), self.nstring(), self.sp(), self.string(), self.sp(), self.number()
        if kind == b"message" and sub in (b"rfc822", b"global") and self.peek(b" ("):
            self.sp(), self.envelope(), self.sp(), self.body(full, depth + 1), self.sp(), self.n64()
        elif kind == b"text":
            self.sp(), self.n64()
        if self.take(b" "):
            if not full:
                self.bad("no extension data in BODY")
            self.nstring()
            self.extension(full)
        self.want(b")")


def size(s):
    n = 0
    for part in s.split(b","):
        a, _, b = part.partition(b":")
        n += abs(int(b or a) - int(a)) + 1
    return n
