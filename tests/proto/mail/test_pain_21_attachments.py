#!/usr/bin/env python3
"""Pain 21: attachments are kept; signature logos and repeated inline pictures are posted once; what is over the limit is named."""
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

# it is the picture that counts, not its name
g = Forum()
to = g.reply_to(g.copy(g.root(), "bob"))


def picture(cid, octets, name="logo.png"):
    return ("Content-Type: image/png\nContent-ID: <%s>\nContent-Disposition: inline; filename=%s\nContent-Transfer-Encoding: base64\n\n%s"
            % (cid, name, base64.b64encode(octets).decode()))


def names(forum, mid):
    return [p.get_filename() for p in forum.article(mid).iter_attachments()]


mine, other = b"\x89PNG mine" * 20, b"\x89PNG other" * 20
is_(names(g, g.send("bob", to, mixed("One." + quote, picture("a1", mine)), content=head)[1]), ["logo.png"], "a new picture")
is_(g.article(g.send("bob", to, mixed("Two." + quote, picture("b2", mine, "again.png")), content=head)[1]).get_content_type(), "text/plain",
    "the same under another Content-ID and name is left out")
is_(names(g, g.send("bob", to, mixed("Three." + quote, picture("a1", other, "other.png")), content=head)[1]), ["other.png"], "another one under the same id is not")

# over the limit: the text is posted, and names what was left out and the limit
h = Forum(limits="attachments = 200000")
root = h.root()
to = h.reply_to(h.copy(root, "bob"))
big = os.urandom(300000)


def attached(name, octets, kind="application/octet-stream"):
    return ("Content-Type: %s\nContent-Disposition: attachment; filename=\"%s\"\nContent-Transfer-Encoding: base64\n\n%s"
            % (kind, name, base64.encodebytes(octets).decode()))


got, mid = h.send("bob", to, mixed("The film and a note." + quote, attached("film.mov", big, "video/quicktime"), attached("note.bin", b"n" * 900)), content=head)
like(got, "^250 2.0.0 posted", "a film beyond the limit: posted")
m = h.article(mid)
is_(words(m), "The film and a note.\n\n[Left out: film.mov (video/quicktime, 301 kB). A mail may bring 200 kB of files.]", "the text says what is missing and the limit")
is_(names(h, mid), ["note.bin"], "the smaller file behind it comes")
is_(list(m.iter_attachments())[0].get_content(), b"n" * 900, "as it was")
receipt = h.notice("bob", "1 file beyond the limit, named below")
ok(receipt is not None and "film.mov" in words(receipt), "the receipt says so")
like(h.s.ctl("trace", mid), "1 files left out: beyond the limit", "the trace, too")
ok(base64.b64encode(big[:57]).decode() in h.s.ctl("show", mid, "--raw"), "the original is kept")
is_(len(h.s.json("thread", root)), 2, "one answer in its thread")
ok("film.mov" in words(h.copy(mid, "carol")), "readers by mail see it")
ok(len(m.as_bytes()) < 10000, "and what is sent is small")
# the author wants all of it: the limit stays
to2 = h.reply_to(receipt)
like(h.send("bob", to2, "whole", subject="Re: receipt")[0], "^250", "whole")
answer = h.notice("bob", "published uncut but for the files beyond the limit")
ok(answer is not None, "is told that the limit stays")
new = "<" + re.search(r"Link: mid:(\S+)", words(answer)).group(1) + ">"
w = words(h.article(new))
ok("> Which soil" in w and "[Left out: film.mov" in w and names(h, new) == ["note.bin"], "uncut, without the film") or diag(w)
# nothing but a file; names that lie; many
got, mid = h.send("bob", h.reply_to(h.copy(root, "bob")), base64.encodebytes(big).decode(),
                  content="MIME-Version: 1.0\r\nContent-Type: application/zip; name=all.zip\r\nContent-Transfer-Encoding: base64\r\n")
like(got, "^250 2.0.0 posted", "a mail that is one file")
is_(h.shown(mid), "[Left out: all.zip (application/zip, 301 kB). A mail may bring 200 kB of files.]", "becomes a text that names it")
got, mid = h.send("bob", h.reply_to(h.copy(root, "bob")), mixed("Names.", attached("a\\\"b" + "x" * 300, big), attached("ok.bin", b"n" * 150000), attached("late.bin", b"n" * 60000)), content=head)
w = h.shown(mid)
like(w, r'^Names\.\n\n\[Left out: a"bx{97}\.\.\. \(application/octet-stream, 301 kB\), late\.bin \(application/octet-stream, 60 kB\)\. ', "long names are cut; the limit is for all files together")
is_(names(h, mid), ["ok.bin"], "what fits is there")
fresh, start = h.send("bob", "test.pub@forum.test", mixed("A new thread.", attached("film.mov", big)), subject="Film", content=head)
like(h.shown(start), r"^A new thread\.\n\n\[Left out: film\.mov", "a new thread, too")
got, mid = h.send("bob", h.reply_to(h.copy(root, "bob")),
                  "--s\nContent-Type: multipart/mixed; boundary=m\n\n" + mixed("Signed.", attached("film.mov", big)) + "--s\nContent-Type: application/pgp-signature\n\nx\n--s--\n",
                  content='MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s\r\n')
like(got, "^552 5.3.4 .*more than 200000 octets.*signed", "a signed mail is not cut to pieces: it is refused with the reason")
got, mid = h.send("bob", h.reply_to(h.copy(root, "bob")),
                  "--s\nContent-Type: multipart/mixed; boundary=m\n\n" + mixed("Signed.", attached("note.bin", b"n" * 900)) + "--s\nContent-Type: application/pgp-signature\n\nx\n--s--\n",
                  content='MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pgp-signature"; boundary=s\r\n')
like(got, "^250 2.0.0 posted", "within the limit it is posted")
k = h.s.nntp("bob@example.org", "secret-b")
k.cmd("POST", "340")
k.raw("Newsgroups: test.pub\r\nSubject: all of it\r\nMessage-ID: <news-big@x.test>\r\nMIME-Version: 1.0\r\n" + head.split("\r\n", 1)[1] + "\r\n"
      + mixed("By news.", attached("film.mov", big)).replace("\n", "\r\n") + ".\r\n")
like(k.line(), "^240", "what a newsreader posts is bounded by message_size alone")
is_(h.s.ctl("check", check=False).count("0 faults"), 1, "the store is whole") or diag(h.s.err)
done()
