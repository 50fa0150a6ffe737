/* asr_whisper.c: many languages by Whisper in worker processes (callm-whisper).
 *
 * What is a job and when is asr_win.c's; here are the processes: started when the recogniser is
 * opened (loading takes half a second), restarted when they die, killed when they are silent
 * for SILENT_MS with a job and use no CPU, or do not answer a ping without one. A worker holds
 * nothing of a caller, so any of them takes any job. A worker that refuses (bad weights) is
 * told about once and the recogniser then serves no language; a worker that dies DEATHS times
 * before it ever was ready counts as refusing. */
#include <stdio.h>
#include <unistd.h>

#include "asr_int.h"
#include "io.h"
#include "model_exe.h"
#include "worker.h"

enum {
	WORKERS_MAX = 16,
	RUNS_A_WORKER = 8,
	FINAL_MS = 8000,
	SILENT_MS = 5000,
	JOB_MS = 30000,
	CPU_FIELD = 14, /* of /proc/PID/stat: user time; then system time */
	START_MS = 30000,
	PING_MS = 5000,
	DEATHS = 4,
	VOCAB_ENGLISH = 51864
};

struct proc {
	struct asr *a;
	struct win_slot *slot;
	struct io_proc *io;
	struct loop_timer watch;
	bool ready, pinged;
	int64_t cpu;     /* clock ticks it had used at the last look */
	uint32_t id;     /* of the last job */
};
struct whisper {
	struct win_pool *pool; /* first: asr_win.c */
	char *langs;           /* "zh,en": those to choose from; NULL = the run's alone */
	bool refused, english;
	int n, deaths;
	struct proc p[WORKERS_MAX];
};

/* The languages of Whisper's multilingual models. */
static const char languages[] = " en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi "
				"he uk el ms cs ro da hu ta no th "
				"ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br "
				"eu is hy ne mn bs kk sq sw gl mr "
				"pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps "
				"tk nn mt sa lb my bo tl mg as tt "
				"haw ln ha ba jw su ";

static bool serves(const struct asr *a, sv lang)
{
	const struct whisper *x = a->priv;
	char word[8];
	ptrdiff_t dash = sv_find_ch(lang, '-');
	lang = dash > 0 ? sv_slice(lang, 0, (size_t)dash) : lang;
	if (x->refused || lang.n < 2 || lang.n > 3)
		return false;
	if (x->english)
		return sv_eq(lang, SV("en"));
	(void)snprintf(word, sizeof(word), " " SV_FMT " ", SV_ARG(lang));
	return strstr(languages, word) != NULL;
}

/* ---- processes ---- */

/* Clock ticks the process has used; -1 when that cannot be told (proc(5)). */
static int64_t cpu_of(int pid)
{
	char path[64];
	struct sb b;
	int64_t sum = -1, v;
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	sb_init(&b, 4096);
	if (file_read(path, 4096, &b, NULL) == 0) {
		sv rest = sb_sv(&b), word;
		ptrdiff_t end = sv_find(rest, SV(") "));
		rest = end < 0 ? SV_NULL : sv_slice(rest, (size_t)end + 2, rest.n);
		for (int i = 3; sv_cut(&rest, ' ', &word) && i <= CPU_FIELD + 1; i++)
			if (i >= CPU_FIELD && sv_i64(word, &v) == 0)
				sum = (sum < 0 ? 0 : sum) + v;
	}
	sb_done(&b);
	return sum;
}

/* No beat for a while: but on a crowded machine one step can take that long. */
static bool works_on(struct proc *p)
{
	int64_t was = p->cpu, now = loop_now_ms(p->a->loop);
	p->cpu = cpu_of(io_proc_pid(p->io));
	return p->ready && p->slot->busy && p->cpu > was && now - p->slot->begun_ms < JOB_MS;
}

static void on_watch(void *arg)
{
	struct proc *p = arg;
	struct sb b;
	if (works_on(p)) {
		loop_after(p->a->loop, &p->watch, SILENT_MS, on_watch, p);
		return;
	}
	if (p->slot->busy || !p->ready || p->pinged) {
		asr_set_error(p->a, SV("a recogniser process hung and was restarted"));
		io_proc_kill(p->io); /* its end comes as on_state */
		return;
	}
	sb_init(&b, 16);
	wf_put(&b, 0);
	p->pinged = io_proc_send(p->io, WF_PING, sb_sv(&b)) == 0;
	loop_after(p->a->loop, &p->watch, PING_MS, on_watch, p);
	sb_done(&b);
}

static void watch(struct proc *p)
{
	loop_after(p->a->loop, &p->watch,
		   !p->ready ? START_MS : p->slot->busy ? SILENT_MS : PING_MS, on_watch, p);
}

static void refuse(struct asr *a, sv why)
{
	struct whisper *x = a->priv;
	x->refused = true;
	asr_set_error(a, why);
	win_refuse(x->pool, ERR_UNSUPPORTED);
}

static void on_ready(struct proc *p, sv text)
{
	struct err e;
	struct whisper *x = p->a->priv;
	jv *o = jv_parse(text, &e);
	sv error = jv_get_str(o, "error");
	if (error.n || !o) {
		refuse(p->a, error.n ? error : SV("callm-whisper does not speak as expected"));
	} else {
		x->english = !jv_get_bool(o, "multilingual", true);
		x->deaths = 0;
		x->refused = false; /* its weights were mended */
		p->ready = true;
		win_slot_up(p->slot, true);
	}
	jv_free(o);
}

static void on_frame(void *arg, uint8_t kind, sv f)
{
	struct proc *p = arg;
	p->pinged = false;
	if (kind == WF_READY) {
		on_ready(p, f);
	} else if (kind == WF_HEARD && p->slot->busy) {
		uint32_t id = wf_get(&f), err = wf_get(&f), conf = wf_get(&f);
		struct win_answer a = { .text = f, .confidence = conf / 1000.0, .err = -(int)err };
		if (id == p->id)
			win_answered(p->slot, &a);
	}
	watch(p);
}

static void on_state(void *arg, bool up, int status)
{
	struct proc *p = arg;
	struct whisper *x = p->a->priv;
	bool never = !p->ready;
	(void)status;
	p->pinged = p->ready = false;
	if (up) {
		watch(p);
		return;
	}
	loop_timer_stop(&p->watch);
	if (!x->refused && never && ++x->deaths >= DEATHS)
		refuse(p->a, SV("callm-whisper dies before it is ready: run callm models verify"));
	if (!never && !x->refused)
		asr_set_error(p->a, SV("a recogniser process died and was restarted"));
	win_slot_up(p->slot, false);
}

/* ---- jobs ---- */

/* The run's own language first, then the others that may be spoken. */
static void put_langs(const struct whisper *x, const char *own, struct sb *out)
{
	sv rest = x->langs ? sv_of(x->langs) : SV_NULL, one;
	sb_cstr(out, own);
	while (sv_cut(&rest, ',', &one)) {
		one = sv_trim(one);
		if (one.n && !sv_starts(sv_of(own), one)) {
			sb_ch(out, ',');
			sb_put(out, one);
		}
	}
}

static int begin(struct win_slot *s, const struct asr_clip *c, bool final)
{
	struct proc *p = s->priv;
	struct sb b, langs;
	(void)final;
	sb_init(&b, LIM_PROC_FRAME);
	sb_init(&langs, 256);
	put_langs(p->a->priv, s->run->lang, &langs);
	p->id = p->id + 1 ? p->id + 1 : 1;
	wf_put(&b, p->id);
	wf_put(&b, (uint32_t)c->rate);
	wf_put(&b, (uint32_t)langs.n);
	sb_put(&b, sb_sv(&langs));
	sb_put(&b, sv_n((const char *)c->s, c->n * sizeof(*c->s)));
	int rc = sb_err(&b) ? sb_err(&b) : io_proc_send(p->io, WF_HEAR, sb_sv(&b));
	sb_done(&b);
	sb_done(&langs);
	p->pinged = false;
	if (rc)
		io_proc_kill(p->io);
	else
		loop_after(p->a->loop, &p->watch, SILENT_MS, on_watch, p);
	p->cpu = rc ? 0 : cpu_of(io_proc_pid(p->io));
	return rc;
}

static void stop(struct win_slot *s)
{
	struct proc *p = s->priv;
	struct sb b;
	sb_init(&b, 16);
	wf_put(&b, p->id);
	(void)io_proc_send(p->io, WF_CANCEL, sb_sv(&b));
	sb_done(&b);
}

/* ---- open, close ---- */

static void close_all(struct asr *a)
{
	struct whisper *x = a->priv;
	for (int i = 0; i < x->n; i++) {
		io_proc_stop(x->p[i].io);
		loop_timer_stop(&x->p[i].watch);
	}
	win_pool_free(x->pool);
	xfree(x->langs);
	xfree(x);
}

static int start_procs(struct asr *a, const struct model_spec *s, const char *exe)
{
	/* Simplified characters and punctuation are more likely after a sentence that has them. */
	static const char zh_default[] = "zh=以下是普通话的句子。";
	struct whisper *x = a->priv;
	char threads[16], memory[16];
	char *zh = asr_prompt(s->data, "zh", "zh="), *en = asr_prompt(s->data, "en", "en=");
	const char *argv[16] = { exe, "--model", s->file, "--prompt", zh ? zh : zh_default };
	int n = 5, rc = 0;
	if (en) {
		argv[n++] = "--prompt";
		argv[n++] = en;
	}
	(void)snprintf(threads, sizeof(threads), "%d", s->threads);
	(void)snprintf(memory, sizeof(memory), "%d", s->memory_mb);
	if (s->threads > 0) {
		argv[n++] = "--threads";
		argv[n++] = threads;
	}
	if (s->memory_mb > 0) {
		argv[n++] = "--memory";
		argv[n++] = memory;
	}
	for (int i = 0; i < x->n && !rc; i++) {
		struct proc *p = &x->p[i];
		struct io_proc_opts o = { .argv = argv,
					  .name = "whisper",
					  .on_frame = on_frame,
					  .on_state = on_state,
					  .arg = p,
					  .nice_by = 2 };
		p->a = a;
		p->slot = win_pool_slot(x->pool, i);
		p->slot->priv = p;
		rc = io_proc_start(&p->io, a->loop, &o);
		if (!rc)
			watch(p);
	}
	xfree(zh);
	xfree(en);
	return rc;
}

/* The file's head tells whether it knows English only: magic, then the size of the vocabulary. */
static bool knows_english_only(const char *file)
{
	unsigned char h[8] = { 0 };
	FILE *f = fopen(file, "rbe");
	bool ok = f && fread(h, 1, sizeof(h), f) == sizeof(h);
	if (f)
		(void)fclose(f);
	return ok && (h[4] | h[5] << 8 | h[6] << 16) == VOCAB_ENGLISH;
}

/* A job uses the cores that are free, so half as many processes as cores keep them all busy. */
static int most_workers(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	long most = cores / 2 > 1 ? cores / 2 : 1;
	return most < WORKERS_MAX ? (int)most : WORKERS_MAX;
}

static int open_whisper(struct asr *a, const struct model_spec *s, struct err *e)
{
	if (!s->file || !file_exists(s->file))
		return err_set(e, ERR_NOTFOUND,
			       "no Whisper weights%s%s: run callm models pull whisper-base",
			       s->file ? " in " : "", s->file ? s->file : "");
	struct whisper *x = xalloc(sizeof(*x));
	struct win_opts o = { .slots = s->max_workers > 0 ? s->max_workers : 1,
			      .runs_a_slot = RUNS_A_WORKER,
			      .partials = true,
			      .final_ms = s->total_ms > 0 ? s->total_ms : FINAL_MS };
	static const struct win_ops ops = { begin, stop };
	o.ops = &ops;
	o.slots = o.slots < most_workers() ? o.slots : most_workers();
	*x = (struct whisper){ .n = o.slots, .english = knows_english_only(s->file) };
	a->priv = x;
	x->langs = s->lang ? xstrdup(sv_of(s->lang)) : NULL;
	x->pool = win_pool_new(a, &o);
	char *exe = model_exe(s->exe, "callm-whisper");
	int rc = exe ? start_procs(a, s, exe) : ERR_NOTFOUND;
	if (rc) {
		(void)err_set(e, rc,
			      "the recogniser %s cannot be started: %s (build callm-whisper: "
			      "./run.sh --build-only)",
			      exe ? exe : "callm-whisper", err_text(rc));
		close_all(a);
	}
	xfree(exe);
	return rc;
}

static int pid(const struct asr_run *r)
{
	const struct whisper *x = r->a->priv;
	for (int i = 0; i < x->n; i++)
		if (x->p[i].slot->run == r)
			return io_proc_pid(x->p[i].io);
	return io_proc_pid(x->p[0].io);
}

const struct asr_ops asr_whisper = { "whisper", open_whisper, close_all, serves, win_start,
				     win_feed,	win_flush,    win_leave, pid };
