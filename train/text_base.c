/* text_base.c: trains models/text_base.bin: what words mean, taught by sentence vectors.
 *
 *	callm-embed e5-small-q4.bin query < texts.txt > texts.f32
 *	text_base texts.txt texts.f32 models/text_base.bin "LICENCE" "SOURCE" [EPOCHS [RATE]]
 *
 * A line of texts.txt is a sentence, a word or a pair of words; texts.f32 has 384 floats a line,
 * from multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672). The net is a bag of DIM numbers
 * for each of ROWS features, the sum brought to length 1; a last layer, which is thrown away,
 * turns it into the teacher's vector (less the mean of all), and the loss is 1 - cosine. So the
 * bag learns which pieces of words mean the same. Every fiftieth line is held out. The same bytes
 * each time on one kind of processor. Prints a line an epoch.
 */
#include <stdio.h>
#include <stdlib.h>

#include "feel_task_fit.h"
#include "nn_train.h"

enum { TEACHER = 384, DIM = 128, ROWS = 56000, BATCH = 64, EVERY = 50, THREADS = 2 };

struct base {
	struct feel_rows rows;
	struct feel_set set;
	struct feel_task *t;
	float *want;             /* TEACHER a row */
	uint32_t *order;         /* the held-out rows first */
	size_t n_dev, at;
	int head;
	double sum;              /* of cosines of held-out rows */
};

static double each(void *arg, struct nn_pass *p, size_t i)
{
	const struct base *b = arg;
	const float *want = b->want + (size_t)b->order[b->at + i] * TEACHER;

	return nn_cosine_loss(nn_out(p, b->head, NULL), TEACHER, want, 1, nn_grad(p, b->head));
}

static int read_all(struct base *b, const char *texts, const char *vectors, struct err *e)
{
	struct sb v;
	sv rest, line;

	sb_init(&b->rows.mem, 1u << 30);
	sb_init(&v, 2u << 30);
	int rc = file_read(texts, 1u << 30, &b->rows.mem, e);
	if (rc == 0)
		rc = file_read(vectors, 2u << 30, &v, e);
	rest = sb_sv(&b->rows.mem);
	while (rc == 0 && sv_line(&rest, &line)) {
		struct feel_row *r = VEC_PUSH(&b->rows, FEEL_ROWS_MAX);
		if (r)
			*r = (struct feel_row){ .text = line, .n_label = 1 };
	}
	if (rc == 0 && (!b->rows.n || v.n != b->rows.n * TEACHER * sizeof(float)))
		rc = err_set(e, ERR_INVAL, "%s has not 384 floats for each of %zu lines", vectors,
			     b->rows.n);
	if (rc == 0) {
		b->want = xalloc(v.n);
		memcpy(b->want, v.p, v.n);
	}
	sb_done(&v);
	return rc;
}

/* What all sentences share tells nothing. */
static void centre(struct base *b)
{
	double mean[TEACHER] = { 0 };

	for (size_t i = 0; i < b->rows.n * TEACHER; i++)
		mean[i % TEACHER] += (double)b->want[i] / (double)b->rows.n;
	for (size_t i = 0; i < b->rows.n * TEACHER; i++)
		b->want[i] -= (float)mean[i % TEACHER];
}

static struct nn_net *net_new(const struct base *b, struct err *e)
{
	const struct nn_layer l[] = {
		{ .name = "base", .kind = NN_BAG, .rows = (int)b->t->vocab.n, .dim = DIM,
		  .how = NN_UNITSUM, .drop = 0.1f, .row_rule = true },
		{ .name = "teacher", .kind = NN_DENSE, .dim = TEACHER, .rate = 0.05f },
	};

	return nn_new(l, 2, 7, e);
}

static double held(void *arg, struct nn_pass *p, size_t i)
{
	const struct base *b = arg;
	const float *want = b->want + (size_t)b->order[i] * TEACHER;

	/* one thread: see evaluate */
	((struct base *)arg)->sum += (double)nn_cos(nn_out(p, b->head, NULL), want, TEACHER);
	return 0;
}

static double evaluate(struct base *b, struct nn_pass *p)
{
	b->sum = 0;
	for (size_t i = 0; i < b->n_dev; i++) {
		nn_run(p, &b->set.in[b->order[i]]);
		held(b, p, i);
	}
	return b->n_dev ? b->sum / (double)b->n_dev : 0;
}

static double train(struct base *b, int epochs, float rate)
{
	size_t n = b->rows.n, m = n - b->n_dev;
	struct nn_opt opt = { .rate = rate, .warm = 200, .seed = 7, .threads = THREADS,
			      .steps = (int)(m / BATCH + 1) * epochs, .sched = NN_LINEAR_DECAY };
	struct nn_trainer *tr = nn_trainer_new(b->t->net, &opt);
	struct nn_pass *p = nn_pass_new(b->t->net);
	const struct nn_in *in[BATCH];
	struct rng rng;
	double cosine = 0;

	rng_seed(&rng, 7);
	for (int k = 1; k <= epochs; k++) {
		nn_shuffle(b->order + b->n_dev, m, &rng);
		for (b->at = b->n_dev; b->at < n; b->at += BATCH) {
			size_t size = n - b->at < BATCH ? n - b->at : BATCH;
			for (size_t i = 0; i < size; i++)
				in[i] = &b->set.in[b->order[b->at + i]];
			nn_step(tr, in, size, &(struct nn_loss){ .each = each, .arg = b });
		}
		cosine = evaluate(b, p);
		printf("epoch %d of %d: cosine to the teacher %.4f on %zu held-out lines\n", k,
		       epochs, cosine, b->n_dev);
		fflush(stdout);
	}
	nn_pass_free(p);
	nn_trainer_free(tr);
	return cosine;
}

static int save(struct base *b, char **argv, double cosine, struct err *e)
{
	static const char *const drop[] = { "teacher", NULL };
	jv *o = jv_obj();
	struct sb card;

	jv_set_str(o, "task", SV("base"));
	jv_set_str(o, "licence", sv_of(argv[4]));
	jv_set_str(o, "source", sv_of(argv[5]));
	jv_set_str(o, "teacher", SV("multilingual-e5-small, MIT"));
	jv_set_int(o, "texts", (int64_t)b->rows.n);
	jv_set_int(o, "seed", 7);
	jv_set_num(o, "held_out_cosine", cosine);
	jv_set(o, "labels", jv_arr());
	sb_init(&card, LIM_JSON_BYTES);
	jv_dump(o, &card);
	int rc = feel_task_write(b->t, sb_sv(&card), drop, argv[3], e);
	sb_done(&card);
	jv_free(o);
	return rc;
}

int main(int argc, char **argv)
{
	struct base b = { 0 };
	struct err e = { 0 };
	size_t rest;

	if (argc < 6) {
		fprintf(stderr, "text_base TEXTS VECTORS OUT LICENCE SOURCE [EPOCHS [RATE]]\n");
		return 2;
	}
	if (read_all(&b, argv[1], argv[2], &e)) {
		fprintf(stderr, "text_base: %s\n", e.msg);
		return 1;
	}
	centre(&b);
	b.t = obj_new(sizeof(*b.t), NULL);
	b.t->kind = FEEL_BASE;
	feel_set_make(&b.set, b.t, &b.rows,
		      &(struct feel_train){ .features = ROWS, .threads = THREADS }, NULL);
	b.order = xalloc(b.rows.n * sizeof(*b.order));
	b.n_dev = (b.rows.n + EVERY - 1) / EVERY;
	rest = b.n_dev;
	for (size_t i = 0; i < b.rows.n; i++)
		b.order[i % EVERY == 0 ? i / EVERY : rest++] = (uint32_t)i;
	b.t->net = net_new(&b, &e);
	b.t->out = nn_find(b.t->net, "base");
	b.head = nn_find(b.t->net, "teacher");
	double cosine = train(&b, argc > 6 ? atoi(argv[6]) : 8,
			      argc > 7 ? strtof(argv[7], NULL) : 0.1f);
	int rc = save(&b, argv, cosine, &e);
	if (rc)
		fprintf(stderr, "text_base: %s\n", e.msg);
	return rc ? 1 : 0;
}
