#!/usr/bin/env python3
"""leafnode's fetchnews pulls a whole group into a spool of its own, and brings a post back."""
import os, pwd, subprocess, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from debpkg import *

s = Server(limits="posts_per_minute = 0")
s.group("test.forum", "--title", "A forum")
s.member("alice@example.org", "Alice", "secret")
ids = [s.post("test.forum", "post %d" % i, body="line %d\r\n..dot\r\n" % i) for i in range(30)]

root = unpack("leafnode")
fetchnews = root + "/usr/sbin/fetchnews"
if not runs(fetchnews):
    skip_all("leafnode's libraries are not here")
try:
    news = pwd.getpwnam("news")
except KeyError:
    skip_all("no user news")
if os.geteuid() not in (0, news.pw_uid):
    skip_all("leafnode runs as root or news only")
# its two directories are compiled in: the copy gets others of the same length and the same end (the program uses the end of
# the string for another one)


def directory(name):
    last = os.path.basename(name)
    while True:
        d = "/tmp/" + os.urandom(16).hex()[:len(name) - 6 - len(last)]
        try:
            os.mkdir(d)
        except FileExistsError:
            continue
        at_end(shutil.rmtree, d, True)
        os.mkdir(os.path.join(d, last))
        return os.path.join(d, last)


etc, spool = directory("/etc/news/leafnode"), directory("/var/spool/news")
binary = open(fetchnews, "rb").read()
for old, new in (("/etc/news/leafnode", etc), ("/var/spool/news", spool)):
    if binary.count(old.encode()) == 0:
        skip_all("this leafnode keeps its files elsewhere")
    binary = binary.replace(old.encode(), new.encode())
open(fetchnews, "wb").write(binary)
for p in ("failed.postings", "interesting.groups", "leaf.node", "message.id", "out.going", "temp.files", "test"):
    os.makedirs(os.path.join(spool, p))
for i in range(1000):
    os.makedirs("%s/message.id/%03d" % (spool, i))
open(spool + "/interesting.groups/test.forum", "w").close()
conf = etc + "/config"
with open(conf, "w") as f:
    f.write("server = 127.0.0.1\nport = %d\nusername = alice@example.org\npassword = secret\nexpire = 20\ninitialfetch = 1000\nmaxfetch = 1000\nhostname = leaf.forumd.net\n"
            % s.port["nntp"])
for base, dirs, files in list(os.walk(etc)) + list(os.walk(spool)):
    for x in [base] + [os.path.join(base, f) for f in files]:
        os.chown(x, news.pw_uid, news.pw_gid)
        os.chmod(x, 0o2775 if os.path.isdir(x) else 0o640)


def fetch():
    p = subprocess.run([fetchnews, "-vvv", "-n"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * SLOW)
    return p.stdout.decode("utf-8", "replace")


log = fetch()
group = spool + "/test/forum"
have = [f for f in os.listdir(group) if f.isdigit()] if os.path.isdir(group) else []
if not is_(len(have), 30, "fetchnews has thirty articles"):
    diag(log[-3000:])
texts = [open(os.path.join(group, f), errors="replace").read() for f in have]
is_(sorted(re.search("Message-ID: (.*)", t).group(1) for t in texts), sorted(ids), "each once")
ok(any(ids[0] in t and t.endswith("\n\nline 0\n.dot\n") for t in texts), "and whole")
more = s.post("test.forum", "one more")
log = fetch()
is_(len([f for f in os.listdir(group) if f.isdigit()]), 31, "the second run brings what is new") or diag(log[-3000:])
with open(spool + "/out.going/1", "w") as f:
    f.write("From: Alice <alice@example.org>\nNewsgroups: test.forum\nSubject: from leafnode\nMessage-ID: <leaf@leaf.forumd.net>\n"
            "Date: Fri, 27 Nov 2026 01:00:00 +0000\nPath: leaf.forumd.net!not-for-mail\n\nhello\n")
os.chown(spool + "/out.going/1", news.pw_uid, news.pw_gid)
log = fetch()
k = s.nntp()
k.cmd("STAT <leaf@leaf.forumd.net>", "223", "what waited in out.going was posted")
ok(not os.path.exists(spool + "/out.going/1"), "and leafnode knows") or diag(log[-3000:])
is_(s.stop(), 0, "the server stops in order")
done()
