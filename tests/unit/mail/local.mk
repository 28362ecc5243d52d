mail_tests = \
	tests/unit/mail/test_address \
	tests/unit/mail/test_build \
	tests/unit/mail/test_date \
	tests/unit/mail/test_dkim \
	tests/unit/mail/test_field \
	tests/unit/mail/test_fixtures \
	tests/unit/mail/test_golden \
	tests/unit/mail/test_flowed \
	tests/unit/mail/test_html_text \
	tests/unit/mail/test_imap_text \
	tests/unit/mail/test_inbound \
	tests/unit/mail/test_lint \
	tests/unit/mail/test_mime_decode \
	tests/unit/mail/test_mime_head \
	tests/unit/mail/test_mime_part \
	tests/unit/mail/test_mime_scan \
	tests/unit/mail/test_msgid \
	tests/unit/mail/test_sender \
	tests/unit/mail/test_downgrade \
	tests/unit/mail/test_subject \
	tests/unit/mail/test_trim \
	tests/unit/mail/test_words
check_PROGRAMS += $(mail_tests)
TESTS += $(mail_tests)
tests_unit_mail_test_address_SOURCES = tests/unit/mail/test_address.c tests/unit/mail/work.h
tests_unit_mail_test_address_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_build_SOURCES = tests/unit/mail/test_build.c tests/unit/mail/work.h
tests_unit_mail_test_build_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_date_SOURCES = tests/unit/mail/test_date.c tests/unit/mail/work.h
tests_unit_mail_test_date_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_dkim_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_field_SOURCES = tests/unit/mail/test_field.c tests/unit/mail/work.h
tests_unit_mail_test_field_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_fixtures_SOURCES = tests/unit/mail/test_fixtures.c tests/unit/mail/work.h
tests_unit_mail_test_fixtures_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_golden_SOURCES = tests/unit/mail/test_golden.c tests/unit/mail/work.h
tests_unit_mail_test_golden_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_flowed_SOURCES = tests/unit/mail/test_flowed.c
tests_unit_mail_test_flowed_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_html_text_SOURCES = tests/unit/mail/test_html_text.c tests/unit/mail/work.h
tests_unit_mail_test_html_text_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_imap_text_SOURCES = tests/unit/mail/test_imap_text.c tests/unit/mail/work.h
tests_unit_mail_test_imap_text_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_inbound_SOURCES = tests/unit/mail/test_inbound.c tests/unit/mail/work.h
tests_unit_mail_test_inbound_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_mime_decode_SOURCES = tests/unit/mail/test_mime_decode.c tests/unit/mail/work.h
tests_unit_mail_test_mime_decode_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_mime_head_SOURCES = tests/unit/mail/test_mime_head.c tests/unit/mail/work.h
tests_unit_mail_test_mime_head_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_mime_part_SOURCES = tests/unit/mail/test_mime_part.c tests/unit/mail/work.h
tests_unit_mail_test_mime_part_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_mime_scan_SOURCES = tests/unit/mail/test_mime_scan.c tests/unit/mail/work.h
tests_unit_mail_test_mime_scan_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_msgid_SOURCES = tests/unit/mail/test_msgid.c tests/unit/mail/work.h
tests_unit_mail_test_msgid_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_lint_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_downgrade_SOURCES = tests/unit/mail/test_downgrade.c tests/unit/mail/work.h
tests_unit_mail_test_downgrade_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_subject_SOURCES = tests/unit/mail/test_subject.c tests/unit/mail/work.h
tests_unit_mail_test_subject_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_trim_SOURCES = tests/unit/mail/test_trim.c tests/unit/mail/work.h
tests_unit_mail_test_trim_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
tests_unit_mail_test_words_SOURCES = tests/unit/mail/test_words.c tests/unit/mail/work.h
tests_unit_mail_test_words_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
EXTRA_DIST += \
	tests/golden/mime/alternative.eml tests/golden/mime/alternative.parts \
	tests/golden/mime/digest.eml tests/golden/mime/digest.parts \
	tests/golden/mime/eightbit.eml tests/golden/mime/eightbit.parts \
	tests/golden/mime/flowed.eml tests/golden/mime/flowed.parts \
	tests/golden/mime/forward.eml tests/golden/mime/forward.parts \
	tests/golden/mime/plain.eml tests/golden/mime/plain.parts \
	tests/golden/mime/prefix-boundaries.eml tests/golden/mime/prefix-boundaries.parts \
	tests/golden/mime/related-html.eml tests/golden/mime/related-html.parts \
	tests/golden/mime/rfc2231.eml tests/golden/mime/rfc2231.parts \
	tests/golden/mime/unterminated.eml tests/golden/mime/unterminated.parts
EXTRA_DIST += \
	tests/corpora/replies/apple-mail-picture-between.eml tests/corpora/replies/apple-mail-picture-between.txt \
	tests/corpora/replies/forwarded-without-subject.eml tests/corpora/replies/forwarded-without-subject.txt \
	tests/corpora/replies/gmail-ar.eml tests/corpora/replies/gmail-ar.txt \
	tests/corpora/replies/gmail-fa.eml tests/corpora/replies/gmail-fa.txt \
	tests/corpora/replies/gmail-he.eml tests/corpora/replies/gmail-he.txt \
	tests/corpora/replies/gmail-ko.eml tests/corpora/replies/gmail-ko.txt \
	tests/corpora/replies/gmail-zh.eml tests/corpora/replies/gmail-zh.txt \
	tests/corpora/replies/interleaved-with-greeting.eml tests/corpora/replies/interleaved-with-greeting.txt \
	tests/corpora/replies/introduction-wrapped-before-its-bracket.eml tests/corpora/replies/introduction-wrapped-before-its-bracket.txt \
	tests/corpora/replies/iphone-ar.eml tests/corpora/replies/iphone-ar.txt \
	tests/corpora/replies/iphone-picture-first.eml tests/corpora/replies/iphone-picture-first.txt \
	tests/corpora/replies/k9-below.eml tests/corpora/replies/k9-below.txt \
	tests/corpora/replies/long-dashes-above-a-signature.eml tests/corpora/replies/long-dashes-above-a-signature.txt \
	tests/corpora/replies/mailman-footer-in-a-part.eml tests/corpora/replies/mailman-footer-in-a-part.txt \
	tests/corpora/replies/outlook-android-fr.eml tests/corpora/replies/outlook-android-fr.txt \
	tests/corpora/replies/outlook-ios-html.eml tests/corpora/replies/outlook-ios-html.txt \
	tests/corpora/replies/proton-android.eml tests/corpora/replies/proton-android.txt \
	tests/corpora/replies/proton-html.eml tests/corpora/replies/proton-html.txt \
	tests/corpora/replies/signature-in-a-table.eml tests/corpora/replies/signature-in-a-table.txt \
	tests/corpora/replies/thunderbird-android-de.eml tests/corpora/replies/thunderbird-android-de.txt \
	tests/corpora/replies/tuta-html.eml tests/corpora/replies/tuta-html.txt
tests_unit_mail_test_sender_SOURCES = tests/unit/mail/test_sender.c tests/unit/mail/fake_dns.h
tests_unit_mail_test_sender_LDADD = tests/libtap.a $(MAIL_LA) $(MAIL_LIBS)
check_PROGRAMS += tests/unit/mail/spf_run
tests_unit_mail_spf_run_SOURCES = tests/unit/mail/spf_run.c tests/unit/mail/fake_dns.h
tests_unit_mail_spf_run_LDADD = $(MAIL_LA) $(MAIL_LIBS)
