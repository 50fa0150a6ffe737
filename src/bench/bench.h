/* bench.h: acceptance tests of a voice server from outside: callers over SIP and RTP, scripted
 * model servers behind it, judgement by what was on the wire (docs/bench.md).
 *
 *	struct bench_opts o = { .exe = "/usr/bin/callm", .only = "T1,T2", .quick = true };
 *	return bench_voice(&o, &e);
 *
 * Blocks; its own loop runs on the calling thread. */
#ifndef CALLM_BENCH_H
#define CALLM_BENCH_H

#include "base.h"

struct bench_opts {
	const char *exe;       /* the program that is started as the server, and for speech */
	const char *only;      /* "T1,T2"; NULL = all */
	const char *json;      /* file for the results; NULL = none */
	/* "sip:host:port": this server of this machine instead of our own; NULL = ours. It is
	 * waited for. */
	const char *target;
	const char *caller;    /* "baresip": it makes the calls; NULL = we do */
	const char *keep;      /* folder for server log and data; NULL = temporary, removed */
	uint64_t seed;         /* 0 = 1 */
	int calls, seconds;    /* T15: 0 = 200 calls, 600 s */
	int models_port;       /* of the fake models; 0 = any */
	bool quick;            /* few repetitions */
	bool list;             /* only print what there is */
};
/* 0 = all passed, 1 = one did not; below 0: it could not be run, e says why. */
int bench_voice(const struct bench_opts *o, struct err *e);

#endif
