"""The SPF conformance suite for RFC 7208 (openspf.org, as the package python3-spf brings it) against forumd/mail/spf.c."""
import gzip, os, sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from forumtest import *

SUITE = "/usr/share/doc/python3-spf/rfc7208-tests.yml.gz"
RUN = os.path.join(BUILD, "tests", "unit", "mail", "spf_run")
try:
    import yaml
except ImportError:
    skip_all("python3-yaml is not installed")
if not os.path.exists(SUITE):
    skip_all("python3-spf with its documentation is not installed")
if not os.path.exists(RUN):
    skip_all("spf_run is not built")
TYPES = "A", "AAAA", "MX", "PTR", "TXT"


def records(zone, name, seen=()):
    """[(type, bytes)] of one name; SPF counts as TXT where there is no TXT, CNAMEs are followed"""
    out, spf, txt, fails = [], [], False, False
    for r in zone.get(name, []):
        if r == "TIMEOUT":
            fails = True
            continue
        for t, v in r.items():
            if v == "TIMEOUT":
                out.append((t, b"!"))
                continue
            if t == "CNAME":
                out += records(zone, v.lower().rstrip("."), seen + (name,)) if v.lower().rstrip(".") not in seen and len(seen) < 8 else []
                continue
            if t == "MX":
                v = v[1]
            if isinstance(v, list):
                v = "".join(v)
            v = v if isinstance(v, bytes) else str(v).encode("utf-8", "surrogateescape")
            if t in ("MX", "PTR"):
                v = v.rstrip(b".")
            if t == "SPF":
                spf.append(("TXT", v))
            elif t == "TXT" and v == b"NONE":
                txt = True
            else:
                txt = txt or t == "TXT"
                out.append((t, v))
    out += [] if txt else spf
    if fails:
        out += [(t, b"!") for t in TYPES if t not in [o[0] for o in out]]
    return out


n = 0
for part in yaml.safe_load_all(gzip.open(SUITE, "rt", encoding="utf-8")):
    zone = {k.lower().rstrip("."): v for k, v in part["zonedata"].items()}
    lines = "".join("%s %s %s\n" % (name.encode().hex(), t, v.hex()) for name in zone for t, v in records(zone, name))
    for name, t in part["tests"].items():
        want = t["result"] if isinstance(t["result"], list) else [t["result"]]
        p = subprocess.run([RUN, str(t["host"]), t["helo"] or "", t["mailfrom"] or ""], input=lines.encode(), capture_output=True)
        n += 1
        if not ok(p.stdout.decode().strip() in want, "%s: %s" % (part["description"], name)):
            diag("got %s %s, want %s" % (p.stdout, p.stderr[-300:], want), t.get("spec"), t["mailfrom"], t["host"])
ok(n > 150, "%d cases" % n)
done()
