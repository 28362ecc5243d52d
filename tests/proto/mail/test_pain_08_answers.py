#!/usr/bin/env python3
"""Pain 8, the other way: a private answer to an author goes to him alone, for members who both want that; neither learns the
other's address; machines and strangers get nowhere."""
from maillib import *

f = Forum()
root = f.root()
before = f.copy(root, "bob")
author = email.utils.parseaddr(str(f.article(root)["From"]))[1]
like(author, r"^author-\d+@forum\.test$", "the address in the post")
like(f.send("bob", author, "Hello Alice\n")[0], "^550 5.*authors are not reached in private here", "not unless she wants it")
like(f.send("bob", "author-9999@forum.test", "Hello\n")[0], "^550 5.*authors are not reached in private here", "who is not there looks the same")
like(f.send("alice", "commands@forum.test", "set private=on\n")[0], "^250", "alice wants it")
got, said = f.send("alice", "test.pub@forum.test", "Write to me.\n", subject="Open")
is_(email.utils.parseaddr(str(f.copy(said, "bob")["Mail-Reply-To"]))[1], author, "her next posts say where")
is_(before["Mail-Reply-To"], None, "and those from before do not")
like(f.send("bob", author, "Hello Alice\n")[0], "^550 5.*could not answer you.*set private=on", "bob must be answerable too")
like(f.send("bob", "commands@forum.test", "set private=on\n")[0], "^250", "he is")
like(f.send("x@stranger.example", author, "Hello\n", extra=PASS.replace("example.org", "stranger.example"))[0], "^550 5.*only members write to authors", "a stranger is refused")
like(f.send("bob", author, "Hello\n", extra="")[0], "^550 5.*nothing proves", "a From alone too")
like(f.send("bob", author, "I am away.\n", extra=PASS + "Auto-Submitted: auto-replied\r\n")[0], "^550 5.7.1 automatic", "and a machine")
like(f.send("bob", author, "Between us:\n.\u00e9 is a letter.\n".replace("\n.", "\n.."), subject="=?utf-8?q?Zo=C3=AB?=")[0], "^250 2.0.0 done", "a private word")
m = f.copies(lambda m: m["Delivered-To"].startswith("alice") and "Between us" in words(m))
is_(len(m), 1, "is sent on, once")
raw = m[0].as_string()
ok("bob@example.org" not in raw and "client.example" not in raw, "without his address, or a trace of it")
is_((str(m[0]["Subject"]), m[0]["Auto-Submitted"]), ("Zoë", None), "a person's mail with its subject")
like(words(m[0]), r"^Between us:\n\.é is a letter\.", "and its words")
back = email.utils.parseaddr(str(m[0]["From"]))
is_(back[0], "Bob Fenn", "from bob")
like(f.send("alice", back[1], "And back.\n")[0], "^250", "the answer takes the same way")
m2 = f.copies(lambda m: m["Delivered-To"].startswith("bob") and "And back" in words(m))
ok(m2 and "alice@example.org" not in m2[0].as_string(), "to him, without her address")
is_(len(f.s.json("list", "test.pub")), 2, "nothing of it became a post")
# what we sent does not come in again
like(f.send("bob", author, "Loop\n", extra=PASS + "Forum-Loop: forum.test\r\n")[0], "^550 5.4.6 .*loop", "our own mail come back is refused")
for i in range(25):
    got = f.send("bob", author, "Word %d.\n" % i)[0]
    if got[:3] != "250":
        break
like(got, "^45[0-9] .*tomorrow", "twenty a day")
ok(10 < i < 22, "not less (%d)" % i)
like(f.send("alice", "commands@forum.test", "set private=off\n")[0], "^250", "alice has enough")
like(f.send("carol", author, "Hello\n")[0], "^550 5.*authors are not reached", "and is left alone")
done()
