"""What the news tests share: one server with groups, members and posts; answers as (code, text)."""
import os, sys, zlib
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
