/* worker_embed.c: the program callm-embed: texts to vectors with multilingual-e5-small.
 *
 *	callm-embed FILE [THREADS]                         worker: frames on descriptor 3
 *	callm-embed FILE query|passage < LINES > FLOATS    one vector of float32 a line
 *	callm-embed FILE bench                             milliseconds of a query, texts a second
 *	callm-embed FILE ids TEXT                          the pieces of a text
 *
 * One thread reads frames, one embeds queries as they come, and THREADS (0: one for two cores)
 * work on passages at a lower priority, so that a customer's question never waits for the
 * knowledge base. A request's texts are taken one by one; a cancelled request's are dropped.
 * Everything is under one lock but the arithmetic. Needs no library; never part of callm. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "e5.h"
#include "emb_int.h"
#include "io.h"
#include "worker.h"

enum { THREADS_MAX = 16, PASSAGE_NICE = 10, QUEUE_MAX = 16384 };

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
	struct e5 *m;
	int fd;
	pthread_mutex_t lock; /* all below */
	pthread_cond_t wake;
	struct job *head, **tail; /* until their last vector is sent */
	size_t waiting;
	bool closed;
} w = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static sv prefix(bool passage)
{
	return passage ? SV("passage: ") : SV("query: ");
}

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
	sb_put(&b, sv_n((const char *)v, (size_t)w.m->width * sizeof(*v)));
	if (io_child_write(w.fd, WF_VECTOR, sb_sv(&b)))
		w.closed = true;
	sb_done(&b);
}

/* One text, the lock held before and after. */
static void one_text(struct job *j, struct e5_work *work, float *v)
{
	uint32_t i = j->next++;
	(void)pthread_mutex_unlock(&w.lock);
	e5_embed(w.m, work, prefix(j->passage), j->texts[i], v);
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

static void *run(void *arg)
{
	bool passages = arg != NULL;
	struct e5_work *work = e5_work_new(w.m);
	float *v = xalloc((size_t)w.m->width * sizeof(*v));
	if (passages) /* of this thread: Linux counts niceness a thread */
		(void)setpriority(PRIO_PROCESS, 0, PASSAGE_NICE);
	(void)pthread_mutex_lock(&w.lock);
	while (!w.closed) {
		struct job *j = next_job(passages);
		if (j)
			one_text(j, work, v);
		else
			(void)pthread_cond_wait(&w.wake, &w.lock);
	}
	(void)pthread_mutex_unlock(&w.lock);
	xfree(v);
	e5_work_free(work);
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

static void greet(const char *error)
{
	struct sb b;
	sb_init(&b, 4096);
	if (error) {
		sb_cstr(&b, "{\"error\":");
		sb_json(&b, sv_of(error));
		sb_ch(&b, '}');
	} else {
		sb_fmt(&b, "{\"dim\":%d,\"kernels\":\"%s\"}", w.m->width, w.m->kern->name);
	}
	(void)io_child_write(w.fd, WF_READY, sb_sv(&b));
	sb_done(&b);
}

static int serve(int threads)
{
	pthread_t t[THREADS_MAX + 1];
	int n = 0, have = cores();
	threads = threads > 0 ? threads : have / 2;
	threads = threads > have ? have : threads;
	threads = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
	w.tail = &w.head;
	greet(NULL);
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
	struct e5_work *work = e5_work_new(w.m);
	float *v = xalloc((size_t)w.m->width * sizeof(*v));
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	while ((n = getline(&line, &cap, stdin)) > 0) {
		e5_embed(w.m, work, prefix(passage), sv_trim(sv_n(line, (size_t)n)), v);
		(void)fwrite(v, sizeof(*v), (size_t)w.m->width, stdout);
	}
	free(line);
	xfree(v);
	e5_work_free(work);
	return fflush(stdout) ? 1 : 0;
}

static void bench_one(const struct e5_kern *k, sv text, int rounds)
{
	struct e5_work *work = e5_work_new(w.m);
	float *v = xalloc((size_t)w.m->width * sizeof(*v));
	uint32_t ids[E5_TOKENS];
	int64_t best = INT64_MAX;
	w.m->kern = k;
	for (int i = 0; i < rounds; i++) {
		int64_t t0 = clk_cpu_us();
		e5_embed(w.m, work, prefix(false), text, v);
		int64_t us = clk_cpu_us() - t0;
		best = us < best ? us : best;
	}
	(void)printf("%-12s %4zu tokens: %.2f ms\n", k->name,
		     e5_tokens(&w.m->vocab, prefix(false), text, ids, E5_TOKENS),
		     (double)best / 1000);
	xfree(v);
	e5_work_free(work);
}

static int bench(void)
{
	const struct e5_kern *all[] = { e5_kern_vnni(), e5_kern_avx2(), &e5_plain };
	struct sb text;
	sb_init(&text, 65536);
	for (int i = 0; i < 60; i++)
		sb_cstr(&text, "You can return most items within thirty days. ");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!all[i])
			continue;
		int rounds = i == 2 ? 1 : 50;
		bench_one(all[i], SV("how can I return my sofa?"), rounds);
		bench_one(all[i], sv_n(sb_str(&text), 470), rounds);
		bench_one(all[i], sb_sv(&text), rounds > 5 ? 5 : rounds);
	}
	sb_done(&text);
	return 0;
}

static int pieces(const char *text)
{
	const struct e5_vocab *v = &w.m->vocab;
	uint32_t ids[E5_TOKENS];
	size_t n = e5_tokens(v, SV_NULL, sv_of(text), ids, E5_TOKENS);
	for (size_t i = 0; i < n; i++) {
		size_t from = v->off[ids[i]];
		(void)printf("%u\t" SV_FMT "\n", ids[i],
			     SV_ARG(sv_n(v->bytes + from, v->off[ids[i] + 1] - from)));
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };
	int64_t threads = 0;
	const char *what = argc > 2 ? argv[2] : "";
	if (argc < 2)
		return fputs("usage: callm-embed FILE [THREADS|query|passage|bench|ids TEXT]\n",
			     stderr),
		       2;
	bool worker = !*what || sv_i64(sv_of(what), &threads) == 0;
	w.fd = IO_CHILD_FD;
	if (e5_open(&w.m, argv[1], &e)) {
		if (worker)
			greet(e.msg);
		(void)fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	int rc = 2;
	if (worker)
		rc = serve((int)(threads > THREADS_MAX ? THREADS_MAX : threads));
	else if (!strcmp(what, "bench"))
		rc = bench();
	else if (!strcmp(what, "ids") && argc > 3)
		rc = pieces(argv[3]);
	else if (!strcmp(what, "query") || !strcmp(what, "passage"))
		rc = lines(*what == 'p');
	e5_close(w.m);
	return rc;
}
