noinst_LIBRARIES += gateways/libsmtp.a
gateways_libsmtp_a_SOURCES = \
	gateways/smtp/smtp.h gateways/smtp/smtp_private.h \
	gateways/smtp/smtp_author.c \
	gateways/smtp/smtp_author_mail.c \
	gateways/smtp/smtp_check.c \
	gateways/smtp/smtp_cmd_auth.c \
	gateways/smtp/smtp_cmd_data.c \
	gateways/smtp/smtp_cmd_hello.c \
	gateways/smtp/smtp_cmd_mail.c \
	gateways/smtp/smtp_cmd_misc.c \
	gateways/smtp/smtp_commands.c \
	gateways/smtp/smtp_deliver.c gateways/smtp/smtp_deliver_private.h \
	gateways/smtp/smtp_deliver_post.c \
	gateways/smtp/smtp_deliver_report.c \
	gateways/smtp/smtp_forward.c \
	gateways/smtp/smtp_order_app.c gateways/smtp/smtp_order.c gateways/smtp/smtp_order.h gateways/smtp/smtp_order_private.h \
	gateways/smtp/smtp_order_account.c \
	gateways/smtp/smtp_order_case.c \
	gateways/smtp/smtp_order_digest.c \
	gateways/smtp/smtp_order_member.c \
	gateways/smtp/smtp_order_post.c \
	gateways/smtp/smtp_receipt.c \
	gateways/smtp/smtp_reply.c \
	gateways/smtp/smtp_route.c \
	gateways/smtp/smtp_session.c \
	gateways/smtp/smtp_syntax.c gateways/smtp/smtp_syntax.h gateways/smtp/smtp_syntax_dsn.c
