check_LIBRARIES += tests/unit/forum/libfixture.a
tests_unit_forum_libfixture_a_SOURCES = tests/unit/forum/fixture.c tests/unit/forum/fixture.h
FIXTURE_LA = tests/unit/forum/libfixture.a tests/libtap.a $(FORUM_LA)
forum_people_tests = \
	tests/unit/forum/test_app \
	tests/unit/forum/test_mailq \
	tests/unit/forum/test_marks \
	tests/unit/forum/test_member \
	tests/unit/forum/test_moderate \
	tests/unit/forum/test_replace \
	tests/unit/forum/test_rights \
	tests/unit/forum/test_spam \
	tests/unit/forum/test_subscribe \
	tests/unit/forum/test_token \
	tests/unit/forum/test_withdrawn
check_PROGRAMS += $(forum_people_tests)
TESTS += $(forum_people_tests)
tests_unit_forum_test_mailq_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_marks_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_member_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_moderate_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_replace_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_rights_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_spam_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_subscribe_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_token_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_withdrawn_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_app_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
forum_post_tests = \
	tests/unit/forum/test_author \
	tests/unit/forum/test_folder \
	tests/unit/forum/test_group \
	tests/unit/forum/test_overview \
	tests/unit/forum/test_post \
	tests/unit/forum/test_rebuild \
	tests/unit/forum/test_search \
	tests/unit/forum/test_thread
check_PROGRAMS += $(forum_post_tests) tests/perf/bench_forum tests/perf/bench_search
TESTS += $(forum_post_tests)
tests_unit_forum_test_author_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_folder_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_group_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_overview_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_post_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_rebuild_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_search_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_unit_forum_test_thread_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
# not a test: prints figures
tests_perf_bench_forum_SOURCES = tests/perf/bench_forum.c
tests_perf_bench_forum_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
check_PROGRAMS += tests/unit/forum/test_personal
TESTS += tests/unit/forum/test_personal
tests_unit_forum_test_personal_LDADD = $(FIXTURE_LA) $(FORUM_LIBS)
tests_perf_bench_search_SOURCES = tests/perf/bench_search.c
tests_perf_bench_search_LDADD = $(FIXTURE_LA) $(FORUM_LIBS) -lm
