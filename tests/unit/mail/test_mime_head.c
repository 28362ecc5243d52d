/* Content-* fields: parameters in all the forms they come in. */
#include "forumd/mail/mime.h"
#include "tests/tap/tap.h"

static void check(const char *header, const char *want) {
	struct arena *a = arena_new();
	struct mime_table t;
	struct buf b = { 0 };
	mime_scan(a, slice_str(header), SLICE("--x\r\n\r\n--x--"), &t);
	const struct mime_part *p = &t.v[0];
	buf_addf(&b, "%.*s/%.*s", SLICE_ARG(p->type), SLICE_ARG(p->subtype));
	for (size_t i = 0; i < p->nparams; i++)
		buf_addf(&b, ";%.*s%s=%.*s", SLICE_ARG(p->params[i].name), p->params[i].extended ? "*" : "", SLICE_ARG(p->params[i].value));
	if (p->disposition.n)
		buf_addf(&b, "|%.*s", SLICE_ARG(p->disposition));
	for (size_t i = 0; i < p->ndisposition_params; i++)
		buf_addf(&b, ";%.*s%s=%.*s", SLICE_ARG(p->disposition_params[i].name),
			p->disposition_params[i].extended ? "*" : "", SLICE_ARG(p->disposition_params[i].value));
	buf_addf(&b, "|%.*s|%.*s", SLICE_ARG(p->encoding_name), SLICE_ARG(mime_file_name(p)));
	is_slice(buf_slice(&b), slice_str(want), "%s", header);
	buf_free(&b);
	arena_free(&a);
}

int main(void) {
	check("", "text/plain|7bit|");
	check("Content-Type: TEXT/HTML; Charset=\"UTF-8\"\r\n", "text/html;charset=UTF-8|7bit|");
	check("Content-type: text/plain; charset=us-ascii (a \\) comment)\r\n", "text/plain;charset=us-ascii|7bit|");
	check("Content-type: (c) text / (d) plain ; charset = x\r\n", "text/plain;charset=x|7bit|");
	check("Content-Type: text\r\n", "text/plain|7bit|");
	check("Content-Type: image/png; name*=utf-8''caf%C3%A9.png\r\n", "image/png;name*=café.png|7bit|café.png");
	check("Content-Type: image/png; name*0=\"one \"; name*1=two; name*2*=%20x\r\n",
		"image/png;name*=one two x|7bit|one two x");
	check("Content-Type: image/png; name*0*=iso-8859-1'fr'caf%E9; name*1*=%20%; name*2=.png\r\n",
		"image/png;name*=café %.png|7bit|café %.png");
	check("Content-Type: image/png; name*1=b; name*0=a; name*3=lost\r\n", "image/png;name=ab|7bit|ab");
	check("Content-Type: a/b; name*0*=utf-8''%E6%97; name*1*=%A5\r\n", "a/b;name*=日|7bit|日");
	check("Content-Type: a/b; name=plain; name*=utf-8''better\r\n", "a/b;name=plain;name*=better|7bit|better");
	check("Content-Type: a/b; name*=utf-8''better; x=y; name=plain; name*=utf-8''no\r\n", "a/b;name=plain;name*=better;x=y|7bit|better");
	check("Content-Type: a/b; name=plain; name*0=con; name*1=tinued\r\n", "a/b;name=continued|7bit|continued");
	check("Content-Type: a/b; name=first; name=second\r\n", "a/b;name=first|7bit|first");
	check("Content-Type: a/b; name=\"=?utf-8?q?caf=C3=A9?=\"\r\n", "a/b;name=café|7bit|café");
	check("Content-Type: a/b; name=\"caf\xe9\"\r\n", "a/b;name=café|7bit|café");
	check("Content-Type: a/b; name=\"a\\\"b\\\\c\"\r\n", "a/b;name=a\"b\\c|7bit|a\"b\\c");
	check("Content-Type: a/b; name=my file.pdf; x=y\r\n", "a/b;name=my file.pdf;x=y|7bit|my file.pdf");
	check("Content-Type: a/b; name=\"open\r\n", "a/b;name=open|7bit|open");
	check("Content-Type: a/b; name*=utf-8''a%0D%0Ab%00c\r\n", "a/b;name*=a  b c|7bit|a  b c");
	check("Content-Type: a/b;;; =x; ; y; c=d\r\n", "a/b;c=d|7bit|");
	check("Content-Type: a/b;\r\n name=\"x\r\n y\"\r\n", "a/b;name=x y|7bit|x y");
	check("Content-Type: a/b\r\nContent-Type: c/d\r\n", "a/b|7bit|");
	check("Content-Type: a/b; name=n\r\nContent-Disposition: ATTACHMENT;\r\n filename*0=\"f\"; filename*1=g; size=3\r\n"
		"Content-Transfer-Encoding: BASE64 (x)\r\n", "a/b;name=n|attachment;filename=fg;size=3|base64|fg");
	check("Content-Transfer-Encoding: \"weird\"\r\n", "text/plain|7bit|");
	return done();
}
