/* hook_list.c: webhooks and their deliveries as JSON. Any thread, its own connection. */
#include "hook_int.h"

void hook_put(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

void hook_put_ms(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	if (ms)
		sb_fmt(b, ",\"%s\":\"%s\"", key, when);
	else
		sb_fmt(b, ",\"%s\":null", key);
}

#define COLS \
	"id, url, events, unmasked, active, note, version, failing_ms, ok_ms, off_why, " \
	"made_by, " \
	"made_ms, updated_ms, (SELECT count(*) FROM webhook_delivery d WHERE " \
	"d.webhook=webhook.id " \
	"AND d.state='waiting'), (SELECT count(*) FROM webhook_delivery d WHERE " \
	"d.webhook=webhook.id AND d.state='dead')"

static void events_put(struct sb *b, sv events)
{
	sv one;
	sb_cstr(b, ",\"events\":[");
	for (bool first = true; sv_cut(&events, ' ', &one); first = false) {
		sb_cstr(b, first ? "" : ",");
		sb_json(b, one);
	}
	sb_ch(b, ']');
}

static void webhook_put(struct store_stmt *q, struct sb *b)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	hook_put(b, "url", store_col_sv(q, 1));
	events_put(b, store_col_sv(q, 2));
	sb_fmt(b, ",\"unmasked\":%s,\"active\":%s", store_col_int(q, 3) ? "true" : "false",
	       store_col_int(q, 4) ? "true" : "false");
	hook_put(b, "note", store_col_sv(q, 5));
	sb_fmt(b, ",\"version\":%lld", (long long)store_col_int(q, 6));
	hook_put_ms(b, "failing_since", store_col_int(q, 7));
	hook_put_ms(b, "arrived_at", store_col_int(q, 8));
	hook_put(b, "off_why", store_col_sv(q, 9));
	hook_put(b, "made_by", store_col_sv(q, 10));
	hook_put_ms(b, "created_at", store_col_int(q, 11));
	hook_put_ms(b, "updated_at", store_col_int(q, 12));
	sb_fmt(b, ",\"waiting\":%lld,\"dead\":%lld}", (long long)store_col_int(q, 13),
	       (long long)store_col_int(q, 14));
}

int hook_list(struct store_db *db, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " COLS " FROM webhook ORDER BY id");
	if (rc)
		return rc;
	sb_cstr(out, "{\"items\":[");
	for (int n = 0; (rc = store_step(q)) == 1; n++) {
		sb_cstr(out, n ? "," : "");
		webhook_put(q, out);
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":null}");
	return rc;
}

int hook_one(struct store_db *db, sv id, struct sb *out, int64_t *ret_version)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " COLS " FROM webhook WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1) {
		webhook_put(q, out);
		*ret_version = store_col_int(q, 6);
	}
	store_reset(q);
	return rc < 0 ? rc : rc == 1 ? 0 : ERR_NOTFOUND;
}

/* Columns: id, pos, kind, conversation, state, tries, next_ms, made_ms, tried_ms, took_ms,
 * status, why */
static void delivery_put(struct store_stmt *q, struct sb *b)
{
	bool waits = sv_eq(store_col_sv(q, 4), SV("waiting"));
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	sb_fmt(b, ",\"pos\":%lld", (long long)store_col_int(q, 1));
	hook_put(b, "type", store_col_sv(q, 2));
	hook_put(b, "conversation", store_col_sv(q, 3));
	hook_put(b, "state", store_col_sv(q, 4));
	sb_fmt(b, ",\"tries\":%lld", (long long)store_col_int(q, 5));
	hook_put_ms(b, "next_at", waits ? store_col_int(q, 6) : 0);
	hook_put_ms(b, "created_at", store_col_int(q, 7));
	hook_put_ms(b, "tried_at", store_col_int(q, 8));
	sb_fmt(b, ",\"took_ms\":%lld,\"status\":%lld", (long long)store_col_int(q, 9),
	       (long long)store_col_int(q, 10));
	hook_put(b, "why", store_col_sv(q, 11));
	sb_ch(b, '}');
}

/* "812-01M8C7H1NA10QDY6JKPTRY82GT": pos and id of the last one that was shown; several may have
 * the same pos (tests). */
static int cursor_of(sv cursor, int64_t *ret_pos, sv *ret_id)
{
	sv pos = SV("");
	*ret_pos = INT64_MAX;
	if (cursor.n && (!sv_cut(&cursor, '-', &pos) || sv_i64(pos, ret_pos)))
		return ERR_INVAL;
	*ret_id = cursor.n ? cursor : SV("");
	return 0;
}

int hook_deliveries(struct store_db *db, sv id, sv state, sv cursor, int limit, struct sb *out)
{
	struct store_stmt *q;
	int n = 0;
	int64_t before;
	sv below;
	struct sb next;
	if (cursor_of(cursor, &before, &below))
		return ERR_INVAL;
	int rc = store_prep(
		db, &q,
		"SELECT id, pos, kind, conversation, state, tries, next_ms, made_ms, "
		"tried_ms, took_ms, status, why FROM webhook_delivery WHERE webhook=?1 AND "
		"pos<=?2 AND (pos<?2 OR id<?5) AND (?3='' OR state=?3) ORDER BY pos DESC, id "
		"DESC LIMIT ?4");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, before);
	store_bind_sv(q, 3, state.n ? state : SV(""));
	store_bind_int(q, 4, limit + 1);
	store_bind_sv(q, 5, below);
	sb_init(&next, 80);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n++ < limit) {
		sb_cstr(out, n > 1 ? "," : "");
		delivery_put(q, out);
		sb_reset(&next);
		sb_fmt(&next, "%lld-" SV_FMT, (long long)store_col_int(q, 1),
		       SV_ARG(store_col_sv(q, 0)));
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":");
	if (n > limit)
		sb_json(out, sb_sv(&next));
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
	sb_done(&next);
	return rc < 0 ? rc : 0;
}
