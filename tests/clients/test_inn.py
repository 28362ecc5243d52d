#!/usr/bin/env python3
"""A real INN and forumd carry groups for each other: pulled, pushed by CHECK and TAKETHIS, fed by innxmit and innfeed, pulled over by
pullnews; cancels and Supersedes travel both ways with their keys."""
import subprocess, time
from innlib import *

need("perl")
PEER = "peer forumd {\n hostname: 127.0.0.1\n}\n"
f = Server(limits="posts_per_minute = 0", start=False)      # pulls from INN and pushes to it
g = Server(limits="posts_per_minute = 0", start=False)      # is fed by INN
GROUPS = ("test.forum", "test.moderated", "test.stream", "test.batch", "test.back")


def configure(n, domain, extra):
    text = open(n.conf).read().replace('domain = "forum.test"', 'domain = "%s"' % domain)
    open(n.conf, "w").write(text + extra)
    n.start()
    for grp in GROUPS:
        n.group(grp, *(["--moderated"] if "moderated" in grp else []))
    n.member("alice@example.org", "Alice", "secret")


# g is there before INN is, and what INN's own feeder is told too: a feeder that ends, or is refused once, waits long
configure(g, "g.test", 'peer inn { address = "127.0.0.1" path = "inn.test" }\n')
FEEDER = ('max-connections: 2\npid-file: innfeed.pid\nlog-file: innfeed.log\nstatus-file: innfeed.status\n'
          'backlog-directory: innfeed\npeer live {\n ip-name: 127.0.0.1\n port-number: %d\n}\n' % g.port["nntp"])
i = Inn(GROUPS, incoming=PEER, etc={"innfeed.conf": FEEDER},
        feeds='batch:test.batch:Tf,Wnm:\ninnfeed!:!*:Tc,Wnm*:%s/innfeed -y\n'
              'live:test.stream,control,control.cancel:Tm:innfeed!\n' % BIN)
configure(f, "f.test", 'fetch pull { host = "127.0.0.1" port = %d path = "inn.test" groups = "test.forum,control.cancel" interval = 1 }\n' % i.reader
          + 'fetch push { host = "127.0.0.1" port = %d direction = "push" groups = "test.forum,test.moderated" interval = 1 }\n' % i.port)


def has(n, mid):
    k = n.nntp()
    try:
        return k.cmd("STAT " + mid).startswith("223")
    finally:
        k.close()


def header(n, name, mid):
    k = n.nntp()
    try:
        k.cmd("HEAD " + mid, "221")
        return [l for l in k.text() if l.lower().startswith(name.lower() + ":")]
    finally:
        k.close()


# INN -> forumd, pulled
like(i.post("test.forum", "from inn", "<one@inn.test>", body="..dot\r\ntext\r\n"), "^240", "posted at INN")
ok(wait_for(lambda: has(f, "<one@inn.test>"), 30), "forumd pulls it")
like(header(f, "Path", "<one@inn.test>")[0], r"^Path: f\.test!!inn\.test!\.POSTED", "the source's name was verified")
k = f.nntp()
k.cmd("BODY <one@inn.test>", "222")
is_(k.text(), [".dot", "text"], "dots as they were")
# forumd -> INN, pushed
first = f.post("test.forum", "from forumd", body="..dot\r\ntext\r\n")
ok(wait_for(lambda: i.has(first), 30), "INN takes what forumd pushes")
ok(wait_for(lambda: "feed=push push streaming taken=" in f.tail(10 ** 7)), "by CHECK and TAKETHIS")
like(header(i, "Path", first)[0], r"inn\.test!.*f\.test!\.POSTED!not-for-mail", "by way of forumd")
k = i.nntp()
k.cmd("BODY " + first, "222")
is_(k.text(), [".dot", "text"], "dots as they were")
many = [f.post("test.forum", "many %d" % n) for n in range(60)]
ok(wait_for(lambda: all(i.has(m) for m in many), 30), "sixty more")
# and not back again
k = f.nntp()
is_(int(k.cmd("GROUP test.forum").split()[1]), 62, "forumd does not get its own back")
# moderated: the Approved line is ours
like(f.nntp("alice@example.org", "secret").cmd("DATE"), "^111", "alice")
w = f.post("test.moderated", "waits")
f.ctl("approve", w)
ok(wait_for(lambda: i.has(w), 30), "what our moderators approved gets into INN's moderated group")
# cancels there
a = f.nntp("alice@example.org", "secret")


def post(c, text):
    c.cmd("POST", "340")
    c.raw(text)
    return c.line()


like(post(a, "Newsgroups: test.forum\r\nSubject: x\r\nControl: cancel %s\r\n\r\nx\r\n.\r\n" % first), "^240", "alice cancels")
ok(wait_for(lambda: not i.has(first), 30), "INN believes the key (docancels: require-auth)")
like(post(a, "Newsgroups: test.forum\r\nSubject: better\r\nMessage-ID: <better@f.test>\r\nSupersedes: %s\r\n\r\nx\r\n.\r\n" % many[0]), "^240", "alice supersedes")
ok(wait_for(lambda: i.has("<better@f.test>") and not i.has(many[0]), 30), "INN replaces it")
f.ctl("delete", many[1], "--reason", "x")
ok(wait_for(lambda: not i.has(many[1]), 30), "what a moderator deletes goes at INN")
# and here
cancel = i.run([BIN + "/gencancel", "<one@inn.test>"])
ok("Cancel-Key:" in cancel, "gencancel makes a cancel with a key") or diag(cancel)
like(post(i.nntp(), cancel.replace("\r", "").replace("\n", "\r\n") + ".\r\n"), "^240", "and INN takes it")
ok(wait_for(lambda: not has(f, "<one@inn.test>"), 30), "forumd, which follows control.cancel, believes INN's key")
# a forged one gets nowhere
bad = "Newsgroups: test.forum\r\nFrom: evil@inn.test\r\nSubject: cmsg cancel %s\r\nControl: cancel %s\r\nCancel-Key: sha256:guess\r\n\r\nx\r\n.\r\n" % (many[2], many[2])
post(i.nntp(), bad)
time.sleep(3)
ok(has(f, many[2]), "a forged cancel does not")

# INN -> forumd by innxmit
for n in range(5):
    i.post("test.batch", "batch %d" % n, "<b%d@inn.test>" % n)
ctlinnd = next(p for p in (BIN + "/ctlinnd", BIN + "/../../../sbin/ctlinnd", "/usr/sbin/ctlinnd") if os.path.exists(p))
out = i.dir + "/spool/outgoing/batch"


def batch(*options):
    """what nntpsend does: take INN's list away, let it begin another one, send"""
    wait_for(lambda: i.run([ctlinnd, "flush", "batch"]) is not None and os.path.exists(out) and os.path.getsize(out) > 0, 20)
    os.rename(out, out + ".work")
    i.run([ctlinnd, "flush", "batch"])
    return i.run([BIN + "/innxmit", "-v", "-P", str(g.port["nntp"])] + list(options) + ["127.0.0.1", out + ".work"], check=False)


text = batch()
like(text, "accepted 5 refused 0 rejected 0", "innxmit streams five articles into forumd")
ok(all(has(g, "<b%d@inn.test>" % n) for n in range(5)), "they are there")
like(header(g, "Path", "<b0@inn.test>")[0], r"^Path: g\.test!!inn\.test!", "the peer's name was verified")
i.post("test.batch", "batch 6", "<b6@inn.test>")
like(batch("-s"), "accepted 1 refused 0 rejected 0", "innxmit -s: by IHAVE")
ok(has(g, "<b6@inn.test>"), "it is there")

# by innfeed, all the time
for n in range(5):
    like(i.post("test.stream", "live %d" % n, "<l%d@inn.test>" % n), "^240", "posted at INN")
ok(wait_for(lambda: all(has(g, "<l%d@inn.test>" % n) for n in range(5)), 40), "innfeed streams into forumd")
cancel = i.run([BIN + "/gencancel", "<l1@inn.test>"])
post(i.nntp(), cancel.replace("\r", "").replace("\n", "\r\n") + ".\r\n")
ok(wait_for(lambda: not has(g, "<l1@inn.test>"), 40), "and cancels")

# pullnews reads forumd and feeds INN
back = [f.post("test.back", "back %d" % n, body="text\r\n") for n in range(5)]
rc = i.dir + "/pullnews.rc"
i.put("pullnews.rc", "127.0.0.1:%d\n\ttest.back 0 0\n" % f.port["nntp"])
if i.prefix:
    subprocess.run(["chown", i.user, rc], check=True)
text = i.run([BIN + "/pullnews", "-c", rc, "-s", "127.0.0.1:%d" % i.port], check=False)
ok(wait_for(lambda: all(i.has(m) for m in back), 20), "pullnews carries a group from forumd to INN") or diag(text)
i.stop()
is_((f.stop(), g.stop()), (0, 0), "both stop in order")
done()
