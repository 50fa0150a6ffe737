/* app_knowledge.h: what keeps the knowledge base current in the server: its sources are read when
 * they are due, once a night it is told what customers asked in vain, every hour what a new text
 * did, and test sets are run when somebody asks. Private to app. Main thread. */
#ifndef CALLM_APP_KNOWLEDGE_H
#define CALLM_APP_KNOWLEDGE_H

#include "ingest.h"

/*	app_knowledge_open(&k, &opts, &e);    before the door
 *	app_knowledge_tick(k);                once a second
 *	app_knowledge_close(k);               before the store is closed; accepts NULL */
struct app_knowledge;
struct model_spec;
struct policy_rules;
struct app_knowledge_opts {
	const jv *cfg, *company;     /* knowledge; timezone */
	const char *data;            /* folder: its sources/ may always be read */
	struct store *store;
	struct snap *kb;             /* as customers have it */
	/* The decision tables in use (a reference for the caller, or NULL), for the table source
	 * "rules"; any thread. NULL = there is no such source. */
	struct policy_rules *(*rules)(void *arg);
	void *rules_arg;
};
int app_knowledge_open(struct app_knowledge **ret, const struct app_knowledge_opts *o,
		       struct err *e);
struct ing *app_knowledge_sources(const struct app_knowledge *k);
/* Looks at the conversations as soon as nothing else goes on; ERR_AGAIN until that is over when it
 * does already. Any thread. */
int app_knowledge_learn(void *k);
/* A run of a test set was ordered. Any thread. */
void app_knowledge_sets(void *k);
/* The embedding model of test runs (app_sets.h); NULL = by words. */
void app_knowledge_model(struct app_knowledge *k, const struct model_spec *spec);
void app_knowledge_tick(struct app_knowledge *k);
/* One look back over the rows, written down; waits for the scribe. days 0 = 30. *ret only on
 * success, learn_run_free. */
struct learn_run;
int app_knowledge_run(struct store *st, struct snap *kb, int days, struct learn_run **ret,
		      struct err *e);
void app_knowledge_close(struct app_knowledge *k);
#endif
