/* cmd_kb.c: `callm kb`: import, search, list, export; the rest is in cmd_kb_gap.c and
 * cmd_kb_source.c. */
#include "app_int.h"

#include <stdio.h>

static int kb_import_cmd(struct app_desk *d, int argc, char **argv, int rest, bool json)
{
	struct app_imported n = { 0 };
	struct err e = { 0 };
	if (rest >= argc)
		return cli_fail("which files? callm kb import PATH..."), 2;
	int rc = app_import(d->store, (const char *const *)&argv[rest], (size_t)(argc - rest),
			    &n, &e);
	if (rc)
		return cli_fail("%s", e.msg);
	if (json) {
		jv *o = jv_obj();
		jv_set_int(o, "new_or_changed", (int64_t)n.fresh);
		jv_set_int(o, "unchanged", (int64_t)n.same);
		jv_set_int(o, "bad", (int64_t)n.bad);
		cli_print_json(o);
	} else {
		printf("%zu new or changed, %zu unchanged", n.fresh, n.same);
		if (n.bad)
			printf(", %zu not imported, told above", n.bad);
		printf("\n");
	}
	return n.bad != 0;
}

static void set_day(jv *o, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	if (ms)
		jv_set_str(o, key, sv_of(when));
	else
		jv_set(o, key, jv_null());
}

static void print_hit(const struct kb_hit *h, bool json)
{
	if (!json) {
		printf("%.3f  " SV_FMT "  (" SV_FMT ")\n       " SV_FMT "\n", h->score,
		       SV_ARG(h->title), SV_ARG(h->article_id), SV_ARG(h->quote));
		return;
	}
	jv *o = jv_obj();
	jv_set_str(o, "article_id", h->article_id);
	jv_set_str(o, "title", h->title);
	jv_set_str(o, "passage", h->passage);
	jv_set_str(o, "quote", h->quote);
	jv_set_num(o, "score", h->score);
	jv_set_num(o, "p", h->p);
	set_day(o, "valid_from", h->valid_from_ms);
	set_day(o, "valid_to", h->valid_to_ms);
	jv_set_str(o, "source", h->source);
	jv_set_str(o, "lang", h->lang);
	jv_set_int(o, "version", h->version);
	cli_print_json(o);
}

static int kb_search_cmd(struct app_desk *d, const char *text, const char *lang, int k, bool json)
{
	struct arena a;
	struct kb_result r = { 0 };
	arena_init(&a, LIM_ARENA_TURN);
	struct kb_index *ix = snap_get(d->kb);
	struct kb_query q = { .text = sv_of(text),
			      .lang = sv_of(lang),
			      .k = k < 1  ? 5 :
				   k > 20 ? 20 :
					    k };
	int rc = kb_search(ix, &q, &a, &r);
	for (size_t i = 0; rc == 0 && i < r.n; i++)
		print_hit(&r.hits[i], json);
	if (rc == 0 && r.n == 0 && !json)
		printf("nothing found\n");
	obj_unref(ix);
	arena_done(&a);
	return rc ? cli_fail("the search failed: %s", err_text(rc)) : 0;
}

static int kb_list_cmd(struct app_desk *d, bool whole)
{
	struct store_db *db;
	struct store_stmt *q;
	if (store_reader(d->store, &db) ||
	    store_prep(db, &q,
		       "SELECT id, lang, title, category, version, body_md, aliases, source "
		       "FROM article "
		       "WHERE status='published' ORDER BY id"))
		return cli_fail("the database cannot be read");
	while (store_step(q) == 1) {
		jv *o = jv_obj();
		jv_set_str(o, "id", store_col_sv(q, 0));
		jv_set_str(o, "lang", store_col_sv(q, 1));
		jv_set_str(o, "title", store_col_sv(q, 2));
		jv_set_str(o, "category", store_col_sv(q, 3));
		jv_set_int(o, "version", store_col_int(q, 4));
		if (whole) {
			jv_set_str(o, "question", store_col_sv(q, 2));
			jv_set_str(o, "answer", store_col_sv(q, 5));
			jv_set_str(o, "aliases", store_col_sv(q, 6));
			jv_set_str(o, "source", store_col_sv(q, 7));
		}
		cli_print_json(o);
	}
	store_reset(q);
	return 0;
}

static int open_desk(struct app_desk *d, const char *data, const char *config, bool empty,
		     bool write, struct err *e)
{
	struct sb dir;
	sb_init(&dir, 4096);
	int rc = app_data_of(data, config, &dir, e);
	if (rc == 0)
		rc = app_desk_open(d, sb_str(&dir), empty, write, e);
	if (rc == ERR_BUSY)
		rc = err_set(e, rc,
			     "a server runs in the data folder %s: bring documents in by its "
			     "console, Knowledge > Sources, or by POST /api/v1/kb/sources",
			     sb_str(&dir));
	sb_done(&dir);
	return rc;
}

int cmd_kb(int argc, char **argv)
{
	const char *data = NULL, *config = NULL, *lang = "";
	bool json = false, empty = false;
	struct kb_source_opts src = { .every = -1, .depth = -1 };
	int64_t k = 5;
	int rest, status;
	const struct cli_opt opts[] = {
		{ "json", CLI_FLAG, &json, "one JSON object a line" },
		{ "k", CLI_INT, &k, "hits wanted (1 to 20)" },
		{ "lang", CLI_STR, &lang, "language of the articles" },
		{ "data", CLI_STR, &data, "data folder" },
		{ "config", CLI_STR, &config, "or the configuration that names it" },
		{ "empty", CLI_FLAG, &empty,
		  "do not start a fresh folder with the demo company" },
		{ "every", CLI_INT, &src.every,
		  "sync: seconds between looks of a server; 0 = by hand" },
		{ "depth", CLI_INT, &src.depth, "sync of an address: links followed (0 to 3)" },
		{ "private", CLI_FLAG, &src.private_addr,
		  "sync: addresses of private networks too" },
	};
	/* -k N as in the manual */
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-k") == 0)
			argv[i] = "--k";
	if (!cli_parse(argc, argv, opts, sizeof(opts) / sizeof(*opts), &rest, &status))
		return status;
	const char *verb = rest < argc ? argv[rest++] : "";
	bool import = strcmp(verb, "import") == 0, search = strcmp(verb, "search") == 0;
	bool list = strcmp(verb, "list") == 0, export = strcmp(verb, "export") == 0;
	bool gap = kb_gap_verb(verb), source = kb_source_verb(verb);
	if (!import && !search && !list && !export && !gap && !source)
		return cli_fail("kb what? import, sync, sources, search, list, export, gaps, "
				"drafts, conflicts, "
				"coverage or learn; see callm kb --help"),
		       2;
	if (search && rest >= argc)
		return cli_fail("what should be searched? callm kb search \"TEXT\""), 2;
	struct app_desk d;
	struct err e = { 0 };
	bool learn = strcmp(verb, "learn") == 0;
	bool sync = strcmp(verb, "sync") == 0;
	if (open_desk(&d, data, config, empty || import || sync, import || learn || sync, &e))
		return cli_fail("%s", e.msg);
	src.lang = lang;
	src.json = json;
	int rc = gap	? kb_gap_cmd(&d, verb, lang, json) :
		 source ? kb_source_cmd(&d, verb, &src, argc - rest, argv + rest) :
		 export && rest < argc ? kb_export_tree(&d, argv[rest], json) :
		 import ? kb_import_cmd(&d, argc, argv, rest, json) :
		 search ? kb_search_cmd(&d, argv[rest], lang, (int)k, json) :
			  kb_list_cmd(&d, export);
	app_desk_close(&d);
	return rc;
}
