/* ing_int.h: what the files of this room share. */
#ifndef CALLM_ING_INT_H
#define CALLM_ING_INT_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "ingest.h"

/* ---- reading: limits ---- */
enum {
	ING_TEXT_MAX = 4 << 20,          /* bytes of a document's text */
	ING_PART_MAX = 3000,             /* bytes of an article that a document is split into */
	ING_PART_WALL = 12000,           /* split even without a heading */
	ING_ENTRIES_MAX = 4096,          /* files in an archive */
	ING_UNPACK_MAX = 96 << 20,       /* bytes out of one archive */
	ING_RATIO_MAX = 200,             /* and how often more than went in, from 8 MiB on */
	ING_XML_DEPTH = 200,
	ING_INNER_DEPTH = 3,             /* mail in mail; an archive counts as all */
	ING_ROWS_MAX = 20000,
	ING_COLS_MAX = 64,
	ING_PAGES_MAX = 2000,
	ING_PDF_MEMORY = 384 << 20,
	ING_SECONDS = 9,                 /* of CPU, and of the clock */
	ING_MEMORY = 512 << 20,
};

/* One document being read. */
struct ing_job {
	const struct ing_in *in;
	struct arena *a;
	struct ing_doc *d;
	int depth;                       /* containers around */
	sv inner;                        /* file inside a container */
	const char *name;                /* of the file at hand */
	sv lang;
	uint32_t at;                     /* bytes of text given so far */
	struct { size_t hidden, invisible; } left;
};

/* A limit of the process at hand. CPU ends with SIGXCPU, which tells why, and a second later for
 * good. */
static inline void ing_limit(int what, rlim_t n)
{
	struct rlimit l = { n, what == RLIMIT_CPU ? n + 1 : n };

	(void)setrlimit(what, &l);
}

/* ing_read.c */
void ing_note(struct ing_job *j, enum ing_code c, sv detail);
void ing_notef(struct ing_job *j, enum ing_code c, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int ing_refuse(struct ing_job *j, int rc, enum ing_code c, sv detail);
int ing_bytes(struct ing_job *j, sv bytes, sv mime);
sv ing_stem(const char *name);           /* "a/b.docx" -> "b" */
sv ing_charset_of(sv mime);              /* text/html; charset="X" -> X, or empty */

/* ing_split.c: a text as Markdown, split at its headings where it is long. page_of may be NULL:
 * offsets where pages begin. */
struct ing_pages {
	uint32_t *v;
	size_t n, cap;
};
int ing_add(struct ing_job *j, const struct kb_article *base, sv md, const struct ing_pages *pages);

/* ing_text.c */
/* UTF-8 of any text: BOMs, UTF-16, GB18030, Windows-1252. *what names what it was. ERR_UTF8. */
int ing_utf8(struct arena *a, sv bytes, sv charset, sv *ret, const char **what);
/* Without control, zero-width and direction characters; counts them. */
sv ing_visible(struct arena *a, sv text, size_t *removed);
bool ing_charset(struct arena *a, const char *from, sv bytes, sv *ret);

/* ing_html.c */
int ing_html(struct ing_job *j, sv bytes, sv mime);
sv ing_html_text(struct ing_job *j, sv html, sv *title); /* as Markdown */

/* ing_grid.c: tables */
struct ing_grid {
	sv *cell;                        /* rows * cols */
	size_t rows, cols, cap;
	size_t width;                    /* columns with anything in them */
	bool cut, wide;                  /* rows, columns were left out */
};
bool ing_grid_put(struct ing_grid *g, size_t row, size_t col, sv text); /* false: full */
void ing_grid_done(struct ing_grid *g);
/* Articles of questions and answers where its header says so, an article a row of a list of
 * things, else the table itself. */
int ing_grid_out(struct ing_job *j, const struct ing_grid *g, sv title);
void ing_grid_md(const struct ing_grid *g, size_t from, size_t to, struct sb *out);
int ing_csv(struct ing_job *j, sv text, char sep);
/* ing_items.c: a list of things, its names in row head, as an article a row; title: the list's.
 * False: it is no such list, nothing was taken. */
bool ing_items_out(struct ing_job *j, const struct ing_grid *g, size_t head, sv title, int *rc);

/* ing_zip.c */
struct ing_part {
	sv name, bytes;
};
struct ing_zip {
	VEC(struct ing_part) parts;
	size_t n_entries;
};
typedef bool ing_want_fn(sv name);
/* The wanted files of an archive, in the arena. A note says why not. */
int ing_zip_read(struct ing_job *j, sv bytes, ing_want_fn *want, struct ing_zip *z);
sv ing_zip_get(const struct ing_zip *z, const char *name);  /* p NULL: not there */
void ing_zip_done(struct ing_zip *z);
int ing_zip(struct ing_job *j, sv bytes);        /* any of: docx, xlsx, pptx, archive */

/* ing_xml.c: expat with limits; names without their prefixes ("w:p" -> "p"). */
struct ing_xml {
	void (*start)(void *arg, const char *name, const char **attrs);
	void (*end)(void *arg, const char *name);
	void (*text)(void *arg, sv text);
	void *arg;
};
int ing_xml(struct ing_job *j, sv xml, const struct ing_xml *h);
sv ing_attr(const char **attrs, const char *name);  /* by its name without prefix */

int ing_docx(struct ing_job *j, const struct ing_zip *z);
int ing_pptx(struct ing_job *j, const struct ing_zip *z);
int ing_xlsx(struct ing_job *j, const struct ing_zip *z);
sv ing_core_title(struct ing_job *j, const struct ing_zip *z);
int ing_mail(struct ing_job *j, sv bytes);
int ing_pdf(struct ing_job *j, sv bytes);
int ing_pdf_text(struct ing_job *j, sv xml);     /* what pdftohtml -xml printed */
int ing_json(struct ing_job *j, sv text, bool lines);
int ing_markdown(struct ing_job *j, sv text);

/* ing_wire.c: a document between the two processes, and its end (ing_doc_done, ing_doc_bad) */
enum { ING_MSG_ASK = 'q', ING_MSG_BYTES = 'b', ING_MSG_GO = 'g', ING_MSG_ARTICLE = 'a',
       ING_MSG_NOTE = 'n', ING_MSG_LINK = 'l', ING_MSG_END = 'e' };
jv *ing_article_json(const struct ing_article *x);
int ing_article_read(const jv *o, struct arena *a, struct ing_article *x);

/* ---- sources ---- */
enum { ING_GROUP = 200 };                /* articles in one transaction */

struct ing_table_row {
	char name[40];
	ing_table_fn *fn;
	ing_stamp_fn *stamp;             /* may be NULL */
	void *arg;
};
enum { ING_THREADS = 2 };                /* documents and pages; tables */
struct ing {
	struct ing_opts o;
	char reader[4096];
	struct ing_table_row table[16];
	size_t n_tables;
	pthread_t thread[ING_THREADS];
	int started;
	atomic_bool stop;
	pthread_mutex_t uploads;         /* ing_upload.c: a document is taken in */
};

/* Path of callm-reader: given, or beside this program. */
int ing_find_reader(const char *given, char ret[4096], struct err *e);

/* What is known of a document. */
struct ing_seen {
	sv uri, state, stamp, hash, etag, modified;
	bool met;                        /* in this sync */
};
/* One sync: its thread's alone. */
struct ing_sync {
	struct ing *g;
	struct ing_source src;
	sv id;
	struct arena a;                  /* of the sync */
	struct map *seen;                /* uri -> struct ing_seen */
	VEC(struct ing_seen *) rows;
	int64_t asked_ms;                /* what somebody asked for when it began; 0 = nobody */
	struct ing_report *rep;
	struct err *e;
	struct ing_batch *batch;
	int n_docs;
};

/* ing_write.c: documents on their way to the tables, a transaction for about ING_GROUP articles */
struct ing_batch;
struct ing_change {
	sv uri, hash, stamp, etag, modified;
	const char *state;               /* NULL: by the document's notes */
	size_t bytes;
	bool keep;                       /* the articles made before stay */
	bool same;                       /* its bytes too: only stamp, etag, modified are new */
};
struct ing_batch *ing_batch_new(struct ing_sync *y);
void ing_batch_free(struct ing_batch *b);
/* Copies what it needs. d may be NULL: nothing but the row (or, with state "gone", everything
 * out). */
int ing_batch_add(struct ing_batch *b, const struct ing_change *c, const struct ing_doc *d);
int ing_batch_flush(struct ing_batch *b);
/* The group id of an article of this document; many: it is not the only one. */
sv ing_group(struct arena *a, sv uri, const struct ing_article *x, bool many);

/* On the scribe: a document is gone, its articles are retired (counted), as by a walk that does not
 * find it. */
int ing_gone(struct store_db *db, sv source, sv uri, int64_t *retired);

/* ing_rows.c: a document that was sent lies in place: its source is added (id "") or asked to be
 * synced, and the event tells of it. One that was taken back. Both wait for the scribe. */
struct ing_sent {
	sv name, by;
	int64_t bytes;
	bool replaced;
};
int ing_source_sent(struct ing *g, const struct ing_source *s, const struct ing_sent *sent,
		    char id[27], struct err *e);
/* there: its file was. ERR_NOTFOUND when nothing is known of it either. */
int ing_source_removed(struct ing *g, sv id, const struct ing_sent *sent, bool there,
		       int64_t *retired, struct err *e);

/* ing_upload.c, ing_remove.c: the folder of what is sent */
/* Where it really is; it need not be there yet. ERR_STATE without roots and uploads. */
int ing_uploads(const struct ing *g, char dir[PATH_MAX], struct err *e);
int ing_upload_name(sv name, struct err *e);     /* a file's own name? ERR_INVAL */
void ing_dir_flush(const char *dir);             /* names in it are on the disk */
/* A file there that is no document any more, all of them: under hidden names that are free. */
int ing_set_all_aside(const char *dir);

/* ing_sync.c */
struct ing_seen *ing_seen_get(struct ing_sync *y, sv uri);       /* NULL: a new one */
/* Reads the bytes and hands them on, unless they are the same as last time. links may be NULL. */
int ing_take(struct ing_sync *y, const struct ing_change *c, sv bytes, sv mime,
	     struct ing_doc *links);
/* A document that could not be had: a note; its articles stay where keep. */
int ing_miss(struct ing_sync *y, struct ing_change *c, enum ing_code code, sv detail);
bool ing_stopped(const struct ing_sync *y);
int ing_sync_files(struct ing_sync *y);
/* Where path really is (PATH_MAX bytes); ERR_NOTFOUND ..., ERR_DENIED outside of the roots. */
int ing_real_path(const struct ing *g, const char *path, char *ret, struct err *e);
int ing_sync_web(struct ing_sync *y);
int ing_sync_table(struct ing_sync *y);
int ing_products(void *arg, struct store_db *db, struct arena *a, kb_article_fn *put, void *put_arg,
		 struct err *e);                 /* an ing_table_fn */
int ing_products_stamp(void *arg, struct store_db *db, uint64_t *ret);
const struct ing_table_row *ing_table_find(const struct ing *g, sv name); /* may be NULL */

/* ing_net.c: one page at a time, on a loop of its own */
struct ing_net;
struct ing_page {
	int status;                      /* 0: none came */
	int err;
	struct sb body;
	sv etag, modified, type;         /* in the arena given */
	sv why;
	bool private_addr;
};
struct ing_net *ing_net_new(const struct ing_opts *o);
void ing_net_free(struct ing_net *n);
/* Blocking, 10 s at most. page->body is set up by the caller. */
void ing_net_get(struct ing_net *n, struct arena *a, const char *url, sv etag, sv modified,
		 size_t max, struct ing_page *page);

/* ing_site.c: robots.txt (RFC 9309) and sitemaps */
/* May this path be read? robots: the file's text. */
bool ing_robots_allow(sv robots, sv path, int *delay_ms);
/* Calls fn with each <loc>. */
void ing_sitemap(sv xml, void (*fn)(void *arg, sv loc), void *arg);

#endif
