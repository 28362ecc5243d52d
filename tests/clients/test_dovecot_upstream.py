"""A mailbox elsewhere (Dovecot): its mails become posts, once, marked or moved only after that; kill -9 of the poller and of forumd in between."""
import imaplib, os, pwd, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proto", "mail"))
from maillib import *
need("dovecot", "doveadm")
if os.getuid() != 0:
    skip_all("Dovecot's processes need root to start")

d = tempfile.mkdtemp(prefix="dove-")
os.chmod(d, 0o755)
port, = free_ports(1)
open(d + "/users", "w").write("box:{PLAIN}pw:%d:%d::%s/home::\n" % (pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid, d))
os.mkdir(d + "/home")
shutil.chown(d + "/home", "nobody")
open(d + "/conf", "w").write("""
protocols = imap
base_dir = %(d)s/run
log_path = %(d)s/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:%(d)s/home/Maildir
default_login_user = nobody
default_internal_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
first_valid_gid = 1
service imap-login {
  chroot =
  inet_listener imap { 
    address = 127.0.0.1
    port = %(port)d
  }
}
service anvil {
  chroot =
}
passdb {
  driver = passwd-file
  args = %(d)s/users
}
userdb {
  driver = passwd-file
  args = %(d)s/users
}
""".replace("{ \n", "{\n") % {"d": d, "port": port})
dove = subprocess.Popen(["dovecot", "-F", "-c", d + "/conf"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(d + "/err", "wb"))


def end():
    dove.terminate()
    try:
        dove.wait(10)
    except subprocess.TimeoutExpired:
        dove.kill()
    shutil.rmtree(d, True)


atexit.register(end)


def box():
    m = imaplib.IMAP4("127.0.0.1", port)
    m.login("box", "pw")
    return m


def up():
    try:
        box().logout()
        return True
    except Exception:
        return False


if not wait_for(up, 15):
    diag(open(d + "/err", errors="replace").read()[-500:], open(d + "/log", errors="replace").read()[-500:] if os.path.exists(d + "/log") else "")
    end()
    skip_all("this Dovecot does not start with a configuration of its own")
m = box()
m.create("Done")


def put(subject, who="bob", mid=True, body="A few words.", to="test.pub@forum.test", n=0):
    head = "Return-Path: <%s@example.org>\r\nDelivered-To: %s\r\n%sFrom: %s <%s@example.org>\r\nTo: <%s>\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n%s\r\n%s\r\n" % (
        who, to, PASS, {"bob": "Bob Fenn", "carol": "Carol Reed"}.get(who, who), who, to, subject, "Message-ID: <%s@up.example>\r\n" % os.urandom(6).hex() if mid else "", body)
    m.append("INBOX", None, None, head.encode())


def flags(name="INBOX"):
    """{subject: flags}"""
    b = box()
    b.select(name, True)
    out = {}
    for x in b.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]:
        if isinstance(x, tuple):
            out[re.search(rb"Subject: (.*?)\r", x[1]).group(1).decode()] = re.search(rb"FLAGS \((.*?)\)", x[0]).group(1).decode()
    b.logout()
    return out


put("waiting one")
put("waiting two", mid=False)
s = Server(lmtp=TRUST, extra='fetch up { protocol = "imap" host = "127.0.0.1" port = %d user = "box" password_file = "up.pw" interval = 2 trust_authserv = "mx.front.example" }\n' % port, start=False)
open(s.dir + "/up.pw", "w").write("pw\n")
s.start()
s.group("test.pub")
for who in "bob", "carol":
    s.member(who + "@example.org", who.title() + " " + {"bob": "Fenn", "carol": "Reed"}[who], "secret")
titles = lambda: sorted(x["subject"] for x in s.json("list", "test.pub"))


def poller():
    """pids of forumd-fetch: the parent and its children"""
    out = []
    for p in os.listdir("/proc"):
        if p.isdigit():
            try:
                if open("/proc/%s/comm" % p).read().strip() == "forumd-fetch":
                    out.append((int(p), int(re.search(r"PPid:\s*(\d+)", open("/proc/%s/status" % p).read()).group(1))))
            except OSError:
                pass
    mine = [p for p, parent in out if parent == s.proc.pid]
    return mine, [p for p, parent in out if parent in mine]


ok(wait_for(lambda: all("\\Seen" in v for v in flags().values()), 30), "what waited is marked seen")
is_(titles(), [], "before there was a group it was refused")
ok(all("\\Flagged" in v for v in flags().values()), "and is flagged for a person to see")
t = time.time()
put("one")
ok(wait_for(lambda: titles() == ["one"], 20), "a mail becomes a post")
ok(wait_for(lambda: flags()["one"] == "\\Seen", 10), "and is marked seen, not flagged")
put("not a member", "stranger")
ok(wait_for(lambda: "\\Flagged" in flags()["not a member"], 20), "a refused one is flagged")
put("no id", mid=False)
ok(wait_for(lambda: titles() == ["no id", "one"], 20), "a mail without Message-ID")
# handed over again
b = box()
b.select("INBOX")
b.store("1:*", "-FLAGS", "\\Seen")
b.logout()
ok(wait_for(lambda: all("\\Seen" in v for v in flags().values()), 30), "all unseen again: taken again")
is_(titles().count("one") + titles().count("no id"), 2, "each stays one post")
# kill -9 of the poller's child while mails come
want = []
for n in range(30):
    want.append("storm %02d" % n)
    put(want[-1], mid=n % 2 == 0, body="storm number %d" % n)
    if n % 6 == 5:
        for p in poller()[1]:
            os.kill(p, signal.SIGKILL)
ok(wait_for(lambda: all("\\Seen" in v for v in flags().values()), 90), "killed five times: all are seen in the end")
is_([x for x in titles() if x.startswith("storm")], want, "each became one post")
# forumd killed: nothing is marked while it is away, everything comes afterwards
old = poller()
s.kill9()
ok(wait_for(lambda: not any(os.path.exists("/proc/%d" % p) and open("/proc/%d/stat" % p).read().split()[2] != "Z" for v in old for p in v), 20), "forumd killed: its pollers end")
put("while away")
time.sleep(1)
ok("\\Seen" not in flags()["while away"], "nobody marks a mail that is not taken")
with open(s.conf) as c:
    conf = c.read()
with open(s.conf, "w") as c:
    c.write(conf.replace("interval = 2", 'interval = 2 move_to = "Done" group = "test.pub"'))
s.start()
ok(wait_for(lambda: "while away" in titles(), 30), "started again: it is taken")
ok(wait_for(lambda: "while away" in flags("Done") and "while away" not in flags(), 20), "and moved, as the settings say now")
put("to nobody", to="somebody@elsewhere.example")
ok(wait_for(lambda: "to nobody" in titles(), 30), "a mail that names no address of ours goes to the group of the settings")
s.stop()
end()     # done() leaves without the handlers of atexit
done()
