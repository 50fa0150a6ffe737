/* app_history_day.c: one day of the made-up history: who comes when, what is said, who serves, in
 * rows as real conversations leave them.
 *
 * A day follows from the plan and its date alone, so days can be made one by one, in any process.
 * Counts are Poisson about weekday x hour x trend x holiday; handling times are lognormal; waits
 * follow from who is there. A day of an outage comes HIST_LATE_DAYS before the end. */
#include "app_history_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define PER_DAY 140.0
#define MIN INT64_C(60000)
enum { ROWS_MAX = 100000, TALKS_MAX = 10000, PHONE = 0, CHAT, MAIL };

static const char *const channels[] = { "phone", "webchat", "email" };
static const char *const media[] = { "voice", "chat", "email" };

/* ---- small tools ---- */

int64_t hist_at(const struct hist_day *d, int minute)
{
	struct cal_time t = { 0 };
	cal_date(d->day, &t);
	t.hour = minute / 60;
	t.minute = minute % 60;
	return cal_instant(d->b->zone, &t);
}

/* 48 bits of time, 80 of chance, as ULIDs are. */
void hist_ulid(struct hist_day *d, int64_t ms, char out[HIST_ID])
{
	static const char digit[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	for (int i = 9; i >= 0; i--, ms >>= 5)
		out[i] = digit[ms & 31];
	for (int i = 10; i < 26; i++)
		out[i] = digit[rng_below(&d->rng, 32)];
	out[26] = 0;
}

int64_t hist_long_ms(struct hist_day *d, double med_s, double least_s, double most_s)
{
	double s = med_s * exp(0.5 * rng_normal(&d->rng));
	s = s < least_s ? least_s : s > most_s ? most_s : s;
	return (int64_t)(s * 1000);
}

struct hist_row *hist_row(struct hist_day *d, int talk, int64_t ts, const char *kind,
			  const char *actor, jv *body)
{
	struct hist_row *r = VEC_PUSH(&d->rows, ROWS_MAX);
	struct sb b;
	if (r) {
		sb_init(&b, LIM_SB);
		jv_dump(body, &b);
		*r = (struct hist_row){ .ts_ms = ts, .talk = talk, .order = (int)d->rows.n,
					.kind = kind, .actor = actor,
					.body = arena_sv(&d->a, sb_sv(&b)) };
		sb_done(&b);
	}
	if (r && talk >= 0) {
		struct hist_talk *t = &d->talks.v[talk];
		r->turn = t->turns;
		t->last_ms = ts > t->last_ms ? ts : t->last_ms;
	}
	jv_free(body);
	return r;
}

static bool chance(struct hist_day *d, double p)
{
	return rng_unit(&d->rng) < p;
}

static sv one_of(struct hist_day *d, const struct hist_list *l)
{
	return l->v[rng_below(&d->rng, l->n)];
}

static int64_t seconds(struct hist_day *d, double least, double most)
{
	return (int64_t)((least + (most - least) * rng_unit(&d->rng)) * 1000);
}

/* Knuth's product, means of hours only. */
static int poisson(struct hist_day *d, double mean)
{
	double stop = exp(-mean), p = rng_unit(&d->rng);
	int n = 0;
	while (p > stop && n < 1000) {
		p *= rng_unit(&d->rng);
		n++;
	}
	return n;
}

/* ---- who comes ---- */

struct contact {
	int64_t at, hand, from;      /* begins; wants a person; first moment of the sound */
	int talk, lang, channel, say;
	const struct hist_topic *topic;
	/* the failed delivery; a person is wanted; they waited no longer */
	bool late, handed, left;
	const char *agent;           /* who served last, NULL = nobody */
	double mood;
};
typedef VEC(struct contact) contacts;

/* Of a thousand contacts of a day. */
static const int by_hour[24] = { 6,  3,	 2,  2,	 2,  3,	 8,  22, 52, 78, 92, 84,
				 60, 62, 76, 80, 76, 66, 58, 56, 50, 36, 18, 8 };
static const double by_weekday[8] = { 0, 1.28, 1.1, 1.02, 1, 0.98, 0.86, 0.76 };

static bool failed_here(const struct hist_day *d, int hour)
{
	return d->p->first_day + d->p->days - HIST_LATE_DAYS == d->day && hour >= 9 && hour < 18;
}

/* On a weekday that the office has off. */
static bool holiday(const struct hist_day *d, int weekday)
{
	return weekday < 6 && !cal_open(d->b->office, hist_at(d, 600));
}

static double level(struct hist_day *d)
{
	struct cal_time on;
	double left = (double)(d->p->first_day + d->p->days - d->day);
	cal_date(d->day, &on);
	return PER_DAY * by_weekday[on.weekday] * (1 - 0.12 * left / 90) *
	       (holiday(d, on.weekday) ? 0.6 : 1) * exp(0.06 * rng_normal(&d->rng));
}

static const struct hist_topic *topic_of(struct hist_day *d, bool late)
{
	double all = 0;
	size_t i;
	if (late && chance(d, 0.75)) {       /* the first asks where it is, the last complains */
		sv id = chance(d, 0.35) ? SV("complaint") : SV("order_status");
		for (i = 0; i < d->b->topics; i++)
			if (sv_eq(d->b->topic[i].id, id))
				return &d->b->topic[i];
	}
	for (i = 0; i < d->b->topics; i++)
		all += d->b->topic[i].share;
	all *= rng_unit(&d->rng);
	for (i = 0; i + 1 < d->b->topics && all >= d->b->topic[i].share; i++)
		all -= d->b->topic[i].share;
	return &d->b->topic[i];
}

static void arrive(struct hist_day *d, contacts *all, int hour)
{
	struct contact *c = VEC_PUSH(all, TALKS_MAX);
	double x = rng_unit(&d->rng);
	int minutes = hour == 23 ? 30 : 60;  /* everything ends within its day */
	if (!c)
		return;
	c->at = hist_at(d, hour * 60) + (int64_t)(rng_unit(&d->rng) * minutes * 60000);
	c->lang = chance(d, 0.4);
	c->channel = x < 0.45 ? PHONE : x < 0.85 ? CHAT : MAIL;
	c->late = failed_here(d, hour) && chance(d, 0.8);
	c->topic = topic_of(d, c->late);
	c->late = c->late && (sv_eq(c->topic->id, SV("complaint")) ||
			      sv_eq(c->topic->id, SV("order_status")));
	c->handed = chance(d, c->topic->handed + (c->late ? 0.15 : 0)) && hour >= 8 && hour < 21;
	c->mood = c->topic->mood - (c->late ? 0.5 : 0) + 0.3 * rng_normal(&d->rng);
}

static int by_begin(const void *a, const void *b)
{
	int64_t x = ((const struct contact *)a)->at, y = ((const struct contact *)b)->at;
	return (x > y) - (x < y);
}

static int by_wish(const void *a, const void *b)
{
	int64_t x = ((const struct contact *)a)->hand, y = ((const struct contact *)b)->hand;
	return (x > y) - (x < y);
}

/* ---- what is said ---- */

static double clip(double v)
{
	return v < -1 ? -1 : v > 1 ? 1 : v;
}

static const char *emotion_of(double v)
{
	return v < -0.8 ? "angry" : v < -0.55 ? "frustrated" : v < -0.35 ? "anxious" :
	       v > 0.4 ? "satisfied" : "neutral";
}

/* {p} is a product. */
static sv filled(struct hist_day *d, sv text, int lang)
{
	ptrdiff_t at = sv_find(text, SV("{p}"));
	sv p = one_of(d, &d->b->words[HW_PRODUCTS][lang]);
	if (at < 0)
		return text;
	return sv_of(arena_fmt(&d->a, SV_FMT SV_FMT SV_FMT, SV_ARG(sv_slice(text, 0, (size_t)at)),
			       SV_ARG(p), SV_ARG(sv_slice(text, (size_t)at + 3, text.n))));
}

static sv opening(struct hist_day *d, const struct contact *c)
{
	const struct hist_list *l = c->late ? &d->b->words[HW_LATE][c->lang] :
					      &c->topic->say[c->lang];
	sv text = filled(d, one_of(d, l), c->lang);
	if (chance(d, 0.7))
		return text;
	sv first = one_of(d, &d->b->words[HW_OPENS][c->lang]);
	return sv_of(arena_fmt(&d->a, SV_FMT SV_FMT, SV_ARG(first), SV_ARG(text)));
}

static void said(struct hist_day *d, struct contact *c, sv text, const char *who)
{
	struct hist_talk *t = &d->talks.v[c->talk];
	t->last_text = text;
	t->last_actor = who;
}

static jv *mood_json(double v)
{
	jv *m = jv_obj();
	jv_set_num(m, "turn_valence", round(v * 100) / 100);
	return m;
}

/* intent NULL: the topic's. */
static void customer_says(struct hist_day *d, struct contact *c, int64_t *now, sv text,
			  const char *intent)
{
	struct hist_talk *t = &d->talks.v[c->talk];
	int64_t takes = c->channel == PHONE ? seconds(d, 2, 6) : seconds(d, 6, 25);
	jv *o = jv_obj();
	*now += takes;
	jv_set_str(o, "text", text);
	if (c->channel == PHONE)
		jv_set_str(o, "via", SV("speech"));
	jv_set_str(o, "intent", intent ? sv_of(intent) : c->topic->id);
	if (strcmp(emotion_of(c->mood), "neutral") != 0)
		jv_set_str(o, "emotion", sv_of(emotion_of(c->mood)));
	jv_set(o, "mood", mood_json(clip(c->mood)));
	if (c->channel == PHONE) {
		jv_set_int(o, "start_ms", *now - takes + 400 - c->from);
		jv_set_int(o, "end_ms", *now - c->from);
	}
	t->turns++;
	hist_row(d, c->talk, *now, "turn.customer", "customer", o);
	t->emotion = emotion_of(c->mood);
	said(d, c, text, "customer");
}

/* A row only of what reports count: a reply that was cut short, or that came late. */
static void played(struct hist_day *d, struct contact *c, int64_t *now, sv text, bool slow)
{
	bool cut = chance(d, 0.06);
	int64_t start = *now - c->from;
	int64_t takes = (int64_t)sv_runes(text) * (c->lang ? 65 : 210);
	takes = takes > 20000 ? 20000 : takes;
	takes = cut ? takes / 3 : takes;
	*now += takes;
	if (!cut && !slow)
		return;
	jv *o = jv_obj();
	jv_set_int(o, "say_id", c->say);
	jv_set_int(o, "start_ms", start);
	jv_set_int(o, "end_ms", start + takes);
	hist_row(d, c->talk, *now, cut ? "turn.cut" : "turn.played", "bot", o);
}

static jv *citation(const struct hist_article *x, const char *lang)
{
	jv *o = jv_obj(), *list = jv_arr();
	jv_set_str(o, "article_id", x->id);
	jv_set_int(o, "version", x->version);
	jv_set_str(o, "title", x->title);
	jv_set_str(o, "quote", x->quote);
	jv_set_str(o, "lang", sv_of(lang));
	jv_push(list, o);
	return list;
}

/* from: the article that it quotes, or NULL. */
static void bot_says(struct hist_day *d, struct contact *c, int64_t *now, sv text,
		     const char *action, const struct hist_article *from)
{
	struct hist_talk *t = &d->talks.v[c->talk];
	bool slow = chance(d, 0.02);         /* dead air on the telephone */
	int64_t takes = c->channel == MAIL ? seconds(d, 20, 90) :
			slow               ? seconds(d, 4, 7) : seconds(d, 0.5, 1.5);
	jv *o = jv_obj();
	*now += takes;
	jv_set_str(o, "text", text);
	jv_set_int(o, "say_id", ++c->say);
	jv_set_str(o, "action", sv_of(action));
	jv_set_str(o, "intent", c->topic->id);
	if (from)
		jv_set(o, "citations", citation(from, t->lang));
	jv_set_bool(o, "grounded", from != NULL);
	hist_row(d, c->talk, *now, "turn.bot", "bot", o);
	t->last_action = action;
	said(d, c, text, "bot");
	if (c->channel == PHONE)
		played(d, c, now, text, slow);
}

static void greets(struct hist_day *d, struct contact *c, int64_t *now)
{
	sv text = d->b->says[c->channel == PHONE ? HS_VOICE : HS_HELLO][c->lang];
	jv *o = jv_obj();
	*now += seconds(d, 0.3, 0.8);
	jv_set_str(o, "text", text);
	jv_set_int(o, "say_id", ++c->say);
	jv_set_str(o, "action", SV("reply"));
	hist_row(d, c->talk, *now, "turn.bot", "bot", o);
	*now += c->channel == PHONE ? 4500 : 1000;
}

static void answer(struct hist_day *d, struct contact *c, int64_t *now)
{
	const struct hist_article *x = &c->topic->article[c->lang];
	if (x->id.n)
		bot_says(d, c, now, x->quote, "reply", x);
	else
		bot_says(d, c, now, d->b->says[HS_UNKNOWN][c->lang], "decline", NULL);
}

static void mood_turned(struct hist_day *d, const struct contact *c, int64_t now, double was)
{
	jv *o;
	if (fabs(c->mood - was) < 0.45)
		return;
	o = jv_obj();
	jv_set_int(o, "turn", d->talks.v[c->talk].turns);
	jv_set_str(o, "from", sv_of(emotion_of(was)));
	jv_set_str(o, "to", sv_of(emotion_of(c->mood)));
	jv_set_num(o, "valence", round(clip(c->mood) * 100) / 100);
	hist_row(d, c->talk, now, "mood.turn", "system", o);
}

static bool talk_new(struct hist_day *d, struct contact *c)
{
	struct hist_talk *t = VEC_PUSH(&d->talks, TALKS_MAX);
	jv *o = jv_obj();
	if (!t)
		return jv_free(o), false;
	c->talk = (int)d->talks.n - 1;
	hist_ulid(d, c->at, t->id);
	hist_ulid(d, c->at, t->interaction);
	t->channel = channels[c->channel];
	t->lang = hist_langs[c->lang];
	t->end_by = "customer";
	t->last_action = "";
	t->started_ms = c->at;
	if (chance(d, 0.1))          /* few say who they are */
		t->customer = one_of(d, &d->b->customers[c->lang]);
	jv_set_str(o, "channel", sv_of(t->channel));
	jv_set_str(o, "language", sv_of(t->lang));
	jv_set_bool(o, "sample", true);
	hist_row(d, c->talk, c->at, "conversation.opened", "system", o);
	return true;
}

/* With the machine, until a person is wanted or all is said. */
static void with_bot(struct hist_day *d, struct contact *c)
{
	int64_t now = c->at;
	int more = c->channel != MAIL && chance(d, 0.25);
	double was = c->mood;
	c->from = c->at;
	if (c->channel != MAIL)
		greets(d, c, &now);
	customer_says(d, c, &now, opening(d, c), NULL);
	answer(d, c, &now);
	for (int i = 0; i < more; i++) {
		c->mood += (c->handed ? -0.12 : 0.12) + 0.1 * rng_normal(&d->rng);
		customer_says(d, c, &now, one_of(d, &d->b->words[HW_MORE][c->lang]), NULL);
		answer(d, c, &now);
	}
	if (c->handed) {
		customer_says(d, c, &now, one_of(d, &d->b->words[HW_PERSON][c->lang]),
			      "talk_to_human");
		mood_turned(d, c, now, was);
		bot_says(d, c, &now, d->b->says[HS_HANDOFF][c->lang], "handoff", NULL);
	} else if (c->channel != MAIL && chance(d, 0.4)) {
		c->mood += 0.3;
		customer_says(d, c, &now, one_of(d, &d->b->words[HW_GLAD][c->lang]), "thanks");
		bot_says(d, c, &now, d->b->says[HS_BYE][c->lang], "end", NULL);
	}
	c->hand = now;
}

/* ---- with a person ---- */

static jv *stay(const struct hist_day *d, const struct contact *c, const char *handover,
		sv queue)
{
	jv *o = jv_obj();
	jv_set_str(o, "handover", sv_of(handover));
	jv_set_str(o, "conversation", sv_of(d->talks.v[c->talk].id));
	jv_set_str(o, "queue", queue);
	return o;
}

/* Rows of the queue stand outside their conversation, and are its own all the same. */
static void queue_row(struct hist_day *d, const struct contact *c, int64_t ts, const char *kind,
		      const char *actor, jv *body)
{
	struct hist_row *r = hist_row(d, c->talk, ts, kind, actor, body);
	if (!r)
		return;
	r->outside = true;
	r->customer = d->talks.v[c->talk].customer;
}

static void agent_says(struct hist_day *d, struct contact *c, int64_t now, int who,
		       enum hist_words k)
{
	sv text = one_of(d, &d->b->words[k][c->lang]);
	jv *o = jv_obj();
	jv_set_str(o, "text", text);
	jv_set_str(o, "by", sv_of(hist_login(who)));
	jv_set_str(o, "name", sv_of(hist_name(who)));
	hist_row(d, c->talk, now, "turn.agent", "agent", o);
	said(d, c, text, "agent");
}

static void accepted(struct hist_day *d, struct contact *c, int64_t now, int who)
{
	jv *o = jv_obj();
	jv_set_str(o, "agent", sv_of(hist_login(who)));
	jv_set_str(o, "name", sv_of(hist_name(who)));
	hist_row(d, c->talk, now, "handover.accepted", "agent", o);
	agent_says(d, c, now + seconds(d, 1, 4), who, c->mood < -0.5 ? HW_SORRY : HW_AGENTS);
}

/* now: a while before the agent's part ends, 30 s after it began at the least. */
static void settled(struct hist_day *d, struct contact *c, int64_t now, int who)
{
	agent_says(d, c, now, who, HW_SETTLED);
	c->mood += 0.35 + 0.2 * rng_normal(&d->rng);
	if (c->channel != MAIL)
		customer_says(d, c, &now, one_of(d, &d->b->words[HW_GLAD][c->lang]), "thanks");
}

/* Nobody came in time. */
static void left(struct hist_day *d, struct contact *c, const char *handover, int64_t ts,
		 int64_t waited, bool nobody)
{
	jv *o = stay(d, c, handover, c->topic->queue);
	jv_set_str(o, "why", nobody ? SV("callback") :
			     waited < 5000 ? SV("short_abandoned") : SV("abandoned"));
	jv_set_int(o, "waited_ms", waited);
	queue_row(d, c, ts + waited, "queue.left", nobody ? "system" : "customer", o);
	c->hand = ts + waited;
	c->left = true;
}

/* One stint from the moment ts at which it waits; the end in *ret. False: it left. */
static bool stint(struct hist_day *d, struct contact *c, struct hist_team *team,
		  const char *handover, int64_t ts, bool last, int64_t *ret)
{
	int64_t at[3] = { 0 },
		hold = c->channel == PHONE && chance(d, 0.15) ? seconds(d, 20, 90) : 0;
	int64_t patience = c->channel == MAIL ? INT64_C(86400000) :
			   (int64_t)(-log(1 - rng_unit(&d->rng)) * 240000) + 1500;
	int who = hist_team_find(team, d, ts, c->lang, &at[0]);
	if (who < 0 || at[0] - ts > patience) {
		left(d, c, handover, ts, who < 0 && patience > 60000 ? 60000 : patience, who < 0);
		return false;
	}
	at[1] = at[0] + hist_long_ms(d, c->topic->aht_s, 30, 2400) + hold;
	at[2] = at[1] + hist_long_ms(d, 30, 5, 240);
	jv *o = stay(d, c, handover, c->topic->queue);
	jv_set_str(o, "agent", sv_of(hist_login(who)));
	jv_set_str(o, "how", SV("console"));
	jv_set_int(o, "waited_ms", at[0] - ts);
	queue_row(d, c, at[0], "queue.accepted", hist_login(who), o);
	accepted(d, c, at[0], who);
	if (last)
		settled(d, c, at[1] - 26000, who);
	o = stay(d, c, handover, c->topic->queue);
	jv_set_str(o, "agent", sv_of(hist_login(who)));
	jv_set_str(o, "how", last ? SV("ended") : SV("transferred"));
	jv_set_int(o, "talk_ms", at[1] - at[0] - hold);
	jv_set_int(o, "hold_ms", hold);
	queue_row(d, c, at[1], "queue.ended", hist_login(who), o);
	o = stay(d, c, handover, c->topic->queue);
	jv_set_str(o, "agent", sv_of(hist_login(who)));
	jv_set_int(o, "acw_ms", at[2] - at[1]);
	jv_set_str(o, "disposition", c->topic->disposition);
	queue_row(d, c, at[2], "queue.wrapped", hist_login(who), o);
	hist_team_serve(team, d, who, at);
	c->agent = hist_login(who);
	*ret = at[1];
	return true;
}

static void entered(struct hist_day *d, const struct contact *c, const char *handover, int64_t ts,
		    const char *how)
{
	jv *o = stay(d, c, handover, c->topic->queue);
	jv_set_str(o, "media", sv_of(media[c->channel]));
	jv_set_str(o, "kind", SV("live"));
	jv_set_str(o, "language", sv_of(hist_langs[c->lang]));
	jv_set_str(o, "how", sv_of(how));
	queue_row(d, c, ts, "queue.entered", "system", o);
}

static void with_person(struct hist_day *d, struct contact *c, struct hist_team *team)
{
	char handover[HIST_ID];
	int64_t ts = c->hand, end = ts;
	bool twice = chance(d, 0.06);
	jv *o = jv_obj();
	hist_ulid(d, ts, handover);
	jv_set_int(o, "priority", 0);
	jv_set_str(o, "language", sv_of(hist_langs[c->lang]));
	jv_set_str(o, "intent", c->topic->id);
	hist_row(d, c->talk, ts, "handover", "system", o);
	entered(d, c, handover, ts, "asked");
	if (!stint(d, c, team, handover, ts, !twice, &end)) {
		c->mood -= 0.3;
		return;
	}
	if (twice) {
		entered(d, c, handover, end, "transferred");
		if (!stint(d, c, team, handover, end, true, &end))
			return;
	}
	d->talks.v[c->talk].end_by = c->channel == PHONE ? "customer" : "agent";
	c->hand = end;
}

/* ---- how it ends ---- */

static jv *opinion(const struct contact *c, bool nps)
{
	jv *o = jv_obj();
	jv_set_str(o, "kind", nps ? SV("nps") : SV("csat"));
	jv_set_str(o, "of", c->agent ? SV("agent") : SV("bot"));
	jv_set_str(o, "agent", sv_of(c->agent));
	return o;
}

/* Of those who stayed to the end, half are asked, and half of those answer. */
static void survey(struct hist_day *d, struct contact *c, int64_t *now)
{
	bool nps = chance(d, 0.12);
	double v = clip(c->mood) + 0.15 * rng_normal(&d->rng);
	int value = (int)lround(nps ? 7.6 + 2.6 * v : 3.8 + 1.3 * v);
	int most = nps ? 10 : 5, least = nps ? 0 : 1;
	if (c->channel == MAIL || c->left || !chance(d, 0.5))
		return;
	*now += 500;
	hist_row(d, c->talk, *now, "survey", "bot", opinion(c, nps));
	if (!chance(d, 0.5))
		return;
	jv *o = opinion(c, nps);
	jv_set_int(o, "value", value < least ? least : value > most ? most : value);
	jv_set_str(o, "text", SV(""));
	*now += seconds(d, 4, 12);
	hist_row(d, c->talk, *now, "survey.answer", "customer", o);
}

static void closed(struct hist_day *d, struct contact *c)
{
	struct hist_talk *t = &d->talks.v[c->talk];
	int64_t now = c->hand;
	jv *o = jv_obj();
	survey(d, c, &now);
	now += c->channel == CHAT ? seconds(d, 5, 60) : seconds(d, 0.5, 2);
	jv_set_str(o, "by", sv_of(t->end_by));
	jv_set_int(o, "turns", t->turns);
	struct hist_row *r = hist_row(d, c->talk, now, "conversation.closed", "system", o);
	if (r)
		r->customer = t->customer;
	t->ended_ms = now;
}

/* ---- the day ---- */

static int by_time(const void *a, const void *b)
{
	const struct hist_row *x = a, *y = b;
	if (x->ts_ms != y->ts_ms)
		return x->ts_ms > y->ts_ms ? 1 : -1;
	return (x->order > y->order) - (x->order < y->order);
}

/* What was not over by the end is left out; rows in order; each conversation counts its own. */
static void order(struct hist_day *d)
{
	size_t n = 0;
	for (size_t i = 0; i < d->rows.n; i++) {
		const struct hist_row *r = &d->rows.v[i];
		if (r->talk < 0 || d->talks.v[r->talk].last_ms <= d->p->end_ms)
			d->rows.v[n++] = *r;
	}
	d->rows.n = n;
	if (n)
		qsort(d->rows.v, n, sizeof(*d->rows.v), by_time);
	for (size_t i = 0; i < n; i++) {
		struct hist_row *r = &d->rows.v[i];
		bool within = r->talk >= 0 && !r->outside;
		if (within) {
			r->conversation = sv_of(d->talks.v[r->talk].id);
			r->seq = ++d->talks.v[r->talk].seq;
		} else {
			r->turn = 0;
		}
	}
}

static void day_talks(struct hist_day *d, contacts *all, struct hist_team *team)
{
	qsort(all->v, all->n, sizeof(*all->v), by_begin);
	for (size_t i = 0; i < all->n; i++)
		if (talk_new(d, &all->v[i]))
			with_bot(d, &all->v[i]);
	qsort(all->v, all->n, sizeof(*all->v), by_wish);
	for (size_t i = 0; i < all->n; i++) {
		if (all->v[i].handed)
			with_person(d, &all->v[i], team);
		closed(d, &all->v[i]);
	}
}

int hist_day_make(struct hist_day *d, const struct hist_book *b, const struct hist_plan *p,
		  int64_t day)
{
	contacts all = { 0 };
	struct hist_team team;
	*d = (struct hist_day){ .b = b, .p = p, .day = day };
	arena_init(&d->a, LIM_ARENA_BIG);
	rng_seed(&d->rng, p->seed * UINT64_C(1000003) + (uint64_t)day);
	double mean = level(d);
	for (int h = 0; h < 24; h++) {
		int n = poisson(d, mean * by_hour[h] / 1000 * (failed_here(d, h) ? 3.2 : 1));
		for (int i = 0; i < n; i++)
			arrive(d, &all, h);
	}
	hist_team_open(&team, d);
	if (all.n)
		day_talks(d, &all, &team);
	hist_team_close(&team, d);
	VEC_FREE(&all);
	order(d);
	return d->rows.n >= ROWS_MAX ? ERR_TOOBIG : 0;
}

void hist_day_done(struct hist_day *d)
{
	VEC_FREE(&d->rows);
	VEC_FREE(&d->talks);
	arena_done(&d->a);
}
