noinst_LIBRARIES += gateways/libcommon.a
gateways_libcommon_a_SOURCES = \
	gateways/common/command.c gateways/common/command.h \
	gateways/common/dotted.c gateways/common/dotted.h \
	gateways/common/reply_token.c gateways/common/reply_token.h \
	gateways/common/sasl.c gateways/common/sasl.h \
	gateways/common/wildmat.c gateways/common/wildmat.h
