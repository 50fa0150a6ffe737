/* ins_report_save.h: reports that somebody keeps: their question, who may read them, and when
 * they go out by mail. Writing on the scribe, reading on a reader. docs/reports.md. */
#ifndef CALLM_INS_REPORT_SAVE_H
#define CALLM_INS_REPORT_SAVE_H

#include "ins_report.h"

enum { INS_SAVED_MAX = 2000, INS_SAVED_BODY = 32768 };

struct ins_saver {                   /* who writes */
	sv login;
	bool all;                    /* may change what others keep */
	int64_t now_ms;
};
/* A new one (id empty) or a change of one. o: {name, shared, body, every, at, weekday, mail};
 * body must be a question that ins_ask_new takes. version: the one it was made on, 0 = any.
 * ERR_INVAL with e; ERR_NOTFOUND (also of somebody else's); ERR_CONFLICT; ERR_FULL. ret_id gets
 * the id. */
int ins_saved_put(struct store_db *db, sv id, const jv *o, int64_t version,
		  const struct ins_saver *by, const char *zone, char ret_id[27], struct err *e);
int ins_saved_drop(struct store_db *db, sv id, int64_t version, const struct ins_saver *by);
/* Those of login and the shared ones, by name: {items: [..], next: null}. */
int ins_saved_list(struct store_db *db, sv login, struct sb *out);
/* ERR_NOTFOUND also for one that login may not read; all: whoever owns it. */
int ins_saved_get(struct store_db *db, sv id, sv login, bool all, int64_t *ret_version,
		  struct sb *out);

/* One that is due. Texts in the arena. */
struct ins_due {
	sv id, name, mail, body;
	int64_t next_ms;
};
/* The first that is due at now_ms, of those whose owner is not disabled: 1, 0 = none, negative
 * = error. */
int ins_saved_due(struct store_db *db, int64_t now_ms, struct arena *a, struct ins_due *ret);
/* It went out at now_ms: due again at its next time; nothing when it was sent or changed
 * meanwhile. On the scribe, with whatever carries it. *ret_sent: false = nothing was to be
 * sent. */
int ins_saved_sent(struct store_db *db, const struct ins_due *d, int64_t now_ms, const char *zone,
		   bool *ret_sent);

#endif
