#!/usr/bin/env python3
"""tests/perf/million.py [POSTS]: a group of a million tiny posts, and what the common commands on it take, in ms; and the
server's own memory. Takes some minutes and 2 GB. Not a test: it prints a table."""
import os, statistics, sys, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from forumtest import *

posts = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
s = Server(limits="posts_per_minute = 0", workers=1)
s.group("big.forum")
s.member("alice@example.org", "Alice", "secret")
archive = os.path.join(s.dir, "archive.mbox")
with open(archive, "w") as f:
    for i in range(1, posts + 1):
        up = "In-Reply-To: <%d@a.example>\n" % (i // 2 * 2 - i % 7) if i % 10 and i > 20 else ""
        f.write("From x Mon Jan  1 00:00:00 2024\nSubject: %s%d\nFrom: w%d@a.example\n%sMessage-ID: <%d@a.example>\n"
                "Date: Mon, 01 Jan 2024 00:00:00 +0000\n\nword%d\n\n" % ("Re: " if up else "", i // 50, i % 500, up, i, i % 100000))
began = time.time()
s.ctl("import", "--group", "big.forum", archive)
print("%-34s %10.0f posts/s" % ("import", posts / (time.time() - began)))
os.unlink(archive)


def own_memory():
    with open("/proc/%d/status" % s.proc.pid) as f:
        return int(re.search(r"RssAnon:\s+(\d+)", f.read()).group(1)) / 1024


def idle():
    def ticks():
        with open("/proc/%d/stat" % s.proc.pid) as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
    while True:
        a = ticks()
        time.sleep(2)
        if ticks() - a < 10:
            return


idle()
print("%-34s %10.1f MiB" % ("own memory, all indexed", own_memory()))


def row(name, times, once):
    took = []
    for _ in range(times):
        began = time.time()
        once()
        took.append((time.time() - began) * 1000)
    print("%-34s %10.2f ms   (slowest %.2f)" % (name, statistics.median(took), max(took)))


c = s.imap("alice@example.org", "secret")
n = s.nntp()


def news(command, text):
    def once():
        n.send(command)
        n.expect("2")
        if text:
            n.text()
    return once


row("SELECT", 20, lambda: c.run("SELECT big.forum"))
row("STATUS (MESSAGES UNSEEN UIDNEXT)", 20, lambda: c.run("STATUS big.forum (MESSAGES UNSEEN UIDNEXT)"))
row("LIST RETURN (STATUS)", 20, lambda: c.run('LIST "" * RETURN (STATUS (MESSAGES UNSEEN))'))
row("FETCH of the last 50", 20, lambda: c.run("FETCH %d:* (FLAGS ENVELOPE BODYSTRUCTURE)" % (posts - 49)))
row("SEARCH UNSEEN RETURN (COUNT)", 5, lambda: c.run("SEARCH RETURN (COUNT) UNSEEN"))
row("SEARCH TEXT, ten of them hold it", 5, lambda: c.run("SEARCH TEXT word54321"))
row("STORE +FLAGS (\\Seen) 1:*", 3, lambda: c.run("STORE 1:* +FLAGS.SILENT (\\Seen)"))
row("STATUS afterwards", 20, lambda: c.run("STATUS big.forum (MESSAGES UNSEEN UIDNEXT)"))
row("SORT (SUBJECT), first and again", 2, lambda: c.run("UID SORT (SUBJECT) UTF-8 ALL"))
row("THREAD", 2, lambda: c.run("UID THREAD REFERENCES UTF-8 ALL"))
row("GROUP", 20, news("GROUP big.forum", False))
row("OVER of the last 50", 20, news("OVER %d-" % (posts - 49), True))
row("ARTICLE", 20, news("ARTICLE %d" % (posts // 2), True))
print("%-34s %10.1f MiB" % ("own memory afterwards", own_memory()))
