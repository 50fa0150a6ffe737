/* kb_data.c: the questions that the ranker learns from, each looked up as if it were new.
 *
 * Development questions, extra questions, negatives, and every second alias of a help article.
 * A question is looked up with vectors that were learned without it (five folds), an alias in an
 * article that never had it. A second round plays a company whose articles the vectors do not
 * know and that has few aliases. Everything lives in train_mem until the program ends.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "kb_train.h"
#include "vectors.h"

#define ALIAS_EVERY 2            /* of the aliases one in so many is asked */
#define INTENT_SHARE 0.35        /* of the epochs that a public intent's text takes part in */

#define SCARCE_PARTS 4           /* one of so many articles is scarce at a time, */
#define SCARCE_LEAST 2           /* with about so many names beside its title, */
#define SCARCE_MOST 12           /* fewer than so many, */
#define SCARCE_SENTENCES 2       /* and so much text */

struct arena train_mem;
static struct vectors *vecs;     /* until the program ends; NULL: by words alone */

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
	rc = kb_parse_path(path, &train_mem, put_row, db, im->e);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "%s/demo/products.jsonl", im->root);
	sb_init(&b, LIM_KB_DOC);
	rc = file_read(path, LIM_KB_DOC, &b, im->e);
	if (!rc)
		rc = kb_parse_products(sb_sv(&b), path, &train_mem, put_row, db, NULL, im->e);
	sb_done(&b);
	return rc;
}

int open_index(const char *root, struct store **st, struct kb_index **ix, struct err *e)
{
	struct store_opts o = { .dir = "" };
	struct kb_opts o_dense = { .dense = vecs ? vecs->kept : NULL };
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
	if (!rc)
		rc = kb_build(ix, db, &o_dense, e);
	if (rc || !kb_dense_missing(*ix, vectors_want_passage, vecs))
		return rc;
	vectors_make(vecs);
	obj_unref(*ix);
	return kb_build(ix, db, &o_dense, e);
}

static sv read_path(const char *path)
{
	struct err e = { 0 };
	struct sb b;
	sv r = SV_NULL;

	sb_init(&b, LIM_KB_DOC);
	if (file_read(path, LIM_KB_DOC, &b, &e) == 0)
		r = arena_sv(&train_mem, sb_sv(&b));
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

sv read_lang(const char *root, const char *fmt, const char *lang)
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

/* Candidates and their features, by words alone and with the question's vector. */
static void look_up(struct kb_index *ix, const char *lang, struct sample *x)
{
	struct kb_query q = { .text = x->text, .lang = sv_of(lang), .k = 5 };

	x->f = found(ix, &q, x->want, &x->gold);
	q.vec = question_vector(x->text, &q.dim);
	if (q.vec)
		x->f_dense = found(ix, &q, x->want, &x->gold_dense);
}

static struct kb_vec join(const struct kb_vec *v, size_t n, const struct kb_vec *w, size_t n_w)
{
	struct kb_vec r = { 0 };
	size_t max = 0;

	for (size_t i = 0; i < n; i++)
		max += v[i].n;
	for (size_t i = 0; i < n_w; i++)
		max += w[i].n;
	r.id = arena_new(&train_mem, uint32_t, max + 1);
	r.w = arena_new(&train_mem, float, max + 1);
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

/* The rows of an article without the names that are gone. */
static struct kd_rows rows_without(const struct kb_space *sp, const struct kd_rows *d,
				   const bool *gone)
{
	size_t stride = (size_t)kd_stride(sp->dim);
	uint32_t n = d->names + 1 + d->chunks;
	int8_t *q = arena_alloc(&train_mem, (n + 1) * stride), *to = q;
	float *scale = arena_new(&train_mem, float, n + 1), *mean;
	struct kd_rows r = { .q = q, .scale = scale, .inv = d->inv, .chunks = d->chunks };

	mean = arena_new(&train_mem, float, stride);
	for (uint32_t i = 0; i < n; i++) {
		if (i < d->names && gone[i])
			continue;
		memcpy(to, d->q + i * stride, stride);
		*scale = d->scale[i];
		for (size_t j = 0; i < d->names && j < stride; j++)
			mean[j] += (float)to[j] * *scale;
		if (i == d->names) {
			float len = 0;

			for (size_t j = 0; j < stride; j++)
				len += mean[j] * mean[j];
			for (size_t j = 0; j < stride; j++)
				mean[j] /= sqrtf(len) + 1e-9f;
			kd_quantise(mean, sp->dim, to, scale);
		}
		r.names += i < d->names;
		to += stride;
		scale++;
	}
	return r;
}

/* The article as if it had never had the names that are gone. */
static struct kb_art without(const struct kb_space *sp, const struct kb_art *a, const bool *gone,
			     bool few)
{
	struct kb_art r = *a;

	r.name = arena_new(&train_mem, struct kb_vec, a->n_name);
	r.norm = arena_new(&train_mem, uint64_t, a->n_name);
	r.emb = arena_alloc(&train_mem, a->n_name * sizeof(*r.emb));
	r.n_name = 0;
	for (uint32_t i = 0; i < a->n_name; i++)
		if (!gone[i]) {
			r.name[r.n_name] = a->name[i];
			memcpy(r.emb[r.n_name], a->emb[i], sizeof(*r.emb));
			r.norm[r.n_name++] = a->norm[i];
		}
	r.tight = kb_emb_centre(r.emb, r.n_name, r.centre);
	if (sp->dim)
		r.dense = rows_without(sp, &a->dense, gone);
	if (few) { /* as what people say to one customer */
		r.n_sent = a->n_sent < SCARCE_SENTENCES ? a->n_sent : SCARCE_SENTENCES;
		r.dense.chunks = r.dense.chunks ? 1 : 0;
	}
	r.names = join(r.name, r.n_name, NULL, 0);
	r.all = join(&r.names, 1, a->sv, r.n_sent);
	r.core = join(&r.names, 1, NULL, 0);
	r.core.sum = 0;
	for (uint32_t i = 0; i < r.core.n; i++) {
		float n = 0;

		for (uint32_t m = 0; m < r.n_name; m++)
			n += kb_vec_has(&r.name[m], r.core.id[i]) ? 1.0f : 0.0f;
		r.core.w[i] *= sqrtf(n / (float)r.n_name);
		r.core.sum += r.core.w[i];
	}
	r.concept.id = arena_new(&train_mem, uint32_t, r.core.n + 1);
	r.concept.w = arena_new(&train_mem, float, r.core.n + 1);
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

static struct kb_art without_one(const struct kb_space *sp, const struct kb_art *a, uint32_t name)
{
	bool *gone = arena_new(&train_mem, bool, a->n_name + 1);

	gone[name] = true;
	return without(sp, a, gone, false);
}

/* Is the k-th name of article i asked as a question? Not the very short ones, and not all. */
static bool is_asked(const struct kb_space *sp, size_t i, uint32_t k, sv name)
{
	return !sp->art[i].product && (i + k) % ALIAS_EVERY == 0 &&
	       sv_runes(name) >= (strcmp(sp->lang, "zh") == 0 ? 5 : 14);
}

/* Each alias of a help article, taken out of it, is a question with a known answer. */
static void plan_aliases(struct kb_space *sp, struct set *s)
{
	for (size_t i = 0; i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];
		sv rest = a->a.aliases, line;

		for (uint32_t k = 1; sv_line(&rest, &line) && k < a->n_name; k++) {
			struct sample *x;

			if (!is_asked(sp, i, k, line))
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
			plan(s, sv_eq(want, SV("-")) ? SV_NULL : sv_trim(want), sv_trim(line),
			     true);
	}
}

/* Questions worded far from the articles, and more that nothing answers; they weigh as much as an
 * alias. For a model that finds what they ask for: E5's order became worse by them (docs/kb.md). */
static void plan_far(struct kb_space *sp, const char *root, struct set *s)
{
	size_t from = s->n;
	char name[64];

	snprintf(name, sizeof(name), "kb_far_neg.%s.txt", sp->lang);
	plan_lines(s, read_file(root, "train", name), false);
	snprintf(name, sizeof(name), "kb_far_demo.%s.tsv", sp->lang);
	plan_lines(s, read_file(root, "train", name), true);
	for (size_t i = from; i < s->n; i++)
		s->v[i].dev = false;
}

struct set plan_questions(struct kb_space *sp, const char *root)
{
	struct set s = { 0 };
	char name[64];

	plan_lines(&s, read_lang(root, "dev", sp->lang), true);
	plan_lines(&s, read_lang(root, "oos", sp->lang), false);
	for (size_t i = 0; i < s.n; i++)
		s.v[i].sheet = true;
	snprintf(name, sizeof(name), "kb_extra.%s.tsv", sp->lang);
	plan_lines(&s, read_file(root, "train", name), true);
	snprintf(name, sizeof(name), "kb_neg.%s.txt", sp->lang);
	plan_lines(&s, read_file(root, "train", name), false);
	plan_aliases(sp, &s);
	if (vecs && *vectors_model()->tag)
		plan_far(sp, root, &s);
	for (size_t i = 0; i < s.n; i++)
		s.v[i].fold = (int)(i % FOLDS);
	return s;
}

/* ---- vectors of passages and questions ---- */

void use_vectors(const char *model, const char *file)
{
	vecs = vectors_open(model, file);
}

const struct kb_model *vectors_model(void)
{
	return vecs ? kb_model_of(sv_of(vecs->name)) : NULL;
}

void make_questions(struct kb_index *ix, const char *root, const char *sheet)
{
	for (size_t i = 0; vecs && i < ix->n_space; i++) {
		struct kb_space *sp = &ix->space[i];
		struct set s = { 0 };

		if (sheet) {
			bool test = strcmp(sheet, "test") == 0;

			plan_lines(&s, read_lang(root, sheet, sp->lang), true);
			plan_lines(&s, read_lang(root, test ? "un" : "oos", sp->lang), false);
		} else {
			s = plan_questions(sp, root);
		}
		for (size_t k = 0; k < s.n; k++)
			vectors_want(vecs, true, s.v[k].text);
		VEC_FREE(&s);
	}
	if (vecs)
		vectors_make(vecs);
}

const float *question_vector(sv text, int *dim)
{
	static struct map *unpacked;
	float *v;

	*dim = vecs ? vecs->dim : 0;
	if (!vecs)
		return NULL;
	unpacked = unpacked ? unpacked : map_new(1000000);
	v = map_get(unpacked, text);
	if (v)
		return v;
	v = arena_new(&train_mem, float, *dim);
	vectors_query(vecs, text, v);
	if (map_put(unpacked, text, v))
		abort();
	return v;
}

struct set dense_set(const struct set *s)
{
	struct set d = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		struct sample *x;

		if (!s->v[i].f_dense)
			continue;
		x = VEC_PUSH(&d, QUESTIONS_MAX);
		*x = s->v[i];
		x->f = x->f_dense;
		x->gold = x->gold_dense;
	}
	return d;
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
	struct embed_set e = { .classes = (int)sp->n_art, .articles = (int)sp->n_art };
	char path[512];

	for (size_t i = 0; i < sp->n_art; i++) {
		const struct kb_art *a = &sp->art[i];
		sv rest = a->a.aliases, line;

		embed_put(&e, a->a.title, (int)i, -1);
		for (uint32_t k = 1; sv_line(&rest, &line); k++)
			if (!is_asked(sp, i, k, line))
				embed_put(&e, line, (int)i, -1);
	}
	for (size_t i = 0; i < s->n; i++)
		embed_put(&e, s->v[i].text, class_of(sp, s->v[i].want),
			  s->v[i].fold);
	for (int i = 0; data && strcmp(sp->lang, "en") == 0 && i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s/train.tsv", data, sets[i]);
		embed_add_intents(&e, read_path(path), INTENT_SHARE);
	}
	for (size_t i = 0; i < e.n; i++) {
		uint32_t h[KE_MAX];

		e.v[i].n = kb_emb_hashes(sp->lex, e.v[i].text, h, KE_MAX);
		e.v[i].h = arena_new(&train_mem, uint32_t, e.v[i].n + 1);
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
	if (!f || fwrite(rows, 1, KE_TABLE, f) != KE_TABLE || fclose(f) != 0)
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
				*a = without_one(sp, &was, x->name);
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

static struct kb_art with_first(const struct kb_space *sp, const struct kb_art *a, uint32_t n)
{
	bool *gone = arena_new(&train_mem, bool, a->n_name + 1);

	for (uint32_t i = n; i < a->n_name; i++)
		gone[i] = true;
	return without(sp, a, gone, false);
}

/* Of a company whose articles the vectors do not know, with few aliases each: half of the
 * articles is kept from the training, then the other half. */
static void look_up_foreign(struct kb_index *ix, struct kb_space *sp, struct set *s,
			    struct embed_set *e, int8_t *rows)
{
	struct kb_art *was = arena_new(&train_mem, struct kb_art, sp->n_art);
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
				sp->art[i] = with_first(sp, &was[i], young(i));
		for (size_t i = 0; i < n; i++) {
			struct sample *x = &s->v[i], *y;
			int c = class_of(sp, x->want);

			if ((c == EMBED_FAR ? x->fold : c) % 2 != half ||
			    (x->name && (x->name < young(x->art) || i % 2)))
				continue;
			y = plan(s, x->want, x->text, x->dev);
			y->fold = s->v[i].fold;
			y->foreign = true;
			look_up(ix, sp->lang, y);
		}
		memcpy(sp->art, was, sp->n_art * sizeof(*was));
	}
}

/* Does a scarce article keep its k-th name? The title, and of the others about as many as it should
 * have, here and there among all. */
static bool keeps(size_t art, uint32_t k, uint32_t n)
{
	uint32_t least = SCARCE_LEAST, keep = least + (uint32_t)(art * 7 % (SCARCE_MOST - least));
	uint64_t h = (art * 0x9e3779b97f4a7c15u + k) * 0xd6e8feb86659fd93u;

	return !k || (h >> 33) % n < keep;
}

static struct kb_art scarce(const struct kb_space *sp, const struct kb_art *a, size_t i,
			    bool **gone)
{
	*gone = arena_new(&train_mem, bool, a->n_name + 1);
	for (uint32_t k = 0; k < a->n_name; k++)
		(*gone)[k] = !keeps(i, k, a->n_name);
	return without(sp, a, *gone, true);
}

/* An article that was written yesterday, or came of the flywheel: a part of the articles keeps few
 * names and little text among others that keep all. What wants one of them is asked, and of the
 * rest those that this part's vectors have not learned from. */
static void look_up_scarce(struct kb_index *ix, struct kb_space *sp, struct set *s,
			   struct embed_set *e, int8_t *rows)
{
	struct kb_art *was = arena_new(&train_mem, struct kb_art, sp->n_art);
	bool **gone = arena_new(&train_mem, bool *, sp->n_art);
	size_t n = s->n;

	for (int part = 0; part < SCARCE_PARTS; part++) {
		for (size_t i = 0; i < e->n; i++) {
			int c = e->v[i].class;

			e->v[i].skip = (e->v[i].fold >= 0 && e->v[i].fold % SCARCE_PARTS == part) ||
				       (c != EMBED_FAR && c < (int)sp->n_art &&
					c % SCARCE_PARTS == part);
		}
		embed_train(e, rows);
		embed_space(sp, rows);
		memcpy(was, sp->art, sp->n_art * sizeof(*was));
		for (size_t i = (size_t)part; i < sp->n_art; i += SCARCE_PARTS)
			if (!was[i].product)
				sp->art[i] = scarce(sp, &was[i], i, &gone[i]);
		for (size_t i = 0; i < n; i++) {
			struct sample *x = &s->v[i], *y;
			int c = class_of(sp, x->want);
			bool own = c != EMBED_FAR && c % SCARCE_PARTS == part;

			if (x->foreign || (!own && x->fold % SCARCE_PARTS != part) ||
			    (x->name && (!own || !gone[x->art][x->name])))
				continue;
			y = plan(s, x->want, x->text, x->dev);
			y->fold = s->v[i].fold;
			y->scarce = true;
			look_up(ix, sp->lang, y);
		}
		memcpy(sp->art, was, sp->n_art * sizeof(*was));
	}
}

/* Leaves the space with the vectors of all texts. */
struct set load_set(struct kb_index *ix, const char *root, const char *lang, const char *data,
		    enum load how)
{
	struct kb_space *sp = kb_space_of(ix, sv_of(lang));
	struct set s = plan_questions(sp, root);
	struct embed_set e = embed_texts(sp, &s, data);
	int8_t *rows = arena_alloc(&train_mem, KE_TABLE);

	look_up_own(ix, sp, &s, &e, rows);
	look_up_foreign(ix, sp, &s, &e, rows);
	if (how == LOAD_SCARCE)
		look_up_scarce(ix, sp, &s, &e, rows);
	for (size_t i = 0; i < e.n; i++)
		e.v[i].skip = false;
	embed_train(&e, rows);
	if (how == LOAD_KEEP)
		write_rows(root, lang, rows);
	embed_space(sp, rows);
	VEC_FREE(&e);
	return s;
}
