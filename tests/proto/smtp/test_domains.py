#!/usr/bin/env python3
"""One recipient domain that is slow, or refuses for now, does not hold up the others; and the limits the operator sets for every domain."""
import threading
from smtplines import *
from sink import Sink
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mail"))
from maillib import Clock


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

# ---- those that are put off get a turn each, and are not written again until it comes ----
k = Sink()
s = start(k, [("a.example", 600)], "domain_per_minute = 60")
s.post("test.pub", "To all", password="secret-a")
dues = lambda: {i["id"]: i["due"] for i in s.json("mailq") if i["to"]}
ok(wait_for(lambda: len(dues()) >= 590 and len(set(dues().values())) >= 50, 30), "one each second: their turns are spread (%d)" % len(set(dues().values())))
before = dues()
time.sleep(6)
after = dues()
limit = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 10))
far = [i for i in before if before[i] > limit and i in after]
ok(len(far) > 200, "most have theirs later (%d)" % len(far))
is_([i for i in far if after[i] != before[i]], [], "and none of these was moved again")
s.stop()
k.stop()

# ---- what the smarthost says to our sender is not the recipient domain's ----
world_full = True
k = Sink(lambda stage, n, rcpt: "452 4.3.1 full" if stage == "mail" and world_full else None)
s = start(k, [("a.example", 30)])
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: "smarthost down" in s.tail(100000), 30), "a smarthost that takes no mail at all is left alone as a whole")
ok(sum(1 for i in s.json("mailq") if i.get("attempts")) < 30, "before all mails were tried")
ok("a domain refuses" not in s.tail(100000), "and its domain is not blamed")
world_full = False
ok(wait_for(lambda: s.ctl("mailq", "flush") and len(k.recipients()) == 30, 60, 1), "when it takes mail again, all go out")
is_(sorted(set(k.recipients())), k.recipients(), "nobody twice")
s.stop()
k.stop()

# ---- one that refuses notices, which have no sender, does not keep copies from going out ----
k = Sink(lambda stage, n, rcpt: "550 5.7.1 a sender is needed" if stage == "null" else None)
s = start(k, [("a.example", 5)])
subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=b"probe --mail\n" * 24, capture_output=True, check=True)
ok(wait_for(lambda: sum(1 for i in s.json("mailq") if i.get("attempts")) >= 8, 10), "notices are refused")
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == 5, 10), "all copies are out")
ok(wait_for(lambda: sum(1 for i in s.json("mailq") if i.get("attempts")) == 24, 10), "each notice was asked for once")
ok("smarthost down" not in s.tail(100000), "the smarthost is not taken for down")
s.stop()
k.stop()

# ---- when every answer is slow it is the smarthost, and no domain is kept to one sender for it ----
lock, busy, most = threading.Lock(), 0, 0


def all_slow(stage, n, rcpt):
    global busy, most
    if stage != "data":
        return
    with lock:
        busy += 1
        most = max(most, busy)
    time.sleep(2.2)
    with lock:
        busy -= 1


k = Sink(all_slow, pipelining=False)
s = start(k, [("d%02d.example" % i, 1) for i in range(9)], senders=3)
s.post("test.pub", "To all", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == 9, 60), "each domain gets its first mail")
most = 0
s.post("test.pub", "Again", password="secret-a")
ok(wait_for(lambda: len(k.recipients()) == 18, 90), "and its second")
is_(most, 3, "by all senders, though all domains are slow")
s.stop()
k.stop()

# ---- a mail that expires while its domain is left alone is given up, not put off for ever ----
if Clock.LIB:
    clock = Clock()
    state.update(open=False, asked=0)
    k = Sink(throttle)
    s = start(k, [("busy.example", 600)])
    s.stop()
    clock.start(s)
    s.post("test.pub", "To all", password="secret-a")
    ok(wait_for(lambda: "a domain refuses" in s.tail(100000), 30), "the domain is left alone")
    clock.set("+6d")
    ok(wait_for(lambda: not s.json("mailq"), 60, 0.5), "after five days its mails are given up (%d left)" % len(s.json("mailq")))
    ok(state["asked"] < 100, "without asking it for each of them (%d)" % state["asked"])
    is_(k.recipients(), [], "nobody got one")
    s.stop()
    k.stop()
else:
    skip("libfaketime is not installed", 4)

# ---- large mails: what is composed and given is bounded in octets, however many wait ----
gate = threading.Event()
k = Sink(lambda stage, n, rcpt: gate.wait(120) and None if stage == "mail" else None)
s = start(k, [], senders=2)
for i in range(30):
    s.ctl("group", "add", "big.g%02d" % i)
    s.ctl("member", "add", "m@d%02d.example" % i, "--name", "M %d" % i)
    s.ctl("subscribe", "m@d%02d.example" % i, "big.g%02d" % i)
body = ("x" * 900 + "\r\n") * (4000000 // 902)
for i in range(30):
    s.post("big.g%02d" % i, "Big", body, password="secret-a")
under_way = lambda: s.json("status")[0]["mail_in_flight"]
ok(wait_for(lambda: under_way() >= 10, 30), "some are under way (%d)" % under_way())
wait_for(lambda: under_way() >= 25, 3)
st = s.json("status")[0]
ok(st["mail_in_flight"] <= 20 and st["mail_in_flight_bytes"] < 80 << 20,
   "32 MB composed and 32 MB given, and no more (%d of 30 mails of 4 MB, %d octets)" % (st["mail_in_flight"], st["mail_in_flight_bytes"]))
gate.set()
ok(wait_for(lambda: len(k.recipients()) == 30, 60), "and all arrive (%d)" % len(k.recipients()))
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
