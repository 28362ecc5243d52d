noinst_LIBRARIES += forumd/libnet.a
forumd_libnet_a_SOURCES = \
	forumd/net/addr.c forumd/net/addr.h \
	forumd/net/conn.c forumd/net/conn.h \
	forumd/net/deflate.c forumd/net/deflate.h \
	forumd/net/listen.c forumd/net/listen.h \
	forumd/net/loop.c forumd/net/loop.h forumd/net/loop_private.h \
	forumd/net/tls_client.c forumd/net/tls_client.h \
	forumd/net/tls.c forumd/net/tls.h forumd/net/tls_private.h
