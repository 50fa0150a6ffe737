/* tel_timer.c: session timers (RFC 4028): a call whose other side is gone without a BYE ends.
 * Front thread.
 *
 * Who answers decides: Session-Expires as offered; "refresher" as offered, else it is us. The
 * side that refreshes does so after half the interval (tel_change.c: UPDATE, or a re-INVITE
 * where the other side has no UPDATE); the other one hangs up when a third of the interval,
 * at most 32 s, is left and nothing came. We do the same with our own refreshes when they are
 * not answered. One timer a call.
 *
 * c->timer.s is the interval agreed on, 0 = none; it counts from tel_timer_start.
 */
#include "tel_front.h"

/* SHORTEST: whatever an answer says; below it we would do nothing but refresh */
enum { LONGEST_S = 86400, SHORTEST_S = 20 };

int tel_timer_second_ms = 1000;

/* The number that a header begins with; -1 = no such header, or not one. */
static int64_t number(const struct sip_msg *msg, enum sip_hdrid id)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, id);
	size_t n = 0;

	if (!h)
		return -1;
	while (n < h->val.l && h->val.p[n] >= '0' && h->val.p[n] <= '9')
		n++;
	if (!n || n > 9)
		return -1;
	return pl_u32(&(struct pl){ h->val.p, n });
}

/* "uac", "uas" of the transaction that msg belongs to; empty = not said. */
static struct pl refresher(const struct sip_msg *msg)
{
	const struct sip_hdr *h = sip_msg_hdr(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl val = { NULL, 0 }, params;
	const char *semi = h ? pl_strchr(&h->val, ';') : NULL;

	if (!semi)
		return val;
	params.p = semi;
	params.l = h->val.l - (size_t)(semi - h->val.p);
	if (msg_param_decode(&params, "refresher", &val))
		val = (struct pl){ NULL, 0 };
	return val;
}

static bool supported(const struct sip_msg *msg)
{
	return sip_msg_hdr_has_value(msg, SIP_HDR_SUPPORTED, "timer");
}

bool tel_timer_small(const struct sip_msg *msg)
{
	int64_t s = number(msg, SIP_HDR_SESSION_EXPIRES);

	return s >= 0 && s < TEL_TIMER_LEAST && supported(msg);
}

void tel_timer_refuse(struct tel *t, const struct sip_msg *msg)
{
	(void)sip_treplyf(NULL, NULL, t->sip, msg, false, 422, "Session Interval Too Small",
			  "Min-SE: %d\r\nContent-Length: 0\r\n\r\n", TEL_TIMER_LEAST);
}

void tel_timer_offered(struct tel_call *c, const struct sip_msg *msg)
{
	int64_t s = number(msg, SIP_HDR_SESSION_EXPIRES);
	int64_t least = number(msg, SIP_HDR_MIN_SE);
	struct pl who = refresher(msg);
	bool knows = supported(msg);

	if (s < TEL_TIMER_LEAST) { /* not asked for, or by a proxy that cannot be told why not */
		s = knows ? (c->timer.s ? c->timer.s : c->tel->o.session_s) : 0;
		if (s && s < least)
			s = least;
	}
	c->timer.s = s > LONGEST_S ? LONGEST_S : (int)s;
	/* one that knows no timers cannot be the one who refreshes */
	c->timer.ours = !knows || pl_strcasecmp(&who, "uac");
}

void tel_timer_reply(const struct tel_call *c, char h[TEL_TIMER_TEXT])
{
	h[0] = 0;
	if (c->timer.s)
		(void)snprintf(h, TEL_TIMER_TEXT, "Session-Expires: %d;refresher=%s\r\n%s",
			       c->timer.s, c->timer.ours ? "uas" : "uac",
			       c->timer.ours ? "" : "Require: timer\r\n");
}

void tel_timer_ask(const struct tel_call *c, char h[TEL_TIMER_TEXT])
{
	const char *who = c->state == TEL_CALL_DIALLING ? "" :
			  c->timer.ours		       ? ";refresher=uac" :
							 ";refresher=uas";

	h[0] = 0;
	if (c->timer.s)
		(void)snprintf(h, TEL_TIMER_TEXT, "Session-Expires: %d%s\r\nMin-SE: %d\r\n",
			       c->timer.s, who,
			       c->timer.least ? c->timer.least : TEL_TIMER_LEAST);
}

void tel_timer_agreed(struct tel_call *c, const struct sip_msg *msg)
{
	int64_t s = number(msg, SIP_HDR_SESSION_EXPIRES);
	struct pl who = refresher(msg);

	s = s > 0 && s < SHORTEST_S ? SHORTEST_S : s;
	c->timer.s = s <= 0 ? 0 : s > LONGEST_S ? LONGEST_S : (int)s;
	c->timer.ours = pl_strcasecmp(&who, "uas") != 0;
	tel_timer_start(c);
}

bool tel_timer_raise(struct tel_call *c, const struct sip_msg *msg)
{
	int64_t least = number(msg, SIP_HDR_MIN_SE);

	if (least <= c->timer.s || least > LONGEST_S || !c->timer.s)
		return false;
	c->timer.s = c->timer.least = (int)least;
	return true;
}

static uint64_t ms(int s)
{
	return (uint64_t)s * (uint64_t)tel_timer_second_ms;
}

static void on_silence(void *arg)
{
	tel_call_hangup(arg, 408);
}

static void on_half(void *arg)
{
	struct tel_call *c = arg;
	int s = c->timer.s, left = s / 3 < 32 ? s / 3 : 32;

	tmr_start(&c->timer.tmr, ms(s - s / 2 - left), on_silence, c);
	tel_change_out(c, false);
}

void tel_timer_start(struct tel_call *c)
{
	int s = c->timer.s;

	if (!s)
		tmr_cancel(&c->timer.tmr);
	else if (c->timer.ours)
		tmr_start(&c->timer.tmr, ms(s / 2), on_half, c);
	else
		tmr_start(&c->timer.tmr, ms(s - (s / 3 < 32 ? s / 3 : 32)), on_silence, c);
}
