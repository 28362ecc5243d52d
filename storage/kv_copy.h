/* kv_copy.h - a whole store as portable text and back, in the form of mdb_dump without -p: a heading, then a line of
 * " " and hexadecimal digits for each key and each value in turn, in key order, then "DATA=END".
 * For tools and backups: a dump holds one snapshot for as long as it runs. */
#ifndef STORAGE_KV_COPY_H
#define STORAGE_KV_COPY_H
#include <stdio.h>
#include "storage/kv.h"

/* 1, or < 0 (ERR_UNAVAILABLE when the stream takes no more); the caller flushes and closes */
int kv_dump(struct kv *kv, FILE *to, struct fail *f);
/* Puts what the dump holds, in several transactions of its own; meant for a new store. 1, or < 0: ERR_CORRUPT when the
 * text is malformed or cut, and then the store holds a part and should be thrown away. */
int kv_load(struct kv *kv, FILE *from, struct fail *f);
#endif
