noinst_LIBRARIES += gateways/libsmtp.a
gateways_libsmtp_a_SOURCES =
