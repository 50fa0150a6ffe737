/* talk_meta.c: words about the talk itself: "say that again", "that is not what I meant", "I told
 * you already", "hurry up"; and a card number that should not have been written.
 *
 * They are recognised as small talk is (feel/data/small.tsv) and answered before anything else
 * that is open, which is led back to. Pure like the rest of the core. */
#include "talk_core.h"

/* What the last reply was put to be answered by. */
static const char *expected(const struct talk_core *c)
{
	if (c->expect == CHAN_EXPECT_YESNO)
		return "yes_no";
	if (c->expect != CHAN_EXPECT_DIGITS)
		return "open";
	return c->order_asked ? "order_number" : "digits";
}

/* The last line of ours that is remembered. */
static sv last_line(const struct talk_core *c)
{
	for (int i = c->n_past - 1; i >= 0; i--)
		if (c->past[i].bot)
			return sv_of(c->past[i].text);
	return SV_NULL;
}

/* A number that was read back is not on the record this time either. */
static void say_again(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	bool read = c->saying && c->person.read_in && c->person.read_in == c->say_id;
	sv text = c->saying && *c->saying ? sv_of(c->saying) : last_line(c);
	struct talk_reply r = { .text = arena_sv(a, text), .action = POL_REPLY,
				.expect = expected(c), .grounded = true };
	r.as = read ? arena_sv(a, last_line(c)) : SV_NULL;
	r.asks = c->svc.waits == WAITS_YES;
	if (text.n)
		talk_reply(c, &r, a, acts);
	else
		talk_canned(c, "small_again", POL_REPLY, a, acts);
}

/* What was being done is not what is wanted; the second time a colleague is offered. */
static void not_meant(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (c->svc.waits == WAITS_YES) {
		talk_service_give_up(c, a, acts);
		return;
	}
	if (c->flow && c->flows && !flow_did(c->flow))
		talk_news(c, talk_flow_left(c, flow_id(c->flow), a), false);
	talk_service_quit(c);
	if (c->missed++)
		talk_offer_person(c, "small_not_meant", a, acts);
	else
		talk_canned(c, "small_not_meant", POL_CLARIFY, a, acts);
}

static bool is_open(const struct talk_core *c)
{
	return c->flow || c->svc.waits != WAITS_NOTHING;
}

static void told_already(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	sv order = sv_of(c->svc.about ? c->svc.about : "");
	sv pairs[] = { SV("order"), order };
	if (is_open(c)) {
		c->t.back = true;
		talk_canned(c, "small_told_open", POL_CLARIFY, a, acts);
		return;
	}
	if (!order.n) {
		talk_canned(c, "small_told", POL_CLARIFY, a, acts);
		return;
	}
	sv text = talk_fill(a, talk_own(c, "small_told_order"), pairs, 2);
	talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_CLARIFY,
					    .expect = "open" }, a, acts);
}

static void hurries(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	bool waits = c->move == MOVE_ASKED && c->person.there;
	if (waits) {
		sv text = talk_two(c, talk_own(c, "small_hurry_sorry"), talk_person_place(c, a), a);
		talk_reply(c, &(struct talk_reply){ .text = text, .action = POL_REPLY,
						    .expect = "open" }, a, acts);
	} else if (is_open(c)) {
		c->t.back = true;
		talk_canned(c, "small_hurry_sorry", POL_REPLY, a, acts);
	} else {
		talk_canned(c, "small_hurry", POL_REPLY, a, acts);
	}
}

bool talk_meta_words(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	static const struct {
		const char *small;
		bool tells;          /* may be the answer to an open question, too */
		void (*answer)(struct talk_core *c, struct arena *a, struct talk_acts *acts);
	} rows[] = {
		{ "again", false, say_again },
		{ "not_meant", true, not_meant },
		{ "told", false, told_already },
		{ "hurry", true, hurries },
	};
	bool story = c->flow && flow_asks_for(c->flow) == FLOW_ASKS_WORDS;
	for (size_t i = 0; c->feel.small_talk && i < sizeof(rows) / sizeof(*rows); i++)
		if (strcmp(c->feel.small, rows[i].small) == 0 && !(story && rows[i].tells)) {
			rows[i].answer(c, a, acts);
			return true;
		}
	return false;
}

void talk_meta_card(struct talk_core *c, sv masked)
{
	if (c->card_told || sv_find(masked, SV("[bank_card]")) < 0)
		return;
	c->card_told = true;
	talk_news(c, talk_own(c, "card_hidden"), false);
}
