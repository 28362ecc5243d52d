IMAP_UNIT_LA = gateways/libimap.a tests/libtap.a $(COMMON_LA)
imap_unit_tests = \
	tests/unit/imap/test_imap_changes \
	tests/unit/imap/test_imap_fetch \
	tests/unit/imap/test_imap_parse \
	tests/unit/imap/test_imap_search \
	tests/unit/imap/test_imap_section \
	tests/unit/imap/test_imap_structure \
	tests/unit/imap/test_imap_thread_ids \
	tests/unit/imap/test_imap_view
check_PROGRAMS += $(imap_unit_tests)
TESTS += $(imap_unit_tests)
tests_unit_imap_test_imap_changes_LDADD = $(IMAP_UNIT_LA) tests/unit/forum/libfixture.a $(FORUM_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_fetch_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_parse_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_search_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_section_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_structure_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_thread_ids_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
tests_unit_imap_test_imap_view_LDADD = $(IMAP_UNIT_LA) $(ALL_LIBS)
