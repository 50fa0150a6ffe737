/* kb_cand.c: candidates: from postings in memory, or from a full-text image of the articles, and
 * from vectors where there are any.
 *
 * A space of up to KB_POST_ARTICLES articles keeps its postings open: the question's terms are
 * added up per article, about ten microseconds. Larger ones are packed (kb_seg_top.c). What changed
 * since is few and compared one by one. To measure against, FTS5 can propose instead (kb_opts: our
 * tokenizer, one table a space, bm25 over the most informative terms): its image is immutable and
 * shared; a connection is taken from an atomic slot by one thread at a time.
 */
#include <stdio.h>
#include <stdlib.h>
#include "kb_seg.h"

#define FTS_TERMS 8

/* ---- full text ---- */

/* "#return" -> "kqreturn": concepts are words of their own column. */
static void concept_text(const struct kb_space *sp, const struct kb_vec *v, struct sb *out)
{
	for (uint32_t i = 0; i < v->n; i++) {
		sv s = sp->w[v->id[i]].s;

		if (s.p[0] != '#')
			continue;
		sb_cstr(out, "kq");
		sb_put(out, sv_slice(s, 1, s.n));
		sb_ch(out, ' ');
	}
}

static int fts_row(struct store_stmt *q, const struct kb_space *sp, size_t i)
{
	const struct kb_art *a = &sp->art[i];
	struct sb head, concept;
	int rc;

	sb_init(&head, LIM_SB);
	sb_init(&concept, LIM_SB);
	for (size_t k = 0; k < a->chunks.n; k++) {
		sb_put(&head, a->chunks.v[k].heading);
		sb_ch(&head, '\n');
	}
	concept_text(sp, &a->names, &concept);
	store_bind_int(q, 1, (int64_t)i + 1);
	store_bind_sv(q, 2, a->a.title);
	store_bind_sv(q, 3, a->a.aliases);
	store_bind_sv(q, 4, sb_sv(&head));
	store_bind_sv(q, 5, a->a.body_md);
	store_bind_sv(q, 6, sb_sv(&concept));
	rc = store_step(q);
	store_reset(q);
	sb_done(&head);
	sb_done(&concept);
	return rc < 0 ? rc : 0;
}

int kb_image_build(struct kb_index *ix, struct err *e)
{
	struct store_db *mem = NULL;
	char sql[200];
	int rc;

	if (ix->n_space == 0) /* nothing to find yet, and nothing to save */
		return 0;
	rc = store_mem_open(&mem);

	if (!rc)
		rc = store_exec(mem, "BEGIN");
	for (size_t s = 0; !rc && s < ix->n_space; s++) {
		struct store_stmt *q;

		snprintf(sql, sizeof(sql), "CREATE VIRTUAL TABLE f%zu USING fts5(title, aliases, "
			 "heading, body, concept, content='', tokenize='callm')", s);
		rc = store_exec(mem, sql);
		if (rc)
			break;
		snprintf(sql, sizeof(sql), "INSERT INTO f%zu(rowid, title, aliases, heading, body, "
			 "concept) VALUES (?1,?2,?3,?4,?5,?6)", s);
		rc = store_prep(mem, &q, sql);
		for (size_t i = 0; !rc && i < ix->space[s].n_art; i++)
			rc = fts_row(q, &ix->space[s], i);
		snprintf(sql, sizeof(sql), "INSERT INTO f%zu(f%zu) VALUES ('optimize')", s, s);
		if (!rc)
			rc = store_exec(mem, sql);
	}
	if (!rc)
		rc = store_exec(mem, "COMMIT");
	if (!rc)
		rc = store_image_save(mem, &ix->image, &ix->image_n);
	if (rc)
		err_set(e, rc, "full text: %.200s", mem ? store_error(mem) : err_text(rc));
	store_db_close(mem);
	return rc;
}

static int conn_take(struct kb_index *ix, struct store_db **ret)
{
	for (size_t i = 0; i < KB_CONNS; i++) {
		struct store_db *db = atomic_load_explicit(&ix->idle[i], memory_order_relaxed);

		if (db && (db = atomic_exchange(&ix->idle[i], NULL))) {
			*ret = db;
			return 0;
		}
	}
	return store_image_open(ret, ix->image, ix->image_n);
}

static void conn_give(struct kb_index *ix, struct store_db *db)
{
	for (size_t i = 0; i < KB_CONNS; i++) {
		struct store_db *none = NULL;

		if (atomic_compare_exchange_strong(&ix->idle[i], &none, db))
			return;
	}
	store_db_close(db);
}

static void put_term(const struct kb_space *sp, const struct kb_qterm *t, struct sb *out)
{
	sv s = sp->w[t->id].s;
	sv one = s;

	if (out->n)
		sb_cstr(out, " OR ");
	if (s.p[0] == '#') {
		sb_cstr(out, "concept:\"kq");
		sb_put(out, sv_slice(s, 1, s.n));
		sb_ch(out, '"');
		return;
	}
	sb_ch(out, '"');
	sb_put(out, s); /* folded words, digits, dots, CJK: never a quote */
	sb_ch(out, '"');
	if (sv_is_cjk(sv_rune(&one)) && !one.n)
		sb_ch(out, '*');
}

/* The most informative terms, ORed. Single CJK characters only when there is nothing else. */
static void fts_query(const struct kb_space *sp, const struct kb_qvec *q, struct sb *out)
{
	bool used[KB_TERMS_MAX] = { false };
	size_t pairs = 0;

	for (size_t i = 0; i < q->n; i++)
		pairs += q->t[i].id != KB_UNKNOWN && sp->w[q->t[i].id].s.n > 3;
	for (int k = 0; k < FTS_TERMS; k++) {
		size_t best = KB_TERMS_MAX;

		for (size_t i = 0; i < q->n; i++) {
			const struct kb_qterm *t = &q->t[i];
			sv s;

			if (used[i] || t->id == KB_UNKNOWN || sp->w[t->id].s.p[0] == '~')
				continue;
			s = sp->w[t->id].s;
			if (pairs >= 2 && s.n <= 3 && (unsigned char)s.p[0] >= 0x80)
				continue;
			if (best == KB_TERMS_MAX || t->w > q->t[best].w)
				best = i;
		}
		if (best == KB_TERMS_MAX)
			break;
		used[best] = true;
		put_term(sp, &q->t[best], out);
	}
}

static int run_fts(struct kb_index *ix, const struct kb_query *kq, struct kb_found *f, sv match)
{
	/* title, aliases, heading, body, concept */
	static const char sql[] =
		"SELECT rowid, bm25(f%zu, 6.0, 4.0, 2.0, 1.0, 3.0) AS s FROM f%zu "
		"WHERE f%zu MATCH ?1 ORDER BY s LIMIT %d";
	size_t space = (size_t)(f->sp - ix->space);
	int64_t now = kq->now_ms ? kq->now_ms : clk_wall_ms();
	struct store_db *db;
	struct store_stmt *q;
	char text[256];
	int rc = conn_take(ix, &db);

	if (rc)
		return rc;
	snprintf(text, sizeof(text), sql, space, space, space, KB_CAND);
	rc = store_prep(db, &q, text);
	if (rc) {
		conn_give(ix, db);
		return rc;
	}
	store_bind_sv(q, 1, match);
	while (f->n < KB_CAND && (rc = store_step(q)) == 1) {
		struct kb_cand *c = &f->c[f->n];

		c->art = (uint32_t)store_col_int(q, 0) - 1;
		c->bm25 = (float)-store_col_num(q, 1);
		if (kb_space_may(f->sp, c->art, kq, now))
			f->n++;
	}
	store_reset(q);
	conn_give(ix, db);
	return rc < 0 ? rc : 0;
}

static int from_full_text(struct kb_index *ix, const struct kb_query *q, struct kb_found *f)
{
	struct sb match;
	int rc = 0;

	sb_init(&match, 4096);
	fts_query(f->sp, &f->q, &match);
	if (match.n && !sb_err(&match))
		rc = run_fts(ix, q, f, sb_sv(&match));
	sb_done(&match);
	return rc;
}

/* ---- postings ---- */

struct sum {
	float w;
	uint32_t art;
};

static int by_weight(const void *x, const void *y)
{
	const struct sum *a = x, *b = y;

	if (a->w != b->w)
		return a->w > b->w ? -1 : 1;
	return a->art < b->art ? -1 : a->art > b->art;
}

static void from_postings(const struct kb_query *kq, struct kb_found *f, struct sum *s)
{
	const struct kb_space *sp = f->sp;
	int64_t now = kq->now_ms ? kq->now_ms : clk_wall_ms();
	size_t n = 0;

	for (size_t i = 0; i < f->q.n; i++) {
		const struct kb_qterm *t = &f->q.t[i];

		if (t->id == KB_UNKNOWN || t->id >= sp->n_w)
			continue;
		for (uint32_t k = sp->post_at[t->id]; k < sp->post_at[t->id + 1]; k++)
			s[sp->post[k].art].w += t->w * sp->post[k].w;
	}
	for (uint32_t i = 0; i < sp->n_art; i++)
		if (s[i].w > 0 && kb_space_may(sp, i, kq, now)) {
			s[n] = (struct sum){ s[i].w, i };
			n++;
		}
	qsort(s, n, sizeof(*s), by_weight);
	for (; f->n < n && f->n < KB_CAND; f->n++) {
		f->c[f->n].art = s[f->n].art;
		f->c[f->n].bm25 = s[f->n].w;
	}
}

/* ---- packed spaces, and what changed ---- */

/* What the article's postings would add up to, in the order of the open form. */
static float weigh(const struct kb_qvec *q, const struct kb_art *a)
{
	float sum = 0;

	for (size_t i = 0; i < q->n; i++) {
		uint32_t at;
		float w;

		if (q->t[i].id == KB_UNKNOWN || !kb_vec_at(&a->all, q->t[i].id, &at))
			continue;
		w = a->all.w[at];
		if (kb_vec_at(&a->core, q->t[i].id, &at))
			w += KB_CORE * a->core.w[at];
		sum += q->t[i].w * w;
	}
	return sum;
}

/* Postings hold rounded factors: a few more than are wanted are unpacked and weighed to the bit. */
static void from_packed(const struct kb_query *q, struct arena *a, struct kb_found *f)
{
	struct seg_hit hit[SEG_HITS];
	size_t n = kb_seg_top(f->sp, q, &f->q, a, hit, SEG_HITS);

	for (size_t i = 0; i < n; i++) {
		struct kb_cand c = { .art = hit[i].art, .a = kb_space_art(f->sp, hit[i].art, a) };
		size_t k;

		if (!c.a)
			continue; /* larger than a question's arena */
		c.bm25 = weigh(&f->q, c.a);
		if (f->n == KB_CAND && c.bm25 <= f->c[KB_CAND - 1].bm25)
			continue;
		k = f->n < KB_CAND ? f->n++ : KB_CAND - 1;
		for (; k && (f->c[k - 1].bm25 < c.bm25 ||
			     (f->c[k - 1].bm25 == c.bm25 && f->c[k - 1].art > c.art)); k--)
			f->c[k] = f->c[k - 1];
		f->c[k] = c;
	}
}

static void from_changes(const struct kb_query *q, struct kb_found *f)
{
	int64_t now = q->now_ms ? q->now_ms : clk_wall_ms();
	size_t own = kb_space_own(f->sp), n = f->sp->more ? f->sp->more->n_art : 0;

	for (size_t i = 0; i < n; i++) {
		float w = weigh(&f->q, &f->sp->more->art[i]);
		size_t k;

		if (w <= 0 || (f->n == KB_CAND && w <= f->c[KB_CAND - 1].bm25) ||
		    !kb_space_may(f->sp, own + i, q, now))
			continue;
		k = f->n < KB_CAND ? f->n++ : KB_CAND - 1;
		for (; k && f->c[k - 1].bm25 < w; k--)
			f->c[k] = f->c[k - 1];
		f->c[k] = (struct kb_cand){ .art = (uint32_t)(own + i), .bm25 = w };
	}
}

/* ---- door ---- */

/* Clauses with at least two terms; none when the question is one clause. */
static void split(struct kb_found *f, sv text)
{
	sv rest = text;
	size_t from = 0, cuts = 0;

	f->parts = 0;
	text = rest = sv_slice(text, 0, LIM_TEXT_MSG);
	while (rest.n && f->parts < KB_PARTS) {
		uint32_t r = sv_rune(&rest);
		size_t at = text.n - rest.n;
		bool cut = r == ',' || r == ';' || r == '?' || r == '!' || r == 0xFF0C ||
			   r == 0x3002 || r == 0xFF1F || r == 0xFF01 || r == 0xFF1B ||
			   (r == '.' && (!rest.n || rest.p[0] == ' '));

		if (rest.n && !cut)
			continue;
		kb_qvec_make(f->sp, sv_slice(text, from, at), SV_NULL, &f->part[f->parts]);
		cuts += at - from > 2;
		f->parts += f->part[f->parts].n >= 2;
		from = at;
	}
	if (cuts < 2)
		f->parts = 0;
}

/* Articles near by vector that words did not find take the places of the last ones. */
static void from_vectors(const struct kb_query *q, struct arena *a, struct kb_found *f)
{
	uint32_t top[KD_TOP];
	size_t n = kb_dense_query(q, a, f, top);

	if (n && f->n > KB_CAND - KD_TOP)
		f->n = KB_CAND - KD_TOP;
	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < f->n && f->c[k].art != top[i])
			k++;
		if (k == f->n)
			f->c[f->n++] = (struct kb_cand){ .art = top[i] };
	}
}

int kb_candidates(struct kb_index *ix, const struct kb_query *q, struct arena *a,
		  struct kb_found *f)
{
	sv lang = q->lang.n ? q->lang : kb_script_lang(q->text);
	float top;
	int rc = 0;

	f->n = 0;
	f->sp = kb_space_of(ix, lang);
	if (!f->sp)
		return 0;
	kb_qvec_make(f->sp, q->text, q->context, &f->q);
	split(f, q->text);
	if (f->sp->seg) {
		from_packed(q, a, f);
	} else if (f->sp->post) {
		struct sum *s = arena_new(a, struct sum, f->sp->n_art + 1);

		if (!s)
			return ERR_NOMEM;
		from_postings(q, f, s);
	} else {
		rc = from_full_text(ix, q, f);
	}
	from_changes(q, f);
	from_vectors(q, a, f);
	top = f->n && f->c[0].bm25 > 0 ? f->c[0].bm25 : 1;
	for (size_t i = 0; i < f->n; i++) {
		f->c[i].bm25 /= top;
		if (!f->c[i].a)
			f->c[i].a = kb_space_art(f->sp, f->c[i].art, a);
		if (!f->c[i].a) {
			f->n = i;
			break;
		}
		kb_features(f, &f->c[i]);
		kb_dense_features(f, f->c[i].a, f->c[i].d);
	}
	return rc;
}
