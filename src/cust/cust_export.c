/* cust_export.c: everything of a person as one JSON object, for the right to a copy (GDPR Art.
 * 15, PIPL Art. 45).
 *
 * Tables of other rooms are read by a list of statements: a name, and the columns as they are
 * called in the answer. The words of conversations are opened with the key of what masks hide.
 * A conversation that only claims to be this person's is listed, not told. Reader.
 */
#include "cust_int.h"
#include "guard.h"
#include "tool.h"

#include <stdio.h>
#include <string.h>

#define COLS_MAX 10

struct part {
	const char *name, *sql;
	const char *cols[COLS_MAX];  /* "x_at": ms as a time; "{}x": JSON; "=x": a number */
};

/* Theirs, and those that are nobody's of a conversation that was not merely claimed. */
#define TICKETS \
	"t.seq IN (SELECT x.seq FROM g JOIN ticket x ON x.customer=g.id UNION SELECT x.seq FROM " \
	"g JOIN conversation c ON c.customer_id=g.id JOIN ticket_link l ON l.kind=" \
	"'conversation' AND l.ref=c.id JOIN ticket x ON x.seq=l.ticket WHERE " \
	"c.customer_level>=2 AND x.customer='') "
_Static_assert(TOOL_KNOWN == 2, "TICKETS asks for it");
static const struct part parts[] = {
	{ "orders",
	  "SELECT o.id, o.state, o.total_fen, o.payment, o.placed_ms, o.shipped_ms, "
	  "o.delivered_ms "
	  "FROM g JOIN order_ref o ON o.customer_id=g.id ORDER BY o.placed_ms, o.id",
	  { "number", "state", "=total_fen", "payment", "placed_at", "shipped_at",
	    "delivered_at" } },
	{ "returns",
	  "SELECT r.id, r.order_id, r.kind, r.state, r.reason, r.note, r.refund_fen, "
	  "r.requested_ms "
	  "FROM g JOIN shop_return r ON r.customer_id=g.id ORDER BY r.requested_ms, r.id",
	  { "number", "order", "kind", "state", "reason", "note", "=refund_fen",
	    "requested_at" } },
	{ "tickets",
	  "SELECT t.number, t.type, t.category, t.state, t.title, t.body, t.opened_ms, "
	  "t.closed_ms "
	  "FROM ticket t WHERE " TICKETS "ORDER BY t.seq",
	  { "number", "type", "category", "state", "title", "{}body", "opened_at",
	    "closed_at" } },
	{ "ticket_notes",
	  "SELECT t.number, e.kind, e.by_whom, e.text, e.at_ms FROM ticket t JOIN ticket_event e "
	  "ON e.ticket=t.seq WHERE e.shown=1 AND " TICKETS "ORDER BY t.seq, e.n",
	  { "ticket", "kind", "by", "text", "at" } },
	{ "summaries",
	  "SELECT s.conversation, s.body, s.by_login, s.updated_ms FROM g JOIN conversation c ON "
	  "c.customer_id=g.id JOIN summary s ON s.conversation=c.id WHERE c.customer_level>=2 "
	  "ORDER BY s.updated_ms, s.conversation",
	  { "conversation", "{}body", "by", "at" } },
	{ "handovers",
	  "SELECT h.id, h.kind, h.state, h.why, h.queue, h.reason, h.agent, h.packet, h.note, "
	  "h.since_ms FROM handover h WHERE h.customer IN (SELECT id FROM g) OR h.conversation IN "
	  "(SELECT c.id FROM g JOIN conversation c ON c.customer_id=g.id WHERE "
	  "c.customer_level>=2) ORDER BY h.since_ms, h.id",
	  { "id", "kind", "state", "why", "queue", "reason", "agent", "{}packet", "note",
	    "since_at" } },
	{ "surveys",
	  "SELECT s.conversation, s.kind, s.value, s.text, s.via, s.asked_ms, s.answered_ms FROM "
	  "g JOIN conversation c ON c.customer_id=g.id JOIN survey s ON s.conversation=c.id WHERE "
	  "c.customer_level>=2 ORDER BY s.asked_ms, s.conversation, s.kind",
	  { "conversation", "kind", "=value", "text", "via", "asked_at", "answered_at" } },
	{ "actions",
	  "SELECT e.kind, e.actor, e.body, e.ts_ms FROM g JOIN event e ON e.customer=g.id "
	  "WHERE "
	  "e.seq=0 ORDER BY e.pos",
	  { "kind", "by", "{}body", "at" } },
};

static void put_time(struct sb *out, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(out, "\"%s\"", when);
}

static void put_col(struct store_stmt *q, int i, const char *col, struct sb *out)
{
	size_t n = strlen(col);
	bool json = col[0] == '{', num = col[0] == '=';
	bool time = (n > 3 && strcmp(col + n - 3, "_at") == 0) || strcmp(col, "at") == 0;
	sb_fmt(out, "%s\"%s\":", i ? "," : "{", col + (json ? 2 : num));
	if (store_col_null(q, i))
		sb_cstr(out, "null");
	else if (time)
		put_time(out, store_col_int(q, i));
	else if (num)
		sb_fmt(out, "%lld", (long long)store_col_int(q, i));
	else if (json && store_col_sv(q, i).n)
		sb_put(out, store_col_sv(q, i));
	else
		sb_json(out, store_col_sv(q, i));
}

static int put_part(struct store_db *db, const struct part *p, sv id, struct sb *out)
{
	struct store_stmt *q;
	struct sb sql;
	sb_init(&sql, 4096);
	sb_fmt(&sql, "%s%s", CUST_GROUP_SQL, p->sql);
	int n = 0, rc = store_prep(db, &q, sb_str(&sql));
	sb_done(&sql);
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	sb_fmt(out, ",\"%s\":[", p->name);
	while ((rc = store_step(q)) == 1) {
		if (n++)
			sb_ch(out, ',');
		for (int i = 0; i < COLS_MAX && p->cols[i]; i++)
			put_col(q, i, p->cols[i], out);
		sb_ch(out, '}');
	}
	store_reset(q);
	sb_ch(out, ']');
	return rc;
}

/* ---- conversations ---- */

/* The row's body, its masks taken off where they open. */
static void put_body(const unsigned char *key, sv conv, sv body, sv sealed, struct sb *out)
{
	jv *o = key && sealed.n ? jv_parse(body, NULL) : NULL;
	if (o && guard_unseal_body(key, conv, sealed, o) == 0)
		jv_dump(o, out);
	else
		sb_put(out, body);
	jv_free(o);
}

static int put_rows(struct store_db *db, const unsigned char *key, sv conv, struct sb *out)
{
	struct store_stmt *q;
	int n = 0,
	    rc = store_prep(db, &q,
			    "SELECT ts_ms, kind, actor, body, (SELECT v FROM kv WHERE "
			    "k='sealed/' || event.conversation || '/' || event.seq) FROM event "
			    "WHERE conversation=?1 ORDER BY seq");
	if (rc)
		return rc;
	store_bind_sv(q, 1, conv);
	sb_ch(out, '[');
	while ((rc = store_step(q)) == 1) {
		sb_cstr(out, n++ ? ",{\"at\":" : "{\"at\":");
		put_time(out, store_col_int(q, 0));
		sb_cstr(out, ",\"kind\":");
		sb_json(out, store_col_sv(q, 1));
		sb_cstr(out, ",\"by\":");
		sb_json(out, store_col_sv(q, 2));
		sb_cstr(out, ",\"body\":");
		put_body(key, conv, store_col_sv(q, 3), store_col_sv(q, 4), out);
		sb_ch(out, '}');
	}
	store_reset(q);
	sb_ch(out, ']');
	return rc;
}

struct talked {
	char id[40], channel[24], recording[300];
	int64_t started_ms;
	int level;
};

static int put_conversation(struct store_db *db, const unsigned char *key, const struct talked *c,
			    bool claimed, struct sb *out)
{
	bool theirs = c->level >= TOOL_KNOWN || claimed;
	sb_cstr(out, "{\"id\":");
	sb_json(out, sv_of(c->id));
	sb_cstr(out, ",\"channel\":");
	sb_json(out, sv_of(c->channel));
	sb_cstr(out, ",\"started_at\":");
	put_time(out, c->started_ms);
	sb_fmt(out, ",\"level\":%d,\"recording\":", c->level);
	sb_json(out, theirs ? sv_of(c->recording) : SV(""));
	sb_cstr(out, ",\"rows\":");
	int rc = 0;
	if (theirs)
		rc = put_rows(db, key, sv_of(c->id), out);
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
	return rc;
}

static int read_talked(struct store_db *db, sv id, struct arena *a, struct talked **ret, size_t *n)
{
	struct store_stmt *q;
	VEC(struct talked) v = { 0 };
	int rc = store_prep(
		db, &q,
		CUST_GROUP_SQL
		"SELECT c.id, c.channel, c.recording, c.started_ms, c.customer_level FROM "
		"g JOIN conversation c ON c.customer_id=g.id ORDER BY c.started_ms, c.id");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	while ((rc = store_step(q)) == 1) {
		struct talked *t = VEC_PUSH(&v, 100000);
		if (!t) {
			rc = ERR_TOOBIG;
			break;
		}
		snprintf(t->id, sizeof(t->id), SV_FMT, SV_ARG(store_col_sv(q, 0)));
		snprintf(t->channel, sizeof(t->channel), SV_FMT, SV_ARG(store_col_sv(q, 1)));
		snprintf(t->recording, sizeof(t->recording), SV_FMT, SV_ARG(store_col_sv(q, 2)));
		t->started_ms = store_col_int(q, 3);
		t->level = (int)store_col_int(q, 4);
	}
	store_reset(q);
	*ret = arena_new(a, struct talked, v.n + 1);
	if (*ret && v.n)
		memcpy(*ret, v.v, sizeof(*v.v) * v.n);
	*n = v.n;
	rc = rc < 0 ? rc : *ret ? 0 : ERR_TOOBIG;
	VEC_FREE(&v);
	return rc;
}

static int put_conversations(struct store_db *db, const unsigned char *key, sv id, bool claimed,
			     struct sb *out)
{
	struct arena a;
	struct talked *v = NULL;
	size_t n = 0;
	arena_init(&a, LIM_ARENA_BIG);
	int rc = read_talked(db, id, &a, &v, &n);
	sb_cstr(out, ",\"conversations\":[");
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (i)
			sb_ch(out, ',');
		rc = put_conversation(db, key, &v[i], claimed, out);
	}
	sb_ch(out, ']');
	arena_done(&a);
	return rc;
}

int cust_export(struct store_db *db, const struct cust_keys *k, const unsigned char *pii_key, sv id,
		bool claimed, int64_t now_ms, struct sb *out)
{
	struct arena a;
	sv *ids;
	size_t n = 0;
	arena_init(&a, LIM_ARENA_TURN);
	int rc = cust_alive(db, id);
	if (rc == 0)
		rc = cust_group(db, id, &a, &ids, &n);
	sb_cstr(out, "{\"made_at\":");
	put_time(out, now_ms);
	sb_cstr(out, ",\"customers\":[");
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (i)
			sb_ch(out, ',');
		rc = cust_json(db, k, ids[i], true, now_ms, out);
	}
	sb_ch(out, ']');
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts) && rc == 0; i++)
		rc = put_part(db, &parts[i], id, out);
	if (rc == 0)
		rc = put_conversations(db, pii_key, id, claimed, out);
	sb_ch(out, '}');
	arena_done(&a);
	return rc ? rc : sb_err(out);
}
