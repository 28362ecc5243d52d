imap_proto_tests = \
	tests/proto/imap/test_mailboxes.py \
	tests/proto/imap/test_messages.py \
	tests/proto/imap/test_session.py \
	tests/proto/imap/test_sync.py
TESTS += $(imap_proto_tests)
EXTRA_DIST += $(imap_proto_tests)
