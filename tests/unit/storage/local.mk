storage_tests = \
	tests/unit/storage/test_kv \
	tests/unit/storage/test_kv_panic \
	tests/unit/storage/test_kv_power \
	tests/unit/storage/test_kv_recovery \
	tests/unit/storage/test_journal
check_PROGRAMS += $(storage_tests)
TESTS += $(storage_tests)
tests_unit_storage_test_kv_LDADD = tests/libtap.a $(STORAGE_LA) $(STORAGE_LIBS)
tests_unit_storage_test_kv_panic_LDADD = tests/libtap.a $(STORAGE_LA) $(STORAGE_LIBS)
tests_unit_storage_test_kv_power_LDADD = tests/libtap.a $(STORAGE_LA) $(STORAGE_LIBS)
tests_unit_storage_test_journal_LDADD = tests/libtap.a $(STORAGE_LA) $(STORAGE_LIBS)
tests_unit_storage_test_kv_recovery_LDADD = tests/libtap.a $(STORAGE_LA) $(STORAGE_LIBS)
