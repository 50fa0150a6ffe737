/* cust_limit.c: how often an identity may be guessed: rows in the store, so that a restart
 * forgets nothing.
 *
 * A wrong answer is counted under several scopes, each with a limit of its own: the
 * conversation, what it was about (an order, a phone), whose that is, where it comes from (the
 * channel's address, an agent), and all together. An order that does not exist is counted
 * exactly like one that does. No success ever takes a count back, so nobody buys new tries with
 * an order of their own. Many conversations about many orders meet the limit of where they come
 * from; from many places, the one of all: then what can be known is no proof for a while
 * (cust_guessing), a code still is. An agent's own scope is that of an agent, who asks for many
 * customers: five slips are no lock. On the scribe, one call after the other: two guesses
 * cannot pass a limit together.
 */
#include "cust_int.h"
#include "tool.h"

#include <stdio.h>

#define HOUR_MS INT64_C(3600000)
#define KEEP_MS (7 * 24 * HOUR_MS)

static bool staff(const struct tool_who *w)
{
	return w->role >= TOOL_AGENT;
}

/* The conversation; outside of one whoever asks. For an agent there the limits of a place are
 * enough. */
static void of_conversation(const struct cust_keys *k, const struct tool_who *w, const char *what,
			    struct cust_scopes *ret)
{
	char lane[32];
	snprintf(lane, sizeof(lane), "%.20s/conv", what);
	ret->timed = !w->conversation.n && staff(w);
	if (w->conversation.n)
		cust_hash(k, lane, w->conversation, SV_NULL, ret->v[CUST_OF_CONV]);
	else
		cust_hash(k, lane, w->actor, w->address, ret->v[CUST_OF_CONV]);
}

/* Where it comes from: an agent by name, else the address of the channel, if it has one: what no
 * channel could answer to ("anonymous") is no place, or all who hide their number would be one. */
static void of_place(const struct cust_tools_arg *t, const struct tool_run *r, const char *what,
		     struct cust_scopes *ret)
{
	const struct tool_who *w = r->who;
	const struct cust_keys *k = t->keys;
	enum cust_kind kind = cust_kind_of_channel(w->channel);
	char lane[32];
	sv from;
	snprintf(lane, sizeof(lane), "%.20s/%s", what, staff(w) ? "agent" : "place");
	ret->by_staff = staff(w);
	if (staff(w))
		cust_hash(k, lane, w->actor, SV_NULL, ret->v[CUST_OF_PLACE]);
	else if (w->address.n && !cust_normal(kind, w->address, t->default_cc, r->arena, &from))
		cust_hash(k, lane, w->channel, from, ret->v[CUST_OF_PLACE]);
	else
		ret->v[CUST_OF_PLACE][0] = 0;
}

void cust_scopes(const struct cust_tools_arg *t, const struct tool_run *r, const char *what,
		 sv about, const char *customer, struct cust_scopes *ret)
{
	const struct cust_keys *k = t->keys;
	char lane[32];
	of_conversation(k, r->who, what, ret);
	of_place(t, r, what, ret);
	snprintf(lane, sizeof(lane), "%.20s/about", what);
	cust_hash(k, lane, about, SV_NULL, ret->v[CUST_OF_ABOUT]);
	snprintf(lane, sizeof(lane), "%.20s/%s", what, customer[0] ? "of" : "of nobody");
	cust_hash(k, lane, customer[0] ? sv_of(customer) : about, SV_NULL, ret->v[CUST_OF_WHOM]);
	snprintf(lane, sizeof(lane), "%.20s/all", what);
	cust_hash(k, lane, SV_NULL, SV_NULL, ret->v[CUST_OF_ALL]);
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

/* What is left of a scope's hour and day. */
static int left_of(struct store_db *db, const char *scope, int hour, int64_t now_ms, int *left)
{
	int n = 0, day = 0;
	int rc = count(db, scope, now_ms - HOUR_MS, &n);
	if (rc == 0)
		rc = count(db, scope, now_ms - 24 * HOUR_MS, &day);
	n = hour - n;
	day = CUST_DAY_HOURS * hour - day;
	if (n < *left)
		*left = n;
	if (day < *left)
		*left = day;
	return rc;
}

int cust_tries_left(struct store_db *db, struct cust_scopes *s, int conv, int hour, int64_t now_ms)
{
	int place = hour * (s->by_staff ? CUST_STAFF_TIMES : CUST_PLACE_TIMES);
	int left = s->by_staff ? place : conv, rc = 0;
	s->at_place = false;
	for (int i = 0; i < CUST_OF_ALL && rc == 0; i++) {
		int had = left, n = 0;
		if (!s->v[i][0] || (i == CUST_OF_CONV && s->timed))
			continue;
		if (i == CUST_OF_CONV) {
			rc = count(db, s->v[i], now_ms - KEEP_MS, &n);
			left = conv - n < left ? conv - n : left;
		} else {
			rc = left_of(db, s->v[i], i == CUST_OF_PLACE ? place : hour, now_ms, &left);
		}
		if (left < had && left <= 0)
			s->at_place = i == CUST_OF_PLACE;
	}
	return rc ? rc : left > 0 ? left : 0;
}

int cust_guessing(struct store_db *db, const struct cust_scopes *s, int64_t now_ms)
{
	int n = 0;
	int rc = count(db, s->v[CUST_OF_ALL], now_ms - HOUR_MS, &n);
	return rc ? rc : n >= CUST_TRIES_ALL;
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
		if (!s->v[i][0])
			continue;
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
