/* nn_run.c: a pass through the layers in their order, and back in the other.
 *
 * Each layer has a cell with its values; memory grows with the longest input and is kept. A
 * dropout layer outside of training has no values of its own: its cell points to those below.
 * One thread a pass; the net is only read. */
#include <math.h>
#include <string.h>

#include "nn_int.h"

static float *grow(float **v, size_t *have, size_t n)
{
	if (n > *have) {
		xfree(*v);
		*v = xalloc(n * sizeof(float));
		*have = n;
	}
	return *v;
}

float *nn_room(struct nn_pass *p, int at, int steps)
{
	struct nn_cell *c = &p->cell[at];
	size_t n = (size_t)steps * (size_t)p->net->node[at].dim;

	c->steps = steps;
	c->y = grow(&c->own, &c->own_n, n);
	return c->y;
}

float *nn_aux(struct nn_pass *p, int at, size_t n)
{
	return grow(&p->cell[at].aux, &p->cell[at].aux_n, n);
}

float *nn_down(struct nn_pass *p, int at, int k)
{
	const struct nn_node *below = &p->net->node[p->net->node[at].in[k]];

	return below->learns ? nn_src(p, at, k)->dy : NULL;
}

float *nn_mat_grad(struct nn_pass *p, int at, int k)
{
	const struct nn_node *node = nn_node(p, at);

	return node->l.frozen || !p->grad ? NULL : p->grad[node->mat + k];
}

struct nn_pass *nn_pass_new(struct nn_net *net)
{
	struct nn_pass *p =
		xalloc(sizeof(*p) + (size_t)net->n * sizeof(struct nn_cell));
	static const struct nn_in nothing;

	p->net = nn_ref(net);
	nn_run(p, &nothing); /* so that nn_out has an answer from the start */
	return p;
}

struct nn_pass *nn_pass_train(struct nn_net *net)
{
	struct nn_pass *p = nn_pass_new(net);

	p->train = true;
	return p;
}

void nn_pass_free(struct nn_pass *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->net->n; i++) {
		xfree(p->cell[i].own);
		xfree(p->cell[i].dy);
		xfree(p->cell[i].aux);
	}
	xfree(p->q);
	nn_unref(p->net);
	xfree(p);
}

static void run(struct nn_pass *p, const struct nn_in *in)
{
	p->in = in;
	for (int i = 0; i < p->net->n; i++)
		nn_kind_ops[p->net->node[i].l.kind].run(p, i);
}

void nn_run(struct nn_pass *p, const struct nn_in *in)
{
	bool train = p->train;

	p->train = false;
	run(p, in);
	p->train = train;
}

void nn_run_train(struct nn_pass *p, const struct nn_in *in, uint64_t seed)
{
	rng_seed(&p->rng, seed);
	run(p, in);
	for (int i = 0; i < p->net->n; i++) {
		struct nn_cell *c = &p->cell[i];
		size_t n = (size_t)c->steps * (size_t)p->net->node[i].dim;

		memset(grow(&c->dy, &c->dy_n, n), 0, n * sizeof(float));
	}
}

void nn_back(struct nn_pass *p, float *const *grad)
{
	p->grad = grad;
	for (int i = p->net->n; i-- > 0;)
		if (p->net->node[i].learns)
			nn_kind_ops[p->net->node[i].l.kind].back(p, i);
	p->grad = NULL;
}

float *nn_grad(struct nn_pass *p, int layer)
{
	ASSERT(p->train && layer >= 0 && layer < p->net->n);
	return p->cell[layer].dy;
}

const float *nn_out(const struct nn_pass *p, int layer, int *steps)
{
	ASSERT(layer >= 0 && layer < p->net->n);
	if (steps)
		*steps = p->cell[layer].steps;
	return p->cell[layer].y;
}

const struct nn_net *nn_pass_net(const struct nn_pass *p)
{
	return p->net;
}

/* ---- small things that are no layers ---- */

void nn_softmax(const float *logit, int n, float temperature, float *p)
{
	float inv = temperature > 0 ? 1 / temperature : 1, sum;

	if (n < 1)
		return;
	for (int i = 0; i < n; i++)
		p[i] = logit[i] * inv;
	sum = nn_k->soft(p, n);
	for (int i = 0; i < n; i++)
		p[i] /= sum;
}

float nn_sigmoid(float x)
{
	return x >= 0 ? 1 / (1 + expf(-x)) : 1 - 1 / (1 + expf(x));
}

float nn_cos(const float *a, const float *b, int n)
{
	float aa = nn_k->dot(a, a, n), bb = nn_k->dot(b, b, n);

	return aa > 0 && bb > 0 ? nn_k->dot(a, b, n) / (sqrtf(aa) * sqrtf(bb)) : 0;
}
