/* api_reveal.c: a conversation's rows with the masks taken off, for administrators.
 *
 * GET /api/v1/conversations/ID/events?reveal=1. Who looked and at what is a row of the river, on
 * disk before the answer is made; without it nothing is shown. What was sealed for another row or
 * under another key stays masked. Door's thread; the reading runs on a worker.
 */
#include "api_int.h"
#include "guard.h"

#include <stdio.h>

/* The row's body with its text unmasked; false when it does not open. */
static bool put_body(struct api_query *q, sv body, sv sealed)
{
	jv *o = jv_parse(body, NULL);
	bool ok = o && guard_unseal_body(q->a->o.pii_key, q->s1, sealed, o) == 0;
	if (ok) {
		jv_set_bool(o, "revealed", true);
		jv_dump(o, &q->out);
	}
	jv_free(o);
	return ok;
}

/* Columns: seq, ts_ms, turn, kind, actor, body, sealed. */
static void put_row(struct api_query *q, struct store_stmt *st)
{
	char when[32];

	if (store_col_null(st, 6)) {
		api_event_row(st, &q->out);
		return;
	}
	clk_rfc3339(store_col_int(st, 1), when);
	sb_fmt(&q->out, "{\"seq\":%lld,\"ts\":\"%s\",\"turn\":%lld,\"kind\":",
	       (long long)store_col_int(st, 0), when, (long long)store_col_int(st, 2));
	sb_json(&q->out, store_col_sv(st, 3));
	sb_cstr(&q->out, ",\"actor\":");
	sb_json(&q->out, store_col_sv(st, 4));
	sb_cstr(&q->out, ",\"body\":");
	if (!put_body(q, store_col_sv(st, 5), store_col_sv(st, 6)))
		sb_put(&q->out, store_col_sv(st, 5));
	sb_ch(&q->out, '}');
}

static void reveal_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	int64_t n = 0, last = q->i1;

	if (store_prep(db, &st,
		       "SELECT seq, ts_ms, turn, kind, actor, body, (SELECT v FROM kv WHERE "
		       "k='sealed/' || event.conversation || '/' || event.seq) FROM event "
		       "WHERE conversation=?1 AND seq>?2 ORDER BY seq LIMIT ?3")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_int(st, 2, q->i1);
	store_bind_int(st, 3, q->i2);
	sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st)) {
		if (n++)
			sb_ch(&q->out, ',');
		put_row(q, st);
		last = store_col_int(st, 0);
	}
	store_reset(st);
	sb_fmt(&q->out, "],\"last_seq\":%lld,\"revealed\":true}", (long long)last);
}

/* The note is on disk. */
static void noted(void *arg, int err)
{
	struct api_query *q = arg;

	if (err) {
		api_problem(q->r, err, "Who looks could not be written down, so nothing is shown.");
		api_query_free(q);
		return;
	}
	api_query_start(q);
}

void api_conv_reveal(struct api *a, struct web_req *r, int64_t after, int64_t limit)
{
	struct api_user who;
	char actor[80];
	struct sb body;

	if (!api_may(a, r, "personal.reveal", &who))
		return;
	if (!a->o.pii_key) {
		api_problem(r, 409, "Nothing is kept under the masks: privacy.reversible is off.");
		return;
	}
	struct api_query *q = api_query_new(a, r);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->i1 = after;
	q->i2 = limit;
	q->run = reveal_run;
	sb_init(&body, LIM_SB);
	sb_cstr(&body, "{\"conversation\":");
	sb_json(&body, q->s1);
	sb_fmt(&body, ",\"after\":%lld}", (long long)after);
	(void)snprintf(actor, sizeof(actor), "user:%s", who.login);
	struct store_event ev = { .kind = SV("pii.revealed"), .actor = sv_of(actor),
				  .body = sb_sv(&body) };
	int rc = store_append(a->o.store, &ev, a->mbox, noted, q);
	sb_done(&body);
	if (rc)
		noted(q, rc);
}
