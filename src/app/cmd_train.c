/* cmd_train.c: `callm train TASK`: a small net from a company's own rows, in minutes.
 *
 * Reads the rows (docs/train.md), trains with feel_train and writes one file, which `callm score`
 * measures. On a terminal a bar shows how far it is; into a file
 * goes a line an epoch. Ctrl-C stops and leaves nothing behind.
 */
#include "app_int.h"
#include "app_sense.h"
#include "digit.h"
#include "feel_task.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

struct bar {
	int64_t began_us;
	bool tty, quiet;
};

static bool show(void *arg, const struct feel_progress *p)
{
	const struct bar *b = arg;
	double gone = (double)(clk_mono_us() - b->began_us) / 1e6;
	double left = p->share > 0 ? gone * (1 - p->share) / p->share : 0;
	char dev[48] = "";

	if (b->quiet)
		return !stopped;
	if (p->dev >= 0)
		snprintf(dev, sizeof(dev), "  held out %.1f %%", 100 * p->dev);
	if (b->tty) {
		char line[21] = "....................";
		for (int i = 0; i < (int)(20 * p->share + 0.5) && i < 20; i++)
			line[i] = '#';
		fprintf(stderr, "\r[%s] %3.0f %%  %s epoch %d of %d  loss %.3f%s  %.0f s left   ",
			line, 100 * p->share, p->last_round ? "all rows," : "", p->epoch,
			p->epochs, p->loss, dev, left);
	} else {
		fprintf(stderr, "%s epoch %d of %d: loss %.4f%s, %.0f s left\n",
			p->last_round ? "all rows," : "nine tenths,", p->epoch, p->epochs,
			p->loss, dev, left);
	}
	return !stopped;
}

static int report(const char *task, const char *out, const struct feel_rows *rows,
		  const struct feel_figures *f, double seconds, bool json)
{
	if (json) {
		jv *o = jv_obj();
		jv_set_str(o, "task", sv_of(task));
		jv_set_str(o, "file", sv_of(out));
		jv_set_int(o, "rows", (int64_t)rows->n);
		jv_set_int(o, "labels", (int64_t)rows->n_name);
		jv_set_num(o, "accuracy", f->accuracy);
		jv_set_num(o, "macro_f1", f->macro_f1);
		jv_set_num(o, "oos_recall", f->oos_recall);
		jv_set_num(o, "false_alarms", f->false_alarms);
		jv_set_num(o, "ece", f->ece);
		jv_set_num(o, "seconds", seconds);
		cli_print_json(o);
		return 0;
	}
	printf("%s: %zu rows, %zu labels, %.0f s\nheld-out rows: accuracy %.1f %%, macro F1 "
	       "%.1f %%, calibration error %.1f %%",
	       out, rows->n, rows->n_name, seconds, 100 * f->accuracy, 100 * f->macro_f1,
	       100 * f->ece);
	if (rows->oos >= 0)
		printf(", out of scope found %.1f %% at %.1f %% false alarms",
		       100 * f->oos_recall, 100 * f->false_alarms);
	printf("\n");
	return 0;
}

/* Rows of both files; tune may be NULL. */
static int read_rows(struct feel_rows *rows, const char *data, const char *tune, int kind,
		     struct err *e)
{
	struct feel_rows more;
	int rc = feel_rows_read(rows, data, kind, e);

	if (rc || !tune)
		return rc;
	rc = feel_rows_read(&more, tune, kind, e);
	if (rc == 0)
		rc = feel_rows_tune(rows, &more, e);
	feel_rows_done(&more);
	return rc;
}

static bool show_embedding(void *arg, size_t done, size_t n)
{
	const struct bar *b = arg;

	if (b->tty && !b->quiet)
		fprintf(stderr, "\rembedding: %zu of %zu rows   ", done, n);
	return !stopped;
}

/* The sentence vectors of all rows. */
static int hear(struct app_sense *s, const struct feel_rows *rows, struct feel_train *how,
		struct bar *bar, struct err *e)
{
	int rc = app_sense_rows(s, rows, &(struct app_sense_opts){ .workers = how->threads,
								   .progress = show_embedding,
								   .arg = bar }, e);

	if (rc == 0 && !bar->quiet)
		fprintf(stderr, "%s%zu rows embedded by %s in %.0f s\n", bar->tty ? "\r" : "",
			rows->n, s->vecs.name, s->seconds);
	how->vecs = rc ? NULL : &s->vecs;
	return rc;
}

static int train(const char *task, const char *data, const char *tune, const char *out,
		 struct feel_train *how, bool meaning, bool json)
{
	struct err e = { 0 };
	struct feel_rows rows;
	struct feel_figures f = { 0 };
	struct app_sense sense = { 0 };
	struct bar bar = { clk_mono_us(), isatty(2), json };

	if (read_rows(&rows, data, tune, how->kind, &e)) {
		feel_rows_done(&rows);
		return cli_fail("%s", e.msg);
	}
	how->progress = show;
	how->arg = &bar;
	how->base = feel_task_base(&e);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	int rc = how->base ? 0 : e.code;
	if (rc == 0 && meaning)
		rc = hear(&sense, &rows, how, &bar, &e);
	if (rc == 0)
		rc = feel_train(&rows, how, out, &f, &e);
	if (bar.tty && !bar.quiet)
		fputc('\n', stderr);
	if (rc == 0)
		report(task, out, &rows, &f, (double)(clk_mono_us() - bar.began_us) / 1e6, json);
	how->base = feel_task_unref(how->base);
	how->vecs = NULL;
	app_sense_done(&sense);
	feel_rows_done(&rows);
	return rc ? cli_fail("%s", e.msg) : 0;
}

struct train_cmd {
	const char *task, *data, *tune, *out, *licence, *source, *lang;
	int64_t seed, epochs, threads, alarms, features, heat;
	bool json, accuracy, meaning, hearing, fold_features, digits;
};

/* What is wrong with the options goes to stderr. */
static bool fits(const struct train_cmd *c, int kind)
{
	if (kind < 0 && !c->digits)
		cli_fail("train what? intent, emotion, pairs, language or digits");
	else if (!c->data || !c->out)
		cli_fail("train %s needs --data ROWS.tsv and --out FILE", c->task);
	else if (c->epochs < 0 || c->epochs > 1000 || c->threads < 1 || c->threads > 4 ||
		 c->alarms < 1 || c->alarms > 500 || c->heat < 50 || c->heat > 200)
		cli_fail("--epochs 0 to 1000, --threads 1 to 4, --false-alarms 1 to 500, "
			 "--heat 50 to 200");
	else if (c->meaning && kind != FEEL_INTENT && kind != FEEL_EMOTION)
		cli_fail("--meaning is for intent and emotion");
	else if (c->hearing && (!c->digits || strlen(c->lang) < 2 || strlen(c->lang) > 3))
		cli_fail("--hearing is for digits, --lang a code like en or zh");
	else
		return true;
	return false;
}

static int run(const struct train_cmd *c)
{
	struct feel_train how = { .kind = c->task ? feel_kind_of(sv_of(c->task)) : -1,
				  .seed = (uint64_t)c->seed, .epochs = (int)c->epochs,
				  .threads = (int)c->threads,
				  .alarms = (double)c->alarms / 1000,
				  .heat = (double)c->heat / 100,
				  .features = c->features > 0 ? (size_t)c->features : 0,
				  .licence = c->licence, .source = c->source,
				  .fold_features = c->fold_features,
				  .by_accuracy = c->accuracy };
	const struct digit_opt words = { .seed = how.seed, .epochs = how.epochs,
					 .threads = how.threads, .licence = c->licence,
					 .source = c->source };

	if (!fits(c, how.kind))
		return 2;
	if (c->digits)
		return train_digits(c->data, c->out, &words, c->hearing ? c->lang : NULL, c->json);
	return train(c->task, c->data, c->tune, c->out, &how, c->meaning, c->json);
}

int cmd_train(int argc, char **argv)
{
	struct train_cmd c = { .lang = "en", .seed = 7, .threads = 2, .alarms = 20, .heat = 100 };
	int rest, status;
	const struct cli_opt opts[] = {
		{ "data", CLI_STR, &c.data, "rows: label<TAB>text (docs/train.md)" },
		{ "tune", CLI_STR, &c.tune,
		  "rows like those to come, held out to tell how sure answers may be" },
		{ "by-accuracy", CLI_FLAG, &c.accuracy,
		  "emotions: as many right as possible, rare ones not lifted" },
		{ "meaning", CLI_FLAG, &c.meaning,
		  "intent, emotion: also by the sentence vectors of the embedding model" },
		{ "hearing", CLI_FLAG, &c.hearing,
		  "digits: also by what the installed recogniser makes of the sound" },
		{ "lang", CLI_STR, &c.lang, "digits: the language it hears (en)" },
		{ "out", CLI_STR, &c.out, "the file to write" },
		{ "seed", CLI_INT, &c.seed, "same seed, same rows: same file (7)" },
		{ "epochs", CLI_INT, &c.epochs, "looks at every row; 0: by their number" },
		{ "threads", CLI_INT, &c.threads, "1 to 4 (2)" },
		{ "false-alarms", CLI_INT, &c.alarms,
		  "of 1000 rows in scope, how many may be called out of scope (20)" },
		{ "heat", CLI_INT, &c.heat,
		  "percent of the temperature found; over 100: less sure, for others (100)" },
		{ "fold-features", CLI_FLAG, &c.fold_features,
		  "features of rows held out count as unknown: less sure, for others" },
		{ "features", CLI_INT, &c.features, "at most, for a smaller file; 0: 250000" },
		{ "licence", CLI_STR, &c.licence, "of the rows, for the file's card" },
		{ "source", CLI_STR, &c.source, "where the rows are from, for the card" },
		{ "json", CLI_FLAG, &c.json, "one JSON object at the end, no bar" },
	};

	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	c.task = rest < argc ? argv[rest] : NULL;
	c.digits = c.task && strcmp(c.task, "digits") == 0;
	return run(&c);
}
