noinst_LIBRARIES += forumd/libmail.a
forumd_libmail_a_SOURCES =
