noinst_LIBRARIES += forumd/libnet.a
forumd_libnet_a_SOURCES =
