/* bench_t_end.c: T17 what the recording keeps, T19 a server that is stopped or killed under load,
 * T20 conversations replayed; and the tests that wait for a feature. */
#include "bench_int.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLS = 12, DRAIN_US = 6000000 };

/* ---- T19 ---- */

struct t19 {
	int64_t told_us;       /* the server was told to stop */
	bool kill;
};

/* Calls go on for six seconds after SIGTERM, still answered; one more is refused. */
static void t19_tick(struct bench_rep *r)
{
	struct t19 *x = r->b->data;
	struct bench_phone *p = r->p;
	if (r->i == CALLS) {
		if (r->step == 0 && x->told_us && bench_now_us() > x->told_us + 1000000) {
			r->p = bench_dial(r->b, "late", false);
			bench_step(r);
		} else if (r->step == 1 && r->p->state == PH_OVER) {
			bench_rep_end(r, r->p->status == 503 && r->p->retry_after_s > 0, "not 503");
		} else if (r->step == 1 && bench_in_step_us(r) > 5000000) {
			bench_rep_end(r, false, "no answer to a new call");
		}
		return;
	}
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	int64_t now = bench_now_us();
	if (r->step == 2 && x->told_us) {
		bench_say(p, bench_topic_clip(r->b, r->i), 0);
		bench_step(r);
	} else if (r->step == 3 && now > x->told_us + DRAIN_US) {
		bool heard = p->said_to_us && bench_loud_after(p, p->said_to_us);
		bench_rep_end(r, heard && p->last_rx_us > now - 200000,
			      heard ? "no sound any more" : "not answered after the signal");
	}
}

static bool ready(struct bench *b)
{
	for (int i = 0; i < CALLS; i++)
		if (b->reps[i].step < 2 && !b->reps[i].over)
			return false;
	return true;
}

static void on_ready(void *arg)
{
	struct bench *b = arg;
	struct t19 *x = b->data;
	if (!ready(b)) {
		loop_after(b->loop, &b->later, 100, on_ready, b);
		return;
	}
	(void)kill(b->srv.pid, SIGTERM);
	x->told_us = bench_now_us();
}

/* Conversations that the server's record still calls open. */
static double left_open(struct bench *b)
{
	struct sb out;
	struct err e;
	sb_init(&out, LIM_SB);
	jv *o = bench_server_login(b) ||
				bench_get(b, "/api/v1/conversations?channel=phone&state=live",
					  &out) ?
			NULL :
			jv_parse(sb_sv(&out), &e);
	double n = o ? (double)jv_len(jv_get(o, "items")) : NAN;
	jv_free(o);
	sb_done(&out);
	return n;
}

static void t19_killed_tick(struct bench_rep *r)
{
	if (bench_greeted(r))
		bench_rep_end(r, true, "");
}

int bench_t19(struct bench *b)
{
	struct t19 x = { 0 };
	struct bench_set set = { 0 };
	if (b->o.target) {
		bench_row_missing(b, "T19", "a stop under load", "not our process");
		return 0;
	}
	int rc = bench_server_ready(b, &set);
	if (rc)
		return rc;
	size_t good = 0;
	b->data = &x;
	loop_after(b->loop, &b->later, 1000, on_ready, b);
	bench_reps(b, CALLS + 1, CALLS + 1, t19_tick, NULL);
	loop_timer_stop(&b->later);
	for (int i = 0; i < CALLS; i++)
		good += b->reps[i].ok;
	bench_row_share(b, "T19", "SIGTERM: calls that went on and were answered", good, CALLS,
			100, "");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T19", "SIGTERM: a new call gets 503, Retry-After",
			b->reps[CALLS].ok, 1, 100, "");
	int status = bench_server_stop(b, false);
	bench_row_share(b, "T19", "SIGTERM: exit status 0 once they are over", status == 0, 1,
			100, "");
	rc = bench_server_ready(b, &set);
	if (rc)
		return rc;
	bench_reps(b, CALLS, CALLS, t19_killed_tick, NULL);
	b->srv.status = 0;
	bench_reps(b, 1, 1, t19_killed_tick, NULL);
	(void)bench_server_stop(b, true);
	b->srv.status = 0;
	rc = bench_server_ready(b, &set);
	double open = rc ? NAN : left_open(b);
	struct bench_row *row =
		bench_row_add(b, "T19", "SIGKILL: calls still open in the record after it");
	row->n = 1;
	row->p50 = open;
	row->pass = open < 0.5;
	(void)snprintf(row->threshold, sizeof(row->threshold), "<= 0");
	return rc;
}

/* ---- T17, T20: what is kept ---- */

static const char pan[] = "4111 1111 1111 1111", pan_tight[] = "4111111111111111";

static void kept_tick(struct bench_rep *r)
{
	struct bench_phone *p = r->p;
	if (!bench_greeted(r) || bench_done_if_over(r))
		return;
	int64_t at = p->said_to_us ? bench_loud_after(p, p->said_to_us) : 0;
	switch (r->step) {
	case 2:
		bench_say(p, bench_topic_clip(r->b, r->i), 0);
		bench_step(r);
		break;
	case 3: /* cut in on the answer with a card number */
		if (at && bench_now_us() > at + 1500000) {
			bench_say(p, bench_clip_get(r->b->clips, BENCH_CALLER,
						    SV("My card number is 4111 1111 1111 1111.")),
				  0);
			bench_step(r);
		} else if (bench_in_step_us(r) > 12000000) {
			bench_rep_end(r, false, "no answer");
		}
		break;
	default:
		if (bench_in_step_us(r) > 11000000)
			bench_rep_end(r, true, "");
	}
}

struct looked {
	struct bench *b;
	size_t files, bad_files, wavs, logs, same;
	double worst_ms;
};

/* The recording nearest in length to a call of ours. */
static void look_wav(struct looked *x, const char *path)
{
	struct pcm_clip c = { 0 };
	struct err e;
	double best = 1e9;
	if (pcm_wav_read(path, PCM_HZ, &c, &e))
		return;
	for (size_t i = 0; i < x->b->n_reps; i++) {
		const struct bench_phone *p = x->b->reps[i].p;
		double off =
			p ? fabs((double)(p->over_us - p->up_us) / 1000 - (double)c.n / 8) :
			    1e9;
		best = off < best ? off : best;
	}
	x->worst_ms = best > x->worst_ms ? best : x->worst_ms;
	x->wavs++;
	pcm_clip_done(&c);
}

static int look(void *arg, const char *path)
{
	struct looked *x = arg;
	struct sb text;
	struct err e;
	sb_init(&text, 256 << 20);
	x->files++;
	if (file_read(path, 256 << 20, &text, &e) == 0)
		x->bad_files += sv_find(sb_sv(&text), sv_of(pan)) >= 0 ||
				sv_find(sb_sv(&text), sv_of(pan_tight)) >= 0;
	sb_done(&text);
	if (sv_ends(sv_of(path), SV(".wav")))
		look_wav(x, path);
	if (!sv_ends(sv_of(path), SV(".jsonl")) || sv_find(sv_of(path), SV("/kb/")) >= 0)
		return 0;
	char company[4200], key[4200];
	(void)snprintf(company, sizeof(company), "%s/company.yaml", x->b->srv.dir);
	(void)snprintf(key, sizeof(key), "%s/data/replay.key", x->b->srv.dir);
	const char *argv[] = { x->b->o.exe, "replay", path, "--company",
			       company,     "--key",  key,  NULL };
	x->logs++;
	x->same += bench_command(x->b, argv) == 0;
	return 0;
}

static int kept(struct bench *b, struct looked *x)
{
	int n = b->o.quick ? 3 : 10;
	struct err e;
	int rc = bench_server_ready(b, &(struct bench_set){ .record = true, .replay = true });
	if (rc)
		return rc;
	b->f.sentences = 6;
	bench_reps(b, n, 5, kept_tick, NULL);
	bench_pause(b, 1500);
	(void)bench_server_stop(b, false);
	b->srv.status = 0;
	*x = (struct looked){ .b = b };
	(void)file_walk(b->srv.dir, look, x);
	(void)e;
	return 0;
}

int bench_t17(struct bench *b)
{
	struct looked x;
	size_t told = 0, from = b->f.asked.n;
	struct bench_nums off = { 0 };
	if (b->o.target) {
		bench_row_missing(b, "T17", "recording", "not our files");
		return 0;
	}
	int rc = kept(b, &x);
	if (rc)
		return rc;
	for (size_t i = from; i < b->f.asked.n; i++)
		told += sv_find(sv_of(b->f.asked.v[i]->user), sv_of(pan)) >= 0 ||
			sv_find(sv_of(b->f.asked.v[i]->user), sv_of(pan_tight)) >= 0;
	bench_row_share(b, "T17", "spoken card number: files without it", x.files - x.bad_files,
			x.files, 100, "data base, logs, transcripts");
	bench_note_failures(b, &b->rows.v[b->rows.n - 1]);
	bench_row_share(b, "T17", "spoken card number: prompts without it",
			b->f.asked.n - from - told, b->f.asked.n - from, 100, "");
	if (x.wavs)
		bench_num(&off, x.worst_ms);
	bench_row_nums(b, "T17", "recording against the call's length, worst", "ms", &off, 40,
		       NAN, 1);
	bench_row_missing(b, "T17", "card number in the recording's sound, keyed digits",
			  "no test here yet");
	VEC_FREE(&off);
	return 0;
}

int bench_t20(struct bench *b)
{
	struct looked x;
	if (b->o.target) {
		bench_row_missing(b, "T20", "replay", "not our files");
		return 0;
	}
	int rc = kept(b, &x);
	if (!rc)
		bench_row_share(b, "T20", "conversations replayed with the same result", x.same,
				x.logs, 100, "callm replay");
	return rc;
}

/* ---- what waits ---- */

int bench_t13(struct bench *b)
{
	bench_row_missing(b, "T13", "answering machines on outbound calls",
			  "the bench cannot yet make the server call out");
	return 0;
}

int bench_t18(struct bench *b)
{
	bench_row_missing(b, "T18", "change of language within a call",
			  "the bench has no Chinese voice yet");
	return 0;
}

