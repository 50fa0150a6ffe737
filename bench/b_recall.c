/* b_recall.c: how well the right article is found: by words (bm25), by the built-in vectors, by
 * an embedding model, by all of them; and how long the vectors take.
 *
 *	b_recall MODEL VECTORS demo ROOT dev|test     the demo company; also with every article
 *	                                              in one language only, asked in the other
 *	b_recall MODEL VECTORS company DIR            a company that nothing has learned from:
 *	                                              DIR/articles.jsonl, {questions,far}.LANG.tsv,
 *	                                              unanswerable.LANG.txt
 *	b_recall MODEL VECTORS bank DIR               tau2-bench's bank: banking/documents.jsonl,
 *	                                              open_banking_tasks.jsonl
 *
 * MODEL: what callm-embed reads (e5-small-q4.bin). VECTORS: a file that keeps the vectors of
 * passages and questions ("" = none; train/vectors.h).
 * Prints for each way: right first, right among the first five; for the bank the share of the
 * documents a task needs among the first five, ten and twenty, and how many tasks have any of
 * theirs among the first five. One thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "vectors.h"

enum { MOST = 20 };

enum way {
	WAY_BM25,
	WAY_STATIC,
	WAY_DENSE,
	WAY_WORDS,
	WAY_ALL,
	WAYS_ONE,
	WAY_WISH_WORDS = WAYS_ONE,
	WAY_WISH,
	WAYS
};
static const char *const way_names[WAYS] = { "bm25",       "built-in vectors",
					     "meaning",    "words as today",
					     "all",        "wishes, words",
					     "wishes, all" };

struct found {
	sv group[MOST];
	size_t n;
	bool answered;
};

static struct vectors *vecs;
static struct arena mem;         /* texts, until the end */
static struct arena turn;        /* of one question */

static void told(const char *what)
{
	printf("%s: %zu texts embedded, %.1f s of CPU, %.2f ms each, %.0f a second\n", what,
	       vecs->made, (double)vecs->cpu_us / 1e6,
	       (double)vecs->cpu_us / 1000 / (double)(vecs->made ? vecs->made : 1),
	       1e6 * (double)vecs->made / (double)(vecs->cpu_us ? vecs->cpu_us : 1));
	vecs->made = 0;
	vecs->cpu_us = 0;
}

/* ---- a company in memory ---- */

static int put_row(void *arg, const struct kb_article *a)
{
	bool changed;
	return kb_put(arg, a, 1764000000000, &changed);
}

struct import {
	const char *root;
	bool split; /* every help article in one of the two languages only */
	const char *only; /* articles of this language alone, or NULL */
	struct store_db *db;
	int (*fn)(struct import *im);
	struct err e;
	int rc;
};

static int put_only(void *arg, const struct kb_article *a)
{
	struct import *im = arg;
	bool zh = sv_eq(a->lang, SV("zh"));
	bool product = sv_eq(a->category, SV("products"));
	if (im->only && !sv_eq(a->lang, sv_of(im->only)))
		return 0;
	return im->split && !product && zh != (sv_hash(a->group_id) >> 9 & 1) ? 0 :
										put_row(im->db, a);
}

static sv read_all(const char *dir, const char *name)
{
	char path[1024];
	struct sb b;
	struct err e = { 0 };
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	sb_init(&b, 64u << 20);
	if (file_read(path, 64u << 20, &b, &e))
		fprintf(stderr, "%s\n", e.msg), exit(1);
	sv r = arena_sv(&mem, sb_sv(&b));
	sb_done(&b);
	return r;
}

static int demo_articles(struct import *im)
{
	char path[1024];
	snprintf(path, sizeof(path), "%s/demo/kb", im->root);
	int rc = kb_parse_path(path, &mem, put_only, im, &im->e);
	return rc ? rc :
		    kb_parse_products(read_all(im->root, "demo/products.jsonl"), "products", &mem,
				      put_only, im, NULL, &im->e);
}

static int company_articles(struct import *im)
{
	return kb_parse(read_all(im->root, "articles.jsonl"), KB_JSONL, "articles.jsonl", &mem,
			put_only, im, &im->e);
}

static int bank_articles(struct import *im)
{
	sv text = read_all(im->root, "banking/documents.jsonl"), line;
	int rc = 0;
	while (!rc && sv_line(&text, &line)) {
		jv *o = jv_parse(line, &im->e);
		struct kb_article a = { .id = jv_get_str(o, "id"), .group_id = jv_get_str(o, "id"),
					.lang = SV("en"), .title = jv_get_str(o, "title"),
					.body_md = jv_get_str(o, "content") };
		rc = o ? put_row(im->db, &a) : 0;
		jv_free(o);
	}
	return rc;
}

static int import(void *arg, struct store_db *db)
{
	struct import *im = arg;
	im->db = db;
	return im->rc = im->fn(im);
}

static struct store *company(int (*fn)(struct import *), const char *root, bool split,
			     const char *only)
{
	struct store_opts o = { .dir = "" };
	struct import im = { .root = root, .split = split, .only = only, .fn = fn };
	struct store *st = NULL;
	if (kb_init() || store_open(&st, &o, &im.e) || store_write(st, import, &im, NULL, NULL) ||
	    store_flush(st) || im.rc)
		fprintf(stderr, "%s\n", im.e.msg), exit(1);
	return st;
}

static struct kb_index *build(struct store *st, struct kb_dense *d, bool full_text)
{
	struct kb_opts o = { .dense = d, .full_text = full_text };
	struct kb_index *ix = NULL;
	struct store_db *db;
	struct err e = { 0 };
	if (store_reader(st, &db) || kb_build(&ix, db, &o, &e))
		fprintf(stderr, "%s\n", e.msg), exit(1);
	return ix;
}

/* With all vectors. */
static struct kb_index *build_dense(struct store *st)
{
	struct kb_index *ix = build(st, vecs->kept, false);
	if (kb_dense_missing(ix, vectors_want_passage, vecs)) {
		vectors_make(vecs);
		obj_unref(ix);
		ix = build(st, vecs->kept, false);
	}
	return ix;
}

/* ---- the ways ---- */

struct scored {
	double s;
	sv group;
};

static int by_score(const void *a, const void *b)
{
	const struct scored *x = a, *y = b;
	return x->s > y->s ? -1 : x->s < y->s;
}

static void best_of(struct scored *s, size_t n, struct found *f)
{
	qsort(s, n, sizeof(*s), by_score);
	for (f->n = 0; f->n < n && f->n < MOST; f->n++)
		f->group[f->n] = s[f->n].group;
}

struct ask {
	struct kb_index *words, *dense; /* words: candidates from the full text */
	const char *lang;               /* of the articles */
	const char *from;               /* of the question */
	sv text;
	float *v;
};

static void by_bm25(const struct ask *q, struct found *f)
{
	struct kb_query kq = { .text = q->text, .lang = sv_of(q->lang), .k = MOST };
	struct kb_found *k = arena_new(&turn, struct kb_found, 1);
	if (kb_candidates(q->words, &kq, &turn, k))
		abort();
	for (f->n = 0; f->n < k->n && f->n < MOST; f->n++) /* in the order of FTS5's bm25 */
		f->group[f->n] = k->sp->art[k->c[f->n].art].a.group_id;
}

static void by_vectors(const struct ask *q, bool dense, struct found *f)
{
	const struct kb_space *sp = kb_space_of(q->dense, sv_of(q->lang));
	const struct kb_space *home = kb_space_of(q->dense, sv_of(q->from));
	struct scored *s = arena_new(&turn, struct scored, sp->n_art);
	bool abroad = strcmp(q->lang, q->from) != 0;
	struct kb_qvec qv;
	struct kd_query kd = { 0 };
	int64_t now = clk_wall_ms();
	size_t n = 0;
	kb_qvec_make(sp, q->text, SV_NULL, &qv);
	if (abroad)
		(void)kb_abroad_query(q->v, vecs->dim, home, sp, &turn, &kd);
	else
		(void)kd_widen(q->v, vecs->dim, &turn, &kd);
	kd.model = sp->model;
	for (size_t i = 0; i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];
		double d[KD_N], best = 0;
		if (!kb_live_at(&a->a, now))
			continue;
		for (uint32_t k = 0; k < a->n_name && !dense; k++)
			best = fmax(best, (double)kb_emb_cos(qv.emb, a->emb[k]));
		if (dense)
			kd_features(&kd, &a->dense, d);
		s[n++] = (struct scored){
			dense ? d[KD_ALL] : best + (double)kb_emb_cos(qv.emb, a->centre),
			a->a.group_id
		};
	}
	best_of(s, n, f);
}

static void by_search(const struct ask *q, bool all, struct found *f)
{
	struct kb_query kq = { .text = q->text, .lang = sv_of(q->from), .k = MOST };
	struct kb_result r;
	struct kb_article a;
	if (all) {
		kq.vec = q->v;
		kq.dim = vecs->dim;
	}
	if (kb_search(q->dense, &kq, &turn, &r))
		abort();
	f->answered = r.answerable;
	for (f->n = 0; f->n < r.n; f->n++) {
		f->group[f->n] = SV_NULL;
		if (kb_get(q->dense, r.hits[f->n].article_id, &a) == 0)
			f->group[f->n] = a.group_id;
	}
}

/* A long text cut into its wishes. */
static void by_wishes(const struct ask *q, bool all, struct found *f)
{
	static sv part[KB_WISHES];
	static struct kb_query kq[KB_WISHES];
	size_t n = kb_wishes(q->text, part, KB_WISHES);
	struct kb_result r;
	struct kb_article a;
	for (size_t i = 0; i < n; i++) {
		float *v = arena_new(&turn, float, vecs->dim);
		kq[i] = (struct kb_query){ .text = part[i], .lang = sv_of(q->from), .k = MOST };
		if (!all)
			continue;
		vectors_query(vecs, part[i], v);
		kq[i].vec = v;
		kq[i].dim = vecs->dim;
	}
	if (kb_search_many(q->dense, kq, n, MOST, &turn, &r))
		abort();
	for (f->n = 0; f->n < r.n; f->n++) {
		f->group[f->n] = SV_NULL;
		if (kb_get(q->dense, r.hits[f->n].article_id, &a) == 0)
			f->group[f->n] = a.group_id;
	}
}

static void find(const struct ask *q, enum way way, struct found *f)
{
	*f = (struct found){ 0 };
	arena_reset(&turn);
	if (way == WAY_BM25)
		by_bm25(q, f);
	else if (way == WAY_STATIC || way == WAY_DENSE)
		by_vectors(q, way == WAY_DENSE, f);
	else if (way == WAY_WISH || way == WAY_WISH_WORDS)
		by_wishes(q, way == WAY_WISH, f);
	else
		by_search(q, way == WAY_ALL, f);
}

/* ---- the demo ---- */

struct tally {
	double n, first, five, answered, ok, oos, declined;
};

static void count(const struct found *f, sv want, struct tally *t)
{
	size_t at = 0;
	if (!want.n) {
		t->oos++;
		t->declined += !f->answered;
		return;
	}
	while (at < f->n && !sv_eq(f->group[at], want))
		at++;
	t->n++;
	t->first += at == 0 && f->n;
	t->five += at < f->n && at < 5;
	t->answered += f->answered;
	t->ok += at == 0 && f->n && f->answered;
}

static void ask_line(struct ask *q, sv want, struct tally t[WAYS])
{
	struct found f;
	vectors_query(vecs, q->text, q->v);
	for (int w = 0; w < WAYS_ONE; w++) {
		find(q, (enum way)w, &f);
		count(&f, want, &t[w]);
	}
}

/* Is the article in the language that is searched, and there only? */
static bool there(const struct ask *q, sv group)
{
	struct kb_article a;
	char id[200];
	snprintf(id, sizeof(id), SV_FMT ".%s", SV_ARG(group), q->lang);
	return kb_get(q->dense, sv_of(id), &a) == 0;
}

struct sheet {
	const char *name;
	sv questions, more, oos; /* more: further questions, may be empty */
	bool split;
};

static void ask_lines(struct ask *q, sv text, bool split, struct tally t[WAYS])
{
	sv line, want;
	while (sv_line(&text, &line)) {
		if (!sv_cut(&line, '\t', &want) || !sv_trim(line).n)
			continue;
		q->text = sv_trim(line);
		if (!split || there(q, sv_trim(want)))
			ask_line(q, sv_trim(want), t);
	}
}

/* The vectors of all questions at once. */
static void make_vectors(const struct sheet *s)
{
	const sv text[] = { s->questions, s->more, s->oos };
	for (int i = 0; i < 3; i++) {
		sv rest = text[i], line, want;
		while (sv_line(&rest, &line))
			if ((i == 2 || sv_cut(&line, '\t', &want)) && sv_trim(line).n)
				vectors_want(vecs, true, sv_trim(line));
	}
	vectors_make(vecs);
}

static void ask_sheet(struct ask *q, const struct sheet *s)
{
	struct tally t[WAYS] = { { 0 } };
	bool cross = strcmp(q->from, q->lang) != 0;
	sv text = s->oos, line;
	make_vectors(s);
	q->v = xalloc((size_t)vecs->dim * sizeof(float));
	ask_lines(q, s->questions, s->split, t);
	ask_lines(q, s->more, s->split, t);
	while (sv_line(&text, &line)) {
		q->text = sv_trim(line);
		if (q->text.n)
			ask_line(q, SV_NULL, t);
	}
	xfree(q->v);
	for (int w = 0; w < WAYS_ONE; w++) {
		if (cross && w != WAY_DENSE && w != WAY_ALL)
			continue;
		printf("%s %s -> %s, %3.0f, %-16s right first %5.1f %%, among five %5.1f %%",
		       s->name, q->from, q->lang, t[w].n, way_names[w],
		       100 * t[w].first / t[w].n, 100 * t[w].five / t[w].n);
		if (w >= WAY_WORDS)
			printf("; answered %5.1f %%, first and answered %5.1f %%, unanswerable "
			       "declined %5.1f %%", 100 * t[w].answered / t[w].n,
			       100 * t[w].ok / t[w].n, 100 * t[w].declined / t[w].oos);
		printf("\n");
	}
}

static void demo_set(struct ask *q, const char *root, bool test, bool cross)
{
	struct sheet s = { .name = test ? "test" : "dev ", .split = cross };
	char name[64];
	snprintf(name, sizeof(name), "demo/tests/%s.%s.tsv", test ? "questions" : "dev", q->from);
	s.questions = read_all(root, name);
	snprintf(name, sizeof(name), "demo/tests/%s.%s.txt", test ? "unanswerable" : "dev_oos",
		 q->from);
	s.oos = read_all(root, name);
	ask_sheet(q, &s);
}

/* Questions of one language to a company whose articles are of one language alone. */
static void company_pair(const char *dir, const char *from, const char *to)
{
	struct store *st = company(company_articles, dir, false, to);
	struct ask q = { .lang = to, .from = from };
	struct sheet s = { .name = "unseen" };
	char name[64];
	q.words = build(st, NULL, true);
	q.dense = build_dense(st);
	snprintf(name, sizeof(name), "questions.%s.tsv", from);
	s.questions = read_all(dir, name);
	snprintf(name, sizeof(name), "far.%s.tsv", from);
	s.more = read_all(dir, name);
	snprintf(name, sizeof(name), "unanswerable.%s.txt", from);
	s.oos = read_all(dir, name);
	ask_sheet(&q, &s);
	obj_unref(q.words);
	obj_unref(q.dense);
	store_close(st);
}

/* from == to: all articles in both languages; else each in one of them only, and the questions
 * asked are those whose article is in the other one. */
static void demo_pair(const char *root, bool test, const char *from, const char *to)
{
	bool cross = strcmp(from, to) != 0;
	struct store *st = company(demo_articles, root, cross, NULL);
	struct ask q = { .lang = to, .from = from };
	q.words = build(st, NULL, true);
	q.dense = build_dense(st);
	told("passages");
	demo_set(&q, root, test, cross);
	told("questions");
	obj_unref(q.words);
	obj_unref(q.dense);
	store_close(st);
}

/* ---- the bank ---- */

struct bank {
	double tasks, recall[3], any, five;
};

static void count_task(const struct found *f, const jv *want, struct bank *b)
{
	static const size_t depth[3] = { 5, 10, MOST };
	double hits[3] = { 0 };
	for (size_t i = 0; i < f->n; i++)
		for (size_t k = 0; k < jv_len(want); k++)
			for (int d = 0; d < 3; d++)
				hits[d] += i < depth[d] &&
					   sv_eq(f->group[i], jv_as_str(jv_at(want, k)));
	b->tasks++;
	b->any += hits[0] > 0;
	b->five += hits[0] / (double)(jv_len(want) < 5 ? jv_len(want) : 5);
	for (int d = 0; d < 3; d++)
		b->recall[d] += hits[d] / (double)jv_len(want);
}

/* The vectors of all tasks and their wishes at once. */
static void make_tasks(sv text)
{
	static sv part[KB_WISHES];
	sv line;
	struct err e;
	while (sv_line(&text, &line)) {
		jv *o = jv_parse(line, &e);
		sv task = jv_get_str(jv_get(o, "user_scenario"), "instructions");
		task = sv_slice(task, 0, sv_rune_offset(task, LIM_TEXT_MSG));
		size_t n = task.n && jv_len(jv_get(o, "required_documents")) ?
				   kb_wishes(task, part, KB_WISHES) : 0;
		for (size_t i = 0; i < n; i++)
			vectors_want(vecs, true, part[i]);
		if (n)
			vectors_want(vecs, true, task);
		jv_free(o);
	}
	vectors_make(vecs);
}

static void bank(const char *dir)
{
	struct store *st = company(bank_articles, dir, false, NULL);
	struct ask q = { .lang = "en", .from = "en", .words = build(st, NULL, true) };
	struct bank b[WAYS] = { { 0 } };
	sv text = read_all(dir, "open_banking_tasks.jsonl"), line;
	struct found f;
	struct err e;
	q.dense = build_dense(st);
	told("passages");
	make_tasks(text);
	q.v = xalloc((size_t)vecs->dim * sizeof(float));
	while (sv_line(&text, &line)) {
		jv *o = jv_parse(line, &e);
		const jv *want = jv_get(o, "required_documents");
		q.text = jv_get_str(jv_get(o, "user_scenario"), "instructions");
		q.text = sv_slice(q.text, 0, sv_rune_offset(q.text, LIM_TEXT_MSG));
		if (jv_len(want) && q.text.n) {
			vectors_query(vecs, q.text, q.v);
			for (int w = 0; w < WAYS; w++) {
				find(&q, (enum way)w, &f);
				count_task(&f, want, &b[w]);
			}
		}
		jv_free(o);
	}
	told("tasks");
	for (int w = 0; w < WAYS; w++)
		printf("bank, %.0f tasks, %-16s recall@5 %5.1f %%, @10 %5.1f %%, @20 %5.1f %%; "
		       "any "
		       "of them among five %5.1f %%; hits / min(5, needed) %5.1f %%\n",
		       b[w].tasks, way_names[w], 100 * b[w].recall[0] / b[w].tasks,
		       100 * b[w].recall[1] / b[w].tasks, 100 * b[w].recall[2] / b[w].tasks,
		       100 * b[w].any / b[w].tasks, 100 * b[w].five / b[w].tasks);
	xfree(q.v);
	obj_unref(q.words);
	obj_unref(q.dense);
	store_close(st);
}

int main(int argc, char **argv)
{
	bool is_bank = argc == 5 && !strcmp(argv[3], "bank");
	bool is_company = argc == 5 && !strcmp(argv[3], "company");
	if (!is_bank && !is_company && (argc != 6 || strcmp(argv[3], "demo") != 0))
		return fputs("usage: b_recall MODEL VECTORS demo ROOT dev|test | company DIR | "
			     "bank DIR\n", stderr),
		       2;
	arena_init(&mem, (size_t)1 << 30);
	arena_init(&turn, LIM_ARENA_TURN);
	vecs = vectors_open(argv[1], argv[2]);
	if (is_bank) {
		bank(argv[4]);
	} else if (is_company) {
		company_pair(argv[4], "en", "en");
		company_pair(argv[4], "zh", "zh");
		company_pair(argv[4], "en", "zh");
		company_pair(argv[4], "zh", "en");
	} else {
		bool test = !strcmp(argv[5], "test");
		demo_pair(argv[4], test, "en", "en");
		demo_pair(argv[4], test, "zh", "zh");
		demo_pair(argv[4], test, "en", "zh");
		demo_pair(argv[4], test, "zh", "en");
	}
	vectors_close(vecs);
	arena_done(&turn);
	arena_done(&mem);
	return 0;
}
