/* eval_contradict.c: are contradictions found? One number of an article is changed (seeded), and
 * the changed text is looked up among the others, the original included, and compared with its
 * translation. What is found among the untouched articles is a false alarm, or a real one.
 * Blocking. */
#include "eval_fly_int.h"

#include <stdlib.h>

struct all {
	struct arena arena;
	VEC(struct kb_article) v;
	struct kb_facts *f[2];
};

static int take(void *arg, const struct kb_article *a)
{
	struct all *w = arg;
	int zh = sv_eq(a->lang, SV("zh"));
	if (!zh && !sv_eq(a->lang, SV("en")))
		return 0;
	struct kb_article *x = VEC_PUSH(&w->v, 10000);
	if (!x)
		return ERR_FULL;
	*x = *a;
	return kb_facts_add(w->f[zh], a);
}

static const struct kb_article *translation(const struct all *w, const struct kb_article *a)
{
	for (size_t i = 0; i < w->v.n; i++)
		if (sv_eq(w->v.v[i].group_id, a->group_id) && !sv_eq(w->v.v[i].lang, a->lang))
			return &w->v.v[i];
	return NULL;
}

/* A value that each text has alone, of one kind. */
static bool differs(sv body, sv other)
{
	struct kb_conflict c[16];
	size_t n = kb_facts_differ(learn_slots, NULL, body, other, c, 16);
	for (size_t i = 0; i < n; i++)
		if (c[i].value.n && c[i].other_value.n)
			return true;
	return false;
}

static void print_conflict(void *arg, const struct kb_conflict *c)
{
	jv *o = jv_obj();
	jv_set_str(o, "id", c->id);
	jv_set_str(o, "other", c->other);
	jv_set_str(o, "value", c->value);
	jv_set_str(o, "other_value", c->other_value);
	jv_set_str(o, "sentence", c->sentence);
	jv_set_str(o, "other_sentence", c->other_sentence);
	jv_set_num(o, "likeness", c->likeness);
	jv_push(arg, o);
}

struct counts {
	size_t n, found, abroad, n_abroad;
	jv *missed;
};

static void try_one(struct all *w, struct rng *r, const struct kb_article *a, struct counts *c)
{
	const struct kb_article *t = translation(w, a);
	struct kb_article x = *a;
	struct sb b;
	sb_init(&b, LIM_KB_DOC);
	if (fly_other_number(r, a->body_md, &b)) {
		x.id = SV("changed");
		x.body_md = sb_sv(&b);
		bool hit = kb_facts_check(w->f[sv_eq(a->lang, SV("zh"))], &x, NULL, NULL) > 0;
		c->n++;
		c->found += hit;
		if (!hit)
			jv_push(c->missed, jv_str(a->id));
		/* only where the two agree before can a difference be seen */
		if (t && !differs(a->body_md, t->body_md)) {
			c->n_abroad++;
			c->abroad += differs(x.body_md, t->body_md);
		}
	}
	sb_done(&b);
}

int eval_contradictions(struct store *st, uint64_t seed, size_t n, jv **ret, struct err *e)
{
	struct kb_sense *sense[2] = { kb_sense_new(SV("en")), kb_sense_new(SV("zh")) };
	struct all w = { .f = { kb_facts_new(sense[0], learn_slots, NULL),
				kb_facts_new(sense[1], learn_slots, NULL) } };
	struct counts c = { .missed = jv_arr() };
	struct store_db *db;
	struct rng r;
	jv *alarms = jv_arr();
	size_t false_abroad = 0, pairs = 0;
	arena_init(&w.arena, LIM_ARENA_BIG);
	rng_seed(&r, seed);
	int rc = store_reader(st, &db);
	if (!rc)
		rc = learn_articles_each(db, SV(""), &w.arena, take, &w);
	if (rc)
		err_set(e, rc, "the articles could not be read: %s", err_text(rc));
	for (int i = 0; i < 2 && !rc; i++)
		kb_facts_scan(w.f[i], print_conflict, alarms);
	for (size_t i = 0; i < w.v.n && !rc; i++) {
		const struct kb_article *t = translation(&w, &w.v.v[i]);
		if (t && sv_eq(t->lang, SV("zh"))) {
			pairs++;
			false_abroad += differs(w.v.v[i].body_md, t->body_md);
		}
	}
	for (size_t i = 0; i < 20 * n && c.n < n && w.v.n && !rc; i++)
		try_one(&w, &r, &w.v.v[rng_below(&r, w.v.n)], &c);
	if (!rc) {
		*ret = jv_obj();
		jv_set_int(*ret, "articles", (int64_t)w.v.n);
		jv_set_int(*ret, "n", (int64_t)c.n);
		jv_set_int(*ret, "found", (int64_t)c.found);
		jv_set_int(*ret, "n_translation", (int64_t)c.n_abroad);
		jv_set_int(*ret, "found_translation", (int64_t)c.abroad);
		jv_set_int(*ret, "pairs", (int64_t)pairs);
		jv_set_int(*ret, "pairs_differ", (int64_t)false_abroad);
		jv_set_int(*ret, "false_alarms", (int64_t)jv_len(alarms));
		jv_set(*ret, "alarms", alarms);
		jv_set(*ret, "missed", c.missed);
	} else {
		jv_free(alarms);
		jv_free(c.missed);
	}
	for (int i = 0; i < 2; i++) {
		kb_facts_free(w.f[i]);
		kb_sense_free(sense[i]);
	}
	VEC_FREE(&w.v);
	arena_done(&w.arena);
	return rc;
}
