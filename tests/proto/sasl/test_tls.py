#!/usr/bin/env python3
"""Over TLS: SCRAM-SHA-256-PLUS with tls-exporter, the downgrade of it; EXTERNAL with client certificates. The exporter's
octets come from openssl s_client, the proofs from hashlib."""
from sasllib import *

d = tempfile.mkdtemp(prefix="forumsasl-")
atexit.register(shutil.rmtree, d, True)


def openssl(*args):
    subprocess.run(["openssl"] + list(args), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=d)


EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def authority(name):
    openssl("req", "-x509", *EC, "-days", "9", "-subj", "/CN=" + name, "-keyout", name + ".key", "-out", name + ".pem")


def client(name, subject, ca="ca", san=None, days="9", usage="clientAuth"):
    """NAME.pem with key and certificate"""
    with open(os.path.join(d, name + ".ext"), "w") as f:
        f.write("extendedKeyUsage=%s\n" % usage + ("subjectAltName=%s\n" % san if san else ""))
    openssl("req", *EC, "-subj", subject, "-keyout", name + ".key", "-out", name + ".csr")
    openssl("x509", "-req", "-in", name + ".csr", "-CA", ca + ".pem", "-CAkey", ca + ".key", "-CAcreateserial", "-days", days,
            "-extfile", name + ".ext", "-out", name + ".crt")
    with open(os.path.join(d, name + ".pem"), "w") as out:
        for part in ".key", ".crt":
            out.write(open(os.path.join(d, name + part)).read())


authority("ca")
authority("other")
client("san", "/CN=Alice", san="email:Alice@Example.org")
client("cn", "/CN=bob@example.org")
client("stranger", "/CN=nobody@example.org")
client("nameless", "/CN=Alice")
client("foreign", "/CN=alice@example.org", ca="other", san="email:alice@example.org")
client("expired", "/CN=alice@example.org", days="-1")
client("server", "/CN=alice@example.org", usage="serverAuth")
client("odd", "/CN=x\nalice@example.org")


def bound(s, door):
    if door.tls_port:
        return door.open(s, Bound(s.port[door.tls_port]))
    c = Bound(s.port[door.port], starttls="smtp")
    c.send("EHLO a.example")
    c.hello = c.reply()
    return c


def plus(s, door):
    n = door.name
    c = bound(s, door)
    got, _ = door.mechanisms(c)
    is_(got, ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN"] + (["LOGIN"] if n == "submission" else []), n + ": offered over TLS 1.3")
    for ir in True, False:
        x = Scram(*ALICE, header="p=tls-exporter,,", binding=c.exporter)
        yes, line = door.authenticate(c, "SCRAM-SHA-256-PLUS", x, ir)
        ok(yes and x.verified and door.who(c), n + ": SCRAM-SHA-256-PLUS: " + line)
        c.close()
        c = bound(s, door)
    for what, mechanism, header, binding in [
            ("bound to another channel", "SCRAM-SHA-256-PLUS", "p=tls-exporter,,", bytes(32)),
            ("the client believes there is no -PLUS", "SCRAM-SHA-256", "y,,", b""),
            ("-PLUS without a binding", "SCRAM-SHA-256-PLUS", "n,,", b""),
            ("another kind of binding", "SCRAM-SHA-256-PLUS", "p=tls-unique,,", c.exporter)]:
        yes, line = door.authenticate(c, mechanism, Scram(*ALICE, header=header, binding=binding))
        ok(not yes, n + ": " + what)
        like(line, "^" + door.codes["wrong"], n + ": the words of a wrong password")
    ok(not door.who(c), n + ": nobody is logged in")
    c.close()
    c = bound(s, door)
    ok(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))[0], n + ": a client that cannot bind")
    c.close()


def wrapped(s, door, cert=None, versions=None):
    """TLS by Python, with a client certificate"""
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    if versions:
        ctx.maximum_version = versions
    if cert:
        ctx.load_cert_chain(os.path.join(d, cert + ".pem"))
    if door.tls_port:
        c = (Imap if door.name == "imap" else Conversation)(s.port[door.tls_port])
        c.s = ctx.wrap_socket(c.s)
        return door.open(s, c)
    c = door.open(s)
    c.cmd("STARTTLS", "220")
    c.s = ctx.wrap_socket(c.s)
    c.send("EHLO a.example")
    c.hello = c.reply()
    return c


def external(s, door):
    n = door.name
    for cert, what in ("san", "subjectAltName"), ("cn", "common name"):
        for ir in True, False:
            c = wrapped(s, door, cert)
            ok("EXTERNAL" in door.mechanisms(c)[0], n + ": EXTERNAL is offered")
            yes, line = door.authenticate(c, "EXTERNAL", Fixed(""), ir)
            ok(yes and door.who(c), n + ": EXTERNAL by %s: %s" % (what, line))
    c = wrapped(s, door, "san")
    ok(door.authenticate(c, "EXTERNAL", Fixed("alice@example.org"))[0], n + ": authzid is the member's own")
    c = wrapped(s, door, "san")
    yes, line = door.authenticate(c, "EXTERNAL", Fixed("bob@example.org"))
    like(line, "^" + door.codes["other"], n + ": authzid of somebody else")
    yes, line = door.authenticate(c, "EXTERNAL", Fixed("nobody@example.org"))
    like(line, "^" + door.codes["other"], n + ": authzid of nobody")
    ok(not door.who(c), n + ": nobody is logged in")
    ok(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))[0], n + ": a password still does")
    c = wrapped(s, door, "stranger")
    yes, line = door.authenticate(c, "EXTERNAL", Fixed(""))
    like(line, "^" + door.codes["wrong"], n + ": a certificate of no member")
    for cert in None, "nameless", "foreign", "expired", "server", "odd":
        c = wrapped(s, door, cert)
        ok("EXTERNAL" not in door.mechanisms(c)[0], n + ": not offered with %s certificate" % (cert or "no"))
        yes, line = door.authenticate(c, "EXTERNAL", Fixed(""))
        like(line, "^" + door.codes["mechanism"], n + ": nor taken")
        ok(not door.who(c), n + ": nobody is logged in")


s = serve()
for door in DOORS:
    plus(s, door)
    c = wrapped(s, door, versions=ssl.TLSVersion.TLSv1_2)
    ok("SCRAM-SHA-256-PLUS" not in door.mechanisms(c)[0], door.name + ": no -PLUS over TLS 1.2")
    ok(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE, header="y,,"))[0], door.name + ": where y is true")
    c = wrapped(s, door, "san")
    ok("EXTERNAL" not in door.mechanisms(c)[0], door.name + ": no EXTERNAL without client_ca")
s.stop()

s = Server(start=False)
text = open(s.conf).read().replace('key = "key.pem" }', 'key = "key.pem" client_ca = "%s/ca.pem" }' % d)
open(s.conf, "w").write(text)
s.start()
s.group("test.members", "--access", "members")
s.member(ALICE[0], "Alice", ALICE[1])
s.member("bob@example.org", "Bob", "secret2")
for door in DOORS:
    external(s, door)
s.stop()

s = Server(start=False)
open(s.conf, "w").write(text.replace("/ca.pem", "/missing.pem"))
p = subprocess.run([find("forumd"), "-t", "-c", s.conf], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
is_(p.returncode, 1, "a client_ca that is not there")
like(p.stdout, "client_ca .*missing.pem", "is named")
done()
