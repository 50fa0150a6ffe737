/* tel_move.c: the other side asks us to call somebody else instead of it (REFER to us, RFC 3515).
 * Front thread.
 *
 * Nobody outside decides where our calls go: a target that is not on tel_opts.refer_to is
 * declined (603). One that is gets a call with the same leg: the same socket is offered, and
 * when it is answered the sound goes there and the side that asked gets a BYE; until then, and
 * when it fails, the call stays as it is. How it goes is told by NOTIFY. One at a time.
 */
#include "tel_front.h"

enum { RING_MS = 60000 };

/* "user@host", "@host", a port when one is meant. */
static bool entry_is(const char *entry, const struct uri *u)
{
	sv host = sv_of(entry), user, port, name;
	int64_t n = 0;

	if (!sv_cut(&host, '@', &user) || !host.n)
		return false;
	port = host;
	(void)sv_cut(&port, ':', &name);
	if (port.n && sv_i64(port, &n))
		return false;
	return (!user.n || sv_eq(user, sv_n(u->user.p, u->user.l))) &&
	       sv_eq_nocase(name, sv_n(u->host.p, u->host.l)) &&
	       (!n || n == (u->port ? u->port : SIP_PORT));
}

static bool allowed(const struct tel_opts *o, const struct uri *u)
{
	if (pl_strcasecmp(&u->scheme, "sip"))
		return false;
	for (size_t i = 0; i < o->n_refer_to; i++)
		if (entry_is(o->refer_to[i], u))
			return true;
	return false;
}

static void on_told(int err, const struct sip_msg *msg, void *arg)
{
}

static void tell(struct tel_call *c, int status, const char *reason)
{
	char frag[64];
	int n = snprintf(frag, sizeof(frag), "SIP/2.0 %d %s\r\n", status, reason);

	(void)sip_drequestf(NULL, c->tel->sip, true, "NOTIFY", sipsess_dialog(c->sess), 0, NULL,
			    NULL, on_told, NULL,
			    "Contact: <%s>\r\nEvent: refer\r\nSubscription-State: %s\r\n"
			    "Content-Type: message/sipfrag;version=2.0\r\n"
			    "Content-Length: %d\r\n\r\n%s",
			    c->contact,
			    status < 200 ? "active;expires=120" : "terminated;reason=noresource",
			    n, frag);
}

void tel_move_end(struct tel_call *c)
{
	tmr_cancel(&c->move.ring);
	c->move.sess = mem_deref(c->move.sess);
}

static void fail(struct tel_call *c, int status)
{
	tel_move_end(c);
	c->tel->n_dialled -= c->outgoing && !c->move.outgoing;
	c->outgoing = c->move.outgoing;
	c->swapped = c->move.swapped;
	c->reg = c->move.reg;
	c->peer_ip = c->move.ip;
	tell(c, status, tel_reason(status));
}

static void on_ring_out(void *arg)
{
	fail(arg, 408);
}

/* ---- handlers of the new session */

static void on_progress(const struct sip_msg *msg, void *arg)
{
	if (msg->scode > 100)
		tell(arg, 180, "Ringing");
}

static void on_close(int err, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	fail(c, msg && msg->scode >= 300 ? msg->scode :
		err == ETIMEDOUT	 ? 408 :
		err == EPROTO		 ? 488 :
					   503);
}

static int password(char **user, char **pw, const char *realm, void *arg)
{
	const struct tel_call *c = arg;

	return c->reg ? tel_reg_password(c->reg, user, pw) : EACCES;
}

/* From here on the new session is the call's; its handlers are the call's too. */
static void on_estab(const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;
	struct sipsess *old = c->sess;

	if (!c->move.sess) { /* a second time: it is the call by now */
		tel_call_on_estab(msg, c);
		return;
	}
	tell(c, 200, "OK");
	tel_refer_end(c);
	tel_change_end(c);
	tmr_cancel(&c->move.ring);
	c->auth = mem_deref(c->auth);
	c->sess = c->move.sess;
	c->move.sess = NULL;
	c->swapped = true;
	xfree(c->ltag);
	c->ltag = NULL;
	tel_call_note(c, msg);
	tel_call_named(c, sip_dialog_callid(sipsess_dialog(c->sess)));
	tel_timer_agreed(c, msg);
	tel_call_post_media(c);
	mem_deref(old); /* BYE */
}

static void on_end(int err, const struct sip_msg *msg, void *arg)
{
	struct tel_call *c = arg;

	if (c->move.sess)
		on_close(err, msg, arg);
	else
		tel_call_on_close(err, msg, arg);
}

/* ---- the request */

/* The Replaces that an attended transfer brings along in the address; "" = none, false = one
 * that cannot be. */
static bool replaces(const struct pl *headers, char to[TEL_STR])
{
	sv rest = sv_n(headers->p, headers->l), one, name;
	struct pl val;
	int n;

	to[0] = 0;
	if (rest.n && rest.p[0] == '?')
		rest = sv_n(rest.p + 1, rest.n - 1);
	while (sv_cut(&rest, '&', &one)) {
		if (!sv_cut(&one, '=', &name) || !sv_eq_nocase(name, SV("Replaces")))
			continue;
		val = (struct pl){ one.p, one.n };
		n = re_snprintf(to, TEL_STR, "Replaces: %H", uri_header_unescape, &val);
		if (n < 0 || n > TEL_STR - 3 || strlen(to) != (size_t)n || strpbrk(to, "\r\n"))
			return false;
		str_ncpy(to + n, "\r\n", TEL_STR - (size_t)n);
	}
	return true;
}

static int start(struct tel_call *c, const char *uri, const char *more)
{
	struct mbuf *desc = NULL;
	struct pl pl;
	struct uri u;
	struct sa sa;
	int e;

	pl_set_str(&pl, uri);
	c->move.ip = c->peer_ip;
	c->move.outgoing = c->outgoing;
	c->move.swapped = c->swapped;
	c->move.reg = c->reg;
	if (!c->outgoing) /* from now on its answers come in, wherever it is */
		c->tel->n_dialled++;
	c->outgoing = c->swapped = true;
	c->reg = tel_reg_of(c->tel, uri);
	c->peer_ip = 0; /* a name: known with its first answer */
	if (!uri_decode(&u, &pl) && !sa_set(&sa, &u.host, 1) && sa_af(&sa) == AF_INET)
		c->peer_ip = sa_in(&sa);
	tel_sdp_renew(&c->sdp);
	if (tel_sdp_give(&c->sdp, true, &desc))
		return 500;
	e = sipsess_connect(&c->move.sess, c->tel->sock, uri, NULL, c->contact, c->contact, NULL,
			    0, "application/sdp", desc, password, c, false, tel_call_on_offer,
			    tel_call_on_answer, on_progress, on_estab, tel_call_on_info,
			    tel_call_on_refer, on_end, c, TEL_ALLOW "%s", more);
	mem_deref(desc);
	return e ? 503 : 0;
}

/* "sip:user@host:port" of the target, nothing else of it. False = it cannot be written. */
static bool target(const struct uri *u, char to[TEL_STR])
{
	int n = re_snprintf(to, TEL_STR, "sip:%r@%r", &u->user, &u->host);

	if (n > 0 && u->port)
		n = re_snprintf(to, TEL_STR, "sip:%r@%r:%u", &u->user, &u->host, u->port);
	for (const char *p = to; n > 0 && *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("<>\"", *p))
			return false;
	return n > 0;
}

void tel_call_on_refer(struct sip *sip, const struct sip_msg *msg, void *arg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_REFER_TO);
	struct tel_call *c = arg;
	char more[TEL_STR], uri[TEL_STR];
	struct sip_addr a;
	int status;

	if (!h || sip_addr_decode(&a, &h->val) || !replaces(&a.uri.headers, more)) {
		(void)sip_treply(NULL, sip, msg, 400, tel_reason(400));
		return;
	}
	if (c->state != TEL_CALL_UP || c->move.sess || !allowed(&c->tel->o, &a.uri) ||
	    !target(&a.uri, uri)) {
		(void)sip_treply(NULL, sip, msg, 603, tel_reason(603));
		return;
	}
	(void)sip_treplyf(NULL, NULL, sip, msg, false, 202, "Accepted",
			  "Contact: <%s>\r\nContent-Length: 0\r\n\r\n", c->contact);
	tell(c, 100, "Trying");
	status = start(c, uri, more);
	if (status)
		fail(c, status);
	else
		tmr_start(&c->move.ring, RING_MS, on_ring_out, c);
}
