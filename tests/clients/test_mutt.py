#!/usr/bin/env python3
"""mutt in a terminal: reads the group by IMAP as a tree, answers by submission; the answer appears in the open mailbox."""
from community import *

need("mutt", "tmux")
s = community()
home = tempfile.mkdtemp(prefix="forummutt-")
editor = script(home + "/editor", "#!/bin/sh\nfor f; do :; done\nprintf 'Ask the neighbours first.\\n' >\"$f\"\n")
with open(home + "/muttrc", "w") as f:
    f.write("""
set certificate_file = "%s/cert.pem"
set ssl_verify_host = no ssl_starttls = yes
set folder = "imap://127.0.0.1:%d/" spoolfile = "+test.garden"
set imap_user = "bob@example.org" imap_pass = "secret-b"
set smtp_url = "smtp://bob%%40example.org@127.0.0.1:%d/" smtp_pass = "secret-b" smtp_authenticators = "plain"
set realname = "Bob Fenn" from = "bob@example.org" use_from = yes
set copy = no record = "" postponed = "%s/drafts" tmpdir = "%s" header_cache = ""
set sort = threads charset = utf-8 include = no mail_check = 1 timeout = 1 ascii_chars = yes editor = "%s"
mailboxes +test.garden
set reply_to = yes
""" % (s.dir, s.port["imap"], s.port["submission"], home, home, editor))

t = Screen(["mutt", "-n", "-F", home + "/muttrc"], home=home)
text = t.wait(r"Alice Moor.*Bob Fenn.*Alice Moor.*Bob Fenn", "the group opens")
rows = [re.sub(r".*(Alice Moor|Bob Fenn) +\([^)]*\) ", r"\1 ", l).rstrip() for l in text.split("\n") if re.search("Alice Moor|Bob Fenn", l)]
is_(rows, ["Alice Moor Where to plant the quince", "Bob Fenn |->", "Alice Moor | `->", "Bob Fenn `->"], "the tree is drawn") or diag(text)
t.keys("Home")
t.keys("Enter")
t.wait(r"Ideas, please\.", "the first post is read")
t.keys("j")
t.wait(r"Behind the shed then", "j: the next one")
t.keys("r")
t.wait(r"To: ?test\.garden@forum\.test", "r answers to the group, as the post says")
t.keys("Enter")
text = t.wait(r"Subject: ?Re: Where to plant", "r answers")
t.keys("Enter")
text = t.wait(r"To: test\.garden@forum\.test", "to the group")
t.keys("y")
found = post_with(s, "Ask the neighbours first")
if not ok(found, "it is posted"):
    diag(t.text())
else:
    mid = re.search(r"(?mi)^Message-ID: (\S+)", found[0]).group(1)
    tree = {p["message_id"]: p for p in s.json("thread", ROOT)}
    is_((tree[mid]["parent"], tree[mid]["author"].split(" <")[0]), (tree[ONE]["id"], "Bob Fenn"), "below the post it answers, under the member's name")
t.keys("i")
t.wait(r"(Bob Fenn.*){3}", "the open mailbox shows it")
t.keys("q")
t.wait(r"ENDED", "mutt leaves in peace")
i = s.imap("bob@example.org", "secret-b")
i.run("SELECT test.garden")
like(i.run("FETCH 2 (FLAGS)")[1][-1], r"\\Answered.*\\Seen|\\Seen.*\\Answered", "read and answered are marks on the server")
shutil.rmtree(home, ignore_errors=True)
done()
