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
#include "kb_int.h"

#define QUESTIONS_MAX 20000
#define FOLDS 5
#define ALIAS_WEIGHT 0.1 /* of an alias asked as a question against a development question */
#define OOS_ANSWERED 0.065       /* of the unanswerable development questions may be answered */
#define EPOCHS 300
#define DECAY 0.004
#define REMOVED_WEIGHT 0.25      /* of a question whose article was taken out */

struct sample {
	sv text, want;           /* want empty: no article answers */
	struct kb_found *f;
	int gold;                /* candidate, -1 = none */
	bool dev;                /* a development question, else an alias asked as one */
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

static sv read_file(const char *root, const char *name)
{
	char path[512];
	struct err e = { 0 };
	struct sb b;
	sv r = SV_NULL;

	snprintf(path, sizeof(path), "%s/demo/tests/%s", root, name);
	sb_init(&b, LIM_KB_DOC);
	if (file_read(path, LIM_KB_DOC, &b, &e) == 0)
		r = arena_sv(&mem, sb_sv(&b));
	else
		fprintf(stderr, "%s\n", e.msg);
	sb_done(&b);
	return r;
}

static sv read_lang(const char *root, const char *fmt, const char *lang)
{
	char name[64];

	snprintf(name, sizeof(name), strcmp(fmt, "dev") == 0 ? "dev.%s.tsv" :
		 strcmp(fmt, "oos") == 0 ? "dev_oos.%s.txt" :
		 strcmp(fmt, "test") == 0 ? "questions.%s.tsv" : "unanswerable.%s.txt", lang);
	return read_file(root, name);
}

static void add(struct kb_index *ix, struct set *s, const char *lang, sv want, sv text)
{
	struct sample *x = VEC_PUSH(s, QUESTIONS_MAX);
	struct kb_query q = { .text = text, .lang = sv_of(lang), .k = 5 };

	if (!x)
		return;
	x->text = text;
	x->want = want;
	x->gold = -1;
	x->dev = true;
	x->f = arena_new(&mem, struct kb_found, 1);
	if (!x->f || kb_candidates(ix, &q, &mem, x->f) != 0)
		abort();
	for (size_t i = 0; i < x->f->n; i++)
		if (want.n && sv_eq(x->f->sp->art[x->f->c[i].art].a.group_id, want))
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

/* The article as if it had never had its k-th name. */
static struct kb_art without(const struct kb_art *a, uint32_t k)
{
	struct kb_art r = *a;

	r.name = arena_new(&mem, struct kb_vec, a->n_name);
	r.norm = arena_new(&mem, uint64_t, a->n_name);
	r.n_name = 0;
	for (uint32_t i = 0; i < a->n_name; i++)
		if (i != k) {
			r.name[r.n_name] = a->name[i];
			r.norm[r.n_name++] = a->norm[i];
		}
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
static void add_aliases(struct kb_index *ix, struct set *s, const char *lang)
{
	struct kb_space *sp = kb_space_of(ix, sv_of(lang));

	for (size_t i = 0; i < sp->n_art; i++) {
		struct kb_art *a = &sp->art[i], was = *a;
		sv rest = a->a.aliases, line;

		for (uint32_t k = 1; !was.product && sv_line(&rest, &line) && k < was.n_name; k++) {
			if (sv_runes(line) < (strcmp(lang, "zh") == 0 ? 5 : 14))
				continue;
			*a = without(&was, k);
			add(ix, s, lang, was.a.group_id, line);
			*a = was;
			s->v[s->n - 1].dev = false;
		}
	}
}

static struct set load_set(struct kb_index *ix, const char *root, const char *lang, bool more)
{
	struct set s = { 0 };
	sv text = read_lang(root, "dev", lang), line, want;
	char name[64];

	while (sv_line(&text, &line)) {
		line = sv_trim(line);
		if (sv_cut(&line, '\t', &want) && sv_trim(line).n)
			add(ix, &s, lang, sv_trim(want), sv_trim(line));
	}
	text = read_lang(root, "oos", lang);
	while (sv_line(&text, &line))
		if (sv_trim(line).n)
			add(ix, &s, lang, SV_NULL, sv_trim(line));
	if (!more)
		return s;
	snprintf(name, sizeof(name), "../../train/kb_extra.%s.tsv", lang);
	text = read_file(root, name);
	while (sv_line(&text, &line)) {
		line = sv_trim(line);
		if (sv_cut(&line, '\t', &want) && sv_trim(line).n)
			add(ix, &s, lang, sv_eq(want, SV("-")) ? SV_NULL : sv_trim(want),
			    sv_trim(line));
	}
	add_aliases(ix, &s, lang);
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

			if (x->gold < 0 || (int)(i % FOLDS) == skip_fold)
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
	bool oos, dev, zh;
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
	for (int h = 0; h < KG_H; h++)
		for (int k = 0; k <= KG_N; k++)
			g[h * (KG_N + 1) + k] += d * w->out[h] * (1 - a[h] * a[h]) * x[k];
}

enum { GATE_PARAMS = KG_H * (KG_N + 1) + KG_H + 1 };

/* Adam (Kingma and Ba 2015) on all rows at once. */
static void train_net(const struct gate_row *r, size_t n, int skip_fold, uint64_t seed,
		      struct kb_net *w)
{
	double m[GATE_PARAMS] = { 0 }, v[GATE_PARAMS] = { 0 }, *p = &w->hid[0][0];
	double total = 0;
	struct rng rng;

	rng_seed(&rng, seed);
	for (int k = 0; k < GATE_PARAMS; k++)
		p[k] = rng_normal(&rng) * 0.15;
	for (size_t i = 0; i < n; i++)
		total += r[i].fold == skip_fold ? 0 : r[i].weight;
	for (int epoch = 1; epoch <= EPOCHS; epoch++) {
		double g[GATE_PARAMS] = { 0 };

		for (size_t i = 0; i < n; i++)
			if (r[i].fold != skip_fold)
				gate_gradient(w, &r[i], g);
		for (int k = 0; k < GATE_PARAMS; k++) {
			double d = g[k] / total - DECAY * p[k];

			m[k] = 0.9 * m[k] + 0.1 * d;
			v[k] = 0.999 * v[k] + 0.001 * d * d;
			p[k] += 0.01 * m[k] / (1 - pow(0.9, epoch)) /
				(sqrt(v[k] / (1 - pow(0.999, epoch))) + 1e-8);
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
static size_t gate_rows(struct sample *x, sv lang, int fold, struct gate_row *r)
{
	double weight = x->dev ? 1 : ALIAS_WEIGHT;
	size_t n = 0;

	if (x->f->n) {
		r[n] = (struct gate_row){ .y = x->gold == 0 && x->want.n, .weight = weight,
					  .oos = !x->want.n, .dev = x->dev, .fold = fold,
					  .zh = sv_eq(lang, SV("zh")) };
		kb_gate_features(lang, x->f->c, x->f->n, 0, r[n].g);
		n++;
	}
	if (x->want.n && x->gold >= 0 && x->f->n > 1) {
		struct kb_cand gold = x->f->c[x->gold];

		memmove(&x->f->c[x->gold], &x->f->c[x->gold + 1],
			(x->f->n - 1 - (size_t)x->gold) * sizeof(gold));
		r[n] = (struct gate_row){ .weight = weight * REMOVED_WEIGHT,
					  .fold = fold, .zh = sv_eq(lang, SV("zh")) };
		kb_gate_features(lang, x->f->c, x->f->n - 1, 0, r[n].g);
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

/* The p that only `share` of the unanswerable of a language reach. */
static double threshold(const struct gate_row *r, size_t n, bool zh, double share)
{
	double *oos = arena_new(&mem, double, n + 1);
	size_t k = 0, at;

	for (size_t i = 0; i < n; i++)
		if (r[i].oos && r[i].zh == zh)
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

/* Learns the order of a language; appends the cross-fitted rows for the gate. */
static size_t train_order(struct kb_index *ix, const char *root, const char *lang, double w[KF_N],
			  struct gate_row *r)
{
	struct set s = load_set(ix, root, lang, true);
	double n = 0, top = 0, reach = 0;
	size_t rows = 0;

	for (int fold = 0; fold < FOLDS; fold++) {
		train_rank(&s, fold, w);
		for (size_t i = (size_t)fold; i < s.n; i += FOLDS) {
			score_all(&s.v[i], w);
			rows += gate_rows(&s.v[i], sv_of(lang), fold, r + rows);
			if (!s.v[i].dev || !s.v[i].want.n)
				continue;
			n++;
			top += s.v[i].gold == 0;
			reach += s.v[i].gold >= 0;
		}
	}
	train_rank(&s, -1, w);
	fprintf(stderr,
		"%s: %zu questions; cross-fitted dev: among candidates %.1f%%, first %.1f%%\n",
		lang, s.n, 100 * reach / n, 100 * top / n);
	VEC_FREE(&s);
	return rows;
}

static void print_weights(const char *lang, const double w[KF_N], const struct gate_row *r,
			  size_t n)
{
	bool zh = strcmp(lang, "zh") == 0;
	double ans = threshold(r, n, zh, OOS_ANSWERED), ok = 0, all = 0;

	for (size_t i = 0; i < n; i++) {
		if (!r[i].dev || r[i].zh != zh || r[i].oos)
			continue;
		all++;
		ok += r[i].y > 0 && r[i].p >= ans;
	}
	fprintf(stderr, "%s: cross-fitted dev: first and answered %.1f%%, threshold %.3f\n", lang,
		100 * ok / all, ans);
	printf("static const struct kb_weights weights_%s = {\n", lang);
	print_array("\t.rank = ", w, KF_N);
	printf(",\n\t.answer = %.4f,\n\t.unsure = %.4f,\n\t.gate = GATE,\n};\n", ans,
	       fmin(ans * 0.6, threshold(r, n, zh, 0.4)));
}

static void print_net(const struct kb_net *w)
{
	printf(" { \\\n\t.hid = {");
	for (int h = 0; h < KG_H; h++) {
		printf(" \\\n\t\t{");
		for (int k = 0; k <= KG_N; k++)
			printf("%s%.3f,", k % 10 ? " " : " \\\n\t\t", w->hid[h][k]);
		printf(" },");
	}
	printf(" }, \\\n\t.out = {");
	for (int h = 0; h <= KG_H; h++)
		printf(" %.3f,", w->out[h]);
	printf(" } },");
}

static void print_gate(const struct kb_gate *g)
{
	printf("#define GATE { \\\n\t.mean = {");
	for (int k = 0; k < KG_N; k++)
		printf("%s%.4f,", k % 8 ? " " : " \\\n\t\t", g->mean[k]);
	printf(" }, \\\n\t.scale = {");
	for (int k = 0; k < KG_N; k++)
		printf("%s%.4f,", k % 8 ? " " : " \\\n\t\t", g->scale[k]);
	printf(" }, \\\n\t.net = {");
	for (int i = 0; i < KG_NETS; i++)
		print_net(&g->net[i]);
	printf(" } }\n\n");
}

static void train(struct kb_index *ix, const char *root)
{
	struct gate_row *r = arena_new(&mem, struct gate_row, 4 * QUESTIONS_MAX);
	double en[KF_N], zh[KF_N];
	struct kb_gate g;
	size_t n = train_order(ix, root, "en", en, r);

	n += train_order(ix, root, "zh", zh, r + n);
	for (int fold = 0; fold < FOLDS; fold++) {
		train_gate(r, n, fold, &g);
		for (size_t i = 0; i < n; i++)
			if (r[i].fold == fold)
				r[i].p = kb_gate_p(&g, r[i].g);
	}
	train_gate(r, n, -1, &g);
	printf("/* kb_weights.h: learned weights of the ranker, written by `kb_rank train`. */\n"
	       "#ifndef CALLM_KB_WEIGHTS_H\n#define CALLM_KB_WEIGHTS_H\n\n");
	print_gate(&g);
	print_weights("en", en, r, n);
	print_weights("zh", zh, r, n);
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

static int score(struct kb_index *ix, const char *root)
{
	static const char *const langs[] = { "en", "zh" };
	struct kb_score s;
	struct err e = { 0 };

	for (int i = 0; i < 4; i++) {
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
		"miss2" };
	const struct kb_cand *c = &f->c[i];

	printf("   %s%-24.*s s %.2f p %.2f", mark, SV_ARG(f->sp->art[c->art].a.group_id), c->score,
	       c->p);
	for (int k = 0; k < KF_N; k++)
		if (c->f[k] > 0)
			printf(" %s %.2f", names[k], c->f[k]);
	printf("\n");
}

static void wrong(struct kb_index *ix, const char *root, const char *lang)
{
	struct set s = load_set(ix, root, lang, true);
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

/* ---- how much a word says: from its frequency in talk of any topic, or its word class ---- */

static sv read_stdin(void)
{
	struct sb b;
	char buf[65536];
	size_t n;
	sv r;

	sb_init(&b, 64u << 20);
	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		sb_put(&b, sv_n(buf, n));
	r = arena_sv(&mem, sb_sv(&b));
	sb_done(&b);
	return r;
}

/* "level<TAB>word word ...": 1 = in every other sentence, 9 = rare (left out: the default). */
static void print_levels(struct map *m, double lines)
{
	for (int level = 1; level < 9; level++) {
		size_t it = 0;
		sv key;
		void *val;

		printf("%d\t", level);
		while (map_next(m, &it, &key, &val)) {
			double df = (double)(uintptr_t)val;
			int w = (int)fmax(1, 10 * log(lines / df) / log(lines / 3));

			if (df >= 12 && w == level)
				printf(SV_FMT " ", SV_ARG(key));
		}
		printf("\n");
	}
}

static int common(void)
{
	struct map *m = map_new(200000);
	sv text = read_stdin(), line;
	double lines = 0;

	while (sv_line(&text, &line)) {
		struct kb_scan s;

		lines++;
		kb_scan_init(&s, line);
		while (kb_scan_next(&s)) {
			sv w = kb_scan_sv(&s);

			if (!s.cjk && !s.number)
				map_put(m, w, (char *)map_get(m, w) + 1);
		}
	}
	print_levels(m, lines);
	map_free(m);
	return 0;
}

/* "word count class" lines; words of two characters only, nouns say most. */
static int words(void)
{
	static const char *const class_of[10] = { [2] = "rcpuydeoxk", [3] = "mqt", [6] = "ad",
						  [7] = "v" };
	sv text = read_stdin(), line, word, count;

	printf("# Two-character words by word class, from the dictionary of jieba 0.42 (MIT).\n");
	for (int level = 1; level < 10; level++) {
		sv rest = text;

		printf("%d\t", level);
		while (sv_line(&rest, &line)) {
			int64_t n = 0;
			int w = 9;

			sv_cut(&line, ' ', &word);
			sv_cut(&line, ' ', &count);
			if (sv_runes(word) != 2 || word.n != 6 || sv_i64(count, &n) || n < 60)
				continue;
			for (int k = 0; k < 9; k++)
				if (class_of[k] && line.n && strchr(class_of[k], line.p[0]))
					w = k;
			if (w == level)
				printf(SV_FMT " ", SV_ARG(word));
		}
		printf("\n");
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct store *st = NULL;
	struct kb_index *ix = NULL;
	struct err e = { 0 };
	int rc = 0;

	arena_init(&mem, LIM_ARENA_BIG);
	if (argc == 2 && strcmp(argv[1], "common") == 0)
		return common();
	if (argc == 2 && strcmp(argv[1], "words") == 0)
		return words();
	if (argc < 3) {
		fprintf(stderr, "usage: kb_rank train|score|bench ROOT, kb_rank wrong ROOT LANG\n");
		return 2;
	}
	if (open_index(argv[2], &st, &ix, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	if (strcmp(argv[1], "train") == 0)
		train(ix, argv[2]);
	else if (strcmp(argv[1], "wrong") == 0 && argc > 3)
		wrong(ix, argv[2], argv[3]);
	else if (strcmp(argv[1], "ask") == 0 && argc > 4)
		ask(ix, argv[3], argv[4]);
	else if (strcmp(argv[1], "bench") == 0)
		bench(ix, argv[2], "en"), bench(ix, argv[2], "zh");
	else
		rc = score(ix, argv[2]);
	obj_unref(ix);
	store_close(st);
	arena_done(&mem);
	return rc;
}
