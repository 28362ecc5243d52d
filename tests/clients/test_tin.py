#!/usr/bin/env python3
"""tin in a terminal: opens the group, lists the thread, reads, answers."""
from community import *
from proxy import Proxy

need("tin", "tmux")
# Debian's tin takes its host from there, and without one lets nobody post or cancel
may_post = os.path.exists("/etc/mailname") and bool(open("/etc/mailname").read().strip())
s = community()
private_group(s)
home = tempfile.mkdtemp(prefix="forumtin-")
editor = script(home + "/editor", "#!/bin/sh\nfor f; do :; done\nsed -i '/^$/q' \"$f\"\nprintf 'In the old bath tub.\\n' >>\"$f\"\n")
with open(home + "/.newsrc", "w") as f:
    f.write("test.garden:\n")
with open(home + "/.newsauth", "w") as f:
    f.write("127.0.0.1 secret-b bob@example.org\n")
os.chmod(home + "/.newsauth", 0o600)
os.makedirs(home + "/.tin")
with open(home + "/.tin/tinrc", "w") as f:
    f.write("mail_address=Bob Fenn <bob@example.org>\nbeginner_level=OFF\nconfirm_choice=none\n")

t = Screen(["tin", "-r", "-A", "-g", "127.0.0.1", "-p", str(s.port["nntp"])], home=home,
           env={"EDITOR": editor, "VISUAL": editor, "NNTPSERVER": "127.0.0.1", "USER": "bob"})
t.wait(r"Group Selection.*4\s+test\.garden\s+Garden talk", "the group with four unread posts and its title")
t.keys("Enter")
t.wait(r"test\.garden \(1[TB] 4\+.*Where to plant the quince\s+Alice Moor", "one thread of four posts")
t.keys("l")
text = t.wait(r"Thread.*Alice Moor.*Bob Fenn.*Alice Moor.*Bob Fenn", "l lists the thread")
tree = re.findall(r"\d+\]\s+(.*?)\s+(Alice Moor|Bob Fenn)", text)
is_(tree, [("Where to plant the quince", "Alice Moor"), ("+->", "Bob Fenn"), ("| `->", "Alice Moor"), ("`->", "Bob Fenn")], "as a tree")
t.keys("Enter")
t.wait(r"The yard is too dry\.\s+Ideas, please\.", "the first post is read")
t.keys("n")
t.wait(r"Behind the shed then", "n: the next one")
if not may_post:
    skip("without a name in /etc/mailname tin lets nobody post", 5)
else:
    t.keys("f")
    t.wait(r"quit.*edit.*post", "f writes an answer")
    t.keys("p")
    found = post_with(s, "In the old bath tub")
    if not ok(found, "it is posted, and there by IMAP"):
        diag(t.text())
    else:
        like(found[0], r"(?m)^References: <root@thread\.example>\s+<one@thread\.example>\r?$", "with its references")
        like(found[0], r"(?m)^From: Bob Fenn <[^@>]+@forum\.test>", "under the member's name, without the member's address")
        mid = re.search(r"(?mi)^Message-ID: (\S+)", found[0]).group(1)
        tree = {p["message_id"]: p for p in s.json("thread", ROOT)}
        is_(tree[mid]["parent"], tree[ONE]["id"], "in the tree below the post it answers")
for _ in range(10):     # a key may be taken by a notice
    t.keys("Q")
    if wait_for(lambda: "ENDED" in t.text(), 1.5):
        break
t.wait(r"ENDED", "tin leaves in peace")

# the private group, and a post taken back: tin lets cancel what came from the address it knows
me = re.search(r"From: Bob Fenn <(author-\d+)@forum\.test>", posts(s)[1][0]).group(1)
with open(home + "/.tin/tinrc", "w") as f:
    f.write("mail_address=Bob Fenn <%s@forum.test>\nbeginner_level=OFF\nconfirm_choice=none\n" % me)
with open(home + "/.newsrc", "w") as f:
    f.write("test.cellar:\n")
p = Proxy(s, "tin")
t = Screen(["tin", "-r", "-A", "-g", "127.0.0.1", "-p", str(p.port)], home=home,
           env={"EDITOR": "true", "VISUAL": "true", "NNTPSERVER": "127.0.0.1", "USER": "bob"})
t.wait(r"test\.cellar\s+Down in the cellar", "the private group is there")
t.keys("Enter")
t.wait(r"1\s+The jars")
t.keys("Enter")
t.wait(r"Under the stairs", "and is read")
if not may_post:
    skip("nor cancel", 4)
else:
    t.keys("D")
    t.wait(r"Cancel \(delete\) or supersede.*d/s/q")
    t.keys("d")
    t.wait(r"d=delete \(cancel\)", "D: tin takes it for Bob's own")
    t.keys("d")
    is_(p.posted(), ["240"], "the cancel is taken: 240")
    like(p.article(), r"(?m)^Control: cancel <cellar@thread\.example>$", "that is what it was")
    n = s.nntp("bob@example.org", "secret-b")
    n.cmd("STAT <cellar@thread.example>", "430", "the post is gone")
p.peaceful()
t.stop()
shutil.rmtree(home, ignore_errors=True)
done()
