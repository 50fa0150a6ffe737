/* Unit tests of what an earlier run left open: calls and idle chats are closed in the river and
 * in the view. */
#include <stdio.h>
#include "t.h"
#include "talk.h"

#define NOW 100000000
#define IDLE 1800000

struct row {
	const char *id, *channel, *state;
	int64_t last_ms;
	int events;                  /* in the river; the view row may know fewer */
};

static int put_row(void *arg, struct store_db *db)
{
	const struct row *r = arg;
	struct store_stmt *q;
	int rc = store_prep(
		db, &q,
		"INSERT INTO conversation (id, interaction_id, channel, state, started_ms, "
		"last_ms, last_seq) VALUES (?1, 'i', ?2, ?3, 1, ?4, 1)");
	if (rc)
		return rc;
	store_bind_sv(q, 1, sv_of(r->id));
	store_bind_sv(q, 2, sv_of(r->channel));
	store_bind_sv(q, 3, sv_of(r->state));
	store_bind_int(q, 4, r->last_ms);
	rc = store_run(q);
	for (int i = 1; i <= r->events && rc == 0; i++)
		rc = store_event_put(db, &(struct store_event){ .conversation = sv_of(r->id),
								.seq = i,
								.kind = SV("turn.bot"),
								.ts_ms = r->last_ms });
	return rc;
}

static struct store *seeded(struct row *v, size_t n)
{
	struct store *st;
	struct store_opts o = { .dir = "" };
	ASSERT(store_open(&st, &o, NULL) == 0);
	for (size_t i = 0; i < n; i++)
		ASSERT(store_write(st, put_row, &v[i], NULL, NULL) == 0);
	ASSERT(store_flush(st) == 0);
	return st;
}

/* "state end_by last_seq kind body" of a conversation, its last event. */
static void read_back(struct store *st, const char *id, char out[200])
{
	struct store_db *db;
	struct store_stmt *q;
	ASSERT(store_reader(st, &db) == 0);
	ASSERT(store_prep(db, &q,
			  "SELECT c.state||' '||COALESCE(c.end_by,'-')||' '||c.last_seq||' "
			  "'||e.kind||' '||"
			  "e.body FROM conversation c JOIN event e ON e.conversation=c.id "
			  "WHERE c.id=?1 "
			  "ORDER BY e.seq DESC LIMIT 1") == 0);
	store_bind_sv(q, 1, sv_of(id));
	out[0] = '\0';
	if (store_step(q) == 1)
		snprintf(out, 200, SV_FMT, SV_ARG(store_col_sv(q, 0)));
	store_reset(q);
}

TEST(talk_left_closes_calls_and_idle_chats_only)
{
	struct row v[] = {
		{ "call", "phone", "open", NOW - 5, 3 },
		{ "talk", "talk", "open", NOW - 5, 2 },
		{ "idle", "webchat", "open", NOW - IDLE - 1, 4 },
		{ "chat", "webchat", "open", NOW - IDLE + 1, 2 },
		{ "done", "phone", "closed", NOW - 9, 2 },
	};
	struct store *st = seeded(v, sizeof(v) / sizeof(*v));
	struct store_verdict proof = { 0 };
	char got[200];
	size_t n;
	OK(talk_close_left(st, NOW, IDLE, &n));
	EQ(n, 3);
	read_back(st, "call", got);
	STR_EQ(got, "closed system 4 conversation.closed "
		    "{\"by\":\"system\",\"reason\":\"cut\",\"turns\":0}");
	read_back(st, "talk", got);
	STR_EQ(got, "closed system 3 conversation.closed "
		    "{\"by\":\"system\",\"reason\":\"cut\",\"turns\":0}");
	read_back(st, "idle", got);
	STR_EQ(got, "closed timeout 5 conversation.closed "
		    "{\"by\":\"timeout\",\"reason\":\"idle\",\"turns\":0}");
	read_back(st, "chat", got);
	STR_EQ(got, "open - 1 turn.bot {}");
	read_back(st, "done", got);
	STR_EQ(got, "closed - 1 turn.bot {}");
	OK(talk_close_left(st, NOW, IDLE, &n));
	EQ(n, 0);
	OK(store_verify(st, &proof));
	EQ(proof.rows, 3 + 2 + 4 + 2 + 2 + 3);
	store_close(st);
}

TEST(talk_left_closes_more_than_a_batch)
{
	enum { MANY = 1203 };
	static char ids[MANY][12];
	struct row *v = xalloc(sizeof(*v) * MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "c%d", i);
		v[i] = (struct row){ ids[i], "phone", "open", NOW - i, 1 };
	}
	struct store *st = seeded(v, MANY);
	size_t n;
	OK(talk_close_left(st, NOW, IDLE, &n));
	EQ(n, MANY);
	OK(talk_close_left(st, NOW, IDLE, &n));
	EQ(n, 0);
	store_close(st);
	xfree(v);
}
