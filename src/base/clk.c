/* clk.c: clocks, RFC 3339 in and out, and ULIDs.
 *
 * Calendar arithmetic follows Howard Hinnant's days_from_civil, so that no libc time zone is
 * involved. The pinned wall clock and the last ULID are the only state: one atomic, one under a
 * lock. Any thread.
 */
#include "clk.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "err.h"
#include "rng.h"

static _Atomic int64_t pinned_wall_ms;

static int64_t clock_us(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clk_mono_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

int64_t clk_wall_ms(void)
{
	int64_t pin = atomic_load_explicit(&pinned_wall_ms, memory_order_relaxed);

	return pin ? pin : clock_us(CLOCK_REALTIME) / 1000;
}

int64_t clk_cpu_us(void)
{
	return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

void clk_pin_wall(int64_t wall_ms)
{
	atomic_store_explicit(&pinned_wall_ms, wall_ms, memory_order_relaxed);
}

struct civil {
	int year, month, day;
};

static int64_t days_of(struct civil c)
{
	int64_t y = c.year - (c.month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
	int64_t doy = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;

	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static struct civil civil_of(int64_t days)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	struct civil c;

	c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c.year = (int)(yoe + era * 400 + (c.month <= 2));
	return c;
}

void clk_rfc3339(int64_t wall_ms, char out[32])
{
	const int64_t lo = INT64_C(-62135596800000), hi = INT64_C(253402300799999);
	char buf[96];
	int64_t days, ms;
	struct civil c;

	wall_ms = wall_ms < lo ? lo : wall_ms > hi ? hi : wall_ms; /* years 1..9999 */
	days = wall_ms / 86400000;
	ms = wall_ms % 86400000;
	if (ms < 0) {
		ms += 86400000;
		days--;
	}
	c = civil_of(days);
	(void)snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month,
		       c.day, (int)(ms / 3600000), (int)(ms / 60000 % 60),
		       (int)(ms / 1000 % 60), (int)(ms % 1000));
	memcpy(out, buf, sizeof("2026-11-25T08:00:00.123Z"));
}

/* Takes exactly n digits off s; -1 when they are not there. */
static int digits(sv *s, size_t n)
{
	int v = 0;

	if (s->n < n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return -1;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = sv_slice(*s, n, s->n);
	return v;
}

static bool take(sv *s, const char *any)
{
	if (!s->n || !s->p[0] || !strchr(any, s->p[0]))
		return false;
	*s = sv_slice(*s, 1, s->n);
	return true;
}

static int parse_date(sv *s, int64_t *ret_days)
{
	static const char last[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	struct civil c;

	c.year = digits(s, 4);
	if (c.year < 1 || !take(s, "-"))
		return ERR_PARSE;
	c.month = digits(s, 2);
	if (c.month < 1 || c.month > 12 || !take(s, "-"))
		return ERR_PARSE;
	c.day = digits(s, 2);
	if (c.day < 1 || c.day > last[c.month - 1])
		return ERR_PARSE;
	if (c.month == 2 && c.day == 29 &&
	    (c.year % 4 || (c.year % 100 == 0 && c.year % 400)))
		return ERR_PARSE;
	*ret_days = days_of(c);
	return 0;
}

static int parse_time(sv *s, int64_t *ret_ms)
{
	int h = digits(s, 2), m, sec;
	int64_t ms = 0;

	if (h < 0 || h > 23 || !take(s, ":"))
		return ERR_PARSE;
	m = digits(s, 2);
	if (m < 0 || m > 59 || !take(s, ":"))
		return ERR_PARSE;
	sec = digits(s, 2);
	if (sec < 0 || sec > 60) /* 60: a leap second, RFC 3339 section 5.7 */
		return ERR_PARSE;
	if (take(s, ".")) {
		int scale = 100, d = digits(s, 1);

		if (d < 0)
			return ERR_PARSE;
		for (; d >= 0; d = digits(s, 1), scale /= 10)
			ms += d * scale;
	}
	*ret_ms = ((h * 60 + m) * 60 + sec) * INT64_C(1000) + ms;
	return 0;
}

static int parse_zone(sv *s, int64_t *ret_ms)
{
	int sign, h, m;

	*ret_ms = 0;
	if (take(s, "Zz"))
		return 0;
	sign = s->n && s->p[0] == '-' ? -1 : 1;
	if (!take(s, "+-"))
		return ERR_PARSE;
	h = digits(s, 2);
	if (h < 0 || h > 23 || !take(s, ":"))
		return ERR_PARSE;
	m = digits(s, 2);
	if (m < 0 || m > 59)
		return ERR_PARSE;
	*ret_ms = sign * (h * 60 + m) * INT64_C(60000);
	return 0;
}

int clk_parse_rfc3339(sv s, int64_t *ret_wall_ms)
{
	int64_t days, ms = 0, zone = 0;

	if (parse_date(&s, &days))
		return ERR_PARSE;
	if (s.n && (!take(&s, "Tt ") || parse_time(&s, &ms) || parse_zone(&s, &zone) || s.n))
		return ERR_PARSE;
	*ret_wall_ms = days * 86400000 + ms - zone;
	return 0;
}

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static pthread_mutex_t id_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t id_ms;
static uint16_t id_hi;
static uint64_t id_lo;

void id_new(char out[27])
{
	int64_t now = clk_wall_ms();
	unsigned __int128 v;

	(void)pthread_mutex_lock(&id_lock);
	if (now > id_ms) {
		id_ms = now;
		rng_secure(&id_hi, sizeof(id_hi));
		rng_secure(&id_lo, sizeof(id_lo));
		id_hi &= 0x7FFF; /* leaves room to count up within one millisecond */
	} else {
		uint32_t step;

		rng_secure(&step, sizeof(step)); /* unguessable neighbours */
		id_lo += (uint64_t)step + 1;
		id_hi = (uint16_t)(id_hi + (id_lo <= step));
	}
	v = (unsigned __int128)(uint64_t)id_ms << 80 | (unsigned __int128)id_hi << 64 | id_lo;
	(void)pthread_mutex_unlock(&id_lock);
	for (int i = 25; i >= 0; i--) {
		out[i] = crockford[(unsigned)v & 31];
		v >>= 5;
	}
	out[26] = '\0';
}

bool id_ok(sv s)
{
	if (s.n != 26 || s.p[0] > '7')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!s.p[i] || !strchr(crockford, s.p[i]))
			return false;
	return true;
}
