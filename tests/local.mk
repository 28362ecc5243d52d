EXTRA_DIST += tests/check_includes.sh
check_LIBRARIES += tests/libtap.a
tests_libtap_a_SOURCES = tests/tap/tap.c tests/tap/tap.h
include tests/unit/base/local.mk
include tests/unit/storage/local.mk
include tests/unit/mail/local.mk
include tests/unit/forum/local.mk
include tests/unit/net/local.mk
include tests/unit/run/local.mk
include tests/unit/common/local.mk
include tests/unit/imap/local.mk
include tests/unit/nntp/local.mk
include tests/unit/out/local.mk
include tests/proto/nntp/local.mk
include tests/fuzz/local.mk
