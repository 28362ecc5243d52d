#!/usr/bin/env python3
"""gsasl, the GNU SASL client: SCRAM-SHA-256, -PLUS and PLAIN at IMAP and submission; its TLS is GnuTLS."""
from community import *

need("gsasl")
s = community()
USER, PASSWORD = "carol@example.org", "secret-c"


def gsasl(door, mechanism, password=PASSWORD, tls=True):
    kind = {"imap": "--imap", "submission": "--smtp"}[door]
    p = subprocess.run(["gsasl", kind, "--connect=127.0.0.1:%d" % s.port[door], "--hostname=forum.test", "--mechanism=" + mechanism, "-a", USER, "-p", password,
                        "-z", "", "--quiet"] + (["--starttls", "--x509-ca-file=" + s.dir + "/cert.pem"] if tls else ["--no-starttls", "--no-cb"]),
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30 * SLOW)
    return p.returncode, p.stdout.decode("utf-8", "replace")


for door in "imap", "submission":
    for mechanism, tls in ("SCRAM-SHA-256", False), ("PLAIN", True), ("SCRAM-SHA-256-PLUS", True):
        code, out = gsasl(door, mechanism, tls=tls)
        if not is_(code, 0, "%s: %s%s" % (door, mechanism, " over TLS" if tls else "")):
            diag(out)
    code, out = gsasl(door, "SCRAM-SHA-256-PLUS", "wrong")
    ok(code != 0, door + ": a wrong password")
    like(out, "wrong name or password", door + ": in our words")
done()
