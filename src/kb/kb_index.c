/* kb_index.c: builds the immutable index from the article rows.
 *
 * One space per language: a vocabulary with document frequencies, and for each article sparse
 * vectors of its title, aliases and sentences (weights = factor x idf), which the ranker compares
 * with the question (kb_vectors.c). Beside it a full-text image (FTS5, our tokenizer, one table a
 * space) that proposes candidates. Two passes: terms and frequencies first, weights when all are
 * known.
 * Everything lives in the index's arena and dies with the last reference. A worker builds, then
 * all threads read; the image connections are taken from atomic slots, one thread each at a time.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_seg.h"

bool kb_live_at(const struct kb_article *a, int64_t now_ms)
{
	return (!a->valid_from_ms || a->valid_from_ms <= now_ms) &&
	       (!a->valid_to_ms || now_ms <= a->valid_to_ms);
}

struct kb_space *kb_space_of(struct kb_index *ix, sv lang)
{
	for (size_t i = 0; i < ix->n_space; i++)
		if (sv_eq(sv_of(ix->space[i].lang), lang))
			return &ix->space[i];
	return NULL;
}

/* The lexicon of a space of changes is that of the space below. */
static void space_done(struct kb_space *sp, bool lex)
{
	map_free(sp->ids);
	if (lex)
		kb_lex_done(sp->lex);
	for (size_t k = 0; k < sp->n_art; k++)
		VEC_FREE(&sp->art[k].chunks);
	kb_seg_free(sp->seg);
	xfree(sp->near);
	xfree(sp->near_at);
	xfree(sp->w);
	xfree(sp->art);
	xfree(sp->block);
	xfree(sp->mean);
	xfree(sp->missing);
}

static void index_done(void *obj)
{
	struct kb_index *ix = obj;

	for (size_t i = 0; i < KB_CONNS; i++)
		store_db_close(atomic_exchange(&ix->idle[i], NULL));
	for (size_t i = 0; i < ix->n_space; i++)
		if (!ix->root)
			space_done(&ix->space[i], true);
		else if (ix->space[i].more)
			space_done(ix->space[i].more, false);
	map_free(ix->by_id);
	xfree(ix->image);
	arena_done(&ix->arena);
	obj_unref(ix->root);
}

/* ---- lexicon of a space ---- */

static int load_lex(struct kb_build_job *b, struct kb_space *sp)
{
	sv lang = sv_of(sp->lang);
	char path[512];
	struct sb text;
	int rc;

	sp->lex = kb_lex_new(&b->ix->arena);
	kb_lex_common(sp->lex, kb_lex_builtin_common(lang));
	if (!b->o || !b->o->synonyms_dir.n)
		return kb_lex_add(sp->lex, kb_lex_builtin(lang), "built-in synonyms", b->e);
	snprintf(path, sizeof(path), SV_FMT "/synonyms.%s.tsv", SV_ARG(b->o->synonyms_dir),
		 sp->lang);
	if (!file_exists(path))
		return kb_lex_add(sp->lex, kb_lex_builtin(lang), "built-in synonyms", b->e);
	sb_init(&text, LIM_CFG_BYTES);
	rc = file_read(path, LIM_CFG_BYTES, &text, b->e);
	if (!rc)
		rc = kb_lex_add(sp->lex, sb_sv(&text), path, b->e);
	sb_done(&text);
	return rc;
}

static int space_get(struct kb_build_job *b, sv lang, struct kb_space **ret)
{
	struct kb_space *sp = kb_space_of(b->ix, lang);

	if (!sp) {
		if (b->ix->n_space == KB_SPACES || lang.n >= sizeof(sp->lang))
			return err_set(b->e, ERR_FULL, "articles in more than %d languages",
				       KB_SPACES);
		sp = &b->ix->space[b->ix->n_space++];
		memcpy(sp->lang, lang.p, lang.n);
		sp->ids = map_new(KB_VOCAB_MAX);
		sp->rows = kb_emb_builtin(lang);
		*ret = sp;
		return load_lex(b, sp);
	}
	*ret = sp;
	return 0;
}

/* ---- rows ---- */

static struct kb_art *push_art(struct kb_space *sp)
{
	struct { struct kb_art *v; size_t n, cap; } v = { sp->art, sp->n_art, sp->cap_art };
	struct kb_art *a = VEC_PUSH(&v, LIM_KB_ARTICLES);

	sp->art = v.v;
	sp->n_art = v.n;
	sp->cap_art = v.cap;
	return a;
}

uint64_t kb_row_stamp(struct store_stmt *q)
{
	uint64_t h = sv_hash(store_col_sv(q, 11));

	for (int i = 8; i <= 12; i++)
		if (i != 11)
			h = (h ^ (uint64_t)store_col_int(q, i)) * 1099511628211u;
	h = (h ^ (uint64_t)store_col_int(q, 13)) * 1099511628211u ^ sv_hash(store_col_sv(q, 14));
	return h ^ h >> 31;
}

static sv keep(struct kb_build_job *b, struct store_stmt *q, int col)
{
	return arena_sv(b->arena, store_col_sv(q, col));
}

static void fill_row(struct kb_build_job *b, const struct kb_space *sp, struct store_stmt *q,
		     struct kb_art *art)
{
	art->a.id = keep(b, q, 0);
	art->a.lang = sv_of(sp->lang);
	art->a.group_id = keep(b, q, 2);
	art->a.title = keep(b, q, 3);
	art->a.body_md = keep(b, q, 4);
	art->a.aliases = keep(b, q, 5);
	art->a.category = keep(b, q, 6);
	art->a.source = keep(b, q, 7);
	art->a.version = (int)store_col_int(q, 8);
	art->a.valid_from_ms = store_col_int(q, 9);
	art->a.valid_to_ms = store_col_int(q, 10);
	art->a.canary = (int)store_col_int(q, 13);
	art->a.audience = sv_eq(store_col_sv(q, 14), SV("public")) ? SV("") : keep(b, q, 14);
	art->stamp = kb_row_stamp(q);
	art->product = sv_eq(art->a.category, SV("products"));
}

static int pack_row(struct kb_build_job *b, struct kb_space *sp, struct kb_art *art)
{
	int rc = kb_vectors_one(b, sp, art);

	if (!rc && kb_seg_add(sp->seg, art))
		rc = kb_full(b);
	VEC_FREE(&art->chunks);
	return rc;
}

static void set_beside(struct kb_art *art, const struct kb_beside *of)
{
	art->former = true;
	art->a.canary = of->canary;
	if (of->until_ms && (!art->a.valid_to_ms || art->a.valid_to_ms >= of->until_ms))
		art->a.valid_to_ms = of->until_ms - 1;
	if (art->a.valid_from_ms < of->from_ms)
		art->a.valid_from_ms = of->from_ms;
}

int kb_row_add(struct kb_build_job *b, struct kb_space *sp, struct store_stmt *q,
	       const struct kb_beside *of)
{
	struct kb_art once = { 0 }, *art = &once;
	int rc = 0;

	if (sp->seg) {
		arena_reset(&b->once);
		b->arena = &b->once;
	} else {
		art = push_art(sp);
	}
	if (!art)
		return kb_full(b);
	fill_row(b, sp, q, art);
	if (of)
		set_beside(art, of);
	if (!art->a.id.p || !art->a.body_md.p)
		rc = kb_full(b);
	if (!rc && sp->seg)
		rc = pack_row(b, sp, art);
	b->arena = &b->ix->arena;
	sp->n_live += !art->former;
	b->ix->n_live += !art->former;
	return rc;
}

/* The newest version before a that was for all and is valid now. */
static int add_beside(struct kb_build_job *b, struct kb_space *sp, const struct kb_article *a,
		      const struct kb_beside *of)
{
	struct store_stmt *q;
	int rc = store_prep(b->db, &q, "SELECT " KB_COLS " FROM article_version WHERE id = ?1 AND "
			    "lang = ?2 AND version < ?3 AND status = 'published' AND canary = 0 "
			    "AND coalesce(valid_from_ms, 0) <= ?4 ORDER BY version DESC LIMIT 1");

	if (rc)
		return rc;
	store_bind_sv(q, 1, a->id);
	store_bind_sv(q, 2, a->lang);
	store_bind_int(q, 3, a->version);
	store_bind_int(q, 4, b->now_ms);
	rc = store_step(q);
	rc = rc == 1 ? kb_row_add(b, sp, q, of) : rc;
	store_reset(q);
	return rc;
}

int kb_row_former(struct kb_build_job *b, struct kb_space *sp, const struct kb_article *a)
{
	struct kb_beside before = { .until_ms = a->valid_from_ms };
	struct kb_beside rest = { .from_ms = a->valid_from_ms, .canary = a->canary };
	int rc = 0;

	if (a->valid_from_ms > b->now_ms)
		rc = add_beside(b, sp, a, &before);
	if (!rc && a->canary)
		rc = add_beside(b, sp, a, &rest);
	return rc;
}

/* Spaces of languages with many articles are packed. */
static int plan(struct kb_build_job *b)
{
	struct store_stmt *q = NULL;
	int rc = store_prep(b->db, &q, "SELECT lang, count(*) FROM article WHERE "
				       "status = 'published' GROUP BY lang ORDER BY lang");

	while (!rc && (rc = store_step(q)) == 1) {
		struct kb_space *sp = NULL;
		bool open = b->o && b->o->full_text;

		rc = space_get(b, store_col_sv(q, 0), &sp);
		if (!rc && !open && ((b->o && b->o->packed) ||
				     store_col_int(q, 1) > KB_POST_ARTICLES))
			sp->seg = kb_seg_new();
	}
	if (q)
		store_reset(q);
	return rc;
}

static int load_formers(struct kb_build_job *b, struct kb_space *sp)
{
	int rc = 0;

	sp->n_row = kb_space_own(sp);
	for (size_t i = 0; !rc && i < sp->n_row; i++) {
		struct kb_article a;

		if (sp->seg)
			kb_seg_article(sp->seg, sp->lang, i, &a);
		else
			a = sp->art[i].a;
		if (a.valid_from_ms <= b->now_ms && !a.canary)
			continue;
		a.id = arena_sv(&b->ix->arena, a.id); /* the texts may move */
		rc = kb_row_former(b, sp, &a);
	}
	return rc;
}

static int load(struct kb_build_job *b)
{
	struct store_stmt *q = NULL;
	int rc = plan(b);

	if (!rc)
		rc = store_prep(b->db, &q, "SELECT " KB_COLS " FROM article WHERE "
					   "status = 'published' ORDER BY lang, id");
	while (!rc && (rc = store_step(q)) == 1) {
		struct kb_space *sp = NULL;

		rc = space_get(b, store_col_sv(q, 1), &sp);
		if (!rc)
			rc = kb_row_add(b, sp, q, NULL);
	}
	if (q)
		store_reset(q);
	for (size_t s = 0; !rc && s < b->ix->n_space; s++)
		rc = load_formers(b, &b->ix->space[s]);
	return rc;
}

/* ---- postings ---- */

/* Article lists per term, for spaces small enough to be walked in memory. */
static int postings(struct kb_build_job *b, struct kb_space *sp)
{
	uint32_t *at;
	size_t n = 0;

	if (sp->seg || (b->o && b->o->full_text))
		return 0;
	for (size_t i = 0; i < sp->n_art; i++)
		n += sp->art[i].all.n;
	sp->post_at = arena_new(&b->ix->arena, uint32_t, sp->n_w + 2);
	sp->post = arena_new(&b->ix->arena, struct kb_post, n + 1);
	if (!sp->post_at || !sp->post)
		return kb_full(b);
	at = sp->post_at + 1;
	for (size_t i = 0, sum = 0; i < sp->n_w; i++) {
		at[i] = (uint32_t)sum;
		sum += sp->w[i].df;
	}
	for (size_t i = 0; i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];

		for (uint32_t k = 0, c = 0; k < a->all.n; k++) {
			float w = a->all.w[k];

			while (c < a->core.n && a->core.id[c] < a->all.id[k])
				c++;
			if (c < a->core.n && a->core.id[c] == a->all.id[k])
				w += KB_CORE * a->core.w[c];
			sp->post[at[a->all.id[k]]++] = (struct kb_post){ (uint32_t)i, w };
		}
	}
	return 0; /* each at[i] has moved on to where i + 1 begins: post_at is the table of
		     starts */
}

/* ---- door ---- */

int kb_init(void)
{
	return store_tokenizer("callm", kb_tokenize);
}

static int finish_packed(struct kb_build_job *b, struct kb_space *sp)
{
	int rc = kb_vectors_end(b, sp);

	if (!rc && kb_seg_end(sp->seg, sp->w, sp->n_w))
		rc = kb_full(b);
	if (!rc)
		kb_space_sort_words(sp);
	return rc;
}

static int finish_space(struct kb_build_job *b, struct kb_space *sp)
{
	int rc = sp->seg ? finish_packed(b, sp) : kb_vectors(b, sp);

	if (!rc)
		rc = postings(b, sp);
	return rc ? rc : kb_dense_space(b, sp);
}

static int index_ids(struct kb_build_job *b)
{
	struct kb_index *ix = b->ix;

	ix->by_id = map_new(LIM_KB_ARTICLES * KB_SPACES);
	for (size_t s = 0; s < ix->n_space; s++)
		for (size_t i = 0; i < ix->space[s].n_art; i++) {
			struct kb_art *a = &ix->space[s].art[i];

			if (a->former && map_get(ix->by_id, a->a.id) &&
			    !kb_live_at(&a->a, b->now_ms))
				continue;
			if (map_put(ix->by_id, a->a.id, a) != 0)
				return kb_full(b);
		}
	return 0;
}

static sv group_of(const struct kb_space *sp, size_t i)
{
	return sp->seg ? kb_seg_text(sp->seg, i, ST_GROUP) : sp->art[i].a.group_id;
}

/* Adds the bit to what is noted of a group, if anything is. */
static void mark_group(struct map *groups, sv group, unsigned bit)
{
	uintptr_t bits = (uintptr_t)map_get(groups, group);

	if (bits)
		(void)map_put(groups, group, (void *)(bits | bit)); /* replaces: no new key */
}

void kb_space_groups(const struct kb_space *sp, struct map *groups, unsigned bit)
{
	size_t own = kb_space_own(sp);

	for (size_t i = 0; sp->more && i < sp->more->n_art; i++)
		mark_group(groups, sp->more->art[i].a.group_id, bit);
	for (size_t i = 0; i < own; i++)
		if (!kb_space_gone(sp, i))
			mark_group(groups, group_of(sp, i), bit);
}

/* Which languages have an article of the same group. */
static int groups(struct kb_build_job *b)
{
	struct map *in = map_new(LIM_KB_ARTICLES * KB_SPACES);
	struct kb_index *ix = b->ix;
	int rc = 0;

	for (size_t s = 0; s < ix->n_space && !rc; s++)
		for (size_t i = 0; i < kb_space_own(&ix->space[s]) && !rc; i++) {
			sv group = group_of(&ix->space[s], i);
			uintptr_t bits = (uintptr_t)map_get(in, group);

			rc = map_put(in, group, (void *)(bits | 1u << s));
		}
	for (size_t s = 0; s < ix->n_space; s++)
		for (size_t i = 0; i < kb_space_own(&ix->space[s]); i++) {
			struct kb_space *sp = &ix->space[s];
			unsigned bits = (unsigned)(uintptr_t)map_get(in, group_of(sp, i));

			if (sp->seg)
				sp->seg->row[i].also = bits;
			else
				sp->art[i].also = bits;
		}
	map_free(in);
	return rc ? kb_full(b) : 0;
}

struct kb_index *kb_index_new(void)
{
	struct kb_index *ix = obj_new(sizeof(*ix), index_done);

	arena_init(&ix->arena, LIM_ARENA_BIG);
	return ix;
}

int kb_build(struct kb_index **ret, struct store_db *db, const struct kb_opts *o, struct err *e)
{
	struct kb_build_job b = { .db = db, .o = o, .e = e, .now_ms = clk_wall_ms() };
	int rc = kb_init();

	if (rc)
		return err_set(e, rc, "the tokenizer cannot be registered: %s", err_text(rc));
	b.ix = kb_index_new();
	arena_init(&b.once, LIM_ARENA_BIG);
	b.arena = &b.ix->arena;
	rc = load(&b);
	if (rc == ERR_DB)
		err_set(e, rc, "articles: %.200s", store_error(db));
	for (size_t s = 0; !rc && s < b.ix->n_space; s++)
		rc = finish_space(&b, &b.ix->space[s]);
	if (!rc)
		rc = index_ids(&b);
	if (!rc)
		rc = groups(&b);
	if (!rc && o && o->full_text)
		rc = kb_image_build(b.ix, e);
	VEC_FREE(&b.tmp);
	arena_done(&b.once);
	if (rc)
		obj_unref(b.ix);
	else
		*ret = b.ix;
	return rc;
}

size_t kb_count(const struct kb_index *ix)
{
	return ix->n_live;
}

static size_t space_bytes(const struct kb_space *sp)
{
	size_t n = sp->cap_w * sizeof(*sp->w) + sp->cap_art * sizeof(*sp->art);

	if (sp->near)
		n += (sp->near_at[KB_NEAR] + KB_NEAR) * sizeof(*sp->near);
	return n + (sp->seg ? kb_seg_bytes(sp->seg) : 0) + (sp->ids ? map_count(sp->ids) * 96 : 0);
}

size_t kb_bytes(const struct kb_index *ix)
{
	size_t n = ix->arena.used + ix->image_n + (ix->root ? kb_bytes(ix->root) : 0);

	for (size_t s = 0; s < ix->n_space; s++) {
		const struct kb_space *sp = &ix->space[s];

		n += !ix->root ? space_bytes(sp) : sp->more ? space_bytes(sp->more) : 0;
	}
	return n;
}

/* The newest version of an article, in what changed or below it. */
static int get_in(const struct kb_index *ix, const struct kb_space *sp, sv id,
		  struct kb_article *ret)
{
	ptrdiff_t at;

	for (size_t i = 0; sp->more && i < sp->more->n_art; i++) {
		*ret = sp->more->art[i].a;
		if (sv_eq(ret->id, id))
			return 0;
	}
	if (sp->seg) {
		at = kb_seg_find(sp->seg, sp->n_row, id);
		if (at >= 0)
			kb_seg_article(sp->seg, sp->lang, (size_t)at, ret);
	} else {
		const struct kb_art *a = map_get((ix->root ? ix->root : ix)->by_id, id);

		at = a && a >= sp->art && a < sp->art + sp->n_art ? a - sp->art : -1;
		if (at >= 0)
			*ret = a->a;
	}
	return at >= 0 && !kb_space_gone(sp, (size_t)at) ? 0 : ERR_NOTFOUND;
}

int kb_get(const struct kb_index *ix, sv article_id, struct kb_article *ret)
{
	int rc = ERR_NOTFOUND;

	for (size_t s = 0; rc && s < ix->n_space; s++) {
		struct kb_article a;

		rc = get_in(ix, &ix->space[s], article_id, &a);
		if (!rc)
			*ret = a;
	}
	return rc;
}

static void utter(const struct kb_art *a, void (*fn)(void *arg, sv text), void *arg)
{
	sv rest = a->a.aliases, line;

	if (a->former)
		return;
	fn(arg, a->a.title);
	while (sv_line(&rest, &line))
		if (sv_trim(line).n)
			fn(arg, sv_trim(line));
	if (a->n_sent)
		fn(arg, sv_n(a->a.body_md.p + a->sent[0].off, a->sent[0].len));
}

void kb_utterances(const struct kb_index *ix, sv lang, void (*fn)(void *arg, sv text), void *arg)
{
	const struct kb_space *sp = kb_space_of((struct kb_index *)(uintptr_t)ix, lang);
	struct arena once;

	arena_init(&once, LIM_ARENA_BIG);
	for (size_t i = 0; sp && i < kb_space_n(sp); i++) {
		const struct kb_art *a;

		if (i < kb_space_own(sp) && kb_space_gone(sp, i))
			continue;
		a = kb_space_art(sp, i, &once);
		if (a)
			utter(a, fn, arg);
		arena_reset(&once);
	}
	arena_done(&once);
}
