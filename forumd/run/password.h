/* password.h - argon2id (libsodium) and SCRAM-SHA-256 records; the pool of hash threads. */
#ifndef FORUMD_RUN_PASSWORD_H
#define FORUMD_RUN_PASSWORD_H
#include <stdint.h>
#include "forumd/base/buf.h"

/* what a SCRAM record of a password has */
#define PASSWORD_SCRAM_ITERATIONS 10000
#define PASSWORD_SCRAM_SALT 16         /* octets */
/* Both take about 100 ms: never on a worker. hash_r: argon2id string; scram_r: "iterations:salt:stored:server". */
void password_make(struct slice password, struct buf *hash_r, struct buf *scram_r);
/* The SCRAM record alone, for a password of 128 random bits (10 ms). As many iterations as every record has, or they
 * would tell strangers which names exist. */
void password_make_app(struct slice password, struct buf *scram_r);
/* argon2id strings, else crypt(3) forms; constant work for an empty hash (dummy) */
bool password_verify(struct slice hash, struct slice password);
/* Make the hashes on the pool, then run `job` (its apply finds them through job->data as the caller arranged): fn is
 * called on the pool thread and must hand the job to the writer itself. */
void password_pool_run(void (*fn)(void *arg), void *arg);
/* the same but ERR_BUSY when PASSWORD_QUEUE requests wait already; 1 */
#define PASSWORD_QUEUE 256
int password_pool_try(void (*fn)(void *arg), void *arg);
/* password_verify() through a cache of recent successes (5 minutes, keyed by HMAC of member, hash and password). Pool
 * threads. */
bool password_check(uint32_t member, struct slice hash, struct slice password);
void password_pool_start(unsigned threads);
/* what is queued is still done */
void password_pool_stop(void);
#endif
