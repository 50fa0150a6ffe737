/* t_model_gemma_convert.c: EmbeddingGemma's files to GGUF: names, numbers, metadata; archives that
 * are damaged, lack something or hold another model. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "t.h"
#include "gemma_convert.h"
#include "t_model_gemma.h"
#include "t_model_gguf.h"

struct paths {
	char zip[600], out[600], tmp[700];
};

static void paths(struct paths *p)
{
	(void)snprintf(p->zip, sizeof(p->zip), "%s/m.zip", t_tmpdir());
	(void)snprintf(p->out, sizeof(p->out), "%s/m.gguf", t_tmpdir());
	(void)snprintf(p->tmp, sizeof(p->tmp), "%s.new", p->out);
}

/* ---- what is converted ---- */

/* Are all numbers there, a norm's with one more and to the bit, a matrix' within a step of its 127
 * (and what a half cuts off)? */
static bool same_numbers(const struct gguf_in *in, const char *name, const struct gem_tensor *t)
{
	bool ok = gguf_in_tensor(in, name) != NULL;
	for (int r = 0; ok && r < (t->rows ? t->rows : 1); r++)
		for (int c = 0; ok && c < t->cols; c++) {
			float want = t->x[r * t->cols + c];
			float got = gguf_in_at(in, name, (size_t)r, (size_t)c);
			float top = 0;
			for (int k = c / 32 * 32; k < c / 32 * 32 + 32 && t->rows; k++)
				top = fmaxf(top, fabsf(t->x[r * t->cols + k]));
			ok = t->rows ? fabsf(got - want) <= top * 0.75f / 127 + top * 0x1p-7f *
								 (float)(t->file != GEM_WEIGHTS) :
				       got == want + 1;
		}
	if (!ok)
		(void)printf("# %s is not %s\n", name, t->name);
	return ok;
}

/* The name by llama.cpp's table, written here a second time. */
static void name_of(const struct gem_tensor *t, char out[80])
{
	static const char *const parts[][2] = {
		{ "input_layernorm", "attn_norm" },
		{ "mlp.down_proj", "ffn_down" },
		{ "mlp.gate_proj", "ffn_gate" },
		{ "mlp.up_proj", "ffn_up" },
		{ "post_attention_layernorm", "post_attention_norm" },
		{ "post_feedforward_layernorm", "post_ffw_norm" },
		{ "pre_feedforward_layernorm", "ffn_norm" },
		{ "self_attn.k_norm", "attn_k_norm" },
		{ "self_attn.k_proj", "attn_k" },
		{ "self_attn.o_proj", "attn_output" },
		{ "self_attn.q_norm", "attn_q_norm" },
		{ "self_attn.q_proj", "attn_q" },
		{ "self_attn.v_proj", "attn_v" },
	};
	const char *fixed = t->file == GEM_DENSE_2		  ? "dense_2.weight" :
			    t->file == GEM_DENSE_3		  ? "dense_3.weight" :
			    !strcmp(t->name, "norm.weight") ? "output_norm.weight" :
								    "token_embd.weight";
	(void)snprintf(out, 80, "%s", fixed);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(t->name, parts[i][0]))
			(void)snprintf(out, 80, "blk.%c.%s.weight", t->name[7], parts[i][1]);
}

static bool all_tensors(const struct gguf_in *in, const struct gem *m)
{
	bool ok = jv_len(in->tensors) == m->t.n;
	for (size_t i = 0; ok && i < m->t.n; i++) {
		const struct gem_tensor *t = &m->t.v[i];
		char name[80];
		name_of(t, name);
		const jv *g = jv_get(in->tensors, name), *dims = jv_get(g, "dims");
		ok = jv_len(dims) == (t->rows ? 2 : 1) && jv_as_int(jv_at(dims, 0), 0) == t->cols &&
		     jv_as_int(jv_at(dims, 1), 0) == t->rows &&
		     jv_get_int(g, "form", -1) == (t->rows ? 8 : 0) && same_numbers(in, name, t);
		if (!ok)
			(void)printf("# %s\n", name);
	}
	return ok;
}

static bool all_metadata(const jv *meta)
{
	static const struct {
		const char *key;
		double number;
		const char *text;
	} t[] = {
		{ "general.architecture", 0, "gemma-embedding" },
		{ "general.file_type", 7, NULL },
		{ "gemma-embedding.context_length", GEM_TOKENS, NULL },
		{ "gemma-embedding.embedding_length", GEM_WIDTH, NULL },
		{ "gemma-embedding.block_count", GEM_LAYERS, NULL },
		{ "gemma-embedding.feed_forward_length", GEM_INNER, NULL },
		{ "gemma-embedding.attention.head_count", GEM_HEADS, NULL },
		{ "gemma-embedding.attention.head_count_kv", 1, NULL },
		{ "gemma-embedding.attention.key_length", GEM_HEAD, NULL },
		{ "gemma-embedding.attention.value_length", GEM_HEAD, NULL },
		{ "gemma-embedding.attention.sliding_window", GEM_WINDOW, NULL },
		{ "gemma-embedding.attention.layer_norm_rms_epsilon", 1e-6, NULL },
		{ "gemma-embedding.rope.freq_base", GEM_BASE, NULL },
		{ "gemma-embedding.rope.freq_base_swa", 1e4, NULL },
		{ "gemma-embedding.pooling_type", 1, NULL },
		{ "gemma-embedding.dense_2_feat_in", GEM_WIDTH, NULL },
		{ "gemma-embedding.dense_2_feat_out", GEM_DENSE, NULL },
		{ "gemma-embedding.dense_3_feat_in", GEM_DENSE, NULL },
		{ "gemma-embedding.dense_3_feat_out", GEM_WIDTH, NULL },
		{ "tokenizer.ggml.model", 0, "llama" },
		{ "tokenizer.ggml.bos_token_id", 2, NULL },
		{ "tokenizer.ggml.eos_token_id", 1, NULL },
		{ "tokenizer.ggml.padding_token_id", 0, NULL },
		{ "callm.prompt.query", 0, GEM_QUERY },
		{ "callm.prompt.passage", 0, GEM_PASSAGE },
	};
	bool ok = true;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		bool fits = t[i].text ? sv_eq(jv_get_str(meta, t[i].key), sv_of(t[i].text)) :
					fabs(jv_get_num(meta, t[i].key, -1) - t[i].number) <=
						t[i].number * 1e-6;
		if (!fits)
			(void)printf("# %s\n", t[i].key);
		ok = ok && fits;
	}
	const jv *piece = jv_get(meta, "tokenizer.ggml.tokens");
	return ok && jv_len(piece) == GEM_VOCAB &&
	       jv_len(jv_get(meta, "tokenizer.ggml.scores")) == GEM_VOCAB &&
	       jv_len(jv_get(meta, "tokenizer.ggml.token_type")) == GEM_VOCAB &&
	       sv_eq(jv_as_str(jv_at(piece, GEM_TWO_SPACES)), SV("  ")) &&
	       sv_eq(jv_as_str(jv_at(piece, GEM_SPACE)), SV("\xe2\x96\x81"));
}

TEST(gemma_converts)
{
	struct paths p;
	struct gem m;
	struct gguf_in in;
	struct err e = { 0 };
	paths(&p);
	gem_make(&m, 7, GEM_LAYERS);
	bool ok = gem_zip(&m, p.zip);
	int rc = gemma_convert(p.zip, p.out, &e);
	ok = ok && gguf_in_read(&in, p.out);
	bool meta = ok && all_metadata(in.meta), tensors = ok && all_tensors(&in, &m);
	gguf_in_done(&in);
	gem_done(&m);
	if (rc)
		(void)printf("# %s\n", e.msg);
	OK(rc);
	CHECK(meta);
	CHECK(tensors);
	CHECK(!file_exists(p.tmp));
}

/* Compressed, without a folder, prompts and dense modules, weights in 16 bits, names with
 * "model.". */
TEST(gemma_converts_what_is_written_otherwise)
{
	static const char *const forms[] = { "BF16", "F16" };
	for (size_t i = 0; i < 2; i++) {
		struct paths p;
		struct gem m;
		struct gguf_in in;
		struct err e = { 0 };
		paths(&p);
		gem_make(&m, 8, 1);
		m.folder = "";
		m.deflate = true;
		for (size_t k = 0; k < m.t.n && m.t.v[k].file == GEM_WEIGHTS; k++) {
			char was[64];
			(void)snprintf(was, sizeof(was), "%s", m.t.v[k].name);
			(void)snprintf(m.t.v[k].name, sizeof(was), "model.%.50s", was);
		}
		gem_pack(&m, forms[i]);
		sb_reset(&m.file[GEM_PROMPTS]);
		sb_reset(&m.file[GEM_DENSE_2]);
		sb_reset(&m.file[GEM_DENSE_3]);
		bool ok = gem_zip(&m, p.zip);
		int rc = gemma_convert(p.zip, p.out, &e);
		ok = ok && gguf_in_read(&in, p.out);
		float got = gguf_in_at(&in, "output_norm.weight", 0, 9);
		float want = gem_find(&m, "model.norm.weight")->x[9] + 1;
		size_t n = jv_len(in.tensors);
		bool prompts = jv_get(in.meta, "callm.prompt.query") != NULL;
		bool dense = jv_get(in.meta, "gemma-embedding.dense_2_feat_in") != NULL;
		gguf_in_done(&in);
		gem_done(&m);
		if (rc)
			(void)printf("# %s\n", e.msg);
		OK(rc);
		CHECK(ok && !prompts && !dense);
		EQ(n, 2 + 13);
		NEAR((double)got, (double)want, 0.01);
	}
}

/* A prompt that is empty is one: nothing stands before a text. */
TEST(gemma_converts_empty_prompts)
{
	struct paths p;
	struct gem m;
	struct gguf_in in;
	struct err e = { 0 };
	paths(&p);
	gem_make(&m, 8, 1);
	sb_reset(&m.file[GEM_PROMPTS]);
	sb_cstr(&m.file[GEM_PROMPTS], "{\"prompts\":{\"query\":\"\",\"document\":null}}");
	bool ok = gem_zip(&m, p.zip);
	int rc = gemma_convert(p.zip, p.out, &e);
	ok = ok && gguf_in_read(&in, p.out);
	bool query = jv_is_str(jv_get(in.meta, "callm.prompt.query"));
	bool passage = jv_get(in.meta, "callm.prompt.passage") != NULL;
	gguf_in_done(&in);
	gem_done(&m);
	OK(rc);
	CHECK(ok && query && !passage);
}

/* ---- what is refused ---- */

static void config(struct gem *m, const char *from, const char *to)
{
	struct sb *b = &m->file[GEM_CONFIG], copy;
	ptrdiff_t at = sv_find(sb_sv(b), sv_of(from));
	ASSERT(at >= 0);
	sb_init(&copy, 8192);
	sb_put(&copy, sv_slice(sb_sv(b), 0, (size_t)at));
	sb_cstr(&copy, to);
	sb_put(&copy, sv_slice(sb_sv(b), (size_t)at + strlen(from), b->n));
	sb_reset(b);
	sb_put(b, sb_sv(&copy));
	sb_done(&copy);
}

static void rename_to(struct gem *m, const char *from, const char *to)
{
	struct gem_tensor *t = gem_find(m, from);
	(void)snprintf(t->name, sizeof(t->name), "%s", to);
	gem_pack(m, "F32");
}

static void rename_last(struct gem *m, const char *to)
{
	struct gem_tensor *t = &m->t.v[m->t.n - 1];
	(void)snprintf(t->name, sizeof(t->name), "%s", to);
	gem_pack(m, "F32");
}

/* Fewer columns or rows. */
static void shape(struct gem *m, size_t i, int rows, int cols)
{
	m->t.v[i].rows = rows;
	m->t.v[i].cols = cols;
	gem_pack(m, "F32");
}

static void put(struct sb *b, sv s)
{
	sb_reset(b);
	sb_put(b, s);
}

static void spoil(struct gem *m, int how)
{
	struct gem_tensor *words = gem_find(m, "embed_tokens.weight");
	switch (how) {
	case 0: config(m, "gemma3_text", "bert"); break;
	case 1: config(m, "attention\":true", "attention\":false"); break;
	case 2: config(m, "\"hidden_size\":64,", ""); break;
	case 3: config(m, "\"num_hidden_layers\":1", "\"num_hidden_layers\":-1"); break;
	case 4: config(m, "\"head_dim\":32", "\"head_dim\":1e30"); break;
	case 5: config(m, "pre_attn_scalar\":32", "pre_attn_scalar\":256"); break;
	case 6: put(&m->file[GEM_CONFIG], SV("{\"model_type\":")); break;
	case 7: sb_reset(&m->file[GEM_CONFIG]); break;
	case 8: sb_reset(&m->file[GEM_TOKENIZER]); break;
	case 9: sb_reset(&m->file[GEM_WEIGHTS]); break;
	case 10: put(&m->file[GEM_TOKENIZER], SV("no vocabulary")); break;
	case 11: put(&m->file[GEM_PROMPTS], SV("{")); break;
	case 12: put(&m->file[GEM_WEIGHTS], SV("short")); break;
	case 13: put(&m->file[GEM_WEIGHTS], SV("\xff\xff\xff\xff\xff\xff\xff\xff{}")); break;
	case 14: rename_to(m, "layers.0.mlp.up_proj.weight", "layers.0.mlp.new.weight"); break;
	case 15: rename_to(m, "norm.weight", "lm_head.weight"); break;
	case 16: rename_to(m, "norm.weight", "norm.bias"); break;
	case 17: shape(m, 2, GEM_WIDTH, 72); break;
	case 18: shape(m, 0, GEM_VOCAB - 1, GEM_WIDTH); break;
	case 19: words->x[77] = NAN; gem_pack(m, "F32"); break;
	case 20: words->x[77] = -INFINITY; gem_pack(m, "BF16"); break;
	case 21: m->t.v[m->t.n - 2].rows = 0; gem_pack(m, "F32"); break;
	case 22: rename_last(m, "linear.bias"); break;
	case 23: shape(m, m->t.n - 2, GEM_DENSE - 32, GEM_WIDTH); break;
	case 24: shape(m, m->t.n - 2, GEM_DENSE, GEM_WIDTH - 32); break;
	case 25: shape(m, m->t.n - 1, GEM_WIDTH - 32, GEM_DENSE); break;
	case 26: sb_reset(&m->file[GEM_DENSE_3]); break;
	case 27: sb_truncate(&m->file[GEM_WEIGHTS], m->file[GEM_WEIGHTS].n - 4); break;
	case 28: put(&m->file[GEM_WEIGHTS], SV("\2\0\0\0\0\0\0\0{}")); break;
	default: break;
	}
}

TEST(gemma_refuses)
{
	static const struct {
		int rc;
		const char *says;
	} t[] = {
		{ ERR_UNSUPPORTED, "holds no EmbeddingGemma" },
		{ ERR_UNSUPPORTED, "both directions" },
		{ ERR_CORRUPT, "hidden_size" },
		{ ERR_CORRUPT, "num_hidden_layers" },
		{ ERR_CORRUPT, "head_dim" },
		{ ERR_UNSUPPORTED, "query_pre_attn_scalar" },
		{ ERR_CORRUPT, "config.json" },
		{ ERR_NOTFOUND, "config.json" },
		{ ERR_NOTFOUND, "tokenizer.model" },
		{ ERR_NOTFOUND, "model.safetensors" },
		{ ERR_CORRUPT, "tokenizer.model" },
		{ ERR_CORRUPT, "config_sentence_transformers.json" },
		{ ERR_CORRUPT, "ends too soon" },
		{ ERR_CORRUPT, "a head of 18446744073709551615 bytes" },
		{ ERR_UNSUPPORTED, "unknown tensor layers.0.mlp.new.weight" },
		{ ERR_UNSUPPORTED, "unknown tensor lm_head.weight" },
		{ ERR_UNSUPPORTED, "unknown tensor norm.bias" },
		{ ERR_UNSUPPORTED, "rows of 72" },
		{ ERR_CORRUPT, "264 rows" },
		{ ERR_CORRUPT, "embed_tokens.weight" },
		{ ERR_CORRUPT, "embed_tokens.weight" },
		{ ERR_UNSUPPORTED, "2_Dense" },
		{ ERR_UNSUPPORTED, "3_Dense" },
		{ ERR_UNSUPPORTED, "3_Dense" },
		{ ERR_UNSUPPORTED, "2_Dense" },
		{ ERR_UNSUPPORTED, "3_Dense" },
		{ ERR_UNSUPPORTED, "3_Dense" },
		{ ERR_CORRUPT, "ends too soon" },
		{ ERR_NOTFOUND, "model.safetensors" },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct paths p;
		struct gem m;
		struct err e = { 0 };
		paths(&p);
		gem_make(&m, 7, 1);
		spoil(&m, (int)i);
		bool ok = gem_zip(&m, p.zip);
		gem_done(&m);
		int rc = gemma_convert(p.zip, p.out, &e);
		if (rc != t[i].rc)
			(void)printf("# %zu: %s\n", i, e.msg);
		CHECK(ok);
		EQ(rc, t[i].rc);
		HAS(sv_of(e.msg), t[i].says);
		CHECK(!file_exists(p.out) && !file_exists(p.tmp));
	}
}

/* An archive cut off anywhere is refused, or (within the list at its end) whole all the same. */
TEST(gemma_refuses_cut_archives)
{
	struct paths p;
	struct gem m;
	struct sb whole;
	paths(&p);
	gem_make(&m, 7, 1);
	sb_init(&whole, 8 << 20);
	gem_bytes(&m, &whole);
	/* where the last file begins, and its bytes */
	ptrdiff_t at = sv_find(sb_sv(&whole), sv_n(m.file[GEM_DENSE_3].p, 256));
	size_t last = m.file[GEM_DENSE_3].n;
	gem_done(&m);
	size_t refused = 0, bad = 0, n = 0;
	for (size_t cut = 0; at > 0 && cut < whole.n; cut += 1 + whole.n / 40, n++) {
		struct err e = { 0 };
		bool ok = gem_write(p.zip, sv_n(whole.p, cut));
		int rc = ok ? gemma_convert(p.zip, p.out, &e) : 0;
		refused += (rc == ERR_CORRUPT || rc == ERR_NOTFOUND) && e.msg[0];
		bad += (!rc && cut < (size_t)at + last) || (rc && file_exists(p.out)) ||
		       file_exists(p.tmp);
		(void)remove(p.out);
	}
	sb_done(&whole);
	CHECK(at > 0);
	EQ(bad, 0);
	CHECK(n >= 40 && refused >= n - 1);
}

/* A byte of the weights that has changed does not pass. */
TEST(gemma_refuses_changed_weights)
{
	struct paths p;
	struct gem m;
	struct sb whole;
	struct err e = { 0 };
	paths(&p);
	gem_make(&m, 7, 1);
	sb_init(&whole, 8 << 20);
	gem_bytes(&m, &whole);
	ptrdiff_t at = sv_find(sb_sv(&whole), sv_n(m.file[GEM_WEIGHTS].p, 256));
	size_t mid = (size_t)at + m.file[GEM_WEIGHTS].n / 2;
	gem_done(&m);
	whole.p[mid] ^= 1;
	bool ok = gem_write(p.zip, sb_sv(&whole));
	sb_done(&whole);
	int rc = gemma_convert(p.zip, p.out, &e);
	CHECK(ok);
	EQ(rc, ERR_CORRUPT);
	HAS(sv_of(e.msg), "m.zip");
	CHECK(!file_exists(p.out) && !file_exists(p.tmp));
}

TEST(gemma_refuses_other_files)
{
	struct paths p;
	struct gem m;
	struct err none = { 0 }, html = { 0 }, empty = { 0 }, folder = { 0 };
	char no[700];
	paths(&p);
	int rc_none = gemma_convert(p.zip, p.out, &none);
	bool ok = gem_write(p.zip, SV("<html>not found</html>"));
	int rc_html = gemma_convert(p.zip, p.out, &html);
	ok = ok && gem_write(p.zip, SV_NULL);
	int rc_empty = gemma_convert(p.zip, p.out, &empty);
	gem_make(&m, 7, 1);
	ok = ok && gem_zip(&m, p.zip);
	gem_done(&m);
	(void)snprintf(no, sizeof(no), "%s/no/m.gguf", t_tmpdir());
	int rc_folder = gemma_convert(p.zip, no, &folder);
	CHECK(ok);
	EQ(rc_none, ERR_NOTFOUND);
	HAS(sv_of(none.msg), "m.zip");
	EQ(rc_html, ERR_CORRUPT);
	HAS(sv_of(html.msg), "m.zip");
	CHECK(rc_empty == ERR_CORRUPT || rc_empty == ERR_NOTFOUND);
	HAS(sv_of(empty.msg), "m.zip");
	EQ(rc_folder, ERR_IO);
	HAS(sv_of(folder.msg), "No such file");
	CHECK(!file_exists(p.out) && !file_exists(p.tmp));
}

/* What was there before stays when the new one fails. */
TEST(gemma_keeps_the_old_file)
{
	struct paths p;
	struct err e = { 0 };
	struct sb b;
	paths(&p);
	bool ok = gem_write(p.zip, SV("no zip")) &&
		  gem_write(p.out, SV("the old one"));
	int rc = gemma_convert(p.zip, p.out, &e);
	sb_init(&b, 64);
	ok = ok && file_read(p.out, 64, &b, &e) == 0 && sv_eq(sb_sv(&b), SV("the old one"));
	sb_done(&b);
	EQ(rc, ERR_CORRUPT);
	CHECK(ok && !file_exists(p.tmp));
}

TEST(gemma_leaves_nothing_on_a_full_disk)
{
	struct paths p;
	struct gem m;
	struct err e = { 0 };
	struct rlimit was, small;
	paths(&p);
	gem_make(&m, 7, 1);
	bool ok = gem_zip(&m, p.zip);
	gem_done(&m);
	(void)getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 20000;
	void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &small);
	int rc = gemma_convert(p.zip, p.out, &e);
	(void)setrlimit(RLIMIT_FSIZE, &was);
	(void)signal(SIGXFSZ, old);
	CHECK(ok);
	EQ(rc, ERR_IO);
	HAS(sv_of(e.msg), "m.gguf.new cannot be written: File too large");
	CHECK(!file_exists(p.out) && !file_exists(p.tmp));
}
