/* app_data.c: the data folder, the demo company inside the program, imports and the index over
 * them. */
#include "app_company.h"
#include "app_int.h"
#include "ingest.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;

int app_data_dir(const char *opt, struct sb *out, struct err *e)
{
	const char *env = getenv("CALLM_DATA"), *xdg = getenv("XDG_DATA_HOME"),
		   *home = getenv("HOME");
	sb_reset(out);
	if (opt && *opt)
		sb_cstr(out, opt);
	else if (env && *env)
		sb_cstr(out, env);
	else if (xdg && *xdg)
		sb_fmt(out, "%s/callm", xdg);
	else
		sb_fmt(out, "%s/.local/share/callm", home && *home ? home : "/var/lib");
	return file_mkdirs(sb_str(out), e);
}

/* ---- import ---- */

struct batch {
	struct arena arena;
	VEC(struct kb_article) list;
	size_t changed, same, bad;
	int rc;
};

static int batch_add(void *arg, const struct kb_article *a)
{
	struct batch *b = arg;
	struct kb_article *slot = VEC_PUSH(&b->list, LIM_KB_ARTICLES);
	if (!slot)
		return ERR_FULL;
	*slot = *a;
	return 0;
}

static int batch_write(void *arg, struct store_db *db)
{
	struct batch *b = arg;
	int64_t now = clk_wall_ms();
	for (size_t i = 0; i < b->list.n; i++) {
		bool changed = false;
		b->rc = kb_put(db, &b->list.v[i], now, &changed);
		if (b->rc)
			return b->rc;
		b->changed += changed;
		b->same += !changed;
	}
	return 0;
}

static int batch_commit(struct batch *b, struct store *st, struct err *e)
{
	int rc = store_write(st, batch_write, b, NULL, NULL);
	if (rc == 0)
		rc = store_flush(st);
	if (rc == 0)
		rc = b->rc;
	return rc ? err_set(e, rc, "the articles could not be written: %s", err_text(rc)) : 0;
}

static void batch_done(struct batch *b)
{
	VEC_FREE(&b->list);
	arena_done(&b->arena);
}

static int parse_demo_file(struct batch *b, const struct embed_file *f, struct err *e)
{
	bool kb = sv_starts(sv_of(f->path), SV("kb/"));
	bool products = sv_eq(sv_of(f->path), SV("products.jsonl"));
	if (!kb && !products)
		return 0;
	struct sb text;
	sb_init(&text, LIM_KB_DOC);
	int rc = embed_text(f, &text);
	sv doc = arena_sv(&b->arena, sb_sv(&text));
	sb_done(&text);
	if (rc)
		return err_set(e, rc, "%s inside the program is damaged", f->path);
	const char *name = arena_fmt(&b->arena, "demo/%s", f->path);
	if (kb)
		return kb_parse(doc, KB_MARKDOWN, name, &b->arena, batch_add, b, e);
	return kb_parse_products(doc, name, &b->arena, batch_add, b, NULL, e);
}

int app_demo_import(struct store *st, size_t *ret_articles, struct err *e)
{
	struct batch b = { 0 };
	int rc = 0;
	arena_init(&b.arena, LIM_ARENA_BIG);
	for (size_t i = 0; i < demo_files_n && rc == 0; i++)
		rc = parse_demo_file(&b, &demo_files[i], e);
	if (rc == 0)
		rc = batch_commit(&b, st, e);
	if (rc == 0 && ret_articles)
		*ret_articles = b.list.n;
	batch_done(&b);
	return rc;
}

/* Whose the folder becomes: one from before folders were marked is looked into. */
static int claim(const char *data, sv company, struct err *e)
{
	char path[4200];
	struct store *st = NULL;
	(void)snprintf(path, sizeof(path), "%s/company", data);
	bool marked = file_exists(path);
	(void)snprintf(path, sizeof(path), "%s/callm.db", data);
	if (marked || !file_exists(path))
		return app_company_claim(data, company, e);
	struct store_opts o = { .dir = data, .readonly = true };
	int rc = store_open(&st, &o, e);
	if (rc == 0)
		rc = app_company_claim_open(data, company, st, false, e);
	store_close(st);
	return rc;
}

int app_data_of(const char *data, const char *config, struct sb *out, struct err *e)
{
	jv *cfg = config ? app_config(config, NULL, false) : NULL;
	sv dir = jv_get_str(cfg, "data");
	if (config && !cfg)
		return err_set(e, ERR_INVAL, "%s has the faults above", config);
	int rc = app_data_dir(data ? data : dir.n ? dir.p : NULL, out, e);
	if (rc == 0 && jv_get_str(cfg, "company").n)
		rc = claim(sb_str(out), jv_get_str(cfg, "company"), e);
	jv_free(cfg);
	return rc;
}

static void batch_bad(void *arg, const char *path, const struct err *e)
{
	struct batch *b = arg;
	b->bad++;
	(void)cli_fail("%s", e->msg[0] ? e->msg : path);
}

int app_import(struct store *st, const char *const *paths, size_t n, struct app_imported *ret,
	       struct err *e)
{
	struct batch b = { 0 };
	int rc = 0;
	arena_init(&b.arena, LIM_ARENA_BIG);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = ing_parse_path(NULL, paths[i], &b.arena, batch_add, batch_bad, &b, e);
		if (rc == ERR_NOTFOUND) {    /* nothing is there: the others are */
			batch_bad(&b, paths[i], e);
			rc = 0;
		}
	}
	if (rc == 0 && b.list.n)
		rc = batch_commit(&b, st, e);
	if (rc == 0)
		*ret = (struct app_imported){ b.changed, b.same, b.bad };
	batch_done(&b);
	return rc;
}

jv *app_demo_company(struct err *e)
{
	const struct embed_file *f = embed_find(demo_files, demo_files_n, SV("company.yaml"));
	struct sb text;
	struct cfg_report rep = { 0 };
	sb_init(&text, LIM_CFG_BYTES);
	jv *v = f && embed_text(f, &text) == 0 ? cfg_parse(sb_sv(&text), "company.yaml", &rep) :
						 NULL;
	if (!v)
		err_set(e, ERR_PARSE, "company.yaml inside the program: %s",
			rep.n ? rep.v[0].what : "missing");
	cfg_report_done(&rep);
	sb_done(&text);
	return v;
}

bool app_has_articles(struct store *st)
{
	struct store_db *db;
	struct store_stmt *q;
	bool has = false;
	if (store_reader(st, &db) || store_prep(db, &q, "SELECT 1 FROM article LIMIT 1"))
		return false;
	has = store_step(q) == 1;
	store_reset(q);
	return has;
}

int app_index(struct store *st, struct kb_index **ret, struct err *e)
{
	return app_index_with(st, NULL, ret, e);
}

int app_index_with(struct store *st, const struct kb_dense *dense, struct kb_index **ret,
		   struct err *e)
{
	struct store_db *db;
	int rc = store_reader(st, &db);
	if (rc)
		return err_set(e, rc, "the database cannot be read");
	struct kb_opts o = { .dense = dense };
	rc = kb_build(ret, db, &o, e);
	if (rc == 0)
		metric_set(M_KB_ARTICLES, (int64_t)kb_count(*ret));
	return rc;
}

/* ---- one-shot commands ---- */

/* Its own company where the folder has one, else the demo. What needs the data alone goes on where
 * the company's file is not (restored elsewhere, another machine). */
static int desk_company(struct app_desk *d, bool empty, struct err *e)
{
	struct sb own;
	sb_init(&own, 8192);
	app_company_of_data(sb_str(&d->dir), &own);
	d->cfg = jv_obj();
	bool gone = own.n && !file_exists(sb_str(&own));
	if (gone && !empty)
		err_set(e, ERR_STATE,
			"the data folder %s belongs to the company of %s, which is not there; say "
			"where it is now with --config",
			sb_str(&d->dir), sb_str(&own));
	else if (own.n && !gone)
		jv_set_str(d->cfg, "company", sb_sv(&own));
	sb_done(&own);
	d->company = !gone ? app_company_of(d->cfg, e) : empty ? jv_obj() : NULL;
	return d->company ? 0 : e->code ? e->code : ERR_PARSE;
}

static int desk_demo(struct app_desk *d, struct err *e)
{
	int rc = app_company_claim(sb_str(&d->dir), SV_NULL, e);
	return rc ? rc : app_demo_import(d->store, NULL, e);
}

static int desk_fill(struct app_desk *d, bool empty, struct err *e)
{
	struct kb_index *ix;
	int rc = desk_company(d, empty, e);
	if (rc == 0 && !empty && !jv_get_str(d->cfg, "company").n && !app_has_articles(d->store))
		rc = desk_demo(d, e);
	if (rc == 0)
		rc = app_index(d->store, &ix, e);
	if (rc)
		return rc;
	d->kb = snap_new(ix);
	d->pool = pool_new_inline();
	return 0;
}

int app_desk_open(struct app_desk *d, const char *data, bool empty, bool write, struct err *e)
{
	*d = (struct app_desk){ 0 };
	sb_init(&d->dir, 4096);
	int rc = app_data_dir(data, &d->dir, e);
	struct store_opts o = { .dir = sb_str(&d->dir) };
	if (rc == 0)
		rc = store_open(&d->store, &o, e);
	if (rc == ERR_BUSY && !write) { /* a server runs here: read beside it */
		o.readonly = true;
		rc = store_open(&d->store, &o, e);
	}
	if (rc == 0)
		rc = desk_fill(d, empty, e);
	if (rc)
		app_desk_close(d);
	return rc;
}

void app_desk_close(struct app_desk *d)
{
	if (d->kb)
		snap_free(d->kb);
	pool_free(d->pool);
	store_close(d->store);
	jv_free(d->company);
	jv_free(d->cfg);
	sb_done(&d->dir);
	*d = (struct app_desk){ 0 };
}

static int drop_file(void *arg, const char *path)
{
	return unlink(path) ? ERR_IO : 0;
}

void app_desk_remove(const char *dir)
{
	char sub[4200];
	(void)file_walk(dir, drop_file, NULL);
	(void)snprintf(sub, sizeof(sub), "%s/messages", dir);
	(void)rmdir(sub);
	if (rmdir(dir))
		fprintf(stderr, "%s could not be removed\n", dir);
}
