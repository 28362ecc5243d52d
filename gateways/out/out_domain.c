/* out_domain.c - one recipient domain does not hold up the others. The table has a place for each hash: domains that
 * share one share its limits, which is rare and harms nobody. A domain begins with few mails under way, gets room with
 * each quick answer and loses it with a slow one, as TCP does; several refusals for now in a row are its wish to be
 * left alone for a while. */
#include "forumd/base/clock.h"
#include "forumd/base/hash.h"
#include "forumd/base/log.h"
#include "forumd/base/text.h"
#include "gateways/out/out_private.h"

#define WINDOW_FIRST 4
#define SLOW_MS 2000
#define SLOW_WAIT_MS 10000
#define LIMIT_WAIT_MS 1000     /* at the operator's limit */
#define REFUSALS_MAX 8         /* in a row: one full mailbox or a greylist is not the whole domain */
#define PAUSE_MS 2000
#define PAUSE_MAX_MS 300000
#define PAUSE_PACE_MS 100      /* what a domain may take when its pause is over, for all that is known */
#define LINE_MAX_MS 60000      /* nobody is put off further for the pace: the domain may be quicker by then */
#define BURST_US 1000000       /* what was not used of the rate is kept this long */

unsigned out_domain_of(struct slice recipient) {
	struct slice domain = slice_from(recipient, (size_t)(slice_rchr(recipient, '@') + 1));
	char low[256];
	size_t n = 0;

	for (; n < domain.n && n < sizeof low; n++)
		low[n] = text_lower(domain.p[n]);
	return (unsigned)(hash_bytes(slice_of(low, n)) % OUT_DOMAINS);
}

static unsigned window(const struct out *o, const struct out_domain *d) {
	unsigned w = d->window ? d->window : WINDOW_FIRST;

	return w < o->config->domain_parallel ? w : o->config->domain_parallel;
}

/* composed for slow domains and not given to a sender yet */
static unsigned slow_mails(const struct out *o) {
	unsigned n = 0;

	for (unsigned i = 0; i < o->nmails; i++)
		n += o->domains[o->mails[i]->domain].slow;
	return n;
}

bool out_domain_may(struct out *o, unsigned domain) {
	const struct out_domain *d = &o->domains[domain];
	int64_t now = clock_mono_ms(), at = d->next_us / 1000 > d->until ? d->next_us / 1000 : d->until;

	if (at > now && (!o->domain_wake || at < o->domain_wake))
		o->domain_wake = at;
	/* the rest is for the quick ones */
	if (d->slow && (slow_mails(o) >= OUT_MAILS_MAX / 2 || (o->nmails && o->octets >= OUT_BYTES_MAX / 2)))
		return false;
	return at <= now && d->in_flight < window(o, d);
}

int64_t out_domain_wait_ms(const struct out *o, unsigned domain) {
	const struct out_domain *d = &o->domains[domain];
	int64_t now = clock_mono_ms();

	if (d->until > now)
		return d->until - now;
	if (d->slow || (d->in_flight && now - d->since >= SLOW_MS))
		return SLOW_WAIT_MS;
	return d->next_us / 1000 > now ||
			(o->config->domain_parallel < OUT_IN_FLIGHT_MAX && d->in_flight >= o->config->domain_parallel)
		? LIMIT_WAIT_MS
		: 0;
}

/* ms for each mail, as things are now */
static int64_t pace_ms(const struct out *o, const struct out_domain *d) {
	int64_t ms = d->until > clock_mono_ms() ? PAUSE_PACE_MS : d->took_ms / window(o, d);

	if (o->config->domain_per_minute && ms < 60000 / o->config->domain_per_minute)
		ms = 60000 / o->config->domain_per_minute;
	return ms ? ms : 1;
}

/* Each gets a turn of its own, behind the one before: one time for all would have all of them moved again then. */
int64_t out_domain_put_off(struct out *o, unsigned domain, int64_t wait_ms) {
	struct out_domain *d = &o->domains[domain];
	int64_t now = clock_mono_ms(), at = now + wait_ms, last = now + LINE_MAX_MS;

	if (d->line_end > at)
		at = d->line_end < last ? d->line_end : at > last ? at : last;
	d->line_end = at + pace_ms(o, d);
	return at - now;
}

void out_domain_begin(struct out *o, unsigned domain) {
	struct out_domain *d = &o->domains[domain];
	int64_t from = clock_mono_ms() * 1000 - BURST_US;

	if (!d->in_flight++)
		d->since = clock_mono_ms();
	if (o->config->domain_per_minute)
		d->next_us = (d->next_us > from ? d->next_us : from) + 60000000 / o->config->domain_per_minute;
}

void out_domain_end(struct out *o, unsigned domain) {
	o->domains[domain].in_flight--;
}

static void refused(struct out *o, struct out_domain *d) {
	int64_t ms = (int64_t)PAUSE_MS << (d->pauses < 8 ? d->pauses : 8);

	d->window = 1;
	if (++d->refusals < REFUSALS_MAX || d->until > clock_mono_ms())
		return;
	if (ms > PAUSE_MAX_MS)
		ms = PAUSE_MAX_MS;
	d->pauses++;
	d->until = clock_mono_ms() + ms;
	log_info("out", "a domain refuses for now, its mails wait slot=%u ms=%lld", (unsigned)(d - o->domains),
		(long long)ms);
}

void out_domain_answered(struct out *o, unsigned domain, enum send_class class, int64_t ms) {
	struct out_domain *d = &o->domains[domain];

	out_domain_end(o, domain);
	d->since = clock_mono_ms();
	if (class == SEND_DOWN || class == SEND_SENDER)
		return;
	d->took_ms = ms;
	d->slow = ms >= SLOW_MS;
	if (class == SEND_LATER) {
		refused(o, d);
		return;
	}
	d->refusals = d->pauses = 0;
	d->until = 0;
	if (!d->window)
		d->window = WINDOW_FIRST;
	d->window = d->slow ? 1 : d->window < OUT_IN_FLIGHT_MAX ? d->window + 1 : d->window;
}
