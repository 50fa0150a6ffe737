/* b_tts.c: how soon, how fast and how well a voice speaks.
 *
 *	b_tts KIND [NAME=VALUE...] SENTENCES      file=, runtime=, voice=, lang=, threads=,
 * exe=, out= b_tts kokoro file=~/.cache/callm/models/kokoro
 * runtime=~/.cache/callm/deps/onnxruntime-1.28.2 lang=zh out=/tmp/wav demo/tests/voice.zh.txt
 *
 * Says each line on its own (the part before a tab), waiting for its end. Prints for each the
 * time to the first sound, the length, the real-time factor by the clock, level of the speech in
 * dBFS, highest peak, silence before it and the greatest step between two samples at the edges
 * of pieces; then the medians, the worker's CPU per second of sound and its memory. With out=
 * each line is written as 0000.wav ... for a recogniser. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "model.h"
#include "pcm.h"

enum { LINES = 500, SOUND_MAX = 60 * 48000, WAIT_MS = 60000 };

static struct {
	struct loop *loop;
	int16_t *s;
	size_t n, marks;
	int rate, err, ends;
	int64_t start_ms, first_ms, end_ms;
} w;
static struct result {
	double first_ms, seconds, rtf, level, peak, lead_ms;
} results[LINES];
static size_t n_results;

static void on_pcm(void *arg, const int16_t *s, size_t n, int rate)
{
	(void)arg;
	if (w.n == 0)
		w.first_ms = loop_now_ms(w.loop);
	w.rate = rate;
	if (w.n + n > SOUND_MAX)
		return;
	memcpy(w.s + w.n, s, n * sizeof(*s));
	w.n += n;
}

static void on_mark(void *arg, size_t off, size_t at)
{
	(void)arg;
	(void)off;
	(void)at;
	w.marks++;
}

static void on_end(void *arg, int err)
{
	(void)arg;
	w.err = err;
	w.ends = 1;
	w.end_ms = loop_now_ms(w.loop);
	loop_stop(w.loop);
}

static void on_late(void *arg)
{
	(void)arg;
	w.err = ERR_TIMEOUT;
	loop_stop(w.loop);
}

/* Level of the 20 ms windows within 20 dB of the loudest. */
static double speech_level(void)
{
	size_t k = (size_t)w.rate / 50;
	double max = 0, sum = 0;
	for (int pass = 0; pass < 2; pass++) {
		size_t n = 0;
		for (size_t i = 0; i + k <= w.n; i += k) {
			double e = 0;
			for (size_t j = 0; j < k; j++)
				e += (double)w.s[i + j] * w.s[i + j];
			e /= (double)k;
			max = pass == 0 && e > max ? e : max;
			if (pass == 1 && e > max / 100) {
				sum += e;
				n++;
			}
		}
		if (pass == 1 && n)
			return 10 * log10(sum / (double)n / (32768.0 * 32768.0) + 1e-12);
	}
	return -120;
}

static double lead_ms(void)
{
	size_t i = 0;
	while (i < w.n && abs(w.s[i]) < 300)
		i++;
	return w.rate ? (double)i * 1000 / w.rate : 0;
}

static void write_wav(const char *folder, size_t k)
{
	char path[4200];
	struct err e;
	(void)snprintf(path, sizeof(path), "%s/%04zu.wav", folder, k);
	if (pcm_wav_write(path, w.s, w.n, w.rate, &e))
		(void)fprintf(stderr, "%s\n", e.msg);
}

static int say(struct tts *t, sv text, sv lang, struct result *r)
{
	static const struct tts_cb cb = { on_pcm, on_mark, on_end };
	struct tts_run *run;
	struct loop_timer late = { 0 };
	w.n = w.marks = 0;
	w.ends = 0;
	w.start_ms = loop_now_ms(w.loop);
	int rc = tts_start(t, text, lang, &cb, NULL, &run);
	if (rc)
		return rc;
	loop_after(w.loop, &late, WAIT_MS, on_late, NULL);
	loop_run(w.loop);
	loop_timer_stop(&late);
	if (!w.ends)
		tts_cancel(run);
	if (w.err || !w.rate)
		return w.err ? w.err : ERR_FAIL;
	double peak = 0;
	for (size_t i = 0; i < w.n; i++)
		peak = abs(w.s[i]) > peak ? abs(w.s[i]) : peak;
	r->seconds = (double)w.n / w.rate;
	r->first_ms = (double)(w.first_ms - w.start_ms);
	r->rtf = (double)(w.end_ms - w.start_ms) / 1000 / r->seconds;
	r->level = speech_level();
	r->peak = 20 * log10(peak / 32768 + 1e-9);
	r->lead_ms = lead_ms();
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double middle(size_t offset, double q)
{
	double v[LINES];
	for (size_t i = 0; i < n_results; i++)
		memcpy(&v[i], (char *)&results[i] + offset, sizeof(double));
	qsort(v, n_results, sizeof(v[0]), compare);
	return n_results ? v[(size_t)(q * (double)(n_results - 1))] : 0;
}
#define MEDIAN(field) middle(offsetof(struct result, field), 0.5)
#define P95(field) middle(offsetof(struct result, field), 0.95)

static double cpu_seconds(int pid)
{
	char path[64];
	struct sb b;
	struct err e;
	double ticks = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	sb_init(&b, 4096);
	if (file_read(path, 4096, &b, &e) == 0) {
		sv s = sb_sv(&b), f;
		ptrdiff_t at = sv_find(s, SV(") "));
		s = sv_slice(s, (size_t)at + 2, s.n);
		for (int i = 0; sv_cut(&s, ' ', &f) && i < 13; i++) {
			double v;
			if ((i == 11 || i == 12) && sv_f64(f, &v) == 0)
				ticks += v;
		}
	}
	sb_done(&b);
	return ticks / (double)sysconf(_SC_CLK_TCK);
}

static int memory_mb(int pid)
{
	char path[64];
	struct sb b;
	struct err e;
	int mb = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	sb_init(&b, 8192);
	if (file_read(path, 8192, &b, &e) == 0) {
		ptrdiff_t at = sv_find(sb_sv(&b), SV("VmRSS:"));
		mb = at < 0 ? 0 : (int)strtol(sb_str(&b) + at + 6, NULL, 10) / 1024;
	}
	sb_done(&b);
	return mb;
}

static void summary(struct tts *t, double cpu, double sound)
{
	int pid = tts_worker_pid(t);
	(void)printf("%zu lines, %.1f s: first sound median %.0f ms, p95 %.0f; real time factor "
		     "%.2f; level %.1f dBFS, peak %.1f; lead %.0f ms, p95 %.0f; CPU %.2f s a "
		     "second of sound; %d MB\n",
		     n_results, sound, MEDIAN(first_ms), P95(first_ms), MEDIAN(rtf),
		     MEDIAN(level), middle(offsetof(struct result, peak), 1), MEDIAN(lead_ms),
		     P95(lead_ms), sound > 0 ? (cpu_seconds(pid) - cpu) / sound : 0,
		     memory_mb(pid));
}

static bool take(struct model_spec *s, const char **lang, const char **out, char *arg)
{
	const struct {
		const char *name, **to;
	} rows[] = { { "file=", &s->file },   { "runtime=", &s->runtime }, { "voice=", &s->voice },
		     { "lang=", lang },       { "out=", out },             { "exe=", &s->exe },
		     { "url=", &s->url },     { "data=", &s->data } };
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strncmp(arg, rows[i].name, strlen(rows[i].name)))
			return *rows[i].to = arg + strlen(rows[i].name), true;
	if (!strncmp(arg, "threads=", 8))
		return s->threads = (int)strtol(arg + 8, NULL, 10), true;
	return false;
}

static bool up(void *t)
{
	return tts_ready(t);
}

static void wait_ready(struct tts *t)
{
	for (int i = 0; i < 1500 && !up(t); i++) {
		struct loop_timer tick = { 0 };
		loop_after(w.loop, &tick, 20, on_late, NULL);
		loop_run(w.loop);
	}
	w.err = 0;
}

int main(int argc, char **argv)
{
	const char *lang = "en", *out = NULL;
	struct model_spec s = { .kind = argc > 1 ? argv[1] : "" };
	struct err e = { 0 };
	struct sb text;
	struct tts *t = NULL;
	int i = 2;
	while (i < argc && take(&s, &lang, &out, argv[i]))
		i++;
	s.lang = lang;
	sb_init(&text, 1 << 20);
	w.loop = loop_new();
	w.s = xalloc(SOUND_MAX * sizeof(*w.s));
	if (i != argc - 1 || file_read(argv[i], 1 << 20, &text, &e) ||
	    tts_open(&t, &s, w.loop, &e)) {
		(void)fprintf(stderr, "b_tts: %s\n", e.msg[0] ? e.msg : "see its head");
		return 2;
	}
	wait_ready(t);
	(void)printf("%s: %s\n", tts_name(t), tts_ready(t) ? "ready" : tts_error(t));
	double cpu = cpu_seconds(tts_worker_pid(t)), sound = 0;
	sv rest = sb_sv(&text), line, said;
	while (sv_line(&rest, &line) && n_results < LINES) {
		struct result *r = &results[n_results];
		if (!sv_cut(&line, '\t', &said) || !said.n || said.p[0] == '#')
			continue;
		int rc = say(t, said, sv_of(lang), r);
		(void)printf("%-3zu %5.0f ms %5.2f s x%.2f %6.1f dB peak %5.1f lead %3.0f ms "
			     "marks %zu %s\n",
			     n_results, r->first_ms, r->seconds, r->rtf, r->level, r->peak,
			     r->lead_ms, w.marks, rc ? err_text(rc) : "");
		if (rc)
			continue;
		if (out)
			write_wav(out, n_results);
		sound += r->seconds;
		n_results++;
	}
	summary(t, cpu, sound);
	tts_close(t);
	loop_free(w.loop);
	sb_done(&text);
	xfree(w.s);
	return n_results ? 0 : 1;
}
