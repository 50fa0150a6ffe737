/* flow_run.c: one flow on its way: what comes in moves it to the next place where it waits, and
 * what is to be said, asked or called on the way comes out.
 *
 * It waits for an answer (WAIT_SLOT) or a result (WAIT_CALL). A step that would be gone through
 * more than FLOW_HOPS times without waiting is a circle: a person takes over. Pure. */
#include "flow_int.h"

#include <stdio.h>

#define FLOW_JUMPS 4

struct mover {
	struct flow_run *r;
	const struct flow_in *in;
	struct arena *a;
	struct flow_out *out;
	int jumps;                   /* from flow to flow, in this step */
};

static struct flow_act *put(struct mover *m, enum flow_out_kind kind, sv text)
{
	struct flow_out *o = m->out;
	const struct flow_run *r = m->r;
	if (o->n == FLOW_ACTS_MAX)
		o->n--; /* the last one tells where it stands */
	struct flow_act *x = &o->v[o->n++];
	*x = (struct flow_act){ .kind = kind, .text = text };
	x->step = (size_t)r->step < r->f->n_steps ? r->f->step[r->step].id : "";
	x->expect = "open";
	return x;
}

static bool begin_next(struct mover *m);

/* A further wish goes on in its place. */
static void over(struct mover *m, sv how)
{
	while (jv_len(m->r->more) > 0)
		if (begin_next(m))
			return;
	put(m, FLOW_END, how);
	m->r->wait = WAIT_OVER;
}

static void to_person(struct mover *m, sv why)
{
	put(m, FLOW_HANDOFF, why);
	m->r->wait = WAIT_OVER;
}

static sv words(const struct mover *m, const struct flow_text *t)
{
	return flow_words(m->r->vars, t->t[flow_lang(m->in->lang)], m->in->lang, m->a);
}

/* ---- slots ---- */

static const struct flow_slot_def *slot_at(const struct flow_run *r, int i)
{
	return &r->f->slot[i];
}

static bool filled(const struct flow_run *r, int slot)
{
	return !jv_is_null(jv_get(r->vars, slot_at(r, slot)->name));
}

static void empty(struct flow_run *r, const int *slots, size_t n)
{
	for (size_t i = 0; i < n; i++)
		jv_del(r->vars, slot_at(r, slots[i])->name);
}

static bool same(const jv *a, const jv *b)
{
	struct sb x, y;
	sb_init(&x, 65536);
	sb_init(&y, 65536);
	jv_dump(a, &x);
	jv_dump(b, &y);
	bool eq = sv_eq(sb_sv(&x), sb_sv(&y));
	sb_done(&x);
	sb_done(&y);
	return eq;
}

/* Takes v; true when that is something new. */
static bool fill(struct flow_run *r, int slot, jv *v)
{
	const struct flow_slot_def *s = slot_at(r, slot);
	const jv *old = jv_get(r->vars, s->name);
	if (!v)
		return false;
	if (!jv_is_null(old) && same(old, v)) {
		jv_free(v);
		return false;
	}
	if (!jv_is_null(old))
		empty(r, s->clears, s->n_clears);
	jv_set(r->vars, s->name, v);
	return true;
}

/* Where a slot is asked for, or -1. */
static int asked_at(const struct flow_run *r, int slot)
{
	for (size_t i = 0; i < r->f->n_steps; i++)
		if (r->f->step[i].kind == STEP_COLLECT && r->f->step[i].slot == slot)
			return (int)i;
	return -1;
}

/* Other slots the words speak of. A value that replaces an older one takes the flow back to
 * where it was asked for, unless something was done with it; so does one that was asked for in
 * vain. typed_only: only what is not known
 * yet and cannot be mistaken, from an answer in free words. */
static bool overhear(struct mover *m, int asked, bool typed_only)
{
	struct flow_run *r = m->r;
	bool news = false;
	int back = r->step;
	for (int i = 0; i < (int)r->f->n_slots; i++) {
		const struct flow_slot_def *s = slot_at(r, i);
		bool had = filled(r, i);
		if (i == asked || (had ? s->kind != SLOT_TYPED && !s->list.n : s->list.n > 0))
			continue;
		if (asked >= 0 && s->kind == SLOT_TYPED && sv_eq(s->type, slot_at(r, asked)->type))
			continue; /* the words are the answer, of which there is one */
		bool plain = s->kind == SLOT_TYPED || s->kind == SLOT_CODE || s->dates;
		if (typed_only && (had || !plain))
			continue;
		jv *v = flow_take(r, s, m->in, false, m->a);
		if (!v || !fill(r, i, v))
			continue;
		news = true;
		int at = asked_at(r, i);
		bool missed = had || r->tries[i] > 0; /* asked for in vain */
		if (missed && at >= 0 && at > r->effect_at && at < back)
			back = at;
	}
	r->step = back;
	return news;
}

static void from_known(struct mover *m, int slot)
{
	struct flow_run *r = m->r;
	const struct flow_slot_def *s = slot_at(r, slot);
	const struct flow_text *only = &s->known_for;
	char path[160];
	if (!s->known.n || filled(r, slot) || r->tries[slot] > 0)
		return; /* it was not the one, or the customer is telling it */
	if (only->t[0].n && !flow_only(m->in->text, only->t[0]) &&
	    !flow_only(m->in->text, only->t[1]))
		return; /* it speaks of something else */
	(void)snprintf(path, sizeof(path), "known." SV_FMT, SV_ARG(s->known));
	const jv *v = jv_path(r->vars, path);
	if (!jv_is_null(v))
		jv_set(r->vars, s->name, jv_copy(v));
}

static void ask(struct mover *m, const struct flow_text *t)
{
	struct flow_run *r = m->r;
	const struct flow_slot_def *s = slot_at(r, r->slot);
	const jv *value[FLOW_CHOICES];
	sv *label = arena_new(m->a, sv, FLOW_CHOICES);
	sv text = words(m, t->t[0].n ? t : &s->ask);
	bool after = m->in->kind == FLOW_IN_RESULT && m->out->n;
	if (s->said && after && m->out->v[m->out->n - 1].kind == FLOW_SAY)
		text = m->out->v[--m->out->n].text;
	struct flow_act *x = put(m, FLOW_ASK, text);
	x->expect = s->expect;
	if (s->kind == SLOT_CHOICE && label) {
		x->n_choices = flow_choices(r, s, m->in->lang, m->a, label, value, FLOW_CHOICES);
		x->choices = label;
	}
}

/* ---- steps; each returns the next one, or -1 when the flow waits or is over ---- */

static int behind(const struct flow_run *r, int i)
{
	int next = r->f->step[i].next;
	return next == FLOW_TO_NEXT ? i + 1 : next;
}

/* Does the customer say that there is none ("I have lost the number")? asked: as an answer. */
static bool lacks(const struct mover *m, bool asked)
{
	const struct flow_slot_def *s = slot_at(m->r, m->r->slot);
	if (s->lacks_to < 0)
		return false;
	if (flow_says(m->in->text, &s->lacks))
		return true;
	return asked && (m->in->yes == FLOW_NO || flow_says(m->in->text, &s->lacks_answer));
}

static int do_collect(struct mover *m, const struct flow_step *s)
{
	struct flow_run *r = m->r;
	from_known(m, s->slot);
	if (!filled(r, s->slot) && slot_at(r, s->slot)->list.n)
		(void)fill(r, s->slot,
			   flow_take(r, slot_at(r, s->slot), m->in, false, m->a));
	if (filled(r, s->slot))
		return behind(r, r->step);
	r->slot = s->slot;
	r->wait = WAIT_SLOT;
	if (lacks(m, false)) {
		r->tries[s->slot]++;
		return slot_at(r, s->slot)->lacks_to;
	}
	if (r->tries[s->slot] >= slot_at(r, s->slot)->tries) {
		int fail = slot_at(r, s->slot)->fail;
		r->tries[s->slot] = 0;
		if (fail >= 0)
			return fail;
		to_person(m, SV("not understood"));
		return -1;
	}
	ask(m, &slot_at(r, s->slot)->ask);
	return -1;
}

static int do_call(struct mover *m, const struct flow_step *s)
{
	struct flow_act *x = put(m, FLOW_CALL, s->word);
	x->args = flow_args(m->r->vars, s->args, m->in->lang, m->a);
	m->r->wait = WAIT_CALL;
	return -1;
}

static int do_if(struct mover *m, const struct flow_step *s)
{
	for (size_t i = 0; i < s->n_branch; i++) {
		const struct flow_branch *b = &s->branch[i];
		if (!b->when || policy_expr_true(b->when, m->r->vars))
			return b->to == FLOW_TO_NEXT ? m->r->step + 1 : b->to;
	}
	return behind(m->r, m->r->step);
}

static int do_set(struct mover *m, const struct flow_step *s)
{
	char name[FLOW_NAME];
	(void)snprintf(name, sizeof(name), SV_FMT, SV_ARG(s->word));
	jv *v = policy_expr_eval(s->branch[0].when, m->r->vars);
	jv_set(m->r->vars, name, v ? v : jv_null());
	return behind(m->r, m->r->step);
}

static int do_clear(struct mover *m, const struct flow_step *s)
{
	empty(m->r, s->clears, s->n_clears);
	for (size_t i = 0; i < s->n_clears; i++)
		m->r->tries[s->clears[i]]++; /* asked in vain, too */
	return behind(m->r, m->r->step);
}

static void to_flow(struct mover *m, sv id);

static int do_step(struct mover *m, const struct flow_step *s)
{
	switch (s->kind) {
	case STEP_COLLECT:
		return do_collect(m, s);
	case STEP_CALL:
		return do_call(m, s);
	case STEP_SAY:
		put(m, FLOW_SAY, words(m, &s->text));
		return behind(m->r, m->r->step);
	case STEP_IF:
		return do_if(m, s);
	case STEP_SET:
		return do_set(m, s);
	case STEP_CLEAR:
		return do_clear(m, s);
	case STEP_FLOW:
		to_flow(m, s->word);
		return -1;
	case STEP_HANDOFF:
		to_person(m, s->word);
		return -1;
	case STEP_END:
		over(m, s->word);
		return -1;
	default:
		return behind(m->r, m->r->step);
	}
}

static void go(struct mover *m, int to)
{
	struct flow_run *r = m->r;
	for (int hops = 0; to >= 0; hops++) {
		if (hops == FLOW_HOPS) {
			to_person(m, SV("the flow goes in a circle"));
			return;
		}
		r->step = to;
		if ((size_t)to >= r->f->n_steps) {
			over(m, SV("done"));
			return;
		}
		to = do_step(m, &r->f->step[to]);
	}
}

/* ---- from one flow to another ---- */

static bool same_slot(const struct flow_slot_def *a, const struct flow_slot_def *b)
{
	return strcmp(a->name, b->name) == 0 && a->kind == b->kind && sv_eq(a->type, b->type);
}

/* Goes on in another flow; a slot of the same name and type keeps its value. all: choices and
 * words, too: the flow leads there by itself. */
static void change_to(struct flow_run *r, const struct flow *f, bool all)
{
	jv *old = r->vars, *known = jv_get(old, "known");
	const struct flow *was = r->f;
	r->vars = jv_obj();
	if (known)
		jv_set(r->vars, "known", jv_copy(known));
	for (size_t i = 0; i < was->n_slots; i++) {
		const struct flow_slot_def *s = &was->slot[i];
		const jv *v = jv_get(old, s->name);
		for (size_t k = 0; k < f->n_slots && !jv_is_null(v); k++)
			if ((all || s->kind == SLOT_TYPED) && same_slot(s, &f->slot[k]))
				jv_set(r->vars, s->name, jv_copy(v));
	}
	jv_free(old);
	r->f = f;
	r->effect_at = r->slot = -1;
	memset(r->tries, 0, sizeof(r->tries));
	r->step = 0;
}

static void begin(struct mover *m)
{
	(void)overhear(m, -1, false);
	go(m, 0);
}

static void to_flow(struct mover *m, sv id)
{
	const struct flow *f = flow_of(m->r->set, id);
	if (!f || m->jumps++ == FLOW_JUMPS) {
		to_person(m, f ? SV("the flows go in a circle") : SV("there is no such flow"));
		return;
	}
	change_to(m->r, f, true);
	begin(m);
}

/* The same thing of the same list: the article that was picked, unless the words name another. */
static void keep_picked(struct mover *m, const struct flow *f, jv *kept)
{
	struct flow_run *r = m->r;
	for (size_t i = 0; i < r->f->n_slots; i++) {
		const struct flow_slot_def *s = &r->f->slot[i];
		for (size_t k = 0; k < f->n_slots && s->list.n; k++) {
			if (!same_slot(s, &f->slot[k]) || !sv_eq(s->list, f->slot[k].list) ||
			    !sv_eq(s->list_value, f->slot[k].list_value) || !filled(r, (int)i))
				continue;
			jv *was = jv_copy(jv_get(r->vars, s->name));
			jv_del(r->vars, s->name);
			jv *other = flow_take(r, s, m->in, false, m->a);
			jv_set(r->vars, s->name, jv_copy(was));
			jv_set(kept, s->name, other ? other : jv_copy(was));
			jv_free(was);
		}
	}
}

/* What waits comes first when this one is over. */
static void wait_first(struct flow_run *r, jv *o)
{
	jv *list = jv_arr();
	jv_push(list, o);
	for (size_t i = 0; i < jv_len(r->more); i++)
		jv_push(list, jv_copy(jv_at(r->more, i)));
	jv_free(r->more);
	r->more = list;
}

static void set_aside(struct flow_run *r)
{
	struct sb b;
	jv *o = jv_obj();
	sb_init(&b, 1u << 20);
	flow_save(r, &b);
	jv *state = jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	jv_del(state, "more");
	jv_set_str(o, "flow", sv_of(r->f->id));
	jv_set(o, "state", state);
	wait_first(r, o);
}

/* That flow, set aside before, out of those that wait; NULL: it is none of them. */
static jv *waiting(struct flow_run *r, const struct flow *f)
{
	jv *rest = jv_arr(), *found = NULL;
	for (size_t i = 0; i < jv_len(r->more); i++) {
		jv *x = jv_copy(jv_at(r->more, i));
		if (!found && jv_get(x, "state") && sv_eq(jv_get_str(x, "flow"), sv_of(f->id)))
			found = x;
		else
			jv_push(rest, x);
	}
	jv_free(r->more);
	r->more = rest;
	return found;
}

/* The words wish the flow that waits: it goes on where it stood, with what they tell. */
static bool take_up(struct mover *m, const struct flow *f)
{
	struct flow_run *r = m->r;
	jv *x = waiting(r, f);
	const jv *state = jv_get(x, "state");
	bool back = state && flow_restore(r, f, state) && r->wait == WAIT_SLOT;
	jv_free(x);
	if (!back)
		return false;
	if (f->also.t[0].n)
		put(m, FLOW_SAY, words(m, &f->also));
	(void)overhear(m, -1, false);
	go(m, r->step);
	return true;
}

/* It says something and is over: whatever is open goes on behind it. */
static bool only_says(const struct flow *f)
{
	for (size_t i = 0; i < f->n_steps; i++)
		if (f->step[i].kind != STEP_SAY && f->step[i].kind != STEP_END)
			return false;
	return true;
}

/* Another wish in the middle of this one: as if it began with these words. A look at something does
 * not end what is being done. */
static void instead(struct mover *m, const struct flow *f)
{
	struct flow_in in = *m->in;
	struct mover there = *m;
	struct flow_run *r = m->r;
	bool ends = flow_says(in.text, &r->f->never) || flow_drops(in.text);
	bool waits = !ends && (flow_acts(r->f) || only_says(f)) && !flow_acts(f) &&
		     jv_len(r->more) < FLOW_WISHES;
	if (!ends && !flow_acts(r->f) && take_up(m, f))
		return;
	jv *kept = jv_obj(), *v;
	void *it = NULL;
	sv key;
	keep_picked(m, f, kept);
	in.kind = FLOW_IN_START;
	there.in = &in;
	if (waits)
		set_aside(r);
	else if (!ends && flow_acts(r->f) && r->effect_at < 0)
		m->out->left = r->f->id;
	change_to(r, f, waits);
	while (jv_next(kept, &it, &key, &v))
		jv_set(r->vars, arena_cstr(m->a, key), jv_copy(v));
	jv_free(kept);
	begin(&there);
}

/* ---- several wishes ---- */

/* Values whose words stand in this part of the text. */
static size_t slots_in(const struct flow_in *in, sv part, struct flow_slot *v, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < in->n_slots && n < max; i++)
		if (in->slots[i].text.n && sv_find(part, in->slots[i].text) >= 0)
			v[n++] = in->slots[i];
	return n;
}

static void keep_wish(struct flow_run *r, const struct flow_in *in, const struct flow_wish *w)
{
	struct flow_slot v[FLOW_SLOTS];
	sv part = flow_bare(sv_slice(in->text, w->from, w->to));
	size_t n = slots_in(in, part, v, FLOW_SLOTS);
	jv *o = jv_obj(), *list = jv_arr();
	for (size_t i = 0; i < n; i++) {
		jv *x = jv_obj();
		jv_set_str(x, "type", v[i].type);
		jv_set_str(x, "value", v[i].value);
		jv_set_str(x, "text", v[i].text);
		jv_push(list, x);
	}
	jv_set_str(o, "flow", sv_of(w->f->id));
	jv_set_str(o, "text", part);
	jv_set(o, "slots", list);
	jv_push(r->more, o);
}

/* The wish at the head of those that wait; its own from now on. */
static jv *first_of(struct flow_run *r)
{
	jv *rest = jv_arr(), *head = jv_copy(jv_at(r->more, 0));
	for (size_t i = 1; i < jv_len(r->more); i++)
		jv_push(rest, jv_copy(jv_at(r->more, i)));
	jv_free(r->more);
	r->more = rest;
	return head;
}

/* Back to a flow that was set aside, at the question that was open; false = it cannot go on. */
static bool go_back(struct mover *m, const jv *state)
{
	const struct flow *f = flow_of(m->r->set, jv_get_str(state, "flow"));
	if (!f || !flow_restore(m->r, f, state) || m->r->wait != WAIT_SLOT)
		return false;
	if (f->also.t[0].n)
		put(m, FLOW_SAY, words(m, &f->also));
	ask(m, &slot_at(m->r, m->r->slot)->ask);
	return true;
}

/* False: it cannot begin, the next one may. */
static bool begin_next(struct mover *m)
{
	struct flow_slot v[FLOW_SLOTS];
	jv *w = first_of(m->r);
	if (jv_get(w, "state")) {
		bool back = go_back(m, jv_get(w, "state"));
		jv_free(w);
		return back;
	}
	const jv *list = jv_get(w, "slots");
	struct flow_in in = { .kind = FLOW_IN_START, .lang = m->in->lang, .intent = "",
			      .slots = v, .text = arena_sv(m->a, jv_get_str(w, "text")) };
	struct mover there = *m;
	for (size_t i = 0; i < jv_len(list) && in.n_slots < FLOW_SLOTS; i++)
		v[in.n_slots++] = (struct flow_slot){ jv_get_str(jv_at(list, i), "type"),
						      jv_get_str(jv_at(list, i), "value"),
						      jv_get_str(jv_at(list, i), "text") };
	const struct flow *f = flow_of(m->r->set, jv_get_str(w, "flow"));
	there.in = &in;
	if (f) {
		change_to(m->r, f, false);
		if (f->also.t[0].n)
			put(&there, FLOW_SAY, words(&there, &f->also));
		begin(&there);
	}
	jv_free(w);
	return f != NULL;
}

/* Words with several wishes: this flow takes the first, the others wait. */
static void on_start(struct mover *m)
{
	struct flow_wish w[FLOW_WISHES];
	struct flow_slot v[FLOW_SLOTS];
	struct flow_in in = *m->in;
	struct mover first = *m;
	size_t n = flow_wishes(m->r->set, m->r->f, in.text, w, FLOW_WISHES);
	bool ours = false;
	for (size_t i = 0; i < n; i++)
		ours |= w[i].f == m->r->f;
	if (n < 2 || !ours) {
		begin(m);
		return;
	}
	for (size_t i = 1; i < n; i++)
		keep_wish(m->r, m->in, &w[i]);
	in.text = flow_bare(sv_slice(m->in->text, w[0].from, w[0].to));
	in.n_slots = slots_in(m->in, in.text, v, FLOW_SLOTS);
	in.slots = v;
	first.in = &in;
	if (w[0].f != m->r->f)
		change_to(m->r, w[0].f, false);
	begin(&first);
}

/* ---- what comes in ---- */

/* Do the words belong somewhere else? */
static bool aside(const struct mover *m)
{
	const char *intent = m->in->intent ? m->in->intent : "";
	const struct flow *f = m->r->f;
	bool ours = !intent[0] || strcmp(intent, "thanks") == 0 || strcmp(intent, "greeting") == 0;
	for (size_t i = 0; i < f->n_intents; i++)
		ours |= strcmp(intent, f->intents[i]) == 0;
	return m->in->question || !ours;
}

/* A number, but not of the kind that is asked for: R10240344 where an order's is. */
static bool number_of_else(const struct mover *m)
{
	const struct flow_slot_def *s = slot_at(m->r, m->r->slot);
	bool any = false;
	for (size_t i = 0; i < m->in->n_slots; i++)
		any |= sv_eq(m->in->slots[i].type, s->type);
	jv *v = any && s->starts.n ? flow_take(m->r, s, m->in, true, m->a) : NULL;
	bool fits = v != NULL;
	jv_free(v);
	return any && s->starts.n && !fits;
}

/* "It is broken" begins a flow elsewhere; where it is a choice that was asked, it answers, unless
 * the rest speaks for that flow, too. */
static bool only_answers(const struct mover *m, const struct flow_slot_def *s, const struct flow *f)
{
	int at = flow_choice_said(s, m->in->text);
	char buf[FLOW_FOLD];
	return at >= 0 &&
	       !flow_says(flow_without(m->in->text, &s->choices[at].words, buf), &f->words);
}

/* Another flow that the words plainly wish: they ask, or hold the words of that flow. Words that
 * answer an open question are such a wish only when they are short. */
static const struct flow *other_wish(const struct mover *m)
{
	const struct flow_run *r = m->r;
	const struct flow_slot_def *s = slot_at(r, r->slot);
	if (m->in->n_slots && !m->in->question && s->kind != SLOT_WORDS && !number_of_else(m))
		return NULL;
	if (s->lacks_to >= 0 && flow_says(m->in->text, &s->lacks))
		return NULL;
	if (s->kind == SLOT_CHOICE && s->wishes && flow_choice_said(s, m->in->text) >= 0)
		return NULL;
	if (s->kind == SLOT_WORDS) {
		struct flow_wish w[1];
		bool brief = !s->wishes && flow_weight(m->in->text) < FLOW_SHORT;
		size_t n = brief ? flow_wishes(r->set, NULL, m->in->text, w, 1) : 0;
		return n && w[0].f != r->f ? w[0].f : NULL;
	}
	const char *id = flow_for_in(r->set, r->f, m->in->intent, m->in->text, NULL);
	const struct flow *f = id ? flow_of(r->set, sv_of(id)) : NULL;
	if (!f || f == r->f || f->whole)
		return NULL;
	bool plain = f->wish.t[0].n && flow_says(m->in->text, &f->wish);
	if (s->kind == SLOT_CHOICE && !m->in->question && !plain && only_answers(m, s, f))
		return NULL;
	return m->in->question || f->words.t[0].n || plain ? f : NULL;
}

/* The words were no answer: what were they? */
static void no_answer(struct mover *m)
{
	struct flow_run *r = m->r;
	const struct flow_slot_def *s = slot_at(r, r->slot);
	if (flow_drops(m->in->text) || flow_says(m->in->text, &r->f->never)) {
		over(m, SV("cancelled"));
		return;
	}
	if (lacks(m, true)) {
		r->tries[r->slot]++;
		go(m, s->lacks_to);
		return;
	}
	bool ours = flow_small(m->in->text) ||
		    (s->kind == SLOT_CHOICE && flow_says_other(m->in->text)) ||
		    (s->kind == SLOT_TYPED && m->in->n_slots && !m->in->question);
	if (aside(m) && !ours) {
		put(m, FLOW_ASIDE, m->in->text);
		return;
	}
	r->tries[r->slot]++;
	if (r->tries[r->slot] >= s->tries) {
		go(m, r->step);
		return;
	}
	bool again = r->tries[r->slot] > 1 && s->way_out.t[0].n;
	ask(m, again ? &s->way_out : s->retry.t[0].n ? &s->retry : &s->ask);
}

/* Not the answer, but what is as good: its substitute, or that there is none. */
static bool told_instead(const struct mover *m)
{
	const struct flow_slot_def *s = slot_at(m->r, m->r->slot);
	return (s->lacks_slot >= 0 && filled(m->r, s->lacks_slot)) || lacks(m, false);
}

static void on_text(struct mover *m)
{
	struct flow_run *r = m->r;
	const struct flow *other = other_wish(m);
	if (other) {
		instead(m, other);
		return;
	}
	if (flow_pauses(m->in->text)) { /* no answer, and no failed one */
		ask(m, &slot_at(r, r->slot)->ask);
		return;
	}
	const struct flow_slot_def *s = slot_at(r, r->slot);
	bool any = s->kind == SLOT_WORDS && !s->shape; /* takes all words */
	int before = r->step;
	jv *v = flow_take(r, s, m->in, true, m->a);
	bool got = v != NULL; /* the same once more is an answer, too */
	(void)fill(r, r->slot, v);
	bool more = overhear(m, r->slot, any) && !any;
	if (got || (more && r->step != before)) {
		go(m, r->step);
		return;
	}
	if (more && told_instead(m)) {
		r->tries[r->slot]++;
		go(m, s->lacks_to);
		return;
	}
	if (more) /* something else was said to it: once more, not counted */
		ask(m, s->kind == SLOT_CHOICE && !s->list.n ? &s->retry : &s->ask);
	else
		no_answer(m);
}

/* A call waits for a yes or for proof: words that mend a value make it void. */
static void on_mend(struct mover *m)
{
	struct flow_run *r = m->r;
	int before = r->step;
	if (overhear(m, -1, false) && r->step != before)
		go(m, r->step);
}

static int outcome_of(const char *name)
{
	for (int i = 0; i < FLOW_OUTCOMES; i++)
		if (name && strcmp(name, flow_outcome_names[i]) == 0)
			return i;
	return 5; /* failed */
}

static void on_result(struct mover *m)
{
	struct flow_run *r = m->r;
	const struct flow_step *s = &r->f->step[r->step];
	int o = outcome_of(m->in->outcome);
	bool done = o == 0;
	if (s->as)
		jv_set(r->vars, s->as, m->in->body ? jv_copy(m->in->body) : jv_obj());
	jv_set_str(r->vars, "outcome", sv_of(flow_outcome_names[o]));
	if (done && s->effect)
		r->effect_at = r->step;
	bool own = s->on[o] != FLOW_TO_NONE;
	if (m->in->say.n && !s->silent && !(done && s->quiet))
		put(m, FLOW_SAY, m->in->say);
	if (own || done) {
		go(m, own && s->on[o] != FLOW_TO_NEXT ? s->on[o] : behind(r, r->step));
		return;
	}
	static const char *const ends[FLOW_OUTCOMES] = {
		[1] = "refused", [2] = "failed", [3] = "done", [4] = "done", [8] = "cancelled"
	};
	if (ends[o])
		over(m, sv_of(ends[o]));
	else
		to_person(m, sv_of(arena_fmt(m->a, SV_FMT ": %s", SV_ARG(s->word),
					     flow_outcome_names[o])));
}

void flow_step(struct flow_run *r, const struct flow_in *in, struct arena *a, struct flow_out *ret)
{
	struct mover m = { r, in, a, ret, 0 };
	ret->n = 0;
	ret->left = NULL;
	if (in->known)
		jv_set(r->vars, "known", jv_copy(in->known));
	if (r->wait == WAIT_OVER)
		return;
	if (in->kind == FLOW_IN_START && r->wait == WAIT_START)
		on_start(&m);
	else if (in->kind == FLOW_IN_TEXT && r->wait == WAIT_SLOT)
		on_text(&m);
	else if (in->kind == FLOW_IN_TEXT && r->wait == WAIT_CALL)
		on_mend(&m);
	else if (in->kind == FLOW_IN_RESUME && r->wait == WAIT_SLOT)
		ask(&m, &slot_at(r, r->slot)->ask);
	else if (in->kind == FLOW_IN_RESUME && r->wait == WAIT_CALL)
		(void)do_call(&m, &r->f->step[r->step]);
	else if (in->kind == FLOW_IN_RESULT && r->wait == WAIT_CALL)
		on_result(&m);
}
