noinst_LIBRARIES += gateways/libout.a
gateways_libout_a_SOURCES =
