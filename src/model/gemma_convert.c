/* gemma_convert.c: EmbeddingGemma (arXiv 2509.20354) as its owner publishes it to GGUF.
 *
 * The archive is read twice from front to back: first the small files whole and the heads of the
 * weights, then the weights, row by row to their place. What llama.cpp wants otherwise than the
 * original: other names, a one added to the weights of each norm, matrices in 8 bits
 * (conversion/gemma.py of llama.cpp). The prompts of questions and passages become metadata
 * "callm.prompt.query" and "callm.prompt.passage". */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "gemma_convert.h"
#include "gemma_parts.h"
#include "gguf_out.h"

#define ARCH "gemma-embedding"

enum { SMALL_MAX = 32 << 20, HEAD_MAX = 8 << 20, BLOCK = 256 << 10, MODULES = 3 };

/* The transformer and the two dense layers after its mean. */
static const char *const weights[MODULES] = { "/model.safetensors", "/2_Dense/model.safetensors",
					      "/3_Dense/model.safetensors" };

struct conv {
	const char *zip;
	struct archive *a;
	struct err *e;
	struct sb config, prompts, vocab; /* files */
	struct st_head head[MODULES];
	int *place[MODULES];              /* of each tensor in the GGUF file */
	struct gguf_out *out;
	uint64_t width, pieces;
	unsigned char *row;
	float *x;
};

/* ---- the archive ---- */

static int broken(struct conv *c)
{
	const char *why = archive_error_string(c->a);
	return err_set(c->e, ERR_CORRUPT, "%s cannot be read: %s", c->zip,
		       why ? why : "it ends too soon");
}

static int open_zip(struct conv *c)
{
	c->a = archive_read_new();
	(void)archive_read_support_format_zip(c->a);
	if (archive_read_open_filename(c->a, c->zip, BLOCK) == ARCHIVE_OK)
		return 0;
	return err_set(c->e, file_exists(c->zip) ? ERR_CORRUPT : ERR_NOTFOUND,
		       "%s cannot be opened: %s", c->zip, archive_error_string(c->a));
}

/* Calls fn for each member, standing at its first byte. */
static int each(struct conv *c, int (*fn)(struct conv *c, sv path))
{
	struct archive_entry *m;
	int rc = open_zip(c), got = ARCHIVE_OK;
	while (!rc && (got = archive_read_next_header(c->a, &m)) == ARCHIVE_OK) {
		const char *path = archive_entry_pathname(m);
		rc = path ? fn(c, sv_of(path)) : 0;
	}
	if (!rc && got != ARCHIVE_EOF)
		rc = broken(c);
	(void)archive_read_free(c->a);
	c->a = NULL;
	return rc;
}

static int exactly(struct conv *c, void *p, size_t n)
{
	return archive_read_data(c->a, p, n) == (la_ssize_t)n ? 0 : broken(c);
}

static int whole(struct conv *c, struct sb *out)
{
	char *block = xalloc(BLOCK);
	la_ssize_t n;
	sb_reset(out);
	while ((n = archive_read_data(c->a, block, BLOCK)) > 0)
		sb_put(out, sv_n(block, (size_t)n));
	xfree(block);
	if (n < 0)
		return broken(c);
	return sb_err(out) ? err_set(c->e, ERR_CORRUPT, "a file of %s is too long", c->zip) : 0;
}

/* "a/b/config.json" and "config.json" end in the name "/config.json". */
static bool is(sv path, const char *name)
{
	size_t n = strlen(name);
	return sv_ends(path, sv_of(name)) || (path.n + 1 == n && sv_eq(path, sv_of(name + 1)));
}

/* Which module's weights; -1 none. The dense layers' names end as the transformer's. */
static int module_of(sv path)
{
	for (int i = MODULES - 1; i >= 0; i--)
		if (is(path, weights[i]))
			return i;
	return -1;
}

/* ---- first reading ---- */

static int read_head(struct conv *c, struct st_head *h, uint64_t *ret_n)
{
	unsigned char len[8];
	uint64_t n = 0;
	int rc = exactly(c, len, sizeof(len));
	for (int i = 7; i >= 0; i--)
		n = n << 8 | len[i];
	if (rc)
		return rc;
	if (n < 2 || n > HEAD_MAX)
		return err_set(c->e, ERR_CORRUPT, "the weights have a head of %llu bytes",
			       (unsigned long long)n);
	char *json = xalloc(n);
	rc = exactly(c, json, n);
	if (!rc && h)
		rc = st_head_read(h, sv_n(json, n), c->e);
	xfree(json);
	*ret_n = n;
	return rc;
}

static int look(struct conv *c, sv path)
{
	uint64_t n;
	int k = module_of(path);
	if (k >= 0)
		return read_head(c, &c->head[k], &n);
	if (is(path, "/config_sentence_transformers.json"))
		return whole(c, &c->prompts);
	if (is(path, "/tokenizer.model"))
		return whole(c, &c->vocab);
	/* those of the dense layers lie deeper and are not needed */
	if (is(path, "/config.json") && sv_find(path, SV("_Dense/")) < 0 &&
	    sv_find(path, SV("_Pooling/")) < 0)
		return whole(c, &c->config);
	return 0;
}

/* ---- metadata ---- */

static jv *parse(struct conv *c, const struct sb *file, const char *name)
{
	struct err why;
	jv *o = jv_parse(sb_sv(file), &why);
	if (!o)
		(void)err_set(c->e, ERR_CORRUPT, "%s of %s is damaged: %.150s", name, c->zip,
			      why.msg);
	return o;
}

static void prompt(struct conv *c, const jv *o, const char *name, const char *key)
{
	const jv *s = jv_get(jv_get(o, "prompts"), name);
	if (jv_is_str(s)) /* also an empty one */
		gguf_out_str(c->out, key, jv_as_str(s));
}

static int put_prompts(struct conv *c)
{
	if (!c->prompts.n)
		return 0;
	jv *o = parse(c, &c->prompts, "config_sentence_transformers.json");
	if (!o)
		return ERR_CORRUPT;
	prompt(c, o, "query", "callm.prompt.query");
	prompt(c, o, "document", "callm.prompt.passage");
	jv_free(o);
	return 0;
}

static int put_vocab(struct conv *c)
{
	struct gemma_vocab v;
	struct gguf_out *g = c->out;
	int rc = gemma_vocab_read(&v, sb_sv(&c->vocab), c->e);
	c->pieces = v.n;
	if (!rc) {
		gguf_out_str(g, "tokenizer.ggml.model", SV("llama"));
		gguf_out_str(g, "tokenizer.ggml.pre", SV("default"));
		gguf_out_strs(g, "tokenizer.ggml.tokens", v.piece, v.n);
		gguf_out_f32s(g, "tokenizer.ggml.scores", v.score, v.n);
		gguf_out_i32s(g, "tokenizer.ggml.token_type", v.type, v.n);
		gguf_out_bool(g, "tokenizer.ggml.add_bos_token", true);
		gguf_out_bool(g, "tokenizer.ggml.add_eos_token", true);
		gguf_out_bool(g, "tokenizer.ggml.add_space_prefix", false);
	}
	gemma_vocab_done(&v);
	return rc;
}

/* Which model it is. */
static int check_kind(struct conv *c, const jv *o)
{
	if (!sv_eq(jv_get_str(o, "model_type"), SV("gemma3_text")) ||
	    !jv_get_bool(o, "use_bidirectional_attention", false))
		return err_set(
			c->e, ERR_UNSUPPORTED,
			"%s holds no EmbeddingGemma: only gemma3_text with attention in both "
			"directions is converted",
			c->zip);
	return 0;
}

static int number(struct conv *c, const jv *o, const char *from, double def, double *ret)
{
	*ret = jv_get_num(o, from, def);
	if (*ret >= 0 && *ret <= INT32_MAX)
		return 0;
	return err_set(c->e, ERR_CORRUPT, "config.json of %s lacks %s, or it is no such number",
		       c->zip, from);
}

static int put_config(struct conv *c)
{
	static const struct {
		const char *from, *to;
		bool real;
		double def; /* -1: it must be there */
	} rules[] = {
		{ "max_position_embeddings", ARCH ".context_length", false, -1 },
		{ "hidden_size", ARCH ".embedding_length", false, -1 },
		{ "num_hidden_layers", ARCH ".block_count", false, -1 },
		{ "intermediate_size", ARCH ".feed_forward_length", false, -1 },
		{ "num_attention_heads", ARCH ".attention.head_count", false, -1 },
		{ "num_key_value_heads", ARCH ".attention.head_count_kv", false, -1 },
		{ "head_dim", ARCH ".attention.key_length", false, -1 },
		{ "head_dim", ARCH ".attention.value_length", false, -1 },
		{ "sliding_window", ARCH ".attention.sliding_window", false, 512 },
		{ "rms_norm_eps", ARCH ".attention.layer_norm_rms_epsilon", true, 1e-6 },
		{ "rope_theta", ARCH ".rope.freq_base", true, 1e6 },
		{ "rope_local_base_freq", ARCH ".rope.freq_base_swa", true, 1e4 },
		{ "bos_token_id", "tokenizer.ggml.bos_token_id", false, 2 },
		{ "eos_token_id", "tokenizer.ggml.eos_token_id", false, 1 },
		{ "pad_token_id", "tokenizer.ggml.padding_token_id", false, 0 },
	};
	jv *o = parse(c, &c->config, "config.json");
	int rc = o ? check_kind(c, o) : ERR_CORRUPT;
	gguf_out_str(c->out, "general.architecture", SV(ARCH));
	gguf_out_str(c->out, "general.name", SV("EmbeddingGemma"));
	gguf_out_u32(c->out, "general.file_type", 7);  /* mostly Q8_0 */
	gguf_out_u32(c->out, ARCH ".pooling_type", 1); /* the mean */
	for (size_t i = 0; !rc && i < sizeof(rules) / sizeof(rules[0]); i++) {
		double v;
		rc = number(c, o, rules[i].from, rules[i].def, &v);
		if (!rc && rules[i].real)
			gguf_out_f32(c->out, rules[i].to, (float)v);
		else if (!rc)
			gguf_out_u32(c->out, rules[i].to, (uint32_t)v);
	}
	int64_t head = jv_get_int(o, "head_dim", 0);
	if (!rc && jv_get_int(o, "query_pre_attn_scalar", head) != head) /* llama.cpp takes that */
		rc = err_set(c->e, ERR_UNSUPPORTED,
			     "%s: query_pre_attn_scalar is not head_dim, which is not converted",
			     c->zip);
	c->width = (uint64_t)jv_get_int(o, "hidden_size", 0);
	jv_free(o);
	return rc;
}

/* ---- tensors ---- */

static bool renamed(sv name, char out[128])
{
	static const struct {
		const char *from, *to;
	} parts[] = {
		{ "input_layernorm", "attn_norm" },
		{ "post_attention_layernorm", "post_attention_norm" },
		{ "pre_feedforward_layernorm", "ffn_norm" },
		{ "post_feedforward_layernorm", "post_ffw_norm" },
		{ "self_attn.q_proj", "attn_q" },
		{ "self_attn.k_proj", "attn_k" },
		{ "self_attn.v_proj", "attn_v" },
		{ "self_attn.o_proj", "attn_output" },
		{ "self_attn.q_norm", "attn_q_norm" },
		{ "self_attn.k_norm", "attn_k_norm" },
		{ "mlp.gate_proj", "ffn_gate" },
		{ "mlp.up_proj", "ffn_up" },
		{ "mlp.down_proj", "ffn_down" },
	};
	sv rest = name, word, no, end = SV(".weight");
	if (!sv_cut(&rest, '.', &word) || !sv_ends(name, end))
		return false;
	if (!sv_eq(word, SV("layers")) || !sv_cut(&rest, '.', &no)) {
		bool words = sv_eq(word, SV("embed_tokens"));
		(void)snprintf(out, 128, "%s.weight", words ? "token_embd" : "output_norm");
		return words || sv_eq(word, SV("norm"));
	}
	rest = sv_slice(rest, 0, rest.n - end.n);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (sv_eq(rest, sv_of(parts[i].from))) {
			(void)snprintf(out, 128, "blk." SV_FMT ".%s.weight", SV_ARG(no),
				       parts[i].to);
			return true;
		}
	return false;
}

static int declare(struct conv *c, int module, size_t i)
{
	const struct st_tensor *t = &c->head[module].v.v[i];
	char name[128];
	sv from = sv_of(t->name);
	uint64_t dims[2] = { t->dims[t->n_dims - 1], t->dims[0] };
	if (sv_starts(from, SV("model.")))
		from = sv_slice(from, 6, from.n);
	if (module)
		(void)snprintf(name, sizeof(name), "dense_%d.weight", module + 1);
	else if (!renamed(from, name))
		return err_set(c->e, ERR_UNSUPPORTED, "%s has an unknown tensor %s", c->zip,
			       t->name);
	if (!module && !strcmp(name, "token_embd.weight") && dims[1] != c->pieces)
		return err_set(c->e, ERR_CORRUPT, "%s has %llu rows for %llu pieces of text",
			       t->name, (unsigned long long)dims[1],
			       (unsigned long long)c->pieces);
	if (t->n_dims == 2 && dims[0] % 32)
		return err_set(c->e, ERR_UNSUPPORTED, "%s: rows of %llu cannot be quantised",
			       t->name, (unsigned long long)dims[0]);
	if (module) {
		char key[64];
		(void)snprintf(key, sizeof(key), ARCH ".dense_%d_feat_in", module + 1);
		gguf_out_u32(c->out, key, (uint32_t)dims[0]);
		(void)snprintf(key, sizeof(key), ARCH ".dense_%d_feat_out", module + 1);
		gguf_out_u32(c->out, key, (uint32_t)dims[1]);
	}
	c->place[module][i] = gguf_out_tensor(c->out, name, t->n_dims == 2 ? GGUF_Q8_0 : GGUF_F32,
					      dims, t->n_dims);
	return c->place[module][i] < 0 ? c->place[module][i] : 0;
}

/* Both dense layers or none: from the model's width to another and back, one matrix each. */
static int check_dense(struct conv *c)
{
	uint64_t in = c->width;
	for (int m = 1; m < MODULES && c->head[1].v.n + c->head[2].v.n; m++) {
		const struct st_tensor *t = c->head[m].v.v;
		if (c->head[m].v.n != 1 || t->n_dims != 2 ||
		    strcmp(t->name, "linear.weight") != 0 || t->dims[1] != in ||
		    (m == MODULES - 1 && t->dims[0] != c->width))
			return err_set(c->e, ERR_UNSUPPORTED,
				       "%s: %s is not one matrix linear.weight that fits the model",
				       c->zip, weights[m] + 1);
		in = t->dims[0];
	}
	return 0;
}

static int declare_all(struct conv *c)
{
	int rc = check_dense(c);
	for (int m = 0; m < MODULES && !rc; m++) {
		c->place[m] = xalloc((c->head[m].v.n + 1) * sizeof(int));
		for (size_t i = 0; i < c->head[m].v.n && !rc; i++)
			rc = declare(c, m, i);
	}
	return rc;
}

static int put_tensor(struct conv *c, const struct st_tensor *t, int place)
{
	size_t cols = t->dims[t->n_dims - 1], rows = t->n_dims == 2 ? t->dims[0] : 1;
	size_t bytes = cols * st_bytes(t);
	c->row = xrealloc(c->row, bytes);
	c->x = xrealloc(c->x, cols * sizeof(*c->x));
	int rc = 0;
	for (size_t i = 0; i < rows && !rc; i++) {
		rc = exactly(c, c->row, bytes);
		if (rc)
			break;
		st_floats(t, c->row, cols, c->x);
		for (size_t k = 0; k < cols && !rc; k++) {
			if (!isfinite(c->x[k]))
				rc = err_set(c->e, ERR_CORRUPT,
					     "%s: %s has weights that are no numbers", c->zip,
					     t->name);
			c->x[k] += (float)(t->n_dims ==
					   1); /* a norm's are told without their one */
		}
		rc = rc ? rc : gguf_out_row(c->out, place, c->x, c->e);
	}
	return rc;
}

static int skip(struct conv *c, uint64_t n)
{
	unsigned char block[4096];
	int rc = 0;
	for (; n && !rc; n -= n < sizeof(block) ? n : sizeof(block))
		rc = exactly(c, block, n < sizeof(block) ? n : sizeof(block));
	return rc;
}

/* To the file's end, where its checksum is looked at. */
static int finish(struct conv *c)
{
	unsigned char block[4096];
	la_ssize_t n;
	while ((n = archive_read_data(c->a, block, sizeof(block))) > 0)
		;
	return n < 0 ? broken(c) : 0;
}

static int put_weights(struct conv *c, sv path)
{
	uint64_t n, at = 0;
	int m = module_of(path);
	if (m < 0)
		return 0;
	int rc = read_head(c, NULL, &n);
	for (size_t i = 0; i < c->head[m].v.n && !rc; i++) {
		const struct st_tensor *t = &c->head[m].v.v[i];
		rc = skip(c, t->from - at);
		rc = rc ? rc : put_tensor(c, t, c->place[m][i]);
		at = t->to;
	}
	return rc ? rc : finish(c);
}

/* ---- all ---- */

static int convert(struct conv *c, const char *tmp)
{
	int rc = each(c, look);
	if (!rc && (!c->config.n || !c->vocab.n || !c->head[0].v.n))
		rc = err_set(c->e, ERR_NOTFOUND,
			     "%s lacks config.json, tokenizer.model or model.safetensors", c->zip);
	rc = rc ? rc : put_config(c);
	rc = rc ? rc : put_prompts(c);
	rc = rc ? rc : put_vocab(c);
	rc = rc ? rc : declare_all(c);
	rc = rc ? rc : gguf_out_begin(c->out, tmp, c->e);
	rc = rc ? rc : each(c, put_weights);
	return rc ? rc : gguf_out_end(c->out, c->e);
}

int gemma_convert(const char *zip, const char *out, struct err *e)
{
	struct conv c = { .zip = zip, .e = e, .out = gguf_out_new() };
	struct sb *files[] = { &c.config, &c.prompts, &c.vocab };
	struct sb tmp;
	for (size_t i = 0; i < 3; i++)
		sb_init(files[i], SMALL_MAX);
	sb_init(&tmp, 8192);
	sb_fmt(&tmp, "%s.new", out);
	int rc = convert(&c, sb_str(&tmp));
	if (!rc && rename(sb_str(&tmp), out))
		rc = err_set(e, err_from_errno(errno), "%s cannot be written: %s", out,
			     strerrordesc_np(errno));
	if (rc)
		(void)unlink(sb_str(&tmp));
	gguf_out_free(c.out);
	for (size_t i = 0; i < 3; i++)
		sb_done(files[i]);
	for (int m = 0; m < MODULES; m++) {
		VEC_FREE(&c.head[m].v);
		xfree(c.place[m]);
	}
	xfree(c.row);
	xfree(c.x);
	sb_done(&tmp);
	return rc;
}
