/* onnx_float.c: see onnx_float.h. A dynamically quantised ConvInteger costs ONNX Runtime more time
 * than the float Conv it came from (docs/SPEED.md), so the graph is put back when a model is
 * loaded.
 *
 * The file is a ModelProto (onnx.proto3): fields are read in place as views, the nodes are
 * linked by the names of their outputs, and what is kept is copied field by field. Nodes that
 * nobody uses any more, and their constants, are left out. The output is written twice: first
 * counted, then into memory of that size. One thread; nothing is kept. */
#include "onnx_float.h"

#include <stdlib.h>

enum {
	MODEL_GRAPH = 7,
	GRAPH_NODE = 1,
	GRAPH_INIT = 5,
	GRAPH_OUTPUT = 12,
	NODE_IN = 1,
	NODE_OUT = 2,
	NODE_NAME = 3,
	NODE_OP = 4,
	NODE_ATTR = 5,
	TENSOR_DIMS = 1,
	TENSOR_TYPE = 2,
	TENSOR_FLOATS = 4,
	TENSOR_INT32S = 5,
	TENSOR_NAME = 8,
	TENSOR_RAW = 9,
	ATTR_GRAPH = 6,
	ATTR_GRAPHS = 11,
	TYPE_FLOAT = 1,
	TYPE_UINT8 = 2,
	TYPE_INT8 = 3,
	NODES_MAX = 1 << 18,
	NAMES_MAX = 1 << 20,
	INS = 4,
};

struct node {
	sv raw, op, in[INS], out[2];
	size_t n_in;
	bool dead;
	struct conv *conv; /* is written instead of it */
};
struct tensor {
	sv raw, name, data; /* bytes, floats or, as varints, int32s */
	int type;
	bool varints, used;
};
struct conv {
	const struct node *from; /* its attributes */
	sv x, bias, out;
	const struct tensor *w;
	float scale;
	int zero;
};
struct graph {
	sv raw;
	VEC(struct node) nodes;
	VEC(struct tensor) tensors;
	VEC(struct conv *) convs;
	struct map *maker, *user, *constant; /* by name */
	struct map *many; /* names with several users, or that the graph gives out */
};

/* ---- reading ---- */

struct field {
	uint32_t no;
	int wire;
	uint64_t num;
	sv bytes, whole;
};

static bool varint(sv *s, uint64_t *ret)
{
	uint64_t v = 0;
	for (int shift = 0; s->n && shift < 64; shift += 7) {
		uint8_t b = (uint8_t)*s->p;
		*s = sv_slice(*s, 1, s->n);
		v |= (uint64_t)(b & 0x7F) << shift;
		if (!(b & 0x80))
			return *ret = v, true;
	}
	return false;
}

/* The next field off s; false at the end and at damage, then s is not empty. */
static bool next(sv *s, struct field *f)
{
	sv at = *s;
	uint64_t key, n = 0;
	if (!at.n || !varint(&at, &key))
		return false;
	f->no = (uint32_t)(key >> 3);
	f->wire = (int)(key & 7);
	f->bytes = SV_NULL;
	if (f->wire == 0 && !varint(&at, &f->num))
		return false;
	if (f->wire == 2 && !varint(&at, &n))
		return false;
	n = f->wire == 1 ? 8 : f->wire == 5 ? 4 : n;
	if (f->wire == 3 || f->wire == 4 || f->wire > 5 || n > at.n)
		return false;
	f->bytes = sv_slice(at, 0, n);
	at = sv_slice(at, n, at.n);
	f->whole = sv_n(s->p, (size_t)(at.p - s->p));
	*s = at;
	return true;
}

static bool inner_graph(sv attr)
{
	struct field f;
	while (next(&attr, &f))
		if (f.no == ATTR_GRAPH || f.no == ATTR_GRAPHS)
			return true;
	return false;
}

static int read_node(struct graph *g, sv raw)
{
	struct node *n = VEC_PUSH(&g->nodes, NODES_MAX);
	struct field f;
	sv rest = raw;
	size_t outs = 0;
	if (!n)
		return ERR_TOOBIG;
	n->raw = raw;
	while (next(&rest, &f)) {
		if (f.no == NODE_ATTR && inner_graph(f.bytes))
			return ERR_UNSUPPORTED;
		if (f.no == NODE_OP)
			n->op = f.bytes;
		else if (f.no == NODE_IN && n->n_in < INS)
			n->in[n->n_in++] = f.bytes;
		else if (f.no == NODE_OUT && outs < 2)
			n->out[outs++] = f.bytes;
	}
	return rest.n ? ERR_CORRUPT : 0;
}

static int read_tensor(struct graph *g, sv raw)
{
	struct tensor *t = VEC_PUSH(&g->tensors, NODES_MAX);
	struct field f;
	sv rest = raw;
	if (!t)
		return ERR_TOOBIG;
	t->raw = raw;
	while (next(&rest, &f)) {
		if (f.no == TENSOR_TYPE)
			t->type = (int)f.num;
		else if (f.no == TENSOR_NAME)
			t->name = f.bytes;
		else if (f.no == TENSOR_RAW || f.no == TENSOR_FLOATS || f.no == TENSOR_INT32S)
			t->data = f.bytes, t->varints = f.no == TENSOR_INT32S;
	}
	return rest.n ? ERR_CORRUPT : 0;
}

static int read_graph(struct graph *g)
{
	struct field f;
	sv rest = g->raw;
	int rc = 0;
	while (!rc && next(&rest, &f)) {
		if (f.no == GRAPH_NODE)
			rc = read_node(g, f.bytes);
		else if (f.no == GRAPH_INIT)
			rc = read_tensor(g, f.bytes);
	}
	return rc ? rc : rest.n ? ERR_CORRUPT : 0;
}

/* Name of a ValueInfoProto. */
static sv value_name(sv value)
{
	struct field f;
	while (next(&value, &f))
		if (f.no == 1)
			return f.bytes;
	return SV_NULL;
}

/* Who makes and who uses each name. The vectors do not move any more. */
static int link_names(struct graph *g)
{
	struct field f;
	int rc = 0;
	for (size_t i = 0; i < g->tensors.n; i++)
		rc |= map_put(g->constant, g->tensors.v[i].name, &g->tensors.v[i]);
	for (size_t i = 0; i < g->nodes.n; i++) {
		sv rest = g->nodes.v[i].raw;
		while (next(&rest, &f))
			if (f.no == NODE_OUT)
				rc |= map_put(g->maker, f.bytes, &g->nodes.v[i]);
			else if (f.no == NODE_IN && map_get(g->user, f.bytes))
				rc |= map_put(g->many, f.bytes, g);
			else if (f.no == NODE_IN)
				rc |= map_put(g->user, f.bytes, &g->nodes.v[i]);
	}
	for (sv rest = g->raw; next(&rest, &f);)
		if (f.no == GRAPH_OUTPUT)
			rc |= map_put(g->many, value_name(f.bytes), g);
	return rc ? ERR_TOOBIG : 0;
}

/* ---- finding ---- */

static bool is(const struct node *n, const char *op)
{
	return n && sv_eq(n->op, sv_of(op));
}

static struct node *maker(const struct graph *g, sv name)
{
	return map_get(g->maker, name);
}

/* The only user of a node's first output. */
static struct node *only_user(const struct graph *g, const struct node *n)
{
	return map_get(g->many, n->out[0]) ? NULL : map_get(g->user, n->out[0]);
}

static sv other_input(const struct node *n, sv one)
{
	return sv_eq(n->in[0], one) ? n->in[1] : n->in[0];
}

static bool one_float(const struct tensor *t, float *ret)
{
	if (!t || t->type != TYPE_FLOAT || t->data.n != sizeof(*ret))
		return false;
	memcpy(ret, t->data.p, sizeof(*ret));
	return true;
}

static bool one_byte(const struct tensor *t, int *ret)
{
	uint64_t v = 0;
	sv data = t ? t->data : SV_NULL;
	if (!t || (t->type != TYPE_UINT8 && t->type != TYPE_INT8))
		return false;
	if (!t->varints && data.n == 1)
		v = (uint8_t)*data.p;
	else if (data.n && (!t->varints || !varint(&data, &v)))
		return false;
	*ret = t->type == TYPE_INT8 ? (int8_t)v : (int)(v & 0xFF);
	return true;
}

/* bias, scaled and rounded at run time: Reshape(Cast(Floor(Div(bias, ...)))). */
static bool find_bias(const struct graph *g, sv name, sv *bias)
{
	static const char *const chain[] = { "Reshape", "Cast", "Floor", "Div" };
	for (size_t i = 0; i < 4; i++) {
		const struct node *n = maker(g, name);
		if (!is(n, chain[i]))
			return false;
		name = n->in[0];
	}
	*bias = name;
	return map_get(g->constant, name) != NULL;
}

/* scale of the weights: the constant in Mul(scale of x, constant). */
static bool find_scale(const struct graph *g, sv name, sv x_scale, float *ret)
{
	const struct node *n = maker(g, name);
	if (!is(n, "Mul") || (!sv_eq(n->in[0], x_scale) && !sv_eq(n->in[1], x_scale)))
		return false;
	return one_float(map_get(g->constant, other_input(n, x_scale)), ret);
}

/* Fits the pattern around node n; the last node of it gets the new one. */
static void find_conv(struct graph *g, struct node *n)
{
	struct conv c = { .from = n };
	const struct node *x = maker(g, n->in[0]);
	struct node *add = NULL, *cast = only_user(g, n), *mul;
	c.w = map_get(g->constant, n->in[1]);
	if (!is(x, "DynamicQuantizeLinear") || !c.w || c.w->varints)
		return;
	if (is(cast, "Add")) {
		add = cast;
		if (!find_bias(g, other_input(add, n->out[0]), &c.bias))
			return;
		cast = only_user(g, add);
	}
	mul = is(cast, "Cast") ? only_user(g, cast) : NULL;
	if (!is(mul, "Mul") ||
	    !find_scale(g, other_input(mul, cast->out[0]), x->out[1], &c.scale))
		return;
	if ((n->n_in > 3 && !one_byte(map_get(g->constant, n->in[3]), &c.zero)) ||
	    (c.w->type != TYPE_UINT8 && c.w->type != TYPE_INT8))
		return;
	c.x = x->in[0];
	c.out = mul->out[0];
	struct conv **slot = VEC_PUSH(&g->convs, NODES_MAX);
	if (!slot)
		return;
	*slot = mul->conv = xalloc(sizeof(c));
	*mul->conv = c;
	n->dead = cast->dead = true;
	if (add)
		add->dead = true;
}

static void use_names(struct graph *g, const struct node *n, struct map *used)
{
	struct field f;
	if (n->conv) {
		(void)map_put(used, n->conv->x, g);
		if (n->conv->bias.n)
			(void)map_put(used, n->conv->bias, g);
		return;
	}
	for (sv rest = n->raw; next(&rest, &f);)
		if (f.no == NODE_IN)
			(void)map_put(used, f.bytes, g);
}

static bool wanted(const struct graph *g, const struct node *n, const struct map *used)
{
	struct field f;
	if (n->conv)
		return true;
	for (sv rest = n->raw; next(&rest, &f);)
		if (f.no == NODE_OUT && (map_get(used, f.bytes) || map_get(g->many, f.bytes)))
			return true;
	return false;
}

/* From the last node on: what only served the old convolutions is dead. Names in many may be
 * used by dead nodes only: they are forgotten first, but for the graph's outputs. */
static void bury(struct graph *g)
{
	struct field f;
	struct map *used = map_new(NAMES_MAX);
	map_free(g->many);
	g->many = map_new(NAMES_MAX);
	for (sv rest = g->raw; next(&rest, &f);)
		if (f.no == GRAPH_OUTPUT)
			(void)map_put(g->many, value_name(f.bytes), g);
	for (size_t i = g->nodes.n; i-- > 0;) {
		struct node *n = &g->nodes.v[i];
		n->dead = n->dead || !wanted(g, n, used);
		if (!n->dead)
			use_names(g, n, used);
	}
	for (size_t i = 0; i < g->tensors.n; i++)
		g->tensors.v[i].used = map_get(used, g->tensors.v[i].name) != NULL;
	map_free(used);
}

/* ---- writing ---- */

struct sink {
	char *p; /* NULL: only count */
	size_t n;
};

static void put(struct sink *s, const void *p, size_t n)
{
	if (s->p && n)
		memcpy(s->p + s->n, p, n);
	s->n += n;
}

static void put_varint(struct sink *s, uint64_t v)
{
	char b[10];
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		b[n++] = (char)(v | 0x80);
	b[n++] = (char)v;
	put(s, b, n);
}

static void put_head(struct sink *s, int no, size_t n)
{
	put_varint(s, (uint64_t)no << 3 | 2);
	put_varint(s, n);
}

static void put_bytes(struct sink *s, int no, sv v)
{
	put_head(s, no, v.n);
	put(s, v.p, v.n);
}

/* W - zero, times scale, as floats. */
static void put_weights(struct sink *s, const struct conv *c)
{
	sv w = c->w->data;
	if (!s->p) {
		s->n += w.n * sizeof(float);
		return;
	}
	for (size_t i = 0; i < w.n; i++) {
		int q = c->w->type == TYPE_INT8 ? (int8_t)w.p[i] : (uint8_t)w.p[i];
		float f = (float)(q - c->zero) * c->scale;
		memcpy(s->p + s->n, &f, sizeof(f));
		s->n += sizeof(f);
	}
}

static void put_name(struct sink *s, int no, sv name)
{
	put_head(s, no, name.n + 2);
	put(s, name.p, name.n);
	put(s, ".f", 2);
}

static void put_tensor(struct sink *s, const struct conv *c)
{
	struct field f;
	for (sv rest = c->w->raw; next(&rest, &f);)
		if (f.no == TENSOR_DIMS)
			put(s, f.whole.p, f.whole.n);
	put_varint(s, TENSOR_TYPE << 3);
	put_varint(s, TYPE_FLOAT);
	put_name(s, TENSOR_NAME, c->w->name);
	put_head(s, TENSOR_RAW, c->w->data.n * sizeof(float));
	put_weights(s, c);
}

static void put_conv(struct sink *s, const struct conv *c)
{
	struct field f;
	put_bytes(s, NODE_IN, c->x);
	put_name(s, NODE_IN, c->w->name);
	if (c->bias.n)
		put_bytes(s, NODE_IN, c->bias);
	put_bytes(s, NODE_OUT, c->out);
	put_bytes(s, NODE_OP, SV("Conv"));
	for (sv rest = c->from->raw; next(&rest, &f);)
		if (f.no == NODE_ATTR || f.no == NODE_NAME)
			put(s, f.whole.p, f.whole.n);
}

/* A message whose length stands before it. */
static void put_message(struct sink *s, int no, const struct conv *c,
			void (*write)(struct sink *, const struct conv *))
{
	struct sink count = { 0 };
	write(&count, c);
	put_head(s, no, count.n);
	write(s, c);
}

static void put_graph(struct sink *s, const struct graph *g)
{
	struct field f;
	size_t node = 0, tensor = 0;
	for (sv rest = g->raw; next(&rest, &f);) {
		bool keep = true;
		if (f.no == GRAPH_NODE) {
			const struct node *n = &g->nodes.v[node++];
			keep = !n->dead && !n->conv;
			if (n->conv && !n->dead)
				put_message(s, GRAPH_NODE, n->conv, put_conv);
		} else if (f.no == GRAPH_INIT) {
			keep = g->tensors.v[tensor++].used;
		}
		if (keep)
			put(s, f.whole.p, f.whole.n);
	}
	for (size_t i = 0; i < g->convs.n; i++)
		put_message(s, GRAPH_INIT, g->convs.v[i], put_tensor);
}

static void put_model(struct sink *s, sv model, const struct graph *g, size_t graph_n)
{
	struct field f;
	while (next(&model, &f))
		if (f.no != MODEL_GRAPH)
			put(s, f.whole.p, f.whole.n);
	put_head(s, MODEL_GRAPH, graph_n);
	put_graph(s, g);
}

static void graph_done(struct graph *g)
{
	for (size_t i = 0; i < g->convs.n; i++)
		xfree(g->convs.v[i]);
	VEC_FREE(&g->convs);
	VEC_FREE(&g->nodes);
	VEC_FREE(&g->tensors);
	map_free(g->maker);
	map_free(g->user);
	map_free(g->constant);
	map_free(g->many);
}

static int rewrite(sv model, struct graph *g, struct onnx_floated *ret)
{
	int rc = read_graph(g);
	rc = rc ? rc : link_names(g);
	if (rc)
		return rc;
	for (size_t i = 0; i < g->nodes.n; i++)
		if (is(&g->nodes.v[i], "ConvInteger"))
			find_conv(g, &g->nodes.v[i]);
	bury(g);
	struct sink graph = { 0 }, all = { 0 };
	put_graph(&graph, g);
	put_model(&all, model, g, graph.n);
	struct sink out = { .p = xalloc(all.n) };
	put_model(&out, model, g, graph.n);
	*ret = (struct onnx_floated){ .p = out.p,
				      .n = out.n,
				      .convolutions = (int)g->convs.n };
	return 0;
}

int onnx_float(sv model, struct onnx_floated *ret, struct err *e)
{
	struct graph g = { 0 };
	struct field f;
	sv rest = model;
	while (next(&rest, &f))
		if (f.no == MODEL_GRAPH && f.wire == 2)
			g.raw = f.bytes;
	if (rest.n || !g.raw.n)
		return err_set(e, ERR_CORRUPT, "no ONNX model");
	g.maker = map_new(NAMES_MAX);
	g.user = map_new(NAMES_MAX);
	g.constant = map_new(NAMES_MAX);
	g.many = map_new(NAMES_MAX);
	int rc = rewrite(model, &g, ret);
	graph_done(&g);
	return rc ? err_set(e, rc, "the ONNX model cannot be rewritten: %s", err_text(rc)) : 0;
}
