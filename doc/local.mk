dist_man_MANS += doc/forumctl.1 doc/forumd.conf.5 doc/forumd.8 doc/forumd-send.8 doc/forumd-fetch.8 doc/forumd-verify.8
EXTRA_DIST += doc/adding-a-command.md doc/clients.md doc/decisions.md doc/rfc.md doc/states.md doc/storage.md doc/style.md doc/threads.md doc/tour.md \
	doc/demo doc/performance.md doc/systemd/forumd.service.in doc/systemd/forumd.conf tests/runtap.py tests/races tests/lib tests/clients \
	tests/crash tests/corpora tests/proto/ctl tests/proto/imap tests/proto/lmtp tests/proto/mail tests/proto/sasl tests/proto/smtp \
	tests/perf/run tests/perf/perf.c tests/perf/corpus.py tests/perf/fanout.py tests/perf/million.py .ci/run

# the service: a unit with the paths of this build, and its account
doc/systemd/forumd.service: $(srcdir)/doc/systemd/forumd.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) doc/systemd && sed -e 's,[@]sbindir[@],$(sbindir),' -e 's,[@]sysconfdir[@],$(sysconfdir),' $(srcdir)/doc/systemd/forumd.service.in >$@.tmp && mv $@.tmp $@
all-local: doc/systemd/forumd.service
CLEANFILES += doc/systemd/forumd.service
if SYSTEMD_UNIT
nodist_systemdsystemunit_DATA = doc/systemd/forumd.service
endif
if SYSUSERS
sysusers_DATA = doc/systemd/forumd.conf
endif
# what is installed outside of the prefix goes below it when a distribution is tried out
AM_DISTCHECK_CONFIGURE_FLAGS = --with-systemdsystemunitdir=$$dc_install_base/lib/systemd/system --with-sysusersdir=$$dc_install_base/lib/sysusers.d
dist-hook:
	find $(distdir)/tests -name __pycache__ -prune -exec rm -rf {} +
