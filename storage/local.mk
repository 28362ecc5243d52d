noinst_LIBRARIES += storage/libstorage.a
storage_libstorage_a_SOURCES = \
	storage/kv.c storage/kv.h storage/kv_private.h storage/kv_open.c storage/kv_checkpoint.c storage/kv_care.c \
	storage/journal.c storage/journal.h \
	storage/kv_copy.c storage/kv_copy.h \
	storage/log.h storage/log_memory.c storage/log_null.c
