#!/usr/bin/env python3
"""Pain 5: the parent is found by ids whatever the subject says; a changed subject is a named branch, and its author is
offered to make it a thread of its own."""
from maillib import *

f = Forum()
root = f.root("Quince", "Which soil?\r\n")
to = f.reply_to(f.copy(root, "bob"))
for subject in "Re: Quince", "AW: Quince", "Sv: Quince", "RE: [test.pub] Quince", "回复: Quince", "Antw: Re: Quince":
    got, mid = f.send("bob", to, "Soil number %s.\n" % subject, subject=subject)
    r = f.notice("bob", "Soil number " + re.escape(subject))
    ok(" split " not in words(r), "%s: the same subject" % subject)
got, mid = f.send("bob", to, "Medlars are easier, by the way.\n", subject="Medlars")
r = f.notice("bob", "Published in test.pub: Medlars")
like(words(r), "under Alice Moor.*split +make it a thread of its own: it has another subject", "another subject: still under its parent, split is offered")
tree = f.s.json("thread", root)
child = [p for p in tree if p["message_id"] == mid][0]
is_((child["parent"], child["parent_reason"], child["subject"]), (tree[0]["id"], "reply-key", "Medlars"), "a branch with a name of its own")
got, below = f.send("carol", f.reply_to(f.copy(mid, "carol")), "They are.\n", subject="Re: Medlars")
like(f.send("bob", f.reply_to(r), "Split.\n")[0], "^250 2.0.0 done", "split")
ok(f.notice("bob", "is a thread of its own now"), "is answered")
is_([p["message_id"] for p in f.s.json("thread", mid)], [mid, below], "a thread of its own, with its answers")
ok(mid not in [p["message_id"] for p in f.s.json("thread", root)], "and no longer below the other")
like(f.send("bob", f.reply_to(r), "split\n")[0], "^550 5.*thread of its own already", "not twice")
like(f.send("bob", f.reply_to(r), "under mid:%s\n" % root.strip("<>"))[0], "^250", "and back again")
is_([p["parent_reason"] for p in f.s.json("thread", root) if p["message_id"] == mid], ["moved"], "below the first")
# out of a locked thread nobody takes his post, and the answers below it
other = f.root("Elsewhere", "Another thread.\r\n")
f.s.ctl("lock", root)
like(f.send("bob", f.reply_to(r), "split\n")[0], "^550 5.*locked", "a locked thread is not split")
like(f.send("bob", f.reply_to(r), "under mid:%s\n" % other.strip("<>"))[0], "^550 5.*locked", "nor does its post go elsewhere")
f.s.ctl("unlock", root)
like(f.send("bob", f.reply_to(r), "under mid:%s\n" % other.strip("<>"))[0], "^250", "when it is open, it does")
f.send("bob", f.reply_to(r), "under mid:%s\n" % root.strip("<>"))
# no key, no id that is known: the subject alone joins nothing
got, mid = f.send("bob", "test.pub@forum.test", "Something new.\n", subject="Re: Quince")
is_(len(f.s.json("thread", mid)), 1, "the same subject alone makes no answer")
# by id alone, with another subject
got, mid = f.send("carol", "test.pub@forum.test", "By id.\n", subject="Clay?", content="In-Reply-To: %s\r\n" % root)
is_([p["parent_reason"] for p in f.s.json("thread", root) if p["message_id"] == mid], ["in-reply-to"], "the id alone makes one")
done()
