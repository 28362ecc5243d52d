#!/usr/bin/env python3
"""Pain 15: deletes travel to every door and leave a tombstone; an answer to one hangs under it, and its author is told; for
30 days there is a way back, then the text is gone."""
import base64, hashlib
from maillib import *

clock = Clock()
f = Forum(clock=clock)
root = f.root()
bobs = f.copy(root, "bob")
got, mid = f.send("bob", f.reply_to(bobs), "A rash word about loam.\n")
carols = f.copy(mid, "carol")
i = f.s.imap("carol@example.org", "secret-c")
i.run("SELECT test.pub")
n = f.s.nntp("carol@example.org", "secret-c")
n.cmd("GROUP test.pub", "211")

f.s.group("control.cancel")
n.cmd("HEAD " + mid, "221")
locks = email.message_from_string("\r\n".join(n.text()))["Cancel-Lock"].split()
f.s.ctl("delete", mid)
r, lines = i.run("NOOP")
ok(any("EXPUNGE" in l or "VANISHED" in l for l in lines), "IMAP: EXPUNGE")
n.cmd("ARTICLE " + mid, "430", "news: no such article by id")
n.cmd("GROUP test.pub", "211")
n.cmd("ARTICLE 2", "423", "nor by number")
tree = f.s.json("thread", root)
is_([(p["message_id"], p["state"]) for p in tree], [(root, "visible"), (mid, "deleted")], "a tombstone keeps its place")
# servers that fetch from us believe the cancel, for its key opens the lock that the post had
n.cmd("GROUP control.cancel", "211")
n.cmd("ARTICLE 1", "220")
cancel = email.message_from_string("\r\n".join(n.text()))
is_(cancel["Control"], "cancel " + mid, "a cancel goes out")
keys = [k.split(":", 1) for k in cancel["Cancel-Key"].split()]
ok(locks and any(kind == "sha256" and "sha256:" + base64.b64encode(hashlib.sha256(key.encode()).digest()).decode() in locks for kind, key in keys),
   "its Cancel-Key is that of the post's Cancel-Lock") or diag(cancel["Cancel-Key"], locks)

# an answer that was under way
got, answer = f.send("carol", f.reply_to(carols), "I was just about to say so.\n")
like(got, "^250 2.0.0 posted", "an answer to what is deleted is taken")
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_(tree[answer]["parent"], tree[mid]["id"], "and hangs under the tombstone")
like(words(f.notice("carol", "I was just about")), r"under Bob Fenn.*that post was taken away meanwhile; your answer keeps its place", "its author is told")
ok("rash word" not in f.shown(answer), "nothing of the deleted text comes back with it")

# the way back
f.s.ctl("restore", mid)
like(f.shown(mid), "rash word", "undelete")
r, lines = i.run("NOOP")
ok(any("EXISTS" in l for l in lines), "is seen again")
like(f.send("bob", f.reply_to(f.notice("bob", "rash word")), "undo\n")[0], "^250", "its author takes it back")
clock.set("+29d")
time.sleep(1)
f.s.ctl("restore", mid)
like(f.shown(mid), "rash word", "29 days later it can come back")
f.s.ctl("delete", mid)
clock.set("+45d")
time.sleep(1)
f.s.ctl("restore", mid)
ok("rash word" in f.shown(mid), "and its days count from the last time")
f.s.ctl("delete", mid)
clock.set("+76d")
f.root("Medlar")     # mail wakes the schedule, which looks for old tombstones too
wait_for(lambda: "rash word" not in f.s.ctl("show", mid, "--raw", check=False), 60)
f.s.ctl("restore", mid, check=False)
like(f.s.err, "text is gone", "after 30 days the text is gone for good")
tree = {p["message_id"]: p for p in f.s.json("thread", root)}
is_((tree[mid]["state"], tree[answer]["parent"]), ("deleted", tree[mid]["id"]), "the place stays")
f.s.ctl("check")
is_(f.s.code, 0, "the store is sound")
done()
