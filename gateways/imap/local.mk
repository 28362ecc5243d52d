noinst_LIBRARIES += gateways/libimap.a
gateways_libimap_a_SOURCES = \
	gateways/imap/imap.h gateways/imap/imap_private.h \
	gateways/imap/imap_boxes.c \
	gateways/imap/imap_cmd_acl.c \
	gateways/imap/imap_cmd_append.c \
	gateways/imap/imap_cmd_auth.c \
	gateways/imap/imap_cmd_copy.c \
	gateways/imap/imap_cmd_expunge.c \
	gateways/imap/imap_cmd_fetch.c \
	gateways/imap/imap_cmd_idle.c \
	gateways/imap/imap_cmd_list.c \
	gateways/imap/imap_cmd_mailbox.c \
	gateways/imap/imap_cmd_metadata.c \
	gateways/imap/imap_cmd_misc.c \
	gateways/imap/imap_cmd_quota.c \
	gateways/imap/imap_cmd_search.c \
	gateways/imap/imap_cmd_select.c \
	gateways/imap/imap_cmd_status.c \
	gateways/imap/imap_cmd_store.c \
	gateways/imap/imap_cmd_sort.c \
	gateways/imap/imap_cmd_thread.c \
	gateways/imap/imap_commands.c \
	gateways/imap/imap_fetch.c gateways/imap/imap_fetch.h \
	gateways/imap/imap_flags.c \
	gateways/imap/imap_modseq.c \
	gateways/imap/imap_name.c \
	gateways/imap/imap_cmd_notify.c gateways/imap/imap_notify.c gateways/imap/imap_notify.h \
	gateways/imap/imap_known.c \
	gateways/imap/imap_parse.c gateways/imap/imap_parse.h \
	gateways/imap/imap_reply.c \
	gateways/imap/imap_reply_to.c \
	gateways/imap/imap_resync.c \
	gateways/imap/imap_search.c gateways/imap/imap_search.h \
	gateways/imap/imap_section.c gateways/imap/imap_section.h \
	gateways/imap/imap_session.c \
	gateways/imap/imap_sort_key.c gateways/imap/imap_sort_key.h \
	gateways/imap/imap_splice.c \
	gateways/imap/imap_subjects.c gateways/imap/imap_subjects.h \
	gateways/imap/imap_structure.c \
	gateways/imap/imap_subscribe.c \
	gateways/imap/imap_sync.c \
	gateways/imap/imap_thread.c gateways/imap/imap_thread.h \
	gateways/imap/imap_thread_ids.c gateways/imap/imap_thread_ids.h \
	gateways/imap/imap_view.c gateways/imap/imap_view.h
