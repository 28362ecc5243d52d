#!/usr/bin/env python3
"""IMAP: METADATA (RFC 5464): the member's own notes on mailboxes and the server; what the forum says of itself."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000")
s.group("our.forum", "--title", "Garden \"talk\"", "--kind", "blog")
s.group("hidden.group", "--access", "private", "--title", "Secret")
for who in ("alice", "bob", "mod"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "mod@example.org", "moderator:our.forum")
a, b, m = [s.imap(w + "@example.org", "secret") for w in ("alice", "bob", "mod")]
like(a.run("CAPABILITY")[1][0], r" METADATA\b", "announced")


def get(c, args):
    r, u = c.run("GETMETADATA " + args)
    if not r.startswith("OK"):
        return r
    if not u:
        return {}
    text = u[0][u[0].index("(") + 1:-1]
    out = {}
    while text:
        name, _, text = text.partition(" ")
        lit = re.match(r"~?\{(\d+)\}\r\n", text)
        if lit:
            out[name] = text[lit.end():lit.end() + int(lit.group(1))]
            text = text[lit.end() + int(lit.group(1)):]
        else:
            v = re.match(r'"([^"]*)"|NIL', text)
            out[name] = v.group(1)
            text = text[v.end():]
        text = text.lstrip(" ")
    return out


# the server
is_(get(a, '"" /shared/admin'), {"/shared/admin": "mailto:postmaster@forum.test"}, "who looks after the server")
is_(get(a, '"" (/shared/comment /private/comment)'), {"/shared/comment": "forum.test forum", "/private/comment": None}, "several, and one that is not there")
like(a.run('SETMETADATA "" (/private/comment "my forum")')[0], "^OK", "a note on the server")
is_((get(a, '"" /private/comment'), get(b, '"" /private/comment')), ({"/private/comment": "my forum"}, {"/private/comment": None}), "for oneself only")
like(a.run('SETMETADATA "" (/shared/comment "x")')[0], r"^NO \[NOPERM\]", "the server's own is not changed")

# a group
is_(get(a, "our.forum /shared/comment"), {"/shared/comment": "Garden \"talk\""}, "the title")
got = get(a, "our.forum (DEPTH 1) /shared/vendor/forumd")
is_({k[22:]: got[k] for k in got if not k.endswith("access")}, {"address": "our.forum@forum.test", "kind": "blog", "moderated": "off", "posting": "members"}, "its settings")
is_(get(a, "our.forum (DEPTH 1) /shared"), {"/shared/comment": "Garden \"talk\""}, "one level")
is_(len(get(a, "(DEPTH infinity) our.forum /shared")), 6, "all levels, options in front")
for cmd in ("GETMETADATA %s /shared/comment", "SETMETADATA %s (/private/comment x)", "GETMETADATA (DEPTH infinity) %s /shared"):
    is_(a.run(cmd % "hidden.group"), a.run(cmd % "no.such.group"), "private is missing: " + cmd[:11])

# the founding text
is_(get(a, '"" /shared/vendor/forumd/rules'), {"/shared/vendor/forumd/rules": None}, "no founding text yet")
s.ctl("founding", "set", stdin="Be kind.\nStay on topic.\n")
s.ctl("founding", "set", "our.forum", stdin="Vegetables only.\n")
is_((get(a, '"" /shared/vendor/forumd/rules')["/shared/vendor/forumd/rules"].split(), get(a, "our.forum /shared/vendor/forumd/rules")["/shared/vendor/forumd/rules"].strip()),
    ("Be kind. Stay on topic.".split(), "Vegetables only."), "of the forum, and of a group")

# notes
bin_ = b"line\r\nwith \x00 and \xff"
like(a.run("SETMETADATA our.forum (/private/comment {5+}\r\nhello /private/vendor/x/Color blue /private/bin ~{%d}" % len(bin_), [bin_ + b")"])[0], "^BAD", "an atom is no value")
r, u = a.run("SETMETADATA our.forum (/private/comment {5+}\r\nhello /private/vendor/x/Color \"blue\" /private/bin ~{%d}" % len(bin_), [bin_ + b")"])
like(r, "^OK", "strings, literals, literal8")
is_(get(a, "our.forum /PRIVATE/Vendor/X/color"), {"/private/vendor/x/color": "blue"}, "names without regard to capitals")
r, u = a.run("GETMETADATA our.forum /private/bin")
ok("~{%d}" % len(bin_) in u[0] and bin_.decode("utf-8", "surrogateescape") in u[0], "with NUL: literal8") or diag(u)
is_(sorted(get(a, "our.forum (DEPTH infinity) /private")), ["/private/bin", "/private/comment", "/private/vendor/x/color"], "all of them")
is_(get(a, "our.forum (DEPTH 1) /private/vendor"), {}, "nothing at one level")
r, u = a.run("GETMETADATA our.forum (MAXSIZE 4 DEPTH infinity) /private")
like(r, r"^OK \[METADATA LONGENTRIES %d\]" % len(bin_), "MAXSIZE")
is_(u, ['* METADATA our.forum (/private/vendor/x/color "blue")'], "leaves out what is longer")
is_(get(b, "our.forum (DEPTH infinity) /private"), {}, "others have none of it")
like(a.run("SETMETADATA our.forum (/private/comment NIL /private/bin NIL)")[0], "^OK", "NIL takes away")
is_(sorted(get(a, "our.forum (DEPTH infinity) /private")), ["/private/vendor/x/color"], "what is left")
like(a.run("SETMETADATA our.forum (/private/comment \"\")")[0], "^OK", "an empty value")
is_(get(a, "our.forum /private/comment"), {"/private/comment": ""}, "is one")

# own mailboxes, commands
like(a.run('SETMETADATA Drafts (/private/comment "d" /shared/comment "e")')[0], "^OK", "own mailbox: both are one's own")
got = get(a, "Drafts (/private/comment /shared/comment)")
is_(got, {"/private/comment": "d", "/shared/comment": "e"}, "read again")
like(a.run("GETMETADATA Drafts /private/specialuse")[1][0], r"/private/specialuse (\{7\}\r\n)?\"?\\", "special use")
like(a.run('SETMETADATA Drafts (/private/specialuse "\\\\Sent")')[0], r"^NO \[NOPERM\]", "is not changed")
like(a.run('SETMETADATA our.forum.!Mute (/private/comment "d")')[0], r"^NO \[CANNOT\]", "a command keeps nothing")

# with LIST
r, u = a.run('LIST "" (Drafts our.forum hidden.group our.forum.!Mute) RETURN (METADATA (/shared/comment /private/comment))')
is_((r[:2], sorted(u)), ("OK", sorted(['* LIST (\\HasNoChildren \\Drafts) "." Drafts', '* METADATA Drafts (/private/comment "d" /shared/comment "e")',
    '* LIST (\\HasChildren) "." our.forum', '* METADATA our.forum (/shared/comment {13}\r\nGarden "talk" /private/comment "")',
    '* LIST (\\HasNoChildren) "." our.forum.!Mute', '* METADATA our.forum.!Mute (/shared/comment NIL /private/comment NIL)'])), "LIST RETURN (METADATA)") or diag(u)
for bad in ("METADATA", "METADATA ()", "METADATA /private/comment", "METADATA (/x)", "METADATA (/private/comment) METADATA (/private/comment)"):
    like(a.run('LIST "" * RETURN (%s)' % bad)[0], "^BAD", "RETURN (%s)" % bad)

# limits
like(a.run("SETMETADATA our.forum (/private/big {4001}", [b"x" * 4001 + b")"])[0], r"^NO \[METADATA MAXSIZE 4000\]", "4,001 octets")
like(a.run("SETMETADATA our.forum (/private/big {4000}", [b"x" * 4000 + b")"])[0], "^OK", "4,000 octets")
r = [a.run("SETMETADATA our.forum (/private/n%d \"x\")" % i)[0] for i in range(70)]
ok(r[0].startswith("OK") and r[-1].startswith("NO [METADATA TOOMANY]"), "64 on a mailbox") or diag(r)
r, u = a.run('SETMETADATA our.forum (/private/comment "new" /private/one-more "x")')
ok(r.startswith("NO") and get(a, "our.forum /private/comment") == {"/private/comment": ""}, "all or nothing") or diag(r)
for bad in ("/comment", "private/comment", "/private/", "/private//x", "/private/*", "/private/a%", '"/private/\xc3\xa9"', "/private", "/other/x"):
    like(a.run('SETMETADATA our.forum (%s "x")' % bad)[0], "^BAD", "no entry: " + repr(bad))
for bad in ("GETMETADATA", "GETMETADATA our.forum", "GETMETADATA our.forum ()", "GETMETADATA (DEPTH 2) our.forum /private/x", "GETMETADATA our.forum /private/x y",
            "SETMETADATA our.forum /private/x y", "SETMETADATA our.forum ()"):
    like(a.run(bad)[0], "^BAD", bad)

# the title, by moderators
like(a.run('SETMETADATA our.forum (/shared/comment "Mine")')[0], r"^NO \[NOPERM\]", "members cannot change it")
like(m.run('SETMETADATA our.forum (/shared/comment {3}', [b"a\nb)"])[0], r"^NO \[CANNOT\]", "one line")
like(m.run('SETMETADATA our.forum (/shared/comment "Vegetables")')[0], "^OK", "moderators can")
is_(get(a, "our.forum /shared/comment"), {"/shared/comment": "Vegetables"}, "everybody sees it")
like(s.ctl("log", "our.forum"), "title=Vegetables", "it is in the audit log")
like(m.run('SETMETADATA our.forum (/shared/vendor/forumd/access "public")')[0], r"^NO \[NOPERM\]", "settings are the operator's")
like(m.run('SETMETADATA our.forum (/shared/other "x")')[0], r"^NO \[NOPERM\]", "nothing else is shared")
s.ctl("member", "remove", "alice@example.org", "--erase")
ok("ok" in s.ctl("check") or s.code == 0, "the store is sound")
done()
