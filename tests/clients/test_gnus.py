#!/usr/bin/env python3
"""Gnus without a screen (emacs --batch): the group, the summary as a tree, an article, a follow-up, a cancel, a private group."""
from community import *
from proxy import Proxy

need("emacs")
if subprocess.run(["emacs", "--batch", "-Q", "--eval", "(require 'nntp)"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
    skip_all("this emacs has no Gnus")
s = community()
private_group(s)
p = Proxy(s, "gnus")
home = tempfile.mkdtemp(prefix="forumgnus-")
with open(home + "/.authinfo", "w") as f:
    f.write("machine 127.0.0.1 login bob@example.org password secret-b force yes\n")
os.chmod(home + "/.authinfo", 0o600)
with open(home + "/init.el", "w") as f:
    f.write(r'''
(setq user-full-name "Bob Fenn" user-mail-address "bob@example.org" mail-host-address "example.org"
      gnus-home-directory "@HOME@/" gnus-directory "@HOME@/News/" message-directory "@HOME@/Mail/" gnus-init-file nil
      gnus-startup-file "@HOME@/newsrc" gnus-read-active-file t gnus-save-newsrc-file t gnus-interactive-exit nil gnus-novice-user nil
      auth-sources '("@HOME@/.authinfo") nntp-authinfo-file "@HOME@/.authinfo"
      gnus-select-method '(nntp "forum" (nntp-address "127.0.0.1") (nntp-port-number @PORT@) (nntp-open-connection-function nntp-open-plain-stream))
      gnus-fetch-old-headers nil gnus-show-threads t gnus-build-sparse-threads nil gnus-thread-sort-functions '(gnus-thread-sort-by-number)
      gnus-summary-line-format "%4i %(%-12,12n%) %s\n" gnus-summary-make-false-root 'none gnus-large-newsgroup nil gnus-agent nil gnus-asynchronous nil
      gnus-use-article-prefetch nil gnus-article-mode-line-format "" message-signature nil message-confirm-send nil
      message-send-news-function 'message-send-news message-insert-canlock t message-shoot-gnksa-feet '(canlock-verify) canlock-password "hidden hoe" canlock-password-for-verify "hidden hoe" message-generate-headers-first nil
      gnus-gcc-mark-as-read nil gnus-message-highlight-citation nil gnus-message-archive-group nil message-syntax-checks 'dont-check-for-anything-just-trust-me)
(require 'gnus) (require 'gnus-sum) (require 'gnus-art) (require 'message) (require 'gnus-msg)
(defun tell (what text) (princ (format "@%s@ %S\n" what text)))
(fset 'y-or-n-p (lambda (&rest _) t)) (fset 'yes-or-no-p (lambda (&rest _) t))
(defun text-of (buffer) (with-current-buffer buffer (buffer-substring-no-properties (point-min) (point-max))))
(gnus-no-server-1 nil) (gnus-group-get-new-news)
(defun open-group (name) (set-buffer gnus-group-buffer) (gnus-group-unsubscribe-group name 3 t) (gnus-group-read-group t t name) (set-buffer (format "*Summary %s*" name)))
(open-group "test.garden")
(tell "summary" (text-of (current-buffer)))
(tell "tree" (mapcar (lambda (d) (list (mail-header-number (gnus-data-header d)) (gnus-data-level d) (mail-header-subject (gnus-data-header d)))) gnus-newsgroup-data))
(gnus-summary-goto-article 3)
(tell "article" (text-of gnus-article-buffer))
(gnus-summary-goto-article 2)
(gnus-summary-refer-parent-article 1)
(tell "parent" (text-of gnus-article-buffer))
(gnus-summary-goto-article 3)
(gnus-summary-followup nil)
(goto-char (point-max))
(insert "Against the hen house.\n.\n.two\n")
(message-send-and-exit)
(defun last-of-group () (open-group "test.garden") (gnus-summary-rescan-group) (goto-char (point-max)) (forward-line -1)
  (gnus-summary-goto-article (apply 'max (mapcar 'gnus-data-number gnus-newsgroup-data))))
(last-of-group)
(tell "mine" (text-of gnus-original-article-buffer))
(gnus-summary-supersede-article)
(goto-char (point-max))
(insert "No: against the barn.\n")
(message-send-and-exit)
(last-of-group)
(tell "newer" (text-of gnus-article-buffer))
(gnus-summary-cancel-article 1)
(set-buffer "*Summary test.garden*")
(gnus-summary-exit)
(open-group "test.cellar")
(gnus-summary-goto-article 1)
(tell "cellar" (text-of gnus-article-buffer))
(gnus-summary-exit)
(gnus-save-newsrc-file t)
(gnus-group-exit)
'''.replace("@HOME@", home).replace("@PORT@", str(p.port)))
r = subprocess.run(["emacs", "--batch", "-Q", "-l", home + "/init.el"], cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   timeout=120, env={"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"})
out = r.stdout.decode("utf-8", "replace")
told = dict(re.findall(r"(?m)^@(\w+)@ (.*?)(?=^@\w+@ |\Z)", out.replace("\\n", "\n"), re.S))


def shown(what, pattern, name):
    like(told.get(what, "(nothing)"), pattern, name)


if not ok(r.returncode == 0, "the session comes to its end"):
    diag(out[-3000:])
shown("summary", r"Alice Moor   Where to plant the quince\n.*Bob Fenn.*\n.*Alice Moor.*\n.*Bob Fenn", "the summary: four posts, authors by name")
shown("tree", r'\(1 0 "Where.*\(2 1 "Re.*\(3 2 "Re.*\(4 1 "Re', "as a tree: 2 below 1, 3 below 2, 4 below 1")
shown("article", r"From: Alice Moor.*\n\nThe shed throws shadow until noon\.", "an article")
shown("parent", r"\n\nThe yard is too dry\.\nIdeas, please\.", "from 2 up to its parent")
shown("mine", r"References: <root@thread\.example> <one@thread\.example> <two@thread\.example>\n.*\n\nAgainst the hen house\.\n\.\n\.two\n",
      "the follow-up comes back: references, dots as typed")
shown("newer", r"Against the hen house\.\n\.\n\.two\nNo: against the barn\.", "what supersedes it is there")
shown("cellar", r"\n\nUnder the stairs\.", "the private group is read after the login")
is_(p.posted(3), ["240"] * 3, "follow-up, supersede and cancel: 240 each")
mids = [re.search(r"(?m)^Message-ID: (\S+)", "\n".join(t)).group(1) for c, _, t in p.exchanges() if c == "(article)"]
like(p.article(), r"(?m)^Control: cancel " + re.escape(mids[1]) + "$", "the last one is a cancel")
tree = {q["message_id"]: q for q in s.json("thread", ROOT)}
is_(tree.get(mids[0], {"parent": tree[TWO]["id"]})["parent"], tree[TWO]["id"], "the follow-up stood below what it answers")
n = s.nntp()
n.cmd("STAT " + mids[0], "430", "the superseded post is gone")
n.cmd("STAT " + mids[1], "430", "the cancelled post is gone")
is_([a[:3] for a in p.answers("^QUIT")], ["205"], "Gnus says good-bye")
p.peaceful()

# STARTTLS is what Gnus does by itself when the server offers it; this certificate is nobody's
with open(home + "/tls.el", "w") as f:
    f.write(r"""
(setq nntp-authinfo-file "@HOME@/.authinfo" auth-sources '("@HOME@/.authinfo") network-security-level 'low gnutls-verify-error nil nsm-settings-file "@HOME@/nsm")
(require 'nntp) (require 'nsm)
(fset 'nsm-verify-connection (lambda (process &rest _) process))
(nntp-open-server "127.0.0.1" '((nntp-port-number @PORT@) (nntp-open-connection-function nntp-open-network-stream)))
(princ (format "tls: %S\n" (and (gnutls-available-p) (plist-get (gnutls-peer-status (get-buffer-process (nntp-find-connection-buffer nntp-server-buffer))) :protocol))))
(nntp-request-article 1 "test.cellar" "127.0.0.1" (get-buffer-create "a"))
(princ (with-current-buffer "a" (buffer-string)))
""".replace("@HOME@", home).replace("@PORT@", str(s.port["nntp"])))
r = subprocess.run(["emacs", "--batch", "-Q", "-l", home + "/tls.el"], cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   timeout=60, env={"HOME": home, "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"})
like(r.stdout, r'tls: "TLS1\.\d".*Under the stairs\.', "with STARTTLS, as Gnus does by itself")
shutil.rmtree(home, ignore_errors=True)
done()
