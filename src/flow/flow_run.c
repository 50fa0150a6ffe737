/* flow_run.c: one flow on its way: what comes in moves it to the next place where it waits, and
 * what is to be said, asked or called on the way comes out.
 *
 * It waits for an answer (WAIT_SLOT) or a result (WAIT_CALL). A step that would be gone through
 * more than FLOW_HOPS times without waiting is a circle: a person takes over. Pure. */
#include "flow_int.h"

#include <stdio.h>

struct mover {
	struct flow_run *r;
	const struct flow_in *in;
	struct arena *a;
	struct flow_out *out;
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

static void over(struct mover *m, sv how)
{
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
 * where it was asked for, unless something was done with it. */
static bool overhear(struct mover *m, int asked)
{
	struct flow_run *r = m->r;
	bool news = false;
	int back = r->step;
	for (int i = 0; i < (int)r->f->n_slots; i++) {
		const struct flow_slot_def *s = slot_at(r, i);
		bool had = filled(r, i);
		if (i == asked || (had && s->kind != SLOT_TYPED) || s->list.n)
			continue;
		jv *v = flow_take(r, s, m->in, false, m->a);
		if (!v || !fill(r, i, v))
			continue;
		news = true;
		int at = asked_at(r, i);
		if (had && at >= 0 && at > r->effect_at && at < back)
			back = at;
	}
	r->step = back;
	return news;
}

static void from_known(struct flow_run *r, int slot)
{
	const struct flow_slot_def *s = slot_at(r, slot);
	char path[160];
	if (!s->known.n || filled(r, slot))
		return;
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
	struct flow_act *x = put(m, FLOW_ASK, words(m, t->t[0].n ? t : &s->ask));
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

static int do_collect(struct mover *m, const struct flow_step *s)
{
	struct flow_run *r = m->r;
	from_known(r, s->slot);
	if (!filled(r, s->slot) && slot_at(r, s->slot)->list.n)
		(void)fill(r, s->slot,
			   flow_take(r, slot_at(r, s->slot), m->in, false, m->a));
	if (filled(r, s->slot))
		return behind(r, r->step);
	r->slot = s->slot;
	r->wait = WAIT_SLOT;
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

/* ---- what comes in ---- */

static void on_start(struct mover *m)
{
	(void)overhear(m, -1);
	go(m, 0);
}

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

/* Another flow that the words plainly wish: they ask, or hold the words of that flow. Free words
 * that answer an open question are never such a wish. */
static const struct flow *other_wish(const struct mover *m)
{
	const struct flow_run *r = m->r;
	if (slot_at(r, r->slot)->kind == SLOT_WORDS || (m->in->n_slots && !m->in->question))
		return NULL;
	const struct flow *f = flow_of(r->set, flow_for(r->set, m->in->intent, m->in->text));
	if (!f || f == r->f)
		return NULL;
	return m->in->question || f->words.t[0].n ? f : NULL;
}

/* Goes on in another flow; a slot of the same name and type keeps its value. */
static void change_to(struct mover *m, const struct flow *f)
{
	struct flow_run *r = m->r;
	jv *old = r->vars, *known = jv_get(old, "known");
	const struct flow *was = r->f;
	r->vars = jv_obj();
	if (known)
		jv_set(r->vars, "known", jv_copy(known));
	for (size_t i = 0; i < was->n_slots; i++) {
		const struct flow_slot_def *s = &was->slot[i];
		const jv *v = jv_get(old, s->name);
		for (size_t k = 0; k < f->n_slots && s->kind == SLOT_TYPED && !jv_is_null(v); k++)
			if (strcmp(f->slot[k].name, s->name) == 0 &&
			    sv_eq(f->slot[k].type, s->type))
				jv_set(r->vars, s->name, jv_copy(v));
	}
	jv_free(old);
	r->f = f;
	r->effect_at = r->slot = -1;
	memset(r->tries, 0, sizeof(r->tries));
	r->step = 0;
	on_start(m);
}

static void on_text(struct mover *m)
{
	struct flow_run *r = m->r;
	const struct flow *other = other_wish(m);
	if (other) {
		change_to(m, other);
		return;
	}
	const struct flow_slot_def *s = slot_at(r, r->slot);
	bool any = s->kind == SLOT_WORDS; /* takes all words, but not a question for us */
	int before = r->step;
	jv *v = any && m->in->question ? NULL : flow_take(r, s, m->in, true, m->a);
	bool got = v != NULL; /* the same once more is an answer, too */
	(void)fill(r, r->slot, v);
	bool more = any ? false : overhear(m, r->slot);
	if (got || (more && r->step != before)) {
		go(m, r->step);
		return;
	}
	if (more) { /* something else was said to it: once more, not counted */
		ask(m, &s->ask);
		return;
	}
	if (aside(m)) {
		put(m, FLOW_ASIDE, m->in->text);
		return;
	}
	r->tries[r->slot]++;
	if (r->tries[r->slot] >= s->tries) {
		go(m, r->step);
		return;
	}
	ask(m, s->retry.t[0].n ? &s->retry : &s->ask);
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
	if (m->in->say.n && !(done && s->quiet))
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
	struct mover m = { r, in, a, ret };
	ret->n = 0;
	if (in->known)
		jv_set(r->vars, "known", jv_copy(in->known));
	if (r->wait == WAIT_OVER)
		return;
	if (in->kind == FLOW_IN_CANCEL)
		over(&m, SV("cancelled"));
	else if (in->kind == FLOW_IN_START && r->wait == WAIT_START)
		on_start(&m);
	else if (in->kind == FLOW_IN_TEXT && r->wait == WAIT_SLOT)
		on_text(&m);
	else if (in->kind == FLOW_IN_RESUME && r->wait == WAIT_SLOT)
		ask(&m, &slot_at(r, r->slot)->ask);
	else if (in->kind == FLOW_IN_RESULT && r->wait == WAIT_CALL)
		on_result(&m);
}
