#!/usr/bin/env python3
"""fetchmail and getmail: each post is brought once, over STARTTLS and over implicit TLS; what was fetched is read, and nobody's
post is removed."""
from community import *

need("fetchmail", "getmail")
s = community()
home = tempfile.mkdtemp(prefix="forumfetch-")
env = dict(os.environ, HOME=home, FETCHMAILHOME=home, LC_ALL="C")


def run(*words):
    p = subprocess.run(list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100, env=env)
    return p.returncode, p.stdout.decode("utf-8", "replace")


def maildir(path):
    os.makedirs(path + "/new")
    os.makedirs(path + "/cur")
    os.makedirs(path + "/tmp")
    return path


def ids(path):
    return sorted(re.search(rb"(?mi)^Message-ID: (\S+)", open(os.path.join(path, "new", n), "rb").read()).group(1).decode() for n in os.listdir(path + "/new"))


def seen(who):
    i = s.imap(who + "@example.org", "secret-" + who[0])
    i.run("EXAMINE test.garden")
    out = next(l for l in i.run("UID SEARCH SEEN")[1] if l.startswith("* SEARCH")).split()[2:]
    i.close()
    return out


ALL = sorted([ROOT, ONE, TWO, THREE])
def deliver(name):
    """a Maildir, and a program that puts its input there (getmail itself delivers nothing as root)"""
    box = maildir(home + "/" + name)
    return box, script(home + "/mda-" + name, '#!/bin/sh\nexec cat >"%s/new/$$.here"\n' % box)


box, mda = deliver("fetchmail")
with open(home + "/fetchmailrc", "w") as f:
    os.fchmod(f.fileno(), 0o600)
    f.write('set no bouncemail\npoll localhost proto imap port %d auth password: user "carol@example.org" pass "secret-c" folder "test.garden" '
            'sslproto "TLS1.2+" sslcertfile "%s/cert.pem" sslcommonname "localhost" sslcertck keep mda "%s" no rewrite\n' % (s.port["imap"], s.dir, mda))
code, out = run("fetchmail", "-f", home + "/fetchmailrc", "--nosyslog", "-v")
is_(code, 0, "fetchmail over STARTTLS")
ok("STARTTLS" in out, "it took TLS") or diag(out)
is_(ids(box), ALL, "fetchmail brings each post") or diag(out)
is_(seen("carol"), ["1", "2", "3", "4"], "what was fetched is read")
code, out = run("fetchmail", "-f", home + "/fetchmailrc", "--nosyslog")
is_((code, len(ids(box))), (1, 4), "once: code 1 says that there is nothing new")
write(s, "alice", "<new@thread.example>", "Pears", [], "Or a pear.\r\n")
code, out = run("fetchmail", "-f", home + "/fetchmailrc", "--nosyslog")
is_((code, len(ids(box))), (0, 5), "what comes new is brought")

box, mda = deliver("getmail")
with open(home + "/getmailrc", "w") as f:
    os.fchmod(f.fileno(), 0o600)
    f.write("""
[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = %d
username = bob@example.org
password = secret-b
mailboxes = ("test.garden",)
ca_certs = %s/cert.pem
[destination]
type = MDA_external
path = %s
allow_root_commands = true
[options]
read_all = false
delete = false
""" % (s.port["imaps"], s.dir, mda))
code, out = run("getmail", "--getmaildir", home, "--rcfile", "getmailrc")
is_(code, 0, "getmail over TLS " + out)
is_(ids(box), sorted(ALL + ["<new@thread.example>"]), "getmail brings each post")
code, out = run("getmail", "--getmaildir", home, "--rcfile", "getmailrc")
is_((code, len(ids(box))), (0, 5), "once")
is_(len(s.json("list", "test.garden", "--all")), 5, "and all posts are still there")
shutil.rmtree(home, ignore_errors=True)
done()
