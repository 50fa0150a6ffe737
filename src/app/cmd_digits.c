/* cmd_digits.c: `callm train digits` and `callm score digits`: spoken words (model/digit.h). Rows
 * are `label<TAB>WAV`, the files relative to that of the rows. Part of cmd_train.c and
 * cmd_score.c, which read the options. */
#include "app_hearing.h"
#include "app_int.h"
#include "asr_vec.h"
#include "digit.h"
#include "feel_task.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static bool show(void *arg, int epoch, int epochs, double loss)
{
	const bool *quiet = arg;
	if (!*quiet)
		fprintf(stderr, "epoch %d of %d: loss %.4f\n", epoch, epochs, loss);
	return !stopped;
}

static bool show_heard(void *arg, size_t done, size_t n)
{
	const bool *quiet = arg;
	if (!*quiet && isatty(2))
		fprintf(stderr, "\rheard: %zu of %zu clips   %s", done, n, done == n ? "\n" : "");
	return !stopped;
}

int train_digits(const char *data, const char *out, const struct digit_opt *how,
		 const char *hearing, bool json)
{
	struct digit_set set;
	struct digit_opt o = *how;
	struct err e = { 0 };
	int64_t began = clk_mono_us();
	o.progress = show;
	o.arg = &json;
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	int rc = digit_set_read(&set, data, &e);
	if (rc == 0 && hearing)
		rc = app_hearing(&set, &(struct app_hearing_opts){
					       .workers = o.threads, .lang = hearing,
					       .progress = show_heard, .arg = &json }, &e);
	if (rc == 0)
		rc = digit_train(&set, &o, out, &e);
	double seconds = (double)(clk_mono_us() - began) / 1e6;
	if (rc == 0 && json) {
		jv *v = jv_obj();
		jv_set_str(v, "task", SV("digits"));
		jv_set_str(v, "file", sv_of(out));
		jv_set_int(v, "rows", (int64_t)set.n);
		jv_set_int(v, "labels", set.n_label);
		jv_set_num(v, "seconds", seconds);
		cli_print_json(v);
	} else if (rc == 0) {
		printf("%s: %zu rows, %d words, %.0f s\n", out, set.n, set.n_label, seconds);
	}
	digit_set_done(&set);
	return rc ? cli_fail("%s", e.msg) : 0;
}

/* The net's labels, then those only the rows know: they can only be missed. */
static size_t names(const struct digit *d, const struct digit_set *set, sv *name, uint16_t *want)
{
	size_t n = digit_labels(d);
	for (size_t i = 0; i < n; i++)
		name[i] = digit_label(d, (int)i);
	for (int i = 0; i < set->n_label; i++) {
		size_t k = 0;
		while (k < n && !sv_eq(name[k], sv_of(set->label[i])))
			k++;
		if (k == n)
			name[n++] = sv_of(set->label[i]);
		want[i] = (uint16_t)k;
	}
	return n;
}

/* The recogniser's vector of a clip; NULL: it heard none. */
static const float *heard(const struct digit_set *set, size_t i)
{
	const float *v = set->vec ? set->vec + i * ASR_VEC_DIM : NULL;
	for (int k = 0; v && k < ASR_VEC_DIM; k++)
		if (v[k] != 0)
			return v;
	return NULL;
}

static void test(struct digit *d, const struct digit_set *set, bool json)
{
	sv name[2 * DIGIT_LABELS_MAX];
	uint16_t want[DIGIT_LABELS_MAX];
	struct feel_tally *t = xalloc(sizeof(*t));
	struct feel_figures f;
	struct digit_ear *x = digit_ear_new(d);
	feel_tally_init(t, names(d, set, name, want), -1);
	int64_t began = clk_cpu_us();
	for (size_t i = 0; i < set->n; i++) {
		const struct digit_clip *c = &set->v[i];
		float p;
		int k = digit_hear_by(x, c->s, c->n, heard(set, i), &p);
		uint16_t got = (uint16_t)k;
		feel_tally_add(t, &want[c->label], 1, &got, k >= 0 ? 1 : 0);
		feel_tally_sure(t, (double)p, k >= 0 && got == want[c->label]);
	}
	double us = (double)(clk_cpu_us() - began) / (double)(set->n ? set->n : 1);
	feel_tally_figures(t, &f);
	score_print(t, &f, name, us, json);
	digit_ear_free(x);
	xfree(t);
}

/* The vectors that the net has learned from; without `hearing`, a line that it goes without. */
static int hear(const struct digit *d, const char *model, struct digit_set *set, bool hearing,
		bool json, struct err *e)
{
	char lang[4] = "";
	sv want = digit_sense(d);
	sv_copy(lang, sizeof(lang), digit_sense_lang(d));
	if (hearing && !want.n)
		return err_set(e, ERR_INVAL, "%s goes by sound alone: train it with --hearing",
			       model);
	if (want.n && !hearing)
		fprintf(stderr, "%s also hears " SV_FMT " (--hearing); this is by sound alone\n",
			model, SV_ARG(want));
	if (!hearing)
		return 0;
	return app_hearing(set, &(struct app_hearing_opts){ .workers = 2, .lang = lang,
							    .want = want, .file = model,
							    .progress = show_heard, .arg = &json },
			   e);
}

int score_digits(const char *model, const char *data, bool hearing, bool json)
{
	struct digit_set set = { 0 };
	struct err e = { 0 };
	if (!model || !data)
		return cli_fail("score digits needs --model FILE and --data ROWS.tsv"), 2;
	struct digit *d = digit_load(model, &e);
	int rc = d ? digit_set_read(&set, data, &e) : e.code;
	if (rc == 0 && set.n == 0)
		rc = err_set(&e, ERR_INVAL, "%s has no rows", data);
	if (rc == 0)
		rc = hear(d, model, &set, hearing, json, &e);
	if (rc == 0)
		test(d, &set, json);
	digit_set_done(&set);
	digit_unref(d);
	return rc ? cli_fail("%s", e.msg) : 0;
}
