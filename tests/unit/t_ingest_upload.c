/* t_ingest_upload.c: documents that are sent: what was taken back stays so, one or all; who sent
 * it is kept; a folder above does not read it again; what is left half is removed after a day, and
 * there is a bound. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ingest_paths.h"
#include "t_ingest_help.h"

struct world {
	struct store *st;
	struct ing *g;
	const char *roots[2];
	char id[27];
	struct ing_kept kept;
	struct ing_report r;
	struct err e;
};

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->roots[0] = t_tmpdir();
	OK(store_open(&w->st, &(struct store_opts){ .dir = "" }, &w->e));
	OK(ing_open(&w->g,
		    &(struct ing_opts){ .store = w->st, .reader = INGEST_READER,
					.roots = w->roots },
		    &w->e));
}

static void world_close(struct world *w)
{
	ing_close(w->g);
	store_close(w->st);
}

/* The first piece of a document of so many bytes. */
static int piece(struct world *w, const char *name, const char *text, size_t total)
{
	struct ing_piece p = { .name = sv_of(name), .bytes = sv_of(text),
			       .total = (int64_t)total, .by = SV("anna") };
	int rc = ing_upload(w->g, &p, &w->kept, &w->e);

	memcpy(w->id, w->kept.source, sizeof(w->id));
	return rc;
}

static int sent(struct world *w, const char *name, const char *text)
{
	int rc = piece(w, name, text, strlen(text));

	return rc ? rc : ing_sync(w->g, sv_of(w->id), &w->r, &w->e);
}

static int64_t published(struct world *w, const char *title)
{
	struct store_db *db;
	int64_t n = -1;

	if (store_reader(w->st, &db) == 0)
		(void)store_one_int(db,
				    "SELECT count(*) FROM article WHERE status = 'published' AND "
				    "title = ?1",
				    sv_of(title), &n);
	return n;
}

/* What lies in a file of uploads/, "" where there is none. */
static bool holds(struct world *w, const char *name, const char *text)
{
	char path[600];
	struct sb b;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/uploads/%s", w->roots[0], name);
	sb_init(&b, 1000);
	if (file_exists(path))
		(void)file_read(path, 1000, &b, &w->e);
	same = sv_eq(sb_sv(&b), sv_of(text));
	sb_done(&b);
	return same;
}

TEST(ingest_upload_what_was_removed_is_not_read_again)
{
	static const char first[] = "# First\n\nOne.\n", second[] = "# Second\n\nTwo.\n",
			  third[] = "# Third\n\nThree.\n";
	struct world w;
	char was[27];

	world_open(&w);
	OK(sent(&w, "a.md", first));
	EQ(published(&w, "First"), 1);
	memcpy(was, w.id, sizeof(was));
	OK(ing_source_delete(w.g, sv_of(w.id), SV("anna"), NULL, &w.e));
	EQ(published(&w, "First"), 0);
	CHECK(holds(&w, "a.md", first));
	OK(sent(&w, "b.md", second));
	CHECK(strcmp(was, w.id) != 0);
	EQ(w.r.docs, 1);
	EQ(published(&w, "First"), 0);
	EQ(published(&w, "Second"), 1);
	CHECK(holds(&w, "a.md", "") && holds(&w, ".a.md.removed", first));
	/* while the source is there nothing is set aside; the same name again loses nothing */
	OK(sent(&w, "a.md", third));
	EQ(w.r.docs, 2);
	OK(ing_source_delete(w.g, sv_of(w.id), SV("anna"), NULL, &w.e));
	OK(sent(&w, "a.md", second));
	EQ(w.r.docs, 1);
	EQ(published(&w, "Third"), 0);
	CHECK(holds(&w, "a.md", second) && holds(&w, ".a.md.removed", first));
	CHECK(holds(&w, ".a.md.2.removed", third) && holds(&w, ".b.md.removed", second));
	world_close(&w);
}

/* Pieces that wait for the rest. */
static int parts(const struct world *w)
{
	char path[600];
	struct dirent *x;
	int n = 0;

	(void)snprintf(path, sizeof(path), "%s/uploads", w->roots[0]);
	DIR *d = opendir(path);
	while (d && (x = readdir(d)))
		n += sv_ends(sv_of(x->d_name), SV(".part"));
	if (d)
		(void)closedir(d);
	return n;
}

TEST(ingest_upload_that_nobody_goes_on_with_is_removed_after_a_day)
{
	struct world w;
	int64_t now = clk_wall_ms(), hour = 3600000;

	world_open(&w);
	OK(piece(&w, "a.md", "# A", 100));
	clk_pin_wall(now + 23 * hour);
	OK(piece(&w, "b.md", "# B", 100));
	EQ(parts(&w), 2);
	clk_pin_wall(now + 25 * hour);
	OK(piece(&w, "c.md", "# C", 100));
	EQ(parts(&w), 1);
	clk_pin_wall(0);
	world_close(&w);
}

/* One column of the newest event of a kind, "" for none. */
static const char *event(struct world *w, const char *kind, const char *col)
{
	static char out[400];
	struct store_db *db;
	struct store_stmt *q;
	char sql[200];

	out[0] = 0;
	(void)snprintf(sql, sizeof(sql),
		       "SELECT %s FROM event WHERE kind = ?1 ORDER BY pos DESC LIMIT 1", col);
	if (store_reader(w->st, &db) || store_prep(db, &q, sql))
		return "?";
	store_bind_sv(q, 1, sv_of(kind));
	if (store_step(q) == 1)
		sv_copy(out, sizeof(out), store_col_sv(q, 0));
	store_reset(q);
	return out;
}

static int taken_back(struct world *w, const char *name, int64_t *retired)
{
	return ing_upload_remove(w->g, sv_of(w->id), sv_of(name), SV("tom"), retired, &w->e);
}

TEST(ingest_upload_one_document_is_taken_back)
{
	static const char first[] = "# First\n\nOne.\n", second[] = "# Second\n\nTwo.\n";
	struct world w;
	char body[200];
	int64_t n;

	world_open(&w);
	OK(sent(&w, "a.md", first));
	OK(sent(&w, "报价.md", second));
	OK(taken_back(&w, "报价.md", &n));
	EQ(n, 1);
	EQ(published(&w, "Second"), 0);
	EQ(published(&w, "First"), 1);
	CHECK(holds(&w, "报价.md", "") && holds(&w, ".报价.md.removed", second));
	STR_EQ(event(&w, "source.removed_document", "actor"), "tom");
	(void)snprintf(body, sizeof(body),
		       "{\"source\":\"%s\",\"name\":\"报价.md\",\"retired\":1}", w.id);
	STR_EQ(event(&w, "source.removed_document", "body"), body);
	/* twice, or what never was: nothing happens */
	EQ(taken_back(&w, "报价.md", &n), ERR_NOTFOUND);
	EQ(taken_back(&w, "b.md", &n), ERR_NOTFOUND);
	EQ(taken_back(&w, "../a.md", &n), ERR_INVAL);
	EQ(taken_back(&w, ".a.md", &n), ERR_INVAL);
	EQ(taken_back(&w, "", &n), ERR_INVAL);
	CHECK(holds(&w, "a.md", first));
	/* the walk finds nothing to do, the same name may come again */
	OK(ing_sync(w.g, sv_of(w.id), &w.r, &w.e));
	EQ(w.r.docs, 1);
	EQ(w.r.gone, 0);
	OK(sent(&w, "报价.md", second));
	EQ(published(&w, "Second"), 1);
	CHECK(!w.kept.replaced);
	world_close(&w);
}

/* One that is not read yet, and one whose file somebody else has deleted. */
TEST(ingest_upload_is_taken_back_before_and_after_it_is_read)
{
	static const char text[] = "# First\n\nOne.\n";
	struct world w;
	char path[600];
	int64_t n;

	world_open(&w);
	OK(piece(&w, "a.md", text, strlen(text)));
	OK(taken_back(&w, "a.md", &n));
	EQ(n, 0);
	OK(ing_sync(w.g, sv_of(w.id), &w.r, &w.e));
	EQ(w.r.docs, 0);
	EQ(published(&w, "First"), 0);
	OK(sent(&w, "a.md", text));
	EQ(published(&w, "First"), 1);
	(void)snprintf(path, sizeof(path), "%s/uploads/a.md", w.roots[0]);
	EQ(unlink(path), 0);
	OK(taken_back(&w, "a.md", &n));
	EQ(n, 1);
	EQ(published(&w, "First"), 0);
	world_close(&w);
}

TEST(ingest_upload_only_what_was_sent_is_taken_back)
{
	struct world w;
	char path[600];
	int64_t n;

	world_open(&w);
	(void)snprintf(path, sizeof(path), "%s/uploads", w.roots[0]);
	OK(sent(&w, "a.md", "# First\n\nOne.\n"));
	char uploads[27];
	memcpy(uploads, w.id, sizeof(uploads));
	OK(ing_source_add(w.g,
			  &(struct ing_source){ .kind = ING_FOLDER, .place = sv_of(w.roots[0]) },
			  SV("anna"), w.id, &w.e));
	EQ(taken_back(&w, "a.md", &n), ERR_STATE);
	(void)snprintf(w.id, sizeof(w.id), "nosuch");
	EQ(taken_back(&w, "a.md", &n), ERR_NOTFOUND);
	memcpy(w.id, uploads, sizeof(uploads));
	/* a folder that somebody put there is no document */
	(void)snprintf(path, sizeof(path), "%s/uploads/dir.md", w.roots[0]);
	EQ(mkdir(path, 0700), 0);
	EQ(taken_back(&w, "dir.md", &n), ERR_NOTFOUND);
	EQ(access(path, F_OK), 0);
	EQ(published(&w, "First"), 1);
	world_close(&w);
}

TEST(ingest_upload_says_who_sent_it)
{
	struct world w;
	char body[200];

	world_open(&w);
	OK(piece(&w, "a.md", "# A", 100));
	STR_EQ(event(&w, "source.upload", "actor"), "");
	OK(piece(&w, "b.md", "# B\n\nText.\n", 11));
	CHECK(!w.kept.replaced);
	STR_EQ(event(&w, "source.upload", "actor"), "anna");
	(void)snprintf(body, sizeof(body),
		       "{\"source\":\"%s\",\"name\":\"b.md\",\"bytes\":11,\"replaced\":false}",
		       w.id);
	STR_EQ(event(&w, "source.upload", "body"), body);
	OK(piece(&w, "b.md", "# B\n\nOther.\n", 12));
	CHECK(w.kept.replaced);
	CHECK(strstr(event(&w, "source.upload", "body"), "\"bytes\":12,\"replaced\":true"));
	/* what was set aside is not replaced */
	OK(ing_source_delete(w.g, sv_of(w.id), SV("anna"), NULL, &w.e));
	OK(piece(&w, "b.md", "# B\n\nOther.\n", 12));
	CHECK(!w.kept.replaced);
	world_close(&w);
}

TEST(ingest_upload_is_not_read_by_a_folder_above)
{
	struct world w;
	char above[27], path[600];

	world_open(&w);
	(void)snprintf(path, sizeof(path), "%s/uploads.md", w.roots[0]);
	OK(file_write(path, SV("# Beside\n\nText.\n"), &w.e));
	OK(ing_source_add(w.g,
			  &(struct ing_source){ .kind = ING_FOLDER, .place = sv_of(w.roots[0]) },
			  SV("anna"), above, &w.e));
	OK(sent(&w, "a.md", "# First\n\nOne.\n"));
	OK(ing_sync(w.g, sv_of(above), &w.r, &w.e));
	EQ(w.r.docs, 1);
	EQ(published(&w, "Beside"), 1);
	EQ(published(&w, "First"), 1);
	OK(ing_source_delete(w.g, sv_of(w.id), SV("anna"), NULL, &w.e));
	OK(ing_sync(w.g, sv_of(above), &w.r, &w.e));
	EQ(w.r.docs, 1);
	/* nor where any path may be read, as by hand */
	struct ing *any;
	(void)snprintf(path, sizeof(path), "%s/uploads", w.roots[0]);
	OK(ing_open(&any,
		    &(struct ing_opts){
			    .store = w.st, .reader = INGEST_READER, .uploads = path },
		    &w.e));
	OK(ing_sync(any, sv_of(above), &w.r, &w.e));
	EQ(w.r.docs, 1);
	ing_close(any);
	EQ(published(&w, "First"), 0);
	world_close(&w);
}

/* A file of so many bytes, none of them on the disk. */
static void big(struct world *w, const char *name, int64_t bytes)
{
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/uploads/%s", w->roots[0], name);
	OK(file_write(path, SV(""), &w->e));
	EQ(truncate(path, bytes), 0);
}

TEST(ingest_upload_has_a_bound)
{
	struct world w;
	int64_t most = LIM_UPLOADS_BYTES;

	world_open(&w);
	OK(piece(&w, "a.md", "# A\n", 4));
	big(&w, "big.md", most - 104);
	OK(piece(&w, "b.md", "# B", 100));
	EQ(piece(&w, "c.md", "# C", 101), ERR_FULL);
	CHECK(strstr(w.e.msg, "4096 MB") && strstr(w.e.msg, "remove some"));
	EQ(parts(&w), 1);
	/* another version counts once; parts that others send count, too */
	OK(piece(&w, "big.md", "# Big\n", 6));
	OK(piece(&w, "c.md", "# C", 101));
	big(&w, ".x.part", most);
	EQ(piece(&w, "c.md", "# C", 101), ERR_FULL);
	big(&w, ".x.part", 0);
	/* what was removed does not, up to as much again */
	big(&w, ".old.md.removed", most);
	OK(piece(&w, "c.md", "# C", 101));
	big(&w, ".old.md.removed", 2 * most);
	EQ(piece(&w, "c.md", "# C", 101), ERR_FULL);
	CHECK(strstr(w.e.msg, "8192 MB") && strstr(w.e.msg, ".NAME.removed in /"));
	world_close(&w);
}

/* Of one person, name and size: what two windows send never becomes one document. */
TEST(ingest_upload_of_two_windows)
{
	struct world w;
	struct ing_kept k;
	struct ing_piece a = { .name = SV("a.md"), .bytes = SV("# A\n"), .total = 8,
			       .by = SV("anna"), .upload = SV("w1") }, b = a;

	world_open(&w);
	b.upload = SV("w2");
	b.bytes = SV("# B\n");
	OK(ing_upload(w.g, &a, &k, &w.e));
	OK(ing_upload(w.g, &b, &k, &w.e));
	EQ(parts(&w), 2);
	a.at = b.at = 4;
	OK(ing_upload(w.g, &a, &k, &w.e));
	CHECK(!k.replaced && holds(&w, "a.md", "# A\n# A\n"));
	OK(ing_upload(w.g, &b, &k, &w.e));
	CHECK(k.replaced && holds(&w, "a.md", "# B\n# B\n"));
	b.upload = SV("../w2");
	EQ(ing_upload(w.g, &b, &k, &w.e), ERR_INVAL);
	b.upload = SV("12345678901234567890123456789012345678901");
	EQ(ing_upload(w.g, &b, &k, &w.e), ERR_INVAL);
	world_close(&w);
}
