#!/usr/bin/env python3
"""alpine as an IMAP client in a terminal: folder list, index as a tree, reading, marking, answering, expunging, saving to a folder."""
from community import *
from imapwire import Wire

need("alpine", "tmux")
s = community()
p = Wire(s, "alpine")
home = tempfile.mkdtemp(prefix="forumalpine-")
script(home + "/editor", "#!/bin/sh\nprintf 'In the zinc pail.\\n' >\"$1\"\n")
host = "{127.0.0.1:%d/imap/user=bob@example.org/notls}" % p.port
t = alpine(home, host + "test.garden", "smtp-server=127.0.0.1:%d/user=bob@example.org/notls\ninbox-path=%sINBOX\nfolder-collections=Forum %s[]\npostponed-folder=%sDrafts\n"
           % (s.port["submission"], host, host, host), ",enable-flag-cmd,expunge-without-confirm-everywhere,quit-without-confirm")
text = t.wait(r"MESSAGE INDEX.*quince")
is_(re.findall(r"(?m)^ *\+? *N? *(\d) .*?(Alice Moor|Bob Fenn)", text), [("1", "Alice Moor"), ("2", "Bob Fenn"), ("3", "Alice Moor"), ("4", "Bob Fenn")],
    "the index shows the thread in its order") or diag(text)
for _ in range(3):
    t.keys("Up")
t.keys("Enter")
t.wait(r"MESSAGE TEXT.*From: Alice Moor.*The yard is too dry\.\s+Ideas, please\.", "a post is read")
t.keys("i")
t.wait(r"MESSAGE INDEX")
t.keys("*")
t.wait(r"Flag New, Deleted, Answered")
t.keys("*")
t.wait(r"(?m)^ *\+?\*.* 1 ", "* marks it as important")
i = s.imap("bob@example.org", "secret-b")
i.run("SELECT test.garden")
ok(wait_for(lambda: r"(\Seen \Flagged)" in "".join(i.run("FETCH 1 (FLAGS)")[1]), 10, 0.1), "read and important are marks on the server, for Bob")
# an answer by the submission port
t.keys("r")
t.wait(r"Include original message")
t.keys("n")
t.wait(r"Follow-up to news group.*Reply via email")
t.keys("r")
text = t.wait(r"Use \"Reply-To:\"|Reply to all|COMPOSE MESSAGE")
while "COMPOSE MESSAGE" not in text:
    t.keys("y" if "Use" in text else "n")
    text = t.wait(r"Reply to all|COMPOSE MESSAGE" if "Use" in text else r"COMPOSE MESSAGE")
text = t.wait(r"COMPOSE MESSAGE.*test\.garden@forum\.test.*In the zinc pail", "an answer is written, to the group")
t.keys("C-x")
t.wait(r"Send message\?")
t.keys("y")
t.wait(r"PASSWORD")
t.type("secret-b")
t.keys("Enter")
t.wait(r"Preserve password")
t.keys("n")
found = post_with(s, "In the zinc pail", 15)
if ok(found, "it is posted"):
    like(found[0], r"(?mi)^In-Reply-To: <root@thread\.example>", "below what it answers")
    like(found[0], r"(?m)^From: Bob Fenn <[^@>]+@forum\.test>", "under the member's name")
else:
    diag(t.text())
text = t.wait(r"MESSAGE INDEX")
# delete and expunge: out of Bob's view
t.keys("Down")
t.keys("d")
t.wait(r"(?m)^ *\+? *D")
t.keys("x")
ok(wait_for(lambda: any("EXPUNGE" in l for l in i.run("NOOP")[1]), 15, 0.2), "X expunges") or diag(t.text())
is_(len(s.json("list", "test.garden", "--all")), 5, "for Bob only")
# the folder list
t.keys("<")
text = t.wait(r"FOLDER LIST.*test")
ok(re.search(r"Drafts.*", text) and "Sent" in text and "Trash" in text, "the folder list has the own boxes and the groups") or diag(text)
t.keys("q")
text = t.wait(r"ENDED|Really quit")
if "Really" in text:
    t.keys("y")
t.wait("ENDED", "alpine leaves")
p.peaceful("^(UID )?(COPY|STATUS|CREATE|SELECT|EXAMINE)")
t.stop()
shutil.rmtree(home, ignore_errors=True)
done()
