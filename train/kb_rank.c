/* kb_rank.c: trains and measures the knowledge ranker. Not part of the server.
 *
 *	kb_rank train ROOT > src/kb/kb_weights.h    learn on demo/tests/dev* and train/kb_extra*
 *	kb_rank score ROOT                          dev and test sets with the built-in weights
 *	kb_rank wrong ROOT en|zh                    each development question that goes wrong,
 * with why kb_rank bench ROOT                          microseconds per search kb_rank common <
 * UTTERANCES > src/kb/data/common.en.tsv    one a line, any topic (clinc150, hwu64) kb_rank
 * words < DICT > src/kb/data/common.zh.tsv           jieba's dict.txt: word frequency class
 *
 * Only the development questions are ever learned from; `score` reads the test questions and
 * prints counts, never the questions. The order is a softmax regression over the candidates, the
 * gate a logistic regression on cross-fitted scores (so that it does not see scores flattered by
 * their own training questions); the threshold is the lowest with >= 92 % of the unanswerable
 * declined.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_train.h"

#define QUESTIONS_MAX 20000
#define ALIAS_WEIGHT 0.1 /* of an alias asked as a question against a development question */
#define OOS_ANSWERED 0.065       /* of the unanswerable development questions may be answered */
#define EPOCHS 40                /* of the gate */
#define BATCH 64
#define DECAY 0.004
#define REMOVED_WEIGHT 0.25      /* of a question whose article was taken out */

struct sample {
	sv text, want;           /* want empty: no article answers */
	struct kb_found *f;
	int gold;                /* candidate, -1 = none */
	bool dev;                /* a development question, else an alias asked as one */
	bool foreign;            /* asked of articles that the vectors do not know */
	int fold;
	uint32_t art, name;      /* that alias: name of an article, else 0 */
};
struct set {
	struct sample *v;
	size_t n, cap;
};
static struct arena mem;

static int put_row(void *arg, const struct kb_article *a)
{
	bool changed;

	return kb_put(arg, a, 1764000000000, &changed);
}

struct import {
	const char *root;
	struct err *e;
};

static int import(void *arg, struct store_db *db)
{
	struct import *im = arg;
	char path[512];
	struct sb b;
	int rc;

	snprintf(path, sizeof(path), "%s/demo/kb", im->root);
	rc = kb_parse_path(path, &mem, put_row, db, im->e);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/demo/products.jsonl", im->root);
	sb_init(&b, LIM_KB_DOC);
	rc = file_read(path, LIM_KB_DOC, &b, im->e);
	if (!rc)
		rc = kb_parse_products(sb_sv(&b), path, &mem, put_row, db, im->e);
	sb_done(&b);
	return rc;
}

static int open_index(const char *root, struct store **st, struct kb_index **ix, struct err *e)
{
	struct store_opts o = { .dir = "" };
	struct import im = { root, e };
	struct store_db *db;
	int rc = kb_init();

	if (!rc)
		rc = store_open(st, &o, e);
	if (!rc)
		rc = store_write(*st, import, &im, NULL, NULL);
	if (!rc)
		rc = store_flush(*st);
	if (!rc && e->code)
		return e->code;
	if (!rc)
		rc = store_reader(*st, &db);
	return rc ? rc : kb_build(ix, db, NULL, e);
}

static sv read_path(const char *path)
{
	struct err e = { 0 };
	struct sb b;
	sv r = SV_NULL;

	sb_init(&b, LIM_KB_DOC);
	if (file_read(path, LIM_KB_DOC, &b, &e) == 0)
		r = arena_sv(&mem, sb_sv(&b));
	else
		fprintf(stderr, "%s\n", e.msg);
	sb_done(&b);
	return r;
}

static sv read_file(const char *root, const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	return read_path(path);
}

static sv read_lang(const char *root, const char *fmt, const char *lang)
{
	char name[64];

	snprintf(name, sizeof(name), strcmp(fmt, "dev") == 0 ? "dev.%s.tsv" :
		 strcmp(fmt, "oos") == 0 ? "dev_oos.%s.txt" :
		 strcmp(fmt, "test") == 0 ? "questions.%s.tsv" : "unanswerable.%s.txt", lang);
	return read_file(root, "demo/tests", name);
}

static struct sample *plan(struct set *s, sv want, sv text, bool dev)
{
	struct sample *x = VEC_PUSH(s, QUESTIONS_MAX);

	if (!x)
		abort();
	x->text = text;
	x->want = want;
	x->gold = -1;
	x->dev = dev;
	return x;
}

/* Candidates and their features. */
static void look_up(struct kb_index *ix, const char *lang, struct sample *x)
{
	struct kb_query q = { .text = x->text, .lang = sv_of(lang), .k = 5 };

	x->f = arena_new(&mem, struct kb_found, 1);
	if (!x->f || kb_candidates(ix, &q, &mem, x->f) != 0)
		abort();
	for (size_t i = 0; i < x->f->n; i++)
		if (x->want.n && sv_eq(x->f->sp->art[x->f->c[i].art].a.group_id, x->want))
			x->gold = (int)i;
}

static struct kb_vec join(const struct kb_vec *v, size_t n, const struct kb_vec *w, size_t n_w)
{
	struct kb_vec r = { 0 };
	size_t max = 0;

	for (size_t i = 0; i < n; i++)
		max += v[i].n;
	for (size_t i = 0; i < n_w; i++)
		max += w[i].n;
	r.id = arena_new(&mem, uint32_t, max + 1);
	r.w = arena_new(&mem, float, max + 1);
	for (;;) { /* merge by smallest id above the last */
		uint32_t last = r.n ? r.id[r.n - 1] + 1 : 0, best = UINT32_MAX;
		float bw = 0;

		for (size_t i = 0; i < n + n_w; i++) {
			const struct kb_vec *x = i < n ? &v[i] : &w[i - n];

			for (uint32_t k = 0; k < x->n; k++) {
				if (x->id[k] < last || x->id[k] > best)
					continue;
				bw = x->id[k] < best || x->w[k] > bw ? x->w[k] : bw;
				best = x->id[k];
			}
		}
		if (best == UINT32_MAX)
			break;
		r.id[r.n] = best;
		r.w[r.n++] = bw;
		r.sum += bw;
	}
	return r;
}

/* The article as if it had never had its names from k to before end. */
static struct kb_art without(const struct kb_art *a, uint32_t k, uint32_t end)
{
	struct kb_art r = *a;

	r.name = arena_new(&mem, struct kb_vec, a->n_name);
	r.norm = arena_new(&mem, uint64_t, a->n_name);
	r.emb = arena_alloc(&mem, a->n_name * sizeof(*r.emb));
	r.n_name = 0;
	for (uint32_t i = 0; i < a->n_name; i++)
		if (i < k || i >= end) {
			r.name[r.n_name] = a->name[i];
			memcpy(r.emb[r.n_name], a->emb[i], sizeof(*r.emb));
			r.norm[r.n_name++] = a->norm[i];
		}
	r.tight = kb_emb_centre(r.emb, r.n_name, r.centre);
	r.names = join(r.name, r.n_name, NULL, 0);
	r.all = join(&r.names, 1, a->sv, a->n_sent);
	r.core = join(&r.names, 1, NULL, 0);
	r.core.sum = 0;
	for (uint32_t i = 0; i < r.core.n; i++) {
		float n = 0;

		for (uint32_t m = 0; m < r.n_name; m++)
			n += kb_vec_has(&r.name[m], r.core.id[i]) ? 1.0f : 0.0f;
		r.core.w[i] *= sqrtf(n / (float)r.n_name);
		r.core.sum += r.core.w[i];
	}
	r.concept.id = arena_new(&mem, uint32_t, r.core.n + 1);
	r.concept.w = arena_new(&mem, float, r.core.n + 1);
	r.concept.n = 0;
	r.concept.sum = 0;
	for (uint32_t i = 0; i < r.core.n; i++)
		if (kb_vec_has(&a->concept, r.core.id[i])) {
			r.concept.id[r.concept.n] = r.core.id[i];
			r.concept.w[r.concept.n++] = r.core.w[i];
			r.concept.sum += r.core.w[i];
		}
	return r;
}

/* Each alias of a help article, taken out of it, is a question with a known answer. */
static void plan_aliases(struct kb_space *sp, struct set *s)
{
	bool zh = strcmp(sp->lang, "zh") == 0;

	for (size_t i = 0; i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];
		sv rest = a->a.aliases, line;

		for (uint32_t k = 1; !a->product && sv_line(&rest, &line) && k < a->n_name; k++) {
			struct sample *x;

			if (sv_runes(line) < (zh ? 5 : 14))
				continue;
			x = plan(s, a->a.group_id, line, false);
			x->art = (uint32_t)i;
			x->name = k;
		}
	}
}

static void plan_lines(struct set *s, sv text, bool tsv)
{
	sv line, want = SV_NULL;

	while (sv_line(&text, &line)) {
		line = sv_trim(line);
		if (tsv && !sv_cut(&line, '\t', &want))
			continue;
		if (sv_trim(line).n)
			plan(s, sv_eq(want, SV("-")) ? SV_NULL : sv_trim(want), sv_trim(line), true);
	}
}

static struct set plan_all(struct kb_space *sp, const char *root)
{
	struct set s = { 0 };
	char name[64];

	plan_lines(&s, read_lang(root, "dev", sp->lang), true);
	plan_lines(&s, read_lang(root, "oos", sp->lang), false);
	snprintf(name, sizeof(name), "kb_extra.%s.tsv", sp->lang);
	plan_lines(&s, read_file(root, "train", name), true);
	snprintf(name, sizeof(name), "kb_neg.%s.txt", sp->lang);
	plan_lines(&s, read_file(root, "train", name), false);
	plan_aliases(sp, &s);
	for (size_t i = 0; i < s.n; i++)
		s.v[i].fold = (int)(i % FOLDS);
	return s;
}

/* ---- learned vectors ---- */

static void embed_put(struct embed_set *e, sv text, int class, int fold)
{
	struct embed_text *t = VEC_PUSH(e, 1000000);

	*t = (struct embed_text){ .text = text, .class = class, .fold = fold, .weight = 1 };
}

static int class_of(const struct kb_space *sp, sv group)
{
	for (size_t i = 0; i < sp->n_art; i++)
		if (sv_eq(sp->art[i].a.group_id, group))
			return (int)i;
	return EMBED_FAR;
}

/* Names of all articles, the questions with their folds, and for English public intents. */
static struct embed_set embed_texts(const struct kb_space *sp, const struct set *s,
				    const char *data)
{
	static const char *const sets[] = { "banking77", "clinc150", "hwu64" };
	struct embed_set e = { .classes = (int)sp->n_art };
	char path[512];

	for (size_t i = 0; i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];
		sv rest = a->a.aliases, line;
		bool zh = strcmp(sp->lang, "zh") == 0;

		embed_put(&e, a->a.title, (int)i, -1);
		while (sv_line(&rest, &line))
			if (a->product || sv_runes(line) < (zh ? 5 : 14))
				embed_put(&e, line, (int)i, -1);
	}
	for (size_t i = 0; i < s->n; i++)
		embed_put(&e, s->v[i].text, class_of(sp, s->v[i].want), s->v[i].fold);
	for (int i = 0; data && strcmp(sp->lang, "en") == 0 && i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s/train.tsv", data, sets[i]);
		embed_add_intents(&e, read_path(path), 0.35);
	}
	for (size_t i = 0; i < e.n; i++) {
		uint32_t h[KE_MAX];

		e.v[i].n = kb_emb_hashes(sp->lex, e.v[i].text, h, KE_MAX);
		e.v[i].h = arena_new(&mem, uint32_t, e.v[i].n + 1);
		memcpy(e.v[i].h, h, e.v[i].n * sizeof(*h));
	}
	return e;
}

static void embed_space(struct kb_space *sp, const int8_t *rows)
{
	sp->rows = rows;
	for (size_t i = 0; i < sp->n_art; i++) {
		struct kb_art *a = &sp->art[i];
		sv rest = a->a.aliases, line = a->a.title;
		uint32_t k = 0;

		do {
			if (sv_trim(line).n)
				kb_emb_text(rows, sp->lex, line, a->emb[k++]);
		} while (k < a->n_name && sv_line(&rest, &line));
		a->tight = kb_emb_centre(a->emb, a->n_name, a->centre);
	}
}

static void write_rows(const char *root, const char *lang, const int8_t *rows)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/models/kb_embed.%s.bin", root, lang);
	f = fopen(path, "wb");
	if (!f || fwrite(rows, KE_DIM, KE_ROWS, f) != KE_ROWS || fclose(f) != 0)
		fprintf(stderr, "cannot write %s\n", path);
}

/* Every question is looked up with vectors that were learned without it, and an alias in an
 * article that never had it. */
static void look_up_own(struct kb_index *ix, struct kb_space *sp, struct set *s,
			struct embed_set *e, int8_t *rows)
{
	for (int fold = 0; fold < FOLDS; fold++) {
		for (size_t i = 0; i < e->n; i++)
			e->v[i].skip = e->v[i].fold == fold;
		embed_train(e, rows);
		embed_space(sp, rows);
		for (size_t i = 0; i < s->n; i++) {
			struct sample *x = &s->v[i];
			struct kb_art *a = &sp->art[x->art], was = *a;

			if (x->fold != fold)
				continue;
			if (x->name)
				*a = without(&was, x->name, x->name + 1);
			look_up(ix, sp->lang, x);
			*a = was;
		}
	}
}

/* Names that a young article keeps: its title and a few aliases. */
static uint32_t young(size_t art)
{
	return 3 + (uint32_t)(art * 7 % 8);
}

/* Of a company whose articles the vectors do not know, with few aliases each: half of the
 * articles is kept from the training, then the other half. */
static void look_up_foreign(struct kb_index *ix, struct kb_space *sp, struct set *s,
			    struct embed_set *e, int8_t *rows)
{
	struct kb_art *was = arena_new(&mem, struct kb_art, sp->n_art);
	size_t n = s->n;

	for (int half = 0; half < 2; half++) {
		for (size_t i = 0; i < e->n; i++) {
			int c = e->v[i].class;

			e->v[i].skip = c == EMBED_FAR ? e->v[i].fold % 2 == half :
				       c < (int)sp->n_art && c % 2 == half;
		}
		embed_train(e, rows);
		embed_space(sp, rows);
		memcpy(was, sp->art, sp->n_art * sizeof(*was));
		for (size_t i = 0; i < sp->n_art; i++)
			if (was[i].n_name > young(i))
				sp->art[i] = without(&was[i], young(i), was[i].n_name);
		for (size_t i = 0; i < n; i++) {
			struct sample *x = &s->v[i], *y;
			int c = class_of(sp, x->want);

			if ((c == EMBED_FAR ? x->fold : c) % 2 != half ||
			    (x->name && (x->name < young(x->art) || i % 3)))
				continue;
			y = plan(s, x->want, x->text, x->dev);
			y->fold = s->v[i].fold;
			y->foreign = true;
			look_up(ix, sp->lang, y);
		}
		memcpy(sp->art, was, sp->n_art * sizeof(*was));
	}
}

/* Leaves the space with the vectors of all texts. */
static struct set load_set(struct kb_index *ix, const char *root, const char *lang,
			   const char *data)
{
	struct kb_space *sp = kb_space_of(ix, sv_of(lang));
	struct set s = plan_all(sp, root);
	struct embed_set e = embed_texts(sp, &s, data);
	int8_t *rows = arena_alloc(&mem, (size_t)KE_ROWS * KE_DIM);

	look_up_own(ix, sp, &s, &e, rows);
	look_up_foreign(ix, sp, &s, &e, rows);
	for (size_t i = 0; i < e.n; i++)
		e.v[i].skip = false;
	embed_train(&e, rows);
	write_rows(root, lang, rows);
	embed_space(sp, rows);
	VEC_FREE(&e);
	return s;
}

/* ---- order ---- */

static double dot(const double *w, const double *f, int n)
{
	double z = 0;

	for (int i = 0; i < n; i++)
		z += w[i] * f[i];
	return z;
}

/* Full-batch gradient ascent with momentum on the log-likelihood of the gold candidate. */
static void train_rank(const struct set *s, int skip_fold, double w[KF_N])
{
	double v[KF_N] = { 0 };

	for (int k = 0; k < KF_N; k++)
		w[k] = k == KF_ALIAS ? 6 : 1;
	for (int epoch = 0; epoch < 500; epoch++) {
		double g[KF_N] = { 0 };
		double n = 0;

		for (size_t i = 0; i < s->n; i++) {
			const struct sample *x = &s->v[i];
			double p[KB_CAND], sum = 0;

			if (x->gold < 0 || x->fold == skip_fold)
				continue;
			for (size_t c = 0; c < x->f->n; c++)
				sum += p[c] = exp(dot(w, x->f->c[c].f, KF_N));
			n += x->dev ? 1 : ALIAS_WEIGHT;
			for (size_t c = 0; c < x->f->n; c++)
				for (int k = 0; k < KF_N; k++)
					g[k] += (x->dev ? 1 : ALIAS_WEIGHT) *
						(((int)c == x->gold) - p[c] / sum) *
						x->f->c[c].f[k];
		}
		for (int k = 0; k < KF_N; k++) {
			v[k] = 0.9 * v[k] + 0.3 * (g[k] / n - 0.004 * w[k]);
			w[k] += v[k];
		}
	}
}

static void score_all(struct sample *x, const double w[KF_N])
{
	struct kb_cand *c = x->f->c;
	uint32_t gold = x->gold >= 0 ? c[x->gold].art : UINT32_MAX;

	for (size_t i = 0; i < x->f->n; i++)
		c[i].score = dot(w, c[i].f, KF_N);
	for (size_t i = 1; i < x->f->n; i++)
		for (size_t j = i; j && c[j].score > c[j - 1].score; j--) {
			struct kb_cand t = c[j];

			c[j] = c[j - 1];
			c[j - 1] = t;
		}
	for (size_t i = 0; i < x->f->n; i++)
		if (c[i].art == gold)
			x->gold = (int)i;
}

/* ---- gate ---- */

struct gate_row {
	double g[KG_N], x[KG_N + 1]; /* features; scaled, with a 1 at the end */
	double y, weight, p;
	bool oos, dev, removed;
	bool own;                /* the vectors know the articles */
	int fold;
};

static void scale_gate(const struct gate_row *r, size_t n, struct kb_gate *w)
{
	for (int k = 0; k < KG_N; k++) {
		double sum = 0, sq = 0;

		for (size_t i = 0; i < n; i++) {
			sum += r[i].g[k];
			sq += r[i].g[k] * r[i].g[k];
		}
		w->mean[k] = sum / (double)n;
		w->scale[k] = 1 / sqrt(sq / (double)n - w->mean[k] * w->mean[k] + 1e-3);
	}
}

/* Adds the gradient of one row to g, laid out as hid then out. */
static void gate_gradient(const struct kb_net *w, const struct gate_row *r, double *g)
{
	const double *x = r->x;
	double a[KG_H + 1], z = 0, d;

	a[KG_H] = 1;
	for (int h = 0; h < KG_H; h++)
		a[h] = tanh(dot(w->hid[h], x, KG_N + 1));
	z = dot(w->out, a, KG_H + 1);
	d = r->weight * (r->y - 1 / (1 + exp(-z)));
	for (int h = 0; h <= KG_H; h++)
		g[KG_H * (KG_N + 1) + h] += d * a[h];
	for (int h = 0; h < KG_H; h++) {
		double dh = d * w->out[h] * (1 - a[h] * a[h]);
		double *gh = g + h * (KG_N + 1);

		for (int k = 0; k <= KG_N; k++)
			gh[k] += dh * x[k];
	}
}

enum { GATE_PARAMS = KG_H * (KG_N + 1) + KG_H + 1 };

/* Adam (Kingma and Ba 2015) on batches of rows; the rate falls to zero. */
static void train_net(const struct gate_row *r, size_t n, int skip_fold, uint64_t seed,
		      struct kb_net *w)
{
	double m[GATE_PARAMS] = { 0 }, v[GATE_PARAMS] = { 0 }, *p = &w->hid[0][0];
	size_t steps = EPOCHS * n / BATCH;
	struct rng rng;

	rng_seed(&rng, seed);
	for (int k = 0; k < GATE_PARAMS; k++)
		p[k] = rng_normal(&rng) * 0.15;
	for (size_t t = 1; t <= steps; t++) {
		double g[GATE_PARAMS] = { 0 }, total = 0;
		double rate = 0.01 * (1 - (double)t / (double)(steps + 1));

		for (int i = 0; i < BATCH;) {
			const struct gate_row *x = &r[rng_below(&rng, n)];

			if (x->fold == skip_fold || rng_unit(&rng) > x->weight + 0.2)
				continue;
			total += x->weight;
			gate_gradient(w, x, g);
			i++;
		}
		for (int k = 0; k < GATE_PARAMS; k++) {
			double d = g[k] / total - DECAY * p[k];

			m[k] = 0.9 * m[k] + 0.1 * d;
			v[k] = 0.999 * v[k] + 0.001 * d * d;
			p[k] += rate * m[k] / (1 - pow(0.9, (double)t)) /
				(sqrt(v[k] / (1 - pow(0.999, (double)t))) + 1e-8);
		}
	}
}

static void train_gate(struct gate_row *r, size_t n, int skip_fold, struct kb_gate *w)
{
	scale_gate(r, n, w);
	for (size_t i = 0; i < n; i++) {
		for (int k = 0; k < KG_N; k++)
			r[i].x[k] = (r[i].g[k] - w->mean[k]) * w->scale[k];
		r[i].x[KG_N] = 1;
	}
	for (int i = 0; i < KG_NETS; i++)
		train_net(r, n, skip_fold, 7 + (uint64_t)i, &w->net[i]);
}

/* Two rows of a question with a known article: as it is, and with the article taken out. */
static size_t gate_rows(struct sample *x, int fold, struct gate_row *r)
{
	double weight = x->dev ? 1 : ALIAS_WEIGHT;
	size_t n = 0;

	if (x->f->n) {
		r[n] = (struct gate_row){ .y = x->gold == 0 && x->want.n, .weight = weight,
					  .oos = !x->want.n, .dev = x->dev, .fold = fold,
					  .own = !x->foreign };
		kb_gate_features(x->f->c, x->f->n, 0, r[n].g);
		n++;
	}
	if (x->want.n && x->gold >= 0 && x->f->n > 1) {
		struct kb_cand gold = x->f->c[x->gold];

		memmove(&x->f->c[x->gold], &x->f->c[x->gold + 1],
			(x->f->n - 1 - (size_t)x->gold) * sizeof(gold));
		r[n] = (struct gate_row){ .weight = weight * REMOVED_WEIGHT, .fold = fold,
					  .removed = true, .own = !x->foreign };
		kb_gate_features(x->f->c, x->f->n - 1, 0, r[n].g);
		n++;
		memmove(&x->f->c[x->gold + 1], &x->f->c[x->gold],
			(x->f->n - 1 - (size_t)x->gold) * sizeof(gold));
		x->f->c[x->gold] = gold;
	}
	return n;
}

static int descending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* The p that only `share` of the unanswerable reach. */
static double threshold(const struct gate_row *r, size_t n, double share)
{
	double *oos = arena_new(&mem, double, n + 1);
	size_t k = 0, at;

	for (size_t i = 0; i < n; i++)
		if (r[i].oos && r[i].own)
			oos[k++] = r[i].p;
	qsort(oos, k, sizeof(*oos), descending);
	at = (size_t)floor(share * (double)k);
	return k ? fmin(0.95, oos[at < k ? at : k - 1] + 1e-4) : 0.5;
}

static void print_array(const char *name, const double *v, int n)
{
	printf("%s{", name);
	for (int k = 0; k < n; k++)
		printf("%s%.4f,", k % 8 ? " " : "\n\t\t", v[k]);
	printf("\n\t}");
}

static void print_net(const struct kb_net *w)
{
	printf("\t\t{ .hid = {\n");
	for (int h = 0; h < KG_H; h++) {
		printf("\t\t\t{");
		for (int k = 0; k <= KG_N; k++)
			printf("%s%.3f,", k % 12 ? " " : "\n\t\t\t  ", w->hid[h][k]);
		printf(" },\n");
	}
	printf("\t\t}, .out = {");
	for (int h = 0; h <= KG_H; h++)
		printf("%s%.3f,", h % 12 ? " " : "\n\t\t\t", w->out[h]);
	printf(" } },\n");
}

static void print_gate(const struct kb_gate *g)
{
	print_array("{\n\t.mean = ", g->mean, KG_N);
	print_array(",\n\t.scale = ", g->scale, KG_N);
	printf(",\n\t.net = {\n");
	for (int i = 0; i < KG_NETS; i++)
		print_net(&g->net[i]);
	printf("\t} }");
}

/* Cross-fitted: right and answered among the questions of one kind. */
static void report(const char *lang, const char *what, const struct gate_row *r, size_t n,
		   const struct gate_row *like, double ans)
{
	double ok = 0, all = 0, first = 0, oos = 0, declined = 0;

	for (size_t i = 0; i < n; i++) {
		if (r[i].dev != like->dev || r[i].own != like->own || r[i].removed)
			continue;
		oos += r[i].oos;
		declined += r[i].oos && r[i].p < ans;
		all += !r[i].oos;
		first += r[i].y > 0;
		ok += r[i].y > 0 && r[i].p >= ans;
	}
	fprintf(stderr, "%s %-22s %5.0f: first %.1f%%, first and answered %.1f%%; "
		"%4.0f unanswerable, declined %.1f%%\n", lang, what, all, 100 * first / all,
		100 * ok / all, oos, 100 * declined / fmax(oos, 1));
}

static void print_weights(const char *lang, const double w[KF_N], const struct gate_row *r,
			  size_t n, const struct kb_gate *gate)
{
	double ans = threshold(r, n, OOS_ANSWERED);

	fprintf(stderr, "%s threshold %.3f\n", lang, ans);
	report(lang, "questions", r, n, &(struct gate_row){ .dev = true, .own = true }, ans);
	report(lang, "names", r, n, &(struct gate_row){ .own = true }, ans);
	report(lang, "foreign questions", r, n, &(struct gate_row){ .dev = true }, ans);
	report(lang, "foreign names", r, n, &(struct gate_row){ 0 }, ans);
	printf("static const struct kb_weights weights_%s = {\n", lang);
	print_array("\t.rank = ", w, KF_N);
	printf(",\n\t.answer = %.4f,\n\t.unsure = %.4f,\n\t.gate = ", ans,
	       fmin(ans * 0.6, threshold(r, n, 0.25)));
	print_gate(gate);
	printf(",\n};\n");
}

/* Learns the order of a language; fills the cross-fitted rows for the gate. */
static size_t train_order(struct set *s, double w[KF_N], struct gate_row *r)
{
	size_t rows = 0;

	for (int fold = 0; fold < FOLDS; fold++) {
		train_rank(s, fold, w);
		for (size_t i = 0; i < s->n; i++) {
			if (s->v[i].fold != fold)
				continue;
			score_all(&s->v[i], w);
			rows += gate_rows(&s->v[i], fold, r + rows);
		}
	}
	train_rank(s, -1, w);
	return rows;
}

static void train(struct kb_index *ix, const char *root, const char *data)
{
	static const char *const langs[] = { "en", "zh" };

	printf("/* kb_weights.h: learned weights of the ranker, written by `kb_rank train`. */\n"
	       "#ifndef CALLM_KB_WEIGHTS_H\n#define CALLM_KB_WEIGHTS_H\n\n");
	for (int l = 0; l < 2; l++) {
		struct gate_row *r = arena_new(&mem, struct gate_row, 4 * QUESTIONS_MAX);
		struct set s = load_set(ix, root, langs[l], data);
		double w[KF_N];
		struct kb_gate g;
		size_t n = train_order(&s, w, r);

		for (int fold = 0; fold < FOLDS; fold++) {
			train_gate(r, n, fold, &g);
			for (size_t i = 0; i < n; i++)
				if (r[i].fold == fold)
					r[i].p = kb_gate_p(&g, r[i].g);
		}
		train_gate(r, n, -1, &g);
		print_weights(langs[l], w, r, n, &g);
		VEC_FREE(&s);
	}
	printf("\n#endif\n");
}

/* ---- reports ---- */

static void print_score(const char *what, const char *lang, const struct kb_score *s)
{
	printf("%-5s %s: first and answered %.1f%% (%zu/%zu), in 3 %.1f%%, declined wrongly "
	       "%.1f%%, unanswerable declined %.1f%% (%zu/%zu), quotes literal %zu/%zu\n", what,
	       lang, 100.0 * (double)s->first / (double)s->n, s->first, s->n,
	       100.0 * (double)s->in3 / (double)s->n,
	       100.0 * (double)s->declined_wrongly / (double)s->n,
	       100.0 * (double)s->oos_declined / (double)s->n_oos, s->oos_declined, s->n_oos,
	       s->quotes_ok, s->quotes);
}

static int score(struct kb_index *ix, const char *root, bool tests)
{
	static const char *const langs[] = { "en", "zh" };
	struct kb_score s;
	struct err e = { 0 };

	for (int i = 0; i < (tests ? 4 : 2); i++) {
		const char *lang = langs[i & 1];
		bool test = i > 1;

		if (kb_evaluate(ix, sv_of(lang), read_lang(root, test ? "test" : "dev", lang),
				read_lang(root, test ? "un" : "oos", lang), &s, &e) != 0) {
			fprintf(stderr, "%s\n", e.msg);
			return 1;
		}
		print_score(test ? "test" : "dev", lang, &s);
	}
	return 0;
}

static void print_cand(const struct kb_found *f, size_t i, const char *mark)
{
	static const char *const names[KF_N] = { "title", "title_q", "alias", "alias_q", "alias_t",
		"alias3", "names_q", "all_q", "sent", "sent_q", "exact", "unknown", "sent1", "rare",
		"core", "core_t", "centre", "product", "conc_q", "conc_t", "clause", "miss1",
		"miss2", "emb", "emb3", "emb_c", "emb_part",
		"tight", "words", "names" };
	const struct kb_cand *c = &f->c[i];

	printf("   %s%-24.*s s %.2f p %.2f", mark, SV_ARG(f->sp->art[c->art].a.group_id), c->score,
	       c->p);
	for (int k = 0; k < KF_N; k++)
		if (c->f[k] > 0)
			printf(" %s %.2f", names[k], c->f[k]);
	printf("\n");
}

static void wrong(struct kb_index *ix, const char *root, const char *lang, const char *data)
{
	struct set s = load_set(ix, root, lang, data);
	double ans = kb_weights_of(sv_of(lang))->answer;

	for (size_t i = 0; i < s.n; i++) {
		struct sample *x = &s.v[i];
		bool right, answered;

		if (!x->dev)
			break;
		kb_rank(sv_of(lang), x->f->c, x->f->n, x->f->n);
		answered = x->f->n && x->f->c[0].p >= ans;
		right = x->f->n && sv_eq(x->f->sp->art[x->f->c[0].art].a.group_id, x->want);
		if (x->want.n ? right && answered : !answered)
			continue;
		printf("%s " SV_FMT "\t" SV_FMT "\n", !x->want.n ? "ANSWERED" : right ? "DECLINED" :
		       "WRONG", SV_ARG(x->want), SV_ARG(x->text));
		for (size_t k = 0; k < x->f->n; k++) {
			bool gold = x->want.n &&
				    sv_eq(x->f->sp->art[x->f->c[k].art].a.group_id, x->want);

			if (k < 2 || gold)
				print_cand(x->f, k, gold ? "*" : " ");
		}
	}
	VEC_FREE(&s);
}

static void ask(struct kb_index *ix, const char *lang, const char *text)
{
	struct kb_query q = { .text = sv_of(text), .lang = sv_of(lang), .k = 3 };
	struct kb_result r;

	if (kb_search(ix, &q, &mem, &r) != 0)
		return;
	printf("%s\n", r.answerable ? "answerable" : r.unsure ? "unsure" : "declined");
	for (size_t i = 0; i < r.n; i++)
		printf("%.2f " SV_FMT ": " SV_FMT "\n", r.hits[i].p, SV_ARG(r.hits[i].article_id),
		       SV_ARG(r.hits[i].quote));
}

static void bench(struct kb_index *ix, const char *root, const char *lang)
{
	sv text = read_lang(root, "dev", lang), rest, line, want;
	struct arena a;
	int64_t t0, best = 0;
	size_t n = 0;

	arena_init(&a, LIM_ARENA_TURN);
	for (int round = 0; round < 6; round++) {
		rest = text;
		n = 0;
		t0 = clk_cpu_us();
		while (sv_line(&rest, &line)) {
			struct kb_result r;

			arena_reset(&a);
			sv_cut(&line, '\t', &want);
			n += kb_search(ix, &(struct kb_query){ .text = line, .lang = sv_of(lang),
				       .k = 5 }, &a, &r) == 0;
		}
		t0 = clk_cpu_us() - t0;
		best = !best || t0 < best ? t0 : best;
	}
	printf("bench %s: %.1f us per search (%zu articles)\n", lang, (double)best / (double)n,
	       kb_count(ix));
	arena_done(&a);
}

int main(int argc, char **argv)
{
	struct store *st = NULL;
	struct kb_index *ix = NULL;
	struct err e = { 0 };
	int rc = 0;

	arena_init(&mem, (size_t)8 << 30);
	if (argc == 2 && strcmp(argv[1], "common") == 0)
		return words_common(&mem);
	if (argc == 2 && strcmp(argv[1], "words") == 0)
		return words_classes(&mem);
	if (argc < 3) {
		fprintf(stderr, "usage: kb_rank train|score|bench ROOT, kb_rank wrong ROOT LANG\n");
		return 2;
	}
	if (open_index(argv[2], &st, &ix, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	if (strcmp(argv[1], "train") == 0)
		train(ix, argv[2], argc > 3 ? argv[3] : NULL);
	else if (strcmp(argv[1], "wrong") == 0 && argc > 3)
		wrong(ix, argv[2], argv[3], argc > 4 ? argv[4] : NULL);
	else if (strcmp(argv[1], "ask") == 0 && argc > 4)
		ask(ix, argv[3], argv[4]);
	else if (strcmp(argv[1], "bench") == 0)
		bench(ix, argv[2], "en"), bench(ix, argv[2], "zh");
	else
		rc = score(ix, argv[2], argc > 3 && strcmp(argv[3], "test") == 0);
	obj_unref(ix);
	store_close(st);
	arena_done(&mem);
	return rc;
}
