/* talk_left.c: conversations that an earlier run of the server left open. A call cannot outlive
 * its process: it is closed as cut. A written one goes on when its customer comes back, but not
 * after the time that would have closed it as idle.
 *
 * Runs at start, before anything opens; batches of rows are closed by the scribe, each
 * conversation's event and row in one transaction. The caller's thread waits. */
#include "talk_int.h"

#define BATCH 500

struct left {
	int64_t now_ms, idle_before_ms;
	size_t closed;               /* in this batch */
	int err;
};

struct one {
	sv id;
	bool written;
	int64_t seq;
	int turns;
};

/* The row may lag behind the river: the numbers come from there. */
static size_t find(struct store_db *db, const struct left *l, struct arena *a,
		   struct one v[BATCH], int *ret_rc)
{
	static const char sql[] =
		"SELECT c.id, c.channel='webchat', c.turns, "
		"COALESCE((SELECT MAX(seq) FROM event WHERE conversation=c.id), c.last_seq) "
		"FROM conversation c WHERE c.state='open' AND (c.channel<>'webchat' OR "
		"c.last_ms<?1) "
		"ORDER BY c.last_ms LIMIT ?2";
	struct store_stmt *q;
	size_t n = 0;
	*ret_rc = store_prep(db, &q, sql);
	if (*ret_rc)
		return 0;
	store_bind_int(q, 1, l->idle_before_ms);
	store_bind_int(q, 2, BATCH);
	while (n < BATCH && (*ret_rc = store_step(q)) == 1)
		v[n++] = (struct one){ arena_sv(a, store_col_sv(q, 0)), store_col_int(q, 1) != 0,
				       store_col_int(q, 3), (int)store_col_int(q, 2) };
	store_reset(q);
	*ret_rc = *ret_rc < 0 ? *ret_rc : 0;
	return n;
}

static int close_one(struct store_db *db, const struct left *l, const struct one *x,
		     struct arena *a)
{
	struct store_stmt *q;
	const char *by = x->written ? "timeout" : "system";
	struct store_event ev = {
		.ts_ms = l->now_ms, .conversation = x->id, .seq = x->seq + 1, .turn = x->turns,
		.kind = SV("conversation.closed"), .actor = SV("system"),
		.body = sv_of(arena_fmt(a, "{\"by\":\"%s\",\"reason\":\"%s\",\"turns\":%d}", by,
					x->written ? "idle" : "cut", x->turns)),
	};
	int rc = store_event_put(db, &ev);
	if (rc == 0)
		rc = store_prep(
			db, &q,
			"UPDATE conversation SET state='closed', end_by=?2, last_seq=?3, "
			"ended_ms=last_ms WHERE id=?1");
	if (rc)
		return rc;
	store_bind_sv(q, 1, x->id);
	store_bind_sv(q, 2, sv_of(by));
	store_bind_int(q, 3, x->seq + 1);
	return store_run(q);
}

static int close_batch(void *arg, struct store_db *db)
{
	struct left *l = arg;
	struct arena a;
	int rc;
	arena_init(&a, LIM_ARENA_TURN);
	struct one *v = arena_new(&a, struct one, BATCH);
	size_t n = v ? find(db, l, &a, v, &rc) : 0;
	if (!v)
		rc = ERR_NOMEM;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = close_one(db, l, &v[i], &a);
	arena_done(&a);
	l->closed = rc ? 0 : n;
	return rc;
}

static void batch_done(void *arg, int err)
{
	struct left *l = arg;
	l->err = err;
}

int talk_close_left(struct store *st, int64_t now_ms, int64_t idle_ms, size_t *ret_n)
{
	struct left l = { .now_ms = now_ms, .idle_before_ms = now_ms - idle_ms };
	*ret_n = 0;
	do {
		l.closed = 0;
		int rc = store_write(st, close_batch, &l, NULL, batch_done);
		if (rc == 0)
			rc = store_flush(st);
		if (rc == 0)
			rc = l.err;
		if (rc)
			return rc;
		*ret_n += l.closed;
	} while (l.closed == BATCH);
	return 0;
}
