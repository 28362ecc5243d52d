#!/usr/bin/env python3
"""Pan under Xvfb: takes the headers of the group, shows a post, answers it with keys and clicks; its files and the wire tell."""
from community import *
from proxy import Proxy

need("pan", "Xvfb", "xdotool")
s = community()
p = Proxy(s, "pan")
home = tempfile.mkdtemp(prefix="forumpan-")
pan_home = home + "/.pan2"
os.mkdir(pan_home)
files = {
    "servers.xml": """<server-properties><server id="1"><host>127.0.0.1</host><port>%d</port><username>bob@example.org</username>
<password>secret-b</password><expire-articles-n-days-old>0</expire-articles-n-days-old><connection-limit>2</connection-limit>
<newsrc>%s/newsrc-1</newsrc><rank>1</rank><use-ssl>0</use-ssl><trust>0</trust><compression-type>0</compression-type></server></server-properties>
""" % (p.port, pan_home),
    "posting.xml": """<posting><profiles><profile name="bob"><username>Bob Fenn</username><address>bob@example.org</address>
<server>1</server></profile></profiles></posting>
""",
    "newsrc-1": "test.garden:\n",
}
for name, text in files.items():
    with open(os.path.join(pan_home, name), "w") as f:
        f.write(text)
started = []


def start(*command, **kw):
    """with a time limit of its own: nothing stays behind when the test is killed"""
    q = subprocess.Popen(["timeout", "-k", "5", "150"] + list(command), cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **kw)
    started.append(q)
    return q


class Started:
    """ends with the test, however that ends"""
    dir = home

    def stop(self):
        for q in reversed(started):
            if q.poll() is None:
                q.terminate()
                q.wait()


forumtest._servers.append(Started())
r, w = os.pipe()
start("Xvfb", "-displayfd", str(w), "-screen", "0", "1000x700x24", "-nolisten", "tcp", pass_fds=[w])
os.close(w)
import select
if not select.select([r], [], [], 20 * SLOW)[0]:
    forumtest.stop_all()
    skip_all("Xvfb does not start here")
display = ":" + os.read(r, 20).decode().strip()
env = {"HOME": home, "PAN_HOME": pan_home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC", "DISPLAY": display, "GDK_BACKEND": "x11"}
pan = start("pan", env=env)


def x(*words):
    return subprocess.run(["xdotool"] + [str(w) for w in words], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()


def windows(name):
    return x("search", "--onlyvisible", "--name", name).split()


def click(window, right, down):
    """a place in a window, relative to its left upper corner"""
    x("mousemove", "--window", window, right, down)
    time.sleep(0.2)
    x("click", 1)
    time.sleep(0.5)


def sent(pattern, seconds=10):
    return wait_for(lambda: any(re.search(pattern, c, re.I) for c in p.commands()), seconds, 0.1)


def tried(action, pattern, name):
    """windows take their time: up to three times, until the wire shows it"""
    ok(any((action(), sent(pattern, 5))[1] for _ in range(3)), name)


main = wait_for(lambda: windows("^Pan"), 30, 0.2)
if not main:
    raise AssertionError("Pan shows no window")
main = main[0]
time.sleep(1)


def open_group():
    click(main, 76, 153)        # test.garden among the subscribed groups
    x("key", "Return")
    time.sleep(2)
    click(main, 601, 423)       # Execute, in the window without a name that asks how many


tried(open_group, "^XOVER 1-4", "the group is opened: XOVER 1-4")
time.sleep(1)


def read_first():
    click(main, 380, 104)       # the only line: one thread
    x("key", "Return")


tried(read_first, "^ARTICLE 1$", "the thread's first post is asked for")
cache = os.path.join(pan_home, "article-cache", "root@thread.example.msg")
ok(wait_for(lambda: os.path.exists(cache), 10), "and stored")
if os.path.exists(cache):
    with open(cache, "rb") as f:
        like(f.read().replace(b"\r\n", b"\n"), r"\n\nThe yard is too dry\.\nIdeas, please\.\n$", "as it was written")


def composer():
    return windows("Post Article")


for _ in range(3):
    x("windowfocus", main)
    x("key", "f")
    if wait_for(composer, 5, 0.2):
        break
if not ok(bool(composer()), "f opens an answer"):
    raise AssertionError("no window to write in")
time.sleep(1)
c = composer()[0]
x("windowfocus", c)
click(c, 200, 380)
x("key", "ctrl+End")
x("type", "--delay", 20, "In the water butt.")
x("key", "Return")
x("type", "--delay", 20, ".dots")
time.sleep(0.5)
x("key", "ctrl+Return")
found = post_with(s, "In the water butt")
if ok(found, "it is posted, and there by IMAP"):
    like(found[0], r"(?m)^References: <root@thread\.example>\r?$", "with its reference")
    like(found[0], r"(?m)^From: Bob Fenn <[^@>]+@forum\.test>", "under the member's name, without the member's address")
    like(found[1], r"^> The yard is too dry\.\r\n> Ideas, please\.\r\n\r\nIn the water butt\.\r\n\.dots\r\n$", "quotation and dots as typed")
is_(p.posted(), ["240"], "240")
# it writes its files when it leaves
x("windowfocus", main)
x("key", "ctrl+q")
ok(wait_for(lambda: pan.poll() is not None, 15, 0.2), "^Q: Pan leaves")
headers = os.path.join(pan_home, "groups", "test.garden")
text = open(headers).read() if os.path.exists(headers) else ""
is_([m for m in (ROOT, ONE, TWO, THREE) if m in text], [ROOT, ONE, TWO, THREE], "Pan's own file of the group has the four posts")
p.peaceful()
done()
