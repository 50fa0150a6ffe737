/* cmd_staff.c: `callm staff`: people that an interval needs, by Erlang C, or A with --patience.
 * Main thread. */
#include "app_int.h"
#include "ins_staff.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* "180s", "3m", "180": seconds. */
static bool seconds(sv text, double *ret)
{
	int64_t ms;
	if (sv_f64(text, ret) == 0)
		return isfinite(*ret) && *ret >= 0;
	if (sv_ends(text, SV("s")))
		return sv_f64(sv_slice(text, 0, text.n - 1), ret) == 0 && isfinite(*ret) &&
		       *ret >= 0;
	if (cal_span(NULL, text, &ms))
		return false;
	*ret = (double)ms / 1000;
	return true;
}

/* "80/20s": percent within. */
static bool target(sv text, struct ins_load *l)
{
	sv share;
	double p;
	if (!sv_cut(&text, '/', &share) || sv_f64(share, &p) || !(p > 0 && p < 100))
		return false;
	l->goal = p / 100;
	return seconds(text, &l->within_s);
}

static void print(const struct ins_load *l, const struct ins_staffing *s, bool json)
{
	if (!json) {
		printf("%d agents at work, %d scheduled (shrinkage %.0f %%)\n"
		       "service level %.2f %%, occupancy %.1f %%, waiting %.1f %%, abandoned %.2f "
		       "%%, mean wait %.1f s\n",
		       s->agents, s->scheduled, 100 * l->shrinkage, 100 * s->service_level,
		       100 * s->occupancy, 100 * s->p_wait, 100 * s->p_abandon, s->asa_s);
		return;
	}
	jv *o = jv_obj();
	jv_set_int(o, "agents", s->agents);
	jv_set_int(o, "scheduled", s->scheduled);
	jv_set_num(o, "service_level", s->service_level);
	jv_set_num(o, "occupancy", s->occupancy);
	jv_set_num(o, "p_wait", s->p_wait);
	jv_set_num(o, "p_abandon", s->p_abandon);
	jv_set_num(o, "asa_ms", s->asa_s * 1000);
	cli_print_json(o);
}

int cmd_staff(int argc, char **argv)
{
	const char *calls = NULL, *interval = "30m", *aht = NULL, *goal = "80/20s",
		   *patience = NULL;
	const char *shrinkage = "0", *occupancy = "0";
	int64_t agents = -1, concurrency = 1;
	bool json = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "calls", CLI_STR, &calls, "offered in an interval" },
		{ "interval", CLI_STR, &interval, "its length (30m)" },
		{ "aht", CLI_STR, &aht, "handling time, as 180s" },
		{ "target", CLI_STR, &goal, "80/20s: 80 % within 20 s" },
		{ "patience", CLI_STR, &patience, "mean time until a caller gives up (never)" },
		{ "shrinkage", CLI_STR, &shrinkage, "share of the paid time not at work, as 0.3" },
		{ "occupancy", CLI_STR, &occupancy, "not busier than, as 0.85" },
		{ "concurrency", CLI_INT, &concurrency, "chats at once (1)" },
		{ "agents", CLI_INT, &agents, "figures with so many, instead of the need" },
		{ "json", CLI_FLAG, &json, "one JSON object" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	struct ins_load l = { .concurrency = (int)(concurrency > 0 && concurrency < 100 ?
							   concurrency : -1) };
	struct ins_staffing s;
	struct err e = { 0 };
	if (rest < argc || !calls || !aht)
		return cli_fail("--calls and --aht are wanted; see callm staff --help"), 2;
	if (sv_f64(sv_of(calls), &l.calls))
		return cli_fail("--calls is a number, not \"%s\"", calls), 2;
	if (!seconds(sv_of(interval), &l.interval_s) || !seconds(sv_of(aht), &l.aht_s) ||
	    (patience && !seconds(sv_of(patience), &l.patience_s)))
		return cli_fail("times are like 180s or 30m"), 2;
	if (!target(sv_of(goal), &l))
		return cli_fail("--target is like 80/20s, not \"%s\"", goal), 2;
	if (sv_f64(sv_of(shrinkage), &l.shrinkage) || sv_f64(sv_of(occupancy), &l.occupancy_max))
		return cli_fail("--shrinkage and --occupancy are shares like 0.3"), 2;
	if (agents > INS_AGENTS_MAX || agents < -1)
		return cli_fail("--agents is 0 to %d", (int)INS_AGENTS_MAX), 2;
	int rc = agents >= 0 ? ins_staff_at(&l, (int)agents, &s, &e) : ins_staff_need(&l, &s, &e);
	if (rc)
		return cli_fail("%s", e.msg), rc == ERR_INVAL ? 2 : 1;
	print(&l, &s, json);
	return 0;
}
