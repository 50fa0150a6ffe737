/* e5_token.c: text to pieces of the unigram vocabulary (Kudo 2018, arXiv 1804.10959), as XLM-R
 * does it.
 *
 * Characters go through the model's own map (full width, ligatures, line breaks ... one
 * character to none or several), runs of spaces become one, each space the mark U+2581, one of
 * which precedes the text. The best path through all pieces (their scores are log
 * probabilities) is found from left to right. A character that no piece covers is <unk>;
 * several in a row are one, as in SentencePiece. <s>, </s> and the like written by a customer
 * are plain characters: special pieces are not in the table. */
#include "e5.h"

enum { MARK = 0x2581, CHARS = 8192, SPECIAL = 4 };

static uint64_t fnv(uint64_t h, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 1099511628211u;
	return h;
}
#define FNV_BEGIN 1469598103934665603u

static bool special(const struct e5_vocab *v, uint32_t i)
{
	return i < SPECIAL || i == v->n - 1; /* <s> <pad> </s> <unk>, <mask> is the last */
}

int e5_vocab_init(struct e5_vocab *v, struct err *e)
{
	uint32_t size = 64;
	float least = 0;
	while (size < 2 * v->n)
		size *= 2;
	v->mask = size - 1;
	v->slot = xalloc(size * sizeof(*v->slot));
	for (uint32_t i = 0; i < v->n; i++) {
		uint32_t n = v->off[i + 1] - v->off[i];
		if (special(v, i) || !n)
			continue;
		uint32_t h = (uint32_t)fnv(FNV_BEGIN, v->bytes + v->off[i], n) & v->mask;
		while (v->slot[h])
			h = (h + 1) & v->mask;
		v->slot[h] = i + 1;
		v->longest = n > v->longest ? n : v->longest;
		least = v->score[i] < least ? v->score[i] : least;
	}
	v->unk_score = least - 10;
	return v->longest ? 0 : err_set(e, ERR_CORRUPT, "the vocabulary has no pieces");
}

void e5_vocab_done(struct e5_vocab *v)
{
	xfree(v->slot);
	xfree(v->map_cp);
	xfree(v->map_at);
}

/* The piece with these bytes, or UINT32_MAX. */
static uint32_t find(const struct e5_vocab *v, uint64_t hash, const char *p, size_t n)
{
	for (uint32_t h = (uint32_t)hash & v->mask; v->slot[h]; h = (h + 1) & v->mask) {
		uint32_t i = v->slot[h] - 1;
		if (v->off[i + 1] - v->off[i] == n && memcmp(v->bytes + v->off[i], p, n) == 0)
			return i;
	}
	return UINT32_MAX;
}

/* ---- characters ---- */

struct chars {
	char *bytes;   /* 4 a character */
	uint32_t *at;  /* [n + 1] where each begins */
	uint32_t n;
	bool space;    /* the last one was a space */
};

static void put(struct chars *c, uint32_t r)
{
	if (r == ' ' && (c->space || c->n == 0))
		return;
	c->space = r == ' ';
	if (c->n + 2 > CHARS)
		return;
	if (c->n == 0) {
		c->at[1] = c->at[0] + (uint32_t)sv_encode(MARK, c->bytes);
		c->n = 1;
	}
	if (r != ' ') {
		c->at[c->n + 1] = c->at[c->n] + (uint32_t)sv_encode(r, c->bytes + c->at[c->n]);
	} else {
		c->at[c->n + 1] = c->at[c->n] +
				  (uint32_t)sv_encode(MARK, c->bytes + c->at[c->n]);
	}
	c->n++;
}

static void map_one(const struct e5_vocab *v, uint32_t r, struct chars *c)
{
	uint32_t lo = 0, hi = v->n_map;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;
		if (v->map_cp[mid] < r)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == v->n_map || v->map_cp[lo] != r) {
		put(c, r);
		return;
	}
	const unsigned char *p = v->map + v->map_at[lo];
	for (int i = *p++; i > 0; i--, p += 4) {
		uint32_t to = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
			      (uint32_t)p[3] << 24;
		put(c, to <= 0x10ffff ? to : 0xfffd);
	}
}

static void read_chars(const struct e5_vocab *v, sv s, struct chars *c)
{
	s = sv_slice(s, 0, E5_TEXT);
	while (s.n) {
		uint32_t r = sv_rune(&s);
		if (r > ' ' && r < 0x7f)
			put(c, r); /* no plain letter is mapped */
		else
			map_one(v, r, c);
	}
}

/* ---- the best path ---- */

struct step {
	float score;
	uint32_t piece, from;
};

static void best_path(const struct e5_vocab *v, const struct chars *c, struct step *s)
{
	for (uint32_t i = 1; i <= c->n; i++)
		s[i].score = -1e30f;
	s[0].score = 0;
	for (uint32_t i = 0; i < c->n; i++) {
		const char *p = c->bytes + c->at[i];
		uint64_t h = FNV_BEGIN;
		for (uint32_t k = i; k < c->n && c->at[k + 1] - c->at[i] <= v->longest; k++) {
			size_t n = c->at[k + 1] - c->at[i];
			h = fnv(h, c->bytes + c->at[k], c->at[k + 1] - c->at[k]);
			uint32_t piece = find(v, h, p, n);
			if (piece == UINT32_MAX || s[i].score + v->score[piece] <= s[k + 1].score)
				continue;
			s[k + 1] = (struct step){ s[i].score + v->score[piece], piece, i };
		}
		if (s[i].score + v->unk_score > s[i + 1].score)
			s[i + 1] = (struct step){ s[i].score + v->unk_score, v->unk, i };
	}
}

static size_t walk_back(const struct e5_vocab *v, const struct chars *c, const struct step *s,
			uint32_t *ids, size_t max)
{
	uint32_t *back = xalloc((c->n + 1) * sizeof(*back));
	size_t n = 0, out = 0;
	for (uint32_t i = c->n; i; i = s[i].from)
		if (s[i].piece != v->unk || !n || back[n - 1] != v->unk)
			back[n++] = s[i].piece;
	ids[out++] = v->bos;
	while (n && out + 1 < max)
		ids[out++] = back[--n];
	ids[out++] = v->eos;
	xfree(back);
	return out;
}

size_t e5_tokens(const struct e5_vocab *v, sv prefix, sv text, uint32_t *ids, size_t max)
{
	struct chars c = { .bytes = xalloc(4 * CHARS),
			   .at = xalloc((CHARS + 1) * sizeof(*c.at)) };
	struct step *s;
	read_chars(v, prefix, &c);
	read_chars(v, text, &c);
	if (c.space)
		c.n--;
	s = xalloc((c.n + 1) * sizeof(*s));
	best_path(v, &c, s);
	size_t n = walk_back(v, &c, s, ids, max);
	xfree(s);
	xfree(c.at);
	xfree(c.bytes);
	return n;
}
