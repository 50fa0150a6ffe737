/* chan_phone.c: a call: rings on tel's thread, is taken on its shard, answered when its voice
 * stands.
 *
 * One struct a call, made on the front thread, moved to the shard with the first message and
 * freed there: when its leg is over, or at once when the shard ends (nothing would reach it
 * afterwards). The chan_phone is counted and read only: each call holds it. */
#include "chan_phone_int.h"

#include <stdio.h>

void call_free(struct call *c)
{
	chan_voice_free(c->voice);
	first_free(c);
	out_free(c);
	tel_leg_free(c->leg);
	obj_unref(c->ph);
	xfree(c);
}

static void on_ring(void *arg)
{
	struct call *c = arg;
	if (c->out)
		out_ring(c);
}

/* The leg wants it answered; the greeting waits in the playout and is pulled from now on. */
static void on_up(void *arg)
{
	struct call *c = arg;
	if (c->out)
		out_up(c);
}

static void on_frame(void *arg, const int16_t s[160], int64_t ts_ms)
{
	struct call *c = arg;
	if (c->voice) {
		/* and a frame: half of one waits at each end */
		chan_voice_line_ms(c->voice, tel_leg_stats(c->leg).jitter_ms + PCM_FRAME_MS);
		chan_voice_rx(c->voice, s, PCM_FRAME, ts_ms);
	} else if (c->out) {
		out_frame(c, s);
	}
}

static int on_pull(void *arg, int16_t out[160])
{
	struct call *c = arg;
	if (!c->voice && c->out)
		return out_pull(c, out);
	return c->voice ? chan_voice_tx(c->voice, out) : 0;
}

static void on_dtmf(void *arg, char digit)
{
	struct call *c = arg;
	if (c->voice)
		chan_voice_key(c->voice, digit);
}

static void on_hold(void *arg, bool held)
{
	struct call *c = arg;
	if (c->voice)
		chan_voice_hold(c->voice, held);
}

static void on_close(void *arg, int status, const char *reason)
{
	struct call *c = arg;
	if (c->voice)
		chan_voice_gone(c->voice, status == 408 ? CHAN_BY_TIMEOUT : CHAN_BY_CUSTOMER);
	if (c->out)
		out_close(c, status);
	call_free(c);
}

/* The engine ended it: BYE, and on_close follows; the shard ends: nothing follows. */
static void on_hangup(void *arg, enum chan_close_by by)
{
	struct call *c = arg;
	tel_leg_hangup(c->leg, by == CHAN_BY_SYSTEM ? 503 : 200);
	if (by == CHAN_BY_SYSTEM)
		call_free(c);
}

static void on_refer(void *arg, int status)
{
	struct call *c = arg;
	if (c->voice)
		chan_voice_referred(c->voice, status);
}

static int refer(void *arg, const char *uri)
{
	struct call *c = arg;
	return tel_leg_refer(c->leg, uri, NULL);
}

const struct tel_leg_cb call_leg_cb = { .on_ring = on_ring,
					.on_up = on_up,
					.on_frame = on_frame,
					.on_pull = on_pull,
					.on_dtmf = on_dtmf,
					.on_hold = on_hold,
					.on_refer = on_refer,
					.on_close = on_close };

int call_talk(struct call *c, sv opening)
{
	id_new(c->id);
	id_new(c->interaction);
	struct chan_voice_opts o = {
		.loop = c->place.loop,
		.sink = c->place.sink,
		.sink_arg = c->place.sink_arg,
		.speech = c->place.speech,
		.rate = PCM_HZ,
		.data_dir = c->ph->data_dir[0] ? c->ph->data_dir : NULL,
		.hangup = on_hangup,
		.refer = refer,
		.arg = c,
		.people = c->ph->people,
		.box = c->place.box,
		.info = { .channel = "phone",
			  .language = sv_of(c->language),
			  .opening = opening,
			  .address = sv_of(c->from),
			  .customer_name = sv_of(c->name),
			  .id = sv_of(c->id),
			  .interaction_id = sv_of(c->interaction) },
	};
	struct chan_resume with = { .language = sv_of(c->language),
				    .person = CHAN_PERSON_WITH,
				    .customer = sv_of(c->customer),
				    .level = CHAN_LEVEL_CLAIMED,
				    .agent = sv_of(c->agent),
				    .agent_name = sv_of(c->agent_name) };
	o.parties = c->parties;
	c->parties = NULL;
	if (o.parties && c->agent[0])
		o.info.resume = &with;
	int rc = chan_voice_open(&c->voice, &o);
	if (rc)
		c->voice = NULL;
	return rc;
}

static void take_call(void *arg)
{
	struct call *c = arg;
	tel_leg_attach(c->leg, c->place.loop, c->place.box, &call_leg_cb, c);
	if (call_talk(c, SV("")))
		tel_leg_hangup(c->leg, 503);
	else
		tel_leg_answer(c->leg);
}

static int on_invite(void *arg, struct tel_leg *leg, const struct tel_info *info)
{
	struct chan_phone *ph = arg;
	struct call *c = xalloc(sizeof(*c));
	c->ph = obj_ref(ph);
	c->leg = leg;
	snprintf(c->language, sizeof(c->language), "%s", ph->language);
	sv from = info->asserted.n ? info->asserted : info->from_user;
	snprintf(c->from, sizeof(c->from), SV_FMT, SV_ARG(sv_slice(from, 0, 255)));
	snprintf(c->name, sizeof(c->name), SV_FMT, SV_ARG(sv_slice(info->from_name, 0, 255)));
	int rc = ph->o.pick(ph->o.arg, &c->place);
	if (rc == 0)
		rc = mbox_post(c->place.box, take_call, c);
	if (rc) {
		obj_unref(ph);
		xfree(c);
	}
	return rc;
}

const struct tel_sink *chan_phone_sink(void)
{
	static const struct tel_sink sink = { .on_invite = on_invite };
	return &sink;
}

static void phone_done(void *obj)
{
	struct chan_phone *ph = obj;
	obj_unref(ph->people);
	chan_dial_done(&ph->outbound);
}

static int dials_open(struct chan_phone *ph, const struct chan_phone_opts *o)
{
	struct chan_people_opts p = { .transfer = o->transfer, .trunk = o->trunk, .from = o->from,
				      .text = o->text, .arg = o->arg };
	chan_dial_open(&ph->outbound, &(struct chan_dial_opts){ o->outbound.allow,
								o->outbound.n_allow, o->trunk,
								o->from });
	ph->people = obj_ref(o->people);
	return o->people ? 0 : chan_people_open(&ph->people, &p);
}

int chan_phone_open(struct chan_phone **ret, const struct chan_phone_opts *o)
{
	struct chan_phone *ph = obj_new(sizeof(*ph), phone_done);
	ph->o = *o;
	int rc = dials_open(ph, o);
	if (rc) {
		obj_unref(ph);
		return rc;
	}
	snprintf(ph->data_dir, sizeof(ph->data_dir), "%s", o->data_dir ? o->data_dir : "");
	snprintf(ph->language, sizeof(ph->language), "%s", o->language ? o->language : "");
	*ret = ph;
	return 0;
}

void chan_phone_set_tel(struct chan_phone *ph, struct tel *t)
{
	chan_people_set_tel(ph->people, t);
}

bool chan_phone_pattern_ok(sv pattern)
{
	return chan_dial_pattern_ok(pattern);
}

void chan_phone_close(struct chan_phone *ph)
{
	obj_unref(ph);
}
