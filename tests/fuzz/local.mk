check_PROGRAMS += tests/fuzz/fuzz_mail
tests_fuzz_fuzz_mail_LDADD = $(MAIL_LA) $(MAIL_LIBS)
