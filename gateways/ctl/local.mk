noinst_LIBRARIES += gateways/libctl.a
gateways_libctl_a_SOURCES =
