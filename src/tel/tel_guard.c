/* tel_guard.c: what stands between the network and the calls. Front thread.
 *
 * For UDP a helper on libre's socket sees each datagram before the parser does: unknown
 * sources and oversized datagrams end there, unanswered, and are counted. libre does
 * not hand out that socket, but each message carries it: tel_open sends itself one
 * OPTIONS, and the helper is in place before tel_open returns. (TCP has no such place:
 * there an unknown source is dropped after parsing, its connection is closed.) Then
 * comes the first listener, with the checks that libre's parser leaves out, and
 * OPTIONS; after the session layer the last listeners catch what nobody took.
 */
#include "tel_front.h"

#include <sys/socket.h>

enum { RETRY_S = 10, UDP_LAYER = 10, UNSUPPORTED_MAX = 256 };

bool tel_guard_listed(const struct tel *t, const struct sa *src)
{
	return sa_af(src) == AF_INET &&
	       (tel_net_has(t->acl, t->n_acl, sa_in(src)) || tel_reg_source(t, sa_in(src)));
}

static bool source_ok(const struct tel *t, const struct sa *src)
{
	uint32_t ip;

	if (tel_guard_listed(t, src))
		return true;
	if (!t->n_dialled || sa_af(src) != AF_INET)
		return false;
	ip = sa_in(src);
	for (const struct tel_call *c = t->calls; c; c = c->next)
		if (c->outgoing && (c->peer_ip == ip || c->move.ip == ip))
			return true;
	return false;
}

/* libre would print a line for each message it cannot parse and count nothing: parse it
 * here first (15 us). */
static bool parses(struct mbuf *mb)
{
	struct sip_msg *msg = NULL;
	size_t pos = mb->pos;
	int e = sip_msg_decode(&msg, mb);

	mb->pos = pos;
	mem_deref(msg);
	return !e;
}

/* A trunk dialled by name: where its answers come from is known only once the first is
 * here. Answers match by the branch of our request or are dropped behind the parser. */
static bool awaited(const struct tel *t, const struct mbuf *mb)
{
	if (mbuf_get_left(mb) < 8 || memcmp(mbuf_buf(mb), "SIP/2.0 ", 8))
		return false;
	if (tel_reg_awaited(t))
		return true;
	if (!t->n_dialled)
		return false;
	for (const struct tel_call *c = t->calls; c; c = c->next)
		if (c->outgoing && !c->peer_ip)
			return true;
	return false;
}

static bool on_datagram(struct sa *src, struct mbuf *mb, void *arg)
{
	const struct tel *t = arg;
	size_t n = mbuf_get_left(mb);

	/* up to 4 bytes: the empty lines that keep a NAT open */
	if ((source_ok(t, src) || awaited(t, mb)) && n <= LIM_SIP_MSG &&
	    (n <= 4 || parses(mb)))
		return false;
	metric_inc(M_SIP_DROPPED);
	return true;
}

bool tel_msg_sane(const struct sip_msg *msg)
{
	if (list_count(&msg->hdrl) > LIM_SIP_HEADERS)
		return false;
	if (!pl_isset(&msg->via.branch) || !pl_isset(&msg->callid) ||
	    msg->callid.l > 120)
		return false;
	if (!pl_isset(&msg->cseq.met) || !pl_isset(&msg->from.auri) ||
	    !pl_isset(&msg->to.auri))
		return false;
	if (!pl_isset(&msg->from.tag) ||
	    (!msg->req && !pl_isset(&msg->to.tag) && msg->scode > 100))
		return false;
	if (msg->req && pl_cmp(&msg->cseq.met, &msg->met))
		return false;
	/* more body than was announced is not ours to guess at; less is a cut message
	 */
	return !pl_isset(&msg->clen) || pl_u32(&msg->clen) <= mbuf_get_left(msg->mb);
}

static void too_busy(struct tel *t, const struct sip_msg *msg)
{
	(void)sip_replyf(t->sip, msg, 503, "Service Unavailable",
			 "Retry-After: %d\r\nContent-Length: 0\r\n\r\n", RETRY_S);
}

static void answer_options(struct tel *t, const struct sip_msg *msg)
{
	if (t->draining || t->n_calls >= t->o.max_calls) {
		too_busy(t, msg);
		return;
	}
	(void)sip_replyf(t->sip, msg, 200, "OK",
			 TEL_ALLOW "Accept: application/sdp\r\nContent-Length: 0\r\n\r\n");
}

static void drop(const struct sip_msg *msg)
{
	struct tcp_conn *tc = msg->tp != SIP_TRANSP_UDP ? sip_msg_tcpconn(msg) : NULL;

	metric_inc(M_SIP_DROPPED);
	if (tc) /* libre sees the end and frees the connection */
		(void)shutdown(tcp_conn_fd(tc), SHUT_RDWR);
}

static void bad_request(struct tel *t, const struct sip_msg *msg)
{
	metric_inc(M_SIP_DROPPED);
	/* an answer needs the headers it copies; an ACK is never answered (RFC
	 * 3261 17.1.1.3) */
	if (!pl_isset(&msg->via.branch) || !pl_isset(&msg->callid) ||
	    !pl_isset(&msg->cseq.met) || !pl_isset(&msg->from.auri) ||
	    !pl_isset(&msg->to.auri) || !pl_strcmp(&msg->met, "ACK"))
		return;
	(void)sip_reply(t->sip, msg, 400, "Bad Request");
}

/* Puts a helper on a UDP socket seen for the first time. */
static void guard(struct tel *t, void *sock)
{
	for (int i = 0; i < t->n_guards; i++)
		if (t->guards[i].sock == sock)
			return;
	if (t->n_guards == TEL_ADDRS)
		return;
	udp_rxsz_set(sock, LIM_SIP_MSG + 64); /* more is seen to be too much */
	if (udp_register_helper(&t->guards[t->n_guards].helper, sock, UDP_LAYER, NULL,
				on_datagram, t))
		return;
	t->guards[t->n_guards++].sock = sock;
}

/* Adds what of one Require header we do not know; true = the answer has no room for more. */
static bool on_require(const struct sip_hdr *h, const struct sip_msg *msg, void *arg)
{
	struct sb *b = arg;
	sv rest = sv_n(h->val.p, h->val.l), tag;

	while (sv_cut(&rest, ',', &tag)) {
		tag = sv_trim(tag);
		if (!tag.n || sv_eq_nocase(tag, SV("timer")) || sv_eq_nocase(tag, SV("replaces")))
			continue;
		tag = sv_slice(tag, 0, 64); /* enough to tell; so the first always fits */
		if (b->n + tag.n > UNSUPPORTED_MAX - 2)
			return true;
		if (b->n)
			sb_cstr(b, ", ");
		for (size_t i = 0; i < tag.n; i++) /* a folded line must not be sent back */
			sb_ch(b, tag.p[i] > ' ' && tag.p[i] < 127 ? tag.p[i] : '_');
	}
	return false;
}

/* RFC 3261, 8.2.2.3: who requires what we do not know is told; an ACK and a CANCEL are not. */
static bool refuse_extensions(struct tel *t, const struct sip_msg *msg)
{
	struct sb b;

	if (!pl_strcmp(&msg->met, "ACK") || !pl_strcmp(&msg->met, "CANCEL"))
		return false;
	sb_init(&b, UNSUPPORTED_MAX);
	(void)sip_msg_hdr_apply(msg, true, SIP_HDR_REQUIRE, on_require, &b);
	if (!b.n) {
		sb_done(&b);
		return false;
	}
	if (!pl_strcmp(&msg->met, "INVITE") && !pl_isset(&msg->to.tag))
		metric_inc(M_CALLS_REFUSED);
	(void)sip_replyf(t->sip, msg, 420, "Bad Extension",
			 "Unsupported: %b\r\nContent-Length: 0\r\n\r\n", b.p, b.n);
	sb_done(&b);
	return true;
}

static bool on_request(const struct sip_msg *msg, void *arg)
{
	struct tel *t = arg;

	if (msg->tp == SIP_TRANSP_UDP)
		guard(t, msg->sock);
	if (!source_ok(t, &msg->src)) {
		drop(msg);
		return true;
	}
	if (!tel_msg_sane(msg)) {
		bad_request(t, msg);
		return true;
	}
	if (pl_strcasecmp(&msg->uri.scheme, "sip") && pl_strcmp(&msg->met, "ACK") &&
	    (msg->tp != SIP_TRANSP_TLS || pl_strcasecmp(&msg->uri.scheme, "sips"))) {
		metric_inc(M_SIP_DROPPED);
		(void)sip_reply(t->sip, msg, 416, "Unsupported URI Scheme");
		return true;
	}
	if (refuse_extensions(t, msg))
		return true;
	if (!pl_strcmp(&msg->met, "OPTIONS")) { /* within a call too: a keep-alive */
		answer_options(t, msg);
		return true;
	}
	return tel_change_in(t, msg) ||
	       (!pl_strcmp(&msg->met, "NOTIFY") && tel_refer_notify(t, msg));
}

static bool on_response(const struct sip_msg *msg, void *arg)
{
	struct tel *t = arg;

	if (!source_ok(t, &msg->src)) {
		drop(msg);
		return true;
	}
	if (tel_msg_sane(msg))
		return tel_change_again(t, msg);
	metric_inc(M_SIP_DROPPED);
	return true;
}

/* Nobody took it. */
static bool last_request(const struct sip_msg *msg, void *arg)
{
	struct tel *t = arg;

	if (!pl_strcmp(&msg->met, "ACK"))
		return true;
	if (!pl_strcmp(&msg->met, "CANCEL") || !pl_strcmp(&msg->met, "BYE") ||
	    !pl_strcmp(&msg->met, "NOTIFY") || !pl_strcmp(&msg->met, "UPDATE"))
		(void)sip_reply(t->sip, msg, 481, "Call Does Not Exist");
	else
		(void)sip_reply(t->sip, msg, 501, "Not Implemented");
	return true;
}

static bool last_response(const struct sip_msg *msg, void *arg)
{
	return true;
}

int tel_guard_open(struct tel *t)
{
	int e = sip_listen(&t->lsnr[0], t->sip, true, on_request, t);

	return e ? e : sip_listen(&t->lsnr[1], t->sip, false, on_response, t);
}

int tel_guard_last(struct tel *t)
{
	int e = sip_listen(&t->lsnr[2], t->sip, true, last_request, t);

	return e ? e : sip_listen(&t->lsnr[3], t->sip, false, last_response, t);
}

/* A bucket that fills with max_cps tokens a second and holds one second's worth. */
static bool take_token(struct tel *t)
{
	int64_t now = clk_mono_us();

	t->tokens += (double)(now - t->token_us) * 1e-6 * t->o.max_cps;
	t->token_us = now;
	if (t->tokens > t->o.max_cps)
		t->tokens = t->o.max_cps;
	if (t->tokens < 1)
		return false;
	t->tokens -= 1;
	return true;
}

bool tel_guard_admit(struct tel *t, const struct sip_msg *msg)
{
	metric_inc(M_CALLS_TOTAL);
	if (t->draining || t->closing || !t->sink.on_invite ||
	    t->n_calls >= t->o.max_calls || !take_token(t)) {
		metric_inc(M_CALLS_REFUSED);
		too_busy(t, msg);
		return false;
	}
	return true;
}
