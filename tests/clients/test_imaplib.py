#!/usr/bin/env python3
"""Python's imaplib: login, mailboxes, fetch, flags of one's own, search, append, idle clients' sequence of commands."""
import email, email.policy, imaplib
from community import *

s = community()
m = imaplib.IMAP4("127.0.0.1", s.port["imap"], timeout=20)
like(" ".join(m.capabilities), "IMAP4REV1", "CAPABILITY")
m.starttls(ssl._create_unverified_context())
is_(m.login("carol@example.org", "secret-c")[0], "OK", "LOGIN after STARTTLS")
typ, boxes = m.list()
ok(any(b.endswith(b'"." "test.garden"') or b.endswith(b'"." test.garden') for b in boxes), "LIST shows the group as a mailbox")
is_(m.select("test.garden"), ("OK", [b"4"]), "SELECT: 4 messages")
typ, d = m.fetch("1:4", "(UID FLAGS ENVELOPE RFC822.SIZE)")
is_(len(d), 4, "FETCH ENVELOPE: four answers")
ok(all(b"Seen" not in x for x in d), "nothing is seen yet")
sizes = [int(re.search(rb"RFC822.SIZE (\d+)", x).group(1)) for x in d]
for k in range(4):
    typ, d = m.fetch(str(k + 1), "(BODY.PEEK[])")
    is_(len(d[0][1]), sizes[k], "message %d is as long as RFC822.SIZE says" % (k + 1))
msg = email.message_from_bytes(d[0][1], policy=email.policy.default)
is_(msg["Message-ID"], THREE, "BODY[] is the message")
is_(msg.get_content().strip(), "Or in a tub, caf\u00e9 style.", "its text")
is_(msg["From"].addresses[0].display_name, "Bob Fenn", "its author")
typ, d = m.fetch("2", "(BODY[TEXT])")
like(d[0][1], "Behind the shed", "BODY[TEXT]")
typ, d = m.fetch("1:4", "(FLAGS)")
is_([b"\\Seen" in x for x in d], [False, True, False, False], "reading marks it seen, and nothing else")
is_(m.search(None, "UNSEEN"), ("OK", [b"1 3 4"]), "SEARCH UNSEEN")
is_(m.search(None, "SUBJECT", '"quince"', "FROM", '"Alice"'), ("OK", [b"1 3"]), "SEARCH SUBJECT FROM")
is_(m.uid("SEARCH", None, "HEADER", "Message-ID", TWO), ("OK", [b"3"]), "UID SEARCH HEADER")
is_(m.store("1", "+FLAGS", r"(\Flagged)")[0], "OK", "STORE")
is_(m.search(None, "FLAGGED"), ("OK", [b"1"]), "SEARCH FLAGGED")
m2 = imaplib.IMAP4_SSL("127.0.0.1", s.port["imaps"], ssl_context=ssl._create_unverified_context(), timeout=20)
m2.login("bob@example.org", "secret-b")
m2.select("test.garden")
is_(m2.search(None, "FLAGGED"), ("OK", [b""]), "another member's flags are his own")
is_(m2.search(None, "SEEN"), ("OK", [b""]), "and so are his read marks")
typ, d = m2.append("test.garden", None, None, ("From: Bob Fenn <bob@example.org>\r\nSubject: Re: Where to plant the quince\r\nMessage-ID: <app@thread.example>\r\n"
    "In-Reply-To: %s\r\nReferences: %s %s %s\r\n\r\nNoon is early enough.\r\n" % (TWO, ROOT, ONE, TWO)).encode())
is_(typ, "OK", "APPEND posts")
like(d[0], r"APPENDUID \d+ 5", "and tells the UID")
is_(m.noop()[0], "OK", "NOOP")
is_(m.response("EXISTS")[1][-1], b"5", "the other session learns of it")
tree = [(p["message_id"], p["depth"]) for p in s.json("thread", ROOT)]
is_(tree, [(ROOT, 0), (ONE, 1), (TWO, 2), ("<app@thread.example>", 3), (THREE, 1)], "it hangs below the post it answers")
try:
    imaplib.IMAP4("127.0.0.1", s.port["imap"], timeout=20).login("carol@example.org", "wrong")
    ok(False, "a wrong password is refused")
except imaplib.IMAP4.error:
    ok(True, "a wrong password is refused")
is_(m.logout()[0], "BYE", "LOGOUT")
m2.logout()
done()
