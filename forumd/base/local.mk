noinst_LIBRARIES += forumd/libbase.a
forumd_libbase_a_SOURCES = \
	forumd/base/arena.c forumd/base/arena.h \
	forumd/base/base64.c forumd/base/base64.h \
	forumd/base/buf.c forumd/base/buf.h \
	forumd/base/clock.c forumd/base/clock.h \
	forumd/base/digest.c forumd/base/digest.h \
	forumd/base/fail.c forumd/base/fail.h \
	forumd/base/hash.c forumd/base/hash.h \
	forumd/base/list.h \
	forumd/base/log.c forumd/base/log.h \
	forumd/base/mem.c forumd/base/mem.h \
	forumd/base/num.c forumd/base/num.h \
	forumd/base/range_set.c forumd/base/range_set.h \
	forumd/base/ring_cache.c forumd/base/ring_cache.h \
	forumd/base/rnd.c forumd/base/rnd.h \
	forumd/base/slice.c forumd/base/slice.h \
	forumd/base/squeeze.c forumd/base/squeeze.h \
	forumd/base/stat.c forumd/base/stat.h \
	forumd/base/text.c forumd/base/text.h \
	forumd/base/vec.h
