/* t_cust_help.h: a store in memory with customers; a test's body runs on the scribe's
 * connection. */
#ifndef CALLM_T_CUST_HELP_H
#define CALLM_T_CUST_HELP_H

#include "cust_int.h"
#include "t.h"
#include "tool.h"

#include <stdio.h>

#define UNUSED __attribute__((unused))
#define NOW INT64_C(1790000000000)      /* 2026-09-21 */
#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

struct cw {
	struct store *st;
	struct cust_keys *k;
	struct store_db *db;         /* the scribe's, inside of a body */
	struct arena a;
	void (*body)(struct cw *w);
	int64_t now;
};

static const unsigned char cw_key[32] = { 7, 7, 1, 3 };

static int cw_write(void *arg, struct store_db *db)
{
	struct cw *w = arg;
	w->db = db;
	w->body(w);
	w->db = NULL;
	return 0;
}

/* Runs body on the scribe and keeps what it wrote. */
UNUSED static void cw_do(struct cw *w, void (*body)(struct cw *w))
{
	w->body = body;
	if (store_write(w->st, cw_write, w, NULL, NULL) || store_flush(w->st))
		t_fail(__FILE__, __LINE__, "the store does not write");
}

UNUSED static bool cw_open(struct cw *w, const char *dir)
{
	struct err e = { 0 };
	struct store_opts o = { .dir = dir, .group_ms = -1 };
	*w = (struct cw){ .now = NOW };
	if (store_open(&w->st, &o, &e) || cust_keys_new(&w->k, cw_key)) {
		t_fail(__FILE__, __LINE__, e.msg);
		return false;
	}
	arena_init(&w->a, LIM_ARENA_BIG);
	return true;
}

UNUSED static void cw_close(struct cw *w)
{
	store_close(w->st);
	obj_unref(w->k);
	arena_done(&w->a);
}

UNUSED static void cw_run(void (*body)(struct cw *w))
{
	struct cw w;
	if (!cw_open(&w, ""))
		return;
	cw_do(&w, body);
	cw_close(&w);
}

/* A number out of the store. */
UNUSED static int64_t cw_num(struct cw *w, const char *sql)
{
	struct store_stmt *q;
	int64_t n = -1;
	if (store_prep(w->db, &q, sql)) {
		printf("# %s: %s\n", sql, store_error(w->db));
		return -2;
	}
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

/* A customer with a phone and an e-mail of its own, known since 1 January 2020 plus n days. */
UNUSED static int cw_person(struct cw *w, const char *id, const char *name, const char *phone,
			    const char *email)
{
	struct cust_ident i[2];
	size_t n = 0;
	struct cust c = { .id = sv_of(id), .name = sv_of(name), .language = SV("zh"),
			  .tier = SV("gold"), .since = SV("2020-01-01"), .idents = i };
	if (phone)
		i[n++] = (struct cust_ident){ .kind = CUST_PHONE, .value = sv_of(phone),
					      .verified = TOOL_CLAIMED, .primary = true,
					      .since_ms = w->now - 400 * DAY };
	if (email)
		i[n++] = (struct cust_ident){ .kind = CUST_EMAIL, .value = sv_of(email),
					      .verified = TOOL_CLAIMED, .primary = true,
					      .since_ms = w->now - 400 * DAY };
	c.n_idents = n;
	return cust_put(w->db, w->k, &c, SV("test"), w->now);
}

UNUSED static struct cust_found cw_find(struct cw *w, enum cust_kind kind, const char *value)
{
	struct cust_ident i = { .kind = kind, .value = sv_of(value) };
	struct cust_found f = { .matches = -1 };
	cust_find(w->db, w->k, &i, 1, &f);
	return f;
}

#endif
