/* t_bench_sound.c: marks in the background, sound found again, levels, figures. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "t.h"
#include "bench_int.h"

/* ---- marks ---- */

TEST(bench_mark_survives_mu_law_at_any_offset)
{
	int16_t s[PCM_FRAME], line[4 * PCM_FRAME];
	uint8_t law[4 * PCM_FRAME];
	for (unsigned off = 0; off < 7; off++) {
		struct bench_mark m = { 0 };
		unsigned id = 0, frame = 0, n = 0, at = 0;
		for (unsigned k = 0; k < 4 * PCM_FRAME; k++)
			line[k] = (int16_t)(k * 37 % 900);
		bench_mark_put(s, 4711 + off, 65530 + off);
		memcpy(line + 100 + off, s, sizeof(s));
		pcm_ulaw_encode(line, 4 * PCM_FRAME, law);
		pcm_ulaw_decode(law, 4 * PCM_FRAME, line);
		for (unsigned k = 0; k < 4 * PCM_FRAME; k++)
			if (bench_mark_find(&m, line[k], &id, &frame)) {
				n++;
				at = k;
			}
		EQ(n, 1);
		EQ(at, 100 + off + 63);
		EQ(id, 4711 + off);
		EQ(frame, (65530 + off) & 0xFFFF);
	}
}

TEST(bench_mark_is_not_found_in_noise)
{
	struct bench_mark m = { 0 };
	struct rng r;
	unsigned id, frame, n = 0;
	rng_seed(&r, 3);
	for (int i = 0; i < 400000; i++)
		n += bench_mark_find(&m, rng_below(&r, 2) ? 8 : -8, &id, &frame);
	EQ(n, 0);
}

/* ---- found again ---- */

/* Something like speech: noise through a moving resonance, with pauses. */
static struct bench_clip voice(uint64_t seed, size_t n)
{
	struct bench_clip c = { .text = xstrdup(SV("one two three")), .n = n,
				.s = xalloc(n * sizeof(int16_t)) };
	struct rng r;
	double a = 0, b = 0;
	rng_seed(&r, seed);
	for (size_t i = 0; i < n; i++) {
		double hz = 400 + 300 * sin((double)i / 1500 + (double)seed);
		double x = rng_normal(&r) * 300 + 1.9 * cos(6.283 * hz / 8000) * a - 0.93 * b;
		b = a;
		a = x;
		double env = i % 4000 < 3400 ? 1 : 0;
		c.s[i] = (int16_t)(x * env > 20000 ? 20000 : x * env < -20000 ? -20000 : x * env);
	}
	bench_clip_bounds(&c);
	for (size_t w = 0; w < 3; w++)
		*VEC_PUSH(&c.words, 10) = (struct bench_word){ w * 4, w * n / 3 };
	return c;
}

static void drop(struct bench_clip *c)
{
	xfree(c->text);
	xfree(c->s);
	VEC_FREE(&c->words);
}

static void through_a_line(int16_t *s, size_t n, double db)
{
	uint8_t *law = xalloc(n);
	pcm_gain(s, n, db);
	pcm_ulaw_encode(s, n, law);
	pcm_ulaw_decode(law, n, s);
	xfree(law);
}

TEST(bench_match_finds_place_and_clip)
{
	struct bench_clip a = voice(1, 16000), b = voice(2, 16000);
	const struct bench_clip *clips[] = { &a, &b };
	struct bench_segs segs = { 0 };
	int16_t *heard = xalloc(40000 * sizeof(*heard));
	size_t of_a = 0, of_b = 0, wrong = 0;
	memcpy(heard + 1000, b.s, 9000 * sizeof(*heard));          /* b, cut off */
	memcpy(heard + 14000, a.s + 3000, 12000 * sizeof(*heard)); /* a, from its middle */
	through_a_line(heard, 40000, -12);
	bench_match(heard, 40000, clips, 2, &segs);
	for (size_t i = 0; i < segs.n; i++) {
		const struct bench_seg *g = &segs.v[i];
		ptrdiff_t shift = (ptrdiff_t)g->from - (ptrdiff_t)g->at;
		of_a += g->clip == &a ? g->n : 0;
		of_b += g->clip == &b ? g->n : 0;
		wrong += g->clip == &a ? shift != 3000 - 14000 : shift != -1000;
	}
	xfree(heard);
	VEC_FREE(&segs);
	drop(&a);
	drop(&b);
	EQ(wrong, 0);
	CHECK(of_b > 8000 && of_b <= 9200);
	CHECK(of_a > 11000 && of_a <= 12200);
}

/* A sentence with silence in it draws nothing to it. */
TEST(bench_match_is_not_drawn_into_silence)
{
	struct bench_clip a = voice(1, 16000), b = voice(2, 40000);
	const struct bench_clip *clips[] = { &a, &b };
	struct bench_segs segs = { 0 };
	size_t right = 0;
	memset(b.s + 6000, 0, 30000 * sizeof(*b.s));
	pcm_gain(b.s, 6000, 12);
	bench_match(a.s, a.n, clips, 2, &segs);
	for (size_t i = 0; i < segs.n; i++)
		right += segs.v[i].clip == &a ? segs.v[i].n : 0;
	VEC_FREE(&segs);
	drop(&a);
	drop(&b);
	CHECK(right > 14000);
}

TEST(bench_match_finds_nothing_in_what_is_not_there)
{
	struct bench_clip a = voice(1, 16000), b = voice(9, 16000);
	const struct bench_clip *clips[] = { &a };
	struct bench_segs segs = { 0 };
	size_t n = 0;
	bench_match(b.s, b.n, clips, 1, &segs);
	for (size_t i = 0; i < segs.n; i++)
		n += segs.v[i].n;
	VEC_FREE(&segs);
	drop(&a);
	drop(&b);
	CHECK(n < 800);
}

TEST(bench_words_are_counted_once_begun)
{
	struct bench_clip a = voice(1, 9000);
	size_t none = bench_words_at(&a, 0), one = bench_words_at(&a, 1),
	       two = bench_words_at(&a, 3001), all = bench_words_at(&a, 9000);
	drop(&a);
	EQ(none, 0);
	EQ(one, 1);
	EQ(two, 2);
	EQ(all, 3);
	EQ(bench_count_words(SV("  one two\nthree ")), 3);
	EQ(bench_count_words(SV("")), 0);
}

TEST(bench_level_is_of_the_loud_parts)
{
	struct bench_clip a = voice(5, 16000);
	bench_clip_level(a.s, a.n, -20);
	double sum = 0;
	size_t k = 0;
	for (size_t i = 0; i + 40 <= a.n; i += 40)
		if (pcm_dbfs(a.s + i, 40) > -45) {
			sum += pow(10, pcm_dbfs(a.s + i, 40) / 10);
			k++;
		}
	drop(&a);
	NEAR(10 * log10(sum / (double)k), -20, 0.5);
}

/* ---- what was heard of an answer ---- */

static void spoke(struct bench *b, struct bench_clip *c, int topic, int sentence)
{
	struct bench_spoke *q = xalloc(sizeof(*q));
	xfree(c->text);
	c->text = xstrdup(sv_of(bench_topics[topic].say[sentence]));
	*q = (struct bench_spoke){ .topic = topic, .clip = c };
	*VEC_PUSH(&b->f.spoke, 10) = q;
}

static void hear(struct bench_phone *p, const struct bench_clip *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*VEC_PUSH(&p->heard, 200000) = c->s[i];
}

/* The second sentence was made in an earlier call and kept; so was another that was not said. The
 * third is cut off after two of its words, the fourth was made and never sent. */
TEST(bench_heard_counts_kept_sentences_in_the_order_of_the_text)
{
	struct bench b = { 0 };
	struct bench_phone p = { .over_us = 1 };
	struct bench_clip c[5];
	struct bench_heard h;
	for (uint64_t i = 0; i < 5; i++)
		c[i] = voice(i + 1, 16000);
	spoke(&b, &c[1], 0, 1);
	spoke(&b, &c[4], 0, 7);
	struct bench_rep r = { .b = &b, .p = &p, .spoke0 = 2 };
	spoke(&b, &c[0], 0, 0);
	spoke(&b, &c[2], 0, 2);
	spoke(&b, &c[3], 0, 3);
	hear(&p, &c[0], 16000);
	hear(&p, &c[1], 16000);
	hear(&p, &c[2], 8000);
	/* 100 ms that sound like its end, in somebody's other word */
	for (size_t i = 0; i < 4000; i++)
		*VEC_PUSH(&p.heard, 200000) = i < 800 ? c[2].s[14600 + i] : 0;
	bench_heard(&r, 0, 0, &h);
	for (size_t i = 0; i < b.f.spoke.n; i++)
		xfree(b.f.spoke.v[i]);
	VEC_FREE(&b.f.spoke);
	VEC_FREE(&p.heard);
	for (int i = 0; i < 5; i++)
		drop(&c[i]);
	EQ(h.clips, 4);
	EQ(h.words, 3 + 3 + 2);
	EQ(h.of, 12);
	CHECK(h.whole > 0.55 && h.whole < 0.7); /* two and a half of four */
	CHECK(h.twice < 0.02);
}

/* The first sentence whole, then 100 ms that sound like the middle of the second. */
TEST(bench_heard_is_not_begun_by_something_alike)
{
	struct bench b = { 0 };
	struct bench_phone p = { .over_us = 1 };
	struct bench_rep r = { .b = &b, .p = &p };
	struct bench_clip c[2] = { voice(1, 16000), voice(2, 16000) };
	struct bench_heard h;
	spoke(&b, &c[0], 0, 0);
	spoke(&b, &c[1], 0, 1);
	hear(&p, &c[0], 16000);
	for (size_t i = 0; i < 4000; i++)
		*VEC_PUSH(&p.heard, 200000) = i < 800 ? c[1].s[9000 + i] : 0;
	bench_heard(&r, 0, 0, &h);
	for (size_t i = 0; i < 2; i++) {
		xfree(b.f.spoke.v[i]);
		drop(&c[i]);
	}
	VEC_FREE(&b.f.spoke);
	VEC_FREE(&p.heard);
	EQ(h.clips, 2);
	EQ(h.words, 3);
}

/* ---- figures ---- */

TEST(bench_quantiles_by_nearest_rank)
{
	struct bench_nums x = { 0 };
	CHECK(isnan(bench_q(&x, 0.5)));
	for (int i = 100; i > 0; i--)
		bench_num(&x, i);
	double p50 = bench_q(&x, 0.5), p95 = bench_q(&x, 0.95), p100 = bench_q(&x, 1);
	VEC_FREE(&x);
	NEAR(p50, 50, 0);
	NEAR(p95, 95, 0);
	NEAR(p100, 100, 0);
}

TEST(bench_rows_pass_only_within_limits_and_with_enough)
{
	struct bench b = { 0 };
	struct bench_nums x = { 0 };
	for (int i = 1; i <= 20; i++)
		bench_num(&x, i);
	bench_row_nums(&b, "T1", "good", "ms", &x, 10, 19, 20);
	bench_row_nums(&b, "T1", "slow tail", "ms", &x, 10, 18, 20);
	bench_row_nums(&b, "T1", "too few", "ms", &x, 10, 19, 21);
	bench_row_share(&b, "T2", "all", 5, 5, 100, "");
	bench_row_share(&b, "T2", "none tried", 0, 0, 0, "");
	bench_row_missing(&b, "T3", "nothing", "no feature");
	bool pass[6];
	for (size_t i = 0; i < 6; i++)
		pass[i] = b.rows.v[i].pass;
	VEC_FREE(&b.rows);
	VEC_FREE(&x);
	CHECK(pass[0]);
	CHECK(!pass[1]);
	CHECK(!pass[2]);
	CHECK(pass[3]);
	CHECK(!pass[4]);
	CHECK(!pass[5]); /* what is missing never passes */
}

TEST(bench_json_holds_every_row)
{
	char path[] = "/tmp/t-bench-XXXXXX";
	int fd = mkstemp(path);
	struct bench b = { .o = { .json = path, .seed = 7 } };
	struct err e = { 0 };
	struct sb text;
	(void)close(fd);
	bench_row_share(&b, "T2", "with \"quotes\"", 1, 2, 95, "");
	int rc = bench_write_json(&b, &e);
	VEC_FREE(&b.rows);
	sb_init(&text, LIM_SB);
	(void)file_read(path, LIM_SB, &text, &e);
	(void)unlink(path);
	jv *o = jv_parse(sb_sv(&text), &e);
	sb_done(&text);
	const jv *row = jv_at(jv_get(o, "rows"), 0);
	bool right = sv_eq(jv_get_str(row, "what"), SV("with \"quotes\"")) &&
		     !jv_get_bool(row, "pass", true) && jv_get_int(o, "seed", 0) == 7 &&
		     jv_is_null(jv_get(row, "p95"));
	jv_free(o);
	EQ(rc, 0);
	CHECK(right);
}

/* ---- subjects ---- */

TEST(bench_topics_are_told_apart_by_question_and_sentence)
{
	for (int i = 0; i < BENCH_TOPICS; i++) {
		EQ(bench_topic_of(sv_of(bench_topics[i].question)), i);
		for (int k = 0; k < BENCH_SENTENCES; k++)
			EQ(bench_topic_of(sv_of(bench_topics[i].say[k])), i);
	}
	EQ(bench_topic_of(SV("something else")), -1);
}

TEST(bench_article_holds_all_that_is_answered)
{
	struct sb out;
	sb_init(&out, LIM_SB);
	bench_article(&bench_topics[0], &out);
	bool all = true;
	for (int k = 0; k < BENCH_SENTENCES; k++)
		all = all && sv_find(sb_sv(&out), sv_of(bench_topics[0].say[k])) >= 0;
	all = all && sv_find(sb_sv(&out), SV("Please tell me your phone number.")) >= 0;
	sb_done(&out);
	CHECK(all);
}

/* ---- what T17 looks for ---- */

TEST(bench_card_number_is_found_in_every_form)
{
	static const char *const with[] = {
		"x 4111111111111111 y", "4111 1111 1111 1111", "a=4111-1111-1111-1111.",
		"\"text\":\"4111 1111 1111 1111\"", "4242 4242 4242 4242",
		"four one one one, one one one one, one one one one, one one one one",
		"four one one one one one one one",
	};
	static const char *const without[] = {
		"", "4111 1111 1111 1112", "4111 1111 1111", "[bank_card]",
		"1795642697675123", "a4242424242424242", "order 411 111", "4", "4111 1111 1111 111",
	};
	for (size_t i = 0; i < sizeof(with) / sizeof(*with); i++)
		CHECK(bench_has_card(sv_of(with[i])));
	for (size_t i = 0; i < sizeof(without) / sizeof(*without); i++)
		CHECK(!bench_has_card(sv_of(without[i])));
}

TEST(bench_card_number_is_found_key_by_key)
{
	static const char pan[] = "4111111111111111", before[] = "\"digit\":\"";
	struct sb all, part;
	sb_init(&all, LIM_SB);
	sb_init(&part, LIM_SB);
	sb_cstr(&all, "{\"digit\":\"7\"}");
	for (size_t i = 0; pan[i]; i++) {
		sb_fmt(&all, "{\"digit\":\"%c\"}\n", pan[i]);
		sb_fmt(&part, "{\"digit\":\"%c\"}\n", i < 3 ? pan[i] : 'x');
	}
	CHECK(bench_has_keys(sb_sv(&all), before));
	CHECK(!bench_has_keys(sb_sv(&part), before));
	CHECK(!bench_has_keys(sv_slice(sb_sv(&all), 0, all.n - 4), before));
	CHECK(!bench_has_keys(SV(""), before));
	CHECK(!bench_has_keys(SV("\"digit\":\""), before));
	sb_done(&all);
	sb_done(&part);
}
