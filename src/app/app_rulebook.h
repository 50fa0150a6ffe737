/* app_rulebook.h: the company's decision tables as articles: what its rules say, in the words
 * that a decision gives, so that a customer's question finds the table's text of now. The
 * source
 * {"kind": "table", "place": "rules"} (docs/ingest.md). Private to app. Any thread.
 */
#ifndef CALLM_APP_RULEBOOK_H
#define CALLM_APP_RULEBOOK_H

#include "ingest.h"

struct policy_rules;
struct app_rulebook {
	/* the tables in use: a reference for the caller, or NULL */
	struct policy_rules *(*now)(void *arg);
	void *arg;
};
/* An ing_table_fn: one article a table and language, of the rules that name an article, when
 * each that they name is published and public: those are for customers. A sentence with a fact
 * of the case in it ("after {days} days") is left out, one with a fixed result gets it. arg:
 * struct app_rulebook. */
int app_rulebook_articles(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put,
			  void *put_arg, struct err *e);
int app_rulebook_stamp(void *arg, struct store_db *db, uint64_t *ret);   /* an ing_stamp_fn */

#endif
