check_PROGRAMS += tests/unit/storage/test_kv
TESTS += tests/unit/storage/test_kv
tests_unit_storage_test_kv_LDADD = tests/libtap.a $(STORAGE_LA) $(STORAGE_LIBS)
