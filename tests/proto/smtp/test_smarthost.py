#!/usr/bin/env python3
"""forumd-send and the queue: many recipients over a smarthost that fails, a kill in the middle, TLS verified or not."""
import email, socket, threading, time
from collections import Counter
from smtplines import *
from sink import Sink

N = 40


def start(port, outgoing='tls = "none"', members=N):
    s = Server(transport="smtp://localhost:%d" % port, outgoing=outgoing)
    s.group("test.pub")
    s.member("alice@example.org", "Alice Moor", "secret-a")
    for i in range(members):
        s.member("m%03d@example.org" % i, "Member %d" % i)
        s.ctl("subscribe", "m%03d@example.org" % i, "test.pub", "--mode", "all")
    return s


everybody = ["m%03d@example.org" % i for i in range(N)]

# ---- every second mail fails for now, or the connection breaks: each recipient exactly once ----
def half(stage, n, rcpt):
    if stage == "rcpt" and n % 2:
        return "451 4.7.1 greylisted"
    if stage == "data" and n % 10 == 4:
        return "452 4.3.1 full"


k = Sink(half, pipelining=False)
s = start(k.port)
mid = s.post("test.pub", "To all", "A word to everybody.\r\n..\r\n...two\r\n", password="secret-a")
wait_for(lambda: k.attempts >= N, 20)
first = k.recipients()
ok(0 < len(first) < N, "about half came through at first (%d)" % len(first))
wait_for(lambda: len(s.json("mailq")) == N - len(k.recipients()), 10)
q = s.json("mailq")
is_(len(q), N - len(k.recipients()), "the others wait in the queue")
ok(any("451" in str(i) for i in q), "with the smarthost's words")
ok(wait_for(lambda: len(k.recipients()) >= len(first), 2), "nobody twice meanwhile")
is_([r for r, c in Counter(k.recipients()).items() if c > 1], [], "no one got it twice")
ok(k.connections <= 8, "few connections for many mails (%d)" % k.connections)
m = [x for x in k.mails if x[1] == first[0]][0]
ok(m[2].count(b"\r\n") == m[2].count(b"\n") == m[2].count(b"\r"), "no bare CR or LF")
ok(m[2].endswith(b"\r\n.\r\n..two\r\n"), "dots arrive as they were")
like(m[0], r"^bounce-[a-z2-7]+@forum\.test$", "VERP")
is_(len({x[0] for x in k.mails}), len(k.mails), "each mail has an envelope sender of its own")
ok(all(len(l) <= 998 for l in m[2].split(b"\r\n")), "no line over 998")
is_(s.stop(), 0, "it stops while mail waits")
k.stop()

# ---- PIPELINING: refusals in the middle of what was sent at once; a server that says 354 all the same ----
for eager in False, True:
    k = Sink(lambda stage, n, rcpt: ("550 5.1.1 unknown" if rcpt == "m001@example.org" else "451 4.7.1 later" if rcpt == "m002@example.org" else None)
             if stage == "rcpt" else None, eager=eager)
    s = start(k.port, members=8)
    s.post("test.pub", "At once", password="secret-a")
    ok(wait_for(lambda: len(k.recipients()) == 6, 20), "six of eight get it (354 to nobody: %s)" % eager)
    is_(k.recipients(), [r for r in everybody[:8] if r not in ("m001@example.org", "m002@example.org")], "the right ones, once")
    ok(wait_for(lambda: len(s.json("mailq")) == 1, 10), "one waits")
    like(str(s.json("mailq")), "451 4.7.1 later", "with its own answer")
    is_(s.json("member", "show", "m001@example.org")[0]["bounces"], 1, "one bounced")
    ok(any(k.commands[i][:4] == b"MAIL" and b"BODY=8BITMIME" in k.commands[i] for i in range(len(k.commands))), "8BITMIME is said")
    ok(k.connections <= 2, "no connection was given up (%d)" % k.connections)
    s.stop()
    k.stop()
k = Sink(lambda stage, n, rcpt: "452 4.3.1 full" if stage == "mail" and not world_full else None)
world_full = False
s = start(k.port, members=3)
s.post("test.pub", "Full", password="secret-a")
ok(wait_for(lambda: [m["attempts"] for m in s.json("mailq")] == [1, 1, 1], 20), "MAIL refused: all are put off")
world_full = True
s.ctl("mailq", "flush")
ok(wait_for(lambda: k.recipients() == everybody[:3], 20), "and go later")
s.stop()
k.stop()

# ---- permanent refusals ----
k = Sink(lambda stage, n, rcpt: "550 5.1.1 unknown" if stage == "rcpt" and rcpt.startswith("m000") else None)
s = start(k.port, members=3)
s.post("test.pub", "To three", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == 2, 15), "two get it")
ok(wait_for(lambda: not s.json("mailq"), 10), "the queue is empty")
is_(s.json("member", "show", "m000@example.org")[0]["bounces"], 1, "a refused recipient is a bounce")
s.stop()
k.stop()

# ---- a smarthost that is not there, then is ----
p = free_ports(1)[0]
s = start(p, members=5)
s.post("test.pub", "Patience", password="secret-a")
time.sleep(1.5)
is_(len(s.json("mailq")) > 0, True, "mail waits while the smarthost is down")
k = Sink(port=p)
ok(wait_for(lambda: len(k.recipients()) == 5, 40), "and goes when it is back")
is_(Counter(k.recipients()).most_common(1)[0][1], 1, "once")
s.stop()
k.stop()

# ---- connections that break before and after the text ----
def breaks(stage, n, rcpt):
    if stage == "mail" and n % 5 == 3 and not rcpt and breaks.left:
        breaks.left -= 1
        return "drop"
    if stage == "greeting" and n == 2:
        return "421 4.3.2 busy"


breaks.left = 3
k = Sink(breaks)
s = start(k.port)
s.post("test.pub", "Breaks", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == N, 60), "all arrive although connections break (%d)" % len(k.recipients()))
is_(k.recipients(), everybody, "each exactly once")
s.stop()
k.stop()

# ---- recipients that the smarthost hangs up on stop nobody else ----
for where in "rcpt", "data":
    k = Sink(lambda stage, n, rcpt: "drop" if stage == where and rcpt in ("m000@example.org", "m001@example.org") else None)
    s = start(k.port, members=12)
    s.post("test.pub", "Poison", password="secret-a")
    ok(wait_for(lambda: len(k.recipients()) == 10, 30), "hung up on at %s: the others get theirs (%d)" % (where, len(k.recipients())))
    is_(k.recipients(), everybody[2:12], "each once")
    ok(wait_for(lambda: [m["attempts"] for m in s.json("mailq")] == [1, 1], 20), "the two are put off")
    s.stop()
    k.stop()
world_down = True
k = Sink(lambda stage, n, rcpt: "drop" if stage == "mail" and world_down else None)
s = start(k.port, members=6)
s.post("test.pub", "Hangs up", password="secret-a")
ok(wait_for(lambda: k.connections >= 4, 60), "a smarthost that hangs up at MAIL is asked again, one connection at a time (%d)" % k.connections)
world_down = False
ok(wait_for(lambda: k.recipients() == everybody[:6], 60), "and gets everything when it is well")
s.stop()
k.stop()

# ---- kill -9 in the middle: nobody is lost, and only what was in the pipes may come twice ----
k = Sink(delay=0.05)
s = start(k.port, outgoing='tls = "none" senders = 2')
s.post("test.pub", "Kill", password="secret-a")
for _ in range(3):
    n = len(k.mails)
    wait_for(lambda: len(k.mails) >= min(n + 5, N), 20)
    s.kill9()
    s.start()
ok(wait_for(lambda: len(set(k.recipients())) == N and not s.json("mailq"), 60), "everybody got it")
is_(sorted(set(k.recipients())), everybody, "nobody is lost")
twice = len(k.recipients()) - N
ok(twice <= 3 * 64, "at most what was under way came twice (%d)" % twice)
s.stop()
k.stop()

# ---- a smarthost that never stops talking ----
for why, head, piece in ("a line", b"220 ", b"x" * 65536), ("lines", b"", b"220-still here\r\n" * 4096):
    talker, told = socket.create_server(("127.0.0.1", 0)), []

    def talk():
        c, _ = talker.accept()
        n = 0
        c.settimeout(20)
        try:
            c.sendall(head)
            while n < 100000000:
                c.sendall(piece)
                n += len(piece)
        except OSError:
            pass
        told.append(n)
        c.close()
    threading.Thread(target=talk, daemon=True).start()
    s = start(talker.getsockname()[1], members=1)
    s.post("test.pub", "To a talker", password="secret-a")
    wait_for(lambda: told, 40)
    ok(told and told[0] < 50000000, "%s without an end: it is hung up on (%s octets)" % (why, told))
    is_(len(s.json("mailq")) > 0, True, "and the mail waits")
    is_(s.stop(), 0, "it stops")
    talker.close()

# ---- TLS ----
cert = tempfile.mkdtemp(prefix="forumtest-")
certificate(cert)
pair = (cert + "/cert.pem", cert + "/key.pem")


def delivery(why, want, env=None, outgoing='tls = "verify"', transport=None, **kw):
    k = Sink(cert=pair, **kw)
    for name in "SSL_CERT_FILE", "SSL_CERT_DIR":
        os.environ.pop(name, None)
    os.environ.update(env or {})
    s = Server(transport="smtp://%s:%d" % (transport or "localhost", k.port), outgoing=outgoing, start=False)
    pw = os.path.join(s.dir, "password")
    with open(pw, "w") as f:
        f.write("smart secret\n")
    s.start()
    s.group("test.pub")
    s.member("alice@example.org", "Alice", "secret-a")
    s.member("bob@example.org", "Bob")
    s.ctl("subscribe", "bob@example.org", "test.pub", "--mode", "all")
    s.post("test.pub", "Over TLS", password="secret-a")
    got = wait_for(lambda: len(k.recipients()), 8 if want else 3)
    is_(got, want, why)
    s.stop()
    k.stop()
    return k


trust = {"SSL_CERT_FILE": pair[0]}
k = delivery("verify: a certificate of a known authority", 1, trust)
is_(k.tls, 1, "over TLS")
k = delivery("verify: an unknown authority gets nothing", 0)
ok(not any(c.startswith(b"MAIL") for c in k.commands), "not even an address")
delivery("verify: another host's certificate", 0, trust, transport="127.0.0.2")
delivery("verify: an address that the certificate names", 1, trust, transport="127.0.0.1")
k = delivery("verify: no STARTTLS offered (stripped)", 0, trust, starttls=False)
ok(not any(c.startswith(b"MAIL") for c in k.commands), "not even an address")
delivery("octets injected behind STARTTLS", 0, trust, inject=b"250 forged\r\n")
k = delivery("opportunistic: unverified TLS", 1, outgoing='tls = "opportunistic"')
is_(k.tls, 1, "is used")
k = delivery("opportunistic: without", 1, outgoing='tls = "opportunistic"', starttls=False)
k = delivery("encrypt: unverified TLS", 1, outgoing='tls = "encrypt"')
is_(k.tls, 1, "is used")
k = delivery("encrypt: nothing without", 0, outgoing='tls = "encrypt"', starttls=False)
ok(not any(c.startswith(b"MAIL") for c in k.commands), "not even an address")
k = delivery("none", 1, outgoing='tls = "none"')
is_(k.tls, 0, "no TLS")
k = delivery("with a login", 1, trust, outgoing='tls = "verify" user = "forum" password_file = "password"')
import base64
ok(any(base64.b64encode(b"\0forum\0smart secret") in c for c in k.commands) or any(c.startswith(b"AUTH") for c in k.commands), "AUTH PLAIN")
shutil.rmtree(cert)
done()
