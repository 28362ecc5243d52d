"""msmtp as the program that sends: submission with STARTTLS, certificate and name checked, PLAIN and SCRAM with a password of its own;
what is refused is told."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proto", "smtp"))
from smtplines import *
need("msmtp")
s = forum()
app = s.json("member", "password", "alice@example.org", "--app", "msmtp", "--doors", "mail")[0]


def msmtp(to, mail, user="alice@example.org", password=app["password"], auth="on", sender="alice@example.org", trust=True):
    rc = s.dir + "/msmtprc"
    with open(rc, "w") as f:
        f.write("defaults\ntls on\ntls_starttls on\ntls_trust_file %s\nhost localhost\nport %d\nauth %s\nuser %s\npassword %s\nfrom %s\naccount default\n" % (
            s.dir + "/cert.pem" if trust else "/etc/ssl/certs/ca-certificates.crt", s.port["submission"], auth, user, password, sender))
    os.chmod(rc, 0o600)
    return subprocess.run(["msmtp", "-C", rc, to], input=mail.encode(), capture_output=True, timeout=60 * SLOW, env=dict(os.environ, HOME=s.dir))


features = subprocess.run(["msmtp", "--version"], capture_output=True, text=True).stdout
p = msmtp("test.pub@forum.test", text(subject="By msmtp"))
is_((p.returncode, p.stderr), (0, b""), "sent with the program's own password")
is_(subjects(s), ["By msmtp"], "posted")
if "scram-sha-256" in features:
    p = msmtp("test.pub@forum.test", text(subject="By SCRAM"), user=app["login"], auth="scram-sha-256")
    is_((p.returncode, p.stderr), (0, b""), "with SCRAM-SHA-256 and the program's login name")
    ok("By SCRAM" in subjects(s), "posted")
else:
    skip("this msmtp has no SCRAM-SHA-256", 2)
p = msmtp("test.pub@forum.test", text(subject="x"), password="wrong")
ok(p.returncode and b"535 5.7.8" in p.stderr, "a wrong password is told")
p = msmtp("x@elsewhere.example", text(subject="x"))
ok(p.returncode and b"550" in p.stderr, "no relay")
p = msmtp("test.pub@forum.test", text("Bob Fenn <bob@example.org>", subject="x"))
ok(p.returncode and b"From must be one of your addresses" in p.stderr, "nobody else's From")
p = msmtp("test.pub@forum.test", text(subject="x"), trust=False)
ok(p.returncode and b"certificate" in p.stderr, "it checks the certificate")
ok(wait_for(lambda: s.json("member", "apps", "alice@example.org")[0]["used"], 10), "its last use is shown")
is_([x for x in subjects(s) if x == "x"], [], "nothing else was posted")
done()
