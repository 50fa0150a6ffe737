/* chan_move.c: transfers to one person.
 *
 * A warm one is a person of the call (chan_parties) whose steps are told as CHAN_MOVED: the
 * customer hears a tune, the telephone rings, the person is told what it is about, then both
 * talk and we listen; others may join them as in any call. A cold transfer asks the other side
 * to call by itself (REFER, RFC 3515) and becomes a warm one when it will not. Callbacks come
 * last, since the owner may free the call from within. Shard's thread. */
#include "chan_move.h"

enum { REFER_MS = 55000 };

#define PERSON "person"              /* its id in the call */

void move_stop(struct move *m)
{
	loop_timer_stop(&m->timer);
	xfree(m->to);
	xfree(m->briefing);
	*m = (struct move){ 0 };
}

static void fail(struct move *m, const char *why, int status)
{
	struct move_place p = m->p;
	LOG(INFO, "move.failed", "why=\"%s\" status=%d", why, status);
	move_stop(m);
	p.told(p.arg, "failed", why, status);
}

static void leave(struct move *m)
{
	struct move_place p = m->p;
	move_stop(m);
	p.left(p.arg);
}

/* ---- to a person of the call ---- */

static int bring(struct move *m, const struct chan_move *how)
{
	struct chan_party x = { .act = CHAN_PARTY_ADD,
				.mode = CHAN_TALKS,
				.id = SV(PERSON),
				.to = how->to,
				.briefing = how->briefing,
				.lang = how->lang,
				.ring_ms = how->ring_ms };
	int rc = parties_order(m->p.parties, &x, true);
	if (rc == 0)
		m->step = MOVE_PERSON;
	return rc == ERR_EXISTS || rc == ERR_FULL ? ERR_STATE : rc;
}

/* Its words are static, as all of parties_tell. */
static void over(struct move *m, const struct chan_msg *msg)
{
	bool joined = sv_eq(msg->text, SV("left"));
	bool end = m->p.parties->o.people->o.transfer.end;
	if (sv_eq(msg->why, SV("taken_over")))
		move_stop(m);        /* with somebody else now */
	else if (joined && end && sv_eq(msg->why, SV("gone")))
		leave(m);
	else if (joined || sv_eq(msg->why, SV("dropped")))
		fail(m, "gone", msg->status);
	else
		fail(m, msg->why.p, msg->status);
}

bool move_news(struct move *m, const struct chan_msg *msg)
{
	static const char *const steps[] = { "ringing", "briefing", "joined" };
	if (m->step != MOVE_PERSON || msg->kind != CHAN_PARTY)
		return false;
	if (sv_eq(msg->text, SV("failed")) || sv_eq(msg->text, SV("left"))) {
		over(m, msg);
		return true;
	}
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (!sv_eq(msg->text, sv_of(steps[i])))
			continue;
		if (i || !m->rang)
			m->p.told(m->p.arg, steps[i], "", 0);
		return true;
	}
	return false;
}

/* ---- by the other side itself ---- */

/* 603 is what a telephone says that takes no REFER at all (RFC 3515, 2.4.2 leaves the code
 * open); busy and no answer are the person's own. */
void move_referred(struct move *m, int status)
{
	if (m->step != MOVE_REFER)
		return;
	const char *why = parties_why(status);
	if (status < 200) {
		if (m->rang)
			return;
		m->rang = true;
		m->p.told(m->p.arg, "ringing", "", 0);
		return;
	}
	if (status < 300) {
		leave(m);
		return;
	}
	loop_timer_stop(&m->timer);
	struct chan_move how = { .to = sv_of(m->to),
				 .briefing = sv_of(m->briefing),
				 .lang = sv_of(m->lang),
				 .ring_ms = m->ring_ms };
	bool theirs = strcmp(why, "busy") == 0 || strcmp(why, "no answer") == 0;
	if (theirs)
		fail(m, why, status);
	else if (bring(m, &how))
		fail(m, "unreachable", status);
}

/* The other side neither moved nor said so. */
static void on_refer_late(void *arg)
{
	fail(arg, "no answer", 408);
}

int move_start(struct move *m, const struct move_place *p, const struct chan_move *how)
{
	char uri[CHAN_URI];
	if (m->step != MOVE_IDLE)
		return ERR_STATE;
	move_stop(m);
	m->p = *p;
	bool web = sv_starts(how->to, SV("web:"));
	int rc = web ? 0 : chan_dial_uri(&p->parties->o.people->dial, how->to, uri);
	if (rc)
		return rc;
	if (how->warm || web || !p->refer || p->refer(p->refer_arg, uri))
		return bring(m, how);
	m->step = MOVE_REFER;
	m->to = xstrdup(how->to);
	m->briefing = xstrdup(how->briefing);
	m->ring_ms = how->ring_ms;
	memcpy(m->lang, how->lang.p, how->lang.n < 3 ? how->lang.n : 3);
	loop_after(p->parties->o.loop, &m->timer, REFER_MS, on_refer_late, m);
	return 0;
}
