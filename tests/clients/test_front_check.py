"""The sender check by the mail server in front: Postfix with opendkim and opendmarc as milters and a real DNS server, forumd behind
it by LMTP with trust_authserv. What they find out decides; a forged Authentication-Results does not get through; what forumd and they
say of the same mail is the same."""
import os, smtplib, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proto", "smtp"))
from smtplines import *
from mta import *
from dnsserver import *
sys.path.append("/usr/lib/python3/dist-packages")
try:
    import dkim
except ImportError:
    skip_all("python3-dkim is not installed")
os.environ["PATH"] += ":/usr/sbin"
need("opendkim", "opendmarc")
if os.getuid() != 0:
    skip_all("port 53 and Postfix need root")
wrapper = subprocess.run("ls /usr/lib/*/libresolv_wrapper.so", shell=True, capture_output=True, text=True).stdout.split("\n")[0]
if not wrapper:
    skip_all("libresolv-wrapper is not installed")

d = tempfile.mkdtemp(prefix="front-")
os.chmod(d, 0o755)
at_end(shutil.rmtree, d, True)
subprocess.run(["openssl", "genrsa", "-traditional", "-out", d + "/rsa.pem", "2048"], check=True, capture_output=True)
rsa = open(d + "/rsa.pem", "rb").read()
der = subprocess.run(["openssl", "rsa", "-in", d + "/rsa.pem", "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
record = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
zones = {"example.org": '_dmarc TXT "v=DMARC1; p=reject"\ns1._domainkey TXT %s\n' % txt(record),
         "example.net": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=none"\n'}
dns = None
for address in "127.53.%d.%d" % (os.getpid() >> 8 & 255, os.getpid() % 250 + 1), "127.0.0.53":
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
            u.bind((address, 53))
        dns = Nsd(zones, address, 53)
        break
    except OSError:
        pass
if not dns:
    skip_all("no loopback address with a free port 53")
open(d + "/resolv.conf", "w").write("nameserver %s\noptions timeout:2\n" % dns.address)

port, kport, mport = free_ports(3)
open(d + "/opendkim.conf", "w").write("Mode v\nSocket inet:%d@127.0.0.1\nAuthservID mx.front.example\nNameservers %s\nSyslog no\nAlwaysAddARHeader yes\n"
                                      "OversignHeaders From\nInternalHosts %s/none\nExternalIgnoreList %s/none\nRequireSafeKeys no\nTemporaryDirectory %s\n" % (kport, dns.address, d, d, d))
open(d + "/none", "w").write("192.0.2.1\n")
open(d + "/opendmarc.conf", "w").write("Socket inet:%d@127.0.0.1\nAuthservID mx.front.example\nTrustedAuthservIDs mx.front.example\nSyslog false\nRejectFailures false\n"
                                       "SPFSelfValidate true\nIgnoreHosts %s/none\nPublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat\n" % (mport, d))
env = dict(os.environ, LD_PRELOAD=wrapper, RESOLV_WRAPPER_CONF=d + "/resolv.conf")
filters = [subprocess.Popen([p, "-f", "-x" if p == "opendkim" else "-c", d + "/%s.conf" % p], env=env if p == "opendmarc" else None, stdin=subprocess.DEVNULL,
                            stdout=open(d + "/out-" + p, "wb"), stderr=subprocess.STDOUT) for p in ("opendkim", "opendmarc")]


def end():
    for f in filters:
        if f.poll() is None:
            f.terminate()
            f.wait()


at_end(end)


def listens(p):
    try:
        socket.create_connection(("127.0.0.1", p), 2).close()
        return True
    except OSError:
        return False


if not wait_for(lambda: listens(kport) and listens(mport), 20):
    diag(*[open(d + "/out-" + p, errors="replace").read()[-500:] for p in ("opendkim", "opendmarc")])
    skip_all("opendkim or opendmarc does not start")

s = forum(smtp="check_sender = yes", extra='dns { server = "%s" }\n' % dns.server)
s.member("nina@example.net", "Nina Net", "x")
mta = Postfix(port, """myhostname = mx.front.example
virtual_mailbox_domains = forum.test
virtual_transport = lmtp:inet:127.0.0.1:%d
recipient_delimiter =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_milters = inet:127.0.0.1:%d, inet:127.0.0.1:%d
milter_default_action = tempfail
smtpd_authorized_xclient_hosts = 127.0.0.1
""" % (s.port["lmtp"], kport, mport))
mta.start()


def sign(mail):
    mail = mail.encode()
    return dkim.sign(mail, b"s1", b"example.org", rsa, include_headers=[b"from", b"to", b"subject", b"message-id", b"date"]) + mail


def both(name, mail, sender, want):
    """the same mail, with another id, through the mail server in front and to our own port 25"""
    mail = mail if isinstance(mail, bytes) else mail.encode()
    mid = re.search(rb"(?mi)^message-id: *(\S+)", mail).group(1).decode()
    got = []
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example", timeout=60 * SLOW) as c:
        c.ehlo()
        c.docmd("XCLIENT", "ADDR=192.0.2.77 NAME=[UNAVAILABLE]")   # SPF never fails for this machine itself
        c.ehlo()
        c.sendmail(sender, ["test.pub@forum.test"], mail)
    wait_for(lambda: "mail to test.pub" in s.ctl("trace", mid, check=False), 30)
    t = s.ctl("trace", mid, check=False)
    if not like_(t, want):
        diag(t, mta.log()[-1500:])
    ok(like_(t, want), "in front: " + name)
    raw = s.ctl("show", "--raw", mid)
    return raw


def like_(text, pattern):
    return re.search(pattern, text, re.S) is not None


def own(name, mail, sender, want):
    c = Smtp(s.port["smtp"])
    like(c.mail(sender, "test.pub@forum.test", mail), want, "by ourselves: " + name)
    c.close()


raw = both("a good signature is proof", sign(text(subject="One")), "bounce@elsewhere.example", r"posted \(author: sender check")
like(raw, r"Authentication-Results: mx\.front\.example;\s+dkim=pass", "as opendkim says")
like(raw, r"Authentication-Results: mx\.front\.example;\s+dmarc=pass", "and opendmarc")
own("a good signature is proof", sign(text(subject="One by ourselves")), "bounce@elsewhere.example", "^250 .*posted")
both("no signature: held", text(subject="Two"), "alice@example.org", "held.*sender check .*failed")
own("no signature: held", text(subject="Two by ourselves"), "alice@example.org", "^250 .*approval")
m = sign(text(subject="Three", body="Pay nothing.\r\n")).replace(b"nothing", b"my debts")
both("a changed text: held", m, "alice@example.org", "held")
own("a changed text: held", sign(text(subject="Three by ourselves", body="Pay nothing.\r\n")).replace(b"nothing", b"my debts"), "alice@example.org", "^250 .*approval")
raw = both("a forged verdict is of no use", text(subject="Four", extra="Authentication-Results: mx.front.example; dkim=pass header.d=example.org; dmarc=pass header.from=example.org\r\n"),
           "alice@example.org", "held")
ok("dmarc=pass" not in raw, "it was taken away in front")
both("SPF says no: held", text("Nina Net <nina@example.net>", subject="Five"), "nina@example.net", "held")
own("SPF says no: held", text("Nina Net <nina@example.net>", subject="Five by ourselves"), "nina@example.net", "^250 .*approval")
is_(sorted(x for x in subjects(s) if x), ["One", "One by ourselves"], "what was proven is public, nothing else")
mta.end()
end()
dns.stop()
done()
