"""Outgoing mail is signed: list copies and notices, by RSA and Ed25519, checked by another implementation."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from smtplines import *

VERIFY = "import dkim,sys; r=open(sys.argv[2],'rb').read(); sys.exit(0 if dkim.verify(open(sys.argv[1],'rb').read(), dnsfunc=lambda name, timeout=5: r if name.startswith(b's2._domainkey.forum.test') else b'') else 1)"


def dkim_checker():
    return subprocess.run(["/usr/bin/python3", "-c", "import dkim, nacl"], stderr=subprocess.DEVNULL).returncode == 0


def without_delivery_lines(mail):
    lines = mail.split(b"\n")
    while lines[0].lower().startswith((b"return-path:", b"delivered-to:")):
        lines = lines[1:]
    return b"\n".join(lines).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def accepted(s, mail, record):
    m, r = os.path.join(s.dir, "mail"), os.path.join(s.dir, "record")
    open(m, "wb").write(without_delivery_lines(mail))
    open(r, "wb").write(record)
    return subprocess.run(["/usr/bin/python3", "-c", VERIFY, m, r], stderr=subprocess.DEVNULL).returncode == 0


def key(s, kind):
    path = os.path.join(s.dir, "dkim.pem")
    args = ["-algorithm", "ed25519"] if kind == "ed25519" else ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    subprocess.run(["openssl", "genpkey"] + args + ["-out", path], check=True, stderr=subprocess.DEVNULL)
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout
    import base64
    raw = der[-32:] if kind == "ed25519" else der
    return b"v=DKIM1; k=" + kind.encode() + b"; p=" + base64.b64encode(raw)


for kind in ("rsa", "ed25519"):
    s = Server(start=False, outgoing='hold_seconds = 0 dkim_key = "dkim.pem" dkim_selector = "s2"')
    record = key(s, kind)
    s.start()
    s.group("g.one")
    s.member("alice@example.org", "Alice", "secret")
    for n in range(3):
        s.member("reader%d@example.org" % n, "Reader %d" % n)
        s.ctl("subscribe", "reader%d@example.org" % n, "g.one")
    s.post("g.one", "signed", "A line  with blanks \r\n\r\n.dot\r\n\r\n\r\n")
    wait_for(lambda: len(s.outgoing()) == 3)
    mails = s.outgoing()
    is_(len(mails), 3, kind + ": three copies")
    ok(all(b"DKIM-Signature:" in m and b"d=forum.test" in m and b"s=s2" in m for m in mails), kind + ": all are signed")
    is_(len(set(re.search(rb"DKIM-Signature:.*?\r?\n(?=\S)", m, re.S).group(0) for m in mails)), 3, kind + ": each by its own, List-Unsubscribe differs")
    ok(all(re.search(rb"h=[^;]*list-unsubscribe:", re.sub(rb"\s", b"", m)) for m in mails), kind + ": which covers List-Unsubscribe")
    if dkim_checker():
        ok(all(accepted(s, m, record) for m in mails), kind + ": another implementation accepts them")
        ok(not accepted(s, mails[0].replace(b"Subject: signed", b"Subject: forged"), record), kind + ": and refuses a changed one")
    else:
        skip("python3-dkim and python3-nacl are not installed", 2)
    s.stop()

# ---- ARC: one seal for all copies of a mail, over what the mail server in front saw ----
ARC = ("import dkim,sys; r=open(sys.argv[2],'rb').read(); cv,v,why=dkim.arc_verify(open(sys.argv[1],'rb').read(),"
       " dnsfunc=lambda name, timeout=5: r if name.startswith(b's2._domainkey.forum.test') else b''); print(cv.decode(), why)")
for kind in ("rsa", "ed25519"):
    s = Server(start=False, outgoing='hold_seconds = 0 dkim_key = "dkim.pem" dkim_selector = "s2"', lmtp='trust_authserv = "mx.front.example"')
    record = key(s, kind)
    s.start()
    s.group("g.one")
    s.member("alice@example.org", "Alice", "secret")
    for n in range(3):
        s.member("reader%d@example.org" % n, "Reader %d" % n)
        s.ctl("subscribe", "reader%d@example.org" % n, "g.one")
    c = Conversation(s.port["lmtp"])
    c.reply()
    for l in "LHLO x", "MAIL FROM:<alice@example.org>", "RCPT TO:<g.one@forum.test>", "DATA":
        c.send(l)
        c.reply()
    c.raw("Authentication-Results: mx.front.example; dkim=pass header.d=example.org; dmarc=pass header.from=example.org\r\n"
          "ARC-Seal: i=1; cv=none; a=x\r\nFrom: Alice <alice@example.org>\r\nTo: g.one@forum.test\r\nSubject: sealed\r\nMessage-ID: <sealed@example.org>\r\n\r\nA word.\r\n.\r\n")
    like(c.reply(), "^250", kind + ": a proven mail")
    wait_for(lambda: len([m for m in s.outgoing() if b"Subject: sealed" in m]) == 3)
    mails = [without_delivery_lines(m) for m in s.outgoing() if b"Subject: sealed" in m]
    is_(len(mails), 3, kind + ": three copies")
    sets = [re.search(rb"ARC-Seal:.*?\r\n(?=DKIM-)", m, re.S).group(0) for m in mails]
    is_(len(set(sets)), 1, kind + ": with the same seal")
    ok(re.search(rb"ARC-Authentication-Results: i=1; forum\.test; dkim=pass; dmarc=pass\r\n", sets[0]) and b"example.org" not in sets[0], kind + ": which names nobody")
    if dkim_checker() and kind == "rsa":
        m, r = os.path.join(s.dir, "mail"), os.path.join(s.dir, "record")
        open(r, "wb").write(record)
        for mail, want in (mails[1], "^pass"), (mails[1].replace(b"Subject: sealed", b"Subject: forged"), "^fail"), (mails[1].replace(b"dmarc=pass", b"dmarc=fail"), "^fail"):
            open(m, "wb").write(mail)
            like(subprocess.run(["/usr/bin/python3", "-c", ARC, m, r], capture_output=True, text=True).stdout, want, kind + ": another implementation says " + want[1:])
        ok(all(accepted(s, m, record) for m in mails), kind + ": the signature of each copy holds too")
    # the name that the LMTP listener trusts, written by a member who logs in: no mail server saw that
    u = Smtp(s.port["submission"], hello="EHLO x")
    u.login("alice@example.org", "secret")
    like(u.mail("alice@example.org", "g.one@forum.test", "Authentication-Results: mx.front.example; dkim=pass; dmarc=pass\r\n" + text(frm="Alice <alice@example.org>", subject="claimed")), "^250", kind + ": a member's mail that judges itself")
    wait_for(lambda: len([m for m in s.outgoing() if b"Subject: claimed" in m]) == 3)
    claimed = [m for m in s.outgoing() if b"Subject: claimed" in m]
    ok(len(claimed) == 3 and not any(b"ARC-" in m for m in claimed), kind + ": is not sealed with its own words")
    mid = s.post("g.one", "by news")
    wait_for(lambda: len([m for m in s.outgoing() if b"Subject: by news" in m]) == 3)
    ok(not any(b"ARC-" in m for m in s.outgoing() if b"Subject: by news" in m), kind + ": what did not come by mail has no seal")
    # ---- another key, without a restart ----
    p = subprocess.run([find("forumctl"), "init", s.dir, "--domain", "forum.test", "--new-key", "k2"] + (["--ed25519"] if kind == "ed25519" else []), capture_output=True, text=True)
    like(p.stdout, r'k2\._domainkey\.forum\.test\..*p=.*kill -HUP.*a week later', kind + ": init --new-key tells the steps")
    conf = open(s.conf).read().replace('dkim_key = "dkim.pem" dkim_selector = "s2"', 'dkim_key = "k2.pem" dkim_selector = "k2"')
    open(s.conf, "w").write(conf)
    s.reload()
    wait_for(lambda: "reloaded" in s.tail(20000))
    s.post("g.one", "with the new one")
    wait_for(lambda: len([m for m in s.outgoing() if b"Subject: with the new one" in m]) == 3)
    new = [m for m in s.outgoing() if b"Subject: with the new one" in m]
    if dkim_checker():
        k2 = "".join(re.findall(r'"([^"]*)"', [l for l in p.stdout.split("\n") if "_domainkey" in l and "TXT" in l and "p=" in l][0])).encode()
        VERIFY = VERIFY.replace("s2._domainkey", "k2._domainkey")
        ok(len(new) == 3 and all(accepted(s, m, k2) for m in new), kind + ": after a reload the new key signs")
        VERIFY = VERIFY.replace("k2._domainkey", "s2._domainkey")
        ok(all(accepted(s, m, record) for m in s.outgoing() if b"Subject: by news" in m), kind + ": what the old one signed holds on")
    s.stop()

# ---- a chain that came is carried on: i=2, with what the server in front found of the first set ----
MAKE = ("import dkim,sys; m=open(sys.argv[1],'rb').read(); k=open(sys.argv[2],'rb').read();"
        " sys.stdout.buffer.write(b''.join(dkim.arc_sign(m, b's2', b'lists.example', k, b'lists.example')) + m)")
CHAIN = ("import dkim,sys; k=open(sys.argv[2],'rb').read(); cv,v,why=dkim.arc_verify(open(sys.argv[1],'rb').read(),"
         " dnsfunc=lambda name, timeout=5: k if name.split(b'.')[0] == b's2' else b''); print((cv or b'terminated').decode(), [(x['instance'], x['cv'].decode()) for x in v or [] if x.get('cv')], why)")
if dkim_checker():
    s = Server(start=False, outgoing='hold_seconds = 0 dkim_key = "dkim.pem" dkim_selector = "s2"', lmtp='trust_authserv = "mx.front.example"', extra="arc { carry = yes }\n")
    record = key(s, "rsa")
    m, r, pem = (os.path.join(s.dir, n) for n in ("mail", "record", "traditional.pem"))
    open(r, "wb").write(record)
    subprocess.run(["openssl", "rsa", "-traditional", "-in", s.dir + "/dkim.pem", "-out", pem], check=True, stderr=subprocess.DEVNULL)
    s.start()
    s.group("g.one")
    s.member("alice@example.org", "Alice", "secret")
    s.member("reader@example.org", "Reader")
    s.ctl("subscribe", "reader@example.org", "g.one")
    c = Smtp(s.port["lmtp"], hello="LHLO mx.front.example")

    def through(subject, seen, carried=True):
        """what comes out of a mail with a chain of one set, after the server in front saw that of it"""
        open(m, "wb").write(("Authentication-Results: lists.example; dkim=pass\r\nFrom: Alice <alice@example.org>\r\nTo: g.one@forum.test\r\nSubject: %s\r\n"
                             "Message-ID: <%s@example.org>\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n\r\nWords on %s.\r\n" % (subject, subject, subject)).encode())
        sealed = subprocess.run(["/usr/bin/python3", "-c", MAKE, m, pem], capture_output=True).stdout
        if not carried:
            sealed = sealed.replace(b"ARC-Message-Signature:", b"ARC-Message-Signatur:")
        like(c.mail("alice@example.org", "g.one@forum.test", b"Authentication-Results: mx.front.example; dmarc=pass header.from=example.org" + seen + b"\r\n" + sealed), "^250", subject)
        out = wait_for(lambda: [x for x in s.outgoing() if b"Subject: " + subject.encode() in x and b"Delivered-To: reader" in x], 20)
        out = without_delivery_lines(out[0])
        open(m, "wb").write(out)
        return out, subprocess.run(["/usr/bin/python3", "-c", CHAIN, m, r], capture_output=True, text=True).stdout.strip()

    out, said = through("carried", b"; arc=pass")
    like(said, r"^pass \[\(2, 'pass'\), \(1, 'none'\)\]", "another implementation finds two sets that hold")
    like(out.decode(), r"ARC-Authentication-Results: i=2; forum\.test; dmarc=pass; arc=pass\r\n", "the second says what was seen of the first")
    out, said = through("broken", b"; arc=fail")
    like(said, r"^terminated \[\(2, 'fail'\), \(1, 'none'\)\]", "one that came broken ends there")
    like(out.decode(), r"ARC-Seal: i=2; [^;]*; cv=fail;", "and is closed by cv=fail")
    out, said = through("unseen", b"")
    like(said, r"^pass \[\(1, 'none'\)\]", "one that nobody looked at is dropped, and a new one begins")
    out, said = through("holes", b"; arc=pass", carried=False)
    like(said, r"^pass \[\(1, 'none'\)\]", "one with a hole too")
    s.stop()
else:
    skip("python3-dkim and python3-nacl are not installed", 10)

# ---- both, as forumctl init sets it up; each must hold by itself ----
EACH = ("import dkim,sys; r={b'forumd': open(sys.argv[2],'rb').read(), b'forumd-ed25519': open(sys.argv[3],'rb').read()}; d=dkim.DKIM(open(sys.argv[1],'rb').read());"
        " f=lambda name, timeout=5: r[name.split(b'._domainkey.forum.test')[0]];"
        " print([(h[1].split(b's=')[1].split(b';')[0].decode(), d.verify(idx=i, dnsfunc=f)) for i, h in enumerate([h for h in d.headers if h[0].lower() == b'dkim-signature'])])")
s = Server(start=False, outgoing='hold_seconds = 0 dkim_key = "new/dkim.pem" dkim_key2 = "new/dkim-ed25519.pem" dkim_selector2 = "forumd-ed25519"')
p = subprocess.run([find("forumctl"), "init", s.dir + "/new", "--domain", "forum.test"], capture_output=True, text=True)
records = [os.path.join(s.dir, "record%d" % n) for n in range(2)]
for name, path in zip(("forumd", "forumd-ed25519"), records):
    open(path, "w").write("".join(re.findall(r'"([^"]*)"', re.search(r"^%s\._domainkey.*$" % name, p.stdout, re.M).group(0))))
s.start()
s.group("g.one")
s.member("alice@example.org", "Alice", "secret")
for n in range(12):
    s.member("reader%d@example.org" % n, "Reader %d" % n)
    s.ctl("subscribe", "reader%d@example.org" % n, "g.one")
s.post("g.one", "signed twice", "A line\r\n")
wait_for(lambda: len(s.outgoing()) == 12)
mails = [without_delivery_lines(m) for m in s.outgoing()]
ok(len(mails) == 12 and all(m.count(b"DKIM-Signature:") == 2 for m in mails), "12 copies with two signatures each")
if dkim_checker():
    m = os.path.join(s.dir, "mail")
    def each(mail):
        open(m, "wb").write(mail)
        return subprocess.run(["/usr/bin/python3", "-c", EACH, m] + records, capture_output=True, text=True).stdout.strip()
    said = {each(mail) for mail in mails}
    is_(said, {"[('forumd', True), ('forumd-ed25519', True)]"}, "both hold in all of them, for another implementation")
    is_(each(mails[0].replace(b"Subject: signed", b"Subject: forged")), "[('forumd', False), ('forumd-ed25519', False)]", "and neither in a changed one")
else:
    skip("python3-dkim and python3-nacl are not installed", 2)
s.stop()
p = subprocess.run([find("forumd"), "-t", "-c", s.conf], capture_output=True, text=True)
is_(p.returncode, 0, "the settings are accepted")
good = open(s.conf).read()
for bad in good.replace("forumd-ed25519\"", "forumd\""), good.replace('dkim_key = "new/dkim.pem"', ""):
    open(s.conf, "w").write(bad)
    p = subprocess.run([find("forumd"), "-t", "-c", s.conf], capture_output=True, text=True)
    ok(p.returncode and "dkim_key2 needs" in p.stderr, "a second key without a first, or with its selector, is refused")

s = Server(start=False, outgoing='hold_seconds = 0 dkim_key = "missing.pem"')
try:
    s.start()
    ok(False, "a missing key is an error at the start")
except AssertionError as e:
    like(str(e), "missing.pem", "a missing key is an error at the start")
done()
