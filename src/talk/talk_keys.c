/* talk_keys.c: the telephone's keys: a menu, a wish for a person, or a number that was asked
 * for.
 *
 * While an action waits for the customer's yes, 1 is yes and 2 is no. After a question for a
 * number its digits are gathered until hash or a pause, and come in as one text (via "dtmf").
 * Star begins the number anew; zero alone asks for a person as it does everywhere. What a long
 * number was is kept only in masked form: a card as guard masks it, an order number that was
 * asked for as an order number, anything else as [digits]. Digits of a long row of keys that
 * nobody asked for are not recorded either. Pure like the rest of the core. */
#include "talk_core.h"
#include "guard.h"

#include <ctype.h>

#define KEYS_MS 3000                 /* from one digit to the next */
#define SECRET_FROM 4                /* keys in a row that may be a PIN or a card */

void talk_record_key(struct talk_core *c, char key, struct arena *a, struct talk_acts *acts)
{
	bool row = c->key_us && c->now_us - c->key_us < KEYS_MS * INT64_C(1000);
	c->key_run = row ? c->key_run + 1 : 1;
	c->key_us = c->now_us;
	struct sb b;
	sb_init(&b, 64);
	sb_fmt(&b, "{\"digit\":\"%c\"}", c->key_run >= SECRET_FROM ? 'x' : key);
	talk_act_record(c, acts, "call.dtmf", "customer", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

/* ---- a number ---- */

void talk_keys_clear(struct talk_core *c, struct talk_acts *acts)
{
	if (!c->n_digits)
		return;
	memset(c->digits, 0, sizeof(c->digits));
	c->n_digits = 0;
	talk_act_timer(acts, TT_KEYS, 0);
}

static void feed_number(struct talk_core *c, sv digits, const struct talk_ev *ev, struct arena *a,
			struct talk_acts *acts)
{
	struct guard_in in;
	if (guard_inbound(digits, a, &in))
		return;
	bool found = !sv_eq(in.masked, in.clean);   /* guard knows what it is */
	bool hide = digits.n >= SECRET_FROM && !found;
	sv as = c->order_asked ? SV("[order_number]") : SV("[digits]");
	struct talk_ev text = {
		.kind = TEV_TEXT, .text = in.clean, .via = "dtmf", .confidence = 1,
		.masked = hide ? as : in.masked,
		.model_text = hide && !c->order_asked ? as : in.model,
		.start_ms = ev->start_ms, .end_ms = ev->end_ms, .now_us = ev->now_us,
	};
	talk_on_text(c, &text, a, acts);
}

static void ask_person(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	c->person.reason = "key_0";
	if (talk_people_there(c)) {          /* the plan is as for words */
		c->feel.wants_human = true;
		talk_plan(c, FOUND_UNKNOWN);
	}
	talk_canned(c, talk_hand_over(c, "handoff"), POL_HANDOFF, a, acts);
}

static void number_over(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
			struct talk_acts *acts)
{
	sv digits = arena_sv(a, sv_n(c->digits, (size_t)c->n_digits));
	talk_keys_clear(c, acts);
	if (sv_eq(digits, SV("0")) && c->person.rating != SURVEY_NPS) {
		c->turn++;
		talk_record_key(c, '0', a, acts);
		ask_person(c, a, acts);
		return;
	}
	feed_number(c, digits, ev, a, acts);
}

void talk_on_keys_over(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts)
{
	if (c->n_digits && c->sm.now != TS_WRAPPING && c->sm.now != TS_HELD)
		number_over(c, ev, a, acts);
}

/* True: the key belongs to a number. */
static bool gathers(struct talk_core *c, char key, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	if (c->expect != CHAN_EXPECT_DIGITS && c->n_digits == 0)
		return false;
	if (key == '#' && c->n_digits) {
		number_over(c, ev, a, acts);
		return true;
	}
	if (key == '*' && c->n_digits) {
		talk_keys_clear(c, acts);
		sm_move(&c->sm, TS_LISTENING);
		talk_await_customer(c, acts);
		return true;
	}
	if (!isdigit((unsigned char)key))
		return false;
	if (c->n_digits < TALK_DIGITS)
		c->digits[c->n_digits++] = key;
	talk_act_timer(acts, TT_KEYS, KEYS_MS);
	return true;
}

/* 1 and 2 answer the question whether something may be done. */
static bool answers(struct talk_core *c, char key, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	bool zh = strcmp(c->lang, "zh") == 0;
	bool asks = c->svc.waits == WAITS_YES || talk_offer_asks(c);
	if (!asks || (key != '1' && key != '2'))
		return false;
	sv says = key == '1' ? (zh ? SV("是的") : SV("yes")) : (zh ? SV("不用了") : SV("no"));
	struct talk_ev text = {
		.kind = TEV_TEXT, .text = says, .masked = says, .model_text = says,
		.via = "dtmf", .confidence = 1,
		.start_ms = ev->start_ms, .end_ms = ev->end_ms, .now_us = ev->now_us,
	};
	talk_on_text(c, &text, a, acts);
	return true;
}

/* ---- a menu ---- */

static void menu(struct talk_core *c, char key, int64_t now_us, struct arena *a,
		 struct talk_acts *acts)
{
	char name[] = "menu_x";
	name[5] = key;
	sv article = talk_text(c->cfg->texts, sv_of(c->lang), name, 0);
	if (!article.n) {
		talk_canned(c, "menu_unknown", POL_CLARIFY, a, acts);
		return;
	}
	talk_start_turn(c, SV_NULL, SV_NULL, c->turn);
	c->t.began_us = now_us;
	sm_move(&c->sm, TS_THINKING);
	struct talk_act *x = talk_act_add(acts, TACT_ARTICLE);
	x->text = arena_sv(a, article);
	x->lang = sv_of(c->lang);
	x->gen = ++c->gen;
}

static void menu_key(struct talk_core *c, char key, const struct talk_ev *ev, struct arena *a,
		     struct talk_acts *acts)
{
	if (key == '0') {
		ask_person(c, a, acts);
	} else if (key == '*') {
		memcpy(c->lang, strcmp(c->lang, "zh") == 0 ? "en" : "zh", 3);
		c->asr_lost = false; /* the channel tells when this language has no recogniser
					either */
		talk_where_language(c, a);
		talk_canned(c, "menu", POL_REPLY, a, acts);
	} else if (key == '#') {
		talk_canned(c, "menu", POL_REPLY, a, acts);
	} else {
		menu(c, key, ev->now_us, a, acts);
	}
}

void talk_on_key_early(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		       struct talk_acts *acts)
{
	if (ev->text.n == 1)
		talk_record_key(c, *ev->text.p, a, acts);
}

void talk_on_key(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		 struct talk_acts *acts)
{
	if (ev->text.n != 1)
		return;
	char key = ev->text.p[0];
	talk_act_timer(acts, TT_SILENCE, 0);
	c->silences = c->tries = 0;
	c->mouth = false;
	talk_cut_in(c, ev, a, acts);
	if (c->in_turn)
		return;
	talk_move_due(c, a, acts);
	if (c->goodbye)         /* said goodbye to, the customer stays */
		sm_move(&c->sm, TS_THINKING);
	c->goodbye = false;
	if (talk_rating_key(c, key, a, acts) || answers(c, key, ev, a, acts))
		return;
	if (gathers(c, key, ev, a, acts)) {
		if (c->n_digits)
			sm_move(&c->sm, TS_LISTENING);
		return;
	}
	talk_queue_clear(c);
	c->turn++;
	if (!ev->via || strcmp(ev->via, "kept") != 0)
		talk_record_key(c, key, a, acts);
	menu_key(c, key, ev, a, acts);
}
