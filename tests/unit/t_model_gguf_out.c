/* t_model_gguf_out.c: GGUF files: the bytes of the head, where data lie, 8-bit blocks, rows in
 * any order, too many and too few, a disk that is full. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#include "t.h"
#include "gguf_out.h"
#include "t_model_gguf.h"

/* ---- blocks of 8 bits ---- */

static float scale_of(const unsigned char b[34])
{
	return gguf_half((uint16_t)(b[0] | b[1] << 8));
}

/* A block whose greatest number is x. */
static void block_of(float x, unsigned char b[34])
{
	float v[32];
	for (int i = 0; i < 32; i++)
		v[i] = x * ((float)(i - 15) / 16);
	gguf_q8_0(v, b);
}

TEST(gguf_block_of_zeros)
{
	float v[32] = { 0 };
	unsigned char b[34], none[34] = { 0 };
	memset(b, 7, sizeof(b));
	gguf_q8_0(v, b);
	EQ(memcmp(b, none, sizeof(b)), 0);
}

TEST(gguf_block_rounds_to_the_nearest)
{
	/* a scale of 1: bytes are the numbers themselves, rounded */
	static const struct {
		float x;
		int byte;
	} t[] = { { 127, 127 },       { -127, -127 }, { 0.49f, 0 },   { 0.51f, 1 },
		  { -0.51f, -1 },     { 1.49f, 1 },   { -1.49f, -1 }, { 126.51f, 127 },
		  { -126.51f, -127 }, { -0.49f, 0 } };
	float v[32] = { 0 };
	unsigned char b[34];
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		v[i] = t[i].x;
	gguf_q8_0(v, b);
	EQ(b[0] | b[1] << 8, 0x3c00);
	for (size_t i = 0; i < 32; i++)
		EQ((int8_t)b[2 + i], i < sizeof(t) / sizeof(t[0]) ? t[i].byte : 0);
}

/* Wherever numbers lie, they come back within half a step (and the scale's own rounding). */
TEST(gguf_block_keeps_numbers)
{
	float v[32], worst = 0;
	unsigned char b[34];
	for (int round = 0; round < 2000; round++) {
		/* scales from 2^-14, the smallest with all digits, to 2^15 */
		float size = ldexpf(127, (int)rng_below(t_rng(), 29) - 14);
		float top = 0;
		for (int i = 0; i < 32; i++) {
			v[i] = size * (float)(2 * rng_unit(t_rng()) - 1);
			top = fmaxf(top, fabsf(v[i]));
		}
		gguf_q8_0(v, b);
		for (int i = 0; i < 32; i++)
			worst = fmaxf(worst, fabsf(scale_of(b) * (float)(int8_t)b[2 + i] - v[i]) /
						     (top / 127));
	}
	CHECK(worst > 0.4f && worst < 0.5f + 127 * 0x1p-11f + 0.01f);
}

/* The nearest half-precision number by trying all. */
static uint16_t nearest_half(float f)
{
	uint16_t best = 0;
	double off = INFINITY;
	for (uint32_t h = 0; h <= 0x7bff; h++) {
		double d = fabs((double)gguf_half((uint16_t)h) - (double)f);
		if (d < off || (d <= off && !(h & 1))) {
			off = d;
			best = (uint16_t)h;
		}
	}
	return best;
}

TEST(gguf_block_scale_is_the_nearest_half)
{
	static const float edge[] = {
		0x1p-24f, 0x1.8p-24f, 0x1p-25f, 0x1.1p-25f, 0x1.4p-23f, 0x1.cp-23f, 0x1p-26f,
		0x1.004p-14f, 0x1.ffcp-15f, 0x1.fffp-15f, 0x1p-14f, 0x1.002p0f, 0x1.006p0f,
		65504, 65519, 65520, 65535, 0x1p16f, 1e9f };
	unsigned char b[34];
	for (size_t i = 0; i < sizeof(edge) / sizeof(edge[0]); i++) {
		block_of(edge[i] * 127, b);
		EQ(b[0] | b[1] << 8, nearest_half(edge[i]));
	}
	for (int i = 0; i < 40; i++) {
		float d = ldexpf(1 + (float)rng_unit(t_rng()), (int)rng_below(t_rng(), 42) - 26);
		block_of(d * 127, b);
		EQ(b[0] | b[1] << 8, nearest_half(d * 127 / 127));
	}
}

/* What is too small for a scale becomes zeros, what is too large the greatest. */
TEST(gguf_block_at_the_ends)
{
	static const float tiny[] = { 1e-40f, 1e-44f, 1e-30f, 0x1p-149f };
	unsigned char b[34], none[34] = { 0 };
	for (size_t i = 0; i < sizeof(tiny) / sizeof(tiny[0]); i++) {
		float v[32] = { 0 };
		v[3] = tiny[i];
		v[4] = -tiny[i];
		gguf_q8_0(v, b);
		EQ(memcmp(b, none, sizeof(b)), 0);
	}
	block_of(3e38f, b);
	CHECK(scale_of(b) == 65504.0f);
	EQ((int8_t)b[2 + 31], 127);
	EQ((int8_t)b[2], -119); /* 15 of 16 */
}

/* ---- the head ---- */

static void path_of(char out[600], const char *name)
{
	(void)snprintf(out, 600, "%s/%s", t_tmpdir(), name);
}

TEST(gguf_head_to_the_byte)
{
	static const char WANT[] =
		"GGUF\3\0\0\0\1\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0"
		"\1\0\0\0\0\0\0\0s\10\0\0\0\2\0\0\0\0\0\0\0hi"
		"\1\0\0\0\0\0\0\0u\4\0\0\0\4\3\2\1"
		"\1\0\0\0\0\0\0\0f\6\0\0\0\0\0\300?"
		"\1\0\0\0\0\0\0\0b\7\0\0\0\1"
		"\1\0\0\0\0\0\0\0S\11\0\0\0\10\0\0\0\2\0\0\0\0\0\0\0"
		"\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0x"
		"\1\0\0\0\0\0\0\0F\11\0\0\0\6\0\0\0\1\0\0\0\0\0\0\0\0\0\0\300"
		"\1\0\0\0\0\0\0\0I\11\0\0\0\5\0\0\0\1\0\0\0\0\0\0\0\376\377\377\377"
		"\1\0\0\0\0\0\0\0t\1\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
	const size_t head = sizeof(WANT) - 1, base = (head + 31) / 32 * 32;
	static const float row[2] = { 1, -1 };
	const sv strs[] = { SV(""), SV("\0x") };
	char path[600];
	struct err e = { 0 };
	struct sb got;
	path_of(path, "head.gguf");
	struct gguf_out *g = gguf_out_new();
	gguf_out_str(g, "s", SV("hi"));
	gguf_out_u32(g, "u", 0x01020304);
	gguf_out_f32(g, "f", 1.5f);
	gguf_out_bool(g, "b", true);
	gguf_out_strs(g, "S", strs, 2);
	gguf_out_f32s(g, "F", (const float[]){ -2 }, 1);
	gguf_out_i32s(g, "I", (const int32_t[]){ -2 }, 1);
	int t = gguf_out_tensor(g, "t", GGUF_F32, (const uint64_t[]){ 2 }, 1);
	int rc = gguf_out_begin(g, path, &e);
	rc = rc ? rc : gguf_out_row(g, t, row, &e);
	rc = rc ? rc : gguf_out_end(g, &e);
	gguf_out_free(g);
	sb_init(&got, 4096);
	rc = rc ? rc : file_read(path, 4096, &got, &e);
	bool same = got.n >= head && memcmp(got.p, WANT, head) == 0;
	bool data = got.n == base + 32 && memcmp(got.p + base, row, sizeof(row)) == 0;
	for (size_t i = head; data && i < base; i++)
		data = got.p[i] == 0;
	sb_done(&got);
	OK(rc);
	EQ(t, 0);
	CHECK(same);
	CHECK(data);
}

/* ---- tensors ---- */

enum { COLS = 96, ROWS = 5 };

static float number(int tensor, size_t row, size_t col)
{
	return (float)(tensor * 1000 + (int)row * 100 + (int)col) / 7;
}

/* Three tensors; their rows are written in turns. */
TEST(gguf_rows_in_any_order)
{
	static const struct {
		const char *name;
		enum gguf_form form;
		uint64_t dims[2];
		int n;
	} t[] = { { "bytes", GGUF_Q8_0, { COLS, ROWS }, 2 },
		  { "floats", GGUF_F32, { 3, ROWS }, 2 }, /* 12 bytes a row: no multiple of 32 */
		  { "one", GGUF_F32, { COLS, 0 }, 1 } };
	char path[600];
	struct err e = { 0 };
	struct gguf_in in;
	int rc = 0, no[3];
	path_of(path, "rows.gguf");
	struct gguf_out *g = gguf_out_new();
	for (int i = 0; i < 3; i++)
		no[i] = gguf_out_tensor(g, t[i].name, t[i].form, t[i].dims, t[i].n);
	rc = gguf_out_begin(g, path, &e);
	for (size_t r = 0; r < ROWS && !rc; r++)
		for (int i = 2; i >= 0 && !rc; i--) {
			float x[COLS];
			for (size_t k = 0; k < t[i].dims[0]; k++)
				x[k] = number(i, r, k);
			if (i < 2 || r == ROWS - 1)
				rc = gguf_out_row(g, no[i], x, &e);
		}
	rc = rc ? rc : gguf_out_end(g, &e);
	gguf_out_free(g);
	bool ok = gguf_in_read(&in, path);
	float worst = 0;
	for (size_t r = 0; r < ROWS; r++)
		for (size_t k = 0; k < COLS; k++) {
			worst = fmaxf(worst,
				      fabsf(gguf_in_at(&in, "bytes", r, k) - number(0, r, k)));
			ok = ok && (k >= 3 || gguf_in_at(&in, "floats", r, k) == number(1, r, k));
		}
	for (size_t k = 0; k < COLS; k++)
		ok = ok && gguf_in_at(&in, "one", 0, k) == number(2, ROWS - 1, k);
	size_t size = in.file.n, base = in.base;
	gguf_in_done(&in);
	OK(rc);
	CHECK(ok);
	CHECK(worst < 0.5f * 71 / 127 + 71 * 0x1p-11f);
	EQ((size - base) % 32, 0);
	EQ(size - base, 5 * 3 * 34 + 2 /* to 512 */ + 64 + 4 * COLS);
}

TEST(gguf_too_many_and_too_few_rows)
{
	static const float x[32] = { 1 };
	char path[600];
	struct err few = { 0 }, many = { 0 };
	path_of(path, "count.gguf");
	struct gguf_out *g = gguf_out_new();
	int t = gguf_out_tensor(g, "t", GGUF_Q8_0, (const uint64_t[]){ 32, 2 }, 2);
	int rc = gguf_out_begin(g, path, &few);
	rc = rc ? rc : gguf_out_row(g, t, x, &few);
	int lacks = gguf_out_end(g, &few);
	rc = rc ? rc : gguf_out_row(g, t, x, &many);
	int more = gguf_out_row(g, t, x, &many);
	gguf_out_free(g);
	OK(rc);
	EQ(lacks, ERR_CORRUPT);
	HAS(sv_of(few.msg), "1 of 2 rows");
	EQ(more, ERR_RANGE);
	HAS(sv_of(many.msg), "more rows");
}

TEST(gguf_too_many_tensors_and_too_long_a_head)
{
	struct err e = { 0 };
	char path[600];
	int last = 0, n = 0;
	path_of(path, "long.gguf");
	struct gguf_out *g = gguf_out_new();
	while (last >= 0 && n < 5000) {
		last = gguf_out_tensor(g, "t", GGUF_F32, (const uint64_t[]){ 1 }, 1);
		n += last >= 0;
	}
	gguf_out_free(g);
	g = gguf_out_new();
	struct sb big;
	sb_init(&big, 64 << 20);
	for (int i = 0; i < 1 << 16; i++)
		sb_cstr(&big, "0123456789abcdef");
	for (int i = 0; i < 65; i++)
		gguf_out_str(g, "k", sb_sv(&big));
	sb_done(&big);
	int rc = gguf_out_begin(g, path, &e);
	gguf_out_free(g);
	EQ(n, 4096);
	EQ(last, ERR_FULL);
	EQ(rc, ERR_TOOBIG);
	CHECK(!file_exists(path));
}

/* ---- the disk ---- */

static int write_to(const char *path, struct err *e)
{
	static const float x[1024] = { 1 };
	struct gguf_out *g = gguf_out_new();
	int t = gguf_out_tensor(g, "t", GGUF_F32, (const uint64_t[]){ 1024, 64 }, 2);
	int rc = gguf_out_begin(g, path, e);
	for (int i = 0; i < 64 && !rc; i++)
		rc = gguf_out_row(g, t, x, e);
	rc = rc ? rc : gguf_out_end(g, e);
	gguf_out_free(g);
	return rc;
}

TEST(gguf_full_disk)
{
	struct err full = { 0 }, none = { 0 }, limit = { 0 };
	char path[600], no[700];
	struct rlimit was, small;
	path_of(path, "full.gguf");
	(void)snprintf(no, sizeof(no), "%s/no/such/folder.gguf", t_tmpdir());
	int rc_full = write_to("/dev/full", &full), rc_none = write_to(no, &none);
	(void)getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 100000;
	void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &small);
	int rc_limit = write_to(path, &limit);
	(void)setrlimit(RLIMIT_FSIZE, &was);
	(void)signal(SIGXFSZ, old);
	EQ(rc_full, ERR_FULL);
	HAS(sv_of(full.msg), "No space left");
	HAS(sv_of(full.msg), "/dev/full");
	EQ(rc_none, ERR_IO);
	HAS(sv_of(none.msg), "No such file");
	HAS(sv_of(none.msg), "folder.gguf");
	EQ(rc_limit, ERR_IO);
	HAS(sv_of(limit.msg), "File too large");
}

/* The head and the length fit, the data do not. */
TEST(gguf_disk_full_in_the_middle)
{
	static const float x[1024] = { 1 };
	struct err e = { 0 };
	char path[600];
	struct rlimit was, small;
	path_of(path, "middle.gguf");
	struct gguf_out *g = gguf_out_new();
	int t = gguf_out_tensor(g, "t", GGUF_F32, (const uint64_t[]){ 1024, 64 }, 2);
	int begin = gguf_out_begin(g, path, &e), rc = begin;
	(void)getrlimit(RLIMIT_FSIZE, &was);
	small = was;
	small.rlim_cur = 100000;
	void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &small);
	int rows = 0;
	for (; rows < 64 && !rc; rows += !rc)
		rc = gguf_out_row(g, t, x, &e);
	(void)setrlimit(RLIMIT_FSIZE, &was);
	(void)signal(SIGXFSZ, old);
	gguf_out_free(g);
	OK(begin);
	EQ(rc, ERR_IO);
	CHECK(rows > 20 && rows < 30); /* 24 fit; some wait in the buffer */
	HAS(sv_of(e.msg), "middle.gguf cannot be written: File too large");
}
