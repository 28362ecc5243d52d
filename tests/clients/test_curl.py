#!/usr/bin/env python3
"""curl: imap and imaps (list, fetch, search, append), submission with STARTTLS."""
from community import *

need("curl")
s = community()


def curl(*args, stdin=None):
    p = subprocess.run(["curl", "-sS", "-k", "--max-time", "30"] + list(args), input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


imap = "imap://127.0.0.1:%d/" % s.port["imap"]
imaps = "imaps://127.0.0.1:%d/" % s.port["imaps"]
carol = ["-u", "carol@example.org:secret-c"]
code, out, err = curl(imap, *carol)
is_(code, 0, "imap: list " + err)
like(out, r"\* LIST \([^)]*\) \"\.\" \"?test\.garden\"?", "the group is a mailbox")
code, out, err = curl(imaps + "test.garden;UID=2", *carol)
is_(code, 0, "imaps: fetch by UID " + err)
like(out, "Behind the shed then", "the whole message comes")
code, out, err = curl("--ssl-reqd", imap + "test.garden;UID=1;SECTION=TEXT", *carol)
is_((code, out.replace("\r\n", "\n")), (0, "The yard is too dry.\nIdeas, please.\n"), "STARTTLS and SECTION=TEXT " + err)
code, out, err = curl(imap + "test.garden?SUBJECT%20quince", *carol)
is_((code, out.strip()), (0, "* SEARCH 1 2 3 4"), "search " + err)
code, out, err = curl(imap, "-u", "carol@example.org:wrong")
is_(code, 67, "a wrong password: login denied")

mail = ("From: Bob Fenn <bob@example.org>\r\nTo: test.garden@forum.test\r\nSubject: Mulch\r\nMessage-ID: <mulch@thread.example>\r\n\r\nStraw or bark?\r\n").encode()
smtp = "smtp://127.0.0.1:%d/client.example" % s.port["submission"]
code, out, err = curl("--ssl-reqd", smtp, "-u", "bob@example.org:secret-b", "--mail-from", "bob@example.org", "--mail-rcpt", "test.garden@forum.test", "-T", "-", stdin=mail)
is_(code, 0, "submission over STARTTLS " + err)
ok(post_with(s, "Straw or bark?"), "posted")
code, out, err = curl(smtp, "-u", "bob@example.org:secret-b", "--mail-from", "bob@example.org", "--mail-rcpt", "no.such.group@forum.test", "-T", "-", stdin=mail)
is_(code, 55, "an unknown group is refused at RCPT")
with open(os.path.join(s.dir, "mail"), "wb") as f:
    f.write(mail.replace(b"mulch@", b"mulch2@").replace(b"Bob Fenn <bob@", b"Carol Reed <carol@").replace(b"Straw or bark?", b"Both, says Carol."))
code, out, err = curl(imaps + "test.garden", *carol, "-T", f.name)     # APPEND wants the size beforehand
is_(code, 0, "imap APPEND " + err)
ok(post_with(s, "Both, says Carol."), "posted too")
done()
