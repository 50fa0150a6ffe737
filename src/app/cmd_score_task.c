/* cmd_score_task.c: `callm score TASK --model FILE --data ROWS`: a trained task against rows with
 * labels. */
#include "app_int.h"
#include "app_sense.h"
#include "feel_task.h"

#include <stdio.h>
#include <string.h>

static jv *label_json(const struct feel_score *s)
{
	double precision, recall, f1;
	jv *o = jv_obj();

	feel_score_prf(s, &precision, &recall, &f1);
	jv_set_num(o, "precision", precision);
	jv_set_num(o, "recall", recall);
	jv_set_num(o, "f1", f1);
	jv_set_int(o, "n", (int64_t)s->there);
	return o;
}

/* How sure against how often right: [mean probability, share right, rows] a bin. */
static jv *bins_json(const struct feel_tally *t)
{
	jv *list = jv_arr();

	for (size_t i = 0; i < sizeof(t->ece_n) / sizeof(t->ece_n[0]); i++) {
		double n = (double)t->ece_n[i];
		if (n == 0)
			continue;
		jv *bin = jv_arr();
		jv_push(bin, jv_num(t->ece_sum[i] / n));
		jv_push(bin, jv_num(t->ece_right[i] / n));
		jv_push(bin, jv_int((int64_t)t->ece_n[i]));
		jv_push(list, bin);
	}
	return list;
}

static void print_json(const struct feel_tally *t, const struct feel_figures *f, const sv *name,
		       double us)
{
	jv *o = jv_obj(), *labels = jv_obj();

	jv_set_int(o, "n", (int64_t)(t->n + t->oos));
	jv_set_num(o, "accuracy", f->accuracy);
	jv_set_num(o, "accuracy_all", f->accuracy_all);
	jv_set_num(o, "macro_f1", f->macro_f1);
	jv_set_num(o, "weighted_f1", f->weighted_f1);
	jv_set_num(o, "micro_f1", f->micro_f1);
	for (size_t i = 0; i < t->n_label; i++) {
		char key[FEEL_LABEL_BYTES + 1];
		if (t->label[i].there + t->label[i].said == 0)
			continue;
		snprintf(key, sizeof(key), SV_FMT, SV_ARG(name[i]));
		jv_set(labels, key, label_json(&t->label[i]));
	}
	jv_set(o, "per_label", labels);
	jv_set_num(o, "oos_recall", f->oos_recall);
	jv_set_num(o, "false_alarms", f->false_alarms);
	jv_set_num(o, "ece", f->ece);
	jv_set_num(o, "ece_chance", f->ece_chance);
	jv_set(o, "bins", bins_json(t));
	jv_set_num(o, "us_per_text", us);
	cli_print_json(o);
}

static void print_text(const struct feel_tally *t, const struct feel_figures *f, const sv *name,
		       double us)
{
	printf("%zu rows, %.0f us each\naccuracy %.2f %%  macro F1 %.2f %%  weighted F1 %.2f %%  "
	       "micro F1 %.2f %%  calibration error %.2f %% (%.2f %% by chance)\n",
	       t->n + t->oos, us, 100 * f->accuracy, 100 * f->macro_f1, 100 * f->weighted_f1,
	       100 * f->micro_f1, 100 * f->ece, 100 * f->ece_chance);
	if (t->oos)
		printf("out of scope: found %.2f %% of %zu, false alarms %.2f %%\n",
		       100 * f->oos_recall, t->oos, 100 * f->false_alarms);
	for (size_t i = 0; i < t->n_label; i++) {
		double precision, recall, f1;
		const struct feel_score *s = &t->label[i];
		if (s->there + s->said == 0)
			continue;
		feel_score_prf(s, &precision, &recall, &f1);
		printf("%6u  precision %5.1f  recall %5.1f  F1 %5.1f  " SV_FMT "\n", s->there,
		       100 * precision, 100 * recall, 100 * f1, SV_ARG(name[i]));
	}
}

void score_print(const struct feel_tally *t, const struct feel_figures *f, const sv *name,
		 double us, bool json)
{
	if (json)
		print_json(t, f, name, us);
	else
		print_text(t, f, name, us);
}

/* The vectors the task wants to hear; none, and a line why, where there is no model: then it
 * answers by words. ERR_STATE, ERR_INVAL: that model, or that task, will not do. */
static int hear(struct feel_task *t, const char *model, const struct feel_rows *rows, bool meaning,
		struct app_sense *s, struct err *e)
{
	size_t dim;
	sv want = feel_task_sense(t, &dim);

	*s = (struct app_sense){ 0 };
	if (!want.n && meaning)
		return err_set(e, ERR_INVAL, "%s goes by words alone: train it with --meaning",
			       model);
	if (want.n && !meaning)
		(void)fprintf(stderr, "%s also hears " SV_FMT
				      " (--meaning); this is by words alone\n",
			      model, SV_ARG(want));
	if (!meaning)
		return 0;
	int rc = app_sense_rows(s, rows, &(struct app_sense_opts){ .workers = 2, .want = want,
								   .file = model }, e);
	if (rc == 0 && s->vecs.dim != dim)
		return err_set(e, ERR_STATE, "%s wants vectors of %zu numbers; those of %s have "
					     "%zu",
			       model, dim, s->vecs.name, s->vecs.dim);
	return rc;
}

static int test(struct feel_task *t, const char *model, const char *data, bool meaning, bool json,
		struct err *e)
{
	struct feel_rows rows;
	struct app_sense sense = { 0 };
	struct feel_figures f;
	sv name[FEEL_LABELS_MAX];
	int rc = feel_rows_read(&rows, data, feel_task_kind(t), e);

	if (rc == 0)
		rc = hear(t, model, &rows, meaning, &sense, e);
	if (rc == 0) {
		struct feel_tally *tally = xalloc(sizeof(*tally));
		int64_t began = clk_cpu_us();
		feel_task_test(t, &rows, sense.vecs.v, tally, name);
		double us = (double)(clk_cpu_us() - began) / (double)rows.n;
		feel_tally_figures(tally, &f);
		score_print(tally, &f, name, us, json);
		xfree(tally);
	}
	app_sense_done(&sense);
	feel_rows_done(&rows);
	return rc;
}

int score_task(const char *task, const char *model, const char *data, bool more, bool json)
{
	struct err e = { 0 };
	int kind = feel_kind_of(sv_of(task));

	if (strcmp(task, "digits") == 0)
		return score_digits(model, data, more, json);
	if (kind < 0)
		return cli_fail("score what? kb, strategy, summary, pii, qa, intent, emotion, "
				"pairs, language or digits"), 2;
	if (!model || !data)
		return cli_fail("score %s needs --model FILE and --data ROWS.tsv", task), 2;
	struct feel_task *base = feel_task_base(&e);
	struct feel_task *t = base ? feel_task_load(model, base, &e) : NULL;
	int rc = t ? 0 : e.code;
	if (t && feel_task_kind(t) != kind)
		rc = err_set(&e, ERR_INVAL, "%s was trained for %s, not for %s", model,
			     feel_kind_name(feel_task_kind(t)), task);
	if (rc == 0)
		rc = test(t, model, data, more, json, &e);
	feel_task_unref(t);
	feel_task_unref(base);
	return rc ? cli_fail("%s", e.msg) : 0;
}
