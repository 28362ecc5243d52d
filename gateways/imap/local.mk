noinst_LIBRARIES += gateways/libimap.a
gateways_libimap_a_SOURCES =
