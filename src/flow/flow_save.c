/* flow_save.c: a flow on its way as JSON and back, and the picture of a flow. */
#include "flow_int.h"

/* In letters only, and none of them a vowel: digits could be taken for somebody's number, syllables
 * for a name, and masked in a record. */
static void put_print(const struct flow *f, struct sb *b)
{
	for (int i = 60; i >= 0; i -= 4)
		sb_ch(b, "bcdfghjklmnpqrst"[f->print >> i & 15]);
}

void flow_save(const struct flow_run *r, struct sb *out)
{
	jv *o = jv_obj(), *tries = jv_arr(), *vars = jv_copy(r->vars);
	struct sb print;
	sb_init(&print, 32);
	put_print(r->f, &print);
	jv_del(vars, "known"); /* known anew where it goes on */
	for (size_t i = 0; i < r->f->n_slots; i++)
		jv_push(tries, jv_int(r->tries[i]));
	jv_set_str(o, "flow", sv_of(r->f->id));
	jv_set_str(o, "print", sb_sv(&print));
	jv_set_int(o, "step", r->step);
	jv_set_int(o, "wait", r->wait);
	jv_set_int(o, "slot", r->slot);
	jv_set_int(o, "effect_at", r->effect_at);
	jv_set(o, "tries", tries);
	jv_set(o, "vars", vars);
	if (jv_len(r->more))
		jv_set(o, "more", jv_copy(r->more));
	jv_dump(o, out);
	sb_done(&print);
	jv_free(o);
}

static bool in_range(int64_t v, int64_t lo, size_t n)
{
	return v >= lo && v < (int64_t)n;
}

/* r is in the state's flow then; as it was, when the state is not of it. */
static int load(struct flow_run *r, const jv *o)
{
	const jv *tries = jv_get(o, "tries"), *vars = jv_get(o, "vars");
	int64_t step = jv_get_int(o, "step", -1), wait = jv_get_int(o, "wait", -1);
	int64_t slot = jv_get_int(o, "slot", -2), effect = jv_get_int(o, "effect_at", -2);
	bool ok = in_range(step, 0, r->f->n_steps + 1) && in_range(wait, 0, WAIT_OVER + 1) &&
		  in_range(slot, -1, r->f->n_slots) && in_range(effect, -1, r->f->n_steps) &&
		  jv_len(tries) == r->f->n_slots && jv_is_obj(vars);
	ok = ok && !(wait == WAIT_SLOT && slot < 0);
	ok = ok && !(wait == WAIT_CALL && ((size_t)step >= r->f->n_steps ||
					   r->f->step[step].kind != STEP_CALL));
	if (!ok)
		return ERR_PARSE;
	for (size_t i = 0; i < r->f->n_slots; i++) {
		int64_t t = jv_as_int(jv_at(tries, i), 0);
		r->tries[i] = in_range(t, 0, 1000) ? (int)t : 0;
	}
	r->step = (int)step;
	r->wait = (enum flow_wait)wait;
	r->slot = (int)slot;
	r->effect_at = (int)effect;
	jv_free(r->vars);
	r->vars = jv_copy(vars);
	return 0;
}

static bool of_print(const struct flow *f, const jv *o)
{
	struct sb print;
	sb_init(&print, 32);
	put_print(f, &print);
	bool same = sv_eq(jv_get_str(o, "print"), sb_sv(&print));
	sb_done(&print);
	return same;
}

/* Values that a record masked are none. */
static void forget_masked(struct flow_run *r)
{
	for (size_t i = 0; i < r->f->n_slots; i++) {
		sv s = jv_as_str(jv_get(r->vars, r->f->slot[i].name));
		if (sv_starts(s, SV("[")) && sv_ends(s, SV("]")))
			flow_forget(r, r->f->slot[i].name);
	}
}

bool flow_restore(struct flow_run *r, const struct flow *f, const jv *state)
{
	const struct flow *was = r->f;
	jv *known = jv_copy(jv_get(r->vars, "known"));
	r->f = f;
	if (!of_print(f, state) || load(r, state)) {
		r->f = was;
		jv_free(known);
		return false;
	}
	if (known)
		jv_set(r->vars, "known", known);
	forget_masked(r);
	return true;
}

static void load_more(struct flow_run *r, const jv *o)
{
	const jv *more = jv_get(o, "more");
	for (size_t i = 0; i < jv_len(more) && i < FLOW_WISHES; i++)
		jv_push(r->more, jv_copy(jv_at(more, i)));
}

int flow_load(const struct flow_set *s, sv json, struct flow_run **ret)
{
	struct flow_run *r = NULL;
	jv *o = jv_parse(json, NULL);
	int rc = jv_is_obj(o) ? flow_start(s, jv_get_str(o, "flow"), &r) : ERR_PARSE;
	if (rc == ERR_NOTFOUND)
		rc = ERR_VERSION;
	if (!rc)
		rc = of_print(r->f, o) ? load(r, o) : ERR_VERSION;
	if (!rc) {
		load_more(r, o);
		forget_masked(r);
	}
	jv_free(o);
	if (rc) {
		flow_free(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void flow_forget(struct flow_run *r, const char *name)
{
	jv_del(r->vars, name);
	if (r->wait != WAIT_SLOT && r->wait != WAIT_CALL)
		return;
	for (int i = r->effect_at + 1; i < r->step; i++) {
		const struct flow_step *s = &r->f->step[i];
		if (s->kind != STEP_COLLECT || strcmp(r->f->slot[s->slot].name, name) != 0)
			continue;
		r->step = i;
		r->slot = s->slot;
		r->wait = WAIT_SLOT;
		return;
	}
}

/* ---- the picture ---- */

static void put_texts(jv *o, const char *key, const struct flow_text *t)
{
	jv *x = jv_obj();
	jv_set_str(x, "zh", t->t[0]);
	jv_set_str(x, "en", t->t[1]);
	jv_set(o, key, x);
}

static jv *slot_json(const struct flow_slot_def *s)
{
	static const char *const kinds[] = { "", "text", "yes_no", "choice", "digits", "code" };
	jv *o = jv_obj();
	jv_set_str(o, "name", sv_of(s->name));
	jv_set_str(o, "type", s->kind == SLOT_TYPED ? s->type : sv_of(kinds[s->kind]));
	put_texts(o, "ask", &s->ask);
	jv *list = jv_arr();
	for (size_t i = 0; i < s->n_choices; i++) {
		jv *c = jv_obj();
		jv_set_str(c, "value", s->choices[i].value);
		put_texts(c, "label", &s->choices[i].label);
		jv_push(list, c);
	}
	jv_set(o, "choices", list);
	return o;
}

static void way(jv *list, const struct flow *f, int to, size_t at, const char *label)
{
	jv *o = jv_obj();
	size_t i = to == FLOW_TO_NEXT ? at + 1 : (size_t)to;
	jv_set_str(o, "to", i < f->n_steps ? sv_of(f->step[i].id) : SV("end"));
	jv_set_str(o, "label", sv_of(label));
	jv_push(list, o);
}

static jv *ways(const struct flow *f, size_t at)
{
	const struct flow_step *s = &f->step[at];
	jv *list = jv_arr();
	if (s->kind == STEP_HANDOFF || s->kind == STEP_END || s->kind == STEP_FLOW)
		return list;
	for (size_t i = 0; s->kind == STEP_IF && i < s->n_branch; i++) {
		char label[160];
		sv w = s->branch[i].when_text;
		size_t n = w.n < sizeof(label) ? w.n : sizeof(label) - 1;
		memcpy(label, w.n ? w.p : "", n);
		label[n] = '\0';
		way(list, f, s->branch[i].to, at, s->branch[i].when ? label : "else");
	}
	for (int o = 0; s->kind == STEP_CALL && o < FLOW_OUTCOMES; o++)
		if (s->on[o] != FLOW_TO_NONE)
			way(list, f, s->on[o], at, flow_outcome_names[o]);
	bool covered = s->kind == STEP_CALL && s->on[0] != FLOW_TO_NONE;
	covered |= s->kind == STEP_IF && s->n_branch && !s->branch[s->n_branch - 1].when;
	if (!covered)
		way(list, f, s->next, at, "");
	if (s->kind == STEP_COLLECT && f->slot[s->slot].fail >= 0)
		way(list, f, f->slot[s->slot].fail, at, "fail");
	if (s->kind == STEP_COLLECT && f->slot[s->slot].lacks_to >= 0)
		way(list, f, f->slot[s->slot].lacks_to, at, "lacks");
	return list;
}

static jv *step_json(const struct flow *f, size_t i)
{
	const struct flow_step *s = &f->step[i];
	jv *o = jv_obj();
	jv_set_str(o, "id", sv_of(s->id));
	jv_set_str(o, "kind", sv_of(flow_step_names[s->kind]));
	if (s->kind == STEP_COLLECT)
		jv_set_str(o, "slot", sv_of(f->slot[s->slot].name));
	if (s->kind == STEP_SAY)
		put_texts(o, "text", &s->text);
	if (s->word.n)
		jv_set_str(o, s->kind == STEP_CALL ? "tool" : "word", s->word);
	jv_set(o, "next", ways(f, i));
	return o;
}

int flow_json(const struct flow_set *s, sv id, struct sb *out)
{
	const struct flow *f = flow_of(s, id);
	if (!f)
		return ERR_NOTFOUND;
	jv *o = jv_obj(), *intents = jv_arr(), *slots = jv_arr(), *steps = jv_arr();
	jv_set_str(o, "id", sv_of(f->id));
	jv_set_int(o, "version", f->version);
	put_texts(o, "title", &f->title);
	for (size_t i = 0; i < f->n_intents; i++)
		jv_push(intents, jv_str(sv_of(f->intents[i])));
	for (size_t i = 0; i < f->n_slots; i++)
		jv_push(slots, slot_json(&f->slot[i]));
	for (size_t i = 0; i < f->n_steps; i++)
		jv_push(steps, step_json(f, i));
	jv_set(o, "intents", intents);
	jv_set(o, "slots", slots);
	jv_set(o, "steps", steps);
	jv_dump(o, out);
	jv_free(o);
	return 0;
}
