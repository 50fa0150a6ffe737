/* flow_read.c: flows from YAML: read and checked; every fault is told with its place and how to
 * mend it. A set with a fault is none. Strings live in the set's arena. Any thread. */
#include "flow_int.h"

#include <stdio.h>

#define FLOW_MEMORY (64u << 20)      /* of a set: some hundred times its text */
#define N(x) (sizeof(x) / sizeof((x)[0]))

struct reading {
	struct flow_reader *r;
	struct flow *f;
	const jv *steps, *slots;
	char at[40];                 /* of the flow: "flows[2]" or "" */
	struct flow_origin *from;    /* of each step */
	struct flow_reader own;      /* of the flow's file; r changes where a part is read */
	char here[160];              /* of the entry */
};

void flow_fault(struct flow_reader *r, const char *path, const char *mend, const char *fmt, ...)
{
	struct cfg_issue *x = VEC_PUSH(r->rep, FLOW_ISSUES);
	va_list ap;
	if (!x)
		return;
	cfg_where(x->where, r->text, r->name, path);
	(void)snprintf(x->mend, sizeof(x->mend), "%s", mend);
	va_start(ap, fmt);
	(void)vsnprintf(x->what, sizeof(x->what), fmt, ap);
	va_end(ap);
}

static void fault(struct reading *d, const char *key, const char *mend, const char *what)
{
	char path[240];
	(void)snprintf(path, sizeof(path), "%s%s%s", d->here, d->here[0] && key[0] ? "." : "", key);
	flow_fault(d->r, path, mend, "flow %s: %s", d->f->id, what);
}

/* Never NULL: a set that is too large has its fault told, and is none. */
static void *make(struct reading *d, size_t n, size_t size)
{
	struct flow_set *s = d->r->set;
	void *p = arena_alloc(&s->a, (n ? n : 1) * size);
	if (p)
		return p;
	fault(d, "", "Take flows out.", "the flows are too large");
	void **more = xalloc((s->n_spill + 1) * sizeof(*more));
	if (s->n_spill)
		memcpy(more, s->spill, s->n_spill * sizeof(*more));
	xfree(s->spill);
	s->spill = more;
	return s->spill[s->n_spill++] = xalloc((n ? n : 1) * size);
}

static sv keep(struct reading *d, sv s)
{
	return arena_sv(&d->r->set->a, s);
}

static bool name_ok(sv s)
{
	bool ok = s.n > 0 && s.n < FLOW_NAME && !(s.p[0] >= '0' && s.p[0] <= '9');
	for (size_t i = 0; ok && i < s.n; i++)
		ok = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
		     s.p[i] == '_';
	return ok;
}

static void known_keys(struct reading *d, const jv *o, const char *const *names, size_t n)
{
	void *it = NULL;
	sv key;
	jv *v;
	while (jv_next(o, &it, &key, &v)) {
		size_t i = 0;
		char k[60];
		while (i < n && !sv_eq(key, sv_of(names[i])))
			i++;
		(void)snprintf(k, sizeof(k), SV_FMT, (int)(key.n < 50 ? key.n : 50), key.p);
		if (i == n)
			fault(d, k, "Take it out, or mend its name (docs/flow.md has the words).",
			      "unknown key");
	}
}

/* {zh, en}, both or neither. */
static void texts(struct reading *d, const jv *o, const char *key, bool needed,
		  struct flow_text *ret)
{
	const jv *v = jv_get(o, key);
	ret->t[0] = keep(d, sv_trim(jv_get_str(v, "zh")));
	ret->t[1] = keep(d, sv_trim(jv_get_str(v, "en")));
	if (jv_is_null(v) && !needed)
		return;
	if (!ret->t[0].n || !ret->t[1].n)
		fault(d, key, "Write it as {zh: ..., en: ...}, both.",
		      "a text in zh and en belongs here");
}

/* Phrases, "a|b|c": what stands beyond FLOW_FOLD would never be found. */
static void lists(struct reading *d, const jv *o, const char *key, bool needed,
		  struct flow_text *ret)
{
	char buf[FLOW_FOLD];
	texts(d, o, key, needed, ret);
	for (int i = 0; i < 2; i++)
		if (flow_fold(ret->t[i], buf).n + 4 > FLOW_FOLD)
			fault(d, key, "Take words out, or make two flows of it.",
			      "more than 4,092 bytes of words");
}

static int64_t whole(struct reading *d, const jv *o, const char *key, int64_t lo, int64_t hi,
		     int64_t def)
{
	const jv *v = jv_get(o, key);
	int64_t i = jv_as_int(v, INT64_MIN);
	char mend[80];
	if (jv_is_null(v) || (i >= lo && i <= hi))
		return jv_is_null(v) ? def : i;
	(void)snprintf(mend, sizeof(mend), "Use a whole number from %lld to %lld.", (long long)lo,
		       (long long)hi);
	fault(d, key, mend, "not a number that fits");
	return def;
}

/* ---- names to places ---- */

static int slot_of(const struct flow *f, sv name)
{
	for (size_t i = 0; i < f->n_slots; i++)
		if (sv_eq(name, sv_of(f->slot[i].name)))
			return (int)i;
	return -1;
}

/* A step of a part that this text, looked at alone, does not hold: its place. */
static int place_of(const struct reading *d, sv id)
{
	for (size_t i = 0; !d->r->tool_known && i < d->f->n_steps; i++) {
		sv place = sv_of(d->f->step[i].id);
		if (sv_starts(id, place) && id.n > place.n && id.p[place.n] == '_')
			return (int)i;
	}
	return -1;
}

static int step_of(struct reading *d, const char *key, sv id)
{
	if (sv_eq(id, SV("next")))
		return FLOW_TO_NEXT;
	for (size_t i = 0; i < d->f->n_steps; i++)
		if (sv_eq(id, sv_of(d->f->step[i].id)))
			return (int)i;
	int place = place_of(d, id);
	if (place >= 0)
		return place;
	fault(d, key, "Name a step of this flow by its id, or next.", "there is no such step");
	return FLOW_TO_NEXT;
}

static int *slot_list(struct reading *d, const jv *list, const char *key, size_t *ret_n)
{
	int *v = make(d, jv_len(list), sizeof(*v));
	*ret_n = 0;
	for (size_t i = 0; i < jv_len(list); i++) {
		int s = slot_of(d->f, jv_as_str(jv_at(list, i)));
		if (s < 0)
			fault(d, key, "Name slots of this flow.", "there is no such slot");
		else
			v[(*ret_n)++] = s;
	}
	return v;
}

/* ---- slots ---- */

static const char *const types[] = { "order_number", "phone",    "date",          "time",
				     "datetime",     "duration", "money",         "quantity",
				     "percent",      "product",  "email",         "name",
				     "address",      "plate",    "date_of_birth", "id_card",
				     "bank_card",    "contact" };
static const char *const expects[] = { "open",  "yes_no", "order_number",
				       "phone", "digits", "choice" };

static void read_type(struct reading *d, const jv *o, struct flow_slot_def *s)
{
	static const char *const kinds[] = { "text", "yes_no", "choice", "digits", "code" };
	sv t = jv_get_str(o, "type");
	for (size_t i = 0; i < N(types); i++)
		if (sv_eq(t, sv_of(types[i]))) {
			s->type = sv_of(types[i]);
			return;
		}
	for (size_t i = 0; i < N(kinds); i++)
		if (sv_eq(t, sv_of(kinds[i]))) {
			s->kind = (enum flow_slot_kind)(i + 1);
			return;
		}
	fault(d, "type", "Use a type of `callm understand`, or text, yes_no, choice, digits, code.",
	      "no such type of slot");
}

static void read_expect(struct reading *d, const jv *o, struct flow_slot_def *s)
{
	static const char *const by_kind[] = { "open",   "open", "yes_no",
					       "choice", "digits", "open" };
	sv e = jv_get_str(o, "expect");
	s->expect = by_kind[s->kind];
	if (s->kind == SLOT_TYPED &&
	    (sv_eq(s->type, SV("order_number")) || sv_eq(s->type, SV("phone"))))
		s->expect = sv_eq(s->type, SV("phone")) ? "phone" : "order_number";
	for (size_t i = 0; i < N(expects); i++)
		if (sv_eq(e, sv_of(expects[i]))) {
			s->expect = expects[i];
			return;
		}
	if (e.n)
		fault(d, "expect", "Use open, yes_no, order_number, phone, digits or choice.",
		      "nothing of that kind can be expected");
}

static void read_choices(struct reading *d, const jv *o, struct flow_slot_def *s)
{
	static const char *const keys[] = { "value", "label", "words" };
	const jv *list = jv_get(o, "choices");
	char here[160];
	size_t n = jv_len(list);
	s->list = keep(d, jv_get_str(o, "choices_from"));
	s->list_value = keep(d, jv_get_str(o, "choice_value"));
	s->list_label = keep(d, jv_get_str(o, "choice_label"));
	if (s->kind == SLOT_CHOICE && (s->list.n > 0) == (n > 0))
		fault(d, "choices", "Give it choices: [...], or choices_from: a list of a result.",
		      "a choice needs something to choose from");
	if (n > FLOW_CHOICES) {
		fault(d, "choices", "Ask in two steps.", "too many choices");
		n = FLOW_CHOICES;
	}
	s->choices = make(d, n, sizeof(*s->choices));
	s->n_choices = n;
	memcpy(here, d->here, sizeof(here));
	for (size_t i = 0; i < n; i++) {
		const jv *c = jv_at(list, i);
		(void)snprintf(d->here, sizeof(d->here), "%.110s.choices[%zu]", here, i);
		known_keys(d, c, keys, N(keys));
		s->choices[i].value = keep(d, jv_get_str(c, "value"));
		if (!s->choices[i].value.n)
			fault(d, "value", "Give it a word for tools and tables.", "no value");
		texts(d, c, "label", true, &s->choices[i].label);
		lists(d, c, "words", false, &s->choices[i].words);
	}
	memcpy(d->here, here, sizeof(here));
}

static void read_shape(struct reading *d, const jv *o, struct flow_slot_def *s)
{
	static const char *const shapes[] = { "", "name", "city", "district", "street" };
	sv shape = jv_get_str(o, "shape");
	for (size_t i = 0; i < N(shapes); i++)
		if (sv_eq(shape, sv_of(shapes[i]))) {
			s->shape = (enum flow_shape)i;
			return;
		}
	fault(d, "shape", "Use name, city, district or street.", "no such shape");
}

/* What an answer may be and what it may not. */
static void read_sense(struct reading *d, const jv *o, struct flow_slot_def *s)
{
	static const char *const keys[] = { "words", "answer", "goto", "slot" };
	const jv *lacks = jv_get(o, "lacks");
	char here[160];
	s->min = (int)whole(d, o, "min", 1, 1000, 0);
	s->wishes = jv_get_bool(o, "wishes", false);
	s->dates = jv_get_bool(o, "dates", false);
	s->starts = keep(d, jv_get_str(o, "starts"));
	s->all = keep(d, jv_get_str(o, "all"));
	s->no = keep(d, jv_get_str(o, "no"));
	lists(d, o, "unlike", false, &s->unlike);
	lists(d, o, "blank", false, &s->blank);
	lists(d, o, "after", false, &s->after);
	lists(d, o, "before", false, &s->before);
	s->said = jv_get_bool(o, "said", false);
	lists(d, o, "known_for", false, &s->known_for);
	read_shape(d, o, s);
	if (s->kind == SLOT_CODE && !s->starts.n)
		fault(d, "", "Say how it begins: starts: \"C|T\".",
		      "any number would be taken for one");
	if (jv_is_null(lacks))
		return;
	memcpy(here, d->here, sizeof(here));
	(void)snprintf(d->here, sizeof(d->here), "%.150s.lacks", here);
	known_keys(d, lacks, keys, N(keys));
	lists(d, lacks, "words", true, &s->lacks);
	lists(d, lacks, "answer", false, &s->lacks_answer);
	memcpy(d->here, here, sizeof(here));
}

static void read_slot(struct reading *d, sv name, const jv *o, struct flow_slot_def *s)
{
	static const char *const keys[] = { "type",         "ask",          "retry",
					    "expect",       "known",        "tries",
					    "digits",       "choices",      "choices_from",
					    "choice_value", "choice_label", "clears",
					    "fail",         "optional",     "opening",
					    "min",          "unlike",       "after",
					    "shape",        "wishes",       "starts",
					    "all",          "known_for",    "lacks",
					    "differs",      "before",       "said",
					    "blank",        "dates",        "no",
					    "way_out" };
	known_keys(d, o, keys, N(keys));
	if (!name_ok(name))
		fault(d, "", "Use a-z, 0-9 and _.", "no usable name of a slot");
	read_type(d, o, s);
	read_expect(d, o, s);
	texts(d, o, "ask", true, &s->ask);
	texts(d, o, "retry", false, &s->retry);
	texts(d, o, "way_out", false, &s->way_out);
	s->known = keep(d, jv_get_str(o, "known"));
	s->tries = (int)whole(d, o, "tries", 1, 10, FLOW_TRIES);
	s->optional = jv_get_bool(o, "optional", false);
	s->opening = (int)whole(d, o, "opening", 1, 1000, 0);
	s->digits = (int)whole(d, o, "digits", 1, 20, 0);
	read_sense(d, o, s);
	read_choices(d, o, s);
}

static void read_slots(struct reading *d)
{
	void *it = NULL;
	sv name;
	jv *o;
	size_t n = jv_len(d->slots);
	if (n > FLOW_SLOTS) {
		fault(d, "slots", "Split the flow.", "too many slots");
		n = FLOW_SLOTS;
	}
	d->f->slot = make(d, n, sizeof(*d->f->slot));
	while (d->f->n_slots < n && jv_next(d->slots, &it, &name, &o)) {
		struct flow_slot_def *s = &d->f->slot[d->f->n_slots++];
		s->name = arena_cstr(&d->r->set->a, name);
		s->fail = s->lacks_to = s->lacks_slot = s->differs = -1;
		(void)snprintf(d->here, sizeof(d->here), "%s%sslots.%.40s", d->at,
			       d->at[0] ? "." : "", s->name);
		read_slot(d, name, o, s);
	}
}

/* What names other slots or steps: when all are there. */
static void link_slots(struct reading *d)
{
	for (size_t i = 0; i < d->f->n_slots; i++) {
		struct flow_slot_def *s = &d->f->slot[i];
		const jv *o = jv_get(d->slots, s->name);
		sv fail = jv_get_str(o, "fail"), other = jv_get_str(o, "differs");
		sv lacks = jv_get_str(jv_get(o, "lacks"), "goto");
		sv place = jv_get_str(jv_get(o, "lacks"), "slot");
		(void)snprintf(d->here, sizeof(d->here), "%s%sslots.%.40s", d->at,
			       d->at[0] ? "." : "", s->name);
		s->clears = slot_list(d, jv_get(o, "clears"), "clears", &s->n_clears);
		if (fail.n)
			s->fail = step_of(d, "fail", fail);
		if (lacks.n)
			s->lacks_to = step_of(d, "lacks", lacks);
		else if (jv_get(o, "lacks"))
			fault(d, "lacks", "Say where it goes on: goto: STEP.", "leads nowhere");
		if (place.n && (s->lacks_slot = slot_of(d->f, place)) < 0)
			fault(d, "lacks", "Name a slot of this flow.", "there is no such slot");
		if (other.n && (s->differs = slot_of(d->f, other)) < 0)
			fault(d, "differs", "Name a slot of this flow.", "there is no such slot");
	}
}

/* ---- steps ---- */

static int kind_of(const jv *o)
{
	int kind = -1;
	for (int k = 0; k < STEP_KINDS; k++)
		if (jv_get(o, flow_step_names[k])) {
			if (kind >= 0)
				return -1;
			kind = k;
		}
	return kind;
}

static void read_expr(struct reading *d, const char *key, sv text, struct policy_expr **ret)
{
	struct err e = { 0 };
	if (policy_expr_new(ret, text, &e))
		fault(d, key, e.msg, "the condition cannot be read");
}

static void read_branches(struct reading *d, const jv *list, struct flow_step *s)
{
	static const char *const keys[] = { "when", "goto", "else" };
	size_t n = jv_len(list) < FLOW_BRANCHES ? jv_len(list) : FLOW_BRANCHES;
	s->branch = make(d, n, sizeof(*s->branch));
	if (!jv_is_arr(list) || !n)
		fault(d, "if", "Write a list: - {when: ..., goto: STEP}, at last - {else: STEP}.",
		      "nothing to choose by");
	for (size_t i = 0; i < n; i++) {
		const jv *b = jv_at(list, i);
		struct flow_branch *x = &s->branch[s->n_branch++];
		sv other = jv_get_str(b, "else");
		known_keys(d, b, keys, N(keys));
		x->when_text = keep(d, jv_get_str(b, "when"));
		x->to = step_of(d, "if", other.n ? other : jv_get_str(b, "goto"));
		if (!other.n)
			read_expr(d, "if", x->when_text, &x->when);
	}
}

static void read_outcomes(struct reading *d, const jv *on, struct flow_step *s)
{
	void *it = NULL;
	sv name;
	jv *to;
	for (int i = 0; i < FLOW_OUTCOMES; i++)
		s->on[i] = FLOW_TO_NONE;
	while (jv_next(on, &it, &name, &to)) {
		int o = 0;
		while (o < FLOW_OUTCOMES && !sv_eq(name, sv_of(flow_outcome_names[o])))
			o++;
		if (o == FLOW_OUTCOMES)
			fault(d, "on",
			      "Use done, refused, not_found, approve, later, failed, denied, "
			      "invalid, declined or unverified.",
			      "no such outcome");
		else
			s->on[o] = step_of(d, "on", jv_as_str(to));
	}
}

static void read_call(struct reading *d, const jv *o, struct flow_step *s)
{
	sv as = jv_get_str(o, "as");
	s->word = keep(d, jv_get_str(o, "call"));
	s->args = jv_get(o, "args");
	s->quiet = jv_get_bool(o, "quiet", false);
	s->silent = jv_get_bool(o, "silent", false);
	s->effect = jv_get_bool(o, "effect", false);
	s->as = as.n ? arena_cstr(&d->r->set->a, as) : NULL;
	if (as.n && !name_ok(as))
		fault(d, "as", "Use a-z, 0-9 and _.", "no usable name");
	if (d->r->tool_known && !d->r->tool_known(d->r->arg, s->word))
		fault(d, "call", "Name a tool of demo/tools, or declare it there.",
		      "there is no such tool");
	read_outcomes(d, jv_get(o, "on"), s);
}

static void read_set(struct reading *d, const jv *set, struct flow_step *s)
{
	void *it = NULL;
	sv name = SV_NULL;
	jv *v = NULL;
	if (!jv_is_obj(set) || jv_len(set) != 1 || !jv_next(set, &it, &name, &v) ||
	    !name_ok(name)) {
		fault(d, "set", "Write set: {name: \"expression\"}.", "one name is set at a time");
		name = SV("x");
	}
	s->word = keep(d, name);
	s->branch = make(d, 1, sizeof(*s->branch));
	s->n_branch = 0;
	read_expr(d, "set", jv_is_str(v) ? jv_as_str(v) : SV("''"), &s->branch[0].when);
	s->n_branch = 1;
}

static void read_step(struct reading *d, const jv *o, struct flow_step *s)
{
	static const char *const keys[] = { "id",    "collect", "call",    "say",  "if",   "set",
					    "clear", "goto",    "handoff", "end",  "args", "as",
					    "quiet", "effect",  "on",      "next", "title", "flow",
					    "use",   "slot",    "silent" };
	int kind = kind_of(o);
	sv next = jv_get_str(o, "next");
	known_keys(d, o, keys, N(keys));
	s->next = next.n ? step_of(d, "next", next) : FLOW_TO_NEXT;
	if (jv_get(o, "use"))
		fault(d, "use", "Name a part (parts:) that is there.", "there is no such part");
	else if (kind < 0)
		fault(d, "",
		      "Give it one of collect, call, say, if, set, clear, goto, flow, handoff, "
		      "end, use.",
		      "what does this step do?");
	if (kind < 0) {
		kind = STEP_GOTO;
	}
	s->kind = (enum flow_step_kind)kind;
	if (kind == STEP_COLLECT && (s->slot = slot_of(d->f, jv_get_str(o, "collect"))) < 0) {
		fault(d, "collect", "Name a slot of this flow.", "there is no such slot");
		s->slot = 0;
	}
	if (kind == STEP_CALL)
		read_call(d, o, s);
	if (kind == STEP_SAY)
		texts(d, o, "say", true, &s->text);
	if (kind == STEP_IF)
		read_branches(d, jv_get(o, "if"), s);
	if (kind == STEP_SET)
		read_set(d, jv_get(o, "set"), s);
	if (kind == STEP_CLEAR)
		s->clears = slot_list(d, jv_get(o, "clear"), "clear", &s->n_clears);
	if (kind == STEP_GOTO && jv_get(o, "goto"))
		s->next = step_of(d, "goto", jv_get_str(o, "goto"));
	if (kind == STEP_HANDOFF || kind == STEP_END || kind == STEP_FLOW)
		s->word = keep(d, jv_get_str(o, flow_step_names[kind]));
}

static void step_here(struct reading *d, size_t i)
{
	const struct flow_origin *o = &d->from[i];
	d->r->name = o->name;
	d->r->text = o->text;
	(void)snprintf(d->here, sizeof(d->here), "%.60s%ssteps[%zu]", o->at, o->at[0] ? "." : "",
		       o->step);
}

static void read_steps(struct reading *d)
{
	size_t n = jv_len(d->steps);
	if (!n || n > FLOW_STEPS) {
		(void)snprintf(d->here, sizeof(d->here), "%s", d->at);
		fault(d, "steps", "Write steps: a list of 1 to 200.", "no steps, or too many");
		n = n ? FLOW_STEPS : 0;
	}
	d->f->step = make(d, n, sizeof(*d->f->step));
	for (size_t i = 0; i < n; i++) { /* the ids first: steps name each other */
		sv id = jv_get_str(jv_at(d->steps, i), "id");
		step_here(d, i);
		if (id.n && (!name_ok(id) || sv_eq(id, SV("next"))))
			fault(d, "id", "Use a-z, 0-9 and _; not next.", "no usable id");
		for (size_t k = 0; id.n && k < i; k++)
			if (sv_eq(id, sv_of(d->f->step[k].id)))
				fault(d, "id", "Give each step its own.", "the id is there twice");
		d->f->step[i].id = id.n ? arena_cstr(&d->r->set->a, id) :
					  arena_fmt(&d->r->set->a, "step%zu", i + 1);
		d->f->n_steps = i + 1;
	}
	for (size_t i = 0; i < n; i++) {
		step_here(d, i);
		read_step(d, jv_at(d->steps, i), &d->f->step[i]);
	}
	*d->r = d->own;
}

/* ---- a flow, a file, a set ---- */

static const char **names(struct reading *d, const jv *o, const char *key, size_t *ret_n)
{
	const jv *list = jv_get(o, key);
	if (list && !jv_is_arr(list))
		fault(d, key, "Write a list: [a, b].", "not a list");
	const char **v = make(d, jv_len(list), sizeof(*v));
	for (size_t i = 0; i < jv_len(list); i++)
		v[(*ret_n)++] = arena_cstr(&d->r->set->a, jv_as_str(jv_at(list, i)));
	return v;
}

static void read_flow(struct flow_reader *r, const jv *o, const char *at)
{
	static const char *const keys[] = { "id",     "version", "title", "intents",  "words",
					    "unless", "slots",   "steps", "priority", "never",
					    "wish",   "also",    "whole", "about",  "within" };
	struct flow *f = r->set->n < FLOW_MAX ? &r->set->v[r->set->n] : NULL;
	struct flow_origin from[FLOW_STEPS];
	struct reading d = { .r = r, .f = f, .from = from, .own = *r };
	struct sb b;
	sv id = jv_get_str(o, "id");
	if (!f)
		return;
	r->set->n++;
	o = flow_expand(r, o, at, from);
	r->set->tree[r->set->n_trees++] = (jv *)o; /* arguments are read from it later */
	d.steps = jv_get(o, "steps");
	d.slots = jv_get(o, "slots");
	id = jv_get_str(o, "id");
	(void)snprintf(d.at, sizeof(d.at), "%s", at);
	(void)snprintf(d.here, sizeof(d.here), "%s", at);
	f->id = arena_cstr(&r->set->a, id);
	if (!name_ok(id))
		fault(&d, "id", "Give it a name of a-z, 0-9 and _, such as return_goods.",
		      "no usable id");
	for (size_t i = 0; i + 1 < r->set->n; i++)
		if (sv_eq(id, sv_of(r->set->v[i].id)))
			fault(&d, "id", "Give each flow its own.", "the id is there twice");
	known_keys(&d, o, keys, N(keys));
	f->version = (int)whole(&d, o, "version", 1, 1000000, 1);
	f->priority = (int)whole(&d, o, "priority", 0, 100, 0);
	texts(&d, o, "title", true, &f->title);
	lists(&d, o, "words", false, &f->words);
	lists(&d, o, "unless", false, &f->unless);
	lists(&d, o, "never", false, &f->never);
	lists(&d, o, "wish", false, &f->wish);
	texts(&d, o, "also", false, &f->also);
	f->whole = jv_get_bool(o, "whole", false);
	f->about = arena_sv(&r->set->a, jv_get_str(o, "about"));
	if (f->about.n && !flow_only(f->about, SV("order|product")))
		fault(&d, "about", "Write order, product, or order|product.",
		      "about what is not known");
	f->intents = names(&d, o, "intents", &f->n_intents);
	f->within = names(&d, o, "within", &f->n_within);
	sb_init(&b, 1u << 20);
	jv_dump(o, &b);
	f->print = sv_hash(sb_sv(&b));
	sb_done(&b);
	read_slots(&d);
	read_steps(&d);
	link_slots(&d);
	flow_check(r, f, at, from);
}

/* A file may hold parts alone. */
static void read_file(struct flow_reader *r, const jv *tree)
{
	const jv *list = jv_get(tree, "flows");
	if (!tree || (!list && jv_get(tree, "parts")))
		return;
	if (!jv_is_arr(list)) {
		read_flow(r, tree, "");
		return;
	}
	for (size_t i = 0; i < jv_len(list); i++) {
		char at[40];
		(void)snprintf(at, sizeof(at), "flows[%zu]", i);
		read_flow(r, jv_at(list, i), at);
	}
}

/* Steps that lead to flows: when all are there. */
static void check_jumps(struct flow_reader *r)
{
	for (size_t i = 0; r->tool_known && i < r->set->n; i++) {
		const struct flow *f = &r->set->v[i];
		for (size_t k = 0; k < f->n_within; k++)
			if (!flow_of(r->set, sv_of(f->within[k])))
				flow_fault(r, "", "Name a flow by its id.",
					   "flow %s: within %s, which is not there", f->id,
					   f->within[k]);
		for (size_t k = 0; k < r->set->v[i].n_steps; k++) {
			const struct flow_step *s = &r->set->v[i].step[k];
			if (s->kind == STEP_FLOW && !flow_of(r->set, s->word))
				flow_fault(r, "", "Name a flow by its id.",
					   "flow %s: step %s leads to " SV_FMT
					   ", which is not there",
					   r->set->v[i].id, s->id, SV_ARG(s->word));
		}
	}
}

static void set_done(void *p)
{
	struct flow_set *s = p;
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < s->v[i].n_steps; k++)
			for (size_t b = 0; b < s->v[i].step[k].n_branch; b++)
				obj_unref(s->v[i].step[k].branch[b].when);
	for (size_t i = 0; i < s->n_trees; i++)
		jv_free(s->tree[i]);
	xfree(s->tree);
	xfree(s->v);
	for (size_t i = 0; i < s->n_spill; i++)
		xfree(s->spill[i]);
	xfree(s->spill);
	arena_done(&s->a);
}

int flow_set_new(struct flow_set **ret, const struct flow_file *files, size_t n,
		 bool (*tool_known)(void *arg, sv name), void *arg, struct cfg_report *rep)
{
	struct flow_set *s = obj_new(sizeof(*s), set_done);
	struct flow_parts parts = { .n = 0 };
	size_t before = rep->n;
	arena_init(&s->a, FLOW_MEMORY);
	s->v = xalloc(sizeof(*s->v) * FLOW_MAX);
	s->tree = xalloc(sizeof(*s->tree) * (n + FLOW_MAX + 1));
	for (size_t i = 0; i < n; i++) { /* the parts first */
		struct flow_reader r = { s,   files[i].name, files[i].yaml, rep, tool_known,
					 arg, &parts };
		s->tree[s->n_trees++] = cfg_parse(r.text, r.name, rep);
		flow_parts(&r, s->tree[i]);
	}
	struct flow_reader r = { s, "", SV_NULL, rep, tool_known, arg, &parts };
	for (size_t i = 0; i < n; i++) {
		r.name = files[i].name;
		r.text = files[i].yaml;
		read_file(&r, s->tree[i]);
	}
	check_jumps(&r);
	if (rep->n > before) {
		obj_unref(s);
		return ERR_INVAL;
	}
	*ret = s;
	return 0;
}
