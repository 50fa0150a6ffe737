/* t_app_hearing.c: what a recogniser makes of clips, by its stand-in (tests/asr_worker.c), and the
 * commands that ask for it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "t.h"
#include "app_hearing.h"
#include "app_int.h"
#include "asr_vec.h"
#include "model_paths.h"

enum { CLIPS = 23, LONG = 1600 };
struct world {
	char exe[600], file[600];
	struct model_spec spec;
	struct digit_set set;
	struct err e;
};

/* Clips that are the digits 0 to 9 again and again; the last one is silent. */
static void world_open(struct world *w, const char *orders)
{
	*w = (struct world){ 0 };
	(void)snprintf(w->file, sizeof(w->file), "%s/ear.bin", t_tmpdir());
	(void)snprintf(w->exe, sizeof(w->exe), "%s/asr_worker", MODEL_PATHS);
	OK(file_write(w->file, sv_of(orders), &w->e));
	w->spec = (struct model_spec){ .kind = "whisper", .file = w->file, .exe = w->exe };
	w->set.n = w->set.cap = CLIPS;
	w->set.v = xalloc(CLIPS * sizeof(*w->set.v));
	for (int i = 0; i < CLIPS; i++) {
		struct digit_clip *c = &w->set.v[i];
		*c = (struct digit_clip){ xalloc(LONG * sizeof(int16_t)), LONG, i % 10 };
		for (int k = 0; k < LONG; k++)
			c->s[k] = (int16_t)(i == CLIPS - 1 ? 0 : (k & 8 ? 2000 : -2000) *
								  (i % 10 + 1));
	}
}

static bool count(void *arg, size_t done, size_t n)
{
	*(size_t *)arg = done;
	return done <= n;
}

static bool stop(void *arg, size_t done, size_t n)
{
	(void)arg;
	(void)n;
	return done < 3;
}

/* Where clip i's vector is 1; -1: nowhere. */
static int at(const struct world *w, size_t i)
{
	for (int k = 0; k < ASR_VEC_DIM; k++)
		if (w->set.vec[i * ASR_VEC_DIM + (size_t)k] > 0.5F)
			return k;
	return -1;
}

TEST(app_hearing_fills_all_clips_in_their_order)
{
	struct world w;
	size_t seen = 0;
	char orders[700];
	(void)snprintf(orders, sizeof(orders), "die %s/once\n", t_tmpdir());
	world_open(&w, orders);                      /* and one process dies on the way */
	OK(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .workers = 3,
							   .lang = "en", .progress = count,
							   .want = SV("whisper:ear.bin"),
							   .arg = &seen }, &w.e));
	EQ(seen, CLIPS);
	STR_EQ(w.set.sense, "whisper:ear.bin");
	STR_EQ(w.set.lang, "en");
	for (size_t i = 0; i < CLIPS; i++)
		EQ(at(&w, i), i == CLIPS - 1 ? -1 : (int)(i % 10));
	digit_set_done(&w.set);
}

TEST(app_hearing_says_what_is_wrong)
{
	struct world w;
	world_open(&w, "");
	EQ(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .lang = "en",
							   .want = SV("whisper:big.bin"),
							   .file = "d.nn" }, &w.e), ERR_STATE);
	CHECK(strstr(w.e.msg, "d.nn") && strstr(w.e.msg, "big.bin") && strstr(w.e.msg, "ear.bin"));
	EQ(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .lang = "en",
							   .progress = stop }, &w.e), ERR_CANCELED);
	EQ(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .lang = "english" },
		       &w.e), ERR_INVAL);
	digit_set_done(&w.set);
	world_open(&w, "fail\n");
	EQ(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .lang = "en" }, &w.e),
	   ERR_FAIL);
	CHECK(strstr(w.e.msg, "whisper:ear.bin"));
	digit_set_done(&w.set);
	world_open(&w, "die-always\n");
	EQ(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .lang = "en" }, &w.e),
	   ERR_UPSTREAM);
	digit_set_done(&w.set);
	w.spec.kind = "pocketsphinx";
	EQ(app_hearing(&w.set, &(struct app_hearing_opts){ .spec = &w.spec, .lang = "en" }, &w.e),
	   ERR_UNSUPPORTED);
}

/* Exit status of a command; what it says on stderr goes into out. */
static int run(int (*cmd)(int, char **), char **argv, struct sb *out)
{
	char to[600];
	int n = 0;
	while (argv[n])
		n++;
	(void)snprintf(to, sizeof(to), "%s/said", t_tmpdir());
	(void)fflush(NULL);
	int was = dup(2), fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	(void)dup2(fd, 2);
	int rc = cmd(n, argv);
	(void)fflush(NULL);
	(void)dup2(was, 2);
	(void)close(was);
	(void)close(fd);
	sb_reset(out);
	return file_read(to, LIM_SB, out, NULL) ? -1 : rc;
}

TEST(app_hearing_without_a_recogniser_says_how_to_get_one)
{
	struct world w;
	const char *was = getenv("CALLM_CACHE");
	char *keep = was ? xstrdup(sv_of(was)) : NULL;
	world_open(&w, "");
	EQ(setenv("CALLM_CACHE", t_tmpdir(), 1), 0);
	int rc = app_hearing(&w.set, &(struct app_hearing_opts){ .lang = "en" }, &w.e);
	EQ(keep ? setenv("CALLM_CACHE", keep, 1) : unsetenv("CALLM_CACHE"), 0);
	xfree(keep);
	EQ(rc, ERR_NOTFOUND);
	CHECK(strstr(w.e.msg, "callm models pull whisper-base"));
	digit_set_done(&w.set);
}

/* Twenty rows of two words, all one sound; a net that has learned from it alone. */
static int make_net(char rows[600], char net[600])
{
	char wav[600];
	int16_t s[LONG];
	struct sb b;
	struct digit_set set;
	for (int k = 0; k < LONG; k++)
		s[k] = (int16_t)(k & 8 ? 3000 : -3000);
	(void)snprintf(wav, sizeof(wav), "%s/a.wav", t_tmpdir());
	(void)snprintf(rows, 600, "%s/rows.tsv", t_tmpdir());
	(void)snprintf(net, 600, "%s/sound.nn", t_tmpdir());
	sb_init(&b, LIM_SB);
	for (int i = 0; i < 20; i++)
		sb_fmt(&b, "%d\ta.wav\n", i % 2);
	int rc = pcm_wav_write(wav, s, LONG, PCM_HZ, NULL);
	rc = rc ? rc : file_write(rows, sb_sv(&b), NULL);
	sb_done(&b);
	rc = rc ? rc : digit_set_read(&set, rows, NULL);
	if (rc)
		return rc;
	rc = digit_train(&set, &(struct digit_opt){ .seed = 1, .epochs = 1 }, net, NULL);
	digit_set_done(&set);
	return rc;
}

TEST(app_hearing_of_commands)
{
	struct sb b;
	char rows[600], net[600];
	char *wrong[] = { "train", "intent", "--hearing", "--data", "x", "--out", "y", NULL };
	char *lang[] = { "train", "digits", "--hearing", "--lang", "english", "--data", "x",
			 "--out", "y", NULL };
	char *not_digits[] = { "score", "intent", "--hearing", "--model", "x", "--data", "y",
			       NULL };
	char *by_sound[] = { "score", "digits", "--hearing", "--model", net, "--data", rows,
			     NULL };
	char *without[] = { "score", "digits", "--json", "--model",
			    T_SRCDIR "/models/digits.nn", "--data", rows, NULL };
	OK(make_net(rows, net));
	sb_init(&b, LIM_SB);
	EQ(run(cmd_train, wrong, &b), 2);
	CHECK(sv_find(sb_sv(&b), SV("--hearing is for digits")) >= 0);
	EQ(run(cmd_train, lang, &b), 2);
	EQ(run(cmd_score, not_digits, &b), 2);
	EQ(run(cmd_score, by_sound, &b), 1);
	CHECK(sv_find(sb_sv(&b), SV("train it with --hearing")) >= 0);
	/* the shipped one has learned from a recogniser, too, and says that it goes without */
	EQ(run(cmd_score, without, &b), 0);
	CHECK(sv_find(sb_sv(&b), SV("whisper:whisper-base.bin (--hearing)")) >= 0);
	sb_done(&b);
}
