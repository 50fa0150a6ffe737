/* t_model_gguf.c: writes a language model with random weights by gguf_out.h, so that tests of
 * callm-llama need no download, and reads GGUF files back (version 3; ggml's docs/gguf.md). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "gguf_out.h"
#include "t_model_gguf.h"

enum {
	HEADS = 4,
	KV_HEADS = 2,
	BYTES = 256,
	VOCAB = BYTES + 4,
	TENSORS_MAX = 64,
	FILE_MAX = 64 << 20,
};
static const char TEMPLATE[] = "{% for message in messages %}{{ '<|im_start|>' + message.role + "
			       "'\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}";

/* The character that stands for a byte in GPT-2's vocabularies. */
static uint32_t stand_in(int byte)
{
	uint32_t other = 256;
	for (int i = 0; i < BYTES; i++) {
		bool itself = (i > 32 && i < 127) || (i > 160 && i < 173) || i > 173;
		if (i == byte)
			return itself ? (uint32_t)i : other;
		other += !itself;
	}
	return 0;
}

static void vocabulary(struct gguf_out *g)
{
	static const char *const control[] = { "<|endoftext|>", "<|bos|>", "<|im_start|>",
					       "<|im_end|>" };
	char c[BYTES][4];
	sv piece[VOCAB], merge = SV("t h");
	int32_t type[VOCAB];
	for (int i = 0; i < VOCAB; i++) {
		type[i] = i < BYTES ? 1 : 3;
		piece[i] = i < BYTES ? sv_n(c[i], sv_encode(stand_in(i), c[i])) :
				       sv_of(control[i - BYTES]);
	}
	gguf_out_str(g, "tokenizer.ggml.model", SV("gpt2"));
	gguf_out_str(g, "tokenizer.ggml.pre", SV("default"));
	gguf_out_strs(g, "tokenizer.ggml.tokens", piece, VOCAB);
	gguf_out_i32s(g, "tokenizer.ggml.token_type", type, VOCAB);
	gguf_out_strs(g, "tokenizer.ggml.merges", &merge, 1);
	gguf_out_u32(g, "tokenizer.ggml.eos_token_id", BYTES);
	gguf_out_u32(g, "tokenizer.ggml.bos_token_id", BYTES + 1);
	gguf_out_u32(g, "tokenizer.ggml.eot_token_id", BYTES + 3);
}

static void metadata(struct gguf_out *g, const struct gguf_opts *o)
{
	gguf_out_str(g, "general.architecture", SV("llama"));
	gguf_out_str(g, "general.name", SV("random"));
	gguf_out_u32(g, "general.file_type", 0);
	gguf_out_u32(g, "llama.context_length", (uint32_t)o->ctx);
	gguf_out_u32(g, "llama.embedding_length", (uint32_t)o->width);
	gguf_out_u32(g, "llama.block_count", (uint32_t)o->layers);
	gguf_out_u32(g, "llama.feed_forward_length", 2 * (uint32_t)o->width);
	gguf_out_u32(g, "llama.attention.head_count", HEADS);
	gguf_out_u32(g, "llama.attention.head_count_kv", KV_HEADS);
	gguf_out_u32(g, "llama.rope.dimension_count", (uint32_t)o->width / HEADS);
	gguf_out_u32(g, "llama.vocab_size", VOCAB);
	gguf_out_f32(g, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
	gguf_out_f32(g, "llama.rope.freq_base", 10000);
	if (o->chat)
		gguf_out_str(g, "tokenizer.chat_template", sv_of(TEMPLATE));
	vocabulary(g);
}

/* ---- weights ---- */

struct shape {
	double scale;
	int cols, rows; /* rows 0: a vector of ones */
};
struct shapes {
	struct gguf_out *g;
	struct shape v[TENSORS_MAX];
	int n;
};

static void declare(struct shapes *s, const char *name, int cols, int rows, double scale)
{
	const uint64_t dims[] = { (uint64_t)cols, (uint64_t)rows };
	ASSERT(s->n < TENSORS_MAX);
	s->v[s->n++] = (struct shape){ scale, cols, rows };
	(void)gguf_out_tensor(s->g, name, GGUF_F32, dims, rows ? 2 : 1);
}

static void layer(struct shapes *s, int i, int d)
{
	static const struct {
		const char *name;
		int cols, rows; /* in halves of the width; 0 = ones */
	} parts[] = { { "attn_norm", 2, 0 }, { "ffn_norm", 2, 0 }, { "attn_q", 2, 2 },
		      { "attn_k", 2, 1 },    { "attn_v", 2, 1 },   { "attn_output", 2, 2 },
		      { "ffn_gate", 2, 4 },  { "ffn_up", 2, 4 },   { "ffn_down", 4, 2 } };
	for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "blk.%d.%s.weight", i, parts[k].name);
		declare(s, name, parts[k].cols * d / 2, parts[k].rows * d / 2, 0.2);
	}
}

static int fill(struct shapes *s, struct err *e)
{
	struct rng rng;
	float *x = xalloc(1 << 16);
	int rc = 0;
	rng_seed(&rng, 7);
	for (int t = 0; t < s->n; t++)
		for (int r = 0; r < (s->v[t].rows ? s->v[t].rows : 1) && !rc; r++) {
			for (int i = 0; i < s->v[t].cols; i++)
				x[i] = s->v[t].rows ?
					       (float)(s->v[t].scale * (2 * rng_unit(&rng) - 1)) :
					       1;
			rc = gguf_out_row(s->g, t, x, e);
		}
	xfree(x);
	return rc;
}

int gguf_write(const char *path, const struct gguf_opts *o, struct err *e)
{
	struct shapes s = { .g = gguf_out_new() };
	metadata(s.g, o);
	declare(&s, "token_embd.weight", o->width, VOCAB, 1);
	declare(&s, "output_norm.weight", o->width, 0, 0);
	declare(&s, "output.weight", o->width, VOCAB, 0.3);
	for (int i = 0; i < o->layers; i++)
		layer(&s, i, o->width);
	int rc = gguf_out_begin(s.g, path, e);
	rc = rc ? rc : fill(&s, e);
	rc = rc ? rc : gguf_out_end(s.g, e);
	gguf_out_free(s.g);
	return rc;
}

/* ---- the runtime ---- */

const char *llama_runtime(void)
{
	static char dir[1024];
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	if (cache)
		(void)snprintf(dir, sizeof(dir), "%s/deps/llama-0.5.0/lib", cache);
	else
		(void)snprintf(dir, sizeof(dir), "%s/.cache/callm/deps/llama-0.5.0/lib",
			       home ? home : "");
	return dir;
}

bool llama_available(const char *program)
{
	char lib[1100];
	(void)snprintf(lib, sizeof(lib), "%s/libllama.v0.5.0.so", llama_runtime());
	return file_exists(program) && file_exists(lib);
}

/* ---- reading ---- */

static uint64_t take(sv *s, int bytes)
{
	uint64_t v = 0;
	for (int i = 0; i < bytes && (size_t)i < s->n; i++)
		v |= (uint64_t)(unsigned char)s->p[i] << (8 * i);
	*s = sv_slice(*s, (size_t)bytes, s->n);
	return v;
}

static sv take_text(sv *s)
{
	size_t n = take(s, 8);
	sv text = sv_slice(*s, 0, n);
	*s = sv_slice(*s, n, s->n);
	return text;
}

static jv *take_value(sv *s, int type)
{
	uint32_t bits;
	float f;
	switch (type) {
	case 4:
	case 5:
		return jv_int((int32_t)take(s, 4));
	case 6:
		bits = (uint32_t)take(s, 4);
		memcpy(&f, &bits, sizeof(f));
		return jv_num((double)f);
	case 7:
		return jv_bool(take(s, 1) != 0);
	case 8:
		return jv_str(take_text(s));
	default:
		return NULL;
	}
}

static bool take_meta(struct gguf_in *g, sv *s)
{
	char key[128];
	jv *v;
	sv_copy(key, sizeof(key), take_text(s));
	int type = (int)take(s, 4);
	if (type == 9) {
		int of = (int)take(s, 4);
		uint64_t n = take(s, 8);
		v = jv_arr();
		for (uint64_t i = 0; i < n && s->n; i++)
			jv_push(v, take_value(s, of));
	} else {
		v = take_value(s, type);
	}
	bool ok = v && !jv_get(g->meta, key);
	jv_set(g->meta, key, v);
	return ok;
}

static void take_tensor(struct gguf_in *g, sv *s)
{
	char name[128];
	jv *t = jv_obj(), *dims = jv_arr();
	sv_copy(name, sizeof(name), take_text(s));
	for (uint64_t n = take(s, 4); n && s->n; n--)
		jv_push(dims, jv_int((int64_t)take(s, 8)));
	jv_set(t, "dims", dims);
	jv_set_int(t, "form", (int64_t)take(s, 4));
	jv_set_int(t, "at", (int64_t)take(s, 8));
	jv_set(g->tensors, name, t);
}

bool gguf_in_read(struct gguf_in *g, const char *path)
{
	struct err e;
	*g = (struct gguf_in){ .meta = jv_obj(), .tensors = jv_obj() };
	sb_init(&g->file, FILE_MAX);
	if (file_read(path, FILE_MAX, &g->file, &e))
		return false;
	sv s = sb_sv(&g->file);
	bool ok = sv_starts(s, SV("GGUF"));
	s = sv_slice(s, 4, s.n);
	ok = ok && take(&s, 4) == 3;
	uint64_t tensors = take(&s, 8), keys = take(&s, 8);
	for (; ok && keys; keys--)
		ok = take_meta(g, &s);
	for (; ok && tensors; tensors--)
		take_tensor(g, &s);
	g->base = (g->file.n - s.n + 31) / 32 * 32;
	return ok && s.n;
}

void gguf_in_done(struct gguf_in *g)
{
	sb_done(&g->file);
	jv_free(g->meta);
	jv_free(g->tensors);
}

static size_t dim(const jv *t, size_t i)
{
	return (size_t)jv_as_int(jv_at(jv_get(t, "dims"), i), 1);
}

static size_t row_bytes(const jv *t)
{
	return jv_get_int(t, "form", 0) == GGUF_Q8_0 ? dim(t, 0) / 32 * 34 : dim(t, 0) * 4;
}

const unsigned char *gguf_in_tensor(const struct gguf_in *g, const char *name)
{
	const jv *t = jv_get(g->tensors, name);
	size_t at = g->base + (size_t)jv_get_int(t, "at", 0);
	if (!t || at % 32 || at + row_bytes(t) * dim(t, 1) > g->file.n)
		return NULL;
	return (const unsigned char *)g->file.p + at;
}

float gguf_half(uint16_t h)
{
	int exp = h >> 10 & 31, frac = h & 0x3ff;
	double v = exp == 31 ? (frac ? NAN : INFINITY) :
		   exp	     ? ldexp(1024 + frac, exp - 25) :
			       ldexp(frac, -24);
	return (float)(h & 0x8000 ? -v : v);
}

float gguf_in_at(const struct gguf_in *g, const char *name, size_t row, size_t col)
{
	const jv *t = jv_get(g->tensors, name);
	const unsigned char *p = gguf_in_tensor(g, name);
	float f;
	if (!p || col >= dim(t, 0) || row >= dim(t, 1))
		return NAN;
	p += row * row_bytes(t);
	if (jv_get_int(t, "form", 0) == GGUF_Q8_0) {
		p += col / 32 * 34;
		return gguf_half((uint16_t)(p[0] | p[1] << 8)) * (float)(int8_t)p[2 + col % 32];
	}
	memcpy(&f, p + 4 * col, sizeof(f));
	return f;
}
