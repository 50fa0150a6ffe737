/* t_learn_run.c: from the river to gaps and drafts, and what people decide about them. */
#include <stdio.h>
#include "learn_int.h"
#include "t.h"

#define NOW 1767225600000LL      /* 2026-01-01 */
#define DAY LEARN_DAY_MS

struct world {
	struct store *st;
	struct store_db *db;
	struct kb_index *ix;
	struct learn_run *run;
	int n;                   /* conversations so far */
	struct err e;
};

struct put {
	const struct kb_article *a;
	struct world *w;
	struct learn_decision *d;
	const struct learn_effect *v;
	size_t n, back, kept;
	sv topic, owner;
	const char *sql;
	int rc;
};

static int put_article(void *arg, struct store_db *db)
{
	struct put *p = arg;
	bool changed;
	return p->rc = kb_put(db, p->a, NOW - 90 * DAY, &changed);
}

static int save_run(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = learn_save(db, p->w->run);
}

static int decide_one(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = learn_decide(db, p->d);
}

static int put_topic(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = learn_topic_put(db, p->topic, p->owner, 0, NOW);
}

static int run_sql(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = store_exec(db, p->sql);
}

static int write_now(struct world *w, store_write_fn *fn, struct put *p)
{
	p->w = w;
	if (store_write(w->st, fn, p, NULL, NULL) || store_flush(w->st))
		return p->rc ? p->rc : ERR_DB;
	return p->rc;
}

static bool article(struct world *w, const char *id, const char *title, const char *body)
{
	const struct kb_article a = { .id = sv_of(id), .group_id = sv_of(id), .lang = SV("en"),
				      .title = sv_of(title), .body_md = sv_of(body),
				      .category = SV("service") };
	struct put p = { .a = &a };
	return write_now(w, put_article, &p) == 0;
}

static bool reindex(struct world *w)
{
	obj_unref(w->ix);
	w->ix = NULL;
	return store_reader(w->st, &w->db) == 0 && kb_build(&w->ix, w->db, NULL, &w->e) == 0;
}

static bool open_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	return kb_init() == 0 &&
	       store_open(&w->st, &(struct store_opts){ .dir = "" }, &w->e) == 0 &&
	       article(w, "hours.en", "When are you open?",
		       "The shop is open every day from 09:00 to 18:00.") &&
	       article(w, "pay.en", "How can I pay?", "You can pay by card or in cash.") &&
	       article(w, "return.en", "How long may I return something?",
		       "You may return unused articles within 30 days of delivery.") &&
	       reindex(w);
}

static void close_world(struct world *w)
{
	learn_run_free(w->run);
	obj_unref(w->ix);
	store_close(w->st);
}

/* ---- conversations ---- */

static void row(struct world *w, int64_t *seq, const char *kind, const char *body)
{
	char id[32], who[32];
	(void)snprintf(id, sizeof(id), "conv-%d", w->n);
	(void)snprintf(who, sizeof(who), "c%d", w->n);
	const struct store_event ev = { .ts_ms = NOW - 5 * DAY + w->n * 60000LL + *seq * 1000,
					.conversation = sv_of(id), .customer = sv_of(who),
					.seq = ++*seq, .turn = 1, .kind = sv_of(kind),
					.actor = SV("x"), .body = sv_of(body) };
	ASSERT(store_append(w->st, &ev, NULL, NULL, NULL) == 0);
}

static void text_row(struct world *w, int64_t *seq, const char *kind, const char *text,
		     const char *more)
{
	struct sb b;
	sb_init(&b, LIM_SB);
	sb_cstr(&b, "{\"text\":");
	sb_json(&b, sv_of(text));
	sb_fmt(&b, ",\"language\":\"en\"%s}", more);
	row(w, seq, kind, sb_str(&b));
	sb_done(&b);
}

/* Asked, declined, answered by a person, closed; good: nobody complains afterwards. */
static void asked(struct world *w, const char *question, const char *by, const char *answer,
		  bool good)
{
	char more[80];
	int64_t seq = 0;
	w->n++;
	text_row(w, &seq, "turn.customer", question, "");
	row(w, &seq, "turn.bot", "{\"text\":\"\",\"action\":\"decline\",\"citations\":[]}");
	if (by) {
		row(w, &seq, "handover", "{}");
		(void)snprintf(more, sizeof(more), ",\"by\":\"%s\"", by);
		text_row(w, &seq, "turn.agent", answer, more);
		if (!good)
			row(w, &seq, "feedback", "{\"value\":\"down\"}");
	}
	row(w, &seq, "conversation.closed", "{\"by\":\"customer\"}");
}

static void gift_wrap(struct world *w)
{
	asked(w, "Do you wrap presents?", "ann",
	      "Hi Mr Wang, we wrap presents for CNY 8 a piece at the desk.", true);
	asked(w, "Can you gift wrap my present?", "bob",
	      "Sure. We wrap presents for ¥8 per piece at the desk in the shop.", true);
	asked(w, "gift wrapping of presents?", "cat",
	      "We wrap presents for 8 yuan a piece, at the desk. I'll call 13812345678.", true);
}

static bool look(struct world *w)
{
	learn_run_free(w->run);
	w->run = NULL;
	return store_flush(w->st) == 0 &&
	       learn_run(&w->run, w->db,
			 &(struct learn_opts){ .kb = w->ix, .now_ms = NOW + w->n }, &w->e) == 0;
}

static const struct learn_gap *gap_about(struct world *w, const char *word)
{
	for (size_t i = 0; i < w->run->n_gap; i++)
		for (size_t k = 0; k < w->run->gap[i].n; k++)
			if (sv_find(w->run->gap[i].item[k]->text, sv_of(word)) >= 0)
				return &w->run->gap[i];
	return NULL;
}

static int64_t number(struct world *w, const char *sql)
{
	struct store_stmt *q;
	if (store_prep(w->db, &q, sql))
		return -1;
	int64_t v = store_step(q) == 1 ? store_col_int(q, 0) : -1;
	store_reset(q);
	return v;
}

static sv text_of(struct world *w, struct arena *a, const char *sql)
{
	struct store_stmt *q;
	sv v = SV("");
	if (store_prep(w->db, &q, sql))
		return v;
	if (store_step(q) == 1)
		v = arena_sv(a, store_col_sv(q, 0));
	store_reset(q);
	return v;
}

/* ---- tests ---- */

TEST(what_three_answers_agree_on_becomes_a_draft)
{
	struct world w;
	CHECK(open_world(&w));
	gift_wrap(&w);
	asked(&w, "where is the moon", NULL, NULL, true);
	CHECK(look(&w));
	EQ(w.run->questions, 4);
	EQ(w.run->gone_wrong, 4);
	const struct learn_gap *g = gap_about(&w, "wrap");
	CHECK(g && g->draft);
	EQ(g->n, 3);
	EQ(g->customers, 3);
	CHECK(g->coverage < 0.5 && g->priority > 0);
	CHECK(!g->draft->edit && !g->draft->blocked);
	HAS(g->draft->body_md, "wrap presents");
	HAS(g->draft->body_md, "8");
	CHECK(sv_find(g->draft->body_md, SV("138")) < 0);
	CHECK(sv_find(g->draft->body_md, SV("Wang")) < 0);
	CHECK(g->draft->aliases.n > 0);
	HAS(g->draft->evidence, "\"agents\":3");
	CHECK(!gap_about(&w, "moon")->draft);
	close_world(&w);
}

TEST(two_answers_are_not_enough_and_complaints_do_not_count)
{
	struct world w;
	CHECK(open_world(&w));
	asked(&w, "Do you wrap presents?", "ann", "We wrap presents for CNY 8 at the desk.", true);
	asked(&w, "Can you gift wrap presents?", "bob", "We wrap presents for CNY 8 at the desk.",
	      true);
	asked(&w, "gift wrapping of presents?", "cat", "We wrap presents for CNY 8 at the desk.",
	      false);
	CHECK(look(&w));
	CHECK(gap_about(&w, "wrap") && !gap_about(&w, "wrap")->draft);
	close_world(&w);
}

/* Two who name the same several values do not err alike; one of them alone may, and so may who
 * names another. */
TEST(two_who_agree_on_several_values_are_enough)
{
	static const char *const says[][2] = {
		{ "bob", "Parcels cost ¥12 and arrive within 4 days." },
		{ "bob", "Parcels cost ¥12 and arrive within 6 days." },
		{ "ann", "Parcels cost CNY 12 and arrive within 4 days." },
	};
	for (int i = 0; i < 3; i++) {
		struct world w;
		CHECK(open_world(&w));
		asked(&w, "What does a parcel cost to send?", "ann",
		      "Parcels cost CNY 12 and arrive within 4 days.", true);
		asked(&w, "Cost of sending a parcel?", says[i][0], says[i][1], true);
		CHECK(look(&w));
		const struct learn_gap *g = gap_about(&w, "parcel");
		CHECK(g && !g->draft == (i > 0));
		EQ(g->draft ? g->draft->agents : 0, i ? 0 : 2);
		close_world(&w);
	}
}

/* However many say it: somebody will know later. With a value it says something. */
TEST(what_puts_the_customer_off_is_no_answer)
{
	static const char *const off[] = {
		"I have to ask a colleague about presents and will call you back.",
		"Let me check this with the other team, please bear with me.",
		"I have forwarded it, somebody will be in touch with you tomorrow.",
		"I'm afraid that's not something we offer.",
		"About presents we will call you back within 24 hours.",
		"Thank you for waiting, our presents are wrapped at the desk.",
		"You can ask a colleague to collect the presents.",
	};
	static const char *const who[] = { "ann", "bob", "cat", "dan" };
	for (int i = 0; i < 7; i++) {
		struct world w;
		CHECK(open_world(&w));
		for (int k = 0; k < 4; k++)
			asked(&w, k % 2 ? "Do you wrap presents?" : "Can you wrap presents?",
			      who[k], off[i], true);
		CHECK(look(&w));
		CHECK(gap_about(&w, "wrap") && !gap_about(&w, "wrap")->draft == (i < 4));
		close_world(&w);
	}
}

TEST(one_person_alone_is_not_enough_unless_he_owns_the_topic)
{
	struct put p = { .topic = SV("service"), .owner = SV("ann") };
	struct world w;
	CHECK(open_world(&w));
	for (int i = 0; i < 3; i++)
		asked(&w, i ? "Do you wrap presents in the shop?" :
			      "Can you wrap a present as a gift in the shop?",
		      "ann", "We wrap presents for CNY 8 at the desk.", true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "wrap");
	CHECK(g && !g->draft);
	SV_EQ(g->category, "service"); /* of the nearest article: the shop's hours */
	OK(write_now(&w, put_topic, &p));
	CHECK(look(&w));
	g = gap_about(&w, "wrap");
	CHECK(g && g->draft);
	HAS(g->draft->body_md, "We wrap presents for CNY 8 at the desk.");
	EQ(g->draft->agents, 1);
	close_world(&w);
}

TEST(the_bots_words_are_no_evidence)
{
	struct world w;
	int64_t seq = 0;
	CHECK(open_world(&w));
	for (int i = 0; i < 4; i++) {
		w.n++;
		seq = 0;
		text_row(&w, &seq, "turn.customer", "Do you wrap presents?", "");
		row(&w, &seq, "turn.bot",
		    "{\"text\":\"We wrap presents for CNY 8.\",\"action\":\"decline\"}");
		text_row(&w, &seq, "turn.agent", "We wrap presents for CNY 8 at the desk.",
			 i & 1 ? ",\"by\":\"ann\",\"suggested\":true" :
				 ",\"by\":\"bob\",\"suggested\":true");
		row(&w, &seq, "conversation.closed", "{}");
	}
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "wrap");
	CHECK(g);
	EQ(g->answers, 0);
	CHECK(!g->draft);
	close_world(&w);
}

TEST(a_value_people_differ_about_is_left_out)
{
	struct world w;
	CHECK(open_world(&w));
	for (int i = 0; i < 6; i++)
		asked(&w, i & 1 ? "Do you wrap presents?" : "Is there a gift wrapping service?",
		      i % 3 == 0 ? "ann" : i % 3 == 1 ? "bob" : "cat",
		      i < 3 ? "We wrap presents for CNY 8 at the desk. Choose a ribbon colour." :
			      "We wrap presents for CNY 15 at the desk. Choose a ribbon colour.",
		      true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "wrap");
	CHECK(g && g->draft);
	CHECK(sv_find(g->draft->body_md, SV("CNY")) < 0);
	HAS(g->draft->body_md, "ribbon");
	HAS(g->draft->gates, "dispute");
	close_world(&w);
}

TEST(what_an_article_says_already_becomes_an_edit)
{
	struct world w;
	CHECK(open_world(&w));
	asked(&w, "until when do I bring stuff back", "ann",
	      "You may return unused articles within 30 days of delivery.", true);
	asked(&w, "deadline to bring stuff back", "bob",
	      "Unused articles may be returned within 30 days of delivery.", true);
	asked(&w, "bring stuff back how late", "cat",
	      "You may return unused articles within 30 days of delivery, yes.", true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "stuff");
	CHECK(g && g->draft && g->draft->edit);
	SV_EQ(g->draft->article_id, "return.en");
	HAS(g->draft->aliases, "stuff");
	SV_EQ(g->draft->title, "How long may I return something?");
	close_world(&w);
}

TEST(an_article_that_has_all_of_it_gets_no_draft)
{
	struct world w;
	const char *said = "You may return unused articles within 30 days of delivery.";
	const struct kb_article all = {
		.id = SV("return.en"), .group_id = SV("return.en"), .lang = SV("en"),
		.title = SV("How long may I return something?"), .body_md = sv_of(said),
		.category = SV("service"),
		.aliases = SV("Until when do I bring stuff back\nDeadline to bring stuff back\n"
			      "Bring stuff back how late") };
	struct put p = { .a = &all };
	CHECK(open_world(&w));
	OK(write_now(&w, put_article, &p));
	CHECK(reindex(&w));
	asked(&w, "until when do I bring stuff back", "ann", said, true);
	asked(&w, "deadline to bring stuff back", "bob", said, true);
	asked(&w, "bring stuff back how late", "cat", said, true);
	CHECK(look(&w));
	CHECK(gap_about(&w, "stuff") && !gap_about(&w, "stuff")->draft);
	EQ(gap_about(&w, "stuff")->answers, 3);
	close_world(&w);
}

TEST(a_question_that_is_nothing_but_personal_data_is_named_by_its_masks)
{
	struct world w;
	CHECK(open_world(&w));
	asked(&w, "is 13812345678 the phone number you have of me", NULL, NULL, true);
	CHECK(look(&w));
	EQ(w.run->n_gap, 1);
	const struct learn_gap *g = &w.run->gap[0];
	HAS(g->question, "[phone] the phone number");
	CHECK(sv_find(g->question, SV("138")) < 0);
	/* cleaned by the run, not by whoever saves it */
	CHECK(g->n == 1 && sv_find(g->item[0]->text, SV("138")) < 0);
	close_world(&w);
}

TEST(a_question_is_of_one_gap)
{
	struct world w;
	struct put p = { .sql = "INSERT INTO gap_question (gap, conversation, seq, text, signals, "
				"at_ms) SELECT 'zz', conversation, seq, text, signals, at_ms FROM "
				"gap_question" };
	CHECK(open_world(&w));
	gift_wrap(&w);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	OK(write_now(&w, run_sql, &p)); /* they were of another one as well */
	EQ(number(&w, "SELECT count(*) FROM gap_question"), 6);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	EQ(number(&w, "SELECT count(*) FROM gap_question"), 3);
	EQ(number(&w, "SELECT count(*) FROM gap_question WHERE gap='zz'"), 0);
	EQ(number(&w, "SELECT count(*) FROM gap"), 1);
	close_world(&w);
}

static int hide_article(void *arg, struct store_db *db)
{
	struct put *p = arg;
	return p->rc = store_exec(db, "UPDATE article SET audience='agent' WHERE id='return.en'");
}

TEST(what_is_for_staff_alone_stays_inside)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_APPROVE, .now_ms = NOW };
	struct put p = { .d = &d };
	const char *said = "You may return unused articles within 30 days of delivery. Ask at the "
			   "desk.";
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	OK(write_now(&w, hide_article, &p));
	CHECK(reindex(&w));
	asked(&w, "until when do I bring stuff back", "ann", said, true);
	asked(&w, "deadline to bring stuff back", "bob", said, true);
	asked(&w, "bring stuff back how late", "cat", said, true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "stuff");
	CHECK(g && g->draft && g->draft->edit);
	SV_EQ(g->draft->article_id, "return.en");
	OK(write_now(&w, save_run, &p));
	d.draft = text_of(&w, &a, "SELECT id FROM draft");
	OK(write_now(&w, decide_one, &p));
	SV_EQ(text_of(&w, &a, "SELECT audience FROM article WHERE id='return.en'"), "agent");
	SV_EQ(text_of(&w, &a, "SELECT updated_by FROM article WHERE id='return.en'"), "lily");
	arena_done(&a);
	close_world(&w);
}

TEST(what_contradicts_an_article_is_blocked)
{
	struct world w;
	static const char *const by[] = { "ann", "bob", "cat" };
	CHECK(open_world(&w));
	for (int i = 0; i < 3; i++)
		asked(&w, i & 1 ? "return an unused article after delivery, how many days" :
				  "how many days to return unused articles",
		      by[i], "You may return unused articles within 90 days of delivery.", true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "days");
	CHECK(g && g->draft && g->draft->blocked);
	HAS(g->draft->gates, "\"article_id\":\"return.en\"");
	HAS(g->draft->gates, "\"value\":\"within 90 days\"");
	close_world(&w);
}

TEST(somebody_says_yes_and_the_article_answers)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_APPROVE, .now_ms = NOW };
	struct put p = { .d = &d };
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	gift_wrap(&w);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	EQ(number(&w, "SELECT count(*) FROM gap WHERE state='drafted'"), 1);
	EQ(number(&w, "SELECT count(*) FROM gap_question"), 3);
	d.draft = text_of(&w, &a, "SELECT id FROM draft WHERE state='open'");
	d.version = 2;
	EQ(write_now(&w, decide_one, &p), ERR_CONFLICT);
	CHECK(d.why);
	d.version = 1;
	OK(write_now(&w, decide_one, &p));
	CHECK(reindex(&w));
	struct kb_query q = { .text = SV("do you wrap presents"), .lang = SV("en"), .k = 3 };
	struct kb_result r = { 0 };
	OK(kb_search(w.ix, &q, &a, &r));
	CHECK(r.n > 0);
	CHECK(sv_eq(r.hits[0].article_id, sv_of(d.article_id)));
	EQ(number(&w, "SELECT count(*) FROM event WHERE kind='kb.draft'"), 1);
	EQ(number(&w, "SELECT count(*) FROM gap WHERE state='closed'"), 1);
	EQ(write_now(&w, decide_one, &p), ERR_STATE);
	/* the next night it stays closed, and is the same gap */
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	EQ(number(&w, "SELECT count(*) FROM gap"), 1);
	EQ(number(&w, "SELECT count(*) FROM draft"), 1);
	arena_done(&a);
	close_world(&w);
}

/* Asked, answered from the article, closed; more: what follows the answer, or NULL. */
static void answered(struct world *w, const char *question, const char *article, const char *more)
{
	char body[300];
	int64_t seq = 0;
	w->n++;
	text_row(w, &seq, "turn.customer", question, "");
	(void)snprintf(body, sizeof(body),
		       "{\"text\":\"\",\"action\":\"reply\",\"found\":{\"p\":0.9},\"citations\":"
		       "[{\"article_id\":\"%s\",\"version\":1}]}", article);
	row(w, &seq, "turn.bot", body);
	if (more)
		row(w, &seq, "feedback", more);
	row(w, &seq, "conversation.closed", "{\"by\":\"customer\"}");
}

/* Approves what waits; false: nothing does, or it is refused. */
static bool approve_waiting(struct world *w, struct learn_decision *d, struct arena *a)
{
	struct put p = { .d = d };
	if (write_now(w, save_run, &p))
		return false;
	d->draft = text_of(w, a, "SELECT id FROM draft WHERE state='open'");
	return d->draft.n && write_now(w, decide_one, &p) == 0 && reindex(w);
}

TEST(a_learned_article_takes_the_ways_it_was_asked_since)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_APPROVE,
				    .now_ms = NOW - 4 * DAY };
	char id[128];
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	gift_wrap(&w);
	CHECK(look(&w) && approve_waiting(&w, &d, &a));
	memcpy(id, d.article_id, sizeof(id));
	answered(&w, "Hi, could it come with a bow? My order is HH2026-100357, thanks", id, NULL);
	answered(&w, "is it nicely packed?", id, "{\"value\":\"down\",\"turn\":1}");
	answered(&w, "how do I settle the bill", "pay.en", NULL);
	/* what went wrong since: the gap is looked at again */
	w.n += 3 * (int)(DAY / 60000);
	asked(&w, "Do you wrap my parcel as a present?", "ann",
	      "We wrap presents for CNY 8 a piece at the desk.", true);
	d.now_ms = 0;
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "parcel");
	CHECK(g && g->draft && g->draft->edit);
	SV_EQ(g->draft->article_id, id);
	HAS(g->draft->aliases, "parcel");
	HAS(g->draft->aliases, "Could it come with a bow?");
	CHECK(sv_find(g->draft->aliases, SV("100357")) < 0);
	CHECK(sv_find(g->draft->aliases, SV("thanks")) < 0);
	CHECK(sv_find(g->draft->aliases, SV("packed")) < 0);
	CHECK(sv_find(g->draft->aliases, SV("settle")) < 0);
	CHECK(sv_find(g->draft->evidence, SV("bow")) < 0);
	/* a draft that waits takes what came since */
	struct put p = { .d = &d };
	OK(write_now(&w, save_run, &p));
	answered(&w, "ribbons around the box possible", id, NULL);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	HAS(text_of(&w, &a, "SELECT aliases FROM draft WHERE state='open'"), "ibbons");
	/* and the article's version when that has moved on */
	EQ(number(&w, "SELECT base_version FROM draft WHERE state='open'"), 1);
	p.sql = "UPDATE article SET version=5 WHERE id LIKE 'learned%'";
	OK(write_now(&w, run_sql, &p));
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	EQ(number(&w, "SELECT base_version FROM draft WHERE state='open'"), 5);
	arena_done(&a);
	close_world(&w);
}

/* "The second one" is no question: the article picked is told of the question before. */
TEST(a_pick_from_offered_titles_belongs_to_the_question)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_APPROVE,
				    .now_ms = NOW - 4 * DAY };
	char body[300];
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	gift_wrap(&w);
	CHECK(look(&w) && approve_waiting(&w, &d, &a));
	for (int picked = 0; picked < 3; picked++) {
		static const char *const asks[] = { "the topmost of those",
						    "something with a ribbon",
						    "put a bow around the lamp" };
		int64_t seq = 0;
		w.n++;
		text_row(&w, &seq, "turn.customer", asks[picked], "");
		if (picked) {
			row(&w, &seq, "turn.bot",
			    "{\"text\":\"1. 2.\",\"action\":\"clarify\"}");
			text_row(&w, &seq, "turn.customer", "the second of them please", "");
		}
		(void)snprintf(body, sizeof(body),
			       "{\"text\":\"8\",\"action\":\"reply\",%s\"citations\":"
			       "[{\"article_id\":\"%s\",\"version\":1}]}",
			       picked ? "\"picked\":true," : "", d.article_id);
		row(&w, &seq, "turn.bot", body);
		if (picked == 2)
			row(&w, &seq, "feedback", "{\"value\":\"down\"}");
		row(&w, &seq, "conversation.closed", "{\"by\":\"customer\"}");
	}
	asked(&w, "Do you wrap my parcel as a present?", "ann",
	      "We wrap presents for CNY 8 a piece at the desk.", true);
	d.now_ms = 0;
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "parcel");
	CHECK(g && g->draft && g->draft->edit);
	HAS(g->draft->aliases, "topmost");   /* without the mark it would be taken */
	CHECK(sv_find(g->draft->aliases, SV("second")) < 0);
	HAS(g->draft->aliases, "ribbon");    /* picked, and nobody complained: a name of it */
	CHECK(sv_find(g->draft->aliases, SV("bow")) < 0);
	const struct learn_gap *r = gap_about(&w, "ribbon");
	CHECK(r && sv_eq(r->item[0]->article, sv_of(d.article_id)));
	CHECK(!gap_about(&w, "second of them"));
	arena_done(&a);
	close_world(&w);
}

TEST(names_lose_what_is_no_question)
{
	static const char *const cases[][2] = {
		{ "hi, new account?, thanks", "New account?" },
		{ "thanks", "Thanks" },
		{ "can I send it as a present? Thank you!", "Can I send it as a present?" },
		{ "您好，入会，谢谢", "入会" },
		{ "join membership My order is HH2026-100357", "Join membership" },
		{ "会员怎么开通 我的电话是13812345678", "会员怎么开通" },
	};
	struct arena a;
	arena_init(&a, LIM_ARENA_TURN);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		SV_EQ(learn_name(&a, sv_of(cases[i][0])), cases[i][1]);
	arena_done(&a);
}

TEST(somebody_says_no_and_why)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_REJECT, .now_ms = NOW };
	struct put p = { .d = &d };
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	gift_wrap(&w);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	d.draft = text_of(&w, &a, "SELECT id FROM draft");
	EQ(write_now(&w, decide_one, &p), ERR_INVAL);
	d.reason = SV("only in December");
	OK(write_now(&w, decide_one, &p));
	SV_EQ(text_of(&w, &a, "SELECT reason FROM draft"), "only in December");
	EQ(number(&w, "SELECT count(*) FROM article WHERE id LIKE 'learned%'"), 0);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	EQ(number(&w, "SELECT count(*) FROM draft WHERE state='open'"), 0);
	gift_wrap(&w);           /* twice as many ask now */
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	EQ(number(&w, "SELECT count(*) FROM draft WHERE state='open'"), 1);
	EQ(number(&w, "SELECT count(*) FROM gap"), 1);
	d.draft = SV("nothing");
	EQ(write_now(&w, decide_one, &p), ERR_NOTFOUND);
	arena_done(&a);
	close_world(&w);
}

TEST(an_edited_draft_is_checked_again)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_EDIT, .now_ms = NOW };
	struct put p = { .d = &d };
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	gift_wrap(&w);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	d.draft = text_of(&w, &a, "SELECT id FROM draft");
	d.body_md = SV("You may return unused articles within 99 days of delivery.");
	OK(learn_recheck(w.db, &d, &a));
	CHECK(d.blocked);
	OK(write_now(&w, decide_one, &p));
	EQ(number(&w, "SELECT version FROM draft WHERE state='blocked'"), 2);
	/* names that nobody speaks of stay, those that somebody empties go */
	CHECK(number(&w, "SELECT length(aliases) FROM draft") > 0);
	d.verb = LEARN_APPROVE;
	EQ(write_now(&w, decide_one, &p), ERR_STATE);
	d.verb = LEARN_EDIT;
	d.aliases = SV("");
	d.title = SV("Gift wrapping");
	d.body_md = SV("We wrap presents for CNY 8 a piece.");
	OK(learn_recheck(w.db, &d, &a));
	CHECK(!d.blocked);
	OK(write_now(&w, decide_one, &p));
	EQ(number(&w, "SELECT length(aliases) FROM draft"), 0);
	d.verb = LEARN_APPROVE;
	d.canary = 10;
	OK(write_now(&w, decide_one, &p));
	SV_EQ(text_of(&w, &a, "SELECT title FROM article WHERE id LIKE 'learned%'"),
	      "Gift wrapping");
	EQ(number(&w, "SELECT canary FROM article WHERE id LIKE 'learned%'"), 10);
	EQ(number(&w, "SELECT share FROM kb_canary"), 10);
	arena_done(&a);
	close_world(&w);
}

/* The words that somebody chose are not lost because the night found others. */
TEST(a_changed_draft_is_not_written_over_by_the_next_night)
{
	struct world w;
	struct arena a;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_EDIT, .now_ms = NOW };
	struct put p = { .d = &d, .sql = "UPDATE draft SET by_login=''" };
	CHECK(open_world(&w));
	arena_init(&a, LIM_ARENA_TURN);
	gift_wrap(&w);
	CHECK(look(&w));
	OK(write_now(&w, save_run, &p));
	d.draft = text_of(&w, &a, "SELECT id FROM draft");
	d.body_md = SV("We wrap presents for CNY 8 a piece, with a ribbon.");
	OK(learn_recheck(w.db, &d, &a));
	OK(write_now(&w, decide_one, &p));
	for (int i = 0; i < 3; i++)
		asked(&w, i & 1 ? "Do you wrap presents?" : "Can you gift wrap my present?",
		      i == 0 ? "ann" : i == 1 ? "bob" : "cat",
		      "We wrap presents for CNY 8 a piece at the desk. Choose a ribbon colour.",
		      true);
	CHECK(look(&w));
	CHECK(gap_about(&w, "wrap") && gap_about(&w, "wrap")->draft);
	HAS(gap_about(&w, "wrap")->draft->body_md, "ribbon colour");
	OK(write_now(&w, save_run, &p));
	SV_EQ(text_of(&w, &a, "SELECT body_md FROM draft"),
	      "We wrap presents for CNY 8 a piece, with a ribbon.");
	EQ(number(&w, "SELECT version FROM draft"), 2);
	OK(write_now(&w, run_sql, &p)); /* had nobody changed it, it would be renewed */
	OK(write_now(&w, save_run, &p));
	HAS(text_of(&w, &a, "SELECT body_md FROM draft"), "ribbon colour");
	EQ(number(&w, "SELECT count(*) FROM draft"), 1);
	arena_done(&a);
	close_world(&w);
}

TEST(what_changes_nothing_is_not_put_on_trial)
{
	struct world w;
	struct learn_decision d = { .by = SV("lily"), .verb = LEARN_APPROVE, .now_ms = NOW,
				    .draft = SV("01ARZ3NDEKTSV4RRFFQ69G5FAV"), .canary = 20 };
	struct put p = { .d = &d,
			 .sql = "INSERT INTO draft (id, gap, lang, kind, article_id, base_version, "
				"title, body_md, category, made_ms, updated_ms) SELECT "
				"'01ARZ3NDEKTSV4RRFFQ69G5FAV', 'g', lang, 'edit', id, version, "
				"title, body_md, category, 1, 2 FROM article WHERE id='pay.en'" };
	CHECK(open_world(&w));
	OK(write_now(&w, run_sql, &p));
	OK(write_now(&w, decide_one, &p));
	EQ(number(&w, "SELECT canary FROM article WHERE id='pay.en' AND version=1"), 0);
	EQ(number(&w, "SELECT count(*) FROM kb_canary"), 0);
	close_world(&w);
}

TEST(hostile_rows_harm_nothing)
{
	struct world w;
	int64_t seq = 0;
	CHECK(open_world(&w));
	w.n++;
	row(&w, &seq, "turn.agent", "{}");
	row(&w, &seq, "turn.bot", "{\"citations\":7,\"action\":[]}");
	row(&w, &seq, "feedback", "{\"turn\":99999,\"value\":\"down\"}");
	row(&w, &seq, "turn.customer", "{\"text\":42}");
	text_row(&w, &seq, "turn.customer", "????", "");
	row(&w, &seq, "turn.bot", "{\"action\":\"decline\"}");
	CHECK(look(&w));
	CHECK(w.run->n_gap <= 1);
	close_world(&w);
}
