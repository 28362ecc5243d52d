"""A private INN under a temporary directory: innd for peers, nnrpd for readers, on free ports. Needs the package inn2; nothing of
the machine's own news server is touched."""
import grp, os, pwd, shutil, socket, subprocess, sys, tempfile
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from forumtest import *

BIN = "/usr/lib/news/bin"
LIBRARY = {}
if not os.path.exists(BIN + "/innd") or os.environ.get("FORUMD_TEST_UNPACK"):
    # not installed, for it would bring a news server for the machine: unpacked for this test only
    import debpkg
    _root = debpkg.unpack("inn2", "inn2-inews", *debpkg.libraries("inn2"))
    BIN = _root + "/usr/lib/news/bin"
    LIBRARY = {"LD_LIBRARY_PATH": ":".join([_root + "/usr/lib/news"] + debpkg.library_path(_root)), "PERL5LIB": _root + "/usr/share/perl5"}
    # where the modules look for innconfval and shlock is written into them
    config = _root + "/usr/share/perl5/INN/Config.pm"
    text = open(config).read()
    open(config, "w").write(text.replace("'/usr/lib/news'", "'%s/usr/lib/news'" % _root).replace('"/usr/lib/news"', '"%s/usr/lib/news"' % _root))
    if not debpkg.runs(BIN + "/innd", dict(os.environ, **LIBRARY)):
        skip_all("libraries of inn2 are not here")


class Inn:
    def __init__(self, groups, feeds="", incoming="", extra="", etc={}):
        """feeds: more lines of newsfeeds; incoming: more of incoming.conf; extra: of inn.conf; etc: more files, by name"""
        self.dir = tempfile.mkdtemp(prefix="inntest-")
        at_end(shutil.rmtree, self.dir, True)
        self.port, self.reader = free_ports(2)
        root = os.geteuid() == 0
        self.user = "news" if root else pwd.getpwuid(os.geteuid()).pw_name
        try:
            me = pwd.getpwnam(self.user)
        except KeyError:
            skip_all("no user news")
        self.prefix = ["setpriv", "--reuid=%d" % me.pw_uid, "--regid=%d" % me.pw_gid, "--clear-groups"] if root else []
        d = self.dir
        for p in ("etc", "db", "log/OLD", "run", "tmp", "http", "filter", "spool/articles", "spool/overview", "spool/incoming/tmp", "spool/outgoing",
                  "spool/archive", "spool/innfeed"):
            os.makedirs(os.path.join(d, p))
        conf = dict(mta='"/bin/true %s"', organization='"test"', ovmethod="tradindexed", hismethod="hisv6", pathhost="inn.test", domain="inn.test",
                    fromhost="inn.test", complaints="abuse@inn.test", server="127.0.0.1", pathnews=os.path.dirname(BIN), mailcmd="/bin/true", runasuser=self.user, runasgroup=grp.getgrgid(me.pw_gid).gr_name,
                    artcutoff=0, bindaddress="127.0.0.1", port=self.port, nnrpdpostport=self.port, docancels="require-auth", enableoverview="true",
                    wireformat="true", allownewnews="true", doinnwatch="false", pgpverify="false", status=0, timer=0, rlimitnofile=-1,
                    pathdb=d + "/db", pathetc=d + "/etc", pathfilter=d + "/filter", pathhttp=d + "/http", pathlog=d + "/log", pathrun=d + "/run",
                    pathspool=d + "/spool", patharticles=d + "/spool/articles", pathoverview=d + "/spool/overview",
                    pathincoming=d + "/spool/incoming", pathoutgoing=d + "/spool/outgoing", patharchive=d + "/spool/archive", pathtmp=d + "/tmp")
        self.put("etc/inn.conf", "".join("%s: %s\n" % kv for kv in conf.items()) + extra)
        self.put("etc/storage.conf", "method tradspool {\n newsgroups: *\n class: 0\n}\n")
        self.put("etc/newsfeeds", "ME:!*::\n" + feeds)
        self.put("etc/incoming.conf", "streaming: true\nmax-connections: 50\n" + incoming)
        self.put("etc/expire.ctl", "/remember/:10\n*:A:never:never:never\n")
        self.put("etc/readers.conf", 'auth all {\n hosts: "*"\n default: "reader"\n}\naccess all {\n users: "*"\n newsgroups: "*"\n access: "RPAN"\n}\n')
        self.put("etc/inn-secrets.conf", 'cancels {\n canlockuser: "innsecret"\n canlockadmin: "innadmin"\n}\n')
        for f in ("moderators", "distrib.pats", "subscriptions", "control.ctl", "localgroups", "passwd.nntp", "nnrpd.track"):
            self.put("etc/" + f, "")
        for name, text in etc.items():
            self.put("etc/" + name, text)
        self.put("db/active", "control 0000000000 0000000001 n\ncontrol.cancel 0000000000 0000000001 n\njunk 0000000000 0000000001 n\n"
                 + "".join("%s 0000000000 0000000001 %s\n" % (g, "m" if "moderated" in g else "y") for g in groups))
        self.put("db/newsgroups", "".join("%s\tgroup %s\n" % (g, g) for g in groups))
        self.put("db/active.times", "".join("%s 1600000000 usenet\n" % g for g in groups))
        self.put("db/history", "")
        for f in ("/etc/news/innshellvars", "/etc/news/innshellvars.pl"):
            if os.path.exists(f):
                shutil.copy(f, d + "/etc/")
        if root:
            subprocess.run(["chown", "-R", "%d:%d" % (me.pw_uid, me.pw_gid), d], check=True)
        self.env = dict(os.environ, **LIBRARY, INNCONF=d + "/etc/inn.conf", PATH=BIN + ":" + os.environ.get("PATH", ""))
        self.run([BIN + "/makedbz", "-i", "-o"], cwd=d + "/db")
        for x in ("dir", "hash", "index"):
            if os.path.exists(d + "/db/history.n." + x):
                os.rename(d + "/db/history.n." + x, d + "/db/history." + x)
        self.procs = []
        self.start([BIN + "/innd", "-f", "-P", str(self.port)], self.port)
        self.start([BIN + "/nnrpd", "-D", "-f", "-b", "127.0.0.1", "-p", str(self.reader)], self.reader)

    def put(self, name, text):
        with open(os.path.join(self.dir, name), "w") as f:
            f.write(text)

    def run(self, args, check=True, **kw):
        """one of INN's programs: its output"""
        p = subprocess.run(self.prefix + args, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * SLOW, **kw)
        out = p.stdout.decode("utf-8", "replace")
        if check and p.returncode:
            raise AssertionError("%s: exit %d: %s" % (args, p.returncode, out))
        return out

    def start(self, args, port):
        log = open(os.path.join(self.dir, "out"), "ab")
        p = subprocess.Popen(self.prefix + args, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.dir)
        self.procs.append(p)
        at_end(self.stop)

        def up():
            if p.poll() is not None:
                raise AssertionError("%s: %s" % (args[0], open(os.path.join(self.dir, "out"), errors="replace").read()[-2000:]))
            try:
                socket.create_connection(("127.0.0.1", port), 5).close()
                return True
            except OSError:
                return False
        if not wait_for(up, 30):
            raise AssertionError("%s does not listen" % args[0])

    def nntp(self, peer=False):
        c = Conversation(self.port if peer else self.reader)
        c.expect("20")
        if not peer:
            c.cmd("MODE READER", "20")
        return c

    def post(self, group, subject, mid, headers="", body="Hello.\r\n"):
        c = self.nntp()
        c.cmd("POST", "340")
        c.raw("From: Ingrid <ingrid@inn.test>\r\nNewsgroups: %s\r\nSubject: %s\r\nMessage-ID: %s\r\n%s\r\n%s.\r\n" % (group, subject, mid, headers, body))
        l = c.line()
        c.close()
        return l

    def has(self, mid):
        c = self.nntp()
        l = c.cmd("STAT " + mid)
        c.close()
        return l.startswith("223")

    def stop(self):
        for p in reversed(self.procs):
            if p.poll() is None:
                p.terminate()
                try:
                    p.wait(15)
                except subprocess.TimeoutExpired:
                    p.kill()
                    p.wait()
        self.procs = []
