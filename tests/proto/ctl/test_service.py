#!/usr/bin/env python3
"""The service: systemd takes the unit as it is made, finds it well shut in, and makes the account it runs as."""
import os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

if not shutil.which("systemd-analyze") or not shutil.which("systemd-sysusers"):
    skip_all("no systemd here")
tmp = tempfile.mkdtemp()
os.mkdir(os.path.join(tmp, "etc"))
with open(os.path.join(BUILD, "doc/systemd/forumd.service")) as f:
    made = f.read()
ok(not re.search(r"@[a-z]+@", made), "no placeholder is left")
ok(re.search(r"^ExecStart=/\S+/forumd -c /\S+/forumd\.conf$", made, re.M), "paths are absolute")

# systemd-analyze looks for the program: not installed yet, it is the one that was built
unit = os.path.join(tmp, "forumd.service")
with open(unit, "w") as f:
    f.write(re.sub(r"=/\S+/forumd ", "=%s " % os.path.join(BUILD, "forumd/forumd"), made))
p = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
complaints = [l for l in p.stderr.split("\n") if "forumd" in l]
ok(p.returncode == 0 and not complaints, "systemd-analyze verify: %s" % complaints)

# exposure, 0 to 10 (times ten here): the rest is the network and the port numbers, which it is for
p = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--threshold=25", unit], capture_output=True, text=True)
ok(p.returncode == 0, "systemd-analyze security: %s" % p.stdout.strip().split("\n")[-1])

with open(unit) as f:
    user = re.search(r"^User=(\S+)$", f.read(), re.M).group(1)
with open(os.path.join(SRC, "doc/systemd/forumd.conf")) as f:
    p = subprocess.run(["systemd-sysusers", "--root=" + tmp, "-"], stdin=f, capture_output=True, text=True)
try:
    with open(os.path.join(tmp, "etc/passwd")) as f:
        passwd = f.read()
except FileNotFoundError:
    passwd = ""
ok(passwd.startswith(user + ":"), "systemd-sysusers makes the account of the unit: %s" % p.stderr)
shutil.rmtree(tmp)
done()
