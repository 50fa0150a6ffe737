/* t_hook_help.h: a store with the hook's thread and a receiver beside it. */
#ifndef CALLM_T_HOOK_HELP_H
#define CALLM_T_HOOK_HELP_H

#include <time.h>

#include "hook_int.h"
#include "t_tool_http.h"

#define UNUSED __attribute__((unused))
#define ANSWER(status) "HTTP/1.1 " status " x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#define CONV "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static const unsigned char hw_key[GUARD_KEY] = { 7, 7, 7 };

struct hw {
	struct store *store;
	struct hook *hook;
	struct hook_opts o;
	struct hook_edit x;          /* the webhook */
	struct http http;
	char dir[512];
	int alerts;
};

static void hw_alert(void *arg, sv json)
{
	struct hw *w = arg;
	__atomic_add_fetch(&w->alerts, 1, __ATOMIC_SEQ_CST);
}

UNUSED static bool hw_hook(struct hw *w)
{
	w->o.store = w->store;
	w->o.key = hw_key;
	w->o.alert = hw_alert;
	w->o.arg = w;
	return hook_open(&w->hook, &w->o, NULL) == 0;
}

UNUSED static bool hw_up(struct hw *w)
{
	struct store_opts so = { .dir = w->dir, .group_ms = -1 };
	struct err e = { 0 };
	if (!w->dir[0])
		(void)snprintf(w->dir, sizeof(w->dir), "%s", t_tmpdir());
	w->o.second_ms = w->o.second_ms ? w->o.second_ms : 10;
	return store_open(&w->store, &so, &e) == 0 && hw_hook(w);
}

UNUSED static void hw_down(struct hw *w)
{
	hook_stop(w->hook);
	store_close(w->store);
	hook_close(w->hook);
}

static int hw_make_write(void *arg, struct store_db *db)
{
	struct hw *w = arg;
	int64_t v = hook_make(db, hw_key, &w->x);
	return v < 0 ? (int)v : 0;
}

/* A webhook for these kinds at the receiver. */
UNUSED static bool hw_make(struct hw *w, const char *events, bool unmasked)
{
	static char url[64];
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/in", w->http.port);
	w->x = (struct hook_edit){ .url = sv_of(url), .events = sv_of(events), .by = SV("root"),
				   .active = 1, .unmasked = unmasked,
				   .may_unmask = unmasked };
	return store_write(w->store, hw_make_write, w, NULL, NULL) == 0 &&
	       store_flush(w->store) == 0 && w->x.id[0];
}

static int hw_exec_write(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

UNUSED static bool hw_exec(struct hw *w, const char *sql)
{
	return store_write(w->store, hw_exec_write, (void *)(uintptr_t)sql, NULL, NULL) == 0 &&
	       store_flush(w->store) == 0;
}

UNUSED static bool hw_event(struct hw *w, const char *kind, int seq, const char *body)
{
	const struct store_event ev = { .conversation = seq ? SV(CONV) : SV_NULL, .seq = seq,
					.kind = sv_of(kind), .actor = SV("system"),
					.body = sv_of(body) };
	return store_append(w->store, &ev, NULL, NULL, NULL) == 0 && store_flush(w->store) == 0;
}

/* The first number of a query; texts: 0. */
UNUSED static int64_t hw_number(struct hw *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_reader(w->store, &db) || store_prep(db, &q, sql))
		return -2;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

/* Until the query gives that number; false after ten seconds. */
UNUSED static bool hw_wait(struct hw *w, const char *sql, int64_t want)
{
	const struct timespec pause = { 0, 5000000 };
	for (int i = 0; i < 2000; i++) {
		if (hw_number(w, sql) == want)
			return true;
		nanosleep(&pause, NULL);
	}
	printf("# %s is %lld, not %lld\n", sql, (long long)hw_number(w, sql), (long long)want);
	return false;
}

/* Requests that came in so far. */
UNUSED static int hw_asked(struct hw *w)
{
	pthread_mutex_lock(&w->http.lock);
	int n = w->http.asked;
	pthread_mutex_unlock(&w->http.lock);
	return n;
}

UNUSED static bool hw_wait_asked(struct hw *w, int want)
{
	const struct timespec pause = { 0, 5000000 };
	for (int i = 0; i < 2000 && hw_asked(w) < want; i++)
		nanosleep(&pause, NULL);
	return hw_asked(w) == want;
}

#endif
