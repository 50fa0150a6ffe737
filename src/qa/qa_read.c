/* qa_read.c: reviews as JSON: lists, one whole. On a reader. */
#include "qa_review_int.h"

#include <stdio.h>

#define COLS \
	"r.id, r.conversation, r.form, r.form_version, r.agent, u.name, r.state, r.auto_score, " \
	"r.score, r.taboo, r.passed, r.risk, r.risks, r.why, r.reviewer, r.channel, r.language, " \
	"r.ended_ms, r.due_ms, r.created_ms, r.version"

static void put_text(struct sb *b, const char *key, sv v)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_json(b, v);
}

static void put_num(struct sb *b, const char *key, struct store_stmt *q, int col)
{
	if (store_col_null(q, col))
		sb_fmt(b, ",\"%s\":null", key);
	else
		sb_fmt(b, ",\"%s\":%.2f", key, store_col_num(q, col));
}

static void put_time(struct sb *b, const char *key, struct store_stmt *q, int col)
{
	char when[32];
	if (store_col_null(q, col)) {
		sb_fmt(b, ",\"%s\":null", key);
		return;
	}
	clk_rfc3339(store_col_int(q, col), when);
	sb_fmt(b, ",\"%s\":\"%s\"", key, when);
}

static void put_json(struct sb *b, const char *key, sv text)
{
	sb_fmt(b, ",\"%s\":", key);
	sb_put(b, text.n ? text : SV("[]"));
}

/* The object stays open. */
static void put_row(struct store_stmt *q, struct sb *b)
{
	sb_cstr(b, "{\"id\":");
	sb_json(b, store_col_sv(q, 0));
	put_text(b, "conversation", store_col_sv(q, 1));
	put_text(b, "form", store_col_sv(q, 2));
	sb_fmt(b, ",\"form_version\":%lld", (long long)store_col_int(q, 3));
	put_text(b, "agent", store_col_sv(q, 4));
	put_text(b, "agent_name", store_col_sv(q, 5));
	put_text(b, "state", store_col_sv(q, 6));
	put_num(b, "auto_score", q, 7);
	put_num(b, "score", q, 8);
	sb_fmt(b, ",\"taboo\":%s,\"passed\":%s", store_col_int(q, 9) ? "true" : "false",
	       store_col_int(q, 10) ? "true" : "false");
	put_num(b, "risk", q, 11);
	put_json(b, "risks", store_col_sv(q, 12));
	put_json(b, "why", store_col_sv(q, 13));
	put_text(b, "reviewer", store_col_sv(q, 14));
	put_text(b, "channel", store_col_sv(q, 15));
	put_text(b, "language", store_col_sv(q, 16));
	put_time(b, "ended_at", q, 17);
	put_time(b, "due_at", q, 18);
	put_time(b, "created_at", q, 19);
	sb_fmt(b, ",\"version\":%lld", (long long)store_col_int(q, 20));
}

/* ---- lists: newest first; the cursor is "ENDED_MS.ID" of the last row ---- */

static int cursor_of(sv s, int64_t *ms, sv *id)
{
	sv head;
	*ms = INT64_MAX;
	*id = SV("");
	if (!s.n)
		return 0;
	if (!sv_cut(&s, '.', &head) || sv_i64(head, ms) || !id_ok(s))
		return ERR_INVAL;
	*id = s;
	return 0;
}

int qa_reviews_json(struct store_db *db, const struct qr_query *o, struct sb *out)
{
	struct store_stmt *q;
	int64_t before, last_ms = 0;
	int n = 0, limit = o->limit > 0 && o->limit <= 200 ? o->limit : 50;
	char last[QR_ID] = "";
	sv id;
	int rc = cursor_of(o->cursor, &before, &id);
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"SELECT " COLS " FROM qa_review r LEFT JOIN users u ON "
			"u.login=r.agent WHERE (?1='' OR r.state=?1) AND (?2='' OR r.agent=?2) "
			"AND (?3='' OR r.form=?3) AND (?4='' OR r.reviewer=?4) AND (?5='' OR "
			"r.conversation=?5) AND (r.ended_ms<?6 OR (r.ended_ms=?6 AND r.id<?7)) "
			"ORDER BY r.ended_ms DESC, r.id DESC LIMIT ?8");
	if (rc)
		return rc;
	const sv is[] = { o->state, o->agent, o->form, o->reviewer, o->conversation };
	for (int i = 0; i < 5; i++)
		store_bind_sv(q, i + 1, is[i].p ? is[i] : SV(""));
	store_bind_int(q, 6, before);
	store_bind_sv(q, 7, id);
	store_bind_int(q, 8, limit + 1);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n < limit) {
		sb_cstr(out, n++ ? "," : "");
		put_row(q, out);
		sb_ch(out, '}');
		last_ms = store_col_int(q, 17);
		(void)snprintf(last, sizeof(last), SV_FMT, SV_ARG(store_col_sv(q, 0)));
	}
	if (rc == 1)
		sb_fmt(out, "],\"next\":\"%lld.%s\"}", (long long)last_ms, last);
	else
		sb_cstr(out, "],\"next\":null}");
	store_reset(q);
	return rc < 0 ? rc : 0;
}

/* ---- one ---- */

static int put_people(struct store_db *db, sv id, struct sb *b)
{
	struct store_stmt *q;
	int n = 0,
	    rc = store_prep(db, &q,
			    "SELECT by_whom, round, score, comment, items, at_ms FROM qa_mark "
			    "WHERE review=?1 ORDER BY at_ms, by_whom, round");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	sb_cstr(b, ",\"people\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(b, n++ ? ",{\"by\":" : "{\"by\":");
		sb_json(b, store_col_sv(q, 0));
		put_text(b, "round", store_col_sv(q, 1));
		put_num(b, "score", q, 2);
		put_text(b, "comment", store_col_sv(q, 3));
		put_json(b, "items", store_col_sv(q, 4));
		put_time(b, "at", q, 5);
		sb_ch(b, '}');
	}
	store_reset(q);
	sb_ch(b, ']');
	return rc;
}

static int put_history(struct store_db *db, sv id, struct sb *b)
{
	struct store_stmt *q;
	int n = 0,
	    rc = store_prep(db, &q,
			    "SELECT by_whom, from_state, to_state, text, at_ms FROM qa_event "
			    "WHERE review=?1 ORDER BY n");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	sb_cstr(b, ",\"history\":[");
	while ((rc = store_step(q)) == 1) {
		sb_cstr(b, n++ ? ",{\"by\":" : "{\"by\":");
		sb_json(b, store_col_sv(q, 0));
		put_text(b, "from", store_col_sv(q, 1));
		put_text(b, "to", store_col_sv(q, 2));
		put_text(b, "text", store_col_sv(q, 3));
		put_time(b, "at", q, 4);
		sb_ch(b, '}');
	}
	store_reset(q);
	sb_ch(b, ']');
	return rc;
}

static void put_moves(struct sb *b, enum qr_state from, enum qr_role role)
{
	int n = 0;
	sb_cstr(b, ",\"moves\":[");
	for (int to = 0; to < QR_STATES; to++)
		/* an appeal is taken back as "done", wherever it was */
		if (qr_may_move(from, (enum qr_state)to, role) &&
		    !(from == QR_APPEAL && to == QR_NODIS))
			sb_fmt(b, "%s\"%s\"", n++ ? "," : "", qr_state_name((enum qr_state)to));
	sb_ch(b, ']');
}

int qa_review_json(struct store_db *db, sv id, sv agent, enum qr_role role, int64_t *version,
		   struct sb *out)
{
	struct store_stmt *q;
	int rc = store_prep(db, &q,
			    "SELECT " COLS
			    ", r.marks FROM qa_review r LEFT JOIN users u ON u.login=r.agent "
			    "WHERE r.id=?1 AND (?2='' OR r.agent=?2)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, id);
	store_bind_sv(q, 2, agent.p ? agent : SV(""));
	rc = store_step(q);
	if (rc == 1) {
		put_row(q, out);
		put_json(out, "marks", store_col_sv(q, 21));
		put_moves(out, (enum qr_state)qr_state_of(store_col_sv(q, 6)), role);
		if (version)
			*version = store_col_int(q, 20);
	}
	store_reset(q);
	if (rc != 1)
		return rc < 0 ? rc : ERR_NOTFOUND;
	rc = put_people(db, id, out);
	if (rc == 0)
		rc = put_history(db, id, out);
	sb_ch(out, '}');
	return rc;
}
