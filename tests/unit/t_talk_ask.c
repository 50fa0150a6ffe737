/* Unit tests of one turn without a channel, and of what the river remembers, in the simulated
 * world. */
#include <stdio.h>
#include "t.h"
#include "world.h"

struct answer {
	int n;
	jv *reply;
};

static void on_reply(void *arg, jv *reply)
{
	struct answer *a = arg;
	a->n++;
	jv_free(a->reply);
	a->reply = reply;
}

static bool answered(void *arg)
{
	return ((struct answer *)arg)->n > 0;
}

static struct world *open_world(void)
{
	obj_unref(world_kb());
	return world_open(&(struct world_opts){ .lang = "en" });
}

static int64_t rows(struct world *w)
{
	struct store_db *db;
	struct store_stmt *q;
	world_sync(w);
	ASSERT(store_reader(w->store, &db) == 0);
	ASSERT(store_prep(db, &q, "SELECT count(*) FROM event") == 0);
	int64_t n = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return n;
}

TEST(talk_ask_answers_once_and_records_nothing)
{
	static const struct {
		const char *text, *lang, *in, *action;
	} asked[] = {
		{ "How long do I have to return something?", "", "en", "reply" },
		{ "买了东西几天内可以退？", "", "zh", "reply" },
		{ "Do you sell elephants?", "en", "en", "decline" },
		{ "转人工", "", "zh", "handoff" },
	};
	struct world *w = open_world();
	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		struct answer a = { 0 };
		OK(talk_ask(talk_hub_pick(w->hub, 0), sv_of(asked[i].text),
			    sv_of(asked[i].lang), on_reply, &a));
		CHECK(world_until(w, answered, &a, 5000));
		SV_EQ(jv_get_str(a.reply, "language"), asked[i].in);
		SV_EQ(jv_get_str(a.reply, "action"), asked[i].action);
		world_run(w, 1000);
		EQ(a.n, 1);
		jv_free(a.reply);
	}
	EQ(rows(w), 0);
	EQ(metric_get(M_CONV_LIVE), 0);
	world_close(w);
	world_forget();
}

TEST(talk_ask_is_answered_with_null_when_the_shard_ends)
{
	jv *script = jv_parse(SV("[{\"fail\":\"stall\",\"say\":[]}]"), NULL);
	obj_unref(world_kb());
	struct world *w =
		world_open(&(struct world_opts){ .lang = "en", .llm = { script }, .n_llm = 1 });
	struct answer a = { 0 };
	OK(talk_ask(talk_hub_pick(w->hub, 0), SV("How long do I have to return something?"),
		    SV("en"), on_reply, &a));
	world_run(w, 100);
	EQ(a.n, 0);
	world_close(w);
	EQ(a.n, 1);
	CHECK(!a.reply);
	jv_free(script);
	world_forget();
}

/* ---- what the river remembers ---- */

struct seed {
	const char *kind;
	int turn;
	const char *text;
};

static int recall(struct world *w, const char *id, const struct seed *s, size_t n, struct arena *a,
		  struct chan_resume *r)
{
	struct store_db *db;
	bool open;
	for (size_t i = 0; i < n; i++) {
		char body[200];
		snprintf(body, sizeof(body), "{\"text\":\"%s\"}", s[i].text);
		struct store_event ev = { .conversation = sv_of(id),
					  .seq = (int64_t)i + 1,
					  .turn = s[i].turn,
					  .kind = sv_of(s[i].kind),
					  .actor = SV("x"),
					  .body = sv_of(body) };
		ASSERT(store_append(w->store, &ev, NULL, NULL, NULL) == 0);
	}
	ASSERT(store_flush(w->store) == 0 && store_reader(w->store, &db) == 0);
	return talk_recall(db, sv_of(id), a, r, &open);
}

static int put_conversation(void *arg, struct store_db *db)
{
	return store_exec(db, "INSERT INTO conversation (id, interaction_id, channel, "
			      "language, started_ms, last_ms) "
			      "VALUES ('C', 'I', 'webchat', 'zh', 7, 8)");
}

TEST(talk_recall_knows_what_is_owed)
{
	static const struct seed late[] = {
		{ "conversation.opened", 0, "" }, { "turn.bot", 0, "hello" },
		{ "turn.customer", 1, "q1" },     { "turn.bot", 1, "a1" },
		{ "turn.customer", 2, "q2" },     { "turn.customer", 3, "q3" },
		{ "turn.bot", 2, "a2" },          { "turn.customer", 4, "q4" },
	};
	struct chan_resume r;
	struct arena a;
	struct world *w = open_world();
	arena_init(&a, LIM_ARENA_TURN);
	EQ(recall(w, "nobody", NULL, 0, &a, &r), ERR_NOTFOUND);
	OK(store_write(w->store, put_conversation, NULL, NULL, NULL));
	OK(recall(w, "C", late, sizeof(late) / sizeof(*late), &a, &r));
	EQ(r.seq, 8);
	EQ(r.turn, 4);
	EQ(r.started_ms, 7);
	SV_EQ(r.language, "zh");
	SV_EQ(r.last_question, "q2");
	SV_EQ(r.last_reply, "a2");
	SV_EQ(r.owed, "q3\nq4");
	EQ(r.owed_turn, 4);
	arena_done(&a);
	world_close(w);
	world_forget();
}

static int put_another(void *arg, struct store_db *db)
{
	return store_exec(db, "INSERT INTO conversation (id, interaction_id, channel, "
			      "language, started_ms, last_ms) "
			      "VALUES ('P', 'J', 'webchat', 'en', 7, 8)");
}

/* Row by row: where it stands with the people's side. */
TEST(talk_recall_knows_who_serves)
{
	static const struct {
		const char *kind, *body;
		enum chan_person is;
	} rows[] = {
		{ "handover", "{\"priority\":3}", CHAN_PERSON_NONE },    /* nobody was asked */
		{ "handover", "{\"handover\":{}}", CHAN_PERSON_WAITS },
		{ "handover.queued", "{\"position\":1}", CHAN_PERSON_WAITS },
		{ "handover.accepted", "{\"agent\":\"mei\",\"name\":\"Mei Lin\"}",
		  CHAN_PERSON_WITH },
		{ "turn.customer", "{\"text\":\"hello?\"}", CHAN_PERSON_WITH },
		{ "turn.agent", "{\"text\":\"here I am\"}", CHAN_PERSON_WITH },
		{ "handover.queued", "{}", CHAN_PERSON_WAITS },         /* she was lost */
		{ "handover.accepted", "{\"agent\":\"tom\"}", CHAN_PERSON_WITH },
		{ "handover.returned", "{\"by\":\"tom\"}", CHAN_PERSON_NONE },
		{ "handover", "{\"handover\":{}}", CHAN_PERSON_WAITS },
		{ "handover.failed", "{\"why\":\"closed\"}", CHAN_PERSON_NONE },
	};
	struct chan_resume r;
	struct store_db *db;
	struct arena a;
	bool open;
	struct world *w = open_world();
	arena_init(&a, LIM_ARENA_TURN);
	OK(store_write(w->store, put_another, NULL, NULL, NULL));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct store_event ev = { .conversation = SV("P"), .seq = (int64_t)i + 1,
					  .turn = 1, .kind = sv_of(rows[i].kind),
					  .actor = SV("x"), .body = sv_of(rows[i].body) };
		OK(store_append(w->store, &ev, NULL, NULL, NULL));
		OK(store_flush(w->store));
		OK(store_reader(w->store, &db));
		OK(talk_recall(db, SV("P"), &a, &r, &open));
		EQ(r.person, rows[i].is);
		if (i == 3)
			SV_EQ(r.agent_name, "Mei Lin");
	}
	SV_EQ(r.agent, "tom");
	SV_EQ(r.agent_name, "");
	SV_EQ(r.owed, "");           /* a person has answered it */
	arena_done(&a);
	world_close(w);
	world_forget();
}
