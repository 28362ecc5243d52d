"""Port 25 without a mail server in front: SPF, DKIM, DMARC and ARC checked by forumd itself, with a real DNS server and real
signers. Proven mail is posted, the rest held or refused as the group wishes; what cannot be looked up comes later."""
import os, sys, threading
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from smtplines import *
from dnsserver import *
sys.path.append("/usr/lib/python3/dist-packages")
try:
    import dkim
    import nacl.signing, nacl.encoding
except ImportError:
    skip_all("python3-dkim and python3-nacl are not installed")

d = tempfile.mkdtemp(prefix="check-")
subprocess.run(["openssl", "genrsa", "-traditional", "-out", d + "/rsa.pem", "2048"], check=True, capture_output=True)
rsa = open(d + "/rsa.pem", "rb").read()
p = subprocess.run(["openssl", "rsa", "-in", d + "/rsa.pem", "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
rsa_record = "v=DKIM1; k=rsa; p=" + base64.b64encode(p).decode()
ed = nacl.signing.SigningKey.generate()
ed_private = ed.encode(nacl.encoding.Base64Encoder)
ed_record = "v=DKIM1; k=ed25519; p=" + ed.verify_key.encode(nacl.encoding.Base64Encoder).decode()
shutil.rmtree(d)

dns = Nsd({
    "example.org": '@ TXT "v=spf1 ip4:192.0.2.1 include:spf.example.org -all"\nspf TXT "v=spf1 ip4:127.0.0.99 ?all"\n_dmarc TXT "v=DMARC1; p=reject"\n'
                   "s1._domainkey TXT %s\ned._domainkey TXT %s\nold._domainkey TXT %s\n" % (txt(rsa_record), txt(ed_record), txt("v=DKIM1; p=")),
    "example.net": '@ TXT "v=spf1 ip4:127.0.0.0/8 -all"\n',
    "example.com": '@ A 127.0.0.1\n',
    "lists.example": "arc._domainkey TXT %s\n" % txt(rsa_record),
    "other.example": "arc._domainkey TXT %s\n" % txt(rsa_record),
})
s = forum(smtp="check_sender = yes", extra='dns { server = "%s" timeout = 5 }\narc { trust = "lists.example" }\n' % dns.server)
s.member("carol@example.net", "Carol Net", "x")
s.member("dan@example.com", "Dan Com", "x")
c = Smtp(s.port["smtp"])


def sign(mail, selector="s1", domain="example.org", **kw):
    mail = mail.encode() if isinstance(mail, str) else mail
    key, how = (ed_private, b"ed25519-sha256") if selector == "ed" else (rsa, b"rsa-sha256")
    kw.setdefault("include_headers", [b"from", b"to", b"subject", b"message-id", b"date"])
    return dkim.sign(mail, selector.encode(), domain.encode(), key, signature_algorithm=how, **kw) + mail


def last(mid):
    return s.ctl("trace", mid)


def give(mail, sender="alice@example.org", to="test.pub@forum.test"):
    mid = re.search(rb"(?mi)^message-id: *(\S+)", mail if isinstance(mail, bytes) else mail.encode()).group(1).decode()
    return c.mail(sender, to, mail), mid


# ---- proven ----
for selector, forms in ("s1", (b"relaxed", b"relaxed")), ("s1", (b"simple", b"simple")), ("ed", (b"relaxed", b"simple")), ("ed", (b"simple", b"relaxed")):
    l, mid = give(sign(text(subject="By %s %s" % (selector, forms[0].decode())), selector, canonicalize=forms))
    like(l, "^250 .*posted", "signed by %s, %s/%s: posted" % (selector, forms[0].decode(), forms[1].decode()))
like(last(mid), r"posted \(author: sender check", "the trace tells the proof")
like(last(mid), r"dkim=pass header\.d=example\.org header\.s=ed; dmarc=pass", "and what was seen")
raw = s.ctl("show", "--raw", mid)
like(raw, r"^Authentication-Results: forum\.test; spf=fail smtp\.mailfrom=example\.org;\s+dkim=pass", "Authentication-Results stands in front of the mail")
shown = s.ctl("show", mid)
ok("Authentication-Results" not in shown and "example.org" not in shown.split("\n\n")[0].replace("@example.org", ""), "readers do not see it")
l, mid = give(sign(sign(text(subject="Two signatures"), "old"), "s1"))
like(l, "^250 .*posted", "one good signature beside one whose key was revoked: posted")
l, mid = give(text("Carol Net <carol@example.net>", subject="By address"), "carol@example.net")
like(l, "^250 .*posted", "SPF aligned, no DMARC record: posted")
l, mid = give(text("Carol Net <carol@example.net>", subject="By name"), "")
like(l, "^550 ", "the null sender: automatic mail is refused") if l[0] == "5" else ok(True, "the null sender is judged by HELO")
is_(len([x for x in subjects(s) if x]), 6, "six posts")

# ---- not proven ----
l, mid = give(text(subject="Forged"))
like(l, "^250 .*approval", "no signature, another address: held")
like(last(mid), r"held.*sender check .*failed", "for that reason")
l, mid = give(text(subject="Forged hard"), to="test.refuse@forum.test")
like(l, "^550 5\\.7\\.1 .*does not stand for this mail", "refused where the group wants that, readably")
l, mid = give(text(subject="With a lie", extra="Authentication-Results: forum.test; dmarc=pass header.from=example.org\r\n"
                   "Authentication-Results: (x) forum.test; dmarc=pass\r\n"))
like(l, "^250 .*approval", "a forged Authentication-Results with our name proves nothing")
raw = s.ctl("show", "--raw", mid)
is_(len(re.findall("forum\\.test; ", raw)), 1, "and is not kept")
l, mid = give(sign(text(subject="Changed", body="Pay nothing.\r\n")).replace(b"nothing", b"my debts"))
like(l, "^250 .*approval", "a changed body: held")
like(last(mid), "dkim=fail .the body was changed.", "the trace says why")
l, mid = give(sign(text(subject="Short", body="Part one.\r\n"), length=True) + b"More by somebody else.\r\n")
like(l, "^250 .*approval", "l= is not taken")
like(last(mid), "dkim=policy", "says the trace")
l, mid = give(sign(text(subject="Other domain"), domain="lists.example", selector="arc"))
like(l, "^250 .*approval", "a good signature of another domain: held")
l, mid = give(text("Dan Com <dan@example.com>", subject="Nothing known"), "dan@example.com")
like(l, "^250 .*approval", "a domain that says nothing: held")
like(last(mid), "nothing proves", "for want of proof, not for failure")
l, mid = give(text("Dan Com <dan@example.com>", subject="Nothing known"), "carol@example.net")
like(l, "^250 .*approval", "SPF of another domain proves nothing")
l, mid = give(sign(text("Alice <alice@example.org>, Bob <bob@example.org>", subject="Two authors")))
like(l, "^550 ", "two authors: refused")
l, mid = give(sign(text("Mallory <mallory@example.org>", subject="No member")))
like(l, "^550 .*only members", "proven, but no member: refused")
is_(len(subjects(s)), 6, "nothing of it was published")
like(c.mail("alice@example.org", "commands@forum.test", text(body="leave\r\n")), "^250", "a spoofed command is taken")
ok(wait_for(lambda: any(b"confirm" in m for m in s.outgoing()), 10), "and asked back at the address")
ok(s.json("member", "show", "alice@example.org"), "alice is still a member")

# ---- behind a server whose name lies below ours: its field stays and counts, one with our own name goes ----
b = Server(lmtp='trust_authserv = "mx.forum.test"')
b.group("test.pub")
b.member("alice@example.org", "Alice Moor", "x")
lm = Smtp(b.port["lmtp"], hello="LHLO x")
m = text(subject="Below", extra="Authentication-Results: mx.forum.test; dkim=pass header.d=example.org\r\nAuthentication-Results: forum.test; spf=pass\r\n")
like(lm.mail("alice@example.org", "test.pub@forum.test", m), "^250 .*posted", "the trusted server's verdict counts")
raw = b.ctl("show", "--raw", b.json("list", "test.pub")[0]["msgid"] if "msgid" in b.json("list", "test.pub")[0] else str(b.json("list", "test.pub")[0]["id"]))
ok("mx.forum.test; dkim=pass" in raw and "Results: forum.test" not in raw, "and stays; the one with our name is gone")
b.stop()

# ---- ARC ----
def arc(mail, domain, results):
    mail = ("Authentication-Results: %s; %s\r\n" % (domain, results)).encode() + mail.encode()
    return b"".join(dkim.arc_sign(mail, b"arc", domain.encode(), rsa, domain.encode(), timestamp=int(time.time()))) + mail

l, mid = give(arc(text(subject="Through a list"), "lists.example", "dmarc=pass header.from=example.org"), "x@lists.example")
like(l, "^250 .*posted", "a trusted sealer's word counts")
like(last(mid), "arc=pass", "says the trace")
l, mid = give(arc(text(subject="Through another"), "other.example", "dmarc=pass header.from=example.org"), "x@other.example")
like(l, "^250 .*approval", "nobody else's does")
l, mid = give(arc(text(subject="Through a list"), "lists.example", "dmarc=fail header.from=example.org"), "x@lists.example")
like(l, "^250 .*approval", "a trusted sealer who saw it fail: held")
l, mid = give(arc(text(subject="Through a list"), "lists.example", "dmarc=pass header.from=example.org").replace(b"From: Alice Moor", b"From: Alice Poor"), "x@lists.example")
like(l, "^250 .*approval", "changed behind the seal: held")

# ---- the DNS does not answer ----
l, mid = give(text("Alice <alice@nowhere.test-zone.example>", subject="Refused zone"), "alice@unserved-zone.org")
like(l, "^(451|550)", "a zone that nobody serves: later or refused, never taken")
silent = Silent()
conf = open(s.conf).read()
open(s.conf, "w").write(conf.replace(dns.server, silent.server).replace("timeout = 5", "timeout = 2"))
s.reload()
ok(wait_for(lambda: "reloaded" in s.tail(400000), 10), "another DNS server by reload, one that is silent")
many = [Smtp(s.port["smtp"]) for _ in range(24)]
answers, started = [], time.time()
ids = ["<silent%d@example.org>" % i for i in range(len(many))]
threads = [threading.Thread(target=lambda m=m, i=i: answers.append(m.mail("alice@example.org", "test.pub@forum.test", sign(text(subject="Silence", mid=ids[i]))))) for i, m in enumerate(many)]
[t.start() for t in threads]
ok(wait_for(silent.asked, 20), "it is asked")
t = time.time()
n = s.nntp("alice@example.org", "secret-a")
n.cmd("GROUP test.pub", "211")
Smtp(s.port["smtp"]).c("NOOP")
quick = time.time() - t
[t.join() for t in threads]
is_(sorted(set(a[:9] for a in answers)), ["451 4.4.3"], "24 mails at once: all are asked to come later")
ok(not answers or len(answers) == 24, "one answer each")
ok(quick < (time.time() - started), "others are served meanwhile (%.2f s)" % quick)
ok("Silence" not in subjects(s), "nothing was stored")
open(s.conf, "w").write(conf)
s.reload()
ok(wait_for(lambda: s.tail(400000).count("reloaded") >= 2, 10), "the DNS comes back")
l, _ = give(sign(text(subject="Silence", mid=ids[0])))
like(l, "^250 .*posted", "and the mail, coming again, is posted")
l, _ = give(sign(text(subject="Silence", mid=ids[0])))
like(l, "^250 .*there already", "once")


# ---- forumd-verify dies ----
def children(pid):
    out = []
    for p in os.listdir("/proc"):
        try:
            if p.isdigit() and open("/proc/%s/stat" % p).read().rsplit(")", 1)[1].split()[1] == str(pid):
                out.append(int(p))
        except OSError:
            pass
    return out

verifiers = [k for p in children(s.proc.pid) for k in children(p) if "forumd-verify" in open("/proc/%d/cmdline" % k).read()]
ok(len(verifiers) == 1, "one program checks")
for v in verifiers:
    os.kill(v, signal.SIGKILL)
ok(wait_for(lambda: "forumd-verify ended" in s.tail(400000), 10), "its death is noticed")
l, mid = give(sign(text(subject="After a death")))
if l.startswith("451"):
    time.sleep(1.2)
    l, mid = give(sign(text(subject="After a death")))
like(l, "^250 .*posted", "a new one checks the next mail")
verifiers = [k for p in children(s.proc.pid) for k in children(p) if "forumd-verify" in open("/proc/%d/cmdline" % k).read()]
s.stop()
ok(wait_for(lambda: not any(os.path.exists("/proc/%d" % p) for p in verifiers) and verifiers, 10), "it ends with forumd")
dns.stop()
done()
