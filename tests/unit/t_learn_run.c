/* t_learn_run.c: from the river to gaps and drafts, and what people decide about them. */
#include "t_learn_help.h"

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
