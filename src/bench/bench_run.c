/* bench_run.c: the bench itself: its loop and clock, tests in order, calls side by side.
 *
 * A test is one function that runs to its end; within it calls go on side by side, each driven
 * by a function that is called every 5 ms and looks what has happened (bench_reps). Nothing of
 * the server is looked at but its wire, its API and /proc. */
#include "bench_int.h"

#include <arpa/inet.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { TICK_US = 5000, GREET_MS = 15000, GREET_QUIET_MS = 700, RAMP_US = 250000, UA_LINES = 20,
       PING_US = 500000, TARGET_MS = 60000 };

/* ---- time ---- */

static void on_tick(void *arg)
{
	struct bench *b = arg;
	int64_t now = bench_now_us();
	for (size_t i = 0; i < b->phones.n; i++) {
		struct bench_phone *p = b->phones.v[i];
		bench_media_tick(p, now);
		bench_sip_tick(p, now);
		bool due = p->incoming && p->state == PH_RINGING && !p->answered &&
			   p->answer_ms >= 0 && now - p->ring_us > p->answer_ms * 1000;
		if (due) {
			p->answered = true;
			bench_sip_answer(p, p->refuse ? p->refuse : 200);
		}
	}
	for (size_t i = 0; i < b->n_reps; i++) {
		struct bench_rep *r = &b->reps[i];
		if (r->begun && !r->over)
			r->tick(r);
	}
	bench_progress(b);
	b->next_tick_us += TICK_US;
	int64_t mono = loop_now_us(b->loop);
	if (b->next_tick_us < mono)
		b->next_tick_us = mono;
	loop_at_us(b->loop, &b->tick, b->next_tick_us, on_tick, b);
}

bool bench_wait(struct bench *b, bool (*fn)(void *arg), void *arg, int ms)
{
	int64_t end = bench_now_us() + ms * 1000LL;
	while (!fn(arg)) {
		if (bench_now_us() > end)
			return false;
		loop_run_once(b->loop, 5);
	}
	return true;
}

static bool never(void *arg)
{
	return false;
}

void bench_pause(struct bench *b, int ms)
{
	(void)bench_wait(b, never, NULL, ms);
}

/* ---- calls side by side ---- */

void bench_step(struct bench_rep *r)
{
	r->step++;
	r->at_us = bench_now_us();
}

int64_t bench_in_step_us(const struct bench_rep *r)
{
	return bench_now_us() - r->at_us;
}

void bench_rep_end(struct bench_rep *r, bool ok, const char *why)
{
	if (r->over)
		return;
	r->ok = ok;
	r->over = true;
	(void)snprintf(r->why, sizeof(r->why), "%s", ok ? "" : why);
	if (r->p && r->p->state != PH_OVER)
		bench_bye(r->p);
	r->b->n_done++;
}

static void begin(struct bench *b, size_t i, int slot)
{
	struct bench_rep *r = &b->reps[i];
	r->begun = true;
	r->slot = slot;
	r->at_us = bench_now_us();
	rng_seed(&r->rng, b->o.seed * 1000003 + i);
}

static bool is_over(const struct bench_rep *r)
{
	return r->over && (!r->p || r->p->state == PH_OVER);
}

static bool all_over(struct bench *b)
{
	for (size_t i = 0; i < b->n_reps; i++)
		if (!is_over(&b->reps[i]))
			return false;
	return true;
}

static void drop_reps(struct bench *b)
{
	while (b->phones.n)
		bench_phone_free(b->phones.v[b->phones.n - 1]);
	xfree(b->reps);
	b->reps = NULL;
	b->n_reps = 0;
}

void bench_reps(struct bench *b, int n, int parallel, bench_tick_fn *tick, const void *arg)
{
	drop_reps(b);
	if (b->o.caller && parallel > UA_LINES)
		parallel = UA_LINES;
	b->n_done = b->n_begun = 0;
	b->reps = xalloc(sizeof(*b->reps) * (size_t)(n + 1));
	for (int i = 0; i < n; i++)
		b->reps[i] = (struct bench_rep){ .b = b, .tick = tick, .i = i, .arg = arg };
	b->n_reps = (size_t)n;
	/* who is in a slot now */
	struct bench_rep **in = xalloc(sizeof(struct bench_rep *) * (size_t)(parallel + 1));
	int64_t last = 0;
	while (!all_over(b)) {
		int64_t now = bench_now_us();
		for (int s = 0; s < parallel && b->n_begun < b->n_reps; s++)
			if (now - last > b->ramp_us && (!in[s] || is_over(in[s]))) {
				in[s] = &b->reps[b->n_begun];
				begin(b, b->n_begun++, s);
				last = now;
			}
		loop_run_once(b->loop, 5);
	}
	xfree(in);
}

/* ---- steps that many tests share ---- */

bool bench_done_if_over(struct bench_rep *r)
{
	char why[96];
	if (!r->p || r->p->state != PH_OVER)
		return false;
	(void)snprintf(why, sizeof(why), "the call ended with %d in step %d", r->p->status,
		       r->step);
	bench_rep_end(r, false, why);
	return true;
}

/* Steps 0 and 1: dial, then wait until the greeting was heard and is over. */
bool bench_greeted(struct bench_rep *r)
{
	if (r->step == 0) {
		char user[24];
		(void)snprintf(user, sizeof(user), "bench%d", r->i);
		r->asked0 = r->b->f.asked.n;
		r->spoke0 = r->b->f.spoke.n;
		r->p = bench_dial(r->b, user, r->b->keep_sound);
		if (!r->p)
			bench_rep_end(r, false, "no socket");
		else
			bench_step(r);
		return false;
	}
	if (r->step > 1)
		return true;
	if (bench_done_if_over(r))
		return false;
	if (r->p->state == PH_UP && r->p->runs.n && bench_quiet_us(r->p) > GREET_QUIET_MS * 1000) {
		bench_step(r);
		return true;
	}
	if (bench_in_step_us(r) > GREET_MS * 1000LL)
		bench_rep_end(r, false, "no greeting was heard");
	return false;
}

/* ---- all of it ---- */

/* What another's telephone can do: ask, be cut in on, press keys, hang up. */
#define BY_OTHERS "T1,T2,T7,T11"

static bool by_others(const char *id)
{
	sv rest = SV(BY_OTHERS), one;
	while (sv_cut(&rest, ',', &one))
		if (sv_eq(one, sv_of(id)))
			return true;
	return false;
}

static bool wanted(const struct bench_opts *o, const char *id)
{
	/* a minute for a build server: how it feels at all */
	const char *usual = o->caller ? BY_OTHERS : o->quick ? "T1,T2,T14" : "";
	sv rest = sv_of(o->only && *o->only ? o->only : usual), one;
	if (!rest.n)
		return true;
	while (sv_cut(&rest, ',', &one))
		if (sv_eq_nocase(sv_trim(one), sv_of(id)))
			return true;
	return false;
}

static bool known(sv id)
{
	for (size_t i = 0; i < bench_tests_n; i++)
		if (sv_eq_nocase(id, sv_of(bench_tests[i].id)))
			return true;
	return false;
}

static int check(const struct bench_opts *o, struct err *e)
{
	sv rest = sv_of(o->only), one;
	int rc = bench_ua_check(o->caller, e);
	if (rc)
		return rc;
	while (o->only && sv_cut(&rest, ',', &one))
		if (!known(sv_trim(one)))
			return err_set(e, ERR_INVAL,
				       "no test is called " SV_FMT "; --list shows them",
				       SV_ARG(one));
	return 0;
}

static int target(struct bench *b, struct err *e)
{
	const char *t = b->o.target;
	b->target.sin_family = AF_INET;
	b->target.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!t)
		return 0;
	if (strncmp(t, "sip:", 4) == 0)
		t += 4;
	const char *at = strchr(t, '@');
	const char *colon = strrchr(at ? at + 1 : t, ':');
	char host[64];
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon ? colon - (at ? at + 1 : t) : 63),
		       at ? at + 1 : t);
	int port = colon ? (int)strtol(colon + 1, NULL, 10) : 5060;
	if (inet_pton(AF_INET, host, &b->target.sin_addr) != 1 || port < 1 || port > 65535)
		return err_set(e, ERR_INVAL, "--target is like sip:127.0.0.1:5060");
	b->target.sin_port = htons((uint16_t)port);
	printf("models for the server at %s:\n  language   http://127.0.0.1:%d/v1  "
	       "(chat/completions)\n"
	       "  second     http://127.0.0.1:%d/second/v1\n"
	       "  recogniser ws://127.0.0.1:%d/v1/realtime\n"
	       "  voice      http://127.0.0.1:%d/v1  (audio/speech)\n",
	       b->o.target, b->web_port, b->web_port, b->web_port, b->web_port);
	return 0;
}

static bool answers(void *arg)
{
	struct bench *b = arg;
	if (!b->target_up && bench_now_us() - b->pinged_us > PING_US) {
		b->pinged_us = bench_now_us();
		bench_sip_ping(b);
	}
	return b->target_up;
}

/* Its models are ours: it may well be started only now. */
static int await_target(struct bench *b, struct err *e)
{
	if (!b->o.target)
		return 0;
	printf("  a person   sip:human@127.0.0.1:%d\nwaiting until it answers OPTIONS\n",
	       b->sip_port);
	(void)fflush(stdout);
	if (bench_wait(b, answers, b, TARGET_MS))
		return 0;
	return err_set(e, ERR_TIMEOUT, "%s does not answer OPTIONS", b->o.target);
}

static int open_all(struct bench *b, struct err *e)
{
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
	b->loop = loop_new();
	b->fetch = fetch_new(b->loop);
	b->by_call = map_new(100000);
	rng_seed(&b->rng, b->o.seed);
	b->began_us = bench_now_us();
	int rc = bench_clips_open(&b->clips, b->loop, b->o.exe, e);
	rc = rc ? rc : bench_fakes_open(b, e);
	rc = rc ? rc : target(b, e);
	rc = rc ? rc : bench_sip_open(b, e);
	rc = rc ? rc : await_target(b, e);
	b->next_tick_us = loop_now_us(b->loop);
	if (!rc)
		loop_at_us(b->loop, &b->tick, b->next_tick_us, on_tick, b);
	return rc;
}

static void close_all(struct bench *b)
{
	bench_ua_close_all(b);
	bench_server_stop(b, false);
	drop_reps(b);
	loop_timer_stop(&b->tick);
	bench_sip_close(b);
	bench_fakes_close(b);
	bench_clips_close(b->clips);
	fetch_free(b->fetch);
	bench_server_clean(b);
	map_free(b->by_call);
	VEC_FREE(&b->rows);
	loop_free(b->loop);
}

static int run_tests(struct bench *b, struct err *e)
{
	int rc = 0;
	for (size_t i = 0; i < bench_tests_n && !rc; i++) {
		const struct bench_test *t = &bench_tests[i];
		if (!wanted(&b->o, t->id))
			continue;
		b->now = t->id;
		bench_fakes_reset(b);
		b->on_gap = NULL;
		b->on_call = NULL;
		b->keep_sound = false;
		b->ramp_us = RAMP_US;
		size_t before = b->rows.n;
		size_t asked = b->f.asked.n, spoke = b->f.spoke.n;
		bool ours = b->o.caller && !by_others(t->id);
		int failed = ours ? 0 : t->run(b);
		bench_trace(b, t->id, asked, spoke);
		if (ours) {
			bench_row_missing(b, t->id, t->what, "by our own telephones only");
		} else if (failed) {
			struct bench_row *r = bench_row_add(b, t->id, t->what);
			(void)snprintf(r->note, sizeof(r->note), "could not be run: %s %.80s",
				       err_text(failed), b->trouble.msg);
		} else if (b->rows.n == before) {
			bench_row_missing(b, t->id, t->what, "no figure");
		}
		if (!b->o.target && !bench_server_alive(b) && b->srv.status) {
			struct bench_row *r = bench_row_add(b, t->id, "the server lives");
			(void)snprintf(r->note, sizeof(r->note), "it ended with status %x",
				       (unsigned)b->srv.status);
			b->srv.status = 0;
		}
		bench_print(b, before);
		rc = bench_write_json(b, e); /* of what there is: it may take an hour */
	}
	return rc;
}

static int list(void)
{
	for (size_t i = 0; i < bench_tests_n; i++)
		printf("%-4s %s\n", bench_tests[i].id, bench_tests[i].what);
	return 0;
}

int bench_voice(const struct bench_opts *o, struct err *e)
{
	int rc = check(o, e);
	if (rc || o->list)
		return rc ? rc : list();
	struct bench *b = xalloc(sizeof(*b));
	b->o = *o;
	b->o.seed = o->seed ? o->seed : 1;
	rc = open_all(b, e);
	rc = rc ? rc : run_tests(b, e);
	if (rc == 0)
		rc = bench_sum(b) ? 0 : 1;
	close_all(b);
	xfree(b);
	return rc;
}
