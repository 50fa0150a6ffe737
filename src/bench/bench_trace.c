/* bench_trace.c: with --keep, what happened in each test in the order of time: calls and how they
 * ended, what callers said and when it was loud, what the fakes were asked. For people who look
 * for the reason of a figure. */
#include "bench_int.h"

#include <stdio.h>

static void at(FILE *f, const struct bench *b, int64_t us)
{
	fprintf(f, "%9.3f ", us ? (double)(us - b->began_us) / 1e6 : 0.0);
}

static void trace_call(FILE *f, const struct bench *b, const struct bench_rep *r)
{
	const struct bench_phone *p = r->p;
	fprintf(f, "call %d slot %d %s %s\n", r->i, r->slot, r->ok ? "ok" : "FAILED", r->why);
	if (!p)
		return;
	at(f, b, p->dialled_us);
	fprintf(f,
		"  dialled, up after %.0f ms, over after %.1f s with %d%s; %llu packets, %llu "
		"lost\n",
		p->up_us ? (double)(p->up_us - p->dialled_us) / 1000 : -1.0,
		(double)(p->over_us - p->dialled_us) / 1e6, p->status,
		p->got_bye ? " (BYE)" : "", (unsigned long long)p->packets,
		(unsigned long long)p->lost);
	for (size_t i = 0; i < p->said.n; i++) {
		at(f, b, p->up_us + (int64_t)p->said.v[i].at * 125);
		fprintf(f, "  says \"%s\"\n", p->said.v[i].clip->text);
	}
	for (size_t i = 0; i < p->runs.n && i < 400; i++) {
		at(f, b, p->runs.v[i].from_us);
		fprintf(f, "  loud for %.0f ms\n",
			(double)(p->runs.v[i].to_us - p->runs.v[i].from_us) / 1000);
	}
}

/* "done 120 ms", "let go 30 ms", "under way" */
static const char *how(char out[40], int64_t at_us, int64_t gone, int64_t done)
{
	if (!gone && !done)
		return "under way";
	(void)snprintf(out, 40, "%s %.0f ms", gone ? "let go" : "done",
		       (double)((gone ? gone : done) - at_us) / 1000);
	return out;
}

static void trace_fakes(FILE *f, const struct bench *b, size_t asked, size_t spoke)
{
	char end[40];
	for (size_t i = asked; i < b->f.asked.n; i++) {
		const struct bench_asked *q = b->f.asked.v[i];
		at(f, b, q->at_us);
		fprintf(f, "  asked%s (%d) \"%s\" after \"%s\", %s\n",
			q->second ? " second" : "", q->topic, q->user, q->assistant,
			how(end, q->at_us, q->gone_us, q->done_us));
	}
	for (size_t i = spoke; i < b->f.spoke.n; i++) {
		const struct bench_spoke *q = b->f.spoke.v[i];
		at(f, b, q->at_us);
		fprintf(f, "  voice \"%s\", %s\n", q->text,
			how(end, q->at_us, q->gone_us, q->done_us));
	}
}

void bench_trace(struct bench *b, const char *id, size_t asked, size_t spoke)
{
	char path[4200];
	if (!b->o.keep)
		return;
	(void)snprintf(path, sizeof(path), "%s/%s.txt", b->o.keep, id);
	FILE *f = fopen(path, "w");
	if (!f)
		return;
	for (size_t i = 0; i < b->n_reps; i++)
		trace_call(f, b, &b->reps[i]);
	trace_fakes(f, b, asked, spoke);
	(void)fclose(f);
}
