/* nn_spec.c: from a list of layers to a net: names, shapes, blocks taken apart, first weights.
 *
 * A block becomes the layers it consists of, and a layer with dropout or a factor becomes itself
 * and a NN_DROP that carries the name; what runs is then always simple. The net owns all. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "nn_int.h"

#define KIND(text, id, slot_, many_) \
	{ text, nn_##id##_shape, nn_##id##_run, nn_##id##_back, slot_, many_ }
const struct nn_kind_ops nn_kind_ops[NN_KINDS] = {
	[NN_INPUT] = KIND("input", input, true, false),
	[NN_BAG] = KIND("bag", bag, true, false),
	[NN_SEQ] = KIND("seq", bag, true, false),
	[NN_DENSE] = KIND("dense", dense, false, false),
	[NN_COSINE] = KIND("cosine", cosine, false, false),
	[NN_ACT] = KIND("act", act, false, false),
	[NN_NORM] = KIND("norm", norm, false, false),
	[NN_DROP] = KIND("drop", drop, false, false),
	[NN_UNIT] = KIND("unit", unit, false, false),
	[NN_POS] = KIND("pos", pos, false, false),
	[NN_GRU] = KIND("gru", gru, false, false),
	[NN_ATTN] = KIND("attn", attn, false, false),
	[NN_BLOCK] = { "block", NULL, NULL, NULL, false, false },
	[NN_CONV] = KIND("conv", conv, false, false),
	[NN_HALVE] = KIND("halve", halve, false, false),
	[NN_EVEN] = KIND("even", even, false, false),
	[NN_POOL] = KIND("pool", pool, false, false),
	[NN_SUM] = KIND("sum", mix, false, true),
	[NN_MEAN] = KIND("mean", mix, false, true),
	[NN_MUL] = KIND("mul", mix, false, true),
	[NN_DIFF] = KIND("diff", mix, false, true),
	[NN_CAT] = KIND("cat", cat, false, true),
};

int nn_no_mats(struct nn_net *net, struct nn_node *node, struct err *e)
{
	int below = net->node[node->in[0]].dim;

	if (node->l.dim && node->l.dim != below)
		return err_set(e, ERR_INVAL, "layer %s: dim %d, but it keeps the %d it gets",
			       node->name, node->l.dim, below);
	node->dim = below;
	return 0;
}

static bool span_ok(float v, float low, float high)
{
	return v >= low && v <= high; /* false for what is no number */
}

static int check_layer(const struct nn_node *node, struct err *e)
{
	const struct nn_layer *l = &node->l;
	const struct {
		const char *what;
		int v, max;
	} num[] = {
		{ "dim", l->dim, NN_DIM_MAX },	     { "slot", l->slot, NN_SLOTS - 1 },
		{ "rows", l->rows, NN_ROWS_MAX },    { "steps", l->steps, NN_STEPS_MAX },
		{ "heads", l->heads, 64 },	     { "hidden", l->hidden, NN_DIM_MAX },
		{ "act", (int)l->act, NN_SIGMOID },  { "how", (int)l->how, NN_ATTEND },
		{ "kind", (int)l->kind, NN_KINDS - 1 },
	};

	for (size_t i = 0; i < sizeof(num) / sizeof(num[0]); i++)
		if (num[i].v < 0 || num[i].v > num[i].max)
			return err_set(e, ERR_RANGE, "layer %s: %s is %d; 0 to %d", node->name,
				       num[i].what, num[i].v, num[i].max);
	if (!span_ok(l->drop, 0, 0.95f))
		return err_set(e, ERR_RANGE, "layer %s: drop is 0 to 0.95", node->name);
	if (!span_ok(l->scale, -1e6f, 1e6f) || !span_ok(l->init, 0, 1e3f))
		return err_set(e, ERR_RANGE, "layer %s: scale or init out of range", node->name);
	return 0;
}

static int tie(struct nn_net *net, struct nn_node *node, struct err *e)
{
	const struct nn_node *of = &net->node[node->tie];

	if (of->l.kind != node->l.kind || of->mats != node->mats)
		return err_set(e, ERR_INVAL, "layer %s: tied to %s, which is of another kind",
			       node->name, of->name);
	for (int i = 0; i < node->mats; i++) {
		const struct nn_mat *a = &net->mat[node->mat + i], *b = &net->mat[of->mat + i];

		if (a->rows != b->rows || a->cols != b->cols)
			return err_set(e, ERR_INVAL,
				       "layer %s: tied to %s, which has another shape",
				       node->name, of->name);
	}
	net->mats -= node->mats; /* its own were the last */
	node->mat = of->mat;
	return 0;
}

static int node_fits(struct nn_net *net, const struct nn_node *node, struct err *e)
{
	const struct nn_kind_ops *ops;
	int rc = check_layer(node, e);

	if (rc)
		return rc;
	if (net->n == NN_LAYERS_MAX)
		return err_set(e, ERR_TOOBIG, "a net of more than %d layers", NN_LAYERS_MAX);
	if (nn_find(net, node->name) >= 0)
		return err_set(e, ERR_EXISTS, "two layers are called %s", node->name);
	ops = &nn_kind_ops[node->l.kind];
	if (!ops->shape)
		return err_set(e, ERR_INVAL, "layer %s: a block in a file", node->name);
	if (ops->slot ? node->ins != 0 : node->ins < 1 || (!ops->many && node->ins != 1))
		return err_set(e, ERR_INVAL, "layer %s: a %s does not read %d layers", node->name,
			       ops->name, node->ins);
	for (int i = 0; i < node->ins; i++)
		if (node->in[i] < 0 || node->in[i] >= net->n)
			return err_set(e, ERR_INVAL, "layer %s: reads a layer that is not there",
				       node->name);
	if (node->tie >= net->n)
		return err_set(e, ERR_INVAL, "layer %s: tied to no layer", node->name);
	return 0;
}

int nn_node_add(struct nn_net *net, const struct nn_node *node, struct err *e)
{
	struct nn_node *to = &net->node[net->n];
	int rc = node_fits(net, node, e);

	if (rc)
		return rc;
	*to = *node;
	to->l.name = to->l.from = to->l.tie = NULL;
	to->mat = to->mats = 0;
	if ((rc = nn_kind_ops[to->l.kind].shape(net, to, e)))
		return rc;
	if (to->dim < 1 || to->dim > NN_DIM_MAX)
		return err_set(e, ERR_RANGE, "layer %s: dim is 1 to %d", to->name, NN_DIM_MAX);
	if (to->tie >= 0 && (rc = tie(net, to, e)))
		return rc;
	to->learns = to->mats > 0 && !to->l.frozen;
	for (int i = 0; i < to->ins; i++)
		to->learns |= net->node[to->in[i]].learns;
	net->n++;
	return 0;
}

/* ---- names ---- */

static int find(const struct nn_net *net, sv name)
{
	for (int i = 0; i < net->n; i++)
		if (sv_eq(name, sv_of(net->node[i].name)))
			return i;
	return -1;
}

static int set_name(struct nn_node *node, const char *name, const char *tail, struct err *e)
{
	int n = snprintf(node->name, NN_NAME, "%s%s", name, tail);

	if (n <= 0 || n >= NN_NAME || strpbrk(node->name, " \t\n"))
		return err_set(e, ERR_INVAL,
			       "layer name \"%.40s%s\": 1 to %d characters, no blanks", name,
			       tail, NN_NAME - 1);
	return 0;
}

static int set_from(const struct nn_net *net, struct nn_node *node, const char *from,
		    struct err *e)
{
	sv rest = sv_of(from ? from : ""), one;

	node->ins = 0;
	if (nn_kind_ops[node->l.kind].slot)
		return 0;
	if (!from && net->n) {
		node->in[node->ins++] = net->n - 1;
		return 0;
	}
	while (sv_cut(&rest, ' ', &one)) {
		if (!one.n)
			continue;
		if (node->ins == NN_FROM_MAX)
			return err_set(e, ERR_TOOBIG, "layer %s reads more than %d layers",
				       node->name, NN_FROM_MAX);
		if ((node->in[node->ins++] = find(net, one)) < 0)
			return err_set(e, ERR_NOTFOUND, "layer %s reads \"%.*s\", which is not "
				       "before it", node->name, (int)one.n, one.p);
	}
	return 0;
}

/* One layer of the user or of a block, without dropout and factor. */
static int add_plain(struct nn_net *net, const struct nn_layer *l, const char *name,
		     const char *tail, struct err *e)
{
	struct nn_node node = { .l = *l, .tie = -1, .raw = tail[0] != 0 };
	int rc;

	if ((unsigned)l->kind >= NN_KINDS)
		return err_set(e, ERR_RANGE, "layer %s: no such kind", name);
	if ((rc = set_name(&node, name, tail, e)) || (rc = set_from(net, &node, l->from, e)))
		return rc;
	if (l->tie) {
		int of = nn_find(net, l->tie);

		if (of < 0)
			return err_set(e, ERR_NOTFOUND, "layer %s: tied to \"%.40s\", which is not "
				       "before it", name, l->tie);
		node.tie = nn_owner(net, of);
	}
	return nn_node_add(net, &node, e);
}

static bool own_drop(enum nn_kind k)
{
	return nn_is_bag(k) || k == NN_DROP;
}

static int add_layer(struct nn_net *net, const struct nn_layer *l, const char *name,
		     struct err *e)
{
	struct nn_layer raw = *l;
	bool factor = l->scale != 0 && l->scale != 1 && l->kind != NN_COSINE &&
		      l->kind != NN_DROP;
	bool drop = l->drop > 0 && !own_drop(l->kind);
	int rc;

	if (!drop && !factor)
		return add_plain(net, l, name, "", e);
	raw.drop = own_drop(l->kind) ? l->drop : 0;
	raw.scale = factor ? 0 : l->scale;
	if ((rc = add_plain(net, &raw, name, ".raw", e)))
		return rc;
	return add_plain(net,
			 &(struct nn_layer){ .kind = NN_DROP, .drop = drop ? l->drop : 0,
					     .scale = factor ? l->scale : 0 },
			 name, "", e);
}

/* x + attn(norm x), then x + ffn(norm x). */
static int add_block(struct nn_net *net, const struct nn_layer *l, const char *name,
		     struct err *e)
{
	char part[7][NN_NAME], two[2][2 * NN_NAME + 1];
	static const char *const tail[] = { ".norm1", ".attn", ".mid", ".norm2", ".up", ".down" };
	struct nn_node probe = { .l.kind = NN_BLOCK };
	struct nn_layer base = *l;
	int rc, dim, from;

	for (int i = 0; i < 6; i++) {
		if ((rc = set_name(&probe, name, tail[i], e)))
			return rc;
		memcpy(part[i], probe.name, NN_NAME);
	}
	if ((rc = set_from(net, &probe, l->from, e)))
		return rc;
	if (probe.ins != 1)
		return err_set(e, ERR_INVAL, "layer %s: a block reads one layer", name);
	from = probe.in[0];
	dim = net->node[from].dim;
	memcpy(part[6], net->node[from].name, NN_NAME);
	(void)snprintf(two[0], sizeof(two[0]), "%s %s", part[6], part[1]);
	(void)snprintf(two[1], sizeof(two[1]), "%s %s", part[2], part[5]);
	base.name = base.from = base.tie = NULL;
	base.dim = base.hidden = 0;
	const struct nn_layer list[] = {
		{ part[0], part[6], .kind = NN_NORM },
		{ part[1], NULL, .kind = NN_ATTN, .heads = l->heads, .drop = l->drop },
		{ part[2], two[0], .kind = NN_SUM },
		{ part[3], NULL, .kind = NN_NORM },
		{ part[4], NULL, .kind = NN_DENSE, .dim = l->hidden ? l->hidden : 4 * dim,
		  .act = l->act ? l->act : NN_GELU },
		{ part[5], NULL, .kind = NN_DENSE, .dim = dim, .drop = l->drop },
		{ name, two[1], .kind = NN_SUM },
	};
	for (size_t i = 0; i < 7; i++) {
		struct nn_layer one = list[i];

		one.rate = l->rate;
		one.decay = l->decay;
		one.frozen = l->frozen;
		if ((rc = add_layer(net, &one, one.name, e)))
			return rc;
	}
	return 0;
}

static void net_done(void *obj)
{
	struct nn_net *net = obj;

	for (int i = 0; i < net->mats; i++)
		nn_mat_done(&net->mat[i]);
	if (net->map)
		(void)munmap(net->map, net->map_n);
	xfree(net->copy);
}

struct nn_net *nn_empty(void)
{
	return obj_new(sizeof(struct nn_net), net_done);
}

struct nn_net *nn_new(const struct nn_layer *layer, size_t n, uint64_t seed, struct err *e)
{
	struct nn_net *net = nn_empty();
	char name[NN_NAME];
	int rc = n ? 0 : err_set(e, ERR_INVAL, "a net without layers");

	net->seed = seed;
	for (size_t i = 0; i < n && !rc; i++) {
		const struct nn_layer *l = &layer[i];

		(void)snprintf(name, sizeof(name), "#%zu", i);
		rc = l->kind == NN_BLOCK ? add_block(net, l, l->name ? l->name : name, e) :
					   add_layer(net, l, l->name ? l->name : name, e);
	}
	if (rc)
		return nn_unref(net);
	for (int i = 0; i < net->mats; i++)
		nn_mat_fill(net, i);
	return net;
}

void *nn_ref(struct nn_net *net)
{
	return obj_ref(net);
}

void *nn_unref(struct nn_net *net)
{
	return obj_unref(net);
}

int nn_find(const struct nn_net *net, const char *name)
{
	return find(net, sv_of(name));
}

int nn_owner(const struct nn_net *net, int layer)
{
	int below = net->node[layer].l.kind == NN_DROP ? net->node[layer].in[0] : layer;

	return net->node[below].raw ? below : layer;
}

int nn_dim(const struct nn_net *net, int layer)
{
	return layer >= 0 && layer < net->n ? net->node[layer].dim : 0;
}

sv nn_card(const struct nn_net *net)
{
	return net->card;
}
