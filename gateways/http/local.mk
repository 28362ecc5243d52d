noinst_LIBRARIES += gateways/libhttp.a
gateways_libhttp_a_SOURCES = \
	gateways/http/http.h gateways/http/http_private.h \
	gateways/http/http_autoconfig.c gateways/http/http_page.c gateways/http/http_parse.c gateways/http/http_reply.c gateways/http/http_session.c
