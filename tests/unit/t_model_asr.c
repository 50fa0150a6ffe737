/* t_model_asr.c: language model files, and recognition of sentences that flite spoke
 * through a telephone line. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "asr_lm_int.h"
#include "model.h"
#include "model_paths.h"

static const char *const sentences[] = {
	"How can I cancel my order?",
	"Where is my parcel?",
	"What is the warranty on a sofa?",
	"Returns within 30 days are free.",
	"I forgot my password.",
	"Zorbling the frumious bandersnatch costs CNY 5.",
	"How do I pay my internet bill?"
};

static int write_lm(char lm[512], char dict[512])
{
	struct asr_lm *m = asr_lm_new();
	struct err e = { 0 };
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		asr_lm_add(m, sv_of(sentences[i]));
	(void)snprintf(lm, 512, "%s/asr.en.arpa", t_tmpdir());
	(void)snprintf(dict, 512, "%s/asr.en.dict", t_tmpdir());
	int rc = asr_lm_write(m, lm, dict, &e);
	asr_lm_free(m);
	if (rc)
		(void)printf("# %s\n", e.msg);
	return rc;
}

#define NEEDS_MODEL() \
	do { \
		if (!file_exists(LM_HMM_DIR "/mdef")) \
			SKIP("pocketsphinx-en-us is not installed"); \
	} while (0)

/* Sum of P(w|h) over the words is 1 for histories that occur (read back from the file).
 */
TEST(asr_lm_is_a_distribution)
{
	char lm[512], dict[512];
	NEEDS_MODEL();
	OK(write_lm(lm, dict));
	struct sb b, d;
	sb_init(&b, 64 << 20);
	sb_init(&d, 64 << 20);
	int rc = file_read(lm, 64 << 20, &b, NULL) ||
		 file_read(dict, 64 << 20, &d, NULL);
	sv rest = sb_sv(&b), line;
	double sum = 0;
	int section = 0, n1 = 0, n3 = 0;
	while (sv_line(&rest, &line)) {
		if (sv_starts(line, SV("\\")))
			section = line.n > 1 && line.p[1] >= '1' && line.p[1] <= '3' ?
					  line.p[1] - '0' :
					  0;
		else if (section == 1 && line.n) {
			double p = strtod(line.p, NULL);
			sum += p > -90 ? pow(10, p) : 0;
			n1++;
		}
		n3 += section == 3 && line.n && line.p[0] == '-';
	}
	bool zorb = sv_find(sb_sv(&d), SV("zorbling Z")) >= 0,
	     general = sv_find(sb_sv(&d), SV("\nbecause ")) >= 0,
	     number = sv_find(sb_sv(&b), SV("within thirty days")) >= 0;
	sb_done(&b);
	sb_done(&d);
	OK(rc);
	NEAR(sum, 1.0, 0.01);
	CHECK(n1 > 300 && n3 > 300);
	CHECK(zorb);
	CHECK(general);
	CHECK(number);
}

struct heard {
	struct sb text;
	int partials, finals, errors, err;
	double conf;
};

static void on_partial(void *arg, sv text)
{
	struct heard *h = arg;
	h->partials += text.n > 0;
}

static void on_final(void *arg, sv text, double conf)
{
	struct heard *h = arg;
	sb_reset(&h->text);
	sb_put(&h->text, text);
	h->conf = conf;
	h->finals++;
}

static void on_error(void *arg, int err)
{
	struct heard *h = arg;
	h->errors++;
	h->err = err;
}
static const struct asr_cb cb = { on_partial, on_final, on_error };

static bool final_or_error(void *arg)
{
	struct heard *h = arg;
	return h->finals > 0 || h->errors > 0;
}

/* ---- speech from flite, at 8 kHz through mu-law ---- */

struct sound {
	int16_t *s;
	size_t n, cap;
	int rate;
	bool done;
};

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	struct sound *x = arg;
	if (x->n + n > x->cap) {
		x->cap = (x->n + n) * 2;
		x->s = xrealloc(x->s, x->cap * sizeof(*s));
	}
	memcpy(x->s + x->n, s, n * sizeof(*s));
	x->n += n;
	x->rate = rate;
}

static void on_end(void *arg, int err)
{
	((struct sound *)arg)->done = err == 0;
}

static bool said(void *arg)
{
	return ((struct sound *)arg)->done;
}

static bool speak(struct loop *l, const char *text, int16_t **ret, size_t *n)
{
	struct tts *t = NULL;
	struct tts_run *run;
	struct sound x = { 0 };
	struct tts_cb tcb = { on_pcm, NULL, on_end };
	struct model_spec s = { .kind = "flite",
				.exe = MODEL_PATHS "/model_worker",
				.voice = "rms" };
	bool ok = tts_open(&t, &s, l, NULL) == 0 &&
		  tts_start(t, sv_of(text), SV("en"), &tcb, &x, &run) == 0 &&
		  t_wait(l, said, &x, 20000) &&
		  pcm_resample(x.s, x.n, x.rate, 8000, ret, n) == 0;
	tts_close(t);
	xfree(x.s);
	for (size_t i = 0; ok && i < *n; i++) {
		uint8_t u;
		pcm_ulaw_encode(*ret + i, 1, &u);
		pcm_ulaw_decode(&u, 1, *ret + i);
	}
	return ok;
}

static int open_asr(struct asr **a, struct loop *l, int workers)
{
	struct err e = { 0 };
	struct model_spec s = { .kind = "pocketsphinx",
				.exe = MODEL_PATHS "/model_worker",
				.data = t_tmpdir(),
				.max_workers = workers };
	int rc = asr_open(a, &s, l, &e);
	if (rc)
		(void)printf("# %s\n", e.msg);
	return rc;
}

static void feed(struct asr_run *r, const int16_t *s, size_t n)
{
	for (size_t i = 0; i < n; i += PCM_FRAME)
		asr_feed(r, s + i, n - i < PCM_FRAME ? n - i : PCM_FRAME, 8000);
}

TEST(asr_hears_a_telephone)
{
	char lm[512], dict[512];
	NEEDS_MODEL();
	OK(write_lm(lm, dict));
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct asr_run *r = NULL, *r2 = NULL;
	struct heard h = { 0 };
	int16_t *s = NULL;
	size_t n = 0;
	sb_init(&h.text, LIM_SB);
	bool spoke = speak(l, "How can I cancel my order?", &s, &n);
	int rc = open_asr(&a, l, 1);
	rc = rc ? rc : asr_start(a, SV("en"), &cb, &h, &r);
	int busy = rc ? 0 : asr_start(a, SV("en"), &cb, &h, &r2);
	int zh = rc ? 0 : asr_start(a, SV("zh"), &cb, &h, &r2);
	feed(r, s, n);
	asr_flush(r);
	bool done = t_wait(l, final_or_error, &h, 40000);
	bool first = sv_find(sb_sv(&h.text), SV("cancel my order")) >= 0;
	double conf = h.conf;
	int partials = h.partials;
	h.finals = 0; /* a second utterance of the same stream; then silence only */
	feed(r, s, n);
	asr_flush(r);
	bool again = t_wait(l, final_or_error, &h, 40000) &&
		     sv_find(sb_sv(&h.text), SV("cancel my order")) >= 0;
	h.finals = 0;
	asr_flush(r);
	bool empty =
		t_wait(l, final_or_error, &h, 40000) && h.text.n == 0 && h.conf == 0;
	asr_cancel(r);
	int reuse = rc ? rc : asr_start(a, SV("en"), &cb, &h, &r2);
	asr_cancel(r2);
	asr_close(a);
	xfree(s);
	sb_done(&h.text);
	loop_free(l);
	CHECK(spoke);
	OK(rc);
	EQ(busy, ERR_BUSY);
	EQ(zh, ERR_UNSUPPORTED);
	CHECK(done && first && again && empty);
	CHECK(partials > 0);
	CHECK(conf > 0 && conf <= 1);
	OK(reuse);
	EQ(h.errors, 0);
}

/* A killed worker ends its stream with an error; the next stream works. */
TEST(asr_survives_a_crash)
{
	char lm[512], dict[512];
	NEEDS_MODEL();
	OK(write_lm(lm, dict));
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct asr_run *r = NULL;
	struct heard h = { 0 }, h2 = { 0 };
	static const int16_t quiet[1600];
	sb_init(&h.text, LIM_SB);
	sb_init(&h2.text, LIM_SB);
	int rc = open_asr(&a, l, 2);
	rc = rc ? rc : asr_start(a, SV("en"), &cb, &h, &r);
	int pid = rc ? 0 : asr_worker_pid(r);
	if (pid > 1)
		(void)kill(pid, SIGKILL);
	bool died = t_wait(l, final_or_error, &h, 20000);
	rc = rc ? rc : asr_start(a, SV("en"), &cb, &h2, &r);
	feed(r, quiet, 1600);
	asr_flush(r);
	bool works = !rc && t_wait(l, final_or_error, &h2, 40000) && h2.finals == 1;
	asr_close(a);
	sb_done(&h.text);
	sb_done(&h2.text);
	loop_free(l);
	OK(rc);
	CHECK(pid > 1);
	CHECK(died);
	CHECK(works);
	EQ(h.err, ERR_UPSTREAM);
}

/* Line noise is not words. */
TEST(asr_noise_is_not_speech)
{
	char lm[512], dict[512];
	NEEDS_MODEL();
	OK(write_lm(lm, dict));
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct asr_run *r = NULL;
	struct heard h = { 0 };
	static int16_t noise[16000];
	for (size_t i = 0; i < 16000; i++)
		noise[i] = (int16_t)(rng_normal(t_rng()) * 60);
	sb_init(&h.text, LIM_SB);
	int rc = open_asr(&a, l, 1);
	rc = rc ? rc : asr_start(a, SV("en"), &cb, &h, &r);
	feed(r, noise, 16000);
	asr_flush(r);
	bool done = !rc && t_wait(l, final_or_error, &h, 40000);
	bool quiet = sv_runes(sb_sv(&h.text)) < 8;
	(void)printf("# noise was heard as \"%s\", %.2f\n", sb_str(&h.text), h.conf);
	asr_close(a);
	sb_done(&h.text);
	loop_free(l);
	OK(rc);
	CHECK(done);
	CHECK(quiet);
}

TEST(asr_open_explains)
{
	NEEDS_MODEL();
	struct loop *l = loop_new();
	struct asr *a = NULL;
	struct err e = { 0 };
	int rc = asr_open(&a,
			  &(struct model_spec){ .kind = "pocketsphinx",
						.data = "/nonexistent" },
			  l, &e);
	int kind = asr_open(&a, &(struct model_spec){ .kind = "ear" }, l, NULL);
	loop_free(l);
	EQ(rc, ERR_NOTFOUND);
	HAS(sv_of(e.msg), "/nonexistent/asr.en.arpa");
	EQ(kind, ERR_UNSUPPORTED);
	CHECK(!asr_serves(NULL, SV("en")));
}
