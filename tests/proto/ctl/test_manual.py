#!/usr/bin/env python3
"""The manual names what the programs have: every verb of `forumctl help`, every key of `forumctl config`."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *


def manual(name):
    """the page without macros' dots: [lines]"""
    with open(os.path.join(SRC, "doc", name)) as f:
        return f.read().split("\n")


s = Server()
items = [re.sub(r"\b(Cm|Ar|Fl|Oo|Oc|No) ?", "", l[4:]) for l in manual("forumctl.1") if l.startswith(".It ")]
verbs = [m.group(1) for m in re.finditer(r"^  ([a-z]+(?: [a-z]+)?)(?=  |$)", s.ctl("help"), re.M)]
ok(len(verbs) > 30, "help lists the verbs (%d)" % len(verbs))
for v in verbs:
    ok(any((i + " ").startswith(v + " ") for i in items), "forumctl.1 has %s" % v)

section, keys = "", {}
for l in manual("forumd.conf.5"):
    if l.startswith(".Ss "):
        section = "" if l == ".Ss Top level" else l[4:]
    m = re.match(r"\.It Ic (\w+)", l)
    if m:
        keys[(section + "." if section else "") + m.group(1)] = True
config = s.json("config")
ok(len(config) > 20, "config prints the keys (%d)" % len(config))
for k in config:
    name = k["key"] if "key" in k else k["name"]
    name = re.sub(r"^listen[ .][^.]*\.(?=\w+$)", "listen.", name)
    ok(name in keys, "forumd.conf.5 has %s" % name)
done()
