/* kb_seg.c: reading the packed form: rows, texts, and whole articles as the ranker wants them.
 *
 * Unpacking gives what kb_vectors.c made, to the bit: factors times the idf of today's vocabulary,
 * in the same order. An article of one passage takes about two microseconds and 6 KB of the
 * question's arena; only candidates are unpacked. Nothing here changes; any thread. */
#include <math.h>
#include "kb_seg.h"

sv kb_seg_text(const struct kb_seg *g, size_t i, enum seg_text which)
{
	const struct seg_row *r = &g->row[i];
	uint64_t at = r->text;

	for (int k = 0; k < (int)which; k++)
		at += r->len[k];
	return sv_n(g->text + at, r->len[which]);
}

void kb_seg_article(const struct kb_seg *g, const char *lang, size_t i, struct kb_article *ret)
{
	const struct seg_row *r = &g->row[i];

	*ret = (struct kb_article){ .id = kb_seg_text(g, i, ST_ID),
				    .group_id = kb_seg_text(g, i, ST_GROUP),
				    .lang = sv_of(lang),
				    .title = kb_seg_text(g, i, ST_TITLE),
				    .body_md = kb_seg_text(g, i, ST_BODY),
				    .category = kb_seg_text(g, i, ST_CATEGORY),
				    .source = kb_seg_text(g, i, ST_SOURCE),
				    .aliases = kb_seg_text(g, i, ST_ALIASES),
				    .audience = kb_seg_text(g, i, ST_AUDIENCE),
				    .canary = r->canary,
				    .valid_from_ms = r->from_ms,
				    .valid_to_ms = r->to_ms,
				    .version = r->version };
}

ptrdiff_t kb_seg_find(const struct kb_seg *g, size_t first, sv id)
{
	size_t lo = 0, hi = first;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = sv_cmp(kb_seg_text(g, mid, ST_ID), id);

		if (!c)
			return (ptrdiff_t)mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -1;
}

/* ---- unpacking ---- */

struct reader {
	const struct kb_seg *g;
	struct arena *a;
	struct seg_bytes b;
	const uint32_t *id;      /* the article's words, */
	const float *idf, *any;  /* what they say, their factor anywhere */
	uint32_t n;
	float *names;            /* greatest factor in a name */
	uint32_t *held;          /* how many names hold it */
	bool full;
};

static bool vec_new(struct reader *r, struct kb_vec *v, uint32_t n)
{
	v->n = n;
	v->sum = 0;
	v->id = arena_alloc(r->a, n * sizeof(*v->id) + 1);
	v->w = arena_alloc(r->a, n * sizeof(*v->w) + 1);
	r->full = r->full || !v->id || !v->w;
	return !r->full;
}

static void read_vec(struct reader *r, struct kb_vec *v, bool name)
{
	uint32_t pos = 0, n = seg_get(&r->b);

	if (!vec_new(r, v, n))
		return;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t gap = seg_get(&r->b);
		float f;

		pos += gap / 2;
		f = gap & 1 ? r->g->factor[*r->b.p++] : r->any[pos];
		v->id[i] = r->id[pos];
		v->w[i] = f * r->idf[pos];
		v->sum += v->w[i];
		if (!name)
			continue;
		r->names[pos] = f > r->names[pos] ? f : r->names[pos];
		r->held[pos]++;
	}
}

static void read_words(struct reader *r, const struct kb_space *sp, struct kb_vec *all)
{
	uint32_t id = 0;
	float *idf, *any;

	r->n = seg_get(&r->b);
	idf = arena_alloc(r->a, r->n * sizeof(*idf) + 1);
	any = arena_alloc(r->a, r->n * sizeof(*any) + 1);
	r->names = arena_alloc(r->a, r->n * sizeof(*r->names) + 1);
	r->held = arena_alloc(r->a, r->n * sizeof(*r->held) + 1);
	r->full = !idf || !any || !r->names || !r->held;
	if (r->full || !vec_new(r, all, r->n))
		return;
	for (uint32_t i = 0; i < r->n; i++) {
		all->id[i] = id += seg_get(&r->b);
		idf[i] = sp->w[id].idf;
		any[i] = r->g->factor[*r->b.p++];
		all->w[i] = any[i] * idf[i];
		all->sum += all->w[i];
	}
	r->id = all->id;
	r->idf = idf;
	r->any = any;
}

/* Union of the names, what they are about, and the concepts among that. */
static void derive(struct reader *r, const struct kb_space *sp, struct kb_art *a)
{
	uint32_t n = 0, c = 0;

	for (uint32_t i = 0; i < r->n; i++)
		n += r->held[i] != 0;
	if (!vec_new(r, &a->names, n) || !vec_new(r, &a->core, n) || !vec_new(r, &a->concept, n))
		return;
	n = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		float core;

		if (!r->held[i])
			continue;
		core = r->names[i] * sqrtf((float)r->held[i] / (float)a->n_name) * r->idf[i];
		a->names.id[n] = a->core.id[n] = r->id[i];
		a->names.sum += a->names.w[n] = r->names[i] * r->idf[i];
		a->core.sum += a->core.w[n++] = core;
		if (sp->w[r->id[i]].s.p[0] != '#')
			continue;
		a->concept.id[c] = r->id[i];
		a->concept.sum += a->concept.w[c++] = core;
	}
	a->concept.n = c;
}

static void read_names(struct reader *r, struct kb_art *a)
{
	for (uint32_t i = 0; i < a->n_name && !r->full; i++) {
		memcpy(&a->norm[i], r->b.p, sizeof(*a->norm));
		r->b.p += sizeof(*a->norm);
		memcpy(a->emb[i], r->b.p, sizeof(*a->emb));
		r->b.p += sizeof(*a->emb);
		read_vec(r, &a->name[i], true);
	}
}

static void read_sentences(struct reader *r, struct kb_art *a)
{
	uint32_t at = 0;

	a->n_sent = seg_get(&r->b);
	a->sent = arena_new(r->a, struct kb_span, a->n_sent + 1);
	a->sv = arena_new(r->a, struct kb_vec, a->n_sent + 1);
	r->full = r->full || !a->sent || !a->sv;
	for (uint32_t i = 0; i < a->n_sent && !r->full; i++) {
		a->sent[i].off = at + seg_get(&r->b);
		a->sent[i].len = seg_get(&r->b);
		at = a->sent[i].off + a->sent[i].len;
		read_vec(r, &a->sv[i], false);
	}
}

struct kb_art *kb_seg_open(const struct kb_space *sp, size_t i, struct arena *arena)
{
	const struct kb_seg *g = sp->seg;
	const struct seg_row *row = &g->row[i];
	struct reader r = { .g = g, .a = arena, .b = { g->fwd + row->fwd } };
	struct kb_art *a = arena_new(arena, struct kb_art, 1);

	if (!a)
		return NULL;
	kb_seg_article(g, sp->lang, i, &a->a);
	a->product = row->product;
	a->former = row->former;
	a->stamp = row->stamp;
	a->also = row->also;
	if (g->dense)
		a->dense = g->dense[i];
	a->n_name = row->n_name;
	a->name = arena_new(arena, struct kb_vec, a->n_name + 1);
	a->norm = arena_new(arena, uint64_t, a->n_name + 1);
	a->emb = arena_alloc(arena, (a->n_name + 1u) * sizeof(*a->emb));
	if (!a->name || !a->norm || !a->emb)
		return NULL;
	read_words(&r, sp, &a->all);
	if (r.full)
		return NULL;
	read_names(&r, a);
	if (r.full)
		return NULL;
	a->tight = kb_emb_centre(a->emb, a->n_name, a->centre);
	derive(&r, sp, a);
	if (!r.full)
		read_sentences(&r, a);
	return r.full ? NULL : a;
}
