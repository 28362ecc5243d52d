#!/usr/bin/env python3
"""One post to many (1,000; FORUMD_RECIPIENTS=10000 for more) through a smarthost that fails half of the time - 4xx at every
stage, connections dropped, slow answers - and kill -9 of forumd in the middle, several times: everybody has the mail exactly once, or
twice when it was on its way at a kill (or the smarthost itself took it and hung up before saying so)."""
import collections, os, random, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "proto", "smtp"))
from crashlib import *
from sink import Sink

PEOPLE, KILLS, SENDERS = int(os.environ.get("FORUMD_RECIPIENTS", "1000")), 6, 3
DEPTH = 32                     # mails in one sender's pipe (OUT_DEPTH_MAX), at most 64 in all
dice = random.Random(SEED)
taken = collections.defaultdict(list)      # recipient -> when the smarthost took it
hung_up = collections.Counter()
healthy_now = False


def fails(stage, n, rcpt):
    if healthy_now or stage == "greeting" and dice.random() < 0.9:
        return None
    x = dice.random()
    if stage == "end":
        if x < 0.02:
            hung_up[rcpt] += 1
            taken[rcpt].append(time.time())
            return "drop-after"
        if x < 0.15:
            return "451 4.3.0 try again"
        if x < 0.20:
            return "drop"
        if x < 0.50:
            time.sleep(dice.random() * 0.03)
        taken[rcpt].append(time.time())
        return None
    if x < 0.10:
        return {"greeting": "421 4.3.2 busy", "mail": "421 4.3.2 busy"}.get(stage, "451 4.7.1 greylisted")
    return "drop" if x < 0.13 else None


world = Sink(fails)
s = Server(transport="smtp://127.0.0.1:%d" % world.port, outgoing='tls = "none" hold_seconds = 0 senders = %d' % SENDERS)
s.group(GROUP)
s.member("alice@example.org", "Alice", "secret")
script = "".join("member add m%05d@example.net --name \"Member %d\"\nsubscribe m%05d@example.net %s --mode all\n" % (i, i, i, GROUP) for i in range(PEOPLE))
p = subprocess.run([find("forumctl"), "-c", s.conf, "shell"], input=script.encode(), capture_output=True)
is_(s.json("group", "show", GROUP)[0]["subscribers"], PEOPLE, "%d subscribers" % PEOPLE)
people = {"m%05d@example.net" % i for i in range(PEOPLE)}
s.post(GROUP, "to everybody")
kills, begin = [], time.time()


def left():
    return len(people - set(taken))


def push(until, seconds):
    """what was put off for minutes is due now"""
    end = time.time() + seconds * SLOW
    while not until() and time.time() < end:
        s.ctl("mailq", "flush", check=False)
        wait_for(until, 0.5)
    return until()


for k in range(KILLS):
    goal = PEOPLE * (KILLS - k) // (KILLS + 2)
    push(lambda: left() <= goal, 120)
    s.kill9()
    kills.append(time.time())
    s.start()
    if k == 2:
        s.kill9()              # at once again: nothing was sent, nothing is lost
        kills.append(time.time())
        s.start()
ok(push(lambda: not left(), 300 * (1 + PEOPLE / 5000)), "everybody has the mail (%d are missing, %d s)" % (left(), time.time() - begin))
healthy_now = True
ok(push(lambda: not s.json("mailq"), 60), "the queue is empty in the end")
is_(set(taken) - people, set(), "nobody else has it")
double = [r for r in people if len(taken[r]) > 1]
diag("%d kills, %d of %d twice, %d hung up after taking, %d connections, %d attempts" % (
    len(kills), len(double), PEOPLE, sum(hung_up.values()), world.connections, world.attempts))
# each doubling has its reason: on its way at a kill, or taken without an answer
window = 1 * SLOW
bad = []
for r in double:
    reasons = hung_up[r]
    for k in kills:
        before = [t for t in taken[r] if k - window <= t <= k + window]
        reasons += 1 if before and max(taken[r]) > min(before) else 0
    if len(taken[r]) > 1 + reasons:
        bad.append((r, [round(t - begin, 2) for t in taken[r]]))
is_(bad, [], "nobody has it twice without a kill within %d s, or a smarthost that hung up" % window)
by_kill = len([r for r in double if len(taken[r]) > 1 + hung_up[r]])
most = len(kills) * min(SENDERS * DEPTH, 64)
ok(by_kill <= most, "doubles by kills: %d, at most what the pipes hold, %d" % (by_kill, most))
healthy(s, "at the end")
done()
