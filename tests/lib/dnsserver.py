"""A real DNS server for tests: nsd on a free loopback port with zones given as text; and one that never answers."""
import os, shutil, socket, subprocess, tempfile
from forumtest import at_end, skip_all, wait_for


def free_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u, socket.socket() as t:
        u.bind(("127.0.0.1", 0))
        t.bind(("127.0.0.1", u.getsockname()[1]))
        return u.getsockname()[1]


def txt(s):
    """one TXT record in pieces"""
    return " ".join('"%s"' % s[i:i + 200].replace("\\", "\\\\").replace('"', '\\"') for i in range(0, len(s), 200))


class Nsd:
    """zones: {"example.org": "record lines"}"""

    def __init__(self, zones, address="127.0.0.1", port=None):
        self.program = shutil.which("nsd") or "/usr/sbin/nsd"
        if not os.path.exists(self.program):
            skip_all("nsd is not installed")
        self.dir = tempfile.mkdtemp(prefix="nsd-")
        self.port = port or free_udp()
        self.address = address
        self.server = "%s:%d" % (address, self.port)
        conf = 'server:\n ip-address: %s@%d\n port: %d\n username: ""\n chroot: ""\n zonesdir: "%s"\n database: ""\n' % (address, self.port, self.port, self.dir)
        conf += ' pidfile: ""\n logfile: "%s/log"\n xfrdfile: "%s/xfrd"\n zonelistfile: "%s/list"\n xfrdir: "%s"\n server-count: 1\n hide-version: yes\n' % ((self.dir,) * 4)
        conf += "remote-control:\n control-enable: no\n"
        for name, text in zones.items():
            with open(os.path.join(self.dir, name), "w") as f:
                f.write("$ORIGIN %s.\n$TTL 1\n@ SOA ns.%s. x.%s. 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n%s\n" % (name, name, name, text))
            conf += 'zone:\n name: "%s"\n zonefile: "%s"\n' % (name, name)
        with open(os.path.join(self.dir, "conf"), "w") as f:
            f.write(conf)
        self.proc = subprocess.Popen([self.program, "-d", "-c", os.path.join(self.dir, "conf")], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        at_end(self.stop)
        name = list(zones)[0]
        if not wait_for(lambda: self.asks(name) or self.proc.poll() is not None, 20) or self.proc.poll() is not None:
            raise AssertionError("nsd: " + open(self.dir + "/log", errors="replace").read()[-800:])

    def asks(self, name):
        """does it answer for the SOA of a zone?"""
        q = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\x00\x00\x06\x00\x01"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(0.3)
            try:
                s.sendto(q, (self.address, self.port))
                a = s.recv(512)
                return a[:2] == b"\x12\x34" and a[6:8] != b"\x00\x00"
            except OSError:
                return False

    def stop(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            self.proc.wait()
        shutil.rmtree(self.dir, True)


class Silent:
    """takes questions and never answers"""

    def __init__(self):
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.server = "127.0.0.1:%d" % self.s.getsockname()[1]

    def asked(self):
        self.s.setblocking(False)
        n = 0
        try:
            while True:
                self.s.recv(2048)
                n += 1
        except OSError:
            return n
