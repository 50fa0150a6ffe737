/* eval_tau.c: the retail domain of tau-bench and tau2-bench: its data, its gold actions, its
 * verdict.
 *
 * Both layouts are read into one: tasks become {name, tags, instructions, actions, outputs}.
 * The benchmark's tasks tell the actions of a correct agent and what it must say; a trial passes
 * when the state it leaves equals the one after these actions and each output was said (arXiv
 * 2406.12045, section 3). tau2's second criterion, statements judged by a model, is not asked.
 * Owns data and tasks; one thread. */
#include "eval_tau.h"

#include <math.h>
#include <stdio.h>

#define TASK_BYTES (16u << 20)

bool eval_same(const jv *a, const jv *b)
{
	void *it = NULL;
	sv key;
	jv *v;
	if (jv_is_num(a) && jv_is_num(b))
		return fabs(jv_as_num(a, 0) - jv_as_num(b, 0)) < 1e-6;
	if (jv_is_str(a) && jv_is_str(b))
		return sv_eq(jv_as_str(a), jv_as_str(b));
	if (jv_is_bool(a) && jv_is_bool(b))
		return jv_as_bool(a, false) == jv_as_bool(b, false);
	if (jv_is_arr(a) && jv_is_arr(b)) {
		bool same = jv_len(a) == jv_len(b);
		for (size_t i = 0; same && i < jv_len(a); i++)
			same = eval_same(jv_at(a, i), jv_at(b, i));
		return same;
	}
	if (!jv_is_obj(a) || !jv_is_obj(b) || jv_len(a) != jv_len(b))
		return jv_is_null(a) && jv_is_null(b);
	while (jv_next(a, &it, &key, &v)) {
		const jv *other = jv_member(b, key);
		if (!other || !eval_same(v, other))
			return false;
	}
	return true;
}

/* ---- reading ---- */

static int read_json(jv **ret, const char *path, struct err *e)
{
	struct sb text;
	sb_init(&text, TASK_BYTES);
	int rc = file_read(path, TASK_BYTES, &text, e);
	if (rc == 0 && !(*ret = jv_parse(sb_sv(&text), e)))
		rc = e->code ? e->code : ERR_PARSE;
	sb_done(&text);
	return rc;
}

static int read_db(struct eval_tau *t, const char *dir, struct err *e)
{
	static const char *const parts[] = { "users", "orders", "products" };
	char path[4096];
	snprintf(path, sizeof(path), "%s/db.json", dir);
	if (file_exists(path))
		return read_json(&t->db, path, e);
	t->db = jv_obj();
	for (int i = 0; i < 3; i++) {
		jv *part = NULL;
		snprintf(path, sizeof(path), "%s/db/%s.json", dir, parts[i]);
		int rc = read_json(&part, path, e);
		if (rc)
			return rc;
		jv_set(t->db, parts[i], part);
	}
	return 0;
}

static void put_part(struct sb *b, const char *label, sv text)
{
	if (text.n)
		sb_fmt(b, "%s%s" SV_FMT "\n", label, *label ? ": " : "", SV_ARG(text));
}

/* What the customer knows and wants, as one text. */
static void put_instructions(jv *task, const jv *src)
{
	const jv *i = jv_path(src, "user_scenario.instructions");
	struct sb b;
	sb_init(&b, LIM_SB);
	put_part(&b, "", jv_get_str(src, "instruction"));
	put_part(&b, "", jv_as_str(i));
	put_part(&b, "Reason", jv_get_str(i, "reason_for_call"));
	put_part(&b, "Known", jv_get_str(i, "known_info"));
	put_part(&b, "Not known", jv_get_str(i, "unknown_info"));
	put_part(&b, "How you behave", jv_get_str(i, "task_instructions"));
	jv_set_str(task, "instructions", sb_sv(&b));
	sb_done(&b);
}

static void put_actions(jv *task, const jv *src)
{
	jv *out = jv_arr();
	for (size_t i = 0; i < jv_len(src); i++) {
		const jv *a = jv_at(src, i), *args = jv_get(a, "arguments");
		jv *x = jv_obj();
		args = args ? args : jv_get(a, "kwargs");
		jv_set_str(x, "name", jv_get_str(a, "name"));
		jv_set(x, "arguments", args ? jv_copy(args) : jv_obj());
		jv_push(out, x);
	}
	jv_set(task, "actions", out);
}

static void add_task(struct eval_tau *t, const jv *src)
{
	const jv *crit = jv_get(src, "evaluation_criteria");
	const jv *outs = crit ? jv_get(crit, "communicate_info") : jv_get(src, "outputs");
	jv *task = jv_obj(), *tags = jv_arr();
	struct sb name;
	sb_init(&name, 200);
	sb_fmt(&name, "task " SV_FMT, SV_ARG(jv_get_str(src, "id")));
	jv_set_str(task, "name", sb_sv(&name));
	sb_done(&name);
	jv_push(tags, jv_str(jv_len(outs) ? SV("outputs") : SV("state")));
	jv_set(task, "tags", tags);
	jv_set_str(task, "channel", SV("webchat"));
	put_instructions(task, src);
	put_actions(task, jv_get(crit ? crit : src, "actions"));
	jv_set(task, "outputs", outs ? jv_copy(outs) : jv_arr());
	jv_push(t->tasks, task);
}

static int read_tasks(struct eval_tau *t, const char *path, struct err *e)
{
	struct sb text;
	sv rest, line;
	int rc;
	sb_init(&text, TASK_BYTES);
	rc = file_read(path, TASK_BYTES, &text, e);
	rest = sb_sv(&text);
	for (int no = 1; rc == 0 && sv_line(&rest, &line); no++) {
		jv *src = sv_trim(line).n ? jv_parse(line, e) : NULL;
		if (src)
			add_task(t, src);
		else if (sv_trim(line).n)
			rc = err_set(e, ERR_PARSE, "%s:%d: is not a JSON object", path, no);
		jv_free(src);
	}
	sb_done(&text);
	if (rc == 0 && !jv_len(t->tasks))
		rc = err_set(e, ERR_PARSE, "%s: there is no task in it", path);
	return rc;
}

static int find_tasks(struct eval_tau *t, const char *dir, sv split, struct err *e)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/open_tasks_" SV_FMT ".jsonl", dir, SV_ARG(split));
	if (!file_exists(path))
		snprintf(path, sizeof(path), "%s/tasks_" SV_FMT ".jsonl", dir, SV_ARG(split));
	if (file_exists(path))
		return read_tasks(t, path, e);
	return err_set(e, ERR_NOTFOUND,
		       "%s has no tasks of the split \"" SV_FMT "\"; name one with --split, such "
		       "as train", dir, SV_ARG(split));
}

int eval_tau_open(struct eval_tau **ret, const char *dir, sv split, struct err *e)
{
	char own[4000], path[4096];
	struct eval_tau *t = xalloc(sizeof(*t));
	snprintf(own, sizeof(own), "%s/retail", dir);
	snprintf(path, sizeof(path), "%s/policy.md", own);
	if (!file_exists(path))
		snprintf(own, sizeof(own), "%s", dir);
	snprintf(path, sizeof(path), "%s/policy.md", own);
	t->tasks = jv_arr();
	sb_init(&t->policy, LIM_SB);
	int rc = file_read(path, LIM_SB, &t->policy, e);
	if (rc == 0)
		rc = read_db(t, own, e);
	if (rc == 0)
		rc = find_tasks(t, own, split, e);
	if (rc == 0)
		rc = eval_gate_open(&t->gate, t->db, e);
	if (rc)
		eval_tau_close(t);
	else
		*ret = t;
	return rc;
}

void eval_tau_close(struct eval_tau *t)
{
	if (!t)
		return;
	eval_gate_close(t->gate);
	jv_free(t->db);
	jv_free(t->tasks);
	sb_done(&t->policy);
	xfree(t);
}

/* ---- gold ---- */

jv *eval_tau_gold(const struct eval_tau *t, const jv *task)
{
	const jv *actions = jv_get(task, "actions");
	jv *db = jv_copy(t->db);
	struct sb out;
	sb_init(&out, LIM_SB);
	for (size_t i = 0; i < jv_len(actions); i++) {
		const jv *a = jv_at(actions, i);
		(void)eval_retail_call(db, jv_get_str(a, "name"), jv_get(a, "arguments"), &out);
	}
	sb_done(&out);
	return db;
}

/* What the gold agent's trials did at the gate, summed up. */
static jv *sum_gate(const jv *cases)
{
	static const char *const keys[] = { "calls", "effects", "identified", "refused",
					    "again", "odd",	"same",	      "same_twice" };
	jv *out = jv_obj();
	int64_t sum[8] = { 0 }, trials = 0;
	for (size_t i = 0; i < jv_len(cases); i++) {
		const jv *runs = jv_get(jv_at(cases, i), "runs");
		for (size_t k = 0; k < jv_len(runs); k++, trials++)
			for (int j = 0; j < 8; j++)
				sum[j] += jv_get_int(jv_get(jv_at(runs, k), "gate"), keys[j], 0);
	}
	jv_set_int(out, "trials", trials);
	for (int j = 0; j < 8; j++)
		jv_set_int(out, keys[j], sum[j]);
	return out;
}

jv *eval_tau_run(struct eval_tau *t, enum eval_agent agent, size_t most,
		 const struct eval_opts *o)
{
	jv *cases = jv_arr();
	for (size_t i = 0; i < jv_len(t->tasks) && (!most || i < most); i++)
		jv_push(cases, jv_copy(jv_at(t->tasks, i)));
	struct eval_set set = { .name = SV("tau retail"), .file = SV("retail"),
				.language = SV("en"), .cases = cases,
				.start = eval_agent_start, .ctx = t };
	t->agent = agent;
	jv *r = eval_run_set(&set, o);
	if (agent == EVAL_AGENT_GOLD)
		jv_set(r, "gate", sum_gate(jv_get(r, "cases")));
	jv_free(cases);
	return r;
}
