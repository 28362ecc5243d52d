#!/usr/bin/env python3
"""corpus.py N FILE: an mbox of N generated posts, the same for the same N: threads of uneven depth, some members who
write much, words with the redundancy of mail, a few long messages. No text of anybody."""
import itertools, os, random, sys

SYLLABLES = "ba ke li mo nu pra ster tion al en fi gor hel ind jor kal lem mer nor ost pel qui ros sal tur ul ven wil xan yor zen".split()
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def main(n, path):
    rnd = random.Random(5322)
    words = ["".join(rnd.choice(SYLLABLES) for _ in range(rnd.choice((1, 2, 2, 3)))) for _ in range(4000)]
    words += "the of and to in a is that it for you on with as this have are not but at by from they we".split() * 20
    weights = list(itertools.accumulate(1 / (i % 1000 + 3) for i in range(len(words))))
    people = ["%s %s" % (rnd.choice(words).title(), rnd.choice(words).title()) for _ in range(400)]
    last = []            # ids and subjects to answer to
    with open(path, "w", encoding="ascii") as f:
        for i in range(n):
            who = min(int(rnd.expovariate(0.02)), len(people) - 1)
            mid = "<c%d@corpus.example>" % i
            refs, subject = [], ""
            if last and rnd.random() < 0.8:
                refs, subject = last[-1 - min(int(rnd.expovariate(0.1)), len(last) - 1)]
            else:
                subject = " ".join(rnd.choices(words, cum_weights=weights, k=rnd.randint(2, 7)))
            minute = i * 3
            date = "%d %s %d %02d:%02d:00 +0000" % (minute // 1440 % 28 + 1, MONTHS[minute // 40320 % 12], 2010 + minute // 483840, minute // 60 % 24, minute % 60)
            f.write("From corpus@example.com Fri Jan  1 00:00:00 2010\nFrom: %s <p%d@people.example>\nSubject: %s%s\nMessage-ID: %s\nDate: %s\n" %
                    (people[who], who, "Re: " if refs else "", subject, mid, date))
            if refs:
                f.write("In-Reply-To: %s\nReferences: %s\n" % (refs[-1], "\n ".join(refs[:1] + refs[1:][-12:])))
            f.write("MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\nUser-Agent: corpus/1\n\n")
            size = 200 + int(rnd.lognormvariate(6.9, 0.8)) if rnd.random() > 0.005 else 60000
            out, line, total = [], "> " if refs else "", 0
            while total < size:
                w = rnd.choices(words, cum_weights=weights, k=12)
                for x in w:
                    if len(line) + len(x) > 70:
                        out.append(line)
                        total += len(line) + 1
                        line = "> " if refs and total < size // 4 else ""
                    line += x + " "
            f.write("\n".join(out) + "\n\n")
            last.append(((refs + [mid])[:1] + (refs + [mid])[1:][-12:], subject))
            if len(last) > 200:
                last.pop(0)


main(int(sys.argv[1]), sys.argv[2])

# corpus.py N FILE DIR: besides, the same posts as a news batch (DIR/corpus.rnews, DIR/groups.tsv: group, posts, octets)
# and as a maildir (DIR/maildir/forum.perf)
if len(sys.argv) > 3:
    n = size = 0
    for d in "cur", "new", "tmp":
        os.makedirs("%s/maildir/forum.perf/%s" % (sys.argv[3], d))
    with open(sys.argv[2], "rb") as f, open(sys.argv[3] + "/corpus.rnews", "wb") as out:
        for m in f.read().split(b"From corpus@example.com Fri Jan  1 00:00:00 2010\n")[1:]:
            m = b"Path: corpus.example!not-for-mail\nNewsgroups: forum.perf\n" + m[:-1]
            out.write(b"#! rnews %d\n" % len(m) + m)
            n += 1
            size += len(m)
            with open("%s/maildir/forum.perf/cur/%010d.M%d.corpus:2," % (sys.argv[3], 1500000000 + n, n), "wb") as one:
                one.write(m)
    with open(sys.argv[3] + "/groups.tsv", "w") as f:
        f.write("forum.perf\t%d\t%d\t%d\n" % (n, size, size))
