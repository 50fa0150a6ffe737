/* kb_seg_pack.c: articles into the packed form, one after the other, and their postings at the end.
 *
 * Forward bytes of an article: its words ascending (gaps as 7-bit groups, a factor's number each);
 * for each name the hash of its normal form, its learned vector, its words as positions in that
 * list; then the first SEG_SENTENCES sentences, span and words. What is derived (union of names,
 * core, concepts) is not kept. Runs on the thread that builds and owns everything until the end. */
#include <math.h>
#include "kb_seg.h"

struct kb_seg *kb_seg_new(void)
{
	return xalloc(sizeof(struct kb_seg));
}

void kb_seg_free(struct kb_seg *g)
{
	if (!g)
		return;
	xfree(g->row);
	xfree(g->text);
	xfree(g->fwd);
	xfree(g->at);
	xfree(g->doc);
	xfree(g->step);
	xfree(g->most);
	xfree(g->dense);
	xfree(g->sign);
	xfree(g);
}

size_t kb_seg_bytes(const struct kb_seg *g)
{
	return sizeof(*g) + g->cap * sizeof(*g->row) + g->fwd_cap + g->n_post * 3 +
	       (g->text_cap - g->text_n);
}

/* ---- bytes ---- */

static void *room(void *buf, size_t n, size_t *cap, size_t more)
{
	if (n + more <= *cap)
		return buf;
	*cap = (n + more) + (n + more) / 4 + 4096;
	return xrealloc(buf, *cap);
}

static void put_bytes(struct kb_seg *g, const void *p, size_t n)
{
	g->fwd = room(g->fwd, g->fwd_n, &g->fwd_cap, n);
	if (n)
		memcpy(g->fwd + g->fwd_n, p, n);
	g->fwd_n += n;
}

static void put_num(struct kb_seg *g, uint32_t v)
{
	uint8_t b[5];
	size_t n = 0;

	for (; v > 127; v >>= 7)
		b[n++] = (uint8_t)(v | 128);
	b[n++] = (uint8_t)v;
	put_bytes(g, b, n);
}

/* The factor's number; the nearest one once all are taken. */
static uint8_t factor_of(struct kb_seg *g, float f)
{
	size_t best = 0;

	for (size_t i = 0; i < g->n_factor; i++) {
		if (g->factor[i] == f)
			return (uint8_t)i;
		if (fabsf(g->factor[i] - f) < fabsf(g->factor[best] - f))
			best = i;
	}
	if (g->n_factor == SEG_FACTORS)
		return (uint8_t)best;
	g->factor[g->n_factor] = f;
	return (uint8_t)g->n_factor++;
}

/* ---- articles ---- */

static void put_texts(struct kb_seg *g, struct seg_row *r, const struct kb_article *a)
{
	const sv part[ST_N] = { a->id, a->group_id, a->title, a->aliases, a->category, a->source,
				a->audience, a->body_md };
	size_t n = 0;

	r->text = g->text_n;
	for (int i = 0; i < ST_N; i++) {
		r->len[i] = (uint32_t)part[i].n;
		n += part[i].n;
	}
	g->text = room(g->text, g->text_n, &g->text_cap, n);
	for (int i = 0; i < ST_N; i++) {
		if (part[i].n)
			memcpy(g->text + g->text_n, part[i].p, part[i].n);
		g->text_n += part[i].n;
	}
}

static void put_words(struct kb_seg *g, const struct kb_vec *v)
{
	uint32_t was = 0;

	put_num(g, v->n);
	for (uint32_t i = 0; i < v->n; i++) {
		uint8_t f = factor_of(g, v->w[i]);

		put_num(g, v->id[i] - was);
		put_bytes(g, &f, 1);
		was = v->id[i];
	}
}

/* v's words are some of all's, most with the same factor: an odd gap says that one follows. */
static void put_vec(struct kb_seg *g, const struct kb_vec *all, const struct kb_vec *v)
{
	uint32_t pos = 0, was = 0;

	put_num(g, v->n);
	for (uint32_t i = 0; i < v->n; i++) {
		uint8_t f = factor_of(g, v->w[i]);

		while (all->id[pos] < v->id[i])
			pos++;
		put_num(g, (pos - was) * 2 + (f != factor_of(g, all->w[pos])));
		if (f != factor_of(g, all->w[pos]))
			put_bytes(g, &f, 1);
		was = pos;
	}
}

int kb_seg_add(struct kb_seg *g, const struct kb_art *a)
{
	uint32_t n_sent = a->n_sent < SEG_SENTENCES ? a->n_sent : SEG_SENTENCES, at = 0;
	struct { struct seg_row *v; size_t n, cap; } v = { g->row, g->n, g->cap };
	struct seg_row *r = VEC_PUSH(&v, LIM_KB_ARTICLES);

	g->row = v.v;
	g->n = v.n;
	g->cap = v.cap;
	if (!r || a->n_name > UINT16_MAX)
		return ERR_FULL;
	put_texts(g, r, &a->a);
	*r = (struct seg_row){ .text = r->text, .fwd = g->fwd_n, .stamp = a->stamp,
		.from_ms = a->a.valid_from_ms, .to_ms = a->a.valid_to_ms, .version = a->a.version,
		.also = a->also, .n_name = (uint16_t)a->n_name, .canary = (uint8_t)a->a.canary,
		.product = a->product, .former = a->former,
		.len = { r->len[0], r->len[1], r->len[2], r->len[3], r->len[4], r->len[5],
			 r->len[6], r->len[7] } };
	put_words(g, &a->all);
	for (uint32_t i = 0; i < a->n_name; i++) {
		put_bytes(g, &a->norm[i], sizeof(*a->norm));
		put_bytes(g, a->emb[i], sizeof(*a->emb));
		put_vec(g, &a->all, &a->name[i]);
	}
	put_num(g, n_sent);
	for (uint32_t i = 0; i < n_sent; i++) {
		put_num(g, a->sent[i].off - at);
		put_num(g, a->sent[i].len);
		at = a->sent[i].off + a->sent[i].len;
		put_vec(g, &a->all, &a->sv[i]);
	}
	return 0;
}

/* ---- postings ---- */

struct packer {
	struct kb_seg *g;
	uint32_t *id;            /* words of the article under way */
	float *f, *any, *core;   /* what they say, their factor anywhere, in the names */
	uint32_t *names;         /* and how many names hold them */
	size_t cap;
};

static void need(struct packer *p, size_t n)
{
	if (n <= p->cap)
		return;
	p->cap = n * 2;
	p->id = xrealloc(p->id, p->cap * sizeof(*p->id));
	p->f = xrealloc(p->f, p->cap * sizeof(*p->f));
	p->any = xrealloc(p->any, p->cap * sizeof(*p->any));
	p->core = xrealloc(p->core, p->cap * sizeof(*p->core));
	p->names = xrealloc(p->names, p->cap * sizeof(*p->names));
}

/* Words of article i with what each says there: once anywhere, twice as part of the names. */
static size_t words_of(struct packer *p, size_t i)
{
	const struct kb_seg *g = p->g;
	struct seg_bytes b = { g->fwd + g->row[i].fwd };
	uint32_t n = seg_get(&b), id = 0;

	need(p, n);
	for (uint32_t k = 0; k < n; k++) {
		p->id[k] = id += seg_get(&b);
		p->f[k] = p->any[k] = g->factor[*b.p++];
		p->core[k] = 0;
		p->names[k] = 0;
	}
	for (uint32_t k = 0; k < g->row[i].n_name; k++) {
		uint32_t pos = 0;

		b.p += sizeof(uint64_t) + KE_DIM * sizeof(int16_t);
		for (uint32_t m = seg_get(&b); m; m--) {
			uint32_t gap = seg_get(&b);
			float f;

			pos += gap / 2;
			f = gap & 1 ? g->factor[*b.p++] : p->any[pos];
			p->core[pos] = f > p->core[pos] ? f : p->core[pos];
			p->names[pos]++;
		}
	}
	for (uint32_t k = 0; k < n; k++)
		if (p->names[k])
			p->f[k] += KB_CORE * p->core[k] *
				   sqrtf((float)p->names[k] / (float)g->row[i].n_name);
	return n;
}

static void place(struct packer *p, uint32_t *next)
{
	struct kb_seg *g = p->g;

	for (size_t i = 0; i < g->n; i++) {
		size_t n = words_of(p, i);

		for (size_t k = 0; k < n; k++) {
			uint32_t at = next[p->id[k] * g->banks + i / SEG_BANK]++;
			float s = ceilf(p->f[k] * (SEG_STEPS / SEG_TOP));
			uint8_t step = (uint8_t)(s < 1 ? 1 : s > SEG_STEPS ? SEG_STEPS : s);

			g->doc[at] = (uint16_t)(i % SEG_BANK);
			g->step[at] = step;
			if (step > g->most[p->id[k]])
				g->most[p->id[k]] = step;
		}
	}
}

static void *tight(void *buf, size_t n, size_t *cap)
{
	*cap = n ? n : 1;
	return xrealloc(buf, *cap);
}

int kb_seg_end(struct kb_seg *g, const struct kb_word *w, size_t n_w)
{
	struct packer p = { .g = g };
	uint32_t *next;
	size_t sum = 0;

	g->banks = (g->n + SEG_BANK - 1) / SEG_BANK;
	for (size_t i = 0; i < n_w; i++)
		sum += w[i].df;
	if (sum > UINT32_MAX || n_w * g->banks > UINT32_MAX)
		return ERR_FULL;
	g->n_post = sum;
	g->at = xalloc((n_w * g->banks + 1) * sizeof(*g->at));
	g->doc = xalloc((sum + 1) * sizeof(*g->doc));
	g->step = xalloc(sum + 1);
	g->most = xalloc(n_w + 1);
	for (size_t i = 0; i < g->n; i++)
		for (size_t n = words_of(&p, i), k = 0; k < n; k++)
			g->at[p.id[k] * g->banks + i / SEG_BANK + 1]++;
	for (size_t i = 0; i < n_w * g->banks; i++)
		g->at[i + 1] += g->at[i];
	next = xalloc((n_w * g->banks + 1) * sizeof(*next));
	memcpy(next, g->at, (n_w * g->banks + 1) * sizeof(*next));
	place(&p, next);
	xfree(next);
	xfree(p.id);
	xfree(p.f);
	xfree(p.any);
	xfree(p.core);
	xfree(p.names);
	g->cap = g->n;
	g->row = xrealloc(g->row, (g->n + 1) * sizeof(*g->row));
	g->text = tight(g->text, g->text_n, &g->text_cap);
	g->fwd = tight(g->fwd, g->fwd_n, &g->fwd_cap);
	return 0;
}
