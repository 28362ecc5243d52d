#!/usr/bin/env python3
"""One post to 10,000 subscribers into a fast sink, mails a second: unsigned and signed.

  top_builddir=BUILD tests/perf/fanout.py [PEOPLE]"""
import asyncio, multiprocessing, os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from forumtest import *

PEOPLE = int(sys.argv[1]) if len(sys.argv) > 1 else 10000


def serve(port, count):
    """takes everything, at once, with PIPELINING"""
    class P(asyncio.Protocol):
        def connection_made(self, t):
            self.t, self.b, self.data = t, b"", False
            t.write(b"220 sink ESMTP\r\n")

        def data_received(self, d):
            self.b += d
            out = b""
            while True:
                if self.data:
                    i = self.b.find(b"\r\n.\r\n")
                    if i < 0:
                        break
                    self.b, self.data = self.b[i + 5:], False
                    count.value += 1
                    out += b"250 ok\r\n"
                    continue
                i = self.b.find(b"\r\n")
                if i < 0:
                    break
                v, self.b = self.b[:4].upper(), self.b[i + 2:]
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


def measure(count, go, seconds=600):
    count.value = 0
    t = time.time()
    go()
    while count.value < PEOPLE and time.time() - t < seconds:
        time.sleep(0.005)
    return count.value, time.time() - t


if __name__ == "__main__":
    port, = free_ports(1)
    count = multiprocessing.Value("i", 0, lock=False)
    p = multiprocessing.Process(target=serve, args=(port, count), daemon=True)
    p.start()
    for label, key in ("unsigned", None), ("signed, RSA 2048", ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"]), ("signed, Ed25519", ["ed25519"]):
        s = Server(transport="smtp://127.0.0.1:%d" % port, outgoing='hold_seconds = 0 tls = "none" ' + ('dkim_key = "k.pem"' if key else ""), start=False)
        if key:
            subprocess.run(["openssl", "genpkey", "-algorithm"] + key + ["-out", s.dir + "/k.pem"], check=True, stderr=subprocess.DEVNULL)
        s.start()
        s.group("test.fan")
        s.member("alice@example.org", "Alice", "secret")
        script = "".join("member add m%05d@example.net --name \"Member %d\"\nsubscribe m%05d@example.net test.fan\n" % (i, i, i) for i in range(PEOPLE))
        subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=script.encode(), capture_output=True)
        n, t = measure(count, lambda: s.post("test.fan", "to everybody", "A text of a few lines.\r\n" * 20))
        rss = int(re.search(r"RssAnon:\s*(\d+)", open("/proc/%d/status" % s.proc.pid).read()).group(1)) // 1024
        print("forumd, %-18s %6d mails %7.2f s %7.0f /s  RssAnon %d MiB" % (label, n, t, n / t, rss), flush=True)
        s.stop()
    p.terminate()
    stop_all()
    os._exit(0)
