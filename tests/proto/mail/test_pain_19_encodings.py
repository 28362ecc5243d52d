#!/usr/bin/env python3
"""Pain 19: encodings. Raw 8-bit is taken as UTF-8, else as declared, else as guessed; nothing is dropped, the octets are kept;
what goes out is UTF-8 and RFC 2047; format=flowed and DelSp both ways."""
from maillib import *
import replies

f = Forum()
root = f.root()
f.s.ctl("member", "set", "bob@example.org", "receipts=off")
to = f.reply_to(f.copy(root, "bob"))
QUOTE = "\n\n> Which soil does it like?\n> And how much water?\n"


def send(body, charset=None, subject=b"Re: Quince", more=b"", declared=None):
    """raw octets; the Message-ID"""
    mid = "<%s@client.example>" % os.urandom(6).hex()
    ctype = b"Content-Type: text/plain; charset=%s%s\r\n" % (declared.encode(), more) if declared else b""
    raw = PASS.encode() + b"From: Bob Fenn <bob@example.org>\r\nTo: <x@y>\r\nSubject: " + subject + b"\r\nMessage-ID: " + mid.encode() + b"\r\n" + ctype + \
        b"\r\n" + (body.encode(charset) if isinstance(body, str) else body).replace(b"\n", b"\r\n")
    c = Smtp(f.s.port["lmtp"], hello="LHLO mx.front.example")
    like(c.mail("bob@example.org", to, raw), "^250 2.0.0 posted", "%s taken" % (declared or "undeclared %s" % charset))
    c.close()
    return mid, raw


texts = [("utf-8", "Löss – und Lehm"), ("cp1252", "Löss – und Lehm, würde ich sagen"), ("koi8-r", "Айва любит суглинок, и немного песка осенью"), ("cp1251", "Айва любит суглинок, и песок осенью"),
         ("shift_jis", "カリンは粘土質の土を好むと思います"), ("gb18030", "我想榅桲喜欢壤土，秋天再加一点沙子"), ("euc-kr", "모과는 양토를 좋아한다고 생각합니다. 물은 조금만")]
for charset, text in texts:
    mid, raw = send(text + QUOTE, charset, subject=("Re: " + text).encode(charset))
    is_(f.shown(mid), text, "undeclared %s is read" % charset)
    is_(str(f.copy(mid, "carol")["Subject"]), "Re: " + text, "and its raw subject goes out as RFC 2047")
    ok(all(ord(c) < 128 for c in f.copy(mid, "carol").as_bytes().split(b"\n\n")[0].decode("latin-1")), "in ASCII")
    stored = subprocess.run([find("forumctl"), "-c", f.s.conf, "show", mid, "--raw"], stdout=subprocess.PIPE).stdout
    ok(text.encode(charset) in stored, "the octets as they came are kept")
mid, raw = send("Айва" + QUOTE, "koi8-r", declared="koi8-r")
is_(f.shown(mid), "Айва", "declared is believed")
mid, raw = send("Айва любит суглинок" + QUOTE, "cp1251", declared="utf-8")
is_(f.shown(mid), "Айва любит суглинок", "UTF-8 that is none is guessed")
mid, raw = send("Löss" + QUOTE, "cp1252", declared="x-unknown-thing")
is_(f.shown(mid), "Löss", "an unknown charset too")
mid, raw = send(b"half a character \xe2\x82 and on" + QUOTE.encode(), declared="utf-8")
like(f.shown(mid), "^half a character .+ and on$", "broken text loses nothing but what is broken")
# encoded words: split characters, languages, nonsense
for subject, want in ((b"=?utf-8?B?UXXD?= =?utf-8?B?pG5jZQ==?=", "Quänce"), (b"=?ISO-8859-1*de?Q?Qu=E4nce?=", "Quänce"), (b"=?utf-8?X?abc?= x", "=?utf-8?X?abc?= x")):
    mid, raw = send("Text for %s.\n" % want, "utf-8", subject=subject)
    is_(f.s.json("show", mid)[0]["subject"], want, "subject " + want)
# a long subject: folded, whole
long = "Quitten und Mispeln, Äpfel und Birnen, " * 8
mid, raw = send("A long one.\n", "utf-8", subject=long.strip().encode())
is_(str(f.copy(mid, "carol")["Subject"]).replace("\n", ""), long.strip(), "a long subject is whole")

# flowed in: joined for the trimmer and the digest; and out again as flowed
para = "This paragraph was written in one piece by somebody whose program\nwraps it \nfor its way, and it shall be one paragraph again for everybody who reads it.\n".replace("\n", " \n", 1)
mid, raw = send(para + "\n> Which soil \n> does it like?\n", "utf-8", declared="utf-8", more=b"; format=flowed")
a = f.article(mid)
like(a["Content-Type"], r"format=.?flowed", "flowed text goes on as flowed")
lines = a.get_payload(decode=True).decode().replace("\r\n", "\n").split("\n")
ok(all(len(l) <= 78 for l in lines) and any(l.endswith(" ") for l in lines[:-1]), "in lines that flow")
is_("".join(l if l.endswith(" ") else l + "\n" for l in lines).strip(), para.replace(" \n", " ").strip(), "one paragraph")
like(f.copy(mid, "carol")["Content-Type"], r"format=.?flowed", "in the copies too")
mid, raw = send("長い段落で空白がな \nいもの。" + QUOTE, "utf-8", declared="utf-8", more=b"; format=flowed; delsp=yes")
is_(f.shown(mid), "長い段落で空白がないもの。", "DelSp: joined without a space")
html = "<p>" + "Words that make a long paragraph when HTML becomes text. " * 4 + "</p>"
got, mid = f.send("carol", "test.pub@forum.test", html, subject="HTML", content="MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n")
a = f.article(mid)
like(a["Content-Type"], r"text/plain.*format=.?flowed", "HTML made text flows")
ok(all(len(l) <= 78 for l in a.get_payload(decode=True).decode().split("\n")), "in short lines")
done()
