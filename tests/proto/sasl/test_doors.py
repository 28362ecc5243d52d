#!/usr/bin/env python3
"""The same exchanges at the three doors: what is offered, what logs in, what fails with which code."""
from sasllib import *


def good(s, door):
    n = door.name
    c = door.open(s)
    got, line = door.mechanisms(c)
    is_(got, ["SCRAM-SHA-256", "PLAIN"] + (["LOGIN"] if n == "submission" else []), n + ": offered without TLS, on this machine")
    if n == "nntp":
        is_(line, "AUTHINFO USER SASL", "nntp: AUTHINFO says SASL")
    for ir in True, False:
        c = door.open(s)
        x = Scram(*ALICE)
        yes, line = door.authenticate(c, "SCRAM-SHA-256", x, ir)
        ok(yes and x.verified, n + ": SCRAM-SHA-256, %s initial response; the server proves itself: %s" % ("with" if ir else "without", line))
        ok(door.who(c), n + ": logged in")
        is_(x.iterations, 10000, n + ": iterations")
        c = door.open(s)
        yes, line = door.authenticate(c, "plain", Fixed("\0alice@example.org\0secret"), ir)
        ok(yes and door.who(c), n + ": PLAIN, %s initial response: %s" % ("with" if ir else "without", line))
    c = door.open(s)
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram("Alice@EXAMPLE.org", "secret"))
    ok(yes, n + ": the name in capitals")
    c = door.open(s)
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE, header="n,a=alice@example.org,"))
    ok(yes, n + ": authzid equal to the name")
    c = door.open(s)
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE, header="y,,"))
    ok(yes, n + ": y, where no -PLUS is offered")
    if n == "submission":
        c = door.open(s)
        ok(door.authenticate(c, "LOGIN", Fixed("alice@example.org", "secret"))[0], "submission: LOGIN with the name at once")
        c = door.open(s)
        door.raw_start(c, "LOGIN")
        is_(door.read(c)[1], b64("Username:"), "submission: LOGIN asks for the name")
        door.answer(c, b"alice@example.org")
        is_(door.read(c)[1], b64("Password:"), "submission: and for the password")
        door.answer(c, b"secret")
        ok(door.read(c)[0] == "yes", "submission: LOGIN")


def codes(s, door):
    n, codes = door.name, door.codes

    def refused(what, code, c=None, rest=None, lines=()):
        c = c or door.open(s)
        door.raw_start(c, rest)
        r = door.read(c)
        for l in lines:
            if r[0] == "more":
                c.send(l)
                r = door.read(c)
        like(r[2], "^" + code, n + ": " + what)
        return c

    client_first = b64("n,,n=alice@example.org,r=abcdefgh")
    refused("no such mechanism", codes["mechanism"], rest="CRAM-MD5")
    refused("-PLUS without TLS", codes["mechanism"], rest="SCRAM-SHA-256-PLUS")
    refused("EXTERNAL without a certificate", codes["mechanism"], rest="EXTERNAL =")
    if n != "submission":
        refused("LOGIN is for mail clients", codes["mechanism"], rest="LOGIN")
    for mechanism in "PLAIN", "SCRAM-SHA-256":
        refused(mechanism + " no base64", codes["base64"], rest=mechanism + " !!!!")
        refused(mechanism + " no base64, later", codes["base64"], rest=mechanism, lines=["AAA"])
        refused(mechanism + " nonsense", codes["syntax"], rest=mechanism + " " + b64("nonsense"))
        refused(mechanism + " empty", codes["syntax"], rest=mechanism + " =")
        c = refused(mechanism + " cancelled", codes["cancel"], rest=mechanism, lines=["*"])
        ok(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))[0], n + ": and then a login")
    refused("PLAIN for somebody else", codes["other"], rest="PLAIN " + b64("bob@example.org\0alice@example.org\0secret"))
    refused("SCRAM for somebody else", codes["other"], rest="SCRAM-SHA-256 " + b64("n,a=bob@example.org,n=alice@example.org,r=abc"))
    refused("SCRAM cancelled after the challenge", codes["cancel"], rest="SCRAM-SHA-256 " + client_first, lines=["*"])
    refused("SCRAM no base64 after the challenge", codes["base64"], rest="SCRAM-SHA-256 " + client_first, lines=["=A=="])
    refused("SCRAM nonsense after the challenge", codes["syntax"], rest="SCRAM-SHA-256 " + client_first, lines=[b64("c=biws")])
    refused("PLAIN with a NUL too many", codes["syntax"], rest="PLAIN " + b64("\0alice@example.org\0secret\0"))
    refused("PLAIN with a name of 300 octets", codes["syntax"], rest="PLAIN", lines=[b64("\0" + "a" * 300 + "\0x")])
    # after the proof but before the end: not logged in
    if n != "nntp":
        c = door.open(s)
        x = Scram(*ALICE)
        door.start(c, "SCRAM-SHA-256", x.first())
        door.answer(c, x.respond(base64.b64decode(door.read(c)[1])))
        like(base64.b64decode(door.read(c)[1]).decode(), "^v=", n + ": the server's proof comes as a challenge")
        c.send("*")
        like(door.read(c)[2], "^" + codes["cancel"], n + ": cancelled there")
        ok(not door.who(c), n + ": nobody is logged in")
    c = door.open(s)
    door.raw_start(c, "PLAIN")
    door.read(c)
    c.raw("A" * 20000)
    ok(c.closed(), n + ": an endless line closes")
    c = door.open(s)
    for i in range(4):
        door.raw_start(c, "SCRAM-SHA-256 " + client_first)
        door.read(c)
        c.send("*")
        door.read(c)
    ok(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))[0], n + ": cancelled four times, then a login")
    ok(not door.authenticate(c, "PLAIN", Fixed("\0bob@example.org\0secret2"))[0], n + ": no second login")


def refusals(door):
    """wrong and unknown: the same words, the same course"""
    n = door.name
    s = serve()
    lines, salts = [], {}
    for user, password in (ALICE[0], "wrong"), ("nobody@example.org", "secret"), ("mute@example.org", ""), ("nobody@example.org", "x"):
        c = door.open(s)
        x = Scram(user, password)
        yes, line = door.authenticate(c, "SCRAM-SHA-256", x)
        lines.append((yes, line, x.iterations, len(x.salt), x.verified))
        salts.setdefault(user, []).append(x.salt)
    is_(lines, [lines[0]] * 4, n + ": wrong password, unknown name, no password at all: the same course")
    like(lines[0][1], "^" + door.codes["wrong"], n + ": refused")
    is_(lines[0][0], False, n + ": not logged in")
    ok(salts["nobody@example.org"][0] == salts["nobody@example.org"][1], n + ": an unknown name keeps its salt")
    ok(len(set(v[0] for v in salts.values())) == 3, n + ": each name has its own")
    c = door.open(s)
    yes, line = door.authenticate(c, "PLAIN", Fixed("\0alice@example.org\0wrong"))
    is_(line, lines[0][1], n + ": PLAIN says the same words")
    c = door.open(s)
    start = time.time()
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE, twist=lambda t: t.replace("r=", "r=x")))
    like(line, "^(%s|%s)" % (door.codes["wrong"], door.codes["syntax"]), n + ": another nonce in the last message")
    c = door.open(s)
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE, twist=lambda t: "c=eSws" + t[6:]))
    ok(not yes, n + ": another header in the last message: " + line)
    c = door.open(s)
    start = time.time()
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))
    ok(yes, n + ": the right password: " + line)
    ok(time.time() - start > 0.4, n + ": after so many failures from here it has to wait")
    s.stop()


def failures(door):
    s = serve(limits="login_failures = 2")
    c = door.open(s)
    door.authenticate(c, "SCRAM-SHA-256", Scram(ALICE[0], "wrong"))
    yes, line = door.authenticate(c, "SCRAM-SHA-256", Scram(ALICE[0], "wronger"))
    like(line, "^(421|%s)" % door.codes["wrong"], door.name + ": the last failure is answered")
    ok(c.closed(), door.name + ": closed after too many failures")
    s.stop()


def aborted():
    """nothing is left behind by what was given up (sanitizer builds tell at the end)"""
    s = serve()
    c = s.nntp()

    def rss():
        return int(re.search(r"VmRSS:\s+(\d+)", open("/proc/%d/status" % s.proc.pid).read()).group(1))

    def give_up(n):
        for i in range(n // 100):
            c.raw(("AUTHINFO SASL SCRAM-SHA-256 %s\r\n*\r\n" % b64("n,,n=alice@example.org,r=abcdefgh")) * 100)
            for k in range(100):
                c.expect("383")
                c.expect("481 cancelled")

    give_up(2000)
    before = rss()
    give_up(10000)
    grown = rss() - before
    if b"__asan_init" in open(find("forumd"), "rb").read():
        skip("memory of a sanitizer build")
    else:
        ok(grown < 2000, "10,000 exchanges given up: %d KiB more" % grown)
    door = DOORS[0]
    ok(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))[0], "and then a login")
    is_(s.stop(), 0, "the end")


aborted()
s = serve()
for door in DOORS:
    good(s, door)
for door in DOORS:
    codes(s, door)
s.ctl("member", "set", ALICE[0], "left=on")
for door in DOORS:
    c = door.open(s)
    like(door.authenticate(c, "SCRAM-SHA-256", Scram(*ALICE))[1], "^" + door.codes["wrong"], door.name + ": a member who left")
s.stop()
for door in DOORS:
    refusals(door)
    failures(door)
done()
