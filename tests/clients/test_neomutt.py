#!/usr/bin/env python3
"""neomutt and mutt with a header cache and QRESYNC: tree, reply, flags, hiding, sync, and a second start that takes only what
changed meanwhile."""
from community import *
from imapwire import Wire

need("neomutt", "mutt", "tmux")
s = community()
CONFIG = """
set ssl_starttls = no ssl_force_tls = no
set folder = "imap://127.0.0.1:%(port)d/" spoolfile = "+test.garden"
set imap_user = "%(who)s@example.org" imap_pass = "secret-%(key)s"
set smtp_url = "smtp://%(who)s%%40example.org@127.0.0.1:%(smtp)d/" smtp_pass = "secret-%(key)s" smtp_authenticators = "plain"
set realname = "%(name)s" from = "%(who)s@example.org" use_from = yes
set copy = no record = "" postponed = "+Drafts" trash = "" tmpdir = "%(home)s" header_cache = "%(home)s/hcache" message_cachedir = "%(home)s/bodies"
set imap_qresync = yes imap_condstore = yes imap_idle = yes
set sort = threads charset = utf-8 include = no mail_check = 1 timeout = 1 ascii_chars = yes editor = "%(home)s/editor"
set index_format = "%%3C %%Z %%-10.10L %%s" confirmappend = no delete = yes quit = yes mark_old = no
set reply_to = yes mime_forward = no sidebar_visible = no
"""


def start(program, who, name, p):
    home = tempfile.mkdtemp(prefix="forummutt-")
    script(home + "/editor", "#!/bin/sh\nfor f; do :; done\nprintf 'Under the lean-to.\\n' >\"$f\"\n")
    with open(home + "/muttrc", "w") as f:
        f.write(CONFIG % dict(port=p.port, who=who, key=who[0], smtp=s.port["submission"], name=name, home=home))
    return home


def screen(program, home):
    return Screen([program, "-n", "-F", home + "/muttrc"], home=home)


def flags(who):
    i = s.imap(who + "@example.org", "secret-" + who[0])
    i.run("EXAMINE test.garden")
    out = {}
    for l in i.run("UID FETCH 1:* (FLAGS)")[1]:
        m = re.search(r"UID (\d+)", l)
        if m:
            out[int(m.group(1))] = set(re.search(r"FLAGS \((.*?)\)", l).group(1).split())
    i.close()
    return out


def everything():
    return s.json("list", "test.garden", "--all")


def rows(text):
    return [re.sub(r" +", " ", l).strip() for l in text.split("\n") if re.match(r" *\d+ .{0,6}(Alice|Bob|Carol)", l)]


def session(program, who, name, reply):
    p = Wire(s, program)
    home = start(program, who, name, p)
    t = screen(program, home)
    n = len(everything())
    text = t.wait(r"Alice Moor.*Bob Fenn.*Alice Moor.*Bob Fenn", program + ": the group opens")
    ok(re.search(r"quince.*\n.*->.*\n.*->.*\n.*->", text), program + ": as a tree") or diag(text)
    t.keys("Home")
    t.keys("Enter")
    t.wait(r"Ideas, please\.", program + ": the first post is read")
    t.keys("i")
    t.wait(r"(?m)^ *1 ")
    t.keys("F")                              # the cursor may have moved on: the one that shows a flag is the one
    t.wait(r"(?m)^ *\d+ .{0,3}!", program + ": F flags")
    t.keys("End")
    t.keys("d")
    t.wait(r"(?m)^ *\d+ .{0,3}D", program + ": d marks for deletion")
    t.keys("$")
    t.wait(r"(?s)^(?!.*\n *\d+ .{0,3}D)", program + ": $ synchronises")
    ok(wait_for(lambda: len(flags(who)) == n - 1, 10, 0.1), program + ": the post is gone for the member")
    f = flags(who)
    is_((r"\Seen" in f[1], sum(r"\Flagged" in x for x in f.values())), (True, 1), program + ": marks are on the server")
    is_(len(everything()), n, program + ": and it is there for others")
    if reply:
        t.keys("Home")
        t.keys("r")
        t.wait(r"To: ?test\.garden@forum\.test")
        t.keys("Enter")
        t.wait(r"Subject: ?Re: Where to plant")
        t.keys("Enter")
        t.wait(r"To: test\.garden@forum\.test")
        t.keys("y")
        found = post_with(s, "Under the lean-to")
        ok(found, program + ": an answer is posted")
        t.keys("i")
        t.wait(r"Bob Fenn.*\n.*Bob Fenn.*\n.*Bob Fenn|(Bob Fenn.*){2}", program + ": and appears in the open mailbox")
    t.keys("q")
    t.wait("ENDED", program + ": leaves in peace")
    t.stop()
    # meanwhile elsewhere: one more post, one flag, one post hidden
    write(s, "alice", "<%s@thread.example>" % program, "News for " + program, [], "Meanwhile.\r\n")
    i = s.imap(who + "@example.org", "secret-" + who[0])
    i.run("SELECT test.garden")
    last = sorted(flags(who))[-1]
    i.run(r"UID STORE %d +FLAGS (\Seen \Flagged)" % last)
    i.run(r"UID STORE 2 +FLAGS.SILENT (\Deleted)")
    i.run("EXPUNGE")
    want = len(flags(who))
    i.close()
    before = len(p.sessions)
    t = screen(program, home)
    text = t.wait("News for " + program, program + ": started again, it shows the new post")
    is_(len(rows(text)), want, program + ": without the one hidden elsewhere") or diag(text)
    ok(re.search(r"! *\S+.*News for " + program, text), program + ": with the mark made elsewhere") or diag(text)
    again = b"".join(p.text(0)[before:])
    ok(re.search(rb"CHANGEDSINCE \d+ VANISHED\)", again) and b"VANISHED (EARLIER) " in b"".join(p.text(1)[before:]), program + ": it asks what changed and vanished, and is told")
    t.keys("q")
    t.wait("ENDED")
    t.stop()
    p.peaceful()
    shutil.rmtree(home, ignore_errors=True)


session("neomutt", "bob", "Bob Fenn", True)
session("mutt", "carol", "Carol Reed", False)
done()
