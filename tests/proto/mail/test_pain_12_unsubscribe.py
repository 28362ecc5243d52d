"""Pain 12: unsubscribing works, at once, for the right person and group; looking at a link changes nothing."""
import http.client, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from maillib import *

web, = free_ports(1)
f = Forum(extra='http { url = "https://forum.test" }\nlisten web { protocol = "http" address = "127.0.0.1" port = %d }\n' % web)
s = f.s
s.group("test.other")
s.ctl("subscribe", "bob@example.org", "test.other", "--mode", "first")


def mode(who, group="test.pub"):
    o = [x for x in s.json("member", "show", who + "@example.org")[0]["subscriptions"] if x["group"] == group]
    return o[0]["mode"] if o else "none"


def ask(method, path, body=None, headers={}, keep=None):
    c = keep or http.client.HTTPConnection("127.0.0.1", web, timeout=10 * SLOW)
    c.request(method, path, body, headers)
    r = c.getresponse()
    text = r.read().decode()
    if not keep:
        c.close()
    return r, text


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
mid = f.root()
bob, carol = f.copy(mid, "bob"), f.copy(mid, "carol")
like(bob["List-Unsubscribe"], r"^<mailto:[^>]*@forum\.test>, <https://forum\.test/u/[a-z2-7]+>$", "a mail address and a web address")
is_(bob["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click", "RFC 8058")
ok(bob["List-Unsubscribe"] != carol["List-Unsubscribe"], "each his own")
ok("/u/" not in words(bob) and "unsubscribe" not in words(bob), "the text carries no token that a quotation could spread")
link = lambda m: re.search(r"<https://forum\.test(/u/[^>]+)>", m["List-Unsubscribe"]).group(1)
mailto = lambda m: re.search(r"<mailto:([^>]+)>", m["List-Unsubscribe"]).group(1)
ok(len(mailto(bob).split("@")[0]) <= 64, "the local part is at most 64 octets")

# scanners
for method in "GET", "HEAD":
    for n in range(3):
        r, text = ask(method, link(bob) + ("?x=1" if n else ""))
        is_(r.status, 200, method + " shows a page")
    is_(mode("bob"), "all", method + " changes nothing")
ok("<form" in ask("GET", link(bob))[1] and ask("HEAD", link(bob))[1] == "", "a page with a button; no body for HEAD")
r, _ = ask("GET", link(bob))
for h, v in {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}.items():
    like(r.getheader(h) or "", re.escape(v), h)
is_(ask("POST", link(bob), "a=b", FORM)[0].status, 400, "a POST without the words is refused")
is_(ask("POST", link(bob), "", FORM)[0].status, 400, "an empty one too")
is_(ask("PUT", link(bob), "List-Unsubscribe=One-Click")[0].status, 405, "PUT")
is_(ask("DELETE", link(bob))[0].status, 405, "DELETE")
for path in "/", "/u/", "/u/aaaa", link(bob)[:-1] + ("a" if link(bob)[-1] != "a" else "b"), link(bob) + "a", "/u/../u", "/index.html":
    is_(ask("POST", path, "List-Unsubscribe=One-Click", FORM)[0].status, 404, "nothing at " + path[:12])
is_(mode("bob"), "all", "nothing of it changed anything")

# one click
r, text = ask("POST", link(bob), "List-Unsubscribe=One-Click", FORM)
is_(r.status, 200, "one click")
is_((mode("bob"), mode("bob", "test.other"), mode("carol")), ("none", "first", "all"), "it acts at once, for him and this group alone")
n = f.notice("bob@", "no longer get test.pub")
ok(n is not None, "a mail says so")
like(words(n), "still a member", "and that he stays a member")
undo = f.reply_to(n)
like(undo, r"subscribe-|^s-", "and how to undo it: answer it")
is_(ask("POST", link(bob), "List-Unsubscribe=One-Click", FORM)[0].status, 200, "again is no error")
is_(len(f.copies(lambda m: "no longer get" in str(m["Subject"]))), 1, "and sends no second mail")
like(f.send("someone.else@example.com", undo, "oops", extra="")[0], "^250", "the answer to it")
is_(mode("bob"), "all", "brings the mail back, from whatever address it is sent")
ok(f.notice("bob@", "get test.pub by mail again") is not None, "a mail says so")

# multipart, as RFC 8058 3.2 prefers
b = "----x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n----x--\r\n"
is_(ask("POST", link(bob), b, {"Content-Type": "multipart/form-data; boundary=--x"})[0].status, 200, "multipart/form-data")
is_(mode("bob"), "none", "acts too")
r, text = ask("POST", link(bob), b, {"Content-Type": "multipart/form-data; boundary=--x"})
s.ctl("subscribe", "bob@example.org", "test.pub", "--mode", "replies")
r, text = ask("POST", link(bob), "List-Unsubscribe=One-Click", FORM)
back = re.search(r'action="(/u/[a-z2-7]+)"', text).group(1)
is_(ask("GET", back)[0].status, 200, "the page's undo")
is_(mode("bob"), "none", "is no GET either")
is_(ask("POST", back, "List-Unsubscribe=One-Click", FORM)[0].status, 200, "pressed")
is_(mode("bob"), "replies", "the old mode is back")

# by mail: sent by somebody else (forwarded to), from an address nobody knows: acts for the member in the token
like(f.send("carols.work@example.net", mailto(carol), "unsubscribe", extra="")[0], "^250", "the mail address")
is_((mode("carol"), mode("bob")), ("none", "replies"), "acts for her alone")
t = mailto(carol)
like(f.send("carol", t.replace("test.pub", "test.other"), "x")[0] if "test.pub" in t else "550", "^550", "a token serves no other group")
like(f.c.mail("", mailto(bob), b"From: x@example.org\r\nSubject: out of office\r\n\r\nx\r\n"), "^5", "null senders stop nothing")
like(f.send("bob", mailto(bob), "x", extra="Auto-Submitted: auto-replied\r\n")[0], "^5", "nor do auto-repliers")
is_(mode("bob"), "replies", "nothing changed")
like(f.send("bob", "author-x@forum.test", "x")[0], "private", "a private answer to an author is refused in words")

# HTTP itself
c = http.client.HTTPConnection("127.0.0.1", web, timeout=10 * SLOW)
is_([ask("GET", "/robots.txt", keep=c)[0].status, ask("GET", "/x", keep=c)[0].status, ask("GET", link(bob), keep=c)[0].status], [200, 404, 200], "keep-alive")
c.close()


def raw(text, one_byte=False):
    c = Conversation(web)
    for piece in ([bytes([x]) for x in text] if one_byte else [text]):
        c.raw(piece)
        if one_byte:
            time.sleep(0.001)
    l = c.line()
    return c, l[9:12]


L = link(bob).encode()
for what, code, text in [
        ("no Host", "400", b"GET / HTTP/1.1\r\n\r\n"), ("two Hosts", "400", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("chunked", "501", b"POST " + L + b" HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("two lengths", "400", b"POST " + L + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 26\r\n\r\nList-Unsubscribe=One-Click"),
        ("no length", "411", b"POST " + L + b" HTTP/1.1\r\nHost: a\r\n\r\n"), ("too long", "413", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n\r\n"),
        ("negative", "400", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"), ("bare LF", "400", b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
        ("folded field", "400", b"GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n"), ("NUL", "400", b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("long line", "414", b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"), ("big header", "431", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 5000),
        ("many fields", "431", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 150 + b"\r\n"), ("HTTP/2", "505", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"), ("nonsense", "400", b"EHLO x\r\n\r\n")]:
    c, code_got = raw(text)
    is_(code_got, code, what)
    ok(c.closed(), what + ": and closed")
c, code = raw(b"GET " + L + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", True)
is_(code, "200", "octet by octet")
c, code = raw(b"POST " + L + b" HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 26\r\n\r\n")
is_(code, "100", "Expect: 100-continue")
c.raw(b"List-Unsubscribe=One-Click")
c.line()
like(c.line(), "200", "then the answer")
is_(mode("bob"), "none", "and the deed")
ok(f.notice("bob@", "no longer get", 3) is not None, "told")
f.s.stop()

# without a web address: mail only
g = Forum()
m = g.copy(g.root(), "bob")
ok("http" not in m["List-Unsubscribe"] and m["List-Unsubscribe-Post"] is None, "without a web address nothing is promised")
done()
