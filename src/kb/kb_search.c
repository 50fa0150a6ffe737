/* kb_search.c: one question to hits with passage, quote, reasons and a verdict.
 *
 * candidates -> features -> order and probability -> the best k become hits. The quote is a span of
 * the article: its first sentence, which answers by design, unless another sentence fits the
 * question clearly better and speaks of something the article's names do not. Of a table the rows
 * that fit are read out (kb_rows.c). Hits point into the index; the caller keeps its reference
 * while it uses them. Any thread.
 */
#include <stdio.h>
#include "kb_int.h"

#define QUOTE_ZH 120             /* characters */
#define QUOTE_OTHER 220
#define CLEARLY_BETTER 0.12      /* cosine of the best sentence above the first one's */
#define TOPIC 4                  /* a CJK character counts one, a word two */
#define TOPIC_LEAD 0.5           /* of p, before a bare topic is answered */
#define JOINS 0.5                /* of the p that offers: beside an answer of home */
#define ABROAD 3                 /* hits of other languages beside those of home */
#define NEWS 0.12f               /* share of the question it adds to what the names say */

/* At most max characters, cut back to the end of a clause when there is one in the second half. */
static sv shorten(sv s, size_t max)
{
	size_t n = sv_rune_offset(s, max), cut = 0;
	sv rest = s;

	if (n >= s.n)
		return s;
	while (rest.n > s.n - n) {
		uint32_t r = sv_rune(&rest);

		if (r == 0xFF0C || r == 0xFF1B || r == ';' || r == ',' || r == 0x3001)
			cut = s.n - rest.n - (r < 0x80 ? 1 : 3);
	}
	if (cut < n / 2) {
		for (cut = n; cut > n / 2 && s.p[cut] != ' '; cut--)
			;
		if (cut == n / 2)
			cut = n;
	}
	return sv_trim(sv_slice(s, 0, cut));
}

/* Does a sentence speak of something asked that neither title nor aliases mention? */
bool kb_adds(const struct kb_qvec *q, const struct kb_art *a, uint32_t sent)
{
	float w = 0;

	for (size_t i = 0; i < q->n; i++)
		if (q->t[i].id != KB_UNKNOWN && kb_vec_has(&a->sv[sent], q->t[i].id) &&
		    !kb_vec_has(&a->names, q->t[i].id))
			w += q->t[i].w;
	return w > NEWS * q->sum;
}

static void set_quote(struct kb_hit *h, const struct kb_art *a, sv quote)
{
	h->quote = quote;
	h->quote_at.off = (uint32_t)(quote.p - a->a.body_md.p);
	h->quote_at.len = (uint32_t)quote.n;
	h->row = false;
}

/* Into h: quote, where it stands, and whether it is the row of a table. */
static void pick_quote(const struct kb_space *sp, const struct kb_qvec *q, const struct kb_cand *c,
		       struct arena *arena, struct kb_hit *h)
{
	const struct kb_art *a = c->a;
	size_t max = strcmp(sp->lang, "zh") == 0 ? QUOTE_ZH : QUOTE_OTHER;
	struct kb_span span = { 0 };
	uint32_t at = 0;
	sv s, next;

	if (!a->n_sent) {
		set_quote(h, a, shorten(a->a.body_md, max));
		return;
	}
	if (c->best_sent && c->f[KF_SENT] > c->f[KF_SENT1] + CLEARLY_BETTER &&
	    kb_adds(q, a, c->best_sent))
		at = c->best_sent;
	s = kb_rows_quote(q, a, at, (float)CLEARLY_BETTER * q->sum, max, arena, &span);
	if (s.n) {
		h->quote = shorten(s, max);
		h->quote_at.off = span.off;
		h->quote_at.len = span.len;
		h->row = true;
		return;
	}
	s = sv_n(a->a.body_md.p + a->sent[at].off, a->sent[at].len);
	/* a very short first sentence ("Yes.") takes the next one along */
	if (at + 1 < a->n_sent && sv_runes(s) < max / 8) {
		next = sv_n(s.p, a->sent[at + 1].off + a->sent[at + 1].len - a->sent[at].off);
		if (sv_runes(next) <= max && a->sent[at + 1].off - a->sent[at].off - s.n <= 2)
			s = next;
	}
	set_quote(h, a, sv_runes(s) <= max ? s : shorten(s, max));
}

/* The chunk that holds the quote: of a packed article cut anew, the heading in the arena. */
static struct kb_chunk chunk_of(const struct kb_art *a, size_t at, bool packed, struct arena *arena)
{
	struct kb_chunks cut = { 0 };
	const struct kb_chunks *all = packed ? &cut : &a->chunks;
	struct kb_chunk ret = { { 0, (uint32_t)a->a.body_md.n }, a->a.title };

	if (packed)
		kb_chunk(a->a.title, a->a.body_md, arena, &cut);
	if (all->n)
		ret = all->v[0];
	for (size_t i = 0; i < all->n; i++) {
		const struct kb_span *s = &all->v[i].text;

		if (at < s->off || at >= s->off + s->len)
			continue;
		ret = all->v[i];
		break;
	}
	VEC_FREE(&cut);
	return ret;
}

void kb_fill_hit(const struct kb_found *f, const struct kb_cand *c, struct arena *arena,
		 struct kb_hit *h)
{
	const struct kb_art *art = c->a;
	const struct kb_article *a = &art->a;
	bool packed = f->sp->seg && c->art < kb_space_own(f->sp);
	const struct kb_model *m = f->dense.model;
	struct kb_chunk k;

	h->article_id = a->id;
	h->title = a->title;
	h->lang = a->lang;
	h->source = a->source;
	h->category = a->category;
	h->version = a->version;
	pick_quote(f->sp, &f->q, c, arena, h);
	k = chunk_of(art, h->quote_at.off, packed, arena);
	h->passage = sv_n(a->body_md.p + k.text.off, k.text.len);
	h->body_md = a->body_md;
	h->heading = k.heading;
	h->passage_at.off = k.text.off;
	h->passage_at.len = k.text.len;
	h->score = c->score;
	h->p = c->p;
	h->valid_from_ms = a->valid_from_ms;
	h->valid_to_ms = a->valid_to_ms;
	h->why = (struct kb_why){ (double)c->bm25, c->f[KF_TITLE], c->f[KF_ALIAS], c->f[KF_ALL_Q],
				  m ? c->d[KD_NAME] / m->stretch + m->middle : 0 };
}

sv kb_passage_id(const struct kb_hit *h, char buf[512])
{
	int n = snprintf(buf, 512, SV_FMT "@%d:%u-%u", SV_ARG(sv_slice(h->article_id, 0, 400)),
			 h->version, h->passage_at.off, h->passage_at.off + h->passage_at.len);

	return sv_n(buf, (size_t)n);
}

/* One or two words name a topic, they do not ask ("sofa", 发票). */
static bool is_topic(const struct kb_query *q)
{
	struct kb_scan s;
	int size = 0;

	if (q->context.n)
		return false;
	kb_scan_init(&s, q->text);
	while (size <= TOPIC && kb_scan_next(&s))
		size += s.cjk ? 1 : 2;
	return size <= TOPIC;
}

/* Two thresholds on p; a bare topic is answered only if no other article comes near. */
static void verdict(const struct kb_query *q, const struct kb_found *f, struct kb_result *r)
{
	const struct kb_weights *w = kb_weights_of(sv_of(f->sp->lang), f->dense.model,
						   kb_young(f->c, f->n));
	const struct kb_cand *c = f->c;
	bool ask = is_topic(q) && f->n > 1 && c[0].f[KF_EXACT] <= 0 &&
		   c[0].p - c[1].p < TOPIC_LEAD;

	r->answerable = c[0].p >= w->answer && !ask;
	r->unsure = !r->answerable && c[0].p >= w->unsure;
}

static int from_home(const struct kb_query *q, struct kb_found *f, size_t k, struct arena *a,
		     struct kb_result *ret)
{
	ret->n = f->n < k ? f->n : k;
	kb_rank(sv_of(f->sp->lang), kb_dense_of(f), f->c, f->n, ret->n < 2 ? 2 : ret->n);
	ret->hits = arena_new(a, struct kb_hit, ret->n);
	if (!ret->hits) {
		ret->n = 0;
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < ret->n; i++)
		kb_fill_hit(f, &f->c[i], a, &ret->hits[i]);
	verdict(q, f, ret);
	return 0;
}

/* Hits of what stands in other languages, in their order; n of them. */
static int hits_abroad(const struct kb_abroad *b, struct arena *a, struct kb_hit *hits, size_t n)
{
	struct kb_found *g = arena_new(a, struct kb_found, 1);
	const struct kb_model *m = b->sp->model;

	if (!g)
		return ERR_NOMEM;
	g->sp = (struct kb_space *)(uintptr_t)b->sp;
	for (size_t i = 0; i < n; i++) {
		g->c[0] = (struct kb_cand){ .art = b->art[i], .p = i ? 0 : b->p,
					    .score = b->d[i][KD_ALL],
					    .a = kb_space_art(b->sp, b->art[i], a) };
		if (!g->c[0].a)
			return ERR_NOMEM;
		memcpy(g->c[0].d, b->d[i], sizeof(g->c[0].d));
		kb_fill_hit(g, &g->c[0], a, &hits[i]);
		hits[i].why.meaning = b->d[i][KD_NAME] / m->stretch + m->middle_centred;
	}
	return 0;
}

/* Does the best of another language go before home's? Where home answers, only when it answers,
 * too, and more surely; never before an article whose name was said word for word. */
static bool abroad_leads(const struct kb_abroad *b, const struct kb_found *f,
			 const struct kb_result *r)
{
	if (!r->n)
		return true;
	if (r->answerable)
		return b->p >= kb_abroad_answer(b) && b->p > r->hits[0].p &&
		       f->c[0].f[KF_EXACT] <= 0;
	return b->p >= kb_abroad_unsure(b);
}

/* Does it come near enough to stand beside an answer of home? It takes more where that was
 * asked by its name. */
static bool abroad_joins(const struct kb_abroad *b, const struct kb_found *f)
{
	double least = f->c[0].f[KF_EXACT] > 0 ? 1 : JOINS;

	return b->p >= least * kb_abroad_unsure(b);
}

/* Adds articles of other languages to what was found: before it when the first of them answers
 * or may, else behind the best of home; all places are theirs where nothing was found there. An
 * answer of home is joined by those that come near, for whoever reads on. */
static int from_abroad(struct kb_index *ix, const struct kb_query *q, const struct kb_found *f,
		       size_t k, struct arena *a, struct kb_result *ret)
{
	struct kb_abroad b;
	struct kb_hit *hits;
	size_t n, head, tail;
	bool may;

	if (!q->vec || (ret->answerable && k < 2) || is_topic(q) ||
	    !kb_abroad(ix, q, f->sp, a, &b) ||
	    (ret->answerable && !abroad_joins(&b, f)))
		return 0;
	may = abroad_leads(&b, f, ret);
	head = may ? 0 : ret->answerable ? 1 : 2;
	head = head < ret->n ? head : ret->n;
	head = head < k ? head : k - 1;
	n = ret->n ? ABROAD : k;
	n = n < b.n ? n : b.n;
	n = n < k - head ? n : k - head;
	tail = ret->n - head < k - head - n ? ret->n - head : k - head - n;
	hits = arena_new(a, struct kb_hit, head + n + tail);
	if (!hits || hits_abroad(&b, a, hits + head, n))
		return ERR_NOMEM;
	if (head)
		memcpy(hits, ret->hits, head * sizeof(*hits));
	if (tail)
		memcpy(hits + head + n, ret->hits + head, tail * sizeof(*hits));
	ret->hits = hits;
	ret->n = head + n + tail;
	if (!may)
		return 0;
	ret->answerable = b.p >= kb_abroad_answer(&b);
	ret->unsure = !ret->answerable && b.p >= kb_abroad_unsure(&b);
	return 0;
}

int kb_search(struct kb_index *ix, const struct kb_query *query, struct arena *a,
	      struct kb_result *ret)
{
	struct kb_found *f = arena_new(a, struct kb_found, 1);
	struct kb_query q = *query;
	size_t k = q.k < 1 ? 1 : q.k > 20 ? 20 : (size_t)q.k;
	int rc;

	*ret = (struct kb_result){ 0 };
	if (!f)
		return ERR_NOMEM;
	q.text = kb_asked(q.text, a);
	rc = kb_candidates(ix, &q, a, f);
	if (!rc && f->n)
		rc = from_home(&q, f, k, a, ret);
	return rc ? rc : from_abroad(ix, &q, f, k, a, ret);
}

void kb_leave_out(struct kb_result *r, bool (*bad)(sv passage))
{
	bool first = false;
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct kb_hit *h = &r->hits[i];

		if (!bad(h->passage)) {
			r->hits[n++] = *h;
			continue;
		}
		LOG(WARN, "kb.left_out", "article=" SV_FMT, SV_ARG(h->article_id));
		first |= i == 0;
	}
	if (first) {
		r->unsure = n && (r->answerable || r->unsure);
		r->answerable = false;
	}
	r->n = n;
}
