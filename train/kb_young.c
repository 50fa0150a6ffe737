/* kb_young.c: learns order and gate for companies whose articles have few names. Not part of
 * the server.
 *
 *	kb_young MODEL VECTORS ROOT OUT       writes OUT/kb_weights_young_{en,zh}.h; of a model
 *	                                      with weights of its own (kb_model.c) those with
 *	                                      vectors, OUT/kb_weights_gemma_young_{en,zh}.h
 *
 * MODEL: what callm-embed reads; VECTORS: a file that keeps what was embedded ("" = none). The
 * small companies of train/kb_far and the water utility of demo/tests/unseen: articles with a
 * title and a text, questions worded far from them, some that nothing answers. The built-in
 * vectors have learned from none of them. Every question is asked of its company five times:
 * with all articles, and with each quarter of them, where three of four questions have no
 * answer. A company is in one fold, so what is reported is always of companies that were not
 * learned from. demo/tests/unseen/gym is held out and never read here. */
#include <dirent.h>
#include <stdlib.h>
#include "kb_train.h"
#include "vectors.h"

struct arena train_mem;
static struct vectors *vecs;
static const struct kb_model *model;
static struct cross abroad;

enum { COMPANIES = 64, PARTS = 5 };
struct company {
	char dir[300];
	int fold;
};
static struct company companies[COMPANIES] = { { "demo/tests/unseen/water", 0 } };
static int n_companies = 1;

/* The folders of train/kb_far by name, each in the next fold. */
static void list_companies(const char *root)
{
	char path[1024];
	struct dirent **names;

	snprintf(path, sizeof(path), "%s/train/kb_far", root);
	int n = scandir(path, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && n_companies < COMPANIES) {
			struct company *c = &companies[n_companies];

			snprintf(c->dir, sizeof(c->dir), "train/kb_far/%s", names[i]->d_name);
			c->fold = n_companies++ % FOLDS;
		}
		free(names[i]);
	}
	if (n < 0)
		fprintf(stderr, "cannot read %s\n", path), exit(1);
	free(names);
}

static sv read_text(const char *root, const char *dir, const char *name, bool must)
{
	char path[1024];
	struct err e = { 0 };
	struct sb b;
	sv r = SV_NULL;

	snprintf(path, sizeof(path), "%s/%s/%s", root, dir, name);
	sb_init(&b, LIM_KB_DOC);
	if (file_read(path, LIM_KB_DOC, &b, &e) == 0)
		r = arena_sv(&train_mem, sb_sv(&b));
	else if (must)
		fprintf(stderr, "%s\n", e.msg), exit(1);
	sb_done(&b);
	return r;
}

/* ---- an index of one company, with vectors ---- */

struct fill {
	struct store_db *db;
	sv text;
	unsigned part;           /* 0: all articles, else a quarter of them */
};

static int put_row(void *arg, const struct kb_article *a)
{
	struct fill *f = arg;
	bool changed;

	if (f->part && (sv_hash(a->group_id) >> 7 & 3) + 1 != f->part)
		return 0;
	return kb_put(f->db, a, 1764000000000, &changed);
}

static int import(void *arg, struct store_db *db)
{
	struct fill *f = arg;
	struct err e = { 0 };
	int rc;

	f->db = db;
	rc = kb_parse(f->text, KB_JSONL, "articles.jsonl", &train_mem, put_row, f, &e);
	if (rc)
		fprintf(stderr, "%s\n", e.msg);
	return rc;
}

static struct kb_index *build(struct store *st)
{
	struct kb_opts o = { .dense = vecs->kept };
	struct kb_index *ix = NULL;
	struct store_db *db;
	struct err e = { 0 };

	if (store_reader(st, &db) || kb_build(&ix, db, &o, &e))
		fprintf(stderr, "%s\n", e.msg), exit(1);
	return ix;
}

static struct kb_index *open_company(const char *root, const char *dir, unsigned part)
{
	struct store_opts o = { .dir = "" };
	struct store *st = NULL;
	struct kb_index *ix;
	struct err e = { 0 };
	struct fill f = { .text = read_text(root, dir, "articles.jsonl", true), .part = part };

	if (store_open(&st, &o, &e) || store_write(st, import, &f, NULL, NULL) ||
	    store_flush(st))
		fprintf(stderr, "%s\n", e.msg), exit(1);
	ix = build(st);
	if (kb_dense_missing(ix, vectors_want_passage, vecs)) {
		vectors_make(vecs);
		obj_unref(ix);
		ix = build(st);
	}
	store_close(st);
	return ix;
}

/* ---- questions ---- */

static struct kb_found *found(struct kb_index *ix, const struct kb_query *q, sv want, int *gold)
{
	struct kb_found *f = arena_new(&train_mem, struct kb_found, 1);

	if (!f || kb_candidates(ix, q, &train_mem, f) != 0)
		abort();
	*gold = -1;
	for (size_t i = 0; i < f->n; i++)
		if (want.n && sv_eq(f->sp->art[f->c[i].art].a.group_id, want))
			*gold = (int)i;
	return f;
}

/* A question's vector, unpacked once. */
static const float *vector(sv text)
{
	static struct map *known;
	float *v;

	known = known ? known : map_new(QUESTIONS_MAX);
	v = map_get(known, text);
	if (v)
		return v;
	v = arena_new(&train_mem, float, vecs->dim);
	vectors_query(vecs, text, v);
	if (map_put(known, text, v))
		abort();
	return v;
}

static bool has_article(const struct kb_index *ix, const char *lang, sv group)
{
	struct kb_article a;
	char id[200];

	snprintf(id, sizeof(id), SV_FMT ".%s", SV_ARG(group), lang);
	return kb_get(ix, sv_of(id), &a) == 0;
}

/* Of the articles of the other language. */
static void ask_abroad(struct kb_index *ix, const char *lang, const struct sample *x)
{
	const char *to = strcmp(lang, "zh") == 0 ? "en" : "zh";
	struct sample q = *x;

	if (q.want.n && !has_article(ix, to, q.want))
		q.want = SV_NULL;
	cross_ask(kb_space_of(ix, sv_of(lang)), kb_space_of(ix, sv_of(to)), &q, vector(q.text),
		  &abroad);
}

/* s: NULL to have the question's vector made with those of all others. */
static void ask(struct kb_index *ix, const char *lang, int fold, sv want, sv text, struct set *s)
{
	struct sample *x = s ? VEC_PUSH(s, QUESTIONS_MAX) : NULL;
	struct kb_query q = { .text = text, .lang = sv_of(lang), .k = 5 };

	if (!s) {
		vectors_want(vecs, true, text);
		return;
	}
	if (!x)
		abort();
	if (want.n && !has_article(ix, lang, want))
		want = SV_NULL;
	*x = (struct sample){ .text = text, .want = want, .dev = true, .sheet = fold == 0,
			      .fold = fold };
	x->f = found(ix, &q, want, &x->gold);
	q.vec = vector(text);
	q.dim = vecs->dim;
	x->f_dense = found(ix, &q, want, &x->gold_dense);
	if (*model->tag)
		ask_abroad(ix, lang, x);
}

static void ask_lines(struct kb_index *ix, const char *lang, int fold, sv text, bool tsv,
		      struct set *s)
{
	sv line, want = SV_NULL;

	while (sv_line(&text, &line)) {
		if (tsv && !sv_cut(&line, '\t', &want))
			continue;
		if (sv_trim(line).n)
			ask(ix, lang, fold, sv_trim(want), sv_trim(line), s);
	}
}

static void ask_company(struct kb_index *ix, const char *root, const struct company *c,
			const char *lang, struct set *s)
{
	static const char *const sheets[] = { "questions", "far", "unanswerable" };
	char name[64];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s.%s.%s", sheets[i], lang, i < 2 ? "tsv" : "txt");
		ask_lines(ix, lang, c->fold, read_text(root, c->dir, name, false), i < 2, s);
	}
}

static struct set with_vectors(const struct set *s)
{
	struct set d = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		struct sample *x = VEC_PUSH(&d, QUESTIONS_MAX);

		if (!x)
			abort();
		*x = s->v[i];
		x->f = x->f_dense;
		x->gold = x->gold_dense;
	}
	return d;
}

static FILE *begin(const char *dir, const char *lang)
{
	char path[1024], name[64], guard[96];
	FILE *out;

	snprintf(name, sizeof(name), "kb_weights_%s%syoung_%s", model->tag, *model->tag ? "_" : "",
		 lang);
	snprintf(path, sizeof(path), "%s/%s.h", dir, name);
	out = fopen(path, "w");
	if (!out)
		fprintf(stderr, "cannot write %s\n", path), exit(1);
	snprintf(guard, sizeof(guard), "CALLM_%s_H", name);
	for (char *c = guard; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c;
	fprintf(out,
		"/* %s.h: weights of articles with few names, written by `kb_young`. */\n"
		"#ifndef %s\n#define %s\n\n",
		name, guard, guard);
	return out;
}

/* The vectors of all questions at once. */
static void make_all(struct kb_index *const ix[COMPANIES][PARTS], const char *root)
{
	for (int i = 0; i < n_companies; i++) {
		ask_company(ix[i][0], root, &companies[i], "en", NULL);
		ask_company(ix[i][0], root, &companies[i], "zh", NULL);
	}
	vectors_make(vecs);
}

static void learn(struct kb_index *const ix[COMPANIES][PARTS], const char *root, const char *dir)
{
	static const char *const langs[] = { "en", "zh" };
	char kind[64];

	make_all(ix, root);
	for (int l = 0; l < 2; l++) {
		FILE *out = begin(dir, langs[l]);
		struct set s = { 0 }, d;

		for (int i = 0; i < n_companies * PARTS; i++)
			ask_company(ix[i / PARTS][i % PARTS], root, &companies[i / PARTS], langs[l],
				    &s);
		d = with_vectors(&s);
		if (!*model->tag) /* by words: the same for all models */
			fit_lang(out, "young_", langs[l], &s, false);
		snprintf(kind, sizeof(kind), *model->tag ? "%s_young_" : "%syoung_dense_",
			 model->tag);
		fit_lang(out, kind, langs[l], &d, true);
		snprintf(kind, sizeof(kind), "%s_young_abroad", model->tag);
		if (l && *model->tag)
			cross_fit(&abroad, kind, true, out);
		fprintf(out, "\n#endif\n");
		if (fclose(out) != 0)
			exit(1);
		VEC_FREE(&s);
		VEC_FREE(&d);
	}
}

int main(int argc, char **argv)
{
	struct kb_index *ix[COMPANIES][PARTS];

	if (argc != 5)
		return fputs("usage: kb_young MODEL VECTORS ROOT OUT\n", stderr), 2;
	arena_init(&train_mem, (size_t)4 << 30);
	if (kb_init())
		return 1;
	vecs = vectors_open(argv[1], argv[2]);
	model = kb_model_of(sv_of(vecs->name));
	list_companies(argv[3]);
	for (int i = 0; i < n_companies * PARTS; i++)
		ix[i / PARTS][i % PARTS] =
			open_company(argv[3], companies[i / PARTS].dir, (unsigned)(i % PARTS));
	learn(ix, argv[3], argv[4]);
	for (int i = 0; i < n_companies * PARTS; i++)
		obj_unref(ix[i / PARTS][i % PARTS]);
	vectors_close(vecs);
	arena_done(&train_mem);
	return 0;
}
