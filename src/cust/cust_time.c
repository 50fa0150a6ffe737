/* cust_time.c: what happened with a customer, and where they stand: read from the tables that
 * are there, over all joined ids. Nothing is kept twice: conversations are rows of their own,
 * the rest is rows of the river that name the customer and stand outside of a conversation's
 * numbering. Reader.
 */
#include "cust_int.h"

#include <stdio.h>

#define DAY_MS (24 * INT64_C(3600000))
#define WHERE_MS (7 * DAY_MS)

/* ---- timeline ---- */

static sv first_of(const jv *o, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sv s = jv_get_str(o, keys[i]);
		if (s.n)
			return s;
	}
	return SV("");
}

static void put_pair(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

/* Columns: at, kind, channel, title, ref, who, body. */
static void put_item(struct store_stmt *q, struct sb *out)
{
	static const char *const titles[] = { "title", "tool", "what", "how", "with", "channel" };
	static const char *const refs[] = { "ticket", "number", "ref", "key", "conversation" };
	char when[32];
	jv *body = jv_parse(store_col_sv(q, 6), NULL);
	sv title = store_col_sv(q, 3), ref = store_col_sv(q, 4);
	bool row = store_col_sv(q, 6).n > 0;
	if (row) {
		sv other = first_of(body, refs, sizeof(refs) / sizeof(*refs));
		title = first_of(body, titles, sizeof(titles) / sizeof(*titles));
		ref = other.n ? other : ref;
	}
	clk_rfc3339(store_col_int(q, 0), when);
	sb_fmt(out, "{\"at\":\"%s\"", when);
	put_pair(out, "kind", store_col_sv(q, 1));
	put_pair(out, "channel", store_col_sv(q, 2));
	put_pair(out, "title", title);
	put_pair(out, "ref", ref);
	put_pair(out, "by", store_col_sv(q, 5));
	sb_ch(out, '}');
	jv_free(body);
}

static int read_cursor(sv cursor, int64_t *ms, sv *ref)
{
	sv head;
	*ms = 0;
	*ref = SV("");
	if (!cursor.n)
		return 0;
	if (!sv_cut(&cursor, '.', &head) || sv_i64(head, ms) || *ms <= 0 || !cursor.n)
		return ERR_INVAL;
	*ref = cursor;
	return 0;
}

int cust_timeline(struct store_db *db, sv id, sv cursor, int limit, struct sb *out)
{
	static const char sql[] = CUST_GROUP_SQL
		"SELECT at, kind, channel, title, ref, who, body FROM ("
		"SELECT c.started_ms AS at, 'conversation' AS kind, c.channel AS channel, "
		"c.last_text "
		"AS title, c.id AS ref, c.last_actor AS who, '' AS body FROM g JOIN "
		"conversation c ON "
		"c.customer_id=g.id UNION ALL "
		"SELECT e.ts_ms, e.kind, '', '', e.id, e.actor, e.body FROM g JOIN event e ON "
		"e.customer=g.id WHERE e.seq=0) t "
		"WHERE ?2=0 OR at<?2 OR (at=?2 AND ref<?3) ORDER BY at DESC, ref DESC LIMIT ?4";
	struct store_stmt *q;
	sv ref;
	int64_t ms, at = 0;
	char last[64] = "";
	int n = 0, rc = read_cursor(cursor, &ms, &ref);
	limit = limit < 1 ? 50 : limit > 200 ? 200 : limit;
	if (rc == 0)
		rc = store_prep(db, &q, sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, ms);
	store_bind_sv(q, 3, ref);
	store_bind_int(q, 4, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n++ < limit) {
		if (n > 1)
			sb_ch(out, ',');
		put_item(q, out);
		at = store_col_int(q, 0);
		snprintf(last, sizeof(last), SV_FMT, SV_ARG(store_col_sv(q, 4)));
	}
	store_reset(q);
	if (rc == 1)
		sb_fmt(out, "],\"next\":\"%lld.%s\"}", (long long)at, last);
	else
		sb_cstr(out, "],\"next\":null}");
	return rc < 0 ? rc : 0;
}

/* ---- where an earlier conversation stands ---- */

struct where {
	char id[40];
	jv *o;                       /* owned */
	jv *flow;                    /* owned, or NULL */
};

static int newest(struct store_db *db, sv id, sv except, int64_t now_ms, struct where *w)
{
	struct store_stmt *q;
	char when[32];
	int rc = store_prep(db, &q,
			    CUST_GROUP_SQL
			    "SELECT c.id, c.channel, c.last_ms, c.language, c.state FROM g JOIN "
			    "conversation c ON c.customer_id=g.id WHERE c.id<>?2 AND c.last_ms>?3 "
			    "AND c.turns>0 ORDER BY c.last_ms DESC, c.id DESC LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, except.n ? except : SV(""));
	store_bind_int(q, 3, now_ms - WHERE_MS);
	rc = store_step(q);
	if (rc == 1) {
		snprintf(w->id, sizeof(w->id), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		clk_rfc3339(store_col_int(q, 2), when);
		jv_set_str(w->o, "conversation", sv_of(w->id));
		jv_set_str(w->o, "channel", store_col_sv(q, 1));
		jv_set_str(w->o, "at", sv_of(when));
		jv_set_str(w->o, "language", store_col_sv(q, 3));
		jv_set_bool(w->o, "open", sv_eq(store_col_sv(q, 4), SV("open")));
	}
	store_reset(q);
	return rc;
}

static void note_row(struct where *w, sv kind, sv text)
{
	jv *body = jv_parse(text, NULL);
	if (sv_eq(kind, SV("turn.customer"))) {
		jv_set_str(w->o, "last_question", jv_get_str(body, "text"));
	} else if (sv_eq(kind, SV("turn.bot"))) {
		jv_set_str(w->o, "last_reply", jv_get_str(body, "text"));
		if (jv_get_str(body, "intent").n)
			jv_set_str(w->o, "intent", jv_get_str(body, "intent"));
	} else {
		jv_free(w->flow);
		w->flow = sv_eq(kind, SV("flow.saved")) ? body : NULL;
		if (w->flow)
			return;
	}
	jv_free(body);
}

static int walk(struct store_db *db, struct where *w)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT kind, body FROM event WHERE conversation=?1 AND kind IN "
			    "('turn.customer','turn.bot','flow.saved','flow.ended') ORDER BY seq");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(w->id));
	while ((rc = store_step(q)) == 1)
		note_row(w, store_col_sv(q, 0), store_col_sv(q, 1));
	store_reset(q);
	if (w->flow)
		jv_set(w->o, "flow", w->flow);
	return rc;
}

int cust_where_but(struct store_db *db, sv id, sv except, int64_t now_ms, struct sb *out)
{
	struct where w = { .o = jv_obj() };
	int rc = newest(db, id, except, now_ms, &w);
	if (rc == 1)
		rc = walk(db, &w);
	if (rc == 0)
		jv_dump(w.o, out);
	jv_free(w.o);
	return rc;
}

int cust_where(struct store_db *db, sv id, int64_t now_ms, struct sb *out)
{
	return cust_where_but(db, id, SV_NULL, now_ms, out);
}

/* ---- numbers ---- */

int cust_numbers(struct store_db *db, sv id, sv except, int64_t now_ms, struct cust_numbers *ret)
{
	struct store_stmt *q;
	*ret = (struct cust_numbers){ 0 };
	int rc = store_prep(
		db, &q,
		CUST_GROUP_SQL
		"SELECT (SELECT count(*) FROM g JOIN order_ref o ON o.customer_id=g.id), "
		"(SELECT count(*) FROM g JOIN conversation c ON c.customer_id=g.id WHERE "
		"c.started_ms>?2 AND c.id<>?3), "
		"(SELECT count(*) FROM g JOIN ticket t ON t.customer=g.id WHERE "
		"t.closed_ms IS NULL)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_int(q, 2, now_ms - WHERE_MS);
	store_bind_sv(q, 3, except.n ? except : SV(""));
	if ((rc = store_step(q)) == 1) {
		ret->orders = (int)store_col_int(q, 0);
		ret->contacts_7d = (int)store_col_int(q, 1);
		ret->open_tickets = (int)store_col_int(q, 2);
	}
	store_reset(q);
	if (rc < 0)
		return rc;
	rc = store_prep(db, &q,
			CUST_GROUP_SQL
			"SELECT o.id, o.state FROM g JOIN order_ref o ON "
			"o.customer_id=g.id ORDER BY +o.placed_ms DESC, o.id DESC LIMIT 1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	if ((rc = store_step(q)) == 1) {
		snprintf(ret->last_order, sizeof(ret->last_order), SV_FMT,
			 SV_ARG(store_col_sv(q, 0)));
		snprintf(ret->last_status, sizeof(ret->last_status), SV_FMT,
			 SV_ARG(store_col_sv(q, 1)));
	}
	store_reset(q);
	return rc < 0 ? rc : 0;
}

int cust_stats(struct store_db *db, sv id, int64_t now_ms, struct sb *out)
{
	struct cust_numbers n;
	int rc = cust_numbers(db, id, SV_NULL, now_ms, &n);
	if (rc)
		return rc;
	sb_fmt(out, "{\"orders\":%d,\"last_order\":", n.orders);
	if (n.last_order[0])
		sb_json(out, sv_of(n.last_order));
	else
		sb_cstr(out, "null");
	sb_cstr(out, ",\"last_status\":");
	if (n.last_status[0])
		sb_json(out, sv_of(n.last_status));
	else
		sb_cstr(out, "null");
	sb_fmt(out, ",\"contacts_7d\":%d,\"open_tickets\":%d}", n.contacts_7d, n.open_tickets);
	return 0;
}
