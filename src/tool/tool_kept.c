/* tool_kept.c: what became of kept rows: messages that were given up, for people to see;
 * results that have grown old, to be forgotten.
 *
 * A result is kept so that its key gives it again. After some months nobody asks again, and it
 * holds what the customer was told: then it is blanked. The row stays with its tool, times and
 * outcome, so a key that comes again after all still does nothing twice. */
#include "tool_int.h"

#include <stdio.h>

/* ---- given up ---- */

static void put_when(jv *o, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	jv_set_str(o, key, sv_of(when));
}

/* Of a call of another system its tool is told; of a message nothing that it says. */
static jv *dead_json(struct store_stmt *q)
{
	jv *o = jv_obj(), *req = jv_parse(store_col_sv(q, 6), NULL);
	jv_set_str(o, "id", store_col_sv(q, 0));
	jv_set_str(o, "kind", store_col_sv(q, 1));
	jv_set_str(o, "customer", store_col_sv(q, 2));
	jv_set_int(o, "tries", store_col_int(q, 3));
	jv_set_str(o, "why", store_col_sv(q, 4));
	put_when(o, "made_at", store_col_int(q, 5));
	put_when(o, "dead_at", store_col_int(q, 7));
	if (sv_eq(store_col_sv(q, 1), SV("remote")))
		jv_set_str(o, "tool", jv_get_str(req, "tool"));
	jv_free(req);
	return o;
}

int tool_undelivered(struct store_db *db, int limit, struct sb *out)
{
	struct store_stmt *q;
	int64_t n = 0;
	int rc = store_prep(db, &q,
			    "SELECT COUNT(*) FROM tool_outbox WHERE state = 'dead' AND why <> "
			    "'erased'");
	if (rc)
		return rc;
	rc = store_step(q);
	if (rc == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	if (rc >= 0)
		rc = store_prep(db, &q,
				"SELECT id, kind, customer, tries, why, made_ms, body, done_ms "
				"FROM tool_outbox WHERE state = 'dead' AND why <> 'erased' ORDER "
				"BY pos DESC LIMIT ?1");
	if (rc < 0)
		return rc;
	store_bind_int(q, 1, limit);
	sb_fmt(out, "{\"count\":%lld,\"items\":[", (long long)n);
	for (int i = 0; (rc = store_step(q)) == 1; i++) {
		jv *o = dead_json(q);
		sb_cstr(out, i ? "," : "");
		jv_dump(o, out);
		jv_free(o);
	}
	store_reset(q);
	sb_cstr(out, "]}");
	return rc < 0 ? rc : sb_err(out);
}

/* ---- grown old ---- */

/* The key of the last of the next rows; empty: there are no more. */
static int next_end(struct store_db *db, sv from, char end[TOOL_KEY + 1])
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT max(k), count(*) FROM (SELECT k FROM tool_call WHERE k > ?1 "
			    "ORDER BY k LIMIT 2000) page");
	if (rc)
		return rc;
	store_bind_sv(q, 1, from);
	rc = store_step(q);
	end[0] = 0;
	if (rc == 1 && store_col_int(q, 1))
		(void)snprintf(end, TOOL_KEY + 1, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
	return rc < 0 ? rc : 0;
}

static int blank_results(struct store_db *db, const char *from, const char *end, int64_t before_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE tool_call SET result = '{}' WHERE k > ?1 AND k <= ?2 AND "
			    "at_ms < ?3 AND result <> '{}'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(from));
	store_bind_sv(q, 2, sv_of(end));
	store_bind_int(q, 3, before_ms);
	return store_run(q);
}

static int blank_requests(struct store_db *db, int64_t before_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE tool_approval SET request = '{}' WHERE state <> 'waiting' AND "
			    "decided_ms < ?1 AND request <> '{}'");
	if (rc)
		return rc;
	store_bind_int(q, 1, before_ms);
	return store_run(q);
}

int tool_forget(struct store_db *db, int64_t before_ms, char from[TOOL_FORGET])
{
	char end[TOOL_KEY + 1];
	_Static_assert(TOOL_FORGET > TOOL_KEY, "a key fits");
	int rc = from[0] ? 0 : blank_requests(db, before_ms);
	if (rc == 0)
		rc = next_end(db, sv_of(from), end);
	if (rc == 0 && end[0])
		rc = blank_results(db, from, end, before_ms);
	if (rc == 0)
		(void)snprintf(from, TOOL_FORGET, "%s", end);
	return rc;
}
