/* cmd_score.c: `callm score kb`: the knowledge base against labelled questions; other tasks are
 * in cmd_score_task.c. */
#include "app_int.h"

#include <stdio.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

static int load(const char *file, const char *demo_name, struct sb *out, struct err *e)
{
	sb_reset(out);
	if (file)
		return file_read(file, LIM_KB_DOC, out, e);
	const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(demo_name));
	return f ? embed_text(f, out) :
		   err_set(e, ERR_NOTFOUND, "%s is not in the program", demo_name);
}

static double rate(size_t a, size_t n)
{
	return n ? (double)a / (double)n : 0;
}

static void report(const char *lang, const struct kb_score *s, bool json)
{
	double first = rate(s->first, s->n), declined = rate(s->oos_declined, s->n_oos);
	double quotes = rate(s->quotes_ok, s->quotes);
	if (!json) {
		printf("%s  first %.1f %% (%zu/%zu)  in three %.1f %%  wrongly declined %zu  "
		       "unanswerable declined %.1f %% (%zu/%zu)  quotes literal %.1f %% "
		       "(%zu/%zu)\n",
		       lang, 100 * first, s->first, s->n, 100 * rate(s->in3, s->n),
		       s->declined_wrongly, 100 * declined, s->oos_declined, s->n_oos,
		       100 * quotes, s->quotes_ok, s->quotes);
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "lang", sv_of(lang));
	jv_set_int(o, "n", (int64_t)s->n);
	jv_set_num(o, "first", first);
	jv_set_num(o, "in3", rate(s->in3, s->n));
	jv_set_int(o, "declined_wrongly", (int64_t)s->declined_wrongly);
	jv_set_int(o, "n_oos", (int64_t)s->n_oos);
	jv_set_num(o, "oos_declined", declined);
	jv_set_int(o, "quotes", (int64_t)s->quotes);
	jv_set_num(o, "quotes_literal", quotes);
	cli_print_json(o);
}

static int score_lang(struct kb_index *ix, const char *lang, const char *qfile,
		      const char *ofile, bool dev, bool json)
{
	struct sb q, o;
	struct err e = { 0 };
	struct kb_score s = { 0 };
	char qn[64], on[64];
	snprintf(qn, sizeof(qn), dev ? "tests/dev.%s.tsv" : "tests/questions.%s.tsv", lang);
	snprintf(on, sizeof(on), dev ? "tests/dev_oos.%s.txt" : "tests/unanswerable.%s.txt", lang);
	sb_init(&q, LIM_KB_DOC);
	sb_init(&o, LIM_KB_DOC);
	int rc = load(qfile, qn, &q, &e);
	if (rc == 0 && (ofile || !qfile))
		rc = load(ofile, on, &o, &e);
	if (rc == 0)
		rc = kb_evaluate(ix, sv_of(lang), sb_sv(&q), sb_sv(&o), &s, &e);
	if (rc == 0)
		report(lang, &s, json);
	sb_done(&q);
	sb_done(&o);
	return rc ? cli_fail("%s", e.msg) : 0;
}

int cmd_score(int argc, char **argv)
{
	const char *data = NULL, *lang = NULL, *questions = NULL, *oos = NULL;
	const char *model = NULL;
	bool json = false, dev = false;
	int rest, status;
	if (argc > 1 && strcmp(argv[1], "pii") == 0)
		return cmd_score_pii(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "strategy") == 0)
		return cmd_score_strategy(argc - 1, argv + 1);
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object a language" },
		{ "dev", CLI_FLAG, &dev,
		  "the demo's tuning questions instead of the test ones" },
		{ "lang", CLI_STR, &lang, "only this language (needed with --questions)" },
		{ "questions", CLI_STR, &questions,
		  "TSV article<TAB>question; default: the demo's" },
		{ "unanswerable", CLI_STR, &oos, "one question a line; default: the demo's" },
		{ "data", CLI_STR, &data, "kb: data folder; tasks: rows label<TAB>text" },
		{ "model", CLI_STR, &model, "tasks: a file of callm train" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	if (rest >= argc)
		return cli_fail("score what? kb, strategy, pii, intent, emotion, pairs, "
				"language or digits"), 2;
	if (strcmp(argv[rest], "kb") != 0)
		return score_task(argv[rest], model, data, json);
	struct app_desk d;
	struct err e = { 0 };
	if (app_desk_open(&d, data, false, false, &e))
		return cli_fail("%s", e.msg);
	struct kb_index *ix = snap_get(d.kb);
	int rc = 0;
	static const char *const both[] = { "en", "zh" };
	for (int i = 0; i < 2 && rc == 0; i++)
		if (!lang || strcmp(lang, both[i]) == 0)
			rc = score_lang(ix, both[i], questions, oos, dev, json);
	obj_unref(ix);
	app_desk_close(&d);
	return rc;
}
