#!/usr/bin/env python3
"""A member's own: what the forum knows of him as mbox and JSON; where others name him; leaving, and leaving without a name."""
from maillib import *
import mailbox

f = Forum()
root = f.s.post("test.pub", "Quince", "Which soil does it like?\r\nFrom the south wall?\r\n", user="bob@example.org", password="secret-b")
got, two = f.send("bob", "test.pub@forum.test", "Löss, I hear.\n", subject="Loam", content="Content-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n")
f.send("alice", "test.pub@forum.test", "As Bob Fenn said, loam.\n", subject="Named")
f.send("alice", "test.pub@forum.test", "Nobody in here.\n", subject="Other")
f.s.post("test.priv", "Secret", "Bob Fenn himself.\r\n", user="bob@example.org", password="secret-b")

# ---- export
like(f.send("bob", "commands@forum.test", "export\n", extra="")[0], "^250", "an unproven export")
q = f.notice("bob", "asked for")
ok(q, "is asked about")
like(f.send("bob", "commands@forum.test", "export\n")[0], "^250", "a proven one")
parts = f.copies(lambda m: m["Delivered-To"].startswith("bob") and "Your posts and settings" in str(m["Subject"]), n=2)
files = {p.get_filename(): p.get_payload(decode=True) for m in parts for p in m.walk() if p.get_filename()}
j = json.loads(files["settings.json"])
is_((j["name"], j["addresses"]), ("Bob Fenn", ["bob@example.org"]), "settings.json: name and addresses")
is_((j["subscriptions"], j["roles"]), ([{"mode": "all", "group": "test.pub"}], [{"role": "member", "group": "test.priv"}]), "subscriptions and roles")
path = os.path.join(f.s.dir, "export.mbox")
open(path, "wb").write(files["posts-001.mbox"])
box = list(mailbox.mbox(path))
is_(sorted(m["Subject"] for m in box), ["Loam", "Quince", "Secret"], "posts: all of his, nobody else's")
q = [m for m in box if m["Message-ID"] == root][0]
like(q.get_payload(), "Which soil does it like\\?\n>From the south wall", "as he wrote them")
is_(len([m for m in parts]), 2, "in two mails")
like(f.send("bob", "commands@forum.test", "export\n")[0], "^4.*once a day", "once a day")

# ---- a long post comes in pieces that can be joined; the last mail says so
long = "".join("Line %d of a long story about quinces and their soil.\r\n" % n for n in range(2000))
story = f.s.post("test.pub", "Story", long, user="carol@example.org", password="secret-c")
f.s.post("test.pub", "Short", "After it.\r\n", user="carol@example.org", password="secret-c")
like(f.send("carol", "commands@forum.test", "export\n")[0], "^250", "an export with a long post")
mine = lambda m: m["Delivered-To"].startswith("carol") and "Your posts and settings" in str(m["Subject"])
parts = wait_for(lambda: (lambda l: l if any("last part" in words(m) for m in l) else None)(f.copies(mine, n=3)), 30)
files = {p.get_filename(): p.get_payload(decode=True) for m in parts for p in m.walk() if p.get_filename()}
pieces = sorted(n for n in files if ".eml." in n)
ok(len(pieces) >= 3 and all(len(files[n]) <= 36000 for n in pieces), "in pieces (%d)" % len(pieces))
joined = b"".join(files[n] for n in pieces).decode()
ok(story in joined and joined.endswith("\r\n\r\n" + long), "which make the post again, octet for octet")
ok(b"After it." in b"".join(v for n, v in files.items() if n.endswith(".mbox")), "the others are in the mbox")
# they leave together and arrive in any order
like("\n".join(map(words, parts)), r"send +export +again then", "the mails say what to do when the last does not come")
like(words([m for m in parts if m.get_payload()[-1].get_filename() == pieces[0]][0]), r"cat post-\d+\.eml\.\* > post-", "and how the pieces are joined")
is_(sum("last part" in words(m) for m in parts), 1, "one says that it is the last")

# ---- where others name him
like(f.send("bob", "commands@forum.test", "mentions\n")[0], "^250", "mentions")
t = words(f.notice("bob", "Others name you"))
like(t, r"in 1 post:\n\nAlice Moor: \"Named\" \(test\.pub\)\n  mid:", "the one, with its author and link")
ok("Other" not in t.replace("Others", "") and "Secret" not in t, "and no more")

# ---- leaving without a name
like(f.send("bob", "commands@forum.test", "leave and anonymise\n")[0], "^250", "leave and anonymise")
q = f.notice("bob", "take the name away")
like(words(q), r"cannot be undone.*words of others.*\"Named\"", "is asked, with the list")
is_(f.s.json("member", "show", "bob@example.org")[0]["name"], "Bob Fenn", "nothing happened yet")
like(f.send("carol", f.reply_to(q), "confirm\n")[0], "^550 5", "nobody else can say so")
like(f.send("bob", f.reply_to(q), "confirm\n")[0], "^250", "he confirms")
ok(f.notice("bob", "last mail you get from here"), "a last mail")
ok("Bob" not in str(f.article(root)["From"]), "his name is gone from his posts")
ok("Bob Fenn" in f.shown([p["message_id"] for p in f.s.json("list", "test.pub") if p["subject"] == "Named"][0]), "not from others' words")
f.s.ctl("member", "show", "bob@example.org", check=False)
ok(f.s.code != 0, "nobody has the address any more")
like(f.send("bob", "test.pub@forum.test", "Still here?\n")[0], "^550 5.*no member's address", "he is a stranger now")
n = f.s.nntp()
like(n.cmd("AUTHINFO USER bob@example.org") + n.cmd("AUTHINFO PASS secret-b"), "481", "and cannot log in")
# leaving, the name staying: can be undone by the operator
like(f.send("carol", "commands@forum.test", "leave\n")[0], "^250", "leave")
like(f.send("carol", f.reply_to(f.notice("carol", "asked to leave")), "yes\n")[0], "^250", "yes")
ok(f.s.json("member", "show", "carol@example.org")[0]["left"], "she has left")
f.s.ctl("member", "set", "carol@example.org", "left=off")
like(f.send("carol", "test.pub@forum.test", "Back again.\n", subject="Back")[0], "^250", "and can come back")
f.s.ctl("check")
done()
