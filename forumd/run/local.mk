noinst_LIBRARIES += forumd/librun.a
forumd_librun_a_SOURCES = \
	forumd/run/accept.c forumd/run/accept.h forumd/run/auth.c \
	forumd/run/bus.c forumd/run/bus.h \
	forumd/run/config.c forumd/run/config.h \
	forumd/run/config_braces.c forumd/run/config_braces.h \
	forumd/run/job.c forumd/run/job.h \
	forumd/run/launch.c forumd/run/launch.h \
	forumd/run/limits.c forumd/run/limits.h \
	forumd/run/msgq.c forumd/run/msgq.h \
	forumd/run/password.c forumd/run/password.h \
	forumd/run/session.c forumd/run/session.h \
	forumd/run/verify.c forumd/run/verify.h forumd/run/verify_wire.c forumd/run/verify_wire.h \
	forumd/run/worker.c forumd/run/worker.h forumd/run/worker_private.h \
	forumd/run/writer.c forumd/run/writer.h
