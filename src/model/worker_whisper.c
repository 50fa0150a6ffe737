/* worker_whisper.c: the program callm-whisper: hears pieces of speech, and converts models.
 *
 *	callm-whisper --model FILE [--threads N] [--memory MB] [--prompt zh=TEXT]...
 *	callm-whisper --convert MODEL_BIN TOKENIZER_JSON OUT [q8_0|q5_1|f16]
 *	callm-whisper --check FILE
 *
 * One job at a time, each whole in its frame, so this process remembers nothing of a caller.
 * Between two words of a job it looks for frames: a cancel stops it, a ping is answered, and a beat
 * tells that it is alive. Threads never exceed the cores that are free (worker_cpu.c).
 *
 * --memory is what it may reserve beyond what loading the model took.
 *
 * What is not believed is told as empty text: sound without loud moments; what the model itself
 * takes for silence and is not sure of; subtitles' phrases; text too long for its sound. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "io.h"
#include "pcm.h"
#include "whisper_int.h"
#include "worker.h"

enum {
	BEAT_MS = 200,
	PROMPTS_MAX = 8,
	QUIET_BLOCK = WH_HZ / 50,
	RATE_MAX = 48000,
	LEAST_ROOM = 96 << 20
};
/* A model that hears nobody says so (no_speech) and is unsure of what it writes (logprob). The
 * first two are those of OpenAI's transcribe.py; measured on telephone speech and noise, see
 * docs/model.md. */
#define NO_SPEECH 0.6
#define UNSURE (-1.0)
#define NEVER (-1.6)
#define SILENT_DB (-62.0)
#define OTHER_LANGUAGE 1.5 /* log odds in favour of the likeliest language */

static struct {
	struct wh *wh;
	int threads;
	const char *prompt_lang[PROMPTS_MAX], *prompt[PROMPTS_MAX];
	int n_prompts;
	struct sb in, out, clean;
	struct wh_heard heard;
	uint32_t id;      /* of the job */
	bool stop, closed, waiting; /* waiting: in holds a frame that came meanwhile */
	uint8_t waiting_kind;
	int64_t beat_ms;
} d;

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_frame(uint8_t kind, sv p)
{
	if (io_child_write(IO_CHILD_FD, kind, p))
		d.closed = true;
}

static void beat(void)
{
	char id[4] = { (char)d.id, (char)(d.id >> 8), (char)(d.id >> 16), (char)(d.id >> 24) };
	if (now_ms() - d.beat_ms < BEAT_MS)
		return;
	d.beat_ms = now_ms();
	send_frame(WF_BEAT, sv_n(id, 4));
}

/* Reads what came, without waiting. A new job stays in d.in. */
static bool go_on(void *arg)
{
	(void)arg;
	beat();
	while (!d.closed && !d.stop && !d.waiting) {
		struct pollfd p = { .fd = IO_CHILD_FD, .events = POLLIN };
		uint8_t kind;
		if (poll(&p, 1, 0) <= 0)
			break;
		if (io_child_read(IO_CHILD_FD, &kind, &d.in)) {
			d.closed = true;
			break;
		}
		sv s = sb_sv(&d.in);
		if (kind == WF_PING) {
			send_frame(WF_PONG, s);
		} else if (kind == WF_CANCEL) {
			d.stop = wf_get(&s) == d.id;
		} else {
			d.waiting = true;
			d.waiting_kind = kind;
		}
	}
	return !d.stop && !d.closed;
}

static void answer(uint32_t id, int err, double confidence, sv text)
{
	sb_reset(&d.out);
	wf_put(&d.out, id);
	wf_put(&d.out, (uint32_t)-err);
	wf_put(&d.out, (uint32_t)(confidence * 1000 + 0.5));
	sb_put(&d.out, text);
	send_frame(WF_HEARD, sb_sv(&d.out));
}

/* ---- one job ---- */

static void set_langs(struct wh_job *j, sv langs)
{
	sv one;
	while (sv_cut(&langs, ',', &one) && j->n_langs < WH_LANGS_MAX) {
		ptrdiff_t dash = sv_find_ch(one, '-');
		one = dash > 0 ? sv_slice(one, 0, (size_t)dash) : one;
		if (one.n < 2 || one.n > 3)
			continue;
		memcpy(j->langs[j->n_langs], one.p, one.n);
		for (int i = 0; i < d.n_prompts; i++)
			if (sv_eq(one, sv_of(d.prompt_lang[i])))
				j->prompts[j->n_langs] = d.prompt[i];
		j->n_langs++;
	}
	j->prior = j->n_langs > 1 ? OTHER_LANGUAGE : 0;
}

/* Samples at WH_HZ, xalloc'ed; false for bad rates. */
static bool to_floats(sv samples, int rate, float **ret, size_t *n)
{
	int16_t *in = xalloc(samples.n + 2), *s = in;
	*n = samples.n / 2;
	if (*n)
		memcpy(in, samples.p, *n * 2);
	bool ok = rate >= 4000 && rate <= RATE_MAX;
	if (ok && rate != WH_HZ)
		ok = pcm_resample(in, *n, rate, WH_HZ, &s, n) == 0;
	size_t most = (size_t)WH_SECONDS_MAX * WH_HZ;
	*n = *n < most ? *n : most;
	*ret = ok ? xalloc((*n + 1) * sizeof(**ret)) : NULL;
	for (size_t i = 0; ok && i < *n; i++)
		(*ret)[i] = (float)s[i] / 32768.0f;
	if (ok && s != in)
		xfree(s);
	xfree(in);
	return ok;
}

static bool silent(const float *s, size_t n)
{
	for (size_t i = 0; i + QUIET_BLOCK <= n; i += QUIET_BLOCK) {
		double sum = 0;
		for (size_t k = 0; k < QUIET_BLOCK; k++)
			sum += (double)s[i + k] * s[i + k];
		if (10 * log10(sum / QUIET_BLOCK + 1e-12) > SILENT_DB)
			return false;
	}
	return true;
}

static bool believed(const struct wh_heard *h, sv text, double seconds)
{
	if (text.n == 0 || h->logprob < NEVER || wh_text_is_noise(text, seconds))
		return false;
	return !(h->no_speech > NO_SPEECH && h->logprob < UNSURE);
}

/* A frame's job: its id, how it is heard, its sound (xalloc'ed). False: the rate is none. */
static bool job_of(sv p, struct wh_job *j, float **s)
{
	*j = (struct wh_job){ .threads = cpu_threads(d.threads), .go_on = go_on };
	d.id = wf_get(&p);
	d.stop = false;
	d.beat_ms = 0;
	int rate = (int)wf_get(&p);
	size_t k = wf_get(&p);
	set_langs(j, sv_slice(p, 0, k));
	bool ok = to_floats(sv_slice(p, k, p.n), rate, s, &j->n);
	j->s = *s;
	if (ok)
		beat();
	return ok;
}

static void hear(sv p)
{
	struct wh_job j;
	float *s = NULL;
	if (!job_of(p, &j, &s)) {
		answer(d.id, ERR_INVAL, 0, SV_NULL);
		return;
	}
	int rc = silent(s, j.n) ? ERR_NOTFOUND : wh_hear(d.wh, &j, &d.heard);
	const struct wh_heard *h = &d.heard;
	double seconds = (double)j.n / WH_HZ;
	sb_reset(&d.clean);
	if (!rc)
		wh_text_clean(sb_sv(&h->text), sv_of(h->lang), &d.clean);
	if (rc == ERR_NOTFOUND || (!rc && !believed(h, sb_sv(&d.clean), seconds)))
		answer(d.id, 0, 0, SV_NULL);
	else
		answer(d.id, rc, rc ? 0 : exp(h->logprob) * (h->looped ? 0.5 : 1),
		       sb_sv(&d.clean));
	xfree(s);
}

static void sense(sv p)
{
	struct wh_job j;
	float *s = NULL, v[WH_SENSE];
	int rc = !job_of(p, &j, &s) ? ERR_INVAL :
		 silent(s, j.n)     ? ERR_NOTFOUND :
				      wh_sense(d.wh, &j, v);
	sb_reset(&d.out);
	wf_put(&d.out, d.id);
	wf_put(&d.out, (uint32_t)-rc);
	if (rc == 0)
		sb_put(&d.out, sv_n((const char *)v, sizeof(v)));
	send_frame(WF_SENSED, sb_sv(&d.out));
	xfree(s);
}

/* ---- the process ---- */

static void serve(void)
{
	struct sb frame;
	sb_init(&frame, LIM_PROC_FRAME);
	while (!d.closed) {
		uint8_t kind = d.waiting_kind;
		if (!d.waiting && io_child_read(IO_CHILD_FD, &kind, &d.in))
			break;
		d.waiting = false;
		if (kind == WF_PING)
			send_frame(WF_PONG, sb_sv(&d.in));
		if (kind != WF_HEAR && kind != WF_SENSE)
			continue;
		sb_reset(&frame); /* d.in takes what comes during the job */
		sb_put(&frame, sb_sv(&d.in));
		(kind == WF_HEAR ? hear : sense)(sb_sv(&frame));
	}
	sb_done(&frame);
}

static int refuse(const char *why)
{
	sb_reset(&d.out);
	sb_cstr(&d.out, "{\"error\":");
	sb_json(&d.out, sv_of(why));
	sb_ch(&d.out, '}');
	send_frame(WF_READY, sb_sv(&d.out));
	(void)fprintf(stderr, "%s\n", why);
	return 1;
}

static int options(int argc, char **argv, const char **model, size_t *memory)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;
		char *eq = value ? strchr(argv[i + 1], '=') : NULL;
		if (!value)
			return ERR_INVAL;
		if (!strcmp(argv[i], "--model")) {
			*model = value;
		} else if (!strcmp(argv[i], "--threads")) {
			d.threads = (int)strtol(value, NULL, 10);
		} else if (!strcmp(argv[i], "--memory")) {
			*memory = (size_t)strtoul(value, NULL, 10) << 20;
		} else if (!strcmp(argv[i], "--prompt") && eq && d.n_prompts < PROMPTS_MAX) {
			*eq = '\0';
			d.prompt_lang[d.n_prompts] = value;
			d.prompt[d.n_prompts++] = eq + 1;
		} else {
			return ERR_INVAL;
		}
	}
	return *model ? 0 : ERR_INVAL;
}

/* VmData of proc(5): what RLIMIT_DATA counts. */
static size_t data_bytes(void)
{
	struct sb b;
	int64_t kb = 0;
	sb_init(&b, 65536);
	if (file_read("/proc/self/status", 65536, &b, NULL) == 0) {
		sv rest = sb_sv(&b), line, word;
		while (sv_line(&rest, &line))
			if (sv_starts(line, SV("VmData:"))) {
				line = sv_trim(sv_slice(line, 7, line.n));
				if (sv_cut(&line, ' ', &word))
					(void)sv_i64(word, &kb);
			}
	}
	sb_done(&b);
	return (size_t)kb << 10;
}

static int work(int argc, char **argv)
{
	struct err e = { 0 };
	const char *model = NULL;
	size_t memory = 0;
	if (options(argc, argv, &model, &memory))
		return refuse(
			"usage: callm-whisper --model FILE [--threads N] [--memory MB] "
			"[--prompt LANG=TEXT] | --convert MODEL TOKENIZER OUT | --check FILE");
	if (wh_open(&d.wh, model, &e))
		return refuse(e.msg);
	if (memory) /* of what loading reserved, most is never touched: the rest is what may come */
		cpu_memory_limit(data_bytes() + (memory > LEAST_ROOM ? memory : LEAST_ROOM));
	sb_fmt(&d.out, "{\"rate\":%d,\"multilingual\":%s}", WH_HZ,
	       wh_multilingual(d.wh) ? "true" : "false");
	send_frame(WF_READY, sb_sv(&d.out));
	serve();
	wh_close(d.wh);
	return 0;
}

static int convert(int argc, char **argv)
{
	struct err e = { 0 };
	if (argc < 5 || argc > 6) {
		(void)fprintf(stderr, "usage: callm-whisper --convert MODEL_BIN TOKENIZER_JSON OUT "
				      "[q8_0|q5_1|f16]\n");
		return 2;
	}
	if (wh_convert(argv[2], argv[3], argv[4], argc > 5 ? argv[5] : "q8_0", &e)) {
		(void)fprintf(stderr, "callm-whisper: %s\n", e.msg);
		return 1;
	}
	return 0;
}

static int check(const char *file)
{
	struct err e = { 0 };
	if (wh_check(file, &e) == 0)
		return 0;
	(void)fprintf(stderr, "callm-whisper: %s\n", e.msg);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--convert"))
		return convert(argc, argv);
	if (argc == 3 && !strcmp(argv[1], "--check"))
		return check(argv[2]);
	/* Two threads are 15 % sooner than one and use 1.7 times its CPU (docs/model.md). */
	(void)setenv("WSP_GGML_NO_BACKTRACE", "1", 1); /* when it aborts: no debugger is started */
	d.threads = cpu_cores() >= 8 ? cpu_cores() / 4 : 1;
	sb_init(&d.in, LIM_PROC_FRAME);
	sb_init(&d.out, LIM_PROC_FRAME);
	sb_init(&d.clean, LIM_SB);
	sb_init(&d.heard.text, LIM_SB);
	int rc = work(argc, argv);
	sb_done(&d.in);
	sb_done(&d.out);
	sb_done(&d.clean);
	sb_done(&d.heard.text);
	return rc;
}
