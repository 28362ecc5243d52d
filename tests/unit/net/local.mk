net_tests = \
	tests/unit/net/test_conn \
	tests/unit/net/test_loop
check_PROGRAMS += $(net_tests)
TESTS += $(net_tests)
tests_unit_net_test_conn_SOURCES = tests/unit/net/test_conn.c tests/unit/net/test_pem.h
tests_unit_net_test_conn_LDADD = tests/libtap.a $(NET_LA) $(NET_LIBS)
tests_unit_net_test_loop_LDADD = tests/libtap.a $(NET_LA) $(NET_LIBS)
