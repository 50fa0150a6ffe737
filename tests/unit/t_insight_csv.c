/* Counts from CSV: the grid by the calendar, and every doubt named by its line. */
#include <math.h>
#include <stdio.h>
#include "t.h"
#include "ins_series.h"

#define LLVMFuzzerTestOneInput fuzz_csv
#include "../fuzz/f_insight_csv.c"
#undef LLVMFuzzerTestOneInput

static struct ins_series *read_csv(const char *text, int period_min, bool skip,
				   const struct cal_zone *zone, struct ins_csv_report *rep,
				   struct err *e)
{
	struct ins_series *s = NULL;
	struct ins_csv_opts o = { .period_min = period_min, .skip = skip, .zone = zone };
	return ins_series_read(&s, sv_of(text), &o, rep, e) ? NULL : s;
}

/* A file of half hours, 09:00 to 10:00, two days, with this line in the middle. */
static const char *with(const char *line)
{
	static char text[600];
	snprintf(text, sizeof(text),
		 "ts,value\n2026-11-02 09:00,10\n2026-11-02 09:30,20\n%s\n2026-11-03 09:00,11\n"
		 "2026-11-03 09:30,21\n2026-11-03 10:00,31\n",
		 line);
	return text;
}

TEST(insight_csv_grid)
{
	struct ins_csv_report rep;
	struct err e;
	struct ins_series *s = read_csv("datetime,calls\r\n2026-11-02 09:00:00,10\r\n"
					"2026-11-02 09:30:00,20\r\n2026-11-02 10:00:00,5\r\n"
					"2026-11-04T09:30,7\r\n2026-11-04 09:00,6\r\n",
					30, false, NULL, &rep, &e);
	CHECK(s);
	EQ(s->days, 3);
	EQ(s->slots, 48);
	EQ(s->first, cal_days(2026, 11, 2));
	NEAR(ins_series_at(s, 0, 18), 10, 0);
	NEAR(ins_series_at(s, 2, 19), 7, 0);
	CHECK(isnan(ins_series_at(s, 2, 20)) && !ins_series_open(s, 1) && ins_series_open(s, 2));
	EQ(s->lo, 18);
	EQ(s->hi, 21);
	EQ(rep.used, 5);
	EQ(rep.notes, 1);           /* a day is missing; the evening is no gap */
	obj_unref(s);
	/* hours: 10 o'clock has one half of two, so its sum is not known */
	s = read_csv(with("2026-11-02 10:00,30"), 60, false, NULL, &rep, &e);
	CHECK(s);
	NEAR(ins_series_at(s, 0, 9), 30, 0);
	CHECK(isnan(ins_series_at(s, 0, 10)));
	obj_unref(s);
}

TEST(insight_csv_names_every_fault)
{
	static const struct {
		const char *line, *what;
	} row[] = {
		{ "2026-11-02 10:00,-3", "line 4: -3 is negative" },
		{ "2026-11-02 10:00,many", "line 4: \"many\" is no number" },
		{ "2026-11-02 10:00", "line 4: \"\" is no number" },
		{ "2026-11-02 10:00,nan", "no number" },
		{ "2026-02-30 10:00,3", "line 4: \"2026-02-30 10:00\" is no time like" },
		{ "02/11/2026 10:00,3", "is no time like" },
		{ "2026-11-02 25:00,3", "is no time like" },
		{ "2026-11-02 09:30,20", "line 4: the time of line 3 again" },
		{ "2026-11-02 10:00+08:00,3", "line 4: an offset, other than the first line" },
		{ "2196-11-02 10:00,3", "line 4: years away from the other lines" },
		{ "2026-11-02 10:07,3", "line 4: not on the file's rhythm of 30 minutes" },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct ins_csv_report rep;
		struct err e = { 0 };
		CHECK(!read_csv(with(row[i].line), 30, false, NULL, &rep, &e));
		EQ(e.code, ERR_PARSE);
		HAS(sv_of(e.msg), row[i].what);
		EQ(rep.faults, 1);
		EQ(rep.fault[0].line, 4);
		/* left out when that is wished, and nothing in its place */
		struct ins_series *s = read_csv(with(row[i].line), 30, true, NULL, &rep, &e);
		CHECK(s);
		CHECK(isnan(ins_series_at(s, 0, 20)));
		NEAR(ins_series_at(s, 0, 19), 20, 0);
		EQ(rep.faults, 1);
		obj_unref(s);
	}
}

/* Commas within quotes are no columns; quotes that do not end are a fault, not another number. */
TEST(insight_csv_quotes)
{
	struct ins_series *s = NULL;
	struct ins_csv_report rep;
	struct err e = { 0 };
	struct ins_csv_opts o = { .period_min = 30, .column = "aht" };
	OK(ins_series_read(
		&s,
		SV("ts,queue,calls,aht\n2026-11-02 09:00,\"Sales, EU\",12,300\n"
		   "\"2026-11-02 09:30\", \"the \"\"big\"\", \"\"one\"\"\",12,400\n"),
		&o, &rep, &e));
	NEAR(ins_series_at(s, 0, 18), 300, 0);
	NEAR(ins_series_at(s, 0, 19), 400, 0);
	obj_unref(s);
	EQ(ins_series_read(&s, SV("ts,queue,calls,aht\n2026-11-02 09:00,a,12,300\n"
				  "2026-11-02 09:30,\"b,12,300\n"), &o, &rep, &e), ERR_PARSE);
	HAS(sv_of(e.msg), "line 3: \"\" is no number");
}

TEST(insight_csv_the_first_line_off_the_rhythm)
{
	struct ins_csv_report rep;
	struct err e = { 0 };
	CHECK(!read_csv("ts,v\n2026-11-02 08:47,10\n2026-11-02 09:00,10\n2026-11-02 09:30,20\n"
			"2026-11-02 10:00,30\n", 30, false, NULL, &rep, &e));
	HAS(sv_of(e.msg), "line 2: not on the file's rhythm of 30 minutes");
}

TEST(insight_csv_absurd_value)
{
	struct sb b;
	struct ins_csv_report rep;
	struct err e;
	sb_init(&b, 1 << 16);
	sb_cstr(&b, "ts,value\n");
	for (int i = 0; i < 48; i++)
		sb_fmt(&b, "2026-11-02 %02d:%02d,%d\n", i / 2, i % 2 * 30,
		       i == 30 ? 990000 : 50 + i);
	CHECK(!read_csv(sb_str(&b), 30, false, NULL, &rep, &e));
	HAS(sv_of(e.msg), "line 32: 990000 is over a hundred times what is usual");
	sb_done(&b);
}

/* Berlin: 02:30 is left out on 29 March 2026 and comes twice on 25 October. */
TEST(insight_csv_zones)
{
	struct cal_zone *z = NULL;
	struct ins_csv_report rep;
	struct err e = { 0 };
	if (cal_zone_open(&z, SV("Europe/Berlin"), &e))
		SKIP("no time zones here");
	CHECK(!read_csv("ts,v\n2026-03-29 01:30,4\n2026-03-29 02:30,5\n2026-03-29 03:00,6\n"
			"2026-03-29 03:30,1\n", 30, false, z, &rep, &e));
	HAS(sv_of(e.msg), "line 3: the clocks of Europe/Berlin leave this time out");
	struct ins_series *s = read_csv("ts,v\n2026-10-25T00:00Z,4\n2026-10-25T00:30Z,5\n"
					"2026-10-25T01:00Z,8\n2026-10-25T01:30Z,9\n"
					"2026-10-25T02:00Z,1\n", 30, false, z, &rep, &e);
	CHECK(s);
	NEAR(ins_series_at(s, 0, 4), 6, 0);     /* 02:00 twice: 4 and 8 */
	NEAR(ins_series_at(s, 0, 5), 7, 0);
	NEAR(ins_series_at(s, 0, 6), 1, 0);     /* 03:00 */
	EQ(rep.notes, 2);
	obj_unref(s);
	CHECK(!read_csv("ts,v\n2026-07-01T09:00+02:00,4\n2026-07-01T09:30+01:00,5\n"
			"2026-07-01T10:00+02:00,5\n", 30, false, z, &rep, &e));
	HAS(sv_of(e.msg), "line 3: the offset is not that of Europe/Berlin then (+120 min)");
	CHECK(!read_csv("ts,v\n2026-07-01T09:00+02:00,4\n2026-07-01T09:30+01:00,5\n"
			"2026-07-01T10:00+02:00,5\n", 30, false, NULL, &rep, &e));
	HAS(sv_of(e.msg), "line 3: another offset than the first line's");
	obj_unref(z);
}

TEST(insight_csv_columns_and_periods)
{
	struct ins_series *s = NULL;
	struct ins_csv_report rep;
	struct err e;
	const sv text = SV("\xef\xbb\xbfts,calls,\"aht\"\n2026-11-02 09:00,10,200\n"
			   "2026-11-02 09:30,20,300\n2026-11-02 10:00,30,100\n");
	struct ins_csv_opts o = { .period_min = 60, .column = "aht", .mean = true };
	OK(ins_series_read(&s, text, &o, &rep, &e));
	NEAR(ins_series_at(s, 0, 9), 250, 0);
	NEAR(ins_series_at(s, 0, 10), 100, 0);
	obj_unref(s);
	o.column = "wait";
	EQ(ins_series_read(&s, text, &o, &rep, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "there is no column \"wait\"");
	o = (struct ins_csv_opts){ .period_min = 45 };
	EQ(ins_series_read(&s, text, &o, &rep, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "45 minutes does not fit");
	EQ(ins_series_read(&s, SV(""), &o, &rep, &e), ERR_PARSE);
	EQ(ins_series_read(&s, SV("ts,v\n"), &o, &rep, &e), ERR_PARSE);
}

/* The corpus as it is and with small damage. */
static int each(void *arg, const char *path)
{
	static const char nasty[] = "\",:-+ZT \n\r9.e\xff#";
	struct sb b, m;
	sb_init(&b, 1 << 20);
	sb_init(&m, 1 << 20);
	ASSERT(file_read(path, 1 << 20, &b, NULL) == 0);
	for (int i = 0; i < 12; i++) {
		sb_reset(&m);
		sb_put(&m, sb_sv(&b));
		for (int k = 0; k < i && m.n; k++)
			m.p[rng_below(t_rng(), m.n)] = nasty[rng_below(t_rng(), sizeof(nasty) - 1)];
		(void)fuzz_csv((const uint8_t *)m.p, m.n);
	}
	++*(int *)arg;
	sb_done(&b);
	sb_done(&m);
	return 0;
}

TEST(insight_csv_corpus)
{
	char dir[400];
	int files = 0;
	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/insight_csv", t_srcdir());
	OK(file_walk(dir, each, &files));
	CHECK(files >= 8);
}
