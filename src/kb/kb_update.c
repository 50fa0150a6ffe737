/* kb_update.c: an index of what changed, on top of one that is shared.
 *
 * The rows of the store say what is true: every row's stamp (version, check sum, validity, time of
 * change) is compared with the one the full index was built from. Articles whose stamp differs are
 * read and indexed in a small space of their own; a bit hides their former state. Nothing is
 * remembered from one update to the next, so no order of commits, crashes and updates can make
 * index and text disagree: the changes are always those against the full index below.
 *
 * Words known below keep their weights from there, so an edit does not shift what others score;
 * words of the changes alone are weighed among all. Everything new lives in the new index's arena.
 * Reads in one transaction, on the calling thread; the index below may be in use meanwhile. */
#include <stdlib.h>
#include "kb_seg.h"

#define MORE_MIN 64              /* changes that are always kept apart, */
#define MORE_SHARE 64            /* and one of so many articles, */
#define MORE_MAX 2048            /* but never more than this: each is compared with each question */

struct changed {
	sv id;
	uint64_t stamp;
};
struct side {                    /* of one language */
	size_t next;             /* row of the index below that comes next */
	uint64_t *dead;
	size_t n_dead;
	struct { struct changed *v; size_t n, cap; } list;
	sv last;
};
struct update {
	struct kb_build_job b;
	struct kb_index *root;
	struct side side[KB_SPACES];
	bool anew;               /* a language more, or rows in an order we do not know */
	const struct kb_article *with;   /* no row has it yet; or NULL */
	bool placed;             /* it is among the changed ones */
};

/* ---- what differs ---- */

static sv id_of(const struct kb_space *sp, size_t i)
{
	return sp->seg ? kb_seg_text(sp->seg, i, ST_ID) : sp->art[i].a.id;
}

static uint64_t stamp_of(const struct kb_space *sp, size_t i)
{
	return sp->seg ? sp->seg->row[i].stamp : sp->art[i].stamp;
}

/* An article and its former versions, which follow the newest ones in no order. */
static void bury(struct side *s, const struct kb_space *sp, size_t i)
{
	s->n_dead++;
	s->dead[i / 64] |= UINT64_C(1) << (i % 64);
	for (size_t k = sp->n_row; k < kb_space_own(sp); k++)
		if (sv_eq(id_of(sp, k), id_of(sp, i)))
			s->dead[k / 64] |= UINT64_C(1) << (k % 64);
}

static int push(struct update *u, struct side *s, sv id, uint64_t stamp)
{
	struct changed *c = VEC_PUSH(&s->list, LIM_KB_ARTICLES);

	if (!c)
		return kb_full(&u->b);
	*c = (struct changed){ arena_sv(&u->b.ix->arena, id), stamp };
	return c->id.p ? 0 : kb_full(&u->b);
}

static bool is_with(const struct update *u, sv id, sv lang)
{
	return u->with && sv_eq(u->with->id, id) && sv_eq(u->with->lang, lang);
}

static int compare(struct update *u, struct store_stmt *q)
{
	struct kb_space *sp = kb_space_of(u->root, store_col_sv(q, 1));
	sv id = store_col_sv(q, 0);
	bool with = is_with(u, id, store_col_sv(q, 1));
	uint64_t stamp = with ? 0 : kb_row_stamp(q);
	struct side *s;
	int order = 1;

	if (!sp)
		return u->anew = true, 0;
	s = &u->side[sp - u->root->space];
	while (s->next < sp->n_row && (order = sv_cmp(id_of(sp, s->next), id)) < 0)
		bury(s, sp, s->next++);
	if (s->next && sv_cmp(id_of(sp, s->next - 1), id) >= 0)
		return u->anew = true, 0;
	if (s->next < sp->n_row && order == 0) {
		if (!with && stamp_of(sp, s->next) == stamp)
			return s->next++, 0;
		bury(s, sp, s->next++);
	}
	u->placed = u->placed || with;
	return push(u, s, id, stamp);
}

/* An article that no row has is one more. */
static int place(struct update *u)
{
	struct kb_space *sp = kb_space_of(u->root, u->with->lang);

	if (!sp)
		return err_set(u->b.e, ERR_UNSUPPORTED,
			       "there are no articles in its language yet");
	return push(u, &u->side[sp - u->root->space], u->with->id, 0);
}

static int look(struct update *u)
{
	struct store_stmt *q = NULL;
	int rc;

	for (size_t s = 0; s < u->root->n_space; s++) {
		u->side[s].dead = arena_new(&u->b.ix->arena, uint64_t,
					    kb_space_own(&u->root->space[s]) / 64 + 1);
		if (!u->side[s].dead)
			return kb_full(&u->b);
	}
	rc = store_prep(u->b.db, &q, "SELECT " KB_STAMP_COLS " FROM article WHERE "
				     "status = 'published' ORDER BY id, lang");
	while (!rc && !u->anew && (rc = store_step(q)) == 1)
		rc = compare(u, q);
	if (q)
		store_reset(q);
	for (size_t s = 0; !rc && !u->anew && s < u->root->n_space; s++) {
		struct side *x = &u->side[s];

		while (x->next < u->root->space[s].n_row) {
			bury(x, &u->root->space[s], x->next);
			x->next++;
		}
	}
	if (!rc && !u->anew && u->with && !u->placed)
		rc = place(u);
	return rc;
}

static bool same_side(const struct side *s, const struct kb_space *sp)
{
	size_t words = kb_space_own(sp) / 64 + 1, n = 0;

	if (!sp->more)
		return !s->list.n && !s->n_dead;
	if (memcmp(s->dead, sp->dead, words * sizeof(*s->dead)) != 0)
		return false;
	for (size_t i = 0; i < sp->more->n_row; i++)
		n += i < s->list.n && sp->more->art[i].stamp == s->list.v[i].stamp &&
		     sv_eq(sp->more->art[i].a.id, s->list.v[i].id);
	return n == s->list.n && n == sp->more->n_row;
}

static bool same(const struct update *u, const struct kb_index *was)
{
	for (size_t s = 0; s < was->n_space; s++)
		if (!same_side(&u->side[s], &was->space[s]))
			return false;
	return true;
}

/* ---- the new index ---- */

/* As the row that kb_put would write: columns of KB_COLS. */
static int read_with(struct update *u, struct kb_space *more)
{
	const struct kb_article *a = u->with;
	const sv text[] = { a->id, a->lang, a->group_id, a->title, a->body_md, a->aliases,
			    a->category, a->source };
	struct store_stmt *q;
	int rc = store_prep(u->b.db, &q, "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
					 "'', 0, ?12, ?13");

	if (rc)
		return rc;
	for (int i = 0; i < 8; i++)
		store_bind_sv(q, i + 1, text[i].p ? text[i] : SV(""));
	store_bind_int(q, 9, a->version);
	store_bind_int(q, 10, a->valid_from_ms);
	store_bind_int(q, 11, a->valid_to_ms);
	store_bind_int(q, 12, a->canary);
	store_bind_sv(q, 13, a->audience.p ? a->audience : SV(""));
	rc = store_step(q);
	if (rc == 1)
		rc = kb_row_add(&u->b, more, q, NULL);
	store_reset(q);
	return rc;
}

static int read_changed(struct update *u, struct kb_space *more, const struct changed *c)
{
	struct store_stmt *q;
	int rc;

	if (is_with(u, c->id, sv_of(more->lang)))
		return read_with(u, more);
	rc = store_prep(u->b.db, &q, "SELECT " KB_COLS " FROM article WHERE id = ?1 AND "
					 "lang = ?2 AND status = 'published'");

	if (rc)
		return rc;
	store_bind_sv(q, 1, c->id);
	store_bind_sv(q, 2, sv_of(more->lang));
	rc = store_step(q);
	if (rc == 1)
		rc = kb_row_add(&u->b, more, q, NULL);
	store_reset(q);
	return rc;
}

static int fill(struct update *u, const struct side *s, struct kb_space *sp)
{
	struct kb_space *more = arena_new(&u->b.ix->arena, struct kb_space, 1);
	int rc = 0;

	if (!more)
		return kb_full(&u->b);
	memcpy(more->lang, sp->lang, sizeof(more->lang));
	more->ids = map_new(KB_VOCAB_MAX);
	more->rows = sp->rows;
	more->lex = sp->lex;
	more->under = &u->root->space[sp - u->b.ix->space];
	sp->more = more;
	sp->dead = s->dead;
	for (size_t i = 0; !rc && i < s->list.n; i++)
		rc = read_changed(u, more, &s->list.v[i]);
	more->n_row = more->n_art;
	for (size_t i = 0; !rc && i < more->n_row; i++) {
		struct kb_article a = more->art[i].a;

		rc = kb_row_former(&u->b, more, &a);
	}
	if (!rc)
		rc = kb_vectors(&u->b, more);
	if (!rc)
		rc = kb_dense_space(&u->b, more);
	if (more->n_art && more->dim != sp->dim)
		sp->dim = 0; /* by words alone until the changes have their vectors */
	u->b.ix->n_live -= s->n_dead;
	return rc;
}

/* Which languages the changed articles' groups have. Others keep what they had. */
static int twins(struct kb_index *ix)
{
	struct map *in = map_new(LIM_KB_ARTICLES);
	int rc = 0;

	for (size_t s = 0; s < ix->n_space; s++)
		for (size_t i = 0; !rc && ix->space[s].more && i < ix->space[s].more->n_art; i++) {
			sv group = ix->space[s].more->art[i].a.group_id;
			uintptr_t bits = (uintptr_t)map_get(in, group);

			rc = map_put(in, group, (void *)(bits | 1u << s));
		}
	for (size_t s = 0; !rc && map_count(in) && s < ix->n_space; s++)
		kb_space_groups(&ix->space[s], in, 1u << s);
	for (size_t s = 0; s < ix->n_space; s++)
		for (size_t i = 0; !rc && ix->space[s].more && i < ix->space[s].more->n_art; i++) {
			struct kb_art *a = &ix->space[s].more->art[i];

			a->also = (unsigned)(uintptr_t)map_get(in, a->a.group_id);
		}
	map_free(in);
	return rc;
}

static int make(struct update *u)
{
	struct kb_index *ix = u->b.ix;
	int rc = 0;

	ix->root = obj_ref(u->root);
	ix->n_space = u->root->n_space;
	ix->n_live = u->root->n_live;
	memcpy(ix->space, u->root->space, sizeof(ix->space));
	for (size_t s = 0; !rc && s < ix->n_space; s++)
		if (u->side[s].list.n || u->side[s].n_dead)
			rc = fill(u, &u->side[s], &ix->space[s]);
	if (!rc && twins(ix))
		rc = kb_full(&u->b);
	return rc;
}

/* ---- door ---- */

static bool large(const struct update *u)
{
	size_t n = 0;

	for (size_t s = 0; s < u->root->n_space; s++)
		n += u->side[s].list.n + u->side[s].n_dead;
	return n > MORE_MIN && (n > MORE_MAX || n > u->root->n_live / MORE_SHARE);
}

/* Vectors are at hand that the index below was built without, or that another model made. */
static bool lacks_vectors(const struct kb_index *root, const struct kb_opts *o)
{
	for (size_t s = 0; o && o->dense && s < root->n_space; s++) {
		const struct kb_space *sp = &root->space[s];

		if (sp->dim ? sp->made_by != sv_hash(kb_dense_name(o->dense)) :
			      kb_space_own(sp) > 0)
			return true;
	}
	return false;
}

/* The database's words for what failed, before the next statement takes their place. */
static void tell(struct update *u, int rc)
{
	if (rc == ERR_DB)
		err_set(u->b.e, rc, "articles: %.200s", store_error(u->b.db));
}

static int run(struct update *u, struct kb_index **ret, struct kb_index *was, bool *ret_large)
{
	int rc = store_exec(u->b.db, "BEGIN");

	if (rc) {
		tell(u, rc);
		return rc;
	}
	rc = look(u);
	if (!rc && !u->anew) {
		*ret_large = large(u);
		if (!u->with && same(u, was) && !(u->b.o && u->b.o->dense)) {
			(void)store_exec(u->b.db, "COMMIT");
			*ret = obj_ref(was);
			return 0;
		}
		rc = make(u);
	}
	tell(u, rc);
	(void)store_exec(u->b.db, "COMMIT");
	if (!rc && !u->anew)
		*ret = obj_ref(u->b.ix);
	return rc;
}

/* u->anew afterwards: only a full index tells. */
static int once(struct update *u, struct kb_index **ret, struct kb_index *was, bool *ret_large)
{
	int rc;

	u->b.ix = kb_index_new();
	u->b.arena = &u->b.ix->arena;
	rc = run(u, ret, was, ret_large);
	for (size_t s = 0; s < KB_SPACES; s++)
		VEC_FREE(&u->side[s].list);
	VEC_FREE(&u->b.tmp);
	obj_unref(u->b.ix);
	return rc;
}

int kb_update(struct kb_index **ret, struct kb_index *was, struct store_db *db,
	      const struct kb_opts *o, bool *ret_large, struct err *e)
{
	struct update u = { .b = { .db = db, .o = o, .e = e, .now_ms = clk_wall_ms() },
			    .root = was->root ? was->root : was };
	bool many = false;
	int rc;

	if (ret_large)
		*ret_large = false;
	if (lacks_vectors(u.root, o))
		return kb_build(ret, db, o, e);
	rc = once(&u, ret, was, &many);
	if (!rc && u.anew)
		return kb_build(ret, db, o, e);
	if (ret_large)
		*ret_large = many;
	return rc;
}

int kb_update_with(struct kb_index **ret, struct kb_index *was, struct store_db *db,
		   const struct kb_opts *o, const struct kb_article *draft, struct err *e)
{
	struct update u = { .b = { .db = db, .o = o, .e = e, .now_ms = clk_wall_ms() },
			    .root = was->root ? was->root : was, .with = draft };
	struct kb_index *full = NULL;
	bool many;
	int rc = once(&u, ret, was, &many);

	if (rc || !u.anew)
		return rc;
	rc = kb_build(&full, db, o, e);
	if (rc)
		return rc;
	u = (struct update){ .b = { .db = db, .o = o, .e = e, .now_ms = clk_wall_ms() },
			     .root = full, .with = draft };
	rc = once(&u, ret, full, &many);
	obj_unref(full);
	return rc ? rc : u.anew ? ERR_AGAIN : 0;
}
