#!/usr/bin/env python3
"""Pain 22: no silence. A receipt says what was published, what was cut, where it hangs, who is mailed, and takes undo,
whole and under; what is refused is refused in the session, and never both."""
from maillib import *

f = Forum(outgoing="hold_seconds = 4")
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
body = "Loam, I think.\n\n> Which soil does it like?\n> And how much water?\n"
got, mid = f.send("bob", to, body)
like(got, "^250 2.0.0 posted", "a reply")
r = f.notice("bob", "Published in test.pub: Re: Quince")
ok(r is not None, "a receipt comes")
t = words(r)
like(t, r"as published ------\nLoam, I think\.$", "with the text as published")
like(t, r"Cut: +2 lines: quotation", "what was cut, and why")
like(t, r"under Alice Moor, .*\n +mid:%s\n" % re.escape(root.strip("<>")), "where it hangs")
like(t, r"Mailed: +to 2 members, at \d\d:\d\d UTC", "who is mailed, and when")
like(t, r"undo +take it back \(until \d\d:\d\d UTC\)", "until when it can be undone")
is_((r["In-Reply-To"], r["Return-Path"]), (mid, "<>"), "it answers the mail, and nothing comes back for it")
a = f.reply_to(r)
like(a, r"^answer-[a-z2-7]+@forum\.test$", "signed address")
like(f.send("carol", a, "undo\n")[0], r"^550 5\.7\.1 this reply address belongs to another", "nobody else can answer it")
like(f.send("bob", a, "What a fine day.\n")[0], r"^550 5\.7\.1 that word is not understood", "other words are refused in the session")
like(f.send("bob", a, "whole\n\n> Your mail is published.\n")[0], "^250 2.0.0 done", "whole")
tree = [p for p in f.s.json("thread", root) if p["state"] == "visible"]
is_(len(tree), 2, "one post in the place of the other")
new = tree[1]["message_id"]
ok(new != mid and tree[1]["parent"] == tree[0]["id"], "under the same parent")
like(f.shown(new), r"Loam, I think\.\n\n> Which soil", "uncut")
ok(f.copy(new, "carol"), "others are mailed the whole")
ok(not f.copies(lambda m: m["Message-ID"] == mid and "carol" in m["Delivered-To"], seconds=1), "and not the cut one")

# undo within the hold: nobody is mailed
got, mid = f.send("bob", to, "Something rash.\n")
a = f.reply_to(f.notice("bob", "Something rash"))
like(f.send("bob", a, "Undo.\n")[0], "^250 2.0.0 done", "undo")
ok(f.notice("bob", "Nobody was mailed"), "is answered")
ok(mid not in [p["message_id"] for p in f.s.json("thread", root) if p["state"] == "visible"], "the post is gone")
like(f.send("bob", a, "undo\n")[0], "^550 5.", "twice is refused")
time.sleep(5)
ok(not f.copies(lambda m: m["Message-ID"] == mid, seconds=1), "no copy went")

# under: to another thread
other = f.root("Medlar", "When is it ripe?\r\n")
got, mid = f.send("bob", to, "In November.\n")
a = f.reply_to(f.notice("bob", "In November"))
like(f.send("bob", a, "under mid:%s\n" % other.strip("<>"))[0], "^250 2.0.0 done", "under another post")
is_([p["parent_reason"] for p in f.s.json("thread", other) if p["message_id"] == mid], ["moved"], "it hangs there")
like(f.send("bob", a, "under mid:nowhere@example.org\n")[0], "^550 5.1.1|^550 5", "under a post nobody has")

# receipts can be turned off
like(f.send("bob", "commands@forum.test", "set receipts=off\n")[0], "^250 2.0.0 done", "no more receipts")
f.send("bob", f.reply_to(f.copy(other, "bob")), "Quietly said.\n")
ok(not f.copies(lambda m: m["Auto-Submitted"] and "Quietly said" in words(m), seconds=2), "and none comes")
f.s.ctl("member", "set", "bob@example.org", "receipts=on")

# refused: in the session, without a mail
n = len([o for o in f.s.outgoing() if b"Auto-Submitted" in o])
like(f.send("x@stranger.example", "test.pub@forum.test", "Hello\n")[0], r"^550 5\.7\.1 only members may post", "a stranger is refused with a reason")
time.sleep(1)
is_(len([o for o in f.s.outgoing() if b"Auto-Submitted" in o]), n, "and never mailed as well")
wait_for(lambda: "copies queued" in f.s.ctl("trace", mid), 10)
story = f.s.ctl("trace", mid)
for what in "posted", "told bob@example.org", "copies queued":
    ok(what in story, "trace tells: " + what)
# held: why, and since when
f.s.group("test.mod", "--moderated")
got, mid = f.send("carol", "test.mod@forum.test", "Please look.\n", subject="Waiting")
like(got, "^250 2.0.0 queued", "a moderated group")
t = words(f.notice("carol", "not published yet"))
like(t, r"not published yet: moderated group\.\nA moderator will look at it: it waits since \d\d:\d\d UTC, and the moderators are told in these minutes\.", "held: the reason, and since when")
done()
