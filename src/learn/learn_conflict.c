/* learn_conflict.c: published articles that say different things of the same: within a language
 * by their facts, between the languages of a group by the values one of them has alone. A worker's
 * thread. */
#include "learn_int.h"

#define DIFFER_MAX 16
#define CONFLICTS_MAX 5000u

struct taking {
	struct learn_work *w;
	struct learn_lang *l;
};

static sv kept(struct learn_work *w, sv s)
{
	sv out = s.n ? arena_sv(w->a, s) : SV("");
	return out.p ? out : SV("");
}

static void take(void *arg, const struct kb_conflict *c)
{
	struct taking *t = arg;
	struct learn_work *w = t->w;
	struct learn_conflict *x = VEC_PUSH(&w->conflict, CONFLICTS_MAX);
	if (!x)
		return;
	*x = (struct learn_conflict){
		.lang = sv_of(t->l->lang), .id = kept(w, c->id), .other = kept(w, c->other),
		.value = kept(w, c->value), .other_value = kept(w, c->other_value),
		.sentence = kept(w, c->sentence), .other_sentence = kept(w, c->other_sentence),
		.kind = kb_slot_kind_name(c->kind), .likeness = c->likeness,
	};
}

/* ---- reading ---- */

int learn_articles_each(struct store_db *db, sv lang, struct arena *a,
			int (*fn)(void *arg, const struct kb_article *a), void *arg)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"SELECT id, lang, group_id, title, body_md, aliases, category, "
		"source, version, coalesce(valid_from_ms, 0), coalesce(valid_to_ms, 0), "
		"audience FROM article WHERE status='published' AND (?1='' OR lang=?1) "
		"ORDER BY lang, id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, lang.p ? lang : SV(""));
	while ((rc = store_step(q)) == 1) {
		sv v[8];
		for (int i = 0; i < 8; i++)
			v[i] = arena_sv(a, store_col_sv(q, i));
		const struct kb_article x = {
			.id = v[0], .lang = v[1], .group_id = v[2], .title = v[3], .body_md = v[4],
			.aliases = v[5], .category = v[6], .source = v[7],
			.version = (int)store_col_int(q, 8),
			.valid_from_ms = store_col_int(q, 9), .valid_to_ms = store_col_int(q, 10),
			.audience = arena_sv(a, store_col_sv(q, 11)),
		};
		rc = v[4].p ? fn(arg, &x) : ERR_TOOBIG;
		if (rc)
			break;
	}
	store_reset(q);
	return rc;
}

static int add_fact(void *arg, const struct kb_article *a)
{
	int rc = kb_facts_add(arg, a);
	return rc == ERR_FULL ? 0 : rc;
}

int learn_facts_load(struct store_db *db, sv lang, struct kb_sense *sense, struct arena *a,
		     struct kb_facts **ret)
{
	struct kb_facts *f = kb_facts_new(sense, learn_slots, NULL);
	int rc = learn_articles_each(db, lang, a, add_fact, f);
	if (rc) {
		kb_facts_free(f);
		return rc;
	}
	kb_facts_ready(f);
	*ret = f;
	return 0;
}

/* ---- translations ---- */

static void differ(struct learn_work *w, const struct kb_article *a, const struct kb_article *b)
{
	struct kb_conflict c[DIFFER_MAX];
	size_t n = kb_facts_differ(learn_slots, NULL, a->body_md, b->body_md, c, DIFFER_MAX);
	for (size_t i = 0; i < n; i++) {
		struct taking t = { w, learn_lang_of(w, a->lang) };
		if (!t.l || !c[i].value.n || !c[i].other_value.n)
			continue;
		size_t had = w->conflict.n;
		c[i].id = a->id;
		c[i].other = b->id;
		take(&t, &c[i]);
		if (w->conflict.n > had)
			w->conflict.v[had].translation = true;
	}
}

static void translations(struct learn_work *w)
{
	struct map *first = map_new(LIM_KB_ARTICLES);
	for (size_t i = 0; i < w->article.n; i++) {
		const struct kb_article *a = &w->article.v[i],
					*b = map_get(first, a->group_id);
		if (!b)
			(void)map_put(first, a->group_id, &w->article.v[i]);
		else if (!sv_eq(a->lang, b->lang))
			differ(w, b, a);
	}
	map_free(first);
}

int learn_conflicts(struct learn_work *w)
{
	for (size_t i = 0; i < w->n_lang; i++) {
		struct taking t = { w, &w->lang[i] };
		if (t.l->facts)
			kb_facts_scan(t.l->facts, take, &t);
	}
	translations(w);
	return 0;
}
