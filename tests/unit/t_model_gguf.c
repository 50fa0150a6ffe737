/* t_model_gguf.c: writes a GGUF file (version 3: header, metadata, tensor list, data aligned
 * to 32; ggml's docs/gguf.md) with random weights, so that tests of callm-llama need no
 * download. */
#include <stdio.h>

#include "t_model_gguf.h"

enum {
	U32 = 4,
	F32 = 6,
	STRING = 8,
	ARRAY = 9,
	I32 = 5,
	ALIGN = 32,
	HEADS = 4,
	KV_HEADS = 2,
	BYTES = 256,
	VOCAB = BYTES + 4,
	FILE_MAX = 64 << 20,
};
static const char *const control[] = { "<|endoftext|>", "<|bos|>", "<|im_start|>", "<|im_end|>" };
static const char TEMPLATE[] = "{% for message in messages %}{{ '<|im_start|>' + message.role + "
			       "'\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}";

struct file {
	struct sb head, data;
	uint64_t n_kv, n_tensors;
	struct sb kv, tensors;
	struct rng rng;
};

static void put(struct sb *b, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

static void put_text(struct sb *b, sv s)
{
	put(b, s.n, 8);
	sb_put(b, s);
}

static void key(struct file *f, const char *name, int type)
{
	put_text(&f->kv, sv_of(name));
	put(&f->kv, (uint64_t)type, 4);
	f->n_kv++;
}

static void kv_u32(struct file *f, const char *name, int v)
{
	key(f, name, U32);
	put(&f->kv, (uint64_t)v, 4);
}

static void put_float(struct sb *b, float v)
{
	sb_put(b, sv_n((const char *)&v, sizeof(v)));
}

static void kv_f32(struct file *f, const char *name, float v)
{
	key(f, name, F32);
	put_float(&f->kv, v);
}

static void kv_str(struct file *f, const char *name, const char *v)
{
	key(f, name, STRING);
	put_text(&f->kv, sv_of(v));
}

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

static void vocabulary(struct file *f)
{
	kv_str(f, "tokenizer.ggml.model", "gpt2");
	kv_str(f, "tokenizer.ggml.pre", "default");
	key(f, "tokenizer.ggml.tokens", ARRAY);
	put(&f->kv, STRING, 4);
	put(&f->kv, VOCAB, 8);
	for (int i = 0; i < VOCAB; i++) {
		char c[4];
		put_text(&f->kv, i < BYTES ? sv_n(c, sv_encode(stand_in(i), c)) :
					     sv_of(control[i - BYTES]));
	}
	key(f, "tokenizer.ggml.token_type", ARRAY);
	put(&f->kv, I32, 4);
	put(&f->kv, VOCAB, 8);
	for (int i = 0; i < VOCAB; i++)
		put(&f->kv, i < BYTES ? 1 : 3, 4);
	key(f, "tokenizer.ggml.merges", ARRAY);
	put(&f->kv, STRING, 4);
	put(&f->kv, 1, 8);
	put_text(&f->kv, SV("t h"));
	kv_u32(f, "tokenizer.ggml.eos_token_id", BYTES);
	kv_u32(f, "tokenizer.ggml.bos_token_id", BYTES + 1);
	kv_u32(f, "tokenizer.ggml.eot_token_id", BYTES + 3);
}

/* rows 0: a vector of ones. */
static void tensor(struct file *f, const char *name, int cols, int rows, double scale)
{
	size_t n = (size_t)cols * (size_t)(rows ? rows : 1);
	put_text(&f->tensors, sv_of(name));
	put(&f->tensors, rows ? 2 : 1, 4);
	put(&f->tensors, (uint64_t)cols, 8);
	if (rows)
		put(&f->tensors, (uint64_t)rows, 8);
	put(&f->tensors, 0, 4); /* F32 */
	put(&f->tensors, f->data.n, 8);
	f->n_tensors++;
	for (size_t i = 0; i < n; i++)
		put_float(&f->data, rows ? (float)(scale * (2 * rng_unit(&f->rng) - 1)) : 1);
	while (f->data.n % ALIGN)
		sb_ch(&f->data, 0);
}

static void layer(struct file *f, int i, int d)
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
		tensor(f, name, parts[k].cols * d / 2, parts[k].rows * d / 2, 0.2);
	}
}

static void metadata(struct file *f, const struct gguf_opts *o)
{
	kv_str(f, "general.architecture", "llama");
	kv_str(f, "general.name", "random");
	kv_u32(f, "general.file_type", 0);
	kv_u32(f, "llama.context_length", o->ctx);
	kv_u32(f, "llama.embedding_length", o->width);
	kv_u32(f, "llama.block_count", o->layers);
	kv_u32(f, "llama.feed_forward_length", 2 * o->width);
	kv_u32(f, "llama.attention.head_count", HEADS);
	kv_u32(f, "llama.attention.head_count_kv", KV_HEADS);
	kv_u32(f, "llama.rope.dimension_count", o->width / HEADS);
	kv_u32(f, "llama.vocab_size", VOCAB);
	kv_f32(f, "llama.attention.layer_norm_rms_epsilon", 1e-5f);
	kv_f32(f, "llama.rope.freq_base", 10000);
	if (o->chat)
		kv_str(f, "tokenizer.chat_template", TEMPLATE);
	vocabulary(f);
}

static int put_file(struct file *f, const char *path, struct err *e)
{
	sb_cstr(&f->head, "GGUF");
	put(&f->head, 3, 4);
	put(&f->head, f->n_tensors, 8);
	put(&f->head, f->n_kv, 8);
	sb_put(&f->head, sb_sv(&f->kv));
	sb_put(&f->head, sb_sv(&f->tensors));
	while (f->head.n % ALIGN)
		sb_ch(&f->head, 0);
	sb_put(&f->head, sb_sv(&f->data));
	return sb_err(&f->head) ? ERR_TOOBIG : file_write(path, sb_sv(&f->head), e);
}

int gguf_write(const char *path, const struct gguf_opts *o, struct err *e)
{
	struct file f = { .n_kv = 0 };
	struct sb *own[] = { &f.head, &f.data, &f.kv, &f.tensors };
	for (size_t i = 0; i < 4; i++)
		sb_init(own[i], FILE_MAX);
	rng_seed(&f.rng, 7);
	metadata(&f, o);
	tensor(&f, "token_embd.weight", o->width, VOCAB, 1);
	tensor(&f, "output_norm.weight", o->width, 0, 0);
	tensor(&f, "output.weight", o->width, VOCAB, 0.3);
	for (int i = 0; i < o->layers; i++)
		layer(&f, i, o->width);
	int rc = put_file(&f, path, e);
	for (size_t i = 0; i < 4; i++)
		sb_done(own[i]);
	return rc;
}
