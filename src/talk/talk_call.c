/* talk_call.c: actions that a language model asks for by a tool call: hand over, ask back, say
 * that nothing answers, end.
 *
 * A call is a wish. It is noted when it comes and done when the model has ended, so that text
 * and action make one reply. What the customer then hears or gets is decided here: a question
 * must pass the same check as any sentence, and a conversation is ended only for a customer who
 * said goodbye. An unknown name or bad arguments count as nothing asked, on the record. Pure. */
#include "talk_core.h"

static const char *const names[TALK_ASKED_COUNT] = {
	[TALK_ASKED_NOTHING] = "",
	[TALK_ASKED_HANDOFF] = "handoff",
	[TALK_ASKED_CLARIFY] = "clarify",
	[TALK_ASKED_NO_ANSWER] = "no_answer",
	[TALK_ASKED_END] = "end",
};

const char *talk_asked_name(enum talk_asked a)
{
	return names[a];
}

static enum talk_asked asked_by_name(sv name)
{
	for (int i = 1; i < TALK_ASKED_COUNT; i++)
		if (sv_eq(name, sv_of(names[i])))
			return (enum talk_asked)i;
	return TALK_ASKED_NOTHING;
}

static void refuse(struct talk_core *c, sv name, const char *why, struct arena *a,
		   struct talk_acts *acts)
{
	struct sb b;
	sb_init(&b, 1024);
	sb_cstr(&b, "{\"name\":");
	sb_json(&b, sv_slice(name, 0, name.n < 64 ? name.n : 64));
	sb_fmt(&b, ",\"reason\":\"%s\"}", why);
	talk_act_record(c, acts, "tool.refused", "system", arena_sv(a, sb_sv(&b)));
	sb_done(&b);
}

void talk_on_call(struct talk_core *c, const struct talk_ev *ev, struct arena *a,
		  struct talk_acts *acts)
{
	if (!c->t.asks || c->t.asked)
		return; /* the first wish counts */
	enum talk_asked asked = asked_by_name(ev->text);
	if (!asked && talk_wish_add(c, ev, a)) {
		c->t.model = ev->model;
		return;
	}
	if (!asked) {
		refuse(c, ev->text, "no such action", a, acts);
		return;
	}
	if (asked == TALK_ASKED_CLARIFY) {
		jv *args = jv_parse(ev->args, NULL);
		c->t.asked_text = arena_sv(a, sv_trim(jv_get_str(args, "question")));
		jv_free(args);
	}
	c->t.model = ev->model;
	c->t.asked = asked;
}

/* The question in the model's words, when it claims nothing that no source says; else the list
 * of what was found. */
static void ask_back(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	sv q = c->t.asked_text;
	const char *why = "";
	bool fit = q.n > 0 && q.n <= 400 && sv_find_ch(q, '\n') < 0 && talk_grounded(c, q, a, &why);
	if (!fit) {
		refuse(c, SV("clarify"), q.n ? why : "no question", a, acts);
		talk_clarify(c, a, acts);
		return;
	}
	struct talk_reply r = { .text = talk_with_empathy(c, q, a), .action = POL_CLARIFY };
	c->clarified++;
	talk_reply(c, &r, a, acts);
}

/* Something was said already: the action follows it, where it can. */
static void after_words(struct talk_core *c, enum talk_asked asked, struct arena *a,
			struct talk_acts *acts)
{
	enum policy_action action = POL_REPLY;
	if (asked == TALK_ASKED_HANDOFF) {
		c->person.reason = "model";
		sv where = talk_text(c->cfg->texts, sv_of(c->lang),
				     talk_hand_over(c, "handoff"), c->variety++);
		sv s = sv_of(arena_fmt(a, "%s" SV_FMT, talk_gap(c), SV_ARG(where)));
		talk_release_sentence(c, s, 0, a, acts);
		action = POL_HANDOFF;
	} else if (asked == TALK_ASKED_END) {
		c->goodbye = c->voice;
		action = POL_END;
	} else {
		refuse(c, sv_of(names[asked]), "something else was said already", a, acts);
	}
	talk_model_finish(c, action, a, acts);
}

bool talk_do_asked(struct talk_core *c, struct arena *a, struct talk_acts *acts)
{
	enum talk_asked asked = c->t.asked;
	if (asked == TALK_ASKED_END && strcmp(c->feel.small, "bye") != 0) {
		refuse(c, SV("end"), "the customer did not say goodbye", a, acts);
		asked = TALK_ASKED_NOTHING;
	}
	if (!asked)
		return false;
	c->t.asks = false;
	talk_act_timer(acts, TT_MODEL, 0);
	if (c->t.sentences) {
		after_words(c, asked, a, acts);
		return true;
	}
	switch (asked) {
	case TALK_ASKED_HANDOFF:
		c->person.reason = "model";
		talk_canned(c, talk_hand_over(c, "handoff"), POL_HANDOFF, a, acts);
		break;
	case TALK_ASKED_CLARIFY:
		ask_back(c, a, acts);
		break;
	case TALK_ASKED_END:
		c->goodbye = c->voice;
		talk_canned(c, "closing", POL_END, a, acts);
		break;
	default:
		c->declined++;
		talk_canned(c, "decline", POL_DECLINE, a, acts);
		break;
	}
	return true;
}
