/* t_ingest_import.c: files by hand: what cannot be read is named, each, and the rest goes on. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "ingest.h"
#include "t.h"
#include "ingest_paths.h"

struct seen {
	char ids[400], bad[2000];
	int n_bad, most;             /* most: articles taken before it is full; 0 = no end */
	int n;
};

static int on_article(void *arg, const struct kb_article *a)
{
	struct seen *s = arg;
	size_t at = strlen(s->ids);
	if (s->most && s->n == s->most)
		return ERR_FULL;
	s->n++;
	(void)snprintf(s->ids + at, sizeof(s->ids) - at, SV_FMT " ", SV_ARG(a->id));
	return 0;
}

static void on_bad(void *arg, const char *path, const struct err *e)
{
	struct seen *s = arg;
	size_t at = strlen(s->bad);
	const char *slash = strrchr(path, '/');
	s->n_bad++;
	(void)snprintf(s->bad + at, sizeof(s->bad) - at, "%s|%s\n", slash ? slash + 1 : path,
		       e->msg);
}

static void put(const char *dir, const char *name, const char *text)
{
	struct err e = { 0 };
	char path[500];
	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	OK(file_write(path, sv_of(text), &e));
}

static const char *folder(void)
{
	const char *dir = t_tmpdir();
	put(dir, "a.en.md", "# Alpha\n\nThe first.\n");
	put(dir, "b.md", "");
	/* one good line before the bad one: nothing of this file is taken */
	put(dir, "c.jsonl",
	    "{\"id\":\"half.en\",\"title\":\"Half\",\"body\":\"One.\"}\n{\"title\":\n");
	put(dir, "d.pdf", "no pdf at all");
	put(dir, "e.en.md", "# Echo\n\nThe last.\n");
	put(dir, "f.png", "a picture is no document");
	return dir;
}

TEST(ingest_import_names_all_bad_files_and_takes_the_good)
{
	struct seen s = { 0 };
	struct err e = { 0 };
	struct arena a;
	const char *dir = folder();
	arena_init(&a, LIM_ARENA_BIG);
	OK(ing_parse_path(INGEST_READER, dir, &a, on_article, on_bad, &s, &e));
	EQ(s.n_bad, 3);
	CHECK(strstr(s.bad, "b.md|") && strstr(s.bad, "c.jsonl|") && strstr(s.bad, "d.pdf|"));
	EQ(s.n, 2);                  /* of a.en.md and e.en.md, with ids of their own */
	CHECK(!strstr(s.ids, "half"));
	arena_done(&a);
}

TEST(ingest_import_without_a_listener_ends_at_the_first)
{
	struct seen s = { 0 };
	struct err e = { 0 };
	struct arena a;
	const char *dir = folder();
	arena_init(&a, LIM_ARENA_BIG);
	CHECK(ing_parse_path(INGEST_READER, dir, &a, on_article, NULL, &s, &e) < 0);
	CHECK(strstr(e.msg, "b.md") != NULL);
	EQ(s.n, 1);
	/* who can take no more ends it, and no file is called bad for it */
	s = (struct seen){ .most = 1 };
	EQ(ing_parse_path(INGEST_READER, dir, &a, on_article, on_bad, &s, &e), ERR_FULL);
	CHECK(!strstr(s.bad, "e.en.md"));
	CHECK(strstr(e.msg, "e.en.md: too many articles"));
	EQ(ing_parse_path(INGEST_READER, "/no/such", &a, on_article, on_bad, &s, &e), ERR_NOTFOUND);
	arena_done(&a);
}

TEST(ingest_import_known_kinds)
{
	CHECK(ing_known("Handbuch.PDF") && ing_known("退货.md") && ing_known("a.b.csv"));
	CHECK(!ing_known("a.exe") && !ing_known("pdf") && !ing_known(".pdf") && !ing_known(""));
}
