"""A small SMTP server for outgoing mail: keeps what it takes, fails as it is told. In this process, on threads."""
import re, socket, ssl, threading

class Sink:
    def __init__(self, fail=None, cert=None, starttls=True, inject=b"", port=0, delay=0, pipelining=True, eager=False):
        """fail(stage, n, rcpt) -> None, a reply line, or "drop" / "drop-after": stages greeting, mail, null (MAIL of a notice), rcpt, data,
        end.
        eager: says 354 to a mail without recipients too"""
        self.pipelining, self.eager = pipelining, eager
        self.fail, self.cert, self.starttls, self.inject, self.delay = fail or (lambda *a: None), cert, starttls, inject, delay
        self.lock = threading.Lock()
        self.mails, self.connections, self.attempts, self.commands, self.tls = [], 0, 0, [], 0
        self.s = socket.socket()
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.s.bind(("127.0.0.1", port))
        self.s.listen(50)
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.s.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def stop(self):
        self.s.shutdown(socket.SHUT_RDWR)
        self.s.close()

    def serve(self, c):
        try:
            self.talk(c)
        except OSError:
            pass
        finally:
            c.close()

    def talk(self, c):
        f = c.makefile("rb")
        say = lambda t: c.sendall(t.encode() + b"\r\n")
        sender = rcpt = None
        good = mailed = False
        got = self.fail("greeting", self.connections, None)
        if got == "drop":
            return
        say(got or "220 sink ESMTP")
        while True:
            l = f.readline()
            if not l:
                return
            verb = l[:4].upper()
            with self.lock:
                self.commands.append(l)
            if verb == b"EHLO":
                say("250-sink\r\n250-8BITMIME" + ("\r\n250-PIPELINING" if self.pipelining else "") + ("\r\n250-STARTTLS" if self.cert and self.starttls and not isinstance(c, ssl.SSLSocket) else "")
                    + "\r\n250-AUTH PLAIN LOGIN\r\n250 SIZE 10000000")
            elif verb == b"STAR":
                c.sendall(b"220 go\r\n" + self.inject)
                ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                ctx.load_cert_chain(*self.cert)
                c = ctx.wrap_socket(c, server_side=True)
                f = c.makefile("rb")
                self.tls += 1
            elif verb == b"AUTH":
                say("235 ok")
            elif verb in (b"MAIL", b"RCPT"):
                a = re.search(rb"<(.*)>", l).group(1).decode()
                if verb == b"MAIL":
                    sender = a
                else:
                    rcpt = a
                    with self.lock:
                        self.attempts += 1
                got = self.fail(verb.decode().lower(), self.attempts, rcpt)
                if verb == b"MAIL" and not got and not a:
                    got = self.fail("null", self.attempts, rcpt)
                if verb == b"MAIL":
                    mailed = got is None
                elif not mailed:
                    got = "503 5.5.1 MAIL first"
                if got == "drop":
                    return
                good = not got if verb == b"RCPT" else False
                say(got or "250 ok")
            elif verb == b"DATA":
                got = self.fail("data", self.attempts, rcpt) if good else None if self.eager else "554 5.5.1 no valid recipients"
                if got == "drop":
                    return
                say(got or "354 go")
                if got:
                    continue
                text = b""
                while True:
                    l = f.readline()
                    if not l:
                        return
                    if l == b".\r\n":
                        break
                    text += l[1:] if l.startswith(b".") else l
                if not good:
                    say("554 5.5.1 no valid recipients")
                    continue
                good = False
                got = self.fail("end", self.attempts, rcpt)
                if got == "drop":
                    return
                if self.delay:
                    import time
                    time.sleep(self.delay)
                if not got or got == "drop-after":
                    with self.lock:
                        self.mails.append((sender, rcpt, text))
                if got == "drop-after":
                    return
                say(got or "250 2.0.0 taken")
            elif verb == b"QUIT":
                say("221 bye")
                return
            else:
                say("250 ok")

    def recipients(self):
        with self.lock:
            return sorted(r for _, r, _ in self.mails)
