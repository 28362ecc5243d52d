#!/usr/bin/env python3
"""Pain 13: digests: one mail a day, whose posts can be answered one by one; as plain text too."""
from maillib import *

later = (time.gmtime().tm_hour + 3) % 24
f = Forum(outgoing="digest_hour = %d" % later)
f.s.ctl("subscribe", "bob@example.org", "test.pub", "--mode", "digest")
f.s.ctl("subscribe", "carol@example.org", "test.pub", "--mode", "digest-text")
one = f.root("Quince", "Which soil does it like?\r\n")
two = f.root("Medlar \u2013 ripe", "When is it ripe?\r\n")
three = f.root("Gone", "x\r\n")
ok(wait_for(lambda: len([i for i in f.s.json("mailq") if i.get("kind") == "digest"]) == 2, 5), "a digest waits for each")
f.s.ctl("hide", three, "--reason", "test")
ok(not f.copies(lambda m: "bob" in m["Delivered-To"] or "carol" in m["Delivered-To"], seconds=1), "nothing goes before the hour")
f.s.ctl("mailq", "flush")
v = f.copies(lambda m: str(m["Subject"]).startswith("Digest of") and "bob" in m["Delivered-To"])
ok(v, "the digest comes")
d = v[0]
is_(str(d["Subject"]), "Digest of forum.test: 2 posts", "with the posts that may be read")
parts = [p for p in d.walk() if p.get_content_type() == "message/rfc822"]
is_([p.get_payload(0)["Message-ID"] for p in parts], [one, two], "each a message with its own id")
to = f.reply_to(parts[1].get_payload(0))
got, mid = f.send("bob", to, "In November.\n")
like(got, "^250 2.0.0 posted", "one of them answered")
tree = {p["message_id"]: p for p in f.s.json("thread", two)}
is_((tree[mid]["parent"], tree[mid]["parent_reason"]), (tree[two]["id"], "reply-key"), "lands under it")
t = f.copies(lambda m: str(m["Subject"]).startswith("Digest of") and "carol" in m["Delivered-To"])[0]
is_(t.get_content_type(), "text/plain", "the other is plain text")
like(words(t), "1. Quince.*Which soil.*Answer: +test.pub-reply-", "with the posts and their addresses")
like(words(t), "Medlar \u2013 ripe", "in UTF-8")
is_([i["to"] for i in f.s.json("mailq") if i.get("kind") == "digest"], ["carol@example.org"], "what bob wrote waits for the next one, for carol alone")
# the whole answered: paragraphs with numbers
whole = f.reply_to(d)
like(whole, r"^answer-[a-z2-7]+@forum\.test$", "the digest has an address of its own")
like(f.send("bob", whole, "I agree\n")[0], "^550 5.*begin each answer with the number", "words without a number are asked for one")
like(f.send("bob", whole, "1: Loam, of course.\nAnd sand.\n\n2) In November.\n\n> Digest of forum.test\n> 1. Quince\n")[0], "^250 2.0.0 done", "two answers in one mail")
a, b = f.s.json("thread", one)[-1], f.s.json("thread", two)[-1]
is_((f.shown(a["message_id"]), a["author"], a["parent_reason"], a["subject"]), ("Loam, of course.\nAnd sand.", "Bob Fenn", "reply-key", "Re: Quince"), "the first under the first")
is_((f.shown(b["message_id"]), b["subject"]), ("In November.", "Re: Medlar \u2013 ripe"), "the second under the second")
ok(f.notice("bob", "Published.*Loam, of course") and f.notice("bob", "Published in test.pub: Re: Medlar"), "with a receipt for each")
n = len(f.s.json("thread", one))
like(f.send("bob", whole, "1: Fine.\n\n7: No.\n")[0], "^550 5.*no number 7", "a number that is none: none of it is posted")
is_(len(f.s.json("thread", one)), n, "all or nothing")
like(f.send("carol", whole, "1: Mine.\n")[0], "^550 5", "nobody else answers it")
done()
