#!/usr/bin/env python3
"""IMAP: acting by moving: !Mute, !Watch, !Flag.KIND, for moderators !Aside and !Hide; and GROUP.!Mute ..., of one group."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 100")
s.group("test.forum")
s.group("test.other")
s.group("hidden.group", "--access", "private")
for who in ("alice", "bob", "mod"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:test.forum")
for i in range(1, 5):
    s.post("test.forum", "Post %d" % i)
b, m = [s.imap(w + "@example.org", "secret") for w in ("bob", "mod")]
FLAGS = ["off-topic", "spam", "uncivil", "privacy", "other"]
names = lambda c, p: [re.search(r'"\." (.*)', l).group(1) for l in c.run('LIST "" "%s"' % p)[1] if "NonExistent" not in l]
mine = ["test.forum.!Mute", "test.forum.!Watch", "test.forum.!Undo"] + ["test.forum.!Flag." + f for f in FLAGS]
top = ["!Mute", "!Watch", "!Undo"] + ["!Flag." + f for f in FLAGS]
is_([x for x in names(b, "*") if "!" in x], top, "LIST shows them once")
is_(names(b, "!*"), top, "by name")
is_([x for x in names(m, "*") if "!" in x], top + ["!Aside", "!Hide", "!Keep", "!Approve", "!Delete"], "to moderators some more")
is_(names(b, "%")[-3:], ["!Mute", "!Watch", "!Undo"], "at the top")
is_([l for l in b.run('LIST "" %')[1] if "!Flag" in l], ['* LIST (\\NonExistent \\Noselect \\HasChildren) "." !Flag'], "kinds of reports below one name")
is_(names(b, "test.forum.*"), [], "not again below each group")
is_(names(b, "test.forum.!*"), mine, "unless they are named: siblings of a group")
is_(names(m, "test.forum.!*"), mine + ["test.forum.!" + x for x in ("Aside", "Hide", "Keep", "Approve", "Delete")], "and for moderators")
is_([l for l in b.run('LSUB "" *')[1] if "!" in l], [], "nobody is subscribed to them")
for c, n in ((b, "!Hide"), (b, "!None"), (b, "hidden.group.!Mute"), (b, "test.forum.!Hide"), (b, "test.forum.!None"), (b, "no.such.!Mute")):
    for cmd in ("SELECT %s", "STATUS %s (MESSAGES)", "SUBSCRIBE %s"):
        is_(c.run(cmd % n), c.run(cmd % "no.such"), "%s is not there: %s" % (n, cmd[:6]))
r, u = b.run("SELECT test.forum.!Mute")
ok(r.startswith("OK") and "* 0 EXISTS" in u, "selectable and empty")
b.run("SELECT test.forum")
is_(b.run("COPY 1 hidden.group.!Mute"), b.run("COPY 1 no.such"), "private is missing in COPY")
like(b.run("UID MOVE 1 test.forum.!Hide")[0], r"^NO \[TRYCREATE\]", "nor !Hide for members")
like(b.run("COPY 1 test.other.!Mute")[0], r"^NO \[CANNOT\]", "of the post's own group only")

r, u = b.run("COPY 1 test.forum.!Watch")
ok(r == "OK done for 1 posts: they stay where they are" and not u, "COPY to !Watch") or diag(r, u)
n = s.nntp("alice@example.org", "secret")
ids = re.findall(r'"(<[^"]*>)"\)', "".join(b.run("FETCH 1:2 (ENVELOPE)")[1]))
for i in (0, 1):
    n.cmd("POST", "340")
    n.raw("Newsgroups: test.forum\r\nSubject: Re\r\nReferences: %s\r\n\r\nmore\r\n.\r\n" % ids[i])
    n.expect("240")
like(b.run("STATUS Watched (MESSAGES)")[1][0], r"MESSAGES 1\)", "its thread is watched, the other is not")
r, u = b.run("UID MOVE 1 test.forum.!Flag.off-topic")
ok(r.startswith("OK done") and not any("EXPUNGE" in l or "COPYUID" in l for l in u), "MOVE to !Flag: the post stays") or diag(r, u)
like(s.ctl("queue"), "off-topic", "a report")
like(b.run("UID MOVE 1 test.forum.!Flag.off-topic")[0], "^OK", "once more is no error")
is_(b.run("UID FETCH 1 (UID)")[1], ["* 1 FETCH (UID 1)"], "it is still there")
like(b.run("UID MOVE 2:3 test.forum.!Mute")[0], "^OK done for 2", "two at once")

# the same without a group: that of the post
like(b.run("SELECT !Mute")[0], "^OK", "!Mute can be opened")
like(b.run("SELECT test.forum")[0], "^OK", "back")
like(b.run("UID MOVE 3 !Flag.spam")[0], "^OK done for 1", "MOVE to !Flag.spam")
like(s.ctl("queue"), "spam", "a report")
b.run("SELECT Watched")
like(b.run("COPY 1 !Mute")[0], "^OK done for 1", "from an own box")
like(b.run("UID MOVE 1 !Hide")[0], r"^NO \[TRYCREATE\]", "!Hide is not there for members")
b.run('APPEND Sent {14+}\r\nSubject: x\r\n\r\n')
b.run("SELECT Sent")
like(b.run("COPY 1 !Mute")[0], r"^NO \[CANNOT\]", "own messages are no posts")
s.post("test.other", "Elsewhere")
m.run("SELECT test.other")
like(m.run("COPY 1 !Hide")[0], r"^NO \[NOPERM\]", "where one moderates nothing")
b.run("SELECT test.forum")

like(b.run("UID STORE 2 +FLAGS ($OffTopic)")[0], "^OK", "+FLAGS $OffTopic")
ok(len(s.json("queue")) == 3, "is a report too") or diag(s.ctl("queue"))
like(b.run("UID STORE 2 +FLAGS.SILENT ($OffTopic)")[0], "^OK", "once more is no error")
m.run("SELECT test.forum")
r, u = m.run("UID MOVE 3 test.forum.!Hide")
ok(r.startswith("OK"), "a moderator hides") or diag(r)
ok(wait_for(lambda: [l for l in b.run("NOOP")[1] if "EXPUNGE" in l], 5), "for everybody")
like(s.ctl("log", "test.forum"), "hide", "with an entry in the audit log")
like(m.run("UID MOVE 4 test.forum.!Aside")[0], "^OK", "aside")
ok("test.forum.aside" in names(m, "test.forum.aside"), "it went to GROUP.aside")
done()
