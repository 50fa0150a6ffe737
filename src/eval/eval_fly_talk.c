/* eval_fly_talk.c: one generated conversation as rows of the river (eval_flywheel.h): the customer
 * asks, the real search looks, the bot answers or does not, perhaps a person helps. The rows are
 * of the kinds that docs/flywheel.md reads.
 * Which article was wanted is told to the caller alone. Blocking: the scribe
 * writes.
 */
#include "eval_fly_int.h"
#include "guard.h"

#include <stdio.h>

#define AGENTS 12
#define OFFERED 3                /* titles when the bot asks back */
#define CUSTOMERS 1500

struct teller {                  /* of one conversation */
	struct store *st;
	char id[32], customer[16];
	int64_t seq, ts;
	int turn, rc;
};

static void row(struct teller *t, const char *kind, const char *actor, sv body)
{
	const struct store_event ev = { .ts_ms = t->ts += 20000,
					.conversation = sv_of(t->id),
					.customer = sv_of(t->customer),
					.seq = ++t->seq,
					.turn = t->turn,
					.kind = sv_of(kind),
					.actor = sv_of(actor),
					.body = body };
	int rc = store_append(t->st, &ev, NULL, NULL, NULL);
	if (rc == ERR_FULL) {
		(void)store_flush(t->st);
		rc = store_append(t->st, &ev, NULL, NULL, NULL);
	}
	t->rc = t->rc ? t->rc : rc;
}

/* A customer's words are kept masked, an agent's as they are (talk_person.c). */
static void text_row(struct teller *t, const char *kind, const char *actor, sv text, bool zh,
		     const char *more)
{
	bool agent = strcmp(kind, "turn.agent") == 0;
	struct guard_in in;
	struct arena a;
	struct sb b;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, guard_inbound(text, &a, &in) ? SV("") : agent ? in.clean : in.masked);
	sb_fmt(&b, ",\"language\":\"%s\"%s}", zh ? "zh" : "en", more);
	row(t, kind, actor, sb_sv(&b));
	sb_done(&b);
	arena_done(&a);
}

static void bot_row(struct teller *t, const char *action, const struct kb_hit *h, bool cited,
		    bool picked)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_fmt(&b, "{\"text\":\"\",\"action\":\"%s\",\"citations\":[", action);
	if (cited) {
		sb_cstr(&b, "{\"article_id\":");
		sb_json(&b, h->article_id);
		sb_fmt(&b, ",\"version\":%d}", h->version);
	}
	sb_cstr(&b, "]");
	if (h)
		sb_fmt(&b, ",\"found\":{\"p\":%.3f}%s", h->p,
		       picked ? ",\"picked\":true" : "");
	sb_ch(&b, '}');
	row(t, "turn.bot", "bot", sb_sv(&b));
	sb_done(&b);
}

static void person(struct fly_world *w, struct teller *t, const struct fly_article *x, bool zh,
		   sv question)
{
	struct rng *r = &w->rng;
	int agent = (int)rng_below(r, AGENTS);
	char by[24], more[64];
	struct sb b;
	row(t, "handover", "system", SV("{}"));
	if (rng_unit(r) < 0.3)
		row(t, "agent.search", "agent", SV("{\"query\":\"\",\"found\":0}"));
	bool wrong = rng_unit(r) < 0.08;
	sb_init(&b, LIM_SB);
	bool said = fly_answer(r, x, zh, question, agent, wrong, &b);
	(void)snprintf(by, sizeof(by), "agent%02d", agent);
	(void)snprintf(more, sizeof(more), ",\"by\":\"%s\"", by);
	text_row(t, "turn.agent", "agent", sb_sv(&b), zh, more);
	sb_done(&b);
	if (!said ? rng_unit(r) < 0.4 : wrong && rng_unit(r) < 0.4)
		row(t, "feedback", "customer", SV("{\"value\":\"down\"}"));
	else
		text_row(t, "turn.customer", "customer",
			 zh ? SV("好的，谢谢") : SV("ok thanks"), zh, "");
}

sv fly_group(const struct fly_world *w, struct kb_index *ix, sv article_id)
{
	struct kb_article hit;
	for (size_t i = 0; i < w->made.n; i++)
		if (sv_eq(sv_of(w->made.v[i].id), article_id))
			return w->made.v[i].wanted;
	return kb_get(ix, article_id, &hit) ? SV("") : hit.group_id;
}

int fly_search(const struct fly_world *w, struct kb_index *ix, struct kb_query *q,
	       struct arena *a, struct kb_result *ret)
{
	struct guard_in in;
	*ret = (struct kb_result){ 0 };
	/* a model sees what the river sees: without personal data */
	if (w->o->vec && guard_inbound(q->text, a, &in) == 0)
		q->vec = w->o->vec(w->o->arg, kb_asked(in.masked, a), &q->dim);
	return kb_search(ix, q, a, ret);
}

/* An article answers, of the first kind or of the wrong one: who complains, who gets a person. */
static void answered(struct fly_world *w, struct teller *t, const struct fly_article *x, bool zh,
		     sv question, bool right)
{
	double p = rng_unit(&w->rng);
	if (p < (right ? 0.02 : 0.5)) {
		row(t, "feedback", "customer", SV("{\"value\":\"down\"}"));
		person(w, t, x, zh, question);
	} else if (p < (right ? 0.04 : 0.6)) {
		person(w, t, x, zh, question);
	}
}

static bool is_right(const struct fly_world *w, struct kb_index *ix, const struct kb_hit *h,
		     const struct fly_article *x)
{
	return x && sv_eq(fly_group(w, ix, h->article_id), x->a.group_id);
}

/* Asked back with titles: half of those who see theirs take it, few take another. False: none. */
static bool picks(struct fly_world *w, struct teller *t, struct kb_index *ix,
		  const struct kb_result *found, const struct fly_article *x, bool zh, sv question)
{
	size_t n = found->n < OFFERED ? found->n : OFFERED, i = 0;
	while (i < n && !is_right(w, ix, &found->hits[i], x))
		i++;
	bool right = i < n;
	if (rng_unit(&w->rng) >= (right ? 0.5 : 0.05))
		return false;
	i = right ? i : 0;
	t->turn++;
	text_row(t, "turn.customer", "customer",
		 i == 0 ? (zh ? SV("第一个") : SV("the first one")) :
		 i == 1 ? (zh ? SV("第二个") : SV("the second one")) :
			  (zh ? SV("第三个") : SV("the third one")), zh, "");
	bot_row(t, "reply", &found->hits[i], true, true);
	answered(w, t, x, zh, question, right);
	return true;
}

/* What the bot makes of it, and whether a person had to help. */
static void serve(struct fly_world *w, struct teller *t, struct kb_index *ix,
		  const struct fly_article *x, bool zh, sv question)
{
	struct kb_query q = { .text = question, .lang = zh ? SV("zh") : SV("en"), .k = 5,
			      .now_ms = t->ts };
	struct kb_result found = { 0 };
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	(void)fly_search(w, ix, &q, &a, &found);
	const struct kb_hit *h = found.n ? &found.hits[0] : NULL;
	if (h && found.answerable) {
		bot_row(t, "reply", h, true, false);
		answered(w, t, x, zh, question, is_right(w, ix, h, x));
	} else {
		bool ask = h && found.unsure;
		bot_row(t, ask ? "clarify" : "decline", h, false, false);
		bool taken = ask && picks(w, t, ix, &found, x, zh, question);
		if (!taken && rng_unit(&w->rng) < 0.8)
			person(w, t, x, zh, question);
	}
	arena_done(&a);
}

const struct fly_article *fly_pick(struct fly_world *w, bool zh)
{
	double sum = 0, at;
	sv lang = zh ? SV("zh") : SV("en");
	for (size_t i = 0; i < w->v.n; i++)
		sum += sv_eq(w->v.v[i].a.lang, lang) ? w->v.v[i].weight : 0;
	at = rng_unit(&w->rng) * sum;
	for (size_t i = 0; i < w->v.n; i++) {
		if (!sv_eq(w->v.v[i].a.lang, lang) || w->v.v[i].weight <= 0)
			continue;
		at -= w->v.v[i].weight;
		if (at <= 0)
			return &w->v.v[i];
	}
	return NULL;
}

sv fly_question(struct fly_world *w, const struct fly_article *x, bool zh)
{
	if (!x)
		return w->oos[zh][rng_below(&w->rng, w->n_oos[zh])];
	return x->n_question ? x->question[rng_below(&w->rng, x->n_question)] : x->a.title;
}

/* Its place among the article's questions, or n_question: the title. */
static size_t place_of(const struct fly_article *x, sv question)
{
	size_t i = 0;
	while (i < x->n_question && x->question[i].p != question.p)
		i++;
	return i;
}

bool fly_heard(const struct fly_article *x, sv question)
{
	size_t i = x ? place_of(x, question) : 0;
	return x && i < x->n_question && x->heard[i];
}

/* One conversation; its wish (an article, or none) is noted under its number. */
int fly_converse(struct fly_world *w, struct kb_index *ix, size_t i, int64_t now_ms,
		    const struct fly_article **wish)
{
	struct rng *r = &w->rng;
	bool zh = rng_below(r, 2);
	bool oos = w->n_oos[zh] && rng_unit(r) < 0.04;
	const struct fly_article *x = oos ? NULL : fly_pick(w, zh);
	struct teller t = { .st = w->o->store, .turn = 1 };
	struct sb b;
	(void)snprintf(t.id, sizeof(t.id), "fly-%06zu", i);
	(void)snprintf(t.customer, sizeof(t.customer), "c%05d", (int)rng_below(r, CUSTOMERS));
	/* in the week before */
	t.ts = now_ms - 3600000 -
	       (int64_t)(rng_unit(r) * (double)(FLY_DAYS * FLY_DAY_MS / FLY_NIGHTS - 3600000));
	sb_init(&b, LIM_SB);
	sv question = fly_question(w, x, zh);
	if (x && place_of(x, question) < x->n_question)
		x->heard[place_of(x, question)] = true;
	fly_ask(r, zh, question, &b);
	text_row(&t, "turn.customer", "customer", sb_sv(&b), zh, "");
	serve(w, &t, ix, x, zh, sb_sv(&b));
	row(&t, "conversation.closed", "system", SV("{\"by\":\"customer\"}"));
	sb_done(&b);
	*wish = x;
	return t.rc;
}
