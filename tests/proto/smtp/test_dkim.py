"""Outgoing mail is signed: list copies and notices, by RSA and Ed25519, checked by another implementation."""
import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

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

s = Server(start=False, outgoing='hold_seconds = 0 dkim_key = "missing.pem"')
try:
    s.start()
    ok(False, "a missing key is an error at the start")
except AssertionError as e:
    like(str(e), "missing.pem", "a missing key is an error at the start")
done()
