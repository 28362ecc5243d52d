/* Hashing costs tens of milliseconds and 64 MiB, on purpose; so it has few threads and a bounded queue. The cache holds
 * no password: only HMACs under a key of this process, of checks that succeeded. It is direct-mapped, a newer entry
 * displaces an older one. */
#include "forumd/run/password.h"
#include <crypt.h>
#include <pthread.h>
#include <sodium.h>
#include "forumd/base/base64.h"
#include "forumd/base/clock.h"
#include "forumd/base/digest.h"
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"

#define OPSLIMIT 2
#define MEMLIMIT (64u << 20)
#define CACHE_SIZE 4096
#define CACHE_MS (5 * 60 * 1000)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char dummy[crypto_pwhash_STRBYTES];
static unsigned char process_key[32];

static void init(void) {
	static const char words[] = "no such member";
	if (sodium_init() < 0)
		bug("sodium_init");
	rnd_bytes(process_key, sizeof process_key);
	if (crypto_pwhash_str(dummy, words, sizeof words - 1, OPSLIMIT, MEMLIMIT) != 0)
		bug("out of memory for a password hash");
}

/* ---- making ---- */

/* PBKDF2-HMAC-SHA-256, one block (RFC 8018 5.2): SCRAM's Hi() */
static void scram_hi(struct slice password, struct slice salt, unsigned iterations, unsigned char out[32]) {
	unsigned char u[32], first[64];
	memcpy(first, salt.p, salt.n);
	num_put32(first + salt.n, 1);
	digest_hmac_sha256(password, slice_of(first, salt.n + 4), u);
	memcpy(out, u, 32);
	for (unsigned i = 1; i < iterations; i++) {
		digest_hmac_sha256(password, slice_of(u, 32), u);
		for (unsigned k = 0; k < 32; k++)
			out[k] ^= u[k];
	}
}

static void scram_make(struct slice password, struct buf *out) {
	unsigned char salt[PASSWORD_SCRAM_SALT], salted[32], client[32], stored[32], server[32];
	rnd_bytes(salt, sizeof salt);
	scram_hi(password, slice_of(salt, sizeof salt), PASSWORD_SCRAM_ITERATIONS, salted);
	digest_hmac_sha256(slice_of(salted, 32), SLICE("Client Key"), client);
	digest_sha256(slice_of(client, 32), stored);
	digest_hmac_sha256(slice_of(salted, 32), SLICE("Server Key"), server);
	buf_addf(out, "%u:", PASSWORD_SCRAM_ITERATIONS);
	base64_encode(slice_of(salt, sizeof salt), out);
	buf_addc(out, ':');
	base64_encode(slice_of(stored, 32), out);
	buf_addc(out, ':');
	base64_encode(slice_of(server, 32), out);
	sodium_memzero(salted, sizeof salted);
	sodium_memzero(client, sizeof client);
}

void password_make(struct slice password, struct buf *hash_r, struct buf *scram_r) {
	char hash[crypto_pwhash_STRBYTES];
	pthread_once(&once, init);
	if (crypto_pwhash_str(hash, password.p, password.n, OPSLIMIT, MEMLIMIT) != 0)
		bug("out of memory for a password hash");
	buf_adds(hash_r, hash);
	scram_make(password, scram_r);
}

void password_make_app(struct slice password, struct buf *scram_r) {
	pthread_once(&once, init);
	scram_make(password, scram_r);
}

/* ---- verifying ---- */

static bool verify_argon(struct slice hash, struct slice password) {
	char text[crypto_pwhash_STRBYTES] = "";
	return slice_cstr(hash, text, sizeof text) && crypto_pwhash_str_verify(text, password.p, password.n) == 0;
}

static bool verify_crypt(struct slice hash, struct slice password) {
	char text[CRYPT_OUTPUT_SIZE], words[CRYPT_MAX_PASSPHRASE_SIZE];
	bool same = false;
	if (!slice_cstr(hash, text, sizeof text) || !slice_cstr(password, words, sizeof words))
		return false;
	struct crypt_data *d = mem_zalloc(sizeof *d);
	const char *got = crypt_r(words, text, d);
	/* "*0" and the like are how crypt says no */
	if (got && *got != '*' && strlen(got) == hash.n)
		same = digest_equal(got, text, hash.n);
	sodium_memzero(words, sizeof words);
	sodium_memzero(d, sizeof *d);
	mem_free(d);
	return same;
}

bool password_verify(struct slice hash, struct slice password) {
	pthread_once(&once, init);
	if (slice_starts(hash, SLICE("$argon2")))
		return verify_argon(hash, password);
	if (hash.n)
		return verify_crypt(hash, password);
	/* the same work for nobody */
	bool same = verify_argon(slice_str(dummy), password);
	(void)same;
	return false;
}

/* ---- cache ---- */

struct cached { unsigned char mac[32]; int64_t until; };
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cached *cache;

static void cache_mac(uint32_t member, struct slice hash, struct slice password, unsigned char out[32]) {
	struct buf b = { 0 };
	buf_reserve(&b, hash.n + password.n + 32);
	num_add_varint(&b, member);
	num_add_bytes(&b, hash);
	num_add_bytes(&b, password);
	digest_hmac_sha256(slice_of(process_key, sizeof process_key), buf_slice(&b), out);
	sodium_memzero(b.data, b.size);
	buf_free(&b);
}

static struct cached *cache_slot(const unsigned char mac[32]) {
	if (!cache)
		cache = mem_zalloc(CACHE_SIZE * sizeof *cache);
	return &cache[num_get32(mac) % CACHE_SIZE];
}

static bool cache_has(const unsigned char mac[32]) {
	pthread_mutex_lock(&cache_lock);
	struct cached *c = cache_slot(mac);
	bool has = c->until > clock_mono_ms() && digest_equal(c->mac, mac, 32);
	pthread_mutex_unlock(&cache_lock);
	return has;
}

static void cache_put(const unsigned char mac[32]) {
	pthread_mutex_lock(&cache_lock);
	struct cached *c = cache_slot(mac);
	memcpy(c->mac, mac, 32);
	c->until = clock_mono_ms() + CACHE_MS;
	pthread_mutex_unlock(&cache_lock);
}

bool password_check(uint32_t member, struct slice hash, struct slice password) {
	unsigned char mac[32];
	pthread_once(&once, init);
	if (!hash.n)
		return password_verify(hash, password);
	cache_mac(member, hash, password, mac);
	if (cache_has(mac))
		return true;
	if (!password_verify(hash, password))
		return false;
	cache_put(mac);
	return true;
}

/* ---- pool ---- */

struct work { struct work *next; void (*fn)(void *); void *arg; };
static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct work *head, **tail;
	unsigned waiting, threads;
	bool stop;
	pthread_t thread[8];
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

static void *pool_thread(void *arg) {
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&pool.lock);
		while (!pool.stop && !pool.head)
			pthread_cond_wait(&pool.more, &pool.lock);
		struct work *w = pool.head;
		if (w) {
			pool.head = w->next;
			if (!pool.head)
				pool.tail = &pool.head;
			pool.waiting--;
		}
		pthread_mutex_unlock(&pool.lock);
		if (!w)
			return NULL;
		w->fn(w->arg);
		mem_free(w);
	}
}

void password_pool_start(unsigned threads) {
	pool.tail = &pool.head;
	pool.stop = false;
	pool.threads = threads > 8 ? 8 : threads;
	for (unsigned i = 0; i < pool.threads; i++) {
		if (pthread_create(&pool.thread[i], NULL, pool_thread, NULL) != 0)
			bug("cannot start a password thread");
		pthread_setname_np(pool.thread[i], "password");
	}
}

void password_pool_stop(void) {
	pthread_mutex_lock(&pool.lock);
	pool.stop = true;
	pthread_cond_broadcast(&pool.more);
	pthread_mutex_unlock(&pool.lock);
	for (unsigned i = 0; i < pool.threads; i++)
		pthread_join(pool.thread[i], NULL);
	pool.threads = 0;
}

static int enqueue(void (*fn)(void *), void *arg, unsigned max) {
	struct work *w = mem_alloc(sizeof *w);
	*w = (struct work){ NULL, fn, arg };
	pthread_mutex_lock(&pool.lock);
	bool room = pool.waiting < max;
	if (room) {
		*pool.tail = w;
		pool.tail = &w->next;
		pool.waiting++;
		pthread_cond_signal(&pool.more);
	}
	pthread_mutex_unlock(&pool.lock);
	if (!room)
		mem_free(w);
	return room ? 1 : ERR_BUSY;
}

void password_pool_run(void (*fn)(void *arg), void *arg) {
	enqueue(fn, arg, UINT32_MAX);
}

int password_pool_try(void (*fn)(void *arg), void *arg) {
	return enqueue(fn, arg, PASSWORD_QUEUE);
}
