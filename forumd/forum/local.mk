noinst_LIBRARIES += forumd/libforum.a
forumd_libforum_a_SOURCES =
