/* cmd_bench_parties.c: `callm bench parties`: what persons in a call cost, for each 20 ms of it.
 *
 * One spoken conversation on a virtual clock, without engines, and browsers that speak all the
 * time as its persons; the shard's work (mailbox, resampling, sums, pipes) and the door's
 * (what the browsers send and get) are timed apart, on one thread's CPU clock. */
#include "app_int.h"
#include "chan_people.h"
#include "chan_seat.h"
#include "chan_voice.h"
#include "pcm.h"

#include <stdio.h>
#include <time.h>

struct parties_bench {
	struct loop *loop;
	struct mbox *door, *box;
	struct chan_people *people;
	struct chan_voice *v;
	struct chan_peer *peer;
	struct chan_seat *seats[CHAN_PARTIES_MAX];
	int n, rate;
	int64_t heard;               /* frames at the browsers */
	int64_t shard_ns, door_ns;
};

static int on_open(void *arg, struct chan_peer *p, const struct chan_info *info, void **user)
{
	((struct parties_bench *)arg)->peer = p;
	*user = arg;
	return 0;
}

static void on_msg(void *user, const struct chan_msg *m)
{
}

static void on_close(void *user, enum chan_close_by by)
{
}

static void on_hangup(void *arg, enum chan_close_by by)
{
}

static void on_audio(void *arg, sv pcm)
{
	((struct parties_bench *)arg)->heard++;
}

static void on_line(void *arg, bool on, sv party)
{
}

static void on_closed(void *arg)
{
}

static int add(struct parties_bench *b, int i)
{
	char token[32], to[32], id[32];
	snprintf(token, sizeof(token), "seat%d", i);
	snprintf(to, sizeof(to), "web:seat%d", i);
	snprintf(id, sizeof(id), "agent:%d", i);
	int rc = chan_seat_open(&b->seats[i], b->people,
				&(struct chan_seat_opts){ .door = b->door,
							  .token = sv_of(token),
							  .cb = { on_audio, on_line, on_closed },
							  .arg = b });
	if (rc)
		return rc;
	return chan_party(b->peer, &(struct chan_party){ .act = CHAN_PARTY_ADD,
							 .mode = CHAN_TALKS,
							 .id = sv_of(id),
							 .to = sv_of(to),
							 .lang = SV("en") });
}

static int setup(struct parties_bench *b)
{
	static const struct chan_sink sink = { on_open, on_msg, on_close };
	static const struct chan_speech speech = { .ops = &chan_speech_model, .no_tone = true };
	b->loop = loop_new_sim(1800000000000);
	b->door = mbox_new(NULL);
	b->box = mbox_new(b->loop);
	int rc = chan_people_open(&b->people, &(struct chan_people_opts){ 0 });
	struct chan_voice_opts o = { .loop = b->loop, .sink = &sink, .sink_arg = b,
				     .speech = &speech, .rate = b->rate, .hangup = on_hangup,
				     .arg = b, .people = b->people, .box = b->box };
	o.info = (struct chan_info){ .channel = "phone", .language = SV("en") };
	rc = rc ? rc : chan_voice_open(&b->v, &o);
	for (int i = 0; rc == 0 && i < b->n; i++)
		rc = add(b, i);
	return rc;
}

static void clear(struct parties_bench *b)
{
	chan_voice_free(b->v);
	for (int i = 0; i < b->n; i++)
		chan_seat_close(b->seats[i]);
	loop_sim_advance(b->loop, 1);
	(void)mbox_drain(b->door);
	chan_people_close(b->people);
	mbox_free(b->door);
	mbox_free(b->box);
	loop_free(b->loop);
}

static void frame(struct parties_bench *b, const int16_t *voice)
{
	int16_t out[320];
	int64_t t0 = cli_cpu_ns();
	for (int i = 0; i < b->n; i++)
		chan_seat_rx(b->seats[i], sv_n((const char *)voice, 640));
	int64_t t1 = cli_cpu_ns();
	loop_sim_advance(b->loop, 20);
	chan_voice_rx(b->v, voice, (size_t)b->rate / 50, loop_now_ms(b->loop));
	(void)chan_voice_tx(b->v, out);
	int64_t t2 = cli_cpu_ns();
	(void)mbox_drain(b->door);
	b->door_ns += t1 - t0 + cli_cpu_ns() - t2;
	b->shard_ns += t2 - t1;
}

static int run(int persons, int rate, int64_t frames)
{
	struct parties_bench b = { .n = persons, .rate = rate };
	struct rng r;
	int16_t voice[320];
	rng_seed(&r, 1);
	for (int i = 0; i < 320; i++)
		voice[i] = (int16_t)((int)rng_below(&r, 8000) - 4000);
	int rc = setup(&b);
	for (int64_t i = 0; rc == 0 && i < frames; i++)
		frame(&b, voice);
	bool all = b.heard >= persons * (frames - 5);
	if (rc == 0)
		printf("%d persons, %d Hz: shard %.1f us, door %.1f us of each 20 ms%s\n", persons,
		       rate, (double)b.shard_ns / 1000 / (double)frames,
		       (double)b.door_ns / 1000 / (double)frames, all ? "" : " (frames were lost)");
	clear(&b);
	return rc ? rc : all ? 0 : ERR_FAIL;
}

int bench_parties(int64_t frames)
{
	for (int rate = 8000; rate <= 16000; rate += 8000)
		for (int n = 0; n <= CHAN_PARTIES_MAX; n += n ? CHAN_PARTIES_MAX - 1 : 1) {
			int rc = run(n, rate, frames);
			if (rc)
				return cli_fail("%s", err_text(rc));
		}
	return 0;
}
