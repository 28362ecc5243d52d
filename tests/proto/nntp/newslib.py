"""What the news tests share: one server with groups, members and posts; answers as (code, text)."""
import os, socket, sys, threading, zlib
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

ALICE, BOB, MOD = ("alice@example.org", "secret"), ("bob@example.org", "secret2"), ("mod@example.org", "secret3")


def serve(**kw):
    s = Server(limits="posts_per_minute = 0 " + kw.pop("limits", ""), **kw)
    s.group("test.forum", "--title", "A forum")
    s.group("test.empty")
    s.group("test.secret", "--access", "private")
    s.group("test.members", "--access", "members")
    s.group("test.blog", "--kind", "blog")
    s.member(ALICE[0], "Alice Ames", ALICE[1])
    s.member(BOB[0], "Bob", BOB[1])
    s.member(MOD[0], "Mo Derator", MOD[1], "moderator", "moderator:test.secret")
    return s


def article(group="test.forum", subject="s", mid=None, headers="", body="text\r\n"):
    return ("Newsgroups: %s\r\nSubject: %s\r\n%s%s\r\n%s.\r\n" % (group, subject, "Message-ID: %s\r\n" % mid if mid else "", headers, body))


def post(c, *args, **kw):
    """the answer after the article"""
    c.cmd("POST", "340")
    c.raw(article(*args, **kw))
    return c.line()


class Deflated:
    """a Conversation's socket with DEFLATE both ways (RFC 8054)"""

    def __init__(self, c):
        self.c, self.s = c, c.s
        self.z, self.u = zlib.compressobj(6, zlib.DEFLATED, -15), zlib.decompressobj(-15)
        c.s = self

    def sendall(self, data):
        self.s.sendall(self.z.compress(data) + self.z.flush(zlib.Z_SYNC_FLUSH))

    def recv(self, n):
        while True:
            d = self.s.recv(n)
            out = self.u.decompress(d) if d else b""
            if out or not d:
                return out

    def close(self):
        self.s.close()

    def settimeout(self, t):
        self.s.settimeout(t)


class Upstream:
    """A news server of a test: answers: verb -> octets, or a function of the argument; False closes. What was said is in
    seen; articles that come with TAKETHIS are in articles, by Message-ID."""

    def __init__(self, greeting="200 hello\r\n", **answers):
        self.greeting, self.answers, self.seen, self.articles = greeting, answers, [], {}
        self.l = socket.socket()
        self.l.bind(("127.0.0.1", 0))
        self.l.listen(8)
        self.port = self.l.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            k, _ = self.l.accept()
            threading.Thread(target=self.serve, args=(k,), daemon=True).start()

    def serve(self, k):
        try:
            k.sendall(self.octets(self.greeting))
            f = k.makefile("rb")
            for line in f:
                self.seen.append(line.decode("utf-8", "replace").strip())
                verb, _, arg = self.seen[-1].partition(" ")
                if verb == "TAKETHIS":
                    self.articles[arg] = "".join(self.text(f))
                a = self.answers.get(verb, {"MODE": "200 ok\r\n", "OVER": "423 none\r\n", "ARTICLE": "430 none\r\n"}.get(verb, "500 what\r\n"))
                a = a(arg) if callable(a) else a
                if a is False:
                    break
                k.sendall(self.octets(a))
        except OSError:
            pass
        k.close()

    @staticmethod
    def text(f):
        for line in f:
            if line == b".\r\n":
                return
            yield line.decode("utf-8", "replace")

    @staticmethod
    def octets(a):
        return a if isinstance(a, bytes) else a.encode()
