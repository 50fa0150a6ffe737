/* kb_seg.h: the packed form of a large space: articles, vectors and postings in a few flat arrays.
 *
 * A row of fixed size an article; its texts one after the other; its vectors as bytes ("forward");
 * and for each word the articles that hold it ("postings"). About 1 KB an article of one passage,
 * where the open form of kb_int.h takes four. Factors stay factors: the idf of a word comes in when
 * an article is unpacked for a question, so both forms give the same features to the bit. Packed by
 * one thread, then read by all. */
#ifndef CALLM_KB_SEG_H
#define CALLM_KB_SEG_H

#include "kb_build.h"

#define SEG_BANK 65536u          /* articles whose numbers share all but 16 bits */
#define SEG_SENTENCES 256        /* of an article that are compared with a question */
#define SEG_HITS (KB_CAND + 16)  /* articles that are unpacked for a question */
#define SEG_FACTORS 256          /* different factors of a space */
#define SEG_STEPS 255.0f         /* a posting's factor of 3, in steps */
#define SEG_TOP 3.0f             /* all and twice core: the greatest one there is */

enum seg_text { ST_ID, ST_GROUP, ST_TITLE, ST_ALIASES, ST_CATEGORY, ST_SOURCE, ST_AUDIENCE, ST_BODY,
		ST_N };
struct seg_row {
	uint64_t text, fwd;      /* where they begin */
	uint64_t stamp;
	int64_t from_ms, to_ms;
	uint32_t len[ST_N];      /* of its texts, in order */
	int32_t version;
	uint32_t also;
	uint16_t n_name;
	uint8_t canary;
	bool product, former;
};
struct kb_seg {
	struct seg_row *row;
	size_t n, cap;
	char *text;
	size_t text_n, text_cap;
	uint8_t *fwd;
	size_t fwd_n, fwd_cap;
	float factor[SEG_FACTORS];
	size_t n_factor;
	/* Postings of word w in bank b: doc[at[w * banks + b]] up to the next; how much it says
	 * there, in steps; and the greatest of those. */
	size_t banks, n_post;
	uint32_t *at;
	uint16_t *doc;
	uint8_t *step, *most;
	/* Vectors, when all passages have one: rows of each article; a bit for the sign of each
	 * number of an article's direction from the mean, `bits` words an article. */
	struct kd_rows *dense;
	uint64_t *sign;
	size_t bits;
};

/* ---- packing (kb_seg_pack.c) ---- */
struct kb_seg *kb_seg_new(void);
void kb_seg_free(struct kb_seg *g);              /* accepts NULL */
/* Appends an article whose vectors hold factors (kb_vectors_one). ERR_FULL. */
int kb_seg_add(struct kb_seg *g, const struct kb_art *a);
/* After the last one: postings of n_w words. ERR_FULL. */
int kb_seg_end(struct kb_seg *g, const struct kb_word *w, size_t n_w);
/* Bytes that are not text. */
size_t kb_seg_bytes(const struct kb_seg *g);

/* ---- reading (kb_seg.c) ---- */
sv kb_seg_text(const struct kb_seg *g, size_t i, enum seg_text which);
void kb_seg_article(const struct kb_seg *g, const char *lang, size_t i, struct kb_article *ret);
/* The whole article with weights; NULL when the arena is full. */
struct kb_art *kb_seg_open(const struct kb_space *sp, size_t i, struct arena *a);
/* The newest version of id: its number, or -1. first: of how many rows that ascend by id. */
ptrdiff_t kb_seg_find(const struct kb_seg *g, size_t first, sv id);

/* A packed vector: positions in the article's words, and factors. */
struct seg_bytes {
	const uint8_t *p;
};
static inline uint32_t seg_get(struct seg_bytes *b)
{
	uint32_t v = 0;

	for (int s = 0;; s += 7) {
		uint8_t c = *b->p++;

		v |= (uint32_t)(c & 127) << s;
		if (c < 128)
			return v;
	}
}

/* ---- candidates (kb_seg_top.c) ---- */
struct seg_hit {
	float w;
	uint32_t art;
};
/* The max (at most SEG_HITS) articles with the greatest sum of posting x question, greatest
 * first. */
size_t kb_seg_top(const struct kb_space *sp, const struct kb_query *q, const struct kb_qvec *v,
		  struct arena *a, struct seg_hit *out, size_t max);

#endif
