/* cmd_bench_kb.c: `callm bench kb`: the knowledge base at the size of a large company.
 *
 * Passages are made from the demo's sentences, numbers and made-up names (Zipf, as names are), one
 * article each, in one language, committed to a store in a temporary folder and indexed as the
 * server does. Then the demo's test questions, each with the name of some article, are asked by
 * one thread, by two, and by many clients at once; and articles are edited, each edit timed from
 * its commit until the new text answers. The seed is fixed: the same figures' causes every run. */
#include "app_int.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

#define NAMES 20000              /* made-up names; a passage has two */
#define BATCH 2000

struct kb_bench {
	struct app_bench_kb o;
	struct arena arena;
	struct rng rng;
	VEC(sv) sentences;
	VEC(sv) questions;       /* of the demo's tests */
	char (*names)[16];
	struct store *st;
	struct store_db *db;
	struct kb_index *ix;
	struct kb_dense *dense;  /* NULL: by words alone */
	size_t made;             /* passages so far */
	size_t text;             /* bytes of them */
	int rc;
};

/* ---- texts ---- */

static void cut_sentences(struct kb_bench *b, sv body)
{
	sv line, s;
	while (sv_line(&body, &line)) {
		if (!line.n || strchr("#-|*>", line.p[0]))
			continue;
		while (line.n) {
			ptrdiff_t zh = sv_find(line, SV("。")), en = sv_find(line, SV(". "));
			size_t end = zh >= 0 ? (size_t)zh + 3 : en >= 0 ? (size_t)en + 1 : line.n;
			s = sv_trim(sv_slice(line, 0, end));
			line = sv_slice(line, end, line.n);
			sv *slot = s.n > 20 && s.n < 300 ? VEC_PUSH(&b->sentences, 20000) : NULL;
			if (slot)
				*slot = s;
		}
	}
}

static int on_article(void *arg, const struct kb_article *a)
{
	struct kb_bench *b = arg;
	if (sv_eq(a->lang, sv_of(b->o.lang)))
		cut_sentences(b, a->body_md);
	return 0;
}

static int load_demo(struct kb_bench *b, struct err *e)
{
	char name[64];
	struct sb text;
	int rc = 0;
	(void)snprintf(name, sizeof(name), "tests/questions.%s.tsv", b->o.lang);
	for (size_t i = 0; i < demo_files_n && !rc; i++) {
		bool kb = sv_starts(sv_of(demo_files[i].path), SV("kb/"));
		bool test = strcmp(demo_files[i].path, name) == 0;
		if (!kb && !test)
			continue;
		sb_init(&text, LIM_KB_DOC);
		rc = embed_text(&demo_files[i], &text);
		sv doc = arena_sv(&b->arena, sb_sv(&text)), line, id;
		sb_done(&text);
		if (kb && !rc)
			rc = kb_parse(doc, KB_MARKDOWN, demo_files[i].path, &b->arena, on_article,
				      b, e);
		while (test && sv_line(&doc, &line)) {
			sv *slot = sv_cut(&line, '\t', &id) && line.n ?
					   VEC_PUSH(&b->questions, 2000) :
					   NULL;
			if (slot)
				*slot = line;
		}
	}
	if (!rc && (!b->sentences.n || !b->questions.n))
		rc = err_set(e, ERR_NOTFOUND, "the demo has nothing in \"%s\"; en or zh",
			     b->o.lang);
	return rc;
}

static void make_names(struct kb_bench *b)
{
	static const char *const part[] = { "ba", "ce", "do", "fu", "gi", "ha", "ko", "lu", "me",
					    "ni", "pe", "ra", "so", "ti", "vo", "xa", "yu", "za" };
	b->names = xalloc(NAMES * sizeof(*b->names));
	for (size_t i = 0; i < NAMES; i++)
		for (size_t k = 0, n = 3 + i % 2; k < n; k++)
			memcpy(b->names[i] + 2 * k, part[rng_below(&b->rng, 18)], 2);
}

/* The k-th name is k times rarer than the first: u^3 comes near enough. */
static const char *a_name(struct kb_bench *b)
{
	double u = rng_unit(&b->rng);
	return b->names[(size_t)(u * u * u * (NAMES - 1))];
}

static sv pick(struct kb_bench *b)
{
	return b->sentences.v[rng_below(&b->rng, b->sentences.n)];
}

struct one {                     /* an article under construction */
	char id[32];
	struct sb title, aliases, body;
};

static void make(struct kb_bench *b, struct one *x, size_t i)
{
	const char *name = a_name(b);
	sv q = b->questions.v[rng_below(&b->rng, b->questions.n)];
	(void)snprintf(x->id, sizeof(x->id), "p%06zu.%s", i, b->o.lang);
	sb_reset(&x->title);
	sb_reset(&x->aliases);
	sb_reset(&x->body);
	sb_fmt(&x->title, "%s %zu: " SV_FMT, name, i, SV_ARG(q));
	sb_fmt(&x->aliases, "%s %s", name, a_name(b));
	for (int k = 0; k < 4 && sv_runes(sb_sv(&x->body)) < 280; k++)
		sb_fmt(&x->body, SV_FMT " ", SV_ARG(pick(b)));
	sb_fmt(&x->body, "%s %u.", name, (unsigned)rng_below(&b->rng, 5000));
	b->text += x->title.n + x->aliases.n + x->body.n;
}

static int write_batch(void *arg, struct store_db *db)
{
	struct kb_bench *b = arg;
	struct one x;
	bool changed;
	sb_init(&x.title, 4096);
	sb_init(&x.aliases, 4096);
	sb_init(&x.body, LIM_SB);
	for (size_t i = 0; i < BATCH && b->made < (size_t)b->o.passages && !b->rc; i++) {
		make(b, &x, b->made++);
		struct kb_article a = { .id = sv_of(x.id), .lang = sv_of(b->o.lang),
					.title = sb_sv(&x.title), .aliases = sb_sv(&x.aliases),
					.body_md = sb_sv(&x.body) };
		b->rc = kb_put(db, &a, 1, &changed);
	}
	sb_done(&x.title);
	sb_done(&x.aliases);
	sb_done(&x.body);
	return b->rc;
}

static int fill(struct kb_bench *b)
{
	while (b->made < (size_t)b->o.passages && !b->rc) {
		int rc = store_write(b->st, write_batch, b, NULL, NULL);
		if (!rc)
			rc = store_flush(b->st);
		b->rc = b->rc ? b->rc : rc;
	}
	return b->rc;
}

/* ---- vectors: as wide as e5's, of words instead of meanings ---- */

enum { DIM = 384 };

/* Each word is a direction; all texts share one, as a model's do. */
static void embed(sv text, float v[DIM])
{
	size_t from = 0;
	double len = 0;
	for (int k = 0; k < DIM; k++)
		v[k] = k < 32 ? 6.0f : 0.0f;
	for (size_t i = 0; i <= text.n; i++) {
		bool end = i == text.n || text.p[i] == ' ' || text.p[i] == '\n' || i - from >= 6;
		if (!end || i == from)
			continue;
		struct rng r;
		rng_seed(&r, sv_hash(sv_slice(text, from, i)));
		for (int k = 0; k < DIM; k += 64)
			for (uint64_t bits = rng_u64(&r), b = 0; b < 64; b++)
				v[k + (int)b] += bits >> b & 1 ? 1.0f : -1.0f;
		from = i + (i < text.n && text.p[i] <= ' ');
	}
	for (int k = 0; k < DIM; k++)
		len += (double)v[k] * (double)v[k];
	for (int k = 0; k < DIM; k++)
		v[k] /= (float)sqrt(len);
}

static void put_vector(void *arg, sv text)
{
	struct kb_bench *b = arg;
	float v[DIM];
	embed(text, v);
	if (kb_dense_put(b->dense, text, v, DIM))
		b->rc = ERR_FULL;
}

/* The index once more, with a vector of each passage. */
static int index_vectors(struct kb_bench *b, struct err *e)
{
	int rc = kb_dense_open(&b->dense, NULL, SV("words"), e);
	for (int i = 0; i < 2 && !rc; i++) {
		struct kb_opts o = { .dense = b->dense };
		b->ix = obj_unref(b->ix);
		rc = kb_build(&b->ix, b->db, &o, e);
		if (!rc && kb_dense_missing(b->ix, put_vector, b) == 0)
			break;
	}
	return rc ? rc : b->rc;
}

/* ---- questions ---- */

struct client {
	struct kb_bench *b;
	pthread_t thread;
	struct rng rng;
	size_t n, right;
	int64_t *us, *cpu;       /* of each search: by the clock, and of this thread's processor */
};

/* The title of some article: its question in other order, its name, now and then a letter off. */
static sv a_question(struct client *c, struct sb *out, struct kb_article *a)
{
	struct kb_bench *b = c->b;
	char id[32];
	(void)snprintf(id, sizeof(id), "p%06u.%s",
		       (unsigned)rng_below(&c->rng, (uint64_t)b->o.passages), b->o.lang);
	sb_reset(out);
	if (kb_get(b->ix, sv_of(id), a))
		return SV_NULL;
	ptrdiff_t colon = sv_find(a->title, SV(": "));
	sv head = sv_slice(a->title, 0, (size_t)(colon < 0 ? 0 : colon));
	sb_put(out, sv_slice(a->title, head.n + 2, a->title.n));
	sb_ch(out, ' ');
	sb_put(out, head);
	return sb_sv(out);
}

static void *ask(void *arg)
{
	struct client *c = arg;
	struct arena a;
	struct sb text;
	struct kb_article want;
	arena_init(&a, LIM_ARENA_TURN);
	sb_init(&text, LIM_SB);
	for (size_t i = 0; i < c->n; i++) {
		struct kb_query q = { .text = a_question(c, &text, &want),
				      .lang = sv_of(c->b->o.lang), .k = 5, .now_ms = 1000 };
		float v[DIM];
		if (c->b->dense) {
			embed(q.text, v);
			q.vec = v;
			q.dim = DIM;
		}
		struct kb_result r = { 0 };
		int64_t t = clk_mono_us(), cpu = cli_cpu_ns();
		if (kb_search(c->b->ix, &q, &a, &r) == 0 && r.n)
			c->right += sv_eq(r.hits[0].article_id, want.id);
		c->us[i] = clk_mono_us() - t;
		c->cpu[i] = (cli_cpu_ns() - cpu) / 1000;
		arena_reset(&a);
	}
	sb_done(&text);
	arena_done(&a);
	return NULL;
}

static double at_ms(const int64_t *us, size_t n, size_t percent)
{
	return (double)us[n * percent / 100] / 1000.0;
}

static void set3(jv *o, const char *key, double v)
{
	jv_set_num(o, key, (double)(int64_t)(v * 1000 + 0.5) / 1000);
}

/* `threads` at once, `each` questions a thread. */
static jv *crowd(struct kb_bench *b, int threads, size_t each, double *ret_per_s)
{
	struct client *c = xalloc(sizeof(*c) * (size_t)threads);
	size_t right = 0, n = (size_t)threads * each;
	int64_t *all = xalloc(sizeof(*all) * n), *cpu = xalloc(sizeof(*cpu) * n), sum = 0;
	int64_t began = clk_mono_us();
	for (int i = 0; i < threads; i++) {
		c[i] = (struct client){ .b = b, .n = each, .us = all + (size_t)i * each,
				     .cpu = cpu + (size_t)i * each };
		rng_seed(&c[i].rng, 7 + (uint64_t)i);
		if (pthread_create(&c[i].thread, NULL, ask, &c[i]))
			c[i].n = 0;
	}
	for (int i = 0; i < threads; i++) {
		if (c[i].n)
			(void)pthread_join(c[i].thread, NULL);
		right += c[i].right;
	}
	double s = (double)(clk_mono_us() - began) / 1e6;
	for (size_t i = 0; i < n; i++)
		sum += cpu[i];
	cli_sort(all, n);
	cli_sort(cpu, n);
	jv *o = jv_obj();
	jv_set_int(o, "threads", threads);
	set3(o, "p50_ms", at_ms(all, n, 50));
	set3(o, "p95_ms", at_ms(all, n, 95));
	set3(o, "p99_ms", at_ms(all, n, 99));
	set3(o, "cpu_ms", (double)sum / 1000.0 / (double)n);
	set3(o, "cpu_p95_ms", at_ms(cpu, n, 95));
	set3(o, "cpu_p99_ms", at_ms(cpu, n, 99));
	set3(o, "searches_per_s", *ret_per_s = (double)n / s);
	set3(o, "right_first", (double)right / (double)n);
	xfree(all);
	xfree(cpu);
	xfree(c);
	return o;
}

/* ---- edits ---- */

struct edit {
	char id[32], body[80];
	int rc;
};

static int write_edit(void *arg, struct store_db *db)
{
	struct edit *x = arg;
	struct kb_article a = { .id = sv_of(x->id), .lang = SV("en"),
				.title = SV("When does the quarterly zeppelin depart?"),
				.body_md = sv_of(x->body) };
	bool changed;
	a.lang = sv_slice(a.id, a.id.n - 2, a.id.n);
	return x->rc = kb_put(db, &a, 2, &changed);
}

/* Commits an article, brings the index up to date, asks. Milliseconds, or -1. */
static double edit_once(struct kb_bench *b, int i, struct err *e)
{
	struct edit x = { .rc = 0 };
	struct kb_index *ix = NULL;
	struct kb_result r = { 0 };
	struct arena a;
	int64_t began = clk_mono_us();
	(void)snprintf(x.id, sizeof(x.id), "p%06d.%s", i, b->o.lang);
	(void)snprintf(x.body, sizeof(x.body), "The zeppelin departs at %d past noon.", i);
	if (store_write(b->st, write_edit, &x, NULL, NULL) || store_flush(b->st) || x.rc ||
	    kb_update(&ix, b->ix, b->db, NULL, NULL, e))
		return -1;
	arena_init(&a, LIM_ARENA_TURN);
	struct kb_query q = { .text = SV("When does the quarterly zeppelin depart?"),
			      .lang = sv_of(b->o.lang), .k = 20, .now_ms = 1000 };
	bool found = false;
	if (kb_search(ix, &q, &a, &r) == 0)
		for (size_t k = 0; k < r.n; k++)
			found |= sv_eq(r.hits[k].body_md, sv_of(x.body));
	obj_unref(b->ix);
	b->ix = ix;
	arena_done(&a);
	return found ? (double)(clk_mono_us() - began) / 1000 : -1;
}

static int edits(struct kb_bench *b, jv *out, struct err *e)
{
	int64_t us[20];
	size_t n = sizeof(us) / sizeof(*us);
	for (size_t i = 0; i < n; i++) {
		double ms = edit_once(b, (int)i, e);
		if (ms < 0)
			return err_set(e, ERR_FAIL, "edit %zu is not found", i);
		us[i] = (int64_t)(ms * 1000);
	}
	cli_sort(us, n);
	set3(out, "edit_to_answer_p50_ms", at_ms(us, n, 50));
	set3(out, "edit_to_answer_p95_ms", at_ms(us, n, 95));
	return 0;
}

/* ---- door ---- */

static void tidy(const char *dir)
{
	static const char *const file[] = { "callm.db", "callm.db-wal", "callm.db-shm",
					    "callm.lock" };
	char path[300];
	for (size_t i = 0; i < sizeof(file) / sizeof(*file); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, file[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
}

static int measure(struct kb_bench *b, jv *out, struct err *e)
{
	double one, two, many;
	struct kb_opts o = { .full_text = b->o.full_text };
	int64_t t = clk_mono_us(), cpu = cli_cpu_ns();
	int rc = store_reader(b->st, &b->db);
	if (!rc)
		rc = kb_build(&b->ix, b->db, &o, e);
	if (rc)
		return rc;
	set3(out, "index_s", (double)(clk_mono_us() - t) / 1e6);
	set3(out, "index_cpu_s", (double)(cli_cpu_ns() - cpu) / 1e9);
	set3(out, "text_bytes_a_passage", (double)b->text / (double)b->o.passages);
	set3(out, "index_bytes_a_passage", (double)kb_bytes(b->ix) / (double)b->o.passages);
	if (b->o.vectors)
		rc = index_vectors(b, e);
	if (rc)
		return rc;
	jv_free(crowd(b, 2, (size_t)b->o.questions, &two)); /* warm: as a server is */
	jv_set(out, "one", crowd(b, 1, (size_t)b->o.questions, &one));
	jv_set(out, "two", crowd(b, 2, (size_t)b->o.questions, &two));
	jv_set(out, "clients", crowd(b, (int)b->o.clients,
				     (size_t)(b->o.questions / b->o.clients + 1), &many));
	set3(out, "two_over_one", two / one);
	set3(out, "clients_over_one", many / one);
	return b->o.full_text || b->o.vectors ? 0 : edits(b, out, e);
}

int bench_kb(const struct app_bench_kb *o)
{
	char made[] = "/tmp/callm-bench-XXXXXX";
	struct kb_bench b = { .o = *o };
	struct err e = { 0 };
	struct store_opts so = { .dir = made };
	jv *out = jv_obj();
	int64_t t = clk_mono_us();
	if (!mkdtemp(made))
		return cli_fail("no temporary folder");
	arena_init(&b.arena, LIM_ARENA_BIG);
	rng_seed(&b.rng, 1);
	make_names(&b);
	int rc = kb_init();
	if (!rc)
		rc = load_demo(&b, &e);
	if (!rc)
		rc = store_open(&b.st, &so, &e);
	if (!rc)
		rc = fill(&b);
	jv_set_int(out, "passages", o->passages);
	jv_set_str(out, "lang", sv_of(o->lang));
	set3(out, "commit_s", (double)(clk_mono_us() - t) / 1e6);
	if (!rc)
		rc = measure(&b, out, &e);
	obj_unref(b.ix);
	kb_dense_close(b.dense);
	store_close(b.st);
	xfree(b.names);
	VEC_FREE(&b.sentences);
	VEC_FREE(&b.questions);
	arena_done(&b.arena);
	tidy(made);
	if (rc) {
		jv_free(out);
		return cli_fail("%s", e.msg[0] ? e.msg : err_text(rc));
	}
	cli_print_json(out);
	return 0;
}
