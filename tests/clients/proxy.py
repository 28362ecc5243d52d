"""A TCP proxy that writes down what a client and the server say to each other, and reads it as NNTP.

    p = Proxy(s, "slrn"); run the client against 127.0.0.1 port p.port
    p.exchanges()    [(command, first line of the answer, lines of the text that follows or None)]
    p.posted()       the codes of the answers to what was posted
    p.peaceful()     tests: something was said, and no answer was 400 or 5xx

The session is in wire.log of the server's directory, and stays as FORUMD_WIRE/NAME.log when that variable names a directory.
Plain text only: after STARTTLS or COMPRESS nothing can be read."""
import threading
from forumtest import *

TEXT_FOLLOWS = {"100", "101", "215", "220", "221", "222", "224", "225", "230", "231", "282"}


class Stream:
    def __init__(self, data):
        self.lines = data.split(b"\r\n")
        self.lines.pop()                  # what is behind the last line end
        self.at = 0

    def line(self):
        if self.at == len(self.lines):
            return None
        self.at += 1
        return self.lines[self.at - 1].decode("utf-8", "surrogateescape")

    def text(self):
        out = []
        while True:
            l = self.line()
            if l is None or l == ".":
                return out
            out.append(l[1:] if l.startswith(".") else l)


class Proxy:
    def __init__(self, server, name, door="nntp"):
        self.to = server.port[door]
        self.name = name
        self.log = os.path.join(server.dir, "wire.log")
        self.sessions = []                # a [bytes of the client, bytes of the server] for each connection
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.to))
            with self.lock:
                self.sessions.append([b"", b""])
                n = len(self.sessions)
            for which, a, b in ((0, client, server), (1, server, client)):
                a.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._copy, args=(n, which, a, b), daemon=True).start()

    def _copy(self, n, which, a, b):
        try:
            while True:
                d = a.recv(65536)
                if not d:
                    break
                # written down before it is passed on: who has seen an answer finds it here
                with self.lock, open(self.log, "ab") as f:
                    self.sessions[n - 1][which] += d
                    for l in d.splitlines(True):
                        f.write(b"%d %s %s\n" % (n, b"CS"[which:which + 1], l.rstrip(b"\r\n")))
                b.sendall(d)
        except OSError:
            pass
        try:
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def exchanges(self):
        out = []
        for c, s in [tuple(x) for x in self.sessions]:
            c, s = Stream(c), Stream(s)
            out.append(("", s.line() or "", None))
            while True:
                command = c.line()
                answer = s.line()
                if command is None or answer is None:
                    if answer is not None:
                        out.append(("", answer, None))     # the server says something unasked
                    break
                code, text = answer[:3], None
                if code in TEXT_FOLLOWS or code == "211" and command.upper().startswith("LISTGROUP"):
                    text = s.text()
                out.append((command, answer, text))
                if code in ("340", "335"):
                    text = c.text()
                    out.append(("(article)", s.line() or "", text))
                if code in ("382", "206"):
                    break
        return out

    def commands(self):
        """the commands in order, passwords left out"""
        return [re.sub(r"(?i)^(AUTHINFO PASS) .*", r"\1 *", c) for c, _, _ in self.exchanges() if c]

    def answers(self, pattern):
        """the first lines of the answers to commands that match"""
        return [a for c, a, _ in self.exchanges() if re.search(pattern, c, re.I)]

    def posted(self, n=1, seconds=10):
        """the codes of the answers to articles; waits for n of them"""
        codes = lambda: [a[:3] for a in self.answers(r"^\(article\)") if a]
        wait_for(lambda: len(codes()) >= n, seconds, 0.05)
        return codes()

    def article(self):
        """the last article the client sent, as one text"""
        return "\n".join(([t for c, _, t in self.exchanges() if c == "(article)"] or [[]])[-1])

    def peaceful(self, but="^$"):
        """no answer says that something is broken or not understood; but: commands that may be refused"""
        all = self.exchanges()
        bad = [(c, a) for c, a, _ in all if re.match(r"400|5", a) and not re.search(but, c, re.I)]
        if not ok(len(all) > 2 and not bad, "on the wire: no 400 and no 5xx in %d exchanges" % len(all)):
            diag(bad)
        keep = os.environ.get("FORUMD_WIRE")
        if keep:
            with open(os.path.join(keep, self.name + ".log"), "w", errors="surrogateescape") as f:
                for c, a, t in all:
                    if c != "(article)":
                        f.write("C %s\n" % re.sub(r"(?i)^(AUTHINFO PASS) .*", r"\1 *", c))
                    else:
                        f.write("".join("C | %s\n" % l for l in t))
                    f.write("S %s\n" % a)
                    if c != "(article)" and t is not None:
                        f.write("".join("S | %s\n" % l for l in t[:60]))
