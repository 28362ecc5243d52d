#!/usr/bin/env python3
"""Pain 14: edits. Within the hold they are silent: everybody gets the new text only. Later news readers see an article
with Supersedes, IMAP a new UID and the old one gone, still read when little changed, and nobody is mailed unless the author
says so. Answers to the old post hang under the new one."""
from maillib import *

f = Forum(outgoing="hold_seconds = 4")
root = f.root()
to = f.reply_to(f.copy(root, "bob"))
answer = lambda mail, text: f.send("bob", f.reply_to(mail), text)[0]

# ---- inside the hold
got, mid = f.send("bob", to, "Lome, I think, and sand.\n")
r = f.notice("bob", "Published in test.pub.*Lome")
like(words(r), r"  edit +and below it the whole new text", "the receipt says how to change it")
like(answer(r, "edit\n\nLoam, I think,\nand sand.\n"), "^250 2.0.0 done", "edit")
told = f.notice("bob", "Your post is changed")
like(words(told), r"Nobody had been mailed.*it reads now ------\nLoam, I think,\nand sand\.", "answered with what it reads now")
tree = [p for p in f.s.json("thread", root) if p["state"] == "visible"]
is_(len(tree), 2, "one post in the place of the other")
new = tree[1]["message_id"]
ok(new != mid and tree[1]["parent"] == tree[0]["id"], "under the same parent")
is_(f.shown(new), "Loam, I think,\nand sand.", "with the new text")
ok(f.copy(new, "carol"), "carol is mailed the new text")
ok(not f.copies(lambda m: m["Message-ID"] == mid, seconds=1), "nobody the old one")
like(f.send("bob", f.reply_to(r), "edit\nForged.\n", extra=FAIL)[0], "^550 5.*sender check", "a forged edit is refused")
like(answer(r, "edit\n"), "^550 5.*whole new text below", "edit without a text is refused")
like(answer(r, "edit please\n\nX\n"), "^550 5.*alone in the first line", "and with words behind it")

# ---- later, by the receipt of the first: little changed (another forum, without a hold)
f.s.stop()
f = Forum()
root = f.root()
got, mid = f.send("bob", f.reply_to(f.copy(root, "bob")), "Lome, I think, and sand.\n")
r = f.notice("bob", "Published in test.pub.*Lome")
like(answer(r, "edit\n\nLoam, I think,\nand sand.\n"), "^250 2.0.0 done", "edit")
told = f.notice("bob", "Your post is changed")
new = [p for p in f.s.json("thread", root) if p["state"] == "visible"][1]["message_id"]
old = f.copy(mid, "carol")
is_(f.send("carol", f.reply_to(old), "I agree with that.\n")[0][:3], "250", "carol answers")
i = f.s.imap("carol@example.org", "secret-c")
i.run("SELECT test.pub")
uid = lambda mid: i.run('UID SEARCH HEADER Message-ID "%s"' % mid)[1][0].split()[2:]
one = uid(new)
i.run("UID STORE %s +FLAGS (\\Seen)" % one[0])
i.run("NOOP")
n = len(f.copies(lambda m: "carol" in m["Delivered-To"]))
like(answer(told, "edit\nLoam, I think,\nand some sand.\n"), "^250 2.0.0 done", "an edit when the mails are gone")
like(words(f.notice("bob", "some sand")), r"Nobody is mailed for it", "is told so")
newer = [p for p in f.s.json("thread", root) if p["state"] == "visible" and p["author"] == "Bob Fenn"][0]["message_id"]
a = f.article(newer)
is_(a["Supersedes"], new, "news readers: Supersedes")
r1, lines = i.run("NOOP")
ok(any("EXPUNGE" in l or "VANISHED" in l for l in lines), "IMAP: the old one is gone")
two = uid(newer)
ok(two and int(two[0]) > int(one[0]), "and a new UID there")
ok("\\Seen" in " ".join(i.run("UID FETCH %s (FLAGS)" % two[0])[1]), "read already, for little changed")
tree = f.s.json("thread", root)
bobs = [p for p in tree if p["message_id"] == newer][0]
carols = [p for p in tree if p["author"] == "Carol Reed"][0]
is_((carols["parent"], carols["state"]), (bobs["id"], "visible"), "the answer to the old one hangs under the new one")
like(f.send("carol", f.reply_to(old), "One thing more.\n")[0], "^250", "an answer to the old mail is taken")
is_([p["parent"] for p in f.s.json("thread", root) if p["author"] == "Carol Reed" and p["state"] == "visible"], [bobs["id"], bobs["id"]], "and hangs under the new one")
ok(not f.copies(lambda m: m["Message-ID"] == newer, seconds=1), "nobody was mailed the edit")

# ---- notify, and much changed
last = f.notice("bob", "some sand")
like(answer(last, "edit notify\nClay. I was wrong about all of this, as a neighbour who has grown quinces for years told me.\n"), "^250", "edit notify")
newest = [p for p in f.s.json("thread", root) if p["state"] == "visible" and p["author"] == "Bob Fenn"][0]["message_id"]
ok(f.copy(newest, "carol"), "is mailed")
i.run("NOOP")
three = uid(newest)
ok("\\Seen" not in " ".join(i.run("UID FETCH %s (FLAGS)" % three[0])[1]), "and unread, for much changed")

# ---- the first post of a thread keeps thread and watchers; a newsreader's Supersedes does the same
start = f.s.post("test.pub", "Medlar", "When is it rip?\r\n", user="alice@example.org", password="secret-a")
f.send("bob", f.reply_to(f.copy(start, "bob")), "watch\n")
ok(f.notice("bob", "Every post of the thread \"Medlar\""), "bob watches the thread")
f.s.ctl("unsubscribe", "bob@example.org", "test.pub")
got, reply = f.send("carol", f.reply_to(f.copy(start, "carol")), "In November.\n")
fixed = f.s.post("test.pub", "Medlar", "When is it ripe?\r\n", user="alice@example.org", password="secret-a", headers="Supersedes: %s\r\n" % start)
tree = [p for p in f.s.json("thread", fixed) if p["state"] == "visible"]
is_([p["message_id"] for p in tree], [fixed, reply], "the thread hangs below the new first post")
got, more = f.send("carol", f.reply_to(f.copy(fixed, "carol")), "Or in December.\n")
ok(f.copy(more, "bob"), "who watched it watches it still")

# ---- not somebody else's; what is attached stays
like(f.send("carol", f.reply_to(last), "edit\nMine now.\n")[0], "^550 5", "nobody else edits it")
got, mid = f.send("alice", "test.pub@forum.test", "--b\n\nSee the picture.\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=q.png\n\niVBORw0KGgo=\n--b--\n",
                  subject="Picture", content="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")
r = f.notice("alice", "Published in test.pub: Picture")
like(f.send("alice", f.reply_to(r), "edit\nSee the picture, of a quince.\n")[0], "^250", "a post with an attachment is edited")
pictures = [p for p in f.s.json("list", "test.pub") if p["subject"] == "Picture"]
is_(len(pictures), 1, "one post stands in its place")
m = f.article(pictures[0]["message_id"])
is_([(p.get_content_type(), p.get_filename()) for p in m.iter_parts()], [("text/plain", None), ("image/png", "q.png")], "with text and picture")
like(list(m.iter_parts())[0].get_content(), r"^See the picture, of a quince\.\s*$", "the new text")
is_(base64.b64encode(list(m.iter_parts())[1].get_content()), b"iVBORw0KGgo=", "the same picture")
deep = ("--a\nContent-Type: multipart/related; boundary=r\n\n--r\nContent-Type: multipart/alternative; boundary=t\n\n--t\nContent-Type: text/plain\n\nOld words.\n--t\n"
        "Content-Type: text/html\n\n<p>Old <b>words</b>.\n--t--\n--r\nContent-Type: image/gif; name=i.gif\nContent-ID: <i@x>\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n--r--\n--a\n"
        "Content-Type: message/rfc822\n\nSubject: inside\n\nforwarded words\n--a\nContent-Type: text/plain; name=notes.txt\nContent-Disposition: attachment\n\nnotes\n--a--\n")
f.send("alice", "test.pub@forum.test", deep, subject="Deep", content="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
r = f.notice("alice", "Published in test.pub: Deep")
like(f.send("alice", f.reply_to(r), "edit\nNew words.\n")[0], "^250", "nested parts")
m = f.article([p for p in f.s.json("list", "test.pub") if p["subject"] == "Deep"][0]["message_id"])
is_([(p.get_content_type(), p.get_filename()) for p in m.iter_parts()], [("text/plain", None), ("image/gif", "i.gif"), ("message/rfc822", None), ("text/plain", "notes.txt")],
    "the text in all its forms is replaced, all else stays")
ok("Old" not in m.as_string() and "New words." in m.as_string() and "forwarded words" in m.as_string(), "nothing is left of the old text")
# derived anew from the posts, the tree is the same
trees = [[(p["message_id"], p["parent"], p["state"]) for p in f.s.json("thread", m)] for m in (newest, fixed)]
f.s.ctl("rebuild")
f.s.ctl("check")
is_([[(p["message_id"], p["parent"], p["state"]) for p in f.s.json("thread", m)] for m in (newest, fixed)], trees, "a rebuild makes the same tree")
# and so does taking all of it elsewhere
f.s.ctl("export", "test.pub", os.path.join(f.s.dir, "all.mbox"))
g = Server()
g.group("test.pub")
g.ctl("import", "--group", "test.pub", os.path.join(f.s.dir, "all.mbox"))
names = lambda s, m: [(p["message_id"], {q["id"]: q["message_id"] for q in s.json("thread", m)}.get(p["parent"]), p["state"]) for p in s.json("thread", m)]
is_(sorted(names(g, newest)), sorted(names(f.s, newest)), "an export and import too")
g.ctl("check")
# HTML with its picture is a form of the text too; a signature over a file is a file


def kinds(subject):
    m = f.article([p for p in f.s.json("list", "test.pub") if p["subject"] == subject][0]["message_id"])
    return m.as_string(), [p.get_filename() for p in m.walk() if p.get_filename()]


f.send("alice", "test.pub@forum.test", "--t\nContent-Type: text/plain\n\nOld secret words.\n--t\nContent-Type: multipart/related; boundary=r\n\n"
       "--r\nContent-Type: text/html\n\n<p>Old <b>secret</b> words.<img src=\"cid:i@x\">\n--r\nContent-Type: image/gif; name=i.gif\n"
       "Content-ID: <i@x>\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n--r--\n--t--\n", subject="Pictures inside",
       content="MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=t\r\n")
f.send("alice", f.reply_to(f.notice("alice", "Published in test.pub: Pictures inside")), "edit\nNew words.\n")
text, names = kinds("Pictures inside")
ok("New words." in text and "secret" not in text, "no form of the old text is left")
f.send("alice", "test.pub@forum.test", "--a\nContent-Type: text/plain\n\nMy release.\n--a\nContent-Type: application/gzip; name=x.tgz\n"
       "Content-Disposition: attachment; filename=x.tgz\nContent-Transfer-Encoding: base64\n\nR0lGODlh\n--a\n"
       "Content-Type: application/pgp-signature; name=x.tgz.asc\nContent-Disposition: attachment; filename=x.tgz.asc\n\nabc\n--a--\n",
       subject="Release", content="MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n")
f.send("alice", f.reply_to(f.notice("alice", "Published in test.pub: Release")), "edit\nMy new release.\n")
text, names = kinds("Release")
ok("My new release." in text and names == ["x.tgz", "x.tgz.asc"], "the file and its signature stay") or diag(names)
# text, picture, text, as Apple Mail sends it: both texts are the text
apple = ("--a\nContent-Type: text/plain\n\nThis is mine:\n\n--a\nContent-Type: image/png; name=q.png\nContent-Disposition: inline; filename=q.png\n"
         "Content-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--a\nContent-Type: text/plain\n\n\nOld secret words.\n--a--\n")
mixed = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n"
f.send("alice", "test.pub@forum.test", apple, subject="Picture between", content=mixed)
f.send("alice", f.reply_to(f.notice("alice", "Published in test.pub: Picture between")), "edit\nNew words.\n")
text, names = kinds("Picture between")
ok("New words." in text and "secret" not in text and names == ["q.png"], "an edit replaces both, the picture stays") or diag(text)
done()
