/* tel_leg.c: the shard's half of a call.
 *
 * What the front thread has to say comes as messages through the shard's mailbox and is
 * handled here; what the shard wants goes as commands through the front's mailbox. Both
 * carry a reference to the leg, so it outlives them. After tel_leg_free (freed) or
 * on_close (closed) whatever still comes is thrown away here, which is what makes "no
 * callback afterwards" true. Runs on the leg's shard.
 */
#include "tel_int.h"

static void leg_done(void *obj)
{
	struct tel_leg *leg = obj;

	io_udp_close(leg->m.udp);
}

struct tel_leg *tel_leg_new(struct tel *t)
{
	struct tel_leg *leg = obj_new(sizeof(*leg), leg_done);

	leg->tel = t;
	leg->m.to.ev_rx = leg->m.to.ev_tx = -1;
	return leg;
}

static struct tel_cmd *cmd_new(struct tel_leg *leg, enum tel_cmd_kind kind, int n)
{
	struct tel_cmd *c = xalloc(sizeof(*c));

	c->leg = obj_ref(leg);
	c->kind = kind;
	c->n = n;
	return c;
}

static void cmd_post(struct tel_cmd *c)
{
	if (!mbox_post(tel_front_box(c->leg->tel), tel_front_on_cmd, c))
		return;
	metric_inc(M_MBOX_FULL);
	obj_unref(c->other);
	obj_unref(c->leg);
	xfree(c);
}

void tel_msg_drop(struct tel_msg *m)
{
	io_udp_close(m->udp);
	obj_unref(m->leg);
	explicit_bzero(&m->mi.keys, sizeof(m->mi.keys));
	xfree(m);
}

/* ---- what the front says */

static void leg_close(struct tel_leg *leg, int status, const char *reason)
{
	leg->closed = true;
	leg->up = false;
	tel_media_stop(leg);
	if (leg->cb->on_close)
		leg->cb->on_close(leg->arg, status, reason);
}

static void leg_media(struct tel_leg *leg, struct tel_msg *m)
{
	struct io_udp *udp = m->udp;
	bool held = !m->mi.send;

	m->udp = NULL;
	if (m->text[0])
		memcpy(leg->call_id, m->text, sizeof(leg->call_id));
	if (tel_media_set(leg, udp, &m->mi)) {
		tel_leg_hangup(leg, 503);
		return;
	}
	if (held == leg->held)
		return;
	leg->held = held;
	leg->m.quiet_frames = 0;
	if (leg->cb->on_hold)
		leg->cb->on_hold(leg->arg, held);
}

static void leg_up(struct tel_leg *leg)
{
	if (leg->up)
		return;
	leg->up = true;
	leg->m.quiet_frames = 0;
	tel_media_start(leg); /* goes on when it was early */
	if (leg->cb->on_up)
		leg->cb->on_up(leg->arg);
}

/* Sound before the answer: heard only. */
static void leg_early(struct tel_leg *leg)
{
	if (leg->up || leg->m.on)
		return;
	tel_media_start(leg);
	if (leg->cb->on_early)
		leg->cb->on_early(leg->arg);
}

static void leg_refer(struct tel_leg *leg, int status)
{
	if (!leg->referring)
		return;
	leg->referring = status < 200;
	if (leg->cb->on_refer)
		leg->cb->on_refer(leg->arg, status);
}

static void leg_handle(struct tel_leg *leg, struct tel_msg *m)
{
	switch (m->kind) {
	case TEL_M_MEDIA: leg_media(leg, m); return;
	case TEL_M_RING:
		if (leg->cb->on_ring)
			leg->cb->on_ring(leg->arg);
		return;
	case TEL_M_EARLY: leg_early(leg); return;
	case TEL_M_UP: leg_up(leg); return;
	case TEL_M_REFER: leg_refer(leg, m->status); return;
	case TEL_M_DTMF: tel_leg_key(leg, m->digit, TEL_KEY_INFO); return;
	case TEL_M_CLOSE: leg_close(leg, m->status, m->text); return;
	}
}

void tel_leg_on_msg(void *msg)
{
	struct tel_msg *m = msg;

	if (!m->leg->freed && !m->leg->closed)
		leg_handle(m->leg, m);
	tel_msg_drop(m);
}

/* ---- what the shard wants */

void tel_leg_attach(struct tel_leg *leg, struct loop *loop, struct mbox *box,
		    const struct tel_leg_cb *cb, void *arg)
{
	struct tel_cmd *c;

	ASSERT(!leg->attached && !leg->freed);
	leg->attached = true;
	leg->loop = loop;
	leg->cb = cb;
	leg->arg = arg;
	c = cmd_new(leg, TEL_C_ATTACH, 0);
	c->box = box;
	cmd_post(c);
}

void tel_leg_answer(struct tel_leg *leg)
{
	if (!leg->closed)
		cmd_post(cmd_new(leg, TEL_C_ANSWER, 0));
}

void tel_leg_hangup(struct tel_leg *leg, int sip_status)
{
	if (!leg->closed)
		cmd_post(cmd_new(leg, TEL_C_HANGUP, sip_status));
}

void tel_leg_hold(struct tel_leg *leg, bool on)
{
	if (leg->up && !leg->closed)
		cmd_post(cmd_new(leg, TEL_C_HOLD, on));
}

void tel_leg_free(struct tel_leg *leg)
{
	if (!leg || leg->freed)
		return;
	leg->freed = true;
	leg->up = false;
	tel_media_stop(leg);
	cmd_post(cmd_new(leg, TEL_C_RELEASE, 0));
	obj_unref(leg);
}

int tel_leg_dtmf(struct tel_leg *leg, const char *digits)
{
	struct tel_ev_tx *e = &leg->m.ev_tx;
	size_t n = strlen(digits);

	if (!leg->up)
		return ERR_STATE;
	for (size_t i = 0; i < n; i++)
		if (!pcm_dtmf_ok(digits[i]))
			return ERR_INVAL;
	if (n > sizeof(e->queue) - (size_t)e->n)
		return ERR_FULL;
	memcpy(e->queue + e->n, digits, n);
	e->n += (int)n;
	return 0;
}

bool tel_leg_is_up(const struct tel_leg *leg)
{
	return leg->up;
}

uint64_t tel_leg_tx_samples(const struct tel_leg *leg)
{
	return leg->m.st.tx_samples;
}

struct tel_leg_stats tel_leg_stats(const struct tel_leg *leg)
{
	struct tel_leg_stats st;

	tel_media_stats(leg, &st);
	return st;
}

const char *tel_leg_call_id(const struct tel_leg *leg)
{
	return leg->call_id;
}

/* Checked here, so that a bad address is refused at once and not by an event later. */
static int uri_check(const char *uri, struct err *e)
{
	size_t n = uri ? strlen(uri) : 0;

	if (n < 5 || (strncasecmp(uri, "sip:", 4) && strncasecmp(uri, "sips:", 5)))
		return err_set(e, ERR_INVAL,
			       "%s: a SIP address looks like sip:user@host:5060",
			       n ? uri : "(empty)");
	if (n >= TEL_STR)
		return err_set(e, ERR_INVAL, "SIP address longer than %d characters",
			       TEL_STR - 1);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)uri[i] <= ' ' || uri[i] == '<' || uri[i] == '>' ||
		    uri[i] == '"' || uri[i] == 0x7f)
			return err_set(
				e, ERR_INVAL,
				"character %zu of the SIP address is not allowed",
				i + 1);
	return 0;
}

static int text_check(const char *s, const char *what, struct err *e)
{
	size_t n = s ? strlen(s) : 0;

	if (n >= TEL_STR)
		return err_set(e, ERR_INVAL, "%s longer than %d characters", what,
			       TEL_STR - 1);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || strchr("<>\"\\@;%", s[i]))
			return err_set(e, ERR_INVAL,
				       "character %zu of %s is not allowed", i + 1,
				       what);
	return 0;
}

static void copy(char to[TEL_STR], const char *s)
{
	memcpy(to, s, strlen(s) + 1);
}

int tel_leg_refer(struct tel_leg *leg, const char *uri, const struct tel_leg *other)
{
	struct tel_cmd *c;

	if (!leg->up || leg->closed || leg->referring || (other && !other->up))
		return ERR_STATE;
	if (uri_check(uri, NULL))
		return ERR_INVAL;
	leg->referring = true;
	c = cmd_new(leg, TEL_C_REFER, 0);
	copy(c->uri, uri);
	if (other)
		c->other = obj_ref((struct tel_leg *)other);
	cmd_post(c);
	return 0;
}

int tel_dial(struct tel *t, const struct tel_dial_opts *o, struct loop *loop,
	     struct mbox *box, const struct tel_leg_cb *cb, void *arg,
	     struct tel_leg **ret, struct err *e)
{
	struct tel_leg *leg;
	struct tel_cmd *c;
	int er = uri_check(o->uri, e);

	if (!er)
		er = text_check(o->from_user, "the caller's user part", e);
	if (!er)
		er = text_check(o->from_name, "the caller's name", e);
	if (er)
		return er;
	leg = tel_leg_new(t);
	leg->attached = true;
	leg->loop = loop;
	leg->cb = cb;
	leg->arg = arg;
	c = cmd_new(leg, TEL_C_DIAL, 0);
	c->box = box;
	copy(c->uri, o->uri);
	copy(c->user, o->from_user && o->from_user[0] ? o->from_user : "callm");
	copy(c->name, o->from_name ? o->from_name : "");
	cmd_post(c);
	*ret = leg;
	return 0;
}
