/* learn_night_gate.c: the gate of the night school, and two tasks that answer the same rows.
 *
 * A new task is better when the mean gain on held-back rows is above zero for certain. Turns of one
 * conversation are alike, so conversations are the units: the standard error is that of sums over
 * them (cluster-robust), and a sign test over conversations that gained or lost must agree, which
 * a handful of lucky ones cannot satisfy. Guards look at what a mean hides. Pure but for the tasks'
 * own scratch.
 */
#include "learn_night_int.h"

#include <math.h>

#define Z95 1.6448536269514722           /* one-sided 95 % of the normal distribution */
#define SIGN_P 0.05
#define LOSS 0.1
#define SCOPE_LOSS 0.05
#define ALARM_LOSS 0.02
enum { LOST_LEAST = 3 };                 /* fewer rows may be chance */

/* Probability of at least k heads in n throws. */
static double binomial_tail(size_t k, size_t n)
{
	double p = 0, log_all = lgamma((double)n + 1) - (double)n * log(2);
	for (size_t i = k; i <= n; i++)
		p += exp(log_all - lgamma((double)i + 1) - lgamma((double)(n - i) + 1));
	return p < 1 ? p : 1;
}

static void mean_gain(const struct learn_pair *v, size_t n, struct learn_verdict *r)
{
	double sum = 0, square = 0;
	size_t up = 0, down = 0;
	for (size_t i = 0; i < n; i++)
		sum += v[i].gain;
	r->n = n;
	r->diff = n ? sum / (double)n : 0;
	for (size_t i = 0; i < n;) {
		double gain = 0;
		size_t from = i;
		for (; i < n && v[i].group == v[from].group; i++)
			gain += v[i].gain;
		double off = gain - r->diff * (double)(i - from);
		square += off * off;
		up += gain > 1e-12;
		down += gain < -1e-12;
		r->groups++;
	}
	double g = (double)r->groups, se = n ? sqrt(square) / (double)n : 0;
	if (g > 1)
		se *= sqrt(g / (g - 1));
	r->lower = r->diff - Z95 * se;
	r->sign_p = binomial_tail(up, up + down);
}

/* An intent that lost too many of its rows; -1: none did. */
static int lost_label(const struct learn_pair *v, size_t n, double loss)
{
	struct {
		int64_t n, lost;
	} of[FEEL_LABELS_MAX] = { 0 };
	for (size_t i = 0; i < n; i++) {
		of[v[i].label].n++;
		of[v[i].label].lost += v[i].old_right - v[i].new_right;
	}
	for (int k = 0; k < FEEL_LABELS_MAX; k++)
		if (of[k].lost >= LOST_LEAST && (double)of[k].lost > loss * (double)of[k].n)
			return k;
	return -1;
}

/* Is what is called out of scope worse? */
static bool scope_worse(const struct learn_pair *v, size_t n)
{
	int64_t in = 0, out = 0, alarms = 0, missed = 0;
	for (size_t i = 0; i < n; i++) {
		in += !v[i].oos;
		out += v[i].oos;
		if (v[i].oos)
			missed += v[i].old_oos - v[i].new_oos;
		else
			alarms += v[i].new_oos - v[i].old_oos;
	}
	return (alarms >= LOST_LEAST && (double)alarms > ALARM_LOSS * (double)in) ||
	       (missed >= LOST_LEAST && (double)missed > SCOPE_LOSS * (double)out);
}

void learn_gate(const struct learn_pair *v, size_t n, const struct learn_pair *guard,
		size_t n_guard, double loss, struct learn_verdict *r)
{
	*r = (struct learn_verdict){ .label = -1 };
	mean_gain(v, n, r);
	loss = loss > 0 ? loss : LOSS;
	r->label = lost_label(guard, n_guard, loss);
	if (r->label < 0)
		r->label = lost_label(v, n, loss);
	if (!(r->lower > 0) || r->sign_p > SIGN_P)
		r->why = r->diff > 0 ? "not_certain" : "no_better";
	else if (r->label >= 0)
		r->why = "lost_intent";
	else if (scope_worse(guard, n_guard) || scope_worse(v, n))
		r->why = "scope";
	else
		r->why = "better";
}

/* ---- two tasks, the same rows ---- */

struct answer {
	uint16_t label;              /* of the names of the pairing */
	bool oos;
	double p;                    /* of what is right */
};

/* The number of a name among the pairing's; added when it is new. */
static uint16_t name_no(struct night_try *t, sv name)
{
	size_t k = 0;
	while (k < t->n_name && !sv_eq(t->name[k], name))
		k++;
	if (k == t->n_name && k < FEEL_LABELS_MAX - 1)
		t->name[t->n_name++] = name;
	return (uint16_t)k;
}

static struct answer ask(struct night_try *t, struct feel_task *task, struct feel_reader *r,
			 const struct feel_row *row, sv want)
{
	struct feel_guess g;
	struct answer a = { .p = 0 };
	feel_guess(r, row->text, SV_NULL, &g);
	a.oos = g.oos;
	a.label = name_no(t, g.oos ? SV("oos") : feel_task_label(task, g.said[0].label));
	for (size_t i = 0; i < feel_task_labels(task); i++)
		if (sv_eq(feel_task_label(task, i), want))
			a.p = (double)g.p[i];
	return a;
}

static double surprise(double p)
{
	return log(p > 1e-6 ? p : 1e-6);
}

static void pair_rows(struct night_try *t, struct feel_task *was, struct feel_task *now,
		      const struct feel_rows *rows, const uint32_t *group, bool likely)
{
	struct feel_reader *a = feel_reader_new(was), *b = feel_reader_new(now);
	for (size_t i = 0; i < rows->n; i++) {
		const struct feel_row *row = &rows->v[i];
		sv want = rows->name[row->label[0]];
		struct answer x = ask(t, was, a, row, want), y = ask(t, now, b, row, want);
		struct learn_pair *p = &t->v[i];
		p->group = group ? group[i] : (uint32_t)i;
		p->label = name_no(t, want);
		p->oos = sv_eq(want, SV("oos"));
		p->old_right = x.label == p->label;
		p->new_right = y.label == p->label;
		p->old_oos = x.oos;
		p->new_oos = y.oos;
		p->gain = likely ? surprise(y.p) - surprise(x.p) :
				   (double)p->new_right - p->old_right;
	}
	feel_reader_free(a);
	feel_reader_free(b);
}

static void figures_of(struct feel_task *task, const struct feel_rows *rows,
		       struct feel_figures *f)
{
	struct feel_tally *tally = xalloc(sizeof(*tally));
	sv *name = xalloc(sizeof(*name) * FEEL_LABELS_MAX);
	feel_task_test(task, rows, NULL, tally, name);
	feel_tally_figures(tally, f);
	xfree(tally);
	xfree(name);
}

int night_try(struct night_try *t, struct feel_task *was, struct feel_task *now, sv tsv,
	      const uint32_t *group, bool likely, struct arena *a, struct err *e)
{
	struct feel_rows rows;
	*t = (struct night_try){ 0 };
	int rc = feel_rows_parse(&rows, tsv, "labelled rows", feel_task_kind(was), e);
	if (rc == 0) {
		t->n = rows.n;
		t->v = arena_alloc(a, (rows.n + 1) * sizeof(*t->v));
		t->name = arena_alloc(a, FEEL_LABELS_MAX * sizeof(*t->name));
		if (!t->v || !t->name)
			rc = err_set(e, ERR_FULL, "too many labelled rows");
	}
	for (size_t i = 0; rc == 0 && i < feel_task_labels(was); i++)
		(void)name_no(t, feel_task_label(was, i));
	if (rc == 0) {
		pair_rows(t, was, now, &rows, group, likely);
		for (size_t i = 0; i < t->n_name; i++)
			t->name[i] = arena_sv(a, t->name[i]);
		figures_of(was, &rows, &t->was);
		figures_of(now, &rows, &t->now);
	}
	feel_rows_done(&rows);
	return rc;
}

void night_figures(jv *item, const char *key, const struct feel_figures *f)
{
	jv *o = jv_obj();
	jv_set_num(o, "accuracy", f->accuracy);
	jv_set_num(o, "macro_f1", f->macro_f1);
	jv_set_num(o, "oos_recall", f->oos_recall);
	jv_set_num(o, "false_alarms", f->false_alarms);
	jv_set_num(o, "ece", f->ece);
	jv_set(item, key, o);
}
