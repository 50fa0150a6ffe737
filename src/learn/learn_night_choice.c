/* learn_night_choice.c: rows of the strategy table that learn, by night: a model of which way
 * fits which context from the choices on the river, judged on the newest days, which it has not
 * seen. One that is better for certain becomes the live one of the registry: from the shadow on
 * it is a roll-out's new way (learn_roll.h), so customers meet it step by step. While one is
 * being let in no other is put forward, nor after one that was stopped or failed. */
#include "learn_night_int.h"
#include "learn_choice.h"
#include "learn_kv.h"
#include "learn_roll.h"

#include <stdio.h>
#include <stdlib.h>

enum { DAYS_BACK = 180, SAMPLES_MOST = 200000, SAMPLES_ALL = 1000000, ROWS = 64 };

struct choice {                      /* one row */
	const jv *state;
	struct policy_sample *v;     /* a ring: the newest ones */
	size_t n, cap, next;
	struct policy_learn learn;   /* row, print and ways of the state */
	struct learn_model old;      /* version 0: none */
	struct policy_model model;   /* the new one; its before: what is in use */
	struct policy_verdict verdict;
	jv *item;
};
struct school {
	struct night *n;
	struct choice v[ROWS];
	size_t n_rows;
	jv *states;
};

/* ---- samples ---- */

static void take(void *arg, size_t k, const struct policy_sample *s, int64_t closed_ms)
{
	struct school *g = arg;
	struct choice *c = &g->v[k];
	size_t fair = SAMPLES_ALL / g->n_rows, most = fair < SAMPLES_MOST ? fair : SAMPLES_MOST;
	if (c->n == c->cap && c->cap < most) {
		size_t cap = c->cap ? 2 * c->cap : 1024;
		struct policy_sample *v = xalloc(sizeof(*v) * cap);
		if (c->n)
			memcpy(v, c->v, sizeof(*v) * c->n);
		xfree(c->v);
		c->v = v;
		c->cap = cap;
	}
	size_t at = c->n < most ? c->n++ : c->next++ % most;
	c->v[at] = *s;
	c->v[at].day = night_day(g->n, closed_ms);
}

static int by_day(const void *a, const void *b)
{
	const struct policy_sample *x = a, *y = b;
	return (x->day > y->day) - (x->day < y->day);
}

/* The first row of the newest days with a quarter of the rows; 0: they are all of one day. */
static size_t held_from(struct choice *c)
{
	if (c->n < 2)
		return 0;
	qsort(c->v, c->n, sizeof(*c->v), by_day);
	size_t i = c->n - c->n / 4;
	i = i < c->n ? i : c->n - 1;
	while (i > 0 && c->v[i - 1].day == c->v[i].day)
		i--;
	if (i == 0)                          /* the first day is as great as that */
		while (i < c->n && c->v[i].day == c->v[0].day)
			i++;
	return i < c->n ? i : 0;
}

static void put_ways(struct choice *c)
{
	jv *list = jv_arr();
	for (int a = 0; a < c->learn.ways; a++) {
		double n = 0, good = 0;
		for (size_t i = 0; i < c->n; i++) {
			n += c->v[i].way == a;
			good += c->v[i].way == a ? c->v[i].reward : 0;
		}
		jv *o = jv_obj();
		jv_set_str(o, "id", sv_of(c->learn.way[a]));
		jv_set_int(o, "n", (int64_t)n);
		if (n > 0)
			jv_set_num(o, "mean", good / n);
		jv_push(list, o);
	}
	jv_set(c->item, "ways", list);
}

/* ---- what is in use ---- */

/* The stage of the live model's roll-out; the shadow when no look has seen it yet. m NULL: none is
 * live. *held: nothing is put forward. */
static int stage_of(struct night *n, const struct policy_learn *l, const struct policy_model *m,
		    enum roll_stage *ret, bool *held)
{
	char key[96], print[20] = "";
	struct policy_roll r;
	jv *state;
	(void)snprintf(key, sizeof(key), "rollout/%s", l->row);
	if (m)
		(void)snprintf(print, sizeof(print), "%016llx",
			       (unsigned long long)policy_model_print(m));
	int rc = learn_kv_get(n->db, key, &state);
	*held = learn_roll_held(state, l->print, m);
	bool its = m && sv_eq(jv_get_str(state, "print"), sv_of(print)) &&
		   policy_roll_load(state, &r);
	*ret = its ? r.stage : ROLL_SHADOW;
	jv_free(state);
	return rc;
}

/* Into c->model.before. *wait: why none is put forward; NULL: one may be. */
static int in_use(struct night *n, struct choice *c, const char **wait)
{
	struct policy_model m;
	enum roll_stage stage = ROLL_BACK;
	bool held = false;
	*wait = NULL;
	int rc = learn_choice_model(n->db, &c->learn, &m, &c->old.version);
	bool none = rc == ERR_NOTFOUND;
	if (rc == 0 || none)
		rc = stage_of(n, &c->learn, none ? NULL : &m, &stage, &held);
	if (held)
		*wait = "choice_held";
	if (rc || none)
		return rc;
	if (stage == ROLL_SHADOW || stage == ROLL_5 || stage == ROLL_25)
		*wait = "choice_tried";
	c->model.has_before = stage == ROLL_100 || m.has_before;
	c->model.before = stage == ROLL_100 ? m.now : m.before;
	return rc;
}

/* ---- into the registry ---- */

struct entry {
	struct learn_model m;
	jv *night;                   /* for the state of the row */
	const struct choice *c;
	bool put, promote;
};

/* The figures beside the row's state, unless it has other ways by now. */
static int put_figures(struct store_db *db, const struct entry *x)
{
	char key[96];
	jv *state;
	(void)snprintf(key, sizeof(key), "choice/%s", x->c->learn.row);
	int rc = learn_kv_get(db, key, &state);
	if (rc == 0 && sv_eq(jv_get_str(state, "print"), jv_get_str(x->c->state, "print"))) {
		jv_set(state, "night", jv_copy(x->night));
		rc = learn_kv_put(db, key, state, x->m.made_ms);
	}
	jv_free(state);
	return rc;
}

static int enter(void *arg, struct store_db *db)
{
	struct entry *x = arg;
	int rc = x->put ? learn_model_put(db, &x->m) : 0;
	if (rc == 0 && x->promote)
		rc = learn_model_promote(db, x->m.name, x->m.version, SV("night"), x->m.made_ms);
	return rc ? rc : put_figures(db, x);
}

static void put_scores(const struct choice *c, struct sb *b)
{
	const struct policy_verdict *v = &c->verdict;
	sb_fmt(b, "{\"was\":%.5f,\"now\":%.5f,\"gain\":%.5f,\"lower\":%.5f,\"ess\":%.1f,\"model\":",
	       v->was, v->now, v->gain, v->lower, v->ess);
	policy_model_json(&c->model, b);
	sb_ch(b, '}');
}

static void put_verdict(struct choice *c)
{
	const struct policy_verdict *v = &c->verdict;
	jv_set_int(c->item, "held", (int64_t)v->n);
	if (!(v->ess > 0))
		return;
	jv_set_num(c->item, "old_value", v->was);
	jv_set_num(c->item, "new_value", v->now);
	jv_set_num(c->item, "new_lo", v->lo);
	jv_set_num(c->item, "new_hi", v->hi);
	jv_set_num(c->item, "gain", v->gain);
	jv_set_num(c->item, "lower", v->lower);
	jv_set_num(c->item, "ess", v->ess);
	jv_set_num(c->item, "differ", v->n ? (double)v->differ / (double)v->n : 0);
}

/* What came of it: into the item, and on disk before it is told. */
static int settle(struct night *n, struct choice *c, size_t learned)
{
	const struct policy_verdict *v = &c->verdict;
	bool better = strcmp(v->why, "choice_better") == 0;
	struct sb name, scores;
	char hash[20];
	(void)snprintf(hash, sizeof(hash), "%016llx",
		       (unsigned long long)policy_model_print(&c->model));
	sb_init(&name, LEARN_MODEL_NAME);
	sb_init(&scores, LIM_SB);
	sb_fmt(&name, "choice/%s", c->learn.row);
	put_scores(c, &scores);
	jv_set_str(c->item, "why", sv_of(v->why));
	jv_set_bool(c->item, "kept", !better);
	struct entry x = { .m = { .name = sb_sv(&name), .kind = SV("linear"), .hash = sv_of(hash),
				  .scores = sb_sv(&scores), .night = sv_of(n->id),
				  .rows = (int64_t)learned, .made_ms = night_now(n) },
			   .c = c, .night = jv_copy(c->item), .put = learned > 0,
			   .promote = better };
	if (learned) {
		x.m.from_day = c->v[0].day;
		x.m.to_day = c->v[learned - 1].day;
	}
	jv_set_int(x.night, "at_ms", x.m.made_ms);
	int rc = n->o->dry ? 0 : night_write(n, enter, &x);
	if (rc == 0 && x.m.version) {
		char text[24];
		(void)snprintf(text, sizeof(text), "%lld", (long long)x.m.version);
		jv_set_str(c->item, "new", sv_of(text));
	}
	jv_free(x.night);
	sb_done(&name);
	sb_done(&scores);
	return rc;
}

/* ---- one row ---- */

static void new_item(struct choice *c)
{
	char name[LEARN_MODEL_NAME], text[24];
	(void)snprintf(name, sizeof(name), "choice/%s", c->learn.row);
	(void)snprintf(text, sizeof(text), "%lld", (long long)c->old.version);
	c->item = jv_obj();
	jv_set_str(c->item, "name", sv_of(name));
	jv_set_str(c->item, "task", SV("choice"));
	jv_set_str(c->item, "old", c->model.has_before ? sv_of(text) : SV("own"));
	jv_set(c->item, "new", jv_null());
	jv_set_int(c->item, "n", (int64_t)c->n);
	put_ways(c);
}

static int one_row(struct night *n, struct choice *c)
{
	const char *wait;
	size_t held = held_from(c);
	int rc = in_use(n, c, &wait);
	if (rc)
		return rc;
	new_item(c);
	c->verdict.why = wait ? wait : "few_decisions";
	if (wait || !held)
		held = 0;
	if (held) {
		struct policy_with with = { .ways = c->learn.ways, .now = &c->model.now,
					    .was = c->model.has_before ? &c->model.before : NULL };
		policy_learn_fit(c->v, held, c->learn.ways, &c->model.now);
		policy_learn_judge(c->v + held, c->n - held, &with, &c->verdict);
		put_verdict(c);
	}
	rc = settle(n, c, held);
	if (rc == 0) {
		jv *item = c->item;
		c->item = NULL;
		rc = night_told(n, item);
	}
	return rc;
}

/* The state as the table told it. False: it is no state of ours. */
static bool read_state(struct choice *c, const jv *state)
{
	const jv *ways = jv_get(state, "ways");
	sv print = jv_get_str(state, "print");
	size_t n = jv_len(ways);
	if (n < 2 || n > POLICY_WAYS || !jv_get_str(state, "row").n)
		return false;
	c->state = state;
	c->learn.row = jv_get_str(state, "row").p;
	c->learn.ways = (int)n;
	for (size_t i = 0; i < n; i++)
		c->learn.way[i] = jv_as_str(jv_at(ways, i)).p;
	for (size_t i = 0; i < print.n && i < 16; i++)
		c->learn.print = c->learn.print << 4 |
				 (uint64_t)(print.p[i] <= '9' ? print.p[i] - '0' :
								print.p[i] - 'a' + 10);
	c->model.print = c->learn.print;
	c->model.ways = c->learn.ways;
	return true;
}

int night_choices(struct night *n, struct err *e)
{
	struct school *g = xalloc(sizeof(*g));
	bool usable[ROWS] = { 0 };
	g->n = n;
	int rc = learn_choice_states(n->db, &g->states);
	g->n_rows = jv_len(g->states) < ROWS ? jv_len(g->states) : ROWS;
	for (size_t i = 0; i < g->n_rows; i++)
		usable[i] = read_state(&g->v[i], jv_at(g->states, i));
	if (rc == 0)
		rc = learn_choice_samples(n->db, g->states,
					  n->now_ms - DAYS_BACK * (int64_t)CAL_DAY, take, g);
	for (size_t i = 0; i < g->n_rows && rc == 0; i++)
		if (usable[i])
			rc = night_stopped(n) ? ERR_CANCELED : one_row(n, &g->v[i]);
	if (rc && rc != ERR_CANCELED)
		err_set(e, rc, "%s", store_error(n->db));
	for (size_t i = 0; i < g->n_rows; i++) {
		xfree(g->v[i].v);
		jv_free(g->v[i].item);
	}
	jv_free(g->states);
	xfree(g);
	return rc;
}
