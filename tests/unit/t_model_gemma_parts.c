/* t_model_gemma_parts.c: the vocabulary of sentencepiece and the head of safetensors: all that
 * may stand there, cut off at each byte, with each bit turned. */
#include <math.h>
#include <stdio.h>

#include "t.h"
#include "gemma_parts.h"
#include "t_model_gguf.h"

/* ---- a vocabulary ---- */

static void varint(struct sb *b, uint64_t v)
{
	for (; v > 127; v >>= 7)
		sb_ch(b, (char)(v | 0x80));
	sb_ch(b, (char)v);
}

static void text(struct sb *b, int no, sv s)
{
	varint(b, (uint64_t)no << 3 | 2);
	varint(b, s.n);
	sb_put(b, s);
}

static void piece(struct sb *b, sv name, float score, int type)
{
	struct sb m;
	sb_init(&m, 8192);
	text(&m, 1, name);
	varint(&m, 2 << 3 | 5);
	sb_put(&m, sv_n((const char *)&score, 4));
	if (type) {
		varint(&m, 3 << 3);
		varint(&m, (uint64_t)type);
	}
	text(b, 1, sb_sv(&m));
	sb_done(&m);
}

/* Fields nobody reads, of each wire type. */
static void unknown(struct sb *b)
{
	text(b, 2, SV("trainer"));
	varint(b, 900 << 3);
	varint(b, UINT64_MAX);
	varint(b, 901 << 3 | 1);
	sb_put(b, SV("12345678"));
	varint(b, 902 << 3 | 5);
	sb_put(b, SV("1234"));
}

static void vocabulary(struct sb *b)
{
	sb_init(b, 65536);
	piece(b, SV("<pad>"), 0, 3);
	piece(b, SV("<unk>"), 0, 2);
	unknown(b);
	piece(b, SV("\xe2\x96\x81one\xe2\x96\x81"), -1.5f, 0); /* 0: none is written, it is 1 */
	piece(b, SV("\xe2\x96\x81\xe2\x96\x81"), -2, 4);
	piece(b, SV("a\xe2\x96\x81" "b\xe2\x96"), 0, 4); /* the last mark is half a one */
	piece(b, SV("<0x0A>"), 0, 6);
	piece(b, SV("gone"), 0, 5);
}

TEST(gemma_vocab_reads)
{
	struct gemma_vocab v;
	struct err e = { 0 };
	struct sb b;
	vocabulary(&b);
	unknown(&b);
	int rc = gemma_vocab_read(&v, sb_sv(&b), &e);
	sb_done(&b); /* pieces are copies */
	static const int types[] = { 3, 2, 1, 4, 4, 6, 5 };
	bool ok = !rc && v.n == 7;
	for (size_t i = 0; ok && i < 7; i++)
		ok = v.type[i] == types[i];
	ok = ok && sv_eq(v.piece[0], SV("<pad>")) &&
	     sv_eq(v.piece[2], SV("\xe2\x96\x81one\xe2\x96\x81")) && v.score[2] == -1.5f &&
	     sv_eq(v.piece[3], SV("  ")) && sv_eq(v.piece[4], SV("a b\xe2\x96")) &&
	     sv_eq(v.piece[5], SV("<0x0A>")) && sv_eq(v.piece[6], SV("gone"));
	gemma_vocab_done(&v);
	OK(rc);
	CHECK(ok);
}

/* A file cut off at any byte has fewer pieces or is damaged. */
TEST(gemma_vocab_cut_anywhere)
{
	struct sb b;
	size_t ends = 0, most = 0;
	vocabulary(&b);
	bool ok = true;
	for (size_t n = 0; n < b.n && ok; n++) {
		struct gemma_vocab v;
		struct err e = { 0 };
		char *exact = xstrdup(sv_n(b.p, n)); /* so that reading past it is seen */
		int rc = gemma_vocab_read(&v, sv_n(exact, n), &e);
		ok = rc ? rc == ERR_CORRUPT && e.msg[0] : v.n <= 7 && v.n >= most;
		most = rc ? most : v.n;
		ends += !rc;
		gemma_vocab_done(&v);
		xfree(exact);
	}
	sb_done(&b);
	CHECK(ok);
	EQ(most, 6);
	EQ(ends, 6 + 4); /* after each of the first six pieces and of the unknown fields */
}

TEST(gemma_vocab_with_each_bit_turned)
{
	struct sb b;
	size_t read = 0;
	vocabulary(&b);
	bool ok = true;
	for (size_t i = 0; i < b.n * 8 && ok; i++) {
		struct gemma_vocab v;
		struct err e = { 0 };
		b.p[i / 8] ^= (char)(1 << i % 8);
		int rc = gemma_vocab_read(&v, sb_sv(&b), &e);
		ok = !rc || (rc == ERR_CORRUPT && e.msg[0]);
		for (size_t k = 0; !rc && k < v.n; k++)
			ok = ok && v.type[k] >= 1 && v.type[k] <= 6 && v.piece[k].n;
		read += !rc;
		gemma_vocab_done(&v);
		b.p[i / 8] ^= (char)(1 << i % 8);
	}
	sb_done(&b);
	CHECK(ok);
	CHECK(read > 100);
}

static int vocab_rc(sv bytes, struct err *e)
{
	struct gemma_vocab v;
	int rc = gemma_vocab_read(&v, bytes, e);
	gemma_vocab_done(&v);
	return rc;
}

TEST(gemma_vocab_refuses)
{
	static const struct {
		const char *what;
		sv bytes;
	} t[] = {
		{ "nothing", { "", 0 } },
		{ "no piece", { "\x12\x01x", 3 } },
		{ "a group", { "\x0b\x0c", 2 } },
		{ "field 0", { "\x02\x00", 2 } },
		{ "a piece that is a number", { "\x08\x05", 2 } },
		{ "a piece without a name", { "\x0a\x00", 2 } },
		{ "type 7", { "\x0a\x05\x0a\x01x\x18\x07", 7 } },
		{ "type 0", { "\x0a\x05\x0a\x01x\x18\x00", 7 } },
		{ "type 2^32 + 1", { "\x0a\x09\x0a\x01x\x18\x81\x80\x80\x80\x10", 11 } },
		{ "a longer piece than the file", { "\x0a\x7f\x0a\x01x", 5 } },
		{ "a length of 2^63", { "\x0a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01x", 12 } },
		{ "a number without end",
		  { "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 14 } },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = { 0 };
		int rc = vocab_rc(t[i].bytes, &e);
		if (rc != ERR_CORRUPT)
			(void)printf("# %s\n", t[i].what);
		EQ(rc, ERR_CORRUPT);
		HAS(sv_of(e.msg), "tokenizer.model");
	}
}

TEST(gemma_vocab_has_limits)
{
	struct sb b, name;
	struct err e = { 0 };
	sb_init(&b, 64 << 20);
	sb_init(&name, 8192);
	for (int i = 0; i < 4096; i++)
		sb_ch(&name, 'x');
	piece(&b, sb_sv(&name), 0, 1);
	int fits = vocab_rc(sb_sv(&b), &e);
	sb_ch(&name, 'x');
	piece(&b, sb_sv(&name), 0, 1);
	int longer = vocab_rc(sb_sv(&b), &e);
	sb_reset(&b);
	for (int i = 0; i <= 1 << 20; i++)
		sb_put(&b, SV("\x0a\x03\x0a\x01x"));
	int many = vocab_rc(sb_sv(&b), &e);
	sb_done(&b);
	sb_done(&name);
	OK(fits);
	EQ(longer, ERR_CORRUPT);
	EQ(many, ERR_CORRUPT);
	HAS(sv_of(e.msg), "1048577 pieces");
}

/* ---- the head of weights ---- */

static int head_rc(const char *json, struct err *e)
{
	struct st_head h = { 0 };
	int rc = st_head_read(&h, sv_of(json), e);
	VEC_FREE(&h.v);
	return rc;
}

TEST(safetensors_head_reads)
{
	static const char json[] =
		"{\"__metadata__\":{\"format\":\"pt\"},"
		"\"c\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[44,50]},"
		"\"a\":{\"dtype\":\"F32\",\"shape\":[2,4],\"data_offsets\":[0,32]},"
		"\"b\":{\"dtype\":\"F16\",\"shape\":[1,6],\"data_offsets\":[32,44]}}";
	struct st_head h = { 0 };
	struct err e = { 0 };
	int rc = st_head_read(&h, sv_of(json), &e);
	bool ok = !rc && h.v.n == 3;
	ok = ok && !strcmp(h.v.v[0].name, "a") && !strcmp(h.v.v[1].name, "b") &&
	     !strcmp(h.v.v[2].name, "c"); /* as they lie in the file */
	ok = ok && h.v.v[0].type == ST_F32 && h.v.v[1].type == ST_F16 &&
	     h.v.v[2].type == ST_BF16 && st_bytes(&h.v.v[0]) == 4 && st_bytes(&h.v.v[2]) == 2;
	ok = ok && h.v.v[0].n_dims == 2 && h.v.v[0].dims[0] == 2 && h.v.v[0].dims[1] == 4 &&
	     h.v.v[2].n_dims == 1 && h.v.v[2].dims[0] == 3 && h.v.v[2].from == 44 &&
	     h.v.v[2].to == 50;
	VEC_FREE(&h.v);
	OK(rc);
	CHECK(ok);
}

#define ONE(type, shape, at) \
	"{\"x\":{\"dtype\":" type ",\"shape\":" shape ",\"data_offsets\":" at "}}"

TEST(safetensors_head_refuses)
{
	static const struct {
		const char *json;
		int rc;
		const char *says;
	} t[] = {
		{ "", ERR_CORRUPT, "" },
		{ "{\"x\":", ERR_CORRUPT, "" },
		{ "{\"x\":7}", ERR_UNSUPPORTED, "tensor x" },
		{ ONE("\"I64\"", "[2]", "[0,16]"), ERR_UNSUPPORTED, "I64" },
		{ ONE("\"F64\"", "[2]", "[0,16]"), ERR_UNSUPPORTED, "F64" },
		{ ONE("7", "[2]", "[0,8]"), ERR_UNSUPPORTED, "tensor x" },
		{ ONE("\"F32\"", "[]", "[0,4]"), ERR_UNSUPPORTED, "0 dimensions" },
		{ ONE("\"F32\"", "[1,1,1]", "[0,4]"), ERR_UNSUPPORTED, "3 dimensions" },
		{ ONE("\"F32\"", "[0]", "[0,0]"), ERR_CORRUPT, "dimension of 0" },
		{ ONE("\"F32\"", "[-2]", "[0,8]"), ERR_CORRUPT, "dimension of -2" },
		{ ONE("\"F32\"", "[16777217]", "[0,67108868]"), ERR_CORRUPT, "16777217" },
		{ ONE("\"F32\"", "[\"2\"]", "[0,8]"), ERR_CORRUPT, "dimension of 0" },
		{ ONE("\"F32\"", "[1e300]", "[0,8]"), ERR_CORRUPT, "dimension of 0" },
		{ ONE("\"F32\"", "[2]", "[0,7]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F16\"", "[2]", "[0,8]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[8,0]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[0,8,16]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[0]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[-8,0]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[-16,-8]"), ERR_CORRUPT, "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[9223372036854775807,9223372036854775807]"), ERR_CORRUPT,
		  "bytes of its shape" },
		{ ONE("\"F32\"", "[2]", "[99999999999999999999,0]"), ERR_CORRUPT, "" },
		{ ONE("\"F32\"", "[16777216,16777216]", "[0,1125899906842623]"), ERR_CORRUPT,
		  "bytes of its shape" },
		{ "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
		  "\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
		  ERR_CORRUPT, "tensors x and y overlap" },
	};
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = { 0 };
		int rc = head_rc(t[i].json, &e);
		if (rc != t[i].rc)
			(void)printf("# %s: %s\n", t[i].json, e.msg);
		EQ(rc, t[i].rc);
		CHECK(e.msg[0]);
		if (t[i].says[0])
			HAS(sv_of(e.msg), t[i].says);
	}
}

TEST(safetensors_head_has_limits)
{
	struct sb b;
	struct err e = { 0 };
	char name[200];
	memset(name, 'n', sizeof(name));
	sb_init(&b, 4 << 20);
	sb_fmt(&b, "{\"%.128s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", name);
	int longer = head_rc(sb_str(&b), &e);
	sb_reset(&b);
	sb_fmt(&b, "{\"%.127s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", name);
	int fits = head_rc(sb_str(&b), &e);
	sb_reset(&b);
	for (int i = 0; i <= 4096; i++)
		sb_fmt(&b, "%c\"t%d\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}",
		       i ? ',' : '{', i, 4 * i, 4 * i + 4);
	sb_ch(&b, '}');
	int many = head_rc(sb_str(&b), &e);
	sb_done(&b);
	EQ(longer, ERR_UNSUPPORTED);
	OK(fits);
	EQ(many, ERR_UNSUPPORTED);
	HAS(sv_of(e.msg), "4096 tensors");
}

/* All 65,536 numbers of half precision, and brain floats. */
TEST(safetensors_halves)
{
	struct st_tensor half = { .type = ST_F16 }, brain = { .type = ST_BF16 },
			 whole = { .type = ST_F32 };
	for (uint32_t h = 0; h < 65536; h++) {
		unsigned char b[2] = { (unsigned char)h, (unsigned char)(h >> 8) };
		float got, want = gguf_half((uint16_t)h);
		st_floats(&half, b, 1, &got);
		if (!(got == want || (isnan(got) && isnan(want))))
			EQ(h, 65536);
	}
	static const unsigned char bf[] = { 0x80, 0x3f, 0x20, 0xc0, 0, 0x80 };
	static const float f32[] = { 1.25f, -3e38f };
	float got[3];
	st_floats(&brain, bf, 3, got);
	CHECK(got[0] == 1 && got[1] == -2.5f && got[2] == 0);
	st_floats(&whole, (const unsigned char *)f32, 2, got);
	CHECK(got[0] == f32[0] && got[1] == f32[1]);
}
