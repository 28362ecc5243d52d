"""What the client tests share: a small community with one threaded discussion, and real terminals (tmux)."""
import os, shlex, shutil, subprocess, sys, tempfile, time
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import forumtest
from forumtest import *

ROOT, ONE, TWO, THREE = ["<%s@thread.example>" % w for w in ("root", "one", "two", "three")]


def community(**kw):
    """test.garden with a thread: root (Alice) - one (Bob) - two (Alice), and three (Bob) below root; carol reads by mail"""
    s = Server(**kw)
    s.group("test.garden", "--title", "Garden talk")
    s.member("alice@example.org", "Alice Moor", "secret-a")
    s.member("bob@example.org", "Bob Fenn", "secret-b")
    s.member("carol@example.org", "Carol Reed", "secret-c")
    write(s, "alice", ROOT, "Where to plant the quince", [], "The yard is too dry.\r\nIdeas, please.\r\n")
    write(s, "bob", ONE, "Re: Where to plant the quince", [ROOT], "> The yard is too dry.\r\n\r\nBehind the shed then.\r\n")
    write(s, "alice", TWO, "Re: Where to plant the quince", [ROOT, ONE], "The shed throws shadow until noon.\r\n")
    write(s, "bob", THREE, "Re: Where to plant the quince", [ROOT], "Or in a tub, caf\u00e9 style.\r\n")
    return s


def private_group(s):
    """test.cellar: of the three only bob sees it, with one post of his"""
    s.group("test.cellar", "--title", "Down in the cellar", "--access", "private")
    s.ctl("member", "role", "bob@example.org", "member:test.cellar")
    write(s, "bob", "<cellar@thread.example>", "The jars", [], "Under the stairs.\r\n", "test.cellar")


def write(s, who, mid, subject, references, body, group="test.garden"):
    c = s.nntp(who + "@example.org", "secret-" + who[0])
    c.cmd("POST", "340")
    c.raw("Newsgroups: %s\r\nSubject: %s\r\nMessage-ID: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
          "Content-Transfer-Encoding: 8bit\r\n%s\r\n%s.\r\n"
          % (group, subject, mid, "References: %s\r\n" % " ".join(references) if references else "", body))
    c.expect("240")
    c.cmd("QUIT", "205")
    c.close()


def posts(s, group="test.garden"):
    """[(parsed header text, body text)] as Carol sees the group by IMAP"""
    i = s.imap("carol@example.org", "secret-c")
    i.run('EXAMINE "%s"' % group)
    out = []
    for l in i.run("FETCH 1:* (BODY.PEEK[])")[1]:
        if " FETCH " in l:
            text = l.split("\r\n", 1)[1][:-1]     # without the closing parenthesis
            head, _, body = text.partition("\r\n\r\n")
            out.append((head, body))
    i.close()
    return out


def post_with(s, word, seconds=15):
    """the (head, body) of the post whose body has the word, or None; waits"""
    def look():
        return next(((h, b) for h, b in posts(s) if word in b), None)
    return wait_for(look, seconds, 0.2)


class Mbsync:
    """mbsync for carol in a directory of its own; run() -> (exit code, what it said), files() -> paths of the messages"""

    def __init__(self, s, patterns, more=""):
        need("mbsync")
        try:
            socket.gethostbyname("localhost")       # the certificate's name; mbsync takes no numbers in certificates
        except OSError:
            skip_all("localhost has no address here")
        self.home = tempfile.mkdtemp(prefix="forumsync-")
        with open(self.home + "/rc", "w") as f:
            f.write("FSync no\n\nIMAPAccount forum\nHost localhost\nPort %d\nUser carol@example.org\nPass secret-c\nSSLType IMAPS\nCertificateFile %s/cert.pem\n\n"
                    "IMAPStore far\nAccount forum\n\nMaildirStore near\nPath %s/mail/\nInbox %s/inbox\nSubFolders Verbatim\n\n"
                    "Channel forum\nFar :far:\nNear :near:\nPatterns %s\nCreate Near\nSync All\nSyncState *\n%s"
                    % (s.port["imaps"], s.dir, self.home, self.home, patterns, more))
        os.makedirs(self.home + "/mail")

    def run(self):
        p = subprocess.run(["mbsync", "-c", self.home + "/rc", "-a"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=170,
                           env=dict(os.environ, HOME=self.home))
        return p.returncode, p.stdout.decode("utf-8", "replace")

    def files(self):
        return sorted(os.path.join(root, n) for root, _, names in os.walk(self.home + "/mail") if os.path.basename(root) in ("new", "cur") for n in names)


def alpine(home, folder, config, features=""):
    """alpine in a terminal, logged in as bob, with the folder open; its editor is home/editor"""
    need("alpine", "tmux")
    with open(home + "/.pinerc", "w") as f:
        f.write("personal-name=Bob Fenn\nuser-domain=example.org\ncustomized-hdrs=From: Bob Fenn <bob@example.org>\ndefault-fcc=\"\"\n"
                "feature-list=enable-alternate-editor-cmd,enable-alternate-editor-implicitly,no-enable-mouse-in-xterm,quell-folder-internal-msg%s\n"
                "editor=%s/editor\nsort-key=Thread\npassword-file=\nnew-version-threshold=99.99\nthreading-display-style=show-structure\n"
                "last-version-used=99.99\n%s" % (features, home, config))
    t = Screen(["alpine", "-p", home + "/.pinerc", "-f", folder], home=home)
    t.wait(r"ENTER PASSWORD:", "alpine asks for the password")
    t.type("secret-b")
    t.keys("Enter")
    t.wait(r"Preserve password")
    t.keys("n")
    t.wait(r"opened with 4 messages", "the group opens with four posts")
    t.keys("i")
    return t


def script(path, text):
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, 0o755)
    return path


def descendants(pid):
    """pids of a process and all below it, children first"""
    children = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                with open("/proc/%s/stat" % d) as f:
                    children.setdefault(f.read().rsplit(")", 1)[1].split()[1], []).append(d)
            except OSError:
                pass
    out = []
    todo = [pid] if pid.isdigit() else []
    while todo:
        p = todo.pop()
        out.insert(0, int(p))
        todo += children.get(p, [])
    return out


class Screen:
    """A program in a terminal of 110 x 40. Ends with the test."""

    def __init__(self, command, env=None, home=None):
        self.dir = tempfile.mkdtemp(prefix="forumterm-")
        self.socket = os.path.join(self.dir, "tmux")
        words = ["env", "-i", "PATH=" + os.environ["PATH"], "TERM=screen", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC",
                 "HOME=" + (home or self.dir)] + ["%s=%s" % kv for kv in (env or {}).items()]
        # a time limit of its own: nothing stays behind when the test is killed
        inner = " ".join(shlex.quote(w) for w in words + ["timeout", "--foreground", "300"] + command) + "; echo ENDED; sleep 20"
        forumtest._servers.append(self)
        clean = {k: v for k, v in os.environ.items() if k not in ("TMUX", "TMUX_PANE")}
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x", "110", "-y", "40", inner],
                       check=True, env=dict(clean, LC_ALL="C.UTF-8"))

    def tmux(self, *words):
        return subprocess.run(["tmux", "-S", self.socket] + list(words), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode("utf-8", "replace")

    def text(self):
        return self.tmux("capture-pane", "-p")

    def keys(self, *keys):
        """key names of tmux (Enter, Space, Down), or single characters"""
        self.tmux("send-keys", *keys)

    def type(self, text):
        self.tmux("send-keys", "-l", text)

    def wait(self, pattern, name=None, seconds=20):
        """the screen once it shows the pattern; a test when it has a name, else the test ends when it does not"""
        found = wait_for(lambda: re.search(pattern, self.text(), re.S), seconds, 0.05)
        if name:
            if not ok(bool(found), name):
                diag("wanted:", pattern)
                diag(self.text())
        elif not found:
            diag(self.text())
            raise AssertionError("the screen never showed " + pattern)
        return self.text()

    def stop(self):
        # some programs spin when their terminal is gone, and wave SIGHUP and SIGTERM off: they are ended by pid
        mine = descendants(self.tmux("display-message", "-p", "#{pane_pid}").strip())
        self.tmux("kill-server")
        for pid in mine:
            try:
                os.kill(pid, 9)
            except OSError:
                pass
