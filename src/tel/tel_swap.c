/* tel_swap.c: an INVITE that takes over a call of ours (Replaces, RFC 3891): how the attended
 * transfer of a telephone system ends when we are the one who stays. Front thread.
 *
 * The call keeps its leg, its socket and its place in the count; only the dialogue is another
 * one: the INVITE is answered at once, the old side gets a BYE. It must pass the same gates as
 * any INVITE (source, password); knowing the tags of the call comes on top.
 */
#include "tel_front.h"

struct replaces {
	struct pl id, to, from;
	bool early_only;
};

static bool read_header(const struct sip_msg *msg, struct replaces *r)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REPLACES);
	const char *semi = h ? pl_strchr(&h->val, ';') : NULL;
	struct pl params, none;

	if (!semi)
		return false;
	r->id.p = h->val.p;
	r->id.l = (size_t)(semi - h->val.p);
	params.p = semi;
	params.l = h->val.l - r->id.l;
	r->early_only = !msg_param_exists(&params, "early-only", &none);
	return !msg_param_decode(&params, "to-tag", &r->to) &&
	       !msg_param_decode(&params, "from-tag", &r->from);
}

static bool is_it(struct le *le, void *arg)
{
	const struct tel_call *c = le->data;
	const struct replaces *r = arg;

	return c->ltag && c->rtag && !pl_strcmp(&r->id, c->call_id) &&
	       !pl_strcmp(&r->to, c->ltag) && !pl_strcmp(&r->from, c->rtag);
}

/* The description of the answer; desc is the caller's. */
static int describe(struct tel_call *c, const struct sip_msg *msg, struct mbuf **desc)
{
	tel_sdp_renew(&c->sdp);
	c->got_offer = mbuf_get_left(msg->mb) > 0;
	if (c->got_offer && tel_sdp_take(&c->sdp, msg->mb, true, &c->mi))
		return 488;
	return tel_sdp_give(&c->sdp, !c->got_offer, desc) ? 500 : 0;
}

static int take_over(struct tel_call *c, const struct sip_msg *msg)
{
	struct sipsess *sess = NULL;
	struct mbuf *desc = NULL;
	char timer[TEL_TIMER_TEXT], id[128];
	int e = describe(c, msg, &desc);

	if (e)
		return e;
	tel_refer_end(c);
	tel_move_end(c);
	tel_change_end(c);
	c->auth = mem_deref(c->auth);
	xfree(c->ltag);
	c->ltag = NULL;
	tel_call_note(c, msg);
	c->timer.s = 0;
	tel_timer_offered(c, msg);
	tel_timer_reply(c, timer);
	if (!tel_call_contact(c, "callm", &msg->src, msg->tp))
		e = tel_call_accept(c, &sess, msg, 200, desc, timer);
	mem_deref(desc);
	if (e || !sess) {
		tel_call_hangup(c, 500);
		return 500;
	}
	mem_deref(c->sess); /* BYE */
	c->sess = sess;
	c->swapped = true;
	(void)pl_strcpy(&msg->callid, id, sizeof(id));
	tel_call_named(c, id);
	tel_timer_start(c);
	if (c->got_offer)
		tel_call_post_media(c);
	return 0;
}

void tel_swap(struct tel *t, const struct sip_msg *msg)
{
	struct replaces r = { 0 };
	struct tel_call *c;
	int status = 0;

	if (sip_msg_hdr_count(msg, SIP_HDR_REPLACES) > 1 || !read_header(msg, &r)) {
		(void)sip_treply(NULL, t->sip, msg, 400, tel_reason(400));
		return;
	}
	c = list_ledata(hash_lookup(t->by_id, hash_joaat_pl(&r.id), is_it, &r));
	if (!c || c->state != TEL_CALL_UP)
		status = 481;
	else if (r.early_only)
		status = 486;
	else
		status = take_over(c, msg);
	if (status)
		(void)sip_treply(NULL, t->sip, msg, (uint16_t)status, tel_reason(status));
}
