noinst_LIBRARIES += gateways/libnntp.a
gateways_libnntp_a_SOURCES = \
	gateways/nntp/nntp.h gateways/nntp/nntp_private.h \
	gateways/nntp/nntp_cancel.c gateways/nntp/nntp_cmd_article.c gateways/nntp/nntp_cmd_auth.c \
	gateways/nntp/nntp_cmd_feed.c gateways/nntp/nntp_cmd_group.c gateways/nntp/nntp_cmd_list.c \
	gateways/nntp/nntp_cmd_misc.c gateways/nntp/nntp_cmd_new.c \
	gateways/nntp/nntp_cmd_over.c gateways/nntp/nntp_cmd_xfeed.c gateways/nntp/nntp_cmd_post.c \
	gateways/nntp/nntp_commands.c gateways/nntp/nntp_feed_cancel.c gateways/nntp/nntp_fetch.c gateways/nntp/nntp_hidden.c gateways/nntp/nntp_me.c gateways/nntp/nntp_reply.c \
	gateways/nntp/nntp_session.c
