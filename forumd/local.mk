include forumd/base/local.mk
include forumd/mail/local.mk
include forumd/forum/local.mk
include forumd/net/local.mk
include forumd/run/local.mk

sbin_PROGRAMS += forumd/forumd
forumd_forumd_SOURCES = forumd/main.c forumd/drop.c forumd/drop.h forumd/index.c forumd/index.h
forumd_forumd_LDADD = gateways/libnntp.a gateways/libimap.a gateways/libsmtp.a gateways/libhttp.a gateways/libctl.a gateways/libout.a \
	gateways/libcommon.a forumd/librun.a forumd/libmail.a forumd/libforum.a storage/libstorage.a forumd/libnet.a \
	$(BASE_LA) $(ALL_LIBS)
