"""What the tests of forumctl share."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


def run(s, *args, stdin=b""):
    """(exit code, stdout, stderr)"""
    out = s.ctl(*args, stdin=stdin, check=False)
    return s.code, out, s.err


def yes(s, *args, stdin=b"", has=None):
    c, out, err = run(s, *args, stdin=stdin)
    name = "done: " + " ".join(args)[:90]
    if not ok(c == 0 and (has is None or re.search(has, out, re.S)), name):
        diag("exit", c, out[:1500], err[:800])
    return out


def no(s, *args, stdin=b"", has=".", code=1):
    c, out, err = run(s, *args, stdin=stdin)
    if not ok(c == code and re.search(has, err, re.S) is not None, "%s: %s" % ({1: "refused", 2: "usage", 3: "no daemon"}[code], " ".join(args)[:90])):
        diag("exit", c, "wanted", code, "out", out[:800], "err", err[:800], "wanted", has)
    return err


def usage(s, *args, stdin=b"", has="."):
    return no(s, *args, stdin=stdin, has=has, code=2)


def message(subject="Hello", text="A text.\n", mid=None, frm=None, more=""):
    return "%s%sSubject: %s\n%s\n%s" % ("From: %s\n" % frm if frm else "", "Message-ID: %s\n" % mid if mid else "", subject, more, text)


def healthy(s, name):
    c, out, err = run(s, "check")
    if not ok(c == 0 and ", 0 faults" in out, name + ": check finds no fault"):
        diag(c, out[-1500:], err)
