noinst_LIBRARIES += forumd/libmail.a
forumd_libmail_a_SOURCES = \
	forumd/mail/address.c forumd/mail/address.h \
	forumd/mail/arc.c forumd/mail/arc.h \
	forumd/mail/auth.c forumd/mail/auth.h forumd/mail/auth_results.c \
	forumd/mail/build.c forumd/mail/build.h \
	forumd/mail/date.c forumd/mail/date.h \
	forumd/mail/dkim.c forumd/mail/dkim.h forumd/mail/dkim_private.h \
	forumd/mail/dkim_verify.c forumd/mail/dkim_verify.h \
	forumd/mail/downgrade.c forumd/mail/downgrade.h \
	forumd/mail/dsn.c forumd/mail/dsn_report.c forumd/mail/dsn_report.h \
	forumd/mail/lint.c forumd/mail/lint.h forumd/mail/field.c forumd/mail/field.h \
	forumd/mail/charset.c \
	forumd/mail/flowed.c forumd/mail/flowed.h \
	forumd/mail/html.h \
	forumd/mail/html_text.c \
	forumd/mail/imap_text.c forumd/mail/imap_text.h \
	forumd/mail/inbound.c forumd/mail/inbound.h \
	forumd/mail/list_fields.c \
	forumd/mail/mime.h forumd/mail/mime_private.h \
	forumd/mail/mime_decode.c \
	forumd/mail/mime_head.c \
	forumd/mail/mime_part.c \
	forumd/mail/mime_scan.c \
	forumd/mail/msgid.c forumd/mail/msgid.h \
	forumd/mail/reply_body.c forumd/mail/reply_body.h \
	forumd/mail/sender.c forumd/mail/sender.h \
	forumd/mail/spf.c forumd/mail/spf.h forumd/mail/spf_macro.c forumd/mail/spf_private.h \
	forumd/mail/subject.c forumd/mail/subject.h \
	forumd/mail/text_part.c \
	forumd/mail/trim.c forumd/mail/trim.h forumd/mail/trim_private.h \
	forumd/mail/trim_html.c forumd/mail/trim_legal.c forumd/mail/trim_line.c forumd/mail/trim_parent.c forumd/mail/trim_words.c \
	forumd/mail/words.c forumd/mail/words.h
