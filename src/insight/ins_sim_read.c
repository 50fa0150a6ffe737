/* ins_sim_read.c: a centre to be simulated, from YAML; faults with file:line:place. Lists of
 * figures by period may have one value for all. Pure; any thread. */
#include "ins_sim.h"

#include <math.h>
#include <stdio.h>

#define ROWS(x) (sizeof(x) / sizeof(*(x)))

static const struct cfg_rule rules[] = {
	{ "periods", CFG_INT, true, 1, SIM_PERIODS, NULL, NULL, "of a day" },
	{ "period_s", CFG_NUM, true, 1, 86400, NULL, NULL, "seconds of a period" },
	{ "busyness", CFG_NUM, false, 0, 1e6, NULL, "0",
	  "gamma shape of a day's factor on all arrivals; 0 = every day alike" },
	{ "pick", CFG_STR, false, 0, 0, "in_order|longest_idle", "in_order", "agent for a call" },
	{ "serve", CFG_STR, false, 0, 0, "longest_wait|priority|cmu", "longest_wait",
	  "call for an agent" },
	{ "day_ends", CFG_BOOL, false, 0, 0, NULL, "false",
	  "who still waits at the end is sent away" },
	{ "types", CFG_LIST, true, 1, SIM_TYPES, NULL, NULL, "of calls" },
	{ "types[].name", CFG_STR, true, 1, SIM_NAME - 1, NULL, NULL, NULL },
	{ "types[].per_hour", CFG_LIST, false, 0, 0, NULL, NULL, "calls an hour, by period" },
	{ "types[].service_s", CFG_LIST, true, 0, 0, NULL, NULL, "mean, by period" },
	{ "types[].service_cv", CFG_NUM, false, 0, 10, NULL, "1",
	  "deviation / mean; 1 = exponential, 0 = fixed, else lognormal" },
	{ "types[].patience_s", CFG_LIST, false, 0, 0, NULL, NULL, "mean; 0 = for ever" },
	{ "types[].balk", CFG_NUM, false, 0, 1, NULL, "0", "leaves rather than wait" },
	{ "types[].retry", CFG_NUM, false, 0, 1, NULL, "0", "share of the lost who call again" },
	{ "types[].retry_s", CFG_NUM, false, 0, 1e6, NULL, "600", "and when, on average" },
	{ "types[].bot", CFG_NUM, false, 0, 1, NULL, "0", "share a bot in front resolves" },
	{ "types[].bot_s", CFG_NUM, false, 0, 1e5, NULL, "0", "time with it; 0 = no bot" },
	{ "types[].target_s", CFG_NUM, false, 0, 1e6, NULL, "20", "of the service level" },
	{ "types[].cost", CFG_NUM, false, 0, 1e6, NULL, "1", "of waiting, for cmu" },
	{ "types[].priority", CFG_INT, false, 0, 1000, NULL, "0", NULL },
	{ "types[].slots", CFG_INT, false, 1, 50, NULL, "1", "at once for an agent (chats)" },
	{ "types[].queue_max", CFG_INT, false, 0, 1e6, NULL, "0", "0 = no limit" },
	{ "types[].outbound", CFG_BOOL, false, 0, 0, NULL, "false", "dialled in idle time" },
	{ "types[].answer", CFG_NUM, false, 0, 1, NULL, "1", "outbound: share that answers" },
	{ "types[].ring_s", CFG_NUM, false, 0.1, 300, NULL, "10", "outbound: mean ringing" },
	{ "types[].groups", CFG_LIST, true, 1, SIM_GROUPS, NULL, NULL, "who serves it" },
	{ "groups", CFG_LIST, true, 1, SIM_GROUPS, NULL, NULL, "of agents" },
	{ "groups[].name", CFG_STR, true, 1, SIM_NAME - 1, NULL, NULL, NULL },
	{ "groups[].agents", CFG_LIST, true, 0, 0, NULL, NULL, "by period" },
	{ "groups[].keep_free", CFG_INT, false, 0, SIM_AGENTS, NULL, "0",
	  "idle agents kept from outbound calls" },
	{ "groups[].reserve", CFG_INT, false, 0, SIM_AGENTS, NULL, "0",
	  "idle agents kept for the types that name the group first" },
};

/* One value for all periods, or one each. */
static int series(const jv *list, int periods, double most, const char *place, double *to,
		  struct err *e)
{
	size_t n = jv_len(list);
	for (int p = 0; p < periods; p++)
		to[p] = 0;
	if (!n)
		return 0;
	if (n != 1 && n != (size_t)periods)
		return err_set(e, ERR_INVAL, "%s has %zu values; give one, or one for each of the "
			       "%d periods", place, n, periods);
	for (int p = 0; p < periods; p++) {
		const jv *x = jv_at(list, n == 1 ? 0 : (size_t)p);
		to[p] = jv_as_num(x, -1);
		if (!jv_is_num(x) || !(to[p] >= 0) || to[p] > most)
			return err_set(e, ERR_INVAL, "%s: value %d is no number from 0 to %g",
				       place, p + 1, most);
	}
	return 0;
}

static int group_of(const struct sim_model *m, sv name)
{
	for (int g = 0; g < m->groups; g++)
		if (sv_eq(sv_of(m->group[g].name), name))
			return g;
	return -1;
}

static int type_groups(struct sim_model *m, struct sim_type *t, const jv *list, int at,
		       struct err *e)
{
	for (size_t k = 0; k < jv_len(list) && k < SIM_GROUPS; k++) {
		sv name = jv_as_str(jv_at(list, k));
		int g = group_of(m, name);
		if (g < 0)
			return err_set(e, ERR_INVAL, "types[%d].groups[%zu]: there is no group "
				       "\"" SV_FMT "\"", at, k, SV_ARG(name));
		for (int i = 0; i < t->n_groups; i++)
			if (t->group[i] == g)
				return err_set(e, ERR_INVAL, "types[%d].groups[%zu]: \"" SV_FMT
					       "\" is named twice", at, k, SV_ARG(name));
		t->group[t->n_groups++] = g;
	}
	return 0;
}

static int read_type(struct sim_model *m, const jv *x, int at, struct err *e)
{
	struct sim_type *t = &m->type[at];
	char place[64];
	*t = (struct sim_type){
		.service_cv = jv_get_num(x, "service_cv", 1), .balk = jv_get_num(x, "balk", 0),
		.retry = jv_get_num(x, "retry", 0), .retry_s = jv_get_num(x, "retry_s", 600),
		.bot = jv_get_num(x, "bot", 0), .bot_s = jv_get_num(x, "bot_s", 0),
		.target_s = jv_get_num(x, "target_s", 20), .cost = jv_get_num(x, "cost", 1),
		.priority = (int)jv_get_int(x, "priority", 0),
		.slots = (int)jv_get_int(x, "slots", 1),
		.queue_max = (int)jv_get_int(x, "queue_max", 0),
		.outbound = jv_get_bool(x, "outbound", false),
		.answer = jv_get_num(x, "answer", 1), .ring_s = jv_get_num(x, "ring_s", 10),
	};
	(void)snprintf(t->name, sizeof(t->name), SV_FMT, SV_ARG(jv_get_str(x, "name")));
	(void)snprintf(place, sizeof(place), "types[%d].per_hour", at);
	int rc = series(jv_get(x, "per_hour"), m->periods, 1e7, place, t->per_s, e);
	(void)snprintf(place, sizeof(place), "types[%d].service_s", at);
	rc = rc ? rc : series(jv_get(x, "service_s"), m->periods, 1e6, place, t->service_s, e);
	(void)snprintf(place, sizeof(place), "types[%d].patience_s", at);
	rc = rc ? rc : series(jv_get(x, "patience_s"), m->periods, 1e7, place, t->patience_s, e);
	if (rc == 0 && t->retry > 0 && t->retry_s < 1)
		return err_set(e, ERR_INVAL, "types[%d].retry_s: who tries again waits a second "
			       "at least", at);
	for (int p = 0; p < m->periods; p++)
		t->per_s[p] /= 3600;
	return rc ? rc : type_groups(m, t, jv_get(x, "groups"), at, e);
}

static int read_group(struct sim_model *m, const jv *x, int at, struct err *e)
{
	struct sim_group *g = &m->group[at];
	double n[SIM_PERIODS];
	char place[64];
	*g = (struct sim_group){ .keep_free = (int)jv_get_int(x, "keep_free", 0),
				 .reserve = (int)jv_get_int(x, "reserve", 0) };
	(void)snprintf(g->name, sizeof(g->name), SV_FMT, SV_ARG(jv_get_str(x, "name")));
	(void)snprintf(place, sizeof(place), "groups[%d].agents", at);
	int rc = series(jv_get(x, "agents"), m->periods, SIM_AGENTS, place, n, e);
	for (int p = 0; rc == 0 && p < m->periods; p++) {
		g->agents[p] = (int)n[p];
		if (g->agents[p] != n[p])
			rc = err_set(e, ERR_INVAL, "%s: %g is no whole number", place, n[p]);
	}
	return rc;
}

int sim_model_check(struct sim_model *m, struct err *e)
{
	int seats = 0;
	for (int g = 0; g < m->groups; g++) {
		int most = 0;
		m->group[g].n_types = 0;
		for (int p = 0; p < m->periods; p++)
			most = m->group[g].agents[p] > most ? m->group[g].agents[p] : most;
		seats += most;
	}
	if (seats > SIM_AGENTS)
		return err_set(e, ERR_INVAL, "groups: %d agents; at most %d", seats,
			       (int)SIM_AGENTS);
	for (int t = 0; t < m->types; t++) {
		struct sim_type *x = &m->type[t];
		bool endless = !x->outbound;
		if (!x->n_groups)
			return err_set(e, ERR_INVAL, "types[%d].groups: name at least one", t);
		for (int p = 0; p < m->periods; p++)
			if (!(x->service_s[p] > 0))
				return err_set(e, ERR_INVAL,
					       "types[%d].service_s: it is above 0", t);
		for (int k = 0; k < x->n_groups; k++) {
			struct sim_group *g = &m->group[x->group[k]];
			g->type[g->n_types++] = t;
			endless = endless && !g->agents[m->periods - 1];
		}
		/* the day would never end */
		if (endless && !m->day_ends && x->patience_s[m->periods - 1] <= 0)
			return err_set(e, ERR_INVAL, "types[%d]: nobody is there in the last "
				       "period and customers wait for ever; set day_ends or "
				       "patience_s", t);
	}
	return 0;
}

int sim_model_read(struct sim_model *m, const jv *tree, struct err *e)
{
	const jv *types = jv_get(tree, "types"), *groups = jv_get(tree, "groups");
	int rc = 0;
	*m = (struct sim_model){
		.periods = (int)jv_get_int(tree, "periods", 0),
		.types = (int)jv_len(types), .groups = (int)jv_len(groups),
		.period_s = jv_get_num(tree, "period_s", 0),
		.busyness = jv_get_num(tree, "busyness", 0),
		.day_ends = jv_get_bool(tree, "day_ends", false),
	};
	if (m->periods < 1 || m->periods > SIM_PERIODS || m->types < 1 || m->types > SIM_TYPES ||
	    m->groups < 1 || m->groups > SIM_GROUPS || !(m->period_s > 0))
		return err_set(e, ERR_INVAL, "there are 1 to %d periods, 1 to %d types and 1 to %d "
			       "groups", (int)SIM_PERIODS, (int)SIM_TYPES, (int)SIM_GROUPS);
	m->pick = sv_eq(jv_get_str(tree, "pick"), SV("longest_idle")) ? SIM_LONGEST_IDLE :
									SIM_IN_ORDER;
	m->serve = sv_eq(jv_get_str(tree, "serve"), SV("priority")) ? SIM_PRIORITY :
		   sv_eq(jv_get_str(tree, "serve"), SV("cmu"))	    ? SIM_CMU :
								      SIM_LONGEST_WAIT;
	for (int g = 0; rc == 0 && g < m->groups; g++)
		rc = read_group(m, jv_at(groups, (size_t)g), g, e);
	for (int t = 0; rc == 0 && t < m->types; t++)
		rc = read_type(m, jv_at(types, (size_t)t), t, e);
	return rc ? rc : sim_model_check(m, e);
}

int sim_model_yaml(struct sim_model *m, sv text, const char *name, struct cfg_report *rep)
{
	struct err e = { 0 };
	jv *tree = cfg_parse(text, name, rep);
	int rc = tree ? cfg_check(tree, text, name, rules, ROWS(rules), rep) : ERR_INVAL;
	if (rc == 0 && sim_model_read(m, tree, &e)) {
		struct cfg_issue *x = VEC_PUSH(rep, 1000);
		rc = ERR_INVAL;
		if (x) {
			cfg_where(x->where, text, name, "types");
			(void)snprintf(x->what, sizeof(x->what), "%.239s", e.msg);
			(void)snprintf(x->mend, sizeof(x->mend), "docs/simulate.md has the words");
		}
	}
	jv_free(tree);
	return rc;
}
