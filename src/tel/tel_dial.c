/* tel_dial.c: calls that we place. Front thread.
 *
 * libre follows a redirection (3xx) to whatever address it names, over any transport, with the
 * password of the trunk that was called. Whoever we call would so decide whom we call: the
 * lists of allowed addresses stand before tel_dial. The one question libre asks before it does
 * so is sip_request_loops, called through the PLT as its timers are (tel_tmr.c), so the answer
 * here is that every redirection is a loop: the call ends with its status.
 */
#include "tel_front.h"

/* Replaces libre's. Else as there: a challenge may come now and then, a refusal once. */
bool sip_request_loops(struct sip_loopstate *ls, uint16_t scode)
{
	enum { MOST = 16 };
	bool again, loop;

	if (!ls || scode < 200)
		return false;
	if (scode < 300) {
		ls->failc = 0;
		ls->last_scode = scode;
		return false;
	}
	again = scode == 401 || scode == 407 || scode == 491;
	loop = scode < 400 || ++ls->failc >= MOST || (!again && ls->last_scode == scode);
	ls->last_scode = scode;
	return loop;
}

/* Who is called without being the trunk is not told its password, hashed or not. */
static bool is_trunk(const struct tel_call *c)
{
	const char *host = c->tel->o.dial_host;
	struct pl pl;
	struct uri u;

	if (!host || !host[0])
		return true;
	pl_set_str(&pl, c->uri);
	return !uri_decode(&u, &pl) &&
	       sv_eq_nocase(sv_n(u.host.p, u.host.l), sv_n(host, strcspn(host, ":;")));
}

int tel_call_password(char **user, char **password, const char *realm, void *arg)
{
	struct tel_call *c = arg;
	const struct tel_opts *o = &c->tel->o;
	int e;

	if (!c->outgoing || c->swapped) /* who called us may not try our passwords */
		return EACCES;
	if (c->reg)
		return tel_reg_password(c->reg, user, password);
	if (!o->dial_user || !o->dial_password || !is_trunk(c))
		return EACCES;
	e = str_dup(user, o->dial_user);
	return e ? e : str_dup(password, o->dial_password);
}

/* A description before the answer (RFC 3960): from now on the other side is heard. The last
 * one counts, as after a fork; one that cannot be read is left for the answer to mend. */
static void early_media(struct tel_call *c, const struct sip_msg *msg)
{
	if (!msg_ctype_cmp(&msg->ctyp, "application", "sdp") || !mbuf_get_left(msg->mb))
		return;
	if (tel_call_on_answer(msg, c))
		return;
	c->early_sdp = true;
	tel_call_post(c, TEL_M_EARLY, 0, NULL);
}

static void on_progress(const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	if (c->state != TEL_CALL_DIALLING || msg->scode <= 100)
		return;
	tel_call_post(c, TEL_M_RING, 0, NULL);
	early_media(c, msg);
}

static void on_no_answer(void *arg)
{
	tel_call_hangup(arg, 408);
}

/* Where answers may come from, as far as the address says it in digits (a name: see
 * tel_guard). */
static enum sip_transp note_peer(struct tel_call *c, const char *uri, struct sa *peer)
{
	enum sip_transp tp = SIP_TRANSP_UDP;
	struct pl pl, how;
	struct uri u;

	sa_init(peer, AF_INET);
	pl_set_str(&pl, uri);
	if (uri_decode(&u, &pl))
		return tp;
	if (!msg_param_decode(&u.params, "transport", &how))
		tp = !pl_strcasecmp(&how, "tls") ? SIP_TRANSP_TLS :
		     !pl_strcasecmp(&how, "tcp") ? SIP_TRANSP_TCP :
						   tp;
	if (!sa_set(peer, &u.host, u.port ? u.port : SIP_PORT) && sa_af(peer) == AF_INET)
		c->peer_ip = sa_in(peer);
	return tp;
}

/* "sips:x" is "sip:x;transport=tls" here: libre knows one scheme, and promises beyond the first
 * hop nobody could keep. */
static char *plain(const char *uri)
{
	sv rest, one;
	struct sb b;
	char *s;

	if (strncasecmp(uri, "sips:", 5))
		return xstrdup(sv_of(uri));
	sb_init(&b, 2 * TEL_STR);
	sb_put(&b, SV("sip"));
	rest = sv_of(uri + 5);
	for (char sep = ':'; sv_cut(&rest, ';', &one); sep = ';')
		if (!sv_eq_nocase(sv_slice(one, 0, 10), SV("transport="))) /* it is always TLS */
			sb_fmt(&b, "%c" SV_FMT, sep, SV_ARG(one));
	sb_put(&b, SV(";transport=tls"));
	s = xstrdup(sb_sv(&b));
	sb_done(&b);
	return s;
}

static int invite(struct tel_call *c)
{
	struct mbuf *desc = NULL;
	char timer[TEL_TIMER_TEXT];
	int e;

	if (tel_sdp_give(&c->sdp, true, &desc))
		return 503;
	tel_timer_ask(c, timer);
	e = sipsess_connect(&c->sess, c->tel->sock, c->uri, c->name,
			    c->reg ? c->reg->aor : c->contact, c->contact, NULL, 0,
			    "application/sdp", desc, tel_call_password, c, false,
			    tel_call_on_offer, tel_call_on_answer, on_progress,
			    tel_call_on_estab, tel_call_on_info, tel_call_on_refer,
			    tel_call_on_close, c, TEL_ALLOW "%s", timer);
	mem_deref(desc);
	if (e)
		return 503;
	tel_call_named(c, sip_dialog_callid(sipsess_dialog(c->sess)));
	return 0;
}

static int dial(struct tel_call *c, const struct tel_cmd *cmd)
{
	const struct sa *to;
	enum sip_transp tp;
	struct sa peer;
	int status;

	c->uri = plain(cmd->uri);
	if (cmd->name[0])
		c->name = xstrdup(sv_of(cmd->name));
	c->timer.s = c->tel->o.session_s;
	c->reg = tel_reg_of(c->tel, c->uri);
	tp = note_peer(c, c->uri, &peer);
	c->tls = tp == SIP_TRANSP_TLS;
	to = c->peer_ip ? &peer : NULL;
	if (tel_call_rtp(c, to) ||
	    tel_call_contact(c, c->reg ? c->reg->user : cmd->user, to, tp))
		return 503;
	status = invite(c);
	if (!status)
		tmr_start(&c->ring, (uint64_t)c->tel->o.ring_timeout_ms, on_no_answer, c);
	return status;
}

bool tel_call_redial(struct tel_call *c, const struct sip_msg *msg)
{
	if (c->state != TEL_CALL_DIALLING || c->timer.least || !tel_timer_raise(c, msg))
		return false;
	c->sess = mem_deref(c->sess); /* ended by the answer: nothing is sent */
	return !invite(c);
}

void tel_call_dial(struct tel *t, const struct tel_cmd *cmd)
{
	struct tel_call *c = tel_call_new(t, cmd->leg, true);
	int status;

	c->box = cmd->box;
	metric_inc(M_CALLS_TOTAL);
	status = t->closing || t->n_calls > t->o.max_calls ? 503 : dial(c, cmd);
	if (!status)
		return;
	metric_inc(M_CALLS_REFUSED);
	tel_call_over(c, status, NULL);
}
