base_tests = \
	tests/unit/base/test_hash \
	tests/unit/base/test_mem \
	tests/unit/base/test_num \
	tests/unit/base/test_range_set \
	tests/unit/base/test_ring_cache \
	tests/unit/base/test_text
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)
tests_unit_base_test_hash_LDADD = tests/libtap.a $(BASE_LA) $(BASE_LIBS)
tests_unit_base_test_mem_LDADD = tests/libtap.a $(BASE_LA) $(BASE_LIBS)
tests_unit_base_test_num_LDADD = tests/libtap.a $(BASE_LA) $(BASE_LIBS)
tests_unit_base_test_range_set_LDADD = tests/libtap.a $(BASE_LA) $(BASE_LIBS)
tests_unit_base_test_ring_cache_LDADD = tests/libtap.a $(BASE_LA) $(BASE_LIBS)
tests_unit_base_test_text_LDADD = tests/libtap.a $(BASE_LA) $(BASE_LIBS)
