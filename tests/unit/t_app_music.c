/* t_app_music.c: music of queues by its name: where it is looked for, read once and again when it
 * changes, what is wrong told with its file. */
#include "app_music.h"
#include "pcm_music.h"
#include "t.h"

#include <math.h>
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
	struct app_music *x = app_music_new(t_tmpdir(), true);
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
	struct app_music *x = app_music_new(t_tmpdir(), true);
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
	for (int strict = 0; strict < 2; strict++) {
		struct app_music *x = app_music_new(t_tmpdir(), strict);
		for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
			struct pcm_music *m = NULL;
			e = (struct err){ 0 };
			/* a server goes on with the tune */
			EQ(app_music_of(x, sv_of(wrong[i].name), 2, &m, &e),
			   strict ? wrong[i].rc : 0);
			CHECK(!m);
			if (strict)
				HAS(sv_of(e.msg), wrong[i].what);
		}
		/* only looked for: told in any case, nothing is read */
		EQ(app_music_of(x, SV("music/absent.wav"), 2, NULL, &e), ERR_NOTFOUND);
		OK(app_music_of(x, SV("music/text.wav"), 2, NULL, &e));
		app_music_free(x);
	}
	struct app_music *demo = app_music_new("", true);
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
	struct app_music *x = app_music_new(t_tmpdir(), true);
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

/* More names than are kept: the oldest goes, and is read again. */
TEST(app_music_keeps_a_few)
{
	struct app_music *x = app_music_new(t_tmpdir(), true);
	struct pcm_music *first = NULL, *m = NULL;
	struct err e = { 0 };
	char name[30];
	for (int i = 0; i < 17; i++) {
		(void)snprintf(name, sizeof(name), "music/k%d.wav", i);
		OK(put_wav(name, 1, 500 + i * 50));
		OK(app_music_of(x, sv_of(name), 60, i ? &m : &first, &e));
		m = obj_unref(m);
	}
	OK(app_music_of(x, SV("music/k16.wav"), 60, &m, &e));
	CHECK(power(m, 1300) > -24);
	m = obj_unref(m);
	OK(app_music_of(x, SV("music/k0.wav"), 60, &m, &e));
	CHECK(m != first && power(m, 500) > -24);
	obj_unref(first);
	obj_unref(m);
	app_music_free(x);
}
