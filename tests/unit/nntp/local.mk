nntp_unit_tests = \
	tests/unit/nntp/test_nntp_codes
check_PROGRAMS += $(nntp_unit_tests)
TESTS += $(nntp_unit_tests)
tests_unit_nntp_test_nntp_codes_LDADD = tests/libtap.a gateways/libnntp.a $(COMMON_LA) $(ALL_LIBS)
