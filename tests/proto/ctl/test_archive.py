#!/usr/bin/env python3
"""The archive that `make dist` makes has everything: all files of the repository, and nothing that is made. What it would
take is looked at, not made: that takes minutes."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

p = subprocess.run(["git", "-C", SRC, "ls-files", "-z"], capture_output=True, text=True)
if p.returncode or not os.path.exists(os.path.join(BUILD, "Makefile")):
    skip_all("no repository here")
ours = set(f for f in p.stdout.split("\0") if f and os.path.exists(os.path.join(SRC, f)))
env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
p = subprocess.run(["make", "-s", "-C", BUILD, "--eval=listed:; @:$(info $(DISTFILES))", "-o", "Makefile", "listed"],
                   capture_output=True, text=True, env=env)
listed = [os.path.relpath(os.path.join(BUILD, f), SRC) if f.startswith("../") else f for f in p.stdout.split()]
listed = [f[len(SRC) + 1:] if f.startswith(SRC + "/") else f for f in listed]
ok(p.returncode == 0 and len(listed) > 100, "make says what it takes: %s" % p.stderr[-300:])
folders = tuple(f + "/" for f in listed if os.path.isdir(os.path.join(SRC, f)))
missing = sorted(f for f in ours - set(listed) - {".gitignore"} if not f.startswith(folders))
ok(not missing, "no file is missing: %s" % missing[:5])
# a folder that is taken whole is taken from where it is built too
made = [f for f in folders for d, _, files in os.walk(os.path.join(BUILD, f)) if files and BUILD != SRC]
ok(not made, "nothing is made in a folder that is taken whole: %s" % made[:5])
done()
