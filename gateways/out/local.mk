noinst_LIBRARIES += gateways/libout.a
gateways_libout_a_SOURCES = \
	gateways/out/out.h gateways/out/out_private.h \
	gateways/out/out_compose.c \
	gateways/out/out_domain.c \
	gateways/out/out_launch.c \
	gateways/out/out_schedule.c \
	gateways/out/out_sender.c \
	gateways/out/out_sign.c \
	gateways/out/send_wire.c gateways/out/send_wire.h

libexec_PROGRAMS += forumd-send
forumd_send_SOURCES = \
	gateways/out/send.h gateways/out/send_link.c gateways/out/send_main.c gateways/out/send_maildir.c \
	gateways/out/send_smtp.c gateways/out/send_wire.c gateways/out/send_wire.h
forumd_send_LDADD = $(BASE_LA) $(ETPAN_LIBS) $(BASE_LIBS)
