/* ins_fact_fold.c: what each row of the river changes in the facts.
 *
 * A conversation's fact counts at the moment it began, a stay at the moment it began to wait (a
 * telephone that an agent picked up for the company: when it was served), an agent's time in the
 * quarters in which it went by. Kinds that are not in the table change nothing. Pure but for the
 * book. */
#include "ins_fact_int.h"

#include <stdio.h>

typedef void fold_fn(struct ins_book *b, const struct ins_row *r, const jv *o);

static bool is(sv s, const char *lit)
{
	return sv_eq(s, sv_of(lit));
}

/* ---- conversations ---- */

static struct ins_fact *talk_of(struct ins_book *b, sv conversation, int64_t ts_ms)
{
	struct ins_fact *f = conversation.n ?
		ins_book_get(b, conversation, INS_TALK, ts_ms) : NULL;
	if (!f)
		return NULL;
	if (!f->conversation[0]) {
		sv_copy(f->conversation, INS_NAME, conversation);
		sv_copy(f->dim[INS_AGENT], INS_NAME, SV("bot"));
		f->m[INS_interactions] = 1;
	}
	f->changed = true;
	return f;
}

static struct ins_fact *talk(struct ins_book *b, const struct ins_row *r)
{
	return talk_of(b, r->conversation, r->ts_ms);
}

static bool spoken(const struct ins_fact *f)
{
	const char *ch = f->dim[INS_CHANNEL];
	return strcmp(ch, "phone") == 0 || strcmp(ch, "talk") == 0 || strcmp(ch, "realtime") == 0;
}

/* What follows from the others; called when one of them changed. */
static void settle(struct ins_book *b, struct ins_fact *f)
{
	bool was = f->m[INS_known] != 0;
	int64_t *m = f->m;
	m[INS_talked] = m[INS_closed] && m[INS_customer_turns];
	m[INS_contained] = m[INS_talked] && !m[INS_handed] && !m[INS_agent_turns];
	m[INS_duration_ms] = m[INS_closed] && f->end_ms > f->start_ms ? f->end_ms - f->start_ms : 0;
	m[INS_voice_ms] = spoken(f) ? m[INS_duration_ms] : 0;
	m[INS_known] = m[INS_closed] && f->customer[0] && f->dim[INS_TOPIC][0];
	if (m[INS_known] && !was)
		m[INS_first] = 1;
}

/* The same customer with the same topic again: the contact before did not solve it. */
static void look_back(struct ins_book *b, struct ins_fact *f)
{
	struct ins_fact *before;
	if (!f->customer[0] || !f->dim[INS_TOPIC][0])
		return;
	before = ins_book_before(b, f);
	if (!before || !before->m[INS_first])
		return;
	before->m[INS_first] = 0;
	before->changed = true;
}

static void note_customer(struct ins_book *b, struct ins_fact *f, sv customer)
{
	if (!customer.n || f->customer[0])
		return;
	sv_copy(f->customer, INS_NAME, customer);
	settle(b, f);
	look_back(b, f);
}

static void note_topic(struct ins_book *b, struct ins_fact *f, sv topic)
{
	if (!topic.n || f->dim[INS_TOPIC][0] || is(topic, "out_of_scope") || ins_courtesy(topic))
		return;
	sv_copy(f->dim[INS_TOPIC], INS_NAME, topic);
	settle(b, f);
	look_back(b, f);
}

static void on_opened(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (!f)
		return;
	sv_copy(f->dim[INS_CHANNEL], INS_NAME, jv_get_str(o, "channel"));
	sv_copy(f->dim[INS_LANGUAGE], INS_NAME, jv_get_str(o, "language"));
	sv_copy(f->dim[INS_CAMPAIGN], INS_NAME, jv_get_str(o, "campaign"));
}

static void note_mood(struct ins_fact *f, const jv *o)
{
	const jv *mood = jv_get(o, "mood"), *v = jv_get(mood, "turn_valence");
	int64_t now;
	if (!jv_is_num(v))
		v = jv_get(mood, "valence");
	if (!jv_is_num(v))
		return;
	now = (int64_t)(jv_as_num(v, 0) * 100 + (jv_as_num(v, 0) < 0 ? -0.5 : 0.5));
	if (!f->m[INS_mood_n]++)
		f->m[INS_mood_begin] = now;
	f->m[INS_mood_n] = 1;
	f->m[INS_mood_shift] = now - f->m[INS_mood_begin];
}

static void on_customer(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (!f)
		return;
	f->m[INS_customer_turns]++;
	if (jv_get_str(o, "language").n)
		sv_copy(f->dim[INS_LANGUAGE], INS_NAME, jv_get_str(o, "language"));
	note_mood(f, o);
	f->before_ms = jv_get_int(o, "end_ms", 0);
	note_topic(b, f, jv_get_str(o, "intent"));
	settle(b, f);
}

static void on_bot(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	const jv *used = jv_get(o, "usage");
	if (!f)
		return;
	f->m[INS_bot_turns]++;
	f->m[INS_cost_micros] += jv_get_int(used, "cost_micros", 0);
	f->m[INS_tokens] += jv_get_int(used, "prompt_tokens", 0) +
			    jv_get_int(used, "completion_tokens", 0);
}

static void heard(struct ins_fact *f, const jv *o)
{
	int64_t start = jv_get_int(o, "start_ms", 0), gap = start - f->before_ms;
	if (f->before_ms > 0 && gap >= INS_DEAD_MS) {
		f->m[INS_dead_ms] += gap;
		f->m[INS_dead_n]++;
	}
	f->before_ms = 0;
}

static void on_played(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (f)
		heard(f, o);
}

static void on_cut(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (!f)
		return;
	heard(f, o);
	f->m[INS_cut_in]++;
}

static void on_agent_said(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	sv by = jv_get_str(o, "by");
	if (!f)
		return;
	f->m[INS_agent_turns]++;
	by = by.n ? by : r->actor;
	if (by.n && !is(by, "agent"))
		sv_copy(f->dim[INS_AGENT], INS_NAME, by);
	settle(b, f);
}

static void on_flow(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (f)
		note_topic(b, f, jv_get_str(o, "flow"));
}

static void on_handover(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (!f || (is(r->kind, "call.transfer") && !is(jv_get_str(o, "state"), "asked")))
		return;
	f->m[INS_handed] = 1;
	settle(b, f);
}

static void on_known(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (f)
		note_customer(b, f, r->customer);
}

static void on_closed(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = talk(b, r);
	if (!f)
		return;
	f->m[INS_closed] = 1;
	f->end_ms = r->ts_ms;
	settle(b, f);
	note_customer(b, f, r->customer);
}

/* The last answer counts. survey.answer stands in its conversation, survey.taken names it. */
static void on_survey(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	sv of = r->conversation.n ? r->conversation : jv_get_str(o, "conversation");
	struct ins_fact *f = talk_of(b, of, r->ts_ms);
	int64_t v = jv_get_int(o, "value", -1);
	if (!f || v < 0)
		return;
	if (is(jv_get_str(o, "kind"), "csat")) {
		f->m[INS_csat_n] = 1;
		f->m[INS_csat_sum] = v;
		f->m[INS_csat_good] = v >= 4;        /* top two of five */
	} else if (is(jv_get_str(o, "kind"), "nps")) {
		f->m[INS_nps_n] = 1;
		f->m[INS_nps_sum] = v >= 9 ? 1 : v <= 6 ? -1 : 0;
	}
}

/* ---- stays ---- */

static struct ins_fact *stay_new(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	sv handover = jv_get_str(o, "handover"), of = jv_get_str(o, "conversation");
	ins_stays *v = handover.n ? ins_book_stays(b, handover) : NULL;
	struct ins_fact *f, *t;
	char id[INS_ID];
	if (!v)
		return NULL;
	handover = sv_slice(handover, 0, INS_NAME - 1);
	(void)snprintf(id, sizeof(id), SV_FMT "/%zu", SV_ARG(handover), v->n + 1);
	f = ins_book_get(b, sv_of(id), INS_STAY, r->ts_ms);
	if (!f)
		return NULL;
	f->n = (int64_t)v->n + 1;
	f->changed = true;
	sv_copy(f->handover, INS_NAME, handover);
	sv_copy(f->conversation, INS_NAME, of);
	sv_copy(f->dim[INS_QUEUE], INS_NAME, jv_get_str(o, "queue"));
	struct ins_fact **slot = VEC_PUSH(v, 100000);
	if (slot)
		*slot = f;
	t = talk_of(b, of, r->ts_ms);
	if (t) {
		sv_copy(t->dim[INS_QUEUE], INS_NAME, jv_get_str(o, "queue"));
		note_customer(b, t, r->customer);
	}
	return f;
}

/* The last stay of the hand-over, with agent (when given): the last with that one. */
static struct ins_fact *stay(struct ins_book *b, const jv *o, sv agent)
{
	sv handover = jv_get_str(o, "handover");
	ins_stays *v = handover.n ? ins_book_stays(b, handover) : NULL;
	for (size_t i = v ? v->n : 0; i-- > 0;)
		if (!agent.n || sv_eq(sv_of(v->v[i]->dim[INS_AGENT]), agent)) {
			v->v[i]->changed = true;
			return v->v[i];
		}
	return NULL;
}

static void on_entered(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay_new(b, r, o), *t;
	if (!f)
		return;
	f->m[INS_entered] = 1;
	t = talk_of(b, jv_get_str(o, "conversation"), r->ts_ms);
	if (t && !t->m[INS_handed]) {
		t->m[INS_handed] = 1;
		settle(b, t);
	}
}

static void on_moved(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay(b, o, SV_NULL);
	if (f)
		f->m[INS_moved] = 1;
	f = stay_new(b, r, o);
	if (f)
		f->m[INS_entered] = 1;
}

static void serves(struct ins_book *b, const struct ins_row *r, struct ins_fact *f, sv agent)
{
	struct ins_fact *t = talk_of(b, sv_of(f->conversation), r->ts_ms);
	sv_copy(f->dim[INS_AGENT], INS_NAME, agent);
	if (t && agent.n)
		sv_copy(t->dim[INS_AGENT], INS_NAME, agent);
}

static void on_accepted(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	bool over = is(jv_get_str(o, "how"), "taken_over"); /* it was answered before */
	struct ins_fact *f = over ? stay_new(b, r, o) : stay(b, o, SV_NULL);
	if (!f)
		return;
	serves(b, r, f, jv_get_str(o, "agent"));
	if (over)
		return;
	f->m[INS_answered] = 1;
	f->m[INS_wait_ms] = jv_get_int(o, "waited_ms", 0);
}

static void on_served(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay_new(b, r, o);
	if (f)
		serves(b, r, f, jv_get_str(o, "agent"));
}

static void on_left(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay(b, o, SV_NULL);
	sv how = jv_get_str(o, "how"), why = how.n ? how : jv_get_str(o, "why");
	if (!f)
		return;
	f->m[is(why, "abandoned")       ? INS_abandoned :
	     is(why, "short_abandoned") ? INS_short_abandoned :
	     is(why, "callback")        ? INS_callbacks : INS_left_other] = 1;
	f->m[INS_wait_ms] = jv_get_int(o, "waited_ms", 0);
}

static void on_rejected(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay(b, o, SV_NULL);
	if (f)
		f->m[is(jv_get_str(o, "why"), "no_answer") ? INS_unanswered : INS_rejected]++;
}

static void on_ended(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay(b, o, jv_get_str(o, "agent"));
	sv how = jv_get_str(o, "how");
	if (!f)
		return;
	f->end_ms = r->ts_ms;
	f->m[INS_talk_ms] += jv_get_int(o, "talk_ms", 0);
	f->m[INS_hold_ms] += jv_get_int(o, "hold_ms", 0);
	if (is(how, "taken_over"))
		return;                      /* it goes on with another */
	f->m[INS_handled] = 1;
	f->m[INS_transferred] = is(how, "transferred") || is(how, "agent_gone");
	f->m[INS_returned] = is(how, "returned");
}

static void on_wrapped(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	struct ins_fact *f = stay(b, o, jv_get_str(o, "agent"));
	if (!f)
		return;
	f->m[INS_wrapped] = 1;
	f->m[INS_acw_ms] += jv_get_int(o, "acw_ms", 0);
}

/* ---- agents' time ---- */

static int time_of(sv state)
{
	return is(state, "ready")			       ? INS_ready_ms :
	       is(state, "paused")			       ? INS_paused_ms :
	       is(state, "offline") || !state.n ? -1 : INS_busy_ms;
}

/* The time in the state before, in the quarters in which it went by. */
static void on_state(struct ins_book *b, const struct ins_row *r, const jv *o)
{
	int64_t ms = jv_get_int(o, "ms", 0);
	int64_t at = jv_get_int(o, "since_ms", r->ts_ms - ms), over = at + ms;
	int m = time_of(jv_get_str(o, "from"));
	sv agent = jv_get_str(o, "agent");
	if (m < 0 || !agent.n || ms <= 0 || ms > 366 * INS_DAY_MS || at <= 0 || over > r->ts_ms)
		return;
	while (at < over) {
		int64_t quarter = at - at % INS_QUARTER_MS, end = quarter + INS_QUARTER_MS;
		char id[INS_ID];
		struct ins_fact *f;
		end = end < over ? end : over;
		(void)snprintf(id, sizeof(id), "@" SV_FMT "/%lld", SV_ARG(sv_slice(agent, 0, 56)),
			       (long long)(quarter / INS_QUARTER_MS));
		f = ins_book_get(b, sv_of(id), INS_TIME, quarter);
		if (!f)
			return;
		sv_copy(f->dim[INS_AGENT], INS_NAME, agent);
		f->m[m] += end - at;
		f->changed = true;
		at = end;
	}
}

static const struct { const char *kind; fold_fn *fn; } kinds[] = {
	{ "agent.state", on_state },	     { "call.transfer", on_handover },
	{ "conversation.closed", on_closed }, { "conversation.opened", on_opened },
	{ "customer.known", on_known },	     { "flow.saved", on_flow },
	{ "handover", on_handover },	     { "queue.accepted", on_accepted },
	{ "queue.ended", on_ended },	     { "queue.entered", on_entered },
	{ "queue.left", on_left },	     { "queue.moved", on_moved },
	{ "queue.rejected", on_rejected },   { "queue.served", on_served },
	{ "queue.wrapped", on_wrapped },     { "survey.answer", on_survey },
	{ "survey.taken", on_survey },	     { "turn.agent", on_agent_said },
	{ "turn.bot", on_bot },		     { "turn.customer", on_customer },
	{ "turn.cut", on_cut },		     { "turn.played", on_played },
};

void ins_fold(struct ins_book *b, const struct ins_row *r)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds) && !b->rc; i++) {
		if (!is(r->kind, kinds[i].kind))
			continue;
		jv *o = jv_parse(r->body, NULL);
		if (o)
			kinds[i].fn(b, r, o);
		jv_free(o);
		return;
	}
}
