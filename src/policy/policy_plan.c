/* policy_plan.c: the choice by the strategy table, the bounds that no table can break, and the
 * explanation of both.
 *
 * Exploration: a row may have a second way ("try") with a share of its turns; which turns these
 * are follows from the conversation's seed, so that a replay chooses the same. The propensity of
 * what was done is told with it, for off-policy estimates. Pure, any thread; owns nothing.
 */
#include "policy_table_int.h"

#define ANGER_TURNS 3            /* of anger, then a person is offered whatever a table says */

const char *const policy_apologies[3] = { "none", "short", "full" };
const char *const policy_humans[3] = { "no", "offer", "now" };
const char *const policy_styles[5] = { "plain", "warm", "empathic", "brief", "calm" };

const char *policy_style_name(enum policy_tone tone)
{
	return (unsigned)tone < 5 ? policy_styles[tone] : "plain";
}

const char *policy_row_id(const struct policy_table *t, int row)
{
	return row >= 0 && (size_t)row < t->n_rows ? t->rows[row].id.p : "";
}

bool policy_row_asks(const struct policy_table *t, int row, const char *what)
{
	const struct policy_row *r = row >= 0 && (size_t)row < t->n_rows ? &t->rows[row] : NULL;
	for (int i = 0; r && i < r->n; i++)
		if (strcmp(policy_fields[r->cond[i].field].name, what) == 0)
			return true;
	if (r && r->n_ways && (strcmp(what, "tier") == 0 || strcmp(what, "repeat") == 0))
		return true;         /* its choice looks at them */
	return r && r->act.offer >= 0 && t->offers[r->act.offer].tiers && strcmp(what, "tier") == 0;
}

static int zh(sv lang)
{
	return sv_starts(lang, SV("zh")) ? 1 : 0;
}

sv policy_row_why(const struct policy_table *t, int row, sv lang)
{
	return row >= 0 && (size_t)row < t->n_rows ? t->rows[row].why[zh(lang)] : SV_NULL;
}

sv policy_offer_text(const struct policy_table *t, int offer, sv lang)
{
	return offer >= 0 && offer < t->n_offers ? t->offers[offer].text[zh(lang)] : SV_NULL;
}

const char *policy_offer_id(const struct policy_table *t, int offer)
{
	return offer >= 0 && offer < t->n_offers ? t->offers[offer].id.p : "";
}

int policy_offer_find(const struct policy_table *t, sv id)
{
	for (int i = 0; i < t->n_offers; i++)
		if (sv_eq(t->offers[i].id, id))
			return i;
	return -1;
}

uint64_t policy_topics(const struct policy_table *t, sv text, const char *intent, double p,
		       sv article)
{
	uint64_t ret = 0;
	int in = policy_intent_find(p >= POLICY_TOPIC_SURE ? intent : "");
	bool said[POLICY_TOPICS * POLICY_WORDS];
	feel_says(text, t->words, (size_t)t->n_words, said);
	for (int i = 0; i < t->n_words; i++)
		ret |= (uint64_t)said[i] << t->word_topic[i];
	for (int i = 0; i < t->n_topics; i++) {
		const struct policy_topic *x = &t->topics[i];
		bool is = x->intents >> in & 1;
		for (int k = 0; k < x->n_articles && !is; k++)
			is = article.n && sv_starts(article, x->articles[k]);
		ret |= (uint64_t)is << i;
	}
	return ret;
}

uint64_t policy_topics_kept(const struct policy_table *t, uint64_t topics)
{
	uint64_t ret = 0;
	for (int i = 0; i < t->n_topics; i++)
		if (t->topics[i].keeps)
			ret |= topics & UINT64_C(1) << i;
	return ret;
}

/* ---- choosing ---- */

/* Rows stand in the order of their rank: priority, conditions, place. */
static void pick_rows(const struct policy_table *t, const struct policy_case *k,
		      struct policy_plan *p)
{
	p->row = -1;
	for (size_t i = 0; i < t->n_rows && p->n_others < POLICY_OTHERS; i++) {
		if (!policy_row_holds(t, k, &t->rows[i]))
			continue;
		if (p->row < 0)
			p->row = (int)i;
		else
			p->others[p->n_others++] = (int)i;
	}
	ASSERT(p->row >= 0);     /* the reader asks for a row without conditions */
}

double policy_chance(const struct policy_case *k, sv row, int turn)
{
	uint64_t x = k->seed ^ sv_hash(row) ^ (uint64_t)turn * UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return (double)((x ^ x >> 31) >> 11) / 9007199254740992.0;
}

static void pick_way(const struct policy_table *t, const struct policy_case *k,
		     struct policy_plan *p)
{
	const struct policy_row *r = &t->rows[p->row];
	if (r->n_ways) {
		policy_ways_pick(t, k, p);
		return;
	}
	double share = r->rollout || r->share < t->explore ? r->share : t->explore;
	p->trial = r->rollout;
	p->kept = r->rollout && !policy_trial_allowed(t, k);
	if (p->kept)
		share = 0;
	/* a roll-out is for the whole conversation: what became of it is its reward */
	p->explored = share > 0 && policy_chance(k, r->id, r->rollout ? 0 : k->turn) < share;
	p->arm = p->explored;
	p->act = p->explored ? r->other : r->act;
	p->propensity = p->explored ? share : 1 - share;
}

static bool may_offer(const struct policy_table *t, const struct policy_case *k,
		      const struct policy_do *a)
{
	const struct policy_offer *o = &t->offers[a->offer];
	for (int i = 0; i < t->n_topics; i++)
		if (k->topics >> i & 1 && t->topics[i].forbid >> a->offer & 1)
			return false;
	if (o->tiers && !(policy_bits(t, k, F_TIER) & o->tiers))
		return false;
	return a->max <= 0 || k->identified;     /* worth something: for somebody known */
}

static void bind(const struct policy_table *t, const struct policy_case *k,
		 struct policy_plan *p)
{
	struct policy_do *a = &p->act;
	bool angry = k->track && k->track->mood == FEEL_ANGRY;
	if (k->wants_human && a->human != HUMAN_NOW) {
		a->human = HUMAN_NOW;
		p->bounds |= BOUND_PERSON;
	}
	if (k->track && k->track->angry >= ANGER_TURNS && a->human == HUMAN_NO) {
		a->human = HUMAN_OFFER;
		p->bounds |= BOUND_ANGER;
	}
	if (angry && k->found == FOUND_NOTHING && a->human == HUMAN_NO) {
		a->human = HUMAN_OFFER;
		p->bounds |= BOUND_REFUSAL;
	}
	if (a->offer >= 0 && !may_offer(t, k, a)) {
		a->offer = -1;
		a->max = 0;
		p->bounds |= BOUND_OFFER;
	}
}

void policy_plan(const struct policy_table *t, const struct policy_case *k,
		 struct policy_plan *ret)
{
	*ret = (struct policy_plan){ 0 };
	pick_rows(t, k, ret);
	pick_way(t, k, ret);
	bind(t, k, ret);
}

/* ---- explaining ---- */

static void put_words(const struct policy_table *t, enum policy_field f, uint64_t bits,
		      struct sb *out)
{
	struct sb b;
	sb_init(&b, 4096);
	for (int i = 0; i < 64; i++)
		if (bits >> i & 1 && policy_word(t, f, i).n)
			sb_fmt(&b, "%s" SV_FMT, b.n ? "|" : "", SV_ARG(policy_word(t, f, i)));
	sb_json(out, sb_sv(&b));
	sb_done(&b);
}

static void put_cond(const struct policy_table *t, const struct policy_case *k,
		     const struct policy_cond *c, struct sb *out)
{
	const struct policy_field_def *d = &policy_fields[c->field];
	double is = policy_number(t, k, c->field);
	sb_fmt(out, "{\"what\":\"%s\",\"want\":", d->name);
	if (d->kind == K_ONE_OF) {
		put_words(t, c->field, c->any, out);
		sb_cstr(out, ",\"is\":");
		put_words(t, c->field, policy_bits(t, k, c->field), out);
	} else if (d->kind == K_YES_NO) {
		sb_fmt(out, "\"%s\",\"is\":\"%s\"", c->num > 0 ? "yes" : "no",
		       is > 0 ? "yes" : "no");
	} else {
		sb_fmt(out, "\"%s %g\",\"is\":\"%.3g\"",
		       d->kind == K_AT_LEAST ? ">=" : "<=", c->num, is);
	}
	sb_ch(out, '}');
}

static void put_do(const struct policy_table *t, const struct policy_do *a, struct sb *out)
{
	sb_fmt(out,
	       "\"style\":\"%s\",\"pace\":%d,\"apology\":\"%s\",\"simplify\":%s,\"priority\":%d,"
	       "\"human\":\"%s\",\"alert\":%s,\"max_sentences\":%d",
	       policy_style_name(a->style), a->pace, policy_apologies[a->apology],
	       a->simplify ? "true" : "false", a->priority, policy_humans[a->human],
	       a->alert ? "true" : "false", a->sentences);
	if (a->offer >= 0)
		sb_fmt(out, ",\"offer\":\"%s\",\"max\":%g", policy_offer_id(t, a->offer), a->max);
}

static bool no_offers(const struct policy_table *t, const struct policy_case *k)
{
	for (int i = 0; i < t->n_topics; i++)
		if (k->topics >> i & 1 && t->topics[i].forbid == UINT64_MAX)
			return true;
	return false;
}

static void put_bounds(unsigned bounds, struct sb *out)
{
	static const struct { unsigned bit; const char *name; } names[] = {
		{ BOUND_PERSON, "person" }, { BOUND_OFFER, "offer" }, { BOUND_ANGER, "anger" },
		{ BOUND_REFUSAL, "refusal" },
	};
	const char *gap = "";
	sb_cstr(out, ",\"bounds\":[");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(bounds & names[i].bit))
			continue;
		sb_fmt(out, "%s\"%s\"", gap, names[i].name);
		gap = ",";
	}
	sb_ch(out, ']');
}

void policy_plan_json(const struct policy_table *t, const struct policy_case *k,
		      const struct policy_plan *p, struct sb *out)
{
	const struct policy_row *r = &t->rows[p->row];
	sb_cstr(out, "{\"row\":");
	sb_json(out, r->id);
	sb_fmt(out, ",\"table\":\"%016llx\",", (unsigned long long)t->print);
	put_do(t, &p->act, out);
	sb_cstr(out, ",\"because\":[");
	for (int i = 0; i < r->n; i++) {
		sb_cstr(out, i ? "," : "");
		put_cond(t, k, &r->cond[i], out);
	}
	sb_cstr(out, "],\"instead\":[");
	for (int i = 0; i < p->n_others; i++) {
		const struct policy_row *o = &t->rows[p->others[i]];
		sb_cstr(out, i ? ",{\"row\":" : "{\"row\":");
		sb_json(out, o->id);
		sb_fmt(out, ",\"style\":\"%s\",\"human\":\"%s\"}", policy_style_name(o->act.style),
		       policy_humans[o->act.human]);
	}
	sb_ch(out, ']');
	put_bounds(p->bounds, out);
	sb_fmt(out, ",\"angry_turns\":%d%s", k->track ? k->track->angry : 0,
	       no_offers(t, k) ? ",\"no_offers\":true" : "");
	sb_fmt(out, ",\"propensity\":%.3f%s", p->propensity,
	       p->explored ? ",\"explored\":true" : "");
	if (p->trial)
		sb_fmt(out, ",\"trial\":{\"print\":\"%016llx\",\"arm\":%d,\"share\":%.3f%s}",
		       (unsigned long long)policy_trial_print(r), p->arm, r->share,
		       p->kept ? ",\"kept\":true" : "");
	if (p->chooses)
		policy_ways_json(t, p, out);
	sb_ch(out, '}');
}
