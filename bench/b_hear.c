/* b_hear.c: how well, how soon and at what cost a recogniser hears sound files.
 *
 *	b_hear KIND LIST [NAME=VALUE...]
 *	b_hear whisper LIST file=~/.cache/callm/models/whisper-base/whisper-base.bin
 * exe=build/callm-whisper b_hear pocketsphinx LIST exe=build/callm data=FOLDER lang=en
 *
 * LIST: a line a sound, "file<TAB>language<TAB>what is said" (may be empty: then the text is
 * shown and not scored). Files are WAV, or .ulaw (8 kHz, no head), .raw (16 kHz, 16 bit).
 * Values: url= model= key= (remote ones), langs= (those to choose from), threads=, data=;
 * phone=1 sends the sound through G.711 mu-law at 8 kHz; live=1 feeds it in real time with 600
 * ms of silence at the end, as a caller would, and tells when results came; quiet=1 shows totals
 * only.
 *
 * Words (Chinese: characters) are compared without case and punctuation after both sides were
 * brought to their spoken form. Prints for each sound its errors, confidence and text; then per
 * language errors, exact ones, and the processes' CPU per second of sound. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "model.h"
#include "pcm.h"

enum { UNITS_MAX = 400, LANGS = 4, TAIL_MS = 600, WAIT_MS = 60000, LINES_MAX = 1000 };

struct score {
	char lang[8];
	long errors, units, exact, n;
	double ms[LINES_MAX], first[LINES_MAX];
	int n_ms, n_first;
};
static struct bench {
	struct loop *loop;
	struct asr *asr;
	struct asr_run *run;
	struct sb text;
	double conf, seconds;
	bool done, phone, live, quiet;
	int64_t fed_ms, first_ms, flushed_ms, final_ms;
	struct score s[LANGS];
} b;

static void on_partial(void *arg, sv text)
{
	(void)arg;
	if (text.n && !b.first_ms)
		b.first_ms = loop_now_ms(b.loop);
}

static void on_final(void *arg, sv text, double conf)
{
	(void)arg;
	sb_reset(&b.text);
	sb_put(&b.text, text);
	b.conf = conf;
	b.final_ms = loop_now_ms(b.loop);
	b.done = true;
}

static void on_error(void *arg, int err)
{
	(void)arg;
	(void)fprintf(stderr, "b_hear: %s (%s)\n", err_text(err), asr_error(b.asr));
	exit(1);
}

/* ---- scoring ---- */

/* Words of letters and digits; a Chinese character is a word of its own. Hashes. */
static int units_of(sv s, uint64_t out[UNITS_MAX])
{
	struct sb word;
	int n = 0;
	sb_init(&word, 1024);
	for (bool more = true; more && n < UNITS_MAX;) {
		more = s.n > 0;
		uint32_t r = more ? sv_fold(sv_rune(&s)) : ' ';
		bool cjk = sv_is_cjk(r), letter = (r >= 'a' && r <= 'z') ||
						  (r >= '0' && r <= '9') ||
						  (r >= 0xC0 && !cjk && r < 0x2000);
		if (r == '\'')
			continue;
		if (letter) {
			sb_rune(&word, r);
			continue;
		}
		if (word.n)
			out[n++] = sv_hash(sb_sv(&word));
		sb_reset(&word);
		if (cjk && n < UNITS_MAX) {
			sb_rune(&word, r);
			out[n++] = sv_hash(sb_sv(&word));
			sb_reset(&word);
		}
	}
	sb_done(&word);
	return n;
}

static int distance(const uint64_t *x, int n, const uint64_t *y, int m)
{
	static int d[UNITS_MAX + 1][UNITS_MAX + 1];
	for (int i = 0; i <= n; i++)
		d[i][0] = i;
	for (int j = 0; j <= m; j++)
		d[0][j] = j;
	for (int i = 1; i <= n; i++)
		for (int j = 1; j <= m; j++) {
			int best = d[i - 1][j - 1] + (x[i - 1] != y[j - 1]);
			best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
			d[i][j] = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
		}
	return d[n][m];
}

static int spoken_units(sv text, sv lang, uint64_t out[UNITS_MAX])
{
	struct sb spoken;
	sb_init(&spoken, LIM_SB);
	int rc = tts_normalize(text, lang, &spoken, NULL, NULL);
	int n = units_of(rc ? text : sb_sv(&spoken), out);
	sb_done(&spoken);
	return n;
}

static struct score *score_of(sv lang)
{
	for (int i = 0; i < LANGS; i++) {
		struct score *s = &b.s[i];
		if (!s->lang[0])
			(void)snprintf(s->lang, sizeof(s->lang), SV_FMT, SV_ARG(lang));
		if (sv_eq(lang, sv_of(s->lang)))
			return s;
	}
	return &b.s[LANGS - 1];
}

static int score(struct score *s, sv want, sv lang)
{
	static uint64_t x[UNITS_MAX], y[UNITS_MAX];
	int n = spoken_units(want, lang, x), m = spoken_units(sb_sv(&b.text), lang, y);
	int e = distance(x, n, y, m);
	s->errors += e;
	s->units += n;
	s->exact += e == 0;
	s->n++;
	return e;
}

/* ---- one sound ---- */

static int load(const char *path, int16_t **ret, size_t *n, int *rate)
{
	struct pcm_clip clip;
	struct err e = { 0 };
	struct sb raw;
	bool law = sv_ends(sv_of(path), SV(".ulaw")), bare = sv_ends(sv_of(path), SV(".raw"));
	if (!law && !bare) {
		if (pcm_wav_read(path, 16000, &clip, &e))
			return (void)fprintf(stderr, "b_hear: %s\n", e.msg), ERR_FAIL;
		*ret = clip.s;
		*n = clip.n;
		*rate = clip.rate;
		return 0;
	}
	sb_init(&raw, 64 << 20);
	if (file_read(path, 64 << 20, &raw, &e))
		return (void)fprintf(stderr, "b_hear: %s\n", e.msg), ERR_FAIL;
	*n = law ? raw.n : raw.n / 2;
	*rate = law ? PCM_HZ : 16000;
	*ret = xalloc(*n * 2 + 2);
	if (law)
		pcm_ulaw_decode((const uint8_t *)raw.p, raw.n, *ret);
	else
		memcpy(*ret, raw.p, *n * 2);
	sb_done(&raw);
	return 0;
}

static void through_phone(int16_t **s, size_t *n, int *rate)
{
	int16_t *narrow = *s;
	if (*rate != PCM_HZ && pcm_resample(*s, *n, *rate, PCM_HZ, &narrow, n))
		return;
	*rate = PCM_HZ;
	for (size_t i = 0; i < *n; i++) {
		uint8_t law;
		pcm_ulaw_encode(narrow + i, 1, &law);
		pcm_ulaw_decode(&law, 1, narrow + i);
	}
	if (narrow != *s)
		xfree(*s);
	*s = narrow;
}

static void until(int64_t ms)
{
	while (loop_now_ms(b.loop) < ms)
		(void)loop_run_once(b.loop, ms - loop_now_ms(b.loop));
}

static void feed(const int16_t *s, size_t n, int rate)
{
	size_t piece = (size_t)rate / 50;
	(void)loop_run_once(b.loop, 0);
	b.fed_ms = loop_now_ms(b.loop);
	b.first_ms = 0;
	for (size_t i = 0; i < n; i += piece) {
		asr_feed(b.run, s + i, n - i < piece ? n - i : piece, rate);
		if (b.live)
			until(b.fed_ms + (int64_t)(i / piece + 1) * 20);
	}
	int16_t *zero = xalloc(piece * sizeof(*zero));
	int64_t from = loop_now_ms(b.loop);
	for (int ms = 0; b.live && ms < TAIL_MS; ms += 20) {
		asr_feed(b.run, zero, piece, rate);
		until(from + ms + 20);
	}
	xfree(zero);
}

static void hear(const char *path, sv lang, sv want)
{
	int16_t *s;
	size_t n;
	int rate;
	if (load(path, &s, &n, &rate))
		return;
	if (b.phone)
		through_phone(&s, &n, &rate);
	b.seconds += (double)n / rate;
	feed(s, n, rate);
	b.done = false;
	b.flushed_ms = loop_now_ms(b.loop);
	asr_flush(b.run);
	for (int64_t end = b.flushed_ms + WAIT_MS; !b.done && loop_now_ms(b.loop) < end;)
		(void)loop_run_once(b.loop, 100);
	struct score *sc = score_of(lang);
	int e = want.n ? score(sc, want, lang) : 0;
	if (sc->n_ms < LINES_MAX)
		sc->ms[sc->n_ms++] = (double)(b.final_ms - b.flushed_ms);
	if (b.first_ms && sc->n_first < LINES_MAX)
		sc->first[sc->n_first++] = (double)(b.first_ms - b.fed_ms);
	if (!b.quiet)
		(void)printf("%s %d %.2f %.1f s, first %d, final %d ms | %s | " SV_FMT "\n",
			     strrchr(path, '/') ? strrchr(path, '/') + 1 : path, e, b.conf,
			     (double)n / rate, b.first_ms ? (int)(b.first_ms - b.fed_ms) : -1,
			     (int)(b.final_ms - b.flushed_ms), sb_str(&b.text), SV_ARG(want));
	(void)fflush(stdout);
	xfree(s);
}

/* ---- all ---- */

static int by_size(const void *x, const void *y)
{
	double p = *(const double *)x, q = *(const double *)y;
	return p < q ? -1 : p > q;
}

static double at(double *v, int n, double q)
{
	qsort(v, (size_t)n, sizeof(*v), by_size);
	return n ? v[(int)((n - 1) * q)] : -1;
}

static void totals(const char *name)
{
	struct rusage u = { 0 };
	(void)getrusage(RUSAGE_CHILDREN, &u);
	double cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		     (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	for (int i = 0; i < LANGS && b.s[i].lang[0]; i++) {
		struct score *s = &b.s[i];
		(void)printf("%s %s: errors %.1f %% of %ld, exact %ld of %ld; final %.0f ms "
			     "(p95 %.0f), first partial %.0f ms (of %d)\n",
			     name, s->lang,
			     s->units ? 100.0 * (double)s->errors / (double)s->units : 0, s->units,
			     s->exact, s->n, at(s->ms, s->n_ms, 0.5), at(s->ms, s->n_ms, 0.95),
			     at(s->first, s->n_first, 0.5), s->n_first);
	}
	(void)printf("%s: %.1f s of sound, CPU %.1f s with loading: %.3f s a second; %ld MB\n",
		     name, b.seconds, cpu, cpu / (b.seconds > 0 ? b.seconds : 1),
		     u.ru_maxrss / 1024);
}

static int options(struct model_spec *s, int argc, char **argv)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = { { "file=", &s->file }, { "exe=", &s->exe },   { "data=", &s->data },
		      { "url=", &s->url },   { "model=", &s->model }, { "key=", &s->key },
		      { "langs=", &s->lang } };
	for (int i = 3; i < argc; i++) {
		sv a = sv_of(argv[i]);
		bool known = false;
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			if (sv_starts(a, sv_of(texts[k].name))) {
				*texts[k].to = argv[i] + strlen(texts[k].name);
				known = true;
			}
		if (sv_starts(a, SV("threads=")))
			s->threads = (int)strtol(argv[i] + 8, NULL, 10);
		else if (sv_starts(a, SV("memory=")))
			s->memory_mb = (int)strtol(argv[i] + 7, NULL, 10);
		else if (sv_eq(a, SV("phone=1")))
			b.phone = true;
		else if (sv_eq(a, SV("live=1")))
			b.live = true;
		else if (sv_eq(a, SV("quiet=1")))
			b.quiet = true;
		else if (!known)
			return ERR_INVAL;
	}
	return 0;
}

static void hear_list(sv rest)
{
	static const struct asr_cb cb = { on_partial, on_final, on_error };
	sv line, path, lang;
	while (sv_line(&rest, &line)) {
		char file[1024];
		if (!sv_cut(&line, '\t', &path) || !sv_cut(&line, '\t', &lang))
			continue;
		if (asr_start(b.asr, lang, &cb, NULL, &b.run)) {
			(void)fprintf(stderr, "b_hear: " SV_FMT " is not served\n", SV_ARG(lang));
			continue;
		}
		(void)snprintf(file, sizeof(file), SV_FMT, SV_ARG(path));
		hear(file, lang, line);
		asr_cancel(b.run);
	}
}

int main(int argc, char **argv)
{
	struct model_spec s = { .kind = argc > 1 ? argv[1] : "", .total_ms = WAIT_MS,
				.max_workers = 1 };
	struct err e = { 0 };
	struct sb list;
	if (argc < 3 || options(&s, argc, argv)) {
		(void)fprintf(stderr, "usage: b_hear KIND LIST [NAME=VALUE...]; see its head\n");
		return 2;
	}
	sb_init(&list, LIM_SB);
	sb_init(&b.text, LIM_SB);
	b.loop = loop_new();
	if (file_read(argv[2], LIM_SB, &list, &e) || asr_open(&b.asr, &s, b.loop, &e)) {
		(void)fprintf(stderr, "b_hear: %s\n", e.msg);
		return 1;
	}
	hear_list(sb_sv(&list));
	asr_close(b.asr);
	totals(s.kind);
	sb_done(&list);
	sb_done(&b.text);
	loop_free(b.loop);
	return 0;
}
