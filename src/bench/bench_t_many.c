/* bench_t_many.c: T15 many calls at once on one core, T11 thousands of short ones that end in
 * every way. */
#include "bench_int.h"

#include <math.h>
#include <stdio.h>

enum {
	BINS = 40000, BIN_US = 10,
	GAP_MS = 10000,        /* between two barge-ins */
	MORE = 20,             /* calls beyond the limit */
	WAYS = 7,
	IDLE_MS = 130000,
};

/* ---- T15 ---- */

struct t15 {
	struct bench_nums gap, stop;
	uint32_t *bins;        /* jitter of 10 us steps */
	uint64_t packets, lost;
	int64_t until_us;
	size_t up, cuts, no_answer;
};

static void on_gap(struct bench_phone *p, int64_t gap_us, uint32_t samples)
{
	struct t15 *x = p->b->data;
	if (samples != PCM_FRAME)
		return;
	int64_t off = gap_us - 20000;
	off = (off < 0 ? -off : off) / BIN_US;
	x->bins[off < BINS ? off : BINS - 1]++;
	x->packets++;
}

static double bin_q(const struct t15 *x, double q)
{
	uint64_t want = (uint64_t)((double)x->packets * q), n = 0;
	for (size_t i = 0; i < BINS; i++) {
		n += x->bins[i];
		if (n > want)
			return (double)i * BIN_US / 1000;
	}
	return NAN;
}

static void t15_cut(struct bench_rep *r)
{
	struct t15 *x = r->b->data;
	struct bench_phone *p = r->p;
	if (!p->said_to_us || bench_now_us() < p->said_to_us)
		return;
	int64_t last = bench_loud_before(p, p->said_to_us);
	bench_num(&x->stop, last > p->said_from_us ? (double)(last - p->said_from_us) / 1000 : 0);
	x->cuts++;
	bench_step(r);
	r->step = 3;
}

/* Ask, wait for the answer, cut in on it ten seconds after the last time, which is the next
 * question. */
static void t15_tick(struct bench_rep *r)
{
	struct t15 *x = r->b->data;
	struct bench_phone *p = r->p;
	int64_t now = bench_now_us();
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	if (now > x->until_us) {
		bench_rep_end(r, true, "");
		return;
	}
	int64_t first = bench_answer_at(p);
	if (r->step == 2) {
		x->up++;
		r->t[1] = now;
		bench_say(p, bench_topic_clip(r->b, r->i + r->turn++), 0);
		r->step = 3;
		bench_step(r);
		r->step = 3;
	} else if (r->step == 3 && first) {
		bench_num(&x->gap, (double)(first - p->said_to_us) / 1000);
		bench_step(r);
	} else if (r->step == 3 && bench_in_step_us(r) > 12000000) {
		x->no_answer++;
		r->step = 2;
	} else if (r->step == 4 && now - r->t[1] > GAP_MS * 1000LL && bench_quiet_us(p) < 40000) {
		r->t[1] = now;
		bench_say(p, bench_topic_clip(r->b, r->i + r->turn++), 0);
		bench_step(r);
	} else if (r->step == 4 && bench_quiet_us(p) > 3000000) {
		r->step = 2; /* the answer is over already */
	} else if (r->step == 5) {
		t15_cut(r);
	}
}

static void refused_tick(struct bench_rep *r)
{
	if (r->step == 0) {
		r->p = bench_dial(r->b, "more", false);
		bench_step(r);
	} else if (r->p->state == PH_OVER) {
		bench_rep_end(r, r->p->status == 503 && r->p->retry_after_s > 0, "not 503");
	} else if (r->p->state == PH_UP || bench_in_step_us(r) > 4000000) {
		bench_rep_end(r, false, "taken in spite of the limit");
	}
}

struct watch {                 /* figures while the calls run */
	struct bench *b;
	struct loop_timer timer;
	struct t15 *x;
	int calls;
	int64_t cpu_us, at_us, rss0_kb, rss_kb;
	double cores;
	size_t base;           /* calls that were up when rss0 was read */
};

static void on_watch(void *arg)
{
	struct watch *w = arg;
	int64_t now = bench_now_us(), cpu = bench_server_cpu_us(w->b);
	int64_t rss = bench_server_rss_kb(w->b);
	bool full = w->x->up >= (size_t)w->calls;
	if (full && !w->at_us) {
		w->at_us = now;
		w->cpu_us = cpu;
	} else if (full && now < w->x->until_us) {
		w->cores = (double)(cpu - w->cpu_us) / (double)(now - w->at_us);
	}
	/* what the first tenth of the calls took holds caches and connections, too */
	if (!w->base && w->x->up * 10 >= (size_t)w->calls) {
		w->base = w->x->up;
		w->rss0_kb = rss;
	}
	w->rss_kb = rss > w->rss_kb ? rss : w->rss_kb;
	loop_after(w->b->loop, &w->timer, 1000, on_watch, w);
}

static void one_value(struct bench *b, const char *id, const char *what, const char *unit, double v,
		      double most, const char *note)
{
	struct bench_nums x = { 0 };
	if (!isnan(v))
		bench_num(&x, v);
	bench_row_nums(b, id, what, unit, &x, most, NAN, 1);
	struct bench_row *r = &b->rows.v[b->rows.n - 1];
	r->p95 = r->p99 = NAN;
	(void)snprintf(r->threshold, sizeof(r->threshold), "<= %g", most);
	if (note && *note)
		(void)snprintf(r->note, sizeof(r->note), "%s", note);
	VEC_FREE(&x);
}

static void t15_rows(struct bench *b, struct t15 *x, const struct watch *w, int calls)
{
	char note[100];
	bench_row_nums(b, "T15", "end of speech to first audio", "ms", &x->gap, 700, 950, 1);
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_nums(b, "T15", "barge-in: onset to last agent audio", "ms", &x->stop, NAN,
		       300, 1);
	(void)snprintf(note, sizeof(note), "p50 %.2f, p99.9 %.2f; %llu packets, %llu lost",
		       bin_q(x, 0.5), bin_q(x, 0.999), (unsigned long long)x->packets,
		       (unsigned long long)x->lost);
	one_value(b, "T15", "p99 jitter between packets of a call", "ms", bin_q(x, 0.99), 5, note);
	bench_row_share(b, "T15", "questions answered", x->gap.n, x->gap.n + x->no_answer, 99, "");
	if (!b->o.target) {
		(void)snprintf(note, sizeof(note), "%d calls, at most %lld MB, %zu calls: %lld",
			       calls, (long long)w->rss_kb / 1024, w->base,
			       (long long)w->rss0_kb / 1024);
		one_value(b, "T15", "memory of a call", "KB",
			  (double)(w->rss_kb - w->rss0_kb) / ((double)calls - (double)w->base), 256,
			  note);
		(void)snprintf(note, sizeof(note), "%.2f mcore a call",
			       w->cores * 1000 / (double)calls);
		one_value(b, "T15", "cores taken by the server", "", w->cores, 1, note);
	}
}

int bench_t15(struct bench *b)
{
	int calls = b->o.calls ? b->o.calls : b->o.quick ? 20 : 200;
	int seconds = b->o.seconds ? b->o.seconds : b->o.quick ? 20 : 600;
	struct t15 x = { .bins = xalloc(sizeof(*x.bins) * BINS) };
	struct watch w = { .b = b, .x = &x, .calls = calls };
	int rc = bench_server_ready(b, &(struct bench_set){ .pin = true, .max_calls = calls });
	if (rc) {
		xfree(x.bins);
		return rc;
	}
	b->data = &x;
	b->on_gap = on_gap;
	b->f.sentences = BENCH_SENTENCES;
	b->ramp_us = 40000;
	x.until_us = bench_now_us() + (seconds + calls / 25 + 8) * 1000000LL;
	loop_after(b->loop, &w.timer, 1000, on_watch, &w);
	bench_reps(b, calls, calls, t15_tick, NULL);
	loop_timer_stop(&w.timer);
	for (size_t i = 0; i < b->phones.n; i++)
		x.lost += b->phones.v[i]->lost;
	t15_rows(b, &x, &w, calls);
	VEC_FREE(&x.gap);
	VEC_FREE(&x.stop);
	xfree(x.bins);
	b->on_gap = NULL;
	return bench_overload(b);
}

/* ---- at the limit ---- */

static void hold_tick(struct bench_rep *r)
{
	size_t *done = r->b->data;
	if (r->i >= 8) {
		if (r->step == 0 && bench_in_step_us(r) < 3000000)
			return;
		refused_tick(r);
		*done += r->over;
		return;
	}
	if (r->step == 0) {
		r->p = bench_dial(r->b, "full", false);
		bench_step(r);
	} else if (!bench_done_if_over(r) && *done >= MORE) {
		bench_rep_end(r, r->p->state == PH_UP, "not up");
	}
}

int bench_overload(struct bench *b)
{
	size_t done = 0, refused = 0, kept = 0;
	int rc = bench_server_ready(b, &(struct bench_set){ .max_calls = 8 });
	if (rc || b->o.target)
		return rc;
	b->data = &done;
	b->ramp_us = 20000;
	bench_reps(b, 8 + MORE, 8 + MORE, hold_tick, NULL);
	for (int i = 0; i < 8 + MORE; i++) {
		refused += i >= 8 && b->reps[i].ok;
		kept += i < 8 && b->reps[i].ok;
	}
	bench_row_share(b, "T15", "beyond the limit: 503 with Retry-After", refused, MORE, 100, "");
	bench_row_share(b, "T15", "beyond the limit: calls that go on", kept, 8, 100, "");
	return 0;
}

/* ---- T11 ---- */

enum way { CANCELLED, IN_GREETING, IN_QUESTION, IN_THINKING, IN_ANSWER, BY_AGENT, WITHOUT_BYE };
static const char *const ways[WAYS] = { "ringing",  "greeting",     "question",	  "thinking",
					"answer", "agent hangs up", "no BYE" };

static enum way way_of(const struct bench_rep *r)
{
	return r->i % 50 == 7 ? WITHOUT_BYE : (enum way)(r->i % 6);
}

static void t11_end(struct bench_rep *r, int64_t random_us)
{
	if (bench_in_step_us(r) > (int64_t)rng_below(&r->rng, (uint64_t)random_us + 1) + 20000)
		bench_rep_end(r, true, ways[way_of(r)]);
}

/* Once the goodbye was asked for: the server says it and hangs up. */
static void t11_by_agent(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	if (r->step == 2) {
		bench_say(p,
			  bench_clip_get(r->b->clips, BENCH_CALLER,
					 SV("No, that is all, goodbye.")),
			  0);
		bench_step(r);
	} else if (p->state == PH_OVER) {
		int64_t last = p->runs.n ? p->runs.v[p->runs.n - 1].to_us : 0;
		r->v[1] = last ? (double)(p->bye_us - last) / 1000 : 1e4;
		bench_rep_end(r, p->got_bye && last > p->said_to_us, "no goodbye before the BYE");
	} else if (bench_in_step_us(r) > 20000000) {
		bench_rep_end(r, false, "the agent did not hang up");
	}
}

static void t11_tick(struct bench_rep *r)
{
	enum way way = way_of(r);
	struct bench_phone *p = r->p;
	if (r->step == 0) {
		r->p = bench_dial(r->b, "short", way == BY_AGENT);
		bench_step(r);
		return;
	}
	if (way == CANCELLED) {
		t11_end(r, 30000);
		return;
	}
	/* these two are ended by the server */
	if (way != BY_AGENT && way != WITHOUT_BYE && bench_done_if_over(r))
		return;
	if (r->step == 1) {
		if (way == IN_GREETING && p->state == PH_UP)
			t11_end(r, 1500000);
		else if (way == IN_GREETING)
			return;
		else if (bench_greeted(r) && way != BY_AGENT) {
			bench_say(p, bench_topic_clip(r->b, r->i), 0);
			r->at_us = bench_now_us();
		}
		return;
	}
	if (way == BY_AGENT)
		t11_by_agent(r);
	else if (way == IN_QUESTION)
		t11_end(r, 1500000);
	else if (way == WITHOUT_BYE) {
		p->mute = true;
		if (p->got_bye || bench_in_step_us(r) > 45000000)
			bench_rep_end(r, p->got_bye, "no end without sound in 45 s");
	} else if (p->said_to_us && (way == IN_THINKING || bench_loud_after(p, p->said_to_us)))
		t11_end(r, 2600000);
}

/* Share of the last sentence's sound that was sent. */
static double goodbye_heard(struct bench_rep *r)
{
	struct bench *b = r->b;
	const struct bench_clip *last = NULL;
	for (size_t i = 0; i < b->f.spoke.n; i++)
		if (b->f.spoke.v[i]->clip &&
		    sv_find(sv_of(b->f.spoke.v[i]->text), SV("oodbye")) >= 0)
			last = b->f.spoke.v[i]->clip;
	if (!last)
		return 0;
	struct bench_segs segs = { 0 };
	size_t n = 0;
	bench_match(r->p->heard.v, r->p->heard.n, &last, 1, &segs);
	for (size_t i = 0; i < segs.n; i++)
		n += segs.v[i].n;
	VEC_FREE(&segs);
	double of = (double)(last->loud_to - last->loud_from);
	return (double)n + PCM_FRAME >= of ? 1 : (double)n / of;
}

struct t11 {
	double rss0, rss1, fds0, fds1, active;
	size_t good, all, byes, whole, bad[WAYS];
	char why[64];          /* of the last that failed */
	struct bench_nums bye;
};

static void t11_round(struct bench *b, struct t11 *x, int n)
{
	b->ramp_us = 15000;
	bench_reps(b, n, b->o.quick ? 10 : 80, t11_tick, NULL);
	for (int i = 0; i < n; i++) {
		struct bench_rep *r = &b->reps[i];
		x->all++;
		x->good += r->ok;
		x->bad[way_of(r)] += !r->ok;
		if (!r->ok)
			(void)snprintf(x->why, sizeof(x->why), "%.63s", r->why);
		if (way_of(r) != BY_AGENT || !r->ok)
			continue;
		x->byes++;
		bench_num(&x->bye, r->v[1]);
		x->whole += goodbye_heard(r) >= 0.995;
	}
}

/* How many went as meant, and which ways of ending did not. */
static void t11_ways(struct bench *b, const struct t11 *x)
{
	char note[120] = "";
	for (int k = 0; k < WAYS; k++)
		if (x->bad[k])
			(void)snprintf(note + strlen(note), sizeof(note) - strlen(note),
				       "%s%s %zu", *note ? ", " : "", ways[k], x->bad[k]);
	if (*note)
		(void)snprintf(note + strlen(note), sizeof(note) - strlen(note), "; %s", x->why);
	bench_row_share(b, "T11", "short calls that went as meant", x->good, x->all, 99.5, note);
}

/* Connections to the models are kept for the next request; the fakes close them after two minutes
 * without one. */
static bool fds_are_back(void *arg)
{
	struct bench *b = arg;
	const struct t11 *x = b->data;
	return bench_server_fds(b) <= x->fds0;
}

int bench_t11(struct bench *b)
{
	enum { ROUND = 1000 };
	struct t11 x = { 0 };
	int n = b->o.quick ? 60 : b->o.caller ? 1000 : 5000;
	char grown[100] = "MB";
	int rc = bench_server_ready(b, &(struct bench_set){ 0 });
	if (rc)
		return rc;
	/* buffers, connections and caches of as many calls at once as will come */
	t11_round(b, &x, b->o.quick ? 60 : ROUND);
	bench_pause(b, 3000);
	x.rss0 = (double)bench_server_rss_kb(b);
	x.fds0 = bench_server_fds(b);
	for (int done = 0; done < n; done += ROUND) {
		t11_round(b, &x, n - done < ROUND ? n - done : ROUND);
		(void)snprintf(grown + strlen(grown), sizeof(grown) - strlen(grown), " %.1f",
			       (double)bench_server_rss_kb(b) / 1024);
	}
	bench_pause(b, 1000);
	(void)bench_metric(b, "callm_calls_active", &x.active);
	bench_pause(b, 3000);
	x.rss1 = (double)bench_server_rss_kb(b);
	b->data = &x;
	(void)bench_wait(b, fds_are_back, b, IDLE_MS);
	x.fds1 = bench_server_fds(b);
	t11_ways(b, &x);
	bench_row_share(b, "T11", "goodbyes sent whole (99.5 % of samples)", x.whole, x.byes,
			99.5, "");
	bench_row_nums(b, "T11", "last sound to BYE", "ms", &x.bye, NAN, 500, 1);
	if (!b->o.target) {
		char note[120];
		(void)snprintf(note, sizeof(note), "%.1f MB before, then %.60s; %d calls",
			       x.rss0 / 1024, grown, n);
		one_value(b, "T11", "memory growth", "KB", x.rss1 - x.rss0, 1024, note);
		one_value(b, "T11", "descriptor growth", "", x.fds1 - x.fds0, 0, "");
		one_value(b, "T11", "calls left a second after the last", "", x.active, 0, "");
	}
	VEC_FREE(&x.bye);
	return 0;
}
