/* nn_int.h: what the files of the room share: the net in memory, the pass, the kinds of layers. */
#ifndef CALLM_NN_INT_H
#define CALLM_NN_INT_H

#include "nn_kern.h"
#include "nn_train.h"

enum {
	NN_NAME = 32,
	NN_MATS = 8,           /* tables of weights of one layer */
	NN_MATS_MAX = NN_LAYERS_MAX * 2,
	NN_STEPS = 256,        /* unless the layer says */
	NN_WEIGHTS_MAX = 1 << 28,
};

/* A table of weights. Either f (all floats), or q with scale (bytes), or, as read from a file,
 * only some rows of either: then row r is number rank[r / 32] + ones of bits[r / 32] below r. */
struct nn_mat {
	int rows, cols;
	float *f;
	const int8_t *q;
	const float *scale;
	const uint32_t *bits, *rank;
	/* tables of a net being trained: rows that have been seen, a bit each. */
	uint32_t *born;
	float init;            /* deviation of their first values, 0: zero */
	bool table;            /* of a bag: rows are looked up; big; never in products */
	bool fine;             /* stays in floats in every file */
	bool own;              /* f and born are to be freed */
};

struct nn_node;
struct nn_kind_ops {
	const char *name;
	/* Sets node->dim and adds tables; inputs are checked to exist. */
	int (*shape)(struct nn_net *net, struct nn_node *node, struct err *e);
	void (*run)(struct nn_pass *p, int at);
	/* Adds derivatives: of the inputs to their dy, of the weights to p->grad. */
	void (*back)(struct nn_pass *p, int at);
	bool slot;             /* reads an input */
	bool many;             /* reads several layers */
};
extern const struct nn_kind_ops nn_kind_ops[NN_KINDS];

struct nn_node {
	char name[NN_NAME];
	struct nn_layer l;     /* names in it are not valid */
	int in[NN_FROM_MAX], ins;
	int dim;
	int mat, mats;         /* first table and how many */
	int tie;               /* node whose tables it uses, or -1 */
	/* made by nn_new: its dropped result has the name the user knows. */
	bool raw;
	bool learns;           /* it or one it reads has weights to train */
};

struct nn_net {
	struct nn_node node[NN_LAYERS_MAX];
	int n;
	struct nn_mat mat[NN_MATS_MAX];
	int mats;
	uint64_t seed;         /* of the rows that have not been seen yet */
	bool loaded;
	void *map;             /* file, unmapped at the end */
	size_t map_n;
	void *copy;            /* or a copy of the bytes */
	sv card;               /* in either */
};

/* One layer's values in a pass. */
struct nn_cell {
	float *y;              /* steps x dim; own or that of another cell */
	float *own, *dy, *aux; /* aux: what the kind keeps for the way back */
	size_t own_n, dy_n, aux_n;
	int steps;
};

struct nn_pass {
	struct nn_net *net;
	const struct nn_in *in;
	bool train;            /* dropout, aux and dy are wanted */
	struct rng rng;        /* of dropout */
	/* per table: derivative (NULL: not trained), set for the way back. */
	float *const *grad;
	int8_t *q;             /* scratch: an input in bytes */
	size_t q_n;
	struct nn_cell cell[];
};

static inline struct nn_node *nn_node(struct nn_pass *p, int at)
{
	return &p->net->node[at];
}

static inline struct nn_cell *nn_src(struct nn_pass *p, int at, int k)
{
	return &p->cell[p->net->node[at].in[k]];
}

/* Dimension of input k. */
static inline int nn_in_dim(struct nn_pass *p, int at, int k)
{
	return p->net->node[p->net->node[at].in[k]].dim;
}

/* nn_run.c */
/* Room for steps x dim values; sets cell->steps. Values are not zeroed; dy (in training) is. */
float *nn_room(struct nn_pass *p, int at, int steps);
float *nn_aux(struct nn_pass *p, int at, size_t n);
/* dy of input k, NULL when nothing below it learns. */
float *nn_down(struct nn_pass *p, int at, int k);
/* Derivative of table k of the node, NULL when it is not trained. */
float *nn_mat_grad(struct nn_pass *p, int at, int k);
/* A pass that may be run backwards. */
struct nn_pass *nn_pass_train(struct nn_net *net);
void nn_run_train(struct nn_pass *p, const struct nn_in *in, uint64_t seed);
/* From the dy that the losses filled to grad. */
void nn_back(struct nn_pass *p, float *const *grad);

/* nn_mat.c */
/* A new table of the node; rows x cols, deviation init (0: zeros). */
int nn_mat_add(struct nn_net *net, struct nn_node *node, const struct nn_mat *like,
	       struct err *e);
void nn_mat_fill(struct nn_net *net, int mat);
void nn_mat_done(struct nn_mat *m);
/* Gives row r its first values if it has none; only for tables of a net being trained. */
void nn_mat_birth(struct nn_net *net, int mat, uint32_t r);
/* Row r of a loaded table will be read soon. */
void nn_mat_hint(const struct nn_mat *m, uint32_t r);
/* y += a * row r. */
void nn_mat_axpy(const struct nn_mat *m, uint32_t r, float a, float *y);
void nn_mat_row(const struct nn_mat *m, uint32_t r, float *out);
/* y (t x rows) = x (t x cols) m^T + b. */
void nn_mat_mul(struct nn_pass *p, const struct nn_mat *m, const float *b, const float *x, int t,
		float *y);
/* Where row r is kept, -1: it is all zero. */
int64_t nn_mat_at(const struct nn_mat *m, uint32_t r);

/* nn_bag.c: the features of a bag after a training run, for the sparse update: rows, factors
 * and steps of the slot's n features; dy of the cell is by then that of the plain sum. */
struct nn_used {
	const uint32_t *id;
	const float *w;        /* 0: left out */
	const uint32_t *end;   /* NULL: all belong to step 0, or (each) one each */
	bool each;
	uint32_t n;
	int steps, dim;
	const float *dy;
};
struct nn_used nn_bag_used(struct nn_pass *p, int at);
bool nn_is_bag(enum nn_kind k);

/* nn_spec.c: the layer that has the weights of what the user calls by this number. */
int nn_owner(const struct nn_net *net, int layer);
/* Adds a node as it is (reading a file): shape checks included. */
int nn_node_add(struct nn_net *net, const struct nn_node *node, struct err *e);
/* A net without layers. */
struct nn_net *nn_empty(void);
/* For shapes: dim as it comes, no tables. */
int nn_no_mats(struct nn_net *net, struct nn_node *node, struct err *e);

/* The kinds, one row each in nn_spec.c's table. */
#define NN_KIND_FNS(id)                                                              \
	int nn_##id##_shape(struct nn_net *net, struct nn_node *node, struct err *e); \
	void nn_##id##_run(struct nn_pass *p, int at);                               \
	void nn_##id##_back(struct nn_pass *p, int at)
NN_KIND_FNS(input);
NN_KIND_FNS(bag);
NN_KIND_FNS(dense);
NN_KIND_FNS(cosine);
NN_KIND_FNS(act);
NN_KIND_FNS(norm);
NN_KIND_FNS(drop);
NN_KIND_FNS(unit);
NN_KIND_FNS(pos);
NN_KIND_FNS(gru);
NN_KIND_FNS(attn);
NN_KIND_FNS(conv);
NN_KIND_FNS(halve);
NN_KIND_FNS(even);
NN_KIND_FNS(pool);
NN_KIND_FNS(mix);
NN_KIND_FNS(cat);

#endif
