#!/usr/bin/env python3
"""Pain 4: the tree is the tree: real parents in In-Reply-To, References from the root to the parent, at most 20 ids, folded,
no line too long; and references that arrive in the wrong order or by hundreds do no harm."""
from maillib import *

f = Forum()
root = f.root()
chain = [root]
f.s.ctl("member", "set", "bob@example.org", "receipts=off")
f.s.ctl("member", "set", "carol@example.org", "receipts=off")
for n in range(26):
    who, other = ("bob", "carol") if n % 2 == 0 else ("carol", "bob")
    got, mid = f.send(who, f.reply_to(f.copy(chain[-1], who)), "Answer number %d.\n" % (n + 1))
    if got[:3] != "250":
        raise AssertionError(got)
    state = f.s.json("show", mid)[0]["state"]
    if state == "pending":
        f.s.ctl("approve", mid)
    chain.append(mid)
tree = f.s.json("thread", root)
is_([p["message_id"] for p in tree], chain, "26 answers, each to the one before")
ids = {p["id"]: p["message_id"] for p in tree}
is_([ids.get(p["parent"]) for p in tree], [None] + chain[:-1], "and hanging there")
last = f.copy(chain[-1], "bob" if len(chain) % 2 else "carol")
refs = last["References"].split()
is_(last["In-Reply-To"], chain[-2], "In-Reply-To: the real parent")
is_(len(refs), 20, "of 26 ids above it References holds 20")
is_((refs[0], refs[-1]), (root, chain[-2]), "from the root to the parent")
is_(refs[1:], chain[len(chain) - len(refs):-1], "with the last ones between, in order")
raw = [o for o in f.s.outgoing() if chain[-1].encode() in o][-1].replace(b"\r\n", b"\n").split(b"\n\n")[0].split(b"\n")
ok(max(len(l) for l in raw) < 998, "no line is too long")
ok(all(len(l) < 200 for l in raw if l.lower().startswith(b"references:") or l[:1] == b"\t" or l[:2] == b" <"), "References are folded")
a = f.article(chain[-1])
is_(a["References"].split()[-1], chain[-2], "news readers: the parent is last")

# ids in the wrong order, an id twice, hundreds of them
got, mid = f.send("bob", "test.pub@forum.test", "Reversed.\n", content="References: %s\r\n" % "\r\n ".join(reversed(chain[:5])) + "In-Reply-To: %s\r\n" % chain[4])
is_(ids[[p for p in f.s.json("thread", root) if p["message_id"] == mid][0]["parent"]], chain[4], "reversed references: In-Reply-To has the word")
many = ["<old%d@example.org>" % i for i in range(400)] + chain[:2]
got, mid = f.send("bob", "test.pub@forum.test", "Hundreds.\n", content="References: %s\r\n" % "\r\n ".join(many))
like(got, "^250", "400 references are taken")
is_(ids[[p for p in f.s.json("thread", root) if p["message_id"] == mid][0]["parent"]], chain[1], "the last one is the parent")
copy = f.copy(mid, "carol")
refs = copy["References"].split()
is_((len(refs), refs[0], refs[-1]), (20, "<old0@example.org>", chain[1]), "its copies have the first and the last ones only")
done()
