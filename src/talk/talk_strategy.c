/* talk_strategy.c: how the customer is served: the mood over the turns, the strategy table's
 * choice for each turn, and what follows from it in words, pace, offers, hand-over and alerts.
 *
 * talk_follow follows every turn of the customer; talk_plan asks the table when a turn is thought
 * about and again when the search came back. What is chosen reaches the reply through openings
 * and endings, texts of a style ("decline_calm"), the prompt (talk_prompt.c), the speed of the
 * voice (talk_pace) and rows: handover, alert.supervisor, offer.made. The table decides, a
 * language model never does. Pure like the rest of the core. */
#include "talk_core.h"

#include <stdio.h>

#define SHOWS 0.3                /* a share that counts as showing a mood */
#define ABOUT 0.5                /* a wish this likely is what it is about: it chooses the queue */

/* ---- the mood ---- */

/* On the phone words that follow others which wait are one turn with them: it counts once, with
 * the stronger of both readings. */
static void join_reading(struct talk_core *c, struct feel_reading *r)
{
	if (!c->voice || c->n_queue == 0) {
		c->track_before = c->track;
		return;
	}
	c->track = c->track_before;
	if (c->heard_mood.share[FEEL_NEUTRAL] < r->share[FEEL_NEUTRAL])
		*r = c->heard_mood;
}

static bool unhelped(const struct feel_reading *r)
{
	return r->share[FEEL_CONFUSED] >= SHOWS || r->share[FEEL_FRUSTRATED] >= SHOWS ||
	       r->share[FEEL_ANGRY] >= SHOWS;
}

void talk_follow(struct talk_core *c, sv text)
{
	int was = c->track.mood;
	struct feel_reading r = c->feel.now;
	join_reading(c, &r);
	c->heard_mood = r;
	c->turned = feel_track_turn(&c->track, &r, c->turn + 1);
	if (c->answered && unhelped(&r))
		c->attempts++;
	c->answered = false;
	if (c->track.mood != was &&
	    (c->track.mood == FEEL_SATISFIED || c->track.mood == FEEL_RELIEVED))
		c->attempts = 0;
	if (c->feel.intent_p >= ABOUT && !c->feel.wants_human && !c->feel.small_talk)
		(void)snprintf(c->person.intent, sizeof(c->person.intent), "%s", c->feel.intent);
	if (c->table)
		c->topics = policy_topics_kept(c->table, c->topics) |
			    policy_topics(c->table, text, c->feel.intent, c->feel.intent_p,
					  SV_NULL);
}

void talk_record_turning(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	if (!c->turned || !c->track.n_turning)
		return;
	const struct feel_turning *x = &c->track.turning[c->track.n_turning - 1];
	sb_init(&b, 1024);
	sb_fmt(&b, "{\"turn\":%d,\"from\":\"%s\",\"to\":\"%s\",\"valence\":%.2f,\"why\":", x->turn,
	       feel_mood_name(x->from), feel_mood_name(x->to), x->valence);
	sb_json(&b, sv_of(x->why));
	sb_ch(&b, '}');
	talk_act_record(c, acts, "mood.turn", "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

void talk_put_mood(const struct talk_core *c, struct sb *b)
{
	const struct feel_track *t = &c->track;
	sb_fmt(b,
	       "{\"class\":\"%s\",\"valence\":%.2f,\"arousal\":%.2f,\"trend\":%.2f,"
	       "\"sustained\":%d,\"turn_valence\":%.2f}",
	       feel_mood_name(t->mood), t->valence, t->arousal, t->trend, t->angry,
	       c->heard_mood.valence);
}

/* ---- the plan ---- */

static struct policy_case case_of(const struct talk_core *c, enum policy_found found)
{
	return (struct policy_case){
		.track = &c->track,
		.intent = c->feel.intent,
		.tier = c->profile ? c->profile->tier : SV_NULL,
		.identified = c->profile != NULL,
		.repeat = (c->profile && c->profile->contacts_7d > 0) || c->contacts > 0,
		.attempts = c->attempts,
		.topics = c->topics,
		.found = found,
		.voice = c->voice,
		.wants_human = c->feel.wants_human,
		.small_talk = c->feel.small_talk,
		.lang = sv_of(c->lang),
		.seed = c->seed,
		.turn = c->turn,
		.held = c->choices,
		.n_held = c->n_choices,
	};
}

void talk_plan(struct talk_core *c, enum policy_found found)
{
	if (!c->table)
		return;
	struct policy_case k = case_of(c, found);
	policy_plan(c->table, &k, &c->plan);
	c->planned = found;
	c->plans = true;
}

void talk_put_plan(struct talk_core *c, struct sb *b)
{
	struct policy_case k = case_of(c, c->planned);
	policy_plan_json(c->table, &k, &c->plan, b);
	policy_choice_keep(c->choices, &c->n_choices, &c->plan);
}

int talk_pace(const struct talk_core *c)
{
	int pace = c->plans ? c->plan.act.pace : 100;
	return c->voice && pace != 100 ? pace : 0;
}

/* ---- words ---- */

static bool said_lately(const struct talk_core *c, uint64_t print)
{
	for (int i = 0; i < TALK_RECENT; i++)
		if (c->recent[i] == print)
			return true;
	return false;
}

/* A variant that was not said lately; when all were, the one after the last. */
sv talk_vary(struct talk_core *c, const char *key)
{
	sv lang = sv_of(c->lang), text = talk_text(c->cfg->texts, lang, key, c->variety++);
	for (int i = 0; i < TALK_RECENT && text.n && said_lately(c, sv_hash(text)); i++)
		text = talk_text(c->cfg->texts, lang, key, c->variety++);
	memmove(&c->recent[1], &c->recent[0], sizeof(c->recent[0]) * (TALK_RECENT - 1));
	c->recent[0] = sv_hash(text);
	return text;
}

const char *talk_key(const struct talk_core *c, const char *key, char buf[TALK_KEY])
{
	if (!c->plans)
		return key;
	const char *tail = policy_style_name(c->plan.act.style);
	for (int i = 0; i < 2; i++) {
		(void)snprintf(buf, TALK_KEY, "%s_%s", key, tail);
		if (talk_text(c->cfg->texts, sv_of(c->lang), buf, 0).n)
			return buf;
		if (!c->plan.act.simplify)
			break;
		tail = "simple";
	}
	return key;
}

/* "" when nothing is said first. */
static const char *opening_key(const struct talk_core *c, char buf[TALK_KEY])
{
	const struct policy_do *a = &c->plan.act;
	if (!c->plans)
		return c->t.act.tone == TONE_EMPATHIC ? "empathy" : "";
	/* said a turn ago, and the customer goes on quietly: once is enough */
	if (c->sorry_turn > 0 && c->sorry_turn >= c->turn - 1 && !unhelped(&c->heard_mood))
		return "";
	if (a->apology == APOLOGY_FULL)
		return "apology_full";
	if (a->apology == APOLOGY_SHORT)
		return "empathy";
	if (a->style != TONE_EMPATHIC && a->style != TONE_CALM)
		return "";
	(void)snprintf(buf, TALK_KEY, "care_%s", feel_mood_name(c->track.mood));
	return buf;
}

sv talk_with_empathy(struct talk_core *c, sv text, struct arena *a)
{
	char buf[TALK_KEY];
	const char *key = opening_key(c, buf);
	sv opening = key[0] ? talk_vary(c, key) : SV_NULL;
	if (!opening.n)
		return text;
	c->sorry_turn = c->turn;
	return sv_of(arena_fmt(a, SV_FMT "%s" SV_FMT, SV_ARG(opening), talk_gap(c), SV_ARG(text)));
}

static void add(struct talk_core *c, struct sb *b, sv text)
{
	if (text.n)
		sb_fmt(b, "%s" SV_FMT, b->n ? talk_gap(c) : "", SV_ARG(text));
}

static void record_offer(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct policy_do *o = &c->plan.act;
	sv body = sv_of(arena_fmt(a, "{\"offer\":\"%s\",\"max\":%g,\"row\":\"%s\"}",
				  policy_offer_id(c->table, o->offer), o->max,
				  policy_row_id(c->table, c->plan.row)));
	talk_act_record(c, acts, "offer.made", "bot", body);
	c->offers |= UINT64_C(1) << o->offer;
}

/* What follows an answer: an offer (each once), a person, or whether it was clear. */
sv talk_ending(struct talk_core *c, enum policy_action action, struct arena *a,
	       struct talk_acts *acts)
{
	struct sb b;
	const struct policy_do *p = &c->plan.act;
	if (!c->plans || !c->in_turn || (action != POL_REPLY && action != POL_HANDOFF))
		return SV_NULL;
	sb_init(&b, 4096);
	if (p->offer >= 0 && !(c->offers >> p->offer & 1)) {
		add(c, &b, policy_offer_text(c->table, p->offer, sv_of(c->lang)));
		record_offer(c, a, acts);
	}
	if (action == POL_REPLY && p->human == HUMAN_OFFER)
		add(c, &b, talk_vary(c, c->voice ? "offer_person_voice" : "offer_person"));
	else if (action == POL_REPLY && p->simplify)
		add(c, &b, talk_vary(c, "simple_check"));
	sv out = arena_sv(a, sb_sv(&b));
	sb_done(&b);
	return out;
}

/* ---- who else must know ---- */

static void put_turnings(const struct feel_track *t, struct sb *b)
{
	sb_cstr(b, ",\"turnings\":[");
	for (int i = 0; i < t->n_turning; i++) {
		const struct feel_turning *x = &t->turning[i];
		sb_fmt(b, "%s{\"turn\":%d,\"from\":\"%s\",\"to\":\"%s\",\"why\":", i ? "," : "",
		       x->turn, feel_mood_name(x->from), feel_mood_name(x->to));
		sb_json(b, sv_of(x->why));
		sb_ch(b, '}');
	}
	sb_ch(b, ']');
}

static void record_case(struct talk_core *c, const char *rec, int priority, sv packet,
			struct arena *a, struct talk_acts *acts)
{
	const struct policy_plan *p = &c->plan;
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"priority\":%d,\"row\":\"%s\",\"why\":", priority,
	       c->plans ? policy_row_id(c->table, p->row) : "");
	sb_json(&b, c->plans ? policy_row_why(c->table, p->row, sv_of(c->lang)) : SV_NULL);
	sb_fmt(&b, ",\"language\":\"%s\",\"intent\":\"%s\",\"attempts\":%d,\"mood\":", c->lang,
	       c->feel.intent, c->attempts);
	talk_put_mood(c, &b);
	put_turnings(&c->track, &b);
	if (c->box) {
		sb_cstr(&b, ",\"case\":");
		talk_case_json(c, &b);
	}
	if (packet.n)
		sb_fmt(&b, ",\"handover\":" SV_FMT, SV_ARG(packet));
	sb_ch(&b, '}');
	talk_act_record(c, acts, rec, "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

/* Once for each row that asks for it, and again when it matters more. */
static void alert(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	const struct policy_do *p = &c->plan.act;
	if (!p->alert || (c->alerted && p->priority <= c->alert_priority))
		return;
	c->alerted = true;
	c->alert_priority = p->priority;
	record_case(c, "alert.supervisor", p->priority, SV_NULL, a, acts);
}

void talk_tell_others(struct talk_core *c, enum policy_action action, struct arena *a,
		      struct talk_acts *acts)
{
	if (!c->plans || !c->in_turn)
		return;
	if (policy_row_asks(c->table, c->plan.row, "tier"))
		talk_profile_use(c, TALK_USE_TIER, a, acts);
	if (policy_row_asks(c->table, c->plan.row, "repeat") && c->profile &&
	    c->profile->contacts_7d > 0)
		talk_profile_use(c, TALK_USE_HISTORY, a, acts);
	alert(c, a, acts);
	if (action != POL_HANDOFF || talk_people_there(c) ||
	    (c->handed && c->plan.act.priority <= c->hand_priority))
		return;
	c->handed = true;
	c->hand_priority = c->plan.act.priority;
	record_case(c, "handover", c->plan.act.priority, SV_NULL, a, acts);
}

void talk_record_handover(struct talk_core *c, int priority, sv packet, struct arena *a,
			  struct talk_acts *acts)
{
	record_case(c, "handover", priority, packet, a, acts);
}

struct policy_table *talk_own_strategy(void)
{
	struct policy_table *t = NULL;
	struct cfg_report rep = { 0 };
	int rc = policy_table_new(&t, SV_NULL, "strategy.yaml", NULL, &rep);
	ASSERT(rc == 0);     /* it is tested with the program */
	cfg_report_done(&rep);
	return t;
}
