/* b_asr.c: how well callers are understood: sentences spoken by flite, sent through
 *G.711 mu-law at 8 kHz, recognised with a language model made from the knowledge base.
 *
 *	b_asr WORKER_EXE KB_DIR QUESTIONS VOICE [--quiet]
 *	e.g. b_asr build/callm demo/kb/en demo/tests/voice.en.txt rms
 *
 * QUESTIONS is one sentence a line, "id<TAB>sentence". Prints "id<TAB>what was heard"
 *for each (feed that to a knowledge base evaluation) and on stderr word error rate,
 *real-time factor and the delay of the final result. Sound is fed faster than real
 *time, so the delay is an upper bound.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum { WORDS_MAX = 100 };

struct bench {
	struct loop *loop;
	struct tts *tts;
	struct asr *asr;
	struct asr_run *run;
	int16_t *s;
	size_t n, cap;
	int rate;
	bool said, heard;
	struct sb text;
	double conf;
	long errors, words, exact, sentences;
	int64_t audio_ms, busy_us, final_us;
};

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	struct bench *b = arg;
	if (b->n + n > b->cap) {
		b->cap = (b->n + n) * 2;
		b->s = xrealloc(b->s, b->cap * sizeof(*s));
	}
	memcpy(b->s + b->n, s, n * sizeof(*s));
	b->n += n;
	b->rate = rate;
}

static void on_said(void *arg, int err)
{
	struct bench *b = arg;
	b->said = true;
	if (err)
		(void)fprintf(stderr, "speech: %s\n", err_text(err));
}

static void on_final(void *arg, sv text, double conf)
{
	struct bench *b = arg;
	sb_reset(&b->text);
	sb_put(&b->text, text);
	b->conf = conf;
	b->heard = true;
}

static void on_error(void *arg, int err)
{
	(void)arg;
	(void)fprintf(stderr, "recogniser: %s\n", err_text(err));
	exit(1);
}

static void until(struct bench *b, const bool *flag)
{
	while (!*flag)
		(void)loop_run_once(b->loop, 100);
}

/* ---- the language model ---- */

static void add_aliases(struct asr_lm *lm, sv list)
{
	sv one;
	while (sv_cut(&list, ';', &one))
		asr_lm_add(lm, sv_trim(one));
}

static int add_file(void *arg, const char *path)
{
	struct sb b;
	sb_init(&b, LIM_KB_DOC);
	if (file_read(path, LIM_KB_DOC, &b, NULL) == 0) {
		sv rest = sb_sv(&b), line;
		while (sv_line(&rest, &line)) {
			if (sv_starts(line, SV("title: ")))
				asr_lm_add(arg, sv_slice(line, 7, line.n));
			else if (sv_starts(line, SV("aliases: ")))
				add_aliases(arg, sv_slice(line, 9, line.n));
			else if (!sv_starts(line, SV("---")) &&
				 sv_find(line, SV(": ")) < 0)
				asr_lm_add(arg, line);
		}
	}
	sb_done(&b);
	return 0;
}

static int make_lm(const char *kb, const char *dir, struct err *e)
{
	char lm_path[300], dict[300];
	struct asr_lm *lm = asr_lm_new();
	(void)file_walk(kb, add_file, lm);
	(void)snprintf(lm_path, sizeof(lm_path), "%s/asr.en.arpa", dir);
	(void)snprintf(dict, sizeof(dict), "%s/asr.en.dict", dir);
	int rc = asr_lm_write(lm, lm_path, dict, e);
	asr_lm_free(lm);
	return rc;
}

/* ---- word error rate ---- */

static int words_of(sv s, char out[WORDS_MAX][32])
{
	int n = 0, k = 0;
	for (size_t i = 0; i <= s.n && n < WORDS_MAX; i++) {
		int c = i < s.n ? (unsigned char)s.p[i] : ' ';
		c = c >= 'A' && c <= 'Z' ? c + 32 : c;
		if (((c >= 'a' && c <= 'z') || c == '\'') && k < 31) {
			out[n][k++] = (char)c;
			continue;
		}
		if (k)
			out[n++][k] = '\0';
		k = 0;
	}
	return n;
}

static int distance(char a[][32], int n, char b[][32], int m)
{
	static int d[WORDS_MAX + 1][WORDS_MAX + 1];
	for (int i = 0; i <= n; i++)
		d[i][0] = i;
	for (int j = 0; j <= m; j++)
		d[0][j] = j;
	for (int i = 1; i <= n; i++)
		for (int j = 1; j <= m; j++) {
			int x = d[i - 1][j - 1] + (strcmp(a[i - 1], b[j - 1]) != 0);
			x = d[i - 1][j] + 1 < x ? d[i - 1][j] + 1 : x;
			d[i][j] = d[i][j - 1] + 1 < x ? d[i][j - 1] + 1 : x;
		}
	return d[n][m];
}

static void score(struct bench *b, sv sentence)
{
	static char want[WORDS_MAX][32], got[WORDS_MAX][32];
	struct sb spoken;
	sb_init(&spoken, LIM_SB);
	(void)tts_normalize(sentence, SV("en"), &spoken, NULL, NULL);
	int n = words_of(sb_sv(&spoken), want), m = words_of(sb_sv(&b->text), got);
	int e = distance(want, n, got, m);
	b->errors += e;
	b->words += n;
	b->exact += e == 0;
	b->sentences++;
	sb_done(&spoken);
}

/* ---- one sentence ---- */

static void one(struct bench *b, sv sentence)
{
	static const struct tts_cb say = { on_pcm, NULL, on_said };
	struct tts_run *t;
	int16_t *phone;
	size_t n;
	b->n = 0;
	b->said = b->heard = false;
	if (tts_start(b->tts, sentence, SV("en"), &say, b, &t))
		return;
	until(b, &b->said);
	if (pcm_resample(b->s, b->n, b->rate, PCM_HZ, &phone, &n))
		return;
	int64_t from = clk_mono_us();
	for (size_t i = 0; i < n; i += PCM_FRAME) {
		size_t k = n - i < PCM_FRAME ? n - i : PCM_FRAME;
		uint8_t law[PCM_FRAME];
		pcm_ulaw_encode(phone + i, k, law);
		pcm_ulaw_decode(law, k, phone + i);
		asr_feed(b->run, phone + i, k, PCM_HZ);
	}
	asr_flush(b->run);
	until(b, &b->heard);
	b->busy_us += clk_mono_us() - from;
	b->audio_ms += (int64_t)n * 1000 / PCM_HZ;
	score(b, sentence);
	xfree(phone);
}

static int set_up(struct bench *b, char **argv, const char *dir, struct err *e)
{
	static const struct asr_cb hear = { NULL, on_final, on_error };
	struct model_spec t = { .kind = "flite", .exe = argv[1], .voice = argv[4] };
	struct model_spec a = { .kind = "pocketsphinx", .exe = argv[1], .data = dir };
	b->loop = loop_new();
	sb_init(&b->text, LIM_SB);
	int rc = make_lm(argv[2], dir, e);
	rc = rc ? rc : tts_open(&b->tts, &t, b->loop, e);
	rc = rc ? rc : asr_open(&b->asr, &a, b->loop, e);
	return rc ? rc : asr_start(b->asr, SV("en"), &hear, b, &b->run);
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	struct err e = { 0 };
	char dir[] = "/tmp/b_asr_XXXXXX";
	struct sb file;
	if (argc < 5) {
		(void)fprintf(stderr,
			      "usage: b_asr WORKER_EXE KB_DIR QUESTIONS VOICE\n");
		return 2;
	}
	sb_init(&file, LIM_SB);
	if (!mkdtemp(dir) || file_read(argv[3], LIM_SB, &file, &e) ||
	    set_up(&b, argv, dir, &e)) {
		(void)fprintf(stderr, "b_asr: %s\n", e.msg);
		return 1;
	}
	sv rest = sb_sv(&file), line, id;
	while (sv_line(&rest, &line)) {
		sv sentence = line;
		if (!sv_cut(&sentence, '\t', &id) || !sentence.n)
			continue;
		one(&b, sentence);
		(void)printf(SV_FMT "\t%s\n", SV_ARG(id), sb_str(&b.text));
		if (argc < 6)
			(void)fprintf(stderr, "%.2f | " SV_FMT " | %s\n", b.conf,
				      SV_ARG(sentence), sb_str(&b.text));
	}
	(void)fprintf(
		stderr,
		"%s: word error rate %.1f %%, exact %ld of %ld, %.2f x real time\n",
		argv[4], 100.0 * (double)b.errors / (double)(b.words ? b.words : 1),
		b.exact, b.sentences,
		(double)b.busy_us / 1000.0 / (double)(b.audio_ms ? b.audio_ms : 1));
	asr_close(b.asr);
	tts_close(b.tts);
	loop_free(b.loop);
	xfree(b.s);
	sb_done(&b.text);
	sb_done(&file);
	return 0;
}
