#!/usr/bin/env python3
"""tin in a terminal: opens the group, lists the thread, reads, answers."""
from community import *

need("tin", "tmux")
s = community()
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
if not os.path.exists("/etc/mailname"):
    skip("without /etc/mailname tin lets nobody post", 5)
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
shutil.rmtree(home, ignore_errors=True)
done()
