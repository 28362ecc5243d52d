include gateways/common/local.mk
include gateways/nntp/local.mk
include gateways/imap/local.mk
include gateways/smtp/local.mk
include gateways/http/local.mk
include gateways/out/local.mk
include gateways/fetch/local.mk
include gateways/ctl/local.mk
