/* worker_llama_rt.c: llama.cpp v0.5.0 behind some twenty functions; nothing else of callm
 * calls it, since its interface changes from version to version.
 *
 * The libraries are opened at run time (llama_lib.h). One model, one context with
 * one unified KV cache for LRT_SEQS sequences: tokens of several conversations go through one
 * decode, and a beginning that two of them share is stored once. Sampling is done here on the
 * distribution itself: a grammar over the 262,144 tokens of Gemma takes 40 ms, so the likeliest
 * token is tried first, then the likeliest 256, and only then all. One thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <llama.h>

#include "llama_lib.h"
#include "worker_llama.h"

#define FUNCTIONS(X)                                                                          \
	X(LLAMA, llama_backend_free)                                                          \
	X(LLAMA, llama_model_default_params)                                                  \
	X(LLAMA, llama_context_default_params)                                                \
	X(LLAMA, llama_model_load_from_file)                                                  \
	X(LLAMA, llama_model_free)                                                            \
	X(LLAMA, llama_model_get_vocab)                                                       \
	X(LLAMA, llama_model_n_ctx_train)                                                     \
	X(LLAMA, llama_model_desc)                                                            \
	X(LLAMA, llama_model_chat_template)                                                   \
	X(LLAMA, llama_model_is_recurrent)                                                    \
	X(LLAMA, llama_model_is_hybrid)                                                       \
	X(LLAMA, llama_model_has_encoder)                                                     \
	X(LLAMA, llama_init_from_model)                                                       \
	X(LLAMA, llama_free)                                                                  \
	X(LLAMA, llama_n_ctx)                                                                 \
	X(LLAMA, llama_set_n_threads)                                                         \
	X(LLAMA, llama_get_memory)                                                            \
	X(LLAMA, llama_memory_seq_rm)                                                         \
	X(LLAMA, llama_memory_seq_cp)                                                         \
	X(LLAMA, llama_batch_init)                                                            \
	X(LLAMA, llama_batch_free)                                                            \
	X(LLAMA, llama_decode)                                                                \
	X(LLAMA, llama_get_logits_ith)                                                        \
	X(LLAMA, llama_vocab_n_tokens)                                                        \
	X(LLAMA, llama_vocab_eos)                                                             \
	X(LLAMA, llama_vocab_is_eog)                                                          \
	X(LLAMA, llama_tokenize)                                                              \
	X(LLAMA, llama_token_to_piece)                                                        \
	X(LLAMA, llama_chat_apply_template)                                                   \
	X(LLAMA, llama_sampler_init_grammar)                                                  \
	X(LLAMA, llama_sampler_init_top_k)                                                    \
	X(LLAMA, llama_sampler_init_top_p)                                                    \
	X(LLAMA, llama_sampler_init_min_p)                                                    \
	X(LLAMA, llama_sampler_init_temp)                                                     \
	X(LLAMA, llama_sampler_init_dist)                                                     \
	X(LLAMA, llama_sampler_apply)                                                         \
	X(LLAMA, llama_sampler_accept)                                                        \
	X(LLAMA, llama_sampler_free)

static struct {
	FUNCTIONS(LLAMA_FIELD)
} f;
static const struct llama_name names[] = { FUNCTIONS(LLAMA_NAME) };

struct lrt {
	struct llama_model *model;
	struct llama_context *ctx;
	const struct llama_vocab *vocab;
	struct llama_batch batch;
	llama_token_data *cand; /* a whole distribution, for sampling */
	int n_vocab;
	char about[128];
	bool has_template, recurrent, up;
};

enum { CHAIN = 5, LIKELY = 256 };
struct lrt_sampler {
	struct lrt *l;
	struct llama_sampler *grammar, *chain[CHAIN], *likely;
	int n_chain; /* 0 = the likeliest */
	int utf8;    /* continuation bytes due */
};

const char *lrt_log(void)
{
	return llama_lib_log();
}

/* ---- opening ---- */

static int open_libs(struct lrt *l, const char *dir, struct err *e)
{
	int rc = llama_lib_open(dir, names, sizeof(names) / sizeof(names[0]), &f, e);
	l->up = !rc;
	return rc;
}

static int load(struct lrt *l, const struct lrt_opts *o, struct err *e)
{
	struct llama_model_params p = f.llama_model_default_params();
	p.n_gpu_layers = 0;
	if (!file_exists(o->file))
		return err_set(e, ERR_NOTFOUND,
			       "no language model %s: fetch it with callm models pull", o->file);
	llama_lib_forget();
	l->model = f.llama_model_load_from_file(o->file, p);
	if (!l->model)
		return err_set(e, ERR_CORRUPT,
			       "%s cannot be loaded (%s): it is damaged or of an unknown kind; "
			       "callm models verify tells, callm models pull mends it",
			       o->file, llama_lib_log()[0] ? llama_lib_log() : "no GGUF");
	if (f.llama_model_has_encoder(l->model))
		return err_set(e, ERR_UNSUPPORTED, "%s is no model that writes text", o->file);
	l->vocab = f.llama_model_get_vocab(l->model);
	l->n_vocab = f.llama_vocab_n_tokens(l->vocab);
	l->recurrent = f.llama_model_is_recurrent(l->model) || f.llama_model_is_hybrid(l->model);
	(void)f.llama_model_desc(l->model, l->about, sizeof(l->about));
	return 0;
}

static int make_context(struct lrt *l, const struct lrt_opts *o, struct err *e)
{
	struct llama_context_params p = f.llama_context_default_params();
	int most = f.llama_model_n_ctx_train(l->model);
	p.n_ctx = (uint32_t)(o->n_ctx < most ? o->n_ctx : most);
	p.n_batch = p.n_ubatch = LRT_BATCH;
	p.n_seq_max = LRT_SEQS;
	p.n_threads = p.n_threads_batch = o->threads;
	p.kv_unified = true;
	p.swa_full = true; /* else a beginning could not be kept */
	p.abort_callback = o->stop;
	p.abort_callback_data = o->arg;
	l->ctx = f.llama_init_from_model(l->model, p);
	if (!l->ctx)
		return err_set(e, ERR_NOMEM,
			       "no memory for the context of %s (%s): lower n_ctx or raise "
			       "memory_mb",
			       o->file, llama_lib_log());
	l->batch = f.llama_batch_init(LRT_BATCH, 0, 1);
	l->cand = xalloc(sizeof(*l->cand) * (size_t)l->n_vocab);
	return 0;
}

static bool template_works(const struct lrt *l)
{
	const char *t = f.llama_model_chat_template(l->model, NULL);
	struct llama_chat_message m[] = { { "user", "a" } };
	return t && f.llama_chat_apply_template(t, m, 1, true, NULL, 0) > 0;
}

int lrt_open(struct lrt **ret, const struct lrt_opts *o, struct err *e)
{
	struct lrt *l = xalloc(sizeof(*l));
	int rc = open_libs(l, o->runtime, e);
	if (!rc)
		rc = load(l, o, e);
	if (!rc)
		rc = make_context(l, o, e);
	if (rc) {
		lrt_close(l);
		return rc;
	}
	l->has_template = template_works(l);
	*ret = l;
	return 0;
}

/* The libraries stay: their threads and C++ destructors do not like to be unmapped. */
void lrt_close(struct lrt *l)
{
	if (!l)
		return;
	if (l->ctx) {
		f.llama_batch_free(l->batch);
		f.llama_free(l->ctx);
	}
	if (l->model)
		f.llama_model_free(l->model);
	if (l->up)
		f.llama_backend_free();
	xfree(l->cand);
	xfree(l);
}

int lrt_n_ctx(const struct lrt *l)
{
	return (int)f.llama_n_ctx(l->ctx);
}

const char *lrt_about(const struct lrt *l)
{
	return l->about;
}

void lrt_threads(struct lrt *l, int n)
{
	f.llama_set_n_threads(l->ctx, n, n);
}

bool lrt_recurrent(const struct lrt *l)
{
	return l->recurrent;
}

/* ---- text and tokens ---- */

const char *lrt_template(const struct lrt *l)
{
	return l->has_template ? f.llama_model_chat_template(l->model, NULL) : NULL;
}

int lrt_layout(const struct lrt *l, const char *const *roles, const char *const *texts,
	       size_t n, struct sb *out)
{
	struct llama_chat_message *m = xalloc(sizeof(*m) * (n + 1));
	for (size_t i = 0; i < n; i++)
		m[i] = (struct llama_chat_message){ roles[i], texts[i] };
	const char *t = lrt_template(l);
	int32_t size = t ? f.llama_chat_apply_template(t, m, n, true, NULL, 0) : -1;
	int rc = ERR_UNSUPPORTED;
	if (size > 0) {
		char *buf = xalloc((size_t)size + 1);
		size = f.llama_chat_apply_template(t, m, n, true, buf, size + 1);
		sb_put(out, sv_n(buf, strlen(buf)));
		xfree(buf);
		rc = size > 0 ? sb_err(out) : ERR_UNSUPPORTED;
	}
	xfree(m);
	return rc;
}

int lrt_tokens(const struct lrt *l, sv text, bool first, bool special, int32_t *v, int max)
{
	int n = f.llama_tokenize(l->vocab, text.p ? text.p : "", (int32_t)text.n, v,
				 max > 0 ? max : 0, first, special);
	return n < 0 ? ERR_TOOBIG : n;
}

bool lrt_is_end(const struct lrt *l, int32_t token)
{
	return f.llama_vocab_is_eog(l->vocab, token);
}

size_t lrt_piece(const struct lrt *l, int32_t token, char *buf, size_t n)
{
	int k = f.llama_token_to_piece(l->vocab, token, buf, (int32_t)n, 0, false);
	return k > 0 ? (size_t)k : 0;
}

/* ---- decoding ---- */

void lrt_batch_reset(struct lrt *l)
{
	l->batch.n_tokens = 0;
}

int lrt_batch_add(struct lrt *l, int32_t token, int pos, int seq, bool want)
{
	int i = l->batch.n_tokens++;
	ASSERT(i < LRT_BATCH);
	l->batch.token[i] = token;
	l->batch.pos[i] = pos;
	l->batch.n_seq_id[i] = 1;
	l->batch.seq_id[i][0] = seq;
	l->batch.logits[i] = want;
	return i;
}

int lrt_batch_n(const struct lrt *l)
{
	return l->batch.n_tokens;
}

int lrt_decode(struct lrt *l)
{
	int rc = f.llama_decode(l->ctx, l->batch);
	return rc == 0 ? LRT_OK : rc == 1 ? LRT_NO_ROOM : rc == 2 ? LRT_STOPPED : LRT_FAILED;
}

bool lrt_seq_cut(struct lrt *l, int seq, int n)
{
	llama_memory_t mem = f.llama_get_memory(l->ctx);
	if (f.llama_memory_seq_rm(mem, seq, n, -1))
		return true;
	(void)f.llama_memory_seq_rm(mem, seq, -1, -1);
	return false;
}

void lrt_seq_copy(struct lrt *l, int from, int to, int n)
{
	f.llama_memory_seq_cp(f.llama_get_memory(l->ctx), from, to, 0, n);
}

/* ---- sampling ---- */

struct lrt_sampler *lrt_sampler_new(struct lrt *l, const struct lrt_sampling *o)
{
	struct lrt_sampler *s = xalloc(sizeof(*s));
	s->l = l;
	llama_lib_forget();
	if (o->grammar) {
		s->grammar = f.llama_sampler_init_grammar(l->vocab, o->grammar, "root");
		if (!s->grammar) {
			xfree(s);
			return NULL;
		}
		s->likely = f.llama_sampler_init_top_k(LIKELY);
	}
	if (o->temperature > 0) {
		s->chain[s->n_chain++] = f.llama_sampler_init_top_k(40);
		s->chain[s->n_chain++] = f.llama_sampler_init_top_p(0.95f, 1);
		s->chain[s->n_chain++] = f.llama_sampler_init_min_p(0.05f, 1);
		s->chain[s->n_chain++] = f.llama_sampler_init_temp((float)o->temperature);
		s->chain[s->n_chain++] = f.llama_sampler_init_dist(o->seed);
	}
	return s;
}

void lrt_sampler_free(struct lrt_sampler *s)
{
	if (!s)
		return;
	if (s->grammar)
		f.llama_sampler_free(s->grammar);
	if (s->likely)
		f.llama_sampler_free(s->likely);
	for (int i = 0; i < s->n_chain; i++)
		f.llama_sampler_free(s->chain[i]);
	xfree(s);
}

/* All tokens with their weights. */
static llama_token_data_array everything(struct lrt *l, const float *logits)
{
	for (int i = 0; i < l->n_vocab; i++)
		l->cand[i] = (llama_token_data){ i, logits[i], 0 };
	return (llama_token_data_array){ l->cand, (size_t)l->n_vocab, -1, false };
}

static int32_t likeliest(const float *w, int n)
{
	int best = 0;
	for (int i = 1; i < n; i++)
		best = w[i] > w[best] ? i : best;
	return best;
}

/* Chosen among a that are not ruled out; -1 when all are. a is used up. */
static int32_t choose(struct lrt_sampler *s, llama_token_data_array *a)
{
	size_t n = 0;
	for (size_t i = 0; i < a->size; i++)
		if (a->data[i].logit > -INFINITY)
			a->data[n++] = a->data[i];
	a->size = n;
	if (n == 0)
		return -1;
	for (int i = 0; i < s->n_chain; i++)
		f.llama_sampler_apply(s->chain[i], a);
	if (s->n_chain && a->selected >= 0)
		return a->data[a->selected].id;
	size_t best = 0;
	for (size_t i = 1; i < a->size; i++)
		best = a->data[i].logit > a->data[best].logit ? i : best;
	return a->data[best].id;
}

/* Rules out what the grammar forbids, and bytes that break a character: the grammar would
 * take a quotation mark for the rest of one. */
static void rule_out(const struct lrt_sampler *s, llama_token_data_array *a)
{
	f.llama_sampler_apply(s->grammar, a);
	for (size_t i = 0; i < a->size; i++) {
		char piece[OUT_PIECE];
		int state = s->utf8;
		if (!(a->data[i].logit > -INFINITY))
			continue;
		size_t n = lrt_piece(s->l, a->data[i].id, piece, sizeof(piece));
		bool whole = n ? out_utf8_step(&state, sv_n(piece, n)) : state == 0;
		if (!whole)
			a->data[i].logit = -INFINITY;
	}
}

static int32_t free_choice(struct lrt_sampler *s, const float *logits)
{
	if (!s->n_chain)
		return likeliest(logits, s->l->n_vocab);
	llama_token_data_array a = everything(s->l, logits);
	return choose(s, &a);
}

static int32_t with_grammar(struct lrt_sampler *s, const float *logits)
{
	llama_token_data one = { free_choice(s, logits), 1, 0 };
	llama_token_data_array a = { &one, 1, -1, false };
	rule_out(s, &a);
	int32_t t = one.logit > -INFINITY ? one.id : -1;
	if (t < 0 && s->l->n_vocab > 2 * LIKELY) {
		a = everything(s->l, logits);
		f.llama_sampler_apply(s->likely, &a);
		rule_out(s, &a);
		t = choose(s, &a);
	}
	if (t < 0) {
		a = everything(s->l, logits);
		rule_out(s, &a);
		t = choose(s, &a);
	}
	return t;
}

int32_t lrt_sample(struct lrt_sampler *s, int index)
{
	const float *logits = f.llama_get_logits_ith(s->l->ctx, index);
	if (!logits)
		return f.llama_vocab_eos(s->l->vocab);
	if (!s->grammar)
		return free_choice(s, logits);
	int32_t t = with_grammar(s, logits);
	if (t < 0) /* no token of this model goes on from here */
		return f.llama_vocab_eos(s->l->vocab);
	f.llama_sampler_accept(s->grammar, t);
	char piece[OUT_PIECE];
	size_t n = lrt_piece(s->l, t, piece, sizeof(piece));
	(void)out_utf8_step(&s->utf8, sv_n(piece, n));
	return t;
}
