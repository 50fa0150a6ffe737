/* whisper_convert.c: CTranslate2's Whisper files to whisper.cpp's.
 *
 * Both hold the same matrices, row by row, under other names; CTranslate2 has put query, key and
 * value of one attention under each other in one matrix. The biases of the key, which Whisper does
 * not have, are zeros there and are left out. Big matrices are stored as asked (q8_0 ...), the two
 * convolutions as 16-bit floats, all else as 32-bit floats: what whisper.cpp expects. The result is
 * written beside its place, checked, loaded once and then moved there. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "whisper_int.h"

enum { HEAD_MAX = 8 << 20, NAME_BYTES = 256, HEAD_DIM = 64 };

enum form { BIG, CONV, SMALL, BIAS2 }; /* BIAS2: 1 x n, of a convolution */

/* Where a tensor comes from: rows [part/parts .. (part+1)/parts) of a variable. */
struct rule {
	const char *to, *from;
	enum form form;
	int part, parts;
};

static const struct rule whole[] = {
	{ "encoder.positional_embedding", "encoder/position_encodings/encodings", SMALL, 0, 1 },
	{ "encoder.conv1.weight", "encoder/conv1/weight", CONV, 0, 1 },
	{ "encoder.conv1.bias", "encoder/conv1/bias", BIAS2, 0, 1 },
	{ "encoder.conv2.weight", "encoder/conv2/weight", CONV, 0, 1 },
	{ "encoder.conv2.bias", "encoder/conv2/bias", BIAS2, 0, 1 },
	{ "encoder.ln_post.weight", "encoder/layer_norm/gamma", SMALL, 0, 1 },
	{ "encoder.ln_post.bias", "encoder/layer_norm/beta", SMALL, 0, 1 },
	{ "decoder.positional_embedding", "decoder/position_encodings/encodings", SMALL, 0, 1 },
	{ "decoder.token_embedding.weight", "decoder/embeddings/weight", BIG, 0, 1 },
	{ "decoder.ln.weight", "decoder/layer_norm/gamma", SMALL, 0, 1 },
	{ "decoder.ln.bias", "decoder/layer_norm/beta", SMALL, 0, 1 },
};
/* Names after "<coder>.blocks.<i>." and "<coder>/layer_<i>/". */
static const struct rule block[] = {
	{ "attn_ln.weight", "self_attention/layer_norm/gamma", SMALL, 0, 1 },
	{ "attn_ln.bias", "self_attention/layer_norm/beta", SMALL, 0, 1 },
	{ "attn.query.weight", "self_attention/linear_0/weight", BIG, 0, 3 },
	{ "attn.query.bias", "self_attention/linear_0/bias", SMALL, 0, 3 },
	{ "attn.key.weight", "self_attention/linear_0/weight", BIG, 1, 3 },
	{ "attn.value.weight", "self_attention/linear_0/weight", BIG, 2, 3 },
	{ "attn.value.bias", "self_attention/linear_0/bias", SMALL, 2, 3 },
	{ "attn.out.weight", "self_attention/linear_1/weight", BIG, 0, 1 },
	{ "attn.out.bias", "self_attention/linear_1/bias", SMALL, 0, 1 },
	{ "mlp_ln.weight", "ffn/layer_norm/gamma", SMALL, 0, 1 },
	{ "mlp_ln.bias", "ffn/layer_norm/beta", SMALL, 0, 1 },
	{ "mlp.0.weight", "ffn/linear_0/weight", BIG, 0, 1 },
	{ "mlp.0.bias", "ffn/linear_0/bias", SMALL, 0, 1 },
	{ "mlp.2.weight", "ffn/linear_1/weight", BIG, 0, 1 },
	{ "mlp.2.bias", "ffn/linear_1/bias", SMALL, 0, 1 },
};
static const struct rule cross[] = {
	{ "cross_attn_ln.weight", "attention/layer_norm/gamma", SMALL, 0, 1 },
	{ "cross_attn_ln.bias", "attention/layer_norm/beta", SMALL, 0, 1 },
	{ "cross_attn.query.weight", "attention/linear_0/weight", BIG, 0, 1 },
	{ "cross_attn.query.bias", "attention/linear_0/bias", SMALL, 0, 1 },
	{ "cross_attn.key.weight", "attention/linear_1/weight", BIG, 0, 2 },
	{ "cross_attn.value.weight", "attention/linear_1/weight", BIG, 1, 2 },
	{ "cross_attn.value.bias", "attention/linear_1/bias", SMALL, 1, 2 },
	{ "cross_attn.out.weight", "attention/linear_2/weight", BIG, 0, 1 },
	{ "cross_attn.out.bias", "attention/linear_2/bias", SMALL, 0, 1 },
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct conv {
	struct ct2 *in;
	FILE *out;
	struct wh_quant big, f16, f32;
	struct sb head;
	struct err *e;
};

/* ---- one tensor ---- */

static int put_rows(struct conv *c, const struct ct2_var *v, const struct wh_quant *q,
		    const struct rule *r, size_t cols)
{
	size_t n = v->items / (size_t)r->parts, from = n * (size_t)r->part;
	size_t bytes = wh_quant_row_bytes(q, cols);
	float *row = xalloc(cols * sizeof(*row));
	void *packed = xalloc(bytes);
	int rc = 0;
	for (size_t i = 0; i < n && !rc; i += cols) {
		if (!ct2_floats(c->in, v, from + i, cols, row))
			rc = err_set(c->e, ERR_CORRUPT, "%s has no scale", v->name.p);
		else
			wh_quant_row(q, row, packed, cols);
		if (!rc && fwrite(packed, 1, bytes, c->out) != bytes)
			rc = err_set(c->e, ERR_IO, "cannot write: %s",
				     err_text(err_from_errno(errno)));
	}
	xfree(row);
	xfree(packed);
	return rc;
}

static int put_tensor(struct conv *c, const struct rule *r, const char *to, const char *from)
{
	const struct ct2_var *v = ct2_find(c->in, from);
	int32_t dims[4];
	int n = 0;
	if (!v || v->n_dims < 1 || v->n_dims > 3 || v->dims[0] % (uint32_t)r->parts)
		return err_set(c->e, ERR_CORRUPT, "the model has no usable %s", from);
	for (int i = v->n_dims - 1; i >= 0; i--)
		dims[n++] = (int32_t)(i ? v->dims[i] : v->dims[0] / (uint32_t)r->parts);
	size_t cols = (size_t)dims[0];
	if (r->form == BIAS2) {
		dims[n++] = dims[0];
		dims[0] = 1;
	}
	const struct wh_quant *q = r->form == BIG ? &c->big : r->form == CONV ? &c->f16 : &c->f32;
	if (r->form == BIG && cols % 32)
		return err_set(c->e, ERR_UNSUPPORTED, "%s: rows of %zu cannot be quantised", from,
			       cols);
	sb_reset(&c->head);
	wh_put_tensor(&c->head, to, q->type, dims, n);
	if (fwrite(c->head.p, 1, c->head.n, c->out) != c->head.n)
		return err_set(c->e, ERR_IO, "cannot write: %s", err_text(err_from_errno(errno)));
	return put_rows(c, v, q, r, cols);
}

static int put_layer(struct conv *c, const char *coder, int i, const struct rule *rules, size_t n)
{
	char to[NAME_BYTES], from[NAME_BYTES];
	int rc = 0;
	for (size_t k = 0; k < n && !rc; k++) {
		(void)snprintf(to, sizeof(to), "%s.blocks.%d.%s", coder, i, rules[k].to);
		(void)snprintf(from, sizeof(from), "%s/layer_%d/%s", coder, i, rules[k].from);
		rc = put_tensor(c, &rules[k], to, from);
	}
	return rc;
}

static int put_all(struct conv *c, const struct wh_shape *s)
{
	int rc = 0;
	for (size_t k = 0; k < COUNT(whole) && !rc; k++)
		rc = put_tensor(c, &whole[k], whole[k].to, whole[k].from);
	for (int i = 0; i < s->n_audio_layer && !rc; i++)
		rc = put_layer(c, "encoder", i, block, COUNT(block));
	for (int i = 0; i < s->n_text_layer && !rc; i++) {
		rc = put_layer(c, "decoder", i, block, COUNT(block));
		rc = rc ? rc : put_layer(c, "decoder", i, cross, COUNT(cross));
	}
	return rc;
}

/* ---- the shape ---- */

static int32_t dim(const struct conv *c, const char *name, int i)
{
	const struct ct2_var *v = ct2_find(c->in, name);
	return v && i < v->n_dims ? (int32_t)v->dims[i] : 0;
}

static int32_t layers(const struct conv *c, const char *coder)
{
	char name[NAME_BYTES];
	int32_t n = 0;
	do
		(void)snprintf(name, sizeof(name), "%s/layer_%d/ffn/linear_0/weight", coder, n++);
	while (ct2_find(c->in, name) && n < 100);
	return n - 1;
}

static int find_shape(struct conv *c, struct wh_shape *s)
{
	*s = (struct wh_shape){
		.n_vocab = dim(c, "decoder/embeddings/weight", 0),
		.n_audio_ctx = dim(c, "encoder/position_encodings/encodings", 0),
		.n_audio_state = dim(c, "encoder/position_encodings/encodings", 1),
		.n_audio_layer = layers(c, "encoder"),
		.n_text_ctx = dim(c, "decoder/position_encodings/encodings", 0),
		.n_text_state = dim(c, "decoder/position_encodings/encodings", 1),
		.n_text_layer = layers(c, "decoder"),
		.n_mels = dim(c, "encoder/conv1/weight", 1),
		.ftype = c->big.ftype,
	};
	/* All sizes of Whisper have heads of 64 (or one head, in tests). */
	s->n_audio_head = s->n_audio_state < HEAD_DIM ? 1 : s->n_audio_state / HEAD_DIM;
	s->n_text_head = s->n_audio_head;
	if (s->n_vocab <= 0 || s->n_audio_state <= 0 || s->n_audio_layer <= 0 ||
	    s->n_text_layer <= 0 || s->n_text_ctx <= 0 || (s->n_mels != 80 && s->n_mels != 128))
		return err_set(c->e, ERR_CORRUPT, "the model lacks parts that every Whisper has");
	return 0;
}

static int put_head(struct conv *c, const struct wh_shape *s, const char *tokenizer)
{
	struct arena a;
	struct sb b;
	sv *words = NULL;
	size_t n = 0;
	arena_init(&a, LIM_ARENA_BIG);
	sb_init(&b, HEAD_MAX);
	int rc = wh_vocab_read(tokenizer, &words, &n, &a, c->e);
	if (!rc && n >= (size_t)s->n_vocab)
		rc = err_set(c->e, ERR_CORRUPT, "%s has %zu tokens, the model only %d",
			     tokenizer, n, s->n_vocab);
	if (!rc) {
		wh_put_head(&b, s, words, n);
		rc = sb_err(&b);
	}
	if (!rc && fwrite(b.p, 1, b.n, c->out) != b.n)
		rc = err_set(c->e, ERR_IO, "cannot write: %s", err_text(err_from_errno(errno)));
	xfree(words);
	sb_done(&b);
	arena_done(&a);
	return rc;
}

static int convert(struct conv *c, const char *model, const char *tokenizer, const char *tmp)
{
	struct wh_shape s;
	int rc = ct2_open(&c->in, model, c->e);
	rc = rc ? rc : find_shape(c, &s);
	if (rc)
		return rc;
	c->out = fopen(tmp, "wbe");
	if (!c->out)
		return err_set(c->e, err_from_errno(errno), "%s cannot be written: %s", tmp,
			       err_text(err_from_errno(errno)));
	rc = put_head(c, &s, tokenizer);
	rc = rc ? rc : put_all(c, &s);
	if (!rc && (fflush(c->out) || fsync(fileno(c->out))))
		rc = err_set(c->e, ERR_IO, "%s cannot be written", tmp);
	if (fclose(c->out) && !rc)
		rc = err_set(c->e, ERR_IO, "%s cannot be written", tmp);
	return rc;
}

int wh_convert(const char *model, const char *tokenizer, const char *out, const char *quant,
	       struct err *e)
{
	struct conv c = { .e = e };
	struct wh *w = NULL;
	struct sb tmp;
	if (!wh_quant_find(quant, &c.big) || !wh_quant_find("f16", &c.f16) ||
	    !wh_quant_find("f32", &c.f32))
		return err_set(e, ERR_INVAL, "weights can be f16, q8_0 or q5_1, not %s", quant);
	sb_init(&c.head, 4096);
	sb_init(&tmp, 8192);
	sb_fmt(&tmp, "%s.new", out);
	int rc = convert(&c, model, tokenizer, sb_str(&tmp));
	rc = rc ? rc : wh_open(&w, sb_str(&tmp), e);
	wh_close(w);
	if (!rc && rename(sb_str(&tmp), out))
		rc = err_set(e, err_from_errno(errno), "%s cannot be written: %s", out,
			     err_text(err_from_errno(errno)));
	if (rc)
		(void)unlink(sb_str(&tmp));
	ct2_close(c.in);
	sb_done(&c.head);
	sb_done(&tmp);
	return rc;
}
