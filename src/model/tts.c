/* tts.c: speech synthesis by worker processes (flite, espeak): normaliser, queue,
 * marks, restarts.
 *
 * A tts owns one warm process and the list of its runs, oldest first. A run's text is
 * normalised here, so that marks, which the worker counts in spoken bytes, can be told
 * in bytes of the written text. A run that could not be sent because the process is
 * being restarted waits for it; runs that were being said when it died end with
 * ERR_UPSTREAM. If the process says nothing for SILENT_MS with work to do (START_MS while it
 * starts) it is killed. What waits for a process that does not come back for START_MS ends too.
 * All on the loop's thread. */
#include <stdio.h>
#include <unistd.h>

#include "io.h"
#include "model.h"
#include "model_exe.h"
#include "worker.h"

enum { SILENT_MS = 3000, START_MS = 8000, TEXT_MAX = 16 << 10, RUNS_MAX = 1024, EXE_MAX = 4096 };

struct tts_kind {
	const char *kind, *arg; /* arg: what follows "worker" on the command line; NULL
				   = own program */
	const char *voice;      /* default */
};
struct tts {
	struct loop *loop;
	const struct tts_kind *kind;
	char *voice;
	struct io_proc *proc;
	struct tts_run *runs, **tail;
	size_t n_runs;
	uint32_t last_id;
	bool ready;   /* its voice is loaded */
	bool refused; /* the worker said it cannot work */
	struct loop_timer silent;
};
struct tts_run { /* an obj */
	struct tts *t;
	struct tts_cb cb;
	void *arg;
	struct tts_run *next;
	uint32_t id;
	struct sb frame; /* until it is sent */
	struct arena mem;
	uint32_t *map; /* spoken byte -> written byte */
	size_t spoken;
	int64_t start_ms;
	bool sent, dead, heard;
};

static const struct tts_kind kinds[] = { { "flite", "flite", "rms" },
					 { "espeak", NULL, NULL } };

/* Languages of espeak-ng that its Debian package speaks, by ISO code. */
static const struct {
	const char *lang, *voice;
} voices[] = { { "zh", "cmn-latn-pinyin" },
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

static const char *voice_of(sv lang)
{
	for (size_t i = 0; i < sizeof(voices) / sizeof(voices[0]); i++)
		if (sv_starts(lang, sv_of(voices[i].lang)) &&
		    (lang.n == 2 || lang.p[2] == '-'))
			return voices[i].voice;
	return NULL;
}

bool tts_serves(const struct tts *t, sv lang)
{
	if (t->refused)
		return false;
	if (t->kind->arg)
		return sv_eq(lang, SV("en")) || sv_starts(lang, SV("en-"));
	return voice_of(lang) != NULL;
}

/* ---- runs ---- */

static void run_free(void *obj)
{
	struct tts_run *r = obj;
	sb_done(&r->frame);
	arena_done(&r->mem);
}

static void leave(struct tts_run *r)
{
	struct tts *t = r->t;
	struct tts_run **at = &t->runs;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (!*at)
		t->tail = at;
	t->n_runs--;
	r->dead = true;
	if (!t->runs)
		loop_timer_stop(&t->silent);
}

static void end(struct tts_run *r, int err)
{
	leave(r);
	if (r->cb.on_end)
		r->cb.on_end(r->arg, err);
	obj_unref(r);
}

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
		while (r && !r->sent && !waiting_too)
			r = r->next;
		if (!r)
			return;
		end(r, ERR_UPSTREAM);
	}
}

static void on_silent(void *arg)
{
	struct tts *t = arg;
	if (io_proc_up(t->proc))
		io_proc_kill(t->proc); /* its end comes as on_state */
	else
		end_runs(t, true);
}

static void watch(struct tts *t)
{
	if (t->runs)
		loop_after(t->loop, &t->silent, t->ready ? SILENT_MS : START_MS,
			   on_silent, t);
}

static void send_waiting(struct tts *t)
{
	for (struct tts_run *r = t->runs; r; r = r->next) {
		if (r->sent)
			continue;
		if (io_proc_send(t->proc, WF_SAY, sb_sv(&r->frame)))
			return;
		r->sent = true;
	}
}

/* ---- the process ---- */

static void on_pcm(struct tts_run *r, sv p)
{
	int rate = (int)wf_get(&p);
	int16_t s[4096];
	if (!r->heard)
		metric_observe_us(M_TTS_US,
				  (loop_now_ms(r->t->loop) - r->start_ms) * 1000);
	r->heard = true;
	while (p.n >= 2 && !r->dead) {
		size_t n = p.n / 2 < sizeof(s) / sizeof(s[0]) ?
				   p.n / 2 :
				   sizeof(s) / sizeof(s[0]);
		memcpy(s, p.p, n * 2);
		p = sv_slice(p, n * 2, p.n);
		if (r->cb.on_pcm)
			r->cb.on_pcm(r->arg, s, n, rate);
	}
}

static void on_frame(void *arg, uint8_t kind, sv p)
{
	struct tts *t = arg;
	if (kind == WF_READY) {
		struct err e;
		jv *o = jv_parse(p, &e);
		t->refused = jv_get_str(o, "error").n > 0;
		t->ready = true;
		jv_free(o);
		watch(t);
		return;
	}
	struct tts_run *r = find(t, wf_get(&p));
	watch(t);
	if (!r)
		return; /* cancelled meanwhile */
	obj_ref(r);
	if (kind == WF_PCM) {
		on_pcm(r, p);
	} else if (kind == WF_MARK) {
		uint32_t at = wf_get(&p), sample = wf_get(&p);
		if (at < r->spoken && r->cb.on_mark)
			r->cb.on_mark(r->arg, r->map[at], sample);
	} else if (kind == WF_END) {
		end(r, -(int)wf_get(&p));
		send_waiting(t);
	}
	obj_unref(r);
}

static void on_state(void *arg, bool up, int status)
{
	struct tts *t = arg;
	(void)status;
	if (up) {
		send_waiting(t);
		watch(t);
		return;
	}
	metric_inc(M_WORKER_RESTARTS);
	t->ready = false;
	end_runs(t, t->refused);
	watch(t);
}

/* A program beside this one, or where the build puts it. */
static char *beside(sv self, const char *sibling)
{
	static const char *const places[] = { "", "../model/" };
	struct sb b;
	while (self.n && self.p[self.n - 1] != '/')
		self.n--;
	sb_init(&b, EXE_MAX);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		sb_reset(&b);
		sb_put(&b, self);
		sb_cstr(&b, places[i]);
		sb_cstr(&b, sibling);
		if (file_exists(sb_str(&b)))
			break;
	}
	char *ret = xstrdup(sb_sv(&b));
	sb_done(&b);
	return ret;
}

char *model_exe(const char *given, const char *sibling)
{
	char self[EXE_MAX];
	if (given)
		return xstrdup(sv_of(given));
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self));
	if (n <= 0)
		return NULL;
	return sibling ? beside(sv_n(self, (size_t)n), sibling) :
			 xstrdup(sv_n(self, (size_t)n));
}

static int start_proc(struct tts *t, const struct model_spec *s, struct err *e)
{
	char *exe = model_exe(s->exe, t->kind->arg ? NULL : "callm-espeak");
	const char *const own[] = { exe, NULL }, *const worker[] = { exe, "worker",
								     t->kind->arg,
								     NULL };
	struct io_proc_opts o = { .argv = t->kind->arg ? worker : own,
				  .name = t->kind->kind,
				  .on_frame = on_frame,
				  .on_state = on_state,
				  .arg = t };
	int rc = exe ? io_proc_start(&t->proc, t->loop, &o) : ERR_NOTFOUND;
	if (rc)
		(void)err_set(e, rc, "the %s speech worker %s cannot be started: %s%s",
			      t->kind->kind, exe ? exe : "", err_text(rc),
			      t->kind->arg ?
				      "" :
				      " (install espeak-ng and build callm-espeak)");
	xfree(exe);
	return rc;
}

int tts_open(struct tts **ret, const struct model_spec *s, struct loop *l,
	     struct err *e)
{
	const struct tts_kind *k = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (s->kind && !strcmp(s->kind, kinds[i].kind))
			k = &kinds[i];
	if (!k)
		return err_set(e, ERR_UNSUPPORTED,
			       "unknown speech kind \"%s\": use flite or espeak",
			       s->kind ? s->kind : "");
	if (loop_is_sim(l))
		return err_set(e, ERR_UNSUPPORTED, "speech workers need a real loop");
	struct tts *t = xalloc(sizeof(*t));
	*t = (struct tts){ .loop = l, .kind = k, .tail = &t->runs };
	t->voice = s->voice ? xstrdup(sv_of(s->voice)) : NULL;
	int rc = start_proc(t, s, e);
	if (rc) {
		xfree(t->voice);
		xfree(t);
		return rc;
	}
	*ret = t;
	return 0;
}

void tts_close(struct tts *t)
{
	if (!t)
		return;
	while (t->runs)
		tts_cancel(t->runs);
	io_proc_stop(t->proc);
	loop_timer_stop(&t->silent);
	xfree(t->voice);
	xfree(t);
}

static int make_frame(struct tts_run *r, sv text, sv lang)
{
	struct tts *t = r->t;
	struct sb spoken;
	sb_init(&spoken, LIM_PROC_FRAME / 2);
	int rc = tts_normalize(text, lang, &spoken, &r->map, &r->mem);
	if (!rc) {
		const char *voice = t->kind->arg ?
					    (t->voice ? t->voice : t->kind->voice) :
					    voice_of(lang);
		r->spoken = spoken.n;
		sb_fmt(&r->frame, "{\"id\":%u,\"voice\":", r->id);
		sb_json(&r->frame,
			sv_of(t->voice && !t->kind->arg && sv_starts(lang, SV("en")) ?
				      t->voice :
				      voice));
		sb_cstr(&r->frame, ",\"text\":");
		sb_json(&r->frame, sb_sv(&spoken));
		sb_ch(&r->frame, '}');
		rc = sb_err(&r->frame);
	}
	sb_done(&spoken);
	return rc;
}

int tts_start(struct tts *t, sv text, sv lang, const struct tts_cb *cb, void *arg,
	      struct tts_run **ret)
{
	if (!tts_serves(t, lang))
		return ERR_UNSUPPORTED;
	if (text.n > TEXT_MAX)
		return ERR_TOOBIG;
	if (t->n_runs >= RUNS_MAX)
		return ERR_BUSY;
	struct tts_run *r = obj_new(sizeof(*r), run_free);
	r->t = t;
	r->cb = *cb;
	r->arg = arg;
	r->id = ++t->last_id;
	r->start_ms = loop_now_ms(t->loop);
	arena_init(&r->mem, LIM_ARENA_TURN * 2);
	sb_init(&r->frame, LIM_PROC_FRAME);
	int rc = make_frame(r, text, lang);
	if (rc) {
		obj_unref(r);
		return rc;
	}
	bool first = !t->runs;
	*t->tail = r;
	t->tail = &r->next;
	t->n_runs++;
	send_waiting(t);
	if (first)
		watch(t);
	*ret = r;
	return 0;
}

void tts_cancel(struct tts_run *r)
{
	if (!r || r->dead)
		return;
	struct tts *t = r->t;
	leave(r);
	if (r->sent) {
		struct sb b;
		sb_init(&b, 16);
		wf_put(&b, r->id);
		(void)io_proc_send(t->proc, WF_CANCEL, sb_sv(&b));
		sb_done(&b);
	}
	obj_unref(r);
}

int tts_worker_pid(const struct tts *t)
{
	return io_proc_pid(t->proc);
}
