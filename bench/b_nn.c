/* b_nn.c: how long a forward pass and a training step of typical small nets take.
 *
 *	ninja -C build src/nn/b_nn && build/src/nn/b_nn [-k KERNEL] [-t THREADS]
 *
 * Each net is filled by a few steps on made-up examples, saved in floats and in bytes, loaded,
 * and run on examples of the usual size, another one each time. Prints microseconds of
 * processor a forward pass, of the clock an example in training, and kilobytes of the file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nn_train.h"

enum { EXAMPLES = 512, FEATURES = 80, STEPS = 40, FLOATS = 40 };

struct net {
	const char *what;
	struct nn_layer l[8];
	size_t n;
};

static const struct net nets[] = {
	{ "bag 128, MLP 128, 77 classes; 80 features",
	  { { "b", .kind = NN_BAG, .rows = 1 << 17, .dim = 128, .how = NN_UNITSUM },
	    { "m", .kind = NN_DENSE, .dim = 128, .act = NN_GELU, .drop = 0.1f },
	    { "out", .kind = NN_DENSE, .dim = 77 } },
	  3 },
	{ "the same beside a wide branch of 77",
	  { { "b", .kind = NN_BAG, .rows = 1 << 17, .dim = 128, .how = NN_UNITSUM },
	    { "m", .kind = NN_DENSE, .dim = 128, .act = NN_GELU, .drop = 0.1f },
	    { "d", .kind = NN_DENSE, .dim = 77 },
	    { "w", .kind = NN_BAG, .rows = 1 << 18, .dim = 77, .zero = true, .row_rule = true,
	      .rate = 30 },
	    { "out", .from = "w d", .kind = NN_SUM } },
	  5 },
	{ "40 bags of 2, attention pooling, 8 classes",
	  { { "s", .kind = NN_SEQ, .rows = 1 << 17, .dim = 64 },
	    { "p", .kind = NN_POOL, .how = NN_ATTEND, .heads = 2 },
	    { "out", .kind = NN_DENSE, .dim = 8 } },
	  3 },
	{ "40 bags of 2, GRU 64, 8 classes",
	  { { "s", .kind = NN_SEQ, .rows = 1 << 17, .dim = 64 },
	    { "g", .kind = NN_GRU, .dim = 64 },
	    { "p", .kind = NN_POOL, .how = NN_LAST },
	    { "out", .kind = NN_DENSE, .dim = 8 } },
	  4 },
	{ "40 bags of 2, 2 blocks of 96, 8 classes",
	  { { "s", .kind = NN_SEQ, .rows = 1 << 17, .dim = 96 },
	    { "q", .kind = NN_POS, .steps = 64 },
	    { "x", .kind = NN_BLOCK, .heads = 4, .hidden = 192 },
	    { "y", .kind = NN_BLOCK, .heads = 4, .hidden = 192 },
	    { "p", .kind = NN_POOL },
	    { "out", .kind = NN_DENSE, .dim = 8 } },
	  6 },
	{ "40 frames of 40 floats, GRU 48 both ways, 10 classes",
	  { { "x", .kind = NN_INPUT, .slot = 1, .dim = 40 },
	    { "f", .from = "x", .kind = NN_GRU, .dim = 48 },
	    { "r", .from = "x", .kind = NN_GRU, .dim = 48, .reverse = true },
	    { "c", .from = "f r", .kind = NN_CAT },
	    { "p", .kind = NN_POOL, .how = NN_ATTEND },
	    { "out", .kind = NN_DENSE, .dim = 10 } },
	  6 },
};

static uint32_t id[EXAMPLES][FEATURES], end[STEPS];
static float x[EXAMPLES][STEPS * FLOATS];
static struct nn_in in[EXAMPLES];

static void examples(void)
{
	struct rng r;

	rng_seed(&r, 1);
	for (int t = 0; t < STEPS; t++)
		end[t] = (uint32_t)(2 * t + 2);
	for (int i = 0; i < EXAMPLES; i++) {
		for (int k = 0; k < FEATURES; k++) /* some words are frequent */
			id[i][k] = k % 2 ? (uint32_t)rng_below(&r, 500) * 2654435761u :
					   (uint32_t)rng_below(&r, 60000) * 2654435761u;
		for (int k = 0; k < STEPS * FLOATS; k++)
			x[i][k] = (float)rng_normal(&r);
		in[i].slot[0] = (struct nn_slot){ .id = id[i], .n = FEATURES, .end = end,
						  .steps = STEPS };
		in[i].slot[1] = (struct nn_slot){ .x = x[i], .steps = STEPS };
	}
}

static double now_us(clockid_t clock)
{
	struct timespec t;

	(void)clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double each(void *arg, struct nn_pass *p, size_t i)
{
	int head = *(int *)arg, n = nn_dim(nn_pass_net(p), head);

	return nn_ce(nn_out(p, head, NULL), n, &(struct nn_ce){ .label = (int)i % n },
		     nn_grad(p, head));
}

/* Microseconds an example, the best of several rounds. */
static double train(struct nn_net *net, int threads)
{
	int head = nn_find(net, "out");
	struct nn_trainer *t =
		nn_trainer_new(net, &(struct nn_opt){ .threads = threads, .clip = 1 });
	const struct nn_in *at[EXAMPLES];
	double best = 1e12;

	for (int i = 0; i < EXAMPLES; i++)
		at[i] = &in[i];
	for (int round = 0; round < 10; round++) {
		double from = now_us(CLOCK_MONOTONIC), us;

		for (int i = 0; i < EXAMPLES; i += 32)
			(void)nn_step(t, at + i, 32,
				      &(struct nn_loss){ .each = each, .arg = &head });
		us = (now_us(CLOCK_MONOTONIC) - from) / EXAMPLES;
		best = us < best ? us : best;
	}
	nn_trainer_free(t);
	return best;
}

static double forward(const struct nn_net *net, bool bytes, size_t *size)
{
	struct nn_net *back;
	struct nn_pass *p;
	struct sb file;
	double best = 1e12;

	sb_init(&file, 1u << 30);
	if (nn_save_mem(net, &file, &(struct nn_save){ .int8 = bytes }, NULL))
		abort();
	back = nn_load_mem(sb_sv(&file), NULL);
	p = nn_pass_new(back);
	for (int round = 0; round < 20; round++) {
		double from = now_us(CLOCK_THREAD_CPUTIME_ID), us;

		for (int i = 0; i < EXAMPLES; i++)
			nn_run(p, &in[i]);
		us = (now_us(CLOCK_THREAD_CPUTIME_ID) - from) / EXAMPLES;
		best = us < best ? us : best;
	}
	*size = file.n;
	nn_pass_free(p);
	nn_unref(back);
	sb_done(&file);
	return best;
}

int main(int argc, char **argv)
{
	const char *kern = nn_kerns()[0];
	int threads = 2;

	for (int c; (c = getopt(argc, argv, "k:t:")) != -1;) {
		if (c == 'k' && nn_kern_use(optarg) == 0)
			kern = optarg;
		else if (c == 't')
			threads = (int)strtol(optarg, NULL, 10);
		else
			return fprintf(stderr, "usage: b_nn [-k KERNEL] [-t THREADS]\n"), 2;
	}
	examples();
	printf("kernel %s, %d threads in training\n%-54s %9s %9s %9s %8s %8s\n", kern, threads,
	       "", "f32 us", "int8 us", "train us", "f32 KB", "int8 KB");
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct nn_net *net = nn_new(nets[i].l, nets[i].n, 1, NULL);
		size_t full, small;
		double t = train(net, threads), f = forward(net, false, &full);
		double q = forward(net, true, &small);

		printf("%-54s %9.1f %9.1f %9.1f %8zu %8zu\n", nets[i].what, f, q, t, full / 1024,
		       small / 1024);
		nn_unref(net);
	}
	return 0;
}
