#!/usr/bin/env python3
"""Pains 2 and 3: Outlook answers by Thread-Index alone; relays rewrite ids and answers name those."""
from maillib import *
import base64

f = Forum()
index = bytes(range(22))
got, mid = f.send("bob", "test.pub@forum.test", "A question.\n", subject="Pears", extra=PASS + "Thread-Index: %s\r\n" % base64.b64encode(index).decode())
like(got, "^250", "a thread with a Thread-Index")
got, two = f.send("carol", "test.pub@forum.test", "An answer.\n", subject="RE: Pears", extra=PASS + "Thread-Index: %s\r\n" % base64.b64encode(index + b"12345").decode())
tree = {p["message_id"]: p for p in f.s.json("thread", mid)}
is_((tree[two]["parent"], tree[two]["parent_reason"]) if two in tree else None, (tree[mid]["id"], "thread-index"), "an answer by Thread-Index alone")
got, three = f.send("bob", "test.pub@forum.test", "Back.\n", subject="RE: Pears", extra=PASS + "Thread-Index: %s\r\n" % base64.b64encode(index + b"1234567890").decode())
tree = {p["message_id"]: p for p in f.s.json("thread", mid)}
is_(tree[three]["parent"] if three in tree else None, tree[two]["id"], "and the answer to that")
got, other = f.send("bob", "test.pub@forum.test", "No relation.\n", subject="RE: Pears", extra=PASS + "Thread-Index: %s\r\n" % base64.b64encode(bytes(27)).decode())
ok(other not in [p["message_id"] for p in f.s.json("thread", mid)], "the subject alone is no evidence")

# what we send carries one: an answer's extends that of what it answers by five octets, whoever wrote it with what
def index_of(mail):
    return base64.b64decode(mail["Thread-Index"])


root = f.root("Re: Plums")
c = f.copy(root, "bob")
is_((str(c["Thread-Topic"]), len(index_of(c))), ("Plums", 22), "a first post has a topic and 22 octets")
got, one = f.send("carol", f.reply_to(f.copy(root, "carol")), "Clay.\n", subject="Re: Plums", extra=PASS + "Thread-Topic: nonsense\r\nThread-Index: %s\r\n" % base64.b64encode(bytes(32)).decode())
c1 = f.copy(one, "bob")
is_(c1.get_all("Thread-Topic"), ["Plums"], "an answer has one topic, the first one's")
is_((index_of(c1)[:22], len(index_of(c1)), len(c1.get_all("Thread-Index"))), (index_of(c), 27, 1), "and one index, extended by a block")


def answer(index, words):
    got, mid = f.send("bob", "test.pub@forum.test", words + "\n", subject="RE: Plums", extra=PASS + "Thread-Index: %s\r\n" % base64.b64encode(index).decode())
    return mid, f.s.json("show", mid)[0]


ids = {p["message_id"]: p["id"] for p in f.s.json("thread", root)}
for index, parent, what in ((index_of(c) + b"12345", root, "the first post"), (index_of(c1) + b"12345", one, "the answer"),
                            (index_of(c1) + b"abcdefghij", one, "it, with a mail between that never came here")):
    mid, p = answer(index, "To " + what)
    is_((p["parent"], p["parent_reason"]), (ids[parent], "thread-index"), "an answer by index alone to " + what)
for index, what in ((index_of(c1)[:20] + b"xx" + index_of(c1)[22:] + b"12345", "forged"), (index_of(c1)[:-1] + b"12345", "torn")):
    mid, p = answer(index, "A guess, " + what)
    ok(not p["parent"], "one that is %s finds nothing" % what)
secret = f.s.post("test.priv", "Secret plums", "Hush.\r\n", user="bob@example.org", password="secret-b")
f.s.member("dora@example.org", "Dora Hill", "secret-d", "member:test.priv")
f.s.ctl("subscribe", "dora@example.org", "test.priv", "--mode", "all")
two = f.s.post("test.priv", "Secret medlars", "Hush.\r\n", user="bob@example.org", password="secret-b")
hidden = index_of(f.copy(two, "dora"))
got, mid = f.send("carol", "test.pub@forum.test", "Overheard.\n", subject="RE: Secret medlars", extra=PASS + "Thread-Index: %s\r\n" % base64.b64encode(hidden + b"12345").decode())
ok(not f.s.json("show", mid)[0]["parent"], "one of a private group leads a stranger nowhere")

# a relay gave our post another id; the first answer came with a reply key
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
got, a = f.send("bob", to, "Loam.\n", extra=PASS + "In-Reply-To: <rewritten-1@relay.example>\r\n")
like(got, "^250 2.0.0 posted", "an answer with a key and an id nobody knows")
got, b = f.send("carol", "test.pub@forum.test", "Clay.\n", extra=PASS + "In-Reply-To: <rewritten-1@relay.example>\r\nReferences: <rewritten-1@relay.example>\r\n")
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_(tree[b]["parent"] if b in tree else None, tree[root]["id"], "later answers to that id land under the same post")
done()
