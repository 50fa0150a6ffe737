/* cmd_score_qa.c: `callm score qa`: the rules of the quality forms against marks that people gave,
 * item by item: Cohen's kappa, plain agreement, how often each kind was marked. */
#include "app_int.h"
#include "app_quality.h"
#include "qa_label.h"

#include <math.h>
#include <stdio.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

static void on_wrong(void *arg, sv id, sv item, const char *label, const char *found, sv why)
{
	(void)arg;
	(void)fprintf(stderr, SV_FMT " " SV_FMT ": %s instead of %s (" SV_FMT ")\n", SV_ARG(id),
		      SV_ARG(item), found, label, SV_ARG(why));
}

static void report_json(const struct qa_label_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct qa_agree *a = &s->v[i];
		jv *o = jv_obj();
		jv_set_str(o, "item", sv_of(a->item));
		jv_set_int(o, "n", (int64_t)a->n);
		jv_set_int(o, "pass", (int64_t)a->passed);
		jv_set_int(o, "fail", (int64_t)a->failed);
		jv_set_num(o, "agree", a->n ? (double)a->same / (double)a->n : 0);
		jv_set_num(o, "kappa", a->kappa);
		cli_print_json(o);
	}
}

static void report(const struct qa_label_set *s)
{
	printf("%zu conversations (%zu of the bot, %zu calls, %zu Chinese), %zu marks, %.1f %% "
	       "equal\n",
	       s->talks, s->by_bot, s->voice, s->zh, s->marks,
	       s->marks ? 100.0 * (double)s->same / (double)s->marks : 0.0);
	printf("%-16s %4s %5s %5s %7s %6s\n", "item", "n", "pass", "fail", "agree", "kappa");
	for (size_t i = 0; i < s->n; i++) {
		const struct qa_agree *a = &s->v[i];
		printf("%-16s %4zu %5zu %5zu %5.1f %% ", a->item, a->n, a->passed, a->failed,
		       a->n ? 100.0 * (double)a->same / (double)a->n : 0.0);
		if (isnan(a->kappa))
			printf("%6s\n", "-");
		else
			printf("%6.3f\n", a->kappa);
	}
	printf("all marks: kappa %.3f; lowest of an item %.3f\n", s->pooled, s->least);
}

static int load(const char *file, struct sb *out, struct err *e)
{
	if (file)
		return file_read(file, LIM_KB_DOC, out, e);
	const struct embed_file *f =
		embed_find(demo_files, demo_files_n, SV("tests/qa_labels.jsonl"));
	return f ? embed_text(f, out) :
		   err_set(e, ERR_NOTFOUND, "the labelled set is not in the program");
}

int cmd_score_qa(int argc, char **argv)
{
	const char *data = NULL, *company = NULL;
	bool json = false, wrong = false;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object an item" },
		{ "wrong", CLI_FLAG, &wrong, "each mark that differs, on standard error" },
		{ "data", CLI_STR, &data, "JSON lines; default: the demo's labelled set" },
		{ "company", CLI_STR, &company,
		  "company.yaml whose qa/ forms are used; default: the demo's" },
	};
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	struct qa_forms *fs = NULL;
	struct qa_label_set *s = xalloc(sizeof(*s));
	struct err e = { 0 };
	struct sb b;
	sb_init(&b, LIM_KB_DOC);
	int rc = app_quality_load(company ? sv_of(company) : SV(""), &fs, &e);
	if (rc == 0)
		rc = load(data, &b, &e);
	if (rc == 0)
		rc = qa_label_run(fs, sb_sv(&b), s, wrong ? on_wrong : NULL, NULL, &e);
	if (rc)
		(void)cli_fail("line %d: %s", e.line, e.msg[0] ? e.msg : err_text(rc));
	else if (json)
		report_json(s);
	else
		report(s);
	sb_done(&b);
	obj_unref(fs);
	xfree(s);
	return rc != 0;
}
