#!/usr/bin/env python3
"""Pain 1: what is the reply. The original stays byte for byte; readers see the author's words."""
from maillib import *

f = Forum()
root = f.root()
to = f.reply_to(f.copy(root, "bob"))

# a reply above the quotation, as phones write it
body = "Loam, I think.\n\nSent from my iPhone\n\n> On 23 Nov 2026, at 10:00, Alice Moor via test.pub <test.pub@forum.test> wrote:\n> \n> Which soil does it like?\n> And how much water?\n"
got, mid = f.send("bob", to, body)
like(got, "^250 2.0.0 posted", "a reply from a phone")
raw = f.raw
is_(f.shown(mid), "Loam, I think.", "readers see the answer alone")
got = f.s.ctl("show", mid, "--raw").encode()
ok(got.endswith(raw.split(b"\r\n\r\n", 1)[1]) or got.replace(b"\r\n", b"\n").rstrip().endswith(raw.split(b"\r\n\r\n", 1)[1].replace(b"\r\n", b"\n").rstrip()), "show --raw has the original")
ok(b"Sent from my iPhone" in got and PASS.strip().encode() in got, "with all it came with")
like(f.send("bob", to, body, mid=mid)[0], "^250 2.0.0 there already", "the same mail again is the same post")
like(f.send("bob", to, body.replace("> And", "> Or"), mid=mid)[0], "^550 5.6.0", "another original under that id is not")

# answers between the lines stay, with what they answer
body = "Alice Moor wrote:\n> Which soil does it like?\n\nLoam.\n\n> And how much water?\n\nA can a week.\n\n-- \nBob\n"
got, mid = f.send("bob", to, body)
like(f.shown(mid), r"> Which soil does it like\?\s+Loam\.\s+> And how much water\?\s+A can a week\.$", "inline answers keep their questions")
ok("Bob" not in f.shown(mid), "the signature goes")

# nothing but a quotation: published whole
got, mid = f.send("bob", to, "> Which soil does it like?\n> And how much water?\n")
like(got, "^250 2.0.0 posted", "nothing but a quotation")
is_(f.shown(mid), "> Which soil does it like?\n> And how much water?", "is published whole")

to = f.reply_to(f.copy(f.root("Medlar"), "bob"))
# a new thread is not trimmed
got, mid = f.send("bob", "test.pub@forum.test", "As they say:\n\n> To be\n\n-- \nBob\n", subject="New")
like(f.shown(mid), r"> To be\s+--\s+Bob$", "a new thread is left alone")
# signed mail is left alone
signed = "--s\nContent-Type: text/plain\n\nLoam.\n\n> Which soil does it like?\n\n--s\nContent-Type: application/pgp-signature\n\nxyz\n--s--\n"
got, mid = f.send("bob", to, signed, content="MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\r\n")
is_(f.article(mid).get_content_type(), "multipart/signed", "a signed mail stays signed")
ok("> Which soil" in f.article(mid).as_string(), "and whole")
ok("checked" in f.s.ctl("check") or f.s.code == 0, "check finds the store well")
done()
