#!/usr/bin/env python3
"""mbsync with a group of 10,000 posts: all of them come, once; then changes on both sides (new posts, flags, hidden posts, an
answer put into the Maildir) go both ways in one run, and another run has nothing to do."""
from community import *

N = 10000
s = community()
m = Mbsync(s, "test/garden", "Expunge Both\n")
home = m.home
with open(home + "/box", "w") as f:
    for n in range(N - 4):
        parent = "In-Reply-To: <m%d@many.example>\n" % (n // 3) if n % 5 else ""
        f.write("From x Thu Jan  1 00:00:00 2026\nFrom: Writer %d <w%d@many.example>\nDate: Thu, 01 Jan 2026 %02d:%02d:%02d +0000\nSubject: Number %d\n"
                "Message-ID: <m%d@many.example>\n%s\nText of number %d.\n\n" % (n % 50, n % 50, n // 3600 % 24, n // 60 % 60, n % 60, n, n, parent, n))
is_(s.json("import", "--group", "test.garden", home + "/box")[0]["imported"], N - 4, "%d posts are imported" % (N - 4))


def mbsync():
    start = time.time()
    r = m.run()
    diag("mbsync: %.1f s" % (time.time() - start))
    return r


def files():
    """UID (or name) -> path"""
    names = [(os.path.basename(p), p) for p in m.files()]
    return {int(re.search(r",U=(\d+)", n).group(1)) if ",U=" in n else n: p for n, p in names}


def mark(uid, letters):
    """rename as a mail program does"""
    d, n = os.path.split(files()[uid])
    os.rename(os.path.join(d, n), os.path.join(os.path.dirname(d), "cur", n.split(":2,")[0] + ":2," + letters))


code, out = mbsync()
is_(code, 0, "the first run " + out)
f = files()
ok(sorted(f) == list(range(1, N + 1)), "each post is one file with its UID")
texts = {open(p, "rb").read().partition(b"\n\n")[2].strip() for p in f.values()}
is_(len(texts), N, "with different texts")

# there: two new posts, flags, hidden ones; here: flags, deletions, an answer
i = s.imap("carol@example.org", "secret-c")
i.run("SELECT test.garden")
i.run(r"STORE 100:199 +FLAGS.SILENT (\Seen)")
i.run(r"STORE 5000 +FLAGS.SILENT (\Flagged)")
i.run(r"UID STORE 300:309 +FLAGS.SILENT (\Deleted)")
i.run("EXPUNGE")
s.ctl("hide", "test.garden:400", "--reason", "test")
write(s, "alice", "<new1@thread.example>", "Pears", [], "Or a pear.\r\n")
write(s, "alice", "<new2@thread.example>", "Plums", [], "Or a plum.\r\n")
for uid in range(7000, 7020):
    mark(uid, "FS")
for uid in range(8000, 8005):
    mark(uid, "T")
with open(os.path.join(os.path.dirname(os.path.dirname(files()[1])), "cur", "1234.answer.here:2,S"), "w") as o:
    o.write("From: Carol Reed <carol@example.org>\nSubject: Re: Where to plant the quince\nMessage-ID: <sync@thread.example>\nIn-Reply-To: %s\n\nAsk the quince.\n" % TWO)
code, out = mbsync()
is_(code, 0, "the run after changes on both sides " + out)
f = files()
gone = set(range(300, 310)) | {400} | set(range(8000, 8005))
is_(sorted(set(f) ^ (set(range(1, N + 4)) - gone)), [], "files: the new posts came, what was hidden or deleted went, on either side")
is_([u for u in f if re.search(r":2,[A-Z]*S", f[u]) and u <= N], list(u for u in f if u in range(100, 200) or u in range(7000, 7020)), "read marks of both sides are here")
_, l = i.run("UID SEARCH SEEN")
seen = [int(x) for x in next(x for x in l if x.startswith("* SEARCH")).split()[2:]]
is_([u for u in seen if u <= N], list(range(100, 200)) + list(range(7000, 7020)), "and there")
_, l = i.run("UID SEARCH FLAGGED")
is_(next(x for x in l if x.startswith("* SEARCH")).split()[2:], ["5000"] + [str(u) for u in range(7000, 7020)], "stars too")
_, l = i.run("UID SEARCH UID 7999:8006")
is_(next(x for x in l if x.startswith("* SEARCH")).split()[2:], ["7999", "8005", "8006"], "what was deleted here is gone there, for the member")
tree = {p["message_id"]: p for p in s.json("thread", ROOT)}
ok("<sync@thread.example>" in tree and tree["<sync@thread.example>"]["parent"] == tree[TWO]["id"], "the answer is posted below its question")
n = s.nntp()
like(n.cmd("GROUP test.garden"), r"^211 %d " % (N + 3 - 1), "and the group has all but the one the operator hid")
code, out = mbsync()
is_((code, files()), (0, f), "one more run has nothing to do " + out)
shutil.rmtree(home, ignore_errors=True)
done()
