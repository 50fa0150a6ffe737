/* kb_vectors.c: the vectors of an index: sparse ones of names and sentences, and learned ones.
 *
 * Terms become ids and factors first, article by article; once all document frequencies are
 * known, every factor is multiplied by the idf of its term. Runs on the thread that builds.
 */
#include <math.h>
#include <stdlib.h>
#include "kb_build.h"

static int word_id(struct kb_build_job *b, struct kb_space *sp, const struct kb_term *t,
		   uint32_t *ret)
{
	sv s = sv_n(t->s, t->n);
	const struct kb_space *under = sp->under;
	uintptr_t at = under ? (uintptr_t)map_get(under->ids, s) : 0;
	struct { struct kb_word *v; size_t n, cap; } v = { sp->w, sp->n_w, sp->cap_w };
	uint32_t first = under ? (uint32_t)under->n_w : 0;
	struct kb_word *w;

	if (at && under->w[at - 1].df) { /* else it stands in the lexicon only */
		*ret = (uint32_t)(at - 1);
		return 0;
	}
	at = (uintptr_t)map_get(sp->ids, s);
	if (at) {
		*ret = first + (uint32_t)(at - 1);
		return 0;
	}
	w = VEC_PUSH(&v, KB_VOCAB_MAX);
	sp->w = v.v;
	sp->n_w = v.n;
	sp->cap_w = v.cap;
	if (!w || map_put(sp->ids, s, (void *)(uintptr_t)v.n) != 0)
		return kb_full(b);
	w->s = arena_sv(&b->ix->arena, s);
	w->word = t->word;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'a' && s.p[i] <= 'z')
			w->letters |= 1u << (s.p[i] - 'a');
	*ret = first + (uint32_t)v.n - 1;
	return w->s.p ? 0 : kb_full(b);
}

/* Of a space under construction: the words below it belong to the space that it extends. */
static struct kb_word *word_of(const struct kb_space *sp, uint32_t id)
{
	size_t below = sp->under ? sp->under->n_w : 0;

	return id < below ? &sp->under->w[id] : &sp->w[id - below];
}

static int by_id(const void *x, const void *y)
{
	const struct kb_qterm *a = x, *b = y;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* Sorts and merges b->tmp into an arena vector; equal ids keep the greatest weight. */
static int seal(struct kb_build_job *b, struct kb_vec *ret)
{
	size_t n = 0;

	if (b->tmp.n)
		qsort(b->tmp.v, b->tmp.n, sizeof(*b->tmp.v), by_id);
	for (size_t i = 0; i < b->tmp.n; i++) {
		if (n && b->tmp.v[n - 1].id == b->tmp.v[i].id) {
			if (b->tmp.v[i].w > b->tmp.v[n - 1].w)
				b->tmp.v[n - 1].w = b->tmp.v[i].w;
			continue;
		}
		b->tmp.v[n++] = b->tmp.v[i];
	}
	b->tmp.n = 0;
	ret->n = (uint32_t)n;
	ret->id = arena_alloc(b->arena, n * sizeof(*ret->id) + 1);
	ret->w = arena_alloc(b->arena, n * sizeof(*ret->w) + 1);
	if (!ret->id || !ret->w)
		return kb_full(b);
	for (size_t i = 0; i < n; i++) {
		ret->id[i] = b->tmp.v[i].id;
		ret->w[i] = b->tmp.v[i].w;
	}
	return 0;
}

/* The lexicon's words join the vocabulary, so that a misspelt one is recognised too. */
static int lexicon_words(struct kb_build_job *b, struct kb_space *sp)
{
	struct kb_term t = { .word = true };
	size_t it = 0;
	uint32_t id;
	sv w;
	int rc = 0;

	while (!rc && kb_lex_word(sp->lex, &it, &w)) {
		if (w.n > KB_WORD_MAX)
			continue;
		memcpy(t.s, w.p, w.n);
		t.n = (uint8_t)w.n;
		rc = word_id(b, sp, &t, &id);
	}
	return rc;
}

static int gather(struct kb_build_job *b, struct kb_space *sp, sv text)
{
	struct kb_term t[KB_TERMS_MAX];
	size_t n = kb_terms(sp->lex, text, t, KB_TERMS_MAX);

	for (size_t i = 0; i < n; i++) {
		struct kb_qterm *q = VEC_PUSH(&b->tmp, KB_VOCAB_MAX);
		int rc = q ? word_id(b, sp, &t[i], &q->id) : kb_full(b);

		if (rc)
			return rc;
		q->w = t[i].f;
	}
	return 0;
}

bool kb_vec_at(const struct kb_vec *v, uint32_t id, uint32_t *ret)
{
	uint32_t lo = 0, hi = v->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (v->id[mid] == id)
			return *ret = mid, true;
		if (v->id[mid] < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

bool kb_vec_has(const struct kb_vec *v, uint32_t id)
{
	uint32_t at;

	return kb_vec_at(v, id, &at);
}

static int gather_vec(struct kb_build_job *b, const struct kb_vec *v)
{
	for (uint32_t i = 0; i < v->n; i++) {
		struct kb_qterm *q = VEC_PUSH(&b->tmp, KB_VOCAB_MAX);

		if (!q)
			return kb_full(b);
		*q = (struct kb_qterm){ .id = v->id[i], .w = v->w[i] };
	}
	return 0;
}

static size_t count_lines(sv s)
{
	sv line;
	size_t n = 0;

	while (sv_line(&s, &line))
		n += sv_trim(line).n != 0;
	return n;
}

/* A term that stands in most names is what the article is about. */
static int core_vec(struct kb_build_job *b, struct kb_space *sp, struct kb_art *art)
{
	int rc = gather_vec(b, &art->names);

	if (!rc)
		rc = seal(b, &art->core);
	for (uint32_t i = 0; !rc && i < art->core.n; i++) {
		float sum = 0;

		for (uint32_t k = 0; k < art->n_name; k++)
			sum += kb_vec_has(&art->name[k], art->core.id[i]) ? 1.0f : 0.0f;
		art->core.w[i] *= sqrtf(sum / (float)art->n_name);
	}
	for (uint32_t i = 0; !rc && i < art->core.n; i++) {
		struct kb_qterm *q;

		if (word_of(sp, art->core.id[i])->s.p[0] != '#')
			continue;
		q = VEC_PUSH(&b->tmp, KB_VOCAB_MAX);
		if (!q)
			return kb_full(b);
		*q = (struct kb_qterm){ .id = art->core.id[i], .w = art->core.w[i] };
	}
	return rc ? rc : seal(b, &art->concept);
}

static int name_vecs(struct kb_build_job *b, struct kb_space *sp, struct kb_art *art)
{
	size_t n = 1 + count_lines(art->a.aliases);
	sv rest = art->a.aliases, line = art->a.title;
	int rc = 0;

	art->name = arena_new(b->arena, struct kb_vec, n);
	art->norm = arena_new(b->arena, uint64_t, n);
	art->emb = arena_alloc(b->arena, n * sizeof(*art->emb));
	if (!art->name || !art->norm || !art->emb)
		return kb_full(b);
	do {
		if (!sv_trim(line).n)
			continue;
		art->norm[art->n_name] = kb_norm_hash(line);
		kb_emb_text(sp->rows, sp->lex, line, art->emb[art->n_name]);
		rc = gather(b, sp, line);
		if (!rc)
			rc = seal(b, &art->name[art->n_name++]);
	} while (!rc && art->n_name < n && sv_line(&rest, &line));
	art->tight = kb_emb_centre(art->emb, art->n_name, art->centre);
	for (uint32_t i = 0; !rc && i < art->n_name; i++)
		rc = gather_vec(b, &art->name[i]);
	if (!rc)
		rc = seal(b, &art->names);
	return rc ? rc : core_vec(b, sp, art);
}

static int sentence_vecs(struct kb_build_job *b, struct kb_space *sp, struct kb_art *art)
{
	struct kb_spans s = { 0 };
	int rc = 0;

	kb_sentences(art->a.body_md, &s);
	art->sent = arena_new(b->arena, struct kb_span, s.n + 1);
	art->sv = arena_new(b->arena, struct kb_vec, s.n + 1);
	if (!art->sent || !art->sv)
		rc = kb_full(b);
	for (size_t i = 0; !rc && i < s.n; i++) {
		art->sent[i] = s.v[i];
		rc = gather(b, sp, sv_n(art->a.body_md.p + s.v[i].off, s.v[i].len));
		if (!rc)
			rc = seal(b, &art->sv[art->n_sent++]);
	}
	VEC_FREE(&s);
	return rc;
}

int kb_vectors_one(struct kb_build_job *b, struct kb_space *sp, struct kb_art *art)
{
	int rc = name_vecs(b, sp, art);

	if (!rc)
		rc = sentence_vecs(b, sp, art);
	kb_chunk(art->a.title, art->a.body_md, b->arena, &art->chunks);
	for (size_t i = 0; !rc && i < art->chunks.n; i++)
		if (i == 0 || !sv_eq(art->chunks.v[i].heading, art->chunks.v[i - 1].heading))
			rc = gather(b, sp, art->chunks.v[i].heading);
	if (!rc)
		rc = gather_vec(b, &art->names);
	for (uint32_t i = 0; !rc && i < art->n_sent; i++)
		rc = gather_vec(b, &art->sv[i]);
	if (!rc)
		rc = seal(b, &art->all);
	for (uint32_t i = 0; !rc && i < art->all.n; i++)
		if (!sp->under || art->all.id[i] >= sp->under->n_w)
			word_of(sp, art->all.id[i])->df++;
	return rc;
}

static void weigh_vec(const struct kb_space *sp, struct kb_vec *v)
{
	v->sum = 0;
	for (uint32_t i = 0; i < v->n; i++) {
		v->w[i] *= word_of(sp, v->id[i])->idf;
		v->sum += v->w[i];
	}
}

static void weigh_words(struct kb_space *sp)
{
	float n = (float)((sp->under ? kb_space_own(sp->under) : 0) + kb_space_own(sp));

	sp->idf_max = logf(1 + n);
	for (size_t i = 0; i < sp->n_w; i++) {
		float df = (float)sp->w[i].df;

		sp->w[i].idf = logf(1 + (n - df + 0.5f) / (df + 0.5f));
	}
}

static void weigh(struct kb_space *sp)
{
	weigh_words(sp);
	for (size_t i = 0; i < sp->n_art; i++) {
		struct kb_art *a = &sp->art[i];

		for (uint32_t k = 0; k < a->n_name; k++)
			weigh_vec(sp, &a->name[k]);
		for (uint32_t k = 0; k < a->n_sent; k++)
			weigh_vec(sp, &a->sv[k]);
		weigh_vec(sp, &a->names);
		weigh_vec(sp, &a->core);
		weigh_vec(sp, &a->concept);
		weigh_vec(sp, &a->all);
	}
}

int kb_vectors_end(struct kb_build_job *b, struct kb_space *sp)
{
	int rc = lexicon_words(b, sp);

	weigh_words(sp);
	return rc;
}

int kb_vectors(struct kb_build_job *b, struct kb_space *sp)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sp->n_art; i++)
		rc = kb_vectors_one(b, sp, &sp->art[i]);
	if (!rc && !sp->under) /* else they are there already */
		rc = lexicon_words(b, sp);
	weigh(sp);
	return rc;
}
