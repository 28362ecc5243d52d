check_PROGRAMS += tests/fuzz/fuzz_mail
tests_fuzz_fuzz_mail_LDADD = $(MAIL_LA) $(MAIL_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_nntp
TESTS += tests/fuzz/fuzz_nntp
tests_fuzz_fuzz_nntp_LDADD = tests/libtap.a gateways/libnntp.a $(COMMON_LA) $(ALL_LIBS)
check_PROGRAMS += tests/fuzz/fuzz_imap
tests_fuzz_fuzz_imap_LDADD = gateways/libimap.a tests/unit/forum/libfixture.a tests/libtap.a $(COMMON_LA) $(ALL_LIBS)
