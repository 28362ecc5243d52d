#!/usr/bin/env python3
"""The reader that checks the syntax of every IMAP conversation must refuse what is wrong, or it checks nothing."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *
from imapsyntax import Bad, Checker


def fits(text, before=""):
    c = Checker()
    try:
        for b in (before + text).encode():
            c.feed(bytes([b]))
    except Bad:
        return False
    return c.b == b""


GOOD = r"""* OK [CAPABILITY IMAP4rev1 IDLE] hello
* 3 EXISTS
* SEARCH
* SEARCH 1 2 (MODSEQ 7)
* ESEARCH (TAG "a") UID MIN 1 ALL 1:3,9 COUNT 4
* ESEARCH (TAG "a")
* LIST (\HasChildren) "." INBOX
* LIST (\NonExistent) "." "a b" ("CHILDINFO" ("SUBSCRIBED") "OLDNAME" ("x"))
* STATUS a (MESSAGES 3 MAILBOXID (G1))
* THREAD (2)(3 6 (4 23)(44 7 96))
* THREAD ((3)(5))
* VANISHED (EARLIER) 1:3
* NAMESPACE (("" ".")) NIL NIL
* 1 FETCH (FLAGS (\Seen $Junk) UID 4 MODSEQ (9) BODY[1.HEADER.FIELDS (To "x y")]<0> {3}!abc ENVELOPE (NIL "x" NIL NIL NIL NIL NIL NIL NIL "<a>"))
* 1 FETCH (BODYSTRUCTURE (("text" "plain" ("charset" "utf-8") NIL NIL "7bit" 3 1 NIL NIL NIL NIL)("message" "rfc822" NIL NIL NIL "7bit" 9 (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) ("text" "plain" NIL NIL NIL "7bit" 3 1) 2) "mixed" ("boundary" "x") NIL NIL NIL))
* 1 FETCH (BINARY[1] ~{2}!ab BINARY.SIZE[1] 2)
a OK [COPYUID 1 1:2 7,9] done
a NO [BADEVENT (MessageNew FlagChange)] no
* OK [PERMANENTFLAGS (\Seen \*)] x
+ go on
+ YWJj
* LIST () "." &AOQ-
""".replace("!", "\r\n").split("\n")[:-1]
lines = re.sub(r"(\{3\}|\{2\})\r?\n", r"\1\r\n", "\n".join(GOOD)).replace("\r\n", "\0").split("\n")
for l in lines:
    ok(fits(l.replace("\0", "\r\n") + "\r\n"), l.replace("\0", " ")[:60])

BAD = r"""* OK
* 3 EXIST
* 0 FETCH (UID 1)
* 1 FETCH ()
* 1 FETCH (UID 0)
* 1 FETCH (FLAGS (\Nonsense))
* 1 FETCH (UID 1  FLAGS ())
* 1 FETCH (BODY[1.HEADER.FIELDS ()] NIL)
* 1 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 3))
* 1 FETCH (BODY (("text" "plain" NIL NIL NIL "7bit" 3 1)))
* 1 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 3 1 NIL))
* 1 FETCH (ENVELOPE (NIL NIL () NIL NIL NIL NIL NIL NIL NIL))
* SEARCH 0
* SEARCH  1
* ESEARCH (TAG a)
* ESEARCH (TAG "a") COUNT 1 COUNT 1
* LIST (\HasChildren) . x
* LIST (HasChildren) "." x
* LIST () "." a b
* LIST () "." ä
* LIST () "." a&b
* STATUS a (NONSENSE 1)
* THREAD ()
* THREAD (1)2
* VANISHED 1:*
* NAMESPACE NIL NIL
* CAPABILITY IDLE
* CAPABILITY IMAP4rev1 IDLE IDLE
* FLAGS
a OK [NONSENSE] x
a OK [COPYUID 1 1:2 7] x
a FINE x
a OK
* OK [UIDNEXT 0] x""".split("\n")
for l in BAD:
    ok(not fits(l + "\r\n"), "not " + l[:60])
ok(not fits("* 3 EXISTS\n"), "not a bare LF")
ON = "* ENABLED IMAP4rev2\r\n"
ok(fits('* LIST () "." "ä"\r\n', ON), "UTF-8 after ENABLE")
ok(not fits("* SEARCH 1\r\n", ON), "but not SEARCH")
ok(not fits("* 0 RECENT\r\n", ON), "and not RECENT")
s = Server()
s.member("alice@example.org", "Alice", "secret")
i = s.imap("alice@example.org", "secret")
ok(i.syntax.count >= 2, "forumtest.Imap runs it over what the server says")
done()
