#!/usr/bin/env python3
"""Pain 3: relays rewrite Message-IDs. The key in the address needs no id; our own id stands first in References; an id
that came with a key stands for the post from then on, and so does the id that our copy got on its way."""
from maillib import *

f = Forum()
root = f.root()
c = f.copy(root, "bob")
got, one = f.send("bob", f.reply_to(c), "Loam.\n", extra=PASS + "In-Reply-To: <0101-ses@relay.example>\r\n")
like(got, "^250 2.0.0 posted", "a key, and an id nobody knows")
got, two = f.send("carol", "test.pub@forum.test", "Clay.\n", extra=PASS + "In-Reply-To: <0101-ses@relay.example>\r\n")
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_([tree[m]["parent"] for m in (one, two)], [tree[root]["id"]] * 2, "the id stands for the post from now on, for everybody")

# deeper: an answer to bob's answer by a rewritten id, by References alone (iOS drops In-Reply-To)
c2 = f.copy(one, "carol")
is_(c2["References"].split()[0], root, "our own id of the first post stands first in References")
got, three = f.send("carol", "test.pub@forum.test", "How much loam?\n", extra=PASS + "References: %s <rewritten-2@relay.example>\r\n" % root)
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_((tree[three]["parent"], tree[three]["parent_reason"]), (tree[root]["id"], "references"), "without a key the nearest id that is known")
got, four = f.send("carol", f.reply_to(c2), "And sand?\n", extra=PASS + "References: %s <rewritten-2@relay.example>\r\nIn-Reply-To: <rewritten-2@relay.example>\r\n" % root)
got, five = f.send("bob", "test.pub@forum.test", "A little.\n", extra=PASS + "In-Reply-To: <rewritten-2@relay.example>\r\n")
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_([(tree[m]["parent"], tree[m]["parent_reason"]) for m in (four, five)], [(tree[one]["id"], "reply-key"), (tree[one]["id"], "in-reply-to")], "the key wins, and teaches the id")

# what an alias leads to must be seen by him who names it
f.s.ctl("subscribe", "bob@example.org", "test.priv", "--mode", "all")
f.s.member("dora@example.org", "Dora Hill", "secret-d", "member:test.priv")
private = f.s.post("test.priv", "Secret", "Hush.\r\n", user="dora@example.org", password="secret-d")
f.send("bob", f.reply_to(f.copy(private, "bob")), "Hush indeed.\n", extra=PASS + "In-Reply-To: <0303-ses@relay.example>\r\n")
got, six = f.send("carol", "test.pub@forum.test", "Guessed.\n", extra=PASS + "In-Reply-To: <0303-ses@relay.example>\r\n")
p = f.s.json("show", six)[0]
is_(len(f.s.json("thread", six)), 1, "an alias of a private post leads a stranger nowhere")
# a From alone teaches nothing
f.send("carol", "test.pub@forum.test", "Forged.\n", extra="In-Reply-To: %s <0404-ses@relay.example>\r\n" % root)
got, seven = f.send("carol", "test.pub@forum.test", "Later.\n", extra=PASS + "In-Reply-To: <0404-ses@relay.example>\r\n")
ok(seven not in [p["message_id"] for p in f.s.json("thread", root)], "an unproven mail teaches no ids")
done()
