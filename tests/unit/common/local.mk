common_tests = \
	tests/unit/common/test_cancel_lock \
	tests/unit/common/test_cancel_text \
	tests/unit/common/test_dotted \
	tests/unit/common/test_post_in \
	tests/unit/common/test_reply_token \
	tests/unit/common/test_sasl \
	tests/unit/common/test_splice \
	tests/unit/common/test_sasl_scram \
	tests/unit/common/test_wildmat
check_PROGRAMS += $(common_tests)
TESTS += $(common_tests)
COMMON_TEST_LA = tests/libtap.a $(COMMON_LA)
tests_unit_common_test_cancel_lock_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_cancel_text_LDADD = tests/unit/forum/libfixture.a $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_dotted_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_reply_token_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_sasl_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_sasl_scram_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_wildmat_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_post_in_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
tests_unit_common_test_splice_LDADD = $(COMMON_TEST_LA) $(ALL_LIBS)
