/* cust_limit.c: how often an identity may be guessed: rows in the store, so that a restart forgets
 * nothing.
 *
 * A wrong answer is counted under three scopes: the conversation, what it was about (an order, a
 * phone), and whose that is. An order that does not exist is counted exactly like one that does. No
 * success ever takes a count back, so nobody buys new tries with an order of their own. On the
 * scribe, one call after the other: two guesses cannot pass a limit together.
 */
#include "cust_int.h"
#include "tool.h"

#include <stdio.h>

#define HOUR_MS INT64_C(3600000)
#define KEEP_MS (7 * 24 * HOUR_MS)

void cust_scopes(const struct cust_keys *k, const struct tool_run *r, const char *what, sv about,
		 const char *customer, struct cust_scopes *ret)
{
	const struct tool_who *w = r->who;
	char lane[32];
	snprintf(lane, sizeof(lane), "%.20s/conv", what);
	if (w->conversation.n)
		cust_hash(k, lane, w->conversation, SV_NULL, ret->v[0]);
	else
		cust_hash(k, lane, w->actor, w->address, ret->v[0]);
	snprintf(lane, sizeof(lane), "%.20s/about", what);
	cust_hash(k, lane, about, SV_NULL, ret->v[1]);
	snprintf(lane, sizeof(lane), "%.20s/%s", what, customer[0] ? "of" : "of nobody");
	cust_hash(k, lane, customer[0] ? sv_of(customer) : about, SV_NULL, ret->v[2]);
	snprintf(ret->customer, sizeof(ret->customer), "%s", customer);
}

static int count(struct store_db *db, const char *scope, int64_t since_ms, int *ret)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT count(*) FROM cust_try WHERE scope=?1 AND at_ms>?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(scope));
	store_bind_int(q, 2, since_ms);
	rc = store_step(q);
	if (rc == 1)
		*ret = (int)store_col_int(q, 0);
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int cust_tries_left(struct store_db *db, const struct cust_scopes *s, int conv, int hour,
		    int64_t now_ms)
{
	int left = conv;
	for (int i = 0; i < CUST_SCOPES; i++) {
		int n = 0, day = 0;
		int rc = count(db, s->v[i], i ? now_ms - HOUR_MS : now_ms - KEEP_MS, &n);
		if (rc == 0 && i)
			rc = count(db, s->v[i], now_ms - 24 * HOUR_MS, &day);
		if (rc)
			return rc;
		n = (i ? hour : conv) - n;
		day = CUST_DAY_HOURS * hour - day;
		if (n < left)
			left = n;
		if (i && day < left)
			left = day;
	}
	return left > 0 ? left : 0;
}

static int forget_old(struct store_db *db, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "DELETE FROM cust_try WHERE at_ms<?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, now_ms - KEEP_MS);
	return store_run(q);
}

int cust_tried(struct store_db *db, const struct cust_scopes *s, int64_t now_ms)
{
	struct store_stmt *q;
	char id[27];
	int rc = forget_old(db, now_ms);
	for (int i = 0; i < CUST_SCOPES && rc == 0; i++) {
		rc = store_prep(db, &q,
				"INSERT INTO cust_try (id, scope, at_ms) VALUES (?1,?2,?3)");
		if (rc)
			return rc;
		id_new(id);
		store_bind_sv(q, 1, sv_of(id));
		store_bind_sv(q, 2, sv_of(s->v[i]));
		store_bind_int(q, 3, now_ms);
		rc = store_run(q);
	}
	return rc;
}
