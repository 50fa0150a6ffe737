/* flow.c: a set of flows: which one serves a wish. */
#include "flow_int.h"

const char *const flow_step_names[STEP_KINDS] = { "collect", "call", "say",     "if", "set",
						  "clear",   "goto", "flow",    "handoff",
						  "end" };
const char *const flow_outcome_names[FLOW_OUTCOMES] = { "done",   "refused",  "not_found",
							"approve", "later",   "failed",
							"denied", "invalid",  "declined",
							"unverified", "verify" };

size_t flow_set_count(const struct flow_set *s)
{
	return s->n;
}

const char *flow_set_id(const struct flow_set *s, size_t i)
{
	return i < s->n ? s->v[i].id : "";
}

const struct flow *flow_of(const struct flow_set *s, sv id)
{
	for (size_t i = 0; i < s->n; i++)
		if (sv_eq(id, sv_of(s->v[i].id)))
			return &s->v[i];
	return NULL;
}

sv flow_title(const struct flow_set *s, sv id, sv lang)
{
	const struct flow *f = flow_of(s, id);
	return f ? f->title.t[flow_lang(lang)] : SV_NULL;
}

/* Words with a number of six digits or more are about something of the customer's own, never a
 * question in general. */
bool flow_names_one(sv text)
{
	int run = 0;
	for (size_t i = 0; i < text.n && run < 6; i++)
		run = text.p[i] >= '0' && text.p[i] <= '9' ? run + 1 : 0;
	return run >= 6;
}

static bool said(const struct flow *f, sv text)
{
	if (f->whole)
		return flow_whole(text, f->words.t[0]) || flow_whole(text, f->words.t[1]);
	return flow_near(text, f->words.t[0]) || flow_near(text, f->words.t[1]);
}

bool flow_acts(const struct flow *f)
{
	for (size_t i = 0; i < f->n_steps; i++)
		if (f->step[i].effect || f->step[i].kind == STEP_FLOW)
			return true;
	return false;
}

static bool belongs(const struct flow *f, const struct flow *open)
{
	bool in = f->n_within == 0;
	for (size_t i = 0; open && i < f->n_within; i++)
		in |= strcmp(f->within[i], open->id) == 0;
	return in;
}

/* 0 = not this one; words that fit count more than an intent alone. */
static int fits(const struct flow *f, const char *intent, sv text, const char *it)
{
	bool asks_words = f->words.t[0].n || f->words.t[1].n, wish = false;
	for (size_t i = 0; i < f->n_intents; i++)
		wish |= strcmp(f->intents[i], intent) == 0;
	if (f->n_intents && !wish)
		return 0;
	if (f->about.n && (!it || !flow_has(sv_of(it), f->about)))
		return 0;
	if (!f->n_intents && !asks_words)
		return 0; /* only by name */
	if (asks_words && !said(f, text))
		return 0;
	if (flow_says(text, &f->never))
		return 0;
	if (!flow_names_one(text) && flow_says(text, &f->unless))
		return 0;
	return 1 + (asks_words ? 1 : 0) + f->priority * 4;
}

const char *flow_for_in(const struct flow_set *s, const struct flow *open, const char *intent,
			sv text, const char *it)
{
	const char *best = NULL;
	int score = 0;
	for (size_t i = 0; i < s->n; i++) {
		int n = 0;
		if (belongs(&s->v[i], open))
			n = fits(&s->v[i], intent ? intent : "", text, it);
		if (n > score) {
			score = n;
			best = s->v[i].id;
		}
	}
	/* plain words about something of one's own go before an intent that was not understood */
	struct flow_wish w[1];
	bool plain = !best && (flow_names_one(text) || !intent || !intent[0]);
	if (plain && flow_wishes(s, NULL, text, w, 1))
		best = w[0].f->id;
	return best;
}

const char *flow_for(const struct flow_set *s, const char *intent, sv text)
{
	return flow_for_in(s, NULL, intent, text, NULL);
}

const char *flow_for_it(const struct flow_set *s, const char *intent, sv text, const char *it)
{
	return flow_for_in(s, NULL, intent, text, it);
}

int flow_start(const struct flow_set *s, sv id, struct flow_run **ret)
{
	const struct flow *f = flow_of(s, id);
	if (!f)
		return ERR_NOTFOUND;
	struct flow_run *r = xalloc(sizeof(*r));
	r->set = obj_ref((void *)s);
	r->f = f;
	r->effect_at = -1;
	r->slot = -1;
	r->vars = jv_obj();
	r->more = jv_arr();
	*ret = r;
	return 0;
}

void flow_free(struct flow_run *r)
{
	if (!r)
		return;
	jv_free(r->vars);
	jv_free(r->more);
	obj_unref(r->set);
	xfree(r);
}

const char *flow_id(const struct flow_run *r)
{
	return r->f->id;
}

const jv *flow_more(const struct flow_run *r)
{
	return r->more;
}

bool flow_did(const struct flow_run *r)
{
	return r->effect_at >= 0;
}

const jv *flow_slots(const struct flow_run *r)
{
	return r->vars;
}

enum flow_asks flow_asks_for(const struct flow_run *r)
{
	static const char *const figures[] = { "money",    "quantity", "percent", "date",
					       "time",     "datetime", "duration",
					       "date_of_birth" };
	if (r->wait != WAIT_SLOT)
		return FLOW_ASKS_NOTHING;
	const struct flow_slot_def *s = &r->f->slot[r->slot];
	bool figure = s->kind == SLOT_DIGITS || s->kind == SLOT_CODE;
	for (size_t i = 0; s->kind == SLOT_TYPED && i < sizeof(figures) / sizeof(*figures); i++)
		figure |= sv_eq(s->type, sv_of(figures[i]));
	return figure ? FLOW_ASKS_FIGURE :
	       s->kind == SLOT_WORDS && !s->shape ? FLOW_ASKS_WORDS : FLOW_ASKS_OTHER;
}
