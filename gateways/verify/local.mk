libexec_PROGRAMS += forumd-verify
forumd_verify_SOURCES = gateways/verify/verify.h gateways/verify/verify_dns.c gateways/verify/verify_main.c
forumd_verify_LDADD = forumd/librun.a $(MAIL_LA) $(UNBOUND_LIBS) $(MAIL_LIBS)
