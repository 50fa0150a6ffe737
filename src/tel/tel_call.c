/* tel_call.c: the front thread's half of a call: the SIP session and what it means for
 * the leg.
 *
 * A tel_call lives until both sides are done: the session is over (on_close was posted)
 * and the shard knows (attached, or released the leg). What happens before the shard
 * attached waits in `early`. libre's handlers get the call as their argument; sess is
 * dropped (which silences them) before the call is freed.
 */
#include "tel_front.h"

#include <sys/socket.h>
#include <unistd.h>

enum { RTP_LO = 16384, RTP_HI = 32766 };

/* ---- messages to the shard */

void tel_call_send(struct tel_call *c, struct tel_msg *m)
{
	m->leg = obj_ref(c->leg);
	if (c->released) {
		tel_msg_drop(m);
		return;
	}
	if (!c->box) {
		*c->early_end = m;
		c->early_end = &m->next;
		return;
	}
	if (!mbox_post(c->box, tel_leg_on_msg, m))
		return;
	metric_inc(M_MBOX_FULL);
	tel_msg_drop(m);
}

void tel_call_post(struct tel_call *c, enum tel_msg_kind kind, int n, const char *text)
{
	struct tel_msg *m = xalloc(sizeof(*m));

	m->kind = kind;
	m->status = n;
	m->digit = (char)n;
	str_ncpy(m->text, text ? text : "", sizeof(m->text));
	tel_call_send(c, m);
}

void tel_call_post_media(struct tel_call *c)
{
	struct tel_msg *m = xalloc(sizeof(*m));

	m->kind = TEL_M_MEDIA;
	m->mi = c->mi;
	m->udp = c->udp;
	c->udp = NULL;
	str_ncpy(m->text, c->call_id, sizeof(m->text));
	tel_call_send(c, m);
}

/* ---- life */

struct tel_call *tel_call_new(struct tel *t, struct tel_leg *leg, bool outgoing)
{
	struct tel_call *c = xalloc(sizeof(*c));

	c->tel = t;
	c->leg = obj_ref(leg);
	leg->call = c;
	c->outgoing = outgoing;
	c->state = outgoing ? TEL_CALL_DIALLING : TEL_CALL_RINGING;
	c->early_end = &c->early;
	c->mi.ev_rx = c->mi.ev_tx = -1;
	c->next = t->calls;
	if (c->next)
		c->next->prev = c;
	t->calls = c;
	t->n_calls++;
	c->counted = true;
	t->n_dialled += outgoing;
	metric_add(M_CALLS_ACTIVE, 1);
	return c;
}

static void uncount(struct tel_call *c)
{
	if (!c->counted)
		return;
	c->counted = false;
	c->tel->n_calls--;
	metric_add(M_CALLS_ACTIVE, -1);
}

void tel_call_free(struct tel_call *c)
{
	struct tel *t = c->tel;

	hash_unlink(&c->he);
	tel_refer_end(c);
	tel_move_end(c);
	tel_change_end(c);
	mem_deref(c->auth);
	xfree(c->uri);
	xfree(c->name);
	xfree(c->contact);
	xfree(c->ltag);
	xfree(c->rtag);
	xfree(c->remote);

	if (c->prev)
		c->prev->next = c->next;
	else
		t->calls = c->next;
	if (c->next)
		c->next->prev = c->prev;
	uncount(c);
	t->n_dialled -= c->outgoing;
	tmr_cancel(&c->ring);
	tmr_cancel(&c->limit);
	mem_deref(c->sess);
	tel_sdp_close(&c->sdp);
	io_udp_close(c->udp);
	while (c->early) {
		struct tel_msg *m = c->early;

		c->early = m->next;
		tel_msg_drop(m);
	}
	c->leg->call = NULL;
	obj_unref(c->leg);
	explicit_bzero(&c->mi.keys, sizeof(c->mi.keys));
	xfree(c);
}

const char *tel_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} all[] = { { 200, "OK" },
		    { 400, "Bad Request" },
		    { 403, "Forbidden" },
		    { 404, "Not Found" },
		    { 408, "Request Timeout" },
		    { 422, "Session Interval Too Small" },
		    { 481, "Call Does Not Exist" },
		    { 480, "Temporarily Unavailable" },
		    { 486, "Busy Here" },
		    { 487, "Request Terminated" },
		    { 488, "Not Acceptable Here" },
		    { 500, "Server Internal Error" },
		    { 501, "Not Implemented" },
		    { 503, "Service Unavailable" },
		    { 600, "Busy Everywhere" },
		    { 603, "Decline" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (all[i].status == status)
			return all[i].text;
	return "Call Ended";
}

void tel_call_over(struct tel_call *c, int status, const char *reason)
{
	if (c->state == TEL_CALL_OVER)
		return;
	c->state = TEL_CALL_OVER;
	tmr_cancel(&c->ring);
	tmr_cancel(&c->limit);
	tel_refer_end(c);
	tel_move_end(c);
	tel_change_end(c);
	hash_unlink(&c->he);
	c->sess = mem_deref(c->sess);
	uncount(c); /* first: whoever hears of the end finds the place free */
	tel_call_post(c, TEL_M_CLOSE, status, reason ? reason : tel_reason(status));
	if (c->box || c->released)
		tel_call_free(c);
}

void tel_call_hangup(struct tel_call *c, int status)
{
	bool ringing = c->state == TEL_CALL_RINGING;

	if (c->state == TEL_CALL_OVER)
		return;
	if (ringing) {
		status = status >= 300 && status < 700 ? status : 480;
		(void)sipsess_reject(c->sess, (uint16_t)status, tel_reason(status),
				     NULL);
	} else if (status < 200) {
		status = c->state == TEL_CALL_DIALLING ? 487 : 200;
	}
	c->tel->bye_us = clk_mono_us();
	tel_call_over(c, status, NULL); /* dropping the session sends BYE or CANCEL */
}

static void on_ring_timeout(void *arg)
{
	struct tel_call *c = arg;

	tel_call_hangup(c, c->outgoing ? 408 : 480);
}

static void on_limit(void *arg)
{
	tel_call_hangup(arg, 200);
}

/* ---- socket and session description */

/* The address of ours from which the kernel reaches peer. */
static void towards(const struct sa *peer, struct sa *ret)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(ret->u);

	if (fd < 0)
		return;
	if (!connect(fd, &peer->u.sa, peer->len) && !getsockname(fd, &ret->u.sa, &n))
		ret->len = n;
	close(fd);
}

/* The address of ours that peer (may be NULL) talks to. */
static void own_addr(const struct tel *t, const struct sa *peer, struct sa *ret)
{
	*ret = t->addrs[0];
	if (t->any && peer)
		towards(peer, ret);
}

/* The same as written into SIP and SDP. */
static void told_addr(const struct tel *t, const struct sa *peer, struct sa *ret)
{
	if (!t->o.public_ip || sa_set_str(ret, t->o.public_ip, 0))
		own_addr(t, peer, ret);
	sa_set_port(ret, (uint16_t)t->port);
}

int tel_contact(const struct tel *t, const char *user, const struct sa *peer,
		enum sip_transp tp, char to[2 * TEL_STR])
{
	struct sa laddr;

	told_addr(t, peer, &laddr);
	if (tp == SIP_TRANSP_TLS)
		sa_set_port(&laddr, (uint16_t)t->tls_port);
	return re_snprintf(to, 2 * TEL_STR, "sip:%s@%J%s", user, &laddr,
			   sip_transp_param(tp)) < 0 ?
		       ERR_FAIL :
		       0;
}

int tel_call_rtp(struct tel_call *c, const struct sa *peer)
{
	const struct tel_opts *o = &c->tel->o;
	int lo = o->rtp_min ? o->rtp_min : RTP_LO;
	int hi = o->rtp_max ? o->rtp_max : RTP_HI;
	struct sa la;
	char ip[46];
	int e;

	/* not 0.0.0.0: packets must leave from the address that the SDP names */
	own_addr(c->tel, peer, &la);
	if (sa_ntop(&la, ip, sizeof(ip)))
		return ERR_NET;
	e = io_udp_open_even(&c->udp, ip, lo, hi);
	if (e)
		return e;
	told_addr(c->tel, peer, &la);
	sa_set_port(&la, 0);
	/* keys in a description are worth offering where nobody reads it on the way */
	return tel_sdp_open(&c->sdp, &la, (uint16_t)io_udp_local_port(c->udp), o,
			    c->outgoing && (o->srtp == TEL_SRTP_REQUIRE ||
					    (o->srtp == TEL_SRTP_OFFER && c->tls)));
}

int tel_call_contact(struct tel_call *c, const char *user, const struct sa *peer,
		     enum sip_transp tp)
{
	char to[2 * TEL_STR];

	if (tel_contact(c->tel, user, peer, tp, to))
		return ERR_FAIL;
	xfree(c->contact);
	c->contact = xstrdup(sv_of(to));
	return 0;
}

/* ---- the dialogue */

void tel_call_named(struct tel_call *c, const char *call_id)
{
	str_ncpy(c->call_id, call_id, sizeof(c->call_id));
	hash_unlink(&c->he);
	hash_append(c->tel->by_id, hash_joaat_str(c->call_id), &c->he, c);
}

static bool same_dialog(struct le *le, void *arg)
{
	const struct tel_call *c = le->data;

	return c->sess && sip_dialog_cmp(sipsess_dialog(c->sess), arg);
}

struct tel_call *tel_call_find(const struct tel *t, const struct sip_msg *msg)
{
	return list_ledata(hash_lookup(t->by_id, hash_joaat_pl(&msg->callid), same_dialog,
				       (void *)msg));
}

static void keep(char **to, const struct pl *pl)
{
	xfree(*to);
	*to = xstrdup(sv_n(pl->p, pl->l));
}

void tel_call_note(struct tel_call *c, const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_CONTACT);
	struct sip_addr addr;
	char tag[20];
	struct pl own;

	if (c->ltag) {
		; /* a change within the call: the tags stay */
	} else if (msg->req) {
		(void)re_snprintf(tag, sizeof(tag), "%016llx", (unsigned long long)msg->tag);
		pl_set_str(&own, tag);
		keep(&c->ltag, &own);
		keep(&c->rtag, &msg->from.tag);
	} else {
		keep(&c->ltag, &msg->from.tag);
		keep(&c->rtag, &msg->to.tag);
	}
	if (h && !sip_addr_decode(&addr, &h->val) && addr.auri.l < TEL_STR)
		keep(&c->remote, &addr.auri);
	if (sip_msg_hdr(msg, SIP_HDR_ALLOW))
		c->updates = sip_msg_hdr_has_value(msg, SIP_HDR_ALLOW, "UPDATE");
}

int tel_call_put_contact(enum sip_transp tp, const struct sa *src, const struct sa *dst,
			 struct mbuf *mb, void *arg)
{
	const struct tel_call *c = arg;

	return mbuf_printf(mb, "Contact: <%s>\r\n", c->contact);
}

/* ---- sipsess handlers */

/* A re-INVITE: hold, resume, moved media. */
int tel_call_on_offer(struct mbuf **descp, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;
	bool got = mbuf_get_left(msg->mb) > 0;

	if (c->state == TEL_CALL_OVER)
		return EINVAL;
	if (got) {
		if (tel_sdp_take(&c->sdp, msg->mb, true, &c->mi))
			return EPROTO;
		tel_call_post_media(c);
	}
	return tel_sdp_give(&c->sdp, !got, descp) ? ENOMEM : 0;
}

int tel_call_on_answer(const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	if (c->state == TEL_CALL_OVER)
		return EINVAL;
	if (c->outgoing && sa_af(&msg->src) == AF_INET)
		c->peer_ip = sa_in(&msg->src);
	if (c->early_sdp && !mbuf_get_left(msg->mb))
		return 0; /* what was said before the answer holds */
	if (tel_sdp_take(&c->sdp, msg->mb, false, &c->mi))
		return EPROTO;
	tel_call_post_media(c);
	return 0;
}

void tel_call_on_estab(const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	if (c->state == TEL_CALL_OVER || c->state == TEL_CALL_UP)
		return;
	if (!c->mi.ip &&
	    !c->mi.port) { /* no description in either direction: nothing to hear */
		tel_call_hangup(c, 488);
		return;
	}
	c->state = TEL_CALL_UP;
	if (c->outgoing) {
		tel_call_note(c, msg);
		tel_timer_agreed(c, msg);
	} else {
		tel_timer_start(c);
	}
	tmr_cancel(&c->ring);
	tmr_start(&c->limit, (uint64_t)c->tel->o.call_limit_ms, on_limit, c);
	tel_call_post(c, TEL_M_UP, 0, NULL);
}

/* application/dtmf-relay: "Signal= 5\r\nDuration= 160"; application/dtmf: the digit
 * alone. */
char tel_call_info_digit(const struct sip_msg *msg)
{
	sv body = sv_n((const char *)mbuf_buf(msg->mb), mbuf_get_left(msg->mb)), line,
	   key;

	if (body.n > 256)
		return 0;
	if (msg_ctype_cmp(&msg->ctyp, "application", "dtmf")) {
		body = sv_trim(body);
		return body.n == 1 ? body.p[0] : 0;
	}
	if (!msg_ctype_cmp(&msg->ctyp, "application", "dtmf-relay"))
		return 0;
	while (sv_line(&body, &line)) {
		if (!sv_cut(&line, '=', &key) ||
		    !sv_eq_nocase(sv_trim(key), SV("signal")))
			continue;
		line = sv_trim(line);
		return line.n == 1 ? line.p[0] : 0;
	}
	return 0;
}

void tel_call_on_info(struct sip *sip, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;
	char digit = tel_call_info_digit(msg);

	(void)sip_reply(sip, msg, 200, "OK");
	if (digit >= 'a' && digit <= 'd')
		digit = (char)(digit - 'a' + 'A');
	if (c->state == TEL_CALL_UP && pcm_dtmf_ok(digit))
		tel_call_post(c, TEL_M_DTMF, digit, NULL);
}

void tel_call_on_close(int err, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;
	char reason[100];
	int status;

	if (c->state == TEL_CALL_OVER)
		return;
	if (msg && msg->scode == 422 && tel_call_redial(c, msg))
		return;
	if (msg && msg->scode >= 300) {
		if (pl_strcpy(&msg->reason, reason, sizeof(reason)))
			reason[0] = 0;
		tel_call_over(c, msg->scode, reason[0] ? reason : NULL);
		return;
	}
	/* libre says ECONNRESET for a BYE and for a CANCEL, ETIMEDOUT for a missing ACK
	 * or answer */
	if (err == ETIMEDOUT)
		status = 408;
	else if (err && err != ECONNRESET)
		status = err == EPROTO ? 488 : 503;
	else
		status = c->state == TEL_CALL_UP || c->state == TEL_CALL_ANSWERED ?
				 200 :
				 487;
	tel_call_over(c, status, NULL);
}

/* ---- a call comes in */

static void info_fill(struct tel_info *in, const struct sip_msg *msg)
{
	const struct sip_hdr *h;

	memset(in, 0, sizeof(*in));
	in->from_uri = tel_sv(&msg->from.auri);
	in->from_user = tel_sv(&msg->from.uri.user);
	in->from_name = tel_sv(&msg->from.dname);
	in->to_uri = tel_sv(&msg->ruri);
	in->to_user = tel_sv(&msg->uri.user);
	in->call_id = tel_sv(&msg->callid);
	h = sip_msg_hdr(msg, SIP_HDR_USER_AGENT);
	in->user_agent = h ? tel_sv(&h->val) : SV_NULL;
	h = sip_msg_hdr(msg, SIP_HDR_P_ASSERTED_IDENTITY);
	in->asserted = h ? tel_sv(&h->val) : SV_NULL;
	(void)sa_ntop(&msg->src, in->src_ip, sizeof(in->src_ip));
	in->src_port = sa_port(&msg->src);
}

int tel_call_accept(struct tel_call *c, struct sipsess **sess, const struct sip_msg *msg,
		    int status, struct mbuf *desc, const char *more)
{
	return sipsess_accept(sess, c->tel->sock, msg, (uint16_t)status,
			      status < 200 ? "Ringing" : "OK", c->contact, "application/sdp",
			      desc, tel_call_password, c, false, tel_call_on_offer,
			      tel_call_on_answer, tel_call_on_estab, tel_call_on_info,
			      tel_call_on_refer, tel_call_on_close, c, TEL_ALLOW "%s", more);
}

/* Socket, SDP, the sink's word, 180. Returns 0 or the SIP status to refuse with. */
static int take_invite(struct tel_call *c, const struct sip_msg *msg)
{
	struct tel *t = c->tel;
	struct tel_info in;
	int e = tel_call_rtp(c, &msg->src);

	if (e)
		return 503;
	if (mbuf_get_left(msg->mb)) {
		e = tel_sdp_take(&c->sdp, msg->mb, true, &c->mi);
		if (e)
			return e == ERR_PARSE ? 400 : 488;
		c->got_offer = true;
	}
	info_fill(&in, msg);
	(void)pl_strcpy(&msg->callid, c->leg->call_id, sizeof(c->leg->call_id));
	tel_call_named(c, c->leg->call_id);
	tel_call_note(c, msg);
	tel_timer_offered(c, msg);
	if (tel_call_contact(c, "callm", &msg->src, msg->tp))
		return 500;
	e = t->sink.on_invite(t->sink_arg, c->leg, &in);
	if (e)
		return err_sip(e);
	/* From here the leg is the sink's. */
	obj_ref(c->leg);
	if (tel_call_accept(c, &c->sess, msg, 180, NULL, ""))
		tel_call_over(c, 500, NULL);
	else
		tmr_start(&c->ring, (uint64_t)t->o.ring_timeout_ms, on_ring_timeout, c);
	return 0;
}

void tel_call_invite(const struct sip_msg *msg, void *arg)
{
	struct tel *t = arg;
	struct tel_leg *leg;
	struct tel_call *c;
	int status;

	if (!tel_guard_listed(t, &msg->src)) {
		metric_inc(M_SIP_DROPPED);
		(void)sip_treply(NULL, t->sip, msg, 403, tel_reason(403));
		return;
	}
	if (sip_msg_hdr(msg, SIP_HDR_REPLACES)) { /* one call more and one less: not counted */
		if (!t->closing && (tel_reg_call(t, msg) || tel_auth_ok(t, msg)))
			tel_swap(t, msg);
		return;
	}
	if (!tel_guard_admit(t, msg) || (!tel_reg_call(t, msg) && !tel_auth_ok(t, msg)))
		return;
	if (tel_timer_small(msg)) {
		metric_inc(M_CALLS_REFUSED);
		tel_timer_refuse(t, msg);
		return;
	}
	leg = tel_leg_new(t);
	c = tel_call_new(t, leg, false);
	status = take_invite(c, msg);
	if (status) {
		metric_inc(M_CALLS_REFUSED);
		tel_call_free(c);
		(void)sip_treply(NULL, t->sip, msg, (uint16_t)status,
				 tel_reason(status));
	}
	obj_unref(leg);
}
