/* tel_change.c: changes of a running call, by either side: re-INVITE (RFC 3261, 14) and UPDATE
 * (RFC 3311): hold, moved media, session timers. Front thread.
 *
 * libre's session can do re-INVITEs, but lets no header of ours into them and knows no UPDATE,
 * so neither ever reaches it. What RFC 3261 asks of it is here: one change at a time (491 and
 * 500 otherwise), our 200 again and again until its ACK, the ACK of theirs for each of them.
 * A refused change leaves the call as it was; only a lost dialogue (408, 481) ends it.
 */
#include "tel_front.h"

enum { GIVE_UP_MS = 64 * SIP_T1, LONGEST_RETRY_S = 30 };

/* ---- theirs */

static void drop_answer(struct tel_change *ch)
{
	tmr_cancel(&ch->again);
	tmr_cancel(&ch->give_up);
	ch->mb = mem_deref(ch->mb);
	ch->msg = mem_deref(ch->msg);
}

static void on_no_ack(void *arg)
{
	tel_call_hangup(arg, 408);
}

static void on_again(void *arg)
{
	struct tel_call *c = arg;
	struct tel_change *ch = &c->change;
	int wait = SIP_T1 << ++ch->sent;

	(void)sip_send(c->tel->sip, ch->msg->sock, ch->msg->tp, &ch->msg->src, ch->mb);
	tmr_start(&ch->again, (uint64_t)(wait < SIP_T2 ? wait : SIP_T2), on_again, c);
}

static void busy(const struct tel *t, const struct sip_msg *msg, int status)
{
	if (status == 491)
		(void)sip_treply(NULL, t->sip, msg, 491, "Request Pending");
	else
		(void)sip_treplyf(NULL, NULL, t->sip, msg, false, 500, "Server Internal Error",
				  "Retry-After: 2\r\nContent-Length: 0\r\n\r\n");
}

static int reply(struct tel_call *c, const struct sip_msg *msg, struct mbuf **kept,
		 struct mbuf *desc)
{
	char timer[TEL_TIMER_TEXT];

	tel_timer_reply(c, timer);
	return sip_treplyf(NULL, kept, c->tel->sip, msg, true, 200, "OK",
			   "Contact: <%s>\r\n" TEL_ALLOW "%s%sContent-Length: %zu\r\n\r\n%b",
			   c->contact, timer,
			   desc ? "Content-Type: application/sdp\r\n" : "",
			   desc ? mbuf_get_left(desc) : (size_t)0,
			   desc ? mbuf_buf(desc) : NULL,
			   desc ? mbuf_get_left(desc) : (size_t)0);
}

static void accept_change(struct tel_call *c, const struct sip_msg *msg, bool invite)
{
	struct tel_change *ch = &c->change;
	bool body = mbuf_get_left(msg->mb) > 0;
	struct mbuf *desc = NULL;

	if ((invite || body) && tel_call_on_offer(&desc, msg, c)) {
		(void)sip_treply(NULL, c->tel->sip, msg, 488, tel_reason(488));
		return;
	}
	(void)sip_dialog_update(sipsess_dialog(c->sess), msg);
	tel_call_note(c, msg);
	tel_timer_offered(c, msg);
	if (!reply(c, msg, invite ? &ch->mb : NULL, desc) && invite) {
		ch->msg = mem_ref((void *)msg);
		ch->seq = msg->cseq.num;
		ch->awaiting = !body;
		ch->sent = 0;
		tmr_start(&ch->give_up, GIVE_UP_MS, on_no_ack, c);
		tmr_start(&ch->again, SIP_T1, on_again, c);
	}
	tel_timer_start(c);
	mem_deref(desc);
}

static bool on_ack(struct tel_call *c, const struct sip_msg *msg)
{
	struct tel_change *ch = &c->change;

	if (!ch->mb || msg->cseq.num != ch->seq)
		return false;
	drop_answer(ch);
	if (ch->awaiting && mbuf_get_left(msg->mb))
		(void)tel_call_on_answer(msg, c);
	if (ch->waiting)
		tel_change_out(c, ch->media);
	return true;
}

bool tel_change_in(struct tel *t, const struct sip_msg *msg)
{
	bool invite = !pl_strcmp(&msg->met, "INVITE"), body = mbuf_get_left(msg->mb) > 0;
	struct tel_call *c;

	if (!pl_isset(&msg->to.tag) ||
	    (!invite && pl_strcmp(&msg->met, "UPDATE") && pl_strcmp(&msg->met, "ACK")))
		return false;
	c = tel_call_find(t, msg);
	if (!c)
		return false;
	if (!pl_strcmp(&msg->met, "ACK"))
		return on_ack(c, msg);
	if (!sip_dialog_rseq_valid(sipsess_dialog(c->sess), msg))
		(void)sip_treply(NULL, t->sip, msg, 500, "Server Internal Error");
	else if ((invite || body) && (c->state != TEL_CALL_UP || c->change.mb))
		busy(t, msg, 500);
	else if ((invite || body) && c->change.req)
		busy(t, msg, 491);
	else if (tel_timer_small(msg))
		tel_timer_refuse(t, msg);
	else
		accept_change(c, msg, invite);
	return true;
}

/* ---- ours */

static int ask(struct tel_call *c);

static void ack(struct tel_call *c, const struct sip_msg *msg)
{
	c->change.acked = msg->cseq.num;
	(void)sip_drequestf(NULL, c->tel->sip, false, "ACK", sipsess_dialog(c->sess),
			    msg->cseq.num, c->auth, NULL, NULL, NULL,
			    "Content-Length: 0\r\n\r\n");
}

bool tel_change_again(struct tel *t, const struct sip_msg *msg)
{
	struct tel_call *c;

	if (msg->scode < 200 || msg->scode > 299 || pl_strcmp(&msg->cseq.met, "INVITE"))
		return false;
	c = tel_call_find(t, msg);
	if (!c || !c->change.acked || c->change.acked != msg->cseq.num)
		return false;
	ack(c, msg);
	return true;
}

static void on_retry(void *arg)
{
	struct tel_call *c = arg;

	tel_change_out(c, c->change.media);
}

/* RFC 3261, 14.1: who made the Call-ID waits longer, so that one of the two comes first. */
static void retry(struct tel_call *c)
{
	uint16_t r;

	rng_secure(&r, sizeof(r));
	tmr_start(&c->change.retry,
		  c->outgoing ? 2100 + (uint64_t)r % 1900 : (uint64_t)r % 2000, on_retry, c);
}

/* True when there will be another try, or nothing is left to try on. */
static bool refused(struct tel_call *c, const struct sip_msg *msg)
{
	const struct sip_hdr *after = sip_msg_hdr(msg, SIP_HDR_RETRY_AFTER);
	uint32_t s = after ? pl_u32(&after->val) : 0;

	switch (msg->scode) {
	case 401:
	case 407: return !sip_auth_authenticate(c->auth, msg) && !ask(c);
	case 408:
	case 481: tel_call_hangup(c, 408); return true;
	case 422: return tel_timer_raise(c, msg) && !ask(c);
	case 491: retry(c); return true;
	case 500:
		if (after && s <= LONGEST_RETRY_S)
			tmr_start(&c->change.retry, s * 1000, on_retry, c);
		return after && s <= LONGEST_RETRY_S;
	}
	return false;
}

static void accepted(struct tel_call *c, const struct sip_msg *msg)
{
	struct sip_dialog *dlg = sipsess_dialog(c->sess);

	(void)sip_dialog_update(dlg, msg);
	tel_call_note(c, msg);
	if (!pl_strcmp(&msg->cseq.met, "INVITE"))
		ack(c, msg);
	if (mbuf_get_left(msg->mb))
		(void)tel_call_on_answer(msg, c);
	tel_timer_agreed(c, msg);
}

static void on_answer(int err, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	if (!err && msg->scode < 200)
		return;
	if (err == ETIMEDOUT) {
		tel_call_hangup(c, 408);
		return;
	}
	if (!err && msg->scode < 300)
		accepted(c, msg);
	else if (!err && refused(c, msg))
		return;
	if (c->change.waiting)
		tel_change_out(c, c->change.media);
}

static int ask(struct tel_call *c)
{
	bool update = !c->change.media && c->updates;
	char timer[TEL_TIMER_TEXT];
	struct mbuf *desc = NULL;
	int e = 0;

	tel_timer_ask(c, timer);
	if (!update && tel_sdp_give(&c->sdp, true, &desc))
		return ERR_NOMEM;
	e = sip_drequestf(&c->change.req, c->tel->sip, true, update ? "UPDATE" : "INVITE",
			  sipsess_dialog(c->sess), 0, c->auth, tel_call_put_contact, on_answer, c,
			  TEL_ALLOW "%s%sContent-Length: %zu\r\n\r\n%b", timer,
			  desc ? "Content-Type: application/sdp\r\n" : "",
			  desc ? mbuf_get_left(desc) : (size_t)0,
			  desc ? mbuf_buf(desc) : NULL,
			  desc ? mbuf_get_left(desc) : (size_t)0);
	mem_deref(desc);
	return e;
}

void tel_change_out(struct tel_call *c, bool media)
{
	struct tel_change *ch = &c->change;

	if (c->state != TEL_CALL_UP)
		return;
	if (ch->req || ch->mb || tmr_isrunning(&ch->retry)) { /* one at a time */
		ch->media |= media;
		ch->waiting = true;
		return;
	}
	ch->media = media || (ch->waiting && ch->media);
	ch->waiting = false;
	if (c->auth || !sip_auth_alloc(&c->auth, tel_call_password, c, false))
		(void)ask(c);
}

void tel_change_end(struct tel_call *c)
{
	drop_answer(&c->change);
	tmr_cancel(&c->change.retry);
	tmr_cancel(&c->timer.tmr);
	c->change.req = mem_deref(c->change.req);
}
