libexec_PROGRAMS += forumd-fetch
forumd_fetch_SOURCES = \
	gateways/fetch/fetch.h gateways/fetch/fetch_box.c gateways/fetch/fetch_conn.c gateways/fetch/fetch_imap.c gateways/fetch/fetch_lmtp.c \
	gateways/fetch/fetch_main.c gateways/fetch/fetch_run.c
forumd_fetch_LDADD = $(NET_LA) $(NET_LIBS)
