#!/usr/bin/env python3
"""The tests that CPython's own suite keeps for live servers (test.test_nntplib.NetworkedNNTPTestsMixin), pointed at forumd.

Distributions ship the suite apart from the interpreter (Debian: libpython3.11-testsuite), and Python 3.13 has no nntplib any
more: the first interpreter that has both runs it; FORUMD_CPYTHON names one."""
import glob
from community import *
from proxy import Proxy


def interpreter():
    all = [os.environ.get("FORUMD_CPYTHON"), sys.executable] + [shutil.which("python3.%d" % v) for v in (11, 12, 10, 9, 8)]
    home = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    all += sorted(glob.glob(home + "/versions/3.1[0-2]*/bin/python3"))
    for python in filter(None, all):
        look = "import warnings; warnings.simplefilter('ignore'); from test.test_nntplib import NetworkedNNTPTestsMixin"
        if not subprocess.run([python, "-c", look], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/").returncode:
            return python


python = interpreter()
if not python:
    skip_all("no python3 here has test.test_nntplib")
PROGRAM = r'''
import inspect, sys, unittest, warnings
warnings.simplefilter("ignore")
from test import support
from test.test_nntplib import NetworkedNNTPTestsMixin, NNTP
support.use_resources = ["network"]
PORT = int(sys.argv.pop(1))
class Forum(NNTP):
    def __init__(self, host, port=PORT, **kw):
        super().__init__(host, port, **kw)
class ForumTests(NetworkedNNTPTestsMixin, unittest.TestCase):
    NNTP_HOST, GROUP_NAME, GROUP_PAT, DESC, NNTP_CLASS = "127.0.0.1", "test.garden", "test.*", "Garden", Forum
    @classmethod
    def setUpClass(cls):
        cls.server = Forum(cls.NNTP_HOST, timeout=30, usenetrc=False)
    @classmethod
    def tearDownClass(cls):
        if cls.server is not None:
            cls.server.quit()
# two are switched off in the suite because of the public server it knows; here they run
for name in "test_over", "test_article_head_body":
    setattr(ForumTests, name, inspect.unwrap(getattr(NetworkedNNTPTestsMixin, name)))
unittest.main(verbosity=2)
'''
s = community()
for k in range(8):      # its range tests go back ten numbers from the last one
    write(s, "alice", "<more%d@thread.example>" % k, "Re: Where to plant the quince", [ROOT], "Or in yard %d.\r\n" % k)
p = Proxy(s, "cpython_mixin")
r = subprocess.run([python, "-c", PROGRAM, str(p.port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=150, cwd=s.dir)
out = r.stdout.decode("utf-8", "replace")
results = re.findall(r"(?m)^(test_\w+) \(.*\)(?: \.\.\.|\n.* \.\.\.) (.*)$", out)
for name, verdict in results:
    is_(verdict, "ok", name)
wanted = set("welcome help list list_active unknown_command newgroups description descriptions group date xover over xhdr article_head_body "
             "capabilities zlogin timeout with_statement zzquit".split())
is_(sorted(wanted - {n[5:] for n, _ in results}), [], "all of the mix-in's tests ran")
if not ok(r.returncode == 0, "and the suite is content"):
    diag(out)
p.peaceful("^XYZZY$")
done()
