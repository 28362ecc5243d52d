noinst_LIBRARIES += forumd/libbase.a
forumd_libbase_a_SOURCES =
