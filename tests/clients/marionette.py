"""A tiny client of Marionette, the remote control inside Thunderbird: scripts run with the program's own rights."""
import json, socket, time


class Marionette:
    def __init__(self, port, timeout=120):
        end = time.time() + timeout
        while True:
            try:
                self.s = socket.create_connection(("127.0.0.1", port), 5)
                break
            except OSError:
                if time.time() > end:
                    raise
                time.sleep(0.2)
        self.s.settimeout(timeout)
        self.b = b""
        self.n = 0
        self.read()
        self.call("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {"acceptInsecureCerts": True}}})
        self.call("Marionette:SetContext", {"value": "chrome"})
        self.call("WebDriver:SetTimeouts", {"script": int(timeout * 1000)})

    def read(self):
        while b":" not in self.b:
            self.fill()
        n, self.b = self.b.split(b":", 1)
        while len(self.b) < int(n):
            self.fill()
        d, self.b = self.b[:int(n)], self.b[int(n):]
        return json.loads(d)

    def fill(self):
        d = self.s.recv(65536)
        if not d:
            raise EOFError("marionette closed")
        self.b += d

    def call(self, name, params):
        self.n += 1
        d = json.dumps([0, self.n, name, params]).encode()
        self.s.sendall(b"%d:%s" % (len(d), d))
        kind, n, err, value = self.read()
        if err:
            raise AssertionError("%s: %s %s" % (name, err.get("error"), err.get("message")))
        return value

    def script(self, text, *args):
        """text is the body of an async function; its value"""
        body = "let done = arguments[arguments.length - 1]; (async () => {" + text + "})().then(v => done([v === undefined ? null : v]), e => done({failed: String(e) + '\\n' + (e && e.stack)}));"
        v = self.call("WebDriver:ExecuteAsyncScript", {"script": body, "args": list(args), "sandbox": "system", "newSandbox": False})["value"]
        if isinstance(v, dict):
            raise AssertionError("script: " + v["failed"])
        return v[0]
