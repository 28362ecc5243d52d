#!/usr/bin/env python3
"""search WORDS to commands@: finds what readers see (decoded), only where the member reads, and reads no more than a bounded amount."""
from maillib import *

f = Forum()
cmd = "commands@forum.test"


def found(words_, who="bob"):
    n = len(f.copies(lambda m: who in m["Delivered-To"] and "found" in words(m), 0, seconds=0.2))
    like(f.send(who, cmd, "search " + words_ + "\n")[0], "^250", "search " + words_)
    return words(f.notice(who, "posts? found", n + 1))


qp = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n"
f.s.post("test.pub", "Pots", "Gro=C3=9Fe T=C3=B6pfe f=C3=BCr Quitten.\r\n", user="alice@example.org", password="secret-a", headers=qp)
f.s.post("test.priv", "Hidden", "Secret quinces.\r\n", user="bob@example.org", password="secret-b")
t = found("t\u00f6pfe quitten")
like(t, r"^1 post found\.\n\nPots\n", "the text as it is read, whatever its encoding and case")
like(found("secret quinces", "carol"), r"^0 posts found\.", "nothing of a private group")
like(found("secret quinces"), r"^1 post found\.", "but for who is in it")
like(found("quitten nirgends"), r"^0 posts found\.", "all the words")
like(found("pots"), r"^1 post found\.", "subjects too")
for i in range(20):
    f.s.post("test.pub", "Long %d" % i, ("aaaaaaaa " * 8 + "\r\n") * 13000, user="alice@example.org", password="secret-a")
like(found("aaaaaaaa zzzz"), r"^0 posts found, and perhaps more\.", "one mail does not have everything read")
done()
