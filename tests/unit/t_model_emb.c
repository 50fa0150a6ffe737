/* t_model_emb.c: embeddings behind one interface: the local process (crashes, hangs, cancels,
 * queries first) and a remote server (pieces, order, faults, retries, the breaker). */
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>

#include "t.h"
#include "e5.h"
#include "emb_int.h"
#include "model_paths.h"
#include "t_model_fake.h"
#include "t_model_tiny.h"

struct got {
	int calls, err, dim, cancel;
	size_t n;
	float v[40 * TINY_WIDTH];
	struct emb_run *run;
	int *order, place; /* counts up as requests end */
};

static void on_vecs(void *arg, const float *v, size_t n, int dim)
{
	struct got *g = arg;
	size_t all = n * (size_t)dim;
	g->calls++;
	g->n = n;
	g->dim = dim;
	g->err = 0;
	memcpy(g->v, v, (all < 40 * TINY_WIDTH ? all : 40 * TINY_WIDTH) * sizeof(*v));
	if (g->order)
		g->place = ++*g->order;
}

static void on_error(void *arg, int err)
{
	struct got *g = arg;
	g->calls++;
	g->err = err;
	if (g->order)
		g->place = ++*g->order;
}
static const struct emb_cb cb = { on_vecs, on_error };

static bool ended(void *arg)
{
	return ((struct got *)arg)->calls > 0;
}

static bool is_unit(const float *v, int dim)
{
	double len = 0;
	for (int i = 0; i < dim; i++)
		len += (double)v[i] * (double)v[i];
	return fabs(len - 1) < 1e-3;
}

/* ---- the local process ---- */

struct world {
	struct loop *l;
	struct emb *m;
	char file[600];
	int rc;
};

static void world_open_for(struct world *w, const char *bytes, int total_ms)
{
	char exe[600];
	struct err e = { 0 };
	*w = (struct world){ .l = loop_new() };
	(void)snprintf(w->file, sizeof(w->file), "%s/tiny.bin", t_tmpdir());
	(void)snprintf(exe, sizeof(exe), "%s/callm-embed", MODEL_PATHS);
	if (bytes)
		(void)file_write(w->file, sv_of(bytes), &e);
	else
		tiny_write(w->file, 11);
	struct model_spec s = { .kind = "e5", .exe = exe, .file = w->file, .threads = 1,
				.total_ms = total_ms };
	w->rc = emb_open(&w->m, &s, w->l, &e);
	if (w->rc)
		(void)printf("# %s\n", e.msg);
}

static void world_open(struct world *w, const char *bytes)
{
	world_open_for(w, bytes, 0);
}

static void world_close(struct world *w)
{
	emb_close(w->m);
	loop_free(w->l);
}

static bool answered(struct world *w, struct got *g)
{
	return t_wait(w->l, ended, g, 15000);
}

TEST(emb_local_gives_what_the_engine_gives)
{
	static const sv texts[] = { { "ab", 2 }, { "退货", 6 }, { "", 0 }, { "abc c", 5 } };
	struct world w;
	struct got g = { 0 };
	world_open(&w, NULL);
	int rc = w.rc ? w.rc : emb_start(w.m, texts, 4, EMB_QUERY, &cb, &g, &g.run);
	bool none_yet = g.calls == 0, done = !rc && answered(&w, &g);
	char name[64];
	(void)snprintf(name, sizeof(name), "%s", w.m ? emb_name(w.m) : "");
	int dim = w.m ? emb_dim(w.m) : 0;
	world_close(&w);
	OK(rc);
	CHECK(none_yet && done);
	OK(g.err);
	EQ(g.n, 4);
	EQ(g.dim, TINY_WIDTH);
	EQ(dim, TINY_WIDTH);
	STR_EQ(name, "e5:tiny.bin");
	struct e5 *m = NULL;
	struct err e;
	OK(e5_open(&m, w.file, &e));
	struct e5_work *work = e5_work_new(m);
	double worst = 1;
	for (size_t i = 0; i < 4; i++) {
		float v[TINY_WIDTH];
		double c = 0;
		e5_embed(m, work, SV("query: "), texts[i], v);
		for (int k = 0; k < TINY_WIDTH; k++)
			c += (double)v[k] * (double)g.v[i * TINY_WIDTH + (size_t)k];
		worst = c < worst ? c : worst;
	}
	e5_work_free(work);
	e5_close(m);
	CHECK(worst > 0.9999);
}

TEST(emb_local_serves_many_and_queries_first)
{
	enum { N = 40 };
	static struct got g[N + 1];
	struct world w;
	int order = 0, rc;
	sv texts[30];
	memset(g, 0, sizeof(g));
	for (int i = 0; i < 30; i++)
		texts[i] = SV("ab abc 退货 ab c a 退 ab abc ab abc 退货 ab c");
	world_open(&w, NULL);
	rc = w.rc;
	for (int i = 0; i < N && !rc; i++) {
		g[i].order = &order;
		rc = emb_start(w.m, texts, 30, EMB_PASSAGE, &cb, &g[i], &g[i].run);
	}
	g[N].order = &order;
	if (!rc) /* the process works by now */
		(void)t_wait(w.l, ended, &g[0], 15000);
	rc = rc ? rc : emb_start(w.m, texts, 1, EMB_QUERY, &cb, &g[N], &g[N].run);
	bool done = !rc;
	for (int i = 0; i <= N && done; i++)
		done = answered(&w, &g[i]);
	world_close(&w);
	OK(rc);
	CHECK(done);
	CHECK(g[N].place < N / 2);
	for (int i = 0; i <= N; i++) {
		OK(g[i].err);
		EQ(g[i].calls, 1);
		EQ(g[i].n, i < N ? 30 : 1);
	}
}

TEST(emb_local_cancels)
{
	struct world w;
	static struct got g[3];
	sv texts[20];
	memset(g, 0, sizeof(g));
	for (int i = 0; i < 20; i++)
		texts[i] = SV("ab abc 退货");
	world_open(&w, NULL);
	int rc = w.rc;
	for (int i = 0; i < 3 && !rc; i++)
		rc = emb_start(w.m, texts, 20, EMB_PASSAGE, &cb, &g[i], &g[i].run);
	if (!rc) {
		emb_cancel(g[0].run);
		emb_cancel(NULL);
		CHECK(answered(&w, &g[1]));
		emb_cancel(g[2].run);
		g[2].calls = 0;
		struct got last = { 0 };
		rc = emb_start(w.m, texts, 1, EMB_PASSAGE, &cb, &last, &last.run);
		CHECK(!rc && answered(&w, &last));
		OK(last.err);
	}
	world_close(&w);
	OK(rc);
	EQ(g[0].calls, 0);
	EQ(g[1].calls, 1);
	EQ(g[2].calls, 0);
}

static bool process_up(void *arg)
{
	return emb_worker_pid(arg) != 0;
}

TEST(emb_local_survives_a_killed_process)
{
	struct world w;
	struct got first = { 0 }, lost = { 0 }, next = { 0 };
	sv texts[30];
	for (int i = 0; i < 30; i++)
		texts[i] = SV("ab abc 退货");
	world_open(&w, NULL);
	int rc = w.rc ? w.rc : emb_start(w.m, texts, 1, EMB_QUERY, &cb, &first, &first.run);
	CHECK(!rc && answered(&w, &first));
	int pid = emb_worker_pid(w.m);
	CHECK(pid > 0);
	OK(kill(pid, SIGSTOP)); /* so that the request is surely under way */
	OK(emb_start(w.m, texts, 30, EMB_QUERY, &cb, &lost, &lost.run));
	OK(kill(pid, SIGKILL));
	CHECK(answered(&w, &lost));
	EQ(lost.err, ERR_UPSTREAM);
	OK(emb_start(w.m, texts, 2, EMB_QUERY, &cb, &next, &next.run)); /* waits for the next */
	CHECK(answered(&w, &next));
	OK(next.err);
	CHECK(emb_worker_pid(w.m) != pid && process_up(w.m));
	world_close(&w);
}

/* Opens a model, has it answer once and stops its process. */
static int hang(struct world *w, int total_ms)
{
	struct got first = { 0 };
	sv text = SV("ab");
	world_open_for(w, NULL, total_ms);
	int rc = w->rc ? w->rc : emb_start(w->m, &text, 1, EMB_QUERY, &cb, &first, &first.run);
	rc = rc || !answered(w, &first) ? ERR_FAIL : first.err;
	return rc ? rc : kill(emb_worker_pid(w->m), SIGSTOP);
}

TEST(emb_local_replaces_a_process_that_hangs)
{
	struct world w, patient;
	struct got lost = { 0 }, next = { 0 }, late = { 0 };
	sv text = SV("ab");
	OK(hang(&w, 0));
	OK(hang(&patient, 300000));
	int64_t t0 = clk_mono_us();
	OK(emb_start(patient.m, &text, 1, EMB_QUERY, &cb, &late, &late.run));
	OK(emb_start(w.m, &text, 1, EMB_QUERY, &cb, &lost, &lost.run));
	CHECK(answered(&w, &lost));
	EQ(lost.err, ERR_UPSTREAM);
	CHECK(clk_mono_us() - t0 < 8000000);
	OK(emb_start(w.m, &text, 1, EMB_QUERY, &cb, &next, &next.run));
	CHECK(answered(&w, &next));
	OK(next.err);
	/* where a query may take long, a process is given time: the same one goes on */
	int pid = emb_worker_pid(patient.m);
	CHECK(clk_mono_us() - t0 > 4000000);
	(void)loop_run_once(patient.l, 0);
	OK(kill(pid, SIGCONT));
	CHECK(answered(&patient, &late));
	OK(late.err);
	EQ(emb_worker_pid(patient.m), pid);
	world_close(&w);
	world_close(&patient);
}

TEST(emb_local_says_what_is_wrong)
{
	struct world w;
	struct got g = { 0 };
	sv text = SV("ab");
	world_open(&w, "this is no model");
	OK(w.rc);
	OK(emb_start(w.m, &text, 1, EMB_QUERY, &cb, &g, &g.run));
	CHECK(answered(&w, &g));
	EQ(g.err, ERR_UPSTREAM);
	world_close(&w);
	struct loop *l = loop_new();
	struct emb *m = NULL;
	struct err e = { 0 };
	struct model_spec s = { .kind = "e5", .file = "/nonexistent/e5.bin" };
	EQ(emb_open(&m, &s, l, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "callm models pull");
	s.kind = "word2vec";
	EQ(emb_open(&m, &s, l, &e), ERR_UNSUPPORTED);
	HAS(sv_of(e.msg), "e5, llama or openai");
	loop_free(l);
	CHECK(!m);
}

TEST(emb_refuses_too_much)
{
	struct world w;
	static struct got g[10];
	static sv texts[EMB_TEXTS_MAX + 1];
	int rc = 0, n = 0;
	memset(g, 0, sizeof(g));
	for (size_t i = 0; i <= EMB_TEXTS_MAX; i++)
		texts[i] = SV("ab");
	world_open(&w, NULL);
	OK(w.rc);
	EQ(emb_start(w.m, texts, 0, EMB_PASSAGE, &cb, &g[0], &g[0].run), ERR_INVAL);
	EQ(emb_start(w.m, texts, EMB_TEXTS_MAX + 1, EMB_PASSAGE, &cb, &g[0], &g[0].run),
	   ERR_TOOBIG);
	while (n < 10 &&
	       !(rc = emb_start(w.m, texts, EMB_TEXTS_MAX, EMB_PASSAGE, &cb, &g[n], &g[n].run)))
		n++;
	world_close(&w); /* cancels them */
	EQ(rc, ERR_BUSY);
	EQ(n, EMB_WAITING_MAX / EMB_TEXTS_MAX);
	for (int i = 0; i < n; i++)
		EQ(g[i].calls, 0);
}

/* Under a flood of questions those that can be in time are, the others know at once. */
TEST(emb_local_refuses_questions_that_would_be_late)
{
	enum { N = 60 };
	static struct got g[N];
	struct world w;
	sv text = SV("ab abc");
	int taken = 0, busy = 0;
	memset(g, 0, sizeof(g));
	world_open(&w, NULL);
	OK(w.rc);
	for (int i = 0; i < N; i++) {
		int rc = emb_start(w.m, &text, 1, EMB_QUERY, &cb, &g[i], &g[i].run);
		taken += rc == 0;
		busy += rc == ERR_BUSY;
	}
	bool done = true;
	for (int i = 0; i < taken && done; i++)
		done = answered(&w, &g[i]);
	struct got next = { 0 };
	int rc = emb_start(w.m, &text, 1, EMB_QUERY, &cb, &next, &next.run);
	bool again = !rc && answered(&w, &next);
	world_close(&w);
	CHECK(done && again);
	EQ(taken, 24);
	EQ(busy, N - 24);
}

/* How long a question's vector is waited for follows what five of them take; the own engine's 60 ms
 * stay, however busy the machine was when it was measured. */
TEST(emb_waits_as_long_as_the_model_needs)
{
	static const struct {
		int query_ms, wait_ms;
	} t[] = { { 0, 60 },   { 1, 60 },   { 12, 60 },	  { 13, 65 },	    { 66, 330 },
		  { 80, 400 }, { 81, 400 }, { 401, 400 }, { INT_MAX, 400 }, { -1, 60 },
		  { INT_MIN, 60 }, { 3, 60 } };
	struct world w;
	struct got g = { 0 };
	sv text = SV("ab");
	int waits[sizeof(t) / sizeof(t[0])] = { 0 };
	world_open(&w, NULL);
	int before = w.rc ? 0 : emb_wait_ms(w.m);
	int rc = w.rc ? w.rc : emb_start(w.m, &text, 1, EMB_QUERY, &cb, &g, &g.run);
	bool done = !rc && answered(&w, &g);
	int ready = done ? emb_wait_ms(w.m) : 0;
	for (size_t i = 0; done && i < sizeof(t) / sizeof(t[0]); i++) {
		emb_set_pace(w.m, t[i].query_ms);
		waits[i] = emb_wait_ms(w.m);
	}
	world_close(&w);
	OK(rc);
	CHECK(done);
	EQ(before, 60);
	EQ(ready, 60);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		EQ(waits[i], t[i].wait_ms);
}

/* ---- a remote server ---- */

#define HEAD(n) "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
#define ROW(i, x, y) "{\"index\":" #i ",\"object\":\"embedding\",\"embedding\":[" #x "," #y ",0]}"

static int open_remote(struct emb **m, struct loop *l, const struct fake *f, const char *model,
		       int total_ms)
{
	char url[64];
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", f->port);
	struct model_spec s = { .kind = "openai", .url = url, .model = model,
				.key = "sk-SECRET", .total_ms = total_ms };
	struct err e = { 0 };
	return emb_open(m, &s, l, &e);
}

/* One request of n texts to a server that gives these answers. */
static void ask(const struct fake_answer *a, size_t n_a, const char *model, size_t n,
		int total_ms, struct got *g, struct sb *last, size_t *requests)
{
	struct loop *l = loop_new();
	struct fake f;
	struct emb *m = NULL;
	sv texts[] = { SV("hello \"you\""), SV("退货"), SV("") };
	*g = (struct got){ .err = 1 };
	fake_open(&f, l, a, n_a);
	if (open_remote(&m, l, &f, model, total_ms) == 0 &&
	    emb_start(m, texts, n, EMB_QUERY, &cb, g, &g->run) == 0)
		(void)t_wait(l, ended, g, 20000);
	emb_close(m);
	if (last)
		sb_put(last, sb_sv(&f.last));
	if (requests)
		*requests = f.requests;
	fake_close(&f);
	loop_free(l);
}

TEST(emb_remote_reads_rows_in_any_order)
{
	static const struct fake_answer a[] = { { .pieces = {
		HEAD(0), "{\"object\":\"list\",\"data\":[" ROW(2, 0, -5) ",", ROW(0, 3, 4) ",",
		ROW(1, 0.5, 0) "],\"usage\":{}}" } } };
	struct got g;
	struct sb last;
	sb_init(&last, LIM_SB);
	ask(a, 1, "m1", 3, 0, &g, &last, NULL);
	OK(g.err);
	EQ(g.calls, 1);
	EQ(g.n, 3);
	EQ(g.dim, 3);
	for (int i = 0; i < 3; i++)
		CHECK(is_unit(g.v + 3 * i, 3));
	NEAR((double)g.v[0], 0.6, 1e-6);
	NEAR((double)g.v[1], 0.8, 1e-6);
	NEAR((double)g.v[3], 1, 1e-6);
	NEAR((double)g.v[7], -1, 1e-6);
	HAS(sb_sv(&last), "POST /v1/embeddings ");
	HAS(sb_sv(&last), "Authorization: Bearer sk-SECRET");
	HAS(sb_sv(&last), "\"model\":\"m1\"");
	HAS(sb_sv(&last), "\"input\":[\"hello \\\"you\\\"\",\"退货\",\" \"]");
	sb_done(&last);
}

TEST(emb_remote_says_query_to_models_that_want_it)
{
	static const struct fake_answer a[] = { { .pieces = {
		HEAD(0), "{\"data\":[" ROW(0, 1, 0) "]}" } } };
	struct got g;
	struct sb last;
	sb_init(&last, LIM_SB);
	ask(a, 1, "intfloat/multilingual-e5-large", 1, 0, &g, &last, NULL);
	OK(g.err);
	HAS(sb_sv(&last), "\"input\":[\"query: hello");
	sb_done(&last);
}

TEST(emb_remote_faults_end_in_an_error_once)
{
	static const struct {
		struct fake_answer a;
		int err;
		size_t requests; /* 0 = any */
	} t[] = {
		{ { .pieces = { HEAD(0), "{\"data\":[" ROW(0, 1, 0) "]}" } }, ERR_UPSTREAM, 1 },
		{ { .pieces = { HEAD(0), "{\"data\":[" ROW(0, 1, 0) "," ROW(0, 1, 0) "]}" } },
		  ERR_UPSTREAM,
		  1 },
		{ { .pieces = { HEAD(0), "{\"data\":[" ROW(0, 1, 0) "," ROW(7, 1, 0) "]}" } },
		  ERR_UPSTREAM,
		  1 },
		{ { .pieces = { HEAD(0),
				"{\"data\":[" ROW(0, 1, 0) ",{\"index\":1,"
							   "\"embedding\":[1,2]}]}" } },
		  ERR_UPSTREAM,
		  1 },
		{ { .pieces = { HEAD(0), "{\"data\":[" ROW(0, 1, 0) "," ROW(1, 0, 0) "]}" } },
		  ERR_UPSTREAM,
		  1 },
		{ { .pieces = { HEAD(0),
				"{\"data\":[" ROW(0, 1, 0) ",{\"index\":1,"
							   "\"embedding\":[1,\"x\",2]}]}" } },
		  ERR_UPSTREAM,
		  1 },
		{ { .pieces = { HEAD(0), "{\"data\":[" } }, ERR_UPSTREAM, 1 },
		{ { .pieces = { HEAD(0), "<html>busy</html>" } }, ERR_UPSTREAM, 1 },
		{ { .pieces = { "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" } },
		  ERR_AUTH,
		  1 },
		{ { .pieces = { "HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: "
				"0\r\n\r\n" } },
		  ERR_UPSTREAM,
		  3 },
		{ { .pieces = { HEAD(0), "{\"da" }, .stall = true }, ERR_TIMEOUT, 1 },
		{ { .pieces = { "" }, .reset = true }, ERR_NET, 3 },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct got g;
		size_t requests = 0;
		ask(&t[i].a, 1, "m1", 2, 2500, &g, NULL, &requests);
		EQ(g.calls, 1);
		EQ(g.err, t[i].err);
		EQ(requests, t[i].requests);
	}
}

TEST(emb_remote_tries_again_and_then_works)
{
	static const struct fake_answer a[] = {
		{ .pieces = { "HTTP/1.1 503 No\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n" } },
		{ .pieces = { HEAD(0), "{\"data\":[" ROW(0, 1, 0) "]}" } } };
	struct got g;
	size_t requests = 0;
	ask(a, 2, "m1", 1, 5000, &g, NULL, &requests);
	OK(g.err);
	EQ(requests, 2);
}

/* 130 texts go out in pieces of 64. */
TEST(emb_remote_sends_pieces)
{
	static char body[3][64 * 64];
	static struct fake_answer a[3];
	static const size_t sizes[] = { 64, 64, 2 };
	struct loop *l = loop_new();
	struct fake f;
	struct emb *m = NULL;
	struct got g = { .err = 1 };
	sv texts[130];
	for (int i = 0; i < 130; i++)
		texts[i] = SV("x");
	for (int p = 0; p < 3; p++) {
		size_t at = (size_t)snprintf(body[p], sizeof(body[p]), "%s{\"data\":[", HEAD(0));
		for (size_t i = 0; i < sizes[p]; i++)
			at += (size_t)snprintf(body[p] + at, sizeof(body[p]) - at,
					       "%s{\"embedding\":[%d,%zu]}", i ? "," : "", p,
					       i + 1);
		(void)snprintf(body[p] + at, sizeof(body[p]) - at, "]}");
		a[p] = (struct fake_answer){ .pieces = { body[p] } };
	}
	fake_open(&f, l, a, 3);
	int rc = open_remote(&m, l, &f, "m1", 0);
	rc = rc ? rc : emb_start(m, texts, 130, EMB_PASSAGE, &cb, &g, &g.run);
	bool done = !rc && t_wait(l, ended, &g, 20000);
	emb_close(m);
	size_t requests = f.requests;
	fake_close(&f);
	loop_free(l);
	CHECK(done);
	OK(g.err);
	EQ(requests, 3);
	EQ(g.n, 130);
	NEAR((double)g.v[2 * 64], 1 / sqrt(2), 1e-6); /* the second piece's first: (1, 1) */
	NEAR((double)g.v[2 * 129], 2 / sqrt(8), 1e-6);
}

TEST(emb_remote_breaker_opens_after_three_failures)
{
	static const struct fake_answer a[] = { { .pieces = { HEAD(0), "nonsense" } } };
	struct loop *l = loop_new();
	struct fake f;
	struct emb *m = NULL;
	sv text = SV("x");
	int rc[4] = { 0 }, errs = 0;
	fake_open(&f, l, a, 1);
	OK(open_remote(&m, l, &f, "m1", 0));
	for (int i = 0; i < 4; i++) {
		struct got g = { 0 };
		rc[i] = emb_start(m, &text, 1, EMB_QUERY, &cb, &g, &g.run);
		if (!rc[i])
			(void)t_wait(l, ended, &g, 20000);
		errs += g.err == ERR_UPSTREAM;
	}
	emb_close(m);
	fake_close(&f);
	loop_free(l);
	EQ(errs, 3);
	EQ(rc[3], ERR_BUSY);
}

TEST(emb_remote_cancel_lets_go_of_the_server)
{
	static const struct fake_answer a[] = { { .pieces = { HEAD(0) }, .stall = true } };
	struct loop *l = loop_new();
	struct fake f;
	struct emb *m = NULL;
	struct got g = { 0 };
	sv text = SV("x");
	fake_open(&f, l, a, 1);
	OK(open_remote(&m, l, &f, "m1", 0));
	OK(emb_start(m, &text, 1, EMB_QUERY, &cb, &g, &g.run));
	(void)t_wait(l, ended, &g, 100);
	emb_cancel(g.run);
	(void)t_wait(l, ended, &g, 100);
	size_t closed = f.closed_by_peer;
	emb_close(m);
	fake_close(&f);
	loop_free(l);
	EQ(closed, 1);
	EQ(g.calls, 0);
}

TEST(emb_remote_is_waited_for_60_ms)
{
	struct loop *l = loop_new();
	struct emb *m = NULL;
	struct err e = { 0 };
	struct model_spec s = { .kind = "openai", .url = "http://127.0.0.1:1", .model = "m" };
	int rc = emb_open(&m, &s, l, &e), wait = rc ? 0 : emb_wait_ms(m);
	emb_close(m);
	loop_free(l);
	OK(rc);
	EQ(wait, 60);
}

TEST(emb_remote_wants_url_and_model)
{
	struct loop *l = loop_new();
	struct emb *m = NULL;
	struct err e = { 0 };
	struct model_spec s = { .kind = "openai", .url = "ftp://x", .model = "m" };
	int rc[3];
	rc[0] = emb_open(&m, &s, l, &e);
	s.url = "http://127.0.0.1:1";
	s.model = NULL;
	rc[1] = emb_open(&m, &s, l, &e);
	s.model = "m";
	s.key = "a\r\nb";
	rc[2] = emb_open(&m, &s, l, &e);
	loop_free(l);
	EQ(rc[0], ERR_INVAL);
	EQ(rc[1], ERR_INVAL);
	EQ(rc[2], ERR_INVAL);
}
