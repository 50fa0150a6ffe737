/* feel_task_score.c: how good the answers of a task are: accuracy, F1, out of scope,
 * calibration. Pure counting; the caller owns the tally.
 *
 * accuracy is over the rows that have a label in scope, as the CLINC150 paper does it (Larson et
 * al. 2019): to call such a row out of scope is an error, and rows out of scope have figures of
 * their own, recall and false alarms. A row with several labels is right when all of them and no
 * other are said.
 */
#include "feel_task.h"

#include <math.h>

void feel_tally_init(struct feel_tally *t, size_t n_label, int oos_label)
{
	memset(t, 0, sizeof(*t));
	t->n_label = n_label < FEEL_LABELS_MAX ? n_label : FEEL_LABELS_MAX;
	t->oos_label = oos_label;
}

static bool has(const uint16_t *v, size_t n, uint16_t k)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == k)
			return true;
	return false;
}

static void count_labels(struct feel_tally *t, const uint16_t *want, size_t n_want,
			 const uint16_t *got, size_t n_got, size_t *hits)
{
	*hits = 0;
	for (size_t i = 0; i < n_want; i++)
		if (want[i] < t->n_label)
			t->label[want[i]].there++;
	for (size_t i = 0; i < n_got; i++) {
		if (got[i] >= t->n_label)
			continue;
		bool right = has(want, n_want, got[i]);
		t->label[got[i]].said++;
		t->label[got[i]].right += right;
		*hits += right;
	}
}

void feel_tally_add(struct feel_tally *t, const uint16_t *want, size_t n_want, const uint16_t *got,
		    size_t n_got)
{
	bool oos = t->oos_label >= 0 && has(want, n_want, (uint16_t)t->oos_label);
	bool said = t->oos_label >= 0 && has(got, n_got, (uint16_t)t->oos_label);
	size_t hits;

	count_labels(t, want, n_want, got, n_got, &hits);
	bool right = hits == n_want && hits == n_got;
	t->n += !oos;
	t->right += !oos && right;
	t->oos += oos;
	t->oos_said += oos && said;
	t->false_oos += !oos && said;
}

void feel_tally_sure(struct feel_tally *t, double p, bool right)
{
	int bins = (int)(sizeof(t->ece_n) / sizeof(t->ece_n[0]));
	int k = p > 0 ? (int)(p * bins) : 0;

	k = k >= bins ? bins - 1 : k;
	t->ece_n[k]++;
	t->ece_sum[k] += p;
	t->ece_right[k] += right;
}

void feel_score_prf(const struct feel_score *s, double *precision, double *recall, double *f1)
{
	*precision = s->said ? (double)s->right / s->said : 0;
	*recall = s->there ? (double)s->right / s->there : 0;
	*f1 = s->said + s->there ? 2.0 * s->right / ((double)s->said + s->there) : 0;
}

static void figures_f1(const struct feel_tally *t, struct feel_figures *out)
{
	struct feel_score all = { 0 };
	double macro = 0, weighted = 0, p, r, f1;
	size_t used = 0;

	for (size_t i = 0; i < t->n_label; i++) {
		const struct feel_score *s = &t->label[i];
		if ((int)i == t->oos_label || s->there + s->said == 0)
			continue;
		feel_score_prf(s, &p, &r, &f1);
		macro += f1;
		weighted += f1 * s->there;
		used++;
		all.right += s->right;
		all.said += s->said;
		all.there += s->there;
	}
	out->macro_f1 = used ? macro / (double)used : 0;
	out->weighted_f1 = all.there ? weighted / all.there : 0;
	feel_score_prf(&all, &p, &r, &out->micro_f1);
}

/* How far the rows of a bin that are right lie from their number on average, by the normal
 * distribution, when each is right with the probability that was said. */
static double chance_gap(double sum, double n)
{
	double p = n > 0 ? sum / n : 0;

	return sqrt(2 / M_PI * n * fmax(p * (1 - p), 0));
}

void feel_tally_figures(const struct feel_tally *t, struct feel_figures *out)
{
	double rows = 0, gap = 0, chance = 0;

	*out = (struct feel_figures){ 0 };
	figures_f1(t, out);
	if (t->n) {
		out->accuracy = (double)t->right / (double)t->n;
		out->false_alarms = (double)t->false_oos / (double)t->n;
	}
	if (t->n + t->oos)
		out->accuracy_all = (double)(t->right + t->oos_said) / (double)(t->n + t->oos);
	if (t->oos)
		out->oos_recall = (double)t->oos_said / (double)t->oos;
	for (size_t i = 0; i < sizeof(t->ece_n) / sizeof(t->ece_n[0]); i++) {
		double d = t->ece_sum[i] - t->ece_right[i];
		gap += d < 0 ? -d : d;
		rows += (double)t->ece_n[i];
		chance += chance_gap(t->ece_sum[i], (double)t->ece_n[i]);
	}
	out->ece = rows > 0 ? gap / rows : 0;
	out->ece_chance = rows > 0 ? chance / rows : 0;
}
