/* bench_tests.c: the tests there are, in order, and the server they share. */
#include "bench_int.h"

const struct bench_test bench_tests[] = {
	{ "T1", "end of the caller's speech to the first sound of the answer", bench_t1 },
	{ "T2", "barge-in: silent, streams let go, a new turn", bench_t2 },
	{ "T3", "echo of the agent: no interruption of itself", bench_t3 },
	{ "T4", "backchannel and noise: the same sentence goes on", bench_t4 },
	{ "T5", "the model's context is what was heard", bench_t5 },
	{ "T6", "dictated numbers, then yes or no", bench_t6 },
	{ "T7", "keys by RFC 4733 on a bad line", bench_t7 },
	{ "T8", "a provider stalls", bench_t8 },
	{ "T9", "no language model at all, then back", bench_t9 },
	{ "T10", "one transfer for one wish, however often it is raced", bench_t10 },
	{ "T11", "thousands of short calls, ended in every way", bench_t11 },
	{ "T12", "handed to a person", bench_t12 },
	{ "T13", "answering machines", bench_t13 },
	{ "T14", "the greeting", bench_t14 },
	{ "T15", "many calls at once", bench_t15 },
	{ "T16", "a bad network", bench_t16 },
	{ "T17", "recording and redaction", bench_t17 },
	{ "T18", "change of language", bench_t18 },
	{ "T19", "stopped or killed under load", bench_t19 },
	{ "T20", "replay", bench_t20 },
};
const size_t bench_tests_n = sizeof(bench_tests) / sizeof(*bench_tests);

static bool same(const struct bench_set *a, const struct bench_set *b)
{
	return a->vad == b->vad && a->turn == b->turn && a->max_calls == b->max_calls &&
	       a->shards == b->shards && a->second == b->second && a->record == b->record &&
	       a->replay == b->replay &&
	       a->pin == b->pin && a->person == b->person && a->outbound == b->outbound &&
	       a->ring_s == b->ring_s;
}

/* The server runs with this configuration; started again when it was another one. */
int bench_server_ready(struct bench *b, const struct bench_set *o)
{
	if (b->o.target)
		return 0;
	if (bench_server_alive(b) && same(&b->set, o))
		return 0;
	(void)bench_server_stop(b, false);
	b->srv.status = 0;
	b->set = *o;
	return bench_server_start(b, o, &b->trouble);
}
