/* pii_train.c: trains the tagger of src/guard on marked texts.
 *
 *	pii_train TRAIN.txt WORDS.txt OUT.bin [EPOCHS]
 *
 * TRAIN.txt: one text a line, {name:...} {address:...} {place:...} {org:...}, \n for a new
 * line. WORDS.txt: common words, one a line. An averaged perceptron (Collins 2002) over whole
 * rows of tags, with a margin: a wrong tag starts with a lead, a missed name with a greater one.
 * The weights are rounded to 8 bits at the end. Same input, same output. One thread.
 */
#include "guard_tag.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXTS_MAX 200000
#define EPOCHS 10
#define SHY 22          /* what a name must be better by, in updates */

struct text {
	uint32_t n;             /* tokens */
	uint8_t *gold;
	uint32_t *first;        /* n + 1: where a token's rows begin in rows */
	uint32_t *rows;
};
struct weights {
	float (*w)[TAG_COUNT], (*sum)[TAG_COUNT];
	float step[TAG_COUNT][TAG_COUNT], step_sum[TAG_COUNT][TAG_COUNT];
};

static const char *const kinds[] = { "name", "address", "place", "org" };
static const uint8_t kind_tag[] = { TAG_NAME, TAG_ADDR, TAG_PLACE, TAG_ORG };

/* The text without marks, and the kind of each code point: 0, or 1 + kind, + 8 where it begins. */
static void unmark(sv line, struct sb *out, uint8_t *kind)
{
	size_t runes = 0;
	uint8_t now = 0;
	bool begins = false;

	while (line.n) {
		if (line.p[0] == '{') {
			for (uint8_t k = 0; k < 4; k++) {
				size_t n = strlen(kinds[k]);
				if (line.n > n + 1 && memcmp(line.p + 1, kinds[k], n) == 0 &&
				    line.p[n + 1] == ':') {
					now = (uint8_t)(k + 1);
					begins = true;
					line = sv_slice(line, n + 2, line.n);
				}
			}
		} else if (line.p[0] == '}') {
			now = 0;
			line = sv_slice(line, 1, line.n);
		}
		if (!line.n || line.p[0] == '{' || line.p[0] == '}')
			continue;
		uint32_t r = sv_rune(&line);
		if (r == '\\' && line.n && line.p[0] == 'n') {
			line = sv_slice(line, 1, line.n);
			r = '\n';
		}
		if (runes < LIM_TEXT_MSG)
			kind[runes++] = (uint8_t)(now | (begins && now ? 8 : 0));
		begins = false;
		sb_rune(out, r);
	}
}

static uint8_t tag_of(const struct guard_tok *x, const uint8_t *kind, uint8_t before)
{
	uint8_t k = kind[x->s] & 7, tag;
	bool begins = kind[x->s] & 8;

	if (!k)
		return TAG_NONE;
	tag = kind_tag[k - 1];
	if (tag != TAG_NAME && tag != TAG_ADDR)
		return tag;
	return !begins && (before == tag || before == tag + 1) ? (uint8_t)(tag + 1) : tag;
}

static void *need(void *p)
{
	if (!p) {
		(void)fprintf(stderr, "pii_train: a text is too long\n");
		exit(1);
	}
	return p;
}

static void read_text(sv line, const uint8_t *known, struct text *ret)
{
	static uint8_t kind[LIM_TEXT_MSG + 1];
	struct arena a;
	struct sb plain;
	struct guard_text t;
	struct guard_toks k;
	uint32_t rows[TAG_FEATURES], n = 0;

	arena_init(&a, LIM_ARENA_BIG);
	sb_init(&plain, LIM_SB);
	memset(kind, 0, sizeof(kind));
	unmark(line, &plain, kind);
	if (guard_decode(sb_sv(&plain), &a, &t) || t.n > LIM_TEXT_MSG ||
	    guard_tokenize(&t, known, &a, &k))
		need(NULL);
	ret->n = (uint32_t)k.n;
	ret->gold = xalloc(k.n + 1);
	ret->first = xalloc((k.n + 1) * sizeof(uint32_t));
	ret->rows = xalloc((k.n + 1) * sizeof(uint32_t) * TAG_FEATURES);
	for (size_t i = 0; i < k.n; i++) {
		ret->gold[i] = tag_of(&k.v[i], kind, i ? ret->gold[i - 1] : TAG_NONE);
		ret->first[i] = n;
		size_t m = guard_tag_features(&k, i, rows);
		memcpy(ret->rows + n, rows, m * sizeof(uint32_t));
		n += (uint32_t)m;
	}
	ret->first[k.n] = n;
	ret->rows = xrealloc(ret->rows, (n + 1) * sizeof(uint32_t));
	sb_done(&plain);
	arena_done(&a);
}

/* The lead of a wrong tag. */
static float lead(uint8_t gold, int b)
{
	if (gold == b)
		return 0;
	return gold != TAG_NONE && b == TAG_NONE ? 2.0f : 1.0f;
}

static void decode(const struct weights *m, const struct text *t, uint8_t *tag)
{
	static uint8_t back[LIM_TEXT_MSG + 1][TAG_COUNT];
	float now[TAG_COUNT] = { 0 }, next[TAG_COUNT];

	for (uint32_t i = 0; i < t->n; i++) {
		float sum[TAG_COUNT] = { 0 };
		for (uint32_t f = t->first[i]; f < t->first[i + 1]; f++)
			for (int g = 0; g < TAG_COUNT; g++)
				sum[g] += m->w[t->rows[f]][g];
		for (int b = 0; b < TAG_USED; b++) {
			float best = i ? -1e30f : guard_tag_follows(TAG_COUNT, b) ? 0 : -1e20f;
			for (int a = 0; i && a < TAG_USED; a++) {
				float s = now[a] + m->step[a][b];
				if (guard_tag_follows(a, b) && s > best) {
					best = s;
					back[i][b] = (uint8_t)a;
				}
			}
			next[b] = best + sum[b] + lead(t->gold[i], b);
		}
		memcpy(now, next, sizeof(now));
	}
	int g = 0;
	for (int b = 1; b < TAG_USED; b++)
		g = now[b] > now[g] ? b : g;
	for (uint32_t i = t->n; i > 0; i--) {
		tag[i - 1] = (uint8_t)g;
		g = back[i - 1][g];
	}
}

/* Moves the weights from the wrong row to the right one; true when it was wrong. */
static bool learn(struct weights *m, const struct text *t, float when)
{
	static uint8_t tag[LIM_TEXT_MSG + 1];
	bool wrong = false;

	decode(m, t, tag);
	for (uint32_t i = 0; i < t->n; i++) {
		uint8_t g = t->gold[i], b = tag[i];
		for (uint32_t f = t->first[i]; g != b && f < t->first[i + 1]; f++) {
			m->w[t->rows[f]][g] += 1;
			m->w[t->rows[f]][b] -= 1;
			m->sum[t->rows[f]][g] += when;
			m->sum[t->rows[f]][b] -= when;
		}
		if (i && (g != b || t->gold[i - 1] != tag[i - 1])) {
			m->step[t->gold[i - 1]][g] += 1;
			m->step[tag[i - 1]][b] -= 1;
			m->step_sum[t->gold[i - 1]][g] += when;
			m->step_sum[tag[i - 1]][b] -= when;
		}
		wrong = wrong || g != b;
	}
	return wrong;
}

static int8_t rounded(double w, double scale)
{
	double v = w * scale;

	return (int8_t)lrint(v > 127 ? 127 : v < -127 ? -127 : v);
}

static int save(const struct weights *m, const uint8_t *known, double steps, const char *path)
{
	struct guard_tag_file head = { .magic = "CALLMTG1", .rows = TAG_ROWS,
				       .known_bits = TAG_KNOWN_BITS };
	int8_t(*w)[TAG_COUNT] = xalloc((size_t)TAG_ROWS * TAG_COUNT);
	double max = 0, ms = 0, used = 0;

	for (size_t r = 0; r < TAG_ROWS; r++)
		for (int g = 0; g < TAG_COUNT; g++) {
			double v = m->w[r][g] - m->sum[r][g] / steps;
			max = fabs(v) > max ? fabs(v) : max;
			ms += v * v;
			used += v != 0;
		}
	double spread = 8 * sqrt(ms / (used + 1)), scale = 127 / (max < spread ? max : spread);
	for (size_t r = 0; r < TAG_ROWS; r++)
		for (int g = 0; g < TAG_COUNT; g++)
			w[r][g] = rounded(m->w[r][g] - m->sum[r][g] / steps, scale);
	for (int a = 0; a < TAG_COUNT; a++)
		for (int b = 0; b < TAG_COUNT; b++)
			head.step[a][b] = rounded(m->step[a][b] - m->step_sum[a][b] / steps, scale);
	head.lean[TAG_NAME] = (int16_t)lrint(-SHY * scale);
	FILE *f = fopen(path, "wb");
	int rc = !f || fwrite(&head, sizeof(head), 1, f) != 1 ||
		 fwrite(w, TAG_COUNT, TAG_ROWS, f) != TAG_ROWS ||
		 fwrite(known, 1, (1u << TAG_KNOWN_BITS) / 8, f) != (1u << TAG_KNOWN_BITS) / 8;
	if (f && fclose(f))
		rc = 1;
	(void)printf("greatest weight %.1f, cut at %.1f, %.0f in use\n", max, 127 / scale, used);
	xfree(w);
	return rc;
}

static void read_words(sv rest, uint8_t *known)
{
	sv line;

	while (sv_line(&rest, &line)) {
		uint32_t fold[64];
		size_t n = 0;
		while (line.n && n < 64)
			fold[n++] = sv_fold(sv_rune(&line));
		if (n)
			guard_tag_learn(known, guard_tag_word(fold, n));
	}
}

static size_t read_texts(sv rest, const uint8_t *known, struct text *v)
{
	size_t n = 0;
	sv line;

	while (n < TEXTS_MAX && sv_line(&rest, &line))
		if (line.n)
			read_text(line, known, &v[n++]);
	return n;
}

int main(int argc, char **argv)
{
	struct sb text, words;
	struct err e = { 0 };
	struct weights m = { .w = xalloc(sizeof(float) * TAG_ROWS * TAG_COUNT),
			     .sum = xalloc(sizeof(float) * TAG_ROWS * TAG_COUNT) };
	uint8_t *known = xalloc((1u << TAG_KNOWN_BITS) / 8);
	struct text *v = xalloc(sizeof(*v) * TEXTS_MAX);
	struct rng r;
	int epochs = argc > 4 ? (int)strtol(argv[4], NULL, 10) : EPOCHS;
	double step = 1;

	sb_init(&text, LIM_ARENA_BIG);
	sb_init(&words, LIM_ARENA_BIG);
	if (argc < 4 || file_read(argv[1], LIM_ARENA_BIG, &text, &e) ||
	    file_read(argv[2], LIM_ARENA_BIG, &words, &e)) {
		(void)fprintf(stderr, "pii_train TRAIN.txt WORDS.txt OUT.bin [EPOCHS] %s\n", e.msg);
		return 1;
	}
	read_words(sb_sv(&words), known);
	size_t n = read_texts(sb_sv(&text), known, v);
	rng_seed(&r, 5);
	for (int epoch = 0; epoch < epochs; epoch++) {
		size_t wrong = 0;
		for (size_t i = n; i > 1; i--) {
			size_t j = rng_below(&r, i);
			struct text x = v[i - 1];
			v[i - 1] = v[j];
			v[j] = x;
		}
		for (size_t i = 0; i < n; i++, step++)
			wrong += learn(&m, &v[i], (float)step);
		(void)printf("epoch %d: %zu of %zu texts moved the weights\n", epoch + 1, wrong, n);
	}
	return save(&m, known, step, argv[3]);
}
