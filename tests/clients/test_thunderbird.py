#!/usr/bin/env python3
"""Thunderbird reads a newsgroup of forumd: logs in, subscribes, fetches headers, opens articles, answers, cancels; meets a moved
thread; and does it over TLS. Driven from inside by Marionette (thunderbird.py), without a screen."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from forumtest import *
from thunderbird import Thunderbird

need("thunderbird")
s = Server(limits="posts_per_minute = 0")
s.group("test.forum", "--title", "A forum")
s.member("alice@example.org", "Alice", "secret")
s.member("bob@example.org", "Bob", "secret2")
ids = [s.post("test.forum", "post %d" % i, body="line %d\r\n..dot\r\n" % i) for i in range(20)]
ids.append(s.post("test.forum", "Re: post 0", headers="References: %s\r\n" % ids[0], user="bob@example.org", password="secret2"))
t = Thunderbird(prefs={"news.cancel.confirm": False, "news.cancel.alert_on_success": False}, lib="""
let server = MailServices.accounts.allServers.find(s => s.type == "nntp");
let group = server && server.rootFolder.containsChildNamed("test.forum") ? server.rootFolder.getChildNamed("test.forum") : null;
let headers = () => [...group.messages].sort((a, b) => a.messageKey - b.messageKey);
let fetch = async () => { let l = listener(); group.getNewMessages(null, l); await l.promise; };
""")
tb = t.run
ok(True, t.version())


tb("""
let login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
login.init("news://127.0.0.1", null, "news://127.0.0.1", "alice@example.org", "secret", "", "");
await Services.logins.addLoginAsync(login);
let server_ = MailServices.accounts.createIncomingServer("alice@example.org", "127.0.0.1", "nntp");
server_.port = %d;
server_.setBoolValue("always_authenticate", true);
server_.QueryInterface(Ci.nsINntpIncomingServer).pushAuth = true;
let identity = MailServices.accounts.createIdentity();
identity.email = "alice@example.org"; identity.fullName = "Alice";
let account = MailServices.accounts.createAccount();
account.incomingServer = server_; account.addIdentity(identity);
server_.QueryInterface(Ci.nsINntpIncomingServer).subscribeToNewsgroup("test.forum");
""" % s.port["nntp"])
tb("await fetch();")
got = tb("return headers().map(h => [h.messageKey, h.mime2DecodedSubject, '<' + h.messageId + '>', h.author]);")
is_([g[0] for g in got], list(range(1, 22)), "twenty-one headers, under the server's numbers")
is_([g[2] for g in got], ids, "each its own article")
ok(got[0][3].startswith("Alice <author-"), "written by who wrote them (%s)" % got[0][3])
is_(tb("let h = headers(); return [h[20].threadParent, h[20].threadId == h[0].threadId];"), [1, True], "the answer hangs below its parent")
text = tb("return await read(group.getUriForMsg(headers()[0]));")
ok("\r\n.dot" in text.replace("\n", "\r\n").replace("\r\r", "\r") and "line 0" in text, "an article is whole, its dot too") or diag(text)

# an answer
tb("""
let file = Services.dirsvc.get("TmpD", Ci.nsIFile); file.append("tb-" + Math.random() + ".eml"); file.createUnique(0, 0o600);
await IOUtils.writeUTF8(file.path, ["From: Alice <alice@example.org>", "Newsgroups: test.forum", "Subject: Re: post 1", "Message-ID: <tb@thunderbird.test>",
  "References: %s", "MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 8bit", "",
  "caf\\u00e9 from Thunderbird", ""].join("\\r\\n"));
let l = listener();
MailServices.nntp.postMessage(file, "test.forum", MailServices.accounts.findAccountForServer(server).key, l, null);
await l.promise;
""" % ids[1])
k = s.nntp()
ok(wait_for(lambda: k.cmd("STAT <tb@thunderbird.test>").startswith("223")), "an answer was posted")
k.cmd("BODY <tb@thunderbird.test>", "222")
is_(k.text(), ["caf\u00e9 from Thunderbird"], "with its text")
k.cmd("HDR Forum-Thread <tb@thunderbird.test>", "225")
is_(k.text(), ["0 by=references"], "in its thread")
tb("await fetch();")
is_(tb("return headers().length;"), 22, "and comes back with the next look")

# cancelled, as by Message > Cancel Message
mine = "headers().find(h => h.messageId == 'tb@thunderbird.test')"
tb("""
let hdr = %s, l = listener();
MailServices.nntp.cancelMessage("news://127.0.0.1/" + encodeURIComponent(hdr.messageId) + "?cancel", group.getUriForMsg(hdr), null, l, null);
await l.promise;
""" % mine)
ok(wait_for(lambda: k.cmd("STAT <tb@thunderbird.test>").startswith("430")), "what is cancelled there is gone")
is_(tb("return !!(%s);" % mine), False, "there, too")

# the server says what was read elsewhere, and marks what was read here
i = s.imap("alice@example.org", "secret")
i.run("SELECT test.forum")
r, lines = i.run("FETCH 1 FLAGS")
ok("\\Seen" in " ".join(lines), "what Thunderbird opened is seen over IMAP")

# a moved thread
s.ctl("aside", ids[0], "--reason", "x")
tb("await fetch();")
got = tb("return headers().map(h => [h.messageKey, h.mime2DecodedSubject, h.threadId, h.threadParent]);")
ok(any(g[1] == "Moved: post 0" for g in got), "the pointer shows in the list") or diag(got)
pointer = [g for g in got if g[1] == "Moved: post 0"]
if pointer:
    is_(pointer[0][3], 1, "below the thread that it speaks of, which Thunderbird still has in its list")
    text = tb("return await read(group.getUriForMsg(headers().find(h => h.messageKey == %d)));" % pointer[0][0])
    ok("news:" + ids[0][1:-1] in text and "test.forum.aside" in text, "and tells where to") or diag(text)
# over TLS, whose certificate its user has taken
tb("""
let base64 = %r, db = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
Cc["@mozilla.org/security/certoverride;1"].getService(Ci.nsICertOverrideService).rememberValidityOverride("127.0.0.1", %d, {}, db.constructX509FromBase64(base64), true);
server.closeCachedConnections();
server.port = %d; server.socketType = Ci.nsMsgSocketType.SSL;
""" % ("".join(open(os.path.join(s.dir, "cert.pem")).read().split("-----")[2].split()), s.port["nntps"], s.port["nntps"]))
safe = s.post("test.forum", "over TLS", body="sealed\r\n")
tb("await fetch();")
ok(tb("return headers().some(h => h.mime2DecodedSubject == 'over TLS');"), "headers come over TLS")
text = tb("return await read(group.getUriForMsg(headers().find(h => h.mime2DecodedSubject == 'over TLS')));")
ok("sealed" in text, "and an article") or diag(text)
ok(re.search(r"(?m) nntps? open peer=\S+ listen=nntps$", s.tail(10 ** 6)), "by the port that takes nothing else")
tb("""
let file = Services.dirsvc.get("TmpD", Ci.nsIFile); file.append("tb-" + Math.random() + ".eml"); file.createUnique(0, 0o600);
await IOUtils.writeUTF8(file.path, ["From: Alice <alice@example.org>", "Newsgroups: test.forum", "Subject: sealed answer", "Message-ID: <tls@thunderbird.test>", "", "x", ""].join("\\r\\n"));
let l = listener();
MailServices.nntp.postMessage(file, "test.forum", MailServices.accounts.findAccountForServer(server).key, l, null);
await l.promise;
""")
ok(wait_for(lambda: k.cmd("STAT <tls@thunderbird.test>").startswith("223")), "an answer, too")
shot = t.picture()
ok(shot.startswith(b"\x89PNG"), "its window can be looked at")
if os.environ.get("FORUMD_TEST_KEEP"):
    open(os.environ["FORUMD_TEST_KEEP"] + "/thunderbird.png", "wb").write(shot)
t.end()
is_(s.stop(), 0, "the server stops in order")
done()
