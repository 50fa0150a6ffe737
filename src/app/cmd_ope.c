/* cmd_ope.c: `callm ope`: what another policy would have earned, by a log of decisions. Main
 * thread. */
#include "app_int.h"
#include "learn_roll.h"
#include "policy_ope.h"

#include <stdio.h>

#define OPE_BYTES (1u << 30)

static void print(const struct ope_result *r, bool json)
{
	for (int k = 0; k < OPE_KINDS; k++) {
		const struct ope_est *x = &r->est[k];
		if (!x->known)
			continue;
		if (!json) {
			printf("%-10s %10.6f   %10.6f to %10.6f\n", ope_name((enum ope_kind)k),
			       x->value, x->lo, x->hi);
			continue;
		}
		jv *o = jv_obj();
		jv_set_str(o, "estimator", sv_of(ope_name((enum ope_kind)k)));
		jv_set_num(o, "value", x->value);
		jv_set_num(o, "lo", x->lo);
		jv_set_num(o, "hi", x->hi);
		cli_print_json(o);
	}
	if (!json) {
		printf("effective rows %.1f, mean weight %.4f, greatest weight %.2f\n", r->ess,
		       r->mean_weight, r->max_weight);
		return;
	}
	jv *o = jv_obj();
	jv_set_num(o, "ess", r->ess);
	jv_set_num(o, "mean_weight", r->mean_weight);
	jv_set_num(o, "max_weight", r->max_weight);
	cli_print_json(o);
}

static int number(const char *text, const char *what, double *ret)
{
	if (!text || (sv_f64(sv_of(text), ret) == 0 && *ret > 0))
		return 0;
	return cli_fail("--%s %s is no number above 0", what, text), 2;
}

/* The decisions of a trial, from a data folder; beside a running server, too. */
static int from_trial(const char *data, const char *row, struct sb *out, struct err *e)
{
	struct app_desk d;
	struct store_db *db;
	int rc = app_desk_open(&d, data, true, false, e);
	if (rc)
		return rc;
	rc = store_reader(d.store, &db);
	if (rc == 0)
		rc = learn_roll_csv(db, sv_of(row), out);
	if (rc)
		err_set(e, rc, rc == ERR_NOTFOUND ? "no conversation had a choice by this row yet" :
						    "the decisions could not be read");
	app_desk_close(&d);
	return rc;
}

int cmd_ope(int argc, char **argv)
{
	bool json = false;
	int rest, status;
	const char *tau = NULL, *lambda = NULL, *trial = NULL, *data = NULL;
	int64_t actions = 0, boots = 0, seed = 1;
	struct ope_opt o = { 0 };
	struct ope_file f = { 0 };
	struct ope_result r;
	struct err e = { 0 };
	struct sb text;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object a line" },
		{ "trial", CLI_STR, &trial, "a row of the strategy, instead of a file" },
		{ "data", CLI_STR, &data, "its data folder" },
		{ "actions", CLI_INT, &actions, "how many; else from the columns" },
		{ "tau", CLI_STR, &tau, "switch-DR drops weights above; 10" },
		{ "lambda", CLI_STR, &lambda, "of DRos; 100" },
		{ "boots", CLI_INT, &boots, "intervals by so many bootstrap samples" },
		{ "seed", CLI_INT, &seed, "of the bootstrap; 1" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest + (trial ? 0 : 1) != argc || actions < 0 || actions > OPE_ACTIONS ||
	    boots < 0 || boots > 10000)
		return cli_fail("callm ope [--json] FILE.csv | --trial ROW; see callm ope "
				"--help"),
		       2;
	status = number(tau, "tau", &o.tau);
	status = status ? status : number(lambda, "lambda", &o.lambda);
	if (status)
		return status;
	o.boots = (int)boots;
	o.seed = (uint64_t)seed;
	sb_init(&text, OPE_BYTES);
	int rc = trial ? from_trial(data, trial, &text, &e) :
			 file_read(argv[rest], OPE_BYTES, &text, &e);
	if (rc == 0)
		rc = ope_read(sb_sv(&text), (int)actions, &f, &e);
	sb_done(&text);
	if (rc == 0)
		rc = ope_run(&f.log, &o, &r, &e);
	if (rc == 0)
		print(&r, json);
	ope_file_done(&f);
	return rc ? cli_fail("%s: %s", trial ? trial : argv[rest], e.msg) : 0;
}
