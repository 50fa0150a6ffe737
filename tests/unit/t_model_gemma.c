/* t_model_gemma.c: see t_model_gemma.h. The forward pass is written from the paper of Gemma 3
 * (arXiv 2503.19786) and EmbeddingGemma (arXiv 2509.20354), one text at a time, in no hurry. */
#include <archive.h>
#include <archive_entry.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t_model_gemma.h"

enum { FILE_MAX = 8 << 20 };

static const char *const names[GEM_FILES] = {
	"config.json",	   "1_Pooling/config.json",  "2_Dense/config.json",
	"config_sentence_transformers.json", "tokenizer.model", "model.safetensors",
	"2_Dense/model.safetensors",	     "3_Dense/model.safetensors" };

/* ---- weights ---- */

static void tensor(struct gem *m, struct rng *rng, enum gem_name file, const char *name, int rows,
		   int cols)
{
	struct gem_tensor *t = VEC_PUSH(&m->t, 256);
	size_t n = (size_t)cols * (size_t)(rows ? rows : 1);
	double size = rows ? 1 / sqrt(cols) : 0.3;
	ASSERT(t);
	(void)snprintf(t->name, sizeof(t->name), "%s", name);
	t->file = file;
	t->rows = rows;
	t->cols = cols;
	t->x = xalloc(n * sizeof(*t->x));
	for (size_t i = 0; i < n; i++)
		t->x[i] = (float)(size * rng_normal(rng));
}

/* A layer's, in the order of their names. */
enum part {
	NORM_IN,
	DOWN,
	GATE,
	UP,
	NORM_ATTENTION,
	NORM_OUT,
	NORM_FORWARD,
	NORM_K,
	K,
	O,
	NORM_Q,
	Q,
	V,
	PARTS
};

static void layer(struct gem *m, struct rng *rng, int i)
{
	static const struct {
		const char *name;
		int rows, cols;
	} parts[PARTS] = { [NORM_IN] = { "input_layernorm", 0, GEM_WIDTH },
			   [DOWN] = { "mlp.down_proj", GEM_WIDTH, GEM_INNER },
			   [GATE] = { "mlp.gate_proj", GEM_INNER, GEM_WIDTH },
			   [UP] = { "mlp.up_proj", GEM_INNER, GEM_WIDTH },
			   [NORM_ATTENTION] = { "post_attention_layernorm", 0, GEM_WIDTH },
			   [NORM_OUT] = { "post_feedforward_layernorm", 0, GEM_WIDTH },
			   [NORM_FORWARD] = { "pre_feedforward_layernorm", 0, GEM_WIDTH },
			   [NORM_K] = { "self_attn.k_norm", 0, GEM_HEAD },
			   [K] = { "self_attn.k_proj", GEM_HEAD, GEM_WIDTH },
			   [O] = { "self_attn.o_proj", GEM_WIDTH, GEM_HEADS * GEM_HEAD },
			   [NORM_Q] = { "self_attn.q_norm", 0, GEM_HEAD },
			   [Q] = { "self_attn.q_proj", GEM_HEADS * GEM_HEAD, GEM_WIDTH },
			   [V] = { "self_attn.v_proj", GEM_HEAD, GEM_WIDTH } };
	for (int k = 0; k < PARTS; k++) {
		char name[64];
		(void)snprintf(name, sizeof(name), "layers.%d.%s.weight", i, parts[k].name);
		tensor(m, rng, GEM_WEIGHTS, name, parts[k].rows, parts[k].cols);
	}
}

static void put_half(struct sb *b, float f, const char *form)
{
	uint32_t u;
	memcpy(&u, &f, sizeof(u));
	uint16_t h = (uint16_t)(u >> 16); /* BF16, towards zero */
	if (!strcmp(form, "F16")) {
		int exp = (int)(u >> 23 & 0xff) - 112;
		uint32_t bits = (u >> 16 & 0x8000) | (uint32_t)exp << 10 | (u >> 13 & 0x3ff);
		h = exp < 1 ? 0 : (uint16_t)bits;
	}
	sb_put(b, sv_n((const char *)&h, 2));
}

static void pack(struct gem *m, enum gem_name file, const char *form)
{
	struct sb head, data, *out = &m->file[file];
	const char *sep = "{\"__metadata__\":{\"format\":\"pt\"},";
	sb_init(&head, FILE_MAX);
	sb_init(&data, FILE_MAX);
	for (size_t k = 0; k < m->t.n; k++) {
		const struct gem_tensor *t = &m->t.v[k];
		if (t->file != file)
			continue;
		size_t from = data.n, n = (size_t)t->cols * (size_t)(t->rows ? t->rows : 1);
		if (!strcmp(form, "F32"))
			sb_put(&data, sv_n((const char *)t->x, n * sizeof(*t->x)));
		else
			for (size_t i = 0; i < n; i++)
				put_half(&data, t->x[i], form);
		sb_fmt(&head, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", sep, t->name, form);
		if (t->rows)
			sb_fmt(&head, "%d,", t->rows);
		sb_fmt(&head, "%d],\"data_offsets\":[%zu,%zu]}", t->cols, from, data.n);
		sep = ",";
	}
	sb_cstr(&head, "}");
	sb_reset(out);
	for (int i = 0; i < 8; i++)
		sb_ch(out, (char)(head.n >> (8 * i)));
	sb_put(out, sb_sv(&head));
	sb_put(out, sb_sv(&data));
	sb_done(&head);
	sb_done(&data);
}

void gem_pack(struct gem *m, const char *form)
{
	pack(m, GEM_WEIGHTS, form);
	pack(m, GEM_DENSE_2, "BF16");
	pack(m, GEM_DENSE_3, "F16");
}

/* ---- the vocabulary: short pieces, so lengths fit one byte ---- */

static void piece(struct sb *b, sv s, float score, int type)
{
	sb_ch(b, 1 << 3 | 2);
	sb_ch(b, (char)(s.n + 9));
	sb_ch(b, 1 << 3 | 2);
	sb_ch(b, (char)s.n);
	sb_put(b, s);
	sb_ch(b, 2 << 3 | 5);
	sb_put(b, sv_n((const char *)&score, 4));
	sb_ch(b, 3 << 3);
	sb_ch(b, (char)type);
}

static void vocabulary(struct sb *b)
{
	piece(b, SV("<pad>"), 0, 3);
	piece(b, SV("<eos>"), 0, 3);
	piece(b, SV("<bos>"), 0, 3);
	piece(b, SV("<unk>"), 0, 2);
	for (int i = 0; i < 256; i++) {
		char name[8];
		(void)snprintf(name, sizeof(name), "<0x%02X>", i);
		piece(b, sv_of(name), 0, 6);
	}
	piece(b, SV("\xe2\x96\x81"), -1, 1);
	piece(b, SV("\xe2\x96\x81\xe2\x96\x81"), 0, 4);
	piece(b, SV("a"), -3, 1);
	piece(b, SV("b"), -4, 1);
	piece(b, SV("ab"), -2, 1);
}

int gem_ids(sv text, int ids[GEM_TOKENS])
{
	static const struct {
		sv s;
		int id;
	} known[] = { { { "  ", 2 }, GEM_TWO_SPACES },
		      { { " ", 1 }, GEM_SPACE },
		      { { "ab", 2 }, GEM_AB },
		      { { "a", 1 }, GEM_A },
		      { { "b", 1 }, GEM_B } };
	int n = 0;
	ids[n++] = 2;
	while (text.n && n < GEM_TOKENS - 1) {
		size_t len = 1;
		ids[n] = GEM_BYTES + (unsigned char)*text.p;
		for (size_t k = sizeof(known) / sizeof(known[0]); k; k--)
			if (sv_starts(text, known[k - 1].s)) {
				ids[n] = known[k - 1].id;
				len = known[k - 1].s.n;
			}
		text = sv_slice(text, len, text.n);
		n++;
	}
	ids[n++] = 1;
	return n;
}

/* ---- the archive ---- */

void gem_make(struct gem *m, uint64_t seed, int layers)
{
	struct rng rng;
	rng_seed(&rng, seed);
	*m = (struct gem){ .folder = "model/", .layers = layers };
	for (int i = 0; i < GEM_FILES; i++)
		sb_init(&m->file[i], FILE_MAX);
	tensor(m, &rng, GEM_WEIGHTS, "embed_tokens.weight", GEM_VOCAB, GEM_WIDTH);
	for (int i = 0; i < layers; i++)
		layer(m, &rng, i);
	tensor(m, &rng, GEM_WEIGHTS, "norm.weight", 0, GEM_WIDTH);
	tensor(m, &rng, GEM_DENSE_2, "linear.weight", GEM_DENSE, GEM_WIDTH);
	tensor(m, &rng, GEM_DENSE_3, "linear.weight", GEM_WIDTH, GEM_DENSE);
	gem_pack(m, "F32");
	vocabulary(&m->file[GEM_TOKENIZER]);
	sb_fmt(&m->file[GEM_CONFIG],
	       "{\"model_type\":\"gemma3_text\",\"use_bidirectional_attention\":true,"
	       "\"hidden_size\":%d,\"num_hidden_layers\":%d,\"intermediate_size\":%d,"
	       "\"num_attention_heads\":%d,\"num_key_value_heads\":1,\"head_dim\":%d,"
	       "\"query_pre_attn_scalar\":%d,\"max_position_embeddings\":%d,"
	       "\"sliding_window\":%d,\"rms_norm_eps\":1e-06,\"rope_theta\":%d.0,"
	       "\"rope_local_base_freq\":10000.0,\"bos_token_id\":2,\"eos_token_id\":1,"
	       "\"pad_token_id\":0,\"vocab_size\":%d}",
	       GEM_WIDTH, layers, GEM_INNER, GEM_HEADS, GEM_HEAD, GEM_HEAD, GEM_TOKENS,
	       GEM_WINDOW, GEM_BASE, GEM_VOCAB);
	sb_cstr(&m->file[GEM_POOLING_CONFIG], "{\"pooling_mode_mean_tokens\":true}");
	sb_cstr(&m->file[GEM_DENSE_CONFIG], "{\"bias\":false}");
	sb_cstr(&m->file[GEM_PROMPTS],
		"{\"prompts\":{\"query\":\"" GEM_QUERY "\",\"document\":\"" GEM_PASSAGE "\"}}");
}

void gem_done(struct gem *m)
{
	for (size_t i = 0; i < m->t.n; i++)
		xfree(m->t.v[i].x);
	VEC_FREE(&m->t);
	for (int i = 0; i < GEM_FILES; i++)
		sb_done(&m->file[i]);
}

static la_ssize_t to_sb(struct archive *a, void *arg, const void *p, size_t n)
{
	(void)a;
	sb_put(arg, sv_n(p, n));
	return (la_ssize_t)n;
}

void gem_bytes(const struct gem *m, struct sb *out)
{
	struct archive *z = archive_write_new();
	(void)archive_write_set_format_zip(z);
	(void)archive_write_set_options(z, m->deflate ? "zip:compression=deflate" :
							"zip:compression=store");
	(void)archive_write_set_bytes_per_block(z, 0);
	(void)archive_write_open(z, out, NULL, to_sb, NULL);
	for (int i = 0; i < GEM_FILES; i++) {
		struct archive_entry *en = archive_entry_new();
		char name[128];
		(void)snprintf(name, sizeof(name), "%s%s", m->folder, names[i]);
		archive_entry_set_pathname(en, name);
		archive_entry_set_size(en, (la_int64_t)m->file[i].n);
		archive_entry_set_filetype(en, AE_IFREG);
		archive_entry_set_perm(en, 0644);
		if (m->file[i].n && archive_write_header(z, en) == ARCHIVE_OK)
			(void)archive_write_data(z, m->file[i].p, m->file[i].n);
		archive_entry_free(en);
	}
	(void)archive_write_close(z);
	(void)archive_write_free(z);
}

bool gem_write(const char *path, sv bytes)
{
	FILE *f = fopen(path, "wbe");
	bool ok = f && fwrite(bytes.n ? bytes.p : "", 1, bytes.n, f) == bytes.n;
	return f && fclose(f) == 0 && ok;
}

bool gem_zip(const struct gem *m, const char *path)
{
	struct sb b;
	sb_init(&b, FILE_MAX);
	gem_bytes(m, &b);
	bool ok = !sb_err(&b) && gem_write(path, sb_sv(&b));
	sb_done(&b);
	return ok;
}

/* ---- the forward pass ---- */

struct gem_tensor *gem_find(struct gem *m, const char *name)
{
	for (size_t i = 0; i < m->t.n; i++)
		if (!strcmp(m->t.v[i].name, name))
			return &m->t.v[i];
	return NULL;
}

static const struct gem_tensor *part(const struct gem *m, int i, enum part p)
{
	return &m->t.v[1 + i * PARTS + p];
}

static void times(const struct gem_tensor *t, const double *x, double *y)
{
	const float *w = t->x;
	for (int r = 0; r < t->rows; r++, w += t->cols) {
		double sum = 0;
		for (int c = 0; c < t->cols; c++)
			sum += (double)w[c] * x[c];
		y[r] = sum;
	}
}

/* y = x by the root of its mean square, times 1 + w. */
static void norm(const struct gem_tensor *t, const double *x, double *y)
{
	double sum = 0;
	for (int i = 0; i < t->cols; i++)
		sum += x[i] * x[i];
	sum = 1 / sqrt(sum / t->cols + 1e-6);
	for (int i = 0; i < t->cols; i++)
		y[i] = x[i] * sum * (1 + (double)t->x[i]);
}

static void rope(double *x, int pos, double base)
{
	for (int i = 0; i < GEM_HEAD / 2; i++) {
		double a = pos * pow(base, -2.0 * i / GEM_HEAD), c = cos(a), s = sin(a);
		double lo = x[i], hi = x[i + GEM_HEAD / 2];
		x[i] = lo * c - hi * s;
		x[i + GEM_HEAD / 2] = hi * c + lo * s;
	}
}

struct pass {
	int n;
	double x[GEM_TOKENS][GEM_WIDTH], q[GEM_TOKENS][GEM_HEADS][GEM_HEAD];
	double k[GEM_TOKENS][GEM_HEAD], v[GEM_TOKENS][GEM_HEAD];
};

static void look(const struct pass *p, int i, int head, bool everywhere, double *out)
{
	double w[GEM_TOKENS], sum = 0;
	for (int j = 0; j < p->n; j++) {
		double dot = 0;
		for (int d = 0; d < GEM_HEAD; d++)
			dot += p->q[i][head][d] * p->k[j][d];
		w[j] = everywhere || abs(i - j) <= GEM_WINDOW / 2 ? exp(dot / sqrt(GEM_HEAD)) : 0;
		sum += w[j];
	}
	for (int d = 0; d < GEM_HEAD; d++) {
		out[d] = 0;
		for (int j = 0; j < p->n; j++)
			out[d] += w[j] / sum * p->v[j][d];
	}
}

static void attention(const struct gem *m, struct pass *p, int l)
{
	bool everywhere = l % 6 == 5;
	double base = everywhere ? GEM_BASE : 1e4, h[GEM_WIDTH], y[GEM_WIDTH];
	for (int i = 0; i < p->n; i++) {
		norm(part(m, l, NORM_IN), p->x[i], h);
		times(part(m, l, Q), h, p->q[i][0]);
		times(part(m, l, K), h, p->k[i]);
		times(part(m, l, V), h, p->v[i]);
		for (int a = 0; a < GEM_HEADS; a++) {
			norm(part(m, l, NORM_Q), p->q[i][a], p->q[i][a]);
			rope(p->q[i][a], i, base);
		}
		norm(part(m, l, NORM_K), p->k[i], p->k[i]);
		rope(p->k[i], i, base);
	}
	for (int i = 0; i < p->n; i++) {
		for (int a = 0; a < GEM_HEADS; a++)
			look(p, i, a, everywhere, h + a * GEM_HEAD);
		times(part(m, l, O), h, y);
		norm(part(m, l, NORM_ATTENTION), y, y);
		for (int d = 0; d < GEM_WIDTH; d++)
			p->x[i][d] += y[d];
	}
}

static void feed_forward(const struct gem *m, struct pass *p, int l)
{
	double h[GEM_WIDTH], g[GEM_INNER], u[GEM_INNER];
	for (int i = 0; i < p->n; i++) {
		norm(part(m, l, NORM_FORWARD), p->x[i], h);
		times(part(m, l, GATE), h, g);
		times(part(m, l, UP), h, u);
		for (int d = 0; d < GEM_INNER; d++) /* GELU by tanh */
			u[d] *= 0.5 * g[d] *
				(1 + tanh(sqrt(2 / M_PI) * (g[d] + 0.044715 * pow(g[d], 3))));
		times(part(m, l, DOWN), u, h);
		norm(part(m, l, NORM_OUT), h, h);
		for (int d = 0; d < GEM_WIDTH; d++)
			p->x[i][d] += h[d];
	}
}

void gem_vector(struct gem *m, const int *ids, int n, float *v)
{
	struct pass *p = xalloc(sizeof(*p));
	const struct gem_tensor *words = gem_find(m, "embed_tokens.weight");
	const struct gem_tensor *last = gem_find(m, "norm.weight");
	double mean[GEM_WIDTH] = { 0 }, h[GEM_WIDTH], wide[GEM_DENSE], sum = 0;
	p->n = n;
	for (int i = 0; i < n; i++)
		for (int d = 0; d < GEM_WIDTH; d++)
			p->x[i][d] = (double)words->x[ids[i] * GEM_WIDTH + d] * sqrt(GEM_WIDTH);
	for (int l = 0; l < m->layers; l++) {
		attention(m, p, l);
		feed_forward(m, p, l);
	}
	for (int i = 0; i < n; i++) {
		norm(last, p->x[i], h);
		for (int d = 0; d < GEM_WIDTH; d++)
			mean[d] += h[d] / n;
	}
	times(last + 1, mean, wide);
	times(last + 2, wide, h);
	for (int d = 0; d < GEM_WIDTH; d++)
		sum += h[d] * h[d];
	for (int d = 0; d < GEM_WIDTH; d++)
		v[d] = (float)(h[d] / sqrt(sum));
	xfree(p);
}
