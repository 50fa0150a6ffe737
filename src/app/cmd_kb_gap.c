/* cmd_kb_gap.c: `callm kb gaps | drafts | conflicts | coverage | learn`: what the knowledge
 * base lacks, and a look back over the rows now instead of at night. Beside a running server
 * these read only. */
#include "app_int.h"
#include "app_knowledge.h"
#include "learn.h"

#include <stdio.h>

/* ---- lists ---- */

static void print_rows(const jv *items, const char *verb)
{
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *o = jv_at(items, i);
		if (strcmp(verb, "gaps") == 0)
			printf("%7.1f  %-8.*s " SV_FMT "  %lld times, %lld answers  " SV_FMT "\n",
			       jv_get_num(o, "priority", 0), SV_ARG(jv_get_str(o, "state")),
			       SV_ARG(jv_get_str(o, "lang")), (long long)jv_get_int(o, "size", 0),
			       (long long)jv_get_int(o, "answers", 0),
			       SV_ARG(jv_get_str(o, "question")));
		else if (strcmp(verb, "drafts") == 0)
			printf(SV_FMT "  %-8.*s %-4.*s " SV_FMT "\n    " SV_FMT "\n",
			       SV_ARG(jv_get_str(o, "id")), SV_ARG(jv_get_str(o, "state")),
			       SV_ARG(jv_get_str(o, "kind")), SV_ARG(jv_get_str(o, "title")),
			       SV_ARG(jv_get_str(o, "body_md")));
		else if (strcmp(verb, "conflicts") == 0)
			printf(SV_FMT ": " SV_FMT "\n  " SV_FMT ": " SV_FMT "\n",
			       SV_ARG(jv_get_str(o, "article_id")),
			       SV_ARG(jv_get_str(o, "sentence")), SV_ARG(jv_get_str(o, "other_id")),
			       SV_ARG(jv_get_str(o, "other_sentence")));
		else
			printf("%-24.*s " SV_FMT "  %lld articles, %lld asked, %3.0f %% answered, "
			       "%lld gaps, %lld conflicts, %lld stale, %lld expiring\n",
			       SV_ARG(jv_get_str(o, "category")), SV_ARG(jv_get_str(o, "lang")),
			       (long long)jv_get_int(o, "articles", 0),
			       (long long)jv_get_int(o, "traffic", 0),
			       100 * jv_get_num(o, "coverage", 0),
			       (long long)jv_get_int(o, "gaps", 0),
			       (long long)jv_get_int(o, "conflicts", 0),
			       (long long)jv_get_int(o, "stale", 0),
			       (long long)jv_get_int(o, "expiring", 0));
	}
}

static int read_list(struct store_db *db, const char *verb, const struct learn_query *q,
		     struct sb *out)
{
	if (strcmp(verb, "gaps") == 0)
		return learn_gaps_json(db, q, out);
	if (strcmp(verb, "drafts") == 0)
		return learn_drafts_json(db, q, out);
	if (strcmp(verb, "conflicts") == 0)
		return learn_conflicts_json(db, q, out);
	return learn_coverage_json(db, q, out);
}

static int list(struct app_desk *d, const char *verb, const char *lang, bool json)
{
	struct learn_query q = { .lang = sv_of(lang), .limit = 200 };
	struct store_db *db;
	struct sb b;
	sb_init(&b, 64u << 20);
	int rc = store_reader(d->store, &db);
	if (rc == 0)
		rc = read_list(db, verb, &q, &b);
	jv *r = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	const jv *items = jv_get(r, "items");
	for (size_t i = 0; json && i < jv_len(items); i++)
		cli_print_json(jv_copy(jv_at(items, i)));
	if (r && !json)
		print_rows(items, verb);
	if (r && !json && !jv_len(items))
		printf("nothing yet: callm kb learn looks at what customers asked\n");
	jv_free(r);
	sb_done(&b);
	return r ? 0 : cli_fail("the list could not be read: %s", err_text(rc));
}

/* ---- learn ---- */

static int learn(struct app_desk *d, bool json)
{
	struct learn_run *r = NULL;
	struct err e = { 0 };
	int rc = app_knowledge_run(d->store, d->kb, 0, &r, &e);
	if (rc)
		return cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	size_t drafts = 0;
	for (size_t i = 0; i < r->n_gap; i++)
		drafts += r->gap[i].draft != NULL;
	if (json) {
		jv *o = jv_obj();
		jv_set_int(o, "questions", (int64_t)r->questions);
		jv_set_int(o, "gone_wrong", (int64_t)r->gone_wrong);
		jv_set_int(o, "gaps", (int64_t)r->n_gap);
		jv_set_int(o, "drafts", (int64_t)drafts);
		jv_set_int(o, "conflicts", (int64_t)r->n_conflict);
		cli_print_json(o);
	} else {
		printf("%zu questions, %zu went wrong: %zu gaps, %zu of them with a draft; %zu "
		       "contradictions between articles\n",
		       r->questions, r->gone_wrong, r->n_gap, drafts, r->n_conflict);
	}
	learn_run_free(r);
	return 0;
}

bool kb_gap_verb(const char *verb)
{
	static const char *const verbs[] = { "gaps", "drafts", "conflicts", "coverage", "learn" };
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verb, verbs[i]) == 0)
			return true;
	return false;
}

int kb_gap_cmd(struct app_desk *d, const char *verb, const char *lang, bool json)
{
	return strcmp(verb, "learn") == 0 ? learn(d, json) : list(d, verb, lang, json);
}
