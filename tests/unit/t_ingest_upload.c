/* t_ingest_upload.c: documents that are sent: what was taken back stays so, what is left half is
 * removed after a day. */
#include <dirent.h>
#include "ingest_paths.h"
#include "t_ingest_help.h"

struct world {
	struct store *st;
	struct ing *g;
	const char *roots[2];
	char id[27];
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
	int64_t have;

	return ing_upload(w->g, &p, &have, w->id, &w->e);
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
