/* Unit tests of WAV files: round trips, mixing down, crash-safety, hostile headers (the
 * fuzz corpus too). */
#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "t.h"
#include "pcm.h"
#include "../fuzz/f_pcm_wav.c"

static char *in_tmp(const char *name)
{
	static char path[300];

	snprintf(path, sizeof(path), "%s/%s", t_tmpdir(), name);
	return path;
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

/* A 44-byte header with settable lies. */
static void header(uint8_t h[44], uint32_t data, uint16_t ch, uint32_t rate,
		   uint16_t bits)
{
	static const uint8_t base[44] =
		"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0data";

	memcpy(h, base, 44);
	put32(h + 4, data + 36);
	h[22] = (uint8_t)ch;
	h[23] = (uint8_t)(ch >> 8);
	put32(h + 24, rate);
	put32(h + 28, rate * ch * bits / 8);
	h[32] = (uint8_t)(ch * bits / 8);
	h[34] = (uint8_t)bits;
	put32(h + 40, data);
}

TEST(pcm_wav_round_trip)
{
	int16_t s[4000];
	struct pcm_clip c;
	struct err e;

	for (int i = 0; i < 4000; i++)
		s[i] = (int16_t)(i * 7 - 14000);
	OK(pcm_wav_write(in_tmp("a.wav"), s, 4000, 8000, &e));
	OK(pcm_wav_read(in_tmp("a.wav"), 8000, &c, &e));
	EQ(c.n, 4000);
	CHECK(!memcmp(c.s, s, sizeof(s)));
	pcm_clip_done(&c);
	OK(pcm_wav_read(in_tmp("a.wav"), 16000, &c, &e));
	EQ(c.n, 8000);
	EQ(c.rate, 16000);
	pcm_clip_done(&c);
	pcm_clip_done(&c);
}

TEST(pcm_wav_stereo_is_mixed_down)
{
	uint8_t w[44 + 8] = { 0 };
	struct pcm_clip c;

	header(w, 8, 2, 8000, 16);
	w[44] = 100; /* 100, 300; -4, 0 */
	w[46] = 0x2c;
	w[47] = 1;
	w[48] = 0xfc;
	w[49] = 0xff;
	OK(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, NULL));
	EQ(c.n, 2);
	EQ(c.s[0], 200);
	EQ(c.s[1], -2);
	pcm_clip_done(&c);
}

TEST(pcm_wav_header_lies_are_survived)
{
	uint8_t w[44 + 320] = { 0 };
	struct pcm_clip c = { 0 };
	struct err e;

	header(w, 0x7ffffff0u, 1, 8000, 16);
	if (!pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, &e)) {
		EQ(c.n, 160);
		pcm_clip_done(&c);
	}
	header(w, 320, 1, 0, 16);
	CHECK(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, &e));
	header(w, 320, 0, 8000, 16);
	CHECK(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, &e));
	header(w, 320, 200, 8000, 16);
	CHECK(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, &e));
	EQ(pcm_wav_parse(SV("RIFF"), 8000, &c, &e), ERR_PARSE);
	EQ(pcm_wav_parse(SV_NULL, 8000, &c, &e), ERR_PARSE);
	EQ(pcm_wav_parse(SV("FORM....AIFFCOMM"), 8000, &c, &e), ERR_PARSE);
	HAS(sv_of(e.msg), "WAV");
	EQ(pcm_wav_read("/nonexistent.wav", 8000, &c, &e), ERR_NOTFOUND);
	HAS(sv_of(e.msg), "/nonexistent.wav");
}

TEST(pcm_wav_other_chunks_are_passed_over)
{
	uint8_t w[44 + 14 + 320] = { 0 }, h[44];
	struct pcm_clip c;

	header(h, 320, 1, 8000, 16);
	memcpy(w, h, 36);
	memcpy(w + 36, "LIST\5\0\0\0INFOx\0", 14); /* odd length: padded */
	memcpy(w + 50, h + 36, 8);
	w[58] = 7;
	OK(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, NULL));
	EQ(c.n, 160);
	EQ(c.s[0], 7);
	pcm_clip_done(&c);
	OK(file_write(in_tmp("list.wav"), sv_n((char *)w, sizeof(w)), NULL));
	OK(pcm_wav_read(in_tmp("list.wav"), 16000, &c, NULL));
	EQ(c.n, 320);
	pcm_clip_done(&c);
	put32(w + 40, 0xffffffff); /* and one that claims more than the file */
	EQ(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, NULL), ERR_PARSE);
}

TEST(pcm_wavw_stereo_channels)
{
	int16_t l[160], r[160];
	struct pcm_wavw *w;
	struct pcm_clip c;
	struct err e;

	for (int i = 0; i < 160; i++) {
		l[i] = 1000;
		r[i] = 3000;
	}
	OK(pcm_wavw_open(&w, in_tmp("s.wav"), 8000, 2, NULL, &e));
	OK(pcm_wavw_put(w, l, r, 160));
	OK(pcm_wavw_put(w, l, NULL, 160));
	OK(pcm_wavw_close(w));
	OK(pcm_wav_read(in_tmp("s.wav"), 8000, &c, &e));
	EQ(c.n, 320);
	EQ(c.s[0], 2000);
	EQ(c.s[319], 500);
	pcm_clip_done(&c);
	EQ(pcm_wavw_open(&w, "/nonexistent/x.wav", 8000, 2, NULL, &e), ERR_IO);
	EQ(pcm_wavw_open(&w, in_tmp("t.wav"), 8000, 3, NULL, &e), ERR_INVAL);
	OK(pcm_wavw_close(NULL));
}

TEST(pcm_wavw_is_valid_after_a_crash)
{
	char path[300];
	struct pcm_clip c;
	struct err e;
	int st;

	snprintf(path, sizeof(path), "%s", in_tmp("crash.wav"));
	pid_t pid = fork();

	if (!pid) { /* 3.5 s, then gone without closing */
		static int16_t s[28000];
		struct pcm_wavw *w;

		for (int i = 0; i < 28000; i++)
			s[i] = 1234;
		if (!pcm_wavw_open(&w, path, 8000, 2, NULL, &e))
			pcm_wavw_put(w, s, s, 28000);
		_exit(0);
	}
	CHECK(waitpid(pid, &st, 0) == pid);
	OK(pcm_wav_read(path, 8000, &c, &e));
	EQ(c.n, 24000);
	EQ(c.s[23999], 1234);
	pcm_clip_done(&c);
}

static int sample(const struct pcm_clip *c, int ms)
{
	return c->s[ms * 8];
}

/* 2.5 s of stereo, so that blanking meets what is in the file and what is not yet. */
TEST(pcm_wavw_blanks_where_it_lies)
{
	static int16_t l[20000], r[20000];
	struct pcm_wavw *w;
	struct pcm_clip c;

	for (int i = 0; i < 20000; i++) {
		l[i] = 1000;
		r[i] = 3000;
	}
	OK(pcm_wavw_open(&w, in_tmp("blank.wav"), 8000, 2, "a comment", NULL));
	OK(pcm_wavw_put(w, l, r, 20000));
	OK(pcm_wavw_blank(w, 0, 500 * 8, 700 * 8));
	OK(pcm_wavw_blank(w, -1, 1900 * 8, 2100 * 8)); /* over the edge of a second */
	OK(pcm_wavw_blank(w, 1, 2400 * 8, 9000 * 8));
	OK(pcm_wavw_blank(w, 0, -80, 8));
	OK(pcm_wavw_blank(w, 0, 5, 5));
	OK(pcm_wavw_put(w, l, r, 800)); /* what comes later stays */
	OK(pcm_wavw_close(w));
	OK(pcm_wav_read(in_tmp("blank.wav"), 8000, &c, NULL));
	EQ(c.n, 20800);
	EQ(sample(&c, 0), 1500);
	EQ(sample(&c, 2), 2000);
	EQ(sample(&c, 499), 2000);
	EQ(sample(&c, 500), 1500);
	EQ(sample(&c, 699), 1500);
	EQ(sample(&c, 700), 2000);
	EQ(sample(&c, 1899), 2000);
	EQ(sample(&c, 1900), 0);
	EQ(sample(&c, 2099), 0);
	EQ(sample(&c, 2100), 2000);
	EQ(sample(&c, 2450), 500);
	EQ(sample(&c, 2550), 2000);
	pcm_clip_done(&c);
}

TEST(pcm_wavw_comment_is_in_front_and_private)
{
	static int16_t s[8000];
	struct pcm_wavw *w;
	struct stat st;
	SF_INFO in = { 0 };

	OK(pcm_wavw_open(&w, in_tmp("label.wav"), 8000, 2, "{\"AIGC\":{}}", NULL));
	OK(pcm_wavw_put(w, s, s, 8000));
	/* read while it is being written, as after a crash */
	SNDFILE *f = sf_open(in_tmp("label.wav"), SFM_READ, &in);
	CHECK(f);
	EQ(in.frames, 8000);
	STR_EQ(sf_get_string(f, SF_STR_COMMENT), "{\"AIGC\":{}}");
	HAS(sv_of(sf_get_string(f, SF_STR_SOFTWARE)), "callm");
	sf_close(f);
	OK(pcm_wavw_close(w));
	CHECK(!stat(in_tmp("label.wav"), &st));
	EQ(st.st_mode & 0777, 0600);
}

/* A limit on the size of a file is a full disk that a test can have. */
TEST(pcm_wavw_tells_a_full_disk_and_keeps_what_is_there)
{
	static int16_t s[16000];
	struct rlimit was, now;
	struct pcm_wavw *w;
	struct pcm_clip c;

	signal(SIGXFSZ, SIG_IGN);
	CHECK(!getrlimit(RLIMIT_FSIZE, &was));
	now = was;
	now.rlim_cur = 80000; /* two seconds of stereo and a bit */
	OK(pcm_wavw_open(&w, in_tmp("full.wav"), 8000, 2, NULL, NULL));
	CHECK(!setrlimit(RLIMIT_FSIZE, &now));
	int first = pcm_wavw_put(w, s, s, 16000);
	int then = pcm_wavw_put(w, s, s, 16000);
	int end = pcm_wavw_close(w);
	CHECK(!setrlimit(RLIMIT_FSIZE, &was));
	EQ(first, 0);
	EQ(then, ERR_IO);
	EQ(end, ERR_IO);
	OK(pcm_wav_read(in_tmp("full.wav"), 8000, &c, NULL));
	CHECK(c.n >= 16000);
	pcm_clip_done(&c);
}

TEST(pcm_wav_reads_8_24_bit_and_float)
{
	static const int fmts[] = { 8, 24, 32 };

	for (int k = 0; k < 3; k++) {
		uint8_t w[44 + 400] = { 0 };
		struct pcm_clip c;

		header(w, 400, 1, 8000, (uint16_t)fmts[k]);
		OK(pcm_wav_parse(sv_n((char *)w, sizeof(w)), 8000, &c, NULL));
		EQ(c.n, 400 * 8 / fmts[k]);
		pcm_clip_done(&c);
	}
}

static int one_file(void *arg, const char *path)
{
	struct sb b;

	sb_init(&b, 1 << 20);
	if (!file_read(path, 1 << 20, &b, NULL))
		LLVMFuzzerTestOneInput((const uint8_t *)sb_str(&b), b.n);
	sb_done(&b);
	++*(int *)arg;
	return 0;
}

TEST(pcm_wav_fuzz_corpus)
{
	char dir[400];
	int n = 0;

	snprintf(dir, sizeof(dir), "%s/tests/fuzz/corpus/pcm_wav", t_srcdir());
	OK(file_walk(dir, one_file, &n));
	CHECK(n >= 8);
}

TEST(pcm_wav_mutated_headers)
{
	uint8_t w[44 + 200], m[44 + 200];

	header(w, 200, 1, 8000, 16);
	memset(w + 44, 7, 200);
	for (int k = 0; k < 3000; k++) {
		size_t n = 12 + (size_t)rng_below(t_rng(), sizeof(w) - 11);

		memcpy(m, w, sizeof(w));
		for (int j = 0; j < 3; j++)
			m[12 + rng_below(t_rng(), 40)] = (uint8_t)rng_u64(t_rng());
		LLVMFuzzerTestOneInput(m, n);
	}
}
