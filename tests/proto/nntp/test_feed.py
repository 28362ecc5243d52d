#!/usr/bin/env python3
"""IHAVE, CHECK, TAKETHIS; two forumd that carry one group in both directions."""
import base64, hashlib, time
from newslib import *

DATE = "Mon, 23 Nov 2026 10:00:00 +0000"


def art(mid, group="test.forum", path="peer.example!not-for-mail", headers="", body="text\r\n", frm="Carol <carol@peer.example>", date=DATE, subject="s"):
    return ("Path: %s\r\nFrom: %s\r\nNewsgroups: %s\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: %s\r\n%s\r\n%s.\r\n"
            % (path, frm, group, subject, date, mid, headers, body))


def peers(text):
    return 'peer news { %s }\n' % text


s = serve(extra='peer one { user = "bob@example.org" groups = "test.*,!test.secret" }\npeer two { user = "mod@example.org" stream = no approved = yes cancels = yes path = "two.example" groups = "test.*,!test.empty" }\n')
s.group("test.moderated", "--moderated")
a, p, q = s.nntp(*ALICE), s.nntp(*BOB), s.nntp(*MOD)
r = s.nntp()
for k in (a, r):
    k.cmd("IHAVE <x@y.test>", "502", "no feed from others")
    k.cmd("CHECK <x@y.test>", "502")
    k.cmd("MODE STREAM", "501")
    k.cmd("XFEED LIST", "500", "XFEED is for forumd-fetch")
k = s.nntp()
k.cmd("TAKETHIS <x@y.test>", "502")
ok(k.closed(), "TAKETHIS of others ends the connection")
for k, want in ((p, {"IHAVE", "STREAMING"}), (q, {"IHAVE"}), (a, set())):
    k.cmd("CAPABILITIES", "101")
    is_({"IHAVE", "STREAMING"} & set(k.text()), want, "capabilities")
p.cmd("MODE STREAM", "203", "MODE STREAM")
q.cmd("MODE STREAM", "501", "not for that peer")
q.cmd("CHECK <x@y.test>", "502")


def ihave(k, mid, text, code, name):
    k.cmd("IHAVE " + mid, "335")
    k.raw(text)
    like(k.line(), "^" + code, name)


ihave(p, "<f1@p.test>", art("<f1@p.test>", body="..dot\r\nx\r\n"), "235", "IHAVE")
p.cmd("IHAVE <f1@p.test>", "435", "again: not wanted")
p.cmd("IHAVE nonsense", "435", "no id")
r.cmd("ARTICLE <f1@p.test>", "220")
t = r.text()
ok("Path: forum.test!.SEEN.127.0.0.1!peer.example!not-for-mail" in t and "From: Carol <carol@peer.example>" in t and t[-2:] == [".dot", "x"], "as it came, our name in Path")
CASES = [
    (art("<b1@p.test>", path="a!forum.test!b"), "437.*Path", "a loop"),
    (art("<b1@p.test>", path="a!FORUM.test!b"), "437.*Path", "a loop in capitals"),
    (art("<other@p.test>"), "437.*Message-ID", "another id than offered"),
    (art("<b1@p.test>", group="no.such,test.secret"), "437.*groups", "no group that is taken"),
    (art("<b1@p.test>", date="nonsense"), "437.*Date", "no date"),
    (art("<b1@p.test>", date="Mon, 23 Nov 2099 10:00:00 +0000"), "437.*Date", "a date in the future"),
    (art("<b1@p.test>", headers="Injection-Date: Mon, 23 Nov 2099 10:00:00 +0000\r\n"), "437.*Date", "injected in the future"),
    (art("<b1@p.test>", headers="Injection-Date: soon\r\n"), "437.*Date", "an Injection-Date that is none"),
    (art("<b1@p.test>").replace("Subject: s\r\n", ""), "437.*Subject", "no subject"),
    (art("<b1@p.test>", headers="Subject: t\r\n"), "437.*Subject", "two subjects"),
    (art("<b1@p.test>", body=""), "437", "no body"),
    (art("<b1@p.test>", body="bare\nlf\r\n"), "437", "a bare LF"),
    (art("<b1@p.test>", body="nul\0\r\n"), "437", "NUL"),
    (art("<b1@p.test>", headers="Control: newgroup x.y\r\n"), "437.*control", "a control message"),
    (art("<b1@p.test>", headers="Control: cancel <f1@p.test>\r\n"), "437", "a cancel without key"),
    (".\r\n", "437", "nothing"),
]
for text, want, name in CASES:
    ihave(p, "<b1@p.test>", text, want, "refused: " + name)
ihave(p, "<f2@p.test>", art("<f2@p.test>", group="no.such,test.empty,test.secret,test.forum"), "235", "the groups that are here")
r.cmd("HDR Xref <f2@p.test>", "225")
like(r.text()[0], r"test\.empty:1 test\.forum:\d+$", "are entered")
ihave(p, "<f3@p.test>", art("<f3@p.test>", frm="Alice <alice@example.org>", headers="Forum-Flags: spam\r\nXref: evil x:1\r\n"), "235", "a From that is a member's")
r.cmd("HEAD <f3@p.test>", "221")
t = r.text()
ok("From: Alice <alice@example.org>" in t and not any("spam" in x or "evil" in x for x in t), "does not become the member's, states of others go") or diag(t)
a.cmd("POST", "340")
a.raw(article(headers="Control: cancel <f3@p.test>\r\n"))
like(a.line(), "^441", "nor may the member cancel it")
post(a, mid="<mine@x.test>")
p.cmd("IHAVE <mine@x.test>", "435", "what was posted here is not wanted")
a.cmd("POST", "340")
a.raw(article(headers="Control: cancel <mine@x.test>\r\n"))
a.expect("240")
p.cmd("CHECK <mine@x.test>", "438", "what was deleted here stays so")

# moderated groups
ihave(p, "<m1@p.test>", art("<m1@p.test>", group="test.moderated", headers="Approved: me@p.test\r\n"), "235", "an untrusted Approved")
r.cmd("STAT <m1@p.test>", "430", "waits for our moderators")
ihave(q, "<m2@p.test>", art("<m2@p.test>", group="test.moderated", headers="Approved: me@p.test\r\n"), "235", "a trusted one")
r.cmd("STAT <m2@p.test>", "223", "is there")
ihave(q, "<m3@p.test>", art("<m3@p.test>", group="test.moderated"), "235", "a trusted peer without it")
r.cmd("STAT <m3@p.test>", "430", "waits too")

# keys
def lock(k):
    return base64.b64encode(hashlib.sha256(k).digest()).decode()
ihave(p, "<l1@p.test>", art("<l1@p.test>", headers="Cancel-Lock: sha256:%s\r\n" % lock(b"k1")), "235", "with a lock")
ihave(p, "<l2@p.test>", art("<l2@p.test>", headers="Supersedes: <l1@p.test>\r\nCancel-Key: sha256:no\r\nCancel-Lock: sha256:%s\r\n" % lock(b"k2")), "235", "Supersedes with a wrong key")
r.cmd("STAT <l1@p.test>", "223", "leaves the old one")
ihave(p, "<l3@p.test>", art("<l3@p.test>", headers="Supersedes: <l1@p.test>\r\nCancel-Key: sha256:k1\r\n"), "235", "with the right one")
r.cmd("STAT <l1@p.test>", "430", "replaces it")
ihave(p, "<l4@p.test>", art("<l4@p.test>", headers="Control: cancel <l2@p.test>\r\nCancel-Key: sha256:k2\r\n"), "235", "a cancel with the key")
r.cmd("STAT <l2@p.test>", "430", "cancels")

# a cancel that comes before its article waits for it
ihave(p, "<e1@p.test>", art("<e1@p.test>", headers="Control: cancel <e2@p.test>\r\nCancel-Key: sha256:early\r\n"), "235", "a cancel before its article")
p.cmd("IHAVE <e1@p.test>", "435", "is known")
ihave(p, "<e2@p.test>", art("<e2@p.test>", headers="Cancel-Lock: sha256:%s\r\n" % lock(b"early")), "437.*cancelled", "the article it fits is refused")
ihave(p, "<e3@p.test>", art("<e3@p.test>", headers="Control: cancel <e4@p.test>\r\nCancel-Key: sha256:other\r\n"), "235", "another one")
ihave(p, "<e4@p.test>", art("<e4@p.test>", headers="Cancel-Lock: sha256:%s\r\n" % lock(b"early")), "235", "one it does not fit is taken")
ihave(p, "<e5@p.test>", art("<e5@p.test>", headers="Control: cancel <e6@p.test>\r\n"), "437", "one without a key is nothing to wait for")
# a peer that is trusted needs no key, within its groups
post(a, mid="<own1@x.test>")
post(a, mid="<own2@x.test>", group="test.forum,test.empty")
for n, (k, target, code, why) in enumerate(((p, "<own1@x.test>", "437", "not trusted"), (q, "<own2@x.test>", "437", "trusted, but it stands in another group too"),
                                            (q, "<own1@x.test>", "235", "trusted"), (q, "<own1@x.test>", "437", "once"))):
    ihave(k, "<t%d@p.test>" % n, art("<t%d@p.test>" % n, headers="Control: cancel %s\r\n" % target), code, "a cancel without key: " + why)
r.cmd("STAT <own1@x.test>", "430")
r.cmd("STAT <own2@x.test>", "223")
ihave(q, "<t8@p.test>", art("<t8@p.test>", headers="Supersedes: <e4@p.test>\r\n"), "235", "Supersedes of a trusted peer")
r.cmd("STAT <e4@p.test>", "430", "replaces")
# Path (RFC 5537 3.2.1)
for mid, path, want in (("<d1@p.test>", "two.example!x!not-for-mail", "forum.test!!two.example!x!not-for-mail"),
                        ("<d2@p.test>", " TWO.example!not-for-mail", "forum.test!!TWO.example!not-for-mail"),
                        ("<d3@p.test>", "liar.example!not-for-mail", "forum.test!.MISMATCH.two.example!liar.example!not-for-mail")):
    ihave(q, mid, art(mid, path=path), "235", "Path " + path)
    r.cmd("HDR Path " + mid, "225")
    is_(r.text(), ["0 " + want], "says what is known of its source")

# streaming, pipelined
ids = ["<s%d@p.test>" % i for i in range(100)]
p.raw("".join("CHECK %s\r\n" % i for i in ids + ["<f1@p.test>", "bad"]))
is_([p.line() for _ in range(102)], ["238 " + i for i in ids] + ["438 <f1@p.test>", "438 bad"], "CHECK, pipelined")
p.raw("".join("TAKETHIS %s\r\n%s" % (i, art(i, body="..\r\nb\r\n")) for i in ids + ["<f1@p.test>"]) + "TAKETHIS\r\nx\r\n.\r\nTAKETHIS <t@p.test>\r\n.\r\nDATE\r\n")
is_([p.line() for _ in range(101)], ["239 " + i for i in ids] + ["439 <f1@p.test>"], "TAKETHIS, pipelined")
p.expect("501", "TAKETHIS without an id reads its article")
p.expect("439", "an empty one is refused")
p.expect("111", "and the session goes on")
p.raw("TAKETHIS <%s@p.test>\r\nx\r\n.\r\nDATE\r\n" % ("i" * 245))
p.expect("501", "an id longer than any: its article is read, and no half answer given")
p.expect("111", "the session goes on")

# ---- two servers, one group, both directions ----
MESH = "".join('peer p { address = "127.0.0.1" }\n')
ports = free_ports(2)


def node(domain, extra):
    n = Server(limits="posts_per_minute = 0", extra=extra, start=False)
    text = open(n.conf).read().replace('domain = "forum.test"', 'domain = "%s"' % domain)
    open(n.conf, "w").write(text)
    n.start()
    for g in ("test.mesh", "test.own"):
        n.group(g)
    n.member("alice@example.org", "Alice " + domain, "secret")
    return n


def count(n, group="test.mesh"):
    k = n.nntp()
    l = k.cmd("GROUP " + group)
    k.close()
    return int(l.split()[1])


x = node("x.test", "")
y = node("y.test", MESH + 'fetch x { host = "127.0.0.1" port = %d groups = "test.mesh" interval = 1 }\n' % x.port["nntp"])
first = [x.post("test.mesh", "from x %d" % i) for i in range(5)]
ok(wait_for(lambda: count(y) == 5), "y pulls what x has (%d)" % count(y))
z = y.nntp()
z.cmd("HEAD " + first[0], "221")
t = z.text()
like("\n".join(t), r"Path: y\.test!\.SEEN\.127\.0\.0\.1!x\.test!\.POSTED!not-for-mail", "by way of x")
ok(any(re.match(r'From: "Alice x.test" <author-\d+@x.test>', l) for l in t), "the author as x shows her")
more = [y.post("test.mesh", "from y %d" % i, headers="References: %s\r\n" % first[0]) for i in range(3)]
# x learns of y at run time
with open(x.conf, "a") as f:
    f.write('fetch y { host = "127.0.0.1" port = %d groups = "test.mesh, test.nix" interval = 1 direction = "both" }\n' % y.port["nntp"])
x.reload()
ok(wait_for(lambda: count(x) == 8, 20), "x follows y after a reload (%d)" % count(x))
last = [x.post("test.mesh", "again %d" % i) for i in range(4)] + [y.post("test.mesh", "there %d" % i) for i in range(4)]
ok(wait_for(lambda: count(x) == 16 and count(y) == 16, 20), "both have all (%d, %d)" % (count(x), count(y)))
time.sleep(3)
is_((count(x), count(y)), (16, 16), "and nothing twice")
for n in (x, y):
    k = n.nntp()
    k.cmd("GROUP test.mesh", "211")
    k.cmd("OVER 1-", "224")
    got = [l.split("\t")[4] for l in k.text()]
    is_(sorted(got), sorted(first + more + last), "every id once")
    k.cmd("HDR Forum-Thread " + more[0], "225")
    is_(k.text(), ["0 by=references"], "threads come along")
is_(count(y, "test.own"), 0, "other groups stay")
l = [f for f in x.json("feed", "list") if f["name"] == "y"]
is_((l[0]["configured"], l[0]["push"][:23], l[0]["pull"][:23]), (True, "test.nix: GROUP: 411 no", "test.nix: GROUP: 411 no"), "feeds of the configuration say what is wrong, too")
# what is cancelled there is cancelled here: x pushes, its key opens the lock
xa = x.nntp("alice@example.org", "secret")
like(post(xa, group="test.mesh", mid="<cc@x.test>", headers="Control: cancel %s\r\n" % first[1]), "^240", "a cancel at x")
z = y.nntp()
ok(wait_for(lambda: z.cmd("STAT " + first[1]).startswith("430"), 20), "reaches y")
like(post(xa, group="test.mesh", mid="<ss@x.test>", headers="Supersedes: %s\r\n" % first[2]), "^240", "a Supersedes at x")
ok(wait_for(lambda: z.cmd("STAT <ss@x.test>").startswith("223") and z.cmd("STAT " + first[2]).startswith("430"), 20), "replaces it at y")
x.ctl("delete", first[3], "--reason", "x")
ok(wait_for(lambda: z.cmd("STAT " + first[3]).startswith("430"), 20), "what a moderator deletes at x goes at y")
x.ctl("hide", first[4], "--reason", "x")
y.ctl("delete", first[0], "--reason", "x")
time.sleep(3)
is_(z.cmd("STAT " + first[4])[:3], "223", "what is only hidden stays elsewhere")
zx = x.nntp()
is_(zx.cmd("STAT " + first[0])[:3], "223", "nobody withdraws what others wrote")
x.ctl("restore", first[4])
for mid in (first[0], first[1], first[2], first[3]):
    x.ctl("delete", mid, "--reason", "x", check=False)
x.ctl("delete", "<ss@x.test>", "--reason", "x")
ok(wait_for(lambda: count(y) == 12 and count(x) == 12, 20), "both have the rest (%d, %d)" % (count(x), count(y)))
# added at run time
w = node("w.test", "")
w.ctl("feed", "add", "x", "127.0.0.1", "test.mesh", "--port", str(x.port["nntp"]), "--interval", "1")
like(w.ctl("feed", "list"), r"^x pull 127\.0\.0\.1:%d tls=none every 1 s: test\.mesh" % x.port["nntp"], "forumctl feed list")
ok(wait_for(lambda: "\n  pull: ok, since 20" in w.ctl("feed", "list"), 20), "and how it goes") or diag(w.ctl("feed", "list"))
w.ctl("feed", "add", "nix", "127.0.0.1", "test.mesh", "--port", "1", "--interval", "1", "--direction", "both")
ok(wait_for(lambda: w.json("feed", "list")[0].get("push", "").startswith("*: connecting: 127.0.0.1 port 1"), 20), "what is wrong with one, in words") or diag(w.json("feed", "list"))
w.ctl("feed", "remove", "nix")
ok(wait_for(lambda: count(w) == 12, 20), "forumctl feed add (%d)" % count(w))
# pushing alone: to one that streams, and to one that knows IHAVE only
for stream in ("yes", "no"):
    v = node("v.test", 'peer x { address = "127.0.0.1" stream = %s path = "x.test" }\n' % stream)
    x.ctl("feed", "add", "v" + stream, "127.0.0.1", "test.mesh", "--port", str(v.port["nntp"]), "--interval", "1", "--direction", "push")
    ok(wait_for(lambda: count(v) == 12, 20), "pushed, stream = %s (%d)" % (stream, count(v)))
    said = "feed=v%s push%s taken=12 refused=0" % (stream, " streaming" if stream == "yes" else "")
    ok(wait_for(lambda: said in x.tail(10 ** 7)), "the log says how")
    k = v.nntp()
    own = x.post("test.mesh", "pushed alone")
    ok(wait_for(lambda: k.cmd("STAT " + own).startswith("223"), 20), "and what comes later")
    k.cmd("HDR Path " + own, "225")
    is_(k.text(), ["0 v.test!!x.test!.POSTED!not-for-mail"], "by way of x, whose name is known")
    x.ctl("delete", own, "--reason", "x")
    ok(wait_for(lambda: k.cmd("STAT " + own).startswith("430"), 20), "and goes again")
    x.ctl("feed", "remove", "v" + stream)
    k.close()
    v.stop()
# cancels go the way of the rest: to a server that streams, nothing is said with IHAVE
sink = Upstream(MODE="203 ok\r\n", CHECK=lambda a: "238 %s\r\n" % a, TAKETHIS=lambda a: "239 %s\r\n" % a)
x.ctl("feed", "add", "sink", "127.0.0.1", "test.mesh", "--port", str(sink.port), "--interval", "1", "--direction", "push")
ok(wait_for(lambda: len(sink.articles) == 12, 20), "a streaming sink has all") or diag(sink.seen)
mid = x.post("test.mesh", "soon gone")
ok(wait_for(lambda: mid in sink.articles, 20), "and what comes later")
x.ctl("delete", mid, "--reason", "x")
cancels = lambda: {i: t for i, t in sink.articles.items() if "Control: cancel %s\r\n" % mid in t}
ok(wait_for(cancels, 20), "a cancel comes by TAKETHIS")
ok(all("CHECK " + i in sink.seen and "Cancel-Key: " in t for i, t in cancels().items()), "after CHECK, with its key")
ok(not any(l.startswith("IHAVE") for l in sink.seen), "and nothing by IHAVE") or diag(sink.seen)
ok(wait_for(lambda: "cancelled=1" in [l for l in x.tail(10 ** 7).splitlines() if "feed=sink push" in l][-1]), "the log counts it")
x.ctl("feed", "remove", "sink")
# who only pulls learns of deletions from control.cancel there
def gone(k, mid):
    return wait_for(lambda: k.cmd("STAT " + mid).startswith("430"), 20)


x.group("control.cancel")
is_([g["posting"] for g in x.json("group", "list") if g["name"] == "control.cancel"], ["nobody"], "control.cancel takes no posts of members")
w.group("control.cancel")
u = node("u.test", 'fetch w { host = "127.0.0.1" port = %d groups = "test.mesh" interval = 1 }\n' % w.port["nntp"])
kw, ku, kx = w.nntp(), u.nntp(), x.nntp("alice@example.org", "secret")
mids = [x.post("test.mesh", "to be pulled %d" % i) for i in range(5)]
x.group("test.closed", "--access", "members")
closed = x.post("test.closed", "nobody else's business")
for mid in mids:
    ok(wait_for(lambda: kw.cmd("STAT " + mid).startswith("223") and ku.cmd("STAT " + mid).startswith("223"), 20), "pulled, and pulled from there")
x.ctl("delete", mids[0], "--reason", "x")
like(post(kx, group="test.mesh", mid="<pc@x.test>", headers="Control: cancel %s\r\n" % mids[1]), "^240", "a cancel by the author")
like(post(kx, group="test.mesh", mid="<ps@x.test>", headers="Supersedes: %s\r\n" % mids[2]), "^240", "a Supersedes")
x.ctl("hide", mids[3], "--reason", "x")
x.ctl("delete", closed, "--reason", "x")
for mid in mids[:3]:
    ok(gone(kw, mid), "gone at who pulls")
    ok(gone(ku, mid), "and at who pulls from there")
ok(wait_for(lambda: kw.cmd("STAT <ps@x.test>").startswith("223"), 20), "the successor is there")
is_([kw.cmd("STAT " + m)[:3] for m in mids[3:]], ["223", "223"], "what is hidden or stands stays")
for n in (w, u):
    log = [l for l in n.ctl("log").splitlines() if " delete " in l]
    ok(len(log) >= 2 and all(re.search(r"by another server: cancelled by <\S+\.cancel@x\.test> from 127\.0\.0\.1, with the key to its lock", l) for l in log), "the log says why") or diag(n.ctl("log"))
    ok("cancelled by <" in n.ctl("trace", mids[0]), "so does the trace")
kx.cmd("GROUP control.cancel", "211")
kx.cmd("OVER 1-", "224")
lines = [l.split("\t") for l in kx.text()]
is_(sorted(l[1] for l in lines), sorted("cmsg cancel " + m for m in mids[:3]), "a cancel for each, none of a closed group")
kx.cmd("ARTICLE %s" % lines[0][0], "220")
t = kx.text()
ok("Control: cancel " + mids[0] in t and "Newsgroups: test.mesh" in t and any(l.startswith("Cancel-Key: sha256:") for l in t), "with all that news software wants") or diag(t)
x.ctl("undo")
x.ctl("undo")
x.ctl("undo")
is_((kx.cmd("STAT " + mids[0])[:3], kx.cmd("STAT " + lines[0][4])[:3]), ("223", "430"), "undone: the cancel goes, too")
x.ctl("delete", mids[0], "--reason", "again")
is_((kx.cmd("STAT " + mids[0])[:3], kx.cmd("STAT " + lines[0][4])[:3]), ("430", "223"), "and comes back with the deletion")
like(post(kx, group="control.cancel"), "^441", "nobody posts there")
u.stop()
w.ctl("feed", "remove", "x")
is_(w.ctl("feed", "list"), "", "forumctl feed remove")
for groups, why in (("test.mesh,example.x", "example.x cannot be followed: example"), ("a.all, b", "a.all cannot be followed"), ("Test.Mesh", "Test.Mesh cannot be followed"),
                    ("control.newgroup", "control.newgroup cannot be followed: of control messages")):
    w.ctl("feed", "add", "r", "h", groups, check=False)
    is_(w.code, 1, "refused: feed add of " + groups)
    like(w.err, re.escape(why), "with words")
w.ctl("feed", "add", "r", "h", "test.mesh,control.cancel")
w.ctl("feed", "remove", "r")
for bad in (("X Y", "h", "g"), ("x", "h", "g", "--tls", "maybe"), ("x", "h", "g", "--interval", "0"), ("x", "h", "g", "--direction", "up")):
    w.ctl("feed", "add", *bad, check=False)
    is_(w.code, 1, "refused: feed add " + " ".join(bad))
# over TLS, with verification: the certificate is not known to this machine, then it is
w.ctl("feed", "add", "t", "localhost", "test.mesh", "--port", str(x.port["nntps"]), "--tls", "verify", "--interval", "1")
ok(wait_for(lambda: "certificate" in w.tail(20000)), "an unknown certificate is refused")
w.stop()
os.environ["SSL_CERT_FILE"] = os.path.join(x.dir, "cert.pem")
w.start()
k = x.nntp("alice@example.org", "secret")
post(k, group="test.mesh", mid="<tls@x.test>")
z = w.nntp()
ok(wait_for(lambda: z.cmd("STAT <tls@x.test>").startswith("223"), 20), "a known one carries the group")
x.ctl("delete", "<tls@x.test>", "--reason", "x")

# the place survives a restart; what comes meanwhile is fetched then
y.stop()
late = x.post("test.mesh", "while y was away")
before, there = len(y.tail(10 ** 8)), len(x.tail(10 ** 8))
y.start()
ok(wait_for(lambda: y.nntp().cmd("STAT " + late).startswith("223"), 20), "after a restart y goes on")
ok(wait_for(lambda: "taken=1 refused=0" in y.tail(10 ** 8)[before:] or "taken=1 refused=0" in x.tail(10 ** 8)[there:]),
   "from its place (y asks, or x pushes first)")
done()
