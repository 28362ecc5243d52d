"""OpenSMTPD in front (LMTP to forumd) and behind (smarthost): a post goes out, the reply comes in, what is refused bounces there and not
here, the world's refusal comes back and counts."""
import email, email.policy, os, smtplib, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proto", "smtp"))
from smtplines import *
import sink
from mta import *

port, = free_ports(1)
world = sink.Sink()
s = Server(transport="smtp://127.0.0.1:%d" % port, outgoing='hold_seconds = 0 tls = "none"', lmtp=TRUST, start=False)
mta = OpenSMTPD(port, """action "in" relay host "lmtp://127.0.0.1:%d"
action "out" relay host "smtp://127.0.0.1:%d"
match from any for domain "forum.test" action "in"
match from local for any action "out"
""" % (s.port["lmtp"], world.port))
s.start()
mta.start()
s.group("test.pub", "--title", "Public things")
for who, name in ("alice", "Alice Moor"), ("bob", "Bob Fenn"):
    s.member(who + "@example.org", name, "secret-" + who[0])
s.ctl("subscribe", "bob@example.org", "test.pub", "--mode", "all")


def mails(who):
    with world.lock:
        return [email.message_from_bytes(t, policy=email.policy.default) for _, r, t in world.mails if r.startswith(who)]


s.post("test.pub", "Quince", user="alice@example.org", password="secret-a")
m = wait_for(lambda: mails("bob@"), 30)
if not ok(m and "Alice" in str(m[0]["From"]), "a post goes out through OpenSMTPD"):
    diag(mta.log()[-1500:])
ok(m and str(m[0]["Return-Path"] or "") == "" and world.mails[0][0].startswith("bounce-"), "with our envelope sender")
to = email.utils.parseaddr(m[0]["Reply-To"])[1]
c = smtplib.SMTP("127.0.0.1", port, timeout=30 * SLOW)
c.sendmail("bob@example.org", [to], "From: Bob Fenn <bob@example.org>\r\nTo: <%s>\r\nSubject: Re: Quince\r\nMessage-ID: <bob1@example.org>\r\n\r\nClay.\r\n.dot\r\n" % to)
if not ok(wait_for(lambda: len(s.json("list", "test.pub")) == 2, 30), "a reply comes in through OpenSMTPD"):
    diag(mta.log()[-1500:])
like(s.ctl("show", "<bob1@example.org>"), r"Clay\.\s+\.dot", "as it was written")
c.sendmail("bob@example.org", ["nobody@forum.test", "test.pub@forum.test"], "From: Bob Fenn <bob@example.org>\r\nTo: x@forum.test\r\nSubject: Two\r\nMessage-ID: <bob2@example.org>\r\n\r\nTwo.\r\n")
ok(wait_for(lambda: any("no such address here" in m.as_string() for m in mails("bob@")), 30), "an unknown address: OpenSMTPD tells the sender, in our words")
ok(wait_for(lambda: "held" in s.ctl("trace", "<bob2@example.org>", check=False), 20), "the other recipient of the same mail gets it")
c.quit()
world.fail = lambda stage, n, rcpt: "550 5.1.1 nobody here" if stage == "rcpt" and rcpt.startswith("bob@") else None
s.post("test.pub", "Medlar", user="alice@example.org", password="secret-a")
if not ok(wait_for(lambda: s.json("member", "show", "bob@example.org")[0]["bounces"] >= 1, 40), "OpenSMTPD's bounce comes back and counts"):
    diag(*[l for l in (mta.log() + s.tail(100000)).split("\n") if "bounce" in l or "550" in l][-12:])
    diag(*[m.as_string()[:3000] for m in mails("bounce")])
mta.end()
done()
