/* learn_run.c: one look back over the river: questions that went badly, gaps, drafts, conflicts.
 *
 * Rows are read first (learn_mine.c), put together (learn_group.c), given the id of the gap they
 * were before, and those that people have answered get a draft (learn_answer.c, learn_draft.c,
 * learn_gate.c). Everything lives in the run's arena; what leaves it has no customer's data. A
 * worker's thread; nothing is written.
 */
#include "learn_int.h"

static int take_article(void *arg, const struct kb_article *a)
{
	struct learn_work *w = arg;
	struct kb_article *slot = VEC_PUSH(&w->article, LIM_KB_ARTICLES);
	if (!slot)
		return ERR_FULL;
	*slot = *a;
	learn_lang_of(w, a->lang);
	return 0;
}

static int load_knowledge(struct learn_work *w)
{
	int rc = learn_articles_each(w->db, SV(""), w->a, take_article, w);
	for (size_t i = 0; i < w->n_lang && !rc; i++) {
		struct learn_lang *l = &w->lang[i];
		struct kb_facts *f = kb_facts_new(l->sense, learn_slots, NULL);
		for (size_t k = 0; k < w->article.n && !rc; k++)
			if (sv_eq(w->article.v[k].lang, sv_of(l->lang)))
				rc = kb_facts_add(f, &w->article.v[k]);
		kb_facts_ready(f);
		l->facts = f;
		rc = rc == ERR_FULL ? 0 : rc;
	}
	return rc;
}

/* ---- the same gap as before ---- */

struct had {
	char id[27];
	size_t n;
};

static void note_id(struct had had[16], size_t *n, sv id)
{
	size_t k = 0;
	while (k < *n && !sv_eq(sv_of(had[k].id), id))
		k++;
	if (!id.n || id.n >= sizeof(had[0].id) || k == 16)
		return;
	if (k == *n) {
		had[k] = (struct had){ .n = 0 };
		memcpy(had[k].id, id.p, id.n);
		++*n;
	}
	had[k].n++;
}

/* The earlier gap that most of the questions were in; it can be taken once. */
static int former_id(struct learn_work *w, struct map *taken, struct learn_gap *g)
{
	static const char sql[] =
		"SELECT gap FROM gap_question WHERE conversation=?1 AND seq=?2 ORDER BY gap "
		"LIMIT 1";
	struct had had[16];
	size_t n = 0, best = 0;
	for (size_t i = 0; i < g->n && i < 200; i++) {
		struct store_stmt *q;
		int rc = store_prep(w->db, &q, sql);
		if (rc)
			return rc;
		store_bind_sv(q, 1, g->item[i]->conversation);
		store_bind_int(q, 2, g->item[i]->seq);
		if (store_step(q) == 1)
			note_id(had, &n, store_col_sv(q, 0));
		store_reset(q);
	}
	for (size_t k = 1; k < n; k++)
		best = had[k].n > had[best].n ? k : best;
	if (n && !map_get(taken, sv_of(had[best].id)))
		memcpy(g->id, had[best].id, sizeof(g->id));
	else
		id_new(g->id);
	return map_put(taken, sv_of(g->id), g);
}

static int name_gaps(struct learn_work *w)
{
	struct map *taken = map_new(LEARN_GAPS_MAX);
	int rc = 0;
	for (size_t i = 0; i < w->gap.n && !rc; i++)
		rc = former_id(w, taken, &w->gap.v[i]);
	map_free(taken);
	return rc;
}

sv learn_owner(struct learn_work *w, sv category)
{
	struct store_stmt *q;
	sv ret = SV("");
	if (!category.n || store_prep(w->db, &q, "SELECT owner FROM kb_topic WHERE category=?1"))
		return ret;
	store_bind_sv(q, 1, category);
	if (store_step(q) == 1)
		ret = arena_sv(w->a, store_col_sv(q, 0));
	store_reset(q);
	return ret.p ? ret : SV("");
}

static void drafts(struct learn_work *w)
{
	for (size_t i = 0; i < w->gap.n; i++) {
		struct learn_gap *g = &w->gap.v[i];
		struct learn_consensus c;
		if (g->answers && learn_consensus(w, g, &c))
			learn_draft(w, g, &c);
	}
}

/* Questions as they are kept. Here, so that the scribe need not; last, because what was compared
 * before were the customers' own words. */
static void clean_questions(struct learn_work *w)
{
	struct arena tmp;
	arena_init(&tmp, LIM_ARENA_TURN);
	for (size_t i = 0; i < w->item.n; i++) {
		arena_reset(&tmp);
		/* a number goes by itself before its mask takes the whole clause along */
		sv asked = kb_asked(w->item.v[i]->text, &tmp);
		sv text = arena_sv(w->a, learn_clean(&tmp, asked));
		w->item.v[i]->text = text.p ? text : SV("");
	}
	arena_done(&tmp);
}

static int work(struct learn_work *w, int64_t since_ms)
{
	int rc = load_knowledge(w);
	if (!rc)
		rc = learn_open_find(w);
	if (!rc)
		rc = learn_mine(w, since_ms);
	if (!rc)
		rc = learn_group(w);
	if (!rc)
		rc = name_gaps(w);
	if (!rc) {
		drafts(w);
		clean_questions(w);
	}
	if (!rc)
		rc = learn_conflicts(w);
	return rc;
}

int learn_run(struct learn_run **ret, struct store_db *db, const struct learn_opts *o,
	      struct err *e)
{
	struct learn_run *r = xalloc(sizeof(*r));
	struct learn_work *w = xalloc(sizeof(*w));
	struct learn_opts opts = *o;
	arena_init(&r->arena, 4u * LIM_ARENA_BIG - 1);
	opts.now_ms = o->now_ms ? o->now_ms : clk_wall_ms();
	opts.days = o->days > 0 ? o->days : 30;
	r->now_ms = opts.now_ms;
	r->since_ms = opts.now_ms - opts.days * LEARN_DAY_MS;
	r->work = w;
	w->a = &r->arena;
	w->db = db;
	w->o = &opts;
	w->agents = o->agents > 0 ? o->agents : 3;
	int rc = work(w, r->since_ms);
	w->o = NULL;
	r->gap = w->gap.v;
	r->n_gap = w->gap.n;
	r->conflict = w->conflict.v;
	r->n_conflict = w->conflict.n;
	r->rows = w->rows;
	r->questions = w->all.n;
	r->gone_wrong = w->item.n;
	if (rc) {
		learn_run_free(r);
		return err_set(e, rc, "the rows could not be read: %s", err_text(rc));
	}
	*ret = r;
	return 0;
}

void learn_run_free(struct learn_run *r)
{
	if (!r)
		return;
	struct learn_work *w = r->work;
	for (size_t i = 0; i < w->n_lang; i++) {
		kb_facts_free(w->lang[i].facts);
		kb_rarity_free(w->lang[i].rare_q);
		kb_rarity_free(w->lang[i].rare_a);
		kb_sense_free(w->lang[i].sense);
	}
	VEC_FREE(&w->all);
	VEC_FREE(&w->item);
	VEC_FREE(&w->mind);
	map_free(w->talk);
	map_free(w->open);
	VEC_FREE(&w->article);
	VEC_FREE(&w->gap);
	VEC_FREE(&w->conflict);
	arena_done(&r->arena);
	xfree(w);
	xfree(r);
}
