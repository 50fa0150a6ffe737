/* cust_join.c: several customers that are one person.
 *
 * A join is an edge, kept as a row each way; a person's customers are whatever edges reach, walked
 * anew each time (a group is small), so taking an edge back gives everybody exactly what was its
 * own: nothing was ever copied. The one known longest leads. Nothing is joined by itself except by
 * an address that was proven for both; the rest is a proposal that a person decides.
 */
#include "cust_int.h"
#include "guard.h"
#include "tool.h"

#include <stdio.h>

int cust_lead(struct store_db *db, sv id, char ret[CUST_ID_MAX])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    CUST_GROUP_SQL "SELECT c.id FROM g JOIN customer c ON c.id=g.id "
					   "ORDER BY c.erased_ms IS NOT NULL, c.since_ms, c.id "
					   "LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		snprintf(ret, CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc == 1 ? 0 : rc == 0 ? ERR_NOTFOUND : rc;
}

int cust_group(struct store_db *db, sv id, struct arena *a, sv **ret, size_t *ret_n)
{
	struct store_stmt *q;
	sv *v = arena_new(a, sv, CUST_GROUP_MAX);
	size_t n = 0;
	int rc = v ? store_prep(db, &q, CUST_GROUP_SQL "SELECT id FROM g ORDER BY id") :
		     ERR_TOOBIG;
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while (n < CUST_GROUP_MAX && (rc = store_step(q)) == 1)
		v[n++] = arena_sv(a, store_col_sv(q, 0));
	store_reset(q);
	if (rc < 0)
		return rc;
	*ret = v;
	*ret_n = n;
	return 0;
}

/* ---- edges ---- */

static int edge_put(struct store_db *db, sv a, sv b, sv reason, double score, sv by, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "INSERT INTO cust_edge (a, b, reason, score, by_actor, at_ms) VALUES "
			    "(?1,?2,?3,?4,?5,?6) ON CONFLICT (a, b) DO UPDATE SET reason=?3, "
			    "score=?4, by_actor=?5, at_ms=?6, undone_ms=NULL, undone_by=NULL");
	if (rc)
		return rc;
	store_bind_sv(q, 1, a);
	store_bind_sv(q, 2, b);
	store_bind_sv(q, 3, reason.n ? reason : SV(""));
	store_bind_num(q, 4, score);
	store_bind_sv(q, 5, by);
	store_bind_int(q, 6, now_ms);
	return store_run(q);
}

static int proposal_state(struct store_db *db, sv a, sv b, const char *state)
{
	struct store_stmt *q;
	bool turn = sv_cmp(a, b) > 0;
	int rc = store_prep(db, &q, "UPDATE cust_proposal SET state=?3 WHERE a=?1 AND b=?2");
	if (rc)
		return rc;
	store_bind_sv(q, 1, turn ? b : a);
	store_bind_sv(q, 2, turn ? a : b);
	store_bind_sv(q, 3, sv_of(state));
	return store_run(q);
}

/* A row for each of the two, so that both timelines tell; what is personal in a person's words is
 * masked, a row cannot be erased. */
static int edge_rows(struct store_db *db, sv a, sv b, const char *kind, sv reason, double score,
		     sv by, int64_t now_ms)
{
	struct guard_in in = { 0 };
	struct arena ar;
	struct sb body;
	sv who[2] = { a, b };
	arena_init(&ar, LIM_ARENA_TURN);
	int rc = guard_inbound(reason, &ar, &in);
	for (int i = 0; i < 2 && rc == 0; i++) {
		sb_init(&body, 4096);
		sb_cstr(&body, "{\"with\":");
		sb_json(&body, who[1 - i]);
		sb_cstr(&body, ",\"reason\":");
		sb_json(&body, in.masked);
		sb_fmt(&body, ",\"score\":%.3f}", score);
		rc = sb_err(&body);
		if (rc == 0)
			rc = cust_touch(db, who[i], now_ms);
		if (rc == 0)
			rc = cust_event(db, who[i], kind, by, sb_sv(&body), now_ms);
		sb_done(&body);
	}
	arena_done(&ar);
	return rc;
}

/* How many the two groups are together; the same group counts once. */
static int together(struct store_db *db, sv a, sv b, size_t *ret_n, bool *ret_same)
{
	struct arena ar;
	sv *x, *y;
	size_t n = 0, m = 0;
	arena_init(&ar, LIM_ARENA_TURN);
	int rc = cust_group(db, a, &ar, &x, &n);
	if (rc == 0)
		rc = cust_group(db, b, &ar, &y, &m);
	*ret_same = false;
	for (size_t i = 0; rc == 0 && i < n; i++)
		*ret_same |= sv_eq(x[i], b);
	*ret_n = *ret_same ? n : n + m;
	arena_done(&ar);
	return rc;
}

int cust_join(struct store_db *db, sv a, sv b, sv reason, double score, sv by, int64_t now_ms)
{
	size_t n;
	bool same;
	if (sv_eq(a, b) || !(score >= 0 && score <= 1) || reason.n > 400)
		return ERR_INVAL;
	int rc = cust_alive(db, a);
	if (rc == 0)
		rc = cust_alive(db, b);
	if (rc == 0)
		rc = together(db, a, b, &n, &same);
	if (rc == 0 && n > CUST_GROUP_MAX)
		rc = ERR_FULL;
	if (rc == 0)
		rc = edge_put(db, a, b, reason, score, by, now_ms);
	if (rc == 0)
		rc = edge_put(db, b, a, reason, score, by, now_ms);
	if (rc == 0)
		rc = proposal_state(db, a, b, "joined");
	return rc ? rc : edge_rows(db, a, b, "customer.joined", reason, score, by, now_ms);
}

int cust_unjoin(struct store_db *db, sv a, sv b, sv by, int64_t now_ms)
{
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"UPDATE cust_edge SET undone_ms=?3, undone_by=?4 WHERE undone_ms IS NULL "
		"AND ((a=?1 AND b=?2) OR (a=?2 AND b=?1))");
	if (rc)
		return rc;
	store_bind_sv(q, 1, a);
	store_bind_sv(q, 2, b);
	store_bind_int(q, 3, now_ms);
	store_bind_sv(q, 4, by);
	rc = store_run(q);
	if (rc == 0 && store_changes(db) == 0)
		return ERR_NOTFOUND;
	/* not proposed again: somebody has looked */
	if (rc == 0)
		rc = proposal_state(db, a, b, "no");
	return rc ? rc : edge_rows(db, a, b, "customer.unjoined", SV(""), 0, by, now_ms);
}

/* ---- proposals ---- */

static int propose(struct store_db *db, sv a, sv b, const char *reason, double score,
		   int64_t now_ms)
{
	struct store_stmt *q;
	bool turn = sv_cmp(a, b) > 0;
	int rc = store_prep(db, &q,
			    "INSERT INTO cust_proposal (a, b, reason, score, at_ms) VALUES "
			    "(?1,?2,?3,?4,?5) ON CONFLICT (a, b) DO NOTHING");
	if (rc)
		return rc;
	store_bind_sv(q, 1, turn ? b : a);
	store_bind_sv(q, 2, turn ? a : b);
	store_bind_sv(q, 3, sv_of(reason));
	store_bind_num(q, 4, score);
	store_bind_int(q, 5, now_ms);
	return store_run(q);
}

/* Somebody has said no to these two, or parted them. */
static int said_no(struct store_db *db, sv a, sv b)
{
	struct store_stmt *q;
	bool turn = sv_cmp(a, b) > 0;
	int rc = store_prep(
		db, &q,
		"SELECT 1 FROM cust_proposal WHERE a=?1 AND b=?2 AND state='no' UNION "
		"SELECT 1 FROM cust_edge WHERE a=?1 AND b=?2 AND undone_ms IS NOT NULL");
	if (rc)
		return rc;
	store_bind_sv(q, 1, turn ? b : a);
	store_bind_sv(q, 2, turn ? a : b);
	rc = store_step(q);
	store_reset(q);
	return rc;
}

static int shared_with(struct store_db *db, sv id, sv other, bool proven, int64_t now_ms)
{
	size_t n;
	bool same;
	int rc = together(db, id, other, &n, &same);
	if (rc || same)
		return rc;
	rc = said_no(db, id, other);
	if (rc)
		return rc < 0 ? rc : 0;
	if (proven && n <= CUST_GROUP_MAX)
		return cust_join(db, id, other, SV("the same proven address"), 0.95, SV("system"),
				 now_ms);
	return propose(db, id, other, "the same address", 0.5, now_ms);
}

int cust_shared(struct store_db *db, sv id, sv kind, sv hash, int verified, int64_t now_ms)
{
	struct store_stmt *q;
	char others[8][CUST_ID_MAX];
	bool proven[8];
	int n = 0, rc = store_prep(db, &q,
				   "SELECT customer, verified FROM cust_ident WHERE kind=?1 AND "
				   "hash=?2 AND customer<>?3 ORDER BY customer LIMIT 8");
	/* a browser's cookie is weak evidence whatever was proven in it */
	bool strong = verified >= TOOL_KNOWN && !sv_eq(kind, SV("cookie"));
	if (rc)
		return rc;
	store_bind_sv(q, 1, kind);
	store_bind_sv(q, 2, hash);
	store_bind_sv(q, 3, id);
	while (n < 8 && (rc = store_step(q)) == 1) {
		snprintf(others[n], CUST_ID_MAX, SV_FMT, SV_ARG(store_col_sv(q, 0)));
		proven[n++] = strong && store_col_int(q, 1) >= TOOL_KNOWN;
	}
	store_reset(q);
	for (int i = 0; i < n && rc >= 0; i++)
		rc = shared_with(db, id, sv_of(others[i]), proven[i], now_ms);
	return rc < 0 ? rc : 0;
}

int cust_proposals(struct store_db *db, int limit, struct sb *out)
{
	struct store_stmt *q;
	char when[32];
	int n = 0, rc = store_prep(db, &q,
				   "SELECT a, b, reason, score, at_ms FROM cust_proposal WHERE "
				   "state='open' ORDER BY score DESC, at_ms DESC, a, b LIMIT ?1");
	if (rc)
		return rc;
	store_bind_int(q, 1, limit > 0 && limit < 200 ? limit : 200);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1) {
		clk_rfc3339(store_col_int(q, 4), when);
		sb_cstr(out, n++ ? ",{\"a\":" : "{\"a\":");
		sb_json(out, store_col_sv(q, 0));
		sb_cstr(out, ",\"b\":");
		sb_json(out, store_col_sv(q, 1));
		sb_cstr(out, ",\"reason\":");
		sb_json(out, store_col_sv(q, 2));
		sb_fmt(out, ",\"score\":%.3f,\"at\":\"%s\"}", store_col_num(q, 3), when);
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":null}");
	return rc;
}

int cust_proposal_no(struct store_db *db, sv a, sv b, sv by, int64_t now_ms)
{
	int rc = proposal_state(db, a, b, "no");
	if (rc == 0 && store_changes(db) == 0)
		return ERR_NOTFOUND;
	return rc ? rc : edge_rows(db, a, b, "customer.kept_apart", SV(""), 0, by, now_ms);
}
