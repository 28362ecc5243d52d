#!/usr/bin/env python3
"""POST, cancel, Supersedes."""
import base64, hashlib, time
from newslib import *

s = serve()
s.group("test.moderated", "--moderated")
c = s.nntp()
c.cmd("POST", "480", "nobody posts without a login")
a, b, m = s.nntp(*ALICE), s.nntp(*BOB), s.nntp(*MOD)

l = a.cmd("POST")
offered = re.search(r"^340 .*(<\S+@forum\.test>)$", l)
ok(offered is not None, "340 with a Message-ID")
a.raw(article(subject="no id"))
like(a.line(), "^240", "posted")
c.cmd("STAT " + offered.group(1), "223", "under that id")

CASES = [
    ("From: Bob <bob@example.org>\r\nNewsgroups: test.forum\r\nSubject: s\r\n\r\nx\r\n", r"one of your addresses \(alice@example\.org\); it says bob@example\.org"),
    ("Subject: s\r\n\r\nx\r\n", "Newsgroups is missing"),
    ("Newsgroups: test.forum\r\n\r\nx\r\n", "Subject is missing"),
    ("Newsgroups: test.nix\r\nSubject: s\r\n\r\nx\r\n", "no such group: test.nix"),
    ("Newsgroups: test.secret\r\nSubject: s\r\n\r\nx\r\n", "no such group: test.secret"),
    ("Newsgroups: test.forum,test.members\r\nSubject: s\r\n\r\nx\r\n", "cannot be combined"),
    ("Newsgroups: test.forum\r\nSubject: s\r\n\r\n", "no text"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nDate: nonsense\r\n\r\nx\r\n", "Date"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nMessage-ID: x\r\n\r\nx\r\n", "Message-ID"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nMessage-ID: <a..b@x.test>\r\n\r\nx\r\n", "Message-ID is malformed"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nMessage-ID: <a,b@x.test>\r\n\r\nx\r\n", "Message-ID is malformed"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nControl: newgroup x.y\r\n\r\nx\r\n", "control messages"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nControl: cancel <no@such.test>\r\n\r\nx\r\n", "no such article"),
    ("Newsgroups: test.forum\r\nSubject: s\r\nSupersedes: <no@such.test>\r\n\r\nx\r\n", "Supersedes"),
    ("Newsgroups: test.forum\r\nSubject: s\r\n\r\nbare\nlf\r\n", "bare LF"),
    ("Newsgroups: test.forum\r\nSubject: s\r\n\r\nbare\rcr\r\n", "bare CR"),
    ("Newsgroups: test.forum\r\nSubject: s\r\n\r\nnul\0\r\n", "NUL"),
    ("Newsgroups: test.blog\r\nSubject: s\r\n\r\nx\r\n", ""),
    ("", ""),
]
for text, why in CASES:
    a.cmd("POST", "340")
    a.raw(text + ".\r\n")
    like(a.line(), "^441 .*" + why, "refused: " + (why or text[:30]))
a.cmd("DATE", "111", "the session goes on")

# what ends a text elsewhere must not end it here: the rest would be commands
for i, fake in enumerate(["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r.\r\n", "\r.\n", "\n.\r", "\r\n.\r", "\r\n.\r\r\n", "\r\n\0.\r\n", "\r\n.\0\r\n",
                          "\r\r\n.\n", "\n\n.\r\n", "\r\n\n.\r\n", "\r\n.\n\r\n", "\r\n. \r\n", "\r\n..\r\n"]):
    a.cmd("POST", "340")
    a.raw("Newsgroups: test.forum\r\nSubject: smuggle\r\nMessage-ID: <fake%d@x.test>\r\n\r\nx%sGROUP test.nix\r\n.\r\n" % (i, fake))
    l = a.line()
    ok(l.startswith("240") == (i >= 15) and l[:3] in ("240", "441"), "sequence %d: one answer, %s" % (i, l[:3]))
is_(a.cmd("GROUP test.empty"), "211 0 1 0 test.empty", "and no answer more")

like(post(a, mid="<dup@x.test>"), "^240", "an article")
like(post(a, mid="<dup@x.test>"), "^441 .*duplicate", "the same again")
like(post(b, mid="<dup@x.test>", body="other\r\n"), "^441 .*duplicate", "its id by another")
like(post(a, subject="cmsg newgroup x.y", mid="<cmsg@x.test>"), "^240", "a subject that begins with cmsg is a subject")
is_(c.cmd("STAT <cmsg@x.test>"), "223 0 <cmsg@x.test>", "it is there")

# injection
like(post(a, mid="<inj@x.test>", headers="Bcc: v@x.test\r\nApproved: a@b\r\nReceived: evil\r\nSender: alice@example.org\r\n"), "^240", "headers")
c.cmd("HEAD <inj@x.test>", "221")
head = "\n".join(c.text())
ok(not re.search("(?mi)^(bcc|approved|received|sender):|evil|alice@", head), "that must not show do not show")

# an injecting agent (RFC 5537 3.5)
day = lambda n: time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(time.time() + n * 86400))
for headers, why in (("Xref: x.test test.forum:1", "servers only"), ("Injection-Info: x.test", "servers only"), ("INJECTION-INFO:\r\n x.test", "servers only"),
                     ("NNTP-Posting-Host: x.test", "already"), ("X-Trace: x", "already"), ("Path: x.test!.POSTED!y", "already"), ("Path: x.test!.POSTED.1.2.3.4!y", "already"),
                     ("Path: a b!(c)", "Path is malformed"), ("Path: a\r\nPath: b", "more than one Path"),
                     ("Also-Control: cancel <x@y>", "not used any more"), ("See-Also: <x@y.test>", "not used any more"), ("Relay-Version: 1", "not used any more"),
                     ("Injection-Date: soon", "Injection-Date cannot"), ("Injection-Date: " + day(2), "future"), ("Injection-Date: " + day(-11), "days ago"),
                     ("Date: " + day(-11), "Date is more than 10 days ago"), ("Date: " + day(2), "future"),
                     ("Followup-To: alice@example.org", "names of groups"), ("Followup-To: test.forum\r\nFollowup-To: poster", "more than one Followup-To"),
                     ("Expires: never", "Expires"), ("Supersedes: x", "Supersedes must"), ("Control: cancel <x@y.test>\r\nSupersedes: <x@y.test>", "exclude each other"),
                     ("Organization: a\r\norganization: b", "more than one organization"), ("References: <a@b.c>\r\nReferences: <d@e.f>", "more than one References"),
                     ("Content-Type: text/plain\r\nContent-Type: text/html", "more than one Content-Type"), ("To: a@b.test\r\nTo: c@b.test", "more than one To"),
                     ("Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: base64", "more than one Content-Transfer-Encoding"),
                     ("X-Header:x", "a space is missing"), ("X-Header:\tx", "a space is missing"), ("X-Header : x", "a space stands in front of the colon"),
                     ("X-Header: x\r\n \r\n y", "X-Header: one of its lines is blank"), ("References: <a@b.c>\r\n ", "References: one of its lines is blank"), ("Newsgroups: test.empty", "more than one Newsgroups")):
    like(post(a, headers=headers + "\r\n"), "^441 .*" + why, "refused: " + headers)


def head(mid):
    c.cmd("HEAD " + mid, "221")
    return c.text()


def injected(mid, **kw):
    like(post(a, mid=mid, **kw), "^240", mid)
    return {l.split(": ")[0]: l.split(": ")[1] for l in head(mid) if re.match("(Path|Injection-Date|Date|Followup-To|Organization): ", l)}


h = injected("<j1@x.test>", headers="Path: x.example!not-for-mail\r\nFollowup-To: poster\r\nOrganization: \r\n")
is_(h["Path"], "forum.test!.POSTED!x.example!not-for-mail", "our name in front of the Path it came with")
ok("Injection-Date" in h and "Organization" not in h and h["Followup-To"] == "poster", "Date was missing: Injection-Date is added; an empty field goes")
before, earlier = day(-1), day(-2)
h = injected("<j2@x.test>", headers="Date: %s\r\n" % before)
is_((h["Date"], h.get("Injection-Date")), (before, None), "with Message-ID and Date none is added: it may be posted elsewhere, too")
h = injected("<j3@x.test>", headers="Date: %s\r\nInjection-Date: %s\r\n" % (before, earlier))
is_(h["Injection-Date"], earlier, "one that is there stays")
for name, why in (("poster", "answer by mail"), ("junk", "no group for"), ("control", "control.cancel"), ("to", "two servers"), ("to.x", "two servers"),
                  ("example", "manuals"), ("example.forum", "manuals"), ("all", "every group"), ("test.all", "every group"), ("test.all.x", "every group"),
                  ("control.all", "every group"), ("ctl", "control messages"), ("x.ctl", "control messages")):
    s.ctl("group", "add", name, check=False)
    is_(s.code, 1, "no group can be named " + name)
    like(s.err, "name %s: .*%s.*RFC 5536 3.1.4" % (name, why), "which the words explain")
for name in ("test.poster", "test.junk", "x.to", "x.example", "test.control", "test.all-of-it", "test.calls", "control.cancel"):
    s.ctl("group", "add", name, check=False)
    is_(s.code, 0, "a group can be named " + name)
    s.ctl("group", "remove", name)

# cancel
like(post(b, mid="<c1@x.test>", headers="Control: cancel <dup@x.test>\r\n"), "^441", "a stranger's cancel")
c.cmd("STAT <dup@x.test>", "223", "has no effect")
like(post(a, mid="<c2@x.test>", headers="Control: cancel <dup@x.test>\r\n"), "^240", "the author's cancel")
c.cmd("STAT <dup@x.test>", "430", "it is gone")
like(post(a, mid="<c3@x.test>", headers="Control: cancel <dup@x.test>\r\n"), "^441", "once")
c.cmd("STAT <c2@x.test>", "430", "the cancel is no article")
like(post(m, mid="<c4@x.test>", headers="Control: cancel <cmsg@x.test>\r\n"), "^240", "a moderator's cancel")
c.cmd("STAT <cmsg@x.test>", "430", "it is gone")

# supersedes
like(post(a, mid="<v1@x.test>"), "^240", "version 1")
like(post(b, mid="<v2@x.test>", headers="Supersedes: <v1@x.test>\r\n"), "^441", "another's Supersedes")
like(post(a, mid="<v2@x.test>", headers="Supersedes: <v1@x.test>\r\n"), "^240", "the author's")
c.cmd("STAT <v1@x.test>", "430", "the old one is gone")
c.cmd("STAT <v2@x.test>", "223", "the new one is there")

# Cancel-Lock, Cancel-Key
def lock(k):
    return base64.b64encode(hashlib.sha256(k).digest()).decode()
def header(mid, name):
    c.cmd("HDR %s %s" % (name, mid), "225")
    return c.text()[0][2:]
l1 = header("<v2@x.test>", "Cancel-Lock")
like(l1, r"^sha256:[A-Za-z0-9+/]{43}=$", "a post gets a Cancel-Lock")
own = "sha1:abc sha256:%s sha256:%s" % (lock(b"first"), lock(b"c2Vjb25k"))
like(post(a, mid="<k1@x.test>", headers="Cancel-Lock: %s\r\n" % own), "^240", "a post with a lock of its own")
l2 = header("<k1@x.test>", "Cancel-Lock")
ok(l2.startswith(own + " sha256:") and len(l2.split()) == 4, "keeps it, and gets ours behind it (%s)" % l2)
KEYS = [("sha256:wrong", "441"), ("sha256:" + lock(b"first"), "441"), ("sha1:first", "441"), ("first", "441"), ("sha256: first", "441"),
        ("sha1:c2Vjb25k", "441"), ("sha512:first SHA256:c2Vjb25k", "240")]
for i, (k, code) in enumerate(KEYS):
    like(post(b, mid="<ck%d@x.test>" % i, headers="Control: cancel <k1@x.test>\r\nCancel-Key: %s\r\n" % k), "^" + code, "cancel with %s" % k)
c.cmd("STAT <k1@x.test>", "430", "the right key cancels, whoever has it")
like(post(a, mid="<k2@x.test>", headers="Cancel-Lock: sha256:%s\r\n" % lock(b"kk")), "^240", "another")
like(post(b, mid="<k3@x.test>", headers="Supersedes: <k2@x.test>\r\nCancel-Key: sha256:kx\r\n"), "^441", "Supersedes with a wrong key")
like(post(b, mid="<k3@x.test>", headers="Supersedes: <k2@x.test>\r\nCancel-Key: sha256:kk\r\n"), "^240", "with the right one")
c.cmd("STAT <k2@x.test>", "430", "the old one is gone")
c.cmd("HEAD <k3@x.test>", "221")
ok(any(x.startswith("Cancel-Key: sha256:kk sha256:") for x in c.text()), "what supersedes says so to other servers with the key")
like(post(a, mid="<v3@x.test>", headers="Supersedes: <v2@x.test>\r\n"), "^240", "the author's Supersedes without a key")
k = header("<v3@x.test>", "Cancel-Key")
is_("sha256:" + lock(k[7:].encode()), l1, "gets the key that opens the old lock")
like(post(a, mid="<nk@x.test>", headers="Cancel-Key: sha256:secret\r\n"), "^240", "a key without need")
is_(header("<nk@x.test>", "Cancel-Key"), "", "does not show")
for scheme, fn in (("sha1", hashlib.sha1), ("sha512", hashlib.sha512)):
    made = base64.b64encode(fn(b"old client").digest()).decode()
    mid = "<%s@x.test>" % scheme
    like(post(a, mid=mid, headers="Cancel-Lock: %s:%s\r\n" % (scheme, made)), "^240", "a lock of scheme " + scheme)
    like(post(b, mid="<o1@x.test>", headers="Control: cancel %s\r\nCancel-Key: sha256:old client\r\n" % mid), "^441", "no key of another scheme opens it")
    like(post(b, mid="<o2@x.test>", headers="Control: cancel %s\r\nCancel-Key: %s:old\r\n" % (mid, scheme)), "^441", "nor a wrong one")
made = base64.b64encode(hashlib.sha1(b"b2xk").digest()).decode()
post(a, mid="<s1@x.test>", headers="Cancel-Lock: sha1:%s\r\n" % made)
like(post(b, mid="<o3@x.test>", headers="Control: cancel <s1@x.test>\r\nCancel-Key: sha1:b2xk\r\n"), "^240", "the right one of an old client does")
made = base64.b64encode(hashlib.sha512(b"bmV3").digest()).decode()
post(a, mid="<s2@x.test>", headers="Cancel-Lock: sha512:%s\r\n" % made)
like(post(b, mid="<o4@x.test>", headers="Control: cancel <s2@x.test>\r\nCancel-Key: sha512:bmV3\r\n"), "^240", "also of scheme sha512")
c.cmd("HDR Injection-Info <nk@x.test>", "225")
like(c.text()[0], r'^0 forum\.test; posting-account="author-\d+"; logging-data="[0-9a-f]+"; mail-complaints-to="abuse@forum\.test"$', "Injection-Info is complete")
like(post(m, mid="<k4@x.test>", headers="Supersedes: <k3@x.test>\r\n"), "^240", "a moderator's Supersedes")
c.cmd("STAT <k3@x.test>", "430", "the old one is gone")
like(s.ctl("log"), "delete.*superseded", "and the log tells")

# over-quoted
quotes = "Bob wrote:\r\n" + "> what was said\r\n" * 60 + "\r\n" + "me too\r\n" * 5
is_(post(a, mid="<q1@x.test>", body=quotes), '441 over-quoted: 60 of 66 lines are quotes; trim or add "Forum-Force: yes"', "too many quotes: words that help")
c.cmd("STAT <q1@x.test>", "430", "and nothing is posted")
like(post(a, mid="<q1@x.test>", body=quotes, headers="Forum-Force: yes\r\n"), "^240", "who insists is heard")
is_(header("<q1@x.test>", "Forum-Force"), "", "the word does not show")
like(post(a, mid="<q2@x.test>", body="> q\r\n" * 19 + "me too\r\n"), "^240", "a short answer to nineteen lines is no nuisance")
like(post(a, mid="<q3@x.test>", body="> q\r\n" * 40 + "answer\r\n" * 10), "^240", "four of five lines may be quotes")
like(post(a, mid="<q4@x.test>", body="> q\r\n" * 41 + "answer\r\n" * 10 + "-- \r\n" + "sig\r\n" * 40), "^441 over-quoted: 41 of 51", "a signature is no text of his own")
like(post(a, mid="<q5@x.test>", headers="Content-Transfer-Encoding: base64\r\n", body="fn5+\r\n" * 40), "^240", "what is encoded is not counted")

# moderated, members, cross-posts
like(post(a, group="test.moderated", mid="<w@x.test>"), "^240 .*approval", "a moderated group")
c.cmd("STAT <w@x.test>", "430", "not to be seen yet")
a.cmd("STAT <w@x.test>", "430", "nor by its author")
m.cmd("ARTICLE <w@x.test>", "220", "but by a moderator")
m.text()
s.ctl("approve", "<w@x.test>")
c.cmd("STAT <w@x.test>", "223", "approved")
is_(header("<w@x.test>", "Approved"), "test.moderated-owner@forum.test", "and says by whom")
like(post(a, group="test.moderated", mid="<w1@x.test>", headers="Approved: alice@example.org\r\n"), "^240 .*approval", "a member's Approved")
m.cmd("HEAD <w1@x.test>", "221")
ok(not any(x.startswith("Approved") for x in m.text()), "says nothing")
like(post(m, group="test.moderated", mid="<w2@x.test>"), "^240 .*approval", "a moderator's post waits too")
like(post(m, group="test.moderated", mid="<w3@x.test>", headers="Approved: mod@example.org\r\n"), "^240 posted", "with Approved it does not")
is_(header("<w3@x.test>", "Approved"), "test.moderated-owner@forum.test", "and has the line, without an address of his")
s.member("half@example.org", "Half", "secret5", "moderator:test.moderated")
h = s.nntp("half@example.org", "secret5")
s.group("test.moderated2", "--moderated")
like(post(h, group="test.moderated,test.moderated2", mid="<w4@x.test>", headers="Approved: x@y.test\r\n"), "^240 .*approval", "a moderator of one of two groups approves neither")
like(post(h, group="test.moderated", mid="<w5@x.test>", headers="Approved: x@y.test\r\n"), "^240 posted", "of his own he does")
is_(header("<w5@x.test>", "Approved"), "test.moderated-owner@forum.test", "with the group's name")
like(post(a, group="test.forum,test.empty", mid="<x@x.test>"), "^240", "a cross-post")
c.cmd("HDR Xref <x@x.test>", "225")
like(c.text()[0], r"^0 forum\.test test\.forum:\d+ test\.empty:1$", "has both places in Xref")

# limits
s2 = Server(limits="message_size = 2000 posts_per_minute = 3")
s2.group("test.forum")
s2.member(ALICE[0], "Alice", ALICE[1])
n = s2.nntp(*ALICE)
like(post(n, body="x" * 70 + "\r\n" * 2000), "^441 .*longer", "too long")
like(post(n), "^240", "the session goes on")
said = []
while len(said) < 20 and not (said and said[-1].startswith("441")):
    said.append(post(n, mid="<r%d@x.test>" % len(said)))
is_(said[-1], "441 too many posts: at most 3 a minute; nothing is lost, send it again in a minute", "too many posts a minute, told with the article (after %d)" % len(said))
n.cmd("STAT <r%d@x.test>" % (len(said) - 1), "430", "it was not posted")
like(post(n, mid="<huge@x.test>", body="x\r\n" * 5000), "^441 too many", "nor kept while it came")

# a member is asked to be silent: at every door, until then, and told why
s2 = serve()
s2.group("test.forum.aside")
a, b, m = s2.nntp(*ALICE), s2.nntp(*BOB), s2.nntp(*MOD)
s2.ctl("member", "silence", ALICE[0], "3d", "test.forum", "--reason", "three days to cool down")
SILENT = r"you were asked not to post here until 20\d\d-\d\d-\d\d \d\d:\d\d UTC: three days to cool down"
like(post(a), "^441 " + SILENT, "news: silent in that group")
like(post(a, group="test.forum.aside"), "^441 " + SILENT, "and in what was moved aside from it")
like(post(a, group="test.empty"), "^240", "not in others")
like(post(b), "^240", "nor is anybody else")
i = s2.imap(*ALICE)
text = "Subject: x\r\n\r\nx\r\n"
r, _ = i.run("APPEND test.forum {%d+}\r\n%s" % (len(text), text))
like(r, "^NO .*" + SILENT, "IMAP: the same words")
s2.ctl("post", "--group", "test.forum", "--as", ALICE[0], stdin="Subject: x\n\nx\n", check=False)
like(s2.err, SILENT, "forumctl post --as: the same words")
s2.ctl("member", "silence", ALICE[0], "90m")
like(post(a, group="test.empty"), "^441 you were asked not to post here until", "silent everywhere")
like(post(a), "^441 " + SILENT, "the longer one counts")
s2.ctl("member", "silence", ALICE[0], "off", "test.forum")
s2.ctl("member", "silence", ALICE[0], "off")
like(post(a), "^240", "taken back")
for bad in ("3", "d", "-1d", "0h", "tomorrow"):
    s2.ctl("member", "silence", ALICE[0], bad, check=False)
    is_(s2.code, 1, "no such time: " + bad)
like(s2.ctl("log"), "silent 3d", "the log tells")
# groups' own rules
for posting, who, want in (("moderators", a, "^441 only moderators can post here"), ("moderators", m, "^240"), ("nobody", m, "^441 this group is closed: nobody can post here"),
                           ("members", a, "^240")):
    s2.ctl("group", "set", "test.forum", "posting=" + posting)
    like(post(who), want, "posting=%s" % posting)
s2.ctl("member", "role", ALICE[0], "reader:test.forum")
like(post(a), "^441 your account may read here but not post", "a reader")
s2.ctl("member", "role", ALICE[0], "none:test.forum")
# a gateway's account: From is whose words it brings, and no member's for that
OTHERS = "From: Carol <carol@elsewhere.example>\r\n"
like(post(a, headers=OTHERS), "^441 From must be one of your addresses", "another's From")
s2.ctl("member", "set", ALICE[0], "gateway=on")
like(s2.ctl("member", "show", ALICE[0]), "gateway=on", "the setting is shown")
like(post(a, mid="<gw1@x.test>", headers=OTHERS), "^240", "a gateway may")
a.cmd("HDR From <gw1@x.test>", "225")
is_(a.text()[0], "0 Carol <carol@elsewhere.example>", "its author as it says")
like(post(a, mid="<gw2@x.test>", headers="From: Bob <%s>\r\n" % BOB[0]), "^240", "who has an account")
like(post(s2.nntp(*BOB), mid="<gwc@x.test>", subject="cmsg cancel <gw2@x.test>", headers="Control: cancel <gw2@x.test>\r\n"), "^441",
     "is not its author and cannot withdraw it")
text = OTHERS + "Message-ID: <gw3@x.test>\r\nSubject: by IMAP\r\n\r\nx\r\n"
first = s2.imap(*ALICE).run("APPEND test.forum {%d+}\r\n%s" % (len(text), text))[0]
like(first, r"^OK \[APPENDUID", "the same by IMAP")
time.sleep(1.1)
is_(s2.imap(*ALICE).run("APPEND test.forum {%d+}\r\n%s" % (len(text), text))[0], first, "again without a Date, in another second: known")
text += "more\r\n"
like(s2.imap(*ALICE).run("APPEND test.forum {%d+}\r\n%s" % (len(text), text))[0], "^NO .*used before", "not with other words")
for own in ("author-3@forum.test", "AUTHOR-3@Forum.Test", "test.forum-owner@forum.test"):
    like(post(a, mid="<gwo@x.test>", headers="From: Bob <%s>\r\n" % own), "^441 From must be the author's own", "not by an address of the server: " + own)
s2.member("carol@forum.test", "Carol", "secret4")
like(post(a, mid="<gwc@x.test>", headers="From: Carol <carol@forum.test>\r\n"), "^240", "a member may have one there")
s2.ctl("member", "set", ALICE[0], "gateway=off")
like(post(a, headers=OTHERS), "^441 From must be one of your addresses", "taken back")
s2.stop()
done()
