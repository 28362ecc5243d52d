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

# a relay gave our post another id; the first answer came with a reply key
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
got, a = f.send("bob", to, "Loam.\n", extra=PASS + "In-Reply-To: <rewritten-1@relay.example>\r\n")
like(got, "^250 2.0.0 posted", "an answer with a key and an id nobody knows")
got, b = f.send("carol", "test.pub@forum.test", "Clay.\n", extra=PASS + "In-Reply-To: <rewritten-1@relay.example>\r\nReferences: <rewritten-1@relay.example>\r\n")
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_(tree[b]["parent"] if b in tree else None, tree[root]["id"], "later answers to that id land under the same post")
done()
