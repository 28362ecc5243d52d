#!/usr/bin/env python3
"""Pain 1: what each mail program makes of a reply, in many languages (replies.py): forumctl trim prints what its author
wrote, no more and no less; and so it does when the post that is answered is known (a sample, through the real door)."""
from concurrent.futures import ThreadPoolExecutor
from maillib import *
import replies

f = Forum()
cases = list(replies.replies())


def trimmed(case):
    p = subprocess.run([find("forumctl"), "-c", f.s.conf, "trim"], input=case[1], stdout=subprocess.PIPE, timeout=120 * SLOW)
    return "\n".join(l.rstrip() for l in p.stdout.decode().replace("\r\n", "\n").strip().split("\n"))


with ThreadPoolExecutor(4) as pool:
    got = list(pool.map(trimmed, cases))
right = [g == c[2] for g, c in zip(got, cases)]
for (name, _, want), g, r in zip(cases, got, right):
    if not r:
        is_(g, want, name)
diag("exactly right: %d of %d" % (sum(right), len(cases)))
ok(len(cases) > 1000 and all(right), "every one exactly")
alone = subprocess.run([find("forumctl"), "-c", "/nowhere/forumd.conf", "--json", "trim"], input=cases[0][1], capture_output=True)
v = json.loads(alone.stdout)
ok(alone.returncode == 0 and v["text"].strip() == cases[0][2] and v["lines_cut"] > 0 and not v["whole"], "trim --json needs no daemon")
is_(subprocess.run([find("forumctl"), "trim", "what"], capture_output=True).returncode, 2, "and takes no arguments")

# through the door: the parent is known, so that what is no copy of it stays
root = f.root("Quince", replies.THEIRS.replace("\n", "\r\n") + "\r\n")
to = f.reply_to(f.copy(root, "bob"))
f.s.ctl("member", "set", "bob@example.org", "receipts=off")
for name in ("outlook de, html", "owa fr, html", "outlook app en, html", "yahoo plain", "gmail ja, both", "samsung en, header in one line", "iphone sv",
             "163 app", "notes block", "footer: groups.io", "disclaimer: en", "forwarded mail stays", "code with > stays", "thunderbird de, answers between"):
    raw, want = next((c[1], c[2]) for c in cases if c[0] == name)
    mid = "<%s@client.example>" % os.urandom(6).hex()
    head, body = raw.split(b"\r\n\r\n", 1)
    head = re.sub(rb"Message-ID: .*\r\n", b"", head).replace(b"In-Reply-To: <quince@example.org>", b"In-Reply-To: " + root.encode())
    body += b"" if body.endswith(b"\r\n") else b"\r\n"
    c = Smtp(f.s.port["lmtp"], hello="LHLO mx.front.example")     # one each: the same words again and again would be held
    like(c.mail("bob@example.org", to, PASS.encode() + head + b"\r\nMessage-ID: " + mid.encode() + b"\r\n\r\n" + body), "^250", name)
    c.close()
    if f.s.json("show", mid)[0]["state"] == "pending":
        f.s.ctl("approve", mid)
    is_("\n".join(l.rstrip() for l in f.shown(mid).split("\n")), want, name + ": published so")
done()
