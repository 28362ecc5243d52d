#!/usr/bin/env python3
"""Thunderbird by IMAP: finds the mailboxes, shows the group as threads, reads, marks, tags, moves to the trash, gives a command by
copying, posts, and hears by IDLE what others do. Driven from inside (thunderbird.py), without a screen."""
from community import *
from imapwire import Wire
from thunderbird import Thunderbird

need("thunderbird")
s = community()
p = Wire(s, "thunderbird")
t = Thunderbird(prefs={"mail.server.default.check_all_folders_for_new": False, "mail.server.default.socketType": 0,
                       "mail.server.default.using_subscription": False}, lib="""
let server = MailServices.accounts.allServers.find(s => s.type == "imap");
let child = (f, name) => f && f.containsChildNamed(name) ? f.getChildNamed(name) : null;
let at = path => path.split("/").reduce(child, server.rootFolder);
let group = server ? at("test/garden") : null;
let headers = f => [...(f || group).messages].sort((a, b) => a.messageKey - b.messageKey);
let update = async f => { let l = listener(); (f || group).QueryInterface(Ci.nsIMsgImapMailFolder).updateFolderWithListener(null, l); await l.promise; };
let until = async (f, seconds) => { for (let i = 0; i < seconds * 20; i++) { let v = f(); if (v) return v; await new Promise(y => setTimeout(y, 50)); } return null; };
let copied = () => { let l = { QueryInterface: ChromeUtils.generateQI(["nsIMsgCopyServiceListener"]), onStartCopy() {}, onProgress() {}, setMessageKey() {}, getMessageId() { return null; } };
  l.promise = new Promise((yes, no) => { l.onStopCopy = code => Components.isSuccessCode(code) ? yes(true) : no("copy " + code.toString(16)); }); return l; };
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
""")
ok(True, t.version())
t.run("""
let login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
login.init("imap://127.0.0.1", null, "imap://127.0.0.1", "carol@example.org", "secret-c", "", "");
await Services.logins.addLoginAsync(login);
let server_ = MailServices.accounts.createIncomingServer("carol@example.org", "127.0.0.1", "imap");
server_.port = %d; server_.socketType = Ci.nsMsgSocketType.plain; server_.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
server_.password = "secret-c"; server_.setBoolValue("use_compress_deflate", false);
let identity = MailServices.accounts.createIdentity();
identity.email = "carol@example.org"; identity.fullName = "Carol Reed";
let account = MailServices.accounts.createAccount();
account.incomingServer = server_; account.addIdentity(identity);
server_.performExpand(null);
""" % p.port)
found = t.run('await until(() => at("test/garden") && at("Trash"), 30); return [...server.rootFolder.descendants].map(f => f.URI.replace(/^.*?127.0.0.1[^/]*\\//, "")).sort();')
ok({"INBOX", "Drafts", "Sent", "Trash", "test", "test/garden"} <= set(found), "it finds the mailboxes") or diag(found)
is_(t.run('return [Ci.nsMsgFolderFlags.Drafts, Ci.nsMsgFolderFlags.SentMail, Ci.nsMsgFolderFlags.Trash].map(x => server.rootFolder.getFolderWithFlags(x)?.name);'),
    ["Drafts", "Sent", "Trash"], "and which is for what")
t.run("await update();")
got = t.run('await until(() => headers().length == 4, 20); return headers().map(h => [h.messageKey, h.mime2DecodedAuthor.replace(/ <.*/, ""), h.threadParent & 0xffffffff, h.isRead]);')
is_([g[:2] + g[3:] for g in got], [[1, "Alice Moor", False], [2, "Bob Fenn", False], [3, "Alice Moor", False], [4, "Bob Fenn", False]], "the group, by UID")
is_([g[2] for g in got[1:]], [1, 2, 1], "as threads")
text = t.run("return await read(group.getUriForMsg(headers()[1]));")
ok("Behind the shed then." in text, "a post is read") or diag(text)

i = s.imap("carol@example.org", "secret-c")
i.run("SELECT test.garden")


def flags(uid):
    i.run("NOOP")
    l = [x for x in i.run("UID FETCH %d (FLAGS)" % uid)[1] if "FETCH" in x]
    return set(re.search(r"FLAGS \((.*?)\)", l[-1]).group(1).split()) if l else None


t.run("""group.markMessagesRead([headers()[0]], true); group.markMessagesFlagged([headers()[0]], true);
group.addKeywordsToMessages([headers()[2]], "$label1"); group.addKeywordsToMessages([headers()[2]], "later");""")
ok(wait_for(lambda: {r"\Seen", r"\Flagged"} <= (flags(1) or set()), 15, 0.2), "read and starred are marks on the server") or diag(flags(1))
ok(wait_for(lambda: {"$label1", "later"} <= (flags(3) or set()), 15, 0.2), "tags too") or diag(flags(3))

# others do something: IDLE
i.run(r"UID STORE 4 +FLAGS (\Flagged)")
write(s, "alice", "<new@thread.example>", "Pears", [], "Or a pear.\r\n")
ok(t.run('return !!await until(() => headers().some(h => h.subject == "Pears"), 20);'), "a new post appears by itself")
ok(t.run('return !!await until(() => headers().some(h => h.messageKey == 4 && h.isFlagged), 20);'), "a star set elsewhere too")
s.ctl("hide", "test.garden:2", "--reason", "test")
ok(t.run('return !!await until(() => !headers().some(h => h.messageKey == 2), 20);'), "a post that is hidden goes by itself")

# to the trash: hidden for Carol only
t.run("let l = copied(); group.deleteMessages([headers().find(h => h.messageKey == 4)], null, false, false, l, false); await l.promise;")
ok(wait_for(lambda: flags(4) is None, 15, 0.2), "deleted: gone from Carol's view")
ok(wait_for(lambda: i.run("STATUS Trash (MESSAGES)")[1][0].endswith("MESSAGES 1)"), 15, 0.2), "it is in the trash")
is_(len(s.json("list", "test.garden", "--all")), 5, "and there for others")

# a command, given by copying, and one given by a tag
t.run('server.performExpand(null);')
mute = t.run('return (await until(() => [...server.rootFolder.descendants].map(f => f.URI).find(u => /\\/!Mute$/.test(decodeURIComponent(u))), 10)) || "";')
t.run('let l = copied(); let to = [...server.rootFolder.descendants].find(f => f.URI == %s); MailServices.copy.copyMessages(group, [headers()[0]], to, false, l, null, false); await l.promise;' % json.dumps(mute))
ok(wait_for(lambda: any("Mute" in c and a.startswith("OK") for c, a in p.answers("OK") if "COPY" in c.upper()), 10, 0.2), "a thread is muted by copying a post to !Mute")
t.run('group.addKeywordsToMessages([headers().find(h => h.subject == "Pears")], "$watched");')
ok(wait_for(lambda: "$Watched" in (flags(5) or ()), 10, 0.2), "a tag $Watched watches")

# post by putting a message into the group, and a draft
t.run("""
for (let [name, to, flags] of [["group", group, Ci.nsMsgMessageFlags.Read], ["draft", at("Drafts"), Ci.nsMsgMessageFlags.Read]]) {
  let file = Services.dirsvc.get("TmpD", Ci.nsIFile); file.append("tb-" + Math.random() + ".eml"); file.createUnique(0, 0o600);
  await IOUtils.writeUTF8(file.path, ["From: Carol Reed <carol@example.org>", "To: test.garden@forum.test", "Subject: From Thunderbird, " + name, "Message-ID: <tb-" + name + "@thunderbird.test>",
    "In-Reply-To: %s", "References: %s", "MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8; format=flowed", "Content-Transfer-Encoding: 8bit", "", "caf\\u00e9 from Thunderbird", ""].join("\\r\\n"));
  let l = copied();
  MailServices.copy.copyFileMessage(file, to, null, false, flags, "", l, null);
  await l.promise;
}
""" % (ROOT, ROOT))
found = post_with(s, "from Thunderbird")
ok(found, "a message put into the group is posted")
tree = {x["message_id"]: x for x in s.json("thread", ROOT)}
ok("<tb-group@thunderbird.test>" in tree and tree["<tb-group@thunderbird.test>"]["depth"] == 1, "below what it answers") or diag(tree.keys())
like(i.run("STATUS Drafts (MESSAGES)")[1][0], r"MESSAGES 1\)", "the draft is a draft")
ok("<tb-draft@thunderbird.test>" not in tree, "and posted nowhere")
t.end()
p.peaceful("^(CREATE|SUBSCRIBE|GETACL|MYRIGHTS|GETQUOTAROOT|SELECT|STATUS|EXAMINE|NAMESPACE)")
is_(s.stop(), 0, "the server stops in order")
done()
