#!/usr/bin/env python3
"""What mail programs find by themselves: autoconfig over HTTP, SRV records, and a submission port that needs nothing more."""
import http.client, os, smtplib, subprocess, sys, xml.etree.ElementTree as ET
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

web, = free_ports(1)
s = Server(extra='listen web { protocol = "http" address = "127.0.0.1" port = %d }\n' % web, limits="posts_per_minute = 1000")
s.group("test.forum")
for who in ("alice", "bob"):
    s.member(who + "@example.org", who.title(), "secret")


def get(path, method="GET"):
    c = http.client.HTTPConnection("127.0.0.1", web, timeout=10 * SLOW)
    c.request(method, path)
    r = c.getresponse()
    body = r.read()
    c.close()
    return r, body


for path in ("/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml?emailaddress=alice%40forum.test"):
    r, body = get(path)
    is_((r.status, r.getheader("Content-Type")), (200, "text/xml; charset=utf-8"), "GET " + path)
    root = ET.fromstring(body)
    is_((root.tag, root.get("version"), root.find("emailProvider").get("id"), root.find("emailProvider/domain").text),
        ("clientConfig", "1.1", "forum.test", "forum.test"), "whose it is")
servers = {x.get("type"): {c.tag: c.text for c in x} for x in root.find("emailProvider") if x.tag.endswith("Server")}
is_(sorted(servers), ["imap", "nntp", "smtp"], "three doors")
want = {"hostname": "forum.test", "authentication": "password-cleartext", "username": "%EMAILADDRESS%"}
is_(servers["imap"], dict(want, port=str(s.port["imaps"]), socketType="SSL"), "IMAP over TLS comes first")
is_(servers["nntp"], dict(want, port=str(s.port["nntps"]), socketType="SSL"), "news")
is_(servers["smtp"], dict(want, port=str(s.port["submission"]), socketType="STARTTLS"), "submission")
same = get("/mail/config-v1.1.xml?emailaddress=nobody%40example.org")[1]
is_(same, body, "whose address was asked about makes no difference")
is_(get("/mail/config-v1.1.xml", "HEAD")[1], b"", "HEAD")
is_(get("/mail/config-v1.1.xml", "POST")[0].status in (404, 405, 411), True, "POST is nothing")
is_(get("/mail/other.xml")[0].status, 404, "nothing else is there")

# DNS
p = subprocess.run([find("forumctl"), "init", s.dir + "/new", "--domain", "forum.test"], capture_output=True, text=True)
for name, port in (("imaps", 993), ("submissions", 465), ("submission", 587), ("nntps", 563)):
    like(p.stdout, r"_%s\._tcp\.forum\.test\.\s+SRV\s+0 1 %d forum\.test\.\n" % (name, port), "SRV _" + name)
like(p.stdout, r"_imap\._tcp\.forum\.test\.\s+SRV\s+0 0 0 \.\n", "no IMAP without TLS")
like(open(s.dir + "/new/dns.txt").read(), "_imaps._tcp", "kept in dns.txt")

# a mail program with nothing but name and password: what it sends to the group is posted, its copy in Sent is no post
m = smtplib.SMTP("127.0.0.1", s.port["submission"], timeout=20 * SLOW)
m.ehlo("laptop.lan")
ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE
m.starttls(context=ctx)
m.login("alice@example.org", "secret")
MAIL = b"From: Alice <alice@example.org>\r\nTo: test.forum@forum.test\r\nSubject: From a phone\r\nMessage-ID: <phone@laptop.lan>\r\nDate: Thu, 26 Nov 2026 10:00:00 +0000\r\n\r\nHello.\r\n"
m.sendmail("alice@example.org", ["test.forum@forum.test"], MAIL)
m.quit()
a, b = s.imap("alice@example.org", "secret"), s.imap("bob@example.org", "secret")
ok(wait_for(lambda: "MESSAGES 1)" in b.run("STATUS test.forum (MESSAGES)")[1][0], 10), "sent is posted")
like(a.run("APPEND Sent (\\Seen) {%d}" % len(MAIL), [MAIL])[0], r"^OK \[APPENDUID", "the copy goes to Sent")
a.run("SELECT test.forum")
is_(a.run("SEARCH HEADER Message-ID phone@laptop.lan")[1], ["* SEARCH 1"], "one post")
like(a.run("APPEND test.forum (\\Seen) {%d}" % len(MAIL), [MAIL])[0], r"^OK", "a program that keeps its copy in the group itself")
a.run("NOOP")
is_(a.run("SEARCH HEADER Message-ID phone@laptop.lan")[1], ["* SEARCH 1"], "makes no second post")
ok("MESSAGES 1)" in b.run("STATUS test.forum (MESSAGES)")[1][0], "for nobody")

# refusals of APPEND say why
def append(c, group, text):
    text = text.replace("\n", "\r\n").encode()
    return c.run("APPEND %s {%d}" % (group, len(text)), [text])[0]


s.group("news.official")
s.ctl("group", "set", "news.official", "posting=moderators")
s.group("hidden.group", "--access", "private")
like(append(b, "news.official", "Subject: x\n\nx\n"), r"^NO \[NOPERM\].*only moderators", "only moderators post there")
like(append(b, "test.forum", "From: alice@example.org\nSubject: x\n\nx\n"), r"^NO .*From must be one of your addresses.*bob@example.org", "somebody else's address")
is_(append(b, "hidden.group", "Subject: x\n\nx\n"), append(b, "no.such.group", "Subject: x\n\nx\n"), "not a member: not there")
like(append(b, "test.forum", "Subject: a\n\nx\n").split(" ")[1], r"\[APPENDUID", "APPENDUID")

# too much in a minute
s2 = Server(limits="posts_per_minute = 2")
s2.group("test.forum")
s2.member("alice@example.org", "Alice", "secret")
c = s2.imap("alice@example.org", "secret")
r = [append(c, "test.forum", "Subject: %d\n\nx\n" % i) for i in range(3)]
ok([x[:2] for x in r] == ["OK", "OK", "NO"] and re.match(r"NO \[LIMIT\] too many posts, try again in a minute", r[2]), "the third post in a minute") or diag(r)
c.run("SELECT test.forum")
r = [c.run("COPY 1 " + x)[0] for x in ("!Mute", "!Watch", "!Mute")]
ok([x[:2] for x in r] == ["OK", "OK", "NO"] and "[LIMIT]" in r[2], "and the third command") or diag(r)
done()
