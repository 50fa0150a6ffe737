/* kb_int.h: what the files of this room share: scanner, terms, index layout, features.
 *
 *	struct kb_scan s;
 *	kb_scan_init(&s, text);
 *	while (kb_scan_next(&s)) use(kb_scan_sv(&s));
 *
 * The index is built by one thread and immutable afterwards; the only thing that moves is
 * the list of idle full-text connections (atomic slots).
 */
#ifndef CALLM_KB_INT_H
#define CALLM_KB_INT_H

#include <stdatomic.h>
#include "kb.h"

/* ---- scanner: folded, stemmed words and single CJK characters ---- */
#define KB_WORD_MAX 48           /* bytes of one word; the rest of a longer one is dropped */

struct kb_scan {
	sv all, rest;
	char buf[KB_WORD_MAX + 8];
	size_t n;                /* bytes in buf */
	size_t start, end;       /* span in all */
	bool cjk;                /* one CJK character, else a word or number */
	bool number;             /* only digits, dot */
};
void kb_scan_init(struct kb_scan *s, sv text);
bool kb_scan_next(struct kb_scan *s);
static inline sv kb_scan_sv(const struct kb_scan *s)
{
	return sv_n(s->buf, s->n);
}
size_t kb_stem(char *w, size_t n);      /* in place, a-z only; returns the new length */
bool kb_is_punct(uint32_t r);           /* separates words */

/* ---- text in pieces ---- */
struct kb_span {
	uint32_t off, len;
};
struct kb_spans {
	struct kb_span *v;
	size_t n, cap;
};
struct kb_chunk {
	struct kb_span text;     /* in body_md */
	sv heading;              /* "Title > Part" */
};
struct kb_chunks {
	struct kb_chunk *v;
	size_t n, cap;
};
#define KB_CHUNK_CHARS 400
#define KB_SENTENCES_MAX 4096    /* of one article: what follows is in the full text only */
#define KB_CHUNKS_MAX 4096
/* Sentences of a Markdown body, headings and markers left out. */
void kb_sentences(sv body, struct kb_spans *out);
void kb_chunk(sv title, sv body, struct arena *a, struct kb_chunks *out);

/* ---- document parsers: each checks the whole document first ---- */
struct kb_doc {
	const char *name;        /* for messages and source */
	struct arena *a;
	struct kb_article *v;    /* collected, delivered at the end */
	size_t n, cap;
	struct map *seen;        /* ids of this document */
	size_t *bad;             /* lines that are none are counted, not refused; or NULL */
	struct err *e;
};
/* Longest fields, in bytes. */
#define KB_TITLE_MAX 1000
#define KB_ALIASES_MAX (64u << 10)
#define KB_FIELD_MAX 400
#define KB_ROLE_MAX 64           /* of "role:NAME" */
int kb_md_parse(struct kb_doc *d, sv text);
int kb_text_parse(struct kb_doc *d, sv text);
int kb_html_parse(struct kb_doc *d, sv text);
int kb_csv_parse(struct kb_doc *d, sv text);
int kb_jsonl_parse(struct kb_doc *d, sv text);
int kb_products_parse(struct kb_doc *d, sv text);
/* Adds one article after filling what is missing (id, group, lang); line is for messages. */
int kb_doc_add(struct kb_doc *d, struct kb_article *a, int line);
int kb_doc_err(struct kb_doc *d, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int kb_set_field(struct kb_doc *d, struct kb_article *a, sv key, sv val, int line);
sv kb_alias_lines(struct arena *a, sv list);  /* "a; b" -> "a\nb" */

/* ---- words to concepts ---- */
/* synonyms and stop phrases of one language; read-only once built. */
struct kb_lex;
struct kb_lex *kb_lex_new(struct arena *a);
void kb_lex_done(struct kb_lex *x);  /* the arena keeps the rest */
/* "concept<TAB>phrase; phrase" lines; concept "-" = stop phrases. ERR_PARSE with file:line. */
int kb_lex_add(struct kb_lex *x, sv tsv, const char *name, struct err *e);
void kb_lex_common(struct kb_lex *x, sv tsv); /* "level<TAB>word word": 1 says little, 9 much */
sv kb_lex_builtin_common(sv lang);
sv kb_lex_builtin(sv lang);      /* the embedded file, empty for an unknown language */

#define KB_TERMS_MAX 256         /* terms of one query, alias or sentence */
struct kb_term {
	char s[2 * KB_WORD_MAX];
	uint8_t n;
	bool word;               /* latin word: may be a typo */
	bool weak;               /* a CJK pair that is no known word */
	float f;                 /* factor on its idf */
};
/* Terms of a text: words, CJK characters and pairs, concepts ("#name"). Returns the count. */
size_t kb_terms(const struct kb_lex *x, sv text, struct kb_term *out, size_t max);
/* The same for a question: each unknown word is offered to fix, which may put another in its
 * place. */
typedef sv kb_fix_fn(const void *arg, sv word);
size_t kb_terms_fixed(const struct kb_lex *x, sv text, kb_fix_fn *fix, const void *arg,
		      struct kb_term *out, size_t max);
/* Walks the words of all phrases: size_t it = 0; while (kb_lex_word(x, &it, &w)) ... */
bool kb_lex_word(const struct kb_lex *x, size_t *it, sv *word);

/* ---- learned vectors ---- */
#define KE_DIM 64
#define KE_ROWS (1u << 15)
#define KE_BACK 384              /* further rows: vectors of talk that no article answers */
#define KE_TABLE ((size_t)(KE_ROWS + KE_BACK) * KE_DIM)
#define KE_ONE 4096              /* length of a vector */
#define KE_BYTES 1200            /* of a text that are looked at */
#define KE_MAX 1024              /* features of a text */
/* Rows of a text's features in the table. Returns the count. */
size_t kb_emb_hashes(const struct kb_lex *lex, sv text, uint32_t *h, size_t max);
/* The vector of a text; all zero without a table or without a feature. */
void kb_emb_text(const int8_t *rows, const struct kb_lex *lex, sv text, int16_t out[KE_DIM]);
/* The best cosine with the background: public intents and what no article answers. */
float kb_emb_back(const int8_t *rows, const int16_t *v);
float kb_emb_cos(const int16_t *a, const int16_t *b);
/* The mean direction of n vectors; returns their mean cosine with it. */
float kb_emb_centre(int16_t (*v)[KE_DIM], size_t n, int16_t out[KE_DIM]);
const int8_t *kb_emb_builtin(sv lang);        /* NULL for a language without a table */

/* ---- vectors of passages (kb_dense.c, kb_dot.c) ---- */
#define KD_DIM_MAX 8192
#define KD_NAMES 64              /* names of an article that get a vector, */
#define KD_CHUNKS 64             /* and chunks */
#define KD_ROWS_MAX (2u << 20)   /* of all articles of a space */
#define KD_TEXT 2000             /* bytes of a chunk's text */
#define KD_TOP 10                /* candidates by vector alone */
#define KD_NEAR 1024             /* articles of a packed space that are compared in full */
enum kd_feat { KD_NAME, KD_NAME3, KD_MEAN, KD_CHUNK, KD_ALL, KD_N };
enum { KD_GATE = 9 };            /* further features of the gate */
struct kd_rows {                 /* of one article: names, their mean, chunks */
	const int8_t *q;
	const float *scale;
	const float *inv;        /* 1 / distance from the space's mean */
	uint32_t names, chunks;
};
struct kd_query {                /* a question's vector, and what stands around it */
	int16_t *q;              /* NULL: none */
	float scale;
	int stride;
	/* seen from the means of two languages instead of from nothing: what all texts of a
	 * language share is taken off on both sides */
	bool centred;
	double offset, len;
	const struct kb_model *model;    /* of the space it is asked of; NULL with q */
	/* over the live articles of the space: best, second, mean of the best ten of KD_ALL;
	 * a soft maximum */
	double best, second, ten, logsum;
};
/* Numbers of a row: dim rounded up. */
static inline int kd_stride(int dim)
{
	return (dim + 63) / 64 * 64;
}
void kd_quantise(const float *v, int dim, int8_t *q, float *scale);   /* q: kd_stride bytes */
/* out[i] = sum of rows[i][k] * q[k]; the fastest way this machine has. */
void kd_dots(const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out);
void kd_dots_plain(const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out);
/* Runs way 0 (AVX-512), 1 (AVX2) or 2 (plain); false where the machine cannot. For tests. */
bool kd_dots_by(int way, const int8_t *rows, size_t n, int stride, const int16_t *q, int32_t *out);
/* A question's numbers to 16 bits in the arena; false when it has none. */
bool kd_widen(const float *v, int dim, struct arena *a, struct kd_query *ret);
void kd_features(const struct kd_query *q, const struct kd_rows *r, double d[KD_N]);
/* The vector of a text, NULL when it is not known. */
const int8_t *kb_dense_find(const struct kb_dense *d, sv text, float *scale);
int kb_dense_dim(const struct kb_dense *d);
sv kb_dense_name(const struct kb_dense *d);      /* of the model, as kb_dense_open had it */

/* ---- index ---- */
struct kb_vec {                  /* sparse vector, ids ascending */
	uint32_t n;
	float sum;               /* of all weights */
	uint32_t *id;
	float *w;
};
struct kb_art {
	struct kb_article a;
	struct kb_vec *name;     /* title, then each alias */
	uint32_t n_name;
	int16_t (*emb)[KE_DIM];  /* learned vector of each name */
	int16_t centre[KE_DIM];  /* their mean, */
	float tight;             /* and their mean cosine with it */
	uint64_t *norm;          /* hash of each normalised name */
	struct kb_vec names;     /* union of title and aliases */
	struct kb_vec concept;   /* the concepts of core */
	struct kb_vec core;      /* the same, weight x share of the names that hold the term */
	struct kb_vec all;       /* union of everything */
	/* answers what a thing is and costs, not how a service works. */
	bool product;
	bool former;             /* an earlier version, served until the newest is valid */
	struct kb_span *sent;    /* in a.body_md */
	struct kb_vec *sv;       /* of each sentence */
	uint32_t n_sent;
	struct kb_chunks chunks;
	struct kd_rows dense;
	unsigned also;           /* bit per space whose language has an article of this group */
	uint64_t stamp;          /* of its row: another one when anything in it changed */
};
struct kb_word {
	sv s;
	uint32_t df, letters;    /* letters: bit per a-z, for typo search */
	float idf;
	bool word;
};
#define KB_POST_ARTICLES 4096
struct kb_post {
	uint32_t art;
	float w;
};
#define KB_UNKNOWN UINT32_MAX    /* a term that the knowledge base lacks */
#define KB_NEAR (26 * (KB_WORD_MAX + 1))
struct kb_seg;                   /* kb_seg.h */
struct kb_space {                /* the articles of one language */
	char lang[12];
	/* What changed since this space was built: the articles of `more` (whose vocabulary goes on
	 * where this one ends: more->under == this) beside those without a bit in `dead`. */
	struct kb_space *more;
	const struct kb_space *under;
	const uint64_t *dead;
	struct kb_seg *seg;      /* of a large space: its articles, packed; art is NULL then */
	struct map *ids;         /* term -> index + 1 */
	struct kb_word *w;
	size_t n_w, cap_w;
	struct kb_art *art;
	size_t n_art, cap_art;
	size_t n_live;           /* without former versions */
	size_t n_row;            /* the first ones of art: newest versions, ascending by id */
	uint32_t *near;          /* a large vocabulary by first letter and length, else NULL */
	uint32_t *near_at;       /* KB_NEAR + 1 starts */
	float idf_max;
	uint32_t *post_at;       /* of term i: post[post_at[i]] .. post[post_at[i + 1]] */
	struct kb_post *post;    /* NULL in a large space */
	struct kb_lex *lex;
	const int8_t *rows;      /* of the learned vectors, or NULL */
	int dim;                 /* of the vectors of passages; 0: some are missing */
	const struct kb_model *model;    /* that made them */
	uint64_t made_by;        /* hash of its name */
	void *block;             /* their scales, distances and rows */
	float *mean;             /* of the names' vectors */
	sv *missing;             /* texts without one */
	size_t n_missing;
};
#define KB_SPACES 8
#define KB_CONNS 32
struct kb_index {
	struct arena arena;
	/* An index of changes: the one it was made from, whose spaces it shares; else NULL. */
	struct kb_index *root;
	struct kb_space space[KB_SPACES];
	size_t n_space, n_live;
	struct map *by_id;       /* article id -> newest entry */
	void *image;             /* full text, shared by all connections */
	size_t image_n;
	_Atomic(struct store_db *) idle[KB_CONNS];
};
struct kb_space *kb_space_of(struct kb_index *ix, sv lang);
/* of words and CJK characters in order, stop words kept. */
uint64_t kb_norm_hash(sv text);
bool kb_live_at(const struct kb_article *a, int64_t now_ms);

/* ---- an index with changes on top ---- */
/* The words of a space and of what changed since. */
uint32_t kb_space_term(const struct kb_space *sp, sv term);     /* or KB_UNKNOWN */
static inline const struct kb_word *kb_space_word(const struct kb_space *sp, uint32_t id)
{
	return id < sp->n_w ? &sp->w[id] : &sp->more->w[id - sp->n_w];
}
/* Words that begin with this letter (a-z) and have from..to bytes: near[*ret..), or all of w when
 * near is NULL. Returns how many. */
size_t kb_space_near(const struct kb_space *sp, char first, size_t from, size_t to, size_t *ret);
void kb_space_sort_words(struct kb_space *sp);   /* once, of a large space */
/* Articles are numbered through: those of the space, then those that changed. */
size_t kb_space_own(const struct kb_space *sp);  /* of the space itself */
size_t kb_space_n(const struct kb_space *sp);
/* Is an own one hidden by what changed? */
static inline bool kb_space_gone(const struct kb_space *sp, size_t i)
{
	return sp->dead && (sp->dead[i / 64] >> (i % 64) & 1);
}
/* A packed one is unpacked into the arena (NULL: it does not fit). */
const struct kb_art *kb_space_art(const struct kb_space *sp, size_t i, struct arena *a);
/* May it answer this question now? Not what is gone, out of time or not for this asker. */
bool kb_space_may(const struct kb_space *sp, size_t i, const struct kb_query *q, int64_t now_ms);

/* ---- query ---- */
#define KB_CAND 40
#define KB_PARTS 3
struct kb_qterm {
	uint32_t id;             /* or KB_UNKNOWN */
	float w;
	bool concept;
};
struct kb_qvec {
	sv text;                 /* as it was asked; lives as long as the search */
	struct kb_qterm t[KB_TERMS_MAX];
	size_t n;
	float sum, unknown;      /* all weight, weight of unknown terms */
	float concepts;          /* weight of concepts */
	float idf_max;
	uint64_t bloom[16];      /* 1,024 bits over id */
	uint16_t slot[512];      /* open addressing into t, +1 */
	uint64_t norm;
	int16_t emb[KE_DIM];
	float back;              /* best cosine of emb with the background */
	bool attribute;          /* asks for price, size, colour ... of a thing */
};
void kb_qvec_make(const struct kb_space *sp, sv text, sv context, struct kb_qvec *q);
bool kb_vec_has(const struct kb_vec *v, uint32_t id);
bool kb_vec_at(const struct kb_vec *v, uint32_t id, uint32_t *ret);      /* its place in v */
float kb_qvec_match(const struct kb_qvec *q, const struct kb_vec *v);
struct kb_art;
/* Does a sentence speak of something asked that neither title nor aliases mention? */
bool kb_adds(const struct kb_qvec *q, const struct kb_art *a, uint32_t sent);
/* Where a table answers: the rows of a's tables that match best, read out (kb_row_say), in the
 * arena, at most max characters unless one row alone is longer; *at: where they stand. Empty: the
 * body does not begin with a table, and no row says something new and matches more (by `more`)
 * than sentence `sent`, which would be quoted else; nor is that one of a table. */
sv kb_rows_quote(const struct kb_qvec *q, const struct kb_art *a, uint32_t sent, float more,
		 size_t max, struct arena *arena, struct kb_span *at);

enum kb_feat {
	KF_TITLE, KF_TITLE_Q, KF_ALIAS, KF_ALIAS_Q, KF_ALIAS_T, KF_ALIAS3, KF_NAMES_Q, KF_ALL_Q,
	KF_SENT, KF_SENT_Q, KF_EXACT, KF_UNKNOWN, KF_SENT1, KF_RARE, KF_CORE, KF_CORE_T,
	KF_CENTRE, KF_PRODUCT, KF_CONC_Q, KF_CONC_T, KF_CLAUSE, KF_MISS1, KF_MISS2,
	KF_EMB, KF_EMB3, KF_EMB_C, KF_EMB_PART, KF_TIGHT, KF_WORDS, KF_NAMES, KF_BACK, KF_N
};
struct kb_cand {
	uint32_t art;
	const struct kb_art *a;
	float bm25;
	double f[KF_N];
	double d[KD_N];          /* zero without a question's vector */
	double score, p;
	uint32_t best_sent;
	float sent_cos;
};
/* Fills score of each, sorts best first (of those with few names among the first and the best
 * of the others, the likeliest before the rest), fills p of the first k, at least KB_LOOK. d:
 * what the question's vector found, or NULL: words alone, with weights of their own. */
void kb_rank(sv lang, const struct kd_query *d, struct kb_cand *c, size_t n, size_t k);
/* What stands around the question without some articles: from, where the n of c are left. */
struct kd_query kb_dense_without(const struct kd_query *from, const struct kb_cand *c, size_t n,
				 const struct kb_cand *gone, size_t n_gone);
/* Features of the gate for c[0..n), sorted: what decides whether c[i] answers: KG_N, with d
 * KG_MAX of them. */
enum { KG_EXTRA = 14, KG_N = KF_N + KG_EXTRA, KG_MAX = KG_N + KD_N + KD_GATE };
void kb_gate_features(const struct kd_query *d, const struct kb_cand *c, size_t n, size_t i,
		      double g[KG_MAX]);
#define KG_H 12
#define KG_NETS 4
struct kb_net {                  /* one hidden layer (tanh); the constant follows the features */
	double hid[KG_H][KG_MAX + 1], out[KG_H + 1];
};
struct kb_gate {                 /* the mean of a few nets over scaled features */
	int n;                   /* features */
	double mean[KG_MAX], scale[KG_MAX];
	struct kb_net net[KG_NETS];
};
double kb_gate_p(const struct kb_gate *w, const double g[KG_MAX]);
struct kb_weights {
	double rank[KF_N + KD_N];
	double answer, unsure;   /* thresholds on p */
	struct kb_gate gate;
};
/* Of an article with few names among others with many: written yesterday, or come of the
 * flywheel. Its score is bias + rank * features, comparable to the others'. */
struct kb_few {
	double bias, rank[KF_N + KD_N];
	double answer;           /* threshold on p */
	struct kb_gate gate;
};
#define KB_LOOK 3                /* the first ones of an order, whose p is always there */
/* Has it few names, and half of the others many? A product has few by nature and does not count. */
bool kb_few_among_many(const struct kb_cand *c, size_t n, size_t i);
/* Have the candidates hardly a name but their titles? */
#define KB_YOUNG 1.8             /* names of an article, title and all: the geometric mean */
bool kb_young(const struct kb_cand *c, size_t n);
struct kb_found {
	struct kb_space *sp;
	struct kb_qvec q;        /* the whole question, */
	struct kb_qvec part[KB_PARTS]; /* its clauses when it has several */
	size_t parts;
	struct kd_query dense;
	struct kb_cand c[KB_CAND];
	size_t n;
};
/* The question's vector against a space whose vectors are all there; else f->dense stays
 * empty. top gets up to KD_TOP articles, best first, by KD_ALL. Returns how many. */
size_t kb_dense_query(const struct kb_query *q, struct arena *a, struct kb_found *f,
		      uint32_t top[KD_TOP]);
void kb_dense_features(const struct kb_found *f, const struct kb_art *a, double d[KD_N]);
static inline const struct kd_query *kb_dense_of(const struct kb_found *f)
{
	return f->dense.q ? &f->dense : NULL;
}
void kb_features(const struct kb_found *f, struct kb_cand *c);
/* Candidates with features, unsorted; for search and for training. f is large: take it from an
 * arena. */
int kb_candidates(struct kb_index *ix, const struct kb_query *q, struct arena *a,
		  struct kb_found *f);
/* A candidate as a hit; strings live in the index or in the arena. */
void kb_fill_hit(const struct kb_found *f, const struct kb_cand *c, struct arena *arena,
		 struct kb_hit *h);
int kb_image_build(struct kb_index *ix, struct err *e);

/* ---- articles of other languages: kb_abroad.c ---- */
enum { KA_N = KD_N + 4, KA_TOP = 10 };
struct kb_abroad {               /* of one space, best first */
	const struct kb_space *sp;
	uint32_t art[KA_TOP];
	double d[KA_TOP][KD_N];
	size_t n;
	double g[KA_N];          /* features of the best, its lead over the next and the first
				    ten, its share, whether it is Chinese */
	bool young;              /* the nearest have hardly a name but their titles */
	double p;                /* that the best one answers */
};
struct kb_abroad_weights {
	double w[KA_N + 1], answer, unsure;
};
/* The thresholds on b->p, of the model that found it. */
double kb_abroad_answer(const struct kb_abroad *b);
double kb_abroad_unsure(const struct kb_abroad *b);
/* A question of home's language (NULL: unknown) for the articles of sp. */
bool kb_abroad_query(const float *v, int dim, const struct kb_space *home,
		     const struct kb_space *sp, struct arena *a, struct kd_query *ret);
/* The articles nearest by meaning that home (may be NULL) lacks; false: none. The first answers
 * when ret->p is above kb_abroad_answer(ret), and is worth offering above kb_abroad_unsure(ret). */
bool kb_abroad(struct kb_index *ix, const struct kb_query *q, const struct kb_space *home,
	       struct arena *a, struct kb_abroad *ret);
bool kb_abroad_look(const struct kb_space *sp, const struct kb_query *q, const struct kd_query *kd,
		    unsigned home, sv skip, struct kb_abroad *ret);
double kb_abroad_p(const struct kb_abroad *b);

/* ---- embedding models: kb_model.c ---- */
struct kb_model {
	const char *part;        /* of its name, in lower case */
	const char *tag;         /* in the names of its weights: kb_weights_<tag>... */
	double middle, stretch;  /* features are (cosine - middle) * stretch */
	double middle_centred;   /* the same between languages, what each shares taken off */
	double sharp;            /* of the shares of all articles, on features */
	double far;              /* the feature of an article without names or chunks */
	double lone_title;       /* share of a title without aliases beside the text under it */
	/* kb_wish.c: factor on a wish's feature, and that of an article it did not bring up; the
	 * name's share in the feature, the rest is the chunk's; weight of the title's words */
	double wish_sharp, wish_far, wish_name, wish_title;
	const struct kb_weights *grown[2], *young[2];    /* en, zh */
	const struct kb_few *few[2];
	const struct kb_abroad_weights *abroad[2];       /* grown, young */
};
/* By the name that kb_dense_open got ("llama:embeddinggemma-300m-q8_0.gguf"); never NULL. */
const struct kb_model *kb_model_of(sv name);
/* m: NULL for words alone. */
const struct kb_weights *kb_weights_of(sv lang, const struct kb_model *m, bool young);
const struct kb_few *kb_few_of(sv lang, const struct kb_model *m);

#endif
