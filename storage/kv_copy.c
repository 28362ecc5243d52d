#include "storage/kv_copy.h"
#include <string.h>
#include "forumd/base/base64.h"

enum {
	KV_COPY_LINE = 2 * KV_VALUE_MAX + 3,    /* space, digits, newline */
	KV_COPY_BATCH = 4 << 20,                /* bytes per transaction */
};

static void kv_dump_line(struct slice s, struct buf *out) {
	buf_addc(out, ' ');
	hex_encode(s, out);
	buf_addc(out, '\n');
}

static bool kv_dump_flush(struct buf *out, FILE *to) {
	bool went = fwrite(buf_bytes(out), 1, buf_len(out), to) == buf_len(out);
	buf_reset(out);
	return went;
}

static int kv_dump_all(struct kv_cursor *c, FILE *to, struct buf *out) {
	struct slice key, value;
	buf_adds(out, "VERSION=3\nformat=bytevalue\ntype=btree\nHEADER=END\n");
	int r = kv_seek(c, SLICE(""), &key, &value);
	for (; r > 0; r = kv_next(c, &key, &value)) {
		kv_dump_line(key, out);
		kv_dump_line(value, out);
		if (buf_len(out) > 65536 && !kv_dump_flush(out, to))
			return ERR_UNAVAILABLE;
	}
	if (r < 0)
		return r;
	buf_adds(out, "DATA=END\n");
	return kv_dump_flush(out, to) && fflush(to) == 0 ? 1 : ERR_UNAVAILABLE;
}

int kv_dump(struct kv *kv, FILE *to, struct fail *f) {
	struct kv_txn *txn;
	struct kv_cursor *c;
	struct buf out = { 0 };
	int r = kv_read_begin(kv, &txn, f);
	if (r < 0)
		return r;
	r = kv_cursor_open(txn, &c);
	if (r > 0) {
		r = kv_dump_all(c, to, &out);
		kv_cursor_close(&c);
	}
	kv_read_end(&txn);
	buf_free(&out);
	return r < 0 ? fail_set(f, (enum err)r, "the dump could not be written") : 1;
}

struct kv_loader {
	FILE *from;
	struct buf line, key, value;
	size_t pending;
};

/* 1 a line without its newline, 0 end, < 0 too long or cut */
static int kv_load_line(struct kv_loader *l) {
	int c;
	buf_reset(&l->line);
	while ((c = getc_unlocked(l->from)) != EOF && c != '\n') {
		if (buf_len(&l->line) >= KV_COPY_LINE)
			return ERR_CORRUPT;
		buf_addc(&l->line, (char)c);
	}
	if (c == EOF && ferror(l->from))
		return ERR_UNAVAILABLE;
	return c == '\n' ? 1 : buf_len(&l->line) ? ERR_CORRUPT : 0;
}

static int kv_load_digit(char c) {
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* the line as bytes */
static int kv_load_hex(struct slice line, struct buf *out) {
	buf_reset(out);
	if (line.n % 2 == 0 || line.p[0] != ' ')
		return ERR_CORRUPT;
	for (size_t i = 1; i < line.n; i += 2) {
		int hi = kv_load_digit(line.p[i]), lo = kv_load_digit(line.p[i + 1]);
		if (hi < 0 || lo < 0)
			return ERR_CORRUPT;
		buf_addc(out, (char)(hi << 4 | lo));
	}
	return 1;
}

static int kv_load_heading(struct kv_loader *l) {
	bool version = false, format = false;
	int r;
	while ((r = kv_load_line(l)) > 0) {
		struct slice line = buf_slice(&l->line);
		version |= slice_is(line, "VERSION=3");
		format |= slice_is(line, "format=bytevalue");
		if (slice_is(line, "HEADER=END"))
			return version && format ? 1 : ERR_CORRUPT;
	}
	return r < 0 ? r : ERR_CORRUPT;
}

/* 1 one more entry is in the transaction, 0 the end was reached in good order */
static int kv_load_entry(struct kv_loader *l, struct kv_txn *txn) {
	int r = kv_load_line(l);
	if (r <= 0)
		return r < 0 ? r : ERR_CORRUPT;
	if (slice_is(buf_slice(&l->line), "DATA=END"))
		return 0;
	if ((r = kv_load_hex(buf_slice(&l->line), &l->key)) < 0)
		return r;
	if ((r = kv_load_line(l)) <= 0)
		return r < 0 ? r : ERR_CORRUPT;
	if ((r = kv_load_hex(buf_slice(&l->line), &l->value)) < 0)
		return r;
	l->pending += buf_len(&l->key) + buf_len(&l->value);
	r = kv_put(txn, buf_slice(&l->key), buf_slice(&l->value));
	/* a key or value of impossible size cannot come from a dump */
	return r == ERR_TOOBIG ? ERR_CORRUPT : r;
}

static int kv_load_all(struct kv_loader *l, struct kv *kv, struct fail *f) {
	struct kv_txn *txn;
	int r = kv_load_heading(l), more = 1;
	if (r < 0)
		return fail_set(f, (enum err)r, "not a dump of a store");
	while (more > 0) {
		if ((r = kv_write_begin(kv, NULL, &txn, f)) < 0)
			return r;
		for (l->pending = 0; more > 0 && l->pending < KV_COPY_BATCH;)
			more = kv_load_entry(l, txn);
		if (more < 0) {
			kv_abort(&txn);
			return fail_set(f, (enum err)more, "the dump could not be loaded to its end");
		}
		if ((r = kv_commit(&txn, f)) < 0)
			return r;
	}
	return 1;
}

int kv_load(struct kv *kv, FILE *from, struct fail *f) {
	struct kv_loader l = { .from = from };
	int r = kv_load_all(&l, kv, f);
	buf_free(&l.line);
	buf_free(&l.key);
	buf_free(&l.value);
	return r;
}
