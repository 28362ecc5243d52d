#!/usr/bin/env python3
"""Pain 18: one table of what was read, for IMAP, news and mail: an answer by mail marks what it answers as read and answered, for those who want that;
a phone's mail program reads what a newsreader marked."""
from maillib import *

f = Forum()
root = f.root()
other = f.root("Medlar")
i = f.s.imap("bob@example.org", "secret-b")
i.run("SELECT test.pub")
flags = lambda mid: " ".join(i.run("UID FETCH %s (FLAGS)" % i.run('UID SEARCH HEADER Message-ID "%s"' % mid)[1][0].split()[2])[1])
ok("\\Seen" not in flags(root), "unread")
f.send("bob", f.reply_to(f.copy(root, "bob")), "First words, marks not wanted yet.\n")
i.run("NOOP")
ok("\\Seen" not in flags(root), "by mail nothing is marked unless he wants it")
like(f.send("bob", "commands@forum.test", "set mail-marks=on\n")[0], "^250", "set mail-marks=on")
got, mine = f.send("bob", f.reply_to(f.copy(root, "bob")), "Loam.\n")
i.run("NOOP")
ok("\\Seen" in flags(root), "answered by mail: read in IMAP")
ok("\\Answered" in flags(root), "and answered")
ok("\\Seen" in flags(mine), "his own post is no news to him")
ok("\\Seen" not in flags(other), "another post is still unread")
n = f.s.nntp("bob@example.org", "secret-b")
n.cmd("GROUP test.pub", "211")
n.cmd("ARTICLE " + other, "220")
n.text()
wait_for(lambda: i.run("NOOP") and "\\Seen" in flags(other))
ok("\\Seen" in flags(other), "read by news: read in IMAP")
# nobody else's
j = f.s.imap("carol@example.org", "secret-c")
j.run("SELECT test.pub")
ok("\\Seen" not in " ".join(j.run("FETCH 1:* (FLAGS)")[1]), "carol has read nothing")
# folders are writable for marks where posting is barred
f.s.ctl("group", "set", "test.pub", "posting=moderators")
r, lines = i.run("SELECT test.pub")
like(r, r"READ-WRITE", "READ-WRITE where posting is barred")
ok(i.run("STORE 1 +FLAGS (\\Flagged)")[0].startswith("OK"), "for marks")
done()
