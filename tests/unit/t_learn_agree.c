/* t_learn_agree.c: what people agree on, and what is no answer. */
#include "t_learn_help.h"

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

TEST(two_answers_are_not_enough_where_a_customer_refused_the_same)
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

/* Two who name the same value do not err alike; one of them alone may, and where somebody names
 * another it takes three, or twice as many. What a customer refused speaks for the others. */
TEST(two_who_agree_on_a_value_are_enough)
{
	static const struct {
		const char *by, *says, *third;
		bool good, draft;
	} row[] = {
		{ "bob", "Parcels cost ¥12 and arrive within 4 days.", NULL, true, true },
		{ "bob", "Parcels cost ¥12 and arrive within 6 days.", NULL, true, false },
		{ "ann", "Parcels cost CNY 12 and arrive within 4 days.", NULL, true, false },
		{ "bob", "Parcels cost ¥12 and arrive within 4 days.",
		  "Parcels cost CNY 17 and arrive within 4 days.", true, false },
		{ "bob", "Parcels cost ¥12 and arrive within 4 days.",
		  "Parcels cost CNY 17 and arrive within 4 days.", false, true },
		{ "bob", "Parcels cost ¥12 and arrive within 4 days.",
		  "Parcels cost 12 yuan and arrive within 4 days.", false, false },
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct world w;
		CHECK(open_world(&w));
		asked(&w, "What does a parcel cost to send?", "ann",
		      "Parcels cost CNY 12 and arrive within 4 days.", true);
		asked(&w, "Cost of sending a parcel?", row[i].by, row[i].says, true);
		if (row[i].third)
			asked(&w, "Sending a parcel, the cost?", "cat", row[i].third, row[i].good);
		CHECK(look(&w));
		const struct learn_gap *g = gap_about(&w, "parcel");
		CHECK(g && !g->draft == !row[i].draft);
		EQ(g->draft ? g->draft->agents : 0, row[i].draft ? 2 : 0);
		if (g->draft)
			HAS(g->draft->body_md, "12");
		close_world(&w);
	}
}

/* Without a value two are enough for what they say after this question alone. */
TEST(what_two_say_after_any_question_is_manners)
{
	static const char both[] =
		"We wrap presents for CNY 8 at the desk. Bring a ribbon along if "
		"you like. Our staff is lovely.";
	struct world w;
	CHECK(open_world(&w));
	asked(&w, "Do you wrap presents?", "ann", both, true);
	asked(&w, "Can you wrap presents?", "bob", both, true);
	asked(&w, "Is the cafe warm in winter?", "cat",
	      "The cafe is heated from autumn to spring, and hot soup is served until "
	      "evening. Our staff is lovely.", true);
	asked(&w, "Where can my dog drink?", "dan",
	      "Bowls with fresh water stand outside under the large tree behind the "
	      "fountain. Our staff is lovely.", true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "wrap");
	CHECK(g && g->draft);
	EQ(g->n, 2);
	HAS(g->draft->body_md, "CNY 8");
	HAS(g->draft->body_md, "Bring a ribbon along");
	CHECK(sv_find(g->draft->body_md, SV("lovely")) < 0);
	close_world(&w);
}

/* Asked in the same words, answered from two articles: two gaps, each with its draft. */
TEST(what_nobody_says_together_is_of_two_topics)
{
	static const char *const who[] = { "ann", "bob", "cat", "dan" };
	static const char
		how[] = "Tick the box at checkout, a printed copy costs CNY 5. It comes by "
			"mail.",
		fix[] = "Wrong details are changed within 60 days under Correct. The old "
			"one is void.";
	for (int alike = 0; alike < 2; alike++) {
		struct world w;
		CHECK(open_world(&w));
		for (int i = 0; i < 4; i++)
			asked(&w, "A question about my invoice", who[i],
			      alike || i < 2 ? how : fix, true);
		CHECK(look(&w));
		EQ(w.run->n_gap, alike ? 1 : 2);
		for (size_t i = 0; i < w.run->n_gap; i++) {
			const struct learn_gap *g = &w.run->gap[i];
			CHECK(g->draft);
			EQ(g->n, alike ? 4 : 2);
			bool is_how = sv_find(g->draft->body_md, SV("checkout")) >= 0;
			CHECK(is_how != (sv_find(g->draft->body_md, SV("60 days")) >= 0));
		}
		close_world(&w);
	}
}

/* "My order is ..." is no part of what is asked: neither a reason to be one gap nor lost with
 * it. */
TEST(an_order_number_makes_no_gap)
{
	struct world w;
	CHECK(open_world(&w));
	asked(&w, "do you wrap presents My order is HH2026-100357", NULL, NULL, true);
	asked(&w, "is the cafe warm My order is HH2026-100358", NULL, NULL, true);
	asked(&w, "where can dogs drink My order is HH2026-100359", NULL, NULL, true);
	CHECK(look(&w));
	EQ(w.run->n_gap, 3);
	for (size_t i = 0; i < 3; i++) {
		CHECK(w.run->gap[i].item[0]->text.n > 0);
		CHECK(sv_find(w.run->gap[i].item[0]->text, SV("order")) < 0);
	}
	close_world(&w);
}

/* However many say it: somebody will know later. With a value it says something. */
TEST(what_puts_the_customer_off_is_no_answer)
{
	static const struct {
		const char *says;
		bool answers;
	} row[] = {
		{ "I have to ask a colleague about presents and will call you back.", false },
		{ "Let me check this with the other team, please bear with me.", false },
		{ "I have forwarded it, somebody will be in touch with you tomorrow.", false },
		{ "I'm afraid that's not something we offer.", false },
		{ "Hello, thank you for waiting.", false },
		{ "About presents we will call you back within 24 hours.", true },
		{ "Thank you for waiting, our presents are wrapped at the desk.", true },
		{ "Hello, thank you for waiting, presents are wrapped at the desk.", true },
		{ "You can ask a colleague to collect the presents.", true },
	};
	static const char *const who[] = { "ann", "bob", "cat", "dan" };
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct world w;
		CHECK(open_world(&w));
		for (int k = 0; k < 4; k++)
			asked(&w, k % 2 ? "Do you wrap presents?" : "Can you wrap presents?",
			      who[k], row[i].says, true);
		CHECK(look(&w));
		CHECK(gap_about(&w, "wrap") && !gap_about(&w, "wrap")->draft == !row[i].answers);
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

/* A number that an article for everybody names is an answer; a customer's, and one for staff
 * alone, are nobody's business. */
TEST(the_companys_own_number_stays_in_an_answer)
{
	const struct kb_article inside = {
		.id = SV("desk.en"), .group_id = SV("desk.en"), .lang = SV("en"),
		.title = SV("Inside line"), .audience = SV("staff"),
		.body_md = SV("The inside line of the desk is 021-61234567.") };
	struct put p = { .a = &inside };
	struct world w;
	CHECK(open_world(&w));
	CHECK(article(&w, "call.en", "Your contact",
		      "Call 400-810-6600 or write to Care@harbour.example."));
	OK(write_now(&w, put_article, &p));
	CHECK(reindex(&w));
	asked(&w, "Do you wrap presents?", "ann",
	      "Call 4008106600 and choose 5, wrapping a present costs CNY 8. Write to "
	      "care@harbour.example for a colour. We ring 13812345678 when the parcel is done.",
	      true);
	asked(&w, "Can you gift wrap presents?", "bob",
	      "Call 400-810-6600 and choose 5, wrapping a present costs CNY 8. Write to "
	      "care@harbour.example for a colour. The inside line 021-61234567 knows the rest. "
	      "We ring 13812345678 when the parcel is done.",
	      true);
	asked(&w, "gift wrapping of presents?", "cat",
	      "Call 400 810 6600 and choose 5, wrapping a present costs CNY 8. Write to "
	      "care@harbour.example for a colour. The inside line 021-61234567 knows the rest.",
	      true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "wrap");
	CHECK(g && g->draft);
	HAS(g->draft->body_md, "6600");
	HAS(g->draft->body_md, "care@harbour.example");
	CHECK(sv_find(g->draft->body_md, SV("138")) < 0);
	CHECK(sv_find(g->draft->body_md, SV("612")) < 0);
	for (size_t i = 0; i < g->n; i++)
		CHECK(sv_find(g->item[i]->answer[0].text, SV("1381")) < 0);
	close_world(&w);
}

/* What a customer refused and an agent then put right: the second word counts, not the first. */
TEST(a_correction_takes_the_place_of_what_was_refused)
{
	struct world w;
	int64_t seq = 0;
	CHECK(open_world(&w));
	w.n++;
	text_row(&w, &seq, "turn.customer", "What does a parcel cost to send?", "");
	row(&w, &seq, "handover", "{}");
	text_row(&w, &seq, "turn.agent", "Sending a parcel costs CNY 17 in all cases.",
		 ",\"by\":\"ann\"");
	row(&w, &seq, "feedback", "{\"value\":\"down\"}");
	text_row(&w, &seq, "turn.agent", "Sending a parcel costs CNY 12 in all cases.",
		 ",\"by\":\"ann\"");
	row(&w, &seq, "conversation.closed", "{\"by\":\"customer\"}");
	asked(&w, "Cost of sending a parcel?", "bob", "Sending a parcel costs CNY 12 in all cases.",
	      true);
	CHECK(look(&w));
	const struct learn_gap *g = gap_about(&w, "parcel");
	CHECK(g && g->draft);
	EQ(g->n, 2);
	EQ(g->draft->agents, 2);
	HAS(g->draft->body_md, "CNY 12");
	CHECK(sv_find(g->draft->body_md, SV("17")) < 0);
	close_world(&w);
}
