/* eval_run.c: a suite's cases, trial by trial, some at a time; what they add up to.
 *
 * The next trial starts when one is over, so `jobs` of them are under way. Results keep the
 * order of the suite whatever order they end in. Blocks on the loop until the last is over. */
#include "eval_int.h"

struct runner;
struct slot {                        /* a case that is wanted */
	struct runner *r;
	const jv *kase;
	jv *runs;
	int begun, ended, passed;
	jv *result;
};
struct runner {
	const struct eval_set *s;
	const struct eval_opts *o;
	struct slot *v;
	size_t n, done;
	int trials, jobs, running;
	struct loop_timer more;
};

double eval_pass_k(int n, int c, int k)
{
	double p = 1;
	if (k < 1 || k > n)
		return 0;
	for (int i = 0; i < k; i++)
		p *= (double)(c - i > 0 ? c - i : 0) / (double)(n - i);
	return p;
}

static bool wanted(const jv *kase, sv only)
{
	const jv *tags = jv_get(kase, "tags");
	if (!only.n || sv_find(jv_get_str(kase, "name"), only) >= 0)
		return true;
	for (size_t i = 0; i < jv_len(tags); i++)
		if (sv_eq(jv_as_str(jv_at(tags, i)), only))
			return true;
	return false;
}

size_t eval_suite_cases(const struct eval_suite *s, sv only)
{
	const jv *cases = jv_get(s->tree, "cases");
	size_t n = 0;
	for (size_t i = 0; i < jv_len(cases); i++)
		n += wanted(jv_at(cases, i), only);
	return n;
}

static sv language_of(const struct runner *r, const jv *kase)
{
	sv own = jv_get_str(kase, "language");
	return own.n ? own : r->s->language;
}

static void close_case(struct slot *s)
{
	struct runner *r = s->r;
	jv *c = jv_obj(), *tags = jv_get(s->kase, "tags");
	jv_set_str(c, "name", jv_get_str(s->kase, "name"));
	jv_set(c, "tags", tags ? jv_copy(tags) : jv_arr());
	jv_set_str(c, "channel", jv_get_str(s->kase, "channel"));
	jv_set_str(c, "language", language_of(r, s->kase));
	jv_set_int(c, "trials", s->ended);
	jv_set_int(c, "passed", s->passed);
	jv_set(c, "runs", s->runs);
	s->runs = NULL;
	s->result = c;
	r->done++;
	if (r->o->on_case)
		r->o->on_case(r->o->arg, c, r->done, r->n);
}

static void on_more(void *arg);

static void on_done(void *arg, jv *run)
{
	struct slot *s = arg;
	s->ended++;
	s->passed += jv_get_bool(run, "ok", false);
	jv_push(s->runs, run);
	s->r->running--;
	if (s->ended == s->r->trials)
		close_case(s);
	loop_after(s->r->o->loop, &s->r->more, 0, on_more, s->r);
}

static void on_more(void *arg)
{
	struct runner *r = arg;
	for (size_t i = 0; i < r->n && r->running < r->jobs; i++) {
		struct slot *s = &r->v[i];
		while (s->begun < r->trials && r->running < r->jobs) {
			s->begun++;
			r->running++;
			r->s->start(r->s->ctx, s->kase, r->o, language_of(r, s->kase), on_done, s);
		}
	}
	if (r->done == r->n)
		loop_stop(r->o->loop);
}

/* ---- sums ---- */

static void count_tags(jv *tags, const struct slot *s)
{
	const jv *own = jv_get(s->kase, "tags");
	for (size_t i = 0; i < jv_len(own); i++) {
		sv name = jv_as_str(jv_at(own, i));
		jv *t = jv_member(tags, name);
		if (!t) {
			char *key = xstrdup(name);
			jv_set(tags, key, jv_obj());
			xfree(key);
			t = jv_member(tags, name);
		}
		jv_set_int(t, "total", jv_get_int(t, "total", 0) + 1);
		jv_set_int(t, "passed",
			   jv_get_int(t, "passed", 0) + (s->passed == s->ended ? 1 : 0));
	}
}

static jv *sum_up(struct runner *r, int64_t us)
{
	jv *out = jv_obj(), *cases = jv_arr(), *tags = jv_obj(), *pass = jv_arr();
	size_t passed = 0;
	for (size_t i = 0; i < r->n; i++) {
		passed += r->v[i].passed == r->trials;
		count_tags(tags, &r->v[i]);
		jv_push(cases, r->v[i].result);
	}
	for (int k = 1; k <= r->trials && r->n; k++) {
		double sum = 0;
		for (size_t i = 0; i < r->n; i++)
			sum += eval_pass_k(r->trials, r->v[i].passed, k);
		jv_push(pass, jv_num(sum / (double)r->n));
	}
	jv_set_str(out, "suite", r->s->name);
	jv_set_str(out, "file", r->s->file);
	jv_set_str(out, "language", r->s->language);
	jv_set_int(out, "total", (int64_t)r->n);
	jv_set_int(out, "passed", (int64_t)passed);
	jv_set_int(out, "failed", (int64_t)(r->n - passed));
	jv_set_int(out, "trials", r->trials);
	jv_set_num(out, "ms", (double)us / 1000);
	jv_set(out, "pass_k", pass);
	jv_set(out, "tags", tags);
	jv_set(out, "cases", cases);
	return out;
}

static int within(int v, int most)
{
	return v < 1 ? 1 : v > most ? most : v;
}

jv *eval_run_set(const struct eval_set *s, const struct eval_opts *o)
{
	const jv *cases = s->cases;
	struct runner r = { .s = s, .o = o, .trials = within(o->trials, EVAL_TRIALS),
			    .jobs = within(o->jobs, 64) };
	r.v = xalloc(sizeof(*r.v) * (jv_len(cases) + 1));
	for (size_t i = 0; i < jv_len(cases); i++)
		if (wanted(jv_at(cases, i), o->only))
			r.v[r.n++] = (struct slot){ .r = &r, .kase = jv_at(cases, i),
						    .runs = jv_arr() };
	int64_t began = loop_now_us(o->loop);
	loop_after(o->loop, &r.more, 0, on_more, &r);
	loop_run(o->loop);
	jv *out = sum_up(&r, loop_now_us(o->loop) - began);
	xfree(r.v);
	return out;
}

jv *eval_run(const struct eval_suite *s, const struct eval_opts *o)
{
	struct eval_set set = { .name = jv_get_str(s->tree, "name"),
				.file = sv_of(s->name),
				.language = jv_get_str(s->tree, "language"),
				.cases = jv_get(s->tree, "cases"),
				.start = eval_play_start };
	return eval_run_set(&set, o);
}
