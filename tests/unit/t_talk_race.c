/* Races of one wish: a caller confirms, and speaks, coughs, holds, keys and is silent around the
 * action and its result in any order. One confirmed call, its result told, nothing twice. */
#include "t_talk_served.h"

#define RACES 400
#define STEPS 40
#define DONE_TEXT "It is cancelled now."

struct race {
	struct served s;
	struct rng rng;
	int confirmed, told, unheard;
	uint32_t call;               /* of the confirmed one, not answered yet */
	bool mouth, held;
};

static void look(struct race *r)
{
	const struct talk_acts *x = &r->s.b.acts;
	for (size_t i = 0; i < x->n; i++) {
		const struct talk_act *a = &x->v[i];
		if (a->kind == TACT_TOOL && a->print) {
			r->confirmed++;
			r->call = a->gen;
		}
		if (a->kind == TACT_RECORD && strcmp(a->rec, "turn.bot") == 0 &&
		    sv_find(a->said, SV(DONE_TEXT)) >= 0)
			r->told++;
	}
}

static void feed(struct race *r, struct talk_ev ev)
{
	struct bench *b = &r->s.b;
	if (!talk_core_busy(&b->c))
		arena_reset(&b->a);
	if (talk_core_hushes(&b->c, ev.kind)) {
		ev.heard.say_id = b->c.aside ? b->c.aside : b->c.speaking;
		bool nothing = rng_below(&r->rng, 3) == 0;
		ev.heard.bytes = nothing ? 0 : 4000;
		const char *says = b->c.saying ? b->c.saying : "";
		if ((nothing || b->c.aside) && b->c.speaking &&
		    sv_find(sv_of(says), SV(DONE_TEXT)) >= 0)
			r->unheard++;
	}
	talk_step(&b->c, &ev, &b->a, &b->acts);
	look(r);
	while (bench_act(b, TACT_SEARCH) && b->c.in_turn) {
		struct talk_ev found = ev_found(b);
		found.models = false;
		talk_step(&b->c, &found, &b->a, &b->acts);
		look(r);
	}
}

static void result(struct race *r)
{
	struct talk_got g = res("order_cancel", TOOL_DONE, DONE_TEXT);
	g.body = SV("{}");
	struct talk_ev ev = { .kind = TEV_TOOL, .gen = r->call, .tool = &g };
	r->call = 0;
	feed(r, ev);
}

static void any(struct race *r)
{
	static const char *const words[] = { "how long can I return an article", "hello?",
					     "what does delivery cost", "thanks", "yes", "no" };
	struct talk_ev ev = ev_text(words[rng_below(&r->rng, 6)]);
	switch (rng_below(&r->rng, 8)) {
	case 0:
		feed(r, (struct talk_ev){ .kind = TEV_SPEECH_START });
		r->mouth = true;
		break;
	case 1:
		if (r->mouth)
			feed(r, ev);
		r->mouth = false;
		break;
	case 2:
		if (r->mouth)
			feed(r, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
		r->mouth = false;
		break;
	case 3:
		feed(r, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_FILLER });
		break;
	case 4:
		feed(r, (struct talk_ev){ .kind = r->held ? TEV_RESUME : TEV_HOLD });
		r->held = !r->held;
		r->mouth = false;
		break;
	case 5:
		if (r->s.b.c.speaking || r->s.b.c.aside)
			feed(r, (struct talk_ev){ .kind = TEV_PLAYED,
						  .say_id = r->s.b.c.aside ? r->s.b.c.aside :
									     r->s.b.c.speaking });
		break;
	case 6:
		if (r->call && rng_below(&r->rng, 2))
			result(r);
		break;
	default:
		feed(r, (struct talk_ev){ .kind = TEV_HALTED });
		break;
	}
}

/* The caller falls silent: what is owed comes. */
static void settle(struct race *r)
{
	if (r->held)
		feed(r, (struct talk_ev){ .kind = TEV_RESUME });
	if (r->mouth)
		feed(r, (struct talk_ev){ .kind = TEV_SPEECH_NOTHING });
	if (r->call)
		result(r);
	for (int i = 0; i < 12; i++) {
		uint32_t id = r->s.b.c.aside ? r->s.b.c.aside : r->s.b.c.speaking;
		if (id)
			feed(r, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = id });
		else
			feed(r, (struct talk_ev){ .kind = TEV_TIMER, .timer = TT_SILENCE });
	}
}

static bool one(uint64_t seed)
{
	struct race r = { 0 };
	rng_seed(&r.rng, seed);
	served_open(&r.s, PHONE, 1);
	known(&r.s);
	wish(&r.s, "cancel my order HH2026-100108", "order_cancel",
	     "{\"order\":\"HH2026-100108\"}");
	got(&r.s, res("order_cancel", TOOL_CONFIRM, "Shall I cancel it?"));
	bench_feed(&r.s.b, (struct talk_ev){ .kind = TEV_PLAYED, .say_id = r.s.b.c.say_id });
	feed(&r, ev_text("yes"));
	for (int i = 0; i < STEPS; i++)
		any(&r);
	settle(&r);
	bool fine = r.confirmed == 1 && r.told == 1 + r.unheard &&
		    r.s.b.c.svc.call == 0;
	if (!fine)
		printf("# seed %llu: %d confirmed, %d told, %d unheard\n",
		       (unsigned long long)seed, r.confirmed, r.told, r.unheard);
	served_close(&r.s);
	return fine;
}

TEST(talk_race_one_wish_one_effect_told)
{
	int bad = 0;
	for (uint64_t seed = 1; seed <= RACES; seed++)
		bad += !one(seed);
	EQ(bad, 0);
}
