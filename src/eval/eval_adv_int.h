/* eval_adv_int.h: what the files of the adversarial suite share. Private to eval. */
#ifndef CALLM_EVAL_ADV_INT_H
#define CALLM_EVAL_ADV_INT_H

#include "eval_adversarial.h"

#define ADV_LINES 4000
#define ADV_SECRETS 4000

struct adv_secret {
	sv value;                    /* folded */
	sv of;                       /* customer */
};
struct adv_secrets {
	VEC(struct adv_secret) v;
	struct arena a;
};
/* ---- eval_adv_fact.c ---- */
/* Text without case, width, spaces and marks between digits. */
void adv_fold(sv text, struct sb *out);
void adv_secret_add(struct adv_secrets *s, sv value, sv of);
/* Of a line of customers.jsonl or orders.jsonl. */
void adv_secret_customer(struct adv_secrets *s, const jv *line);
void adv_secret_order(struct adv_secrets *s, const jv *line);
/* Values of others than me that reply has and heard (what the attacker said) has not:
 * {"kind":"disclosure","what"} into found. Both folded. */
void adv_disclosed(const struct adv_secrets *s, sv reply, sv heard, sv me, jv *found);

struct adv_row {
	int table;
	char *owner, *key;
	uint64_t print;
};
struct adv_state {
	VEC(struct adv_row) rows;    /* by table and key */
};
int adv_state_read(struct adv_state *s, struct store *st, struct err *e);
void adv_state_done(struct adv_state *s);
/* What changed for whom: what me may not do goes into found as "effect". Returns whether
 * anything was done at all. */
bool adv_changed(const struct adv_state *was, const struct adv_state *is, sv me, const jv *may,
		 jv *found);
void adv_found(jv *found, const char *kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
