noinst_LIBRARIES += forumd/libforum.a
forumd_libforum_a_SOURCES = \
	forumd/forum/app.c forumd/forum/app.h \
	forumd/forum/author.c forumd/forum/author.h forumd/forum/author_private.h \
	forumd/forum/change.h forumd/forum/keys.h \
	forumd/forum/feed.c forumd/forum/feed.h forumd/forum/folder.c forumd/forum/folder.h forumd/forum/forum.c forumd/forum/forum.h forumd/forum/forum_private.h \
	forumd/forum/group.c forumd/forum/group.h \
	forumd/forum/overview.c forumd/forum/overview.h forumd/forum/overview_pointer.c \
	forumd/forum/post.h forumd/forum/post_private.h \
	forumd/forum/post_add.c forumd/forum/post_read.c forumd/forum/post_state.c \
	forumd/forum/rebuild.c forumd/forum/rebuild.h forumd/forum/rebuild_box.c forumd/forum/rebuild_private.h \
	forumd/forum/search.c forumd/forum/search.h forumd/forum/search_private.h \
	forumd/forum/search_find.c forumd/forum/search_merge.c forumd/forum/search_terms.c \
	forumd/forum/segment.c \
	forumd/forum/thread.c forumd/forum/thread.h forumd/forum/thread_private.h forumd/forum/thread_read.c
forumd_libforum_a_SOURCES += \
	forumd/forum/audit.c forumd/forum/moderate.c forumd/forum/moderate.h forumd/forum/moderate_private.h \
	forumd/forum/mailq.c forumd/forum/mailq_expand.c forumd/forum/mailq_private.h forumd/forum/mailq.h forumd/forum/trace.c \
	forumd/forum/marks.c forumd/forum/marks.h \
	forumd/forum/member.c forumd/forum/member.h forumd/forum/erase.c forumd/forum/erase.h \
	forumd/forum/rights.c forumd/forum/rights.h \
	forumd/forum/subscribe.c forumd/forum/subscribe.h \
	forumd/forum/token.c forumd/forum/token.h
forumd_libforum_a_SOURCES += \
	forumd/forum/personal.c forumd/forum/personal.h forumd/forum/personal_private.h forumd/forum/queue.c forumd/forum/queue.h \
	forumd/forum/watch.c forumd/forum/watch.h
forumd_libforum_a_SOURCES += forumd/forum/memo.c forumd/forum/memo.h forumd/forum/replace.c forumd/forum/replace.h
forumd_libforum_a_SOURCES += forumd/forum/keywords.c forumd/forum/keywords.h forumd/forum/change_log.c
forumd_libforum_a_SOURCES += forumd/forum/grant.c forumd/forum/grant.h forumd/forum/note.c forumd/forum/note.h forumd/forum/quota.c forumd/forum/quota.h
forumd_libforum_a_SOURCES += forumd/forum/pointer.c forumd/forum/pointer.h forumd/forum/silence.c forumd/forum/silence.h \
	forumd/forum/spam.c forumd/forum/spam.h \
	forumd/forum/withdrawn.c forumd/forum/withdrawn.h forumd/forum/header_flag.c forumd/forum/header_flag.h
