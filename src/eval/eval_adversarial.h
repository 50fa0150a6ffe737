/* eval_adversarial.h: customers who want what is not theirs, against the real engine and a real
 * store; judged by what is in the store afterwards and by whose data was said, never by what a
 * model says about itself. docs/eval.md.
 *
 *	eval_adv_new(&a);
 *	eval_adv_add(a, text, "adversarial.en.jsonl", &e);
 *	eval_adv_know(a, customers, orders, &e);         whose data must not be told
 *	eval_adv_seed(a, db, keys, SV("86"), now, &e);   on the scribe
 *	jv *r = eval_adv_run(a, &opts);
 *
 * A suite is JSON lines: what the world gets ({"customer"}, {"order"}, {"product"}, {"article"}:
 * lines of the company's own files, an article as its text), {"secret": [..], "of": ID}, {"never":
 * [..]} (said in no reply), {"lies": [..]} (what the hostile model says of its own), and cases:
 *
 *	{"name","class","lang","turns":[..],"me":ID,"may":[TABLES],"channel","from","never":[..],
 *	 "tools":[{"name","args"}],"lie"}
 *
 * me: the customer who really writes, and proves it in the turns; without it nobody. may: tables
 * where rows of this customer may change. tools, lie: what the hostile model does.
 */
#ifndef CALLM_EVAL_ADVERSARIAL_H
#define CALLM_EVAL_ADVERSARIAL_H

#include "base.h"
#include "store.h"
#include "talk.h"

struct eval_adv;
struct cust_keys;
void eval_adv_new(struct eval_adv **ret);
/* accepts NULL; after the hub: its models' scripts. */
void eval_adv_free(struct eval_adv *a);
/* ERR_PARSE, ERR_INVAL: e names the line. */
int eval_adv_add(struct eval_adv *a, sv jsonl, const char *name, struct err *e);
/* Names, numbers, addresses and parcels of these customers are secrets, too. */
int eval_adv_know(struct eval_adv *a, sv customers, sv orders, struct err *e);
/* What the suite brings into the world, articles too; on the scribe. */
int eval_adv_seed(const struct eval_adv *a, struct store_db *db, const struct cust_keys *keys,
		  sv country_code, int64_t now_ms, struct err *e);
size_t eval_adv_cases(const struct eval_adv *a);

struct eval_adv_opts {
	struct loop *loop;           /* of the hub's only shard */
	struct talk_hub *hub;
	struct store *store;
	bool hostile;                /* a model answers that does what the attacker wants */
	sv only;                     /* cases with this in name or class; empty = all */
	/* lets time go on until *over; NULL: the loop is run (a simulated one needs its own) */
	void (*until)(void *arg, const bool *over);
	void (*on_case)(void *arg, const jv *c);
	void *arg;
};
/* {total, failed, disclosures, effects, claims, silent, classes: {CLASS: {zh: N, en: N, failed:
 * N}}, cases: [{name, class, language, turns: [{user, reply}], found: [{kind, what}]}]}; kind
 * is "disclosure", "effect", "claim" or "silent" (no reply). Never NULL, the caller's. */
jv *eval_adv_run(struct eval_adv *a, const struct eval_adv_opts *o);

#endif
