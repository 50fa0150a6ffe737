/* api_conv.c: reading conversations: list, one, its events, its recording. Queries run on
 * workers. */
#include "api_int.h"

#include <stdio.h>

static void put_time(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? ",\"%s\":\"%s\"" : ",\"%s\":null", key, when);
}

static void put_text(struct sb *b, const char *key, sv v, bool null_when_empty)
{
	sb_fmt(b, ",\"%s\":", key);
	if (!v.n && null_when_empty)
		sb_cstr(b, "null");
	else
		sb_json(b, v);
}

/* Columns as in API_CONV_COLS. */
void api_conv_row(struct store_stmt *q, struct sb *b)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	put_text(b, "interaction_id", store_col_sv(q, 1), false);
	put_text(b, "channel", store_col_sv(q, 2), false);
	put_text(b, "state", store_col_sv(q, 3), false);
	put_text(b, "language", store_col_sv(q, 4), false);
	sb_cstr(b, ",\"customer\":{\"id\":");
	sv id = store_col_sv(q, 5), name = store_col_sv(q, 6);
	if (id.n)
		sb_json(b, id);
	else
		sb_cstr(b, "null");
	put_text(b, "name", name, true);
	sb_ch(b, '}');
	put_text(b, "address", store_col_sv(q, 7), true);
	put_time(b, "started_at", store_col_int(q, 8));
	put_time(b, "last_at", store_col_int(q, 9));
	put_time(b, "ended_at", store_col_int(q, 10));
	put_text(b, "end_by", store_col_sv(q, 11), true);
	sb_fmt(b, ",\"turns\":%lld,\"last_seq\":%lld", (long long)store_col_int(q, 12),
	       (long long)store_col_int(q, 13));
	put_text(b, "last_text", store_col_sv(q, 14), false);
	put_text(b, "last_actor", store_col_sv(q, 15), false);
	put_text(b, "last_action", store_col_sv(q, 16), false);
	put_text(b, "emotion", store_col_sv(q, 17), true);
	sb_fmt(b, ",\"recording\":%s}", store_col_sv(q, 18).n ? "true" : "false");
}

/* Columns as in API_EVENT_COLS. */
void api_event_row(struct store_stmt *q, struct sb *b)
{
	char when[32];
	clk_rfc3339(store_col_int(q, 1), when);
	sb_fmt(b, "{\"seq\":%lld,\"ts\":\"%s\",\"turn\":%lld,\"kind\":",
	       (long long)store_col_int(q, 0), when, (long long)store_col_int(q, 2));
	sb_json(b, store_col_sv(q, 3));
	sb_cstr(b, ",\"actor\":");
	sb_json(b, store_col_sv(q, 4));
	sb_cstr(b, ",\"body\":");
	sb_put(b, store_col_sv(q, 5));
	sb_ch(b, '}');
}

bool api_event_public(struct store_stmt *q, struct sb *b)
{
	sv kind = store_col_sv(q, 3);
	if (sv_starts(kind, SV("note.")) || sv_starts(kind, SV("alert.")))
		return false;
	size_t at = b->n;
	api_event_row(q, b);
	if (!sv_eq(kind, SV("handover")))
		return true;
	jv *row = jv_parse(sv_n(b->p + at, b->n - at), NULL);
	jv_del(jv_get(row, "body"), "handover");
	sb_truncate(b, at);
	jv_dump(row, b);
	jv_free(row);
	return true;
}

static int64_t arg_int(struct web_req *r, const char *name, int64_t def, int64_t min, int64_t max)
{
	int64_t v;
	sv s = web_req_arg(r, name);
	if (!s.n || sv_i64(s, &v))
		return def;
	return v < min ? min : v > max ? max : v;
}

/* ---- list: newest first; the cursor is "last_ms.id" of the last row ---- */

void api_conv_list_run(struct api_query *q, struct store_db *db)
{
	static const char sql[] =
		"SELECT " API_CONV_COLS
		" FROM conversation WHERE (?1='' OR state=?1) AND (?2='' OR channel=?2) "
		"AND (?6='' OR EXISTS (SELECT 1 FROM handover h WHERE h.agent=?6 AND "
		"(h.conversation=conversation.id OR (conversation.customer_id<>'' AND "
		"h.customer=conversation.customer_id)))) AND (?3=0 OR last_ms<?3 OR "
		"(last_ms=?3 AND id<?4)) ORDER BY last_ms DESC, id "
		"DESC LIMIT ?5";
	struct store_stmt *st;
	if (store_prep(db, &st, sql)) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_sv(st, 2, q->s2);
	store_bind_int(st, 3, q->i1);
	store_bind_sv(st, 4, q->s3);
	store_bind_sv(st, 6, q->s4.p ? q->s4 : SV(""));
	store_bind_int(st, 5, q->i2 + 1);       /* one more tells whether there is a next page */
	int64_t n = 0, last = 0;
	bool more = false;
	char last_id[40] = "";
	sb_cstr(&q->out, "{\"items\":[");
	while (api_row(q, st)) {
		more = n == q->i2;
		if (more)
			break;
		if (n++)
			sb_ch(&q->out, ',');
		api_conv_row(st, &q->out);
		last = store_col_int(st, 9);
		snprintf(last_id, sizeof(last_id), SV_FMT, SV_ARG(store_col_sv(st, 0)));
	}
	store_reset(st);
	if (more)
		sb_fmt(&q->out, "],\"next_cursor\":\"%lld.%s\"}", (long long)last, last_id);
	else
		sb_cstr(&q->out, "],\"next_cursor\":null}");
}

bool api_conv_list_args(struct api_query *q, sv state, sv cursor)
{
	sv ms;
	bool open = sv_eq(state, SV("live")) || sv_eq(state, SV("open"));
	if (!open && state.n && !sv_eq(state, SV("closed")) && !sv_eq(state, SV("all"))) {
		q->detail = "state must be live, closed or all.";
		return false;
	}
	q->s1 = open ? SV("open") : sv_eq(state, SV("closed")) ? SV("closed") : SV("");
	q->s3 = SV("");
	if (!cursor.n)
		return true;
	q->detail = "cursor must be the next_cursor of an earlier answer.";
	if (!sv_cut(&cursor, '.', &ms) || sv_i64(ms, &q->i1) || !id_ok(cursor))
		return false;
	q->s3 = arena_sv(&q->arena, cursor);
	return true;
}

void api_conv_list(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	struct api_scope scope;
	if (!api_may(a, r, "conversation.read", &u))
		return;
	struct api_query *q = api_query_new(a, r);
	api_scope_of(a, &u, SV_NULL, &scope);
	q->s4 = arena_sv(&q->arena, sv_of(scope.login));
	if (!api_conv_list_args(q, web_req_arg(r, "state"), web_req_arg(r, "cursor"))) {
		api_problem(r, 400, q->detail);
		api_query_free(q);
		return;
	}
	sv channel = web_req_arg(r, "channel");
	q->s2 = channel.n ? arena_sv(&q->arena, channel) : SV("");
	q->i2 = arg_int(r, "limit", 50, 1, 200);
	q->run = api_conv_list_run;
	api_query_start(q);
}

void api_conv_get_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	q->status = 404;
	q->detail = "There is no such conversation.";
	if (store_prep(db, &st, "SELECT " API_CONV_COLS " FROM conversation WHERE id=?1"))
		return;
	store_bind_sv(st, 1, q->s1);
	if (api_row(q, st)) {
		api_conv_row(st, &q->out);
		q->status = 200;
	}
	store_reset(st);
}

void api_conv_get(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_scope scope;
	if (!api_need_conversation(a, r, web_req_param(r, "id"), &scope))
		return;
	struct api_query *q = api_query_new(a, r);
	q->scope = scope;
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->etag = true;
	q->run = api_conv_get_run;
	q->settled = true;
	api_query_start(q);
}

void api_conv_events_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	int64_t last = q->i1;
	if (store_prep(db, &st,
		       "SELECT " API_EVENT_COLS " FROM event WHERE conversation=?1 AND seq>?2 "
		       "ORDER BY seq LIMIT ?3")) {
		q->status = 500;
		return;
	}
	store_bind_sv(st, 1, q->s1);
	store_bind_int(st, 2, q->i1);
	store_bind_int(st, 3, q->i2);
	sb_cstr(&q->out, "{\"items\":[");
	for (bool any = false; api_row(q, st);) {
		size_t at = q->out.n;
		if (any)
			sb_ch(&q->out, ',');
		if (!q->i3)
			api_event_row(st, &q->out);
		else if (!api_event_public(st, &q->out))
			sb_truncate(&q->out, at);
		any |= q->out.n > at;
		last = store_col_int(st, 0);
	}
	store_reset(st);
	sb_fmt(&q->out, "],\"last_seq\":%lld}", (long long)last);
}

void api_conv_events(struct web_req *r, void *arg)
{
	struct api *a = arg;
	int64_t after = arg_int(r, "after", 0, 0, INT64_MAX);
	int64_t limit = arg_int(r, "limit", 500, 1, 2000);
	if (sv_eq(web_req_arg(r, "reveal"), SV("1"))) {
		api_conv_reveal(a, r, after, limit);
		return;
	}
	struct api_scope scope;
	if (!api_need_conversation(a, r, web_req_param(r, "id"), &scope))
		return;
	struct api_query *q = api_query_new(a, r);
	q->scope = scope;
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->i1 = after;
	q->i2 = limit;
	q->i3 = !api_signed_in(a, r);
	q->run = api_conv_events_run;
	q->settled = true; /* what was answered is there to be read */
	api_query_start(q);
}

static void recording_run(struct api_query *q, struct store_db *db)
{
	struct store_stmt *st;
	q->status = 404;
	q->detail = "This conversation has no recording.";
	if (store_prep(db, &st, "SELECT recording FROM conversation WHERE id=?1"))
		return;
	store_bind_sv(st, 1, q->s1);
	if (api_row(q, st) && store_col_sv(st, 0).n) {
		sb_put(&q->out, store_col_sv(st, 0));
		q->status = 200;
	}
	store_reset(st);
}

static void recording_done(struct api_query *q)
{
	sv name = sb_sv(&q->out);
	if (q->status != 200) {
		api_problem(q->r, q->status, q->detail);
	} else if (sv_find(name, SV("..")) >= 0 || !sv_starts(name, SV("recordings/"))) {
		api_problem(q->r, 500, "The recording's name in the database is not valid.");
	} else {
		char path[1200];
		snprintf(path, sizeof(path), "%s/" SV_FMT, q->a->o.data_dir, SV_ARG(name));
		web_reply_file(q->r, path, "audio/wav", "Cache-Control: private, no-cache\r\n");
	}
	api_query_free(q);
}

void api_conv_recording(struct web_req *r, void *arg)
{
	struct api *a = arg;
	struct api_user u;
	if (!api_may(a, r, "recording.play", &u))
		return;
	struct api_query *q = api_query_new(a, r);
	api_scope_of(a, &u, web_req_param(r, "id"), &q->scope);
	q->s1 = arena_sv(&q->arena, web_req_param(r, "id"));
	q->run = recording_run;
	q->done = recording_done;
	api_query_start(q);
}
