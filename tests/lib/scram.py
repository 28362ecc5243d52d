"""SASL clients for the tests, of hashlib alone, and the three doors that speak it.

A client has first() -> bytes or None (the server speaks first), respond(challenge) -> bytes. A door knows its words:
authenticate(conn, mechanism, client, ir) -> (True or False, last line).
"""
import base64, hashlib, hmac, os, subprocess
from forumtest import *


def b64(b):
    return base64.b64encode(b if isinstance(b, bytes) else b.encode()).decode()


class Fixed:
    """says what it was given, one message after the other"""

    def __init__(self, *messages):
        self.messages = [m if isinstance(m, bytes) else m.encode() for m in messages]

    def first(self):
        return self.messages.pop(0)

    def respond(self, challenge):
        return self.messages.pop(0)


class Scram:
    """RFC 5802 with SHA-256. header: gs2 header; binding: channel binding octets; twist: change the proof"""

    def __init__(self, user, password, header="n,,", binding=b"", twist=None):
        self.user, self.password, self.header, self.binding, self.twist = user, password, header, binding, twist
        self.nonce = b64(os.urandom(18))
        self.salt = None
        self.verified = False
        self.stage = 0

    def first(self):
        self.bare = "n=%s,r=%s" % (self.user.replace("=", "=3D").replace(",", "=2C"), self.nonce)
        return (self.header + self.bare).encode()

    def respond(self, challenge):
        text = challenge.decode()
        if self.stage:
            self.verified = text == "v=" + b64(self.signature)
            return b""
        self.stage = 1
        self.server_first = text
        a = dict(x.split("=", 1) for x in text.split(","))
        assert a["r"].startswith(self.nonce) and len(a["r"]) > len(self.nonce) + 15, text
        self.salt, self.iterations = a["s"], int(a["i"])
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(a["s"]), self.iterations)
        mac = lambda k, m: hmac.new(k, m, hashlib.sha256).digest()
        key = mac(salted, b"Client Key")
        without = "c=%s,r=%s" % (b64(self.header.encode() + self.binding), a["r"])
        auth = ",".join([self.bare, text, without]).encode()
        proof = bytes(x ^ y for x, y in zip(key, mac(hashlib.sha256(key).digest(), auth)))
        self.signature = mac(mac(salted, b"Server Key"), auth)
        if self.twist:
            without = self.twist(without)
        return ("%s,p=%s" % (without, b64(proof))).encode()


class Door:
    def authenticate(self, c, mechanism, client, ir=True):
        """(succeeded, last line)"""
        first = client.first() if ir else None
        self.start(c, mechanism, first)
        while True:
            kind, data, line = self.read(c)
            if kind == "more":
                if not ir:
                    ir = True
                    self.answer(c, client.first())
                    continue
                self.answer(c, client.respond(base64.b64decode(data)))
                continue
            if kind == "yes" and data:
                client.respond(base64.b64decode(data))
            return kind == "yes", line


class News(Door):
    name, port, tls_port = "nntp", "nntp", "nntps"
    codes = dict(mechanism="503", base64="504", syntax="482", other="481 logging in", cancel="481 cancelled", wrong="481 no such address or wrong password",
                 plaintext="483")

    def open(self, s, conn=None, tls=False):
        c = conn or Conversation(s.port[self.tls_port if tls else self.port], tls=tls)
        c.expect("20")
        return c

    def mechanisms(self, c):
        c.cmd("CAPABILITIES", "101")
        t = c.text()
        return next((l.split()[1:] for l in t if l.startswith("SASL ")), []), next(l for l in t if l.startswith("AUTHINFO"))

    def start(self, c, mechanism, first):
        c.send("AUTHINFO SASL " + mechanism + ("" if first is None else " " + (b64(first) or "=")))

    def raw_start(self, c, rest):
        c.send("AUTHINFO SASL " + rest)

    def answer(self, c, b):
        c.send(b64(b) or "=")

    def read(self, c):
        l = c.line()
        if l.startswith("383 "):
            return "more", "" if l[4:] == "=" else l[4:], l
        return "yes" if l[:3] in ("281", "283") else "no", l[4:] if l.startswith("283") else "", l

    def who(self, c):
        """is somebody logged in?"""
        return c.cmd("GROUP test.members").startswith("211")


class Mailbox(Door):
    name, port, tls_port = "imap", "imap", "imaps"
    codes = dict(mechanism=r"NO \[CANNOT\]", base64="BAD", syntax="BAD", other=r"NO \[AUTHORIZATIONFAILED\]", cancel="BAD",
                 wrong=r"NO \[AUTHENTICATIONFAILED\] wrong name or password", plaintext=r"NO \[PRIVACYREQUIRED\]")
    tag = 0

    def open(self, s, conn=None, tls=False):
        c = conn or Imap(s.port[self.tls_port if tls else self.port], tls=tls)
        c.expect("* OK")
        return c

    def mechanisms(self, c):
        c.send("m CAPABILITY")
        t = c.expect("* CAPABILITY")
        c.expect("m OK")
        return re.findall(r"AUTH=(\S+)", t), t

    def start(self, c, mechanism, first):
        self.raw_start(c, mechanism + ("" if first is None else " " + (b64(first) or "=")))

    def raw_start(self, c, rest):
        Mailbox.tag += 1
        c.send("s%d AUTHENTICATE %s" % (self.tag, rest))

    def answer(self, c, b):
        c.send(b64(b))

    def read(self, c):
        l = c.line()
        if l.startswith("+ "):
            return "more", l[2:], l
        l = l.split(" ", 1)[1] if l.startswith("s%d " % self.tag) else l
        return "yes" if l.startswith("OK") else "no", "", l

    def who(self, c):
        c.send("w STATUS test.members (MESSAGES)")
        while True:
            l = c.line()
            if l.startswith("w "):
                return l.startswith("w OK")


class Submission(Door):
    name, port, tls_port = "submission", "submission", None
    codes = dict(mechanism="504", base64="501", syntax="501", other="535", cancel="501", wrong="535 5.7.8 wrong name or password", plaintext="538")

    def open(self, s, conn=None, tls=False):
        c = conn or Conversation(s.port[self.port])
        c.reply()
        c.send("EHLO a.example")
        c.hello = c.reply()
        if tls and not conn:
            c.cmd("STARTTLS", "220")
            c.starttls()
            c.send("EHLO a.example")
            c.hello = c.reply()
        return c

    def mechanisms(self, c):
        m = re.search(r"(?m)^250.AUTH (.*)$", c.hello)
        return m.group(1).split() if m else [], c.hello

    def start(self, c, mechanism, first):
        self.raw_start(c, mechanism + ("" if first is None else " " + (b64(first) or "=")))

    def raw_start(self, c, rest):
        c.send("AUTH " + rest)

    def answer(self, c, b):
        c.send(b64(b))

    def read(self, c):
        l = c.line()
        if l.startswith("334 "):
            return "more", l[4:], l
        return "yes" if l.startswith("235") else "no", "", l

    def who(self, c):
        c.send("MAIL FROM:<alice@example.org>")
        yes = c.reply().startswith("250")
        c.send("RSET")
        c.reply()
        return yes


DOORS = [News(), Mailbox(), Submission()]


class Bound(Conversation):
    """a TLS 1.3 connection by openssl s_client, which tells the exported keying material: self.exporter"""

    def __init__(self, port, starttls=None, timeout=20):
        args = ["openssl", "s_client", "-connect", "127.0.0.1:%d" % port, "-tls1_3", "-nocommands", "-keymatexport", "EXPORTER-Channel-Binding",
                "-keymatexportlen", "32"] + (["-starttls", starttls] if starttls else [])
        self.p = subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.s = self
        self.b = b""
        self.exporter = None
        while not self.exporter:
            m = re.match(r"\s*Keying material: ([0-9A-F]{64})", Conversation.line(self))
            if m:
                self.exporter = bytes.fromhex(m.group(1))
        while Conversation.line(self) != "---":
            pass

    # what Conversation wants of a socket
    def recv(self, n):
        return os.read(self.p.stdout.fileno(), n)

    def sendall(self, b):
        self.p.stdin.write(b)
        self.p.stdin.flush()

    def settimeout(self, t):
        pass

    def line(self):
        """without s_client's own words about tickets"""
        l = Conversation.line(self)
        while l == "---":
            while Conversation.line(self) != "read R BLOCK":
                pass
            l = Conversation.line(self)
        return l

    def close(self):
        self.p.stdin.close()
        self.p.kill()
        self.p.wait()
