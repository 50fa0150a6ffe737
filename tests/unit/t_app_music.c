/* t_app_music.c: music of queues by its name: where it is looked for, read once and again when it
 * changes, what is wrong told with its file. */
#include "app_music.h"
#include "pcm_music.h"
#include "pool.h"
#include "t.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *at(const char *name)
{
	static char path[400];
	(void)snprintf(path, sizeof(path), "%s/%s", t_tmpdir(), name);
	return path;
}

static int put_wav(const char *name, int seconds, double hz)
{
	size_t n = (size_t)seconds * 8000;
	(void)mkdir(at("music"), 0700);
	int16_t *s = xalloc(n * sizeof(*s));
	for (size_t i = 0; i < n; i++)
		s[i] = (int16_t)lrint(9000 * sin(2 * M_PI * hz * (double)i / 8000));
	int rc = pcm_wav_write(at(name), s, n, 8000, NULL);
	xfree(s);
	return rc;
}

static double power(const struct pcm_music *m, double hz)
{
	int16_t s[1600];
	pcm_music_get(m, 8000, 4000, s, 1600);
	return pcm_goertzel_db(s, 1600, hz, 8000);
}

TEST(app_music_is_read_once_and_again_when_it_changes)
{
	struct app_music *x = app_music_new(t_tmpdir(), NULL);
	struct pcm_music *a = NULL, *b = NULL, *c = NULL;
	struct err e = { 0 };
	OK(put_wav("music/one.wav", 3, 500));
	OK(app_music_of(x, SV("music/one.wav"), 60, &a, &e));
	OK(app_music_of(x, SV("music/one.wav"), 60, &b, &e));
	CHECK(a == b && power(a, 500) > -24);
	OK(put_wav("music/one.wav", 4, 900));
	OK(app_music_of(x, SV("music/one.wav"), 60, &c, &e));
	CHECK(c != a && power(c, 900) > -24 && power(a, 500) > -24);
	EQ(pcm_music_seconds(c), 4);
	obj_unref(a);
	obj_unref(b);
	app_music_free(x);
	CHECK(power(c, 900) > -24);              /* in use: it lives on */
	obj_unref(c);
}

TEST(app_music_of_a_folder)
{
	struct app_music *x = app_music_new(t_tmpdir(), NULL);
	struct pcm_music *a = NULL, *b = NULL;
	struct err e = { 0 };
	OK(file_mkdirs(at("music/hold/more"), &e));
	OK(put_wav("music/hold/b.WAV", 2, 900));
	OK(put_wav("music/hold/a.wav", 2, 500));
	OK(file_write(at("music/hold/notes.txt"), SV("no music"), &e));
	OK(app_music_of(x, SV("music/hold"), 60, &a, &e));
	EQ(pcm_music_seconds(a), 4);
	CHECK(power(a, 500) > -24);              /* by name */
	OK(put_wav("music/hold/more/e.wav", 2, 700));    /* not of the folder itself */
	OK(put_wav("music/hold/c.wav", 2, 700));
	OK(app_music_of(x, SV("music/hold"), 60, &b, &e));
	EQ(pcm_music_seconds(b), 6);
	/* what is there already counts too */
	EQ(app_music_of(x, SV("music/hold"), 5, &b, &e), ERR_TOOBIG);
	HAS(sv_of(e.msg), "hold: longer than the 5 s");
	obj_unref(a);
	obj_unref(b);
	a = NULL;
	OK(put_wav("music/long.wav", 9, 500)); /* too long for one plan and not for the next */
	EQ(app_music_of(x, SV("music/long.wav"), 5, &a, &e), ERR_TOOBIG);
	EQ(app_music_of(x, SV("music/long.wav"), 4, &a, &e), ERR_TOOBIG);
	OK(app_music_of(x, SV("music/long.wav"), 9, &a, &e));
	EQ(pcm_music_seconds(a), 9);
	obj_unref(a);
	app_music_free(x);
}

static const struct { const char *name; int rc; const char *what; } wrong[] = {
	{ "music/absent.wav", ERR_NOTFOUND, "absent.wav: there is no such file or folder" },
	{ "music/empty", ERR_NOTFOUND, "empty: there is no .wav file in it" },
	{ "music/notes.txt", ERR_INVAL, "notes.txt: not a .wav file" },
	{ "music/text.wav", ERR_PARSE, "text.wav: " },
	{ "music/short.wav", ERR_TOOBIG, "short.wav: longer than the 2 s" },
	{ "../x.wav", ERR_INVAL, "music \"../x.wav\" does not name the folder" },
	{ "music/../data/recordings", ERR_INVAL, "does not name the folder" },
	{ "music/..", ERR_INVAL, "does not name the folder" },
	{ "/etc/x.wav", ERR_INVAL, "does not name the folder" },
	{ "data/recordings/x.wav", ERR_INVAL, "does not name the folder" },
	{ ".", ERR_INVAL, "does not name the folder" },
	{ "musical", ERR_INVAL, "does not name the folder" },
	{ "default", ERR_INVAL, "does not name the folder" },
	{ "", ERR_INVAL, "does not name the folder" },
};

TEST(app_music_says_what_is_wrong)
{
	struct err e = { 0 };
	OK(file_mkdirs(at("music/empty"), &e));
	OK(file_write(at("music/notes.txt"), SV("no music"), &e));
	OK(file_write(at("music/text.wav"), SV("no music"), &e));
	OK(put_wav("music/short.wav", 3, 500));
	struct app_music *x = app_music_new(t_tmpdir(), NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct pcm_music *m = NULL;
		e = (struct err){ 0 };
		EQ(app_music_of(x, sv_of(wrong[i].name), 2, &m, &e), wrong[i].rc);
		CHECK(!m);
		HAS(sv_of(e.msg), wrong[i].what);
	}
	/* only looked for: nothing is read */
	EQ(app_music_of(x, SV("music/absent.wav"), 2, NULL, &e), ERR_NOTFOUND);
	OK(app_music_of(x, SV("music/text.wav"), 2, NULL, &e));
	app_music_free(x);
	struct app_music *demo = app_music_new("", NULL);
	EQ(app_music_of(demo, SV("music/one.wav"), 2, NULL, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "the built-in company has no files");
	app_music_free(demo);
}

/* Recordings of customers lie below the company's folder, too. */
TEST(app_music_follows_no_link_out_of_its_folder)
{
	static const struct { const char *name, *to; bool out; } links[] = {
		{ "music/all", "../data/recordings", true },
		{ "music/up", "..", true },
		{ "music/call.wav", "../data/recordings/c1.wav", true },
		{ "music/beside", "../musical", true },
		{ "music/again.wav", "one.wav", false },
		{ "music/same", "hold", false },
	};
	struct app_music *x = app_music_new(t_tmpdir(), NULL);
	struct pcm_music *m = NULL;
	struct err e = { 0 };
	OK(file_mkdirs(at("data/recordings"), &e));
	OK(file_mkdirs(at("musical"), &e));
	OK(file_mkdirs(at("music/hold"), &e));
	OK(put_wav("data/recordings/c1.wav", 2, 500));
	OK(put_wav("musical/a.wav", 2, 500));
	OK(put_wav("music/one.wav", 3, 500));
	OK(put_wav("music/hold/a.wav", 4, 500));
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		e = (struct err){ 0 };
		OK(symlink(links[i].to, at(links[i].name)));
		EQ(app_music_of(x, sv_of(links[i].name), 60, &m, &e),
		   links[i].out ? ERR_INVAL : 0);
		CHECK(!m == links[i].out);
		HAS(sv_of(e.msg), links[i].out ? "a link leads out of the folder music" : "");
		m = obj_unref(m);
	}
	OK(symlink("../../data/recordings/c1.wav", at("music/hold/b.wav")));
	OK(app_music_of(x, SV("music/hold"), 60, &m, &e));       /* passed over */
	EQ(pcm_music_seconds(m), 4);
	m = obj_unref(m);
	OK(app_music_of(x, SV("music"), 60, &m, &e));            /* its own alone */
	EQ(pcm_music_seconds(m), 3);
	obj_unref(m);
	app_music_free(x);
}

/* As many names as a plan has queues: each is read once. */
TEST(app_music_reads_nothing_twice)
{
	struct app_music *x = app_music_new(t_tmpdir(), NULL);
	struct pcm_music *first[40], *m = NULL;
	struct err e = { 0 };
	char name[30];
	for (int i = 0; i < 80; i++) {
		(void)snprintf(name, sizeof(name), "music/k%d.wav", i % 40);
		OK(i < 40 ? put_wav(name, 1, 500) : 0);
		OK(app_music_of(x, sv_of(name), 60, i < 40 ? &first[i] : &m, &e));
		CHECK(i < 40 || m == first[i - 40]);
		m = i < 40 ? NULL : obj_unref(m);
	}
	for (int i = 0; i < 40; i++)
		obj_unref(first[i]);
	app_music_free(x);
}

/* ---- beside the queues ---- */

static int on_change(void *arg)
{
	atomic_fetch_add((atomic_int *)arg, 1);
	return 0;
}

static bool told(atomic_int *n, int want)
{
	for (int ms = 0; ms < 20000 && atomic_load(n) < want; ms += 2)
		(void)usleep(2000);
	return atomic_load(n) == want;
}

struct asked { struct pcm_music *one, *two, *class; };

/* As a plan does: all names, whatever they are. */
static bool ask(struct app_music *x, struct asked *a)
{
	return app_music_of(x, SV("music/one.wav"), 60, &a->one, NULL) == 0 &&
	       app_music_of(x, SV("music/two.wav"), 60, &a->two, NULL) == 0 &&
	       app_music_of(x, SV("default"), 60, &a->class, NULL) == 0 && !a->class;
}

static void asked_done(struct asked *a)
{
	obj_unref(a->one);
	obj_unref(a->two);
}

TEST(app_music_keeps_no_queue_waiting)
{
	struct app_music *x = app_music_new(t_tmpdir(), pool_new(1, 0));
	struct asked none = { 0 }, a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
	char to[400];
	atomic_int n = 0;
	OK(put_wav("music/one.wav", 3, 500));
	OK(put_wav("music/two.wav", 2, 700));
	CHECK(ask(x, &none) && !none.one && !none.two);
	app_music_tell(x, on_change, &n);
	CHECK(told(&n, 1));
	CHECK(ask(x, &a) && a.one && a.two);
	EQ(pcm_music_seconds(a.one), 3);
	EQ(pcm_music_seconds(a.two), 2);
	OK(put_wav("music/new", 4, 900));
	(void)snprintf(to, sizeof(to), "%s", at("music/one.wav"));
	OK(rename(at("music/new"), to));
	CHECK(ask(x, &b) && b.one && b.two == a.two);    /* the old until the new is there */
	CHECK(told(&n, 2));
	CHECK(ask(x, &c) && c.one != a.one && c.two == a.two);   /* nor is that read again */
	EQ(pcm_music_seconds(c.one), 4);
	OK(unlink(at("music/two.wav")));
	CHECK(ask(x, &none));
	asked_done(&none);
	CHECK(told(&n, 3));
	CHECK(ask(x, &d) && d.one == c.one && !d.two);
	app_music_tell(x, NULL, NULL);
	asked_done(&a);
	asked_done(&b);
	asked_done(&c);
	asked_done(&d);
	app_music_free(x);
}

static int is_full(void *arg)
{
	return atomic_fetch_add((atomic_int *)arg, 1) ? 0 : ERR_FULL;
}

/* Many in turn: what no plan names any more is let go, and who was not told is told again. */
TEST(app_music_lets_go_what_no_plan_names)
{
	struct app_music *x = app_music_new(t_tmpdir(), pool_new(1, 0));
	struct pcm_music *m = NULL;
	struct asked a = { 0 };
	atomic_int n = 0;
	OK(put_wav("music/one.wav", 1, 500));
	OK(put_wav("music/two.wav", 1, 500));
	OK(put_wav("music/other.wav", 1, 500));
	app_music_tell(x, is_full, &n);
	CHECK(ask(x, &a));
	asked_done(&a);
	a = (struct asked){ 0 };
	for (int i = 0; i < 12; i++) {
		OK(app_music_of(x, SV("music/other.wav"), 60, &m, NULL));
		m = obj_unref(m);
		(void)usleep(60000);
	}
	CHECK(atomic_load(&n) >= 2);
	CHECK(ask(x, &a) && !a.one && !a.two);
	asked_done(&a);
	app_music_free(x);
}
