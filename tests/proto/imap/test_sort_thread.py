#!/usr/bin/env python3
"""IMAP SORT and THREAD (RFC 5256, RFC 5957) against a reimplementation, on random trees that arrive in random order."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
import email, email.utils, email.header, random, unicodedata

seed = int(os.environ.get("SEED", "5"))
rnd = random.Random(seed)
s = Server(limits="posts_per_minute = 100000 bad_commands = 100")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
s.member("zoe@example.org", "zoe Zimmer", "secret")
s.member("bob@example.org", "Bob \u00c4rger", "secret")
authors = [s.imap(w + "@example.org", "secret") for w in ("alice", "zoe", "bob")]
c = authors[0]
like(c.run("CAPABILITY")[1][0], r" SORT SORT=DISPLAY THREAD=ORDEREDSUBJECT THREAD=REFERENCES I18NLEVEL=1\b", "announced")

# ---- posts: a random forest; some are never posted, some are hidden later ----
N = 160
SUBJECTS = ["Apples", "apples", "Pears", "Re: Apples", "re: pears", "Fwd: Pears", "[list] Plums", "Re: [list] plums", "\u00c4pfel", "Re: \u00e4pfel", "_under", "Zebra", ""]
tree = []
for i in range(N):
    parent = rnd.choice(tree) if tree and rnd.random() < 0.75 else None
    if parent and len(parent["chain"]) >= 9:
        parent = None
    tree.append({"id": "<m%d.%d@x.example>" % (i, seed), "chain": (parent["chain"] + [parent["id"]] if parent else []),
                 "subject": rnd.choice(SUBJECTS), "missing": rnd.random() < 0.15, "date": 1500000000 + rnd.randint(0, 5000) * 60})
posts = [t for t in tree if not t["missing"]]
rnd.shuffle(posts)
for t in posts:
    t["to"] = rnd.choice(["", "To: Adam <adam@a.example>, b@b.example\r\n", "To: zed@a.example\r\n", "To: \"Mia M.\" <x9@a.example>\r\n"])
    t["cc"] = rnd.choice(["", "Cc: Carl <carl@a.example>\r\n", "Cc: ann@b.example\r\n"])
    h = "Message-ID: %s\r\nDate: %s\r\n" % (t["id"], email.utils.formatdate(t["date"]))
    h += "Subject: %s\r\n" % (email.header.Header(t["subject"], "utf-8").encode() if not t["subject"].isascii() else t["subject"])
    if t["chain"]:
        h += "In-Reply-To: %s\r\nReferences: %s\r\n" % (t["chain"][-1], "\r\n ".join(t["chain"]))
    m = h + t["to"] + t["cc"] + "\r\n" + "x" * rnd.randint(1, 50) + "\r\n"
    r, _ = rnd.choice(authors).run('APPEND test.forum "%s" {%d+}\r\n%s' % (time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(1600000000 + rnd.randint(0, 50) * 3600)), len(m), m))
    t["uid"] = int(re.search(r"APPENDUID \d+ (\d+)", r).group(1))
hidden = rnd.sample(range(1, len(posts) + 1), 12)
for n in hidden:
    s.ctl("hide", "test.forum:%d" % n, "--reason", "test")
c.run("SELECT test.forum")

# ---- what the server says of them ----
msgs = {}
r, u = c.run("UID FETCH 1:* (INTERNALDATE RFC822.SIZE ENVELOPE)")
for l in u:
    uid = int(re.search(r"UID (\d+)", l).group(1))
    t = [t for t in posts if t["uid"] == uid][0]
    frm = re.search(r'ENVELOPE \("[^"]*" (NIL|"(?:[^"\\]|\\.)*") \(\((NIL|"[^"]*") NIL "([^"]*)" "([^"]*)"', l)
    subject = str(email.header.make_header(email.header.decode_header(frm.group(1).strip('"')))) if frm.group(1) != "NIL" else ""
    msgs[uid] = dict(t, subject=subject, size=int(re.search(r"SIZE (\d+)", l).group(1)), arrival=email.utils.mktime_tz(email.utils.parsedate_tz(re.search(r'INTERNALDATE "([^"]*)"', l).group(1))),
                     mailbox=frm.group(3), name=str(email.header.make_header(email.header.decode_header(frm.group(2).strip('"')))) if frm.group(2) != "NIL" else frm.group(3) + "@" + frm.group(4))
is_(len(msgs), len(posts) - len(hidden), "all visible posts")


def casemap(x):
    # one to one title case, then NFKD
    return unicodedata.normalize("NFKD", "".join(ch.title() if len(ch.title()) == 1 else ch for ch in x)).encode()


def base(subject):
    """(base subject, is it a reply)"""
    x, reply = re.sub(r"\s+", " ", subject).strip(), False
    while True:
        y = re.sub(r"\s*\(fwd\)$", "", x, flags=re.I)
        reply |= y != x
        m = re.match(r"(?i)(\[[^\[\]]*\]\s*)*(re|fwd?)\s*(\[[^\[\]]*\])?:\s*", y)
        if m:
            y, reply = y[m.end():], True
        m = re.match(r"\[[^\[\]]*\]\s*(?=.)", y)
        if m:
            y = y[m.end():]
        if y == x:
            return x, reply
        x = y


for m in msgs.values():
    b, m["reply"] = base(m["subject"])
    m["base"] = casemap(b)


def first(header, display):
    if not header:
        return b""
    name, addr = email.utils.getaddresses([header.split(":", 1)[1]])[0]
    return casemap(name or addr) if display else casemap(addr.split("@")[0])


KEYS = {"ARRIVAL": lambda m: m["arrival"], "DATE": lambda m: m["date"], "SIZE": lambda m: m["size"], "SUBJECT": lambda m: m["base"],
        "FROM": lambda m: casemap(m["mailbox"]), "TO": lambda m: first(m["to"], False), "CC": lambda m: first(m["cc"], False),
        "DISPLAYFROM": lambda m: casemap(m["name"]), "DISPLAYTO": lambda m: first(m["to"], True)}


def numbers(line):
    return [int(x) for x in line.split()[2:]]


def check_sort(keys, uids=None):
    want = sorted(uids or msgs)
    for k in reversed(keys):
        rev = k.startswith("REVERSE ")
        want.sort(key=lambda u: KEYS[k.replace("REVERSE ", "")](msgs[u]), reverse=False) if not rev else None
        if rev:
            want = sorted(want[::-1], key=lambda u: KEYS[k[8:]](msgs[u]))[::-1]
    what = "UID SORT (%s) UTF-8 %s" % (" ".join(keys), "UID " + ",".join(map(str, uids)) if uids else "ALL")
    return numbers(c.run(what)[1][0]) == want, what


for k in KEYS:
    for rev in ("", "REVERSE "):
        good, what = check_sort([rev + k])
        ok(good, what)
bad = []
for i in range(40):
    keys = [rnd.choice(["", "REVERSE "]) + k for k in rnd.sample(sorted(KEYS), rnd.randint(2, 4))]
    good, what = check_sort(keys, rnd.sample(sorted(msgs), rnd.randint(1, len(msgs))))
    if not good:
        bad.append(what)
is_(bad, [], "several keys over parts of the mailbox")
order = sorted(msgs)
is_(numbers(c.run("SORT (REVERSE ARRIVAL) US-ASCII SUBJECT pears")[1][0]),
    [order.index(u) + 1 for u in numbers(c.run("UID SORT (REVERSE ARRIVAL) US-ASCII SUBJECT pears")[1][0])], "sequence numbers")
is_(c.run("SORT (DATE) UTF-8 SEEN")[1], ["* SORT"], "nothing found")
for x in ("SORT () UTF-8 ALL", "SORT (FOO) UTF-8 ALL", "SORT (REVERSE) UTF-8 ALL", "SORT DATE UTF-8 ALL", "SORT (DATE) ALL", "SORT (DATE)", "SORT (%s) UTF-8 ALL" % " ".join(["DATE"] * 17),
          "THREAD FOO UTF-8 ALL", "THREAD REFERENCES ALL", "THREAD REFERENCES UTF-8 FOO", "THREAD"):
    like(c.run(x)[0], "^BAD", x[:40])
like(c.run("SORT (DATE) KOI8-R ALL")[0], r"^NO \[BADCHARSET", "charset")


# ---- RFC 5256 3: REFERENCES, to the letter, from the headers ----
class Box:
    def __init__(self, mid):
        self.id, self.m, self.parent, self.kids = mid, None, None, []


def above(a, b):
    while b:
        if a is b:
            return True
        b = b.parent
    return False


def unlink(x):
    if x.parent:
        x.parent.kids.remove(x)
    x.parent = None


def link(p, x):
    unlink(x)
    x.parent = p
    p.kids.append(x)


def when(x):
    return (x.m["date"], x.m["uid"]) if x.m else min(when(k) for k in x.kids)


def references(uids):
    table = {}
    get = lambda i: table.setdefault(i, Box(i))
    for u in sorted(uids):
        m = msgs[u]
        last = None
        for r in m["chain"]:
            x = get(r)
            if last and not x.parent and not above(x, last):
                link(last, x)
            last = x
        x = get(m["id"])
        x.m = m
        unlink(x)
        if last and not above(x, last):
            link(last, x)
    root = Box(None)
    for x in list(table.values()):
        if not x.parent:
            link(root, x)

    def prune(x):
        for k in list(x.kids):
            prune(k)
        if x.m is None and x is not root:
            if not x.kids:
                unlink(x)
            elif x.parent is not root or len(x.kids) == 1:
                p = x.parent
                for k in list(x.kids):
                    link(p, k)
                unlink(x)
    prune(root)
    root.kids.sort(key=when)
    subject = lambda x: (x.m or min(x.kids, key=when).m)
    subjects = {}
    for x in root.kids:
        b = subject(x)["base"]
        if not b:
            continue
        o = subjects.get(b)
        if o is None or (o.m and (not x.m or (o.m["reply"] and not x.m["reply"]))):
            subjects[b] = x
    for x in list(root.kids):
        b = subject(x)["base"]
        o = subjects.get(b)
        if not b or o is x:
            continue
        if not o.m and not x.m:
            for k in list(x.kids):
                link(o, k)
            unlink(x)
        elif not o.m:
            link(o, x)
        elif x.m and x.m["reply"] and not o.m["reply"]:
            link(o, x)
        else:
            both = Box(None)
            link(root, both)
            link(both, o)
            link(both, x)
            subjects[b] = both

    def text(x):
        x.kids.sort(key=when)
        own = str(x.m["uid"]) if x.m else ""
        if not x.kids:
            return own
        if len(x.kids) == 1:
            return own + " " + text(x.kids[0])
        return own + (" " if own else "") + "".join("(%s)" % text(k) for k in x.kids)
    root.kids.sort(key=when)
    return "".join("(%s)" % text(k) for k in root.kids)


def ordered(uids):
    groups = {}
    for u in sorted(uids, key=lambda u: (msgs[u]["date"], u)):
        groups.setdefault(msgs[u]["base"], []).append(u)
    out = ""
    for g in groups.values():
        out += "(%d%s)" % (g[0], "" if len(g) == 1 else " %d" % g[1] if len(g) == 2 else " " + "".join("(%d)" % x for x in g[1:]))
    return out


is_(c.run("UID THREAD REFERENCES UTF-8 ALL")[1][0], "* THREAD " + references(msgs), "REFERENCES of everything")
is_(c.run("UID THREAD ORDEREDSUBJECT UTF-8 ALL")[1][0], "* THREAD " + ordered(msgs), "ORDEREDSUBJECT of everything")
bad = []
for i in range(60):
    part = rnd.sample(sorted(msgs), rnd.choice((1, 2, 5, 30, 80)))
    q = "UTF-8 UID " + ",".join(map(str, part))
    if c.run("UID THREAD REFERENCES " + q)[1][0] != "* THREAD " + references(part):
        bad.append(("R", part))
    if c.run("UID THREAD ORDEREDSUBJECT " + q)[1][0] != "* THREAD " + ordered(part):
        bad.append(("S", part))
is_(bad[:2], [], "parts of the mailbox (seed %d)" % seed)
seqs = re.sub(r"\d+", lambda m: str(order.index(int(m.group(0))) + 1), references(msgs))
is_(c.run("THREAD REFERENCES UTF-8 ALL")[1][0], "* THREAD " + seqs, "sequence numbers")
is_(c.run("THREAD REFERENCES UTF-8 SEEN")[1], ["* THREAD"], "nothing found")

# ---- a member's own messages have no place in the forum's trees: their ids tell, with gaps, lies and loops in them ----
of_forum = msgs
c.run("CREATE Own")
ids = ["<own%d.%d@x.example>" % (i, seed) for i in range(90)]
msgs = {}
for i, own in enumerate(rnd.sample(ids, 70), 1):
    chain = rnd.choice(([], ids[:rnd.randint(0, 3)], rnd.sample(ids, rnd.randint(1, 6)), [rnd.choice(ids)], [ids[(ids.index(own) + 1) % 90]]))
    irt = len(chain) == 1 and rnd.random() < 0.5
    date, subject = 1500000000 + rnd.randint(0, 5000) * 60, rnd.choice(SUBJECTS[:8])
    m = "Message-ID: %s\r\nDate: %s\r\nFrom: a@b.example\r\nSubject: %s\r\n" % (own, email.utils.formatdate(date), subject)
    if chain:
        m += "In-Reply-To: %s <second@x.example>\r\n" % chain[0] if irt else "References: %s\r\n" % "\r\n ".join(chain)
    like(c.run("APPEND Own {%d+}\r\n%s" % (len(m) + 5, m + "\r\nx\r\n"))[0], "^OK", "an own message")
    msgs[i] = dict(id=own, chain=chain, date=date, uid=i, base=casemap(base(subject)[0]), reply=base(subject)[1])
c.run("SELECT Own")
is_(c.run("UID THREAD REFERENCES UTF-8 ALL")[1][0], "* THREAD " + references(msgs), "REFERENCES of own messages")
bad = []
for i in range(40):
    part = rnd.sample(sorted(msgs), rnd.choice((1, 2, 5, 30, 60)))
    if c.run("UID THREAD REFERENCES UTF-8 UID " + ",".join(map(str, part)))[1][0] != "* THREAD " + references(part):
        bad.append(part)
is_(bad[:2], [], "parts of the folder (seed %d)" % seed)
# with posts that the box points to
c.run("CREATE Both")
c.run("SELECT test.forum")
root = [u for u in sorted(of_forum) if not of_forum[u]["chain"] and [v for v in of_forum.values() if v["chain"] and v["chain"][-1] == of_forum[u]["id"]]][0]
child = [u for u in of_forum if of_forum[u]["chain"] and of_forum[u]["chain"][-1] == of_forum[root]["id"]][0]
for n in (child, root):
    like(c.run("UID COPY %d Both" % n)[0], "^OK", "a post")
for own, up in (("<mine1@x.example>", of_forum[child]["id"]), ("<mine2@x.example>", "<mine1@x.example>"), ("<mine3@x.example>", "<nobody@x.example>"), ("<mine1@x.example>", "<nobody@x.example>")):
    m = "Message-ID: %s\r\nDate: %s\r\nFrom: a@b.example\r\nReferences: %s\r\n\r\nx\r\n" % (own, email.utils.formatdate(1600000000), up)
    like(c.run("APPEND Both {%d+}\r\n%s" % (len(m), m))[0], "^OK", "an own message")
c.run("SELECT Both")
is_(sorted(re.findall(r"\((?:[^()]|\([^()]*\))*\)", c.run("UID THREAD REFERENCES UTF-8 ALL")[1][0])), ["((5)(6))", "(2 1 3 4)"], "answers below posts; two below what nobody has; the second of one id")
# posts stay together when an own message cites one of them below something else
of = {r: [u for u in of_forum if of_forum[u]["chain"] and of_forum[u]["chain"][-1] == of_forum[r]["id"]] for r in of_forum}
two = [(a, b) for v in of.values() for a in v for b in v if of_forum[a]["base"] != of_forum[b]["base"]][0]
c.run("CREATE Cited")
c.run("SELECT test.forum")
like(c.run("UID COPY %d,%d Cited" % tuple(sorted(two)))[0], "^OK", "two answers to one post")
c.run("SELECT Cited")
like(c.run("UID THREAD REFERENCES UTF-8 ALL")[1][0], r"THREAD \(\(.\)\(.\)\)$", "they belong together")
for i, above in enumerate(("<nobody2@x.example> ", "")):
    m = "Message-ID: <cites%d@x.example>\r\nDate: %s\r\nFrom: a@b.example\r\nReferences: %s%s\r\n\r\nx\r\n" % (i, email.utils.formatdate(1600000000), above, of_forum[two[0]]["id"])
    like(c.run("APPEND Cited {%d+}\r\n%s" % (len(m), m))[0], "^OK", "an own message")
first = 1 + (two[0] > two[1])
like(c.run("UID THREAD REFERENCES UTF-8 ALL")[1][0], r"THREAD \((\(%d\))?\(%d \(3\)\(4\)\)(\(%d\))?\)$" % (3 - first, first, 3 - first), "and still do")
c.run("SELECT test.forum")
msgs = of_forum

# ---- subjects are remembered: learned bit by bit they sort as on a server that knows nothing yet ----
ASK = ["UID SORT (SUBJECT) UTF-8 ALL", "UID SORT (REVERSE SUBJECT) UTF-8 ALL", "UID SORT (SUBJECT REVERSE DATE) UTF-8 ALL",
       "UID SORT (SUBJECT) UTF-8 NOT SUBJECT apples", "UID THREAD REFERENCES UTF-8 ALL", "UID THREAD ORDEREDSUBJECT UTF-8 ALL"]
for i, subject in enumerate(["Bananas", "aardvark", "Re: zebra", "", "Re: Bananas", "=?utf-8?q?=C3=84pfel?=", "Apples"]):
    m = "Message-ID: <late%d@x.example>\r\nSubject: %s\r\n\r\nlate\r\n" % (i, subject)
    like(c.run("APPEND test.forum {%d+}\r\n%s" % (len(m), m))[0], "^OK", "a late post")
    c.run("NOOP")
    for ask in ASK:
        c.run(ask)
s.ctl("delete", "test.forum:%d" % sorted(msgs)[3], "--reason", "test")
wait_for(lambda: [l for l in c.run("NOOP")[1] if "EXPUNGE" in l])
learned = [c.run(ask)[1] for ask in ASK]
ok(len(numbers(learned[0][0])) == len(msgs) + 6, "all are there")
s.stop()
s.start()
c = s.imap("alice@example.org", "secret")
c.run("SELECT test.forum")
is_([c.run(ask)[1] for ask in ASK], learned, "the same on a server just started")
done()
