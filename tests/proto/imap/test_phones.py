#!/usr/bin/env python3
"""IMAP as phones and desktops speak it: the commands of K-9 and Thunderbird for Android, of Apple Mail, of Outlook, in their order
and spelling. Every command is answered OK, with what the program needs to go on; what was done is seen by another session."""
import base64, os, sys, zlib
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

BOX = "test.forum"
s = Server(limits="posts_per_minute = 0")
s.group(BOX)
for who in ("alice", "bob"):
    s.member(who + "@example.org", who.title(), "secret")
first = s.post(BOX, "First", "Hello one.\r\n")
s.post(BOX, "Re: First", "Hello two.\r\n", user="bob@example.org", headers="References: %s\r\n" % first)
s.post(BOX, "With parts", "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--b\r\n"
       "Content-Type: text/html\r\n\r\n<p>Gr&uuml;&szlig;e</p>\r\n--b--\r\n", user="bob@example.org",
       headers="MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n")


class Phone:
    """a connection; do(command, pattern...) tests that it is OK and that each pattern is in the untagged answers"""

    def __init__(self, name, tls=True, tag="A%d"):
        self.name, self.tag, self.n = name, tag, 0
        self.c = Imap(s.port["imaps" if tls else "imap"], tls=tls)
        self.greeting = self.c.line()
        like(self.greeting, r"^\* OK \[CAPABILITY [^\]]*IMAP4rev1", name + ": the greeting has the capabilities")

    def next(self):
        self.n += 1
        return self.tag % self.n

    def send(self, text):
        t = self.next()
        self.c.send(t + " " + text)
        return t

    def rest(self, t, patterns, name, status="OK"):
        out = []
        while True:
            l = self.c.response()
            if l.startswith(t + " "):
                break
            out.append(l)
        text = "\n".join(out)
        missing = [p for p in patterns if not re.search(p, text, re.S | re.M)]
        if not ok(l.startswith(t + " " + status) and not missing, "%s: %s" % (self.name, name[:110])):
            diag(l, "\n", text[:1500], "\nmissing:", missing)
        self.tagged = l
        return out

    def do(self, command, *patterns, status="OK"):
        return self.rest(self.send(command), patterns, command, status)

    def literal(self, command, data, *patterns):
        """a synchronising literal"""
        t = self.send("%s {%d}" % (command, len(data)))
        self.c.expect("+")
        self.c.raw(data + "\r\n")
        return self.rest(t, patterns, command)

    def starttls(self):
        t = self.send("STARTTLS")
        self.c.expect(t + " OK")
        self.c.starttls()


def mail(subject, n, reply=""):
    return ("From: Alice <alice@example.org>\r\nTo: %s@forum.test\r\nSubject: %s\r\nMessage-ID: <%s@phone.example>\r\n%sMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSent from %s.\r\n" % (BOX, subject, n, reply, n))


def unsolicited(p, command, pattern):
    """IDLE: something happens, the line that tells it"""
    t = p.send("IDLE")
    p.c.expect("+")
    s.post(BOX, "While idle", "Text %s.\r\n" % os.urandom(4).hex(), user="bob@example.org")
    l = p.c.line()
    like(l, pattern, p.name + ": IDLE is told of a new post")
    p.c.send(command)
    p.rest(t, [], command)


# ---- K-9 Mail, Thunderbird for Android
k = Phone("K-9", tls=False, tag="%d")
k.do("CAPABILITY", r"^\* CAPABILITY .*STARTTLS.*AUTH=PLAIN")
k.starttls()
k.do("CAPABILITY", r"SASL-IR")
k.do("AUTHENTICATE PLAIN " + base64.b64encode(b"\0alice@example.org\0secret").decode())
like(k.tagged, r"OK \[CAPABILITY .*IDLE.*MOVE", "K-9: the answer to the login has the capabilities")
k.do('ID ("name" "K-9 Mail" "version" "8.0")', r"^\* ID \(")
k.do("NAMESPACE", r'^\* NAMESPACE \(\("" "\."\)\) ')
k.do('LIST "" "*" RETURN (SPECIAL-USE)', r"\\Drafts[^\n]* Drafts$", r"\\Sent[^\n]* Sent$", r"\\Trash[^\n]* Trash$", r' INBOX$', r' test\.forum$')
k.do('LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)')
k.do('LSUB "" "*"')
k.do('SELECT "INBOX"', r"^\* 0 EXISTS|^\* \d+ EXISTS", r"UIDNEXT", r"UIDVALIDITY", r"PERMANENTFLAGS")
k.do('EXAMINE "test.forum"', r"^\* 3 EXISTS")
k.do('SELECT "test.forum"', r"^\* 3 EXISTS", r"\[UIDVALIDITY \d+\]", r"\[UIDNEXT 4\]", r"PERMANENTFLAGS \([^)]*\\Deleted[^)]*\$Forwarded")
k.do("UID SEARCH 1:* NOT DELETED", r"^\* SEARCH 1 2 3$")
k.do("UID SEARCH 1:3 NOT DELETED SINCE 1-Jan-2020", r"^\* SEARCH 1 2 3$")
out = k.do("UID FETCH 3,2,1 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe "
           "sender X-K9mail-Identity Chat-Version)])", r"UID 3 FLAGS \(\) INTERNALDATE \"", r"(?i)^subject: With parts", r"(?i)^reply-to: <?test\.forum@forum\.test", r"(?i)^references: <")
is_(len(out), 3, "K-9: one answer for each")
k.do("UID FETCH 3 (UID BODYSTRUCTURE)", r'BODYSTRUCTURE \(\("text" "plain" \("charset" "utf-8"\) NIL NIL "quoted-printable"', r'"alternative" \("boundary" "b"\)')
k.do("UID FETCH 3 (UID BODY.PEEK[1.MIME])", r"(?i)content-transfer-encoding: quoted-printable")
k.do("UID FETCH 3 (UID BODY.PEEK[1])", r"Gr=C3=BC=C3=9Fe")
k.do("UID FETCH 3 (UID BODY.PEEK[])", r"<p>Gr&uuml;&szlig;e</p>")
k.do("UID FETCH 1 (UID BODY.PEEK[]<0.32768>)", r"BODY\[\]<0> \{\d+\}", r"Hello one\.")
k.do("UID STORE 3 +FLAGS.SILENT (\\Seen)")
k.do("UID STORE 1 +FLAGS.SILENT (\\Answered)")
k.do('UID STORE 1 +FLAGS.SILENT ("\\Flagged")', status="BAD")
k.do("UID FETCH 1:3 (UID FLAGS)", r"UID 1 FLAGS \(\\Answered\)", r"UID 3 FLAGS \(\\Seen\)")
k.literal('APPEND "Sent" (\\Seen)', mail("Sent copy", "k9"))
like(k.tagged, r"APPENDUID \d+ 1\]", "K-9: APPEND tells the UID")
k.do('SELECT "Sent"', r"^\* 1 EXISTS")
k.do("UID SEARCH HEADER MESSAGE-ID <k9@phone.example>", r"^\* SEARCH 1$")
k.do('SELECT "test.forum"')
k.do('UID MOVE 2 "Trash"', r"^\* OK \[COPYUID \d+ 2 1\]", r"^\* 2 EXPUNGE|VANISHED 2")
k.do('UID COPY 1 "Drafts"')
like(k.tagged, r"COPYUID \d+ 1 1\]", "K-9: COPYUID")
k.do('SELECT "Drafts"', r"^\* 1 EXISTS")
k.do("UID STORE 1 +FLAGS.SILENT (\\Deleted)")
k.do("UID EXPUNGE 1", r"^\* 1 EXPUNGE")
k.do('SELECT "test.forum"', r"^\* 2 EXISTS")
unsolicited(k, "DONE", r"^\* 3 EXISTS")
k.do("NOOP")
k.do("UID FETCH 4:* (UID FLAGS)", r"^\* 3 FETCH \(UID 4 FLAGS \(\)\)")
k.do("UID SEARCH 1:* NOT DELETED", r"^\* SEARCH 1 3 4$")
k.do("LOGOUT", r"^\* BYE")

# ---- Apple Mail, on phones and desks
a = Phone("Apple Mail", tag="%d.0")
a.do('ID ("name" "iPhone Mail" "version" "21F90" "os" "iOS" "os-version" "17.5.1 (21F90)")', r"^\* ID \(")
t = a.send("AUTHENTICATE PLAIN")
a.c.expect("+")
a.c.send(base64.b64encode(b"\0alice@example.org\0secret").decode())
a.rest(t, [], "AUTHENTICATE PLAIN with a continuation")
a.do("CAPABILITY", r"CONDSTORE", r"QRESYNC", r"ESEARCH")
a.do("ENABLE CONDSTORE", r"^\* ENABLED CONDSTORE")
a.do("NAMESPACE")
a.do('LIST "" ""', r'^\* LIST \(\\Noselect\) "\." ""$')
a.do('LIST "" "*" RETURN (CHILDREN SPECIAL-USE SUBSCRIBED)', r"\\HasChildren[^\n]* test$|\\HasChildren[^\n]*test\.forum$|\\HasNoChildren[^\n]* test\.forum$", r"\\Trash[^\n]* Trash$")
a.do('STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)', r"^\* STATUS INBOX \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN [01] HIGHESTMODSEQ \d+\)")
a.do('STATUS "test.forum" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)', r"MESSAGES 3 UIDNEXT 5 UIDVALIDITY \d+ UNSEEN 2\)")
out = a.do("SELECT test.forum (CONDSTORE)", r"^\* 3 EXISTS", r"HIGHESTMODSEQ")
high = int(re.search(r"HIGHESTMODSEQ (\d+)", "\n".join(out)).group(1))
a.do("FETCH 1:* (FLAGS UID)", r"^\* 1 FETCH \(FLAGS \(\\Answered\) UID 1\)", r"^\* 3 FETCH \(FLAGS \(\) UID 4\)")
a.do("UID FETCH 1:4 (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id in-reply-to references content-type x-priority "
     "x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature)])",
     r"RFC822\.SIZE \d+ FLAGS \(", r"(?i)^message-id: <")
a.do("UID FETCH 3:4 (BODYSTRUCTURE BODY.PEEK[HEADER])", r"BODYSTRUCTURE \(", r"BODY\[HEADER\] \{")
a.do("UID FETCH 4 BODY.PEEK[1]<0.131072>", r"BODY\[1\]<0> ")
a.do("UID FETCH 4 (BODY.PEEK[TEXT]<0.16384> UID)", r"Text [0-9a-f]{8}")
a.do("UID STORE 4 +FLAGS.SILENT (\\Seen)", r"UID 4 MODSEQ \(\d+\)")
a.do("UID STORE 4 +FLAGS.SILENT (\\Flagged $MailFlagBit0 $MailFlagBit2)")
a.do("UID STORE 3 +FLAGS.SILENT ($Forwarded Redirected)")
a.do("UID STORE 3 +FLAGS.SILENT (Junk JunkRecorded $Junk)")
a.do("UID STORE 3 -FLAGS.SILENT (Junk $Junk)")
a.do("UID STORE 3 +FLAGS.SILENT (NotJunk $NotJunk)")
a.do("UID FETCH 1:* (FLAGS) (CHANGEDSINCE %d)" % high, r"UID 4 FLAGS \(\\Seen \\Flagged [^)]*\$MailFlagBit0[^)]*\) MODSEQ \(\d+\)|UID 4 FLAGS \([^)]*\$MailFlagBit2[^)]*\) MODSEQ")
a.do("UID SEARCH RETURN (ALL) UNDELETED", r'^\* ESEARCH \(TAG "[^"]+"\) UID ALL 1,3:4$|^\* ESEARCH \(TAG "[^"]+"\) UID ALL 1,3,4$')
a.do("UID SEARCH 1:3 NOT DELETED", r"^\* SEARCH 1 3 4")
a.do("UID SEARCH CHARSET UTF-8 OR SUBJECT \"parts\" FROM \"nobody\"", r"^\* SEARCH 3")
a.do("CHECK")
text = mail("From a phone", "apple", "In-Reply-To: %s\r\nReferences: %s\r\n" % (first, first))
a.literal('APPEND "Sent" (\\Seen) "27-Nov-2026 10:00:00 +0100"', text)
a.do('UID COPY 4 "Trash"')
a.do("UID STORE 4 +FLAGS.SILENT (\\Deleted)")
a.do("UID EXPUNGE 4", r"^\* 3 EXPUNGE")
a.do('GETQUOTAROOT "INBOX"', r"^\* QUOTAROOT INBOX")
unsolicited(a, "DONE", r"^\* 3 EXISTS")
a.do("CLOSE")
a.do("LOGOUT", r"^\* BYE")

# ---- Outlook
o = Phone("Outlook", tag="%04d")
o.do("CAPABILITY")
o.do('LOGIN "alice@example.org" "secret"')
o.do('LIST "" "*"', r" INBOX$", r" test\.forum$")
o.do('LSUB "" "*"')
o.do('LIST "" "INBOX"', r" INBOX$")
o.do('SUBSCRIBE "test.forum"')
o.do('LSUB "" "test.*"', r"test\.forum$")
o.do('CREATE "Junk E-mail"')
o.do('SUBSCRIBE "Junk E-mail"')
o.do('SELECT "test.forum"', r"^\* 3 EXISTS")
o.do("UID FETCH 1:* (UID FLAGS)", r"^\* 1 FETCH \(UID 1 FLAGS \(\\Answered\)\)", r"^\* 3 FETCH \(UID 5 FLAGS \(\)\)")
o.do("UID FETCH 1,3 (UID RFC822.SIZE BODY.PEEK[] INTERNALDATE)", r"^\* 1 FETCH \(UID 1 RFC822\.SIZE \d+ BODY\[\] \{\d+\}")
o.do("UID FETCH 5 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])", r"BODY\[HEADER\] \{", r"BODY\[TEXT\] ")
o.do("UID FETCH 3 (RFC822.SIZE BODYSTRUCTURE ENVELOPE)", r"ENVELOPE \(\"")
o.do("UID STORE 5 +FLAGS (\\Seen)", r"^\* 3 FETCH \(UID 5 FLAGS \(\\Seen\)\)")
o.do("UID STORE 5 +FLAGS (\\Deleted)", r"FLAGS \(\\Seen \\Deleted\)")
o.do("UID STORE 5 -FLAGS (\\Deleted)")
o.do('STATUS "Drafts" (UIDNEXT MESSAGES UNSEEN)', r"^\* STATUS Drafts \(MESSAGES 0 UIDNEXT 2 UNSEEN 0\)")
o.literal('APPEND "Sent" (\\Seen)', mail("From a desk", "outlook"))
o.literal('APPEND "test.forum" (\\Seen)', mail("Posted from a desk", "posted", "In-Reply-To: %s\r\n" % first), r"^\* 4 EXISTS")
unsolicited(o, "DONE", r"^\* 5 EXISTS")
o.do("NOOP")
o.do('UID COPY 5 "Junk E-mail"')
o.do("UID STORE 5 +FLAGS (\\Deleted)")
o.do("EXPUNGE", r"^\* 3 EXPUNGE")
o.do('DELETE "Junk E-mail"')
o.do('XLIST "" "*"', status="BAD")
o.do("LOGOUT")

# ---- what is left of it
b = s.imap("bob@example.org", "secret")
b.run("SELECT test.forum")
u = b.run("UID FETCH 1:* (FLAGS)")[1]
is_([re.search(r"UID (\d+) FLAGS \((.*?)\)", l).groups() for l in u], [(str(n), "") for n in range(1, 8)], "Bob sees all posts, without Alice's marks")
w = s.imap("alice@example.org", "secret")
w.run("SELECT Sent")
is_(len(w.run("FETCH 1:* (UID)")[1]), 3, "three copies are in Sent, and none of them was posted")
w.run("SELECT test.forum")
like("\n".join(w.run("UID FETCH 6 (FLAGS ENVELOPE)")[1]), r'FLAGS \(\\Seen\) ENVELOPE \("[^"]*" "Posted from a desk"', "what was appended to the group is posted, and read by its author")
tree = s.json("thread", first)
ok(any(p["subject"] == "Posted from a desk" and p["depth"] == 1 for p in tree), "as an answer")
done()
