#!/usr/bin/env python3
"""A public group was removed and comes back closed: whenever kill -9 comes, nobody is told of its posts once it is there."""
import subprocess
from crashlib import *

POSTS = 1000
s = forum()
s.group("control.cancel")
s.group("test.back")
c = s.nntp("alice@example.org", "secret")
for i in range(POSTS):
    for headers in ("", "Control: cancel <b%d@crash.example>\r\n" % i):
        c.cmd("POST", "340")
        c.raw("From: alice@example.org\r\nNewsgroups: test.back\r\nSubject: s\r\nMessage-ID: <%s%d@crash.example>\r\n%s\r\nx\r\n.\r\n" %
              ("c" if headers else "b", i, headers))
        c.expect("240")


def told():
    return int(s.nntp().cmd("GROUP control.cancel", "211").split()[1])


is_(told(), POSTS, "everybody is told of what was deleted in a public group")
s.ctl("group", "remove", "test.back")
p = subprocess.Popen([find("forumctl"), "-c", s.conf, "group", "add", "test.back", "--access", "members"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
while not any(g["name"] == "test.back" for g in s.json("group", "list")):
    pass
s.kill9()
p.communicate()
s.start()
is_([g["access"] for g in s.json("group", "list") if g["name"] == "test.back"], ["members"], "the group came back, for members")
is_(told(), 0, "then nobody else is told")
s.ctl("check", check=False)
is_(s.code, 0, "the store is whole")
is_(s.stop(), 0, "and stops")
done()
