/* cmd_bench_calls.c: `callm bench calls`: many calls at once against a running server, judged by
 * what arrives. `callm bench echo`: a server that answers every call and says back what it hears:
 * nothing but signalling and sound, to measure those two.
 *
 *	taskset -c 0 callm bench echo --port 5070 &
 *	taskset -c 1 callm bench calls --to sip:echo@127.0.0.1:5070 --calls 2000 --rate 200
 *
 * Jitter is how far the spacing of two packets of a call was off what their timestamps say, by the
 * kernel's receive time: the sender's lateness, not ours. What the far side missed is what its RTCP
 * says. The ramp is not judged: figures are of the time when all calls are up. Figures go to
 * docs/SPEED.md with the command. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "app_int.h"
#include "pcm.h"
#include "tel.h"

struct many;
struct one {
	struct many *m;
	struct tel_leg *leg;
	bool up, over;
};
struct many {
	struct loop *loop;
	struct loop_timer start, steady, end;
	struct tel *tel;
	struct mbox *box;
	const char *uri;
	struct one *v;
	int64_t n, started, up, over, failed, seconds, every_us;
	uint64_t in0, out0, lost0;   /* when all were up */
	int64_t far0, steady_us, cpu_us;
};

static void one_up(void *arg)
{
	struct one *c = arg;
	c->up = true;
	c->m->up++;
}

static void one_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
}

/* A quiet caller, but not silence: the server's own work is measured. */
static int one_pull(void *arg, int16_t out[160])
{
	for (int i = 0; i < PCM_FRAME; i++)
		out[i] = (int16_t)(i & 8 ? 60 : -60);
	return PCM_FRAME;
}

static void one_dtmf(void *arg, char digit)
{
}

static void one_hold(void *arg, bool held)
{
}

static void one_close(void *arg, int status, const char *reason)
{
	struct one *c = arg;
	c->over = true;
	c->m->failed += !c->up;
	if (++c->m->over == c->m->n)
		loop_stop(c->m->loop);
}

static void many_start(void *arg)
{
	static const struct tel_leg_cb cb = { .on_up = one_up,
					      .on_frame = one_frame,
					      .on_pull = one_pull,
					      .on_dtmf = one_dtmf,
					      .on_hold = one_hold,
					      .on_close = one_close };
	struct many *m = arg;
	struct one *c = &m->v[m->started++];
	struct err e = { 0 };
	struct tel_dial_opts d = { .uri = m->uri, .from_user = "bench" };
	c->m = m;
	if (tel_dial(m->tel, &d, m->loop, m->box, &cb, c, &c->leg, &e)) {
		fprintf(stderr, "callm: %s\n", e.msg);
		one_close(c, 0, "");
	}
	if (m->started < m->n)
		loop_at_us(m->loop, &m->start, loop_now_us(m->loop) + m->every_us, many_start, m);
}

/* Packets in, out, lost here, lost there, of all calls so far. */
static void many_sum(const struct many *m, struct tel_leg_stats *sum)
{
	*sum = (struct tel_leg_stats){ 0 };
	for (int64_t i = 0; i < m->started; i++) {
		if (!m->v[i].leg)
			continue;
		struct tel_leg_stats st = tel_leg_stats(m->v[i].leg);
		sum->rtp_in += st.rtp_in;
		sum->rtp_out += st.rtp_out;
		sum->lost += st.lost;
		sum->peer_lost += st.peer_lost;
		sum->rtcp_in += st.rtcp_in;
	}
}

static void many_steady(void *arg)
{
	struct many *m = arg;
	struct tel_leg_stats sum;
	many_sum(m, &sum);
	m->in0 = sum.rtp_in;
	m->out0 = sum.rtp_out;
	m->lost0 = sum.lost;
	m->far0 = sum.peer_lost;
	m->steady_us = clk_mono_us();
	m->cpu_us = clk_cpu_us();
	metric_mark();
}

static void print_calls(struct many *m)
{
	struct tel_leg_stats sum;
	struct rusage ru;
	double s = (double)(clk_mono_us() - m->steady_us) / 1e6;
	many_sum(m, &sum);
	getrusage(RUSAGE_SELF, &ru);
	double lost = (double)(sum.lost - m->lost0), in = (double)(sum.rtp_in - m->in0);
	jv *o = jv_obj();
	jv_set_int(o, "calls", m->n);
	jv_set_int(o, "up", m->up);
	jv_set_int(o, "failed", m->failed);
	jv_set_num(o, "seconds", s);
	jv_set_num(o, "in_per_s", in / s);
	jv_set_num(o, "out_per_s", (double)(sum.rtp_out - m->out0) / s);
	jv_set_num(o, "lost_percent", lost + in > 0 ? 100 * lost / (lost + in) : 0);
	jv_set_int(o, "lost_there", sum.peer_lost - m->far0);
	jv_set_int(o, "rtcp_in", (int64_t)sum.rtcp_in);
	jv_set_num(o, "jitter_p50_ms", (double)metric_since_us(M_RTP_JITTER_US, 0.5) / 1000.0);
	jv_set_num(o, "jitter_p99_ms", (double)metric_since_us(M_RTP_JITTER_US, 0.99) / 1000.0);
	jv_set_num(o, "jitter_p999_ms", (double)metric_since_us(M_RTP_JITTER_US, 0.999) / 1000.0);
	jv_set_num(o, "own_send_late_p99_ms",
		   (double)metric_since_us(M_RTP_LATE_US, 0.99) / 1000.0);
	jv_set_num(o, "round_trip_p99_ms", (double)metric_since_us(M_RTCP_RTT_US, 0.99) / 1000.0);
	jv_set_num(o, "own_cpu", (double)(clk_cpu_us() - m->cpu_us) / 1e6 / s);
	jv_set_int(o, "max_rss_kb", ru.ru_maxrss);
	cli_print_json(o);
}

static void many_end(void *arg)
{
	struct many *m = arg;
	print_calls(m);
	for (int64_t i = 0; i < m->started; i++)
		if (m->v[i].leg && !m->v[i].over)
			tel_leg_hangup(m->v[i].leg, 200);
}

int bench_calls(const char *uri, int64_t calls, int64_t seconds, int64_t rate)
{
	struct many m = { .n = calls, .uri = uri, .seconds = seconds, .every_us = 1000000 / rate };
	struct tel_opts o;
	struct err e = { 0 };
	int64_t ramp_ms = calls * 1000 / rate + 2000;
	tel_defaults(&o);
	o.ip = "127.0.0.1";
	o.max_calls = 20000;
	m.v = xalloc(sizeof(*m.v) * (size_t)calls);
	m.loop = loop_new();
	m.box = mbox_new(m.loop);
	int rc = tel_open(&m.tel, &o, NULL, NULL, &e);
	if (rc == 0) {
		loop_after(m.loop, &m.start, 0, many_start, &m);
		loop_after(m.loop, &m.steady, ramp_ms, many_steady, &m);
		loop_after(m.loop, &m.end, ramp_ms + seconds * 1000, many_end, &m);
		loop_run(m.loop);
		loop_timer_stop(&m.start);
		loop_timer_stop(&m.steady);
		loop_timer_stop(&m.end);
		for (int64_t i = 0; i < m.started; i++)
			tel_leg_free(m.v[i].leg);
		tel_close(m.tel);
	}
	mbox_drain(m.box);
	mbox_free(m.box);
	loop_free(m.loop);
	xfree(m.v);
	return rc ? cli_fail("%s", e.msg) : m.failed ? 1 : 0;
}

/* ---- the server ---- */

struct echo;
struct echo_leg {
	struct echo *e;
	struct tel_leg *leg;
	struct loop_timer gone;
	int16_t s[160];
};
struct echo {
	struct loop *loop;
	struct mbox *box;
	struct tel *tel;
	struct loop_timer look;
	int64_t live, most, cpu_us, wall_us;
};

static volatile sig_atomic_t echo_quit;

static void on_signal(int sig)
{
	echo_quit = sig;
}

static void echo_up(void *arg)
{
}

static void echo_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	memcpy(((struct echo_leg *)arg)->s, s, sizeof(((struct echo_leg *)arg)->s));
}

static int echo_pull(void *arg, int16_t out[160])
{
	memcpy(out, ((struct echo_leg *)arg)->s, sizeof(((struct echo_leg *)arg)->s));
	return PCM_FRAME;
}

static void echo_gone(void *arg)
{
	struct echo_leg *c = arg;
	c->e->live--;
	tel_leg_free(c->leg);
	xfree(c);
}

static void echo_close(void *arg, int status, const char *reason)
{
	struct echo_leg *c = arg;
	loop_after(c->e->loop, &c->gone, 0, echo_gone, c);
}

static void echo_take(void *arg)
{
	static const struct tel_leg_cb cb = { .on_up = echo_up,
					      .on_frame = echo_frame,
					      .on_pull = echo_pull,
					      .on_dtmf = one_dtmf,
					      .on_hold = one_hold,
					      .on_close = echo_close };
	struct echo_leg *c = arg;
	if (++c->e->live > c->e->most)
		c->e->most = c->e->live;
	tel_leg_attach(c->leg, c->e->loop, c->e->box, &cb, c);
	tel_leg_answer(c->leg);
}

static int echo_invite(void *arg, struct tel_leg *leg, const struct tel_info *info)
{
	struct echo *e = arg;
	struct echo_leg *c = xalloc(sizeof(*c));
	c->e = e;
	c->leg = leg;
	int rc = mbox_post(e->box, echo_take, c);
	if (rc)
		xfree(c);
	return rc;
}

/* Every 5 s what the process took, to stderr; ends on a signal when no call is left. */
static void echo_look(void *arg)
{
	struct echo *e = arg;
	int64_t cpu = clk_cpu_us(), now = clk_mono_us();
	if (echo_quit) {
		tel_hangup_all(e->tel);
		if (!e->live)
			loop_stop(e->loop);
	}
	if (now - e->wall_us >= 5000000) {
		struct rusage ru;
		getrusage(RUSAGE_SELF, &ru);
		fprintf(stderr, "%lld calls, %.3f core, %ld kB, sent late p99 %.1f ms\n",
			(long long)e->live, (double)(cpu - e->cpu_us) / (double)(now - e->wall_us),
			ru.ru_maxrss, (double)metric_since_us(M_RTP_LATE_US, 0.99) / 1000.0);
		metric_mark();
		e->cpu_us = cpu;
		e->wall_us = now;
	}
	loop_after(e->loop, &e->look, 100, echo_look, e);
}

int bench_echo_serve(int64_t port, const char *codecs)
{
	static const struct tel_sink sink = { .on_invite = echo_invite };
	struct echo e = { .cpu_us = clk_cpu_us(), .wall_us = clk_mono_us() };
	struct sigaction sa = { .sa_handler = on_signal };
	struct tel_opts o;
	struct err err = { 0 };
	tel_defaults(&o);
	o.ip = "127.0.0.1";
	o.sip_port = (int)port;
	o.max_calls = o.max_cps = 20000;
	o.codecs = codecs;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	e.loop = loop_new();
	e.box = mbox_new(e.loop);
	int rc = tel_open(&e.tel, &o, &sink, &e, &err);
	if (rc == 0) {
		fprintf(stderr, "sip:echo@127.0.0.1:%d\n", tel_port(e.tel));
		loop_after(e.loop, &e.look, 100, echo_look, &e);
		loop_run(e.loop);
		loop_timer_stop(&e.look);
		tel_close(e.tel);
	}
	mbox_drain(e.box);
	mbox_free(e.box);
	loop_free(e.loop);
	return rc ? cli_fail("%s", err.msg) : 0;
}
