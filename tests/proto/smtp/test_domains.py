#!/usr/bin/env python3
"""One recipient domain that is slow, or refuses for now, does not hold up the others; and the limits the operator sets for every domain."""
import threading
from smtplines import *
from sink import Sink


def start(sink, domains, outgoing="", senders=2):
    s = Server(transport="smtp://localhost:%d" % sink.port, outgoing='tls = "none" senders = %d %s' % (senders, outgoing))
    s.group("test.pub")
    s.member("alice@example.org", "Alice Moor", "secret-a")
    script = "".join("member add %s --name \"Member %d\"\nsubscribe %s test.pub\n" % (a, i, a)
                     for i, a in enumerate("m%03d@%s" % (i, d) for d, n in domains for i in range(n)))
    subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=script.encode(), capture_output=True, check=True)
    return s


def to(sink, domain):
    return [r for r in sink.recipients() if r.endswith("@" + domain)]


# ---- slow: three seconds for each of its mails; 60 of them are first in the queue ----
def slow(stage, n, rcpt):
    if stage == "rcpt" and rcpt.endswith("slow.example"):
        time.sleep(3)


k = Sink(slow)
s = start(k, [("slow.example", 60), ("quick.example", 60)])
t = time.time()
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: len(to(k, "quick.example")) == 60, 60), "all of the quick domain have it (%d)" % len(to(k, "quick.example")))
took = time.time() - t
ok(took < 30, "while the slow one, which needs 3 s for each, has most before it: %.1f s" % took)
ok(0 < len(to(k, "slow.example")) < 30, "the slow one goes on at its pace (%d)" % len(to(k, "slow.example")))
t = time.time()
s.post("test.pub", "Again", password="secret-a")
ok(wait_for(lambda: len(to(k, "quick.example")) == 120, 60), "the next post too")
ok(time.time() - t < 5, "without waiting behind the slow one at all: %.1f s" % (time.time() - t))
s.stop()
k.stop()

# ---- refuses for now, all and quickly; 600 of them are first ----
state = {"open": False, "asked": 0}


def throttle(stage, n, rcpt):
    if stage == "rcpt" and rcpt.endswith("busy.example"):
        state["asked"] += 1
        if not state["open"]:
            return "451 4.7.1 too many, later"


k = Sink(throttle)
s = start(k, [("busy.example", 600), ("quick.example", 40)])
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: len(to(k, "quick.example")) == 40, 30), "all of the quick domain have it")
time.sleep(5)
ok(8 <= state["asked"] <= 60, "the busy one was not asked for each of 600 mails (%d)" % state["asked"])
q = s.json("mailq")
is_(len(q), 600, "its mails wait")
ok(sum(1 for i in q if i.get("attempts")) <= 60, "and most of them without an attempt counted")
state["open"] = True
wait_for(lambda: s.ctl("mailq", "flush") and len(to(k, "busy.example")) == 600, 60, 2)
is_(len(to(k, "busy.example")), 600, "when it takes mail again, all go out")
is_(sorted(set(to(k, "busy.example"))), to(k, "busy.example"), "nobody twice")
s.stop()
k.stop()

# ---- a domain that takes everything is not kept waiting, also when all mail is for it ----
k = Sink()
s = start(k, [("quick.example", 800)])
s.post("test.pub", "To all", password="secret-a")
late = set()
while wait_for(lambda: len(k.recipients()) == 800, 0.5) is not True and s.json("mailq"):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    late |= {i["to"] for i in s.json("mailq") if i["due"] > stamp}
is_((len(late), len(k.recipients())), (0, 800), "no mail was put off")
s.stop()
k.stop()

# ---- limits for every domain ----
lock, now, most = threading.Lock(), {}, {}


def count(stage, n, rcpt):
    d = (rcpt or "@").split("@")[1]
    with lock:
        if stage == "rcpt":
            now[d] = now.get(d, 0) + 1
            most[d] = max(most.get(d, 0), now[d])
        if stage == "end":
            now[d] -= 1
    if stage == "data":
        time.sleep(0.05)


k = Sink(count)
s = start(k, [("a.example", 20), ("b.example", 20)], "domain_parallel = 1", senders=4)
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == 40, 60), "one at a time: all get it")
is_(most, {"a.example": 1, "b.example": 1}, "never two of one domain at once")
s.stop()
k.stop()

k = Sink()
s = start(k, [("a.example", 16)], "domain_per_minute = 240")
t = time.time()
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == 16, 30), "four a second: all get it")
took = time.time() - t
ok(took >= 2.4, "not faster: %.1f s" % took)
s.stop()
k.stop()
done()
