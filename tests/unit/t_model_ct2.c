/* t_model_ct2.c: see t_model_ct2.h. */
#include "t_model_ct2.h"

#include <stdio.h>

#include "t.h"

static void put(struct sb *b, uint32_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		sb_ch(b, (char)(v >> (8 * i)));
}

static void put_str(struct sb *b, const char *s)
{
	put(b, (uint32_t)strlen(s) + 1, 2);
	sb_put(b, sv_n(s, strlen(s) + 1));
}

void t_ct2_begin(struct t_ct2 *c, uint32_t version)
{
	*c = (struct t_ct2){ .version = version };
	sb_init(&c->b, 64 << 20);
	put(&c->b, version, 4);
	put_str(&c->b, "WhisperSpec");
	put(&c->b, 3, 4);
	put(&c->b, 0, 4); /* number of variables: t_ct2_end */
}

static uint32_t size_of(enum ct2_type t)
{
	static const uint32_t bytes[] = { 4, 1, 2, 4, 2, 2 };
	return bytes[t];
}

/* A number near 0 in each format: halves and bfloats with random low bits. */
static void put_random(struct sb *b, enum ct2_type t)
{
	double x = (rng_unit(t_rng()) - 0.5) * 0.2;
	float f = (float)x;
	uint32_t bits;
	memcpy(&bits, &f, 4);
	if (t == CT2_F32)
		put(b, bits, 4);
	else if (t == CT2_BF16)
		put(b, bits >> 16, 2);
	else if (t == CT2_F16) /* exponent 8..11 of 15: 2^-7 .. 2^-4 */
		put(b, (uint32_t)(x < 0) << 15 | (8 + (bits & 3)) << 10 | ((bits >> 3) & 1023), 2);
	else
		put(b, (uint32_t)(int32_t)(x * 1000), (int)size_of(t));
}

void t_ct2_var(struct t_ct2 *c, const char *name, const uint32_t *dims, enum ct2_type type,
	       const void *data)
{
	uint32_t rank = 0, items = 1;
	while (dims[rank])
		items *= dims[rank++];
	put_str(&c->b, name);
	put(&c->b, rank, 1);
	for (uint32_t i = 0; i < rank; i++)
		put(&c->b, dims[i], 4);
	put(&c->b, c->version >= 4 ? (uint32_t)type : size_of(type), 1);
	put(&c->b, c->version >= 4 ? items * size_of(type) : items, 4);
	if (data)
		sb_put(&c->b, sv_n(data, items * size_of(type)));
	for (uint32_t i = 0; !data && i < items; i++)
		put_random(&c->b, type);
	c->n++;
}

void t_ct2_end(struct t_ct2 *c, const char *alias, const char *target)
{
	size_t at = 4 + 2 + sizeof("WhisperSpec") + 4;
	put(&c->b, alias ? 1 : 0, 4);
	if (alias) {
		put_str(&c->b, alias);
		put_str(&c->b, target);
	}
	for (size_t i = 0; i < 4; i++)
		c->b.p[at + i] = (char)(c->n >> (8 * i));
	ASSERT(!sb_err(&c->b));
}

/* ---- a model ---- */

static void var(struct t_ct2 *c, const char *at, const char *name, enum ct2_type type, uint32_t a,
		uint32_t b, uint32_t d)
{
	char full[200];
	uint32_t dims[4] = { a, b, d, 0 };
	(void)snprintf(full, sizeof(full), "%s%s", at, name);
	bool quantised = (type == CT2_I8 || type == CT2_I16) && b;
	if ((type == CT2_I8 || type == CT2_I16) && !b)
		type = CT2_F32;
	t_ct2_var(c, full, dims, type, NULL);
	if (!quantised)
		return;
	float *scale = xalloc(a * sizeof(float));
	for (uint32_t i = 0; i < a; i++)
		scale[i] = 1000.0f + (float)i;
	uint32_t rows[2] = { a, 0 };
	(void)snprintf(full, sizeof(full), "%s%s_scale", at, name);
	t_ct2_var(c, full, rows, CT2_F32, scale);
	xfree(scale);
}

static void norm(struct t_ct2 *c, const char *at, const char *name)
{
	char full[200];
	(void)snprintf(full, sizeof(full), "%s%s/gamma", at, name);
	var(c, full, "", CT2_F32, T_STATE, 0, 0);
	(void)snprintf(full, sizeof(full), "%s%s/beta", at, name);
	var(c, full, "", CT2_F32, T_STATE, 0, 0);
}

static void linear(struct t_ct2 *c, const char *at, const char *name, enum ct2_type t, uint32_t out,
		   uint32_t in)
{
	char full[200];
	(void)snprintf(full, sizeof(full), "%s%s/weight", at, name);
	var(c, full, "", t, out, in, 0);
	(void)snprintf(full, sizeof(full), "%s%s/bias", at, name);
	var(c, full, "", CT2_F32, out, 0, 0);
}

static void layer(struct t_ct2 *c, const char *coder, int i, enum ct2_type t)
{
	char at[100];
	(void)snprintf(at, sizeof(at), "%s/layer_%d/", coder, i);
	norm(c, at, "self_attention/layer_norm");
	linear(c, at, "self_attention/linear_0", t, 3 * T_STATE, T_STATE);
	linear(c, at, "self_attention/linear_1", t, T_STATE, T_STATE);
	norm(c, at, "ffn/layer_norm");
	linear(c, at, "ffn/linear_0", t, 4 * T_STATE, T_STATE);
	linear(c, at, "ffn/linear_1", t, T_STATE, 4 * T_STATE);
	if (coder[0] != 'd')
		return;
	norm(c, at, "attention/layer_norm");
	linear(c, at, "attention/linear_0", t, T_STATE, T_STATE);
	linear(c, at, "attention/linear_1", t, 2 * T_STATE, T_STATE);
	linear(c, at, "attention/linear_2", t, T_STATE, T_STATE);
}

static void write_tokenizer(const char *dir)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char path[600];
	struct sb b;
	sb_init(&b, 8 << 20);
	sb_cstr(&b, "{\"added_tokens\":[{\"id\":50257,\"content\":\"<|endoftext|>\"}],"
		    "\"model\":{\"vocab\":{");
	for (int i = 0; i < T_WORDS; i++)
		sb_fmt(&b, "%s\"%s%c%c%c\":%d", i ? "," : "", i % 3 ? "" : "\xC4\xA0",
		       letters[i % 62], letters[i / 62 % 62], letters[i / 3844], i);
	sb_cstr(&b, "}}}");
	(void)snprintf(path, sizeof(path), "%s/tokenizer.json", dir);
	ASSERT(!sb_err(&b) && file_write(path, sb_sv(&b), NULL) == 0);
	sb_done(&b);
}

void t_ct2_model(const char *dir, enum ct2_type t)
{
	struct t_ct2 c;
	char path[600];
	t_ct2_begin(&c, 6);
	var(&c, "encoder/", "position_encodings/encodings", CT2_F32, 1500, T_STATE, 0);
	var(&c, "encoder/", "conv1/weight", CT2_F16, T_STATE, 80, 3);
	var(&c, "encoder/", "conv1/bias", CT2_F32, T_STATE, 0, 0);
	var(&c, "encoder/", "conv2/weight", CT2_F16, T_STATE, T_STATE, 3);
	var(&c, "encoder/", "conv2/bias", CT2_F32, T_STATE, 0, 0);
	norm(&c, "encoder/", "layer_norm");
	var(&c, "decoder/", "position_encodings/encodings", CT2_F32, 448, T_STATE, 0);
	var(&c, "decoder/", "token_embedding", t, T_VOCAB, T_STATE, 0);
	norm(&c, "decoder/", "layer_norm");
	for (int i = 0; i < T_ENCODERS; i++)
		layer(&c, "encoder", i, t);
	for (int i = 0; i < T_DECODERS; i++)
		layer(&c, "decoder", i, t);
	t_ct2_end(&c, "decoder/embeddings/weight", "decoder/token_embedding");
	(void)snprintf(path, sizeof(path), "%s/model.bin", dir);
	ASSERT(file_write(path, sb_sv(&c.b), NULL) == 0);
	sb_done(&c.b);
	write_tokenizer(dir);
}
