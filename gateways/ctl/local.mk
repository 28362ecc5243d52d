noinst_LIBRARIES += gateways/libctl.a
gateways_libctl_a_SOURCES = gateways/ctl/ctl.h gateways/ctl/ctl_private.h gateways/ctl/ctl_wire.h \
	gateways/ctl/ctl_session.c gateways/ctl/ctl_commands.c gateways/ctl/ctl_util.c gateways/ctl/ctl_verify.c gateways/ctl/ctl_cmd_feed.c gateways/ctl/ctl_cmd_group.c \
	gateways/ctl/ctl_cmd_member.c gateways/ctl/ctl_cmd_post.c gateways/ctl/ctl_cmd_moderate.c \
	gateways/ctl/ctl_cmd_probe.c gateways/ctl/ctl_cmd_server.c gateways/ctl/ctl_import.c gateways/ctl/ctl_export.c

bin_PROGRAMS += gateways/ctl/forumctl
gateways_ctl_forumctl_SOURCES = gateways/ctl/forumctl.c gateways/ctl/forumctl.h gateways/ctl/forumctl_doctor.c gateways/ctl/forumctl_init.c gateways/ctl/forumctl_trim.c \
	gateways/ctl/import_file.c gateways/ctl/import_page.c gateways/ctl/ctl_wire.h
gateways_ctl_forumctl_LDADD = $(MAIL_LA) $(BASE_LIBS)
