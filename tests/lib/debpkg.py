"""Packages that cannot be installed beside others (inn2, leafnode), unpacked under a temporary directory for one test."""
import glob, os, shutil, subprocess, tempfile
from forumtest import *


def fetch(*packages):
    """(the directory they were unpacked under, None), or (None, why not); gone when the test ends"""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return None, "no apt-get here"
    d = tempfile.mkdtemp(prefix="debpkg-")
    at_end(shutil.rmtree, d, True)
    os.chmod(d, 0o755)
    p = subprocess.run(["apt-get", "-o", "APT::Sandbox::User=root", "download"] + list(packages), cwd=d, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120 * SLOW)
    if p.returncode:
        why = p.stdout.decode("utf-8", "replace").strip()[-200:].replace("\n", " ")
        return None, "%s cannot be downloaded: %s" % (" ".join(packages), why)
    root = os.path.join(d, "root")
    for deb in glob.glob(d + "/*.deb"):
        subprocess.run(["dpkg-deb", "-x", deb, root], check=True)
    return root, None


def unpack(*packages):
    """the directory they were unpacked under; skips the test when the distribution does not give them"""
    root, why = fetch(*packages)
    if not root:
        skip_all(why)
    return root


def libraries(package):
    """libraries it depends on that are not installed"""
    out = subprocess.run(["apt-cache", "depends", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    names = [n for n in re.findall(r"Depends: (lib[a-z0-9.+-]+)$", out, re.M) if n != "libc6"]
    return [n for n in names if subprocess.run(["dpkg-query", "-W", n], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode]


def library_path(root):
    """directories below root that hold shared libraries"""
    return sorted({os.path.dirname(f) for p in ("lib", "usr/lib") for f in glob.glob("%s/%s/**/*.so*" % (root, p), recursive=True)})


def runs(program, env=None):
    """are all its libraries there?"""
    out = subprocess.run(["ldd", program], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()
    return "not found" not in out
