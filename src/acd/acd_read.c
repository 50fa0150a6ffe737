/* acd_read.c: hand-overs as JSON: a list with a cursor, one, what an agent has in hand.
 *
 * A list is newest first and its cursor is an id (they sort by time). On a reader's connection.
 */
#include "acd_int.h"
#include "guard.h"

#define COLS \
	"id, kind, parent, conversation, interaction, customer, channel, language, queue, media, " \
	"state, why, reason, topic, agent, note, recording, needs, priority, offers, tries, " \
	"since_ms, not_before_ms, queued_ms, offered_ms, until_ms, accepted_ms, held_ms, " \
	"ended_ms, wrapped_ms, packet, wrap, number_sealed, version, away_ms"

static void put_text(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, "\"%s\":", key);
	sb_json(b, v);
	sb_ch(b, ',');
}

static void put_time(struct sb *b, const char *key, int64_t ms)
{
	char when[32];
	clk_rfc3339(ms, when);
	sb_fmt(b, ms ? "\"%s\":\"%s\"," : "\"%s\":null,", key, when);
}

static void put_number(struct sb *b, const unsigned char *key, sv conversation, sv sealed)
{
	struct sb number;
	if (!key || !sealed.n)
		return;
	sb_init(&number, 4096);
	if (guard_unseal(key, sealed, conversation, &number) == 0 && sb_err(&number) == 0)
		put_text(b, "number", sb_sv(&number));
	sb_done(&number);
}

/* The customer as the packet knows them, else the id alone. */
static void put_customer(struct sb *b, const jv *packet, sv id)
{
	const jv *c = jv_get(packet, "customer");
	sb_cstr(b, "\"customer\":");
	if (jv_is_obj(c)) {
		jv_dump(c, b);
	} else if (id.n) {
		sb_cstr(b, "{\"id\":");
		sb_json(b, id);
		sb_ch(b, '}');
	} else {
		sb_cstr(b, "null");
	}
	sb_ch(b, ',');
}

static void put_row(struct store_stmt *q, const unsigned char *key, struct sb *b)
{
	static const char *const texts[] = { "id", "kind", "parent", "conversation",
					     "interaction", "", "channel", "language", "queue",
					     "media", "state", "why", "reason", "topic", "agent",
					     "note", "recording", "needs" };
	static const char *const nums[] = { "priority", "offers", "tries" };
	static const char *const times[] = { "since", "not_before", "queued_at", "offered_at",
					     "until", "accepted_at", "held_at", "ended_at",
					     "wrapped_at" };
	jv *packet = jv_parse(store_col_sv(q, 30), NULL);
	sb_ch(b, '{');
	put_text(b, "handover", store_col_sv(q, 0));
	for (int i = 0; i < 18; i++)
		if (texts[i][0])
			put_text(b, texts[i], store_col_sv(q, i));
	for (int i = 0; i < 3; i++)
		sb_fmt(b, "\"%s\":%lld,", nums[i], (long long)store_col_int(q, 18 + i));
	for (int i = 0; i < 9; i++)
		put_time(b, times[i], store_col_int(q, 21 + i));
	put_time(b, "away_at", store_col_int(q, 34));
	put_customer(b, packet, store_col_sv(q, 5));
	put_number(b, key, store_col_sv(q, 3), store_col_sv(q, 32));
	sb_fmt(b, "\"has_number\":%s,", store_col_sv(q, 32).n ? "true" : "false");
	sb_cstr(b, "\"packet\":");
	sb_put(b, packet ? store_col_sv(q, 30) : SV("{}"));
	sb_cstr(b, ",\"wrap\":");
	sb_put(b, store_col_sv(q, 31).n ? store_col_sv(q, 31) : SV("{}"));
	sb_fmt(b, ",\"version\":%lld}", (long long)store_col_int(q, 33));
	jv_free(packet);
}

int acd_get(struct store_db *db, sv id, const unsigned char *key, struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q, "SELECT " COLS " FROM handover WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	rc = store_step(q);
	if (rc == 1)
		put_row(q, key, out);
	store_reset(q);
	return rc < 0 ? rc : rc == 0 ? ERR_NOTFOUND : sb_err(out);
}

/* ---- lists ---- */

#define FILTER \
	"(?1='' OR (?1='live' AND live=1) OR state=?1) AND (?2='' OR queue=?2) AND " \
	"(?3='' OR agent=?3) AND (?4='' OR conversation=?4) AND (?5='' OR id<?5) " \
	"ORDER BY id DESC LIMIT ?6"
#define LIST(lead) "SELECT " COLS " FROM handover WHERE " lead FILTER

/* By what narrows most, so that an index leads. */
static const char *list_of(const struct acd_query *q)
{
	if (q->conversation.n)
		return LIST("conversation=?4 AND ");
	if (q->agent.n)
		return LIST("agent=?3 AND agent<>'' AND ");
	if (sv_eq(q->state, SV("live")))
		return LIST("live=1 AND ");
	if (q->state.n)
		return LIST("state=?1 AND ");
	return q->queue.n ? LIST("queue=?2 AND ") : LIST("");
}

int acd_list(struct store_db *db, const struct acd_query *x, struct sb *out)
{
	int limit = x->limit <= 0 ? 50 : x->limit > 200 ? 200 : x->limit, n = 0;
	const sv by[] = { x->state, x->queue, x->agent, x->conversation, x->after };
	char last[ACD_ID] = "";
	struct store_stmt *q;
	if (x->after.n && !id_ok(x->after))
		return ERR_INVAL;
	int rc = store_prep(db, &q, list_of(x));
	if (rc)
		return rc;
	for (int i = 0; i < 5; i++)
		store_bind_sv(q, i + 1, by[i].n ? by[i] : SV(""));
	store_bind_int(q, 6, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n < limit) {
		if (n++)
			sb_ch(out, ',');
		put_row(q, NULL, out);
		sv_copy(last, sizeof(last), store_col_sv(q, 0));
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":");
	if (rc == 1)
		sb_json(out, sv_of(last));
	else
		sb_cstr(out, "null");
	sb_ch(out, '}');
	return rc < 0 ? rc : sb_err(out);
}

int acd_work(struct store_db *db, sv login, const unsigned char *key, struct sb *out)
{
	struct store_stmt *q;
	int n = 0, rc = store_prep(db, &q,
				   "SELECT " COLS " FROM handover WHERE agent=?1 AND agent<>'' "
				   "AND (live=1 OR (state IN ('ENDED','RETURNED') AND wrapped_ms "
				   "IS NULL)) ORDER BY since_ms, id LIMIT 200");
	if (rc)
		return rc;
	store_bind_sv(q, 1, login);
	sb_ch(out, '[');
	while ((rc = store_step(q)) == 1) {
		if (n++)
			sb_ch(out, ',');
		put_row(q, key, out);
	}
	store_reset(q);
	sb_ch(out, ']');
	return rc ? rc : sb_err(out);
}

int acd_agent_state(struct store_db *db, sv login, struct sb *out)
{
	static const char *const texts[] = { "presence", "state", "reason" };
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT presence, state, reason, since_ms FROM acd_agent_state WHERE "
			    "login=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, login);
	rc = store_step(q);
	sb_ch(out, '{');
	put_text(out, "login", login);
	for (int i = 0; i < 3; i++)
		put_text(out, texts[i],
			 rc == 1 ? store_col_sv(q, i) :
			 i < 2   ? SV("offline") :
				   SV(""));
	put_time(out, "since", rc == 1 ? store_col_int(q, 3) : 0);
	store_reset(q);
	sb_truncate(out, out->n - 1);
	sb_ch(out, '}');
	return rc < 0 ? rc : sb_err(out);
}
