/* kb.h: the knowledge base: import, chunks, hybrid search, versions, validity, strict grounding.
 *
 *	struct kb_index *ix;
 *	kb_build(&ix, db, &opts, &e);                      from the article rows of the store
 *	struct kb_result r;
 *	kb_search(ix, &(struct kb_query){ .text = q, .lang = "en", .k = 5 }, &arena, &r);
 *	if (r.answerable) say(r.hits[0].quote);
 *	obj_unref(ix);
 *
 * An index is immutable and shared between threads; publish it through a snap.
 *
 * Meaning across words and languages comes from vectors that somebody else computes (emb of
 * model.h; kb does not know it):
 *
 *	kb_dense_open(&d, "vectors.bin", emb_name(m), &e);    what is known already
 *	kb_build(&ix, db, &(struct kb_opts){ .dense = d }, &e);
 *	kb_dense_missing(ix, fn, arg);                        texts to embed (EMB_PASSAGE)
 *	kb_dense_put(d, text, v, dim); ... kb_build again     then questions may bring .vec
 */
#ifndef CALLM_KB_H
#define CALLM_KB_H

#include "base.h"
#include "store.h"

/* ---- documents ---- */
enum kb_format { KB_AUTO, KB_MARKDOWN, KB_TEXT, KB_HTML, KB_CSV, KB_JSONL };

struct kb_article {              /* views into the arena it was parsed with */
	sv id;                   /* "return-window.en": group id, dot, language */
	sv group_id, lang;       /* "return-window", "en" */
	sv title, body_md, category, source;
	sv aliases;              /* similar questions, one a line */
	int64_t valid_from_ms, valid_to_ms; /* 0 = open */
	int version;             /* given by kb_put */
	/* who may read it: "" or "public" = customers too, "agent" = all staff, "role:NAME" = that
	 * role; none (a NULL pointer) for kb_put: as it was, of a new article "public" */
	sv audience;
	/* 0 = for all; 1..99 = on trial: for cohorts up to it, the former version for the rest */
	int canary;
	sv by;                   /* who wrote it, for updated_by; no change by itself */
};
typedef int kb_article_fn(void *arg, const struct kb_article *a);
/* Parses one document (Markdown with front matter, text, HTML, CSV with a header line
 * question,answer[,title,lang,id,category,aliases], JSONL with the same keys) into articles.
 * Bad rows are reported through e (line numbers) and nothing is delivered: whole or not at all. */
int kb_parse(sv doc, enum kb_format f, const char *name, struct arena *a, kb_article_fn *fn,
	     void *arg, struct err *e);
/* Reads files or folders (recursively) and parses them. */
int kb_parse_path(const char *path, struct arena *a, kb_article_fn *fn, void *arg, struct err *e);
/* The demo's products.jsonl as one article per product and language that it has a name in. bad:
 * a line that is no product is left out alone and counted there, e tells the first; NULL: it
 * refuses the whole. */
int kb_parse_products(sv jsonl, const char *name, struct arena *a, kb_article_fn *fn, void *arg,
		      size_t *bad, struct err *e);
/* Writes articles (runs on the scribe: call inside a store_write_fn). A changed article gets
 * the next version, the former one is kept in article_version; unchanged ones are left alone.
 * ERR_INVAL: without id, language, title or text, or an audience too long. */
int kb_put(struct store_db *db, const struct kb_article *a, int64_t now_ms, bool *ret_changed);
int kb_retire(struct store_db *db, sv article_id, int64_t now_ms);
/* By its characters: "zh", "ja", "ko" or "en". */
sv kb_script_lang(sv text);
/* Lower case, digits and dashes, at most 48; "doc-" and a print where nothing of that is left. */
sv kb_slug(struct arena *a, sv text);
/* The same, but long texts that begin alike stay apart: the end of what is cut becomes a print. */
sv kb_slug_apart(struct arena *a, sv text);

/* ---- index ---- */
struct kb_index;

/* Registers the tokenizer "callm" with the store; once at start-up, before threads. kb_build
 * does it too. */
int kb_init(void);

struct kb_opts {
	/* folder with synonyms.<lang>.tsv, or empty for the built-in ones. */
	sv synonyms_dir;
	/* candidates from FTS5, to compare with; else from own postings. */
	bool full_text;
	/* every language in the packed form of large ones (else above 4096 articles). */
	bool packed;
	/* vectors of passages by their text, read while building; NULL = words alone. A language
	 * whose articles do not all have theirs is searched by words alone. */
	const struct kb_dense *dense;
};
/* Reads live articles and builds the index (full text image plus our own tables). Runs on a
 * worker. */
int kb_build(struct kb_index **ret, struct store_db *db, const struct kb_opts *o, struct err *e);
/* The index after what was committed since `was` was made: only articles whose row differs are
 * read and indexed, everything else is shared with it. *ret is another reference to `was` when
 * nothing differs. ret_large (may be NULL): the changes have become so many that kb_build is due.
 * A worker; `was` may be in use meanwhile. 0, ERR_FULL, ERR_DB, ERR_PARSE. */
int kb_update(struct kb_index **ret, struct kb_index *was, struct store_db *db,
	      const struct kb_opts *o, bool *ret_large, struct err *e);
/* The same with one article more, as it would be after kb_put of it: nobody else sees it, nothing
 * is written. draft->version is the one it would have; its language must have articles. A worker;
 * 0, ERR_UNSUPPORTED, or as kb_update. */
int kb_update_with(struct kb_index **ret, struct kb_index *was, struct store_db *db,
		   const struct kb_opts *o, const struct kb_article *draft, struct err *e);
/* Building reads all learned vectors of the program (4 MB), searching a few of them: their pages go
 * back to the system and come again from its file. Any thread, any time. */
void kb_rest(void);
size_t kb_count(const struct kb_index *ix);      /* live articles */
/* Bytes the index holds beyond the articles' texts. */
size_t kb_bytes(const struct kb_index *ix);
/* views into the index. */
int kb_get(const struct kb_index *ix, sv article_id, struct kb_article *ret);

/* ---- the index of a running server ---- */
/* A thread that keeps the index in `kb` equal to the committed rows: an edit is searchable within
 * a second, whoever made it. Its callbacks run on its threads. */
struct kb_live;
struct kb_live_opts {
	struct store *store;
	struct snap *kb;
	/* ix is published now; changed: rows differ from the index that was offered or before. */
	void (*published)(void *arg, struct kb_index *ix, bool changed); /* may be NULL */
	void (*failed)(void *arg, int err, const struct err *e); /* may be NULL; tried again */
	void *arg;
};
int kb_live_open(struct kb_live **ret, const struct kb_live_opts *o);
/* Rows have changed. kb_put and kb_retire tell by themselves; any thread. */
void kb_live_poke(struct kb_live *l);
/* Publish this one, with what was committed since it was made on top. Takes a reference of its
 * own; any thread. */
void kb_live_offer(struct kb_live *l, struct kb_index *ix);
/* Waits for a build under way; before the store closes. Accepts NULL. */
void kb_live_close(struct kb_live *l);
/* Whoever writes article rows without kb_put says so, in the same write. */
void kb_touched(void);

/* Words for recognisers: every title, alias and first sentence of a language, one call each. */
void kb_utterances(const struct kb_index *ix, sv lang, void (*fn)(void *arg, sv text), void *arg);

/* ---- vectors of passages: a file of what was computed before ---- */
struct kb_dense;                 /* one thread at a time */

/* path is made when it is not there; a file of another name (the embedding model's: vectors of
 * different names never mix) begins anew; records from the first damaged one on are dropped.
 * NULL path: in memory only. ERR_IO. */
int kb_dense_open(struct kb_dense **ret, const char *path, sv name, struct err *e);
void kb_dense_close(struct kb_dense *d);         /* accepts NULL */
size_t kb_dense_count(const struct kb_dense *d);
bool kb_dense_has(const struct kb_dense *d, sv text);
/* Appends. v has length one; all have the same dim (at most 8192). ERR_INVAL, ERR_FULL, ERR_IO. */
int kb_dense_put(struct kb_dense *d, sv text, const float *v, int dim);
int kb_dense_flush(struct kb_dense *d);          /* to the disk; ERR_IO */
/* Calls fn with each text of the index that has no vector yet (with fn NULL only counts);
 * returns how many. Texts live in the index. */
size_t kb_dense_missing(const struct kb_index *ix, void (*fn)(void *arg, sv text), void *arg);
/* Is the language (or, "", any) searched by vectors too? */
bool kb_dense_ready(const struct kb_index *ix, sv lang);
/* Has it articles that are searched by words alone? */
bool kb_dense_lacks(const struct kb_index *ix, sv lang);
/* Of an index that kb_update made: is a language searched by words alone because of changed
 * articles? Calls fn with their texts that have no vector yet (fn may be NULL); *ret_n (may be
 * NULL): how many. */
bool kb_dense_behind(const struct kb_index *ix, void (*fn)(void *arg, sv text), void *arg,
		     size_t *ret_n);

struct kb_query {
	sv text;
	/* wanted language of the articles, "" = by the text's script. */
	sv lang;
	int k;                   /* hits wanted, 1..20 */
	int64_t now_ms;          /* validity; 0 = the wall clock */
	/* the customer's previous question, for elliptic follow-ups; may be empty. */
	sv context;
	/* the text's vector (EMB_QUERY) by the model of the index, or NULL. With it articles of
	 * other languages are found too where the wanted one has nothing. */
	const float *vec;
	int dim;
	/* who asks: "" = a customer, else a member of staff by role ("agent"; "admin" sees all) */
	sv audience;
	/* only articles of this category, with a source that begins so. */
	sv category, source;
	int cohort;              /* of the conversation, 1..100; 0 = sees nothing on trial */
};
struct kb_why {
	double bm25, title, alias, coverage;   /* parts of the score, 0..1 */
	double meaning;          /* best cosine of vectors, 0 without them */
};
struct kb_hit {                  /* strings live in the index as long as the caller holds it */
	sv article_id, title, lang, source, category;
	int version;
	sv passage;              /* the best chunk, with its heading path in heading */
	sv heading;
	sv body_md;              /* the whole article, for grounding checks */
	/* the sentence(s) that answer; literally contained in body_md, or where `row`, rows of a
	 * table there, read out by kb_row_say. */
	sv quote;
	bool row;
	double score;            /* ranking score, higher is better */
	/* calibrated probability that this article answers the question. */
	double p;
	int64_t valid_from_ms, valid_to_ms;
	struct kb_why why;
	/* where the passage and the quote stand in body_md (of this version): offsets in bytes */
	struct { uint32_t off, len; } passage_at, quote_at;
};
/* "return-how.en@3:120-480": the article, its version, the span: it keeps its meaning when the
 * article changes. A view into buf. */
sv kb_passage_id(const struct kb_hit *h, char buf[512]);
struct kb_result {
	struct kb_hit *hits;     /* in the arena, best first */
	size_t n;
	bool answerable;         /* strict grounding: hits[0].p is above the tuned threshold */
	bool unsure;             /* between the two thresholds: ask back, offering the titles */
};
/* Thread-safe. A few hundred microseconds. Empty or hostile queries give n = 0. */
int kb_search(struct kb_index *ix, const struct kb_query *q, struct arena *a,
	      struct kb_result *ret);
/* Takes out the hits whose passage is bad (guard_steers: it speaks to a model) and logs their
 * articles. Without its first one a result is no more answerable: of the next no verdict is
 * known. */
void kb_leave_out(struct kb_result *r, bool (*bad)(sv passage));
/* The text without clauses that only give a number by which somebody or something is known ("my
 * order is HH2026-100357", 我的电话是...), or the text itself where nothing else would be left
 * to ask; views into it or in a. kb_search looks at this; embed it, too. */
sv kb_asked(sv text, struct arena *a);
/* A long text wish by wish: kb_wishes cuts it into sentences and lines of a few words (views into
 * text; how many), each becomes a query (with a vector of its own, if there are vectors), and
 * kb_search_many adds up what they find: the k best articles, each with the quote for the wish
 * that found it best. It judges nothing: p is 0, answerable and unsure are false. Thread-safe;
 * as long as n searches and one more for each hit. 0, ERR_NOMEM. So far `callm score kb` alone
 * uses them. */
#define KB_WISHES 96
size_t kb_wishes(sv text, sv *out, size_t max);
int kb_search_many(struct kb_index *ix, const struct kb_query *q, size_t n, size_t k,
		   struct arena *a, struct kb_result *ret);

/* A row of a table as a sentence, appended: "Rye: price 4, stock 0.", 黑麦：价格4，库存0。
 * cell[0] is the row's name, head[i] the name of cell i's column; empty cells are left out. */
void kb_row_say(const sv *head, const sv *cell, size_t n, bool zh, struct sb *out);

/* The tokenizer shared by index, query and recogniser: folded words, numbers, CJK bigrams. */
int kb_tokenize(sv text, int for_query, store_token_fn *emit, void *ctx);
/* Is quote literally in text once white space is folded? The grounding check of citations. */
bool kb_quote_in(sv quote, sv text);
/* The same for the quote of a hit: what is read out of a table stands in the rows at quote_at. */
bool kb_quote_stands(const struct kb_hit *h, sv body);

/* ---- measuring: `callm score kb` ---- */
struct kb_score {
	size_t n, first, in3, declined_wrongly, n_oos, oos_declined, quotes, quotes_ok;
	size_t right_first, in5; /* the right article, answered or not */
};
/* questions: "article-or-group-id<TAB>question" lines; oos: one question a line (either may be
 * empty). */
int kb_evaluate(struct kb_index *ix, sv lang, sv questions, sv oos, struct kb_score *ret,
		struct err *e);
/* The same with vectors of the questions: vec returns one that lives until the next call, or
 * NULL. */
typedef const float *kb_vec_fn(void *arg, sv text, int *dim);
int kb_evaluate_by(struct kb_index *ix, sv lang, sv questions, sv oos, kb_vec_fn *vec, void *arg,
		   struct kb_score *ret, struct err *e);
/* One question with a known answer. want: an article or a group; empty: nothing answers it, then
 * everything but an answer is right. */
enum kb_outcome {
	KB_RIGHT,                /* answered by the right one */
	KB_AMONG,                /* asked back, with the right one among those offered */
	KB_DECLINED,
	KB_WRONG,                /* answered by another one, or where nothing answers */
};
struct kb_asked {
	enum kb_outcome outcome;
	int place;               /* of the right one among the hits, from 1; 0 = not there */
	struct kb_hit first;     /* zero without a hit; strings in the index or the arena */
};
/* As kb_search, which it calls. */
int kb_ask(struct kb_index *ix, const struct kb_query *q, sv want, struct arena *a,
	   struct kb_asked *ret);

#endif
