#!/usr/bin/env python3
"""mbsync: a group as a Maildir, both ways, twice; what is read here is read there; an answer put into the Maildir is posted."""
from community import *

s = community()
m = Mbsync(s, "test/*")
mbsync, files = m.run, m.files


def body(path):
    return open(path, "rb").read().partition(b"\n\n")[2]


code, out = mbsync()
is_(code, 0, "the first run " + out)
is_(len(files()), 4, "four messages came")
ok(any(b"Behind the shed" in body(f) for f in files()), "with their texts")
before = files()
code, out = mbsync()
is_(code, 0, "the second run " + out)
is_(files(), before, "brings nothing twice")

# read and star one here
f = next(f for f in files() if b"Behind the shed" in body(f))
d, n = os.path.split(f)
os.makedirs(os.path.join(os.path.dirname(d), "cur"), exist_ok=True)
os.rename(f, os.path.join(os.path.dirname(d), "cur", n.split(":2,")[0] + ":2,FS"))
# and one there
i = s.imap("carol@example.org", "secret-c")
i.run("SELECT test.garden")
like(i.run(r"STORE 1 +FLAGS (\Seen)")[0], "^OK", "read there")
code, out = mbsync()
is_(code, 0, "the third run " + out)
_, flags = i.run("FETCH 1:4 (FLAGS)")
flags = dict((l.split()[1], l) for l in flags if "FETCH" in l)     # what changed is told once more
is_([(r"\Seen" in flags[n], r"\Flagged" in flags[n]) for n in "1234"], [(True, False), (True, True), (False, False), (False, False)], "marks made here are there")
f = next(f for f in files() if b"too dry.\nIdeas" in body(f).replace(b"\r", b""))
like(f, r":2,[A-Z]*S", "a mark made there is here")

# an answer, put into the Maildir
with open(os.path.join(os.path.dirname(os.path.dirname(f)), "cur", "1234.answer.here:2,S"), "w") as o:
    o.write("From: Carol Reed <carol@example.org>\nSubject: Re: Where to plant the quince\nMessage-ID: <sync@thread.example>\nIn-Reply-To: %s\n\nAsk the quince.\n" % TWO)
code, out = mbsync()
is_(code, 0, "the fourth run " + out)
tree = {p["message_id"]: p for p in s.json("thread", ROOT)}
ok("<sync@thread.example>" in tree and tree["<sync@thread.example>"]["parent"] == tree[TWO]["id"], "the answer is posted, below its question")
before = files()
code, out = mbsync()
is_((code, files()), (0, before), "the fifth run has nothing to do " + out)
# posted elsewhere: comes with the next run
write(s, "alice", "<more@thread.example>", "Pears", [], "Or a pear.\r\n")
code, out = mbsync()
ok(any(b"Or a pear." in body(f) for f in files()), "a new post comes")
shutil.rmtree(m.home, ignore_errors=True)
done()
