noinst_LIBRARIES += forumd/librun.a
forumd_librun_a_SOURCES =
