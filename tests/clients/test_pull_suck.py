#!/usr/bin/env python3
"""suck pulls a whole group twice: all posts as they are, then only what is new; rpost sends an answer the other way. Between two
servers it carries deletions, too."""
from community import *
from debpkg import runs, unpack
from proxy import Proxy

if not shutil.which("suck"):
    os.environ["PATH"] += ":" + unpack("suck") + "/usr/bin"
need("suck", "rpost")
if not runs(shutil.which("suck")):
    skip_all("suck's libraries are not here")
s = community()
p = Proxy(s, "suck")
home = tempfile.mkdtemp(prefix="forumsuck-")
os.mkdir(home + "/Msgs")
with open(home + "/sucknewsrc", "w") as f:
    f.write("test.garden 0\n")         # the last one it has


def suck():
    r = subprocess.run(["suck", "127.0.0.1", "-N", str(p.port), "-U", "bob@example.org", "-P", "secret-b", "-m", "-K", "-H", "-c",
                        "-dd", home, "-dt", home, "-dm", home + "/Msgs"], cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    out = {}
    for name in os.listdir(home + "/Msgs"):
        with open(os.path.join(home, "Msgs", name), "rb") as f:
            text = f.read()
        out[re.search(rb"(?mi)^Message-ID: (\S+)", text).group(1).decode()] = text
        os.unlink(os.path.join(home, "Msgs", name))
    if r.returncode:
        diag("exit %d: %s" % (r.returncode, r.stdout.decode("utf-8", "replace")))
    return r.returncode, out


code, first = suck()
is_((code, sorted(first)), (0, sorted([ROOT, ONE, TWO, THREE])), "the whole group is pulled")
n = s.nntp("bob@example.org", "secret-b")
for mid in first:
    n.cmd("ARTICLE " + mid, "220")
    here = [l for l in n.text() if not l.startswith(("Xref:", "Forum-"))]
    there = [l for l in first[mid].decode().replace("\r\n", "\n").rstrip("\n").split("\n") if not l.startswith(("Xref:", "Forum-"))]
    is_(there, here, mid + " is byte for byte what the server has")
with open(home + "/sucknewsrc") as f:
    like(f.read(), r"^test\.garden 4\b", "suck remembers number 4")
write(s, "alice", "<four@thread.example>", "Re: Where to plant the quince", [ROOT], "Or give it away.\r\n")
code, second = suck()
is_((code, sorted(second)), (0, ["<four@thread.example>"]), "the second time: only what is new")

with open(home + "/answer", "w") as f:
    f.write("From: Bob Fenn <bob@example.org>\nNewsgroups: test.garden\nSubject: Re: Where to plant the quince\n"
            "Message-ID: <sucked@thread.example>\nReferences: <root@thread.example> <four@thread.example>\n\nBy the pump.\n.one dot\n")
with open(home + "/list", "w") as f:
    f.write(home + "/answer\n")
r = subprocess.run(["rpost", "127.0.0.1", "-N", str(p.port), "-U", "bob@example.org", "-P", "secret-b", "-M", "-b", home + "/list", "-d"],
                   cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
found = post_with(s, "By the pump", 5)
if not ok(found, "rpost posts an answer"):
    diag(r.stdout.decode("utf-8", "replace"))
else:
    ok(found[1].endswith("By the pump.\r\n.one dot\r\n"), "dots as typed")
is_(p.posted(), ["240"], "240")
p.peaceful()

# suck between two servers, as small sites run it: what is deleted at the one goes at the other
s.group("control.cancel")
w = Server(limits="posts_per_minute = 0", extra='peer suck { address = "127.0.0.1" }\n', start=False)
text = open(w.conf).read().replace('domain = "forum.test"', 'domain = "leaf.test"')
open(w.conf, "w").write(text)
w.start()
w.group("test.garden")
w.group("control.cancel")
with open(home + "/sucknewsrc", "w") as f:
    f.write("test.garden 0\ncontrol.cancel 0\n")
k = w.nntp()
have = lambda: sorted(m for m in (ROOT, ONE, TWO, THREE, "<four@thread.example>", "<sucked@thread.example>") if k.cmd("STAT " + m).startswith("223"))


def between():
    r = subprocess.run(["suck", "127.0.0.1", "-N", str(s.port["nntp"]), "-U", "bob@example.org", "-P", "secret-b", "-bp", "-hl",
                        "127.0.0.1:%d" % w.port["nntp"], "-K", "-H", "-c", "-dd", home, "-dt", home, "-dm", home + "/Msgs"],
                       cwd=home, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    if r.returncode:
        diag("exit %d: %s" % (r.returncode, r.stdout.decode("utf-8", "replace")))
    return have()


is_(between(), sorted([ROOT, ONE, TWO, THREE, "<four@thread.example>", "<sucked@thread.example>"]), "suck brings the group to another server")
s.ctl("delete", THREE, "--reason", "x")
is_(between(), sorted([ROOT, ONE, TWO, "<four@thread.example>", "<sucked@thread.example>"]), "what was deleted here goes there")
like(k.cmd("GROUP control.cancel"), "^211 1 ", "and is told of in the control.cancel there, for who pulls from it")
like(w.ctl("log"), "cancelled by <.*cancel@forum.test> from 127.0.0.1, with the key to its lock", "the log there says why")
shutil.rmtree(home, ignore_errors=True)
done()
