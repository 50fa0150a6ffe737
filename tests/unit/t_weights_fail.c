/* What goes wrong with a pull or with what is installed: each has its line and its mend, nothing
 * is installed by half, and what was installed stays. */
#include "t_weights_world.h"

#include <signal.h>
#include <sys/resource.h>

/* One archive with these members at /x.zip, of which "m" is taken. */
static struct page *with_members(struct world *d, const struct entry *v, size_t n, const char *more)
{
	struct sb zip;
	make_archive(n < 2 || !v[n - 1].link, v, n, &zip);
	world_entry(d, "x", "llm");
	sb_cstr(&d->yaml, "    sources:\n");
	struct page *p = world_source(d, "url", "/x.zip", &zip, NULL);
	sb_fmt(&d->yaml, "    take:\n      - to: m\n        from: [\"1:m\"]\n%s", more);
	return p;
}

static int pull_x(struct world *d)
{
	int rc = world_open(d);
	return rc ? rc : weights_pull(d->w, item(d, "x"), NULL, &d->e);
}

static bool nothing(struct world *d)
{
	return !exists(d, "x-1") && !exists(d, "x-1.new");
}

TEST(weights_other_contents_than_pinned_are_thrown_away)
{
	struct world d;
	struct page *p;
	world_up(&d);
	world_simple(&d, 100000, &p);
	OK(world_open(&d));
	flip(&d, p, 5000);
	EQ(weights_pull(d.w, item(&d, "one"), NULL, &d.e), ERR_CORRUPT);
	HAS(sv_of(d.e.msg), "other contents than pinned");
	EQ(hits(&d, p), 1);
	CHECK(!exists(&d, "one-1"));
	/* and the right one is taken at once afterwards */
	flip(&d, p, 5000);
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	EQ(last_from(&d, p), -1);
	world_down(&d);
}

TEST(weights_names_that_lead_out_are_refused)
{
	static const char *const bad[] = { "../evil", "/tmp/evil", "a/../../evil", ".." };
	for (size_t i = 0; i < 4; i++) {
		struct world d;
		const struct entry v[] = { { bad[i], SV("evil"), NULL },
					   { "m", SV("model"), NULL } };
		world_up(&d);
		with_members(&d, v, 2, "");
		int rc = pull_x(&d);
		bool out = exists(&d, "evil") || exists(&d, "../evil") || !nothing(&d);
		bool told = strstr(d.e.msg, "leads out of its folder") != NULL;
		world_down(&d);
		EQ(rc, ERR_CORRUPT);
		CHECK(told && !out);
	}
}

TEST(weights_links_in_archives_are_not_followed)
{
	struct world d;
	const struct entry v[] = { { "a", SV("a"), NULL }, { "m", SV_NULL, "/etc/passwd" } };
	world_up(&d);
	with_members(&d, v, 2, "");
	EQ(pull_x(&d), ERR_CORRUPT);
	HAS(sv_of(d.e.msg), "not a plain file");
	CHECK(nothing(&d));
	world_down(&d);
}

TEST(weights_archives_must_hold_what_was_agreed)
{
	const struct entry none[] = { { "n", SV("x"), NULL } };
	const struct entry m[] = { { "m", SV("four"), NULL } };
	static const char *const wrong_hash =
		"        sha256: "
		"0123456789012345678901234567890123456789012345678901234567890123\n";
	const struct {
		const struct entry *v;
		const char *more, *want;
	} t[] = {
		{ none, "", "m is not in the archive" },
		{ m, "        bytes: 3\n", "larger than the registry says" },
		{ m, wrong_hash, "other contents than pinned" },
	};
	for (size_t i = 0; i < 3; i++) {
		struct world d;
		world_up(&d);
		with_members(&d, t[i].v, 1, t[i].more);
		EQ(pull_x(&d), ERR_CORRUPT);
		HAS(sv_of(d.e.msg), t[i].want);
		CHECK(nothing(&d));
		world_down(&d);
	}
}

/* Truncated archives whose hash is right: the pinning itself was of a broken file. */
TEST(weights_truncated_archives_are_told)
{
	for (int zip = 0; zip < 2; zip++) {
		struct world d;
		struct sb body;
		world_up(&d);
		const struct entry v[] = { { "m", noise(&d.mem, 50000), NULL } };
		make_archive(zip, v, 1, &body);
		sb_truncate(&body, 30000);
		world_entry(&d, "x", "llm");
		sb_cstr(&d.yaml, "    sources:\n");
		world_source(&d, "url", "/x.zip", &body, NULL);
		sb_cstr(&d.yaml, "    take:\n      - to: m\n        from: [\"1:m\"]\n");
		EQ(pull_x(&d), ERR_CORRUPT);
		HAS(sv_of(d.e.msg), "archive");
		CHECK(nothing(&d));
		world_down(&d);
	}
}

TEST(weights_answers_of_servers_are_told_apart)
{
	static const struct {
		int status, rc, hits;
		const char *want;
	} t[] = {
		{ 404, ERR_NOTFOUND, 1, "is not there (HTTP 404)" },
		{ 403, ERR_DENIED, 1, "is refused (HTTP 403)" },
		{ 500, ERR_UPSTREAM, 5, "answers HTTP 500" },
		{ 400, ERR_UPSTREAM, 1, "answers HTTP 400" },
	};
	for (size_t i = 0; i < 4; i++) {
		struct world d;
		struct page *p;
		world_up(&d);
		world_simple(&d, 1000, &p);
		p->status = t[i].status;
		OK(world_open(&d));
		EQ(weights_pull(d.w, item(&d, "one"), NULL, &d.e), t[i].rc);
		HAS(sv_of(d.e.msg), t[i].want);
		EQ(hits(&d, p), t[i].hits);
		world_down(&d);
	}
}

TEST(weights_indexes_may_not_list_another_hash)
{
	static const char *const pages[] = {
		"{\"files\":[{\"filename\":\"p-1.whl\",\"url\":\"/f\",\"hashes\":{\"sha256\":"
		"\"aaaa\"}}]}",
		"{\"files\":[{\"filename\":\"q-1.whl\",\"url\":\"/f\"}]}", "not json", "" };
	static const int want[] = { ERR_CORRUPT, ERR_NOTFOUND, ERR_NOTFOUND, ERR_NOTFOUND };
	for (size_t i = 0; i < 4; i++) {
		struct world d;
		struct sb body;
		world_up(&d);
		sb_init(&body, 100);
		sb_cstr(&body, "x");
		world_entry(&d, "x", "llm");
		sb_cstr(&d.yaml, "    sources:\n");
		world_source(&d, "pypi: p\n        version: \"1\"\n        file: p-1.whl", "/f",
			     &body, NULL);
		sb_cstr(&d.yaml, "    take:\n      - to: m\n        from: [\"1\"]\n");
		world_page(&d, "/simple/p/", i < 3 ? "application/json" : "text/html", pages[i]);
		EQ(pull_x(&d), want[i]);
		EQ(hits(&d, &d.site.pages[0]), 0);
		world_down(&d);
	}
}

TEST(weights_passwords_in_addresses_are_not_shown)
{
	char out[100];
	weights_net_hide("https://me:secret@h.example/simple/", out, sizeof(out));
	STR_EQ(out, "https://h.example/simple/");
	weights_net_hide("https://h.example/a@b", out, sizeof(out));
	STR_EQ(out, "https://h.example/a@b");
}

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit r;
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)getrlimit(RLIMIT_FSIZE, &r);
	r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
	(void)setrlimit(RLIMIT_FSIZE, &r);
}

TEST(weights_a_full_disk_loses_nothing_that_was_there)
{
	struct world d;
	struct page *p;
	world_up(&d);
	sv data = world_simple(&d, 300000, &p);
	OK(world_open(&d));
	limit_files(200000);                     /* while it is fetched */
	int rc = weights_pull(d.w, item(&d, "one"), NULL, &d.e);
	limit_files(RLIM_INFINITY);
	EQ(rc, ERR_FULL);
	HAS(sv_of(d.e.msg), "the disk is full; free some, or set CALLM_CACHE");
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	EQ(last_from(&d, p), 200000);
	CHECK(is_file(&d, "one-1/a.bin", data));
	world_down(&d);
}

TEST(weights_a_disk_full_of_unpacked_files_keeps_the_download)
{
	struct world d;
	struct sb zip;
	world_up(&d);
	char *zeros = arena_alloc(&d.mem, 900000);       /* packs well */
	const struct entry v[] = { { "m", sv_n(zeros, 900000), NULL } };
	make_archive(true, v, 1, &zip);
	world_entry(&d, "x", "llm");
	sb_cstr(&d.yaml, "    sources:\n");
	struct page *p = world_source(&d, "url", "/x.zip", &zip, NULL);
	sb_cstr(&d.yaml, "    take:\n      - to: m\n        from: [\"1:m\"]\n");
	OK(world_open(&d));
	limit_files(500000);
	int rc = weights_pull(d.w, item(&d, "x"), NULL, &d.e);
	limit_files(RLIM_INFINITY);
	EQ(rc, ERR_FULL);
	CHECK(nothing(&d));
	OK(weights_pull(d.w, item(&d, "x"), NULL, &d.e));
	EQ(hits(&d, p), 1);
	world_down(&d);
}

TEST(weights_room_is_looked_for_before)
{
	struct world d;
	struct sb body;
	world_up(&d);
	sb_init(&body, 100);
	sb_cstr(&body, "x");
	world_entry(&d, "x", "llm");
	sb_cstr(&d.yaml, "    sources:\n");
	struct page *p = world_source(&d, "url", "/x.zip", &body, NULL);
	sb_cstr(&d.yaml, "    take:\n      - to: m\n        from: [\"1:m\"]\n"
			 "        bytes: 64000000000\n"
			 "      - to: n1\n        from: [\"1:n\"]\n        bytes: 64000000000\n"
			 "      - to: o\n        from: [\"1:o\"]\n        bytes: 64000000000\n"
			 "      - to: p\n        from: [\"1:p\"]\n        bytes: 64000000000\n");
	for (int i = 0; i < 50; i++)
		sb_fmt(&d.yaml, "      - to: q%d\n        from: [\"1:p\"]\n"
				"        bytes: 64000000000\n", i);
	EQ(pull_x(&d), ERR_FULL);
	HAS(sv_of(d.e.msg), "x needs 3456");
	EQ(hits(&d, p), 0);
	world_down(&d);
}

/* ---- what is installed and damaged ---- */

static void spoil(const struct world *d, const char *below, bool cut)
{
	char path[700];
	(void)snprintf(path, sizeof(path), "%s/models/%s", d->cache, below);
	FILE *f = fopen(path, "r+");
	if (!f)
		return;
	if (cut) {
		CHECK(ftruncate(fileno(f), 10) == 0);
	} else {
		(void)fseek(f, 777, SEEK_SET);
		(void)fputs("!!", f);
	}
	(void)fclose(f);
}

TEST(weights_damage_is_found_told_and_mended)
{
	struct world d;
	struct page *p;
	struct weights_pick pick;
	world_up(&d);
	sv data = world_simple(&d, 100000, &p);
	OK(world_open(&d));
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	spoil(&d, "one-1/a.bin", false);         /* same size: only reading finds it */
	OK(weights_find(d.w, SV("llm"), SV_NULL, &pick, &d.e));
	EQ(weights_verify(d.w, item(&d, "one"), NULL, &d.e), ERR_CORRUPT);
	STR_EQ(d.e.msg,
	       "one is damaged: a.bin has other contents than pinned; callm models pull one");
	EQ(weights_find(d.w, SV("llm"), SV_NULL, &pick, &d.e), ERR_CORRUPT);
	HAS(sv_of(d.e.msg), "callm models pull one");
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	OK(weights_verify(d.w, item(&d, "one"), NULL, &d.e));
	CHECK(is_file(&d, "one-1/a.bin", data) && !exists(&d, "one-1.new"));
	spoil(&d, "one-1/a.bin", true);
	EQ(weights_find(d.w, SV("llm"), SV_NULL, &pick, &d.e), ERR_CORRUPT);
	HAS(sv_of(d.e.msg), "a.bin has 10 bytes, not 100000");
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	char path[700];
	(void)snprintf(path, sizeof(path), "%s/models/one-1/a.bin", d.cache);
	OK(unlink(path));
	EQ(weights_look(d.w, item(&d, "one"), &d.e), WEIGHTS_BROKEN);
	HAS(sv_of(d.e.msg), "a.bin is gone");
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	EQ(hits(&d, p), 4);
	world_down(&d);
}

TEST(weights_another_pinning_is_another_entry)
{
	struct world d;
	struct page *p;
	world_up(&d);
	world_simple(&d, 1000, &p);
	OK(world_open(&d));
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	struct sb zip;
	const struct entry v[] = { { "pkg/a.bin", SV("newer"), NULL } };
	sb_reset(&d.yaml);
	sb_cstr(&d.yaml, "models:\n");
	make_archive(true, v, 1, &zip);
	world_entry(&d, "one", "llm");
	sb_cstr(&d.yaml, "    sources:\n");
	world_source(&d, "url", "/new.zip", &zip, NULL);
	sb_cstr(&d.yaml, "    take:\n      - to: a.bin\n        from: [\"1:pkg/a.bin\"]\n");
	OK(world_open(&d));
	EQ(weights_look(d.w, item(&d, "one"), NULL), WEIGHTS_MISSING);
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	CHECK(is_file(&d, "one-1/a.bin", SV("newer")));
	world_down(&d);
}
