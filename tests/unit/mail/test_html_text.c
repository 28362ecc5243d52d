#include "forumd/mail/mime.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

static const struct { const char *in, *out; } pages[] = {
	{ "", "" },
	{ "hello", "hello\n" },
	{ "a\n  b\t c", "a b c\n" },
	{ "<p>one</p><p>two</p>", "one\n\ntwo\n" },
	{ "one<br>two<br/>three", "one\ntwo\nthree\n" },
	{ "a<br><br>b", "a\n\nb\n" },
	{ "<div>a</div><div>b</div>", "a\nb\n" },
	{ "<ul><li>a<li>b</ul>c", "* a\n* b\n\nc\n" },
	{ "<ol><li>a</li><li>b<ul><li>c</li></ul></li></ol>", "1. a\n2. b\n  * c\n" },
	{ "<a href=\"http://x.y/?a=1&amp;b=2\">link</a> z", "link <http://x.y/?a=1&b=2> z\n" },
	{ "<a href='http://x.y/'>http://x.y/</a>", "http://x.y/\n" },
	{ "<a href=mailto:a@b>a@b</a>", "a@b\n" },
	{ "<blockquote>quoted<br>lines<blockquote>deep</blockquote></blockquote>mine",
		"> quoted\n> lines\n>> deep\n\nmine\n" },
	{ "<pre>a  b\n c</pre>d", "a  b\n c\n\nd\n" },
	{ "<script>evil()</script><style>x{}</style>text", "text\n" },
	{ "a<!-- <p>no</p> -->b", "ab\n" },
	{ "a<!-- open", "a\n" },
	{ "1 < 2 && 3 > 2", "1 < 2 && 3 > 2\n" },
	{ "&lt;b&gt; &eacute; &#233; &#xe9; &nope; &#0;", "<b> é é é &nope; \xef\xbf\xbd\n" },
	{ "x<b y", "x\n" },
	{ "<img alt=\"a cat\" src=x>", "a cat\n" },
	{ "<td>a</td><td>b</td>", "a b\n" },
	{ "a<hr>b", "a\n---\nb\n" },
	{ "<p title=\"a>b\">t</p>", "t\n" },
	{ "<a href=\"javascript:x()\">no</a>", "no\n" },
};

int main(void) {
	struct buf b = { 0 }, big = { 0 };
	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		buf_reset(&b);
		mime_html_text(slice_str(pages[i].in), &b);
		is_slice(buf_slice(&b), slice_str(pages[i].out), "%s", pages[i].in);
	}
	static const char *const bombs[] = { "<", "<!--", "<blockquote>", "<a href=x>", "<a href=\"", "&", "&#", "<script>",
		"<p ", "<ul><li>", "<br>", "<a href href", "<!", "<div" };
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		buf_reset(&b), buf_reset(&big);
		while (buf_len(&big) < 1000000)
			buf_adds(&big, bombs[i]);
		int64_t t = work_ms();
		mime_html_text(buf_slice(&big), &b);
		ok(work_ms() - t < WORK_MS, "a megabyte of %s: %d ms", bombs[i], (int)(work_ms() - t));
		ok(buf_len(&b) < 20 * buf_len(&big), "and not much longer");
	}
	buf_free(&b), buf_free(&big);
	return done();
}
