/* nn_train.h: training of the nets of nn.h: losses, optimiser, helpers.
 *
 *	struct nn_opt opt = { .rate = 0.002f, .steps = epochs * batches, .warm = 100,
 *			      .decay = 0.01f, .clip = 1, .seed = 7, .threads = 2 };
 *	struct nn_trainer *t = nn_trainer_new(net, &opt);
 *	for each batch
 *		loss = nn_step(t, in, n, &(struct nn_loss){ .each = each, .arg = &batch });
 *	nn_trainer_free(t);
 *
 *	static double each(void *arg, struct nn_pass *p, size_t i)
 *	{
 *		struct batch *b = arg;
 *		return nn_ce(nn_out(p, b->head, NULL), 77,
 *			     &(struct nn_ce){ .label = b->label[i], .smooth = 0.1f },
 *			     nn_grad(p, b->head));
 *	}
 *
 * Same seed, data, options and processor give the same weights, whatever the number of threads:
 * a batch is always cut into NN_SHARES shares that are summed in order.
 */
#ifndef CALLM_NN_TRAIN_H
#define CALLM_NN_TRAIN_H

#include "nn.h"

enum { NN_SHARES = 4, NN_BATCH_MAX = 8192 };
enum nn_sched { NN_COSINE_DECAY, NN_LINEAR_DECAY, NN_CONSTANT };

struct nn_opt {
	float rate;          /* greatest learning rate; 0: 0.001 */
	float beta1, beta2;  /* Adam (Kingma and Ba 2015); 0: 0.9, 0.999 */
	float eps;           /* 0: 1e-8 */
	float decay;         /* AdamW (Loshchilov and Hutter 2019): weight decay of matrices and of
			      * the table rows in a batch; biases and norms have none */
	float clip;          /* greatest length of the whole gradient; 0: none */
	float ema;           /* moving average of the weights, e.g. 0.999; 0: none */
	enum nn_sched sched; /* of the rate from warm to steps, down to floor * rate */
	float floor;
	int warm, steps;     /* steps 0: constant */
	uint64_t seed;       /* of dropout */
	int threads;         /* 0: 1; at most NN_SHARES are of use */
};
struct nn_trainer;

/* Keeps a reference to the net, which must not be a loaded one (nn_copy makes it trainable) nor
 * be run by others during a step. One thread at a time. */
struct nn_trainer *nn_trainer_new(struct nn_net *net, const struct nn_opt *opt);
void nn_trainer_free(struct nn_trainer *t); /* accepts NULL */
/* A trainable copy of a net in full floats, e.g. of a loaded one. */
struct nn_net *nn_copy(const struct nn_net *net);

struct nn_loss {
	/* Called for each example after its forward pass, on any of the threads: adds to nn_grad of
	 * one or more heads the derivative of the loss and returns the loss. May be NULL. */
	double (*each)(void *arg, struct nn_pass *p, size_t i);
	/* Called once, on the caller's thread, when all passes are there (contrastive losses);
	 * after `each`. May be NULL. Derivatives are of the sum over the batch; nn_step divides
	 * all by n. */
	double (*all)(void *arg, struct nn_pass *const *p, size_t n);
	void *arg;
};
/* One step on n examples (pointers, so that a batch can be any choice of them); the mean loss.
 * n <= NN_BATCH_MAX. A gradient that is no number changes nothing and returns NAN. */
double nn_step(struct nn_trainer *t, const struct nn_in *const *in, size_t n,
	       const struct nn_loss *loss);
/* Where `each` and `all` add the derivative by the value of a layer: steps x dim floats, zero
 * before. */
float *nn_grad(struct nn_pass *p, int layer);
/* The learning rate of the next step. */
float nn_rate(const struct nn_trainer *t);
/* Runs examples without training on the trainer's threads; each (see nn_loss) reads nn_out. */
void nn_eval(struct nn_trainer *t, const struct nn_in *const *in, size_t n,
	     double (*each)(void *arg, struct nn_pass *p, size_t i), void *arg);
/* Puts the averaged weights in the place of the net's, and back (call in pairs around an
 * evaluation; once before saving). Nothing without opt.ema. */
void nn_ema_swap(struct nn_trainer *t);

/* ---- losses: each returns the loss and adds its derivative times `weight` to grad (may be
 * NULL). ---- */

struct nn_ce {
	int label;            /* ignored when soft is set; below 0: no loss */
	const float *soft;    /* n probabilities (distillation, mixed labels) */
	float smooth;         /* label smoothing (Szegedy et al. 2016), 0..1 */
	const float *class_w; /* n factors on the loss by label; NULL: 1 */
	float weight;         /* of this example; 0: 1 */
	float temperature;    /* logits are divided by it; 0: 1 */
	float focal;          /* exponent (Lin et al. 2017); 0: none; hard labels only */
};
/* Softmax cross-entropy over n logits. */
double nn_ce(const float *logit, int n, const struct nn_ce *o, float *grad);
/* Sigmoid cross-entropy, summed: y 0..1 each; pos_w: factors on the positive side, may be NULL;
 * y below 0: unknown, no loss. */
double nn_bce(const float *logit, int n, const float *y, const float *pos_w, float weight,
	      float *grad);
/* Half the squared distance. */
double nn_mse(const float *x, int n, const float *y, float weight, float *grad);
/* 1 - cos(x, y): distillation of embeddings. */
double nn_cosine_loss(const float *x, int n, const float *y, float weight, float *grad);
/* InfoNCE, both directions (van den Oord et al. 2018; Radford et al. 2021): a[i] and b[i] belong
 * together, all others of the batch do not; rows of unit length (NN_UNIT), n of them of dim
 * floats. Pairs of the same group (not NULL) are no negatives of each other. Sum over i, both
 * directions halved. */
double nn_infonce(const float *const *a, const float *const *b, size_t n, int dim,
		  const int *group, float temperature, float weight, float *const *ga,
		  float *const *gb);
/* Supervised contrastive (Khosla et al. 2020): examples of one label attract. Unit length; label
 * below 0: only a negative. Sum over anchors. */
double nn_supcon(const float *const *v, size_t n, int dim, const int *label, float temperature,
		 float weight, float *const *grad);

/* ---- helpers ---- */

/* Early stop: true when the score is the best so far (then keep the weights). */
struct nn_stop {
	double best;
	int at, seen, patience; /* 0: never stops */
};
bool nn_stop_best(struct nn_stop *s, double score);
bool nn_stop_now(const struct nn_stop *s);
/* Copies of all weights; nn_keep reuses *k when not NULL. Free with xfree. */
void nn_keep(const struct nn_net *net, float **k);
void nn_restore(struct nn_net *net, const float *k);
/* Shuffles n numbers. */
void nn_shuffle(uint32_t *v, size_t n, struct rng *r);

/* The temperature (0.05..20) of least mean cross-entropy: logits are rows of n classes (Guo et
 * al. 2017). Labels below 0 are left out. */
float nn_fit_temperature(const float *logit, const int *label, size_t rows, int n);
/* Expected calibration error over bins of equal width: |confidence - share right|. 0..1 */
double nn_ece(const float *conf, const bool *right, size_t n, int bins);

#endif
