/* t_api_cdr.c: the reports and the records of interactions count the same rows of the river alike:
 * what of a conversation spoke, who was asked for, every mix of them. */
#include "hook.h"
#include "ins_fact.h"
#include "t_api_world.h"

#include <time.h>

#define T0 INT64_C(1767225600000)    /* 2026-01-01T00:00:00Z */

enum { CUSTOMER = 1, AGENT = 2, ASKED = 4, TRANSFER = 8, FAILED_TRANSFER = 16, MIXES = 32 };

struct tale {
	struct aw *w;
	char id[27];
	int seq;
};

static void tell(struct tale *t, bool in, const char *kind, const char *body)
{
	const struct store_event ev = { .conversation = in ? sv_of(t->id) : SV_NULL,
					.seq = in ? ++t->seq : 0,
					.ts_ms = T0 + 1000 * t->seq,
					.kind = sv_of(kind),
					.actor = SV("system"),
					.body = sv_of(body) };
	OK(store_append(t->w->store, &ev, NULL, NULL, NULL));
}

static int exec_write(void *arg, struct store_db *db)
{
	return store_exec(db, arg);
}

/* One conversation of that mix, from its beginning to its end. */
static void tell_mix(struct aw *w, int mix)
{
	struct tale t = { .w = w };
	char sql[400];
	(void)snprintf(t.id, sizeof(t.id), "01ARZ3NDEKTSV4RRFFQ69G5F%c%c", '0' + mix / 10,
		       '0' + mix % 10);
	(void)snprintf(sql, sizeof(sql),
		       "INSERT INTO conversation (id, interaction_id, channel, language, "
		       "started_ms, last_ms, ended_ms, state, end_by) VALUES "
		       "('%s','i','webchat','en',%lld,%lld,%lld,'closed','customer')",
		       t.id, (long long)T0, (long long)T0, (long long)T0 + 60000);
	OK(store_write(w->store, exec_write, sql, NULL, NULL));
	OK(store_flush(w->store));
	tell(&t, true, "conversation.opened", "{\"channel\":\"webchat\",\"language\":\"en\"}");
	if (mix & CUSTOMER)
		tell(&t, true, "turn.customer", "{\"text\":\"x\"}");
	if (mix & ASKED)
		tell(&t, true, "handover", "{}");
	if (mix & TRANSFER)
		tell(&t, true, "call.transfer", "{\"state\":\"asked\"}");
	if (mix & FAILED_TRANSFER)
		tell(&t, true, "call.transfer", "{\"state\":\"failed\"}");
	if (mix & AGENT)
		tell(&t, true, "turn.agent", "{\"text\":\"y\",\"by\":\"mei\"}");
	tell(&t, true, "conversation.closed", "{\"by\":\"customer\"}");
}

static int64_t number(struct aw *w, const char *sql)
{
	struct store_db *db;
	struct store_stmt *q;
	int64_t n = -1;
	if (store_reader(w->store, &db) || store_prep(db, &q, sql))
		return -2;
	if (store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(api_cdr_contained_as_reports_have_it)
{
	static const unsigned char key[32] = { 3 };
	const struct timespec pause = { 0, 5000000 };
	struct aw w = { 0 };
	struct ins_did did = { .more = true };
	struct hook *h = NULL;
	struct err e = { 0 };
	CHECK(aw_up(&w));
	for (int mix = 0; mix < MIXES; mix++)
		tell_mix(&w, mix);
	OK(store_flush(w.store));
	while (did.more && ins_fact_step(w.store, &did) == 0)
		continue;
	OK(hook_open(&h, &(struct hook_opts){ .store = w.store, .key = key }, &e));
	for (int i = 0; i < 2000 && number(&w, "SELECT count(*) FROM cdr") < MIXES; i++)
		nanosleep(&pause, NULL);
	hook_stop(h);
	EQ(number(&w, "SELECT count(*) FROM cdr c JOIN ins_fact f ON f.id=c.conversation WHERE "
		      "f.contained=json_extract(c.body,'$.contained')"),
	   MIXES);
	/* the customer alone, with or without a transfer that came to nothing */
	EQ(number(&w, "SELECT sum(contained) FROM ins_fact"), 2);
	aw_down(&w);
	hook_close(h);
}
