#include "gateways/imap/imap_view.h"
#include "forumd/base/mem.h"

void imap_view_free(struct imap_view *v) {
	range_set_free(&v->gone);
	mem_free(v->before);
	*v = (struct imap_view){0};
}

void imap_view_open(struct imap_view *v, uint32_t high, struct range_set *gone) {
	imap_view_free(v);
	v->high = high;
	v->gone = *gone;
	*gone = (struct range_set){0};
	if (high < UINT32_MAX)
		range_set_del(&v->gone, high + 1, UINT32_MAX);
}

void imap_view_extend(struct imap_view *v, uint32_t high, const struct range_set *gone) {
	if (high <= v->high)
		return;
	for (size_t i = 0; i < gone->n; i++) {
		uint32_t lo = gone->v[i].lo > v->high ? gone->v[i].lo : v->high + 1;
		uint32_t hi = gone->v[i].hi < high ? gone->v[i].hi : high;
		range_set_add(&v->gone, lo, hi);
	}
	v->high = high;
	v->fresh = false;
}

void imap_view_remove(struct imap_view *v, const struct range_set *uids) {
	for (size_t i = 0; i < uids->n; i++)
		range_set_add(&v->gone, uids->v[i].lo, uids->v[i].hi < v->high ? uids->v[i].hi : v->high);
	v->fresh = false;
}

static void view_freshen(struct imap_view *v) {
	if (v->fresh)
		return;
	if (v->nbefore < v->gone.n + 1) {
		v->nbefore = v->gone.n + 1;
		v->before = mem_realloc(v->before, v->nbefore * sizeof *v->before);
	}
	uint32_t sum = 0;
	for (size_t i = 0; i < v->gone.n; i++) {
		v->before[i] = sum;
		sum += v->gone.v[i].hi - v->gone.v[i].lo + 1;
	}
	v->before[v->gone.n] = sum;
	v->fresh = true;
}

uint32_t imap_view_count(struct imap_view *v) {
	view_freshen(v);
	return v->high - v->before[v->gone.n];
}

/* number of runs that begin at or below uid */
static size_t runs_up_to(const struct imap_view *v, uint32_t uid) {
	size_t lo = 0, hi = v->gone.n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (v->gone.v[mid].lo <= uid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint32_t imap_view_rank(struct imap_view *v, uint32_t uid) {
	view_freshen(v);
	if (uid > v->high)
		uid = v->high;
	size_t n = runs_up_to(v, uid);
	if (n == 0)
		return uid;
	const struct range *r = &v->gone.v[n - 1];
	return uid - v->before[n - 1] - ((uid < r->hi ? uid : r->hi) - r->lo + 1);
}

uint32_t imap_view_seq(struct imap_view *v, uint32_t uid) {
	if (uid == 0 || uid > v->high)
		return 0;
	view_freshen(v);
	size_t n = runs_up_to(v, uid);
	if (n == 0)
		return uid;
	return v->gone.v[n - 1].hi >= uid ? 0 : uid - v->before[n];
}

/* The existing UIDs before run i are lo(i) - 1 - before[i]: ascending, so a search by halves finds the last run that
 * lies below the wanted one. */
uint32_t imap_view_uid(struct imap_view *v, uint32_t seq) {
	if (seq == 0 || seq > imap_view_count(v))
		return 0;
	size_t lo = 0, hi = v->gone.n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (v->gone.v[mid].lo - 1 - v->before[mid] < seq)
			lo = mid + 1;
		else
			hi = mid;
	}
	return seq + v->before[lo];
}

uint32_t imap_view_last(struct imap_view *v) {
	return imap_view_uid(v, imap_view_count(v));
}

bool imap_view_uids(struct imap_view *v, const struct range_set *seqs, struct range_set *uids_r) {
	for (size_t i = 0; i < seqs->n; i++) {
		uint32_t lo = imap_view_uid(v, seqs->v[i].lo), hi = imap_view_uid(v, seqs->v[i].hi);
		if (!lo || !hi)
			return false;
		range_set_add(uids_r, lo, hi);
	}
	return true;
}
