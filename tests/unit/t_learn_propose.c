/* t_learn_propose.c: an article out of what a person typed: what is taken, what is refused,
 * what the night makes of it. */
#include "learn_int.h"

#include <stdio.h>

#include "t.h"

#define CONV "01HZZZZZZZZZZZZZZZZZZZZCNV"

struct world {
	struct store *st;
	struct store_db *db;
	struct kb_index *ix;
	struct arena a;
	const char *kind, *body;
	int64_t seq;
	struct learn_propose p;
	struct learn_run *run;
	struct learn_decision d;
	const char *sql;
	int rc;
};

static int do_row(void *arg, struct store_db *db)
{
	struct world *w = arg;
	const struct store_event ev = { .ts_ms = clk_wall_ms() - 3600000 + w->seq,
					.conversation = SV(CONV),
					.seq = w->seq,
					.turn = (int)w->seq,
					.kind = sv_of(w->kind),
					.actor = SV("user:mei"),
					.body = sv_of(w->body) };
	return w->rc = store_event_put(db, &ev);
}

static int do_put(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_propose_put(db, &w->p);
}

static int do_save(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_save(db, w->run);
}

static int do_sql(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = store_exec(db, w->sql);
}

static int do_decide(void *arg, struct store_db *db)
{
	struct world *w = arg;
	return w->rc = learn_decide(db, &w->d);
}

static int do_article(void *arg, struct store_db *db)
{
	const struct kb_article a = { .id = SV("fee.en"), .group_id = SV("fee"), .lang = SV("en"),
				      .title = SV("What is the delivery fee?"),
				      .body_md = SV("It is CNY 10.") };
	struct world *w = arg;
	bool changed;
	return w->rc = kb_put(db, &a, clk_wall_ms(), &changed);
}

static int scribe(struct world *w, store_write_fn *fn)
{
	w->rc = ERR_FAIL;
	(void)store_write(w->st, fn, w, NULL, NULL);
	(void)store_flush(w->st);
	return w->rc;
}

static bool row(struct world *w, int64_t seq, const char *kind, const char *body)
{
	w->seq = seq;
	w->kind = kind;
	w->body = body;
	return scribe(w, do_row) == 0;
}

/* A question the bot could not answer, and what a person said. */
static bool up(struct world *w)
{
	struct err e;
	memset(w, 0, sizeof(*w));
	arena_init(&w->a, LIM_ARENA_BIG);
	return kb_init() == 0 && store_open(&w->st, &(struct store_opts){ .dir = "" }, &e) == 0 &&
	       scribe(w, do_article) == 0 && store_reader(w->st, &w->db) == 0 &&
	       kb_build(&w->ix, w->db, &(struct kb_opts){ 0 }, &e) == 0 &&
	       row(w, 1, "turn.customer",
		   "{\"text\":\"Can I rent a drill for the weekend?\",\"language\":\"en\"}") &&
	       row(w, 2, "turn.bot", "{\"text\":\"I do not know.\",\"action\":\"decline\"}") &&
	       row(w, 3, "turn.customer", "{\"text\":\"ok, thanks\",\"language\":\"en\"}") &&
	       row(w, 4, "turn.agent",
		   "{\"text\":\"The fee for a drill is CNY 30 a weekend. I will call you at "
		   "13912345678. Bring your receipt back on Monday.\",\"by\":\"mei\"}") &&
	       row(w, 5, "turn.agent",
		   "{\"text\":\"It is CNY 10.\",\"by\":\"mei\",\"suggested\":true}") &&
	       row(w, 6, "turn.agent", "{\"text\":\"13912345678\",\"by\":\"mei\"}");
}

static void down(struct world *w)
{
	learn_run_free(w->run);
	obj_unref(w->ix);
	store_close(w->st);
	arena_done(&w->a);
}

static int look(struct world *w, int64_t seq)
{
	w->p = (struct learn_propose){ .conversation = SV(CONV), .seq = seq, .by = SV("mei"),
				       .kb = w->ix };
	return learn_propose_look(w->db, &w->p, &w->a);
}

static int64_t count(struct world *w, const char *sql)
{
	struct store_stmt *q;
	int64_t n = -1;
	if (store_prep(w->db, &q, sql) == 0 && store_step(q) == 1)
		n = store_col_int(q, 0);
	store_reset(q);
	return n;
}

TEST(learn_propose_makes_a_draft_without_personal_data)
{
	struct world w;
	struct sb b;
	int64_t version = 0;
	CHECK(up(&w));
	OK(look(&w, 4));
	SV_EQ(w.p.lang, "en");
	HAS(w.p.title, "rent a drill");
	HAS(w.p.body, "CNY 30 a weekend");
	HAS(w.p.body, "on Monday");
	CHECK(sv_find(w.p.body, SV("1391")) < 0 && sv_find(w.p.body, SV("call you")) < 0);
	EQ(w.p.question_seq, 1); /* thanks is no question */
	CHECK(w.p.signals & LEARN_NO_ANSWER);
	CHECK(!w.p.blocked);
	HAS(w.p.gates, "money"); /* a second look */
	OK(scribe(&w, do_put));
	CHECK(!w.p.there);
	sb_init(&b, LIM_JSON_BYTES);
	OK(learn_draft_json(w.db, sv_of(w.p.draft), &version, &b));
	jv *d = jv_parse(sb_sv(&b), NULL);
	SV_EQ(jv_get_str(d, "state"), "open");
	SV_EQ(jv_get_str(d, "by"), "mei");
	EQ(jv_get_int(d, "agents", 0), 1);
	const jv *ev = jv_get(d, "evidence"), *turn = jv_at(ev, jv_len(ev) - 1);
	SV_EQ(jv_get_str(turn, "conversation"), CONV);
	EQ(jv_get_int(turn, "seq", 0), 4);
	CHECK(jv_len(ev) >= 3 && jv_get_str(jv_at(ev, 0), "sentence").n);
	jv_free(d);
	sb_reset(&b);
	OK(learn_gap_json(w.db, sv_of(w.p.gap), &b));
	HAS(sb_sv(&b), "\"state\":\"drafted\"");
	HAS(sb_sv(&b), "agent_typed");
	sb_done(&b);
	/* asked for again: the same */
	char first[27];
	(void)snprintf(first, sizeof(first), "%s", w.p.draft);
	OK(look(&w, 4));
	OK(scribe(&w, do_put));
	CHECK(w.p.there);
	SV_EQ(sv_of(w.p.draft), first);
	EQ(count(&w, "SELECT count(*) FROM draft"), 1);
	down(&w);
}

TEST(learn_propose_refuses)
{
	static const struct {
		int64_t seq;
		int rc;
	} rows[] = {
		{ 1, ERR_NOTFOUND }, /* the customer's */
		{ 2, ERR_NOTFOUND }, /* the bot's */
		{ 99, ERR_NOTFOUND },
		{ 5, ERR_STATE }, /* the bot's words, sent on */
		{ 6, ERR_STATE }, /* nothing but a number of a person */
	};
	struct world w;
	CHECK(up(&w));
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		EQ(look(&w, rows[i].seq), rows[i].rc);
		CHECK(w.p.why != NULL);
	}
	w.p = (struct learn_propose){ .conversation = SV("none"), .seq = 4 };
	EQ(learn_propose_look(w.db, &w.p, &w.a), ERR_NOTFOUND);
	down(&w);
}

/* What a published article says otherwise stands against it; that one answers is told. */
TEST(learn_propose_meets_the_gates)
{
	struct world w;
	CHECK(up(&w));
	CHECK(row(&w, 7, "turn.customer",
		  "{\"text\":\"What is the delivery fee?\",\"language\":\"en\"}"));
	CHECK(row(&w, 8, "turn.agent",
		  "{\"text\":\"The delivery fee is CNY 25.\",\"by\":\"mei\"}"));
	OK(look(&w, 8));
	CHECK(w.p.blocked);
	HAS(w.p.gates, "contradiction");
	HAS(w.p.gates, "covered");
	OK(scribe(&w, do_put));
	EQ(count(&w, "SELECT count(*) FROM draft WHERE state='blocked'"), 1);
	w.d = (struct learn_decision){ .draft = sv_of(w.p.draft), .by = SV("lead"),
				       .verb = LEARN_APPROVE };
	EQ(scribe(&w, do_decide), ERR_STATE);
	down(&w);
}

/* The night finds the gap by its question, keeps the person's words, and a yes publishes them. */
TEST(learn_propose_lives_on_through_the_night)
{
	struct world w;
	struct err e = { 0 };
	CHECK(up(&w));
	CHECK(row(&w, 7, "conversation.closed", "{}"));
	OK(look(&w, 4));
	OK(scribe(&w, do_put));
	OK(learn_run(&w.run, w.db, &(struct learn_opts){ .kb = w.ix }, &e));
	OK(scribe(&w, do_save));
	EQ(count(&w, "SELECT count(*) FROM gap WHERE question LIKE '%drill%'"), 1);
	EQ(count(&w, "SELECT count(*) FROM draft WHERE state='open'"), 1);
	EQ(count(&w, "SELECT count(*) FROM gap WHERE state='drafted'"), 1);
	w.d = (struct learn_decision){ .draft = sv_of(w.p.draft), .by = SV("lead"),
				       .verb = LEARN_APPROVE };
	OK(scribe(&w, do_decide));
	static const char ours[] = "SELECT count(*) FROM article WHERE body_md LIKE "
				   "'%CNY 30 a weekend%' AND status='published'";
	EQ(count(&w, ours), 1);
	/* proposed once more: an article of its own, the first stays */
	CHECK(row(&w, 8, "turn.agent",
		  "{\"text\":\"Saws cost more: CNY 45 a weekend.\",\"by\":\"mei\"}"));
	OK(look(&w, 8));
	OK(scribe(&w, do_put));
	CHECK(!w.p.there);
	w.d = (struct learn_decision){ .draft = sv_of(w.p.draft), .by = SV("lead"),
				       .verb = LEARN_EDIT, .body_md = SV("Saws cost more.") };
	OK(scribe(&w, do_decide));
	w.d.verb = LEARN_APPROVE;
	OK(scribe(&w, do_decide));
	EQ(count(&w, ours), 1);
	EQ(count(&w, "SELECT count(*) FROM article WHERE source LIKE 'draft:%'"), 2);
	down(&w);
}

static int decide(struct world *w, const char *draft, sv by, enum learn_verb verb)
{
	w->d = (struct learn_decision){ .draft = sv_of(draft), .by = by, .verb = verb,
					.reason = SV("because") };
	return scribe(w, do_decide);
}

/* A turn has one draft, whatever became of it, unless it was refused. */
TEST(learn_propose_makes_one_draft_a_turn)
{
	struct world w;
	char first[27];
	CHECK(up(&w));
	OK(look(&w, 4));
	OK(scribe(&w, do_put));
	OK(decide(&w, w.p.draft, SV("lead"), LEARN_APPROVE));
	CHECK(row(&w, 8, "turn.agent",
		  "{\"text\":\"Saws cost more: CNY 45 a weekend.\",\"by\":\"mei\"}"));
	OK(look(&w, 8));
	OK(scribe(&w, do_put));
	(void)snprintf(first, sizeof(first), "%s", w.p.draft);
	for (int i = 0; i < 3; i++) { /* each asks for the same question */
		OK(look(&w, i < 2 ? 8 : 4));
		OK(scribe(&w, do_put));
		CHECK(w.p.there && w.p.gap[0]);
		CHECK((strcmp(w.p.draft, first) == 0) == (i < 2));
	}
	EQ(count(&w, "SELECT count(*) FROM draft"), 2);
	EQ(count(&w, "SELECT count(*) FROM gap"), 2);
	OK(decide(&w, first, SV("lead"), LEARN_REJECT));
	OK(look(&w, 8));
	OK(scribe(&w, do_put));
	CHECK(!w.p.there);
	EQ(count(&w, "SELECT count(*) FROM draft WHERE state='open'"), 1);
	down(&w);
}

/* A second answer to the same question is not thrown away for the first, nor over it. */
TEST(learn_propose_another_turn_has_its_own_words)
{
	struct world w;
	char first[27], second[27];
	CHECK(up(&w));
	OK(look(&w, 4));
	OK(scribe(&w, do_put));
	(void)snprintf(first, sizeof(first), "%s", w.p.draft);
	CHECK(row(&w, 8, "turn.agent",
		  "{\"text\":\"Saws cost more: CNY 45 a weekend.\",\"by\":\"mei\"}"));
	OK(look(&w, 8));
	OK(scribe(&w, do_put));
	CHECK(!w.p.there);
	(void)snprintf(second, sizeof(second), "%s", w.p.draft);
	EQ(count(&w, "SELECT count(*) FROM draft WHERE body_md LIKE 'Saws cost more%'"), 1);
	OK(decide(&w, first, SV("lead"), LEARN_APPROVE));
	OK(decide(&w, second, SV("lead"), LEARN_APPROVE));
	EQ(count(&w, "SELECT count(*) FROM article WHERE source LIKE 'draft:%'"), 2);
	down(&w);
}

/* Who made a draft by hand does not say yes to it, also after an edit; no they may. */
TEST(learn_propose_is_for_somebody_elses_yes)
{
	struct world w;
	CHECK(up(&w));
	OK(look(&w, 4));
	OK(scribe(&w, do_put));
	EQ(decide(&w, w.p.draft, SV("mei"), LEARN_APPROVE), ERR_DENIED);
	HAS(sv_of(w.d.why), "somebody else");
	w.d = (struct learn_decision){ .draft = sv_of(w.p.draft), .by = SV("lead"),
				       .verb = LEARN_EDIT, .title = SV("Renting a drill") };
	OK(scribe(&w, do_decide));
	EQ(decide(&w, w.p.draft, SV("mei"), LEARN_APPROVE), ERR_DENIED);
	EQ(count(&w, "SELECT count(*) FROM article WHERE source LIKE 'draft:%'"), 0);
	OK(decide(&w, w.p.draft, SV("lead"), LEARN_APPROVE));
	CHECK(row(&w, 8, "turn.agent",
		  "{\"text\":\"Saws cost more: CNY 45 a weekend.\",\"by\":\"mei\"}"));
	OK(look(&w, 8));
	OK(scribe(&w, do_put));
	OK(decide(&w, w.p.draft, SV("mei"), LEARN_REJECT));
	down(&w);
}

/* ---- what guard's masks do not know ---- */

TEST(learn_propose_hides_names_and_secrets)
{
	static const struct {
		const char *text, *kept;
	} rows[] = {
		/* of the customer */
		{ "王小明，您的钻头可以租三十元一个周末。", "您的钻头可以租三十元一个周末。" },
		{ "小明您好，钻头可以租三十元一个周末。", "钻头可以租三十元一个周末。" },
		{ "王女士，钻头可以租三十元一个周末。", "钻头可以租三十元一个周末。" },
		{ "Yes, anna, a drill is CNY 30 a weekend.",
		  "Yes, a drill is CNY 30 a weekend." },
		{ "Write to drillman_88 then. A drill is CNY 30.", "A drill is CNY 30." },
		{ "Bananas are cheap, a drill is CNY 30 a weekend.",
		  "Bananas are cheap, a drill is CNY 30 a weekend." },
		/* codes and passwords */
		{ "The code 482913 opens the locker. A drill is CNY 30.",
		  "A drill is CNY 30." },
		{ "482 913 is your login code. A drill is CNY 30.", "A drill is CNY 30." },
		{ "The password is tiger-7. A drill is CNY 30.", "A drill is CNY 30." },
		{ "Password: swordfish, a drill is CNY 30 a day.", "a drill is CNY 30 a day." },
		{ "验证码是482913，钻头可以租三十元一天。", "钻头可以租三十元一天。" },
		{ "482913是您的验证码。钻头可以租三十元一天。", "钻头可以租三十元一天。" },
		{ "密码：tiger7，钻头可以租三十元一天。", "钻头可以租三十元一天。" },
		{ "加我微信zuantou88，钻头可以租三十元一天。", "钻头可以租三十元一天。" },
		{ "Add me on WeChat: drillman, a drill is CNY 30.", "a drill is CNY 30." },
		/* rules of them stay */
		{ "The password is reset by the link we mail.",
		  "The password is reset by the link we mail." },
		{ "The password is 8 characters or more.",
		  "The password is 8 characters or more." },
		{ "We never ask for a code or a password.",
		  "We never ask for a code or a password." },
		{ "验证码是6位数字，五分钟内有效。", "验证码是6位数字，五分钟内有效。" },
		{ "可以用微信支付，密码不会发给客服。", "可以用微信支付，密码不会发给客服。" },
	};
	const sv hide[] = { SV("王小明"), SV("Anna Li"), SV("drillman_88"), SV("x"), SV("") };
	struct arena a;
	arena_init(&a, LIM_ARENA_BIG);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		SV_EQ(learn_clean_of(&a, sv_of(rows[i].text), hide, 5), rows[i].kept);
	arena_done(&a);
}

TEST(learn_propose_knows_the_customers_name)
{
	const sv known[] = { SV("drillman_88") };
	struct world w;
	CHECK(up(&w));
	w.sql = "INSERT INTO conversation (id, interaction_id, channel, started_ms, last_ms, "
		"customer_name) VALUES ('" CONV "','x','webchat',1,1,'Wang Xiaoming')";
	OK(scribe(&w, do_sql));
	CHECK(row(&w, 8, "turn.agent",
		  "{\"text\":\"Hi Xiaoming, saws are CNY 45 a weekend. I write to drillman_88 "
		  "then. Bring it back on Monday.\",\"by\":\"mei\"}"));
	w.p = (struct learn_propose){ .conversation = SV(CONV), .seq = 8, .by = SV("mei"),
				      .hide = known, .n_hide = 1 };
	OK(learn_propose_look(w.db, &w.p, &w.a));
	SV_EQ(w.p.body, "saws are CNY 45 a weekend. Bring it back on Monday.");
	CHECK(sv_find(w.p.evidence, SV("Xiaoming")) < 0);
	down(&w);
}
