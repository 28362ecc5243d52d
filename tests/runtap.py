#!/usr/bin/env python3
"""runtap: run TAP programs, count their test points.

    runtap.py [-j JOBS] [-t SECONDS] [--logs DIR] [--label TEXT] [--totals FILE] PROGRAM...
    runtap.py --totals FILE --sum

A program is an executable, NAME.py (run with /usr/bin/python3) or NAME.sh (bash). Test points are counted from the
output. A program that dies, ends with a code other than 0 although its points held, breaks its plan, says "Bail out!"
or runs out of time counts as one more failed point. "exit:PROGRAM ARGS" is one point, judged by its exit code.
The counts are added to FILE (three numbers); --sum prints the one line of FILE and fails when something failed.
"""
import argparse, concurrent.futures, os, re, shlex, signal, subprocess, sys, time

POINT = re.compile(rb"^(not )?ok\b(?:\s+\d+)?((?:[^#\n\\]|\\.)*)(?:#\s*(skip|todo)\b(.*))?", re.I)
PLAN = re.compile(rb"^1\.\.(\d+)(?:\s*#\s*skip\b(.*))?", re.I)


def command(program):
    if program.startswith("exit:"):
        return shlex.split(program[5:])
    if program.endswith(".py"):
        return ["/usr/bin/python3", program]
    if program.endswith(".sh"):
        return ["bash", program]
    return [program if "/" in program else "./" + program]


def run(program, log, seconds):
    """exit code (None: out of time); the output is in the log"""
    with open(log, "wb") as f:
        # a session of its own: whatever the program started ends with it
        p = subprocess.Popen(command(program), stdin=subprocess.DEVNULL, stdout=f, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = p.wait(seconds)
        except subprocess.TimeoutExpired:
            code = None
        try:
            os.killpg(p.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        p.wait()
    return code


def judge(program, code, log):
    """(passed, failed, skipped, [lines to show])"""
    with open(log, "rb") as f:
        lines = f.read().split(b"\n")
    ended = "ran out of time" if code is None else "was killed by signal %d" % -code if code < 0 else "ended with exit code %d" % code
    if program.startswith("exit:"):
        return (1, 0, 0, []) if code == 0 else (0, 1, 0, ["    it " + ended])
    passed = failed = skipped = 0
    plan, bad = None, []
    for l in lines:
        m = PLAN.match(l)
        if m:
            plan = int(m.group(1))
            if plan == 0:
                skipped += 1
            continue
        if l.startswith(b"Bail out!"):
            failed += 1
            bad.append("    " + l.decode("utf-8", "replace"))
            continue
        m = POINT.match(l)
        if not m:
            continue
        if m.group(3):
            skipped += 1
        elif m.group(1):
            failed += 1
            bad.append("    " + l.decode("utf-8", "replace"))
        else:
            passed += 1
    points = passed + failed + skipped
    if code != 0 and (not failed or code is None or code < 0):
        failed += 1
        bad.append("    it " + ended)
    elif plan is None:
        if not failed:
            failed += 1
        bad.append("    it printed no plan and " + ended)
    elif plan and plan != points:
        failed += 1
        bad.append("    its plan says %d points, it made %d" % (plan, points))
    return passed, failed, skipped, bad


def totals(path):
    try:
        with open(path) as f:
            return [int(w) for w in f.read().split()]
    except FileNotFoundError:
        return [0, 0, 0]


def main():
    a = argparse.ArgumentParser(description="run TAP programs")
    a.add_argument("-j", type=int, default=1)
    a.add_argument("-t", type=float, default=120)
    a.add_argument("--logs", default="test-logs")
    a.add_argument("--label", default="")
    a.add_argument("--totals")
    a.add_argument("--sum", action="store_true")
    a.add_argument("programs", nargs="*")
    o = a.parse_args()
    if o.sum:
        n = totals(o.totals)
        print("%d passed, %d failed, %d skipped" % tuple(n))
        return 1 if n[1] or not n[0] else 0

    os.makedirs(o.logs, exist_ok=True)
    top = os.environ.get("top_srcdir", "")
    sums = [0, 0, 0]

    def one(program):
        name = program[5:].split()[0] if program.startswith("exit:") else program
        for base in (top, os.environ.get("top_builddir", "")):
            if base and name.startswith(base + "/"):
                name = name[len(base) + 1:]
        log = os.path.join(o.logs, name.strip("/.").replace("/", "_") + ".log")
        start = time.time()
        code = run(program, log, o.t)
        return name, log, code, time.time() - start, judge(program, code, log)

    with concurrent.futures.ThreadPoolExecutor(max(1, o.j)) as pool:
        for f in concurrent.futures.as_completed([pool.submit(one, p) for p in o.programs]):
            name, log, code, took, (p, b, s, bad) = f.result()
            for i, n in enumerate((p, b, s)):
                sums[i] += n
            print("%s %-48s %4d ok%s%s  %.1f s" % ("FAIL" if b else "  ok", (o.label + " " + name).strip(), p,
                  ", %d failed" % b if b else "", ", %d skipped" % s if s else "", took), flush=True)
            if b:
                print("\n".join(bad[:40]))
                with open(log, "rb") as t:
                    tail = t.read()[-4000:].decode("utf-8", "replace").split("\n")[-30:]
                print("    the end of %s:" % log)
                print("\n".join("    | " + l for l in tail), flush=True)
    if o.totals:
        n = totals(o.totals)
        with open(o.totals, "w") as f:
            f.write("%d %d %d\n" % tuple(x + y for x, y in zip(n, sums)))
    return 1 if sums[1] else 0


sys.exit(main())
