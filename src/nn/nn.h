/* nn.h: small neural networks: describe, run, save, load. How to train one is in nn_train.h.
 *
 *	static const struct nn_layer intent[] = {
 *		{ "wide", .kind = NN_BAG, .slot = 0, .rows = 1 << 18, .dim = 77, .zero = true },
 *		{ "words", .kind = NN_BAG, .slot = 0, .rows = 1 << 16, .dim = 128,
 *		  .how = NN_UNITSUM, .drop = 0.3f },
 *		{ "mid", .kind = NN_DENSE, .dim = 128, .act = NN_GELU, .drop = 0.1f },
 *		{ "deep", .kind = NN_DENSE, .dim = 77 },
 *		{ "intent", .from = "wide deep", .kind = NN_SUM },
 *	};
 *	struct nn_net *net = nn_new(intent, 5, seed, &e);
 *	...                                                   nn_train.h
 *	nn_save(net, "intent.nn", &(struct nn_save){ .card = card, .int8 = true }, &e);
 *	net = nn_unref(net);
 *
 *	struct nn_net *m = nn_load("intent.nn", &e);          once, shared by all threads
 *	struct nn_pass *p = nn_pass_new(m);                   one a thread
 *	uint32_t id[] = { 17, 94021, 3 };                     hashes or row numbers
 *	nn_run(p, &(struct nn_in){ .slot[0] = { .id = id, .n = 3 } });
 *	const float *logit = nn_out(p, nn_find(m, "intent"), NULL);
 *
 * The value of a layer is a table of steps x dim floats, row by row; a vector is one step. A
 * layer reads the layer before it, or those that `from` names (separated by blanks). Every layer
 * can be read after a run, so a net may have as many heads as it likes.
 *
 * Files: docs/nn.md. Sums differ in the last bits between processors (vector widths), never
 * between runs, threads or loads on one.
 */
#ifndef CALLM_NN_H
#define CALLM_NN_H

#include "base.h"

enum {
	NN_SLOTS = 8,       /* inputs of one example */
	NN_LAYERS_MAX = 96, /* of a net, after blocks are taken apart */
	NN_FROM_MAX = 8,    /* layers that one layer reads */
	NN_DIM_MAX = 8192,
	NN_STEPS_MAX = 4096,
	NN_ROWS_MAX = 1 << 23,
};

enum nn_kind {
	/* Inputs: they read the slot `slot` of the example, not a layer. */
	NN_INPUT, /* x as given: `dim` floats a step */
	NN_BAG, /* one vector: sum of w[i] * row[id[i]] over all features; `rows`, `how`, `drop`
		 */
	NN_SEQ, /* the same for each step by itself (its features end at end[t]); without `end`
		 * each id is a step: an ordinary embedding */
	/* Layers on one layer; steps stay. */
	NN_DENSE,  /* act(W x + b); `dim`, `act`, `drop` (of the result) */
	NN_COSINE, /* scale * cos(x, W_k): class prototypes; `dim`, `scale` (default 16) */
	NN_ACT,    /* act(x) */
	NN_NORM,   /* layer norm with gain and bias (Ba et al. 2016) */
	NN_DROP,   /* dropout `drop`, training only */
	NN_UNIT,   /* x / |x| step by step: embeddings */
	NN_POS,  /* x + learned vector of the position; `steps` positions, the rest get the last
		  */
	NN_GRU,  /* gated recurrent unit (Cho et al. 2014); `dim`, `reverse` */
	NN_ATTN, /* multi-head self-attention with its projections (Vaswani et al. 2017);
		    `heads` */
	NN_BLOCK, /* transformer block, norm first: x + attn(norm x), x + ffn(norm x); `heads`,
		   * `hidden` (default 4 dim), `act` (default GELU), `drop` */
	/* On maps: a step is `rows` bands of as many channels each, band by band. */
	NN_CONV,  /* act(W neighbours + b), 3 steps x 3 bands, zeros outside; `dim` channels a
		   * band, `act`, `drop` */
	NN_HALVE, /* the greatest of 2 steps x 2 bands */
	NN_EVEN,  /* each channel to mean 0 and deviation 1 over all steps and bands, then gain and
		   * bias (instance norm, Ulyanov et al. 2016) */
	NN_POOL,  /* steps to one: `how`; NN_ATTEND learns `heads` queries, results side by side
		   */
	/* Layers on several layers of the same shape (one step is repeated for all steps). */
	NN_SUM,
	NN_MEAN, /* of the layers */
	NN_MUL,  /* product, element by element */
	NN_DIFF, /* |a - b| of exactly two */
	NN_CAT,  /* side by side */
	NN_KINDS
};

enum nn_act { NN_LINEAR, NN_RELU, NN_GELU, NN_TANH, NN_SIGMOID };

enum nn_how {
	NN_DEFAULT, /* bags: NN_PLAINSUM; pool: NN_AVERAGE */
	/* bags: */
	NN_PLAINSUM,
	NN_BAGMEAN, /* divided by the sum of |w| */
	NN_SQRTN, /* divided by the root of the sum of w^2: right for tf-idf weights as they are
		   */
	NN_UNITSUM, /* the sum is brought to length 1 */
	/* pool: */
	NN_AVERAGE,
	NN_GREATEST, /* element by element */
	NN_FIRST,
	NN_LAST,
	NN_ATTEND, /* softmax over steps of query . x / sqrt(dim) */
};

struct nn_layer {
	const char *name; /* unique, <= 31 characters, no blanks; NULL gives "#number" */
	const char *from; /* names, blanks between; NULL: the layer before */
	enum nn_kind kind;
	int dim;          /* floats a step; 0: as the input, where that is possible */
	int slot;         /* inputs: which slot */
	int rows;         /* bags: rows of the table; an id counts modulo rows. Maps: bands */
	/* NN_SEQ, NN_INPUT: cut off after so many (default 256); NN_POS: positions. */
	int steps;
	int heads;        /* default 1; divides dim */
	int hidden;       /* NN_BLOCK */
	enum nn_act act;
	enum nn_how how;
	float drop;       /* 0..0.95. Bags: whole features are left out, the rest scaled up */
	float scale;      /* NN_COSINE: factor; others: multiplies the result; 0: 1 */
	float init;       /* deviation of the first weights; 0: by kind (bags: 1 / sqrt dim) */
	bool zero;        /* weights begin at 0: wide branches, last layers */
	bool reverse;     /* NN_GRU: from the last step to the first */
	bool frozen;      /* never trained */
	const char *tie;  /* use the weights of that earlier layer (same kind and shape) */
	/* For training only, not saved. */
	float rate;       /* factor on the learning rate; 0: 1 */
	float decay;      /* factor on the weight decay; 0: 1, below 0: none */
	bool row_rule;    /* bags: Adagrad with one number a row (no momentum; a third of the
			   * memory,    quick; good for wide branches) in place of Adam */
};

/* One slot of one example; unused members zero. Arrays are the caller's, read only. */
struct nn_slot {
	const uint32_t *id;  /* n features */
	const float *w;      /* their weights; NULL: all 1 */
	const float *x;      /* NN_INPUT: steps x dim */
	const uint32_t *end; /* NN_SEQ: steps ends, rising, the last <= n */
	uint32_t n, steps;   /* steps 0 with x: 1 */
};
struct nn_in {
	struct nn_slot slot[NN_SLOTS];
};

struct nn_net;  /* an obj; immutable when loaded, changed only by a trainer otherwise */
struct nn_pass; /* the scratch of one thread */

/* A new net with first weights from the seed. The layers are copied. NULL and e: unknown names,
 * shapes that do not fit, more than the limits above or 2^28 weights. Any thread. */
struct nn_net *nn_new(const struct nn_layer *layer, size_t n, uint64_t seed, struct err *e);
void *nn_ref(struct nn_net *net);
/* Accepts NULL; always NULL. */
void *nn_unref(struct nn_net *net);
/* Number of the layer or -1. A block's result has the block's name. */
int nn_find(const struct nn_net *net, const char *name);
int nn_dim(const struct nn_net *net, int layer);
/* Weights in all, tied ones once; bytes they take in memory as they are now. */
size_t nn_size(const struct nn_net *net, size_t *bytes);
/* The card that was saved with a loaded net, JSON text; empty for a new one. Borrowed. */
sv nn_card(const struct nn_net *net);
/* Copies the weights of layer `from` of another net (also an int8 one) to layer `to`: start
 * from a trained base, or several nets side by side in one. ERR_NOTFOUND, ERR_INVAL (shape; a
 * loaded net cannot be written to). */
int nn_take(struct nn_net *net, const char *to, const struct nn_net *other, const char *from,
	    struct err *e);
/* The weights of table row `row` of a bag as floats, dim of them (a class's prototype: the row
 * of NN_COSINE or NN_DENSE). ERR_RANGE, ERR_INVAL. */
int nn_row(const struct nn_net *net, int layer, int row, float *out);
/* Sets it; not for loaded nets. */
int nn_row_set(struct nn_net *net, int layer, int row, const float *v);

/* Scratch for one thread; keeps a reference to the net. Grows with the longest input seen. */
struct nn_pass *nn_pass_new(struct nn_net *net);
void nn_pass_free(struct nn_pass *p); /* accepts NULL */
/* Computes all layers. Any bytes are fine: ids count modulo rows, too many steps are cut, floats
 * that are no numbers count as 0. in is borrowed until the next run. */
void nn_run(struct nn_pass *p, const struct nn_in *in);
/* The value of a layer after a run: steps x dim floats, valid until the next run. steps may be
 * NULL. */
const float *nn_out(const struct nn_pass *p, int layer, int *steps);
const struct nn_net *nn_pass_net(const struct nn_pass *p);

struct nn_save {
	/* JSON object: data hash, scores, licence, labels: whatever the caller needs. */
	sv card;
	/* tables and matrices as bytes with a scale a row (dense biases stay floats). */
	bool int8;
	const char *const *drop; /* names of layers to leave out (heads of training only), NULL at
				  * the end; nothing kept may read them */
};
/* Rows of a table that no example has touched in training are 0 and take no room in the file.
 * Written whole or not at all. */
int nn_save(const struct nn_net *net, const char *path, const struct nn_save *how, struct err *e);
/* The same into out. */
int nn_save_mem(const struct nn_net *net, struct sb *out, const struct nn_save *how,
		struct err *e);
/* Maps the file; any number of threads may run the net. NULL and e: ERR_NOTFOUND, ERR_IO,
 * ERR_VERSION, ERR_CORRUPT (checksum, bounds, shapes, numbers that are none), ERR_TOOBIG. */
struct nn_net *nn_load(const char *path, struct err *e);
/* From memory that outlives the net (embedded data); copied when not aligned to 64. */
struct nn_net *nn_load_mem(sv data, struct err *e);

/* Softmax of n logits divided by temperature (0: 1) into p (may be logit). */
void nn_softmax(const float *logit, int n, float temperature, float *p);
float nn_sigmoid(float x);
/* Cosine of two vectors, 0 when one is 0. */
float nn_cos(const float *a, const float *b, int n);

/* Names of the kernels this processor can run, best first, ended by NULL; the first is in use
 * unless nn_kern_use (tests, before nets exist) chose another. */
const char *const *nn_kerns(void);
int nn_kern_use(const char *name);

#endif
