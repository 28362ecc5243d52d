noinst_LIBRARIES += gateways/libcommon.a
gateways_libcommon_a_SOURCES = \
	gateways/common/act.c gateways/common/act.h \
	gateways/common/cancel_lock.c gateways/common/cancel_lock.h gateways/common/cancel_text.c gateways/common/cancel_text.h \
	gateways/common/command.c gateways/common/command.h \
	gateways/common/dotted.c gateways/common/dotted.h \
	gateways/common/catchup.c gateways/common/catchup.h \
	gateways/common/founding.c gateways/common/founding.h \
	gateways/common/notice.c gateways/common/notice.h \
	gateways/common/notice_case.c gateways/common/notice_case.h \
	gateways/common/notice_digest.c gateways/common/notice_private.h \
	gateways/common/post_in.c gateways/common/post_in.h \
	gateways/common/post_in_derive.c gateways/common/post_in_private.h \
	gateways/common/cited.c gateways/common/cited.h gateways/common/post_in_header.c gateways/common/post_in_job.c gateways/common/post_in_news.c gateways/common/post_in_text.c \
	gateways/common/pointer_text.c gateways/common/pointer_text.h \
	gateways/common/reply_token.c gateways/common/reply_token.h \
	gateways/common/sasl.c gateways/common/sasl.h \
	gateways/common/unsubscribe.c gateways/common/unsubscribe.h \
	gateways/common/splice.c gateways/common/splice.h \
	gateways/common/thread_index.c gateways/common/thread_index.h \
	gateways/common/sasl_scram.c gateways/common/sasl_scram.h \
	gateways/common/wildmat.c gateways/common/wildmat.h
