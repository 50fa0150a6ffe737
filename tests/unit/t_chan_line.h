/* t_chan_line.h: a real call on 127.0.0.1 with scripted engines: the caller's telephone, the
 * server's, and a person's who may be called. The test's own loop is the shard and serves the
 * other two. */
#ifndef CALLM_T_CHAN_LINE_H
#define CALLM_T_CHAN_LINE_H

#include "t_chan_world.h"
#include "chan_phone.h"

struct line {
	struct world w; /* engines and the engine's notes; its loop is a real one here */
	struct person {
		enum { P_ANSWERS, P_RINGS, P_BUSY, P_DECLINES, P_NO_PLACE } does;
		struct tel *tel;
		struct tel_leg *leg;
		int invites, ups, closes, briefed, heard_caller, frames;
		char key;
		bool speaks;           /* 700 Hz */
		uint64_t phase;
	} person;
	struct chan_transfer_opts transfer;    /* allow: filled in */
	const char *steps[16], *whys[16];      /* of CHAN_MOVED */
	char words[16][2][16];
	int statuses[16], n_steps;
	int tune, heard_person;
	struct mbox *box;
	struct chan_phone *phone;
	struct tel *tel, *far;
	struct tel_leg *leg;           /* the caller's */
	int refuse, ups, closes, status, heard, frames;
	bool speaks;
	uint64_t phase;
	size_t objs;
};

static inline void far_up(void *arg)
{
	((struct line *)arg)->ups++;
}

static inline void far_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct line *x = arg;
	x->frames++;
	x->heard += pcm_goertzel_db(s, 160, 500, 8000) > -20;
	x->heard_person += pcm_goertzel_db(s, 160, 700, 8000) > -20;
	x->tune += pcm_dbfs(s, 160) > -50;
}

static inline int far_pull(void *arg, int16_t out[160])
{
	struct line *x = arg;
	for (int i = 0; x->speaks && i < 160; i++, x->phase++)
		out[i] = (int16_t)(4000 * sin(2 * M_PI * 300 * (double)x->phase / 8000));
	return x->speaks ? 160 : 0;
}

static inline void far_close(void *arg, int status, const char *reason)
{
	struct line *x = arg;
	x->closes++;
	x->status = status;
}

static const struct tel_leg_cb far_cb = {
	.on_up = far_up, .on_frame = far_frame, .on_pull = far_pull, .on_close = far_close
};

/* ---- the person */

static inline void p_up(void *arg)
{
	((struct line *)arg)->person.ups++;
}

static inline void p_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct person *p = &((struct line *)arg)->person;
	p->frames++;
	p->briefed += pcm_goertzel_db(s, 160, 500, 8000) > -20;
	p->heard_caller += pcm_goertzel_db(s, 160, 300, 8000) > -25;
}

static inline int p_pull(void *arg, int16_t out[160])
{
	struct person *p = &((struct line *)arg)->person;
	for (int i = 0; p->speaks && i < 160; i++, p->phase++)
		out[i] = (int16_t)(6000 * sin(2 * M_PI * 700 * (double)p->phase / 8000));
	return p->speaks ? 160 : 0;
}

static inline void p_key(void *arg, char digit)
{
	((struct line *)arg)->person.key = digit;
}

static inline void p_close(void *arg, int status, const char *reason)
{
	struct line *x = arg;
	x->person.closes++;
}

static const struct tel_leg_cb p_cb = {
	.on_up = p_up, .on_frame = p_frame, .on_pull = p_pull, .on_dtmf = p_key, .on_close = p_close
};

static inline void p_take(void *arg)
{
	struct line *x = arg;
	tel_leg_attach(x->person.leg, x->w.loop, x->box, &p_cb, x);
	if (x->person.does == P_ANSWERS)
		tel_leg_answer(x->person.leg);
	else if (x->person.does == P_BUSY)
		tel_leg_hangup(x->person.leg, 486);
	else if (x->person.does == P_DECLINES)
		tel_leg_hangup(x->person.leg, 603);
}

static inline int p_invite(void *arg, struct tel_leg *leg, const struct tel_info *info)
{
	struct line *x = arg;
	x->person.invites++;
	if (x->person.does == P_NO_PLACE)
		return ERR_FULL;
	x->person.leg = leg;
	return mbox_post(x->box, p_take, x);
}

/* The engine's notes, and the steps of a transfer. */
static inline void l_on_msg(void *user, const struct chan_msg *m)
{
	struct line *x = (struct line *)user;  /* w is its first member */
	if (m->kind == CHAN_MOVED && x->n_steps < 16) {
		int i = x->n_steps++;
		snprintf(x->words[i][0], 16, SV_FMT, SV_ARG(m->text));
		snprintf(x->words[i][1], 16, SV_FMT, SV_ARG(m->client_id));
		x->steps[i] = x->words[i][0];
		x->whys[i] = x->words[i][1];
		x->statuses[i] = m->status;
	}
	w_on_msg(user, m);
}

static const struct chan_sink l_sink = { w_on_open, l_on_msg, w_on_close };

static inline int pick(void *arg, struct chan_place *ret)
{
	struct line *x = arg;
	*ret = (struct chan_place){ x->w.loop, x->box, &l_sink, &x->w, &x->w.speech };
	return x->refuse;
}

static inline sv l_text(void *arg, const char *key, sv lang, unsigned variant)
{
	return SV("One or two?");
}

static inline void l_loop(struct line *x)
{
	w_init(&x->w, 8000);
	loop_free(x->w.loop);
	x->w.loop = x->w.asr.loop = x->w.tts[0].loop = x->w.tts[1].loop = loop_new();
	x->box = mbox_new(x->w.loop);
}

/* transfer: NULL = nobody may be called. */
static inline int l_open_with(struct line *x, const struct chan_transfer_opts *transfer)
{
	static const struct tel_sink p_sink = { .on_invite = p_invite };
	static const char *const allow[] = { "sip:*@127.0.0.1" };
	struct tel_opts o;
	struct err e = { 0 };
	*x = (struct line){ 0 };
	l_loop(x);
	x->w.greeting = "Hello, this is the parcel service.";
	struct chan_phone_opts po = {
		.pick = pick, .arg = x, .data_dir = t_tmpdir(), .language = "en", .text = l_text
	};
	if (transfer) {
		po.transfer = *transfer;
		po.transfer.allow = allow;
		po.transfer.n_allow = 1;
	}
	tel_defaults(&o);
	o.ip = "127.0.0.1";
	int rc = chan_phone_open(&x->phone, &po);
	if (rc == 0)
		rc = tel_open(&x->tel, &o, chan_phone_sink(), x->phone, &e);
	if (rc == 0)
		rc = tel_open(&x->far, &o, NULL, NULL, &e);
	if (rc == 0 && transfer)
		rc = tel_open(&x->person.tel, &o, &p_sink, x, &e);
	if (rc == 0)
		chan_phone_set_tel(x->phone, x->tel);
	x->objs = obj_live();
	return rc;
}

static inline int l_open(struct line *x)
{
	return l_open_with(x, NULL);
}

static inline int l_dial(struct line *x)
{
	char uri[64];
	struct err e = { 0 };
	snprintf(uri, sizeof(uri), "sip:service@127.0.0.1:%d", tel_port(x->tel));
	struct tel_dial_opts o = { uri, "5550100", "Ann" };
	return tel_dial(x->far, &o, x->w.loop, x->box, &far_cb, x, &x->leg, &e);
}

/* Legs are objs: that no session is left does not say that every leg was given back. */
static inline bool calls_gone(void *arg)
{
	struct line *x = arg;
	return tel_calls(x->tel) == 0 && tel_calls(x->far) == 0 && obj_live() == x->objs &&
	       (!x->person.tel || tel_calls(x->person.tel) == 0);
}

static inline void l_close(struct line *x)
{
	tel_leg_free(x->leg);
	tel_leg_free(x->person.leg);
	if (!t_wait(x->w.loop, calls_gone, x, 3000)) {
		printf("# %d %d %d calls, %zu objs of %zu\n", tel_calls(x->tel), tel_calls(x->far),
		       x->person.tel ? tel_calls(x->person.tel) : 0, obj_live(), x->objs);
		t_fail(__FILE__, __LINE__, "a call is left");
	}
	tel_close(x->tel);
	tel_close(x->far);
	tel_close(x->person.tel);
	chan_phone_close(x->phone);
	mbox_free(x->box);
	if (x->w.asr.live || x->w.tts[0].live)
		t_fail(__FILE__, __LINE__, "a run of an engine is left");
	loop_free(x->w.loop);
}

static inline bool up(void *arg)
{
	return ((struct line *)arg)->ups == 1;
}

static inline bool played(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_PLAYED) == 1;
}

static inline bool understood(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_SPEECH_FINAL) == 1;
}

static inline bool started(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_SPEECH_START) == 1;
}

static inline bool keyed(void *arg)
{
	return w_count(&((struct line *)arg)->w, CHAN_KEY) == 1;
}

static inline bool engine_closed(void *arg)
{
	return ((struct line *)arg)->w.closes == 1;
}

static inline bool far_closed(void *arg)
{
	return ((struct line *)arg)->closes == 1;
}

static inline bool greeted(void *arg)
{
	return ((struct line *)arg)->heard >= 5;
}

#endif
