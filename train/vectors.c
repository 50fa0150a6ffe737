/* vectors.c: asks the program callm-embed for vectors: as many processes as there are cores, each
 * with a share of the texts, a file in and a file out.
 *
 * A question is kept in two records of signed bytes, the second what the first leaves over, so
 * that the second run measures what the first did: both together have the 16 bits that a search
 * takes of it. */
#include "vectors.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXTS_MAX = 400000, ONCE = 512, PROCESSES = 16 };

struct vectors_text {
	bool query;
	sv text;                 /* on the heap */
};
struct share {                   /* of one process */
	FILE *in, *out;
	pid_t pid;
	size_t n;
};

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "%s: %s\n", name, what);
	exit(1);
}

static const char *after_slash(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct vectors *vectors_open(const char *model, const char *file)
{
	struct vectors *v = xalloc(sizeof(*v));
	const char *program = getenv("CALLM_EMBED");
	struct err e = { 0 };
	ssize_t n;

	snprintf(v->model, sizeof(v->model), "%s", model);
	snprintf(v->name, sizeof(v->name), "%s:%.400s",
		 sv_ends(sv_of(model), SV(".gguf")) ? "llama" : "e5", after_slash(model));
	n = readlink("/proc/self/exe", v->program, 1000);
	v->program[n > 0 ? n : 0] = 0;
	if (program) {
		snprintf(v->program, sizeof(v->program), "%s", program);
	} else { /* of build/src/kb/NAME: build/callm-embed */
		char *end = v->program + (after_slash(v->program) - v->program);

		snprintf(end, sizeof(v->program) - (size_t)(end - v->program),
			 "../../callm-embed");
	}
	if (access(model, R_OK) != 0)
		fail("cannot be read", model);
	if (access(v->program, X_OK) != 0)
		fail("is no program: build it (ninja -C build programs) or set CALLM_EMBED",
		     v->program);
	if (kb_dense_open(&v->kept, *file ? file : NULL, sv_of(v->name), &e))
		fail(e.msg, file);
	v->dim = kb_dense_dim(v->kept);
	return v;
}

static void forget(struct vectors *v)
{
	for (size_t i = 0; i < v->want.n; i++)
		xfree((void *)(uintptr_t)v->want.v[i].text.p);
	v->want.n = 0;
}

void vectors_close(struct vectors *v)
{
	forget(v);
	VEC_FREE(&v->want);
	kb_dense_close(v->kept);
	xfree(v);
}

/* The keys under which a question is kept. */
static sv key(struct sb *b, sv text, bool rest)
{
	sb_reset(b);
	sb_cstr(b, rest ? "query, rest: " : "query: ");
	sb_put(b, text);
	return sb_sv(b);
}

static bool known(const struct vectors *v, bool query, sv text)
{
	struct sb b;
	bool yes;

	if (!query)
		return kb_dense_has(v->kept, text);
	sb_init(&b, text.n + 32);
	yes = kb_dense_has(v->kept, key(&b, text, true));
	sb_done(&b);
	return yes;
}

void vectors_want(struct vectors *v, bool query, sv text)
{
	struct vectors_text *x = known(v, query, text) ? NULL : VEC_PUSH(&v->want, TEXTS_MAX);

	if (x)
		*x = (struct vectors_text){ query, sv_n(xstrdup(text), text.n) };
}

void vectors_want_passage(void *v, sv text)
{
	vectors_want(v, false, text);
}

/* ---- processes ---- */

static size_t cores(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return (size_t)(n < PROCESSES ? n : PROCESSES);
}

/* One text a line. */
static void write_line(FILE *f, sv text)
{
	for (size_t i = 0; i < text.n; i++)
		putc((unsigned char)text.p[i] < ' ' ? ' ' : text.p[i], f);
	putc('\n', f);
}

static void start(const struct vectors *v, struct share *s, bool query)
{
	if (fflush(s->in) != 0 || fseek(s->in, 0, SEEK_SET) != 0)
		fail("cannot be written", "a file of texts");
	s->pid = fork();
	if (s->pid < 0)
		fail("cannot be started", v->program);
	if (s->pid)
		return;
	if (dup2(fileno(s->in), 0) == 0 && dup2(fileno(s->out), 1) == 1)
		execl(v->program, "callm-embed", v->model, query ? "query" : "passage",
		      (char *)NULL);
	_exit(127);
}

static void finish(struct vectors *v, struct share *s)
{
	struct rusage used;
	int status = 0;
	long bytes;

	if (wait4(s->pid, &status, 0, &used) != s->pid || status != 0)
		fail("failed", v->program);
	v->cpu_us += (int64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
		     used.ru_utime.tv_usec + used.ru_stime.tv_usec;
	fclose(s->in);
	if (fseek(s->out, 0, SEEK_END) != 0 || (bytes = ftell(s->out)) <= 0 ||
	    (size_t)bytes % (s->n * sizeof(float)) ||
	    (v->dim && (size_t)bytes != s->n * (size_t)v->dim * sizeof(float)))
		fail("gave another number of vectors than texts", v->program);
	v->dim = (int)((size_t)bytes / s->n / sizeof(float));
	rewind(s->out);
}

/* ---- what came ---- */

static void put(struct vectors *v, sv name, const float *f)
{
	if (kb_dense_put(v->kept, name, f, v->dim))
		fail("cannot be kept", "a vector");
}

static void add_kept(const struct vectors *v, sv name, float *out)
{
	float scale = 0;
	const int8_t *q = kb_dense_find(v->kept, name, &scale);

	for (int i = 0; i < v->dim; i++)
		out[i] += (float)q[i] * scale;
}

static void keep(struct vectors *v, const struct vectors_text *x, float *f)
{
	float *first = xalloc((size_t)v->dim * sizeof(*first));
	struct sb b;

	sb_init(&b, x->text.n + 32);
	if (x->query) {
		put(v, key(&b, x->text, false), f);
		add_kept(v, sb_sv(&b), first);
		for (int i = 0; i < v->dim; i++)
			f[i] -= first[i];
		put(v, key(&b, x->text, true), f);
	} else {
		put(v, x->text, f);
	}
	sb_done(&b);
	xfree(first);
}

static void make(struct vectors *v, bool query, const struct vectors_text *const *x, size_t n)
{
	struct share s[PROCESSES] = { { 0 } };
	size_t k = n < cores() ? n : cores();
	float *f;

	for (size_t i = 0; i < n; i++) {
		struct share *to = &s[i % k];

		if (i < k && (!(to->in = tmpfile()) || !(to->out = tmpfile())))
			fail("cannot be made", "a file of texts");
		write_line(to->in, x[i]->text);
		to->n++;
	}
	for (size_t i = 0; i < k; i++)
		start(v, &s[i], query);
	for (size_t i = 0; i < k; i++)
		finish(v, &s[i]);
	f = xalloc((size_t)v->dim * sizeof(*f));
	for (size_t i = 0; i < n; i++) {
		if (fread(f, sizeof(*f), (size_t)v->dim, s[i % k].out) != (size_t)v->dim)
			fail("cannot be read", "a file of vectors");
		keep(v, x[i], f);
	}
	for (size_t i = 0; i < k; i++)
		fclose(s[i].out);
	xfree(f);
	v->made += n;
}

void vectors_make(struct vectors *v)
{
	const struct vectors_text *some[ONCE];

	for (int query = 0; query < 2; query++) {
		size_t n = 0;

		for (size_t i = 0; i < v->want.n; i++) {
			const struct vectors_text *x = &v->want.v[i];

			if (x->query == query && !known(v, query, x->text))
				some[n++] = x;
			if (n == ONCE || (n && i + 1 == v->want.n)) {
				make(v, query, some, n);
				n = 0;
			}
		}
	}
	forget(v);
}

void vectors_query(struct vectors *v, sv text, float *out)
{
	struct sb b;

	if (!known(v, true, text)) {
		vectors_want(v, true, text);
		vectors_make(v);
	}
	memset(out, 0, (size_t)v->dim * sizeof(*out));
	sb_init(&b, text.n + 32);
	add_kept(v, key(&b, text, false), out);
	add_kept(v, key(&b, text, true), out);
	sb_done(&b);
}

int vectors_dim(struct vectors *v)
{
	if (!v->dim) {
		vectors_want(v, true, SV("how many numbers?"));
		vectors_make(v);
	}
	return v->dim;
}
