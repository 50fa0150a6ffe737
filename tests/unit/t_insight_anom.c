/* Anomalies: chance is not told, what was put in is; nothing looks ahead; facts lead to them. */
#include <math.h>
#include <stdlib.h>
#include "t_insight_help.h"
#include "ins_anom.h"

enum { WEEKS = 12, HOURS = WEEKS * 168 };

static double poisson(struct rng *r, double mean)
{
	double l = exp(-mean), p = 1;
	int k = 0;
	if (mean > 30) {
		double v = mean + sqrt(mean) * rng_normal(r);
		return v > 0 ? floor(v + 0.5) : 0;
	}
	do {
		k++;
		p *= rng_unit(r);
	} while (p > l);
	return k - 1;
}

static double usual(size_t h)
{
	double hour = (double)(h % 24), day = (double)(h / 24 % 7);
	return (day < 5 ? 40 : 12) * exp(-(hour - 13) * (hour - 13) / 30);
}

TEST(insight_anomalies_of_chance_are_few)
{
	static double x[HOURS], z[HOURS], e[HOURS];
	struct ins_anom_run runs[50];
	size_t told = 0, judged = 0;
	for (int round = 0; round < 10; round++) {
		for (size_t h = 0; h < HOURS; h++)
			x[h] = poisson(t_rng(), usual(h));
		ins_anom_scores(x, HOURS, 168, INS_ANOM_BACK, z, e);
		told += ins_anom_runs(z, HOURS, 3, INS_ANOM_LIMIT, runs, 50);
		judged += WEEKS - 3;
	}
	printf("# %zu told in %zu weeks of chance\n", told, judged);
	CHECK(told * 4 <= judged);
}

TEST(insight_anomalies_that_are_there_are_found)
{
	static double x[HOURS], z[HOURS], e[HOURS];
	struct ins_anom_run runs[50];
	size_t at = 11 * 168 + 36, out = 10 * 168 + 60, found = 0;
	for (size_t h = 0; h < HOURS; h++)
		x[h] = poisson(t_rng(), usual(h));
	for (size_t h = 0; h < 4; h++) {
		x[at + h] *= 2.2;
		x[out + h] = 0;              /* nobody got through */
	}
	ins_anom_scores(x, HOURS, 168, INS_ANOM_BACK, z, e);
	size_t n = ins_anom_runs(z, HOURS, 3, INS_ANOM_LIMIT, runs, 50);
	for (size_t i = 0; i < n; i++) {
		found |= runs[i].z > 0 && runs[i].from <= at + 3 && runs[i].to > at ? 1 : 0;
		found |= runs[i].z < 0 && runs[i].from <= out + 3 && runs[i].to > out ? 2 : 0;
	}
	EQ(found, 3);
	CHECK(fabs(e[at] - usual(at)) < 12);
}

TEST(insight_anomalies_look_at_nothing_ahead)
{
	static double x[HOURS], z[HOURS], e[HOURS], z2[HOURS], e2[HOURS];
	size_t cut = 9 * 168 + 5;
	for (size_t h = 0; h < HOURS; h++)
		x[h] = poisson(t_rng(), usual(h));
	ins_anom_scores(x, HOURS, 168, INS_ANOM_BACK, z, e);
	for (size_t h = cut + 1; h < HOURS; h++)
		x[h] = 1e6;
	ins_anom_scores(x, HOURS, 168, INS_ANOM_BACK, z2, e2);
	EQ(memcmp(z, z2, (cut + 1) * sizeof(*z)), 0);
	CHECK(isnan(z[2 * 168 + 3]) && !isnan(z[3 * 168]));
}

/* Six conversations an hour of every day; in one morning thirty, all of them angry that day. */
TEST(insight_anomalies_of_the_facts_lead_to_interactions)
{
	struct iw w;
	struct sb b;
	bool volume = false, mood = false;
	int64_t bad = IW_BEGIN + 33 * INS_DAY_MS;
	CHECK(iw_up(&w, 1));
	for (int h = 9 + 24 * 3; h < 24 * 35; h++) {
		int n = h % 24 < 9 || h % 24 > 15 ? 0 : 6;
		bool peak = h >= 33 * 24 + 9 && h < 33 * 24 + 12, angry = h >= 33 * 24;
		for (int i = 0; i < (peak ? 30 : n) && h < 34 * 24; i++) {
			w.now = IW_BEGIN + h * INT64_C(3600000) + i * 60000;
			(void)snprintf(w.talk, sizeof(w.talk), "a%05d", w.talks++);
			w.seq = 0;
			iw_row(&w, true, "conversation.opened", "{\"channel\":\"phone\"}");
			iw_row(&w, true, "turn.customer",
			       "{\"text\":\"x\",\"mood\":{\"turn_valence\":%.2f}}",
			       angry ? -0.9 : 0.1 + 0.01 * (i % 3));
		}
	}
	OK(iw_fold(&w));
	sb_init(&b, LIM_SB);
	OK(ins_anomalies_json(w.db,
			      &(struct ins_anom_opts){ .now_ms = bad + INS_DAY_MS + 3600000 },
			      &b));
	jv *all = jv_parse(sb_sv(&b), NULL), *items = jv_get(all, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *x = jv_at(items, i);
		SV_EQ(jv_get_str(x, "channel"), "phone");
		HAS(jv_get_str(x, "from"), "2026-12-04");
		volume |= sv_eq(jv_get_str(x, "says"), SV("more"));
		mood |= sv_eq(jv_get_str(x, "says"), SV("worse"));
		struct ins_ask *a = NULL;
		struct sb drill;
		sb_init(&drill, 4u << 20);
		OK(ins_ask_new(&a, jv_get(x, "question"), &(struct ins_ask_opts){ 0 }, NULL));
		OK(ins_drill_json(w.db, a, SV(""), &drill));
		HAS(sb_sv(&drill), "\"conversation_id\":\"a0");
		sb_done(&drill);
		ins_ask_free(a);
	}
	if (!volume || !mood)
		printf("# %s\n", sb_str(&b));
	CHECK(volume && mood);
	jv_free(all);
	sb_done(&b);
	iw_down(&w);
}

static int sql(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

/* Fourteen channels around the clock are more rows than one report may have. */
TEST(insight_anomalies_of_many_channels)
{
	static const char rows[] =
		"INSERT INTO ins_fact (id, kind, day, start_ms, channel, interactions) WITH "
		"RECURSIVE h(h) AS (SELECT 0 UNION ALL SELECT h+1 FROM h WHERE h<1800), "
		"c(c) AS (SELECT 0 UNION ALL SELECT c+1 FROM c WHERE c<13) SELECT h||'-'||c, 0, "
		"20758+h/24, 1793491200000+h*3600000, 'ch'||c, 100 + CASE "
		"WHEN c=5 AND h BETWEEN 1700 AND 1705 THEN 2057 ELSE 0 END FROM h, c;"
		"INSERT INTO ins_day (day) SELECT DISTINCT day FROM ins_fact";
	struct iw w;
	struct sb b;
	CHECK(iw_up(&w, 1));
	OK(store_write(w.st, sql, (void *)(uintptr_t)rows, NULL, NULL));
	OK(store_flush(w.st));
	sb_init(&b, LIM_SB);
	OK(ins_anomalies_json(
		w.db, &(struct ins_anom_opts){ .now_ms = IW_BEGIN + 1800 * INT64_C(3600000) }, &b));
	jv *all = jv_parse(sb_sv(&b), NULL), *items = jv_get(all, "items");
	EQ(jv_len(items), 1);
	SV_EQ(jv_as_str(jv_path(items, "0.channel")), "ch5");
	HAS(sb_sv(&b), "\"value\":13342,");
	jv_free(all);
	sb_done(&b);
	iw_down(&w);
}

/* A hundred calls an hour from nine to noon by New York's clock, which goes back an hour on 1
 * November: nothing is unusual there, all of it is in UTC. */
TEST(insight_anomalies_by_the_clock_of_the_company)
{
	static const char rows[] =
		"INSERT INTO ins_fact (id, kind, day, start_ms, channel, interactions) WITH "
		"RECURSIVE d(d) AS (SELECT 20698 UNION ALL SELECT d+1 FROM d WHERE d<20762), "
		"h(h) AS (SELECT 13 UNION ALL SELECT h+1 FROM h WHERE h<15) SELECT d||'-'||h, 0, "
		"d, d*86400000+(h+(d>=20758))*3600000, 'phone', 100 FROM d, h;"
		"INSERT INTO ins_day (day) SELECT DISTINCT day FROM ins_fact";
	struct iw w;
	struct sb b;
	struct ins_anom_opts o = { .now_ms = IW_BEGIN + 5 * INS_DAY_MS };
	CHECK(iw_up(&w, 1));
	OK(store_write(w.st, sql, (void *)(uintptr_t)rows, NULL, NULL));
	OK(store_flush(w.st));
	sb_init(&b, LIM_SB);
	OK(ins_anomalies_json(w.db, &o, &b));
	HAS(sb_sv(&b), "\"says\":\"more\"");
	sb_reset(&b);
	o.zone = "America/New_York";
	OK(ins_anomalies_json(w.db, &o, &b));
	HAS(sb_sv(&b), "\"items\":[]");
	HAS(sb_sv(&b), "{\"zone\":\"America/"
		       "New_York\",\"from\":\"2026-10-29T04:00:00.000Z\",\"to\":\"2026-11-"
		       "06T00:00:00.000Z\"");
	sb_done(&b);
	iw_down(&w);
}

/* A hundred in each hour: neither the one that New York's clocks leave out on 8 March 2026 nor the
 * one that comes twice on 1 November is told. */
TEST(insight_anomalies_when_clocks_change)
{
	static const char *const rows[] = {
		"INSERT INTO ins_fact (id, kind, day, start_ms, channel, interactions) WITH "
		"RECURSIVE h(h) AS (SELECT 20460*24 UNION ALL SELECT h+1 FROM h WHERE "
		"h<20522*24) SELECT 's'||h, 0, h/24, h*3600000, 'phone', 100 FROM h;"
		"INSERT INTO ins_day (day) SELECT DISTINCT day FROM ins_fact",
		"INSERT INTO ins_fact (id, kind, day, start_ms, channel, interactions) WITH "
		"RECURSIVE h(h) AS (SELECT 20700*24 UNION ALL SELECT h+1 FROM h WHERE "
		"h<20762*24) SELECT 'a'||h, 0, h/24, h*3600000, 'phone', 100 FROM h;"
		"INSERT OR IGNORE INTO ins_day (day) SELECT DISTINCT day FROM ins_fact",
	};
	static const int64_t day[] = { 20522, 20762 };
	struct iw w;
	struct sb b;
	CHECK(iw_up(&w, 1));
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 2; i++) {
		struct ins_anom_opts o = { .now_ms = day[i] * INS_DAY_MS,
					   .zone = "America/New_York" };
		OK(store_write(w.st, sql, (void *)(uintptr_t)rows[i], NULL, NULL));
		OK(store_flush(w.st));
		sb_reset(&b);
		OK(ins_anomalies_json(w.db, &o, &b));
		HAS(sb_sv(&b), "\"items\":[]");
	}
	sb_done(&b);
	iw_down(&w);
}
