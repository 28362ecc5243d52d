#!/usr/bin/env python3
"""Pain 9: no [prefix] in the subject, no footer in the text; what other lists have put there goes with the quotation on the
way back, and prefixes do not pile up."""
from maillib import *

f = Forum()
body = "Exactly this text.\n\tWith a tab, a dot line:\n.\nand a trailing blank \n"
got, mid = f.send("alice", "test.pub@forum.test", body.replace("\n.\n", "\n..\n"), subject="Quince & pear")
c = f.copy(mid, "bob")
is_(str(c["Subject"]), "Quince & pear", "the subject as the author wrote it")
is_(c.get_payload(decode=True).replace(b"\r\n", b"\n"), body.encode(), "the text octet for octet: no footer")
is_(f.article(mid).get_payload(decode=True).replace(b"\r\n", b"\n"), body.encode(), "at the other doors too")
# a signed mail keeps its parts as they are
part = ("--b\r\nContent-Type: text/plain\r\n\r\nSigned words.\r\n--b\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
        "-----BEGIN PGP SIGNATURE-----\r\n\r\niQEz\r\n-----END PGP SIGNATURE-----\r\n--b--\r\n")
got, mid = f.send("alice", "test.pub@forum.test", part.replace("\r\n", "\n"), subject="Signed",
                  content='MIME-Version: 1.0\r\nContent-Type: multipart/signed; boundary=b; micalg=pgp-sha512; protocol="application/pgp-signature"\r\n')
raw = [o for o in f.s.outgoing() if mid.encode() in o and b"Delivered-To: bob" in o] if f.copy(mid, "bob") else []
ok(raw and part.encode().replace(b"\r\n", b"\n") in raw[0].replace(b"\r\n", b"\n"), "a signed body is not touched by an octet")
# an answer from a list that adds its footer below and its prefix in front
root = f.root()
got, mid = f.send("bob", f.reply_to(f.copy(root, "bob")), "Loam.\n\n_______________________________________________\nGarden mailing list\nGarden@lists.example.org\n"
                  "https://lists.example.org/mailman/listinfo/garden\n", subject="Re: [Garden] Quince")
is_(f.shown(mid), "Loam.", "another list's footer goes")
is_([p["parent_reason"] for p in f.s.json("thread", root) if p["message_id"] == mid], ["reply-key"], "and its prefix changes no thread")
done()
