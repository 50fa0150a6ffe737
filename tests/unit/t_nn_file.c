/* t_nn_file.c: nets to files and back: exact in floats, close in bytes, damaged ones refused. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include "nn_file.h"
#include "t.h"

static const struct nn_layer layers[] = {
	{ "bag", .kind = NN_BAG, .rows = 5000, .dim = 24, .how = NN_UNITSUM, .init = 1 },
	{ "mid", .kind = NN_DENSE, .dim = 40, .act = NN_GELU, .drop = 0.1f },
	{ "deep", .kind = NN_DENSE, .dim = 6 },
	{ "seq", .kind = NN_SEQ, .slot = 1, .rows = 50, .dim = 24 },
	{ "pos", .kind = NN_POS, .steps = 10 },
	{ "block", .kind = NN_BLOCK, .heads = 2, .hidden = 30 },
	{ "norm", .kind = NN_NORM },
	{ "gru", .kind = NN_GRU, .dim = 16 },
	{ "look", .kind = NN_POOL, .how = NN_ATTEND, .heads = 2 },
	{ "late", .kind = NN_DENSE, .dim = 6 },
	{ "sum", .from = "deep late", .kind = NN_SUM, .scale = 0.5f },
	{ "class", .kind = NN_COSINE, .dim = 7 },
	{ "twin", .from = "deep", .kind = NN_COSINE, .dim = 7, .tie = "class" },
	{ "aside", .from = "mid", .kind = NN_DENSE, .dim = 300 },
};
enum { LAYERS = sizeof(layers) / sizeof(layers[0]) };
static const uint32_t ids[] = { 1, 2, 30, 4999, 777777 }, seq[] = { 5, 4, 3, 2, 1, 0, 49 };
static const struct nn_in in = { .slot = { { .id = ids, .n = 5 }, { .id = seq, .n = 7 } } };

/* A net whose tables' rows of `in` are there. */
static struct nn_net *some_net(void)
{
	struct nn_net *net = nn_new(layers, LAYERS, 3, NULL);

	for (int i = 0; i < 5; i++)
		nn_mat_birth(net, net->node[nn_find(net, "bag")].mat, ids[i] % 5000);
	for (uint32_t i = 0; i < 50; i++)
		nn_mat_birth(net, net->node[nn_find(net, "seq")].mat, i);
	return net;
}

static void read_out(struct nn_net *net, const char *layer, float *out, int n)
{
	struct nn_pass *p = nn_pass_new(net);

	nn_run(p, &in);
	memcpy(out, nn_out(p, nn_find(net, layer), NULL), (size_t)n * sizeof(float));
	nn_pass_free(p);
}

static void save(const struct nn_net *net, struct sb *out, const struct nn_save *how)
{
	struct err e = { 0 };

	sb_init(out, NN_FILE_MAX);
	if (nn_save_mem(net, out, how, &e))
		t_fail(__FILE__, __LINE__, e.msg);
}

TEST(nn_file_floats_come_back_exactly)
{
	struct nn_net *net = some_net(), *back;
	struct err e = { 0 };
	char path[300];
	float x[7], y[7];
	size_t bytes;

	(void)snprintf(path, sizeof(path), "%s/n.nn", t_tmpdir());
	OK(nn_save(net, path, &(struct nn_save){ .card = SV("{\"licence\":\"MIT\"}") }, &e));
	back = nn_load(path, &e);
	CHECK(back);
	SV_EQ(nn_card(back), "{\"licence\":\"MIT\"}");
	EQ(nn_size(net, NULL), nn_size(back, &bytes));
	CHECK(bytes < 200000); /* 5 of 5000 rows */
	read_out(net, "twin", x, 7);
	read_out(back, "twin", y, 7);
	EQ(memcmp(x, y, sizeof(x)), 0);
	read_out(net, "class", x, 7);
	read_out(back, "class", y, 7);
	EQ(memcmp(x, y, sizeof(x)), 0);
	EQ(nn_dim(back, nn_find(back, "aside")), 300);
	EQ(nn_find(back, "nowhere"), -1);
	EQ(nn_take(back, "deep", net, "deep", &e), ERR_INVAL);
	EQ(nn_row_set(back, 0, 0, x), ERR_INVAL);
	nn_unref(net);
	nn_unref(back);
}

TEST(nn_file_bytes_come_back_close)
{
	struct nn_net *net = some_net(), *back, *copy;
	struct sb a, b;
	float x[24], y[24], most = 0;

	save(net, &a, &(struct nn_save){ 0 });
	save(net, &b, &(struct nn_save){ .int8 = true });
	CHECK(b.n < a.n / 2);
	back = nn_load_mem(sb_sv(&b), NULL);
	CHECK(back);
	/* a row: within half a step of its largest */
	OK(nn_row(net, nn_find(net, "bag"), 30, x));
	OK(nn_row(back, nn_find(back, "bag"), 30, y));
	for (int i = 0; i < 24; i++)
		most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
	for (int i = 0; i < 24; i++)
		NEAR(y[i], x[i], most / 250);
	/* all layers: logits of size 16 */
	read_out(net, "class", x, 7);
	read_out(back, "class", y, 7);
	CHECK(nn_cos(x, y, 7) > 0.998f);
	for (int i = 0; i < 7; i++)
		NEAR(y[i], x[i], 0.6);
	/* a copy in floats says what the bytes said, but for the rounding of inputs */
	copy = nn_copy(back);
	read_out(copy, "class", x, 7);
	CHECK(nn_cos(x, y, 7) > 0.999f);
	nn_unref(copy);
	nn_unref(net);
	nn_unref(back);
	sb_done(&a);
	sb_done(&b);
}

TEST(nn_file_unseen_rows_are_zero)
{
	struct nn_net *net = some_net(), *back;
	struct sb b;
	float x[24];

	save(net, &b, &(struct nn_save){ .int8 = true });
	back = nn_load_mem(sb_sv(&b), NULL);
	for (int row = 0; row < 5000; row += 7) {
		bool seen = row == 4999 || row == 777777 % 5000 || row == 1 || row == 2 ||
			    row == 30;

		OK(nn_row(back, 0, row, x));
		CHECK((nn_cos(x, x, 24) > 0.9f) == seen);
	}
	EQ(nn_row(back, 0, 5000, x), ERR_RANGE);
	EQ(nn_row(back, 99, 0, x), ERR_RANGE);
	nn_unref(net);
	nn_unref(back);
	sb_done(&b);
}

TEST(nn_file_leaves_out_what_is_for_training)
{
	struct nn_net *net = some_net(), *back;
	const char *const side[] = { "aside", NULL }, *const twin[] = { "aside", "class", NULL };
	const char *const needed[] = { "mid", NULL };
	struct err e = { 0 };
	struct sb a, b;
	float x[7], y[7];

	save(net, &a, &(struct nn_save){ 0 });
	save(net, &b, &(struct nn_save){ .drop = side });
	CHECK(b.n + 300 * 40 * 4 <= a.n);
	sb_done(&b);
	/* the layer that was tied keeps the weights */
	save(net, &b, &(struct nn_save){ .drop = twin });
	back = nn_load_mem(sb_sv(&b), &e);
	CHECK(back);
	EQ(nn_find(back, "class"), -1);
	read_out(net, "twin", x, 7);
	read_out(back, "twin", y, 7);
	EQ(memcmp(x, y, sizeof(x)), 0);
	sb_done(&b);
	EQ(nn_save_mem(net, &b, &(struct nn_save){ .drop = needed }, &e), ERR_INVAL);
	HAS(sv_of(e.msg), "left out");
	EQ(nn_save_mem(net, &b, &(struct nn_save){ .card = SV("[1]") }, &e), ERR_INVAL);
	EQ(nn_save_mem(net, &b, &(struct nn_save){ .card = SV("{") }, &e), ERR_PARSE);
	nn_unref(net);
	nn_unref(back);
	sb_done(&a);
	sb_done(&b);
}

TEST(nn_file_cut_anywhere_is_refused)
{
	struct nn_net *net = some_net();
	struct err e = { 0 };
	struct sb b;

	save(net, &b, &(struct nn_save){ .int8 = true });
	for (size_t n = 0; n < b.n; n += n < 100 ? 1 : 977) {
		CHECK(!nn_load_mem(sv_n(b.p, n), &e));
		EQ(e.code, ERR_CORRUPT);
	}
	for (size_t i = 0; i < 2000; i++) {
		size_t at = (size_t)rng_below(t_rng(), b.n);

		b.p[at] ^= (char)(1 << rng_below(t_rng(), 8));
		struct nn_net *other = nn_load_mem(sb_sv(&b), &e);
		CHECK(!other || (at >= 40 && at < 64));      /* unused bytes of the head */
		nn_unref(other);
		sb_done(&b);
		save(net, &b, &(struct nn_save){ .int8 = true });
		i += 49; /* 40 places */
	}
	nn_unref(net);
	sb_done(&b);
}

/* Puts right checksums on a file that was tampered with. */
static void seal(struct sb *b)
{
	uint64_t size = b->n;
	uint32_t c = (uint32_t)crc32(0, (Bytef *)b->p + 64, (uInt)(b->n - 64));

	memcpy(b->p + 24, &size, 8);
	memcpy(b->p + 32, &c, 4);
	c = (uint32_t)crc32(0, (Bytef *)b->p, 36);
	memcpy(b->p + 36, &c, 4);
}

/* The first `was` becomes `is`, of the same length. */
static bool replace(struct sb *b, const char *was, const char *is)
{
	char *at = memmem(b->p, b->n, was, strlen(was));

	ASSERT(strlen(was) == strlen(is));
	if (at)
		memcpy(at, is, strlen(is));
	seal(b);
	return at != NULL;
}

TEST(nn_file_lies_with_right_checksums_are_refused)
{
	static const char *const lie[][2] = {
		{ "\"dim\":24", "\"dim\":25" },	      { "\"dim\":24", "\"dim\":-4" },
		{ "\"rows\":5000", "\"rows\":9000" }, { "\"rows\":5000", "\"rows\":-500" },
		{ "\"rows\":5000", "\"rows\":5e99" }, { "\"in\":[0]", "\"in\":[9]" },
		{ "\"in\":[0]", "\"in\":[-]" },	      { "\"heads\":2", "\"heads\":5" },
		{ "\"kind\":\"gru\"", "\"kind\":\"grr\"" },
		{ "\"kind\":\"bag\"", "\"kind\":\"act\"" }, { "\"kept\":5", "\"kept\":6" },
		{ "\"kept\":5", "\"kept\":0" },	      { "\"type\":\"i8\"", "\"type\":\"i9\"" },
		{ "\"act\":2", "\"act\":9" },	      { "\"how\":4", "\"how\":8" },
		{ "\"name\":\"mid\"", "\"name\":\"bag\"" }, { "\"tie\":", "\"ti\":\"" },
		{ "\"steps\":10", "\"steps\":11" },   { "{\"card\":0}", "{\"card\":0 " },
		{ "callm-nn\1", "callm-nn\2" },       { "\"tables\":[{", "\"tables\":[0" },
	};
	struct nn_net *net = some_net(), *back;
	struct sb b;

	for (size_t i = 0; i < sizeof(lie) / sizeof(lie[0]); i++) {
		struct err e = { 0 };

		save(net, &b, &(struct nn_save){ .int8 = true, .card = SV("{\"card\":0}") });
		CHECK(replace(&b, lie[i][0], lie[i][1]));
		back = nn_load_mem(sb_sv(&b), &e);
		if (back)
			printf("# %s\n", lie[i][1]);
		CHECK(!back && e.code && e.msg[0]);
		sb_done(&b);
	}
	nn_unref(net);
}

TEST(nn_file_weights_that_are_no_numbers_are_refused)
{
	struct nn_net *net = some_net();
	struct err e = { 0 };
	struct sb b;

	net->mat[net->node[nn_find(net, "late")].mat].f[3] = NAN;
	save(net, &b, &(struct nn_save){ 0 });
	CHECK(!nn_load_mem(sb_sv(&b), &e));
	HAS(sv_of(e.msg), "no number");
	nn_unref(net);
	sb_done(&b);
}

TEST(nn_file_not_there_or_not_a_file)
{
	struct err e = { 0 };
	char path[300];

	CHECK(!nn_load("/nonexistent/x.nn", &e));
	EQ(e.code, ERR_NOTFOUND);
	CHECK(!nn_load(t_tmpdir(), &e));
	EQ(e.code, ERR_IO);
	(void)snprintf(path, sizeof(path), "%s/x.nn", t_tmpdir());
	OK(file_write(path, SV("hello"), NULL));
	CHECK(!nn_load(path, &e));
	EQ(e.code, ERR_CORRUPT);
	HAS(sv_of(e.msg), "x.nn");
	CHECK(!nn_load_mem(SV(""), &e));
}

TEST(nn_spec_errors_name_the_layer)
{
	static const struct {
		struct nn_layer l[3];
		const char *says;
	} wrong[] = {
		{ { { "a", .kind = NN_BAG, .dim = 3 }, { "b" }, { "c" } }, "layer a" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 }, { "a", .kind = NN_ACT }, { "c" } },
		  "two" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 }, { "b", .from = "x", .kind = NN_ACT } },
		  "layer b reads \"x\"" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 }, { "b", .kind = NN_ATTN, .heads = 2 } },
		  "2 heads do not divide 3" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 },
		    { "b", .kind = NN_DENSE, .drop = 1, .dim = 2 } },
		  "drop" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 },
		    { "b", .kind = NN_DENSE, .dim = 9000 } },
		  "dim is 9000" },
		{ { { "a b", .kind = NN_INPUT, .dim = 3 } }, "no blanks" },
		{ { { "a", .kind = NN_ACT } }, "does not read" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 },
		    { "b", .kind = NN_DENSE, .dim = 4 },
		    { "c", .kind = NN_DENSE, .dim = 4, .tie = "b" } },
		  "another shape" },
		{ { { "a", .kind = NN_INPUT, .dim = 3 },
		    { "b", .kind = NN_DENSE, .dim = 4 },
		    { "c", .from = "a b", .kind = NN_SUM } },
		  "3 and 4 floats" },
		{ { { "a", .kind = NN_BAG, .rows = 1 << 23, .dim = 1000 } }, "2^28" },
		{ { { "a", .kind = (enum nn_kind)77 } }, "kind" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = { 0 };

		CHECK(!nn_new(wrong[i].l, 3, 1, &e));
		HAS(sv_of(e.msg), wrong[i].says);
	}
	CHECK(!nn_new(NULL, 0, 1, NULL));
}

/* Inputs of every sort: too many steps, ends that fall, ids past the table, floats that are
 * none. */
TEST(nn_run_takes_any_input)
{
	static uint32_t id[600], end[600];
	static float w[600], x[600];
	static const struct nn_layer l[] = {
		{ "a", .kind = NN_SEQ, .rows = 7, .dim = 4, .steps = 50 },
		{ "g", .kind = NN_GRU, .dim = 5 },
		{ "p", .kind = NN_POOL },
		{ "b", .kind = NN_BAG, .rows = 7, .dim = 5, .how = NN_SQRTN },
		{ "f", .kind = NN_INPUT, .dim = 5 },
		{ "fp", .kind = NN_POOL, .how = NN_GREATEST },
		{ "all", .from = "p b fp", .kind = NN_SUM },
	};
	struct nn_net *net = nn_new(l, 7, 1, NULL);
	struct nn_pass *p = nn_pass_new(net);
	int steps;

	for (uint32_t r = 0; r < 7; r++) {
		nn_mat_birth(net, net->node[0].mat, r);
		nn_mat_birth(net, net->node[3].mat, r);
	}
	for (int round = 0; round < 500; round++) {
		struct nn_in any = { 0 };
		struct nn_slot *s = &any.slot[0];

		for (int i = 0; i < 600; i++) {
			id[i] = (uint32_t)rng_u64(t_rng());
			end[i] = (uint32_t)rng_below(t_rng(), 700);
			w[i] = i % 9 ? (float)rng_normal(t_rng()) : i % 2 ? NAN : INFINITY;
			x[i] = i % 7 ? (float)rng_normal(t_rng()) : NAN;
		}
		s->id = round % 5 ? id : NULL;
		s->w = round % 2 ? w : NULL;
		s->end = round % 3 ? end : NULL;
		s->x = round % 4 ? x : NULL;
		s->n = (uint32_t)rng_below(t_rng(), 600);
		s->steps = (uint32_t)rng_below(t_rng(), s->x ? 120 : 600);
		nn_run(p, &any);
		(void)nn_out(p, 0, &steps);
		CHECK(steps >= 1 && steps <= 50);
		for (int k = 0; k < 5; k++)
			CHECK(isfinite(nn_out(p, 6, NULL)[k]));
	}
	nn_pass_free(p);
	nn_unref(net);
}

/* What the fuzz target starts from loads and runs. */
static int run_seed(void *arg, const char *path)
{
	struct err e = { 0 };
	struct nn_net *net = nn_load(path, &e);
	struct nn_pass *p;

	if (!net)
		return printf("# %s\n", e.msg), 1;
	p = nn_pass_new(net);
	nn_run(p, &in);
	nn_pass_free(p);
	nn_unref(net);
	++*(int *)arg;
	return 0;
}

TEST(nn_file_seeds_of_the_fuzz_target_run)
{
	char dir[500];
	int n = 0;

	(void)snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/nn_file", t_srcdir());
	OK(file_walk(dir, run_seed, &n));
	EQ(n, 2);
}
