/* kb_alike.c: how alike two texts of a language are: by their words and by learned vectors.
 *
 * A text becomes marks: its terms (kb_lex.c: words, pairs of CJK characters, concepts of synonyms)
 * as hashes with a weight, ascending, each once. kb_sense_new reads the language's built-in lists
 * into an arena of its own, which takes milliseconds; afterwards nothing changes and any thread
 * may ask. Whoever compares many texts multiplies the weights by how rare a term is among them
 * (kb_marks_scale).
 */
#include <math.h>
#include <stdlib.h>
#include "kb_facts.h"
#include "kb_int.h"

struct kb_sense {
	struct arena arena;
	struct kb_lex *lex;
	const int8_t *rows;      /* learned vectors, or NULL */
	char lang[12];
};

_Static_assert(KE_DIM <= KB_SENSE_DIM, "a learned vector fits kb_sense_vec");

struct kb_sense *kb_sense_new(sv lang)
{
	struct kb_sense *s = xalloc(sizeof(*s));
	size_t n = lang.n < sizeof(s->lang) ? lang.n : sizeof(s->lang) - 1;

	arena_init(&s->arena, LIM_ARENA_BIG);
	if (n)
		memcpy(s->lang, lang.p, n);
	s->lex = kb_lex_new(&s->arena);
	kb_lex_common(s->lex, kb_lex_builtin_common(lang));
	(void)kb_lex_add(s->lex, kb_lex_builtin(lang), "built-in synonyms", NULL);
	s->rows = kb_emb_builtin(lang);
	return s;
}

void kb_sense_free(struct kb_sense *s)
{
	if (!s)
		return;
	kb_lex_done(s->lex);
	arena_done(&s->arena);
	xfree(s);
}

sv kb_sense_lang(const struct kb_sense *s)
{
	return sv_of(s->lang);
}

static int by_id(const void *a, const void *b)
{
	const struct kb_mark *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

size_t kb_sense_marks(const struct kb_sense *s, sv text, struct kb_mark *out)
{
	struct kb_term t[KB_TERMS_MAX];
	size_t n = kb_terms(s->lex, text, t, KB_TERMS_MAX), k = 0;

	n = n < KB_MARKS ? n : KB_MARKS;
	for (size_t i = 0; i < n; i++)
		out[i] = (struct kb_mark){ sv_hash(sv_n(t[i].s, t[i].n)), t[i].f };
	qsort(out, n, sizeof(*out), by_id);
	for (size_t i = 0; i < n; i++) {
		if (k && out[k - 1].id == out[i].id)
			out[k - 1].w = fmaxf(out[k - 1].w, out[i].w);
		else
			out[k++] = out[i];
	}
	return k;
}

void kb_sense_vec(const struct kb_sense *s, sv text, struct kb_sense_vec *out)
{
	*out = (struct kb_sense_vec){ .n = s->rows ? KE_DIM : 0 };
	if (s->rows)
		kb_emb_text(s->rows, s->lex, text, out->v);
}

float kb_sense_cos(const struct kb_sense_vec *a, const struct kb_sense_vec *b)
{
	return a->n && b->n ? kb_emb_cos(a->v, b->v) : 0;
}

float kb_marks_shared(const struct kb_mark *a, size_t na, const struct kb_mark *b, size_t nb)
{
	float sum = 0;

	for (size_t i = 0, k = 0; i < na && k < nb;) {
		if (a[i].id == b[k].id)
			sum += a[i++].w * b[k++].w;
		else if (a[i].id < b[k].id)
			i++;
		else
			k++;
	}
	return sum;
}

float kb_marks_cos(const struct kb_mark *a, size_t na, const struct kb_mark *b, size_t nb)
{
	float aa = 0, bb = 0;

	for (size_t i = 0; i < na; i++)
		aa += a[i].w * a[i].w;
	for (size_t i = 0; i < nb; i++)
		bb += b[i].w * b[i].w;
	return aa > 0 && bb > 0 ? kb_marks_shared(a, na, b, nb) / sqrtf(aa * bb) : 0;
}

float kb_marks_covered(const struct kb_mark *a, size_t na, const struct kb_mark *b, size_t nb)
{
	float all = 0, in = 0;

	for (size_t i = 0, k = 0; i < na; i++) {
		while (k < nb && b[k].id < a[i].id)
			k++;
		all += a[i].w;
		in += k < nb && b[k].id == a[i].id ? a[i].w : 0;
	}
	return all > 0 ? in / all : 0;
}

/* ---- how rare a term is among many texts ---- */

struct kb_rarity {
	struct map *df;          /* id -> texts + 1 */
	size_t n;
};

struct kb_rarity *kb_rarity_new(void)
{
	struct kb_rarity *r = xalloc(sizeof(*r));

	r->df = map_new(KB_RARITY_MAX);
	return r;
}

void kb_rarity_free(struct kb_rarity *r)
{
	if (r)
		map_free(r->df);
	xfree(r);
}

static size_t df_of(const struct kb_rarity *r, uint64_t id)
{
	return (size_t)(uintptr_t)map_get(r->df, sv_n((const char *)&id, sizeof(id)));
}

void kb_rarity_add(struct kb_rarity *r, const struct kb_mark *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uintptr_t df = df_of(r, m[i].id) + 1;

		(void)map_put(r->df, sv_n((const char *)&m[i].id, sizeof(m[i].id)), (void *)df);
	}
	r->n++;
}

size_t kb_rarity_of(const struct kb_rarity *r, uint64_t id)
{
	return df_of(r, id);
}

void kb_rarity_scale(const struct kb_rarity *r, struct kb_mark *m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		m[i].w *= logf(1.0f + (float)(r->n + 1) / ((float)df_of(r, m[i].id) + 0.5f));
}
