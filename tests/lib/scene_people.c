/* scene_people.c: the people's side in a story.
 *
 *	people                          people can be asked for
 *	people full | people free       nobody takes a wish any more, takes it again
 *	people c1 queued 2 3m           the place and the wait; 0 = not told
 *	people c1 joined mei "Mei Lin"  a chat is taken over
 *	people p1 connects agent:mei "sip:1001@pbx" mei "Mei Lin"
 *	people p1 party agent:mei joined [whispers]
 *	people c1 writes "words"
 *	people c1 notes "words"
 *	people c1 back ["instruction"]
 *	people c1 nobody closed
 *	people c1 ends [csat]
 *	expect people "ask c1 customer_asked"
 *
 * The test's thread. */
#include "scene.h"

#include <stdio.h>

static bool say(struct scene *s, struct actor *a, struct talk_word w)
{
	a->mark = a->reply = a->rows.n;
	a->asking = false;
	int rc = world_word(a, &w);
	return rc == 0 || scene_fail(s, "the word was answered: %s",
				     rc == 1 ? "nothing" : err_text(rc));
}

static bool queued(struct scene *s, struct actor *a)
{
	int64_t n = 0, ms = scene_ms(scene_word(s, 4));
	if (sv_i64(scene_word(s, 3), &n))
		return scene_fail(s, "queued 2 3m");
	return say(s, a, (struct talk_word){ .kind = WORD_QUEUED, .position = (int)n,
					     .wait_ms = ms });
}

static bool connects(struct scene *s, struct actor *a)
{
	return say(s, a, (struct talk_word){ .kind = WORD_CONNECT, .party = scene_word(s, 3),
					     .to = scene_word(s, 4), .agent = scene_word(s, 5),
					     .name = scene_word(s, 6) });
}

static bool party(struct scene *s, struct actor *a)
{
	a->mark = a->reply = a->rows.n;
	a->asking = false;
	actor_party(a, scene_word(s, 3), scene_word(s, 4), scene_word(s, 5));
	return true;
}

static bool to_one(struct scene *s, struct actor *a)
{
	sv x = scene_word(s, 3);
	if (scene_is(s, 2, "queued"))
		return queued(s, a);
	if (scene_is(s, 2, "joined"))
		return say(s, a, (struct talk_word){ .kind = WORD_JOINED, .agent = x,
						     .name = scene_word(s, 4) });
	if (scene_is(s, 2, "connects"))
		return connects(s, a);
	if (scene_is(s, 2, "party"))
		return party(s, a);
	if (scene_is(s, 2, "writes"))
		return say(s, a, (struct talk_word){ .kind = WORD_SAYS, .agent = SV("mei"),
						     .text = x });
	if (scene_is(s, 2, "notes"))
		return say(s, a, (struct talk_word){ .kind = WORD_NOTE, .agent = SV("mei"),
						     .text = x });
	if (scene_is(s, 2, "back"))
		return say(s, a, (struct talk_word){ .kind = WORD_BACK, .agent = SV("mei"),
						     .text = x });
	if (scene_is(s, 2, "nobody"))
		return say(s, a, (struct talk_word){ .kind = WORD_NOBODY, .why = x });
	if (scene_is(s, 2, "ends"))
		return say(s, a, (struct talk_word){ .kind = WORD_END, .agent = SV("mei"),
						     .survey = talk_survey_of(x) });
	return scene_fail(s, "what do people do?");
}

bool scene_people(struct scene *s)
{
	if (s->now->n == 1)
		return true;
	if (scene_is(s, 1, "full") || scene_is(s, 1, "free")) {
		s->w->people_full = scene_is(s, 1, "full");
		return true;
	}
	struct actor *a = world_find(s->w, scene_word(s, 1));
	if (!a)
		return scene_fail(s, "people to whom?");
	s->actor = a;
	return to_one(s, a);
}

struct asked_wait {
	struct scene *s;
	sv text;
};

static bool was_asked(void *arg)
{
	const struct asked_wait *x = arg;
	return sv_find(sb_sv(&x->s->w->people_log), x->text) >= 0;
}

bool scene_exp_people(struct scene *s, struct actor *a, int i)
{
	struct asked_wait x = { s, scene_word(s, i) };
	if (scene_is(s, i - 2, "not"))
		return !was_asked(&x) || scene_fail(s, "people were told that");
	return world_until(s->w, was_asked, &x, 60000) ||
	       scene_fail(s, "people were told:\n%s", sb_str(&s->w->people_log));
}
