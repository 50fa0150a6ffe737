/* worker_cpu.c: how many threads an engine may use just now, and its memory ceiling.
 *
 * Engines whose threads wait in a spin barrier collapse when there are more of them than
 * free cores (ggml: 1,000 tokens/s idle, 2.2 at a load of 8). So the use of the others is
 * measured from /proc/stat between two calls, and only what they leave is taken. */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "worker.h"

enum { SAMPLE_MS = 200 };

int cpu_cores(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n > 0 ? n : 1;
}

static double now_s(clockid_t id)
{
	struct timespec t = { 0 };
	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Seconds all cores worked since the machine started; false without /proc/stat. */
static bool busy_s(double *ret)
{
	struct sb b;
	sv line, word;
	int64_t v, sum = 0;
	sb_init(&b, 1 << 20);
	bool ok = file_read("/proc/stat", 1 << 20, &b, NULL) == 0;
	sv text = sb_sv(&b);
	ok = ok && sv_line(&text, &line) && sv_starts(line, SV("cpu "));
	if (ok)
		line = sv_trim(sv_slice(line, 4, line.n));
	for (int i = 0; ok && i < 8 && sv_cut(&line, ' ', &word); i++)
		if (i != 3 && i != 4) /* idle and waiting for disks */
			sum += sv_i64(word, &v) == 0 ? v : 0;
	sb_done(&b);
	*ret = (double)sum / (double)sysconf(_SC_CLK_TCK);
	return ok;
}

int cpu_threads(int wanted)
{
	static double wall, busy, own;
	static int others; /* cores in use by other processes at the last sample */
	int cores = cpu_cores();
	double now = now_s(CLOCK_MONOTONIC), all;
	if (now - wall >= SAMPLE_MS * 1e-3 && busy_s(&all)) {
		double mine = now_s(CLOCK_PROCESS_CPUTIME_ID);
		double used = wall > 0 ? (all - busy - (mine - own)) / (now - wall) : 0;
		others = used > 0 ? (int)(used + 0.5) : 0;
		wall = now;
		busy = all;
		own = mine;
	}
	wanted = wanted < cores ? wanted : cores;
	wanted = wanted < cores - others ? wanted : cores - others;
	return wanted > 1 ? wanted : 1;
}

void cpu_memory_limit(size_t bytes)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	struct rlimit lim = { bytes, bytes };
	(void)setrlimit(RLIMIT_DATA, &lim);
#else
	(void)bytes; /* their shadow memory counts too */
#endif
}
