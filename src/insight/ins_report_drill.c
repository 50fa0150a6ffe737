/* ins_report_drill.c: the interactions behind a number.
 *
 * The same range and filters as the report's, over the rows; of these the ones that count in
 * the first metric: in its denominator where it has one, as misses are shown too, else in its
 * numerator. A stay leads to its conversation; an agent's quarters have none and are left out.
 */
#include "ins_report_int.h"

#include <stdio.h>

enum { PAGE = 100 };

static void put_terms(struct sb *sql, const struct ins_ask *a)
{
	const int *terms = ins_formulas[a->metric[0]].num;
	static const char *const of[] = {
#define X(name, told, which, ...) [INS_##name - INS_none] = which,
#include "ins_worked.def"
#undef X
	};
	/* A share is of those that could count: the denominator shows the misses too. */
	if (ins_formulas[a->metric[0]].den[0] != INS_none)
		terms = ins_formulas[a->metric[0]].den;
	sb_cstr(sql, " AND (1=0");
	for (int i = 0; terms[i] != INS_none; i++) {
		if (terms[i] < INS_MEASURES)
			sb_fmt(sql, " OR f.%s<>0", ins_measure_name(terms[i]));
		else
			sb_fmt(sql, " OR %s", of[terms[i] - INS_none]);
	}
	sb_ch(sql, ')');
}

static void put_filters(struct sb *sql, const struct ins_ask *a, int *next)
{
	static const char *const from[INS_DIMS] = {
		"f.queue", "f.agent", "coalesce(t.channel,f.channel)", "coalesce(t.topic,f.topic)",
		"coalesce(t.language,f.language)", "coalesce(t.campaign,f.campaign)"
	};
	for (int d = 0; d < INS_DIMS; d++) {
		if (!a->only[d])
			continue;
		sb_fmt(sql, " AND %s IN (", from[d]);
		for (size_t i = 0; i < map_count(a->only[d]); i++)
			sb_fmt(sql, "%s?%d", i ? "," : "", (*next)++);
		sb_ch(sql, ')');
	}
}

static void bind_filters(struct store_stmt *q, const struct ins_ask *a, int next)
{
	for (int d = 0; d < INS_DIMS; d++) {
		size_t it = 0;
		void *val;
		sv key;
		while (a->only[d] && map_next(a->only[d], &it, &key, &val))
			store_bind_sv(q, next++, key);
	}
}

static void put_item(struct store_stmt *q, struct sb *out)
{
	static const char *const keys[] = { "conversation_id", "channel", "topic",
					    "language",        "queue",   "agent" };
	char when[32];
	clk_rfc3339(store_col_int(q, 6), when);
	sb_fmt(out, "{\"started_at\":\"%s\"", when);
	for (int i = 0; i < 6; i++) {
		sb_fmt(out, ",\"%s\":", keys[i]);
		sb_json(out, store_col_sv(q, i));
	}
	sb_fmt(out, ",\"wait_ms\":%lld,\"handle_ms\":%lld,\"contained\":%s,\"abandoned\":%s}",
	       (long long)store_col_int(q, 8), (long long)store_col_int(q, 9),
	       store_col_int(q, 10) ? "true" : "false", store_col_int(q, 11) ? "true" : "false");
}

/* "start/id" of the last one shown. */
static int read_cursor(sv cursor, int64_t *ms, sv *id)
{
	sv head;
	*ms = INT64_MAX;
	*id = SV("");
	if (!cursor.n)
		return 0;
	if (!sv_cut(&cursor, '.', &head) || sv_i64(head, ms) || !cursor.n)
		return ERR_INVAL;
	*id = cursor;
	return 0;
}

int ins_drill_json(struct store_db *db, const struct ins_ask *a, sv cursor, struct sb *out)
{
	struct store_stmt *q;
	struct sb sql;
	int64_t before, last = 0;
	char id[INS_ID] = "";
	sv before_id;
	int next = 5, n = 0, rc = read_cursor(cursor, &before, &before_id);
	if (rc)
		return rc;
	sb_init(&sql, 64u << 10);
	sb_cstr(&sql,
		"SELECT f.conversation, coalesce(t.channel,f.channel), "
		"coalesce(t.topic,f.topic), "
		"coalesce(t.language,f.language), f.queue, f.agent, f.start_ms, f.id, "
		"f.wait_ms, "
		"f.talk_ms+f.hold_ms+f.acw_ms, f.contained, f.abandoned FROM ins_fact f LEFT "
		"JOIN "
		"ins_fact t ON f.kind=1 AND t.id=f.conversation WHERE f.day>=?1/86400000 AND "
		"f.day<=?2/86400000 AND f.start_ms>=?1 AND f.start_ms<?2 AND (f.start_ms<?3 OR "
		"(f.start_ms=?3 AND f.id<?4)) AND f.conversation<>''");
	put_filters(&sql, a, &next);
	put_terms(&sql, a);
	sb_fmt(&sql, " ORDER BY f.start_ms DESC, f.id DESC LIMIT %d", PAGE + 1);
	rc = sb_err(&sql) ? ERR_TOOBIG : store_prep(db, &q, sb_str(&sql));
	sb_done(&sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, a->from_ms);
	store_bind_int(q, 2, a->to_ms);
	store_bind_int(q, 3, before);
	store_bind_sv(q, 4, before_id);
	bind_filters(q, a, 5);
	sb_cstr(out, "{\"items\":[");
	while ((rc = store_step(q)) == 1 && n < PAGE) {
		sb_cstr(out, n++ ? "," : "");
		put_item(q, out);
		last = store_col_int(q, 6);
		sv_copy(id, sizeof(id), store_col_sv(q, 7));
	}
	store_reset(q);
	sb_cstr(out, "],\"next\":");
	if (rc == 1)
		sb_fmt(out, "\"%lld.%s\"}", (long long)last, id);
	else
		sb_cstr(out, "null}");
	return rc < 0 ? rc : 0;
}
