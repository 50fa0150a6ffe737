/* feel_intent.c: the intent of a turn and whether the customer asks for a person.
 *
 * The net of models/intent.bin reads the whole sentence; the patterns of data/intent.tsv, whose
 * weights are summed, move its answer: they know words the net has not met, and they answer alone
 * when there is no net. Whether a person is wanted is settled by data/human.tsv alone. Any thread.
 */
#include "feel_int.h"

#include <math.h>
#include <stdio.h>

#define INTENTS 24
#define LEAST 2          /* sum below which a turn is out of scope, without a net */
#define STRENGTH 0.5     /* of a pattern's weight of 1; tried on the guiding tables of t_feel */
#define SUM_MOST 6.0
#define FLOOR 0.01       /* what the net rules out, patterns can still bring back */

static int intent_slot(char names[INTENTS][32], int *n, sv name)
{
	for (int i = 0; i < *n; i++)
		if (sv_eq(name, sv_of(names[i])))
			return i;
	ASSERT(*n < INTENTS && name.n < 32);
	memcpy(names[*n], name.p, name.n);
	names[*n][name.n] = 0;
	return (*n)++;
}

/* Sums of the weights of the patterns that match. */
static int pattern_sums(const struct feel_text *t, char names[INTENTS][32], double *score)
{
	const struct feel_table *table = feel_table(FEEL_T_INTENT);
	int n = 0;

	for (size_t k = 0; k < table->n; k++) {
		const struct feel_table_row *row = &table->row[k];
		int i = intent_slot(names, &n, row->name);
		if (feel_row_stands(t, table, row))
			score[i] += row->number;
	}
	return n;
}

/* Probabilities of the intents (n) and of none of them (behind them) from both: the net's
 * probability times e^(STRENGTH * sum). Without a net a sum of LEAST is as likely as none. */
static void both(const struct feel_net *net, char names[INTENTS][32], const double *score, int n,
		 double *p)
{
	double sum = 0;

	for (int i = 0; i <= n; i++) {
		double s = i == n ? 0 : fmin(fmax(score[i], -SUM_MOST), SUM_MOST);
		double q = net->n ? feel_net_p(net, i == n ? SV("oos") : sv_of(names[i])) :
			   i == n ? exp(STRENGTH * LEAST) :
				    1;
		p[i] = (q + FLOOR) * exp(STRENGTH * s);
		p[i] = !net->n && i < n && score[i] < LEAST ? 0 : p[i];
		sum += p[i];
	}
	for (int i = 0; i <= n; i++)
		p[i] /= sum;
}

void feel_intent(const struct feel_text *t, const struct feel_net *net, struct feel_state *f)
{
	char names[INTENTS][32];
	double score[INTENTS] = { 0 }, p[INTENTS + 1];
	int n = t->letters ? pattern_sums(t, names, score) : 0, top = 0;

	if (n)
		both(net, names, score, n, p);
	for (int i = 1; i <= n; i++)
		top = p[i] > p[top] ? i : top;
	f->out_of_scope = top == n;
	f->intent_p = f->out_of_scope ? 0 : p[top];
	snprintf(f->intent, sizeof(f->intent), "%s", f->out_of_scope ? "" : names[top]);
}

/* A row asks for a person, a row of kind "not" takes that back: questions about the human
 * service. */
bool feel_wants_human(const struct feel_text *t)
{
	const struct feel_table *table = feel_table(FEEL_T_HUMAN);
	bool asks = false;

	for (size_t k = 0; k < table->n; k++) {
		if (!feel_row_stands(t, table, &table->row[k]))
			continue;
		if (sv_eq(table->row[k].name, SV("not")))
			return false;
		asks = true;
	}
	return asks;
}
