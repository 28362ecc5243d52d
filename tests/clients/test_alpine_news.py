#!/usr/bin/env python3
"""alpine as a news reader in a terminal: opens the group, lists it, reads, posts a follow-up."""
from community import *
from proxy import Proxy

need("alpine", "tmux")
s = community()
p = Proxy(s, "alpine_news")
home = tempfile.mkdtemp(prefix="forumalpine-")
script(home + "/editor", "#!/bin/sh\nprintf 'In the zinc pail.\\n.\\n.dots\\n' >\"$1\"\n")
with open(home + "/newsrc", "w") as f:
    f.write("test.garden:\n")
open(home + "/inbox", "w").close()

server = "127.0.0.1:%d/nntp/user=bob@example.org/notls" % p.port
t = alpine(home, "{%s}test.garden" % server, "smtp-server=\nnntp-server=%s\nnews-collections=News {%s}[]\nnewsrc-path=%s/newsrc\ninbox-path=%s/inbox\n"
           % (server.replace("/nntp", ""), server, home, home), ",enable-full-header-cmd")
text = t.wait(r"MESSAGE INDEX.*Where to plant the quince")
is_(re.findall(r"(?m)^ *\+? *N +(\d) .*?(Alice Moor|Bob Fenn)", text), [("1", "Alice Moor"), ("2", "Bob Fenn"), ("3", "Alice Moor"), ("4", "Bob Fenn")], "I lists them, by name")
t.keys("Enter")
t.wait(r"MESSAGE TEXT.*From: Alice Moor.*The yard is too dry\.\s+Ideas, please\.", "a post is read")
t.keys("r")
t.wait(r"Include original message")
t.keys("n")
t.wait(r"Follow-up to news group")
t.keys("f")
t.wait(r"COMPOSE MESSAGE.*Newsgrps: test\.garden.*In the zinc pail.*Alternate editor done", "an answer to the group is written")
t.keys("C-x")
t.wait(r"Send message\?")
t.keys("y")
t.wait(r"Really post\?")
t.keys("y")
found = post_with(s, "In the zinc pail", 8)
if ok(found, "it is posted, and there by IMAP"):
    like(found[0], r"(?m)^References: <root@thread\.example>\r?$", "with its reference")
    like(found[0], r"(?m)^From: Bob Fenn <[^@>]+@forum\.test>", "under the member's name, without the member's address")
    ok("In the zinc pail.\r\n.\r\n.dots\r\n" in found[1], "text and dots as typed")
else:
    diag(t.text())
is_(p.posted(), ["240"], "240")
p.peaceful("^LIST EXTENSIONS")
t.stop()
shutil.rmtree(home, ignore_errors=True)
done()
