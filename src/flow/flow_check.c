/* flow_check.c: faults that only the whole flow shows: steps that nothing leads to, slots that are
 * used but never asked for, places in texts and arguments that nothing fills. */
#include "flow_int.h"

#include <stdio.h>

static void add_way(const struct flow *f, int to, size_t at, int *out, size_t *n, size_t max)
{
	int i = to == FLOW_TO_NEXT ? (int)at + 1 : to;
	if (i >= 0 && (size_t)i < f->n_steps && *n < max)
		out[(*n)++] = i;
}

size_t flow_ways(const struct flow *f, size_t at, int *to, size_t max)
{
	const struct flow_step *s = &f->step[at];
	size_t n = 0;
	bool all = false;
	if (s->kind == STEP_HANDOFF || s->kind == STEP_END || s->kind == STEP_FLOW)
		return 0;
	for (size_t i = 0; s->kind == STEP_IF && i < s->n_branch; i++) {
		add_way(f, s->branch[i].to, at, to, &n, max);
		all |= !s->branch[i].when;
	}
	for (int o = 0; s->kind == STEP_CALL && o < FLOW_OUTCOMES; o++)
		if (s->on[o] != FLOW_TO_NONE)
			add_way(f, s->on[o], at, to, &n, max);
	all |= s->kind == STEP_CALL && s->on[0] != FLOW_TO_NONE;
	if (s->kind == STEP_COLLECT && f->slot[s->slot].fail >= 0)
		add_way(f, f->slot[s->slot].fail, at, to, &n, max);
	if (s->kind == STEP_COLLECT && f->slot[s->slot].lacks_to >= 0)
		add_way(f, f->slot[s->slot].lacks_to, at, to, &n, max);
	if (!all)
		add_way(f, s->next, at, to, &n, max);
	return n;
}

static void reach(const struct flow *f, size_t at, bool *seen)
{
	int to[FLOW_BRANCHES + FLOW_OUTCOMES + 4];
	if (at >= f->n_steps || seen[at])
		return;
	seen[at] = true;
	size_t n = flow_ways(f, at, to, sizeof(to) / sizeof(*to));
	for (size_t i = 0; i < n; i++)
		reach(f, (size_t)to[i], seen);
}

static void path_of(char path[200], const char *at, const char *rest, size_t i, const char *key)
{
	(void)snprintf(path, 200, "%s%s%s[%zu]%s%s", at, at[0] ? "." : "", rest, i,
		       key[0] ? "." : "", key);
}

/* Is there something of that name: a slot, a result, a value set, what the engine gives? */
static bool named(const struct flow *f, sv root)
{
	if (sv_eq(root, SV("known")) || sv_eq(root, SV("outcome")))
		return true;
	for (size_t i = 0; i < f->n_slots; i++)
		if (sv_eq(root, sv_of(f->slot[i].name)))
			return true;
	for (size_t i = 0; i < f->n_steps; i++) {
		const struct flow_step *s = &f->step[i];
		if ((s->as && sv_eq(root, sv_of(s->as))) ||
		    (s->kind == STEP_SET && sv_eq(root, s->word)))
			return true;
	}
	return false;
}

static sv root_of(sv path)
{
	ptrdiff_t dot = sv_find_ch(path, '.');
	return dot < 0 ? path : sv_slice(path, 0, (size_t)dot);
}

/* The first place of tmpl that nothing fills. */
static sv loose(const struct flow *f, sv tmpl)
{
	while (tmpl.n) {
		ptrdiff_t open = sv_find_ch(tmpl, '{');
		if (open < 0)
			break;
		tmpl = sv_slice(tmpl, (size_t)open + 1, tmpl.n);
		ptrdiff_t end = sv_find_ch(tmpl, '}');
		sv place = end > 0 ? sv_slice(tmpl, 0, (size_t)end) : SV_NULL;
		if (place.n && !named(f, root_of(place)))
			return place;
	}
	return SV_NULL;
}

static void check_words(struct flow_reader *r, const struct flow *f, const char *path, sv tmpl)
{
	sv place = loose(f, tmpl);
	if (place.n)
		flow_fault(r, path, "Name a slot, a result (as:), a value that is set, or known.",
			   "flow %s: nothing fills {" SV_FMT "}", f->id,
			   (int)(place.n < 60 ? place.n : 60), place.p);
}

static void check_step(struct flow_reader *r, const struct flow *f, const struct flow_origin *from,
		       size_t i)
{
	const struct flow_step *s = &f->step[i];
	struct flow_reader there = *r;
	char path[200];
	void *it = NULL;
	sv key;
	jv *v;
	there.name = from->name;
	there.text = from->text;
	path_of(path, from->at, "steps", from->step, "say");
	for (int l = 0; l < 2; l++)
		check_words(&there, f, path, s->text.t[l]);
	path_of(path, from->at, "steps", from->step, "args");
	while (s->args && jv_next(s->args, &it, &key, &v))
		check_words(&there, f, path, jv_as_str(v));
}

static void check_slots(struct flow_reader *r, const struct flow *f, const char *at)
{
	for (size_t i = 0; i < f->n_slots; i++) {
		const struct flow_slot_def *s = &f->slot[i];
		bool used = false;
		char path[200];
		for (size_t k = 0; k < f->n_steps; k++)
			used |= f->step[k].kind == STEP_COLLECT && f->step[k].slot == (int)i;
		(void)snprintf(path, sizeof(path), "%s%sslots.%s", at, at[0] ? "." : "", s->name);
		bool heard = s->optional && (s->kind == SLOT_CHOICE || s->kind == SLOT_CODE ||
					     s->kind == SLOT_TYPED);
		if (!used && !heard)
			flow_fault(r, path, "Add a step collect, or take the slot out.",
				   "flow %s: nothing asks for %s", f->id, s->name);
		if (s->list.n && !named(f, root_of(s->list)))
			flow_fault(r, path, "Name a result (as:) and the list in it.",
				   "flow %s: choices_from names nothing that is there", f->id);
		for (int l = 0; l < 2; l++) {
			check_words(r, f, path, s->ask.t[l]);
			check_words(r, f, path, s->retry.t[l]);
			check_words(r, f, path, s->way_out.t[l]);
		}
	}
}

void flow_check(struct flow_reader *r, const struct flow *f, const char *at,
		const struct flow_origin *from)
{
	bool *seen = xalloc(f->n_steps + 1);
	reach(f, 0, seen);
	for (size_t i = 0; i < f->n_steps; i++) {
		struct flow_reader there = *r;
		char path[200];
		path_of(path, from[i].at, "steps", from[i].step, "");
		there.name = from[i].name;
		there.text = from[i].text;
		if (!seen[i])
			flow_fault(&there, path, "Lead to it, or take it out.",
				   "flow %s: no way leads to step %s", f->id, f->step[i].id);
		check_step(r, f, &from[i], i);
	}
	check_slots(r, f, at);
	xfree(seen);
}
