/* tel_cmd.c: what the shards want of a call: attach, answer, hang up, hold, release. Commands
 * come through the front's mailbox and find their call by the leg; a call that is gone
 * needs nothing. Front thread.
 */
#include "tel_front.h"

static void do_attach(struct tel_call *c, struct mbox *box)
{
	struct tel_msg *m = c->early;

	c->box = box;
	c->early = NULL;
	c->early_end = &c->early;
	while (m) {
		struct tel_msg *next = m->next;

		obj_unref(m->leg); /* tel_call_send takes its own */
		m->next = NULL;
		tel_call_send(c, m);
		m = next;
	}
	if (c->state == TEL_CALL_OVER)
		tel_call_free(c);
}

static void do_answer(struct tel_call *c)
{
	char timer[TEL_TIMER_TEXT];
	struct mbuf *desc = NULL;
	int e;

	if (c->state != TEL_CALL_RINGING)
		return;
	e = tel_sdp_give(&c->sdp, !c->got_offer, &desc);
	if (!e) {
		c->state = TEL_CALL_ANSWERED;
		if (c->got_offer)
			tel_call_post_media(c);
		tel_timer_reply(c, timer);
		e = sipsess_answer(c->sess, 200, "OK", desc, TEL_ALLOW "%s", timer);
	}
	mem_deref(desc);
	if (e)
		tel_call_hangup(c, 500);
}

static void do_hold(struct tel_call *c, bool on)
{
	if (c->state != TEL_CALL_UP)
		return;
	sdp_media_set_ldir(c->sdp.audio, on ? SDP_SENDONLY : SDP_SENDRECV);
	tel_change_out(c, true); /* refused: the other side simply stays as it is */
}

static void do_release(struct tel_call *c)
{
	c->released = true;
	if (c->state == TEL_CALL_OVER)
		tel_call_free(c);
	else
		tel_call_hangup(c, 0);
}

static void run_cmd(struct tel_call *c, const struct tel_cmd *cmd)
{
	switch (cmd->kind) {
	case TEL_C_ATTACH: do_attach(c, cmd->box); return;
	case TEL_C_ANSWER: do_answer(c); return;
	case TEL_C_HANGUP: tel_call_hangup(c, cmd->n); return;
	case TEL_C_HOLD: do_hold(c, cmd->n); return;
	case TEL_C_REFER: tel_refer_out(c, cmd->uri, cmd->other); return;
	case TEL_C_RELEASE: do_release(c); return;
	case TEL_C_DIAL: return;
	}
}

void tel_front_on_cmd(void *arg)
{
	struct tel_cmd *cmd = arg;
	struct tel_call *c = cmd->leg->call;

	if (cmd->kind == TEL_C_DIAL)
		tel_call_dial(cmd->leg->tel, cmd);
	else if (c)
		run_cmd(c, cmd);
	obj_unref(cmd->other);
	obj_unref(cmd->leg);
	xfree(cmd);
}
