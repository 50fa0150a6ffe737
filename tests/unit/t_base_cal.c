/* t_base_cal.c: time zones against libc, calendars against a walk minute by minute. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cal.h"
#include "t.h"

static const char *const zones[] = {
	"UTC",
	"Asia/Shanghai",
	"Europe/Berlin",
	"America/New_York",
	"Australia/Lord_Howe",
	"Europe/Dublin",
	"America/Havana",
	"Africa/Casablanca",
	"America/St_Johns",
	"Asia/Kathmandu",
	"Pacific/Apia",
	"America/Sao_Paulo",
	"Asia/Tehran",
	"Pacific/Chatham",
	"America/Nuuk",
};
enum { ZONES = sizeof(zones) / sizeof(*zones) };

static void libc_zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

/* A day of the week and month as libc says it. */
static bool same_as_libc(const struct cal_zone *z, int64_t s)
{
	struct cal_time t;
	struct tm tm;
	time_t at = (time_t)s;

	cal_local(z, s * 1000 + 7, &t);
	if (!localtime_r(&at, &tm))
		return false;
	bool ok = t.year == tm.tm_year + 1900 && t.month == tm.tm_mon + 1 && t.day == tm.tm_mday &&
		  t.hour == tm.tm_hour && t.minute == tm.tm_min && t.second == tm.tm_sec &&
		  t.ms == 7 && t.weekday % 7 == tm.tm_wday && t.offset_s == tm.tm_gmtoff &&
		  t.dst == (tm.tm_isdst > 0) && strcmp(t.abbr, tm.tm_zone) == 0;
	if (!ok)
		printf("# %s %lld: %d-%02d-%02d %02d:%02d:%02d %s%+d, libc %02d:%02d:%02d %s%+ld\n",
		       cal_zone_name(z), (long long)s, t.year, t.month, t.day, t.hour, t.minute,
		       t.second, t.abbr, t.offset_s, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_zone,
		       tm.tm_gmtoff);
	return ok;
}

TEST(cal_zones_agree_with_libc)
{
	const int64_t from = INT64_C(-2145916800), span = INT64_C(9466848000);   /* 1902..2201 */
	struct err e = { 0 };

	for (int i = 0; i < ZONES; i++) {
		struct cal_zone *z = NULL;
		OK(cal_zone_open(&z, sv_of(zones[i]), &e));
		libc_zone(zones[i]);
		for (int k = 0; k < 1500; k++) {
			int64_t s = from + (int64_t)rng_below(t_rng(), (uint64_t)span), a, b;
			CHECK(same_as_libc(z, s));
			cal_offset(z, s * 1000, &a, &b);
			if (b == INT64_MAX)
				continue;
			CHECK(same_as_libc(z, b / 1000));        /* both sides of the change */
			CHECK(same_as_libc(z, b / 1000 - 1));
		}
		obj_unref(z);
	}
}

/* Local time and back, where the clock reads it once. */
TEST(cal_instant_is_the_way_back)
{
	for (int i = 0; i < ZONES; i++) {
		struct cal_zone *z = NULL;
		OK(cal_zone_open(&z, sv_of(zones[i]), NULL));
		for (int k = 0; k < 500; k++) {
			int64_t ms = (int64_t)rng_below(t_rng(), UINT64_C(4102444800000));
			struct cal_time t, u;
			cal_local(z, ms, &t);
			int64_t back = cal_instant(z, &t);
			cal_local(z, back, &u);
			CHECK(back <= ms && ms - back <= 24 * CAL_HOUR); /* the first of two */
			CHECK(t.day == u.day && t.hour == u.hour && t.minute == u.minute &&
			      t.second == u.second && t.ms == u.ms);
		}
		obj_unref(z);
	}
}

static int64_t at(const struct cal_zone *z, int y, int mo, int d, int h, int mi)
{
	struct cal_time t = { .year = y, .month = mo, .day = d, .hour = h, .minute = mi };

	return cal_instant(z, &t);
}

static int64_t when(const char *rfc3339)
{
	int64_t ms = -1;

	(void)clk_parse_rfc3339(sv_of(rfc3339), &ms);
	return ms;
}

TEST(cal_left_out_and_double_hours)
{
	struct cal_zone *z = NULL;

	OK(cal_zone_open(&z, SV("Europe/Berlin"), NULL));
	EQ(at(z, 2026, 3, 29, 1, 59), when("2026-03-29T00:59:00Z"));
	EQ(at(z, 2026, 3, 29, 2, 30), when("2026-03-29T01:00:00Z"));   /* left out: 03:00 summer */
	EQ(at(z, 2026, 3, 29, 3, 0), when("2026-03-29T01:00:00Z"));
	EQ(at(z, 2026, 10, 25, 2, 30), when("2026-10-25T00:30:00Z"));  /* the first of two */
	EQ(at(z, 2026, 10, 25, 3, 0), when("2026-10-25T02:00:00Z"));
	EQ(at(z, 2061, 10, 30, 2, 30), when("2061-10-30T00:30:00Z"));  /* by the rule */
	obj_unref(z);
	OK(cal_zone_open(&z, SV("Pacific/Apia"), NULL));               /* a whole day left out */
	EQ(at(z, 2011, 12, 30, 12, 0), when("2011-12-30T10:00:00Z"));
	EQ(at(z, 2011, 12, 31, 0, 0), when("2011-12-30T10:00:00Z"));
	obj_unref(z);
}

TEST(cal_zone_that_is_not_there)
{
	static const struct {
		const char *name;
		int code;
		const char *why;
	} rows[] = {
		{ "Asia/Shangai", ERR_NOTFOUND, "tzdata" },
		{ "", ERR_INVAL, "Asia/Shanghai" },
		{ "../../etc/passwd", ERR_INVAL, "no name" },
		{ "/etc/localtime", ERR_INVAL, "no name" },
		{ "Asia", ERR_NOTFOUND, "Asia" },
		{ "tzdata.zi", ERR_INVAL, "no name" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct cal_zone *z = NULL;
		struct err e = { 0 };
		EQ(cal_zone_open(&z, sv_of(rows[i].name), &e), rows[i].code);
		HAS(sv_of(e.msg), rows[i].why);
		CHECK(z == NULL);
	}
}

/* Every cut and many changed bytes of a real file: an error or a zone, never more. */
TEST(cal_zone_damaged_files)
{
	struct sb b;
	int good = 0;

	sb_init(&b, 1u << 20);
	OK(file_read("/usr/share/zoneinfo/America/New_York", 1u << 20, &b, NULL));
	for (size_t n = 0; n < b.n; n++) {
		struct cal_zone *z = NULL;
		char *copy = xalloc(n + 1);      /* its end is the end, for ASan */
		memcpy(copy, b.p, n);
		if (cal_zone_parse(&z, SV("x"), sv_n(copy, n), NULL) == 0)
			good++;
		obj_unref(z);
		xfree(copy);
	}
	bool sound = good == 0;
	for (int k = 0; k < 3000; k++) {
		struct cal_zone *z = NULL;
		struct cal_time t;
		size_t i = rng_below(t_rng(), b.n);
		char old = b.p[i];
		b.p[i] = (char)rng_below(t_rng(), 256);
		if (cal_zone_parse(&z, SV("x"), sb_sv(&b), NULL) == 0) {
			cal_local(z, (int64_t)rng_u64(t_rng()), &t);
			sound &= t.month >= 1 && t.month <= 12 && t.day >= 1 && t.day <= 31;
			(void)cal_instant(z, &t);
		}
		obj_unref(z);
		b.p[i] = old;
	}
	sb_done(&b);
	CHECK(sound);
}

/* ---- calendars ---- */

static struct cal *cal_of(const char *json, struct err *e)
{
	struct cal *c = NULL;
	jv *spec = jv_parse(sv_of(json), e);

	if (spec)
		(void)cal_new(&c, SV("test"), spec, e);
	jv_free(spec);
	return c;
}

static const char office[] =
	"{\"zone\":\"Asia/Shanghai\",\"day\":\"8h\",\"week\":{\"mon-fri\":[\"09:00-12:00\","
	"\"13:00-18:00\"]},\"closed\":[\"2026-10-01..2026-10-07\",\"2026-10-10\"],\"make_up\":["
	"\"2026-10-10\"],\"special\":{\"2026-10-09\":[\"09:00-12:00\"]}}";

TEST(cal_office_hours_by_hand)
{
	struct err e = { 0 };
	struct cal *c = cal_of(office, &e);

	STR_EQ(e.msg, "");
	CHECK(c != NULL);
	const int64_t wed = when("2026-09-30T17:00:00+08:00");
	EQ(cal_add(c, wed, CAL_HOUR), when("2026-09-30T18:00:00+08:00"));
	EQ(cal_add(c, wed, CAL_HOUR + 1), when("2026-10-08T09:00:00.001+08:00"));
	EQ(cal_add(c, wed, 9 * CAL_HOUR), when("2026-10-08T18:00:00+08:00"));
	EQ(cal_add(c, wed, 12 * CAL_HOUR), when("2026-10-09T12:00:00+08:00"));  /* a short day */
	EQ(cal_add(c, wed, 13 * CAL_HOUR), when("2026-10-10T10:00:00+08:00"));  /* made up */
	EQ(cal_add(c, wed, 0), wed);
	EQ(cal_between(c, wed, when("2026-10-10T10:00:00+08:00")), 13 * CAL_HOUR);
	EQ(cal_between(c, wed, wed - 1), 0);
	EQ(cal_next(c, when("2026-09-30T12:30:00+08:00")), when("2026-09-30T13:00:00+08:00"));
	EQ(cal_next(c, when("2026-09-30T18:00:00+08:00")), when("2026-10-08T09:00:00+08:00"));
	CHECK(cal_open(c, when("2026-10-10T09:00:00+08:00")));
	CHECK(!cal_open(c, when("2026-10-11T09:00:00+08:00")));
	EQ(cal_day_ms(c), 8 * CAL_HOUR);
	int64_t ms = 0;
	OK(cal_span(c, SV("5d"), &ms));
	EQ(ms, 40 * CAL_HOUR);
	OK(cal_span(c, SV("90m"), &ms));
	EQ(ms, 90 * CAL_MINUTE);
	EQ(cal_span(c, SV("5"), &ms), ERR_PARSE);
	EQ(cal_span(c, SV("-5d"), &ms), ERR_PARSE);
	EQ(cal_span(c, SV("5w"), &ms), ERR_PARSE);
	obj_unref(c);
}

TEST(cal_always_and_never)
{
	struct cal *c = cal_always();

	EQ(cal_add(c, 12345, 99), 12444);
	EQ(cal_between(c, -500, CAL_DAY * 400), CAL_DAY * 400 + 500);
	CHECK(cal_open(c, 77));
	obj_unref(c);
	c = cal_of("{\"zone\":\"UTC\",\"week\":{\"mon-sun\":[]}}", NULL);
	CHECK(c != NULL);
	CHECK(cal_add(c, 0, 1) == CAL_NEVER);
	CHECK(cal_next(c, 0) == CAL_NEVER);
	EQ(cal_between(c, 0, CAL_DAY * 1000), 0);
	obj_unref(c);
}

TEST(cal_faults_are_told)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{ "{\"zone\":\"UTC\"}", "week" },
		{ "{\"zone\":\"Mars/Base\",\"week\":{\"mon\":[]}}", "Mars/Base" },
		{ "{\"zone\":\"UTC\",\"week\":{\"monday\":[]}}", "week.monday" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon-wed\":[],\"tue\":[]}}", "twice" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[\"9:00-18:00\"]}}", "week.mon[0]" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[\"18:00-09:00\"]}}", "over midnight" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[\"09:00-12:00\",\"11:00-13:00\"]}}",
		  "mon[1]" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[\"09:00-24:30\"]}}", "mon[0]" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[]},\"closed\":[\"2026-02-30\"]}",
		  "closed[0]" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[]},\"closed\":[\"2026-03-02..2026-03-"
		  "01\"]}",
		  "closed[0]" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[]},\"special\":{\"soon\":[]}}",
		  "special.soon" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[]},\"day\":\"25h\"}", "day" },
		{ "{\"zone\":\"UTC\",\"week\":{\"mon\":[]},\"weak\":1}", "weak" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct err e = { 0 };
		CHECK(cal_of(rows[i].json, &e) == NULL);
		HAS(sv_of(e.msg), rows[i].why);
	}
}

/* ---- the oracle: every minute asks libc and the plain tables below ---- */

struct plain {
	int n[7], from[7][4], to[7][4];      /* minutes, from Monday */
	int special_n;
	struct { int y, m, d, n, from, to; } special[24];
};

static bool plain_open(const struct plain *p, int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;
	localtime_r(&s, &tm);
	int minute = tm.tm_hour * 60 + tm.tm_min, day = (tm.tm_wday + 6) % 7;
	for (int i = 0; i < p->special_n; i++)
		if (p->special[i].y == tm.tm_year + 1900 && p->special[i].m == tm.tm_mon + 1 &&
		    p->special[i].d == tm.tm_mday)
			return p->special[i].n && minute >= p->special[i].from &&
			       minute < p->special[i].to;
	for (int i = 0; i < p->n[day]; i++)
		if (minute >= p->from[day][i] && minute < p->to[day][i])
			return true;
	return false;
}

static int span(int from, int room)
{
	return from + 1 + (int)rng_below(t_rng(), (uint64_t)room);
}

static void put_hours(struct sb *b, int from, int to)
{
	sb_fmt(b, "\"%02d:%02d-%02d:%02d\"", from / 60, from % 60, to / 60, to % 60);
}

static void plain_week(struct plain *p, struct sb *b)
{
	static const char *const names[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
	sb_cstr(b, "\"week\":{");
	for (int d = 0; d < 7; d++) {
		sb_fmt(b, "%s\"%s\":[", d ? "," : "", names[d]);
		int minute = (int)rng_below(t_rng(), 600);
		for (int i = 0; i < 4 && minute < 1430 && rng_below(t_rng(), 4); i++) {
			int to = span(minute, 1440 - minute);
			p->from[d][i] = minute;
			p->to[d][i] = to;
			p->n[d]++;
			sb_cstr(b, i ? "," : "");
			put_hours(b, minute, to);
			minute = span(to, 200);
		}
		sb_ch(b, ']');
	}
	sb_ch(b, '}');
}

static void plain_special(struct plain *p, int64_t around, struct sb *b)
{
	int64_t first = around / CAL_DAY - 2;
	sb_cstr(b, ",\"special\":{");
	for (int k = 0; k < 20; k++) {
		struct cal_time t;
		if (rng_below(t_rng(), 3))
			continue;
		cal_date(first + k, &t);
		int from = (int)rng_below(t_rng(), 1439), to = span(from, 1440 - from);
		int n = (int)rng_below(t_rng(), 2), i = p->special_n++;
		p->special[i].y = t.year;
		p->special[i].m = t.month;
		p->special[i].d = t.day;
		p->special[i].n = n;
		p->special[i].from = from;
		p->special[i].to = to;
		sb_fmt(b, "%s\"%04d-%02d-%02d\":[", i ? "," : "", t.year, t.month, t.day);
		if (n)
			put_hours(b, from, to);
		sb_ch(b, ']');
	}
	sb_ch(b, '}');
}

/* A minute between 2000 and 2060; every second one is near a change of the clocks. */
static int64_t some_minute(const char *zone)
{
	int64_t s = 946684800 + (int64_t)rng_below(t_rng(), INT64_C(1893456000)), a, b;
	struct cal_zone *z = NULL;
	if (rng_below(t_rng(), 2) && cal_zone_open(&z, sv_of(zone), NULL) == 0) {
		cal_offset(z, s * 1000, &a, &b);
		if (b != INT64_MAX)
			s = b / 1000 - (int64_t)rng_below(t_rng(), 4 * 86400);
	}
	obj_unref(z);
	return s / 60 * CAL_MINUTE;
}

static bool one_calendar(const char *zone)
{
	struct plain p = { 0 };
	struct err e = { 0 };
	struct sb b;
	int64_t from = some_minute(zone), open = 0, first = CAL_NEVER;
	int minutes = 1 + (int)rng_below(t_rng(), 9 * 1440);
	libc_zone(zone);
	sb_init(&b, 1u << 16);
	sb_fmt(&b, "{\"zone\":\"%s\",", zone);
	plain_week(&p, &b);
	plain_special(&p, from, &b);
	sb_ch(&b, '}');
	struct cal *c = cal_of(sb_str(&b), &e);
	int64_t want = (int64_t)rng_below(t_rng(), (uint64_t)minutes) * CAL_MINUTE, due = -1;
	for (int64_t t = from; c && t < from + minutes * CAL_MINUTE; t += CAL_MINUTE) {
		if (!plain_open(&p, t))
			continue;
		first = first == CAL_NEVER ? t : first;
		open += CAL_MINUTE;
		if (open == want)
			due = t + CAL_MINUTE;
	}
	int64_t to = from + minutes * CAL_MINUTE;
	bool ok = c && cal_between(c, from, to) == open && (want == 0 || due < 0 ||
							      cal_add(c, from, want) == due) &&
		  (first == CAL_NEVER ? cal_next(c, from) >= to : cal_next(c, from) == first);
	if (!ok)
		printf("# from %lld, %d minutes: open %lld, due %lld, is %lld %lld\n# %s %s\n",
		       (long long)from, minutes, (long long)open, (long long)due,
		       (long long)(c ? cal_between(c, from, to) : 0),
		       (long long)(c ? cal_add(c, from, want) : 0), sb_str(&b), e.msg);
	obj_unref(c);
	sb_done(&b);
	return ok;
}

TEST(cal_agrees_with_a_walk_by_minutes)
{
	static const char *const some[] = { "Europe/Berlin", "America/New_York", "Asia/Shanghai",
					    "Australia/Lord_Howe", "America/Havana" };

	for (int i = 0; i < 300; i++)
		CHECK(one_calendar(some[i % 5]));
}

/* Adding and measuring are each other's way back, and time goes one way. */
TEST(cal_add_and_between_fit)
{
	struct cal *c = cal_of(office, NULL);

	CHECK(c != NULL);
	for (int i = 0; i < 2000; i++) {
		int64_t from = when("2026-09-01T00:00:00Z") +
			       (int64_t)rng_below(t_rng(), 60 * CAL_DAY);
		int64_t n = (int64_t)rng_below(t_rng(), 90 * CAL_HOUR), m = n / 3;
		int64_t due = cal_add(c, from, n);
		EQ(cal_between(c, from, due), n);
		CHECK(n == 0 || cal_between(c, from, due - 1) < n);
		if (m)
			EQ(cal_add(c, cal_add(c, from, m), n - m), due);
	}
	obj_unref(c);
}
