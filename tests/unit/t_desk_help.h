/* t_desk_help.h: a store in memory, the demo's rules, and a test's body on the scribe's thread. */
#ifndef CALLM_T_DESK_HELP_H
#define CALLM_T_DESK_HELP_H

#include <stdio.h>

#include "desk_int.h"
#include "t.h"

#define UNUSED __attribute__((unused))

struct dw {
	struct store *store;
	struct desk *desk;
	struct store_db *db;         /* the scribe's, inside a body */
	void (*body)(struct dw *w);
	struct desk_by bot, mei, boss, sys;
	int64_t now;
};

static struct desk *dw_rules(void)
{
	struct cfg_report rep = { 0 };
	struct desk *d = NULL;
	char path[512];
	struct sb b;
	sb_init(&b, LIM_CFG_BYTES);
	(void)snprintf(path, sizeof(path), "%s/demo/calendars.yaml", t_srcdir());
	if (file_read(path, LIM_CFG_BYTES, &b, NULL) == 0)
		(void)desk_new(&d, sb_sv(&b), "calendars.yaml", NULL, &rep);
	for (size_t i = 0; i < rep.n; i++)
		printf("# %s: %s. %s\n", rep.v[i].where, rep.v[i].what, rep.v[i].mend);
	cfg_report_done(&rep);
	sb_done(&b);
	return d;
}

static int dw_here(void *arg, struct store_db *db)
{
	struct dw *w = arg;
	w->db = db;
	w->body(w);
	return 0;
}

UNUSED static int64_t when(const char *rfc3339)
{
	int64_t ms = -1;
	(void)clk_parse_rfc3339(sv_of(rfc3339), &ms);
	return ms;
}

UNUSED static void dw_at(struct dw *w, int64_t now)
{
	w->now = now;
	w->bot = (struct desk_by){ SV("customer"), TOOL_CUSTOMER, now };
	w->mei = (struct desk_by){ SV("mei"), TOOL_AGENT, now };
	w->boss = (struct desk_by){ SV("boss"), TOOL_SUPERVISOR, now };
	w->sys = (struct desk_by){ SV("system"), TOOL_SYSTEM, now };
}

/* body runs on the scribe's thread in one savepoint, with everything in it. */
UNUSED static void dw_run(void (*body)(struct dw *w))
{
	struct dw w = { .body = body };
	struct store_opts o = { .dir = "", .group_ms = -1 };
	struct err e = { 0 };
	w.desk = dw_rules();
	if (!w.desk || store_open(&w.store, &o, &e))
		t_fail(__FILE__, __LINE__, w.desk ? e.msg : "demo/calendars.yaml has faults");
	else if (store_write(w.store, dw_here, &w, NULL, NULL) || store_flush(w.store))
		t_fail(__FILE__, __LINE__, "the store");
	store_close(w.store);
	obj_unref(w.desk);
}

/* Something on the scribe's thread while the store is open. */
UNUSED static int dw_once(struct dw *w, void (*body)(struct dw *w))
{
	w->body = body;
	int rc = store_write(w->store, dw_here, w, NULL, NULL);
	return rc ? rc : store_flush(w->store);
}

UNUSED static jv *dw_get(struct dw *w, const char *number)
{
	struct sb b;
	sb_init(&b, 1u << 20);
	int rc = desk_get(w->desk, w->db, sv_of(number), TOOL_AGENT, w->now, NULL, &b);
	jv *o = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return o;
}

UNUSED static jv *dw_list(struct dw *w, const struct desk_query *q)
{
	struct sb b;
	sb_init(&b, 4u << 20);
	int rc = desk_list(w->db, q, &b);
	jv *o = rc ? NULL : jv_parse(sb_sv(&b), NULL);
	sb_done(&b);
	return o;
}

UNUSED static int64_t dw_count(struct dw *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

UNUSED static int dw_open(struct dw *w, enum desk_type type, int severity, const char *title,
			  const struct desk_by *by, char number[DESK_NUMBER])
{
	struct err e = { 0 };
	struct desk_new_ticket n = { .type = type, .severity = severity, .title = sv_of(title),
				     .customer = SV("c001"), .language = SV("zh") };
	int rc = desk_open(w->desk, w->db, &n, by, number, &e);
	if (rc)
		printf("# %s\n", e.msg);
	return rc;
}

#endif
