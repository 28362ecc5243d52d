"""Postfix in front (LMTP to forumd) and behind (smarthost), as the snippet of forumctl init says; forumctl doctor sends its mail
round that loop; a member's reply to a copy goes all the way."""
import email, email.policy, os, smtplib, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proto", "smtp"))
from smtplines import *
import sink
from mta import *

port, web = free_ports(2)
world = sink.Sink()
s = Server(transport="smtp://127.0.0.1:%d" % port, outgoing='hold_seconds = 0 tls = "none" dkim_key = "new/dkim.pem" dkim_selector = "forumd"', lmtp=TRUST,
           extra='http { url = "https://forum.test" }\nlisten web { protocol = "http" address = "127.0.0.1" port = %d }\n' % web, start=False)
p = subprocess.run([find("forumctl"), "init", s.dir + "/new", "--domain", "forum.test"], capture_output=True, text=True)
dns = open(s.dir + "/new/dns.txt").read()
for what in " MX ", "v=spf1", "v=DKIM1; k=rsa; p=", "v=DMARC1", "virtual_transport":
    ok(what in dns and what in p.stdout, "init prints " + what.strip())
is_(os.stat(s.dir + "/new/dkim.pem").st_mode & 0o77, 0, "the key is nobody else's")
# the snippet as it stands, but for the port
snippet = "\n".join(l for l in dns.split("main.cf (Debian):\n")[1].split("\n") if l and not l.startswith("#"))
snippet = snippet.replace("127.0.0.1:1024", "127.0.0.1:%d" % s.port["lmtp"])
# forumd sends from this machine, and so do the test's strangers: what may be relayed is told apart by the sender
senders = s.dir + "/senders"
open(senders, "w").write("/@forum\\.test$/ OK\n/^$/ OK\n/^<>$/ OK\n")
mta = Postfix(port, snippet + """
myhostname = mx.front.example
mynetworks = 127.0.0.2/32
relayhost = [127.0.0.1]:%d
smtp_skip_5xx_greeting = no
address_verify_map =
address_verify_poll_count = 5
address_verify_poll_delay = 1s
smtpd_null_access_lookup_key = <>
smtpd_relay_restrictions = check_sender_access regexp:%s, reject_unauth_destination
smtpd_recipient_restrictions = check_sender_access regexp:%s, reject_unauth_destination, reject_unverified_recipient
""" % (world.port, senders, senders))
s.start()
mta.start()

s.group("test.pub", "--title", "Public things")
for who, name in ("alice", "Alice Moor"), ("bob", "Bob Fenn"):
    s.member(who + "@example.org", name, "secret-" + who[0])
s.ctl("subscribe", "bob@example.org", "test.pub", "--mode", "all")

# doctor: round the loop through this Postfix
p = subprocess.run([find("forumctl"), "-c", s.conf, "doctor"], capture_output=True, text=True, timeout=100 * SLOW)
like(p.stdout, r"(?m)^ok +a mail went round the loop", "doctor's mail goes round the loop")
like(p.stdout, r"(?m)^ok +mail server 127\.0\.0\.1", "the smarthost answers")
like(p.stdout, r"(?m)^ok +senders are checked by mx\.front\.example in front of listener lmtp", "who checks senders")
like(p.stdout, r"(?m)^\?\? +nobody checks senders at listener smtp.*check_sender = yes", "and where nobody does")
ok(not re.search(r"(?m)^red +(listener|mail |the|cert)", p.stdout), "nothing of this machine is red")
if not re.search(r"(?m)^ok +a mail went", p.stdout):
    diag(p.stdout, mta.log()[-3000:])


def mails(who):
    with world.lock:
        return [email.message_from_bytes(t, policy=email.policy.default) for _, r, t in world.mails if r.startswith(who)]


s.post("test.pub", "Quince", user="alice@example.org", password="secret-a")
m = wait_for(lambda: mails("bob@"), 30)
if not ok(m and m[0]["DKIM-Signature"] and "Alice" in str(m[0]["From"]), "a post goes out through Postfix, signed"):
    diag(str(m and m[0])[:1500])
to = email.utils.parseaddr(m[0]["Reply-To"])[1]
c = smtplib.SMTP("127.0.0.1", port, timeout=30 * SLOW)
c.sendmail("bob@example.org", [to], "From: Bob Fenn <bob@example.org>\r\nTo: <%s>\r\nSubject: Re: Quince\r\nMessage-ID: <bob1@example.org>\r\n\r\nClay.\r\n" % to)
ok(wait_for(lambda: len(s.json("list", "test.pub")) == 2, 30), "a reply comes in through Postfix")
for bad in "nobody@forum.test", to[:-12] + "@forum.test":
    try:
        c.sendmail("bob@example.org", [bad], "Subject: x\r\n\r\nx\r\n")
        ok(False, bad + " is refused in the session")
    except smtplib.SMTPRecipientsRefused as e:
        ok(list(e.recipients.values())[0][0] == 550, bad + " is refused in the session, no bounce later")
try:
    c.sendmail("bob@example.org", ["x@elsewhere.example"], "Subject: x\r\n\r\nx\r\n")
    ok(False, "no relay")
except smtplib.SMTPRecipientsRefused:
    ok(True, "no relay")
c.quit()
# one that is refused by the world comes back as a bounce through Postfix
world.fail = lambda stage, n, rcpt: "550 5.1.1 nobody here" if stage == "rcpt" else None
s.post("test.pub", "Medlar", user="alice@example.org", password="secret-a")
ok(wait_for(lambda: s.json("member", "show", "bob@example.org")[0]["bounces"] == 1, 30), "Postfix's bounce comes back and counts")
# red when the loop is cut
mta.stop()
p = subprocess.run([find("forumctl"), "-c", s.conf, "doctor"], capture_output=True, text=True, timeout=100 * SLOW)
like(p.stdout, r"(?m)^red +mail server", "without it doctor is red")
is_(p.returncode, 1, "and says so by its exit code")
s.stop()
p = subprocess.run([find("forumctl"), "-c", s.conf, "doctor"], capture_output=True, text=True, timeout=100 * SLOW)
ok(p.returncode == 1 and "does not answer" in p.stdout, "without forumd too")
mta.end()     # done() leaves without the handlers of atexit
done()
