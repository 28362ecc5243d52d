#!/usr/bin/env python3
"""IMAP4rev2 (RFC 9051) and UTF8=ACCEPT (RFC 6855): what changes for who enables them, and only for them."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

s = Server(limits="posts_per_minute = 1000 bad_commands = 1000")
s.group("test.forum")
s.member("alice@example.org", "Alice", "secret")
for i in range(3):
    s.post("test.forum", "Post %d" % i)
log = lambda: s.imap("alice@example.org", "secret")
old, new, u8 = log(), log(), log()
caps = new.run("CAPABILITY")[1][0].split()
ok({"IMAP4rev1", "IMAP4rev2", "UTF8=ACCEPT", "LITERAL+", "ENABLE"} <= set(caps), "both revisions are announced")
ok({"NAMESPACE", "UNSELECT", "UIDPLUS", "ESEARCH", "SEARCHRES", "IDLE", "SASL-IR", "LIST-EXTENDED", "LIST-STATUS", "MOVE", "SPECIAL-USE",
    "BINARY", "STATUS=SIZE", "CHILDREN"} <= set(caps), "with all that rev2 folds in, by name")

# ENABLE
is_(new.run("ENABLE IMAP4rev2 X-NONE")[1], ["* ENABLED IMAP4rev2"], "ENABLE IMAP4rev2")
is_(new.run("ENABLE IMAP4rev2")[1], ["* ENABLED"], "once")
is_(u8.run("enable utf8=accept condstore")[1], ["* ENABLED CONDSTORE UTF8=ACCEPT"], "ENABLE UTF8=ACCEPT, in any case")
like(new.run("ENABLE")[0], "^BAD", "ENABLE of nothing")

# SELECT
r, u = new.run("SELECT test.forum")
ok(not [l for l in u if "RECENT" in l or "UNSEEN" in l], "SELECT: no RECENT, no UNSEEN")
ok('* LIST () "." test.forum' in u, "but LIST") or diag(u)
for want in ("* FLAGS", "* 3 EXISTS", "* OK [PERMANENTFLAGS", "* OK [UIDVALIDITY", "* OK [UIDNEXT 4]"):
    ok([l for l in u if l.startswith(want)], "SELECT tells " + want)
r, u = old.run("SELECT test.forum")
ok("* 0 RECENT" in u and [l for l in u if "UNSEEN 1" in l] and not [l for l in u if "* LIST" in l], "rev1 as it was")
r, u = new.run("SELECT test.forum")
is_(u[0], "* OK [CLOSED] the other mailbox is closed", "CLOSED when another is opened")
like(new.run("SELECT no.such")[0], r"^NO \[NONEXISTENT\]", "no such mailbox")
like(new.run("FETCH 1 FLAGS")[0], "^BAD", "and none is selected then")
new.run("EXAMINE test.forum")

# SEARCH
like(new.run("SEARCH ALL")[1][0], r'^\* ESEARCH \(TAG "t\d+"\) ALL 1:3$', "SEARCH answers ESEARCH")
like(new.run("UID SEARCH 2")[1][0], r'^\* ESEARCH \(TAG "t\d+"\) UID ALL 2$', "UID SEARCH too")
like(new.run("SEARCH SUBJECT nothing")[1][0], r'^\* ESEARCH \(TAG "t\d+"\)$', "also when nothing is found")
like(new.run("SEARCH RETURN (COUNT) ALL")[1][0], r"COUNT 3$", "RETURN as asked")
like(new.run("SEARCH RETURN (SAVE) 2:3")[0], "^OK", "SAVE")
like(new.run("FETCH $ UID")[1][0], r"^\* 2 FETCH", "$")
like(new.run("SEARCH CHARSET UTF-8 ALL")[1][0], "ESEARCH", "CHARSET is read")
is_(old.run("SEARCH ALL")[1], ["* SEARCH 1 2 3"], "rev1: SEARCH")
u8.run("SELECT test.forum")
is_(u8.run("SEARCH ALL")[1], ["* SEARCH 1 2 3"], "UTF8=ACCEPT alone: SEARCH")
like(u8.run("SEARCH CHARSET UTF-8 ALL")[0], "^BAD", "but no charset")
like(new.run('SORT (SUBJECT) UTF-8 ALL')[1][0], r"^\* SORT ", "SORT is not touched")

# STATUS, with what rev2 asks for
like(new.run("STATUS test.forum (MESSAGES UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE)")[1][0], r"MESSAGES 3 .*DELETED 0", "STATUS")

# names: modified UTF-7 until UTF-8 is enabled
like(old.run('CREATE "Entw&APw-rfe"')[0], r"^OK \[MAILBOXID \(G\d+\)\]", "a name in modified UTF-7")
is_(new.run('LIST "" "Entw*"')[1], ['* LIST (\\HasNoChildren) "." "Entwürfe"'], "is UTF-8 for rev2")
is_(u8.run('LIST "" "Entw*"')[1], ['* LIST (\\HasNoChildren) "." "Entwürfe"'], "and for UTF8=ACCEPT")
is_(old.run('LIST "" "Entw*"')[1], ['* LIST (\\HasNoChildren) "." Entw&APw-rfe'], "and modified UTF-7 for others")
is_(old.run('LIST "" "Entwürf*"')[1], ['* LIST (\\HasNoChildren) "." Entw&APw-rfe'], "who may say it in UTF-8")
like(new.run('SELECT "Entwürfe"')[0], "^OK", "SELECT by UTF-8")
like(new.run('SELECT "Entwu\u0308rfe"')[1][-1], r'LIST \(\) "." "Entwürfe" \("OLDNAME" \("Entwu\u0308rfe"\)\)', "what is not in NFC gets its OLDNAME")
like(new.run('SELECT "Entw&APw-rfe"')[0], r"^NO \[NONEXISTENT\]", "& is only & now")
like(new.run('CREATE "Q&A"')[0], "^OK", "so & may stand in a name")
is_(old.run('LIST "" Q*')[1], ['* LIST (\\HasNoChildren) "." Q&-A'], "and is &- outside")
is_(new.run('LIST "" Q*')[1], ['* LIST (\\HasNoChildren) "." Q&A'], "and & here")
like(old.run('STATUS "Entw&APw-rfe" (MESSAGES)')[1][0], r'^\* STATUS Entw&APw-rfe', "STATUS as it was asked")
like(new.run('CREATE "\U0001f60a \\"x\\""')[0], "^OK", "beyond the first plane, with quotes")
is_(old.run('LIST "" "*x*"')[1], ['* LIST (\\HasNoChildren) "." "&2D3eCg- \\"x\\""'], "surrogates in modified UTF-7")
is_(new.run('RENAME "\U0001f60a \\"x\\"" Smile')[1], ['* LIST () "." Smile ("OLDNAME" ("\U0001f60a \\"x\\""))'], "RENAME tells OLDNAME")
is_(old.run("RENAME Smile Grin")[1], [], "not to rev1")
# wrong forms
for bad in ("&", "&-&", "&AP", "&APw", "&AGE-", "&2D0-", "&3go-", "&AP*-", "a&AAo-"):
    like(old.run('CREATE "%s"' % bad)[0], r"^(BAD|NO \[(CANNOT|NOPERM)\])", "modified UTF-7 " + bad)
for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"):
    for c in (old, new):
        c.send(b'w CREATE "X' + bad + b'"')
        like(c.line(), "^w BAD", "no UTF-8: %r" % bad)
like(new.run('CREATE "X\u2028"')[0], r"^NO \[CANNOT\]", "line separators are no part of names")
like(new.run('CREATE "X\x7f"')[0], r"^(BAD|NO)", "nor DEL")

# APPEND of headers beyond ASCII
MSG = "Subject: Grüße\r\n\r\nText\r\n".encode()
like(old.run("APPEND Drafts {%d}" % len(MSG), [MSG])[0], r"^NO \[CANNOT\] .*UTF8=ACCEPT", "a header beyond ASCII needs ENABLE")
like(old.run("APPEND test.forum {%d}" % len(MSG), [MSG])[0], r"^NO \[CANNOT\]", "in a group too")
BODY = "Subject: x\r\n\r\nGrüße\r\n".encode()
like(old.run("APPEND Drafts {%d}" % len(BODY), [BODY])[0], "^OK", "a text beyond ASCII does not")
like(new.run("APPEND Drafts {%d}" % len(MSG), [MSG])[0], "^OK", "rev2")
u8.send("u APPEND Drafts (\\Seen) UTF8 (~{%d+}" % len(MSG))
u8.raw(MSG + b")\r\n")
like(u8.response(), r"^u OK \[APPENDUID", "UTF8 (~{n}")
u8.send("u APPEND Drafts UTF8 ({%d+}" % len(MSG))
u8.raw(MSG + b")\r\n")
like(u8.response(), r"^u BAD", "with literal8 only")
u8.run("SELECT Drafts")
r, u = u8.run("FETCH 3 (ENVELOPE BODY.PEEK[HEADER.FIELDS (SUBJECT)] FLAGS)")
ok("Grüße" in u[0] and "\\Seen" in u[0], "and comes back as it was")
is_(u8.run('SEARCH SUBJECT "Grüße"')[1], ["* SEARCH 2 3"], "SEARCH for UTF-8")
is_(u8.run('SEARCH SUBJECT "grüsse"')[1], ["* SEARCH 2 3"], "folded")

# what rev2 dropped is answered all the same, since rev1 is announced beside it
like(new.run('LSUB "" test*')[1][0], r'^\* LSUB \(\) "." test.forum', "LSUB")
like(new.run("CHECK")[0], "^BAD|^OK", "CHECK")
new.run("SELECT test.forum")
like(new.run("FETCH 1 RFC822.HEADER")[1][0], "RFC822.HEADER", "RFC822.HEADER")

# CLOSE removes what is marked from the member's own sight
n = len(u8.run("SEARCH ALL")[1][0].split()) - 2
u8.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
is_(u8.run("CLOSE"), ("OK CLOSE completed", []), "CLOSE tells nothing")
like(u8.run("STATUS Drafts (MESSAGES)")[1][0], r"MESSAGES %d\)" % (n - 1), "and expunged")
u8.run("EXAMINE Drafts")
like(u8.run("CLOSE")[0], "^OK", "CLOSE after EXAMINE")
u8.run("SELECT Drafts")
u8.run("STORE 1 +FLAGS.SILENT (\\Deleted)")
u8.run("UNSELECT")
like(u8.run("STATUS Drafts (MESSAGES DELETED)")[1][0], r"MESSAGES %d DELETED 1\)" % (n - 1), "UNSELECT does not")
s.member("mod@example.org", "Mod", "secret", "moderator:test.forum")
m = s.imap("mod@example.org", "secret")
m.run("SELECT test.forum")
m.run("STORE 2 +FLAGS.SILENT (\\Deleted)")
m.run("CLOSE")
like(m.run("STATUS test.forum (MESSAGES)")[1][0], r"MESSAGES 2\)", "a moderator's CLOSE hides from the moderator")
like(old.run("STATUS test.forum (MESSAGES)")[1][0], r"MESSAGES 3\)", "and from nobody else")
done()
