/* ingest.h: documents from files, folders, the web and tables become articles, and stay current.
 *
 *	struct ing *g;
 *	ing_open(&g, &(struct ing_opts){ .store = st, .on_changed = publish, .arg = self }, &e);
 *	struct ing_source s = { .kind = ING_FOLDER, .place = SV("/srv/help"), .every_s = 60 };
 *	ing_source_add(g, &s, SV("anna"), id, &e);
 *	ing_sync(g, sv_of(id), &report, &e);                 now, on the calling thread
 *	ing_start(g);                                        or: threads sync what is due
 *	ing_close(g);
 *
 * A document is read in a process of its own (callm-reader) with limits on memory, time and
 * network, so that a hostile one harms nothing; what it gives is articles and notes for people.
 * docs/ingest.md has the whole.
 */
#ifndef CALLM_INGEST_H
#define CALLM_INGEST_H

#include "base.h"
#include "kb.h"
#include "store.h"

/* ---- notes: what people are told of a document ---- */
enum ing_grade { ING_INFO, ING_WARN, ING_BAD };
enum ing_code {
#define X(name, grade, en, zh, mend_en, mend_zh) ING_##name##_NOTE,
#include "../tbl/ingest_notes.def"
#undef X
	ING_CODES
};
struct ing_note {
	enum ing_code code;
	sv detail;
};
const char *ing_code_name(enum ing_code c);      /* "ENCRYPTED"; static */
int ing_code_of(sv name);                        /* or -1 */
enum ing_grade ing_code_grade(enum ing_code c);
/* The note as a sentence and how to mend it ("" where there is nothing to), in zh or else in
 * English. Appended. */
void ing_note_text(const struct ing_note *n, sv lang, struct sb *text, struct sb *mend);
/* [{code ("encrypted"), grade, detail, text:{en,zh}, mend:{en,zh}}]; the caller's. */
jv *ing_notes_json(const struct ing_note *v, size_t n);

/* ---- one document ---- */
enum {
	ING_FILE_MAX = 32 << 20, /* bytes of one document */
	ING_ARTICLES_MAX = 5000, /* out of one document */
	ING_NOTES_MAX = 100,
	ING_LINKS_MAX = 2000,
};

struct ing_in {
	sv bytes;
	const char *name;        /* path or URL: its end tells the kind, and makes ids */
	sv mime;                 /* Content-Type, or empty */
	sv lang;                 /* of documents that do not say, or empty: by their script */
	int pages_max;           /* 0 = 2000 */
};
struct ing_article {             /* strings in the arena */
	struct kb_article kb;    /* id and group_id empty: by the document's name */
	sv heading;              /* path of headings within the document, "A > B" */
	sv inner;                /* name of the file inside a container */
	uint32_t from, to;       /* bytes of the document's text (as Markdown) */
	int page;                /* from 1; 0 = unknown */
	bool own_id;             /* the document itself gave the id */
	bool item;               /* a row of a list of things */
};
struct ing_doc {
	const char *kind;        /* "docx"; static */
	VEC(struct ing_article) articles;
	VEC(struct ing_note) notes;
	VEC(sv) links;           /* of a page, as written */
	int pages;
	bool noindex;
};
void ing_doc_done(struct ing_doc *d);            /* idempotent */
bool ing_doc_bad(const struct ing_doc *d);       /* nothing was taken, a note says why */
/* Reads a document in this process. *d is filled, also on refusal (then ERR_PARSE, ERR_TOOBIG ...
 * and a note says why). Any thread; may start pdftohtml and waits for it. */
int ing_read(const struct ing_in *in, struct arena *a, struct ing_doc *d);
/* The same in a process of its own: reader is the path of callm-reader. A crash, a hang (10 s) and
 * memory beyond 512 MB become notes. Blocking, not on a loop's thread. */
int ing_read_apart(const char *reader, const struct ing_in *in, struct arena *a,
		   struct ing_doc *d);
/* The program callm-reader. */
int ing_reader_main(int argc, char **argv);

/* Files or folders of all kinds as kb_parse_path reads some of them, each file whole or not at all.
 * bad is told of each that cannot be read, with how to mend it, and the others go on; bad NULL:
 * the first ends it. Kinds that kb knows keep its strictness, the others are read apart. reader
 * NULL: beside this program. An error of fn ends it. Blocking. */
typedef void ing_bad_fn(void *arg, const char *path, const struct err *e);
int ing_parse_path(const char *reader, const char *path, struct arena *a, kb_article_fn *fn,
		   ing_bad_fn *bad, void *arg, struct err *e);

/* ---- sources ---- */
enum ing_kind { ING_FILE, ING_FOLDER, ING_URL, ING_SITEMAP, ING_TABLE, ING_KINDS };
int ing_kind_of(sv name);                        /* "folder"; or -1 */

struct ing_source {
	enum ing_kind kind;
	sv place;                /* path, URL, or name of a table */
	sv name;                 /* for people; empty = the place */
	sv lang, category, owner;
	int every_s;             /* synced this often; 0 = only by hand */
	int depth;               /* URL: links followed below its folder; 0..3 */
	int docs_max;            /* 0 = 500 pages, 20000 files */
};

/* A table that makes its articles itself (products, decision tables): calls put for each; group ids
 * are its own. 0 with a message in e: it is told as a note that this was left out. On the thread
 * that syncs; db only reads. */
typedef int ing_table_fn(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put,
			 void *put_arg, struct err *e);
/* Another number when its articles may be others; cheap, it is asked every second. On the
 * thread that syncs; db only reads. 0, or negative: nothing is known. */
typedef int ing_stamp_fn(void *arg, struct store_db *db, uint64_t *ret);

struct ing_opts {
	struct store *store;
	/* Path of callm-reader; NULL = beside this program. Where it is missing, documents are told
	 * as not read. */
	const char *reader;
	/* Web addresses in private networks may be read (SSRF guard off). */
	bool allow_private;
	const char *ca_file;     /* PEM; NULL = the system's */
	/* Files and folders lie within one of these (whole paths, ended by NULL); NULL = anywhere.
	 * Outlives the handle. */
	const char *const *roots;
	/* Where documents that are sent lie (a whole path, outlives the handle): sources of folders
	 * above leave it out. NULL = uploads/ of the first of the roots. */
	const char *uploads;
	/* Articles have changed: make and publish an index. On the thread that synced; of
	 * ing_start two may at once. May be NULL. */
	void (*on_changed)(void *arg);
	void *arg;
};
struct ing;
int ing_open(struct ing **ret, const struct ing_opts *o, struct err *e);
/* Starts the threads that sync what is due, looking once a second: one for tables, one for all
 * others. ERR_NOMEM. */
int ing_start(struct ing *g);
/* Ends a sync under way at its next document, and the threads. Accepts NULL; before the store is
 * closed. */
void ing_close(struct ing *g);
/* Before the first sync. "products" is there already: the table product. With a stamp a source of
 * this table is synced whenever its stamp changes, whatever its schedule. */
int ing_table(struct ing *g, const char *name, ing_table_fn *fn, ing_stamp_fn *stamp, void *arg);
bool ing_has_table(const struct ing *g, sv name);

/* Adds or, with the same kind and place, changes a source; its id (26 letters) goes to id. Waits
 * for the scribe: not on a loop. ERR_INVAL with e. */
int ing_source_add(struct ing *g, const struct ing_source *s, sv by, char id[27], struct err *e);
/* The source of this kind and place; id "" when there is none. On a reader. */
int ing_source_find(struct store_db *db, enum ing_kind kind, sv place, char id[27]);
/* Its articles are retired with it. ERR_NOTFOUND. Waits for the scribe. */
int ing_source_delete(struct ing *g, sv id, sv by, int64_t *retired, struct err *e);

struct ing_report {
	int64_t docs, changed, same, gone, refused;  /* documents */
	/* articles: new or changed; untouched; out. */
	int64_t made, kept, retired;
	bool stopped;
};
/* Reads what changed, writes it in transactions of at most 200 articles, retires what is gone. On
 * the calling thread (not on a loop), one at a time. ERR_NOTFOUND; ERR_IO, ERR_NET ... when the
 * source itself cannot be read (nothing is retired then). e may be NULL. */
int ing_sync(struct ing *g, sv id, struct ing_report *ret, struct err *e);
/* {"items":[..],"next":CURSOR|null} of all sources, appended; cursor is of an earlier answer. On a
 * reader. ERR_INVAL for a bad cursor. */
int ing_sources_json(struct store_db *db, sv cursor, int limit, struct sb *out);
int ing_source_json(struct store_db *db, sv id, struct sb *out);         /* ERR_NOTFOUND */
struct ing_docs_ask {            /* which documents of a source; empty = all */
	sv id;                   /* the source's */
	sv state;                /* of this state; "bad": refused, error, partly */
	sv uri;                  /* this one */
	sv cursor;               /* next of an earlier answer */
	int limit;
};
/* The report: one item a document in order of uri, its notes in zh and en. Appended. On a
 * reader. */
int ing_docs_json(struct store_db *db, const struct ing_docs_ask *ask, struct sb *out);
/* At the next look of ing_start's thread, whatever its schedule. ERR_NOTFOUND. Waits for the
 * scribe. */
int ing_sync_soon(struct ing *g, sv id, struct err *e);

struct ing_piece {               /* of a document that is sent in pieces */
	sv name;                 /* the file's own, with its end */
	sv bytes;
	int64_t at, total;       /* bytes before it, and of the whole */
	sv by;                   /* login of who sends it */
	/* Up to 40 letters and digits: two of one name that are sent at once are told apart. */
	sv upload;
};
struct ing_kept {
	int64_t have;            /* bytes kept so far */
	char source[27];         /* of a whole document, else "" */
	bool replaced;           /* it took the place of another of its name */
};
/* Is that the name of a document of a kind that can be read? */
bool ing_known(const char *name);
/* Keeps a piece. With the last one the document lies in uploads/ of the first of the roots, a
 * source that is synced at once, and the event source.upload says who sent it. Blocking, waits for
 * the scribe. With e: ERR_INVAL, ERR_UNSUPPORTED (the kind), ERR_TOOBIG, ERR_FULL (no room in
 * uploads/), ERR_STATE (no roots), ERR_CONFLICT (ret->have is where to go on), or why it could not
 * be written. */
int ing_upload(struct ing *g, const struct ing_piece *p, struct ing_kept *ret, struct err *e);
/* Takes a document that was sent back: its articles are retired, its file lies in uploads/ as
 * .NAME.removed, the event source.removed_document says by whom. source: the id of uploads/.
 * Blocking, waits for the scribe. With e: ERR_INVAL (the name), ERR_NOTFOUND (source or document),
 * ERR_STATE (another source: what is in its folder is not ours), or why it could not be written. */
int ing_upload_remove(struct ing *g, sv source, sv name, sv by, int64_t *retired, struct err *e);

/* ---- out ---- */
/* All published articles as a tree of Markdown: DIR/category/id.lang.md. Blocking. */
int ing_export_tree(struct store_db *db, const char *dir, size_t *ret_n, struct err *e);

#endif
