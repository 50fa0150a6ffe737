/* t_ingest_sync.c: sources kept current: what changed is read again, what is gone is retired,
 * ids stay, the report says all of it. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ingest_paths.h"
#include "t_ingest_help.h"

struct world {
	struct store *st;
	struct ing *g;
	char dir[400], id[27];
	struct ing_report r;
	struct err e;
	int published, looks;
	const char *want;
};

static void on_changed(void *arg)
{
	((struct world *)arg)->published++;
}

static int world_open_in(struct world *w, const char *name)
{
	int rc;

	memset(w, 0, sizeof(*w));
	(void)snprintf(w->dir, sizeof(w->dir), "%s/%s", t_tmpdir(), name);
	rc = mkdir(w->dir, 0700);
	if (!rc)
		rc = store_open(&w->st, &(struct store_opts){ .dir = "" }, &w->e);
	if (!rc)
		rc = ing_open(&w->g,
			      &(struct ing_opts){ .store = w->st, .reader = INGEST_READER,
						  .on_changed = on_changed, .arg = w }, &w->e);
	return rc;
}

static int world_open(struct world *w)
{
	return world_open_in(w, "docs");
}

static void world_close(struct world *w)
{
	ing_close(w->g);
	store_close(w->st);
}

static void put_file(struct world *w, const char *name, const char *text)
{
	char path[800];
	struct err e;
	char *slash;

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
	slash = strrchr(path, '/');
	*slash = 0;
	(void)file_mkdirs(path, &e);
	*slash = '/';
	(void)file_write(path, sv_of(text), &e);
}

static int add_folder(struct world *w)
{
	struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(w->dir),
				.category = SV("help"), .owner = SV("anna") };

	return ing_source_add(w->g, &s, SV("t"), w->id, &w->e);
}

static int run_sync(struct world *w)
{
	return ing_sync(w->g, sv_of(w->id), &w->r, &w->e);
}

/* One value of a query with up to two parameters, as text ("" when there is no row). */
static const char *ask(struct world *w, const char *sql, const char *a, const char *b)
{
	static char out[4000];
	struct store_db *db;
	struct store_stmt *q;

	out[0] = 0;
	if (store_reader(w->st, &db) || store_prep(db, &q, sql))
		return "(no statement)";
	if (a)
		store_bind_sv(q, 1, sv_of(a));
	if (b)
		store_bind_sv(q, 2, sv_of(b));
	if (store_step(q) == 1)
		(void)snprintf(out, sizeof(out), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return out;
}

#define BODY "SELECT body_md FROM article WHERE id = ?1 AND status = 'published'"
#define STATE "SELECT state FROM source_doc WHERE uri = ?1"

TEST(ingest_folder_new_changed_same_gone)
{
	struct world w;

	OK(world_open(&w));
	put_file(&w, "returns.md", "# Returns\n\nWithin 30 days.\n");
	put_file(&w, "sub/faq.en.txt", "Shipping\n\nTwo days.\n");
	put_file(&w, ".git/x.md", "# no\n\nno\n");
	put_file(&w, "pic.png", "\x89PNG");
	OK(add_folder(&w));
	OK(run_sync(&w));
	EQ(w.r.docs, 2);
	EQ(w.r.changed, 2);
	EQ(w.r.made, 2);
	EQ(w.published, 1);
	STR_EQ(ask(&w, BODY, "returns.en", NULL), "Within 30 days.");
	STR_EQ(ask(&w, BODY, "sub-faq.en", NULL), "Two days.");
	STR_EQ(ask(&w, "SELECT category FROM article WHERE id = ?1", "returns.en", NULL), "help");
	STR_EQ(ask(&w, "SELECT source || '|' || uri || '|' || span_from FROM source_article WHERE "
		       "article = ?1", "returns.en", NULL) + 26, "|returns.md|11");
	/* nothing changed: nothing is opened, nothing published */
	OK(run_sync(&w));
	EQ(w.r.same, 2);
	EQ(w.r.made + w.r.retired, 0);
	EQ(w.published, 1);
	/* one changes, one goes, one comes */
	put_file(&w, "returns.md", "# Returns\n\nWithin 60 days.\n");
	put_file(&w, "new.md", "# New\n\nText.\n");
	char path[500];
	(void)snprintf(path, sizeof(path), "%s/sub/faq.en.txt", w.dir);
	OK(unlink(path));
	OK(run_sync(&w));
	EQ(w.r.changed, 2);
	EQ(w.r.gone, 1);
	EQ(w.r.made, 2);
	EQ(w.r.retired, 1);
	STR_EQ(ask(&w, BODY, "returns.en", NULL), "Within 60 days.");
	STR_EQ(ask(&w, BODY, "sub-faq.en", NULL), "");
	STR_EQ(ask(&w, STATE, "sub/faq.en.txt", NULL), "gone");
	STR_EQ(ask(&w, "SELECT version FROM article WHERE id = ?1", "returns.en", NULL), "2");
	/* and comes back */
	put_file(&w, "sub/faq.en.txt", "Shipping\n\nTwo days.\n");
	OK(run_sync(&w));
	STR_EQ(ask(&w, BODY, "sub-faq.en", NULL), "Two days.");
	STR_EQ(ask(&w, "SELECT count(*) FROM event WHERE kind = 'source.sync'", NULL, NULL), "3");
	world_close(&w);
}

TEST(ingest_a_folder_that_is_not_there_retires_nothing)
{
	struct world w;
	char away[500];

	OK(world_open(&w));
	put_file(&w, "help.md", "# A\n\nText.\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	(void)snprintf(away, sizeof(away), "%s-away", w.dir);
	OK(rename(w.dir, away));
	EQ(run_sync(&w), ERR_NOTFOUND);
	STR_EQ(ask(&w, BODY, "help.en", NULL), "Text.");
	STR_EQ(ask(&w, "SELECT state FROM source WHERE id = ?1", w.id, NULL), "error");
	CHECK(ask(&w, "SELECT error FROM source WHERE id = ?1", w.id, NULL)[0]);
	OK(rename(away, w.dir));
	OK(run_sync(&w));
	STR_EQ(ask(&w, "SELECT state || error FROM source WHERE id = ?1", w.id, NULL), "ok");
	world_close(&w);
}

TEST(ingest_parts_keep_their_ids_when_another_comes_between)
{
	struct world w;
	struct sb doc;

	OK(world_open(&w));
	sb_init(&doc, LIM_SB);
	for (int round = 0; round < 2; round++) {
		sb_reset(&doc);
		sb_cstr(&doc, "# Book\n\n");
		for (int part = 0; part < 4; part++) {
			if (part == 1 && !round)
				continue;
			sb_fmt(&doc, "## Part %c\n\n", 'A' + part);
			for (int i = 0; i < 60; i++)
				sb_fmt(&doc, "Line %d of part %c, and more of it.\n", i,
				       'A' + part);
		}
		sb_cstr(&doc, "## Part A\n\nThe same heading again.\n");
		put_file(&w, "book.md", sb_str(&doc));
		if (!round)
			OK(add_folder(&w));
		OK(run_sync(&w));
		EQ(w.r.made, round ? 1 : 4);
		EQ(w.r.retired, 0);
	}
	CHECK(ask(&w, BODY, "book-part-c.en", NULL)[0]);
	STR_EQ(ask(&w, BODY, "book-part-a-2.en", NULL), "The same heading again.");
	STR_EQ(ask(&w, "SELECT count(*) FROM article WHERE status = 'published'", NULL, NULL), "5");
	sb_done(&doc);
	world_close(&w);
}

TEST(ingest_without_a_reader_articles_stay)
{
	struct world w;
	struct ing *blind;

	OK(world_open(&w));
	put_file(&w, "help.md", "# A\n\nText.\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	OK(ing_open(&blind, &(struct ing_opts){ .store = w.st, .reader = "/nonexistent" }, &w.e));
	put_file(&w, "help.md", "# A\n\nChanged.\n");
	OK(ing_sync(blind, sv_of(w.id), &w.r, &w.e));
	STR_EQ(ask(&w, BODY, "help.en", NULL), "Text.");
	STR_EQ(ask(&w, STATE, "help.md", NULL), "error");
	OK(run_sync(&w));
	STR_EQ(ask(&w, BODY, "help.en", NULL), "Changed.");
	ing_close(blind);
	world_close(&w);
}

/* Killed for its time or memory it would be killed again: once is enough until the file changes. */
TEST(ingest_a_reader_that_fails_keeps_the_articles)
{
	static const struct {
		const char *program, *state, *note;
		bool again;
	} rows[] = {
		{ "#!/bin/sh\nulimit -c 0\nkill -SEGV $$\n", "error", "CRASHED", true },
		{ "#!/bin/sh\nulimit -c 0\nkill -XCPU $$\n", "refused", "TOO_SLOW", false },
		{ "#!/bin/sh\nulimit -c 0\nkill -ABRT $$\n", "refused", "TOO_MUCH_MEMORY", false },
	};
	char program[500];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct world w;
		struct ing *weak;
		char name[20];

		(void)snprintf(name, sizeof(name), "docs%zu", i);
		OK(world_open_in(&w, name));
		(void)snprintf(program, sizeof(program), "%s-reader", w.dir);
		OK(file_write(program, sv_of(rows[i].program), &w.e));
		OK(chmod(program, 0700));
		put_file(&w, "help.md", "# A\n\nText.\n");
		OK(add_folder(&w));
		OK(run_sync(&w));
		OK(ing_open(&weak, &(struct ing_opts){ .store = w.st, .reader = program }, &w.e));
		put_file(&w, "help.md", "# A\n\nChanged.\n");
		OK(ing_sync(weak, sv_of(w.id), &w.r, &w.e));
		EQ(w.r.retired, 0);
		EQ(w.r.refused, 1);
		STR_EQ(ask(&w, BODY, "help.en", NULL), "Text.");
		STR_EQ(ask(&w, STATE, "help.md", NULL), rows[i].state);
		HAS(sv_of(ask(&w, "SELECT notes FROM source_doc", NULL, NULL)), rows[i].note);
		OK(run_sync(&w));
		STR_EQ(ask(&w, BODY, "help.en", NULL), rows[i].again ? "Changed." : "Text.");
		put_file(&w, "help.md", "# A\n\nA third text.\n");
		OK(run_sync(&w));
		STR_EQ(ask(&w, BODY, "help.en", NULL), "A third text.");
		ing_close(weak);
		world_close(&w);
	}
}

/* The same bytes with another time need no reader: there is none here. */
TEST(ingest_a_touched_file_is_not_read)
{
	const struct timespec then[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct world w;
	struct ing *blind;
	char path[500];

	OK(world_open(&w));
	put_file(&w, "help.md", "# A\n\nText.\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	(void)snprintf(path, sizeof(path), "%s/help.md", w.dir);
	OK(utimensat(AT_FDCWD, path, then, 0));
	OK(ing_open(&blind, &(struct ing_opts){ .store = w.st, .reader = "/nonexistent" }, &w.e));
	OK(ing_sync(blind, sv_of(w.id), &w.r, &w.e));
	EQ(w.r.same, 1);
	EQ(w.r.changed + w.r.refused, 0);
	STR_EQ(ask(&w, "SELECT state || articles || stamp FROM source_doc", NULL, NULL),
	       "ok11000.000000000-11");
	STR_EQ(ask(&w, BODY, "help.en", NULL), "Text.");
	ing_close(blind);
	world_close(&w);
}

static int wish(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put, void *put_arg,
		struct err *e)
{
	const struct kb_article x = { .group_id = SV("wish"), .lang = SV("en"), .title = SV("A"),
				      .body_md = SV("Text.") };
	struct world *w = arg;
	int rc = w->looks++ ? 0 : ing_sync_soon(w->g, sv_of(w->id), e);

	return rc ? rc : put(put_arg, &x);
}

TEST(ingest_a_wish_during_a_sync_is_kept)
{
	const struct ing_source s = { .kind = ING_TABLE, .place = SV("wishes") };
	struct world w;

	OK(world_open(&w));
	OK(ing_table(w.g, "wishes", wish, NULL, &w));
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(run_sync(&w));
	EQ(w.r.made, 1);
	STR_EQ(ask(&w, "SELECT count(ask_ms) FROM source", NULL, NULL), "1");
	OK(run_sync(&w));
	STR_EQ(ask(&w, "SELECT count(ask_ms) FROM source", NULL, NULL), "0");
	world_close(&w);
}

TEST(ingest_a_sync_that_was_stopped_is_not_done)
{
	struct world w;

	OK(world_open(&w));
	put_file(&w, "help.md", "# A\n\nText.\n");
	OK(add_folder(&w));
	atomic_store(&w.g->stop, true);
	OK(run_sync(&w));
	CHECK(w.r.stopped);
	STR_EQ(ask(&w, "SELECT state || count(synced_ms) || count(ask_ms) FROM source", NULL, NULL),
	       "new01");
	atomic_store(&w.g->stop, false);
	OK(run_sync(&w));
	STR_EQ(ask(&w, "SELECT state || count(synced_ms) || count(ask_ms) FROM source", NULL, NULL),
	       "ok10");
	STR_EQ(ask(&w, BODY, "help.en", NULL), "Text.");
	world_close(&w);
}

TEST(ingest_a_source_is_found_by_its_place)
{
	struct world w;
	struct store_db *db;
	char id[27];

	OK(world_open(&w));
	OK(add_folder(&w));
	OK(store_reader(w.st, &db));
	OK(ing_source_find(db, ING_FOLDER, sv_of(w.dir), id));
	STR_EQ(id, w.id);
	OK(ing_source_find(db, ING_FILE, sv_of(w.dir), id));
	STR_EQ(id, "");
	world_close(&w);
}

TEST(ingest_large_documents_take_several_transactions)
{
	struct world w;
	struct sb doc;

	OK(world_open(&w));
	sb_init(&doc, LIM_SB);
	sb_cstr(&doc, "question,answer\n");
	for (int i = 0; i < 450; i++)
		sb_fmt(&doc, "How long does it take number %d?,%d days\n", i, i);
	put_file(&w, "faq.csv", sb_str(&doc));
	OK(add_folder(&w));
	OK(run_sync(&w));
	EQ(w.r.made, 450);
	STR_EQ(ask(&w, "SELECT articles FROM source_doc WHERE uri = ?1", "faq.csv", NULL), "450");
	sb_truncate(&doc, doc.n - strlen("How long does it take number 449?,449 days\n"));
	put_file(&w, "faq.csv", sb_str(&doc));
	OK(run_sync(&w));
	EQ(w.r.made, 0);
	EQ(w.r.kept, 449);
	EQ(w.r.retired, 1);
	sb_done(&doc);
	world_close(&w);
}

TEST(ingest_ids_that_another_document_has)
{
	struct world w;

	OK(world_open(&w));
	put_file(&w, "a/one.md", "---\nid: same\n---\n# One\n\nFirst.\n");
	put_file(&w, "b/two.md", "---\nid: same\n---\n# Two\n\nSecond.\n");
	put_file(&w, "x-y.md", "# X\n\nPlain.\n");
	put_file(&w, "x/y.md", "# X\n\nDeep.\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	STR_EQ(ask(&w, BODY, "same.en", NULL), "First.");
	STR_EQ(ask(&w, STATE, "b/two.md", NULL), "partly");
	HAS(sv_of(ask(&w, "SELECT notes FROM source_doc WHERE uri = ?1", "b/two.md", NULL)),
	    "NAME_TAKEN");
	/* names made by us find another way */
	STR_EQ(ask(&w, "SELECT count(*) FROM article WHERE id LIKE 'x-y%'", NULL, NULL), "2");
	world_close(&w);
}

/* The ids are told with the last piece of the document, long after the first was written. */
TEST(ingest_refused_ids_of_a_long_document_are_told)
{
	struct world w;
	struct sb doc;

	OK(world_open(&w));
	sb_init(&doc, LIM_SB);
	for (int file = 0; file < 2; file++) {
		sb_reset(&doc);
		for (int i = 0; i < 390; i++)
			sb_fmt(&doc,
			       "{\"id\":\"q-%03d\",\"lang\":\"en\",\"title\":\"Question %d of %d\","
			       "\"body\":\"Text %d of %d.\"}\n",
			       i, i, file, i, file);
		put_file(&w, file ? "b.jsonl" : "a.jsonl", sb_str(&doc));
	}
	OK(add_folder(&w));
	OK(run_sync(&w));
	EQ(w.r.made, 390);
	STR_EQ(ask(&w, BODY, "q-389.en", NULL), "Text 389 of 0.");
	STR_EQ(ask(&w, STATE, "b.jsonl", NULL), "partly");
	for (int i = 0; i < ING_NOTES_MAX; i++) {
		char one[40];

		(void)snprintf(one, sizeof(one), "%%\"q-%03d.en\"%%", i);
		STR_EQ(ask(&w, "SELECT notes LIKE ?2 FROM source_doc WHERE uri = ?1", "b.jsonl",
			   one),
		       "1");
	}
	sb_done(&doc);
	world_close(&w);
}

TEST(ingest_groups_join_languages_and_nothing_else)
{
	struct world w;

	OK(world_open(&w));
	put_file(&w, "faq.en.md", "# Faq\n\nEnglish.\n");
	put_file(&w, "faq.zh.md", "# 问答\n\n中文。\n");
	put_file(&w, "terms.md", "# Terms\n\nEnglish words.\n");
	put_file(&w, "terms.txt", "条款\n\n另一份文件。\n");
	put_file(&w, "en/own.md", "---\nid: own\n---\n# Own\n\nEnglish.\n");
	put_file(&w, "zh/own.md", "---\nid: own\n---\n# 自己\n\n中文。\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	EQ(w.r.made, 6);
	STR_EQ(ask(&w, "SELECT count(*) FROM article WHERE group_id = 'faq'", NULL, NULL), "2");
	STR_EQ(ask(&w, "SELECT count(*) FROM article WHERE group_id = 'own'", NULL, NULL), "2");
	STR_EQ(ask(&w, "SELECT count(*) FROM article WHERE group_id = 'terms'", NULL, NULL), "1");
	/* and it stays so */
	OK(run_sync(&w));
	EQ(w.r.same, 6);
	world_close(&w);
}

TEST(ingest_report_names_each_trouble)
{
	struct world w;
	struct store_db *db;
	struct sb out;

	OK(world_open(&w));
	put_file(&w, "bad.pdf", "%PDF-1.4 nothing follows");
	put_file(&w, "old.doc", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 x");
	put_file(&w, "ok.md", "# Ok\n\nText.\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	EQ(w.r.refused, 2);
	OK(store_reader(w.st, &db));
	struct ing_docs_ask ask = { .id = sv_of(w.id), .state = SV("bad"), .limit = 1 };
	sb_init(&out, LIM_SB);
	OK(ing_docs_json(db, &ask, &out));
	HAS(sb_sv(&out), "\"uri\":\"bad.pdf\",\"state\":\"refused\"");
	HAS(sb_sv(&out), "\"code\":\"damaged\"");
	HAS(sb_sv(&out), "文档损坏");
	HAS(sb_sv(&out), "\"next\":\"bad.pdf\"");
	sb_reset(&out);
	ask.cursor = SV("bad.pdf");
	OK(ing_docs_json(db, &ask, &out));
	HAS(sb_sv(&out), "old.doc");
	HAS(sb_sv(&out), "\"next\":null");
	sb_reset(&out);
	ask = (struct ing_docs_ask){ .id = sv_of(w.id), .uri = SV("ok.md"), .limit = 10 };
	OK(ing_docs_json(db, &ask, &out));
	HAS(sb_sv(&out), "{\"items\":[{\"uri\":\"ok.md\"");
	HAS(sb_sv(&out), "\"next\":null");
	CHECK(sv_find(sb_sv(&out), SV("old.doc")) < 0);
	sb_reset(&out);
	OK(ing_sources_json(db, SV_NULL, 10, &out));
	HAS(sb_sv(&out), "\"documents\":3,\"troubled\":2,\"articles\":1");
	HAS(sb_sv(&out), "\"state\":\"partly\"");
	EQ(ing_sources_json(db, SV("x"), 10, &out), ERR_INVAL);
	sb_done(&out);
	world_close(&w);
}

TEST(ingest_delete_retires_and_forgets)
{
	struct world w;
	int64_t retired = 0;

	OK(world_open(&w));
	put_file(&w, "help.md", "# A\n\nText.\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	OK(ing_source_delete(w.g, sv_of(w.id), SV("t"), &retired, &w.e));
	EQ(retired, 1);
	EQ(w.published, 2);
	STR_EQ(ask(&w, BODY, "help.en", NULL), "");
	STR_EQ(ask(&w, "SELECT count(*) FROM source_doc", NULL, NULL), "0");
	EQ(ing_source_delete(w.g, sv_of(w.id), SV("t"), &retired, &w.e), ERR_NOTFOUND);
	EQ(run_sync(&w), ERR_NOTFOUND);
	world_close(&w);
}

TEST(ingest_bad_sources_are_refused)
{
	static const struct ing_source bad[] = {
		{ .kind = ING_FOLDER, .place = { "docs", 4 } },
		{ .kind = ING_FOLDER, .place = { "https://a.example/", 18 } },
		{ .kind = ING_URL, .place = { "/srv", 4 } },
		{ .kind = ING_URL, .place = { "file:///etc/passwd", 18 } },
		{ .kind = ING_URL, .place = { "https://a.example/", 18 }, .every_s = 5 },
		{ .kind = ING_URL, .place = { "https://a.example/", 18 }, .depth = 9 },
		{ .kind = ING_TABLE, .place = { "nosuch", 6 } },
		{ .kind = ING_FOLDER, .place = { "/srv", 4 }, .lang = { "english", 7 } },
		{ .kind = ING_FOLDER },
	};
	struct world w;

	OK(world_open(&w));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		w.e.msg[0] = 0;
		EQ(ing_source_add(w.g, &bad[i], SV("t"), w.id, &w.e), ERR_INVAL);
		CHECK(w.e.msg[0]);
	}
	world_close(&w);
}

static int new_product(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

TEST(ingest_products_follow_their_table)
{
	static char one[] =
		"INSERT INTO product (id, name, body, price_fen, updated_ms) VALUES ('S1', 'x', "
		"'{\"sku\":\"S1\","
		"\"name\":{\"en\":\"Sofa\",\"zh\":\"沙发\"},\"price_cny\":2899,\"specs\":{"
		"\"en\":\"big\","
		"\"zh\":\"大\"},\"description\":{\"en\":\"Soft.\",\"zh\":\"软。\"}}', 289900, 0)";
	static char two[] = "UPDATE product SET price_fen = 199900";
	static char none[] = "DELETE FROM product";
	const struct ing_source s = { .kind = ING_TABLE, .place = SV("products") };
	struct world w;

	OK(world_open(&w));
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(store_write(w.st, new_product, one, NULL, NULL));
	OK(store_flush(w.st));
	OK(run_sync(&w));
	EQ(w.r.made, 2);
	CHECK(strstr(ask(&w, "SELECT body_md FROM article WHERE title = 'Sofa'", NULL, NULL),
		     "2899"));
	OK(run_sync(&w));
	EQ(w.r.same, 1);
	OK(store_write(w.st, new_product, two, NULL, NULL));
	OK(store_flush(w.st));
	OK(run_sync(&w));
	EQ(w.r.made, 2);
	CHECK(strstr(ask(&w, "SELECT body_md FROM article WHERE title = 'Sofa'", NULL, NULL),
		     "1999"));
	OK(store_write(w.st, new_product, none, NULL, NULL));
	OK(store_flush(w.st));
	OK(run_sync(&w));
	EQ(w.r.retired, 2);
	world_close(&w);
}

/* What the columns say is told, also when it is nothing; a product with one name has one article,
 * and one that is none is left out alone, told, and changes nothing for the others. */
TEST(ingest_products_that_are_not_whole)
{
	static char rows[] =
		"INSERT INTO product (id, name, body, price_fen, warranty_months, updated_ms) "
		"VALUES ('S1', 'x', '{\"sku\":\"S1\",\"name\":{\"en\":\"Sofa\"},\"price_cny\":2899,"
		"\"warranty_months\":24}', 0, 0, 0), ('S2', 'x', '{\"sku\":\"S2\",\"name\":{\"zh\":"
		"\"灯\"},\"price_cny\":5}', 500, 0, 0), ('S3', 'x', '{\"sku\":\"S3\"}', 1, 0, 0)";
	static char mended[] = "UPDATE product SET body = "
			       "'{\"sku\":\"S3\",\"name\":{\"en\":\"Cup\"}}' WHERE id = 'S3'";
	static const char state[] = "SELECT state || notes FROM source_doc WHERE uri = 'products'";
	const struct ing_source s = { .kind = ING_TABLE, .place = SV("products") };
	struct world w;

	OK(world_open(&w));
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(store_write(w.st, new_product, rows, NULL, NULL));
	OK(store_flush(w.st));
	OK(run_sync(&w));
	EQ(w.r.made, 2);
	const char *body = ask(&w, "SELECT body_md FROM article WHERE title = 'Sofa'", NULL, NULL);
	CHECK(strstr(body, "CNY 0.00") && !strstr(body, "warranty"));
	const char *told = ask(&w, state, NULL, NULL);
	CHECK(strstr(told, "partly") && strstr(told, "(S3)") && strstr(told, "ROW"));
	OK(run_sync(&w));
	EQ(w.r.same, 1);
	OK(store_write(w.st, new_product, mended, NULL, NULL));
	OK(store_flush(w.st));
	OK(run_sync(&w));
	EQ(w.r.made, 1);
	STR_EQ(ask(&w, state, NULL, NULL), "ok[]");
	world_close(&w);
}

static bool costs(void *arg)
{
	static const char sql[] = "SELECT body_md FROM article WHERE title = 'Sofa'";
	struct world *w = arg;

	return strstr(ask(w, sql, NULL, NULL), w->want) != NULL;
}

/* No schedule, nobody asks: a row that changes is a source that is due, if it is its price or its
 * line alone. */
TEST(ingest_a_table_that_changed_is_due_by_itself)
{
	static char one[] =
		"INSERT INTO product (id, name, body, price_fen, updated_ms) VALUES ('S1', 'x', "
		"'{\"sku\":\"S1\",\"name\":{\"en\":\"Sofa\",\"zh\":\"沙发\"},"
		"\"price_cny\":2899,\"specs\":{\"en\":\"big\",\"zh\":\"大\"},\"description\":{"
		"\"en\":\"Soft.\",\"zh\":\"软。\"}}', 289900, 0)";
	static char price[] = "UPDATE product SET price_fen = 199950";
	static char words[] = "UPDATE product SET body = replace(body, 'Soft.', 'Very soft.')";
	const struct ing_source s = { .kind = ING_TABLE, .place = SV("products") };
	struct world w;
	struct loop *l = loop_new();

	OK(world_open(&w));
	OK(store_write(w.st, new_product, one, NULL, NULL));
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(ing_start(w.g));
	w.want = "CNY 2899.00";
	CHECK(t_wait(l, costs, &w, 5000));
	OK(store_write(w.st, new_product, price, NULL, NULL));
	w.want = "CNY 1999.50";
	CHECK(t_wait(l, costs, &w, 5000));
	OK(store_write(w.st, new_product, words, NULL, NULL));
	w.want = "Very soft.";
	CHECK(t_wait(l, costs, &w, 5000));
	world_close(&w);
	loop_free(l);
}

static bool reads(void *arg)
{
	struct world *w = arg;
	char path[500];

	(void)snprintf(path, sizeof(path), "%s/../began", w->dir);
	return access(path, F_OK) == 0;
}

/* A reader that comes to no end before it is told so. */
static void put_slow_reader(struct world *w, const char *at)
{
	char text[1200], path[500];

	(void)snprintf(text, sizeof(text),
		       "#!/bin/sh\n: > '%s/../began'\nwhile [ ! -e '%s/../go' ]; do sleep 0.05; "
		       "done\n",
		       w->dir, w->dir);
	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, at);
	OK(file_write(path, sv_of(text), NULL));
	(void)chmod(path, 0700);
	(void)snprintf(w->g->reader, sizeof(w->g->reader), "%s", path);
}

/* A price does not wait for the documents of another source. */
TEST(ingest_a_table_does_not_wait_for_a_slow_source)
{
	static char one[] =
		"INSERT INTO product (id, name, body, price_fen, updated_ms) VALUES ('S1', 'x', "
		"'{\"sku\":\"S1\",\"name\":{\"en\":\"Sofa\"},\"price_cny\":2899}', 289900, 0)";
	const struct ing_source table = { .kind = ING_TABLE, .place = SV("products") };
	struct world w;
	struct loop *l = loop_new();

	OK(world_open(&w));
	put_slow_reader(&w, "../reader.sh");
	put_file(&w, "a.md", "# A\n\nText.\n");
	const struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(w.dir), .every_s = 60 };
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(ing_start(w.g));
	CHECK(t_wait(l, reads, &w, 5000));
	OK(ing_source_add(w.g, &table, SV("t"), w.id, &w.e));
	OK(store_write(w.st, new_product, one, NULL, NULL));
	w.want = "CNY 2899.00";
	CHECK(t_wait(l, costs, &w, 5000));
	/* it still reads */
	STR_EQ(ask(&w, "SELECT count(*) FROM source_doc WHERE uri LIKE '%.md'", NULL, NULL), "0");
	put_file(&w, "../go", "");
	world_close(&w);
	loop_free(l);
}

static bool has_article(void *arg)
{
	return ask(arg, BODY, "later.en", NULL)[0] != 0;
}

TEST(ingest_thread_syncs_what_is_due)
{
	struct world w;
	struct loop *l = loop_new();

	OK(world_open(&w));
	put_file(&w, "help.md", "# A\n\nText.\n");
	const struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(w.dir), .every_s = 1 };
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(ing_start(w.g));
	put_file(&w, "later.md", "# Later\n\nText.\n");
	CHECK(t_wait(l, has_article, &w, 20000));
	world_close(&w);
	loop_free(l);
}

TEST(ingest_what_was_exported_comes_back_the_same)
{
	struct world w;
	struct store_db *db;
	char dir[600];
	size_t n = 0;

	OK(world_open(&w));
	put_file(&w, "a.en.md",
		 "---\nid: a\ntitle: Q?\naliases: x;y\nvalid_to: 2030-01-01\n---\n# "
		 "Head\n\nText; more.\n");
	put_file(&w, "b.zh.md", "# 退货\n\n三十天。\n");
	OK(add_folder(&w));
	OK(run_sync(&w));
	OK(store_reader(w.st, &db));
	(void)snprintf(dir, sizeof(dir), "%s-out", w.dir);
	OK(ing_export_tree(db, dir, &n, &w.e));
	EQ(n, 2);
	const char *sum =
		ask(&w,
		    "SELECT group_concat(checksum) FROM (SELECT checksum FROM article ORDER "
		    "BY id)",
		    NULL, NULL);
	char before[200];
	(void)snprintf(before, sizeof(before), "%s", sum);
	OK(ing_source_delete(w.g, sv_of(w.id), SV("t"), NULL, &w.e));
	const struct ing_source s = { .kind = ING_FOLDER, .place = sv_of(dir) };
	OK(ing_source_add(w.g, &s, SV("t"), w.id, &w.e));
	OK(run_sync(&w));
	EQ(w.r.made, 2);
	STR_EQ(ask(&w,
		   "SELECT group_concat(checksum) FROM (SELECT checksum FROM article WHERE "
		   "status = "
		   "'published' ORDER BY id)",
		   NULL, NULL),
	       before);
	world_close(&w);
}
