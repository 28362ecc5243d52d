/* Own messages that cite ids without end: memory has a bound, and what is there is still found. The rest is in
 * tests/proto/imap/test_sort_thread.py. */
#include <stdio.h>
#include "gateways/imap/imap_thread_ids.h"
#include "tests/tap/tap.h"

#define MESSAGES 10000u
#define CITED 50u

int main(void) {
	struct imap_thread th = {0};
	struct imap_thread_ids *x = imap_thread_ids_new();
	for (uint32_t i = 1; i <= MESSAGES; i++) {
		struct buf id = {0}, references = {0};
		struct imap_thread_node *n = imap_thread_add(&th);
		n->post = i;
		n->listed = true;
		buf_addf(&id, "<own%u@x.example>", i);
		for (unsigned k = 1; k < CITED; k++)
			buf_addf(&references, " <nobody%u.%u@x.example>", i, k);
		if (i > 1)      /* the parent is the last one */
			buf_addf(&references, " <own%u@x.example>", i / 2);
		imap_thread_ids_add(x, i - 1, buf_slice(&id), buf_slice(&references), true);
		buf_free(&id);
		buf_free(&references);
	}
	imap_thread_ids_link(x, &th);
	ok(th.nodes.n < 330000, "ids that nobody has are kept up to a number (%zu)", th.nodes.n);
	uint32_t wrong = 0;
	for (uint32_t i = 2; i <= MESSAGES; i++)
		wrong += th.nodes.v[i - 1].parent != i / 2;
	is_int(wrong, 0, "all answers have their parents");
	imap_thread_ids_free(&x);
	imap_thread_free(&th);
	return done();
}
