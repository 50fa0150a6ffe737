/* Unit tests of customers who were here before: an address is a claim, of which nothing is said. */
#include "t_talk_served.h"

static const struct chan_profile li = { .id = SV("c010"), .name = SV("Luo Wenbo"),
					.tier = SV("gold"), .language = SV("zh"),
					.last_order = SV("HH2026-100367"),
					.last_status = SV("shipped"), .contacts_7d = 2 };
#define STOOD \
	"{\"channel\":\"webchat\",\"open\":true,\"last_question\":\"Where is my pillow?\"," \
	"\"last_reply\":\"It is on its way.\"}"

static void claim(struct served *s, const char *where)
{
	served_open(s, CHAT, 1);
	bench_feed(&s->b, (struct talk_ev){ .kind = TEV_WHO, .profile = &li,
					    .level = TOOL_CLAIMED, .text = sv_of(where) });
}

static struct talk_got grant(const char *id)
{
	struct talk_got g = res("identify", TOOL_DONE, "Thank you.");
	g.grant_customer = sv_of(id);
	g.grant = TOOL_KNOWN;
	return g;
}

TEST(talk_where_a_claim_says_nothing)
{
	struct served s;
	claim(&s, "{}");
	CHECK(!bench_act(&s.b, TACT_SAY));
	EQ(s.b.c.svc.level, TOOL_CLAIMED);
	STR_EQ(s.b.c.svc.customer, "c010");
	CHECK(!s.b.c.profile);
	HAS(bench_rec(&s.b, "customer.known")->text, "\"level\":1");
	s.b.models = 0;
	hear(&s, "where is my order");
	bench_feed(&s.b, ev_found(&s.b));
	CHECK(sv_find(reply_text(&s), SV("HH2026")) < 0);
	served_close(&s);
}

TEST(talk_where_is_offered_once_and_told_when_known)
{
	struct served s;
	claim(&s, STOOD);
	HAS(reply_text(&s), "We talked earlier in the chat");
	CHECK(sv_find(reply_text(&s), SV("pillow")) < 0);
	hear(&s, "yes");
	HAS(reply_text(&s), "who you are");
	struct talk_ev ev = ev_text("HH2026-100367 and 1370");
	ev.slots = SV("[{\"type\":\"order_number\",\"value\":\"HH2026-100367\",\"text\":\"x\"}]");
	bench_feed(&s.b, ev);
	SV_EQ(tool_act(&s)->text, "identify");
	got(&s, grant("c010"));
	HAS(reply_text(&s), "Where is my pillow?");
	HAS(reply_text(&s), "It is on its way.");
	CHECK(bench_rec(&s.b, "conversation.continued"));
	CHECK(s.b.c.profile == &li);
	served_close(&s);
}

TEST(talk_where_somebody_else_gets_nothing)
{
	struct served s;
	claim(&s, STOOD);
	hear(&s, "yes");
	struct talk_ev ev = ev_text("HH2026-100367 and 0000");
	ev.slots = SV("[{\"type\":\"order_number\",\"value\":\"HH2026-100367\",\"text\":\"x\"}]");
	bench_feed(&s.b, ev);
	got(&s, res("identify", TOOL_NOT_FOUND, ""));
	CHECK(sv_find(reply_text(&s), SV("pillow")) < 0);
	CHECK(!s.b.c.profile);
	served_close(&s);
	/* known, but as another than the one whose address it is */
	claim(&s, STOOD);
	hear(&s, "yes");
	bench_feed(&s.b, ev);
	got(&s, grant("c011"));
	CHECK(sv_find(reply_text(&s), SV("pillow")) < 0);
	CHECK(!s.b.c.profile);
	served_close(&s);
}

TEST(talk_where_no_and_other_words)
{
	struct served s;
	claim(&s, STOOD);
	hear(&s, "no thanks");
	HAS(reply_text(&s), "What can I do for you");
	served_close(&s);
	claim(&s, STOOD);
	s.b.models = 0;
	hear(&s, "how long can I return an article?");
	bench_feed(&s.b, ev_found(&s.b));
	HAS(reply_text(&s), "30 days");
	hear(&s, "yes");             /* to nothing any more */
	CHECK(!tool_act(&s) && sv_find(reply_text(&s), SV("who you are")) < 0);
	served_close(&s);
}
