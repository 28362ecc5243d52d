check_LIBRARIES += tests/unit/forum/libfixture.a
tests_unit_forum_libfixture_a_SOURCES = tests/unit/forum/fixture.c tests/unit/forum/fixture.h
FIXTURE_LA = tests/unit/forum/libfixture.a tests/libtap.a $(FORUM_LA)
