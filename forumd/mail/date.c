/* date.c - a date is a bag of tokens: month names, a time with colons, a signed zone, numbers whose meaning follows
 * from their width and order. That reads RFC 5322, asctime and most of what else was ever sent. */
#include "forumd/mail/date.h"
#include "forumd/base/clock.h"
#include "forumd/base/fail.h"
#include "forumd/base/text.h"

#define DATE_TOKENS_MAX 64
#define DATE_LAST 253402300799      /* end of the year 9999 */

static const char date_months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char date_days[] = "sunmontuewedthufrisat";
static const char date_month_names[12][4] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
};
static const struct { char name[5]; short minutes; } date_zones[] = {
	{ "ut", 0 }, { "utc", 0 }, { "gmt", 0 }, { "z", 0 }, { "wet", 0 },
	{ "est", -300 }, { "edt", -240 }, { "cst", -360 }, { "cdt", -300 }, { "mst", -420 }, { "mdt", -360 },
	{ "pst", -480 }, { "pdt", -420 }, { "akst", -540 }, { "akdt", -480 }, { "hst", -600 },
	{ "bst", 60 }, { "west", 60 }, { "cet", 60 }, { "met", 60 }, { "mez", 60 }, { "cest", 120 }, { "mest", 120 },
	{ "mesz", 120 }, { "eet", 120 }, { "eest", 180 }, { "msk", 180 }, { "msd", 240 }, { "jst", 540 }, { "kst", 540 },
	{ "aest", 600 }, { "aedt", 660 }, { "nzst", 720 }, { "nzdt", 780 },
};

struct date {
	int year, month, day, hour, min, sec, zone;    /* -1: not seen (except zone) */
	bool zone_seen, signed_zone;
};

static int date_find3(const char *table, size_t n, struct slice word) {
	char w[3];
	if (word.n < 3)
		return -1;
	for (int i = 0; i < 3; i++)
		w[i] = text_lower(word.p[i]);
	for (size_t i = 0; i < n; i++)
		if (memcmp(table + 3 * i, w, 3) == 0)
			return (int)i;
	return -1;
}

/* up to `max` digits; false when there is none or there are more */
static bool date_number(struct slice *s, size_t max, int *v_r, size_t *width_r) {
	size_t i = 0;
	int v = 0;
	while (i < s->n && i < max && text_digit(s->p[i]))
		v = v * 10 + (s->p[i++] - '0');
	if (!i || (i < s->n && text_digit(s->p[i])))
		return false;
	*v_r = v;
	if (width_r)
		*width_r = i;
	*s = slice_from(*s, i);
	return true;
}

static void date_skip_comment(struct slice *s) {
	size_t depth = 0, i = 0;
	do {
		if (s->p[i] == '\\')
			i++;
		else if (s->p[i] == '(')
			depth++;
		else if (s->p[i] == ')')
			depth--;
		i++;
	} while (depth && i < s->n);
	*s = slice_from(*s, i);
}

static bool date_word(struct date *d, struct slice *s) {
	size_t n = 0;
	while (n < s->n && text_alpha(s->p[n]))
		n++;
	struct slice w = slice_to(*s, n);
	*s = slice_from(*s, n);
	int month = date_find3(date_months, 12, w);
	if (month >= 0 && d->month < 0) {
		d->month = month + 1;
		return true;
	}
	if (date_find3(date_days, 7, w) >= 0 && d->hour < 0)
		return true;
	if (d->hour >= 0 && (slice_is_nocase(w, "am") || slice_is_nocase(w, "pm"))) {
		if (d->hour < 1 || d->hour > 12)
			return false;
		d->hour = d->hour % 12 + (text_lower(w.p[0]) == 'p' ? 12 : 0);
		return true;
	}
	if (d->hour < 0 || d->zone_seen)
		return true;
	for (size_t i = 0; i < sizeof date_zones / sizeof *date_zones; i++)
		if (slice_is_nocase(w, date_zones[i].name)) {
			d->zone = date_zones[i].minutes;
			d->zone_seen = true;
			break;
		}
	return true;
}

static bool date_time(struct date *d, int hour, struct slice *s) {
	size_t width;
	d->hour = hour;
	*s = slice_from(*s, 1);
	if (!date_number(s, 2, &d->min, &width))
		return false;
	d->sec = 0;
	if (s->n && s->p[0] == ':') {
		*s = slice_from(*s, 1);
		if (!date_number(s, 2, &d->sec, &width))
			return false;
		if (s->n > 1 && s->p[0] == '.' && text_digit(s->p[1])) {
			size_t i = 1;
			while (i < s->n && text_digit(s->p[i]))
				i++;
			*s = slice_from(*s, i);
		}
	}
	return true;
}

static void date_year(struct date *d, int v, size_t width) {
	d->year = width == 2 ? v + (v < 50 ? 2000 : 1900) : width == 3 ? v + 1900 : v;
}

static bool date_digits(struct date *d, struct slice *s) {
	int v;
	size_t width;
	if (!date_number(s, 4, &v, &width))
		return false;
	if (s->n && s->p[0] == ':' && d->hour < 0)
		return width <= 2 && date_time(d, v, s);
	if (width == 4 && d->year < 0 && d->month < 0 && s->n > 2 && s->p[0] == '-' && text_digit(s->p[1])) {
		d->year = v;               /* ISO 8601: 2026-11-23 */
		*s = slice_from(*s, 1);
		return date_number(s, 2, &d->month, NULL) && s->n > 1 && s->p[0] == '-' &&
			(*s = slice_from(*s, 1), date_number(s, 2, &d->day, NULL));
	}
	if (d->day < 0 && width <= 2)
		d->day = v;
	else if (d->year < 0 && width >= 2)
		date_year(d, v, width);
	return true;
}

/* "+0100", "-05:00"; other widths are no zone */
static void date_signed_zone(struct date *d, struct slice *s) {
	int sign = s->p[0] == '-' ? -1 : 1, h, m;
	size_t width;
	struct slice t = slice_from(*s, 1);
	*s = t;
	if (!date_number(&t, 4, &h, &width))
		return;
	if (width == 4) {
		m = h % 100;
		h /= 100;
	} else if (width == 2 && t.n && t.p[0] == ':') {
		t = slice_from(t, 1);
		if (!date_number(&t, 2, &m, NULL))
			return;
	} else {
		return;
	}
	*s = t;
	if (d->signed_zone)
		return;
	d->zone = h < 24 && m < 60 ? sign * (h * 60 + m) : 0;
	d->zone_seen = d->signed_zone = true;
}

static int date_days_in(int year, int month) {
	static const char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return days[month - 1] + (month == 2 && leap);
}

static int date_finish(const struct date *d, int64_t *t_r, int *zone_r) {
	if (d->year < 1900 || d->month < 1 || d->month > 12 || d->day < 1 || d->day > date_days_in(d->year, d->month))
		return ERR_SYNTAX;
	int h = d->hour < 0 ? 0 : d->hour, m = d->hour < 0 ? 0 : d->min, s = d->hour < 0 ? 0 : d->sec;
	if (h > 23 || m > 59 || s > 60)
		return ERR_SYNTAX;
	*t_r = clock_days(d->year, d->month, d->day) * 86400 + h * 3600 + m * 60 + s - (int64_t)d->zone * 60;
	if (zone_r)
		*zone_r = d->zone;
	return 1;
}

int date_parse(struct slice value, int64_t *t_r, int *zone_r) {
	struct date d = { .year = -1, .month = -1, .day = -1, .hour = -1 };
	struct slice s = value;
	for (int tokens = 0; s.n && tokens < DATE_TOKENS_MAX;) {
		char c = s.p[0];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			s = slice_from(s, 1);
			continue;
		}
		tokens++;
		if (c == '(')
			date_skip_comment(&s);
		else if (text_alpha(c)) {
			if (!date_word(&d, &s))
				return ERR_SYNTAX;
		} else if (text_digit(c)) {
			if (!date_digits(&d, &s))
				return ERR_SYNTAX;
		} else if ((c == '+' || c == '-') && d.hour >= 0)
			date_signed_zone(&d, &s);
		else
			s = slice_from(s, 1);
	}
	return date_finish(&d, t_r, zone_r);
}

static int64_t date_clamp(int64_t t) {
	return t < 0 ? 0 : t > DATE_LAST ? DATE_LAST : t;
}

void date_write(struct buf *out, int64_t t) {
	static const char names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	int year, month, day, hour, min, sec, weekday;
	t = date_clamp(t);
	clock_civil(t, &year, &month, &day, &hour, &min, &sec, &weekday);
	buf_addf(out, "%s, %d %s %04d %02d:%02d:%02d +0000", names[weekday], day, date_month_names[month - 1], year,
		hour, min, sec);
}

static void date_put(char *p, int width, int v) {
	while (width--) {
		p[width] = (char)('0' + v % 10);
		v /= 10;
	}
}

void date_write_imap(struct buf *out, int64_t t) {
	int year, month, day, hour, min, sec, weekday;
	clock_civil(date_clamp(t), &year, &month, &day, &hour, &min, &sec, &weekday);
	/* "dd-Mon-yyyy hh:mm:ss +0000", written for each message that is listed */
	char *p = buf_reserve(out, 26);
	memcpy(p, "  -   -       :  :   +0000", 26);
	date_put(p, 2, day);
	if (day < 10)
		p[0] = ' ';
	memcpy(p + 3, date_month_names[month - 1], 3);
	date_put(p + 7, 4, year);
	date_put(p + 12, 2, hour);
	date_put(p + 15, 2, min);
	date_put(p + 18, 2, sec);
	buf_commit(out, 26);
}

/* "-Mon-yyyy" behind the day */
static bool date_imap_day(struct slice *s, struct date *d) {
	size_t width;
	if (s->n && s->p[0] == ' ')
		*s = slice_from(*s, 1);
	if (!date_number(s, 2, &d->day, &width) || s->n < 9 || s->p[0] != '-' || s->p[4] != '-')
		return false;
	d->month = date_find3(date_months, 12, slice_sub(*s, 1, 3)) + 1;
	*s = slice_from(*s, 5);
	return d->month > 0 && date_number(s, 4, &d->year, &width) && width == 4;
}

int date_parse_imap(struct slice s, int64_t *t_r) {
	struct date d = { .hour = -1 };
	size_t width;
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		s = slice_sub(s, 1, s.n - 2);
	if (!date_imap_day(&s, &d))
		return ERR_SYNTAX;
	if (!s.n)
		return date_finish(&d, t_r, NULL);
	if (s.n != 15 || s.p[0] != ' ')
		return ERR_SYNTAX;
	s = slice_from(s, 1);
	int hour;
	if (!date_number(&s, 2, &hour, &width) || width != 2 || s.p[0] != ':' || !date_time(&d, hour, &s))
		return ERR_SYNTAX;
	if (s.n != 6 || s.p[0] != ' ' || (s.p[1] != '+' && s.p[1] != '-'))
		return ERR_SYNTAX;
	s = slice_from(s, 1);
	date_signed_zone(&d, &s);
	return d.signed_zone && !s.n ? date_finish(&d, t_r, NULL) : ERR_SYNTAX;
}
