/* cmd_eval.c: `callm eval`: suites of conversations against the engine and the models of the
 * configuration.
 *
 * The engine is the server's own, on this thread's loop, without a store: nothing is recorded.
 * Only the summary goes to stdout with --json, so a pipe reads one line. */
#include "app_int.h"
#include "app_models.h"
#include "eval.h"

#include <stdio.h>
#include <unistd.h>

#define SUITES 200
#define REPORT_BYTES (64u << 20)

struct cli_eval {
	const char *config, *junit, *html, *only, *data, *helper, *tau, *split, *agent;
	bool json, builtin;
	int64_t trials, jobs, tasks;
	enum eval_agent who;
	struct eval_tau *bench;
	VEC(struct eval_suite *) suites;
	jv *results;
	size_t before, total;        /* cases of the suites that are over, of all */
	bool failed;
};

/* ---- suites from paths ---- */

static void print_issues(const struct cfg_report *rep)
{
	for (size_t i = 0; i < rep->n; i++)
		fprintf(stderr, "%s: %s. %s\n", rep->v[i].where, rep->v[i].what, rep->v[i].mend);
}

static int add_suite(void *arg, const char *path)
{
	struct cli_eval *c = arg;
	struct cfg_report rep = { 0 };
	struct eval_suite *s = NULL;
	if (!sv_ends(sv_of(path), SV(".yaml")) && !sv_ends(sv_of(path), SV(".yml")))
		return 0;
	if (eval_suite_load(&s, path, &rep) == 0) {
		struct eval_suite **slot = VEC_PUSH(&c->suites, SUITES);
		if (slot)
			*slot = s;
		else
			eval_suite_free(s);
	} else {
		c->failed = true;
	}
	print_issues(&rep);
	cfg_report_done(&rep);
	return 0;
}

static bool load(struct cli_eval *c, char **paths, int n)
{
	for (int i = 0; i < n; i++) {
		size_t had = c->suites.n;
		bool is_file = sv_ends(sv_of(paths[i]), SV(".yaml")) ||
			       sv_ends(sv_of(paths[i]), SV(".yml"));
		if (is_file)
			add_suite(c, paths[i]);
		else
			file_walk(paths[i], add_suite, c);
		if (c->suites.n == had && !c->failed)
			return cli_fail("%s: no suite is there; name a .yaml file or a folder of "
					"them", paths[i]), false;
	}
	sv only = sv_of(c->only);
	for (size_t i = 0; i < c->suites.n; i++)
		c->total += eval_suite_cases(c->suites.v[i], only);
	if (!c->failed && !c->total)
		return cli_fail("no case has \"%s\" in its name or as a tag", c->only), false;
	return !c->failed;
}

/* ---- what is seen while it runs ---- */

static void on_case(void *arg, const jv *k, size_t done, size_t total)
{
	struct cli_eval *c = arg;
	int64_t passed = jv_get_int(k, "passed", 0), trials = jv_get_int(k, "trials", 0);
	sv name = jv_get_str(k, "name");
	bool good = passed == trials, bar = isatty(STDERR_FILENO) && isatty(STDOUT_FILENO);
	FILE *to = c->json ? stderr : stdout;
	if (bar)
		fputs("\r\033[K", stderr);
	if (!bar || !good)
		fprintf(to, "%s  " SV_FMT " (%lld/%lld)\n", good ? "ok    " : "FAILED",
			SV_ARG(name), (long long)passed, (long long)trials);
	if (bar)
		fprintf(stderr, "%zu/%zu  " SV_FMT, c->before + done, c->total, SV_ARG(name));
	if (bar && c->before + done == c->total)
		fputs("\r\033[K", stderr);
	fflush(to);
}

static void print_failures(const jv *checks, size_t turn)
{
	for (size_t i = 0; i < jv_len(checks); i++) {
		const jv *x = jv_at(checks, i);
		sv got = jv_get_str(x, "got");
		if (!jv_get_bool(x, "ok", false))
			printf("    turn %zu, " SV_FMT ": wanted \"" SV_FMT "\", got \"" SV_FMT
			       "\"%s\n", turn, SV_ARG(jv_get_str(x, "what")),
			       SV_ARG(jv_get_str(x, "want")),
			       SV_ARG(sv_slice(got, 0, sv_rune_offset(got, 300))),
			       sv_runes(got) > 300 ? " ..." : "");
	}
}

static void print_run(const jv *run)
{
	const jv *turns = jv_get(run, "turns"), *judge = jv_get(run, "judge");
	sv error = jv_get_str(run, "error");
	if (error.n)
		printf("    " SV_FMT "\n", SV_ARG(error));
	for (size_t t = 0; t < jv_len(turns); t++)
		print_failures(jv_get(jv_at(turns, t), "checks"), t + 1);
	print_failures(jv_get(run, "checks"), jv_len(turns));
	if (judge && !jv_get_bool(judge, "ok", false))
		printf("    judge: " SV_FMT "\n", SV_ARG(jv_get_str(judge, "reason")));
}

static void print_suite(const jv *s)
{
	const jv *cases = jv_get(s, "cases"), *pass = jv_get(s, "pass_k"),
		 * tags = jv_get(s, "tags");
	void *it = NULL;
	sv key;
	jv *tag;
	for (size_t i = 0; i < jv_len(cases); i++) {
		const jv *c = jv_at(cases, i), *runs = jv_get(c, "runs");
		bool told = false;
		for (size_t r = 0; r < jv_len(runs); r++) {
			if (jv_get_bool(jv_at(runs, r), "ok", false))
				continue;
			if (!told)
				printf("  " SV_FMT "\n", SV_ARG(jv_get_str(c, "name")));
			told = true;
			print_run(jv_at(runs, r));
		}
	}
	printf(SV_FMT ": %lld of %lld passed, %.0f ms", SV_ARG(jv_get_str(s, "suite")),
	       (long long)jv_get_int(s, "passed", 0), (long long)jv_get_int(s, "total", 0),
	       jv_get_num(s, "ms", 0));
	for (size_t k = 0; k < jv_len(pass) && jv_len(pass) > 1; k++)
		printf("  pass^%zu %.1f %%", k + 1, 100 * jv_as_num(jv_at(pass, k), 0));
	printf("\n ");
	while (jv_next(tags, &it, &key, &tag))
		printf(" " SV_FMT " %lld/%lld", SV_ARG(key),
		       (long long)jv_get_int(tag, "passed", 0),
		       (long long)jv_get_int(tag, "total", 0));
	printf("\n");
}

/* ---- tau ---- */

static bool pick_agent(struct cli_eval *c)
{
	static const char *const names[] = { "model", "gold", "idle" };
	for (int i = 0; i < 3; i++)
		if (strcmp(c->agent, names[i]) == 0) {
			c->who = (enum eval_agent)i;
			return true;
		}
	return cli_fail("there is no agent \"%s\"; model, gold, idle or replay", c->agent), false;
}

static double percent(int64_t part, int64_t of)
{
	return of ? 100.0 * (double)part / (double)of : 0;
}

/* The gold agent: what reached the gold state, and what the second deliveries were told. */
static void print_gate(const jv *g)
{
	int64_t n = jv_get_int(g, "trials", 0), same = jv_get_int(g, "same", 0),
		twice = jv_get_int(g, "same_twice", 0);
	printf("  through the gate: %lld calls, %lld effects, in %lld trials it asked first who it "
	       "is\n", (long long)jv_get_int(g, "calls", 0),
	       (long long)jv_get_int(g, "effects", 0), (long long)jv_get_int(g, "identified", 0));
	printf("  gold end state: %lld of %lld (%.1f %%)\n", (long long)same, (long long)n,
	       percent(same, n));
	printf("  each call delivered twice, gold end state: %lld of %lld (%.1f %%); %lld effects "
	       "told again, %lld told otherwise\n", (long long)twice, (long long)n,
	       percent(twice, n), (long long)jv_get_int(g, "again", 0),
	       (long long)jv_get_int(g, "odd", 0));
}

static void print_sums(const jv *r)
{
	const jv *cases = jv_get(r, "cases");
	double cost = 0, steps = 0, tokens = 0, turns = 0;
	size_t n = 0;
	for (size_t i = 0; i < jv_len(cases); i++) {
		const jv *runs = jv_get(jv_at(cases, i), "runs");
		for (size_t k = 0; k < jv_len(runs); k++, n++) {
			const jv *run = jv_at(runs, k);
			cost += jv_get_num(run, "cost", 0);
			steps += jv_get_num(run, "steps", 0);
			tokens += jv_get_num(run, "tokens", 0);
			turns += (double)jv_len(jv_get(run, "turns"));
		}
	}
	if (n)
		printf("  pass^1 %.1f %%; a trial: %.1f turns, %.1f steps, %.0f tokens, cost "
		       "%.4f\n",
		       100 * jv_as_num(jv_at(jv_get(r, "pass_k"), 0), 0), turns / (double)n,
		       steps / (double)n, tokens / (double)n, cost / (double)n);
}

/* The benchmark's own actions against our tools: no model, a second. */
static int replay(struct cli_eval *c)
{
	jv *r = eval_tau_replay(c->bench), *errors = jv_get(r, "errors");
	bool clean = jv_get_int(r, "clean", 0) == jv_get_int(r, "tasks", 0);
	if (c->json) {
		cli_print_json(r);
		return clean ? 0 : 1;
	}
	for (size_t i = 0; i < jv_len(errors); i++) {
		const jv *x = jv_at(errors, i);
		printf(SV_FMT ", " SV_FMT ": " SV_FMT "\n", SV_ARG(jv_get_str(x, "task")),
		       SV_ARG(jv_get_str(x, "action")), SV_ARG(jv_get_str(x, "error")));
	}
	printf("gold actions: %lld in %lld tasks, in %lld of them every change is accepted, "
	       "%lld leave another state, in %lld the gate asked first who it is\n",
	       (long long)jv_get_int(r, "actions", 0), (long long)jv_get_int(r, "tasks", 0),
	       (long long)jv_get_int(r, "clean", 0), (long long)jv_get_int(r, "changed", 0),
	       (long long)jv_get_int(r, "identified", 0));
	jv_free(r);
	return clean ? 0 : 1;
}

static void run_tau(struct cli_eval *c, struct eval_opts *o)
{
	jv *r = eval_tau_run(c->bench, c->who, c->tasks > 0 ? (size_t)c->tasks : 0, o);
	c->failed = jv_get_int(r, "failed", 0) > 0;
	jv_push(c->results, r);
}

/* ---- the run ---- */

/* The first models of a configuration as one, NULL when it has none. */
static int open_helper(struct app_models *m, struct loop *l, struct llm **ret, struct err *e)
{
	const struct app_specs *s = app_models_of(m, APP_LLM);
	struct llm_list_opts o = { 0 };
	*ret = NULL;
	return s->n ? llm_open_list(ret, s->v, s->n, &o, l, e) : 0;
}

static void run_suites(struct cli_eval *c, struct loop *l, struct talk_hub *hub,
		       struct llm *agent, struct llm *helper)
{
	struct eval_opts o = { .loop = l,
			       .shard = talk_hub_pick(hub, 0),
			       .only = sv_of(c->only),
			       .trials = (int)c->trials,
			       .jobs = (int)c->jobs,
			       .agent = agent,
			       .helper = helper,
			       .on_case = on_case,
			       .arg = c };
	if (c->bench)
		run_tau(c, &o);
	for (size_t i = 0; i < c->suites.n; i++) {
		size_t n = eval_suite_cases(c->suites.v[i], o.only);
		if (!n)
			continue;
		jv *r = eval_run(c->suites.v[i], &o);
		c->before += n;
		c->failed = c->failed || jv_get_int(r, "failed", 0) > 0;
		jv_push(c->results, r);
	}
}

static int with_models(struct cli_eval *c, struct app_desk *d, struct app_models *m,
		       struct app_models *play, struct err *e)
{
	const struct app_specs *s = app_models_of(m, APP_LLM);
	struct talk_texts *texts;
	struct talk_hub *hub = NULL;
	struct llm *agent = NULL, *helper = NULL;
	int rc = talk_texts_new(&texts, d->company, e);
	if (rc)
		return rc;
	struct loop *l = loop_new();
	struct talk_opts o = { .kb = d->kb, .pool = d->pool, .texts = texts, .loop = l,
			       .llm = s->v, .n_llm = s->n };
	rc = talk_hub_open(&hub, &o, e);
	if (rc == 0)
		rc = open_helper(m, l, &agent, e);
	if (rc == 0 && play)
		rc = open_helper(play, l, &helper, e);
	if (rc == 0)
		run_suites(c, l, hub, agent, play ? helper : agent);
	llm_close(helper);
	llm_close(agent);
	if (hub)
		talk_hub_close(hub);
	obj_unref(texts);
	loop_free(l);
	return rc;
}

static int open_and_run(struct cli_eval *c, const jv *cfg, const jv *helper, struct err *e)
{
	struct app_desk d;
	struct app_models *m = NULL, *play = NULL;
	int rc = app_desk_open(&d, c->data, false, false, e);
	if (rc)
		return rc;
	rc = app_models_open(&m, cfg, sb_str(&d.dir), NULL, e);
	if (rc == 0 && helper)
		rc = app_models_open(&play, helper, sb_str(&d.dir), NULL, e);
	if (rc == 0)
		rc = with_models(c, &d, m, play, e);
	app_models_close(play);
	app_models_close(m);
	app_desk_close(&d);
	return rc;
}

static int write_report(const char *path, const jv *results, bool html, struct err *e)
{
	struct sb out;
	sb_init(&out, REPORT_BYTES);
	int rc = 0;
	if (html)
		rc = eval_html(results, &out);
	else
		eval_junit(results, &out);
	if (rc == 0)
		rc = sb_err(&out);
	rc = rc ? err_set(e, rc, "%s: the report cannot be made: %s", path, err_text(rc)) :
		  file_write(path, sb_sv(&out), e);
	sb_done(&out);
	return rc;
}

static int report(struct cli_eval *c, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < jv_len(c->results) && !c->json; i++)
		print_suite(jv_at(c->results, i));
	if (c->bench && !c->json)
		print_sums(jv_at(c->results, 0));
	if (c->bench && !c->json && c->who == EVAL_AGENT_GOLD)
		print_gate(jv_get(jv_at(c->results, 0), "gate"));
	if (c->junit)
		rc = write_report(c->junit, c->results, false, e);
	if (rc == 0 && c->html)
		rc = write_report(c->html, c->results, true, e);
	if (c->json) {
		cli_print_json(c->results);
		c->results = NULL;
	}
	return rc;
}

static int run(struct cli_eval *c)
{
	struct err e = { 0 };
	jv *over = jv_obj(), *list = jv_arr(), *one = jv_obj();
	jv_set_str(one, "kind", SV("builtin"));
	jv_push(list, one);
	jv_set(over, "llm", list);
	jv *cfg = app_config(c->config, c->builtin ? over : NULL, false);
	jv *helper = cfg && c->helper ? app_config(c->helper, NULL, false) : NULL;
	int rc = cfg && (helper || !c->helper) ? open_and_run(c, cfg, helper, &e) : ERR_INVAL;
	if (rc == 0)
		rc = report(c, &e);
	jv_free(helper);
	jv_free(cfg);
	jv_free(over);
	if (rc && e.msg[0])
		cli_fail("%s", e.msg);
	return rc ? 2 : c->failed ? 1 : 0;
}

/* What is named: suites or a benchmark; the exit status. */
static int start(struct cli_eval *c, char **paths, int n)
{
	struct err e = { 0 };
	if (!c->tau)
		return load(c, paths, n) ? run(c) : 2;
	if (strcmp(c->agent, "replay") != 0 && !pick_agent(c))
		return 2;
	if (eval_tau_open(&c->bench, c->tau, sv_of(c->split), &e))
		return cli_fail("%s", e.msg), 2;
	return strcmp(c->agent, "replay") == 0 ? replay(c) : run(c);
}

int cmd_eval(int argc, char **argv)
{
	struct cli_eval c = { .trials = 1, .jobs = 1, .only = "", .split = "train",
			      .agent = "model" };
	int rest, status;
	if (argc > 1 && strcmp(argv[1], "adversarial") == 0)
		return cmd_eval_adversarial(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "flywheel") == 0)
		return cmd_eval_flywheel(argc - 1, argv + 1);
	const struct cli_opt opts[] = {
		{ "config", CLI_STR, &c.config, "whose models answer; default: as a server would" },
		{ "builtin", CLI_FLAG, &c.builtin, "only the built-in engine" },
		{ "player", CLI_STR, &c.helper,
		  "configuration whose language models play customers and judge" },
		{ "only", CLI_STR, &c.only, "cases with this in their name, or with this tag" },
		{ "trials", CLI_INT, &c.trials, "plays each case so often (pass^k)" },
		{ "jobs", CLI_INT, &c.jobs, "conversations at once" },
		{ "json", CLI_FLAG, &c.json, "the whole result as one JSON array" },
		{ "junit", CLI_STR, &c.junit, "writes JUnit XML there" },
		{ "html", CLI_STR, &c.html, "writes a page there" },
		{ "tau", CLI_STR, &c.tau, "unpacked tau-bench or tau2-bench data, retail" },
		{ "split", CLI_STR, &c.split, "which of its tasks, default train" },
		{ "tasks", CLI_INT, &c.tasks, "only the first so many" },
		{ "agent", CLI_STR, &c.agent,
		  "model; or without one: gold, idle, replay (the tools alone)" },
		{ "data", CLI_STR, &c.data, "data folder" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc && !c.tau)
		return cli_fail("which suite? callm eval demo/evals"), 2;
	c.results = jv_arr();
	status = start(&c, argv + rest, argc - rest);
	eval_tau_close(c.bench);
	for (size_t i = 0; i < c.suites.n; i++)
		eval_suite_free(c.suites.v[i]);
	VEC_FREE(&c.suites);
	jv_free(c.results);
	return status;
}
