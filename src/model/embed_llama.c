/* embed_llama.c: any embedding model in a GGUF file, by llama.cpp opened at run time:
 * EmbeddingGemma, BGE-M3, Qwen3-Embedding.
 *
 * The model is shared, each thread has a context of its own, which computes in that thread.
 * What is put before a question and a passage stands in the file's metadata
 * (callm.prompt.query, callm.prompt.passage; gemma_convert.c writes it) or is known by its
 * architecture; a file of another kind gets none. A text is cut at TOKENS, so a passage of any
 * length costs as much as two pages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "embed_eng.h"

#ifdef CALLM_LLAMA
#include <llama.h>

#include "llama_lib.h"

enum { TOKENS = 512, TOKENS_MIN = 16, PROMPT = 256 };

#define FUNCTIONS(X)                                                                          \
	X(LLAMA, llama_model_default_params)                                                  \
	X(LLAMA, llama_context_default_params)                                                \
	X(LLAMA, llama_model_load_from_file)                                                  \
	X(LLAMA, llama_model_free)                                                            \
	X(LLAMA, llama_model_get_vocab)                                                       \
	X(LLAMA, llama_model_n_ctx_train)                                                     \
	X(LLAMA, llama_model_n_embd_out)                                                      \
	X(LLAMA, llama_model_desc)                                                            \
	X(LLAMA, llama_model_meta_val_str)                                                    \
	X(LLAMA, llama_init_from_model)                                                       \
	X(LLAMA, llama_free)                                                                  \
	X(LLAMA, llama_pooling_type)                                                          \
	X(LLAMA, llama_get_memory)                                                            \
	X(LLAMA, llama_memory_clear)                                                          \
	X(LLAMA, llama_batch_init)                                                            \
	X(LLAMA, llama_batch_free)                                                            \
	X(LLAMA, llama_decode)                                                                \
	X(LLAMA, llama_get_embeddings_seq)                                                    \
	X(LLAMA, llama_vocab_eos)                                                             \
	X(LLAMA, llama_vocab_get_add_eos)                                                     \
	X(LLAMA, llama_tokenize)                                                              \
	X(LLAMA, llama_token_to_piece)

static struct {
	FUNCTIONS(LLAMA_FIELD)
} f;
static const struct llama_name names[] = { FUNCTIONS(LLAMA_NAME) };

struct gguf {
	struct llama_model *model;
	const struct llama_vocab *vocab;
	int tokens; /* of a text at most */
	char query[PROMPT], passage[PROMPT];
};
struct work {
	struct llama_context *ctx;
	struct llama_batch batch;
	llama_token id[TOKENS];
};

/* ---- prompts ---- */

/* Leaves out as it is where there is no such key. */
static void meta(const struct gguf *g, const char *key, char *out, size_t n)
{
	char v[PROMPT];
	if (f.llama_model_meta_val_str(g->model, key, v, sizeof(v)) >= 0)
		sv_copy(out, n, sv_of(v));
}

static void prompts(struct gguf *g)
{
	static const struct {
		const char *arch, *query, *passage;
	} known[] = {
		{ "gemma-embedding", "task: search result | query: ", "title: none | text: " },
		{ "qwen3", "Instruct: Given a customer's question, find the article that answers "
			   "it\nQuery:", "" },
	};
	char arch[64] = "";
	meta(g, "general.architecture", arch, sizeof(arch));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(arch, known[i].arch)) {
			(void)snprintf(g->query, PROMPT, "%s", known[i].query);
			(void)snprintf(g->passage, PROMPT, "%s", known[i].passage);
		}
	meta(g, "callm.prompt.query", g->query, PROMPT);
	meta(g, "callm.prompt.passage", g->passage, PROMPT);
}

/* ---- the model ---- */

static void *gguf_work(struct eng *m)
{
	const struct gguf *g = m->priv;
	struct work *w = xalloc(sizeof(*w));
	struct llama_context_params p = f.llama_context_default_params();
	p.n_ctx = p.n_batch = p.n_ubatch = (uint32_t)g->tokens;
	p.n_seq_max = 1;
	p.n_threads = p.n_threads_batch = 1;
	p.embeddings = true;
	w->ctx = f.llama_init_from_model(g->model, p);
	if (w->ctx && f.llama_pooling_type(w->ctx) == LLAMA_POOLING_TYPE_NONE) {
		f.llama_free(w->ctx); /* no embedding model: the mean of what it computes */
		p.pooling_type = LLAMA_POOLING_TYPE_MEAN;
		w->ctx = f.llama_init_from_model(g->model, p);
	}
	if (!w->ctx) {
		xfree(w);
		return NULL;
	}
	w->batch = f.llama_batch_init(g->tokens, 0, 1);
	return w;
}

static void gguf_work_free(struct eng *m, void *work)
{
	struct work *w = work;
	(void)m;
	if (!w)
		return;
	f.llama_batch_free(w->batch);
	f.llama_free(w->ctx);
	xfree(w);
}

static void gguf_close(struct eng *m)
{
	struct gguf *g = m->priv;
	if (g->model)
		f.llama_model_free(g->model);
	xfree(g);
}

static int load(struct eng *m, struct gguf *g, const char *file, struct err *e)
{
	struct llama_model_params p = f.llama_model_default_params();
	p.n_gpu_layers = 0;
	llama_lib_forget();
	g->model = f.llama_model_load_from_file(file, p);
	if (!g->model)
		return err_set(e, ERR_CORRUPT,
			       "%s cannot be loaded (%s): it is damaged or of an unknown kind; "
			       "callm models verify tells, callm models pull mends it",
			       file, llama_lib_log()[0] ? llama_lib_log() : "no GGUF");
	g->vocab = f.llama_model_get_vocab(g->model);
	g->tokens = f.llama_model_n_ctx_train(g->model);
	g->tokens = g->tokens < TOKENS ? g->tokens : TOKENS;
	m->dim = f.llama_model_n_embd_out(g->model);
	(void)f.llama_model_desc(g->model, m->about, sizeof(m->about));
	prompts(g);
	if (g->tokens < TOKENS_MIN)
		return err_set(e, ERR_UNSUPPORTED, "%s reads only %d pieces of text at once", file,
			       g->tokens);
	struct work *w = gguf_work(m); /* a model that cannot compute is told now */
	if (!w)
		return err_set(e, ERR_NOMEM, "%s: no context for it (%s)", file,
			       llama_lib_log());
	bool ranks = f.llama_pooling_type(w->ctx) == LLAMA_POOLING_TYPE_RANK;
	gguf_work_free(m, w);
	return !ranks ? 0 :
			err_set(e, ERR_UNSUPPORTED,
				"%s ranks pairs of texts: it is no embedding model", file);
}

static int gguf_open(struct eng *m, const char *file, const char *runtime, struct err *e)
{
	if (!runtime || !*runtime)
		runtime = getenv("CALLM_LLAMA_RUNTIME");
	if (!runtime || !*runtime)
		return err_set(e, ERR_INVAL,
			       "%s needs llama.cpp: name the folder of its libraries (models: "
			       "runtime, or CALLM_LLAMA_RUNTIME)",
			       file);
	int rc = llama_lib_open(runtime, names, sizeof(names) / sizeof(names[0]), &f, e);
	if (rc)
		return rc;
	m->priv = xalloc(sizeof(struct gguf));
	rc = load(m, m->priv, file, e);
	if (rc)
		gguf_close(m);
	return rc;
}

/* ---- a text ---- */

/* Prompt and text in one piece, as the model learned it; the end mark stays when it is cut. */
static int tokens(const struct gguf *g, struct work *w, const char *prompt, sv text, int limit)
{
	struct sb b;
	sb_init(&b, 64 << 10);
	sb_cstr(&b, prompt);
	sb_put(&b, sv_head(text, 32 << 10));
	int most = (int)b.n + 8, n;
	llama_token *all = xalloc((size_t)most * sizeof(*all));
	n = f.llama_tokenize(g->vocab, b.p ? b.p : "", (int32_t)b.n, all, most, true, false);
	n = n < 0 ? 0 : n;
	if (n > limit) {
		n = limit;
		if (f.llama_vocab_get_add_eos(g->vocab))
			all[n - 1] = f.llama_vocab_eos(g->vocab);
	}
	memcpy(w->id, all, (size_t)n * sizeof(*all));
	xfree(all);
	sb_done(&b);
	return n;
}

static void unit(float *v, int dim)
{
	double sum = 0;
	for (int i = 0; i < dim; i++)
		sum += (double)v[i] * (double)v[i];
	double by = sum > 0 ? 1 / sqrt(sum) : 0;
	for (int i = 0; i < dim; i++)
		v[i] = (float)((double)v[i] * by);
}

static void gguf_embed(struct eng *m, void *work, bool passage, sv text, float *v)
{
	const struct gguf *g = m->priv;
	struct work *w = work;
	int limit = !passage && m->query_tokens && m->query_tokens < g->tokens ? m->query_tokens :
									 g->tokens;
	int n = tokens(g, w, passage ? g->passage : g->query, text, limit);
	const float *got = NULL;
	llama_memory_t mem = f.llama_get_memory(w->ctx);
	w->batch.n_tokens = n;
	for (int i = 0; i < n; i++) {
		w->batch.token[i] = w->id[i];
		w->batch.pos[i] = i;
		w->batch.n_seq_id[i] = 1;
		w->batch.seq_id[i][0] = 0;
		w->batch.logits[i] = true;
	}
	if (mem)
		f.llama_memory_clear(mem, true);
	if (n && f.llama_decode(w->ctx, w->batch) == 0)
		got = f.llama_get_embeddings_seq(w->ctx, 0);
	if (got)
		memcpy(v, got, (size_t)m->dim * sizeof(*v));
	else
		memset(v, 0, (size_t)m->dim * sizeof(*v));
	unit(v, m->dim);
}

static void gguf_pieces(struct eng *m, sv text)
{
	const struct gguf *g = m->priv;
	struct work *w = gguf_work(m);
	int n = w ? tokens(g, w, "", text, g->tokens) : 0;
	for (int i = 0; i < n; i++) {
		char piece[256];
		int k = f.llama_token_to_piece(g->vocab, w->id[i], piece, sizeof(piece), 0, true);
		(void)printf("%d\t" SV_FMT "\n", w->id[i],
			     SV_ARG(sv_n(piece, k > 0 ? (size_t)k : 0)));
	}
	gguf_work_free(m, w);
}

#else /* built without llama.cpp's headers */

static int gguf_open(struct eng *m, const char *file, const char *runtime, struct err *e)
{
	(void)m;
	(void)runtime;
	return err_set(e, ERR_UNSUPPORTED,
		       "%s needs llama.cpp, and callm-embed was built without its headers: run "
		       "./run.sh --build-only",
		       file);
}
#define gguf_work NULL
#define gguf_work_free NULL
#define gguf_embed NULL
#define gguf_pieces NULL
#define gguf_close NULL

#endif

const struct eng_ops eng_llama = { gguf_open, gguf_work, gguf_work_free, gguf_embed, gguf_pieces,
				   gguf_close };
