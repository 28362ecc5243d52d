run_tests = \
	tests/unit/run/test_header_flag \
	tests/unit/run/test_config \
	tests/unit/run/test_limits \
	tests/unit/run/test_password \
	tests/unit/run/test_session \
	tests/unit/run/test_writer
check_PROGRAMS += $(run_tests)
TESTS += $(run_tests)
tests_unit_run_test_config_LDADD = tests/libtap.a $(RUN_LA) $(RUN_LIBS)
tests_unit_run_test_limits_LDADD = tests/libtap.a $(RUN_LA) $(RUN_LIBS)
tests_unit_run_test_password_LDADD = tests/libtap.a $(RUN_LA) $(RUN_LIBS)
tests_unit_run_test_session_LDADD = tests/libtap.a $(RUN_LA) $(RUN_LIBS)
tests_unit_run_test_writer_LDADD = tests/libtap.a $(RUN_LA) $(RUN_LIBS)
tests_unit_run_test_header_flag_SOURCES = tests/unit/run/test_header_flag.c forumd/index.c forumd/index.h
tests_unit_run_test_header_flag_LDADD = $(FIXTURE_LA) $(RUN_LA) $(RUN_LIBS)
