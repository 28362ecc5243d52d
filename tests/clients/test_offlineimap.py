#!/usr/bin/env python3
"""offlineimap: all mailboxes as Maildirs, both ways: read marks, hidden posts, an answer; a run with nothing to do does nothing."""
from community import *
from imapwire import Wire

need("offlineimap")
s = community()
p = Wire(s, "offlineimap")
home = tempfile.mkdtemp(prefix="forumoffline-")
with open(home + "/rc", "w") as f:
    f.write("""
[general]
accounts = forum
metadata = %(home)s/meta
ui = basic
fsync = False
[Account forum]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = %(home)s/mail
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = %(port)d
remoteuser = carol@example.org
remotepass = secret-c
ssl = no
starttls = no
folderfilter = lambda name: name in ("test.garden", "Drafts", "Sent", "Trash", "INBOX")
createfolders = False
""" % dict(home=home, port=p.port))


def run():
    x = subprocess.run(["offlineimap", "-c", home + "/rc", "-o", "-1"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100, env=dict(os.environ, HOME=home))
    out = x.stdout.decode("utf-8", "replace")
    ok(x.returncode == 0 and "ERROR" not in out, "offlineimap runs without an error") or diag(out)
    return out


def files(box="test.garden"):
    out = {}
    for sub in ("new", "cur"):
        d = os.path.join(home, "mail", box, sub)
        for n in os.listdir(d) if os.path.isdir(d) else ():
            out[re.search(rb"(?mi)^Message-ID: (\S+)", open(os.path.join(d, n), "rb").read()).group(1).decode()] = os.path.join(d, n)
    return out


def letters(path):
    return path.rpartition(":2,")[2] if ":2," in path else ""


run()
f = files()
is_(sorted(f), sorted([ROOT, ONE, TWO, THREE]), "the posts came")
ok(b"caf\xc3\xa9 style" in open(f[THREE], "rb").read(), "with their octets")
ok(all(os.path.isdir(os.path.join(home, "mail", b)) for b in ("INBOX", "Drafts", "Sent", "Trash")), "and the own boxes")
# marks on both sides, one hidden on each side, an answer
i = s.imap("carol@example.org", "secret-c")
i.run("SELECT test.garden")
i.run(r"STORE 1 +FLAGS (\Seen \Flagged)")
i.run(r"UID STORE 4 +FLAGS (\Deleted)")
i.run("EXPUNGE")
os.rename(f[TWO], os.path.join(home, "mail", "test.garden", "cur", os.path.basename(f[TWO]).split(":2,")[0] + ":2,S"))
os.unlink(f[ONE])
with open(os.path.join(home, "mail", "test.garden", "cur", "1234.answer.here:2,S"), "w") as o:
    o.write("From: Carol Reed <carol@example.org>\nSubject: Re: Where to plant the quince\nMessage-ID: <off@thread.example>\nIn-Reply-To: %s\n\nAsk the quince.\n" % TWO)
with open(os.path.join(home, "mail", "Drafts", "cur", "1235.draft.here:2,DS"), "w") as o:
    o.write("From: Carol Reed <carol@example.org>\nSubject: Not yet\nMessage-ID: <draft@thread.example>\n\nUnfinished.\n")
run()
f = files()
is_(sorted(f), sorted([ROOT, TWO, "<off@thread.example>"]), "what was hidden there is gone here, what was deleted here stays away")
is_((letters(f[ROOT]), letters(f[TWO])), ("FS", "S"), "marks are here")
i.run("NOOP")
_, l = i.run("UID FETCH 1:* (FLAGS)")
l = {int(re.search(r"UID (\d+)", x).group(1)): x for x in l if "FETCH" in x}
is_(sorted(l), [1, 3, 5], "what was deleted here is hidden there")
ok(r"\Seen \Flagged" in l[1] and r"\Seen" in l[3], "and there")
is_(len(s.json("list", "test.garden", "--all")), 5, "for others everything is there")
tree = {p["message_id"]: p for p in s.json("thread", ROOT)}
is_(tree["<off@thread.example>"]["parent"], tree[TWO]["id"], "the answer is posted below its question")
like(i.run("STATUS Drafts (MESSAGES)")[1][0], r"MESSAGES 1\)", "the draft is in Drafts, and posted to nobody")
before = len(p.sent())
out = run()
is_(files(), f, "one more run brings nothing twice")
is_([c for _, c, _ in p.sent()[before:] if re.search("APPEND|STORE|EXPUNGE", c)], [], "and changes nothing there")
p.peaceful("^(CREATE|SUBSCRIBE)")
shutil.rmtree(home, ignore_errors=True)
done()
