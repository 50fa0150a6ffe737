/* cmd_score_kb.c: `callm score kb`: the knowledge base against labelled questions.
 *
 * Asks the demo's questions (or a file's) of the data folder's articles, those of a company that
 * nothing has learned from (a folder with articles.jsonl, questions.LANG.tsv, far.LANG.tsv,
 * unanswerable.LANG.txt; two are in the program), with --cross across languages, or tau2-bench's
 * bank tasks; by words, with --meaning by the installed embedding model too. A company and the bank
 * live in a store in memory. */
#include "app_int.h"
#include "app_vecs.h"

#include <stdio.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

enum { TASK_TOP = 5, TASKS_BYTES = 64 << 20 };

struct kbs {
	const struct score_kb *o;
	struct app_vecs *vecs;       /* NULL: by words alone */
	struct arena mem;            /* of the company's texts */
	struct err e;
};

/* ---- texts ---- */

/* demo_name: in the program, below demo/. */
static int load(const char *file, const char *demo_name, struct sb *out, struct err *e)
{
	sb_reset(out);
	if (file)
		return file_read(file, LIM_KB_DOC, out, e);
	const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(demo_name));
	return f ? embed_text(f, out) :
		   err_set(e, ERR_NOTFOUND, "%s is not in the program", demo_name);
}

/* A file of the company: of its folder, else of the program's. */
static int load_company(const struct kbs *k, const char *name, struct sb *out, struct err *e)
{
	char path[1024];
	bool folder = sv_find_ch(sv_of(k->o->company), '/') >= 0;
	(void)snprintf(path, sizeof(path), "%s%s/%s", folder ? "" : "tests/unseen/", k->o->company,
		       name);
	return load(folder ? path : NULL, path, out, e);
}

/* The same, and nothing where there is no such file. */
static void add_company(const struct kbs *k, const char *name, struct sb *out)
{
	struct sb one;
	struct err e = { 0 };
	sb_init(&one, LIM_KB_DOC);
	if (load_company(k, name, &one, &e) == 0) {
		sb_put(out, sb_sv(&one));
		sb_ch(out, '\n');
	}
	sb_done(&one);
}

/* ---- figures ---- */

static double rate(size_t a, size_t n)
{
	return n ? (double)a / (double)n : 0;
}

static void report(const char *from, const char *to, const struct kb_score *s, bool json)
{
	if (!json) {
		printf("%s%s%s  right first %.1f %%  among five %.1f %%  first and answered %.1f "
		       "%% (%zu/%zu)  in three %.1f %%  wrongly declined %zu  unanswerable "
		       "declined %.1f %% (%zu/%zu)  quotes literal %.1f %% (%zu/%zu)\n",
		       from, to ? " -> " : "", to ? to : "", 100 * rate(s->right_first, s->n),
		       100 * rate(s->in5, s->n), 100 * rate(s->first, s->n), s->first, s->n,
		       100 * rate(s->in3, s->n), s->declined_wrongly,
		       100 * rate(s->oos_declined, s->n_oos), s->oos_declined, s->n_oos,
		       100 * rate(s->quotes_ok, s->quotes), s->quotes_ok, s->quotes);
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "lang", sv_of(from));
	if (to)
		jv_set_str(o, "articles", sv_of(to));
	jv_set_int(o, "n", (int64_t)s->n);
	jv_set_num(o, "right_first", rate(s->right_first, s->n));
	jv_set_num(o, "in5", rate(s->in5, s->n));
	jv_set_num(o, "first", rate(s->first, s->n));
	jv_set_num(o, "in3", rate(s->in3, s->n));
	jv_set_int(o, "declined_wrongly", (int64_t)s->declined_wrongly);
	jv_set_int(o, "n_oos", (int64_t)s->n_oos);
	jv_set_num(o, "oos_declined", rate(s->oos_declined, s->n_oos));
	jv_set_int(o, "quotes", (int64_t)s->quotes);
	jv_set_num(o, "quotes_literal", rate(s->quotes_ok, s->quotes));
	cli_print_json(o);
}

static int evaluate(struct kbs *k, struct kb_index *ix, const char *from, const char *to,
		    sv questions, sv oos)
{
	struct kb_score s = { 0 };
	int rc = kb_evaluate_by(ix, sv_of(from), questions, oos,
				k->vecs ? app_vecs_question : NULL, k->vecs, &s, &k->e);
	if (rc == 0)
		report(from, to, &s, k->o->json);
	return rc;
}

static int index_of(struct kbs *k, struct store *st, struct kb_index **ix)
{
	return k->vecs ? app_vecs_index(k->vecs, st, ix, &k->e) : app_index(st, ix, &k->e);
}

/* ---- the data folder's articles ---- */

static int score_lang(struct kbs *k, struct kb_index *ix, const char *lang)
{
	struct sb q, o;
	char qn[64], on[64];
	const struct score_kb *w = k->o;
	snprintf(qn, sizeof(qn), w->dev ? "tests/dev.%s.tsv" : "tests/questions.%s.tsv", lang);
	snprintf(on, sizeof(on), w->dev ? "tests/dev_oos.%s.txt" : "tests/unanswerable.%s.txt",
		 lang);
	sb_init(&q, LIM_KB_DOC);
	sb_init(&o, LIM_KB_DOC);
	int rc = load(w->questions, qn, &q, &k->e);
	if (rc == 0 && (w->oos || !w->questions))
		rc = load(w->oos, on, &o, &k->e);
	if (rc == 0)
		rc = evaluate(k, ix, lang, NULL, sb_sv(&q), sb_sv(&o));
	sb_done(&q);
	sb_done(&o);
	return rc;
}

static int score_data(struct kbs *k)
{
	static const char *const both[] = { "en", "zh" };
	struct app_desk d;
	struct kb_index *ix = NULL;
	int rc = app_desk_open(&d, k->o->data, false, false, &k->e);
	if (rc)
		return rc;
	if (k->vecs)
		rc = index_of(k, d.store, &ix);
	else
		ix = snap_get(d.kb);
	for (int i = 0; i < 2 && rc == 0; i++)
		if (!k->o->lang || strcmp(k->o->lang, both[i]) == 0)
			rc = score_lang(k, ix, both[i]);
	(void)obj_unref(ix);
	app_desk_close(&d);
	return rc;
}

/* ---- articles in memory ---- */

struct fill {
	struct kbs *k;
	struct store_db *db;
	sv doc;
	const char *only;            /* articles of this language, or NULL */
	int (*fn)(struct fill *f);
	int rc;
};

static int put_row(void *arg, const struct kb_article *a)
{
	struct fill *f = arg;
	bool changed;
	if (f->only && !sv_eq(a->lang, sv_of(f->only)))
		return 0;
	return kb_put(f->db, a, clk_wall_ms(), &changed);
}

static int fill_company(struct fill *f)
{
	return kb_parse(f->doc, KB_JSONL, "articles.jsonl", &f->k->mem, put_row, f, &f->k->e);
}

static int fill_write(void *arg, struct store_db *db)
{
	struct fill *f = arg;
	f->db = db;
	return f->rc = f->fn(f);
}

/* A store in memory with the articles, and their index. */
static int open_filled(struct fill *f, struct store **st, struct kb_index **ix)
{
	struct store_opts o = { .dir = "" };
	struct err *e = &f->k->e;
	int rc = store_open(st, &o, e);
	if (rc == 0)
		rc = store_write(*st, fill_write, f, NULL, NULL);
	if (rc == 0)
		rc = store_flush(*st);
	if (rc == 0 && (rc = f->rc) == 0)
		rc = index_of(f->k, *st, ix);
	if (rc && !e->code)
		err_set(e, rc, "the articles could not be written: %s", err_text(rc));
	return rc;
}

static int score_pair(struct kbs *k, sv articles, const char *from, const char *to)
{
	struct fill f = { .k = k, .doc = articles, .only = to, .fn = fill_company };
	struct store *st = NULL;
	struct kb_index *ix = NULL;
	struct sb q, o;
	char name[64];
	sb_init(&q, LIM_KB_DOC);
	sb_init(&o, LIM_KB_DOC);
	snprintf(name, sizeof(name), "questions.%s.tsv", from);
	add_company(k, name, &q);
	snprintf(name, sizeof(name), "far.%s.tsv", from);
	add_company(k, name, &q);
	snprintf(name, sizeof(name), "unanswerable.%s.txt", from);
	add_company(k, name, &o);
	int rc = open_filled(&f, &st, &ix);
	if (rc == 0)
		rc = evaluate(k, ix, from, to && strcmp(from, to) ? to : NULL, sb_sv(&q),
			      sb_sv(&o));
	(void)obj_unref(ix);
	store_close(st);
	sb_done(&q);
	sb_done(&o);
	return rc;
}

static int score_company(struct kbs *k)
{
	static const char *const both[] = { "en", "zh" };
	struct sb articles;
	sb_init(&articles, LIM_KB_DOC);
	int rc = load_company(k, "articles.jsonl", &articles, &k->e);
	for (int i = 0; i < 2 && rc == 0; i++)
		if (!k->o->lang || strcmp(k->o->lang, both[i]) == 0)
			rc = score_pair(k, sb_sv(&articles), both[i],
					k->o->cross ? both[!i] : NULL);
	sb_done(&articles);
	return rc;
}

/* ---- tau2-bench's bank: a task needs several documents ---- */

static int fill_bank(struct fill *f)
{
	sv text = f->doc, line;
	int rc = 0;
	while (!rc && sv_line(&text, &line)) {
		jv *o = jv_parse(line, &f->k->e);
		struct kb_article a = { .id = jv_get_str(o, "id"), .group_id = jv_get_str(o, "id"),
					.lang = SV("en"), .title = jv_get_str(o, "title"),
					.body_md = jv_get_str(o, "content") };
		rc = o ? put_row(f, &a) : ERR_PARSE;
		jv_free(o);
	}
	return rc;
}

struct bank {
	size_t tasks, any;
	double five;                 /* sum of hits / min(5, needed) */
};

static void count_task(const struct kb_result *r, const jv *want, struct bank *b)
{
	size_t hits = 0, need = jv_len(want);
	for (size_t i = 0; i < r->n; i++)
		for (size_t j = 0; j < need; j++)
			hits += sv_eq(r->hits[i].article_id, jv_as_str(jv_at(want, j)));
	b->tasks++;
	b->any += hits > 0;
	b->five += (double)hits / (double)(need < TASK_TOP ? need : TASK_TOP);
}

/* The task's instruction is the question, wish by wish. */
static int ask_task(struct kbs *k, struct kb_index *ix, sv text, struct arena *a,
		    struct kb_result *r)
{
	sv part[KB_WISHES];
	size_t n = kb_wishes(text, part, KB_WISHES);
	struct kb_query *q = arena_new(a, struct kb_query, n + 1);
	if (!q)
		return ERR_NOMEM;
	for (size_t i = 0; i < n; i++) {
		q[i] = (struct kb_query){ .text = part[i], .lang = SV("en"), .k = TASK_TOP };
		int dim = 0;
		const float *v = k->vecs ? app_vecs_question(k->vecs, part[i], &dim) : NULL;
		float *own = v ? arena_new(a, float, dim) : NULL;
		if (!own)
			continue;
		memcpy(own, v, (size_t)dim * sizeof(*v));
		q[i].vec = own;
		q[i].dim = dim;
	}
	return kb_search_many(ix, q, n, TASK_TOP, a, r);
}

static int ask_tasks(struct kbs *k, struct kb_index *ix, sv text, struct bank *b)
{
	struct arena a;
	sv line;
	int rc = 0;
	arena_init(&a, LIM_ARENA_BIG);
	while (!rc && sv_line(&text, &line)) {
		struct kb_result r;
		jv *o = jv_parse(line, &k->e);
		const jv *want = jv_get(o, "required_documents");
		sv said = jv_get_str(jv_get(o, "user_scenario"), "instructions");
		arena_reset(&a);
		if (!o)
			rc = ERR_PARSE;
		else if (jv_len(want) && said.n && (rc = ask_task(k, ix, said, &a, &r)) == 0)
			count_task(&r, want, b);
		jv_free(o);
	}
	arena_done(&a);
	return rc;
}

static int read_bank(struct kbs *k, const char *name, struct sb *out)
{
	char path[1024];
	(void)snprintf(path, sizeof(path), "%s/%s", k->o->bank, name);
	sb_reset(out);
	return file_read(path, TASKS_BYTES, out, &k->e);
}

static int score_bank(struct kbs *k)
{
	struct fill f = { .k = k, .fn = fill_bank };
	struct store *st = NULL;
	struct kb_index *ix = NULL;
	struct bank b = { 0 };
	struct sb text;
	sb_init(&text, TASKS_BYTES);
	int rc = read_bank(k, "banking/documents.jsonl", &text);
	f.doc = sb_sv(&text);
	if (rc == 0)
		rc = open_filled(&f, &st, &ix);
	if (rc == 0)
		rc = read_bank(k, "open_banking_tasks.jsonl", &text);
	if (rc == 0)
		rc = ask_tasks(k, ix, sb_sv(&text), &b);
	if (rc == 0 && k->o->json) {
		jv *o = jv_obj();
		jv_set_int(o, "tasks", (int64_t)b.tasks);
		jv_set_num(o, "hits_of_five", b.tasks ? b.five / (double)b.tasks : 0);
		jv_set_num(o, "any", rate(b.any, b.tasks));
		cli_print_json(o);
	} else if (rc == 0) {
		printf("%zu tasks  hits / min(5, needed) %.3f  any of them among five %.1f %%\n",
		       b.tasks, b.tasks ? b.five / (double)b.tasks : 0, 100 * rate(b.any, b.tasks));
	}
	(void)obj_unref(ix);
	store_close(st);
	sb_done(&text);
	return rc;
}

/* ---- door ---- */

int score_kb(const struct score_kb *o)
{
	struct kbs k = { .o = o };
	int rc = o->meaning ? app_vecs_open(&k.vecs, o->data, o->vectors, &k.e) : 0;
	arena_init(&k.mem, LIM_ARENA_BIG);
	if (rc == 0)
		rc = o->bank ? score_bank(&k) : o->company ? score_company(&k) : score_data(&k);
	arena_done(&k.mem);
	app_vecs_close(k.vecs);
	return rc ? cli_fail("%s", k.e.msg[0] ? k.e.msg : err_text(rc)) : 0;
}
