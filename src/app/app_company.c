/* app_company.c: a company's texts, from the demo inside the program or from its own folder. */
#include "app_company.h"
#include "app_int.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXTS_MAX 400
#define TEXT_BYTES (4u << 20)
#define DATA_BYTES (256u << 20)

extern const struct embed_file demo_files[];
extern const size_t demo_files_n;
extern const struct embed_file packs_files[];
extern const size_t packs_files_n;

void app_company_open(struct app_company *c, sv config)
{
	c->dir[0] = '\0';
	if (!config.n)
		return;
	(void)snprintf(c->dir, sizeof(c->dir), SV_FMT, SV_ARG(config));
	char *slash = strrchr(c->dir, '/');
	if (slash)
		*slash = '\0';
	else
		(void)snprintf(c->dir, sizeof(c->dir), ".");
}

jv *app_company_of(const jv *cfg, struct err *e)
{
	sv path = jv_get_str(cfg, "company");
	if (!path.n)
		return app_demo_company(e);
	struct sb text;
	struct cfg_report rep = { 0 };
	sb_init(&text, LIM_CFG_BYTES);
	jv *v = NULL;
	if (file_read(path.p, LIM_CFG_BYTES, &text, e) == 0) {
		v = cfg_parse(sb_sv(&text), path.p, &rep);
		if (!v)
			err_set(e, ERR_PARSE, "%s: %s; %s", rep.n ? rep.v[0].where : path.p,
				rep.n ? rep.v[0].what : "not YAML",
				rep.n ? rep.v[0].mend : "see demo/company.yaml");
	}
	cfg_report_done(&rep);
	sb_done(&text);
	return v;
}

/* "flows/return.yaml" -> "return" */
static sv id_of(sv path)
{
	for (ptrdiff_t i; (i = sv_find_ch(path, '/')) >= 0;)
		path = sv_slice(path, (size_t)i + 1, path.n);
	return sv_ends(path, SV(".yaml")) ? sv_slice(path, 0, path.n - 5) : path;
}

static int add(struct app_texts *t, sv name, sv text)
{
	struct app_text *x = VEC_PUSH(t, TEXTS_MAX);
	if (!x)
		return ERR_FULL;
	x->name = xstrdup(name);
	x->id = xstrdup(id_of(name));
	x->text = xstrdup(text);
	return 0;
}

static int from_demo(const char *folder, struct app_texts *ret)
{
	struct sb b;
	int rc = 0;
	size_t n = strlen(folder);
	sb_init(&b, TEXT_BYTES);
	for (size_t i = 0; i < demo_files_n && rc == 0; i++) {
		sv path = sv_of(demo_files[i].path);
		bool in = sv_starts(path, sv_of(folder)) && path.n > n && path.p[n] == '/';
		if (!in || !sv_ends(path, SV(".yaml")))
			continue;
		sb_reset(&b);
		rc = embed_text(&demo_files[i], &b);
		if (rc == 0)
			rc = add(ret, path, sb_sv(&b));
	}
	sb_done(&b);
	return rc;
}

struct walk {
	struct app_texts *ret;
	const char *folder;
	struct err *e;
};

static int on_file(void *arg, const char *path)
{
	struct walk *w = arg;
	struct sb b;
	char name[200];
	sv id = id_of(sv_of(path));
	if (!sv_ends(sv_of(path), SV(".yaml")))
		return 0;
	sb_init(&b, TEXT_BYTES);
	int rc = file_read(path, TEXT_BYTES, &b, w->e);
	(void)snprintf(name, sizeof(name), "%.60s/" SV_FMT ".yaml", w->folder,
		       (int)(id.n < 100 ? id.n : 100), id.p);
	if (rc == 0)
		rc = add(w->ret, sv_of(name), sb_sv(&b));
	sb_done(&b);
	return rc;
}

int app_company_texts(const struct app_company *c, const char *folder, struct app_texts *ret,
		      struct err *e)
{
	char path[4200];
	struct walk w = { ret, folder, e };
	if (!c->dir[0])
		return from_demo(folder, ret);
	(void)snprintf(path, sizeof(path), "%s/%s", c->dir, folder);
	return file_exists(path) ? file_walk(path, on_file, &w) : 0;
}

int app_company_file(const struct app_company *c, const char *name, struct sb *out, struct err *e)
{
	char path[4200];
	if (c->dir[0]) {
		(void)snprintf(path, sizeof(path), "%s/%s", c->dir, name);
		return file_exists(path) ? file_read(path, DATA_BYTES, out, e) : ERR_NOTFOUND;
	}
	const struct embed_file *f = embed_find(demo_files, demo_files_n, sv_of(name));
	return f ? embed_text(f, out) : ERR_NOTFOUND;
}

int app_company_file_or_own(const struct app_company *c, const char *name, struct sb *out,
			    struct err *e)
{
	char path[200];
	int rc = app_company_file(c, name, out, e);
	if (rc != ERR_NOTFOUND)
		return rc;
	(void)snprintf(path, sizeof(path), "own/%s", name);
	const struct embed_file *f = embed_find(packs_files, packs_files_n, sv_of(path));
	return f ? embed_text(f, out) : ERR_NOTFOUND;
}

int app_company_whole(const jv *company, sv file, struct err *e)
{
	static const char *const said[] = { "name", "phone", "email", "hours.text" };
	struct sb gone;
	int n = 0;
	sb_init(&gone, 200);
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		const jv *v = jv_path(company, said[i]);
		if (sv_trim(jv_as_str(v)).n || sv_trim(jv_get_str(v, "zh")).n ||
		    sv_trim(jv_get_str(v, "en")).n)
			continue;
		sb_fmt(&gone, "%s%s", n++ ? ", " : "", said[i]);
	}
	int rc = n == 0 ? 0 : err_set(e, ERR_INVAL,
				      SV_FMT ": %s %s empty, and customers are told; fill %s in",
				      SV_ARG(file), sb_str(&gone), n > 1 ? "are" : "is",
				      n > 1 ? "them" : "it");
	sb_done(&gone);
	return rc;
}

/* ---- whose a data folder is ---- */

#define DEMO "demo"

static void mark_read(const char *data, struct sb *out)
{
	char path[4200];
	struct err e = { 0 };
	struct sb b;
	(void)snprintf(path, sizeof(path), "%s/company", data);
	sb_init(&b, 8192);
	sb_reset(out);
	if (file_exists(path) && file_read(path, 8192, &b, &e) == 0)
		sb_put(out, sv_trim(sb_sv(&b)));
	sb_done(&b);
}

void app_company_of_data(const char *data, struct sb *out)
{
	mark_read(data, out);
	if (sv_eq(sb_sv(out), SV(DEMO)))
		sb_reset(out);
}

int app_company_claim(const char *data, sv company, struct err *e)
{
	char full[4200], path[4200];
	struct sb mark;
	int rc = 0;
	sb_init(&mark, 8192);
	mark_read(data, &mark);
	bool demo = sv_eq(sb_sv(&mark), SV(DEMO));
	if (demo && company.n)
		rc = err_set(e, ERR_STATE,
			     "the data folder %s holds the demo company's articles, products and "
			     "customers; name another one, with data: in the configuration or "
			     "--data",
			     data);
	else if (mark.n && !demo && !company.n)
		rc = err_set(e, ERR_STATE,
			     "the data folder %s belongs to the company of %s, not to the demo; "
			     "name its configuration with --config, or another folder with --data",
			     data, sb_str(&mark));
	else if (mark.n && !demo && file_exists(sb_str(&mark)) &&
		 !(realpath(company.p, full) && sv_eq(sb_sv(&mark), sv_of(full))))
		rc = err_set(
			e, ERR_STATE,
			"the data folder %s belongs to the company of %s, which is still "
			"there, not "
			"to %s; name another folder, with data: in the configuration or --data",
			data, sb_str(&mark), company.p);
	const char *whose = !company.n ? DEMO : realpath(company.p, full) ? full : company.p;
	(void)snprintf(path, sizeof(path), "%s/company", data);
	if (rc == 0 && !sv_eq(sb_sv(&mark), sv_of(whose))) {
		sb_reset(&mark);
		sb_fmt(&mark, "%s\n", whose);
		rc = file_write(path, sb_sv(&mark), e);
	}
	sb_done(&mark);
	return rc;
}

/* Has it articles, and are some of them the demo's (app_demo_import)? */
static int whose_articles(struct store *st, bool *any, bool *demo)
{
	struct store_db *db;
	int64_t n = 0;
	int rc = store_reader(st, &db);
	*any = rc == 0 && app_has_articles(st);
	if (rc == 0)
		rc = store_one_int(db,
				   "SELECT EXISTS (SELECT 1 FROM article WHERE source LIKE "
				   "'demo/kb/%')",
				   SV_NULL, &n);
	*demo = n;
	return rc;
}

int app_company_claim_open(const char *data, sv company, struct store *st, bool made_up,
			   struct err *e)
{
	struct sb mark;
	bool any, demo;
	sb_init(&mark, 8192);
	mark_read(data, &mark);
	bool marked = mark.n > 0;
	sb_done(&mark);
	if (marked)
		return app_company_claim(data, company, e);
	int rc = whose_articles(st, &any, &demo);
	if (rc)
		return err_set(e, rc, "the articles of %s cannot be read", data);
	if (any && !demo && !company.n)
		return made_up ? err_set(e, ERR_STATE,
					 "the data folder %s holds articles of a company's "
					 "own; a "
					 "made-up past is for the demo's: name an empty folder "
					 "with "
					 "--data",
					 data) :
				 0;
	if (demo && company.n)
		(void)app_company_claim(data, SV_NULL, e);      /* and refused below */
	return app_company_claim(data, company, e);
}

void app_texts_put(struct app_texts *t, sv id, sv text, int version)
{
	char name[120];
	for (size_t i = 0; i < t->n; i++)
		if (sv_eq(id, sv_of(t->v[i].id))) {
			xfree(t->v[i].text);
			t->v[i].text = xstrdup(text);
			t->v[i].version = version;
			return;
		}
	(void)snprintf(name, sizeof(name), SV_FMT ".yaml", (int)(id.n < 100 ? id.n : 100), id.p);
	if (add(t, sv_of(name), text) == 0)
		t->v[t->n - 1].version = version;
}

void app_texts_done(struct app_texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		xfree(t->v[i].name);
		xfree(t->v[i].id);
		xfree(t->v[i].text);
	}
	VEC_FREE(t);
}
