"""Mail servers of the distribution for tests, as private instances: nothing of the system's own is read, started or stopped. One
that is not installed is unpacked into a temporary directory (packages of mail servers conflict with each other).

    r = unpack("opensmtpd")              a directory with the package in it, or None
    p = Postfix(main="relayhost = ...", services=["127.0.0.1:2525 inet n - n - - smtpd"])
"""
import os, pwd, shutil, socket, subprocess, tempfile
import debpkg
from forumtest import at_end, diag, skip_all, wait_for

_unpacked = {}


def unpack(package):
    """a directory with the package's files, or None"""
    if package not in _unpacked:
        _unpacked[package], why = debpkg.fetch(package)
        if why:
            diag(why)
    return _unpacked[package]


def account(*names):
    for n in names:
        try:
            pwd.getpwnam(n)
            return n
        except KeyError:
            pass
    return None


MASTER = """pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
MAIN = """compatibility_level = 3.6
queue_directory = %(d)s/queue
data_directory = %(d)s/data
maillog_file = %(d)s/log
maillog_file_prefixes = %(d)s
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_bind_address = 127.0.0.1
smtp_tls_security_level = none
lmtp_tls_security_level = none
default_transport = smtp
smtp_destination_concurrency_limit = 20
"""
PRIVATE = """command_directory = %(r)s/usr/sbin
daemon_directory = %(r)s/usr/lib/postfix/sbin
shlib_directory = %(r)s/usr/lib/postfix
meta_directory = %(r)s/etc/postfix
mail_owner = %(owner)s
setgid_group = %(group)s
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LD_LIBRARY_PATH
"""


class Postfix:
    """port: where smtpd listens. main: more of main.cf, after ours. Needs root."""

    def __init__(self, port, main="", services=()):
        self.port = port
        if os.getuid() != 0:
            skip_all("Postfix needs root to start")
        self.root = "" if shutil.which("postfix") and account("postfix") else unpack("postfix")
        if self.root is None:
            skip_all("Postfix is not installed and cannot be unpacked")
        owner = "postfix" if not self.root else account("games", "news", "man")
        if not owner:
            skip_all("no account for Postfix")
        self.daemons = (self.root or "") + ("/usr/lib/postfix/sbin" if os.path.isdir((self.root or "") + "/usr/lib/postfix/sbin") else "/usr/libexec/postfix")
        self.dir = tempfile.mkdtemp(prefix="pfx-")
        os.chmod(self.dir, 0o755)
        for sub in ["etc", "data", "queue"] + ["queue/" + q for q in "active bounce corrupt defer deferred flush hold incoming maildrop pid private public saved trace".split()]:
            os.mkdir(os.path.join(self.dir, sub))
        for sub in ["data"] + ["queue/" + q for q in "active bounce corrupt defer deferred flush hold incoming maildrop private public saved trace".split()]:
            shutil.chown(os.path.join(self.dir, sub), owner)
            os.chmod(os.path.join(self.dir, sub), 0o700)
        os.chmod(self.dir + "/queue/public", 0o755)
        text = MAIN % {"d": self.dir}
        if self.root:
            text += PRIVATE % {"r": self.root, "owner": owner, "group": "uucp"}
        with open(self.dir + "/etc/main.cf", "w") as f:
            f.write(text + main)
        with open(self.dir + "/etc/master.cf", "w") as f:
            f.write("127.0.0.1:%d inet n - n - - smtpd\n" % port + MASTER + "".join(l + "\n" for l in services))
        self.env = dict(os.environ)
        if self.root:
            self.env["LD_LIBRARY_PATH"] = self.root + "/usr/lib/postfix"
        self.proc = None
        at_end(self.end)

    def start(self):
        self.out = open(self.dir + "/out", "wb")
        self.proc = subprocess.Popen([self.daemons + "/master", "-c", self.dir + "/etc", "-d"], env=self.env, stdin=subprocess.DEVNULL,
                                     stdout=self.out, stderr=self.out, start_new_session=True)

        def up():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    s.settimeout(5)
                    return s.recv(3) == b"220"
            except OSError:
                return False
        if not wait_for(lambda: up() or self.proc.poll() is not None, 30) or self.proc.poll() is not None:
            diag(self.log()[-1500:], open(self.dir + "/out", errors="replace").read()[-800:])
            self.end()
            skip_all("this Postfix does not start with a configuration of its own")

    def log(self):
        try:
            return open(self.dir + "/log", errors="replace").read()
        except OSError:
            return ""

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()          # master ends its children
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()

    def end(self):
        self.stop()
        shutil.rmtree(self.dir, True)


SMTPD = """set -e
mount --make-rprivate /
mount -t tmpfs none /var/spool && mkdir -p /var/spool/smtpd && chmod 711 /var/spool/smtpd
mount -t tmpfs none /var/lib && mkdir -p /var/lib/opensmtpd/empty && chmod -R 755 /var/lib/opensmtpd
mount -t tmpfs none /run
mount -t tmpfs none /usr/libexec && mkdir -p /usr/libexec/opensmtpd && cp "$1"/usr/libexec/opensmtpd/* /usr/libexec/opensmtpd/
for f in passwd group; do cp /etc/$f "$2/$f"; done
grep -q ^opensmtpd: "$2/passwd" || { echo "opensmtpd:x:64001:64001::/var/lib/opensmtpd/empty:/usr/sbin/nologin"
	echo "opensmtpq:x:64002:64002::/var/lib/opensmtpd/empty:/usr/sbin/nologin"; } >>"$2/passwd"
grep -q ^opensmtpd: "$2/group" || { echo opensmtpd:x:64001:; echo opensmtpq:x:64002:; } >>"$2/group"
mount --bind "$2/passwd" /etc/passwd
mount --bind "$2/group" /etc/group
exec "$1/usr/sbin/smtpd" -d -v -f "$2/smtpd.conf"
"""


class OpenSMTPD:
    """Its folders and accounts are compiled in: it gets them in a mount namespace of its own. Needs root."""

    def __init__(self, port, conf):
        self.port = port
        if os.getuid() != 0 or subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode:
            skip_all("OpenSMTPD wants a mount namespace of its own, which cannot be made here")
        self.root = unpack("opensmtpd")
        if not self.root:
            skip_all("OpenSMTPD cannot be unpacked")
        self.dir = tempfile.mkdtemp(prefix="osmtpd-")
        os.chmod(self.dir, 0o755)
        with open(self.dir + "/smtpd.conf", "w") as f:
            f.write("listen on 127.0.0.1 port %d hostname mx.front.example\n%s" % (port, conf))
        os.chmod(self.dir + "/smtpd.conf", 0o600)
        self.proc = None
        at_end(self.end)

    def start(self):
        self.out = open(self.dir + "/log", "wb")
        self.proc = subprocess.Popen(["unshare", "-m", "sh", "-c", SMTPD, "smtpd", self.root, self.dir], stdin=subprocess.DEVNULL,
                                     stdout=self.out, stderr=self.out, start_new_session=True)

        def up():
            try:
                with socket.create_connection(("127.0.0.1", self.port), 5) as s:
                    s.settimeout(5)
                    return s.recv(3) == b"220"
            except OSError:
                return False
        if not wait_for(lambda: up() or self.proc.poll() is not None, 30) or self.proc.poll() is not None:
            diag(self.log()[-1500:])
            self.end()
            skip_all("this OpenSMTPD does not start")

    log = lambda self: open(self.dir + "/log", errors="replace").read() if os.path.exists(self.dir + "/log") else ""

    def end(self):
        if self.proc and self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        shutil.rmtree(self.dir, True)
