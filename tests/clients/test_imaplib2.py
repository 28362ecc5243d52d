#!/usr/bin/env python3
"""Python's imaplib2: threads on one connection, IDLE that is told of a new post, of a flag and of a hidden post."""
from community import *

try:
    import imaplib2
except ImportError:
    sys.path.append("/usr/lib/python3/dist-packages")      # where Debian has it, when another Python runs the tests
    try:
        import imaplib2
    except ImportError:
        skip_all("imaplib2 is not installed")
import threading

s = community()
m = imaplib2.IMAP4("127.0.0.1", s.port["imap"], timeout=30)
is_(m.login("carol@example.org", "secret-c")[0], "OK", "LOGIN")
m.enable_compression()
is_(m.select("test.garden"), ("OK", [b"4"]), "SELECT")
# answers are collected by kind, whoever asked: so the threads ask for what only their tagged answer tells
got = []
threads = [threading.Thread(target=lambda n=n: got.append((n, m.uid("STORE", str(n % 4 + 1), "+FLAGS.SILENT", "(\\Seen)")[0]))) for n in range(40)]
for t in threads:
    t.start()
for t in threads:
    t.join(30)
is_(sorted(got), [(n, "OK") for n in range(40)], "commands of forty threads on one connection are all answered")
like(m.fetch("2", "(BODY.PEEK[TEXT])")[1][0][1], "Behind the shed", "a message through the compression")

heard = []


def idle(seconds=15):
    """starts IDLE; an event that is set when something was heard"""
    done_ = threading.Event()
    m.idle(timeout=seconds, callback=lambda x: (heard.append(x), done_.set()))
    return done_


e = idle()
write(s, "alice", "<new@thread.example>", "Pears", [], "Or a pear.\r\n")
ok(e.wait(10 * SLOW), "IDLE ends when a post comes")
is_(m.response("EXISTS")[1][-1], b"5", "five messages")
i = s.imap("carol@example.org", "secret-c")
i.run("SELECT test.garden")
e = idle()
i.run(r"STORE 5 +FLAGS.SILENT (\Flagged)")
ok(e.wait(10 * SLOW), "and when a flag is set elsewhere")
like(str(m.response("FETCH")[1]), r"UID 5 FLAGS \(\\+Flagged\)", "the flag")
e = idle()
s.ctl("hide", "test.garden:2", "--reason", "test")
ok(e.wait(10 * SLOW), "and when a post is hidden")
is_(m.response("EXPUNGE")[1], [b"2"], "the number")
is_(m.uid("SEARCH", "ALL"), ("OK", [b"1 3 4 5"]), "what is left")
is_(m.uid("THREAD", "REFERENCES", "UTF-8", "ALL")[0], "OK", "THREAD")
is_(m.logout()[0], "BYE", "LOGOUT")
done()
