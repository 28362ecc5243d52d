#!/usr/bin/env python3
"""One post to 10,000 subscribers into one fast sink, mails a second: forumd unsigned and signed, and mlmmj in the same run (its
own way with VERP, a mail for each; and with 100 recipients to a mail, which are then all the same). Two sinks: an ordinary one
acknowledges segments when the kernel likes, as every mail server does; the other at once, which spares mlmmj 40 ms a mail (it
writes a mail in pieces and leaves Nagle on).

  top_builddir=BUILD tests/perf/fanout.py [PEOPLE]

mlmmj is the installed one, or the package is unpacked into a temporary directory, since installing it wants a mail server.
Each line is the best of three ($RUNS); $ONLY is a pattern that chooses rows."""
import asyncio, multiprocessing, os, socket, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from forumtest import *

RUNS = int(os.environ.get("RUNS", "3"))
PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 10000


def serve(port, count, quick):
    """takes everything, at once, with PIPELINING; quick: acknowledges every segment"""
    class P(asyncio.Protocol):
        def connection_made(self, t):
            self.t, self.b, self.data, self.n = t, b"", False, 0
            t.write(b"220 sink ESMTP\r\n")

        def data_received(self, d):
            if quick:
                self.t.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            self.b += d
            out = b""
            while True:
                if self.data:
                    i = self.b.find(b"\r\n.\r\n")
                    if i < 0:
                        break
                    self.b, self.data = self.b[i + 5:], False
                    count.value += self.n
                    self.n = 0
                    out += b"250 ok\r\n"
                    continue
                i = self.b.find(b"\r\n")
                if i < 0:
                    break
                v, self.b = self.b[:4].upper(), self.b[i + 2:]
                self.n += v == b"RCPT"
                if v == b"DATA":
                    self.data = True
                    out += b"354 go\r\n"
                elif v == b"EHLO":
                    out += b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
                elif v == b"QUIT":
                    out += b"221 bye\r\n"
                else:
                    out += b"250 ok\r\n"
            if out:
                self.t.write(out)

    async def run():
        server = await asyncio.get_running_loop().create_server(P, "127.0.0.1", port)
        await server.serve_forever()
    asyncio.run(run())


def measure(count, go, seconds=120):
    count.value = 0
    t = time.time()
    go()
    while count.value < PEOPLE and time.time() - t < seconds:
        time.sleep(0.005)
    return count.value, time.time() - t


def mlmmj():
    """mlmmj-send, or None"""
    if shutil.which("mlmmj-send"):
        return shutil.which("mlmmj-send")
    d = tempfile.mkdtemp(prefix="mlmmj-")
    atexit.register(shutil.rmtree, d, True)
    subprocess.run("cd '%s' && apt-get -qq download mlmmj && dpkg -x mlmmj_*.deb ." % d, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    program = d + "/usr/bin/mlmmj-send"
    return program if os.path.exists(program) else None


def mlmmj_run(program, port, count, together):
    d = tempfile.mkdtemp(prefix="mlmmj-list-")
    for sub in "incoming queue queue/discarded archive text subconf unsubconf bounce control moderation subscribers.d digesters.d requeue nomailsubs.d".split():
        os.mkdir(os.path.join(d, sub))
    control = {"listaddress": "fan@forum.test", "owner": "x@forum.test", "relayhost": "127.0.0.1", "smtpport": str(port), "noarchive": ""}
    control.update({"verp": ""} if together else {"addtohdr": ""})
    for name, text in list(control.items()) + [("../index", "0")]:
        open(os.path.join(d, "control", name), "w").write(text + "\n")
    open(d + "/subscribers.d/m", "w").write("".join("m%05d@example.net\n" % i for i in range(PEOPLE)))
    open(d + "/mail", "w").write("From: Alice <alice@example.org>\nSubject: to everybody\nMessage-ID: <1@x>\n\n" + "A text of a few lines.\n" * 20)
    p = []
    n, t = measure(count, lambda: p.append(subprocess.Popen([program, "-L", d, "-m", d + "/mail"], stdin=subprocess.DEVNULL)), 20)
    p[0].kill()      # has ended, unless it was too slow
    p[0].wait()
    shutil.rmtree(d, True)
    return n, t


def best(label, run, tell=lambda: ""):
    n, t = max((run() for _ in range(RUNS)), key=lambda r: r[0] / r[1])
    print("%-32s %6d mails %7.2f s %7.0f /s  %s" % (label, n, t, n / t, tell()), flush=True)
    return n / t


if __name__ == "__main__":
    port, ordinary = free_ports(2)
    count = multiprocessing.Value("i", 0, lock=False)
    sinks = [multiprocessing.Process(target=serve, args=(n, count, n == port), daemon=True) for n in (port, ordinary)]
    for p in sinks:
        p.start()
    rates = {}
    rsa, ed = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["ed25519"]
    only = re.compile(os.environ.get("ONLY", ""))
    for label, keys, to in (("unsigned", [], port), ("signed, RSA 2048", [rsa], port), ("signed, Ed25519", [ed], port), ("signed, both", [rsa, ed], port),
                            ("unsigned, ordinary sink", [], ordinary), ("RSA 2048, ordinary sink", [rsa], ordinary), ("both, ordinary sink", [rsa, ed], ordinary)):
        if not only.search(label):
            continue
        s = Server(transport="smtp://127.0.0.1:%d" % to, start=False, outgoing='hold_seconds = 0 tls = "none" '
                   + "".join('dkim_key%s = "k%d.pem" ' % (n or "", n) for n in (0, 2)[:len(keys)]))
        for key, n in zip(keys, (0, 2)):
            subprocess.run(["openssl", "genpkey", "-algorithm"] + key + ["-out", s.dir + "/k%d.pem" % n], check=True, stderr=subprocess.DEVNULL)
        s.start()
        s.group("test.fan")
        s.member("alice@example.org", "Alice", "secret")
        script = "".join("member add m%05d@example.net --name \"Member %d\"\nsubscribe m%05d@example.net test.fan\n" % (i, i, i) for i in range(PEOPLE))
        subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=script.encode(), capture_output=True)
        rates[label] = best("forumd, " + label, lambda: measure(count, lambda: s.post("test.fan", "to everybody", "A text of a few lines.\r\n" * 20)),
            lambda: "RssAnon %d MiB" % (int(re.search(r"RssAnon:\s*(\d+)", open("/proc/%d/status" % s.proc.pid).read()).group(1)) // 1024))
        s.stop()
    program = only.search("mlmmj") and mlmmj()
    if program and "unsigned" in rates:
        each = {to: best("mlmmj, a mail for each" + name, lambda: mlmmj_run(program, to, count, False))
                for to, name in ((port, ""), (ordinary, ", ordinary"))}
        for to, name in (port, ""), (ordinary, ", ordinary"):
            best("mlmmj, 100 to a mail" + name, lambda: mlmmj_run(program, to, count, True))
        print("forumd / mlmmj, a mail for each: " + ", ".join("%s %.1f" % (l, r / each[ordinary if "ordinary" in l else port]) for l, r in rates.items()),
              flush=True)
    else:
        print("without mlmmj", flush=True)
    for p in sinks:
        p.terminate()
    stop_all()
    os._exit(0)
