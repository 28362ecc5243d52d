"""What the tests named after the pains share: a forum with members, replies as mail clients write them."""
import atexit, email, email.policy, email.utils, os, re, shutil, sys, tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "smtp"))
from smtplines import *


class Clock:
    """time that a test moves, for the forumd it starts (libfaketime): set("+31d")"""
    LIB = next((p for p in ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1") if os.path.exists(p)), None)

    def __init__(self):
        if not self.LIB:
            skip_all("libfaketime is not installed")
        self.dir = tempfile.mkdtemp(prefix="forumclock-")
        atexit.register(shutil.rmtree, self.dir, True)
        self.file = os.path.join(self.dir, "now")
        self.set("+0d")

    def set(self, offset):
        with open(self.file + ".new", "w") as f:
            f.write(offset + "\n")
        os.rename(self.file + ".new", self.file)

    def start(self, server):
        more = {"LD_PRELOAD": self.LIB, "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
        was = {k: os.environ.get(k) for k in more}
        os.environ.update(more)
        try:
            server.start()
        finally:
            for k, v in was.items():
                if v is None:
                    del os.environ[k]
                else:
                    os.environ[k] = v


class Forum:
    """alice and bob and carol; bob and carol get everything of test.pub; mails by Lmtp behind a trusted front MTA"""

    def __init__(self, clock=None, **kw):
        self.s = forum(smtp=TRUST, **kw)
        if clock:
            self.s.stop()
            clock.start(self.s)
        self.c = Smtp(self.s.port["lmtp"], hello="LHLO mx.front.example")
        for who in "bob", "carol":
            self.s.ctl("subscribe", who + "@example.org", "test.pub", "--mode", "all")

    def root(self, subject="Quince", body="Which soil does it like?\r\nAnd how much water?\r\n", user="alice", group="test.pub"):
        return self.s.post(group, subject, body, user=user + "@example.org", password="secret-" + user[0])

    def copies(self, test, n=1, seconds=15):
        """outgoing mails (parsed) for which test(mail) is true; waits for n"""
        def look():
            v = [email.message_from_bytes(o, policy=email.policy.default) for o in self.s.outgoing()]
            v = [m for m in v if test(m)]
            return v if len(v) >= n else None
        return wait_for(look, seconds) or []

    def copy(self, mid, who):
        """the copy of a post one member got"""
        v = self.copies(lambda m: m["Message-ID"] == mid and m["Delivered-To"].startswith(who + "@"))
        if not v:
            raise AssertionError("no copy of %s for %s" % (mid, who))
        return v[0]

    def notice(self, who, about, n=1, seconds=15):
        """text of the newest notice to who whose subject or text matches; None"""
        def test(m):
            return m["Delivered-To"].startswith(who) and m["Auto-Submitted"] and re.search(about, str(m["Subject"]) + "\n" + words(m), re.S)
        v = self.copies(test, n, seconds)
        return v[-1] if v else None

    def reply_to(self, mail):
        return email.utils.parseaddr(mail["Reply-To"])[1]

    def send(self, who, to, body, subject="Re: Quince", mid=None, extra=PASS, content="", name=None):
        """(answer, Message-ID)"""
        mid = mid or "<m%s@client.example>" % os.urandom(5).hex()
        name = name or {"alice": "Alice Moor", "bob": "Bob Fenn", "carol": "Carol Reed"}.get(who.split("@")[0], "Some One")
        a = who if "@" in who else who + "@example.org"
        h = "%sFrom: %s <%s>\r\nTo: <%s>\r\nSubject: %s\r\nMessage-ID: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n%s\r\n" % (
            extra, name, a, to, subject, mid, content)
        raw = h.encode() + (body.encode() if isinstance(body, str) else body).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if not raw.endswith(b"\r\n"):
            raw += b"\r\n"
        self.raw = raw
        return self.c.mail(a, to, raw), mid

    def article(self, mid, group="test.pub"):
        n = self.s.nntp("alice@example.org", "secret-a")
        n.cmd("GROUP " + group, "211")
        n.cmd("ARTICLE " + mid, "220")
        m = email.message_from_bytes("\r\n".join(n.text()).encode("utf-8", "surrogateescape") + b"\r\n", policy=email.policy.default)
        n.close()
        return m

    def shown(self, mid):
        """the text readers see, and whether it is plain"""
        return words(self.article(mid))


def words(m):
    p = m.get_body(("plain", "html"))
    return p.get_content().replace("\r\n", "\n").strip() if p else ""
