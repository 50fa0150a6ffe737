/* tool_kept.c: what became of kept rows: messages that were given up, for people to see and to
 * send again; results that have grown old, to be forgotten.
 *
 * A result is kept so that its key gives it again. After some months nobody asks again, and it
 * holds what the customer was told: then it is blanked. The row stays with its tool, times and
 * outcome, so a key that comes again after all still does nothing twice. */
#include "tool_int.h"

#include <stdio.h>

/* ---- given up ---- */

void tool_put_when(jv *o, const char *key, struct store_stmt *q, int col)
{
	char when[32];
	clk_rfc3339(store_col_int(q, col), when);
	if (store_col_null(q, col))
		jv_set(o, key, jv_null());
	else
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
	tool_put_when(o, "made_at", q, 5);
	tool_put_when(o, "dead_at", q, 7);
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

/* ---- a person's word on it ---- */

struct word {
	sv id, by;
	bool again;
	int64_t now_ms;
	char kind[32], customer[64];
};

static int find_row(struct store_db *db, struct word *w)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT kind, customer FROM tool_outbox WHERE id = ?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, w->id);
	rc = store_step(q);
	if (rc == 1) {
		(void)snprintf(w->kind, sizeof(w->kind), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		(void)snprintf(w->customer, sizeof(w->customer), SV_FMT,
			       SV_ARG(store_col_sv(q, 1)));
	}
	store_reset(q);
	return rc == 1 ? 0 : rc ? rc : ERR_NOTFOUND;
}

static int word_row(struct store_db *db, const struct word *w)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_cstr(&b, "{\"id\":");
	sb_json(&b, w->id);
	sb_cstr(&b, ",\"kind\":");
	sb_json(&b, sv_of(w->kind));
	sb_ch(&b, '}');
	struct store_event ev = { .ts_ms = w->now_ms,
				  .customer = sv_of(w->customer),
				  .kind = w->again ? SV("outbox.again") : SV("outbox.seen"),
				  .actor = w->by,
				  .body = sb_sv(&b) };
	int rc = sb_err(&b) ? sb_err(&b) : store_event_put(db, &ev);
	sb_done(&b);
	return rc;
}

/* One try counts as made: a call that is refused now has nobody who was told, it is dead again. */
static int take_word(void *arg, struct store_db *db)         /* on the scribe */
{
	struct word *w = arg;
	struct store_stmt *q;
	int rc = find_row(db, w);
	if (rc == 0)
		rc = store_prep(
			db, &q,
			w->again ? "UPDATE tool_outbox SET state = 'waiting', tries = 1, next_ms = "
				   "0, why = '', done_ms = NULL WHERE id = ?1 AND state = 'dead' "
				   "AND why <> 'erased' AND body <> '{}' AND (kind <> 'remote' OR "
				   "body LIKE '%\"args\":%')" :
				   "UPDATE tool_outbox SET state = 'seen', body = '{}' WHERE id = "
				   "?1 AND state = 'dead' AND why <> 'erased'");
	if (rc)
		return rc;
	store_bind_sv(q, 1, w->id);
	rc = store_run(q);
	if (rc == 0 && store_changes(db) != 1)
		rc = ERR_STATE;
	return rc ? rc : word_row(db, w);
}

int tool_outbox_again(struct tool_kit *k, sv id, bool again, sv by, int64_t now_ms)
{
	struct word w = { .id = id, .by = by, .again = again, .now_ms = now_ms };
	int rc = tool_kit_enter(k);
	if (rc)
		return rc;
	rc = tool_kit_write(k, take_word, &w);
	tool_kit_leave(k);
	return rc;
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

/* What a message said; money that is owed stays. */
static int blank_dead(struct store_db *db, int64_t before_ms)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "UPDATE tool_outbox SET body = '{}' WHERE state = 'dead' AND done_ms < "
			    "?1 AND body <> '{}' AND kind NOT IN ('remote', 'pay')");
	if (rc)
		return rc;
	store_bind_int(q, 1, before_ms);
	return store_run(q);
}

struct dead_call {
	char id[27], tool[TOOL_NAME];
};
enum { DEAD_CALLS = 64 };

static int read_calls(struct store_db *db, int64_t before_ms, struct dead_call v[DEAD_CALLS])
{
	struct store_stmt *q;
	int n = 0;
	int rc = store_prep(db, &q,
			    "SELECT id, body FROM tool_outbox WHERE state = 'dead' AND kind = "
			    "'remote' AND done_ms < ?1 AND body LIKE '%\"args\":%' LIMIT ?2");
	if (rc)
		return rc;
	store_bind_int(q, 1, before_ms);
	store_bind_int(q, 2, DEAD_CALLS);
	while (n < DEAD_CALLS && (rc = store_step(q)) == 1) {
		jv *o = jv_parse(store_col_sv(q, 1), NULL);
		(void)snprintf(v[n].id, sizeof(v[n].id), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		(void)snprintf(v[n].tool, sizeof(v[n].tool), SV_FMT,
			       SV_ARG(jv_get_str(o, "tool")));
		jv_free(o);
		n++;
	}
	store_reset(q);
	return rc < 0 ? rc : n;
}

/* Of a call of another system its tool alone stays. How many there were, at most DEAD_CALLS. */
static int blank_calls(struct store_db *db, int64_t before_ms)
{
	struct dead_call v[DEAD_CALLS];
	struct store_stmt *q;
	int n = read_calls(db, before_ms, v), rc = n < 0 ? n : 0;
	for (int i = 0; i < n && rc == 0; i++) {
		struct sb b;
		sb_init(&b, 256);
		sb_cstr(&b, "{\"tool\":");
		sb_json(&b, sv_of(v[i].tool));
		sb_ch(&b, '}');
		rc = store_prep(db, &q, "UPDATE tool_outbox SET body = ?2 WHERE id = ?1");
		if (rc == 0) {
			store_bind_sv(q, 1, sv_of(v[i].id));
			store_bind_sv(q, 2, sb_sv(&b));
			rc = store_run(q);
		}
		sb_done(&b);
	}
	return rc ? rc : n;
}

/* They are looked for once a round, so all of them go. */
static int blank_all_calls(struct store_db *db, int64_t before_ms)
{
	int n = DEAD_CALLS;
	while (n == DEAD_CALLS)
		n = blank_calls(db, before_ms);
	return n < 0 ? n : 0;
}

int tool_forget(struct store_db *db, int64_t before_ms, char from[TOOL_FORGET])
{
	char end[TOOL_KEY + 1];
	_Static_assert(TOOL_FORGET > TOOL_KEY, "a key fits");
	int rc = from[0] ? 0 : blank_requests(db, before_ms);
	if (rc == 0 && !from[0])
		rc = blank_dead(db, before_ms);
	if (rc == 0 && !from[0])
		rc = blank_all_calls(db, before_ms);
	if (rc == 0)
		rc = next_end(db, sv_of(from), end);
	if (rc == 0 && end[0])
		rc = blank_results(db, from, end, before_ms);
	if (rc == 0)
		(void)snprintf(from, TOOL_FORGET, "%s", end);
	return rc;
}
