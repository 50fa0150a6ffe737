/* worker_embed.c: the program callm-embed: texts to vectors, with multilingual-e5-small by an
 * engine of its own or with a GGUF file by llama.cpp.
 *
 *	callm-embed FILE [THREADS [RUNTIME]]               worker: frames on descriptor 3
 *	callm-embed FILE query|passage < LINES > FLOATS    one vector of float32 a line, at once
 *	callm-embed FILE dim                               how many numbers a vector has
 *	callm-embed FILE bench                             milliseconds of texts of three lengths
 *	callm-embed FILE ids TEXT                          the pieces of a text
 *	callm-embed --convert ZIP OUT                      EmbeddingGemma's files to GGUF
 *
 * RUNTIME (by hand: CALLM_LLAMA_RUNTIME): the folder of llama.cpp's libraries, for a GGUF file.
 *
 * One thread reads frames, one embeds queries as they come, and THREADS (0: one for two cores)
 * work on passages at a lower priority, so that a customer's question never waits for the
 * knowledge base. A request's texts are taken one by one; a cancelled request's are dropped.
 * Everything is under one lock but the arithmetic. Never part of callm. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "e5.h"
#include "emb_int.h"
#include "embed_eng.h"
#include "gemma_convert.h"
#include "io.h"
#include "worker.h"

enum { QUERY_TOKENS = 96, THREADS_MAX = 16, PASSAGE_NICE = 10, QUEUE_MAX = 16384 };

struct job {
	uint32_t id;
	bool passage;
	uint32_t n, next, done;
	char *bytes;
	sv *texts;
	bool stop;
	struct job *after;
};

static struct {
	struct eng *m;
	int fd;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	struct job *head, **tail; /* until their last vector is sent */
	size_t waiting;
	bool closed;
} w = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

/* ---- jobs ---- */

static void job_free(struct job *j)
{
	struct job **at = &w.head;
	while (*at != j)
		at = &(*at)->after;
	*at = j->after;
	if (!*at)
		w.tail = at;
	w.waiting -= j->n;
	xfree(j->bytes);
	xfree(j->texts);
	xfree(j);
}

static void send_end(uint32_t id, int err)
{
	struct sb b;
	sb_init(&b, 64);
	wf_put(&b, id);
	wf_put(&b, (uint32_t)-err);
	if (io_child_write(w.fd, WF_END, sb_sv(&b)))
		w.closed = true;
	sb_done(&b);
}

static struct job *parse(sv p)
{
	struct job *j = xalloc(sizeof(*j));
	j->id = wf_get(&p);
	j->passage = wf_get(&p) == EMB_PASSAGE;
	j->n = wf_get(&p);
	if (!j->n || j->n > EMB_TEXTS_MAX || w.waiting + j->n > QUEUE_MAX) {
		send_end(j->id, j->n && j->n <= EMB_TEXTS_MAX ? ERR_FULL : ERR_PARSE);
		xfree(j);
		return NULL;
	}
	j->bytes = xstrdup(p);
	j->texts = xalloc(j->n * sizeof(*j->texts));
	sv rest = sv_n(j->bytes, p.n);
	for (uint32_t i = 0; i < j->n; i++) {
		size_t n = wf_get(&rest);
		j->texts[i] = sv_slice(rest, 0, n);
		rest = sv_slice(rest, n, rest.n);
	}
	return j;
}

static void cancel(uint32_t id)
{
	for (struct job *j = w.head; j; j = j->after)
		if (j->id == id) {
			j->stop = true;
			if (j->done == j->next) /* no thread is at it */
				job_free(j);
			return;
		}
}

static void take_frame(uint8_t kind, sv p)
{
	if (kind == WF_CANCEL) {
		cancel(wf_get(&p));
		return;
	}
	struct job *j = kind == WF_EMBED ? parse(p) : NULL;
	if (!j)
		return;
	*w.tail = j;
	w.tail = &j->after;
	w.waiting += j->n;
	(void)pthread_cond_broadcast(&w.wake);
}

/* ---- threads ---- */

static struct job *next_job(bool passages)
{
	for (struct job *j = w.head; j; j = j->after)
		if (j->passage == passages && !j->stop && j->next < j->n)
			return j;
	return NULL;
}

static void send_vector(const struct job *j, uint32_t i, const float *v)
{
	struct sb b;
	sb_init(&b, LIM_PROC_FRAME);
	wf_put(&b, j->id);
	wf_put(&b, i);
	sb_put(&b, sv_n((const char *)v, (size_t)w.m->dim * sizeof(*v)));
	if (io_child_write(w.fd, WF_VECTOR, sb_sv(&b)))
		w.closed = true;
	sb_done(&b);
}

/* One text, the lock held before and after. */
static void one_text(struct job *j, void *work, float *v)
{
	uint32_t i = j->next++;
	(void)pthread_mutex_unlock(&w.lock);
	w.m->ops->embed(w.m, work, j->passage, j->texts[i], v);
	(void)pthread_mutex_lock(&w.lock);
	j->done++;
	if (!j->stop && !w.closed)
		send_vector(j, i, v);
	if (j->stop && j->done == j->next) {
		job_free(j);
	} else if (!j->stop && j->done == j->n) {
		send_end(j->id, 0);
		job_free(j);
	}
}

static void *new_work(void)
{
	void *work = w.m->ops->work_new(w.m);
	if (!work) { /* the process is started again */
		(void)fputs("no memory for another thread's context\n", stderr);
		_exit(1);
	}
	return work;
}

static void *run(void *arg)
{
	bool passages = arg != NULL;
	/* a context takes memory: none for passages where only questions come */
	void *work = passages ? NULL : new_work();
	float *v = xalloc((size_t)w.m->dim * sizeof(*v));
	if (passages) /* of this thread: Linux counts niceness a thread */
		(void)setpriority(PRIO_PROCESS, 0, PASSAGE_NICE);
	(void)pthread_mutex_lock(&w.lock);
	while (!w.closed) {
		struct job *j = next_job(passages);
		if (j && !work) {
			(void)pthread_mutex_unlock(&w.lock);
			work = new_work();
			(void)pthread_mutex_lock(&w.lock);
		} else if (j) {
			one_text(j, work, v);
		} else {
			(void)pthread_cond_wait(&w.wake, &w.lock);
		}
	}
	(void)pthread_mutex_unlock(&w.lock);
	xfree(v);
	if (work)
		w.m->ops->work_free(w.m, work);
	return NULL;
}

static int cores(void)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	return sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);
}

static void read_frames(void)
{
	struct sb in;
	uint8_t kind;
	sb_init(&in, LIM_PROC_FRAME);
	while (io_child_read(w.fd, &kind, &in) == 0) {
		(void)pthread_mutex_lock(&w.lock);
		take_frame(kind, sb_sv(&in));
		bool closed = w.closed;
		(void)pthread_mutex_unlock(&w.lock);
		if (closed)
			break;
	}
	sb_done(&in);
}

/* Milliseconds of a short question, the better of two. */
static int pace(void)
{
	void *work = w.m->ops->work_new(w.m);
	float *v = xalloc((size_t)w.m->dim * sizeof(*v));
	int64_t best = INT64_MAX;
	for (int i = 0; work && i < 2; i++) {
		int64_t t0 = clk_mono_us();
		w.m->ops->embed(w.m, work, false, SV("when does my order come?"), v);
		int64_t us = clk_mono_us() - t0;
		best = us < best ? us : best;
	}
	xfree(v);
	w.m->ops->work_free(w.m, work);
	return work ? (int)((best + 999) / 1000) : 0;
}

static void greet(const char *error)
{
	struct sb b;
	sb_init(&b, 4096);
	if (error) {
		sb_cstr(&b, "{\"error\":");
		sb_json(&b, sv_of(error));
		sb_ch(&b, '}');
	} else {
		sb_fmt(&b, "{\"dim\":%d,\"kernels\":", w.m->dim);
		sb_json(&b, sv_of(w.m->about));
		sb_fmt(&b, ",\"query_ms\":%d}", pace());
	}
	(void)io_child_write(w.fd, WF_READY, sb_sv(&b));
	sb_done(&b);
}

/* llama.cpp ends the process when a file contradicts itself; that is told like other faults. */
static char last_words[1024];
static void on_abort(int sig)
{
	(void)sig;
	(void)io_child_write(w.fd, WF_READY, sv_of(last_words));
	_exit(1);
}

static void listen_for_abort(const char *file)
{
	struct sb b, name;
	sb_init(&b, sizeof(last_words) - 1);
	sb_init(&name, 1024);
	sb_fmt(&name,
	       "%.200s cannot be computed: it is damaged or of an unknown kind; callm models "
	       "verify tells, callm models pull mends it",
	       file);
	sb_cstr(&b, "{\"error\":");
	sb_json(&b, sb_sv(&name));
	sb_ch(&b, '}');
	sv_copy(last_words, sizeof(last_words), sb_sv(&b));
	sb_done(&b);
	sb_done(&name);
	(void)signal(SIGABRT, on_abort);
}

static int serve(int threads)
{
	pthread_t t[THREADS_MAX + 1];
	int n = 0, have = cores();
	threads = threads > 0 ? threads : have / 2;
	threads = threads > have ? have : threads;
	threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
	w.tail = &w.head;
	w.m->query_tokens = QUERY_TOKENS;
	greet(NULL);
	(void)signal(SIGABRT, SIG_DFL);
	while (n <= threads && pthread_create(&t[n], NULL, run, n ? &w : NULL) == 0)
		n++;
	if (n > 1) /* one for each side */
		read_frames();
	(void)pthread_mutex_lock(&w.lock);
	w.closed = true;
	(void)pthread_cond_broadcast(&w.wake);
	(void)pthread_mutex_unlock(&w.lock);
	while (n)
		(void)pthread_join(t[--n], NULL);
	while (w.head)
		job_free(w.head);
	return 0;
}

/* ---- by hand ---- */

static int lines(bool passage)
{
	void *work = w.m->ops->work_new(w.m);
	float *v = xalloc((size_t)w.m->dim * sizeof(*v));
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	bool ok = work != NULL;
	while (ok && (n = getline(&line, &cap, stdin)) > 0) {
		w.m->ops->embed(w.m, work, passage, sv_trim(sv_n(line, (size_t)n)), v);
		ok = fwrite(v, sizeof(*v), (size_t)w.m->dim, stdout) == (size_t)w.m->dim &&
		     fflush(stdout) == 0;
	}
	free(line);
	xfree(v);
	w.m->ops->work_free(w.m, work);
	return ok ? 0 : 1;
}

static void bench_one(const char *name, sv text, int rounds)
{
	void *work = w.m->ops->work_new(w.m);
	float *v = xalloc((size_t)w.m->dim * sizeof(*v));
	int64_t best = INT64_MAX;
	for (int i = 0; work && i < rounds; i++) {
		int64_t t0 = clk_cpu_us();
		w.m->ops->embed(w.m, work, false, text, v);
		int64_t us = clk_cpu_us() - t0;
		best = us < best ? us : best;
	}
	(void)printf("%-24s %4zu bytes: %.2f ms\n", name, text.n, (double)best / 1000);
	xfree(v);
	w.m->ops->work_free(w.m, work);
}

/* With each set of kernels that this machine has, where the engine is the own one. */
static int bench(void)
{
	const struct e5_kern *all[] = { e5_kern_vnni(), e5_kern_avx2(), &e5_plain };
	struct e5 *own = w.m->ops == &eng_e5 ? w.m->priv : NULL;
	struct sb text;
	sb_init(&text, 65536);
	for (int i = 0; i < 60; i++)
		sb_cstr(&text, "You can return most items within thirty days. ");
	for (int i = 0; i < (own ? 3 : 1); i++) {
		int rounds = own && i < 2 ? 50 : own ? 1 : 10;
		if (own && !all[i])
			continue;
		if (own)
			own->kern = all[i];
		const char *name = own ? all[i]->name : w.m->about;
		bench_one(name, SV("how can I return my sofa?"), rounds);
		bench_one(name, sv_n(sb_str(&text), 470), rounds);
		bench_one(name, sb_sv(&text), rounds > 5 ? 5 : rounds);
	}
	sb_done(&text);
	return 0;
}

static int usage(void)
{
	(void)fputs("usage: callm-embed FILE [THREADS [RUNTIME]|query|passage|dim|bench|ids "
		    "TEXT] | "
		    "--convert ZIP OUT\n",
		    stderr);
	return 2;
}

static int convert(int argc, char **argv)
{
	struct err e = { 0 };
	if (argc != 4)
		return usage();
	if (!gemma_convert(argv[2], argv[3], &e))
		return 0;
	(void)fprintf(stderr, "%s\n", e.msg);
	return 1;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int64_t threads = 0;
	const char *what = argc > 2 ? argv[2] : "";
	if (argc < 2)
		return usage();
	if (!strcmp(argv[1], "--convert"))
		return convert(argc, argv);
	bool worker = !*what || sv_i64(sv_of(what), &threads) == 0;
	w.fd = IO_CHILD_FD;
	if (worker)
		listen_for_abort(argv[1]);
	if (eng_open(&w.m, argv[1], worker && argc > 3 ? argv[3] : NULL, &e)) {
		if (worker)
			greet(e.msg);
		(void)fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	int rc;
	if (worker)
		rc = serve((int)(threads > THREADS_MAX ? THREADS_MAX : threads));
	else if (!strcmp(what, "bench"))
		rc = bench();
	else if (!strcmp(what, "ids") && argc > 3)
		w.m->ops->pieces(w.m, sv_of(argv[3])), rc = 0;
	else if (!strcmp(what, "dim"))
		rc = printf("%d\n", w.m->dim) < 0;
	else if (!strcmp(what, "query") || !strcmp(what, "passage"))
		rc = lines(*what == 'p');
	else
		rc = usage();
	eng_close(w.m);
	return rc;
}
