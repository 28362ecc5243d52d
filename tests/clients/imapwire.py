"""A TCP proxy for IMAP: what a program and the server said, and whether the server ever answered BAD.

    p = Wire(s, "neomutt"); run the client against 127.0.0.1 port p.port, without TLS
    p.commands()     the names of the commands in order, "UID" in front where it was, without what LITERAL and IDLE carry
    p.peaceful()     tests: no BAD, no NO but for the commands named; the session stays as FORUMD_WIRE/NAME.log"""
from proxy import *

COMMAND = re.compile(rb"(?m)^([A-Za-z0-9.$*_-]+) ((?:UID )?[A-Za-z]+)(?: ([^\r\n]*))?\r\n")


class Wire(Proxy):
    def __init__(self, server, name, door="imap"):
        super().__init__(server, name, door)

    def text(self, which):
        with self.lock:
            return [b"".join(x[which:which + 1]) for x in self.sessions]

    def sent(self):
        """[(tag, command, arguments)] of all sessions"""
        return [tuple(x.decode("utf-8", "replace") for x in m) for c in self.text(0) for m in COMMAND.findall(c)]

    def commands(self):
        return [c.upper() for _, c, _ in self.sent()]

    def answers(self, status):
        """[(command, line)] of the tagged answers with this status"""
        out = []
        for c, s in zip(self.text(0), self.text(1)):
            names = {m[0]: (m[1] + b" " + m[2]).decode("utf-8", "replace") for m in COMMAND.findall(c)}
            for tag, line in re.findall(rb"(?m)^(\S+) (%s [^\r\n]*)\r\n" % status.encode(), s):
                if tag in names or tag == b"*" and status == "BAD":
                    out.append((names.get(tag, ""), line.decode("utf-8", "replace")))
        return out

    def peaceful(self, but="^$"):
        bad, no = self.answers("BAD"), [x for x in self.answers("NO") if not re.search(but, x[0], re.I)]
        n = len(self.sent())
        if not ok(n > 2 and not bad and not no, "on the wire: no BAD and no NO in %d commands" % n):
            diag(bad, no)
        keep = os.environ.get("FORUMD_WIRE")
        if keep:
            shutil.copy(self.log, os.path.join(keep, self.name + ".log"))
