noinst_LIBRARIES += gateways/libcommon.a
gateways_libcommon_a_SOURCES =
