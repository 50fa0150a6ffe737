/* tel_refer.c: transfers (RFC 3515). Front thread.
 *
 * Ours: a REFER within the call asks the other side to call somebody else, or, with Replaces
 * (RFC 3891), to take over the far end of another call of ours. How it goes comes back as
 * NOTIFY with the status line of that other call; the shard hears it as on_refer. One at a
 * time; one whose end is not told within two minutes has failed.
 * What they ask of us is tel_move.c's.
 */
#include "tel_front.h"

enum { PATIENCE_MS = 120000 };

static void tell(struct tel_call *c, int status)
{
	if (!c->refer.on)
		return;
	if (status >= 200) {
		c->refer.on = false;
		tmr_cancel(&c->refer.tmr);
	}
	tel_call_post(c, TEL_M_REFER, status, NULL);
}

static void on_patience(void *arg)
{
	tell(arg, 408);
}

static int ask(struct tel_call *c);

static void on_answer(int err, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	if (err) {
		tell(c, err == ETIMEDOUT ? 408 : 503);
		return;
	}
	if (msg->scode < 200)
		return;
	if ((msg->scode == 401 || msg->scode == 407) && !sip_auth_authenticate(c->auth, msg) &&
	    !ask(c))
		return;
	tell(c, msg->scode < 300 ? 100 : msg->scode);
}

static int ask(struct tel_call *c)
{
	return sip_drequestf(&c->refer.req, c->tel->sip, true, "REFER",
			     sipsess_dialog(c->sess), 0, c->auth, tel_call_put_contact,
			     on_answer, c,
			     "Refer-To: <%s>\r\nReferred-By: <%s>\r\nContent-Length: 0\r\n\r\n",
			     c->refer.to, c->contact);
}

/* The dialogue as its other end sees it: our tag is its remote one. */
static int replaces(struct sb *b, const struct tel_call *o)
{
	if (!o || o->state != TEL_CALL_UP || !o->ltag || !o->rtag)
		return ERR_STATE;
	sb_put(b, SV("?Replaces="));
	sb_url(b, sv_of(o->call_id));
	sb_put(b, SV("%3Bto-tag%3D"));
	sb_url(b, sv_of(o->rtag));
	sb_put(b, SV("%3Bfrom-tag%3D"));
	sb_url(b, sv_of(o->ltag));
	return 0;
}

void tel_refer_out(struct tel_call *c, const char *uri, const struct tel_leg *other)
{
	struct sb b;
	int e = 0;

	if (c->state == TEL_CALL_OVER)
		return;
	sb_init(&b, 2048);
	sb_put(&b, sv_of(uri));
	if (other)
		e = replaces(&b, other->call);
	xfree(c->refer.to);
	c->refer.to = xstrdup(sb_sv(&b));
	sb_done(&b);
	c->refer.on = true;
	if (!e && !c->auth)
		e = sip_auth_alloc(&c->auth, tel_call_password, c, false);
	if (e || c->state != TEL_CALL_UP || ask(c)) {
		tell(c, 481);
		return;
	}
	tmr_start(&c->refer.tmr, PATIENCE_MS, on_patience, c);
}

/* "SIP/2.0 200 OK" at the start of a message/sipfrag; 0 = it says nothing. */
static int frag_status(const struct mbuf *mb)
{
	sv body = sv_n((const char *)mbuf_buf(mb), mbuf_get_left(mb));
	int64_t status;

	if (body.n < 11 || !sv_starts(body, SV("SIP/2.0 ")) ||
	    sv_i64(sv_n(body.p + 8, 3), &status) || status < 100 || status > 699)
		return 0;
	return (int)status;
}

bool tel_refer_notify(struct tel *t, const struct sip_msg *msg)
{
	const struct sip_hdr *ev = sip_msg_hdr(msg, SIP_HDR_EVENT);
	const struct sip_hdr *st = sip_msg_hdr(msg, SIP_HDR_SUBSCRIPTION_STATE);
	struct tel_call *c = tel_call_find(t, msg);
	struct sipevent_substate sub;
	struct sipevent_event se;
	int status;

	if (!c)
		return false;
	if (!sip_dialog_rseq_valid(sipsess_dialog(c->sess), msg)) {
		(void)sip_treply(NULL, t->sip, msg, 500, "Server Internal Error");
		return true;
	}
	if (!ev || sipevent_event_decode(&se, &ev->val) || pl_strcasecmp(&se.event, "refer")) {
		(void)sip_treply(NULL, t->sip, msg, 489, "Bad Event");
		return true;
	}
	(void)sip_treply(NULL, t->sip, msg, 200, "OK");
	status = frag_status(msg->mb);
	if (status < 200 && st && !sipevent_substate_decode(&sub, &st->val) &&
	    sub.state == SIPEVENT_TERMINATED)
		status = 480; /* told no more, and not that it went well */
	if (status)
		tell(c, status);
	return true;
}

void tel_refer_end(struct tel_call *c)
{
	c->refer.on = false;
	tmr_cancel(&c->refer.tmr);
	c->refer.req = mem_deref(c->refer.req);
	xfree(c->refer.to);
	c->refer.to = NULL;
}
