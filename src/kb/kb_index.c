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
#include "kb_build.h"

#define F_CORE 2.0f              /* of a term's share in the names against its place anywhere */

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

static void index_done(void *obj)
{
	struct kb_index *ix = obj;

	for (size_t i = 0; i < KB_CONNS; i++)
		store_db_close(atomic_exchange(&ix->idle[i], NULL));
	for (size_t i = 0; i < ix->n_space; i++) {
		struct kb_space *sp = &ix->space[i];

		map_free(sp->ids);
		kb_lex_done(sp->lex);
		for (size_t k = 0; k < sp->n_art; k++)
			VEC_FREE(&sp->art[k].chunks);
		xfree(sp->w);
		xfree(sp->art);
		xfree(sp->block);
		xfree(sp->mean);
		xfree(sp->missing);
	}
	map_free(ix->by_id);
	xfree(ix->image);
	arena_done(&ix->arena);
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

#define COLS "id, lang, group_id, title, body_md, aliases, category, source, version, " \
	     "valid_from_ms, valid_to_ms"

static struct kb_art *push_art(struct kb_space *sp)
{
	struct { struct kb_art *v; size_t n, cap; } v = { sp->art, sp->n_art, sp->cap_art };
	struct kb_art *a = VEC_PUSH(&v, LIM_KB_ARTICLES);

	sp->art = v.v;
	sp->n_art = v.n;
	sp->cap_art = v.cap;
	return a;
}

static int add_row(struct kb_build_job *b, struct store_stmt *q, int64_t until_ms)
{
	struct arena *a = &b->ix->arena;
	struct kb_space *sp = NULL;
	struct kb_art *art;
	int rc = space_get(b, store_col_sv(q, 1), &sp);

	if (rc)
		return rc;
	art = push_art(sp);
	if (!art)
		return kb_full(b);
	art->a.id = arena_sv(a, store_col_sv(q, 0));
	art->a.lang = sv_of(sp->lang);
	art->a.group_id = arena_sv(a, store_col_sv(q, 2));
	art->a.title = arena_sv(a, store_col_sv(q, 3));
	art->a.body_md = arena_sv(a, store_col_sv(q, 4));
	art->a.aliases = arena_sv(a, store_col_sv(q, 5));
	art->a.category = arena_sv(a, store_col_sv(q, 6));
	art->a.source = arena_sv(a, store_col_sv(q, 7));
	art->a.version = (int)store_col_int(q, 8);
	art->a.valid_from_ms = store_col_int(q, 9);
	art->a.valid_to_ms = store_col_int(q, 10);
	art->product = sv_eq(art->a.category, SV("products"));
	art->former = until_ms != 0;
	if (art->former && (!art->a.valid_to_ms || art->a.valid_to_ms >= until_ms))
		art->a.valid_to_ms = until_ms - 1;
	sp->n_live += !art->former;
	b->ix->n_live += !art->former;
	return art->a.id.p && art->a.body_md.p ? 0 : kb_full(b);
}

/* A version that begins in the future: the one before it is served until then. */
static int load_former(struct kb_build_job *b, sv id, sv lang, int64_t version, int64_t until_ms)
{
	struct store_stmt *q;
	int rc = store_prep(b->db, &q, "SELECT " COLS " FROM article_version WHERE id = ?1 AND "
			    "lang = ?2 AND version < ?3 AND status = 'published' AND "
			    "coalesce(valid_from_ms, 0) <= ?4 ORDER BY version DESC LIMIT 1");

	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, lang);
	store_bind_int(q, 3, version);
	store_bind_int(q, 4, b->now_ms);
	rc = store_step(q);
	rc = rc == 1 ? add_row(b, q, until_ms) : rc;
	store_reset(q);
	return rc;
}

static int load(struct kb_build_job *b)
{
	struct store_stmt *q = NULL;
	int rc = store_prep(b->db, &q, "SELECT " COLS " FROM article WHERE status = 'published' "
				       "ORDER BY lang, id");

	while (!rc && (rc = store_step(q)) == 1)
		rc = add_row(b, q, 0);
	if (q)
		store_reset(q);
	for (size_t s = 0; !rc && s < b->ix->n_space; s++) {
		size_t n = b->ix->space[s].n_art;

		for (size_t i = 0; !rc && i < n; i++) {
			struct kb_article a = b->ix->space[s].art[i].a;

			if (a.valid_from_ms > b->now_ms)
				rc = load_former(b, a.id, a.lang, a.version, a.valid_from_ms);
		}
	}
	return rc;
}

/* ---- postings ---- */

/* Article lists per term, for spaces small enough to be walked in memory. */
static int postings(struct kb_build_job *b, struct kb_space *sp)
{
	uint32_t *at;
	size_t n = 0;

	if (sp->n_art > KB_POST_ARTICLES || (b->o && b->o->full_text))
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
				w += F_CORE * a->core.w[c];
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

/* Which languages have an article of the same group. */
static int groups(struct kb_build_job *b)
{
	struct map *in = map_new(LIM_KB_ARTICLES * KB_SPACES);
	struct kb_index *ix = b->ix;
	int rc = 0;

	for (size_t s = 0; s < ix->n_space && !rc; s++)
		for (size_t i = 0; i < ix->space[s].n_art && !rc; i++) {
			sv group = ix->space[s].art[i].a.group_id;
			uintptr_t bits = (uintptr_t)map_get(in, group);

			rc = map_put(in, group, (void *)(bits | 1u << s));
		}
	for (size_t s = 0; s < ix->n_space; s++)
		for (size_t i = 0; i < ix->space[s].n_art; i++) {
			struct kb_art *a = &ix->space[s].art[i];

			a->also = (unsigned)(uintptr_t)map_get(in, a->a.group_id);
		}
	map_free(in);
	return rc ? kb_full(b) : 0;
}

int kb_build(struct kb_index **ret, struct store_db *db, const struct kb_opts *o, struct err *e)
{
	struct kb_build_job b = { .db = db, .o = o, .e = e, .now_ms = clk_wall_ms() };
	int rc = kb_init();

	if (rc)
		return err_set(e, rc, "the tokenizer cannot be registered: %s", err_text(rc));
	b.ix = obj_new(sizeof(*b.ix), index_done);
	arena_init(&b.ix->arena, LIM_ARENA_BIG);
	rc = load(&b);
	if (rc == ERR_DB)
		err_set(e, rc, "articles: %.200s", store_error(db));
	for (size_t s = 0; !rc && s < b.ix->n_space; s++) {
		rc = kb_vectors(&b, &b.ix->space[s]);
		if (!rc)
			rc = postings(&b, &b.ix->space[s]);
		if (!rc)
			rc = kb_dense_space(&b, &b.ix->space[s]);
	}
	if (!rc)
		rc = index_ids(&b);
	if (!rc)
		rc = groups(&b);
	if (!rc)
		rc = kb_image_build(b.ix, e);
	VEC_FREE(&b.tmp);
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

int kb_get(const struct kb_index *ix, sv article_id, struct kb_article *ret)
{
	const struct kb_art *a = map_get(ix->by_id, article_id);

	if (!a)
		return ERR_NOTFOUND;
	*ret = a->a;
	return 0;
}

void kb_utterances(const struct kb_index *ix, sv lang, void (*fn)(void *arg, sv text), void *arg)
{
	const struct kb_space *sp = kb_space_of((struct kb_index *)(uintptr_t)ix, lang);

	for (size_t i = 0; sp && i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];
		sv rest = a->a.aliases, line;

		if (a->former)
			continue;
		fn(arg, a->a.title);
		while (sv_line(&rest, &line))
			if (sv_trim(line).n)
				fn(arg, sv_trim(line));
		if (a->n_sent)
			fn(arg, sv_n(a->a.body_md.p + a->sent[0].off, a->sent[0].len));
	}
}
