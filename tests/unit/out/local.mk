OUT_UNIT = tests/unit/out/test_send_wire tests/unit/out/test_smtp_syntax
check_PROGRAMS += $(OUT_UNIT)
TESTS += $(OUT_UNIT)
tests_unit_out_test_send_wire_LDADD = tests/libtap.a gateways/libout.a $(BASE_LA) $(BASE_LIBS)
tests_unit_out_test_smtp_syntax_LDADD = tests/libtap.a gateways/libsmtp.a $(MAIL_LA) $(MAIL_LIBS)

# the real session on a temporary forum
check_PROGRAMS += tests/fuzz/fuzz_smtp
TESTS += tests/fuzz/fuzz_smtp
tests_fuzz_fuzz_smtp_LDADD = tests/libtap.a gateways/libsmtp.a $(COMMON_LA) $(ALL_LIBS)
