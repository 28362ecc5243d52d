TESTS += \
	tests/proto/nntp/test_auth.py \
	tests/proto/nntp/test_cancel_keys.py \
	tests/proto/nntp/test_cancel_open.py \
	tests/proto/nntp/test_capabilities.py \
	tests/proto/nntp/test_codes.py \
	tests/proto/nntp/test_commands.py \
	tests/proto/nntp/test_feed.py \
	tests/proto/nntp/test_fetch_restart.py \
	tests/proto/nntp/test_feed_full.py \
	tests/proto/nntp/test_hidden.py \
	tests/proto/nntp/test_hostile.py \
	tests/proto/nntp/test_hostile_upstream.py \
	tests/proto/nntp/test_list.py \
	tests/proto/nntp/test_locked.py \
	tests/proto/nntp/test_marks.py \
	tests/proto/nntp/test_me.py \
	tests/proto/nntp/test_me_private.py \
	tests/proto/nntp/test_moved.py \
	tests/proto/nntp/test_pipeline.py \
	tests/proto/nntp/test_post.py \
	tests/proto/nntp/test_private.py \
	tests/proto/nntp/test_read.py
EXTRA_DIST += \
	tests/proto/nntp/newslib.py \
	tests/proto/nntp/test_auth.py \
	tests/proto/nntp/test_cancel_keys.py \
	tests/proto/nntp/test_cancel_open.py \
	tests/proto/nntp/test_capabilities.py \
	tests/proto/nntp/test_codes.py \
	tests/proto/nntp/test_commands.py \
	tests/proto/nntp/test_feed.py \
	tests/proto/nntp/test_fetch_restart.py \
	tests/proto/nntp/test_feed_full.py \
	tests/proto/nntp/test_hidden.py \
	tests/proto/nntp/test_hostile.py \
	tests/proto/nntp/test_hostile_upstream.py \
	tests/proto/nntp/test_list.py \
	tests/proto/nntp/test_locked.py \
	tests/proto/nntp/test_marks.py \
	tests/proto/nntp/test_me.py \
	tests/proto/nntp/test_me_private.py \
	tests/proto/nntp/test_moved.py \
	tests/proto/nntp/test_pipeline.py \
	tests/proto/nntp/test_post.py \
	tests/proto/nntp/test_private.py \
	tests/proto/nntp/test_read.py
