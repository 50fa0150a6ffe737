/* talk_move.c: a person takes the customer over (chan_transfer): the hand-over sentence, the
 * wait while it rings, the person's part, and the way back.
 *
 * One wish is one transfer: it is noted when the sentence is chosen and done once, when that
 * sentence is over, cut or not; what asks again meanwhile hears that it is under way. While it
 * rings the customer is still ours and is answered. With a person the core only listens: words
 * go on the record. "failed" brings the customer back, with a sentence that says why. Pure like
 * the rest of the core. */
#include "talk_core.h"

#include <stdio.h>

#define WAIT_MS 5500                 /* silence while it rings, between two phrases */
#define WAITS_MAX 15                 /* phrases; then nobody will come any more */

bool talk_moves(const struct talk_core *c)
{
	const char *to = c->cfg->transfer_to;
	return (c->caps & CHAN_MOVES) && to && *to;
}

bool talk_can_move(const struct talk_core *c)
{
	return talk_people_there(c) || talk_moves(c);
}

const char *talk_hand_over(struct talk_core *c, const char *otherwise)
{
	bool asked = strcmp(otherwise, "handoff") == 0; /* by the customer; else it is ours */
	if (!talk_can_move(c))
		return asked && c->persons++ ? "handoff_again" : otherwise;
	bool queue = talk_people_there(c);
	if (c->move) {
		c->person.reason = NULL;
		return queue ? "queue_again" : "transfer_wait";
	}
	c->move = MOVE_WANTED;
	if (queue && !c->person.reason)
		c->person.reason = asked ? "customer_asked" : "policy";
	return !queue ? "transfer" : c->voice ? "queue_voice" : "queue";
}

static void record(struct talk_core *c, const char *state, sv reason, int status,
		   struct arena *a, struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 4096);
	sb_fmt(&b, "{\"state\":\"%s\"", state);
	if (reason.n) {
		sb_cstr(&b, ",\"reason\":");
		sb_json(&b, reason);
	}
	if (status > 0)
		sb_fmt(&b, ",\"status\":%d", status);
	if (strcmp(state, "asked") == 0) {
		sb_cstr(&b, ",\"to\":");
		sb_json(&b, sv_of(c->cfg->transfer_to));
	}
	sb_ch(&b, '}');
	talk_act_record(c, acts, "call.transfer", "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

/* ---- what the person is told ---- */

/* The last question that was answered and its answer, before the wish for a person. */
static int answered(const struct talk_core *c)
{
	for (int i = c->n_past - 1; i > 0; i--)
		if (!c->past[i - 1].bot && c->past[i].bot && i + 1 < c->n_past)
			return i;
	return -1;
}

static sv first_sentence(const struct talk_core *c, sv s, struct arena *a)
{
	size_t n = talk_sentence_end(s, true);
	s = sv_trim(sv_slice(s, 0, n < 200 ? n : sv_rune_offset(s, 80)));
	while (sv_ends(s, SV(":")) || sv_ends(s, SV("：")))
		s = sv_slice(s, 0, s.n - (sv_ends(s, SV(":")) ? 1 : strlen("：")));
	if (!s.n || talk_ended(s))
		return s;
	return sv_of(arena_fmt(a, SV_FMT "%s", SV_ARG(s), strcmp(c->lang, "zh") ? "." : "。"));
}

/* Who, language, mood, the last question and what was answered, and where their business stands:
 * short, to be spoken. */
sv talk_briefing(struct talk_core *c, struct arena *a)
{
	char key[40], mood[40];
	int i = answered(c);
	snprintf(key, sizeof(key), "language_%s", c->lang);
	snprintf(mood, sizeof(mood), "mood_%s", c->feel.emotion);
	const char *someone = c->voice ? "briefing_someone" : "briefing_someone_chat";
	const char *full = c->voice ? "briefing" : "briefing_chat",
		   *brief = c->voice ? "briefing_short" : "briefing_short_chat";
	sv pairs[] = {
		SV("who"), c->who ? sv_of(c->who) : talk_own(c, someone),
		SV("language"), talk_own(c, key),
		SV("mood"), talk_own(c, mood),
		SV("question"), i > 0 ? first_sentence(c, sv_of(c->past[i - 1].text), a) : SV_NULL,
		SV("answer"), i > 0 ? first_sentence(c, sv_of(c->past[i].text), a) : SV_NULL,
	};
	sv text = talk_fill(a, talk_own(c, i > 0 ? full : brief), pairs, 10);
	sv stands = c->box ? talk_case_words(c, a) : SV_NULL;
	return talk_two(c, text, stands, a);
}

/* ---- the way there ---- */

static void go(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	c->move = MOVE_ASKED;
	c->move_waits = 0;
	c->tally.transfers++;
	if (c->who)
		talk_profile_use(c, TALK_USE_BRIEFING, a, acts);
	record(c, "asked", SV_NULL, 0, a, acts);
	struct talk_act *x = talk_act_add(acts, TACT_TRANSFER);
	x->text = sv_of(c->cfg->transfer_to);
	x->context = talk_briefing(c, a);
	x->lang = sv_of(c->lang);
	if (c->sm.now == TS_LISTENING && !c->mouth)
		talk_act_timer(acts, TT_SILENCE, WAIT_MS);
}

void talk_move_due(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (c->move == MOVE_WANTED && talk_people_there(c))
		talk_person_ask(c, a, acts);
	else if (c->move == MOVE_WANTED)
		go(c, a, acts);
}

static void back(struct talk_core *c, sv why, int status, struct arena *a,
		 struct talk_acts *acts)
{
	static const char *const known[] = { "busy", "no answer", "declined", "unreachable",
					     "gone" };
	char key[40] = "reason_unreachable";
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (sv_eq(why, sv_of(known[i])))
			snprintf(key, sizeof(key), "reason_%s", known[i]);
	for (char *p = key; *p; p++)
		*p = *p == ' ' ? '_' : *p;
	record(c, "failed", why, status, a, acts);
	c->move = MOVE_NONE;
	sv pairs[] = { SV("reason"), talk_own(c, key) };
	bool gone = strcmp(key, "reason_gone") == 0;
	sv text = talk_fill(a, talk_own(c, gone ? "transfer_back" : "transfer_failed"), pairs, 2);
	talk_notice(c, text, false, a, acts);
}

bool talk_move_waits(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	if (c->move != MOVE_ASKED)
		return false;
	if (talk_people_there(c)) {
		talk_person_waits(c, a, acts);
		return true;
	}
	if (c->move_waits++ >= WAITS_MAX) {
		back(c, SV("no answer"), 0, a, acts);
		return true;
	}
	talk_aside(c, "transfer_wait", "progress", a, acts);
	talk_act_timer(acts, TT_SILENCE, WAIT_MS);
	return true;
}

/* ---- how it goes ---- */

void talk_on_moved(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		   struct talk_acts *acts)
{
	static const char *const steps[] = { "ringing", "briefing", "left" };
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (sv_eq(ev->text, sv_of(steps[i])))
			record(c, steps[i], SV_NULL, 0, a, acts);
	if (sv_eq(ev->text, SV("left")))
		c->move = MOVE_LEFT;
}

void talk_on_joined(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		    struct talk_acts *acts)
{
	if (!sm_can(&c->sm, TS_AWAY))
		return;
	talk_cut_in(c, ev, a, acts);
	talk_queue_clear(c);
	xfree(c->notice);
	c->notice = NULL;
	c->goodbye = c->mouth = false;
	talk_keys_clear(c, acts);
	c->move = MOVE_JOINED;
	c->person.moved = true;
	talk_act_timer(acts, TT_SILENCE, 0);
	record(c, "joined", SV_NULL, 0, a, acts);
	sm_move(&c->sm, TS_AWAY);
}

void talk_on_back(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts)
{
	if (c->move != MOVE_ASKED && c->move != MOVE_JOINED && c->move != MOVE_LEFT)
		return;
	c->person.moved = false;
	if (c->sm.now == TS_AWAY) {
		sm_move(&c->sm, TS_LISTENING);
		talk_await_customer(c, acts);
	}
	back(c, ev->client_id, ev->err, a, acts);
}

/* The customer and the person talk: we write down. */
void talk_away(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
	       struct talk_acts *acts)
{
	switch (ev->kind) {
	case TEV_TEXT:
		feel_turn(&c->feel, ev->text, sv_of(c->lang));
		talk_follow(c, ev->text);
		c->turn++;
		talk_record_customer(c, ev, a, acts);
		talk_record_turning(c, a, acts);
		if (c->person.there)
			talk_remember(c, false, ev->model_text);
		break;
	case TEV_KEY:
		if (ev->text.n == 1)
			talk_record_key(c, ev->text.p[0], a, acts);
		break;
	case TEV_MOVED:
		talk_on_moved(c, ev, a, acts);
		break;
	case TEV_BACK:
		talk_on_back(c, ev, a, acts);
		break;
	case TEV_WORD:
		talk_on_word(c, ev, a, acts);
		break;
	case TEV_PARTY_IN:
	case TEV_PARTY:
		talk_on_party(c, ev, a, acts);
		break;
	case TEV_TIMER:
		if (ev->timer == TT_SILENCE && c->person.there)
			talk_person_lost(c, a, acts);
		break;
	case TEV_TOOL:
		talk_on_tool(c, ev, a, acts);
		break;
	case TEV_CLOSE:
		talk_on_close(c, ev, a, acts);
		break;
	default:
		break;
	}
}
