"""Passwords for one program each: made by forumctl and by mail, good at their doors, over PLAIN, LOGIN and SCRAM, last use shown,
taken back one by one, which ends what they opened."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "smtp"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from smtplines import *
import email, hashlib, hmac

s = forum(smtp=TRUST)
A = "alice@example.org"


def plain(name, password):
    return base64.b64encode(("\0%s\0%s" % (name, password)).encode()).decode()


def news(name, password):
    c = Conversation(s.port["nntp"])
    c.expect("20")
    return c, c.cmd("AUTHINFO SASL PLAIN " + plain(name, password))


def imap(name, password):
    c = Imap(s.port["imap"])
    c.expect("* OK")
    return c, c.run('LOGIN "%s" "%s"' % (name, password))[0]


def mail(name, password):
    c = Smtp(s.port["submission"])
    return c, c.login(name, password)


def scram(name, password, port="imap"):
    """RFC 5802 by hand, over IMAP; the tagged answer"""
    c = Imap(s.port["imap"])
    c.expect("* OK")
    first = "n=%s,r=nonce" % name.replace("=", "=3D").replace(",", "=2C")
    c.send("t AUTHENTICATE SCRAM-SHA-256 " + base64.b64encode(("n,," + first).encode()).decode())
    l = c.line()
    if not l.startswith("+ "):
        return l
    server = base64.b64decode(l[2:]).decode()
    v = dict(p.split("=", 1) for p in server.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(v["s"]), int(v["i"]))
    key = hmac.new(salted, b"Client Key", "sha256").digest()
    without = "c=biws,r=" + v["r"]
    sig = hmac.new(hashlib.sha256(key).digest(), ",".join((first, server, without)).encode(), "sha256").digest()
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, sig))).decode()
    c.send(base64.b64encode((without + ",p=" + proof).encode()).decode())
    l = c.line()
    if l.startswith("+ "):
        c.send("")
        l = c.line()
    return v["i"], l


one = s.json("member", "password", A, "--app", "phone", "--doors", "imap,mail")[0]
two = s.json("member", "password", A, "--app", "Newsreader", "--doors", "news")[0]
like(one["password"], "^[a-z2-7]{26}$", "128 bits")
is_(one["login"], A + "/phone", "a login name of its own")
ok(one["password"] != two["password"], "each its own")
text_out = s.ctl("member", "password", A, "--app", "third")
like(text_out, r"^[a-z2-7]{26}\nshown this once.*alice@example\.org/third", "words for people")
s.ctl("member", "password", A, "--app", "phone", check=False)
like(s.err, "there is a password for phone", "a name once")
s.ctl("member", "password", A, "--app", "x", "--doors", "web", check=False)
like(s.err, "news, imap and mail", "no such door")

c, l = imap(A, one["password"])
like(l, "^OK", "IMAP by the address and the password")
like(imap(A + "/phone", one["password"])[1], "^OK", "IMAP by its login name")
like(imap(A, "-".join(one["password"][i:i + 5] for i in range(0, 26, 5)).upper())[1], "^OK", "typed with dashes and capitals")
like(imap(A + "/newsreader", one["password"])[1], "^NO", "another program's name")
like(imap("bob@example.org", one["password"])[1], "^NO", "another member")
like(mail(A, one["password"])[1], "^235", "submission")
like(news(A, one["password"])[1], "^481", "not for news")
like(news(A, two["password"])[1], "^281", "the newsreader's, for news")
like(imap(A, two["password"])[1], "^NO", "not for IMAP")
like(imap(A, "secret-a")[1], "^OK", "the member's own password goes on")
like(imap(A, one["password"][:-1] + ("a" if one["password"][-1] != "a" else "b"))[1], "^NO", "one letter wrong")
i, l = scram(A + "/phone", one["password"])
like(l, "^t OK", "SCRAM with the login name")
is_(scram(A + "/nosuch", one["password"])[0], i, "as many iterations for a name that is not there")
like(scram(A + "/nosuch", one["password"])[1], "^t NO", "which does not get in")
like(scram(A + "/newsreader", two["password"])[1], "^t NO", "nor does one for another door")
like(scram(A, "secret-a")[1], "^t OK", "SCRAM of the member's own password")
apps = {a["name"]: a for a in wait_for(lambda: [a for a in [s.json("member", "apps", A)] if a[0]["used"] or a[1]["used"]], 10)[0]}
is_(sorted(apps), ["newsreader", "phone", "third"], "listed")
ok(wait_for(lambda: {a["name"]: a for a in s.json("member", "apps", A)}["phone"]["used"], 10), "with the last use")
is_(apps["third"]["used"], None, "or none")
is_(apps["phone"]["doors"], "imap, mail", "and the doors")
dump = open(s.dir + "/data/data.mdb", "rb").read()
ok(one["password"].encode() not in dump and two["password"].encode() not in dump, "the store does not hold it")
ok(one["password"] not in s.tail(1 << 20), "nor does the log")

# a member without a password of his own
s.member("eve@example.org", "Eve")
three = s.json("member", "password", "eve@example.org", "--app", "only")[0]
like(imap("eve@example.org", three["password"])[1], "^OK", "an app password alone is enough")

# ---- taken back ----
like(s.ctl("member", "apps", A, "--revoke", "phone"), "cannot log in", "taken back")
ok(c.closed(10), "the session that it opened ends")
like(imap(A, one["password"])[1], "^NO", "it opens nothing more")
like(scram(A + "/phone", one["password"])[1], "^t NO", "not by SCRAM either")
like(news(A, two["password"])[1], "^281", "the other one goes on")
s.ctl("member", "apps", A, "--revoke", "phone", check=False)
like(s.err, "no password for phone", "once")

# guessing with ever other programs behind an address is guessing at one account
t = time.time()
for i in range(6):
    imap("carol@example.org/p%d" % i, "wrong%d" % i)
ok(time.time() - t > 1, "the brakes see one account (%.1f s for six)" % (time.time() - t))

# ---- by mail ----
l = Smtp(s.port["lmtp"], hello="LHLO mx.front.example")


def command(line, extra=PASS):
    return l.mail(A, "commands@forum.test", text(body=line + "\r\n", extra=extra))


def told(pattern, n=1):
    def look():
        v = [email.message_from_bytes(m) for m in s.outgoing()]
        v = [m.get_payload(decode=True).decode() for m in v if A in m["To"]]
        v = [m for m in v if re.search(pattern, m, re.S)]
        return v[-1] if len(v) >= n else None
    return wait_for(look, 15) or ""


like(command("password tin"), "^250", "password tin")
m = told("password of your program tin")
like(m, r"name +alice@example\.org/tin\n +password +[a-z2-7]{26}\n", "is answered with name and password")
pw = re.search(r"password +([a-z2-7]{26})", m).group(1) if m else "x"
like(news(A + "/tin", pw)[1], "^281", "which works")
like(imap(A, "secret-a")[1], "^OK", "the member's own password was not touched")
command("password list")
like(told("Programs with a password"), "tin: news, imap, mail; used in the last day", "password list")
command("password revoke tin")
like(told("tin cannot log in"), "tin", "password revoke tin")
like(news(A + "/tin", pw)[1], "^481", "then it does not")
command("password spoofed", extra="")
like(told("asked about the passwords of your programs"), "confirm", "unproven: asked back")
is_([a["name"] for a in s.json("member", "apps", A)], ["newsreader", "third"], "and nothing made")
is_(s.ctl("check").count("wrong"), 0, "the store is sound")
done()
