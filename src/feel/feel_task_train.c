/* feel_task_train.c: training a task from rows.
 *
 * The net is a wide branch (one weight a feature and label) beside a deep one (a small vector a
 * feature, the base's vector of meaning, a hidden layer); their logits are added. Leaving out half
 * of the features and more, and label smoothing, keep both from learning rows by heart.
 *
 * Two rounds. The first trains on nine tenths of the rows and looks after every epoch how good
 * the rest is answered: that gives the number of epochs, the temperature, the thresholds and the
 * figures of the card. The second trains on all rows for so many epochs; many rows (over
 * ALL_ROUND_MOST) do without it and keep the best weights of the first. Everything follows from
 * the seed. With how->fold_features the rows held out do not choose features either. The caller's
 * thread works with how->threads - 1 helpers.
 */
#include <stdio.h>

#include "feel_task_fit.h"
#include "nn_train.h"

enum { BATCH = 32, EMB = 64, HIDDEN = 256, ALL_ROUND_MOST = 30000, ROWS_LEAST = 10 };

/* What was found to do best on rows held out, by kind. Emotions are judged, not known: the same
 * words carry other labels, and whatever learns rows by heart gets worse after one epoch. */
struct recipe {
	float drop;              /* features left out of a row */
	float smooth;            /* of the label */
	float rate;
	bool to_end;             /* more looks do no harm: the last epoch, at its small rate */
};
static const struct recipe recipes[FEEL_KINDS] = {
	[FEEL_INTENT] = { 0.7f, 0.1f, 0.03f },
	[FEEL_EMOTION] = { 0.8f, 0.2f, 0.02f },
	[FEEL_PAIRS] = { 0.5f, 0.1f, 0.02f },
	[FEEL_LANGUAGE] = { 0.5f, 0.1f, 0.05f, true },
};

/* Of the rows with sentence vectors, how many are learned by the vector alone, how many without. */
#define WORDLESS 0.2
#define DEAF 0.1

struct fit {
	const struct feel_rows *rows;
	const struct feel_train *how;
	struct feel_task *t;
	struct feel_set set;
	struct feel_split split; /* rows of the batch being trained: split.order, from `at` on */
	size_t at;
	float *logit;            /* of the rows held out now, behind those of folds before */
	uint32_t *dev;           /* all rows whose logits are known */
	size_t n_known;
	struct feel_figures dev_figures;
	struct rng parts;        /* what a row is heard by: words, the sentence vector, both */
	double share;            /* of the work that is done */
	double share_epoch;
	struct err *e;
};

/* ---- the net ---- */

static struct nn_net *net_new(const struct fit *f)
{
	struct nn_layer l[12];
	int n = 0, labels = (int)f->t->n_label, rows = (int)f->t->vocab.n;
	float drop = recipes[f->t->kind].drop;

	l[n++] = (struct nn_layer){ .name = "wide", .kind = NN_BAG, .rows = rows, .dim = labels,
				    .zero = true, .row_rule = true, .drop = drop };
	l[n++] = (struct nn_layer){ .name = "words", .kind = NN_BAG, .rows = rows, .dim = EMB,
				    .row_rule = true, .drop = drop };
	if (f->set.dense)
		l[n++] = (struct nn_layer){ .name = "dense", .kind = NN_INPUT, .slot = 1,
					    .dim = (int)f->set.dense };
	if (f->set.sense)
		l[n++] = (struct nn_layer){ .name = "sense", .kind = NN_INPUT, .slot = 2,
					    .dim = (int)f->t->sense };
	if (f->set.dense || f->set.sense)
		l[n++] = (struct nn_layer){ .name = "both", .kind = NN_CAT,
					    .from = !f->set.sense ? "words dense" :
						    f->set.dense ? "words dense sense" :
								   "words sense" };
	l[n++] = (struct nn_layer){ .name = "mid", .kind = NN_DENSE, .dim = HIDDEN,
				    .act = NN_GELU, .drop = 0.2f, .rate = 0.1f };
	l[n++] = (struct nn_layer){ .name = "deep", .kind = NN_DENSE, .dim = labels, .zero = true,
				    .rate = 0.1f };
	l[n++] = (struct nn_layer){ .name = "out", .from = "wide deep", .kind = NN_SUM };
	if (f->t->values)
		l[n++] = (struct nn_layer){ .name = "value", .from = "mid", .kind = NN_DENSE,
					    .dim = FEEL_VALUES, .act = NN_TANH, .rate = 0.1f };
	return nn_new(l, (size_t)n, f->how->seed, f->e);
}

/* ---- losses ---- */

static double loss_labels(const struct fit *f, const struct feel_row *r, const float *logit,
			  float *grad)
{
	int n = (int)f->t->n_label;
	float y[FEEL_LABELS_MAX] = { 0 }, smooth = recipes[f->t->kind].smooth;

	if (!f->t->multi)
		return nn_ce(logit, n, &(struct nn_ce){ .label = r->label[0], .smooth = smooth },
			     grad);
	for (int i = 0; i < r->n_label; i++)
		y[r->label[i]] = 1;
	return nn_bce(logit, n, y, NULL, 1, grad);
}

static double each(void *arg, struct nn_pass *p, size_t i)
{
	const struct fit *f = arg;
	const struct feel_row *r = &f->rows->v[f->split.order[f->at + i]];
	double loss = loss_labels(f, r, nn_out(p, f->t->out, NULL), nn_grad(p, f->t->out));

	if (f->t->value >= 0 && r->has_value)
		loss += nn_mse(nn_out(p, f->t->value, NULL), FEEL_VALUES, r->value, 1,
			       nn_grad(p, f->t->value));
	return loss;
}

static double read_logit(void *arg, struct nn_pass *p, size_t i)
{
	struct fit *f = arg;

	memcpy(f->logit + (f->n_known + i) * f->t->n_label, nn_out(p, f->t->out, NULL),
	       f->t->n_label * sizeof(float));
	return 0;
}

/* ---- one round ---- */

/* The row as it is learned this time: with a sense, now and then by the sentence vector alone, as
 * in a language no row is in, or by words alone, as where no embedding model is. */
static const struct nn_in *part_of(struct fit *f, uint32_t row, struct nn_in *part)
{
	const struct nn_in *all = &f->set.in[row];
	double u = f->set.sense ? rng_unit(&f->parts) : 1;

	if (u >= WORDLESS + DEAF)
		return all;
	*part = (struct nn_in){ 0 };
	if (u < WORDLESS) {
		part->slot[2] = all->slot[2];
	} else {
		part->slot[0] = all->slot[0];
		part->slot[1] = all->slot[1];
	}
	return part;
}

static double train_epoch(struct fit *f, struct nn_trainer *tr, size_t from, struct rng *rng)
{
	const struct nn_in *in[BATCH];
	struct nn_in part[BATCH];
	struct nn_loss loss = { .each = each, .arg = f };
	double sum = 0;
	size_t steps = 0, n = f->rows->n;

	nn_shuffle(f->split.order + from, n - from, rng);
	for (f->at = from; f->at < n; f->at += BATCH) {
		size_t k = n - f->at < BATCH ? n - f->at : BATCH;
		for (size_t i = 0; i < k; i++)
			in[i] = part_of(f, f->split.order[f->at + i], &part[i]);
		double l = nn_step(tr, in, k, &loss);
		sum += l == l ? l : 0;
		steps++;
	}
	return steps ? sum / (double)steps : 0;
}

/* What the net says to the rows held out. */
static void ask_held(struct fit *f, struct nn_trainer *tr)
{
	size_t n = f->split.n_dev;
	const struct nn_in **in = xalloc((n + 1) * sizeof(struct nn_in *));

	for (size_t i = 0; i < n; i++) {
		in[i] = &f->set.in[f->split.order[i]];
		f->dev[f->n_known + i] = f->split.order[i];
	}
	nn_eval(tr, in, n, read_logit, f);
	xfree(in);
}

static void tune(struct fit *f, size_t n)
{
	feel_tune(f->t, f->rows, f->dev, n, f->logit, f->how);
	feel_dev_figures(f->t, f->rows, f->dev, n, f->logit, &f->dev_figures);
}

/* How good the rows held out are answered: what the task is measured by. */
static double dev_score(struct fit *f, struct nn_trainer *tr)
{
	ask_held(f, tr);
	tune(f, f->split.n_dev);
	if (f->t->multi)
		return f->dev_figures.macro_f1;
	return f->t->kind == FEEL_EMOTION && !f->how->by_accuracy ?
		       (f->dev_figures.weighted_f1 + f->dev_figures.macro_f1) / 2 :
		       f->dev_figures.accuracy_all;
}

static bool tell(struct fit *f, int epoch, int epochs, double loss, double dev)
{
	struct feel_progress p = { .epoch = epoch, .epochs = epochs, .last_round = dev < 0,
				   .loss = loss, .dev = dev, .share = f->share };

	return !f->how->progress || f->how->progress(f->how->arg, &p);
}

/* The tuned numbers that go with the best weights. */
struct tuned {
	float temperature, bias, oos_at, threshold[FEEL_LABELS_MAX], lift[FEEL_LABELS_MAX];
	struct feel_figures dev;
};

static void tuned_keep(struct tuned *k, const struct fit *f)
{
	k->temperature = f->t->temperature;
	k->bias = f->t->bias;
	k->oos_at = f->t->oos_at;
	memcpy(k->threshold, f->t->threshold, sizeof(k->threshold));
	memcpy(k->lift, f->t->lift, sizeof(k->lift));
	k->dev = f->dev_figures;
}

static void tuned_back(const struct tuned *k, struct fit *f)
{
	f->t->temperature = k->temperature;
	f->t->bias = k->bias;
	f->t->oos_at = k->oos_at;
	memcpy(f->t->threshold, k->threshold, sizeof(k->threshold));
	memcpy(f->t->lift, k->lift, sizeof(k->lift));
	f->dev_figures = k->dev;
}

/* Features by the rows that are learned in this round alone; those held out, n_dev of them, are as
 * strange to it as texts to come. n_dev 0: by all rows. */
static void features_of_round(struct fit *f, size_t n_dev)
{
	bool *held = xalloc((f->rows->n + 1) * sizeof(*held));

	for (size_t i = 0; i < n_dev; i++)
		held[f->split.order[i]] = true;
	feel_set_done(&f->set);
	feel_vocab_done(&f->t->vocab);
	xfree(f->t->own_middle);
	f->t->own_middle = NULL;
	feel_set_make(&f->set, f->t, f->rows, f->how, held);
	xfree(held);
}

static int start(struct fit *f)
{
	nn_unref(f->t->net);
	f->t->net = net_new(f);
	if (!f->t->net)
		return f->e ? f->e->code : ERR_FAIL;
	f->t->out = nn_find(f->t->net, "out");
	f->t->value = nn_find(f->t->net, "value");
	return 0;
}

static int start_fold(struct fit *f, int fold)
{
	feel_split_fold(&f->split, fold);
	if (f->how->fold_features)
		features_of_round(f, f->split.n_dev);
	return start(f);
}

static struct nn_trainer *trainer(const struct fit *f, size_t rows, int epochs)
{
	int steps = (int)((rows + BATCH - 1) / BATCH) * epochs;
	struct nn_opt opt = { .rate = recipes[f->t->kind].rate,
			      .steps = steps,
			      .seed = f->how->seed,
			      .warm = steps / 20 < 50 ? steps / 20 : 50,
			      .threads = f->how->threads,
			      .sched = NN_LINEAR_DECAY };

	return nn_trainer_new(f->t->net, &opt);
}

/* On the rows that are not held out; *ret_last: after which epoch it was best. */
static int round_held(struct fit *f, int epochs, struct rng *rng, int *ret_last)
{
	struct nn_stop stop = { .patience = 5 };
	struct tuned best = { 0 };
	bool to_end = recipes[f->t->kind].to_end;
	float *kept = NULL;
	int rc = start_fold(f, 0), last = 0;

	if (rc)
		return rc;
	size_t from = f->split.n_dev + f->split.n_left;
	struct nn_trainer *tr = trainer(f, f->rows->n - from, epochs);
	for (int k = 1; k <= epochs && rc == 0 && (to_end || !nn_stop_now(&stop)); k++) {
		double loss = train_epoch(f, tr, from, rng), dev = dev_score(f, tr);
		f->share += f->share_epoch;
		if (to_end ? k == epochs : nn_stop_best(&stop, dev)) {
			nn_keep(f->t->net, &kept);
			tuned_keep(&best, f);
			last = k;
		}
		if (!tell(f, k, epochs, loss, dev))
			rc = err_set(f->e, ERR_CANCELED, "stopped");
	}
	nn_trainer_free(tr);
	if (kept && rc == 0) {
		nn_restore(f->t->net, kept);
		tuned_back(&best, f);
	}
	xfree(kept);
	*ret_last = last;
	return rc;
}

/* Few rows: the best epoch of one small part of them would be chance, so each fold is trained to
 * the end, where the rate has come down to nothing; everything is tuned by all of them. */
static int round_folds(struct fit *f, int epochs)
{
	struct rng rng;
	int rc = 0;

	rng_seed(&rng, f->how->seed + 1);
	for (int fold = 0; fold < f->split.folds && rc == 0; fold++) {
		if ((rc = start_fold(f, fold)))
			break;
		size_t from = f->split.n_dev + f->split.n_left;
		struct nn_trainer *tr = trainer(f, f->rows->n - from, epochs);
		for (int k = 1; k <= epochs && rc == 0; k++) {
			double loss = train_epoch(f, tr, from, &rng);
			f->share += f->share_epoch;
			if (!tell(f, k, epochs, loss, -1))
				rc = err_set(f->e, ERR_CANCELED, "stopped");
		}
		ask_held(f, tr);
		f->n_known += f->split.n_dev;
		nn_trainer_free(tr);
	}
	if (rc == 0)
		tune(f, f->n_known);
	return rc;
}

/* On all rows, with the same rates, so that what was tuned fits; up to the epoch `last`. */
static int round_all(struct fit *f, int epochs, int last, struct rng *rng)
{
	if (f->how->fold_features)
		features_of_round(f, 0);
	int rc = start(f);

	if (rc)
		return rc;
	f->share_epoch = (1 - f->share) / (last ? last : 1);
	struct nn_trainer *tr = trainer(f, f->rows->n, epochs);
	for (int k = 1; k <= last && rc == 0; k++) {
		double loss = train_epoch(f, tr, 0, rng);
		f->share += f->share_epoch;
		if (!tell(f, k, last, loss, -1))
			rc = err_set(f->e, ERR_CANCELED, "stopped");
	}
	nn_trainer_free(tr);
	return rc;
}

/* ---- the card ---- */

static jv *figures_json(const struct feel_figures *g)
{
	jv *o = jv_obj();

	jv_set_num(o, "accuracy", g->accuracy);
	jv_set_num(o, "macro_f1", g->macro_f1);
	jv_set_num(o, "weighted_f1", g->weighted_f1);
	jv_set_num(o, "oos_recall", g->oos_recall);
	jv_set_num(o, "false_alarms", g->false_alarms);
	jv_set_num(o, "ece", g->ece);
	return o;
}

static void card_answers(const struct feel_task *t, jv *o)
{
	jv *labels = jv_arr(), *at = jv_arr(), *lift = jv_arr();

	for (size_t i = 0; i < t->n_label; i++) {
		jv_push(labels, jv_str(t->name[i]));
		jv_push(at, jv_num((double)t->threshold[i]));
		jv_push(lift, jv_num((double)t->lift[i]));
	}
	jv_set(o, "labels", labels);
	jv_set_bool(o, "multi", t->multi);
	jv_set_bool(o, "values", t->values);
	jv_set_num(o, "temperature", (double)t->temperature);
	jv_set_num(o, "bias", (double)t->bias);
	jv_set_num(o, "oos_at", (double)t->oos_at);
	jv_set(o, t->multi ? "thresholds" : "lift", t->multi ? at : lift);
	jv_free(t->multi ? lift : at);
}

static void card_make(const struct fit *f, int epochs, struct sb *out)
{
	char hash[32];
	jv *o = jv_obj();

	jv_set_str(o, "task", sv_of(feel_kind_name(f->t->kind)));
	jv_set_str(o, "made_by", SV("callm " CALLM_VERSION));
	jv_set_str(o, "licence", f->how->licence ? sv_of(f->how->licence) : SV("not stated"));
	jv_set_str(o, "source", f->how->source ? sv_of(f->how->source) : SV("not stated"));
	snprintf(hash, sizeof(hash), "fnv1a:%016llx", (unsigned long long)f->rows->hash);
	jv_set_str(o, "data_hash", sv_of(hash));
	jv_set_int(o, "rows", (int64_t)f->rows->n);
	jv_set_int(o, "seed", (int64_t)f->how->seed);
	jv_set_int(o, "epochs", epochs);
	jv_set_int(o, "features", (int64_t)f->t->vocab.n);
	jv_set_bool(o, "base", f->t->base != NULL);
	if (f->how->fold_features)
		jv_set_bool(o, "fold_features", true);
	if (f->t->sense)
		jv_set_str(o, "embedding", f->t->sense_name);
	jv_set(o, "held_out", figures_json(&f->dev_figures));
	card_answers(f->t, o);
	jv_dump(o, out);
	jv_free(o);
}

/* ---- all of it ---- */

static void task_free(void *obj)
{
	struct feel_task *t = obj;

	nn_unref(t->net);
	feel_vocab_done(&t->vocab);
	feel_task_unref(t->base);
	xfree(t->own_middle);
}

/* More rows need fewer looks at each: 10,000 take 12 epochs. */
static int epochs_for(size_t rows)
{
	double n = (double)rows;
	int k = 4;

	while (k < 40 && k * k * n < 144.0 * 10000)
		k++;
	return k;
}

static int fit_rounds(struct fit *f, int *ret_epochs)
{
	struct rng rng;
	int last = 0, epochs = f->how->epochs > 0 ? f->how->epochs : epochs_for(f->rows->n);
	bool again = f->rows->n <= ALL_ROUND_MOST;

	rng_seed(&rng, f->how->seed);
	feel_split_begin(&f->split, f->rows, &rng);
	int folds = f->split.folds, rc;
	f->dev = xalloc((f->rows->n + 1) * sizeof(*f->dev));
	f->logit = xalloc((f->rows->n * f->t->n_label + 1) * sizeof(float));
	f->share_epoch = (again ? 0.94 / (folds + 1) : 1) / epochs;
	if (folds > 1)
		rc = round_folds(f, last = epochs);
	else
		rc = round_held(f, epochs, &rng, &last);
	if (rc == 0 && again)
		rc = round_all(f, epochs, last, &rng);
	*ret_epochs = last;
	return rc;
}

static struct feel_task *task_begin(const struct feel_rows *rows, const struct feel_train *how)
{
	struct feel_task *t = obj_new(sizeof(*t), task_free);

	t->kind = how->kind;
	t->n_label = rows->n_name;
	memcpy(t->name, rows->name, sizeof(t->name));
	t->oos = rows->oos;
	t->multi = rows->multi;
	t->values = rows->values;
	t->temperature = 1;
	t->oos_at = 2;
	t->value = -1;
	for (size_t i = 0; i < t->n_label; i++)
		t->threshold[i] = 0.5f, t->lift[i] = 1;
	if (how->base && how->kind != FEEL_LANGUAGE)
		t->base = obj_ref(how->base);
	return t;
}

int feel_train(const struct feel_rows *rows, const struct feel_train *how, const char *path,
	       struct feel_figures *figures, struct err *e)
{
	struct feel_train with = *how;
	struct fit f = { .rows = rows, .how = &with, .e = e };
	int epochs = 0;
	struct sb card;

	if (rows->n < ROWS_LEAST || rows->n_name < 2)
		return err_set(e, ERR_INVAL, "too little to learn from: at least %d rows and two "
					     "labels (there are %zu and %zu)",
			       ROWS_LEAST, rows->n, rows->n_name);
	with.alarms = how->alarms > 0 ? how->alarms : 0.02;
	f.t = task_begin(rows, how);
	feel_set_make(&f.set, f.t, rows, how, NULL);
	rng_seed(&f.parts, how->seed + 2);
	int rc = fit_rounds(&f, &epochs);
	if (rc == 0) {
		sb_init(&card, LIM_JSON_BYTES);
		card_make(&f, epochs, &card);
		rc = feel_task_write(f.t, sb_sv(&card), NULL, path, e);
		sb_done(&card);
	}
	if (figures)
		*figures = f.dev_figures;
	feel_set_done(&f.set);
	feel_split_done(&f.split);
	xfree(f.dev);
	xfree(f.logit);
	feel_task_unref(f.t);
	return rc;
}
