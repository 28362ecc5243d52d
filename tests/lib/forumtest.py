"""forumtest: start a real forumd on free loopback ports and talk to it.

    from forumtest import *
    s = Server(); s.group("test.forum"); s.member("alice@example.org", "Alice", "secret")
    n = s.nntp(); n.expect("200"); n.send("MODE READER"); n.expect("200")
    ok(True, "it lives"); done()

Needs top_builddir (set by the test driver; default: the directory above this file's top). Prints TAP.
Everything a Server made is gone when it stops: its directory, its process (by pid), nothing else.
"""
import atexit, json, os, random, re, shutil, signal, socket, ssl, subprocess, sys, tempfile, time

import imapsyntax

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("top_builddir") or SRC
SHARED = os.environ.get("FORUMD_SHARED") or os.path.join(SRC, "..", "shared")
SLOW = float(os.environ.get("FORUMD_TEST_SLOW", "1"))   # sanitizer builds: more patience

# ---- TAP ----------------------------------------------------------------------------------------
_n = 0
_bad = 0


def ok(cond, name):
    global _n, _bad
    _n += 1
    if not cond:
        _bad += 1
    print(("ok" if cond else "not ok"), _n, "-", str(name).replace("#", "\\#").replace("\n", " "), flush=True)
    return bool(cond)


def diag(*words):
    for line in " ".join(str(w) for w in words).split("\n"):
        print("#", line, flush=True)


def is_(got, want, name):
    if not ok(got == want, name):
        diag("got: ", repr(got)[:2000])
        diag("want:", repr(want)[:2000])
    return got == want


def like(got, pattern, name):
    if isinstance(got, bytes):
        got = got.decode("utf-8", "replace")
    if not ok(re.search(pattern, got, re.S) is not None, name):
        diag("got: ", repr(got)[:2000])
        diag("want:", pattern)


def skip(why, n=1):
    global _n
    for _ in range(n):
        _n += 1
        print("ok", _n, "# SKIP", why, flush=True)


def skip_all(why):
    print("1..0 # SKIP", why, flush=True)
    sys.exit(0)


def done():
    print("1..%d" % _n, flush=True)
    stop_all()
    os._exit(1 if _bad else 0)


def _crashed(kind, value, tb):
    import traceback
    traceback.print_exception(kind, value, tb)
    print("Bail out! %s: %s" % (kind.__name__, str(value).replace("\n", " ")), flush=True)
    stop_all()
    os._exit(1)


sys.excepthook = _crashed


def shared(*path):
    """path below the shared test data, or None when it is absent"""
    p = os.path.join(SHARED, "data", *path)
    return p if os.path.exists(p) else None


def need(*programs):
    for p in programs:
        if not shutil.which(p):
            skip_all("%s is not installed" % p)


_held = []


def free_ports(n):
    """Below those that the system gives to outgoing connections, and held against other tests (by a name, until this program
    ends): who gets one may stop and start on it."""
    ports = []
    while len(ports) < n:
        p, name, s = random.randrange(10000, 32768), socket.socket(socket.AF_UNIX), socket.socket()
        try:
            name.bind("\0forumtest-port-%d" % p)
            s.bind(("127.0.0.1", p))
        except OSError:
            name.close()
        else:
            _held.append(name)
            ports.append(p)
        s.close()
    return ports


def wait_for(fn, seconds=10, step=0.02):
    """fn's first true value, or its last one"""
    end = time.time() + seconds * SLOW
    while True:
        v = fn()
        if v or time.time() > end:
            return v
        time.sleep(step)


# ---- a conversation -------------------------------------------------------------------------------
class Conversation:
    """Lines out, lines in; every wait has a limit."""

    def __init__(self, port, host="127.0.0.1", tls=False, timeout=20, path=None):
        if path:
            self.s = socket.socket(socket.AF_UNIX)
            self.s.connect(path)
        else:
            self.s = socket.create_connection((host, port), timeout)
            self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s.settimeout(timeout * SLOW)
        self.b = b""
        if tls:
            self.starttls()

    def starttls(self):
        ctx = ssl.create_default_context()
        ctx.check_hostname = False
        ctx.verify_mode = ssl.CERT_NONE
        self.s = ctx.wrap_socket(self.s)
        self.b = b""

    def raw(self, data):
        self.s.sendall(data if isinstance(data, bytes) else data.encode())

    def send(self, line):
        self.raw((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    def _fill(self):
        d = self.s.recv(65536)
        if not d:
            raise EOFError("connection closed; unread: %r" % self.b[-200:])
        self.b += d

    def line(self):
        while b"\n" not in self.b:
            self._fill()
        l, self.b = self.b.split(b"\n", 1)
        return l.rstrip(b"\r").decode("utf-8", "surrogateescape")

    def read(self, n):
        while len(self.b) < n:
            self._fill()
        d, self.b = self.b[:n], self.b[n:]
        return d

    def text(self):
        """a dotted text: list of lines, unstuffed"""
        out = []
        while True:
            l = self.line()
            if l == ".":
                return out
            out.append(l[1:] if l.startswith(".") else l)

    def expect(self, code, name=None):
        """next line starts with code (a test when it has a name)"""
        l = self.line()
        if name:
            like(l, "^" + re.escape(str(code)), name)
        elif not l.startswith(str(code)):
            raise AssertionError("wanted %s, got %s" % (code, l))
        return l

    def cmd(self, line, code=None, name=None):
        self.send(line)
        return self.expect(code, name) if code is not None else self.line()

    def reply(self):
        """SMTP: all lines of one reply"""
        out = []
        while True:
            l = self.line()
            out.append(l)
            if l[3:4] != "-":
                return "\n".join(out)

    def closed(self, seconds=10):
        """true when the peer closes"""
        self.s.settimeout(seconds * SLOW)
        try:
            while True:
                if not self.s.recv(65536):
                    return True
        except (socket.timeout, TimeoutError):
            return False
        except OSError:
            return True

    def close(self):
        try:
            self.s.close()
        except OSError:
            pass


class Imap(Conversation):
    """Tagged commands: run("SELECT x") -> (tagged line, [untagged lines with literals spliced in])."""
    tag = 0
    syntax = None

    def _fill(self):
        """every response must fit the grammar (imapsyntax)"""
        before = len(self.b)
        super()._fill()
        if self.syntax is None:
            self.syntax = imapsyntax.Checker()
        try:
            self.syntax.feed(self.b[before:])
        except imapsyntax.Bad as e:
            ok(False, "what the server says fits the grammar")
            diag(e)
            self.syntax = imapsyntax.Checker()

    def response(self):
        l = self.line()
        while True:
            m = re.search(r"\{(\d+)\}$", l)
            if not m:
                return l
            d = self.read(int(m.group(1))).decode("utf-8", "surrogateescape")
            l = l + "\r\n" + d + self.line()

    def run(self, command, literals=()):
        Imap.tag += 1
        t = "t%d" % Imap.tag
        self.send("%s %s" % (t, command))
        out = []
        lits = list(literals)
        while True:
            l = self.response()
            if l.startswith("+") and lits:
                self.raw(lits.pop(0))
                self.raw(b"\r\n" if not lits else b"")
                continue
            if l.startswith(t + " "):
                return l[len(t) + 1:], out
            out.append(l)


# ---- the server -----------------------------------------------------------------------------------
_servers = []


_ends = []


def at_end(fn, *args):
    """call it when the test ends, however it ends (done() leaves without atexit); last first"""
    _ends.append((fn, args))


def stop_all():
    while _ends:
        fn, args = _ends.pop()
        try:
            fn(*args)
        except Exception as e:
            diag("at the end: %s" % e)
    for s in list(_servers):
        s.stop()
        shutil.rmtree(s.dir, ignore_errors=True)
        _servers.remove(s)


atexit.register(stop_all)

PORTS = [("nntp", "nntp"), ("nntps", "nntps"), ("imap", "imap"), ("imaps", "imaps"), ("smtp", "smtp"), ("submission", "submission"), ("lmtp", "lmtp")]


class Server:
    """domain forum.test; ports in s.port["nntp"] ...; extra: more configuration text; limits, lmtp, reply: text inside
    those sections; transport: outgoing transport (default maildir:out); dir: use (and keep) an existing directory."""

    def __init__(self, extra="", limits="", lmtp="", smtp="", reply="", outgoing="", transport="maildir:out", workers=2, start=True, storage=""):
        self.dir = tempfile.mkdtemp(prefix="forumtest-")
        self.port = dict(zip([n for n, _ in PORTS], free_ports(len(PORTS))))
        self.conf = os.path.join(self.dir, "forumd.conf")
        self.log = os.path.join(self.dir, "log")
        self.sock = os.path.join(self.dir, "forumd.sock")
        self.proc = None
        certificate(self.dir)
        text = 'domain = "forum.test"\nworkers = %d\nstorage { path = "data" %s }\n' % (workers, storage)
        text += 'tls { certificate = "cert.pem" key = "key.pem" }\ncontrol { path = "forumd.sock" }\n'
        for name, proto in PORTS:
            inner = {"lmtp": lmtp, "smtp": smtp}.get(name, "")
            text += 'listen %s { protocol = "%s" address = "127.0.0.1" port = %d %s }\n' % (name, proto, self.port[name], inner)
        text += 'outgoing { transport = "%s" %s }\n' % (transport, outgoing or "hold_seconds = 0")
        text += 'limits { connections_per_address = 20000 %s }\n' % limits
        if reply:
            text += "reply { %s }\n" % reply
        with open(self.conf, "w") as f:
            f.write(text + extra)
        _servers.append(self)
        if start:
            self.start()

    def start(self, wait=True):
        env = dict(os.environ)
        env.setdefault("FORUMD_SEND", find("forumd-send"))
        self.logf = open(self.log, "ab")
        at = self.logf.tell()
        self.proc = subprocess.Popen([find("forumd"), "-c", self.conf], stdin=subprocess.DEVNULL, stdout=self.logf, stderr=self.logf, env=env)
        if not wait:
            return
        def ready():
            with open(self.log, "rb") as f:
                f.seek(at)
                return b"forumd ready" in f.read() or self.proc.poll() is not None
        wait_for(ready, 30)
        if self.proc.poll() is not None:
            raise AssertionError("forumd did not start: " + self.tail())

    def tail(self, n=3000):
        with open(self.log, "rb") as f:
            return f.read()[-n:].decode("utf-8", "replace")

    def stop(self):
        """SIGTERM, wait; returns the exit code"""
        if not self.proc:
            return None
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
            try:
                self.proc.wait(30 * SLOW)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
                ok(False, "forumd stops within 30 s")
        code = self.proc.returncode
        self.proc = None
        if code in (66, 67, -6, -11) or "ERROR: AddressSanitizer" in self.tail(20000) or "runtime error:" in self.tail(20000):
            ok(False, "forumd ends without a crash or sanitizer report (exit %s)" % code)
            diag(self.tail())
        return code

    def kill9(self):
        self.proc.kill()
        self.proc.wait()
        self.proc = None

    def reload(self):
        self.proc.send_signal(signal.SIGHUP)

    # forumctl
    def ctl(self, *args, stdin=None, check=True):
        """stdout of forumctl; raises when the exit code is not 0 and check is true"""
        p = subprocess.run([find("forumctl"), "-c", self.conf] + list(args), input=stdin if isinstance(stdin, (bytes, type(None))) else stdin.encode(),
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120 * SLOW)
        self.err = p.stderr.decode("utf-8", "replace")
        self.code = p.returncode
        if check and p.returncode:
            raise AssertionError("forumctl %s: exit %d: %s%s" % (" ".join(args), p.returncode, p.stdout.decode("utf-8", "replace"), self.err))
        return p.stdout.decode("utf-8", "replace")

    def json(self, *args, **kw):
        """list of objects (one a line), or one object"""
        out = self.ctl("--json", *args, **kw).strip()
        v = [json.loads(l) for l in out.split("\n") if l]
        return v

    def group(self, name, *opts):
        self.ctl("group", "add", name, *opts)
        return name

    def member(self, address, name, password=None, *roles):
        if password is None:
            self.ctl("member", "add", address, "--name", name)
        else:
            self.ctl("member", "add", address, "--name", name, "--password-stdin", stdin=password + "\n")
        for r in roles:
            self.ctl("member", "role", address, r)

    # doors
    def nntp(self, user=None, password=None, tls=False):
        c = Conversation(self.port["nntps" if tls else "nntp"], tls=tls)
        c.expect("20")
        if user:
            c.cmd("AUTHINFO USER " + user, "381")
            c.cmd("AUTHINFO PASS " + password, "281")
        return c

    def imap(self, user=None, password=None, tls=False):
        c = Imap(self.port["imaps" if tls else "imap"], tls=tls)
        c.expect("* OK")
        if user:
            r, _ = c.run('LOGIN "%s" "%s"' % (user, password))
            if not r.startswith("OK"):
                raise AssertionError("LOGIN: " + r)
        return c

    def post(self, group, subject, body="Hello.\r\n", user="alice@example.org", password="secret", headers=""):
        """by NNTP; returns the Message-ID"""
        c = self.nntp(user, password)
        l = c.cmd("POST", "340")
        mid = "<%s@test.example>" % os.urandom(8).hex()
        c.raw("Newsgroups: %s\r\nSubject: %s\r\nMessage-ID: %s\r\n%s\r\n%s.\r\n" % (group, subject, mid, headers, body))
        c.expect("240")
        c.send("QUIT")
        c.close()
        return mid

    def outgoing(self):
        """mails in the maildir transport: list of bytes, oldest first"""
        d = os.path.join(self.dir, "out", "new")
        if not os.path.isdir(d):
            return []
        files = sorted((os.path.getmtime(os.path.join(d, f)), f) for f in os.listdir(d))
        return [open(os.path.join(d, f), "rb").read() for _, f in files]


def find(program):
    for d in (BUILD, os.path.join(BUILD, "forumd"), os.path.join(BUILD, "gateways", "out"), os.path.join(BUILD, "gateways", "ctl")):
        p = os.path.join(d, program)
        if os.path.isfile(p) and os.access(p, os.X_OK):
            return p
    raise AssertionError("%s is not built in %s" % (program, BUILD))


_cert = None


def certificate(directory):
    """a self-signed certificate for 127.0.0.1, localhost, forum.test"""
    global _cert
    if not _cert:
        _cert = tempfile.mkdtemp(prefix="forumcert-")
        atexit.register(shutil.rmtree, _cert, True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                        "-subj", "/CN=forum.test", "-addext", "subjectAltName=DNS:forum.test,DNS:localhost,IP:127.0.0.1",
                        "-keyout", _cert + "/key.pem", "-out", _cert + "/cert.pem"], check=True, stderr=subprocess.DEVNULL)
    for f in ("key.pem", "cert.pem"):
        shutil.copy(os.path.join(_cert, f), directory)
