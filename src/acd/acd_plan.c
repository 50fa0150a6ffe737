/* acd_plan.c: a plan as an object: made, asked, changed in one place, and the way from a wish to a
 * queue.
 *
 * A plan keeps a copy of the tree it was read from: a change copies the tree, changes one entry and
 * reads the whole again, so that no change ever skips a check. Immutable once made: any thread.
 */
#include "acd_plan_int.h"

#include <stdio.h>

static void plan_free(void *obj)
{
	struct acd_plan *p = obj;
	for (int i = 0; i < p->n_cals; i++)
		obj_unref((void *)(uintptr_t)p->cal[i]);
	for (int i = 0; i < p->n_music; i++)
		obj_unref(p->music[i].m);
	jv_free(p->tree);
	arena_done(&p->a);
}

/* Takes tree over. */
static int plan_make(struct acd_plan **ret, jv *tree, sv yaml, const char *name,
		     const struct acd_cals *cals, struct cfg_report *rep)
{
	struct acd_plan *p = obj_new(sizeof(*p), plan_free);
	int rc;
	arena_init(&p->a, LIM_ARENA_BIG);
	p->tree = tree;
	rc = acd_plan_read(p, tree, yaml, name, cals, rep);
	if (rc) {
		obj_unref(p);
		return rc;
	}
	*ret = p;
	return 0;
}

int acd_plan_new(struct acd_plan **ret, sv yaml, const char *name, const struct acd_cals *cals,
		 struct cfg_report *rep)
{
	jv *tree = cfg_parse(yaml, name, rep);
	return tree ? plan_make(ret, tree, yaml, name, cals, rep) : ERR_INVAL;
}

int acd_plan_tree(struct acd_plan **ret, const jv *tree, const struct acd_cals *cals,
		  struct cfg_report *rep)
{
	return plan_make(ret, jv_copy(tree), SV_NULL, "queues", cals, rep);
}

/* ---- one entry changed ---- */

/* The list of a section and the member that names its entries; made when it is not there. */
static jv *section_list(jv *tree, const char *section, const char **key)
{
	jv *at = tree;
	const char *name = section;
	*key = strcmp(section, "agents") == 0 ? "login" : "id";
	if (strcmp(section, "agents") == 0) {
		if (!jv_get(tree, "agents"))
			jv_set(tree, "agents", jv_obj());
		at = jv_get(tree, "agents");
		name = "people";
	}
	if (!jv_get(at, name))
		jv_set(at, name, jv_arr());
	return jv_get(at, name);
}

static bool is_entry(const jv *entry, size_t i, const char *section, const char *key, sv id)
{
	int64_t n;
	if (strcmp(section, "routes") != 0)
		return sv_eq(jv_get_str(entry, key), id);
	return sv_i64(id, &n) == 0 && n == (int64_t)i;
}

/* *list with the entry replaced, taken out (value NULL) or added, in the same order. */
static jv *list_with(const jv *list, const char *section, const char *key, sv id, const jv *value,
		     bool *found)
{
	jv *out = jv_arr();
	*found = false;
	for (size_t i = 0; i < jv_len(list); i++) {
		bool it = !*found && is_entry(jv_at(list, i), i, section, key, id);
		*found |= it;
		if (it && !value)
			continue;
		jv_push(out, jv_copy(it ? value : jv_at(list, i)));
	}
	if (!*found && value)
		jv_push(out, jv_copy(value));
	return out;
}

/* In the tree. ERR_NOTFOUND: it was to be taken out and is not there; nothing has changed. */
static int change(jv *tree, const struct acd_change *x)
{
	static const char *const sections[] = { "queues", "skills", "agents", "routes" };
	const char *key;
	bool known = false, found;
	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		known |= strcmp(x->section, sections[i]) == 0;
	if (!known)
		return ERR_INVAL;
	jv *list = section_list(tree, x->section, &key);
	jv *out = list_with(list, x->section, key, x->id, x->value, &found);
	if (!found && !x->value) {
		jv_free(out);
		return ERR_NOTFOUND;
	}
	if (strcmp(x->section, "agents") == 0)
		jv_set(jv_get(tree, "agents"), "people", out);
	else
		jv_set(tree, x->section, out);
	return 0;
}

int acd_plan_with(struct acd_plan **ret, const struct acd_plan *p, const char *section, sv id,
		  const jv *value, const struct acd_cals *cals, struct cfg_report *rep)
{
	jv *tree = jv_copy(p->tree);
	int rc = change(tree, &(struct acd_change){ section, id, value });
	if (rc) {
		jv_free(tree);
		return rc;
	}
	return plan_make(ret, tree, SV_NULL, section, cals, rep);
}

int acd_plan_changed(struct acd_plan **ret, const struct acd_plan *p, const struct acd_change *v,
		     size_t n, const struct acd_cals *cals, struct cfg_report *rep)
{
	jv *tree = jv_copy(p->tree);
	for (size_t i = 0; i < n; i++) {
		int rc = change(tree, &v[i]);
		if (rc && rc != ERR_NOTFOUND) {
			jv_free(tree);
			return rc;
		}
	}
	return plan_make(ret, tree, SV_NULL, "queues", cals, rep);
}

const jv *acd_plan_source(const struct acd_plan *p)
{
	return p->tree;
}

/* ---- asked ---- */

int acd_plan_queues(const struct acd_plan *p)
{
	return p->n_queues;
}

const struct acd_queue *acd_plan_queue(const struct acd_plan *p, int i)
{
	return &p->queue[i];
}

int acd_plan_queue_of(const struct acd_plan *p, sv id)
{
	for (int i = 0; i < p->n_queues; i++)
		if (sv_eq(id, sv_of(p->queue[i].id)))
			return i;
	return -1;
}

int acd_plan_skills(const struct acd_plan *p)
{
	return p->n_skills;
}

const char *acd_plan_skill(const struct acd_plan *p, int i)
{
	return p->skill[i].id;
}

const char *acd_plan_skill_title(const struct acd_plan *p, int i, int lang)
{
	return p->skill[i].title[lang ? 1 : 0];
}

int acd_plan_skill_of(const struct acd_plan *p, sv id)
{
	for (int i = 0; i < p->n_skills; i++)
		if (sv_eq(id, sv_of(p->skill[i].id)))
			return i;
	return -1;
}

int acd_plan_langs(const struct acd_plan *p)
{
	return p->n_langs;
}

const char *acd_plan_lang(const struct acd_plan *p, int i)
{
	return p->lang[i];
}

/* "zh", "zh-CN" and "zh_CN" are zh: what stands before the first - or _ (RFC 5646). */
static sv lang_head(sv s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] != '-' && s.p[n] != '_')
		n++;
	return sv_slice(s, 0, n);
}

int acd_plan_lang_of(const struct acd_plan *p, sv lang)
{
	for (int i = 0; i < p->n_langs; i++)
		if (sv_eq_nocase(lang, sv_of(p->lang[i])))
			return i;
	for (int i = 0; i < p->n_langs; i++)
		if (sv_eq_nocase(lang_head(lang), lang_head(sv_of(p->lang[i]))))
			return i;
	return -1;
}

int acd_plan_people(const struct acd_plan *p)
{
	return p->n_people;
}

const struct acd_person *acd_plan_person(const struct acd_plan *p, int i)
{
	return &p->person[i];
}

int acd_plan_person_of(const struct acd_plan *p, sv login)
{
	for (int i = 0; i < p->n_people; i++)
		if (sv_eq(login, sv_of(p->person[i].login)))
			return i;
	return -1;
}

const struct acd_person *acd_plan_default(const struct acd_plan *p)
{
	return &p->std;
}

const char *const *acd_plan_reasons(const struct acd_plan *p)
{
	return p->reason;
}

/* ---- from a wish to a queue ---- */

static bool fits(const struct plan_words *w, sv s)
{
	for (int i = 0; i < w->n; i++)
		if (sv_eq(w->v[i], s))
			return true;
	return w->n == 0;
}

static bool route_fits(const struct plan_route *x, const struct acd_wish *w)
{
	const struct plan_when *k = &x->when;
	return fits(&k->topic, w->topic) && fits(&k->reason, w->reason) &&
	       fits(&k->tier, w->tier) &&
	       (fits(&k->language, w->language) ||
		fits(&k->language, lang_head(w->language))) &&
	       fits(&k->channel, w->channel) && (!k->media || k->media >> w->media & 1u);
}

void acd_plan_route(const struct acd_plan *p, const struct acd_wish *w, struct acd_route *ret)
{
	*ret = (struct acd_route){ .queue = p->last_resort, .priority = w->priority, .row = -1 };
	for (int i = 0; i < p->n_routes; i++) {
		const struct plan_route *x = &p->route[i];
		if (!route_fits(x, w))
			continue;
		ret->queue = x->queue;
		ret->priority = w->priority + x->priority;
		memcpy(ret->need, x->need, sizeof(ret->need));
		ret->n_need = x->n_need;
		ret->row = i;
		return;
	}
}
