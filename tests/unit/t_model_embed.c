/* t_model_embed.c: GGUF embedding models in callm-embed and the backend "llama": a tiny
 * EmbeddingGemma's vectors against a plain forward pass, prompts, long and odd texts, models of
 * other kinds, bad files, no runtime. Skipped where callm-embed was built without llama.cpp's
 * headers or its libraries are not in the cache. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "t.h"
#include "emb_int.h"
#include "gemma_convert.h"
#include "io.h"
#include "model_paths.h"
#include "t_model_gemma.h"
#include "t_model_gguf.h"
#include "worker.h"

#define PROGRAM MODEL_PATHS "/callm-embed"
#define NEED_RUNTIME()                                                                        \
	if (!llama_available(MODEL_PATHS "/callm-llama")) /* built where the headers are */   \
	SKIP("callm-embed was built without llama.cpp, or that is not in the cache: "          \
	     "scripts/deps.sh fetches it")

/* ---- a model ---- */

enum { TEXTS_MAX = 16 };

struct got {
	int calls, err, dim;
	float v[TEXTS_MAX][GEM_WIDTH];
};

static void on_vecs(void *arg, const float *v, size_t n, int dim)
{
	struct got *g = arg;
	g->calls++;
	g->dim = dim;
	if (dim == GEM_WIDTH && n <= TEXTS_MAX)
		memcpy(g->v, v, n * sizeof(g->v[0]));
}

static void on_error(void *arg, int err)
{
	struct got *g = arg;
	g->calls++;
	g->err = err;
}
static const struct emb_cb cb = { on_vecs, on_error };

static bool ended(void *arg)
{
	return ((struct got *)arg)->calls > 0;
}

struct world {
	struct gem m;
	char file[600];
	struct loop *l;
	struct emb *emb;
	struct err e;
};

static void file_of(struct world *w)
{
	(void)snprintf(w->file, sizeof(w->file), "%s/m.gguf", t_tmpdir());
}

/* w->m to a GGUF file. */
static bool convert(struct world *w)
{
	char zip[600];
	(void)snprintf(zip, sizeof(zip), "%s/m.zip", t_tmpdir());
	file_of(w);
	if (gem_zip(&w->m, zip) && gemma_convert(zip, w->file, &w->e) == 0)
		return true;
	(void)printf("# %s\n", w->e.msg);
	return false;
}

static int serve(struct world *w)
{
	struct model_spec s = { .kind = "llama", .exe = PROGRAM, .file = w->file,
				.runtime = llama_runtime(), .threads = 2 };
	w->l = loop_new();
	return emb_open(&w->emb, &s, w->l, &w->e);
}

static bool world_open(struct world *w)
{
	*w = (struct world){ .l = NULL };
	gem_make(&w->m, 11, GEM_LAYERS);
	return convert(w) && serve(w) == 0;
}

static void world_close(struct world *w)
{
	emb_close(w->emb);
	if (w->l)
		loop_free(w->l);
	gem_done(&w->m);
}

static int start(struct world *w, const sv *texts, size_t n, enum emb_side side, struct got *g)
{
	struct emb_run *run;
	*g = (struct got){ .err = 0 };
	return emb_start(w->emb, texts, n, side, &cb, g, &run);
}

static int answer(struct world *w, struct got *g)
{
	return t_wait(w->l, ended, g, 30000) ? g->err : ERR_TIMEOUT;
}

static int ask(struct world *w, const sv *texts, size_t n, enum emb_side side, struct got *g)
{
	int rc = start(w, texts, n, side, g);
	return rc ? rc : answer(w, g);
}

static double cosine(const float *a, const float *b)
{
	double c = 0;
	for (int i = 0; i < GEM_WIDTH; i++)
		c += (double)a[i] * (double)b[i];
	return c;
}

/* What the forward pass gives for a text after a prompt. */
static void expect(struct world *w, const char *prompt, sv text, float *v)
{
	struct sb b;
	int ids[GEM_TOKENS];
	sb_init(&b, 65536);
	sb_cstr(&b, prompt);
	sb_put(&b, text);
	int n = gem_ids(sb_sv(&b), ids);
	gem_vector(&w->m, ids, n, v);
	sb_done(&b);
}

/* ---- vectors ---- */

static const sv texts[] = { { "ab abc", 6 },
			    { "where is my order?", 18 },
			    { "退货要多久", 15 },
			    { "two  spaces,   three; tab\tand\nline", 35 },
			    { "", 0 },
			    { "b", 1 } };
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

/* The worst cosine between what came and what is expected. */
static double worst(struct world *w, const char *prompt, const struct got *g, size_t n)
{
	double low = 1;
	for (size_t i = 0; i < n; i++) {
		float v[GEM_WIDTH];
		expect(w, prompt, texts[i], v);
		double c = cosine(v, g->v[i]);
		(void)printf("# text %zu: %.4f\n", i, c);
		low = fmin(low, c);
	}
	return low;
}

TEST(embed_llama_gives_what_the_model_gives)
{
	NEED_RUNTIME();
	struct world w;
	static struct got q, p;
	bool ok = world_open(&w);
	/* both at once, by threads of their own */
	int rc = ok ? start(&w, texts, TEXTS, EMB_PASSAGE, &p) : ERR_FAIL;
	rc = rc ? rc : ask(&w, texts, TEXTS, EMB_QUERY, &q);
	rc = rc ? rc : answer(&w, &p);
	double query = rc ? 0 : worst(&w, GEM_QUERY, &q, TEXTS);
	double passage = rc ? 0 : worst(&w, GEM_PASSAGE, &p, TEXTS);
	double other = 0, sides = 0;
	for (size_t i = 0; i < TEXTS; i++) {
		sides = fmax(sides, cosine(q.v[i], p.v[i]));
		for (size_t k = 0; k < i; k++)
			other = fmax(other, cosine(q.v[i], q.v[k]));
	}
	char name[64] = "";
	int dim = 0, wait = 0;
	if (w.emb) {
		(void)snprintf(name, sizeof(name), "%s", emb_name(w.emb));
		dim = emb_dim(w.emb);
		wait = emb_wait_ms(w.emb);
	}
	world_close(&w);
	OK(rc);
	(void)printf("# worst %.4f %.4f, alike %.4f, sides %.4f\n", query, passage, other, sides);
	CHECK(query > 0.998 && passage > 0.998);
	CHECK(other < 0.998 && sides < 0.98); /* so that 0.998 says something */
	STR_EQ(name, "llama:m.gguf");
	EQ(dim, GEM_WIDTH);
	CHECK(wait >= 60 && wait <= 400);
}

/* Texts longer than the model reads are cut and keep their mark of the end; bytes that are no
 * text give a vector too. */
TEST(embed_llama_cuts_and_takes_any_bytes)
{
	NEED_RUNTIME();
	enum { LONG = 20000 };
	static char many[LONG];
	static struct got g;
	struct world w;
	float v[GEM_WIDTH];
	for (int i = 0; i < LONG; i++)
		many[i] = "bcd efa "[i % 7];
	const sv odd[] = { sv_n(many, LONG), sv_n(many, 140), SV("nul\0byte"),
			   SV("<bos><eos>"), SV("   "), SV("\xff\xfe\x80 a\xe9") };
	bool ok = world_open(&w);
	int rc = ok ? ask(&w, odd, 6, EMB_PASSAGE, &g) : ERR_FAIL;
	double c[6], length = 0;
	for (size_t i = 0; i < 6; i++) {
		expect(&w, GEM_PASSAGE, odd[i], v);
		c[i] = cosine(v, g.v[i]);
		(void)printf("# odd %zu: %.4f\n", i, c[i]);
	}
	length = cosine(g.v[5], g.v[5]);
	world_close(&w);
	OK(rc);
	for (size_t i = 0; i < 5; i++)
		CHECK(c[i] > 0.998);
	NEAR(length, 1, 1e-4);
}

/* A file that tells no prompts has those of its kind. */
TEST(embed_llama_knows_prompts_by_the_kind)
{
	NEED_RUNTIME();
	struct world w = { .l = NULL };
	static struct got q, p;
	gem_make(&w.m, 12, GEM_LAYERS);
	sb_reset(&w.m.file[GEM_PROMPTS]);
	bool ok = convert(&w) && serve(&w) == 0;
	int rc = ok ? ask(&w, texts, 2, EMB_QUERY, &q) : ERR_FAIL;
	rc = rc ? rc : ask(&w, texts, 2, EMB_PASSAGE, &p);
	double query = rc ? 0 : worst(&w, GEM_QUERY, &q, 2);
	double passage = rc ? 0 : worst(&w, GEM_PASSAGE, &p, 2);
	world_close(&w);
	OK(rc);
	CHECK(query > 0.998 && passage > 0.998);
}

/* Any language model: the mean of what it computes, each time the same. */
TEST(embed_llama_takes_a_model_that_writes)
{
	NEED_RUNTIME();
	struct world w = { .l = NULL };
	static struct got a, b;
	struct gguf_opts o = { .width = GEM_WIDTH, .layers = 1, .ctx = 256 };
	file_of(&w);
	bool ok = gguf_write(w.file, &o, &w.e) == 0 && serve(&w) == 0;
	int rc = ok ? ask(&w, texts, 2, EMB_QUERY, &a) : ERR_FAIL;
	rc = rc ? rc : ask(&w, texts, 2, EMB_PASSAGE, &b);
	emb_close(w.emb);
	loop_free(w.l);
	OK(rc);
	NEAR(cosine(a.v[0], a.v[0]), 1, 1e-4);
	NEAR(cosine(a.v[0], b.v[0]), 1, 1e-4); /* it has no prompts */
	CHECK(cosine(a.v[0], a.v[1]) < 0.98);
}

/* ---- the first frame ---- */

struct raw {
	struct sb error;
	bool ready, gone;
	int dim;
};

static void raw_frame(void *arg, uint8_t kind, sv p)
{
	struct raw *r = arg;
	struct err e;
	if (kind != WF_READY || r->ready)
		return;
	jv *o = jv_parse(p, &e);
	sb_put(&r->error, jv_get_str(o, "error"));
	r->dim = (int)jv_get_int(o, "dim", 0);
	r->ready = true;
	jv_free(o);
}

static void raw_state(void *arg, bool up, int status)
{
	struct raw *r = arg;
	r->gone = r->gone || !up;
	if (!up && !r->ready)
		(void)printf("# ended, status %d\n", status);
}

static bool raw_told(void *arg)
{
	return ((struct raw *)arg)->ready || ((struct raw *)arg)->gone;
}

static void quiet(void *arg, sv line)
{
	(void)arg;
	(void)line;
}

/* Is that part of what the first frame complains of? "" where it should be fine. */
static bool says(const char *file, const char *runtime, const char *what)
{
	const char *const argv[] = { PROGRAM, file, "1", runtime, NULL };
	struct raw r = { .ready = false };
	struct io_proc_opts o = { .argv = argv, .name = "t", .on_frame = raw_frame,
				  .on_state = raw_state, .on_line = quiet, .arg = &r };
	struct loop *l = loop_new();
	struct io_proc *p = NULL;
	sb_init(&r.error, 4096);
	bool ok = io_proc_start(&p, l, &o) == 0 && t_wait(l, raw_told, &r, 30000);
	ok = ok && (*what ? sv_find(sb_sv(&r.error), sv_of(what)) >= 0 : !r.error.n && r.dim > 0);
	if (!ok)
		(void)printf("# \"%s\" instead of \"%s\"\n", sb_str(&r.error), what);
	io_proc_stop(p);
	loop_free(l);
	sb_done(&r.error);
	return ok;
}

static bool says_bytes(sv bytes, const char *what)
{
	char file[600];
	(void)snprintf(file, sizeof(file), "%s/bad.gguf", t_tmpdir());
	return gem_write(file, bytes) && says(file, llama_runtime(), what);
}

/* Sets a number of the metadata. */
static void set_u32(struct sb *b, const char *key, uint32_t v)
{
	ptrdiff_t at = sv_find(sb_sv(b), sv_of(key));
	ASSERT(at > 0);
	memcpy(b->p + at + strlen(key) + 4, &v, sizeof(v));
}

TEST(embed_llama_bad_files)
{
	NEED_RUNTIME();
	struct world w = { .l = NULL };
	struct sb b;
	gem_make(&w.m, 11, GEM_LAYERS);
	sb_init(&b, 8 << 20);
	bool ok = convert(&w) && file_read(w.file, 8 << 20, &b, &w.e) == 0;
	gem_done(&w.m);
	bool fine = ok && says_bytes(sb_sv(&b), "");
	bool half = says_bytes(sv_slice(sb_sv(&b), 0, b.n / 2), "callm models verify");
	bool head = says_bytes(sv_slice(sb_sv(&b), 0, 900), "callm models verify");
	bool magic = says_bytes(SV("GGUF"), "callm models verify");
	set_u32(&b, "gemma-embedding.pooling_type", 4);
	bool ranks = says_bytes(sb_sv(&b), "no embedding model");
	set_u32(&b, "gemma-embedding.pooling_type", 1);
	set_u32(&b, "gemma-embedding.context_length", 4);
	bool context = says_bytes(sb_sv(&b), "4 pieces");
	set_u32(&b, "gemma-embedding.context_length", GEM_TOKENS);
	set_u32(&b, "gemma-embedding.embedding_length", 96);
	bool width = says_bytes(sb_sv(&b), "callm models verify");
	memset(b.p + 200, 0xff, 300);
	bool garbled = says_bytes(sb_sv(&b), "callm models verify");
	sb_done(&b);
	CHECK(ok && fine);
	CHECK(half && head && magic);
	CHECK(ranks);
	CHECK(context);
	CHECK(width && garbled);
}

TEST(embed_llama_tells_what_is_missing)
{
	NEED_RUNTIME();
	struct world w = { .l = NULL };
	const char *was = getenv("CALLM_LLAMA_RUNTIME");
	char *keep = was ? xstrdup(sv_of(was)) : NULL;
	gem_make(&w.m, 11, GEM_LAYERS);
	bool ok = convert(&w);
	gem_done(&w.m);
	(void)unsetenv("CALLM_LLAMA_RUNTIME");
	bool none = says(w.file, NULL, "CALLM_LLAMA_RUNTIME"), empty = says(w.file, "", "runtime");
	bool wrong = says(w.file, "/no/lib", "no llama.cpp 0.5.0 in /no/lib");
	(void)setenv("CALLM_LLAMA_RUNTIME", llama_runtime(), 1);
	bool by_name = says(w.file, NULL, "");
	(void)unsetenv("CALLM_LLAMA_RUNTIME");
	if (keep)
		(void)setenv("CALLM_LLAMA_RUNTIME", keep, 1);
	xfree(keep);
	CHECK(ok && none && empty);
	CHECK(wrong);
	CHECK(by_name);
	CHECK(says("/no/m.gguf", llama_runtime(), "/no/m.gguf"));
}

TEST(embed_llama_bad_file_in_service)
{
	NEED_RUNTIME();
	struct world w = { .l = NULL };
	struct got g, later;
	struct emb_run *run;
	file_of(&w);
	bool ok = gem_write(w.file, SV("GGUF but no more")) && serve(&w) == 0;
	int rc = ok ? ask(&w, texts, 1, EMB_QUERY, &g) : 0;
	int refused = emb_start(w.emb, texts, 1, EMB_QUERY, &cb, &later, &run);
	emb_close(w.emb);
	struct model_spec s = { .kind = "llama", .exe = PROGRAM, .file = "/no/m.gguf" };
	int missing = emb_open(&w.emb, &s, w.l, &w.e);
	loop_free(w.l);
	CHECK(ok);
	EQ(rc, ERR_UPSTREAM);
	EQ(refused, ERR_UPSTREAM);
	EQ(missing, ERR_NOTFOUND);
	HAS(sv_of(w.e.msg), "callm models pull");
}

/* ---- by hand ---- */

struct heard {
	struct sb lines;
	int status;
	bool gone;
};

static void on_line(void *arg, sv line)
{
	struct heard *h = arg;
	sb_put(&h->lines, line);
	sb_ch(&h->lines, '\n');
}

static void on_state(void *arg, bool up, int status)
{
	struct heard *h = arg;
	if (!up && !h->gone)
		h->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	h->gone = h->gone || !up;
}

static void no_frame(void *arg, uint8_t kind, sv p)
{
	(void)arg;
	(void)kind;
	(void)p;
}

static bool is_gone(void *arg)
{
	return ((struct heard *)arg)->gone;
}

/* Its exit status; what it says goes to h->lines. */
static int run(struct heard *h, const char *a, const char *b, const char *c)
{
	const char *const argv[] = { PROGRAM, a, b, c, NULL };
	struct io_proc_opts o = { .argv = argv,
				  .name = "t",
				  .on_frame = no_frame,
				  .on_state = on_state,
				  .on_line = on_line,
				  .arg = h };
	struct loop *l = loop_new();
	struct io_proc *p = NULL;
	h->gone = false;
	sb_reset(&h->lines);
	bool ok = io_proc_start(&p, l, &o) == 0 && t_wait(l, is_gone, h, 30000);
	io_proc_stop(p);
	loop_free(l);
	return ok ? h->status : -2;
}

TEST(embed_program_converts)
{
	struct world w = { .l = NULL };
	struct heard h = { .status = 0 };
	struct gguf_in in;
	char zip[600];
	gem_make(&w.m, 11, 1);
	file_of(&w);
	(void)snprintf(zip, sizeof(zip), "%s/m.zip", t_tmpdir());
	bool ok = gem_zip(&w.m, zip);
	gem_done(&w.m);
	sb_init(&h.lines, 65536);
	int good = run(&h, "--convert", zip, w.file);
	ok = ok && gguf_in_read(&in, w.file);
	gguf_in_done(&in);
	int few = run(&h, "--convert", zip, NULL);
	bool usage = sv_find(sb_sv(&h.lines), SV("usage: callm-embed")) >= 0;
	ok = ok && gem_write(zip, SV("no zip"));
	int bad = run(&h, "--convert", zip, w.file);
	bool told = sv_find(sb_sv(&h.lines), SV("m.zip")) >= 0;
	sb_done(&h.lines);
	OK(good);
	CHECK(ok);
	EQ(few, 2);
	CHECK(usage);
	EQ(bad, 1);
	CHECK(told);
}
