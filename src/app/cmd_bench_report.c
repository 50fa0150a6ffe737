/* cmd_bench_report.c: `callm bench report`: how fast reports answer over many interactions.
 *
 * A year of made-up interactions goes into a river of its own (four rows each, three of ten with a
 * stay in a queue), facts follow it, days are packed; then reports are asked, each a few times, and
 * the median counts. One thread asks. */
#include "app_int.h"
#include "ins_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DAYS = 365, RUNS = 5 };
#define BEGIN_MS INT64_C(1735689600000)      /* 2025-01-01 */

struct report_bench {
	struct store *st;
	struct rng rng;
	int64_t n, rows;
};

static int put(struct report_bench *b, const char *id, int64_t seq, int64_t ts, const char *kind,
	       const char *body)
{
	struct store_event ev = { .ts_ms = ts,
				  .seq = seq,
				  .kind = sv_of(kind),
				  .actor = SV("system"),
				  .body = sv_of(body) };
	int rc;
	if (seq)
		ev.conversation = sv_of(id);
	b->rows++;
	while ((rc = store_append(b->st, &ev, NULL, NULL, NULL)) == ERR_FULL)
		usleep(2000);
	return rc;
}

static int stay(struct report_bench *b, const char *id, int64_t ts)
{
	char s[300];
	int q = (int)rng_below(&b->rng, 12), agent = (int)rng_below(&b->rng, 200), rc;
	int waited = (int)rng_below(&b->rng, 60000), talk = 30000 + (int)rng_below(&b->rng, 400000);
	(void)snprintf(s, sizeof(s),
		       "{\"handover\":\"h%s\",\"conversation\":\"%s\",\"queue\":\"q%d\"}", id,
		       id, q);
	rc = put(b, id, 0, ts, "queue.entered", s);
	(void)snprintf(s, sizeof(s),
		       "{\"handover\":\"h%s\",\"conversation\":\"%s\",\"queue\":\"q%d\","
		       "\"agent\":\"agent%d\",\"waited_ms\":%d}",
		       id, id, q, agent, waited);
	rc = rc ? rc : put(b, id, 0, ts + waited, "queue.accepted", s);
	(void)snprintf(s, sizeof(s),
		       "{\"handover\":\"h%s\",\"conversation\":\"%s\",\"queue\":\"q%d\","
		       "\"agent\":\"agent%d\",\"how\":\"ended\",\"talk_ms\":%d,\"hold_ms\":0}",
		       id, id, q, agent, talk);
	return rc ? rc : put(b, id, 0, ts + waited + talk, "queue.ended", s);
}

static int interaction(struct report_bench *b, int64_t i)
{
	static const char *const channels[] = { "phone", "webchat", "email", "sms" };
	char id[32], s[300];
	int64_t ts = BEGIN_MS + i * (DAYS * INS_DAY_MS / b->n);
	int rc;
	(void)snprintf(id, sizeof(id), "%010lld", (long long)i);
	(void)snprintf(s, sizeof(s), "{\"channel\":\"%s\",\"language\":\"%s\"}",
		       channels[rng_below(&b->rng, 4)], rng_below(&b->rng, 2) ? "zh" : "en");
	rc = put(b, id, 1, ts, "conversation.opened", s);
	(void)snprintf(
		s, sizeof(s),
		"{\"text\":\"x\",\"intent\":\"topic%d\",\"mood\":{\"turn_valence\":%.2f}}",
		(int)rng_below(&b->rng, 30), rng_unit(&b->rng) * 2 - 1);
	rc = rc ? rc : put(b, id, 2, ts + 1000, "turn.customer", s);
	(void)snprintf(s, sizeof(s), "{\"text\":\"y\",\"usage\":{\"cost_micros\":%d}}",
		       (int)rng_below(&b->rng, 5000));
	rc = rc ? rc : put(b, id, 3, ts + 2000, "turn.bot", s);
	if (rc == 0 && rng_below(&b->rng, 10) < 3)
		rc = stay(b, id, ts + 3000);
	return rc ? rc : put(b, id, 4, ts + 60000, "conversation.closed", "{\"by\":\"customer\"}");
}

static int fill(struct report_bench *b, jv *o)
{
	struct ins_did did;
	struct ins_packed p = { 0 };
	int64_t t = clk_mono_us(), facts = 0;
	int rc = 0;
	for (int64_t i = 0; i < b->n && rc == 0; i++)
		rc = interaction(b, i);
	rc = rc ? rc : store_flush(b->st);
	jv_set_int(o, "river_rows", b->rows);
	jv_set_num(o, "river_s", (double)(clk_mono_us() - t) / 1e6);
	t = clk_mono_us();
	do {
		rc = rc ? rc : ins_fact_step(b->st, &did);
		facts += rc ? 0 : did.facts;
	} while (rc == 0 && did.more);
	jv_set_int(o, "facts_written", facts);
	jv_set_num(o, "facts_s", (double)(clk_mono_us() - t) / 1e6);
	t = clk_mono_us();
	do
		rc = rc ? rc : ins_pack(b->st, BEGIN_MS + (DAYS + 5) * INS_DAY_MS, &p);
	while (rc == 0 && p.more);
	jv_set_num(o, "pack_s", (double)(clk_mono_us() - t) / 1e6);
	return rc;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static int ask(struct report_bench *b, jv *o, const char *name, const char *json)
{
	const struct ins_ask_opts opts = { .now_ms = BEGIN_MS, .zone = "Asia/Shanghai" };
	struct store_db *db;
	struct err e = { 0 };
	double ms[RUNS];
	size_t rows = 0;
	int rc = store_reader(b->st, &db);
	jv *body = jv_parse(sv_of(json), NULL), *r = jv_obj();
	for (int i = 0; i < RUNS && rc == 0; i++) {
		struct ins_ask *a = NULL;
		struct ins_table *t = NULL;
		int64_t at = clk_mono_us();
		rc = ins_ask_new(&a, body, &opts, &e);
		if (rc == 0)
			rc = ins_table_new(&t, db, a, &e);
		ms[i] = (double)(clk_mono_us() - at) / 1e3;
		rows = rc ? 0 : ins_table_rows(t);
		ins_table_free(t);
		ins_ask_free(a);
	}
	if (rc == 0) {
		qsort(ms, RUNS, sizeof(*ms), by_size);
		jv_set_num(r, "median_ms", ms[RUNS / 2]);
		jv_set_num(r, "most_ms", ms[RUNS - 1]);
		jv_set_int(r, "rows", (int64_t)rows);
	}
	jv_set(o, name, r);
	jv_free(body);
	return rc ? cli_fail("%s", e.msg), rc : 0;
}

static int reports(struct report_bench *b, jv *o)
{
#define YEAR "\"from\":\"2025-01-01\",\"to\":\"2026-01-02\"}"
	static const struct {
		const char *name, *json;
	} asks[] = {
		{ "one_number", "{\"metrics\":[\"interactions\"]," YEAR },
		{ "service_level_by_queue_and_day",
		  "{\"metrics\":[\"service_level\",\"asa\",\"abandon_rate\"],\"rows\":["
		  "\"time\",\"queue\"]," YEAR },
		{ "agents", "{\"metrics\":[\"handled\",\"aht\",\"transfer_rate\"],\"rows\":["
			    "\"agent\"]," YEAR },
		{ "topics_by_channel",
		  "{\"metrics\":[\"interactions\",\"containment\",\"mood_shift\","
		  "\"cost_per_interaction\"],\"rows\":[\"topic\"],\"columns\":"
		  "\"channel\"," YEAR },
		{ "hours_of_the_week",
		  "{\"metrics\":[\"entered\",\"service_level\",\"aht\"],\"rows\":[\"weekday\","
		  "\"hour\"]," YEAR },
		{ "one_month_by_hour",
		  "{\"metrics\":[\"interactions\",\"service_level\"],\"rows\":[\"time\"],"
		  "\"interval\":\"hour\",\"from\":\"2025-06-01\",\"to\":\"2025-07-01\"}" },
	};
	int rc = 0;
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks) && rc == 0; i++)
		rc = ask(b, o, asks[i].name, asks[i].json);
	return rc;
}

static int run(struct report_bench *b, const char *dir, jv *o, struct err *e)
{
	struct rusage ru;
	int rc = store_open(&b->st, &(struct store_opts){ .dir = dir, .group_rows = 4096 }, e);
	jv_set_int(o, "interactions", b->n);
	if (rc == 0)
		rc = fill(b, o);
	if (rc == 0)
		rc = reports(b, o);
	(void)getrusage(RUSAGE_SELF, &ru);
	jv_set_int(o, "max_rss_kb", ru.ru_maxrss);
	return rc;
}

int bench_report_cmd(int argc, char **argv)
{
	struct report_bench b = { .n = 100000 };
	struct err e = { 0 };
	char dir[] = "/tmp/callm-bench-XXXXXX";
	int rest, status;
	const struct cli_opt opts[] = {
		{ "interactions", CLI_INT, &b.n, "in a year (100000)" },
	};
	if (!cli_parse(argc, argv, opts, 1, &rest, &status))
		return status;
	if (rest < argc || b.n < 1000 || b.n > 5000000)
		return cli_fail("bench report --interactions 1000 to 5000000"), 2;
	if (!mkdtemp(dir))
		return cli_fail("no temporary folder");
	rng_seed(&b.rng, 1);
	jv *o = jv_obj();
	int rc = run(&b, dir, o, &e);
	cli_print_json(o);
	store_close(b.st);
	app_desk_remove(dir);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}
