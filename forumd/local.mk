include forumd/base/local.mk
include forumd/mail/local.mk
include forumd/forum/local.mk
include forumd/net/local.mk
include forumd/run/local.mk
