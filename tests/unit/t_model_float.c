/* t_model_float.c: onnx_float on small quantised graphs the test writes itself: the rewritten
 * model computes the same, unused nodes are gone, damage is found. What runs a model is left
 * out where ONNX Runtime is not installed. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "onnx_float.h"
#include "ort.h"

enum { CHANNELS = 2, OUT = 3, KERNEL = 3, LENGTH = 16 };

static void varint(struct sb *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		sb_ch(b, (char)(v | 0x80));
	sb_ch(b, (char)v);
}

static void num(struct sb *b, int field, uint64_t v)
{
	varint(b, (uint64_t)field << 3);
	varint(b, v);
}

static void bytes(struct sb *b, int field, const void *p, size_t n)
{
	varint(b, (uint64_t)field << 3 | 2);
	varint(b, n);
	sb_put(b, sv_n(p, n));
}

static void text(struct sb *b, int field, const char *s)
{
	bytes(b, field, s, strlen(s));
}

static void message(struct sb *b, int field, struct sb *inner)
{
	bytes(b, field, inner->p, inner->n);
	sb_done(inner);
}

/* in and out: names with blanks between. to: the attribute of Cast, 0 = none. */
static void node(struct sb *g, const char *op, const char *in, const char *out, int to)
{
	struct sb n, a;
	sv rest = sv_of(in), name;
	sb_init(&n, 4096);
	while (sv_cut(&rest, ' ', &name))
		bytes(&n, 1, name.p, name.n);
	rest = sv_of(out);
	while (sv_cut(&rest, ' ', &name))
		bytes(&n, 2, name.p, name.n);
	text(&n, 3, out);
	text(&n, 4, op);
	if (to) {
		sb_init(&a, 256);
		text(&a, 1, "to");
		num(&a, 3, (uint64_t)to);
		num(&a, 20, 2); /* INT */
		message(&n, 5, &a);
	}
	message(g, 1, &n);
}

static void tensor(struct sb *g, const char *name, int type, const int *dims, const void *p,
		   size_t n)
{
	struct sb t;
	sb_init(&t, 4096);
	for (; dims && *dims; dims++)
		num(&t, 1, (uint64_t)*dims);
	num(&t, 2, (uint64_t)type);
	text(&t, 8, name);
	bytes(&t, 9, p, n);
	message(g, 5, &t);
}

static void value(struct sb *g, int field, const char *name)
{
	struct sb dim, shape, t, type, v;
	sb_init(&shape, 256);
	for (int i = 0; i < 3; i++) {
		sb_init(&dim, 64);
		text(&dim, 2, i == 0 ? "a" : i == 1 ? "b" : "c");
		message(&shape, 1, &dim);
	}
	sb_init(&t, 256);
	num(&t, 1, ORT_FLOAT);
	message(&t, 2, &shape);
	sb_init(&type, 256);
	message(&type, 1, &t);
	sb_init(&v, 256);
	text(&v, 1, name);
	message(&v, 2, &type);
	message(g, field, &v);
}

/* x -> quantised convolution (with a bias, or signed weights) -> Neg -> y */
static void write_model(struct sb *m, bool bias, bool is_signed)
{
	static const int shape[] = { OUT, CHANNELS, KERNEL, 0 }, three[] = { 3, 0 },
			 out[] = { OUT, 0 };
	static const float b[OUT] = { 0.5f, -1.25f, 2.0f };
	static const int64_t to[3] = { 1, -1, 1 };
	struct sb g, opset;
	uint8_t w[OUT * CHANNELS * KERNEL], zero = is_signed ? 3 : 120;
	float scale = 0.02f;
	for (size_t i = 0; i < sizeof(w); i++)
		w[i] = (uint8_t)(is_signed ? (int)i * 9 - 70 : 20 + (int)i * 12);
	sb_init(&g, 64 << 10);
	node(&g, "DynamicQuantizeLinear", "x", "xq xs xz", 0);
	node(&g, "ConvInteger", "xq w xz wz", "ci", 0);
	if (bias) {
		node(&g, "Mul", "xs ws", "bs", 0);
		node(&g, "Div", "b bs", "bd", 0);
		node(&g, "Floor", "bd", "bf", 0);
		node(&g, "Cast", "bf", "bc", ORT_INT32);
		node(&g, "Reshape", "bc bshape", "br", 0);
		node(&g, "Add", "ci br", "ca", 0);
	}
	node(&g, "Cast", bias ? "ca" : "ci", "cf", ORT_FLOAT);
	node(&g, "Mul", "xs ws", "sc", 0);
	node(&g, "Mul", "cf sc", "yy", 0);
	node(&g, "Neg", "yy", "y", 0);
	text(&g, 2, "g");
	tensor(&g, "w", is_signed ? ORT_INT8 : ORT_UINT8, shape, w, sizeof(w));
	tensor(&g, "wz", is_signed ? ORT_INT8 : ORT_UINT8, NULL, &zero, 1);
	tensor(&g, "ws", ORT_FLOAT, NULL, &scale, sizeof(scale));
	tensor(&g, "b", ORT_FLOAT, out, b, sizeof(b));
	tensor(&g, "bshape", ORT_INT64, three, to, sizeof(to));
	value(&g, 11, "x");
	value(&g, 12, "y");
	num(m, 1, 8);
	message(m, 7, &g);
	sb_init(&opset, 64);
	text(&opset, 1, "");
	num(&opset, 2, 13);
	message(m, 8, &opset);
}

static const char *runtime(void)
{
	static char found[1024];
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	char pattern[600];
	glob_t g;
	(void)snprintf(pattern, sizeof(pattern), "%s%s/*/onnxruntime-*/libonnxruntime.so",
		       cache ? cache : (home ? home : ""), cache ? "" : "/.cache/callm");
	if (glob(pattern, 0, NULL, &g) == 0)
		(void)snprintf(found, sizeof(found), "%.*s",
			       (int)(strlen(g.gl_pathv[0]) - strlen("/libonnxruntime.so")),
			       g.gl_pathv[0]);
	globfree(&g);
	return found[0] ? found : NULL;
}

static int compute(struct ort *rt, sv model, float *y, size_t max)
{
	static float x[CHANNELS * LENGTH];
	struct ort_model *m = NULL;
	struct err e = { 0 };
	for (int i = 0; i < CHANNELS * LENGTH; i++)
		x[i] = sinf((float)i * 0.7f) * 1.5f;
	struct ort_tensor in = { .name = "x",
				 .type = ORT_FLOAT,
				 .n_dims = 3,
				 .dims = { 1, CHANNELS, LENGTH },
				 .data = x },
			  out = { .name = "y" };
	int rc = ort_model_open_mem(&m, rt, model, NULL, &e);
	rc = rc ? rc : ort_run(m, &in, 1, &out, 1, &e);
	if (!rc && ort_count(&out) == max)
		memcpy(y, out.data, max * sizeof(*y));
	else
		rc = rc ? rc : ERR_FAIL;
	if (!rc)
		ort_release(m, &out, 1);
	if (rc)
		(void)printf("# %s\n", e.msg);
	ort_model_close(m);
	return rc;
}

TEST(float_computes_the_same)
{
	if (!runtime())
		SKIP("ONNX Runtime is not installed");
	enum { N = OUT * (LENGTH - KERNEL + 1) };
	for (int k = 0; k < 4; k++) {
		struct sb m;
		struct onnx_floated f = { 0 };
		struct ort *rt = NULL;
		struct err e = { 0 };
		float was[N] = { 0 }, is[N] = { 0 };
		double worst = 0, size = 0;
		sb_init(&m, 64 << 10);
		write_model(&m, k & 1, k & 2);
		int rc = onnx_float(sb_sv(&m), &f, &e);
		rc = rc ? rc : ort_open(&rt, runtime(), &e);
		rc = rc ? rc : compute(rt, sb_sv(&m), was, N);
		rc = rc ? rc : compute(rt, sv_n(f.p, f.n), is, N);
		for (int i = 0; i < N; i++) {
			worst = fabs(was[i] - is[i]) > worst ? fabs(was[i] - is[i]) : worst;
			size = fabs(was[i]) > size ? fabs(was[i]) : size;
		}
		bool gone = f.p && sv_find(sv_n(f.p, f.n), SV("ConvInteger")) < 0 &&
			    sv_find(sv_n(f.p, f.n), SV("DynamicQuantizeLinear")) < 0;
		int convolutions = f.convolutions;
		ort_close(rt);
		xfree(f.p);
		sb_done(&m);
		OK(rc);
		EQ(convolutions, 1);
		CHECK(gone);
		CHECK(size > 1);
		CHECK(worst < size * 0.02); /* 3 / 255 of the range, over 6 products */
	}
}

/* Another graph is passed through; damage is found; nothing is read beyond the end. */
TEST(float_damaged_models)
{
	struct sb m;
	struct err e = { 0 };
	struct onnx_floated f = { 0 };
	int bad = 0, tried = 0;
	sb_init(&m, 64 << 10);
	write_model(&m, true, false);
	sv whole = sb_sv(&m);
	for (size_t n = 0; n < whole.n - 8; n += 3) {
		char *copy = xalloc(n + 1);
		memcpy(copy, whole.p, n);
		tried++;
		if (onnx_float(sv_n(copy, n), &f, &e))
			bad++;
		else
			xfree(f.p);
		xfree(copy);
	}
	for (int i = 0; i < 3000; i++) {
		char *copy = xalloc(whole.n);
		memcpy(copy, whole.p, whole.n);
		for (int k = 0; k < 4; k++)
			copy[rng_below(t_rng(), whole.n)] = (char)rng_u64(t_rng());
		if (onnx_float(sv_n(copy, whole.n), &f, &e) == 0)
			xfree(f.p);
		xfree(copy);
	}
	sb_done(&m);
	CHECK(tried > 100);
	CHECK(bad > tried * 9 / 10);
	EQ(onnx_float(SV("no model"), &f, &e), ERR_CORRUPT);
	EQ(onnx_float(SV(""), &f, &e), ERR_CORRUPT);
}

/* A convolution whose result somebody else uses too must stay. */
TEST(float_leaves_what_is_used)
{
	struct sb g, m;
	struct onnx_floated f = { 0 };
	struct err e = { 0 };
	uint8_t w[6] = { 1, 2, 3, 4, 5, 6 };
	float scale = 0.1f;
	sb_init(&g, 64 << 10);
	sb_init(&m, 64 << 10);
	node(&g, "DynamicQuantizeLinear", "x", "xq xs xz", 0);
	node(&g, "ConvInteger", "xq w xz", "ci", 0);
	node(&g, "Cast", "ci", "cf", ORT_FLOAT);
	node(&g, "Mul", "xs ws", "sc", 0);
	node(&g, "Mul", "cf sc", "y", 0);
	node(&g, "Cast", "ci", "z", ORT_FLOAT);
	tensor(&g, "w", ORT_UINT8, (int[]){ 1, 2, 3, 0 }, w, sizeof(w));
	tensor(&g, "ws", ORT_FLOAT, NULL, &scale, sizeof(scale));
	value(&g, 11, "x");
	value(&g, 12, "y");
	value(&g, 12, "z");
	num(&m, 1, 8);
	message(&m, 7, &g);
	int rc = onnx_float(sb_sv(&m), &f, &e);
	bool kept = !rc && sv_find(sv_n(f.p, f.n), SV("ConvInteger")) >= 0;
	xfree(f.p);
	sb_done(&m);
	OK(rc);
	EQ(f.convolutions, 0);
	CHECK(kept);
}
