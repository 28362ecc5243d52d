noinst_LIBRARIES += forumd/libforum.a
forumd_libforum_a_SOURCES =
forumd_libforum_a_SOURCES += \
	forumd/forum/mailq.c forumd/forum/mailq.h forumd/forum/trace.c \
	forumd/forum/marks.c forumd/forum/marks.h \
	forumd/forum/member.c forumd/forum/member.h \
	forumd/forum/rights.c forumd/forum/rights.h \
	forumd/forum/subscribe.c forumd/forum/subscribe.h \
	forumd/forum/token.c forumd/forum/token.h
