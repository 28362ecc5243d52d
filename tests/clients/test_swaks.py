#!/usr/bin/env python3
"""swaks: submission with TLS and login, LMTP, the signed answer address over plain SMTP; refusals."""
from community import *

need("swaks")
s = community()
s.ctl("subscribe", "carol@example.org", "test.garden", "--mode", "all")


def swaks(*args):
    p = subprocess.run(["swaks", "--timeout", "20", "--hide-all"] + list(args), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return p.returncode, p.stdout.decode("utf-8", "replace")


submit = ["--server", "127.0.0.1", "--port", str(s.port["submission"]), "--from", "bob@example.org"]
login = ["--tls", "--auth", "PLAIN", "--auth-user", "bob@example.org", "--auth-password"]
code, out = swaks(*submit, *login, "secret-b", "--to", "test.garden@forum.test", "--header", "Subject: Snails", "--header", "Message-Id: <snails@thread.example>", "--body", "They ate the beans.")
is_(code, 0, "submission: STARTTLS, AUTH PLAIN " + out)
found = post_with(s, "They ate the beans")
ok(found, "posted")
code, out = swaks(*submit, *login, "wrong", "--to", "test.garden@forum.test")
is_(code, 28, "a wrong password is refused")
code, out = swaks(*submit, *login, "secret-b", "--to", "else@where.example")
is_(code, 24, "no relay")

copy = wait_for(lambda: next((m for m in s.outgoing() if b"They ate the beans" in m and b"Delivered-To: carol@" in m), None), 15)
ok(copy, "the subscriber's copy went out")
import email, email.utils
copy = email.message_from_bytes(copy)
is_(copy["Delivered-To"], "carol@example.org", "to the subscriber")
is_(email.utils.parseaddr(copy["To"])[1], "test.garden@forum.test", "whose address only the envelope knows")
reply = email.utils.parseaddr(copy["Reply-To"])[1]
plain = ["--server", "127.0.0.1", "--port", str(s.port["smtp"]), "--from", "carol@example.org", "--header", "Subject: Re: Snails"]
code, out = swaks(*plain, "--to", reply, "--body", "Put out some beer.")
is_(code, 0, "an answer to the signed address over SMTP " + out)
tree = wait_for(lambda: (lambda t: len(t) == 2 and t)(s.json("thread", "<snails@thread.example>")), 15, 0.2)
ok(tree and tree[1]["parent"] == tree[0]["id"] and tree[1]["parent_reason"] == "reply-key", "it hangs below the post it answers")
at = reply.index("@")
forged = reply[:at - 1] + ("a" if reply[at - 1] != "a" else "b") + reply[at:]
code, out = swaks(*plain, "--to", forged, "--body", "Forged.")
is_(code, 24, "an altered answer address is refused at RCPT")
code, out = swaks("--protocol", "LMTP", "--server", "127.0.0.1", "--port", str(s.port["lmtp"]), "--from", "carol@example.org", "--to", reply,
                  "--header", "Subject: Re: Snails", "--body", "Or copper wire.")
is_(code, 0, "the same over LMTP " + out)
ok(post_with(s, "Or copper wire."), "posted")
code, out = swaks("--server", "127.0.0.1", "--port", str(s.port["smtp"]), "--from", "<>", "--to", "test.garden@forum.test")
is_(code, 24, "the null sender is no author")
done()
