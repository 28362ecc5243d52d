#!/usr/bin/env python3
"""A member's day by mail (product 4.2, without votes): from `join` to leaving, without ever opening anything but a mail program."""
from maillib import *
import replies

f = Forum(outgoing="hold_seconds = 2")
f.s.member("mia@example.org", "Mia Orr", "secret-m", "moderator:test.pub")
f.s.ctl("founding", "set", "test.pub", stdin="Talk of quinces.\nBe kind.\n")
dora = PASS.replace("example.org", "new.example")
send = lambda to, text, **kw: f.send("dora@new.example", to, text, name="Dora Hill", extra=kw.pop("extra", dora), **kw)
word = lambda to, text: send(to, text)[0]
is_ok = lambda got, what: like(got, "^250 2.0.0", what)
for i in range(6):
    f.s.post("test.pub", "Old %d" % i, "Long ago.\r\n", user="alice@example.org", password="secret-a")

# the first five minutes
is_ok(word("test.pub@forum.test", "join"), "join, to the group")
q = f.notice("dora@new.example", "Do you want to join")
like(words(q), r"version 1.*Talk of quinces\.\nBe kind\.", "the text, with its version")
is_ok(word(f.reply_to(q), "I agree\n\nOn Mon someone wrote:\n> Do you want to join?\n"), "I agree")
w = words(f.notice("dora@new.example", "Welcome"))
like(w, r"Welcome, Dora Hill.*first post of each thread of test\.pub \(the group has about 6 posts a day\).*first post waits for a moderator\. Limits: a mail of \d+ KB at most.*Five words to know: mute, watch, undo, help, leave", "a welcome: what will come, what waits, five words")
is_ok(word("commands@forum.test", "subscribe test.pub all"), "more of it")
f.notice("dora@new.example", "You now get test.pub")
got, mid = send("test.pub@forum.test", "Hello, I grow quinces in Oregon.\n", subject="Hello")
like(got, "queued for moderator approval", "her first post waits")
like(words(f.notice("dora@new.example", "Waiting in test.pub")), r"first post of a new member.*A moderator will look at it", "and she knows why")
f.send("mia", f.reply_to(f.notice("mia", "open case")), "approve\n", name="Mia Orr")
ok(f.notice("dora@new.example", "is published now"), "she hears that it is published")

# 1. a post arrives
root = f.root("Soil", replies.THEIRS.replace("\n", "\r\n") + "\r\n")
c = f.copies(lambda m: m["Message-ID"] == root and m["Delivered-To"] == "dora@new.example")[0]
is_(email.utils.parseaddr(str(c["From"])), ("Alice Moor via Public things", "test.pub@forum.test"), "From: the author via the group")
is_((str(c["Subject"]), words(c)), ("Soil", replies.THEIRS), "no prefix, no footer, plain text first")
ok("mailto:" in c["List-Unsubscribe"], "her program's own button unsubscribes")
# 2. she answers between the lines, from Outlook
text = ("On Sunday, May 3, 2026 Alice Moor via Public things wrote:\n\n> Which soil does it like?\n\nLoam.\n\n> And how much water does it need in a dry summer like the last one?\n\nA can a week.\n\n> Alice\n\n"
        "-- \nDora Hill\nThe Old Orchard\nGet Outlook for iOS<https://aka.ms/o0ukef>\n")
got, mid = send(f.reply_to(c), text, subject="Re: Soil")
is_ok(got, "an answer")
r = f.notice("dora@new.example", "Published in test.pub: Re: Soil")
t = words(r)
like(t, r"under Alice Moor.*Mailed: +to 3 members, at \d\d:\d\d UTC.*Cut: +\d+ lines.*undo +take it back \(until \d\d:\d\d UTC\)", "the receipt: where, to whom, what was cut, until when it can be undone")
like(t, r"------ as published ------\n.*> Which soil does it like\?\n\nLoam\.\n\n> And how much water.*A can a week\.$", "and the text as it stands, her answers in their places")
ok("Old Orchard" not in t.split("as published")[1], "without signature and phone line")
# a second thought
is_ok(word(f.reply_to(r), "edit\n\nLoam, and a can of water a week.\n"), "she changes it")
f.notice("dora@new.example", "Your post is changed")
new = [p for p in f.s.json("thread", root) if p["author"] == "Dora Hill" and p["state"] == "visible"][0]["message_id"]
cc = f.copies(lambda m: m["Message-ID"] == new and m["Delivered-To"].startswith("carol"))
ok(cc and words(cc[0]) == "Loam, and a can of water a week.", "the others get the new text")
ok(not f.copies(lambda m: m["Message-ID"] == mid and not m["Auto-Submitted"], seconds=1), "and the first one never")
# 3. too loud
is_ok(word(f.reply_to(c), "Mute."), "mute")
like(words(f.notice("dora@new.example", "is muted")), "only direct replies to you", "is answered")
got, loud = f.send("bob", f.reply_to(f.copy(root, "bob")), "More and more about soil.\n")
got, direct = f.send("bob", f.reply_to(f.copy(new, "bob")), "How big a can?\n")
ok(f.copies(lambda m: m["Message-ID"] == direct and m["Delivered-To"].startswith("dora")), "a direct reply comes")
ok(not f.copies(lambda m: m["Message-ID"] == loud and m["Delivered-To"].startswith("dora"), seconds=1), "the rest does not")
# 6. the wrong address
got = f.send("dora@work.example", "test.pub@forum.test", "From work.\n", extra=PASS.replace("example.org", "work.example"))[0]
like(got, r"^550 5\.7\.1 .*dora@work\.example is no member's address", "from another address: a reason in the session, never silence")
# searching, a flag, a digest
is_ok(word("commands@forum.test", "search can of water"), "search")
like(words(f.notice("dora@new.example", "post.? found")), r"[1-9] posts? found.*Dora Hill", "finds")
is_ok(word("commands@forum.test", "subscribe test.pub digest"), "a digest instead")
is_ok(word("commands@forum.test", "help"), "help")
like(words(f.notice("dora@new.example", "Words, each alone")), r"catchup.*export.*leave and anonymise.*test\.pub@forum\.test +Public things", "says what there is")
# 7. leaving
is_ok(word("commands@forum.test", "stand aside"), "stand aside")
is_ok(word("commands@forum.test", "come back"), "come back")
is_ok(word("commands@forum.test", "leave and anonymise"), "leave and anonymise")
is_ok(word(f.reply_to(f.notice("dora@new.example", "take the name away")), "confirm"), "confirmed")
ok(f.notice("dora@new.example", "last mail you get"), "a last mail")
ok("Dora" not in str(f.article(new)["From"]), "her posts stay, her name does not")
story = f.s.ctl("trace", mid)
for what in ("mail to test.pub: posted", "told dora@new.example: Published"):
    ok(what in story, "the trace tells: " + what)
done()
