#!/usr/bin/env python3
"""What a member reads by news is read in IMAP too; a download is not reading."""
import time
from newslib import *

s = serve()
a = s.nntp(*ALICE)
for i in range(130):
    post(a, mid="<m%d@x.test>" % i)


def unseen(who=ALICE):
    m = s.imap(*who)
    r, lines = m.run("STATUS test.forum (UNSEEN)")
    m.close()
    return int(re.search(r"UNSEEN (\d+)", " ".join(lines)).group(1))


n = unseen()
b = unseen(BOB)
a.cmd("GROUP test.forum", "211")
for cmd in ("HEAD 1", "ARTICLE 2", "BODY 3"):
    a.cmd(cmd, "22")
    a.text()
is_(wait_for(lambda: unseen() == n - 2 and n - 2), n - 2, "ARTICLE and BODY mark, HEAD does not")
is_(unseen(BOB), b, "for this member only")
a.cmd("BODY 3", "222")
a.text()
is_(unseen(), n - 2, "reading again changes nothing")
time.sleep(1.2)
a.raw("".join("ARTICLE %d\r\n" % i for i in range(1, 131)))
for i in range(130):
    a.expect("220")
    a.text()
a.cmd("QUIT", "205")
ok(a.closed(), "closed")
time.sleep(0.3)
is_(unseen(), n - 2, "130 articles in one go are a download")
a = s.nntp(*ALICE)
a.raw("GROUP test.forum\r\n" + "".join("BODY %d\r\n" % i for i in range(10, 40)) + "QUIT\r\n")
ok(a.closed(), "30 articles and QUIT")
is_(wait_for(lambda: unseen() == n - 32 and n - 32), n - 32, "are reading")
s.ctl("member", "set", BOB[0], "mark-on-read=off")
x = s.nntp(*BOB)
x.cmd("GROUP test.forum", "211")
x.cmd("BODY 5", "222")
x.text()
time.sleep(0.3)
is_(unseen(BOB), b, "a member who does not want marks gets none")
done()
