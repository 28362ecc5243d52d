"""What the mail tests share: conversations line by line, mails, a front MTA's verdict."""
import base64, os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

TRUST = 'trust_authserv = "mx.front.example"'
PASS = "Authentication-Results: mx.front.example; dmarc=pass header.from=example.org\r\n"
FAIL = "Authentication-Results: mx.front.example; dmarc=fail header.from=example.org\r\n"


class Smtp(Conversation):
    def __init__(self, port, hello="EHLO client.example", **kw):
        Conversation.__init__(self, port, **kw)
        self.greeting = self.reply()
        if hello:
            self.hello = self.c(hello)

    def c(self, line):
        """one command, its whole reply"""
        self.send(line)
        return self.reply()

    def is_(self, line, code, name):
        got = self.c(line)
        like(got, "^" + code, name)
        return got

    def login(self, user, password):
        return self.c("AUTH PLAIN " + base64.b64encode(("\0%s\0%s" % (user, password)).encode()).decode())

    def mail(self, sender, rcpts, text, replies=1):
        """a whole transaction; the reply of the text, or of the first refusal; a list when replies > 1"""
        l = self.c("MAIL FROM:<%s>" % sender)
        if l[0] != "2":
            return l
        for r in [rcpts] if isinstance(rcpts, str) else rcpts:
            l = self.c("RCPT TO:<%s>" % r)
            if l[0] != "2":
                self.c("RSET")
                return l
        l = self.c("DATA")
        if l[0] != "3":
            return l
        self.raw(text.encode() if isinstance(text, str) else text)
        self.raw(b".\r\n")
        got = [self.reply() for _ in range(replies)]
        return got[0] if replies == 1 else got


_n = 0


def text(frm="Alice Moor <alice@example.org>", subject="Hello", body="A few words.\r\n", extra="", mid=None):
    global _n
    _n += 1
    mid = mid or "<mail-%d-%s@client.example>" % (_n, os.urandom(4).hex())
    return "%sFrom: %s\r\nTo: somebody <x@example.org>\r\nSubject: %s\r\nMessage-ID: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\n%s" % (
        extra, frm, subject, mid, body)


def forum(**kw):
    """test.pub (public), test.priv (private; bob alone), test.refuse (unproven mail refused); alice, bob, carol"""
    kw.setdefault("lmtp", TRUST)
    s = Server(**kw)
    s.group("test.pub", "--title", "Public things")
    s.group("test.two")
    s.group("test.priv", "--access", "private")
    s.group("test.refuse")
    s.ctl("group", "set", "test.refuse", "unproven=refuse")
    for who in "alice", "bob", "carol":
        s.member(who + "@example.org", {"alice": "Alice Moor", "bob": "Bob Fenn", "carol": "Carol Reed"}[who], "secret-" + who[0])
    s.ctl("member", "role", "bob@example.org", "member:test.priv")
    return s


def subjects(s, group="test.pub"):
    return [l.get("subject") for l in s.json("list", group)]
