#!/usr/bin/env python3
"""Pain 21: attachments are kept; signature logos and repeated inline pictures are posted once."""
from maillib import *
import base64

f = Forum()
to = f.reply_to(f.copy(f.root(), "bob"))
logo, photo = base64.b64encode(b"\x89PNG logo" * 20).decode(), base64.b64encode(b"\xff\xd8 photo" * 30).decode()


def mixed(text, *parts):
    return ("--m\nContent-Type: text/plain; charset=utf-8\n\n%s\n" % text + "".join("--m\n%s\n" % p for p in parts) + "--m--\n")


inline = "Content-Type: image/png\nContent-ID: <logo1>\nContent-Disposition: inline; filename=logo.png\nContent-Transfer-Encoding: base64\n\n" + logo
file = "Content-Type: image/jpeg\nContent-Disposition: attachment; filename=\"garden.jpg\"\nContent-Transfer-Encoding: base64\n\n" + photo
head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n"
quote = "\n> Which soil does it like?\n> And how much water?\n"

got, one = f.send("bob", to, mixed("Look." + quote, file, inline), content=head)
like(got, "^250 2.0.0 posted", "a reply with a file and a logo")
m = f.article(one)
is_([p.get_content_type() for p in m.walk()], ["multipart/mixed", "text/plain", "image/jpeg", "image/png"], "text, file, picture")
is_(words(m), "Look.", "the quotation is gone")
is_([p.get_filename() for p in m.iter_attachments()], ["garden.jpg", "logo.png"], "with their names")
is_(base64.b64encode(list(m.iter_attachments())[0].get_content()).decode(), photo, "octet for octet")
got, mid = f.send("bob", to, mixed("Look." + quote, file, inline), content=head, mid=one)
like(got, "^250 2.0.0 there already", "the same mail once more is no other one")

got, two = f.send("bob", to, mixed("Again." + quote, inline, file), content=head)
m = f.article(two)
is_([p.get_filename() for p in m.iter_attachments()], ["garden.jpg"], "the logo is not shown twice, the file is")
ok("logo1" in f.s.ctl("show", two, "--raw"), "the original has it")
got, three = f.send("bob", to, mixed("Only a logo." + quote, inline), content=head)
is_(f.article(three).get_content_type(), "text/plain", "without other parts it is text")
to = f.reply_to(f.copy(f.root("Medlar"), "bob"))
fwd = "Content-Type: message/rfc822\n\nFrom: x@example.org\nSubject: inner\n\nInner text\n"
got, four = f.send("bob", to, mixed("See below." + quote, fwd), content=head)
is_([p.get_content_type() for p in f.article(four).walk()], ["multipart/mixed", "text/plain", "message/rfc822", "text/plain"], "a forwarded message stays attached")
like(f.send("bob", to, mixed("x", "Content-Type: application/zip\n\n" + "A" * 70 + "\n" * 1) + "x" * 10, content=head)[0], "^250", "broken ends are taken")
# text, picture, text, as Apple Mail sends it: one text with its picture
got, mid = f.send("bob", f.reply_to(f.copy(f.root("Bletting"), "bob")),
                  "--a\nContent-Type: text/plain\n\nThis is mine:\n\n--a\nContent-Type: image/png; name=q.png\nContent-Disposition: inline; filename=q.png\n"
                  "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--a\nContent-Type: text/plain\n\n\nIt leaks.\n\n"
                  "> On 3 Mar 2026, at 14:05, Alice Moor <alice@example.org> wrote:\n> \n> Which soil does it like?\n--a--\n",
                  content="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
m = f.article(mid)
is_([p.get_content_type() for p in m.iter_parts()], ["text/plain", "image/png"], "text, picture, text is published as one text with its picture")
is_(words(m), "This is mine:\n\nIt leaks.", "without the quotation")
# a text of one's own behind an old mail that is not marked, or behind a signature, is not part of these
for old in ("-----Original Message-----\nFrom: Alice Moor <alice@example.org>\nSent: Tuesday, March 3, 2026 2:05 PM\nTo: Bob\nSubject: Soil\n\nWhich soil does it like?\n", "-- \nBob\n"):
    got, mid = f.send("bob", f.reply_to(f.copy(f.root("Soil" + old[1]), "bob")),
                      "--a\nContent-Type: text/plain\n\nThe log is below.\n\n" + old + "--a\nContent-Type: text/plain\nContent-Disposition: inline\n\nvalve open\nvalve shut\n--a--\n",
                      content="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
    parts = list(f.article(mid).iter_parts())
    is_([p.get_content().strip().replace("\r", "") for p in parts], ["The log is below.", "valve open\nvalve shut"], "both texts are there, and nothing old: " + old[:4])
done()
