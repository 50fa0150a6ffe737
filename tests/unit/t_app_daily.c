/* t_app_daily.c: what is done once a day at a time of the company's clock. */
#include "app_daily.h"
#include "app_night.h"

#include <string.h>

#include "t.h"

static int64_t at(const char *text)
{
	int64_t ms = 0;
	return clk_parse_rfc3339(sv_of(text), &ms) ? -1 : ms;
}

static int open_at(struct app_daily *d, const char *minute, const char *now)
{
	struct err e = { 0 };
	return app_daily_open(d, sv_of(minute), SV("Asia/Shanghai"), "night.at", at(now), &e);
}

/* Three in the morning in Shanghai is seven in the evening of the day before in UTC. */
TEST(app_daily_comes_once_a_night)
{
	static const struct {
		const char *now;
		bool due;
	} before[] = {
		{ "2026-01-05T18:59:59Z", false }, { "2026-01-05T19:00:00Z", true },
		{ "2026-01-05T19:00:01Z", false }, { "2026-01-06T02:59:00Z", false },
		{ "2026-01-06T15:59:00Z", false }, { "2026-01-06T16:30:00Z", false },
		{ "2026-01-06T20:10:00Z", true },  { "2026-01-06T20:11:00Z", false },
	}, after[] = {
		{ "2026-01-05T19:30:01Z", false }, { "2026-01-06T03:00:00Z", false },
		{ "2026-01-06T18:59:00Z", false }, { "2026-01-06T19:00:00Z", true },
		{ "2026-01-06T19:00:01Z", false },
	};
	struct app_daily d;
	OK(open_at(&d, "03:00", "2026-01-05T18:00:00Z"));
	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		EQ(app_daily_due(&d, at(before[i].now)), before[i].due);
	app_daily_done(&d);
	/* opened half an hour too late: what was missed waits for the next night */
	OK(open_at(&d, "03:00", "2026-01-05T19:30:00Z"));
	for (size_t i = 0; i < sizeof(after) / sizeof(*after); i++)
		EQ(app_daily_due(&d, at(after[i].now)), after[i].due);
	app_daily_done(&d);
	/* and never where nobody named an hour */
	OK(open_at(&d, "", "2026-01-05T18:00:00Z"));
	EQ(app_daily_due(&d, at("2026-01-05T19:00:00Z")), false);
	app_daily_done(&d);
}

TEST(app_daily_times)
{
	struct app_daily d;
	EQ(app_daily_minute(SV("03:00")), 180);
	EQ(app_daily_minute(SV("23:59")), 1439);
	EQ(app_daily_minute(SV("")), -1);
	EQ(app_daily_minute(SV("24:00")), -2);
	EQ(app_daily_minute(SV("3")), -2);
	EQ(app_daily_minute(SV("3:x")), -2);
	EQ(open_at(&d, "late", "2026-01-05T18:00:00Z"), ERR_INVAL);
	app_daily_done(&d);
}

TEST(app_night_wants_a_time_of_day)
{
	struct err e = { 0 };
	struct app_night *s = NULL;
	jv *cfg = jv_parse(SV("{\"night\":{\"at\":\"late\"}}"), NULL);
	EQ(app_night_open(&s, &(struct app_night_opts){ .cfg = cfg }, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "night.at");
	CHECK(!s);
	jv_free(cfg);
}
