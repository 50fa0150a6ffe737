/* cmd_eval_flywheel.c: `callm eval flywheel`: does what was deleted come back? In memory, with the
 * demo company, by words or with --meaning by the installed embedding model too;
 * docs/flywheel.md tells what is done and how it is judged. */
#include "app_int.h"
#include "app_vecs.h"
#include "eval_flywheel.h"

#include <stdio.h>

struct fly_cmd {
	const char *tests, *vectors;
	bool json, list, meaning;
	struct app_vecs *vecs;   /* NULL: by words */
	int64_t seed, conversations, changed;
	struct sb text[6];
};

static int read_tests(struct fly_cmd *c, struct eval_fly_opts *o, struct err *e)
{
	static const char *const names[6] = { "dev.en.tsv",	  "dev.zh.tsv",
					      "questions.en.tsv", "questions.zh.tsv",
					      "dev_oos.en.txt",	  "dev_oos.zh.txt" };
	sv *const to[6] = { &o->ask[0],	 &o->ask[1], &o->held[0],
			    &o->held[1], &o->oos[0], &o->oos[1] };
	char path[4096];
	int rc = 0;
	for (int i = 0; i < 6 && !rc; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", c->tests, names[i]);
		rc = file_read(path, LIM_CFG_BYTES, &c->text[i], e);
		*to[i] = sb_sv(&c->text[i]);
	}
	return rc;
}

static double percent(const jv *o, const char *path)
{
	return 100 * jv_as_num(jv_path(o, path), 0);
}

static void print_deleted(const char *what, const jv *h)
{
	printf("  %-8s, of deleted articles   %lld, %lld of them back: %lld answered, %lld by "
	       "another article\n",
	       what, (long long)jv_get_int(h, "of_deleted", 0),
	       (long long)jv_get_int(h, "of_deleted_back", 0),
	       (long long)jv_get_int(h, "of_deleted_right", 0),
	       (long long)jv_get_int(h, "of_deleted_other", 0));
}

static void print_fly(const jv *r)
{
	static const char *const keys[] = { "conversations", "rows",   "questions",   "gone_wrong",
					    "gaps",	     "drafts", "right",	      "wrong",
					    "twice",	     "edits",  "edits_right", "blocked" };
	printf("%lld articles, %lld deleted\n", (long long)jv_get_int(r, "articles", 0),
	       (long long)jv_get_int(r, "deleted", 0));
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		printf("  %-14s %6lld\n", keys[i], (long long)jv_get_int(r, keys[i], 0));
	printf("deleted articles that came back   %lld of %lld (%.1f %%)\n",
	       (long long)jv_get_int(r, "back", 0), (long long)jv_get_int(r, "deleted", 0),
	       percent(r, "recall"));
	printf("  their values in the drafts      %.1f %%\n", percent(r, "values_back"));
	printf("precision of proposals            %.1f %%\n", percent(r, "precision"));
	printf("proposals against what is true    %lld (%lld alarms of the check)\n",
	       (long long)jv_get_int(r, "contradict", 0), (long long)jv_get_int(r, "alarms", 0));
	printf("answered, held-out questions      %.1f %% -> %.1f %%\n",
	       percent(r, "coverage.held.before"), percent(r, "coverage.held.after"));
	printf("answered, fresh traffic           %.1f %% -> %.1f %%\n",
	       percent(r, "coverage.traffic.before"), percent(r, "coverage.traffic.after"));
	printf("answered by another article       %.1f %% -> %.1f %%, %.1f %% -> %.1f %%\n",
	       percent(r, "coverage.held.wrong_before"), percent(r, "coverage.held.wrong_after"),
	       percent(r, "coverage.traffic.wrong_before"),
	       percent(r, "coverage.traffic.wrong_after"));
	printf("unanswerable questions declined   %.1f %% -> %.1f %%\n",
	       percent(r, "coverage.unanswerable.before"),
	       percent(r, "coverage.unanswerable.after"));
	print_deleted("held-out", jv_path(r, "coverage.held"));
	print_deleted("traffic", jv_path(r, "coverage.traffic"));
}

static void print_list(const jv *list)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *o = jv_at(list, i);
		printf("%-8.*s " SV_FMT " %-28.*s %3.0f %% of %lld, %lld answered: " SV_FMT "\n",
		       SV_ARG(jv_get_str(o, "verdict")), SV_ARG(jv_get_str(o, "lang")),
		       SV_ARG(jv_get_str(o, "wanted")), 100 * jv_get_num(o, "share", 0),
		       (long long)jv_get_int(o, "size", 0), (long long)jv_get_int(o, "answers", 0),
		       SV_ARG(jv_get_str(o, "title")));
		if (jv_get_str(o, "body_md").n)
			printf("         " SV_FMT "\n", SV_ARG(jv_get_str(o, "body_md")));
		if (!sv_eq(jv_get_str(o, "verdict"), SV("right")) && jv_get_str(o, "gates").n)
			printf("         " SV_FMT "\n", SV_ARG(jv_get_str(o, "gates")));
	}
}

static void print_missed(const jv *list)
{
	for (size_t i = 0; i < jv_len(list); i++) {
		const jv *o = jv_at(list, i);
		printf("missed   %-28.*s %-10.*s %.2f %-40.*s %.2f %-40.*s " SV_FMT "\n",
		       SV_ARG(jv_get_str(o, "wanted")), SV_ARG(jv_get_str(o, "how")),
		       jv_get_num(o, "p", 0), SV_ARG(jv_get_str(o, "first")),
		       jv_get_num(o, "p2", 0), SV_ARG(jv_get_str(o, "second")),
		       SV_ARG(jv_get_str(o, "question")));
	}
}

static void print_changed(const jv *r, bool list)
{
	printf("one number changed in %lld articles\n  found beside the original        %lld of "
	       "%lld\n  found against the translation    %lld of %lld\n",
	       (long long)jv_get_int(r, "n", 0), (long long)jv_get_int(r, "found", 0),
	       (long long)jv_get_int(r, "n", 0), (long long)jv_get_int(r, "found_translation", 0),
	       (long long)jv_get_int(r, "n_translation", 0));
	printf("untouched: %lld alarms among %lld articles, %lld of %lld translations differ\n",
	       (long long)jv_get_int(r, "false_alarms", 0), (long long)jv_get_int(r, "articles", 0),
	       (long long)jv_get_int(r, "pairs_differ", 0), (long long)jv_get_int(r, "pairs", 0));
	const jv *a = jv_get(r, "alarms");
	for (size_t i = 0; list && i < jv_len(a); i++) {
		const jv *o = jv_at(a, i);
		printf("  %.2f " SV_FMT " \"" SV_FMT "\" / " SV_FMT " \"" SV_FMT "\"\n",
		       jv_get_num(o, "likeness", 0), SV_ARG(jv_get_str(o, "id")),
		       SV_ARG(jv_get_str(o, "sentence")), SV_ARG(jv_get_str(o, "other")),
		       SV_ARG(jv_get_str(o, "other_sentence")));
	}
}

static int index_of(void *arg, struct store *st, struct kb_index **ret, struct err *e)
{
	return app_vecs_index(arg, st, ret, e);
}

/* With --meaning: as a server searches that has an embedding model. */
static int open_meaning(struct fly_cmd *c, struct eval_fly_opts *o, struct err *e)
{
	if (!c->meaning)
		return 0;
	o->index = index_of;
	o->vec = app_vecs_question;
	int rc = app_vecs_open(&c->vecs, "", c->vectors, e);
	o->arg = c->vecs;
	return rc;
}

static int run(struct fly_cmd *c, struct eval_fly_opts *o, struct err *e)
{
	struct store *st = NULL;
	jv *fly = NULL, *changed = NULL;
	size_t n;
	int rc = read_tests(c, o, e);
	if (!rc)
		rc = kb_init();
	if (!rc)
		rc = open_meaning(c, o, e);
	if (!rc)
		rc = store_open(&st, &(struct store_opts){ .dir = "" }, e);
	if (!rc)
		rc = app_demo_import(st, &n, e);
	if (!rc)
		rc = eval_contradictions(st, o->seed, (size_t)c->changed, &changed, e);
	o->store = st;
	if (!rc)
		rc = eval_flywheel(o, &fly, e);
	if (!rc && c->json) {
		jv_set(fly, "contradictions", changed);
		cli_print_json(fly);
	} else if (!rc) {
		print_changed(changed, c->list);
		print_fly(fly);
		print_list(jv_get(fly, "list"));
		print_missed(jv_get(fly, "missed"));
		jv_free(changed);
		jv_free(fly);
	} else {
		jv_free(changed);
	}
	store_close(st);
	return rc;
}

int cmd_eval_flywheel(int argc, char **argv)
{
	struct fly_cmd c = { .tests = "demo/tests", .seed = 1, .conversations = 3000,
			     .changed = 40 };
	struct err e = { 0 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "tests", CLI_STR, &c.tests, "folder of questions (demo/tests)" },
		{ "seed", CLI_INT, &c.seed, "of everything random" },
		{ "conversations", CLI_INT, &c.conversations, "to replay" },
		{ "changed", CLI_INT, &c.changed, "articles with one number changed" },
		{ "meaning", CLI_FLAG, &c.meaning, "by the installed embedding model too" },
		{ "vectors", CLI_STR, &c.vectors, "file that keeps the passages' vectors" },
		{ "list", CLI_FLAG, &c.list, "each draft and what it is, each question missed" },
		{ "json", CLI_FLAG, &c.json, "one JSON object" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (c.conversations < 1 || c.conversations > 100000 || c.changed < 1 || c.changed > 1000)
		return cli_fail("1 to 100000 conversations, 1 to 1000 changed articles"), 2;
	struct eval_fly_opts o = { .seed = (uint64_t)c.seed, .keep = c.list,
				   .conversations = (size_t)c.conversations };
	for (int i = 0; i < 6; i++)
		sb_init(&c.text[i], LIM_CFG_BYTES);
	int rc = run(&c, &o, &e);
	app_vecs_close(c.vecs);
	for (int i = 0; i < 6; i++)
		sb_done(&c.text[i]);
	return rc ? cli_fail("%s", e.msg[0] ? e.msg : err_text(rc)) : 0;
}
