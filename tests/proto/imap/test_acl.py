#!/usr/bin/env python3
"""IMAP: ACL (RFC 4314): rights are roles in the group; nobody's address is told, private groups are not there."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000")
s.group("open.forum", "--access", "public")
s.group("our.forum", "--access", "members")
s.group("hidden.group", "--access", "private")
s.group("news.official", "--access", "members")
s.ctl("group", "set", "news.official", "posting=moderators")
for who in ("alice", "bob", "carol", "mod", "boss", "out"):
    s.member(who + "@example.org", who.title(), "secret")
s.ctl("member", "role", "boss@example.org", "admin")
for g in ("open.forum", "our.forum", "hidden.group"):
    s.ctl("member", "role", "mod@example.org", "moderator:" + g)
s.ctl("member", "role", "alice@example.org", "member:hidden.group")
s.ctl("member", "role", "bob@example.org", "reader:hidden.group")
s.ctl("member", "role", "carol@example.org", "supporter:our.forum")
name = {w: "author-%d" % s.json("member", "show", w + "@example.org")[0]["id"] for w in ("alice", "bob", "carol", "mod", "boss", "out")}
c = {w: s.imap(w + "@example.org", "secret") for w in name}
like(c["alice"].run("CAPABILITY")[1][0], r" ACL RIGHTS=kxte\b", "announced")


def my(w, box):
    r, u = c[w].run('MYRIGHTS "%s"' % box)
    return u[0].split(" ")[-1] if r.startswith("OK") else r


def acl(w, box):
    r, u = c[w].run("GETACL " + box)
    if not r.startswith("OK"):
        return r
    words = u[0].split(" ")[3:]
    return dict(zip(words[::2], words[1::2]))


is_(my("alice", "our.forum"), "lrswteipd", "MYRIGHTS of a member")
is_(my("mod", "our.forum"), "lrswteipad", "of a moderator")
is_(my("bob", "hidden.group"), "lrswted", "of a reader")
is_(my("alice", "news.official"), "lrswted", "where only moderators post")
is_(my("boss", "hidden.group"), "lrswteipad", "of an admin")
is_(my("alice", "Drafts"), "lrswteikxacd", "Drafts")
is_(my("alice", "Replies to me"), "lrswtead", "what the forum fills")
is_(my("alice", "our.forum.!Mute"), "lri", "a command")
for cmd in ("MYRIGHTS %s", "GETACL %s", "LISTRIGHTS %s author-1", "SETACL %s author-1 lr", "DELETEACL %s author-1"):
    is_(c["out"].run(cmd % "hidden.group"), c["out"].run(cmd % "no.such.group"), "private is missing: " + cmd[:9])

# who sees the list
like(acl("alice", "our.forum"), r"^NO \[NOPERM\]", "GETACL wants a")
like(c["alice"].run("LISTRIGHTS our.forum " + name["bob"])[0], r"^NO \[NOPERM\]", "LISTRIGHTS too")
like(c["alice"].run("SETACL our.forum %s lrswteipa" % name["alice"])[0], r"^NO \[NOPERM\]", "and SETACL")
is_(acl("mod", "hidden.group"), {name["boss"]: "lrswteipad", name["mod"]: "lrswteipad", name["alice"]: "lrswteipd", name["bob"]: "lrswted"}, "GETACL of a private group")
is_(acl("mod", "our.forum"), {"anyone": "lrswteipd", name["boss"]: "lrswteipad", name["mod"]: "lrswteipad", name["carol"]: "lrswteipd"}, "GETACL of a group of members")
ok("@" not in str(c["mod"].run("GETACL hidden.group")), "no address")
is_(acl("boss", "news.official"), {"anyone": "lrswted", name["boss"]: "lrswteipad"}, "admins of the whole forum are in every list")
for w in name:
    for g, by in (("our.forum", "mod"), ("hidden.group", "mod"), ("news.official", "boss")):
        listed, has = acl(by, g), my(w, g)
        is_(listed.get(name[w], listed.get("anyone", "none")), "none" if has.startswith("NO") else has, "GETACL and MYRIGHTS agree: %s in %s" % (w, g))
s.ctl("member", "role", "out@example.org", "reader")
is_(acl("mod", "our.forum").get(name["out"]), "lrswted", "who only reads, everywhere")
is_(c["mod"].run("LISTRIGHTS our.forum " + name["out"])[1], ["* LISTRIGHTS our.forum %s lrswte" % name["out"]], "LISTRIGHTS: posting cannot be given to him here")
s.ctl("member", "role", "out@example.org", "moderator")
is_(acl("mod", "our.forum").get(name["out"]), "lrswteipad", "who moderates everywhere")
is_(acl("mod", "hidden.group").get(name["out"]), None, "but in private groups")
is_(c["boss"].run("LISTRIGHTS our.forum " + name["out"])[1], ["* LISTRIGHTS our.forum %s lrswteipa" % name["out"]], "LISTRIGHTS: he always does")
is_(c["mod"].run("LISTRIGHTS hidden.group " + name["boss"])[1], ["* LISTRIGHTS hidden.group %s lrswteipa" % name["boss"]], "LISTRIGHTS of an admin")
s.ctl("member", "role", "out@example.org", "none")
is_(acl("mod", "our.forum").get(name["out"]), None, "no role, no line")
is_(acl("alice", "Drafts"), {name["alice"]: "lrswteikxacd"}, "GETACL of an own mailbox")
like(c["alice"].run("SETACL Drafts %s lr" % name["bob"])[0], r"^NO \[CANNOT\]", "which cannot be shared")

# what can be given
is_(c["mod"].run("LISTRIGHTS hidden.group " + name["out"])[1], ['* LISTRIGHTS hidden.group %s "" lrswte ip' % name["out"]], "LISTRIGHTS for a moderator")
is_(c["boss"].run("LISTRIGHTS hidden.group " + name["out"])[1], ['* LISTRIGHTS hidden.group %s "" lrswte ip a' % name["out"]], "for an admin")
is_(c["mod"].run("LISTRIGHTS our.forum anyone")[1], ["* LISTRIGHTS our.forum anyone lrswteip"], "anyone")
is_(c["mod"].run("LISTRIGHTS our.forum %s@forum.test" % name["out"])[1], ["* LISTRIGHTS our.forum %s lrswte ip" % name["out"]], "the name as in From")
for w in ("author-9999", "out@example.org", "mallory", ""):
    like(c["mod"].run('LISTRIGHTS our.forum "%s"' % w)[0], r"^NO \[NONEXISTENT\]", "no member: " + w)
    like(c["mod"].run('SETACL our.forum "%s" lrswte' % w)[0], r"^NO \[NONEXISTENT\]", "not in SETACL either")

# giving and taking
like(c["out"].run("SELECT hidden.group")[0], "^NO", "an outsider")
like(c["mod"].run("SETACL hidden.group %s lrswte" % name["out"])[0], "^OK", "a moderator lets him read")
is_(my("out", "hidden.group"), "lrswted", "he may read")
like(c["out"].run("SELECT hidden.group")[0], "^OK", "and does")
msg = b"Subject: x\r\n\r\nx\r\n"
like(c["out"].run("APPEND hidden.group {%d}" % len(msg), [msg])[0], r"^NO \[NOPERM\]", "but not post")
like(c["mod"].run("SETACL hidden.group %s +ip" % name["out"])[0], "^OK", "+ip")
like(c["out"].run("APPEND hidden.group {%d}" % len(msg), [msg])[0], r"^OK \[APPENDUID", "now he posts")
like(c["mod"].run("SETACL hidden.group %s +a" % name["out"])[0], r"^NO \[NOPERM\]", "moderators make no moderators")
like(c["boss"].run("SETACL hidden.group %s +a" % name["out"])[0], "^OK", "admins do")
is_(my("out", "hidden.group"), "lrswteipad", "a moderator")
like(c["mod"].run("DELETEACL hidden.group " + name["out"])[0], r"^NO \[NOPERM\]", "and moderators do not unmake them")
like(c["boss"].run("SETACL hidden.group %s -aip" % name["out"])[0], "^OK", "-aip")
is_(my("out", "hidden.group"), "lrswted", "a reader again")
like(c["mod"].run("DELETEACL hidden.group " + name["out"])[0], "^OK", "DELETEACL")
is_(c["out"].run("NOOP")[1], ["* OK [CLOSED] the mailbox is no longer there"], "his open session is told")
is_(c["out"].run("MYRIGHTS hidden.group"), c["out"].run("MYRIGHTS no.such.group"), "gone for him")
like(c["mod"].run("DELETEACL hidden.group " + name["out"])[0], "^OK", "once more")

# in an open group: posting alone
like(c["mod"].run("SETACL our.forum %s -ip" % name["bob"])[0], "^OK", "-ip of somebody without a role")
is_(my("bob", "our.forum"), "lrswted", "reads only")
like(c["mod"].run("DELETEACL our.forum " + name["bob"])[0], "^OK", "DELETEACL")
is_(my("bob", "our.forum"), "lrswteipd", "as anybody")
like(c["mod"].run("SETACL our.forum %s lrswipkxtecd" % name["carol"])[0], "^OK", "letters that can be given to nobody are left out")
ok("supporter" in s.ctl("member", "show", "carol@example.org"), "a supporter stays one")

# what is refused
like(c["mod"].run("SETACL hidden.group %s lr" % name["bob"])[0], r"^NO \[CANNOT\].*together", "rights that go together")
like(c["mod"].run("SETACL hidden.group %s ip" % name["bob"])[0], r"^NO \[CANNOT\]", "posting without reading")
like(c["mod"].run("SETACL hidden.group %s lrq" % name["bob"])[0], "^BAD", "no right")
like(c["mod"].run("SETACL our.forum anyone lrswte")[0], r"^NO \[CANNOT\]", "anyone is a setting")
like(c["mod"].run("SETACL our.forum -%s lrswte" % name["bob"])[0], r"^NO \[CANNOT\]", "no negative rights")
for bad in ("MYRIGHTS", "GETACL", "GETACL a b", "SETACL our.forum", "SETACL our.forum x", "DELETEACL our.forum", "LISTRIGHTS our.forum"):
    like(c["mod"].run(bad)[0], "^BAD", bad)
s.ctl("member", "role", "carol@example.org", "admin:our.forum")
like(c["boss"].run("DELETEACL our.forum " + name["carol"])[0], r"^NO \[NOPERM\]", "who is admin there stays it")
log = s.ctl("log", "hidden.group")
like(log, re.escape(name["out"]) + ": moderator in hidden.group", "changes are in the audit log")
ok("out@" not in log, "without addresses")
done()
