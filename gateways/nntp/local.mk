noinst_LIBRARIES += gateways/libnntp.a
gateways_libnntp_a_SOURCES =
