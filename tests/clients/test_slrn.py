#!/usr/bin/env python3
"""slrn in a terminal: opens the group, shows the tree, reads, answers; the answer is there by IMAP and in the mail that goes out."""
from community import *
from proxy import Proxy

need("slrn", "tmux")
s = community()
private_group(s)
s.ctl("subscribe", "carol@example.org", "test.garden", "--mode", "all")
home = tempfile.mkdtemp(prefix="forumslrn-")
# slrn gives the file with the header; the text comes after the first empty line
editor = script(home + "/editor", "#!/bin/sh\nsed -i '/^$/q' \"$1\"\nprintf 'Against the tin roof.\\n.\\n.hidden dots\\n' >>\"$1\"\n")
RC = """
nnrpaccess "127.0.0.1" "bob@example.org" "secret-b"
set force_authentication 1
set hostname "%s"
set username "%s"
set realname "Bob Fenn"
set editor_command "%s '%%s'"
set simulate_graphic_chars 1
set confirm_actions 0
charset display utf8
charset outgoing utf8
set postpone_directory "%s"
set save_directory "%s"
"""
with open(home + "/rc", "w") as f:
    f.write(RC % ("example.org", "bob", editor, home, home))
with open(home + "/newsrc", "w") as f:
    f.write("test.garden:\n")

t = Screen(["slrn", "-h", "127.0.0.1", "-p", str(s.port["nntp"]), "-f", home + "/newsrc", "-i", home + "/rc"], home=home)
t.wait(r"4 +test\.garden", "the group with four unread posts")
t.keys("Space")
t.wait(r"Alice Moor.*Where to plant the quince", "the group opens")
t.keys("Space")
text = t.wait(r"The yard is too dry\.\s+Ideas, please\.", "the first post is read")
tree = [re.sub(r"\s+", " ", l.split("[")[1]) for l in text.split("\n")[:8] if "[" in l and "unread" not in l]
is_([re.sub(r"\] ?\d* ?", "|", l).strip() for l in tree],
    ["Alice Moor |Where to plant the quince", "Bob Fenn |+->", "Alice Moor || `->", "Bob Fenn |`->"], "the tree is drawn: two answers, one of them answered")
t.keys("n")
t.wait(r"Behind the shed then", "n: the next one")
t.keys("n")
t.wait(r"shadow until noon", "and the next")
t.keys("f")
t.wait(r"Post the message\?", "f writes an answer")
t.keys("y")
found = post_with(s, "Against the tin roof")
if not ok(found, "it is posted, and there by IMAP"):
    diag(t.text())
else:
    head, body = found
    like(head, r"(?m)^References: <root@thread\.example>\s+<one@thread\.example>\s+<two@thread\.example>", "with its references")
    like(head, r"(?m)^From: Bob Fenn <[^@>]+@forum\.test>", "under the member's name, without the member's address")
    ok(body.endswith("Against the tin roof.\r\n.\r\n.hidden dots\r\n"), "text and dots as typed")
    tree = {p["message_id"]: p for p in s.json("thread", ROOT)}
    mid = re.search(r"(?mi)^Message-ID: (\S+)", head).group(1)
    is_(tree[mid]["parent"], tree[TWO]["id"], "in the tree below the post it answers")
    ok(wait_for(lambda: any(b"Against the tin roof" in m and b"carol@example.org" in m for m in s.outgoing()), 15), "the subscriber gets it by mail")
t.keys("q")
t.keys("q")
t.wait(r"test\.garden|ENDED")
t.keys("Q")
t.wait(r"ENDED", "slrn leaves in peace")

# programs offer to cancel or supersede what was written under the address they know: so Bob uses the one his posts show
me = re.search(r"From: Bob Fenn <(author-\d+)@forum\.test>", posts(s)[1][0]).group(1)
with open(home + "/rc", "w") as f:
    f.write(RC % ("forum.test", me, script(home + "/again", "#!/bin/sh\nprintf 'Rather not.\\n' >>\"$1\"\n"), home, home))
with open(home + "/newsrc", "w") as f:
    f.write("test.cellar:\n")
p = Proxy(s, "slrn")
t = Screen(["slrn", "-h", "127.0.0.1", "-p", str(p.port), "-f", home + "/newsrc", "-i", home + "/rc"], home=home)
t.wait(r"1 +test\.cellar", "the private group is there")
for _ in range(8):      # the personal groups are new to slrn, and stand in the list, too
    if re.search(r"-> .*test\.cellar", t.text()):
        break
    t.keys("Down")
    time.sleep(0.3)
t.keys("Space")
t.wait(r"The jars")
t.keys("Space")
t.wait(r"Under the stairs", "and is read")
t.keys("Escape", "C-s")
t.wait(r"Post the message\?", "Esc ^S: a post to supersede it")
t.keys("y")
t.wait(r"done\.")
n = s.nntp("bob@example.org", "secret-b")
n.cmd("STAT <cellar@thread.example>", "430", "the old one is gone")
n.cmd("GROUP test.cellar", "211 1 ", "one post is there")
n.cmd("BODY", "222")
is_(n.text(), ["Under the stairs.", "Rather not."], "the new one")
t.keys("q")
t.wait(r"-> .*test\.cellar")
t.keys("Space")
t.wait(r"The jars")
t.keys("Space")
t.wait(r"Rather not")
t.keys("Escape", "C-c")
ok(wait_for(lambda: ("y" in t.text()[-300:] and t.keys("y")) or len([c for c in p.commands() if c == "(article)"]) == 2, 15, 0.5), "Esc ^C: a cancel is sent")
is_(p.posted(2), ["240", "240"], "240 and 240")
n.cmd("GROUP test.cellar", "211 0 ", "nothing is there")
p.peaceful()
t.stop()
shutil.rmtree(home, ignore_errors=True)
done()
