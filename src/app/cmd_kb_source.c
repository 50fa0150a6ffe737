/* cmd_kb_source.c: `callm kb sync | sources | export DIR`: documents that keep the knowledge
 * base current, by hand. While a server has the data folder, its own thread does this
 * (docs/ingest.md). */
#include "app_int.h"
#include "ingest.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

bool kb_source_verb(const char *verb)
{
	return strcmp(verb, "sync") == 0 || strcmp(verb, "sources") == 0;
}

/* What a word of the command line is: an address, a table, or a path made whole. */
static int place_of(const char *word, struct ing_source *s, char path[PATH_MAX], struct err *e)
{
	struct stat st;
	sv w = sv_of(word);
	if (sv_starts(w, SV("http://")) || sv_starts(w, SV("https://"))) {
		s->kind = sv_ends(w, SV(".xml")) ? ING_SITEMAP : ING_URL;
		s->place = w;
		return 0;
	}
	if (!realpath(word, path) || stat(path, &st) != 0) {
		if (sv_find_ch(w, '/') >= 0 || sv_find_ch(w, '.') >= 0)
			return err_set(e, ERR_NOTFOUND, "%.200s: no such file or folder", word);
		s->kind = ING_TABLE;
		s->place = w;
		return 0;
	}
	s->kind = S_ISDIR(st.st_mode) ? ING_FOLDER : ING_FILE;
	s->place = sv_of(path);
	return 0;
}

static void print_doc(const jv *d, const char *lang)
{
	const jv *notes = jv_get(d, "notes");
	printf("  %-8.*s " SV_FMT "  (%lld articles)\n", SV_ARG(jv_get_str(d, "state")),
	       SV_ARG(jv_get_str(d, "uri")), (long long)jv_get_int(d, "articles", 0));
	for (size_t i = 0; i < jv_len(notes); i++) {
		const jv *n = jv_at(notes, i);
		sv mend = jv_get_str(jv_get(n, "mend"), lang);
		printf("           " SV_FMT "%s" SV_FMT "\n",
		       SV_ARG(jv_get_str(jv_get(n, "text"), lang)), mend.n ? "; " : "",
		       SV_ARG(mend));
	}
}

/* What needs a person. */
static void print_troubled(struct store *st, const char *id, const char *lang, bool json)
{
	const struct ing_docs_ask ask = { .id = sv_of(id), .state = SV("bad"), .limit = 200 };
	struct store_db *db;
	struct sb b;
	sb_init(&b, 16u << 20);
	jv *page = store_reader(st, &db) == 0 &&
				   ing_docs_json(db, &ask, &b) == 0 ?
			   jv_parse(sb_sv(&b), NULL) : NULL;
	const jv *items = jv_get(page, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		if (json)
			cli_print_json(jv_copy(jv_at(items, i)));
		else
			print_doc(jv_at(items, i), lang);
	}
	jv_free(page);
	sb_done(&b);
}

static int sync_one(struct app_desk *d, struct ing *g, const char *id, const char *lang, bool json)
{
	struct ing_report r;
	struct err e = { 0 };
	int rc = ing_sync(g, sv_of(id), &r, &e);
	print_troubled(d->store, id, lang, json);
	if (rc)
		return cli_fail("%s", e.msg);
	if (json) {
		jv *o = jv_obj();
		jv_set_str(o, "source", sv_of(id));
		jv_set_int(o, "documents", r.docs);
		jv_set_int(o, "changed", r.changed);
		jv_set_int(o, "unchanged", r.same);
		jv_set_int(o, "gone", r.gone);
		jv_set_int(o, "refused", r.refused);
		jv_set_int(o, "articles_made", r.made);
		jv_set_int(o, "articles_retired", r.retired);
		cli_print_json(o);
	} else {
		printf("%lld documents: %lld changed, %lld unchanged, %lld gone, %lld refused; "
		       "%lld articles new or changed, %lld retired\n",
		       (long long)r.docs, (long long)r.changed, (long long)r.same,
		       (long long)r.gone, (long long)r.refused, (long long)r.made,
		       (long long)r.retired);
	}
	return 0;
}

/* The sources there are, oldest first; the caller's. */
static jv *all_sources(struct store *st)
{
	struct store_db *db;
	struct sb b;
	sb_init(&b, 16u << 20);
	jv *page = store_reader(st, &db) == 0 && ing_sources_json(db, SV_NULL, 1000, &b) == 0 ?
			   jv_parse(sb_sv(&b), NULL) : NULL;
	sb_done(&b);
	return page;
}

static int sync_all(struct app_desk *d, struct ing *g, const char *lang, bool json)
{
	jv *page = all_sources(d->store);
	const jv *items = jv_get(page, "items");
	int rc = 0;
	if (!jv_len(items))
		rc = cli_fail("there is no source yet; callm kb sync PATH or URL makes one");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *s = jv_at(items, i);
		sv place = jv_get_str(s, "place");
		char id[40];
		(void)snprintf(id, sizeof(id), SV_FMT, SV_ARG(jv_get_str(s, "id")));
		/* the decision tables in use are the server's, which follows them by itself */
		if (sv_eq(jv_get_str(s, "kind"), SV("table")) && !ing_has_table(g, place)) {
			fprintf(stderr, SV_FMT ": the server follows this table\n",
				SV_ARG(place));
			continue;
		}
		rc = sync_one(d, g, id, lang, json) || rc;
	}
	jv_free(page);
	return rc;
}

/* The source of this place. One that is there stays as it was set up, but for what the command line
 * says. */
static int source_of(struct app_desk *d, struct ing *g, const struct kb_source_opts *o,
		     struct ing_source *s, char id[27], struct err *e)
{
	struct store_db *db;
	struct sb b;
	int rc = store_reader(d->store, &db);
	if (rc == 0)
		rc = ing_source_find(db, s->kind, s->place, id);
	if (rc)
		return err_set(e, rc, "the database cannot be read");
	if (id[0] && o->every < 0 && o->depth < 0)
		return 0;
	sb_init(&b, 64u << 10);
	jv *had = id[0] && ing_source_json(db, sv_of(id), &b) == 0 ? jv_parse(sb_sv(&b), NULL) :
								     NULL;
	sb_done(&b);
	s->name = jv_get_str(had, "name");
	s->lang = jv_get_str(had, "lang");
	s->category = jv_get_str(had, "category");
	s->owner = jv_get_str(had, "owner");
	s->docs_max = (int)jv_get_int(had, "docs_max", 0);
	s->every_s = (int)(o->every < 0 ? jv_get_int(had, "every_s", 0) : o->every);
	s->depth = (int)(o->depth < 0 ? jv_get_int(had, "depth", 0) : o->depth);
	rc = ing_source_add(g, s, SV("cli"), id, e);
	jv_free(had);
	return rc;
}

static int sync_cmd(struct app_desk *d, const struct kb_source_opts *o, int n, char **words)
{
	char uploads[PATH_MAX];
	struct ing *g;
	struct err e = { 0 };
	if (snprintf(uploads, sizeof(uploads), "%s/sources/uploads", sb_str(&d->dir)) >=
	    (int)sizeof(uploads))
		return cli_fail("the data folder's path is too long");
	if (o->every < -1 || o->every > INT_MAX || o->depth < -1 || o->depth > INT_MAX)
		return cli_fail("--every is a number of seconds up to 30 days, --depth 0 to 3");
	if (ing_open(&g,
		     &(struct ing_opts){ .store = d->store,
					 .allow_private = o->private_addr,
					 .uploads = uploads },
		     &e))
		return cli_fail("%s", e.msg);
	int rc = n ? 0 : sync_all(d, g, o->lang[0] ? o->lang : "en", o->json);
	for (int i = 0; i < n && !rc; i++) {
		struct ing_source s = { 0 };
		char path[PATH_MAX], id[27];
		if (place_of(words[i], &s, path, &e) || source_of(d, g, o, &s, id, &e))
			rc = cli_fail("%s", e.msg);
		else
			rc = sync_one(d, g, id, o->lang[0] ? o->lang : "en", o->json);
	}
	ing_close(g);
	return rc;
}

static int list_cmd(struct app_desk *d, bool json)
{
	jv *page = all_sources(d->store);
	const jv *items = jv_get(page, "items");
	for (size_t i = 0; i < jv_len(items); i++) {
		const jv *s = jv_at(items, i);
		if (json)
			cli_print_json(jv_copy(s));
		else
			printf("%-8.*s %-7.*s " SV_FMT
			       "  %lld documents, %lld with notes, %lld "
			       "articles  " SV_FMT "\n",
			       SV_ARG(jv_get_str(s, "state")), SV_ARG(jv_get_str(s, "kind")),
			       SV_ARG(jv_get_str(s, "place")),
			       (long long)jv_get_int(s, "documents", 0),
			       (long long)jv_get_int(s, "troubled", 0),
			       (long long)jv_get_int(s, "articles", 0),
			       SV_ARG(jv_get_str(s, "error")));
	}
	jv_free(page);
	return 0;
}

int kb_source_cmd(struct app_desk *d, const char *verb, const struct kb_source_opts *o, int n,
		  char **words)
{
	return strcmp(verb, "sync") == 0 ? sync_cmd(d, o, n, words) : list_cmd(d, o->json);
}

int kb_export_tree(struct app_desk *d, const char *dir, bool json)
{
	struct store_db *db;
	struct err e = { 0 };
	size_t n = 0;
	if (store_reader(d->store, &db))
		return cli_fail("the database cannot be read");
	if (ing_export_tree(db, dir, &n, &e))
		return cli_fail("%s", e.msg);
	if (json) {
		jv *o = jv_obj();
		jv_set_int(o, "articles", (int64_t)n);
		cli_print_json(o);
	} else {
		printf("%zu articles written below %s\n", n, dir);
	}
	return 0;
}
