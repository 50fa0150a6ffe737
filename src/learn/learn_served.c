/* learn_served.c: the walk through served conversations that samples and decisions share. */
#include "learn_served.h"

/* Closes by their time, so nothing is sorted. */
static const char rows_sql[] =
	"SELECT c.pos, c.ts_ms, e.kind, e.body, e.turn FROM event c CROSS JOIN event e WHERE "
	"c.kind='conversation.closed' AND c.ts_ms>=?1 AND e.conversation=c.conversation AND "
	"e.kind IN ('turn.bot', 'feedback', 'handover') ORDER BY c.ts_ms, c.pos, e.seq";

/* handed: turn of the conversation's last hand-over. */
static void on_row(const struct learn_served *w, struct store_stmt *q, int64_t *handed)
{
	sv kind = store_col_sv(q, 2);
	int64_t turn = store_col_int(q, 4);
	if (sv_eq(kind, SV("handover"))) {
		*handed = turn;
		w->bad(w->arg);
		return;
	}
	jv *body = jv_parse(store_col_sv(q, 3), NULL);
	if (sv_eq(kind, SV("turn.bot")))
		w->reply(w->arg, jv_get(body, "strategy"), *handed == turn);
	else if (sv_eq(jv_get_str(body, "value"), SV("down")))
		w->bad(w->arg);
	jv_free(body);
}

int learn_served_each(struct store_db *db, int64_t since_ms, const struct learn_served *w)
{
	struct store_stmt *q;
	int64_t pos = 0, closed_ms = 0, handed = -1;
	int rc = store_prep(db, &q, rows_sql);
	if (rc)
		return rc;
	store_bind_int(q, 1, since_ms);
	while ((rc = store_step(q)) == 1) {
		if (pos && store_col_int(q, 0) != pos) {
			w->end(w->arg, closed_ms);
			handed = -1;
		}
		pos = store_col_int(q, 0);
		closed_ms = store_col_int(q, 1);
		on_row(w, q, &handed);
	}
	store_reset(q);
	if (rc == 0 && pos)
		w->end(w->arg, closed_ms);
	return rc;
}
