#!/usr/bin/env python3
"""CAPABILITIES is exact: in each state what it names is answered, and what it does not name is refused."""
from newslib import *

s = serve(extra='peer one { user = "bob@example.org" }\npeer two { user = "mod@example.org" stream = no }\n')
s.member("reader@example.org", "Reader", "secret9")
post(s.nntp(*ALICE), mid="<one@x.test>")


def caps(c):
    c.cmd("CAPABILITIES", "101")
    return {l.split()[0]: l.split()[1:] for l in c.text()}


def plain():
    return s.nntp()


def member():
    return s.nntp(*ALICE)


def stream_peer():
    return s.nntp(*BOB)


def ihave_peer():
    return s.nntp(*MOD)


def tls():
    return s.nntp(tls=True)


def started():
    c = s.nntp()
    c.cmd("STARTTLS", "382")
    c.starttls()
    return c


def deflated():
    c = s.nntp()
    c.cmd("COMPRESS DEFLATE", "206")
    Deflated(c)
    return c


def member_deflated():
    c = s.nntp(*ALICE)
    c.cmd("COMPRESS DEFLATE", "206")
    Deflated(c)
    return c


def member_tls():
    return s.nntp(ALICE[0], ALICE[1], tls=True)


def read_mode():
    c = s.nntp()
    c.cmd("MODE READER", "200")
    return c


# capability, command, code when it is named, codes when it is not
TRIES = [
    ("POST", "POST", "340", "480"), ("IHAVE", "IHAVE <new@x.test>", "335", "502"), ("STREAMING", "MODE STREAM", "203", "501"),
    ("STREAMING", "CHECK <new@x.test>", "238", "502"), ("STARTTLS", "STARTTLS", "382", "502"), ("COMPRESS", "COMPRESS DEFLATE", "206", "502"),
    ("AUTHINFO", "AUTHINFO USER x", "381", "502"), ("AUTHINFO", "AUTHINFO SASL SCRAM-SHA-256", "383", "502"), ("READER", "GROUP test.forum", "211", None),
    ("NEWNEWS", "NEWNEWS * 20200101 000000", "230", None), ("OVER", "OVER <one@x.test>", "224", "503"), ("HDR", "HDR Subject <one@x.test>", "225", None),
    ("XPAT", "XPAT Subject <one@x.test> *", "221", None),
]
ALL = {"VERSION", "IMPLEMENTATION", "READER", "POST", "IHAVE", "STREAMING", "NEWNEWS", "HDR", "OVER", "XPAT", "LIST", "AUTHINFO", "SASL", "STARTTLS", "COMPRESS"}
WANT = {plain: {"AUTHINFO", "SASL", "STARTTLS", "COMPRESS"}, read_mode: {"AUTHINFO", "SASL", "STARTTLS", "COMPRESS"}, member: {"POST", "COMPRESS"},
        stream_peer: {"POST", "IHAVE", "STREAMING", "COMPRESS"}, ihave_peer: {"POST", "IHAVE", "COMPRESS"}, tls: {"AUTHINFO", "SASL", "COMPRESS"},
        started: {"AUTHINFO", "SASL", "COMPRESS"}, deflated: set(), member_deflated: {"POST"}, member_tls: {"POST", "COMPRESS"}}
ALWAYS = {"VERSION", "IMPLEMENTATION", "READER", "NEWNEWS", "HDR", "OVER", "XPAT", "LIST"}
for state, extra in WANT.items():
    name = state.__name__.replace("_", " ")
    c = state()
    have = caps(c)
    is_(set(have), ALWAYS | extra, name + ": the capabilities")
    is_((have["VERSION"], have["OVER"]), (["2"], ["MSGID"]), name + ": their arguments")
    bad = []
    for cap, cmd, yes, no in TRIES:
        k = state()
        l = k.cmd(cmd)
        if l[:3] != (yes if cap in have else no):
            bad.append((cmd, l))
        k.close()
    for word in have["LIST"]:
        k = state()
        l = k.cmd("LIST " + word)
        if not l.startswith("215"):
            bad.append((word, l))
        k.close()
    for word in ("DISTRIB.PATS", "DISTRIBUTIONS", "MOTD"):
        l = c.cmd("LIST " + word)
        if not l.startswith("503"):
            bad.append((word, l))
    for mechanism in have.get("SASL", []):
        k = state()
        l = k.cmd("AUTHINFO SASL " + mechanism)
        if not l.startswith("383"):
            bad.append((mechanism, l))
        k.close()
    if not ok(not bad, name + ": each is true, the others are refused"):
        diag(bad)
    c.close()
for mechanism in ("CRAM-MD5", "LOGIN", "EXTERNAL", "SCRAM-SHA-1", "X"):
    s.nntp().cmd("AUTHINFO SASL " + mechanism, "503", mechanism + " is not offered, and not taken")
done()
