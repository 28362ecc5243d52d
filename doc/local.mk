dist_man_MANS += doc/forumctl.1 doc/forumd.conf.5 doc/forumd.8 doc/forumd-send.8 doc/forumd-fetch.8 doc/forumd-verify.8
EXTRA_DIST += doc/adding-a-command.md doc/clients.md doc/decisions.md doc/rfc.md doc/states.md doc/storage.md doc/style.md doc/threads.md doc/tour.md \
	doc/demo tests/runtap.py tests/lib tests/clients .ci/run
