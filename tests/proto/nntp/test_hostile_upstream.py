#!/usr/bin/env python3
"""forumd-fetch follows servers that mean no good, or know no better: each is left with words, memory is bounded, other feeds go on."""
import time
from newslib import *

GOOD = ("Path: up.test!not-for-mail\r\nFrom: c@up.test\r\nNewsgroups: test.forum\r\nSubject: s\r\nDate: Fri, 27 Nov 2026 01:00:00 +0000\r\nMessage-ID: %s\r\n\r\ntext\r\n.\r\n")


def over(n, mid):
    return "%d\ts\tc@up.test\tFri, 27 Nov 2026 01:00:00 +0000\t%s\t\t10\t1\r\n" % (n, mid)


def one(n, mid):
    return "224 x\r\n" + over(n, mid) + ".\r\n"


G1 = "211 1 1 1 test.forum\r\n"
first = lambda text: lambda arg: text if arg.split("-")[0] == "1" else "423 none\r\n"
CASES = {
    # name: (server, what the list of feeds says)
    "greeting": (Upstream(greeting="hello there\r\n"), "what came is no answer"),
    "busy": (Upstream(greeting="400 full\r\n"), "400 full"),
    "silent-line": (Upstream(greeting=b"2" * 300000), "a line is too long"),
    "numbers": (Upstream(GROUP="211 a b c\r\n"), "GROUP: 211 a b c"),
    "endless-line": (Upstream(GROUP=G1, OVER=b"224 x\r\n" + b"y" * 2000000), "a line is too long"),
    "closes": (Upstream(GROUP=G1, OVER=first(one(1, "<cl@up.test>")), ARTICLE=False), "was closed|cannot send|conversation"),
    "half": (Upstream(GROUP=G1, OVER=first(one(1, "<half@up.test>")), ARTICLE=lambda a: b"220 1 <half@up.test>\r\nPath: x\r\n" + b"y" * 100000), "too long"),
    "too-many": (Upstream(GROUP="211 9 1 100 test.forum\r\n", OVER=lambda a: "224 x\r\n" + "".join(over(1 + i % 100, "<m%d@up.test>" % i) for i in range(20000)) + ".\r\n"),
                 "more than was asked for"),
    "junk-codes": (Upstream(GROUP=G1, OVER="999 x\r\n"), "what came is no answer"),
}
# these end well: nothing of theirs is taken, or only what is sound
FINE = {
    "other-id": Upstream(GROUP=G1, OVER=first(one(1, "<asked@up.test>")), ARTICLE="220 1 <asked@up.test>\r\n" + GOOD % "<other@up.test>"),
    "bare-lf": Upstream(GROUP=G1, OVER=first(one(1, "<lf@up.test>")), ARTICLE="220 1 <lf@up.test>\r\n" + (GOOD % "<lf@up.test>").replace("text\r\n", "te\nxt\r\n")),
    "smuggle": Upstream(GROUP=G1, OVER=first("224 x\r\n" + over(1, "<a@b> QUIT") + over(1, "x") + over(1, "<" + "l" * 400 + "@b>") + "\r\n\t\t\t\t\t\r\n" + over(7, "<out@up.test>") + ".\r\n")),
    "nul": Upstream(GROUP=G1, OVER=first(one(1, "<nul@up.test>")), ARTICLE=("220 1 <nul@up.test>\r\n" + GOOD % "<nul@up.test>").replace("text", "te\0xt").encode()),
    "huge": Upstream(GROUP=G1, OVER=first(one(1, "<huge@up.test>")), ARTICLE="220 1 <huge@up.test>\r\n" + (GOOD % "<huge@up.test>").replace("text\r\n", "text text text text\r\n" * 500000)),
    # four thousand million numbers, of which one is there
    "sparse": Upstream(GROUP="211 1 1 4294967295 test.forum\r\n",
                       OVER=lambda a: one(3000000000, "<sparse@up.test>") if int(a.split("-")[0]) <= 3000000000 <= int(a.split("-")[1]) else "423 none\r\n",
                       ARTICLE="220 1 <sparse@up.test>\r\n" + GOOD % "<sparse@up.test>"),
}
good = Upstream(GROUP="211 1 1 1 test.forum\r\n", OVER=first(one(1, "<good@up.test>")), ARTICLE="220 1 <good@up.test>\r\n" + GOOD % "<good@up.test>")
conf = "".join('fetch %s { host = "127.0.0.1" port = %d groups = "test.forum" interval = 1 }\n' % (n, u.port)
               for n, u in [(n, u) for n, (u, _) in CASES.items()] + list(FINE.items()) + [("good", good)])
s = serve(extra=conf, limits="message_size = 200000")
r = s.nntp()


def state(name):
    return [f for f in s.json("feed", "list") if f["name"] == name][0]["pull"]


for name, (u, want) in CASES.items():
    if not ok(wait_for(lambda: re.search(want, state(name)), 60), "%s: said in the list of feeds" % name):
        diag(state(name))
for name in FINE:
    ok(wait_for(lambda: state(name) == "ok", 60), "%s: gone through to its end" % name) or diag(state(name))
ok(wait_for(lambda: r.cmd("STAT <good@up.test>").startswith("223"), 30), "a good one among them is followed")
ok(wait_for(lambda: r.cmd("STAT <sparse@up.test>").startswith("223"), 30), "one article in four thousand million numbers is found")
ok(len(FINE["sparse"].seen) < 20000, "with few questions (%d)" % len(FINE["sparse"].seen))
for mid in ("<asked@up.test>", "<other@up.test>", "<lf@up.test>", "<nul@up.test>", "<huge@up.test>", "<half@up.test>", "<out@up.test>", "<cl@up.test>", "<m1@up.test>"):
    if not r.cmd("STAT " + mid).startswith("430"):
        ok(False, mid + " was taken")
ok(not any("QUIT" in l for u in FINE.values() for l in u.seen), "what a list says is not said to anybody")
v = s.json("status")[-1]
is_((v["fetch_running"], v["fetch_starts"]), (1, 1), "forumd-fetch lives through all of it")


def rss(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) // 1024


ok(rss(s.proc.pid) < 300, "forumd: %d MB" % rss(s.proc.pid))
is_(s.stop(), 0, "it stops in order")
done()
