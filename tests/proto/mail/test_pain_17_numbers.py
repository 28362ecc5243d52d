#!/usr/bin/env python3
"""Pain 17: number = UID, never reused, watermarks that tell the truth; by mail: a number is a stable name for commands, a
mail taken twice makes one number, and a restored store has the same ones."""
from maillib import *

f = Forum()
n = f.s.nntp("alice@example.org", "secret-a")
is_(n.cmd("GROUP test.two").split()[1:4], ["0", "1", "0"], "an empty group: low = high + 1")
mids = []
for i in range(4):
    got, mid = f.send("alice", "test.two@forum.test", "Number %d.\n" % (i + 1), subject="N%d" % (i + 1))
    mids.append(mid)
raw = f.raw
like(f.c.mail("alice@example.org", "test.two@forum.test", raw), "^250 2.0.0 there already", "the same mail again, as after a lost answer")
is_(n.cmd("GROUP test.two").split()[1:4], ["4", "1", "4"], "makes no number")
numbers = lambda: [n.cmd("STAT " + m).split()[0] for m in mids]
i = f.s.imap("alice@example.org", "secret-a")
r, lines = i.run("SELECT test.two")
uidvalidity = re.search(r"UIDVALIDITY (\d+)", " ".join(lines)).group(1)
is_([i.run('UID SEARCH HEADER Message-ID "%s"' % m)[1][0].split()[2] for m in mids], ["1", "2", "3", "4"], "UIDs are the numbers")
f.s.ctl("delete", mids[1])
f.s.ctl("delete", mids[3])
g = n.cmd("GROUP test.two").split()[1:4]
is_(g, ["2", "1", "4"], "holes: two left, and the high mark does not fall")
got, mid = f.send("alice", "test.two@forum.test", "Number five.\n", subject="N5")
n.cmd("GROUP test.two", "211")
is_(n.cmd("STAT 5").split()[:3], ["223", "5", mid], "a number is never used again")
n.cmd("STAT 4", "423", "and a hole stays one")
f.s.ctl("delete", mids[0])
is_(n.cmd("GROUP test.two").split()[2], "3", "the low mark rises over what is gone")
# a backup, opened elsewhere: the same numbers
copy = os.path.join(f.s.dir, "copy")
f.s.ctl("backup", copy)
before = f.s.ctl("list", "test.two", "--all")
f.s.stop()
data = os.path.join(f.s.dir, "data", "data.mdb")
os.rename(data, data + ".old")
shutil.copy(copy if os.path.isfile(copy) else os.path.join(copy, "data.mdb"), data)
f.s.start()
is_(f.s.ctl("list", "test.two", "--all"), before, "restored from a backup: every number is what it was")
i = f.s.imap("alice@example.org", "secret-a")
r, lines = i.run("SELECT test.two")
is_(re.search(r"UIDVALIDITY (\d+)", " ".join(lines)).group(1), uidvalidity, "and UIDVALIDITY")
f.c = Smtp(f.s.port["lmtp"], hello="LHLO mx.front.example")
got, mid = f.send("alice", "test.two@forum.test", "Number six.\n", subject="N6")
is_(f.s.json("show", mid)[0]["number"], 6, "and counting goes on")
done()
