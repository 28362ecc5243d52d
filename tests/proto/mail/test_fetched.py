#!/usr/bin/env python3
"""A hostile or half-broken IMAP server under forumd-fetch: what it cannot mark is not fetched round and round; and what a mail in
a mailbox elsewhere says of its own sender counts only by the name that this mailbox's section trusts."""
import socket, sys, threading
from maillib import *

TRUSTED = "mx.front.example"


class Box:
    """one mailbox; STORE is refused or taken"""

    def __init__(self, store=True):
        self.mails, self.seen, self.searches, self.store = [], set(), 0, store
        self.l = socket.create_server(("127.0.0.1", 0))
        self.port = self.l.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            c, _ = self.l.accept()
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        f = c.makefile("rwb")
        try:
            f.write(b"* OK here\r\n")
            f.flush()
            for line in f:
                tag, _, rest = line.decode().strip().partition(" ")
                good = "OK"
                if rest.startswith("UID SEARCH"):
                    self.searches += 1
                    f.write(("* SEARCH" + "".join(" %d" % (i + 1) for i in range(len(self.mails)) if i + 1 not in self.seen) + "\r\n").encode())
                elif rest.startswith("UID FETCH"):
                    n = int(rest.split()[2])
                    m = self.mails[n - 1]
                    f.write(b"* %d FETCH (UID %d BODY[] {%d}\r\n" % (n, n, len(m)) + m + b")\r\n")
                elif rest.startswith("UID STORE"):
                    if self.store:
                        self.seen.add(int(rest.split()[2]))
                    else:
                        good = "NO"
                f.write(("%s %s done\r\n" % (tag, good)).encode())
                f.flush()
        except OSError:
            pass


def mail(subject, results=None):
    return ("%sReturn-Path: <bob@example.org>\r\nDelivered-To: test.pub@forum.test\r\nFrom: Bob Fenn <bob@example.org>\r\nTo: <test.pub@forum.test>\r\n"
            "Subject: %s\r\nMessage-ID: <%s@up.example>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n\r\nA few words.\r\n" % (
                results or "", subject, os.urandom(6).hex())).encode()


def section(name, box, more=""):
    return 'fetch %s { protocol = "imap" host = "127.0.0.1" port = %d user = "box" password_file = "up.pw" interval = 2 %s }\n' % (name, box.port, more)


plain, trusted, stuck = Box(), Box(), Box(store=False)
plain.mails.append(mail("Forged", PASS))
plain.mails.append(mail("Folded", "authentication-results: (x)\r\n\t" + TRUSTED + "; dkim=pass header.d=example.org\r\n"))
plain.mails.append(mail("Torn", "Authentication-Results\r: " + TRUSTED + ";\r\n\rdkim=pass header.d=example.org\r\n").replace(b"\r\n\rdkim", b"\r\n dkim"))
trusted.mails.append(mail("Nearly", "Authentication-Results: " + TRUSTED + ".evil.example; dkim=pass header.d=example.org\r\n"))
trusted.mails.append(mail("Seen there", PASS))
stuck.mails.append(mail("Stuck", PASS))
s = Server(lmtp=TRUST, start=False, extra=section("plain", plain) + section("told", trusted, 'trust_authserv = "%s"' % TRUSTED)
           + section("stuck", stuck, 'trust_authserv = "%s"' % TRUSTED))
open(s.dir + "/up.pw", "w").write("pw\n")
s.start()
s.member("bob@example.org", "Bob Fenn", "secret")
s.group("test.pub")
for b in plain, trusted:
    b.seen.clear()         # what came before there was a group
ok(wait_for(lambda: len(plain.seen) == 3 and len(trusted.seen) == 2 and len(s.json("queue")) == 4, 60), "all are taken")
is_(sorted(c["subject"] for c in s.json("queue")), ["Folded", "Forged", "Nearly", "Torn"], "the word of a mail for itself is not believed: it waits")
ok(wait_for(lambda: sorted(x["subject"] for x in s.json("list", "test.pub")) == ["Seen there", "Stuck"], 30), "the results of the server that this section trusts are")
before, at = stuck.searches, time.time()
ok(wait_for(lambda: stuck.searches >= before + 2, 60), "a mailbox that cannot be marked is looked at again")
rate = (stuck.searches - before) / (time.time() - at)
ok(rate < 3, "at its interval, not round and round (%.1f a second)" % rate)
like(s.tail(400000), "mailbox stuck uid=1: cannot be marked seen or moved", "and the log says so")
is_(sum(x["subject"] == "Stuck" for x in s.json("list", "test.pub")), 1, "it is one post")
done()
