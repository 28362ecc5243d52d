#!/usr/bin/env python3
"""Python's smtplib: a member's mail program posts by submission, the front MTA delivers by LMTP, the world by SMTP."""
import smtplib
from email.message import EmailMessage
from community import *

s = community()
s.ctl("subscribe", "carol@example.org", "test.garden", "--mode", "all")


def mail(subject, text, to="test.garden@forum.test", sender="Bob Fenn <bob@example.org>", **more):
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = sender, to, subject
    for k, v in more.items():
        m[k.replace("_", "-")] = v
    m.set_content(text)
    return m


c = smtplib.SMTP("127.0.0.1", s.port["submission"], timeout=20)
c.ehlo("client.example")
ok(c.has_extn("size") and c.has_extn("pipelining") and c.has_extn("8bitmime"), "EHLO: SIZE, PIPELINING, 8BITMIME")
try:
    c.send_message(mail("No login", "never\n"))
    ok(False, "submission without login is refused")
except smtplib.SMTPException as e:
    like(str(e), "5[35]0", "submission without login is refused")
c.close()
c = smtplib.SMTP("127.0.0.1", s.port["submission"], timeout=20)
c.starttls(context=ssl._create_unverified_context())
c.login("bob@example.org", "secret-b")
is_(c.send_message(mail("Worms", "They like it wet.\n", Message_ID="<worms@thread.example>")), {}, "a new thread by submission")
is_(c.send_message(mail("Re: Worms", "Caf\u00e9 grounds too.\n.\n", In_Reply_To="<worms@thread.example>", References="<worms@thread.example>")), {}, "an answer, 8-bit, with a lonely dot")
try:
    c.send_message(mail("Hello", "out\n", to="somebody@elsewhere.example"))
    ok(False, "no relay, not even for members")
except smtplib.SMTPRecipientsRefused as e:
    is_(list(e.recipients.values())[0][0] // 100, 5, "no relay, not even for members")
try:
    c.send_message(mail("Mask", "as Alice\n", sender="Alice Moor <alice@example.org>"))
    ok(False, "a member cannot write as another")
except smtplib.SMTPException as e:
    like(str(e), "5[0-9][0-9]", "a member cannot write as another")
c.quit()
tree = s.json("thread", "<worms@thread.example>")
is_([(p["depth"], p["subject"], p["parent_reason"]) for p in tree], [(0, "Worms", "none"), (1, "Re: Worms", "in-reply-to")], "the answer hangs below its question")
found = post_with(s, "grounds too")
ok(found and found[1].endswith("\r\n.\r\n"), "the lonely dot arrived")

# the copy that Carol got has a signed answer address; the world delivers her answer over SMTP
copy = wait_for(lambda: next((m for m in s.outgoing() if b"They like it wet" in m and b"carol@example.org" in m), None), 15)
ok(copy, "the subscriber got a copy")
import email
copy = email.message_from_bytes(copy)
like(copy["Reply-To"], r"reply-[a-z2-7]+@forum\.test", "its Reply-To is a signed address")
to = email.utils.parseaddr(copy["Reply-To"])[1]
c = smtplib.SMTP("127.0.0.1", s.port["smtp"], timeout=20)
is_(c.send_message(mail("Re: Worms", "Who told you that?\n", to=to, sender="Carol Reed <carol@example.org>"), from_addr="carol@example.org"), {}, "an answer by mail to the signed address")
c.quit()
found = wait_for(lambda: [p for p in s.json("thread", "<worms@thread.example>") if p["author"].startswith("Carol Reed")], 15, 0.2)
ok(found and found[0]["parent_reason"] == "reply-key" and found[0]["parent"] == tree[0]["id"], "it hangs below the post it answers, by its key")
l = smtplib.LMTP("127.0.0.1", s.port["lmtp"])
is_(l.send_message(mail("Re: Worms", "By LMTP.\n", to=to, sender="Carol Reed <carol@example.org>", Message_ID="<lmtp@thread.example>"), from_addr="carol@example.org"), {}, "the same over LMTP")
l.quit()
ok(post_with(s, "By LMTP."), "and it is there")
done()
