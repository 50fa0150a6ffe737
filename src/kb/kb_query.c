/* kb_query.c: a question as a weighted vector, and its features against one article.
 *
 * The question goes through the same terms as the articles. A word unknown to the knowledge base is
 * looked up among its neighbours (typos); what stays unknown keeps the greatest weight, because it
 * is what makes a question unanswerable. Features compare the question's vector with those of one
 * article. No state but the caller's struct kb_found; any thread.
 */
#include <math.h>
#include "kb_int.h"

#define F_WEAK 0.4f
#define F_CONTEXT 0.35f
#define ALL_NAME 0.85

/* ---- vector ---- */

static uint32_t slot_of(uint32_t id)
{
	return (id * 2654435761u) >> 23;
}

static struct kb_qterm *q_find(const struct kb_qvec *q, uint32_t id)
{
	for (uint32_t s = slot_of(id);; s = (s + 1) & 511) {
		if (!q->slot[s])
			return NULL;
		if (q->t[q->slot[s] - 1].id == id)
			return (struct kb_qterm *)(uintptr_t)&q->t[q->slot[s] - 1];
	}
}

static void q_add(struct kb_qvec *q, uint32_t id, float w, bool concept)
{
	struct kb_qterm *t = id == KB_UNKNOWN ? NULL : q_find(q, id);
	uint32_t s = slot_of(id);

	if (t) {
		if (w > t->w) {
			q->sum += w - t->w;
			q->concepts += concept ? w - t->w : 0;
			t->w = w;
		}
		return;
	}
	if (q->n == KB_TERMS_MAX)
		return;
	q->t[q->n++] = (struct kb_qterm){ id, w, concept };
	q->sum += w;
	q->concepts += concept ? w : 0;
	if (id == KB_UNKNOWN) {
		q->unknown += w;
		return;
	}
	while (q->slot[s])
		s = (s + 1) & 511;
	q->slot[s] = (uint16_t)q->n;
	q->bloom[(id >> 6) & 15] |= UINT64_C(1) << (id & 63);
}

float kb_qvec_match(const struct kb_qvec *q, const struct kb_vec *v)
{
	float m = 0;

	for (uint32_t i = 0; i < v->n; i++) {
		uint32_t id = v->id[i];
		const struct kb_qterm *t;

		if (!(q->bloom[(id >> 6) & 15] >> (id & 63) & 1))
			continue;
		t = q_find(q, id);
		if (t)
			m += t->w < v->w[i] ? t->w : v->w[i];
	}
	return m;
}

/* ---- typos ---- */

/* Edit distance with neighbour swaps of at most 1 (2 for words of 8 and more), else a large
 * number. */
static int edits(sv a, sv b, int limit)
{
	int row[3][KB_WORD_MAX + 2], n = (int)a.n, m = (int)b.n;

	if (n > KB_WORD_MAX || m > KB_WORD_MAX || n - m > limit || m - n > limit)
		return 99;
	for (int j = 0; j <= m; j++)
		row[0][j] = j;
	for (int i = 1; i <= n; i++) {
		int *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
		int least = now[0] = i;

		for (int j = 1; j <= m; j++) {
			int c = up[j - 1] + (a.p[i - 1] != b.p[j - 1]);

			c = up[j] + 1 < c ? up[j] + 1 : c;
			c = now[j - 1] + 1 < c ? now[j - 1] + 1 : c;
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] &&
			    a.p[i - 2] == b.p[j - 1] && up2[j - 2] + 1 < c)
				c = up2[j - 2] + 1;
			now[j] = c;
			least = c < least ? c : least;
		}
		if (least > limit)
			return 99;
	}
	return row[n % 3][m];
}

static uint32_t typo_of(const struct kb_space *sp, sv word)
{
	uint32_t letters = 0, best = KB_UNKNOWN;
	int limit = word.n >= 8 ? 2 : 1, best_d = 99;
	size_t n, from = 0;

	for (size_t i = 0; i < word.n; i++) {
		if (word.p[i] < 'a' || word.p[i] > 'z')
			return KB_UNKNOWN;
		letters |= 1u << (word.p[i] - 'a');
	}
	n = word.n < 4 ? 0 : kb_space_near(sp, word.p[0], word.n - (size_t)limit,
					    word.n + (size_t)limit, &from);
	for (size_t k = 0; k < n; k++) {
		uint32_t i = sp->near ? sp->near[from + k] : (uint32_t)k;
		const struct kb_word *w = &sp->w[i];
		int d;

		if (!w->word || w->s.n < 4 || w->s.p[0] != word.p[0] ||
		    __builtin_popcount(letters ^ w->letters) > 2 * limit)
			continue;
		d = edits(word, w->s, limit);
		if (d > limit || d > best_d || (d == best_d && w->df <= sp->w[best].df))
			continue;
		best = i;
		best_d = d;
	}
	return best;
}

static sv fix_typo(const void *arg, sv word)
{
	const struct kb_space *sp = arg;
	uint32_t id;

	if (kb_space_term(sp, word) != KB_UNKNOWN)
		return SV_NULL;
	id = typo_of(sp, word);
	if (id == KB_UNKNOWN && sp->more && (id = typo_of(sp->more, word)) != KB_UNKNOWN)
		return sp->more->w[id].s;
	return id == KB_UNKNOWN ? SV_NULL : sp->w[id].s;
}

static bool is_attribute(sv s)
{
	static const char *const list[] = { "#howmuch", "#size", "#stock", "#colour", "#material",
					    "#weight", "#height", "#product", "#warranty" };

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		if (sv_eq(s, sv_of(list[i])))
			return true;
	return false;
}

static void q_text(const struct kb_space *sp, sv text, float factor, struct kb_qvec *q)
{
	struct kb_term t[KB_TERMS_MAX];
	size_t n = kb_terms_fixed(sp->lex, sv_slice(text, 0, LIM_TEXT_MSG), fix_typo, sp, t,
				  KB_TERMS_MAX);

	for (size_t i = 0; i < n; i++) {
		sv s = sv_n(t[i].s, t[i].n);

		q->attribute = q->attribute || is_attribute(s);
	}
	for (size_t i = 0; i < n; i++) {
		sv s = sv_n(t[i].s, t[i].n);
		uint32_t id = kb_space_term(sp, s);
		float f = t[i].f * factor;

		if (id != KB_UNKNOWN && !kb_space_word(sp, id)->df)
			id = KB_UNKNOWN; /* in the lexicon only */
		if (id == KB_UNKNOWN && (t[i].weak || s.p[0] == '~'))
			f *= F_WEAK;
		q_add(q, id, f * (id == KB_UNKNOWN ? sp->idf_max : kb_space_word(sp, id)->idf),
		      s.p[0] == '#');
	}
}

/* "And in a store?" "那门店呢？": few terms, so the question before lends its own. */
void kb_qvec_make(const struct kb_space *sp, sv text, sv context, struct kb_qvec *q)
{
	memset(q, 0, sizeof(*q));
	q->text = text;
	q->idf_max = sp->idf_max;
	q_text(sp, text, 1.0f, q);
	q->norm = kb_norm_hash(text);
	kb_emb_text(sp->rows, sp->lex, text, q->emb);
	q->back = kb_emb_back(sp->rows, q->emb);
	if (context.n && q->n && q->n <= 6)
		q_text(sp, context, F_CONTEXT, q);
}

/* ---- features ---- */

static double ratio(float a, float b)
{
	return b > 0 ? (double)(a / b) : 0;
}

static double cosine(float m, float q, float t)
{
	return q > 0 && t > 0 ? (double)(m / sqrtf(q * t)) : 0;
}

static void name_features(const struct kb_qvec *q, const struct kb_art *a, double f[KF_N])
{
	double best[3] = { 0 };

	for (uint32_t i = 0; i < a->n_name; i++) {
		float m = kb_qvec_match(q, &a->name[i]);
		double c = cosine(m, q->sum, a->name[i].sum);

		if (a->norm[i] == q->norm)
			f[KF_EXACT] = 1;
		if (i == 0) {
			f[KF_TITLE] = c;
			f[KF_TITLE_Q] = ratio(m, q->sum);
		}
		if (c > f[KF_ALIAS]) {
			f[KF_ALIAS] = c;
			f[KF_ALIAS_Q] = ratio(m, q->sum);
			f[KF_ALIAS_T] = ratio(m, a->name[i].sum);
		}
		for (int k = 0; k < 3; k++)
			if (c > best[k]) {
				double was = best[k];

				best[k] = c;
				c = was;
			}
	}
	f[KF_ALIAS3] = (best[0] + best[1] + best[2]) / 3;
}

/* How much of the two weightiest terms the article knows. */
static double rare(const struct kb_qvec *q, const struct kb_vec *names)
{
	size_t top[2] = { 0, 0 };
	struct kb_qvec two = { .n = 0 };

	if (!q->n)
		return 0;
	for (size_t i = 1; i < q->n; i++)
		if (q->t[i].w > q->t[top[0]].w)
			top[0] = i;
	top[1] = top[0] ? 0 : q->n > 1;
	for (size_t i = 0; i < q->n; i++)
		if (i != top[0] && q->t[i].w > q->t[top[1]].w)
			top[1] = i;
	for (int k = 0; k < 2; k++)
		q_add(&two, q->t[top[k]].id, q->t[top[k]].w, false);
	return ratio(kb_qvec_match(&two, names), two.sum);
}

/* Best cosine of one clause with one name: long stories hide a short question. */
static double clause(const struct kb_found *f, const struct kb_art *a)
{
	double best = 0;

	for (size_t p = 0; p < f->parts; p++)
		for (uint32_t i = 0; i < a->n_name; i++) {
			float m = kb_qvec_match(&f->part[p], &a->name[i]);
			double c = cosine(m, f->part[p].sum, a->name[i].sum);

			best = c > best ? c : best;
		}
	return best;
}

/* The two weightiest terms that the article lacks, as shares of the greatest weight. */
static void misses(const struct kb_qvec *q, const struct kb_art *a, double f[KF_N])
{
	float top[2] = { 0, 0 };

	for (size_t i = 0; i < q->n; i++) {
		float w = q->t[i].w;

		if (w <= top[1] || (q->t[i].id != KB_UNKNOWN && kb_vec_has(&a->all, q->t[i].id)))
			continue;
		top[1] = w > top[0] ? top[0] : w;
		top[0] = w > top[0] ? w : top[0];
	}
	f[KF_MISS1] = ratio(top[0], q->idf_max);
	f[KF_MISS2] = ratio(top[1], q->idf_max);
}

static void emb_features(const struct kb_found *found, const struct kb_art *a, double f[KF_N])
{
	const struct kb_qvec *q = &found->q;
	double best[3] = { 0 };
	uint32_t n = a->n_name < 3 ? a->n_name : 3;

	for (uint32_t i = 0; i < a->n_name; i++) {
		double c = (double)kb_emb_cos(q->emb, a->emb[i]);

		for (int k = 0; k < 3; k++)
			if (c > best[k]) {
				double was = best[k];

				best[k] = c;
				c = was;
			}
	}
	f[KF_EMB] = best[0];
	f[KF_EMB3] = n ? (best[0] + best[1] + best[2]) / n : 0;
	f[KF_EMB_PART] = f[KF_EMB_C] = (double)kb_emb_cos(q->emb, a->centre);
	for (size_t p = 0; p < found->parts; p++)
		f[KF_EMB_PART] = fmax(f[KF_EMB_PART],
				      (double)kb_emb_cos(found->part[p].emb, a->centre));
	f[KF_BACK] = (double)q->back;
	f[KF_TIGHT] = (double)a->tight;
}

void kb_features(const struct kb_found *found, struct kb_cand *c)
{
	const struct kb_qvec *q = &found->q;
	const struct kb_art *a = c->a ? c->a : &found->sp->art[c->art];
	float body = 0, m;

	memset(c->f, 0, sizeof(c->f));
	name_features(q, a, c->f);
	emb_features(found, a, c->f);
	c->f[KF_NAMES_Q] = ratio(kb_qvec_match(q, &a->names), q->sum);
	c->f[KF_ALL_Q] = ratio(kb_qvec_match(q, &a->all), q->sum);
	for (uint32_t i = 0; i < a->n_sent && i < 256; i++) {
		double cs;

		m = kb_qvec_match(q, &a->sv[i]);
		cs = cosine(m, q->sum, a->sv[i].sum);
		body = m > body ? m : body;
		if (i == 0)
			c->f[KF_SENT1] = cs;
		if (cs > c->f[KF_SENT]) {
			c->f[KF_SENT] = cs;
			c->best_sent = i;
		}
	}
	c->f[KF_SENT_Q] = ratio(body, q->sum);
	m = kb_qvec_match(q, &a->core);
	c->f[KF_CORE] = ratio(m, q->sum);
	c->f[KF_CORE_T] = ratio(m, a->core.sum);
	c->f[KF_CENTRE] = cosine(m, q->sum, a->core.sum);
	m = kb_qvec_match(q, &a->concept);
	c->f[KF_CONC_Q] = ratio(m, q->concepts);
	c->f[KF_CONC_T] = ratio(m, a->concept.sum);
	c->f[KF_CLAUSE] = found->parts ? clause(found, a) : c->f[KF_ALIAS];
	misses(q, a, c->f);
	/* "do you have a recliner" is all name */
	c->f[KF_PRODUCT] = a->product && !q->attribute && c->f[KF_NAMES_Q] < ALL_NAME;
	c->f[KF_UNKNOWN] = ratio(q->unknown, q->sum);
	c->f[KF_WORDS] = (double)logf(1 + (float)q->n) / 3;
	c->f[KF_NAMES] = (double)logf((float)a->n_name) / 3;
	c->f[KF_RARE] = rare(q, &a->names);
}
