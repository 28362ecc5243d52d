#!/usr/bin/env python3
"""Pain 20: HTML-only mail becomes readable text; a stub of plain text gives way to the HTML."""
from maillib import *

f = Forum()
to = f.reply_to(f.copy(f.root(), "bob"))
html = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
body = ("<html><body><div>Loam, <b>na\u00efve</b> as it sounds:</div><ul><li>one</li><li>two</li></ul><div id=\"appendonsend\"></div>"
        "<blockquote type=\"cite\">Which soil does it like?<br>And how much water?</blockquote></body></html>\n")
got, mid = f.send("bob", to, body, content=html)
like(got, "^250 2.0.0 posted", "an HTML-only reply")
m = f.article(mid)
is_(m.get_content_type(), "text/plain", "is published as text")
like(words(m), "Loam, .*na\u00efve.* as it sounds:", "its words")
like(words(m), r"[*-] one\n.*[*-] two", "its list")
ok("<" not in words(m), "no markup")
ok("Which soil" not in words(m), "without the quotation")
ok("<blockquote" in f.s.ctl("show", mid, "--raw"), "the original is kept")
got, mid = f.send("bob", "test.pub@forum.test", "<p>A new thread</p>\n", subject="New", content=html)
is_(f.article(mid).get_content().strip(), "A new thread", "a new thread too")

alt = "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n"
long = "<p>" + "Many words that were meant to be read. " * 12 + "</p>"
got, mid = f.send("bob", to, "--b\nContent-Type: text/plain\n\nThis is an HTML mail, please use another program.\n--b\nContent-Type: text/html\n\n%s\n--b--\n" % long, content=alt)
like(f.shown(mid), "^Many words", "a stub gives way to the HTML")
got, mid = f.send("bob", to, "--b\nContent-Type: text/plain\n\nYes.\n\n> And how much water?\n--b\nContent-Type: text/html\n\n<p>Yes.</p><blockquote>And how much water?</blockquote>\n--b--\n", content=alt)
is_((f.article(mid).get_content_type(), f.shown(mid)), ("text/plain", "Yes."), "alternatives become one text")
done()
