check_LIBRARIES += tests/unit/forum/libfixture.a
tests_unit_forum_libfixture_a_SOURCES = tests/unit/forum/fixture.c tests/unit/forum/fixture.h
FIXTURE_LA = tests/unit/forum/libfixture.a tests/libtap.a $(FORUM_LA)
forum_people_tests = \
	tests/unit/forum/test_mailq \
	tests/unit/forum/test_marks \
	tests/unit/forum/test_member \
	tests/unit/forum/test_moderate \
	tests/unit/forum/test_rights \
	tests/unit/forum/test_subscribe \
	tests/unit/forum/test_token
check_PROGRAMS += $(forum_people_tests)
TESTS += $(forum_people_tests)
tests_unit_forum_test_mailq_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_marks_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_member_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_moderate_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_rights_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_subscribe_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_token_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
