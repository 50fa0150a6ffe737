/* feel_intent.c: the intent of a turn and whether the customer asks for a person, from
 * data/intent.tsv and data/human.tsv: the weights of all patterns that match are summed; the
 * best intent wins when its sum and its distance to the second are enough. Any thread.
 */
#include "feel_int.h"

#include <math.h>
#include <stdio.h>

#define INTENTS 24
#define LEAST 2          /* sum below which a turn is out of scope */

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

void feel_intent(const struct feel_text *t, struct feel_state *f)
{
	char names[INTENTS][32];
	double score[INTENTS] = { 0 }, second = 0;
	int n = 0, top = 0;
	sv rest = feel_table("intent.tsv"), col[3];

	while (feel_row(&rest, col, 3)) {
		int i = intent_slot(names, &n, col[0]);
		if (feel_match(t, col[2]))
			score[i] += feel_number(col[1]);
	}
	for (int i = 1; i < n; i++)
		top = score[i] > score[top] ? i : top;
	for (int i = 0; i < n; i++)
		second = i != top && score[i] > second ? score[i] : second;
	f->out_of_scope = n == 0 || score[top] < LEAST;
	f->intent_p = f->out_of_scope ? 0 :
					(1 - exp(-score[top] / 2.5)) * score[top] /
						(score[top] + 0.6 * second);
	snprintf(f->intent, sizeof(f->intent), "%s", f->out_of_scope ? "" : names[top]);
}

/* A row asks for a person, a row of kind "not" takes that back: questions about the human
 * service. */
bool feel_wants_human(const struct feel_text *t)
{
	sv rest = feel_table("human.tsv"), col[2];
	bool asks = false;

	while (feel_row(&rest, col, 2)) {
		if (!feel_match(t, col[1]))
			continue;
		if (sv_eq(col[0], SV("not")))
			return false;
		asks = true;
	}
	return asks;
}
