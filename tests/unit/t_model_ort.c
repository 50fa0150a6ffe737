/* t_model_ort.c: the binding of ONNX Runtime against models that the test writes itself, byte
 * by byte (onnx.proto3). Left out, with the reason, where the runtime is not installed. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "ort.h"

/* ---- a small writer of protocol buffers ---- */

static void varint(struct sb *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		sb_ch(b, (char)(v | 0x80));
	sb_ch(b, (char)v);
}

static void field_int(struct sb *b, int field, uint64_t v)
{
	varint(b, (uint64_t)field << 3);
	varint(b, v);
}

static void field_bytes(struct sb *b, int field, sv s)
{
	varint(b, (uint64_t)field << 3 | 2);
	varint(b, s.n);
	sb_put(b, s);
}

/* Puts what inner holds as a field and empties it. */
static void field_msg(struct sb *b, int field, struct sb *inner)
{
	field_bytes(b, field, sb_sv(inner));
	sb_reset(inner);
}

/* ValueInfoProto: name and tensor type; a dimension of 0 is free. */
static void put_value(struct sb *graph, int field, const char *name, int type, const int *dims,
		      int n)
{
	struct sb dim, shape, tensor, kind, value;
	struct sb *const all[] = { &dim, &shape, &tensor, &kind, &value };
	for (size_t i = 0; i < 5; i++)
		sb_init(all[i], 4096);
	for (int i = 0; i < n; i++) {
		if (dims[i])
			field_int(&dim, 1, (uint64_t)dims[i]);
		else
			field_bytes(&dim, 2, SV("n"));
		field_msg(&shape, 1, &dim);
	}
	field_int(&tensor, 1, (uint64_t)type);
	field_msg(&tensor, 2, &shape);
	field_msg(&kind, 1, &tensor);
	field_bytes(&value, 1, sv_of(name));
	field_msg(&value, 2, &kind);
	field_msg(graph, field, &value);
	for (size_t i = 0; i < 5; i++)
		sb_done(all[i]);
}

static void put_node(struct sb *graph, const char *op, const char *a, const char *b,
		     const char *out)
{
	struct sb node;
	sb_init(&node, 4096);
	field_bytes(&node, 1, sv_of(a));
	field_bytes(&node, 1, sv_of(b));
	field_bytes(&node, 2, sv_of(out));
	field_bytes(&node, 4, sv_of(op));
	field_msg(graph, 1, &node);
	sb_done(&node);
}

static void put_model(struct sb *model, struct sb *graph)
{
	struct sb opset;
	sb_init(&opset, 64);
	field_bytes(graph, 2, SV("g"));
	field_int(model, 1, 8); /* ir_version */
	field_msg(model, 7, graph);
	field_bytes(&opset, 1, SV(""));
	field_int(&opset, 2, 13);
	field_msg(model, 8, &opset);
	sb_done(&opset);
}

/* y[n,2] = x[n,3] . w[3,2]; s[k] = i[k] + j[k], of the type given. */
static void write_model(struct sb *model, int sum_type)
{
	struct sb graph;
	sb_init(&graph, 64 << 10);
	put_node(&graph, "MatMul", "x", "w", "y");
	put_node(&graph, "Add", "i", "j", "s");
	put_value(&graph, 11, "x", ORT_FLOAT, (int[]){ 0, 3 }, 2);
	put_value(&graph, 11, "w", ORT_FLOAT, (int[]){ 3, 2 }, 2);
	put_value(&graph, 11, "i", sum_type, (int[]){ 0 }, 1);
	put_value(&graph, 11, "j", sum_type, (int[]){ 0 }, 1);
	put_value(&graph, 12, "y", ORT_FLOAT, (int[]){ 0, 2 }, 2);
	put_value(&graph, 12, "s", sum_type, (int[]){ 0 }, 1);
	put_model(model, &graph);
	sb_done(&graph);
}

/* ---- where the runtime is; NULL when it is not installed ---- */

static const char *runtime(void)
{
	static char found[1024];
	static bool looked;
	if (looked)
		return found[0] ? found : NULL;
	looked = true;
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	char pattern[600];
	(void)snprintf(pattern, sizeof(pattern), "%s%s/*/onnxruntime-*/libonnxruntime.so",
		       cache ? cache : (home ? home : ""), cache ? "" : "/.cache/callm");
	glob_t g;
	if (glob(pattern, 0, NULL, &g) == 0)
		(void)snprintf(found, sizeof(found), "%.*s",
			       (int)(strlen(g.gl_pathv[0]) - strlen("/libonnxruntime.so")),
			       g.gl_pathv[0]);
	globfree(&g);
	return found[0] ? found : NULL;
}

struct world {
	struct ort *rt;
	struct ort_model *m;
	struct sb file;
	struct err e;
};

static int world_open(struct world *w, int sum_type)
{
	*w = (struct world){ 0 };
	sb_init(&w->file, 64 << 10);
	write_model(&w->file, sum_type);
	int rc = ort_open(&w->rt, runtime(), &w->e);
	if (!rc)
		rc = ort_model_open_mem(&w->m, w->rt, sb_sv(&w->file),
					&(struct ort_opts){ .threads = 1 }, &w->e);
	if (rc)
		(void)printf("# %s\n", w->e.msg);
	return rc;
}

static void world_close(struct world *w)
{
	ort_model_close(w->m);
	ort_close(w->rt);
	sb_done(&w->file);
}

static void input(struct ort_tensor *t, const char *name, enum ort_type type, int rows, int cols,
		  void *data)
{
	*t = (struct ort_tensor){ .name = name,
				  .type = type,
				  .n_dims = cols ? 2 : 1,
				  .dims = { rows, cols },
				  .data = data };
}

TEST(ort_computes_what_the_model_says)
{
	if (!runtime())
		SKIP("ONNX Runtime is not installed");
	static float x[] = { 1, 2, 3, -1, 0.5f, 4 }, wt[] = { 1, 10, 2, 20, 3, 30 };
	int64_t i[] = { 1, 1LL << 40, -3 }, j[] = { 2, 5, 3 };
	struct world w;
	struct ort_tensor in[4], out[] = { { .name = "s" }, { .name = "y" } };
	int rc = world_open(&w, ORT_INT64);
	input(&in[0], "x", ORT_FLOAT, 2, 3, x);
	input(&in[1], "w", ORT_FLOAT, 3, 2, wt);
	input(&in[2], "i", ORT_INT64, 3, 0, i);
	input(&in[3], "j", ORT_INT64, 3, 0, j);
	for (int round = 0; round < 3 && !rc; round++) {
		rc = ort_run(w.m, in, 4, out, 2, &w.e);
		if (rc)
			break;
		const float *y = out[1].data;
		const int64_t *s = out[0].data;
		EQ(out[1].type, ORT_FLOAT);
		EQ(out[1].n_dims, 2);
		EQ(out[1].dims[0], 2);
		EQ(ort_count(&out[1]), 4);
		CHECK(y[0] == 14 && y[1] == 140 && y[2] == 12 && y[3] == 120);
		EQ(out[0].type, ORT_INT64);
		EQ(s[0], 3);
		EQ(s[1], (1LL << 40) + 5);
		EQ(s[2], 0);
		ort_release(w.m, out, 2);
	}
	world_close(&w);
	OK(rc);
}

TEST(ort_int32_and_one_output)
{
	if (!runtime())
		SKIP("ONNX Runtime is not installed");
	static float x[] = { 1, 1, 1 }, wt[] = { 1, 1, 1, 1, 1, 1 };
	int32_t i[] = { 7, -9 }, j[] = { 1, 2 };
	struct world w;
	struct ort_tensor in[4], out[] = { { .name = "s" } };
	int rc = world_open(&w, ORT_INT32);
	input(&in[0], "j", ORT_INT32, 2, 0, j);
	input(&in[1], "i", ORT_INT32, 2, 0, i);
	input(&in[2], "w", ORT_FLOAT, 3, 2, wt);
	input(&in[3], "x", ORT_FLOAT, 1, 3, x);
	rc = rc ? rc : ort_run(w.m, in, 4, out, 1, &w.e);
	int32_t sum[2] = { 0 };
	if (!rc)
		memcpy(sum, out[0].data, sizeof(sum));
	if (!rc)
		ort_release(w.m, out, 1);
	world_close(&w);
	OK(rc);
	EQ(sum[0], 8);
	EQ(sum[1], -7);
}

TEST(ort_tells_inputs_and_outputs)
{
	if (!runtime())
		SKIP("ONNX Runtime is not installed");
	struct world w;
	const struct ort_io *io = NULL;
	int rc = world_open(&w, ORT_INT64);
	if (!rc) {
		EQ(ort_inputs(w.m, &io), 4);
		STR_EQ(io[0].name, "x");
		EQ(io[0].type, ORT_FLOAT);
		EQ(io[0].n_dims, 2);
		EQ(io[0].dims[0], -1);
		EQ(io[0].dims[1], 3);
		EQ(ort_outputs(w.m, &io), 2);
		STR_EQ(io[1].name, "s");
		CHECK(ort_input(w.m, "j") != NULL);
		CHECK(ort_input(w.m, "nobody") == NULL);
		CHECK(ort_version(w.rt)[0] == '1');
	}
	world_close(&w);
	OK(rc);
}

TEST(ort_refuses_what_does_not_fit)
{
	if (!runtime())
		SKIP("ONNX Runtime is not installed");
	static float x[] = { 1, 2, 3, 4 }, wt[] = { 1, 10, 2, 20, 3, 30 };
	int64_t i[] = { 1 }, j[] = { 2 };
	struct world w;
	struct ort_tensor in[4], out[] = { { .name = "y" } }, odd[] = { { .name = "z" } };
	int opened = world_open(&w, ORT_INT64);
	input(&in[0], "x", ORT_FLOAT, 2, 2, x); /* 2 columns, the model wants 3 */
	input(&in[1], "w", ORT_FLOAT, 3, 2, wt);
	input(&in[2], "i", ORT_INT64, 1, 0, i);
	input(&in[3], "j", ORT_INT64, 1, 0, j);
	int rc[5] = { 0 };
	if (!opened) {
		rc[0] = ort_run(w.m, in, 4, out, 1, &w.e);
		input(&in[0], "x", ORT_INT64, 1, 1, i); /* another type */
		rc[1] = ort_run(w.m, in, 4, out, 1, &w.e);
		input(&in[0], "x", ORT_FLOAT, 1, 3, x);
		rc[2] = ort_run(w.m, in, 3, out, 1, &w.e); /* one is missing */
		rc[3] = ort_run(w.m, in, 4, odd, 1, &w.e); /* no such output */
		rc[4] = ort_run(w.m, in, 4, out, 1, &w.e); /* and now right */
		if (!rc[4])
			ort_release(w.m, out, 1);
	}
	world_close(&w);
	OK(opened);
	for (int k = 0; k < 4; k++)
		CHECK(rc[k] < 0);
	CHECK(w.e.msg[0] != '\0');
	OK(rc[4]);
}

TEST(ort_damaged_models)
{
	if (!runtime())
		SKIP("ONNX Runtime is not installed");
	struct world w;
	struct ort_model *m = NULL;
	int opened = world_open(&w, ORT_INT64), bad = 0, tried = 0;
	sv whole = sb_sv(&w.file);
	for (size_t n = 0; !opened && n + 3 < whole.n; n += 11) {
		tried++;
		if (ort_model_open_mem(&m, w.rt, sv_slice(whole, 0, n), NULL, &w.e))
			bad++;
		else
			ort_model_close(m);
	}
	int none = opened ? 0 : ort_model_open(&m, w.rt, "/nonexistent/x.onnx", NULL, &w.e);
	world_close(&w);
	OK(opened);
	CHECK(tried > 10);
	EQ(bad, tried);
	EQ(none, ERR_NOTFOUND);
	HAS(sv_of(w.e.msg), "/nonexistent/x.onnx");
}

TEST(ort_without_runtime)
{
	struct ort *rt = NULL;
	struct err e = { 0 };
	EQ(ort_open(&rt, "/nonexistent", &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "callm models pull");
	CHECK(!rt);
}

TEST(ort_counts_are_bounded)
{
	struct ort_tensor t = { .n_dims = 3, .dims = { 2, 3, 4 } };
	EQ(ort_count(&t), 24);
	t.dims[1] = -1;
	EQ(ort_count(&t), 0);
	t = (struct ort_tensor){ .n_dims = 4, .dims = { 1 << 20, 1 << 20, 1 << 20, 16 } };
	EQ(ort_count(&t), 0);
	t = (struct ort_tensor){ .n_dims = 0 };
	EQ(ort_count(&t), 1);
	EQ(ort_size(ORT_INT64), 8);
	EQ(ort_size(ORT_NONE), 0);
}
