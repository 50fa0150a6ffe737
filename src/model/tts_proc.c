/* tts_proc.c: speech by worker processes: flite (part of callm), espeak-ng (callm-espeak),
 * Kokoro and Piper (callm-onnx).
 *
 * One warm process a tts. Runs wait in its queue; one that could not be sent because the
 * process is being restarted waits for it; runs that were being said when it died end with
 * ERR_UPSTREAM. If the process says nothing for its kind's silent_ms with work to do (start_ms
 * while it starts) it is killed and started again; work to do is also the end of a cancelled
 * run, which it tells. What waits for a process that does not come back for start_ms ends too.
 * A worker that says it cannot work (weights missing) serves nothing until it is back and says
 * otherwise. */
#include <stdio.h>

#include "io.h"
#include "model_exe.h"
#include "tts_int.h"
#include "remote.h"
#include "worker.h"

enum { OWED_MS = 3000 };

struct kind {
	const char *program; /* beside callm; NULL = callm itself */
	const char *worker;  /* first argument; NULL = none */
	/* The voice for a language out of those asked for ("" = none), NULL = not spoken. */
	const char *(*voice)(sv asked, sv lang, char buf[64]);
	int silent_ms, start_ms;
	int threads, memory_mb; /* defaults; 0: the program knows none */
	const char *mend;
};
struct proc {
	const struct kind *kind;
	char *voice; /* as asked for, "" = none */
	struct io_proc *io;
	bool ready;   /* its voice is loaded */
	bool refused; /* it said that it cannot work */
	unsigned owed; /* cancelled runs whose end it has not told yet */
	int64_t owed_since_ms;
	struct loop_timer silent;
};
struct say { /* run->priv */
	struct sb frame;
	bool sent;
};

/* ---- languages and voices ---- */

static const char *voice_flite(sv asked, sv lang, char buf[64])
{
	(void)snprintf(buf, 64, SV_FMT, SV_ARG(asked.n ? asked : SV("rms")));
	return lang_is(lang, SV("en")) ? buf : NULL;
}

/* Languages of espeak-ng that its Debian package speaks, by ISO code. */
static const struct {
	const char *lang, *voice;
} espeak_voices[] = { { "zh", "cmn-latn-pinyin" },
		      { "en", "en-us" },
		      { "fr", "fr-fr" },
		      { "de", "de" },
		      { "es", "es" },
		      { "it", "it" },
		      { "pt", "pt-br" },
		      { "nl", "nl" },
		      { "ru", "ru" },
		      { "pl", "pl" },
		      { "tr", "tr" },
		      { "ko", "ko" },
		      { "ar", "ar" },
		      { "hi", "hi" },
		      { "id", "id" },
		      { "vi", "vi" },
		      { "sv", "sv" },
		      { "da", "da" },
		      { "fi", "fi" },
		      { "cs", "cs" },
		      { "el", "el" },
		      { "hu", "hu" },
		      { "ro", "ro" },
		      { "uk", "uk" },
		      { "ca", "ca" },
		      { "ms", "ms" } };

/* The voice asked for is an English one. */
static const char *voice_espeak(sv asked, sv lang, char buf[64])
{
	for (size_t i = 0; i < sizeof(espeak_voices) / sizeof(espeak_voices[0]); i++) {
		if (!lang_is(lang, sv_of(espeak_voices[i].lang)))
			continue;
		if (!asked.n || !lang_is(lang, SV("en")))
			return espeak_voices[i].voice;
		(void)snprintf(buf, 64, SV_FMT, SV_ARG(asked));
		return buf;
	}
	return NULL;
}

/* Kokoro's voices begin with a letter for the language: several may be asked for,
 * "af_bella,zf_xiaoyi". */
static const char *voice_kokoro(sv asked, sv lang, char buf[64])
{
	bool zh = lang_is(lang, SV("zh")), en = lang_is(lang, SV("en"));
	sv one;
	if (!zh && !en)
		return NULL;
	while (sv_cut(&asked, ',', &one)) {
		one = sv_trim(one);
		if (!one.n || one.n > 40 ||
		    (zh ? one.p[0] != 'z' : one.p[0] != 'a' && one.p[0] != 'b'))
			continue;
		(void)snprintf(buf, 64, SV_FMT, SV_ARG(one));
		return buf;
	}
	return zh ? "zf_xiaoyi" : "af_heart";
}

static const char *voice_piper(sv asked, sv lang, char buf[64])
{
	(void)snprintf(buf, 64, SV_FMT, SV_ARG(asked.n ? asked : SV("joe")));
	return lang_is(lang, SV("en")) ? buf : NULL;
}

static const struct kind kind_flite = { .worker = "flite",
					.voice = voice_flite,
					.silent_ms = 3000,
					.start_ms = 8000,
					.mend = "" };
static const struct kind kind_espeak = { .program = "callm-espeak",
					 .voice = voice_espeak,
					 .silent_ms = 3000,
					 .start_ms = 8000,
					 .mend = " (install espeak-ng and build callm-espeak)" };
/* A clause of Kokoro takes 5 s of a busy core, many times that on a crowded machine, and
 * gives no sound before it is whole. */
static const struct kind kind_kokoro = { .program = "callm-onnx",
					 .worker = "kokoro",
					 .voice = voice_kokoro,
					 .silent_ms = 30000,
					 .start_ms = 60000,
					 .threads = 2,
					 .memory_mb = 1500,
					 .mend = " (build callm-onnx)" };
static const struct kind kind_piper = { .program = "callm-onnx",
					.worker = "piper",
					.voice = voice_piper,
					.silent_ms = 15000,
					.start_ms = 60000,
					.threads = 1,
					.memory_mb = 700,
					.mend = " (build callm-onnx)" };

static bool serves(const struct tts *t, sv lang)
{
	const struct proc *p = t->priv;
	char buf[64];
	return !p->refused && p->kind->voice(sv_of(p->voice), lang, buf) != NULL;
}

/* ---- runs ---- */

static struct tts_run *find(const struct tts *t, uint32_t id)
{
	struct tts_run *r = t->runs;
	while (r && r->id != id)
		r = r->next;
	return r;
}

/* Callbacks may start and cancel others. */
static void end_runs(struct tts *t, bool waiting_too)
{
	for (;;) {
		struct tts_run *r = t->runs;
		while (r && !((struct say *)r->priv)->sent && !waiting_too)
			r = r->next;
		if (!r)
			return;
		tts_emit_end(r, ERR_UPSTREAM);
	}
}

static void on_silent(void *arg)
{
	struct tts *t = arg;
	struct proc *p = t->priv;
	tts_set_error(t, SV("the speech worker gave no sign of life"));
	if (io_proc_up(p->io))
		io_proc_kill(p->io); /* its end comes as on_state */
	else
		end_runs(t, true);
}

static void watch(struct tts *t)
{
	struct proc *p = t->priv;
	if (t->runs || p->owed)
		loop_after(t->loop, &p->silent,
			   p->ready ? p->kind->silent_ms : p->kind->start_ms, on_silent, t);
	else
		loop_timer_stop(&p->silent);
}

static void send_waiting(struct tts *t)
{
	struct proc *p = t->priv;
	for (struct tts_run *r = t->runs; r; r = r->next) {
		struct say *s = r->priv;
		if (!s || s->sent)
			continue;
		if (io_proc_send(p->io, WF_SAY, sb_sv(&s->frame)))
			return;
		s->sent = true;
	}
}

/* ---- the process ---- */

static void on_pcm(struct tts_run *r, sv p)
{
	int rate = (int)wf_get(&p);
	int16_t s[4096];
	bool on = true;
	while (p.n >= 2 && on) {
		size_t n = p.n / 2 < sizeof(s) / sizeof(s[0]) ? p.n / 2 :
								 sizeof(s) / sizeof(s[0]);
		memcpy(s, p.p, n * 2);
		p = sv_slice(p, n * 2, p.n);
		on = tts_emit_pcm(r, s, n, rate);
	}
}

static void on_ready(struct tts *t, sv text)
{
	struct proc *p = t->priv;
	struct err e;
	jv *o = jv_parse(text, &e);
	sv why = jv_get_str(o, "error");
	p->refused = why.n > 0;
	p->ready = !p->refused;
	if (why.n)
		tts_set_error(t, why);
	jv_free(o);
	watch(t);
}

static void on_frame(void *arg, uint8_t kind, sv payload)
{
	struct tts *t = arg;
	struct proc *p = t->priv;
	if (kind == WF_READY) {
		on_ready(t, payload);
		return;
	}
	struct tts_run *r = find(t, wf_get(&payload));
	if (!r && kind == WF_END && p->owed)
		p->owed--;
	watch(t);
	if (!r)
		return; /* cancelled meanwhile */
	obj_ref(r);
	if (kind == WF_PCM) {
		on_pcm(r, payload);
	} else if (kind == WF_MARK) {
		uint32_t at = wf_get(&payload), sample = wf_get(&payload);
		(void)tts_emit_mark(r, at, sample);
	} else if (kind == WF_END) {
		((struct say *)r->priv)->sent = false; /* nothing to cancel there */
		tts_emit_end(r, -(int)wf_get(&payload));
		send_waiting(t);
		watch(t);
	}
	obj_unref(r);
}

static void on_state(void *arg, bool up, int status)
{
	struct tts *t = arg;
	struct proc *p = t->priv;
	(void)status;
	if (up) {
		send_waiting(t);
		watch(t);
		return;
	}
	p->ready = false;
	p->owed = 0;
	end_runs(t, p->refused);
	watch(t);
}

/* ---- opening ---- */

enum { ARGS_MAX = 12, NICE = 2 };

struct args {
	const char *v[ARGS_MAX];
	size_t n;
	struct sb text[ARGS_MAX];
};

static void arg_add(struct args *a, const char *name, const char *value)
{
	struct sb *b = &a->text[a->n];
	sb_init(b, 8192);
	sb_cstr(b, name);
	sb_cstr(b, value);
	a->v[a->n++] = sb_str(b);
}

static void arg_opt(struct args *a, const char *name, const char *value)
{
	if (value && value[0])
		arg_add(a, name, value);
}

static void arg_num(struct args *a, const char *name, int value, int otherwise)
{
	char text[16];
	(void)snprintf(text, sizeof(text), "%d", value > 0 ? value : otherwise);
	arg_add(a, name, text);
}

static void make_args(struct args *a, const struct kind *k, const struct model_spec *s,
		      const char *exe)
{
	char buf[64];
	arg_add(a, "", exe);
	if (!k->program)
		arg_add(a, "", "worker");
	if (k->worker)
		arg_add(a, "", k->worker);
	if (!k->threads)
		return;
	arg_opt(a, "file=", s->file);
	arg_opt(a, "runtime=", s->runtime);
	arg_opt(a, "data=", s->data);
	arg_opt(a, "voice=",
		k->voice(sv_of(s->voice), s->lang ? sv_of(s->lang) : SV("en"), buf));
	arg_num(a, "threads=", s->threads, k->threads);
	arg_num(a, "memory_mb=", /* less than the default would not load */
		s->memory_mb > k->memory_mb ? s->memory_mb : 0, k->memory_mb);
}

static int start_proc(struct tts *t, const struct model_spec *s, struct err *e)
{
	struct proc *p = t->priv;
	const struct kind *k = p->kind;
	struct args a = { .n = 0 };
	char *exe = model_exe(s->exe, k->program);
	if (exe)
		make_args(&a, k, s, exe);
	struct io_proc_opts o = { .argv = a.v,
				  .name = t->ops->kind,
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .arg = t,
				  .nice_by = NICE };
	int rc = exe ? io_proc_start(&p->io, t->loop, &o) : ERR_NOTFOUND;
	if (rc)
		(void)err_set(e, rc, "the %s speech worker %.200s cannot be started: %s%s",
			      t->ops->kind, exe ? exe : "", err_text(rc), k->mend);
	for (size_t i = 0; i < a.n; i++)
		sb_done(&a.text[i]);
	xfree(exe);
	return rc;
}

static int open_proc(struct tts *t, const struct kind *k, const struct model_spec *s,
		     struct err *e)
{
	if (loop_is_sim(t->loop))
		return err_set(e, ERR_UNSUPPORTED, "speech workers need a real loop");
	struct proc *p = xalloc(sizeof(*p));
	*p = (struct proc){ .kind = k, .voice = xstrdup(sv_of(s->voice)) };
	t->priv = p;
	int rc = start_proc(t, s, e);
	if (rc) {
		xfree(p->voice);
		xfree(p);
	}
	return rc;
}

static void close_proc(struct tts *t)
{
	struct proc *p = t->priv;
	io_proc_stop(p->io);
	loop_timer_stop(&p->silent);
	xfree(p->voice);
	xfree(p);
}

/* Not while it has been busy for long with what nobody wants any more. */
static bool ready(const struct tts *t)
{
	const struct proc *p = t->priv;
	return p->ready &&
	       (!p->owed || loop_now_ms(t->loop) - p->owed_since_ms < OWED_MS);
}

static int pid(const struct tts *t)
{
	return io_proc_pid(((const struct proc *)t->priv)->io);
}

static int make_frame(struct tts_run *r, struct say *s, sv text, sv lang)
{
	const struct proc *p = r->t->priv;
	char buf[64];
	struct sb spoken;
	sb_init(&spoken, LIM_PROC_FRAME / 2);
	int rc = tts_spoken(r, text, lang, &spoken);
	if (!rc) {
		sb_fmt(&s->frame, "{\"id\":%u,\"voice\":", r->id);
		sb_json(&s->frame, sv_of(p->kind->voice(sv_of(p->voice), lang, buf)));
		sb_cstr(&s->frame, ",\"text\":");
		sb_json(&s->frame, sb_sv(&spoken));
		sb_ch(&s->frame, '}');
		rc = sb_err(&s->frame);
	}
	sb_done(&spoken);
	return rc;
}

static int start(struct tts_run *r, sv text, sv lang)
{
	struct say *s = xalloc(sizeof(*s));
	*s = (struct say){ .sent = false };
	sb_init(&s->frame, LIM_PROC_FRAME);
	r->priv = s;
	int rc = make_frame(r, s, text, lang);
	if (rc)
		return rc;
	send_waiting(r->t);
	if (r->t->runs == r)
		watch(r->t);
	return 0;
}

static void cancel(struct tts_run *r)
{
	struct say *s = r->priv;
	struct proc *p = r->t->priv;
	if (!s)
		return;
	if (s->sent) {
		struct sb b;
		sb_init(&b, 16);
		wf_put(&b, r->id);
		if (io_proc_send(p->io, WF_CANCEL, sb_sv(&b)) == 0 && p->owed++ == 0)
			p->owed_since_ms = loop_now_ms(r->t->loop);
		sb_done(&b);
	}
	if (!r->t->runs && !p->owed)
		loop_timer_stop(&p->silent);
	sb_done(&s->frame);
	xfree(s);
	r->priv = NULL;
}

#define PROC(name)                                                                             \
	static int open_##name(struct tts *t, const struct model_spec *s, struct err *e)       \
	{                                                                                      \
		return open_proc(t, &kind_##name, s, e);                                       \
	}                                                                                      \
	const struct tts_ops tts_##name = { #name,      open_##name, start, cancel, close_proc, \
					    serves, ready, pid }
PROC(flite);
PROC(espeak);
PROC(kokoro);
PROC(piper);
